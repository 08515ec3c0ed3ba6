"""Whether two ephemerides are of one signal: at the same period, its double or its half."""

from collections.abc import Sequence
from dataclasses import dataclass

from astroseq_core.ephemeris import HOURS_PER_DAY, Ephemeris

#: Two periods are one when their transits, together at one end of the data, are within so many durations at the other. A
#: period that was found from the same dips is nearer: its error over the data is that of a mid-time, a part of a duration.
DRIFT_DURATIONS = 1.0
#: A period with an error of its own is one with another within so many of these (both periods' errors added in squares).
DRIFT_SIGMAS = 3.0
#: However uncertain, periods that differ by more than this part are two: few events leave room for chance.
MOST_APART = 0.03
#: The period over the known one, the likeliest first: alternate events missed, or a secondary taken for a transit.
RATIOS = (("1", 1.0), ("2", 2.0), ("1/2", 0.5))


@dataclass(frozen=True)
class KnownMatch:
    """A known signal with the same period: ``ratio`` of the period to its own; ``hours_apart`` of the transits, in mid-data.

    ``together``: the transits fall together there.
    """

    known: Ephemeris
    ratio: str
    hours_apart: float
    together: bool


def period_apart(
    period_days: float,
    period_err_days: float,
    duration_hours: float,
    baseline_days: float,
    known: Ephemeris,
    ratio: float,
) -> float | None:
    """By which part a period differs from that multiple of a known one; None where they are two periods.

    ``baseline_days`` [d]: from the first to the last of the star's data.
    """
    if known.period_days is None:
        return None
    wanted = ratio * known.period_days
    difference = abs(period_days - wanted)
    events = max(1.0, baseline_days / period_days)
    duration_days = max(duration_hours, known.duration_hours) / HOURS_PER_DAY
    # Independent errors: those of the two periods add in squares.
    sigma = (period_err_days**2 + (ratio * known.period_err) ** 2) ** 0.5
    room = max(DRIFT_DURATIONS * duration_days / events, DRIFT_SIGMAS * sigma)
    return difference / wanted if difference <= min(room, MOST_APART * wanted) else None


def match_known(e: Ephemeris, start: float, stop: float, known: Sequence[Ephemeris]) -> KnownMatch | None:
    """The known signal that has the ephemeris' period, its double or its half; a single transit matches one that transits then.

    ``start`` to ``stop`` [d] are the star's data, in the system of the ephemeris' epoch. Signals whose transits fall together
    come first, then the ratio 1, then the order of ``known``.
    """
    found: list[tuple[tuple[bool, int], KnownMatch]] = []
    for one in known:
        if e.period_days is None:
            apart = _apart_hours(e, one, e.t0.days)
            if apart <= _room_hours(e, one, e.t0.days):
                found.append(((False, 0), KnownMatch(one, "1", apart, True)))
            continue
        for rank, (word, ratio) in enumerate(RATIOS):
            if period_apart(e.period_days, e.period_err, e.duration_hours, stop - start, one, ratio) is None:
                continue
            middle = e.t0.days + round(((start + stop) / 2 - e.t0.days) / e.period_days) * e.period_days
            apart = _apart_hours(e, one, middle)
            together = apart <= _room_hours(e, one, middle)
            found.append(((not together, rank), KnownMatch(one, word, apart, together)))
    return min(found, key=lambda f: f[0])[1] if found else None


def _apart_hours(e: Ephemeris, known: Ephemeris, mid: float) -> float:
    """Hours from a mid-transit [d, system of e's epoch] to the nearest one of the known signal."""
    import numpy as np

    return abs(float(known.phase_days(np.array([mid]), e.t0.system)[0])) * HOURS_PER_DAY


def _room_hours(e: Ephemeris, known: Ephemeris, mid: float) -> float:
    """How far apart [h] transits of one signal may be: half the longer duration, or the drift of both ephemerides."""
    sigma = e.t0_err**2 + known.t0_err**2
    for one in (e, known):
        if one.period_days is not None:
            sigma += ((mid - one.t0.to(e.t0.system).days) / one.period_days * one.period_err) ** 2
    return max(max(e.duration_hours, known.duration_hours) / 2, DRIFT_SIGMAS * float(sigma**0.5) * HOURS_PER_DAY)
