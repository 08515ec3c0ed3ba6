"""What the light-curve cache stores beside light curves: pixel columns, known absences, failed downloads and its size limit."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace

from astroseq_core.errors import CacheError, CorruptFileError
from astroseq_core.io import cache_index, pixels
from astroseq_core.io.cache_index import LIGHT_CURVE_KIND, CacheEntry, CacheIndex, CacheKey
from astroseq_core.io.cache_records import Absence
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.io.pixels import PixelColumns
from astroseq_core.targets import Target
from astroseq_core.type_names import Arrays, JsonObject

log = logging.getLogger(__name__)

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


#: Kind of pixel columns in the index; the rest of their key is that of their light curve.
PIXELS_KIND = "pixels"


class PixelColumnStore:
    """The part of the cache that stores pixel columns; surveys and searches never read them."""

    _index: CacheIndex
    _write: Callable[[CacheKey, JsonObject, Arrays], None]
    _read_first: Callable[..., tuple[JsonObject, Arrays] | None]

    def save_pixels(self, curve: LightCurve, columns: PixelColumns, *, author: str, exposure_seconds: float) -> None:
        """Store the pixel columns of a light curve.

        Parameters
        ----------
        curve : LightCurve
            The light curve, already stored.
        columns : PixelColumns
            Its pixel columns.
        author : str
            The author that the light curve is stored under.
        exposure_seconds : float
            The exposure [s] that the light curve is stored under.
        """
        key = CacheKey(PIXELS_KIND, curve.target.slug, curve.observation, author, round(exposure_seconds))
        self._write(key, *pixels.pack_pixel_columns(replace(columns, observation=curve.observation), curve.provenance.sha256))

    def pixels(self, curve: LightCurve) -> PixelColumns | None:
        """Return the stored pixel columns of a light curve that came from the cache.

        Pixel columns of another version of the file are ignored. Damaged files are moved aside and
        ignored.

        Parameters
        ----------
        curve : LightCurve
            The light curve.

        Returns
        -------
        PixelColumns or None
            The pixel columns; None if there are none.
        """
        values = (PIXELS_KIND, curve.target.slug, curve.observation)

        def rank(entry: CacheEntry) -> tuple[bool, float]:
            return entry.key.author != curve.author, abs(entry.key.exposure_seconds - 60 * curve.cadence_minutes)

        try:
            found = self._read_first("kind = ? AND target = ? AND observation = ?", values, rank, _belongs_to(curve))
            return None if found is None else pixels.unpack_pixel_columns(*found)
        except (CacheError, CorruptFileError) as error:
            log.warning("%s", error)
            return None


def pixel_entries_by_owner(entries: list[CacheEntry]) -> dict[CacheKey, CacheEntry]:
    """Return the entries of pixel columns by the key of their light curve.

    Parameters
    ----------
    entries : list of CacheEntry
        Entries of the cache index.

    Returns
    -------
    dict of CacheKey to CacheEntry
        The entries of pixel columns.
    """
    return {replace(e.key, kind=LIGHT_CURVE_KIND): e for e in entries if e.key.kind == PIXELS_KIND}


def merge_pixel_entries(entries: list[CacheEntry]) -> list[CacheEntry]:
    """Merge the entries of pixel columns into those of their light curves.

    Parameters
    ----------
    entries : list of CacheEntry
        Entries of the cache index.

    Returns
    -------
    list of CacheEntry
        The entries without pixel columns that have a light curve; the size of that light curve
        includes both files.
    """
    there = {e.key for e in entries}
    sizes = {key: e.size_bytes for key, e in pixel_entries_by_owner(entries).items() if key in there}
    return [
        replace(e, size_bytes=e.size_bytes + sizes.get(e.key, 0))
        for e in entries
        if not (e.key.kind == PIXELS_KIND and replace(e.key, kind=LIGHT_CURVE_KIND) in there)
    ]


def _belongs_to(curve: LightCurve) -> Callable[[JsonObject], bool]:
    return lambda header: header.get("of_sha256") == curve.provenance.sha256
