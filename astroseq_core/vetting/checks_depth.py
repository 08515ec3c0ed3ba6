"""Checks of depths: odd against even, a secondary, from transit to transit, and how large the companion is."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.vetting import thresholds as T  # noqa: N812 - read like constants
from astroseq_core.vetting.check import Check, Flag, result, unknown
from astroseq_core.vetting.odd_even import Half, mean_depth
from astroseq_core.vetting.secondary import Secondary, chance_sigma
from astroseq_core.vetting.single_transits import SingleTransit
from astroseq_core.vetting.transit_fit import TransitFit

if TYPE_CHECKING:
    from astroseq_core.stellar import StellarParameters

#: The Sun's radius in Earth radii (IAU 2015 nominal values).
SUN_IN_EARTHS = 109.08


def strength(transits: Sequence[SingleTransit]) -> Check:
    """Whether the dip stands out from the noise, red noise in."""
    found = mean_depth(transits)
    if found is None:
        return unknown("strength", "No transit has enough data to tell its depth.")
    mean, error, number = found
    sigma = mean / error
    of = "one transit" if number == 1 else f"{number} transits"
    base = f"The dip is {_ppm(mean)} ± {_ppm(error)} ppm deep over {of}, {sigma:.1f} σ"
    if sigma < T.NOTHING.value:
        words = f"{base}: there is nothing here at this period and epoch."
        return result("strength", Flag.WARN, sigma, 1.0, "σ", words, ("LS", "WE"))
    if sigma < T.SIGNIFICANT.value:
        return result("strength", Flag.WARN, sigma, 1.0, "σ", f"{base}: too faint to be sure of.", ("LS",))
    return result("strength", Flag.PASS, sigma, 1.0, "σ", f"{base}: it stands out from the noise.")


def odd_even(e: Ephemeris, odd: Half | None, even: Half | None, sigma: float | None) -> Check:
    """Whether odd and even transits are equally deep."""
    if e.period_days is None:
        return unknown("odd_even", "A single transit has no odd and even ones.")
    if odd is None or even is None or sigma is None:
        missing = "odd" if odd is None else "even"
        return unknown("odd_even", f"There is no {missing} transit with data, so nothing can be compared.")
    mean = max((odd.depth_ppm + even.depth_ppm) / 2, 1e-9)
    apart = abs(odd.depth_ppm - even.depth_ppm)
    error = float(np.hypot(odd.depth_err_ppm, even.depth_err_ppm))
    large = apart > T.ODD_EVEN_RELATIVE.value * mean
    flag = Flag.PASS
    if sigma > T.ODD_EVEN_FAIL.value and large:
        flag = Flag.FAIL
    elif sigma > T.ODD_EVEN_WARN.value and large:
        flag = Flag.WARN
    depths = (
        f"Odd transits are {_ppm(odd.depth_ppm)} ± {_ppm(odd.depth_err_ppm)} and even ones {_ppm(even.depth_ppm)} ± "
        f"{_ppm(even.depth_err_ppm)} ppm deep, {sigma:.1f} σ apart"
    )
    meaning = "as of one planet." if flag is Flag.PASS else "as in a binary star of twice the period."
    if flag is Flag.PASS and sigma > T.ODD_EVEN_WARN.value:
        meaning = f"but by only {100 * apart / mean:.1f} % of the depth, too little for a binary star."
    return result("odd_even", flag, apart, error, "ppm", f"{depths}, {meaning}", ("OED", "EB"))


def secondary(e: Ephemeris, found: Secondary | None, fit: TransitFit | None, depth_ppm: float | None) -> Check:
    """Whether there is a second dip elsewhere in the orbit."""
    if e.period_days is None:
        return unknown("secondary", "A single transit has no known orbit, so no secondary eclipse can be looked for.")
    if found is None or (found.half_sigma is None and found.strongest_sigma is None):
        return unknown("secondary", "There are no data away from the transit in which a secondary eclipse could show.")
    limit = chance_sigma(e, T.SECONDARY_FALSE_ALARMS.value)
    unique = chance_sigma(e, 1.0)
    at_half = found.half_sigma if found.half_sigma is not None else -np.inf
    elsewhere = found.strongest_sigma if found.strongest_sigma is not None else -np.inf
    # what is searched at all phases must beat chance and stand out from brightenings; phase 0.5 is looked at once
    real_elsewhere = elsewhere > limit and elsewhere > found.brightest_sigma + unique
    real_half = at_half > limit and at_half > found.brightest_sigma + unique
    half_hint = at_half > T.SECONDARY_HALF_WARN.value and at_half > found.brightest_sigma
    use_half = at_half >= elsewhere or (half_hint and not real_elsewhere)
    if use_half or found.strongest_phase is None:
        phase, depth, error, sigma = 0.5, found.half_depth_ppm, found.half_err_ppm, at_half
    else:
        phase, depth, error, sigma = found.strongest_phase, found.strongest_depth_ppm, found.strongest_err_ppm, elsewhere
    assert depth is not None
    assert error is not None
    where = f"{_ppm(depth)} ± {_ppm(error)} ppm at phase {phase:.2f} ({sigma:.1f} σ; chance reaches {limit:.1f})"
    if not (real_half or real_elsewhere or half_hint):
        sentence = f"No secondary eclipse: the strongest dip away from the transit is {where}."
        return result("secondary", Flag.PASS, depth, error, "ppm", sentence)
    if _may_be_a_planets(fit, depth, depth_ppm):
        sentence = f"A dip of {where}: shallow enough to be a planet's light going behind its star, so look at its depth."
        return result("secondary", Flag.WARN, depth, error, "ppm", sentence, ("SSE",))
    if real_half or real_elsewhere:
        sentence = f"A second dip of {where}: the companion shines, as a star does."
        return result("secondary", Flag.FAIL, depth, error, "ppm", sentence, ("SSE", "EB"))
    sentence = f"A faint second dip of {where}, where a binary star's secondary eclipse would be."
    return result("secondary", Flag.WARN, depth, error, "ppm", sentence, ("SSE",))


def _may_be_a_planets(fit: TransitFit | None, depth: float, primary: float | None) -> bool:
    """Whether the secondary is under a tenth of the primary and no deeper than a white planet's reflected light."""
    if fit is None or fit.period_days is None or primary is None or fit.density_solar is None:
        return False
    from astroseq_core.vetting.transit_model import a_over_rstar

    a = a_over_rstar(fit.period_days, fit.duration_hours, fit.radius_ratio, fit.impact)
    return depth < T.SECONDARY_PLANET_DEPTH.value * primary and depth * 1e-6 < (fit.radius_ratio / a) ** 2


