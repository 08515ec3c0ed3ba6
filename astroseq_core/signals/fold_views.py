"""Folded views of a star's signals, as published for Kepler and TESS, from its detrended light curves."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import LightCurveError
from astroseq_core.preprocessing import noise
from astroseq_core.preprocessing.prepare import DetrendedLightCurve
from astroseq_core.signals.bins import bin_medians, fill_empty
from astroseq_core.signals.masked_trend import masked_flux
from astroseq_core.signals.views import GLOBAL_BINS, LOCAL_BINS, SignalViews
from astroseq_core.vetting.events import FLARE_SIGMA
from astroseq_core.vetting.fold import MASK_WIDEN

#: Width of a bin of the global view over the spacing of `GLOBAL_BINS` bins, and of one of the local view in durations. Bins
#: overlap (Shallue & Vanderburg 2018, section 3.3; Yu et al. 2019).
GLOBAL_WIDTH, LOCAL_WIDTH_DURATIONS = 1.2, 0.16
#: Reach of the bins around mid-transit on either side, in durations but at most half the period, their number, and those of them
#: that are the local view. The views of Kepler's labelled signals are every second one of the inner bins of AstroNet's 201.
LOCAL_GRIDS = {"tess": (2.0, LOCAL_BINS, slice(None)), "kepler": (4.0, 201, slice(40, 161, 2))}
#: A single transit is folded with the time that its observation spans, but at most this many durations: a bin of the global view
#: is then no longer than the transit.
MAX_SPAN_DURATIONS = 200.0
#: Transits of another signal that cover more than the first part of the signal's own are subtracted where they can be measured by
#: themselves; else they are left out, unless they cover more than the second part.
MAX_LOST, MAX_COVERED = 0.1, 0.6
#: Bins across a transit that is subtracted.
_PROFILE_BINS = 13

_Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FoldedFlux:
    """Flux of a star folded on one signal, without the transits of its other signals.

    Attributes
    ----------
    ephemeris : Ephemeris
        The signal.
    period_days : float
        Period of the fold [d]; of a single transit the span of its observation, at most `MAX_SPAN_DURATIONS` durations.
    phase_days : ndarray
        Time from the nearest mid-transit [d], ascending, shape (n,).
    number : ndarray of int
        Number of that transit from the epoch, shape (n,).
    flat : ndarray
        Relative deviation from the trend, shape (n,).
    kind : str
        Kind of its views: tess or kepler; K2's are Kepler's.
    cadence_days : float
        Median spacing of the cadences [d].
    transit_noise : float
        Scatter of means over one duration, out of all transits, relative: the noise of the mean depth of one whole transit.
    """

    ephemeris: Ephemeris
    period_days: float
    phase_days: _Doubles
    number: NDArray[np.int64]
    flat: _Doubles
    kind: str
    cadence_days: float
    transit_noise: float

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Whether each cadence lies in transit, shape (n,)."""
        return np.abs(self.phase_days) <= self.ephemeris.duration_days / 2

    @property
    def outside(self) -> NDArray[np.bool_]:
        """Whether each cadence lies well out of transit, shape (n,)."""
        return np.abs(self.phase_days) > MASK_WIDEN * self.ephemeris.duration_days / 2

    def where(self, chosen: NDArray[np.bool_]) -> "FoldedFlux":
        """Return the fold of some of the cadences.

        Parameters
        ----------
        chosen : ndarray of bool
            Cadences to keep, shape (n,).

        Returns
        -------
        FoldedFlux
            Their fold.
        """
        return replace(self, phase_days=self.phase_days[chosen], number=self.number[chosen], flat=self.flat[chosen])


