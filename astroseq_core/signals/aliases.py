"""Aliases of a period: its multiples and fractions, told apart by the depths, times and widths of the single transits."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.scoring.period import LONGEST_PERIOD_DAYS, SHORTEST_PERIOD_DAYS
from astroseq_core.signals.event_depths import EventDepths, event_depths
from astroseq_core.vetting.box_depths import BoxDepths

#: Difference of two mean depths [sigma] from which they are different, and the fraction of a depth by which equal ones may differ
#: beside their errors: sampling, spots and detrending.
DIFFERENT_SIGMA, SPARE_FRACTION = 4.0, 0.02
#: Significance of a dip that is there, and smallest ratio of two depths that are equal.
PRESENT_SIGMA, EQUAL_RATIO = 5.0, 0.7
#: A transit is missing that has less than this part of the typical depth; so many must be.
ABSENT_RATIO, MIN_ABSENT = 0.3, 2
#: Factors that are tried; each change is tried again from its new period.
FACTORS, MAX_CHANGES = (2, 3), 4


def settle_period(boxes: Sequence[BoxDepths], ephemeris: Ephemeris) -> Ephemeris:
    """Return a signal at the period that its single transits speak for.

    The period is multiplied where every second or third transit is deeper than the others, or the
    only one, and divided where equally deep dips lie between its transits.

    Parameters
    ----------
    boxes : sequence of BoxDepths
        Box depths of the signal's duration, see `event_boxes`.
    ephemeris : Ephemeris
        The signal; a single transit is returned as it is.

    Returns
    -------
    Ephemeris
        The signal, at its period or another, with the epoch of its deepest transits.
    """
    for _ in range(MAX_CHANGES):
        if ephemeris.period_days is None:
            break
        events = event_depths(boxes, ephemeris)
        changed = _longer(ephemeris, events) or _shorter(boxes, ephemeris, events)
        if changed is None:
            break
        ephemeris = changed
    return ephemeris


def _longer(e: Ephemeris, events: EventDepths) -> Ephemeris | None:
    """Return the signal at the multiple of the period whose transits are deeper than the rest; None if there is none."""
    assert e.period_days is not None
    whole = events.typical()[0]
    absent = (events.depth < ABSENT_RATIO * whole) & (whole - events.depth > PRESENT_SIGMA * events.error)
    for factor in FACTORS:
        if factor * e.period_days > LONGEST_PERIOD_DAYS:
            continue
        groups = [events.number % factor == remainder for remainder in range(factor)]
        if any(not group.any() for group in groups):
            continue
        means = [events.typical(group) for group in groups]
        deepest = int(np.argmax([depth for depth, _ in means]))
        depth, error = means[deepest]
        rest = [mean for k, mean in enumerate(means) if k != deepest]
        # other planets' transits may fill some of the missing places
        gone = [int((absent & group).sum()) for group in groups]
        if gone[deepest] == 0 and sum(gone) >= MIN_ABSENT and depth > PRESENT_SIGMA * error:
            return _multiplied(e, factor, deepest)
        differ = all(depth - d > DIFFERENT_SIGMA * math.hypot(error, err, SPARE_FRACTION * depth) for d, err in rest)
        # one deep event alone is no proof of a longer period, unless the others are many
        if differ and depth > PRESENT_SIGMA * error and (factor == 2 or all(d < 0.3 * depth for d, _ in rest)):
            return _multiplied(e, factor, deepest)
    return None


def _multiplied(e: Ephemeris, factor: int, number: int) -> Ephemeris:
    """Return a signal at a multiple of its period, from the transit of a number on."""
    assert e.period_days is not None
    return replace(e.shifted(number), period_days=factor * e.period_days, period_err=factor * e.period_err)


def _shorter(boxes: Sequence[BoxDepths], e: Ephemeris, events: EventDepths) -> Ephemeris | None:
    """Return the signal at the fraction of the period between whose transits equal dips lie; None if there is none."""
    assert e.period_days is not None
    depth, error = events.typical()
    for factor in FACTORS:
        period = e.period_days / factor
        if period < SHORTEST_PERIOD_DAYS or e.duration_days > 0.3 * period:
            continue
        between = [event_depths(boxes, e, k / factor).typical() for k in range(1, factor)]
        if all(
            d > PRESENT_SIGMA * err
            and abs(d - depth) < DIFFERENT_SIGMA * math.hypot(error, err, SPARE_FRACTION * depth)
            and EQUAL_RATIO < d / depth < 1 / EQUAL_RATIO
            for d, err in between
        ):
            return replace(e, period_days=period, period_err=e.period_err / factor)
    return None
