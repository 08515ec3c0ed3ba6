"""Simulated stars: light curves as TESS, Kepler or K2 would take them, with the truth."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import SettingsError
from astroseq_core.io import lightcurve
from astroseq_core.io.lightcurve import LightCurve, Provenance
from astroseq_core.simulation import photometry, population, systematics, variability
from astroseq_core.simulation.transits import EclipsingBinary, Orbit, Signal, relative_flux, signal_ephemeris
from astroseq_core.targets import Target
from astroseq_core.times import Instant, TimeSystem

KINDS = ("quiet", "planet", "multi", "binary", "single")
#: The longest period is the observed span over this, so that at least two events of a periodic signal fall into it.
EVENTS_IN_SPAN = 2.2
#: Depth range of single transits [log10 of the relative flux]: 500 ppm to 1.3 %; a shallower one is not visible once.
SINGLE_LOG_DEPTH = (-3.3, -1.9)
#: Number of attempts to place a mid-transit on data.
PLACING_TRIES = 200

_SignalType = TypeVar("_SignalType", Orbit, EclipsingBinary)


def draw_signals(
    rng: np.random.Generator, instrument: str, kind: str, times: Sequence[NDArray[np.float64]], system: TimeSystem
) -> tuple[Signal, ...]:
    """Draw the signals of a star, each with a mid-transit that has data around it.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random generator.
    instrument : str
        TESS, Kepler or K2.
    kind : str
        One of `KINDS`.
    times : sequence of ndarray
        Times of each observation [d], in time order.
    system : TimeSystem
        Time system of `times`.

    Returns
    -------
    tuple of Signal
        The signals; empty for a quiet star.

    Raises
    ------
    SettingsError
        If the kind is unknown.
    """
    start, stop = float(times[0][0]), float(times[-1][-1])
    anywhere = Instant(start, system)
    longest = max(1.0, (stop - start) / EVENTS_IN_SPAN)
    if kind == "quiet":
        return ()
    if kind == "planet":
        return (_place_epoch(rng, _draw_short_planet(rng, instrument, anywhere, longest), times),)
    if kind == "multi":
        return tuple(_place_epoch(rng, planet, times) for planet in _draw_system(rng, instrument, anywhere, longest))
    if kind == "binary":
        return (_place_epoch(rng, population.draw_binary(rng, instrument, anywhere, longest), times),)
    if kind == "single":
        shortest = max(stop - start, 40.0)
        planet = population.draw_planet(
            rng,
            instrument,
            anywhere,
            period_days=float(shortest * 10 ** rng.uniform(0.0, 0.8)),
            depth=float(10 ** rng.uniform(*SINGLE_LOG_DEPTH)),
            density_solar=float(rng.lognormal(0.0, 0.4)),
            single=True,
        )
        return (_place_epoch(rng, planet, times),)
    raise SettingsError(f"'{kind}' is no kind of simulated star; use one of {', '.join(KINDS)}.")


def _draw_short_planet(rng: np.random.Generator, instrument: str, t0: Instant, longest: float) -> Orbit:
    """Draw one planet of the population with a period of at most `longest` [d]."""
    while True:
        planet = population.draw_planet(rng, instrument, t0)
        if planet.orbital_period_days <= longest:
            return planet


def _draw_system(rng: np.random.Generator, instrument: str, t0: Instant, longest: float) -> list[Orbit]:
    """Draw two to four planets of one star, the innermost first.

    Period ratios of neighbors are at least 1.35 and mostly below 3, as in Kepler's systems
    (Fabrycky et al. 2014). Planets of a system are alike in size and nearly coplanar (Weiss et al.
    2018), so the impact parameter grows with a/R*.
    """
    ratios = np.clip(1.3 + rng.lognormal(-1.0, 0.7, int(rng.choice([1, 2, 3], p=[0.6, 0.3, 0.1]))), 1.35, 4.0)
    first = _draw_short_planet(rng, instrument, t0, longest / float(np.prod(ratios)))
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
                instrument,
                t0,
                period_days=first.orbital_period_days * float(period_ratio),
                depth=depth,
                density_solar=first.density_solar,
                impact=impact,
                limb_darkening=u,
            )
        )
    return planets


def _place_epoch(rng: np.random.Generator, signal: _SignalType, times: Sequence[NDArray[np.float64]]) -> _SignalType:
    """Move the epoch to a random time with data on both sides, within the first period."""
    orbit = signal.orbit if isinstance(signal, EclipsingBinary) else signal
    start, stop = float(times[0][0]), float(times[-1][-1])
    half = orbit.duration_days() / 2
    period = orbit.period_days if orbit.period_days is not None else math.inf
    latest = min(start + period, stop)
    moment = start
    for _ in range(PLACING_TRIES):
        moment = float(rng.uniform(start, latest))
        if all(_has_data_near(times, moment + offset) for offset in (-half, 0.0, half)):
            break
    t0 = Instant(moment, orbit.t0.system)
    if isinstance(signal, EclipsingBinary):
        return replace(signal, orbit=replace(signal.orbit, t0=t0))
    return replace(signal, t0=t0)


def _has_data_near(times: Sequence[NDArray[np.float64]], moment: float) -> bool:
    """Return whether there is a cadence within an hour of a moment [d]."""
    for time in times:
        if time[0] <= moment <= time[-1]:
            nearest = int(np.clip(np.searchsorted(time, moment), 1, len(time) - 1))
            return bool(min(abs(time[nearest] - moment), abs(moment - time[nearest - 1])) < 1 / 24)
    return False


#: Kinds of stellar variability; "calm" is granulation alone.
VARIABILITIES = ("calm", "rotator", "flare star", "pulsator")
VARIABILITY_SHARES = (0.6, 0.25, 0.08, 0.07)
AUTHOR = "AstroSeq simulation"
#: Raised whenever the same seed gives other light curves than before.
VERSION = "1"
#: Flux of a star of magnitude 10 [electrons/s]: TESS by its zero point of 20.44 (TESS Instrument Handbook), Kepler by
#: photometry.KEPLER_ELECTRONS in 1625 s of integration.
FLUX_AT_10 = {"TESS": 15_000.0, "Kepler": 1_340_000.0, "K2": 1_340_000.0}


@dataclass(frozen=True, eq=False)
class SimulatedStar:
    """Simulated star: its light curves and its truth.

    Attributes
    ----------
    light_curves : tuple of LightCurve
        Its light curves, in time order.
    ephemerides : tuple of Ephemeris
        Exact ephemerides of the signals, in their order.
    signals : tuple of Signal
        The injected signals.
    kind : str
        One of `KINDS`.
    instrument : str
        TESS, Kepler or K2.
    magnitude : float
        Tmag for TESS, else Kp.
    rotation_days : float
        Rotation period [d]; 0 where no rotation was simulated.
    truth : dict
        Further plain values: seed, variability, white noise per cadence [ppm], and one record per
        signal.
    """

    light_curves: tuple[LightCurve, ...]
    ephemerides: tuple[Ephemeris, ...]
    signals: tuple[Signal, ...]
    kind: str
    instrument: str
    magnitude: float
    rotation_days: float
    truth: dict[str, Any]

    @property
    def target(self) -> Target:
        """The star's target."""
        return self.light_curves[0].target


