"""Box-shaped matched filter."""

import numpy as np
from numpy.typing import NDArray

from astroseq_core.preprocessing import noise

#: A box is ignored if less than this fraction of its grid cells is filled.
MIN_FILLED_FRACTION = 0.4


def matched_filter(flat: NDArray[np.floating], filled: NDArray[np.bool_], width: int) -> NDArray[np.float64]:
    """Return the signal-to-noise ratio of a box-shaped dip centered on each grid cell.

    The noise is the filter output's own robust scatter, so red noise is included.

    Parameters
    ----------
    flat : ndarray, shape (size,)
        Relative deviation of the flux from its trend on a regular grid, 0 where not `filled`.
    filled : ndarray of bool, shape (size,)
        Which grid cells hold a cadence.
    width : int
        Box width [grid cells].

    Returns
    -------
    ndarray, shape (size,)
        Depth of the dip [sigma], positive for dips. 0 where too little of the box is filled, and
        everywhere if the scatter is 0.
    """
    width = max(1, min(width, len(flat)))
    before = width // 2
    total = np.r_[0.0, np.cumsum(flat, dtype=np.float64)]
    count = np.r_[0, np.cumsum(filled)]
    low = np.clip(np.arange(len(flat)) - before, 0, len(flat))
    high = np.clip(low + width, 0, len(flat))
    n = count[high] - count[low]
    known = n >= max(1.0, MIN_FILLED_FRACTION * width)
    depth = np.where(known, -(total[high] - total[low]) / np.sqrt(np.maximum(n, 1)), 0.0)
    sigma = noise.robust_sigma(depth[known & filled])
    if not sigma > 0:
        return np.zeros(len(flat))
    depth[known] -= np.median(depth[known & filled])
    return np.asarray(depth / sigma)
