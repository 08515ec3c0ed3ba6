"""Odds that a found dip is one of the star, not noise or a variation."""

import math
from dataclasses import dataclass

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.signals.box_search import Uniqueness

#: Smallest signal-to-noise ratio of a trial that is looked at, and of a single dip.
MIN_SNR, MIN_SINGLE_SNR = 6.5, 9.0
#: Smallest log odds of a signal.
MIN_LOG_ODDS = 0.0
#: Bounds of the log odds.
MAX_LOG_ODDS = 20.0


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
        Signal-to-noise ratio in the box search.
    unique : Uniqueness
        Comparison with the rest of the orbit, or of the light curve for a single dip.
    """

    ephemeris: Ephemeris
    snr: float
    num_transits: int
    evidence: float | None
    box_snr: float
    unique: Uniqueness


#: Logistic models with and without a network's evidence, by the features of `features`; signs are fixed. Candidates of simulated
#: stars, and of signals injected into one half of the lent quiet stars, were fitted by `python -m benchmarks.signals fit`.
WITH_EVIDENCE = {
    "constant": -1.592,
    "gap": 0.258,
    "log_snr": 0.0,
    "two": -2.173,
    "log_event_snr": 0.799,
    "short": -1.707,
    "half": -1.121,
    "evidence": 0.132,
    "evidence_per_event": 0.252,
}
WITHOUT_EVIDENCE = {
    "constant": -4.02,
    "gap": 0.335,
    "log_snr": 0.465,
    "two": -3.848,
    "log_event_snr": 1.607,
    "short": -1.346,
    "half": -1.503,
}
#: A single dip has few examples to fit: bounds of its evidence's part, and the gap to the next dip that speaks neither way.
SINGLE_EVIDENCE, EVEN_GAP, EVEN_GAP_ALONE = 5.0, 7.0, 15.0


def features(c: Candidate) -> dict[str, float]:
    """Return the features of a candidate with a period, each bounded so that extremes do not decide.

    Parameters
    ----------
    c : Candidate
        What was measured of it.

    Returns
    -------
    dict of str to float
        `gap`, what the dip is deeper than the next one and the highest rise; `log_snr`; `two`, whether
        there are two transits only; `log_event_snr`, of one transit; `short`, how far the period is below
        two days; `half`, for periods below a day the next dip over this one; and the evidence, of all
        transits and of one, where there is a network.
    """
    assert c.ephemeris.period_days is not None
    period = c.ephemeris.period_days
    found = {
        "gap": _bounded(c.box_snr - max(c.unique.tertiary, c.unique.positive), -5, 10),
        "log_snr": math.log(_bounded(c.snr, 3, 25)),
        "two": float(c.num_transits < 3),
        "log_event_snr": math.log(_bounded(c.box_snr / math.sqrt(c.num_transits), 0.5, 10)),
        "short": _bounded(math.log(2 / period), 0, 2),
        "half": _bounded(c.unique.secondary / max(c.box_snr, 1.0), 0, 1.2) if period < 1 else 0.0,
    }
    if c.evidence is not None:
        found["evidence"] = _bounded(c.evidence, -10, 20)
        found["evidence_per_event"] = _bounded(c.evidence / c.num_transits, -2, 4)
    return found


def log_odds(c: Candidate) -> float:
    """Return the natural log of the odds that a candidate is a dip of the star.

    Parameters
    ----------
    c : Candidate
        What was measured of it.

    Returns
    -------
    float
        Log odds, within plus and minus `MAX_LOG_ODDS`.
    """
    if c.ephemeris.period_days is None:
        return _single_log_odds(c)
    weights = WITHOUT_EVIDENCE if c.evidence is None else WITH_EVIDENCE
    total = weights["constant"] + sum(weights[name] * value for name, value in features(c).items())
    return _bounded(total, -MAX_LOG_ODDS, MAX_LOG_ODDS)


def _single_log_odds(c: Candidate) -> float:
    """Return the log odds of a single dip: how much deeper it is than any other, and what the network says."""
    gap = c.box_snr - max(c.unique.secondary, c.unique.positive)
    if c.evidence is None:
        return _bounded(0.3 * (gap - EVEN_GAP_ALONE), -MAX_LOG_ODDS, 3.0)
    network = 0.5 * _bounded(c.evidence + SINGLE_EVIDENCE, -SINGLE_EVIDENCE, SINGLE_EVIDENCE)
    return network + (0.3 * (min(gap, 10.0) - EVEN_GAP) if gap > EVEN_GAP - 2 else gap - EVEN_GAP)


def _bounded(value: float, low: float, high: float) -> float:
    return low if math.isnan(value) else max(low, min(value, high))
