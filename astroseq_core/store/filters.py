"""Which rows of the leaderboard a person wants to see, as conditions on the store's tables."""

import math
import sqlite3
from dataclasses import dataclass, fields
from typing import Any

from astroseq_core.errors import StoreError
from astroseq_core.missions import BY_PREFIX
from astroseq_core.store.dispositions import DISPOSITIONS

#: In place of a disposition: the stars that nobody has judged.
UNJUDGED = "none"
#: The same: the stars with any verdict.
JUDGED = "any"
#: So many rows at most are looked at one by one instead of along an index [rows]; 20,000 take a tenth of a second.
MOST_CANDIDATES = 20_000
#: Each bounded column with the two fields that bound it.
_RANGES = (
    ("star_score", "score_min", "score_max"),
    ("num_segments", "segments_min", "segments_max"),
    ("magnitude", "magnitude_min", "magnitude_max"),
    ("best_period_days", "period_min", "period_max"),
)
#: After every character that an identifier can begin with.
_LAST = "\U0010ffff"


@dataclass(frozen=True)
class Filters:
    """What the rows must meet, all of it; None and ``''`` ask for nothing.

    ``text``: the identifier, or its number alone, begins with it, or the matched name holds it. Bounds are inclusive, and a row
    without the value is outside any; ``score_*`` are of the star score, ``period_*`` [d]. ``scored``: False for the stars that
    could not be. ``known``: has a known signal. ``disposition``: the newest verdict on the star, or UNJUDGED, or JUDGED.
    ``flagged``: at or above its model's cut. Raises StoreError for what no row could ever meet.
    """

    mission: str = ""
    model_id: str = ""
    text: str = ""
    simulated: bool | None = None
    score_min: float | None = None
    score_max: float | None = None
    segments_min: int | None = None
    segments_max: int | None = None
    magnitude_min: float | None = None
    magnitude_max: float | None = None
    period_min: float | None = None
    period_max: float | None = None
    known: bool | None = None
    disposition: str = ""
    flagged: bool | None = None
    seen_as: str = ""
    scored: bool | None = None

    def __post_init__(self) -> None:
        words = (*DISPOSITIONS, UNJUDGED, JUDGED)
        if self.disposition and self.disposition not in words:
            raise StoreError(f"'{self.disposition}' is no disposition; use one of {', '.join(words)}.")
        for column, low, high in _RANGES:
            bounds = [b for b in (getattr(self, low), getattr(self, high)) if b is not None]
            if any(math.isnan(b) for b in bounds) or bounds != sorted(bounds):
                raise StoreError(f"The bounds {bounds[0]} and {bounds[-1]} of {column} hold no number; exchange or clear them.")


@dataclass(frozen=True)
class Group:
    """Rows of one model, mission and kind: ``num`` of them, and the ``threshold`` of the model's cut, if there is one."""

    id: int
    model: int
    scored: bool
    num: int
    threshold: float | None


@dataclass(frozen=True)
class Condition:
    """SQL for a row of ``scores`` and the values of its question marks; ``''`` where every row meets it."""

    sql: str = ""
    values: tuple[Any, ...] = ()

    def __and__(self, other: "Condition") -> "Condition":
        return Condition(" AND ".join(filter(None, (self.sql, other.sql))), self.values + other.values)

    @property
    def where(self) -> str:
        """To be put after another condition."""
        return f" AND {self.sql}" if self.sql else ""


def groups(db: sqlite3.Connection, filters: Filters) -> tuple[Group, ...]:
    """The groups that hold rows and can meet the filters."""
    condition = Condition()
    for column in ("mission", "model_id", "simulated", "seen_as", "scored"):
        if (value := getattr(filters, column)) not in (None, ""):
            condition &= Condition(f"{column} = ?", (value,))
    found = db.execute(
        "SELECT score_groups.id, model, scored, num, threshold FROM score_groups "  # noqa: S608 (constants)
        "JOIN score_models ON score_models.id = model LEFT JOIN cuts USING (model_id) "
        f"WHERE num > 0{condition.where} ORDER BY score_groups.id",
        condition.values,
    )
    return tuple(Group(r["id"], r["model"], bool(r["scored"]), r["num"], r["threshold"]) for r in found)


