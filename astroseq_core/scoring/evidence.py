"""Transit evidence of a star: segment and cadence probabilities on one time grid per observation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.networks.card import logit
from astroseq_core.preprocessing import grid as grids
from astroseq_core.preprocessing import matched_filter
from astroseq_core.preprocessing.grid import Grid
from astroseq_core.preprocessing.prepare import DetrendedLightCurve
from astroseq_core.preprocessing.segments import Segments

#: Length of a grid step [min], or one cadence where that is longer: a sixth of the shortest transits.
STEP_MINUTES = 10.0
#: Bounds of the log ratio at one grid point [natural log]; a probability 1e-7 from certainty reaches 16.
MIN_LOG_RATIO, MAX_LOG_RATIO = -3.0, 14.0
#: Fraction of cadences in transit in a segment with a transit: 3 h in 34 h of TESS. The base rate of cadences is that of segments
#: times this, unless the network was calibrated to another.
IN_TRANSIT_SHARE = 0.1
#: Fraction of a segment at either end over which the weight of its cadence probabilities falls to EDGE_WEIGHT: half of a transit
#: there is outside, where the network cannot see it.
TAPER, EDGE_WEIGHT = 0.15, 0.05
#: Durations [h] of the matched filter's boxes, which locate the dip in a segment where the network does not score cadences.
BOX_HOURS = (1.5, 3.0, 6.0, 10.0)
#: Above this signal-to-noise ratio the location of a dip is certain, and exp() of it would overflow.
MAX_SNR = 30.0
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class Evidence:
    """Log-likelihood ratio of being in transit against not, at n grid points of increasing time.

    Attributes
    ----------
    time : ndarray
        Centers of the grid points with data [d], shape (n,).
    log_ratio : ndarray
        Natural logarithm of the likelihood ratio, clipped, shape (n,).
    step_days : float
        Spacing of the grid [d]; points without data are missing.
    """

    time: NDArray[np.float64]
    log_ratio: NDArray[np.float64]
    step_days: float


@dataclass(frozen=True, eq=False)
class _Steps:
    """Cadences gathered into `size` grid steps; `number` is the step of each cadence, shape (n,)."""

    grid: Grid
    number: NDArray[np.int64]
    size: int
    minutes: float

    def mean(self, values: NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Compute weighted means of values (n,) over each step, NaN without weight; shape (size,)."""
        w = np.ones(len(values)) if weights is None else weights
        total = np.bincount(self.number, w, self.size)
        return np.asarray(np.bincount(self.number, w * values, self.size) / np.where(total > 0, total, np.nan))


def compute_evidence(
    curve: DetrendedLightCurve,
    segments: Segments,
    probability: NDArray[np.floating],
    base_rate: float,
    cadence: NDArray[np.floating] | None = None,
    cadence_base_rate: float | None = None,
) -> Evidence:
    """Compute the evidence of one observation from the probabilities of its segments.

    Where segments overlap, their log ratios are averaged, because they share their data. At most
    half of the grid points can be in transit: where the median of the log ratio is positive, it is
    subtracted.

    Parameters
    ----------
    curve : DetrendedLightCurve
        The observation.
    segments : Segments
        Its segments.
    probability : ndarray
        Probability of each segment, shape (s,).
    base_rate : float
        Fraction of segments with a transit for which `probability` is calibrated.
    cadence : ndarray, optional
        Probability of each place of the segments, shape (s, places). Without it, a matched filter
        locates the transits.
    cadence_base_rate : float, optional
        Fraction of cadences in transit for which `cadence` is calibrated; `base_rate` times
        `IN_TRANSIT_SHARE` by default.

    Returns
    -------
    Evidence
        The evidence.
    """
    steps = _steps(curve)
    share = IN_TRANSIT_SHARE * base_rate if cadence_base_rate is None else cadence_base_rate
    if cadence is None:
        ratio = _log_ratio_from_segments(curve, steps, segments, probability, base_rate)
    else:
        ratio = _log_ratio_from_cadences(steps, segments, cadence, share)
    known = np.isfinite(ratio)
    ratio = ratio[known]
    if len(ratio):
        ratio = ratio - max(0.0, float(np.median(ratio)))
    return Evidence(steps.mean(curve.time)[known], np.clip(ratio, MIN_LOG_RATIO, MAX_LOG_RATIO), steps.minutes / 1440)


