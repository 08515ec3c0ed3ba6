"""What recurs: how strongly dips at the same phase of some trial period support each moment of one observation.

A blind period search that a network can look at. It knows no ephemeris; what it says of a moment comes from the other epochs of
the same light curve.
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.lightcurves.boxes import matched_filter
from astroseq_core.lightcurves.prepare import PreparedCurve

#: The search runs on means of at least so many minutes: transits are an hour long, and its cost goes with the square.
STEP_MINUTES = 15.0
#: Durations [h] of the boxes; the shortest one sets how fine the periods must be.
BOX_HOURS = (1.5, 3.0, 6.0)
#: No trial period is shorter [d], nor does a period need fewer than two epochs in the data.
SHORTEST_PERIOD_DAYS = 0.4
#: Neighbouring trial periods drift apart by no more than this part of the shortest duration over the observation.
DRIFT = 0.8
#: Over more days than this (a sector) the periods are coarser than that, by the root, to spare time.
SHORT_SPAN_DAYS = 27.0
#: No more days are folded at once, and none across a longer pause: about a quarter of Kepler's, a campaign of K2's, four sectors.
LONGEST_DAYS, LONGEST_PAUSE_DAYS = 130.0, 20.0
#: One box counts for no more sigmas than this, either way: an eclipse must not drown its star's other signals.
LARGEST_SIGMAS = 12.0


@dataclass(frozen=True, eq=False)
class Recurrence:
    """Support for dips at each cadence (n,), in sigmas of one box times the root of the number of epochs, from the same phase.

    ``best``: under the period that gathers most; ``any``: under whichever period suits that cadence best; ``upward``: as
    ``any`` for brightenings, which planets do not make and rotating stars do. ``period_days``: the best one.
    """

    best: NDArray[np.float32]
    any: NDArray[np.float32]
    upward: NDArray[np.float32]
    period_days: float


def recurrence(curve: PreparedCurve) -> Recurrence:
    """The support for recurring dips in one prepared observation.

    At every phase of a trial period the deepest epoch counts for no more than the second deepest, so that one glitch, which any
    period would fold onto itself, supports nothing. The cost goes with the square of the time that is folded, so data that run
    on for years, or stop for weeks, are folded piece by piece; ``period_days`` is that of the strongest piece.
    """
    step = max(STEP_MINUTES, curve.cadence_minutes) / 1440
    pieces = [_piece(curve, part, step) for part in _parts(curve.time)]
    strongest = max(pieces, key=lambda p: p.best.max(initial=0.0))
    best, dips, upward = (np.concatenate([getattr(p, name) for p in pieces]) for name in ("best", "any", "upward"))
    return Recurrence(best, dips, upward, strongest.period_days)


def _parts(time: NDArray[np.float64]) -> list[slice]:
    """Stretches of time without a long pause and of a length that can be folded."""
    edges = [0, *(np.flatnonzero(np.diff(time) > LONGEST_PAUSE_DAYS) + 1), len(time)]
    parts = []
    for low, high in itertools.pairwise(edges):
        count = max(1, math.ceil((time[high - 1] - time[low]) / LONGEST_DAYS))
        marks = np.searchsorted(time[low:high], np.linspace(time[low], time[high - 1], count + 1)[1:-1]) + low
        parts += [slice(int(a), int(b)) for a, b in itertools.pairwise([low, *marks, high]) if b > a]
    return parts


def _piece(curve: PreparedCurve, part: slice, step: float) -> Recurrence:
    # numba takes a second to load, and few of those who import this module fold.
    from astroseq_core.lightcurves import folding_loops

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
    drift = DRIFT * shortest * max(1.0, math.sqrt(span / SHORT_SPAN_DAYS))
    number = math.ceil(math.log(longest / first) * span / drift)
    periods = np.geomspace(first, longest, number) / step
    boxes = np.array([_boxes(mean, filled, max(1, round(h / 24 / step))) for h in BOX_HOURS])
    there = filled.astype(np.float32)
    down, best = folding_loops.search(boxes, there, periods)
    up, _ = folding_loops.search(-boxes, there, periods)
    fold = np.max([folding_loops.fold(box, there, periods[best]) for box in boxes], axis=0)
    return Recurrence(fold[place], down[place], up[place], float(periods[best] * step))


def _boxes(mean: NDArray[np.float64], filled: NDArray[np.bool_], width: int) -> NDArray[np.float32]:
    """Depth of a box centred on each place in its own noise, shape (size,), positive downwards."""
    return np.clip(matched_filter(mean, filled, width), -LARGEST_SIGMAS, LARGEST_SIGMAS).astype(np.float32)
