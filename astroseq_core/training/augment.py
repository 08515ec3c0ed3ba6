"""What is done to training segments each time they are seen, so that no two epochs show the same."""

import numpy as np
from numpy.typing import NDArray

from astroseq_core.segments.label import TRANSIT
from astroseq_core.training.oversample import ALONE
from astroseq_core.training.recipes import Augmentation
from astroseq_core.training.shelf import EMPTY, Batch, Shelf, window_labels

#: A gap that is cut in takes this part of the window, from and to.
GAP_PART = (0.02, 0.3)


def augmented(
    shelf: Shelf,
    which: NDArray[np.int64],
    settings: Augmentation,
    rng: np.random.Generator,
    partner: NDArray[np.int64] | None = None,
) -> Batch:
    """Those segments (b,), shifted, reversed and with gaps as the settings say; labels follow what is left in the window.

    Where ``partner`` (b,) names another segment, one that lies at random between the two is shown, a transit of either in it.
    """
    starts = None
    if settings.shifted:
        rows, half = shelf.table[which], shelf.cutting.step // 2
        moved = rows["start"] + rng.integers(-half, half + 1, len(which))
        starts = np.clip(moved, rows["low"], rows["high"])
    batch = shelf.batch(which, starts)
    values, states = batch.values, batch.states
    if partner is not None and (mixed := np.flatnonzero(partner != ALONE)).size:
        other = shelf.batch(partner[mixed])
        part = rng.random((len(mixed), 1, 1), np.float32)
        values[mixed] += part * (other.values - values[mixed])
        states[mixed] = np.where(other.states == TRANSIT, TRANSIT, states[mixed])
    for i in np.flatnonzero(rng.random(len(which)) < settings.gap):
        length = int(rng.uniform(*GAP_PART) * states.shape[1])
        begin = int(rng.integers(0, states.shape[1] - length))
        cut = slice(begin, begin + length)
        states[i, cut] = EMPTY
        values[i, cut] = 0.0
        if "gap" in shelf.cutting.channels:
            values[i, cut, shelf.cutting.channels.index("gap")] = 1.0
    turned = rng.random(len(which)) < settings.reversed
    values[turned], states[turned] = values[turned, ::-1], states[turned, ::-1]
    return Batch(values, window_labels(states), states)
