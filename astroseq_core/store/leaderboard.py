"""The leaderboard: pages of scored stars, their ranks, and the distribution of scores."""

import json
import math
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

from astroseq_core.columns import PLANET_SCORE, RANKING, STAR_SCORE
from astroseq_core.errors import StoreError
from astroseq_core.store.database import connect
from astroseq_core.store.leaderboard_filters import Condition, Filters, Selection, select_by_ids
from astroseq_core.store.rows import check_row, usable_rows
from astroseq_core.store.scores import JOIN_TABLES, OK, SELECT_COLUMNS, ScoreRow, row_name, score_fields
from astroseq_core.typed_json import convert


@dataclass(frozen=True)
class LeaderboardRow(ScoreRow):
    """A score with its rank and the state of its vetting.

    The fields of the score are inherited.

    Attributes
    ----------
    rank : int or None
        Rank among all stars of the model, from 1: by the planet score, among equal ones by the star
        score; stars without a planet score come last. Stars equal in both share a rank. None without
        a score.
    disposition : str
        Newest disposition of the star by any reviewer; "" if there is none.
    flagged : bool
        Whether the star's score is at or above the model's score threshold.
    """

    rank: int | None = None
    disposition: str = ""
    flagged: bool = False


@dataclass(frozen=True)
class LeaderboardPage:
    """One page of the leaderboard.

    Attributes
    ----------
    rows : tuple of LeaderboardRow
        The rows of the page.
    in_all : int
        Number of rows on all pages.
    """

    rows: tuple[LeaderboardRow, ...]
    in_all: int


@dataclass(frozen=True)
class ScoredModel:
    """A model that has rows in the store.

    Attributes
    ----------
    model_id : str
        Identifier of the model.
    num_scored : int
        Number of stars with a score.
    num_failed : int
        Number of stars that could not be scored.
    num_simulated : int
        Number of simulated stars among both.
    missions : tuple of str
        Missions of its stars, sorted by name.
    """

    model_id: str
    num_scored: int
    num_failed: int
    num_simulated: int
    missions: tuple[str, ...]


