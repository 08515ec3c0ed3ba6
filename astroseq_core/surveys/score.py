"""A survey's stars scored into the store: on one machine or on Dask, a few rows to a transaction, told as it goes."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from astroseq_core.archive import catalogue
from astroseq_core.store import promoted, scores
from astroseq_core.store.scores import ScoreRow
from astroseq_core.surveys import engine, sources
from astroseq_core.surveys.engine import Progress
from astroseq_core.surveys.request import DASK, SurveyRequest

#: Rows are kept at the latest after so many, or so long [s]: what a kill can cost, and what a page waits for.
ROWS, SECONDS = 50, 1.0
#: The rate is told of the last so many seconds.
RATE_SECONDS = 30.0


class Pace:
    """How fast a survey goes: stars and segments a second lately, and how long the rest takes."""

    def __init__(self, in_all: int) -> None:
        self.in_all = in_all
        # The pace is that after the first star: what comes before it is loading.
        self._seen: list[tuple[float, int, int]] = []

    def numbers(self, at: Progress) -> dict[str, Any]:
        """Where it stands, as plain JSON values."""
        now = time.monotonic()
        self._seen.append((now, at.scored + at.failed, at.segments))
        while len(self._seen) > 2 and now - self._seen[1][0] > RATE_SECONDS:
            self._seen.pop(0)
        seconds = max(now - self._seen[0][0], 1e-3)
        stars = (at.scored + at.failed - self._seen[0][1]) / seconds
        left = max(self.in_all - at.done, 0)
        return {
            "in_all": max(self.in_all, at.done), "done": at.scored, "failed": at.failed, "skipped": at.skipped,
            "segments": at.segments, "star": at.last, "stars_per_second": round(stars, 3),
            "segments_per_second": round((at.segments - self._seen[0][2]) / seconds, 1),
            "seconds_left": left / stars if stars > 0 else None, "part": at.done / max(self.in_all, at.done, 1),
            "stages": {name: round(value, 1) for name, value in at.seconds.items()},
        }  # fmt: skip


def score(request: SurveyRequest, tell: Callable[[dict[str, Any]], None], survey_id: str = "") -> dict[str, Any]:
    """Score all stars of the request that the store has no score of these data by this model of; the numbers at the end.

    Rows are in the store within ROWS stars or SECONDS of being made: what is killed goes on from there when it is called again.
    ``tell`` is called with the numbers as it goes. Raises what choosing the stars or loading the model raises.
    """
    in_all = sources.count_of(request.stars)
    pace, at = Pace(in_all), Progress()
    began = time.monotonic()

    def heard(progress: Progress) -> None:
        nonlocal at
        at = progress
        tell(pace.numbers(progress))

    waiting: list[ScoreRow] = []
    kept = time.monotonic()
    for row in _rows(request, heard, survey_id):
        waiting.append(row)
        if len(waiting) >= ROWS or time.monotonic() - kept > SECONDS:
            scores.put(waiting)
            waiting, kept = [], time.monotonic()
    scores.put(waiting)
    return pace.numbers(at) | {"seconds": round(time.monotonic() - began, 2), "seconds_left": 0.0}


def _rows(request: SurveyRequest, heard: Callable[[Progress], None], survey_id: str) -> Iterator[ScoreRow]:
    stop = threading.Event()
    common: dict[str, Any] = {
        "have": scores.have, "defaults": promoted.defaults(), "progress": heard, "survey_id": survey_id, "stop": stop,
    }  # fmt: skip
    stars = sources.stars(request.stars)
    if request.engine == DASK:
        from astroseq_core.surveys.dask_engine import score_on_dask

        return score_on_dask(stars, request.address, request.model_id or None, **common)
    fetch = None
    if request.fetch:
        from astroseq_core.surveys.fetching import from_archive

        fetch = from_archive(stop)
    known = catalogue.current()
    return engine.score_survey(
        stars, request.model_id or None, workers=request.workers, fetch=fetch, catalogue=known, **common
    )
