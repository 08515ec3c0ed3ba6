"""Which segments an epoch shows: caps, ratios, hard negatives, and more positives by repeating or mixing them (SMOTE)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError
from astroseq_core.preprocessing.segments import TRANSIT
from astroseq_core.training.dataset import NO_CADENCE, Batch, SegmentDataset, window_labels
from astroseq_core.training.recipes import Augmentation, Recipe


def sample_segments(
    labels: NDArray[np.int8],
    stars: NDArray[np.str_],
    *,
    per_star_cap: int | None,
    neg_pos_ratio: float | None,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Choose training segments at random.

    Parameters
    ----------
    labels : ndarray
        1 for a transit, 0 for none, -1 for left out (never chosen); shape (n,).
    stars : ndarray
        Star of each segment, shape (n,).
    per_star_cap : int or None
        Largest number of segments of each label from one star; None for no cap.
    neg_pos_ratio : float or None
        Negatives per positive; None for all. Where there are too few negatives, all are chosen.
    rng : numpy.random.Generator
        Random generator.

    Returns
    -------
    ndarray
        Indices of the chosen segments, ascending.

    Raises
    ------
    SettingsError
        If the cap is below 1 or the ratio is not above 0.

    Examples
    --------
    >>> labels, stars = np.array([1, 1, 0, -1], np.int8), np.array(["a", "a", "b", "b"])
    >>> sample_segments(labels, stars, per_star_cap=None, neg_pos_ratio=None, rng=np.random.default_rng(0)).tolist()
    [0, 1, 2]
    """
    if (per_star_cap is not None and per_star_cap < 1) or (neg_pos_ratio is not None and not neg_pos_ratio > 0):
        raise SettingsError("The cap must be at least 1 and the ratio of negatives to positives above 0.")
    order = rng.permutation(len(labels))
    order = order[labels[order] >= 0]
    if per_star_cap is not None:
        order = order[_rank_within_star(stars[order], labels[order]) < per_star_cap]
    positive, negative = order[labels[order] == 1], order[labels[order] == 0]
    if neg_pos_ratio is not None:
        negative = negative[: max(1, round(neg_pos_ratio * len(positive)))]
    return np.sort(np.r_[positive, negative])


