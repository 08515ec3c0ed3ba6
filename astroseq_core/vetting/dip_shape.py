"""Shape of a dip: whether its two halves differ, as in a ramp, and whether an upstream clip took its deepest cadences away."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.preprocessing.prepare import DetrendedLightCurve
from astroseq_core.vetting.checks.coverage import MIN_COVERAGE
from astroseq_core.vetting.depths import SingleTransit
from astroseq_core.vetting.transit_fit import TransitFit

#: Bins per duration, how far they reach from mid-transit [durations], and the fewest cadences of one.
BINS_PER_DURATION, REACH_DURATIONS, MIN_CADENCES = 6, 1.25, 6
#: Fewest pairs of bins that are compared.
MIN_PAIRS = 4


@dataclass(frozen=True)
class Asymmetry:
    """Difference between the halves of a dip before and after its middle.

    Attributes
    ----------
    fraction : float
        Root mean square of the difference, noise subtracted, over the depth.
    chance : float
        Chance of such a difference by noise alone (chi-square).
    """

    fraction: float
    chance: float


def measure_asymmetry(transits: Sequence[SingleTransit], fit: TransitFit | None, red_over_white: float = 0.0) -> Asymmetry | None:
    """Compare the two halves of a dip.

    Parameters
    ----------
    transits : sequence of SingleTransit
        Single transits, leveled.
    fit : TransitFit or None
        Fitted transit, whose middle and duration are used.
    red_over_white : float, optional
        Ratio of red to white noise over a duration; it widens the errors.

    Returns
    -------
    Asymmetry or None
        The asymmetry; None without a fit or with too few data.
    """
    from scipy.stats import chi2

    seen = [t for t in transits if t.depth_ppm is not None and t.coverage >= MIN_COVERAGE.value]
    if fit is None or not seen or fit.depth_ppm <= 0:
        return None
    hours = np.concatenate([t.hours for t in seen]) - fit.t0_shift_hours
    flat = np.concatenate([t.flat for t in seen])
    width = fit.duration_hours / BINS_PER_DURATION
    last = int(REACH_DURATIONS * BINS_PER_DURATION)
    place = np.floor(np.abs(hours) / width).astype(np.int64)
    inside = np.isfinite(flat) & (place < last)
    halves = []
    for side in (hours < 0, hours >= 0):
        at, values = place[inside & side], flat[inside & side]
        count = np.bincount(at, minlength=last).astype(np.float64)
        with np.errstate(all="ignore"):
            mean = np.bincount(at, values, last) / count
            variance = np.bincount(at, (values - mean[at]) ** 2, last) / (count - 1) / count
        halves.append((count, mean, variance))
    (n0, m0, v0), (n1, m1, v1) = halves
    good = (n0 >= MIN_CADENCES) & (n1 >= MIN_CADENCES) & (v0 + v1 > 0)
    if good.sum() < MIN_PAIRS:
        return None
    difference, error2 = (m1 - m0)[good], (v0 + v1)[good] * (1 + red_over_white**2)
    chance = float(chi2.sf(float(np.sum(difference**2 / error2)), int(good.sum())))
    excess = max(0.0, float(np.mean(difference**2 - error2)))
    return Asymmetry(float(np.sqrt(excess)) / (fit.depth_ppm * 1e-6), chance)


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
