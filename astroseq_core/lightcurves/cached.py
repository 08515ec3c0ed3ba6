"""What the cache tells of itself, and how a light curve stands in one of its files."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from astroseq_core import missions, targets
from astroseq_core.lightcurves import lightcurve, storage
from astroseq_core.lightcurves.lightcurve import LightCurve, Provenance
from astroseq_core.missions import Mission
from astroseq_core.times import TimeSystem

#: From here on, exposures [s] are those of full-frame images, or Kepler's long cadence.
_FULL_FRAME_SECONDS = 200


@dataclass(frozen=True)
class CachedObservation:
    """One light curve in the cache; ``exposure_seconds`` as asked for, else the cadence.

    ``stored``, ``used``: when it was stored and last read [s since 1970]; NaN where the file is not there.
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
    """What is not to be had of a target: the archive has none, or it failed to come; why, and since when [s since 1970]."""

    target_id: str
    what: str
    reason: str
    since: float


@dataclass(frozen=True)
class VerifyReport:
    """What a check of every file found: ``damaged`` were set aside, ``missing`` and ``adopted`` corrected in the index."""

    checked: int
    damaged: tuple[str, ...]
    missing: tuple[str, ...]
    adopted: tuple[str, ...]
    leftovers: int

    @property
    def is_sound(self) -> bool:
        """Whether every file was there and whole."""
        return not (self.damaged or self.missing)


def uniform(entries: Sequence[CachedObservation], mission: Mission) -> tuple[CachedObservation, ...]:
    """Of a target's entries those of one author and cadence: the mission's usual ones, else those of most observations.

    Light curves of several authors or cadences differ in their noise and systematics and are not to be mixed unasked. Exposures
    of full-frame images, which TESS shortened from 1800 s over 600 s to 200 s, count as one cadence.
    """
    groups: dict[tuple[str, int], dict[str, CachedObservation]] = {}
    for entry in entries:
        cadence = min(entry.exposure_seconds, _FULL_FRAME_SECONDS)
        groups.setdefault((entry.author, cadence), {}).setdefault(entry.observation, entry)

    def rank(key: tuple[str, int]) -> tuple[bool, int, float, str]:
        usual = min(60 * mission.cadence_minutes, _FULL_FRAME_SECONDS)
        is_usual = key[0] == mission.author and abs(key[1] - usual) < 1
        return not is_usual, -len(groups[key]), abs(key[1] - usual), key[0]

    return tuple(groups[min(groups, key=rank)].values()) if groups else ()


def pack(curve: LightCurve) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The header, as plain JSON values, and the arrays that stand for a light curve in a file."""
    header = {
        "target_id": curve.target.id,
        "observation": curve.observation,
        "mission": curve.instrument.name,
        "time_system": str(curve.time_system),
        "author": curve.author,
        "flattened": curve.flattened,
        "provenance": [curve.provenance.name, curve.provenance.sha256, curve.provenance.version],
    }
    arrays = {"time": curve.time, "flux": storage.compact(curve.flux), "quality": storage.compact(curve.quality)}
    if curve.flux_err is not None:
        arrays["flux_err"] = storage.compact(curve.flux_err)
    return header, arrays


def unpack(header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> LightCurve:
    """The light curve of a file's header and arrays, checked once more as every light curve is."""
    return lightcurve.make(
        target=targets.parse_star(header["target_id"]),
        observation=header["observation"],
        time=arrays["time"],
        flux=arrays["flux"],
        flux_err=arrays.get("flux_err"),
        quality=arrays["quality"],
        instrument=missions.mission(header["mission"]),
        time_system=TimeSystem.parse(header["time_system"]),
        author=header["author"],
        flattened=header["flattened"],
        provenance=Provenance(*header["provenance"]),
    )
