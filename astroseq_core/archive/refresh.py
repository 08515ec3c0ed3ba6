"""Refresh of the catalogs, table by table; the old snapshot is used until the new one is complete."""

import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from astroseq_core.archive import exoplanet_archive, http, snapshots
from astroseq_core.archive.exoplanet_archive import CATALOG_TABLES, CatalogTable, find_table
from astroseq_core.archive.http import RetryPolicy
from astroseq_core.archive.normalize import normalize_table
from astroseq_core.archive.snapshots import STALE_AFTER, SnapshotStatus
from astroseq_core.errors import ArchiveError, AstroSeqError, CacheError, CatalogError, StoppedError
from astroseq_core.io import files
from astroseq_core.jobs.progress import Progress, Report

log = logging.getLogger(__name__)

#: A table that lost more than this fraction of its rows since the last snapshot is rejected as incomplete.
MAX_LOST_FRACTION = 0.2
#: Minimum time [s] between a failed background refresh and the next attempt.
PAUSE_AFTER_FAILURE_SECONDS = 3600.0


@dataclass(frozen=True)
class RefreshResult:
    """Result of refreshing one table.

    Attributes
    ----------
    status : SnapshotStatus
        Status of its snapshot now.
    problem : str
        Why the old snapshot, if any, was kept; empty after a success.
    """

    status: SnapshotStatus
    problem: str = ""

    @property
    def sentence(self) -> str:
        """One sentence for people."""
        if not self.problem:
            return self.status.sentence
        return f"{self.problem} " + (
            f"{self.status.title}: the snapshot of {self.status.date:%Y-%m-%d} stays in use."
            if self.status.date
            else f"{self.status.title}: there is no snapshot; only the built-in famous systems have ephemerides."
        )


def refresh_catalogs(
    names: Iterable[str] = (),
    *,
    how: RetryPolicy | None = None,
    stop: threading.Event | None = None,
    force: bool = False,
    progress: Report | None = None,
) -> tuple[RefreshResult, ...]:
    """Fetch tables from the archive; a table that fails keeps its old snapshot.

    Parameters
    ----------
    names : iterable of str, optional
        Names of the tables; by default all.
    how : RetryPolicy, optional
        Timeouts and retries.
    stop : threading.Event, optional
        Stops the refresh when set.
    force : bool, optional
        Whether to accept a table that lost many rows.
    progress : callable, optional
        Called with the number of finished tables, and the title of the present one as its message.

    Returns
    -------
    tuple of RefreshResult
        One result for each table.

    Raises
    ------
    CatalogError
        If a name is unknown.
    StoppedError
        If `stop` is set.
    """
    wanted = tuple(dict.fromkeys(find_table(n).name for n in names)) or tuple(CATALOG_TABLES)
    how = how or http.retry_policy()
    files.remove_stale_temporaries(snapshots.snapshot_folder())
    done: list[RefreshResult] = []
    for number, name in enumerate(wanted):
        if progress:
            progress(Progress(number, len(wanted), message=CATALOG_TABLES[name].title))
        done.append(_refresh_table(CATALOG_TABLES[name], how, stop, force))
    if progress:
        progress(Progress(len(wanted), len(wanted)))
    return tuple(done)


def stale_tables(after: timedelta = STALE_AFTER) -> tuple[str, ...]:
    """Return the tables without a snapshot, or with one that is too old.

    Parameters
    ----------
    after : timedelta, optional
        Maximum age.

    Returns
    -------
    tuple of str
        Names of the tables.
    """
    return tuple(s.table for s in snapshots.all_statuses() if s.is_stale(after))


