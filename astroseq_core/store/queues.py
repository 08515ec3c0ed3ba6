"""Vetting queues: stars in the order in which to vet them."""

import json
import os
import secrets
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from astroseq_core.errors import StoreError, TargetError
from astroseq_core.io.ephemeris_table import RowProblem
from astroseq_core.store import disposition_entry as reviewer_names
from astroseq_core.store import dispositions, queue_orders, thresholds
from astroseq_core.store.database import connect, finite_or_none
from astroseq_core.store.disposition_entry import LAST_TIME
from astroseq_core.store.queue_orders import ORDERS, QueueItem
from astroseq_core.store.rows import check_row, damaged_rows, parse_cell, usable_rows
from astroseq_core.typed_json import convert


def read_items_csv(source: Path | str, name: str = "the list") -> tuple[tuple[QueueItem, ...], tuple[RowProblem, ...]]:
    """Read queue items from a CSV table of stars.

    The column `target_id` is required, `path` of a light curve is optional. Several rows of a star
    give it several light curves. TOI and KOI numbers are looked up in the catalogs on disk.
    Relative paths start from the folder of the file, or from the working directory if the table is
    given as text.

    Parameters
    ----------
    source : Path or str
        The CSV file, or its text.
    name : str, optional
        What to call the table in messages if it is given as text.

    Returns
    -------
    tuple of (tuple of QueueItem, tuple of RowProblem)
        The items, in the table's order, and the rows that could not be used.

    Raises
    ------
    LightCurveError
        If the table cannot be read; also as a subclass.
    """
    from astroseq_core import missions
    from astroseq_core.archive import names
    from astroseq_core.io import local_files, read

    if isinstance(source, Path):
        source = source.expanduser()
        name, folder = source.name, source.parent
        data = read.read_bytes(source)
    else:
        folder, data = Path(), source.encode("utf-8", "replace")
    rows, problems = local_files.parse_targets(data, name, folder)
    paths: dict[str, list[Path]] = {}
    for row in rows:
        where = f"{name}, line {row.line}"
        try:
            target_id = names.resolve_name(row.target_id, online=False).target.id
        except TargetError as error:
            problems.append(RowProblem(row.target_id, where, str(error)))
            continue
        if row.path is not None and not row.path.exists():
            problems.append(RowProblem(row.target_id, where, f"There is no file or folder {row.path}; check the path."))
            continue
        paths.setdefault(target_id, []).extend([row.path] if row.path is not None else [])
    problems.sort(key=lambda problem: int(problem.where.rsplit(" ", 1)[1]))
    simulated = f"{missions.SIMULATED.prefix} "
    return tuple(QueueItem(t, _star_location(t, files, t.startswith(simulated))) for t, files in paths.items()), tuple(problems)


def _star_location(target_id: str, files: list[Path], simulated: bool) -> dict[str, str]:
    """Return the URL parameters with which Explore opens the star.

    That is the file, the folder that holds all files of several, or the cache.
    """
    from astroseq_core.scoring.star_source import Source

    if files:
        absolute = sorted({str(path.absolute()) for path in files})
        folder = absolute[0] if len(absolute) == 1 else os.path.commonpath(absolute)
        return {"source": Source.FOLDER.address_word, "folder": folder, "target": target_id}
    return {"target": target_id} if simulated else {"source": "cache", "target": target_id}


#: Maximum number of stars of a queue.
MAX_ITEMS = 1_000_000
#: Number of latest intervals between dispositions that the pace is measured from, and the smallest number that suffices.
PACE_WINDOW, MIN_PACE_INTERVALS = 50, 3
#: A longer interval between two dispositions is a break [s].
BREAK_SECONDS = 600.0
SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class Queue:
    """A vetting queue.

    Attributes
    ----------
    queue_id : str
        Identifier of the queue.
    name : str
        Name of the queue.
    order : str
        Order of its stars, one of the names of orders.
    created : float
        Time of creation [s since 1970].
    made_from : str
        Where the stars are from, in words.
    num : int
        Number of stars.
    """

    queue_id: str
    name: str
    order: str
    created: float
    made_from: str = ""
    num: int = 0


