"""Removing slow trends from a whole observation, with no knowledge of any ephemeris."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError

#: A gap longer than this [d] starts a piece of its own, so that no trend is drawn across it.
BREAK_DAYS = 0.5


def pieces(time: NDArray[np.float64], break_days: float = BREAK_DAYS) -> list[slice]:
    """The stretches of ``time`` (n,) [d] between gaps longer than ``break_days``, in order."""
    edges = np.r_[0, np.flatnonzero(np.diff(time) > break_days) + 1, len(time)]
    return [slice(int(a), int(b)) for a, b in itertools.pairwise(edges)]


def trend(time: NDArray[np.float64], flux: NDArray[np.float64], method: str, window_days: float) -> NDArray[np.float64]:
    """The slow trend of ``flux`` (n,), same unit and shape, finite and positive where the flux is.

    ``method``: "biweight" (Tukey's, by wotan: Hippke et al. 2019), "median" or "savgol" (Savitzky-Golay of order 2) over
    ``window_days``, which must be at least three transit durations or it removes transits; "none" gives the median.
    """
    if method not in METHODS:
        raise SettingsError(f"'{method}' is no detrending method; use one of {', '.join(METHODS)}.")
    if not window_days > 0:
        raise SettingsError("The detrending window must be a positive number of days.")
    smooth = METHODS[method](time, flux, window_days)
    # Where a piece is too short for the method, its median stands in.
    for piece in pieces(time):
        bad = ~np.isfinite(smooth[piece])
        if bad.any():
            smooth[piece] = np.where(bad, np.median(flux[piece]), smooth[piece])
    return smooth


def _biweight(time: NDArray[np.float64], flux: NDArray[np.float64], window_days: float) -> NDArray[np.float64]:
    import numba
    from wotan import flatten

    # wotan's loop takes every core, and ten times as long where another process uses them; several light curves are prepared
    # side by side instead.
    numba.set_num_threads(1)
    # A constant is added and taken away again, which no location estimate minds: wotan wants positive flux only.
    lift = max(0.0, 1.0 - float(np.min(flux)))
    _, smooth = flatten(
        time,
        flux + lift,
        method="biweight",
        window_length=window_days,
        edge_cutoff=0.0,
        break_tolerance=BREAK_DAYS,
        return_trend=True,
    )
    return np.asarray(smooth, dtype=np.float64) - lift


def _by_piece(filtered: Callable[[NDArray[np.float64], int], Any]) -> Callable[..., NDArray[np.float64]]:
    """A method that filters each piece with an odd number of cadences."""

    def smooth(time: NDArray[np.float64], flux: NDArray[np.float64], window_days: float) -> NDArray[np.float64]:
        out = np.full(len(flux), np.nan)
        cadence = float(np.median(np.diff(time)))
        for piece in pieces(time):
            count = min(round(window_days / cadence), len(flux[piece])) // 2 * 2 - 1
            if count >= 5:
                out[piece] = filtered(flux[piece], count)
        return out

    return smooth


def _median_filter(flux: NDArray[np.float64], count: int) -> Any:
    from scipy.ndimage import median_filter

    return median_filter(flux, size=count, mode="nearest")


def _savgol_filter(flux: NDArray[np.float64], count: int) -> Any:
    from scipy.signal import savgol_filter

    return savgol_filter(flux, count, polyorder=2)


def _none(time: NDArray[np.float64], flux: NDArray[np.float64], window_days: float) -> NDArray[np.float64]:
    return np.full(len(flux), np.median(flux))


METHODS: dict[str, Callable[..., NDArray[np.float64]]] = {
    "biweight": _biweight,
    "savgol": _by_piece(_savgol_filter),
    "median": _by_piece(_median_filter),
    "none": _none,
}
