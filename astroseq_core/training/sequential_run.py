"""A sequential experiment from its recipe to its report."""

import json
import logging
import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError
from astroseq_core.networks import registry
from astroseq_core.scoring.card import Calibration
from astroseq_core.training import calibrate, metrics
from astroseq_core.training.examples import Examples
from astroseq_core.training.fit import compile_network
from astroseq_core.training.listening import SILENT, Listener
from astroseq_core.training.ranking import Ranked
from astroseq_core.training.recipes import Recipe
from astroseq_core.training.resample import smote
from astroseq_core.training.sequential import Layout, Part, SequentialData, collect_sequential, snr_mix

log = logging.getLogger(__name__)
PREDICT_BATCH = 512
MODEL_NAME, REPORT_NAME = "model.keras", "report.json"
#: The learning rate falls to this part of its first value, along a cosine.
LAST_RATE = 0.02
RESAMPLES = ("none", "smote")
#: Where few validation segments are told apart wholly no slope of a calibration is steep enough; this one is.
LARGEST_SLOPE = 4.0


def run_sequential(
    recipe: Recipe,
    folder: Path,
    ephemerides: Path,
    seed: int,
    out: Path,
    *,
    least_snr: float = 0.0,
    listener: Listener = SILENT,
) -> dict[str, Any]:
    """The report of the sequential experiment that the recipe is named after, as plain JSON values; also ``out``/report.json.

    ``folder`` and ``ephemerides``: Kepler's light curves and what transits in them, see training.sequential. The network of the
    epoch with the highest PR-AUC on the validation stars is saved as ``out``/model.keras; the threshold is that of the best F1
    there, and so is the calibration, which focal loss and SMOTE need. The test stars are looked at once, at the end.
    """
    layout = Layout(recipe.preparation, recipe.cutting, recipe.injection, least_snr)
    data = collect_sequential(recipe.name, folder, ephemerides, seed, layout)
    training, synthetic = resampled(data.training.examples, recipe, seed)
    out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    network = fit_examples(training, data.validation.examples, recipe, seed, out / MODEL_NAME, listener)
    listener.judging()
    seconds = time.monotonic() - began
    report = _report(recipe, data, network, seed) | {
        "after_resampling": {"segments": len(training), "synthetic_positives": synthetic, "base_rate": training.base_rate},
        "least_snr": least_snr,
        "training_seconds": round(seconds, 1),
        "parameters": network.count_params(),
    }
    text = json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    (out / REPORT_NAME).write_text(text, encoding="utf-8")
    return report


def resampled(training: Examples, recipe: Recipe, seed: int) -> tuple[Examples, int]:
    """The examples that are shown, and how many of them SMOTE made; it brings positives up to the recipe's neg:pos ratio.

    Raises SettingsError for a ``resample`` that is neither "none" nor "smote".
    """
    if recipe.resample not in RESAMPLES:
        raise SettingsError(f"'{recipe.resample}' is no resampling; use one of {', '.join(RESAMPLES)}.")
    if recipe.resample == "none":
        return training, 0
    grown = smote(training.values, training.labels, 1 / (recipe.neg_pos_ratio or 1.0), seed)
    made = int(grown.synthetic.sum())
    return Examples(grown.values, grown.labels, np.r_[training.stars, np.full(made, "SMOTE")]), made


