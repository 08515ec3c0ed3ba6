"""Dispositions: an append-only history, and the agreement between its reviewers."""

import sqlite3
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from astroseq_core.disposition_codes import UNSURE_DISPOSITIONS
from astroseq_core.store import disposition_entry as reviewer_names
from astroseq_core.store.database import connect
from astroseq_core.store.disposition_entry import (
    COLUMNS,
    TIME_DIGITS,
    Disposition,
    HistoryEntry,
    disposition_from_row,
    row_values,
    validated,
)
from astroseq_core.store.rows import damaged_rows, usable_rows
from astroseq_core.store.signal_dispositions import SignalDispositions, by_signal

#: SQL condition for a row `d` of the table dispositions that is a disposition and was not taken back.
NOT_UNDONE = "d.undoes IS NULL AND NOT EXISTS (SELECT 1 FROM dispositions AS u WHERE u.undoes = d.id)"
_NAMES = ", ".join(COLUMNS)
_INSERT = (
    f"INSERT INTO dispositions ({_NAMES}, undoes) VALUES ({', '.join('?' * (len(COLUMNS) + 1))}) "  # noqa: S608 (constants)
    "ON CONFLICT (token) WHERE token <> '' DO NOTHING"
)


def add(disposition: Disposition) -> int:
    """Save a disposition permanently.

    A token that was used before changes nothing, even if that disposition was taken back: the
    number of the first entry is returned. So a key pressed twice, or a page drawn again, gives one
    disposition. Each new display of a star needs a new token.

    Parameters
    ----------
    disposition : Disposition
        The disposition; without a time it gets the present one.

    Returns
    -------
    int
        Number of the entry.

    Raises
    ------
    StoreError
        If the disposition is not valid or cannot be written.
    TargetError
        If its star is not a target.
    """
    disposition = validated(disposition)
    with connect() as db:
        return insert_entry(db, disposition)


def undo(reviewer: str, target_id: str | None = None, token: str = "") -> Disposition | None:
    """Take back a reviewer's latest disposition.

    The history gets an entry for the undo and keeps the disposition. Another undo takes back the
    one before; an earlier disposition of the star by the same reviewer becomes current again. A
    token of an earlier undo changes nothing.

    Parameters
    ----------
    reviewer : str
        Name of the reviewer.
    target_id : str or None, optional
        Star whose disposition to take back; the latest on any star if None.
    token : str, optional
        Token of the display that the undo comes from; "" for none.

    Returns
    -------
    Disposition or None
        The disposition that was taken back; None if there was none.

    Raises
    ------
    StoreError
        If the name is not valid or the store cannot be written.
    """
    name = reviewer_names.clean_name(reviewer)
    of_star = "" if target_id is None else " AND d.target_id = ?"
    with connect() as db:
        if token and (done := _row_by_token(db, token)) is not None:
            return None if done["undoes"] is None else disposition_from_row(_row_by_number(db, done["undoes"]))
        row = db.execute(
            f"SELECT id, {_NAMES} FROM dispositions AS d WHERE reviewer = ?{of_star} AND {NOT_UNDONE} "  # noqa: S608 (constants)
            "ORDER BY at DESC, id DESC LIMIT 1",
            (name,) if target_id is None else (name, target_id),
        ).fetchone()
        if row is None:
            return None
        disposition = disposition_from_row(row)
        insert_entry(
            db, Disposition(disposition.target_id, disposition.disposition, name, token=token), undoes=disposition.number
        )
    return disposition


