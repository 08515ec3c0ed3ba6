"""The trend that no transit affects, at a tenth of the cost of detrending anew: a robust local parabola through bins."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.preprocessing import detrend, noise, prepare
from astroseq_core.preprocessing.prepare import DetrendedLightCurve
from astroseq_core.signals.bins import bin_medians_of
from astroseq_core.vetting.fold import MASK_WIDEN, MIN_UNMASKED_FRACTION, MIN_WINDOW_DAYS, WINDOW_DURATIONS

#: Bins per window, and the reach of a parabola on either side, in windows; its weights are tricube. With a wider reach it follows
#: the star less, with a shorter one it follows secondary eclipses.
_BINS_PER_WINDOW, _REACH_WINDOWS = 12, 1.25
#: Bins further than this many sigmas from the parabola have no weight, as in Tukey's biweight; so often the weights are found.
_OUTLIER_SIGMA, _ROUNDS = 4.0, 2
#: Bins that must lie on both sides of a masked stretch; else the trend beside it is carried on.
_MIN_SIDE_BINS = 3
#: Regularization of parabolas through too few bins.
_RIDGE = 1e-6

_Doubles = NDArray[np.float64]


def masked_flux(curve: DetrendedLightCurve, ephemerides: Sequence[Ephemeris]) -> _Doubles:
    """Return the relative deviations from a trend that no predicted transit affects.

    As `vetting.fold.masked_detrended_flux`, with the same windows, but from medians of a twelfth of a window: some ten times
    faster for two-minute cadences. If transits cover most of the observation, the light curve's own trend is used.

    Parameters
    ----------
    curve : DetrendedLightCurve
        Detrended light curve of one observation.
    ephemerides : sequence of Ephemeris
        Signals to mask.

    Returns
    -------
    ndarray
        Relative deviations, shape (n,).
    """
    masked = np.zeros(len(curve.time), dtype=bool)
    for e in ephemerides:
        # an exposure that reaches into a transit loses light as well
        widen = max(MASK_WIDEN, 1 + curve.cadence_minutes / 1440 / e.duration_days)
        masked |= e.in_transit(curve.time, curve.system, widen=widen)
    if curve.light_curve.flattened or not masked.any() or (~masked).mean() < MIN_UNMASKED_FRACTION:
        return prepare.relative_deviation(curve.flux, curve.trend)
    longest = max(e.duration_days for e in ephemerides)
    window = min(curve.settings.window_days, max(MIN_WINDOW_DAYS, WINDOW_DURATIONS * longest))
    trend = _local_parabola(curve.time, curve.flux, masked, window, curve.cadence_minutes / 1440, MASK_WIDEN * longest)
    return prepare.relative_deviation(curve.flux, trend)


def _local_parabola(
    time: _Doubles, flux: _Doubles, masked: NDArray[np.bool_], window: float, cadence: float, longest: float
) -> _Doubles:
    """Return the trend (n,) of the unmasked cadences, from medians of bins."""
    width = max(window / _BINS_PER_WINDOW, 1.01 * cadence)
    # a parabola must see both sides of the longest masked stretch
    reach = max(_REACH_WINDOWS * window, longest) / width
    side = int(reach)
    place, number = np.empty(len(time)), 0
    for part in detrend.split_at_gaps(time):
        place[part] = (time[part] - time[part.start]) / width + number
        # so far apart that no parabola reaches over a long gap
        number = int(place[part.stop - 1]) + side + 2
    number -= side + 1
    bins = place.astype(np.int64)
    full, medians, count = bin_medians_of(bins[~masked], flux[~masked])
    level = float(np.median(medians))
    weight, value = np.zeros(number), np.zeros(number)
    weight[full], value[full] = count, medians - level
    trend = _parabolas(weight, value, reach)
    for _ in range(_ROUNDS):
        left = (value - trend)[full]
        sigma = noise.robust_sigma(left * np.sqrt(count)) / np.sqrt(count)
        weight[full] = count * np.fmax(1 - (left / np.maximum(_OUTLIER_SIGMA * sigma, 1e-12)) ** 2, 0) ** 2
        trend = _parabolas(weight, value, reach)
    known = np.zeros(number, dtype=bool)
    known[full] = True
    before = np.cumsum(known)
    sides = [before - np.r_[np.zeros(side, np.int64), before][:number], np.r_[before, np.full(side, before[-1])][side:] - before]
    known = (known | (np.minimum(*sides) >= _MIN_SIDE_BINS)) & np.isfinite(trend)
    return np.asarray(np.interp(place - 0.5, np.flatnonzero(known), trend[known])) + level


def _parabolas(weight: _Doubles, value: _Doubles, reach: float) -> _Doubles:
    """Return the value at each bin of the parabola that fits best around it, shape (bins,); NaN where nothing has weight."""
    x = np.arange(-int(reach), int(reach) + 1) / reach
    kernel = (1 - np.abs(x) ** 3) ** 3
    # np.convolve turns the kernel around: x runs from the bin to its neighbors
    moments = [_same_length(weight, (kernel * x**p)[::-1]) for p in range(5)]
    aims = [_same_length(weight * value, (kernel * x**p)[::-1]) for p in range(3)]
    ridge = _RIDGE * np.maximum(moments[0], 1e-12)
    s0, s1, s2, s3, s4 = moments[0] + ridge, moments[1], moments[2] + ridge, moments[3], moments[4] + ridge
    minors = (s2 * s4 - s3 * s3, s1 * s4 - s2 * s3, s1 * s3 - s2 * s2)
    determinant = s0 * minors[0] - s1 * minors[1] + s2 * minors[2]
    fitted = (aims[0] * minors[0] - aims[1] * minors[1] + aims[2] * minors[2]) / np.where(determinant > 0, determinant, np.inf)
    return np.where(moments[0] > _RIDGE * moments[0].max(), fitted, np.nan)


def _same_length(values: _Doubles, kernel: _Doubles) -> _Doubles:
    side = len(kernel) // 2
    return np.convolve(values, kernel)[side : side + len(values)]
