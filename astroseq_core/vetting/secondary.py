"""Secondary eclipse search: a second dip means that the companion is luminous."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.preprocessing import noise
from astroseq_core.vetting.box_depths import OWN_TRANSIT_WIDEN, BoxDepths
from astroseq_core.vetting.transit_fit import TransitFit

#: Number of trial phases per duration, and of finer ones around the strongest dip.
PHASES_PER_DURATION, FINE_PHASES_PER_DURATION = 4, 16
#: Minimum distance of trial phases from the transit [durations]: a box there does not touch the transit, which is excluded
#: with its duration widened.
MIN_FROM_TRANSIT_DURATIONS = (1 + OWN_TRANSIT_WIDEN) / 2
#: A dip that begins right at the transit's end goes on from it, as a tail does, while it gets shallower away from the transit. It
#: ends where it is this much deeper again than at its shallowest [sigma], where it is gone, or at this phase.
TAIL_RISE_SIGMA, TAIL_MAX_PHASE = 1.0, 0.25
#: Around phase 0.5 and the strongest dip, these many durations are left out when the scatter of the depths is measured.
DIP_DURATIONS = 1.0
#: Beside a dip the level is measured too low, which looks like a brightening; this many durations away it no longer does.
BESIDE_DIP_DURATIONS = 3.0
#: Minimum number of phases a duration apart from which the scatter of the depths is measured.
MIN_PHASES = 8
#: The scatter of the depths makes errors smaller only if it is below them by this many of its own errors [sigma], and by no more
#: than this factor: an eclipse also bends the trend, which other phases do not tell.
SCATTER_SIGMA, MIN_SCATTER = 1.0, 0.5
MAX_PHASES = 20_000
#: Minimum significance [sigma] of a transit whose shape is used for eclipses, and minimum ratio of mean to central depth.
MIN_SHAPE_SIGMA, MIN_FILL_FRACTION = 7.0, 0.4
#: A dip comes back if the orbits other than its strongest have it at this significance [sigma] and, within two errors, at
#: this fraction of the strongest one's depth.
RETURNING_SIGMA, RETURNING_FRACTION = 2.0, 0.5


@dataclass(frozen=True, eq=False)
class SecondarySearch:
    """Depths of an eclipse as long as the transit at other phases of the orbit.

    Attributes
    ----------
    half_depth_ppm : float or None
        Depth at phase 0.5 [ppm]; None without data there.
    half_err_ppm : float or None
        Its error [ppm].
    half_sigma : float or None
        Its significance [σ].
    strongest_phase : float or None
        Phase of the most significant dip anywhere outside the transit.
    strongest_depth_ppm : float or None
        Its depth [ppm].
    strongest_err_ppm : float or None
        Its error [ppm].
    strongest_sigma : float or None
        Its significance [σ].
    strongest_orbits : int
        Number of orbits with data at the strongest dip.
    strongest_returns : bool
        Whether the strongest dip is there without the orbit in which it is most significant.
    phase : ndarray
        Trial phases in [0, 1), shape (m,).
    depth_ppm : ndarray
        Depths [ppm], shape (m,); NaN near the transit and where data are missing.
    sigma : ndarray
        Significances [σ], shape (m,); NaN where the depth is.
    brightest_sigma : float
        Significance of the strongest brightening [σ], which a real secondary must exceed.
    scatter : float
        Scatter of the depths from phase to phase in units of what their noise over single orbits would give, by which the
        errors given are multiplied. It is below 1, but not below `MIN_SCATTER`, where waves of the star cancel over the
        orbits; the errors are never below those of white noise.
    tail_phase : float or None
        Phase at which the depth right beside the transit, which goes on from it and is not searched, is most
        significant; None if there is no such dip.
    tail_depth_ppm : float or None
        Its depth [ppm].
    tail_err_ppm : float or None
        Its error [ppm].
    masked : bool
        Whether the strongest dip was left out of the detrending, which deepens a dip of noise, too.
    """

    half_depth_ppm: float | None
    half_err_ppm: float | None
    half_sigma: float | None
    strongest_phase: float | None
    strongest_depth_ppm: float | None
    strongest_err_ppm: float | None
    strongest_sigma: float | None
    strongest_orbits: int
    strongest_returns: bool
    phase: NDArray[np.float64]
    depth_ppm: NDArray[np.float64]
    sigma: NDArray[np.float64]
    brightest_sigma: float
    scatter: float
    tail_phase: float | None = None
    tail_depth_ppm: float | None = None
    tail_err_ppm: float | None = None
    masked: bool = False


def trial_phases(ephemeris: Ephemeris) -> NDArray[np.float64]:
    """Return the trial phases of the secondary search; 0.5 is one of them.

    Parameters
    ----------
    ephemeris : Ephemeris
        Ephemeris with a period.

    Returns
    -------
    ndarray
        Phases in [0, 1), shape (m,).
    """
    assert ephemeris.period_days is not None
    half = int(min(MAX_PHASES, max(4, math.ceil(PHASES_PER_DURATION * ephemeris.period_days / ephemeris.duration_days)))) // 2
    return np.arange(2 * half) / (2 * half)


def box_fill_fraction(fit: TransitFit | None, duration_hours: float) -> float:
    """Return the ratio of an eclipse's mean depth over a box to its depth at the middle.

    The eclipse has the total and flat duration of the fitted transit.

    Parameters
    ----------
    fit : TransitFit or None
        Fitted transit.
    duration_hours : float
        Duration of the box [h].

    Returns
    -------
    float
        Ratio, at least `LEAST_FILLED`; 1 if the transit is not fitted or too faint for its shape to
        be known.

    Examples
    --------
    >>> box_fill_fraction(None, 3.0)
    1.0
    """
    if fit is None or fit.depth_ppm < MIN_SHAPE_SIGMA * fit.depth_err_ppm:
        return 1.0
    hours = (np.arange(100) + 0.5) / 200 * duration_hours
    ramp = max(fit.duration_hours * (1 - fit.flat_fraction) / 2, 1e-6)
    return max(MIN_FILL_FRACTION, float(np.mean(np.clip((fit.duration_hours / 2 - hours) / ramp, 0.0, 1.0))))


def search_secondary(boxes: Sequence[BoxDepths], ephemeris: Ephemeris, fill: float = 1.0) -> SecondarySearch | None:
    """Search all phases of the orbit for a secondary eclipse.

    Parameters
    ----------
    boxes : sequence of BoxDepths
        Box depths of each observation, with the transits excluded.
    ephemeris : Ephemeris
        Ephemeris of the signal.
    fill : float, optional
        Ratio of mean to central depth over a box (see `filled`); depths are divided by it.

    Returns
    -------
    SecondarySearch or None
        Result; None for a single transit or without data.
    """
    if ephemeris.period_days is None:
        return None
    phase = trial_phases(ephemeris)
    share = ephemeris.duration_days / ephemeris.period_days
    depth, error, _, white = _mean_depths(boxes, ephemeris, phase)
    depth = np.where(np.minimum(phase, 1 - phase) < MIN_FROM_TRANSIT_DURATIONS * share, np.nan, depth)
    tail, tail_depth, limits = _leave_tails_out(phase, depth, error, MIN_FROM_TRANSIT_DURATIONS * share)
    known = np.isfinite(depth)
    if not known.any():
        return None
    deepest = float(phase[known][np.argmax(depth[known] / error[known])])
    calm = known & (_distance(phase, 0.5) > DIP_DURATIONS * share) & (_distance(phase, deepest) > DIP_DURATIONS * share)
    scatter = 1.0
    if calm.sum() >= MIN_PHASES * PHASES_PER_DURATION:
        scatter = _scatter(depth[calm] / error[calm])
    error = np.maximum(error * scatter, white)
    middle = len(phase) // 2
    at_half: tuple[float | None, ...] = (None, None, None)
    if known[middle]:
        at_half = (depth[middle] / fill * 1e6, error[middle] / fill * 1e6, depth[middle] / error[middle])
    best_phase, best_depth, best_err, best_white = _refine_dip(boxes, ephemeris, deepest, share, limits)
    best_err = max(best_err * scatter, best_white)
    each = _depths_in_orbits(boxes, ephemeris, np.array([best_phase]))
    from_dip = known & (_distance(phase, deepest) > BESIDE_DIP_DURATIONS * share)
    brightest = float(np.max(-(depth / error)[from_dip], initial=0.0))
    return SecondarySearch(
        half_depth_ppm=_float_or_none(at_half[0]),
        half_err_ppm=_float_or_none(at_half[1]),
        half_sigma=_float_or_none(at_half[2]),
        strongest_phase=best_phase,
        strongest_depth_ppm=best_depth / fill * 1e6,
        strongest_err_ppm=best_err / fill * 1e6,
        strongest_sigma=best_depth / best_err,
        strongest_orbits=len(each.depth),
        strongest_returns=_returns(each.depth, each.error * max(1.0, scatter)),
        phase=phase,
        depth_ppm=depth / fill * 1e6,
        sigma=depth / error,
        brightest_sigma=brightest,
        scatter=scatter,
        tail_phase=None if tail is None else float(phase[tail]),
        tail_depth_ppm=None if tail is None else tail_depth / fill * 1e6,
        tail_err_ppm=None if tail is None else float(error[tail]) / fill * 1e6,
    )


def _leave_tails_out(
    phase: NDArray[np.float64], depth: NDArray[np.float64], error: NDArray[np.float64], nearest: float
) -> tuple[int | None, float, tuple[float, float]]:
    """Set the depths to NaN that go on from the transit, on both sides.

    Returns the place and the depth of the most significant of them (None without), and the range of phases that is left.
    """
    places, limits = [], [nearest, 1 - nearest]
    for side in (0, 1):
        away = phase if side == 0 else 1 - phase
        inside = np.flatnonzero(np.isfinite(depth) & (away <= TAIL_MAX_PHASE))
        ordered = inside[np.argsort(away[inside])]
        lowest = None
        for at, place in enumerate(ordered):
            if depth[place] <= 0 or (
                lowest is not None and depth[place] > depth[ordered[lowest]] + TAIL_RISE_SIGMA * error[place]
            ):
                break
            if lowest is None or depth[place] < depth[ordered[lowest]]:
                lowest = at
        if lowest is None:
            continue
        places += list(ordered[: lowest + 1])
        limits[side] = float(phase[ordered[lowest]])
    if not places:
        return None, 0.0, (limits[0], limits[1])
    strongest = max(places, key=lambda i: float(depth[i] / error[i]))
    found = float(depth[strongest])
    depth[places] = np.nan
    return strongest, found, (limits[0], limits[1])


def _scatter(sigma: NDArray[np.float64]) -> float:
    """Return the factor by which errors are too small or, for certain, too large, from significances at calm phases."""
    measured = noise.robust_sigma(sigma)
    sure = measured * (1 + SCATTER_SIGMA / math.sqrt(2 * len(sigma) / PHASES_PER_DURATION))
    return measured if measured > 1 else min(1.0, max(MIN_SCATTER, sure))


def _distance(phase: NDArray[np.float64], center: float) -> NDArray[np.float64]:
    """Return the distances of phases from one, around the orbit."""
    return np.abs((phase - center + 0.5) % 1.0 - 0.5)


def _refine_dip(
    boxes: Sequence[BoxDepths], e: Ephemeris, phase: float, share: float, limits: tuple[float, float]
) -> tuple[float, float, float, float]:
    """Return phase, relative depth, error and white error of a dip, found among finer phases inside the limits.

    Significance is flat around its maximum, so the phase is the center of the phases that are
    within half a sigma, or a twentieth, of it.
    """
    steps = np.arange(-FINE_PHASES_PER_DURATION, FINE_PHASES_PER_DURATION + 1) / FINE_PHASES_PER_DURATION
    fine = phase + steps * share / 2
    fine = fine[(fine > limits[0]) & (fine < limits[1])]
    # the scatter of few orbits, which widens the error, varies too much between phases to choose by it
    depth, error, plain, white = _mean_depths(boxes, e, np.append(fine, phase))
    sigma = np.where(np.isfinite(depth), depth / plain, -np.inf)
    top = np.flatnonzero(sigma >= min(0.95 * sigma.max(), sigma.max() - 0.5))
    where = np.append(fine, phase)[top]
    best = top[int(np.argmin(np.abs(where - np.average(where, weights=np.maximum(sigma[top], 1e-9)))))]
    return float(np.append(fine, phase)[best]), float(depth[best]), float(error[best]), float(white[best])


def _returns(depth: NDArray[np.float64], error: NDArray[np.float64]) -> bool:
    """Return whether a dip is there without the orbit in which it is most significant."""
    if len(depth) < 2:
        return False
    strongest = int(np.argmax(depth / error))
    others = np.arange(len(depth)) != strongest
    weight = error[others] ** -2
    rest, rest_err = float(np.sum(weight * depth[others]) / np.sum(weight)), float(np.sum(weight) ** -0.5)
    return rest > RETURNING_SIGMA * rest_err and rest + 2 * rest_err > RETURNING_FRACTION * float(depth[strongest])


def _float_or_none(value: float | None) -> float | None:
    return None if value is None else float(value)


def chance_sigma(ephemeris: Ephemeris, searches: float) -> float:
    """Return the significance that noise reaches at some phase once in a number of searches.

    It is sqrt(2) erfcinv(q / searches) with q = duration / period: model-shift uniqueness test of
    Coughlin et al. (2016).

    Parameters
    ----------
    ephemeris : Ephemeris
        Ephemeris with a period.
    searches : float
        Number of searches.

    Returns
    -------
    float
        Significance [σ].
    """
    from scipy.special import erfcinv

    assert ephemeris.period_days is not None
    return float(math.sqrt(2) * erfcinv(ephemeris.duration_days / ephemeris.period_days / searches))


class _OrbitDepths(NamedTuple):
    """Depths at trial phases in single orbits: relative depth, error and white error, and the place of the phase."""

    depth: NDArray[np.float64]
    error: NDArray[np.float64]
    white: NDArray[np.float64]
    place: NDArray[np.int64]


def _depths_in_orbits(boxes: Sequence[BoxDepths], e: Ephemeris, phase: NDArray[np.float64]) -> _OrbitDepths:
    """Return the depths at the phases in all orbits with data, arrays of shape (k,)."""
    assert e.period_days is not None
    depths, errors, whites, indices = [], [], [], []
    for box in boxes:
        t0, time = e.t0.to(box.system).days, box.time
        orbits = np.arange(math.floor((time[0] - t0) / e.period_days) - 1, math.ceil((time[-1] - t0) / e.period_days) + 1)
        when = t0 + (orbits[:, None] + phase[None, :]) * e.period_days
        depth, error = box.at(when.ravel())
        good = np.isfinite(depth) & (error > 0)
        depths.append(depth[good])
        errors.append(error[good])
        whites.append(np.sqrt(np.maximum(error[good] ** 2 - box.red_noise**2, 0.0)))
        indices.append(np.tile(np.arange(len(phase), dtype=np.int64), len(orbits))[good])
    return _OrbitDepths(np.concatenate(depths), np.concatenate(errors), np.concatenate(whites), np.concatenate(indices))


def _mean_depths(
    boxes: Sequence[BoxDepths], e: Ephemeris, phase: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return mean relative depths over all orbits (m,), errors widened by their scatter, errors that are not, and white ones."""
    each = _depths_in_orbits(boxes, e, phase)
    weight = each.error**-2
    values = (weight, weight * each.depth, weight * each.depth**2, np.ones(len(weight)), (weight * each.white) ** 2)
    sums = np.array([np.bincount(each.place, value, len(phase)) for value in values])
    with np.errstate(all="ignore"):
        mean, error = sums[1] / sums[0], sums[0] ** -0.5
        white = np.sqrt(sums[4]) / sums[0]
        spread = (sums[2] - sums[1] ** 2 / sums[0]) / (sums[3] - 1)
    widen = np.where((sums[3] >= 2) & np.isfinite(spread), np.sqrt(np.maximum(1.0, spread)), 1.0)
    return np.where(sums[3] > 0, mean, np.nan), error * widen, error, white
