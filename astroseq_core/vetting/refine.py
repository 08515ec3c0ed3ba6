"""The ephemeris in hand: other periods and epochs by hand, and the best ones by a fit to the transits."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import HOURS_PER_DAY, Ephemeris
from astroseq_core.errors import EphemerisError
from astroseq_core.lightcurves.prepare import PreparedCurve
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.vetting.box_depth import BoxDepths, boxes_of, red_over_white
from astroseq_core.vetting.events import Events, gather, levelled
from astroseq_core.vetting.fold import masked_flat
from astroseq_core.vetting.odd_even import mean_depth
from astroseq_core.vetting.single_transits import single_transits
from astroseq_core.vetting.transit_fit import TransitFit, fit_transit

#: The first search moves the transit at either end of the data, and all of them together, by up to so many durations, in steps
#: of this part of one.
FARTHEST, STEP = 1.5, 1 / 6
#: Linear corrections of epoch and period are repeated so often, and end when they move by less than this part of their errors.
ROUNDS, SETTLED = 6, 0.1
#: A dip of fewer sigmas fixes no ephemeris.
LEAST_SIGMA = 4.0
#: Shape of the transit's ends for their slope [h]: a difference over this part of the duration.
SLOPE_PART = 0.01


def scaled(e: Ephemeris, factor: float) -> Ephemeris:
    """The ephemeris with its period, and the period's error, times ``factor``; raises EphemerisError for a single transit."""
    if e.period_days is None:
        raise EphemerisError(f"{e.name} is a single transit and has no period to change; type one in first.")
    return replace(e, period_days=e.period_days * factor, period_err=e.period_err * factor)


def shifted(e: Ephemeris, phase: float) -> Ephemeris:
    """The ephemeris with its epoch moved by that part of the period (-1 to 1); raises EphemerisError for a single transit."""
    if e.period_days is None:
        raise EphemerisError(f"{e.name} is a single transit and has no phase; give its epoch instead.")
    return replace(e, t0=Instant(e.t0.days + phase * e.period_days, e.t0.system))


