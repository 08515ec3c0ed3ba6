"""What a product says beside its flux: raw and corrected flux, background, position on the pixels, quality bits."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import CorruptFileError, LightCurveError
from astroseq_core.lightcurves import naming, quality_bits, storage
from astroseq_core.lightcurves.lightcurve import LightCurve
from astroseq_core.stellar import StellarParameters
from astroseq_core.times import TimeSystem

if TYPE_CHECKING:
    from astroseq_core.lightcurves.cache import LightCurveCache

Column = NDArray[np.float64]
#: The columns that a product may have, beside its times and quality bits.
COLUMNS = ("sap", "pdcsap", "background", "x", "y")
#: Flagged cadences closer than this [d] to each other are one event.
SAME_EVENT_DAYS = 0.1


@dataclass(frozen=True, eq=False)
class PixelColumns:
    """What stands beside one light curve, each column of shape (n,), NaN where missing, None where the product has none.

    ``time`` [d, ``system``], increasing; ``sap`` (raw), ``pdcsap`` (systematics removed) and ``background`` [electrons/s, or
    relative]; ``x`` and ``y`` [pixels]: where the light falls, see ``position``; ``quality`` [bits]. ``position``: what ``x``
    and ``y`` are, in the product's words. ``stellar``: what the product's header says of the star.
    """

    observation: str
    system: TimeSystem
    time: Column
    sap: Column | None = None
    pdcsap: Column | None = None
    background: Column | None = None
    x: Column | None = None
    y: Column | None = None
    quality: NDArray[np.int64] | None = None
    position: str = ""
    simulated: bool = False
    stellar: StellarParameters | None = None

    @property
    def has_position(self) -> bool:
        """Whether it says where the light falls."""
        return self.x is not None and self.y is not None


def of(curve: LightCurve, folder: str = "", cache: "LightCurveCache | None" = None) -> PixelColumns | None:
    """The pixel columns beside a light curve that was read from a FITS file in ``folder`` (or that file), or from the cache.

    None where its product has none: ``.npz`` and CSV never do, nor do light curves that were cached before there were any. The
    columns of simulated stars are made by simulate.pixels. Raises CorruptFileError, in one sentence, where the file is damaged.
    """
    if cache is not None:
        return cache.pixels(curve)
    path = file_of(curve, folder)
    if path is None:
        return None
    from astroseq_core.lightcurves import pixel_fits, reading

    found = pixel_fits.read(reading.read_bytes(path), path.name)
    return None if found is None else replace(found, observation=curve.observation)


def file_of(curve: LightCurve, folder: str) -> Path | None:
    """The FITS file that a light curve was read from, None where it is no FITS file or is not there any more."""
    from astroseq_core.lightcurves import local

    name = Path(curve.provenance.name).name
    if not folder.strip() or naming.FORMATS.get(naming.ending(Path(name))) != "fits":
        return None
    where = Path(folder).expanduser()
    if (where / name).is_file():
        return where / name
    try:
        return next((path for path in local.list_light_curves(where) if path.name == name), None)
    except LightCurveError:
        return None


def dump_times(of_what: PixelColumns | LightCurve) -> Column:
    """Mid-times (m,) [d] of momentum dumps, and of K2's thruster firings, from the quality bits, in time order."""
    return flagged_times(of_what, quality_bits.DUMPS[_system(of_what)])


def flagged_times(of_what: PixelColumns | LightCurve, bits: int) -> Column:
    """Mid-times (m,) [d] of the events that any of those quality bits mark: cadences next to each other are one."""
    if of_what.quality is None:
        return np.empty(0)
    time = of_what.time[(of_what.quality & bits) != 0]
    if len(time) == 0:
        return np.empty(0)
    parts = np.split(time, np.flatnonzero(np.diff(time) > SAME_EVENT_DAYS) + 1)
    return np.array([(part[0] + part[-1]) / 2 for part in parts])


def flags_in_words(of_what: PixelColumns | LightCurve) -> dict[str, Column]:
    """For each kind of quality flag that is set the times (m,) [d] of its cadences, the kinds in the order of their bits."""
    if of_what.quality is None:
        return {}
    known = quality_bits.words(_system(of_what))
    return {word: at for bit, word in known.items() if len(at := of_what.time[(of_what.quality & bit) != 0])}


def _system(of_what: PixelColumns | LightCurve) -> TimeSystem:
    return of_what.system if isinstance(of_what, PixelColumns) else of_what.time_system


def pack(columns: PixelColumns, sha256: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The header, as plain JSON values, and the arrays that stand for them in a file of the cache.

    ``sha256``: of the file that the light curve and these are from. Fluxes are kept as float32, as the products have them,
    positions as float32 about their median: to a millionth of a pixel.
    """
    header: dict[str, Any] = {
        "observation": columns.observation,
        "time_system": str(columns.system),
        "position": columns.position,
        "of_sha256": sha256,
        "stellar": None if columns.stellar is None else asdict(columns.stellar),
        "zero": {},
    }
    arrays: dict[str, NDArray[Any]] = {"time": columns.time}
    if columns.quality is not None:
        arrays["quality"] = storage.compact(columns.quality)
    for name in COLUMNS:
        values = getattr(columns, name)
        if values is not None:
            zero = float(np.nanmedian(values)) if name in ("x", "y") else 0.0
            header["zero"][name] = zero
            with np.errstate(over="ignore"):
                arrays[name] = (values - zero).astype(np.float32)
    return header, arrays


def unpack(header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> PixelColumns:
    """The pixel columns of a cached file's header and arrays; raises CorruptFileError where they do not fit together."""
    try:
        time = np.asarray(arrays["time"], np.float64)
        parts: dict[str, Any] = {n: arrays[n].astype(np.float64) + float(header["zero"][n]) for n in COLUMNS if n in arrays}
        quality = arrays["quality"].astype(np.int64) if "quality" in arrays else None
        if any(part.shape != time.shape for part in (*parts.values(), *([] if quality is None else [quality]))):
            raise CorruptFileError("The pixel columns in the cache differ in length.")
        return PixelColumns(
            observation=str(header["observation"]),
            system=TimeSystem.parse(header["time_system"]),
            time=time,
            quality=quality,
            position=str(header["position"]),
            stellar=None if header["stellar"] is None else StellarParameters(**header["stellar"]),
            **parts,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CorruptFileError("The pixel columns in the cache are incomplete.") from error