def fit_examples(
    training: Examples,
    validation: Examples,
    recipe: Recipe,
    seed: int,
    path: Path,
    listener: Listener = SILENT,
) -> Any:
    """The keras.Model, saved at ``path``, of the epoch with the highest PR-AUC on the validation stars.

    Every epoch shows all examples once, the recipe's share of them reversed in time. Ends after the recipe's ``patience`` epochs
    without a better one.
    """
    import keras

    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng([seed, 12])
    window, channels = training.values.shape[1:]
    network = registry.build(recipe.architecture, window, channels, **recipe.options)
    if isinstance(network.output, dict):
        # These examples say nothing of single cadences.
        network = keras.Model(network.inputs, network.output["segment"])
    compile_network(network, recipe)
    steps = math.ceil(len(training) / recipe.batch)
    best, best_epoch, ones = -1.0, 0, np.ones(len(validation))
    for epoch in range(recipe.epochs):
        order, loss, began = rng.permutation(len(training)), 0.0, time.monotonic()
        for step in range(steps):
            done = (epoch * steps + step) / (recipe.epochs * steps)
            fall = LAST_RATE + (1 - LAST_RATE) * 0.5 * (1 + math.cos(math.pi * done))
            network.optimizer.learning_rate = recipe.learning_rate * fall
            pick = order[step * recipe.batch : (step + 1) * recipe.batch]
            values = training.values[pick].astype(np.float32)
            turned = rng.random(len(pick)) < recipe.augmentation.reversed
            values[turned] = values[turned, ::-1]
            result = network.train_on_batch(values, training.labels[pick].astype(np.float32)[:, None], return_dict=True)
            loss += float(result["loss"]) / steps
            listener.step(epoch + 1, recipe.epochs, step + 1, steps, loss * steps / (step + 1))
        network.reset_metrics()
        ranked = Ranked(validation.labels, predict(network, validation))
        numbers = {
            "epoch": epoch + 1,
            "loss": round(loss, 4),
            "validation_pr_auc": round(ranked.pr_auc(ones), 4),
            "validation_roc_auc": round(ranked.roc_auc(ones), 4),
            "seconds": round(time.monotonic() - began, 1),
        }
        log.info("%s", numbers)
        listener.epoch(numbers)
        if numbers["validation_pr_auc"] > best:
            best, best_epoch = numbers["validation_pr_auc"], epoch
            network.save(path)
        elif epoch - best_epoch >= recipe.patience:
            break
    network = keras.models.load_model(path, compile=False, safe_mode=True)
    # Saved again without the optimizer's moments, which are twice the weights.
    network.save(path)
    return network


def predict(network: Any, examples: Examples) -> NDArray[np.float32]:
    """The network's own probabilities (n,), not calibrated."""
    out = np.empty(len(examples), np.float32)
    for begin in range(0, len(examples), PREDICT_BATCH):
        part = slice(begin, begin + PREDICT_BATCH)
        out[part] = np.asarray(network.predict_on_batch(examples.values[part].astype(np.float32)))[:, 0]
    return out


def _bounded(calibration: Calibration) -> Calibration:
    """The same probability of a half at no more than the largest slope."""
    part = min(1.0, LARGEST_SLOPE / calibration.slope)
    return replace(calibration, slope=part * calibration.slope, offset=part * calibration.offset)


def _report(recipe: Recipe, data: SequentialData, network: Any, seed: int) -> dict[str, Any]:
    """Calibration and threshold of the validation stars, and what they give on the test stars: all, synthetic, real."""
    validation = data.validation.examples
    raw = predict(network, validation)
    calibration = _bounded(calibrate.platt(validation.labels, raw, validation.base_rate))
    threshold = Ranked(validation.labels, calibration(raw)).best_f1_threshold()
    probability = calibration(predict(network, data.test.examples))
    note = "The threshold is that of the best F1 on the validation stars, on which the probabilities are calibrated too."
    reports, mixes = [], {}
    synthetic = data.test.synthetic
    for word, mask in (("all", np.ones(len(synthetic), bool)), ("synthetic", synthetic), ("real", ~synthetic)):
        part: Part = data.test.take(mask)
        e = part.examples
        if len(part) and 0 < e.base_rate < 1:
            group, p = f"{recipe.name}, test stars: {word}", probability[mask]
            made = metrics.report(
                group, e.labels, p, e.stars, validation.base_rate, seed, snr=part.snr, threshold=threshold, note=note
            )  # fmt: skip
            reports.append(made.to_dict(curves=False))
            mixes[word] = snr_mix(part, p >= threshold)
    return {
        "recipe": recipe.to_dict(),
        "seed": seed,
        "counts": data.counts(),
        "calibration": vars(calibration) | {},
        "threshold": threshold,
        "snr": mixes,
        "reports": reports,
    }
