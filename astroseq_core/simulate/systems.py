"""Which transits and eclipses a simulated star has, and when, given when it was observed."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError
from astroseq_core.simulate import population
from astroseq_core.simulate.inject import Signal
from astroseq_core.simulate.transits import Eclipses, Orbit
from astroseq_core.times import Instant, TimeSystem

KINDS = ("quiet", "planet", "multi", "binary", "single")
#: Periods are at most the observed span over this, so that at least two events of a repeating signal fall into it.
EVENTS_IN_SPAN = 2.2
#: Single transits are this deep [log10 of the relative flux]: from 500 ppm to 1.3 %; shallower ones nobody sees once.
SINGLE_LOG_DEPTH = (-3.3, -1.9)
#: Tries to put a mid-transit where there are data.
PLACING_TRIES = 200

_S = TypeVar("_S", Orbit, Eclipses)


def draw_signals(
    rng: np.random.Generator, seen_as: str, kind: str, times: Sequence[NDArray[np.float64]], system: TimeSystem
) -> tuple[Signal, ...]:
    """The signals of a star of that kind (KINDS) that was observed at those ``times`` [d, ``system``], one array an observation.

    Epochs are mid-transits with data around them. Raises SettingsError for another kind.
    """
    start, stop = float(times[0][0]), float(times[-1][-1])
    anywhere = Instant(start, system)
    longest = max(1.0, (stop - start) / EVENTS_IN_SPAN)
    if kind == "quiet":
        return ()
    if kind == "planet":
        return (_placed(rng, _planet(rng, seen_as, anywhere, longest), times),)
    if kind == "multi":
        return tuple(_placed(rng, planet, times) for planet in _system(rng, seen_as, anywhere, longest))
    if kind == "binary":
        return (_placed(rng, population.draw_binary(rng, seen_as, anywhere, longest), times),)
    if kind == "single":
        shortest = max(stop - start, 40.0)
        planet = population.draw_planet(
            rng,
            seen_as,
            anywhere,
            period_days=float(shortest * 10 ** rng.uniform(0.0, 0.8)),
            depth=float(10 ** rng.uniform(*SINGLE_LOG_DEPTH)),
            density_solar=float(rng.lognormal(0.0, 0.4)),
            single=True,
        )
        return (_placed(rng, planet, times),)
    raise SettingsError(f"'{kind}' is no kind of simulated star; use one of {', '.join(KINDS)}.")


def _planet(rng: np.random.Generator, seen_as: str, t0: Instant, longest: float) -> Orbit:
    """One planet of the population with a period [d] up to ``longest``."""
    while True:
        planet = population.draw_planet(rng, seen_as, t0)
        if planet.orbital_period_days <= longest:
            return planet


def _system(rng: np.random.Generator, seen_as: str, t0: Instant, longest: float) -> list[Orbit]:
    """Two to four planets of one star, from the innermost out.

    Period ratios of neighbours lie over 1.35 and mostly below 3, as in Kepler's systems (Fabrycky et al. 2014); planets of a
    system are alike in size and the orbits nearly in one plane (Weiss et al. 2018), so the impact parameter grows with a/R*.
    """
    ratios = np.clip(1.3 + rng.lognormal(-1.0, 0.7, int(rng.choice([1, 2, 3], p=[0.6, 0.3, 0.1]))), 1.35, 4.0)
    first = _planet(rng, seen_as, t0, longest / float(np.prod(ratios)))
    # (a/R*) cos i stays below a full transit for the outermost, too
    outermost = float(np.prod(ratios)) ** (2 / 3)
    inner_impact = float(rng.uniform(0, 0.75)) / outermost
    planets = []
    for period_ratio in np.cumprod(np.r_[1.0, ratios]):
        impact = float(np.clip(inner_impact * period_ratio ** (2 / 3) + 0.05 * rng.normal(), 0.0, 0.85))
        depth = float(np.clip(first.depth * rng.lognormal(0.0, 0.5), 2e-5, 0.03))
        u = (first.u1, first.u2)
        planets.append(
            population.draw_planet(
                rng,
                seen_as,
                t0,
                period_days=first.orbital_period_days * float(period_ratio),
                depth=depth,
                density_solar=first.density_solar,
                impact=impact,
                limb_darkening=u,
            )
        )
    return planets


def _placed(rng: np.random.Generator, signal: _S, times: Sequence[NDArray[np.float64]]) -> _S:
    """The signal with a mid-transit at a time with data on both sides, within the first period of the observations."""
    orbit = signal.orbit if isinstance(signal, Eclipses) else signal
    start, stop = float(times[0][0]), float(times[-1][-1])
    half = orbit.duration_days() / 2
    period = orbit.period_days if orbit.period_days is not None else math.inf
    latest = min(start + period, stop)
    moment = start
    for _ in range(PLACING_TRIES):
        moment = float(rng.uniform(start, latest))
        if all(_observed(times, moment + offset) for offset in (-half, 0.0, half)):
            break
    t0 = Instant(moment, orbit.t0.system)
    if isinstance(signal, Eclipses):
        return replace(signal, orbit=replace(signal.orbit, t0=t0))
    return replace(signal, t0=t0)


def _observed(times: Sequence[NDArray[np.float64]], moment: float) -> bool:
    """Whether there are data within an hour of that moment [d]."""
    for time in times:
        if time[0] <= moment <= time[-1]:
            nearest = int(np.clip(np.searchsorted(time, moment), 1, len(time) - 1))
            return bool(min(abs(time[nearest] - moment), abs(moment - time[nearest - 1])) < 1 / 24)
    return False
