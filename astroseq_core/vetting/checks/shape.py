"""Shape: grazing eclipses of stars are V-shaped."""

import numpy as np

from astroseq_core.vetting.checks.base import MEASURED, NO_FIT_SENTENCE, ROBOVETTER, Check, CheckResult, Flag, Threshold, register
from astroseq_core.vetting.checks.strength import faint_sentence
from astroseq_core.vetting.measurements import Measurements

SHAPE = Threshold("shape", 1.04, "", "impact parameter plus radius ratio of a grazing, V-shaped eclipse", ROBOVETTER)
SHAPE_SIGMA_WARN = Threshold("shape_sigma_warn", 2.0, "σ", "a grazing fit is better than one that just isn't", MEASURED)
SHAPE_SIGMA_FAIL = Threshold("shape_sigma_fail", 4.0, "σ", "a grazing fit is better than one that just isn't", MEASURED)
SHAPE_CHI2 = Threshold("shape_chi2", 2.5, "", "with a larger reduced chi-square no transit model fits the dip", MEASURED)
ASYMMETRY_FRACTION = Threshold(
    "asymmetry_fraction", 0.2, "", "difference between the halves of the dip, in depths: ramps after a jump have it", MEASURED
)
ASYMMETRY_CHANCE = Threshold("asymmetry_chance", 1e-6, "", "chance that the halves differ so by noise alone", MEASURED)
CHECK = Check(
    name="shape",
    title="Shape",
    order=60,
    thresholds=(SHAPE, SHAPE_SIGMA_WARN, SHAPE_SIGMA_FAIL, SHAPE_CHI2, ASYMMETRY_FRACTION, ASYMMETRY_CHANCE),
    reason_codes=("VSH", "EB", "SYS"),
)


@register(CHECK)
def check_shape(measured: Measurements) -> CheckResult:
    """Check whether the transit is V-shaped, as grazing eclipses of stars are.

    Parameters
    ----------
    measured : Measurements
        Measurements of the signal.

    Returns
    -------
    CheckResult
        Value: impact parameter plus radius ratio.
    """
    fit = measured.fit
    if fit is None:
        return CHECK.unknown(NO_FIT_SENTENCE)
    if faint := faint_sentence(measured, "its shape"):
        return CHECK.unknown(faint)
    value = fit.impact + fit.radius_ratio
    error = float(np.hypot(fit.impact_err, fit.radius_ratio_err))
    flat = f"{100 * fit.flat_fraction:.0f} % of its duration is flat"
    base = f"Impact parameter plus radius ratio is {value:.2f} ± {error:.2f} and {flat}"
    if value > SHAPE.value and fit.grazing_sigma > SHAPE_SIGMA_FAIL.value:
        words = f"{base}: V-shaped by {fit.grazing_sigma:.1f} σ, as grazing eclipses of stars are."
        return CHECK.result(Flag.FAIL, value, error, "", words, ("VSH", "EB"))
    skew = measured.asymmetry
    if skew is not None and skew.chance < ASYMMETRY_CHANCE.value and skew.fraction > ASYMMETRY_FRACTION.value:
        by = f"{100 * skew.fraction:.0f} % of the depth" if skew.fraction <= 1 else "more than the depth"
        words = (
            f"{base}, but its halves before and after the middle differ by {by}: "
            "a drop that recovers slowly, as after a jump, and no transit."
        )
        return CHECK.result(Flag.WARN, value, error, "", words, ("SYS",))
    if value > SHAPE.value and fit.grazing_sigma > SHAPE_SIGMA_WARN.value:
        words = f"{base}: V-shaped by {fit.grazing_sigma:.1f} σ, which few planets are."
        return CHECK.result(Flag.WARN, value, error, "", words, ("VSH",))
    if fit.chi2_reduced > SHAPE_CHI2.value:
        words = f"{base}, but no transit fits well (reduced χ² {fit.chi2_reduced:.1f}), so its shape cannot be told."
        return CHECK.unknown(words)
    if value > SHAPE.value:
        return CHECK.result(Flag.PASS, value, error, "", f"{base}; the data do not tell a V from a U.")
    return CHECK.result(Flag.PASS, value, error, "", f"{base}: U-shaped, as a planet's transit is.")
