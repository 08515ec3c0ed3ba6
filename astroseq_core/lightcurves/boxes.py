"""Box-shaped matched filters."""

import numpy as np
from numpy.typing import NDArray

from astroseq_core.lightcurves import noise

#: A box of a matched filter with fewer than this part of its places filled says nothing.
LEAST_FILLED = 0.4


def matched_filter(flat: NDArray[np.floating], filled: NDArray[np.bool_], width: int) -> NDArray[np.float64]:
    """Signal-to-noise of a box-shaped dip of ``width`` places centred on each place, shape (size,), in its own robust noise.

    ``flat``: relative deviations on a grid (size,), 0 where not ``filled``. 0 where the box is mostly empty.
    """
    width = max(1, min(width, len(flat)))
    before = width // 2
    total = np.r_[0.0, np.cumsum(flat, dtype=np.float64)]
    count = np.r_[0, np.cumsum(filled)]
    low = np.clip(np.arange(len(flat)) - before, 0, len(flat))
    high = np.clip(low + width, 0, len(flat))
    n = count[high] - count[low]
    known = n >= max(1.0, LEAST_FILLED * width)
    depth = np.where(known, -(total[high] - total[low]) / np.sqrt(np.maximum(n, 1)), 0.0)
    sigma = noise.robust_sigma(depth[known & filled])
    if not sigma > 0:
        return np.zeros(len(flat))
    depth[known] -= np.median(depth[known & filled])
    return np.asarray(depth / sigma)
