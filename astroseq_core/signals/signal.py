"""Signals found in a star's light curves: what a search measures of each, and what the classifier says of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.vetting.planet_depth import is_too_deep

#: Bound of a planet score [natural log].
MAX_PLANET_SCORE = 30.0
#: What the probability of a planet counts in the planet score of a dip that is too deep for one. Of the dips as deep some
#: thousands are eclipses (the catalogs of Kepler's and TESS's binaries), and one is a planet's, that of the white dwarf WD 1856.
TOO_DEEP_FACTOR = 1e-3
#: What a trapezoid's depth differs from that of a limb-darkened transit, as a fraction of it.
SHAPE_ERROR = 0.04
#: Highest planet score of a star in which no signal was found.
MAX_WITHOUT_SIGNAL = -3.0


@dataclass(frozen=True)
class ClassProbabilities:
    """Calibrated probabilities of the classes of one signal, which sum to 1, and their standard deviations in the ensemble.

    Attributes
    ----------
    p_planet : float
        Probability of a planet candidate.
    p_eclipsing_binary : float
        Probability of an eclipsing binary.
    p_not_transit : float
        Probability of a signal that is not transit-like.
    planet_spread : float
        Standard deviation of the first among the networks and trees.
    eclipsing_binary_spread : float
        The same of the second.
    not_transit_spread : float
        The same of the third.
    """

    p_planet: float
    p_eclipsing_binary: float
    p_not_transit: float
    planet_spread: float
    eclipsing_binary_spread: float
    not_transit_spread: float

    @property
    def doubt(self) -> float:
        """Entropy of the three probabilities, from 0 (certain) to 1 (all alike)."""
        each = (self.p_planet, self.p_eclipsing_binary, self.p_not_transit)
        return -sum(p * math.log(p) for p in each if p > 0) / math.log(3)


@dataclass(frozen=True)
class FoundSignal:
    """One periodic or single dip of a star, found by `signals.search`.

    Attributes
    ----------
    number : int
        Order in which it was found, from 1.
    ephemeris : Ephemeris
        Period, epoch, duration and depth with their errors; no period for a single transit.
    snr : float
        Depth over its error by noise: signal-to-noise ratio of all transits together.
    num_transits : int
        Number of observed transits.
    log_odds : float
        Natural log of the odds that it is a dip of the star, not noise or a variation; see
        `signals.odds`.
    evidence : float or None
        Natural log of the likelihood ratio of its transits by the segment network, less that of the
        number of trials; None without a network.
    false_alarm_probability : float or None
        Chance that it is noise or a variation of the star, from `log_odds`; None where it is unknown.
    classes : ClassProbabilities or None
        What the classifier says; None before it was asked.
    duration_err_hours : float or None
        One-sigma error of the duration [h]; None where it is unknown.
    baseline : ClassProbabilities or None
        What the readable baseline says, the gradient-boosted trees alone; None where it was not asked or kept.
    """

    number: int
    ephemeris: Ephemeris
    snr: float
    num_transits: int
    log_odds: float
    evidence: float | None = None
    false_alarm_probability: float | None = None
    classes: ClassProbabilities | None = None
    duration_err_hours: float | None = None
    baseline: ClassProbabilities | None = None

    @property
    def depth_err_ppm(self) -> float | None:
        """One-sigma error of the depth [ppm], that of its shape included; None without a depth."""
        depth = self.ephemeris.depth_ppm
        return None if depth is None or self.snr <= 0 else depth * math.hypot(1 / self.snr, SHAPE_ERROR)

    @property
    def is_too_deep(self) -> bool:
        """Whether it is deeper than any planet's transit: the rule of the check of depths, see `vetting.planet_depth`."""
        return is_too_deep(self.ephemeris.depth_ppm)

    @property
    def planet_score(self) -> float:
        """Natural log of the odds that it is a planet's: `log_odds` and class together; unclassified, `log_odds`.

        The probability of a planet counts `TOO_DEEP_FACTOR` of a dip that is too deep: the classifier was trained on scaled
        views, and calls some eclipses planets. The class probabilities stay what it says.
        """
        log_transit = -math.log1p(math.exp(-max(-MAX_PLANET_SCORE, min(self.log_odds, MAX_PLANET_SCORE))))
        p_planet = (1.0 if self.classes is None else self.classes.p_planet) * (TOO_DEEP_FACTOR if self.is_too_deep else 1.0)
        log_both = log_transit + math.log(max(p_planet, 1e-12))
        rest = -math.expm1(log_both)
        return max(-MAX_PLANET_SCORE, min(log_both - math.log(max(rest, 1e-13)), MAX_PLANET_SCORE))


def best_signal(signals: Sequence[FoundSignal]) -> FoundSignal | None:
    """Return the signal with the highest planet score, by which its star is ranked.

    Parameters
    ----------
    signals : sequence of FoundSignal
        The signals of one star.

    Returns
    -------
    FoundSignal or None
        The signal; None if there is none.
    """
    return max(signals, key=lambda s: s.planet_score, default=None)


def planet_score_of_star(signals: Sequence[FoundSignal], star_score: float | None = None) -> float:
    """Return the planet score by which a star is ranked: that of its best signal.

    Parameters
    ----------
    signals : sequence of FoundSignal
        The signals of the star.
    star_score : float, optional
        Evidence of the star's best period, by which stars without a signal are ranked among each other.

    Returns
    -------
    float
        The planet score; without a signal at most `MAX_WITHOUT_SIGNAL`.

    Examples
    --------
    >>> planet_score_of_star((), -6.5), planet_score_of_star((), 4.0), planet_score_of_star(())
    (-6.5, -3.0, -30.0)
    """
    best = best_signal(signals)
    if best is not None:
        return best.planet_score
    if star_score is None:
        return -MAX_PLANET_SCORE
    return max(-MAX_PLANET_SCORE, min(star_score, MAX_WITHOUT_SIGNAL))