def insert_entry(db: sqlite3.Connection, disposition: Disposition, undoes: int | None = None) -> int:
    """Add an entry inside an open write transaction.

    The time is set here, while nobody else writes, and is never before the reviewer's last entry,
    so that a later entry stays later even if the clock was set back.

    Parameters
    ----------
    db : sqlite3.Connection
        Connection inside a write transaction.
    disposition : Disposition
        A validated disposition; for an undo, the reviewer, time and token of the undo.
    undoes : int or None, optional
        Number of the entry that this one takes back; None for a disposition.

    Returns
    -------
    int
        Number of the new entry, or of the entry that has the same token.
    """
    if not disposition.at:
        last = db.execute("SELECT max(at) FROM dispositions WHERE reviewer = ?", (disposition.reviewer,)).fetchone()[0]
        disposition = replace(disposition, at=max(round(time.time(), TIME_DIGITS), last or 0.0))
    cursor = db.execute(_INSERT, (*row_values(disposition), undoes))
    if cursor.rowcount:
        return int(cursor.lastrowid or 0)
    first = _row_by_token(db, disposition.token)
    return int(first["id"]) if first is not None else 0


def list_current() -> tuple[Disposition, ...]:
    """List the current disposition of every star by each reviewer.

    Dispositions that were taken back do not count.

    Returns
    -------
    tuple of Disposition
        Current dispositions, sorted by star and reviewer.
    """
    return _select_current("")


def list_by_star(target_id: str) -> tuple[Disposition, ...]:
    """List the current dispositions of one star.

    Parameters
    ----------
    target_id : str
        Identifier of the star.

    Returns
    -------
    tuple of Disposition
        One disposition per reviewer, sorted by reviewer.
    """
    return _select_current(" AND target_id = ?", target_id)


def list_by_reviewer(reviewer: str) -> tuple[Disposition, ...]:
    """List the current dispositions by one reviewer.

    Parameters
    ----------
    reviewer : str
        Name of the reviewer.

    Returns
    -------
    tuple of Disposition
        One disposition per star, sorted by star.

    Raises
    ------
    StoreError
        If the name is not valid.
    """
    return _select_current(" AND reviewer = ?", reviewer_names.clean_name(reviewer))


def list_standing(target_id: str = "") -> tuple[Disposition, ...]:
    """List every disposition that was not taken back, also those that a newer one of the same reviewer follows.

    `signal_dispositions` says which of them are the current ones of each signal.

    Parameters
    ----------
    target_id : str, optional
        Only those of this star, unless empty.

    Returns
    -------
    tuple of Disposition
        Dispositions, sorted by star, reviewer and time.
    """
    condition, of = (" AND target_id = ?", (target_id,)) if target_id else ("", ())
    with connect(writing=False) as db:
        return tuple(usable_rows(_standing_rows(db, condition, *of), disposition_from_row))


def list_by_signal() -> dict[str, tuple[SignalDispositions, ...]]:
    """List the current dispositions of every signal.

    Returns
    -------
    dict of str to tuple of SignalDispositions
        The signals of each star that have dispositions, see `signal_dispositions.by_signal`.
    """
    stars: dict[str, list[Disposition]] = {}
    for one in list_standing():
        stars.setdefault(one.target_id, []).append(one)
    return {star: by_signal(standing) for star, standing in stars.items()}


def _select_current(condition: str, *of: str) -> tuple[Disposition, ...]:
    with connect(writing=False) as db:
        rows = _standing_rows(db, condition, *of)
    newest = {(r["target_id"], r["reviewer"]): r for r in rows}
    return tuple(usable_rows(newest.values(), disposition_from_row))


def _standing_rows(db: sqlite3.Connection, condition: str, *of: str) -> list[sqlite3.Row]:
    return db.execute(
        f"SELECT id, {_NAMES} FROM dispositions AS d WHERE {NOT_UNDONE}{condition} "  # noqa: S608 (constants)
        "ORDER BY target_id, reviewer, at, id",
        of,
    ).fetchall()


def find_damaged() -> list[str]:
    """Look for damaged dispositions, which all lists leave out.

    Returns
    -------
    list of str
        One sentence for each.
    """
    with connect(writing=False) as db:
        return damaged_rows(db.execute(f"SELECT id, {_NAMES} FROM dispositions ORDER BY id"), disposition_from_row)  # noqa: S608


