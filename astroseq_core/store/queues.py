"""Queues: stars to be judged one after the other, in the order in which they were put."""

import json
import secrets
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from astroseq_core.errors import StoreError
from astroseq_core.store import dispositions, flags, queue_orders
from astroseq_core.store import reviewer as reviewer_names
from astroseq_core.store.database import connect
from astroseq_core.store.queue_orders import ORDERS as ORDERS
from astroseq_core.store.queue_orders import Item as Item
from astroseq_core.store.verdict import number_of

#: Stars of a queue at most.
MOST_ITEMS = 1_000_000
#: The pace is that of so many verdicts, the last ones; fewer than LEAST_PACED say nothing of it.
PACED, LEAST_PACED = 50, 3
#: Longer than this between two verdicts is a break [s], which does not count.
BREAK_SECONDS = 600.0
SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class Queue:
    """A queue of ``num`` stars; ``order``: what they were sorted by (one of ORDERS); ``created`` [s since 1970].

    ``made_from``: in words, where the stars are from.
    """

    queue_id: str
    name: str
    order: str
    created: float
    made_from: str = ""
    num: int = 0


@dataclass(frozen=True)
class Progress:
    """How far a reviewer is: ``done`` stars of ``in_all``, the pace [stars per hour] (None: too few verdicts to tell), and the
    index of the first star without a verdict of theirs (None: all are done).
    """

    done: int
    in_all: int
    per_hour: float | None
    first_undone: int | None


def make(name: str, items: Iterable[Item], order: str = queue_orders.AS_GIVEN, made_from: str = "") -> Queue:
    """Keep a queue of the items in the order in which they are; ``order`` says what that is, see ``arranged``.

    A star that comes again is left out. Raises StoreError without a star, or for an ``order`` that is not in ORDERS.
    """
    if order not in ORDERS:
        raise StoreError(f"'{order}' is no order of a queue; use one of {', '.join(ORDERS)}.")
    once: dict[str, Item] = {}
    for item in items:
        once.setdefault(item.target_id, item)
    if not once:
        raise StoreError("A queue needs at least one star; choose others.")
    if len(once) > MOST_ITEMS:
        raise StoreError(f"A queue holds {MOST_ITEMS:,} stars at most, not {len(once):,}; choose fewer.")
    queue = Queue(secrets.token_hex(4), " ".join(name.split()) or "queue", order, time.time(), made_from, len(once))
    with connect() as db:
        number = db.execute(
            "INSERT INTO queues (queue_id, name, sorted_by, created, made_from, num) VALUES (?, ?, ?, ?, ?, ?)",
            (queue.queue_id, queue.name, queue.order, queue.created, queue.made_from, queue.num),
        ).lastrowid
        db.executemany(
            "INSERT INTO queue_items (queue, number, target_id, place, score, model_id, period_days, probability) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (number, i, item.target_id, json.dumps(dict(item.place)), number_of(item.score), item.model_id,
                 number_of(item.period_days), number_of(item.probability))
                for i, item in enumerate(once.values())
            ),
        )  # fmt: skip
    return queue


def arranged(
    items: Iterable[Item], order: str, *, threshold: float | None = None, models: tuple[str, str] = ("", "")
) -> tuple[Item, ...]:
    """The items in an order, with what the store knows of them; see ``queue_orders``.

    ``threshold``: the cut that uncertainty is about; left out, that of the items' model, if it has one. ``models``: the two that
    are to disagree. Raises StoreError for an ``order`` that is not in ORDERS, or without two models where they are asked for.
    """
    items = tuple(items)
    if order == queue_orders.SCORE:
        return queue_orders.by_score(items)
    if order == queue_orders.UNCERTAINTY:
        of = {item.model_id for item in items}
        cut = flags.cut_of(of.pop()) if threshold is None and len(of) == 1 else None
        return queue_orders.by_uncertainty(items, cut.threshold if cut is not None else threshold)
    if order == queue_orders.MODELS:
        if len(set(models) - {""}) < 2:
            raise StoreError("Two models are needed to order stars by their disagreement; choose both.")
        return queue_orders.by_models(items, *(_scores(model) for model in models))
    if order == queue_orders.REVIEWERS:
        given: dict[str, list[str]] = {}
        for verdict in dispositions.latest():
            given.setdefault(verdict.target_id, []).append(verdict.disposition)
        return queue_orders.by_reviewers(items, given)
    if order == queue_orders.AS_GIVEN:
        return items
    raise StoreError(f"'{order}' is no order of a queue; use one of {', '.join(ORDERS)}.")


