"""Which cadences to draw when there are too many: a choice among them, so that no dip is hidden and none is deepened."""

import numpy as np
from numpy.typing import NDArray

from astroseq_core.lightcurves import noise

#: Above so many points a browser's chart becomes slow.
MAX_POINTS = 20_000
#: Dips are looked for with boxes of these lengths [h] and kept whole from this signal-to-noise on.
DIP_HOURS = (0.5, 2.0, 6.0)
DIP_SNR = 6.0


def drawn(
    flat: NDArray[np.floating], keep: NDArray[np.bool_], cadence_minutes: float, max_points: int = MAX_POINTS
) -> NDArray[np.int64]:
    """Indices of the cadences to draw, increasing, at most about ``max_points`` besides those that must be kept.

    ``flat`` (n,): relative deviations from the trend. ``keep`` (n,): cadences that are always drawn (predicted transits). A dip
    that no ephemeris predicts is found by box filters and drawn whole too; of the rest every k-th is taken. No cadence is
    chosen for its own value, so what is drawn scatters like what was measured.
    """
    n = len(flat)
    if n <= max_points:
        return np.arange(n)
    chosen = keep | dips(flat, cadence_minutes)
    rest = np.flatnonzero(~chosen)
    # Many deep dips must not leave their surroundings bare: half of the points stay for the rest.
    room = max(max_points - int(chosen.sum()), max_points // 2)
    chosen[rest[:: max(1, -(-len(rest) // room))]] = True
    return np.flatnonzero(chosen)


def dips(flat: NDArray[np.floating], cadence_minutes: float) -> NDArray[np.bool_]:
    """Which cadences stand within a significant dip of about DIP_HOURS, shape (n,)."""
    out = np.zeros(len(flat), bool)
    for hours in DIP_HOURS:
        width = max(3, round(hours * 60 / cadence_minutes)) | 1
        if len(flat) < 4 * width:
            continue
        mean = _running_mean(flat, width)
        near = _running_mean(flat, max(3, width // 4) | 1)
        # The second condition leaves out what is only near a dip: there a long box is low and a short one is not.
        out |= (mean < -DIP_SNR * noise.robust_sigma(mean)) & (near < 0.5 * mean)
    return out


def _running_mean(values: NDArray[np.floating], width: int) -> NDArray[np.float64]:
    """Means over ``width`` (odd) neighbours centred on each place, over fewer at the ends, shape (n,)."""
    total = np.r_[0.0, np.cumsum(values, dtype=np.float64)]
    place = np.arange(len(values))
    low, high = np.maximum(place - width // 2, 0), np.minimum(place + width // 2 + 1, len(values))
    return np.asarray((total[high] - total[low]) / (high - low))
