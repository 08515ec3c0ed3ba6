"""Detrending: the slow trend of a whole observation, without knowledge of any ephemeris."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError

#: The trend is estimated separately on both sides of a gap longer than this [d].
MAX_GAP_DAYS = 0.5


def split_at_gaps(time: NDArray[np.float64], break_days: float = MAX_GAP_DAYS) -> list[slice]:
    """Split an observation at its long gaps.

    Parameters
    ----------
    time : ndarray, shape (n,)
        Times [d], increasing.
    break_days : float, optional
        A gap longer than this [d] starts a new part.

    Returns
    -------
    list of slice
        The parts between gaps, in time order.
    """
    edges = np.r_[0, np.flatnonzero(np.diff(time) > break_days) + 1, len(time)]
    return [slice(int(a), int(b)) for a, b in itertools.pairwise(edges)]


def estimate_trend(time: NDArray[np.float64], flux: NDArray[np.float64], method: str, window_days: float) -> NDArray[np.float64]:
    """Return the slow trend of a light curve.

    Where a part between two gaps is too short for the method, its median is used.

    Parameters
    ----------
    time : ndarray, shape (n,)
        Times [d], increasing.
    flux : ndarray, shape (n,)
        Finite fluxes.
    method : str
        "biweight" (Tukey's biweight as implemented in wotan: Hippke et al. 2019), "median",
        "savgol" (Savitzky-Golay filter of order 2), or "none" (the median of all fluxes).
    window_days : float
        Window [d]. It must be at least three transit durations, or the filter removes transits.

    Returns
    -------
    ndarray, shape (n,)
        The trend in the unit of `flux`, finite, and positive where the flux is.

    Raises
    ------
    SettingsError
        If the method is unknown or the window is not positive.
    """
    if method not in DETRENDING_METHODS:
        raise SettingsError(f"'{method}' is no detrending method; use one of {', '.join(DETRENDING_METHODS)}.")
    if not window_days > 0:
        raise SettingsError("The detrending window must be a positive number of days.")
    smooth = DETRENDING_METHODS[method](time, flux, window_days)
    # Where a part is too short for the method, its median is used.
    for piece in split_at_gaps(time):
        bad = ~np.isfinite(smooth[piece])
        if bad.any():
            smooth[piece] = np.where(bad, np.median(flux[piece]), smooth[piece])
    return smooth


def _biweight_trend(time: NDArray[np.float64], flux: NDArray[np.float64], window_days: float) -> NDArray[np.float64]:
    """Return Tukey's biweight trend, computed by wotan."""
    import numba
    from wotan import flatten

    # wotan's loop uses every core, and takes ten times as long if another process uses them too. Light curves are therefore
    # detrended in parallel instead.
    numba.set_num_threads(1)
    # wotan needs positive flux. A constant is added and subtracted again, which does not change a location estimate.
    lift = max(0.0, 1.0 - float(np.min(flux)))
    _, smooth = flatten(
        time,
        flux + lift,
        method="biweight",
        window_length=window_days,
        edge_cutoff=0.0,
        break_tolerance=MAX_GAP_DAYS,
        return_trend=True,
    )
    return np.asarray(smooth, dtype=np.float64) - lift


def _filter_each_piece(filtered: Callable[[NDArray[np.float64], int], Any]) -> Callable[..., NDArray[np.float64]]:
    """Return a method that filters each part between gaps with an odd number of cadences."""

    def smooth(time: NDArray[np.float64], flux: NDArray[np.float64], window_days: float) -> NDArray[np.float64]:
        out = np.full(len(flux), np.nan)
        cadence = float(np.median(np.diff(time)))
        for piece in split_at_gaps(time):
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


def _constant_trend(time: NDArray[np.float64], flux: NDArray[np.float64], window_days: float) -> NDArray[np.float64]:
    return np.full(len(flux), np.median(flux))


DETRENDING_METHODS: dict[str, Callable[..., NDArray[np.float64]]] = {
    "biweight": _biweight_trend,
    "savgol": _filter_each_piece(_savgol_filter),
    "median": _filter_each_piece(_median_filter),
    "none": _constant_trend,
}
