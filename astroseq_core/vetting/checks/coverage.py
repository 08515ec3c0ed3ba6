"""Coverage: how many transits have data, and how many touch a gap or a momentum dump."""

import math
from collections.abc import Sequence

import numpy as np

from astroseq_core.io.pixels import dump_times
from astroseq_core.preprocessing.prepare import DetrendedLightCurve
from astroseq_core.vetting.checks.base import MEASURED, ROBOVETTER, Check, CheckResult, Flag, Threshold, register
from astroseq_core.vetting.depths import DUMP_HOURS
from astroseq_core.vetting.measurements import Measurements

MIN_TRANSITS = Threshold("transits_few", 3.0, "", "fewer observed transits are not enough to be sure of a period", ROBOVETTER)
MIN_COVERAGE = Threshold("covered", 0.5, "", "part of a transit's cadences that must be there for it to count", ROBOVETTER)
TROUBLED_SHARE = Threshold("troubled_share", 0.5, "", "part of the transits that touch a gap or a momentum dump", ROBOVETTER)
TROUBLED_CHANCE = Threshold("troubled_chance", 1e-4, "", "chance that so many transits meet momentum dumps by accident", MEASURED)
MIDDLE_SHARE = Threshold(
    "middle_share", 0.25, "", "fewer of the expected cadences in mid-transit: the middle is missing", MEASURED
)
MIDDLE_CHANCE = Threshold("middle_chance", 0.003, "", "chance that the middle of the transits is missing by accident", MEASURED)
CHECK = Check(
    name="coverage",
    title="Coverage",
    order=90,
    thresholds=(MIN_TRANSITS, MIN_COVERAGE, TROUBLED_SHARE, TROUBLED_CHANCE, MIDDLE_SHARE, MIDDLE_CHANCE),
    reason_codes=("GAP", "MD", "ST", "SYS"),
)


@register(CHECK)
def check_coverage(measured: Measurements) -> CheckResult:
    """Check how many transits have data, and how many of these touch a gap or a momentum dump.

    Parameters
    ----------
    measured : Measurements
        Measurements of the signal.

    Returns
    -------
    CheckResult
        Value: number of transits with data.
    """
    e, transits, detrended = measured.ephemeris, measured.transits, measured.detrended
    seen = [t for t in transits if t.coverage >= MIN_COVERAGE.value]
    names, number = ("", 0) if measured.separated is None else measured.separated.covering()
    coincide = "one coincides with a transit" if number == 1 else f"{number} coincide with transits"
    left_out = f"; {coincide} of {names} and cannot be used" if number else ""
    if middle_is_missing(measured):
        assert measured.middle is not None
        words = (
            f"{len(transits)} transits are predicted; their middle is missing: {measured.middle.observed} cadences where "
            f"{measured.middle.expected:.0f} are expected, so any depth is a lower limit."
        )
        return CHECK.result(Flag.WARN, float(len(seen)), None, "transits", words, ("GAP",))
    if not seen and left_out:
        return CHECK.unknown(f"None of the {len(transits)} predicted transits can be measured{left_out}.")
    if not seen:
        return CHECK.unknown(f"None of the {len(transits)} predicted transits has data, so nothing can be measured.")
    gaps, near = sum(t.touches_gap for t in seen), sum(t.near_dump for t in seen)
    can = "can be measured" if left_out else "have data"
    base = f"{len(seen)} of {len(transits)} predicted transits {can}; {gaps} touch a gap and {near} a momentum dump{left_out}"
    value = float(len(seen))
    if e.period_days is None:
        if seen[0].touches_gap or seen[0].near_dump:
            trouble = "a gap in the data" if seen[0].touches_gap else "a momentum dump"
            words = f"The single transit has data and touches {trouble}, which can make a dip of its own."
            return CHECK.result(Flag.WARN, value, None, "transits", words, ("GAP" if seen[0].touches_gap else "MD", "ST"))
        return CHECK.result(Flag.WARN, value, None, "transits", "One transit is seen, so its period is not known.", ("ST",))
    chance = _chance_of_dumps(near, len(seen), detrended, e.duration_days)
    if near and near == len(seen) and chance < TROUBLED_CHANCE.value:
        words = f"{base}: that is no accident, the spacecraft makes these dips."
        return CHECK.result(Flag.FAIL, value, None, "transits", words, ("MD", "SYS"))
    if max(gaps, near) > TROUBLED_SHARE.value * len(seen) and (gaps >= near or chance < 0.01):
        words = f"{base}: most meet trouble, so look at each."
        return CHECK.result(Flag.WARN, value, None, "transits", words, ("GAP" if gaps >= near else "MD",))
    if len(seen) < MIN_TRANSITS.value:
        words = f"{base}: too few to be sure of the period."
        return CHECK.result(Flag.WARN, value, None, "transits", words, ("ST",) if len(seen) == 1 else ())
    return CHECK.result(Flag.PASS, value, None, "transits", f"{base}.")


def middle_is_missing(measured: Measurements) -> bool:
    """Return whether the middle of all transits is missing from the data, beyond accident.

    Parameters
    ----------
    measured : Measurements
        Measurements of the signal.

    Returns
    -------
    bool
        Whether it is; then the measured depth is a lower limit.
    """
    found = measured.middle
    return found is not None and found.observed < MIDDLE_SHARE.value * found.expected and found.chance < MIDDLE_CHANCE.value


def _chance_of_dumps(near: int, seen: int, detrended: Sequence[DetrendedLightCurve], duration_days: float) -> float:
    """Return the binomial chance that `near` or more of `seen` transits meet a dump."""
    days = sum(float(c.time[-1] - c.time[0]) for c in detrended)
    number = sum(int(np.sum(np.diff(dump_times(c.light_curve), prepend=-np.inf) > 0.1)) for c in detrended)
    share = min(1.0, number * (duration_days + 2 * DUMP_HOURS / 24) / max(days, 1e-9))
    return sum(math.comb(seen, i) * share**i * (1 - share) ** (seen - i) for i in range(near, seen + 1)) if seen < 1000 else 1.0
