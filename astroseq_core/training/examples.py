"""Training examples: labelled segments of copies of quiet stars, chosen and kept small."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core import targets
from astroseq_core.errors import AstroSeqError, SettingsError
from astroseq_core.lightcurves import reading
from astroseq_core.lightcurves.lightcurve import LightCurve
from astroseq_core.segments.cut import cut
from astroseq_core.segments.label import LEFT_OUT, cadence_states, label
from astroseq_core.segments.sample import sample
from astroseq_core.training.injection import copy_with_transits
from astroseq_core.training.recipes import Recipe

#: Seeds of simulated stars for training begin here, far from those of the built-in survey.
FIRST_SEED = 1_000_000


@dataclass(frozen=True, eq=False)
class Examples:
    """``values`` (n, window, channels) float16, ``labels`` (n,) 0 or 1, ``stars`` (n,): which star each is from."""

    values: NDArray[np.float16]
    labels: NDArray[np.int8]
    stars: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def base_rate(self) -> float:
        """Share of the examples with a transit."""
        return float(self.labels.mean())


@dataclass(frozen=True)
class QuietStar:
    """A star without known transits: its light-curve files, or what a simulated one is seen as and its seed."""

    name: str
    paths: tuple[str, ...] = ()
    seen_as: str = ""
    seed: int = 0

    def curves(self) -> tuple[LightCurve, ...]:
        """Its light curves; files that cannot be read are left out."""
        if self.paths:
            from pathlib import Path

            return reading.read_many([Path(p) for p in self.paths]).curves
        from astroseq_core.simulate.stars import simulate_star

        observations = 2 if self.seen_as == "Kepler" else 1
        star = simulate_star(
            self.seed, self.seen_as, "quiet", target=targets.Target("SIM", str(self.seed)), num_observations=observations
        )
        return star.curves


def simulated(seen_as: str, count: int) -> list[QuietStar]:
    """That many quiet simulated stars, none of which is in the built-in survey."""
    offset = {"TESS": 0, "Kepler": 100_000, "K2": 200_000}[seen_as]
    return [QuietStar(f"SIM {FIRST_SEED + offset + i}", (), seen_as, FIRST_SEED + offset + i) for i in range(count)]


def collect(stars: Sequence[QuietStar], recipe: Recipe, seed: int, *, choose: bool, workers: int = 2) -> Examples:
    """Examples from copies of those stars; with ``choose`` capped for each star and at the recipe's neg:pos ratio.

    Raises SettingsError when not one segment comes of them.
    """
    import joblib

    parts = joblib.Parallel(n_jobs=workers, batch_size=1)(
        joblib.delayed(_of_star)(star, recipe, seed, choose) for star in stars
    )
    parts = [p for p in parts if len(p)]
    if not parts:
        raise SettingsError("Not one segment came of the quiet stars; give a folder with light curves of the recipe's cadence.")
    examples = concatenate(parts)
    if not choose:
        return examples
    rng = np.random.default_rng([seed, 1])
    kept = sample(examples.labels, examples.stars, per_star_cap=None, neg_pos_ratio=recipe.neg_pos_ratio, rng=rng)
    return Examples(examples.values[kept], examples.labels[kept], examples.stars[kept])


def _of_star(star: QuietStar, recipe: Recipe, seed: int, choose: bool) -> Examples:
    """One star's examples; what is drawn depends on the seed and the star's name alone."""
    rng = np.random.default_rng([seed, *star.name.encode()])
    parts = []
    curves = star.curves()
    copies = recipe.injection.copies if star.paths else recipe.injection.copies_simulated
    for curve in curves:
        for _ in range(max(1, copies // len(curves))):
            try:
                prepared, ephemerides = copy_with_transits(rng, curve, recipe.injection, recipe.preparation)
            except AstroSeqError:
                # Constant, too short or faulty: such a star teaches nothing.
                continue
            segments = cut(prepared, recipe.cutting)
            labels = label(segments, cadence_states(prepared, ephemerides))
            known = labels != LEFT_OUT
            parts.append(
                Examples(segments.values[known].astype(np.float16), labels[known], np.full(int(known.sum()), star.name))
            )
    if not parts:
        empty = np.empty((0, recipe.cutting.window, len(recipe.cutting.channels)), np.float16)
        return Examples(empty, np.empty(0, np.int8), np.empty(0, str))
    examples = concatenate(parts)
    if not choose:
        return examples
    kept = sample(examples.labels, examples.stars, per_star_cap=recipe.per_star_cap, neg_pos_ratio=None, rng=rng)
    return Examples(examples.values[kept], examples.labels[kept], examples.stars[kept])


def concatenate(parts: Sequence[Examples]) -> Examples:
    """All the examples of the parts, in their order."""
    return Examples(
        np.concatenate([p.values for p in parts]),
        np.concatenate([p.labels for p in parts]),
        np.concatenate([p.stars for p in parts]),
    )
