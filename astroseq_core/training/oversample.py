"""More positives for an epoch: shown again, or mixed from two neighbours (SMOTE), as segments are streamed from the disk."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.training.resample import NEIGHBOURS
from astroseq_core.training.shelf import Shelf

#: Neighbours are looked for by the segments' first channel, averaged to so many places: its shape, not its noise.
PLACES = 64
#: With a neighbour of this number a segment is shown as it is.
ALONE = -1


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The positives (p,) of a shelf, ascending, and each one's nearest others (p, k), all as places on the shelf."""

    positives: NDArray[np.int64]
    nearest: NDArray[np.int64]

    def of(self, which: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        """One neighbour, drawn at random, of each of those positives (m,)."""
        row = np.searchsorted(self.positives, which)
        return np.asarray(self.nearest[row, rng.integers(self.nearest.shape[1], size=len(which))])


def neighbours(shelf: Shelf, positives: NDArray[np.int64]) -> Neighbours | None:
    """The nearest others of each of those segments (ascending); None for fewer than two.

    As in SMOTE (Chawla et al. 2002) with five neighbours, but by shape (PLACES), so that a million segments need little memory.
    """
    if len(positives) < 2:
        return None
    from sklearn.neighbors import NearestNeighbors

    size = min(PLACES, shelf.cutting.window)
    shapes = []
    for batch in shelf.batches(positives):
        first = batch.values[:, : shelf.cutting.window // size * size, 0]
        shapes.append(np.nan_to_num(first.reshape(len(first), size, -1).mean(axis=2)))
    shape = np.concatenate(shapes)
    count = min(NEIGHBOURS, len(positives) - 1)
    found = NearestNeighbors(n_neighbors=count + 1).fit(shape).kneighbors(shape, return_distance=False)
    # The nearest is itself, except among equal ones.
    others = np.array([[j for j in row if j != i][:count] for i, row in enumerate(found)])
    return Neighbours(positives, positives[others])


def grown(
    order: NDArray[np.int64],
    is_positive: NDArray[np.bool_],
    neg_pos_ratio: float,
    mixed_from: Neighbours | None,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """An epoch's order (m,) with more positives, ``neg_pos_ratio`` negatives to each, and the segments' partners (m,).

    The additional ones are drawn from the epoch's own; with ``mixed_from`` each lies between one and a neighbour of it.
    """
    positive = order[is_positive]
    missing = max(0, round((~is_positive).sum() / neg_pos_ratio) - len(positive)) if len(positive) else 0
    again = rng.choice(positive, missing) if missing else np.empty(0, np.int64)
    partner = np.full(len(order) + missing, ALONE, np.int64)
    if mixed_from is not None and missing:
        partner[len(order) :] = mixed_from.of(again, rng)
    shuffled = rng.permutation(len(partner))
    return np.concatenate([order, again])[shuffled], partner[shuffled]
