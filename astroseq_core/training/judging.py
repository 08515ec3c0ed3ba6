"""The reports on an evaluation: by group of stars, of the star scores, and of what is not a planet."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.scoring.evaluation import Evaluation, Kind
from astroseq_core.scoring.star import StarScore
from astroseq_core.scoring.worst import threshold as alarm_threshold
from astroseq_core.segments.label import LEFT_OUT
from astroseq_core.training import metrics, published
from astroseq_core.training.ranking import FALSE_ALARM_RATE, Ranked
from astroseq_core.training.report import Measured, Report

SEEN = "seen in training"
MAIN, HOSTS = "hosts and stars without transits", "hosts alone"


@dataclass(frozen=True)
class StarRanking:
    """How one star score tells ``hosts`` with transits in their data from ``quiet`` stars.

    ``recall``: share of those hosts above the score that one in a hundred quiet stars exceeds (with fewer than a hundred, about
    the highest of them); ``not_planets``: share of the stars that are not planet hosts above it.
    """

    score: str
    hosts: int
    quiet: int
    roc_auc: Measured
    recall: Measured
    not_planets: float | None


@dataclass(frozen=True)
class NotPlanets:
    """Eclipsing binaries and false positives: the share of their segments above the 1 % ``threshold`` of the main group."""

    stars: int
    segments: int
    threshold: float
    share: Measured


@dataclass(frozen=True)
class Judgement:
    """All reports on one evaluation, the main group first."""

    model_id: str
    reports: tuple[Report, ...]
    star_rankings: tuple[StarRanking, ...]
    not_planets: NotPlanets | None
    note: str

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain JSON values."""
        return {
            "model_id": self.model_id,
            "note": self.note,
            "groups": [r.to_dict() for r in self.reports],
            "star_scores": [_plain(asdict(s)) for s in self.star_rankings],
            "not_planets": _plain(asdict(self.not_planets)) if self.not_planets else None,
        }


def judge(
    evaluation: Evaluation, base_rate: float, *, threshold: float = metrics.THRESHOLD, note: str = "", seed: int = 0
) -> Judgement:
    """The reports on hosts and quiet stars, on hosts alone, on each mission where there are several, and on star scores.

    Raises ModelError when the main group has not both segments with transits and without.
    """
    if evaluation.seen_included and evaluation.seen:
        note = "; ".join(filter(None, (note, f"{SEEN}: {len(evaluation.seen)} of these stars made the model")))
    star, reports = evaluation.target_ids, []
    for name, mask in _groups(evaluation):
        pick = np.flatnonzero(mask & (evaluation.labels != LEFT_OUT))
        labels = evaluation.labels[pick]
        if name != MAIN and not (len(labels) and 0 < labels.mean() < 1):
            continue
        reports.append(
            metrics.report(
                name, labels, evaluation.probability[pick], star[pick], base_rate, seed, snr=evaluation.snr[pick],
                threshold=threshold, note=note,
            )
        )  # fmt: skip
    return Judgement(evaluation.model_id, tuple(reports), _star_rankings(evaluation, seed), _not_planets(evaluation, seed), note)


def _groups(evaluation: Evaluation) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    known = evaluation.of_kind(Kind.HOST, Kind.QUIET)
    yield MAIN, known
    yield HOSTS, evaluation.of_kind(Kind.HOST)
    instrument = evaluation.each(lambda o: o.instrument)
    missions = np.unique(instrument)
    for mission in missions if len(missions) > 1 else ():
        yield f"{mission}: {MAIN}", known & (instrument == mission)


def score_names() -> tuple[str, ...]:
    """The star scores that are reported: all of StarScore's."""
    return tuple(f.name for f in fields(StarScore) if f.name.startswith("score_"))


def _star_rankings(evaluation: Evaluation, seed: int) -> tuple[StarRanking, ...]:
    """One for each star score; none where hosts with transits, or quiet stars, are missing."""
    judged = [s for s in evaluation.stars if s.transits is not None]
    labels = np.array([bool(s.transits) for s in judged], np.int8)
    if not (len(labels) and 0 < labels.mean() < 1):
        return ()
    names = np.array([s.score.target_id for s in judged])
    others = [s.score for s in evaluation.stars if s.kind is Kind.NOT_PLANET]
    rankings = []
    for name in score_names():
        values = np.array([getattr(s.score, name) for s in judged], dtype=float)
        if not np.isfinite(values).all():
            continue
        ranked = Ranked(labels, values)

        def recall(weights: NDArray[np.float64], ranked: Ranked = ranked) -> float:
            return ranked.recall(weights, FALSE_ALARM_RATE, whole=True)

        every, place = np.ones(len(labels)), ranked.place
        limit = ranked.threshold(every, FALSE_ALARM_RATE, whole=True)
        above = [getattr(score, name) > limit for score in others]
        rankings.append(
            StarRanking(
                name, int(labels.sum()), int((labels == 0).sum()), metrics.measure(ranked.roc_auc, every, names[place], seed),
                metrics.measure(recall, every, names[place], seed), sum(above) / len(above) if above else None,
            )
        )  # fmt: skip
    return tuple(rankings)


