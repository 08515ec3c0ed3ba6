"""CSV files of the disposition history: writing them, and reading them back."""

import csv
import io
import json
import math
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from astroseq_core import targets, times
from astroseq_core.disposition_codes import DISPOSITIONS
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError, StoreError
from astroseq_core.io import files
from astroseq_core.paths import MAX_TABLE_BYTES, read_file
from astroseq_core.store import dispositions
from astroseq_core.store.disposition_entry import (
    LAST_TIME,
    MAX_CLOCK_SKEW_SECONDS,
    Disposition,
    HistoryEntry,
    clean_name,
    clean_text,
    validated,
)
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.typed_json import convert, parse

DISPOSITION_ENTRY, UNDO_ENTRY = ENTRY_KINDS = ("verdict", "undo")
#: Columns; an unknown value is an empty cell. `undoes` of an undo is the `number` of the disposition that it took back. `signal`
#: is the name of the ephemeris; `signal_star` is its star where that differs from the star of the disposition.
COLUMNS = (
    "number",
    "entry",
    "target_id",
    "disposition",
    "reviewer",
    "at_utc",
    "undoes",
    "undone",
    "flags",
    "note",
    "seconds",
    "model_id",
    "score",
    "score_hidden",
    "signal",
    "period_days",
    "t0",
    "t0_system",
    "duration_hours",
    "depth_ppm",
    "t0_err_days",
    "period_err_days",
    "signal_disposition",
    "signal_star",
    "measured",
    "token",
    "imported_from",
)
REQUIRED_COLUMNS = ("target_id", "disposition", "reviewer", "at_utc")
_EPHEMERIS_COLUMNS = COLUMNS[COLUMNS.index("signal") : COLUMNS.index("measured")]
#: Columns whose surrounding spaces are kept.
_UNSTRIPPED_COLUMNS = ("note", "signal", "signal_disposition", "model_id", "token")
#: Longest reason of a message [characters].
MAX_REASON_LENGTH = 300
#: Separates the reason codes of a disposition.
REASON_CODE_SEPARATOR = ";"
#: A cell that a spreadsheet could run as a formula, after the apostrophes that guard it.
_GUARDED = re.compile(rf"'+[{re.escape(''.join(files.FORMULA_STARTS))}]")


def write(path: Path, entries: Iterable[HistoryEntry] | None = None) -> int:
    """Write disposition history to a CSV file.

    Dispositions that were taken back are included, with 1 in the column `undone`, and so are the
    undos.

    Parameters
    ----------
    path : Path
        The CSV file to write.
    entries : iterable of CacheEntry or None, optional
        Entries to write; the whole history if None.

    Returns
    -------
    int
        Number of rows.

    Raises
    ------
    ExportError
        If the file cannot be written.
    """
    found = dispositions.history() if entries is None else tuple(entries)
    with files.TableWriter(path, COLUMNS) as table:
        table.write(csv_row(entry) for entry in sorted(found, key=lambda e: e.number))
    return len(found)


def csv_row(entry: HistoryEntry) -> dict[str, object]:
    """Return the CSV cells of an entry, by column.

    Texts that look like a guarded formula get another guard, so that reading the file gives the
    same text again.

    Parameters
    ----------
    entry : CacheEntry
        The entry.

    Returns
    -------
    dict of str to object
        Cells for `export.TableWriter`.
    """
    plain = entry_values(entry) | {
        "flags": REASON_CODE_SEPARATOR.join(entry.disposition.reason_codes),
        "note": clean_text(entry.disposition.note),
    }
    plain["measured"] = json.dumps(dict(entry.disposition.measured)) if entry.disposition.measured else ""
    if entry.is_undo:
        plain |= dict.fromkeys(("flags", "note", "measured"), "")
    return {
        name: _add_formula_guard(v) if isinstance(v, str) else int(v) if isinstance(v, bool) else v for name, v in plain.items()
    }


def entry_values(entry: HistoryEntry) -> dict[str, object]:
    """Return an entry as plain values, by column.

    An undo has only its number, time, reviewer, token, file and the disposition that it took back.

    Parameters
    ----------
    entry : CacheEntry
        The entry.

    Returns
    -------
    dict of str to object
        Plain values; missing columns are empty.
    """
    v = entry.disposition
    row: dict[str, object] = {
        "number": entry.number,
        "entry": UNDO_ENTRY if entry.is_undo else DISPOSITION_ENTRY,
        "target_id": v.target_id,
        "disposition": v.disposition,
        "reviewer": v.reviewer,
        "at_utc": utc_text(entry.at),
        "token": entry.token,
        "imported_from": entry.imported_from,
    }
    if entry.is_undo:
        return row | {"undoes": v.number}
    row |= {
        "undone": entry.undone,
        "flags": list(v.reason_codes),
        "note": v.note,
        "seconds": v.seconds,
        "model_id": v.model_id,
        "score": v.score,
        "score_hidden": v.score_hidden,
        "measured": dict(v.measured),
    }
    if (e := v.ephemeris) is not None:
        row |= {
            "signal": e.name,
            "period_days": e.period_days,
            "t0": e.t0.days,
            "t0_system": str(e.t0.system),
            "duration_hours": e.duration_hours,
            "depth_ppm": e.depth_ppm,
            "t0_err_days": e.t0_err,
            "period_err_days": e.period_err,
            "signal_disposition": e.disposition,
            "signal_star": "" if e.target_id == v.target_id else e.target_id,
        }
    return row


