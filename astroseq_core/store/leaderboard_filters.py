"""Filters of the leaderboard, and their SQL conditions."""

import json
import math
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

from astroseq_core.columns import PLANET_SCORE, RANGES, RANKING, SIGNAL_CLASSES, STAR_SCORE, Bounds
from astroseq_core.disposition_codes import DISPOSITIONS
from astroseq_core.errors import StoreError
from astroseq_core.missions import BY_PREFIX

#: Filter value in place of a disposition: stars without any disposition.
NO_DISPOSITION = "none"
#: Filter value in place of a disposition: stars with any disposition.
ANY_DISPOSITION = "any"
#: Filter values in place of a class: stars in whose light curves no signal was found, and stars that were not searched.
NO_SIGNAL, NOT_SEARCHED = "none", "unsearched"
CLASS_FILTERS = (*SIGNAL_CLASSES, NO_SIGNAL, NOT_SEARCHED)
#: Maximum number of candidate rows checked one by one instead of along an index; 20,000 take 0.1 s.
MAX_CANDIDATES = 20_000
#: Each column with bounds, and the fields of its lower and upper bound.
_RANGES = tuple((about.column, f"{name}_min", f"{name}_max") for name, about in RANGES.items())
#: Sorts after every character of an identifier.
_LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True)
class Filters(Bounds):
    """Filters of the leaderboard; a row must pass all of them. None and "" do not filter.

    The bounds are inherited; a row without the value fails any bound on it.

    Attributes
    ----------
    mission : str
        Mission of the identifier.
    model_id : str
        Identifier of the model.
    text : str
        Beginning of the identifier or of its number, or any part of the matched name.
    simulated : bool or None
        Whether the star is simulated.
    known : bool or None
        Whether the star has a known signal.
    disposition : str
        Newest disposition of the star, or "none" or "any".
    flagged : bool or None
        Whether the star's score is at or above the model's score threshold.
    signal_class : str
        Most probable class of the best signal, or "none" or "unsearched".
    seen_as : str
        Instrument of the light curves: TESS, Kepler or K2.
    scored : bool or None
        True for stars with a score, False for stars that could not be scored.

    Raises
    ------
    StoreError
        If no row could ever pass: an unknown disposition or class, or bounds in the wrong order.
    """

    mission: str = ""
    model_id: str = ""
    text: str = ""
    simulated: bool | None = None
    known: bool | None = None
    disposition: str = ""
    flagged: bool | None = None
    signal_class: str = ""
    seen_as: str = ""
    scored: bool | None = None

    def __post_init__(self) -> None:
        words = (*DISPOSITIONS, NO_DISPOSITION, ANY_DISPOSITION)
        if self.disposition and self.disposition not in words:
            raise StoreError(f"'{self.disposition}' is no disposition; use one of {', '.join(words)}.")
        if self.signal_class and self.signal_class not in CLASS_FILTERS:
            raise StoreError(f"'{self.signal_class}' is no class of a signal; use one of {', '.join(CLASS_FILTERS)}.")
        for column, low, high in _RANGES:
            bounds = [b for b in (getattr(self, low), getattr(self, high)) if b is not None]
            if any(math.isnan(b) for b in bounds) or bounds != sorted(bounds):
                raise StoreError(f"The bounds {bounds[0]} and {bounds[-1]} of {column} hold no number; exchange or clear them.")


@dataclass(frozen=True)
class Group:
    """Stored rows that share model, mission and kind.

    Attributes
    ----------
    id : int
        Number of the group.
    model : int
        Number of the model.
    scored : bool
        Whether its rows have scores.
    num : int
        Number of rows.
    threshold : float or None
        Score threshold of the model; None if it has none.
    score : str
        Column that the threshold is one of.
    """

    id: int
    model: int
    scored: bool
    num: int
    threshold: float | None
    score: str


