import numpy as np
import pytest

from astroseq_core.errors import SettingsError
from astroseq_core.preprocessing import detrend, noise

RNG = np.random.default_rng(7)


def test_robust_sigma_is_that_of_normal_noise_and_ignores_outliers():
    values = RNG.normal(3.0, 2.0, 100_000)
    values[::1000] = 1e6
    values[5] = np.nan
    assert noise.robust_sigma(values) == pytest.approx(2.0, rel=0.02)
    assert np.isnan(noise.robust_sigma(np.array([np.nan])))


def test_point_to_point_sigma_sees_white_noise_under_a_slow_wave():
    values = RNG.normal(0, 1.0, 50_000) + 100 * np.sin(np.arange(50_000) / 3000)
    assert noise.point_to_point_sigma(values) == pytest.approx(1.0, rel=0.03)


@pytest.mark.parametrize("cadences", [1, 4, 25])
def test_white_noise_averages_down_with_the_root_of_the_cadences(cadences: int):
    assert noise.binned_sigma(RNG.normal(0, 1, 200_000), cadences) == pytest.approx(cadences**-0.5, rel=0.05)


def test_red_noise_does_not_average_down():
    slow = np.cumsum(RNG.normal(0, 1, 20_000))
    assert noise.binned_sigma(slow, 10) > 0.9 * noise.robust_sigma(slow)


def kepler_days() -> np.ndarray:
    time = np.arange(0, 60, 1 / 49)
    return time[(time < 20) | (time > 23)]  # a gap of three days


def test_pieces_are_the_stretches_between_gaps():
    time = kepler_days()
    first, second = detrend.split_at_gaps(time)
    assert time[first][-1] < 20
    assert time[second][0] > 23
    assert first.stop == second.start
    assert len(detrend.split_at_gaps(time[:1])) == 1


@pytest.mark.parametrize("method", ["biweight", "median", "savgol"])
def test_a_slow_wave_is_followed_and_removed(method: str):
    time = kepler_days()
    wave = 1 + 0.01 * np.sin(2 * np.pi * time / 15)
    slow = detrend.estimate_trend(time, wave + RNG.normal(0, 1e-4, len(time)), method, 1.5)
    inner = (np.abs(time - 10) < 8) | (np.abs(time - 40) < 15)
    assert np.abs(slow - wave)[inner].max() < 5e-4


@pytest.mark.parametrize("method", ["biweight", "median", "savgol"])
def test_no_trend_is_drawn_across_a_gap(method: str):
    time = kepler_days()
    flux = np.where(time < 21, 1.0, 1.2) + RNG.normal(0, 1e-4, len(time))  # the level jumps within the gap
    slow = detrend.estimate_trend(time, flux, method, 1.5)
    assert np.abs(slow - np.where(time < 21, 1.0, 1.2)).max() < 1e-3


@pytest.mark.parametrize("method", list(detrend.DETRENDING_METHODS))
def test_trends_are_finite_also_where_a_piece_is_too_short(method: str):
    time = np.r_[np.arange(0, 10, 1 / 49), 15.0, 15.02]
    slow = detrend.estimate_trend(time, np.ones(len(time)), method, 1.5)
    np.testing.assert_allclose(slow, 1.0)


def test_without_a_method_the_median_is_the_trend():
    time = np.arange(0, 10, 1 / 49)
    flux = 1 + 0.1 * np.sin(time)
    assert np.ptp(detrend.estimate_trend(time, flux, "none", 1.0)) == 0


def test_unknown_methods_and_windows_are_refused():
    with pytest.raises(SettingsError, match="biweight"):
        detrend.estimate_trend(np.arange(9.0), np.ones(9), "spline", 1.0)
    with pytest.raises(SettingsError, match="positive"):
        detrend.estimate_trend(np.arange(9.0), np.ones(9), "median", 0.0)
