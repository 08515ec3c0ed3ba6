"""Changes to the adopted ephemeris: edited values, or the best fit to the transits."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import HOURS_PER_DAY, Ephemeris
from astroseq_core.errors import EphemerisError
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, time_span
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.vetting.box_depths import BoxDepths, box_depths_per_observation, red_over_white
from astroseq_core.vetting.depths import measure_single_transits, transit_steepness, transit_template
from astroseq_core.vetting.events import Events, gather_events, level_events
from astroseq_core.vetting.fold import masked_detrended_flux
from astroseq_core.vetting.odd_even import mean_depth
from astroseq_core.vetting.separate import separate_signals
from astroseq_core.vetting.transit_fit import TransitFit, fit_transit

#: The grid search moves the transit at either end of the data, and all of them together, by up to this many durations, in
#: steps of this many durations.
SEARCH_REACH_DURATIONS, SEARCH_STEP_DURATIONS = 1.5, 1 / 6
#: Maximum number of linear corrections of epoch and period; they end when both move by less than this fraction of their errors.
MAX_ROUNDS, CONVERGED_SIGMA = 6, 0.1
#: Minimum significance of a dip for fitting an ephemeris [sigma].
MIN_SIGMA = 4.0


def scale_period(e: Ephemeris, factor: float) -> Ephemeris:
    """Multiply the period of an ephemeris, and its error, by a factor.

    Parameters
    ----------
    e : Ephemeris
        Ephemeris with a period.
    factor : float
        Factor, such as 2 or 1/2.

    Returns
    -------
    Ephemeris
        The changed ephemeris.

    Raises
    ------
    EphemerisError
        If it is a single transit.
    """
    if e.period_days is None:
        raise EphemerisError(f"{e.name} is a single transit and has no period to change; type one in first.")
    return replace(e, period_days=e.period_days * factor, period_err=e.period_err * factor)


def edit_ephemeris(e: Ephemeris, period_days: float | None, t0: Instant, duration_hours: float) -> Ephemeris:
    """Replace the period, epoch and duration of an ephemeris.

    The error of a changed value is set to 0, and the depth is dropped if anything changed.

    Parameters
    ----------
    e : Ephemeris
        Ephemeris to change.
    period_days : float or None
        Period [d]; None for a single transit.
    t0 : Instant
        Epoch of mid-transit.
    duration_hours : float
        Duration [h].

    Returns
    -------
    Ephemeris
        The changed ephemeris.

    Raises
    ------
    EphemerisError
        If the values are not valid, such as a duration as long as the period.
    """
    same_period, same_t0 = period_days == e.period_days, t0 == e.t0
    same = same_period and same_t0 and duration_hours == e.duration_hours
    return replace(
        e,
        period_days=period_days,
        t0=t0,
        duration_hours=duration_hours,
        period_err=e.period_err if same_period else 0.0,
        t0_err=e.t0_err if same_t0 else 0.0,
        depth_ppm=e.depth_ppm if same else None,
    )


def refine_ephemeris(detrended: Sequence[DetrendedLightCurve], e: Ephemeris, others: Sequence[Ephemeris] = ()) -> Ephemeris:
    """Fit epoch, period, duration and depth of an ephemeris to the observations.

    Epoch and period are first searched on a grid of box depths around the given values, then
    corrected by weighted least squares of all transits together with the fitted shape. Errors
    include red noise. The new epoch lies near the middle of the transits.

    Parameters
    ----------
    detrended : sequence of DetrendedLightCurve
        Detrended light curves, one per observation.
    e : Ephemeris
        Starting ephemeris.
    others : sequence of Ephemeris, optional
        Other signals of the star, whose transits are excluded, or subtracted where they coincide; see
        `separate_signals`.

    Returns
    -------
    Ephemeris
        The best-fitting ephemeris, with errors.

    Raises
    ------
    EphemerisError
        If there is no observation, no transit with data in and beside it, or too faint a dip.
    """
    if not detrended:
        raise EphemerisError(f"{e.name}: there is no light curve to refine it with; open the star with at least one.")
    system = detrended[0].system
    others = tuple(o for o in others if o is not e)
    here = replace(e, t0=e.t0.to(system))
    apart = separate_signals(detrended, _masked_fluxes(detrended, here, others), here, others)
    here = _search_grid(detrended, apart.flats, here, apart.masked)
    flats = apart.subtract(detrended, _masked_fluxes(detrended, here, others))
    events, fit, boxes = _gather_and_fit(detrended, flats, here, apart.masked)
    transits = measure_single_transits(events, detrended, fit, [b.red_noise for b in boxes])
    found = mean_depth(transits)
    if fit is None or found is None:
        raise EphemerisError(f"{e.name}: no transit of it has data in and beside it here, so nothing can be fitted.")
    if found[0] < MIN_SIGMA * found[1]:
        raise EphemerisError(
            f"{e.name}: the dip of {found[0]:.0f} ± {found[1]:.0f} ppm is too faint to fix its period; keep the one given."
        )
    best = here
    for _ in range(MAX_ROUNDS):
        best, moved = _correct_once(detrended, flats, best, apart.masked, system)
        if moved < CONVERGED_SIGMA:
            break
    flats = apart.subtract(detrended, _masked_fluxes(detrended, best, others))
    _, fit, _ = _gather_and_fit(detrended, flats, best, apart.masked)
    if fit is None:
        raise EphemerisError(f"{e.name}: the fit lost the transit; keep the period and epoch given.")
    limit = math.inf if best.period_days is None else 0.9 * best.period_days * HOURS_PER_DAY
    return replace(best, duration_hours=min(fit.duration_hours, limit), depth_ppm=fit.depth_ppm)


def _masked_fluxes(
    detrended: Sequence[DetrendedLightCurve], e: Ephemeris, others: Sequence[Ephemeris]
) -> list[NDArray[np.float64]]:
    return [masked_detrended_flux(c, (e, *others)) for c in detrended]


def _search_grid(
    detrended: Sequence[DetrendedLightCurve], flats: Sequence[NDArray[np.float64]], e: Ephemeris, others: Sequence[Ephemeris]
) -> Ephemeris:
    """Return the grid ephemeris with the most significant box depths, epoch near mid-data."""
    boxes = box_depths_per_observation(detrended, flats, e, others, own=True)
    system = e.t0.system
    start, stop = time_span(detrended, system)
    steps = (
        np.arange(
            -round(SEARCH_REACH_DURATIONS / SEARCH_STEP_DURATIONS), round(SEARCH_REACH_DURATIONS / SEARCH_STEP_DURATIONS) + 1
        )
        * SEARCH_STEP_DURATIONS
        * e.duration_days
    )
    if e.period_days is None:
        middle, numbers, slopes = e.t0.days, np.zeros(1, dtype=np.int64), np.zeros(1)
    else:
        middle = e.t0.days + round(((start + stop) / 2 - e.t0.days) / e.period_days) * e.period_days
        numbers = np.arange(math.ceil((start - middle) / e.period_days), math.floor((stop - middle) / e.period_days) + 1)
        most = max(1, int(np.max(np.abs(numbers), initial=1)))
        slopes = steps / most
        # the period must not move so far that a transit is replaced by a neighboring one
        slopes = slopes[np.abs(slopes) < 0.2 * e.period_days]
    best, where = -math.inf, (0.0, 0.0)
    for slope in slopes:
        mids = middle + numbers * ((e.period_days or 0.0) + slope)
        when = (mids[None, :] + steps[:, None]).ravel()
        total, weight = np.zeros(len(steps)), np.zeros(len(steps))
        for box in boxes:
            depth, error = box.at(when - (box.system.zero_bjd - system.zero_bjd))
            good = np.isfinite(depth) & (error > 0)
            w = np.where(good, 1 / np.where(good, error, 1.0) ** 2, 0.0).reshape(len(steps), -1)
            total += (w * np.where(good, depth, 0.0).reshape(w.shape)).sum(axis=1)
            weight += w.sum(axis=1)
        value = np.where(weight > 0, total / np.sqrt(np.maximum(weight, 1e-300)), -math.inf)
        # of equals, prefer the one nearest to the given ephemeris
        value = value - 1e-3 * (np.abs(steps) + abs(slope) * len(numbers)) / e.duration_days
        if float(value.max()) > best:
            best, where = float(value.max()), (float(steps[int(np.argmax(value))]), float(slope))
    period = None if e.period_days is None else e.period_days + where[1]
    return replace(e, t0=Instant(middle + where[0], system), period_days=period)


def _gather_and_fit(
    detrended: Sequence[DetrendedLightCurve], flats: Sequence[NDArray[np.float64]], e: Ephemeris, others: Sequence[Ephemeris]
) -> tuple[Events, TransitFit | None, list[BoxDepths]]:
    events = gather_events(detrended, flats, e, others)
    boxes = box_depths_per_observation(detrended, flats, e, others)
    return events, fit_transit(level_events(events), detrended[0].light_curve.instrument, red_over_white(boxes)), boxes


def _correct_once(
    detrended: Sequence[DetrendedLightCurve],
    flats: Sequence[NDArray[np.float64]],
    e: Ephemeris,
    others: Sequence[Ephemeris],
    system: TimeSystem,
) -> tuple[Ephemeris, float]:
    """Make one linear correction of epoch and period; also return its size in units of the errors.

    Each cadence is modeled as a level and a slope of its transit minus depth times shape. The
    derivatives by the epoch and, multiplied by the transit number, by the period are fitted with
    the depth for all transits together.
    """
    events, fit, boxes = _gather_and_fit(detrended, flats, e, others)
    if fit is None:
        raise EphemerisError(f"{e.name}: the fit lost the transit; keep the period and epoch given.")
    level = level_events(events)
    depth = fit.depth_ppm * 1e-6
    shape, slope = transit_template(level, fit), transit_steepness(level, fit) / depth
    w = level.sigma**-2.0
    number = level.number[level.event].astype(np.float64)
    covered = level.total((np.abs(slope) > 1e-6).astype(np.float64)) > 0
    if not covered.any():
        raise EphemerisError(f"{e.name}: no transit has data at its ends, so its time cannot be told.")
    middle = 0
    if e.period_days is not None:
        middle = round(float(np.average(number, weights=w * slope**2)))
    residual = level.flat + depth * shape - float(np.average(level.flat + depth * shape, weights=w))
    columns = [np.ones(len(shape)), -shape, depth * slope]
    several = e.period_days is not None and len(np.unique(level.number[covered])) > 1
    if several:
        columns.append(depth * slope * (number - middle))
    a = np.stack(columns, axis=1) * np.sqrt(w)[:, None]
    scale = np.sqrt((a * a).sum(axis=0))
    inverse = np.linalg.pinv((a / scale).T @ (a / scale), rcond=1e-10, hermitian=True)
    found = inverse @ (a / scale).T @ (residual * np.sqrt(w)) / scale
    left = residual * np.sqrt(w) - a @ found
    widen = max(1.0, float(np.mean(np.minimum(left**2, 25.0))))
    widen *= 1 + red_over_white(boxes) ** 2
    error = np.sqrt(np.maximum(0.0, np.diag(inverse) * widen)) / scale / HOURS_PER_DAY
    # no further than the linear approximation holds
    shift = float(np.clip(found[2], -0.2 * e.duration_hours, 0.2 * e.duration_hours)) / HOURS_PER_DAY
    period, period_err, moved = e.period_days, 0.0, abs(shift) / max(float(error[2]), 1e-12)
    change = 0.0
    if several and period is not None:
        most = max(1.0, float(np.max(np.abs(level.number[covered] - middle))))
        change = float(np.clip(found[3] / HOURS_PER_DAY, -0.2 * e.duration_days / most, 0.2 * e.duration_days / most))
        period_err = float(error[3])
        moved = max(moved, abs(change) / max(period_err, 1e-15))
        period += change
    t0 = e.t0.days + middle * (e.period_days or 0.0) + shift + fit.t0_shift_hours / HOURS_PER_DAY
    if not several and e.period_days is not None:
        period_err = e.period_err
    best = replace(e, t0=Instant(t0, system), period_days=period, t0_err=float(error[2]), period_err=period_err)
    return best, moved
