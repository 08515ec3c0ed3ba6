"""Fetching the catalogues anew: table by table, the old snapshot in use until the new one is whole."""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from astroseq_core.archive import exoplanet_archive, retry, snapshots
from astroseq_core.archive.normalise import normalise
from astroseq_core.archive.retry import Patience
from astroseq_core.archive.snapshots import STALE_AFTER, SnapshotStatus
from astroseq_core.archive.tables import TABLES, Table, table
from astroseq_core.errors import ArchiveError, AstroSeqError, CacheError, CatalogueError, StoppedError
from astroseq_core.lightcurves import storage

log = logging.getLogger(__name__)

#: A table that lost more than this part of its rows since the last snapshot is taken for a broken answer.
MAX_LOST_PART = 0.2
#: After a failed refresh in the background the next is tried this much later [s], at the earliest.
REST_SECONDS = 3600.0

#: Called with a table's title, how many tables are done and how many there are.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Refreshed:
    """What came of one table: its snapshot's status now, and ``problem`` where the old one, if any, had to stay."""

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


def refresh(
    names: Iterable[str] = (),
    *,
    how: Patience | None = None,
    stop: threading.Event | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> tuple[Refreshed, ...]:
    """What came of each of those tables (default: all), fetched now; one that fails keeps its old snapshot.

    ``force`` takes a table even though it lost many rows. Raises CatalogueError for an unknown name, StoppedError when
    ``stop`` is set.
    """
    wanted = tuple(dict.fromkeys(table(n).name for n in names)) or tuple(TABLES)
    how = how or retry.patience()
    storage.remove_leftovers(snapshots.folder())
    done: list[Refreshed] = []
    for number, name in enumerate(wanted):
        if progress:
            progress(TABLES[name].title, number, len(wanted))
        done.append(_one(TABLES[name], how, stop, force))
    if progress:
        progress("", len(wanted), len(wanted))
    return tuple(done)


def stale(after: timedelta = STALE_AFTER) -> tuple[str, ...]:
    """The tables of which there is no snapshot, or one older than ``after``."""
    return tuple(s.table for s in snapshots.status() if s.is_stale(after))


def _one(wanted: Table, how: Patience, stop: threading.Event | None, force: bool) -> Refreshed:
    before = snapshots.status_of(wanted)
    try:
        answer = retry.retrying(lambda: exoplanet_archive.fetch(wanted, how), how, stop)
        content = normalise(wanted, answer.frame, answer.units)
        if not len(content.signals):
            raise CatalogueError(f"Not one row of the {wanted.title} table can be used; was it the right server?")
        if before.date and content.rows_in < (1 - MAX_LOST_PART) * before.rows_in and not force:
            raise CatalogueError(
                f"The {wanted.title} table came with {content.rows_in} rows where it had {before.rows_in}; "
                "refresh it with --force if that is right."
            )
        return Refreshed(snapshots.write(wanted, content, answer.server))
    except StoppedError:
        raise
    except (ArchiveError, CatalogueError, CacheError) as error:
        log.warning("The %s table was not refreshed: %s", wanted.title, error)
        return Refreshed(before, str(error))


class Background:
    """A refresh in a thread of its own; ``results`` is empty until it has ended, ``problem`` says why it gave up."""

    def __init__(self, names: tuple[str, ...], how: Patience | None = None) -> None:
        self.names = names
        self.results: tuple[Refreshed, ...] = ()
        self.problem = ""
        self.ended = 0.0
        self.at: tuple[str, int, int] = ("", 0, len(names))
        self._how, self._stop = how, threading.Event()
        self._thread = threading.Thread(target=self._run, name="catalogues", daemon=True)

    @property
    def is_running(self) -> bool:
        """Whether it is under way."""
        return self._thread.is_alive()

    @property
    def failed(self) -> bool:
        """Whether it has ended with a table that was not refreshed."""
        return not self.is_running and (bool(self.problem) or any(r.problem for r in self.results))

    def start(self) -> "Background":
        """Begin."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ask it to end; what is whole stays."""
        self._stop.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Whether it has ended, after waiting for it as long as that."""
        self._thread.join(seconds)
        return not self.is_running

    def _run(self) -> None:
        try:
            self.results = refresh(self.names, how=self._how, stop=self._stop, progress=lambda *at: setattr(self, "at", at))
        except AstroSeqError as error:
            self.problem = str(error)
        finally:
            self.ended = time.monotonic()


_lock = threading.Lock()
_latest: Background | None = None


def in_background(
    names: Iterable[str] | None = None, *, after: timedelta = STALE_AFTER, how: Patience | None = None
) -> Background | None:
    """The refresh under way, started now where there was none, of the given tables, or of the stale ones (None).

    None when nothing is stale, and after a failure that was less than REST_SECONDS ago, so that an app without a network
    does not ask at every click; naming tables asks at once.
    """
    global _latest
    with _lock:
        if _latest is not None and _latest.is_running:
            return _latest
        if names is None and _latest is not None and _latest.failed and time.monotonic() - _latest.ended < REST_SECONDS:
            return None
        wanted = stale(after) if names is None else tuple(table(n).name for n in names)
        if not wanted:
            return None
        _latest = Background(wanted, how).start()
        return _latest


def latest() -> Background | None:
    """The refresh in the background that was started last, by this process."""
    return _latest
