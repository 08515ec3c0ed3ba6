"""Scoring a survey on one machine: workers read and prepare stars, the network runs in full batches across them."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from astroseq_core.archive.catalogue import Catalogue
from astroseq_core.errors import CacheError, ModelError
from astroseq_core.scoring import card as cards
from astroseq_core.scoring.card import ModelCard
from astroseq_core.scoring.model import load
from astroseq_core.store.scores import ScoreRow
from astroseq_core.surveys import identity, known, preparing, row
from astroseq_core.surveys.batches import Batches
from astroseq_core.surveys.fetching import Fetch, Fetching
from astroseq_core.surveys.pool import Job, Pool
from astroseq_core.surveys.preparing import GivenUp, Ready, Task
from astroseq_core.surveys.star import SurveyStar, in_cache

log = logging.getLogger(__name__)
#: The data that a model has scored already, by star: store.scores.have, given a model's id and identity.model_sha.
Have = Callable[[str, str], Mapping[str, str]]
#: How long [s] nothing may happen before someone who wants to stop is asked for again.
TICK_SECONDS = 0.25
#: Stages whose time is counted; the network's is of one thread, the others are sums over the workers.
STAGES = ("read", "prepare", "network", "fold")


@dataclass
class Progress:
    """How far a survey is: stars ``scored``, ``skipped`` (scored before) and ``failed``, and the ``segments`` of the scored.

    ``last``: the latest star; ``seconds``: those spent in each of STAGES.
    """

    scored: int = 0
    skipped: int = 0
    failed: int = 0
    segments: int = 0
    last: str = ""
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))

    @property
    def done(self) -> int:
        """Stars that need no more work."""
        return self.scored + self.skipped + self.failed


def score_survey(
    stars: Iterable[SurveyStar],
    model: str | None = None,
    *,
    workers: int = 2,
    processes: bool | None = None,
    have: Have | None = None,
    defaults: Mapping[str, str] | None = None,
    fetch: Fetch | None = None,
    stop: threading.Event | None = None,
    progress: Callable[[Progress], None] | None = None,
    catalogue: Catalogue | None = None,
    survey_id: str = "",
) -> Iterator[ScoreRow]:
    """The row of each star that has none yet, as they come, with its scores or the reason why there are none.

    ``model``: an id or folder; where None, each star gets the one that suits it (``defaults``: see card.best_for). ``workers``:
    so many stars are prepared at once; ``processes``: see Pool. ``have``: a star whose data the model has scored is passed over
    without being read. ``fetch``: gets the light curves that are not in the cache. ``stop``: set it, and nothing more comes; what
    is under way is dropped. ``progress`` is called in this thread for every star, with an object that goes on changing.
    ``catalogue``: where known signals are looked up, not at all where None. Raises ModelError where ``model`` cannot be loaded;
    what ``stars`` raises is passed on.
    """
    work = _Work(model, have, defaults or {}, progress or (lambda _: None), catalogue, survey_id, Pool(workers, processes))
    fetching = Fetching(fetch) if fetch else None
    try:
        yield from work.run(iter(stars), fetching, stop or threading.Event())
    finally:
        work.pool.close()
        if fetching:
            fetching.close()


class Models:
    """The models of a survey, each loaded when it is first needed: their cards, what they are, and what they have scored."""

    def __init__(self, model: str | None, have: Have | None, defaults: Mapping[str, str]) -> None:
        self.batches: dict[str, Batches] = {}
        self.defaults = tuple(sorted(defaults.items()))
        self._have, self._had = have, dict[str, Mapping[str, str]]()
        self._every: Sequence[ModelCard] | None = None
        self.card = self._open(model) if model else None

    def of(self, model_id: str) -> Batches:
        """The queue of a model; raises ModelError where it cannot be loaded."""
        if model_id not in self.batches:
            self._open(model_id)
        return self.batches[model_id]

    def sha(self, model_id: str) -> str:
        """What a model's scores depend on, "" for a model that cannot be loaded."""
        try:
            return identity.model_sha(self.of(model_id).model.card) if model_id else ""
        except ModelError:
            return ""

    def card_for(self, star: SurveyStar) -> ModelCard | None:
        """The lean card of the star's model as far as it can be told without reading it."""
        if self.card is not None or not star.seen_as or star.cadence_minutes is None:
            return self.card
        return preparing.card_at(star.seen_as, star.cadence_minutes, self.defaults)

    def scored(self, card: ModelCard, star: SurveyStar, data_id: str) -> bool:
        """Whether the model has scored these very data."""
        if self._have is None or not data_id:
            return False
        if card.model_id not in self._had:
            self._had[card.model_id] = self._have(card.model_id, identity.model_sha(card))
        return self._had[card.model_id].get(star.target_id) == data_id

    def done(self, star: SurveyStar, data_id: str) -> frozenset[str]:
        """The ids of all models that have scored these very data."""
        if self._have is None:
            return frozenset()
        return frozenset(c.model_id for c in self._all() if self.scored(c, star, data_id))

    def _all(self) -> Sequence[ModelCard]:
        if self._every is None:
            self._every = [preparing.lean(c) for c in cards.available()]
        return self._every

    def _open(self, model: str) -> ModelCard:
        loaded = load(model)
        self.batches[loaded.card.model_id] = Batches(loaded)
        return preparing.lean(loaded.card)


