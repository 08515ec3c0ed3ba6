"""Odds that a found dip is one of the star, not noise or a variation."""

from dataclasses import dataclass

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.signals.box_search import Uniqueness

#: Smallest signal-to-noise ratio of a trial that is looked at.
MIN_SNR = 6.5
#: The same of a single dip.
MIN_SINGLE_SNR = 9.0
#: Smallest log odds of a signal.
MIN_LOG_ODDS = 0.0


@dataclass(frozen=True)
class Candidate:
    """What may be a signal, and what decides whether it is one.

    Attributes
    ----------
    ephemeris : Ephemeris
        Period, epoch and duration, not refined.
    snr : float
        Signal-to-noise ratio from the depths of its transits.
    num_transits : int
        Number of observed transits.
    evidence : float or None
        Evidence of the segment network; None without one.
    box_snr : float
        Signal-to-noise ratio in the box search; 0 for a single transit.
    unique : Uniqueness or None
        Comparison with the rest of the orbit; None for a single transit.
    """

    ephemeris: Ephemeris
    snr: float
    num_transits: int
    evidence: float | None
    box_snr: float = 0.0
    unique: Uniqueness | None = None


def log_odds(c: Candidate) -> float:
    """Return the natural log of the odds that a candidate is a dip of the star.

    Parameters
    ----------
    c : Candidate
        What was measured of it.

    Returns
    -------
    float
        Log odds.
    """
    if c.unique is None:
        return -5.0 if c.evidence is None else min((c.evidence - 2) / 2, (c.snr - 8) / 2)
    box = min(c.box_snr - 7.5, c.box_snr - 1.0 - max(c.unique.tertiary, c.unique.positive))
    return max(box, -20 if c.evidence is None else (c.evidence - 3) / 3)
