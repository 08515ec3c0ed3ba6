"""Known signals in the store: they change with the catalogues, while the scores beside them stay."""

from collections.abc import Iterable
from dataclasses import dataclass

from astroseq_core.store.database import connect


@dataclass(frozen=True)
class MatchRow:
    """What a real star's score says of its best period, and the known signal that stands beside it; see ScoreRow.

    ``number``: of the row in the store; ``at``: when it was scored [s since 1970].
    """

    number: int
    target_id: str
    at: float
    best_period_days: float | None
    best_t0: float
    t0_system: str
    best_duration_hours: float | None
    period_err_days: float | None
    t0_err_days: float | None
    num_transits: int | None
    match: str
    match_kind: str
    match_ratio: str
    match_disposition: str


_COLUMNS = ", ".join(name for name in MatchRow.__dataclass_fields__ if name != "number")


def after(number: int, count: int) -> tuple[MatchRow, ...]:
    """The next ``count`` rows of real stars with a score behind the row of that number, by their numbers; 0 for the first."""
    with connect(writing=False) as db:
        found = db.execute(
            f"SELECT scores.id AS number, {_COLUMNS} FROM scores JOIN score_groups ON score_groups.id = group_id "  # noqa: S608
            "WHERE scores.id > ? AND scored AND NOT simulated AND best_t0 IS NOT NULL ORDER BY scores.id LIMIT ?",
            (number, count),
        ).fetchall()
    return tuple(MatchRow(**dict(r)) for r in found)


def put(rows: Iterable[MatchRow]) -> int:
    """Keep the known signals of those rows, all in one transaction; how many. A star that was scored anew meanwhile is left."""
    values = [(r.match, r.match_kind, r.match_ratio, r.match_disposition, r.match_kind != "", r.number, r.at) for r in rows]
    if not values:
        return 0
    with connect() as db:
        return db.executemany(
            "UPDATE scores SET match = ?, match_kind = ?, match_ratio = ?, match_disposition = ?, known = ? "
            "WHERE id = ? AND at = ?",
            values,
        ).rowcount