def history(target_id: str = "", reviewer: str = "") -> tuple[HistoryEntry, ...]:
    """Load the complete history, with undone entries and undos.

    Parameters
    ----------
    target_id : str, optional
        Only entries on this star, unless empty.
    reviewer : str, optional
        Only entries by this reviewer, unless empty.

    Returns
    -------
    tuple of CacheEntry
        The entries, oldest first.

    Raises
    ------
    StoreError
        If the name is not valid.
    """
    conditions: list[str] = []
    of: list[object] = []
    if target_id:
        conditions, of = ["e.target_id = ?"], [target_id]
    if reviewer:
        conditions, of = [*conditions, "e.reviewer = ?"], [*of, reviewer_names.clean_name(reviewer)]
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    with connect(writing=False) as db:
        return select_entries(db, f"{where} ORDER BY e.at, e.id", of)


def select_entries(db: sqlite3.Connection, condition: str, of: Sequence[object] = ()) -> tuple[HistoryEntry, ...]:
    """Select history entries by an SQL condition.

    The disposition of an undo is the one that it took back.

    Parameters
    ----------
    db : sqlite3.Connection
        Open connection.
    condition : str
        SQL after the FROM clause, in which `e` is the entry and `v` its disposition.
    of : sequence of object, optional
        Values of the condition's placeholders.

    Returns
    -------
    tuple of CacheEntry
        The entries, in the order of the query.
    """
    rows = db.execute(
        "SELECT e.id AS entry, e.at AS entered, e.token AS own_token, e.imported_from AS came_from, e.undoes, v.id, "  # noqa: S608
        f"{', '.join(f'v.{c}' for c in COLUMNS)}, EXISTS (SELECT 1 FROM dispositions AS u WHERE u.undoes = e.id) AS undone "
        f"FROM dispositions AS e JOIN dispositions AS v ON v.id = coalesce(e.undoes, e.id) {condition}",
        tuple(of),
    )
    return tuple(usable_rows(rows, _entry_from_row))


def _entry_from_row(r: sqlite3.Row) -> HistoryEntry:
    return HistoryEntry(
        r["entry"],
        r["entered"],
        disposition_from_row(r),
        r["undoes"] is not None,
        bool(r["undone"]),
        r["own_token"],
        r["came_from"],
    )


def count_by_reviewer() -> dict[str, int]:
    """Count the stars with a current disposition by each reviewer.

    Returns
    -------
    dict of str to int
        Number of stars by name, for everyone who ever gave a disposition.
    """
    with connect(writing=False) as db:
        rows = db.execute(
            "SELECT reviewer, count(DISTINCT CASE WHEN "  # noqa: S608 (constants)
            f"{NOT_UNDONE} THEN target_id END) AS num FROM dispositions AS d GROUP BY reviewer ORDER BY reviewer"
        ).fetchall()
    return {r["reviewer"]: r["num"] for r in rows}


def count_dispositions(dispositions: Iterable[Disposition]) -> dict[str, dict[str, int]]:
    """Count dispositions by reviewer and kind.

    Parameters
    ----------
    dispositions : iterable of Disposition
        The dispositions to count.

    Returns
    -------
    dict of str to dict of str to int
        Counts as {reviewer: {disposition: count}}.
    """
    found: dict[str, dict[str, int]] = {}
    for v in dispositions:
        own = found.setdefault(v.reviewer, {})
        own[v.disposition] = own.get(v.disposition, 0) + 1
    return found


def _row_by_token(db: sqlite3.Connection, token: str) -> sqlite3.Row | None:
    found: sqlite3.Row | None = db.execute(
        "SELECT id, undoes FROM dispositions WHERE token = ? AND token <> ''", (token,)
    ).fetchone()
    return found


def _row_by_number(db: sqlite3.Connection, number: int) -> sqlite3.Row:
    """Return the row of an entry that exists."""
    found: sqlite3.Row = db.execute(f"SELECT id, {_NAMES} FROM dispositions WHERE id = ?", (number,)).fetchone()  # noqa: S608 (constants)
    return found