@dataclass(frozen=True)
class Condition:
    """SQL condition for a row of the table scores; empty if every row meets it.

    Attributes
    ----------
    sql : str
        The SQL, with question marks for the values.
    values : tuple of object
        Values of the question marks, in order.
    """

    sql: str = ""
    values: tuple[object, ...] = ()

    def __and__(self, other: "Condition") -> "Condition":
        """Combine two conditions with AND.

        Parameters
        ----------
        other : Condition
            The other condition.

        Returns
        -------
        Condition
            The condition that both are met.
        """
        return Condition(" AND ".join(filter(None, (self.sql, other.sql))), self.values + other.values)

    @property
    def and_clause(self) -> str:
        """The condition as an SQL suffix ` AND ...` to append to another condition."""
        return f" AND {self.sql}" if self.sql else ""


def matching_groups(db: sqlite3.Connection, filters: Filters) -> tuple[Group, ...]:
    """Return the non-empty groups of rows that can pass the filters.

    Parameters
    ----------
    db : sqlite3.Connection
        Open connection.
    filters : SignalFilters
        The filters.

    Returns
    -------
    tuple of Group
        The groups, in order of their numbers.
    """
    condition = Condition()
    for column in ("mission", "model_id", "simulated", "seen_as", "scored"):
        if (value := getattr(filters, column)) not in (None, ""):
            condition &= Condition(f"{column} = ?", (value,))
    found = db.execute(
        "SELECT score_groups.id, model, scored, num, threshold, score FROM score_groups "  # noqa: S608 (constants)
        "JOIN score_models ON score_models.id = model LEFT JOIN cuts USING (model_id) "
        f"WHERE num > 0{condition.and_clause} ORDER BY score_groups.id",
        condition.values,
    )
    return tuple(
        # the name of the score becomes SQL: one that a damaged store has is none
        Group(
            r["id"],
            r["model"],
            bool(r["scored"]),
            r["num"],
            *((r["threshold"], r["score"]) if r["score"] in RANKING else (None, "")),
        )
        for r in found
    )


def row_condition(group: Group, filters: Filters) -> Condition:
    """Return the condition that a row of a group must meet to pass the filters.

    Parameters
    ----------
    group : Group
        The group.
    filters : SignalFilters
        The filters.

    Returns
    -------
    Condition
        The condition.
    """
    condition = Condition()
    for column, low, high in _RANGES:
        for bound, sign in ((getattr(filters, low), ">="), (getattr(filters, high), "<=")):
            if bound is not None:
                condition &= Condition(f"scores.{column} {sign} ?", (float(bound),))
    if filters.known is not None:
        condition &= Condition("scores.known = ?", (int(filters.known),))
    if filters.flagged is not None:
        condition &= _threshold_condition(group, filters.flagged)
    if filters.signal_class:
        condition &= _class_condition(filters.signal_class)
    if filters.disposition == NO_DISPOSITION:
        condition &= Condition("scores.target_id NOT IN (SELECT target_id FROM verdicts)")
    elif filters.disposition:
        evaluated = _disposition_condition(filters.disposition)
        condition &= Condition(f"scores.target_id IN (SELECT target_id FROM verdicts{evaluated.sql})", evaluated.values)  # noqa: S608
    if text := " ".join(filters.text.split()):
        begins, named = _prefix_condition(text), _match_name_query(text)
        # Evaluated once for all rows: few stars have a known signal.
        condition &= Condition(f"({begins.sql} OR scores.id IN ({named.sql}))", begins.values + named.values)
    return condition


def candidate_ids(db: sqlite3.Connection, filters: Filters) -> list[int] | None:
    """Return ids of a few rows that include all rows passing the filters.

    Only a text, a disposition or a known signal can narrow the rows down this far.

    Parameters
    ----------
    db : sqlite3.Connection
        Open connection.
    filters : SignalFilters
        The filters.

    Returns
    -------
    list of int or None
        At most `MOST_CANDIDATES` ids; None if no filter narrows the rows down to so few.
    """
    queries = []
    if text := " ".join(filters.text.split()):
        begins, named = _prefix_condition(text), _match_name_query(text)
        queries.append(Condition(f"SELECT id FROM scores WHERE {begins.sql} UNION {named.sql}", begins.values + named.values))  # noqa: S608
    if filters.disposition not in ("", NO_DISPOSITION):
        evaluated = _disposition_condition(filters.disposition)
        queries.append(
            Condition(f"SELECT id FROM verdicts CROSS JOIN scores USING (target_id){evaluated.sql}", evaluated.values)  # noqa: S608
        )
    if filters.known:
        queries.append(Condition("SELECT id FROM scores INDEXED BY scores_matched WHERE known"))
    for query in queries:
        found = [r[0] for r in db.execute(f"SELECT id FROM ({query.sql}) LIMIT ?", (*query.values, MAX_CANDIDATES + 1))]  # noqa: S608
        if len(found) <= MAX_CANDIDATES:
            return found
    return None


