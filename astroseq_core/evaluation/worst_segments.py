"""Worst errors of a model: its strongest false alarms and the strongest transits that it misses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError
from astroseq_core.evaluation.evaluate import Evaluation, StarKind
from astroseq_core.networks.card import ModelCard
from astroseq_core.preprocessing.prepare import prepare
from astroseq_core.preprocessing.segments import NO_TRANSIT, TRANSIT
from astroseq_core.scoring.star_source import LightCurveReader
from astroseq_core.times import TimeSystem

#: Fraction of the segments without transits that exceeds the threshold below which a transit counts as missed.
FALSE_ALARM_RATE = 0.01


@dataclass(frozen=True)
class WorstSegment:
    """Misclassified segment, the worst of its star.

    Attributes
    ----------
    missed : bool
        True for a transit below the threshold, False for a false alarm.
    target_id : str
        Identifier of the star.
    observation : str
        Name of the observation.
    segment : int
        Number of the segment within its observation.
    t_start : float
        Time of its first cadence [d, `system`].
    t_stop : float
        Time of its last cadence [d, `system`].
    system : TimeSystem
        Time system.
    probability : float
        Calibrated probability of a transit.
    snr : float or None
        Signal-to-noise ratio of the missed transit; None for a false alarm.
    others : int
        Number of further mistakes of the same type on this star.
    """

    missed: bool
    target_id: str
    observation: str
    segment: int
    t_start: float
    t_stop: float
    system: TimeSystem
    probability: float
    snr: float | None
    others: int


@dataclass(frozen=True, eq=False)
class Excerpt:
    """Detrended flux of a misclassified segment.

    Attributes
    ----------
    mistake : WorstSegment
        The mistake.
    time : ndarray
        Times [d], shape (n,).
    flat : ndarray
        Detrended relative flux, shape (n,).
    ephemerides : tuple of Ephemeris
        Known signals of the star.
    """

    mistake: WorstSegment
    time: NDArray[np.float64]
    flat: NDArray[np.float64]
    ephemerides: tuple[Ephemeris, ...]


def false_alarm_threshold(evaluation: Evaluation) -> float:
    """Return the probability that one in a hundred of the segments without transits exceeds.

    Parameters
    ----------
    evaluation : Evaluation
        The evaluation; segments of hosts and quiet stars are used.

    Returns
    -------
    float
        The threshold; NaN without such segments.
    """
    negative = evaluation.of_kind(StarKind.HOST, StarKind.QUIET) & (evaluation.labels == NO_TRANSIT)
    return float(np.quantile(evaluation.probability[negative], 1 - FALSE_ALARM_RATE)) if negative.any() else float("nan")


def rank_mistakes(evaluation: Evaluation, n: int = 10) -> tuple[tuple[WorstSegment, ...], tuple[WorstSegment, ...]]:
    """Rank the worst false alarms and the worst missed transits, one segment per star.

    A few stars often have all false alarms above the threshold; the most probable segments without
    a transit of other stars follow them.

    Parameters
    ----------
    evaluation : Evaluation
        The evaluation.
    n : int, optional
        Number of each.

    Returns
    -------
    tuple of tuple of WorstSegment
        False alarms by probability, and misses by signal-to-noise ratio.
    """
    known, limit = evaluation.of_kind(StarKind.HOST, StarKind.QUIET), false_alarm_threshold(evaluation)
    quiet = np.flatnonzero(known & (evaluation.labels == NO_TRANSIT))
    # Misses of unknown signal-to-noise ratio cannot be ranked.
    missed = known & (evaluation.labels == TRANSIT) & (evaluation.probability <= limit) & np.isfinite(evaluation.snr)
    misses = np.flatnonzero(missed)
    loudest = quiet[np.argsort(-evaluation.probability[quiet], kind="stable")]
    strongest = misses[np.argsort(-evaluation.snr[misses], kind="stable")]
    alarms = int((evaluation.probability[quiet] > limit).sum())
    return (
        _first_per_star(evaluation, loudest, alarms, n, missed=False),
        _first_per_star(evaluation, strongest, len(strongest), n, missed=True),
    )


def _first_per_star(
    evaluation: Evaluation, order: NDArray[np.int64], wrong: int, n: int, *, missed: bool
) -> tuple[WorstSegment, ...]:
    """Return the first segment of each of `n` stars; the first `wrong` of `order` are mistakes."""
    stars = [evaluation.observations[i].target_id for i in evaluation.observation_index[order]]
    first: dict[str, int] = {}
    for index, star in zip(order.tolist(), stars, strict=True):
        first.setdefault(star, index)
    mistakes = []
    for star, i in list(first.items())[:n]:
        seen = evaluation.observations[evaluation.observation_index[i]]
        mistakes.append(
            WorstSegment(
                missed=missed,
                target_id=star,
                observation=seen.name,
                segment=int(evaluation.segment[i]),
                t_start=float(evaluation.t_start[i]),
                t_stop=float(evaluation.t_stop[i]),
                system=seen.system,
                probability=float(evaluation.probability[i]),
                snr=float(evaluation.snr[i]) if missed else None,
                others=max(0, stars[:wrong].count(star) - 1),
            )
        )
    return tuple(mistakes)


def read_excerpts(
    card: ModelCard, mistakes: Iterable[WorstSegment], stars: Mapping[str, LightCurveReader], ephemerides: Iterable[Ephemeris]
) -> tuple[Excerpt, ...]:
    """Read the detrended flux of mistakes again, as the model saw it.

    Parameters
    ----------
    card : ModelCard
        The model card.
    mistakes : iterable of WorstSegment
        The mistakes.
    stars : mapping of str to LightCurveReader
        Reader of each star's light curves.
    ephemerides : iterable of Ephemeris
        Published ephemerides.

    Returns
    -------
    tuple of Excerpt
        One per mistake; those whose light curve cannot be read are left out.
    """
    known = tuple(ephemerides)
    found = []
    for mistake in mistakes:
        try:
            curves = stars[mistake.target_id]().light_curves
            curve = prepare(next(c for c in curves if c.observation == mistake.observation), card.preparation)
        except (AstroSeqError, KeyError, StopIteration):
            continue
        inside = (curve.time >= mistake.t_start) & (curve.time <= mistake.t_stop)
        own = tuple(e for e in known if e.target_id == mistake.target_id)
        found.append(Excerpt(mistake, curve.time[inside], curve.flat[inside], own))
    return tuple(found)