def depth_consistency(e: Ephemeris, transits: Sequence[SingleTransit]) -> Check:
    """Whether all transits are equally deep, within their errors."""
    from scipy.stats import chi2 as chi2_distribution

    found = mean_depth(transits)
    if e.period_days is None:
        return unknown("depth_consistency", "A single transit cannot be compared with others.")
    if found is None:
        return unknown("depth_consistency", "No transit has enough data to tell its depth.")
    mean, error, number = found
    if number < 2:
        words = f"Only one transit has data, {_ppm(mean)} ± {_ppm(error)} ppm deep; it cannot be compared."
        return unknown("depth_consistency", words)
    seen = [(t.depth_ppm, t.depth_err_ppm) for t in transits if t.depth_ppm is not None and t.coverage >= T.COVERED.value]
    depth, sigma = np.array([s[0] for s in seen], dtype=np.float64), np.array([s[1] for s in seen], dtype=np.float64)
    degrees = len(depth) - 1
    chi2 = float(np.sum(((depth - mean) / sigma) ** 2))
    chance = float(chi2_distribution.sf(chi2, degrees))
    intrinsic = float(np.sqrt(max(0.0, float(np.var(depth, ddof=1)) - float(np.mean(sigma**2)))))
    relative = intrinsic / max(abs(mean), 1e-9)
    strongest = int(np.argmax(depth / sigma))
    single = float(depth[strongest] / sigma[strongest]) / max(float(np.sqrt(np.sum((depth / sigma) ** 2))), 1e-9)
    # one that is merely seen best makes up much of any signal
    expected = float(1 / sigma[strongest] / np.sqrt(np.sum(sigma**-2)))
    base = f"{len(depth)} transits are {_ppm(mean)} ± {_ppm(error)} ppm deep with a reduced χ² of {chi2 / degrees:.2f}"
    reduced = chi2 / degrees
    large = reduced > T.CONSISTENCY_CHI2.value
    # by the errors of single depths: scatter must not make a signal that varies unsure
    sure = mean > T.SIGNIFICANT.value * float(np.sum(sigma**-2.0)) ** -0.5
    if chance < T.CONSISTENCY_FAIL.value and relative > T.CONSISTENCY_RELATIVE.value and large and sure:
        words = f"{base}: they vary by {100 * relative:.0f} %, more than noise allows; a planet's don't, unless its times vary."
        return result("depth_consistency", Flag.FAIL, reduced, None, "reduced χ²", words, ("DV",))
    if chance < T.CONSISTENCY_WARN.value and relative > T.CONSISTENCY_LEAST.value and large:
        words = f"{base}: they vary by {100 * relative:.0f} %, as spots or other stars in the aperture may do."
        return result("depth_consistency", Flag.WARN, reduced, None, "reduced χ²", words, ("DV",))
    if number >= 3 and single > T.SINGLE_EVENT_SHARE.value and single > expected + 0.15:
        words = f"{base}, but one of them makes up {100 * single:.0f} % of the signal: look at it alone."
        return result("depth_consistency", Flag.WARN, reduced, None, "reduced χ²", words, ("DV", "SYS"))
    return result("depth_consistency", Flag.PASS, reduced, None, "reduced χ²", f"{base}: they agree.")


