"""The report: what it holds of known cases, by signal-to-noise, with intervals, through JSON; the published table."""

import json
import math

import numpy as np
import pytest
from scipy.stats import norm

from astroseq_core.errors import ModelError
from astroseq_core.evaluation import metrics, result_rows, text_tables
from astroseq_core.evaluation.calibration import reliability_curve
from astroseq_core.evaluation.segment_report import Measured, SegmentReport
from astroseq_core.networks.card import Calibration, ModelCard
from astroseq_core.preprocessing.prepare import PreprocessingConfig
from astroseq_core.preprocessing.segments import SegmentConfig

NUM = 6_000
RNG = np.random.default_rng(8)
LABELS = (RNG.random(NUM) < 0.2).astype(np.int8)
#: A transit of signal-to-noise s lifts the score by s: the matched filter at a known position.
SNR = np.where(LABELS == 1, RNG.uniform(0.2, 6.0, NUM), np.nan)
SCORE = np.nan_to_num(SNR) + RNG.standard_normal(NUM)
PROBABILITY = 1 / (1 + np.exp(-(SCORE - 3)))
STARS = np.array([f"TIC {i % 60 + 1}" for i in range(NUM)])


@pytest.fixture(scope="module")
def report() -> SegmentReport:
    return metrics.make_report("known", LABELS, PROBABILITY, STARS, 0.1, snr=SNR, threshold=0.4, note="made up")


def test_recall_rises_with_signal_to_noise_as_theory_says(report: SegmentReport) -> None:
    assert [b.title for b in report.by_snr] == ["under 3", "3 to 5", "5 to 7.1"]
    assert sum(b.positives for b in report.by_snr) == report.positives == LABELS.sum()
    for b in report.by_snr:
        own = SNR[(b.low or 0) <= SNR]
        own = own[own < b.high]
        assert b.roc_auc.value == pytest.approx(norm.cdf(own / math.sqrt(2)).mean(), abs=0.02)
        assert b.recall.value == pytest.approx(norm.cdf(own - norm.isf(0.01)).mean(), abs=0.05)
        assert b.recall_strict.value < b.recall.value
        assert b.recall.low <= b.recall.value <= b.recall.high


def test_a_strength_that_is_not_known_is_in_no_bin() -> None:
    report = metrics.make_report("none", LABELS, PROBABILITY, STARS, 0.1, snr=np.full(NUM, np.nan))
    assert report.by_snr == ()
    assert metrics.make_report("not given", LABELS, PROBABILITY, STARS, 0.1).by_snr == ()


def test_confusions_add_up(report: SegmentReport) -> None:
    for c in report.confusions:
        assert c.true_positives + c.false_negatives == report.positives
        assert c.true_positives + c.false_positives + c.false_negatives + c.true_negatives == report.segments
        assert c.precision.value == pytest.approx(c.true_positives / (c.true_positives + c.false_positives))
        assert c.f1.value == pytest.approx(2 / (1 / c.precision.value + 1 / c.recall.value))
        assert c.f1.low < c.f1.value < c.f1.high
    stated, best = report.confusions
    assert stated.threshold == 0.4
    assert best.f1.value >= stated.f1.value


def test_intervals_widen_when_segments_of_a_star_go_together() -> None:
    alone = metrics.make_report("alone", LABELS, PROBABILITY, np.arange(NUM).astype(str), 0.1)
    # The same segments, but the strong transits are all of a few stars.
    order = np.argsort(np.nan_to_num(SNR), kind="stable")
    few = np.empty(NUM, dtype="U8")
    few[order] = [f"TIC {i // 300}" for i in range(NUM)]
    together = metrics.make_report("together", LABELS, PROBABILITY, few, 0.1)
    assert together.recall.value == alone.recall.value
    assert together.recall.high - together.recall.low > 2 * (alone.recall.high - alone.recall.low)


def test_the_interval_holds_the_truth_nearly_always() -> None:
    truth, held = norm.cdf(1.5 / math.sqrt(2)), 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        labels = np.tile([0, 0, 1], 200).astype(np.int8)
        stars = np.repeat(np.arange(60), 10).astype(str)
        found = metrics.measure_with_interval(_auc(labels, 1.5 * labels + rng.standard_normal(600)), np.ones(600), stars, seed)
        held += found.low <= truth <= found.high
    assert held >= 33  # 95 % of 40 is 38; fewer than 33 would have a chance of one in a thousand


def _auc(labels, scores):
    from astroseq_core.evaluation.weighted_ranking import RankedScores

    ranked = RankedScores(labels, scores)
    return lambda weights: ranked.roc_auc(weights[ranked.place])


def test_one_star_has_no_interval() -> None:
    one = metrics.make_report("one", LABELS, PROBABILITY, np.full(NUM, "TIC 1"), 0.1)
    assert math.isnan(one.roc_auc.low)
    assert str(one.roc_auc) == f"{one.roc_auc.value:.3f}"
    assert one.stars == 1


@pytest.mark.parametrize("labels", [np.zeros(20, np.int8), np.ones(20, np.int8), np.empty(0, np.int8)])
def test_one_class_is_refused_in_words(labels) -> None:
    with pytest.raises(ModelError, match="'nothing' has no segments both with and without"):
        metrics.make_report("nothing", labels, np.full(len(labels), 0.5), np.full(len(labels), "A"), 0.1)


