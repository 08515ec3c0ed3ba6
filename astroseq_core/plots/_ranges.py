"""Flux ranges of panels, on pages and in reports: none hides a dip, and none lets a wild cadence flatten the rest."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from astroseq_core.plots.style import PPT
from astroseq_core.preprocessing import noise

#: Quantiles between which most of the scatter lies.
SCATTER_QUANTILES = (0.003, 0.997)
#: Upwards, this many sigma and this fraction of the deepest dip are enough: readers look for dips.
ROOM_ABOVE_SIGMA, ROOM_ABOVE_DIP_FRACTION = 5.5, 0.25
#: The range of a panel without a finite value.
EMPTY_RANGE = (-1.0, 1.0)


def padded_range(low: float, high: float, room: float = 0.08) -> tuple[float, float]:
    """Return a range with room above and below.

    Parameters
    ----------
    low : float
        Lowest value.
    high : float
        Highest value.
    room : float, optional
        Room on either side, as a fraction of the range.

    Returns
    -------
    tuple of float
        Lower and upper limit.

    Examples
    --------
    >>> padded_range(0.0, 100.0)
    (-8.0, 108.0)
    """
    margin = room * max(high - low, 1e-6)
    return low - margin, high + margin


def flux_range_ppt(series: Sequence[NDArray[np.float64]]) -> tuple[float, float]:
    """Return a flux range that a single wild cadence does not affect.

    It spans the lowest to the highest value that two neighbors reach together, with a margin.

    Parameters
    ----------
    series : sequence of ndarray
        Relative fluxes, each with at least two values.

    Returns
    -------
    tuple of float
        Lower and upper limit [ppt].
    """
    low = min(float(np.maximum(a[1:], a[:-1]).min()) for a in series) * PPT
    high = max(float(np.minimum(a[1:], a[:-1]).max()) for a in series) * PPT
    return padded_range(low, high, 0.06)


def detrended_range_ppt(flats: Sequence[NDArray[np.float64]], depth_ppm: float | None = None) -> tuple[float, float]:
    """Return a range from the deepest dip that two neighbors share up to the noise.

    Parameters
    ----------
    flats : sequence of ndarray
        Relative deviations from the trend, each with at least two values.
    depth_ppm : float, optional
        Depth of a dip that the range holds too [ppm].

    Returns
    -------
    tuple of float
        Lower and upper limit [ppt].
    """
    low, high = flux_range_ppt(flats)
    if depth_ppm is not None:
        low = min(low, padded_range(-depth_ppm / PPT, high)[0])
    sigma = max(noise.robust_sigma(f) for f in flats) * PPT
    return low, min(high, max(ROOM_ABOVE_SIGMA * sigma, ROOM_ABOVE_DIP_FRACTION * -low))


def scatter_range_ppt(flat: NDArray[np.floating], floor_ppt: float = 0.0) -> tuple[float, float]:
    """Return a range that holds most of the scatter and the floor of the dip.

    Parameters
    ----------
    flat : ndarray
        Relative deviations from the trend, shape (n,).
    floor_ppt : float, optional
        Level down to which the dip is shown [ppt].

    Returns
    -------
    tuple of float
        Lower and upper limit [ppt].
    """
    known = flat[np.isfinite(flat)]
    if not len(known):
        return EMPTY_RANGE
    low, high = (float(v) * PPT for v in np.quantile(known, SCATTER_QUANTILES))
    return padded_range(min(low, floor_ppt), high)


def range_with_dips(values: NDArray[np.floating], upper_quantile: float) -> tuple[float, float]:
    """Return a range that cuts off no dip: from the lowest value to a quantile near the highest.

    Parameters
    ----------
    values : ndarray
        Values of a segment, shape (n,); NaN where there is none.
    upper_quantile : float
        Quantile of the values that are shown, so that a flare does not flatten the rest.

    Returns
    -------
    tuple of float
        Lower and upper limit, in the unit of the values.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return EMPTY_RANGE
    return padded_range(float(known.min()), float(np.quantile(known, upper_quantile)))
