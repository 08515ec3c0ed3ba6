"""Scoring many stars: the one engine, on this machine or on Dask, whose results go to the store, to files, or to both."""

import logging
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

from astroseq_core.archive import catalogs
from astroseq_core.jobs import worker
from astroseq_core.jobs.progress import Progress, Report
from astroseq_core.scoring.star_source import StarSource
from astroseq_core.store import runs, scores
from astroseq_core.surveys import engine
from astroseq_core.surveys import stars as surveys_stars
from astroseq_core.surveys.engine import ScoringSettings, SurveyProgress
from astroseq_core.surveys.models import ScoredFingerprints
from astroseq_core.surveys.queue import COUNTING, DASK, LOADING, READING, SURVEYS, Survey, SurveyRequest
from astroseq_core.surveys.results import LeftOutFile, Sink, StoreSink
from astroseq_core.type_names import JsonObject

log = logging.getLogger(__name__)

#: Shortest interval between lines of the log [s].
LOG_SECONDS = 15.0
#: Time window of the rates [s].
RATE_SECONDS = 30.0


def work_on_survey(survey: Survey, report: Report) -> JsonObject:
    """Carry out a survey.

    Parameters
    ----------
    survey : Survey
        The survey.
    report : callable
        Called with the progress.

    Returns
    -------
    dict of str to object
        The final progress, as plain JSON values.

    Raises
    ------
    AstroSeqError
        If the survey cannot be carried out; the message says why.
    """
    logged = 0.0

    def report_and_log(progress: Progress) -> None:
        nonlocal logged
        report(progress)
        now = time.monotonic()
        if now - logged >= LOG_SECONDS:
            logged = now
            log.info("%d of %d stars, %d failed", progress.done + progress.skipped, progress.total, progress.failed)

    final = score_request(survey.request, report_and_log, survey.job_id, (LeftOutFile(survey.folder),))
    report(final)
    log.info("%d stars scored, %d failed, %d had been scored.", final.done, final.failed, final.skipped)
    return final.to_dict()


class Pace:
    """Speed of a survey, and the time left.

    Parameters
    ----------
    total : int
        Number of stars of the survey.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        # Samples begin with the first star that is done: the time before it is loading.
        self._samples: list[tuple[float, int, int]] = []

    def progress(self, at: SurveyProgress) -> Progress:
        """Return the progress with its speed.

        Each call also records a sample for the rates, which are over the last `RATE_SECONDS`.

        Parameters
        ----------
        at : SurveyProgress
            Present counts of stars and segments.

        Returns
        -------
        Progress
            Stars done, failed and skipped, with the numbers `segments` and `segments_per_second`; before the first is
            done, only how many were read, as the number `read`.
        """
        if not at.done:
            return Progress(total=self.total, phase=READING, numbers={"segments": 0, "segments_per_second": 0.0, "read": at.read})
        now = time.monotonic()
        self._samples.append((now, at.scored + at.failed, at.segments))
        while len(self._samples) > 2 and now - self._samples[1][0] > RATE_SECONDS:
            self._samples.pop(0)
        began, stars_before, segments_before = self._samples[0]
        seconds = max(now - began, 1e-3)
        rate = (at.scored + at.failed - stars_before) / seconds
        return Progress(
            done=at.scored,
            total=max(self.total, at.done),
            failed=at.failed,
            skipped=at.skipped,
            item=at.last,
            rate=round(rate, 3),
            seconds_left=max(self.total - at.done, 0) / rate if rate > 0 else None,
            numbers={"segments": at.segments, "segments_per_second": round((at.segments - segments_before) / seconds, 1)},
            stages={name: round(value, 1) for name, value in at.seconds.items()},
        )


def score_request(request: SurveyRequest, report: Report, survey_id: str = "", more: Sequence[Sink] = ()) -> Progress:
    """Score all stars of a request that the store has no current score of, into the store.

    Results are saved often, so that a survey that is killed goes on from there when it is run again.
    Exceptions of choosing the stars and loading the model are passed on.

    Parameters
    ----------
    request : SurveyRequest
        The request.
    report : callable
        Called with the progress after each star.
    survey_id : str, optional
        Identifier of the survey.
    more : sequence of Sink, optional
        Where the results go, too.

    Returns
    -------
    Progress
        The final progress, with the total time as the number `seconds` [s].
    """
    report(Progress(phase=COUNTING))
    total = surveys_stars.count_stars(request.stars)
    report(Progress(total=total, phase=LOADING))
    settings = ScoringSettings(request.model_id or None, runs.default_models(), survey_id=survey_id)
    with StoreSink() as store:
        return score_into(
            [store, *more],
            surveys_stars.iterate_stars(request.stars),
            total,
            settings,
            report,
            scored=partial(scores.scored_fingerprints, with_signals=True),
            workers=request.workers,
            fetch=request.fetch,
            dask_address=request.address if request.engine == DASK else "",
        )


def score_into(
    sinks: Sequence[Sink],
    stars: Iterable[StarSource],
    total: int,
    settings: ScoringSettings,
    report: Report,
    *,
    scored: ScoredFingerprints | None = None,
    workers: int = 1,
    fetch: bool = False,
    dask_address: str = "",
) -> Progress:
    """Score stars and give every result to all sinks.

    Parameters
    ----------
    sinks : sequence of Sink
        Where the results go.
    stars : iterable of StarSource
        The stars.
    total : int
        Number of stars.
    settings : ScoringSettings
        How they are scored.
    report : callable
        Called with the progress after each star.
    scored : ScoredFingerprints or None, optional
        Gives the data fingerprints that a model has scored; such stars are passed over. None to
        score all.
    workers : int, optional
        Number of stars to prepare at the same time on this machine.
    fetch : bool, optional
        Whether to download light curves that are not in the cache; not on Dask.
    dask_address : str, optional
        Address of a Dask scheduler; "" to score on this machine.

    Returns
    -------
    Progress
        The final progress, with the total time as the number `seconds` [s].

    Raises
    ------
    ModelError
        If the model of the settings cannot be used.
    SettingsError
        If Dask is not installed or its scheduler does not answer.
    """
    pace, counts = Pace(total), SurveyProgress()
    began = time.monotonic()

    def report_counts(progress: SurveyProgress) -> None:
        nonlocal counts
        counts = progress
        report(pace.progress(progress))

    stop = threading.Event()
    if dask_address:
        from astroseq_core.surveys.dask import score_on_dask

        results = score_on_dask(stars, dask_address, settings, scored=scored, stop=stop, progress=report_counts)
    else:
        from astroseq_core.surveys.download import archive_downloader

        downloader = archive_downloader(stop) if fetch else None
        known = catalogs.current_catalog()
        results = engine.score_stars(
            stars, settings, workers=workers, scored=scored, fetch=downloader, stop=stop, progress=report_counts, catalog=known
        )
    for result in results:
        for sink in sinks:
            sink.write(result)
    final = pace.progress(counts)
    numbers = {name: number for name, number in final.numbers.items() if name != "read"}
    numbers["seconds"] = round(time.monotonic() - began, 2)
    return replace(final, phase="", seconds_left=0.0, numbers=numbers)


if __name__ == "__main__":
    raise SystemExit(worker.run_job(sys.argv[1:], SURVEYS, work_on_survey))
