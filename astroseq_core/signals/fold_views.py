"""Folded views of a star's signals, as published for Kepler and TESS, from its detrended light curves."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.preprocessing.prepare import DetrendedLightCurve
from astroseq_core.signals.bins import bin_medians, fill_empty
from astroseq_core.signals.folded_flux import FoldedFlux, fold_flux, transit_depth
from astroseq_core.signals.views import GLOBAL_BINS, LOCAL_BINS, SignalViews

#: Width of a bin of the global view over the spacing of `GLOBAL_BINS` bins, and of one of the local view in durations. Bins
#: overlap (Shallue & Vanderburg 2018, section 3.3; Yu et al. 2019).
GLOBAL_WIDTH, LOCAL_WIDTH_DURATIONS = 1.2, 0.16
#: Reach of the bins around mid-transit on either side, in durations but at most half the period, their number, and those of them
#: that are the local view. The views of Kepler's labelled signals are every second one of the inner bins of AstroNet's 201.
LOCAL_GRIDS = {"tess": (2.0, LOCAL_BINS, slice(None)), "kepler": (4.0, 201, slice(40, 161, 2))}
_Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StarViews:
    """Views of the signals of one star, and which of their bins had no cadence.

    Attributes
    ----------
    views : SignalViews
        Views of n signals.
    filled_global : ndarray of bool
        Whether each bin of the global views had no cadence and was filled, shape (n, 201).
    filled_local : ndarray of bool
        The same of the local views, shape (n, 61).
    """

    views: SignalViews
    filled_global: NDArray[np.bool_]
    filled_local: NDArray[np.bool_]

    @property
    def empty_global(self) -> NDArray[np.int64]:
        """Number of bins of each global view that had no cadence, shape (n,)."""
        return np.asarray(self.filled_global.sum(axis=1), np.int64)

    @property
    def empty_local(self) -> NDArray[np.int64]:
        """Number of bins of each local view that had no cadence, shape (n,)."""
        return np.asarray(self.filled_local.sum(axis=1), np.int64)


def fold_views(detrended: Sequence[DetrendedLightCurve], ephemerides: Sequence[Ephemeris]) -> SignalViews:
    """Return the folded views of all signals of one star.

    Parameters
    ----------
    detrended : sequence of DetrendedLightCurve
        Detrended light curves, one per observation.
    ephemerides : sequence of Ephemeris
        The n signals, periodic or single transits.

    Returns
    -------
    SignalViews
        Their views, normalized, with period, duration, signal-to-noise ratio and depth. The period of a single transit is NaN.

    Raises
    ------
    LightCurveError
        If a signal has no cadence in transit, or no signal is given.
    """
    return make_views(fold_flux(detrended, ephemerides)).views


def make_views(folds: Sequence[FoldedFlux]) -> StarViews:
    """Return the views of folded signals.

    A bin is the median of its cadences. Bins overlap; one without cadences is interpolated between its neighbors. Beyond the last
    cadences, a global view repeats their bin; a local view has the level out of transit there, as its end may lie in transit.

    Parameters
    ----------
    folds : sequence of FoldedFlux
        The folded signals.

    Returns
    -------
    StarViews
        Their views.
    """
    whole, near, depths = [global_bins(f) for f in folds], [local_bins(f) for f in folds], [transit_depth(f) for f in folds]
    views = SignalViews(
        np.array([_normalized(fill_empty(v)) for v in whole], np.float32),
        np.array([_normalized(filled_local(f, v)) for f, v in zip(folds, near, strict=True)], np.float32),
        np.array([np.nan if f.ephemeris.period_days is None else f.ephemeris.period_days for f in folds], np.float32),
        np.array([f.ephemeris.duration_hours for f in folds], np.float32),
        np.array([d.snr for d in depths], np.float32),
        np.array([d.depth * 1e6 if d.depth > 0 else np.nan for d in depths], np.float32),
    )
    return StarViews(views, np.isnan(np.array(whole)), np.isnan(np.array(near)))


def global_bins(fold: FoldedFlux) -> _Doubles:
    """Return medians over the whole orbit.

    Parameters
    ----------
    fold : FoldedFlux
        A folded signal.

    Returns
    -------
    ndarray
        Relative deviations, shape (201,), the transit in the middle; NaN without cadences.
    """
    return bin_medians(fold.phase_days, fold.flat, *_global_starts(fold))


def local_bins(fold: FoldedFlux) -> _Doubles:
    """Return medians around mid-transit.

    Parameters
    ----------
    fold : FoldedFlux
        A folded signal.

    Returns
    -------
    ndarray
        Relative deviations, shape (61,); NaN without cadences.
    """
    return bin_medians(fold.phase_days, fold.flat, *local_starts(fold))


def filled_local(fold: FoldedFlux, view: _Doubles | None = None) -> _Doubles:
    """Return medians around mid-transit, with bins without cadences filled.

    Parameters
    ----------
    fold : FoldedFlux
        A folded signal.
    view : ndarray, optional
        Its `local_bins`, if they are known.

    Returns
    -------
    ndarray
        Relative deviations, shape (61,).
    """
    outside = fold.flat[fold.outside]
    return fill_empty(local_bins(fold) if view is None else view, float(np.median(outside)) if len(outside) else None)


def global_phases(fold: FoldedFlux) -> _Doubles:
    """Return the middles of the bins of the global view.

    Parameters
    ----------
    fold : FoldedFlux
        A folded signal.

    Returns
    -------
    ndarray
        Time from mid-transit [d], shape (201,).
    """
    starts, width = _global_starts(fold)
    return starts + width / 2


def local_phases(fold: FoldedFlux) -> _Doubles:
    """Return the middles of the bins of the local view.

    Parameters
    ----------
    fold : FoldedFlux
        A folded signal.

    Returns
    -------
    ndarray
        Time from mid-transit [d], shape (61,).
    """
    starts, width = local_starts(fold)
    return starts + width / 2


def _global_starts(fold: FoldedFlux) -> tuple[_Doubles, float]:
    half, width = fold.period_days / 2, GLOBAL_WIDTH * fold.period_days / GLOBAL_BINS
    return np.linspace(-half, half - width, GLOBAL_BINS), width


def local_starts(fold: FoldedFlux) -> tuple[_Doubles, float]:
    """Return where the bins of the local view begin.

    Parameters
    ----------
    fold : FoldedFlux
        A folded signal.

    Returns
    -------
    starts : ndarray
        Time from mid-transit [d], shape (61,).
    width : float
        Width of each bin [d]; they overlap.
    """
    reach, number, chosen = LOCAL_GRIDS[fold.kind]
    width = LOCAL_WIDTH_DURATIONS * fold.ephemeris.duration_days
    reach = min(reach * fold.ephemeris.duration_days, fold.period_days / 2)
    return np.linspace(-reach, reach - width, number)[chosen], width


def _normalized(filled: _Doubles) -> _Doubles:
    """Return a filled view with median 0 and deepest point −1; zeros if it has no dip."""
    filled = filled - np.median(filled)
    depth = -filled.min()
    return np.asarray(filled / depth if depth > 0 else np.zeros(len(filled)))
