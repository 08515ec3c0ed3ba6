"""Splits of stars, never of segments, into training, validation, calibration and test sets."""

import hashlib
import math
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
    _check_shares(parts)
    names, edges = list(parts), np.cumsum(list(parts.values()))
    out: dict[str, list[str]] = {name: [] for name in names}
    for star in sorted(set(stars)):
        draw = star_draw(star if groups is None else groups.get(star, star), seed)
        out[names[min(int(np.searchsorted(edges, draw, side="right")), len(names) - 1)]].append(star)
    return {name: tuple(members) for name, members in out.items()}


def split_stars_evenly(stars: Iterable[str], parts: Mapping[str, float], seed: int) -> dict[str, tuple[str, ...]]:
    """Split stars so that each part has its share of them, rounded to whole stars.

    Every part with a share has at least one star where there are enough. For few stars: unlike in
    `split_stars`, a star's part depends on which others there are.

    Parameters
    ----------
    stars : iterable of str
        Identifiers of the stars.
    parts : mapping of str to float
        Share of each part; the shares must sum to 1.
    seed : int
        Seed of the order in which stars are dealt out.

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
    >>> split = split_stars_evenly([f"TIC {n}" for n in range(10)], {"train": 0.6, "validation": 0.1, "test": 0.3}, seed=0)
    >>> {part: len(members) for part, members in split.items()}
    {'train': 6, 'validation': 1, 'test': 3}
    """
    _check_shares(parts)
    order = sorted(set(stars), key=lambda star: star_draw(star, seed))
    exact = {name: round(share * len(order), 9) for name, share in parts.items()}
    counts = {name: math.floor(number) for name, number in exact.items()}
    for name in sorted(parts, key=lambda n: counts[n] - exact[n])[: len(order) - sum(counts.values())]:
        counts[name] += 1
    for name in (n for n, share in parts.items() if share > 0 and not counts[n]):
        most = max(counts, key=lambda n: counts[n])
        if counts[most] > 1:
            counts[name], counts[most] = 1, counts[most] - 1
    out: dict[str, tuple[str, ...]] = {}
    for name, count in counts.items():
        out[name], order = tuple(sorted(order[:count])), order[count:]
    return out


def star_draw(star: str, seed: int) -> float:
    """Return the random number of a star, which depends on its name and the seed alone.

    Parameters
    ----------
    star : str
        Identifier of the star.
    seed : int
        The seed.

    Returns
    -------
    float
        A number in [0, 1).
    """
    return float(int.from_bytes(hashlib.sha256(f"{seed}:{star}".encode()).digest()[:7], "big") / 2**56)


def _check_shares(parts: Mapping[str, float]) -> None:
    if not parts or any(share < 0 for share in parts.values()) or abs(sum(parts.values()) - 1) > 1e-9:
        raise SettingsError("The shares of a split must be 0 or more and sum to 1.")


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
