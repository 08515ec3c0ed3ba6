"""The smooth wave of a close companion's orbit (tides, reflected light, beaming), taken away before depths are told."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.lightcurves.prepare import PreparedCurve

#: Longer periods, in windows of the detrending, leave no wave: it follows that.
LONGEST_WINDOWS = 4.0
#: With less of the orbit free of eclipses the wave cannot be told from these; eclipses are left out this much wider.
LEAST_FREE, WIDEN = 0.4, 1.2
#: Waves of fewer sigmas are left: they may be noise.
LEAST_SIGMA = 4.0
#: Harmonics of the orbit: ellipsoidal distortion has two maxima an orbit, reflection and beaming have one.
HARMONICS = (1, 2)
CLIP_SIGMA = 4.0


def without_tides(
    prepared: Sequence[PreparedCurve],
    flats: Sequence[NDArray[np.float64]],
    e: Ephemeris,
    others: Sequence[Ephemeris] = (),
    eclipses: Sequence[Ephemeris] = (),
) -> tuple[NDArray[np.float64], ...]:
    """The observations' deviations less sine and cosine waves at the period and its half, same shapes.

    They are fitted outside transits, phase 0.5 and ``eclipses``. Unchanged for a single transit, for long periods, where eclipses
    fill the orbit, and where the waves are no more than noise.
    """
    given = tuple(flats)
    if e.period_days is None or e.period_days < e.duration_days / (1 - LEAST_FREE) * 2 * WIDEN:
        return given
    if e.period_days > LONGEST_WINDOWS * max(c.settings.window_days for c in prepared):
        return given
    bases, values, weights = [], [], []
    for curve, flat in zip(prepared, given, strict=True):
        phase = e.phase_days(curve.time, curve.system)
        near = WIDEN * e.duration_days / 2
        free = (np.abs(phase) > near) & (np.abs(phase) < e.period_days / 2 - near) & np.isfinite(flat)
        for other in (*others, *eclipses):
            free &= ~other.in_transit(curve.time, curve.system, widen=WIDEN)
        free &= np.abs(flat) < CLIP_SIGMA * max(curve.noise, 1e-9)
        bases.append(_waves(phase[free] / e.period_days))
        values.append(flat[free])
        weights.append(np.full(int(free.sum()), 1 / max(curve.noise, 1e-9)))
    a, y, w = np.concatenate(bases), np.concatenate(values), np.concatenate(weights)
    if len(y) < 10 * a.shape[1]:
        return given
    normal = (a * w[:, None]).T @ (a * w[:, None])
    if np.linalg.cond(normal) > 1e6:
        return given
    found = np.linalg.solve(normal, (a * (w**2)[:, None]).T @ y)
    # without the level
    waves, covariance = found[1:], np.linalg.inv(normal)[1:, 1:]
    if float(waves @ np.linalg.solve(covariance, waves)) < LEAST_SIGMA**2 + len(waves):
        return given
    return tuple(
        flat - _waves(e.phase_days(curve.time, curve.system) / e.period_days)[:, 1:] @ waves
        for curve, flat in zip(prepared, given, strict=True)
    )


def _waves(phase: NDArray[np.float64]) -> NDArray[np.float64]:
    """A level and the waves (n, 1 + 2 k) at those phases (n,)."""
    angles = [2 * np.pi * k * phase for k in HARMONICS]
    return np.stack([np.ones(len(phase)), *(f(a) for a in angles for f in (np.cos, np.sin))], axis=1)
