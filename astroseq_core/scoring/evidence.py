"""Transit evidence of a star: segment and cadence probabilities on one time grid, as log-likelihood ratios."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.networks.card import logit
from astroseq_core.preprocessing import grid as grids
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
        snr = grids.matched_filter(flat, filled, max(1, round(hours * 60 / curve.cadence_minutes)))
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


#: Trial durations [h], each about 1.6 times the one before: no transit differs from its box by more than a quarter.
DURATION_HOURS = (1.0, 1.6, 2.6, 4.2, 6.8, 13.0)
#: A box of this duration counts as the mean of its points; a longer one counts more, by this power of the ratio. The points are
#: far from independent (the network infers each from the same dip). With the square root, as for white noise, long false dips
#: of quiet stars ranked above short transits; with 0, no box would be better than a short one.
REFERENCE_HOURS, LENGTH_POWER = 2.0, 0.25
#: Largest number of grid points; longer spans get a coarser grid, which bounds the cost of years of TESS sectors.
MAX_POINTS = 80_000

_Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LogRatioGrid:
    """Evidence on a regular grid; grid point i is centered on start + i * step.

    Attributes
    ----------
    start : float
        Center of the first grid point [d].
    step : float
        Spacing [d].
    values : ndarray
        Log-likelihood ratios [natural log], 0 where there are no data, shape (n,).
    seen : ndarray
        Which grid points have data, shape (n,).
    """

    start: float
    step: float
    values: _Array
    seen: NDArray[np.bool_]

    @property
    def size(self) -> int:
        """Number of grid points."""
        return len(self.values)

    def running_sums(self) -> tuple[_Array, _Array]:
        """Compute the running sums of the values and of the grid points with data.

        Returns
        -------
        tuple of ndarray
            Both sums, each of shape (n + 1,).
        """
        return np.r_[0.0, np.cumsum(self.values)], np.r_[0.0, np.cumsum(self.seen)]

    def widths(self) -> NDArray[np.int64]:
        """Return the trial durations in grid points.

        Returns
        -------
        ndarray
            Box widths, at least 1, shape (w,).
        """
        return np.array([max(1, round(h / 24 / self.step)) for h in DURATION_HOURS])

    def nearest_width(self, duration_hours: float) -> int:
        """Return the index of the trial duration nearest to a duration, by their ratio.

        Parameters
        ----------
        duration_hours : float
            Duration [h].

        Returns
        -------
        int
            Index in `DURATION_HOURS`.
        """
        return int(np.argmin(np.abs(np.log(np.array(DURATION_HOURS) / duration_hours))))

    def weights(self) -> _Array:
        """Return the factor of the sum in a box of each width.

        Returns
        -------
        ndarray
            Factors, shape (w,).
        """
        widths = self.widths()
        return np.asarray((widths * self.step * 24 / REFERENCE_HOURS) ** LENGTH_POWER / widths)


def make_grid(evidence: Evidence) -> LogRatioGrid:
    """Put evidence on a regular grid.

    Parameters
    ----------
    evidence : Evidence
        The evidence; must not be empty.

    Returns
    -------
    LogRatioGrid
        The grid, with the evidence's own step or a multiple where it would be too long.
    """
    time, start = evidence.time, float(evidence.time[0])
    coarser = max(1, math.ceil((time[-1] - start) / evidence.step_days / MAX_POINTS))
    step = evidence.step_days * coarser
    at = np.rint((time - start) / step).astype(np.int64)
    count = np.bincount(at)
    return LogRatioGrid(start, step, np.bincount(at, evidence.log_ratio) / np.maximum(count, 1), count > 0)


def coarsen(grid: LogRatioGrid) -> LogRatioGrid:
    """Double the step of a grid; each value is the sum of two, so that sums in boxes do not change.

    Parameters
    ----------
    grid : LogRatioGrid
        The grid.

    Returns
    -------
    LogRatioGrid
        The coarser grid.

    Examples
    --------
    >>> coarsen(LogRatioGrid(0.0, 0.1, np.array([1.0, 2.0, 3.0]), np.array([True, False, True]))).values.tolist()
    [3.0, 3.0]
    """
    size = -(-grid.size // 2)
    values = np.zeros(2 * size)
    values[: grid.size] = grid.values
    seen = np.zeros(2 * size, bool)
    seen[: grid.size] = grid.seen
    return LogRatioGrid(grid.start, 2 * grid.step, values[::2] + values[1::2], seen[::2] | seen[1::2])
