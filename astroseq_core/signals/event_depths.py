"""Depths of the single transits of a signal, from boxes with a level of their own on both sides."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.preprocessing.noise import robust_sigma
from astroseq_core.preprocessing.prepare import DetrendedLightCurve
from astroseq_core.vetting.box_depths import BoxDepths, box_depths_per_observation

_Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class EventDepths:
    """Depths of the k observed transits of a signal.

    Attributes
    ----------
    number : ndarray of int
        Number of each transit, 0 at the epoch, shape (k,).
    depth : ndarray
        Relative depths, shape (k,).
    error : ndarray
        One-sigma errors, red noise included, shape (k,).
    """

    number: NDArray[np.int64]
    depth: _Array
    error: _Array

    def mean(self, which: NDArray[np.bool_] | None = None) -> tuple[float, float]:
        """Return the weighted mean depth and its error.

        Parameters
        ----------
        which : ndarray of bool, optional
            Transits to use, shape (k,); by default all.

        Returns
        -------
        tuple of float
            Depth and one-sigma error; NaN and infinity without a transit.
        """
        depth, error = (self.depth, self.error) if which is None else (self.depth[which], self.error[which])
        if not len(depth):
            return math.nan, math.inf
        weight = error**-2
        return float(np.average(depth, weights=weight)), float(weight.sum() ** -0.5)

    def typical(self, which: NDArray[np.bool_] | None = None) -> tuple[float, float]:
        """Return a depth that single odd transits, such as another planet's beside it, do not change, and its error.

        Parameters
        ----------
        which : ndarray of bool, optional
            Transits to use, shape (k,); by default all.

        Returns
        -------
        tuple of float
            Median depth and one-sigma error, from the scatter where that is larger; with fewer than three
            transits their weighted mean.
        """
        depth, error = (self.depth, self.error) if which is None else (self.depth[which], self.error[which])
        if len(depth) < 3:
            return self.mean(which)
        formal = 1.25 * float(np.sum(error**-2.0) ** -0.5)
        return float(np.median(depth)), max(formal, 1.25 * robust_sigma(depth) / math.sqrt(len(depth)))

    @property
    def snr(self) -> float:
        """Signal-to-noise ratio of all transits together; the deepest counts for no more than the second deepest."""
        if not len(self.depth):
            return 0.0
        each = self.depth / self.error
        if len(each) > 1:
            each = np.minimum(each, np.partition(each, -2)[-2])
        return float(each.sum() / math.sqrt(len(each)))


def event_boxes(
    detrended: Sequence[DetrendedLightCurve], flats: Sequence[_Array], ephemeris: Ephemeris, others: Sequence[Ephemeris] = ()
) -> list[BoxDepths]:
    """Compute box depths of the duration of a signal, with the red noise of what is beside its transits.

    Parameters
    ----------
    detrended : sequence of DetrendedLightCurve
        Detrended light curves, one per observation.
    flats : sequence of ndarray
        Relative deviations of each observation from its trend.
    ephemeris : Ephemeris
        The signal.
    others : sequence of Ephemeris, optional
        Other signals, whose transits are excluded.

    Returns
    -------
    list of BoxDepths
        One per observation.
    """
    own = box_depths_per_observation(detrended, flats, ephemeris, others, own=True)
    quiet = box_depths_per_observation(detrended, flats, ephemeris, others)
    return [replace(boxes, red_noise=rest.red_noise) for boxes, rest in zip(own, quiet, strict=True)]


def event_depths(boxes: Sequence[BoxDepths], ephemeris: Ephemeris, phase: float = 0.0) -> EventDepths:
    """Return the depths of the single transits of a signal.

    Parameters
    ----------
    boxes : sequence of BoxDepths
        Box depths of its duration.
    ephemeris : Ephemeris
        The signal.
    phase : float, optional
        Where in the orbit to measure, in periods after mid-transit.

    Returns
    -------
    EventDepths
        The depths.
    """
    period = ephemeris.period_days
    numbers, depths, errors = [], [], []
    for box in boxes:
        if not len(box.depth):
            continue
        t0 = ephemeris.t0.to(box.system).days + (0.0 if period is None else phase * period)
        start, stop = box.start, box.start + box.step * (len(box.depth) - 1)
        number = np.zeros(1, np.int64)
        if period is not None:
            number = np.arange(math.ceil((start - t0) / period), math.floor((stop - t0) / period) + 1)
        depth, error = box.at(np.asarray(t0 + number * (period or 0.0), np.float64))
        good = np.isfinite(depth) & np.isfinite(error)
        numbers.append(number[good])
        depths.append(depth[good])
        errors.append(error[good])
    if not numbers:
        return EventDepths(np.empty(0, np.int64), np.empty(0), np.empty(0))
    return EventDepths(np.concatenate(numbers), np.concatenate(depths), np.concatenate(errors))