@dataclass(frozen=True)
class Variability:
    """Parameters of a star's variability; a value of 0 means none.

    Attributes
    ----------
    kind : str
        One of `VARIABILITIES`.
    numax_uhz : float
        Frequency of maximum oscillation power [uHz]; sets the granulation.
    rotation_days : float
        Rotation period [d].
    rotation_amplitude : float
        Standard deviation of the rotation signal, relative flux.
    flares_per_day : float
        Mean number of flares per day.
    smallest_flare : float
        Smallest peak of a flare, relative flux.
    mode_frequencies_per_day : tuple of float
        Frequencies of the pulsation modes [cycles/d].
    mode_amplitudes : tuple of float
        Semi-amplitudes of the modes, relative flux.
    """

    kind: str
    numax_uhz: float
    rotation_days: float = 0.0
    rotation_amplitude: float = 0.0
    flares_per_day: float = 0.0
    smallest_flare: float = 0.0
    mode_frequencies_per_day: tuple[float, ...] = ()
    mode_amplitudes: tuple[float, ...] = ()

    def flux(self, rng: np.random.Generator, time: NDArray[np.float64], exposure_minutes: float) -> NDArray[np.float64]:
        """Simulate the star's relative flux.

        Parameters
        ----------
        rng : numpy.random.Generator
            Random generator.
        time : ndarray
            Times [d], shape (n,).
        exposure_minutes : float
            Exposure time [min].

        Returns
        -------
        ndarray
            Relative flux about 1, shape (n,).
        """
        flux = variability.granulation(rng, time, self.numax_uhz)
        if self.rotation_amplitude:
            flux *= variability.rotation(rng, time, self.rotation_days, self.rotation_amplitude)
        if self.mode_frequencies_per_day:
            flux *= variability.pulsation(rng, time, self.mode_frequencies_per_day, self.mode_amplitudes, exposure_minutes)
        if self.flares_per_day:
            flux *= variability.flares(rng, time, self.flares_per_day, self.smallest_flare, exposure_minutes)
        return flux


