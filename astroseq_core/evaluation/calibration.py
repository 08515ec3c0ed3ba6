"""Calibration of a network's probabilities: how reliable they are, and their fit on stars kept for it."""

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import ModelError
from astroseq_core.evaluation.weighted_ranking import RankedScores
from astroseq_core.networks.card import Calibration, logit

RELIABILITY_BINS = 10
#: Rows of (mean probability, share with a transit, segments), one for each non-empty bin.
ReliabilityRows = tuple[tuple[float, float, int], ...]


def class_weights(labels: NDArray[np.int8], base_rate: float) -> NDArray[np.float64]:
    """Return weights with mean 1 under which a share `base_rate` is positive.

    Parameters
    ----------
    labels : ndarray of int8
        Labels (0 or 1), shape (n,); both must be present.
    base_rate : float
        Share of the weight that is to be positive.

    Returns
    -------
    ndarray of float64
        Weights, shape (n,).

    Examples
    --------
    >>> class_weights(np.array([1, 0, 0, 0]), 0.5).round(3).tolist()
    [2.0, 0.667, 0.667, 0.667]
    """
    own = float(labels.mean())
    return np.where(labels == 1, base_rate / own, (1 - base_rate) / (1 - own))


def reweight_to_base_rate(weights: NDArray[np.float64], positive: NDArray[np.bool_], base_rate: float) -> NDArray[np.float64]:
    """Scale the weights of both classes so that a share `base_rate` is positive.

    Parameters
    ----------
    weights : ndarray of float64
        Weights, shape (n,); both classes must have some.
    positive : ndarray of bool
        Whether each segment is positive, shape (n,).
    base_rate : float
        Share of the weight that is to be positive.

    Returns
    -------
    ndarray of float64
        Scaled weights, shape (n,).
    """
    own = float(weights[positive].sum() / weights.sum())
    return weights * np.where(positive, base_rate / own, (1 - base_rate) / (1 - own))


class ReliabilityBins:
    """Probabilities in equal bins, ready for calibration metrics under many sets of weights.

    Parameters
    ----------
    labels : ndarray of int or ndarray of bool
        Labels (0 or 1), shape (n,).
    probability : ndarray of float
        Probabilities, shape (n,).
    bins : int, optional
        Number of bins.
    """

    def __init__(
        self, labels: NDArray[np.integer] | NDArray[np.bool_], probability: NDArray[np.floating], bins: int = RELIABILITY_BINS
    ) -> None:
        self.bins = bins
        self.positive = np.asarray(labels) == 1
        self.probability = np.asarray(probability, np.float64)
        self.place = np.minimum((self.probability * bins).astype(np.int64), bins - 1)

    def sums(self, weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return weight, mean probability and share of positives of each bin.

        Parameters
        ----------
        weights : ndarray of float64
            Weights, shape (n,).

        Returns
        -------
        tuple of (ndarray of float64, ndarray of float64, ndarray of float64)
            Weight, mean probability and share of positives, each of shape (bins,).
        """
        total = np.bincount(self.place, weights, self.bins).astype(np.float64)
        mean = np.bincount(self.place, weights * self.probability, self.bins) / np.maximum(total, 1e-300)
        share = np.bincount(self.place, weights * self.positive, self.bins) / np.maximum(total, 1e-300)
        return total, mean, share

    def error(self, weights: NDArray[np.float64]) -> float:
        """Return the expected calibration error.

        The distance between mean probability and share of positives, averaged over the bins by
        weight (Naeini, Cooper & Hauskrecht 2015, AAAI).

        Parameters
        ----------
        weights : ndarray of float64
            Weights, shape (n,).

        Returns
        -------
        float
            Expected calibration error.
        """
        total, mean, share = self.sums(weights)
        return float(np.sum(total * np.abs(mean - share)) / total.sum())

    def rows(self, weights: NDArray[np.float64]) -> ReliabilityRows:
        """Return the rows of the non-empty bins.

        Parameters
        ----------
        weights : ndarray of float64
            Weights, shape (n,).

        Returns
        -------
        Rows
            Mean probability, share of positives and number of segments of each bin.
        """
        _, mean, share = self.sums(weights)
        count = np.bincount(self.place, minlength=self.bins)
        return tuple((float(m), float(s), int(n)) for m, s, n in zip(mean, share, count, strict=True) if n)


def reliability_curve(
    labels: NDArray[np.int8], probability: NDArray[np.floating], weights: NDArray[np.float64], bins: int = RELIABILITY_BINS
) -> tuple[ReliabilityRows, float]:
    """Return the reliability curve and the expected calibration error.

    Parameters
    ----------
    labels : ndarray of int8
        Labels (0 or 1), shape (n,).
    probability : ndarray of float
        Probabilities, shape (n,).
    weights : ndarray of float64
        Weights, shape (n,).
    bins : int, optional
        Number of equal bins.

    Returns
    -------
    tuple of (Rows, float)
        Rows of (mean probability, share of positives, count), and the expected calibration error.
    """
    binned = ReliabilityBins(labels, probability, bins)
    return binned.rows(weights), binned.error(weights)


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
