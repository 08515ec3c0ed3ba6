"""SMOTE: what is new lies between two positives, what was there is left as it was."""

import numpy as np
import pytest

from astroseq_core.errors import SettingsError
from astroseq_core.training import resample
from astroseq_core.training.resample import smote

RNG = np.random.default_rng(3)
VALUES = RNG.standard_normal((120, 32, 2)).astype(np.float16)
LABELS = (np.arange(120) < 20).astype(np.int8)


def test_positives_reach_the_ratio_and_nothing_else_changes() -> None:
    values, labels, synthetic = smote(VALUES, LABELS, 0.5, seed=1)
    assert values.shape == (150, 32, 2)
    assert values.dtype == np.float16
    assert labels.dtype == np.int8
    assert (int((labels == 1).sum()), int((labels == 0).sum())) == (50, 100)
    assert np.array_equal(values[~synthetic], VALUES)
    assert np.array_equal(labels[~synthetic], LABELS)
    assert synthetic.sum() == 30
    assert (labels[synthetic] == 1).all()


def test_each_new_segment_lies_between_a_positive_and_one_of_its_five_nearest() -> None:
    values, _, synthetic = smote(VALUES, LABELS, 1.0, seed=2)
    positives = VALUES[LABELS == 1].reshape(20, -1).astype(np.float64)
    distances = np.linalg.norm(positives[:, None] - positives[None], axis=2)
    nearest = np.argsort(distances, axis=1)[:, 1:6]
    for row in values[synthetic].reshape(-1, 64).astype(np.float64):
        least = np.inf
        for a, others in enumerate(nearest):
            for b in others:
                step = positives[b] - positives[a]
                along = np.clip(np.dot(row - positives[a], step) / np.dot(step, step), 0, 1)
                least = min(least, np.abs(row - positives[a] - along * step).max())
        # half-precision rounding of numbers up to four
        assert least < 5e-3


def test_the_seed_decides() -> None:
    first, again, other = (smote(VALUES, LABELS, 1.0, seed=s).values for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_it_works_on_few_positives_and_adds_none_where_there_are_enough() -> None:
    assert smote(VALUES, (np.arange(120) < 3).astype(np.int8), 0.1, seed=0).synthetic.sum() == 9
    kept = smote(VALUES, LABELS, 0.1, seed=0)
    assert not kept.synthetic.any()
    assert len(kept.values) == 120


def test_what_cannot_be_done_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="above 0"):
        smote(VALUES, LABELS, 0.0, seed=0)
    with pytest.raises(SettingsError, match="two positives"):
        smote(VALUES, (np.arange(120) < 1).astype(np.int8), 1.0, seed=0)
    with pytest.raises(SettingsError, match="and there are 120 and 0"):
        smote(VALUES, np.ones(120, np.int8), 1.0, seed=0)
    monkeypatch.setattr(resample, "LARGEST_BYTES", 99 * 64 * 4)
    with pytest.raises(SettingsError, match="at most 99 fit"):
        smote(VALUES, LABELS, 1.0, seed=0)
