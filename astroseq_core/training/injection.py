"""Training stars and their copies: with own transits, injected transits or false signals."""

import logging
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError, LightCurveError, TargetError
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.preprocessing import noise
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, PreprocessingConfig, prepare, with_assumed_level
from astroseq_core.preprocessing.segments import TRANSIT, label_cadences
from astroseq_core.scoring.star_source import Source, StarSource
from astroseq_core.simulation import population, variability
from astroseq_core.simulation.transits import Orbit, inject, signal_ephemeris
from astroseq_core.times import Instant
from astroseq_core.training.recipes import Injection, Recipe

log = logging.getLogger(__name__)

#: The scale of depths is linear below about this signal-to-noise ratio and logarithmic above it. The square of a uniform
#: number is drawn on that scale, so that half of the transits are hard, with a signal-to-noise ratio below 15.
LINEAR_SNR = 3.0
#: Mean and scatter of the natural log of stellar densities [solar]; from subgiants to ultra-cool dwarfs.
LOG_DENSITY = (0.3, 1.0)
#: Largest depth of a dip, as a fraction of the light: 0.5 is a pair of equal stars.
MAX_DEPTH = 0.5
MAX_RADIUS_RATIO = 0.9
#: Radius ratio that an orbit's duration is computed with before its depth is known.
USUAL_RADIUS_RATIO = 0.05
#: Probability that a star with transits has two transiting planets.
SECOND_PLANET_CHANCE = 0.2


def copy_with_transits(
    rng: np.random.Generator, curve: LightCurve, settings: Injection, preprocessing: PreprocessingConfig
) -> tuple[DetrendedLightCurve, tuple[Ephemeris, ...]]:
    """Return a detrended copy of a quiet star with injected transits.

    By the settings, the copy may get variability added, and may stay without transits.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the random numbers.
    curve : LightCurve
        Light curve of the quiet star.
    settings : Injection
        Which signals to inject.
    preprocessing : Preparation
        How to detrend the copy.

    Returns
    -------
    tuple of (DetrendedLightCurve, tuple of Ephemeris)
        The detrended copy and the ephemerides of what was injected.

    Raises
    ------
    LightCurveError
        If the light curve cannot be detrended.
    """
    if rng.random() < settings.varied:
        curve = add_variability(rng, curve)
    quiet = prepare(curve, preprocessing)
    if rng.random() < settings.without:
        return quiet, ()
    orbits = [draw_orbit(rng, quiet, settings) for _ in range(2 if rng.random() < SECOND_PLANET_CHANCE else 1)]
    ephemerides = tuple(signal_ephemeris(curve.target.id, f"injected {i + 1}", orbit) for i, orbit in enumerate(orbits))
    return prepare(inject(curve, orbits), preprocessing), ephemerides


def draw_snr(rng: np.random.Generator, limits: tuple[float, float]) -> float:
    """Draw a transit's signal-to-noise ratio, mostly near the lower limit.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the random numbers.
    limits : tuple of (float, float)
        Lower and upper limit.

    Returns
    -------
    float
        Signal-to-noise ratio.
    """
    low, high = (math.asinh(snr / LINEAR_SNR) for snr in limits)
    return LINEAR_SNR * math.sinh(low + (high - low) * rng.random() ** 2)


