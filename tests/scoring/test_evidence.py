"""Folded evidence finds an injected period from segments that only know roughly where."""

from dataclasses import replace

import numpy as np
import pytest

from astroseq_core.lightcurves.prepare import Preparation, prepare
from astroseq_core.scoring import evidence
from astroseq_core.scoring.evidence import LEAST, MOST, Evidence
from astroseq_core.segments.cut import Cutting, cut
from astroseq_core.segments.label import cadence_states, label


@pytest.fixture(scope="module")
def folded(light_curve_like_tess_sector):
    curve, truth = light_curve_like_tess_sector.curve, light_curve_like_tess_sector.ephemeris
    prepared = prepare(curve, Preparation(window_days=0.8, cadence_minutes=2.0))
    segments = cut(prepared, Cutting(window=512, channels=("flat",)))
    labels = label(segments, cadence_states(prepared, [truth]))
    rng = np.random.default_rng(1)
    # a fair network: sure of four fifths of the transits, with false alarms
    probability = np.where(labels == 1, rng.choice([0.8, 0.1], len(labels), p=[0.8, 0.2]), rng.beta(1, 15, len(labels)))
    return evidence.evidence_of(prepared, segments, probability, 0.1), truth


def test_the_period_and_epoch_are_found(folded) -> None:
    found, truth = folded
    best = evidence.fold(found)
    assert best.period_days == pytest.approx(truth.period_days, rel=0.01)
    assert abs(float(truth.phase_days(np.array([best.t0_days]), truth.t0.system)[0])) < 2 / 24
    assert best.num_transits >= 5
    assert best.score > 2 * MOST


def test_evidence_is_bounded_and_in_time_order(folded) -> None:
    found, _ = folded
    assert np.all(np.diff(found.time) > 0)
    assert found.log_ratio.min() >= LEAST - 1e-9
    assert found.log_ratio.max() <= MOST + 1e-9


def test_evidence_peaks_in_the_transits(folded) -> None:
    found, truth = folded
    inside = truth.in_transit(found.time, truth.t0.system)
    assert found.log_ratio[inside].max() > 1
    assert np.median(found.log_ratio[~inside]) < 0


def test_missing_transits_speak_against_half_the_period() -> None:
    time = np.arange(0, 30, 1 / 24)
    ratio = np.full(len(time), -1.0)
    for mid in np.arange(2.0, 30, 5.0):
        ratio[np.argmin(np.abs(time - mid))] = 4.0
    best = evidence.fold(Evidence(time, ratio, 1 / 24))
    assert best.period_days == pytest.approx(5.0, abs=0.01)
    # six transits, each e^4 in one of three places
    assert best.score == pytest.approx(6 * np.log((np.exp(4) + 2 * np.exp(-1)) / 3), abs=0.1)


def test_noise_gathers_no_evidence_at_any_period() -> None:
    rng = np.random.default_rng(0)
    for days in (27, 1400):
        time = np.arange(0, days, 1 / 32)
        # log-likelihood ratios of nothing: the mean likelihood is 1
        found = evidence.fold(Evidence(time, np.clip(rng.normal(-0.5, 1.0, len(time)), LEAST, MOST), 1 / 32))
        assert found.score < 12


def test_one_event_alone_is_a_single_transit() -> None:
    time = np.arange(0, 30, 1 / 24)
    ratio = np.full(len(time), -1.0)
    ratio[300] = 5.0
    best = evidence.fold(Evidence(time, ratio, 1 / 24))
    assert best.period_days is None
    assert best.t0_days == pytest.approx(time[300])
    assert best.score == pytest.approx(5.0)


def test_observations_are_joined_in_time_order(folded) -> None:
    found, _ = folded
    later = replace(found, time=found.time + 100)
    both = evidence.join([later, found])
    assert np.all(np.diff(both.time) > 0)
    assert len(both.time) == 2 * len(found.time)
