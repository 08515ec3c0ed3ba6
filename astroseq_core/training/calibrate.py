"""Calibration on stars kept for it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import ModelError
from astroseq_core.scoring.card import Calibration, logit
from astroseq_core.training.metrics import class_weights
from astroseq_core.training.ranking import Ranked


def platt(labels: NDArray[np.int8], probability: NDArray[np.floating], base_rate: float) -> Calibration:
    """Platt's scaling (1999) of a network's probabilities (n,), fitted with both classes weighted to that base rate.

    Raises ModelError where only one class is present, or where the network ranks no better than chance.
    """
    from sklearn.linear_model import LogisticRegression

    if not 0 < labels.mean() < 1:
        raise ModelError("Calibration needs segments with and without transits; give more stars.")
    model: Any = LogisticRegression(C=1e6)
    model.fit(logit(probability)[:, None], labels, sample_weight=class_weights(labels, base_rate))
    slope = float(model.coef_[0, 0])
    if slope <= 0:
        raise ModelError("The network ranks no better than chance on the calibration stars; it was not saved.")
    return Calibration(slope, float(model.intercept_[0]), base_rate)


def thresholds(labels: NDArray[np.int8], probability: NDArray[np.floating]) -> dict[str, float]:
    """Calibrated probabilities that one in ten, a hundred or a thousand segments without transits exceed; that of the best F1."""
    negative = probability[labels == 0]
    best = Ranked(labels, probability).best_f1_threshold()
    return {"best_f1": best} | {f"false_alarms_{rate:g}": float(np.quantile(negative, 1 - rate)) for rate in (0.1, 0.01, 0.001)}
