"""Downloading light curves for a survey, in a thread ahead of the network."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from astroseq_core import targets
from astroseq_core.archive.download import FetchOutcome
from astroseq_core.errors import AstroSeqError
from astroseq_core.scoring.star_source import StarSource

#: Downloads stars' light curves into the cache; returns the reason for each star of which nothing arrived.
Downloader = Callable[[Sequence[StarSource]], Mapping[str, str]]
#: Stars downloaded by one call, and the maximum number of calls in the queue.
STARS_PER_CALL, CALLS_AHEAD = 8, 2


def archive_downloader(stop: threading.Event, workers: int = 4, max_observations: int | None = None) -> Downloader:
    """Create a function that downloads light curves of stars from MAST into the cache.

    Parameters
    ----------
    stop : threading.Event
        Set it to stop the downloads.
    workers : int, optional
        Number of light curves to download at the same time.
    max_observations : int or None, optional
        Maximum number of observations per star; None for all.

    Returns
    -------
    Downloader
        The function; it returns the reason for each star of which nothing arrived, by identifier.
    """

    def fetch(stars: Sequence[StarSource]) -> dict[str, str]:
        from astroseq_core.archive.fetch import fetch_light_curves as fetch_into_cache

        wanted = [targets.parse_star(star.target_id) for star in stars]
        report = fetch_into_cache(wanted, workers=workers, max_observations=max_observations, cancel=stop)
        reasons: dict[str, str] = {}
        for item in report.ended(FetchOutcome.ABSENT, FetchOutcome.FAILED, FetchOutcome.STOPPED):
            reasons.setdefault(item.target_id, item.reason or "It was not fetched: the survey was stopped.")
        return {name: reasons.get(name, "It could not be fetched.") for name in report.targets_without}

    return fetch


class DownloadQueue:
    """Queue of stars whose light curves are being downloaded into the cache.

    Parameters
    ----------
    fetch : Downloader
        Function that downloads the light curves of a few stars.
    """

    def __init__(self, fetch: Downloader) -> None:
        self._fetch = fetch
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="survey-fetch")
        self._gathered: list[StarSource] = []
        self._calls: list[tuple[list[StarSource], Future[Mapping[str, str]]]] = []

    @property
    def waiting(self) -> int:
        """Number of stars whose download is not finished."""
        return len(self._gathered) + sum(len(stars) for stars, _ in self._calls)

    @property
    def is_full(self) -> bool:
        """Whether no more stars should be added for now."""
        return len(self._calls) >= CALLS_AHEAD and len(self._gathered) >= STARS_PER_CALL

    def add(self, star: StarSource) -> None:
        """Queue a star; stars are downloaded in groups.

        Parameters
        ----------
        star : StarSource
            The star.
        """
        self._gathered.append(star)
        if len(self._gathered) >= STARS_PER_CALL and len(self._calls) < CALLS_AHEAD:
            self._call()

    def arrived(self, *, flush: bool) -> Iterator[tuple[StarSource, str]]:
        """Yield the stars whose download has finished.

        An exception of the download that is not an AstroSeqError is raised again here.

        Parameters
        ----------
        flush : bool
            Whether no more stars will be added, so that an incomplete group is downloaded too.

        Yields
        ------
        tuple of (StarSource, str)
            A star, and the reason why nothing arrived, or "".
        """
        while self._calls and self._calls[0][1].done():
            stars, call = self._calls.pop(0)
            error = call.exception()
            if error is not None and not isinstance(error, AstroSeqError):
                raise error
            reasons = dict.fromkeys((s.target_id for s in stars), str(error)) if error else call.result()
            yield from ((star, reasons.get(star.target_id, "")) for star in stars)
        if self._gathered and len(self._calls) < CALLS_AHEAD and (flush or len(self._gathered) >= STARS_PER_CALL):
            self._call()

    def close(self) -> None:
        """Drop waiting stars; a running download ends when its own `stop` is set."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _call(self) -> None:
        self._calls.append((self._gathered, self._pool.submit(self._fetch, self._gathered)))
        self._gathered = []
