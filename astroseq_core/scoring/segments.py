"""Segment probabilities of light curves, computed in batches across stars."""

import logging
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from astroseq_core import columns
from astroseq_core.errors import AstroSeqError
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.networks.model import BATCH_SIZE, Model
from astroseq_core.preprocessing.prepare import DetrendedLightCurve
from astroseq_core.preprocessing.segments import Segments
from astroseq_core.scoring.evidence import Evidence, compute_evidence
from astroseq_core.times import TimeSystem

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class SegmentScores:
    """Probabilities of the segments of one observation, in time order.

    Attributes
    ----------
    target_id : str
        Identifier of the star.
    observation : str
        Name of the observation.
    instrument : str
        Name of the mission.
    system : TimeSystem
        Time system of all times.
    model_id : str
        The model.
    t_start : ndarray
        Time of the first cadence of each segment [d], shape (s,).
    t_stop : ndarray
        Time of the last cadence [d], shape (s,).
    num_cadences : ndarray
        Number of cadences in each segment, shape (s,).
    probability : ndarray
        Calibrated probability of a transit, shape (s,).
    evidence : Evidence
        The evidence on a finer time grid, for folding.
    measured : mapping of str to float
        What was measured in the light curve, see `columns.Measurements`.
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
    measured: Mapping[str, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.probability)

    @property
    def segment(self) -> NDArray[np.int64]:
        """Number of each segment within its observation, from 0, shape (s,)."""
        return np.arange(len(self.probability))


@dataclass(frozen=True)
class Failure:
    """Light curve that could not be scored.

    Attributes
    ----------
    target_id : str
        Identifier of the star.
    observation : str
        Name of the observation.
    reason : str
        The reason, in one sentence.
    """

    target_id: str
    observation: str
    reason: str


#: A detrended light curve and its segments.
SegmentedLightCurve = tuple[DetrendedLightCurve, Segments]


#: Segment probabilities (s,) and cadence probabilities (s, places); None where the network does not score cadences.
NetworkOutputs = tuple[NDArray[np.float32], NDArray[np.float32] | None]


def make_segment_scores(
    model: Model, detrended: DetrendedLightCurve, segments: Segments, outputs: NetworkOutputs
) -> SegmentScores:
    """Make the scores of one light curve from the outputs of the network.

    Parameters
    ----------
    model : Model
        The model.
    detrended : DetrendedLightCurve
        The light curve.
    segments : Segments
        Its segments.
    outputs : NetworkOutputs
        Result of `model.outputs` for these segments.

    Returns
    -------
    SegmentScores
        The scores.
    """
    probability, cadence = outputs
    card = model.card
    cadence_rate = None if card.cadence_calibration is None else card.cadence_calibration.base_rate
    return SegmentScores(
        target_id=detrended.light_curve.target.id,
        observation=detrended.observation,
        instrument=detrended.light_curve.instrument.name,
        system=detrended.system,
        model_id=card.model_id,
        t_start=segments.t_start,
        t_stop=segments.t_stop,
        num_cadences=segments.num_cadences,
        probability=probability,
        evidence=compute_evidence(detrended, segments, probability, card.calibration.base_rate, cadence, cadence_rate),
        measured=columns.measure_light_curve(detrended),
    )


#: What a batcher's caller knows its light curves by: a star, a number.
Key = TypeVar("Key")


@dataclass(eq=False)
class _Pending(Generic[Key]):
    """Light curves of one key that are not yet through the network: their segments left, and the outputs so far."""

    key: Key
    segmented: Sequence[SegmentedLightCurve]
    left: int
    segment: list[NDArray[np.float32]] = field(default_factory=list)
    cadence: list[NDArray[np.float32]] = field(default_factory=list)


class SegmentBatcher(Generic[Key]):
    """Queue of segments that go through a model's network in full batches, across light curves and stars.

    Only the last batch may have fewer than `BATCH_SIZE` segments.

    Parameters
    ----------
    model : Model
        The loaded model.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.num_segments = 0
        self._pending: deque[_Pending[Key]] = deque()
        self._values: deque[NDArray[np.float32]] = deque()
        self._waiting = 0

    def add(self, key: Key, segmented: Sequence[SegmentedLightCurve]) -> None:
        """Add light curves to the queue.

        Parameters
        ----------
        key : Key
            What to return their scores with.
        segmented : sequence of (DetrendedLightCurve, Segments)
            Light curves with their segments; at least one segment in all.
        """
        count = sum(len(segments) for _, segments in segmented)
        self._pending.append(_Pending(key, segmented, count))
        self._values.extend(segments.values for _, segments in segmented if len(segments))
        self._waiting += count

    @property
    def is_full(self) -> bool:
        """Whether a full batch is waiting."""
        return self._waiting >= BATCH_SIZE

    @property
    def is_empty(self) -> bool:
        """Whether no segment is waiting."""
        return not self._waiting

    def run(self) -> Iterator[tuple[Key, tuple[SegmentScores, ...]]]:
        """Pass one batch through the network, and yield what it completes.

        Yields
        ------
        tuple of (Key, tuple of SegmentScores)
            A key, and the scores of all its light curves, in the order given.
        """
        values = self._take(BATCH_SIZE)
        if values is None:
            return
        self.num_segments += len(values)
        segment, cadence = self.model.outputs(values)
        begin = 0
        while begin < len(segment):
            first = next(one for one in self._pending if one.left)
            end = min(len(segment), begin + first.left)
            first.segment.append(segment[begin:end])
            if cadence is not None:
                first.cadence.append(cadence[begin:end])
            first.left -= end - begin
            begin = end
        while self._pending and not self._pending[0].left:
            done = self._pending.popleft()
            yield done.key, self._scores(done)

    def _take(self, count: int) -> NDArray[np.float32] | None:
        """Remove the next `count` segments from the queue, or all if there are fewer."""
        taken, missing = [], min(count, self._waiting)
        self._waiting -= missing
        while missing:
            values = self._values.popleft()
            if len(values) > missing:
                self._values.appendleft(values[missing:])
                values = values[:missing]
            taken.append(values)
            missing -= len(values)
        return np.concatenate(taken) if taken else None

    def _scores(self, done: _Pending[Key]) -> tuple[SegmentScores, ...]:
        segment = np.concatenate(done.segment)
        cadence = np.concatenate(done.cadence) if done.cadence else None
        scores, begin = [], 0
        for detrended, segments in done.segmented:
            end = begin + len(segments)
            outputs = segment[begin:end], None if cadence is None else cadence[begin:end]
            scores.append(make_segment_scores(self.model, detrended, segments, outputs))
            begin = end
        return tuple(scores)