def get(queue_id: str) -> Queue:
    """The queue of that name; raises StoreError where there is none."""
    with connect(writing=False) as db:
        return _queue(_row(db, queue_id))


def all_queues() -> tuple[Queue, ...]:
    """All queues, the newest first."""
    with connect(writing=False) as db:
        return tuple(_queue(r) for r in db.execute("SELECT * FROM queues ORDER BY created DESC, id DESC"))


def items(queue_id: str, first: int = 0, count: int | None = None) -> tuple[Item, ...]:
    """The items of a queue in order, from the one of index ``first`` on, ``count`` of them or all; StoreError without it."""
    with connect(writing=False) as db:
        rows = db.execute(
            f"SELECT {_ITEM} FROM queue_items WHERE queue = ? AND number >= ? ORDER BY number LIMIT ?",  # noqa: S608 (a constant)
            (_row(db, queue_id)["id"], first, -1 if count is None else count),
        ).fetchall()
    return tuple(_item(r) for r in rows)


def index_of(queue_id: str, target_id: str) -> int | None:
    """Where a star is in a queue, counted from 0; None where it is not."""
    with connect(writing=False) as db:
        row = db.execute(
            "SELECT number FROM queue_items WHERE queue = ? AND target_id = ?", (_row(db, queue_id)["id"], target_id)
        ).fetchone()
    return None if row is None else int(row["number"])


def delete(queue_id: str) -> None:
    """Remove a queue; what was decided on its stars stays."""
    with connect() as db:
        number = _row(db, queue_id)["id"]
        db.execute("DELETE FROM queue_items WHERE queue = ?", (number,))
        db.execute("DELETE FROM queues WHERE id = ?", (number,))


def progress(queue_id: str, reviewer: str, start: int = 0) -> Progress:
    """How far the reviewer is; a star is done where a verdict of theirs stands, given from this queue or not.

    ``first_undone`` is looked for from index ``start`` on. The pace is of the last verdicts that stand, breaks left out, whatever
    they were on.
    """
    name = reviewer_names.clean(reviewer)
    with connect(writing=False) as db:
        queue = _row(db, queue_id)
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
            (name, PACED + 1),
        ).fetchall()
    return Progress(done, queue["num"], pace([r["at"] for r in times]), None if undone is None else int(undone["number"]))


def pace(times: Iterable[float]) -> float | None:
    """Verdicts per hour from their times [s], in any order; None where fewer than LEAST_PACED lie no break apart."""
    ordered = sorted(times)
    apart = [b - a for a, b in pairwise(ordered) if b - a <= BREAK_SECONDS]
    if len(apart) < LEAST_PACED or not sum(apart):
        return None
    return SECONDS_PER_HOUR * len(apart) / sum(apart)


_ITEM = "target_id, place, score, model_id, period_days, probability"


def _row(db: sqlite3.Connection, queue_id: str) -> Any:
    row = db.execute("SELECT * FROM queues WHERE queue_id = ?", (queue_id,)).fetchone()
    if row is None:
        raise StoreError(f"There is no queue '{' '.join(queue_id.split())}'; make one, or choose another.")
    return row


def _queue(row: Any) -> Queue:
    return Queue(row["queue_id"], row["name"], row["sorted_by"], row["created"], row["made_from"], row["num"])


def _item(row: Any) -> Item:
    return Item(**{name: row[name] for name in row.keys()} | {"place": json.loads(row["place"])})  # noqa: SIM118


def _scores(model_id: str) -> dict[str, float]:
    """The star scores that a model gave, by star."""
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