class _Work:
    """One survey under way."""

    def __init__(
        self,
        model: str | None,
        have: Have | None,
        defaults: Mapping[str, str],
        tell: Callable[[Progress], None],
        catalogue: Catalogue | None,
        survey_id: str,
        pool: Pool,
    ) -> None:
        self.models = Models(model, have, defaults)
        self.pool = pool
        # So many stars are prepared ahead that no worker waits for the network, and no more: they are what takes memory.
        self.room = 3 * pool.workers
        self.tell, self.catalogue, self.survey_id = tell, catalogue, survey_id
        self.progress = Progress()
        self.failed: deque[ScoreRow] = deque()

    def run(self, stars: Iterator[SurveyStar], fetching: Fetching | None, stop: threading.Event) -> Iterator[ScoreRow]:
        """The rows, as they come."""
        more = True
        while not stop.is_set():
            while (
                more and self.pool.waiting < self.room and not (self.failed or stop.is_set() or (fetching and fetching.is_full))
            ):
                star = next(stars, None)
                if star is None:
                    more = False
                elif fetching and not (star.is_here or star.is_simulated or star.problem):
                    fetching.add(star)
                else:
                    self._begin(star)
            if fetching:
                for star, reason in fetching.arrived(flush=not more):
                    # Where something came in spite of the reason it is scored.
                    here = in_cache(star.target_id)
                    why = reason or f"{star.target_id} could not be fetched."
                    self._begin(here if here.is_here else replace(star, problem=why))
            while self.failed:
                yield self.failed.popleft()
            if not self.pool.waiting and not more and not (fetching and fetching.waiting):
                if all(one.is_empty for one in self.models.batches.values()):
                    return
                self._network(flush=True)
                continue
            for job in self.pool.finished(TICK_SECONDS):
                if (found := self._done(job)) is not None:
                    yield found
            self._network()

    def _begin(self, star: SurveyStar) -> None:
        """Have a star prepared, unless it is scored already."""
        try:
            data_id = identity.data_id(star)
        except CacheError as error:
            self._fail(GivenUp(star, str(error)))
            return
        card = self.models.card_for(star)
        if card is not None and self.models.scored(card, star, data_id):
            self._skip(star)
            return
        done = frozenset[str]() if card is not None else self.models.done(star, data_id)
        self.pool.submit(preparing.ready, Task(star, card, data_id, done, self.models.defaults))

    def _done(self, job: Job) -> ScoreRow | None:
        """What follows from a finished call: the star's row, or its next stage and None."""
        if job.error is not None:
            star = job.argument.star if isinstance(job.argument, Task) else job.context[0].star
            log.error("%s was given up.", star.target_id, exc_info=job.error)
            self._fail(GivenUp(star, f"It failed unexpectedly ({type(job.error).__name__}: {job.error}).", *self._known_of(job)))
        elif isinstance(job.result, GivenUp):
            self._skip(job.result.star) if job.result.already else self._fail(job.result)
        elif isinstance(job.result, Ready):
            self._add(job.result)
        else:
            return self._row(job)
        return None

    def _known_of(self, job: Job) -> tuple[str, str]:
        """The data and the model of a failed call."""
        if isinstance(job.argument, Task):
            return job.argument.data_id, job.argument.card.model_id if job.argument.card else ""
        return job.context[0].data_id, job.context[0].model_id

    def _add(self, star: Ready) -> None:
        read, prepare = star.seconds
        self.progress.seconds["read"] += read
        self.progress.seconds["prepare"] += prepare
        try:
            self.models.of(star.model_id).add(star)
        except ModelError as error:
            self._fail(GivenUp(star.star, str(error), star.data_id, star.model_id))

    def _network(self, *, flush: bool = False) -> None:
        """Run the network while there are full batches, at the end also for what is left; stars that are through are folded."""
        begun = time.perf_counter()
        for batches in self.models.batches.values():
            while batches.is_full or (flush and not batches.is_empty):
                for star, scores in batches.run():
                    self.pool.submit(preparing.folded, scores, (replace(star, parts=star.left_out), scores))
        self.progress.seconds["network"] += time.perf_counter() - begun

    def _row(self, job: Job) -> ScoreRow:
        (star, scores), (score, seconds) = job.context, job.result
        self.progress.seconds["fold"] += seconds
        signals, magnitude = star.known, star.magnitude
        if self.catalogue is not None and not star.star.is_simulated:
            signals, listed = known.of_catalogue(star.star.target_id, self.catalogue)
            magnitude = listed if magnitude is None else magnitude
        self.progress.scored += 1
        self.progress.segments += score.num_segments
        self._tell(star.star)
        return row.scored(
            score, scores, data_id=star.data_id, model_sha=self.models.sha(star.model_id), known=signals, magnitude=magnitude,
            survey_id=self.survey_id,
        )  # fmt: skip

    def _skip(self, star: SurveyStar) -> None:
        self.progress.skipped += 1
        self._tell(star)

    def _fail(self, given_up: GivenUp) -> None:
        log.info("%s was not scored: %s", given_up.star.target_id, given_up.reason)
        self.progress.failed += 1
        self._tell(given_up.star)
        model_id = given_up.model_id or (self.models.card.model_id if self.models.card else "")
        found = {"model_id": model_id, "model_sha": self.models.sha(model_id), "data_id": given_up.data_id}
        self.failed.append(row.failed(given_up.star, given_up.reason, survey_id=self.survey_id, **found))

    def _tell(self, star: SurveyStar) -> None:
        self.progress.last = star.target_id
        self.tell(self.progress)
