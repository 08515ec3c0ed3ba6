"""Centroid shifts against what was put in."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.io import pixels, read
from astroseq_core.io.ephemeris_table import read_table
from astroseq_core.io.pixels import PixelColumns
from astroseq_core.simulation.systematics import red_noise
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.vetting.centroid import centroid_shift

EPHEMERIS = Ephemeris("TIC 1", "b", Instant(1326.4, TimeSystem.BTJD), 3.1, 4.0, 20_000.0)


def columns(seed: int, offset: tuple[float, float] = (0.0, 0.0), depth: float = 0.02, red: float = 3e-4) -> PixelColumns:
    """A sector at ten minutes with drift, red and white noise; what is transited lies at the offset from the light's centre."""
    rng = np.random.default_rng(seed)
    time = 1325.3 + np.arange(0, 26.0, 10 / 1440)
    time = time[(time < 1338) | (time > 1339)]
    lost = depth * EPHEMERIS.in_transit(time, TimeSystem.BTJD)
    parts = []
    for start, away in zip((100.0, 50.0), offset, strict=True):
        slow = 0.004 * (time - time[0]) / 26 + red_noise(rng, time, red) - 1 + 1e-3 * rng.standard_normal(len(time))
        parts.append(start + slow - away * lost / (1 - lost))
    sap = 1000 * (1 - lost) * (1 + 5e-4 * rng.standard_normal(len(time)))
    quality = np.zeros(len(time), np.int64)
    return PixelColumns("s0001", TimeSystem.BTJD, time, sap, sap, None, *parts, quality)


@pytest.mark.parametrize("seed", range(6))
def test_a_blend_is_measured_where_it_is(seed: int):
    shift = centroid_shift(columns(seed, (0.8, -0.5)), EPHEMERIS)
    assert shift is not None
    expected = [-away * 0.02 / 0.98 for away in (0.8, -0.5)]
    assert abs(shift.dx - expected[0]) < 4 * shift.dx_err
    assert abs(shift.dy - expected[1]) < 4 * shift.dy_err
    assert shift.sigma > 8
    assert shift.depth_ppm == pytest.approx(20_000, rel=0.02)
    assert abs(shift.offset_pixels - np.hypot(0.8, 0.5)) < 4 * shift.offset_err
    assert shift.num_transits == 7  # one of the eight lies in the gap


def test_no_blend_stays_below_three_sigma_and_errors_are_honest():
    found = [centroid_shift(columns(100 + seed), EPHEMERIS) for seed in range(40)]
    pulls = np.array([[s.dx / s.dx_err, s.dy / s.dy_err] for s in found if s is not None])
    assert sum(s.sigma > 3 for s in found if s is not None) <= 1
    assert 0.6 < pulls.std() < 1.3  # neither too small nor too large, red noise and all


def test_red_noise_widens_the_error():
    quiet, red = (centroid_shift(columns(5, red=level), EPHEMERIS) for level in (1e-6, 3e-3))
    assert red.dx_err > 3 * quiet.dx_err


def test_transits_of_others_are_left_out():
    other = replace(EPHEMERIS, name="c", t0=Instant(1326.74, TimeSystem.BTJD), duration_hours=3.0)
    moved = columns(3, (3.0, 0.0))
    still = columns(3)
    inside = other.in_transit(still.time, TimeSystem.BTJD)
    spoilt = replace(still, x=np.where(inside, still.x + 0.05, still.x))
    assert centroid_shift(spoilt, EPHEMERIS).sigma > 3
    assert centroid_shift(spoilt, EPHEMERIS, (other,)).sigma < 3
    assert centroid_shift(moved, EPHEMERIS, (other,)).sigma > 10


def test_flagged_cadences_do_not_count():
    one = columns(8)
    flagged = EPHEMERIS.in_transit(one.time, TimeSystem.BTJD) & (np.arange(len(one.time)) % 4 == 0)
    spoilt = replace(one, x=np.where(flagged, one.x + 0.5, one.x), quality=np.where(flagged, 32, 0))
    assert centroid_shift(spoilt, EPHEMERIS).sigma < 3


def test_several_observations_count_together_whatever_their_pixels_directions():
    parts = [columns(20, (0.5, 0.0)), None, replace(columns(21, (-0.5, 0.0)), observation="s0002")]
    single = [centroid_shift(p, EPHEMERIS) for p in parts if p is not None]
    both = centroid_shift(parts, EPHEMERIS)
    assert both.sigma > max(s.sigma for s in single)
    assert abs(both.dx) < 0.2 * abs(single[0].dx)  # opposite in pixels
    assert both.offset_pixels == pytest.approx(0.5, abs=4 * both.offset_err)
    assert both.num_transits == sum(s.num_transits for s in single)
    assert len(both.hours) == len(both.x) == len(both.inside) == sum(len(s.hours) for s in single)


@pytest.mark.parametrize("without", [{"x": None}, {"x": np.full(10_000, np.nan)}])
def test_nothing_is_told_without_positions(without):
    one = columns(1)
    if without["x"] is not None:
        without = {"x": without["x"][: len(one.time)]}
    assert centroid_shift(replace(one, **without), EPHEMERIS) is None
    assert centroid_shift([None], EPHEMERIS) is None
    assert centroid_shift([], EPHEMERIS) is None


def test_nothing_is_told_without_a_transit_in_the_data():
    assert centroid_shift(columns(1), replace(EPHEMERIS, period_days=None, t0=Instant(1200.0, TimeSystem.BTJD))) is None


def test_a_single_transit_is_measured():
    shift = centroid_shift(columns(1, (0.8, 0.0)), replace(EPHEMERIS, period_days=None))
    assert shift.num_transits == 1
    assert shift.sigma > 3


def test_without_raw_flux_there_is_a_shift_and_no_offset():
    shift = centroid_shift(replace(columns(1, (0.8, 0.0)), sap=None), EPHEMERIS)
    assert shift.sigma > 8
    assert shift.depth_ppm is None
    assert shift.offset_pixels is None


@pytest.mark.lent
@pytest.mark.parametrize(
    ("files", "target", "largest"), [("tess2018206*", "TIC 261136679", 3.0), ("kplr011446443*", "KIC 11446443", 0.1)]
)
def test_known_planets_are_on_target(lent_data: Path, files: str, target: str, largest: float):
    """TrES-2's light moves with high significance, but its source lies within hundredths of a pixel: field stars' doing."""
    folder = lent_data / "fits"
    curves = [read.read_light_curve(path) for path in sorted(folder.glob(files))[:4]]
    ephemeris = read_table(lent_data / "ephemerides.csv").for_target(target)[0]
    shift = centroid_shift([pixels.load_pixel_columns(c, str(folder)) for c in curves], ephemeris)
    assert shift is not None
    assert shift.offset_pixels is None or shift.offset_pixels < largest
