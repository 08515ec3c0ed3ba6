"""Which period gathers the most of a star's evidence, against the best single event, with the errors of what is found."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.scoring.evidence import Evidence
from astroseq_core.scoring.found import LEAST, MOST, Folded, Trial, measured, time_event, usual_timing
from astroseq_core.scoring.places import DURATION_HOURS, Places, coarser, lay

#: While periods are searched one place is held to this, so that single deep dips do not fill the list of candidates.
SEARCH_MOST = 6.0
SHORTEST_PERIOD_DAYS = 0.4
#: Longest trial period [d]; no catalogue of transits goes beyond.
LONGEST_PERIOD_DAYS = 500.0
#: Shortest and longest transit of a one-day orbit [h], about stars of 30 and 0.03 solar densities; both go with the cube root of
#: the period (Winn 2010, eq. 19: 1.8 h at the Sun's density). No box is longer than the second part of the period.
ONE_DAY_HOURS = (0.6, 6.0)
LARGEST_DUTY = 0.25
#: Places may be as long as this part of the shortest transit at a period; neighbouring trials then drift apart by half a place,
#: less than a third of it, over the whole span.
PLACE_OF_DURATION = 0.6
#: So many of the best trials are looked at closely, and so many fractions and multiples of the best.
CANDIDATES = 16
ALIASES = (0.5, 2.0, 1 / 3, 3.0, 2 / 3, 1.5)
_Array = NDArray[np.float64]


def fold(evidence: Evidence) -> Folded:
    """The period and epoch whose predicted transits gather the most evidence, or the best single event.

    Searched are all periods from SHORTEST_PERIOD_DAYS to the span of the data, at all epochs and durations; gaps speak neither
    for nor against. The evidence must not be empty.
    """
    places = lay(evidence)
    single, at, width = _best_single(places)
    trials = _candidates(places)
    best = max(trials, key=lambda t: t.score, default=None)
    if best is not None:
        best = max([best, *_relatives(places, best)], key=lambda t: t.score)
    if best is None or best.score <= single:
        mid, hours = _single(places, at, width)
        timing = usual_timing(places, hours)
        return Folded(single, None, mid, 1, hours, single, None, timing, 48 * timing)
    return measured(places, best, single)


def _best_single(places: Places) -> tuple[float, int, int]:
    """Score of the best single event, the first place of its box, and the index of its width."""
    total, seen = places.sums()
    best = (-math.inf, 0, 0)
    for index, (width, weight) in enumerate(zip(places.widths(), places.weights(), strict=True)):
        if width > places.size:
            continue
        sums = np.where(2 * (seen[width:] - seen[:-width]) >= width, (total[width:] - total[:-width]) * weight, -np.inf)
        at = int(np.argmax(sums))
        trials = max(1.0, float(places.seen.sum()) / width) * len(DURATION_HOURS)
        best = max(best, (float(sums[at]) - math.log(trials), at, index))
    if best[0] == -math.inf:
        # Fewer places than the shortest box: what little there is.
        return float(places.values.max()) - math.log(places.size * len(DURATION_HOURS)), int(places.values.argmax()), 0
    return best


def _single(places: Places, at: int, width: int) -> tuple[float, float]:
    """Mid-time [d] and duration [h] of a single event found in that box."""
    wide = int(places.widths()[width])
    mid, hours = time_event(places, at + (wide - 1) / 2, wide)
    return places.start + mid * places.step, hours


def _cost(places: Places, periods: _Array) -> _Array:
    """Natural log of the number of independent trials at each of those periods [places] for each width, shape (k, widths).

    Periods further apart than a duration over the span, and epochs a duration apart, are independent; a period is as likely in
    any octave. Infinite where no transit is so long or so short.
    """
    widths = places.widths()
    days = periods[:, None] * places.step
    hours = widths[None, :] * places.step * 24
    octaves = math.log(max(math.e, places.size * places.step / SHORTEST_PERIOD_DAYS))
    cost = np.log(octaves * places.size / widths * periods[:, None] / widths * len(widths))
    longest = np.minimum(ONE_DAY_HOURS[1] * np.cbrt(days), 24 * LARGEST_DUTY * days)
    shortest = ONE_DAY_HOURS[0] * np.cbrt(days)
    # The boxes stand in steps: the next shorter than allowed is still the nearest one for what is allowed.
    keep = (hours <= longest * 1.3) & (hours >= shortest / 1.3)
    keep[:, 0] |= ~keep.any(axis=1)
    return np.asarray(np.where(keep, cost, np.inf))


def _levels(places: Places) -> list[tuple[Places, int, int]]:
    """The evidence in steps of rising length, each with the first and last base period [places] to fold it at."""
    longest = min(LONGEST_PERIOD_DAYS, places.size * places.step)
    shortest = SHORTEST_PERIOD_DAYS
    found = []
    while shortest < longest:
        # The next coarser places are good enough from here on.
        until = ((2 * places.step * 24 / PLACE_OF_DURATION) / ONE_DAY_HOURS[0]) ** 3
        if 2 * places.step * 24 <= PLACE_OF_DURATION * DURATION_HOURS[0]:
            until = min(until, SHORTEST_PERIOD_DAYS)
        if until > shortest:
            stop = min(until, longest)
            first, last = max(4, int(shortest / places.step)), int(stop / places.step)
            if last >= first:
                found.append((places, first, last))
            shortest = stop
        places = coarser(places)
    return found


def _candidates(places: Places) -> list[Trial]:
    """The best trials of all periods, each climbed to its top on the finest places."""
    from astroseq_core.scoring import fast_folding

    found = []
    held = Places(places.start, places.step, np.clip(places.values, LEAST, SEARCH_MOST), places.seen)
    for level, first, last in _levels(held):
        # Sums over places of this level are sums of the finest ones: their weight goes with the finest widths.
        weights = level.weights() * places.step / level.step
        cost = _cost(level, np.arange(first, last + 1, dtype=np.float64) + 0.5)
        values = level.values.astype(np.float32)
        score, phase, which = fast_folding.search(values, first, last, level.widths(), weights, cost)
        factor = level.step / places.step
        found += [
            (float(score[k]), factor, values, first + int(k), int(phase[k]), int(which[k]), int(level.widths()[which[k]]))
            for k in np.argsort(score)[::-1][: 2 * CANDIDATES]
            if math.isfinite(score[k])
        ]
    trials: list[Trial] = []
    for _, factor, values, base, phase, which, width in sorted(found, key=lambda f: f[0], reverse=True):
        if any(abs(base * factor / t.period - 1) < 1.5 / base for t in trials):
            continue
        period = fast_folding.shift_of(values, base, phase, width)
        # The coarser places are pairs of the finer ones: their first edge is the same, their middle half a place further on.
        trial = _climb(places, period * factor, phase * factor, which)
        if trial is not None:
            trials.append(trial)
        if len(trials) == CANDIDATES:
            break
    return trials


def _climb(places: Places, period: float, begin: float, which: int) -> Trial | None:
    """The best trial near one; None where fewer than two of its events were observed."""
    from astroseq_core.scoring import fast_folding

    total, seen = places.sums()
    cost = _cost(places, np.array([period]))[0]
    if not math.isfinite(cost[which]):
        which = int(np.argmin(cost))
    # Half a place over half of the span, in a period.
    drift = max(1.0, places.widths()[which] / 6) * period / places.size
    score, period, begin, width, count = fast_folding.climb(
        total, seen, period, begin, which, drift, places.widths(), places.weights(), cost, LEAST, MOST
    )
    return Trial(score, period, begin, int(width), int(count)) if math.isfinite(score) else None


def _relatives(places: Places, best: Trial) -> list[Trial]:
    """The best trials near the fractions and multiples of a period: an alias is told by the evidence at odd and even epochs."""
    longest = min(LONGEST_PERIOD_DAYS / places.step, places.size)
    found = []
    for ratio in ALIASES:
        period = best.period * ratio
        if SHORTEST_PERIOD_DAYS / places.step <= period <= longest:
            # A multiple of the period may begin at any of the events that it leaves out.
            for number in range(max(1, math.ceil(ratio))):
                trial = _climb(places, period, best.begin + number * best.period, best.width)
                if trial is not None:
                    found.append(trial)
    return found


def warm() -> Any:
    """Compile what a fold needs, or read it from its cache, so that the first star is not kept waiting."""
    return fold(Evidence(np.arange(400) / 144, np.full(400, -1.0), 1 / 144))
