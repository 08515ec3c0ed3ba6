"""Fetching light curves into the cache: several at a time, stopped and taken up again at will."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from astroseq_core.archive import download, locks, products, retry, search
from astroseq_core.archive.products import Available
from astroseq_core.archive.report import Ending, Fetched, FetchReport, Progress, in_order
from astroseq_core.archive.retry import Patience
from astroseq_core.errors import AbsentError, AstroSeqError, CacheError, StoppedError, UnreachableError
from astroseq_core.lightcurves import storage
from astroseq_core.lightcurves.cache import LightCurveCache
from astroseq_core.targets import Target

log = logging.getLogger(__name__)

#: The folder of temporary files and locks, in the cache's own.
INCOMING = "incoming"
_TICK_SECONDS = 0.2


def fetch(
    targets: Target | Iterable[Target],
    *,
    chosen: Iterable[Available] | None = None,
    author: str | None = None,
    exposure_seconds: float | None = None,
    max_observations: int | None = None,
    workers: int = 4,
    retry_absent: bool = False,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
    cache: LightCurveCache | None = None,
) -> FetchReport:
    """What came of fetching the light curves of targets into the cache: whole, already there, absent or failed, with reasons.

    ``chosen``: just these of what a search found, of any target; else those of ``author`` at ``exposure_seconds`` [s], by default
    the mission's usual ones (see ``search``), the first ``max_observations`` of each target. What is whole in the cache is not
    fetched again; what is remembered as absent is not asked for, unless ``retry_absent``. ``progress`` is called in this thread.
    Raises CacheError when the cache cannot be written or a newer AstroSeq wrote it; all other failures are in the report.
    """
    work = _Work(cache or LightCurveCache(), author, exposure_seconds, max_observations, cancel or threading.Event(), progress)
    stars = tuple(dict.fromkeys([targets] if isinstance(targets, Target) else targets))
    items = None if chosen is None else tuple(dict.fromkeys(chosen))
    return work.run(stars, items, workers, retry_absent)


class _Work:
    """One call of ``fetch``: searches and downloads in one pool, their outcomes gathered in the caller's thread."""

    def __init__(
        self,
        cache: LightCurveCache,
        author: str | None,
        exposure_seconds: float | None,
        max_observations: int | None,
        stop: threading.Event,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self.cache = cache
        self.author = author
        self.exposure_seconds = exposure_seconds
        self.max_observations = max_observations
        self.asked_to_stop = stop
        self.progress = progress
        self.how: Patience = retry.patience()
        self.incoming: Path = cache.folder / INCOMING
        self.items: list[Fetched] = []
        self.broken = threading.Event()  # set with the first error that concerns all
        self.arrived_bytes = 0
        self.reached = False  # whether a search was answered, from the archive or the cache
        self.unreachable: str | None = None
        self._lock = threading.Lock()
        self.stop = _Either(stop, self.broken)

    def run(self, stars: Sequence[Target], chosen: Sequence[Available] | None, workers: int, retry_absent: bool) -> FetchReport:
        begun = time.monotonic()
        concerned = list(dict.fromkeys([*stars, *(item.target for item in chosen or ())]))
        self.cache.absences()  # a cache that cannot be used is found before anything is asked for
        storage.remove_leftovers(self.incoming)
        locks.sweep(self.incoming)
        if retry_absent:
            for star in concerned:
                search.forget(star, self.cache)
        try:
            with ThreadPoolExecutor(max(1, workers), thread_name_prefix="fetch") as pool:
                self._drive(pool, [] if chosen is not None else stars, chosen or ())
        except BaseException:
            self.broken.set()
            raise
        trimmed = self.cache.trim(keep=concerned)
        return FetchReport(
            in_order(self.items, [star.id for star in concerned]),
            self.asked_to_stop.is_set(), self.arrived_bytes, time.monotonic() - begun, trimmed,
        )  # fmt: skip

    def _drive(self, pool: ThreadPoolExecutor, stars: Sequence[Target], chosen: Sequence[Available]) -> None:
        pending: set[Future[list[Fetched] | list[Available]]] = set()
        try:
            pending |= {pool.submit(self._search, star) for star in stars}
            pending |= {pool.submit(self._download, item) for item in chosen}
            in_all = len(pending)
            while pending:
                finished, pending = wait(pending, timeout=_TICK_SECONDS, return_when=FIRST_COMPLETED)
                last = ""
                for future in finished:
                    for found in future.result():
                        if isinstance(found, Available):
                            pending.add(pool.submit(self._download, found))
                            in_all += 1
                        else:
                            self.items.append(found)
                            last = " ".join(filter(None, (found.target_id, found.observation, str(found.ending))))
                if self.progress is not None:
                    self.progress(Progress(in_all - len(pending), in_all, self.arrived_bytes, last))
        except BaseException:
            self.broken.set()
            for future in pending:
                future.cancel()
            raise

    def _search(self, star: Target) -> list[Fetched] | list[Available]:
        """The light curves to download, else how it ended with the target."""
        try:
            retry.check(self.stop)
            if self.unreachable is not None:
                self.cache.remember_failed(star, products.describe(self.author, self.exposure_seconds), self.unreachable)
                return [Fetched(star.id, Ending.FAILED, reason=self.unreachable)]
            # Two processes that fill one cache need not both ask.
            with locks.held(self.incoming, f"search {star.slug}", self.stop):
                found = search.search(
                    star,
                    author=self.author,
                    exposure_seconds=self.exposure_seconds,
                    cache=self.cache,
                    how=self.how,
                    stop=self.stop,
                )
            self.reached = True
            if not found:
                reason = search.absence(self.cache, star, self.author, self.exposure_seconds)
                return [Fetched(star.id, Ending.ABSENT, reason=reason or f"MAST has no light curve of {star}.")]
            return list(found[: self.max_observations])
        except StoppedError:
            return [Fetched(star.id, Ending.STOPPED)]
        except CacheError:
            raise
        except AstroSeqError as error:
            self._note(error)
            return [Fetched(star.id, Ending.FAILED, reason=str(error))]

    def _download(self, item: Available) -> list[Fetched] | list[Available]:
        """How it ended with one light curve."""
        try:
            if self._is_there(item):
                return [Fetched.of(item, Ending.ALREADY)]
            if reason := self.cache.absent(item.target, item.filename):
                return [Fetched.of(item, Ending.ABSENT, reason)]
            retry.check(self.stop)
            with locks.held(self.incoming, item.filename, self.stop):
                if self._is_there(item):  # another process has just fetched it
                    return [Fetched.of(item, Ending.ALREADY)]
                curve, pixels = download.download(item, self.incoming, self.how, self.stop, self._arrived)
                self.cache.put(curve, author=item.author, exposure_seconds=item.exposure_seconds)
                if pixels is not None:
                    self.cache.put_pixels(curve, pixels, author=item.author, exposure_seconds=item.exposure_seconds)
            self.cache.forget_failed(item.target, item.filename)
            return [Fetched.of(item, Ending.WHOLE)]
        except StoppedError:
            return [Fetched.of(item, Ending.STOPPED)]
        except CacheError:
            raise
        except AbsentError as error:
            self.cache.remember_absent(item.target, item.filename, str(error))
            return [Fetched.of(item, Ending.ABSENT, str(error))]
        except AstroSeqError as error:
            self.cache.remember_failed(item.target, item.filename, str(error))
            return [Fetched.of(item, Ending.FAILED, str(error))]

    def _note(self, error: AstroSeqError) -> None:
        """With no connection from the start, none of the other stars needs to be tried for as long."""
        if isinstance(error, UnreachableError) and not self.reached:
            self.unreachable = str(error)

    def _is_there(self, item: Available) -> bool:
        """Whether the light curve is in the cache and whole: it is read and checked."""
        found = self.cache.get(item.target, item.observation, author=item.author, exposure_seconds=item.exposure_seconds)
        return found is not None

    def _arrived(self, count: int) -> None:
        with self._lock:
            self.arrived_bytes += count


class _Either(threading.Event):
    """An event that is also set where another is: a person's wish to stop, or an error that concerns all."""

    def __init__(self, *others: threading.Event) -> None:
        super().__init__()
        self._others = others

    def is_set(self) -> bool:
        return super().is_set() or any(other.is_set() for other in self._others)

    def wait(self, timeout: float | None = None) -> bool:
        stop = None if timeout is None else time.monotonic() + timeout
        while not self.is_set():
            left = _TICK_SECONDS if stop is None else min(_TICK_SECONDS, stop - time.monotonic())
            if left <= 0:
                break
            self._others[0].wait(left)
        return self.is_set()
