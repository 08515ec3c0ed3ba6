"""Compiled loops of the recurrence search; importing this module loads numba."""

import math
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

#: Depth of a box that was not observed, so that it is never one of the deepest.
_UNOBSERVED = np.float32(-1e9)


@numba.njit(cache=True, nogil=True, fastmath=True)
def _support(box: Any, filled: Any, period: float, value: Any, largest: Any, second: Any, seen: Any) -> int:
    """Fill `value` with the support of each phase and return the number of phases.

    The support is 0 where fewer than two epochs were observed. The outer loop runs over epochs and
    the inner one over phases, so memory is read in order and the compiler can vectorize.
    """
    size, phases = len(box), math.ceil(period)
    for i in range(phases):
        value[i], largest[i], second[i], seen[i] = 0.0, _UNOBSERVED, _UNOBSERVED, 0.0
    epoch, begin = 0, 0
    while begin < size:
        for i in range(min(phases, size - begin)):
            f = filled[begin + i]
            x = box[begin + i] * f
            y = x + (np.float32(1.0) - f) * _UNOBSERVED
            value[i] += x
            seen[i] += f
            second[i] = max(second[i], min(largest[i], y))
            largest[i] = max(largest[i], y)
        epoch += 1
        begin = int(epoch * period + 0.5)
    for i in range(phases):
        n = seen[i]
        value[i] = (value[i] - largest[i] + second[i]) / math.sqrt(n) if n >= 2 else np.float32(0.0)
    return phases


@numba.njit(cache=True, nogil=True)
def fold_support(box: Any, filled: Any, period: float) -> NDArray[np.float32]:
    """Return the support of every grid cell from all epochs at its phase.

    The deepest epoch counts only as much as the second deepest.

    Parameters
    ----------
    box : ndarray of float32, shape (size,)
        Box depths [sigma].
    filled : ndarray of float32, shape (size,)
        1 where a box was observed, else 0.
    period : float
        Trial period [grid cells].

    Returns
    -------
    ndarray of float32, shape (size,)
        Support; 0 where fewer than two epochs were observed.
    """
    size = len(box)
    scratch = np.empty((4, size + 1), np.float32)
    out = np.zeros(size, np.float32)
    phases = _support(box, filled, period, scratch[0], scratch[1], scratch[2], scratch[3])
    epoch, begin = 0, 0
    while begin < size:
        for i in range(min(phases, size - begin)):
            out[begin + i] = scratch[0][i]
        epoch += 1
        begin = int(epoch * period + 0.5)
    return out


@numba.njit(cache=True, nogil=True)
def search_periods(boxes: Any, filled: Any, periods: Any) -> tuple[NDArray[np.float32], int]:
    """Return the highest support of each grid cell over all boxes and periods.

    Parameters
    ----------
    boxes : ndarray of float32, shape (n_boxes, size)
        Box depths [sigma], one row for each duration.
    filled : ndarray of float32, shape (size,)
        1 where a box was observed, else 0.
    periods : ndarray, shape (n_periods,)
        Trial periods [grid cells].

    Returns
    -------
    tuple of (ndarray of float32, int)
        The highest support, shape (size,), and the index of the period with the most support.
    """
    size = boxes.shape[1]
    scratch = np.empty((4, size + 1), np.float32)
    value = scratch[0]
    out = np.zeros(size, np.float32)
    best, strongest = 0, np.float32(-1e9)
    for k in range(len(periods)):
        for b in range(boxes.shape[0]):
            phases = _support(boxes[b], filled, periods[k], value, scratch[1], scratch[2], scratch[3])
            for i in range(phases):
                if value[i] > strongest:
                    strongest, best = value[i], k
            epoch, begin = 0, 0
            while begin < size:
                for i in range(min(phases, size - begin)):
                    out[begin + i] = max(out[begin + i], value[i])
                epoch += 1
                begin = int(epoch * periods[k] + 0.5)
    return out, best
