"""Copies of quiet stars with variability and transits put in, before anything is detrended."""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.lightcurves import noise
from astroseq_core.lightcurves.lightcurve import LightCurve
from astroseq_core.lightcurves.prepare import Preparation, PreparedCurve, prepare
from astroseq_core.simulate import population, variability
from astroseq_core.simulate.inject import ephemeris_of, inject
from astroseq_core.simulate.transits import Orbit
from astroseq_core.times import Instant
from astroseq_core.training.recipes import Injection

#: The scale of depths is linear below about this signal-to-noise and logarithmic above; on that scale the square of a uniform
#: number is drawn, which puts half of the transits below a signal-to-noise of 15, where they are hard.
LINEAR_SNR = 3.0
#: Mean stellar densities in the Sun's: natural log's mean and scatter; from subgiants to ultra-cool dwarfs.
LOG_DENSITY = (0.3, 1.0)
#: A dip takes no more of the light than this: half of it is a pair of equal stars.
DEEPEST = 0.5
LARGEST_RADIUS_RATIO = 0.9
#: The radius ratio that an orbit's duration is told from before its depth is known.
USUAL_RADIUS_RATIO = 0.05
#: The chance that a star with transits has two transiting planets.
SECOND_PLANET = 0.2


def copy_with_transits(
    rng: np.random.Generator, curve: LightCurve, settings: Injection, preparation: Preparation
) -> tuple[PreparedCurve, tuple[Ephemeris, ...]]:
    """A prepared copy of a quiet star's light curve and the ephemerides of what was put in; raises LightCurveError."""
    if rng.random() < settings.varied:
        curve = vary(rng, curve)
    quiet = prepare(curve, preparation)
    if rng.random() < settings.without:
        return quiet, ()
    orbits = [draw_orbit(rng, quiet, settings) for _ in range(2 if rng.random() < SECOND_PLANET else 1)]
    ephemerides = tuple(ephemeris_of(curve.target.id, f"injected {i + 1}", orbit) for i, orbit in enumerate(orbits))
    return prepare(inject(curve, orbits), preparation), ephemerides


def draw_snr(rng: np.random.Generator, limits: tuple[float, float]) -> float:
    """A transit's signal-to-noise between the limits, most near the lower one."""
    low, high = (math.asinh(snr / LINEAR_SNR) for snr in limits)
    return LINEAR_SNR * math.sinh(low + (high - low) * rng.random() ** 2)


def draw_orbit(rng: np.random.Generator, quiet: PreparedCurve, settings: Injection) -> Orbit:
    """A planet whose transits have a drawn signal-to-noise in that star's noise over their duration, at least one in the data."""
    seen_as = quiet.curve.instrument.name
    period = math.exp(rng.uniform(*np.log(settings.period_days)))
    density = float(rng.lognormal(*LOG_DENSITY))
    impact = float(rng.uniform(0, 0.95))
    u1, u2 = population.draw_limb_darkening(rng, seen_as)
    # An orbit at least twice the star's radius, also where the companion is a star.
    density = max(density, (2 * (1 + LARGEST_RADIUS_RATIO) / 4.2083) ** 3 / period**2)
    epoch = float(quiet.time[rng.integers(len(quiet.time))])
    single = period > quiet.time[-1] - quiet.time[0]
    orbit = Orbit(
        t0=Instant(epoch, quiet.system),
        period_days=None if single else period,
        radius_ratio=USUAL_RADIUS_RATIO,
        impact=impact,
        density_solar=density,
        u1=u1,
        u2=u2,
        shape_period_days=period if single else None,
    )
    cadences = max(1, round(orbit.duration_days() * 1440 / quiet.cadence_minutes))
    depth = min(DEEPEST, draw_snr(rng, settings.snr) * noise.sigma_over(quiet.flat, cadences))
    ratio = min(LARGEST_RADIUS_RATIO, population.radius_ratio_of(depth, impact, u1, u2))
    return replace(orbit, radius_ratio=ratio)


def vary(rng: np.random.Generator, curve: LightCurve) -> LightCurve:
    """The same light curve with rotation, pulsation or flares of a drawn strength added: another kind of star, the same noise."""
    time, minutes = curve.time, curve.cadence_minutes
    factor: NDArray[np.float64] = np.ones(len(time))
    kind = rng.random()
    if kind < 0.65:
        period = math.exp(rng.uniform(math.log(0.25), math.log(15.0)))
        strengths = (1.0, *rng.uniform(0, [0.9, 0.5, 0.3]))
        factor *= variability.rotation(rng, time, period, _log_uniform(rng, 3e-4, 4e-2), harmonics=strengths)
    else:
        # Fast pulsators leave no room for transits between their cycles; their amplitudes are mostly small.
        mode = "delta Scuti" if rng.random() < 0.4 else "gamma Doradus"
        amplitude = _log_uniform(rng, 1e-4, 5e-3 if mode == "delta Scuti" else 2e-2)
        factor *= variability.pulsation(rng, time, *variability.pulsator_modes(rng, mode, amplitude), minutes)
    if rng.random() < 0.4:
        factor *= variability.flares(rng, time, _log_uniform(rng, 0.05, 3.0), _log_uniform(rng, 1e-3, 1e-2), minutes)
    return replace(curve, flux=curve.flux * factor)


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return math.exp(rng.uniform(math.log(low), math.log(high)))
