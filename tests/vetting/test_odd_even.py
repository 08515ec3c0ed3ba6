"""Odd against even: depth, time and duration; transits that are missing; planets whose times vary."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.io import lightcurve
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, prepare
from astroseq_core.simulation.transits import Orbit, relative_flux, signal_ephemeris
from astroseq_core.times import Instant
from astroseq_core.vetting.checks.base import Flag
from astroseq_core.vetting.examine import Examination, examine
from tests.vetting.simulated import T0, observed


def later(orbit: Orbit, days: float) -> Orbit:
    return replace(orbit, t0=Instant(orbit.t0.days + days, orbit.t0.system))


def pair(period: float, late_minutes: float, ratio: float = 0.1) -> list[Orbit]:
    """Equal eclipses of a binary of twice that period, the second one late."""
    first = Orbit(T0, 2 * period, ratio, 0.3, 0.3, 0.32, 0.25)
    return [first, later(first, period + late_minutes / 1440)]


def at(signal: Orbit, period: float) -> Ephemeris:
    return replace(signal_ephemeris("SIM 7", "b", signal), period_days=period)


@pytest.mark.parametrize("late", [12.0, 20.0, 40.0, -25.0])
@pytest.mark.parametrize("period", [2.2, 4.0, 7.0])
def test_equal_eclipses_of_which_every_second_is_late_fail(period: float, late: float):
    signals = pair(period, late)
    found = examine([observed(signals, noise_ppm=600, wave=(0.0, 4.0))], at(signals[0], period))
    check = found.check("odd_even")
    assert check.flag is Flag.FAIL, check.sentence
    assert check.unit == "min"
    assert check.value == pytest.approx(abs(late), abs=4 * check.error)
    assert f"{'odd' if late > 0 else 'even'} ones come" in check.sentence
    assert "as in a binary star of twice the period" in check.sentence
    assert "as of one planet" not in check.sentence
    assert check.reason_codes == ("OED", "EB")
    for half in (found.odd, found.even):
        assert half.depth_ppm == pytest.approx(signals[0].depth_ppm, abs=4 * half.depth_err_ppm)


def test_equal_eclipses_of_which_every_second_is_longer_fail():
    first = Orbit(T0, 6.0, 0.1, 0.2, 1.5, 0.32, 0.25)
    second = replace(later(first, 3.0), density_solar=0.5)
    found = examine([observed([first, second], noise_ppm=400, wave=(0.0, 4.0))], at(first, 3.0))
    check = found.check("odd_even")
    assert check.flag is Flag.FAIL
    assert "longer than even ones" in check.sentence or "min longer" in check.sentence
    true = 24 * 60 * (second.duration_days() - first.duration_days())
    assert check.value == pytest.approx(true, abs=4 * check.error)


@pytest.mark.parametrize("period", [2.2, 4.0, 7.0])
@pytest.mark.parametrize("off", [0.0, 0.0008])
def test_one_planet_passes_also_with_a_period_that_is_slightly_off(period: float, off: float):
    orbit = Orbit(T0, period, 0.1, 0.3, 1.2, 0.32, 0.25)
    found = examine([observed([orbit], noise_ppm=600)], at(orbit, period * (1 + off)))
    check = found.check("odd_even")
    assert check.flag is Flag.PASS, check.sentence
    assert check.sentence.endswith("as of one planet.")


def times_that_vary(period: float, minutes: Sequence[float]) -> DetrendedLightCurve:
    """Transits of one planet, each late by so many minutes."""
    time = 1325 + np.arange(0, 27, 2 / 1440)
    one = Orbit(T0, None, 0.1, 0.3, 1.2, 0.32, 0.25, shape_period_days=period)
    flux = relative_flux(time, [later(one, i * period + m / 1440) for i, m in enumerate(minutes)], 2.0)
    flux = flux + 600e-6 * np.random.default_rng(1).standard_normal(len(time))
    return prepare(lightcurve.LightCurve.from_arrays(time, flux, "TIC 7"))


def test_times_that_vary_smoothly_do_not_alternate():
    for amplitude in (10.0, 25.0):
        curve = times_that_vary(2.9, [amplitude * np.sin(2 * np.pi * i / 5) for i in range(9)])
        orbit = Orbit(T0, 2.9, 0.1, 0.3, 1.2, 0.32, 0.25)
        check = examine([curve], at(orbit, 2.9)).check("odd_even")
        assert check.flag is not Flag.FAIL, check.sentence


def test_three_transits_do_not_tell_varying_times_from_a_binary():
    orbit = Orbit(T0, 9.5, 0.1, 0.3, 1.2, 0.32, 0.25)
    check = examine([times_that_vary(9.5, [0.0, 15.0, 0.0])], at(orbit, 9.5)).check("odd_even")
    assert check.flag is Flag.WARN
    assert "3 transits do not tell" in check.sentence


@pytest.mark.parametrize(("fraction", "words"), [(2, "twice this"), (3, "three times this")])
@pytest.mark.parametrize("seed", [1, 2])
def test_missing_transits_mean_a_longer_period_and_no_binary(fraction: int, words: str, seed: int):
    orbit = Orbit(T0, 3.69, 0.07, 0.3, 1.2, 0.32, 0.25)
    curve = observed([orbit], noise_ppm=600, days=54.0, seed=seed)
    for number in range(fraction):
        e = at(later(orbit, number * 3.69 / fraction), 3.69 / fraction)
        found: Examination = examine([curve], e)
        check = found.check("odd_even")
        assert check.flag is Flag.WARN
        assert check.reason_codes == ("WE",)
        assert check.sentence.endswith(f"so the period is {words}.")
        assert "binary" not in check.sentence
    right = examine([curve], at(orbit, 3.69)).check("odd_even")
    assert right.flag is Flag.PASS, right.sentence
