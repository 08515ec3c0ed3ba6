"""Splits by star, caps for each star, and ratios."""

import numpy as np
import pytest

from astroseq_core.errors import SettingsError
from astroseq_core.preprocessing.split import fold_numbers, split_stars
from astroseq_core.training.sampling import sample_segments

STARS = [f"TIC {i}" for i in range(1, 2001)]
SHARES = {"train": 0.7, "validation": 0.1, "test": 0.2}


def test_every_star_is_in_one_part_and_shares_are_met() -> None:
    parts = split_stars(STARS, SHARES, seed=1)
    assert sorted(s for p in parts.values() for s in p) == sorted(STARS)
    for name, share in SHARES.items():
        assert len(parts[name]) / len(STARS) == pytest.approx(share, abs=0.03)


def test_a_star_stays_in_its_part_when_others_come() -> None:
    few, many = split_stars(STARS[:300], SHARES, seed=1), split_stars(STARS, SHARES, seed=1)
    for name in SHARES:
        assert set(few[name]) <= set(many[name])
    assert few != split_stars(STARS[:300], SHARES, seed=2)


def test_folds_keep_stars_together() -> None:
    stars = np.repeat(STARS[:50], np.random.default_rng(0).integers(1, 40, 50))
    number = fold_numbers(stars, 5, seed=3)
    assert set(number) == set(range(5))
    for star in np.unique(stars):
        assert len(set(number[stars == star])) == 1


def test_caps_hold_for_each_star_and_label() -> None:
    rng = np.random.default_rng(0)
    stars, labels = rng.choice(STARS[:10], 5000), rng.choice([-1, 0, 0, 0, 1], 5000).astype(np.int8)
    kept = sample_segments(labels, stars, per_star_cap=20, neg_pos_ratio=None, rng=rng)
    assert (labels[kept] >= 0).all()
    for star in STARS[:10]:
        for value in (0, 1):
            assert ((stars[kept] == star) & (labels[kept] == value)).sum() == 20


@pytest.mark.parametrize("ratio", [1, 2, 3, 5, 7])
def test_the_ratio_of_negatives_to_positives(ratio: int) -> None:
    rng = np.random.default_rng(1)
    labels = (rng.random(20_000) < 0.05).astype(np.int8)
    kept = sample_segments(labels, rng.choice(STARS, 20_000), per_star_cap=None, neg_pos_ratio=ratio, rng=rng)
    assert (labels[kept] == 0).sum() == ratio * labels.sum() == ratio * (labels[kept] == 1).sum()
    assert np.all(np.diff(kept) > 0)


def test_bad_settings_are_refused() -> None:
    with pytest.raises(SettingsError):
        split_stars(STARS, {"train": 0.5}, seed=1)
    with pytest.raises(SettingsError):
        sample_segments(np.zeros(3, np.int8), np.array(["a"] * 3), per_star_cap=0, neg_pos_ratio=1, rng=np.random.default_rng())
    with pytest.raises(SettingsError):
        fold_numbers(np.array(["a", "b"]), 3, seed=0)
