"""Light-curve cache: records of absences and failed downloads, and the cache's size limit."""

import time

from astroseq_core.io import cache_index
from astroseq_core.io.cache_index import CacheIndex
from astroseq_core.io.cache_records import Absence
from astroseq_core.targets import Target

_BUDGET_NAME = "budget bytes"


class AbsenceStore:
    """The part of the cache index that describes no files.

    An absence is trusted until `forget_absent`; a failure never stops a new attempt.
    """

    _index: CacheIndex

    def save_absence(self, target: Target, what: str, reason: str) -> None:
        """Record that the archive does not have something.

        Parameters
        ----------
        target : Target
            The star.
        what : str
            What is absent, such as a file name or a kind of light curve.
        reason : str
            Why, in one sentence.
        """
        with self._index.open(write=True) as connection:
            connection.execute("INSERT OR REPLACE INTO absent VALUES (?, ?, ?, ?)", (target.slug, what, reason, time.time()))

    def absent(self, target: Target, what: str) -> str | None:
        """Return why the archive does not have something.

        Parameters
        ----------
        target : Target
            The star.
        what : str
            What is asked for.

        Returns
        -------
        str or None
            The recorded reason; None if nothing is recorded.
        """
        with self._index.open() as connection:
            row = connection.execute("SELECT reason FROM absent WHERE target = ? AND what = ?", (target.slug, what)).fetchone()
        return None if row is None else str(row[0])

    def absences(self) -> tuple[Absence, ...]:
        """Return all recorded absences.

        Returns
        -------
        tuple of Absence
            The absences, sorted by target and by what is absent.
        """
        with self._index.open() as connection:
            rows = connection.execute("SELECT target, what, reason, since FROM absent ORDER BY target, what").fetchall()
        return tuple(
            Absence(star.id, str(row[1]), str(row[2]), float(row[3]))
            for row in rows
            if (star := cache_index.star_or_none(row[0])) is not None and isinstance(row[3], int | float)
        )

    def delete_absences(self, target: Target | None = None, what: str | None = None) -> int:
        """Delete records of absences.

        Parameters
        ----------
        target : Target, optional
            Only those of this star; by default of all.
        what : str, optional
            Only those of this file or kind; by default of all.

        Returns
        -------
        int
            Number of deleted records.
        """
        with self._index.open(write=True) as connection:
            return connection.execute(
                "DELETE FROM absent WHERE (?1 IS NULL OR target = ?1) AND (?2 IS NULL OR what = ?2)",
                (None if target is None else target.slug, what),
            ).rowcount

    def save_failure(self, target: Target, what: str, reason: str) -> None:
        """Record that something could not be downloaded. This is not an absence.

        Parameters
        ----------
        target : Target
            The star.
        what : str
            What failed.
        reason : str
            Why, in one sentence.
        """
        with self._index.open(write=True) as connection:
            connection.execute("INSERT OR REPLACE INTO failed VALUES (?, ?, ?, ?)", (target.slug, what, reason, time.time()))

    def failures(self) -> tuple[Absence, ...]:
        """Return everything that failed when it was last requested.

        Returns
        -------
        tuple of Absence
            The failures, sorted by target and by what failed.
        """
        with self._index.open() as connection:
            rows = connection.execute("SELECT target, what, reason, since FROM failed ORDER BY target, what").fetchall()
        return tuple(
            Absence(star.id, str(row[1]), str(row[2]), float(row[3]))
            for row in rows
            if (star := cache_index.star_or_none(row[0])) is not None and isinstance(row[3], int | float)
        )

    def delete_failures(self, target: Target | None = None, what: str | None = None) -> int:
        """Delete records of failures.

        Parameters
        ----------
        target : Target, optional
            Only those of this star; by default of all.
        what : str, optional
            Only those of this file or kind; by default of all.

        Returns
        -------
        int
            Number of deleted records.
        """
        with self._index.open() as connection:  # usually there is none, and no write transaction is needed
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
        """Size limit of the cache [bytes]; None if no limit is set."""
        with self._index.open() as connection:
            row = connection.execute("SELECT value FROM choices WHERE name = ?", (_BUDGET_NAME,)).fetchone()
        return int(row[0]) if row is not None and str(row[0]).isdecimal() else None

    def set_budget(self, budget_bytes: int | None) -> None:
        """Set the size limit of the cache.

        Parameters
        ----------
        budget_bytes : int or None
            The limit [bytes]; None for no limit.
        """
        with self._index.open(write=True) as connection:
            if budget_bytes is None:
                connection.execute("DELETE FROM choices WHERE name = ?", (_BUDGET_NAME,))
            else:
                connection.execute("INSERT OR REPLACE INTO choices VALUES (?, ?)", (_BUDGET_NAME, str(int(budget_bytes))))
