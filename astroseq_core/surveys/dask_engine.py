"""Scoring a survey on many machines: Dask workers do all of a star's work, a few stars at a time, and rows stream back."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import Any

from astroseq_core.errors import AstroSeqError, CacheError, SettingsError
from astroseq_core.store.scores import ScoreRow
from astroseq_core.surveys import identity, row, scheduler
from astroseq_core.surveys.engine import Have, Models, Progress, score_survey
from astroseq_core.surveys.star import SurveyStar

log = logging.getLogger(__name__)
#: Stars of one task: their segments fill the network's batches, and a lost worker costs no more than these.
STARS_AT_ONCE = 8
#: Tasks that wait for each worker, so that none waits for the caller.
TASKS_AHEAD = 3
#: A task that was under way on a worker that was lost is done so many times more.
RETRIES = 3
#: How long [s] to wait for the scheduler, and for news before looking whether to stop.
CONNECT_SECONDS, TICK_SECONDS = 20.0, 0.25


@dataclass(frozen=True)
class Call:
    """What one task scores, with the arguments of ``score_survey``."""

    stars: tuple[SurveyStar, ...]
    model: str | None
    defaults: tuple[tuple[str, str], ...]
    survey_id: str


def score_on_dask(
    stars: Iterable[SurveyStar],
    address: str,
    model: str | None = None,
    *,
    have: Have | None = None,
    defaults: Mapping[str, str] | None = None,
    stop: threading.Event | None = None,
    progress: Callable[[Progress], None] | None = None,
    survey_id: str = "",
) -> Iterator[ScoreRow]:
    """As ``score_survey``, on the workers of the Dask scheduler at ``address``; each star once, in no order.

    Workers read models, light curves and catalogues from the same folders as here (ASTROSEQ_HOME and ASTROSEQ_CACHE on a shared
    disk); give each one thread. A worker loads a model once. A lost one costs the stars it was at another try, on another
    worker; those that are lost RETRIES times more come with the reason. Nothing is fetched. Raises SettingsError where Dask is
    not installed or the scheduler does not answer, ModelError where ``model`` cannot be used.
    """
    client = _client(address)
    try:
        work = _Work(client, model, have, defaults or {}, progress or (lambda _: None), survey_id)
        yield from work.run(iter(stars), stop or threading.Event())
    finally:
        client.close()


def _client(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise SettingsError(scheduler.INSTALL) from None
    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise SettingsError(f"No Dask scheduler answers at {address} ({error}); start one or correct the address.") from error


def score_some(call: Call) -> list[ScoreRow]:
    """The rows of a task's stars; runs on a worker."""
    from astroseq_core.archive import catalogue

    known = catalogue.current()
    defaults = dict(call.defaults)
    return list(score_survey(call.stars, call.model, workers=1, defaults=defaults, catalogue=known, survey_id=call.survey_id))


class _Work:
    """One survey under way on Dask."""

    def __init__(
        self,
        client: Any,
        model: str | None,
        have: Have | None,
        defaults: Mapping[str, str],
        tell: Callable[[Progress], None],
        survey_id: str,
    ) -> None:
        self.client, self.model, self.tell, self.survey_id = client, model, tell, survey_id
        self.defaults = tuple(sorted(defaults.items()))
        self.models = Models(model, have, defaults)
        self.progress = Progress()
        self.running: dict[Any, Call] = {}

    def run(self, stars: Iterator[SurveyStar], stop: threading.Event) -> Iterator[ScoreRow]:
        """The rows, as they come."""
        wanted = self._wanted(stars, stop)
        more = True
        while not stop.is_set():
            room = TASKS_AHEAD * max(1, len(self.client.scheduler_info(n_workers=-1)["workers"]))
            while more and len(self.running) < room and not stop.is_set():
                some = tuple(one for _, one in zip(range(STARS_AT_ONCE), wanted, strict=False))
                more = len(some) == STARS_AT_ONCE
                if some:
                    self._submit(some)
            if not self.running and not more:
                return
            yield from self._finished()
        self.client.cancel(list(self.running))

    def _submit(self, stars: tuple[SurveyStar, ...]) -> None:
        call = Call(stars, self.model, self.defaults, self.survey_id)
        self.running[self.client.submit(score_some, call, pure=False, retries=RETRIES)] = call

    def _finished(self) -> Iterator[ScoreRow]:
        """The rows of the tasks that are done now; waits a moment where there is none."""
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
            rows = future.result() if why is None else []
            future.release()
            if why is not None and len(call.stars) > 1 and not isinstance(why, AstroSeqError):
                # One of them may end every worker that tries it; the others must not go with it.
                for star in call.stars:
                    self._submit((star,))
                continue
            rows += [self._lost(star, why) for star in call.stars] if why is not None else []
            for one in rows:
                self._count(one)
                yield one

    def _wanted(self, stars: Iterator[SurveyStar], stop: threading.Event) -> Iterator[SurveyStar]:
        """The stars that are not scored yet."""
        for star in stars:
            if stop.is_set():
                return
            if self._is_done(star):
                self.progress.skipped += 1
                self.progress.last = star.target_id
                self.tell(self.progress)
            else:
                yield star

    def _is_done(self, star: SurveyStar) -> bool:
        try:
            data_id = identity.data_id(star)
        except CacheError:
            return False  # the worker says why
        card = self.models.card_for(star)
        return card is not None and self.models.scored(card, star, data_id)

    def _lost(self, star: SurveyStar, error: BaseException) -> ScoreRow:
        reason = str(error) if isinstance(error, AstroSeqError) else f"Its Dask workers failed ({type(error).__name__}: {error})."
        card = self.models.card_for(star)
        model_id = card.model_id if card else ""
        return row.failed(star, reason, model_id=model_id, model_sha=self.models.sha(model_id), survey_id=self.survey_id)

    def _count(self, one: ScoreRow) -> None:
        if one.star_score is None:
            self.progress.failed += 1
        else:
            self.progress.scored += 1
            self.progress.segments += one.num_segments or 0
        self.progress.last = one.target_id
        self.tell(self.progress)
