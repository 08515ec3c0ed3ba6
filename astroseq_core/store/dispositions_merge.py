"""The history of another store, or of another copy of this one, merged into this one's."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from astroseq_core.store import dispositions_table
from astroseq_core.store.database import connect
from astroseq_core.store.dispositions import insert
from astroseq_core.store.dispositions_table import ReadRow, bad
from astroseq_core.store.verdict import Verdict

#: Times that differ by less [s] are the same: a table holds microseconds.
SAME_TIME = 0.6e-6


@dataclass(frozen=True)
class Merged:
    """What came of a merge: how many ``verdicts`` and ``undos`` were added, and how many rows were ``known`` already."""

    verdicts: int
    undos: int
    known: int


def merge(path: Path) -> Merged:
    """Add what a CSV of dispositions holds and the store does not; reading it twice changes nothing.

    A verdict is known by its token, or by its star, reviewer, time and disposition. Which verdict holds goes by the time at which
    it was given, so an older one that is added now replaces no newer one. Raises StoreError, and adds nothing at all, where the
    file cannot be read or one row of it cannot be; it is named by its place and column.
    """
    rows = dispositions_table.read(path)
    _check(path, rows)
    added = undone = known = 0
    numbers: dict[str, int] = {}
    of: dict[str, Verdict] = {}
    with connect() as db:
        for row in rows:
            if row.is_undo:
                continue
            number = _known(db, path, row)
            known += number is not None
            added += number is None
            number = insert(db, row.verdict) if number is None else number
            if row.number:
                numbers[row.number], of[row.number] = number, row.verdict
        for row in rows:
            if not row.is_undo:
                continue
            if _is_undone(db, path, row, numbers[row.undoes]):
                known += 1
                continue
            # The entry says what it took back, whatever its row says.
            insert(db, replace(row.verdict, disposition=of[row.undoes].disposition), undoes=numbers[row.undoes])
            undone += 1
    return Merged(added, undone, known)


def _check(path: Path, rows: Sequence[ReadRow]) -> None:
    """Raise StoreError where rows do not fit each other."""
    verdicts: dict[str, ReadRow] = {}
    seen: set[str] = set()
    for row in rows:
        if row.number and row.number in seen:
            raise bad(path, row.place, "number", f"{row.number} is there twice")
        seen.add(row.number)
        if row.number and not row.is_undo:
            verdicts[row.number] = row
    taken_back: set[str] = set()
    for row in rows:
        if not row.is_undo:
            continue
        of = verdicts.get(row.undoes)
        if of is None:
            raise bad(path, row.place, "undoes", f"no verdict of this file has the number {row.undoes}")
        if of.verdict.target_id != row.verdict.target_id:
            raise bad(path, row.place, "target_id", f"the verdict number {row.undoes} is on {of.verdict.target_id}")
        if of.verdict.reviewer != row.verdict.reviewer:
            raise bad(path, row.place, "reviewer", f"the verdict number {row.undoes} is of {of.verdict.reviewer}")
        if row.undoes in taken_back:
            raise bad(path, row.place, "undoes", f"the verdict number {row.undoes} is taken back twice")
        taken_back.add(row.undoes)
    for number, row in verdicts.items():
        if row.undone and number not in taken_back:
            raise bad(path, row.place, "undone", "no row of this file takes the verdict back")
    for row in rows:
        if row.undone and not row.number:
            raise bad(path, row.place, "number", "a verdict that was taken back needs a number for the row that says so")


def _known(db: sqlite3.Connection, path: Path, row: ReadRow) -> int | None:
    """The number under which the store has the verdict; raises StoreError where its token is that of another entry."""
    v = row.verdict
    if v.token:
        same = db.execute(
            "SELECT id, target_id, reviewer, disposition, undoes FROM dispositions WHERE token = ? AND token <> ''", (v.token,)
        ).fetchone()
        if same is not None:
            if tuple(same)[1:] != (v.target_id, v.reviewer, v.disposition, None):
                raise bad(path, row.place, "token", "another entry of the store has it")
            return int(same["id"])
    same = db.execute(
        "SELECT id FROM dispositions WHERE target_id = ? AND reviewer = ? AND disposition = ? AND undoes IS NULL "
        "AND at BETWEEN ? AND ? ORDER BY id LIMIT 1",
        (v.target_id, v.reviewer, v.disposition, v.at - SAME_TIME, v.at + SAME_TIME),
    ).fetchone()
    return None if same is None else int(same["id"])


def _is_undone(db: sqlite3.Connection, path: Path, row: ReadRow, number: int) -> bool:
    """Whether the store has a verdict taken back already; raises StoreError where the undo's token is that of another entry."""
    if db.execute("SELECT 1 FROM dispositions WHERE undoes = ?", (number,)).fetchone() is not None:
        return True
    token = row.verdict.token
    if token and db.execute("SELECT 1 FROM dispositions WHERE token = ? AND token <> ''", (token,)).fetchone() is not None:
        raise bad(path, row.place, "token", "another entry of the store has it")
    return False
