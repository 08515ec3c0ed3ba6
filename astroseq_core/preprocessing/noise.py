"""Robust noise estimates of a light curve."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from astroseq_core.preprocessing.prepare import DetrendedLightCurve

#: Standard deviation of a normal distribution in units of its median absolute deviation.
SIGMA_PER_MAD = 1.4826
#: Smallest noise of a light curve, relative to its median, by which it is divided: one without noise, as simulated ones are, has
#: this scale. The best photometry has some 10 ppm a cadence.
MIN_NOISE = 1e-6
#: Longest time that the cadences of one mean may cover, over what they cover without a gap.
MAX_STRETCH = 1.1


def robust_sigma(values: NDArray[np.float64]) -> float:
    """Return the standard deviation estimated from the median absolute deviation.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Values in any unit. NaNs are ignored.

    Returns
    -------
    float
        Robust standard deviation, in the unit of `values`; NaN if no value is finite.

    Examples
    --------
    >>> robust_sigma(np.array([1.0, 2.0, 3.0, 4.0, 1000.0]))
    1.4826
    """
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return float("nan")
    return SIGMA_PER_MAD * float(np.median(np.abs(finite - np.median(finite))))


def point_to_point_sigma(values: NDArray[np.float64]) -> float:
    """Return the white noise of one cadence, estimated from differences of neighboring cadences.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Fluxes in time order, in any unit.

    Returns
    -------
    float
        White noise per cadence, in the unit of `values`.
    """
    return robust_sigma(np.diff(values)) / float(np.sqrt(2.0))


def binned_sigma(values: NDArray[np.float64], cadences: int) -> float:
    """Return the robust scatter of running means: the noise that a transit competes with.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Fluxes in time order, in any unit.
    cadences : int
        Number of neighboring cadences in each mean.

    Returns
    -------
    float
        Robust standard deviation of the means, in the unit of `values`. With fewer than two full
        windows, the scatter of single cadences.
    """
    if cadences <= 1 or len(values) < 2 * cadences:
        return robust_sigma(values)
    total = np.r_[0.0, np.cumsum(values)]
    return robust_sigma((total[cadences:] - total[:-cadences]) / cadences)


def noise_ppm_1h(curve: "DetrendedLightCurve") -> float:
    """Measure the noise of a detrended light curve over one hour.

    It is the robust scatter, 1.4826 times the median absolute deviation from the median, of the
    means of `flat` over all windows of k consecutive cadences, with k cadences as near to one hour
    as there can be. A window whose cadences cover more than 1.1 times k cadences has a gap and does
    not count. Where k cadences are not exactly one hour, the scatter is scaled to it as white noise
    is: by the square root of the length of k cadences over one hour.

    White noise of sigma per cadence gives sigma times the square root of one cadence over one hour;
    correlated noise gives more, as much more as it hinders the search for transits of an hour. Slow
    variability does not count, as it has been removed, nor do transits that fill a small part of
    the time. It is not the pipelines' CDPP, which is that of whitened flux.

    The noise of a star is the median over its observations, each of which counts alike.

    Parameters
    ----------
    curve : DetrendedLightCurve
        The light curve.

    Returns
    -------
    float
        Noise [ppm]; NaN if there are fewer than 2 k windows, as in two or three hours of data, or
        the level of the light is unknown.
    """
    if not curve.has_level:
        return float("nan")
    cadences = max(1, round(60 / curve.cadence_minutes))
    count = len(curve.time) - cadences + 1
    if count < 1:
        return float("nan")
    total = np.r_[0.0, np.cumsum(curve.flat)]
    means = (total[cadences:] - total[:-cadences]) / cadences
    covered = (curve.time[cadences - 1 :] - curve.time[:count]) * 1440 + curve.cadence_minutes
    means = means[covered <= MAX_STRETCH * cadences * curve.cadence_minutes]
    if len(means) < 2 * cadences:
        return float("nan")
    return robust_sigma(means) * float(np.sqrt(cadences * curve.cadence_minutes / 60)) * 1e6
