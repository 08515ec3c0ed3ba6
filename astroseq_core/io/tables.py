"""Readers of light curves in `.npz` files and tables of text."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import CorruptFileError, EmptyLightCurveError, LightCurveError, MissingColumnError, TimeSystemError
from astroseq_core.io import conventions, identifiers, npz, quantities, text_table
from astroseq_core.io.conventions import FluxColumn, FluxUnit
from astroseq_core.io.lightcurve import RawColumns
from astroseq_core.io.text_table import TextTable
from astroseq_core.type_names import AnyArray

TEXT_FIELDS = ("target_id", "mission", "time_system", "flux_unit", "author", "flattened", "version")
NUMBER_FIELDS = ("time", "flux", "flux_err", "quality")
_TRUE_VALUES = {"true", "1", "yes"}
#: Julian date of 1970-01-01, from which numpy counts.
_UNIX_EPOCH_JD = 2_440_587.5


def read_npz(data: bytes, name: str) -> RawColumns:
    """Read the columns of a light curve from the bytes of an `.npz` file.

    Pickled objects are refused, because they can run foreign code.

    Parameters
    ----------
    data : bytes
        Content of the file.
    name : str
        Name of the file, for error messages.

    Returns
    -------
    RawColumns
        The columns, unchecked.

    Raises
    ------
    CorruptFileError
        If the file is damaged or is not an `.npz` file.
    MissingColumnError
        If there is no array `time` or `flux`.
    LightCurveError
        If an array does not hold numbers.
    """
    arrays = npz.load_npz(data, name, (*NUMBER_FIELDS, *TEXT_FIELDS))
    missing = [c for c in ("time", "flux") if c not in arrays]
    if missing:
        raise MissingColumnError(f"{name} has no {' and no '.join(missing)}; it needs the arrays time and flux.")
    for column in NUMBER_FIELDS:
        if column in arrays and arrays[column].dtype.kind not in "fiub":
            raise LightCurveError(f"{name}: {column} does not hold numbers but {arrays[column].dtype}; write it as floats.")
    quality = arrays.get("quality")
    if quality is not None and quality.dtype.kind == "f":
        quality = _whole_bits(quality, name)
    texts = {t: _text_value(arrays.get(t)) for t in TEXT_FIELDS}
    return _raw_columns(
        arrays["time"],
        arrays["flux"],
        arrays.get("flux_err"),
        quality,
        texts,
        quantities.parse_time_reference(texts["time_system"]),
        quantities.flux_unit(texts["flux_unit"]),
        name,
    )


def peek_npz(data: bytes, name: str) -> tuple[str, str]:
    """Return the target and the mission that an `.npz` file names.

    Parameters
    ----------
    data : bytes
        Content of the file.
    name : str
        Name of the file, for error messages.

    Returns
    -------
    tuple of (str, str)
        Target and mission, each empty if the file does not name it.

    Raises
    ------
    CorruptFileError
        If the file is damaged or is not an `.npz` file.
    """
    arrays = npz.load_npz(data, name, ("target_id", "mission"))
    return _text_value(arrays.get("target_id")), _text_value(arrays.get("mission"))


def _text_value(array: AnyArray | None) -> str:
    """Return the text in an array of one string, bytes or whole number, else an empty text."""
    if array is None or array.size != 1:
        return ""
    value = array.ravel()[0]
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, np.floating):
        value = int(value) if float(value).is_integer() else value
    return str(value).strip()


def _raw_columns(
    time: AnyArray,
    flux: AnyArray,
    flux_err: AnyArray | None,
    quality: AnyArray | None,
    texts: dict[str, str],
    reference: quantities.TimeReference | None,
    unit: FluxUnit | None,
    name: str,
    *,
    is_utc: bool = False,
) -> RawColumns:
    """Return columns in known days and linear flux; arrays of a wrong shape are left to the check of light curves."""
    said = texts["time_system"]
    if said and reference is None:
        raise TimeSystemError(
            f"{name}: '{said}' is no time system known here; write BJD, BKJD (Kepler, K2), BTJD (TESS), MJD or BJD - ZERO POINT."
        )
    days, system = quantities.to_time_system(np.asarray(time, np.float64), reference, is_utc=is_utc)
    linear = np.asarray(flux, np.float64)
    errors = None if flux_err is None else np.asarray(flux_err, np.float64)
    if errors is None or errors.shape == linear.shape:
        linear, errors = quantities.to_linear_flux(linear, errors, unit, name)
    return RawColumns(
        time=days,
        flux=linear,
        flux_err=errors,
        quality=quality,
        target_id=texts["target_id"],
        mission=texts["mission"],
        time_system=None if system is None else str(system),
        author=texts["author"],
        flattened=texts["flattened"].lower() in _TRUE_VALUES,
        version=texts["version"],
    )


def csv_header(data: bytes) -> list[str]:
    """Return the column names of a table of text.

    Parameters
    ----------
    data : bytes
        The start of the file.

    Returns
    -------
    list of str
        Names in lower case, with `time` and `flux` for the columns that would be read as such; empty
        if there is no table.
    """
    lines = data.decode("utf-8-sig", "replace").splitlines()
    try:
        table = text_table.parse_text_table(lines, "")
    except (EmptyLightCurveError, MissingColumnError):
        rows = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
        return [cell.strip().strip('"').lower() for cell in rows[0].split(",")] if rows else []
    names = list(table.names)
    time, flux = _time_column(table), _flux_columns(table)
    if time >= 0 and flux:
        names[time], names[table.names.index(flux[0].name)] = "time", "flux"
    return names


def read_csv(data: bytes, name: str) -> RawColumns:
    """Read the columns of a light curve from the bytes of a table of text.

    Commas, semicolons, tabs or spaces separate the values; semicolons, tabs and spaces allow decimal
    commas. Columns are told by their names (see `conventions`), or by their place where there are two
    or three and no header. Comment lines may give metadata: `# target_id: TIC 261136679`, `# mission:
    TESS`, `# time_system: BTJD`, `# flux_unit: ppm`.

    Parameters
    ----------
    data : bytes
        Content of the file.
    name : str
        Name of the file, for error messages.

    Returns
    -------
    RawColumns
        The columns, unchecked.

    Raises
    ------
    CorruptFileError
        If the content is not such a table.
    MissingColumnError
        If there is no column of times or of fluxes, or a column occurs twice.
    EmptyLightCurveError
        If the file has no table.
    LightCurveError
        If `quality` is not whole numbers, the rows are of several stars, or the unit of the flux
        cannot be told.
    """
    if len(data) > conventions.MAX_TEXT_BYTES:
        raise LightCurveError(f"{name} has {len(data) / 1e6:.0f} MB of text, too much to read as a table; save it as .npz.")
    table = text_table.parse_text_table(_decode_lines(data, name), name)
    time, fluxes = _time_column(table), _flux_columns(table)
    missing = [what for what, found in (("time", time >= 0), ("flux", bool(fluxes))) if not found]
    if missing:
        found = ",".join(table.names)[:80]
        raise MissingColumnError(f"{name} has no column {' and no '.join(missing)}; its header must name time,flux, not {found}.")
    if len(set(table.names)) != len(table.names):
        raise MissingColumnError(f"{name} names a column twice in its header; each must stand once.")
    flux, values = _first_with_flux(table, fluxes, name)
    error = conventions.error_column(table.names, flux.name)
    quality = conventions.find_column(table.names, conventions.QUALITY_COLUMNS)
    header, head = _numbers_in(table.meta), f"{table.heads[time]} {table.units[time]}"
    reference = quantities.time_reference_of(header, table.units[time], head)
    is_utc = quantities.says_utc(header, table.units[time], head)
    texts = _texts(table, name)
    if flux.flattened:
        texts["flattened"] = "true"
    unit = next((u for text in _unit_texts(table, flux) if (u := quantities.flux_unit(text))), None)
    return _raw_columns(
        _times(table, time, name),
        values,
        _numbers(table, error, name) if error else None,
        _quality_bits(table, quality, name) if quality else None,
        texts,
        reference,
        unit,
        name,
        is_utc=is_utc,
    )


def _time_column(table: TextTable) -> int:
    """Return the number of the column with the times, -1 if there is none."""
    found = conventions.find_column(table.names, conventions.TIME_COLUMNS)
    if found:
        return table.names.index(found)
    says = [i for i, head in enumerate(table.heads) if quantities.parse_time_reference(head) is not None]
    return says[0] if says else -1


def _flux_columns(table: TextTable) -> list[FluxColumn]:
    return [column for column in conventions.FLUX_COLUMNS if column.name in table.names]


def _first_with_flux(table: TextTable, columns: Sequence[FluxColumn], name: str) -> tuple[FluxColumn, NDArray[np.float64]]:
    """Return the first column that has a finite flux, else the first one, with its values."""
    for column in columns:
        values = _numbers(table, column.name, name)
        if np.isfinite(values).any():
            return column, values
    return columns[0], _numbers(table, columns[0].name, name)


def _unit_texts(table: TextTable, flux: FluxColumn) -> tuple[str, ...]:
    """Return what may say the unit of the flux, the most certain first."""
    return (
        table.units[table.names.index(flux.name)],
        *(table.meta.get(key, "") for key in conventions.FLUX_UNIT_KEYWORDS),
        flux.unit,
    )


def _numbers(table: TextTable, column: str, name: str) -> NDArray[np.float64]:
    """Return a column as numbers."""
    (cells,) = table.cells([table.names.index(column)], name)
    numbers = [text_table.number_of(cell, table.has_decimal_commas) for cell in cells]
    if None in numbers:
        index = numbers.index(None)
        raise CorruptFileError(f"{name}, line {table.rows[index][0]}: {column} is '{cells[index].strip()[:40]}', not a number.")
    return np.array(numbers, dtype=np.float64)


def _times(table: TextTable, index: int, name: str) -> NDArray[np.float64]:
    """Return the times [d], Julian dates if they are written as calendar dates."""
    (cells,) = table.cells([index], name)
    if cells and text_table.number_of(cells[0], table.has_decimal_commas) is None and cells[0][:4].isdecimal():
        says = (table.heads[index], table.units[index], *(table.meta.get(k, "") for k in conventions.TIME_SYSTEM_KEYWORDS))
        if not any(scale in text.upper() for scale in ("UTC", "TDB") for text in says):
            raise TimeSystemError(
                f"{name}: its times are calendar dates of an unknown time scale, 69 s apart in UTC and TDB; "
                "write time (UTC) or time (TDB) above them."
            )
        try:
            dates = np.array([cell.strip().removesuffix("Z") for cell in cells], dtype="datetime64[ns]")
        except ValueError as error:
            raise CorruptFileError(f"{name}: its times cannot be read ({error}); write them as days.") from error
        return _UNIX_EPOCH_JD + (dates - np.datetime64(0, "ns")) / np.timedelta64(1, "D")
    days = _numbers(table, table.names[index], name)
    return days * quantities.days_per_unit(table.units[index])


def _quality_bits(table: TextTable, column: str, name: str) -> NDArray[np.int64]:
    """Return quality bits as integers, 0 where none is given.

    lightkurve writes them as binary digits. Raises LightCurveError for fractions and negative numbers.
    """
    (cells,) = table.cells([table.names.index(column)], name)
    digits = {cell.strip() for cell in cells} - {""}
    if digits and all(set(cell) <= {"0", "1"} for cell in digits) and any(len(cell) > 1 for cell in digits):
        return np.array([int(cell.strip() or "0", 2) & (2**62 - 1) for cell in cells], dtype=np.int64)
    return _whole_bits(_numbers(table, column, name), name)


def _whole_bits(values: NDArray[np.floating], name: str) -> NDArray[np.int64]:
    """Return floats as quality bits, 0 where none is given."""
    filled = np.where(np.isfinite(values), values, 0.0).astype(np.float64)  # half precision cannot hold the limit below
    if (filled != np.floor(filled)).any() or (filled < 0).any() or (filled >= 2.0**62).any():
        raise LightCurveError(f"{name}: quality must hold whole numbers of 0 or more, the mission's quality bits.")
    return filled.astype(np.int64)


def _numbers_in(meta: dict[str, str]) -> dict[str, object]:
    """Return keywords with those of the zero point as numbers."""
    numbers = {
        key: text_table.number_of(text) for key, text in meta.items() if key.startswith(tuple(conventions.REFERENCE_KEYWORDS))
    }
    return {**meta, **{key: number for key, number in numbers.items() if number is not None}}


def _texts(table: TextTable, name: str) -> dict[str, str]:
    """Return what comments and columns say of the star, the mission and the processing."""
    mission = identifiers.mission_of(table.meta)
    texts = {key: table.meta.get(key.upper(), "") for key in TEXT_FIELDS}
    texts["mission"] = texts["mission"] or (mission.name if mission else "")
    texts["target_id"] = (
        texts["target_id"]
        or identifiers.target_of(table.meta, mission)
        or _target_in_columns(table, name)
        or identifiers.target_in_text(table.comments)
    )
    # A zero point or a column's name may say what `time_system` leaves open.
    texts["time_system"] = "" if quantities.parse_time_reference(texts["time_system"]) else texts["time_system"]
    return texts


def _target_in_columns(table: TextTable, name: str) -> str:
    for column, prefix in conventions.TARGET_COLUMNS.items():
        if column not in table.names:
            continue
        (cells,) = table.cells([table.names.index(column)], name)
        stars = {cell.strip() for cell in cells} - {""}
        if len(stars) > 1:
            raise LightCurveError(f"{name} holds {len(stars)} stars; write one file for each.")
        star = stars.pop() if stars else ""
        return identifiers.catalog_number(star, prefix) or star if prefix else star
    return ""


def peek_csv(data: bytes, name: str) -> tuple[str, str]:
    """Return the target and the mission that a table of text names.

    Parameters
    ----------
    data : bytes
        Content of the file.
    name : str
        Name of the file, for error messages.

    Returns
    -------
    tuple of (str, str)
        Target and mission, each empty if the file does not name it.

    Raises
    ------
    CorruptFileError
        If the file is not text in UTF-8.
    LightCurveError
        If it holds no table, or several stars.
    """
    texts = _texts(text_table.parse_text_table(_decode_lines(data, name), name), name)
    return texts["target_id"], texts["mission"]


def _decode_lines(data: bytes, name: str) -> list[str]:
    """Return the lines of a text in UTF-8, or in UTF-16 as spreadsheets write it."""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise CorruptFileError(f"{name} is no CSV table but binary data or text in another encoding than UTF-8.") from error
    if "\0" in text:
        raise CorruptFileError(f"{name} is no CSV table; it holds binary data.")
    return text.splitlines()
