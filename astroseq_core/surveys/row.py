"""From a star's score to its row in the store."""

import time
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from astroseq_core import targets
from astroseq_core.errors import TargetError
from astroseq_core.scoring.segments import SegmentScores
from astroseq_core.scoring.star import StarScore
from astroseq_core.store.scores import NO_MODEL, OK, SPARK_LENGTH, ScoreRow
from astroseq_core.surveys import known as knowns
from astroseq_core.surveys.known import Known
from astroseq_core.surveys.star import SurveyStar


def spark(probability: NDArray[np.floating], length: int = SPARK_LENGTH) -> bytes:
    """Probabilities (s,) as bytes, 255 for 1; where there are more than ``length``, the highest of each group of neighbours."""
    values = np.asarray(probability, np.float64)
    if len(values) > length:
        values = np.maximum.reduceat(values, np.arange(length) * len(values) // length)
    return np.round(np.clip(values, 0, 1) * 255).astype(np.uint8).tobytes()


def scored(
    score: StarScore,
    parts: Sequence[SegmentScores],
    *,
    data_id: str,
    model_sha: str,
    known: Iterable[Known] = (),
    magnitude: float | None = None,
    survey_id: str = "",
) -> ScoreRow:
    """The row of a star with a score, from that and its segments in any order of observations."""
    ordered = sorted(parts, key=lambda part: float(part.t_start[0]))
    baseline = max(float(part.t_stop.max()) for part in parts) - float(ordered[0].t_start[0])
    found = knowns.match(score, baseline, known)
    return ScoreRow(
        target_id=score.target_id,
        model_id=score.model_id,
        model_sha=model_sha,
        data_id=data_id,
        mission=targets.parse_star(score.target_id).mission.name,
        seen_as=score.mission,
        simulated=score.target_id.startswith("SIM "),
        status=OK,
        num_segments=score.num_segments,
        star_score=score.star_score,
        score_max=score.score_max,
        score_topk=score.score_topk,
        score_noisy_or=score.score_noisy_or,
        score_fold=score.score_fold,
        false_alarm_probability=score.false_alarm_probability,
        best_period_days=score.best_period_days,
        best_t0=score.best_t0.days,
        t0_system=str(score.best_t0.system),
        best_duration_hours=score.best_duration_hours,
        period_err_days=score.period_err_days,
        t0_err_days=score.t0_err_days,
        duration_err_hours=score.duration_err_hours,
        num_transits=score.num_transits,
        magnitude=magnitude,
        match=found.name,
        match_kind=found.kind,
        match_ratio=found.ratio,
        match_disposition=found.disposition,
        spark=spark(np.concatenate([part.probability for part in ordered])),
        survey_id=survey_id,
        at=time.time(),
    )


def failed(
    star: SurveyStar, reason: str, *, model_id: str = "", model_sha: str = "", data_id: str = "", survey_id: str = ""
) -> ScoreRow:
    """The row of a star without a score, and why; ``model_id`` is empty where no model was found for it."""
    try:
        mission = targets.parse_star(star.target_id).mission.name
    except TargetError:
        mission = ""
    return ScoreRow(
        target_id=star.target_id,
        model_id=model_id or NO_MODEL,
        model_sha=model_sha,
        data_id=data_id,
        mission=mission,
        seen_as=star.seen_as,
        simulated=star.is_simulated,
        status=reason if reason and reason != OK else "It has no segment.",
        magnitude=star.magnitude,
        survey_id=survey_id,
        at=time.time(),
    )
