"""How good segment probabilities are, each number with its interval from resampling stars."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import ModelError
from astroseq_core.training.ranking import FALSE_ALARM_RATE, Ranked, equal_weights, recall_at
from astroseq_core.training.reliability import Binned, at_base_rate, class_weights, reliability
from astroseq_core.training.report import Confusion, Measured, Report, SnrBin

__all__ = ["Measured", "Report", "class_weights", "measure", "recall_at", "reliability", "report"]

ROUNDS = 300
STRICT_RATE = 0.001
#: Edges of the bins of signal-to-noise: blind detection fails under the first, and 7.1 is where Kepler's search began.
SNR_EDGES = (3.0, 5.0, 7.1, 10.0, 20.0, 50.0)
THRESHOLD = 0.5
#: With a smaller part of the resamplings usable there is no interval.
LEAST_USABLE = 0.5

_Weights = NDArray[np.float64]
_Number = Callable[[_Weights], float]


class Resampled:
    """How often each star is drawn in ROUNDS resamplings of all of them with replacement, for each segment (n,)."""

    def __init__(self, stars: NDArray[np.str_], seed: int) -> None:
        names, self.star = np.unique(stars, return_inverse=True)
        self.num_stars = len(names)
        rng = np.random.default_rng(seed)
        draws = rng.integers(self.num_stars, size=(ROUNDS, self.num_stars))
        self.times = np.array([np.bincount(row, minlength=self.num_stars) for row in draws], np.float64)

    def measure(self, numbers: dict[str, _Number], weights: _Weights, place: NDArray[np.int64]) -> dict[str, Measured]:
        """Each number under the weights (n,), with its interval; ``place`` puts segments into the order that numbers take."""
        own, star = weights[place], self.star[place]
        values = {name: number(own) for name, number in numbers.items()}
        drawn: dict[str, list[float]] = {name: [] for name in numbers}
        # One star drawn again and again is always itself: that is no interval.
        for times in self.times if self.num_stars > 1 else ():
            resampled = own * times[star]
            for name, number in numbers.items():
                drawn[name].append(number(resampled))
        return {name: _with_interval(value, np.array(drawn[name])) for name, value in values.items()}


def _with_interval(value: float, drawn: NDArray[np.float64]) -> Measured:
    usable = drawn[np.isfinite(drawn)]
    if len(usable) < LEAST_USABLE * ROUNDS:
        return Measured(value)
    low, high = np.quantile(usable, [0.025, 0.975])
    return Measured(value, float(low), float(high))


def measure(number: _Number, weights: _Weights, stars: NDArray[np.str_], seed: int = 0) -> Measured:
    """Any number of segments (n,) under weights (n,), with its interval from resampling stars."""
    place = np.arange(len(stars))
    return Resampled(stars, seed).measure({"number": number}, np.asarray(weights, np.float64), place)["number"]


def report(
    group: str,
    labels: NDArray[np.int8],
    probability: NDArray[np.floating],
    stars: NDArray[np.str_],
    base_rate: float,
    seed: int = 0,
    *,
    snr: NDArray[np.floating] | None = None,
    threshold: float = THRESHOLD,
    note: str = "",
) -> Report:
    """The report on segments (n,) of known labels (0 or 1), with intervals from resampling whole stars.

    ``base_rate``: the one that calibration is also judged at; ``snr`` (n,): of the strongest transit in each positive segment,
    NaN where it is not known; ``threshold``: for the first confusion matrix. Raises ModelError unless both classes are there.
    """
    labels, probability = np.asarray(labels), np.asarray(probability)
    if not (len(labels) and 0 < float(labels.mean()) < 1):
        raise ModelError(f"'{group}' has no segments both with and without transits; nothing can be measured there.")
    resampled, ranked = Resampled(stars, seed), Ranked(labels, probability)
    whole = resampled.measure(_ranking(ranked, whole=True), np.ones(len(labels)), ranked.place)
    equal = resampled.measure(_ranking(ranked, whole=False), equal_weights(labels, stars), ranked.place)
    binned, every = Binned(ranked.labels, ranked.scores), np.ones(len(labels))
    stated = at_base_rate(every, ranked.labels, base_rate)
    errors = resampled.measure(
        {"own": binned.error, "stated": lambda w: _error_at(binned, w, base_rate)}, every, ranked.place
    )  # fmt: skip
    return Report(
        group=group,
        segments=len(labels),
        stars=resampled.num_stars,
        positives=int(ranked.labels.sum()),
        base_rate=float(labels.mean()),
        stated_base_rate=base_rate,
        ece=errors["stated"].value,
        ece_interval=errors["stated"],
        own_ece=errors["own"],
        reliability=binned.rows(stated),
        own_reliability=binned.rows(every),
        confusions=tuple(_confusion(ranked, resampled, at) for at in (threshold, ranked.best_f1_threshold())),
        by_snr=() if snr is None else _by_snr(labels, probability, np.asarray(snr, np.float64), resampled),
        roc_curve=ranked.roc_curve(),
        pr_curve=ranked.pr_curve(),
        note=note,
        **whole,
        **{f"equal_{name}": value for name, value in equal.items()},
    )


def _ranking(ranked: Ranked, *, whole: bool) -> dict[str, _Number]:
    return {
        "roc_auc": ranked.roc_auc,
        "pr_auc": ranked.pr_auc,
        "pr_lift": ranked.pr_lift,
        "log_loss": ranked.log_loss,
        "recall": lambda w: ranked.recall(w, FALSE_ALARM_RATE, whole=whole),
        "recall_strict": lambda w: ranked.recall(w, STRICT_RATE, whole=whole),
    }


def _error_at(binned: Binned, weights: _Weights, base_rate: float) -> float:
    share = float(weights[binned.positive].sum() / weights.sum())
    return binned.error(at_base_rate(weights, binned.positive, base_rate)) if 0 < share < 1 else math.nan


def _confusion(ranked: Ranked, resampled: Resampled, threshold: float) -> Confusion:
    def ratio(over: float, under: float) -> float:
        return over / under if under > 0 else math.nan

    def precision(weights: _Weights) -> float:
        tp, fp, _, _ = ranked.counts(weights, threshold)
        return ratio(tp, tp + fp)

    def recall(weights: _Weights) -> float:
        tp, _, fn, _ = ranked.counts(weights, threshold)
        return ratio(tp, tp + fn)

    def f1(weights: _Weights) -> float:
        tp, fp, fn, _ = ranked.counts(weights, threshold)
        return ratio(2 * tp, 2 * tp + fp + fn)

    every = np.ones(len(ranked.scores))
    tp, fp, fn, tn = (round(n) for n in ranked.counts(every, threshold))
    numbers: dict[str, _Number] = {"precision": precision, "recall": recall, "f1": f1}
    m = resampled.measure(numbers, every, ranked.place)
    return Confusion(threshold, tp, fp, fn, tn, m["precision"], m["recall"], m["f1"])


def _by_snr(
    labels: NDArray[np.int8], probability: NDArray[np.floating], snr: NDArray[np.float64], resampled: Resampled
) -> tuple[SnrBin, ...]:
    """Each bin that holds a positive: its positives against all negatives."""
    bins = []
    edges = (None, *SNR_EDGES, None)
    # NaN sorts behind every edge and must not pass for strong.
    number = np.where(np.isfinite(snr), np.searchsorted(SNR_EDGES, snr, side="right"), -1)
    for k in range(len(edges) - 1):
        positive = (labels == 1) & (number == k)
        if not positive.any():
            continue
        pick = np.flatnonzero(positive | (labels == 0))
        ranked = Ranked(labels[pick], probability[pick])
        numbers = {n: f for n, f in _ranking(ranked, whole=True).items() if n in ("roc_auc", "recall", "recall_strict")}
        measured = resampled.measure(numbers, np.ones(len(labels)), pick[ranked.place])
        stars = len(np.unique(resampled.star[positive]))
        if stars == 1:
            # Resampling cannot say how another star's transits would have fared.
            measured = {name: Measured(m.value) for name, m in measured.items()}
        bins.append(SnrBin(edges[k], edges[k + 1], int(positive.sum()), stars, **measured))
    return tuple(bins)
