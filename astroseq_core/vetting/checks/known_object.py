"""Known object: whether the signal is in a catalog."""

from astroseq_core.preprocessing.prepare import time_span
from astroseq_core.same_signal import match_known_signal
from astroseq_core.vetting.checks.base import Check, CheckResult, Flag, register
from astroseq_core.vetting.measurements import Measurements

CHECK = Check(
    name="known_object",
    title="Known object",
    order=110,
    reason_codes=("KN", "WE"),
)


@register(CHECK)
def check_known_object(measured: Measurements) -> CheckResult:
    """Check whether a known signal has this period, or is an alias of it.

    Parameters
    ----------
    measured : Measurements
        Measurements of the signal.

    Returns
    -------
    CheckResult
        Value: offset between the transits of both [h]; None without a match.
    """
    e, known = measured.ephemeris, measured.known
    if not known:
        return CHECK.unknown("No catalog here lists a signal of this star.")
    found = match_known_signal(e, known, *time_span(measured.detrended, e.t0.system))
    if found is None:
        names = ", ".join(k.name for k in known[:3])
        return CHECK.result(Flag.PASS, None, None, "", f"It is none of the star's known signals ({names}).")
    one = found.other
    text = f"{one.name} ({one.disposition})" if one.disposition else one.name
    if not found.transits_coincide:
        words = (
            f"{text} has {_period_ratio_words(found.ratio)} this period, but transits {found.hours_apart:.1f} h apart: "
            "perhaps this is its secondary eclipse."
        )
        return CHECK.result(Flag.WARN, found.hours_apart, None, "h", words, ("KN", "WE"))
    if found.ratio not in ("", "1"):
        words = (
            f"{text} transits together with it and has {_period_ratio_words(found.ratio)} this period: "
            "one of the two periods is wrong."
        )
        return CHECK.result(Flag.WARN, found.hours_apart, None, "h", words, ("KN", "WE"))
    if not one.is_planet:
        words = f"It is {text}, which was found to be no planet."
        return CHECK.result(Flag.FAIL, found.hours_apart, None, "h", words, ("KN",))
    return CHECK.result(Flag.PASS, found.hours_apart, None, "h", f"It is {text}, known already.")


def _period_ratio_words(ratio: str) -> str:
    """Describe the known period relative to this one, given the ratio of this to the known."""
    return {"1": "exactly", "2": "half", "1/2": "twice", "3": "a third of", "1/3": "three times"}[ratio]
