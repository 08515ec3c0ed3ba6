"""Numbers with few binary digits, which compress well."""

import numpy as np
from numpy.typing import NDArray

#: Bits of the fraction of a float32.
FLOAT32_BITS = 23


def rounded(values: NDArray[np.floating], bits: int) -> NDArray[np.float32]:
    """Round numbers to a few binary digits, to nearest.

    Parameters
    ----------
    values : ndarray
        Finite numbers.
    bits : int
        Bits of the fraction that are kept, 0 to 22. The relative error is at most 2 to the power of −(bits + 1).

    Returns
    -------
    ndarray of float32
        The rounded numbers, same shape.

    Examples
    --------
    >>> rounded(np.array([1.0, 1.2, -0.3]), 3).tolist()
    [1.0, 1.25, -0.3125]
    """
    dropped = FLOAT32_BITS - bits
    whole = np.asarray(values, np.float32, order="C").view(np.uint32)
    half, kept = np.uint32(1 << (dropped - 1)), np.uint32(0xFFFFFFFF << dropped & 0xFFFFFFFF)
    return ((whole + half) & kept).view(np.float32)