def draw_orbit(rng: np.random.Generator, quiet: DetrendedLightCurve, settings: Injection) -> Orbit:
    """Draw a planet with at least one transit in the data.

    Its depth is set so that a transit has a drawn signal-to-noise ratio in the star's own noise
    over the transit's duration.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the random numbers.
    quiet : DetrendedLightCurve
        Detrended light curve of the quiet star.
    settings : Injection
        Limits of the period and the signal-to-noise ratio.

    Returns
    -------
    Orbit
        The orbit of the planet.
    """
    instrument = quiet.light_curve.instrument.name
    period = math.exp(rng.uniform(*np.log(settings.period_days)))
    density = float(rng.lognormal(*LOG_DENSITY))
    impact = float(rng.uniform(0, 0.95))
    u1, u2 = population.draw_limb_darkening(rng, instrument)
    # The semi-major axis is at least twice the sum of the radii, also where the companion is a star.
    density = max(density, (2 * (1 + MAX_RADIUS_RATIO) / 4.2083) ** 3 / period**2)
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
    depth = min(MAX_DEPTH, draw_snr(rng, settings.snr) * noise.binned_sigma(quiet.flat, cadences))
    ratio = min(MAX_RADIUS_RATIO, population.radius_ratio_from_depth(depth, impact, u1, u2))
    return replace(orbit, radius_ratio=ratio)


def add_variability(rng: np.random.Generator, curve: LightCurve) -> LightCurve:
    """Add rotation, pulsation or flares of random strength to a light curve.

    The result is another kind of star with the same noise.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the random numbers.
    curve : LightCurve
        The light curve.

    Returns
    -------
    LightCurve
        The varied light curve.
    """
    time, minutes = curve.time, curve.cadence_minutes
    factor: NDArray[np.float64] = np.ones(len(time))
    kind = rng.random()
    if kind < 0.65:
        period = math.exp(rng.uniform(math.log(0.25), math.log(15.0)))
        strengths = (1.0, *rng.uniform(0, [0.9, 0.5, 0.3]))
        factor *= variability.rotation(rng, time, period, _log_uniform(rng, 3e-4, 4e-2), harmonics=strengths)
    else:
        # Fast pulsators leave no room for transits between their cycles, so their amplitudes are kept small.
        mode = "delta Scuti" if rng.random() < 0.4 else "gamma Doradus"
        amplitude = _log_uniform(rng, 1e-4, 5e-3 if mode == "delta Scuti" else 2e-2)
        factor *= variability.pulsation(rng, time, *variability.pulsator_modes(rng, mode, amplitude), minutes)
    if rng.random() < 0.4:
        factor *= variability.flares(rng, time, _log_uniform(rng, 0.05, 3.0), _log_uniform(rng, 1e-3, 1e-2), minutes)
    return replace(curve, flux=curve.flux * factor)


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return math.exp(rng.uniform(math.log(low), math.log(high)))


#: First seed of simulated training stars, far from the seeds of the built-in survey.
FIRST_SEED = 1_000_000
_SEED_OFFSET = {"TESS": 0, "Kepler": 100_000, "K2": 200_000}
#: Number of observations of a simulated star, where it is not 1.
NUM_OBSERVATIONS = {"Kepler": 2}
#: Length [d] of the blocks that scrambling permutes: longer than any transit, shorter than most periods.
SCRAMBLED_BLOCK_DAYS = 2.0


@dataclass(frozen=True)
class TrainingStar(StarSource):
    """A star to learn from, real or simulated.

    Attributes
    ----------
    kind : str
        Kind of a simulated star, as in simulation.stars; signals of any kind but "quiet" do not
        count as transits of a planet. A real star is "quiet".
    ephemerides : tuple of Ephemeris
        Ephemerides of its transits.
    labeled : bool
        Whether a vetter gave a disposition; such a star is shown unchanged, with the transits of
        its planets and no injected ones.
    all_products : bool
        Whether all its light curves of a time are used, not only the best.
    """

    kind: str = "quiet"
    ephemerides: tuple[Ephemeris, ...] = ()
    labeled: bool = False
    all_products: bool = False

    @property
    def is_real(self) -> bool:
        """Whether the star was observed (files or cache), not simulated."""
        return self.source is not Source.SIMULATED

    @property
    def is_host(self) -> bool:
        """Whether a planet of the star is known."""
        return any(e.is_planet for e in self.ephemerides)

    @property
    def num_light_curves(self) -> int:
        """Number of its light curves, known without reading one."""
        return max(1, len(self.paths), len(self.observations)) if self.is_real else self.num_observations

    def light_curves(self) -> tuple[LightCurve, ...]:
        """Read or simulate the light curves of the star.

        Returns
        -------
        tuple of LightCurve
            Those that can be read; none of a star that is no longer there.
        """
        try:
            found = self.read()
            return found.all_light_curves if self.all_products else found.light_curves
        except (TargetError, LightCurveError) as error:
            log.warning("%s is left out: %s", self.target_id, error)
            return ()


