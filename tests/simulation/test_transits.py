import math

import numpy as np
import pytest

from astroseq_core.errors import SettingsError
from astroseq_core.simulation.transits import EclipsingBinary, Orbit, eclipse_flux, transit_flux
from astroseq_core.times import Instant, TimeSystem

T0 = Instant(1500.0, TimeSystem.BTJD)


@pytest.mark.parametrize("ratio", [0.01, 0.05, 0.15])
def test_a_central_transit_of_a_uniform_disc_is_as_deep_as_the_ratio_of_areas(ratio: float) -> None:
    orbit = Orbit(T0, 4.0, ratio, impact=0.0, u1=0.0, u2=0.0)
    assert orbit.depth == pytest.approx(ratio**2, rel=1e-6)
    time = np.arange(1490, 1510, 2 / 1440)
    assert 1 - transit_flux(time, orbit).min() == pytest.approx(ratio**2, rel=1e-6)


def test_limb_darkening_deepens_a_central_transit_as_the_centre_is_brighter_than_the_mean() -> None:
    u1, u2, ratio = 0.4, 0.2, 0.02
    expected = ratio**2 / (1 - u1 / 3 - u2 / 6)
    assert Orbit(T0, 4.0, ratio, u1=u1, u2=u2).depth == pytest.approx(expected, rel=2e-3)
    assert Orbit(T0, 4.0, ratio, impact=0.9, u1=u1, u2=u2).depth < ratio**2


def test_a_year_around_the_sun_has_the_earths_distance_and_duration() -> None:
    earth = Orbit(T0, 365.25, 0.00917)
    assert earth.a_over_rstar == pytest.approx(215.0, rel=2e-3)
    assert earth.duration_days() * 24 == pytest.approx(13.1, abs=0.1)


@pytest.mark.parametrize(("impact", "ratio", "period"), [(0.0, 0.1, 3.0), (0.7, 0.05, 12.0), (0.95, 0.15, 2.0)])
def test_the_duration_is_where_the_flux_leaves_and_regains_one(impact: float, ratio: float, period: float) -> None:
    orbit = Orbit(T0, period, ratio, impact=impact)
    time = 1500 + np.linspace(-0.4, 0.4, 80_001)
    inside = time[transit_flux(time, orbit) < 1 - 1e-12]
    assert inside[-1] - inside[0] == pytest.approx(orbit.duration_days(), abs=2e-4)


def test_transits_repeat_with_the_period_and_nothing_is_missing_between_them() -> None:
    orbit = Orbit(T0, 3.3, 0.1)
    time = np.arange(1490.0, 1517.0, 2 / 1440)
    flux = transit_flux(time, orbit, 2.0)
    number = np.round((time - 1500.0) / 3.3)
    dip = flux < 1 - orbit.depth / 2
    mids = [time[dip & (number == n)].mean() for n in np.unique(number[dip])]
    np.testing.assert_allclose(np.diff(mids), 3.3, atol=2e-3)
    outside = np.abs(time - 1500.0 - 3.3 * number) > orbit.duration_days() / 2 + 0.002
    assert np.all(flux[outside] == 1.0)


def test_a_long_exposure_smears_a_transit_but_keeps_its_area() -> None:
    orbit = Orbit(T0, 2.0, 0.1, impact=0.3, density_solar=3.0)
    time = np.arange(1499.6, 1500.4, 1 / 14400)
    sharp, smeared = transit_flux(time, orbit), transit_flux(time, orbit, 30.0)
    assert (1 - smeared).sum() == pytest.approx((1 - sharp).sum(), rel=1e-3)
    kernel = np.ones(301) / 301
    np.testing.assert_allclose(smeared[500:-500], np.convolve(sharp, kernel, mode="same")[500:-500], atol=0.02 * orbit.depth)


def test_a_single_transit_happens_once() -> None:
    orbit = Orbit(T0, None, 0.08, shape_period_days=100.0)
    time = np.arange(1300.0, 1700.0, 10 / 1440)
    dips = time[transit_flux(time, orbit, 10.0) < 1]
    assert np.all(np.abs(dips - 1500.0) <= orbit.duration_days() / 2 + 10 / 2880)
    assert orbit.duration_days() == pytest.approx(Orbit(T0, 100.0, 0.08).duration_days())


def test_the_secondary_lies_half_a_period_later_and_is_as_deep_as_the_companions_light() -> None:
    binary = EclipsingBinary(Orbit(T0, 4.0, 0.4, u1=0.0, u2=0.0), light_ratio=0.25)
    flux = eclipse_flux(np.array([1500.0, 1501.0, 1502.0]), binary)
    assert flux[1] == pytest.approx(1.0)
    assert 1 - flux[0] == pytest.approx(0.16 / 1.25)
    assert 1 - flux[2] == pytest.approx(0.25 / 1.25)
    assert binary.depth == pytest.approx(0.16 / 1.25)
    assert binary.secondary_depth == pytest.approx(0.2)


def test_third_light_dilutes_and_the_tidal_distortion_peaks_at_the_quadratures() -> None:
    orbit = Orbit(T0, 1.0, 0.3)
    bare, diluted = EclipsingBinary(orbit, 0.1), EclipsingBinary(orbit, 0.1, third_light=0.75)
    assert diluted.depth == pytest.approx(bare.depth / 4)
    time = np.linspace(1500.0, 1501.0, 1001)
    tidal = eclipse_flux(time, EclipsingBinary(orbit, 0.1, ellipsoidal=0.02)) - eclipse_flux(time, bare)
    assert time[np.argmax(tidal)] % 0.5 == pytest.approx(0.25, abs=0.01)
    assert np.ptp(tidal) == pytest.approx(0.04, rel=1e-3)


@pytest.mark.parametrize(
    "wrong",
    [
        {"period_days": None},
        {"period_days": -1.0},
        {"radius_ratio": 0.0},
        {"impact": 1.2},
        {"density_solar": math.nan},
        {"period_days": 0.05},
    ],
)
def test_an_orbit_that_cannot_be_is_refused(wrong: dict[str, float | None]) -> None:
    settings: dict[str, float | None] = {"period_days": 3.0, "radius_ratio": 0.1, **wrong}
    with pytest.raises(SettingsError):
        Orbit(T0, **settings)  # type: ignore[arg-type]
