"""Centroid: a dip of another star moves the light's centre."""

import math

from astroseq_core.vetting.checks.base import Check, CheckResult, Flag, Threshold, format_with_error, register
from astroseq_core.vetting.measurements import Measurements

CENTROID_WARN = Threshold("centroid_warn", 3.0, "σ", "centroid moves in transit", "Kepler DV (Bryson et al. 2013, PASP 125, 889)")
CENTROID_FAIL = Threshold("centroid_fail", 5.0, "σ", "centroid moves in transit", "Kepler DV (Bryson et al. 2013, PASP 125, 889)")
CENTROID_OFFSET = Threshold(
    "centroid_offset",
    0.3,
    "pixels",
    "where the source of the dip is nearer to the light's center, fainter stars in the aperture explain the shift",
    "TrES-2: 54 σ from a source 0.013 pixels off; simulated blends lie 0.4 pixels off and more",
)
CENTROID_OFFSET_SIGMA = Threshold("centroid_offset_sigma", 3.0, "σ", "significance of the source's offset", "three sigma")
CHECK = Check(
    name="centroid",
    title="Centroid",
    order=80,
    thresholds=(CENTROID_WARN, CENTROID_FAIL, CENTROID_OFFSET, CENTROID_OFFSET_SIGMA),
    reason_codes=("CO", "BLD"),
)


@register(CHECK)
def check_centroid(measured: Measurements) -> CheckResult:
    """Check whether the centroid moves in transit as far as a dip of another star would move it.

    Fainter stars in the aperture move the centroid of any deep transit a little. What counts is
    therefore the distance of the source of the dip from the center of light (Bryson et al. 2013);
    without it the shift alone can only warn.

    Parameters
    ----------
    measured : Measurements
        Measurements of the signal.

    Returns
    -------
    CheckResult
        Value: length of the shift [pixels].
    """
    shift = measured.centroid
    if shift is None:
        return CHECK.unknown(
            measured.centroid_problem or "There are no centroids beside these light curves, so a shift cannot be looked for."
        )
    size, error = math.hypot(shift.dx, shift.dy), math.hypot(shift.dx_err, shift.dy_err) / math.sqrt(2)
    of = "one transit" if shift.num_transits == 1 else f"{shift.num_transits} transits"
    base = (
        f"In {of} the centroid moves by {format_with_error(1e3 * size, 1e3 * error)} thousandths of a pixel, {shift.sigma:.1f} σ"
    )
    if shift.sigma <= CENTROID_WARN.value:
        return CHECK.result(Flag.PASS, size, error, "pixels", f"{base}: it stays.")
    if shift.offset_pixels is None or not shift.offset_err:
        return CHECK.result(Flag.WARN, size, error, "pixels", f"{base}: look at the pixels.", ("CO",))
    base += f", as of a source {format_with_error(shift.offset_pixels, shift.offset_err)} pixels from the light's center"
    if shift.offset_pixels < CENTROID_OFFSET.value:
        words = f"{base}: near enough to be the target."
        return CHECK.result(Flag.PASS, size, error, "pixels", words)
    sure = shift.offset_pixels > CENTROID_OFFSET_SIGMA.value * shift.offset_err
    if shift.sigma > CENTROID_FAIL.value and sure:
        words = f"{base}: the dip may be another star's, or a neighbor's light dilutes it."
        return CHECK.result(Flag.FAIL, size, error, "pixels", words, ("CO", "BLD"))
    return CHECK.result(Flag.WARN, size, error, "pixels", f"{base}: look at the pixels.", ("CO",))
