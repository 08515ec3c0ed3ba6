"""Segments: every cadence in one, none across a long gap, and what stands in them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astroseq_core.errors import SettingsError
from astroseq_core.preprocessing import channels, grid
from astroseq_core.preprocessing.segments import SegmentConfig, count_segments, make_segments
from tests.preprocessing.white_noise import MINUTES, cadences, prepared


@given(
    lengths=st.lists(st.integers(60, 700), min_size=1, max_size=4),
    gap=st.integers(1, 400),
    window=st.integers(16, 256),
    part=st.floats(0.0, 0.9),
)
@settings(max_examples=60, deadline=None)
def test_blocks_hold_all_cadences_and_no_long_gap(lengths: list[int], gap: int, window: int, part: float) -> None:
    places = np.concatenate([np.arange(n) + sum(lengths[:i]) + i * gap for i, n in enumerate(lengths)])
    curve = prepared(2000.0 + places * MINUTES / 1440)
    cutting = SegmentConfig(window=window, channels=("flat", "gap"), max_gap_part=part, least_filled=1e-6)
    segments = make_segments(curve, cutting)
    inside = np.zeros(len(places), bool)
    for first, last in zip(segments.first, segments.last, strict=True):
        inside[first : last + 1] = True
        steps = np.diff(places[first : last + 1])
        assert steps.size == 0 or steps.max() <= max(1, int(part * window))
        assert places[last] - places[first] < window
    assert inside.all()
    assert count_segments(curve.time, curve.cadence_minutes, cutting) == len(segments)
    # "gap" says exactly which places hold no cadence
    assert np.array_equal((segments.values[:, :, 1] == 0).sum(axis=1), segments.num_cadences)


def test_segments_begin_every_stride_and_the_last_ends_with_the_data() -> None:
    curve = prepared(cadences(1000))
    segments = make_segments(curve, SegmentConfig(window=256, channels=("flat",)))
    assert list(segments.first[:3]) == [0, 64, 128]
    assert segments.last[-1] == 999
    assert np.allclose(segments.t_start, curve.time[segments.first])
    assert np.allclose(segments.t_stop, curve.time[segments.last])


def test_values_are_the_flux_in_sigmas_where_linear() -> None:
    curve = prepared(cadences(400))
    segments = make_segments(curve, SegmentConfig(window=128, channels=("flat", "raw")))
    sigmas = curve.flat[segments.first[2] : segments.last[2] + 1] / curve.noise
    assert np.allclose(segments.values[2, :, 0], channels.compress_sigmas(sigmas), atol=1e-5)
    small = np.abs(sigmas) < 0.5
    assert np.allclose(segments.values[2, small, 0], sigmas[small], atol=0.01)
    assert np.allclose(np.sinh(segments.values[2, :, 1]).mean() * 10, 0.0, atol=1e-3)


def test_a_deep_dip_stays_ordered_after_compression() -> None:
    depths = np.array([1.0, 5.0, 50.0, 500.0])
    assert np.all(np.diff(channels.compress_sigmas(depths)) > 1)
    assert channels.compress_sigmas(np.array([1500.0]))[0] < 25


def test_the_matched_filter_measures_signal_to_noise() -> None:
    rng = np.random.default_rng(3)
    white = rng.standard_normal(20_000)
    width, snr = 60, 9.0
    white[10_000 - width // 2 : 10_000 + width // 2] -= snr / np.sqrt(width)
    found = grid.matched_filter(white, np.ones(len(white), bool), width)
    assert abs(int(np.argmax(found)) - 10_000) <= 6
    assert found.max() == pytest.approx(snr, abs=2.5)
    assert np.median(found) == pytest.approx(0, abs=0.05)


def test_the_matched_filter_says_nothing_in_gaps() -> None:
    flat, filled = np.random.default_rng(4).standard_normal(5000), np.ones(5000, bool)
    filled[2000:2500] = False
    flat[~filled] = 0
    assert np.all(grid.matched_filter(flat, filled, 50)[2050:2450] == 0)


def test_short_blocks_are_padded_and_mostly_empty_segments_left_out() -> None:
    time = np.r_[cadences(600), cadences(90, 2010.0), cadences(20, 2020.0)]
    segments = make_segments(prepared(time), SegmentConfig(window=256, channels=("flat", "gap"), least_filled=0.3))
    counts = segments.num_cadences
    assert 90 in counts
    assert 20 not in counts
    assert counts.min() >= 0.3 * 256


def test_two_cadences_never_share_a_place_when_clocks_jitter() -> None:
    rng = np.random.default_rng(5)
    time = np.sort(cadences(3000) + rng.uniform(-0.7, 0.7, 3000) * MINUTES / 1440)
    laid = grid.make_grid(np.unique(time), MINUTES, 100, 16)
    assert np.all(np.diff(laid.place) >= 1)


@pytest.mark.parametrize("wrong", [{"window": 8}, {"stride": 0}, {"least_filled": 0.0}, {"max_gap_part": 1.0}])
def test_impossible_settings_are_refused(wrong: dict) -> None:
    with pytest.raises(SettingsError):
        SegmentConfig(**wrong)


def test_an_unknown_channel_is_named() -> None:
    with pytest.raises(SettingsError, match="wavelets"):
        make_segments(prepared(cadences(400)), SegmentConfig(window=128, channels=("flat", "wavelets")))
