"""SMOTE: more positives by interpolation between those that there are."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError

#: Neighbours among which SMOTE chooses (Chawla et al. 2002); with fewer positives all of the others.
NEIGHBOURS = 5
#: The most bytes that positives may take, old and new together, in single precision; the whole takes about three times as much.
LARGEST_BYTES = 2**30


class Resampled(NamedTuple):
    """``values`` (n, window, channels) and ``labels`` (n,), the new ones last; ``synthetic`` (n,): which are new."""

    values: NDArray[Any]
    labels: NDArray[np.int8]
    synthetic: NDArray[np.bool_]


def smote(values: NDArray[np.floating], labels: NDArray[np.int8], ratio: float, seed: int) -> Resampled:
    """The segments (n, window, channels) with so many synthetic positives more that there are ``ratio`` to each negative.

    SMOTE (Chawla et al. 2002) by imbalanced-learn on flattened segments: each new one lies at random between a positive and one
    of its five nearest. Only ever for the training part, after the split: a synthetic segment holds pieces of two real ones, and
    on the other side of a split these would be known already. Transits at different places are averaged into two shallow ones,
    so that what helps a table of numbers need not help here. Values come in the type that they had, ``gap`` channels no longer
    only 0 and 1; labels other than 1 count as negative.

    Raises SettingsError for a ratio that is not above 0, for fewer than two positives, no negative, and where the positives would
    take more than 1 GiB. Where there are as many positives already, nothing is added.
    """
    positive = labels == 1
    have, negatives = int(positive.sum()), int((~positive).sum())
    if not ratio > 0:
        raise SettingsError("The ratio of positives to negatives after SMOTE must be above 0; 1 gives as many of both.")
    if have < 2 or negatives == 0:
        raise SettingsError(f"SMOTE needs two positives and one negative at least, and there are {have} and {negatives}.")
    wanted = round(ratio * negatives)
    size = int(np.prod(values.shape[1:]))
    if wanted <= have:
        return Resampled(values, labels, np.zeros(len(labels), bool))
    if wanted * size * 4 > LARGEST_BYTES:
        raise SettingsError(
            f"SMOTE would hold {wanted} positives of {size} numbers, {wanted * size * 4 / 2**30:.1f} GiB; "
            f"at most {LARGEST_BYTES // (size * 4)} fit. Give a lower ratio, a lower cap for each star, or fewer channels."
        )
    new = _interpolate(values[positive].reshape(have, size).astype(np.float32), wanted, seed)
    return Resampled(
        np.concatenate([values, new.reshape(-1, *values.shape[1:]).astype(values.dtype)]),
        np.concatenate([labels, np.ones(len(new), labels.dtype)]),
        np.arange(len(labels) + len(new)) >= len(labels),
    )


def _interpolate(positives: NDArray[np.float32], wanted: int, seed: int) -> NDArray[np.float32]:
    """Synthetic rows (wanted - n, features) from the positives (n, features)."""
    import warnings

    from imblearn.over_sampling import SMOTE  # type: ignore[import-untyped]

    have = len(positives)
    # SMOTE looks at the class it adds to only, so one row stands for all negatives and none of them is copied.
    rows = np.concatenate([positives, np.zeros((1, positives.shape[1]), np.float32)])
    classes = np.r_[np.ones(have, np.int8), np.zeros(1, np.int8)]
    sampler = SMOTE(sampling_strategy={1: wanted}, k_neighbors=min(NEIGHBOURS, have - 1), random_state=seed)
    with warnings.catch_warnings():
        # It remarks that positives now outnumber that one row.
        warnings.filterwarnings("ignore", message="After over-sampling", category=UserWarning)
        grown, _ = sampler.fit_resample(rows, classes)
    return np.asarray(grown[len(rows) :], np.float32)