@dataclass(frozen=True, eq=False)
class TrainingCopy:
    """A detrended light curve with the labels of its cadences, ready to make segments.

    The signal-to-noise ratio is that of a single transit: its published or injected depth over the
    noise at its duration.

    Attributes
    ----------
    light_curve : DetrendedLightCurve
        The detrended light curve.
    states : ndarray of int8
        Label of each cadence, as in segments.label, shape (n,).
    snr : ndarray of float32
        Signal-to-noise ratio of the transit that each cadence is in, shape (n,); 0 outside
        transits.
    """

    light_curve: DetrendedLightCurve
    states: NDArray[np.int8]
    snr: NDArray[np.float32]


def numbered_simulated_stars(instrument: str, count: int, kind: str = "quiet") -> list[TrainingStar]:
    """Return numbered simulated stars, none of which is in the built-in survey.

    Parameters
    ----------
    instrument : str
        Instrument that observes the stars.
    count : int
        Number of stars.
    kind : str, optional
        Kind of the stars, as in simulate.systems.

    Returns
    -------
    list of TrainingStar
        The stars.

    Examples
    --------
    >>> [star.target_id for star in numbered_simulated_stars("TESS", 2)]
    ['SIM 1000000', 'SIM 1000001']
    """
    first = FIRST_SEED + _SEED_OFFSET[instrument] + (0 if kind == "quiet" else 50_000)
    observations = NUM_OBSERVATIONS.get(instrument, 1)
    return [
        TrainingStar(f"SIM {first + i}", Source.SIMULATED, instrument, kind=kind, num_observations=observations)
        for i in range(count)
    ]


def training_copies(star: TrainingStar, recipe: Recipe, seed: int) -> Iterator[TrainingCopy]:
    """Yield the copies of a star that the recipe's injection settings ask for.

    Random draws depend only on the seed and the star's name. A star labeled by a vetter gives only
    its own light curves. Light curves that cannot be detrended (constant, too short) are left out.

    Parameters
    ----------
    star : TrainingStar
        The star.
    recipe : Recipe
        The recipe with the injection and preprocessing settings.
    seed : int
        Seed of the random draws.

    Yields
    ------
    Copy
        One labeled copy.
    """
    rng = np.random.default_rng([seed, *star.target_id.encode()])
    curves = [with_assumed_level(curve) for curve in star.light_curves()]
    for curve in curves:
        for maker in copy_kinds(star, recipe, len(curves)):
            try:
                yield _own_copy(star, curve, recipe) if maker == "own" else _injected_copy(rng, star, curve, recipe)
            except AstroSeqError:
                continue