def has_row_filters(filters: Filters) -> bool:
    """Return whether the filters can pass some rows of a group and reject others.

    Parameters
    ----------
    filters : SignalFilters
        The filters.

    Returns
    -------
    bool
        False if the filters only select whole groups.
    """
    of_groups = {"mission", "model_id", "simulated", "seen_as", "scored"}
    return any(getattr(filters, f.name) not in (None, "") for f in fields(filters) if f.name not in of_groups)


def _threshold_condition(group: Group, above_threshold: bool) -> Condition:
    if group.threshold is None:
        return Condition("0" if above_threshold else "")
    if above_threshold:
        return Condition(f"scores.{group.score} >= ?", (group.threshold,))
    return Condition(f"(scores.{group.score} < ? OR scores.{group.score} IS NULL)", (group.threshold,))


def _class_condition(signal_class: str) -> Condition:
    """The class is the most probable one; of two that are equally probable, the one named first."""
    if signal_class == NOT_SEARCHED:
        return Condition("scores.planet_score IS NULL")
    if signal_class == NO_SIGNAL:
        return Condition("(scores.planet_score IS NOT NULL AND scores.p_planet IS NULL)")
    own = SIGNAL_CLASSES.index(signal_class)
    signs = (f"scores.p_{signal_class} {'>' if n < own else '>='} scores.p_{c}" for n, c in enumerate(SIGNAL_CLASSES) if n != own)
    return Condition(f"({' AND '.join(signs)})")


def _disposition_condition(disposition: str) -> Condition:
    return Condition() if disposition == ANY_DISPOSITION else Condition(" WHERE disposition = ?", (disposition,))


def _prefix_condition(text: str) -> Condition:
    """The identifier begins with the text; if the text is a number, its number does."""
    starts = [f"{prefix} {text}" for prefix in BY_PREFIX] if text.isdigit() else [text.upper()]
    parts = " OR ".join("(scores.target_id >= ? AND scores.target_id < ?)" for _ in starts)
    return Condition(f"({parts})", tuple(v for s in starts for v in (s, s + _LAST_CHARACTER)))


def _match_name_query(text: str) -> Condition:
    """Query for the ids of rows whose match contains the text.

    A space or hyphen in the text stands for any one character.
    """
    pattern = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace(" ", "_").replace("-", "_")
    return Condition(
        "SELECT id FROM scores INDEXED BY scores_matched WHERE known AND match LIKE ? ESCAPE '\\'", (f"%{pattern}%",)
    )


#: Sort columns that have an index.
SORT_INDEXES = {
    PLANET_SCORE: "scores_by_planet",
    "star_score": "scores_by_score",
    "score_max": "scores_by_max",
    "score_topk": "scores_by_topk",
    "score_fold": "scores_by_fold",
    "num_segments": "scores_by_segments",
    "magnitude": "scores_by_magnitude",
    "period_days": "scores_by_period",
    "target_id": "scores_by_target",
}
_GROUP_COLUMNS = ("model_sha", "mission", "seen_as", "simulated")
#: SQL of the sort columns that are in other tables; empty text counts as no value.
_COMPUTED_COLUMNS = {
    "model_id": "(SELECT model_id FROM score_models WHERE id = scores.model)",
    "disposition": "(SELECT disposition FROM verdicts WHERE target_id = scores.target_id)",
    "flagged": "coalesce((SELECT CASE score WHEN 'planet_score' THEN planet_score ELSE star_score END >= threshold FROM cuts "
    "JOIN score_models USING (model_id) WHERE score_models.id = scores.model), 0)",
    "rank": "ranks.place",
    **{c: f"(SELECT nullif({c}, '') FROM score_groups WHERE id = group_id)" for c in _GROUP_COLUMNS},  # noqa: S608 (constants)
}
_RANKS = (
    "WITH ranks (id, place) AS MATERIALIZED (SELECT id, rank() OVER "
    "(PARTITION BY model ORDER BY planet_score DESC NULLS LAST, star_score DESC) "
    "FROM scores WHERE star_score IS NOT NULL) "
)
#: SQLite merges at most 500 queries; with more groups than this the rows are sorted instead.
MAX_GROUPS = 100


