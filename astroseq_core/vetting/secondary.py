"""A second dip away from the transit: the companion shines, so it is a star (or a hot planet)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.lightcurves import noise
from astroseq_core.vetting.box_depth import BoxDepths
from astroseq_core.vetting.transit_fit import TransitFit

#: Phases are tried this many times a duration.
TRIES_PER_DURATION = 4
#: No secondary is looked for this near [durations] to the transit; the strongest one elsewhere is this far from phase 0.5.
NEAREST, APART = 1.5, 1.0
#: Beside a dip its level is told too low, and looks like a brightening; from so many durations on that is over.
BESIDE_DIP = 3.0
#: So many phases a duration apart tell how much a secondary's depth scatters.
LEAST_PHASES = 8
MOST_TRIES = 20_000
#: An eclipse's shape is taken from transits deeper than so many errors; a box is never taken to be filled less than this.
SHAPE_SIGMA, LEAST_FILLED = 7.0, 0.4


@dataclass(frozen=True, eq=False)
class Secondary:
    """Depths of an eclipse of the transit's duration at other phases of the orbit.

    ``half_*`` at phase 0.5, None without data there; ``strongest_*`` the most significant one elsewhere. ``phase`` (m,) in
    [0, 1), ``depth_ppm`` (m,), ``sigma`` (m,): the whole curve, NaN near the transit and where data lack. ``brightest_sigma``:
    the most significant brightening, which a signal must beat. ``scatter``: how much wider the curve scatters than its errors;
    these are widened by it.
    """

    half_depth_ppm: float | None
    half_err_ppm: float | None
    half_sigma: float | None
    strongest_phase: float | None
    strongest_depth_ppm: float | None
    strongest_err_ppm: float | None
    strongest_sigma: float | None
    phase: NDArray[np.float64]
    depth_ppm: NDArray[np.float64]
    sigma: NDArray[np.float64]
    brightest_sigma: float
    scatter: float


def phases_of(ephemeris: Ephemeris) -> NDArray[np.float64]:
    """The phases (m,) in [0, 1) that are tried; 0.5 is one of them."""
    assert ephemeris.period_days is not None
    half = int(min(MOST_TRIES, max(4, math.ceil(TRIES_PER_DURATION * ephemeris.period_days / ephemeris.duration_days)))) // 2
    return np.arange(2 * half) / (2 * half)


def filled(fit: TransitFit | None, duration_hours: float) -> float:
    """The mean over a box of that duration of an eclipse as long, and as long flat, as the transit, over its depth in the middle.

    1 where the transit is not fitted, or too faint for its shape to be known.
    """
    if fit is None or fit.depth_ppm < SHAPE_SIGMA * fit.depth_err_ppm:
        return 1.0
    hours = (np.arange(100) + 0.5) / 200 * duration_hours
    ramp = max(fit.duration_hours * (1 - fit.flat_fraction) / 2, 1e-6)
    return max(LEAST_FILLED, float(np.mean(np.clip((fit.duration_hours / 2 - hours) / ramp, 0.0, 1.0))))


def secondary(boxes: Sequence[BoxDepths], ephemeris: Ephemeris, fill: float = 1.0) -> Secondary | None:
    """The search over the observations' boxes, transits left out of these; None for a single transit or without any data.

    ``fill``: what part of an eclipse's depth the mean over its box is; depths are divided by it.
    """
    if ephemeris.period_days is None:
        return None
    phase = phases_of(ephemeris)
    depth, error = _at_phases(boxes, ephemeris, phase)
    share = ephemeris.duration_days / ephemeris.period_days
    to_transit = np.minimum(phase, 1 - phase)
    depth = np.where(to_transit < NEAREST * share, np.nan, depth)
    known = np.isfinite(depth)
    if not known.any():
        return None
    calm = known & (np.abs(phase - 0.5) > APART * share)
    scatter = 1.0
    if calm.sum() >= LEAST_PHASES * TRIES_PER_DURATION:
        scatter = max(1.0, noise.robust_sigma(depth[calm] / error[calm]))
    error = error * scatter
    sigma = depth / error
    depth, error = depth / fill, error / fill
    middle = len(phase) // 2
    at_half = (depth[middle] * 1e6, error[middle] * 1e6, sigma[middle]) if known[middle] else (None, None, None)
    strongest: tuple[float | None, ...] = (None, None, None, None)
    if calm.any():
        best = int(np.flatnonzero(calm)[np.argmax(sigma[calm])])
        strongest = (phase[best], depth[best] * 1e6, error[best] * 1e6, sigma[best])
    deepest = float(phase[known][np.argmax(sigma[known])])
    from_dip = np.abs((phase - deepest + 0.5) % 1.0 - 0.5)
    brightest = float(np.max(-sigma[known & (from_dip > BESIDE_DIP * share)], initial=0.0))
    return Secondary(
        half_depth_ppm=_number(at_half[0]),
        half_err_ppm=_number(at_half[1]),
        half_sigma=_number(at_half[2]),
        strongest_phase=_number(strongest[0]),
        strongest_depth_ppm=_number(strongest[1]),
        strongest_err_ppm=_number(strongest[2]),
        strongest_sigma=_number(strongest[3]),
        phase=phase,
        depth_ppm=depth * 1e6,
        sigma=sigma,
        brightest_sigma=brightest,
        scatter=scatter,
    )


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def chance_sigma(ephemeris: Ephemeris, searches: float) -> float:
    """Significance that noise reaches at some phase once in so many searches.

    sqrt(2) erfcinv(q / searches), q = duration / period: Coughlin et al. (2016), model-shift uniqueness test.
    """
    from scipy.special import erfcinv

    assert ephemeris.period_days is not None
    return float(math.sqrt(2) * erfcinv(ephemeris.duration_days / ephemeris.period_days / searches))


def _at_phases(
    boxes: Sequence[BoxDepths], e: Ephemeris, phase: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weighted mean depth over all orbits at each phase (m,), relative, and its error, widened where orbits disagree."""
    assert e.period_days is not None
    sums = np.zeros((4, len(phase)))
    for box in boxes:
        t0, time = e.t0.to(box.system).days, box.time
        orbits = np.arange(math.floor((time[0] - t0) / e.period_days) - 1, math.ceil((time[-1] - t0) / e.period_days) + 1)
        when = t0 + (orbits[:, None] + phase[None, :]) * e.period_days
        depth, error = box.at(when.ravel())
        good = np.isfinite(depth) & (error > 0)
        which = np.tile(np.arange(len(phase)), len(orbits))[good]
        d, w = depth[good], error[good] ** -2
        for i, value in enumerate((w, w * d, w * d * d, np.ones(len(d)))):
            sums[i] += np.bincount(which, value, len(phase))
    with np.errstate(all="ignore"):
        mean, error = sums[1] / sums[0], sums[0] ** -0.5
        spread = (sums[2] - sums[1] ** 2 / sums[0]) / (sums[3] - 1)
    widen = np.where((sums[3] >= 2) & np.isfinite(spread), np.sqrt(np.maximum(1.0, spread)), 1.0)
    return np.where(sums[3] > 0, mean, np.nan), error * widen