def score_light_curve(model: Model, curve: LightCurve) -> SegmentScores:
    """Score every segment of one light curve.

    Parameters
    ----------
    model : Model
        The model.
    curve : LightCurve
        The light curve.

    Returns
    -------
    SegmentScores
        The scores.

    Raises
    ------
    ModelError
        If the model was not trained for the light curve.
    LightCurveError
        If the light curve cannot be used.
    """
    detrended, segments = model.segments(curve)
    return make_segment_scores(model, detrended, segments, model.outputs(segments.values))


def score_light_curves(model: Model, curves: Iterable[LightCurve], workers: int = 1) -> Iterator[SegmentScores | Failure]:
    """Score every segment of several light curves.

    Segments of several light curves go through the network together while threads detrend the next
    ones. Memory does not grow with the number of light curves.

    Parameters
    ----------
    model : Model
        The model.
    curves : iterable of LightCurve
        The light curves.
    workers : int, optional
        Number of threads.

    Yields
    ------
    SegmentScores or Failure
        The result of each light curve, in the order given.
    """

    def attempt(curve: LightCurve) -> SegmentedLightCurve | Failure:
        try:
            return model.segments(curve)
        except AstroSeqError as error:
            return Failure(curve.target.id, curve.observation, str(error))

    batcher = SegmentBatcher[int](model)
    done: dict[int, SegmentScores | Failure] = {}
    coming: deque[Future[SegmentedLightCurve | Failure]] = deque()
    source = iter(curves)
    number = given = 0

    def run_network() -> None:
        for key, (scores,) in batcher.run():
            done[key] = scores

    def next_results() -> Iterator[SegmentScores | Failure]:
        nonlocal given
        while given in done:
            yield done.pop(given)
            given += 1

    with ThreadPoolExecutor(workers) as ahead:
        while True:
            coming.extend(ahead.submit(attempt, curve) for curve in islice(source, 2 * workers - len(coming)))
            if not coming:
                break
            one = coming.popleft().result()
            if isinstance(one, Failure):
                log.info("%s of %s was not scored: %s", one.observation, one.target_id, one.reason)
                done[number] = one
            elif len(one[1]):
                batcher.add(number, [one])
            else:
                done[number] = make_segment_scores(model, *one, model.outputs(one[1].values))
            number += 1
            while batcher.is_full:
                run_network()
            yield from next_results()
    while not batcher.is_empty:
        run_network()
    yield from next_results()
