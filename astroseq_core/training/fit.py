"""Fitting a network to a dataset of segments, with a checkpoint after each epoch to resume from."""

import contextlib
import logging
import math
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError
from astroseq_core.evaluation.metrics import DEFAULT_THRESHOLD
from astroseq_core.evaluation.weighted_ranking import recall_at
from astroseq_core.io import files
from astroseq_core.networks import losses
from astroseq_core.networks.architectures import registry
from astroseq_core.networks.model import load_network
from astroseq_core.preprocessing.segments import LEFT_OUT, NO_TRANSIT, TRANSIT
from astroseq_core.training.dataset import Batch, SegmentDataset
from astroseq_core.training.history import EpochMetrics, append_epoch, best_epoch_index, read_history, write_history
from astroseq_core.training.recipes import Recipe
from astroseq_core.training.sampling import augmented_batch, capped_segments, epoch_order, find_neighbors, oversample_epoch

if TYPE_CHECKING:
    import keras

log = logging.getLogger(__name__)


class TrainingCallback:
    """Base class for training callbacks; every method does nothing by default."""

    def preparing(self, done: int, in_all: int) -> None:
        """Called when a star has been prepared.

        Parameters
        ----------
        done : int
            Number of stars prepared.
        in_all : int
            Number of stars in all.
        """

    def step(self, epoch: int, epochs: int, step: int, steps: int, loss: float) -> None:
        """Called after each training step.

        Parameters
        ----------
        epoch : int
            Current epoch, from 1.
        epochs : int
            Maximum number of epochs.
        step : int
            Current step of the epoch, from 1.
        steps : int
            Number of steps per epoch.
        loss : float
            Mean loss of the epoch so far.
        """

    def epoch(self, metrics: EpochMetrics) -> None:
        """Called after each epoch.

        Parameters
        ----------
        metrics : EpochMetrics
            Metrics of the epoch.
        """

    def evaluating(self) -> None:
        """Called when the training is over and the calibration and evaluation begin."""


NO_CALLBACK = TrainingCallback()


WARM_UP, WEIGHT_DECAY = 0.05, 1e-4
#: With the schedule "plateau": steps until the highest learning rate, epochs without improvement after which it falls, to which
#: part, and the smallest part.
WARM_UP_STEPS, PLATEAU_EPOCHS, PLATEAU_FACTOR, MIN_PLATEAU_FACTOR = 200, 2, 0.3, 0.01
PREDICT_BATCH = 512
#: Number of training segments whose loss and areas under the curves are measured after each epoch.
MONITORED_SEGMENTS = 4096
#: Number of batches prepared ahead while the network works on one.
PREFETCHED_BATCHES = 4
#: What to do about a damaged network of an unfinished run.
BROKEN_ADVICE = "repeat the run from its start"
BEST_NAME, LAST_NAME, HISTORY_NAME = "best.keras", "last.keras", "progress.jsonl"


