"""Scoring many stars on a Dask cluster: each task scores a few stars, and results stream back."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from astroseq_core.errors import AstroSeqError, CacheError, SettingsError
from astroseq_core.scoring.star_source import StarSource
from astroseq_core.store.scores import OK
from astroseq_core.surveys import prepare, queue, stars
from astroseq_core.surveys.engine import MAX_OVERTAKING, OpenStars, ScoringSettings, SurveyProgress, score_stars
from astroseq_core.surveys.models import ScoredFingerprints, SurveyModels
from astroseq_core.surveys.results import StarResult

if TYPE_CHECKING:
    from distributed import Client

log = logging.getLogger(__name__)
#: Stars per task: enough segments to fill batches, and few enough that a lost worker costs little.
STARS_AT_ONCE = 8
#: Tasks queued per worker, so that no worker waits for this process.
TASKS_AHEAD = 3
#: How often a task is tried again after its worker was lost.
RETRIES = 3
#: Time limit for connecting to the scheduler, and interval between checks of `stop` [s].
CONNECT_SECONDS, TICK_SECONDS = 20.0, 0.25


@dataclass(frozen=True)
class DaskTask:
    """Input of one Dask task.

    Attributes
    ----------
    stars : tuple of StarSource
        Stars to score.
    numbers : tuple of int
        Number of each star among all.
    settings : ScoringSettings
        How they are scored.
    """

    stars: tuple[StarSource, ...]
    numbers: tuple[int, ...]
    settings: ScoringSettings


def score_on_dask(
    stars: Iterable[StarSource],
    address: str,
    settings: ScoringSettings,
    *,
    scored: ScoredFingerprints | None = None,
    stop: threading.Event | None = None,
    progress: Callable[[SurveyProgress], None] | None = None,
) -> Iterator[StarResult]:
    """Score stars on a Dask cluster, each star once; `StarResult.number` is the order of the stars.

    Workers read models, light curves and catalogs from the same folders as this process
    (`ASTROSEQ_HOME` and `ASTROSEQ_CACHE` on a shared disk); give each worker one thread. A worker
    loads a model once. If a worker is lost, its stars are tried again on another one; stars that
    are lost `RETRIES` times more fail with the reason. Nothing is downloaded.

    Parameters
    ----------
    stars : iterable of StarSource
        The stars.
    address : str
        Address of the Dask scheduler.
    settings : ScoringSettings
        How they are scored.
    scored : ScoredFingerprints or None, optional
        Gives the data fingerprints that a model has scored; such stars are passed over.
    stop : threading.Event or None, optional
        Set it to stop; unfinished tasks are dropped.
    progress : callable or None, optional
        Called for every star, with one object that keeps changing.

    Yields
    ------
    StarResult
        The result of one star.

    Raises
    ------
    SettingsError
        If Dask is not installed or the scheduler does not answer.
    ModelError
        If the model of the settings cannot be used.
    """
    client = _client(address)
    try:
        models = SurveyModels(settings.model, scored, settings.defaults)
        work = _DaskRun(client, settings, models, progress or (lambda _: None))
        yield from work.run(iter(stars), stop or threading.Event())
    finally:
        client.close()


def _client(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise SettingsError(queue.INSTALL_HINT) from None
    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise SettingsError(f"No Dask scheduler answers at {address} ({error}); start one or correct the address.") from error


def score_task(call: DaskTask) -> list[StarResult]:
    """Score the stars of one task; runs on a worker.

    Parameters
    ----------
    call : DaskTask
        Input of the task.

    Returns
    -------
    list of StarResult
        The results of its stars.
    """
    from astroseq_core.archive import catalogs

    found = score_stars(call.stars, call.settings, workers=1, catalog=catalogs.current_catalog())
    return [replace(one, number=call.numbers[one.number]) for one in found]


class _DaskRun:
    """Stars being scored on Dask."""

    def __init__(
        self, client: "Client", settings: ScoringSettings, models: SurveyModels, notify: Callable[[SurveyProgress], None]
    ) -> None:
        self.client, self.settings, self.models, self.tell = client, settings, models, notify
        self.progress = SurveyProgress()
        self.open = OpenStars(MAX_OVERTAKING)
        self.running: dict[Any, DaskTask] = {}

    def run(self, stars: Iterator[StarSource], stop: threading.Event) -> Iterator[StarResult]:
        """Yield the results as they arrive."""
        more = True
        some: list[tuple[int, StarSource]] = []
        while not stop.is_set():
            room = TASKS_AHEAD * max(1, len(self.client.scheduler_info(n_workers=-1)["workers"]))
            # All workers must have work while one star is tried again.
            self.open.most_overtaking = max(MAX_OVERTAKING, 2 * room * STARS_AT_ONCE)
            while more and len(self.running) < room and not (self.open.is_full or stop.is_set()):
                star = next(stars, None)
                more = star is not None
                if star is not None:
                    number = self.open.begin()
                    if (model_id := self._scored_by(star)) is not None:
                        yield self._pass_over(number, star, model_id)
                    else:
                        some.append((number, star))
                if some and (len(some) == STARS_AT_ONCE or not more):
                    self._submit(some)
                    some = []
            if some and self.open.is_full:
                self._submit(some)
                some = []
            if not self.running and not more:
                return
            yield from self._finished()
        self.client.cancel(list(self.running))

    def _submit(self, numbered: list[tuple[int, StarSource]]) -> None:
        call = DaskTask(tuple(s for _, s in numbered), tuple(n for n, _ in numbered), self.settings)
        self.running[self.client.submit(score_task, call, pure=False, retries=RETRIES)] = call

    def _finished(self) -> Iterator[StarResult]:
        """Yield the results of finished tasks; waits briefly if there is none."""
        from distributed import wait

        try:
            with self.client.as_current():
                done = wait(list(self.running), timeout=TICK_SECONDS, return_when="FIRST_COMPLETED").done
        except TimeoutError:
            return
        except CancelledError as error:
            raise SettingsError("The Dask scheduler is gone; start it and take the survey up again.") from error
        for future in done:
            call = self.running.pop(future)
            why = future.exception()
            results = future.result() if why is None else []
            future.release()
            if why is not None and len(call.stars) > 1 and not isinstance(why, AstroSeqError):
                # One star may crash every worker that tries it; the others must not fail with it.
                for one in zip(call.numbers, call.stars, strict=True):
                    self._submit([one])
                continue
            if why is not None:
                results = [self._lost(number, star, why) for number, star in zip(call.numbers, call.stars, strict=True)]
            for result in results:
                self._count(result)
                yield result

    def _scored_by(self, star: StarSource) -> str | None:
        """Return the model that has scored a star, None if it is to be scored."""
        try:
            fingerprint = stars.data_fingerprint(star)
        except CacheError:
            return None  # the worker says why
        card = self.models.card_for(star)
        return card.model_id if card is not None and self.models.has_scored(card, star, fingerprint) else None

    def _pass_over(self, number: int, star: StarSource, model_id: str) -> StarResult:
        result = StarResult(number, star.target_id, None, model_id)
        self._count(result)
        return result

    def _lost(self, number: int, star: StarSource, error: BaseException) -> StarResult:
        reason = str(error) if isinstance(error, AstroSeqError) else f"Its Dask workers failed ({type(error).__name__}: {error})."
        card = self.models.card_for(star)
        model_id = card.model_id if card else ""
        sha, survey_id = self.models.model_hash(model_id), self.settings.survey_id
        row = prepare.failed_row(star, reason, model_id=model_id, model_sha=sha, survey_id=survey_id)
        return StarResult(number, star.target_id, row, model_id)

    def _count(self, result: StarResult) -> None:
        self.open.end(result.number)
        if result.row is None:
            self.progress.skipped += 1
        elif result.row.status != OK:
            self.progress.failed += 1
        else:
            self.progress.scored += 1
            self.progress.segments += result.row.num_segments or 0
        self.progress.last = result.target_id
        self.tell(self.progress)
