"""Middle of the transits: whether an upstream clip took the deepest cadences away."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.preprocessing.prepare import DetrendedLightCurve

#: The middle of a transit, and where the data beside it begin and end, in durations from mid-transit.
MIDDLE_DURATIONS, BESIDE_DURATIONS = 0.3, (0.75, 2.25)


@dataclass(frozen=True)
class MiddleCoverage:
    """Number of cadences in the middle of all transits, against that expected from the data beside them.

    Attributes
    ----------
    observed : int
        Cadences in the middle of the transits.
    expected : float
        Number expected from the cadences beside the transits.
    chance : float
        Chance of so few if nothing removed them (Poisson).
    """

    observed: int
    expected: float
    chance: float


def middle_coverage(detrended: Sequence[DetrendedLightCurve], e: Ephemeris) -> MiddleCoverage:
    """Count the cadences in the middle of all transits and beside them.

    Parameters
    ----------
    detrended : sequence of DetrendedLightCurve
        Detrended light curves, one per observation.
    e : Ephemeris
        Ephemeris of the signal.

    Returns
    -------
    MiddleCoverage
        The counts.
    """
    from scipy.stats import poisson

    observed, expected = 0, 0.0
    for curve in detrended:
        if e.period_days is None:
            number = np.zeros(len(curve.time))
        else:
            number = np.rint((curve.time - e.t0.to(curve.system).days) / e.period_days)
        away = np.abs(e.phase_days(curve.time, curve.system)) / e.duration_days
        beside = (away > BESIDE_DURATIONS[0]) & (away < BESIDE_DURATIONS[1])
        share = MIDDLE_DURATIONS / (BESIDE_DURATIONS[1] - BESIDE_DURATIONS[0])
        # a transit in a gap has no data beside it either and counts for nothing
        _, at = np.unique(number[beside], return_inverse=True)
        signed = e.phase_days(curve.time, curve.system)[beside]
        before, after = (np.bincount(at, side.astype(np.float64)) for side in (signed < 0, signed > 0))
        expected += share * float(np.sum(2 * np.minimum(before, after)))
        observed += int(np.sum(away < MIDDLE_DURATIONS))
    chance = float(poisson.cdf(observed, expected)) if expected > 0 else 1.0
    return MiddleCoverage(observed, expected, chance)
