"""The leaderboard: pages of scored stars in any order, their ranks, and how their scores are spread."""

import json
import math
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

from astroseq_core.errors import StoreError
from astroseq_core.store.database import connect
from astroseq_core.store.filters import JUDGED as JUDGED
from astroseq_core.store.filters import UNJUDGED as UNJUDGED
from astroseq_core.store.filters import Condition
from astroseq_core.store.filters import Filters as Filters
from astroseq_core.store.scores import JOINED, OK, SELECTED, ScoreRow, from_row
from astroseq_core.store.selection import Selection, of_ids


@dataclass(frozen=True)
class BoardRow(ScoreRow):
    """A score, its ``rank`` among all stars of its model (1: highest star score; equal scores share one; None: no score), the
    newest ``disposition`` that anyone gave the star, and whether it is ``flagged``: at or above the cut of its model.
    """

    rank: int | None = None
    disposition: str = ""
    flagged: bool = False


@dataclass(frozen=True)
class Page:
    """Some rows, and how many there are ``in_all``."""

    rows: tuple[BoardRow, ...]
    in_all: int


@dataclass(frozen=True)
class ScoredModel:
    """A model with rows: of how many stars (``num_scored``, ``num_failed``; ``num_simulated`` of both), and their missions."""

    model_id: str
    num_scored: int
    num_failed: int
    num_simulated: int
    missions: tuple[str, ...]


class Histogram(NamedTuple):
    """Star scores in ``len(counts)`` bins between ``edges``, the last edge included; ``counts_known``: with a known signal."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    counts_known: tuple[int, ...]


@dataclass(frozen=True)
class PairRow:
    """A star's ranks by two models, each among all stars of that model."""

    target_id: str
    rank_a: int
    rank_b: int


#: What rows can be sorted by.
SORTS = tuple(f.name for f in fields(BoardRow))
#: A histogram's bins are equally wide up to about this score, and grow in proportion to it beyond.
EVEN_UP_TO = 10.0


def page(filters: Filters, sort: str = "star_score", descending: bool = True, limit: int = 100, offset: int = 0) -> Page:
    """The rows that meet the filters, ``limit`` of them from number ``offset`` on, and the number of all.

    Rows without a value come last in either direction; equal ones go by ``target_id``, in the direction of the sort. Raises
    StoreError for a ``sort`` that is not in SORTS.
    """
    if sort not in SORTS:
        raise StoreError(f"'{sort}' is no column of the leaderboard; sort by one of {', '.join(SORTS)}.")
    if limit < 0 or offset < 0:
        raise StoreError("A page has no negative length or place; begin at 0.")
    with connect(writing=False) as db:
        chosen = Selection(db, filters)
        if sort == "rank" and len({g.model for g in chosen.groups}) < 2:
            sort, descending = "star_score", not descending
        return Page(_rows(db, chosen.ids(sort, descending, limit, offset)), chosen.count())


def models() -> tuple[ScoredModel, ...]:
    """The models that have rows, by name."""
    with connect(writing=False) as db:
        found = db.execute(
            "SELECT model_id, sum(num * scored) AS num_scored, sum(num * (1 - scored)) AS num_failed, "
            "sum(num * simulated) AS num_simulated, json_group_array(DISTINCT mission) AS missions "
            "FROM score_groups JOIN score_models ON score_models.id = model WHERE num > 0 GROUP BY model_id ORDER BY model_id"
        ).fetchall()
    return tuple(ScoredModel(**dict(r) | {"missions": tuple(sorted(json.loads(r["missions"])))}) for r in found)


def top(filters: Filters, n: int) -> tuple[BoardRow, ...]:
    """The ``n`` stars with the highest star scores, or all that have one where there are fewer."""
    return page(replace(filters, scored=True), limit=n).rows


def of_targets(target_ids: Iterable[str], model_id: str = "") -> tuple[BoardRow, ...]:
    """The scored row of each of those stars that has one by that model, or the newest where none is named; in their order."""
    wanted = list(dict.fromkeys(target_ids))
    with connect(writing=False) as db:
        found = db.execute(
            "SELECT scores.id, scores.target_id FROM json_each(?) AS w CROSS JOIN scores ON scores.target_id = w.value "
            "JOIN score_models ON score_models.id = scores.model WHERE star_score IS NOT NULL AND (? = '' OR model_id = ?) "
            "ORDER BY w.key, scores.at, scores.id",
            (json.dumps(wanted), model_id, model_id),
        ).fetchall()
        newest = {r["target_id"]: r["id"] for r in found}
        return _rows(db, list(newest.values()))


def threshold_for(filters: Filters, n: int) -> float | None:
    """The star score that ``n`` stars reach (more where several share it), or all where there are fewer; None without a star."""
    if n < 1:
        raise StoreError("A cut by number needs at least one star.")
    with connect(writing=False) as db:
        chosen = Selection(db, replace(filters, scored=True))
        number = min(n, chosen.count())
        return _score(db, chosen.ids("star_score", True, 1, number - 1)) if number else None


