"""How fast a network learns and predicts here: a few steps on real segments."""

import statistics
import threading
import time
from dataclasses import dataclass

import numpy as np

from astroseq_core.errors import SettingsError, StoppedError
from astroseq_core.networks import registry
from astroseq_core.training import fit
from astroseq_core.training.augment import augmented
from astroseq_core.training.recipes import Recipe
from astroseq_core.training.shelf import Shelf

#: Steps that are timed, after one that is not: the first builds the graph.
TIMED = 3


@dataclass(frozen=True)
class Speed:
    """Seconds of one training step, of predicting one segment among many, and of all that comes before the first of either.

    ``start_seconds``: loading the network library, building the network and compiling its graphs.
    """

    step_seconds: float
    predict_seconds: float
    start_seconds: float = 0.0


def measure(recipe: Recipe, shelf: Shelf, seed: int, stop: threading.Event | None = None) -> Speed:
    """The speed of the recipe's network on segments of that shelf, repeated where they do not fill a batch.

    Raises SettingsError or ModelError when there can be no such network, StoppedError when asked to stop.
    """
    began_at = time.perf_counter()
    try:
        network = registry.build(recipe.architecture, recipe.cutting.window, len(recipe.cutting.channels), **recipe.options)
    except (TypeError, ValueError) as error:
        raise SettingsError(
            f"{recipe.architecture} cannot be built with these settings ({error}); change its options."
        ) from error
    fit.compile_network(network, recipe)
    rng = np.random.default_rng([seed, 5])
    cadence_step = fit.cadence_step_of(network, recipe.cutting.window)
    start = time.perf_counter() - began_at
    steps = []
    for _ in range(1 + TIMED):
        check(stop)
        batch = augmented(shelf, np.resize(rng.permutation(len(shelf)), recipe.batch), recipe.augmentation, rng)
        began = time.perf_counter()
        fit.train_step(network, batch, cadence_step, recipe.cadence_weight)
        steps.append(time.perf_counter() - began)
    many = shelf.batch(np.resize(np.arange(len(shelf)), fit.PREDICT_BATCH))
    predictions = []
    for _ in range(2):
        check(stop)
        began = time.perf_counter()
        network.predict_on_batch(many.values)
        predictions.append(time.perf_counter() - began)
    step, predict = statistics.median(steps[1:]), predictions[1]
    start += (steps[0] - step) + (predictions[0] - predict)
    return Speed(step, predict / fit.PREDICT_BATCH, max(0.0, start))


def check(stop: threading.Event | None) -> None:
    """Raise StoppedError when asked to stop."""
    if stop is not None and stop.is_set():
        raise StoppedError("The plan was stopped; ask for it again when the settings are right.")
