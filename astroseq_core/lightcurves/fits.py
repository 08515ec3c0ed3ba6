"""Light curves in the FITS products of the missions and of those who reduced their images again."""

import contextlib
import gzip
import io
import threading
import warnings
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core import missions, times
from astroseq_core.errors import CorruptFileError, MissingColumnError
from astroseq_core.lightcurves.columns import MAX_UNPACKED_BYTES, Columns, reason
from astroseq_core.lightcurves.products import PRODUCTS, Product
from astroseq_core.missions import Mission
from astroseq_core.times import TimeSystem

#: Bytes of a FITS block: every file is a whole number of them (FITS standard 4.0, section 3.1).
BLOCK = 2880
#: The longest exposure [days] of SPOC's own targets is 120 s; what it made of full-frame images has longer ones.
SPOC_LONGEST_DAYS = 150 / 86400
#: The smallest EPIC number (K2's Ecliptic Plane Input Catalog starts at 201000001; KIC numbers end at 13161029).
SMALLEST_EPIC = 200_000_000
#: Zero points [BJD] of astropy's time formats that lightkurve gives to what it reads.
_ZERO_BJD = {"bkjd": 2_454_833.0, "btjd": 2_457_000.0, "jd": 0.0, "mjd": 2_400_000.5}

#: What astropy and lightkurve were seen to raise on damaged bytes, beside errors of their own.
DAMAGE = (OSError, ValueError, LookupError, TypeError, AttributeError, AssertionError, ArithmeticError, EOFError, MemoryError)

#: Names of the time column: the missions', K2SFF's, CDIPS's.
_TIMES = {"time", "t", "tmid_bjd"}
#: What lightkurve itself wrote, from whatever was in memory.
_SAVED = "lightkurve"

# astropy's warnings and lightkurve's readers share state between threads.
_LOCK = threading.Lock()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """No warnings within: of units that the standard does not know, of optional parts of lightkurve that are not installed."""
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def read_columns(data: bytes, name: str) -> Columns:
    """The columns of a FITS light curve's bytes, by lightkurve's reader for its product.

    The best reduced flux with a finite value is taken; where that is not the product's first choice, the author says so.
    Raises CorruptFileError for what is truncated, damaged or no light curve, MissingColumnError without a flux column.
    """
    data = unpacked(data, name)
    with quiet():
        from lightkurve.io import detect_filetype
        from lightkurve.utils import LightkurveError

    from astropy.io.fits import VerifyError

    damage = (*DAMAGE, LightkurveError, VerifyError)
    try:
        with quiet(), open_whole(data, name) as hdus:
            kind = detect_filetype(hdus) or "unknown"
            if kind not in PRODUCTS:
                raise CorruptFileError(f"{name} is no light curve but {_words(kind)}; use a light-curve product instead.")
            return _read(hdus, kind, name)
    except damage as error:
        raise CorruptFileError(f"{name} cannot be read as a FITS light curve ({reason(error)}); download it again.") from error


def peek(data: bytes, name: str) -> tuple[str, str]:
    """What a FITS file's primary header says of its target and its mission, each empty where it does not."""
    from astropy.io import fits

    try:
        with quiet():
            header = fits.Header.fromstring(primary(unpacked(data, name)))
        return _target_id(dict(header), None)
    except (*DAMAGE, fits.VerifyError) as error:
        raise CorruptFileError(f"{name} cannot be read as a FITS file ({reason(error)}); download it again.") from error


