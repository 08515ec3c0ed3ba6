"""SMOTE of examples in memory: what is new lies between two positives, what was there is left as it was."""

from dataclasses import replace

import numpy as np
import pytest

from astroseq_core.errors import SettingsError
from astroseq_core.training.dataset import LabeledSegments
from astroseq_core.training.recipes import Recipe, load_recipe
from astroseq_core.training.train_sequential import resample_examples

RNG = np.random.default_rng(3)
VALUES = RNG.standard_normal((120, 32, 2)).astype(np.float16)
LABELS = (np.arange(120) < 20).astype(np.int8)
STARS = np.array([f"KIC {n}" for n in range(120)])


def recipe(neg_pos_ratio: float) -> Recipe:
    return replace(load_recipe("sequential-10pct"), neg_pos_ratio=neg_pos_ratio)


def grow(neg_pos_ratio: float, seed: int, labels: np.ndarray = LABELS) -> tuple[LabeledSegments, int]:
    return resample_examples(LabeledSegments(VALUES, labels, STARS), recipe(neg_pos_ratio), seed)


def test_positives_reach_the_ratio_and_nothing_else_changes() -> None:
    grown, made = grow(2.0, seed=1)
    assert grown.values.shape == (150, 32, 2)
    assert grown.values.dtype == np.float16
    assert grown.labels.dtype == np.int8
    assert (int((grown.labels == 1).sum()), int((grown.labels == 0).sum())) == (50, 100)
    assert np.array_equal(grown.values[:120], VALUES)
    assert np.array_equal(grown.labels[:120], LABELS)
    assert made == 30
    assert (grown.labels[120:] == 1).all()
    assert list(grown.stars) == [*STARS, *["SMOTE"] * 30]


def test_each_new_segment_lies_between_a_positive_and_one_of_its_five_nearest() -> None:
    grown, _ = grow(1.0, seed=2)
    positives = VALUES[LABELS == 1].astype(np.float64)
    distances = np.linalg.norm(positives[:, None, :, 0] - positives[None, :, :, 0], axis=2)  # by the first channel
    nearest = np.argsort(distances, axis=1)[:, 1:6]
    positives = positives.reshape(20, -1)
    for row in grown.values[120:].reshape(-1, 64).astype(np.float64):
        least = np.inf
        for a, others in enumerate(nearest):
            for b in others:
                step = positives[b] - positives[a]
                along = np.clip(np.dot(row - positives[a], step) / np.dot(step, step), 0, 1)
                least = min(least, np.abs(row - positives[a] - along * step).max())
        # half-precision rounding of numbers up to four
        assert least < 5e-3


def test_the_seed_decides() -> None:
    first, again, other = (grow(1.0, seed=s)[0].values for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_it_works_on_few_positives_and_adds_none_where_there_are_enough() -> None:
    assert grow(10.0, seed=0, labels=(np.arange(120) < 3).astype(np.int8))[1] == 9
    kept, made = grow(10.0, seed=0)
    assert made == 0
    assert len(kept) == 120


def test_what_cannot_be_done_is_refused() -> None:
    with pytest.raises(SettingsError, match="above 0"):
        recipe(0.0)
    with pytest.raises(SettingsError, match="two positives"):
        grow(1.0, seed=0, labels=(np.arange(120) < 1).astype(np.int8))
    with pytest.raises(SettingsError, match="and there are 120 and 0"):
        grow(1.0, seed=0, labels=np.ones(120, np.int8))
