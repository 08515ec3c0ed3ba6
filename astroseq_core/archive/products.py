"""MAST: search for light curves of a target, authors, observation names, and the default choice."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from astroseq_core.io.product_order import method_of, product_rank
from astroseq_core.missions import K2, KEPLER, SIMULATED, TESS, Mission
from astroseq_core.targets import Target

#: Authors (MAST's "provenance name") whose light curves can be read, by mission.
AUTHORS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        KEPLER.name: ("Kepler", "KEPSEISMIC"),
        K2.name: ("K2", "EVEREST", "K2SFF"),
        TESS.name: ("SPOC", "TESS-SPOC", "QLP", "TASOC", "GSFC-ELEANOR-LITE", "TGLC", "PATHOS", "CDIPS"),
        SIMULATED.name: (),
    }
)
#: Default author and exposure [s] (None: any) by mission; the first that exists for the star is taken. All observations of a
#: star come from one author, since light curves of different authors differ in their systematics.
DEFAULT_PRODUCTS: Mapping[str, tuple[tuple[str, float | None], ...]] = MappingProxyType(
    {
        KEPLER.name: (("Kepler", 1800.0),),
        K2.name: (("K2", 1800.0),),
        TESS.name: (("SPOC", 120.0), ("TESS-SPOC", None), ("QLP", None)),
        SIMULATED.name: (),
    }
)
#: Accepts any author in a request.
ANY_AUTHOR = "any"
#: Relative tolerance: MAST gives 1800 s for Kepler's 1765.5 s and 60 s for its 58.9 s.
EXPOSURE_TOLERANCE = 0.05

#: File names of light curves. Those of K2SFF and QLP end in `llc.fits`, those at 20 s in `fast-lc.fits`.
_LIGHT_CURVE_FILE = re.compile(r"(?:lc|_llc|_slc|kepseismic.*)\.fits(?:\.gz)?$", re.IGNORECASE)
_QUARTER = re.compile(r"\bQ-?(\d{1,2})\b")
_CAMPAIGN = re.compile(r"-c(\d{2,3})[_.]", re.IGNORECASE)
#: K2 campaigns observed in two halves, which are called c91, c92, c101 and so on; campaign 19 was the last.
_SPLIT_CAMPAIGNS = (9, 10, 11)
_SECTOR = re.compile(r"(?:^|[-_])s(\d{4})(?=[-_.])", re.IGNORECASE)


@dataclass(frozen=True)
class AvailableLightCurve:
    """A light curve that the archive has.

    Attributes
    ----------
    target : Target
        The star.
    observation : str
        Name such as "quarter 5", "campaign 4" or "sector 3". The months of a short-cadence quarter
        and the halves of a campaign have names of their own.
    author : str
        Author (pipeline) of the light curve.
    exposure_seconds : float
        Exposure as the archive gives it [s].
    size_bytes : int
        Size of the file [bytes]; 0 if the archive does not say.
    uri : str
        MAST's address of the file.
    filename : str
        Name of the file.
    method : str
        Method of an author that has several, such as "cbv"; "" otherwise.
    left_out : tuple of str
        Other methods of the same, which are left out: `product_order` says why.
    """

    target: Target
    observation: str
    author: str
    exposure_seconds: float
    size_bytes: int
    uri: str
    filename: str
    method: str = ""
    left_out: tuple[str, ...] = ()

    @property
    def order(self) -> tuple[float, str, float, str]:
        """Sort key: number of the observation, author, exposure, file name."""
        number = re.search(r"\d+", self.observation)
        return (float(number[0]) if number else 0.0, self.author, self.exposure_seconds, self.filename)

    def __str__(self) -> str:
        return f"{self.observation} of {self.target} by {self.product} at {self.exposure_seconds:g} s"

    @property
    def product(self) -> str:
        """Author, with the method that is taken and those that are left out."""
        by = f"{self.author} {self.method}".strip()
        return f"{by} ({', '.join(self.left_out)} left out)" if self.left_out else by


def light_curves_from_rows(
    target: Target, observations: Iterable[Mapping[str, object]], products: Iterable[Mapping[str, object]]
) -> tuple[AvailableLightCurve, ...]:
    """Return the light curves among MAST's rows; of several versions, only the newest.

    Parameters
    ----------
    target : Target
        The star.
    observations : iterable of mapping
        Rows of the observation search.
    products : iterable of mapping
        Rows of the product list, joined by `obs_id`.

    Returns
    -------
    tuple of AvailableLightCurve
        The light curves, sorted, each once.
    """
    known = {author.lower(): author for author in AUTHORS[target.mission.name]}
    by_id: dict[str, Mapping[str, object]] = {str(row["obs_id"]): row for row in observations if row.get("obs_id")}
    found: dict[str, AvailableLightCurve] = {}
    for row in products:
        parent = by_id.get(str(row.get("obs_id")))
        filename, uri = str(row.get("productFilename") or ""), str(row.get("dataURI") or "")
        if parent is None or not uri or not _LIGHT_CURVE_FILE.search(filename):
            continue
        # A file's project is the same author, where the search gives no provenance.
        author = known.get(str(parent.get("provenance_name") or row.get("project") or "").lower())
        exposure = _float_or_zero(parent.get("t_exptime"))
        if author is None or exposure <= 0:
            continue
        name = observation_name(target.mission, parent.get("sequence_number"), str(row.get("description") or ""), filename)
        size = max(0, int(_float_or_zero(row.get("size"))))
        found[uri] = AvailableLightCurve(target, name, author, exposure, size, uri, filename)
    return _distinct(found.values())


def observation_name(mission: Mission, sequence: object, description: str, filename: str) -> str:
    """Return the name of an observation, such as "sector 3".

    MAST gives a Kepler quarter's number only in the description, and the same number for both
    halves of K2's campaigns 9 to 11.

    Parameters
    ----------
    mission : Mission
        The mission.
    sequence : int or None
        MAST's `sequence_number`.
    description : str
        MAST's description of the file.
    filename : str
        Name of the file.

    Returns
    -------
    str
        Name of the observation; the file name without its ending if there is no number.

    Examples
    --------
    >>> observation_name(TESS, None, "Light curves", "tess2018-s0003-0000000261136679_lc.fits")
    'sector 3'
    >>> observation_name(KEPLER, None, "Lightcurve Long Cadence (CLC) - Q5", "kplr011446443_llc.fits")
    'quarter 5'
    """
    number = "" if sequence is None or _float_or_zero(sequence) <= 0 else str(int(_float_or_zero(sequence)))
    if mission is KEPLER and (quarter := _QUARTER.search(description)):
        number = str(int(quarter[1]))
    elif mission is K2 and (campaign := _CAMPAIGN.search(filename)):
        whole, half = divmod(int(campaign[1]), 10)
        number = f"{whole}{'ab'[half - 1]}" if whole in _SPLIT_CAMPAIGNS and half in (1, 2) else str(int(campaign[1]))
    elif mission is TESS and not number and (sector := _SECTOR.search(filename)):
        number = str(int(sector[1]))
    return f"{mission.observation_word} {number}" if number else re.sub(r"\.fits(\.gz)?$", "", filename)


def _distinct(found: Iterable[AvailableLightCurve]) -> tuple[AvailableLightCurve, ...]:
    """Return one light curve for each name, author and exposure: of the best method, the newest version.

    Kepler's months at short cadence are numbered instead.
    """
    groups: dict[tuple[str, str, float], list[AvailableLightCurve]] = {}
    for item in sorted(found, key=lambda item: item.filename):
        groups.setdefault((item.observation, item.author, item.exposure_seconds), []).append(item)
    kept: list[AvailableLightCurve] = []
    for group in groups.values():
        if len(group) > 1 and group[0].target.mission is KEPLER and group[0].exposure_seconds < 120:
            kept += [replace(item, observation=f"{item.observation} month {n}") for n, item in enumerate(group, 1)]
        else:
            best = min(group, key=_method_rank)
            newest = [item for item in group if _method_rank(item) == _method_rank(best)][-1]
            methods = dict.fromkeys(method_of(i.author, i.filename) for i in group)
            own = method_of(newest.author, newest.filename)
            kept.append(replace(newest, method=own, left_out=tuple(m for m in methods if m != own)))
    return tuple(sorted(kept, key=lambda item: item.order))


def _method_rank(item: AvailableLightCurve) -> tuple[bool, int, int]:
    return product_rank(item.author, item.filename)


def select_light_curves(
    items: Sequence[AvailableLightCurve], mission: Mission, author: str | None = None, exposure_seconds: float | None = None
) -> tuple[AvailableLightCurve, ...]:
    """Select the light curves of an author and an exposure; by default the mission's usual ones.

    With only an author, any exposure is accepted. With only an exposure, the first default author
    that has it is taken.

    Parameters
    ----------
    items : sequence of AvailableLightCurve
        Light curves of one target.
    mission : Mission
        The mission.
    author : str, optional
        Author (pipeline), in any case; "any" for all.
    exposure_seconds : float, optional
        Exposure [s].

    Returns
    -------
    tuple of AvailableLightCurve
        The selected light curves.
    """
    if author is not None:
        wanted = [i for i in items if author.lower() in (ANY_AUTHOR, i.author.lower())]
        return tuple(i for i in wanted if exposure_seconds is None or _same_exposure(i.exposure_seconds, exposure_seconds))
    for usual, exposure in DEFAULT_PRODUCTS[mission.name]:
        limit = exposure_seconds if exposure_seconds is not None else exposure
        if found := tuple(i for i in items if i.author == usual and (limit is None or _same_exposure(i.exposure_seconds, limit))):
            return found
    return ()


def describe_request(author: str | None, exposure_seconds: float | None) -> str:
    """Describe a request in words; its absence is recorded under this text.

    Parameters
    ----------
    author : str or None
        Requested author.
    exposure_seconds : float or None
        Requested exposure [s].

    Returns
    -------
    str
        Text such as "light curves by SPOC at 20 s".
    """
    by = f" by {author}" if author and author.lower() != ANY_AUTHOR else ""
    return f"light curves{by}" + (f" at {exposure_seconds:g} s" if exposure_seconds is not None else "")


def _same_exposure(one: float, other: float) -> bool:
    return abs(one - other) <= EXPOSURE_TOLERANCE * other


def _float_or_zero(value: object) -> float:
    try:
        return float(str(value))
    except (TypeError, ValueError):
        return 0.0