def unpacked(data: bytes, name: str) -> bytes:
    """The bytes of the FITS file itself, taken out of gzip where it is packed; raises CorruptFileError."""
    if data[:2] == b"\x1f\x8b":
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
                data = packed.read(MAX_UNPACKED_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise CorruptFileError(f"{name} is truncated or damaged (gzip: {error}); download it again.") from error
        if len(data) > MAX_UNPACKED_BYTES:
            raise CorruptFileError(f"{name} would unpack to more than {MAX_UNPACKED_BYTES / 1e9:g} GB; it is no light curve.")
    if not data.startswith(b"SIMPLE  ="):
        raise CorruptFileError(f"{name} is no FITS file; it may be an error page that was saved under this name.")
    return data


def primary(data: bytes) -> str:
    """The primary header's cards as one text."""
    for stop in range(BLOCK, min(len(data), 100 * BLOCK) + 1, BLOCK):
        block = data[stop - BLOCK : stop]
        if any(block[i : i + 8] == b"END     " for i in range(0, BLOCK, 80)):
            return data[:stop].decode("ascii", "replace")
    raise ValueError("its header has no end")


def open_whole(data: bytes, name: str) -> Any:
    """The HDUs of a FITS file's bytes, all checked to be whole; raises CorruptFileError, and what astropy raises on damage."""
    from astropy.io import fits

    hdus = fits.open(io.BytesIO(data), memmap=False, lazy_load_hdus=False)
    for index, hdu in enumerate(hdus):
        info = hdu.fileinfo()
        # The last block's padding carries nothing; some writers leave it out.
        if info is None or info["datLoc"] + hdu.size > len(data):
            hdus.close()
            raise CorruptFileError(f"{name} is truncated: extension {index} is cut off; delete it and download it again.")
    if len(hdus) < 2:
        hdus.close()
        raise CorruptFileError(f"{name} is truncated or no light curve: it has a header and no table; download it again.")
    return hdus


def _read(hdus: Any, kind: str, name: str) -> Columns:
    product = PRODUCTS[kind]
    table = next((h for h in hdus[1:] if getattr(h, "columns", None) is not None), None)
    if table is None:
        raise CorruptFileError(f"{name} holds no table, so no light curve; use a light-curve product instead.")
    present = {c.lower() for c in table.columns.names}
    choices = [(column, flat) for column, flat in product.flux if column.lower() in present]
    if not _TIMES & present:
        raise MissingColumnError(f"{name} has no time column; use a light-curve product.")
    if not choices:
        wanted = ", ".join(column for column, _ in product.flux)
        raise MissingColumnError(f"{name} has no flux column ({wanted}); use a light-curve product.")
    column, flattened, curve = _first_with_flux(hdus, kind, choices)
    flux = _plain(curve.flux)
    mission = product.mission or _mission(curve.meta)
    error = _plain(curve.flux_err)
    if str(curve.flux.unit) == "ppm":  # relative to the median and about zero
        flux, error = 1 + 1e-6 * flux, 1e-6 * error
    if product.magnitudes:
        flux = 10 ** (-0.4 * (flux - np.nanmedian(flux)))
    target_id, _ = _target_id({**curve.meta}, mission)
    return Columns(
        time=_time_bjd(curve, table.header) if mission is None else _days(curve, table.header, mission),
        flux=flux,
        flux_err=error if np.isfinite(error).any() else None,
        quality=_quality(curve, product),
        target_id=target_id,
        mission=mission.name if mission else "",
        time_system=None if mission is None else str(mission.time_system),
        author=_author(product, column, curve.meta, table.header, name),
        flattened=flattened,
        version=_version(curve.meta),
    )


def _first_with_flux(hdus: Any, kind: str, choices: list[tuple[str, bool]]) -> tuple[str, bool, Any]:
    """The first choice that has a finite value, else the first of all: its column, whether it is flattened, the light curve."""
    import lightkurve as lk

    read: list[tuple[str, bool, Any]] = []
    for column, flattened in choices:
        options: dict[str, Any] = {"quality_bitmask": "none"} if PRODUCTS[kind].takes_bitmask else {}
        if PRODUCTS[kind].takes_column:
            options["flux_column"] = column
        if kind == "QLP":
            options["flux_err_column"] = f"{column}_err"
        read.append((column, flattened, lk.read(hdus, **options)))
        if np.isfinite(_plain(read[-1][2].flux)).any():
            return read[-1]
    return read[0]


def _plain(values: Any) -> NDArray[np.float64]:
    """A column's values as native floats without their unit, NaN where masked, shape (n,)."""
    mask = getattr(values, "mask", None)
    bare = getattr(values, "unmasked", values)
    array = np.array(getattr(bare, "value", bare), dtype=np.float64)
    if mask is not None:
        array[np.broadcast_to(np.asarray(mask, dtype=bool), array.shape)] = np.nan
    return array


def _time_bjd(curve: Any, header: Any) -> NDArray[np.float64]:
    """BJD [d] of the cadences: by the header's own reference day where it gives one, else by what lightkurve took."""
    days = _plain(curve.time.value) if curve.time.masked else np.array(curve.time.value, dtype=np.float64)
    if "BJDREFI" in header:
        return days + float(header["BJDREFI"]) + float(header.get("BJDREFF") or 0.0)
    if np.nanmedian(days) > times.SMALLEST_JULIAN_DATE:  # some give full Julian dates where lightkurve expects BTJD
        return days
    return days + _ZERO_BJD[curve.time.format]


def _days(curve: Any, header: Any, mission: Mission) -> NDArray[np.float64]:
    """The cadences' times [d] in the mission's system; Julian dates lose nothing above 1e-9 d on the way."""
    zero = mission.time_system.zero_bjd
    reference = float(header.get("BJDREFI", 0)) + float(header.get("BJDREFF") or 0.0)
    if reference == zero:
        return np.array(curve.time.value, dtype=np.float64)
    days: NDArray[np.float64] = times.convert(_time_bjd(curve, header), TimeSystem.BJD, mission.time_system)
    return days


def _quality(curve: Any, product: Product) -> NDArray[np.int64] | None:
    """The quality bits, or None where the product has none that are numbers."""
    for column in (product.quality, "sap_quality", "dquality"):
        if column in curve.colnames:
            values = curve[column]
            bare = np.asarray(getattr(values, "unmasked", values))
            if bare.dtype.kind in "iuf":
                return np.nan_to_num(bare.astype(np.float64)).astype(np.int64)
    return None


def _mission(meta: Any) -> Mission | None:
    """The mission that the headers name, else None."""
    for key in ("MISSION", "TELESCOP"):
        said = str(meta.get(key) or "").strip().lower()
        for mission in (missions.KEPLER, missions.K2, missions.TESS):
            if said == mission.name.lower():
                return mission
    return None


def _target_id(meta: dict[str, Any], mission: Mission | None) -> tuple[str, str]:
    """The target that the headers name and the mission, each empty where they do not."""
    mission = mission or _mission(meta)
    said = mission.name if mission else ""
    for key in ("TICID", "TIC_ID"):
        if str(meta.get(key) or "").strip().isdecimal():
            return f"TIC {meta[key]}", said
    kepler = str(meta.get("KEPLERID") or "").strip()
    if kepler.isdecimal():
        return f"{'EPIC' if int(kepler) >= SMALLEST_EPIC else 'KIC'} {kepler}", said
    for key in ("OBJECT", "LABEL", "TARGETID"):
        text = str(meta.get(key) or "").strip()
        if text.upper().startswith(("TIC", "KIC", "EPIC", "SIM")):
            return text, said
    return "", said


def _author(product: Product, column: str, meta: Any, header: Any, name: str) -> str:
    """Who made it, with the flux column where it is not the product's best; SPOC's full-frame images are TESS-SPOC's."""
    if str(meta.get("CREATOR") or "").lower().startswith(_SAVED):
        return _SAVED
    author = str(meta.get("AUTHOR") or product.author).strip()
    exposure = header.get("TIMEDEL")
    if product.author == "SPOC":
        images = "tess-spoc" in name.lower() or (isinstance(exposure, float) and exposure > SPOC_LONGEST_DAYS)
        author = "TESS-SPOC" if images else "SPOC"
    elif product.author == "Kepler":
        author = "K2" if _mission(meta) is missions.K2 else "Kepler"
    best = {c for c, flattened in product.flux if flattened} or {product.flux[0][0]}
    return author if column in best else f"{author} {column.upper()}".strip()


def _version(meta: Any) -> str:
    """The processing's version, else the file's, else empty."""
    for key in ("PROCVER", "VERSION", "FILEVER", "DATA_REL"):
        if text := str(meta.get(key) or "").strip():
            return text.rsplit("/", 1)[-1]
    return ""


def _words(kind: str) -> str:
    return "a target pixel file" if "TargetPixel" in kind else f"a product of an unknown kind ({kind})"
