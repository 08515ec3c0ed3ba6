"""The transit model that fits a star's fold best."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import HOURS_PER_DAY
from astroseq_core.missions import Mission
from astroseq_core.vetting import transit_model
from astroseq_core.vetting.events import Events
from astroseq_core.vetting.transit_model import TransitShape

#: The fold is fitted in bins of this part of the duration, no shorter than this part of a cadence.
BIN_PART, CADENCE_PART = 1 / 36, 0.1
#: Fewer bins in transit, or fewer beside it, fix no model.
LEAST_IN, LEAST_BESIDE = 3, 6
#: Bounds: radius ratio, duration over the ephemeris' own, shift in durations, square of the impact parameter over 1 + k (the
#: square, because a transit's shape does not depend on the impact itself where that is 0, and its errors would vanish there).
RADIUS_RATIO, DURATION, SHIFT, SQUARE = (1e-3, 1.0), (0.25, 2.5), 0.5, (0.0, 0.99)
#: The duration stays below this part of the period.
LONGEST_PART = 0.45
#: Squares at which fits begin.
STARTS = (0.04, 0.72)
#: Bins this many sigmas from the first fit are left out of the second.
CLIP_SIGMA = 5.0
#: Standard deviation of a square of which nothing is known.
SQUARE_PRIOR = 0.35
POINTS = 241


@dataclass(frozen=True, eq=False)
class TransitFit:
    """The best transit of a body on a circular orbit (batman, quadratic limb darkening kept at Sun-like values).

    ``depth_ppm``: flux missing at mid-transit, no exposure averaged, which is what catalogues give. ``duration_hours``: first to
    fourth contact. ``density_solar``: the star's from duration and period on a circular orbit, ``density_most_solar`` its largest
    value, for a central transit; None for a single transit. ``flat_fraction``: T23/T14. ``grazing_sigma``: by how much a
    grazing transit (impact over 1 - k) fits better than one that just is not; 0 where it does not. ``hours`` (m,) and ``model``
    (m,): the curve to draw, averaged over exposures, relative deviations. Errors are one sigma with red noise in.
    """

    depth_ppm: float
    depth_err_ppm: float
    duration_hours: float
    duration_err_hours: float
    t0_shift_hours: float
    t0_shift_err_hours: float
    radius_ratio: float
    radius_ratio_err: float
    impact: float
    impact_err: float
    density_solar: float | None
    density_err_solar: float | None
    density_most_solar: float | None
    flat_fraction: float
    grazing_sigma: float
    chi2_reduced: float
    hours: NDArray[np.float64]
    model: NDArray[np.float64]
    period_days: float | None
    limb_darkening: tuple[float, float]

    def drop(self, hours: NDArray[np.float64], exposure_hours: float) -> NDArray[np.float64]:
        """Flux missing over that of mid-transit, shape of ``hours`` from the predicted mid-transit, averaged over exposures."""
        shape = TransitShape(hours, self.period_days, self.duration_hours, self.limb_darkening, exposure_hours)
        missing = shape(self.radius_ratio, self.duration_hours, self.impact, self.t0_shift_hours)
        return missing / (self.depth_ppm * 1e-6)


@dataclass(frozen=True, eq=False)
class _Data:
    hours: NDArray[np.float64]
    flat: NDArray[np.float64]
    sigma: NDArray[np.float64]
    shape: TransitShape
    duration: float


def fit_transit(events: Events, instrument: Mission, red_over_white: float = 0.0) -> TransitFit | None:
    """The best transit for levelled events; None where there are too few data, or no dip.

    ``red_over_white``: red noise of one transit's depth over its white noise; errors are widened by it.
    """
    e = events.ephemeris
    duration = e.duration_hours
    if e.period_days is not None:
        duration = min(duration, LONGEST_PART * e.period_days * HOURS_PER_DAY)
    if len(events.hours) < LEAST_IN + LEAST_BESIDE:
        return None
    cadence = float(np.median(events.cadence_hours))
    width = max(BIN_PART * duration, CADENCE_PART * cadence)
    hours, flat, sigma = _weighted_bins(events, width)
    inside = np.abs(hours) < duration / 2
    if inside.sum() < LEAST_IN or (~inside).sum() < LEAST_BESIDE:
        return None
    exposure = float(np.hypot(cadence, width))
    u = transit_model.limb_darkening(instrument)
    data = _Data(hours, flat, sigma, TransitShape(hours, e.period_days, duration, u, exposure), duration)
    middle = np.abs(hours) <= max(0.25 * duration, width)
    if not middle.any():
        return None
    dip = float(np.average(-flat[middle], weights=sigma[middle] ** -2.0))
    if not dip > 0:
        return None
    best = min((_solve(data, e.period_days, dip, start) for start in STARTS), key=lambda f: float(f.cost))
    kept = np.abs(best.fun) < CLIP_SIGMA * max(1.0, _chi2(best) ** 0.5)
    if not kept.all() and kept.sum() > LEAST_IN + LEAST_BESIDE:
        shape = TransitShape(hours[kept], e.period_days, duration, u, exposure)
        data = _Data(hours[kept], flat[kept], sigma[kept], shape, duration)
        best = _solve(data, e.period_days, dip, STARTS[0], best.x)
    return _described(data, best, e.period_days, u, exposure, red_over_white)


def _weighted_bins(
    events: Events, width: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean hours, weighted means and white errors of bins of that width [h], each (b,)."""
    number = np.rint(events.hours / width).astype(np.int64)
    number -= number.min()
    w = events.sigma**-2.0
    total = np.bincount(number, w)
    good = total > 0
    with np.errstate(all="ignore"):
        hours, flat = (np.bincount(number, w * v) / total for v in (events.hours, events.flat))
    return hours[good], flat[good], np.asarray(total[good] ** -0.5)


