import numpy as np
import pytest

from astroseq_core.plots import _points

CADENCE = 2.0
N = 80_000


@pytest.fixture(scope="module")
def noisy() -> np.ndarray:
    return 500e-6 * np.random.default_rng(3).standard_normal(N)


def with_dip(noisy: np.ndarray, hours: float, depth: float, at: int = 31_000) -> tuple[np.ndarray, np.ndarray]:
    flat = noisy.copy()
    inside = np.zeros(N, bool)
    inside[at : at + round(hours * 60 / CADENCE)] = True
    flat[inside] -= depth
    return flat, inside


def test_few_points_are_all_drawn():
    flat = np.zeros(1000)
    assert np.array_equal(_points.downsample_indices(flat, np.zeros(1000, bool), CADENCE), np.arange(1000))


def test_number_of_points_is_bounded(noisy):
    drawn = _points.downsample_indices(noisy, np.zeros(N, bool), CADENCE)
    assert 0.5 * _points.MAX_POINTS < len(drawn) <= _points.MAX_POINTS
    assert (np.diff(drawn) > 0).all()


def test_predicted_transits_are_drawn_whole(noisy):
    keep = np.zeros(N, bool)
    keep[100:190] = keep[50_000:50_100] = True
    drawn = _points.downsample_indices(noisy, keep, CADENCE)
    assert np.isin(np.flatnonzero(keep), drawn).all()


@pytest.mark.parametrize(("hours", "depth"), [(0.7, 0.004), (2.0, 0.001), (5.0, 0.0006), (13.0, 0.0008)])
def test_a_dip_without_ephemeris_is_neither_hidden_nor_deepened(noisy, hours, depth):
    flat, inside = with_dip(noisy, hours, depth)
    drawn = _points.downsample_indices(flat, np.zeros(N, bool), CADENCE)
    shown = flat[drawn[inside[drawn]]]
    assert len(shown) > 0.8 * inside.sum(), "most of the dip must be drawn raw"
    error = 500e-6 / np.sqrt(inside.sum())
    assert np.median(shown) == pytest.approx(-depth, abs=5 * error)


def test_noise_looks_like_noise(noisy):
    drawn = _points.downsample_indices(noisy, np.zeros(N, bool), CADENCE)
    # Choosing extremes, as minimum-maximum thinning does, would widen this by half and more.
    assert noisy[drawn].std() == pytest.approx(noisy.std(), rel=0.02)
    assert abs(np.mean(noisy[drawn])) < 5 * 500e-6 / np.sqrt(len(drawn))


def test_surroundings_of_a_dip_are_thinned_like_the_rest(noisy):
    flat, _ = with_dip(noisy, 2.0, 0.01)
    drawn = _points.downsample_indices(flat, np.zeros(N, bool), CADENCE)
    before = (drawn >= 31_000 - 180) & (drawn < 31_000 - 30)
    assert before.sum() < 0.6 * 150, "a long box must not keep what is only near a dip"


def test_many_deep_dips_leave_room_for_the_rest(noisy):
    keep = np.arange(N) % 4 == 0
    drawn = _points.downsample_indices(noisy, keep, CADENCE)
    assert (~keep[drawn]).sum() >= 0.3 * _points.MAX_POINTS