@dataclass(frozen=True)
class MeanDepth:
    """Mean depth of folded transits over their whole duration.

    Attributes
    ----------
    depth : float
        Depth, relative; negative if the star is brighter in transit. NaN without cadences.
    error : float
        Its error, from the scatter of means as long as a transit, relative.
    """

    depth: float
    error: float

    @property
    def snr(self) -> float:
        """Depth over its error; NaN if it is no dip."""
        return self.depth / self.error if self.depth > 0 and self.error > 0 else float("nan")


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
        Their views, normalized, with period, duration and signal-to-noise ratio. The period of a single transit is NaN.

    Raises
    ------
    LightCurveError
        If a signal has no cadence in transit, or no signal is given.
    """
    return make_views(fold_flux(detrended, ephemerides)).views


def fold_flux(
    detrended: Sequence[DetrendedLightCurve], ephemerides: Sequence[Ephemeris], flats: Sequence[_Doubles] | None = None
) -> tuple[FoldedFlux, ...]:
    """Fold a star on each of its signals, with the transits of the others left out.

    The trend is fitted once, with the transits of all signals masked. Flares are left out. Where another signal covers much of a
    signal's transits, as the inner of two planets at exactly 2:1 covers the outer one, its mean transit is subtracted instead.

    Parameters
    ----------
    detrended : sequence of DetrendedLightCurve
        Detrended light curves, one per observation.
    ephemerides : sequence of Ephemeris
        The signals, periodic or single transits.
    flats : sequence of ndarray, optional
        Relative deviations of each observation from a trend that no transit affects; computed if not given.

    Returns
    -------
    tuple of FoldedFlux
        One fold a signal.

    Raises
    ------
    LightCurveError
        If a signal has no cadence in transit, or no signal is given.
    """
    if not ephemerides or not detrended:
        raise LightCurveError("There is nothing to fold; give at least one light curve and one signal.")
    if flats is None:
        flats = [masked_flux(c, ephemerides) for c in detrended]
    curve = np.repeat(np.arange(len(detrended)), [len(c.time) for c in detrended])
    flat = np.concatenate(list(flats))
    good = np.isfinite(flat)
    for k, c in enumerate(detrended):
        good[curve == k] &= flat[curve == k] < FLARE_SIGMA * max(c.noise, noise.robust_sigma(flats[k]))
    kind = "tess" if detrended[0].light_curve.instrument.name == "TESS" else "kepler"
    folds = [_phases(detrended, e) for e in ephemerides]
    inside = [np.abs(phase) <= e.duration_days / 2 for (_, phase, _), e in zip(folds, ephemerides, strict=True)]
    near = [np.abs(phase) <= MASK_WIDEN * e.duration_days / 2 for (_, phase, _), e in zip(folds, ephemerides, strict=True)]
    quiet = good & ~np.any(near, axis=0)
    cadence = float(np.median([c.cadence_minutes for c in detrended])) / 1440
    made = []
    for i, (period, phase, number) in enumerate(folds):
        e = ephemerides[i]
        if not (inside[i] & good).any():
            raise LightCurveError(f"{e.name}: no cadence lies in its transits; leave the signal out.")
        keep, own = good & (np.abs(phase) <= period / 2), flat
        for j in range(len(folds)):
            if j == i:
                continue
            covered = (inside[i] & near[j] & good).sum() / (inside[i] & good).sum()
            mean = (
                _mean_transit(folds[j][1], own, good & near[j] & ~near[i], near[j], ephemerides[j])
                if covered > MAX_LOST
                else None
            )
            if mean is not None:
                own = own - mean
            elif covered <= MAX_COVERED:
                keep &= ~near[j]
        order = np.argsort(phase[keep], kind="stable")
        scatter = _transit_noise(detrended, [flat[(curve == k) & quiet] for k in range(len(detrended))], e.duration_days)
        made.append(FoldedFlux(e, period, phase[keep][order], number[keep][order], own[keep][order], kind, cadence, scatter))
    return tuple(made)


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
    whole, near = [global_bins(f) for f in folds], [local_bins(f) for f in folds]
    views = SignalViews(
        np.array([_normalized(fill_empty(v)) for v in whole], np.float32),
        np.array([_normalized(filled_local(f, v)) for f, v in zip(folds, near, strict=True)], np.float32),
        np.array([np.nan if f.ephemeris.period_days is None else f.ephemeris.period_days for f in folds], np.float32),
        np.array([f.ephemeris.duration_hours for f in folds], np.float32),
        np.array([transit_depth(f).snr for f in folds], np.float32),
    )
    return StarViews(views, np.isnan(np.array(whole)), np.isnan(np.array(near)))


def transit_depth(fold: FoldedFlux, chosen: NDArray[np.bool_] | None = None) -> MeanDepth:
    """Return the mean depth of folded transits.

    Parameters
    ----------
    fold : FoldedFlux
        A folded signal.
    chosen : ndarray of bool, optional
        Cadences of the transits to measure, shape (n,); by default all.

    Returns
    -------
    MeanDepth
        Depth below the median out of transit, and its error.
    """
    inside = fold.inside if chosen is None else fold.inside & chosen
    outside = fold.outside
    if not inside.any() or not outside.any():
        return MeanDepth(float("nan"), float("nan"))
    transits = inside.sum() / max(1.0, fold.ephemeris.duration_days / fold.cadence_days)
    error = fold.transit_noise / float(np.sqrt(transits))
    return MeanDepth(float(np.median(fold.flat[outside]) - fold.flat[inside].mean()), error)


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


def _phases(detrended: Sequence[DetrendedLightCurve], e: Ephemeris) -> tuple[float, _Doubles, NDArray[np.int64]]:
    """Return the period of a fold [d], the times from mid-transit [d] and the transit numbers of all cadences, each (n,)."""
    if e.period_days is not None:
        phase = np.concatenate([e.phase_days(c.time, c.system) for c in detrended])
        number = np.concatenate([(c.time - e.t0.to(c.system).days) / e.period_days for c in detrended])
        return e.period_days, phase, np.rint(number).astype(np.int64)
    since = [e.phase_days(c.time, c.system) for c in detrended]
    its = max(range(len(since)), key=lambda k: int((np.abs(since[k]) <= e.duration_days / 2).sum()))
    span = float(since[its][-1] - since[its][0]) + detrended[its].cadence_minutes / 1440
    period = min(span, MAX_SPAN_DURATIONS * e.duration_days)
    # what lies on one side only is shown on the other, as in a fold; other observations are not shown
    wrapped = np.mod(since[its] + span / 2, span) - span / 2
    if not (np.abs(since[its]) <= e.duration_days / 2).any():
        wrapped = np.full(len(wrapped), np.inf)
    phase = np.concatenate([wrapped if k == its else np.full(len(s), np.inf) for k, s in enumerate(since)])
    return period, phase, np.zeros(len(phase), np.int64)


def _mean_transit(
    phase: _Doubles, flat: _Doubles, clear: NDArray[np.bool_], near: NDArray[np.bool_], e: Ephemeris
) -> _Doubles | None:
    """Return what the mean transit of another signal takes from each cadence (n,); None if it is not seen whole by itself."""
    reach = MASK_WIDEN * e.duration_days / 2
    order = np.argsort(phase[clear])
    starts, width = np.linspace(-reach, reach, _PROFILE_BINS, endpoint=False), 2 * reach / _PROFILE_BINS
    found = bin_medians(phase[clear][order], flat[clear][order], starts, width)
    if not np.isfinite(found).all():
        return None
    out = np.zeros(len(flat))
    out[near] = np.interp(phase[near], starts + width / 2, found)
    return out


def _transit_noise(detrended: Sequence[DetrendedLightCurve], quiet: Sequence[_Doubles], duration_days: float) -> float:
    """Return the scatter of means over one duration in the quiet flux of all observations, relative."""
    cadences = [max(1, round(duration_days * 1440 / c.cadence_minutes)) for c in detrended]
    found = [(noise.binned_sigma(flat, k) ** 2, len(flat)) for k, flat in zip(cadences, quiet, strict=True) if len(flat)]
    return float(np.sqrt(np.average([v for v, _ in found], weights=[n for _, n in found]))) if found else float("nan")
