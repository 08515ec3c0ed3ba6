"""Reader of FITS light curves: known products of missions and high-level pipelines, and the tables that people save."""

import contextlib
import gzip
import io
import threading
import warnings
import zlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from astroseq_core import missions
from astroseq_core.errors import CorruptFileError, MissingColumnError
from astroseq_core.io import conventions, fits_table, identifiers, quantities
from astroseq_core.io.conventions import FitsProduct, FluxColumn
from astroseq_core.io.fits_table import FitsTable
from astroseq_core.io.lightcurve import RawColumns, root_cause_text
from astroseq_core.times import TimeSystem
from astroseq_core.type_names import JsonObject

if TYPE_CHECKING:
    from astropy.io import fits

#: Longest exposure that a header is believed to give [min].
MAX_EXPOSURE_MINUTES = 240.0
#: Built-in errors that astropy and numpy were seen to raise on damaged bytes.
DAMAGE_ERRORS = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    EOFError,
    MemoryError,
)

# astropy's warnings and lightkurve's objects share state between threads. Light curves are read without either.
_LOCK = threading.Lock()


@contextlib.contextmanager
def suppress_warnings() -> Iterator[None]:
    """Suppress warnings in a `with` block.

    Warnings concern units that the standard does not know, and optional parts of lightkurve that
    are not installed. One thread at a time may be in the block, since astropy's warnings and
    lightkurve's readers share state.

    Yields
    ------
    None
        Nothing.
    """
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def read_fits(data: bytes, name: str) -> RawColumns:
    """Read the columns of a light curve from the bytes of a FITS file.

    The first table with times and a finite flux is taken, and in it the first flux column with a finite
    value in the product's order of preference. If it is not the product's first choice, the author
    names the column.

    Parameters
    ----------
    data : bytes
        Content of the file, gzipped or not.
    name : str
        Name of the file, for error messages.

    Returns
    -------
    RawColumns
        The columns, unchecked.

    Raises
    ------
    CorruptFileError
        If the file is truncated, damaged or not a light curve.
    MissingColumnError
        If there is no time or flux column.
    """
    data = decompress_fits(data, name)
    units = _find_units(data, name)
    try:
        primary = fits_table.read_header(data, units[0])
        tables = fits_table.find_tables(data, units)
        return _read_columns(_choose_table(tables, primary, name), primary, name)
    except DAMAGE_ERRORS as error:
        raise CorruptFileError(
            f"{name} cannot be read as a FITS light curve ({root_cause_text(error)}); download it again."
        ) from error


def peek_fits(data: bytes, name: str) -> tuple[str, str]:
    """Return the target and the mission that the headers name.

    Parameters
    ----------
    data : bytes
        Content of the file, gzipped or not.
    name : str
        Name of the file, for error messages.

    Returns
    -------
    tuple of (str, str)
        Target and mission, each empty if the headers do not name it.

    Raises
    ------
    CorruptFileError
        If the file is damaged or not a FITS file.
    """
    data = decompress_fits(data, name)
    units = fits_table.find_units(data, name)
    meta = fits_table.read_header(data, units[0])
    for unit in units[1:2]:
        meta = {**fits_table.read_header(data, unit), **meta}
    mission = identifiers.mission_of(meta)
    return identifiers.target_of(meta, mission), mission.name if mission else ""


def decompress_fits(data: bytes, name: str) -> bytes:
    """Return the bytes of a FITS file, decompressed if they are gzipped.

    Parameters
    ----------
    data : bytes
        Content of the file.
    name : str
        Name of the file, for error messages.

    Returns
    -------
    bytes
        The FITS file itself.

    Raises
    ------
    CorruptFileError
        If the file is damaged, is not a FITS file, or would unpack to too many bytes.
    """
    if data[:2] == b"\x1f\x8b":
        data = _gunzip(data, name)
    if not data.startswith(b"SIMPLE  ="):
        raise CorruptFileError(f"{name} is no FITS file; it may be an error page that was saved under this name.")
    return data


