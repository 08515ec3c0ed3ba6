"""Weighted ranking numbers against scikit-learn, and against segments that really stand there several times."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, log_loss, precision_recall_curve, roc_auc_score, roc_curve

from astroseq_core.evaluation import weighted_ranking
from astroseq_core.evaluation.weighted_ranking import RankedScores, equal_star_weights, recall_at, weighted_quantile

RNG = np.random.default_rng(3)
LABELS = (RNG.random(3_000) < 0.25).astype(np.int8)
#: Rounded, so that many scores are equal.
SCORES = np.round(1 / (1 + np.exp(-(1.2 * LABELS - 1 + RNG.standard_normal(3_000)))), 2)
STARS = np.array([f"TIC {i}" for i in RNG.integers(1, 40, 3_000)])
TIMES = RNG.integers(0, 4, 3_000).astype(float)


@pytest.fixture(scope="module")
def ranked() -> RankedScores:
    return RankedScores(LABELS, SCORES)


@pytest.mark.parametrize("weights", [np.ones(3_000), TIMES, RNG.random(3_000), equal_star_weights(LABELS, STARS)])
def test_numbers_equal_scikit_learns(ranked: RankedScores, weights) -> None:
    own = weights[ranked.place]
    assert ranked.roc_auc(own) == pytest.approx(roc_auc_score(LABELS, SCORES, sample_weight=weights))
    assert ranked.pr_auc(own) == pytest.approx(average_precision_score(LABELS, SCORES, sample_weight=weights))
    clipped = np.clip(SCORES, 1e-7, 1 - 1e-7)
    assert ranked.log_loss(own) == pytest.approx(log_loss(LABELS, clipped, sample_weight=weights))
    assert ranked.pr_lift(own) == pytest.approx(ranked.pr_auc(own) / np.average(LABELS, weights=weights))


@pytest.mark.parametrize("rate", [0.001, 0.01, 0.1])
def test_drawing_a_segment_twice_is_having_it_twice(ranked: RankedScores, rate: float) -> None:
    many = np.repeat(np.arange(3_000), TIMES.astype(int))
    assert ranked.recall(TIMES[ranked.place], rate, whole=True) == pytest.approx(recall_at(LABELS[many], SCORES[many], rate))
    every = np.ones(3_000)
    assert ranked.recall(every, rate, whole=True) == pytest.approx(recall_at(LABELS, SCORES, rate))


def test_equal_weights_give_every_star_the_same_say() -> None:
    weights = equal_star_weights(LABELS, STARS)
    for star in np.unique(STARS):
        for label in (0, 1):
            own = weights[(star == STARS) & (label == LABELS)]
            assert own.sum() == pytest.approx(1 if len(own) else 0)


def test_recall_with_stars_equal_of_a_hand_made_case(ranked: RankedScores) -> None:
    # Star A has nine found transits, star B one missed: by segments 0.9 are found, by stars a half.
    labels = np.array([1] * 10 + [0] * 10, np.int8)
    scores = np.array([0.9] * 9 + [0.1] + [0.2] * 10)
    stars = np.array(["A"] * 9 + ["B"] + ["A"] * 5 + ["B"] * 5)
    small = RankedScores(labels, scores)
    assert small.recall(np.ones(20), 0.01, whole=True) == pytest.approx(0.9)
    assert small.recall(equal_star_weights(labels, stars)[small.place], 0.01, whole=False) == pytest.approx(0.5)


def test_weighted_quantile_steps_at_the_weight() -> None:
    values, weights = np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 8.0])
    assert [weighted_quantile(values, weights, q) for q in (0.05, 0.5, 0.89, 0.95)] == [1.0, 2.0, 2.0, 3.0]


def test_curves_are_short_and_follow_the_whole_ones(ranked: RankedScores) -> None:
    rng = np.random.default_rng(1)
    labels = (rng.random(20_000) < 0.1).astype(np.int8)
    scores = labels + rng.standard_normal(20_000)
    long = RankedScores(labels, scores)
    roc, pr = long.roc_curve(), long.pr_curve()
    assert max(len(roc.x), len(pr.x)) <= weighted_ranking.CURVE_POINTS
    assert np.trapezoid(roc.y, roc.x) == pytest.approx(roc_auc_score(labels, scores), abs=2e-3)
    fpr, tpr, _ = roc_curve(labels, scores, drop_intermediate=False)
    for rate in (0.001, 0.01):
        assert np.interp(rate, roc.x, roc.y) == pytest.approx(np.interp(rate, fpr, tpr), abs=0.01)
    precision, recall, _ = precision_recall_curve(labels, scores)
    for at in (0.2, 0.5, 0.8):
        whole = precision[::-1][np.searchsorted(recall[::-1], at)]
        assert np.interp(at, pr.x, pr.y) == pytest.approx(whole, abs=0.02)


def test_counts_and_best_f1_equal_trying_every_threshold(ranked: RankedScores) -> None:
    every = np.ones(3_000)
    best = max(np.unique(SCORES), key=lambda t: f1_score(LABELS, t <= SCORES))
    assert ranked.best_f1_threshold() == pytest.approx(best)
    assert ranked.counts(every, 0.5) == (
        np.sum((SCORES >= 0.5) & (LABELS == 1)),
        np.sum((SCORES >= 0.5) & (LABELS == 0)),
        np.sum((SCORES < 0.5) & (LABELS == 1)),
        np.sum((SCORES < 0.5) & (LABELS == 0)),
    )


def test_one_class_has_no_number() -> None:
    none = RankedScores(np.zeros(5, np.int8), np.arange(5.0))
    assert np.isnan([none.roc_auc(np.ones(5)), none.pr_auc(np.ones(5)), none.recall(np.ones(5), 0.1, whole=True)]).all()
