"""Secondary eclipse: a second dip means that the companion shines."""

import numpy as np

from astroseq_core.vetting.checks.base import (
    LEO_VETTER,
    MEASURED,
    ROBOVETTER,
    Check,
    CheckResult,
    Flag,
    Threshold,
    format_depth,
    register,
)
from astroseq_core.vetting.measurements import Measurements
from astroseq_core.vetting.secondary import SecondarySearch, chance_sigma
from astroseq_core.vetting.transit_fit import TransitFit

SECONDARY_HALF_WARN = Threshold("secondary_half_warn", 3.5, "σ", "secondary at phase 0.5, which is one trial", MEASURED)
SECONDARY_FALSE_ALARMS = Threshold(
    "secondary_false_alarms",
    20_000.0,
    "",
    "signals among which one false secondary is allowed: the significance is then sqrt(2) erfcinv(duration / period / this)",
    f"{ROBOVETTER}; {LEO_VETTER}",
)
SECONDARY_MASKED = Threshold(
    "secondary_masked",
    0.5,
    "σ",
    "what leaving a dip out of the detrending may add to one of noise, which chance then reaches, too",
    "measured on white noise (benchmarks/secondary_false_alarms.py)",
)
SECONDARY_PLANET_DEPTH = Threshold(
    "secondary_planet_depth",
    0.1,
    "",
    "a shallower secondary, in primary depths, may be a planet's occultation if reflected light allows it",
    f"{ROBOVETTER}; {LEO_VETTER}",
)
CHECK = Check(
    name="secondary",
    title="Secondary eclipse",
    order=30,
    thresholds=(SECONDARY_HALF_WARN, SECONDARY_FALSE_ALARMS, SECONDARY_MASKED, SECONDARY_PLANET_DEPTH),
    reason_codes=("SSE", "EB", "SYS"),
)


@register(CHECK)
def check_secondary(measured: Measurements) -> CheckResult:
    """Check whether there is a second dip elsewhere in the orbit.

    Parameters
    ----------
    measured : Measurements
        Measurements of the signal.

    Returns
    -------
    CheckResult
        Value: depth of the secondary [ppm].
    """
    e, found = measured.ephemeris, measured.secondary
    if e.period_days is None:
        return CHECK.unknown("A single transit has no known orbit, so no secondary eclipse can be looked for.")
    if found is None or (found.half_sigma is None and found.strongest_sigma is None):
        return CHECK.unknown("There are no data away from the transit in which a secondary eclipse could show.")
    limit = chance_sigma(e, SECONDARY_FALSE_ALARMS.value) + (SECONDARY_MASKED.value if found.masked else 0.0)
    at_half = found.half_sigma if found.half_sigma is not None else -np.inf
    strongest = found.strongest_sigma if found.strongest_sigma is not None else -np.inf
    # a dip found by searching all phases must exceed chance and the brightenings; phase 0.5 is a single trial
    real = strongest > limit and strongest > found.brightest_sigma + chance_sigma(e, 1.0)
    half_hint = at_half > SECONDARY_HALF_WARN.value and at_half > found.brightest_sigma
    if not real and half_hint:
        phase, depth, error, sigma = 0.5, found.half_depth_ppm, found.half_err_ppm, at_half
    else:
        assert found.strongest_phase is not None
        phase, sigma = found.strongest_phase, strongest
        depth, error = found.strongest_depth_ppm, found.strongest_err_ppm
    assert depth is not None
    assert error is not None
    beside = _beside(found, limit)
    where = f"{format_depth(depth, error)} at phase {phase:.3f} ({sigma:.1f} σ; chance reaches {limit:.1f})"
    if not (real or half_hint):
        sentence = f"No secondary eclipse: the strongest dip away from the transit is {where}{beside}."
        # a recovery or a longer dip than given: nothing against a planet by itself, but something to look at
        return CHECK.result(Flag.WARN if beside else Flag.PASS, depth, error, "ppm", sentence, ("SYS",) if beside else ())
    if real and not found.strongest_returns:
        rest = "no other orbit has data there" if found.strongest_orbits == 1 else "the other orbits don't have it"
        sentence = f"A second dip of {where}, but in one orbit only ({rest}): another planet's transit or noise may be the cause."
        return CHECK.result(Flag.WARN, depth, error, "ppm", sentence, ("SSE",))
    if measured.has_level and _may_be_planet_occultation(measured.fit, depth, measured.depth_ppm):
        sentence = f"A dip of {where}: shallow enough to be a planet's light going behind its star, so look at its depth."
        return CHECK.result(Flag.WARN, depth, error, "ppm", sentence, ("SSE",))
    if real:
        sentence = f"A second dip of {where}: the companion shines, as a star does."
        return CHECK.result(Flag.FAIL, depth, error, "ppm", sentence, ("SSE", "EB"))
    sentence = f"A faint second dip of {where}, where a binary star's secondary eclipse would be."
    return CHECK.result(Flag.WARN, depth, error, "ppm", sentence, ("SSE",))


def _beside(found: SecondarySearch, limit: float) -> str:
    """Return words for what goes on from the transit itself; "" if it is not significant."""
    depth, error = found.tail_depth_ppm, found.tail_err_ppm
    if depth is None or error is None or depth <= limit * error:
        return ""
    return (
        f"; {format_depth(depth, error)} are missing right beside the transit (phase {found.tail_phase:.3f}), which goes on from "
        "it as a slow recovery or a longer dip does and is no eclipse of its own"
    )


def _may_be_planet_occultation(fit: TransitFit | None, depth: float, primary: float | None) -> bool:
    """Return whether a secondary is shallow enough for a white planet's reflected light."""
    if fit is None or fit.period_days is None or primary is None or fit.density_solar is None:
        return False
    from astroseq_core.vetting.transit_model import a_over_rstar

    a = a_over_rstar(fit.period_days, fit.duration_hours, fit.radius_ratio, fit.impact)
    return depth < SECONDARY_PLANET_DEPTH.value * primary and depth * 1e-6 < (fit.radius_ratio / a) ** 2
