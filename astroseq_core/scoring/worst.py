"""What a model gets most wrong: its loudest false alarms and the strongest transits that it misses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError
from astroseq_core.lightcurves.prepare import prepare
from astroseq_core.scoring.card import ModelCard
from astroseq_core.scoring.evaluation import Evaluation, Kind
from astroseq_core.scoring.survey import Reader
from astroseq_core.segments.label import NO_TRANSIT, TRANSIT
from astroseq_core.times import TimeSystem

#: A transit counts as missed below the probability that so many of the segments without transits exceed.
FALSE_ALARM_RATE = 0.01


@dataclass(frozen=True)
class Mistake:
    """A segment that was judged wrongly, the worst of its star; times [d, ``system``].

    ``missed``: it holds a transit of signal-to-noise ``snr`` and lies below the threshold; else it holds none (None).
    ``others``: how many more segments of the star are misses, or above the threshold without a transit.
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
    """The detrended flux of a mistake's segment: ``time`` (n,) [d], ``flat`` (n,) relative, and the star's ephemerides."""

    mistake: Mistake
    time: NDArray[np.float64]
    flat: NDArray[np.float64]
    ephemerides: tuple[Ephemeris, ...]


def threshold(evaluation: Evaluation) -> float:
    """The probability that one in a hundred of the segments without transits, of hosts and quiet stars, exceeds."""
    negative = evaluation.of_kind(Kind.HOST, Kind.QUIET) & (evaluation.labels == NO_TRANSIT)
    return float(np.quantile(evaluation.probability[negative], 1 - FALSE_ALARM_RATE)) if negative.any() else float("nan")


def worst(evaluation: Evaluation, n: int = 10) -> tuple[tuple[Mistake, ...], tuple[Mistake, ...]]:
    """The ``n`` worst false alarms by probability, and the ``n`` worst misses by signal-to-noise, one segment a star.

    A few stars often own all alarms above the threshold; the others' most probable segments without a transit come after them.
    """
    known, limit = evaluation.of_kind(Kind.HOST, Kind.QUIET), threshold(evaluation)
    quiet = np.flatnonzero(known & (evaluation.labels == NO_TRANSIT))
    # Misses whose signal-to-noise is not known cannot be ranked.
    missed = known & (evaluation.labels == TRANSIT) & (evaluation.probability <= limit) & np.isfinite(evaluation.snr)
    misses = np.flatnonzero(missed)
    loudest = quiet[np.argsort(-evaluation.probability[quiet], kind="stable")]
    strongest = misses[np.argsort(-evaluation.snr[misses], kind="stable")]
    alarms = int((evaluation.probability[quiet] > limit).sum())
    return (
        _first_of_stars(evaluation, loudest, alarms, n, missed=False),
        _first_of_stars(evaluation, strongest, len(strongest), n, missed=True),
    )


def _first_of_stars(evaluation: Evaluation, order: NDArray[np.int64], wrong: int, n: int, *, missed: bool) -> tuple[Mistake, ...]:
    """The first segment of each of the first ``n`` stars in that order, of which the first ``wrong`` segments are mistakes."""
    stars = [evaluation.observations[i].target_id for i in evaluation.place[order]]
    first: dict[str, int] = {}
    for index, star in zip(order.tolist(), stars, strict=True):
        first.setdefault(star, index)
    mistakes = []
    for star, i in list(first.items())[:n]:
        seen = evaluation.observations[evaluation.place[i]]
        mistakes.append(
            Mistake(
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


def excerpts(
    card: ModelCard, mistakes: Iterable[Mistake], stars: Mapping[str, Reader], ephemerides: Iterable[Ephemeris]
) -> tuple[Excerpt, ...]:
    """The flux of each mistake as the model was shown it, read again; one whose light curve is gone is left out."""
    known = tuple(ephemerides)
    found = []
    for mistake in mistakes:
        try:
            curves, _ = stars[mistake.target_id]()
            curve = prepare(next(c for c in curves if c.observation == mistake.observation), card.preparation)
        except (AstroSeqError, KeyError, StopIteration):
            continue
        inside = (curve.time >= mistake.t_start) & (curve.time <= mistake.t_stop)
        own = tuple(e for e in known if e.target_id == mistake.target_id)
        found.append(Excerpt(mistake, curve.time[inside], curve.flat[inside], own))
    return tuple(found)
