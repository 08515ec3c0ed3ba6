"""Training of one network of a classifier of signals."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from astroseq_core.networks.architectures.registry import build_signal_network
from astroseq_core.signals.ensemble import CLASSES
from astroseq_core.signals.view_scalars import NEEDS
from astroseq_core.signals.views import EXTRAS, GLOBAL_BINS, LOCAL_BINS, even_and_odd
from astroseq_core.training.signal_recipe import SignalRecipe
from astroseq_core.training.signal_set import SignalSet

if TYPE_CHECKING:
    import keras

Floats = NDArray[np.float32]
ARCHITECTURE = "signal_classifier"
#: Share of the steps in which the learning rate rises.
_WARM_UP = 0.1
#: Largest norm of a gradient, and smallest probability in the loss.
_CLIP_NORM, SMALLEST = 1.0, 1e-6


def train_network(
    recipe: SignalRecipe,
    ready: SignalSet,
    train: NDArray[np.int64],
    seed: list[int],
    note: Callable[[int, float], None],
    start: "keras.Model | None" = None,
) -> "keras.Model":
    """Train one network.

    Parameters
    ----------
    recipe : SignalRecipe
        The recipe.
    ready : SignalSet
        The signals.
    train : ndarray of int
        Rows of those to learn from.
    seed : list of int
        Seed of the weights and the augmentation.
    note : callable
        Called with the number and the mean loss of each epoch.
    start : keras.Model, optional
        A network whose weights it starts with; random ones by default.

    Returns
    -------
    keras.Model
        The network.
    """
    import keras

    rng = np.random.default_rng(seed)
    keras.utils.set_random_seed(int(rng.integers(2**31)))
    network = build_signal_network(ARCHITECTURE, GLOBAL_BINS // 2 + 1, LOCAL_BINS // 2 + 1, len(ready.names), **recipe.options)
    if start is not None:
        network.set_weights(start.get_weights())
    steps = max(1, len(train) // recipe.batch) * recipe.epochs
    warm = max(1, int(_WARM_UP * steps))
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warm), warmup_target=recipe.learning_rate, warmup_steps=warm
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay, clipnorm=_CLIP_NORM)
    network.compile(optimizer, loss=partial_label_loss)
    optimizer.build(network.trainable_variables)  # else the first step is traced twice
    for epoch in range(recipe.epochs):
        losses = [float(network.train_on_batch(*batch)) for batch in _batches(recipe, ready, train, rng)]
        note(epoch + 1, float(np.mean(losses)))
    return network


def partial_label_loss(possible: "keras.KerasTensor", probability: "keras.KerasTensor") -> "keras.KerasTensor":
    """Return the negative logarithm of the probability of all classes that a label leaves possible.

    Parameters
    ----------
    possible : tensor
        Weights of the classes, 1 for a possible one, shape (b, 3).
    probability : tensor
        Probabilities of the classes, shape (b, 3).

    Returns
    -------
    tensor
        Losses, shape (b,).
    """
    from keras import ops

    return -ops.log(ops.clip(ops.sum(possible * probability, axis=-1), SMALLEST, 1.0))


def _batches(
    recipe: SignalRecipe, ready: SignalSet, train: NDArray[np.int64], rng: np.random.Generator
) -> Iterator[tuple[dict[str, Floats], Floats]]:
    """Yield the signals in random order, each reflected, shifted, noisy or with hidden numbers at random."""
    order = rng.permutation(train)
    hidden = [[number for number, name in enumerate(ready.names) if extra in NEEDS.get(name, ())] for extra in EXTRAS]
    for begin in range(0, max(1, len(order) - recipe.batch + 1), recipe.batch):
        rows = order[begin : begin + recipe.batch]
        reflected = rng.random(len(rows)) < 0.5
        views = {}
        for name, wraps in (("global_view", True), ("local_view", False)):
            view = _shifted(getattr(ready, name)[rows], recipe.max_shift, wraps, rng)
            view[reflected] = view[reflected, ::-1]
            views[name] = even_and_odd(view + recipe.view_noise * rng.standard_normal(view.shape, np.float32))
        known = ready.known[rows]
        for columns in hidden:
            known[:, columns] *= ~(rng.random(len(rows)) < recipe.unknown)[:, None]
        noise = recipe.scalar_noise * rng.standard_normal(known.shape, np.float32)
        target = ready.possible[rows] * np.float32(1 - recipe.smoothing) + np.float32(recipe.smoothing / len(CLASSES))
        numbers = {"scalars": (ready.scalars[rows] + noise) * known, "known": known, "is_kepler": ready.is_kepler[rows]}
        yield views | numbers, target


def _shifted(view: Floats, most: int, wraps: bool, rng: np.random.Generator) -> Floats:
    """Return each view shifted by some bins; the whole orbit goes on at its other end."""
    bins = view.shape[1]
    index = np.arange(bins) + rng.integers(-most, most + 1, len(view))[:, None]
    index = index % bins if wraps else np.clip(index, 0, bins - 1)
    return np.take_along_axis(view, index[..., None], axis=1)
