"""Light-curve cache: records that describe its content, and conversion of light curves to files."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from astroseq_core import missions, targets
from astroseq_core.errors import CorruptFileError
from astroseq_core.io import lightcurve, npz, product_order
from astroseq_core.io.lightcurve import LightCurve, Provenance
from astroseq_core.missions import Mission
from astroseq_core.times import TimeSystem
from astroseq_core.type_names import Arrays, JsonObject
from astroseq_core.typed_json import DAMAGE, convert, reason_of

#: Exposures [s] from here on are those of full-frame images, or Kepler's long cadence.
_FULL_FRAME_SECONDS = 200


@dataclass(frozen=True)
class CachedObservation:
    """One light curve in the cache.

    Attributes
    ----------
    target_id : str
        Identifier of the star.
    observation : str
        Name of the observation.
    author : str
        Author (pipeline) of the light curve.
    exposure_seconds : int
        Exposure that it was stored under, else its cadence [s].
    size_bytes : int
        Size on disk [bytes].
    stored : float
        When it was stored [s since 1970]; NaN if the file is missing.
    used : float
        When it was last read [s since 1970]; NaN if the file is missing.
    """

    target_id: str
    observation: str
    author: str
    exposure_seconds: int
    size_bytes: int
    stored: float = math.nan
    used: float = math.nan


@dataclass(frozen=True)
class Absence:
    """Something that is not available for a target: absent from the archive, or a failed download.

    Attributes
    ----------
    target_id : str
        Identifier of the star.
    what : str
        What is not available.
    reason : str
        Why, in one sentence.
    since : float
        Since when [s since 1970].
    """

    target_id: str
    what: str
    reason: str
    since: float


@dataclass(frozen=True)
class VerifyReport:
    """Result of a check of all cache files.

    Attributes
    ----------
    checked : int
        Number of checked files.
    damaged : tuple of str
        Damaged files, which were moved aside.
    missing : tuple of str
        Files in the index that do not exist; removed from the index.
    adopted : tuple of str
        Files on disk that were not in the index; added to it.
    leftovers : int
        Number of deleted temporary files of interrupted processes.
    """

    checked: int
    damaged: tuple[str, ...]
    missing: tuple[str, ...]
    adopted: tuple[str, ...]
    leftovers: int

    @property
    def is_sound(self) -> bool:
        """Whether every file existed and was undamaged."""
        return not (self.damaged or self.missing)


def select_uniform(
    entries: Sequence[CachedObservation], mission: Mission, prefer: Sequence[str] = ()
) -> tuple[CachedObservation, ...]:
    """Select entries of one author and cadence.

    What the person prefers comes first, then the mission's usual author and cadence, then those of
    most observations, then the order of `product_order`. Light curves
    of different authors or cadences differ in noise and systematics and are not mixed by default.
    Exposures of full-frame images, which TESS shortened from 1800 s to 600 s to 200 s, count as one
    cadence.

    Parameters
    ----------
    entries : sequence of CachedObservation
        Entries of one target.
    mission : Mission
        The mission.
    prefer : sequence of str, optional
        What the person prefers, the best first: an author, an exposure as in "20 s", or both.

    Returns
    -------
    tuple of CachedObservation
        The selected entries, one for each observation.
    """
    groups: dict[tuple[str, int], dict[str, CachedObservation]] = {}
    for entry in entries:
        cadence = min(entry.exposure_seconds, _FULL_FRAME_SECONDS)
        groups.setdefault((entry.author, cadence), {}).setdefault(entry.observation, entry)

    def rank(key: tuple[str, int]) -> tuple[int, bool, int, tuple[bool, int, int], float, str]:
        wanted = min((i for e in groups[key].values() for i, w in enumerate(prefer) if _is_preferred(e, w)), default=len(prefer))
        usual = min(60 * mission.cadence_minutes, _FULL_FRAME_SECONDS)
        is_usual = key[0] == mission.author and abs(key[1] - usual) < 1
        return wanted, not is_usual, -len(groups[key]), product_order.product_rank(key[0], ""), abs(key[1] - usual), key[0]

    return tuple(groups[min(groups, key=rank)].values()) if groups else ()


def _is_preferred(entry: CachedObservation, word: str) -> bool:
    return product_order.is_product(word, entry.author, "", entry.exposure_seconds)


def why_not_taken(entry: CachedObservation, chosen: Sequence[CachedObservation]) -> str:
    """Say why an entry of a star is not among those that were selected.

    Parameters
    ----------
    entry : CachedObservation
        The entry.
    chosen : sequence of CachedObservation
        The selected ones, at least one.

    Returns
    -------
    str
        One sentence.
    """
    one = next((c for c in chosen if c.observation == entry.observation), chosen[0])
    taken = f"{one.author} at {one.exposure_seconds} s"
    why = f"{taken} is taken" if one.observation == entry.observation else f"the star's light curves are those of {taken}"
    return f"{entry.observation} ({entry.author}, {entry.exposure_seconds} s) is left out: {why}."


def pack_light_curve(curve: LightCurve) -> tuple[JsonObject, Arrays]:
    """Convert a light curve to a header and arrays for a cache file.

    Parameters
    ----------
    curve : LightCurve
        The light curve.

    Returns
    -------
    tuple of (dict, dict of str to ndarray)
        The header, as plain JSON values, and the arrays.
    """
    header = {
        "target_id": curve.target.id,
        "observation": curve.observation,
        "mission": curve.instrument.name,
        "time_system": str(curve.time_system),
        "author": curve.author,
        "flattened": curve.flattened,
        "exposure_minutes": curve.exposure_minutes,
        "provenance": [curve.provenance.name, curve.provenance.sha256, curve.provenance.version],
    }
    arrays = {"time": curve.time, "flux": npz.downcast(curve.flux), "quality": npz.downcast(curve.quality)}
    if curve.flux_err is not None:
        arrays["flux_err"] = npz.downcast(curve.flux_err)
    return header, arrays


@dataclass(frozen=True)
class _LightCurveHeader:
    """What the header of a light curve's file must hold."""

    target_id: str
    observation: str
    mission: str
    time_system: str
    author: str
    flattened: bool
    provenance: tuple[str, str, str]
    exposure_minutes: float | None = None


