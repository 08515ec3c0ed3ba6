"""Light curves that MAST offers: which there are, what each is called here, and which one takes where nobody chooses."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from astroseq_core.missions import K2, KEPLER, SIMULATED, TESS, Mission
from astroseq_core.targets import Target

#: By mission, the authors (MAST's "provenance name") whose light curves can be read here.
AUTHORS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        KEPLER.name: ("Kepler", "KEPSEISMIC"),
        K2.name: ("K2", "EVEREST", "K2SFF"),
        TESS.name: ("SPOC", "TESS-SPOC", "QLP", "TASOC", "GSFC-ELEANOR-LITE", "TGLC", "PATHOS", "CDIPS"),
        SIMULATED.name: (),
    }
)
#: By mission, what is taken where nobody chooses: author and exposure [s] (None: any), the first that the star has. One author
#: for all of a star's observations: light curves of two of them differ in their systematics and must not be mixed unasked.
DEFAULTS: Mapping[str, tuple[tuple[str, float | None], ...]] = MappingProxyType(
    {
        KEPLER.name: (("Kepler", 1800.0),),
        K2.name: (("K2", 1800.0),),
        TESS.name: (("SPOC", 120.0), ("TESS-SPOC", None), ("QLP", None)),
        SIMULATED.name: (),
    }
)
#: Any author, where one is asked for.
ANY = "any"
#: MAST gives 1800 s for Kepler's 1765.5 s and 60 s for its 58.9 s.
EXPOSURE_TOLERANCE = 0.05

#: File names of light curves; a K2SFF or QLP one ends in ``llc.fits``, a 20-second one in ``fast-lc.fits``.
_LIGHT_CURVE = re.compile(r"(?:lc|_llc|_slc|kepseismic.*)\.fits(?:\.gz)?$", re.IGNORECASE)
_QUARTER = re.compile(r"\bQ-?(\d{1,2})\b")
_CAMPAIGN = re.compile(r"-c(\d{2,3})[_.]", re.IGNORECASE)
#: Campaigns that K2 took in two halves, called c91, c92, c101 and so on; there was none above 19.
_IN_HALVES = (9, 10, 11)
_SECTOR = re.compile(r"(?:^|[-_])s(\d{4})(?=[-_.])", re.IGNORECASE)


@dataclass(frozen=True)
class Available:
    """A light curve that the archive has.

    ``observation``: "quarter 5", "campaign 4", "sector 3"; the months of a quarter at short cadence and the halves of a campaign
    are told apart. ``exposure_seconds`` as the archive gives it. ``size_bytes``: 0 where it does not say.
    """

    target: Target
    observation: str
    author: str
    exposure_seconds: float
    size_bytes: int
    uri: str
    filename: str

    @property
    def order(self) -> tuple[float, str, float, str]:
        """Sorts by number of the observation, author, exposure and file."""
        number = re.search(r"\d+", self.observation)
        return (float(number[0]) if number else 0.0, self.author, self.exposure_seconds, self.filename)

    def __str__(self) -> str:
        return f"{self.observation} of {self.target} by {self.author} at {self.exposure_seconds:g} s"


def from_rows(
    target: Target, observations: Iterable[Mapping[str, Any]], products: Iterable[Mapping[str, Any]]
) -> tuple[Available, ...]:
    """The light curves among MAST's rows, each once, sorted; of several versions of one the newest.

    ``observations`` and ``products`` are rows of its observation search and of its product list, joined by ``obs_id``.
    """
    known = {author.lower(): author for author in AUTHORS[target.mission.name]}
    by_id: dict[str, Mapping[str, Any]] = {str(row["obs_id"]): row for row in observations}
    found: dict[str, Available] = {}
    for row in products:
        parent = by_id.get(str(row.get("obs_id")))
        filename, uri = str(row.get("productFilename") or ""), str(row.get("dataURI") or "")
        if parent is None or not uri or not _LIGHT_CURVE.search(filename):
            continue
        author = known.get(str(parent.get("provenance_name") or "").lower())
        exposure = _number(parent.get("t_exptime"))
        if author is None or exposure <= 0:
            continue
        name = observation_name(target.mission, parent.get("sequence_number"), str(row.get("description") or ""), filename)
        size = max(0, int(_number(row.get("size"))))
        found[uri] = Available(target, name, author, exposure, size, uri, filename)
    return _told_apart(found.values())


def observation_name(mission: Mission, sequence: Any, description: str, filename: str) -> str:
    """What an observation is called, e.g. ``sector 3``; the file's stem where nothing says its number.

    MAST leaves a Kepler quarter's number to the description, and numbers both halves of K2's campaigns 9 to 11 alike.
    """
    number = "" if sequence is None or _number(sequence) <= 0 else str(int(_number(sequence)))
    if mission is KEPLER and (quarter := _QUARTER.search(description)):
        number = str(int(quarter[1]))
    elif mission is K2 and (campaign := _CAMPAIGN.search(filename)):
        whole, half = divmod(int(campaign[1]), 10)
        number = f"{whole}{'ab'[half - 1]}" if whole in _IN_HALVES and half in (1, 2) else str(int(campaign[1]))
    elif mission is TESS and not number and (sector := _SECTOR.search(filename)):
        number = str(int(sector[1]))
    return f"{mission.observation_word} {number}" if number else re.sub(r"\.fits(\.gz)?$", "", filename)


def _told_apart(found: Iterable[Available]) -> tuple[Available, ...]:
    """One of each name, author and exposure: Kepler's months at short cadence are numbered, else the last version stays."""
    groups: dict[tuple[str, str, float], list[Available]] = {}
    for item in sorted(found, key=lambda item: item.filename):
        groups.setdefault((item.observation, item.author, item.exposure_seconds), []).append(item)
    kept: list[Available] = []
    for group in groups.values():
        if len(group) > 1 and group[0].target.mission is KEPLER and group[0].exposure_seconds < 120:
            kept += [replace(item, observation=f"{item.observation} month {n}") for n, item in enumerate(group, 1)]
        else:
            kept.append(group[-1])
    return tuple(sorted(kept, key=lambda item: item.order))


def choose(
    items: Sequence[Available], mission: Mission, author: str | None = None, exposure_seconds: float | None = None
) -> tuple[Available, ...]:
    """Those by an author and of an exposure [s]; where neither is given, those of the mission's default.

    With an author alone the exposure is free, with an exposure alone the author is the first by default that has it.
    ``author`` may be "any".
    """
    if author is not None:
        wanted = [i for i in items if author.lower() in (ANY, i.author.lower())]
        return tuple(i for i in wanted if exposure_seconds is None or _alike(i.exposure_seconds, exposure_seconds))
    for usual, exposure in DEFAULTS[mission.name]:
        limit = exposure_seconds if exposure_seconds is not None else exposure
        if found := tuple(i for i in items if i.author == usual and (limit is None or _alike(i.exposure_seconds, limit))):
            return found
    return ()


def describe(author: str | None, exposure_seconds: float | None) -> str:
    """What is asked for in words, under which its absence is remembered: ``light curves by SPOC at 20 s``."""
    by = f" by {author}" if author and author.lower() != ANY else ""
    return f"light curves{by}" + (f" at {exposure_seconds:g} s" if exposure_seconds is not None else "")


def _alike(one: float, other: float) -> bool:
    return abs(one - other) <= EXPOSURE_TOLERANCE * other


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0
