"""Evaluation of a model: its segment probabilities against published ephemerides.

The stars are ones that the model was not trained on.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError, LightCurveError
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.networks.card import ModelCard
from astroseq_core.networks.model import Model
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, prepare
from astroseq_core.preprocessing.segments import LEFT_OUT, NO_TRANSIT, TRANSIT, Segments, label_cadences, label_segments
from astroseq_core.scoring.segments import Failure, SegmentScores, score_light_curves
from astroseq_core.scoring.star import StarScore, score_star
from astroseq_core.scoring.star_source import LightCurveReader, StarReadResult
from astroseq_core.times import TimeSystem

#: Part of a training run's stars that its network, epoch and calibration were not selected on.
TEST_PART = "test"
#: Tolerance [d], about a second, for finding the times of segments among the cadences.
SAME_TIME_DAYS = 1.2e-5
SEGMENTS_COLUMNS = (
    "target_id",
    "observation",
    "instrument",
    "star",
    "segment",
    "t_start",
    "t_stop",
    "probability",
    "label",
    "snr",
)


class StarKind(StrEnum):
    """Kind of star: host of a planet, quiet star, or host of a signal that is not a planet."""

    HOST = "host"
    QUIET = "quiet"
    NOT_PLANET = "not a planet"


@dataclass(frozen=True)
class Observation:
    """One scored light curve and the kind of its star.

    Attributes
    ----------
    target_id : str
        Identifier of the star.
    name : str
        Name of the observation.
    instrument : str
        Name of the mission.
    system : TimeSystem
        Time system of its times.
    kind : StarKind
        Kind of the star.
    """

    target_id: str
    name: str
    instrument: str
    system: TimeSystem
    kind: StarKind


@dataclass(frozen=True)
class EvaluatedStar:
    """Scores of a star whose kind is known.

    Attributes
    ----------
    kind : StarKind
        Kind of the star.
    transits : bool or None
        Whether any of its segments holds a transit; None for a host without transits in the data
        and for a star whose signal is not a planet.
    score : StarScore
        The scores.
    """

    kind: StarKind
    transits: bool | None
    score: StarScore


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Scored segments and their labels: arrays of shape (n,), observation after observation.

    Attributes
    ----------
    model_id : str
        The model.
    observations : tuple of Observation
        The scored light curves.
    stars : tuple of EvaluatedStar
        The scored stars.
    observation_index : ndarray
        Index of each segment's observation in `observations`.
    segment : ndarray
        Number of each segment within its observation.
    t_start : ndarray
        Time of its first cadence [d, the observation's time system].
    t_stop : ndarray
        Time of its last cadence [d, the observation's time system].
    probability : ndarray
        Calibrated probability of a transit.
    labels : ndarray
        TRANSIT, NO_TRANSIT or LEFT_OUT.
    snr : ndarray
        Signal-to-noise ratio of the strongest transit in it; NaN where there is none.
    seen : tuple of str
        Stars that the model was trained on, which were left out.
    seen_included : bool
        Whether these stars were evaluated all the same.
    failures : tuple of Failure
        Light curves that could not be scored.
    unsuited : int
        Number of light curves that the model was not trained for.
    """

    model_id: str
    observations: tuple[Observation, ...]
    stars: tuple[EvaluatedStar, ...]
    observation_index: NDArray[np.int64]
    segment: NDArray[np.int64]
    t_start: NDArray[np.float64]
    t_stop: NDArray[np.float64]
    probability: NDArray[np.float32]
    labels: NDArray[np.int8]
    snr: NDArray[np.float64]
    seen: tuple[str, ...] = ()
    seen_included: bool = False
    failures: tuple[Failure, ...] = ()
    unsuited: int = 0

    def __len__(self) -> int:
        return len(self.observation_index)

    def per_segment(self, what: Callable[[Observation], str]) -> NDArray[np.str_]:
        """Return a property of the observation of each segment.

        Parameters
        ----------
        what : callable
            Maps an observation to a string, such as the name of its star.

        Returns
        -------
        ndarray
            The strings, shape (n,).
        """
        return np.array([what(o) for o in self.observations], dtype=str)[self.observation_index]

    @property
    def target_ids(self) -> NDArray[np.str_]:
        """Identifier of each segment's star, shape (n,)."""
        return self.per_segment(lambda o: o.target_id)

    def of_kind(self, *kinds: StarKind) -> NDArray[np.bool_]:
        """Return which segments belong to stars of certain kinds.

        Parameters
        ----------
        *kinds : StarKind
            The kinds.

        Returns
        -------
        ndarray
            Boolean mask, shape (n,).
        """
        return np.array([o.kind in kinds for o in self.observations], dtype=bool)[self.observation_index]


