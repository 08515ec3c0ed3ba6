"""Whether probabilities mean what they say: reliability curves and the expected calibration error."""

import numpy as np
from numpy.typing import NDArray

RELIABILITY_BINS = 10
#: Rows of (mean probability, share with a transit, segments), one a bin that is not empty.
Rows = tuple[tuple[float, float, int], ...]


def class_weights(labels: NDArray[np.int8], base_rate: float) -> NDArray[np.float64]:
    """Weights (n,), mean 1, under which a share ``base_rate`` is positive."""
    own = float(labels.mean())
    return np.where(labels == 1, base_rate / own, (1 - base_rate) / (1 - own))


def at_base_rate(weights: NDArray[np.float64], positive: NDArray[np.bool_], base_rate: float) -> NDArray[np.float64]:
    """The weights (n,), both classes scaled so that a share ``base_rate`` of all weight is positive; both must have some."""
    own = float(weights[positive].sum() / weights.sum())
    return weights * np.where(positive, base_rate / own, (1 - base_rate) / (1 - own))


class Binned:
    """Probabilities (n,) in equal bins, ready to be compared with the labels under many weights."""

    def __init__(
        self, labels: NDArray[np.integer] | NDArray[np.bool_], probability: NDArray[np.floating], bins: int = RELIABILITY_BINS
    ) -> None:
        self.bins = bins
        self.positive = np.asarray(labels) == 1
        self.probability = np.asarray(probability, np.float64)
        self.place = np.minimum((self.probability * bins).astype(np.int64), bins - 1)

    def sums(self, weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """For each bin its weight, mean probability and share of positives."""
        total = np.bincount(self.place, weights, self.bins).astype(np.float64)
        mean = np.bincount(self.place, weights * self.probability, self.bins) / np.maximum(total, 1e-300)
        share = np.bincount(self.place, weights * self.positive, self.bins) / np.maximum(total, 1e-300)
        return total, mean, share

    def error(self, weights: NDArray[np.float64]) -> float:
        """Expected calibration error: distance of mean probability from share of positives, averaged by weight.

        Naeini, Cooper & Hauskrecht (2015), AAAI.
        """
        total, mean, share = self.sums(weights)
        return float(np.sum(total * np.abs(mean - share)) / total.sum())

    def rows(self, weights: NDArray[np.float64]) -> Rows:
        """The bins that hold a segment."""
        _, mean, share = self.sums(weights)
        count = np.bincount(self.place, minlength=self.bins)
        return tuple((float(m), float(s), int(n)) for m, s, n in zip(mean, share, count, strict=True) if n)


def reliability(
    labels: NDArray[np.int8], probability: NDArray[np.floating], weights: NDArray[np.float64], bins: int = RELIABILITY_BINS
) -> tuple[Rows, float]:
    """Rows of (mean probability, share of positives, count) in equal bins, and the expected calibration error."""
    binned = Binned(labels, probability, bins)
    return binned.rows(weights), binned.error(weights)
