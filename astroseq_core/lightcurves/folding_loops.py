"""The compiled loops of lightcurves.recurrence; importing this module loads numba."""

import math
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

#: Stands for the depth of a box that was not observed where the deepest ones are told.
_NEVER = np.float32(-1e9)


@numba.njit(cache=True, nogil=True, fastmath=True)
def _support(box: Any, filled: Any, period: float, value: Any, largest: Any, second: Any, seen: Any) -> int:
    """Fill ``value`` with the support of each phase of the period, 0 where fewer than two epochs were seen; the phases' number.

    Epochs outside, phases inside: both walk through memory in order, which the compiler turns into vector instructions.
    """
    size, phases = len(box), math.ceil(period)
    for i in range(phases):
        value[i], largest[i], second[i], seen[i] = 0.0, _NEVER, _NEVER, 0.0
    epoch, begin = 0, 0
    while begin < size:
        for i in range(min(phases, size - begin)):
            f = filled[begin + i]
            x = box[begin + i] * f
            y = x + (np.float32(1.0) - f) * _NEVER
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
def fold(box: Any, filled: Any, period: float) -> NDArray[np.float32]:
    """Support of every place (size,) from the epochs at its phase, 0 where fewer than two were observed.

    ``box`` (size,) float32: depths in sigmas; ``filled`` (size,) float32, 0 or 1; ``period`` in places. The deepest epoch counts
    as the second deepest does.
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
def search(boxes: Any, filled: Any, periods: Any) -> tuple[NDArray[np.float32], int]:
    """The highest support of each place (size,) over all boxes (b, size) and periods, and the number of the best period."""
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
