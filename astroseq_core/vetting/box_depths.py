"""Depths of boxes along an observation, and their red noise."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.preprocessing import noise
from astroseq_core.preprocessing.prepare import DetrendedLightCurve
from astroseq_core.times import TimeSystem
from astroseq_core.vetting.events import FLARE_SIGMA, white_noise

#: Bins across a box (odd), where the cadence allows it.
BINS_PER_BOX = 9
#: The level is measured on both sides: length of a side and its distance from the box, in durations.
SIDE_DURATIONS, SIDE_GAP_DURATIONS = 1.5, 0.25
#: Minimum fractions of cadences with data, in the box and on each side.
MIN_BOX_COVERAGE, MIN_SIDE_COVERAGE = 0.5, 0.3
#: Minimum number of boxes without overlap from which red noise is measured.
MIN_BOXES = 8
#: Maximum length of a box as a fraction of the observation.
MAX_BOX_FRACTION = 0.25
#: The ephemeris' own transits are excluded with the duration widened by this factor.
OWN_TRANSIT_WIDEN = 1.3


@dataclass(frozen=True, eq=False)
class BoxDepths:
    """Depths of evenly spaced boxes along one observation; box i is centered on `start` + i `step`.

    Attributes
    ----------
    start : float
        Center of the first box [d, `system`].
    step : float
        Distance between the centers of neighboring boxes [d].
    system : TimeSystem
        Time system of the centers.
    depth : ndarray
        Relative depths, shape (m,); NaN where data are missing.
    sigma : ndarray
        White-noise error of each depth, relative, shape (m,); NaN where data are missing.
    red_noise : float
        Red noise of one depth, relative: what its scatter has beyond the white noise.
    """

    start: float
    step: float
    system: TimeSystem
    depth: NDArray[np.float64]
    sigma: NDArray[np.float64]
    red_noise: float

    @property
    def time(self) -> NDArray[np.float64]:
        """Centers of the boxes [d], shape (m,)."""
        return self.start + self.step * np.arange(len(self.depth), dtype=np.float64)

    def at(self, time: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the depths and errors of the boxes nearest to the given times.

        Parameters
        ----------
        time : ndarray
            Times [d, `system`], shape (k,).

        Returns
        -------
        depth : ndarray
            Relative depths, shape (k,); NaN where there is no box.
        error : ndarray
            Errors with white and red noise added in quadrature, shape (k,); NaN where there is no
            box.
        """
        place = np.rint((time - self.start) / self.step).astype(np.int64)
        inside = (place >= 0) & (place < len(self.depth))
        place = np.clip(place, 0, len(self.depth) - 1)
        depth = np.where(inside, self.depth[place], np.nan)
        return depth, np.where(inside, np.hypot(self.sigma[place], self.red_noise), np.nan)


def box_depths(
    time: NDArray[np.float64],
    flat: NDArray[np.float64],
    system: TimeSystem,
    duration_days: float,
    cadence_days: float,
    left_out: NDArray[np.bool_] | None = None,
) -> BoxDepths:
    """Compute the depth of a box of one duration at every position of an observation.

    Flares are excluded. The red noise is the robust scatter of all depths in excess of their white
    noise, subtracted in quadrature (Pont et al. 2006).

    Parameters
    ----------
    time : ndarray
        Times [d], shape (n,).
    flat : ndarray
        Relative deviations from the trend, shape (n,).
    system : TimeSystem
        Time system of `time`.
    duration_days : float
        Duration of the box [d].
    cadence_days : float
        Cadence of the observation [d].
    left_out : ndarray of bool, optional
        Cadences to exclude, shape (n,).

    Returns
    -------
    BoxDepths
        Depth, white noise and red noise of the boxes.
    """
    white = white_noise(flat)
    keep = np.isfinite(flat) & (flat < FLARE_SIGMA * max(white, noise.robust_sigma(flat)))
    if left_out is not None:
        keep &= ~left_out
    half = max(0, min(BINS_PER_BOX, int(duration_days / cadence_days)) - 1) // 2
    bins = 2 * half + 1
    step = duration_days / bins
    place = np.floor((time[keep] - time[0]) / step).astype(np.int64)
    size = int((time[-1] - time[0]) / step) + 1
    count: NDArray[np.float64] = np.bincount(place, minlength=size).astype(np.float64)
    total: NDArray[np.float64] = np.bincount(place, flat[keep], minlength=size).astype(np.float64)
    spare, side = max(1, round(SIDE_GAP_DURATIONS * bins)) - (1 if bins == 1 else 0), max(1, round(SIDE_DURATIONS * bins))
    box = _window_sums(count, total, -half, half)
    left = _window_sums(count, total, -half - spare - side, -half - spare - 1)
    right = _window_sums(count, total, half + spare + 1, half + spare + side)
    enough = MIN_SIDE_COVERAGE * side * step / cadence_days
    # Beside an excluded transit one side is enough; at a gap in the data it is not, as ramps there look like dips.
    hidden = np.zeros(size) if left_out is None else _count_excluded(time, flat, left_out, step, size)
    left_hidden = _window_sums(hidden, hidden, -half - spare - side, -half - spare - 1)[0] >= enough
    right_hidden = _window_sums(hidden, hidden, half + spare + 1, half + spare + side)[0] >= enough
    has_left, has_right = ((count >= enough) & (count > 0) for count in (left[0], right[0]))
    sides = has_left.astype(np.float64) + has_right
    with np.errstate(all="ignore"):
        level = (np.where(has_left, left[1] / left[0], 0.0) + np.where(has_right, right[1] / right[0], 0.0)) / sides
        depth = level - box[1] / box[0]
        variance = np.where(has_left, 1 / left[0], 0.0) + np.where(has_right, 1 / right[0], 0.0)
        sigma = white * np.sqrt(1 / box[0] + variance / sides**2)
    good = (box[0] >= MIN_BOX_COVERAGE * bins * step / cadence_days) & (
        (has_left & has_right) | (has_left & right_hidden) | (has_right & left_hidden)
    )
    depth, sigma = np.where(good, depth, np.nan), np.where(good, sigma, np.nan)
    red = 0.0
    if good.sum() >= MIN_BOXES * bins:
        red = float(np.sqrt(max(0.0, noise.robust_sigma(depth) ** 2 - float(np.nanmedian(sigma)) ** 2)))
    return BoxDepths(float(time[0]) + step / 2, step, system, depth, sigma, red)


