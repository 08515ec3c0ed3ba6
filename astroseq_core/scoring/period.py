"""Period search: the period that gathers the most of a star's evidence, or its best single event."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.scoring.evidence import DURATION_HOURS, Evidence, LogRatioGrid, coarsen, make_grid

#: An event gets a mid-time of its own if its evidence is above this.
MIN_TIMED_EVIDENCE = 1.0
#: Typical error of a mid-time as a fraction of the duration (plus half a grid point, in quadrature); that of the duration is
#: twice as large. The second value is the weight of this typical error, as a number of events, against the observed scatter.
TYPICAL_TIMING, PRIOR_EVENTS = 0.15, 2.0

#: Bounds on one event's evidence [natural log of a likelihood ratio]: a missing transit (a flare on it, a gap over half of it)
#: counts against a period by no more than the lower bound, a deep dip for it by no more than the upper one.
MIN_EVENT_EVIDENCE, MAX_EVENT_EVIDENCE = -1.5, 10.0

_Array = NDArray[np.float64]


@dataclass(frozen=True)
class FoldedEvidence:
    """Best period of a star's evidence, or its best single event.

    Attributes
    ----------
    score : float
        Natural logarithm of the likelihood ratio of all events, less that of the number of
        independent trials. Periods and single events share this scale; noise scores about 0.
    period_days : float or None
        Period [d]; None for a single event.
    t0_days : float
        Mid-transit time [d].
    num_transits : int
        Number of observed transits.
    duration_hours : float
        Duration [h].
    single_score : float
        Score of the best single event.
    period_err_days : float or None
        One-sigma error of the period [d]; None for a single event.
    t0_err_days : float
        One-sigma error of the mid-transit time [d].
    duration_err_hours : float
        One-sigma error of the duration [h].
    """

    score: float
    period_days: float | None
    t0_days: float
    num_transits: int
    duration_hours: float
    single_score: float
    period_err_days: float | None
    t0_err_days: float
    duration_err_hours: float


@dataclass(frozen=True)
class Trial:
    """One trial period and phase.

    Attributes
    ----------
    score : float
        Natural logarithm of the likelihood ratio, less that of the number of trials.
    period : float
        Period [grid points].
    begin : float
        First grid point of one event's box.
    width : int
        Index of the duration in `DURATION_HOURS`.
    count : int
        Number of observed events.
    """

    score: float
    period: float
    begin: float
    width: int
    count: int


def fit_trial(grid: LogRatioGrid, best: Trial, single: float) -> FoldedEvidence:
    """Fit a straight line to the mid-times of a trial's events.

    The variance of one mid-time is that of the scatter, combined with the typical error of a few
    supposed events: two or three mid-times alone would by chance lie too close to a line. Where
    fewer than two events have a mid-time of their own, the errors follow from the width of the box.

    Parameters
    ----------
    grid : LogRatioGrid
        The evidence.
    best : Trial
        The trial.
    single : float
        Score of the best single event.

    Returns
    -------
    FoldedEvidence
        Period, epoch and duration with errors.
    """
    wide = int(grid.widths()[best.width])
    weight = float(grid.weights()[best.width])
    mid = best.begin + (wide - 1) / 2
    numbers = np.arange(math.floor(-mid / best.period), math.ceil((grid.size - mid) / best.period) + 1)
    total, seen = grid.running_sums()
    times, gains, kept = [], [], []
    for number in numbers:
        low = round(best.begin + number * best.period)
        high = low + wide
        if low < 0 or high > grid.size or 2 * (seen[high] - seen[low]) < wide:
            continue
        gain = float((total[high] - total[low]) * weight)
        if gain > MIN_TIMED_EVIDENCE:
            times.append(time_event(grid, low + (wide - 1) / 2, wide)[0])
            gains.append(min(gain, MAX_EVENT_EVIDENCE))
            kept.append(int(number))
    usual_hours = wide * grid.step * 24
    if len(kept) < 2:
        # Every event is weak: the error is the drift over the span that the trial's width allows.
        timing = typical_timing_error(grid, usual_hours)
        t0 = grid.start + mid * grid.step
        error = timing * math.sqrt(12) / best.count
        return FoldedEvidence(
            best.score, best.period * grid.step, t0, best.count, usual_hours, single, error, timing, 48 * timing
        )
    n, t, w = np.array(kept, float), np.array(times), np.array(gains)
    middle = float(np.round(np.average(n, weights=w)))
    spread = float(np.sum(w * (n - np.average(n, weights=w)) ** 2))
    if len(kept) >= 3:
        fitted = np.polyfit(n - middle, t, 1, w=np.sqrt(w))
        residual = t - np.polyval(fitted, n - middle)
        slope, t_middle = float(fitted[0]), float(fitted[1])
    else:
        slope = float((t[1] - t[0]) / (n[1] - n[0]))
        t_middle = float(t[0] + (middle - n[0]) * slope)
        residual = np.zeros(2)
    duration = stacked_duration(grid, mid + n * best.period, wide)
    usual = typical_timing_error(grid, duration) / grid.step
    variance = (float(np.sum(residual**2)) + PRIOR_EVENTS * usual**2) / (max(0, len(kept) - 2) + PRIOR_EVENTS)
    # Events of equal variance have different weights: sandwich estimator of weighted least squares.
    centred = n - np.average(n, weights=w)
    period_err = math.sqrt(variance * float(np.sum((w * centred) ** 2))) / spread
    t0_variance = variance * float(np.sum(w**2)) / float(np.sum(w)) ** 2
    t0_err = math.hypot(math.sqrt(t0_variance), period_err * (float(np.average(n, weights=w)) - middle))
    hours_err = 48 * usual * grid.step / math.sqrt(len(kept))
    return FoldedEvidence(
        score=best.score,
        period_days=slope * grid.step,
        t0_days=grid.start + t_middle * grid.step,
        num_transits=best.count,
        duration_hours=duration,
        single_score=single,
        period_err_days=period_err * grid.step,
        t0_err_days=t0_err * grid.step,
        duration_err_hours=hours_err,
    )


def typical_timing_error(grid: LogRatioGrid, hours: float) -> float:
    """Return the typical error of the mid-time of one event.

    Parameters
    ----------
    grid : LogRatioGrid
        The evidence.
    hours : float
        Duration of the event [h].

    Returns
    -------
    float
        One-sigma error [d].
    """
    return math.hypot(TYPICAL_TIMING * hours / 24, grid.step / 2)


def time_event(grid: LogRatioGrid, mid: float, wide: int) -> tuple[float, float]:
    """Measure the mid-time and the duration of one event.

    They are those of the box with the highest sum over the square root of its length, within one
    width before and after the given middle.

    Parameters
    ----------
    grid : LogRatioGrid
        The evidence.
    mid : float
        Approximate middle of the event [grid points].
    wide : int
        Width of the box that found it [grid points].

    Returns
    -------
    tuple of float
        Mid-time [grid points] and duration [h].
    """
    low, high = max(0, math.floor(mid - wide)), min(grid.size, math.ceil(mid + wide) + 1)
    first, stop = best_box(grid.values[low:high])
    return low + (first + stop - 1) / 2, (stop - first) * grid.step * 24


def best_box(values: _Array) -> tuple[int, int]:
    """Find the box with the highest sum over the square root of its length.

    Parameters
    ----------
    values : ndarray
        Evidence, shape (n,).

    Returns
    -------
    tuple of int
        First grid point and end (exclusive) of the box.

    Examples
    --------
    >>> best_box(np.array([-1.0, 2.0, 2.0, -1.0]))
    (1, 3)
    """
    total = np.r_[0.0, np.cumsum(values)]
    length = np.arange(len(total))[None, :] - np.arange(len(total))[:, None]
    worth = np.where(length > 0, (total[None, :] - total[:, None]) / np.sqrt(np.maximum(length, 1)), -np.inf)
    first, stop = np.unravel_index(int(np.argmax(worth)), worth.shape)
    return int(first), int(stop)


def stacked_duration(grid: LogRatioGrid, mids: _Array, wide: int) -> float:
    """Measure the duration of the mean of several events, which is less noisy than single ones.

    Parameters
    ----------
    grid : LogRatioGrid
        The evidence.
    mids : ndarray
        Mid-times of the events [grid points].
    wide : int
        Width of the box that found them [grid points].

    Returns
    -------
    float
        Duration [h].
    """
    offsets = np.arange(-wide, wide + 1)
    at = np.rint(mids).astype(np.int64)[:, None] + offsets
    at = np.clip(at, 0, grid.size - 1)
    seen = grid.seen[at].sum(axis=0)
    first, stop = best_box(np.where(seen > 0, grid.values[at].sum(axis=0) / np.maximum(seen, 1), 0.0))
    return (stop - first) * grid.step * 24


#: Upper bound of the log ratio during the period search, so that single deep dips do not fill the list of candidates.
MAX_SEARCH_EVIDENCE = 6.0
SHORTEST_PERIOD_DAYS = 0.4
#: Longest trial period [d]; no transit catalog goes beyond.
LONGEST_PERIOD_DAYS = 500.0
#: Shortest and longest transit of a one-day orbit [h], about stars of 30 and 0.03 solar densities; both go with the cube root of
#: the period (Winn 2010, eq. 19: 1.8 h at the Sun's density). No box is longer than MAX_DUTY_CYCLE of the period.
ONE_DAY_HOURS = (0.6, 6.0)
MAX_DUTY_CYCLE = 0.25
#: Longest grid step as a fraction of the shortest transit at a period. Neighboring trials then drift apart by half a step over
#: the whole span, which is less than a third of the transit.
STEP_OF_DURATION = 0.6
#: Number of best trials that are optimized, and the fractions and multiples of the best period that are tried as well.
NUM_CANDIDATES = 16
#: A period is longer by one of these factors if only the events of one remainder are there: their median evidence is above
#: MIN_PRESENT_EVIDENCE, and that of each other remainder, of MIN_ABSENT_EVENTS or more, below 0. Sums do not tell,
#: because another planet's transits, or flares, fill some of the missing places.
MISSING_FACTORS, MIN_PRESENT_EVIDENCE, MIN_ABSENT_EVENTS = (2, 3), 3.0, 2
ALIASES = (0.5, 2.0, 1 / 3, 3.0, 2 / 3, 1.5)


def fold(evidence: Evidence) -> FoldedEvidence:
    """Find the period and epoch whose transits gather the most evidence.

    All periods from `SHORTEST_PERIOD_DAYS` to the span of the data (at most `LONGEST_PERIOD_DAYS`)
    are searched, at all epochs and durations. Gaps count neither for nor against a period. A period
    of which every second transit is missing, or two of three, is replaced by its multiple.

    Parameters
    ----------
    evidence : Evidence
        Log-likelihood ratios of a star; must not be empty.

    Returns
    -------
    FoldedEvidence
        The best period, or the best single event where no period beats it.
    """
    grid = make_grid(evidence)
    single, at, width = _best_single(grid)
    trials = _best_trials(grid)
    best = max(trials, key=lambda t: t.score, default=None)
    if best is not None:
        best = max([best, *_alias_trials(grid, best)], key=lambda t: t.score)
        best = _without_missing(grid, best)
    if best is None or best.score <= single:
        mid, hours = _time_single(grid, at, width)
        timing = typical_timing_error(grid, hours)
        return FoldedEvidence(single, None, mid, 1, hours, single, None, timing, 48 * timing)
    return fit_trial(grid, best, single)


def _best_single(grid: LogRatioGrid) -> tuple[float, int, int]:
    """Return the score, the first grid point and the index of the width of the best single event."""
    total, seen = grid.running_sums()
    best = (-math.inf, 0, 0)
    for index, (width, weight) in enumerate(zip(grid.widths(), grid.weights(), strict=True)):
        if width > grid.size:
            continue
        sums = np.where(2 * (seen[width:] - seen[:-width]) >= width, (total[width:] - total[:-width]) * weight, -np.inf)
        at = int(np.argmax(sums))
        trials = max(1.0, float(grid.seen.sum()) / width) * len(DURATION_HOURS)
        best = max(best, (float(sums[at]) - math.log(trials), at, index))
    if best[0] == -math.inf:
        # Fewer grid points than the shortest box: take the best point.
        return float(grid.values.max()) - math.log(grid.size * len(DURATION_HOURS)), int(grid.values.argmax()), 0
    return best


def _time_single(grid: LogRatioGrid, at: int, width: int) -> tuple[float, float]:
    """Return the mid-time [d] and duration [h] of the single event in a box."""
    wide = int(grid.widths()[width])
    mid, hours = time_event(grid, at + (wide - 1) / 2, wide)
    return grid.start + mid * grid.step, hours


def _log_num_trials(grid: LogRatioGrid, periods: _Array) -> _Array:
    """Compute the natural log of the number of independent trials, shape (k, widths).

    Periods [grid points] that drift apart by a duration over the span, and epochs a duration apart,
    are independent; all octaves of period are equally likely. Infinite where no transit has that
    duration.
    """
    widths = grid.widths()
    octaves = math.log(max(math.e, grid.size * grid.step / SHORTEST_PERIOD_DAYS))
    cost = np.log(octaves * grid.size / widths * periods[:, None] / widths * len(widths))
    return np.asarray(np.where(allowed_widths(grid, periods), cost, np.inf))


def allowed_widths(grid: LogRatioGrid, periods: _Array) -> NDArray[np.bool_]:
    """Return which durations a transit may have at each period.

    Parameters
    ----------
    grid : LogRatioGrid
        The grid, whose widths are the durations.
    periods : ndarray
        Periods [grid points], shape (k,).

    Returns
    -------
    ndarray of bool
        Which are allowed, shape (k, widths); the shortest where none is.
    """
    days = periods[:, None] * grid.step
    hours = grid.widths()[None, :] * grid.step * 24
    longest = np.minimum(ONE_DAY_HOURS[1] * np.cbrt(days), 24 * MAX_DUTY_CYCLE * days)
    shortest = ONE_DAY_HOURS[0] * np.cbrt(days)
    # Durations come in steps: a box just outside the limits can still be the nearest one to an allowed duration.
    keep = (hours <= longest * 1.3) & (hours >= shortest / 1.3)
    keep[:, 0] |= ~keep.any(axis=1)
    return np.asarray(keep)


def resolution_levels(grid: LogRatioGrid) -> list[tuple[LogRatioGrid, int, int]]:
    """Return ever coarser grids, each fine enough for the transits of its periods.

    Parameters
    ----------
    grid : LogRatioGrid
        The finest grid.

    Returns
    -------
    list of tuple
        Grid, first and last base period [grid points] of each level, from short periods to long ones.
    """
    longest = min(LONGEST_PERIOD_DAYS, grid.size * grid.step)
    shortest = SHORTEST_PERIOD_DAYS
    found = []
    while shortest < longest:
        # From this period on, the next coarser grid is fine enough.
        until = ((2 * grid.step * 24 / STEP_OF_DURATION) / ONE_DAY_HOURS[0]) ** 3
        if 2 * grid.step * 24 <= STEP_OF_DURATION * DURATION_HOURS[0]:
            until = min(until, SHORTEST_PERIOD_DAYS)
        if until > shortest:
            stop = min(until, longest)
            first, last = max(4, int(shortest / grid.step)), int(stop / grid.step)
            if last >= first:
                found.append((grid, first, last))
            shortest = stop
        grid = coarsen(grid)
    return found


def _best_trials(grid: LogRatioGrid) -> list[Trial]:
    """Find the best trials of all periods, each optimized on the finest grid."""
    from astroseq_core.scoring import _period_numba

    found: list[SearchedPeriod] = []
    held = LogRatioGrid(grid.start, grid.step, np.clip(grid.values, MIN_EVENT_EVIDENCE, MAX_SEARCH_EVIDENCE), grid.seen)
    for level, first, last in resolution_levels(held):
        # Sums on this level are sums of the finest grid points, so the weights refer to the finest grid.
        weights = level.weights() * grid.step / level.step
        cost = _log_num_trials(level, np.arange(first, last + 1, dtype=np.float64) + 0.5)
        values = level.values.astype(np.float32)
        score, phase, which = _period_numba.search_periods(values, first, last, level.widths(), weights, cost)
        found += best_periods(grid, level, values, first, (score, phase, which), 2 * NUM_CANDIDATES)
    return optimize_distinct(found, NUM_CANDIDATES, lambda period, begin, width: _climb(grid, period, begin, width))


@dataclass(frozen=True, eq=False)
class SearchedPeriod:
    """A base period of a search, on one level of resolution.

    Attributes
    ----------
    score : float
        Score of its best trial.
    factor : float
        Step of the level over that of the finest grid.
    values : ndarray
        What was folded, float32, shape (n,).
    base : int
        Base period [grid points of the level].
    phase : int
        First grid point of the box [grid points of the level].
    which : int
        Index of the width.
    width : int
        Width of the box [grid points of the level].
    """

    score: float
    factor: float
    values: NDArray[np.float32]
    base: int
    phase: int
    which: int
    width: int


def best_periods(
    grid: LogRatioGrid,
    level: LogRatioGrid,
    values: NDArray[np.float32],
    first: int,
    searched: tuple[_Array, NDArray[np.int64], NDArray[np.int64]],
    count: int,
) -> list[SearchedPeriod]:
    """Return the best base periods of one level of a search.

    Parameters
    ----------
    grid : LogRatioGrid
        The finest grid.
    level : LogRatioGrid
        The level.
    values : ndarray
        What was folded, float32, shape (n,).
    first : int
        First base period [grid points of the level].
    searched : tuple of ndarray
        Score, phase and index of the width of each base period, each (k,).
    count : int
        How many at most.

    Returns
    -------
    list of SearchedPeriod
        The periods with a finite score, the best first.
    """
    score, phase, which = searched
    widths = level.widths()
    return [
        SearchedPeriod(
            float(score[k]),
            level.step / grid.step,
            values,
            first + int(k),
            int(phase[k]),
            int(which[k]),
            int(widths[which[k]]),
        )
        for k in np.argsort(score)[::-1][:count]
        if math.isfinite(score[k])
    ]


def optimize_distinct(
    found: Sequence[SearchedPeriod], count: int, climb: Callable[[float, float, int], Trial | None]
) -> list[Trial]:
    """Optimize the best base periods of all levels, each period once.

    Parameters
    ----------
    found : sequence of SearchedPeriod
        Base periods of all levels.
    count : int
        How many trials at most.
    climb : callable
        Optimizes a trial of a period, first grid point and index of the width on the finest grid;
        None where there is none.

    Returns
    -------
    list of Trial
        Trials of different periods, those of the best base periods first.
    """
    from astroseq_core.scoring import _period_numba

    trials: list[Trial] = []
    for one in sorted(found, key=lambda f: f.score, reverse=True):
        if any(abs(one.base * one.factor / t.period - 1) < 1.5 / one.base for t in trials):
            continue
        period = _period_numba.best_shift_period(one.values, one.base, one.phase, one.width)
        # A coarser grid point is a pair of finer ones: its first edge is the same, its center half a step later.
        trial = climb(period * one.factor, one.phase * one.factor, one.which)
        if trial is not None:
            trials.append(trial)
        if len(trials) == count:
            break
    return trials


def _climb(grid: LogRatioGrid, period: float, begin: float, which: int) -> Trial | None:
    """Optimize a trial; None where fewer than two of its events were observed."""
    from astroseq_core.scoring import _period_numba

    total, seen = grid.running_sums()
    cost = _log_num_trials(grid, np.array([period]))[0]
    if not math.isfinite(cost[which]):
        which = int(np.argmin(cost))
    # The change of period that drifts half a grid point over half of the span.
    drift = max(1.0, grid.widths()[which] / 6) * period / grid.size
    score, period, begin, width, count = _period_numba.climb_trial(
        total, seen, period, begin, which, drift, grid.widths(), grid.weights(), cost, MIN_EVENT_EVIDENCE, MAX_EVENT_EVIDENCE, 0.0
    )
    return Trial(score, period, begin, int(width), int(count)) if math.isfinite(score) else None


def evidence_of(grid: LogRatioGrid, period_days: float | None, t0_days: float, duration_hours: float) -> float:
    """Return the evidence of a period, or of a single event, at the best place beside the given one.

    Parameters
    ----------
    grid : LogRatioGrid
        The evidence.
    period_days : float or None
        Period [d]; None for a single event.
    t0_days : float
        Mid-transit time [d].
    duration_hours : float
        Duration [h].

    Returns
    -------
    float
        Natural log of the likelihood ratio, less that of the number of trials; minus infinity where
        fewer than two events, or no single one, were observed.
    """
    which = grid.nearest_width(duration_hours)
    wide = int(grid.widths()[which])
    begin = (t0_days - grid.start) / grid.step - (wide - 1) / 2
    if period_days is not None:
        trial = _climb(grid, period_days / grid.step, begin, which)
        return -math.inf if trial is None else trial.score
    total, seen = grid.running_sums()
    low = max(0, round(begin - wide / 2))
    high = min(grid.size - wide, round(begin + wide / 2))
    if high < low:
        return -math.inf
    at = np.arange(low, high + 1)
    good = 2 * (seen[at + wide] - seen[at]) >= wide
    trials = max(1.0, float(grid.seen.sum()) / wide) * len(DURATION_HOURS)
    sums = (total[at + wide] - total[at]) * float(grid.weights()[which])
    return float(sums[good].max()) - math.log(trials) if good.any() else -math.inf


def _alias_trials(grid: LogRatioGrid, best: Trial) -> list[Trial]:
    """Optimize trials at fractions and multiples of a period, to rule out aliases."""
    longest = min(LONGEST_PERIOD_DAYS / grid.step, grid.size)
    found = []
    for ratio in ALIASES:
        period = best.period * ratio
        if SHORTEST_PERIOD_DAYS / grid.step <= period <= longest:
            # A multiple of the period may start at any of the events that it skips.
            for number in range(max(1, math.ceil(ratio))):
                trial = _climb(grid, period, best.begin + number * best.period, best.width)
                if trial is not None:
                    found.append(trial)
    return found


def _event_evidence(grid: LogRatioGrid, trial: Trial) -> tuple[NDArray[np.int64], _Array]:
    """Return the numbers and the evidence of the observed events of a trial, each (k,)."""
    wide, weight = int(grid.widths()[trial.width]), float(grid.weights()[trial.width])
    total, seen = grid.running_sums()
    number = np.arange(math.floor(-trial.begin / trial.period), math.ceil((grid.size - trial.begin) / trial.period) + 1)
    low = np.rint(trial.begin + number * trial.period).astype(np.int64)
    inside = (low >= 0) & (low + wide <= grid.size)
    number, low = number[inside], low[inside]
    observed = 2 * (seen[low + wide] - seen[low]) >= wide
    return number[observed], ((total[low + wide] - total[low]) * weight)[observed]


def _without_missing(grid: LogRatioGrid, best: Trial) -> Trial:
    """Return the trial at a multiple of the period, where only every second or every third event is there."""
    longest = min(LONGEST_PERIOD_DAYS / grid.step, grid.size)
    number, gain = _event_evidence(grid, best)
    for factor in MISSING_FACTORS:
        of = [gain[number % factor == remainder] for remainder in range(factor)]
        if min(len(g) for g in of) < MIN_ABSENT_EVENTS or factor * best.period > longest:
            continue
        median = [float(np.median(g)) for g in of]
        there = int(np.argmax(median))
        if median[there] > MIN_PRESENT_EVIDENCE and max(m for r, m in enumerate(median) if r != there) < 0:
            trial = _climb(grid, factor * best.period, best.begin + there * best.period, best.width)
            if trial is not None:
                return _without_missing(grid, trial)
    return best


def compile_fold() -> Any:
    """Compile the period search, or load it from numba's cache, before the first star needs it.

    Returns
    -------
    FoldedEvidence
        The result for a short light curve without transits.
    """
    return fold(Evidence(np.arange(400) / 144, np.full(400, -1.0), 1 / 144))
