"""Rows of the store, checked where they are read: a damaged one is told and left out, and the others stand."""

import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from astroseq_core.errors import StoreError
from astroseq_core.typed_json import DAMAGE, parse, reason_of

log = logging.getLogger(__name__)

T = TypeVar("T")
#: What to do about a damaged row.
ADVICE = "it is left out; bring back an earlier copy of the store, or an export of it, if it matters"


def parse_cell(text: object) -> object:
    """Parse the JSON in a cell of the store.

    Parameters
    ----------
    text : object
        The cell.

    Returns
    -------
    object
        Plain values.

    Raises
    ------
    ValueError
        If it is no text, or no JSON that the store can have written.
    """
    if not isinstance(text, str):
        raise ValueError("it is no text")
    return parse(text)


def check_row(what: str, row: sqlite3.Row, make: Callable[[sqlite3.Row], T]) -> T:
    """Make an object of a row.

    Parameters
    ----------
    what : str
        What the row is, as the subject of a sentence.
    row : sqlite3.Row
        The row.
    make : callable
        Makes the object; raises ValueError, TypeError, KeyError or AstroSeqError if the row is damaged.

    Returns
    -------
    object
        The object.

    Raises
    ------
    StoreError
        If the row is damaged; one sentence that says what to do.
    """
    try:
        return make(row)
    except DAMAGE as error:
        raise StoreError(f"{what} in the store is damaged ({reason_of(error)}); {ADVICE}.") from error


def usable_rows(rows: Iterable[sqlite3.Row], make: Callable[[sqlite3.Row], T], problems: list[str] | None = None) -> Iterator[T]:
    """Make objects of rows, without the damaged ones.

    Parameters
    ----------
    rows : iterable of sqlite3.Row
        The rows.
    make : callable
        Makes an object; raises StoreError with one sentence if the row is damaged.
    problems : list of str or None, optional
        Gets the sentences; they go to the log if None.

    Yields
    ------
    object
        The objects, in the order of the rows.
    """
    for row in rows:
        try:
            yield make(row)
        except StoreError as error:
            if problems is None:
                log.warning("%s", error)
            else:
                problems.append(str(error))


def damaged_rows(rows: Iterable[sqlite3.Row], make: Callable[[sqlite3.Row], object]) -> list[str]:
    """Return what is wrong with the rows that `usable_rows` leaves out.

    Parameters
    ----------
    rows : iterable of sqlite3.Row
        The rows.
    make : callable
        Makes an object; raises StoreError with one sentence if the row is damaged.

    Returns
    -------
    list of str
        One sentence for each damaged row.
    """
    problems: list[str] = []
    for _ in usable_rows(rows, make, problems):
        pass
    return problems
