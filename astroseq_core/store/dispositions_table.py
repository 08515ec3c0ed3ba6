"""The history of verdicts as a CSV: written whole, and its rows read again."""

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
from typing import Any

import numpy as np

from astroseq_core import export, targets, times
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError, StoreError
from astroseq_core.store import dispositions
from astroseq_core.store.reviewer import clean, clean_text
from astroseq_core.store.verdict import DISPOSITIONS, Entry, Verdict, cleaned
from astroseq_core.times import Instant, TimeSystem

VERDICT, UNDO = KINDS = ("verdict", "undo")
#: Empty cells are what is not known. ``undoes`` of an undo is the ``number`` of the verdict that it took back. Of the ephemeris,
#: ``signal`` is the name; ``signal_star`` is there where its star is called otherwise than the verdict's.
COLUMNS = (
    "number", "entry", "target_id", "disposition", "reviewer", "at_utc", "undoes", "undone", "flags", "note", "seconds",
    "model_id", "score", "score_hidden", "signal", "period_days", "t0", "t0_system", "duration_hours", "depth_ppm",
    "t0_err_days", "period_err_days", "signal_disposition", "signal_star", "measured", "token", "imported_from",
)  # fmt: skip
REQUIRED = ("target_id", "disposition", "reviewer", "at_utc")
_OF_EPHEMERIS = COLUMNS[COLUMNS.index("signal") : COLUMNS.index("measured")]
#: Cells of which a space is a part.
_AS_THEY_STAND = ("note", "signal", "signal_disposition", "model_id", "token")
#: Clocks may differ [s], but no verdict is of tomorrow.
MOST_AHEAD_SECONDS = 86_400.0
#: Between the flags of a verdict.
FLAGS_JOINED = ";"
#: A cell that a spreadsheet could run, behind the apostrophes that keep it from doing so.
_GUARDED = re.compile(rf"'+[{re.escape(''.join(export.FORMULA_STARTS))}]")


def write(path: Path, entries: Iterable[Entry] | None = None) -> int:
    """Write the history, or the ``entries`` of it, as a CSV; how many rows. Raises ExportError where that cannot be.

    Verdicts that were taken back are there, with a 1 in ``undone``, and so are the entries that took them back.
    """
    found = dispositions.history() if entries is None else tuple(entries)
    with export.TableWriter(path, COLUMNS) as table:
        table.write(as_row(entry) for entry in sorted(found, key=lambda e: e.number))
    return len(found)


def as_row(entry: Entry) -> dict[str, Any]:
    """The entry's row by column, for ``export.TableWriter``; texts that would not come back from there as they are, guarded."""
    plain = as_values(entry) | {"flags": FLAGS_JOINED.join(entry.verdict.flags), "note": clean_text(entry.verdict.note)}
    plain["measured"] = json.dumps(dict(entry.verdict.measured)) if entry.verdict.measured else ""
    if entry.is_undo:
        plain |= dict.fromkeys(("flags", "note", "measured"), "")
    return {name: _guarded(v) if isinstance(v, str) else int(v) if isinstance(v, bool) else v for name, v in plain.items()}


def as_values(entry: Entry) -> dict[str, Any]:
    """The entry as plain values by column; an undo's says only what it took back, when, and of whom."""
    v = entry.verdict
    row: dict[str, Any] = {
        "number": entry.number, "entry": UNDO if entry.is_undo else VERDICT, "target_id": v.target_id,
        "disposition": v.disposition, "reviewer": v.reviewer, "at_utc": utc(entry.at), "token": entry.token,
        "imported_from": entry.imported_from,
    }  # fmt: skip
    if entry.is_undo:
        return row | {"undoes": v.number}
    row |= {
        "undone": entry.undone, "flags": list(v.flags), "note": v.note, "seconds": v.seconds, "model_id": v.model_id,
        "score": v.score, "score_hidden": v.score_hidden, "measured": dict(v.measured),
    }  # fmt: skip
    if (e := v.ephemeris) is not None:
        row |= {
            "signal": e.name, "period_days": e.period_days, "t0": e.t0.days, "t0_system": str(e.t0.system),
            "duration_hours": e.duration_hours, "depth_ppm": e.depth_ppm, "t0_err_days": e.t0_err,
            "period_err_days": e.period_err, "signal_disposition": e.disposition,
            "signal_star": "" if e.target_id == v.target_id else e.target_id,
        }  # fmt: skip
    return row


