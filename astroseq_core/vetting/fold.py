"""Folds around mid-transit and over the whole orbit, with a trend unaffected by transits."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import HOURS_PER_DAY, Ephemeris
from astroseq_core.preprocessing import detrend, noise, prepare
from astroseq_core.preprocessing.prepare import DetrendedLightCurve
from astroseq_core.vetting.events import FLARE_SIGMA
from astroseq_core.vetting.exposure import exposures

#: First phase of the fold, so that both the transit (0) and the secondary eclipse (0.5) lie inside.
FIRST_PHASE = -0.25
#: Bins over the whole orbit: minimum, maximum, and number per duration in between.
MIN_ORBIT_BINS, MAX_ORBIT_BINS, ORBIT_BINS_PER_DURATION = 60, 400, 4
MIN_CADENCES_PER_BIN = 3


@dataclass(frozen=True, eq=False)
class OrbitFold:
    """A star folded over the whole orbit, with the transits of other planets excluded.

    Attributes
    ----------
    ephemeris : Ephemeris
        Ephemeris of the fold.
    phase : ndarray
        Phase in [-0.25, 0.75), ascending, shape (n,).
    flat : ndarray
        Relative deviations, shape (n,).
    bin_phase : ndarray
        Centers of the bins with at least three cadences, shape (b,).
    bin_mean : ndarray
        Mean of each bin without flares, shape (b,).
    bin_error : ndarray
        Standard error of each mean, shape (b,).
    """

    ephemeris: Ephemeris
    phase: NDArray[np.float64]
    flat: NDArray[np.float64]
    bin_phase: NDArray[np.float64]
    bin_mean: NDArray[np.float64]
    bin_error: NDArray[np.float64]


def mean_bins(
    x: NDArray[np.float64], y: NDArray[np.float64], width: float, least: int = MIN_CADENCES_PER_BIN
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Average values in bins centered on multiples of a width.

    Parameters
    ----------
    x : ndarray
        Coordinates, shape (n,).
    y : ndarray
        Values, shape (n,).
    width : float
        Width of the bins, in the unit of `x`.
    least : int, optional
        Bins with fewer values are dropped.

    Returns
    -------
    centers : ndarray
        Centers of the bins, shape (b,).
    means : ndarray
        Means, shape (b,).
    errors : ndarray
        Standard errors of the means, shape (b,).
    """
    if len(x) == 0:
        return np.zeros(0), np.zeros(0), np.zeros(0)
    number = np.rint(x / width).astype(np.int64)
    first = int(number.min())
    count = np.bincount(number - first).astype(np.float64)
    with np.errstate(all="ignore"):
        mean = np.bincount(number - first, y) / count
        variance = np.bincount(number - first, (y - mean[number - first]) ** 2) / np.maximum(1, count - 1)
        error = np.sqrt(variance / count)
    good = count >= max(1, least)
    return np.asarray((np.flatnonzero(good) + first) * width, dtype=np.float64), mean[good], error[good]


def fold_orbit(
    detrended: Sequence[DetrendedLightCurve],
    flats: Sequence[NDArray[np.float64]],
    ephemeris: Ephemeris,
    others: Sequence[Ephemeris] = (),
) -> OrbitFold | None:
    """Fold the observations over the whole orbit.

    Parameters
    ----------
    detrended : sequence of DetrendedLightCurve
        Detrended light curves, one per observation.
    flats : sequence of ndarray
        Relative deviations of each observation, same shape as its time.
    ephemeris : Ephemeris
        Ephemeris to fold on.
    others : sequence of Ephemeris, optional
        Other signals, whose transits are excluded.

    Returns
    -------
    OrbitFold or None
        The fold; None for a single transit.
    """
    if ephemeris.period_days is None:
        return None
    phases, values, calm = [], [], []
    for curve, flat in zip(detrended, flats, strict=True):
        keep = np.isfinite(flat)
        for other in others:
            keep &= ~other.in_transit(curve.time, curve.system)
        phase = ephemeris.phase_days(curve.time, curve.system)[keep] / ephemeris.period_days
        phases.append(np.where(phase < FIRST_PHASE, phase + 1.0, phase))
        values.append(flat[keep])
        calm.append(flat[keep] < FLARE_SIGMA * curve.noise)
    phase, flat, quiet = np.concatenate(phases), np.concatenate(values), np.concatenate(calm)
    order = np.argsort(phase, kind="stable")
    phase, flat, quiet = phase[order], flat[order], quiet[order]
    bins = np.clip(
        ORBIT_BINS_PER_DURATION * ephemeris.period_days * HOURS_PER_DAY / ephemeris.duration_hours, MIN_ORBIT_BINS, MAX_ORBIT_BINS
    )
    at, mean, error = mean_bins(phase[quiet], flat[quiet], 1.0 / round(float(bins)))
    return OrbitFold(ephemeris, phase, flat, at, mean, error)


