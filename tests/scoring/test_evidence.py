"""Evidence of one observation: bounded, on the observation's own times, neutral in gaps, high in transits."""

from dataclasses import replace

import numpy as np
import pytest

from astroseq_core.preprocessing.prepare import PreprocessingConfig, prepare
from astroseq_core.preprocessing.segments import SegmentConfig, Segments, label_cadences, label_segments, make_segments
from astroseq_core.scoring.evidence import MAX_LOG_RATIO, MIN_LOG_RATIO, STEP_MINUTES, Evidence, compute_evidence, join_evidence

PLACES = 64


@pytest.fixture(scope="module")
def observed(light_curve_like_tess_sector):
    truth = light_curve_like_tess_sector.ephemeris
    prepared = prepare(light_curve_like_tess_sector.curve, PreprocessingConfig(window_days=0.8, cadence_minutes=2.0))
    return prepared, make_segments(prepared, SegmentConfig(window=512, channels=("flat",))), truth


def truth_of_places(prepared, segments: Segments, inside) -> np.ndarray:
    """Share of each place's cadences (s, PLACES) that are in transit, told without the code under test."""
    window = segments.values.shape[1]
    grid = np.rint((prepared.time - prepared.time[0]) / (prepared.cadence_minutes / 1440)).astype(int)
    out = np.zeros((len(segments), PLACES))
    for s, (first, last, lead) in enumerate(zip(segments.first, segments.last, segments.lead, strict=True)):
        for k in range(first, last + 1):
            out[s, (lead + grid[k] - grid[first]) * PLACES // window] += inside[k] * PLACES / window
    return out


@pytest.fixture(scope="module")
def from_segments(observed) -> Evidence:
    prepared, segments, truth = observed
    labels = label_segments(segments, label_cadences(prepared, [truth]))
    rng = np.random.default_rng(1)
    # a fair network: sure of four fifths of the transits, with false alarms
    probability = np.where(labels == 1, rng.choice([0.8, 0.1], len(labels), p=[0.8, 0.2]), rng.beta(1, 15, len(labels)))
    return compute_evidence(prepared, segments, probability, 0.1)


@pytest.fixture(scope="module")
def from_cadences(observed) -> Evidence:
    prepared, segments, truth = observed
    share = truth_of_places(prepared, segments, truth.in_transit(prepared.time, truth.t0.system))
    probability = np.full(len(segments), 0.1)
    return compute_evidence(prepared, segments, probability, 0.1, np.where(share > 0.5, 0.9, 0.002), 0.01)


@pytest.mark.parametrize("which", ["from_segments", "from_cadences"])
def test_it_is_bounded_on_the_times_of_the_data_and_peaks_in_transits(which: str, request, observed) -> None:
    found: Evidence = request.getfixturevalue(which)
    prepared, _, truth = observed
    steps = np.diff(found.time)
    assert np.all(steps > 0)
    assert np.median(steps) == pytest.approx(found.step_days, rel=1e-3)
    assert found.step_days * 1440 == pytest.approx(STEP_MINUTES)
    assert found.log_ratio.min() >= MIN_LOG_RATIO
    assert found.log_ratio.max() <= MAX_LOG_RATIO
    # No evidence where there are no data: the gap in the middle.
    nearest = np.abs(prepared.time[:, None] - found.time[None, :]).min(axis=0)
    assert nearest.max() < found.step_days
    inside = truth.in_transit(found.time, truth.t0.system)
    assert np.mean(found.log_ratio[inside]) > np.mean(found.log_ratio[~inside]) + 2
    assert np.median(found.log_ratio[~inside]) < 0


def test_cadence_probabilities_become_their_odds_against_the_base_rate(from_cadences: Evidence, observed) -> None:
    _, _, truth = observed
    phase = np.abs(truth.phase_days(from_cadences.time, truth.t0.system))
    deep, far = phase < 0.3 * truth.duration_days, phase > 2 * truth.duration_days
    base = np.log(0.01 / 0.99)
    assert np.allclose(from_cadences.log_ratio[deep], np.log(0.9 / 0.1) - base, atol=0.3)
    assert np.allclose(from_cadences.log_ratio[far], np.log(0.002 / 0.998) - base, atol=0.01)


def test_the_edges_of_segments_count_less(observed) -> None:
    prepared, segments, _ = observed
    cadence = np.full((len(segments), PLACES), 0.002)
    edges, middle = cadence.copy(), cadence.copy()
    edges[:, 0] = edges[:, -1] = 0.9
    middle[:, PLACES // 2 - 1 : PLACES // 2 + 1] = 0.9
    none = np.full(len(segments), 0.1)
    by_edges, by_middle = (compute_evidence(prepared, segments, none, 0.1, c, 0.01) for c in (edges, middle))
    # Where nothing else covers a place (the ends of the data) the edge must do.
    inner = slice(60, -60)
    assert np.quantile(by_middle.log_ratio[inner], 0.99) > np.quantile(by_edges.log_ratio[inner], 0.99) + 1


def test_a_network_that_sees_transits_everywhere_says_nothing(observed) -> None:
    prepared, segments, _ = observed
    everywhere = np.full((len(segments), PLACES), 0.6)
    found = compute_evidence(prepared, segments, np.full(len(segments), 0.9), 0.1, everywhere)
    assert np.allclose(found.log_ratio, 0.0)


def test_observations_are_joined_in_time_order(from_segments: Evidence) -> None:
    later = replace(from_segments, time=from_segments.time + 100)
    both = join_evidence([later, from_segments])
    assert np.all(np.diff(both.time) > 0)
    assert len(both.time) == 2 * len(from_segments.time)
