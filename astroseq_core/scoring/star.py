"""A star's scores, for ranking, made from its segments."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.scoring import evidence
from astroseq_core.scoring.segments import SegmentScores
from astroseq_core.times import Instant

#: The published ranking takes the mean of so many highest segment probabilities.
TOP_K = 5


@dataclass(frozen=True)
class StarScore:
    """Scores of one star; none of them is a probability that it has a planet.

    ``score_max`` and ``score_topk``: highest, and mean of the five highest segment probabilities. ``score_fold``: natural log of
    the likelihood ratio that the best period gathers. ``star_score``, the ranking that is shown: score_topk, which told stars
    with transits from others better than score_fold with the first two models (docs/models.md).
    """

    target_id: str
    mission: str
    num_segments: int
    score_max: float
    score_topk: float
    score_fold: float
    best_period_days: float | None
    best_t0: Instant
    model_id: str

    @property
    def star_score(self) -> float:
        """The score that stars are ranked by."""
        return self.score_topk


def top_k_mean(probability: NDArray[np.floating], k: int = TOP_K) -> float:
    """Mean of the ``k`` highest of (s,), or of all where there are fewer."""
    return float(np.mean(np.sort(probability)[-k:]))


def score_star(scores: Sequence[SegmentScores]) -> StarScore:
    """The star's scores from those of all its observations, at least one, of one instrument and by one model."""
    folded = evidence.fold(evidence.join([s.evidence for s in scores]))
    probability = np.concatenate([s.probability for s in scores])
    first = scores[0]
    return StarScore(
        target_id=first.target_id,
        mission=first.instrument,
        num_segments=len(probability),
        score_max=float(probability.max()),
        score_topk=top_k_mean(probability),
        score_fold=folded.score,
        best_period_days=folded.period_days,
        best_t0=Instant(folded.t0_days, first.system),
        model_id=first.model_id,
    )