def _impact(p: NDArray[np.float64]) -> float:
    """The impact parameter of a set of parameters."""
    return float(np.sqrt(max(0.0, p[3])) * (1 + p[0]))


def _solve(data: _Data, period_days: float | None, dip: float, square: float, first: Any = None, grazes: bool = False) -> Any:
    """Least squares (scipy) for k, duration, shift, (impact / (1 + k))^2, level; ``grazes`` holds the impact at 1 - k."""
    from scipy.optimize import least_squares

    def residuals(p: NDArray[np.float64]) -> NDArray[np.float64]:
        k, t14, shift, _, level = p
        impact = max(0.0, 1 - float(k)) if grazes else _impact(p)
        return np.asarray((data.flat - level + data.shape(k, t14 * data.duration, impact, shift * data.duration)) / data.sigma)

    longest = DURATION[1]
    if period_days is not None:
        longest = min(longest, max(1.01, LONGEST_PART * period_days * HOURS_PER_DAY / data.duration))
    k = float(np.clip(np.sqrt(max(dip, 1e-6)) * (1.0 if square < 0.5 else 1.25), 2e-3, 0.8))
    low = np.array([RADIUS_RATIO[0], DURATION[0], -SHIFT, SQUARE[0], -np.inf])
    high = np.array([RADIUS_RATIO[1], longest, SHIFT, SQUARE[1], np.inf])
    start = np.array([k, 1.0, 0.0, square, 0.0]) if first is None else np.array(first)
    start = np.clip(start, low + 1e-6, high - 1e-6)
    scale = np.array([max(k, 1e-2), 0.2, 0.1, 0.3, max(dip, 1e-6)])
    return least_squares(residuals, start, bounds=(low, high), x_scale=scale, max_nfev=40, ftol=1e-5, xtol=1e-5, gtol=1e-8)


def _chi2(found: Any) -> float:
    return float(2 * found.cost / max(1, len(found.fun) - len(found.x)))


def _described(
    data: _Data, best: Any, period_days: float | None, u: tuple[float, float], exposure: float, red_over_white: float
) -> TransitFit | None:
    k, t14, shift, square, level = (float(v) for v in best.x)
    duration, impact = t14 * data.duration, _impact(best.x)
    depth = transit_model.mid_depth(k, impact, u)
    if not depth > 0:
        return None
    chi2 = _chi2(best)
    widen = max(1.0, chi2) * (1 + red_over_white**2)
    # the impact lies between 0 and 1 whatever the data say: so wide a prior keeps the others finite where these say nothing
    fisher = best.jac.T @ best.jac / widen
    fisher[3, 3] += SQUARE_PRIOR**-2
    covariance = np.linalg.pinv(fisher, rcond=1e-15, hermitian=True)
    error = np.sqrt(np.maximum(0.0, np.diag(covariance)))
    to_depth = np.zeros(5)
    for i, step in ((0, max(1e-5, 1e-3 * k)), (3, 1e-3)):
        moved = best.x.copy()
        moved[i] = moved[i] - step if moved[i] + step > SQUARE[1] else moved[i] + step
        to_depth[i] = (transit_model.mid_depth(moved[0], _impact(moved), u) - depth) / (moved[i] - best.x[i])
    depth_err = float(np.sqrt(max(0.0, float(to_depth @ covariance @ to_depth))))
    period = transit_model.period_or_long(period_days, data.duration)
    density = density_err = most = None
    if period_days is not None:
        density, density_err = _density(best.x, covariance, data.duration, period)
        most = transit_model.density_solar(period, transit_model.a_over_rstar(period, duration, k, 0.0))
    grazing = 0.0
    if impact > 1 - k:
        held = _solve(data, period_days, depth, square, best.x, grazes=True)
        grazing = float(np.sqrt(max(0.0, 2 * (held.cost - best.cost)) / widen))
    hours = np.linspace(float(data.hours.min()), float(data.hours.max()), POINTS)
    curve = TransitShape(hours, period_days, data.duration, u, exposure)
    return TransitFit(
        depth_ppm=depth * 1e6,
        depth_err_ppm=depth_err * 1e6,
        duration_hours=duration,
        duration_err_hours=float(error[1]) * data.duration,
        t0_shift_hours=shift * data.duration,
        t0_shift_err_hours=float(error[2]) * data.duration,
        radius_ratio=k,
        radius_ratio_err=float(error[0]),
        impact=impact,
        impact_err=float(np.sqrt(square + error[3]) - np.sqrt(square)) * (1 + k),
        density_solar=density,
        density_err_solar=density_err,
        density_most_solar=most,
        flat_fraction=transit_model.flat_fraction(period, duration, k, impact),
        grazing_sigma=grazing,
        chi2_reduced=chi2,
        hours=hours,
        model=level - curve(k, duration, impact, shift * data.duration),
        period_days=period_days,
        limb_darkening=u,
    )


def _density(x: NDArray[np.float64], covariance: NDArray[np.float64], duration: float, period: float) -> tuple[float, float]:
    """The star's density [Sun] and its error, by the fit's covariance."""

    def of(p: NDArray[np.float64]) -> float:
        return transit_model.density_solar(period, transit_model.a_over_rstar(period, p[1] * duration, p[0], _impact(p)))

    here, slope = of(x), np.zeros(len(x))
    for i in (0, 1, 3):
        moved = x.copy()
        moved[i] += (-1e-3 if x[i] > 0.5 else 1e-3) * max(abs(x[i]), 1e-2)
        slope[i] = (of(moved) - here) / (moved[i] - x[i])
    return here, float(np.sqrt(max(0.0, float(slope @ covariance @ slope))))
