"""Copies of stars for training: with their own transits, with injected ones, and with what only looks like one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from astroseq_core import targets
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError
from astroseq_core.lightcurves import noise, reading
from astroseq_core.lightcurves.lightcurve import LightCurve
from astroseq_core.lightcurves.prepare import PreparedCurve, prepare
from astroseq_core.segments.label import TRANSIT, cadence_states
from astroseq_core.training.injection import copy_with_transits
from astroseq_core.training.recipes import Injection, Recipe

#: Seeds of simulated stars for training begin here, far from those of the built-in survey.
FIRST_SEED = 1_000_000
_OFFSET = {"TESS": 0, "Kepler": 100_000, "K2": 200_000}
#: How many observations a simulated star has, where not one.
OBSERVATIONS = {"Kepler": 2}
#: A scrambled light curve has blocks of so many days exchanged: longer than any transit, shorter than most periods.
SCRAMBLED_BLOCK_DAYS = 2.0


@dataclass(frozen=True)
class TrainingStar:
    """A star to learn from: its light-curve files, or what a simulated one is seen as; ``ephemerides``: what transits in it.

    ``kind``: of a simulated star (simulate.systems); the signals of any but "quiet" count as no transits of a planet.
    ``cached``: its light curves are those in the cache; ``observations`` says which, each by its name, author and exposure [s],
    those of one author and cadence (lightcurves.cached.uniform) where empty. ``labelled``: a vetter said what it is, so that it
    is shown as it is, with the transits of its planets and nothing else.
    """

    name: str
    paths: tuple[str, ...] = ()
    ephemerides: tuple[Ephemeris, ...] = ()
    seen_as: str = ""
    seed: int = 0
    kind: str = "quiet"
    cached: bool = False
    observations: tuple[tuple[str, str, int], ...] = ()
    labelled: bool = False

    @property
    def is_real(self) -> bool:
        """Whether it was observed, in files or in the cache, and not simulated."""
        return bool(self.paths) or self.cached

    @property
    def num_curves(self) -> int:
        """How many light curves it has, told without reading one."""
        if self.is_real:
            return max(1, len(self.paths), len(self.observations))
        return OBSERVATIONS.get(self.seen_as, 1)

    def curves(self) -> tuple[LightCurve, ...]:
        """Its light curves; files that cannot be read are left out."""
        if self.cached:
            return self._cached()
        if self.paths:
            return reading.read_many([Path(p) for p in self.paths]).curves
        from astroseq_core.simulate.stars import simulate_star

        observations = OBSERVATIONS.get(self.seen_as, 1)
        target = targets.Target("SIM", str(self.seed))
        return simulate_star(self.seed, self.seen_as, self.kind, target=target, num_observations=observations).curves

    def _cached(self) -> tuple[LightCurve, ...]:
        from astroseq_core.lightcurves import cached
        from astroseq_core.lightcurves.cache import LightCurveCache

        cache, target = LightCurveCache(), targets.parse_star(self.name)
        wanted = self.observations or tuple(
            (e.observation, e.author, e.exposure_seconds) for e in cached.uniform(cache.entries(target), target.mission)
        )
        found = (cache.get(target, name, author=author, exposure_seconds=seconds) for name, author, seconds in wanted)
        return tuple(curve for curve in found if curve is not None)


@dataclass(frozen=True, eq=False)
class Copy:
    """One prepared light curve to cut: ``states`` (n,) of its cadences (segments.label), ``snr`` (n,) of the transit each is in.

    The signal-to-noise is that of one transit, its published or injected depth over the noise at its duration; 0 outside.
    """

    prepared: PreparedCurve
    states: NDArray[np.int8]
    snr: NDArray[np.float32]


def simulated(seen_as: str, count: int, kind: str = "quiet") -> list[TrainingStar]:
    """That many simulated stars of a kind, none of which is in the built-in survey."""
    first = FIRST_SEED + _OFFSET[seen_as] + (0 if kind == "quiet" else 50_000)
    return [TrainingStar(f"SIM {first + i}", (), (), seen_as, first + i, kind) for i in range(count)]


def copies(star: TrainingStar, recipe: Recipe, seed: int) -> Iterator[Copy]:
    """The star's copies, as the recipe's injection says; what is drawn depends on the seed and the star's name alone.

    A labelled star gives its own light curves only. Light curves that cannot be prepared (constant, too short) are left out.
    """
    rng = np.random.default_rng([seed, *star.name.encode()])
    curves = star.curves()
    for curve in curves:
        for maker in makers(star, recipe, len(curves)):
            try:
                yield _own(star, curve, recipe) if maker == "own" else _injected(rng, star, curve, recipe)
            except AstroSeqError:
                continue


def makers(star: TrainingStar, recipe: Recipe, num_curves: int) -> list[str]:
    """Which copies are made of each of its so many light curves: "own" as it is, "injected" with what the recipe puts in."""
    number = recipe.injection.copies if star.is_real else recipe.injection.copies_simulated
    if star.labelled:
        number = 0
    share = max(1, number // num_curves) if number else 0
    own = ["own"] if star.ephemerides or star.kind != "quiet" or not number else []
    return own + ["injected"] * (share if star.kind == "quiet" else 0)


def _own(star: TrainingStar, curve: LightCurve, recipe: Recipe) -> Copy:
    # What a vetter called no planet is shown as none, where a published one of doubt is left out.
    own = [e for e in star.ephemerides if e.is_planet or not star.labelled]
    return with_states(prepare(curve, recipe.preparation), own)


def _injected(rng: np.random.Generator, star: TrainingStar, curve: LightCurve, recipe: Recipe) -> Copy:
    settings: Injection = recipe.injection
    if star.ephemerides:
        # Its own transits would be in most segments, and a copy without any is what it lacks.
        curve = inverted(curve)
    draw = rng.random()
    if draw < settings.inverted:
        return with_states(prepare(inverted(curve), recipe.preparation), star.ephemerides)
    if not star.ephemerides and draw < settings.inverted + settings.scrambled:
        return with_states(prepare(scrambled(rng, curve), recipe.preparation), ())
    if rng.random() < settings.noisier:
        curve = noisier(rng, curve)
    prepared, injected = copy_with_transits(rng, curve, settings, recipe.preparation)
    return with_states(prepared, injected)


def with_states(prepared: PreparedCurve, ephemerides: Iterable[Ephemeris]) -> Copy:
    """The copy of a prepared curve in which those ephemerides hold."""
    ephemerides = tuple(ephemerides)
    snr = np.zeros(len(prepared.time), np.float32)
    for one in ephemerides:
        if one.is_planet and one.depth_ppm:
            cadences = max(1, round(one.duration_hours * 60 / prepared.cadence_minutes))
            strength = one.depth_ppm * 1e-6 / noise.sigma_over(prepared.flat, cadences)
            inside = cadence_states(prepared, [one]) == TRANSIT
            snr[inside] = np.maximum(snr[inside], strength)
    return Copy(prepared, cadence_states(prepared, ephemerides), snr)


def inverted(curve: LightCurve) -> LightCurve:
    """The light curve mirrored about its median: what dips in it brightened in the star, so no planet did it."""
    median = float(np.nanmedian(curve.flux))
    return replace(curve, flux=2 * median - curve.flux)


def scrambled(rng: np.random.Generator, curve: LightCurve, block_days: float = SCRAMBLED_BLOCK_DAYS) -> LightCurve:
    """The light curve with its fluxes exchanged in blocks: dips stay as they are, what recurs no longer does."""
    count = max(1, round(block_days * 1440 / curve.cadence_minutes))
    usable = curve.usable()
    flux = curve.flux[usable]
    blocks = [flux[i : i + count] for i in range(0, len(flux), count)]
    mixed = curve.flux.copy()
    mixed[usable] = np.concatenate([blocks[i] for i in rng.permutation(len(blocks))])
    return replace(curve, flux=mixed)


def noisier(rng: np.random.Generator, curve: LightCurve) -> LightCurve:
    """The light curve with up to twice its own white noise added: the same star, further away."""
    sigma = noise.robust_sigma(np.diff(curve.flux[curve.usable()])) / np.sqrt(2)
    return replace(curve, flux=curve.flux + rng.normal(0, sigma * rng.uniform(0.3, 2.0), len(curve.flux)))