def check_light_curve(header: JsonObject, arrays: Arrays, name: str) -> None:
    """Check that the content of a file is a light curve's.

    Parameters
    ----------
    header : dict
        Header of the file.
    arrays : dict of str to ndarray
        Arrays of the file.
    name : str
        Name of the file, for the message.

    Raises
    ------
    CorruptFileError
        If a value is missing or of another type, or the columns differ in length.
    """
    try:
        found = convert(header, _LightCurveHeader, ignore_unknown=True)
        targets.parse_star(found.target_id)
        missions.mission_by_name(found.mission)
        TimeSystem.parse(found.time_system)
        columns = [arrays[name] for name in ("time", "flux", "quality", *(("flux_err",) if "flux_err" in arrays else ()))]
        if any(a.ndim != 1 or a.dtype.kind not in "fiub" or len(a) != len(columns[0]) for a in columns):
            raise ValueError("its columns are none, or differ in length")
    except DAMAGE as error:
        raise CorruptFileError(f"The cached file {name} is damaged ({reason_of(error)}); fetch the star again.") from error


def unpack_light_curve(header: JsonObject, arrays: Arrays) -> LightCurve:
    """Convert the header and arrays of a cache file to a light curve, and check it again.

    Parameters
    ----------
    header : dict
        Header of the file.
    arrays : dict of str to ndarray
        Arrays of the file.

    Returns
    -------
    LightCurve
        The checked light curve.
    """
    return lightcurve.make_light_curve(
        target=targets.parse_star(header["target_id"]),
        observation=header["observation"],
        time=arrays["time"],
        flux=arrays["flux"],
        flux_err=arrays.get("flux_err"),
        quality=arrays["quality"],
        instrument=missions.mission_by_name(header["mission"]),
        time_system=TimeSystem.parse(header["time_system"]),
        author=header["author"],
        flattened=header["flattened"],
        provenance=Provenance(*header["provenance"]),
        exposure_minutes=header.get("exposure_minutes"),
    )
