"""Pixel columns of a product: raw and corrected flux, background, positions, quality bits, and their FITS reader."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from astroseq_core import times
from astroseq_core.errors import CorruptFileError, LightCurveError
from astroseq_core.io import conventions, fits, identifiers, npz
from astroseq_core.io.lightcurve import LightCurve, root_cause_text
from astroseq_core.paths import parse_path
from astroseq_core.stellar import StellarParameters
from astroseq_core.times import TimeSystem
from astroseq_core.type_names import Arrays, JsonObject

if TYPE_CHECKING:
    from astropy.io.fits import HDUList, Header


#: TESS Science Data Products Description Document (EXP-TESS-ARC-ICD-0014 Rev F), table 32.
TESS_QUALITY_BITS = MappingProxyType(
    {
        1 << 0: "attitude tweak",
        1 << 1: "safe mode",
        1 << 2: "coarse point",
        1 << 3: "Earth point",
        1 << 4: "argabrightening",
        1 << 5: "momentum dump",
        1 << 6: "cosmic ray",
        1 << 7: "excluded by hand",
        1 << 8: "discontinuity",
        1 << 9: "impulsive outlier",
        1 << 10: "cosmic ray, background",
        1 << 11: "stray light",
        1 << 12: "scattered light",
        1 << 13: "left out of search",
        1 << 14: "bad calibration",
        1 << 15: "background uncertain",
    }
)
#: Kepler Archive Manual (KDMC-10008-006), table 2-3; the last two, and what the bits mean for K2: K2 data release notes.
KEPLER_QUALITY_BITS = MappingProxyType(
    {
        1 << 0: "attitude tweak",
        1 << 1: "safe mode",
        1 << 2: "coarse point",
        1 << 3: "Earth point",
        1 << 4: "zero crossing",
        1 << 5: "momentum dump",
        1 << 6: "argabrightening",
        1 << 7: "cosmic ray",
        1 << 8: "excluded by hand",
        1 << 10: "sensitivity drop",
        1 << 11: "impulsive outlier",
        1 << 12: "argabrightening, module",
        1 << 13: "cosmic ray, collateral",
        1 << 14: "detector anomaly",
        1 << 15: "no fine point",
        1 << 16: "no data",
        1 << 17: "rolling band",
        1 << 18: "rolling band nearby",
        1 << 19: "thruster firing?",
        1 << 20: "thruster firing",
    }
)
#: Momentum dumps: thrusters slow down the reaction wheels, and the pointing jumps. On K2, every roll correction counts as one.
MOMENTUM_DUMP_BITS = MappingProxyType({TimeSystem.BTJD: 1 << 5, TimeSystem.BKJD: 1 << 5 | 1 << 20})


def quality_bit_names(system: TimeSystem) -> MappingProxyType[int, str]:
    """Return the meaning of each quality bit.

    Parameters
    ----------
    system : TimeSystem
        Time system of the product: BTJD for TESS, BKJD for Kepler and K2.

    Returns
    -------
    mapping of int to str
        Meaning by bit value.
    """
    return TESS_QUALITY_BITS if system is TimeSystem.BTJD else KEPLER_QUALITY_BITS


FloatColumn = NDArray[np.float64]
#: Optional columns of a product, besides times and quality bits.
PIXEL_COLUMN_NAMES = ("sap", "pdcsap", "background", "x", "y")
#: Flagged cadences closer together than this [d] are one event.
SAME_EVENT_DAYS = 0.1


@dataclass(frozen=True, eq=False)
class PixelColumns:
    """Columns of a product beside its light curve.

    Each column has shape (n,). Missing values are NaN; a column is None if the product does not
    have it.

    Attributes
    ----------
    observation : str
        Name of the observation.
    system : TimeSystem
        Time system of `time`.
    time : ndarray, shape (n,)
        Times [d], increasing.
    sap : ndarray or None
        Raw flux of the aperture [electrons/s, or relative].
    pdcsap : ndarray or None
        Flux with systematics removed [electrons/s, or relative].
    background : ndarray or None
        Background flux [electrons/s, or relative].
    x : ndarray or None
        Position of the light along the columns of the detector [pixels].
    y : ndarray or None
        Position of the light along the rows of the detector [pixels].
    quality : ndarray of int64, or None
        Quality bits.
    position : str
        The quantity that `x` and `y` hold, as the product calls it.
    simulated : bool
        Whether the columns are simulated.
    stellar : StellarParameters or None
        The star's parameters in the product's header.
    """

    observation: str
    system: TimeSystem
    time: FloatColumn
    sap: FloatColumn | None = None
    pdcsap: FloatColumn | None = None
    background: FloatColumn | None = None
    x: FloatColumn | None = None
    y: FloatColumn | None = None
    quality: NDArray[np.int64] | None = None
    position: str = ""
    simulated: bool = False
    stellar: StellarParameters | None = None

    @property
    def has_position(self) -> bool:
        """Whether the positions of the light are known."""
        return self.x is not None and self.y is not None


def load_pixel_columns(curve: LightCurve, folder: str = "") -> PixelColumns | None:
    """Return the pixel columns of a light curve that was read from a FITS file.

    `.npz` and CSV files have no pixel columns, nor do light curves cached by versions that did not
    store them. Those of simulated stars are made by the simulation.

    Parameters
    ----------
    curve : LightCurve
        The light curve.
    folder : str, optional
        The folder that the light curve was read from, or the file itself.

    Returns
    -------
    PixelColumns or None
        The pixel columns; None if there are none.

    Raises
    ------
    CorruptFileError
        If the file is damaged.
    """
    path = fits_file_of(curve, folder)
    if path is None:
        return None
    from astroseq_core.io import read

    found = read_pixel_columns(read.read_bytes(path), path.name)
    return None if found is None else replace(found, observation=curve.observation)


def fits_file_of(curve: LightCurve, folder: str) -> Path | None:
    """Return the FITS file that a light curve was read from.

    Parameters
    ----------
    curve : LightCurve
        The light curve.
    folder : str
        The folder that the light curve was read from, or the file itself.

    Returns
    -------
    Path or None
        The file; None if the light curve did not come from a FITS file or the file no longer
        exists.
    """
    from astroseq_core.io import local_files

    name = Path(curve.provenance.name).name
    if not folder.strip() or identifiers.FORMATS.get(identifiers.file_ending(Path(name))) != "fits":
        return None
    where = parse_path(folder)
    if (where / name).is_file():
        return where / name
    try:
        return next((path for path in local_files.list_light_curves(where) if path.name == name), None)
    except LightCurveError:
        return None


def dump_times(of_what: PixelColumns | LightCurve) -> FloatColumn:
    """Return the times of momentum dumps, and of K2's thruster firings, from the quality bits.

    Parameters
    ----------
    of_what : PixelColumns or LightCurve
        The data.

    Returns
    -------
    ndarray, shape (m,)
        Mid-times [d], in time order.
    """
    return flagged_times(of_what, MOMENTUM_DUMP_BITS[_time_system_of(of_what)])


def flagged_times(of_what: PixelColumns | LightCurve, bits: int) -> FloatColumn:
    """Return the times of events marked by quality bits; neighboring cadences count as one event.

    Parameters
    ----------
    of_what : PixelColumns or LightCurve
        The data.
    bits : int
        Quality bits; any of them marks an event.

    Returns
    -------
    ndarray, shape (m,)
        Mid-times [d], in time order.
    """
    if of_what.quality is None:
        return np.empty(0)
    time = of_what.time[(of_what.quality & bits) != 0]
    if len(time) == 0:
        return np.empty(0)
    parts = np.split(time, np.flatnonzero(np.diff(time) > SAME_EVENT_DAYS) + 1)
    return np.array([(part[0] + part[-1]) / 2 for part in parts])


def quality_flag_times(of_what: PixelColumns | LightCurve) -> dict[str, FloatColumn]:
    """Return the times of the flagged cadences for each kind of quality flag that occurs.

    Parameters
    ----------
    of_what : PixelColumns or LightCurve
        The data.

    Returns
    -------
    dict of str to ndarray
        Times [d] by the meaning of the bit, in the order of the bits.
    """
    if of_what.quality is None:
        return {}
    known = quality_bit_names(_time_system_of(of_what))
    return {word: at for bit, word in known.items() if len(at := of_what.time[(of_what.quality & bit) != 0])}


def _time_system_of(of_what: PixelColumns | LightCurve) -> TimeSystem:
    return of_what.system if isinstance(of_what, PixelColumns) else of_what.time_system


def pack_pixel_columns(columns: PixelColumns, sha256: str) -> tuple[JsonObject, Arrays]:
    """Convert pixel columns to a header and arrays for a cache file.

    Fluxes are stored as float32, like in the products. Positions are stored as float32 relative to
    their median, which keeps a millionth of a pixel.

    Parameters
    ----------
    columns : PixelColumns
        The pixel columns.
    sha256 : str
        SHA-256 of the file that the light curve and the pixel columns come from.

    Returns
    -------
    tuple of (dict, dict of str to ndarray)
        The header, as plain JSON values, and the arrays.
    """
    header: JsonObject = {
        "observation": columns.observation,
        "time_system": str(columns.system),
        "position": columns.position,
        "of_sha256": sha256,
        "stellar": None if columns.stellar is None else asdict(columns.stellar),
        "zero": {},
    }
    arrays: Arrays = {"time": columns.time}
    if columns.quality is not None:
        arrays["quality"] = npz.downcast(columns.quality)
    for name in PIXEL_COLUMN_NAMES:
        values = getattr(columns, name)
        if values is not None:
            zero = float(np.nanmedian(values)) if name in ("x", "y") else 0.0
            header["zero"][name] = zero
            with np.errstate(over="ignore"):
                arrays[name] = (values - zero).astype(np.float32)
    return header, arrays


def unpack_pixel_columns(header: JsonObject, arrays: Arrays) -> PixelColumns:
    """Convert the header and arrays of a cache file to pixel columns.

    Parameters
    ----------
    header : dict
        Header of the file.
    arrays : dict of str to ndarray
        Arrays of the file.

    Returns
    -------
    PixelColumns
        The pixel columns.

    Raises
    ------
    CorruptFileError
        If columns are missing or differ in length.
    """
    try:
        time = np.asarray(arrays["time"], np.float64)
        parts: JsonObject = {
            n: arrays[n].astype(np.float64) + float(header["zero"][n]) for n in PIXEL_COLUMN_NAMES if n in arrays
        }
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


#: Header keywords of magnitudes, and their bands.
MAGNITUDE_KEYWORDS = (("TESSMAG", "T"), ("KEPMAG", "Kp"))


def read_pixel_columns(data: bytes, name: str) -> PixelColumns | None:
    """Read the pixel columns from the bytes of a FITS light curve.

    `x` and `y` are MOM_CENTR minus POS_CORR if both exist: the motion of the pointing is then
    removed, and what moves is the light in the aperture. If only one of them exists, it is used
    alone.

    Parameters
    ----------
    data : bytes
        Content of the file, gzipped or not.
    name : str
        Name of the file, for error messages.

    Returns
    -------
    PixelColumns or None
        The pixel columns; None if the product has none.

    Raises
    ------
    CorruptFileError
        If the file is truncated, damaged or not a light curve.
    """
    from astropy.io.fits import VerifyError

    data = fits.decompress_fits(data, name)
    try:
        with fits.suppress_warnings(), fits.open_complete_fits(data, name) as hdus:
            return _read_table(hdus, name)
    except (*fits.DAMAGE_ERRORS, VerifyError) as error:
        raise CorruptFileError(
            f"{name} cannot be read as a FITS light curve ({root_cause_text(error)}); download it again."
        ) from error


def read_stellar_header(data: bytes, name: str) -> StellarParameters:
    """Read the star's parameters from the primary header of a FITS file.

    Parameters
    ----------
    data : bytes
        Content of the file, gzipped or not.
    name : str
        Name of the file, for error messages.

    Returns
    -------
    StellarParameters
        The star's parameters.

    Raises
    ------
    CorruptFileError
        If the file is damaged.
    """
    from astropy.io import fits as astropy_fits

    data = fits.decompress_fits(data, name)
    try:
        with fits.suppress_warnings():
            return stellar_from_header(astropy_fits.Header.fromstring(fits.primary_header_text(data)))
    except (*fits.DAMAGE_ERRORS, astropy_fits.VerifyError) as error:
        raise CorruptFileError(f"{name} cannot be read as a FITS file ({root_cause_text(error)}); download it again.") from error


def stellar_from_header(header: "Header") -> StellarParameters:
    """Return the star's parameters that a mission's primary header gives.

    Read are TEFF [K], LOGG, RADIUS [solar radii] and the magnitude. The values are those of the
    input catalogs (TIC, KIC, EPIC) at the time of processing.

    Parameters
    ----------
    header : mapping
        The primary header.

    Returns
    -------
    StellarParameters
        The star's parameters; None where the header has no value.
    """
    magnitude, band = next(
        ((v, b) for key, b in MAGNITUDE_KEYWORDS if (v := _header_number(header, key)) is not None), (None, "")
    )
    mission = str(header.get("MISSION") or header.get("TELESCOP") or "FITS").strip()
    found = StellarParameters(
        teff_k=_header_number(header, "TEFF", positive=True),
        radius_solar=_header_number(header, "RADIUS", positive=True),
        logg=_header_number(header, "LOGG"),
        magnitude=magnitude,
        band=band,
        name=str(header.get("OBJECT") or "").strip(),
        source=f"header of the {mission} light curve",
    ).with_density()
    return found if found.is_known else StellarParameters(name=found.name)


def _header_number(header: "Header", key: str, positive: bool = False) -> float | None:
    try:
        value = float(header.get(key))
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) and (value > 0 or not positive) else None


def _read_table(hdus: "HDUList", name: str) -> PixelColumns | None:
    table = next((h for h in hdus[1:] if getattr(h, "columns", None) is not None), None)
    if table is None:
        raise CorruptFileError(f"{name} holds no table; it is no light curve.")
    present = {c.upper(): c for c in table.columns.names}
    if "TIME" not in present:
        return None

    def column(*names: str) -> NDArray[np.float64] | None:
        """Return the first of these columns that has a finite value, as native floats."""
        for one in names:
            if one in present and table.columns[present[one]].dtype.kind in "fiu":
                values = np.array(table.data[present[one]], dtype=np.float64)
                if values.ndim == 1 and np.isfinite(values).any():
                    if str(table.columns[present[one]].unit).strip().lower() == "ppm":
                        values = 1 + 1e-6 * values
                    return values
        return None

    header = hdus[0].header
    time = np.array(table.data[present["TIME"]], dtype=np.float64)
    system, time = _times_in_system(time, table.header, header)
    x, y, position = _position_columns(column)
    parts: JsonObject = {
        "sap": column(*conventions.SAP_COLUMNS),
        "pdcsap": column(*conventions.PDCSAP_COLUMNS),
        "background": column(*conventions.BACKGROUND_COLUMNS),
        "x": x,
        "y": y,
    }
    if all(part is None for part in parts.values()):
        return None
    earliest, latest = (bjd - system.zero_bjd for bjd in times.PLAUSIBLE_BJD)
    good = np.flatnonzero((time > earliest) & (time < latest))  # also not those that are missing or damaged
    order = good[np.unique(time[good], return_index=True)[1]]  # increasing, without repeated times
    quality = next(
        (present[q] for q in conventions.PIXEL_QUALITY_COLUMNS if q in present and table.columns[present[q]].dtype.kind in "iu"),
        None,
    )
    sorted_parts: JsonObject = {key: None if part is None else part[order] for key, part in parts.items()}
    return PixelColumns(
        observation=identifiers.observation_from_name(Path(name)),
        system=system,
        time=time[order],
        quality=None if quality is None else np.array(table.data[quality], dtype=np.int64)[order],
        position=position,
        stellar=stellar_from_header(header),
        **sorted_parts,
    )


def _position_columns(
    column: Callable[..., NDArray[np.float64] | None],
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None, str]:
    """Return the positions on both axes and the name of the quantity, or None and an empty name."""
    for pair in conventions.CENTROID_COLUMNS:
        x, y = (column(one) for one in pair)
        if x is not None and y is not None:
            pointing = [column(one) for one in conventions.POINTING_COLUMNS]
            if pair == conventions.CENTROID_COLUMNS[0] and pointing[0] is not None and pointing[1] is not None:
                return x - pointing[0], y - pointing[1], "MOM_CENTR − POS_CORR"
            return x, y, pair[0].rstrip("1").replace("X_", "").replace("_X", "")
    x, y = (column(one) for one in conventions.POINTING_COLUMNS)
    return (x, y, "POS_CORR") if x is not None and y is not None else (None, None, "")


def _times_in_system(time: NDArray[np.float64], table: "Header", primary: "Header") -> tuple[TimeSystem, NDArray[np.float64]]:
    """Return the mission's time system and the times in it; the table's reference day comes first."""
    system = TimeSystem.BTJD if "TESS" in str(primary.get("TELESCOP") or "").upper() else TimeSystem.BKJD
    reference = float(table.get("BJDREFI") or 0.0) + float(table.get("BJDREFF") or 0.0)
    if reference:
        return system, time + (reference - system.zero_bjd)
    finite = time[np.isfinite(time)]
    if finite.size and float(np.median(finite)) > times.SMALLEST_JULIAN_DATE:
        return system, time - system.zero_bjd
    return system, time