def draw_variability(rng: np.random.Generator, kind: str | None = None) -> Variability:
    """Draw the variability of a star.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random generator.
    kind : str, optional
        One of `VARIABILITIES`; drawn with `VARIABILITY_SHARES` by default.

    Returns
    -------
    Variability
        The parameters.

    Raises
    ------
    SettingsError
        If the kind is unknown.
    """
    kind = kind or str(rng.choice(VARIABILITIES, p=VARIABILITY_SHARES))
    numax = float(np.clip(variability.SUN_NUMAX_UHZ * 10 ** rng.normal(-0.1, 0.25), 300, 6000))
    if kind == "calm":
        return Variability(kind, numax)
    if kind == "rotator":
        # periods and amplitudes about as McQuillan et al. (2014) found for Kepler's spotted stars
        return Variability(kind, numax, float(10 ** rng.uniform(-0.1, 1.3)), float(10 ** rng.uniform(-3.2, -1.9)))
    if kind == "flare star":
        period, amplitude = float(10 ** rng.uniform(-0.4, 0.8)), float(10 ** rng.uniform(-2.6, -1.8))
        return Variability(
            kind, 6000.0, period, amplitude, float(10 ** rng.uniform(-0.7, 0.4)), float(10 ** rng.uniform(-3, -2.3))
        )
    if kind == "pulsator":
        family = "delta Scuti" if rng.random() < 0.5 else "gamma Doradus"
        frequencies, amplitudes = variability.pulsator_modes(rng, family, float(10 ** rng.uniform(-3.5, -2.0)))
        return Variability(kind, numax, mode_frequencies_per_day=tuple(frequencies), mode_amplitudes=tuple(amplitudes))
    raise SettingsError(f"'{kind}' is no variability known here; use one of {', '.join(VARIABILITIES)}.")


