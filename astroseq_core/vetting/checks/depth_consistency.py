"""Depth from transit to transit: whether all transits are equally deep."""

import numpy as np

from astroseq_core.vetting.checks.base import MEASURED, ROBOVETTER, Check, CheckResult, Flag, Threshold, format_depth, register
from astroseq_core.vetting.checks.coverage import MIN_COVERAGE
from astroseq_core.vetting.checks.strength import SIGNIFICANT, faint_sentence
from astroseq_core.vetting.measurements import Measurements
from astroseq_core.vetting.odd_even import mean_depth

CONSISTENCY_WARN = Threshold("consistency_warn", 1e-3, "", "chance that depths scatter like this by noise alone", MEASURED)
CONSISTENCY_FAIL = Threshold("consistency_fail", 1e-6, "", "chance that depths scatter like this by noise alone", MEASURED)
CONSISTENCY_RELATIVE = Threshold(
    "consistency_relative", 0.15, "", "less intrinsic scatter, in mean depths, only warns: spots and apertures do that", MEASURED
)
CONSISTENCY_MIN = Threshold("consistency_least", 0.02, "", "less intrinsic scatter, in mean depths, is passed", MEASURED)
CONSISTENCY_CHI2 = Threshold(
    "consistency_chi2", 2.5, "", "smaller reduced chi-squares may come from errors that are told too small", MEASURED
)
CONSISTENCY_CADENCE = Threshold(
    "consistency_cadence",
    0.5,
    "durations",
    "with cadences further apart, a depth depends on where they fall in the transit, and a scatter only warns",
    MEASURED,
)
SINGLE_EVENT_SHARE = Threshold("single_event_share", 0.8, "", "one transit's significance over that of all", ROBOVETTER)
CHECK = Check(
    name="depth_consistency",
    title="Depth from transit to transit",
    order=40,
    thresholds=(
        CONSISTENCY_WARN,
        CONSISTENCY_FAIL,
        CONSISTENCY_RELATIVE,
        CONSISTENCY_MIN,
        CONSISTENCY_CHI2,
        CONSISTENCY_CADENCE,
        SINGLE_EVENT_SHARE,
    ),
    reason_codes=("DV", "SYS"),
)


@register(CHECK)
def check_depth_consistency(measured: Measurements) -> CheckResult:
    """Check whether all transits are equally deep within their errors.

    Parameters
    ----------
    measured : Measurements
        Measurements of the signal.

    Returns
    -------
    CheckResult
        Value: reduced chi-square of the depths about their mean.
    """
    from scipy.stats import chi2 as chi2_distribution

    found = mean_depth(measured.transits)
    if measured.ephemeris.period_days is None:
        return CHECK.unknown("A single transit cannot be compared with others.")
    if found is None:
        return CHECK.unknown("No transit has enough data to tell its depth.")
    mean, error, number = found
    if number < 2:
        words = f"Only one transit has data, {format_depth(mean, error)} deep; it cannot be compared."
        return CHECK.unknown(words)
    seen = [
        (t.depth_ppm, t.depth_err_ppm) for t in measured.transits if t.depth_ppm is not None and t.coverage >= MIN_COVERAGE.value
    ]
    depth, sigma = np.array([s[0] for s in seen], dtype=np.float64), np.array([s[1] for s in seen], dtype=np.float64)
    degrees = len(depth) - 1
    chi2 = float(np.sum(((depth - mean) / sigma) ** 2))
    chance = float(chi2_distribution.sf(chi2, degrees))
    intrinsic = float(np.sqrt(max(0.0, float(np.var(depth, ddof=1)) - float(np.mean(sigma**2)))))
    relative = intrinsic / max(abs(mean), 1e-9)
    strongest = int(np.argmax(depth / sigma))
    single = float(depth[strongest] / sigma[strongest]) / max(float(np.sqrt(np.sum((depth / sigma) ** 2))), 1e-9)
    # the transit with the best data makes up much of any signal
    expected = float(1 / sigma[strongest] / np.sqrt(np.sum(sigma**-2)))
    base = f"{len(depth)} transits are {format_depth(mean, error)} deep with a reduced χ² of {chi2 / degrees:.2f}"
    reduced = chi2 / degrees
    large = reduced > CONSISTENCY_CHI2.value
    # from the errors of single depths, so that a varying signal does not appear insignificant because of its own scatter
    sure = mean > SIGNIFICANT.value * float(np.sum(sigma**-2.0)) ** -0.5
    vary = f"vary by {100 * relative:.0f} %" if relative <= 1 else "vary by more than their mean depth"
    if chance < CONSISTENCY_FAIL.value and relative > CONSISTENCY_RELATIVE.value and large and sure:
        words = f"{base}: they {vary}, more than noise allows"
        if _cadence_durations(measured) > CONSISTENCY_CADENCE.value:
            words += ", but cadences are so far apart that a depth depends on where they fall."
            return CHECK.result(Flag.WARN, reduced, None, "reduced χ²", words, ("DV",))
        words += "; a planet's don't, unless its times vary."
        return CHECK.result(Flag.FAIL, reduced, None, "reduced χ²", words, ("DV",))
    if not sure and (faint := faint_sentence(measured, "whether all transits are equally deep")):
        return CHECK.unknown(faint)
    if chance < CONSISTENCY_WARN.value and relative > CONSISTENCY_MIN.value and large:
        words = f"{base}: they {vary}, as spots or other stars in the aperture may do."
        return CHECK.result(Flag.WARN, reduced, None, "reduced χ²", words, ("DV",))
    if number >= 3 and single > SINGLE_EVENT_SHARE.value and single > expected + 0.15:
        words = f"{base}, but one of them makes up {100 * single:.0f} % of the signal: look at it alone."
        return CHECK.result(Flag.WARN, reduced, None, "reduced χ²", words, ("DV", "SYS"))
    return CHECK.result(Flag.PASS, reduced, None, "reduced χ²", f"{base}: they agree.")


def _cadence_durations(measured: Measurements) -> float:
    """Return the longest usual cadence of the observations, in durations of the transit."""
    longest = max((curve.cadence_minutes for curve in measured.detrended), default=0.0)
    return longest / (60 * measured.ephemeris.duration_hours)
