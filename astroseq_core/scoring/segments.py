"""Segment probabilities of light curves, in batches across stars."""

import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import AstroSeqError
from astroseq_core.lightcurves.lightcurve import LightCurve
from astroseq_core.scoring.model import BATCH, Model
from astroseq_core.segments.cut import Segments
from astroseq_core.times import TimeSystem

log = logging.getLogger(__name__)
#: The network is called for so many segments at a time, of whichever stars; at 1024 cadences and 8 channels that is 64 MB.
GATHER = 8 * BATCH


@dataclass(frozen=True, eq=False)
class SegmentScores:
    """Probabilities for the segments of one observation, in time order, each array of shape (s,).

    ``t_start`` and ``t_stop`` [d, ``system``]: first and last cadence; ``segment``: number within the observation.
    """

    target_id: str
    observation: str
    instrument: str
    system: TimeSystem
    model_id: str
    base_rate: float
    t_start: NDArray[np.float64]
    t_stop: NDArray[np.float64]
    num_cadences: NDArray[np.int64]
    probability: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.probability)

    @property
    def segment(self) -> NDArray[np.int64]:
        """The number of each segment within its observation, from 0."""
        return np.arange(len(self.probability))


@dataclass(frozen=True)
class Failure:
    """A light curve that could not be scored, and why, in one sentence."""

    target_id: str
    observation: str
    reason: str


def _scores(model: Model, curve: LightCurve, cuts: Segments, probability: NDArray[np.float32]) -> SegmentScores:
    return SegmentScores(
        target_id=curve.target.id,
        observation=curve.observation,
        instrument=curve.instrument.name,
        system=curve.time_system,
        model_id=model.card.model_id,
        base_rate=model.card.calibration.base_rate,
        t_start=cuts.t_start,
        t_stop=cuts.t_stop,
        num_cadences=cuts.num_cadences,
        probability=probability,
    )


def score_curve(model: Model, curve: LightCurve) -> SegmentScores:
    """Probabilities for every segment of one light curve; raises ModelError or LightCurveError."""
    cuts = model.segments(curve)
    return _scores(model, curve, cuts, model.probabilities(cuts.values))


def score_curves(model: Model, curves: Iterable[LightCurve]) -> Iterator[SegmentScores | Failure]:
    """Probabilities for every segment of each light curve, in the order given, or why there are none.

    Segments of several light curves go through the network together, and the next are prepared meanwhile: the memory used does
    not grow with the number of light curves.
    """

    def attempt(curve: LightCurve) -> tuple[LightCurve, Segments] | Failure:
        try:
            return curve, model.segments(curve)
        except AstroSeqError as error:
            return Failure(curve.target.id, curve.observation, str(error))

    waiting: list[tuple[LightCurve, Segments] | Failure] = []
    with ThreadPoolExecutor(1) as ahead:
        source = iter(curves)
        first = next(source, None)
        coming = None if first is None else ahead.submit(attempt, first)
        while coming is not None:
            following = next(source, None)
            waiting.append(coming.result())
            coming = None if following is None else ahead.submit(attempt, following)
            if sum(len(w[1]) for w in waiting if not isinstance(w, Failure)) >= GATHER:
                yield from _run(model, waiting)
                waiting = []
    yield from _run(model, waiting)


def _run(model: Model, waiting: list[tuple[LightCurve, Segments] | Failure]) -> Iterator[SegmentScores | Failure]:
    """One call of the network for all that wait."""
    ready = [w[1] for w in waiting if not isinstance(w, Failure)]
    probability = model.probabilities(np.concatenate([s.values for s in ready])) if ready else np.empty(0, np.float32)
    begin = 0
    for one in waiting:
        if isinstance(one, Failure):
            log.info("%s of %s was not scored: %s", one.observation, one.target_id, one.reason)
            yield one
            continue
        curve, cuts = one
        yield _scores(model, curve, cuts, probability[begin : begin + len(cuts)])
        begin += len(cuts)
