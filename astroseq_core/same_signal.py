"""Comparison of two ephemerides: the same signal, an alias of it, or another signal."""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from astroseq_core.ephemeris import HOURS_PER_DAY, Ephemeris

#: Two periods agree if their transits, aligned at one end of the data, are within this many durations at the other end.
#: Periods found from the same dips are closer: their accumulated error is that of a mid-time, a fraction of a duration.
DRIFT_DURATIONS = 1.0
#: Periods and epochs with errors also agree within this many sigmas (all errors added in quadrature).
DRIFT_SIGMAS = 3.0
#: Maximum relative difference of periods, however large the errors: with few events, periods agree by chance.
MAX_PERIOD_DIFFERENCE = 0.03
#: Two transits coincide if their middles are within this fraction of the longer duration, or within their drift.
COINCIDENCE_DURATIONS = 0.5
#: At the same period, transits that overlap coincide: two planets cannot share an orbit, but transit times vary.
SAME_ORBIT_DURATIONS = 1.0
#: Maximum offset of a single transit from a predicted one in durations, however large the drift: beyond, they do not overlap.
MAX_SINGLE_OFFSET_DURATIONS = 1.0
#: Ratios of the first period to the second, as transits (first, second) in the same time; the likeliest first: alternate events
#: missed, or a secondary eclipse taken for a transit; then two of three missed, or two false ones added.
PERIOD_RATIOS = {"1": (1, 1), "2": (1, 2), "1/2": (2, 1), "3": (1, 3), "1/3": (3, 1)}
#: Time over which periods must agree where the data are not known: one TESS sector, the shortest data that give a period.
MIN_BASELINE_DAYS = 27.0


@dataclass(frozen=True)
class SignalComparison:
    """How an ephemeris compares with another one of the same star.

    Attributes
    ----------
    other : Ephemeris
        The ephemeris compared with.
    ratio : str
        Ratio of the period to that of `other`, a key of `PERIOD_RATIOS`; "" if it is none of them, or
        if one of both is a single transit. "1" for two single transits that coincide. Two signals at
        the ratio 1 belong to one orbit, also if one of them is its secondary eclipse.
    period_difference : float
        Relative difference between the period and that multiple of the other one; infinite without a
        ratio.
    hours_apart : float
        Offset between the transits of both, of those of the longer period in the middle of the data,
        or at the single transit [h]; infinite for two periods without a ratio.
    transits_coincide : bool
        Whether the transits of the longer period, or the single one, coincide with transits of the
        other.
    same : bool
        Whether both describe one signal: ratio "1", transits that coincide, and two periods or two
        single transits.
    """

    other: Ephemeris
    ratio: str
    period_difference: float
    hours_apart: float
    transits_coincide: bool
    same: bool

    @property
    def is_alias(self) -> bool:
        """Whether both may be one signal at a wrong period: another ratio than 1, and transits that coincide.

        Two planets in resonance look alike; only the depths of the transits tell.
        """
        return self.ratio not in ("", "1") and self.transits_coincide


def compare_signals(e: Ephemeris, other: Ephemeris, start: float | None = None, stop: float | None = None) -> SignalComparison:
    """Compare an ephemeris with another one of the same star.

    Periods agree if their transits, aligned at one end of the data, drift apart by less than
    `DRIFT_DURATIONS` durations at the other end, or if they agree within `DRIFT_SIGMAS` of their
    combined error. Transits coincide if, at some time in the data, their middles are within half
    the longer duration (the whole of it at the same period) or within `DRIFT_SIGMAS` of the drift
    of both ephemerides, hypot(t0_err, n * period_err).

    Parameters
    ----------
    e : Ephemeris
        The ephemeris.
    other : Ephemeris
        The ephemeris to compare with.
    start, stop : float, optional
        First and last time of the star's data [d], in the time system of the epoch of `e`. Without
        them, transits are compared between the two epochs, and periods over `MIN_BASELINE_DAYS`.

    Returns
    -------
    SignalComparison
        The comparison.

    Examples
    --------
    >>> from astroseq_core.times import Instant, TimeSystem
    >>> b = Ephemeris("TIC 1", "b", Instant(1500.0, TimeSystem.BTJD), 3.1, 2.0)
    >>> twice = Ephemeris("TIC 1", "b?", Instant(1503.1, TimeSystem.BTJD), 6.2, 2.0)
    >>> found = compare_signals(twice, b)
    >>> found.ratio, found.same, found.is_alias
    ('2', False, True)
    """
    if e.period_days is None or other.period_days is None:
        return _compare_single(e, other)
    epoch, other_epoch = e.t0.days, other.t0.to(e.t0.system).days
    if start is None or stop is None:
        first, last, baseline = min(epoch, other_epoch), max(epoch, other_epoch), MIN_BASELINE_DAYS
    else:
        first, last, baseline = start, stop, stop - start
    for ratio in PERIOD_RATIOS:
        difference = _period_difference(e, other, ratio, baseline)
        if difference is not None:
            break
    else:
        return SignalComparison(other, "", math.inf, math.inf, False, False)
    long, short = (e, other) if e.period_days >= other.period_days else (other, e)
    assert long.period_days is not None
    assert short.period_days is not None
    long_epoch = epoch if long is e else other_epoch
    middle = long_epoch + round(((first + last) / 2 - long_epoch) / long.period_days) * long.period_days
    apart = abs(math.remainder(middle - (epoch if short is e else other_epoch), short.period_days))
    # the transits drift apart from the middle towards either end; somewhere they are nearest
    drift = difference * (last - first) / 2
    durations = SAME_ORBIT_DURATIONS if ratio == "1" else COINCIDENCE_DURATIONS
    room = durations * max(e.duration_days, other.duration_days)
    sigma = math.hypot(_drift_days(e, middle - epoch), _drift_days(other, middle - other_epoch))
    together = apart <= max(room, DRIFT_SIGMAS * sigma) + drift
    return SignalComparison(other, ratio, difference, apart * HOURS_PER_DAY, together, together and ratio == "1")


