"""What a worker does to a star: read its light curves, prepare and cut them, and fold what the network said."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from astroseq_core import settings
from astroseq_core.errors import AstroSeqError, ModelError, TargetError
from astroseq_core.lightcurves.lightcurve import LightCurve
from astroseq_core.lightcurves.prepare import PreparedCurve, prepare
from astroseq_core.scoring import card as cards
from astroseq_core.scoring.card import ModelCard
from astroseq_core.scoring.segments import Failure, SegmentScores
from astroseq_core.scoring.star import StarScore, score_star
from astroseq_core.segments.cut import Segments, cut
from astroseq_core.surveys import identity
from astroseq_core.surveys.known import SURVEY, Known
from astroseq_core.surveys.star import SurveyStar


@dataclass(frozen=True)
class Task:
    """A star to prepare: for the model of ``card``, or where None for the one that suits it.

    ``data_id`` is "" where it is not known yet; ``done``: the models that have scored these very data already.
    """

    star: SurveyStar
    card: ModelCard | None = None
    data_id: str = ""
    done: frozenset[str] = frozenset()
    defaults: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class Ready:
    """A star ready for the network: ``parts`` in the order of its light curves, at least one of them cut.

    ``seconds``: what reading and preparing took.
    """

    star: SurveyStar
    model_id: str
    data_id: str
    parts: tuple[tuple[PreparedCurve, Segments] | Failure, ...]
    known: tuple[Known, ...]
    magnitude: float | None
    seconds: tuple[float, float]

    @property
    def cuts(self) -> tuple[tuple[PreparedCurve, Segments], ...]:
        """Those of its light curves that could be prepared and have a segment."""
        return tuple(p for p in self.parts if not isinstance(p, Failure) and len(p[1]))

    @property
    def left_out(self) -> tuple[Failure, ...]:
        """Those that could not be prepared."""
        return tuple(p for p in self.parts if isinstance(p, Failure))


@dataclass(frozen=True)
class GivenUp:
    """A star without a score, and why; ``already``: these data have been scored by this very model."""

    star: SurveyStar
    reason: str
    data_id: str = ""
    model_id: str = ""
    already: bool = False


def ready(task: Task) -> Ready | GivenUp:
    """The star, read and prepared and cut as its model's card says; never raises an AstroSeqError."""
    star, data_id, model_id = task.star, task.data_id, task.card.model_id if task.card else ""
    begun = time.perf_counter()
    try:
        data_id = data_id or identity.data_id(star)
        found = star.read()
        if not found.curves:
            raise TargetError(" ".join(found.problems) or f"{star.target_id} has no light curve.")
        card = task.card or choose(found.curves, dict(task.defaults))
        model_id = card.model_id
        if model_id in task.done:
            return GivenUp(star, "", data_id, model_id, already=True)
        read = time.perf_counter()
        parts = tuple(_part(card, curve) for curve in found.curves)
        made = time.perf_counter()
    except AstroSeqError as error:
        return GivenUp(star, str(error), data_id, model_id)
    known = tuple(Known(e, SURVEY) for e in found.truth)
    one = Ready(
        replace(star, seen_as=found.curves[0].instrument.name), model_id, data_id, parts, known, found.magnitude,
        (read - begun, made - read),
    )  # fmt: skip
    if one.cuts:
        return one
    reasons = (*found.problems, *(failure.reason for failure in one.left_out))
    return GivenUp(one.star, " ".join(reasons) or "It has no segment.", data_id, model_id)


def choose(curves: Sequence[LightCurve], defaults: Mapping[str, str]) -> ModelCard:
    """The card of the model that suits the first of the light curves that any suits; raises ModelError for none."""
    for curve in curves:
        if card := card_at(curve.instrument.name, curve.cadence_minutes, tuple(sorted(defaults.items()))):
            return card
    first = curves[0]
    raise ModelError(f"No model here was made for {first.instrument.name} at {first.cadence_minutes:.3g} min; train one for it.")


def card_at(instrument: str, cadence_minutes: float, defaults: tuple[tuple[str, str], ...]) -> ModelCard | None:
    """The lean card of the model for those light curves, see ``card.best_at``; read once for each cadence."""
    return _card_at(instrument, round(cadence_minutes, 2), defaults, str(settings.models_dir()))


@lru_cache(maxsize=64)
def _card_at(instrument: str, cadence_minutes: float, defaults: tuple[tuple[str, str], ...], models: str) -> ModelCard | None:
    found = cards.best_at(instrument, cadence_minutes, dict(defaults))
    return None if found is None else lean(found)


def lean(card: ModelCard) -> ModelCard:
    """The card without what scoring has no use for: it goes to the workers with every star."""
    return replace(card, training={}, metrics=[], thresholds={}, versions={})


def _part(card: ModelCard, curve: LightCurve) -> tuple[PreparedCurve, Segments] | Failure:
    try:
        if not card.suits(curve):
            raise ModelError(
                f"{card.model_id} was made for {' and '.join(card.instruments)} at {card.cadence_minutes:.3g} min; "
                f"{curve.observation} is {curve.instrument.name} at {curve.cadence_minutes:.3g} min."
            )
        prepared = prepare(curve, card.preparation)
        return _slim(prepared), cut(prepared, card.cutting)
    except AstroSeqError as error:
        return Failure(curve.target.id, curve.observation, str(error))


def _slim(prepared: PreparedCurve) -> PreparedCurve:
    """The prepared curve without the columns that evidence is not made from, which need not go between processes."""
    none = np.empty(0)
    curve = replace(prepared.curve, time=none, flux=none, quality=np.empty(0, np.int64), flux_err=None)
    return replace(prepared, curve=curve, flux=none, trend=none)


def folded(parts: Sequence[SegmentScores]) -> tuple[StarScore, float]:
    """The star's score from its segments, and how long that took [s]."""
    begun = time.perf_counter()
    return score_star(parts), time.perf_counter() - begun
