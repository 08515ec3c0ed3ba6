"""Transit model on a circular orbit, and its least-squares fit to leveled events."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import HOURS_PER_DAY, Ephemeris
from astroseq_core.missions import Mission
from astroseq_core.vetting import transit_model
from astroseq_core.vetting.events import Events
from astroseq_core.vetting.transit_model import TransitShape

#: Width of the bins that are fitted: fraction of the duration, and minimum as a fraction of a cadence.
BIN_DURATIONS, MIN_BIN_CADENCES = 1 / 36, 0.1
#: Minimum numbers of bins in transit and beside it for a fit.
MIN_BINS_INSIDE, MIN_BINS_BESIDE = 3, 6
#: Bounds: radius ratio, duration over that of the ephemeris, shift in durations, square of impact parameter over 1 + k (the
#: square, because the derivative of a transit's shape by the impact itself is 0 at 0, where its error would be undefined).
RADIUS_RATIO_BOUNDS, DURATION_BOUNDS, MAX_SHIFT_DURATIONS, IMPACT_SQUARE_BOUNDS = (1e-3, 1.0), (0.25, 2.5), 0.5, (0.0, 0.99)
#: Maximum duration as a fraction of the period.
MAX_DURATION_FRACTION = 0.45
#: Starting values of the square.
IMPACT_SQUARE_STARTS = (0.04, 0.72)
#: Bins this many sigmas from the first fit are excluded from the second.
CLIP_SIGMA = 5.0
#: Prior standard deviation of the square.
IMPACT_SQUARE_PRIOR = 0.35
#: Prior standard deviation of both limb-darkening coefficients: stars from 4000 to 7000 K in one band, and errors of the models.
LIMB_DARKENING_PRIOR, LIMB_DARKENING_BOUNDS = 0.12, (0.0, 0.5)
#: Where the fit of one star's light is worse than this reduced chi-square, light of others is fitted, too; it is believed if it
#: improves chi-square, over the reduced one, by more than THIRD_LIGHT_CHI2. Exposures that are not known round off a transit
#: just so, so it is fitted only where they are known.
POOR_CHI2, THIRD_LIGHT_CHI2 = 1.3, 16.0
THIRD_LIGHT_BOUNDS, THIRD_LIGHT_STARTS = (0.0, 0.99), (0.4, 0.85)
#: Exposures shorter than this fraction of the duration hardly change a transit.
MIN_EXPOSURE_DURATIONS = 0.15
MODEL_POINTS = 241
#: Times at which the model of a transit is computed; between them it is interpolated.
TEMPLATE_POINTS = 481


@dataclass(frozen=True, eq=False)
class TransitFit:
    """Best-fitting transit of a body on a circular orbit.

    The model is that of batman with quadratic limb darkening near Sun-like values. Errors are 1
    sigma and include red noise. Where the exposures are not known, the one that fits best is used,
    and the error of the depth includes the others as far as they fit.

    Attributes
    ----------
    depth_ppm : float
        Flux missing at mid-transit, not averaged over an exposure, as in catalogs [ppm].
    depth_err_ppm : float
        Its error [ppm].
    duration_hours : float
        First to fourth contact [h].
    duration_err_hours : float
        Its error [h].
    t0_shift_hours : float
        Fitted minus predicted mid-transit [h].
    t0_shift_err_hours : float
        Its error [h].
    radius_ratio : float
        Planet to star radius ratio k.
    radius_ratio_err : float
        Its error.
    impact : float
        Impact parameter in stellar radii.
    impact_err : float
        Its error.
    density_solar : float or None
        Density of the star from duration and period on a circular orbit [Sun]; None for a single
        transit.
    density_err_solar : float or None
        Its error [Sun].
    density_max_solar : float or None
        Largest possible density, that of a central transit [Sun].
    flat_fraction : float
        T23/T14.
    grazing_sigma : float
        How much better a grazing transit (impact above 1 - k) fits than one that is just not
        grazing [σ]; 0 if it does not.
    chi2_reduced : float
        Reduced chi-square of the fit.
    hours : ndarray
        Times of the model curve from predicted mid-transit [h], shape (m,).
    model : ndarray
        Model curve averaged over exposures, relative deviations, shape (m,).
    period_days : float or None
        Period assumed [d]; None for a single transit.
    limb_darkening : tuple of float
        Quadratic limb-darkening coefficients.
    exposure_limit_hours : float
        What the exposures are limited to [h]; infinite if the longest possible ones fit best.
    exposure_chi2 : float
        By how much chi-square is better than with the next best exposures; infinite if these are
        known, or so short that they do not matter.
    third_light : float
        Fraction of the light that does not come from the star; 0 unless the shape of the transit
        demands it, as that of a diluted binary does.
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
    density_max_solar: float | None
    flat_fraction: float
    grazing_sigma: float
    chi2_reduced: float
    hours: NDArray[np.float64]
    model: NDArray[np.float64]
    period_days: float | None
    limb_darkening: tuple[float, float]
    exposure_limit_hours: float = np.inf
    exposure_chi2: float = np.inf
    third_light: float = 0.0

    def drop(self, hours: NDArray[np.float64], exposure_hours: float) -> NDArray[np.float64]:
        """Return the flux missing relative to that at mid-transit, averaged over exposures.

        Parameters
        ----------
        hours : ndarray
            Times from predicted mid-transit [h], shape (n,).
        exposure_hours : float
            Exposure time [h]; limited to `exposure_limit_hours`.

        Returns
        -------
        ndarray
            Missing flux over that of mid-transit, shape (n,).
        """
        exposure = min(exposure_hours, self.exposure_limit_hours)
        shape = TransitShape(hours, self.period_days, self.duration_hours, self.limb_darkening, exposure)
        missing = shape(self.radius_ratio, self.duration_hours, self.impact, self.t0_shift_hours)
        return missing * (1 - self.third_light) / (self.depth_ppm * 1e-6)

    def drop_each(self, hours: NDArray[np.float64], exposure_hours: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the missing flux like `drop`, for cadences that each have their own exposure.

        Parameters
        ----------
        hours : ndarray
            Times from predicted mid-transit [h], shape (n,).
        exposure_hours : ndarray
            Exposure time of each [h], shape (n,).

        Returns
        -------
        ndarray
            Missing flux over that of mid-transit, shape (n,); interpolated from a fine grid.
        """
        out = np.zeros(len(hours))
        limited = np.minimum(exposure_hours, self.exposure_limit_hours)
        for exposure in np.unique(limited):
            these = limited == exposure
            reach = self.duration_hours / 2 + exposure / 2
            grid = np.linspace(self.t0_shift_hours - reach, self.t0_shift_hours + reach, TEMPLATE_POINTS)
            out[these] = np.interp(hours[these], grid, self.drop(grid, float(exposure)), left=0.0, right=0.0)
        return out


@dataclass(frozen=True, eq=False)
class _BinnedTransit:
    hours: NDArray[np.float64]
    flat: NDArray[np.float64]
    sigma: NDArray[np.float64]
    exposure: NDArray[np.float64]
    shape: TransitShape
    duration: float
    period_days: float | None
    u: tuple[float, float]

    @classmethod
    def of(cls, bins: tuple[NDArray[np.float64], ...], duration: float, e: Ephemeris, u: tuple[float, float]) -> "_BinnedTransit":
        hours, flat, sigma, exposure = bins
        shape = TransitShape(hours, e.period_days, duration, u, exposure)
        return cls(hours, flat, sigma, exposure, shape, duration, e.period_days, u)


def fit_transit(
    events: Events, instrument: Mission, red_over_white: float = 0.0, start: TransitFit | None = None
) -> TransitFit | None:
    """Fit a transit model to leveled events.

    Parameters
    ----------
    events : Events
        Leveled events.
    instrument : Mission
        Mission, whose band sets the limb darkening.
    red_over_white : float, optional
        Red over white noise of one transit's depth; errors are widened by it.
    start : TransitFit, optional
        Fit of similar events to start from; its exposures are kept.

    Returns
    -------
    TransitFit or None
        Best fit; None with too few data or without a dip.
    """
    e = events.ephemeris
    duration = e.duration_hours
    if e.period_days is not None:
        duration = min(duration, MAX_DURATION_FRACTION * e.period_days * HOURS_PER_DAY)
    if len(events.hours) < MIN_BINS_INSIDE + MIN_BINS_BESIDE:
        return None
    longest = float(events.exposure_hours.max())
    limits = {start.exposure_limit_hours: 0.0} if start is not None else dict(events.exposure_limits)
    if longest < MIN_EXPOSURE_DURATIONS * duration:
        limits = {np.inf: 0.0}
    found: list[tuple[float, float, float, TransitFit]] = []
    for limit, chi2 in limits.items():
        exposure = np.minimum(events.exposure_hours, limit)
        fit = _fit_with_exposures(events, exposure, duration, instrument, red_over_white, start, known=len(limits) == 1)
        if fit is not None:
            found.append((fit[1] + chi2, limit, max(1.0, fit[0].chi2_reduced), fit[0]))
    if not found:
        return None
    total, limit, scale, best = min(found, key=lambda f: f[0])
    if len(found) == 1:
        return replace(best, exposure_limit_hours=limit)
    worse = [((f[0] - total) / scale, f[3].depth_ppm - best.depth_ppm) for f in found if f[3] is not best]
    weight = np.exp(-0.5 * np.array([w for w, _ in worse]))
    apart = float(np.sqrt(np.sum(weight * np.array([d for _, d in worse]) ** 2) / (1 + weight.sum())))
    ratio = float(np.hypot(best.depth_err_ppm, apart)) / max(best.depth_err_ppm, 1e-12)
    return replace(
        best,
        depth_err_ppm=ratio * best.depth_err_ppm,
        radius_ratio_err=float(np.hypot(best.radius_ratio_err, best.radius_ratio * apart / best.depth_ppm / 2)),
        exposure_limit_hours=limit,
        exposure_chi2=min(w for w, _ in worse),
    )


def _fit_with_exposures(
    events: Events,
    exposure: NDArray[np.float64],
    duration: float,
    instrument: Mission,
    red_over_white: float,
    start: TransitFit | None,
    known: bool,
) -> tuple[TransitFit, float] | None:
    """Fit the events with those exposures [h] (n,), known or tried; also return the chi-square of all bins, outliers clipped."""
    e, shortest = events.ephemeris, float(np.median(exposure))
    width = max(BIN_DURATIONS * duration, MIN_BIN_CADENCES * min(float(np.median(events.spacing_hours)), duration))
    bins = _weighted_bins(events, np.hypot(exposure, width), width)
    hours, flat, sigma = bins[:3]
    inside = np.abs(hours) < (duration + shortest) / 2
    if inside.sum() < MIN_BINS_INSIDE or (~inside).sum() < MIN_BINS_BESIDE:
        return None
    u = transit_model.limb_darkening(instrument)
    data = _BinnedTransit.of(bins, duration, e, u)
    middle = np.abs(hours) <= max(0.25 * duration, width)
    if not middle.any():
        return None
    dip = float(np.average(-flat[middle], weights=sigma[middle] ** -2.0))
    if not dip > 0:
        return None
    firsts = [None] if start is None else [_parameters(start, duration)]
    squares = IMPACT_SQUARE_STARTS if start is None else IMPACT_SQUARE_STARTS[:1]
    best = min((_least_squares_fit(data, dip, s, firsts[0]) for s in squares), key=lambda f: float(f.cost))
    residual = best.fun[: len(hours)]
    threshold = CLIP_SIGMA * max(1.0, _reduced_chi2(best) ** 0.5)
    kept = np.abs(residual) < threshold
    if not kept.all() and kept.sum() > MIN_BINS_INSIDE + MIN_BINS_BESIDE:
        data = _BinnedTransit.of(tuple(b[kept] for b in bins), duration, e, u)
        best = _least_squares_fit(data, dip, IMPACT_SQUARE_STARTS[0], best.x)
    if known:
        best = _with_third_light(data, dip, best)
    fit = _make_fit(data, best, red_over_white)
    return None if fit is None else (fit, 2 * float(best.cost) + float((~kept).sum()) * threshold**2)


def _with_third_light(data: _BinnedTransit, dip: float, best: Any) -> Any:
    """Return a fit with light of other stars where this is needed, else the fit itself."""
    poor = _reduced_chi2(best)
    if poor < POOR_CHI2:
        return best
    diluted = []
    for light in THIRD_LIGHT_STARTS:
        first = np.r_[best.x[:7], light]
        first[0] = min(float(np.sqrt(dip / (1 - light))), 0.95)
        diluted += [_least_squares_fit(data, dip, s, np.r_[first[:3], s, first[4:]]) for s in IMPACT_SQUARE_STARTS]
    found = min(diluted, key=lambda f: float(f.cost))
    return found if 2 * (best.cost - found.cost) > THIRD_LIGHT_CHI2 * max(1.0, _reduced_chi2(found)) else best


def _parameters(fit: TransitFit, duration: float) -> NDArray[np.float64]:
    """Return the parameter vector of a fit, level and difference of limb darkening 0."""
    square = (fit.impact / (1 + fit.radius_ratio)) ** 2
    known = [fit.radius_ratio, fit.duration_hours / duration, fit.t0_shift_hours / duration, square, 0.0, 0.0, 0.0]
    return np.array([*known, fit.third_light] if fit.third_light else known)


def _weighted_bins(
    events: Events, exposure: NDArray[np.float64], width: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return mean hours, weighted means, white errors and exposures of bins of that width [h], each (b,)."""
    number = np.rint(events.hours / width).astype(np.int64)
    number -= number.min()
    kinds, kind = np.unique(np.round(exposure, 4), return_inverse=True)
    cell = kind * (int(number.max()) + 1) + number
    w = events.sigma**-2.0
    total = np.bincount(cell, w)
    good = total > 0
    with np.errstate(all="ignore"):
        hours, flat = (np.bincount(cell, w * v) / total for v in (events.hours, events.flat))
    longest = np.asarray(kinds[np.arange(len(total)) // (int(number.max()) + 1)], dtype=np.float64)
    return hours[good], flat[good], np.asarray(total[good] ** -0.5), longest[good]


def _impact_parameter(p: NDArray[np.float64]) -> float:
    """Return the impact parameter of a parameter vector."""
    return float(np.sqrt(max(0.0, p[3])) * (1 + p[0]))


def _limb_darkening(p: NDArray[np.float64], u: tuple[float, float]) -> tuple[float, float]:
    """Return the limb-darkening coefficients of a parameter vector."""
    low, high = LIMB_DARKENING_BOUNDS
    return float(np.clip(u[0] + p[5], low, 2 * high)), float(np.clip(u[1] + p[6], low, high))


def _least_squares_fit(data: _BinnedTransit, dip: float, square: float, first: object = None, grazes: bool = False) -> Any:
    """Fit k, duration, shift, (impact / (1 + k))^2, level, how u1 and u2 differ, and third light if `first` has it.

    `grazes` fixes the impact at 1 - k.
    """
    from scipy.optimize import least_squares

    def residuals(p: NDArray[np.float64]) -> NDArray[np.float64]:
        k, t14, shift, _, level = p[:5]
        impact = max(0.0, 1 - float(k)) if grazes else _impact_parameter(p)
        missing = data.shape(k, t14 * data.duration, impact, shift * data.duration, _limb_darkening(p, data.u))
        if len(p) > 7:
            missing = missing * (1 - p[7])
        return np.concatenate([(data.flat - level + missing) / data.sigma, p[5:7] / LIMB_DARKENING_PRIOR])

    longest = DURATION_BOUNDS[1]
    if data.period_days is not None:
        longest = min(longest, max(1.01, MAX_DURATION_FRACTION * data.period_days * HOURS_PER_DAY / data.duration))
    k = float(np.clip(np.sqrt(max(dip, 1e-6)) * (1.0 if square < 0.5 else 1.25), 2e-3, 0.8))
    free = (-np.inf, np.inf)
    start = np.array([k, 1.0, 0.0, square, 0.0, 0.0, 0.0]) if first is None else np.array(first)
    limits = [RADIUS_RATIO_BOUNDS, (DURATION_BOUNDS[0], longest), (-MAX_SHIFT_DURATIONS, MAX_SHIFT_DURATIONS)]
    bounds = np.array([*limits, IMPACT_SQUARE_BOUNDS, free, free, free, THIRD_LIGHT_BOUNDS][: len(start)]).T
    start = np.clip(start, bounds[0] + 1e-6, bounds[1] - 1e-6)
    scale = np.array([max(k, 1e-2), 0.2, 0.1, 0.3, max(dip, 1e-6), 0.1, 0.1, 0.2])[: len(start)]
    return least_squares(residuals, start, bounds=bounds, x_scale=scale, max_nfev=40, ftol=1e-5, xtol=1e-5, gtol=1e-8)


def _reduced_chi2(found: Any) -> float:
    # the two priors of limb darkening are two more residuals and two more parameters
    return float(2 * found.cost / max(1, len(found.fun) - len(found.x)))


def _make_fit(data: _BinnedTransit, best: Any, red_over_white: float) -> TransitFit | None:
    k, t14, shift, square, level = (float(v) for v in best.x[:5])
    duration, impact, u = t14 * data.duration, _impact_parameter(best.x), _limb_darkening(best.x, data.u)
    third_light = float(best.x[7]) if len(best.x) > 7 else 0.0
    depth = transit_model.mid_depth(k, impact, u) * (1 - third_light)
    if not depth > 0:
        return None
    chi2 = _reduced_chi2(best)
    widen = max(1.0, chi2) * (1 + red_over_white**2)
    # the impact lies between 0 and 1 in any case: so wide a prior keeps the other errors finite if the data are weak
    fisher = best.jac.T @ best.jac / widen
    fisher[3, 3] += IMPACT_SQUARE_PRIOR**-2
    covariance = np.linalg.pinv(fisher, rcond=1e-15, hermitian=True)
    error = np.sqrt(np.maximum(0.0, np.diag(covariance)))
    to_depth = np.zeros(len(best.x))
    for i, step in ((0, max(1e-5, 1e-3 * k)), (3, 1e-3), (5, 1e-3), (6, 1e-3)):
        moved = best.x.copy()
        moved[i] = moved[i] - step if i == 3 and moved[i] + step > IMPACT_SQUARE_BOUNDS[1] else moved[i] + step
        there = transit_model.mid_depth(moved[0], _impact_parameter(moved), _limb_darkening(moved, data.u)) * (1 - third_light)
        to_depth[i] = (there - depth) / (moved[i] - best.x[i])
    to_depth[7:] = -depth / (1 - third_light)
    depth_err = float(np.sqrt(max(0.0, float(to_depth @ covariance @ to_depth))))
    period_days = data.period_days
    period = transit_model.period_or_stand_in(period_days, data.duration)
    density = density_err = most = None
    if period_days is not None:
        density, density_err = _density_with_error(best.x, covariance, data.duration, period)
        most = transit_model.density_solar(period, transit_model.a_over_rstar(period, duration, k, 0.0))
    grazing = 0.0
    if impact > 1 - k:
        held = _least_squares_fit(data, depth, square, best.x, grazes=True)
        grazing = float(np.sqrt(max(0.0, 2 * (held.cost - best.cost)) / widen))
    hours = np.linspace(float(data.hours.min()), float(data.hours.max()), MODEL_POINTS)
    curve = TransitShape(hours, period_days, data.duration, u, float(np.median(data.exposure)))
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
        density_max_solar=most,
        flat_fraction=transit_model.flat_fraction(period, duration, k, impact),
        grazing_sigma=grazing,
        chi2_reduced=chi2,
        hours=hours,
        model=level - curve(k, duration, impact, shift * data.duration) * (1 - third_light),
        period_days=period_days,
        limb_darkening=u,
        third_light=third_light,
    )


def _density_with_error(
    x: NDArray[np.float64], covariance: NDArray[np.float64], duration: float, period: float
) -> tuple[float, float]:
    """Return the star's density [Sun] and its error from the covariance of the fit."""

    def of(p: NDArray[np.float64]) -> float:
        return transit_model.density_solar(
            period, transit_model.a_over_rstar(period, p[1] * duration, p[0], _impact_parameter(p))
        )

    here, slope = of(x), np.zeros(len(x))
    for i in (0, 1, 3):
        moved = x.copy()
        moved[i] += (-1e-3 if x[i] > 0.5 else 1e-3) * max(abs(x[i]), 1e-2)
        slope[i] = (of(moved) - here) / (moved[i] - x[i])
    return here, float(np.sqrt(max(0.0, float(slope @ covariance @ slope))))
