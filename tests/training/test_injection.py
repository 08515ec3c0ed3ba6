"""Copies of quiet stars: what is put in is what the ephemeris says, as deep as was drawn."""

import numpy as np
import pytest

from astroseq_core import missions
from astroseq_core.io import lightcurve
from astroseq_core.preprocessing import noise
from astroseq_core.preprocessing.prepare import PreprocessingConfig, prepare
from astroseq_core.targets import Target
from astroseq_core.training import injection
from astroseq_core.training.recipes import Injection

PREPARATION = PreprocessingConfig(window_days=0.8, cadence_minutes=2.0)


@pytest.fixture(scope="module")
def quiet():
    time = 1500 + np.arange(0, 20, 2 / 1440)
    flux = 1 + 5e-4 * np.random.default_rng(1).standard_normal(len(time))
    return lightcurve.make_light_curve(target=Target("TIC", "9"), observation="s", time=time, flux=flux, instrument=missions.TESS)


def test_injected_transits_have_the_signal_to_noise_that_was_drawn(quiet) -> None:
    prepared = prepare(quiet, PREPARATION)
    drawn = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        orbit = injection.draw_orbit(rng, prepared, Injection(snr=(30.0, 30.001)))
        cadences = round(orbit.duration_days() * 720)
        if 15 < cadences < 300 and orbit.impact < 0.7:
            drawn.append(orbit.depth / noise.binned_sigma(prepared.flat, cadences))
    assert len(drawn) > 10
    assert np.median(drawn) == pytest.approx(30, rel=0.1)


def test_depths_run_from_the_noise_to_eclipses() -> None:
    rng = np.random.default_rng(2)
    snr = np.array([injection.draw_snr(rng, (2.0, 1500.0)) for _ in range(5000)])
    assert (snr.min(), snr.max()) == (pytest.approx(2.0, abs=0.05), pytest.approx(1500, rel=0.1))
    assert 8 < np.median(snr) < 25


def test_a_copy_dips_where_its_ephemeris_says(quiet) -> None:
    settings = Injection(snr=(40.0, 60.0), period_days=(1.5, 6.0), varied=0.0, without=0.0)
    copy, ephemerides = injection.copy_with_transits(np.random.default_rng(3), quiet, settings, PREPARATION)
    assert ephemerides
    for ephemeris in ephemerides:
        inside = np.abs(ephemeris.phase_days(copy.time, copy.system)) < ephemeris.duration_days / 4
        assert inside.any()
        assert np.mean(copy.flat[inside]) < -0.5 * ephemeris.depth_ppm * 1e-6
    prepared = prepare(quiet, PREPARATION)
    untouched = ~np.any([e.in_transit(copy.time, copy.system, widen=2) for e in ephemerides], axis=0)
    assert np.allclose(
        copy.flux[untouched] / np.median(copy.flux[untouched]), prepared.flux[untouched] / np.median(prepared.flux[untouched])
    )


def test_added_variability_leaves_the_noise_as_it_was(quiet) -> None:
    kinds = set()
    for seed in range(12):
        varied = injection.add_variability(np.random.default_rng(seed), quiet)
        kinds.add(round(float(np.std(varied.flux)), 5))
        calm = prepare(varied, PreprocessingConfig(window_days=0.3, cadence_minutes=2.0))
        assert noise.point_to_point_sigma(calm.flux) < 3 * noise.point_to_point_sigma(quiet.flux)
    assert len(kinds) == 12
    assert max(kinds) > 2e-3


def test_the_same_seed_gives_the_same_copy(quiet) -> None:
    copies = [injection.copy_with_transits(np.random.default_rng(7), quiet, Injection(), PREPARATION) for _ in range(2)]
    assert np.array_equal(copies[0][0].flat, copies[1][0].flat)
    assert copies[0][1] == copies[1][1]
