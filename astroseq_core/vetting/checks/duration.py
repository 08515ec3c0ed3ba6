"""Duration: whether it fits an orbit of that period around that star."""

from astroseq_core.ephemeris import HOURS_PER_DAY
from astroseq_core.vetting import transit_model
from astroseq_core.vetting.checks.base import LEO_VETTER, NO_FIT_SENTENCE, Check, CheckResult, Flag, Threshold, register
from astroseq_core.vetting.checks.strength import faint_sentence
from astroseq_core.vetting.measurements import Measurements
from astroseq_core.vetting.transit_fit import TransitFit

DURATION_SHARE_FAIL = Threshold("duration_share_fail", 0.5, "", "duration over period", LEO_VETTER)
MIN_A_OVER_RSTAR = Threshold("smallest_ar", 1.5, "R*", "semi-major axis from the fit", LEO_VETTER)
DENSITY_LOW = Threshold(
    "density_low", 0.001, "solar", "thinner giants are not searched for planets", "stars of the KOI and TOI tables"
)
DENSITY_HIGH = Threshold(
    "density_high", 150.0, "solar", "denser than any M dwarf", "Mann et al. 2015, ApJ 804, 64 (M7: about 90)"
)
DENSITY_RATIO_WARN = Threshold(
    "density_ratio_warn",
    5.0,
    "",
    "density from the transit over the star's: an eccentricity of 0.5 does this",
    "Kipping 2014, MNRAS 440, 2164, photo-eccentric effect",
)
DENSITY_RATIO_FAIL = Threshold(
    "density_ratio_fail",
    30.0,
    "",
    "density from the transit over the star's: an eccentricity of 0.8 does this",
    "Kipping 2014, MNRAS 440, 2164, photo-eccentric effect",
)
CHECK = Check(
    name="duration",
    title="Duration",
    order=50,
    thresholds=(DURATION_SHARE_FAIL, MIN_A_OVER_RSTAR, DENSITY_LOW, DENSITY_HIGH, DENSITY_RATIO_WARN, DENSITY_RATIO_FAIL),
    reason_codes=("DUR", "EB", "BLD"),
)


@register(CHECK)
def check_duration(measured: Measurements) -> CheckResult:
    """Check whether the duration fits an orbit of that period around that star.

    Without the star's density the range of all stars is used.

    Parameters
    ----------
    measured : Measurements
        Measurements of the signal.

    Returns
    -------
    CheckResult
        Value: duration [h].
    """
    e, fit, stellar = measured.ephemeris, measured.fit, measured.stellar
    if e.period_days is None:
        return CHECK.unknown("The period of a single transit is not known, so its duration says nothing about the star.")
    if fit is None or fit.density_solar is None or fit.density_max_solar is None:
        return CHECK.unknown(NO_FIT_SENTENCE)
    if faint := faint_sentence(measured, "its duration"):
        return CHECK.unknown(faint)
    share = fit.duration_hours / HOURS_PER_DAY / e.period_days
    a = transit_model.a_over_rstar(e.period_days, fit.duration_hours, fit.radius_ratio, fit.impact)
    widest = transit_model.a_over_rstar(e.period_days, fit.duration_hours, fit.radius_ratio, 0.0)
    lasts = f"It lasts {fit.duration_hours:.2f} ± {fit.duration_err_hours:.2f} h, {100 * share:.1f} % of the period"
    if share > DURATION_SHARE_FAIL.value or widest < MIN_A_OVER_RSTAR.value:
        words = f"{lasts}: the orbit would have only {widest:.1f} stellar radii, inside or touching the star."
        return CHECK.result(Flag.FAIL, fit.duration_hours, fit.duration_err_hours, "h", words, ("DUR", "EB"))
    star = None if stellar is None else stellar.density_solar
    low, high = _density_range(fit)
    density = f"a circular orbit would have {fit.density_solar:.2g} solar densities ({low:.2g} to {high:.2g})"
    if star is not None and star > 0:
        own = (stellar.density_err if stellar is not None else None) or 0.3 * star
        return _compare_with_star(fit, lasts, density, low, high, star, own)
    least, most = DENSITY_LOW.value, DENSITY_HIGH.value
    if high < least or low > most:
        which = "thinner than any giant" if high < least else "denser than any dwarf star"
        words = f"{lasts}; {density}, {which}."
        return CHECK.result(Flag.WARN, fit.duration_hours, fit.duration_err_hours, "h", words, ("DUR",))
    words = f"{lasts}; {density}, a/R* = {a:.1f}, as a star can have."
    return CHECK.result(Flag.PASS, fit.duration_hours, fit.duration_err_hours, "h", words)


def _density_range(fit: TransitFit) -> tuple[float, float]:
    """Return the 3 sigma range of the star's density [Sun], capped at that of a central transit."""
    assert fit.density_solar is not None
    assert fit.density_max_solar is not None
    error = 3 * (fit.density_err_solar or 0.0)
    # three sigma of the duration, which enters to the third power
    widen = 1 + 9 * fit.duration_err_hours / fit.duration_hours
    return max(fit.density_solar / widen - error, 0.0), min(fit.density_solar + error, fit.density_max_solar * widen)


def _compare_with_star(
    fit: TransitFit, lasts: str, density: str, low: float, high: float, star: float, own: float
) -> CheckResult:
    """Compare the density from the transit with that of the star."""
    assert fit.density_solar is not None
    star_low, star_high = max(star - 3 * own, 0.1 * star), star + 3 * own
    factor = 1.0
    if low > star_high:
        factor = low / star_high
    elif high < star_low:
        factor = star_low / max(high, 1e-9)
    words = f"{lasts}; {density} and the star has {star:.2g} ± {own:.2g}"
    value, error = fit.duration_hours, fit.duration_err_hours
    if factor > DENSITY_RATIO_FAIL.value:
        text = f"{words}: what it transits is another kind of star."
        return CHECK.result(Flag.FAIL, value, error, "h", text, ("DUR", "BLD"))
    if factor > DENSITY_RATIO_WARN.value:
        text = f"{words}: the orbit is eccentric, or it transits another star."
        return CHECK.result(Flag.WARN, value, error, "h", text, ("DUR",))
    return CHECK.result(Flag.PASS, value, error, "h", f"{words}: they agree as far as eccentric orbits allow.")