def _rank_within_star(stars: NDArray[np.str_], labels: NDArray[np.int8]) -> NDArray[np.int64]:
    """Count the segments of the same star and label before each, shape (n,)."""
    _, star = np.unique(stars, return_inverse=True)
    group = star * 2 + labels
    by_group = np.argsort(group, kind="stable")
    sizes = np.unique(group[by_group], return_counts=True)[1]
    rank = np.empty(len(group), np.int64)
    rank[by_group] = np.arange(len(group)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return rank


#: Hard negatives are drawn from this fraction of all negatives, the most transit-like ones.
HARD_FRACTION = 0.1


def capped_segments(
    dataset: SegmentDataset, recipe: Recipe, seed: int, always: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Return the segments left by the recipe's caps.

    The recipe's ratio of negatives to positives is applied anew in each epoch.

    Parameters
    ----------
    dataset : SegmentDataset
        The segments.
    recipe : Recipe
        The recipe with the caps.
    seed : int
        Seed of the random draws.
    always : ndarray of bool or None, optional
        Segments that no cap leaves out, shape (n,).

    Returns
    -------
    ndarray of int64
        Indices of the segments, ascending.
    """
    rng = np.random.default_rng([seed, 1])
    kept = sample_segments(dataset.labels, dataset.star, per_star_cap=recipe.per_star_cap, neg_pos_ratio=None, rng=rng)
    if recipe.total_cap is not None and len(kept) > recipe.total_cap:
        kept = np.sort(rng.choice(kept, recipe.total_cap, replace=False))
    return kept if always is None else np.union1d(kept, np.flatnonzero(always))


def epoch_order(
    chosen: NDArray[np.int64],
    labels: NDArray[np.int8],
    scores: NDArray[np.floating] | None,
    hard: float,
    rng: np.random.Generator,
    neg_pos_ratio: float | None = None,
    always: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """Return the order in which an epoch shows segments.

    Parameters
    ----------
    chosen : ndarray of int64
        Indices of the segments to choose from, shape (n,).
    labels : ndarray of int8
        Labels of these segments, shape (n,).
    scores : ndarray of float or None
        Scores of the negatives among them; None to use no hard negatives.
    hard : float
        Share of the negatives drawn from the most transit-like ones.
    rng : numpy.random.Generator
        Source of the random numbers.
    neg_pos_ratio : float or None, optional
        Number of negatives for each positive; None for all negatives.
    always : ndarray of bool or None, optional
        Negatives among them that every epoch shows, in addition to the ratio, shape (n,).

    Returns
    -------
    ndarray of int64
        Indices of the segments in random order, shape (m,).
    """
    positive, negative = chosen[labels == 1], chosen[labels == 0]
    if neg_pos_ratio is not None:
        count = min(len(negative), round(neg_pos_ratio * len(positive)))
        picked = rng.choice(negative, count, replace=False)
    else:
        picked = negative
    if scores is not None:
        pool = negative[np.argsort(scores)[::-1][: max(1, round(HARD_FRACTION * len(negative)))]]
        number = round(hard * len(picked))
        picked = np.r_[rng.choice(picked, len(picked) - number, replace=False), rng.choice(pool, number)]
    if always is not None:
        picked = np.r_[picked, np.setdiff1d(chosen[always & (labels == 0)], picked)]
    order = np.r_[positive, picked]
    return np.asarray(rng.permutation(order))


#: Number of neighbors that SMOTE chooses from (Chawla et al. 2002); with fewer positives, all of the others.
SMOTE_NEIGHBORS = 5
#: Neighbors are found by the segments' first channel, averaged to this many grid points: by shape, not by noise.
SHAPE_POINTS = 64
#: Partner index of a segment that is shown unmixed.
NO_PARTNER = -1


@dataclass(frozen=True, eq=False)
class PositiveNeighbors:
    """Nearest neighbors among the positives of a dataset.

    Attributes
    ----------
    positives : ndarray of int64
        Indices of the positives, ascending, shape (p,).
    nearest : ndarray of int64
        Indices of the nearest other positives of each one, shape (p, k).
    """

    positives: NDArray[np.int64]
    nearest: NDArray[np.int64]

    def draw_neighbors(self, which: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        """Draw one random neighbor of each given positive.

        Parameters
        ----------
        which : ndarray of int64
            Indices of positives, shape (m,).
        rng : numpy.random.Generator
            Source of the random numbers.

        Returns
        -------
        ndarray of int64
            Indices of the neighbors, shape (m,).
        """
        row = np.searchsorted(self.positives, which)
        return np.asarray(self.nearest[row, rng.integers(self.nearest.shape[1], size=len(which))])


def find_neighbors(dataset: SegmentDataset, positives: NDArray[np.int64]) -> PositiveNeighbors | None:
    """Find the nearest neighbors among the positive segments of a dataset.

    As in SMOTE (Chawla et al. 2002) with five neighbors, but by shape, so that a million segments
    need little memory.

    Parameters
    ----------
    dataset : SegmentDataset
        The segments.
    positives : ndarray of int64
        Indices of the positives, ascending, shape (p,).

    Returns
    -------
    PositiveNeighbors or None
        The neighbors; None for fewer than two positives.
    """
    if len(positives) < 2:
        return None
    return nearest_by_shape(np.concatenate([segment_shapes(batch.values) for batch in dataset.batches(positives)]), positives)


def segment_shapes(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the shapes by which neighbors are found: the first channel, averaged to `SHAPE_POINTS` grid points.

    Parameters
    ----------
    values : ndarray of float
        Channels of the segments, shape (n, window, channels). A window of at most `SHAPE_POINTS`
        is not averaged.

    Returns
    -------
    ndarray of float32
        Shapes, shape (n, points).
    """
    window = values.shape[1]
    size = min(SHAPE_POINTS, window)
    first = values[:, : window // size * size, 0].astype(np.float32)
    return np.asarray(np.nan_to_num(first.reshape(len(first), size, -1).mean(axis=2)))


def nearest_by_shape(shapes: NDArray[np.float32], positives: NDArray[np.int64]) -> PositiveNeighbors:
    """Find the nearest neighbors of each shape.

    Parameters
    ----------
    shapes : ndarray of float32
        Shapes of the positives, shape (p, points), p at least 2.
    positives : ndarray of int64
        Indices of the positives, ascending, shape (p,).

    Returns
    -------
    PositiveNeighbors
        The neighbors.
    """
    from sklearn.neighbors import NearestNeighbors

    count = min(SMOTE_NEIGHBORS, len(positives) - 1)
    found = NearestNeighbors(n_neighbors=count + 1).fit(shapes).kneighbors(shapes, return_distance=False)
    # The nearest one is the segment itself, except among identical segments.
    others = np.array([[j for j in row if j != i][:count] for i, row in enumerate(found)])
    return PositiveNeighbors(positives, positives[others])


def mix_segments(values: NDArray[np.float32], others: NDArray[np.floating], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return segments at random points between two: the synthetic segments of SMOTE.

    Use them only on the training part, after the split: a synthetic segment mixes two real ones,
    which would leak into another part. Transits at different positions are averaged into two
    shallow ones, so what helps a table of numbers need not help here.

    Parameters
    ----------
    values : ndarray of float32
        Segments, shape (n, window, channels).
    others : ndarray of float
        A neighbor of each, of the same shape.
    rng : numpy.random.Generator
        Source of the random numbers.

    Returns
    -------
    ndarray of float32
        The mixed segments, of the same shape. `gap` channels are no longer only 0 and 1.
    """
    return np.asarray(values + rng.random((len(values), 1, 1), np.float32) * (others - values))


def oversample_epoch(
    order: NDArray[np.int64],
    is_positive: NDArray[np.bool_],
    neg_pos_ratio: float,
    mixed_from: PositiveNeighbors | None,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Add positives to an epoch until the ratio of negatives to positives is reached.

    The additional positives are drawn from the epoch's own. With `mixed_from`, each lies between a
    positive and one of its neighbors.

    Parameters
    ----------
    order : ndarray of int64
        Segments of the epoch, shape (n,).
    is_positive : ndarray of bool
        Whether each of them is positive, shape (n,).
    neg_pos_ratio : float
        Number of negatives for each positive.
    mixed_from : PositiveNeighbors or None
        Neighbors of the positives; None to repeat positives unmixed.
    rng : numpy.random.Generator
        Source of the random numbers.

    Returns
    -------
    tuple of (ndarray of int64, ndarray of int64)
        Shuffled segments of the epoch, shape (m,), and the partner to mix with each, shape (m,).
    """
    positive = order[is_positive]
    missing = max(0, round((~is_positive).sum() / neg_pos_ratio) - len(positive)) if len(positive) else 0
    again = rng.choice(positive, missing) if missing else np.empty(0, np.int64)
    partner = np.full(len(order) + missing, NO_PARTNER, np.int64)
    if mixed_from is not None and missing:
        partner[len(order) :] = mixed_from.draw_neighbors(again, rng)
    shuffled = rng.permutation(len(partner))
    return np.concatenate([order, again])[shuffled], partner[shuffled]


#: Smallest and largest fraction of the window that an inserted gap takes.
GAP_FRACTION = (0.02, 0.3)


def augmented_batch(
    dataset: SegmentDataset,
    which: NDArray[np.int64],
    settings: Augmentation,
    rng: np.random.Generator,
    partner: NDArray[np.int64] | None = None,
) -> Batch:
    """Return segments with random shifts, reversals and gaps.

    Labels follow what is left in the window. Where `partner` names another segment, the result lies
    at a random point between the two and holds the transits of both.

    Parameters
    ----------
    dataset : SegmentDataset
        The segments.
    which : ndarray of int64
        Indices of the segments, shape (b,).
    settings : Augmentation
        Probabilities of reversals and gaps, and whether to shift.
    rng : numpy.random.Generator
        Source of the random numbers.
    partner : ndarray of int64 or None, optional
        Index of the segment to mix with each one, shape (b,); `NO_PARTNER` for none.

    Returns
    -------
    Batch
        The augmented segments.
    """
    starts = None
    if settings.shifted:
        rows, half = dataset.table[which], dataset.cutting.step // 2
        moved = rows["start"] + rng.integers(-half, half + 1, len(which))
        starts = np.clip(moved, rows["low"], rows["high"])
    batch = dataset.batch(which, starts)
    values, states = batch.values, batch.states
    if partner is not None and (mixed := np.flatnonzero(partner != NO_PARTNER)).size:
        other = dataset.batch(partner[mixed])
        values[mixed] = mix_segments(values[mixed], other.values, rng)
        states[mixed] = np.where(other.states == TRANSIT, TRANSIT, states[mixed])
    for i in np.flatnonzero(rng.random(len(which)) < settings.gap):
        length = int(rng.uniform(*GAP_FRACTION) * states.shape[1])
        begin = int(rng.integers(0, states.shape[1] - length))
        cut = slice(begin, begin + length)
        states[i, cut] = NO_CADENCE
        values[i, cut] = 0.0
        if "gap" in dataset.cutting.channels:
            values[i, cut, dataset.cutting.channels.index("gap")] = 1.0
    turned = rng.random(len(which)) < settings.reversed
    values[turned], states[turned] = values[turned, ::-1], states[turned, ::-1]
    return Batch(values, window_labels(states), states)
