"""A star's evidence on a regular grid, and boxes of the trial durations on it."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.scoring.evidence import Evidence

#: Trial durations [h], each about 1.6 times the one before: a box misses its transit's length by a quarter at most.
DURATION_HOURS = (1.0, 1.6, 2.6, 4.2, 6.8, 13.0)
#: A box of this duration counts as the mean of its places, a longer one for more, by this power of the ratio. Its places are far
#: from independent (the network tells each from the same dip): with the square root, which noise that is white would ask for,
#: long false dips of quiet stars ranked above short transits, and with 0 no box would be better than a short one.
REFERENCE_HOURS, LENGTH_POWER = 2.0, 0.25
#: Longer spans are folded in coarser places than the evidence's: what three years of TESS in pieces would otherwise cost.
MOST_PLACES = 80_000

_Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Places:
    """Evidence on a grid without holes: ``values`` (n,), 0 where nothing was ``seen``; place i is centred on start + i step."""

    start: float
    step: float
    values: _Array
    seen: NDArray[np.bool_]

    @property
    def size(self) -> int:
        """How many places there are."""
        return len(self.values)

    def sums(self) -> tuple[_Array, _Array]:
        """Running sums (n + 1,) of the values and of the places seen."""
        return np.r_[0.0, np.cumsum(self.values)], np.r_[0.0, np.cumsum(self.seen)]

    def widths(self) -> NDArray[np.int64]:
        """The trial durations in places."""
        return np.array([max(1, round(h / 24 / self.step)) for h in DURATION_HOURS])

    def weights(self) -> _Array:
        """What the sum of a box of each width is multiplied by."""
        widths = self.widths()
        return np.asarray((widths * self.step * 24 / REFERENCE_HOURS) ** LENGTH_POWER / widths)


def lay(evidence: Evidence) -> Places:
    """The evidence in steps of its own length, or longer ones where there would be too many."""
    time, start = evidence.time, float(evidence.time[0])
    coarser = max(1, math.ceil((time[-1] - start) / evidence.step_days / MOST_PLACES))
    step = evidence.step_days * coarser
    at = np.rint((time - start) / step).astype(np.int64)
    count = np.bincount(at)
    return Places(start, step, np.bincount(at, evidence.log_ratio) / np.maximum(count, 1), count > 0)


def coarser(places: Places) -> Places:
    """The same in steps twice as long, each with the sum of two, so that boxes hold the sum of what they cover."""
    size = -(-places.size // 2)
    values = np.zeros(2 * size)
    values[: places.size] = places.values
    seen = np.zeros(2 * size, bool)
    seen[: places.size] = places.seen
    return Places(places.start, 2 * places.step, values[::2] + values[1::2], seen[::2] | seen[1::2])
