"""Segment probabilities of light curves, in batches across stars."""

import logging
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import AstroSeqError
from astroseq_core.lightcurves.lightcurve import LightCurve
from astroseq_core.lightcurves.prepare import PreparedCurve
from astroseq_core.scoring.evidence import Evidence, evidence_of
from astroseq_core.scoring.model import BATCH, Model
from astroseq_core.segments.cut import Segments
from astroseq_core.times import TimeSystem

log = logging.getLogger(__name__)
#: The network is called for so many segments at a time, of whichever stars; at 1024 cadences and 8 channels that is 64 MB.
GATHER = 8 * BATCH


@dataclass(frozen=True, eq=False)
class SegmentScores:
    """Probabilities for the segments of one observation, in time order, each array of shape (s,).

    ``t_start`` and ``t_stop`` [d, ``system``]: first and last cadence; ``evidence``: the same on a finer scale, for folding.
    """

    target_id: str
    observation: str
    instrument: str
    system: TimeSystem
    model_id: str
    t_start: NDArray[np.float64]
    t_stop: NDArray[np.float64]
    num_cadences: NDArray[np.int64]
    probability: NDArray[np.float32]
    evidence: Evidence

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


#: A light curve prepared and cut, waiting for the network.
_Cut = tuple[PreparedCurve, Segments]


#: Segment probabilities (s,) and, of networks that give them, cadence probabilities (s, places).
Outputs = tuple[NDArray[np.float32], NDArray[np.float32] | None]


def scores_of(model: Model, prepared: PreparedCurve, cuts: Segments, outputs: Outputs) -> SegmentScores:
    """The scores of one prepared and cut light curve from what ``model.outputs`` gave for its segments."""
    probability, cadence = outputs
    card = model.card
    cadence_rate = None if card.cadence_calibration is None else card.cadence_calibration.base_rate
    return SegmentScores(
        target_id=prepared.curve.target.id,
        observation=prepared.observation,
        instrument=prepared.curve.instrument.name,
        system=prepared.system,
        model_id=card.model_id,
        t_start=cuts.t_start,
        t_stop=cuts.t_stop,
        num_cadences=cuts.num_cadences,
        probability=probability,
        evidence=evidence_of(prepared, cuts, probability, card.calibration.base_rate, cadence, cadence_rate),
    )


def score_curve(model: Model, curve: LightCurve) -> SegmentScores:
    """Probabilities for every segment of one light curve; raises ModelError or LightCurveError."""
    prepared, cuts = model.segments(curve)
    return scores_of(model, prepared, cuts, model.outputs(cuts.values))


def score_curves(model: Model, curves: Iterable[LightCurve], workers: int = 1) -> Iterator[SegmentScores | Failure]:
    """Probabilities for every segment of each light curve, in the order given, or why there are none.

    Segments of several light curves go through the network together, and ``workers`` threads prepare the next meanwhile: the
    memory used does not grow with the number of light curves.
    """

    def attempt(curve: LightCurve) -> _Cut | Failure:
        try:
            return model.segments(curve)
        except AstroSeqError as error:
            return Failure(curve.target.id, curve.observation, str(error))

    waiting: list[_Cut | Failure] = []
    coming: deque[Future[_Cut | Failure]] = deque()
    source = iter(curves)
    with ThreadPoolExecutor(workers) as ahead:
        while True:
            coming.extend(ahead.submit(attempt, curve) for curve in islice(source, 2 * workers - len(coming)))
            if not coming:
                break
            waiting.append(coming.popleft().result())
            if sum(len(w[1]) for w in waiting if not isinstance(w, Failure)) >= GATHER:
                yield from _run(model, waiting)
                waiting = []
    yield from _run(model, waiting)


def _run(model: Model, waiting: list[_Cut | Failure]) -> Iterator[SegmentScores | Failure]:
    """One call of the network for all that wait."""
    ready = [w[1].values for w in waiting if not isinstance(w, Failure)]
    probability, cadence = model.outputs(np.concatenate(ready)) if ready else (np.empty(0, np.float32), None)
    begin = 0
    for one in waiting:
        if isinstance(one, Failure):
            log.info("%s of %s was not scored: %s", one.observation, one.target_id, one.reason)
            yield one
            continue
        prepared, cuts = one
        end = begin + len(cuts)
        yield scores_of(model, prepared, cuts, (probability[begin:end], None if cadence is None else cadence[begin:end]))
        begin = end