def simulate_star(
    seed: int,
    seen_as: str,
    kind: str,
    *,
    target: Target,
    num_observations: int = 1,
    magnitude: float | None = None,
    variability_kind: str | None = None,
    first_observation: int | None = None,
    signals: tuple[Signal, ...] | None = None,
) -> SimulatedStar:
    """Simulate a star; the same arguments always give the same star.

    Parameters
    ----------
    seed : int
        Seed of all random numbers.
    seen_as : str
        TESS, Kepler or K2.
    kind : str
        One of `KINDS`.
    target : Target
        Which star it is.
    num_observations : int, optional
        Number of sectors, quarters or campaigns.
    magnitude : float, optional
        Tmag or Kp; drawn by default.
    variability_kind : str, optional
        One of `VARIABILITIES`; drawn by default.
    first_observation : int, optional
        Number of the first sector, quarter or campaign; drawn by default.
    signals : tuple of Signal, optional
        Signals to inject; drawn by default.

    Returns
    -------
    SimulatedStar
        Its light curves and its truth.

    Raises
    ------
    SettingsError
        If a name is unknown or there are fewer observations than asked for.
    """
    if kind not in KINDS:
        raise SettingsError(f"'{kind}' is no kind of simulated star; use one of {', '.join(KINDS)}.")
    if seen_as not in systematics.MISSION_OF:
        raise SettingsError(f"A star cannot be simulated as seen by '{seen_as}'; use TESS, Kepler or K2.")
    instrument = systematics.MISSION_OF[seen_as]
    most = systematics.MAX_OBSERVATIONS[seen_as]
    if not 1 <= num_observations <= most:
        raise SettingsError(f"{seen_as} has 1 to {most} observations of a star here, not {num_observations}.")
    # separate random streams for star, orbits, variability and instrument: changing one leaves the others unchanged
    sky, orbits, own, noise = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(4))
    drawn_magnitude, drawn_first = population.draw_magnitude(sky, seen_as), int(sky.integers(1, most - num_observations + 2))
    magnitude = drawn_magnitude if magnitude is None else magnitude
    first = first_observation or drawn_first
    observed = [systematics.observe(noise, seen_as, first + i, magnitude) for i in range(num_observations)]
    times = [o.time for o in observed]
    if signals is None:
        signals = draw_signals(orbits, seen_as, kind, times, instrument.time_system)
    signals = tuple(signal.in_time_system(instrument.time_system) for signal in signals)

    star = draw_variability(sky, variability_kind)
    # all observations at once, so that spots and modes keep their phases from one to the next
    together = np.concatenate(times)
    light = star.flux(own, together, instrument.cadence_minutes) * relative_flux(together, signals, instrument.cadence_minutes)
    parts = np.split(light, np.cumsum([len(t) for t in times])[:-1])
    sigma = photometry.photometric_noise(seen_as, magnitude, instrument.cadence_minutes)
    level = FLUX_AT_10[seen_as] * 10 ** (-0.4 * (magnitude - 10))
    curves = []
    for number, (part, seen) in enumerate(zip(parts, observed, strict=True), start=first):
        # each observation falls on other pixels, so its flux level differs
        here = level * (1 + 0.02 * noise.normal())
        flux = here * (part * seen.factor + sigma * noise.normal(size=len(part)))
        curves.append(
            lightcurve.make_light_curve(
                target=target,
                observation=f"{instrument.observation_word} {number}",
                time=seen.time,
                flux=np.where(seen.missing, np.nan, flux),
                flux_err=np.full(len(flux), here * sigma),
                quality=seen.quality,
                instrument=instrument,
                author=AUTHOR,
                provenance=Provenance(f"{AUTHOR}, {kind} seen as {seen_as}, seed {seed}", version=VERSION),
                exposure_minutes=instrument.cadence_minutes,
            )
        )
    names = [f"{target.id}.{i:02d}" for i in range(1, len(signals) + 1)]
    return SimulatedStar(
        light_curves=tuple(curves),
        ephemerides=tuple(signal_ephemeris(target.id, name, signal) for name, signal in zip(names, signals, strict=True)),
        signals=signals,
        kind=kind,
        instrument=seen_as,
        magnitude=magnitude,
        rotation_days=star.rotation_days,
        truth={
            "seed": seed,
            "variability": star.kind,
            "sigma_ppm": sigma * 1e6,
            "signals": [_signal_record(name, signal, together, sigma) for name, signal in zip(names, signals, strict=True)],
        },
    )


def _signal_record(name: str, signal: Signal, time: NDArray[np.float64], sigma: float) -> dict[str, Any]:
    """Return the truth of a signal as plain values.

    `expected_snr` is the depth over the white noise of the mean of all in-transit cadences: an
    upper limit.
    """
    binary = signal if isinstance(signal, EclipsingBinary) else None
    orbit = binary.orbit if binary is not None else signal
    assert not isinstance(orbit, EclipsingBinary)
    inside = int(np.count_nonzero(np.abs(orbit.phase_days(time)) <= orbit.duration_days() / 2))
    return {
        "name": name,
        "period_days": orbit.period_days,
        "t0": orbit.t0.days,
        "t0_system": str(orbit.t0.system),
        "duration_hours": orbit.duration_days() * 24,
        "depth_ppm": signal.depth * 1e6,
        "secondary_depth_ppm": 0.0 if binary is None else binary.secondary_depth * 1e6,
        "expected_snr": signal.depth / sigma * math.sqrt(inside),
        "radius_ratio": orbit.radius_ratio,
        "impact": orbit.impact,
        "density_solar": orbit.density_solar,
    }
