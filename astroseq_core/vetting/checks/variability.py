"""Variability at the period: a star that varies in step with the dips."""

from astroseq_core.vetting.checks.base import LEO_VETTER, MEASURED, ROBOVETTER, Check, CheckResult, Flag, Threshold, register
from astroseq_core.vetting.measurements import Measurements

SINE_SIGMA_WARN = Threshold("sine_sigma_warn", 10.0, "σ", "sinusoid at the period, its half or its double", LEO_VETTER)
SINE_SIGMA_FAIL = Threshold(
    "sine_sigma_fail", 50.0, "σ", "sinusoid at the period, its half or its double", f"SWEET; {ROBOVETTER}"
)
SINE_SHARE = Threshold(
    "sine_share", 0.1, "", "full amplitude over the transit's depth; less, as a hot planet's phase curve has, is passed", MEASURED
)
SINE_WARN_LONGEST_DAYS = Threshold("sine_warn_longest_days", 10.0, "d", "longer periods warn of no star's variation", LEO_VETTER)
SINE_LONGEST_DAYS = Threshold(
    "sine_longest_days", 5.0, "d", "longer periods fail no star: rotation is common there", f"SWEET; {ROBOVETTER}"
)
CHECK = Check(
    name="variability",
    title="Variability at the period",
    order=100,
    thresholds=(SINE_SIGMA_WARN, SINE_SIGMA_FAIL, SINE_SHARE, SINE_WARN_LONGEST_DAYS, SINE_LONGEST_DAYS),
    reason_codes=("VAR",),
)


@register(CHECK)
def check_variability(measured: Measurements) -> CheckResult:
    """Check whether the star varies sinusoidally at the period, half of it or twice it.

    Parameters
    ----------
    measured : Measurements
        Measurements of the signal.

    Returns
    -------
    CheckResult
        Value: semi-amplitude of the sine wave [ppm].
    """
    e, found, depth_ppm = measured.ephemeris, measured.sine, measured.depth_ppm
    if e.period_days is None:
        return CHECK.unknown("The period of a single transit is not known, so no variation can be compared with it.")
    if found is None:
        return CHECK.unknown("No observation lasts for two cycles, so variations cannot be told from trends.")
    base = (
        f"A sine wave of {found.period_days:.3f} d ({found.where}) has a semi-amplitude of {found.amplitude_ppm:,.0f} ± "
        f"{found.error_ppm:,.0f} ppm"
    )
    value, error = found.amplitude_ppm, found.error_ppm
    deep = depth_ppm if depth_ppm is not None and depth_ppm > 0 else 0.0
    short = e.period_days < SINE_LONGEST_DAYS.value
    if found.sigma > SINE_SIGMA_FAIL.value and found.amplitude_ppm > deep and short:
        words = f"{base}, more than the dip: the star itself varies."
        return CHECK.result(Flag.FAIL, value, error, "ppm", words, ("VAR",))
    comparable = 2 * found.amplitude_ppm > SINE_SHARE.value * deep
    if found.sigma > SINE_SIGMA_WARN.value and comparable and e.period_days < SINE_WARN_LONGEST_DAYS.value:
        words = f"{base} ({found.sigma:.0f} σ): the star varies in step with the dips, by rotation, pulsation or tides."
        return CHECK.result(Flag.WARN, value, error, "ppm", words, ("VAR",))
    return CHECK.result(Flag.PASS, value, error, "ppm", f"{base}: no variation that could be taken for the dips.")
