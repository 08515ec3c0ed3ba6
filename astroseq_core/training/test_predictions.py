"""Test predictions: confusion at any threshold, ranking of stars, and the worst mistakes."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError
from astroseq_core.evaluation.segment_report import Confusion, Measured
from astroseq_core.evaluation.weighted_ranking import FALSE_ALARM_RATE, RankedScores

#: Name of the group of segments that no report covers.
OTHERS_GROUP = "others"
#: Names of the scores that stars can be ranked by.
STAR_SCORE_NAMES = ("topk", "max")


@dataclass(frozen=True, eq=False)
class WorstTestSegment:
    """A wrongly classified segment, the worst of its star.

    Attributes
    ----------
    label : int
        1 if it holds a transit but lies below the threshold; 0 if it holds none.
    star : str
        Name of its star.
    group : str
        Name of its group.
    probability : float
        Its calibrated probability.
    snr : float
        Signal-to-noise ratio of its transit; 0 if it holds none.
    others : int
        Number of further such mistakes of the same star.
    values : ndarray of float32
        First flux channel of the segment, shape (window,); NaN where there is no cadence.
    inside : ndarray of bool
        Which grid points are in transit, shape (window,).
    """

    label: int
    star: str
    group: str
    probability: float
    snr: float
    others: int
    values: NDArray[np.float32]
    inside: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class RankedStars:
    """Stars of a group, the highest score first.

    Attributes
    ----------
    score_name : str
        Name of the score.
    stars : ndarray of str
        Names of the stars, shape (s,).
    score : ndarray of float32
        Scores of the stars, shape (s,).
    has_transits : ndarray of bool
        Whether any segment of the star holds a transit, shape (s,).
    roc_auc : float
        Probability that a star with transits ranks above one without; NaN unless there are both.
    """

    score_name: str
    stars: NDArray[np.str_]
    score: NDArray[np.float32]
    has_transits: NDArray[np.bool_]
    roc_auc: float


@dataclass(frozen=True, eq=False)
class TestPredictions:
    """Predictions for the test segments of a run, as returned by `kept_test.load`.

    The `rank_` arrays have one row for each star of a group, computed from all of its segments.

    Attributes
    ----------
    labels : ndarray of int8
        Labels (0 or 1), shape (n,).
    probability : ndarray of float32
        Calibrated probabilities, shape (n,).
    snr : ndarray of float32
        Signal-to-noise ratio of the strongest transit, shape (n,).
    weight : ndarray of float64
        Number of segments of its group and label that each one represents, shape (n,); 1 unless
        there were too many to keep.
    star_index : ndarray of int32
        Index into `star_names`, shape (n,).
    group_index : ndarray of int8
        Index into `group_names`, shape (n,).
    star_names : ndarray of str
        Names of the stars.
    group_names : ndarray of str
        Names of the groups.
    rank_star : ndarray of int32
        Index of the star into `star_names`, shape (r,).
    rank_group : ndarray of int8
        Index of the group into `group_names`, shape (r,).
    rank_max : ndarray of float32
        Highest probability, shape (r,).
    rank_topk : ndarray of float32
        Mean of the `TOP_K` highest probabilities, shape (r,).
    rank_positives : ndarray of int32
        Number of segments with a transit, shape (r,).
    mistakes : tuple of WorstTestSegment
        False alarms and misses, the worst first.
    channel : str
        Name of the channel that the mistakes show.
    """

    __test__ = False

    labels: NDArray[np.int8]
    probability: NDArray[np.float32]
    snr: NDArray[np.float32]
    weight: NDArray[np.float64]
    star_index: NDArray[np.int32]
    group_index: NDArray[np.int8]
    star_names: NDArray[np.str_]
    group_names: NDArray[np.str_]
    rank_star: NDArray[np.int32]
    rank_group: NDArray[np.int8]
    rank_max: NDArray[np.float32]
    rank_topk: NDArray[np.float32]
    rank_positives: NDArray[np.int32]
    mistakes: tuple[WorstTestSegment, ...]
    channel: str

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def star(self) -> NDArray[np.str_]:
        """Star of each segment, shape (n,)."""
        return np.asarray(self.star_names[self.star_index])

    @property
    def group(self) -> NDArray[np.str_]:
        """Group of each segment, shape (n,)."""
        return np.asarray(self.group_names[self.group_index])

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups that have a report, in order."""
        return tuple(str(g) for g in self.group_names if g != OTHERS_GROUP)

    @property
    def is_subsampled(self) -> bool:
        """Whether the segments are a weighted subsample of all test segments."""
        return bool(np.any(self.weight != 1))

    def group_mask(self, group: str | None) -> NDArray[np.bool_]:
        """Return which segments belong to a group.

        Parameters
        ----------
        group : str or None
            Name of the group; None for all.

        Returns
        -------
        ndarray of bool
            Mask of the segments, shape (n,).

        Raises
        ------
        SettingsError
            If there is no such group.
        """
        if group is None:
            return np.ones(len(self), bool)
        known = [str(g) for g in self.group_names]
        if group not in known:
            raise SettingsError(f"There are no test segments of '{group}'; use {' or '.join(known)}.")
        return np.asarray(self.group_index == known.index(group))

    @cached_property
    def _ranked(self) -> dict[str | None, tuple[RankedScores, NDArray[np.float64]]]:
        return {}

    def _sorted(self, group: str | None) -> tuple[RankedScores, NDArray[np.float64]]:
        """Return the group's segments sorted by probability, and their weights; cached."""
        if group not in self._ranked:
            pick = np.flatnonzero(self.group_mask(group))
            ranked = RankedScores(self.labels[pick], self.probability[pick])
            self._ranked[group] = ranked, self.weight[pick][ranked.place]
        return self._ranked[group]

    def confusion(self, threshold: float, group: str | None = None) -> Confusion:
        """Return the confusion matrix at a threshold.

        Counts are rounded where segments were subsampled. There are no intervals.

        Parameters
        ----------
        threshold : float
            Probabilities at or above it count as transits.
        group : str or None, optional
            Name of the group; None for all.

        Returns
        -------
        Confusion
            The confusion matrix, precision, recall and F1.

        Raises
        ------
        SettingsError
            If there is no such group.
        """
        ranked, weights = self._sorted(group)
        tp, fp, fn, tn = ranked.counts(weights, threshold)
        precision, recall, f1 = (_ratio(tp, tp + fp), _ratio(tp, tp + fn), _ratio(2 * tp, 2 * tp + fp + fn))
        every = tp + fp + fn + tn
        rates = (precision, recall, f1, _ratio(tp + fp, every), _ratio(tp + tn, every))
        return Confusion(threshold, round(tp), round(fp), round(fn), round(tn), *map(Measured, rates))

    def best_threshold(self, group: str | None = None) -> float:
        """Return the threshold with the highest F1 on these segments.

        Parameters
        ----------
        group : str or None, optional
            Name of the group; None for all.

        Returns
        -------
        float
            The threshold.

        Raises
        ------
        SettingsError
            If there is no such group.
        """
        ranked, weights = self._sorted(group)
        return ranked.best_f1_threshold(weights)

    def alarm_threshold(self, group: str | None = None, rate: float = FALSE_ALARM_RATE) -> float:
        """Return the probability that a share of the segments without a transit exceeds.

        Parameters
        ----------
        group : str or None, optional
            Name of the group; None for all.
        rate : float, optional
            The share of segments without a transit.

        Returns
        -------
        float
            The threshold; NaN if every segment holds a transit.

        Raises
        ------
        SettingsError
            If there is no such group.
        """
        ranked, weights = self._sorted(group)
        return ranked.threshold(weights, rate, whole=not self.is_subsampled)

    def star_ranking(self, group: str | None = None, score: str = "topk") -> RankedStars:
        """Rank the stars by their segments' probabilities.

        All segments of a star count, including those of its copies with injected transits.

        Parameters
        ----------
        group : str or None, optional
            Name of the group; None for all.
        score : str, optional
            "topk" (mean of the `TOP_K` highest probabilities) or "max" (the highest).

        Returns
        -------
        RankedStars
            The stars, the highest score first.

        Raises
        ------
        SettingsError
            If the score or the group is unknown.
        """
        if score not in STAR_SCORE_NAMES:
            raise SettingsError(f"'{score}' is no score of stars here; use {' or '.join(STAR_SCORE_NAMES)}.")
        self.group_mask(group)
        pick = np.arange(len(self.rank_star)) if group is None else np.flatnonzero(self.group_names[self.rank_group] == group)
        values = (self.rank_topk if score == "topk" else self.rank_max)[pick]
        has = self.rank_positives[pick] > 0
        order = np.argsort(-values, kind="stable")
        area = RankedScores(has.astype(np.int8), values).roc_auc(np.ones(len(pick)))
        return RankedStars(score, self.star_names[self.rank_star[pick]][order], values[order], has[order], area)

    def false_alarms(self, group: str | None = None) -> tuple[WorstTestSegment, ...]:
        """Return the segments without a transit that have the highest probability, one per star.

        Parameters
        ----------
        group : str or None, optional
            Name of the group; None for all.

        Returns
        -------
        tuple of WorstTestSegment
            The worst first.
        """
        return self._mistakes(group, 0)

    def misses(self, group: str | None = None) -> tuple[WorstTestSegment, ...]:
        """Return the strongest transits below the 1 % false-alarm threshold, one per star.

        Parameters
        ----------
        group : str or None, optional
            Name of the group; None for all.

        Returns
        -------
        tuple of WorstTestSegment
            The strongest first.
        """
        return self._mistakes(group, 1)

    def _mistakes(self, group: str | None, label: int) -> tuple[WorstTestSegment, ...]:
        return tuple(m for m in self.mistakes if m.label == label and group in (None, m.group))


def _ratio(over: float, under: float) -> float:
    return over / under if under > 0 else math.nan
