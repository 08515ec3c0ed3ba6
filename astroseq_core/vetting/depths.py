"""Depths of single transits, without flares, and with red noise in their errors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import HOURS_PER_DAY
from astroseq_core.io.pixels import dump_times
from astroseq_core.preprocessing.prepare import DetrendedLightCurve
from astroseq_core.times import TimeSystem
from astroseq_core.vetting.events import BESIDE_DURATIONS, FLARE_SIGMA, MIN_CADENCES_LEVEL, MIN_CADENCES_SIDE, Events
from astroseq_core.vetting.transit_fit import TransitFit

#: Without a fit a transit is modeled as a trapezoid whose ingress takes this fraction of the duration.
INGRESS_FRACTION = 0.15
#: Minimum fraction of a transit's cadences for measuring its depth.
MIN_DEPTH_COVERAGE = 0.1
#: Cadences this many sigmas from their transit's model are dropped and the depth is measured again.
CLIP_SIGMA = 5.0
#: Residuals around a transit are averaged over this fraction of the duration; scatter of the means in excess of white noise
#: widens the error. LEAST_LEFT is the minimum number of means.
RESIDUAL_BIN_DURATIONS, MIN_RESIDUAL_BINS = 1 / 3, 7
#: Flares: places in a transit are this fraction of the duration wide; a flare's tail is followed while the mean of three cadences
#: is FLARE_TAIL_SIGMA high, for at most so many cadences; the model is fitted again after each round.
FLARE_BIN_DURATIONS, FLARE_TAIL_SIGMA, MAX_FLARE_CADENCES, FLARE_ROUNDS = 1 / 12, 1.0, 60, 3
#: What may be a transit that comes by this fraction of the duration earlier or later is no flare.
FLARE_TIMING_DURATIONS = 0.005
#: Step of the numerical derivative of the transit shape, as a fraction of the duration.
SLOPE_STEP_DURATIONS = 0.01
#: A gap longer than this [h] and than this many cadences, within a duration of mid-transit, touches the transit.
GAP_HOURS, GAP_CADENCES = 0.6, 4
#: Maximum distance of a momentum dump from the ends of a transit [h].
DUMP_HOURS = 0.5


@dataclass(frozen=True, eq=False)
class SingleTransit:
    """One predicted transit: depth below a line through the data beside it, and data problems.

    Attributes
    ----------
    number : int
        Transit number from the epoch of the ephemeris.
    mid : float
        Predicted mid-transit [d, `system`].
    system : TimeSystem
        Time system of `mid`.
    depth_ppm : float or None
        Depth at mid-transit [ppm]; None with too few data inside or beside.
    depth_err_ppm : float or None
        Error of the depth, red noise included [ppm].
    hours : ndarray
        Time of its cadences from mid-transit [h], shape (n,).
    flat : ndarray
        Relative deviations, leveled by the line, shape (n,).
    observation : str
        Name of the observation.
    coverage : float
        Fraction of the cadences between first and fourth contact that have data.
    touches_gap : bool
        Whether a gap or an end of the data is within a duration of mid-transit.
    near_dump : bool
        Whether a momentum dump falls in it or close to its ends.
    """

    number: int
    mid: float
    system: TimeSystem
    depth_ppm: float | None
    depth_err_ppm: float | None
    hours: NDArray[np.float64]
    flat: NDArray[np.float64]
    observation: str
    coverage: float
    touches_gap: bool
    near_dump: bool

    @property
    def odd(self) -> bool:
        """Whether the transit number is odd."""
        return self.number % 2 == 1


def transit_template(events: Events, fit: TransitFit | None) -> NDArray[np.float64]:
    """Return the flux missing at each cadence, relative to that at mid-transit.

    Parameters
    ----------
    events : Events
        Events with their cadences.
    fit : TransitFit or None
        Fitted transit; without it a trapezoid of the ephemeris' duration is used.

    Returns
    -------
    ndarray
        Template, shape (n,).
    """
    duration = events.ephemeris.duration_hours
    if fit is None:
        ramp = (duration / 2 - np.abs(events.hours)) / (INGRESS_FRACTION * duration)
        return np.asarray(np.clip(ramp, 0.0, 1.0))
    return fit.drop_each(events.hours, events.exposure_hours)


def transit_steepness(events: Events, fit: TransitFit) -> NDArray[np.float64]:
    """Return by how much the flux at each cadence changes if the transit comes an hour later, to first order.

    Parameters
    ----------
    events : Events
        Events with their cadences.
    fit : TransitFit
        Fitted transit.

    Returns
    -------
    ndarray
        Change of the relative flux [1/h], shape (n,).
    """
    step = SLOPE_STEP_DURATIONS * fit.duration_hours
    after, before = (fit.drop_each(events.hours + s, events.exposure_hours) for s in (step, -step))
    return np.asarray((after - before) / (2 * step) * fit.depth_ppm * 1e-6, dtype=np.float64)


def measure_single_transits(
    events: Events,
    detrended: Sequence[DetrendedLightCurve],
    fit: TransitFit | None,
    red: Sequence[float],
) -> tuple[SingleTransit, ...]:
    """Measure the depth of each predicted transit.

    Parameters
    ----------
    events : Events
        Events of the ephemeris in all observations.
    detrended : sequence of DetrendedLightCurve
        Detrended light curves, one per observation.
    fit : TransitFit or None
        Fitted transit, whose shape is scaled to each event.
    red : sequence of float
        Red noise of a depth in each observation, relative.

    Returns
    -------
    tuple of SingleTransit
        All predicted transits, by observation and in time order within each.
    """
    shape = transit_template(events, fit)
    duration = fit.duration_hours if fit is not None else events.ephemeris.duration_hours
    shift = fit.t0_shift_hours if fit is not None else 0.0
    depth, sigma, level, slope = _solve_depths(events, shape)
    model = level[events.event] + slope[events.event] * events.hours - depth[events.event] * shape
    with np.errstate(invalid="ignore"):
        outlying = np.abs(events.flat - model) > CLIP_SIGMA * events.sigma
    # noise that is not white would lose its tails, so cadences are dropped only if they are few
    kept = events
    if 0 < outlying.sum() < 0.01 * len(outlying):
        kept, shape = events.where(~outlying), shape[~outlying]
        depth, sigma, level, slope = _solve_depths(kept, shape)
    model = level[kept.event] + slope[kept.event] * kept.hours - depth[kept.event] * shape
    scatter = _excess_scatter(kept, kept.flat - model)
    inside = np.abs(events.hours - shift) <= duration / 2
    # where the cadences are far apart, one in the transit covers it
    covers = np.maximum(events.spacing_hours, 1e-6) / np.maximum(duration, events.spacing_hours)
    coverage = np.minimum(1.0, events.total(inside * covers)) if len(events) else np.zeros(0)
    if len(events):
        sigma = np.maximum(np.hypot(sigma, np.asarray(red, dtype=np.float64)[events.observation]), sigma * scatter)
    known = np.isfinite(depth) & np.isfinite(sigma) & (coverage >= MIN_DEPTH_COVERAGE)
    troubles = _gaps_and_dumps(events, detrended, duration)
    edges = np.searchsorted(events.event, np.arange(len(events) + 1))
    level, slope = np.nan_to_num(level), np.nan_to_num(slope)
    flat = events.flat - level[events.event] - slope[events.event] * events.hours if len(events) else events.flat
    out = []
    for i in range(len(events)):
        threshold = slice(int(edges[i]), int(edges[i + 1]))
        curve = detrended[int(events.observation[i])]
        out.append(
            SingleTransit(
                number=int(events.number[i]),
                mid=float(events.mid[i]),
                system=curve.system,
                depth_ppm=float(depth[i]) * 1e6 if known[i] else None,
                depth_err_ppm=float(sigma[i]) * 1e6 if known[i] else None,
                hours=events.hours[threshold],
                flat=flat[threshold],
                observation=curve.observation,
                coverage=float(coverage[i]),
                touches_gap=bool(troubles[0][i]),
                near_dump=bool(troubles[1][i]),
            )
        )
    return tuple(out)


def without_flares(events: Events, fit: TransitFit | None) -> Events:
    """Drop flares and cosmic rays that lie above the transits, also if they stay below the star's level.

    A cadence is one if it is `FLARE_SIGMA` above what the other odd, or even, events show at its
    place in the transit, and above what a transit would show there that is as early or late as most
    are, so that neither a poor fit nor transit times that vary cost anything; those beside it that
    are still high are dropped, too. A place that only one event has loses nothing.

    Parameters
    ----------
    events : Events
        Events of the ephemeris, not leveled.
    fit : TransitFit or None
        Fitted transit.

    Returns
    -------
    Events
        All events, without those cadences.
    """
    if fit is None or len(events) < 2:
        return events
    shape, steepness = transit_template(events, fit), transit_steepness(events, fit)
    kept = np.ones(len(events.hours), dtype=bool)
    width = events.ephemeris.duration_hours * FLARE_BIN_DURATIONS
    for _ in range(FLARE_ROUNDS):
        these = events.where(kept)
        if len(these.hours) == 0:
            return these
        found, _ = solve_events(these, shape[kept], steepness[kept])
        known = np.isfinite(found[:, 2])[events.event]
        usually_late = _usual_lateness(found[:, 3], events.number) + FLARE_TIMING_DURATIONS * events.ephemeris.duration_hours
        found, _ = solve_events(these, shape[kept])
        level, slope, depth = found[events.event].T
        model = level + slope * events.hours / events.ephemeris.duration_hours - depth * shape
        residual = np.where(known, events.flat - model, 0.0)
        usual = _usual_residual(events, np.where(kept & known, residual, np.nan), width)
        excess = np.where(np.isfinite(usual), residual - usual - np.abs(steepness) * usually_late, 0.0) / events.sigma
        high = _with_high_neighbors(excess, events.event)
        if not (high & kept).any():
            break
        kept &= ~high
    return events.where(kept)


def _usual_lateness(late: NDArray[np.float64], number: NDArray[np.int64]) -> float:
    """Return twice the median deviation of the times [h] (e,) from those of the same parity."""
    known = np.isfinite(late)
    off = [np.abs(t - np.median(t)) for t in (late[known & (number % 2 == odd)] for odd in (0, 1)) if len(t)]
    return 2 * float(np.median(np.concatenate(off))) if off else 0.0


def _usual_residual(events: Events, residual: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Return the lower median, over the events of the same parity, of the mean residual around each cadence (n,)."""
    place = np.rint(events.hours / width).astype(np.int64)
    place -= place.min(initial=0)
    most = int(place.max(initial=0)) + 1
    cell, good = events.event * most + place, np.isfinite(residual)
    number = np.bincount(cell[good], minlength=len(events) * most)
    with np.errstate(all="ignore"):
        mean = (np.bincount(cell[good], residual[good], len(events) * most) / number).reshape(len(events), most)
    out = np.full((len(events), most), np.nan)
    for odd in (0, 1):
        rows = events.number % 2 == odd
        ordered = np.sort(mean[rows], axis=0)
        count = np.isfinite(ordered).sum(axis=0)
        if rows.any():
            out[rows] = np.where(count > 1, ordered[np.maximum(count - 1, 0) // 2, np.arange(most)], np.nan)
    return np.asarray(out.ravel()[cell], dtype=np.float64)


def _with_high_neighbors(excess: NDArray[np.float64], event: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which cadences are flares (n,): above FLARE_SIGMA, and those beside them whose running mean is still high."""
    high = excess > FLARE_SIGMA
    smooth = np.convolve(excess, np.ones(3) / 3, "same") > FLARE_TAIL_SIGMA
    for _ in range(MAX_FLARE_CADENCES if high.any() else 0):
        beside = np.zeros(len(high), dtype=bool)
        beside[1:] |= high[:-1] & (event[1:] == event[:-1])
        beside[:-1] |= high[1:] & (event[1:] == event[:-1])
        more = beside & smooth & ~high
        if not more.any():
            break
        high |= more
    return high


def solve_events(
    events: Events, shape: NDArray[np.float64], extra: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit level, slope, depth, and the amount of one more column to each event.

    Parameters
    ----------
    events : Events
        Events with their cadences.
    shape : ndarray
        Missing flux at each cadence for a depth of 1, shape (n,).
    extra : ndarray, optional
        One more column that is added to the flux, shape (n,).

    Returns
    -------
    found : ndarray
        Level, slope [1/duration], depth and amount of the column of each event, shape (e, 3 or 4);
        NaN if undetermined.
    inverse : ndarray
        Their covariance from white noise, shape (e, 3 or 4, 3 or 4).
    """
    x, w = events.hours / events.ephemeris.duration_hours, events.sigma**-2.0
    columns = (np.ones(len(x)), x, -shape) if extra is None else (np.ones(len(x)), x, -shape, extra)
    size, number = len(columns), len(events)
    normal, right = np.zeros((number, size, size)), np.zeros((number, size))
    for i in range(size):
        right[:, i] = events.total(w * columns[i] * events.flat)
        for j in range(i, size):
            normal[:, i, j] = normal[:, j, i] = events.total(w * columns[i] * columns[j])
    beside = (shape < 1e-3).astype(np.float64) * (np.abs(x) >= 0.5 * BESIDE_DURATIONS)
    left, side = events.total(beside * (x < 0)), events.total(beside * (x > 0))
    sided = (left >= MIN_CADENCES_SIDE) & (side >= MIN_CADENCES_SIDE)
    # with data on one side only, the slope is held at zero
    normal[~sided, 1, 1] += 1e6 * np.maximum(normal[~sided, 0, 0], 1e-12)
    good = (left + side >= MIN_CADENCES_LEVEL) & (normal[:, 2, 2] > 0) & (normal[:, -1, -1] > 0)
    scale = np.sqrt(np.maximum(np.einsum("eii->ei", normal), 1e-30))
    scaled = normal / (scale[:, :, None] * scale[:, None, :])
    good &= np.abs(np.linalg.det(scaled)) > 1e-9
    inverse = np.full((number, size, size), np.nan)
    inverse[good] = np.linalg.inv(scaled[good]) / (scale[good, :, None] * scale[good, None, :])
    return np.einsum("eij,ej->ei", inverse, right), inverse


def _solve_depths(
    events: Events, shape: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Fit depth, white error, level and slope [1/h] of each event (e,); NaN if undetermined."""
    if len(events) == 0:
        return (np.zeros(0),) * 4
    found, inverse = solve_events(events, shape)
    return found[:, 2], np.sqrt(inverse[:, 2, 2]), found[:, 0], found[:, 1] / events.ephemeris.duration_hours


def _excess_scatter(events: Events, left: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the scatter of binned residuals over white noise for each event (e,), >= 1."""
    width = RESIDUAL_BIN_DURATIONS * events.ephemeris.duration_hours
    place = np.rint(events.hours / width).astype(np.int64)
    place -= place.min(initial=0)
    most = int(place.max(initial=0)) + 1
    w = np.where(np.isfinite(left), events.sigma**-2.0, 0.0)
    cell = events.event * most + place
    total = np.bincount(cell, w, len(events) * most)
    mean2 = np.bincount(cell, w * np.nan_to_num(left), len(events) * most) ** 2
    with np.errstate(all="ignore"):
        chi2 = np.where(total > 0, mean2 / total, 0.0).reshape(len(events), most).sum(axis=1)
    number = (total > 0).reshape(len(events), most).sum(axis=1)
    return np.sqrt(np.where(number >= MIN_RESIDUAL_BINS, np.maximum(1.0, chi2 / np.maximum(1, number - 3)), 1.0))


def _gaps_and_dumps(
    events: Events, detrended: Sequence[DetrendedLightCurve], duration_hours: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which events (e,) touch a gap or data end, and which are near a momentum dump."""
    gap, dump = np.zeros(len(events), dtype=bool), np.zeros(len(events), dtype=bool)
    days = duration_hours / HOURS_PER_DAY
    for index, curve in enumerate(detrended):
        these = np.flatnonzero(events.observation == index)
        if these.size == 0:
            continue
        mid = events.mid[these]
        step = np.diff(curve.time)
        long = np.flatnonzero(step > max(GAP_HOURS / HOURS_PER_DAY, GAP_CADENCES * curve.cadence_minutes / 1440))
        begins = np.r_[-np.inf, curve.time[long], curve.time[-1]]
        ends = np.r_[curve.time[0], curve.time[long + 1], np.inf]
        # a gap starts before the transit's end and stops after its start; starts and stops of gaps are both sorted
        gap[these] = np.searchsorted(begins, mid + days, side="left") > np.searchsorted(ends, mid - days, side="right")
        moments = dump_times(curve.light_curve)
        reach = days / 2 + DUMP_HOURS / HOURS_PER_DAY
        dump[these] = np.searchsorted(moments, mid + reach) > np.searchsorted(moments, mid - reach)
    return gap, dump
