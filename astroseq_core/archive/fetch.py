"""Fetching light curves into the cache, in parallel; a stopped fetch can be resumed."""

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from astroseq_core.archive import download, http, mast, products
from astroseq_core.archive.download import RECEIVED_BYTES, FetchOutcome, FetchReport, FetchResult, sort_results
from astroseq_core.archive.http import RetryPolicy
from astroseq_core.archive.products import AvailableLightCurve
from astroseq_core.errors import AstroSeqError, CacheError, NotInArchiveError, StoppedError, UnreachableError
from astroseq_core.io import files
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.jobs.progress import Progress, Report
from astroseq_core.targets import Target

log = logging.getLogger(__name__)

#: Folder of temporary files and locks, inside the cache folder.
INCOMING_FOLDER = "incoming"
_TICK_SECONDS = 0.2


def fetch_light_curves(
    targets: Target | Iterable[Target],
    *,
    chosen: Iterable[AvailableLightCurve] | None = None,
    author: str | None = None,
    exposure_seconds: float | None = None,
    max_observations: int | None = None,
    workers: int = 4,
    retry_absent: bool = False,
    progress: Report | None = None,
    cancel: threading.Event | None = None,
    cache: LightCurveCache | None = None,
) -> FetchReport:
    """Fetch the light curves of targets into the cache.

    Light curves that are complete in the cache are not fetched again. Recorded absences are not
    requested again, unless `retry_absent` is set. All failures except CacheError are in the report.

    Parameters
    ----------
    targets : Target or iterable of Target
        The stars.
    chosen : iterable of AvailableLightCurve, optional
        Fetch exactly these results of a search, of any target.
    author : str, optional
        Author (pipeline); by default the mission's usual ones, as in a search.
    exposure_seconds : float, optional
        Exposure [s]; by default the mission's usual one.
    max_observations : int, optional
        Fetch only this many observations of each target, the first ones.
    workers : int, optional
        Number of parallel searches and downloads.
    retry_absent : bool, optional
        Whether to request recorded absences again.
    progress : callable, optional
        Called in this thread with the progress: searches and downloads finished of those known so
        far, the item that finished last, and the number `received_bytes` of downloaded data.
    cancel : threading.Event, optional
        Stops the fetch when set.
    cache : LightCurveCache, optional
        The cache; by default the user's.

    Returns
    -------
    FetchReport
        What was downloaded, already cached, absent or failed, with reasons.

    Raises
    ------
    CacheError
        If the cache is not writable, or a newer version of AstroSeq wrote it.
    """
    work = _FetchJob(
        cache or LightCurveCache(), author, exposure_seconds, max_observations, cancel or threading.Event(), progress
    )
    stars = tuple(dict.fromkeys([targets] if isinstance(targets, Target) else targets))
    items = None if chosen is None else tuple(dict.fromkeys(chosen))
    return work.run(stars, items, workers, retry_absent)


