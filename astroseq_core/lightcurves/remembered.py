"""What the cache remembers beside its files: what the archive does not have, what failed to come, how large it may grow."""

import time

from astroseq_core import targets
from astroseq_core.lightcurves.cached import Absence
from astroseq_core.lightcurves.index import Index
from astroseq_core.targets import Target

_BUDGET = "budget bytes"


class Remembered:
    """The part of the cache that holds no files; an absence is asked for again only after ``forget_absent``, a failure always."""

    _index: Index

    def remember_absent(self, target: Target, what: str, reason: str) -> None:
        """Remember that the archive has no ``what`` of a target, and why."""
        with self._index.open(write=True) as connection:
            connection.execute("INSERT OR REPLACE INTO absent VALUES (?, ?, ?, ?)", (target.slug, what, reason, time.time()))

    def absent(self, target: Target, what: str) -> str | None:
        """Why the archive has no ``what`` of that target, or None when nothing of the kind is remembered."""
        with self._index.open() as connection:
            row = connection.execute("SELECT reason FROM absent WHERE target = ? AND what = ?", (target.slug, what)).fetchone()
        return None if row is None else str(row[0])

    def absences(self) -> tuple[Absence, ...]:
        """Everything that is remembered as absent."""
        with self._index.open() as connection:
            rows = connection.execute("SELECT target, what, reason, since FROM absent ORDER BY target, what").fetchall()
        return tuple(Absence(targets.parse_star(row[0]).id, *row[1:]) for row in rows)

    def forget_absent(self, target: Target | None = None, what: str | None = None) -> int:
        """Forget what is remembered as absent, of all targets or one, of all things or one; how many there were."""
        with self._index.open(write=True) as connection:
            return connection.execute(
                "DELETE FROM absent WHERE (?1 IS NULL OR target = ?1) AND (?2 IS NULL OR what = ?2)",
                (None if target is None else target.slug, what),
            ).rowcount

    def remember_failed(self, target: Target, what: str, reason: str) -> None:
        """Remember that ``what`` of a target could not be fetched, and why; that is no absence."""
        with self._index.open(write=True) as connection:
            connection.execute("INSERT OR REPLACE INTO failed VALUES (?, ?, ?, ?)", (target.slug, what, reason, time.time()))

    def failures(self) -> tuple[Absence, ...]:
        """Everything that failed when it was last asked for."""
        with self._index.open() as connection:
            rows = connection.execute("SELECT target, what, reason, since FROM failed ORDER BY target, what").fetchall()
        return tuple(Absence(targets.parse_star(row[0]).id, *row[1:]) for row in rows)

    def forget_failed(self, target: Target | None = None, what: str | None = None) -> int:
        """Forget failures, of all targets or one, of all things or one; how many there were."""
        with self._index.open() as connection:  # most often there is none, and nothing is to be written
            found = connection.execute(
                "SELECT COUNT(*) FROM failed WHERE (?1 IS NULL OR target = ?1) AND (?2 IS NULL OR what = ?2)",
                (None if target is None else target.slug, what),
            ).fetchone()
        if not found[0]:
            return 0
        with self._index.open(write=True) as connection:
            return connection.execute(
                "DELETE FROM failed WHERE (?1 IS NULL OR target = ?1) AND (?2 IS NULL OR what = ?2)",
                (None if target is None else target.slug, what),
            ).rowcount

    @property
    def budget_bytes(self) -> int | None:
        """The bytes that the cache may take, or None where nobody has said."""
        with self._index.open() as connection:
            row = connection.execute("SELECT value FROM choices WHERE name = ?", (_BUDGET,)).fetchone()
        return None if row is None else int(row[0])

    def set_budget(self, budget_bytes: int | None) -> None:
        """Remember the bytes that the cache may take; None for any."""
        with self._index.open(write=True) as connection:
            if budget_bytes is None:
                connection.execute("DELETE FROM choices WHERE name = ?", (_BUDGET,))
            else:
                connection.execute("INSERT OR REPLACE INTO choices VALUES (?, ?)", (_BUDGET, str(int(budget_bytes))))
