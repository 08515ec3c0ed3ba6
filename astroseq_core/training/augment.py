"""What is done to training segments each time they are seen, so that no two epochs show the same."""

import numpy as np
from numpy.typing import NDArray

from astroseq_core.training.recipes import Augmentation
from astroseq_core.training.shelf import EMPTY, Batch, Shelf, window_labels

#: A gap that is cut in takes this part of the window, from and to.
GAP_PART = (0.02, 0.3)


def augmented(shelf: Shelf, which: NDArray[np.int64], settings: Augmentation, rng: np.random.Generator) -> Batch:
    """Those segments, shifted, reversed and with gaps as the settings say; labels follow what is left in the window."""
    starts = None
    if settings.shifted:
        rows, half = shelf.table[which], shelf.cutting.step // 2
        moved = rows["start"] + rng.integers(-half, half + 1, len(which))
        starts = np.clip(moved, rows["low"], rows["high"])
    batch = shelf.batch(which, starts)
    values, states = batch.values, batch.states
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
