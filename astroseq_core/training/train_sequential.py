"""Sequential experiment: from its recipe to its report."""

import json
import logging
import math
import time
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError
from astroseq_core.evaluation import calibration as evaluation_calibration
from astroseq_core.evaluation import metrics
from astroseq_core.evaluation.weighted_ranking import RankedScores
from astroseq_core.io import files
from astroseq_core.networks.architectures import registry
from astroseq_core.networks.card import Calibration
from astroseq_core.networks.model import load_network, save_network
from astroseq_core.training.dataset import LabeledSegments
from astroseq_core.training.fit import HISTORY_NAME, NO_CALLBACK, TrainingCallback, compile_network, rates_at_half
from astroseq_core.training.history import EpochMetrics, append_epoch, write_history
from astroseq_core.training.recipes import Recipe
from astroseq_core.training.sampling import NO_PARTNER, mix_segments, nearest_by_shape, oversample_epoch, segment_shapes
from astroseq_core.training.sequential import SequentialData, SequentialLayout, SequentialPart, collect_sequential, snr_summary
from astroseq_core.training.star_limits import StarLimits
from astroseq_core.type_names import JsonObject

if TYPE_CHECKING:
    import keras

log = logging.getLogger(__name__)
PREDICT_BATCH = 512
MODEL_NAME, REPORT_NAME = "model.keras", "report.json"
#: Fraction of its first value that the learning rate falls to, along a cosine.
FINAL_RATE_FRACTION = 0.02
RESAMPLES = ("none", "smote")
#: Largest slope of the calibration: if few validation segments are separated perfectly, the best slope is infinite.
MAX_SLOPE = 4.0


def run_sequential(
    recipe: Recipe,
    folder: Path,
    ephemerides: Path,
    seed: int,
    out: Path,
    *,
    least_snr: float = 0.0,
    exclude: Collection[str] = (),
    callback: TrainingCallback = NO_CALLBACK,
) -> JsonObject:
    """Carry out the sequential experiment that the recipe is named after.

    Writes model.keras, the network of the epoch with the highest PR-AUC on the validation stars,
    and report.json to `out`. The threshold is that of the best F1 on the validation stars, on which
    the probabilities are also calibrated; focal loss and SMOTE need that. The test stars are
    evaluated once, at the end.

    Parameters
    ----------
    recipe : Recipe
        The recipe of the experiment.
    folder : Path
        Folder of Kepler light curves.
    ephemerides : Path
        Table of the stars' ephemerides.
    seed : int
        Seed of all random draws.
    out : Path
        Folder for the model and the report.
    least_snr : float, optional
        Smallest signal-to-noise ratio of the transits to use.
    exclude : collection of str, optional
        Identifiers of real stars to leave out.
    callback : Listener, optional
        Called as the training progresses.

    Returns
    -------
    dict
        The report as plain JSON values.

    Raises
    ------
    SettingsError
        If there is no such experiment, or too few segments for it.
    """
    layout = SequentialLayout(recipe.preparation, recipe.cutting, recipe.injection, least_snr)
    limits = StarLimits(recipe.max_hosts, recipe.max_quiet, frozenset(exclude))
    data = collect_sequential(recipe.name, folder, ephemerides, seed, layout, limits)
    training, synthetic = resample_examples(data.training.examples, recipe, seed)
    out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    network = fit_examples(training, data.validation.examples, recipe, seed, out / MODEL_NAME, callback)
    callback.evaluating()
    seconds = time.monotonic() - began
    report = _report(recipe, data, network, seed) | {
        "after_resampling": {"segments": len(training), "synthetic_positives": synthetic, "base_rate": training.base_rate},
        "least_snr": least_snr,
        "training_seconds": round(seconds, 1),
        "parameters": network.count_params(),
    }
    text = json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    files.write_text_atomically(out / REPORT_NAME, text)
    return report


def resample_examples(training: LabeledSegments, recipe: Recipe, seed: int) -> tuple[LabeledSegments, int]:
    """Return the examples to train on; SMOTE adds positives to reach the recipe's ratio.

    Parameters
    ----------
    training : LabeledSegments
        The training examples.
    recipe : Recipe
        The recipe with the resampling and the ratio of negatives to positives.
    seed : int
        Seed of the random draws.

    Returns
    -------
    tuple of (Examples, int)
        The examples, and how many of them SMOTE made.

    Raises
    ------
    SettingsError
        If the resampling is neither "none" nor "smote", or there are fewer than two positives or no
        negative.
    """
    if recipe.resample not in RESAMPLES:
        raise SettingsError(f"'{recipe.resample}' is no resampling; use one of {', '.join(RESAMPLES)}.")
    if recipe.resample == "none":
        return training, 0
    is_positive = training.labels == 1
    positives = np.flatnonzero(is_positive)
    if len(positives) < 2 or is_positive.all():
        found = f"there are {len(positives)} and {int((~is_positive).sum())}"
        raise SettingsError(f"SMOTE needs two positives and one negative at least, and {found}.")
    rng = np.random.default_rng([seed, 13])
    neighbors = nearest_by_shape(segment_shapes(training.values[positives]), positives)
    order, partner = oversample_epoch(np.arange(len(training)), is_positive, recipe.neg_pos_ratio or 1.0, neighbors, rng)
    mixed = partner != NO_PARTNER
    first, second = training.values[order[mixed]].astype(np.float32), training.values[partner[mixed]].astype(np.float32)
    grown = LabeledSegments(
        np.concatenate([training.values, mix_segments(first, second, rng).astype(training.values.dtype)]),
        np.r_[training.labels, np.ones(len(first), training.labels.dtype)],
        np.r_[training.stars, np.full(len(first), "SMOTE")],
    )
    return grown, len(first)


