"""Noise over one hour against noise whose scatter of means is known."""

import numpy as np
import pytest

from astroseq_core import missions
from astroseq_core.io import lightcurve
from astroseq_core.preprocessing.noise import noise_ppm_1h
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, PreprocessingConfig, prepare
from astroseq_core.targets import Target

SIGMA = 1e-3


def light_curve(flux: np.ndarray, minutes: float, keep: np.ndarray | slice = slice(None), **settings) -> DetrendedLightCurve:
    time = 2000 + np.arange(len(flux)) * minutes / 1440
    curve = lightcurve.make_light_curve(
        target=Target("TIC", "7"), observation="o", time=time[keep], flux=1 + flux[keep], instrument=missions.TESS
    )
    return prepare(curve, PreprocessingConfig(**{"detrending": "none", "clip_sigma": None} | settings))


def white(minutes: float, days: float = 80.0, seed: int = 3) -> np.ndarray:
    return SIGMA * np.random.default_rng(seed).standard_normal(round(days * 1440 / minutes))


@pytest.mark.parametrize("minutes", [20 / 60, 2.0, 10.0, 29.4244, 45.0, 90.0])
def test_white_noise_goes_with_the_square_root_of_the_time(minutes: float):
    expected = SIGMA * 1e6 * np.sqrt(minutes / 60)
    assert noise_ppm_1h(light_curve(white(minutes), minutes)) == pytest.approx(expected, rel=0.06)


def test_correlated_noise_is_what_the_means_scatter_by():
    # An autoregressive process of first order: the variance of the mean of k values is known.
    minutes, phi, k = 2.0, 0.95, 30
    steps = white(minutes, days=160.0) * np.sqrt(1 - phi**2)
    flux = np.empty_like(steps)
    last = 0.0
    for at, step in enumerate(steps):
        last = flux[at] = phi * last + step
    lags = np.arange(1, k)
    variance = SIGMA**2 / k * (1 + 2 * np.sum((1 - lags / k) * phi**lags))
    found = noise_ppm_1h(light_curve(flux, minutes))
    assert found == pytest.approx(1e6 * np.sqrt(variance), rel=0.06)
    assert found > 3.5 * SIGMA * 1e6 / np.sqrt(k), "white noise of the same scatter would average out"


def test_missing_cadences_and_transits_change_little():
    flux = white(2.0)
    whole = noise_ppm_1h(light_curve(flux, 2.0))
    rng = np.random.default_rng(5)
    assert noise_ppm_1h(light_curve(flux, 2.0, rng.random(len(flux)) > 0.03)) == pytest.approx(whole, rel=0.05)
    dips = flux.copy()
    dips[np.arange(len(flux)) % 3600 < 60] -= 0.01  # 2 h every 5 d
    assert noise_ppm_1h(light_curve(dips, 2.0)) == pytest.approx(whole, rel=0.06)


def test_no_mean_spans_a_gap():
    # Means over a gap would also hold the step between blocks at two levels.
    blocks = np.arange(len(white(2.0))) // 4000
    keep = np.arange(len(blocks)) % 4000 < 25  # 50 minutes of each block, less than one mean needs
    assert np.isnan(noise_ppm_1h(light_curve(white(2.0) + 1e-4 * (blocks % 2), 2.0, keep)))
    half = np.arange(len(blocks)) % 40 < 34  # 68 minutes in 80
    found = noise_ppm_1h(light_curve(white(2.0), 2.0, half))
    assert found == pytest.approx(SIGMA * 1e6 / np.sqrt(30), rel=0.1)


def test_detrending_takes_slow_variability_out():
    time = np.arange(len(white(2.0))) * 2.0 / 1440
    spots = 0.01 * np.sin(2 * np.pi * time / 9.0)
    found = noise_ppm_1h(light_curve(white(2.0) + spots, 2.0, detrending="biweight", window_days=0.8))
    assert found == pytest.approx(SIGMA * 1e6 / np.sqrt(30), rel=0.1)


def test_too_few_data_have_no_noise():
    assert np.isnan(noise_ppm_1h(light_curve(white(2.0)[:85], 2.0)))
    assert noise_ppm_1h(light_curve(white(2.0)[:95], 2.0)) > 0
