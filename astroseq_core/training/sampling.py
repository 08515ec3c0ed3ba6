"""Which segments of a shelf an epoch shows: capped, in a ratio, some of them hard."""

import numpy as np
from numpy.typing import NDArray

from astroseq_core.segments.sample import sample
from astroseq_core.training.recipes import Recipe
from astroseq_core.training.shelf import Shelf

#: The hard negatives of an epoch are drawn from this part of all, those that look most like transits.
HARD_PART = 0.1


def choose(shelf: Shelf, recipe: Recipe, seed: int, always: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """The segments (indices, ascending) that the recipe's caps leave; its ratio of negatives is met anew each epoch.

    ``always`` (n,): those that no cap leaves out.
    """
    rng = np.random.default_rng([seed, 1])
    kept = sample(shelf.labels, shelf.star, per_star_cap=recipe.per_star_cap, neg_pos_ratio=None, rng=rng)
    if recipe.total_cap is not None and len(kept) > recipe.total_cap:
        kept = np.sort(rng.choice(kept, recipe.total_cap, replace=False))
    return kept if always is None else np.union1d(kept, np.flatnonzero(always))


def epoch_of(
    chosen: NDArray[np.int64],
    labels: NDArray[np.int8],
    scores: NDArray[np.floating] | None,
    hard: float,
    rng: np.random.Generator,
    neg_pos_ratio: float | None = None,
    always: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """The order (m,) in which an epoch shows the chosen segments (n,) of those labels.

    With ``scores`` of the negatives among them, a share ``hard`` of the negatives shown is drawn from the most transit-like.
    ``always`` (n,): which of the negatives among them every epoch shows, on top of the ratio.
    """
    positive, negative = chosen[labels == 1], chosen[labels == 0]
    if neg_pos_ratio is not None:
        count = min(len(negative), round(neg_pos_ratio * len(positive)))
        picked = rng.choice(negative, count, replace=False)
    else:
        picked = negative
    if scores is not None:
        pool = negative[np.argsort(scores)[::-1][: max(1, round(HARD_PART * len(negative)))]]
        number = round(hard * len(picked))
        picked = np.r_[rng.choice(picked, len(picked) - number, replace=False), rng.choice(pool, number)]
    if always is not None:
        picked = np.r_[picked, np.setdiff1d(chosen[always & (labels == 0)], picked)]
    order = np.r_[positive, picked]
    return np.asarray(rng.permutation(order))
