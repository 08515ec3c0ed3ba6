"""Memory that training takes at many segments, and how fast they are read.

    python -m benchmarks.training_memory [--segments 1000000] [--folder DIR]

White noise stands for light curves: what is measured is the shelf, the sampling and the network of tess-2min on it, none of which
depends on what the numbers say. The shelf (6 GB at a million segments) is removed at the end.
"""

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from astroseq_core.training import dataset, recipes
from astroseq_core.training.fit import compile_network, predict
from astroseq_core.training.sampling import augmented_batch, capped_segments, epoch_order

STEPS = 100


def pieces(number: int, recipe: recipes.Recipe) -> Iterator[dataset.StarSegments]:
    """Stars of 300 segments each, one in three with a transit, until there are so many segments."""
    rng = np.random.default_rng(0)
    window, step = recipe.cutting.window, recipe.cutting.step
    each = 300
    size = window + (each - 1) * step
    for star in range(-(-number // each)):
        states = np.zeros(size, np.int8)
        table = np.zeros(each, dataset.SEGMENT_DTYPE)
        table["start"] = np.arange(each) * step
        table["high"] = size - window
        table["label"] = np.arange(each) % 3 == 0
        places = rng.standard_normal((size, len(recipe.cutting.channels)), np.float32).astype(np.float16)
        yield dataset.StarSegments(f"TIC {star}", places, states, table)


def peak_gib() -> float:
    """The most memory this process has held [GiB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--segments", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    recipe = replace(recipes.load_recipe("tess-2min"), per_star_cap=None)
    with tempfile.TemporaryDirectory(dir=options.folder) as work:
        begin = time.perf_counter()
        training = dataset.write_dataset(pieces(options.segments, recipe), recipe.cutting, Path(work) / "shelf")
        print(f"{len(training):,} segments written in {time.perf_counter() - begin:.0f} s, peak {peak_gib():.2f} GiB")
        begin = time.perf_counter()
        chosen = capped_segments(training, recipe, 1)
        rng = np.random.default_rng(1)
        order = epoch_order(chosen, training.labels[chosen], None, 0.0, rng, recipe.neg_pos_ratio)
        print(f"an epoch of {len(order):,} drawn in {time.perf_counter() - begin:.1f} s, peak {peak_gib():.2f} GiB")
        reading = []
        for step in range(STEPS):
            begin = time.perf_counter()
            augmented_batch(training, order[step * recipe.batch : (step + 1) * recipe.batch], recipe.augmentation, rng)
            reading.append(1e3 * (time.perf_counter() - begin))
        from astroseq_core.networks.architectures import registry

        network = registry.build_network(
            recipe.architecture, recipe.cutting.window, len(recipe.cutting.channels), **recipe.options
        )
        compile_network(network, recipe)
        begin = time.perf_counter()
        predict(network, training, order[: STEPS * recipe.batch])
        scored = STEPS * recipe.batch / (time.perf_counter() - begin)
        print(f"a batch of {recipe.batch} read and augmented in {statistics.median(reading):.1f} ms")
        print(f"{scored:.0f} segments/s scored from disk, peak {peak_gib():.2f} GiB")


if __name__ == "__main__":
    main()
