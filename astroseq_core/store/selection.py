"""The rows that meet filters: how many, and their ids in any order, quickly among a million."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace

from astroseq_core.store.filters import JUDGED, UNJUDGED, Condition, Filters, Group, asks_of_rows, candidates, groups, within

#: The orders that an index holds.
INDEXES = {
    "star_score": "scores_by_score",
    "score_max": "scores_by_max",
    "score_topk": "scores_by_topk",
    "score_fold": "scores_by_fold",
    "num_segments": "scores_by_segments",
    "magnitude": "scores_by_magnitude",
    "best_period_days": "scores_by_period",
    "target_id": "scores_by_target",
}
_GROUP_COLUMNS = ("model_sha", "mission", "seen_as", "simulated")
#: What the orders by other tables' columns go by; empty text is no value.
_COMPUTED = {
    "model_id": "(SELECT model_id FROM score_models WHERE id = scores.model)",
    "disposition": "(SELECT disposition FROM verdicts WHERE target_id = scores.target_id)",
    "flagged": "coalesce(star_score >= (SELECT threshold FROM cuts JOIN score_models USING (model_id) "
    "WHERE score_models.id = scores.model), 0)",
    "rank": "ranks.place",
    **{c: f"(SELECT nullif({c}, '') FROM score_groups WHERE id = group_id)" for c in _GROUP_COLUMNS},  # noqa: S608 (constants)
}
_RANKS = (
    "WITH ranks (id, place) AS MATERIALIZED (SELECT id, rank() OVER (PARTITION BY model ORDER BY star_score DESC) "
    "FROM scores WHERE star_score IS NOT NULL) "
)
#: SQLite joins no more queries than 500 into one; beyond this number of groups an order is made by sorting.
MOST_GROUPS = 100


class Selection:
    """The rows that meet ``filters``, all in ``groups``; where they are among few rows, ``candidates`` are the ids of these."""

    def __init__(self, db: sqlite3.Connection, filters: Filters) -> None:
        self.db, self.filters = db, filters
        self.groups = groups(db, filters)
        self.candidates = candidates(db, filters)
        self._conditions = {g.id: within(g, filters) for g in self.groups}

    def count(self, extra: Condition | None = None) -> int:
        """How many rows there are, or how many of them meet ``extra``."""
        if extra is None and not asks_of_rows(self.filters):
            return sum(g.num for g in self.groups)
        if self.candidates is not None:
            source, values = self._among(_and(self._conditions, extra))
            return int(self.db.execute(f"SELECT count(*) FROM {source}", values).fetchone()[0])  # noqa: S608 (constants)
        if self.filters.disposition == UNJUDGED:
            # Those with a verdict are few: quicker to count than to look for each row among them.
            every, judged = (Selection(self.db, replace(self.filters, disposition=d)) for d in ("", JUDGED))
            return every.count(extra) - judged.count(extra)
        return sum(int(self.total("count(*)", g, extra)[0]) for g in self.groups)

    def total(self, what: str, group: Group, extra: Condition | None = None) -> sqlite3.Row:
        """Sums over the rows in a group that meet ``extra``."""
        condition = self._conditions[group.id] & (extra or Condition())
        row: sqlite3.Row = self.db.execute(
            f"SELECT {what} FROM scores INDEXED BY scores_by_score WHERE group_id = ?{condition.where}",  # noqa: S608 (constants)
            (group.id, *condition.values),
        ).fetchone()
        return row

    def ids(self, sort: str, descending: bool, limit: int, offset: int = 0, extra: Condition | None = None) -> list[int]:
        """The ids of the rows that meet ``extra`` too, in order, ``limit`` of them from number ``offset`` on.

        Rows without a value come last in either direction; equal ones go by star, in the direction of the sort.
        """
        conditions = _and(self._conditions, extra)
        if not conditions or not limit:
            return []
        if sort not in INDEXES or len(conditions) > MOST_GROUPS or self.candidates is not None:
            return self._sorted(conditions, sort, descending, limit, offset)
        if descending or sort == "target_id":
            return self._walk(conditions, sort, descending, limit, offset)
        # An index begins with the rows without a value, which are to come last.
        there, missing = Condition(f"scores.{sort} IS NOT NULL"), Condition(f"scores.{sort} IS NULL")
        ids = self._walk(_and(conditions, there), sort, False, limit, offset)
        if len(ids) < limit:
            before = offset if ids else self.count(there if extra is None else extra & there)
            ids += self._walk(_and(conditions, missing), sort, False, limit - len(ids), max(0, offset - before))
        return ids

    def _walk(self, conditions: Mapping[int, Condition], sort: str, descending: bool, limit: int, offset: int) -> list[int]:
        """Ids along an index: each group holds its rows in order, and SQLite merges the groups as it goes."""
        arms = " UNION ALL ".join(
            f"SELECT scores.id, scores.{sort} AS value, scores.target_id AS star, group_id FROM scores "  # noqa: S608 (constants)
            f"INDEXED BY {INDEXES[sort]} WHERE group_id = ?{condition.where}"
            for condition in conditions.values()
        )
        way = "DESC" if descending else "ASC"
        values = [v for group, condition in conditions.items() for v in (group, *condition.values)]
        ties = "" if sort == "target_id" else f"star {way}, "
        query = f"{arms} ORDER BY value {way}, {ties}group_id {way} LIMIT ? OFFSET ?"
        return [r[0] for r in self.db.execute(query, (*values, limit, offset))]

    def _sorted(self, conditions: Mapping[int, Condition], sort: str, descending: bool, limit: int, offset: int) -> list[int]:
        """The same by sorting, for few rows and for the orders that no index holds."""
        source, values = self._among(conditions, " LEFT JOIN ranks ON ranks.id = scores.id" if sort == "rank" else "")
        value = _COMPUTED.get(sort, f"nullif(scores.{sort}, '')")
        way = "DESC" if descending else "ASC"
        query = (
            f"{_RANKS if sort == 'rank' else ''}SELECT scores.id, {value} AS value FROM {source} "  # noqa: S608 (constants)
            f"ORDER BY value {way} NULLS LAST, target_id {way}, group_id {way} LIMIT ? OFFSET ?"
        )
        return [r[0] for r in self.db.execute(query, (*values, limit, offset))]

    def _among(self, conditions: Mapping[int, Condition], joined: str = "") -> tuple[str, list[object]]:
        """SQL of the rows that meet their group's condition, to stand after FROM, and its values."""
        alike: dict[Condition, list[int]] = {}
        for group, condition in conditions.items():
            alike.setdefault(condition, []).append(group)
        parts = [f"(group_id IN (SELECT value FROM json_each(?)){c.where})" for c in alike]  # noqa: S608 (constants)
        values: list[object] = [v for c, those in alike.items() for v in (json.dumps(those), *c.values)]
        source = "scores"
        if self.candidates is not None:
            source = "json_each(?) AS wanted CROSS JOIN scores ON scores.id = wanted.value"
            values.insert(0, json.dumps(self.candidates))
        return f"{source}{joined} WHERE {' OR '.join(parts) or '0'}", values


def of_ids(db: sqlite3.Connection, what: str, ids: Sequence[int], joined: str = "") -> list[sqlite3.Row]:
    """Columns of the rows with those ids, in their order."""
    return db.execute(
        f"SELECT {what} FROM json_each(?) AS wanted CROSS JOIN scores ON scores.id = wanted.value "  # noqa: S608 (constants)
        f"{joined} ORDER BY wanted.key",
        (json.dumps(ids),),
    ).fetchall()


def _and(conditions: Mapping[int, Condition], extra: Condition | None) -> dict[int, Condition]:
    return dict(conditions) if extra is None else {group: c & extra for group, c in conditions.items()}
