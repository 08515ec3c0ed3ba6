"""The whole orbit, folded."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import HOURS_PER_DAY, Ephemeris
from astroseq_core.lightcurves.prepare import PreparedCurve
from astroseq_core.vetting.events import FLARE_SIGMA

#: The fold begins at this phase, so that both the transit (0) and the secondary eclipse (0.5) lie inside.
FIRST_PHASE = -0.25
#: Bins of the whole orbit: at least so many, at most so many, and this many a duration in between.
FEWEST_BINS, MOST_BINS, BINS_PER_DURATION = 60, 400, 4
LEAST_IN_BIN = 3


@dataclass(frozen=True, eq=False)
class PhaseFold:
    """A star folded on a whole orbit, the transits of other planets left out.

    ``phase`` (n,) in [-0.25, 0.75), ascending, and ``flat`` (n,), relative deviations. ``bin_phase``, ``bin_mean``, ``bin_error``
    (b,): means of bins with at least three cadences, without flares, and their standard errors.
    """

    ephemeris: Ephemeris
    phase: NDArray[np.float64]
    flat: NDArray[np.float64]
    bin_phase: NDArray[np.float64]
    bin_mean: NDArray[np.float64]
    bin_error: NDArray[np.float64]


def binned(
    x: NDArray[np.float64], y: NDArray[np.float64], width: float, least: int = LEAST_IN_BIN
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Middles, means and standard errors of bins centred on multiples of ``width``, each (b,), with at least so many values."""
    if len(x) == 0:
        return np.zeros(0), np.zeros(0), np.zeros(0)
    number = np.rint(x / width).astype(np.int64)
    first = int(number.min())
    count = np.bincount(number - first).astype(np.float64)
    with np.errstate(all="ignore"):
        mean = np.bincount(number - first, y) / count
        variance = np.bincount(number - first, (y - mean[number - first]) ** 2) / np.maximum(1, count - 1)
        error = np.sqrt(variance / count)
    good = count >= max(1, least)
    return np.asarray((np.flatnonzero(good) + first) * width, dtype=np.float64), mean[good], error[good]


def phase_fold(
    prepared: Sequence[PreparedCurve],
    flats: Sequence[NDArray[np.float64]],
    ephemeris: Ephemeris,
    others: Sequence[Ephemeris] = (),
) -> PhaseFold | None:
    """The observations folded on the whole orbit; None for a single transit."""
    if ephemeris.period_days is None:
        return None
    phases, values, calm = [], [], []
    for curve, flat in zip(prepared, flats, strict=True):
        keep = np.isfinite(flat)
        for other in others:
            keep &= ~other.in_transit(curve.time, curve.system)
        phase = ephemeris.phase_days(curve.time, curve.system)[keep] / ephemeris.period_days
        phases.append(np.where(phase < FIRST_PHASE, phase + 1.0, phase))
        values.append(flat[keep])
        calm.append(flat[keep] < FLARE_SIGMA * curve.noise)
    phase, flat, quiet = np.concatenate(phases), np.concatenate(values), np.concatenate(calm)
    order = np.argsort(phase, kind="stable")
    phase, flat, quiet = phase[order], flat[order], quiet[order]
    bins = np.clip(BINS_PER_DURATION * ephemeris.period_days * HOURS_PER_DAY / ephemeris.duration_hours, FEWEST_BINS, MOST_BINS)
    at, mean, error = binned(phase[quiet], flat[quiet], 1.0 / round(float(bins)))
    return PhaseFold(ephemeris, phase, flat, at, mean, error)
