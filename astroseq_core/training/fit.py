"""Fitting a network to a shelf of segments, with a checkpoint after each epoch from which it goes on."""

import json
import logging
import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError
from astroseq_core.networks import losses, registry
from astroseq_core.segments.label import LEFT_OUT, NO_TRANSIT, TRANSIT
from astroseq_core.training.augment import augmented
from astroseq_core.training.listening import SILENT, Listener
from astroseq_core.training.metrics import recall_at
from astroseq_core.training.oversample import grown, neighbours
from astroseq_core.training.recipes import Recipe
from astroseq_core.training.sampling import choose, epoch_of
from astroseq_core.training.shelf import Batch, Shelf

log = logging.getLogger(__name__)
WARM_UP, WEIGHT_DECAY = 0.05, 1e-4
PREDICT_BATCH = 512
#: Segments of the training stars whose loss and areas are told after each epoch.
SAMPLE = 4096
#: Steps made ready while the network works on one.
AHEAD = 4
BEST, LAST, PROGRESS = "best.keras", "last.keras", "progress.jsonl"


def fit(
    training: Shelf,
    validation: Shelf,
    recipe: Recipe,
    seed: int,
    folder: Path,
    listener: Listener = SILENT,
    *,
    finish: bool = False,
    always: NDArray[np.bool_] | None = None,
) -> Any:
    """The keras.Model of the epoch that ranked the validation stars best (ROC-AUC).

    ``folder`` gets ``best.keras`` after each better epoch, ``last.keras`` (with the optimizer) and a line of numbers in
    ``progress.jsonl`` after every one; where it holds those of an earlier, broken-off call with the same arguments, training goes
    on after its last epoch, or with ``finish`` does not. The numbers of the training stars are those of up to SAMPLE of their
    segments, always the same ones, as they are and not augmented. ``always`` (n,): training segments that no cap or ratio leaves
    out of an epoch.
    """
    import keras

    done = _history(folder)
    if finish and not done:
        raise SettingsError("No epoch was done before the run was broken off; let it go on instead.")
    keras.utils.set_random_seed(seed + 1000 * len(done))
    chosen = choose(training, recipe, seed, always)
    labels = training.labels[chosen]
    certain = None if always is None else always[chosen]
    mixed_from = neighbours(training, chosen[labels == TRANSIT]) if recipe.resample == "smote" else None
    if done:
        network = keras.models.load_model(folder / LAST, safe_mode=True)
        log.info("going on after epoch %d", len(done))
    else:
        network = registry.build(recipe.architecture, recipe.cutting.window, len(recipe.cutting.channels), **recipe.options)
        compile_network(network, recipe)
    cadence_step = cadence_step_of(network, recipe.cutting.window)
    best = max((n["validation_roc_auc"] for n in done), default=-1.0)
    watched = np.sort(np.random.default_rng([seed, 3]).permutation(chosen)[:SAMPLE])
    for epoch in range(len(done), len(done) if finish else recipe.epochs):
        if epoch - _best_epoch(done) > recipe.patience:
            break
        rng = np.random.default_rng([seed, 2, epoch])
        began = time.monotonic()
        scores = None
        if recipe.hard_negatives and epoch:
            scores = predict(network, training, chosen[labels == NO_TRANSIT])
        ratio = recipe.neg_pos_ratio
        partner = None
        if recipe.resample == "none" or ratio is None:
            order = epoch_of(chosen, labels, scores, recipe.hard_negatives, rng, ratio, certain)
        else:
            order = epoch_of(chosen, labels, scores, recipe.hard_negatives, rng, None, certain)
            order, partner = grown(order, training.labels[order] == TRANSIT, ratio, mixed_from, rng)
        steps, loss = math.ceil(len(order) / recipe.batch), 0.0  # the sum over steps
        for step, batch in enumerate(_ahead(training, order, partner, recipe, rng)):
            network.optimizer.learning_rate = _rate(recipe.learning_rate, (epoch * steps + step) / (recipe.epochs * steps))
            loss += train_step(network, batch, cadence_step, recipe.cadence_weight)
            listener.step(epoch + 1, recipe.epochs, step + 1, steps, loss / (step + 1))
        network.reset_metrics()
        probability = predict(network, validation)
        numbers: dict[str, Any] = {
            "epoch": epoch + 1,
            "loss": round(loss / steps, 4),
            **_quality("train", training.labels[watched], predict(network, training, watched)),
            **_quality("validation", validation.labels, probability),
            "validation_recall": round(recall_at(validation.labels, probability), 4),
            "segments": len(order),
            "seconds": round(time.monotonic() - began, 1),
        }
        if numbers["validation_roc_auc"] > best:
            best = numbers["validation_roc_auc"]
            _save_whole(network, folder / BEST, include_optimizer=False)
        _save_whole(network, folder / LAST)
        with (folder / PROGRESS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(numbers) + "\n")
        done.append(numbers)
        log.info("%s", numbers)
        listener.epoch(numbers)
    return keras.models.load_model(folder / BEST, compile=False, safe_mode=True)


def compile_network(network: Any, recipe: Recipe) -> None:
    """Give the network its optimizer (AdamW) and the recipe's losses."""
    import keras

    one = losses.loss(recipe.loss, **recipe.loss_options)
    two = isinstance(network.output, dict)
    network.compile(
        optimizer=keras.optimizers.AdamW(recipe.learning_rate, weight_decay=WEIGHT_DECAY),
        loss={"segment": one, "cadence": "binary_crossentropy"} if two else one,
    )