def copy_kinds(star: TrainingStar, recipe: Recipe, num_curves: int) -> list[str]:
    """Return which copies are made of each light curve of a star.

    Parameters
    ----------
    star : TrainingStar
        The star.
    recipe : Recipe
        The recipe with the number of copies.
    num_curves : int
        Number of light curves that share the copies.

    Returns
    -------
    list of str
        "own" for an unchanged copy, "injected" for one with injected signals.
    """
    number = recipe.injection.copies if star.is_real else recipe.injection.copies_simulated
    if star.labeled:
        number = 0
    share = max(1, number // num_curves) if number else 0
    own = ["own"] if star.ephemerides or star.kind != "quiet" or not number else []
    return own + ["injected"] * (share if star.kind == "quiet" else 0)


def _own_copy(star: TrainingStar, curve: LightCurve, recipe: Recipe) -> TrainingCopy:
    # A vetter's non-planet becomes a negative; a doubtful published signal is left out instead.
    own = [e for e in star.ephemerides if e.is_planet or not star.labeled]
    return label_copy(prepare(curve, recipe.preparation), own)


def _injected_copy(rng: np.random.Generator, star: TrainingStar, curve: LightCurve, recipe: Recipe) -> TrainingCopy:
    settings: Injection = recipe.injection
    if star.ephemerides:
        # Inverted, because its own transits would be in most segments.
        curve = invert_flux(curve)
    draw = rng.random()
    if draw < settings.inverted:
        return label_copy(prepare(invert_flux(curve), recipe.preparation), star.ephemerides)
    if not star.ephemerides and draw < settings.inverted + settings.scrambled:
        return label_copy(prepare(scramble_flux(rng, curve), recipe.preparation), ())
    if rng.random() < settings.noisier:
        curve = add_white_noise(rng, curve)
    detrended, injected = copy_with_transits(rng, curve, settings, recipe.preparation)
    return label_copy(detrended, injected)


def label_copy(detrended: DetrendedLightCurve, ephemerides: Iterable[Ephemeris]) -> TrainingCopy:
    """Label the cadences of a detrended light curve by ephemerides.

    Parameters
    ----------
    detrended : DetrendedLightCurve
        The detrended light curve.
    ephemerides : iterable of Ephemeris
        The ephemerides that hold in it.

    Returns
    -------
    Copy
        The labeled copy.
    """
    ephemerides = tuple(ephemerides)
    snr = np.zeros(len(detrended.time), np.float32)
    for one in ephemerides:
        if one.is_planet and one.depth_ppm and detrended.has_level:
            cadences = max(1, round(one.duration_hours * 60 / detrended.cadence_minutes))
            strength = one.depth_ppm * 1e-6 / noise.binned_sigma(detrended.flat, cadences)
            inside = label_cadences(detrended, [one]) == TRANSIT
            snr[inside] = np.maximum(snr[inside], strength)
    return TrainingCopy(detrended, label_cadences(detrended, ephemerides), snr)


def invert_flux(curve: LightCurve) -> LightCurve:
    """Mirror a light curve about its median flux.

    Dips of the result are brightenings of the star, so none of them is a planet.

    Parameters
    ----------
    curve : LightCurve
        The light curve.

    Returns
    -------
    LightCurve
        The mirrored light curve.
    """
    median = float(np.nanmedian(curve.flux))
    return replace(curve, flux=2 * median - curve.flux)


def scramble_flux(rng: np.random.Generator, curve: LightCurve, block_days: float = SCRAMBLED_BLOCK_DAYS) -> LightCurve:
    """Permute blocks of a light curve's fluxes.

    Dips stay as they are, but periodic signals are no longer periodic.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the random numbers.
    curve : LightCurve
        The light curve.
    block_days : float, optional
        Length of a block [d].

    Returns
    -------
    LightCurve
        The scrambled light curve.
    """
    count = max(1, round(block_days * 1440 / curve.cadence_minutes))
    usable = curve.usable_mask()
    flux = curve.flux[usable]
    blocks = [flux[i : i + count] for i in range(0, len(flux), count)]
    mixed = curve.flux.copy()
    mixed[usable] = np.concatenate([blocks[i] for i in rng.permutation(len(blocks))])
    return replace(curve, flux=mixed)


def add_white_noise(rng: np.random.Generator, curve: LightCurve) -> LightCurve:
    """Add 0.3 to 2 times a light curve's own white noise, as if the star were further away.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the random numbers.
    curve : LightCurve
        The light curve.

    Returns
    -------
    LightCurve
        The noisier light curve.
    """
    sigma = noise.robust_sigma(np.diff(curve.flux[curve.usable_mask()])) / np.sqrt(2)
    return replace(curve, flux=curve.flux + rng.normal(0, sigma * rng.uniform(0.3, 2.0), len(curve.flux)))