def histogram(filters: Filters, bins: int = 60) -> Histogram:
    """How the star scores are spread between the lowest and the highest; no bins where no star meets the filters.

    The bins are equally wide about 0 and grow in proportion to the score beyond EVEN_UP_TO (the inverse hyperbolic sine): quiet
    stars score a few, deep eclipses hundreds, and both are to be told apart.
    """
    if bins < 1:
        raise StoreError("A histogram needs at least one bin.")
    with connect(writing=False) as db:
        chosen = Selection(db, replace(filters, scored=True))
        low, high = (_score(db, chosen.ids("star_score", down, 1)) for down in (False, True))
        if low is None or high is None:
            return Histogram((), (), ())
        if low == high:
            low, high = low - 0.5, high + 0.5
        first, last = (math.asinh(end / EVEN_UP_TO) for end in (low, high))
        inner = (EVEN_UP_TO * math.sinh(first + (last - first) * i / bins) for i in range(1, bins))
        edges = (low, *inner, high)
        counts, known = [0] * bins, [0] * bins
        # The edges are bounds enough, and with one pair of them each bin is one stretch of the index.
        chosen = Selection(db, replace(filters, scored=True, score_min=None, score_max=None))
        for i in range(bins):
            inside = Condition(f"star_score >= ? AND star_score {'<' if i < bins - 1 else '<='} ?", (edges[i], edges[i + 1]))
            for group in chosen.groups:
                row = chosen.total("count(*), total(known)", group, inside)
                counts[i] += int(row[0])
                known[i] += int(row[1])
    return Histogram(edges, tuple(counts), tuple(known))


def pair(model_a: str, model_b: str, limit: int = 5000) -> tuple[PairRow, ...]:
    """The stars that both models scored, those with the best rank by either first, ``limit`` of them at most."""
    with connect(writing=False) as db:
        by_model = [Selection(db, Filters(model_id=m, scored=True)) for m in (model_a, model_b)]
        if not all(chosen.groups for chosen in by_model):
            return ()
        numbers = [chosen.groups[0].model for chosen in by_model]
        wanted: dict[str, None] = {}
        for chosen, other in zip(by_model, reversed(numbers), strict=True):
            both = Condition(
                "EXISTS (SELECT 1 FROM scores AS o WHERE o.target_id = scores.target_id AND o.model = ? "
                "AND o.star_score IS NOT NULL)",
                (other,),
            )
            ids = chosen.ids("star_score", True, limit, extra=both)
            wanted |= {r["target_id"]: None for r in of_ids(db, "target_id", ids)}
        ranks = []
        for number in numbers:
            rows = db.execute(
                "SELECT target_id, star_score FROM json_each(?) AS w CROSS JOIN scores ON target_id = w.value AND model = ?",
                (json.dumps(list(wanted)), number),
            ).fetchall()
            places = _places(db, number, (r["star_score"] for r in rows))
            ranks.append({r["target_id"]: places[r["star_score"]] for r in rows})
    pairs = (PairRow(t, ranks[0][t], ranks[1][t]) for t in wanted)
    return tuple(sorted(pairs, key=lambda p: (min(p.rank_a, p.rank_b), p.target_id)))[:limit]


def _score(db: sqlite3.Connection, ids: Sequence[int]) -> float | None:
    """The star score of the first of the ids."""
    return float(of_ids(db, "star_score", ids[:1])[0][0]) if ids else None


def _rows(db: sqlite3.Connection, ids: Sequence[int]) -> tuple[BoardRow, ...]:
    """The whole rows with those ids, in their order."""
    decided = "LEFT JOIN verdicts USING (target_id) LEFT JOIN cuts USING (model_id)"
    found = of_ids(db, f"{SELECTED}, verdicts.disposition, cuts.threshold", ids, f"{JOINED} {decided}")
    scores: dict[int, list[float]] = {}
    for r in found:
        if r["status"] == OK:
            scores.setdefault(r["model"], []).append(r["star_score"])
    places = {model: _places(db, model, of_model) for model, of_model in scores.items()}
    return tuple(
        BoardRow(
            **from_row(r),
            rank=places[r["model"]][r["star_score"]] if r["status"] == OK else None,
            disposition=r["disposition"] or "",
            flagged=r["status"] == OK and r["threshold"] is not None and r["star_score"] >= r["threshold"],
        )
        for r in found
    )


def _places(db: sqlite3.Connection, model: int, scores: Iterable[float]) -> dict[float, int]:
    """The rank that each of the star scores has in a model: counted between one and the next, so that no row counts twice."""
    ids = [r[0] for r in db.execute("SELECT id FROM score_groups WHERE model = ? AND scored AND num > 0", (model,))]
    places: dict[float, int] = {}
    above, last = 0, float("inf")
    between = "group_id = ? AND star_score > ? AND star_score <= ?"
    for score in sorted(set(scores), reverse=True):
        for group in ids:
            query = f"SELECT count(*) FROM scores INDEXED BY scores_by_score WHERE {between}"  # noqa: S608 (constants)
            above += db.execute(query, (group, score, last)).fetchone()[0]
        places[score] = above + 1
        last = score
    return places
