"""What the cache tells of itself, and how a light curve stands in one of its files."""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from astroseq_core import missions, targets
from astroseq_core.lightcurves import lightcurve, storage
from astroseq_core.lightcurves.lightcurve import LightCurve, Provenance
from astroseq_core.times import TimeSystem


@dataclass(frozen=True)
class CachedObservation:
    """One light curve in the cache; ``exposure_seconds`` as asked for, else the cadence."""

    target_id: str
    observation: str
    author: str
    exposure_seconds: int
    size_bytes: int


@dataclass(frozen=True)
class Absence:
    """What the archive was found not to have, why, and since when [s since 1970]."""

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