def fit(
    training: SegmentDataset,
    validation: SegmentDataset,
    recipe: Recipe,
    seed: int,
    folder: Path,
    callback: TrainingCallback = NO_CALLBACK,
    *,
    finish: bool = False,
    always: NDArray[np.bool_] | None = None,
) -> "keras.Model":
    """Train a network and return that of the best epoch.

    The best epoch ranked the validation stars best (ROC-AUC).

    `folder` receives `best.keras` after each better epoch, and after every epoch `last.keras` (with
    the optimizer) and a line of metrics in `progress.jsonl`. If it holds those of an earlier,
    interrupted call with the same arguments, training resumes after its last epoch. Metrics of the
    training part are those of up to `SAMPLE` fixed segments, not augmented.

    Parameters
    ----------
    training : Shelf
        Segments to train on.
    validation : Shelf
        Segments of the validation stars.
    recipe : Recipe
        The recipe with the architecture and the training settings.
    seed : int
        Seed of the network and of all random draws.
    folder : Path
        Folder of the checkpoints.
    callback : Listener, optional
        Called as the training progresses.
    finish : bool, optional
        Whether to stop at the last completed epoch instead of resuming.
    always : ndarray of bool or None, optional
        Training segments that no cap or ratio leaves out of an epoch, shape (n,).

    Returns
    -------
    keras.Model
        The trained network, not compiled.

    Raises
    ------
    SettingsError
        If `finish` is set but no epoch was completed.
    """
    import keras

    files.remove_stale_temporaries(folder, older_than=0.0)  # of a run that was killed while it saved; a run has one process
    done = _resumable_history(folder)
    if finish and not done:
        raise SettingsError("No epoch was done before the run was broken off; let it go on instead.")
    network = load_network(folder / LAST_NAME, BROKEN_ADVICE, SettingsError, optimizer=True) if done else None
    if network is not None:
        done = _epochs_of(network, done, recipe.batch)
        write_history(folder / HISTORY_NAME, done)
    keras.utils.set_random_seed(seed + 1000 * len(done))
    chosen = capped_segments(training, recipe, seed, always)
    labels = training.labels[chosen]
    certain = None if always is None else always[chosen]
    mixed_from = find_neighbors(training, chosen[labels == TRANSIT]) if recipe.resample == "smote" else None
    if network is not None:
        log.info("going on after epoch %d", len(done))
    else:
        network = registry.build_network(
            recipe.architecture, recipe.cutting.window, len(recipe.cutting.channels), **recipe.options
        )
        compile_network(network, recipe)
    cadence_step = cadences_per_output(network, recipe.cutting.window)
    best = max((_ranking(m) for m in done), default=-1.0)
    watched = np.sort(np.random.default_rng([seed, 3]).permutation(chosen)[:MONITORED_SEGMENTS])
    for epoch in range(len(done), len(done) if finish else recipe.epochs):
        if epoch - _best_epoch(done) > recipe.patience:
            break
        taken = int(network.optimizer.iterations)
        if recipe.max_steps is not None and taken >= recipe.max_steps:
            break
        rng = np.random.default_rng([seed, 2, epoch])
        _seed_dropout(network, seed, epoch)
        began = time.monotonic()
        scores = None
        if recipe.hard_negatives and epoch:
            scores = predict(network, training, chosen[labels == NO_TRANSIT])
        ratio = recipe.neg_pos_ratio
        partner = None
        if recipe.resample == "none" or ratio is None:
            order = epoch_order(chosen, labels, scores, recipe.hard_negatives, rng, ratio, certain)
        else:
            order = epoch_order(chosen, labels, scores, recipe.hard_negatives, rng, None, certain)
            order, partner = oversample_epoch(order, training.labels[order] == TRANSIT, ratio, mixed_from, rng)
        whole, loss = math.ceil(len(order) / recipe.batch), 0.0  # the loss is a sum over steps
        steps, planned = whole, recipe.epochs * whole
        if recipe.max_steps is not None:
            steps, planned = min(whole, recipe.max_steps - taken), min(planned, recipe.max_steps)
            order = order[: steps * recipe.batch]
        for step, batch in enumerate(_epoch_batches(training, order, partner, recipe, rng)):
            network.optimizer.learning_rate = _scheduled_rate(recipe, done, (epoch * whole + step) / planned, step)
            loss += train_step(network, batch, cadence_step, recipe.cadence_weight)
            callback.step(epoch + 1, recipe.epochs, step + 1, steps, loss / (step + 1))
        network.reset_metrics()
        probability = predict(network, validation)
        metrics = EpochMetrics(
            epoch=epoch + 1,
            loss=round(loss / steps, 4),
            **part_metrics("train", training.labels[watched], predict(network, training, watched)),
            **part_metrics("validation", validation.labels, probability),
            validation_recall=round(recall_at(validation.labels, probability), 4),
            segments=len(order),
            seconds=round(time.monotonic() - began, 1),
        )
        if _ranking(metrics) > best:
            best = _ranking(metrics)
            with _saved_atomically(network, folder / BEST_NAME, include_optimizer=False):
                pass
        with _saved_atomically(network, folder / LAST_NAME):
            # First the line, then the network: `_resumable_history` sees by the network's steps which line has none yet.
            append_epoch(folder / HISTORY_NAME, metrics)
        done.append(metrics)
        log.info("%s", metrics.to_dict())
        callback.epoch(metrics)
    return load_network(folder / BEST_NAME, BROKEN_ADVICE, SettingsError)


