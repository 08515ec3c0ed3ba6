"""How well scores rank segments, with any weight for each: what resampling stars and weighting them equally both need."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FALSE_ALARM_RATE = 0.01
#: Probabilities are kept so far from 0 and 1 where their logarithm is taken.
SMALLEST_PROBABILITY = 1e-7
#: A curve is thinned to so many points.
CURVE_POINTS = 200


@dataclass(frozen=True)
class Curve:
    """Points of a curve, ``x`` rising: false-alarm rate and recall of a ROC curve, recall and precision of a PR curve."""

    x: tuple[float, ...]
    y: tuple[float, ...]


def recall_at(labels: NDArray[np.int8], scores: NDArray[np.floating], rate: float = FALSE_ALARM_RATE) -> float:
    """Share of positives above the score that a share ``rate`` of the negatives exceeds."""
    return float(np.mean(scores[labels == 1] > np.quantile(scores[labels == 0], 1 - rate)))


def weighted_quantile(values: NDArray[np.floating], weights: NDArray[np.float64], share: float) -> float:
    """The smallest of the values (n,) with at least that share of all weight (n,) at or below it."""
    order = np.argsort(values, kind="stable")
    return float(_step_quantile(values[order], weights[order], share))


def _step_quantile(rising: NDArray[np.floating], weights: NDArray[np.float64], share: float) -> float:
    place = int(np.searchsorted(np.cumsum(weights) / weights.sum(), share))
    return float(rising[min(place, len(rising) - 1)])


def _repeated_quantile(rising: NDArray[np.floating], times: NDArray[np.float64], share: float) -> float:
    """``numpy.quantile`` of values that each stand there a whole number of ``times``."""
    upto = np.cumsum(times)
    place = share * (upto[-1] - 1)
    low, high = (float(rising[np.searchsorted(upto, side, side="right")]) for side in (np.floor(place), np.ceil(place)))
    return low + (high - low) * float(place - np.floor(place))


def equal_weights(labels: NDArray[np.int8], stars: NDArray[np.str_]) -> NDArray[np.float64]:
    """Weights (n,) under which the positives of every star count 1 together, and its negatives too."""
    _, star = np.unique(stars, return_inverse=True)
    group = star * 2 + (labels == 1)
    return np.asarray(1.0 / np.bincount(group)[group])


class Ranked:
    """Labels and scores in rising order of score, ready to be measured under many weights.

    Every method takes ``weights`` (n,) in that order (``place`` says which segment stands where) and gives NaN where one class
    has no weight. Ties count half, as in scikit-learn, whose functions these equal.
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
        """Weight of the positives and of the negatives at each different score, in rising order."""
        positive = np.add.reduceat(np.where(self.labels, weights, 0.0), self.ties)
        return positive, np.add.reduceat(np.where(self.labels, 0.0, weights), self.ties)

    def base_rate(self, weights: NDArray[np.float64]) -> float:
        """Share of the weight that is positive."""
        return float(weights[self.labels].sum() / weights.sum())

    def roc_auc(self, weights: NDArray[np.float64]) -> float:
        """Chance that a positive is above a negative."""
        positive, negative = self.totals(weights)
        both = positive.sum() * negative.sum()
        return float(np.sum(positive * (np.cumsum(negative) - negative / 2)) / both) if both > 0 else float("nan")

    def pr_auc(self, weights: NDArray[np.float64]) -> float:
        """Average precision: the precision at each positive, averaged."""
        positive, negative = (part[::-1] for part in self.totals(weights))
        if not (positive.sum() > 0 and negative.sum() > 0):
            return float("nan")
        found, alarms = np.cumsum(positive), np.cumsum(positive) + np.cumsum(negative)
        return float(np.sum(positive * found / np.maximum(alarms, 1e-300)) / found[-1])

    def pr_lift(self, weights: NDArray[np.float64]) -> float:
        """Average precision over what chance has, the base rate."""
        rate = self.base_rate(weights)
        return self.pr_auc(weights) / rate if rate > 0 else float("nan")

    def log_loss(self, weights: NDArray[np.float64]) -> float:
        """Mean negative log-likelihood of the labels, natural log."""
        return float(np.average(self.losses, weights=weights))

    def threshold(self, weights: NDArray[np.float64], rate: float, *, whole: bool) -> float:
        """The score that a share ``rate`` of the negatives' weight exceeds.

        ``whole``: weights are how often each segment was drawn, and the quantile is interpolated as numpy's is.
        """
        pick = ~self.labels & (weights > 0)
        if not pick.any():
            return float("nan")
        return (_repeated_quantile if whole else _step_quantile)(self.scores[pick], weights[pick], 1 - rate)

    def recall(self, weights: NDArray[np.float64], rate: float, *, whole: bool) -> float:
        """Share of the positives' weight above that threshold."""
        own = weights[self.labels]
        threshold = self.threshold(weights, rate, whole=whole)
        if not own.sum() > 0 or np.isnan(threshold):
            return float("nan")
        return float(np.average(self.scores[self.labels] > threshold, weights=own))

    def counts(self, weights: NDArray[np.float64], threshold: float) -> tuple[float, float, float, float]:
        """Weight of true positives, false positives, false negatives, true negatives; at the threshold counts as above."""
        above = self.scores >= threshold
        tp, fp = float(weights[above & self.labels].sum()), float(weights[above & ~self.labels].sum())
        return tp, fp, float(weights[self.labels].sum()) - tp, float(weights[~self.labels].sum()) - fp

    def best_f1_threshold(self, weights: NDArray[np.float64] | None = None) -> float:
        """The score that, as a threshold, gives the highest F1 on these segments; without weights each counts once."""
        own = np.ones(len(self.scores)) if weights is None else weights
        positive, negative = (np.cumsum(part[::-1]) for part in self.totals(own))
        # F1 = 2 TP / (TP + FP + all positives)
        f1 = 2 * positive / (positive + negative + positive[-1])
        return float(self.scores[self.ties][::-1][int(np.argmax(f1))])

    def roc_curve(self) -> Curve:
        """False-alarm rate and recall at falling thresholds, thinned; recall is 0 at the first point."""
        positive, negative = (np.r_[0.0, np.cumsum(part[::-1])] for part in self.totals(np.ones(len(self.scores))))
        return _thinned(negative / negative[-1], positive / positive[-1])

    def pr_curve(self) -> Curve:
        """Recall and precision at falling thresholds, thinned."""
        positive, negative = (np.cumsum(part[::-1]) for part in self.totals(np.ones(len(self.scores))))
        kept = positive > 0
        return _thinned((positive / positive[-1])[kept], (positive / (positive + negative))[kept])


def _thinned(x: NDArray[np.float64], y: NDArray[np.float64]) -> Curve:
    """At most CURVE_POINTS points, evenly along the curve's own length, so that its steep start stays."""
    if len(x) > CURVE_POINTS:
        along = np.r_[0.0, np.cumsum(np.hypot(np.diff(x), np.diff(y)))]
        # Half of the points by length, half on a log scale of x, where the low false-alarm rates lie.
        by_length = np.searchsorted(along, np.linspace(0, along[-1], CURVE_POINTS // 2))
        by_rate = np.searchsorted(x, np.geomspace(max(x[x > 0].min(), 1e-6), x[-1], CURVE_POINTS // 2 - 2))
        pick = np.unique(np.clip(np.r_[0, by_length, by_rate, len(x) - 1], 0, len(x) - 1))
        x, y = x[pick], y[pick]
    return Curve(tuple(np.round(x, 6).tolist()), tuple(np.round(y, 6).tolist()))
