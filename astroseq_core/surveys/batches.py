"""Full batches for the network, filled across stars."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.scoring.model import BATCH, Model
from astroseq_core.scoring.segments import SegmentScores, scores_of
from astroseq_core.surveys.preparing import Ready


@dataclass(eq=False)
class _Waiting:
    """A star of which some segments may be through the network: how many wait, and what came out so far."""

    star: Ready
    left: int
    segment: list[NDArray[np.float32]] = field(default_factory=list)
    cadence: list[NDArray[np.float32]] = field(default_factory=list)


class Batches:
    """One model's queue of stars; the network is called for BATCH segments of whichever stars, with fewer only at the end."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.num_segments = 0
        self._stars: deque[_Waiting] = deque()
        self._values: deque[NDArray[np.float32]] = deque()
        self._waiting = 0

    def add(self, star: Ready) -> None:
        """Queue a star's segments."""
        values = [cuts.values for _, cuts in star.cuts]
        count = sum(map(len, values))
        self._stars.append(_Waiting(star, count))
        self._values.extend(values)
        self._waiting += count

    @property
    def is_full(self) -> bool:
        """Whether a whole batch waits."""
        return self._waiting >= BATCH

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting

    def run(self) -> Iterator[tuple[Ready, tuple[SegmentScores, ...]]]:
        """One call of the network, and the stars of which every segment is through with it, with their scores."""
        values = self._take(BATCH)
        if values is None:
            return
        self.num_segments += len(values)
        segment, cadence = self.model.outputs(values)
        begin = 0
        while begin < len(segment):
            first = next(star for star in self._stars if star.left)
            end = min(len(segment), begin + first.left)
            first.segment.append(segment[begin:end])
            if cadence is not None:
                first.cadence.append(cadence[begin:end])
            first.left -= end - begin
            begin = end
        while self._stars and not self._stars[0].left:
            done = self._stars.popleft()
            yield done.star, self._scores(done)

    def _take(self, count: int) -> NDArray[np.float32] | None:
        """The first so many segments that wait, or all of them."""
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

    def _scores(self, done: _Waiting) -> tuple[SegmentScores, ...]:
        segment = np.concatenate(done.segment)
        cadence: Any = np.concatenate(done.cadence) if done.cadence else None
        scores, begin = [], 0
        for prepared, cuts in done.star.cuts:
            end = begin + len(cuts)
            outputs = segment[begin:end], None if cadence is None else cadence[begin:end]
            scores.append(scores_of(self.model, prepared, cuts, outputs))
            begin = end
        return tuple(scores)
