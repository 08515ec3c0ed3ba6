"""Numbers measured on folded signals that views do not hold: depth, odd against even, secondary, number of transits."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from astroseq_core.signals.fold_views import filled_local, local_phases
from astroseq_core.signals.folded_flux import FoldedFlux, MeanDepth, transit_depth
from astroseq_core.signals.pictures import secondary_dip

#: Names of the numbers, in order. A set of views without light curves has none of them: NaN.
SIGNAL_SCALARS = (
    "mean_depth_ppm",
    "snr",
    "num_transits",
    "odd_even_sigma",
    "odd_even_ratio",
    "secondary_sigma",
    "secondary_ratio",
    "secondary_phase",
    "depth_scatter",
    "weakest_sigma",
)
#: Transits with less than this part of their cadences are not counted.
_MIN_COVERED = 0.5

_Doubles = NDArray[np.float64]


def signal_scalars(folds: Sequence[FoldedFlux]) -> dict[str, _Doubles]:
    """Measure what tells planets, binaries and other signals apart, without fitting anything.

    Parameters
    ----------
    folds : sequence of FoldedFlux
        The n folded signals, of `folded_flux.fold_flux`.

    Returns
    -------
    dict of str to ndarray
        Arrays of shape (n,) by the names in `SIGNAL_SCALARS`; NaN where something cannot be measured, as odd against even for a
        single transit.

        - mean_depth_ppm: mean depth over the whole duration [ppm].
        - snr: that depth over its error, from the scatter of means as long as a transit.
        - num_transits: number of observed transits, at least half of each.
        - odd_even_sigma: difference of the depths of odd and even transits over its error.
        - odd_even_ratio: the shallower of the two depths over the deeper one, between 0 and 1.
        - secondary_sigma: significance of the deepest dip elsewhere in the orbit.
        - secondary_ratio: its depth over that of the transit, both medians.
        - secondary_phase: its phase from mid-transit, between 0 and 0.5.
        - depth_scatter: square root of the reduced chi-square of the depths of single transits; 1 if all are alike.
        - weakest_sigma: how far the shallowest transit falls short of the mean depth, in its errors; 0 or above.
    """
    rows = [_scalars(fold) for fold in folds]
    return {name: np.array([row.get(name, np.nan) for row in rows], np.float64) for name in SIGNAL_SCALARS}


def missing_scalars(count: int) -> dict[str, _Doubles]:
    """Return the scalars of signals whose light curves are not known: all NaN.

    Parameters
    ----------
    count : int
        Number of signals.

    Returns
    -------
    dict of str to ndarray
        Arrays of shape (count,) by name.

    Examples
    --------
    >>> missing_scalars(2)["snr"].tolist()
    [nan, nan]
    """
    return {name: np.full(count, np.nan) for name in SIGNAL_SCALARS}


def _scalars(fold: FoldedFlux) -> dict[str, float]:
    whole = transit_depth(fold)
    depths, errors, numbers = _single_depths(fold)
    found = {"mean_depth_ppm": whole.depth * 1e6, "snr": whole.snr, "num_transits": float(len(depths))}
    if fold.ephemeris.period_days is None or not whole.depth > 0:
        return found
    odd = numbers % 2 == 1
    found |= _odd_even(_average(depths[odd], errors[odd]), _average(depths[~odd], errors[~odd]))
    dip = secondary_dip(fold)
    if dip is not None:
        primary = float(np.median(fold.flat[fold.outside]) - np.median(fold.flat[fold.inside]))
        found |= {"secondary_sigma": dip.sigma, "secondary_phase": min(dip.phase, 1 - dip.phase)}
        found["secondary_ratio"] = dip.depth / primary if primary > 0 else float("nan")
    if len(depths) >= 2 and (errors > 0).all():
        away = (depths - _average(depths, errors).depth) / errors
        found["depth_scatter"] = float(np.sqrt((away**2).sum() / (len(depths) - 1)))
        found["weakest_sigma"] = float(-away.min())
    return found


def _odd_even(odd: MeanDepth, even: MeanDepth) -> dict[str, float]:
    error = float(np.hypot(odd.error, even.error))
    if not error > 0:
        return {}
    deeper, shallower = max(odd.depth, even.depth), min(odd.depth, even.depth)
    return {"odd_even_sigma": (deeper - shallower) / error, "odd_even_ratio": max(shallower / deeper, 0.0) if deeper > 0 else 0.0}


def _average(depths: _Doubles, errors: _Doubles) -> MeanDepth:
    if not len(depths) or not (errors > 0).all():
        return MeanDepth(float("nan"), float("nan"))
    weights = errors**-2.0
    return MeanDepth(float(np.average(depths, weights=weights)), float(weights.sum() ** -0.5))


def _single_depths(fold: FoldedFlux) -> tuple[_Doubles, _Doubles, NDArray[np.int64]]:
    """Return mean depths of single transits with enough data, their errors, both relative, and their numbers, each (k,).

    The shape of the local view is fitted to each, so that it does not matter which parts of a transit its few cadences saw.
    """
    inside, outside = fold.inside, fold.outside
    number, which, count = np.unique(fold.number[inside], return_inverse=True, return_counts=True)
    level = float(np.median(fold.flat[outside])) if outside.any() else 0.0
    shape = np.maximum(level - np.interp(fold.phase_days[inside], local_phases(fold), filled_local(fold)), 0.0)
    shape = shape / shape.mean() if shape.mean() > 0 else np.ones(len(shape))
    weight = np.bincount(which, shape**2, len(count))
    full = max(1.0, fold.ephemeris.duration_days / fold.cadence_days)
    enough = (count >= _MIN_COVERED * full) & (weight >= _MIN_COVERED * full)
    depth = np.bincount(which, shape * (level - fold.flat[inside]), len(count))[enough] / weight[enough]
    return depth, fold.transit_noise * np.sqrt(full / weight[enough]), number[enough]
