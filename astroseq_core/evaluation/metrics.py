"""Metrics of segment probabilities, each with its interval from resampling stars."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import ModelError
from astroseq_core.evaluation.calibration import ReliabilityBins, reweight_to_base_rate
from astroseq_core.evaluation.segment_report import Confusion, Measured, SegmentReport, SnrBin
from astroseq_core.evaluation.weighted_ranking import FALSE_ALARM_RATE, RankedScores, equal_star_weights

BOOTSTRAP_ROUNDS = 300
STRICT_FALSE_ALARM_RATE = 0.001
#: Edges of the signal-to-noise bins: blind detection fails below the first, and Kepler's search began at 7.1.
SNR_EDGES = (3.0, 5.0, 7.1, 10.0, 20.0, 50.0)
DEFAULT_THRESHOLD = 0.5
#: Smallest share of usable resamplings; with fewer there is no interval.
MIN_USABLE_FRACTION = 0.5

_Weights = NDArray[np.float64]
_Number = Callable[[_Weights], float]


class StarBootstrap:
    """Bootstrap over stars: how often each star is drawn in `ROUNDS` resamplings with replacement.

    Parameters
    ----------
    stars : ndarray of str
        Star of each segment, shape (n,).
    seed : int
        Seed of the resampling.
    """

    def __init__(self, stars: NDArray[np.str_], seed: int) -> None:
        names, self.star = np.unique(stars, return_inverse=True)
        self.num_stars = len(names)
        rng = np.random.default_rng(seed)
        draws = rng.integers(self.num_stars, size=(BOOTSTRAP_ROUNDS, self.num_stars))
        self.times = np.array([np.bincount(row, minlength=self.num_stars) for row in draws], np.float64)

    def measure(self, numbers: dict[str, _Number], weights: _Weights, place: NDArray[np.int64]) -> dict[str, Measured]:
        """Compute numbers and their 95 % intervals.

        Parameters
        ----------
        numbers : dict
            Functions of the weights, by name.
        weights : ndarray of float64
            Weight of each segment, shape (n,).
        place : ndarray of int64
            Index of the segment at each position of the order that the functions expect.

        Returns
        -------
        dict
            Value and interval of each number.
        """
        own, star = weights[place], self.star[place]
        values = {name: number(own) for name, number in numbers.items()}
        drawn: dict[str, list[float]] = {name: [] for name in numbers}
        # Resampling a single star gives the same star every time, so there is no interval.
        for times in self.times if self.num_stars > 1 else ():
            resampled = own * times[star]
            for name, number in numbers.items():
                drawn[name].append(number(resampled))
        return {name: _with_interval(value, np.array(drawn[name])) for name, value in values.items()}


def _with_interval(value: float, drawn: NDArray[np.float64]) -> Measured:
    usable = drawn[np.isfinite(drawn)]
    if len(usable) < MIN_USABLE_FRACTION * BOOTSTRAP_ROUNDS:
        return Measured(value)
    low, high = np.quantile(usable, [0.025, 0.975])
    return Measured(value, float(low), float(high))


def measure_with_interval(number: _Number, weights: _Weights, stars: NDArray[np.str_], seed: int = 0) -> Measured:
    """Compute one number of segments under weights, with its interval from resampling stars.

    Parameters
    ----------
    number : callable
        Function of the weights.
    weights : ndarray of float64
        Weight of each segment, shape (n,).
    stars : ndarray of str
        Star of each segment, shape (n,).
    seed : int, optional
        Seed of the resampling.

    Returns
    -------
    Measured
        Value and interval.
    """
    place = np.arange(len(stars))
    return StarBootstrap(stars, seed).measure({"number": number}, np.asarray(weights, np.float64), place)["number"]


def make_report(
    group: str,
    labels: NDArray[np.int8],
    probability: NDArray[np.floating],
    stars: NDArray[np.str_],
    base_rate: float,
    seed: int = 0,
    *,
    snr: NDArray[np.floating] | None = None,
    threshold: float = DEFAULT_THRESHOLD,
    note: str = "",
) -> SegmentReport:
    """Make the report on segments with known labels, with intervals from resampling whole stars.

    Parameters
    ----------
    group : str
        Name of the group of segments.
    labels : ndarray of int8
        Labels (0 or 1), shape (n,).
    probability : ndarray of float
        Calibrated probabilities, shape (n,).
    stars : ndarray of str
        Star of each segment, shape (n,).
    base_rate : float
        Base rate that calibration is also measured at.
    seed : int, optional
        Seed of the resampling.
    snr : ndarray of float or None, optional
        Signal-to-noise ratio of the strongest transit in each positive segment, shape (n,); NaN
        where unknown.
    threshold : float, optional
        Threshold of the first confusion matrix.
    note : str, optional
        What a reader must know to interpret the numbers.

    Returns
    -------
    SegmentReport
        The report.

    Raises
    ------
    ModelError
        Unless there are segments both with and without transits.
    """
    labels, probability = np.asarray(labels), np.asarray(probability)
    if not (len(labels) and 0 < float(labels.mean()) < 1):
        raise ModelError(f"'{group}' has no segments both with and without transits; nothing can be measured there.")
    resampled, ranked = StarBootstrap(stars, seed), RankedScores(labels, probability)
    whole = resampled.measure(_ranking_metrics(ranked, whole=True), np.ones(len(labels)), ranked.place)
    equal = resampled.measure(_ranking_metrics(ranked, whole=False), equal_star_weights(labels, stars), ranked.place)
    binned, every = ReliabilityBins(ranked.labels, ranked.scores), np.ones(len(labels))
    stated = reweight_to_base_rate(every, ranked.labels, base_rate)
    errors = resampled.measure(
        {"own": binned.error, "stated": lambda w: _ece_at_base_rate(binned, w, base_rate)}, every, ranked.place
    )
    return SegmentReport(
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
        confusions=tuple(_make_confusion(ranked, resampled, at) for at in (threshold, ranked.best_f1_threshold())),
        by_snr=() if snr is None else _snr_bins(labels, probability, np.asarray(snr, np.float64), resampled),
        roc_curve=ranked.roc_curve(),
        pr_curve=ranked.pr_curve(),
        note=note,
        **whole,
        **{f"equal_{name}": value for name, value in equal.items()},
    )


def _ranking_metrics(ranked: RankedScores, *, whole: bool) -> dict[str, _Number]:
    return {
        "roc_auc": ranked.roc_auc,
        "pr_auc": ranked.pr_auc,
        "pr_lift": ranked.pr_lift,
        "log_loss": ranked.log_loss,
        "recall": lambda w: ranked.recall(w, FALSE_ALARM_RATE, whole=whole),
        "recall_strict": lambda w: ranked.recall(w, STRICT_FALSE_ALARM_RATE, whole=whole),
    }


def _ece_at_base_rate(binned: ReliabilityBins, weights: _Weights, base_rate: float) -> float:
    share = float(weights[binned.positive].sum() / weights.sum())
    return binned.error(reweight_to_base_rate(weights, binned.positive, base_rate)) if 0 < share < 1 else math.nan


def _make_confusion(ranked: RankedScores, resampled: StarBootstrap, threshold: float) -> Confusion:
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

    def predicted_positive_rate(weights: _Weights) -> float:
        tp, fp, fn, tn = ranked.counts(weights, threshold)
        return ratio(tp + fp, tp + fp + fn + tn)

    def accuracy(weights: _Weights) -> float:
        tp, fp, fn, tn = ranked.counts(weights, threshold)
        return ratio(tp + tn, tp + fp + fn + tn)

    every = np.ones(len(ranked.scores))
    tp, fp, fn, tn = (round(n) for n in ranked.counts(every, threshold))
    numbers: tuple[_Number, ...] = (precision, recall, f1, predicted_positive_rate, accuracy)
    measured = resampled.measure({number.__name__: number for number in numbers}, every, ranked.place)
    return Confusion(threshold, tp, fp, fn, tn, **measured)


def _snr_bins(
    labels: NDArray[np.int8], probability: NDArray[np.floating], snr: NDArray[np.float64], resampled: StarBootstrap
) -> tuple[SnrBin, ...]:
    """Return each bin that holds a positive: its positives against all negatives."""
    bins = []
    edges = (None, *SNR_EDGES, None)
    # NaN would sort after every edge and count as strong.
    number = np.where(np.isfinite(snr), np.searchsorted(SNR_EDGES, snr, side="right"), -1)
    for k in range(len(edges) - 1):
        positive = (labels == 1) & (number == k)
        if not positive.any():
            continue
        pick = np.flatnonzero(positive | (labels == 0))
        ranked = RankedScores(labels[pick], probability[pick])
        numbers = {n: f for n, f in _ranking_metrics(ranked, whole=True).items() if n in ("roc_auc", "recall", "recall_strict")}
        measured = resampled.measure(numbers, np.ones(len(labels)), pick[ranked.place])
        stars = len(np.unique(resampled.star[positive]))
        if stars == 1:
            # Resampling a single star says nothing about transits of other stars.
            measured = {name: Measured(m.value) for name, m in measured.items()}
        bins.append(SnrBin(edges[k], edges[k + 1], int(positive.sum()), stars, **measured))
    return tuple(bins)