#: Reach of a fold on either side of mid-transit: in durations, and minimum [h]; never more than half the period.
REACH_DURATIONS, MIN_REACH_HOURS = 3.0, 3.0
#: Bins across one transit.
BINS_PER_DURATION = 8
#: The depth is measured in the middle half of the transit, the level from OUTSIDE durations from mid-transit outwards.
DEPTH_INSIDE_DURATIONS, DEPTH_OUTSIDE_DURATIONS = 0.25, 0.75
#: Transits are masked with the published duration widened by this factor, because their ends are never sharp.
MASK_WIDEN = 1.3
#: Minimum fraction of an observation outside transits from which a trend can be fitted.
MIN_UNMASKED_FRACTION = 0.4
#: With transits masked the trend may follow the star more closely: window in durations, and its minimum [d].
WINDOW_DURATIONS, MIN_WINDOW_DAYS = 4.0, 0.3
#: A masked stretch is bridged by a polynomial of this degree through the cadences within half a window, or half its own length,
#: on either side. Outliers beyond BRIDGE_SIGMA are excluded; each side needs LEAST_BRIDGE cadences.
BRIDGE_DEGREE, BRIDGE_SIGMA, MIN_BRIDGE_CADENCES = 3, 5.0, 5


@dataclass(frozen=True, eq=False)
class TransitFold:
    """A star folded around the mid-transit of one ephemeris.

    Attributes
    ----------
    ephemeris : Ephemeris
        Ephemeris of the fold.
    phase_hours : ndarray
        Time from mid-transit [h], ascending, shape (n,).
    flat : ndarray
        Relative deviation from the trend, shape (n,).
    bin_hours : ndarray
        Centers of the bins with at least three cadences [h], shape (b,).
    bin_median : ndarray
        Median of each bin, relative, shape (b,).
    bin_error : ndarray
        Standard error of each median, relative, shape (b,).
    depth_ppm : float or None
        Measured depth [ppm]; None without cadences in and beside transit.
    depth_err_ppm : float or None
        Error of the depth [ppm].
    num_transits : int
        Number of transits with at least one cadence inside.
    """

    ephemeris: Ephemeris
    phase_hours: NDArray[np.float64]
    flat: NDArray[np.float64]
    bin_hours: NDArray[np.float64]
    bin_median: NDArray[np.float64]
    bin_error: NDArray[np.float64]
    depth_ppm: float | None
    depth_err_ppm: float | None
    num_transits: int