def _count_excluded(
    time: NDArray[np.float64], flat: NDArray[np.float64], left_out: NDArray[np.bool_], step: float, size: int
) -> NDArray[np.float64]:
    """Return the number of excluded cadences with data in each bin, shape (size,)."""
    place = np.floor((time[left_out & np.isfinite(flat)] - time[0]) / step).astype(np.int64)
    counted: NDArray[np.float64] = np.bincount(place, minlength=size).astype(np.float64)
    return counted


def box_depths_per_observation(
    detrended: Sequence[DetrendedLightCurve],
    flats: Sequence[NDArray[np.float64]],
    e: Ephemeris,
    others: Sequence[Ephemeris] = (),
    *,
    own: bool = False,
) -> list[BoxDepths]:
    """Compute the box depths of each observation for the duration of an ephemeris.

    Boxes are never longer than `LONGEST_PART` of an observation.

    Parameters
    ----------
    detrended : sequence of DetrendedLightCurve
        Detrended light curves, one per observation.
    flats : sequence of ndarray
        Relative deviations of each observation, same shape as its time.
    e : Ephemeris
        Ephemeris that gives the duration of the boxes.
    others : sequence of Ephemeris, optional
        Other signals, whose transits are excluded.
    own : bool, optional
        Whether to keep the transits of `e` itself; by default they are excluded.

    Returns
    -------
    list of BoxDepths
        One per observation, in the same order.
    """
    out = []
    for curve, flat in zip(detrended, flats, strict=True):
        left_out = (
            np.zeros(len(curve.time), dtype=bool) if own else e.in_transit(curve.time, curve.system, widen=OWN_TRANSIT_WIDEN)
        )
        for other in others:
            left_out |= other.in_transit(curve.time, curve.system)
        days = min(e.duration_days, float(curve.time[-1] - curve.time[0]) * MAX_BOX_FRACTION)
        out.append(box_depths(curve.time, flat, curve.system, days, curve.cadence_minutes / 1440, left_out))
    return out


def red_over_white(boxes: Sequence[BoxDepths]) -> float:
    """Return the ratio of red to white noise of a box depth.

    Parameters
    ----------
    boxes : sequence of BoxDepths
        Box depths of all observations.

    Returns
    -------
    float
        Root mean square of the observations' ratios; 0 without any measured depth.
    """
    ratios = [b.red_noise / float(np.nanmedian(b.sigma)) for b in boxes if np.isfinite(b.sigma).any()]
    return float(np.sqrt(np.mean(np.square(ratios)))) if ratios else 0.0


def _window_sums(
    count: NDArray[np.float64], total: NDArray[np.float64], first: int, last: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return counts and sums over the bins i + first to i + last (inclusive) for each bin i."""
    index = np.arange(len(count))
    low, high = np.clip(index + first, 0, len(count)), np.clip(index + last + 1, 0, len(count))
    sums = [np.r_[0.0, np.cumsum(values)] for values in (count, total)]
    return sums[0][high] - sums[0][low], sums[1][high] - sums[1][low]
