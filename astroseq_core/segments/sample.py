"""Choosing the segments to train on: caps for each star, and a ratio of negatives to positives."""

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError


def sample(
    labels: NDArray[np.int8],
    stars: NDArray[np.str_],
    *,
    per_star_cap: int | None,
    neg_pos_ratio: float | None,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Indices of the chosen segments, ascending; those labelled -1 are never among them.

    ``per_star_cap``: the most segments of one label that a star may give, None for no cap. ``neg_pos_ratio``: negatives kept
    for each positive, None for all; where there are too few negatives, all of them.
    """
    if (per_star_cap is not None and per_star_cap < 1) or (neg_pos_ratio is not None and not neg_pos_ratio > 0):
        raise SettingsError("The cap must be at least 1 and the ratio of negatives to positives above 0.")
    order = rng.permutation(len(labels))
    order = order[labels[order] >= 0]
    if per_star_cap is not None:
        order = order[_rank_within(stars[order], labels[order]) < per_star_cap]
    positive, negative = order[labels[order] == 1], order[labels[order] == 0]
    if neg_pos_ratio is not None:
        negative = negative[: max(1, round(neg_pos_ratio * len(positive)))]
    return np.sort(np.r_[positive, negative])


def _rank_within(stars: NDArray[np.str_], labels: NDArray[np.int8]) -> NDArray[np.int64]:
    """How many segments of the same star and label stand before each, shape (n,)."""
    _, star = np.unique(stars, return_inverse=True)
    group = star * 2 + labels
    by_group = np.argsort(group, kind="stable")
    sizes = np.unique(group[by_group], return_counts=True)[1]
    rank = np.empty(len(group), np.int64)
    rank[by_group] = np.arange(len(group)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return rank