def _compare_single(e: Ephemeris, other: Ephemeris) -> SignalComparison:
    """Compare ephemerides one of which at least is a single transit, at the time of that transit."""
    epoch, other_epoch = e.t0.days, other.t0.to(e.t0.system).days
    at = epoch if e.period_days is None else other_epoch
    apart = abs(epoch - other_epoch)
    period = e.period_days or other.period_days
    if period is not None:
        apart = abs(math.remainder(apart, period))
    longer = max(e.duration_days, other.duration_days)
    sigma = math.hypot(_drift_days(e, at - epoch), _drift_days(other, at - other_epoch))
    room = min(max(COINCIDENCE_DURATIONS * longer, DRIFT_SIGMAS * sigma), MAX_SINGLE_OFFSET_DURATIONS * longer)
    together = apart <= room
    same = together and period is None
    return SignalComparison(other, "1" if same else "", 0.0 if same else math.inf, apart * HOURS_PER_DAY, together, same)


def _period_difference(e: Ephemeris, other: Ephemeris, ratio: str, baseline_days: float) -> float | None:
    """Return the relative difference between a period and a multiple of another; None if they do not agree."""
    assert e.period_days is not None
    assert other.period_days is not None
    number, other_number = PERIOD_RATIOS[ratio]
    period, other_period = number * e.period_days, other_number * other.period_days
    difference = abs(period - other_period)
    if difference > MAX_PERIOD_DIFFERENCE * other_period:
        return None
    events = max(1.0, baseline_days / period)
    sigma = math.hypot(number * e.period_err, other_number * other.period_err)
    room = max(DRIFT_DURATIONS * max(e.duration_days, other.duration_days) / events, DRIFT_SIGMAS * sigma)
    return difference / other_period if difference <= room else None


def _drift_days(e: Ephemeris, days: float) -> float:
    """Return the one-sigma error [d] of a transit predicted so many days from the epoch."""
    return math.hypot(e.t0_err, 0.0 if e.period_days is None else round(days / e.period_days) * e.period_err)


def match_known_signal(
    e: Ephemeris,
    known: Sequence[Ephemeris],
    start: float | None = None,
    stop: float | None = None,
    ratios: Collection[str] = tuple(PERIOD_RATIOS),
) -> SignalComparison | None:
    """Return the comparison with the known signal that an ephemeris is, or may be.

    A single transit may be one of a periodic signal. A signal at the same period counts even if its
    transits are elsewhere, since two planets cannot share an orbit: one of both is then a secondary
    eclipse. At other ratios the transits must coincide; otherwise the two are planets near a
    resonance. Signals whose transits coincide come first, then the order of `PERIOD_RATIOS`, then
    the nearest period and time.

    Parameters
    ----------
    e : Ephemeris
        Ephemeris to match.
    known : sequence of Ephemeris
        Known signals of the star.
    start, stop : float, optional
        First and last time of the star's data [d], see `compare_signals`.
    ratios : collection of str, optional
        Keys of `PERIOD_RATIOS` that count.

    Returns
    -------
    SignalComparison or None
        The best match; None without any.
    """
    order = [*PERIOD_RATIOS, ""]
    found = []
    for one in known:
        compared = compare_signals(e, one, start, stop)
        alias = compared.ratio in ratios or e.period_days is None
        if compared.ratio == "1" or (alias and compared.transits_coincide):
            found.append(compared)
    return min(
        found,
        key=lambda c: (not c.transits_coincide, order.index(c.ratio), c.period_difference, c.hours_apart),
        default=None,
    )


def other_signals(
    known: Iterable[Ephemeris], chosen: Ephemeris, start: float | None = None, stop: float | None = None
) -> tuple[Ephemeris, ...]:
    """Return every known signal of a star but the chosen one.

    The signals of one list are different signals, whatever their periods: planets near 2:1 or 3:1
    are listed as two. Only the chosen signal itself is left out: the listed ones that are the same
    signal; without any, the one of its name; without that, the one that it is an alias of, such as
    a listed one whose period a person has doubled.

    Parameters
    ----------
    known : iterable of Ephemeris
        Known signals of the star.
    chosen : Ephemeris
        The signal being examined.
    start, stop : float, optional
        First and last time of the star's data [d], see `compare_signals`.

    Returns
    -------
    tuple of Ephemeris
        The signals to mask while the chosen one is measured, in their order.
    """
    listed = tuple(known)
    itself = [one for one in listed if compare_signals(chosen, one, start, stop).same]
    itself = itself or [one for one in listed if one.name == chosen.name]
    if not itself:
        match = match_known_signal(chosen, listed, start, stop)
        itself = [match.other] if match is not None and match.transits_coincide else []
    return tuple(one for one in listed if not any(one is own for own in itself))
