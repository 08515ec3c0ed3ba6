"""How noisy a star is."""

import numpy as np
from numpy.typing import NDArray

#: Standard deviation of a normal distribution in units of its median absolute deviation.
SIGMA_OF_MAD = 1.4826


def robust_sigma(values: NDArray[np.float64]) -> float:
    """Standard deviation told from the median absolute deviation, in the unit of ``values`` (n,); NaNs are left out."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return float("nan")
    return SIGMA_OF_MAD * float(np.median(np.abs(finite - np.median(finite))))


def point_to_point_sigma(values: NDArray[np.float64]) -> float:
    """White noise of one cadence told from the differences of neighbours, in the unit of ``values`` (n,)."""
    return robust_sigma(np.diff(values)) / float(np.sqrt(2.0))


def sigma_over(values: NDArray[np.float64], cadences: int) -> float:
    """Robust scatter of means over ``cadences`` neighbours, in the unit of ``values`` (n,): the noise that a transit meets."""
    if cadences <= 1 or len(values) < 2 * cadences:
        return robust_sigma(values)
    total = np.r_[0.0, np.cumsum(values)]
    return robust_sigma((total[cadences:] - total[:-cadences]) / cadences)