def stars_seen_by(card: ModelCard) -> frozenset[str]:
    """Return the stars that a model was trained, selected or calibrated on.

    Parameters
    ----------
    card : ModelCard
        The model card, which lists them.

    Returns
    -------
    frozenset of str
        Identifiers of the stars, without those of its test set.
    """
    stars = card.training.get("stars")
    if isinstance(stars, dict):
        return frozenset(str(name) for part, names in stars.items() if part != TEST_PART for name in names)
    return frozenset(str(name) for name in stars or ())


def star_kind(target_id: str, known: Iterable[Ephemeris], binaries: Iterable[str] = ()) -> StarKind:
    """Classify a star by its known signals.

    Parameters
    ----------
    target_id : str
        Identifier of the star.
    known : iterable of Ephemeris
        Its known signals.
    binaries : iterable of str, optional
        Stars known as eclipsing binaries.

    Returns
    -------
    StarKind
        HOST where a signal is a planet, NOT_PLANET where none is or the star is a known binary,
        else QUIET.

    Examples
    --------
    >>> print(star_kind("TIC 1", []), "|", star_kind("TIC 1", [], binaries=["TIC 1"]))
    quiet | not a planet
    """
    signals = list(known)
    if target_id in binaries or (signals and not any(e.is_planet for e in signals)):
        return StarKind.NOT_PLANET
    return StarKind.HOST if signals else StarKind.QUIET


