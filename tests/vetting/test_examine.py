import time
from dataclasses import replace

import numpy as np
import pytest

from astroseq_core import missions
from astroseq_core.errors import LightCurveError
from astroseq_core.simulation.transits import EclipsingBinary, Orbit, signal_ephemeris
from astroseq_core.stellar import StellarParameters
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.vetting.checks.base import Flag, all_checks
from astroseq_core.vetting.examine import examine
from tests.vetting.simulated import T0, observed

PLANET = Orbit(T0, 2.9, 0.09, 0.3, 1.2, 0.32, 0.25)
BINARY = EclipsingBinary(Orbit(T0, 2.9, 0.4, 0.3, 1.2, 0.32, 0.25), light_ratio=0.02, third_light=0.8)


def ephemeris(signal, **changes):
    return replace(signal_ephemeris("SIM 7", "b", signal), **changes)


@pytest.fixture(scope="module")
def planet():
    return examine([observed([PLANET], noise_ppm=500)], ephemeris(PLANET))


@pytest.fixture(scope="module")
def half_of_a_binary():
    return examine([observed([BINARY], noise_ppm=500)], ephemeris(BINARY, period_days=1.45))


def test_a_planet_passes(planet):
    assert [c.name for c in planet.checks] == [c.name for c in all_checks()]
    assert {c.name: c.flag for c in planet.checks if c.flag not in (Flag.PASS, Flag.UNKNOWN)} == {}
    assert all(c.sentence.endswith(".") and not c.reason_codes for c in planet.checks)


def test_depths_odd_and_even_and_single_are_the_injected_one(planet):
    for half in (planet.odd, planet.even):
        assert half.depth_ppm == pytest.approx(PLANET.depth_ppm, abs=3 * half.depth_err_ppm)
    pulls = [(t.depth_ppm - PLANET.depth_ppm) / t.depth_err_ppm for t in planet.transits if t.depth_ppm is not None]
    assert len(pulls) >= 8
    assert np.std(pulls) < 2
    assert planet.odd_even_sigma < 3


def test_the_masked_detrending_keeps_a_depth_that_a_short_window_eats(light_curve_like_tess_sector):
    from astroseq_core.preprocessing.prepare import PreprocessingConfig, prepare

    injected = light_curve_like_tess_sector
    curve = prepare(injected.curve, PreprocessingConfig(window_days=0.2))
    inside = injected.ephemeris.in_transit(curve.time, TimeSystem.BTJD, widen=0.5)
    assert -np.median(curve.flat[inside]) < 0.0015, "the window must eat the transit, or the test shows nothing"
    found = examine([curve], injected.ephemeris)
    # dips there are boxes, a tenth of whose middle a limb-darkened model cannot follow
    assert found.fold.depth_ppm == pytest.approx(2000, abs=4 * found.fold.depth_err_ppm)
    assert found.fit.depth_ppm == pytest.approx(2000, rel=0.12)


def test_a_binary_at_half_its_period_alternates(half_of_a_binary):
    check = half_of_a_binary.check("odd_even")
    assert check.flag is Flag.FAIL
    assert "OED" in check.reason_codes
    even, odd = half_of_a_binary.even, half_of_a_binary.odd
    assert even.depth_ppm == pytest.approx(BINARY.depth * 1e6, rel=0.05)
    assert odd.depth_ppm == pytest.approx(BINARY.secondary_depth * 1e6, rel=0.1)


def test_a_binarys_secondary_is_found_at_its_depth():
    found = examine([observed([BINARY], noise_ppm=500)], ephemeris(BINARY))
    second = found.secondary
    assert found.check("secondary").flag is Flag.FAIL
    assert second.half_depth_ppm == pytest.approx(BINARY.secondary_depth * 1e6, rel=0.15)
    assert second.half_sigma > 20