def masked_detrended_flux(curve: DetrendedLightCurve, ephemerides: Sequence[Ephemeris]) -> NDArray[np.float64]:
    """Return the relative deviations from a trend that no predicted transit affects.

    Transits are masked, the flux there is bridged from both sides, and the trend is fitted to the
    result. The window is no longer than that of the light curve's own detrending or than
    `WINDOW_DURATIONS` durations. If transits cover most of the observation, the light curve's own
    trend is used.

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
    longest_exposure = float(exposures(curve).minutes.max()) / 1440
    for e in ephemerides:
        # an exposure that reaches into a transit loses light as well
        masked |= e.in_transit(curve.time, curve.system, widen=max(MASK_WIDEN, 1 + longest_exposure / e.duration_days))
    if curve.light_curve.flattened or not masked.any() or (~masked).mean() < MIN_UNMASKED_FRACTION:
        return prepare.relative_deviation(curve.flux, curve.trend)
    longest = max(e.duration_days for e in ephemerides)
    window = min(curve.settings.window_days, max(MIN_WINDOW_DAYS, WINDOW_DURATIONS * longest))
    free = ~masked
    slow = detrend.estimate_trend(curve.time[free], curve.flux[free], curve.settings.detrending, window)
    bridged = _bridge_transits(curve, masked, slow, window)
    return prepare.relative_deviation(curve.flux, detrend.estimate_trend(curve.time, bridged, curve.settings.detrending, window))


def _bridge_transits(
    curve: DetrendedLightCurve, masked: NDArray[np.bool_], slow: NDArray[np.float64], window_days: float
) -> NDArray[np.float64]:
    """Return the flux (n,) with masked stretches bridged from the cadences beside them.

    `slow` is the trend of the unmasked cadences. It would cross the masked stretches in straight
    lines from ends where it sees one side only, which bends it wherever the star varies.
    """
    time, free = curve.time, ~masked
    left = curve.flux[free] - slow
    calm = np.zeros(len(time), dtype=bool)
    calm[free] = np.abs(left) < BRIDGE_SIGMA * max(noise.robust_sigma(left), 1e-12)
    flux = curve.flux.copy()
    flux[masked] = np.interp(time[masked], time[free], slow)
    edges = np.flatnonzero(np.diff(np.r_[0, masked.astype(np.int8), 0]))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        start, stop = time[first], time[last - 1]
        reach = max((stop - start) / 2, window_days / 2)
        low, high = np.searchsorted(time, [start - reach, stop + reach])
        near = np.arange(low, high)[calm[low:high]]
        if min(np.sum(near < first), np.sum(near >= last)) < MIN_BRIDGE_CADENCES:
            continue
        middle, scale = (start + stop) / 2, (stop - start) / 2 + reach
        line = np.polyfit((time[near] - middle) / scale, curve.flux[near], BRIDGE_DEGREE)
        flux[first:last] = np.polyval(line, (time[first:last] - middle) / scale)
    return flux


def fold_each_ephemeris(curves: Sequence[DetrendedLightCurve], ephemerides: Sequence[Ephemeris]) -> tuple[TransitFold, ...]:
    """Fold a star on each of its ephemerides, with the transits of all others excluded.

    The trends are fitted once.

    Parameters
    ----------
    curves : sequence of DetrendedLightCurve
        Detrended light curves, one per observation.
    ephemerides : sequence of Ephemeris
        All signals of the star.

    Returns
    -------
    tuple of TransitFold
        One fold per ephemeris.
    """
    flats = [masked_detrended_flux(c, ephemerides) for c in curves]
    return tuple(fold_transits(curves, e, [o for o in ephemerides if o is not e], flats) for e in ephemerides)


def fold_transits(
    curves: Sequence[DetrendedLightCurve],
    ephemeris: Ephemeris,
    others: Sequence[Ephemeris] = (),
    flats: Sequence[NDArray[np.float64]] | None = None,
) -> TransitFold:
    """Fold the observations on one ephemeris.

    The depth is the median beside the transit minus the median of its middle half. Its error is the
    scatter of means over that half, divided by the square root of the number of transits.

    Parameters
    ----------
    curves : sequence of DetrendedLightCurve
        Detrended light curves, one per observation.
    ephemeris : Ephemeris
        Ephemeris to fold on.
    others : sequence of Ephemeris, optional
        Other signals, whose transits are excluded.
    flats : sequence of ndarray, optional
        `masked_flat` of each observation for all these ephemerides; computed if not given.

    Returns
    -------
    TransitFold
        The fold, with its depth.
    """
    hours, parts, sigmas, seen = [], [], [], 0
    flats = flats or [masked_detrended_flux(c, (ephemeris, *others)) for c in curves]
    half = ephemeris.duration_hours / 2
    reach = max(REACH_DURATIONS * ephemeris.duration_hours, MIN_REACH_HOURS)
    if ephemeris.period_days is not None:
        reach = min(reach, ephemeris.period_days * HOURS_PER_DAY / 2)
    for curve, flat in zip(curves, flats, strict=True):
        phase = ephemeris.phase_days(curve.time, curve.system) * HOURS_PER_DAY
        keep = np.abs(phase) <= reach
        for other in others:
            keep &= ~other.in_transit(curve.time, curve.system, widen=MASK_WIDEN)
        inside = keep & (np.abs(phase) <= half)
        middle = ephemeris.transits(float(curve.time[0]), float(curve.time[-1]), curve.system).mid
        touched = [np.any(inside[a:b]) for a, b in _transit_slices(curve.time, middle, ephemeris.duration_days)]
        seen += int(np.sum(touched))
        cadences = max(1, round(2 * DEPTH_INSIDE_DURATIONS * ephemeris.duration_hours * 60 / curve.cadence_minutes))
        sigmas.append(noise.binned_sigma(flat[np.abs(phase) > half], cadences))
        hours.append(phase[keep])
        parts.append(flat[keep])
    phase, flat = np.concatenate(hours), np.concatenate(parts)
    order = np.argsort(phase, kind="stable")
    phase, flat = phase[order], flat[order]
    depth, error = _fold_depth(phase, flat, ephemeris.duration_hours, float(np.nanmean(sigmas)), seen)
    at, median, spread = _median_bins(phase, flat, ephemeris.duration_hours / BINS_PER_DURATION, reach)
    return TransitFold(ephemeris, phase, flat, at, median, spread, depth, error, seen)


def _transit_slices(time: NDArray[np.float64], mid: NDArray[np.float64], duration: float) -> list[tuple[int, int]]:
    low = np.searchsorted(time, mid - duration / 2)
    high = np.searchsorted(time, mid + duration / 2, side="right")
    return [(int(a), int(b)) for a, b in zip(low, high, strict=True)]


def _fold_depth(
    phase: NDArray[np.float64], flat: NDArray[np.float64], duration: float, sigma: float, num_transits: int
) -> tuple[float | None, float | None]:
    inside = flat[np.abs(phase) <= DEPTH_INSIDE_DURATIONS * duration]
    beside = flat[np.abs(phase) >= DEPTH_OUTSIDE_DURATIONS * duration]
    if len(inside) < 1 or len(beside) < 3 or num_transits < 1:
        return None, None
    return float(np.median(beside) - np.median(inside)) * 1e6, sigma / float(np.sqrt(num_transits)) * 1e6


def _median_bins(
    phase: NDArray[np.float64], flat: NDArray[np.float64], width: float, reach: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return centers, medians and standard errors of bins centered on mid-transit, each (b,)."""
    number = np.rint(phase / width).astype(np.int64)
    at, median, error = [], [], []
    for n in np.unique(number):
        values = flat[number == n]
        if len(values) >= 3 and abs(n * width) <= reach:
            at.append(n * width)
            median.append(float(np.median(values)))
            # The standard error of a median is that of a mean times sqrt(pi / 2).
            error.append(1.2533 * noise.robust_sigma(values) / float(np.sqrt(len(values))))
    return np.array(at), np.array(median), np.array(error)
