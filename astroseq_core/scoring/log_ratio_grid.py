"""Grid of log-likelihood ratios: a star's evidence at regular times, and its trial boxes."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.scoring.evidence import Evidence

#: Trial durations [h], each about 1.6 times the one before: no transit differs from its box by more than a quarter.
DURATION_HOURS = (1.0, 1.6, 2.6, 4.2, 6.8, 13.0)
#: A box of this duration counts as the mean of its points; a longer one counts more, by this power of the ratio. The points are
#: far from independent (the network infers each from the same dip). With the square root, as for white noise, long false dips
#: of quiet stars ranked above short transits; with 0, no box would be better than a short one.
REFERENCE_HOURS, LENGTH_POWER = 2.0, 0.25
#: Largest number of grid points; longer spans get a coarser grid, which bounds the cost of years of TESS sectors.
MAX_POINTS = 80_000

_Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LogRatioGrid:
    """Evidence on a regular grid; grid point i is centered on start + i * step.

    Attributes
    ----------
    start : float
        Center of the first grid point [d].
    step : float
        Spacing [d].
    values : ndarray
        Log-likelihood ratios [natural log], 0 where there are no data, shape (n,).
    seen : ndarray
        Which grid points have data, shape (n,).
    """

    start: float
    step: float
    values: _Array
    seen: NDArray[np.bool_]

    @property
    def size(self) -> int:
        """Number of grid points."""
        return len(self.values)

    def running_sums(self) -> tuple[_Array, _Array]:
        """Compute the running sums of the values and of the grid points with data.

        Returns
        -------
        tuple of ndarray
            Both sums, each of shape (n + 1,).
        """
        return np.r_[0.0, np.cumsum(self.values)], np.r_[0.0, np.cumsum(self.seen)]

    def widths(self) -> NDArray[np.int64]:
        """Return the trial durations in grid points.

        Returns
        -------
        ndarray
            Box widths, at least 1, shape (w,).
        """
        return np.array([max(1, round(h / 24 / self.step)) for h in DURATION_HOURS])

    def weights(self) -> _Array:
        """Return the factor of the sum in a box of each width.

        Returns
        -------
        ndarray
            Factors, shape (w,).
        """
        widths = self.widths()
        return np.asarray((widths * self.step * 24 / REFERENCE_HOURS) ** LENGTH_POWER / widths)


def make_grid(evidence: Evidence) -> LogRatioGrid:
    """Put evidence on a regular grid.

    Parameters
    ----------
    evidence : Evidence
        The evidence; must not be empty.

    Returns
    -------
    LogRatioGrid
        The grid, with the evidence's own step or a multiple where it would be too long.
    """
    time, start = evidence.time, float(evidence.time[0])
    coarser = max(1, math.ceil((time[-1] - start) / evidence.step_days / MAX_POINTS))
    step = evidence.step_days * coarser
    at = np.rint((time - start) / step).astype(np.int64)
    count = np.bincount(at)
    return LogRatioGrid(start, step, np.bincount(at, evidence.log_ratio) / np.maximum(count, 1), count > 0)


def coarsen(grid: LogRatioGrid) -> LogRatioGrid:
    """Double the step of a grid; each value is the sum of two, so that sums in boxes do not change.

    Parameters
    ----------
    grid : LogRatioGrid
        The grid.

    Returns
    -------
    LogRatioGrid
        The coarser grid.

    Examples
    --------
    >>> coarsen(LogRatioGrid(0.0, 0.1, np.array([1.0, 2.0, 3.0]), np.array([True, False, True]))).values.tolist()
    [3.0, 3.0]
    """
    size = -(-grid.size // 2)
    values = np.zeros(2 * size)
    values[: grid.size] = grid.values
    seen = np.zeros(2 * size, bool)
    seen[: grid.size] = grid.seen
    return LogRatioGrid(grid.start, 2 * grid.step, values[::2] + values[1::2], seen[::2] | seen[1::2])