def test_a_planet_has_no_secondary_and_an_eccentric_one_is_found_elsewhere(planet):
    assert planet.check("secondary").flag is Flag.PASS
    other = replace(PLANET, t0=Instant(T0.days + 0.31 * 2.9, T0.system), radius_ratio=0.05)
    found = examine([observed([PLANET, other], noise_ppm=500)], ephemeris(PLANET))
    assert found.secondary.strongest_phase == pytest.approx(0.31, abs=0.015)
    assert found.check("secondary").flag is Flag.FAIL


def test_a_grazing_binary_is_v_shaped_and_a_deep_one_too_deep():
    grazing = Orbit(T0, 2.9, 0.4, 1.2, 1.0, 0.32, 0.25)
    assert examine([observed([grazing])], ephemeris(grazing)).check("shape").flag is Flag.FAIL
    deep = Orbit(T0, 2.9, 0.6, 0.0, 1.0, 0.32, 0.25)
    found = examine([observed([deep])], ephemeris(deep))
    assert found.check("depth").flag is Flag.FAIL
    assert found.fit.depth_ppm == pytest.approx(deep.depth_ppm, rel=0.02)


def test_the_star_decides_about_size_and_duration():
    curve, e = [observed([PLANET])], ephemeris(PLANET)
    sun = StellarParameters(radius_solar=1.0, density_solar=1.2, density_err=0.2)
    found = examine(curve, e, stellar=sun)
    assert found.check("depth").flag is Flag.PASS
    assert found.check("depth").value == pytest.approx(0.09 * 109.08, abs=4 * found.check("depth").error)
    assert found.check("duration").flag is Flag.PASS
    giant = examine(curve, e, stellar=StellarParameters(radius_solar=12.0, density_solar=0.002, density_err=0.0005))
    assert giant.check("depth").flag is Flag.FAIL
    assert giant.check("duration").flag is Flag.FAIL


def test_a_star_that_varies_in_step_is_told():
    spotted = observed([PLANET], wave=(0.02, 2.9))
    check = examine([spotted], ephemeris(PLANET)).check("variability")
    assert check.flag is Flag.FAIL
    assert check.value == pytest.approx(20_000, rel=0.1)
    assert examine([observed([PLANET], wave=(0.02, 2.1))], ephemeris(PLANET)).check("variability").flag is Flag.PASS


def test_transits_in_a_gap_and_at_dumps_are_counted():
    e = ephemeris(PLANET)
    gap = [(T0.days - 0.02, T0.days + 0.3), (T0.days + 2.9 - 0.5, T0.days + 2.9 + 0.5)]
    found = examine([observed([PLANET], gaps=gap)], e)
    by_number = {t.number: t for t in found.transits}
    assert by_number[0].touches_gap
    assert 0 < by_number[0].coverage < 0.7
    assert by_number[1].depth_ppm is None
    assert by_number[1].coverage == 0
    assert not by_number[3].touches_gap
    curve = observed([PLANET])
    curve.light_curve.quality[np.abs(curve.light_curve.time - (T0.days + 2.9)) < 0.003] = 32
    assert {t.number for t in examine([curve], e).transits if t.near_dump} == {1}


def test_no_transit_in_the_data_is_said_and_nothing_breaks():
    e = ephemeris(PLANET, t0=Instant(1400.0, TimeSystem.BTJD), period_days=None)
    found = examine([observed([PLANET])], e)
    assert found.fit is None
    assert found.transits == ()
    assert {c.flag for c in found.checks} == {Flag.UNKNOWN}


def test_a_single_transit_works_everywhere():
    orbit = Orbit(T0, None, 0.09, 0.3, 1.2, 0.32, 0.25, shape_period_days=60)
    found = examine([observed([orbit], noise_ppm=500)], ephemeris(orbit))
    assert found.phase is None
    assert found.secondary is None
    assert len(found.transits) == 1
    assert found.transits[0].depth_ppm == pytest.approx(orbit.depth_ppm, abs=3.5 * found.transits[0].depth_err_ppm)
    assert found.check("coverage").reason_codes == ("ST",)
    assert found.check("odd_even").flag is Flag.UNKNOWN
    assert found.check("strength").flag is Flag.PASS