def fit_examples(
    training: LabeledSegments,
    validation: LabeledSegments,
    recipe: Recipe,
    seed: int,
    path: Path,
    callback: TrainingCallback = NO_CALLBACK,
) -> "keras.Model":
    """Train a network on examples in memory and save the one of the best epoch.

    The best epoch has the highest PR-AUC on the validation stars. Every epoch shows all examples
    once, the recipe's share of them reversed in time. Training ends after the recipe's `patience`
    epochs without improvement. The metrics of each epoch are written to `progress.jsonl` beside the
    network.

    Parameters
    ----------
    training : Examples
        Examples to train on.
    validation : Examples
        Examples of the validation stars.
    recipe : Recipe
        The recipe with the architecture and the training settings.
    seed : int
        Seed of the network and of all random draws.
    path : Path
        File to save the network to.
    callback : Listener, optional
        Called as the training progresses.

    Returns
    -------
    keras.Model
        The trained network.
    """
    import keras

    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng([seed, 12])
    window, channels = training.values.shape[1:]
    network = registry.build_network(recipe.architecture, window, channels, **recipe.options)
    if isinstance(network.output, dict):
        # These examples have no labels of single cadences.
        network = keras.Model(network.inputs, network.output["segment"])
    compile_network(network, recipe)
    history = path.with_name(HISTORY_NAME)
    write_history(history, ())
    steps = math.ceil(len(training) / recipe.batch)
    best, best_epoch, ones = -1.0, 0, np.ones(len(validation))
    for epoch in range(recipe.epochs):
        order, loss, began = rng.permutation(len(training)), 0.0, time.monotonic()
        for step in range(steps):
            done = (epoch * steps + step) / (recipe.epochs * steps)
            fall = FINAL_RATE_FRACTION + (1 - FINAL_RATE_FRACTION) * 0.5 * (1 + math.cos(math.pi * done))
            network.optimizer.learning_rate = recipe.learning_rate * fall
            pick = order[step * recipe.batch : (step + 1) * recipe.batch]
            values = training.values[pick].astype(np.float32)
            turned = rng.random(len(pick)) < recipe.augmentation.reversed
            values[turned] = values[turned, ::-1]
            result = network.train_on_batch(values, training.labels[pick].astype(np.float32)[:, None], return_dict=True)
            loss += float(result["loss"]) / steps
            callback.step(epoch + 1, recipe.epochs, step + 1, steps, loss * steps / (step + 1))
        network.reset_metrics()
        probability = predict(network, validation)
        ranked = RankedScores(validation.labels, probability)
        pr_auc = round(ranked.pr_auc(ones), 4)
        measured = EpochMetrics(
            epoch=epoch + 1,
            loss=round(loss, 4),
            validation_pr_auc=pr_auc,
            validation_roc_auc=round(ranked.roc_auc(ones), 4),
            **rates_at_half("validation", validation.labels, probability),
            segments=len(training),
            seconds=round(time.monotonic() - began, 1),
        )
        log.info("%s", measured.to_dict())
        append_epoch(history, measured)
        callback.epoch(measured)
        if pr_auc > best:
            best, best_epoch = pr_auc, epoch
            save_network(network, path)
        elif epoch - best_epoch >= recipe.patience:
            break
    network = load_network(path, "train it again")
    # Saved again without the optimizer's moments, which are twice the weights.
    save_network(network, path)
    return network


def predict(network: "keras.Model", examples: LabeledSegments) -> NDArray[np.float32]:
    """Return the network's raw probabilities, not calibrated.

    Parameters
    ----------
    network : object
        The keras.Model.
    examples : Examples
        The examples.

    Returns
    -------
    ndarray of float32
        Probabilities, shape (n,).
    """
    out = np.empty(len(examples), np.float32)
    for begin in range(0, len(examples), PREDICT_BATCH):
        part = slice(begin, begin + PREDICT_BATCH)
        out[part] = np.asarray(network.predict_on_batch(examples.values[part].astype(np.float32)))[:, 0]
    return out


def _bound_slope(calibration: Calibration) -> Calibration:
    """Return a calibration with at most the largest slope, and the same point of probability 0.5."""
    part = min(1.0, MAX_SLOPE / calibration.slope)
    return replace(calibration, slope=part * calibration.slope, offset=part * calibration.offset)


def _report(recipe: Recipe, data: SequentialData, network: "keras.Model", seed: int) -> JsonObject:
    """Report on the test stars (all, synthetic, real), calibrated on the validation stars."""
    validation = data.validation.examples
    raw = predict(network, validation)
    calibration = _bound_slope(evaluation_calibration.fit_platt(validation.labels, raw, validation.base_rate))
    threshold = RankedScores(validation.labels, calibration(raw)).best_f1_threshold()
    probability = calibration(predict(network, data.test.examples))
    note = "The threshold is that of the best F1 on the validation stars, on which the probabilities are calibrated too."
    reports, mixes = [], {}
    synthetic = data.test.synthetic
    for word, mask in (("all", np.ones(len(synthetic), bool)), ("synthetic", synthetic), ("real", ~synthetic)):
        part: SequentialPart = data.test.take(mask)
        e = part.examples
        if len(part) and 0 < e.base_rate < 1:
            group, p = f"{recipe.name}, test stars: {word}", probability[mask]
            made = metrics.make_report(
                group, e.labels, p, e.stars, validation.base_rate, seed, snr=part.snr, threshold=threshold, note=note
            )
            reports.append(made.to_dict(curves=False))
            mixes[word] = snr_summary(part, p >= threshold)
    return {
        "recipe": recipe.to_dict(),
        "seed": seed,
        "counts": data.counts(),
        "calibration": vars(calibration) | {},
        "threshold": threshold,
        "snr": mixes,
        "reports": reports,
    }