@dataclass(frozen=True)
class QueueProgress:
    """Progress of a reviewer through a queue.

    Attributes
    ----------
    done : int
        Number of stars with a current disposition by the reviewer.
    in_all : int
        Number of stars of the queue.
    per_hour : float or None
        Pace [dispositions per hour]; None if there are too few to tell.
    first_undone : int or None
        Index of the first star without a disposition by the reviewer; None if there is none.
    """

    done: int
    in_all: int
    per_hour: float | None
    first_undone: int | None


def create(name: str, items: Iterable[QueueItem], order: str = queue_orders.AS_GIVEN, made_from: str = "") -> Queue:
    """Create a queue of items in their given order.

    A star that occurs again is left out.

    Parameters
    ----------
    name : str
        Name of the queue.
    items : iterable of QueueItem
        The items, in order.
    order : str, optional
        Name of the order that they are in.
    made_from : str, optional
        Where the stars are from, in words.

    Returns
    -------
    Queue
        The new queue.

    Raises
    ------
    StoreError
        If there is no item, there are too many, or `order` is unknown.
    """
    if order not in ORDERS:
        raise StoreError(f"'{order}' is no order of a queue; use one of {', '.join(ORDERS)}.")
    once: dict[str, QueueItem] = {}
    for item in items:
        once.setdefault(item.target_id, item)
    if not once:
        named = f" '{name.strip()[:60]}'" if name.strip() else ""
        raise StoreError(f"The queue{named} would have no star; a queue needs at least one star.")
    if len(once) > MAX_ITEMS:
        raise StoreError(f"A queue holds {MAX_ITEMS:,} stars at most, not {len(once):,}; choose fewer.")
    queue = Queue(secrets.token_hex(4), " ".join(name.split()) or "queue", order, time.time(), made_from, len(once))
    with connect() as db:
        number = db.execute(
            "INSERT INTO queues (queue_id, name, sorted_by, created, made_from, num) VALUES (?, ?, ?, ?, ?, ?)",
            (queue.queue_id, queue.name, queue.order, queue.created, queue.made_from, queue.num),
        ).lastrowid
        db.executemany(
            f"INSERT INTO queue_items (queue, number, {_ITEM_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 (a constant)
            (
                (
                    number,
                    i,
                    item.target_id,
                    json.dumps(dict(item.place)),
                    finite_or_none(item.score),
                    item.model_id,
                    finite_or_none(item.period_days),
                    finite_or_none(item.probability),
                    finite_or_none(item.planet_score),
                    finite_or_none(item.doubt),
                )
                for i, item in enumerate(once.values())
            ),
        )
    return queue


def sort_by_order(
    items: Iterable[QueueItem], order: str, *, threshold: float | None = None, models: tuple[str, str] = ("", "")
) -> tuple[QueueItem, ...]:
    """Sort items by an order, using what the store knows about them.

    Parameters
    ----------
    items : iterable of QueueItem
        The items.
    order : str
        Name of the order.
    threshold : float or None, optional
        Star score to which uncertainty refers; by default the threshold of the items' model, if they
        share one.
    models : tuple of (str, str), optional
        The two models whose disagreement to sort by.

    Returns
    -------
    tuple of QueueItem
        Sorted items.

    Raises
    ------
    StoreError
        If `order` is unknown, or if it needs two models and they are not given.
    """
    items = tuple(items)
    if order == queue_orders.BY_SCORE:
        return queue_orders.sort_by_score(items)
    if order == queue_orders.BY_UNCERTAINTY:
        of = {item.model_id for item in items}
        cut = thresholds.load(of.pop()) if threshold is None and len(of) == 1 else None
        if cut is not None:
            return queue_orders.sort_by_uncertainty(items, cut.threshold, cut.score)
        return queue_orders.sort_by_uncertainty(items, threshold)
    if order == queue_orders.BY_DOUBT:
        return queue_orders.sort_by_doubt(items)
    if order == queue_orders.BY_MODEL_DISAGREEMENT:
        if len(set(models) - {""}) < 2:
            raise StoreError("Two models are needed to order stars by their disagreement; choose both.")
        return queue_orders.sort_by_model_disagreement(items, *(_star_scores(model) for model in models))
    if order == queue_orders.BY_REVIEWER_DISAGREEMENT:
        given: dict[str, list[str]] = {}
        for disposition in dispositions.list_current():
            given.setdefault(disposition.target_id, []).append(disposition.disposition)
        return queue_orders.sort_by_reviewer_disagreement(items, given)
    if order == queue_orders.AS_GIVEN:
        return items
    raise StoreError(f"'{order}' is no order of a queue; use one of {', '.join(ORDERS)}.")


