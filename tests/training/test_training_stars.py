"""Copies of stars: what is negative holds no transit, and what is left of the star stays."""

from dataclasses import replace

import numpy as np
import pytest

from astroseq_core import missions
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.io import lightcurve
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.preprocessing.segments import LEFT_OUT, TRANSIT
from astroseq_core.scoring.star_source import Source
from astroseq_core.targets import Target
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.training import injection, recipes
from astroseq_core.training.injection import TrainingStar
from astroseq_core.training.recipes import Injection

RECIPE = recipes.load_recipe("tess-2min")


@pytest.fixture(scope="module")
def curve() -> LightCurve:
    rng = np.random.default_rng(1)
    time = 1500 + np.arange(0, 9, 2 / 1440)
    flux = 1e3 * (1 + 5e-4 * rng.standard_normal(len(time)))
    return lightcurve.make_light_curve(target=Target("TIC", "9"), observation="s", time=time, flux=flux, instrument=missions.TESS)


def test_inverted_dips_are_brightenings(curve: LightCurve) -> None:
    dipped = curve.flux.copy()
    dipped[2000:2100] *= 0.98
    mirrored = injection.invert_flux(replace(curve, flux=dipped))
    assert mirrored.flux[2000:2100].mean() == pytest.approx(1020, abs=1)
    assert np.median(mirrored.flux) == pytest.approx(np.median(curve.flux), rel=1e-3)


def test_scrambled_blocks_keep_every_flux_and_break_what_recurs(curve: LightCurve) -> None:
    wave = replace(curve, flux=1e3 + np.sin(2 * np.pi * curve.time / 4.5))
    mixed = injection.scramble_flux(np.random.default_rng(3), wave)
    np.testing.assert_array_equal(np.sort(mixed.flux), np.sort(wave.flux))
    assert (mixed.flux != wave.flux).mean() > 0.5


def test_noisier_is_noisier(curve: LightCurve) -> None:
    assert np.std(injection.add_white_noise(np.random.default_rng(2), curve).flux) > 1.03 * np.std(curve.flux)


def test_the_same_seed_gives_the_same_copies_and_negatives_hold_no_transit() -> None:
    star = injection.numbered_simulated_stars("TESS", 1)[0]
    quick = replace(RECIPE, injection=Injection(copies_simulated=3, without=0.0, inverted=0.5, scrambled=0.2, varied=0.0))
    first, second = (list(injection.training_copies(star, quick, 8)) for _ in range(2))
    assert len(first) == 3
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.states, b.states)
        np.testing.assert_array_equal(a.light_curve.flux, b.light_curve.flux)


def test_a_binarys_eclipses_count_as_no_transits() -> None:
    star = injection.numbered_simulated_stars("TESS", 1, "binary")[0]
    made = list(injection.training_copies(star, RECIPE, 8))
    assert made
    assert not any((c.states == TRANSIT).any() for c in made)
    assert star.target_id not in {s.target_id for s in injection.numbered_simulated_stars("TESS", 1000)}


def test_a_star_with_transits_gets_others_into_its_mirrored_light_curve(
    curve: LightCurve, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Ephemeris("TIC 9", "b", Instant(1501.0, TimeSystem.BTJD), 3.0, 4.0, 9000.0, disposition="CONFIRMED")
    inside = own.in_transit(curve.time, TimeSystem.BTJD)
    dipped = replace(curve, flux=curve.flux * (1 - 9e-3 * inside))
    star = TrainingStar("TIC 9", Source.FOLDER, paths=("there.npz",), ephemerides=(own,))
    monkeypatch.setattr(TrainingStar, "light_curves", lambda self: (dipped,))
    settings = Injection(copies=1, without=1.0, varied=0.0)
    plain, mirrored = injection.training_copies(star, replace(RECIPE, injection=settings), 3)
    np.testing.assert_array_equal(plain.states == TRANSIT, own.in_transit(plain.light_curve.time, TimeSystem.BTJD))
    assert np.median(plain.light_curve.flat[plain.states == TRANSIT]) < -5e-3
    assert not (mirrored.states == TRANSIT).any()
    assert np.median(mirrored.light_curve.flat[plain.states == TRANSIT]) > 1e-3


def test_a_labelled_star_is_shown_as_it_is_its_false_positives_as_none(
    curve: LightCurve, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Ephemeris("TIC 9", "b", Instant(1501.0, TimeSystem.BTJD), 3.0, 4.0, 9000.0, disposition="PC")
    other = replace(own, name="c", t0=Instant(1502.0, TimeSystem.BTJD), disposition="FP")
    monkeypatch.setattr(TrainingStar, "light_curves", lambda self: (curve, curve))
    settings = replace(RECIPE, injection=Injection(copies=6, without=0.0))
    star = TrainingStar("TIC 9", Source.CACHE, ephemerides=(own, other), labeled=True)
    made = list(injection.training_copies(star, settings, 3))
    assert len(made) == 2
    for copy in made:
        inside = own.in_transit(copy.light_curve.time, TimeSystem.BTJD)
        np.testing.assert_array_equal(copy.states == TRANSIT, inside)
        assert not (copy.states == LEFT_OUT).any()
    # Without a vetter's word the same false positive is neither.
    published = next(injection.training_copies(replace(star, labeled=False), settings, 3))
    assert (published.states == LEFT_OUT).any()


def test_a_cached_star_reads_the_observations_it_names(curve: LightCurve) -> None:
    cache = LightCurveCache()
    for observation, author in (("s0001", "SPOC"), ("s0002", "SPOC"), ("s0002", "QLP")):
        later = 28.0 * (observation == "s0002")
        cache.put(replace(curve, time=curve.time + later, observation=observation, author=author))
    star = TrainingStar("TIC 9", Source.CACHE)
    assert star.is_real
    assert [(c.observation, c.author) for c in star.light_curves()] == [("s0001", "SPOC"), ("s0002", "SPOC")]
    one = replace(star, observations=(("s0002", "QLP", 120), ("s0003", "QLP", 120)))
    assert [(c.observation, c.author) for c in one.light_curves()] == [("s0002", "QLP")]
    assert (star.num_light_curves, one.num_light_curves) == (1, 2)
    assert not injection.numbered_simulated_stars("TESS", 1)[0].is_real


@pytest.mark.parametrize("seen_as", ["TESS", "Kepler", "K2"])
def test_a_simulated_stars_light_curves_are_as_many_as_it_says(seen_as: str) -> None:
    star = injection.numbered_simulated_stars(seen_as, 1)[0]
    assert len(star.light_curves()) == star.num_light_curves
    settings = replace(RECIPE, injection=Injection(copies_simulated=5))
    assert len(injection.copy_kinds(star, settings, 2)) == 2
    assert injection.copy_kinds(replace(star, kind="binary"), settings, 2) == ["own"]