def _not_planets(evaluation: Evaluation, seed: int) -> NotPlanets | None:
    pick = np.flatnonzero(evaluation.of_kind(Kind.NOT_PLANET))
    limit = alarm_threshold(evaluation)
    if not len(pick) or np.isnan(limit):
        return None
    above = evaluation.probability[pick] > limit
    stars = evaluation.target_ids[pick]

    def share(weights: NDArray[np.float64]) -> float:
        return float(np.average(above, weights=weights)) if weights.sum() > 0 else float("nan")

    return NotPlanets(len(np.unique(stars)), len(pick), limit, metrics.measure(share, np.ones(len(pick)), stars, seed))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return None if isinstance(value, float) and np.isnan(value) else value


_ROWS = (
    ("ROC-AUC", "roc_auc"), ("PR-AUC", "pr_auc"), ("PR lift", "pr_lift"), ("log-loss", "log_loss"),
    ("recall at 1 % false alarms", "recall"), ("recall at 0.1 %", "recall_strict"),
    ("stars equal: ROC-AUC", "equal_roc_auc"), ("stars equal: PR-AUC", "equal_pr_auc"),
    ("stars equal: PR lift", "equal_pr_lift"), ("stars equal: log-loss", "equal_log_loss"),
    ("stars equal: recall at 1 %", "equal_recall"), ("stars equal: recall at 0.1 %", "equal_recall_strict"),
    ("ECE at own base rate", "own_ece"), ("ECE at stated base rate", "ece_interval"),
)  # fmt: skip


def describe(judgement: Judgement, heading: str = "") -> str:
    """The reports as text for people to read: the groups beside each other, then by signal-to-noise, stars, and the published."""
    reports = judgement.reports
    lines = [["", *(r.group for r in reports)]]
    for name in ("segments", "stars", "positives"):
        lines.append([name, *(str(getattr(r, name)) for r in reports)])
    lines.append(["base rate (stated)", *(f"{r.base_rate:.4f} ({r.stated_base_rate:g})" for r in reports)])
    lines += [[title, *(str(getattr(r, name)) for r in reports)] for title, name in _ROWS]
    for which, title in enumerate(("stated threshold", "best F1")):
        own = [r.confusions[which] for r in reports]
        lines.append([title, *(f"{c.threshold:.3f}" for c in own)])
        counts = (f"{c.true_positives}/{c.false_positives}/{c.false_negatives}/{c.true_negatives}" for c in own)
        lines.append(["  TP/FP/FN/TN", *counts])
        lines += [[f"  {n}", *(str(getattr(c, n)) for c in own)] for n in ("precision", "recall", "f1")]
    blocks = [f"{n}." for n in (judgement.note[:1].upper() + judgement.note[1:],) if n] + ([heading] if heading else [])
    blocks.append(published.aligned(lines))
    main = reports[0]
    if main.by_snr:
        table = [["signal-to-noise", "segments", "stars", "ROC-AUC", "recall at 1 %", "recall at 0.1 %"]]
        for b in main.by_snr:
            table.append([b.title, str(b.positives), str(b.stars), str(b.roc_auc), str(b.recall), str(b.recall_strict)])
        blocks.append(published.aligned(table))
    if judgement.star_rankings:
        table = [["star score", "hosts", "quiet", "ROC-AUC", "recall at 1 %", "not planets above that"]]
        for s in judgement.star_rankings:
            others = published.UNKNOWN if s.not_planets is None else f"{s.not_planets:.3f}"
            table.append([s.score, str(s.hosts), str(s.quiet), str(s.roc_auc), str(s.recall), others])
        blocks.append(published.aligned(table))
    if (n := judgement.not_planets) is not None:
        blocks.append(
            f"Eclipsing binaries and false positives: {n.share} of {n.segments} segments of {n.stars} stars are above the 1 % "
            f"threshold, {n.threshold:.3f}."
        )
    return "\n\n".join(blocks)
