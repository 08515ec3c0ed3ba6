"""Depth of a box of one duration at every place of an observation: what red noise and secondary eclipses are told from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.lightcurves import noise
from astroseq_core.lightcurves.prepare import PreparedCurve
from astroseq_core.times import TimeSystem
from astroseq_core.vetting.events import FLARE_SIGMA, white_noise

#: Bins across a box (odd), where the cadence allows it.
BINS = 9
#: The level is told from both sides, each so many durations long, this many beyond the box.
SIDE, SPARE = 1.5, 0.25
#: A box needs this part of its cadences, a side this part of its own.
LEAST_BOX, LEAST_SIDE = 0.5, 0.3
#: Red noise is told from at least so many boxes that do not overlap.
LEAST_BOXES = 8
#: A box is never longer than this part of an observation.
LONGEST_PART = 0.25
#: The ephemeris' own transits are left out this much wider than given.
OWN_WIDEN = 1.3


@dataclass(frozen=True, eq=False)
class BoxDepths:
    """Depths of one observation's boxes: evenly spaced middles ``start`` + i ``step`` [d, ``system``], NaN where data lack.

    ``depth`` (m,) relative, ``sigma`` (m,) its white noise, ``red`` the noise that a box's depth has beyond that.
    """

    start: float
    step: float
    system: TimeSystem
    depth: NDArray[np.float64]
    sigma: NDArray[np.float64]
    red: float

    @property
    def time(self) -> NDArray[np.float64]:
        """Middles of the boxes (m,) [d]."""
        return self.start + self.step * np.arange(len(self.depth), dtype=np.float64)

    def at(self, time: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Depth and whole error (white and red) of the boxes nearest to those times [d], NaN where there is none."""
        place = np.rint((time - self.start) / self.step).astype(np.int64)
        inside = (place >= 0) & (place < len(self.depth))
        place = np.clip(place, 0, len(self.depth) - 1)
        depth = np.where(inside, self.depth[place], np.nan)
        return depth, np.where(inside, np.hypot(self.sigma[place], self.red), np.nan)


def box_depths(
    time: NDArray[np.float64],
    flat: NDArray[np.float64],
    system: TimeSystem,
    duration_days: float,
    cadence_days: float,
    left_out: NDArray[np.bool_] | None = None,
) -> BoxDepths:
    """Depths of boxes of that duration over the observation ``time`` (n,) [d], ``flat`` (n,), without cadences ``left_out`` (n,).

    Flares are left out. ``red`` is the excess of the robust scatter of all depths over their white noise, both in squares
    (Pont et al. 2006).
    """
    white = white_noise(flat)
    keep = np.isfinite(flat) & (flat < FLARE_SIGMA * max(white, noise.robust_sigma(flat)))
    if left_out is not None:
        keep &= ~left_out
    half = max(0, min(BINS, int(duration_days / cadence_days)) - 1) // 2
    bins = 2 * half + 1
    step = duration_days / bins
    place = np.floor((time[keep] - time[0]) / step).astype(np.int64)
    size = int((time[-1] - time[0]) / step) + 1
    count: NDArray[np.float64] = np.bincount(place, minlength=size).astype(np.float64)
    total: NDArray[np.float64] = np.bincount(place, flat[keep], minlength=size).astype(np.float64)
    spare, side = max(1, round(SPARE * bins)) - (1 if bins == 1 else 0), max(1, round(SIDE * bins))
    box = _windows(count, total, -half, half)
    left = _windows(count, total, -half - spare - side, -half - spare - 1)
    right = _windows(count, total, half + spare + 1, half + spare + side)
    full = step / cadence_days
    with np.errstate(all="ignore"):
        depth = (left[1] / left[0] + right[1] / right[0]) / 2 - box[1] / box[0]
        sigma = white * np.sqrt(1 / box[0] + (1 / left[0] + 1 / right[0]) / 4)
    good = (
        (box[0] >= LEAST_BOX * bins * full) & (left[0] >= LEAST_SIDE * side * full) & (right[0] >= LEAST_SIDE * side * full)
    ) & (np.minimum(left[0], right[0]) > 0)
    depth, sigma = np.where(good, depth, np.nan), np.where(good, sigma, np.nan)
    red = 0.0
    if good.sum() >= LEAST_BOXES * bins:
        red = float(np.sqrt(max(0.0, noise.robust_sigma(depth) ** 2 - float(np.nanmedian(sigma)) ** 2)))
    return BoxDepths(float(time[0]) + step / 2, step, system, depth, sigma, red)


def boxes_of(
    prepared: Sequence[PreparedCurve],
    flats: Sequence[NDArray[np.float64]],
    e: Ephemeris,
    others: Sequence[Ephemeris] = (),
    *,
    own: bool = False,
) -> list[BoxDepths]:
    """Each observation's boxes of the ephemeris' duration, transits of ``others`` left out, and its own where not ``own``."""
    out = []
    for curve, flat in zip(prepared, flats, strict=True):
        left_out = np.zeros(len(curve.time), dtype=bool) if own else e.in_transit(curve.time, curve.system, widen=OWN_WIDEN)
        for other in others:
            left_out |= other.in_transit(curve.time, curve.system)
        days = min(e.duration_days, float(curve.time[-1] - curve.time[0]) * LONGEST_PART)
        out.append(box_depths(curve.time, flat, curve.system, days, curve.cadence_minutes / 1440, left_out))
    return out


def red_over_white(boxes: Sequence[BoxDepths]) -> float:
    """Red noise of a box's depth over its white noise, the mean over observations in squares."""
    ratios = [b.red / float(np.nanmedian(b.sigma)) for b in boxes if np.isfinite(b.sigma).any()]
    return float(np.sqrt(np.mean(np.square(ratios)))) if ratios else 0.0


def _windows(
    count: NDArray[np.float64], total: NDArray[np.float64], first: int, last: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Counts and totals of the bins from i + first to i + last, both included, for each bin i."""
    index = np.arange(len(count))
    low, high = np.clip(index + first, 0, len(count)), np.clip(index + last + 1, 0, len(count))
    sums = [np.r_[0.0, np.cumsum(values)] for values in (count, total)]
    return sums[0][high] - sums[0][low], sums[1][high] - sums[1][low]
