"""Medians of many bins at once, which may overlap, without a loop over bins."""

import numpy as np
from numpy.typing import NDArray

_Doubles = NDArray[np.float64]


def bin_medians(x: _Doubles, y: _Doubles, starts: _Doubles, width: float) -> _Doubles:
    """Return the medians of values in bins that may overlap.

    Parameters
    ----------
    x : ndarray
        Coordinates, ascending, shape (n,).
    y : ndarray
        Values, shape (n,).
    starts : ndarray
        Begins of the bins, shape (bins,).
    width : float
        Width of each bin; its end belongs to the next one.

    Returns
    -------
    ndarray
        Medians, shape (bins,); NaN where there is no value.

    Examples
    --------
    >>> bin_medians(np.arange(6.0), np.array([1.0, 3, 5, 5, 9, 9]), np.array([0.0, 2, 4]), 2.0).tolist()
    [2.0, 5.0, 9.0]
    """
    first, last = np.searchsorted(x, starts), np.searchsorted(x, starts + width)
    count = last - first
    bins = np.repeat(np.arange(len(starts)), count)
    where = np.arange(len(bins)) - (np.cumsum(count) - count)[bins] + first[bins]
    out = np.full(len(starts), np.nan)
    full, medians, _ = bin_medians_of(bins, y[where])
    out[full] = medians
    return out


def bin_medians_of(bins: NDArray[np.int64], y: _Doubles) -> tuple[NDArray[np.int64], _Doubles, NDArray[np.int64]]:
    """Return the medians of values that carry the number of their bin.

    Parameters
    ----------
    bins : ndarray of int
        Number of the bin of each value, ascending, shape (n,).
    y : ndarray
        Values, shape (n,).

    Returns
    -------
    full : ndarray of int
        Numbers of the bins with values, ascending, shape (b,).
    medians : ndarray
        Their medians, shape (b,).
    count : ndarray of int
        Their numbers of values, shape (b,).

    Examples
    --------
    >>> [a.tolist() for a in bin_medians_of(np.array([2, 2, 5]), np.array([1.0, 2.0, 7.0]))]
    [[2, 5], [1.5, 7.0], [2, 1]]
    """
    begin = np.flatnonzero(np.r_[True, bins[1:] != bins[:-1]]) if len(bins) else np.zeros(0, np.int64)
    count = np.diff(np.r_[begin, len(bins)])
    if len(begin) == len(bins):
        return bins, y.astype(np.float64), count
    # one sort of integers for all bins: bin, then rank of the value
    order = np.argsort(y)
    rank = np.empty(len(y), np.int64)
    rank[order] = np.arange(len(y))
    within = np.sort(np.repeat(np.arange(len(begin)), count) * len(y) + rank) % len(y)
    ascending = y[order]
    middle = (ascending[within[begin + (count - 1) // 2]] + ascending[within[begin + count // 2]]) / 2
    return bins[begin], middle, count


def fill_empty(view: _Doubles, beyond: float | None = None) -> _Doubles:
    """Interpolate bins without values between their neighbors.

    Parameters
    ----------
    view : ndarray
        Medians, NaN where there is no value, shape (bins,).
    beyond : float, optional
        What empty bins at the ends get; by default the nearest value.

    Returns
    -------
    ndarray
        The filled view; zeros if it was empty.

    Examples
    --------
    >>> fill_empty(np.array([np.nan, 1.0, np.nan, 2.0])).tolist()
    [1.0, 1.0, 1.5, 2.0]
    """
    full = np.isfinite(view)
    if not full.any():
        return np.zeros(len(view))
    place = np.arange(len(view))
    return np.asarray(np.interp(place, place[full], view[full], left=beyond, right=beyond))
