"""False-alarm probabilities: copies that cannot hold a star's transits, and the tail of their scores."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from astroseq_core.errors import SettingsError
from astroseq_core.networks.model import load
from astroseq_core.preprocessing.prepare import PreprocessingConfig, prepare
from astroseq_core.scoring import false_alarm
from astroseq_core.scoring.false_alarm import gumbel_tail, mirrored, scrambled, transit_free_copies, without_transits
from astroseq_core.scoring.segments import score_light_curve
from astroseq_core.scoring.star import score_star

PREPARATION = PreprocessingConfig(window_days=0.8, cadence_minutes=2.0)


@pytest.fixture(scope="module")
def star(light_curve_like_tess_sector):
    return light_curve_like_tess_sector.curve, light_curve_like_tess_sector.ephemeris


def depth_in_transit(curve, truth) -> float:
    """How far the residuals lie below the rest in the true transits, in units of one cadence's noise, over all of them."""
    prepared = prepare(curve, replace(PREPARATION, clip_sigma=None))
    inside = truth.in_transit(prepared.time, prepared.system, widen=0.7)
    return float((np.mean(prepared.flat[~inside]) - np.mean(prepared.flat[inside])) / prepared.noise * np.sqrt(inside.sum()))


def light_curve_noise_ppm(curve) -> float:
    return prepare(curve, PREPARATION).noise_ppm


def test_dips_become_rises_and_flares_no_deep_dips(star) -> None:
    curve, truth = star
    flux = curve.flux.copy()
    flare = np.flatnonzero(curve.usable_mask())[5000]
    flux[flare : flare + 10] *= 1.5
    turned = mirrored(replace(curve, flux=flux), PREPARATION)
    assert depth_in_transit(curve, truth) > 20
    assert depth_in_transit(turned, truth) < -20
    prepared = prepare(turned, replace(PREPARATION, clip_sigma=None))
    near = np.abs(prepared.time - curve.time[flare]) < 0.02
    assert prepared.flat[near].min() > -7 * prepared.noise
    # the same star otherwise
    assert prepared.noise == pytest.approx(prepare(curve, PREPARATION).noise, rel=0.1)
    assert np.array_equal(turned.time, curve.time)
    assert np.array_equal(np.isfinite(turned.flux), np.isfinite(flux))


def test_scrambling_keeps_the_values_and_breaks_the_period(star) -> None:
    curve, truth = star
    mixed = scrambled(curve, PREPARATION, np.random.default_rng(3))
    assert abs(depth_in_transit(mixed, truth)) < 0.6 * depth_in_transit(curve, truth)
    before, after = (prepare(c, replace(PREPARATION, clip_sigma=None)) for c in (curve, mixed))
    assert after.noise == pytest.approx(before.noise, rel=0.05)
    assert np.quantile(after.flat, 0.01) == pytest.approx(np.quantile(before.flat, 0.01), rel=0.15)


def test_transits_are_cut_out(star) -> None:
    curve, truth = star
    cut = without_transits(curve, truth)
    assert not np.isfinite(cut.flux[truth.in_transit(curve.time, curve.time_system)]).any()
    assert cut.usable_mask().sum() > 0.85 * curve.usable_mask().sum()


def test_copies_differ_and_are_the_same_again(star) -> None:
    curve, truth = star
    copies = transit_free_copies([curve], PREPARATION, 5, 1, truth)
    again = transit_free_copies([curve], PREPARATION, 5, 1, truth)
    fluxes = [c.flux for (c,) in copies]
    assert len({f.tobytes() for f in fluxes}) == 5
    assert all(np.array_equal(a.flux, b.flux, equal_nan=True) for (a,), (b,) in zip(copies, again, strict=True))
    # Not one holds the transits: they are rises where it is turned over, and cut out where it is upright.
    lowest = [np.sort(prepare(c, PREPARATION).flat * 1e6)[:300].mean() for (c,) in copies]
    assert min(lowest) > -3.5 * light_curve_noise_ppm(curve)
    assert np.sort(prepare(curve, PREPARATION).flat * 1e6)[:300].mean() < min(lowest) - 400
    for number, (copy,) in enumerate(copies):
        inside = truth.in_transit(copy.time, copy.time_system)
        assert copy.usable_mask()[inside].any() == (number % 2 == 0)


def test_the_tail_is_that_of_the_highest_of_many() -> None:
    rng = np.random.default_rng(0)
    highest = 3 * rng.normal(size=(4000, 500)).max(axis=1)
    for chance in (0.3, 0.1, 0.02):
        score = float(np.quantile(highest, 1 - chance))
        assert gumbel_tail(score, highest[:500]) == pytest.approx(chance, rel=0.5)
    assert gumbel_tail(1e6, highest[:10]) == pytest.approx(0.01)
    assert gumbel_tail(-1e6, highest[:10]) == pytest.approx(1.0)
    # Few copies that happen to agree are not certain.
    assert gumbel_tail(0.5, np.zeros(5)) > 0.1


def test_a_star_is_given_one_when_asked_for(tiny: Path, star) -> None:
    curve, _ = star
    model = load("tiny")
    scored = score_star([score_light_curve(model, curve)])
    assert scored.false_alarm_probability is None
    told = false_alarm.with_false_alarm_probability(model, [curve], scored, 4)
    assert told.false_alarm_probability is not None
    assert 1 / 40 <= told.false_alarm_probability <= 1
    assert replace(told, false_alarm_probability=None) == scored
    with pytest.raises(SettingsError, match="at least 3"):
        false_alarm.with_false_alarm_probability(model, [curve], scored, 2)
