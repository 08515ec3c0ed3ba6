"""Compiled loops of the recurrence search; importing this module loads numba.

Loops run over the phases of one epoch, in the order of memory, and touch few arrays each: only then are they vectorized. Rows are
padded with unobserved cells, so that no loop must look for the end of the data.
"""

import math
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

#: Depth of a box that was not observed, so that it is never one of the deepest.
_UNOBSERVED = np.float32(-1e9)
#: Smallest number of observed epochs at a phase.
_MIN_EPOCHS = 2


@numba.njit(cache=True, nogil=True, fastmath=True)
def _sum_epochs(row: Any, size: int, period: float, phases: int, total: Any) -> None:
    """Fill `total` with the sum of all epochs at each phase, three epochs a pass."""
    for i in range(phases):
        total[i] = row[i]
    epoch, first = 1, int(period + 0.5)
    while first < size:
        second, third = min(size, int((epoch + 1) * period + 0.5)), min(size, int((epoch + 2) * period + 0.5))
        for i in range(phases):
            total[i] += row[first + i] + row[second + i] + row[third + i]
        epoch += 3
        first = int(epoch * period + 0.5)


@numba.njit(cache=True, nogil=True, fastmath=True)
def _two_deepest(row: Any, size: int, period: float, phases: int, deepest: Any, second_deepest: Any) -> None:
    """Fill two rows with the deepest and the second deepest of all epochs at each phase, two epochs a pass."""
    for i in range(phases):
        deepest[i], second_deepest[i] = row[i], _UNOBSERVED
    epoch, first = 1, int(period + 0.5)
    while first < size:
        second = min(size, int((epoch + 1) * period + 0.5))
        for i in range(phases):
            a, b, high = row[first + i], row[second + i], deepest[i]
            deeper = max(a, b)
            second_deepest[i] = max(max(second_deepest[i], min(a, b)), min(high, deeper))
            deepest[i] = max(high, deeper)
        epoch += 2
        first = int(epoch * period + 0.5)


@numba.njit(cache=True, nogil=True, fastmath=True)
def _epoch_weights(observed: Any, size: int, period: float, phases: int, weight: Any) -> None:
    """Fill `weight` with one over the root of the number of observed epochs at each phase; 0 where there are too few."""
    _sum_epochs(observed, size, period, phases, weight)
    for i in range(phases):
        weight[i] = np.float32(1.0) / math.sqrt(weight[i]) if weight[i] >= _MIN_EPOCHS else np.float32(0.0)


@numba.njit(cache=True, nogil=True, fastmath=True)
def _raise_support(sign: int, total: Any, deepest: Any, second_deepest: Any, weight: Any, phases: int, support: Any) -> None:
    """Raise the support of each phase to that of one box; the deepest epoch counts as much as the second deepest."""
    for i in range(phases):
        support[i] = max(support[i], (sign * total[i] - deepest[i] + second_deepest[i]) * weight[i])


@numba.njit(cache=True, nogil=True, fastmath=True)
def _raise_cells(support: Any, size: int, period: float, phases: int, cells: Any) -> None:
    """Raise each grid cell to the support of its phase."""
    epoch, begin = 0, 0
    while begin < size:
        for i in range(phases):
            cells[begin + i] = max(cells[begin + i], support[i])
        epoch += 1
        begin = int(epoch * period + 0.5)


@numba.njit(cache=True, nogil=True, fastmath=True)
def _set_cells(support: Any, size: int, period: float, phases: int, cells: Any) -> None:
    """Give each grid cell the support of its phase; where two epochs meet, that of the later one."""
    epoch, begin = 0, 0
    while begin < size:
        for i in range(phases):
            cells[begin + i] = support[i]
        epoch += 1
        begin = int(epoch * period + 0.5)


@numba.njit(cache=True, nogil=True, fastmath=True)
def _highest(support: Any, phases: int) -> Any:
    highest = support[0]
    for i in range(phases):
        highest = max(highest, support[i])
    return highest


@numba.njit(cache=True, nogil=True)
def search_periods(
    boxes: Any, filled: Any, periods: Any
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], int]:
    """Return the highest support of each grid cell over all boxes and periods, for dips and for brightenings.

    The support of a phase is the sum of its epochs' box depths, of which the deepest counts only as
    much as the second deepest, over the root of their number.

    Parameters
    ----------
    boxes : ndarray of float32, shape (n_boxes, size)
        Box depths [sigma], one row for each duration.
    filled : ndarray of float32, shape (size,)
        1 where a box was observed, else 0.
    periods : ndarray, shape (n_periods,)
        Trial periods [grid cells], ascending.

    Returns
    -------
    tuple of (ndarray of float32, ndarray of float32, ndarray of float32, int)
        Support of dips and of brightenings under whichever period suits a cell best, that of dips under the period
        with the most support, all of shape (size,), and the index of this period. Cells that fewer than two epochs
        were observed at the phase of have 0.
    """
    count, size = boxes.shape
    padded = size + math.ceil(periods[-1]) + 1
    depth = np.zeros((count, padded), np.float32)
    down = np.full((count, padded), _UNOBSERVED, np.float32)
    up = np.full((count, padded), _UNOBSERVED, np.float32)
    observed = np.zeros(padded, np.float32)
    observed[:size] = filled
    for b in range(count):
        for i in range(size):
            if filled[i] > 0:
                depth[b, i] = down[b, i] = boxes[b, i]
                up[b, i] = -boxes[b, i]
    scratch = np.empty((4, padded), np.float32)
    total, deepest, second_deepest, weight = scratch[0], scratch[1], scratch[2], scratch[3]
    support = np.empty((2, padded), np.float32)
    cells = np.zeros((3, padded), np.float32)
    best, strongest = 0, np.float32(-1e9)
    for turn in range(len(periods) + 1):
        # the last turn folds once more by the best period
        k = turn if turn < len(periods) else best
        period = periods[k]
        phases = math.ceil(period)
        _epoch_weights(observed, size, period, phases, weight)
        support[:, :phases] = _UNOBSERVED
        for b in range(count):
            _sum_epochs(depth[b], size, period, phases, total)
            _two_deepest(down[b], size, period, phases, deepest, second_deepest)
            _raise_support(1, total, deepest, second_deepest, weight, phases, support[0])
            _two_deepest(up[b], size, period, phases, deepest, second_deepest)
            _raise_support(-1, total, deepest, second_deepest, weight, phases, support[1])
        if turn == len(periods):
            _set_cells(support[0], size, period, phases, cells[2])
            break
        highest = _highest(support[0], phases)
        if highest > strongest:
            strongest, best = highest, k
        _raise_cells(support[0], size, period, phases, cells[0])
        _raise_cells(support[1], size, period, phases, cells[1])
    return cells[0, :size], cells[1, :size], cells[2, :size], best