def load(queue_id: str) -> Queue:
    """Load a queue.

    Parameters
    ----------
    queue_id : str
        Identifier of the queue.

    Returns
    -------
    Queue
        The queue.

    Raises
    ------
    StoreError
        If there is none of that identifier.
    """
    with connect(writing=False) as db:
        return _queue_from_row(_queue_row(db, queue_id))


def list_queues() -> tuple[Queue, ...]:
    """List all queues.

    Returns
    -------
    tuple of Queue
        The queues, newest first.
    """
    with connect(writing=False) as db:
        return tuple(usable_rows(db.execute("SELECT * FROM queues ORDER BY created DESC, id DESC"), _queue_from_row))


def find_damaged_queues() -> list[str]:
    """Look for damaged queues, which the list leaves out.

    Returns
    -------
    list of str
        One sentence for each.
    """
    with connect(writing=False) as db:
        return damaged_rows(db.execute("SELECT * FROM queues ORDER BY id"), _queue_from_row)


def find_damaged() -> list[str]:
    """Look for damaged queues, and for stars of queues that cannot be opened.

    Returns
    -------
    list of str
        One sentence for each.
    """
    with connect(writing=False) as db:
        stars = damaged_rows(db.execute(f"SELECT {_ITEM_COLUMNS} FROM queue_items"), _item_from_row)  # noqa: S608
    return find_damaged_queues() + stars


def list_items(queue_id: str, first: int = 0, count: int | None = None) -> tuple[QueueItem, ...]:
    """Load items of a queue.

    Parameters
    ----------
    queue_id : str
        Identifier of the queue.
    first : int, optional
        Index of the first item.
    count : int or None, optional
        Maximum number of items; all if None.

    Returns
    -------
    tuple of QueueItem
        The items, in order.

    Raises
    ------
    StoreError
        If there is no such queue.
    """
    with connect(writing=False) as db:
        rows = db.execute(
            f"SELECT {_ITEM_COLUMNS} FROM queue_items WHERE queue = ? AND number >= ? ORDER BY number LIMIT ?",  # noqa: S608 (a constant)
            (_queue_row(db, queue_id)["id"], first, -1 if count is None else count),
        ).fetchall()
    return tuple(map(_item_or_name, rows))


def index_of(queue_id: str, target_id: str) -> int | None:
    """Return the index of a star in a queue.

    Parameters
    ----------
    queue_id : str
        Identifier of the queue.
    target_id : str
        Identifier of the star.

    Returns
    -------
    int or None
        Index from 0; None if the queue does not have the star.

    Raises
    ------
    StoreError
        If there is no such queue.
    """
    with connect(writing=False) as db:
        row = db.execute(
            "SELECT number FROM queue_items WHERE queue = ? AND target_id = ?", (_queue_row(db, queue_id)["id"], target_id)
        ).fetchone()
    return None if row is None else int(row["number"])


def delete(queue_id: str) -> None:
    """Delete a queue; the dispositions of its stars stay.

    Parameters
    ----------
    queue_id : str
        Identifier of the queue.

    Raises
    ------
    StoreError
        If there is no such queue.
    """
    with connect() as db:
        number = _queue_row(db, queue_id)["id"]
        db.execute("DELETE FROM queue_items WHERE queue = ?", (number,))
        db.execute("DELETE FROM queues WHERE id = ?", (number,))


