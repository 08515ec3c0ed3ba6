from dataclasses import replace

import pytest

from astroseq_core.errors import EphemerisError
from astroseq_core.simulation.transits import Orbit, signal_ephemeris
from astroseq_core.times import Instant
from astroseq_core.vetting.refine import edit_ephemeris, refine_ephemeris, scale_period
from tests.vetting.simulated import T0, observed

ORBIT = Orbit(T0, 3.3, 0.08, 0.3, 1.2, 0.32, 0.25)
TRUE = signal_ephemeris("SIM 7", "b", ORBIT)
SINGLE = replace(TRUE, period_days=None)


@pytest.fixture(scope="module")
def curve():
    return observed([ORBIT], noise_ppm=600)


@pytest.mark.parametrize(("t0_hours", "period_minutes"), [(0.0, 0.0), (0.8, 6.0), (-1.0, -8.0)])
def test_a_shifted_ephemeris_is_brought_back_within_its_errors(curve, t0_hours, period_minutes):
    off = replace(TRUE, t0=Instant(T0.days + t0_hours / 24, T0.system), period_days=3.3 + period_minutes / 1440)
    best = refine_ephemeris([curve], off)
    n = round((best.t0.days - T0.days) / 3.3)
    assert best.period_days == pytest.approx(3.3, abs=4 * best.period_err)
    assert best.t0.days == pytest.approx(T0.days + n * 3.3, abs=4 * best.t0_err)
    assert 0 < best.t0_err < 2 / 1440
    assert 0 < best.period_err < 1 / 1440
    assert abs(best.t0.days - 1338.5) < 3.5, "the epoch lies near the middle of the data"
    assert best.duration_hours == pytest.approx(TRUE.duration_hours, rel=0.06)
    assert best.depth_ppm == pytest.approx(TRUE.depth_ppm, rel=0.08)


def test_a_single_transit_gets_its_time(curve):
    best = refine_ephemeris([curve], replace(SINGLE, t0=Instant(T0.days + 0.02, T0.system)))
    assert best.period_days is None
    assert best.t0.days == pytest.approx(T0.days, abs=4 * best.t0_err)


def test_where_nothing_transits_it_says_so(curve):
    with pytest.raises(EphemerisError, match=r"faint|no transit"):
        refine_ephemeris([observed([], noise_ppm=600)], TRUE)
    with pytest.raises(EphemerisError, match="no transit"):
        refine_ephemeris([curve], replace(SINGLE, t0=Instant(1500.0, T0.system)))


def test_scaling_and_shifting_are_exact():
    assert scale_period(TRUE, 2).period_days == 6.6
    assert scale_period(scale_period(TRUE, 3), 1 / 3).period_days == pytest.approx(3.3, abs=1e-15)
    assert TRUE.shifted(0.5).t0.days == T0.days + 1.65
    assert TRUE.shifted(0.25).shifted(-0.25).t0.days == pytest.approx(T0.days, abs=1e-12)
    for change in (lambda e: scale_period(e, 2), lambda e: e.shifted(0.5)):
        with pytest.raises(EphemerisError, match="single transit"):
            change(SINGLE)


def test_typed_values_forget_the_errors_of_what_changed():
    known = replace(TRUE, t0_err=0.01, period_err=0.001)
    same = edit_ephemeris(known, 3.3, known.t0, known.duration_hours)
    assert same == known
    other = edit_ephemeris(known, 6.6, known.t0, known.duration_hours)
    assert (other.period_err, other.t0_err, other.depth_ppm) == (0.0, 0.01, None)
    with pytest.raises(EphemerisError):
        edit_ephemeris(known, 0.01, known.t0, 5.0)
