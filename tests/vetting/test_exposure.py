"""Each cadence has its own exposure: transits keep their depth at any spacing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.io import lightcurve
from astroseq_core.io.fits import exposure_from_header
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.io.read import read_light_curve
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, PreprocessingConfig, prepare
from astroseq_core.simulation.transits import Orbit, relative_flux, signal_ephemeris
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.vetting.checks.base import Flag
from astroseq_core.vetting.examine import examine
from astroseq_core.vetting.exposure import cadence_spacing, exposures
from tests.vetting.simulated import T0, observed

#: 1.8 hours, 11,551 ppm.
HOT = Orbit(T0, 1.37, 0.1, 0.3, 1.7, 0.32, 0.25)
E = signal_ephemeris("SIM 7", "b", HOT)


def light_curve(
    minutes: float,
    *,
    every: int = 1,
    start: float = 1325.0,
    noise_ppm: float = 600.0,
    told: float | None = None,
    seed: int = 1,
    orbit: Orbit = HOT,
) -> LightCurve:
    time = start + np.arange(0, 27, minutes / 1440)
    flux = relative_flux(time, [orbit], minutes)
    flux = flux + noise_ppm * 1e-6 * np.random.default_rng(seed).standard_normal(len(time))
    return lightcurve.LightCurve.from_arrays(time[::every], flux[::every], "TIC 7", exposure_minutes=told)


def stitched(first: LightCurve, second: LightCurve) -> LightCurve:
    time, flux = (np.concatenate([getattr(c, name) for c in (first, second)]) for name in ("time", "flux"))
    return lightcurve.LightCurve.from_arrays(time, flux, "TIC 7")


FAST, SLOW = light_curve(2.0), light_curve(30.0, start=1355.0, noise_ppm=155.0, seed=2)
CASES = {
    "two minutes": [FAST],
    "half hours": [SLOW],
    "both, the fast first": [FAST, SLOW],
    "both, the slow first": [SLOW, FAST],
    "both in one light curve": [stitched(FAST, SLOW)],
    "every 15th of two minutes": [light_curve(2.0, every=15)],
    "every 30th": [light_curve(2.0, every=30)],
    "every 45th": [light_curve(2.0, every=45)],
    "every 45th, as the header says": [light_curve(2.0, every=45, told=2.0)],
    "every 45th, beside half hours": [light_curve(2.0, every=45), SLOW],
}


@pytest.mark.parametrize("case", CASES)
def test_a_short_transit_has_its_depth_whatever_the_spacing(case: str):
    found = examine([prepare(c) for c in CASES[case]], E)
    assert found.fit.depth_ppm == pytest.approx(HOT.depth_ppm, abs=3 * found.fit.depth_err_ppm)
    assert found.fit.depth_ppm == pytest.approx(HOT.depth_ppm, rel=0.1)
    assert found.fit.chi2_reduced < 1.5
    assert found.check("odd_even").flag is Flag.PASS
    assert found.check("depth").flag is Flag.PASS


@pytest.mark.parametrize("period", [2.2, 2.26, 3.3])
def test_where_the_exposure_cannot_be_told_the_error_of_the_depth_says_so(period: float):
    """Every 45th cadence falls on the same places of the orbit, or on few: the data leave the shape open."""
    orbit = replace(HOT, period_days=period, density_solar=2.6)
    e = signal_ephemeris("SIM 7", "b", orbit)
    found = examine([prepare(light_curve(2.0, every=45, orbit=orbit))], e)
    assert found.fit.depth_ppm == pytest.approx(orbit.depth_ppm, abs=3 * found.fit.depth_err_ppm)
    assert found.fit.depth_ppm < 1.5 * orbit.depth_ppm


def test_exposures_that_really_are_long_are_known_for_it():
    """Bins of 72 minutes, cut by 30-minute exposures: the header's exposure is no longer true."""
    orbit = replace(HOT, t0=Instant(T0.days, TimeSystem.BTJD))
    time = 1325 + np.arange(0, 54, 72 / 1440)
    flux = relative_flux(time, [orbit], 72.0) + 100e-6 * np.random.default_rng(3).standard_normal(len(time))
    found = examine([prepare(lightcurve.LightCurve.from_arrays(time, flux, "TIC 7", exposure_minutes=30.0))], E)
    assert found.fit.exposure_limit_hours > 1
    assert found.fit.depth_ppm == pytest.approx(orbit.depth_ppm, abs=3 * found.fit.depth_err_ppm)


def test_spacing_is_that_of_each_stretch_and_blind_to_gaps():
    gappy = np.delete(np.arange(3000.0), np.r_[100:180, 500, 502, 504])
    assert set(cadence_spacing(gappy)) == {1.0}
    both = np.r_[np.arange(1000.0), 1000 + 15 * np.arange(100.0)]
    assert (cadence_spacing(both) == np.r_[np.ones(998), cadence_spacing(both)[998:1004], np.full(96, 15.0)]).all()
    uneven = np.cumsum(np.tile([72.0, 144.0, 72.0, 144.0, 144.0], 60))
    assert set(cadence_spacing(uneven)) == {72.0}


def test_an_exposure_is_known_from_the_header_or_from_binning_here():
    def of(curve: LightCurve, settings: PreprocessingConfig | None = None) -> tuple[set[float], int]:
        detrended: DetrendedLightCurve = prepare(curve, settings)
        found = exposures(detrended)
        return set(np.round(found.minutes, 6)), len(found.limits)

    assert of(light_curve(2.0, told=2.0)) == ({2.0}, 1)
    assert of(light_curve(2.0), PreprocessingConfig(cadence_minutes=10.0)) == ({10.0}, 1)
    assert of(light_curve(30.0))[1] == 2
    assert of(observed([HOT], minutes=30.0).light_curve)[1] == 2


def test_headers_give_exposures_and_not_the_time_on_source():
    assert exposure_from_header({"EXPOSURE": 22.08, "TIMEDEL": 2 / 1440}) == pytest.approx(2.0)
    assert exposure_from_header({"EXPOSURE": 83.17}) is None
    assert exposure_from_header({"INT_TIME": 6.0198, "READTIME": 0.51895, "NUM_FRM": 270}) == pytest.approx(29.4244, abs=1e-3)
    assert exposure_from_header({"TIMEDEL": "unknown", "EXPTIME": 200.0}) == pytest.approx(200 / 60)


@pytest.mark.lent
def test_a_binned_star_has_its_published_depth(lent_data: Path):
    curve = prepare(read_light_curve(lent_data / "lc_binned" / "KIC_9651668.npz"))
    e = Ephemeris("KIC 9651668", "K00183.01", Instant(133.3548095, TimeSystem.BKJD), 2.684328541, 2.69382, 18136.0)
    found = examine([curve], e)
    assert found.fit.depth_ppm == pytest.approx(18136, rel=0.03)
    assert found.check("odd_even").flag is Flag.PASS


@pytest.mark.parametrize("minutes", [72.0, 144.0])
def test_light_curves_that_were_binned_elsewhere_make_no_star_of_a_hot_jupiter(minutes: float):
    """Exposures that are not told round a transit off as the light of another star would."""
    orbit = replace(HOT, period_days=3.52, density_solar=0.5)
    e = signal_ephemeris("SIM 7", "b", orbit)
    curves = [light_curve(minutes, noise_ppm=60.0, orbit=orbit, start=1325.0 + 30 * i, seed=i) for i in range(4)]
    fit = examine([prepare(c) for c in curves], e).fit
    assert fit is not None
    assert fit.third_light == 0
    assert fit.radius_ratio < 0.14
