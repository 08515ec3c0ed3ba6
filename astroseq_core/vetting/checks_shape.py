"""Checks of the transit's shape: duration against period and stellar density, and whether it is V-shaped."""

from typing import TYPE_CHECKING

import numpy as np

from astroseq_core.ephemeris import HOURS_PER_DAY, Ephemeris
from astroseq_core.vetting import thresholds as T  # noqa: N812 - read like constants
from astroseq_core.vetting import transit_model
from astroseq_core.vetting.check import Check, Flag, result, unknown
from astroseq_core.vetting.transit_fit import TransitFit

if TYPE_CHECKING:
    from astroseq_core.stellar import StellarParameters

NO_FIT = "No transit could be fitted, so its shape is not known."


def duration(e: Ephemeris, fit: TransitFit | None, stellar: "StellarParameters | None") -> Check:
    """Whether the duration suits an orbit of that period around that star."""
    if e.period_days is None:
        return unknown("duration", "The period of a single transit is not known, so its duration says nothing about the star.")
    if fit is None or fit.density_solar is None or fit.density_most_solar is None:
        return unknown("duration", NO_FIT)
    share = fit.duration_hours / HOURS_PER_DAY / e.period_days
    a = transit_model.a_over_rstar(e.period_days, fit.duration_hours, fit.radius_ratio, fit.impact)
    widest = transit_model.a_over_rstar(e.period_days, fit.duration_hours, fit.radius_ratio, 0.0)
    lasts = f"It lasts {fit.duration_hours:.2f} ± {fit.duration_err_hours:.2f} h, {100 * share:.1f} % of the period"
    if share > T.DURATION_SHARE_FAIL.value or widest < T.SMALLEST_AR.value:
        words = f"{lasts}: the orbit would have only {widest:.1f} stellar radii, inside or touching the star."
        return result("duration", Flag.FAIL, fit.duration_hours, fit.duration_err_hours, "h", words, ("DUR", "EB"))
    star = None if stellar is None else stellar.density_solar
    low, high = _density_range(fit)
    density = f"a circular orbit would have {fit.density_solar:.2g} solar densities ({low:.2g} to {high:.2g})"
    if star is not None and star > 0:
        own = (stellar.density_err if stellar is not None else None) or 0.3 * star
        return _against_star(fit, lasts, density, low, high, star, own)
    least, most = T.DENSITY_LOW.value, T.DENSITY_HIGH.value
    if high < least or low > most:
        which = "thinner than any giant" if high < least else "denser than any dwarf star"
        words = f"{lasts}; {density}, {which}."
        return result("duration", Flag.WARN, fit.duration_hours, fit.duration_err_hours, "h", words, ("DUR",))
    words = f"{lasts}; {density}, a/R* = {a:.1f}, as a star can have."
    return result("duration", Flag.PASS, fit.duration_hours, fit.duration_err_hours, "h", words)


def _density_range(fit: TransitFit) -> tuple[float, float]:
    """The star's density [Sun] as the transit allows it: 3 sigma to either side, never over that of a central transit."""
    assert fit.density_solar is not None
    assert fit.density_most_solar is not None
    error = 3 * (fit.density_err_solar or 0.0)
    # three sigma of the duration, to the third power
    widen = 1 + 9 * fit.duration_err_hours / fit.duration_hours
    return max(fit.density_solar / widen - error, 0.0), min(fit.density_solar + error, fit.density_most_solar * widen)


def _against_star(
    fit: TransitFit, lasts: str, density: str, low: float, high: float, star: float, own: float
) -> Check:
    assert fit.density_solar is not None
    star_low, star_high = max(star - 3 * own, 0.1 * star), star + 3 * own
    factor = 1.0
    if low > star_high:
        factor = low / star_high
    elif high < star_low:
        factor = star_low / max(high, 1e-9)
    words = f"{lasts}; {density} and the star has {star:.2g} ± {own:.2g}"
    value, error = fit.duration_hours, fit.duration_err_hours
    if factor > T.DENSITY_RATIO_FAIL.value:
        text = f"{words}: what it transits is another kind of star."
        return result("duration", Flag.FAIL, value, error, "h", text, ("DUR", "BLD"))
    if factor > T.DENSITY_RATIO_WARN.value:
        text = f"{words}: the orbit is eccentric, or it transits another star."
        return result("duration", Flag.WARN, value, error, "h", text, ("DUR",))
    return result("duration", Flag.PASS, value, error, "h", f"{words}: they agree as far as eccentric orbits allow.")


def shape(fit: TransitFit | None) -> Check:
    """Whether the transit is V-shaped, as grazing eclipses of stars are."""
    if fit is None:
        return unknown("shape", NO_FIT)
    value = fit.impact + fit.radius_ratio
    error = float(np.hypot(fit.impact_err, fit.radius_ratio_err))
    flat = f"{100 * fit.flat_fraction:.0f} % of its duration is flat"
    base = f"Impact parameter plus radius ratio is {value:.2f} ± {error:.2f} and {flat}"
    if value > T.SHAPE.value and fit.grazing_sigma > T.SHAPE_SIGMA_FAIL.value:
        words = f"{base}: V-shaped by {fit.grazing_sigma:.1f} σ, as grazing eclipses of stars are."
        return result("shape", Flag.FAIL, value, error, "", words, ("VSH", "EB"))
    if value > T.SHAPE.value and fit.grazing_sigma > T.SHAPE_SIGMA_WARN.value:
        words = f"{base}: V-shaped by {fit.grazing_sigma:.1f} σ, which few planets are."
        return result("shape", Flag.WARN, value, error, "", words, ("VSH",))
    if value > T.SHAPE.value:
        return result("shape", Flag.PASS, value, error, "", f"{base}; the data do not tell a V from a U.")
    return result("shape", Flag.PASS, value, error, "", f"{base}: U-shaped, as a planet's transit is.")