class _FetchJob:
    """One fetch: searches and downloads in one pool; results are collected in the caller's thread."""

    def __init__(
        self,
        cache: LightCurveCache,
        author: str | None,
        exposure_seconds: float | None,
        max_observations: int | None,
        stop: threading.Event,
        progress: Report | None,
    ) -> None:
        self.cache = cache
        self.author = author
        self.exposure_seconds = exposure_seconds
        self.max_observations = max_observations
        self.asked_to_stop = stop
        self.progress = progress
        self.how: RetryPolicy = http.retry_policy()
        self.incoming: Path = cache.folder / INCOMING_FOLDER
        self.items: list[FetchResult] = []
        self.broken = threading.Event()  # set at the first error that affects all downloads
        self.arrived_bytes = 0
        self.reached = False  # whether a search was answered, from the archive or the cache
        self.unreachable: str | None = None
        self._lock = threading.Lock()
        self.stop = _AnyEvent(stop, self.broken)

    def run(
        self, stars: Sequence[Target], chosen: Sequence[AvailableLightCurve] | None, workers: int, retry_absent: bool
    ) -> FetchReport:
        begun = time.monotonic()
        concerned = list(dict.fromkeys([*stars, *(item.target for item in chosen or ())]))
        self.cache.absences()  # an unusable cache is reported before any query
        files.remove_stale_temporaries(self.incoming)
        http.remove_stale_locks(self.incoming)
        if retry_absent:
            for star in concerned:
                mast.forget_listing(star, self.cache)
        try:
            with ThreadPoolExecutor(max(1, workers), thread_name_prefix="fetch") as pool:
                self._drive(pool, [] if chosen is not None else stars, chosen or ())
        except BaseException:
            self.broken.set()
            raise
        trimmed = self.cache.trim(keep=concerned)
        return FetchReport(
            sort_results(self.items, [star.id for star in concerned]),
            self.asked_to_stop.is_set(),
            self.arrived_bytes,
            time.monotonic() - begun,
            trimmed,
        )

    def _drive(self, pool: ThreadPoolExecutor, stars: Sequence[Target], chosen: Sequence[AvailableLightCurve]) -> None:
        pending: set[Future[list[FetchResult] | list[AvailableLightCurve]]] = set()
        try:
            pending |= {pool.submit(self._search, star) for star in stars}
            pending |= {pool.submit(self._download, item) for item in chosen}
            in_all = len(pending)
            while pending:
                finished, pending = wait(pending, timeout=_TICK_SECONDS, return_when=FIRST_COMPLETED)
                last = ""
                for future in finished:
                    for found in future.result():
                        if isinstance(found, AvailableLightCurve):
                            pending.add(pool.submit(self._download, found))
                            in_all += 1
                        else:
                            self.items.append(found)
                            last = " ".join(filter(None, (found.target_id, found.observation, str(found.outcome))))
                if self.progress is not None:
                    numbers = {RECEIVED_BYTES: self.arrived_bytes}
                    self.progress(Progress(in_all - len(pending), in_all, item=last, numbers=numbers))
        except BaseException:
            self.broken.set()
            for future in pending:
                future.cancel()
            raise

    def _search(self, star: Target) -> list[FetchResult] | list[AvailableLightCurve]:
        """Return the light curves to download, or the result of the search if there are none."""
        try:
            http.raise_if_stopped(self.stop)
            if self.unreachable is not None:
                self.cache.save_failure(star, products.describe_request(self.author, self.exposure_seconds), self.unreachable)
                return [FetchResult(star.id, FetchOutcome.FAILED, reason=self.unreachable)]
            # Of two processes that fill one cache, only one needs to query the archive.
            with http.process_lock(self.incoming, f"search {star.slug}", self.stop):
                found = mast.search(
                    star,
                    author=self.author,
                    exposure_seconds=self.exposure_seconds,
                    cache=self.cache,
                    how=self.how,
                    stop=self.stop,
                )
            self.reached = True
            if not found:
                reason = mast.absence_reason(self.cache, star, self.author, self.exposure_seconds)
                return [FetchResult(star.id, FetchOutcome.ABSENT, reason=reason or f"MAST has no light curve of {star}.")]
            return list(found[: self.max_observations])
        except StoppedError:
            return [FetchResult(star.id, FetchOutcome.STOPPED)]
        except CacheError:
            raise
        except AstroSeqError as error:
            self._note(error)
            return [FetchResult(star.id, FetchOutcome.FAILED, reason=str(error))]

    def _download(self, item: AvailableLightCurve) -> list[FetchResult] | list[AvailableLightCurve]:
        """Return the result for one light curve."""
        try:
            if self._is_there(item):
                return [FetchResult.of(item, FetchOutcome.ALREADY_CACHED)]
            if reason := self.cache.absent(item.target, item.filename):
                return [FetchResult.of(item, FetchOutcome.ABSENT, reason)]
            http.raise_if_stopped(self.stop)
            with http.process_lock(self.incoming, item.filename, self.stop):
                if self._is_there(item):  # another process has just fetched it
                    return [FetchResult.of(item, FetchOutcome.ALREADY_CACHED)]
                curve, pixels = download.download_light_curve(item, self.incoming, self.how, self.stop, self._arrived)
                self.cache.put(curve, author=item.author, exposure_seconds=item.exposure_seconds)
                if pixels is not None:
                    self.cache.save_pixels(curve, pixels, author=item.author, exposure_seconds=item.exposure_seconds)
            self.cache.delete_failures(item.target, item.filename)
            return [FetchResult.of(item, FetchOutcome.DOWNLOADED)]
        except StoppedError:
            return [FetchResult.of(item, FetchOutcome.STOPPED)]
        except CacheError:
            raise
        except NotInArchiveError as error:
            self.cache.save_absence(item.target, item.filename, str(error))
            return [FetchResult.of(item, FetchOutcome.ABSENT, str(error))]
        except AstroSeqError as error:
            self.cache.save_failure(item.target, item.filename, str(error))
            return [FetchResult.of(item, FetchOutcome.FAILED, str(error))]

    def _note(self, error: AstroSeqError) -> None:
        """Record that there is no connection, so that the other stars are not tried for as long.

        Only the first searches count: once the archive has answered, a failure is that of one star.
        """
        if isinstance(error, UnreachableError) and not self.reached:
            self.unreachable = str(error)

    def _is_there(self, item: AvailableLightCurve) -> bool:
        """Return whether the light curve is in the cache and undamaged; the file is read."""
        found = self.cache.get(item.target, item.observation, author=item.author, exposure_seconds=item.exposure_seconds)
        return found is not None

    def _arrived(self, count: int) -> None:
        with self._lock:
            self.arrived_bytes += count


class _AnyEvent(threading.Event):
    """An event that is also set if one of several other events is set."""

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
