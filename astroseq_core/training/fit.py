"""Fitting a network to examples, with a checkpoint after each epoch."""

import json
import logging
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from astroseq_core.networks import registry
from astroseq_core.training.examples import Examples
from astroseq_core.training.metrics import recall_at
from astroseq_core.training.recipes import Recipe

log = logging.getLogger(__name__)
LEARNING_RATE, WARM_UP = 1e-3, 0.05
PREDICT_BATCH = 512
#: Epochs without a better ranking on the validation stars after which training ends.
PATIENCE = 4


def fit(
    training: Examples,
    validation: Examples,
    recipe: Recipe,
    seed: int,
    folder: Path,
    progress: Callable[[dict[str, Any]], None] | None = None,
) -> Any:
    """The keras.Model of the epoch that ranked the validation stars best (ROC-AUC).

    Each epoch sees all examples once, half of them with time reversed. ``folder`` gets ``best.keras`` after each better epoch
    and a line of numbers in ``progress.jsonl`` after every one; ``progress`` is called with the same.
    """
    import keras
    from sklearn.metrics import roc_auc_score

    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng([seed, 2])
    window, channels = training.values.shape[1:]
    network = registry.build(recipe.architecture, window, channels, **recipe.options)
    steps = math.ceil(len(training) / recipe.batch)
    network.optimizer.learning_rate = LEARNING_RATE
    best, best_epoch, began = -1.0, 0, time.monotonic()
    for epoch in range(recipe.epochs):
        order = rng.permutation(len(training))
        loss = 0.0
        for step in range(steps):
            network.optimizer.learning_rate = _rate((epoch * steps + step) / (recipe.epochs * steps))
            pick = order[step * recipe.batch : (step + 1) * recipe.batch]
            values = training.values[pick].astype(np.float32)
            turned = rng.random(len(pick)) < 0.5
            values[turned] = values[turned, ::-1]
            result = network.train_on_batch(values, training.labels[pick].astype(np.float32)[:, None], return_dict=True)
            loss += float(result["loss"]) / steps
        network.reset_metrics()
        probability = predict(network, validation)
        numbers = {
            "epoch": epoch + 1,
            "loss": round(loss, 4),
            "validation_roc_auc": round(float(roc_auc_score(validation.labels, probability)), 4),
            "validation_recall": round(recall_at(validation.labels, probability), 4),
            "seconds": round(time.monotonic() - began, 1),
        }
        with (folder / "progress.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(numbers) + "\n")
        log.info("%s", numbers)
        if progress:
            progress(numbers)
        if numbers["validation_roc_auc"] > best:
            best, best_epoch = numbers["validation_roc_auc"], epoch
            network.save(folder / "best.keras", include_optimizer=False)
        elif epoch - best_epoch >= PATIENCE:
            break
    return keras.models.load_model(folder / "best.keras", compile=False, safe_mode=True)


def predict(network: Any, examples: Examples) -> Any:
    """The network's own probabilities (n,), not calibrated."""
    out = np.empty(len(examples), np.float32)
    for begin in range(0, len(examples), PREDICT_BATCH):
        part = slice(begin, begin + PREDICT_BATCH)
        out[part] = np.asarray(network.predict_on_batch(examples.values[part].astype(np.float32)))[:, 0]
    return out


def _rate(done: float) -> float:
    """Learning rate when that share of all steps is done: a short linear start, then a cosine down to a hundredth."""
    if done < WARM_UP:
        return LEARNING_RATE * max(0.01, done / WARM_UP)
    return LEARNING_RATE * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP))))
