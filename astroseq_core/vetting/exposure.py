"""Exposure and spacing of each cadence, from the file's header or, with care, from the spacing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.missions import Mission
from astroseq_core.preprocessing.prepare import DetrendedLightCurve

#: Exposures that the missions take [min]. Other spacings are those of binned light curves, or of ones with cadences left out.
NATIVE_MINUTES = {"TESS": (1 / 3, 2.0, 10 / 3, 10.0, 30.0), "Kepler": (0.981, 29.4244), "K2": (0.981, 29.4244)}
#: Exposures that cadences further apart may have had, where the exposure is not known [min].
SHORTER_MINUTES = {"TESS": (2.0, 30.0), "Kepler": (0.981, 29.4244), "K2": (0.981, 29.4244)}
#: By how much chi-square must improve for a shorter exposure than a usual one, for a longer exposure than the header's, and
#: for an exposure as long as an unusual spacing.
USUAL_CHI2, HEADER_CHI2, UNUSUAL_CHI2 = 16.0, 9.0, 4.0
#: Spacings, and exposures, within this ratio are equal.
SAME_RATIO = 1.25
#: Number of neighboring cadences that the spacing of one is the median of, and the fraction of cadences at other spacings
#: that gaps alone explain.
NEIGHBORS, MAX_GAP_FRACTION = 9, 0.01


@dataclass(frozen=True, eq=False)
class Exposures:
    """Exposures of one observation.

    Attributes
    ----------
    spacing_minutes : ndarray
        Usual spacing around each cadence, gaps left out [min], shape (n,).
    minutes : ndarray
        Longest exposure that each cadence can have [min], shape (n,).
    limits : dict of float to float
        What the exposures may be limited to [min], and by how much chi-square must improve for it to
        be believed. Only infinity, which stands for `minutes`, if they are known.
    """

    spacing_minutes: NDArray[np.float64]
    minutes: NDArray[np.float64]
    limits: dict[float, float]


def cadence_spacing(time: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the usual spacing around each cadence, without gaps.

    One light curve can hold stretches of different cadence.

    Parameters
    ----------
    time : ndarray
        Times, ascending, shape (n,).

    Returns
    -------
    ndarray
        Spacing in the unit of `time`, shape (n,).

    Examples
    --------
    >>> import numpy as np
    >>> both = np.r_[np.arange(100.0), 100 + 15 * np.arange(50.0)]
    >>> sorted({int(s) for s in cadence_spacing(both)})
    [1, 15]
    """
    from scipy.ndimage import median_filter

    step = np.diff(time)
    near = np.minimum(np.r_[np.inf, step], np.r_[step, np.inf])
    usual = float(np.median(near))
    # a cadence between two gaps has no near neighbor
    if np.mean((near > SAME_RATIO * usual) | (near < usual / SAME_RATIO)) < MAX_GAP_FRACTION:
        return np.full(len(time), usual)
    local = median_filter(near, NEIGHBORS, mode="mirror")
    out, left = np.zeros(len(time)), np.ones(len(time), dtype=bool)
    while left.any():
        usual = float(np.median(local[left]))
        same = left & (local <= SAME_RATIO * usual) & (local >= usual / SAME_RATIO)
        out[same] = usual
        left &= ~same
    return out


def exposures(curve: DetrendedLightCurve) -> Exposures:
    """Return the exposures of a detrended light curve.

    An exposure is known if the file gives it, or if the cadences were binned here. Otherwise it is
    at most the spacing: a light curve of which only every so many cadences were kept looks like a
    binned one. Where the spacing is one of the mission's exposures, a shorter one needs a proof.

    Parameters
    ----------
    curve : DetrendedLightCurve
        Detrended light curve of one observation.

    Returns
    -------
    Exposures
        Spacing and exposure of each cadence.
    """
    spacing = cadence_spacing(curve.time) * 1440
    told, binned = curve.light_curve.exposure_minutes, curve.settings.cadence_minutes
    if binned is not None and binned > SAME_RATIO * curve.light_curve.cadence_minutes:
        return Exposures(spacing, np.full(len(spacing), binned), {np.inf: 0.0})
    if told is not None and told * SAME_RATIO >= float(spacing.max()):
        # overlapping exposures do not occur, but a header's exposure may leave out the time of reading out
        return Exposures(spacing, np.full(len(spacing), told), {np.inf: 0.0})
    if told is not None:
        # a light curve that was binned elsewhere may still have the header's exposure
        return Exposures(spacing, spacing, {told: 0.0, np.inf: HEADER_CHI2})
    instrument = curve.light_curve.instrument
    usual = all(_is_native(float(s), instrument) for s in np.unique(spacing))
    limits = {np.inf: 0.0 if usual else UNUSUAL_CHI2}
    for shorter in SHORTER_MINUTES[instrument.name]:
        if shorter * SAME_RATIO < float(spacing.max()):
            limits[shorter] = USUAL_CHI2 if usual else 0.0
    return Exposures(spacing, spacing, limits)


def _is_native(minutes: float, instrument: Mission) -> bool:
    return any(m / SAME_RATIO <= minutes <= m * SAME_RATIO for m in NATIVE_MINUTES[instrument.name])


def common_limits(found: Sequence[Exposures]) -> dict[float, float]:
    """Combine the limits of several observations.

    Parameters
    ----------
    found : sequence of Exposures
        Exposures of each observation.

    Returns
    -------
    dict of float to float
        Limits of all unknown exposures together [min], and by how much chi-square must improve for
        each. None is below a known exposure.
    """
    known = max((float(x.minutes.max(initial=0)) for x in found if len(x.limits) == 1), default=0.0)
    names = {limit for x in found for limit in x.limits if limit >= known} | {np.inf}
    return {limit: max((x.limits.get(limit, 0.0) for x in found), default=0.0) for limit in sorted(names)}
