"""More positives in an epoch."""

import numpy as np
import pytest

from astroseq_core.preprocessing.segments import TRANSIT, SegmentConfig
from astroseq_core.training import dataset
from astroseq_core.training.recipes import Augmentation
from astroseq_core.training.sampling import (
    NO_PARTNER,
    PositiveNeighbors,
    augmented_batch,
    epoch_order,
    find_neighbors,
    oversample_epoch,
)

WINDOW = 64
PLAIN = Augmentation(reversed=0.0, shifted=False, gap=0.0)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dataset.SegmentDataset:
    """Twelve segments beside each other: the even ones hold a dip, of depth 1 at place 20 or of depth 5 at place 40."""
    places, states = np.zeros((12 * WINDOW, 1), np.float16), np.zeros(12 * WINDOW, np.int8)
    table = np.zeros(12, dataset.SEGMENT_DTYPE)
    for k in range(12):
        table[k]["start"] = table[k]["low"] = table[k]["high"] = k * WINDOW
        if k % 2 == 0:
            at = k * WINDOW + (20 if k < 6 else 40)
            places[at : at + 6] = -1 if k < 6 else -5
            states[at : at + 6] = TRANSIT
            table[k]["label"] = 1
    piece = dataset.StarSegments("KIC 1", places, states, table)
    return dataset.write_dataset([piece], SegmentConfig(WINDOW, WINDOW, ("mf_5h",)), tmp_path_factory.mktemp("shelf") / "one")


def test_neighbours_are_those_of_the_same_shape(written: dataset.SegmentDataset) -> None:
    positives = np.flatnonzero(written.labels)
    found = find_neighbors(written, positives)
    assert found is not None
    assert found.nearest.shape == (6, 5)
    for k, row in zip(positives, found.nearest, strict=True):
        assert k not in row
        assert set(row[:2]) == {p for p in positives if (p < 6) == (k < 6)} - {k}
    assert find_neighbors(written, positives[:1]) is None


def test_positives_grow_to_the_ratio() -> None:
    order = np.arange(100)
    is_positive = order < 10
    more, partner = oversample_epoch(order, is_positive, 3.0, None, np.random.default_rng(0))
    assert (more < 10).sum() == 30
    assert sorted(set(more)) == list(range(100))
    assert (partner == NO_PARTNER).all()
    near = PositiveNeighbors(np.arange(10), (np.arange(10)[:, None] + [1, 2]) % 10)
    more, partner = oversample_epoch(order, is_positive, 3.0, near, np.random.default_rng(0))
    mixed = partner != NO_PARTNER
    assert mixed.sum() == 20
    assert set((partner[mixed] - more[mixed]) % 10) == {1, 2}
    # With enough positives, or none at all, nothing is added.
    assert len(oversample_epoch(order, order < 50, 3.0, None, np.random.default_rng(0))[0]) == 100
    assert len(oversample_epoch(order, order < 0, 3.0, None, np.random.default_rng(0))[0]) == 100


def test_a_mixed_segment_lies_between_two(written: dataset.SegmentDataset) -> None:
    which, partner = np.array([0, 0, 1]), np.array([6, NO_PARTNER, NO_PARTNER])
    batch = augmented_batch(written, which, PLAIN, np.random.default_rng(4), partner)
    part = batch.values[0, 22, 0] / -1.0  # what is left of the first's depth of 1
    assert 0 < part < 1
    assert batch.values[0, 42, 0] == pytest.approx(-5 * (1 - part), rel=1e-3)
    assert (batch.states[0] == TRANSIT).sum() == 12
    assert list(batch.labels) == [1, 1, 0]
    assert batch.values[1, 22, 0] == -1.0


def test_verdicts_are_in_every_epoch() -> None:
    labels = (np.arange(1000) < 100).astype(np.int8)
    always = np.isin(np.arange(1000), [500, 700, 50])
    for seed in range(3):
        order = epoch_order(np.arange(1000), labels, None, 0.0, np.random.default_rng(seed), 1.0, always)
        assert {500, 700} <= set(order)
        assert len(order) == len(set(order))
        assert 200 <= len(order) <= 202
