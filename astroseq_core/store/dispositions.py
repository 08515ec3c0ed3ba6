"""Verdicts on stars: a history that is only ever added to."""

import sqlite3
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from astroseq_core.store import reviewer as reviewer_names
from astroseq_core.store.database import connect
from astroseq_core.store.verdict import COLUMNS, TIME_DIGITS, cleaned, from_row, values
from astroseq_core.store.verdict import DISPOSITIONS as DISPOSITIONS
from astroseq_core.store.verdict import Entry as Entry
from astroseq_core.store.verdict import Verdict as Verdict

#: What a row ``d`` of the dispositions must meet to be a verdict that nobody took back.
NOT_UNDONE = "d.undoes IS NULL AND NOT EXISTS (SELECT 1 FROM dispositions AS u WHERE u.undoes = d.id)"
_NAMES = ", ".join(COLUMNS)
_INSERT = (
    f"INSERT INTO dispositions ({_NAMES}, undoes) VALUES ({', '.join('?' * (len(COLUMNS) + 1))}) "  # noqa: S608 (constants)
    "ON CONFLICT (token) WHERE token <> '' DO NOTHING"
)


def add(verdict: Verdict) -> int:
    """Keep a verdict for good; its number. Verdicts without a time are of now.

    A verdict with a token that one was given with before changes nothing, even where that one was taken back: the number is that
    of the first. So a key that was pressed twice, or a page that was drawn again, gives one verdict; a star that is shown again
    needs a new token. Raises StoreError for what cannot be kept.
    """
    verdict = cleaned(verdict)
    with connect() as db:
        return insert(db, verdict)


def undo(reviewer: str, target_id: str | None = None, token: str = "") -> Verdict | None:
    """Take back the reviewer's latest verdict, on one star where that is given; the verdict, None where there is none.

    The history gets an entry that says so and keeps the verdict. Doing it again takes back the one before; an earlier verdict of
    the reviewer on the star then stands again. With the ``token`` of an undo that was done before, nothing changes.
    """
    name = reviewer_names.clean(reviewer)
    of_star = "" if target_id is None else " AND d.target_id = ?"
    with connect() as db:
        if token and (done := _by_token(db, token)) is not None:
            return None if done["undoes"] is None else from_row(_row(db, done["undoes"]))
        row = db.execute(
            f"SELECT id, {_NAMES} FROM dispositions AS d WHERE reviewer = ?{of_star} AND {NOT_UNDONE} "  # noqa: S608 (constants)
            "ORDER BY at DESC, id DESC LIMIT 1",
            (name,) if target_id is None else (name, target_id),
        ).fetchone()
        if row is None:
            return None
        verdict = from_row(row)
        insert(db, Verdict(verdict.target_id, verdict.disposition, name, token=token), undoes=verdict.number)
    return verdict


def insert(db: sqlite3.Connection, verdict: Verdict, undoes: int | None = None) -> int:
    """Add an entry inside a transaction that writes; its number, or that of the entry with the same token.

    The time is taken here, where nobody else writes, and is never before the reviewer's last: what is added later holds, whatever
    the clock did meanwhile.
    """
    if not verdict.at:
        last = db.execute("SELECT max(at) FROM dispositions WHERE reviewer = ?", (verdict.reviewer,)).fetchone()[0]
        verdict = replace(verdict, at=max(round(time.time(), TIME_DIGITS), last or 0.0))
    cursor = db.execute(_INSERT, (*values(verdict), undoes))
    if cursor.rowcount:
        return int(cursor.lastrowid or 0)
    first = _by_token(db, verdict.token)
    return int(first["id"]) if first is not None else 0


def latest() -> tuple[Verdict, ...]:
    """Each reviewer's verdict on each star that holds now, by star; those that were taken back do not count."""
    return _standing("")


def of_star(target_id: str) -> tuple[Verdict, ...]:
    """Each reviewer's verdict on a star that holds now, by reviewer."""
    return _standing(" AND target_id = ?", target_id)


def of_reviewer(reviewer: str) -> tuple[Verdict, ...]:
    """A reviewer's verdicts that hold now, by star."""
    return _standing(" AND reviewer = ?", reviewer_names.clean(reviewer))


def _standing(condition: str, *of: str) -> tuple[Verdict, ...]:
    with connect(writing=False) as db:
        rows = db.execute(
            f"SELECT id, {_NAMES} FROM dispositions AS d WHERE {NOT_UNDONE}{condition} "  # noqa: S608 (constants)
            "ORDER BY target_id, reviewer, at, id",
            of,
        ).fetchall()
    newest = {(r["target_id"], r["reviewer"]): r for r in rows}
    return tuple(from_row(r) for r in newest.values())


def history(target_id: str = "", reviewer: str = "") -> tuple[Entry, ...]:
    """All entries, of one star or one reviewer where these are given, undone ones and undos included, the oldest first."""
    conditions: list[str] = []
    of: list[Any] = []
    if target_id:
        conditions, of = ["e.target_id = ?"], [target_id]
    if reviewer:
        conditions, of = [*conditions, "e.reviewer = ?"], [*of, reviewer_names.clean(reviewer)]
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    with connect(writing=False) as db:
        return entries(db, f"{where} ORDER BY e.at, e.id", of)


def entries(db: sqlite3.Connection, condition: str, of: Sequence[Any] = ()) -> tuple[Entry, ...]:
    """The entries ``e`` that meet the SQL condition, in its order; the verdict of an undo is the one that it took back."""
    rows = db.execute(
        "SELECT e.id AS entry, e.at AS entered, e.token AS own_token, e.imported_from AS came_from, e.undoes, v.id, "  # noqa: S608
        f"{', '.join(f'v.{c}' for c in COLUMNS)}, EXISTS (SELECT 1 FROM dispositions AS u WHERE u.undoes = e.id) AS undone "
        f"FROM dispositions AS e JOIN dispositions AS v ON v.id = coalesce(e.undoes, e.id) {condition}",
        tuple(of),
    )
    return tuple(
        Entry(r["entry"], r["entered"], from_row(r), r["undoes"] is not None, bool(r["undone"]), r["own_token"], r["came_from"])
        for r in rows
    )


def reviewers() -> dict[str, int]:
    """Everyone who ever gave a verdict, by name, and on how many stars one of theirs stands."""
    with connect(writing=False) as db:
        rows = db.execute(
            "SELECT reviewer, count(DISTINCT CASE WHEN "  # noqa: S608 (constants)
            f"{NOT_UNDONE} THEN target_id END) AS num FROM dispositions AS d GROUP BY reviewer ORDER BY reviewer"
        ).fetchall()
    return {r["reviewer"]: r["num"] for r in rows}


def counts(verdicts: Iterable[Verdict]) -> dict[str, dict[str, int]]:
    """How many of each disposition came from whom: {reviewer: {disposition: count}}."""
    found: dict[str, dict[str, int]] = {}
    for v in verdicts:
        own = found.setdefault(v.reviewer, {})
        own[v.disposition] = own.get(v.disposition, 0) + 1
    return found


def _by_token(db: sqlite3.Connection, token: str) -> Any:
    return db.execute("SELECT id, undoes FROM dispositions WHERE token = ? AND token <> ''", (token,)).fetchone()


def _row(db: sqlite3.Connection, number: int) -> Any:
    return db.execute(f"SELECT id, {_NAMES} FROM dispositions WHERE id = ?", (number,)).fetchone()  # noqa: S608 (constants)
