"""Cadences laid on a regular grid, so that equal steps in an array are equal steps in time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Grid:
    """Where each of n cadences stands on a grid of ``size`` places one cadence apart.

    ``place`` (n,) int64, strictly increasing. Gaps up to the limit are kept as empty places; a longer gap ends a block, and the
    next begins right after it. ``block_start`` and ``block_size`` (b,) [places] describe the blocks; a block is never shorter
    than the least size asked for, with empty places at its end.
    """

    place: NDArray[np.int64]
    block_start: NDArray[np.int64]
    block_size: NDArray[np.int64]
    size: int

    def spread(self, values: NDArray[np.floating]) -> NDArray[np.float32]:
        """Those values (n,) on the grid (size,), 0 in empty places."""
        out = np.zeros(self.size, np.float32)
        out[self.place] = values
        return out

    def filled(self) -> NDArray[np.bool_]:
        """Which places hold a cadence, shape (size,)."""
        out = np.zeros(self.size, bool)
        out[self.place] = True
        return out


def lay(time: NDArray[np.float64], cadence_minutes: float, max_gap: int, least_block: int) -> Grid:
    """The grid for times (n,) [d], increasing.

    ``max_gap`` [cadences]: the longest gap kept within a block. ``least_block`` [places]: blocks are padded to it.
    Steps are rounded to whole cadences one by one: a rounding error or a clock correction moves what follows by no more than
    it is, and two cadences never share a place.
    """
    step = np.maximum(np.rint(np.diff(time) / (cadence_minutes / 1440.0)).astype(np.int64), 1)
    ends = np.flatnonzero(step > max_gap)
    inner = step.copy()
    inner[ends] = 0
    place = np.r_[0, np.cumsum(inner)]
    first = np.r_[0, ends + 1]
    last = np.r_[ends, len(time) - 1]
    size = np.maximum(place[last] - place[first] + 1, least_block)
    start = np.r_[0, np.cumsum(size)[:-1]]
    shift = np.repeat(start - place[first], last - first + 1)
    return Grid(place + shift, start, size, int(size.sum()))
