"""Ranking metrics of weighted segments, for resampling stars and weighting them equally."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FALSE_ALARM_RATE = 0.01
#: Smallest distance of a probability from 0 and 1 before its logarithm is taken.
SMALLEST_PROBABILITY = 1e-7
#: Largest number of points of a curve.
CURVE_POINTS = 200


@dataclass(frozen=True)
class Curve:
    """Points of a ROC curve (false-alarm rate, recall) or a PR curve (recall, precision).

    Attributes
    ----------
    x : tuple of float
        Abscissas, ascending.
    y : tuple of float
        Ordinates.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]


def recall_at(labels: NDArray[np.int8], scores: NDArray[np.floating], rate: float = FALSE_ALARM_RATE) -> float:
    """Return the recall at a false-alarm rate.

    Parameters
    ----------
    labels : ndarray of int8
        Labels (0 or 1), shape (n,).
    scores : ndarray of float
        Scores, shape (n,).
    rate : float, optional
        Share of the negatives that exceeds the threshold.

    Returns
    -------
    float
        Share of the positives above the threshold.

    Examples
    --------
    >>> recall_at(np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.15, 0.9]))
    0.5
    """
    return float(np.mean(scores[labels == 1] > np.quantile(scores[labels == 0], 1 - rate)))


def weighted_quantile(values: NDArray[np.floating], weights: NDArray[np.float64], share: float) -> float:
    """Return the smallest value with at least a share of all weight at or below it.

    Parameters
    ----------
    values : ndarray of float
        The values, shape (n,).
    weights : ndarray of float64
        Their weights, shape (n,).
    share : float
        Share of the weight, between 0 and 1.

    Returns
    -------
    float
        The quantile.

    Examples
    --------
    >>> weighted_quantile(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 2.0]), 0.5)
    2.0
    """
    order = np.argsort(values, kind="stable")
    return float(_step_quantile(values[order], weights[order], share))


def _step_quantile(rising: NDArray[np.floating], weights: NDArray[np.float64], share: float) -> float:
    place = int(np.searchsorted(np.cumsum(weights) / weights.sum(), share))
    return float(rising[min(place, len(rising) - 1)])


def _repeated_quantile(rising: NDArray[np.floating], times: NDArray[np.float64], share: float) -> float:
    """Return `numpy.quantile` of values that are each repeated a whole number of times."""
    upto = np.cumsum(times)
    place = share * (upto[-1] - 1)
    low, high = (float(rising[np.searchsorted(upto, side, side="right")]) for side in (np.floor(place), np.ceil(place)))
    return low + (high - low) * float(place - np.floor(place))


def equal_star_weights(labels: NDArray[np.int8], stars: NDArray[np.str_]) -> NDArray[np.float64]:
    """Return weights under which each star's positives sum to 1, and its negatives too.

    Parameters
    ----------
    labels : ndarray of int8
        Labels (0 or 1), shape (n,).
    stars : ndarray of str
        Star of each segment, shape (n,).

    Returns
    -------
    ndarray of float64
        Weights, shape (n,).

    Examples
    --------
    >>> equal_star_weights(np.array([1, 1, 0, 0]), np.array(["a", "a", "a", "b"])).tolist()
    [0.5, 0.5, 1.0, 1.0]
    """
    _, star = np.unique(stars, return_inverse=True)
    group = star * 2 + (labels == 1)
    return np.asarray(1.0 / np.bincount(group)[group])


