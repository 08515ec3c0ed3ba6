"""Splits of stars, never of segments, into training, validation, calibration and test sets."""

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError


def split_stars(
    stars: Iterable[str], parts: Mapping[str, float], seed: int, groups: Mapping[str, str] | None = None
) -> dict[str, tuple[str, ...]]:
    """Split stars into disjoint parts.

    The part of a star depends only on a hash of the seed and its identifier. It therefore does not
    change when other stars, or other observations or missions of the same star, are added or
    removed. The shares are met on average.

    Parameters
    ----------
    stars : iterable of str
        Identifiers of the stars.
    parts : mapping of str to float
        Share of each part; the shares must sum to 1.
    seed : int
        Seed of the hash.
    groups : mapping of str to str, optional
        The identifier that decides for each star, the same for all that are one star; its own by default.

    Returns
    -------
    dict of str to tuple of str
        The stars of each part, sorted.

    Raises
    ------
    SettingsError
        If a share is negative or they do not sum to 1.

    Examples
    --------
    >>> split_stars(["TIC 3", "TIC 1", "TIC 2"], {"train": 1.0, "test": 0.0}, seed=0)
    {'train': ('TIC 1', 'TIC 2', 'TIC 3'), 'test': ()}
    """
    if not parts or any(share < 0 for share in parts.values()) or abs(sum(parts.values()) - 1) > 1e-9:
        raise SettingsError("The shares of a split must be 0 or more and sum to 1.")
    names, edges = list(parts), np.cumsum(list(parts.values()))
    out: dict[str, list[str]] = {name: [] for name in names}
    for star in sorted(set(stars)):
        key = star if groups is None else groups.get(star, star)
        draw = int.from_bytes(hashlib.sha256(f"{seed}:{key}".encode()).digest()[:7], "big") / 2**56
        out[names[min(int(np.searchsorted(edges, draw, side="right")), len(names) - 1)]].append(star)
    return {name: tuple(members) for name, members in out.items()}


def fold_numbers(stars: NDArray[np.str_], num_folds: int, seed: int) -> NDArray[np.int64]:
    """Assign segments to cross-validation folds of about equal size, keeping stars together.

    Parameters
    ----------
    stars : ndarray
        Star of each segment, shape (n,).
    num_folds : int
        Number of folds.
    seed : int
        Seed of the shuffle.

    Returns
    -------
    ndarray
        Fold number of each segment, from 0, shape (n,).

    Raises
    ------
    SettingsError
        If there are fewer than 2 folds or more folds than stars.
    """
    from sklearn.model_selection import GroupKFold

    num_stars = len(np.unique(stars))
    if not 2 <= num_folds <= num_stars:
        raise SettingsError(f"{num_folds} folds of {num_stars} stars: use at least 2, and no more than there are stars.")
    out = np.empty(len(stars), np.int64)
    splitter = GroupKFold(n_splits=num_folds, shuffle=True, random_state=seed)
    for number, (_, test) in enumerate(splitter.split(stars, groups=stars)):
        out[test] = number
    return out
