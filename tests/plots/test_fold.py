from dataclasses import replace

import numpy as np
import pytest

from astroseq_core.preprocessing.prepare import prepare
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.vetting.fold import fold_each_ephemeris, fold_transits, masked_detrended_flux


@pytest.fixture(scope="module")
def injected(light_curve_like_tess_sector):
    return light_curve_like_tess_sector


def test_depth_and_its_error(injected):
    result = fold_transits([prepare(injected.curve)], injected.ephemeris)
    assert result.depth_ppm == pytest.approx(2000, abs=4 * result.depth_err_ppm)
    # 45 cadences in the middle half of each of 7 transits, 800 ppm each
    white = 800 / np.sqrt(45 * result.num_transits)
    assert white < result.depth_err_ppm < 2 * white, "the star's own variation adds to the white noise, but not much"


def test_transits_in_the_gap_are_not_counted(injected):
    curve = prepare(injected.curve)
    mid = injected.ephemeris.transits(curve.time[0], curve.time[-1], TimeSystem.BTJD).mid
    covered = [(np.abs(curve.time - m) < injected.ephemeris.duration_days / 2).any() for m in mid]
    assert fold_transits([curve], injected.ephemeris).num_transits == sum(covered)


def test_a_short_window_does_not_eat_the_depth_that_is_measured(injected):
    short = prepare(injected.curve, replace(prepare(injected.curve).settings, window_days=0.3))
    inside = injected.ephemeris.in_transit(short.time, TimeSystem.BTJD, widen=0.5)
    assert -np.median(short.flat[inside]) < 0.0019, "the test needs a trend that follows the transits"
    assert fold_transits([short], injected.ephemeris).depth_ppm == pytest.approx(2000, abs=120)


def test_other_planets_are_left_out(injected):
    curve = prepare(injected.curve)
    other = replace(injected.ephemeris, name="c", t0=Instant(1327.0, TimeSystem.BTJD), period_days=2.9)
    result = fold_transits([curve], injected.ephemeris, [other])
    hours = np.sort(result.phase_hours)
    alone = fold_transits([curve], injected.ephemeris)
    assert len(hours) < len(alone.phase_hours)
    assert result.depth_ppm == pytest.approx(2000, abs=5 * result.depth_err_ppm)


def test_no_cadence_in_transit_gives_no_depth(injected):
    single = replace(injected.ephemeris, t0=Instant(1338.9, TimeSystem.BTJD), period_days=None)
    result = fold_transits([prepare(injected.curve)], single)
    assert result.depth_ppm is None
    assert result.num_transits == 0


def test_masked_flat_is_the_curves_own_without_transits(injected):
    curve = prepare(injected.curve)
    assert masked_detrended_flux(curve, []) == pytest.approx((curve.flux - curve.trend) / curve.trend)


def test_fold_all_is_each_fold_with_the_others_left_out(injected):
    curve = prepare(injected.curve)
    other = replace(injected.ephemeris, name="c", t0=Instant(1327.0, TimeSystem.BTJD), period_days=2.9)
    both = fold_each_ephemeris([curve], [injected.ephemeris, other])
    assert [f.ephemeris.name for f in both] == ["injected b", "c"]
    assert both[0].depth_ppm == fold_transits([curve], injected.ephemeris, [other]).depth_ppm
    assert both[1].depth_ppm == fold_transits([curve], other, [injected.ephemeris]).depth_ppm