def with_values(e: Ephemeris, period_days: float | None, t0: Instant, duration_hours: float) -> Ephemeris:
    """The ephemeris with a person's values; errors and depth of what changed are forgotten.

    Raises EphemerisError for values that are none (a duration as long as the period).
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


def refined(prepared: Sequence[PreparedCurve], e: Ephemeris, others: Sequence[Ephemeris] = ()) -> Ephemeris:
    """The ephemeris that fits the observations best, with errors: epoch near the middle of the transits, period, duration, depth.

    Epoch and period are first searched for by the depth of a box over so many durations around those given, then corrected by
    weighted least squares of all transits together with the fitted shape (errors with red noise in). Raises EphemerisError where
    the observations hold no transit of it, or too faint a one.
    """
    if not prepared:
        raise EphemerisError(f"{e.name}: there is no light curve to refine it with; open the star with at least one.")
    system = prepared[0].system
    others = tuple(o for o in others if o is not e)
    here = replace(e, t0=e.t0.to(system))
    flats = _flats(prepared, here, others)
    here = _searched(prepared, flats, here, others)
    flats = _flats(prepared, here, others)
    events, fit, boxes = _fitted(prepared, flats, here, others)
    transits = single_transits(events, prepared, fit, [b.red for b in boxes])
    found = mean_depth(transits)
    if fit is None or found is None:
        raise EphemerisError(f"{e.name}: no transit of it has data in and beside it here, so nothing can be fitted.")
    if found[0] < LEAST_SIGMA * found[1]:
        raise EphemerisError(
            f"{e.name}: the dip of {found[0]:.0f} ± {found[1]:.0f} ppm is too faint to fix its period; keep the one given."
        )
    best = here
    for _ in range(ROUNDS):
        best, moved = _corrected(prepared, flats, best, others, system)
        if moved < SETTLED:
            break
    flats = _flats(prepared, best, others)
    _, fit, _ = _fitted(prepared, flats, best, others)
    if fit is None:
        raise EphemerisError(f"{e.name}: the fit lost the transit; keep the period and epoch given.")
    limit = math.inf if best.period_days is None else 0.9 * best.period_days * HOURS_PER_DAY
    return replace(best, duration_hours=min(fit.duration_hours, limit), depth_ppm=fit.depth_ppm)


def _flats(prepared: Sequence[PreparedCurve], e: Ephemeris, others: Sequence[Ephemeris]) -> list[NDArray[np.float64]]:
    return [masked_flat(c, (e, *others)) for c in prepared]


def _searched(
    prepared: Sequence[PreparedCurve], flats: Sequence[NDArray[np.float64]], e: Ephemeris, others: Sequence[Ephemeris]
) -> Ephemeris:
    """The ephemeris on whose transits boxes are deepest, by their whole significance; epoch near the middle of the data."""
    boxes = boxes_of(prepared, flats, e, others, own=True)
    system = e.t0.system
    start = min(float(c.time[0]) + c.system.zero_bjd for c in prepared) - system.zero_bjd
    stop = max(float(c.time[-1]) + c.system.zero_bjd for c in prepared) - system.zero_bjd
    steps = np.arange(-round(FARTHEST / STEP), round(FARTHEST / STEP) + 1) * STEP * e.duration_days
    if e.period_days is None:
        middle, numbers, slopes = e.t0.days, np.zeros(1, dtype=np.int64), np.zeros(1)
    else:
        middle = e.t0.days + round(((start + stop) / 2 - e.t0.days) / e.period_days) * e.period_days
        numbers = np.arange(math.ceil((start - middle) / e.period_days), math.floor((stop - middle) / e.period_days) + 1)
        most = max(1, int(np.max(np.abs(numbers), initial=1)))
        slopes = steps / most
        # a period may not move so far that a neighbour's transit takes the place of its own
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
        # of equals the nearest to what was given
        value = value - 1e-3 * (np.abs(steps) + abs(slope) * len(numbers)) / e.duration_days
        if float(value.max()) > best:
            best, where = float(value.max()), (float(steps[int(np.argmax(value))]), float(slope))
    period = None if e.period_days is None else e.period_days + where[1]
    return replace(e, t0=Instant(middle + where[0], system), period_days=period)


def _fitted(
    prepared: Sequence[PreparedCurve], flats: Sequence[NDArray[np.float64]], e: Ephemeris, others: Sequence[Ephemeris]
) -> tuple[Events, TransitFit | None, list[BoxDepths]]:
    events = gather(prepared, flats, e, others)
    boxes = boxes_of(prepared, flats, e, others)
    return events, fit_transit(levelled(events), prepared[0].curve.instrument, red_over_white(boxes)), boxes


def _corrected(
    prepared: Sequence[PreparedCurve],
    flats: Sequence[NDArray[np.float64]],
    e: Ephemeris,
    others: Sequence[Ephemeris],
    system: TimeSystem,
) -> tuple[Ephemeris, float]:
    """One linear correction of epoch and period, and how far it moved them in their errors.

    The model of each cadence is a level and a slope of its transit, less the depth times the shape; its derivatives by the epoch
    and, times the transit's number, by the period are fitted with the depth for all transits together.
    """
    events, fit, boxes = _fitted(prepared, flats, e, others)
    if fit is None:
        raise EphemerisError(f"{e.name}: the fit lost the transit; keep the period and epoch given.")
    level = levelled(events)
    step = SLOPE_PART * e.duration_hours
    shape, slope = np.zeros(len(level.hours)), np.zeros(len(level.hours))
    for cadence in np.unique(np.round(level.cadence_hours, 3)):
        these = np.round(level.cadence_hours, 3)[level.event] == cadence
        h = level.hours[these]
        shape[these] = fit.drop(h, float(cadence))
        slope[these] = (fit.drop(h + step, float(cadence)) - fit.drop(h - step, float(cadence))) / (2 * step)
    w = level.sigma**-2.0
    number = level.number[level.event].astype(np.float64)
    covered = level.total((np.abs(slope) > 1e-6).astype(np.float64)) > 0
    if not covered.any():
        raise EphemerisError(f"{e.name}: no transit has data at its ends, so its time cannot be told.")
    middle = 0
    if e.period_days is not None:
        middle = round(float(np.average(number, weights=w * slope**2)))
    depth = fit.depth_ppm * 1e-6
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
    # never further than a linear step is good for
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