def _gunzip(data: bytes, name: str) -> bytes:
    """Return unpacked bytes; what declares or reaches more than a light curve can have is refused."""
    too_large = CorruptFileError(f"{name} would unpack to more than {conventions.MAX_BYTES / 1e9:g} GB; it is no light curve.")
    # The last four bytes declare the length; a file that lies about it is stopped at the limit.
    if int.from_bytes(data[-4:], "little") > conventions.MAX_BYTES:
        raise too_large
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            unpacked = packed.read(conventions.MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise CorruptFileError(f"{name} is truncated or damaged (gzip: {error}); download it again.") from error
    if len(unpacked) > conventions.MAX_BYTES:
        raise too_large
    return unpacked


def primary_header_text(data: bytes) -> str:
    """Return the cards of the primary header as one text.

    Parameters
    ----------
    data : bytes
        Content of a FITS file.

    Returns
    -------
    str
        The header, padded to whole blocks.

    Raises
    ------
    ValueError
        If the header has no end.
    """
    stop = fits_table.header_end(data)
    if stop is None:
        raise ValueError("its header has no end")
    return data[:stop].decode("ascii", "replace")


def _find_units(data: bytes, name: str) -> tuple[fits_table.FitsUnit, ...]:
    """Return the units of a file that has more than a header."""
    units = fits_table.find_units(data, name)
    if len(units) < 2:
        raise CorruptFileError(f"{name} is truncated or no light curve: it has a header and no table; download it again.")
    return units


def open_complete_fits(data: bytes, name: str) -> "fits.HDUList":
    """Open the bytes of a FITS file whose declared sizes are possible and that is not truncated.

    Errors that astropy raises on damaged bytes are passed on.

    Parameters
    ----------
    data : bytes
        Content of the file, not gzipped.
    name : str
        Name of the file, for error messages.

    Returns
    -------
    astropy.io.fits.HDUList
        All extensions, loaded.

    Raises
    ------
    CorruptFileError
        If the file is truncated, declares sizes that no light curve has, or holds no table.
    """
    from astropy.io import fits

    units = _find_units(data, name)
    whole = data[: units[-1].end]
    hdus = fits.open(io.BytesIO(whole), memmap=False, lazy_load_hdus=False)
    if len(hdus) != len(units):
        hdus.close()
        raise CorruptFileError(f"{name} is damaged: only {len(hdus)} of {len(units)} extensions can be read; download it again.")
    return hdus


def plain_values(values: object) -> NDArray[np.float64]:
    """Return a column as plain numbers.

    Parameters
    ----------
    values : array_like
        A column, with a unit, masked, or neither; shape (n,).

    Returns
    -------
    ndarray, shape (n,)
        Native floats without unit, NaN where masked.
    """
    mask = getattr(values, "mask", None)
    bare = getattr(values, "unmasked", values)
    array = np.array(getattr(bare, "value", bare), dtype=np.float64)
    if mask is not None:
        array[np.broadcast_to(np.asarray(mask, dtype=bool), array.shape)] = np.nan
    return array


class _Choice(NamedTuple):
    """A table, the product that it is, and the columns to read."""

    table: FitsTable
    product: FitsProduct
    time: str
    flux: tuple[FluxColumn, ...]


def _choose_table(tables: tuple[FitsTable, ...], primary: JsonObject, name: str) -> _Choice:
    """Return the first table with times and a finite flux, else the first with times and flux."""
    if not tables:
        raise CorruptFileError(f"{name} holds no table, so no light curve; use a light-curve product instead.")
    if "folded" in str(primary.get("CREATOR") or "").lower():
        raise _folded_error(name)
    choices: list[_Choice] = []
    for table in tables:
        plain = {column for column in table.columns if table.values_per_row(column) == 1}
        product = conventions.find_product({**table.header, **primary}, plain)
        # astropy writes a time as two numbers, days and the rest
        times = plain | {column for column in table.columns if table.values_per_row(column) == 2}
        time = conventions.find_column(times, conventions.TIME_COLUMNS)
        flux = tuple(column for column in product.flux if column.name in plain)
        choices.append(_Choice(table, product, time, flux))
    whole = [choice for choice in choices if choice.time and choice.flux]
    if not whole:
        raise _missing_columns(choices[0], primary, name)
    return next((c for c in whole if any(np.isfinite(c.table.numbers(f.name)).any() for f in c.flux)), whole[0])


def _missing_columns(choice: _Choice, primary: JsonObject, name: str) -> CorruptFileError | MissingColumnError:
    """Return the error for a file without times or fluxes: what it is instead, if that is known."""
    table = choice.table
    if "flux" in table.columns and table.values_per_row("flux") > 1:
        return CorruptFileError(
            f"{name} is a target pixel file: it has images and no light curve; use the light-curve product, or make one of it "
            "with lightkurve's to_lightcurve()."
        )
    if "phase" in table.columns and not choice.time:
        return _folded_error(name)
    found = ", ".join(column.upper() for column in table.columns)[:80]
    if not choice.time:
        only = f"only {found}" if found else "and no other"
        return MissingColumnError(f"{name} has no time column, {only}; use a light-curve product.")
    wanted = ", ".join(column.name for column in choice.product.flux[:3])
    return MissingColumnError(f"{name} has no flux column ({wanted}), only {found}; use a light-curve product.")


def _folded_error(name: str) -> CorruptFileError:
    return CorruptFileError(f"{name} is a folded light curve: it has phases and no times; save it before folding.")


def _read_columns(choice: _Choice, primary: JsonObject, name: str) -> RawColumns:
    table, product = choice.table, choice.product
    meta = {**table.header, **primary}
    column, flux = _first_with_flux(table, choice.flux)
    error = _flux_error(table, product, column.name, flux)
    unit = quantities.flux_unit(table.unit_of(column.name)) or quantities.flux_unit(column.unit)
    flux, error = quantities.to_linear_flux(flux, error, unit, name)
    mission = product.mission or identifiers.mission_of(meta)
    time, system = _times(choice, primary)
    quality, good = _quality(table, product)
    keep = np.isfinite(time) & good
    return RawColumns(
        time=time[keep],
        flux=flux[keep],
        flux_err=error[keep] if error is not None and np.isfinite(error[keep]).any() else None,
        quality=None if quality is None else quality[keep],
        target_id=identifiers.target_of(meta, mission),
        mission=mission.name if mission else "",
        time_system=None if system is None else str(system),
        author=_author(choice, column, meta, name),
        flattened=column.flattened or meta.get("FLATTENED") is True,
        version=_version(meta),
        exposure_minutes=exposure_from_header({**meta, **choice.table.header}),
    )


def _first_with_flux(table: FitsTable, columns: tuple[FluxColumn, ...]) -> tuple[FluxColumn, NDArray[np.float64]]:
    """Return the first column that has a finite flux, else the first one, with its values."""
    for column in columns:
        flux = table.numbers(column.name)
        if np.isfinite(flux).any():
            return column, flux
    return columns[0], table.numbers(columns[0].name)


def _flux_error(table: FitsTable, product: FitsProduct, column: str, flux: NDArray[np.float64]) -> NDArray[np.float64] | None:
    plain = {name for name in table.columns if table.values_per_row(name) == 1}
    named, belongs_to = product.error
    if named in plain and belongs_to in plain:
        with np.errstate(all="ignore"):  # damaged values become infinite, and are no flux then
            scaled: NDArray[np.float64] = flux * table.numbers(named) / table.numbers(belongs_to)
        return scaled if column != belongs_to else table.numbers(named)
    found = conventions.error_column(plain, column)
    return table.numbers(found) if found else None


def _times(choice: _Choice, primary: JsonObject) -> tuple[NDArray[np.float64], TimeSystem | None]:
    """Return the times [d] and their system; None if neither header, unit nor product says it."""
    table, column = choice.table, choice.time
    unit = table.unit_of(column)
    values = table.numbers(column) * quantities.days_per_unit(unit)
    if values.ndim == 2:  # full Julian days and the rest; their sum would lose digits
        zero = TimeSystem.BTJD.zero_bjd
        scale = str(table.header.get(f"TCTYP{table.columns[column]}") or table.header.get("TIMESYS") or "")
        written = quantities.TimeReference(zero, quantities.says_utc({"TIMESYS": scale}))
        return quantities.to_time_system((values[:, 0] - zero) + values[:, 1], written)
    header = {**primary, "TIMESYS": "", **table.header}  # that of the file is about its dates
    is_utc = quantities.says_utc(header, unit, column)
    reference = quantities.time_reference_of(header, unit, column)
    if reference is None and choice.product.days:
        reference = quantities.TimeReference(conventions.DAY_NAMES[choice.product.days], is_utc)
    return quantities.to_time_system(values, reference, is_utc=is_utc)


def _quality(table: FitsTable, product: FitsProduct) -> tuple[NDArray[np.int64] | None, NDArray[np.bool_]]:
    """Return the quality bits, or None if the product has none, and which cadences its own marks leave."""
    good = np.ones(int(table.header["NAXIS2"]), dtype=bool)
    for column in product.quality:
        if column not in table.columns or table.values_per_row(column) != 1:
            continue
        texts = table.texts(column)
        if texts is None:
            with np.errstate(invalid="ignore"):  # bits of damaged values mean nothing
                return np.nan_to_num(table.numbers(column)).astype(np.int64), good
        if product.good:
            return None, np.isin(texts, product.good)
    return None, good


def _author(choice: _Choice, column: FluxColumn, meta: Mapping[str, object], name: str) -> str:
    """Return the author, with the table or column where it is not the product's best.

    SPOC's light curves of full-frame images have the author TESS-SPOC.
    """
    product = choice.product
    if product.name == "lightkurve" or not product.author:
        return product.author or str(meta.get("AUTHOR") or "").strip()
    author, exposure = product.author, choice.table.header.get("TIMEDEL")
    if product.name == "SPOC":
        images = "tess-spoc" in name.lower() or (isinstance(exposure, float) and exposure > conventions.SPOC_MAX_EXPOSURE_DAYS)
        author = "TESS-SPOC" if images else "SPOC"
    elif product.name == "Kepler":
        author = "K2" if identifiers.mission_of(meta) is missions.K2 else "Kepler"
    best = {c.name for c in product.flux if c.flattened} or {product.flux[0].name}
    return author if column.name in best else f"{author} {column.name.upper()}".strip()


def exposure_from_header(meta: Mapping[str, object]) -> float | None:
    """Return the exposure of one cadence that headers give.

    EXPOSURE is no source: it is the time on source of the whole observation.

    Parameters
    ----------
    meta : mapping
        The headers.

    Returns
    -------
    float or None
        Exposure, reading out included [min]; None if they do not give it.

    Examples
    --------
    >>> exposure_from_header({"INT_TIME": 1.98, "READTIME": 0.02, "NUM_FRM": 60})
    2.0
    """

    def number(key: str) -> float:
        value = meta.get(key)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0

    frame = number("INT_TIME") + number("READTIME")
    for minutes in (number("TIMEDEL") * 1440, frame * number("NUM_FRM") / 60, number("EXPTIME") / 60):
        if 0 < minutes <= MAX_EXPOSURE_MINUTES:
            return minutes
    return None


def _version(meta: Mapping[str, object]) -> str:
    """Return the version of the processing, else of the file, else an empty text."""
    texts = (str(meta.get(key) or "").strip() for key in conventions.VERSION_KEYWORDS)
    return next((text.rsplit("/", 1)[-1] for text in texts if text), "")
