"""Folding a star on one ephemeris, the other planets masked, with a trend that no transit has bent; its depth measured."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import HOURS_PER_DAY, Ephemeris, any_in_transit
from astroseq_core.lightcurves import detrending, noise, prepare
from astroseq_core.lightcurves.prepare import PreparedCurve

#: A fold shows this many durations on either side of mid-transit, at least so many hours, at most half the period.
REACH_DURATIONS, LEAST_REACH_HOURS = 3.0, 3.0
#: Bins across one transit.
BINS_PER_DURATION = 8
#: Depth is told from the middle half of the transit, the level beside it from this far (in durations from mid-transit) on.
INSIDE, OUTSIDE = 0.25, 0.75
#: Transits are masked this much wider than published, for their ends are never sharp.
MASK_WIDEN = 1.3
#: With a smaller part of an observation left outside transits its trend cannot be told from the rest.
LEAST_UNMASKED = 0.4
#: With transits masked the trend may follow the star closer than otherwise: over this many durations, no less than so many days.
WINDOW_DURATIONS, LEAST_WINDOW_DAYS = 4.0, 0.3
#: A masked stretch is bridged by a polynomial of this degree through the cadences within half a window, or half its own length,
#: on either side; ones further from the trend than so many sigmas do not count, and each side needs so many.
BRIDGE_DEGREE, BRIDGE_SIGMA, LEAST_BRIDGE = 3, 5.0, 5


@dataclass(frozen=True, eq=False)
class Fold:
    """A star folded on one ephemeris.

    ``phase_hours`` and ``flat`` (n,): hours from mid-transit and relative deviation from the trend. ``bin_hours``,
    ``bin_median``, ``bin_error`` (b,): medians of bins with at least three cadences, and their standard errors. ``depth_ppm`` and
    ``depth_err_ppm``: measured, None without cadences in and beside transit. ``num_transits``: transits with a cadence inside.
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


def masked_flat(curve: PreparedCurve, ephemerides: Sequence[Ephemeris]) -> NDArray[np.float64]:
    """Relative deviations (n,) from a trend that no predicted transit has bent.

    Transits are masked, the flux there is bridged from both sides, and the trend is fitted to that, over a window that is no
    longer than the curve's own and than WINDOW_DURATIONS. Where transits cover most of the observation the curve's own trend is
    used.
    """
    masked = any_in_transit(ephemerides, curve.time, curve.system, widen=MASK_WIDEN)
    if curve.curve.flattened or not masked.any() or (~masked).mean() < LEAST_UNMASKED:
        return prepare.deviation(curve.flux, curve.trend)
    longest = max(e.duration_days for e in ephemerides)
    window = min(curve.settings.window_days, max(LEAST_WINDOW_DAYS, WINDOW_DURATIONS * longest))
    free = ~masked
    slow = detrending.trend(curve.time[free], curve.flux[free], curve.settings.detrending, window)
    bridged = _bridged(curve, masked, slow, window)
    return prepare.deviation(curve.flux, detrending.trend(curve.time, bridged, curve.settings.detrending, window))


def _bridged(
    curve: PreparedCurve, masked: NDArray[np.bool_], slow: NDArray[np.float64], window_days: float
) -> NDArray[np.float64]:
    """The flux (n,) with its masked stretches replaced by what the cadences beside them lead to.

    ``slow``: the trend of the cadences that are not masked. It alone would lead across in straight lines from ends where it sees
    one side only, which bends it wherever the star varies.
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
        if min(np.sum(near < first), np.sum(near >= last)) < LEAST_BRIDGE:
            continue
        middle, scale = (start + stop) / 2, (stop - start) / 2 + reach
        line = np.polyfit((time[near] - middle) / scale, curve.flux[near], BRIDGE_DEGREE)
        flux[first:last] = np.polyval(line, (time[first:last] - middle) / scale)
    return flux


def fold_all(curves: Sequence[PreparedCurve], ephemerides: Sequence[Ephemeris]) -> tuple[Fold, ...]:
    """A fold for each ephemeris, each with the transits of all others left out; the trends are fitted once."""
    flats = [masked_flat(c, ephemerides) for c in curves]
    return tuple(fold(curves, e, [o for o in ephemerides if o is not e], flats) for e in ephemerides)


def fold(
    curves: Sequence[PreparedCurve],
    ephemeris: Ephemeris,
    others: Sequence[Ephemeris] = (),
    flats: Sequence[NDArray[np.float64]] | None = None,
) -> Fold:
    """The observations folded on the ephemeris, cadences in transits of ``others`` left out.

    ``flats``: each observation's masked_flat for all these ephemerides, made here where None.

    The depth is the median beside the transit less the median of its middle half; its error is the scatter of means over that
    half, by the square root of the number of transits.
    """
    hours, parts, sigmas, seen = [], [], [], 0
    flats = flats or [masked_flat(c, (ephemeris, *others)) for c in curves]
    half = ephemeris.duration_hours / 2
    reach = max(REACH_DURATIONS * ephemeris.duration_hours, LEAST_REACH_HOURS)
    if ephemeris.period_days is not None:
        reach = min(reach, ephemeris.period_days * HOURS_PER_DAY / 2)
    for curve, flat in zip(curves, flats, strict=True):
        phase = ephemeris.phase_days(curve.time, curve.system) * HOURS_PER_DAY
        keep = np.abs(phase) <= reach
        for other in others:
            keep &= ~other.in_transit(curve.time, curve.system, widen=MASK_WIDEN)
        inside = keep & (np.abs(phase) <= half)
        middle = ephemeris.transits(float(curve.time[0]), float(curve.time[-1]), curve.system).mid
        touched = [np.any(inside[a:b]) for a, b in _windows(curve.time, middle, ephemeris.duration_days)]
        seen += int(np.sum(touched))
        cadences = max(1, round(2 * INSIDE * ephemeris.duration_hours * 60 / curve.cadence_minutes))
        sigmas.append(noise.sigma_over(flat[np.abs(phase) > half], cadences))
        hours.append(phase[keep])
        parts.append(flat[keep])
    phase, flat = np.concatenate(hours), np.concatenate(parts)
    order = np.argsort(phase, kind="stable")
    phase, flat = phase[order], flat[order]
    depth, error = _depth(phase, flat, ephemeris.duration_hours, float(np.nanmean(sigmas)), seen)
    at, median, spread = _bins(phase, flat, ephemeris.duration_hours / BINS_PER_DURATION, reach)
    return Fold(ephemeris, phase, flat, at, median, spread, depth, error, seen)


def _windows(time: NDArray[np.float64], mid: NDArray[np.float64], duration: float) -> list[tuple[int, int]]:
    low = np.searchsorted(time, mid - duration / 2)
    high = np.searchsorted(time, mid + duration / 2, side="right")
    return [(int(a), int(b)) for a, b in zip(low, high, strict=True)]


def _depth(
    phase: NDArray[np.float64], flat: NDArray[np.float64], duration: float, sigma: float, num_transits: int
) -> tuple[float | None, float | None]:
    inside = flat[np.abs(phase) <= INSIDE * duration]
    beside = flat[np.abs(phase) >= OUTSIDE * duration]
    if len(inside) < 1 or len(beside) < 3 or num_transits < 1:
        return None, None
    return float(np.median(beside) - np.median(inside)) * 1e6, sigma / float(np.sqrt(num_transits)) * 1e6


def _bins(
    phase: NDArray[np.float64], flat: NDArray[np.float64], width: float, reach: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Middles, medians and standard errors of bins centred on mid-transit, each shape (b,)."""
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
