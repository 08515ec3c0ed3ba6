"""Splitting stars, never segments, between training, validation, calibration and test."""

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError


def split_stars(stars: Iterable[str], parts: Mapping[str, float], seed: int) -> dict[str, tuple[str, ...]]:
    """The stars of each part, sorted; every star in exactly one.

    ``parts``: share of the stars by name, summing to 1. Which part a star falls in is told from a hash of the seed and its
    identifier alone, so that it stays there when other stars, or another observation or mission of it, come or go; the shares
    are met on average.
    """
    if not parts or any(share < 0 for share in parts.values()) or abs(sum(parts.values()) - 1) > 1e-9:
        raise SettingsError("The shares of a split must be 0 or more and sum to 1.")
    names, edges = list(parts), np.cumsum(list(parts.values()))
    out: dict[str, list[str]] = {name: [] for name in names}
    for star in sorted(set(stars)):
        draw = int.from_bytes(hashlib.sha256(f"{seed}:{star}".encode()).digest()[:7], "big") / 2**56
        out[names[min(int(np.searchsorted(edges, draw, side="right")), len(names) - 1)]].append(star)
    return {name: tuple(members) for name, members in out.items()}


def folds(stars: NDArray[np.str_], num_folds: int, seed: int) -> NDArray[np.int64]:
    """Fold number (n,) of each segment by its star (n,), the segments of a star together, folds about equally long."""
    from sklearn.model_selection import GroupKFold

    num_stars = len(np.unique(stars))
    if not 2 <= num_folds <= num_stars:
        raise SettingsError(f"{num_folds} folds of {num_stars} stars: use at least 2, and no more than there are stars.")
    out = np.empty(len(stars), np.int64)
    splitter = GroupKFold(n_splits=num_folds, shuffle=True, random_state=seed)
    for number, (_, test) in enumerate(splitter.split(stars, groups=stars)):
        out[test] = number
    return out
