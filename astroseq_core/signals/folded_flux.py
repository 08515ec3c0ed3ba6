"""Flux of a star folded on each of its signals, with the transits of the others left out or subtracted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import LightCurveError
from astroseq_core.preprocessing import noise
from astroseq_core.preprocessing.prepare import DetrendedLightCurve
from astroseq_core.signals.bins import bin_medians
from astroseq_core.signals.masked_trend import masked_flux
from astroseq_core.vetting.events import FLARE_SIGMA
from astroseq_core.vetting.fold import MASK_WIDEN

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
    good = np.ones(len(flat), dtype=bool)
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
        if not inside[i].any():
            raise LightCurveError(f"{e.name}: no cadence lies in its transits; leave the signal out.")
        # where flares are all that was seen of its transits, they are kept
        usable = (good if (inside[i] & good).any() else np.ones(len(flat), dtype=bool)) & (np.abs(phase) <= period / 2)
        keep, own = usable, flat
        for j in range(len(folds)):
            if j == i:
                continue
            covered = (inside[i] & near[j] & usable).sum() / (inside[i] & usable).sum()
            alone = good & near[j] & ~near[i] & (covered > MAX_LOST)
            mean = _mean_transit(folds[j][1], own, alone, near[j], ephemerides[j])
            if mean is not None:
                own = own - mean
            elif covered <= MAX_COVERED:
                keep = keep & ~near[j]
        if not (inside[i] & keep).any():
            keep = usable
        order = np.argsort(phase[keep], kind="stable")
        scatter = _transit_noise(detrended, [flat[(curve == k) & quiet] for k in range(len(detrended))], e.duration_days)
        made.append(FoldedFlux(e, period, phase[keep][order], number[keep][order], own[keep][order], kind, cadence, scatter))
    return tuple(made)


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
