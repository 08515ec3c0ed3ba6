"""Which segments an epoch shows."""

import numpy as np

from astroseq_core.training.sampling import HARD_FRACTION, epoch_order

LABELS = (np.arange(1000) < 100).astype(np.int8)
CHOSEN = np.arange(1000) + 5000


def test_the_ratio_is_met_and_every_positive_shown_once() -> None:
    order = epoch_order(CHOSEN, LABELS, None, 0.0, np.random.default_rng(1), neg_pos_ratio=3.0)
    assert len(order) == 400
    assert sorted(order[order < 5100]) == list(range(5000, 5100))
    assert len(np.unique(order)) == 400


def test_epochs_draw_other_negatives() -> None:
    one, two = (set(epoch_order(CHOSEN, LABELS, None, 0.0, np.random.default_rng(n), neg_pos_ratio=2.0)) for n in (1, 2))
    assert len(one & two) < 200


def test_a_share_of_the_negatives_is_hard() -> None:
    scores = np.linspace(0, 1, 900)
    order = epoch_order(CHOSEN, LABELS, scores, 0.5, np.random.default_rng(1), neg_pos_ratio=2.0)
    negatives = order[order >= 5100]
    hard = negatives >= 6000 - HARD_FRACTION * 900
    assert len(negatives) == 200
    assert 0.5 <= hard.mean() < 0.62


def test_too_few_negatives_are_all_shown() -> None:
    assert len(epoch_order(CHOSEN, LABELS, None, 0.0, np.random.default_rng(1), neg_pos_ratio=70.0)) == 1000