def _seed_dropout(network: "keras.Model", seed: int, epoch: int) -> None:
    """Set what the network draws at random in an epoch: a saved network does not keep the state of its generators."""
    states = [v for v in network.variables if v.path.endswith("seed_generator_state")]
    for number, state in enumerate(states):
        state.assign(np.random.default_rng([seed, 4, epoch, number]).integers(0, 2**32, state.shape, dtype=np.uint32))


def compile_network(network: "keras.Model", recipe: Recipe) -> None:
    """Compile a network with the AdamW optimizer and the recipe's losses.

    Parameters
    ----------
    network : object
        The keras.Model to compile.
    recipe : Recipe
        The recipe with the learning rate and the loss.
    """
    import keras

    one = losses.make_loss(recipe.loss, **recipe.loss_options)
    two = isinstance(network.output, dict)
    network.compile(
        optimizer=keras.optimizers.AdamW(recipe.learning_rate, weight_decay=WEIGHT_DECAY),
        loss={"segment": one, "cadence": "binary_crossentropy"} if two else one,
    )
    network.optimizer.build(network.trainable_variables)  # else the first step is traced twice


def predict(network: "keras.Model", dataset: SegmentDataset, which: NDArray[np.int64] | None = None) -> NDArray[np.float32]:
    """Return the network's raw segment probabilities, not calibrated.

    Parameters
    ----------
    network : object
        The keras.Model.
    dataset : Shelf
        The segments.
    which : ndarray of int64 or None, optional
        Indices of the segments to predict; all if None.

    Returns
    -------
    ndarray of float32
        Probabilities, shape (n,).
    """
    parts = []
    with ThreadPoolExecutor(1) as pool:
        for batch in _prefetched(pool, dataset.batches(which, PREDICT_BATCH)):
            out = network.predict_on_batch(batch.values)
            parts.append(np.asarray(out["segment"] if isinstance(out, dict) else out)[:, 0])
    return np.concatenate(parts)