def _refresh_table(wanted: CatalogTable, how: RetryPolicy, stop: threading.Event | None, force: bool) -> RefreshResult:
    before = snapshots.snapshot_status(wanted)
    try:
        answer = http.call_with_retries(lambda: exoplanet_archive.fetch_table(wanted, how), how, stop)
        content = normalize_table(wanted, answer.frame, answer.units)
        if not len(content.signals):
            raise CatalogError(f"Not one row of the {wanted.title} table can be used; was it the right server?")
        if before.date and content.rows_in < (1 - MAX_LOST_FRACTION) * before.rows_in and not force:
            raise CatalogError(
                f"The {wanted.title} table came with {content.rows_in} rows where it had {before.rows_in}; "
                "refresh it with --force if that is right."
            )
        return RefreshResult(snapshots.write_snapshot(wanted, content, answer.server))
    except StoppedError:
        raise
    except (ArchiveError, CatalogError, CacheError) as error:
        log.warning("The %s table was not refreshed: %s", wanted.title, error)
        return RefreshResult(before, str(error))


class BackgroundRefresh:
    """A refresh in a thread of its own.

    `results` is empty until the refresh has ended; `problem` says why it gave up; `progress` says how
    far it is.

    Parameters
    ----------
    names : tuple of str
        Names of the tables.
    how : RetryPolicy, optional
        Timeouts and retries.
    """

    def __init__(self, names: tuple[str, ...], how: RetryPolicy | None = None) -> None:
        self.names = names
        self.results: tuple[RefreshResult, ...] = ()
        self.problem = ""
        self.ended = 0.0
        self.progress = Progress(total=len(names))
        self._how, self._stop = how, threading.Event()
        self._thread = threading.Thread(target=self._run, name="catalogues", daemon=True)

    @property
    def is_running(self) -> bool:
        """Whether the refresh is running."""
        return self._thread.is_alive()

    @property
    def failed(self) -> bool:
        """Whether the refresh has ended without refreshing every table."""
        return not self.is_running and (bool(self.problem) or any(r.problem for r in self.results))

    def start(self) -> "BackgroundRefresh":
        """Start the refresh.

        Returns
        -------
        BackgroundRefresh
            This object.
        """
        self._thread.start()
        return self

    def stop(self) -> None:
        """Request the refresh to stop; complete snapshots are kept."""
        self._stop.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the refresh to end.

        Parameters
        ----------
        seconds : float, optional
            Maximum wait [s]; by default no limit.

        Returns
        -------
        bool
            Whether the refresh has ended.
        """
        self._thread.join(seconds)
        return not self.is_running

    def _report(self, progress: Progress) -> None:
        self.progress = progress

    def _run(self) -> None:
        try:
            self.results = refresh_catalogs(self.names, how=self._how, stop=self._stop, progress=self._report)
        except AstroSeqError as error:
            self.problem = str(error)
        finally:
            self.ended = time.monotonic()


_lock = threading.Lock()
_latest: BackgroundRefresh | None = None


def refresh_in_background(
    names: Iterable[str] | None = None, *, after: timedelta = STALE_AFTER, how: RetryPolicy | None = None
) -> BackgroundRefresh | None:
    """Start a refresh in the background, unless one is running.

    After a failure, stale tables are not tried again for an hour, so that an app without a network
    does not query the archive at every click. Named tables are always tried.

    Parameters
    ----------
    names : iterable of str, optional
        Names of the tables; by default the stale ones.
    after : timedelta, optional
        Maximum age of a snapshot that is not stale.
    how : RetryPolicy, optional
        Timeouts and retries.

    Returns
    -------
    BackgroundRefresh or None
        The running refresh; None if nothing has to be refreshed or a failure is too recent.
    """
    global _latest
    with _lock:
        if _latest is not None and _latest.is_running:
            return _latest
        if (
            names is None
            and _latest is not None
            and _latest.failed
            and time.monotonic() - _latest.ended < PAUSE_AFTER_FAILURE_SECONDS
        ):
            return None
        wanted = stale_tables(after) if names is None else tuple(find_table(n).name for n in names)
        if not wanted:
            return None
        _latest = BackgroundRefresh(wanted, how).start()
        return _latest


def latest_refresh() -> BackgroundRefresh | None:
    """Return the background refresh that this process started last.

    Returns
    -------
    BackgroundRefresh or None
        The refresh; None if there was none.
    """
    return _latest