def utc(at: float) -> str:
    """The time [s since 1970] as ISO-8601 in UTC, to the microsecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def unguarded(cell: str) -> str:
    """The text of a cell: the apostrophe that kept a spreadsheet from running it is off."""
    return cell[1:] if _GUARDED.match(cell) else cell


def _guarded(text: str) -> str:
    """The text so that ``unguarded`` gives it again after ``export.cell``: one that looks guarded already gets another guard."""
    return f"'{text}" if _GUARDED.match(text) else text


@dataclass(frozen=True)
class ReadRow:
    """A row of such a table: its ``place`` as a spreadsheet counts (the header is 1), its ``number`` there, '' without one, and
    the verdict or undo. An undo has the reviewer, time and token of its own in ``verdict``, and ``undoes`` is the number that it
    takes back.
    """

    place: int
    number: str
    verdict: Verdict
    undone: bool = False
    is_undo: bool = False
    undoes: str = ""


def read(path: Path) -> tuple[ReadRow, ...]:
    """The rows of the table, in its order.

    Raises StoreError where it cannot be read or lacks a column of REQUIRED, and for the first row that cannot be: it is named by
    its place and column.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except FileNotFoundError:
        raise StoreError(f"There is no file {path}; check its name.") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise StoreError(f"{path.name} cannot be read as a CSV of dispositions ({error}).") from error
    header = [name.strip().lower() for name in (lines or [[]])[0]]
    if missing := [name for name in REQUIRED if name not in header]:
        raise StoreError(f"{path.name} lacks the columns {', '.join(missing)}; it needs {', '.join(REQUIRED)}.")
    if twice := sorted({name for name in header if name and header.count(name) > 1}):
        raise StoreError(f"{path.name} has the column {twice[0]} twice; remove one.")
    rows = []
    for place, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(header):
            raise bad(path, place, str(len(header) + 1), "there are more cells than column names")
        rows.append(_read(path, place, dict(zip(header, map(unguarded, cells), strict=False))))
    return tuple(rows)


def bad(path: Path, place: int, column: str, reason: object) -> StoreError:
    """The error that names a row and its column."""
    return StoreError(f"{path.name}, row {place}, column {column}: {str(reason).rstrip('.')}; nothing was imported.")


def _read(path: Path, place: int, cells: dict[str, str]) -> ReadRow:
    column = ""

    def cell(name: str) -> str:
        nonlocal column
        column = name
        text = cells.get(name, "")
        return text if name in _AS_THEY_STAND else text.strip()

    try:
        # In this order, so that ``column`` is the one that is looked at when something raises.
        target_id = targets.parse_star(cell("target_id")).id
        is_undo = _one_of(cell("entry") or VERDICT, KINDS) == UNDO
        reviewer = clean(cell("reviewer"))
        at = _seconds(cell("at_utc"))
        disposition = _one_of(cell("disposition"), DISPOSITIONS)
        came_from = _printable(cell("imported_from") or path.name)
        token = cell("token")
        verdict = cleaned(Verdict(target_id, disposition, reviewer, at, token=token, imported_from=came_from))
        if is_undo:
            if not (undoes := cell("undoes")):
                raise StoreError("an undo must say the number of the verdict that it takes back")
            return ReadRow(place, cells.get("number", "").strip(), verdict, is_undo=True, undoes=undoes)
        flags = tuple(f for f in cell("flags").split(FLAGS_JOINED) if f.strip())
        verdict = cleaned(replace(verdict, flags=flags))
        verdict = replace(
            verdict, score=_number(cell("score")), model_id=cell("model_id"), seconds=_number(cell("seconds")),
            score_hidden=_yes(cell("score_hidden")), measured=_measured(cell("measured")), ephemeris=_ephemeris(cell, target_id),
        )  # fmt: skip
        undone = _yes(cell("undone"))
        verdict = cleaned(replace(verdict, note=cell("note")))
    except AstroSeqError as error:
        raise bad(path, place, column, error) from error
    return ReadRow(place, cells.get("number", "").strip(), verdict, undone)


def _ephemeris(cell: Callable[[str], str], target_id: str) -> Ephemeris | None:
    """The ephemeris of a row, None where all its cells are empty; what raises is about the cell that was asked for last."""
    if not any(cell(name) for name in _OF_EPHEMERIS):
        return None
    star = cell("signal_star")
    of = targets.parse_star(star).id if star else target_id
    name, disposition = cell("signal"), cell("signal_disposition")
    depth, t0_err, period_err = (_number(cell(c)) for c in ("depth_ppm", "t0_err_days", "period_err_days"))
    system = TimeSystem.parse(cell("t0_system"))
    if (t0 := _number(cell("t0"))) is None:
        raise StoreError("an ephemeris needs an epoch")
    times.check(np.array([t0]), system, "t0")
    period = _number(cell("period_days"))
    if period is not None and period <= 0:
        raise StoreError("the period must be a positive number of days, or empty for a single transit")
    if (duration := _number(cell("duration_hours"))) is None:
        raise StoreError("an ephemeris needs a duration")
    return Ephemeris(of, name, Instant(t0, system), period, duration, depth, t0_err or 0.0, period_err or 0.0, disposition)


def _number(text: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise StoreError(f"'{text}' is no number") from None
    if not math.isfinite(value):
        raise StoreError(f"'{text}' is no finite number")
    return value


def _seconds(text: str) -> float:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise StoreError(f"'{text}' is no time; write one like 2026-03-01T20:15:00Z") from None
    if when.tzinfo is None:
        raise StoreError(f"'{text}' does not say in which time zone; add Z for UTC")
    at = when.timestamp()
    if at <= 0 or at > time.time() + MOST_AHEAD_SECONDS:
        raise StoreError(f"'{text}' is no time at which anyone decided: it is before 1970 or has not come yet")
    return at


def _measured(text: str) -> dict[str, float | str]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(v, str | float | int) for v in found.values()):
        raise StoreError("what was measured must be a JSON object of numbers and texts")
    return found


def _yes(text: str) -> bool:
    return _one_of(text or "0", ("0", "1")) == "1"


def _one_of(text: str, words: tuple[str, ...]) -> str:
    if text not in words:
        raise StoreError(f"'{text}' is none of {', '.join(words)}")
    return text


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)
