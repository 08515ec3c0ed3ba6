"""Where within its segments a star may transit, and which period gathers the most of that evidence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.lightcurves import channels
from astroseq_core.lightcurves import grid as grids
from astroseq_core.lightcurves.prepare import PreparedCurve
from astroseq_core.scoring.card import logit
from astroseq_core.segments.cut import Segments

#: Durations [h] of the boxes that look for the dip inside a segment; they cover most transits of the KOI and TOI tables.
BOX_HOURS = (1.5, 3.0, 6.0)
#: A missing transit (a gap half over it, a flare on it) may speak against a period no louder than this, and one deep event
#: (an instrument's jump) not louder for it than this [natural log of a likelihood ratio].
LEAST, MOST = -1.5, 6.0
#: Candidate periods come from pairs of so many of the strongest events, and fractions of the time between down to this one.
EVENTS, LARGEST_FRACTION = 40, 12
SHORTEST_PERIOD_DAYS = 0.4
#: Above this signal-to-noise the place of a dip is certain, and exp() of it would overflow.
LARGEST_SNR = 30.0


@dataclass(frozen=True, eq=False)
class Evidence:
    """Log-likelihood ratio for a transit at each of n places in time, increasing, over all observations of a star.

    ``time`` (n,) [d]; ``log_ratio`` (n,), natural log, from ``LEAST`` to ``MOST``; ``step_days`` between places.
    """

    time: NDArray[np.float64]
    log_ratio: NDArray[np.float64]
    step_days: float


@dataclass(frozen=True)
class Folded:
    """The best period: ``score`` is the sum of the log-likelihood ratios of its transits; None for a single transit."""

    score: float
    period_days: float | None
    t0_days: float
    num_transits: int


def evidence_of(curve: PreparedCurve, cuts: Segments, probability: NDArray[np.floating], base_rate: float) -> Evidence:
    """The evidence of one observation from the probabilities (s,) of its segments, a place for each half of the shortest box.

    A segment says how likely it holds a transit (p, against the base rate it was calibrated at); a matched filter says where
    in it: P(place) = p * softmax(snr^2 / 2). Over the prior of the same that is a likelihood ratio for each place; where
    segments overlap their logs are averaged, for they share their data.
    """
    grid = grids.lay(curve.time, curve.cadence_minutes, max_gap=len(curve.time), least_block=1)
    flat, filled = grid.spread(curve.flat), grid.filled()
    widths = [max(1, round(h * 60 / curve.cadence_minutes)) for h in BOX_HOURS]
    snr = np.max([channels.matched_filter(flat, filled, w) for w in widths], axis=0)[grid.place]
    jump = max(1, widths[0] // 2)
    # One place for every `jump` cadences: the strongest dip among them stands for all.
    num = -(-len(snr) // jump)
    padded = np.full(num * jump, -np.inf)
    padded[: len(snr)] = snr
    strongest = np.argmax(padded.reshape(num, jump), axis=1) + np.arange(num) * jump
    time, energy = curve.time[strongest], np.clip(snr[strongest], 0, LARGEST_SNR) ** 2 / 2
    total, count = np.zeros(num), np.zeros(num)
    odds = logit(probability) - float(logit(np.array(base_rate)))
    low = np.searchsorted(time, cuts.t_start)
    high = np.searchsorted(time, cuts.t_stop, side="right")
    for a, b, gain in zip(low, high, odds, strict=True):
        if b > a:
            weight = np.exp(energy[a:b] - energy[a:b].max())
            share = np.log((b - a) * weight / weight.sum() + 1e-12)
            total[a:b] += np.clip(gain + share, LEAST, MOST)
            count[a:b] += 1
    known = count > 0
    step = jump * curve.cadence_minutes / 1440
    return Evidence(time[known], total[known] / count[known], step)


def join(parts: Sequence[Evidence]) -> Evidence:
    """The evidence of several observations as one, in time order."""
    time = np.concatenate([p.time for p in parts])
    order = np.argsort(time)
    return Evidence(time[order], np.concatenate([p.log_ratio for p in parts])[order], max(p.step_days for p in parts))


def fold(evidence: Evidence) -> Folded:
    """The period and epoch whose predicted transits gather the most evidence, or the best single event.

    Every pair of strong events proposes the time between them and its fractions; a proposal's score is the sum over all its
    predicted transits that were observed, so that missing ones count against it.
    """
    time, ratio, step = evidence.time, evidence.log_ratio, evidence.step_days
    strong = np.argsort(ratio)[::-1]
    single = Folded(float(ratio[strong[0]]), None, float(time[strong[0]]), 1)
    events = time[_apart(strong, time, 2 * step)]
    periods, epochs = _proposals(events, max(SHORTEST_PERIOD_DAYS, 4 * step))
    if not len(periods):
        return single
    before = np.floor((epochs - time[0]) / periods).astype(np.int64)
    count = before + np.floor((time[-1] - epochs) / periods).astype(np.int64) + 1
    # All predicted transits of all proposals in one long array; `start` is where each proposal's begin.
    start = np.r_[0, np.cumsum(count)[:-1]]
    number = np.arange(count.sum()) - np.repeat(start + before, count)
    predicted = np.repeat(epochs, count) + number * np.repeat(periods, count)
    near, seen = _lookup(time, ratio, step)
    place = np.rint((predicted - time[0]) / step).astype(np.int64)
    score = np.add.reduceat(near[place], start)
    transits = np.add.reduceat(seen[place].astype(np.int64), start)
    score[transits < 2] = -np.inf
    best = int(np.argmax(score))
    if score[best] <= single.score:
        return single
    return Folded(float(score[best]), float(periods[best]), float(epochs[best]), int(transits[best]))


def _proposals(events: NDArray[np.float64], shortest_days: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Periods and epochs [d], each of shape (p,): the time between every two events and its fractions, from the stronger one."""
    stronger, weaker = np.triu_indices(len(events), k=1)
    between = np.abs(events[weaker] - events[stronger])
    periods = between[:, None] / np.arange(1, LARGEST_FRACTION + 1)
    epochs = np.broadcast_to(events[stronger][:, None], periods.shape)
    long_enough = periods > shortest_days
    return periods[long_enough], epochs[long_enough]


def _lookup(
    time: NDArray[np.float64], ratio: NDArray[np.float64], step_days: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """On a regular grid from the first to the last time: the log ratio for a transit within a step, and whether data are there.

    A dip's strongest cadence may stand a step beside its middle, so the likelihood is averaged over a point and its neighbours;
    where nothing was observed a transit is as likely as none.
    """
    size = int(np.rint((time[-1] - time[0]) / step_days)) + 2
    at = np.full(size + 2, -np.inf)
    np.maximum.at(at, np.rint((time - time[0]) / step_days).astype(np.int64) + 1, ratio)
    there = np.isfinite(at)
    likelihood = np.where(there, np.exp(at), 1.0)
    near = np.log((likelihood[:-2] + likelihood[1:-1] + likelihood[2:]) / 3)
    seen = there[:-2] | there[1:-1] | there[2:]
    return np.where(seen, near, 0.0), seen


def _apart(order: NDArray[np.int64], time: NDArray[np.float64], least_days: float) -> NDArray[np.int64]:
    """Of indices in falling order of strength, those no nearer than ``least_days`` to a stronger one kept; at most EVENTS."""
    kept: list[int] = []
    for i in order:
        if all(abs(time[i] - time[k]) >= least_days for k in kept):
            kept.append(int(i))
            if len(kept) == EVENTS:
                break
    return np.array(kept, dtype=np.int64)
