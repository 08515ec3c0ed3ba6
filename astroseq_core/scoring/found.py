"""What was found by folding, with its errors: the times of single events and a straight line through them."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.scoring.places import Places

#: An event gives a time of its own if its evidence is above this.
TIMED = 1.0
#: Before any scatter is seen, one event's time is taken to be uncertain by this part of the duration (and half a place), and its
#: duration by twice that; the scatter of n events outweighs so many that are only supposed.
USUAL_TIMING, SUPPOSED = 0.15, 2.0

#: Bounds on one event's evidence [natural log of a likelihood ratio]: a transit that is missing (a flare on it, a gap over half
#: of it) speaks against a period no louder than LEAST, a deep dip for it no louder than MOST.
LEAST, MOST = -1.5, 10.0

_Array = NDArray[np.float64]


@dataclass(frozen=True)
class Folded:
    """The best period, or the best single transit, where ``period_days`` and ``period_err_days`` are None.

    ``score``: natural log of the likelihood ratio that it gathers, less that of the number of independent trials; so a period
    and a single event stand on one scale, and noise scores about 0. ``single_score``: that of the best single event.
    ``num_transits``: those observed. Errors are one sigma.
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
    """A period [places] and the first place of one event's box; ``width``: index among the durations."""

    score: float
    period: float
    begin: float
    width: int
    count: int


def measured(places: Places, best: Trial, single: float) -> Folded:
    """The period with the errors that the times of its events leave, by a straight line through them.

    The variance of one time is that of the scatter, with SUPPOSED events of the usual one added: two or three times alone would
    by chance lie far too well on a line.
    """
    wide = int(places.widths()[best.width])
    weight = float(places.weights()[best.width])
    mid = best.begin + (wide - 1) / 2
    numbers = np.arange(math.floor(-mid / best.period), math.ceil((places.size - mid) / best.period) + 1)
    total, seen = places.sums()
    times, gains, kept = [], [], []
    for number in numbers:
        low = round(best.begin + number * best.period)
        high = low + wide
        if low < 0 or high > places.size or 2 * (seen[high] - seen[low]) < wide:
            continue
        gain = float((total[high] - total[low]) * weight)
        if gain > TIMED:
            times.append(time_event(places, low + (wide - 1) / 2, wide)[0])
            gains.append(min(gain, MOST))
            kept.append(int(number))
    usual_hours = wide * places.step * 24
    if len(kept) < 2:
        # Every event is weak: the drift that the trial's width allows over the span.
        timing = usual_timing(places, usual_hours)
        t0 = places.start + mid * places.step
        error = timing * math.sqrt(12) / best.count
        return Folded(best.score, best.period * places.step, t0, best.count, usual_hours, single,
                      error, timing, 48 * timing)  # fmt: skip
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
    duration = stacked_hours(places, mid + n * best.period, wide)
    usual = usual_timing(places, duration) / places.step
    variance = (float(np.sum(residual**2)) + SUPPOSED * usual**2) / (max(0, len(kept) - 2) + SUPPOSED)
    # Weights differ between events of equal variance: the sandwich of weighted least squares.
    centred = n - np.average(n, weights=w)
    period_err = math.sqrt(variance * float(np.sum((w * centred) ** 2))) / spread
    t0_variance = variance * float(np.sum(w**2)) / float(np.sum(w)) ** 2
    t0_err = math.hypot(math.sqrt(t0_variance), period_err * (float(np.average(n, weights=w)) - middle))
    hours_err = 48 * usual * places.step / math.sqrt(len(kept))
    return Folded(
        score=best.score,
        period_days=slope * places.step,
        t0_days=places.start + t_middle * places.step,
        num_transits=best.count,
        duration_hours=duration,
        single_score=single,
        period_err_days=period_err * places.step,
        t0_err_days=t0_err * places.step,
        duration_err_hours=hours_err,
    )


def usual_timing(places: Places, hours: float) -> float:
    """How uncertain the time of one event of that duration is taken to be [d]."""
    return math.hypot(USUAL_TIMING * hours / 24, places.step / 2)


def time_event(places: Places, mid: float, wide: int) -> tuple[float, float]:
    """Mid-time [places] and duration [h] of the event near ``mid``, which a box of ``wide`` places has found.

    They are those of the box from one width before the middle to one after it that gathers most for its length.
    """
    low, high = max(0, math.floor(mid - wide)), min(places.size, math.ceil(mid + wide) + 1)
    first, stop = best_box(places.values[low:high])
    return low + (first + stop - 1) / 2, (stop - first) * places.step * 24


def best_box(values: _Array) -> tuple[int, int]:
    """Begin and end (exclusive) of the box with the highest sum by the square root of its length."""
    total = np.r_[0.0, np.cumsum(values)]
    length = np.arange(len(total))[None, :] - np.arange(len(total))[:, None]
    worth = np.where(length > 0, (total[None, :] - total[:, None]) / np.sqrt(np.maximum(length, 1)), -np.inf)
    first, stop = np.unravel_index(int(np.argmax(worth)), worth.shape)
    return int(first), int(stop)


def stacked_hours(places: Places, mids: _Array, wide: int) -> float:
    """Duration [h] of the mean of the events at those places, by the same rule; noise spoils it less than that of single ones."""
    offsets = np.arange(-wide, wide + 1)
    at = np.rint(mids).astype(np.int64)[:, None] + offsets
    at = np.clip(at, 0, places.size - 1)
    seen = places.seen[at].sum(axis=0)
    first, stop = best_box(np.where(seen > 0, places.values[at].sum(axis=0) / np.maximum(seen, 1), 0.0))
    return (stop - first) * places.step * 24