class Histogram(NamedTuple):
    """Histogram of planet scores or star scores.

    Attributes
    ----------
    edges : tuple of float
        Bin edges, shape (n_bins + 1,); the last bin includes its upper edge.
    counts : tuple of int
        Stars per bin, shape (n_bins,).
    counts_known : tuple of int
        Stars with a known signal per bin, shape (n_bins,).
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    counts_known: tuple[int, ...]


@dataclass(frozen=True)
class RankPair:
    """Ranks of one star by two models.

    Attributes
    ----------
    target_id : str
        Identifier of the star.
    rank_a : int
        Rank among all stars of the first model.
    rank_b : int
        Rank among all stars of the second model.
    """

    target_id: str
    rank_a: int
    rank_b: int


#: Columns that rows can be sorted by.
SORT_COLUMNS = (*(f.name for f in fields(LeaderboardRow)), "period_days")
#: Fields of the filters that bound each score.
_BOUNDS = {PLANET_SCORE: ("planet_min", "planet_max"), STAR_SCORE: ("score_min", "score_max")}
#: Up to about this score the bins of a histogram are equally wide; beyond, they grow in proportion to the score.
LINEAR_BINS_UP_TO = 10.0


def load_page(
    filters: Filters, sort: str = PLANET_SCORE, descending: bool = True, limit: int = 100, offset: int = 0
) -> LeaderboardPage:
    """Load one page of the leaderboard.

    Rows without a value come last in either direction; ties are sorted by `target_id`, in the
    direction of the sort. Stars of one planet score, or without any, are sorted by star score.

    Parameters
    ----------
    filters : SignalFilters
        Filters that the rows must pass.
    sort : str, optional
        Column to sort by, one of `SORT_COLUMNS`.
    descending : bool, optional
        Whether the largest values come first.
    limit : int, optional
        Maximum number of rows.
    offset : int, optional
        Index of the first row.

    Returns
    -------
    LeaderboardPage
        The rows and the total number of rows that pass the filters.

    Raises
    ------
    StoreError
        If `sort` is not a column, or `limit` or `offset` is negative.
    """
    if sort not in SORT_COLUMNS:
        raise StoreError(f"'{sort}' is no column of the leaderboard; sort by one of {', '.join(SORT_COLUMNS)}.")
    if limit < 0 or offset < 0:
        raise StoreError("A page has no negative length or place; begin at 0.")
    with connect(writing=False) as db:
        chosen = Selection(db, filters)
        if sort == "rank" and not descending and len({g.model for g in chosen.groups}) < 2:
            sort, descending = PLANET_SCORE, True
        return LeaderboardPage(_load_rows(db, chosen.ids(sort, descending, limit, offset)), chosen.count())


def list_models() -> tuple[ScoredModel, ...]:
    """List the models that have rows in the store.

    Returns
    -------
    tuple of ScoredModel
        The models, sorted by name.
    """
    with connect(writing=False) as db:
        found = db.execute(
            "SELECT model_id, sum(num * scored) AS num_scored, sum(num * (1 - scored)) AS num_failed, "
            "sum(num * simulated) AS num_simulated, json_group_array(DISTINCT mission) AS missions "
            "FROM score_groups JOIN score_models ON score_models.id = model WHERE num > 0 GROUP BY model_id ORDER BY model_id"
        ).fetchall()
    return tuple(ScoredModel(**dict(r) | {"missions": tuple(sorted(json.loads(r["missions"])))}) for r in found)


def load_top(filters: Filters, n: int) -> tuple[LeaderboardRow, ...]:
    """Load the stars that are ranked highest.

    Parameters
    ----------
    filters : SignalFilters
        Filters that the rows must pass.
    n : int
        Number of stars.

    Returns
    -------
    tuple of LeaderboardRow
        At most `n` rows, the highest rank first.
    """
    return load_page(replace(filters, scored=True), limit=n).rows


def load_targets(target_ids: Iterable[str], model_id: str = "") -> tuple[LeaderboardRow, ...]:
    """Load the scored rows of given stars.

    Parameters
    ----------
    target_ids : iterable of str
        Identifiers of the stars.
    model_id : str, optional
        Model whose scores to load; the newest score of any model if empty.

    Returns
    -------
    tuple of LeaderboardRow
        One row for each star that has a score, in the order of `target_ids`.
    """
    wanted = list(dict.fromkeys(target_ids))
    with connect(writing=False) as db:
        found = db.execute(
            "SELECT scores.id, scores.target_id FROM json_each(?) AS w CROSS JOIN scores ON scores.target_id = w.value "
            "JOIN score_models ON score_models.id = scores.model WHERE star_score IS NOT NULL AND (? = '' OR model_id = ?) "
            "ORDER BY w.key, scores.at, scores.id",
            (json.dumps(wanted), model_id, model_id),
        ).fetchall()
        newest = {r["target_id"]: r["id"] for r in found}
        return _load_rows(db, list(newest.values()))


def ranking_score(filters: Filters) -> str:
    """Return the score that stars are ranked by.

    Parameters
    ----------
    filters : Filters
        Filters that the rows must pass.

    Returns
    -------
    str
        `planet_score` if a star that passes has one, else `star_score`.
    """
    with connect(writing=False) as db:
        first = Selection(db, replace(filters, scored=True)).ids(PLANET_SCORE, True, 1)
        return STAR_SCORE if _first_score(db, first, PLANET_SCORE) is None else PLANET_SCORE


def planet_scores(filters: Filters) -> tuple[float, ...]:
    """Load the planet scores of stars.

    Parameters
    ----------
    filters : Filters
        Filters that the rows must pass.

    Returns
    -------
    tuple of float
        The scores of those that have one, highest first.
    """
    with connect(writing=False) as db:
        chosen = Selection(db, replace(filters, scored=True))
        ids = chosen.ids(PLANET_SCORE, True, chosen.count())
        found = (row[0] for row in select_by_ids(db, PLANET_SCORE, ids))
        return tuple(float(value) for value in found if isinstance(value, int | float))


def threshold_for_count(filters: Filters, n: int, score: str = STAR_SCORE) -> float | None:
    """Return the score at or above which the given number of stars lie.

    If several stars share that score, more stars reach it; if there are fewer than `n` stars, all
    do.

    Parameters
    ----------
    filters : SignalFilters
        Filters that the rows must pass.
    n : int
        Number of stars, at least 1.
    score : str, optional
        The score: `planet_score` or `star_score`. Stars without it are not counted.

    Returns
    -------
    float or None
        The score; None if no star passes the filters.

    Raises
    ------
    StoreError
        If `n` is below 1, or there is no such score.
    """
    _check_score(score)
    if n < 1:
        raise StoreError("A threshold by number needs at least one star.")
    with connect(writing=False) as db:
        chosen = Selection(db, replace(filters, scored=True))
        number = min(n, chosen.count(Condition(f"scores.{score} IS NOT NULL")))
        return _first_score(db, chosen.ids(score, True, 1, number - 1), score) if number else None


def score_histogram(filters: Filters, bins: int = 60, score: str = STAR_SCORE) -> Histogram:
    """Compute the histogram of planet scores or star scores.

    The bins are equally wide near 0 and grow in proportion to the score beyond about 10 (an inverse
    hyperbolic sine scale): quiet stars score a few, deep eclipses hundreds, and both must be
    resolved.

    Parameters
    ----------
    filters : SignalFilters
        Filters that the rows must pass.
    bins : int, optional
        Number of bins, at least 1.
    score : str, optional
        The score: `planet_score` or `star_score`. Stars without it are not counted.

    Returns
    -------
    Histogram
        The histogram from the lowest to the highest score; without bins if no star passes the
        filters.

    Raises
    ------
    StoreError
        If `bins` is below 1, or there is no such score.
    """
    _check_score(score)
    if bins < 1:
        raise StoreError("A histogram needs at least one bin.")
    with connect(writing=False) as db:
        chosen = Selection(db, replace(filters, scored=True))
        low, high = (_first_score(db, chosen.ids(score, down, 1), score) for down in (False, True))
        if low is None or high is None:
            return Histogram((), (), ())
        if low == high:
            low, high = low - 0.5, high + 0.5
        first, last = (math.asinh(end / LINEAR_BINS_UP_TO) for end in (low, high))
        inner = (LINEAR_BINS_UP_TO * math.sinh(first + (last - first) * i / bins) for i in range(1, bins))
        edges = (low, *inner, high)
        counts, known = [0] * bins, [0] * bins
        # The bin edges already bound the score; with only these bounds each bin is one range of the index.
        free: dict[str, Any] = dict.fromkeys(_BOUNDS[score])
        chosen = Selection(db, replace(filters, scored=True, **free))
        for i in range(bins):
            inside = Condition(
                f"scores.{score} >= ? AND scores.{score} {'<' if i < bins - 1 else '<='} ?", (edges[i], edges[i + 1])
            )
            for group in chosen.groups:
                row = chosen.total("count(*), total(known)", group, inside)
                counts[i] += int(row[0])
                known[i] += int(row[1])
    return Histogram(edges, tuple(counts), tuple(known))


def compare_ranks(model_a: str, model_b: str, limit: int = 5000) -> tuple[RankPair, ...]:
    """Compare the ranks that two models give to the stars that both scored.

    Parameters
    ----------
    model_a : str
        Identifier of the first model.
    model_b : str
        Identifier of the second model.
    limit : int, optional
        Maximum number of stars.

    Returns
    -------
    tuple of RankPair
        Ranks, sorted by the better of the two; empty if a model has no score.
    """
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
            ids = chosen.ids(PLANET_SCORE, True, limit, extra=both)
            wanted |= {r["target_id"]: None for r in select_by_ids(db, "target_id", ids)}
        ranks = []
        for number in numbers:
            rows = db.execute(
                "SELECT target_id, status, planet_score, star_score FROM json_each(?) AS w "
                "CROSS JOIN scores ON target_id = w.value AND model = ?",
                (json.dumps(list(wanted)), number),
            ).fetchall()
            keys = {r["target_id"]: key for r in rows if (key := _rank_key(r)) is not None}
            places = _score_ranks(db, number, keys.values())
            ranks.append({target_id: places[key] for target_id, key in keys.items()})
    pairs = (RankPair(t, ranks[0][t], ranks[1][t]) for t in wanted if t in ranks[0] and t in ranks[1])
    return tuple(sorted(pairs, key=lambda p: (min(p.rank_a, p.rank_b), p.target_id)))[:limit]


#: What a star is ranked by: its planet score, which may be missing, and its star score.
_RankKey = tuple[float | None, float]


def _check_score(score: str) -> None:
    if score not in RANKING:
        raise StoreError(f"'{score}' is no score that stars are ranked by; use one of {', '.join(RANKING)}.")


def _first_score(db: sqlite3.Connection, ids: Sequence[int], score: str) -> float | None:
    """Return the score of the first id; None without ids, and where it has none."""
    value = select_by_ids(db, score, ids[:1])[0][0] if ids else None
    return float(value) if isinstance(value, int | float) else None


def _load_rows(db: sqlite3.Connection, ids: Sequence[int]) -> tuple[LeaderboardRow, ...]:
    """Load the complete rows with the given ids, in their order."""
    decided = "LEFT JOIN verdicts USING (target_id) LEFT JOIN cuts USING (model_id)"
    what = f"{SELECT_COLUMNS}, verdicts.disposition, cuts.threshold, cuts.score AS threshold_of"
    found = select_by_ids(db, what, ids, f"{JOIN_TABLES} {decided}")
    keys: dict[int, list[_RankKey]] = {}
    for r in found:
        if (key := _rank_key(r)) is not None:
            keys.setdefault(r["model"], []).append(key)
    places = {model: _score_ranks(db, model, of_model) for model, of_model in keys.items()}

    def complete(r: sqlite3.Row) -> LeaderboardRow:
        key = _rank_key(r)
        score = r[r["threshold_of"]] if r["threshold_of"] in RANKING else None
        values: dict[str, object] = score_fields(r) | {
            "rank": None if key is None else places[r["model"]][key],
            "disposition": r["disposition"] or "",
            "flagged": key is not None and score is not None and r["threshold"] is not None and score >= r["threshold"],
        }
        return convert(values, LeaderboardRow)

    return tuple(usable_rows(found, lambda r: check_row(row_name(r), r, complete)))


def _rank_key(row: sqlite3.Row) -> _RankKey | None:
    """Return what a row is ranked by; None without a score. One that is no number makes the row a damaged one."""
    planet, star = row["planet_score"], row["star_score"]
    if row["status"] != OK or not isinstance(star, int | float) or not isinstance(planet, int | float | None):
        return None
    return planet, star


def _score_ranks(db: sqlite3.Connection, model: int, keys: Iterable[_RankKey]) -> dict[_RankKey, int]:
    """Return the rank of each pair of planet score and star score within a model.

    Each interval between neighboring pairs is counted once, so that no row is counted twice.
    """
    ids = [r[0] for r in db.execute("SELECT id FROM score_groups WHERE model = ? AND scored AND num > 0", (model,))]

    def count(condition: str, *values: float) -> int:
        query = f"SELECT count(*) FROM scores INDEXED BY scores_by_planet WHERE group_id = ? AND {condition}"  # noqa: S608 (constants)
        return sum(int(db.execute(query, (group, *values)).fetchone()[0]) for group in ids)

    places: dict[_RankKey, int] = {}
    wanted = set(keys)
    infinity = float("inf")
    above, last = 0, (infinity, infinity)
    pair = "(planet_score, star_score)"
    for planet, star in sorted(((p, s) for p, s in wanted if p is not None), reverse=True):
        above += count(f"{pair} > (?, ?) AND {pair} <= (?, ?)", planet, star, *last)
        places[planet, star] = above + 1
        last = (planet, star)
    without = sorted((s for p, s in wanted if p is None), reverse=True)
    if without:
        above, highest = count("planet_score IS NOT NULL"), infinity
    for star in without:
        above += count("planet_score IS NULL AND star_score > ? AND star_score <= ?", star, highest)
        places[None, star] = above + 1
        highest = star
    return places
