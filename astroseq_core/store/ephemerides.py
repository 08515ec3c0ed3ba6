"""Adopted ephemerides: the ephemeris in use for each star, with its history."""

import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from astroseq_core.ephemeris import SOURCES, Ephemeris
from astroseq_core.errors import StoreError
from astroseq_core.same_signal import compare_signals
from astroseq_core.store import disposition_entry as reviewer_names
from astroseq_core.store.database import connect
from astroseq_core.store.rows import check_row, damaged_rows, usable_rows
from astroseq_core.typed_json import convert

CATALOG, FOLD, SEARCH, PERSON, FIT = SOURCES


@dataclass(frozen=True)
class AdoptedEphemeris:
    """The ephemeris adopted for a star.

    Attributes
    ----------
    target_id : str
        Identifier of the star.
    ephemeris : Ephemeris
        The ephemeris.
    source : str
        Where it is from, one of `ephemeris.SOURCES`.
    reviewer : str
        Name of the reviewer who adopted it.
    at : float
        Time of adoption [s since 1970]; 0 for now.

    Raises
    ------
    StoreError
        If the source is unknown.
    """

    target_id: str
    ephemeris: Ephemeris
    source: str
    reviewer: str
    at: float = 0.0

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise StoreError(f"An ephemeris is from one of {', '.join(SOURCES)}, not from '{self.source}'.")


def save(one: AdoptedEphemeris) -> AdoptedEphemeris:
    """Adopt an ephemeris for a star; earlier ones stay in the history.

    Adopting the ephemeris that is adopted already adds nothing.

    Parameters
    ----------
    one : AdoptedEphemeris
        The ephemeris to adopt; without a time it gets the present one.

    Returns
    -------
    AdoptedEphemeris
        The record as stored, or the unchanged earlier record.

    Raises
    ------
    StoreError
        If the reviewer's name is not valid or the store cannot be written.
    """
    one = replace(one, reviewer=reviewer_names.clean_name(one.reviewer), at=float(one.at) or time.time())
    with connect() as db:
        rows = db.execute(f"{_SELECT} WHERE target_id = ? ORDER BY id DESC LIMIT 1", (one.target_id,)).fetchall()
        for before in _usable(rows):
            if replace(before, at=one.at) == one:
                return before
        db.execute(
            "INSERT INTO ephemerides_in_hand (target_id, ephemeris, source, reviewer, at) VALUES (?, ?, ?, ?, ?)",
            (one.target_id, reviewer_names.ephemeris_to_json(one.ephemeris), one.source, one.reviewer, one.at),
        )
    return one


def load(target_id: str) -> AdoptedEphemeris | None:
    """Load the adopted ephemeris of a star.

    Parameters
    ----------
    target_id : str
        Identifier of the star.

    Returns
    -------
    AdoptedEphemeris or None
        The latest one; None if none was adopted.
    """
    with connect(writing=False) as db:
        row = db.execute(f"{_SELECT} WHERE target_id = ? ORDER BY id DESC LIMIT 1", (target_id,)).fetchone()
    return None if row is None else next(_usable((row,)), None)


def newest_of_each(adopted: Iterable[AdoptedEphemeris]) -> tuple[AdoptedEphemeris, ...]:
    """Return the ephemeris in use for each signal of a star.

    An older one of the same signal is no longer in use, nor is one of the same name, which was corrected since.

    Parameters
    ----------
    adopted : iterable of AdoptedEphemeris
        All that were ever adopted for the star, oldest first.

    Returns
    -------
    tuple of AdoptedEphemeris
        The newest of each signal, the newest of all first.
    """
    found: list[AdoptedEphemeris] = []
    for one in reversed(tuple(adopted)):
        newer = (f.ephemeris for f in found)
        if not any(e.name == one.ephemeris.name or compare_signals(one.ephemeris, e).same for e in newer):
            found.append(one)
    return tuple(found)


def load_of_each_signal(target_id: str) -> tuple[AdoptedEphemeris, ...]:
    """Load the adopted ephemerides of a star, one for each of its signals that has one.

    Parameters
    ----------
    target_id : str
        Identifier of the star.

    Returns
    -------
    tuple of AdoptedEphemeris
        The latest of each signal, the latest of all first; see `newest_of_each`.
    """
    return newest_of_each(history(target_id))


def history(target_id: str) -> tuple[AdoptedEphemeris, ...]:
    """Load all ephemerides ever adopted for a star.

    Parameters
    ----------
    target_id : str
        Identifier of the star.

    Returns
    -------
    tuple of AdoptedEphemeris
        The records, oldest first.
    """
    with connect(writing=False) as db:
        rows = db.execute(f"{_SELECT} WHERE target_id = ? ORDER BY id", (target_id,)).fetchall()
    return tuple(_usable(rows))


def load_all() -> dict[str, AdoptedEphemeris]:
    """Load the adopted ephemeris of every star that has one.

    Returns
    -------
    dict of str to AdoptedEphemeris
        The latest record by star identifier.
    """
    newest = "WHERE id IN (SELECT max(id) FROM ephemerides_in_hand GROUP BY target_id) ORDER BY target_id"
    with connect(writing=False) as db:
        return {one.target_id: one for one in _usable(db.execute(f"{_SELECT} {newest}"))}


def load_all_signals() -> dict[str, tuple[AdoptedEphemeris, ...]]:
    """Load the adopted ephemerides of all signals of every star.

    Returns
    -------
    dict of str to tuple of AdoptedEphemeris
        As `load_of_each_signal` returns them, by star identifier.
    """
    stars: dict[str, list[AdoptedEphemeris]] = {}
    with connect(writing=False) as db:
        for one in _usable(db.execute(f"{_SELECT} ORDER BY id")):
            stars.setdefault(one.target_id, []).append(one)
    return {star: newest_of_each(adopted) for star, adopted in stars.items()}


_SELECT = "SELECT target_id, ephemeris, source, reviewer, at FROM ephemerides_in_hand"


def find_damaged() -> list[str]:
    """Look for adopted ephemerides that cannot be ones, which are left out elsewhere.

    Returns
    -------
    list of str
        One sentence for each.
    """
    with connect(writing=False) as db:
        return damaged_rows(db.execute(f"{_SELECT} ORDER BY id"), _from_row)


def _usable(rows: Iterable[sqlite3.Row]) -> Iterator[AdoptedEphemeris]:
    """Yield the records of rows; one whose ephemeris cannot be one is left out and stays in the store."""
    return usable_rows(rows, _from_row)


def _from_row(row: sqlite3.Row) -> AdoptedEphemeris:
    def make(row: sqlite3.Row) -> AdoptedEphemeris:
        ephemeris = reviewer_names.ephemeris_from_json(row["ephemeris"])
        if ephemeris is None:
            raise ValueError("it is empty")
        return convert({name: row[name] for name in row.keys()} | {"ephemeris": ephemeris}, AdoptedEphemeris)  # noqa: SIM118

    return check_row(f"The ephemeris adopted for {row['target_id']}", row, make)