def utc_text(at: float) -> str:
    """Format a time as ISO 8601 in UTC, to the microsecond.

    Parameters
    ----------
    at : float
        Time [s since 1970].

    Returns
    -------
    str
        Text such as "2026-03-01T20:15:00.000000Z".

    Examples
    --------
    >>> utc_text(0.5)
    '1970-01-01T00:00:00.500000Z'
    """
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def remove_formula_guard(cell: str) -> str:
    """Remove the apostrophe that keeps spreadsheets from running a cell as a formula.

    Parameters
    ----------
    cell : str
        Text of a cell.

    Returns
    -------
    str
        The text without the guard; unchanged if it has none.

    Examples
    --------
    >>> remove_formula_guard("'=A1"), remove_formula_guard("'tis")
    ('=A1', "'tis")
    """
    return cell[1:] if _GUARDED.match(cell) else cell


def _add_formula_guard(text: str) -> str:
    """Add a guard to text that looks guarded already, so that `unguarded` restores it."""
    return f"'{text}" if _GUARDED.match(text) else text


@dataclass(frozen=True)
class CsvRow:
    """One row of a CSV file of dispositions.

    Attributes
    ----------
    line : int
        Row number as in a spreadsheet; the header is row 1.
    number : str
        Number of the entry in the file; "" if it has none.
    disposition : Disposition
        The disposition; for an undo, a record with the undo's reviewer, time and token.
    undone : bool
        Whether the file says that the disposition was taken back.
    is_undo : bool
        Whether the row is an undo.
    undoes : str
        For an undo, the number of the disposition that it takes back.
    ahead : bool
        Whether its time has not come yet.
    """

    line: int
    number: str
    disposition: Disposition
    undone: bool = False
    is_undo: bool = False
    undoes: str = ""
    ahead: bool = False


def read(path: Path) -> tuple[CsvRow, ...]:
    """Read a CSV file of dispositions.

    A time that has not come yet is a mistake, but what `write` wrote of a store that has such times
    is read.

    Parameters
    ----------
    path : Path
        The CSV file, in UTF-8.

    Returns
    -------
    tuple of CsvRow
        The rows, in the file's order.

    Raises
    ------
    StoreError
        If the file cannot be read, lacks a required column or has one twice, or if a row is not
        valid; the message names row and column.
    """
    try:
        text = read_file(path, MAX_TABLE_BYTES, StoreError).decode("utf-8-sig")
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise StoreError(f"{path.name} cannot be read as a CSV of dispositions ({error}).") from error
    header = [name.strip().lower() for name in (lines or [[]])[0]]
    if missing := [name for name in REQUIRED_COLUMNS if name not in header]:
        raise StoreError(f"{path.name} lacks the columns {', '.join(missing)}; it needs {', '.join(REQUIRED_COLUMNS)}.")
    if twice := sorted({name for name in header if name and header.count(name) > 1}):
        raise StoreError(f"{path.name} has the column {twice[0]} twice; remove one.")
    has_all, rows = set(COLUMNS) <= set(header), []
    for place, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(header):
            raise row_error(path, place, str(len(header) + 1), "there are more cells than column names")
        rows.append(_parse_row(path, place, dict(zip(header, map(remove_formula_guard, cells), strict=False)), has_all))
    return tuple(rows)


def row_error(path: Path, place: int, column: str, reason: object) -> StoreError:
    """Build the error for an invalid cell.

    Parameters
    ----------
    path : Path
        The CSV file.
    place : int
        Row number as in a spreadsheet.
    column : str
        Name of the column.
    reason : object
        What is wrong with the cell.

    Returns
    -------
    StoreError
        The error, to be raised.
    """
    return StoreError(f"{path.name}, row {place}, column {column}: {shorten(reason)}; nothing was imported.")


def shorten(reason: object) -> str:
    """Return a reason on one line, without a full stop and without the whole of a long cell.

    Parameters
    ----------
    reason : object
        The reason.

    Returns
    -------
    str
        At most some 300 characters.
    """
    text = " ".join(str(reason).split()).rstrip(".")
    return text if len(text) <= MAX_REASON_LENGTH else f"{text[: MAX_REASON_LENGTH // 2]} … {text[-MAX_REASON_LENGTH // 2 :]}"


