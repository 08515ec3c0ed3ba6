"""The recipes of the published experiments: the stated sampling, limits of steps and stars, splits of few stars."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from astroseq_core.errors import SettingsError
from astroseq_core.evaluation.published import published_runs
from astroseq_core.preprocessing.segments import SegmentConfig
from astroseq_core.preprocessing.split import split_stars_evenly
from astroseq_core.training import dataset, recipes
from astroseq_core.training.fit import HISTORY_NAME, fit, rates_at_half
from astroseq_core.training.history import read_history
from astroseq_core.training.recipes import load_recipe, recipe_from_dict
from astroseq_core.training.star_limits import StarLimits
from astroseq_core.training.train import split_training_stars

SHARES = {"train": 0.6, "validation": 0.13, "calibration": 0.12, "test": 0.15}


def test_every_published_run_has_its_recipes() -> None:
    names = recipes.recipe_names()
    for run in published_runs():
        assert set(run.recipes) | set(run.also) <= set(names)
        for name in run.recipes:
            recipe = load_recipe(name)
            if run.neg_pos is not None:
                assert recipe.neg_pos_ratio == run.neg_pos
            if run.hard_neg_fraction is not None:
                assert recipe.hard_negatives == run.hard_neg_fraction
            if run.epochs is not None:
                assert recipe.epochs == run.epochs
            if run.steps is not None:
                assert recipe.max_steps == run.steps
            assert not recipe.simulated


def test_a_part_that_is_not_needed_has_no_stars() -> None:
    base = load_recipe("published-tess-base")
    assert set(base.used_parts) == {"train", "validation", "test"}
    assert "calibration" in replace(base, calibrated=True).used_parts
    assert set(load_recipe("published-isolation-forest").used_parts) == {"train", "calibration", "test"}
    assert set(split_training_stars([], base, 1).parts) == set(base.used_parts)


def test_no_cap_is_no_cap() -> None:
    base = load_recipe("published-tess-base")
    assert (base.neg_pos_ratio, base.per_star_cap, base.total_cap, base.resample) == (None, None, None, "none")
    assert load_recipe("published-tess-50k").total_cap == 50000
    forty = load_recipe("published-forty-stars-60")
    assert (forty.max_hosts, forty.max_quiet, forty.epochs, forty.cutting) == (20, 20, 60, base.cutting)
    assert recipe_from_dict("again", {k: v for k, v in base.to_dict().items() if k != "name"}) == replace(base, name="again")
    with pytest.raises(SettingsError, match="max steps must be above 0"):
        replace(base, max_steps=0)


@pytest.mark.parametrize("count", [2, 4, 12, 24])
def test_few_stars_are_split_by_whole_numbers(count: int) -> None:
    parts = split_stars_evenly((f"TIC {n}" for n in range(count)), SHARES, seed=1)
    assert sorted(star for members in parts.values() for star in members) == sorted(f"TIC {n}" for n in range(count))
    assert all(parts.values()) == (count >= len(SHARES))
    if count == 24:
        assert [len(members) for members in parts.values()] == [14, 3, 3, 4]
    assert parts == split_stars_evenly((f"TIC {n}" for n in reversed(range(count))), SHARES, seed=1)


def test_limits_choose_hosts_and_quiet_stars() -> None:
    is_host = {f"TIC {n}": n % 2 == 0 for n in range(20)}
    chosen = StarLimits(3, 5, frozenset({"TIC 0"})).choose(is_host)
    assert [is_host[name] for name in chosen].count(True) == 3
    assert len(chosen) == 8
    assert "TIC 0" not in chosen
    assert StarLimits().choose(is_host) == tuple(is_host)


def test_rates_count_what_is_called_a_transit() -> None:
    labels, probability = np.array([1, 1, 0, 0, 0], np.int8), np.array([0.9, 0.1, 0.5, 0.2, 0.1])
    assert rates_at_half("train", labels, probability) == {"train_predicted_positive_rate": 0.4, "train_accuracy": 0.6}


def test_a_limit_of_steps_ends_within_an_epoch(tmp_path: Path) -> None:
    window, count, batch = 64, 80, 16
    places, states = (
        np.random.default_rng(0).standard_normal((count * window, 1)).astype(np.float16),
        np.zeros(count * window, np.int8),
    )
    table = np.zeros(count, dataset.SEGMENT_DTYPE)
    table["start"] = table["low"] = table["high"] = np.arange(count) * window
    table["label"] = np.arange(count) % 2
    states[np.repeat(table["label"] == 1, window) & (np.arange(count * window) % window < 6)] = 1
    made = dataset.write_dataset(
        [dataset.StarSegments("KIC 1", places, states, table)], SegmentConfig(window, window, ("flat",)), tmp_path / "shelf"
    )
    recipe = replace(
        load_recipe("published-tess-6926-steps"),
        cutting=made.cutting,
        architecture="transit_unet_1d",
        options={"stem_stride": 2, "widths": (8, 8)},
        batch=batch,
        epochs=4,
        max_steps=7,
    )
    for _ in range(2):  # the second call finds that all is done
        fit(made, made, recipe, 1, tmp_path)
        epochs, warnings = read_history(tmp_path / HISTORY_NAME)
        assert warnings == ()
        assert [e.segments for e in epochs] == [count, 2 * batch]
    assert all(0 <= (e.validation_predicted_positive_rate or 0) <= 1 for e in epochs)
    assert epochs[0].train_accuracy is not None
