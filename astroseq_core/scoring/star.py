"""A star's scores, for ranking, made from its segments."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.scoring import evidence, folding
from astroseq_core.scoring.segments import SegmentScores
from astroseq_core.times import Instant

#: The published ranking takes the mean of so many highest segment probabilities.
TOP_K = 5
#: Which of the scores stars are ranked by: score_max, score_topk, score_noisy_or or score_fold. score_fold was
#: best at telling transits injected into the calibration stars of tess-2min-v2 from copies without (docs/results.md).
RANKED_BY = "score_fold"
#: A probability counts in noisy-or as no nearer to 1 than this: what float32 can tell from it.
LEAST_LEFT = 1e-7


@dataclass(frozen=True)
class StarScore:
    """Scores of one star; none of them is a probability that it has a planet.

    ``score_max`` and ``score_topk``: highest, and mean of the five highest segment probabilities. ``score_noisy_or``: minus the
    natural log of the probability that not one of its segments holds a transit. ``score_fold``: natural log of the likelihood
    ratio of the best period or single transit, less that of the number of trials.

    ``best_period_days`` None is a single transit; ``best_t0`` a mid-transit, near the middle of the data where it repeats;
    ``num_transits``: those observed. Errors are one sigma. ``false_alarm_probability``: see scoring.false_alarm; None where it
    was not asked for.
    """

    target_id: str
    mission: str
    num_segments: int
    score_max: float
    score_topk: float
    score_noisy_or: float
    score_fold: float
    best_period_days: float | None
    best_t0: Instant
    best_duration_hours: float
    period_err_days: float | None
    t0_err_days: float
    duration_err_hours: float
    num_transits: int
    model_id: str
    false_alarm_probability: float | None = None

    @property
    def star_score(self) -> float:
        """The score that stars are ranked by."""
        return float(getattr(self, RANKED_BY))


def top_k_mean(probability: NDArray[np.floating], k: int = TOP_K) -> float:
    """Mean of the ``k`` highest of (s,), or of all where there are fewer."""
    return float(np.mean(np.sort(probability)[-k:]))


def noisy_or(probability: NDArray[np.floating], t_start: NDArray[np.float64], t_stop: NDArray[np.float64]) -> float:
    """-ln prod(1 - p) over segments (s,) that do not overlap, in nats: it does not saturate where 1 - prod(1 - p) does.

    Which segments to take is open, so the mean over all choices is given: each chain begins at one of the segments that overlap
    the first and goes on with the next that begins after the last has ended. The segments must be in order of their starts.
    """
    each = -np.log(np.maximum(1.0 - np.asarray(probability, np.float64), LEAST_LEFT))
    following = np.searchsorted(t_start, t_stop, side="right")
    chains = int(following[0])
    totals = []
    for at in range(chains):
        total = 0.0
        while at < len(each):
            total += float(each[at])
            at = max(at + 1, int(following[at]))
        totals.append(total)
    return float(np.mean(totals))


def score_star(scores: Sequence[SegmentScores]) -> StarScore:
    """The star's scores from those of all its observations, at least one, of one instrument and by one model."""
    folded = folding.fold(evidence.join([s.evidence for s in scores]))
    probability = np.concatenate([s.probability for s in scores])
    first = scores[0]
    return StarScore(
        target_id=first.target_id,
        mission=first.instrument,
        num_segments=len(probability),
        score_max=float(probability.max()),
        score_topk=top_k_mean(probability),
        score_noisy_or=sum(noisy_or(s.probability, s.t_start, s.t_stop) for s in scores),
        score_fold=folded.score,
        best_period_days=folded.period_days,
        best_t0=Instant(folded.t0_days, first.system),
        best_duration_hours=folded.duration_hours,
        period_err_days=folded.period_err_days,
        t0_err_days=folded.t0_err_days,
        duration_err_hours=folded.duration_err_hours,
        num_transits=folded.num_transits,
        model_id=first.model_id,
    )