class Selection:
    """The stored rows that pass filters.

    Its `groups` hold all such rows; `candidates` are the ids of a few rows that include them, or
    None if they cannot be narrowed down.

    Parameters
    ----------
    db : sqlite3.Connection
        Open connection.
    filters : SignalFilters
        The filters.
    """

    def __init__(self, db: sqlite3.Connection, filters: Filters) -> None:
        self.db, self.filters = db, filters
        self.groups = matching_groups(db, filters)
        self.candidates = candidate_ids(db, filters)
        self._conditions = {g.id: row_condition(g, filters) for g in self.groups}

    def count(self, extra: Condition | None = None) -> int:
        """Count the rows.

        Parameters
        ----------
        extra : Condition or None, optional
            Further condition that the rows must meet.

        Returns
        -------
        int
            Number of rows.
        """
        if extra is None and not has_row_filters(self.filters):
            return sum(g.num for g in self.groups)
        if self.candidates is not None:
            source, values = self._among(_with_extra(self._conditions, extra))
            return int(self.db.execute(f"SELECT count(*) FROM {source}", values).fetchone()[0])  # noqa: S608 (constants)
        if self.filters.disposition == NO_DISPOSITION:
            # Few stars have a disposition, so counting those is faster than testing every row.
            every, evaluated = (Selection(self.db, replace(self.filters, disposition=d)) for d in ("", ANY_DISPOSITION))
            return every.count(extra) - evaluated.count(extra)
        return sum(int(self.total("count(*)", g, extra)[0]) for g in self.groups)

    def total(self, what: str, group: Group, extra: Condition | None = None) -> sqlite3.Row:
        """Evaluate SQL aggregates over the rows of a group.

        Parameters
        ----------
        what : str
            SQL expressions to select, such as "count(*)".
        group : Group
            The group.
        extra : Condition or None, optional
            Further condition that the rows must meet.

        Returns
        -------
        sqlite3.Row
            The values of the expressions.
        """
        condition = self._conditions[group.id] & (extra or Condition())
        # the index that covers the condition
        of_signals = "planet_score" in condition.sql or "scores.p_" in condition.sql
        index = "scores_by_planet" if of_signals else "scores_by_score"
        row: sqlite3.Row = self.db.execute(
            f"SELECT {what} FROM scores INDEXED BY {index} WHERE group_id = ?{condition.and_clause}",  # noqa: S608 (constants)
            (group.id, *condition.values),
        ).fetchone()
        return row

    def ids(self, sort: str, descending: bool, limit: int, offset: int = 0, extra: Condition | None = None) -> list[int]:
        """Return the ids of the rows in sorted order.

        Rows without a value come last in either direction; ties are sorted by star, in the
        direction of the sort. Rows of one planet score, or without any, are sorted by star score.

        Parameters
        ----------
        sort : str
            Column to sort by.
        descending : bool
            Whether the largest values come first.
        limit : int
            Maximum number of ids.
        offset : int, optional
            Index of the first row.
        extra : Condition or None, optional
            Further condition that the rows must meet.

        Returns
        -------
        list of int
            The ids.
        """
        conditions = _with_extra(self._conditions, extra)
        if not conditions or not limit:
            return []
        if sort not in SORT_INDEXES or len(conditions) > MAX_GROUPS or self.candidates is not None:
            return self._sorted(conditions, sort, descending, limit, offset)
        if descending or sort == "target_id":
            return self._walk(conditions, sort, descending, limit, offset)
        # An index has rows without a value first, but they must come last.
        there, missing = Condition(f"scores.{sort} IS NOT NULL"), Condition(f"scores.{sort} IS NULL")
        ids = self._walk(_with_extra(conditions, there), sort, False, limit, offset)
        if len(ids) < limit:
            before = offset if ids else self.count(there if extra is None else extra & there)
            ids += self._walk(_with_extra(conditions, missing), sort, False, limit - len(ids), max(0, offset - before))
        return ids

    def _walk(self, conditions: Mapping[int, Condition], sort: str, descending: bool, limit: int, offset: int) -> list[int]:
        """Return ids along an index, in which each group is sorted; SQLite merges the groups."""
        second = STAR_SCORE if sort == PLANET_SCORE else sort
        arms = " UNION ALL ".join(
            f"SELECT scores.id, scores.{sort} AS value, scores.{second} AS second, target_id AS star, group_id FROM scores "  # noqa: S608
            f"INDEXED BY {SORT_INDEXES[sort]} WHERE group_id = ?{condition.and_clause}"
            for condition in conditions.values()
        )
        way = "DESC" if descending else "ASC"
        values = [v for group, condition in conditions.items() for v in (group, *condition.values)]
        ties = "" if sort == "target_id" else f"star {way}, "
        if second != sort:
            ties = f"second {way}, {ties}"
        query = f"{arms} ORDER BY value {way}, {ties}group_id {way} LIMIT ? OFFSET ?"
        return [r[0] for r in self.db.execute(query, (*values, limit, offset))]

    def _sorted(self, conditions: Mapping[int, Condition], sort: str, descending: bool, limit: int, offset: int) -> list[int]:
        """Return ids by sorting, for few rows and for orders without an index."""
        source, values = self._among(conditions, " LEFT JOIN ranks ON ranks.id = scores.id" if sort == "rank" else "")
        value = _COMPUTED_COLUMNS.get(sort, f"nullif(scores.{sort}, '')")
        way = "DESC" if descending else "ASC"
        second = f"scores.star_score {way} NULLS LAST, " if sort == PLANET_SCORE else ""
        query = (
            f"{_RANKS if sort == 'rank' else ''}SELECT scores.id, {value} AS value FROM {source} "  # noqa: S608 (constants)
            f"ORDER BY value {way} NULLS LAST, {second}target_id {way}, group_id {way} LIMIT ? OFFSET ?"
        )
        return [r[0] for r in self.db.execute(query, (*values, limit, offset))]

    def _among(self, conditions: Mapping[int, Condition], joined: str = "") -> tuple[str, list[object]]:
        """Return the FROM clause for rows that meet their group's condition, and its values."""
        alike: dict[Condition, list[int]] = {}
        for group, condition in conditions.items():
            alike.setdefault(condition, []).append(group)
        parts = [f"(group_id IN (SELECT value FROM json_each(?)){c.and_clause})" for c in alike]  # noqa: S608 (constants)
        values: list[object] = [v for c, those in alike.items() for v in (json.dumps(those), *c.values)]
        source = "scores"
        if self.candidates is not None:
            source = "json_each(?) AS wanted CROSS JOIN scores ON scores.id = wanted.value"
            values.insert(0, json.dumps(self.candidates))
        return f"{source}{joined} WHERE {' OR '.join(parts) or '0'}", values


def select_by_ids(db: sqlite3.Connection, what: str, ids: Sequence[int], joined: str = "") -> list[sqlite3.Row]:
    """Select columns of rows by id.

    Parameters
    ----------
    db : sqlite3.Connection
        Open connection.
    what : str
        SQL expressions to select.
    ids : sequence of int
        Ids of rows of the table scores.
    joined : str, optional
        SQL joins to append.

    Returns
    -------
    list of sqlite3.Row
        The rows, in the order of `ids`.
    """
    return db.execute(
        f"SELECT {what} FROM json_each(?) AS wanted CROSS JOIN scores ON scores.id = wanted.value "  # noqa: S608 (constants)
        f"{joined} ORDER BY wanted.key",
        (json.dumps(ids),),
    ).fetchall()


def _with_extra(conditions: Mapping[int, Condition], extra: Condition | None) -> dict[int, Condition]:
    return dict(conditions) if extra is None else {group: c & extra for group, c in conditions.items()}
