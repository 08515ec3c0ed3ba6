"""Simulated stars: light curves as TESS, Kepler or K2 would have taken them, and the truth about them."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import SettingsError
from astroseq_core.lightcurves import lightcurve
from astroseq_core.lightcurves.lightcurve import LightCurve, Provenance
from astroseq_core.simulate import photometry, population, systematics, variability
from astroseq_core.simulate.inject import Signal, ephemeris_of, relative_flux
from astroseq_core.simulate.systems import KINDS, draw_signals
from astroseq_core.simulate.transits import Eclipses
from astroseq_core.targets import Target

#: How a star itself varies; "calm" is granulation alone.
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
    """A star that exists only here: its observations in time order, and what is true about it.

    ``ephemerides`` are exact, those of ``signals`` in order. ``rotation_days`` is 0 where no rotation was put in. ``truth``
    holds further plain values: seed, variability, white noise per cadence [ppm], and one record for each signal.
    """

    curves: tuple[LightCurve, ...]
    ephemerides: tuple[Ephemeris, ...]
    signals: tuple[Signal, ...]
    kind: str
    seen_as: str
    magnitude: float
    rotation_days: float
    truth: dict[str, Any]

    @property
    def target(self) -> Target:
        """Which star it is."""
        return self.curves[0].target


@dataclass(frozen=True)
class Variability:
    """How a star varies: ``numax_uhz`` sets its granulation; amplitudes are relative flux; 0 is none."""

    kind: str
    numax_uhz: float
    rotation_days: float = 0.0
    rotation_amplitude: float = 0.0
    flares_per_day: float = 0.0
    smallest_flare: float = 0.0
    mode_frequencies_per_day: tuple[float, ...] = ()
    mode_amplitudes: tuple[float, ...] = ()

    def flux(self, rng: np.random.Generator, time: NDArray[np.float64], exposure_minutes: float) -> NDArray[np.float64]:
        """Relative flux about 1 at those times [d], same shape."""
        flux = variability.granulation(rng, time, self.numax_uhz)
        if self.rotation_amplitude:
            flux *= variability.rotation(rng, time, self.rotation_days, self.rotation_amplitude)
        if self.mode_frequencies_per_day:
            flux *= variability.pulsation(rng, time, self.mode_frequencies_per_day, self.mode_amplitudes, exposure_minutes)
        if self.flares_per_day:
            flux *= variability.flares(rng, time, self.flares_per_day, self.smallest_flare, exposure_minutes)
        return flux


def draw_variability(rng: np.random.Generator, kind: str | None = None) -> Variability:
    """How a star varies: of that kind (VARIABILITIES), else drawn with VARIABILITY_SHARES. Raises SettingsError for others."""
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
    """A star of that ``kind`` (systems.KINDS) as "TESS", "Kepler" or "K2" sees it; the same arguments give the same star.

    ``magnitude`` (Tmag or Kp), ``variability_kind`` (VARIABILITIES), ``first_observation`` (sector, quarter or campaign number)
    and ``signals`` are drawn where they are not given. Raises SettingsError for an unknown word or more observations than exist.
    """
    if kind not in KINDS:
        raise SettingsError(f"'{kind}' is no kind of simulated star; use one of {', '.join(KINDS)}.")
    if seen_as not in systematics.MISSION_OF:
        raise SettingsError(f"A star cannot be simulated as seen by '{seen_as}'; use TESS, Kepler or K2.")
    instrument = systematics.MISSION_OF[seen_as]
    most = systematics.MAX_OBSERVATIONS[seen_as]
    if not 1 <= num_observations <= most:
        raise SettingsError(f"{seen_as} has 1 to {most} observations of a star here, not {num_observations}.")
    # one stream each for the star, its orbits, its own variations and the instrument: changing one leaves the others as they were
    sky, orbits, own, noise = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(4))
    drawn_magnitude, drawn_first = population.draw_magnitude(sky, seen_as), int(sky.integers(1, most - num_observations + 2))
    magnitude = drawn_magnitude if magnitude is None else magnitude
    first = first_observation or drawn_first
    observed = [systematics.observe(noise, seen_as, first + i, magnitude) for i in range(num_observations)]
    times = [o.time for o in observed]
    if signals is None:
        signals = draw_signals(orbits, seen_as, kind, times, instrument.time_system)
    signals = tuple(signal.within(instrument.time_system) for signal in signals)

    star = draw_variability(sky, variability_kind)
    # over all observations at once, so that spots and modes keep their phases from one to the next
    together = np.concatenate(times)
    light = star.flux(own, together, instrument.cadence_minutes) * relative_flux(together, signals, instrument.cadence_minutes)
    parts = np.split(light, np.cumsum([len(t) for t in times])[:-1])
    sigma = photometry.sigma(seen_as, magnitude, instrument.cadence_minutes)
    level = FLUX_AT_10[seen_as] * 10 ** (-0.4 * (magnitude - 10))
    curves = []
    for number, (part, seen) in enumerate(zip(parts, observed, strict=True), start=first):
        # each observation lies on other pixels, so its level differs
        here = level * (1 + 0.02 * noise.normal())
        flux = here * (part * seen.factor + sigma * noise.normal(size=len(part)))
        curves.append(
            lightcurve.make(
                target=target,
                observation=f"{instrument.observation_word} {number}",
                time=seen.time,
                flux=np.where(seen.missing, np.nan, flux),
                flux_err=np.full(len(flux), here * sigma),
                quality=seen.quality,
                instrument=instrument,
                author=AUTHOR,
                provenance=Provenance(f"{AUTHOR}, {kind} seen as {seen_as}, seed {seed}", version=VERSION),
            )
        )
    names = [f"{target.id}.{i:02d}" for i in range(1, len(signals) + 1)]
    return SimulatedStar(
        curves=tuple(curves),
        ephemerides=tuple(ephemeris_of(target.id, name, signal) for name, signal in zip(names, signals, strict=True)),
        signals=signals,
        kind=kind,
        seen_as=seen_as,
        magnitude=magnitude,
        rotation_days=star.rotation_days,
        truth={
            "seed": seed,
            "variability": star.kind,
            "sigma_ppm": sigma * 1e6,
            "signals": [_record(name, signal, together, sigma) for name, signal in zip(names, signals, strict=True)],
        },
    )


def _record(name: str, signal: Signal, time: NDArray[np.float64], sigma: float) -> dict[str, Any]:
    """What is true of a signal, as plain values.

    ``expected_snr`` is its depth over the white noise of a mean over all ``time`` (n,) in its transits: an upper limit.
    """
    binary = signal if isinstance(signal, Eclipses) else None
    orbit = binary.orbit if binary is not None else signal
    assert not isinstance(orbit, Eclipses)
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
