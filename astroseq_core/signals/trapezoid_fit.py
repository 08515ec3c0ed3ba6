"""Fit of a trapezoid to all transits of a signal together: epoch, period, duration and depth with errors."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import HOURS_PER_DAY, Ephemeris, any_in_transit
from astroseq_core.preprocessing.prepare import DetrendedLightCurve
from astroseq_core.times import Instant

#: Half-width of the data that are fitted around each transit, and where the level beside it begins, in durations and a cadence.
REACH, LEVEL_FROM = 1.75, 0.75
#: Bins per duration, where the cadence allows it, and most points that are fitted.
BINS_PER_DURATION, MAX_POINTS = 12, 6000
#: Largest changes: of epoch and duration, in durations, and of the period's drift over the data, in durations.
MAX_SHIFT, MAX_STRETCH = 1.0, 2.5
#: Error of a duration by the shape, as a fraction of it.
SHAPE_ERROR = 0.04
#: Fewest points of a level, and of a transit.
MIN_LEVEL_POINTS = 2

_Array = NDArray[np.float64]


@dataclass(frozen=True)
class TrapezoidFit:
    """A trapezoid that was fitted to the transits of a signal.

    Attributes
    ----------
    ephemeris : Ephemeris
        Period, epoch, duration and depth, with the errors that an ephemeris has; the epoch is in the
        middle of the transits.
    depth_err_ppm : float
        One-sigma error of the depth by noise [ppm].
    duration_err_hours : float
        One-sigma error of the duration [h], that of the shape included.
    """

    ephemeris: Ephemeris
    depth_err_ppm: float
    duration_err_hours: float


def trapezoid(hours: _Array, half: float, ingress: float) -> _Array:
    """Return the shape of a transit: 1 in its middle, 0 outside.

    Parameters
    ----------
    hours : ndarray
        Time from mid-transit [h], any shape.
    half : float
        Half of the duration from first to last contact [h].
    ingress : float
        Length of ingress as a fraction of `half`, over 0 to 1.

    Returns
    -------
    ndarray
        The shape, as `hours`.

    Examples
    --------
    >>> trapezoid(np.array([0.0, 0.75, 2.0]), half=1.0, ingress=0.5).tolist()
    [1.0, 0.5, 0.0]
    """
    return np.clip((half - np.abs(hours)) / (half * max(ingress, 1e-3)), 0.0, 1.0)


def fit_trapezoid(
    detrended: Sequence[DetrendedLightCurve],
    flats: Sequence[_Array],
    ephemeris: Ephemeris,
    others: Sequence[Ephemeris] = (),
    red: float = 1.0,
) -> TrapezoidFit | None:
    """Fit a trapezoid to the transits of a signal.

    Parameters
    ----------
    detrended : sequence of DetrendedLightCurve
        Detrended light curves, one per observation, in one time system.
    flats : sequence of ndarray
        Relative deviations of each observation from a trend that the transits do not affect.
    ephemeris : Ephemeris
        Approximate epoch, period and duration.
    others : sequence of Ephemeris, optional
        Other signals, whose transits are excluded.
    red : float, optional
        Noise of a box as long as the transit over that of white noise; errors are multiplied by it.

    Returns
    -------
    TrapezoidFit or None
        The fit; None where nothing fits.
    """
    from scipy.optimize import least_squares

    number, since, flux, weight = _gather(detrended, flats, ephemeris, others)
    if len(flux) < 8:
        return None
    hours = ephemeris.duration_hours
    single = ephemeris.period_days is None or len(np.unique(number)) < 2
    middle = 0 if single else round(float(np.average(number)))
    count = number - middle
    span = max(1.0, float(np.abs(count).max()))
    depth = max(float(np.average(-flux, weights=weight * trapezoid(since, hours / 2, 0.3))), 1e-9)

    # shift of the middle epoch and drift of the farthest transit [durations], log of the duration, ingress, depth
    def residuals(p: _Array) -> _Array:
        late = since - hours * (p[0] + p[1] * count / span)
        return np.asarray((flux + p[4] * depth * trapezoid(late, 0.5 * hours * math.exp(p[2]), p[3])) * np.sqrt(weight))

    most = math.log(MAX_STRETCH)
    drift = 1e-9 if single else MAX_SHIFT
    found = least_squares(
        residuals,
        [0.0, 0.0, 0.0, 0.4, 1.0],
        bounds=([-MAX_SHIFT, -drift, -most, 0.05, 0.0], [MAX_SHIFT, drift, most, 1.0, 50.0]),
        x_scale=[0.1, 0.1, 0.2, 0.2, 0.3],
        max_nfev=40,
    )
    p = found.x
    if not 0 < p[4] * depth < 1 or not np.isfinite(p).all():
        return None
    jacobian = found.jac if not single else np.delete(found.jac, 1, axis=1)
    inverse = np.linalg.pinv(jacobian.T @ jacobian)
    freedom = max(1, len(flux) - jacobian.shape[1])
    scatter = max(1.0, math.sqrt(2 * found.cost / freedom)) * red
    errors = scatter * np.sqrt(np.maximum(np.diag(inverse), 0.0))
    if single:
        errors = np.insert(errors, 1, 0.0)
    if errors[0] > MAX_SHIFT or errors[1] > MAX_SHIFT:
        return None
    period = ephemeris.period_days
    t0 = ephemeris.t0.days + hours * p[0] / HOURS_PER_DAY
    if period is not None:
        t0 += middle * period
        slope = hours * p[1] / span / HOURS_PER_DAY
        period_err = hours * float(errors[1]) / span / HOURS_PER_DAY
        if single:  # one transit does not tell the period
            period_err = ephemeris.period_err
        period += slope
    duration = hours * math.exp(p[2])
    if period is not None:
        duration = min(duration, 0.9 * period * HOURS_PER_DAY)
    exact = replace(
        ephemeris,
        t0=Instant(t0, ephemeris.t0.system),
        period_days=period,
        duration_hours=duration,
        depth_ppm=float(p[4] * depth * 1e6),
        t0_err=hours * float(errors[0]) / HOURS_PER_DAY,
        period_err=0.0 if period is None else period_err,
    )
    # a cadence smears contact times, and a trapezoid has corners where a transit has none
    blur = math.hypot(SHAPE_ERROR * duration, 0.25 * max(c.cadence_minutes for c in detrended) / 60)
    return TrapezoidFit(exact, float(errors[4]) * depth * 1e6, math.hypot(min(float(errors[2]), 1.0) * duration, blur))


def _gather(
    detrended: Sequence[DetrendedLightCurve], flats: Sequence[_Array], e: Ephemeris, others: Sequence[Ephemeris]
) -> tuple[NDArray[np.int64], _Array, _Array, _Array]:
    """Gather binned data around the transits.

    Returns
    -------
    tuple of ndarray
        Number of the transit, time from its predicted middle [h], flux over the level beside it, and inverse variance of
        each point, shape (n,).
    """
    period = e.period_days or math.inf
    parts = []
    for curve, flat in zip(detrended, flats, strict=True):
        since = e.phase_days(curve.time, curve.system)
        # an exposure that reaches into the transit loses light as well
        wide = e.duration_days + curve.cadence_minutes / 1440
        reach = min(REACH * wide, 0.5 * period)
        near = (np.abs(since) < reach) & np.isfinite(flat)
        if others:
            near &= ~any_in_transit(others, curve.time, curve.system)
        if not near.any():
            continue
        time, since, flux = curve.time[near], since[near], flat[near]
        t0 = e.t0.to(curve.system).days
        number = (
            np.zeros(len(time), np.int64) if e.period_days is None else np.rint((time - since - t0) / period).astype(np.int64)
        )
        step = max(e.duration_days / BINS_PER_DURATION, curve.cadence_minutes / 1440)
        most = math.ceil(2 * reach / step) + 1
        place = (number - number[0]) * most + np.floor((since + reach) / step).astype(np.int64)
        _, at, count = np.unique(place, return_inverse=True, return_counts=True)
        flux = np.bincount(at, flux) / count
        since = np.bincount(at, since) / count
        number = np.rint(np.bincount(at, number) / count).astype(np.int64)
        flux, good = _over_level(number, since / wide, flux, count)
        parts.append((number[good], since[good] * HOURS_PER_DAY, flux[good], count[good] / curve.noise**2))
    if not parts:
        none = np.empty(0)
        return np.empty(0, np.int64), none, none, none
    number, hours, flux, weight = (np.concatenate(values) for values in zip(*parts, strict=True))
    if len(flux) > MAX_POINTS:
        # whole transits, evenly chosen
        each = np.unique(number)
        chosen = each[:: math.ceil(len(flux) / MAX_POINTS)]
        keep = np.isin(number, chosen)
        factor = len(each) / len(chosen)
        return number[keep], hours[keep], flux[keep], weight[keep] * factor
    return number, hours, flux, weight


def _over_level(
    number: NDArray[np.int64], durations: _Array, flux: _Array, count: NDArray[np.int64]
) -> tuple[_Array, NDArray[np.bool_]]:
    """Subtract from each transit the mean of what is beside it; also tell which points have a level."""
    each = number - number.min()
    size = int(each.max()) + 1
    beside = np.abs(durations) > LEVEL_FROM
    points = np.bincount(each[beside], minlength=size)
    weight = np.bincount(each[beside], count[beside], size)
    level = np.bincount(each[beside], (count * flux)[beside], size) / np.maximum(weight, 1)
    inside = np.bincount(each[~beside], minlength=size)
    good = (points >= MIN_LEVEL_POINTS) & (inside >= 1)
    return flux - level[each], good[each]
