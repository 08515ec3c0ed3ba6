"""Scoring many stars on one machine: workers prepare stars, the network runs in full batches."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from astroseq_core.archive.catalogs import Catalog
from astroseq_core.errors import CacheError, ModelError, SettingsError
from astroseq_core.scoring import false_alarm
from astroseq_core.scoring.evidence import Evidence
from astroseq_core.scoring.segments import SegmentScores
from astroseq_core.scoring.star_source import StarSource, cached_source
from astroseq_core.signals.classify import signal_kind
from astroseq_core.signals.signal import FoundSignal
from astroseq_core.surveys import fold, known_objects, prepare, stars
from astroseq_core.surveys.classes import SignalBatcher
from astroseq_core.surveys.download import Downloader, DownloadQueue
from astroseq_core.surveys.fold import FoldedStar, FoldTask
from astroseq_core.surveys.models import ScoredFingerprints, SurveyModels
from astroseq_core.surveys.pool import WorkerCall, WorkerPool
from astroseq_core.surveys.prepare import PreparedStar, PrepareTask, UnscoredStar
from astroseq_core.surveys.results import StarResult

log = logging.getLogger(__name__)
#: Interval between checks of `stop` while nothing happens [s].
TICK_SECONDS = 0.25
#: No star is overtaken by more than so many others, which bounds what waits to be written in order. Far more than fill a batch.
MAX_OVERTAKING = 500
#: Stages whose time is measured; "network" and "classes" are of one thread, the others are sums over the workers. "signals" is
#: the search for signals and their views.
STAGES = ("read", "prepare", "network", "fold", "signals", "classes")


@dataclass
class SurveyProgress:
    """Progress of a survey; the object is updated in place.

    Attributes
    ----------
    scored : int
        Number of stars scored.
    skipped : int
        Number of stars scored before.
    failed : int
        Number of stars that could not be scored.
    segments : int
        Number of segments of the scored stars.
    read : int
        Number of stars that were read for the network.
    last : str
        Identifier of the latest star.
    seconds : dict of str to float
        Time spent in each of `STAGES` [s].
    """

    scored: int = 0
    skipped: int = 0
    failed: int = 0
    segments: int = 0
    read: int = 0
    last: str = ""
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))

    @property
    def done(self) -> int:
        """Number of stars that need no more work."""
        return self.scored + self.skipped + self.failed


@dataclass(frozen=True)
class ScoringSettings:
    """How stars are scored, on this machine as on any other.

    Attributes
    ----------
    model : str or None
        Identifier or folder of the model; None for the best one of each star.
    defaults : mapping of str to str
        Default model of each mission, see `card.choose_card`.
    false_alarm_copies : int
        Number of copies of each star for its false-alarm probability; 0 for none.
    segments : bool
        Whether results carry the probabilities of segments.
    survey_id : str
        Identifier of the survey.
    signals : bool
        Whether signals are searched and classified.

    Raises
    ------
    SettingsError
        If there are too few copies.
    """

    model: str | None = None
    defaults: Mapping[str, str] = field(default_factory=dict)
    false_alarm_copies: int = 0
    segments: bool = False
    survey_id: str = ""
    signals: bool = True

    def __post_init__(self) -> None:
        if 0 != self.false_alarm_copies < false_alarm.MIN_COPIES:
            raise SettingsError(f"A false-alarm probability needs at least {false_alarm.MIN_COPIES} copies.")


#: A folded star that waits to be classified: its number, the star, and its scores without evidence.
_FoldedKey = tuple[int, PreparedStar, tuple[SegmentScores, ...]]


class OpenStars:
    """Numbers of the stars whose work has begun, and those that are not finished.

    Parameters
    ----------
    most_overtaking : int
        How many stars may overtake another.
    """

    def __init__(self, most_overtaking: int) -> None:
        self.most_overtaking = most_overtaking
        self._begun = 0
        self._open: dict[int, None] = {}  # in ascending order

    def begin(self) -> int:
        """Begin the next star.

        Returns
        -------
        int
            Its number.
        """
        number = self._begun
        self._begun += 1
        self._open[number] = None
        return number

    def end(self, number: int) -> None:
        """Note that a star is finished.

        Parameters
        ----------
        number : int
            Number of the star.
        """
        del self._open[number]

    @property
    def is_full(self) -> bool:
        """Whether the oldest unfinished star must be finished before another is begun."""
        return bool(self._open) and self._begun - next(iter(self._open)) > self.most_overtaking


def score_stars(
    stars: Iterable[StarSource],
    settings: ScoringSettings,
    *,
    workers: int = 2,
    processes: bool | None = None,
    scored: ScoredFingerprints | None = None,
    fetch: Downloader | None = None,
    stop: threading.Event | None = None,
    progress: Callable[[SurveyProgress], None] | None = None,
    catalog: Catalog | None = None,
) -> Iterator[StarResult]:
    """Score stars, yielding the result of each as soon as it is there.

    Results come in about the order of the stars; `StarResult.number` is the exact one. Memory does
    not grow with the number of stars. Exceptions raised by `stars` are passed on.

    Parameters
    ----------
    stars : iterable of StarSource
        The stars.
    settings : ScoringSettings
        How they are scored.
    workers : int, optional
        Number of stars to prepare at the same time.
    processes : bool or None, optional
        Whether workers are processes instead of threads; None to choose by their number.
    scored : ScoredFingerprints or None, optional
        Gives the data fingerprints that a model has scored; such stars are passed over unread.
    fetch : Downloader or None, optional
        Downloads light curves that are not in the cache; None to download nothing.
    stop : threading.Event or None, optional
        Set it to stop; unfinished stars are dropped.
    progress : callable or None, optional
        Called in this thread for every star that is read and that is done, with one object that keeps changing.
    catalog : Catalog or None, optional
        Catalogs in which to look up known signals; None for no lookup.

    Yields
    ------
    StarResult
        The result of one star.

    Raises
    ------
    ModelError
        If the model of the settings cannot be loaded.
    """
    models = SurveyModels(settings.model, scored, settings.defaults)
    work = _LocalRun(settings, models, progress or (lambda _: None), catalog, WorkerPool(workers, processes))
    fetching = DownloadQueue(fetch) if fetch else None
    try:
        yield from work.run(iter(stars), fetching, stop or threading.Event())
    finally:
        work.pool.close()
        if fetching:
            fetching.close()


class _LocalRun:
    """Stars being scored on this machine."""

    def __init__(
        self,
        settings: ScoringSettings,
        models: SurveyModels,
        notify: Callable[[SurveyProgress], None],
        catalog: Catalog | None,
        pool: WorkerPool,
    ) -> None:
        self.settings, self.models, self.pool = settings, models, pool
        # Enough stars are prepared ahead that no worker waits for the network, but not more: they take the most memory.
        self.room = 3 * pool.workers
        self.tell, self.catalogue = notify, catalog
        self.progress = SurveyProgress()
        self.open = OpenStars(MAX_OVERTAKING)
        #: Results of stars that need no network, to be yielded next.
        self.ready: deque[StarResult] = deque()
        self.signals = SignalBatcher[_FoldedKey]()

    def run(self, stars: Iterator[StarSource], fetching: DownloadQueue | None, stop: threading.Event) -> Iterator[StarResult]:
        """Yield the results as they come."""
        more = True
        while not stop.is_set():
            while more and self._may_begin(fetching) and not stop.is_set():
                star = next(stars, None)
                if star is None:
                    more = False
                elif fetching and not (star.is_here or star.is_simulated or star.problem):
                    fetching.add(star)
                else:
                    self._begin(star)
            if fetching:
                for star, reason in fetching.arrived(flush=not more):
                    # If some light curves arrived despite the failure, the star is scored.
                    here = cached_source(star.target_id)
                    why = reason or f"{star.target_id} could not be fetched."
                    self._begin(here if here.is_here else replace(star, problem=why))
            while self.ready:
                yield self.ready.popleft()
            if more and self._may_begin(fetching):
                continue  # what was passed over made no work; nothing has to be waited for
            if not self.pool.waiting and (self.open.is_full or not (more or (fetching and fetching.waiting))):
                if all(one.is_empty for one in self.models.batches.values()):
                    if self.signals.is_empty:
                        return
                    yield from self._classify(flush=True)
                self._network(flush=True)
                continue
            for job in self.pool.finished(TICK_SECONDS):
                if (found := self._done(job)) is not None:
                    yield found
            self._network()
            yield from self._classify()

    def _may_begin(self, fetching: DownloadQueue | None) -> bool:
        """Return whether another star may be begun or queued for download now."""
        busy = self.pool.waiting >= self.room or len(self.ready) >= self.room or self.open.is_full
        return not (busy or (fetching and fetching.is_full))

    def _begin(self, star: StarSource) -> None:
        """Submit a star for preparation, unless it is scored already."""
        number = self.open.begin()
        try:
            fingerprint = stars.data_fingerprint(star)
        except CacheError as error:
            self._fail(number, UnscoredStar(star, str(error)))
            return
        card = self.models.card_for(star)
        if card is not None and self.models.has_scored(card, star, fingerprint):
            self._skip(number, star, card.model_id)
            return
        done = frozenset[str]() if card is not None else self.models.scored_by(star, fingerprint)
        copies, signals = bool(self.settings.false_alarm_copies), self.settings.signals
        task = PrepareTask(star, card, fingerprint, done, self.models.defaults, copies, signals)
        self.pool.submit(prepare.prepare_star, task, number)

    def _done(self, job: WorkerCall) -> StarResult | None:
        """Handle a finished call: return the star's result, or start its next stage and return None."""
        if job.error is not None:
            number, given_up = self._given_up(job)
            log.error("%s was given up.", given_up.star.target_id, exc_info=job.error)
            self._fail(number, given_up)
        elif isinstance(job.result, UnscoredStar):
            if job.result.already:
                self._skip(job.context, job.result.star, job.result.model_id)
            else:
                self._fail(job.context, job.result)
        elif isinstance(job.result, PreparedStar):
            self._add(job.context, job.result)
        else:
            number, star, scores = job.context
            folded: FoldedStar = job.result
            for stage, seconds in zip(("fold", "signals"), folded.seconds, strict=True):
                self.progress.seconds[stage] += seconds
            if folded.views is None:
                return self._result(number, star, scores, folded, folded.signals)
            self.signals.add((number, star, tuple(map(_without_evidence, scores))), signal_kind(folded.score.mission), folded)
        return None

    def _given_up(self, job: WorkerCall) -> tuple[int, UnscoredStar]:
        """Return the star of a call that failed unexpectedly, with its number."""
        reason = f"It failed unexpectedly ({type(job.error).__name__}: {job.error})."
        if isinstance(job.argument, PrepareTask):
            task = job.argument
            return job.context, UnscoredStar(task.star, reason, task.fingerprint, task.card.model_id if task.card else "")
        number, star, _ = job.context
        return number, UnscoredStar(star.star, reason, star.fingerprint, star.model_id)

    def _add(self, number: int, star: PreparedStar) -> None:
        read, prepare = star.seconds
        self.progress.seconds["read"] += read
        self.progress.seconds["prepare"] += prepare
        self.progress.read += 1
        self.tell(self.progress)
        try:
            self.models.batcher(star.model_id).add((number, star), star.segmented)
        except ModelError as error:
            self._fail(number, UnscoredStar(star.star, str(error), star.fingerprint, star.model_id))

    def _network(self, *, flush: bool = False) -> None:
        """Run the network on full batches, and submit completed stars for folding.

        With `flush`, incomplete batches are run too.
        """
        begun = time.perf_counter()
        for batches in self.models.batches.values():
            while batches.is_full or (flush and not batches.is_empty):
                for (number, star), scores in batches.run():
                    detrended = tuple(curve for curve, _ in star.segmented) if self.settings.signals else ()
                    slim = replace(star, parts=star.left_out)
                    self.pool.submit(fold.fold_star, FoldTask(scores, detrended), (number, slim, scores))
        self.progress.seconds["network"] += time.perf_counter() - begun

    def _classify(self, *, flush: bool = False) -> Iterator[StarResult]:
        """Classify the signals of the waiting stars, if there are enough or with `flush`, and yield their results."""
        if not self.signals.is_full and not (flush and not self.signals.is_empty):
            return
        begun = time.perf_counter()
        classified = list(self.signals.run())
        self.progress.seconds["classes"] += time.perf_counter() - begun
        for key, folded, signals in classified:
            yield self._result(*key, folded, signals)

    def _result(
        self,
        number: int,
        star: PreparedStar,
        scores: tuple[SegmentScores, ...],
        folded: FoldedStar,
        found: tuple[FoundSignal, ...] | None,
    ) -> StarResult:
        score = folded.score
        if copies := self.settings.false_alarm_copies:
            model = self.models.batcher(star.model_id).model
            curves, workers = star.light_curves, self.pool.workers
            score = false_alarm.with_false_alarm_probability(model, curves, score, copies, workers=workers)
        signals, magnitude = star.known, star.magnitude
        if self.catalogue is not None and not star.star.is_simulated:
            signals, listed = known_objects.catalog_signals(star.star.target_id, self.catalogue)
            magnitude = listed if magnitude is None else magnitude
        self.progress.scored += 1
        self.progress.segments += score.num_segments
        self._end(number, star.star)
        row = prepare.scored_row(
            score,
            scores,
            fingerprint=star.fingerprint,
            model_sha=self.models.model_hash(star.model_id),
            known=signals,
            magnitude=magnitude,
            survey_id=self.settings.survey_id,
            signals=found,
        )
        remarks = star.remarks
        if folded.problem:
            remarks = replace(remarks, other=(*remarks.other, folded.problem))
        segments = tuple(map(_without_evidence, scores)) if self.settings.segments else ()
        return StarResult(number, row.target_id, row, row.model_id, segments, remarks, found or ())

    def _skip(self, number: int, star: StarSource, model_id: str) -> None:
        self.progress.skipped += 1
        self._end(number, star)
        self.ready.append(StarResult(number, star.target_id, None, model_id))

    def _fail(self, number: int, given_up: UnscoredStar) -> None:
        log.info("%s was not scored: %s", given_up.star.target_id, given_up.reason)
        self.progress.failed += 1
        self._end(number, given_up.star)
        model_id = given_up.model_id or (self.models.card.model_id if self.models.card else "")
        found = {"model_id": model_id, "model_sha": self.models.model_hash(model_id), "fingerprint": given_up.fingerprint}
        row = prepare.failed_row(given_up.star, given_up.reason, survey_id=self.settings.survey_id, **found)
        self.ready.append(StarResult(number, row.target_id, row, model_id))

    def _end(self, number: int, star: StarSource) -> None:
        self.open.end(number)
        self.progress.last = star.target_id
        self.tell(self.progress)


def _without_evidence(scores: SegmentScores) -> SegmentScores:
    """Drop the evidence, which is by far the largest part."""
    none = np.empty(0)
    return replace(scores, evidence=Evidence(none, none, scores.evidence.step_days))
