"""Recurrence: how strongly dips at the same phase of a trial period support each cadence.

A blind period search whose result is an input channel of the networks. It uses no ephemeris: the
support of a cadence comes from the other epochs of the same light curve.
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.preprocessing.grid import matched_filter
from astroseq_core.preprocessing.prepare import DetrendedLightCurve

#: Smallest time step of the search [min]: transits last an hour or more, and the cost grows with the square of the resolution.
MIN_STEP_MINUTES = 15.0
#: Durations of the boxes [h]; the shortest one sets the spacing of the trial periods.
BOX_HOURS = (1.5, 3.0, 6.0)
#: Shortest trial period [d]. Every trial period needs two epochs in the data.
SHORTEST_PERIOD_DAYS = 0.4
#: Neighboring trial periods drift apart over the observation by at most this fraction of the shortest duration.
MAX_DRIFT = 0.8
#: In longer data than this [d] (a sector), the trial periods are coarser, by the square root of the length, to save time.
SHORT_SPAN_DAYS = 27.0
#: Longest stretch folded at once, and longest pause within it [d]: about a Kepler quarter, a K2 campaign or four TESS sectors.
MAX_FOLD_DAYS, MAX_PAUSE_DAYS = 130.0, 20.0
#: Boxes are clipped to this many sigma, so that an eclipse does not hide the star's other signals.
MAX_BOX_SIGMAS = 12.0


@dataclass(frozen=True, eq=False)
class Recurrence:
    """Support for recurring dips at each cadence.

    The unit is sigma of one box times the square root of the number of epochs at the same phase.

    Attributes
    ----------
    best : ndarray of float32, shape (n,)
        Support under the period with the most support.
    any : ndarray of float32, shape (n,)
        Support under whichever period suits that cadence best.
    upward : ndarray of float32, shape (n,)
        As `any`, for brightenings, which rotating stars cause and planets do not.
    period_days : float
        The period with the most support [d]; NaN if the data are too short for a search.
    """

    best: NDArray[np.float32]
    any: NDArray[np.float32]
    upward: NDArray[np.float32]
    period_days: float


def compute_recurrence(curve: DetrendedLightCurve) -> Recurrence:
    """Compute the support for recurring dips in one detrended observation.

    At every phase of a trial period, the deepest epoch counts for no more than the second deepest.
    A single glitch, which would fold onto itself at any period, therefore supports nothing. The
    cost grows with the square of the time span, so data that span years, or pause for weeks, are
    searched in several stretches; `period_days` is that of the strongest stretch.

    Parameters
    ----------
    curve : DetrendedLightCurve
        The detrended observation.

    Returns
    -------
    Recurrence
        The support of each cadence.
    """
    step = max(MIN_STEP_MINUTES, curve.cadence_minutes) / 1440
    pieces = [_search_stretch(curve, part, step) for part in _foldable_stretches(curve.time)]
    strongest = max(pieces, key=lambda p: p.best.max(initial=0.0))
    best, dips, upward = (np.concatenate([getattr(p, name) for p in pieces]) for name in ("best", "any", "upward"))
    return Recurrence(best, dips, upward, strongest.period_days)


def _foldable_stretches(time: NDArray[np.float64]) -> list[slice]:
    """Return stretches of time without a long pause, each short enough to be folded."""
    edges = [0, *(np.flatnonzero(np.diff(time) > MAX_PAUSE_DAYS) + 1), len(time)]
    parts = []
    for low, high in itertools.pairwise(edges):
        count = max(1, math.ceil((time[high - 1] - time[low]) / MAX_FOLD_DAYS))
        marks = np.searchsorted(time[low:high], np.linspace(time[low], time[high - 1], count + 1)[1:-1]) + low
        parts += [slice(int(a), int(b)) for a, b in itertools.pairwise([low, *marks, high]) if b > a]
    return parts


def _search_stretch(curve: DetrendedLightCurve, part: slice, step: float) -> Recurrence:
    """Search one stretch of the light curve."""
    # numba takes a second to load, and most importers of this module do not need it.
    from astroseq_core.preprocessing import _recurrence_numba

    time = curve.time[part]
    place = np.rint((time - time[0]) / step).astype(np.int64)
    size = int(place[-1]) + 1
    count = np.bincount(place, minlength=size)
    mean = np.bincount(place, curve.flat[part], size) / np.maximum(count, 1)
    filled = count > 0
    span = size * step
    shortest = max(BOX_HOURS[0] / 24, step)
    first, longest = max(SHORTEST_PERIOD_DAYS, 4 * step), span / 1.5
    if longest <= first:
        nothing = np.zeros(len(place), np.float32)
        return Recurrence(nothing, nothing, nothing, math.nan)
    drift = MAX_DRIFT * shortest * max(1.0, math.sqrt(span / SHORT_SPAN_DAYS))
    number = math.ceil(math.log(longest / first) * span / drift)
    periods = np.geomspace(first, longest, number) / step
    boxes = np.array([_box_depths(mean, filled, max(1, round(h / 24 / step))) for h in BOX_HOURS])
    there = filled.astype(np.float32)
    down, up, fold, best = _recurrence_numba.search_periods(boxes, there, periods)
    return Recurrence(fold[place], down[place], up[place], float(periods[best] * step))


def _box_depths(mean: NDArray[np.float64], filled: NDArray[np.bool_], width: int) -> NDArray[np.float32]:
    """Return the clipped box depth centered on each grid cell [sigma], positive for dips."""
    return np.clip(matched_filter(mean, filled, width), -MAX_BOX_SIGMAS, MAX_BOX_SIGMAS).astype(np.float32)
