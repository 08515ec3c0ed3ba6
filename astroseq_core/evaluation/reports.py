"""Evaluation reports: by group of stars, of the star scores, and on signals that are not planets."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields

import numpy as np
from numpy.typing import NDArray

from astroseq_core.evaluation import metrics
from astroseq_core.evaluation.class_table import format_class_table
from astroseq_core.evaluation.evaluate import Evaluation, StarKind
from astroseq_core.evaluation.segment_report import Measured, SegmentReport, plain_json
from astroseq_core.evaluation.text_tables import UNKNOWN, align_columns
from astroseq_core.evaluation.weighted_ranking import FALSE_ALARM_RATE, RankedScores
from astroseq_core.evaluation.worst_segments import false_alarm_threshold as alarm_threshold
from astroseq_core.preprocessing.segments import LEFT_OUT
from astroseq_core.scoring.star import StarScore
from astroseq_core.type_names import JsonObject

SEEN_IN_TRAINING = "seen in training"
MAIN_GROUP, HOSTS_GROUP = "hosts and stars without transits", "hosts alone"


@dataclass(frozen=True)
class StarRanking:
    """How well one star score separates planet hosts from quiet stars.

    The threshold for `recall` and `not_planets` is the score that one in a hundred quiet stars
    exceeds; with fewer than a hundred, about the highest score of them.

    Attributes
    ----------
    score : str
        Name of the star score.
    hosts : int
        Number of hosts with transits in their data.
    quiet : int
        Number of quiet stars.
    roc_auc : Measured
        Area under the ROC curve.
    recall : Measured
        Share of the hosts above the threshold.
    not_planets : float or None
        Share above the threshold of the stars whose signals are not planets; None without such
        stars.
    """

    score: str
    hosts: int
    quiet: int
    roc_auc: Measured
    recall: Measured
    not_planets: float | None


@dataclass(frozen=True)
class NonPlanets:
    """Segments of eclipsing binaries and false positives above the main group's 1 % threshold.

    Attributes
    ----------
    stars : int
        Number of stars.
    segments : int
        Number of segments.
    threshold : float
        The 1 % false-alarm threshold of the main group.
    share : Measured
        Share of the segments above the threshold.
    """

    stars: int
    segments: int
    threshold: float
    share: Measured


@dataclass(frozen=True)
class EvaluationReport:
    """All reports on one evaluation.

    Attributes
    ----------
    model_id : str
        Identifier of the model.
    reports : tuple of SegmentReport
        Reports on the groups of stars, the main group first.
    star_rankings : tuple of StarRanking
        One ranking for each star score.
    not_planets : NonPlanets or None
        Result for signals that are not planets; None without such stars.
    note : str
        What a reader must know to interpret the numbers.
    """

    model_id: str
    reports: tuple[SegmentReport, ...]
    star_rankings: tuple[StarRanking, ...]
    not_planets: NonPlanets | None
    note: str

    def to_dict(self) -> JsonObject:
        """Return everything as plain JSON values.

        Returns
        -------
        dict
            The reports, nested; NaN becomes None.
        """
        return {
            "model_id": self.model_id,
            "note": self.note,
            "groups": [r.to_dict() for r in self.reports],
            "star_scores": [plain_json(asdict(s)) for s in self.star_rankings],
            "not_planets": plain_json(asdict(self.not_planets)) if self.not_planets else None,
        }


def make_reports(
    evaluation: Evaluation, base_rate: float, *, threshold: float = metrics.DEFAULT_THRESHOLD, note: str = "", seed: int = 0
) -> EvaluationReport:
    """Make the reports on an evaluation.

    There is one report on hosts and quiet stars, one on hosts alone, one on each mission if there
    are several, and one ranking for each star score.

    Parameters
    ----------
    evaluation : Evaluation
        Labels and probabilities of the evaluated segments.
    base_rate : float
        Base rate that calibration is also measured at.
    threshold : float, optional
        Threshold of the first confusion matrix.
    note : str, optional
        What a reader must know to interpret the numbers.
    seed : int, optional
        Seed of the resampling of stars.

    Returns
    -------
    EvaluationReport
        All reports.

    Raises
    ------
    ModelError
        If the main group lacks segments with transits or without.
    """
    if evaluation.seen_included and evaluation.seen:
        note = "; ".join(filter(None, (note, f"{SEEN_IN_TRAINING}: {len(evaluation.seen)} of these stars made the model")))
    star, reports = evaluation.target_ids, []
    for name, mask in _star_groups(evaluation):
        pick = np.flatnonzero(mask & (evaluation.labels != LEFT_OUT))
        labels = evaluation.labels[pick]
        if name != MAIN_GROUP and not (len(labels) and 0 < labels.mean() < 1):
            continue
        reports.append(
            metrics.make_report(
                name,
                labels,
                evaluation.probability[pick],
                star[pick],
                base_rate,
                seed,
                snr=evaluation.snr[pick],
                threshold=threshold,
                note=note,
            )
        )
    return EvaluationReport(
        evaluation.model_id, tuple(reports), _star_rankings(evaluation, seed), _measure_non_planets(evaluation, seed), note
    )


def _star_groups(evaluation: Evaluation) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    known = evaluation.of_kind(StarKind.HOST, StarKind.QUIET)
    yield MAIN_GROUP, known
    yield HOSTS_GROUP, evaluation.of_kind(StarKind.HOST)
    instrument = evaluation.per_segment(lambda o: o.instrument)
    missions = np.unique(instrument)
    for mission in missions if len(missions) > 1 else ():
        yield f"{mission}: {MAIN_GROUP}", known & (instrument == mission)


def star_score_names() -> tuple[str, ...]:
    """Return the names of the reported star scores: all of StarScore's.

    Returns
    -------
    tuple of str
        Field names that begin with `score_`.
    """
    return tuple(f.name for f in fields(StarScore) if f.name.startswith("score_"))


def _star_rankings(evaluation: Evaluation, seed: int) -> tuple[StarRanking, ...]:
    """Return one ranking for each star score; none if hosts or quiet stars are missing."""
    evaluated = [s for s in evaluation.stars if s.transits is not None]
    labels = np.array([bool(s.transits) for s in evaluated], np.int8)
    if not (len(labels) and 0 < labels.mean() < 1):
        return ()
    names = np.array([s.score.target_id for s in evaluated])
    others = [s.score for s in evaluation.stars if s.kind is StarKind.NOT_PLANET]
    rankings = []
    for name in star_score_names():
        values = np.array([getattr(s.score, name) for s in evaluated], dtype=float)
        if not np.isfinite(values).all():
            continue
        ranked = RankedScores(labels, values)

        def recall(weights: NDArray[np.float64], ranked: RankedScores = ranked) -> float:
            return ranked.recall(weights, FALSE_ALARM_RATE, whole=True)

        every, place = np.ones(len(labels)), ranked.place
        limit = ranked.threshold(every, FALSE_ALARM_RATE, whole=True)
        above = [getattr(score, name) > limit for score in others]
        rankings.append(
            StarRanking(
                name,
                int(labels.sum()),
                int((labels == 0).sum()),
                metrics.measure_with_interval(ranked.roc_auc, every, names[place], seed),
                metrics.measure_with_interval(recall, every, names[place], seed),
                sum(above) / len(above) if above else None,
            )
        )
    return tuple(rankings)


def _measure_non_planets(evaluation: Evaluation, seed: int) -> NonPlanets | None:
    pick = np.flatnonzero(evaluation.of_kind(StarKind.NOT_PLANET))
    limit = alarm_threshold(evaluation)
    if not len(pick) or np.isnan(limit):
        return None
    above = evaluation.probability[pick] > limit
    stars = evaluation.target_ids[pick]

    def share(weights: NDArray[np.float64]) -> float:
        return float(np.average(above, weights=weights)) if weights.sum() > 0 else float("nan")

    return NonPlanets(
        len(np.unique(stars)), len(pick), limit, metrics.measure_with_interval(share, np.ones(len(pick)), stars, seed)
    )


_REPORT_ROWS = (
    ("ROC-AUC", "roc_auc"),
    ("PR-AUC", "pr_auc"),
    ("PR lift", "pr_lift"),
    ("log-loss", "log_loss"),
    ("recall at 1 % false alarms", "recall"),
    ("recall at 0.1 %", "recall_strict"),
    ("stars equal: ROC-AUC", "equal_roc_auc"),
    ("stars equal: PR-AUC", "equal_pr_auc"),
    ("stars equal: PR lift", "equal_pr_lift"),
    ("stars equal: log-loss", "equal_log_loss"),
    ("stars equal: recall at 1 %", "equal_recall"),
    ("stars equal: recall at 0.1 %", "equal_recall_strict"),
    ("ECE at own base rate", "own_ece"),
    ("ECE at stated base rate", "ece_interval"),
)


def format_reports(judgement: EvaluationReport, heading: str = "") -> str:
    """Format the reports as text.

    The text has the groups side by side, then results by signal-to-noise ratio, the star scores,
    and the signals that are not planets.

    Parameters
    ----------
    judgement : EvaluationReport
        The reports.
    heading : str, optional
        Heading above the first table.

    Returns
    -------
    str
        The text.
    """
    reports = judgement.reports
    lines = [["", *(r.group for r in reports)]]
    for name in ("segments", "stars", "positives"):
        lines.append([name, *(str(getattr(r, name)) for r in reports)])
    lines.append(["base rate (stated)", *(f"{r.base_rate:.4f} ({r.stated_base_rate:g})" for r in reports)])
    lines += [[title, *(str(getattr(r, name)) for r in reports)] for title, name in _REPORT_ROWS]
    for which, title in enumerate(("stated threshold", "best F1")):
        own = [r.confusions[which] for r in reports]
        lines.append([title, *(f"{c.threshold:.3f}" for c in own)])
        counts = (f"{c.true_positives}/{c.false_positives}/{c.false_negatives}/{c.true_negatives}" for c in own)
        lines.append(["  TP/FP/FN/TN", *counts])
        names = ("precision", "recall", "f1", "predicted_positive_rate", "accuracy")
        lines += [[f"  {n.replace('_', ' ')}", *(str(getattr(c, n)) for c in own)] for n in names]
    blocks = [f"{n}." for n in (judgement.note[:1].upper() + judgement.note[1:],) if n] + ([heading] if heading else [])
    blocks.append(align_columns(lines))
    main = reports[0]
    blocks.append(format_class_table(main.confusions[0].counts, "at the stated threshold"))
    if main.by_snr:
        table = [["signal-to-noise", "segments", "stars", "ROC-AUC", "recall at 1 %", "recall at 0.1 %"]]
        for b in main.by_snr:
            table.append([b.title, str(b.positives), str(b.stars), str(b.roc_auc), str(b.recall), str(b.recall_strict)])
        blocks.append(align_columns(table))
    if judgement.star_rankings:
        table = [["star score", "hosts", "quiet", "ROC-AUC", "recall at 1 %", "not planets above that"]]
        for s in judgement.star_rankings:
            others = UNKNOWN if s.not_planets is None else f"{s.not_planets:.3f}"
            table.append([s.score, str(s.hosts), str(s.quiet), str(s.roc_auc), str(s.recall), others])
        blocks.append(align_columns(table))
    if (n := judgement.not_planets) is not None:
        blocks.append(
            f"Eclipsing binaries and false positives: {n.share} of {n.segments} segments of {n.stars} stars are above the 1 % "
            f"threshold, {n.threshold:.3f}."
        )
    return "\n\n".join(blocks)
