"""Odd transits against even ones: alternating depths mean a binary star at twice the period."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.vetting.phase import binned
from astroseq_core.vetting.single_transits import SingleTransit
from astroseq_core.vetting.thresholds import COVERED

BINS_PER_DURATION = 8
#: Depths this many of their errors from the median of their half do not count, where there are so many.
CLIP_SIGMA, LEAST_TO_CLIP = 4.0, 5


@dataclass(frozen=True, eq=False)
class Half:
    """The odd, or the even, transits together: their mean depth, and their fold in bins, levelled.

    The error is that of the scaled shape; how well the shape itself is known stands in the fit's depth and is common to both.
    ``bin_hours``, ``bin_mean``, ``bin_error`` (b,): hours from mid-transit, mean relative deviation, standard error.
    """

    depth_ppm: float
    depth_err_ppm: float
    num_transits: int
    bin_hours: NDArray[np.float64]
    bin_mean: NDArray[np.float64]
    bin_error: NDArray[np.float64]


def mean_depth(transits: Sequence[SingleTransit]) -> tuple[float, float, int] | None:
    """Weighted mean depth [ppm] of those transits that are covered, its error, and how many; None without any.

    The error is widened where the depths scatter by more than their own errors.
    """
    known = [(t.depth_ppm, t.depth_err_ppm) for t in transits if t.depth_ppm is not None and t.coverage >= COVERED.value]
    if not known:
        return None
    depth, error = np.array([k[0] for k in known], dtype=np.float64), np.array([k[1] for k in known], dtype=np.float64)
    if len(depth) >= LEAST_TO_CLIP:
        pull = np.abs(depth - np.median(depth)) / error
        kept = pull <= CLIP_SIGMA * max(1.0, 1.4826 * float(np.median(pull)))
        depth, error = depth[kept], error[kept]
    weight = error**-2
    mean = float(np.sum(weight * depth) / np.sum(weight))
    spread = 1.0
    if len(depth) >= 3:
        spread = max(1.0, float(np.sum(weight * (depth - mean) ** 2)) / (len(depth) - 1))
    return mean, float(np.sqrt(spread / np.sum(weight))), len(depth)


def half(transits: Sequence[SingleTransit], duration_hours: float) -> Half | None:
    """Those transits together; None where none of them is covered."""
    found = mean_depth(transits)
    if found is None:
        return None
    seen = [t for t in transits if t.depth_ppm is not None and t.coverage >= COVERED.value]
    hours, flat = np.concatenate([t.hours for t in seen]), np.concatenate([t.flat for t in seen])
    at, mean, error = binned(hours, flat, duration_hours / BINS_PER_DURATION)
    return Half(*found, at, mean, error)


def odd_and_even(
    transits: Sequence[SingleTransit], duration_hours: float
) -> tuple[Half | None, Half | None, float | None]:
    """The odd half, the even half, and the significance of their depths' difference [σ], None where one is missing."""
    odd = half([t for t in transits if t.odd], duration_hours)
    even = half([t for t in transits if not t.odd], duration_hours)
    if odd is None or even is None:
        return odd, even, None
    return odd, even, abs(odd.depth_ppm - even.depth_ppm) / float(np.hypot(odd.depth_err_ppm, even.depth_err_ppm))
