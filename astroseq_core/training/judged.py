"""Judged test segments: what any threshold calls them, how they rank their stars, and the worst mistakes among them."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError
from astroseq_core.training.ranking import FALSE_ALARM_RATE, Ranked
from astroseq_core.training.report import Confusion, Measured

#: The group of segments that no report is about.
OTHERS = "others"
#: Scores that stars can be ranked by.
STAR_SCORES = ("topk", "max")


@dataclass(frozen=True, eq=False)
class Mistake:
    """A segment that was judged wrongly, the worst of its star.

    ``label`` 1: it holds a transit of signal-to-noise ``snr`` and lies below the threshold; 0: it holds none (``snr`` 0).
    ``values`` (window,): its first channel, NaN where there is no cadence; ``inside`` (window,): in transit. ``others``: how many
    more segments of the star are such mistakes.
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
    """Stars of a group, the highest score first: ``stars`` (s,), ``score`` (s,), ``has_transits`` (s,) in any segment.

    ``roc_auc``: chance that a star with transits is above one without, NaN unless there are both.
    """

    score_name: str
    stars: NDArray[np.str_]
    score: NDArray[np.float32]
    has_transits: NDArray[np.bool_]
    roc_auc: float


@dataclass(frozen=True, eq=False)
class TestSegments:
    """The test segments of a run; made by kept_test.load.

    ``labels`` (n,) 0 or 1, ``probability`` (n,) calibrated, ``snr`` (n,) of the strongest transit, ``star_index`` (n,) into
    ``star_names``, ``group_index`` (n,) into ``group_names``. ``weight`` (n,): for how many segments of its group and label each
    stands; 1 unless there were too many to keep. ``rank_star``, ``rank_group`` (indices), ``rank_max``, ``rank_topk``
    (highest probability, mean of the five highest), ``rank_positives``: a row for each star of a group, from all its segments.
    ``mistakes``: false alarms and misses, the worst first; ``channel``: what they show.
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
    mistakes: tuple[Mistake, ...]
    channel: str

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def star(self) -> NDArray[np.str_]:
        """Each segment's star (n,)."""
        return np.asarray(self.star_names[self.star_index])

    @property
    def group(self) -> NDArray[np.str_]:
        """Each segment's group (n,)."""
        return np.asarray(self.group_names[self.group_index])

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that reports are about, in their order."""
        return tuple(str(g) for g in self.group_names if g != OTHERS)

    @property
    def is_drawn(self) -> bool:
        """Whether these segments stand for more than were kept."""
        return bool(np.any(self.weight != 1))

    def of(self, group: str | None) -> NDArray[np.bool_]:
        """Which segments (n,) are of the group, of all groups where None; raises SettingsError for one that is not there."""
        if group is None:
            return np.ones(len(self), bool)
        known = [str(g) for g in self.group_names]
        if group not in known:
            raise SettingsError(f"There are no test segments of '{group}'; use {' or '.join(known)}.")
        return np.asarray(self.group_index == known.index(group))

    @cached_property
    def _ranked(self) -> dict[str | None, tuple[Ranked, NDArray[np.float64]]]:
        return {}

    def _sorted(self, group: str | None) -> tuple[Ranked, NDArray[np.float64]]:
        """The group's segments in order of probability, and their weights in that order; kept, for a threshold moves often."""
        if group not in self._ranked:
            pick = np.flatnonzero(self.of(group))
            ranked = Ranked(self.labels[pick], self.probability[pick])
            self._ranked[group] = ranked, self.weight[pick][ranked.place]
        return self._ranked[group]

    def confusion(self, threshold: float, group: str | None = None) -> Confusion:
        """What a threshold calls the segments of a group, or all; counts are rounded where segments were drawn, no intervals."""
        ranked, weights = self._sorted(group)
        tp, fp, fn, tn = ranked.counts(weights, threshold)
        precision, recall, f1 = (_ratio(tp, tp + fp), _ratio(tp, tp + fn), _ratio(2 * tp, 2 * tp + fp + fn))
        counts = (round(tp), round(fp), round(fn), round(tn))
        return Confusion(threshold, *counts, Measured(precision), Measured(recall), Measured(f1))

    def best_threshold(self, group: str | None = None) -> float:
        """The probability that, as a threshold, gives the highest F1 on these very segments."""
        ranked, weights = self._sorted(group)
        return ranked.best_f1_threshold(weights)

    def alarm_threshold(self, group: str | None = None, rate: float = FALSE_ALARM_RATE) -> float:
        """The probability that a share ``rate`` of the segments without a transit exceeds; NaN where there is none."""
        ranked, weights = self._sorted(group)
        return ranked.threshold(weights, rate, whole=not self.is_drawn)

    def star_ranking(self, group: str | None = None, score: str = "topk") -> RankedStars:
        """Stars by the mean of their five highest probabilities ("topk") or by the highest ("max"), as stars are scored.

        All segments of a star count, those of its copies with injected transits too. Raises SettingsError for another score.
        """
        if score not in STAR_SCORES:
            raise SettingsError(f"'{score}' is no score of stars here; use {' or '.join(STAR_SCORES)}.")
        self.of(group)
        pick = np.arange(len(self.rank_star)) if group is None else np.flatnonzero(self.group_names[self.rank_group] == group)
        values = (self.rank_topk if score == "topk" else self.rank_max)[pick]
        has = self.rank_positives[pick] > 0
        order = np.argsort(-values, kind="stable")
        area = Ranked(has.astype(np.int8), values).roc_auc(np.ones(len(pick)))
        return RankedStars(score, self.star_names[self.rank_star[pick]][order], values[order], has[order], area)

    def false_alarms(self, group: str | None = None) -> tuple[Mistake, ...]:
        """The loudest segments without a transit, one a star."""
        return self._mistakes(group, 0)

    def misses(self, group: str | None = None) -> tuple[Mistake, ...]:
        """The strongest transits below the probability that one in a hundred of the others exceeds, one a star."""
        return self._mistakes(group, 1)

    def _mistakes(self, group: str | None, label: int) -> tuple[Mistake, ...]:
        return tuple(m for m in self.mistakes if m.label == label and group in (None, m.group))


def _ratio(over: float, under: float) -> float:
    return over / under if under > 0 else math.nan
