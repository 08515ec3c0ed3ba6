"""Odd, even and secondary views of folded signals, and their transits one by one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from astroseq_core.preprocessing import noise
from astroseq_core.signals.bins import bin_medians, fill_empty
from astroseq_core.signals.fold_views import filled_local, global_phases, local_phases, local_starts
from astroseq_core.signals.folded_flux import FoldedFlux
from astroseq_core.signals.views import GLOBAL_BINS, LOCAL_BINS

#: Most transits that are shown one by one; of more, evenly chosen ones.
MAX_TRANSITS = 40
#: A secondary eclipse is searched from this many durations after mid-transit, with boxes of one duration in steps of so many; one
#: below so many sigmas is not shown, and the view is that of phase 0.5.
_AWAY_DURATIONS, _STEP_DURATIONS, MIN_SECONDARY_SIGMA = 2.0, 0.5, 5.0
#: Fewest boxes whose scatter says how far chance goes.
_MIN_BOXES = 8
#: Standard error of a median over that of a mean.
_MEDIAN_ERROR = 1.2533

_Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class SecondaryDip:
    """Deepest dip of a fold away from its transit.

    Attributes
    ----------
    phase : float
        Its phase, from 0 (the transit) to 1.
    depth : float
        Its median depth over one duration, relative.
    sigma : float
        Depth over the scatter of all such boxes, or over what white noise makes of them if that is more.
    """

    phase: float
    depth: float
    sigma: float


@dataclass(frozen=True, eq=False)
class SignalPictures:
    """What is seen of n signals of one star besides their views; NaN where it is missing.

    All are in units of the depth of the local view, its median at 0: odd and even views of equal transits reach −1.

    Attributes
    ----------
    global_days : ndarray
        Times of the bins of global views from mid-transit [d], shape (n, 201).
    local_hours : ndarray
        Times of the bins of all other views from mid-transit or mid-eclipse [h], shape (n, 61).
    odd_view, even_view : ndarray
        Local views of the transits with odd and even numbers from the epoch, shape (n, 61); NaN without such, or for a single
        transit.
    secondary_view : ndarray
        The most significant dip elsewhere in the orbit, else that of phase 0.5, shape (n, 61); NaN for a single transit.
    secondary_phase : ndarray
        Phase of its middle, from 0 to 1, shape (n,).
    transits : ndarray
        Up to `MAX_TRANSITS` transits one by one, in order of time, shape (n, 40, 61); NaN where there is no cadence, and in the
        rows behind the last transit.
    transit_numbers : ndarray
        Their numbers from the epoch, shape (n, 40); NaN behind the last.
    """

    global_days: _Doubles
    local_hours: _Doubles
    odd_view: _Doubles
    even_view: _Doubles
    secondary_view: _Doubles
    secondary_phase: _Doubles
    transits: _Doubles
    transit_numbers: _Doubles

    def __len__(self) -> int:
        """Return the number of signals."""
        return len(self.odd_view)


def signal_pictures(folds: Sequence[FoldedFlux]) -> SignalPictures:
    """Return odd, even and secondary views of folded signals, and their transits one by one.

    Parameters
    ----------
    folds : sequence of FoldedFlux
        The folded signals, of `folded_flux.fold_flux`.

    Returns
    -------
    SignalPictures
        Their pictures.
    """
    count = len(folds)
    missing = np.full((count, LOCAL_BINS), np.nan)
    found = SignalPictures(
        np.array([global_phases(f) for f in folds]).reshape(count, GLOBAL_BINS),
        np.array([local_phases(f) * 24 for f in folds]).reshape(count, LOCAL_BINS),
        missing,
        missing.copy(),
        missing.copy(),
        np.full(count, np.nan),
        np.full((count, MAX_TRANSITS, LOCAL_BINS), np.nan),
        np.full((count, MAX_TRANSITS), np.nan),
    )
    for i, fold in enumerate(folds):
        whole = filled_local(fold)
        level = float(np.median(whole))
        depth = level - float(whole.min())
        if not depth > 0:
            continue
        rows, numbers = _transits(fold)
        found.transits[i, : len(rows)] = (rows - level) / depth
        found.transit_numbers[i, : len(rows)] = numbers
        if fold.ephemeris.period_days is None:
            continue
        odd = fold.number % 2 == 1
        for view, chosen in ((found.odd_view, odd), (found.even_view, ~odd)):
            if (fold.inside & chosen).any():
                view[i] = (filled_local(fold.where(chosen)) - level) / depth
        dip = secondary_dip(fold)
        found.secondary_phase[i] = dip.phase if dip is not None and dip.sigma >= MIN_SECONDARY_SIGMA else 0.5
        found.secondary_view[i] = (filled_local(_moved(fold, found.secondary_phase[i])) - level) / depth
    return found


def secondary_dip(fold: FoldedFlux) -> SecondaryDip | None:
    """Return the deepest dip as long as the transit elsewhere in the orbit.

    It is the one with the highest significance. Boxes are medians, so that a flaw in one orbit is no dip in the fold. Where all
    boxes scatter more than white noise does, as in a star that varies, the significance is in units of that scatter.

    Parameters
    ----------
    fold : FoldedFlux
        A folded signal.

    Returns
    -------
    SecondaryDip or None
        The dip; None for a single transit, or if there is no data or no room for it.
    """
    duration, period = fold.ephemeris.duration_days, fold.period_days
    # a box may begin where the transit, and an exposure that reaches into it, has ended
    first = max(_AWAY_DURATIONS, 1 + fold.cadence_days / duration) * duration - duration / 2
    starts = np.arange(first, period - first - duration, _STEP_DURATIONS * duration)
    if fold.ephemeris.period_days is None or not len(starts):
        return None
    order = np.searchsorted(fold.phase_days, 0.0)
    phase = np.r_[fold.phase_days[order:], fold.phase_days[:order] + period]
    flat = np.r_[fold.flat[order:], fold.flat[:order]]
    count = np.searchsorted(phase, starts + duration) - np.searchsorted(phase, starts)
    # boxes without half of what they would hold on average say little
    held = count >= max(1.0, 0.5 * len(phase) * duration / period)
    starts, count = starts[held], count[held]
    if not len(starts):
        return None
    outside = fold.flat[fold.outside]
    depth = float(np.median(outside)) - bin_medians(phase, flat, starts, duration)
    sigma = depth / (_MEDIAN_ERROR * max(noise.robust_sigma(outside), 1e-12) / np.sqrt(count))
    if len(sigma) >= _MIN_BOXES:
        sigma = sigma / max(1.0, noise.robust_sigma(sigma))
    best = int(np.argmax(sigma))
    return SecondaryDip(float((starts[best] + duration / 2) / period), float(depth[best]), float(sigma[best]))


def _moved(fold: FoldedFlux, phase: float) -> FoldedFlux:
    """Return the fold with another phase in its middle."""
    since = fold.phase_days - phase * fold.period_days
    since = np.where(since < -fold.period_days / 2, since + fold.period_days, since)
    order = np.argsort(since, kind="stable")
    return replace(fold, phase_days=since[order], number=fold.number[order], flat=fold.flat[order])


def _transits(fold: FoldedFlux) -> tuple[_Doubles, NDArray[np.int64]]:
    """Return local views of evenly chosen transits (k, 61), NaN away from cadences, and the numbers of the transits (k,)."""
    starts, width = local_starts(fold)
    numbers = np.unique(fold.number[fold.inside])
    numbers = numbers[np.unique(np.linspace(0, len(numbers) - 1, min(len(numbers), MAX_TRANSITS)).round().astype(np.int64))]
    row = np.minimum(np.searchsorted(numbers, fold.number), len(numbers) - 1)
    near = (numbers[row] == fold.number) & (np.abs(fold.phase_days) <= starts[-1] + width + fold.cadence_days)
    # one long axis: each transit on a stretch of its own
    stretch = 4 * (starts[-1] + width + fold.cadence_days)
    x = fold.phase_days[near] + stretch * row[near]
    order = np.argsort(x)
    x, y = x[order], fold.flat[near][order]
    at = (stretch * np.arange(len(numbers))[:, None] + starts).ravel()
    found = bin_medians(x, y, at, width)
    middle = at + width / 2
    after = np.minimum(np.searchsorted(x, middle), len(x) - 1)
    before = np.maximum(after - 1, 0)
    distance = np.minimum(np.abs(x[after] - middle), np.abs(x[before] - middle))
    # between cadences of one exposure time the flux is known, beyond it is not
    filled = np.where(distance <= fold.cadence_days, fill_empty(found), np.nan)
    return filled.reshape(len(numbers), len(starts)), numbers