class RankedScores:
    """Labels and scores sorted by score, ready for metrics under many sets of weights.

    All methods take `weights`, shape (n,), in ascending order of score; `place` is the index of the
    segment at each position. Metrics are NaN where one class has no weight. Ties count half, as in
    scikit-learn, whose functions these equal.

    Parameters
    ----------
    labels : ndarray of int8
        Labels (0 or 1), shape (n,).
    scores : ndarray of float
        Scores, shape (n,).

    Examples
    --------
    >>> ranked = RankedScores(np.array([0, 1, 0, 1]), np.array([0.1, 0.4, 0.35, 0.8]))
    >>> ranked.roc_auc(np.ones(4))
    1.0
    """

    def __init__(self, labels: NDArray[np.int8], scores: NDArray[np.floating]) -> None:
        self.place = np.argsort(scores, kind="stable")
        self.labels = np.asarray(labels)[self.place] == 1
        self.scores = np.asarray(scores, np.float64)[self.place]
        #: Where each run of equal scores begins.
        self.ties = np.flatnonzero(np.r_[True, self.scores[1:] > self.scores[:-1]])
        clipped = np.clip(self.scores, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
        self.losses = -np.where(self.labels, np.log(clipped), np.log1p(-clipped))

    def totals(self, weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the weight of positives and of negatives at each distinct score, ascending.

        Parameters
        ----------
        weights : ndarray of float64
            Weights, shape (n,).

        Returns
        -------
        tuple of (ndarray of float64, ndarray of float64)
            Weight of the positives and of the negatives, shape (distinct scores,).
        """
        positive = np.add.reduceat(np.where(self.labels, weights, 0.0), self.ties)
        return positive, np.add.reduceat(np.where(self.labels, 0.0, weights), self.ties)

    def base_rate(self, weights: NDArray[np.float64]) -> float:
        """Return the share of the weight that is positive.

        Parameters
        ----------
        weights : ndarray of float64
            Weights, shape (n,).

        Returns
        -------
        float
            Base rate.
        """
        return float(weights[self.labels].sum() / weights.sum())

    def roc_auc(self, weights: NDArray[np.float64]) -> float:
        """Return the probability that a positive ranks above a negative.

        Parameters
        ----------
        weights : ndarray of float64
            Weights, shape (n,).

        Returns
        -------
        float
            Area under the ROC curve.
        """
        positive, negative = self.totals(weights)
        both = positive.sum() * negative.sum()
        return float(np.sum(positive * (np.cumsum(negative) - negative / 2)) / both) if both > 0 else float("nan")

    def pr_auc(self, weights: NDArray[np.float64]) -> float:
        """Return the average precision: the mean of the precision at each positive.

        Parameters
        ----------
        weights : ndarray of float64
            Weights, shape (n,).

        Returns
        -------
        float
            Average precision.
        """
        positive, negative = (part[::-1] for part in self.totals(weights))
        if not (positive.sum() > 0 and negative.sum() > 0):
            return float("nan")
        found, alarms = np.cumsum(positive), np.cumsum(positive) + np.cumsum(negative)
        return float(np.sum(positive * found / np.maximum(alarms, 1e-300)) / found[-1])

    def pr_lift(self, weights: NDArray[np.float64]) -> float:
        """Return the average precision over that of chance, which is the base rate.

        Parameters
        ----------
        weights : ndarray of float64
            Weights, shape (n,).

        Returns
        -------
        float
            Average precision divided by the base rate.
        """
        rate = self.base_rate(weights)
        return self.pr_auc(weights) / rate if rate > 0 else float("nan")

    def log_loss(self, weights: NDArray[np.float64]) -> float:
        """Return the mean negative log-likelihood of the labels (natural log).

        Parameters
        ----------
        weights : ndarray of float64
            Weights, shape (n,).

        Returns
        -------
        float
            Log loss.
        """
        return float(np.average(self.losses, weights=weights))

    def threshold(self, weights: NDArray[np.float64], rate: float, *, whole: bool) -> float:
        """Return the score that a share of the negatives' weight exceeds.

        Parameters
        ----------
        weights : ndarray of float64
            Weights, shape (n,).
        rate : float
            Share of the negatives' weight.
        whole : bool
            Whether weights are repeat counts; the quantile is then interpolated as by numpy.

        Returns
        -------
        float
            Threshold; NaN without negatives.
        """
        pick = ~self.labels & (weights > 0)
        if not pick.any():
            return float("nan")
        return (_repeated_quantile if whole else _step_quantile)(self.scores[pick], weights[pick], 1 - rate)

    def recall(self, weights: NDArray[np.float64], rate: float, *, whole: bool) -> float:
        """Return the recall at a false-alarm rate.

        Parameters
        ----------
        weights : ndarray of float64
            Weights, shape (n,).
        rate : float
            Share of the negatives' weight above the threshold.
        whole : bool
            As in `threshold`.

        Returns
        -------
        float
            Share of the positives' weight above the threshold.
        """
        own = weights[self.labels]
        threshold = self.threshold(weights, rate, whole=whole)
        if not own.sum() > 0 or np.isnan(threshold):
            return float("nan")
        return float(np.average(self.scores[self.labels] > threshold, weights=own))

    def counts(self, weights: NDArray[np.float64], threshold: float) -> tuple[float, float, float, float]:
        """Return the weighted confusion matrix at a threshold.

        Parameters
        ----------
        weights : ndarray of float64
            Weights, shape (n,).
        threshold : float
            Scores at or above it count as positive.

        Returns
        -------
        tuple of (float, float, float, float)
            Weight of true positives, false positives, false negatives and true negatives.
        """
        above = self.scores >= threshold
        tp, fp = float(weights[above & self.labels].sum()), float(weights[above & ~self.labels].sum())
        return tp, fp, float(weights[self.labels].sum()) - tp, float(weights[~self.labels].sum()) - fp

    def best_f1_threshold(self, weights: NDArray[np.float64] | None = None) -> float:
        """Return the threshold with the highest F1 on these segments.

        Parameters
        ----------
        weights : ndarray of float64 or None, optional
            Weights, shape (n,); each segment counts once if None.

        Returns
        -------
        float
            The threshold, one of the scores.
        """
        own = np.ones(len(self.scores)) if weights is None else weights
        positive, negative = (np.cumsum(part[::-1]) for part in self.totals(own))
        # F1 = 2 TP / (TP + FP + all positives)
        f1 = 2 * positive / (positive + negative + positive[-1])
        return float(self.scores[self.ties][::-1][int(np.argmax(f1))])

    def roc_curve(self) -> Curve:
        """Return the ROC curve, thinned, starting at recall 0.

        Returns
        -------
        Curve
            False-alarm rate and recall at falling thresholds.
        """
        positive, negative = (np.r_[0.0, np.cumsum(part[::-1])] for part in self.totals(np.ones(len(self.scores))))
        return _thin_curve(negative / negative[-1], positive / positive[-1])

    def pr_curve(self) -> Curve:
        """Return the precision-recall curve, thinned.

        Returns
        -------
        Curve
            Recall and precision at falling thresholds.
        """
        positive, negative = (np.cumsum(part[::-1]) for part in self.totals(np.ones(len(self.scores))))
        kept = positive > 0
        return _thin_curve((positive / positive[-1])[kept], (positive / (positive + negative))[kept])


def _thin_curve(x: NDArray[np.float64], y: NDArray[np.float64]) -> Curve:
    """Return at most `CURVE_POINTS` points, evenly along the curve to keep its steep start."""
    if len(x) > CURVE_POINTS:
        along = np.r_[0.0, np.cumsum(np.hypot(np.diff(x), np.diff(y)))]
        # Half of the points by length, half on a log scale of x, where the low false-alarm rates lie.
        by_length = np.searchsorted(along, np.linspace(0, along[-1], CURVE_POINTS // 2))
        by_rate = np.searchsorted(x, np.geomspace(max(x[x > 0].min(), 1e-6), x[-1], CURVE_POINTS // 2 - 2))
        pick = np.unique(np.clip(np.r_[0, by_length, by_rate, len(x) - 1], 0, len(x) - 1))
        x, y = x[pick], y[pick]
    return Curve(tuple(np.round(x, 6).tolist()), tuple(np.round(y, 6).tolist()))