def predict(network: Any, shelf: Shelf, which: NDArray[np.int64] | None = None) -> NDArray[np.float32]:
    """The network's own segment probabilities (n,), not calibrated, of all segments of the shelf or of those."""
    parts = []
    with ThreadPoolExecutor(1) as pool:
        for batch in _prefetched(pool, shelf.batches(which, PREDICT_BATCH)):
            out = network.predict_on_batch(batch.values)
            parts.append(np.asarray(out["segment"] if isinstance(out, dict) else out)[:, 0])
    return np.concatenate(parts)


def predict_cadences(network: Any, shelf: Shelf, which: NDArray[np.int64]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Whether each sure place of those segments is in transit (n,), and the network's own probability (n,) for it."""
    step = cadence_step_of(network, shelf.cutting.window)
    if step is None:
        raise SettingsError("This network says nothing about single cadences.")
    labels, found = [], []
    for batch in shelf.batches(which, PREDICT_BATCH):
        inside, known = _places(batch, step)
        labels.append(inside[known].astype(np.int8))
        found.append(np.asarray(network.predict_on_batch(batch.values)["cadence"])[:, :, 0][known])
    return np.concatenate(labels), np.concatenate(found)


def _places(batch: Batch, step: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which places (b, places) of ``step`` cadences are in transit, and of which that is sure."""
    states = batch.states.reshape(len(batch.states), -1, step)
    inside = (states == TRANSIT).any(axis=2)
    return inside, inside | (states == NO_TRANSIT).any(axis=2) & ~(states == LEFT_OUT).any(axis=2)


def _ahead(
    shelf: Shelf, order: NDArray[np.int64], partner: NDArray[np.int64] | None, recipe: Recipe, rng: np.random.Generator
) -> Iterator[Batch]:
    """The epoch's batches, augmented, the next few made ready by a thread while one is used."""

    def batches() -> Iterator[Batch]:
        for begin in range(0, len(order), recipe.batch):
            now = slice(begin, begin + recipe.batch)
            yield augmented(shelf, order[now], recipe.augmentation, rng, None if partner is None else partner[now])

    with ThreadPoolExecutor(1) as pool:
        yield from _prefetched(pool, batches())


def _prefetched(pool: ThreadPoolExecutor, source: Iterator[Batch]) -> Iterator[Batch]:
    waiting = [pool.submit(next, source, None) for _ in range(AHEAD)]
    while (batch := waiting.pop(0).result()) is not None:
        waiting.append(pool.submit(next, source, None))
        yield batch


def train_step(network: Any, batch: Batch, cadence_step: int | None, cadence_weight: float) -> float:
    """One step; the loss. Segments whose shifted window holds only doubtful events weigh nothing."""
    sure = (batch.labels != LEFT_OUT).astype(np.float32)
    labels = (batch.labels == TRANSIT).astype(np.float32)[:, None]
    if cadence_step is None:
        result = network.train_on_batch(batch.values, labels, sample_weight=sure, return_dict=True)
        return float(result["loss"])
    inside, known = _places(batch, cadence_step)
    # Places in transit are rare (one in thirty): weighted up, or the network would begin by calling none.
    weight = np.where(known, np.where(inside, 4.0, 1.0), 0.0).astype(np.float32) * cadence_weight
    result = network.train_on_batch(
        batch.values,
        {"segment": labels, "cadence": inside.astype(np.float32)[:, :, None]},
        sample_weight={"segment": sure, "cadence": weight},
        return_dict=True,
    )
    return float(result["loss"])


def cadence_step_of(network: Any, window: int) -> int | None:
    """Cadences for each place of the network's second output, None where it has one output."""
    return window // int(network.output["cadence"].shape[1]) if isinstance(network.output, dict) else None


def _history(folder: Path) -> list[dict[str, Any]]:
    """The numbers of the epochs that are done, none unless a network to go on from is there."""
    path = folder / PROGRESS
    if not (path.exists() and (folder / LAST).exists() and (folder / BEST).exists()):
        path.unlink(missing_ok=True)
        return []
    done = read_history(path)
    # A line that was broken off must not stand before the next one.
    path.write_text("".join(json.dumps(numbers) + "\n" for numbers in done), encoding="utf-8")
    return done


def read_history(path: Path) -> list[dict[str, Any]]:
    """The numbers of each epoch in a progress file; what follows a broken-off line is left out."""
    done = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            done.append(json.loads(line))
        except ValueError:
            break
    return done


def _quality(part: str, labels: NDArray[np.int8], probability: NDArray[np.float32]) -> dict[str, float]:
    """How well the network's own probabilities tell the segments of a part; the areas only where there are both kinds."""
    from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

    found = {f"{part}_loss": log_loss(labels, np.clip(probability, 1e-7, 1 - 1e-7), labels=[0, 1])}
    if 0 < labels.mean() < 1:
        found |= {
            f"{part}_roc_auc": roc_auc_score(labels, probability),
            f"{part}_pr_auc": average_precision_score(labels, probability),
        }
    return {name: round(float(value), 4) for name, value in found.items()}


def _best_epoch(done: list[dict[str, Any]]) -> int:
    """Number of epochs done when the best one was; 0 before the first."""
    return max(range(len(done)), key=lambda i: done[i]["validation_roc_auc"], default=-1) + 1


def _save_whole(network: Any, path: Path, **options: Any) -> None:
    partial = path.with_name(f"partial-{path.name}")
    network.save(partial, **options)
    partial.replace(path)


def _rate(highest: float, done: float) -> float:
    """Learning rate when that share of all steps is done: a short linear start, then a cosine down to a hundredth."""
    if done < WARM_UP:
        return highest * max(0.01, done / WARM_UP)
    return highest * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP))))
