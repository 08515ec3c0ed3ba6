"""Fetching what a survey lacks, some stars ahead of the network, in a thread of its own."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from astroseq_core import targets
from astroseq_core.archive.report import Ending
from astroseq_core.errors import AstroSeqError
from astroseq_core.surveys.star import SurveyStar

#: Gets stars' light curves into the cache: for each that there are none of, its identifier and why.
Fetch = Callable[[Sequence[SurveyStar]], Mapping[str, str]]
#: Stars that are fetched by one call, and calls that may wait.
FETCH_AT_ONCE, CALLS_AHEAD = 8, 2


def from_archive(stop: threading.Event, workers: int = 4, max_observations: int | None = None) -> Fetch:
    """What fetches from MAST, so many light curves at a time; ends what it does when ``stop`` is set."""

    def fetch(stars: Sequence[SurveyStar]) -> dict[str, str]:
        from astroseq_core.archive.fetch import fetch as fetch_into_cache

        wanted = [targets.parse_star(star.target_id) for star in stars]
        report = fetch_into_cache(wanted, workers=workers, max_observations=max_observations, cancel=stop)
        reasons: dict[str, str] = {}
        for item in report.ended(Ending.ABSENT, Ending.FAILED, Ending.STOPPED):
            reasons.setdefault(item.target_id, item.reason or "It was not fetched: the survey was stopped.")
        return {name: reasons.get(name, "It could not be fetched.") for name in report.targets_without}

    return fetch


class Fetching:
    """Stars on their way into the cache."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="survey-fetch")
        self._gathered: list[SurveyStar] = []
        self._calls: list[tuple[list[SurveyStar], Future[Mapping[str, str]]]] = []

    @property
    def waiting(self) -> int:
        """Stars that have not arrived."""
        return len(self._gathered) + sum(len(stars) for stars, _ in self._calls)

    @property
    def is_full(self) -> bool:
        """Whether no more stars should be added now."""
        return len(self._calls) >= CALLS_AHEAD and len(self._gathered) >= FETCH_AT_ONCE

    def add(self, star: SurveyStar) -> None:
        """Have a star fetched, together with the next ones."""
        self._gathered.append(star)
        if len(self._gathered) >= FETCH_AT_ONCE and len(self._calls) < CALLS_AHEAD:
            self._call()

    def arrived(self, *, flush: bool) -> Iterator[tuple[SurveyStar, str]]:
        """The stars that fetching is done with, "" or why it did not come; ``flush``: no more stars will be added."""
        while self._calls and self._calls[0][1].done():
            stars, call = self._calls.pop(0)
            error = call.exception()
            if error is not None and not isinstance(error, AstroSeqError):
                raise error
            reasons = dict.fromkeys((s.target_id for s in stars), str(error)) if error else call.result()
            yield from ((star, reasons.get(star.target_id, "")) for star in stars)
        if self._gathered and len(self._calls) < CALLS_AHEAD and (flush or len(self._gathered) >= FETCH_AT_ONCE):
            self._call()

    def close(self) -> None:
        """Drop what waits; a call under way ends when its own ``stop`` is set."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _call(self) -> None:
        self._calls.append((self._gathered, self._pool.submit(self._fetch, self._gathered)))
        self._gathered = []