def evaluate(
    model: Model,
    stars: Mapping[str, LightCurveReader],
    ephemerides: Iterable[Ephemeris],
    *,
    exclude: Iterable[str] = (),
    binaries: Iterable[str] = (),
    include_seen: bool = False,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Score stars and label their segments by published ephemerides.

    One star's light curves are in memory at a time.

    Parameters
    ----------
    model : Model
        The model.
    stars : mapping of str to LightCurveReader
        Reader of each star's light curves.
    ephemerides : iterable of Ephemeris
        Published ephemerides.
    exclude : iterable of str, optional
        Stars to leave out.
    binaries : iterable of str, optional
        Eclipsing binaries without an ephemeris.
    include_seen : bool, optional
        Whether to evaluate stars that the model was trained on.
    workers : int, optional
        Number of threads.
    progress : callable, optional
        Called with the number of finished stars and of all stars.

    Returns
    -------
    Evaluation
        Probability, label and signal-to-noise ratio of every segment.

    Raises
    ------
    LightCurveError
        If no light curve is left that the model can score.
    """
    unwanted, doubles, made_from = frozenset(exclude), frozenset(binaries), stars_seen_by(model.card)
    seen = tuple(sorted(t for t in stars if t in made_from and t not in unwanted))
    wanted = {t: r for t, r in stars.items() if t not in unwanted and (include_seen or t not in made_from)}
    known: dict[str, list[Ephemeris]] = {}
    for ephemeris in ephemerides:
        known.setdefault(ephemeris.target_id, []).append(ephemeris)
    failures: list[Failure] = []
    given: deque[LightCurve] = deque()
    unsuited = 0

    def curves() -> Iterator[LightCurve]:
        nonlocal unsuited
        for number, (target_id, read) in enumerate(wanted.items(), start=1):
            try:
                found = read()
            except AstroSeqError as error:
                found = StarReadResult((), (str(error),))
            failures.extend(Failure(target_id, "", problem) for problem in found.problems)
            for curve in found.light_curves:
                if model.card.suits(curve):
                    given.append(curve)
                    yield curve
                else:
                    unsuited += 1
            if progress:
                progress(number, len(wanted))

    observations: list[Observation] = []
    evaluated: list[EvaluatedStar] = []
    parts: list[tuple[SegmentScores, NDArray[np.int8], NDArray[np.float64]]] = []
    scored = score_light_curves(model, curves(), workers)
    for (target_id, instrument), results in groupby(
        ((given.popleft(), result) for result in scored), key=lambda pair: (pair[0].target.id, pair[0].instrument.name)
    ):
        signals = known.get(target_id, [])
        kind = star_kind(target_id, signals, doubles)
        own: list[SegmentScores] = []
        transits = 0
        for curve, result in results:
            if isinstance(result, Failure):
                failures.append(result)
            elif len(result):
                labels, snr = labels_and_snr(prepare(curve, model.card.preparation), result, signals)
                observations.append(Observation(target_id, result.observation, instrument, result.system, kind))
                parts.append((result, labels, snr))
                own.append(result)
                transits += int((labels == TRANSIT).sum())
        if own:
            holds = None if kind is StarKind.NOT_PLANET or (kind is StarKind.HOST and not transits) else transits > 0
            evaluated.append(EvaluatedStar(kind, holds, score_star(own)))
    if not parts:
        raise LightCurveError(_nothing_left_message(model.card, len(stars), len(seen), include_seen, unsuited, failures))
    return Evaluation(
        model_id=model.card.model_id,
        observations=tuple(observations),
        stars=tuple(evaluated),
        observation_index=np.repeat(np.arange(len(parts)), [len(scores) for scores, _, _ in parts]),
        segment=np.concatenate([scores.segment for scores, _, _ in parts]),
        t_start=np.concatenate([scores.t_start for scores, _, _ in parts]),
        t_stop=np.concatenate([scores.t_stop for scores, _, _ in parts]),
        probability=np.concatenate([scores.probability for scores, _, _ in parts]),
        labels=np.concatenate([labels for _, labels, _ in parts]),
        snr=np.concatenate([snr for _, _, snr in parts]),
        seen=seen,
        seen_included=include_seen,
        failures=tuple(failures),
        unsuited=unsuited,
    )


def _nothing_left_message(
    card: ModelCard, stars: int, seen: int, include_seen: bool, unsuited: int, failures: list[Failure]
) -> str:
    """Say why no star is left to evaluate."""
    why = [f"{seen} are stars that it was made from"] if seen and not include_seen else []
    why += [f"{unsuited} light curves are not of its instrument and cadence"] if unsuited else []
    why += [f"{len(failures)} could not be read ({failures[0].reason.rstrip('.')})"] if failures else []
    return f"Of {stars} stars none is left for {card.model_id} to be measured on: {'; '.join(why) or 'all were excluded'}."


def labels_and_snr(
    curve: DetrendedLightCurve, scores: SegmentScores, ephemerides: Iterable[Ephemeris]
) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Return the label and the signal-to-noise ratio of each scored segment.

    Parameters
    ----------
    curve : DetrendedLightCurve
        The observation.
    scores : SegmentScores
        Its scores.
    ephemerides : iterable of Ephemeris
        Known signals of the star.

    Returns
    -------
    tuple of ndarray
        Labels, and the signal-to-noise ratio of the strongest transit (NaN without one), each of
        shape (s,).
    """
    first = np.searchsorted(curve.time, scores.t_start - SAME_TIME_DAYS)
    last = np.searchsorted(curve.time, scores.t_stop + SAME_TIME_DAYS, side="right") - 1
    nothing = np.empty((len(scores), 0, 0), np.float32)
    segments = Segments(nothing, first, last, scores.t_start, scores.t_stop, lead=np.zeros_like(first))
    signals = list(ephemerides)
    labels = label_segments(segments, label_cadences(curve, signals))
    return labels, np.where(labels == TRANSIT, strongest_snr(curve, segments, signals), np.nan)


def strongest_snr(curve: DetrendedLightCurve, segments: Segments, ephemerides: Iterable[Ephemeris]) -> NDArray[np.float64]:
    """Compute the signal-to-noise ratio of the strongest trusted planet transit in each segment.

    For the cadences of one transit that lie in the segment: mean depth * sqrt(number) / noise per
    cadence (white noise). The depth is that of the detrended flux, as the network sees it; it can
    be negative where there is only noise.

    Parameters
    ----------
    curve : DetrendedLightCurve
        The observation.
    segments : Segments
        Its segments, in time order.
    ephemerides : iterable of Ephemeris
        Known signals of the star.

    Returns
    -------
    ndarray
        Signal-to-noise ratios, NaN where there is no transit, shape (s,).
    """
    total = np.r_[0.0, np.cumsum(curve.flat)]
    half_cadence = curve.cadence_minutes / 2880.0
    out = np.full(len(segments), np.nan)
    for ephemeris in ephemerides:
        if not ephemeris.is_planet:
            continue
        transits = ephemeris.transits(curve.time[0], curve.time[-1], curve.system)
        mids = transits.mid[ephemeris.well_predicted(transits)]
        reach = ephemeris.duration_days / 2 + half_cadence
        begin = np.searchsorted(curve.time, mids - reach, side="left")
        stop = np.searchsorted(curve.time, mids + reach, side="right")
        # Segments are in time order, so those that touch a transit are consecutive.
        low = np.searchsorted(segments.last, begin, side="left")
        high = np.searchsorted(segments.first, stop, side="left")
        for a, b, i, j in zip(begin, stop, low, high, strict=True):
            inside_from, inside_to = np.maximum(segments.first[i:j], a), np.minimum(segments.last[i:j] + 1, b)
            number = inside_to - inside_from
            depth = total[inside_from] - total[inside_to]
            with np.errstate(invalid="ignore", divide="ignore"):
                out[i:j] = np.fmax(out[i:j], np.where(number > 0, depth / np.sqrt(number) / curve.noise, np.nan))
    return out


def evaluated_segments(evaluation: Evaluation) -> NDArray[np.int64]:
    """Return the segments that metrics use: of hosts and quiet stars, with a known label.

    Parameters
    ----------
    evaluation : Evaluation
        The evaluation.

    Returns
    -------
    ndarray
        Indices of the segments, ascending.
    """
    return np.flatnonzero(evaluation.of_kind(StarKind.HOST, StarKind.QUIET) & (evaluation.labels != LEFT_OUT))


def segment_rows(evaluation: Evaluation) -> Iterator[dict[str, object]]:
    """Generate a table row for each segment.

    Parameters
    ----------
    evaluation : Evaluation
        The evaluation.

    Yields
    ------
    dict
        Values by `SEGMENTS_COLUMNS`; times [d] in the observation's time system.
    """
    words = {TRANSIT: "transit", NO_TRANSIT: "none"}
    for i in range(len(evaluation)):
        seen = evaluation.observations[evaluation.observation_index[i]]
        snr = float(evaluation.snr[i])
        yield {
            "target_id": seen.target_id,
            "observation": seen.name,
            "instrument": seen.instrument,
            "star": str(seen.kind),
            "segment": int(evaluation.segment[i]),
            "t_start": round(float(evaluation.t_start[i]), 7),
            "t_stop": round(float(evaluation.t_stop[i]), 7),
            "probability": round(float(evaluation.probability[i]), 6),
            "label": words.get(int(evaluation.labels[i]), "left out"),
            "snr": None if np.isnan(snr) else round(snr, 3),
        }
