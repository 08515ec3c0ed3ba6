"""Planets, eclipsing binaries, variables and instrumental effects of every kind, drawn to be injected into real light curves."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.simulation import population, variability
from astroseq_core.simulation.systematics import exponential_recovery, red_noise
from astroseq_core.simulation.transits import (
    SUN_AR_ONE_DAY,
    EclipsingBinary,
    Orbit,
    Signal,
    relative_flux,
    signal_ephemeris,
    transit_flux,
)
from astroseq_core.times import Instant
from benchmarks.signals import expected_snr

#: Of a hundred stars, how many get planets, binaries and variations; the rest stay as they are.
PLANETS, BINARIES, VARIABLES = 36, 32, 24
#: Signal-to-noise ratios of planets; shallowest and deepest transits; shortest period [d], and longest as a share of the data.
SNR, DEPTHS, SHORTEST, LONGEST = (7.0, 150.0), (2e-5, 0.04), 0.5, 0.9
#: Share of planets that are giants, whatever their signal-to-noise ratio, and their depths.
GIANTS, GIANT_DEPTHS = 0.2, (0.003, 0.04)
#: Share of stars with a signal that rotate or pulsate as well.
BOTH = 0.25
Floats = np.ndarray


@dataclass(frozen=True, eq=False)
class Drawn:
    """What a star got: `factor` multiplies its flux; `truth` are the ephemerides, each of a planet or a binary."""

    what: str
    factor: Floats
    truth: tuple[Ephemeris, ...]
    kinds: tuple[str, ...]


def draw(rng: np.random.Generator, curve: LightCurve) -> Drawn:
    """Draw what a star gets."""
    number = int(rng.integers(100))
    if number < PLANETS:
        return _of_signals(rng, curve, "planet", "planet", planets(rng, curve))
    if number < PLANETS + BINARIES:
        name = str(rng.choice(list(BINARY_KINDS), p=[0.3, 0.15, 0.15, 0.12, 0.13, 0.15]))
        return _of_signals(rng, curve, name, "binary", BINARY_KINDS[name](rng, curve))
    if number < PLANETS + BINARIES + VARIABLES:
        name = str(rng.choice(list(VARIABLE_KINDS)))
        return Drawn(name, VARIABLE_KINDS[name](rng, curve), (), ())
    return Drawn("nothing", np.ones(len(curve.time)), (), ())


def _of_signals(rng: np.random.Generator, curve: LightCurve, what: str, kind: str, signals: list[Signal]) -> Drawn:
    factor = relative_flux(curve.time, signals, curve.cadence_minutes)
    if rng.random() < BOTH:
        factor = factor * (rotating if rng.random() < 0.7 else pulsating)(rng, curve, 0.4)
    truth = tuple(signal_ephemeris(str(curve.target), str(k), s) for k, s in enumerate(signals))
    return Drawn(what, factor, truth, (kind,) * len(truth))


def _span(curve: LightCurve) -> float:
    return float(curve.time[-1] - curve.time[0])


def _period(rng: np.random.Generator, curve: LightCurve, shortest: float = SHORTEST, share: float = LONGEST) -> float:
    return _log_uniform(rng, shortest, share * _span(curve))


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(math.log(low), math.log(high))))


def _epoch(rng: np.random.Generator, curve: LightCurve, period: float) -> Instant:
    return Instant(float(curve.time[0]) + float(rng.uniform(0, period)), curve.time_system)


def _noise(curve: LightCurve) -> float:
    """Relative white noise of one cadence."""
    flux = curve.flux[np.isfinite(curve.flux)]
    return float(np.median(np.abs(np.diff(flux)))) * 1.4826 / math.sqrt(2) / abs(float(np.median(flux)))


def planets(rng: np.random.Generator, curve: LightCurve) -> list[Signal]:
    """One to three planets; longer periods than half of the data transit once or twice."""
    out: list[Signal] = []
    period = _period(rng, curve)
    density = float(rng.lognormal(0.0, 0.5))
    for _ in range(int(rng.choice([1, 2, 3], p=[0.7, 0.2, 0.1]))):
        if period > LONGEST * _span(curve):
            break
        t0, instrument = _epoch(rng, curve, period), curve.instrument.name
        first = population.draw_planet(rng, instrument, t0, period_days=period, depth=1e-3, density_solar=density)
        if rng.random() < GIANTS:
            depth = _log_uniform(rng, *GIANT_DEPTHS)
        else:
            snr = expected_snr([curve], signal_ephemeris(curve.target.id, "p", first), 1e-3)
            depth = 1e-3 * _log_uniform(rng, *SNR) / max(snr, 1e-6)
        if DEPTHS[0] < depth < DEPTHS[1]:
            out.append(population.draw_planet(rng, instrument, t0, period_days=period, depth=depth, density_solar=density))
        period *= float(np.clip(1.3 + rng.lognormal(-1.0, 0.7), 1.35, 4.0))
    return out


def _orbit(rng: np.random.Generator, curve: LightCurve, period: float, ratio: float, impact: float, density: float) -> Orbit:
    closest = ((1.05 + ratio) / SUN_AR_ONE_DAY) ** 3 / period**2
    u1, u2 = population.draw_limb_darkening(rng, curve.instrument.name)
    return Orbit(_epoch(rng, curve, period), period, ratio, impact, max(density, closest), u1, u2)


def _third_light(rng: np.random.Generator, share: float = 0.4) -> float:
    """Light of other stars, more often much than little."""
    return 1 - _log_uniform(rng, 0.01, 0.7) if rng.random() < share else 0.0


def _tides(orbit: Orbit) -> float:
    return min(0.15, 1.2 * orbit.radius_ratio / orbit.a_over_rstar**3)


def detached(rng: np.random.Generator, curve: LightCurve) -> list[Signal]:
    """A binary like those of the KOI table."""
    longest = _span(curve) / 1.5
    return [population.draw_binary(rng, curve.instrument.name, _epoch(rng, curve, longest), longest)]


def equal(rng: np.random.Generator, curve: LightCurve) -> list[Signal]:
    """Two stars that are almost alike: at half the period, all eclipses look the same."""
    ratio, period = float(rng.uniform(0.9, 1.0)), _period(rng, curve, 0.6, 0.7)
    orbit = _orbit(rng, curve, period, ratio, float(rng.uniform(0, 1.6)), float(rng.lognormal(-0.3, 0.7)))
    return [EclipsingBinary(orbit, ratio ** float(rng.uniform(0, 4)), _tides(orbit), _third_light(rng))]


def grazing(rng: np.random.Generator, curve: LightCurve) -> list[Signal]:
    """Eclipses shaped like a V, with a secondary or none."""
    ratio, period = float(rng.uniform(0.4, 1.0)), _period(rng, curve, 0.5, 0.7)
    impact = (1 + ratio) * float(rng.uniform(0.72, 0.97))
    orbit = _orbit(rng, curve, period, ratio, impact, float(rng.lognormal(-0.3, 0.7)))
    return [EclipsingBinary(orbit, float(rng.choice([0.0, ratio**4])), _tides(orbit), _third_light(rng, 0.2))]


def contact(rng: np.random.Generator, curve: LightCurve) -> list[Signal]:
    """Stars that touch or nearly do: waves of half the period, with or without eclipses."""
    ratio, period = float(rng.uniform(0.5, 1.0)), _log_uniform(rng, 0.3, 2.0)
    orbit = _orbit(rng, curve, period, ratio, (1 + ratio) * float(rng.uniform(0, 0.99)), 0.0)
    return [EclipsingBinary(orbit, ratio ** float(rng.uniform(0, 2)), float(rng.uniform(0.02, 0.2)), _third_light(rng))]


def eccentric(rng: np.random.Generator, curve: LightCurve) -> list[Signal]:
    """Two eclipses of one period, the second at any phase, with its own depth and duration."""
    period, ratio = _period(rng, curve, 2.0, 0.7), float(rng.uniform(0.15, 0.8))
    orbit = _orbit(rng, curve, period, ratio, float(rng.uniform(0, 0.9)), float(rng.lognormal(0, 0.6)))
    later = Instant(orbit.t0.days + float(rng.uniform(0.15, 0.85)) * period, curve.time_system)
    weaker, density = ratio * float(rng.uniform(0.2, 1.0)), orbit.density_solar * float(rng.lognormal(0, 0.8))
    closest = ((1.05 + weaker) / SUN_AR_ONE_DAY) ** 3 / period**2
    second = Orbit(later, period, weaker, min(orbit.impact, 0.9), max(density, closest), orbit.u1, orbit.u2)
    return [orbit, second]


def deep(rng: np.random.Generator, curve: LightCurve) -> list[Signal]:
    """Eclipses of a third of the light to all of it, by a fainter star."""
    ratio, period = float(rng.uniform(0.55, 1.0)), _period(rng, curve, 0.5, 0.8)
    orbit = _orbit(rng, curve, period, ratio, float(rng.uniform(0, 0.35)), float(rng.lognormal(-0.2, 0.7)))
    return [EclipsingBinary(orbit, _log_uniform(rng, 1e-4, 0.3), _tides(orbit))]


def rotating(rng: np.random.Generator, curve: LightCurve, most: float = 1.0) -> Floats:
    """A star with spots."""
    period, amplitude = _log_uniform(rng, 0.3, 10.0), most * _log_uniform(rng, 5e-4, 0.04)
    return variability.rotation(rng, curve.time, period, amplitude, lifetime_days=period * _log_uniform(rng, 1.0, 30.0))


def pulsating(rng: np.random.Generator, curve: LightCurve, most: float = 1.0) -> Floats:
    """A star of the delta Scuti or gamma Doradus kind."""
    kind = "delta Scuti" if rng.random() < 0.4 else "gamma Doradus"
    modes = variability.pulsator_modes(rng, kind, most * _log_uniform(rng, 5e-4, 0.04))
    return variability.pulsation(rng, curve.time, *modes, curve.cadence_minutes)


def radial(rng: np.random.Generator, curve: LightCurve) -> Floats:
    """A quick rise and a slow fall, as of RR Lyrae stars and Cepheids."""
    period = _log_uniform(rng, 0.3, 8.0)
    phase = ((curve.time - curve.time[0]) / period + rng.random()) % 1
    rise = float(rng.uniform(0.1, 0.3))
    shape = np.where(phase < rise, phase / rise, ((1 - phase) / (1 - rise)) ** float(rng.uniform(0.7, 2.5)))
    return 1 + _log_uniform(rng, 0.005, 0.5) * (shape - shape.mean())


def flaring(rng: np.random.Generator, curve: LightCurve) -> Floats:
    """A star that flares often and rotates."""
    flares = variability.flares(
        rng, curve.time, _log_uniform(rng, 0.5, 10), _log_uniform(rng, 0.002, 0.01), curve.cadence_minutes
    )
    return flares * rotating(rng, curve, 0.5)


def _strength(rng: np.random.Generator, curve: LightCurve, hours: float) -> float:
    """Depth of a dip that lasts some hours, of five to sixty times its noise."""
    return _log_uniform(rng, 5, 60) * _noise(curve) / math.sqrt(max(1.0, hours * 60 / curve.cadence_minutes))


def dipping(rng: np.random.Generator, curve: LightCurve) -> Floats:
    """Dips of different depths, durations and shapes, at random or at nearly equal times, as of dust."""
    factor, hours = np.ones(len(curve.time)), _log_uniform(rng, 1, 15)
    spacing = _period(rng, curve, 1.5, 0.4)
    times = np.arange(curve.time[0] + spacing * rng.random(), curve.time[-1], spacing)
    times = times + spacing * float(rng.choice([0.08, 0.2, 1.0])) * rng.normal(size=len(times))
    depth = _strength(rng, curve, hours)
    for t0 in times:
        width = hours / 24 * float(rng.lognormal(-0.5, 0.5))
        side = np.where(curve.time < t0, width * float(rng.uniform(0.3, 1)), width * float(rng.uniform(0.3, 1)))
        factor -= depth * float(rng.lognormal(0, 0.6)) * np.exp(-0.5 * ((curve.time - t0) / side) ** 2)
    return np.clip(factor, 0.05, None)


def dumping(rng: np.random.Generator, curve: LightCurve) -> Floats:
    """A sudden drop and a slow recovery at equal times, as after each momentum dump; or slow falls and sudden ends."""
    factor, hours = np.ones(len(curve.time)), _log_uniform(rng, 1, 20)
    spacing = _period(rng, curve, 1.2, 0.3)
    depth, backwards = _strength(rng, curve, hours / 2), rng.random() < 0.3
    time = -curve.time[::-1] if backwards else curve.time
    for start in np.arange(time[0] + spacing * rng.random(), time[-1], spacing):
        factor *= exponential_recovery(time, float(start), -depth * float(rng.lognormal(0, 0.3)), hours / 48)
    return factor[::-1] if backwards else factor


def ramping(rng: np.random.Generator, curve: LightCurve) -> Floats:
    """Ramps where the data begin again after a gap, steps, and red noise."""
    step = np.diff(curve.time)
    starts = [0, *(np.flatnonzero(step > 0.3) + 1).tolist()]
    starts += rng.integers(0, len(curve.time), int(rng.integers(0, 3))).tolist()
    factor = red_noise(rng, curve.time, _noise(curve) * _log_uniform(rng, 0.05, 1.0), _log_uniform(rng, 0.05, 0.5))
    for start in starts:
        hours = _log_uniform(rng, 2, 24)
        size = _strength(rng, curve, hours) * float(rng.choice([-1, -1, 1]))
        factor = factor * exponential_recovery(curve.time, float(curve.time[start]), size, hours / 24)
    return factor


def brightening(rng: np.random.Generator, curve: LightCurve) -> Floats:
    """Short brightenings at equal times, or dips and brightenings in turn."""
    period = _period(rng, curve, 0.6, 0.3)
    orbit = _orbit(rng, curve, period, 0.1, float(rng.uniform(0, 0.8)), float(rng.lognormal(0, 0.5)))
    hours = orbit.duration_days() * 24
    bump = (1 - transit_flux(curve.time, orbit, curve.cadence_minutes)) / orbit.depth
    wave = np.sin(2 * np.pi * (curve.time - orbit.t0.days) / period) if rng.random() < 0.5 else 0.0
    return 1 + _strength(rng, curve, hours) * (bump + wave)


BINARY_KINDS: dict[str, Callable[[np.random.Generator, LightCurve], list[Signal]]] = {
    f.__name__: f for f in (detached, equal, grazing, contact, eccentric, deep)
}
VARIABLE_KINDS: dict[str, Callable[[np.random.Generator, LightCurve], Floats]] = {
    f.__name__: f for f in (rotating, pulsating, radial, flaring, dipping, dumping, ramping, brightening)
}
