import numpy as np
import pytest

from astroseq_core import missions
from astroseq_core.preprocessing import noise
from astroseq_core.simulation.transits import Orbit, signal_ephemeris
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.vetting import box_depths, transit_model
from astroseq_core.vetting.events import gather_events, level_events
from astroseq_core.vetting.fold import masked_detrended_flux
from astroseq_core.vetting.transit_fit import fit_transit
from tests.vetting.simulated import T0, observed

ORBITS = {
    "planet": Orbit(T0, 3.1, 0.1, 0.3, 1.2, 0.32, 0.25),
    "small": Orbit(T0, 3.1, 0.03, 0.5, 1.0, 0.32, 0.25),
    "grazing": Orbit(T0, 3.1, 0.35, 1.15, 1.0, 0.32, 0.25),
}


def fitted(orbit, **changes):
    curve = observed([orbit], **changes)
    e = signal_ephemeris("SIM 7", "b", orbit)
    flats = [masked_detrended_flux(curve, [e])]
    return fit_transit(level_events(gather_events([curve], flats, e)), curve.light_curve.instrument)


@pytest.mark.parametrize("name", ORBITS)
def test_depth_duration_and_epoch_are_recovered(name):
    orbit = ORBITS[name]
    fit = fitted(orbit)
    assert fit.depth_ppm == pytest.approx(orbit.depth_ppm, abs=3.5 * fit.depth_err_ppm)
    assert fit.duration_hours == pytest.approx(24 * orbit.duration_days(), abs=3.5 * fit.duration_err_hours)
    assert fit.t0_shift_hours == pytest.approx(0, abs=4 * fit.t0_shift_err_hours)
    assert fit.depth_err_ppm < 0.1 * fit.depth_ppm
    assert 0.5 < fit.chi2_reduced < 1.7


def test_a_central_transit_is_flat_and_a_grazing_one_is_not():
    assert fitted(ORBITS["planet"]).flat_fraction > 0.6
    assert fitted(ORBITS["planet"]).grazing_sigma < 2
    grazing = fitted(ORBITS["grazing"])
    assert grazing.impact + grazing.radius_ratio > 1.04
    assert grazing.grazing_sigma > 4


def test_the_density_of_the_star_lies_within_its_error():
    fit = fitted(ORBITS["planet"], noise_ppm=400)
    assert fit.density_solar == pytest.approx(1.2, abs=3 * fit.density_err_solar)
    assert fit.density_max_solar >= fit.density_solar


def test_a_long_exposure_does_not_make_the_depth_of_mid_transit_less():
    orbit = Orbit(Instant(140.3, TimeSystem.BKJD), 3.1, 0.1, 0.85, 1.2, 0.42, 0.24)
    fit = fitted(orbit, instrument=missions.KEPLER, minutes=29.4244, start=139.0, days=90, gaps=(), noise_ppm=60)
    assert fit.depth_ppm == pytest.approx(orbit.depth_ppm, rel=0.02)
    # what the cadences themselves show at mid-transit is less
    assert fit.drop(np.zeros(1), 29.4244 / 60)[0] < 0.995
    assert fit.drop(np.zeros(1) + fit.t0_shift_hours, 0.0)[0] == pytest.approx(1.0, abs=1e-6)


def test_noise_alone_and_no_data_give_no_nonsense():
    orbit = ORBITS["small"]
    e = signal_ephemeris("SIM 7", "b", orbit)
    curve = observed([], noise_ppm=300, gaps=[(1329.0, 1350.0), (1350.7, 1353.0)], start=1326.7)
    flats = [masked_detrended_flux(curve, [e])]
    assert fit_transit(level_events(gather_events([curve], flats, e)), missions.TESS) is None


def test_geometry_is_that_of_the_simulation():
    orbit = ORBITS["planet"]
    hours = 24 * orbit.duration_days()
    a = transit_model.a_over_rstar(3.1, hours, 0.1, 0.3)
    assert a == pytest.approx(orbit.a_over_rstar, rel=1e-6)
    assert transit_model.density_solar(3.1, a) == pytest.approx(1.2, rel=1e-5)
    assert transit_model.mid_depth(0.1, 0.3, (0.32, 0.25)) == pytest.approx(orbit.depth, rel=1e-4)


def test_a_box_measures_a_box_and_red_noise_beyond_the_white():
    rng = np.random.default_rng(3)
    time = np.arange(0, 27, 2 / 1440)
    flat = 1e-3 * rng.standard_normal(len(time))
    flat[np.abs(time - 10) < 1 / 16] -= 0.005
    boxes = box_depths.box_depths(time, flat, TimeSystem.BTJD, 1 / 8, 2 / 1440)
    depth, error = boxes.at(np.array([10.0, 500.0]))
    assert depth[0] == pytest.approx(0.005, abs=4 * error[0])
    assert np.isnan(depth[1])
    assert boxes.red_noise < 0.5 * np.nanmedian(boxes.sigma)
    red = np.convolve(rng.standard_normal(len(time)), np.ones(60) / 60, "same") * 3e-3
    noisy = box_depths.box_depths(time, flat + red, TimeSystem.BTJD, 1 / 8, 2 / 1440)
    assert noisy.red_noise > 2 * np.nanmedian(noisy.sigma)
    assert noise.robust_sigma(noisy.depth) == pytest.approx(np.hypot(noisy.red_noise, np.nanmedian(noisy.sigma)), rel=0.02)