def depth(fit: TransitFit | None, depth_ppm: float | None, stellar: "StellarParameters | None") -> Check:
    """Whether what transits can be a planet by its size."""
    if depth_ppm is None:
        return unknown("depth", "No depth could be measured.")
    radius = None if stellar is None else stellar.radius_solar
    if radius is not None and radius > 0 and fit is not None:
        size, error = fit.radius_ratio * radius * SUN_IN_EARTHS, fit.radius_ratio_err * radius * SUN_IN_EARTHS
        words = f"At the star's {radius:.2f} solar radii the companion is {size:.1f} ± {error:.1f} Earth radii"
        # a grazing transit leaves the radius open, and an open radius condemns nothing
        if size - error > T.RADIUS_FAIL.value:
            return result("depth", Flag.FAIL, size, error, "Earth radii", f"{words}: a star, not a planet.", ("DEP", "EB"))
        if size > T.RADIUS_WARN.value:
            return result("depth", Flag.WARN, size, error, "Earth radii", f"{words}, larger than known planets.", ("DEP",))
        return result("depth", Flag.PASS, size, error, "Earth radii", f"{words}, a planet's size.")
    depth_err = None if fit is None else fit.depth_err_ppm
    words = f"The transit is {depth_ppm / 1e4:.2f} % deep; the star's radius is not known"
    if depth_ppm > T.DEPTH_FAIL.value:
        return result("depth", Flag.FAIL, depth_ppm, depth_err, "ppm", f"{words}, but no planet is as deep.", ("DEP", "EB"))
    if depth_ppm > T.DEPTH_WARN.value:
        words += ", and only planets of M dwarfs are as deep."
        return result("depth", Flag.WARN, depth_ppm, depth_err, "ppm", words, ("DEP",))
    return result("depth", Flag.PASS, depth_ppm, depth_err, "ppm", f"{words}, and a planet can be as deep.")


def _ppm(value: float) -> str:
    """A depth [ppm] with about three digits."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 1 else f"{value:.2f}"