@pytest.mark.parametrize("period", [0.35, 0.21])
def test_a_very_short_period(period):
    orbit = Orbit(T0, period, 0.05, 0.2, 4.0, 0.32, 0.25)
    found = examine([observed([orbit])], ephemeris(orbit))
    assert found.fit.depth_ppm == pytest.approx(orbit.depth_ppm, rel=0.06)
    assert found.check("strength").flag is Flag.PASS


def test_a_duration_that_fills_the_orbit_and_a_wrong_one_break_nothing():
    e = ephemeris(PLANET, duration_hours=2.9 * 24 * 0.6)
    assert len(examine([observed([PLANET])], e).checks) == len(all_checks())
    assert len(examine([observed([PLANET])], replace(e, duration_hours=0.05)).checks) == len(all_checks())


def test_other_planets_do_not_count_as_secondaries():
    other = Orbit(Instant(T0.days + 0.725, T0.system), 1.45, 0.04, 0.1, 1.2, 0.32, 0.25)
    curve = observed([PLANET, other])
    alone, known = examine([curve], ephemeris(PLANET)), examine([curve], ephemeris(PLANET), others=[ephemeris(other)])
    assert alone.check("secondary").flag is Flag.FAIL
    assert known.check("secondary").flag is Flag.PASS


def test_known_signals():
    e, curve = ephemeris(PLANET), [observed([PLANET])]
    same = replace(e, name="TOI-1.01", t0=Instant(e.t0.days + 10 * 2.9, e.t0.system), disposition="FP")
    assert examine(curve, e, known=[same]).check("known_object").flag is Flag.FAIL
    assert examine(curve, e, known=[replace(same, disposition="CP")]).check("known_object").flag is Flag.PASS
    double = replace(same, period_days=5.8, disposition="")
    found = examine(curve, e, known=[double]).check("known_object")
    assert found.flag is Flag.WARN
    assert "twice this period" in found.sentence


def test_quarters_of_half_hours_are_fast():
    orbit = Orbit(Instant(140.0, TimeSystem.BKJD), 9.7, 0.08, 0.4, 1.0, 0.42, 0.24)
    quarters = [
        observed(
            [orbit],
            instrument=missions.KEPLER,
            minutes=29.4244,
            start=139.0 + 92 * i,
            days=90,
            gaps=(),
            noise_ppm=100,
            name=f"quarter {i}",
            seed=i,
        )
        for i in range(6)
    ]
    begin = time.process_time()
    found = examine(quarters, ephemeris(orbit))
    assert time.process_time() - begin < 1.5
    assert found.fit.depth_ppm == pytest.approx(orbit.depth_ppm, rel=0.02)
    assert len(found.transits) >= 50


def test_without_light_curves_it_says_so():
    with pytest.raises(LightCurveError, match="no light curve"):
        examine([], ephemeris(PLANET))


@pytest.mark.parametrize("seed", range(6))
def test_where_there_is_no_signal_nothing_is_told_of_it(seed):
    days, hours = np.random.default_rng(seed).uniform(2.0, 9.0), 3.0
    e = replace(ephemeris(PLANET), period_days=days, duration_hours=hours)
    found = examine([observed([], noise_ppm=500, seed=seed)], e, stellar=StellarParameters(radius_solar=1.0))
    assert found.check("strength").value < 3
    for name in ("shape", "depth", "duration", "odd_even", "depth_consistency"):
        check = found.check(name)
        assert check.flag is Flag.UNKNOWN, check
        assert "faint" in check.sentence or "could be" in check.sentence, check


def test_depths_at_a_wrong_period_are_told_in_bounds():
    signal = replace(PLANET, radius_ratio=0.2)
    for period in (2.9 / 7, 2.9 * 0.31, 2.9 / 3, 2.9 * 0.77):
        found = examine([observed([signal], noise_ppm=300)], ephemeris(signal, period_days=period, duration_hours=1.5))
        check = found.check("depth_consistency")
        assert check.flag is not Flag.PASS, check.sentence
        told = check.sentence.partition("vary by ")[2]
        assert not told or told.startswith("more than their mean depth") or float(told.split(" %")[0]) <= 100, check.sentence
