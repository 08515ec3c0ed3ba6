"""Metrics against brute force and known cases; intervals from stars."""

import numpy as np
import pytest

from astroseq_core.errors import ModelError
from astroseq_core.evaluation import calibration, metrics
from astroseq_core.networks.card import logit

RNG = np.random.default_rng(0)
LABELS = (RNG.random(6_000) < 0.3).astype(np.int8)
SIGNAL = 2.0 * LABELS + RNG.standard_normal(6_000)
#: The true log-odds of a normal variable shifted by 2, at a base rate of 0.3.
TRUTH = 1 / (1 + np.exp(-(2 * SIGNAL - 2 + np.log(0.3 / 0.7))))
STARS = np.array([f"TIC {i // 60 + 1}" for i in range(6_000)])


def test_the_report_of_a_known_case() -> None:
    report = metrics.make_report("known", LABELS, TRUTH, STARS, base_rate=0.3)
    # AUC = Phi(2 / sqrt 2); recall at 1 % = Phi(2 - 2.326)
    assert report.roc_auc.value == pytest.approx(0.921, abs=0.015)
    assert report.recall.value == pytest.approx(0.372, abs=0.06)
    assert report.roc_auc.low < report.roc_auc.value < report.roc_auc.high
    assert report.roc_auc.high - report.roc_auc.low < 0.03
    assert (report.segments, report.stars) == (6_000, 100)
    assert report.ece < 0.02


def test_overconfidence_shows_as_calibration_error() -> None:
    sure = 1 / (1 + np.exp(-4 * logit(TRUTH)))
    assert metrics.make_report("sure", LABELS, sure, STARS, base_rate=0.3).ece > 0.05


def test_few_stars_give_wide_intervals() -> None:
    few = np.where(np.arange(6_000) < 3_000, "A", "B")
    shifted = np.where(few == "A", SIGNAL, SIGNAL[::-1])
    report = metrics.make_report("few", LABELS, 1 / (1 + np.exp(-shifted)), few, base_rate=0.3)
    assert report.roc_auc.high - report.roc_auc.low > 0.1


def test_platt_recovers_the_line_that_was_bent() -> None:
    bent = 1 / (1 + np.exp(-(logit(TRUTH) * 3 + 1)))
    found = calibration.fit_platt(LABELS, bent, base_rate=0.3)
    assert np.median(np.abs(found(bent) - TRUTH)) < 0.02


def test_platt_moves_to_the_wanted_base_rate() -> None:
    rare = calibration.fit_platt(LABELS, TRUTH, base_rate=0.03)(TRUTH)
    weights = calibration.class_weights(LABELS, 0.03)
    assert np.average(LABELS, weights=weights) == pytest.approx(0.03)
    assert np.average(rare, weights=weights) == pytest.approx(0.03, abs=0.002)


def test_a_network_no_better_than_chance_is_not_calibrated() -> None:
    with pytest.raises(ModelError, match="chance"):
        calibration.fit_platt(LABELS, 1 - TRUTH, base_rate=0.3)
    with pytest.raises(ModelError, match="with and without"):
        calibration.fit_platt(np.ones(5, np.int8), TRUTH[:5], base_rate=0.3)


def test_thresholds_let_their_share_of_negatives_pass() -> None:
    found = calibration.standard_thresholds(LABELS, TRUTH)
    for rate in (0.1, 0.01, 0.001):
        assert np.mean(TRUTH[LABELS == 0] > found[f"false_alarms_{rate:g}"]) == pytest.approx(rate, abs=5e-4)