def test_calibration_is_judged_at_both_base_rates() -> None:
    rng = np.random.default_rng(0)
    true = rng.beta(0.5, 2, 15_000)
    labels = (rng.random(15_000) < true).astype(np.int8)
    stars = (np.arange(15_000) // 150).astype(str)
    own = float(labels.mean())
    honest = metrics.make_report("honest", labels, true, stars, own)
    assert honest.own_ece.value < 0.015
    assert honest.ece == pytest.approx(honest.own_ece.value)
    # The same probabilities moved to a rarer world by Bayes' rule are right there, and too low here.
    odds = true / (1 - true) * (0.05 / 0.95) / (own / (1 - own))
    rare = metrics.make_report("rare", labels, odds / (1 + odds), stars, 0.05)
    assert rare.ece < 0.015 < 0.05 < rare.own_ece.value
    for mean, share, count in honest.own_reliability:
        assert share == pytest.approx(mean, abs=5 * math.sqrt(0.25 / count))


def test_reliability_of_a_hand_made_case() -> None:
    rows, error = reliability_curve(np.array([0, 1, 1, 1], np.int8), np.array([0.12, 0.18, 0.95, 1.0]), np.ones(4))
    assert rows == ((pytest.approx(0.15), 0.5, 2), (pytest.approx(0.975), 1.0, 2))
    assert error == pytest.approx((0.35 + 0.025) / 2)


def test_the_report_survives_json(report: SegmentReport) -> None:
    text = json.dumps(report.to_dict(), allow_nan=False)
    assert SegmentReport.from_dict(json.loads(text)) == report
    short = SegmentReport.from_dict(json.loads(json.dumps(report.to_dict(curves=False))))
    assert short.roc_auc == report.roc_auc
    assert short.roc_curve.x == ()
    one = metrics.make_report("one", LABELS, PROBABILITY, np.full(NUM, "A"), 0.1)
    back = SegmentReport.from_dict(json.loads(json.dumps(one.to_dict(), allow_nan=False)))
    assert math.isnan(back.roc_auc.low)
    assert back.roc_auc.value == one.roc_auc.value


def test_our_row_stands_under_the_published_one(report: SegmentReport) -> None:
    ours = result_rows.row_from_reports(
        {"train": report, "test": report}, run="astroseq-tess-1024-base", mission="TESS", window=1024, stride=256, neg_pos=3.0
    )
    assert ours.roc_auc == (report.roc_auc.value, None, report.roc_auc.value)
    assert ours.stars == (60, None, 60)
    assert ours.confusion is not None
    assert sum(ours.confusion) == NUM
    heading, known, own, source = result_rows.format_comparison([ours]).splitlines()
    roc, lift = f"{report.roc_auc.value:.3g}/–/", f"{report.pr_lift.value:.3g}"
    for column, there, here in (("ROC", "0.797/0.529/0.63", roc), ("lift", "–", lift)):
        place = heading.index(column)
        assert known[place:].startswith(there)
        assert own[place:].startswith(here)
    assert source.startswith("published tess-base:")


def test_a_run_of_its_own_has_no_published_row(report: SegmentReport) -> None:
    assert len(result_rows.format_comparison([result_rows.row_from_reports(report, run="ours")]).splitlines()) == 2
    assert (
        len(result_rows.format_comparison([result_rows.row_from_reports(report, run="v2")], ["astroseq-k2-1024"]).splitlines())
        == 8  # the headings, the runs A, B and C, ours, and three sources
    )


def test_unknown_numbers_are_dashes() -> None:
    assert str(Measured(math.nan)) == text_tables.UNKNOWN


def test_transits_of_one_star_alone_have_no_interval() -> None:
    stars = np.where(SNR > 5, "TIC 7", STARS)
    weak, _, strong = metrics.make_report("one strong star", LABELS, PROBABILITY, stars, 0.1, snr=SNR).by_snr
    assert strong.stars == 1
    assert math.isnan(strong.recall.low)
    assert weak.recall.low < weak.recall.high


@pytest.mark.parametrize("newer", [False, True])
def test_a_models_row_is_told_from_its_card(report: SegmentReport, newer: bool) -> None:
    card = ModelCard(
        "m",
        "M",
        ("Kepler", "K2"),
        "a",
        {},
        PreprocessingConfig(),
        SegmentConfig(window=256, stride=32),
        Calibration(),
        "",
        training={
            "recipe": {"name": "astroseq-k2-1024", "neg_pos_ratio": 7.0, "hard_negatives": 0.2} if newer else "astroseq-k2-1024",
            "stars": {"train": ["EPIC 1", "EPIC 2"], "validation": ["EPIC 3"], "test": ["EPIC 4"]},
            "simulated_stars": {"train": 5},
            "segments": {"train": 900, "validation": 80} if newer else 900,
            **({} if newer else {"neg_pos_ratio": 7.0}),
        },
    )
    row = result_rows.row_from_card(card, report)
    assert (row.run, row.mission, row.window, row.stride, row.neg_pos) == ("m", "Kepler/K2", 256, 32, 7.0)
    assert row.stars == (7, 1, 60)
    assert row.segments == ((900, 80, NUM) if newer else (None, None, NUM))
    assert row.hard_neg_fraction == (0.2 if newer else None)
    assert "0.582" in result_rows.format_comparison([row], [result_rows.recipe_name_of(card)])
