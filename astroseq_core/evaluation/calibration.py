"""Calibration of a network's probabilities on stars kept for it."""

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import ModelError
from astroseq_core.evaluation.reliability import class_weights
from astroseq_core.evaluation.weighted_ranking import RankedScores
from astroseq_core.networks.card import Calibration, logit


def fit_platt(labels: NDArray[np.int8], probability: NDArray[np.floating], base_rate: float) -> Calibration:
    """Fit Platt's scaling (1999) to a network's probabilities.

    Both classes are weighted to the base rate.

    Parameters
    ----------
    labels : ndarray of int8
        Labels of the segments (0 or 1), shape (n,).
    probability : ndarray of float
        Raw probabilities of the network, shape (n,).
    base_rate : float
        Share of segments with a transit that the calibrated probabilities assume.

    Returns
    -------
    Calibration
        The calibration.

    Raises
    ------
    ModelError
        If only one class is present, or the network ranks no better than chance.
    """
    from sklearn.linear_model import LogisticRegression

    if not 0 < labels.mean() < 1:
        raise ModelError("Calibration needs segments with and without transits; give more stars.")
    model = LogisticRegression(C=1e6)
    model.fit(logit(probability)[:, None], labels, sample_weight=class_weights(labels, base_rate))
    slope = float(model.coef_[0, 0])
    if slope <= 0:
        raise ModelError("The network ranks no better than chance on the calibration stars; it was not saved.")
    return Calibration(slope, float(model.intercept_[0]), base_rate)


def standard_thresholds(labels: NDArray[np.int8], probability: NDArray[np.floating]) -> dict[str, float]:
    """Return standard thresholds of calibrated probabilities.

    Parameters
    ----------
    labels : ndarray of int8
        Labels of the segments (0 or 1), shape (n,).
    probability : ndarray of float
        Calibrated probabilities, shape (n,).

    Returns
    -------
    dict
        The threshold of the best F1 (`best_f1`), and those that one in ten, a hundred and a
        thousand segments without transits exceed (`false_alarms_0.1`, `false_alarms_0.01`,
        `false_alarms_0.001`).
    """
    negative = probability[labels == 0]
    best = RankedScores(labels, probability).best_f1_threshold()
    return {"best_f1": best} | {f"false_alarms_{rate:g}": float(np.quantile(negative, 1 - rate)) for rate in (0.1, 0.01, 0.001)}