def _parse_row(path: Path, place: int, cells: dict[str, str], has_all: bool) -> CsvRow:
    # `write` fills these cells of every row; a person's own table does not have them
    is_own = has_all and bool(cells.get("entry") and cells.get("number"))
    column, latest = "", LAST_TIME if is_own else time.time() + MAX_CLOCK_SKEW_SECONDS

    def cell(name: str) -> str:
        nonlocal column
        column = name
        text = cells.get(name, "")
        return text if name in _UNSTRIPPED_COLUMNS else text.strip()

    try:
        # In this order, so that `column` is the column being read when something raises.
        target_id = targets.parse_star(cell("target_id")).id
        is_undo = _one_of(cell("entry") or DISPOSITION_ENTRY, ENTRY_KINDS) == UNDO_ENTRY
        reviewer = clean_name(cell("reviewer"))
        at = _parse_utc(cell("at_utc"), latest)
        ahead = at > time.time() + MAX_CLOCK_SKEW_SECONDS
        disposition = _one_of(cell("disposition"), DISPOSITIONS)
        came_from = _printable(cell("imported_from") or path.name)
        token = cell("token")
        verdict = validated(Disposition(target_id, disposition, reviewer, at, token=token, imported_from=came_from), latest)
        if is_undo:
            if not (undoes := cell("undoes")):
                raise StoreError("an undo must say the number of the disposition that it takes back")
            return CsvRow(place, cells.get("number", "").strip(), verdict, is_undo=True, undoes=undoes, ahead=ahead)
        flags = tuple(f for f in cell("flags").split(REASON_CODE_SEPARATOR) if f.strip())
        verdict = validated(replace(verdict, reason_codes=flags), latest)
        verdict = replace(
            verdict,
            score=_parse_number(cell("score")),
            model_id=cell("model_id"),
            seconds=_parse_number(cell("seconds")),
            score_hidden=_parse_flag(cell("score_hidden")),
            measured=_parse_measured(cell("measured")),
            ephemeris=_parse_ephemeris(cell, target_id),
        )
        undone = _parse_flag(cell("undone"))
        verdict = validated(replace(verdict, note=cell("note")), latest)
    except AstroSeqError as error:
        raise row_error(path, place, column, error) from error
    return CsvRow(place, cells.get("number", "").strip(), verdict, undone, ahead=ahead)


def _parse_ephemeris(cell: Callable[[str], str], target_id: str) -> Ephemeris | None:
    """Parse the ephemeris of a row; None if all its cells are empty.

    An error is about the cell that was read last.
    """
    if not any(cell(name) for name in _EPHEMERIS_COLUMNS):
        return None
    star = cell("signal_star")
    of = targets.parse_star(star).id if star else target_id
    name, disposition = cell("signal"), cell("signal_disposition")
    depth, t0_err, period_err = (_parse_number(cell(c)) for c in ("depth_ppm", "t0_err_days", "period_err_days"))
    system = TimeSystem.parse(cell("t0_system"))
    if (t0 := _parse_number(cell("t0"))) is None:
        raise StoreError("an ephemeris needs an epoch")
    times.check(np.array([t0]), system, "t0")
    period = _parse_number(cell("period_days"))
    if period is not None and period <= 0:
        raise StoreError("the period must be a positive number of days, or empty for a single transit")
    if (duration := _parse_number(cell("duration_hours"))) is None:
        raise StoreError("an ephemeris needs a duration")
    return Ephemeris(of, name, Instant(t0, system), period, duration, depth, t0_err or 0.0, period_err or 0.0, disposition)


def _parse_number(text: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise StoreError(f"'{text}' is no number") from None
    if not math.isfinite(value):
        raise StoreError(f"'{text}' is no finite number")
    return value


def _parse_utc(text: str, latest: float) -> float:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise StoreError(f"'{text}' is no time; write one like 2026-03-01T20:15:00Z") from None
    if when.tzinfo is None:
        raise StoreError(f"'{text}' does not say in which time zone; add Z for UTC")
    try:
        at = when.timestamp()
    except (OverflowError, ValueError):
        at = 0.0
    if at <= 0 or at > latest:
        raise StoreError(
            f"'{text}' is no time at which anyone decided: it is before 1970 or has not come yet; correct it, or the clock"
        )
    return at


def _parse_measured(text: str) -> dict[str, float | str]:
    try:
        return convert(parse(text or "{}", nan=True, infinite=True), dict[str, float | str], "what was measured")
    except ValueError as error:
        raise StoreError(f"what was measured must be a JSON object of numbers and texts ({error})") from None


def _parse_flag(text: str) -> bool:
    return _one_of(text or "0", ("0", "1")) == "1"


def _one_of(text: str, words: tuple[str, ...]) -> str:
    if text not in words:
        raise StoreError(f"'{text}' is none of {', '.join(words)}")
    return text


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)