def join_evidence(parts: Sequence[Evidence]) -> Evidence:
    """Join the evidence of several observations in time order.

    Parameters
    ----------
    parts : sequence of Evidence
        At least one.

    Returns
    -------
    Evidence
        The evidence of all observations, with the largest step of any.

    Examples
    --------
    >>> parts = [Evidence(np.array([9.0]), np.array([1.0]), 0.1), Evidence(np.array([2.0]), np.array([0.0]), 0.1)]
    >>> join_evidence(parts).time.tolist()
    [2.0, 9.0]
    """
    time = np.concatenate([p.time for p in parts])
    order = np.argsort(time)
    return Evidence(time[order], np.concatenate([p.log_ratio for p in parts])[order], max(p.step_days for p in parts))


def _steps(curve: DetrendedLightCurve) -> _Steps:
    """Gather the cadences of an observation into steps of about `STEP_MINUTES`."""
    grid = grids.make_grid(curve.time, curve.cadence_minutes, max_gap=len(curve.time), least_block=1)
    jump = max(1, round(STEP_MINUTES / curve.cadence_minutes))
    number = grid.place // jump
    return _Steps(grid, number, int(number[-1]) + 1, jump * curve.cadence_minutes)


def _log_ratio_from_cadences(
    steps: _Steps, segments: Segments, cadence: NDArray[np.floating], base_rate: float
) -> NDArray[np.float64]:
    """Compute the log odds of each step from cadence probabilities, relative to the base rate."""
    window, places = segments.values.shape[1], cadence.shape[1]
    odds = logit(cadence) - float(logit(np.array(base_rate)))
    # (window,): which part of the segment each of its cadences is in, and how much that part counts.
    part = np.arange(window) * places // window
    from_edge = np.minimum(np.arange(window) + 0.5, window - np.arange(window) - 0.5) / window
    weight = np.clip(from_edge / TAPER, EDGE_WEIGHT, 1.0)
    place = steps.grid.place
    total, weights = np.zeros(len(place)), np.zeros(len(place))
    for first, last, lead, own in zip(segments.first, segments.last, segments.lead, odds, strict=True):
        inside = place[first : last + 1] - place[first] + lead
        total[first : last + 1] += weight[inside] * own[part[inside]]
        weights[first : last + 1] += weight[inside]
    return steps.mean(np.divide(total, weights, out=np.zeros_like(total), where=weights > 0), weights)


def _log_ratio_from_segments(
    curve: DetrendedLightCurve, steps: _Steps, segments: Segments, probability: NDArray[np.floating], base_rate: float
) -> NDArray[np.float64]:
    """Compute the log ratio of each step (size,) from segment probabilities and a matched filter.

    The filter tells where in a segment its transit would be: P(center and duration) = softmax(snr^2
    / 2) over the positions and boxes of the segment. A step is in transit under all boxes that
    cover it: P(in transit) = P(segment) times the sum of these. It is compared with the base rate
    times what an even spread gives.
    """
    filled = steps.grid.filled()
    flat = steps.grid.to_grid(curve.flat)
    widths = [max(1, round(h * 60 / steps.minutes)) for h in BOX_HOURS]
    energy = np.full((len(widths), steps.size), -np.inf)
    for row, hours in zip(energy, BOX_HOURS, strict=True):
        snr = matched_filter.matched_filter(flat, filled, max(1, round(hours * 60 / curve.cadence_minutes)))
        np.maximum.at(row, steps.number, np.clip(snr[steps.grid.place], 0, MAX_SNR) ** 2 / 2)
    total, count = np.zeros(steps.size), np.zeros(steps.size)
    for first, last, chance in zip(steps.number[segments.first], steps.number[segments.last], probability, strict=True):
        own = energy[:, first : last + 1]
        weight = np.exp(own - own.max())
        weight /= weight.sum()
        covered = sum(_box_sum(row, width) for row, width in zip(weight, widths, strict=True))
        even = min(0.5, float(np.mean(widths)) / own.shape[1])
        places = logit(np.clip(chance * np.asarray(covered), _TINY, 1)) - float(logit(np.array(base_rate * even)))
        total[first : last + 1] += np.clip(places, MIN_LOG_RATIO, MAX_LOG_RATIO)
        count[first : last + 1] += 1
    there = np.isfinite(energy[0]) & (count > 0)
    return np.where(there, total / np.maximum(count, 1), np.nan)


def _box_sum(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Sum the `width` values around each of values (n,), fewer at the ends."""
    total = np.r_[0.0, np.cumsum(values)]
    low = np.clip(np.arange(len(values)) - width // 2, 0, len(values))
    return np.asarray(total[np.clip(low + width, 0, len(values))] - total[low])