def predict_cadences(
    network: "keras.Model", dataset: SegmentDataset, which: NDArray[np.int64]
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return labels and raw probabilities of the network's grid points, not calibrated.

    Grid points whose label is uncertain are left out.

    Parameters
    ----------
    network : object
        The keras.Model, which must have a second output for cadences.
    dataset : Shelf
        The segments.
    which : ndarray of int64
        Indices of the segments to predict.

    Returns
    -------
    tuple of (ndarray of int8, ndarray of float32)
        Whether each grid point is in transit, shape (n,), and the probability for it, shape (n,).

    Raises
    ------
    SettingsError
        If the network has no output for cadences.
    """
    step = cadences_per_output(network, dataset.cutting.window)
    if step is None:
        raise SettingsError("This network says nothing about single cadences.")
    labels, found = [], []
    for batch in dataset.batches(which, PREDICT_BATCH):
        inside, known = _cadence_labels(batch, step)
        labels.append(inside[known].astype(np.int8))
        found.append(np.asarray(network.predict_on_batch(batch.values)["cadence"])[:, :, 0][known])
    return np.concatenate(labels), np.concatenate(found)


def _cadence_labels(batch: Batch, step: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which grid points (b, points) of `step` cadences are in transit and which are certain."""
    states = batch.states.reshape(len(batch.states), -1, step)
    inside = (states == TRANSIT).any(axis=2)
    return inside, inside | (states == NO_TRANSIT).any(axis=2) & ~(states == LEFT_OUT).any(axis=2)


def _epoch_batches(
    dataset: SegmentDataset, order: NDArray[np.int64], partner: NDArray[np.int64] | None, recipe: Recipe, rng: np.random.Generator
) -> Iterator[Batch]:
    """Yield an epoch's augmented batches; a thread prepares the next few while one is used."""

    def batches() -> Iterator[Batch]:
        for begin in range(0, len(order), recipe.batch):
            now = slice(begin, begin + recipe.batch)
            yield augmented_batch(dataset, order[now], recipe.augmentation, rng, None if partner is None else partner[now])

    with ThreadPoolExecutor(1) as pool:
        yield from _prefetched(pool, batches())


def _prefetched(pool: ThreadPoolExecutor, source: Iterator[Batch]) -> Iterator[Batch]:
    waiting = [pool.submit(next, source, None) for _ in range(PREFETCHED_BATCHES)]
    while (batch := waiting.pop(0).result()) is not None:
        waiting.append(pool.submit(next, source, None))
        yield batch


def train_step(network: "keras.Model", batch: Batch, cadence_step: int | None, cadence_weight: float) -> float:
    """Train the network on one batch.

    Segments whose shifted window holds only doubtful events have no weight.

    Parameters
    ----------
    network : object
        The compiled keras.Model.
    batch : Batch
        The segments.
    cadence_step : int or None
        Cadences per grid point of the second output; None if there is none.
    cadence_weight : float
        Weight of the cadences' loss.

    Returns
    -------
    float
        The loss.
    """
    sure = (batch.labels != LEFT_OUT).astype(np.float32)
    labels = (batch.labels == TRANSIT).astype(np.float32)[:, None]
    if cadence_step is None:
        result = network.train_on_batch(batch.values, labels, sample_weight=sure, return_dict=True)
        return float(result["loss"])
    inside, known = _cadence_labels(batch, cadence_step)
    # Grid points in transit are rare (one in thirty): weighted up, or the network would begin by predicting none.
    weight = np.where(known, np.where(inside, 4.0, 1.0), 0.0).astype(np.float32) * cadence_weight
    result = network.train_on_batch(
        batch.values,
        {"segment": labels, "cadence": inside.astype(np.float32)[:, :, None]},
        sample_weight={"segment": sure, "cadence": weight},
        return_dict=True,
    )
    return float(result["loss"])


def cadences_per_output(network: "keras.Model", window: int) -> int | None:
    """Return the number of cadences per grid point of the network's second output.

    Parameters
    ----------
    network : object
        The keras.Model.
    window : int
        Length of a segment [cadences].

    Returns
    -------
    int or None
        Number of cadences; None if the network has one output.
    """
    return window // int(network.output["cadence"].shape[1]) if isinstance(network.output, dict) else None


def _resumable_history(folder: Path) -> list[EpochMetrics]:
    """Return the metrics of completed epochs; none unless there is a network to resume from."""
    path = folder / HISTORY_NAME
    if not (path.exists() and (folder / LAST_NAME).exists() and (folder / BEST_NAME).exists()):
        path.unlink(missing_ok=True)
        return []
    done, warnings = read_history(path)
    for sentence in warnings:
        log.warning("%s", sentence)
    return list(done)


def _epochs_of(network: "keras.Model", done: list[EpochMetrics], batch: int) -> list[EpochMetrics]:
    """Return the epochs that a saved network has behind it: without the last, if the run was killed before that was saved."""
    if any(m.segments is None for m in done):
        return done
    steps = np.cumsum([math.ceil((m.segments or 0) / batch) for m in done])
    count = int(np.searchsorted(steps, int(network.optimizer.iterations), side="right"))
    return done[:count]


def _ranking(metrics: EpochMetrics) -> float:
    """Return the metric that selects the epoch to keep."""
    if metrics.validation_roc_auc is None:
        raise SettingsError("The validation stars have segments of one kind only, so no epoch can be called the best.")
    return metrics.validation_roc_auc


def part_metrics(part: str, labels: NDArray[np.int8], probability: NDArray[np.float32]) -> dict[str, float]:
    """Measure raw probabilities of the segments of one part.

    Parameters
    ----------
    part : str
        Name of the part, which the names of the metrics begin with.
    labels : ndarray of int8
        Labels (0 or 1), shape (n,).
    probability : ndarray of float32
        Raw probabilities, shape (n,).

    Returns
    -------
    dict of str to float
        Log loss, rates at 0.5 and, if both classes are present, ROC-AUC and PR-AUC.
    """
    from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

    found = {f"{part}_loss": log_loss(labels, np.clip(probability, 1e-7, 1 - 1e-7), labels=[0, 1])}
    if 0 < labels.mean() < 1:
        found |= {
            f"{part}_roc_auc": roc_auc_score(labels, probability),
            f"{part}_pr_auc": average_precision_score(labels, probability),
        }
    return {name: round(float(value), 4) for name, value in found.items()} | rates_at_half(part, labels, probability)


def rates_at_half(part: str, labels: NDArray[np.int8], probability: NDArray[np.floating]) -> dict[str, float]:
    """Return predicted-positive rate and binary accuracy of raw probabilities, where 0.5 and more is a transit.

    Parameters
    ----------
    part : str
        "train" or "validation".
    labels : ndarray of int8
        Labels (0 or 1), shape (n,).
    probability : ndarray of float
        Raw probabilities, shape (n,).

    Returns
    -------
    dict of str to float
        The two by field of `EpochMetrics`.
    """
    called = probability >= DEFAULT_THRESHOLD
    return {
        f"{part}_predicted_positive_rate": round(float(called.mean()), 4),
        f"{part}_accuracy": round(float((called == (labels == TRANSIT)).mean()), 4),
    }


def _best_epoch(done: list[EpochMetrics]) -> int:
    """Return the number (from 1) of the best epoch so far; 0 before the first."""
    best = best_epoch_index(done)
    return 0 if best is None else best + 1


@contextlib.contextmanager
def _saved_atomically(network: "keras.Model", path: Path, **options: bool) -> Iterator[None]:
    """Save a network under a temporary name, which becomes the final one when the block ends."""
    with files.AtomicFile(path, SettingsError, suffix=path.suffix) as new:  # Keras writes to names that end in .keras alone
        network.save(new.path, **options)
        new.sync()
        yield


def _scheduled_rate(recipe: Recipe, done: list[EpochMetrics], progress: float, step: int) -> float:
    """Return the learning rate of a step, from 0, of the epoch after those that are done; progress is from 0 to 1."""
    if recipe.schedule == "cosine":
        return _learning_rate(recipe.learning_rate, progress)
    begun = 1.0 if done else min(1.0, (step + 1) / WARM_UP_STEPS)
    return recipe.learning_rate * begun * plateau_factor([_ranking(m) for m in done])


def plateau_factor(rankings: Sequence[float]) -> float:
    """Return the part of the highest learning rate that is left after some epochs.

    Parameters
    ----------
    rankings : sequence of float
        How well each epoch ranked the validation stars.

    Returns
    -------
    float
        The part: 1 until two epochs in a row have not been better than the best before.

    Examples
    --------
    >>> plateau_factor([0.8, 0.9, 0.85]), plateau_factor([0.8, 0.9, 0.85, 0.9]), plateau_factor([0.8, 0.9, 0.8, 0.8, 0.95])
    (1.0, 0.3, 0.3)
    """
    best, since, factor = -math.inf, 0, 1.0
    for value in rankings:
        since = 0 if value > best else since + 1
        best = max(best, value)
        if since == PLATEAU_EPOCHS:
            factor, since = factor * PLATEAU_FACTOR, 0
    return max(factor, MIN_PLATEAU_FACTOR)


def _learning_rate(highest: float, done: float) -> float:
    """Return the learning rate at a fraction of all steps: linear warm-up, cosine decay to 1 %."""
    if done < WARM_UP:
        return highest * max(0.01, done / WARM_UP)
    return highest * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP))))
