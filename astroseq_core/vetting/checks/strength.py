"""Strength of the signal: whether the dip stands out from the noise."""

import numpy as np

from astroseq_core.vetting.checks.base import Check, CheckResult, Flag, Threshold, format_depth, register
from astroseq_core.vetting.measurements import Measurements
from astroseq_core.vetting.odd_even import mean_depth

NO_SIGNAL = Threshold("nothing", 1.0, "σ", "a weaker dip is none", "one sigma")
SIGNIFICANT = Threshold(
    "significant", 7.1, "σ", "depth over its error, red noise in", "Kepler's detection threshold (Jenkins 2002)"
)
MEASURABLE = Threshold(
    "measurable", 3.0, "σ", "of a fainter dip no shape, size, duration or change of depth can be told", "three sigma"
)
CHECK = Check(
    name="strength",
    title="Strength of the signal",
    order=10,
    thresholds=(NO_SIGNAL, SIGNIFICANT, MEASURABLE),
    reason_codes=("LS", "WE"),
)


@register(CHECK)
def check_strength(measured: Measurements) -> CheckResult:
    """Check whether the dip is significant, red noise included.

    Parameters
    ----------
    measured : Measurements
        Measurements of the signal.

    Returns
    -------
    CheckResult
        Value: depth over its error [σ].
    """
    found = mean_depth(measured.transits)
    if found is None:
        return CHECK.unknown("No transit has enough data to tell its depth.")
    mean, error, number = found
    subtracted = beyond = ""
    if measured.separated is not None and measured.separated.models:
        error = float(np.hypot(error, measured.separated.depth_err_ppm))
        subtracted = f" (the coinciding transits of {measured.separated.subtracted} are subtracted)"
        beyond = f" but {measured.separated.subtracted}"
    sigma = mean / error
    of = "one transit" if number == 1 else f"{number} transits"
    base = f"The dip is {format_depth(mean, error)} deep over {of}{subtracted}, {sigma:.1f} σ"
    if sigma < NO_SIGNAL.value:
        words = f"{base}: there is nothing here at this period and epoch{beyond}."
        return CHECK.result(Flag.WARN, sigma, 1.0, "σ", words, ("LS", "WE"))
    if sigma < SIGNIFICANT.value:
        return CHECK.result(Flag.WARN, sigma, 1.0, "σ", f"{base}: too faint to be sure of.", ("LS",))
    return CHECK.result(Flag.PASS, sigma, 1.0, "σ", f"{base}: it stands out from the noise.")


def faint_sentence(measured: Measurements, what: str) -> str:
    """Return a sentence that says that a dip is too faint to tell something of it.

    Parameters
    ----------
    measured : Measurements
        Measurements of the signal.
    what : str
        What cannot be told.

    Returns
    -------
    str
        The sentence; "" if the dip is strong enough, or its transits are not measured.
    """
    found = mean_depth(measured.transits)
    if found is None or found[0] >= MEASURABLE.value * found[1]:
        return ""
    mean, error, _ = found
    return f"The dip is {format_depth(mean, error)} deep, {mean / error:.1f} σ: too faint to tell {what}."
