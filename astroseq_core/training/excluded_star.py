"""A star that is not what its label says: what was found in it, and the rule by which it is left out of training."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from astroseq_core.preprocessing.noise import robust_sigma
from astroseq_core.type_names import JsonObject

#: Smallest probability of planet and binary together that makes a signal one.
MIN_SIGNAL_PROBABILITY = 0.5
#: The same where the star score is suspect, too.
MIN_SUSPECT_PROBABILITY = 0.25
#: Star scores this many robust standard deviations above the median of the quiet stars are suspect ...
SUSPECT_SIGMAS = 5.0
#: ... and of a star without one if they are this many above it, and never below these values [natural log].
EXTREME_SIGMAS, MIN_SUSPECT_SCORE, MIN_EXTREME_SCORE = 60.0, 5.0, 50.0
#: Fewest judged stars from whose scores thresholds can be chosen.
MIN_STARS = 10


@dataclass(frozen=True)
class SignalFound:
    """A signal of a star that is labeled quiet, or beyond those that its label names.

    Attributes
    ----------
    period_days : float or None
        Period [d]; None for a single dip.
    t0 : float
        Epoch, in the time system of the mission [d].
    duration_hours : float
        Duration [h].
    depth_ppm : float or None
        Depth [ppm]; None if unknown.
    snr : float
        Signal-to-noise ratio of all dips together.
    num_transits : int
        Number of dips.
    p_planet, p_eclipsing_binary : float
        What the classifier says; 0 where it could not be asked.
    """

    period_days: float | None
    t0: float
    duration_hours: float
    depth_ppm: float | None
    snr: float
    num_transits: int
    p_planet: float = 0.0
    p_eclipsing_binary: float = 0.0

    @property
    def probability(self) -> float:
        """Probability that it is a transit or an eclipse."""
        return self.p_planet + self.p_eclipsing_binary


@dataclass(frozen=True)
class JudgedStar:
    """A star as judged by models that have not seen it.

    Attributes
    ----------
    target_id : str
        Identifier of the star.
    star_score : float or None
        Star score; None if no model judged it.
    model : str
        Name of the model; empty without one.
    signals : tuple of SignalFound
        Signals beyond those of its label.
    problem : str
        Why it could not be judged; empty if it was.
    """

    target_id: str
    star_score: float | None = None
    model: str = ""
    signals: tuple[SignalFound, ...] = ()
    problem: str = ""

    @property
    def best(self) -> SignalFound | None:
        """The signal that is likeliest a transit or an eclipse; None without any."""
        return max(self.signals, key=lambda s: s.probability, default=None)


@dataclass(frozen=True)
class ExcludedStar:
    """A star that is left out of training.

    Attributes
    ----------
    judged : JudgedStar
        What was found.
    reason : str
        One sentence: why it is left out.
    threshold : float or None
        Star score above which a star with a signal is suspect; None without scores.
    """

    judged: JudgedStar
    reason: str
    threshold: float | None = None

    @property
    def target_id(self) -> str:
        """Identifier of the star."""
        return self.judged.target_id

    def to_dict(self) -> JsonObject:
        """Return the star as plain JSON values, for the model card.

        Returns
        -------
        dict
            Star, reason, star score, threshold, model and signals.
        """
        found = asdict(self.judged)
        return {
            "target_id": found["target_id"],
            "reason": self.reason,
            "star_score": _rounded(self.judged.star_score),
            "threshold": _rounded(self.threshold),
            "model": found["model"],
            "signals": [{k: _rounded(v) if isinstance(v, float) else v for k, v in one.items()} for one in found["signals"]],
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


@dataclass(frozen=True)
class ScoreThresholds:
    """Star scores above which a star that is labeled quiet is doubted.

    Attributes
    ----------
    suspect : float
        Above it, a star with a signal that may be a transit or an eclipse.
    extreme : float
        Above it, any star.
    """

    suspect: float
    extreme: float


def choose_thresholds(scores: Sequence[float]) -> ScoreThresholds | None:
    """Choose thresholds from the star scores of the quiet stars themselves.

    Median and robust scatter do not notice the few that are not quiet.

    Parameters
    ----------
    scores : sequence of float
        Star scores.

    Returns
    -------
    ScoreThresholds or None
        The thresholds; None of fewer than ten stars.

    Examples
    --------
    >>> found = choose_thresholds([-2.0, -1.0, 0.0, 1.0, 2.0] * 4 + [90.0])
    >>> round(found.suspect, 3), round(found.extreme, 3)
    (7.413, 88.956)
    >>> choose_thresholds([1.0, 2.0]) is None
    True
    """
    known = np.array([s for s in scores if np.isfinite(s)], np.float64)
    if len(known) < MIN_STARS:
        return None
    middle, sigma = float(np.median(known)), robust_sigma(known)
    return ScoreThresholds(
        max(middle + SUSPECT_SIGMAS * sigma, MIN_SUSPECT_SCORE), max(middle + EXTREME_SIGMAS * sigma, MIN_EXTREME_SCORE)
    )


def excluded_stars(judged: Sequence[JudgedStar]) -> tuple[ExcludedStar, ...]:
    """Return which judged stars show transits or eclipses that their labels do not name.

    Parameters
    ----------
    judged : sequence of JudgedStar
        All judged stars: the thresholds come from their scores.

    Returns
    -------
    tuple of ExcludedStar
        The stars, by identifier.
    """
    limits = choose_thresholds([j.star_score for j in judged if j.star_score is not None])
    found = []
    for one in sorted(judged, key=lambda j: j.target_id):
        reason = _reason(one, limits)
        if reason:
            found.append(ExcludedStar(one, reason, None if limits is None else limits.suspect))
    return tuple(found)


def _reason(one: JudgedStar, limits: ScoreThresholds | None) -> str:
    best, score = one.best, one.star_score
    if best is not None and best.probability >= MIN_SIGNAL_PROBABILITY:
        kind = "an eclipsing binary's" if best.p_eclipsing_binary > best.p_planet else "a planet's"
        return f"{_describe(best)}, {kind} by the classifier ({best.probability:.2f})."
    if limits is None or score is None:
        return ""
    if best is not None and score > limits.suspect and best.probability >= MIN_SUSPECT_PROBABILITY:
        return f"{_describe(best)}, and a star score of {score:.1f}, above {limits.suspect:.1f}."
    if score > limits.extreme:
        return f"Its star score of {score:.1f} is far above those of quiet stars (limit {limits.extreme:.1f})."
    return ""


def _describe(signal: SignalFound) -> str:
    when = "A single dip" if signal.period_days is None else f"Dips every {signal.period_days:.5g} d"
    depth = "" if signal.depth_ppm is None else f" of {signal.depth_ppm:,.0f} ppm"
    return f"{when}{depth}"
