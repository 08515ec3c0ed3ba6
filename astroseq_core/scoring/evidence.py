"""Where a star may transit, and where not: segment and cadence probabilities of one observation on one grid of time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.lightcurves import boxes
from astroseq_core.lightcurves import grid as grids
from astroseq_core.lightcurves.grid import Grid
from astroseq_core.lightcurves.prepare import PreparedCurve
from astroseq_core.scoring.card import logit
from astroseq_core.segments.cut import Segments

#: Evidence stands on steps of about so many minutes, or one cadence where these are longer: a sixth of the shortest transits.
STEP_MINUTES = 10.0
#: Bounds of the evidence at one place [natural log of a likelihood ratio]; a probability of 1e-7 from certainty reaches 16.
LOWEST, HIGHEST = -3.0, 14.0
#: Share of a segment's cadences in transit where it has a transit: 3 h in 34 h of TESS. The base rate of cadences is that of
#: segments times this, unless the network was calibrated to another.
IN_TRANSIT_SHARE = 0.1
#: Part of a segment at either end over which its cadence probabilities count less, down to EDGE_WEIGHT: half of a transit there
#: is outside, where the network cannot see it.
TAPER, EDGE_WEIGHT = 0.15, 0.05
#: Durations [h] of the boxes that look for the dip inside a segment where a network says nothing of cadences.
BOX_HOURS = (1.5, 3.0, 6.0, 10.0)
#: Above this signal-to-noise the place of a dip is certain, and exp() of it would overflow.
LARGEST_SNR = 30.0
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class Evidence:
    """Log-likelihood ratio for being in transit, against not, at each of n places in time, increasing.

    ``time`` (n,) [d]: the middles of places with data, one ``step_days`` apart where nothing is missing; ``log_ratio`` (n,),
    natural log, from ``LOWEST`` to ``HIGHEST``.
    """

    time: NDArray[np.float64]
    log_ratio: NDArray[np.float64]
    step_days: float


@dataclass(frozen=True, eq=False)
class _Steps:
    """Cadences (n,) gathered in steps: ``number`` (n,) of each one's step, ``cadences`` in each of ``size`` steps."""

    grid: Grid
    number: NDArray[np.int64]
    size: int
    minutes: float

    def mean(self, values: NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Weighted means over each step (size,) of values (n,); NaN in a step without weight."""
        w = np.ones(len(values)) if weights is None else weights
        total = np.bincount(self.number, w, self.size)
        return np.asarray(np.bincount(self.number, w * values, self.size) / np.where(total > 0, total, np.nan))


def evidence_of(
    curve: PreparedCurve,
    cuts: Segments,
    probability: NDArray[np.floating],
    base_rate: float,
    cadence: NDArray[np.floating] | None = None,
    cadence_base_rate: float | None = None,
) -> Evidence:
    """The evidence of one observation from the probabilities (s,) of its segments, or (s, places) of parts of them.

    ``base_rate``: share of segments with a transit at which ``probability`` is calibrated; ``cadence_base_rate``: the same of
    cadences, IN_TRANSIT_SHARE of it where None. Where segments overlap their logs are averaged, for they share their data. At
    most half of the places can be in transit: where the median speaks for transits, it is taken away.
    """
    steps = _steps(curve)
    share = IN_TRANSIT_SHARE * base_rate if cadence_base_rate is None else cadence_base_rate
    if cadence is None:
        ratio = _from_segments(curve, steps, cuts, probability, base_rate)
    else:
        ratio = _from_cadences(steps, cuts, cadence, share)
    known = np.isfinite(ratio)
    ratio = ratio[known]
    if len(ratio):
        ratio = ratio - max(0.0, float(np.median(ratio)))
    return Evidence(steps.mean(curve.time)[known], np.clip(ratio, LOWEST, HIGHEST), steps.minutes / 1440)


def join(parts: Sequence[Evidence]) -> Evidence:
    """The evidence of several observations as one, in time order."""
    time = np.concatenate([p.time for p in parts])
    order = np.argsort(time)
    return Evidence(time[order], np.concatenate([p.log_ratio for p in parts])[order], max(p.step_days for p in parts))


def _steps(curve: PreparedCurve) -> _Steps:
    grid = grids.lay(curve.time, curve.cadence_minutes, max_gap=len(curve.time), least_block=1)
    jump = max(1, round(STEP_MINUTES / curve.cadence_minutes))
    number = grid.place // jump
    return _Steps(grid, number, int(number[-1]) + 1, jump * curve.cadence_minutes)


def _from_cadences(steps: _Steps, cuts: Segments, cadence: NDArray[np.floating], base_rate: float) -> NDArray[np.float64]:
    """Mean log-odds of each step (size,) over the parts of segments that cover it, less those of the base rate."""
    window, places = cuts.values.shape[1], cadence.shape[1]
    odds = logit(cadence) - float(logit(np.array(base_rate)))
    # (window,): which part of the segment each of its cadences is in, and how much that part counts.
    part = np.arange(window) * places // window
    from_edge = np.minimum(np.arange(window) + 0.5, window - np.arange(window) - 0.5) / window
    weight = np.clip(from_edge / TAPER, EDGE_WEIGHT, 1.0)
    place = steps.grid.place
    total, weights = np.zeros(len(place)), np.zeros(len(place))
    for first, last, lead, own in zip(cuts.first, cuts.last, cuts.lead, odds, strict=True):
        inside = place[first : last + 1] - place[first] + lead
        total[first : last + 1] += weight[inside] * own[part[inside]]
        weights[first : last + 1] += weight[inside]
    return steps.mean(np.divide(total, weights, out=np.zeros_like(total), where=weights > 0), weights)


def _from_segments(
    curve: PreparedCurve, steps: _Steps, cuts: Segments, probability: NDArray[np.floating], base_rate: float
) -> NDArray[np.float64]:
    """The same from segment probabilities alone: a matched filter says where in a segment its transit would be.

    P(centre and duration) = softmax(snr^2 / 2) over the places and boxes of the segment, and a place is in transit under all
    the boxes that reach over it: P(in transit) = P(segment) * that sum, against the base rate times what an even spread gives.
    """
    filled = steps.grid.filled()
    flat = steps.grid.spread(curve.flat)
    widths = [max(1, round(h * 60 / steps.minutes)) for h in BOX_HOURS]
    energy = np.full((len(widths), steps.size), -np.inf)
    for row, hours in zip(energy, BOX_HOURS, strict=True):
        snr = boxes.matched_filter(flat, filled, max(1, round(hours * 60 / curve.cadence_minutes)))
        np.maximum.at(row, steps.number, np.clip(snr[steps.grid.place], 0, LARGEST_SNR) ** 2 / 2)
    total, count = np.zeros(steps.size), np.zeros(steps.size)
    for first, last, chance in zip(steps.number[cuts.first], steps.number[cuts.last], probability, strict=True):
        own = energy[:, first : last + 1]
        weight = np.exp(own - own.max())
        weight /= weight.sum()
        covered = sum(_box_sum(row, width) for row, width in zip(weight, widths, strict=True))
        even = min(0.5, float(np.mean(widths)) / own.shape[1])
        places = logit(np.clip(chance * np.asarray(covered), _TINY, 1)) - float(logit(np.array(base_rate * even)))
        total[first : last + 1] += np.clip(places, LOWEST, HIGHEST)
        count[first : last + 1] += 1
    there = np.isfinite(energy[0]) & (count > 0)
    return np.where(there, total / np.maximum(count, 1), np.nan)


def _box_sum(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Sum of the ``width`` values around each (n,), fewer at the ends."""
    total = np.r_[0.0, np.cumsum(values)]
    low = np.clip(np.arange(len(values)) - width // 2, 0, len(values))
    return np.asarray(total[np.clip(low + width, 0, len(values))] - total[low])
