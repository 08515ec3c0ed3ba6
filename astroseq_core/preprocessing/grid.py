"""Regular cadence grid, in which equal steps in an array are equal steps in time, and the matched filter on it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.preprocessing import noise


@dataclass(frozen=True, eq=False)
class Grid:
    """Positions of n cadences on a regular grid of `size` cells, one cadence apart.

    Gaps up to a limit are kept as empty cells. A longer gap ends a block, and the next block starts
    in the next cell. A block is never shorter than the minimum size; empty cells are added at its
    end.

    Attributes
    ----------
    place : ndarray of int64, shape (n,)
        Grid cell of each cadence, strictly increasing.
    block_start : ndarray of int64, shape (n_blocks,)
        First grid cell of each block.
    block_size : ndarray of int64, shape (n_blocks,)
        Length of each block [grid cells].
    size : int
        Number of grid cells.
    """

    place: NDArray[np.int64]
    block_start: NDArray[np.int64]
    block_size: NDArray[np.int64]
    size: int

    def to_grid(self, values: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return values of the cadences on the grid.

        Parameters
        ----------
        values : ndarray, shape (n,)
            One value for each cadence.

        Returns
        -------
        ndarray of float32, shape (size,)
            The values in their grid cells, 0 in empty cells.
        """
        out = np.zeros(self.size, np.float32)
        out[self.place] = values
        return out

    def filled(self) -> NDArray[np.bool_]:
        """Return which grid cells hold a cadence.

        Returns
        -------
        ndarray of bool, shape (size,)
            True where there is a cadence.
        """
        out = np.zeros(self.size, bool)
        out[self.place] = True
        return out


def make_grid(time: NDArray[np.float64], cadence_minutes: float, max_gap: int, least_block: int) -> Grid:
    """Place cadences on a regular grid.

    Each step is rounded to a whole number of cadences on its own. A rounding error or a clock
    correction therefore shifts later cadences by no more than its own size, and two cadences never
    share a cell.

    Parameters
    ----------
    time : ndarray, shape (n,)
        Times [d], increasing.
    cadence_minutes : float
        Spacing of the grid [min].
    max_gap : int
        Longest gap [cadences] that is kept within a block.
    least_block : int
        Shorter blocks are padded to this size [grid cells].

    Returns
    -------
    Grid
        The grid.
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


#: A box is ignored if less than this fraction of its grid cells is filled.
MIN_FILLED_FRACTION = 0.4


def matched_filter(flat: NDArray[np.floating], filled: NDArray[np.bool_], width: int) -> NDArray[np.float64]:
    """Return the signal-to-noise ratio of a box-shaped dip centered on each grid cell.

    The noise is the filter output's own robust scatter, so red noise is included.

    Parameters
    ----------
    flat : ndarray, shape (size,)
        Relative deviation of the flux from its trend on a regular grid, 0 where not `filled`.
    filled : ndarray of bool, shape (size,)
        Which grid cells hold a cadence.
    width : int
        Box width [grid cells].

    Returns
    -------
    ndarray, shape (size,)
        Depth of the dip [sigma], positive for dips. 0 where too little of the box is filled, and
        everywhere if the scatter is 0.
    """
    width = max(1, min(width, len(flat)))
    before = width // 2
    total = np.r_[0.0, np.cumsum(flat, dtype=np.float64)]
    count = np.r_[0, np.cumsum(filled)]
    low = np.clip(np.arange(len(flat)) - before, 0, len(flat))
    high = np.clip(low + width, 0, len(flat))
    n = count[high] - count[low]
    known = n >= max(1.0, MIN_FILLED_FRACTION * width)
    depth = np.where(known, -(total[high] - total[low]) / np.sqrt(np.maximum(n, 1)), 0.0)
    sigma = noise.robust_sigma(depth[known & filled])
    if not sigma > 0:
        return np.zeros(len(flat))
    depth[known] -= np.median(depth[known & filled])
    return np.asarray(depth / sigma)
