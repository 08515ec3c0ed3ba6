"""Star scores for ranking, computed from the scores of the star's segments."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.columns import FROM_SCORING, TOP_K, Measurements, combine_measurements
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import LightCurveError
from astroseq_core.scoring import evidence, period
from astroseq_core.scoring.segments import Failure, SegmentScores
from astroseq_core.times import Instant

#: What the star score is: score_max, score_topk, score_noisy_or or score_fold. score_fold was best at
#: separating transits injected into the calibration stars of tess-2min-v2 from copies without (docs/results.md).
STAR_SCORE = "score_fold"
#: Smallest 1 - p in noisy-or: the resolution of float32 near 1.
MIN_COMPLEMENT = 1e-7


@dataclass(frozen=True)
class StarScore(Measurements):
    """Scores of one star; none of them is the probability that it has a planet.

    What is measured in its light curves is inherited.

    Attributes
    ----------
    target_id : str
        Identifier of the star.
    mission : str
        Name of the mission.
    num_segments : int
        Number of scored segments.
    score_max : float
        Highest segment probability.
    score_topk : float
        Mean of the `TOP_K` highest segment probabilities.
    score_noisy_or : float
        Minus the natural logarithm of the probability that no segment holds a transit.
    score_fold : float
        Natural logarithm of the likelihood ratio of the best period or single transit, less that of
        the number of trials.
    best_period_days : float or None
        Best period [d]; None for a single transit.
    best_t0 : Instant
        Mid-transit time; near the middle of the data where the transit repeats.
    best_duration_hours : float
        Duration [h].
    period_err_days : float or None
        One-sigma error of the period [d]; None for a single transit.
    t0_err_days : float
        One-sigma error of the mid-transit time [d].
    duration_err_hours : float
        One-sigma error of the duration [h].
    num_transits : int
        Number of observed transits.
    model_id : str
        The model.
    false_alarm_probability : float or None
        See scoring.false_alarm; None where it was not computed.
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
        """The score that says how much speaks for transits; see `STAR_SCORE`."""
        return float(getattr(self, STAR_SCORE))

    @property
    def t0_system(self) -> str:
        """Time system of the mid-transit time."""
        return str(self.best_t0.system)

    def values(self) -> dict[str, Any]:
        """Return the star's values in the columns of tables.

        Returns
        -------
        dict of str to float, int, str or None
            Values by column name; times are plain days in `t0_system`.
        """
        return {name: getattr(self, name) for name in FROM_SCORING} | {"best_t0": self.best_t0.days}

    def ephemeris(self, name: str) -> Ephemeris:
        """Return the best period, or single transit, as an ephemeris.

        Parameters
        ----------
        name : str
            Name of the signal.

        Returns
        -------
        Ephemeris
            The ephemeris with its errors; the depth is unknown.

        Raises
        ------
        EphemerisError
            If the duration is no shorter than the period.
        """
        return Ephemeris(
            self.target_id,
            name,
            self.best_t0,
            self.best_period_days,
            self.best_duration_hours,
            t0_err=self.t0_err_days,
            period_err=self.period_err_days or 0.0,
        )


def top_k_mean(probability: NDArray[np.floating], k: int = TOP_K) -> float:
    """Compute the mean of the highest probabilities.

    Parameters
    ----------
    probability : ndarray
        Probabilities, shape (s,).
    k : int, optional
        How many; all where there are fewer.

    Returns
    -------
    float
        The mean.

    Examples
    --------
    >>> top_k_mean(np.array([0.1, 0.9, 0.5]), k=2)
    0.7
    """
    return float(np.mean(np.sort(probability)[-k:]))


def noisy_or(probability: NDArray[np.floating], t_start: NDArray[np.float64], t_stop: NDArray[np.float64]) -> float:
    """Compute -ln prod(1 - p) over segments that do not overlap.

    This does not saturate where 1 - prod(1 - p) does. Several choices of segments are possible, so
    the mean over them is returned: each chain starts at one of the segments that overlap the first
    and continues with the next segment that starts after the last has ended.

    Parameters
    ----------
    probability : ndarray
        Probabilities, shape (s,).
    t_start : ndarray
        Start of each segment [d], ascending, shape (s,).
    t_stop : ndarray
        End of each segment [d], shape (s,).

    Returns
    -------
    float
        Noisy-or score [nat].

    Examples
    --------
    >>> round(noisy_or(np.array([0.5, 0.5]), np.array([0.0, 1.0]), np.array([0.9, 1.9])), 3)
    1.386
    """
    each = -np.log(np.maximum(1.0 - np.asarray(probability, np.float64), MIN_COMPLEMENT))
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


def score_star(scores: Sequence[SegmentScores | Failure]) -> StarScore:
    """Score a star from the scores of its segments.

    Parameters
    ----------
    scores : sequence of (SegmentScores or Failure)
        Result of each observation, all of one instrument and one model. Failures and observations
        without a segment are passed over.

    Returns
    -------
    StarScore
        The scores.

    Raises
    ------
    LightCurveError
        If no observation has a scored segment.
    """
    parts = [s for s in scores if isinstance(s, SegmentScores) and len(s)]
    if not parts:
        reasons = " ".join(f"{s.observation}: {s.reason}" for s in scores if isinstance(s, Failure))
        raise LightCurveError(f"No segment was scored, so the star has no score. {reasons}".strip())
    folded = period.fold(evidence.join_evidence([s.evidence for s in parts]))
    probability = np.concatenate([s.probability for s in parts])
    first = parts[0]
    return StarScore(
        target_id=first.target_id,
        mission=first.instrument,
        num_segments=len(probability),
        score_max=float(probability.max()),
        score_topk=top_k_mean(probability),
        score_noisy_or=sum(noisy_or(s.probability, s.t_start, s.t_stop) for s in parts),
        score_fold=folded.score,
        best_period_days=folded.period_days,
        best_t0=Instant(folded.t0_days, first.system),
        best_duration_hours=folded.duration_hours,
        period_err_days=folded.period_err_days,
        t0_err_days=folded.t0_err_days,
        duration_err_hours=folded.duration_err_hours,
        num_transits=folded.num_transits,
        model_id=first.model_id,
        **combine_measurements(s.measured for s in parts),
    )
