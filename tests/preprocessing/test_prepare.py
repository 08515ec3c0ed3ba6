from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from astroseq_core import missions
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import LightCurveError, SettingsError, TooShortError
from astroseq_core.io import lightcurve
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.preprocessing import noise
from astroseq_core.preprocessing.prepare import DEFAULT_CONFIGS, PreprocessingConfig, light_curve_fits_cadence, prepare
from astroseq_core.preprocessing.segments import SegmentConfig, make_segments
from astroseq_core.signals.search import find_signals
from astroseq_core.targets import Target
from astroseq_core.times import Instant, TimeSystem


def kepler_quarter(ephemeris: Ephemeris | None = None, sigma: float = 1e-4, level: float = 5000.0, **more: Any) -> LightCurve:
    """90 days at long cadence with a slow wave, a gap and the transits of ``ephemeris``."""
    rng = np.random.default_rng(11)
    time = 540 + np.arange(0, 90, 29.4244 / 1440)
    time = time[(time < 580) | (time > 582)]
    flux = 1 + 0.003 * np.sin(2 * np.pi * time / 17) + rng.normal(0, sigma, len(time))
    if ephemeris is not None:
        flux[ephemeris.in_transit(time, TimeSystem.BKJD)] -= (ephemeris.depth_ppm or 0) * 1e-6
    return lightcurve.make_light_curve(
        target=Target("KIC", "1"), observation="Q6", time=time, flux=flux * level, instrument=missions.KEPLER, **more
    )


SIX_HOURS = Ephemeris("KIC 1", "b", Instant(545.0, TimeSystem.BKJD), 11.3, 6.0, 2000.0)


def test_a_dip_of_six_hours_and_2000_ppm_survives_the_default_within_a_tenth():
    ready = prepare(kepler_quarter(SIX_HOURS))
    inside = SIX_HOURS.in_transit(ready.time, ready.system)
    assert inside.sum() > 60
    assert -1e6 * np.median(ready.flat[inside]) == pytest.approx(2000, rel=0.1)
    assert np.abs(np.median(ready.flat[~inside])) < 5e-5


def test_a_window_of_a_few_hours_would_have_eaten_it():
    ready = prepare(kepler_quarter(SIX_HOURS), PreprocessingConfig(window_days=0.2))
    assert -1e6 * np.median(ready.flat[SIX_HOURS.in_transit(ready.time, ready.system)]) < 1200


def test_a_sectors_dips_noise_and_flags_come_out_as_injected(light_curve_like_tess_sector: Any):
    truth = light_curve_like_tess_sector
    ready = prepare(truth.curve)
    inside = truth.ephemeris.in_transit(ready.time, ready.system)
    # A dip of few sigmas a cadence cannot be told from noise by a robust mean either: at worst the window's mean eats its share.
    eaten = truth.ephemeris.duration_days / ready.settings.window_days
    assert 2000 * (1 - eaten) < -1e6 * np.median(ready.flat[inside]) < 2050
    assert ready.noise_ppm == pytest.approx(truth.noise_ppm, rel=0.08)
    # Over an hour the white noise averages down to 146 ppm; what is left of the wave (about 130 ppm) and the dips do not.
    assert truth.noise_ppm / 30**0.5 < noise.noise_ppm_1h(ready) < 1.6 * truth.noise_ppm / 30**0.5
    assert len(ready.time) == int(truth.curve.usable_mask().sum())
    assert ready.flat.min() > -0.01  # the flagged cadences of half the flux are gone
    assert np.median(ready.flux) == pytest.approx(1.0)
    assert ready.observation == "s0001"


def test_the_slow_wave_is_gone_and_the_white_noise_left():
    ready = prepare(kepler_quarter(sigma=1e-4))
    assert ready.noise_ppm == pytest.approx(100, rel=0.1)
    assert np.std(ready.trend) > 0.0015


def test_the_flux_unit_does_not_matter():
    one, other = prepare(kepler_quarter(SIX_HOURS)), prepare(kepler_quarter(SIX_HOURS, level=1.0))
    np.testing.assert_allclose(one.flat, other.flat, atol=1e-12)


def test_flares_are_clipped_and_dips_are_not():
    curve = kepler_quarter()
    flux = curve.flux.copy()
    flux[500:503] *= 1.05
    flux[900:903] *= 0.95
    ready = prepare(replace(curve, flux=flux))
    assert ready.flat.max() <= 5.0001 * ready.noise
    assert ready.flat.min() < -0.04
    assert prepare(replace(curve, flux=flux), replace(DEFAULT_CONFIGS["Kepler"], clip_sigma=None)).flat.max() > 0.04


def test_what_someone_has_flattened_is_not_detrended_again():
    ready = prepare(kepler_quarter(flattened=True))
    assert np.ptp(ready.trend) == 0
    assert np.std(ready.flat) > 0.0015


@pytest.mark.parametrize("minutes", [10.0, 29.4244])
def test_faster_data_are_binned_to_means(light_curve_like_tess_sector: Any, minutes: float):
    truth = light_curve_like_tess_sector
    ready = prepare(truth.curve, replace(DEFAULT_CONFIGS["TESS"], cadence_minutes=minutes))
    assert ready.cadence_minutes == pytest.approx(minutes, rel=0.02)
    white_ppm = 1e6 * noise.point_to_point_sigma(ready.flat)
    assert white_ppm == pytest.approx(truth.noise_ppm * (2 / minutes) ** 0.5, rel=0.1)
    assert (np.diff(ready.time) > 0).all()
    gap = np.diff(ready.time).max()
    assert 1.2 < gap < 1.5  # no bin stands in the gap
    deep = truth.ephemeris.in_transit(ready.time, ready.system, widen=0.7)
    assert 1650 < -1e6 * np.median(ready.flat[deep]) < 2100


def test_slower_data_are_not_made_faster():
    curve = kepler_quarter()
    assert not light_curve_fits_cadence(curve, 2.0)
    assert light_curve_fits_cadence(curve, 30.0)
    with pytest.raises(SettingsError, match="slower data cannot be made faster"):
        prepare(curve, PreprocessingConfig(cadence_minutes=2.0))
    with pytest.raises(TooShortError, match="cadences are left at 4000 min"):
        prepare(curve, PreprocessingConfig(cadence_minutes=4000.0))


@pytest.mark.parametrize("level", [1.0, 0.0, -3.0])
def test_flux_that_cannot_be_searched_is_refused(level: float):
    curve = kepler_quarter()
    with pytest.raises(LightCurveError, match="constant flux"):
        prepare(replace(curve, flux=np.full_like(curve.flux, level)))


def test_dips_in_flux_without_noise_are_searched():
    signal = Ephemeris("KIC 1", "b", Instant(300.0, TimeSystem.BKJD), 5.0, 6.0, 2000.0)
    curve = kepler_quarter()
    dips = prepare(replace(curve, flux=np.where(signal.in_transit(curve.time, TimeSystem.BKJD), 4990.0, 5000.0)))
    assert dips.noise == noise.MIN_NOISE
    [found] = find_signals((), (dips,))
    assert found.ephemeris.period_days == pytest.approx(5.0, abs=0.01)
    for name in ("flat", "flat_short"):
        assert np.isfinite(make_segments(dips, SegmentConfig(window=64, stride=32, channels=(name,))).values).all()


def test_settings_are_plain_json_values():
    assert PreprocessingConfig(**DEFAULT_CONFIGS["K2"].to_dict()) == DEFAULT_CONFIGS["K2"]