def load_progress(queue_id: str, reviewer: str, start: int = 0) -> QueueProgress:
    """Load the progress of a reviewer through a queue.

    A star is done if it has a current disposition by the reviewer, whether given from this queue or
    not. The pace is that of the reviewer's latest current dispositions on any star, without breaks
    and imports.

    Parameters
    ----------
    queue_id : str
        Identifier of the queue.
    reviewer : str
        Name of the reviewer.
    start : int, optional
        Index from which to look for the first star that is not done.

    Returns
    -------
    RefreshProgress
        The progress.

    Raises
    ------
    StoreError
        If there is no such queue or the name is not valid.
    """
    name = reviewer_names.clean_name(reviewer)
    with connect(writing=False) as db:
        queue = _queue_row(db, queue_id)
        done = db.execute(
            "SELECT count(DISTINCT d.target_id) FROM dispositions AS d INDEXED BY dispositions_by_reviewer "  # noqa: S608
            "CROSS JOIN queue_items AS i ON i.queue = ? AND i.target_id = d.target_id "
            f"WHERE d.reviewer = ? AND {dispositions.NOT_UNDONE}",
            (queue["id"], name),
        ).fetchone()[0]
        undone = db.execute(
            "SELECT number FROM queue_items AS i WHERE queue = ? AND number >= ? AND NOT EXISTS ("  # noqa: S608 (constants)
            "SELECT 1 FROM dispositions AS d WHERE d.target_id = i.target_id AND d.reviewer = ? "
            f"AND {dispositions.NOT_UNDONE}) ORDER BY number LIMIT 1",
            (queue["id"], start, name),
        ).fetchone()
        times = db.execute(
            f"SELECT at FROM dispositions AS d WHERE reviewer = ? AND imported_from = '' AND {dispositions.NOT_UNDONE} "  # noqa: S608
            "ORDER BY at DESC LIMIT ?",
            (name, PACE_WINDOW + 1),
        ).fetchall()
    return QueueProgress(
        done, queue["num"], dispositions_per_hour([r["at"] for r in times]), None if undone is None else int(undone["number"])
    )


def dispositions_per_hour(times: Iterable[float]) -> float | None:
    """Compute the pace of vetting from the times of dispositions.

    Intervals longer than `BREAK_SECONDS` are breaks and do not count.

    Parameters
    ----------
    times : iterable of float
        Times [s], in any order.

    Returns
    -------
    float or None
        Dispositions per hour; None with fewer than `LEAST_PACED` intervals.

    Examples
    --------
    >>> dispositions_per_hour([0.0, 60.0, 120.0, 180.0])
    60.0
    """
    ordered = sorted(times)
    apart = [b - a for a, b in pairwise(ordered) if b - a <= BREAK_SECONDS]
    if len(apart) < MIN_PACE_INTERVALS or not sum(apart):
        return None
    return SECONDS_PER_HOUR * len(apart) / sum(apart)


_ITEM_COLUMNS = "target_id, place, score, model_id, period_days, probability, planet_score, doubt"


def _queue_row(db: sqlite3.Connection, queue_id: str) -> sqlite3.Row:
    row: sqlite3.Row | None = db.execute("SELECT * FROM queues WHERE queue_id = ?", (queue_id,)).fetchone()
    if row is None:
        raise StoreError(f"There is no queue '{' '.join(queue_id.split())}'; make one, or choose another.")
    return row


def _queue_from_row(row: sqlite3.Row) -> Queue:
    def make(row: sqlite3.Row) -> Queue:
        names = {"order": "sorted_by"} | {n: n for n in ("queue_id", "name", "created", "made_from", "num")}
        found = convert({name: row[column] for name, column in names.items()}, Queue)
        if found.order not in ORDERS or not 0 <= found.num <= MAX_ITEMS or not 0 <= found.created <= LAST_TIME:
            raise ValueError("its order, number of stars or time cannot be")
        return found

    return check_row(f"Queue '{row['name']}'", row, make)


def _item_from_row(row: sqlite3.Row) -> QueueItem:
    def make(row: sqlite3.Row) -> QueueItem:
        return convert({name: row[name] for name in row.keys()} | {"place": parse_cell(row["place"])}, QueueItem)  # noqa: SIM118

    return check_row(f"{row['target_id']} in a queue", row, make)


def _item_or_name(row: sqlite3.Row) -> QueueItem:
    """Return an item; of a damaged row only the star, so that the numbers of the others stay."""
    found = next(usable_rows([row], _item_from_row), None)
    return found or QueueItem(str(row["target_id"]), {"target": str(row["target_id"])})


def _star_scores(model_id: str) -> dict[str, float]:
    """Load the star scores of a model, by star."""
    found: dict[str, float] = {}
    with connect(writing=False) as db:
        groups = db.execute(
            "SELECT score_groups.id FROM score_groups JOIN score_models ON score_models.id = model "
            "WHERE model_id = ? AND scored AND num > 0",
            (model_id,),
        ).fetchall()
        for group in groups:
            found |= db.execute(
                "SELECT target_id, star_score FROM scores INDEXED BY scores_by_target WHERE group_id = ?", (group["id"],)
            ).fetchall()
    return found
