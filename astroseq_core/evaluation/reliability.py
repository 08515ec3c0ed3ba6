"""Calibration metrics: reliability curves and the expected calibration error."""

import numpy as np
from numpy.typing import NDArray

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
