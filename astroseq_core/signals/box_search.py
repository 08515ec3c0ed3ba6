"""Box search: the periods at which boxes of a detrended light curve are deepest for their noise, over all periods at once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from astroseq_core.preprocessing.noise import robust_sigma
from astroseq_core.preprocessing.prepare import DetrendedLightCurve
from astroseq_core.scoring.evidence import MAX_POINTS, STEP_MINUTES, LogRatioGrid
from astroseq_core.scoring.period import (
    LONGEST_PERIOD_DAYS,
    MAX_DUTY_CYCLE,
    SHORTEST_PERIOD_DAYS,
    SearchedPeriod,
    Trial,
    allowed_widths,
    best_periods,
    optimize_distinct,
    resolution_levels,
)
from astroseq_core.times import TimeSystem

#: Bounds of one grid point during the search [sigma]: neither flares nor single deep dips decide.
MIN_POINT, MAX_POINT = -3.0, 8.0
#: Bounds of the signal-to-noise ratio of one event.
MIN_EVENT_SNR, MAX_EVENT_SNR = -5.0, 50.0
#: Number of best trials that are optimized.
NUM_TRIALS = 8
#: Fewest boxes without overlap from which the noise of boxes is measured.
MIN_BOXES = 12

_Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DipGrid:
    """Dips of a star's light curves on a regular grid, in units of the noise of one grid point.

    Attributes
    ----------
    grid : LogRatioGrid
        Grid whose `values` are dips (positive where the star is fainter), clipped, 0 where there are no data.
    scale : ndarray
        Reciprocal noise of the sum in a box of each width, red noise included, shape (w,).
    whole : ndarray
        The dips before they were clipped, shape (n,).
    system : TimeSystem
        Time system of the grid.
    """

    grid: LogRatioGrid
    scale: _Array
    whole: _Array
    system: TimeSystem

    def without(self, hidden: NDArray[np.bool_]) -> "DipGrid":
        """Return the grid with points removed.

        Parameters
        ----------
        hidden : ndarray of bool
            Points to remove, shape (n,).

        Returns
        -------
        DipGrid
            The grid, with the same noise.
        """
        grid = self.grid
        return replace(
            self,
            grid=replace(grid, values=np.where(hidden, 0.0, grid.values), seen=grid.seen & ~hidden),
            whole=np.where(hidden, 0.0, self.whole),
        )

    @property
    def time(self) -> _Array:
        """Centers of the grid points [d], shape (n,)."""
        return np.asarray(self.grid.start + self.grid.step * np.arange(self.grid.size), np.float64)


def make_dip_grid(detrended: Sequence[DetrendedLightCurve]) -> DipGrid:
    """Bin the detrended light curves of a star.

    Parameters
    ----------
    detrended : sequence of DetrendedLightCurve
        At least one light curve, all in one time system and not overlapping.

    Returns
    -------
    DipGrid
        The grid; each light curve is divided by its own noise.
    """
    start = min(float(c.time[0]) for c in detrended)
    stop = max(float(c.time[-1]) for c in detrended)
    step = max(STEP_MINUTES, *(c.cadence_minutes for c in detrended)) / 1440
    step *= max(1, math.ceil((stop - start) / step / MAX_POINTS))
    size = round((stop - start) / step) + 1
    values, seen = np.zeros(size), np.zeros(size, bool)
    for curve in detrended:
        at = np.rint((curve.time - start) / step).astype(np.int64)
        count = np.bincount(at, minlength=size)
        mean = -np.bincount(at, curve.flat, size) / np.maximum(count, 1)
        # a point with few cadences is noisier
        full = max(1.0, step * 1440 / curve.cadence_minutes)
        there = count >= 0.5 * full if full >= 2 else count > 0
        values[there] = mean[there] * np.sqrt(np.minimum(count[there] / full, 1.0)) / max(robust_sigma(mean[there]), 1e-12)
        seen |= there
    grid = LogRatioGrid(start, step, np.clip(values, MIN_POINT, MAX_POINT), seen)
    return DipGrid(grid, 1 / _box_noise(grid), values, detrended[0].system)


def _box_noise(grid: LogRatioGrid) -> _Array:
    """Return the noise of the sum in a box of each width, no less than white noise; shape (w,)."""
    total, seen = grid.running_sums()
    noise = []
    for width in grid.widths():
        full = seen[width:] - seen[:-width] > 0.8 * width
        sums = (total[width:] - total[:-width])[full]
        white = math.sqrt(width)
        noise.append(max(white, robust_sigma(sums)) if full.sum() >= MIN_BOXES * width else white)
    return np.array(noise)


def search_boxes(dips: DipGrid, count: int = NUM_TRIALS) -> list[Trial]:
    """Find the periods, epochs and durations whose boxes are deepest for their noise.

    Parameters
    ----------
    dips : DipGrid
        The light curves.
    count : int, optional
        How many trials to optimize.

    Returns
    -------
    list of Trial
        Trials of different periods, the best first; `score` is the signal-to-noise ratio of all events
        together, of which the largest counts for no more than the second largest.
    """
    from astroseq_core.scoring import _period_numba

    grid = dips.grid
    found: list[SearchedPeriod] = []
    points = float(grid.seen.sum())
    for level, first, last in resolution_levels(grid):
        periods = np.arange(first, last + 1, dtype=np.float64) + 0.5
        cost = np.where(allowed_widths(level, periods), 0.0, np.inf)
        values = level.values.astype(np.float32)
        score, phase, which = _period_numba.search_periods(values, first, last, level.widths(), dips.scale, cost)
        snr = score / np.sqrt(np.maximum(points / (periods * level.step / grid.step), 1.0))
        found += best_periods(grid, level, values, first, (snr, phase, which), 4 * count)
    trials = optimize_distinct(found, count, lambda period, begin, width: climb(dips, period, begin, width))
    return sorted(trials, key=lambda t: t.score, reverse=True)


def climb(dips: DipGrid, period: float, begin: float, width: int) -> Trial | None:
    """Optimize a trial.

    Parameters
    ----------
    dips : DipGrid
        The light curves.
    period : float
        Period [grid points].
    begin : float
        First grid point of one event's box.
    width : int
        Index of the width.

    Returns
    -------
    Trial or None
        The best trial beside it; None where fewer than two of its events were observed.
    """
    from astroseq_core.scoring import _period_numba

    grid = dips.grid
    longest = min(LONGEST_PERIOD_DAYS / grid.step, float(grid.size))
    if not SHORTEST_PERIOD_DAYS / grid.step <= period <= longest:
        return None
    total, seen = grid.running_sums()
    allowed = allowed_widths(grid, np.array([period]))[0]
    cost = np.where(allowed, 0.0, np.inf)
    if not allowed[width]:
        width = int(np.argmax(allowed))
    drift = max(1.0, grid.widths()[width] / 6) * period / grid.size
    score, period, begin, which, count = _period_numba.climb_trial(
        total, seen, period, begin, width, drift, grid.widths(), dips.scale, cost, MIN_EVENT_SNR, MAX_EVENT_SNR, 0.5
    )
    return Trial(score, period, begin, int(which), int(count)) if math.isfinite(score) else None


def fit_box(dips: DipGrid, trial: Trial) -> tuple[float, float]:
    """Find the box that fits the mean dip of a trial best, with its whole depth.

    The search clips deep dips, to which a short box then fits as well as a long one.

    Parameters
    ----------
    dips : DipGrid
        The light curves.
    trial : Trial
        Period and approximate epoch.

    Returns
    -------
    tuple of float
        Middle of a box [grid points] and its duration [h].
    """
    grid = dips.grid
    widths = grid.widths()
    longest = int(min(widths[-1], max(1, trial.period * MAX_DUTY_CYCLE)))
    middle = trial.begin + (int(widths[trial.width]) - 1) / 2
    offset = np.mod(np.arange(grid.size) - middle + trial.period / 2, trial.period) - trial.period / 2
    reach = int(min(2 * longest, trial.period / 2))
    place = np.rint(offset).astype(np.int64) + reach
    near = (place >= 0) & (place <= 2 * reach) & grid.seen
    count = np.bincount(place[near], minlength=2 * reach + 1)
    mean = np.bincount(place[near], dips.whole[near], 2 * reach + 1) / np.maximum(count, 1)
    mean = mean - np.median(mean)
    total, best = np.r_[0.0, np.cumsum(mean)], (-math.inf, 0, 1)
    for width in range(1, longest + 1):
        worth = (total[width:] - total[:-width]) / math.sqrt(width)
        # the box covers the middle of the trial's
        low, high = max(0, reach - width), min(len(worth) - 1, reach + width)
        at = low + int(np.argmax(worth[low : high + 1]))
        best = max(best, (float(worth[at]), at, width))
    _, at, width = best
    return middle - reach + at + (width - 1) / 2, width * grid.step * 24


@dataclass(frozen=True)
class Uniqueness:
    """How a dip compares with the rest of its orbit (model-shift test of Coughlin 2017).

    Attributes
    ----------
    primary : float
        Signal-to-noise ratio of the dip.
    secondary : float
        That of the deepest dip elsewhere.
    tertiary : float
        That of the deepest dip beside both.
    positive : float
        That of the highest rise anywhere.
    """

    primary: float
    secondary: float
    tertiary: float
    positive: float


def measure_uniqueness(dips: DipGrid, trial: Trial) -> Uniqueness:
    """Compare a dip with all other phases of its orbit.

    Parameters
    ----------
    dips : DipGrid
        The light curves.
    trial : Trial
        Period, epoch and duration.

    Returns
    -------
    Uniqueness
        Signal-to-noise ratios of boxes of the trial's duration.
    """
    grid, width = dips.grid, int(dips.grid.widths()[trial.width])
    bins = max(int(trial.period), 4 * width)
    # dips of the box begin at phase 0
    place = np.floor(np.mod((np.arange(grid.size) - trial.begin + 0.5) / trial.period, 1.0) * bins).astype(np.int64) % bins
    seen = np.bincount(place, grid.seen, bins)
    total = np.bincount(place, grid.values, bins)
    box = max(1, round(width * bins / trial.period))
    sums, counts = (np.r_[0.0, np.cumsum(np.r_[v, v[: box - 1]])] for v in (total, seen))
    sums, counts = sums[box:] - sums[:-box], counts[box:] - counts[:-box]
    red = float(dips.scale[trial.width]) * math.sqrt(width)
    full = counts >= 0.3 * np.median(counts[counts > 0]) if (counts > 0).any() else counts > 0
    snr = np.where(full, sums / np.sqrt(np.maximum(counts, 1)) * red, 0.0)
    free = np.ones(bins, bool)
    _hide(free, 0, 2 * box)
    primary = float(snr[np.r_[-max(1, box // 3) : max(1, box // 3) + 1]].max())
    second = int(np.argmax(np.where(free, snr, -np.inf))) if free.any() else 0
    secondary = float(snr[second]) if free.any() else 0.0
    _hide(free, second, 2 * box)
    tertiary = float(np.where(free, snr, -np.inf).max()) if free.any() else 0.0
    return Uniqueness(primary, secondary, tertiary, float(-snr.min()))


def _hide(free: NDArray[np.bool_], at: int, reach: int) -> None:
    free[np.arange(at - reach, at + reach + 1) % len(free)] = False


def search_single(dips: DipGrid) -> tuple[float, int, Uniqueness] | None:
    """Find the single dip that is deepest for its noise.

    Parameters
    ----------
    dips : DipGrid
        The light curves.

    Returns
    -------
    tuple of (float, int, Uniqueness) or None
        Its middle [d], the index of its width, and how it compares with the deepest dips elsewhere;
        None without data for a box.
    """
    best: tuple[float, int, int] | None = None
    for which in range(len(dips.scale)):
        snr = _single_ratios(dips, which)
        if len(snr):
            at = int(np.argmax(snr))
            best = max(best or (-math.inf, 0, 0), (float(snr[at]), which, at))
    if best is None:
        return None
    _, which, at = best
    middle = dips.grid.start + (at + (int(dips.grid.widths()[which]) - 1) / 2) * dips.grid.step
    unique = single_uniqueness(dips, middle, float(dips.grid.widths()[which]) * dips.grid.step * 24)
    return None if unique is None else (middle, which, unique)


def single_uniqueness(dips: DipGrid, t0_days: float, duration_hours: float) -> Uniqueness | None:
    """Compare a single dip with the deepest dips elsewhere.

    Parameters
    ----------
    dips : DipGrid
        The light curves.
    t0_days : float
        Middle of the dip [d].
    duration_hours : float
        Its duration [h].

    Returns
    -------
    Uniqueness or None
        Signal-to-noise ratios of single boxes; None where the dip has no data.
    """
    grid = dips.grid
    which = grid.nearest_width(duration_hours)
    width, snr = int(grid.widths()[which]), _single_ratios(dips, which)
    at = round((t0_days - grid.start) / grid.step - (width - 1) / 2)
    low, high = max(0, at - width // 2), min(len(snr), at + width // 2 + 1)
    if high <= low:
        return None
    primary, positive = float(snr[low:high].max()), float(-snr.min())
    others = []
    for _ in range(2):
        snr[max(0, at - 2 * width) : max(0, at + 2 * width + 1)] = 0.0
        at = int(np.argmax(snr))
        others.append(float(snr[at]))
    return Uniqueness(primary, others[0], others[1], positive)


def _single_ratios(dips: DipGrid, which: int) -> _Array:
    """Return the signal-to-noise ratios of all boxes of a width, 0 where data are missing; empty where none fits."""
    grid = dips.grid
    width = int(grid.widths()[which])
    if width >= grid.size:
        return np.empty(0)
    total, seen = grid.running_sums()
    full = seen[width:] - seen[:-width] >= 0.7 * width
    return np.asarray(np.where(full, (total[width:] - total[:-width]) * dips.scale[which], 0.0))