@dataclass(frozen=True)
class Agreement:
    """Agreement of two reviewers over the signals that both have vetted.

    Attributes
    ----------
    reviewer_a : str
        Name of the first reviewer.
    reviewer_b : str
        Name of the second reviewer.
    num_stars : int
        Number of signals with a current disposition by both; a star with one signal counts once.
    num_agree : int
        Number of those signals on which the dispositions are equal.
    kappa : float or None
        Cohen's kappa; None if undefined.
    """

    reviewer_a: str
    reviewer_b: str
    num_stars: int
    num_agree: int
    kappa: float | None


@dataclass(frozen=True)
class Conflict:
    """A signal on which reviewers disagree.

    Attributes
    ----------
    target_id : str
        Identifier of its star.
    dispositions : tuple of Disposition
        The current disposition of each reviewer on the signal, by reviewer.
    weak : bool
        Whether the disagreement is only with reviewers who chose UNSURE.
    """

    target_id: str
    dispositions: tuple[Disposition, ...]
    weak: bool


def cohen_kappa(reviewer_a: str, reviewer_b: str) -> float | None:
    """Compute Cohen's kappa of two reviewers over the signals that both have vetted.

    1 is full agreement, 0 agreement as by chance. Every disposition counts as a category of its
    own, UNSURE too (Cohen 1960, Educ. Psychol. Meas. 20, 37).

    Parameters
    ----------
    reviewer_a : str
        Name of the first reviewer.
    reviewer_b : str
        Name of the second reviewer.

    Returns
    -------
    float or None
        Kappa; None if it is undefined: without a common signal, or if both gave one and the same
        disposition to all.

    Raises
    ------
    StoreError
        If a name is not valid or the store cannot be read.
    """
    given = _dispositions_by_reviewer()
    by_a, by_b = (given.get(reviewer_names.clean_name(r), {}) for r in (reviewer_a, reviewer_b))
    both = sorted(by_a.keys() & by_b.keys())
    return _cohen_kappa([by_a[t] for t in both], [by_b[t] for t in both])


def pairwise_agreement() -> tuple[Agreement, ...]:
    """Return the agreement of every pair of reviewers with a signal in common.

    Returns
    -------
    tuple of Agreement
        One entry per pair, sorted by name.
    """
    given = _dispositions_by_reviewer()
    found = []
    for a, b in combinations(sorted(given), 2):
        both = sorted(given[a].keys() & given[b].keys())
        if both:
            by_a, by_b = ([given[r][t] for t in both] for r in (a, b))
            alike = sum(one == other for one, other in zip(by_a, by_b, strict=True))
            found.append(Agreement(a, b, len(both), alike, _cohen_kappa(by_a, by_b)))
    return tuple(found)


def list_conflicts() -> tuple[Conflict, ...]:
    """Return the signals on which reviewers disagree.

    Returns
    -------
    tuple of Conflict
        Sorted by star, with the weak conflicts (only UNSURE differs) last.
    """
    found = []
    for target_id, signals in list_by_signal().items():
        for signal in signals:
            kinds = {v.disposition for v in signal.dispositions}
            if len(kinds) > 1:
                found.append(Conflict(target_id, signal.dispositions, len(kinds.difference(UNSURE_DISPOSITIONS)) < 2))
    return tuple(sorted(found, key=lambda c: c.weak))


def _dispositions_by_reviewer() -> dict[str, dict[tuple[str, int], str]]:
    """Return what each reviewer said of each signal; signals of a star are numbered."""
    given: dict[str, dict[tuple[str, int], str]] = {}
    for target_id, signals in list_by_signal().items():
        for number, signal in enumerate(signals):
            for one in signal.dispositions:
                given.setdefault(one.reviewer, {})[target_id, number] = one.disposition
    return given


def _cohen_kappa(a: Sequence[str], b: Sequence[str]) -> float | None:
    if len({*a, *b}) < 2:
        return None
    from sklearn.metrics import cohen_kappa_score

    return float(cohen_kappa_score(a, b))
