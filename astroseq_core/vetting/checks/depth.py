"""Size of what transits: whether it can be a planet."""

import numpy as np

from astroseq_core.vetting.checks.base import LEO_VETTER, Check, CheckResult, Flag, Threshold, register
from astroseq_core.vetting.checks.coverage import middle_is_missing
from astroseq_core.vetting.checks.strength import faint_sentence
from astroseq_core.vetting.measurements import Measurements
from astroseq_core.vetting.planet_depth import DEPTH_SOURCE, MAX_PLANET_DEPTH_PPM, is_too_deep

#: The Sun's radius in Earth radii (IAU 2015 nominal values).
SOLAR_RADIUS_EARTHS = 109.08

RADIUS_WARN = Threshold(
    "radius_warn",
    22.0,
    "Earth radii",
    "larger than any planet older than 10 million years",
    "NASA Exoplanet Archive: the largest transiting planets have 2 Jupiter radii",
)
RADIUS_FAIL = Threshold("radius_fail", 25.0, "Earth radii", "a star's size", LEO_VETTER)
DEPTH_WARN = Threshold(
    "depth_warn",
    30_000.0,
    "ppm",
    "where the star's radius is unknown: deeper transits of planets occur around M dwarfs only",
    "NASA Exoplanet Archive",
)
DEPTH_FAIL = Threshold(
    "depth_fail",
    MAX_PLANET_DEPTH_PPM,
    "ppm",
    "where the star's radius is unknown: deeper than any planet of a star",
    DEPTH_SOURCE,
)
STAR_RADIUS_ERROR = Threshold(
    "star_radius_error",
    0.14,
    "",
    "relative error of a star's radius where the catalog gives none",
    "KOI table: median of the hosts of confirmed planets",
)
CHECK = Check(
    name="depth",
    title="Size of what transits",
    order=70,
    thresholds=(RADIUS_WARN, RADIUS_FAIL, DEPTH_WARN, DEPTH_FAIL, STAR_RADIUS_ERROR),
    reason_codes=("DEP", "EB"),
)


@register(CHECK)
def check_depth(measured: Measurements) -> CheckResult:
    """Check whether the size of the companion allows a planet.

    Parameters
    ----------
    measured : Measurements
        Measurements of the signal.

    Returns
    -------
    CheckResult
        Value: radius [Earth radii], or depth [ppm] if the star's radius is unknown.
    """
    if not measured.has_level:
        return CHECK.unknown("The level of the star's light is unknown, and with it the depth.")
    fit, depth_ppm, stellar = measured.fit, measured.depth_ppm, measured.stellar
    if depth_ppm is None or middle_is_missing(measured):
        return _check_lower_limit(measured)
    faint = faint_sentence(measured, "the size of what transits")
    radius = None if stellar is None else stellar.radius_solar
    if stellar is not None and radius is not None and radius > 0 and fit is not None:
        size = fit.radius_ratio * radius * SOLAR_RADIUS_EARTHS
        relative = stellar.radius_err / radius if stellar.radius_err else STAR_RADIUS_ERROR.value
        error = size * float(np.hypot(fit.radius_ratio_err / fit.radius_ratio, relative))
        words = f"At the star's {radius:.2f} solar radii the companion is {size:.1f} ± {error:.1f} Earth radii"
        # the radius of a grazing transit is poorly constrained, so a failure requires the lower limit to exceed the threshold
        if size - error > RADIUS_FAIL.value:
            return CHECK.result(Flag.FAIL, size, error, "Earth radii", f"{words}: a star, not a planet.", ("DEP", "EB"))
        if faint:
            return CHECK.unknown(faint)
        if size > RADIUS_WARN.value:
            return CHECK.result(Flag.WARN, size, error, "Earth radii", f"{words}, larger than known planets.", ("DEP",))
        return CHECK.result(Flag.PASS, size, error, "Earth radii", f"{words}, a planet's size.")
    depth_err = None if fit is None else fit.depth_err_ppm
    words = f"The transit is {depth_ppm / 1e4:.2f} % deep; the star's radius is not known"
    if is_too_deep(depth_ppm):
        return CHECK.result(Flag.FAIL, depth_ppm, depth_err, "ppm", f"{words}, but no planet is as deep.", ("DEP", "EB"))
    if faint:
        return CHECK.unknown(faint)
    if depth_ppm > DEPTH_WARN.value:
        words += ", and only planets of M dwarfs are as deep."
        return CHECK.result(Flag.WARN, depth_ppm, depth_err, "ppm", words, ("DEP",))
    return CHECK.result(Flag.PASS, depth_ppm, depth_err, "ppm", f"{words}, and a planet can be as deep.")


def _check_lower_limit(measured: Measurements) -> CheckResult:
    """Return the result if no depth, or only a lower limit, is measured; a published depth then decides."""
    published, missing = measured.ephemeris.depth_ppm, middle_is_missing(measured)
    lower = measured.depth_ppm if measured.depth_ppm is not None and measured.depth_ppm > 0 else None
    if missing:
        words = "The middle of the transits is missing from the data, as where a pipeline clips what is far below the level"
        words += "" if lower is None else f"; what is left is {lower / 1e4:.2f} % deep, a lower limit"
    else:
        words = "No depth could be measured"
    deepest = max(lower or 0.0, published or 0.0)
    if published is not None:
        words += f"; the published depth is {published / 1e4:.2f} %"
    if is_too_deep(deepest):
        return CHECK.result(Flag.FAIL, deepest, None, "ppm", f"{words}, and no planet is as deep.", ("DEP", "EB"))
    if deepest > DEPTH_WARN.value:
        return CHECK.result(Flag.WARN, deepest, None, "ppm", f"{words}, and only planets of M dwarfs are as deep.", ("DEP",))
    if missing:
        return CHECK.result(Flag.WARN, lower, None, "ppm", f"{words}. Look at an unclipped light curve.", ("DEP",))
    return CHECK.unknown(f"{words}.")
