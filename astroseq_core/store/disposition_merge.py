"""Merging the history of another store, or of another copy of this one, from a CSV file."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from astroseq_core.store import disposition_csv
from astroseq_core.store.database import connect
from astroseq_core.store.disposition_csv import CsvRow, row_error
from astroseq_core.store.disposition_entry import Disposition
from astroseq_core.store.dispositions import insert_entry

#: Times that differ by less [s] count as equal: the CSV holds microseconds.
SAME_TIME_SECONDS = 0.6e-6


@dataclass(frozen=True)
class MergeResult:
    """Result of a merge.

    Attributes
    ----------
    dispositions : int
        Number of dispositions added.
    undos : int
        Number of undos added.
    known : int
        Number of rows that the store had already.
    ahead : tuple of str
        One sentence for each row that was added and whose time has not come yet.
    """

    dispositions: int
    undos: int
    known: int
    ahead: tuple[str, ...] = ()


def merge(path: Path) -> MergeResult:
    """Add the dispositions and undos of a CSV file that the store does not have yet.

    Merging a file twice changes nothing. An entry is recognized by its token, or by its star,
    reviewer, time and disposition. The current disposition is the one given last, so an older one
    that is added now does not replace a newer one. Either all rows are added or none.

    Parameters
    ----------
    path : Path
        The CSV file.

    Returns
    -------
    MergeResult
        How many entries were added and how many were known.

    Raises
    ------
    StoreError
        If the file or one of its rows cannot be read; the message names row and column.
    """
    rows = disposition_csv.read(path)
    _check_rows(path, rows)
    added = undone = known = 0
    ahead: list[str] = []
    numbers: dict[str, int] = {}
    of: dict[str, Disposition] = {}
    with connect() as db:
        for row in rows:
            if row.is_undo:
                continue
            number = _find_existing(db, path, row)
            known += number is not None
            added += number is None
            ahead += [_ahead_sentence(path, row)] if row.ahead and number is None else []
            number = insert_entry(db, row.disposition) if number is None else number
            if row.number:
                numbers[row.number], of[row.number] = number, row.disposition
        for row in rows:
            if not row.is_undo:
                continue
            if _undo_exists(db, path, row, numbers[row.undoes]):
                known += 1
                continue
            # The entry gets the disposition that it takes back, whatever its row says.
            insert_entry(db, replace(row.disposition, disposition=of[row.undoes].disposition), undoes=numbers[row.undoes])
            undone += 1
            ahead += [_ahead_sentence(path, row)] if row.ahead else []
    return MergeResult(added, undone, known, tuple(ahead))


def _ahead_sentence(path: Path, row: CsvRow) -> str:
    v = row.disposition
    when = f"{disposition_csv.utc_text(v.at)[:10]}, which has not come yet"
    return f"{path.name}, row {row.line}: the entry on {v.target_id} by {v.reviewer} is of {when}; it was added as it is."


def _check_rows(path: Path, rows: Sequence[CsvRow]) -> None:
    """Raise StoreError if the rows contradict each other."""
    dispositions: dict[str, CsvRow] = {}
    seen: set[str] = set()
    for row in rows:
        if row.number and row.number in seen:
            raise row_error(path, row.line, "number", f"{row.number} is there twice")
        seen.add(row.number)
        if row.number and not row.is_undo:
            dispositions[row.number] = row
    taken_back: set[str] = set()
    for row in rows:
        if not row.is_undo:
            continue
        of = dispositions.get(row.undoes)
        if of is None:
            raise row_error(path, row.line, "undoes", f"no disposition of this file has the number {row.undoes}")
        if of.disposition.target_id != row.disposition.target_id:
            raise row_error(path, row.line, "target_id", f"the disposition number {row.undoes} is on {of.disposition.target_id}")
        if of.disposition.reviewer != row.disposition.reviewer:
            raise row_error(path, row.line, "reviewer", f"the disposition number {row.undoes} is of {of.disposition.reviewer}")
        if row.undoes in taken_back:
            raise row_error(path, row.line, "undoes", f"the disposition number {row.undoes} is taken back twice")
        taken_back.add(row.undoes)
    for number, row in dispositions.items():
        if row.undone and number not in taken_back:
            raise row_error(path, row.line, "undone", "no row of this file takes the disposition back")
    for row in rows:
        if row.undone and not row.number:
            raise row_error(path, row.line, "number", "a disposition that was taken back needs a number for the row that says so")


def _find_existing(db: sqlite3.Connection, path: Path, row: CsvRow) -> int | None:
    """Return the number of the disposition in the store; None if it is new.

    Raises StoreError if another entry has its token.
    """
    v = row.disposition
    if v.token:
        same = db.execute(
            "SELECT id, target_id, reviewer, disposition, undoes FROM dispositions WHERE token = ? AND token <> ''", (v.token,)
        ).fetchone()
        if same is not None:
            if tuple(same)[1:] != (v.target_id, v.reviewer, v.disposition, None):
                raise row_error(path, row.line, "token", "another entry of the store has it")
            return int(same["id"])
    same = db.execute(
        "SELECT id FROM dispositions WHERE target_id = ? AND reviewer = ? AND disposition = ? AND undoes IS NULL "
        "AND at BETWEEN ? AND ? ORDER BY id LIMIT 1",
        (v.target_id, v.reviewer, v.disposition, v.at - SAME_TIME_SECONDS, v.at + SAME_TIME_SECONDS),
    ).fetchone()
    return None if same is None else int(same["id"])


def _undo_exists(db: sqlite3.Connection, path: Path, row: CsvRow, number: int) -> bool:
    """Return whether the store has the undo already.

    Raises StoreError if another entry has the undo's token.
    """
    if db.execute("SELECT 1 FROM dispositions WHERE undoes = ?", (number,)).fetchone() is not None:
        return True
    token = row.disposition.token
    if token and db.execute("SELECT 1 FROM dispositions WHERE token = ? AND token <> ''", (token,)).fetchone() is not None:
        raise row_error(path, row.line, "token", "another entry of the store has it")
    return False