def within(group: Group, filters: Filters) -> Condition:
    """What a row of that group must meet."""
    condition = Condition()
    for column, low, high in _RANGES:
        for bound, sign in ((getattr(filters, low), ">="), (getattr(filters, high), "<=")):
            if bound is not None:
                condition &= Condition(f"scores.{column} {sign} ?", (float(bound),))
    if filters.known is not None:
        condition &= Condition("scores.known = ?", (int(filters.known),))
    if filters.flagged is not None:
        condition &= _flagged(group.threshold, filters.flagged)
    if filters.disposition == UNJUDGED:
        condition &= Condition("scores.target_id NOT IN (SELECT target_id FROM verdicts)")
    elif filters.disposition:
        judged = _judged(filters.disposition)
        condition &= Condition(f"scores.target_id IN (SELECT target_id FROM verdicts{judged.sql})", judged.values)  # noqa: S608
    if text := " ".join(filters.text.split()):
        begins, named = _begins(text), _named(text)
        # Looked up once for all rows: few stars have a known signal.
        condition &= Condition(f"({begins.sql} OR scores.id IN ({named.sql}))", begins.values + named.values)
    return condition


def candidates(db: sqlite3.Connection, filters: Filters) -> list[int] | None:
    """The ids of rows among which are all that meet the filters, where a text, a verdict or a match leaves few of them."""
    queries = []
    if text := " ".join(filters.text.split()):
        begins, named = _begins(text), _named(text)
        queries.append(Condition(f"SELECT id FROM scores WHERE {begins.sql} UNION {named.sql}", begins.values + named.values))  # noqa: S608
    if filters.disposition not in ("", UNJUDGED):
        judged = _judged(filters.disposition)
        queries.append(
            Condition(f"SELECT id FROM verdicts CROSS JOIN scores USING (target_id){judged.sql}", judged.values)  # noqa: S608
        )
    if filters.known:
        queries.append(Condition("SELECT id FROM scores INDEXED BY scores_matched WHERE known"))
    for query in queries:
        found = [r[0] for r in db.execute(f"SELECT id FROM ({query.sql}) LIMIT ?", (*query.values, MOST_CANDIDATES + 1))]  # noqa: S608
        if len(found) <= MOST_CANDIDATES:
            return found
    return None


def asks_of_rows(filters: Filters) -> bool:
    """Whether some rows of a group may meet the filters and others not."""
    of_groups = {"mission", "model_id", "simulated", "seen_as", "scored"}
    return any(getattr(filters, f.name) not in (None, "") for f in fields(filters) if f.name not in of_groups)


def _flagged(threshold: float | None, flagged: bool) -> Condition:
    if threshold is None:
        return Condition("0" if flagged else "")
    if flagged:
        return Condition("scores.star_score >= ?", (threshold,))
    return Condition("(scores.star_score < ? OR scores.star_score IS NULL)", (threshold,))


def _judged(disposition: str) -> Condition:
    return Condition() if disposition == JUDGED else Condition(" WHERE disposition = ?", (disposition,))


def _begins(text: str) -> Condition:
    """The identifier begins with the text; where that is a number, the number does."""
    starts = [f"{prefix} {text}" for prefix in BY_PREFIX] if text.isdigit() else [text.upper()]
    parts = " OR ".join("(scores.target_id >= ? AND scores.target_id < ?)" for _ in starts)
    return Condition(f"({parts})", tuple(v for s in starts for v in (s, s + _LAST)))


def _named(text: str) -> Condition:
    """Query for the ids of the rows whose match holds the text; a space or a hyphen of it stands for any one character."""
    pattern = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace(" ", "_").replace("-", "_")
    return Condition(
        "SELECT id FROM scores INDEXED BY scores_matched WHERE known AND match LIKE ? ESCAPE '\\'", (f"%{pattern}%",)
    )
