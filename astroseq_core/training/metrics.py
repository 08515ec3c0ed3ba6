"""How good segment probabilities are, each number with its interval from resampling stars."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROUNDS = 300
FALSE_ALARM_RATE = 0.01
RELIABILITY_BINS = 10


@dataclass(frozen=True)
class Measured:
    """One number and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Report:
    """What was measured, on how many segments of how many stars, at which base rate.

    ``recall``: share of the segments with transits above the threshold that one in a hundred of the others exceeds; ``ece``:
    expected calibration error at the base rate stated in the card; ``reliability``: rows of (mean probability, share with a
    transit, segments) in ten bins.
    """

    group: str
    segments: int
    stars: int
    base_rate: float
    roc_auc: Measured
    pr_auc: Measured
    recall: Measured
    ece: float
    reliability: tuple[tuple[float, float, int], ...]

    def to_dict(self) -> dict[str, Any]:
        """The report as plain JSON values."""
        return asdict(self) | {"reliability": [list(row) for row in self.reliability]}


def recall_at(labels: NDArray[np.int8], scores: NDArray[np.floating], rate: float = FALSE_ALARM_RATE) -> float:
    """Share of positives above the score that a share ``rate`` of the negatives exceeds."""
    return float(np.mean(scores[labels == 1] > np.quantile(scores[labels == 0], 1 - rate)))


def class_weights(labels: NDArray[np.int8], base_rate: float) -> NDArray[np.float64]:
    """Weights (n,), mean 1, under which a share ``base_rate`` is positive."""
    own = float(labels.mean())
    return np.where(labels == 1, base_rate / own, (1 - base_rate) / (1 - own))


def reliability(
    labels: NDArray[np.int8], probability: NDArray[np.floating], weights: NDArray[np.float64], bins: int = RELIABILITY_BINS
) -> tuple[tuple[tuple[float, float, int], ...], float]:
    """Rows of (mean probability, share of positives, count) in equal bins, and their mean distance weighted by the counts."""
    place = np.minimum((probability * bins).astype(np.int64), bins - 1)
    total = np.bincount(place, weights, bins)
    mean = np.bincount(place, weights * probability, bins) / np.maximum(total, 1e-12)
    share = np.bincount(place, weights * labels, bins) / np.maximum(total, 1e-12)
    count = np.bincount(place, minlength=bins)
    rows = tuple((float(m), float(s), int(n)) for m, s, n in zip(mean, share, count, strict=True) if n)
    return rows, float(np.sum(total * np.abs(mean - share)) / total.sum())


def report(
    group: str,
    labels: NDArray[np.int8],
    probability: NDArray[np.floating],
    stars: NDArray[np.str_],
    base_rate: float,
    seed: int = 0,
) -> Report:
    """The report on segments (n,) of known labels (0 or 1, both present); intervals from resampling whole stars."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    functions: dict[str, Callable[[Any, Any], float]] = {
        "roc_auc": roc_auc_score, "pr_auc": average_precision_score, "recall": recall_at,
    }  # fmt: skip
    _, star = np.unique(stars, return_inverse=True)
    members = np.split(np.argsort(star, kind="stable"), np.cumsum(np.bincount(star))[:-1])
    rng = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(ROUNDS):
        pick = np.concatenate([members[i] for i in rng.integers(len(members), size=len(members))])
        if 0 < labels[pick].mean() < 1:
            for name, function in functions.items():
                drawn[name].append(float(function(labels[pick], probability[pick])))
    measured = {
        name: Measured(float(function(labels, probability)), *(float(q) for q in np.quantile(drawn[name], [0.025, 0.975])))
        for name, function in functions.items()
    }
    rows, error = reliability(labels, probability, class_weights(labels, base_rate))
    own = float(labels.mean())
    return Report(group=group, segments=len(labels), stars=len(members), base_rate=own, ece=error, reliability=rows, **measured)
