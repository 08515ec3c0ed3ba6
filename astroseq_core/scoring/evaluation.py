"""A model's segment probabilities laid beside published ephemerides, on stars that it never saw."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError, LightCurveError
from astroseq_core.lightcurves.lightcurve import LightCurve
from astroseq_core.lightcurves.prepare import PreparedCurve, prepare
from astroseq_core.scoring.card import ModelCard
from astroseq_core.scoring.model import Model
from astroseq_core.scoring.segments import Failure, SegmentScores, score_curves
from astroseq_core.scoring.star import StarScore, score_star
from astroseq_core.scoring.survey import Reader
from astroseq_core.segments.cut import Segments
from astroseq_core.segments.label import LEFT_OUT, NO_TRANSIT, TRANSIT, cadence_states, label
from astroseq_core.times import TimeSystem

#: The part of the stars of a training run that its network, epoch and calibration were not chosen on.
KEPT_PART = "test"
#: Times of segments are found again among the cadences to within this [d], a second.
SAME_TIME_DAYS = 1.2e-5
SEGMENTS_COLUMNS = (
    "target_id", "observation", "instrument", "star", "segment", "t_start", "t_stop", "probability", "label", "snr",
)  # fmt: skip


class Kind(StrEnum):
    """What is known of a star."""

    HOST = "host"
    QUIET = "quiet"
    NOT_PLANET = "not a planet"


@dataclass(frozen=True)
class Observation:
    """One light curve that was scored, and what is known of its star."""

    target_id: str
    name: str
    instrument: str
    system: TimeSystem
    kind: Kind


@dataclass(frozen=True)
class JudgedStar:
    """A star's scores; ``transits``: whether it has a segment with one, None for a host without any in the data, and for what
    is not a planet.
    """

    kind: Kind
    transits: bool | None
    score: StarScore


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Every scored segment with its label, arrays of shape (n,), observation after observation.

    ``place``: the segment's number in ``observations``; ``segment``: its number within it; ``t_start``, ``t_stop`` [d, the
    observation's system]; ``labels``: see segments.label; ``snr``: of the strongest transit in it, NaN where there is none.
    ``seen``: stars left out because the model was made from them, or, with ``seen_included``, not left out; ``failures``: what
    could not be scored; ``unsuited``: light curves that the model was not made for.
    """

    model_id: str
    observations: tuple[Observation, ...]
    stars: tuple[JudgedStar, ...]
    place: NDArray[np.int64]
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
        return len(self.place)

    def each(self, what: Callable[[Observation], str]) -> NDArray[np.str_]:
        """Something of its observation for every segment (n,), such as the star's name."""
        return np.array([what(o) for o in self.observations], dtype=str)[self.place]

    @property
    def target_ids(self) -> NDArray[np.str_]:
        """Each segment's star, shape (n,)."""
        return self.each(lambda o: o.target_id)

    def of_kind(self, *kinds: Kind) -> NDArray[np.bool_]:
        """Which segments (n,) are of stars of those kinds."""
        return np.array([o.kind in kinds for o in self.observations], dtype=bool)[self.place]


def seen_by(card: ModelCard) -> frozenset[str]:
    """The stars that the model was trained, chosen or calibrated on, as its card lists them."""
    stars = card.training.get("stars")
    if isinstance(stars, dict):
        return frozenset(str(name) for part, names in stars.items() if part != KEPT_PART for name in names)
    return frozenset(str(name) for name in stars or ())


def kind_of(target_id: str, known: Iterable[Ephemeris], binaries: Iterable[str] = ()) -> Kind:
    """A host when one of its ephemerides is a planet's; not a planet when none is, or it is listed as a binary; else quiet."""
    signals = list(known)
    if target_id in binaries or (signals and not any(e.is_planet for e in signals)):
        return Kind.NOT_PLANET
    return Kind.HOST if signals else Kind.QUIET


def evaluate(
    model: Model,
    stars: Mapping[str, Reader],
    ephemerides: Iterable[Ephemeris],
    *,
    exclude: Iterable[str] = (),
    binaries: Iterable[str] = (),
    include_seen: bool = False,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Every segment of the stars with its probability, its label and its signal-to-noise.

    ``stars``: readers by target, see survey.stars_of; one star's light curves are in memory at a time. ``exclude``: stars left
    out; those that the model was made from are left out too, unless ``include_seen``. ``binaries``: stars known as eclipsing
    binaries without an ephemeris. ``progress`` is told how many stars of how many are done. Raises LightCurveError when not one
    light curve is left that the model can score.
    """
    unwanted, doubles, made_from = frozenset(exclude), frozenset(binaries), seen_by(model.card)
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
                readable, problems = read()
            except AstroSeqError as error:
                readable, problems = (), (str(error),)
            failures.extend(Failure(target_id, "", problem) for problem in problems)
            for curve in readable:
                if model.card.suits(curve):
                    given.append(curve)
                    yield curve
                else:
                    unsuited += 1
            if progress:
                progress(number, len(wanted))

    observations: list[Observation] = []
    judged: list[JudgedStar] = []
    parts: list[tuple[SegmentScores, NDArray[np.int8], NDArray[np.float64]]] = []
    scored = score_curves(model, curves(), workers)
    for (target_id, instrument), results in groupby(
        ((given.popleft(), result) for result in scored), key=lambda pair: (pair[0].target.id, pair[0].instrument.name)
    ):
        signals = known.get(target_id, [])
        kind = kind_of(target_id, signals, doubles)
        own: list[SegmentScores] = []
        transits = 0
        for curve, result in results:
            if isinstance(result, Failure):
                failures.append(result)
            elif len(result):
                labels, snr = judge(prepare(curve, model.card.preparation), result, signals)
                observations.append(Observation(target_id, result.observation, instrument, result.system, kind))
                parts.append((result, labels, snr))
                own.append(result)
                transits += int((labels == TRANSIT).sum())
        if own:
            holds = None if kind is Kind.NOT_PLANET or (kind is Kind.HOST and not transits) else transits > 0
            judged.append(JudgedStar(kind, holds, score_star(own)))
    if not parts:
        raise LightCurveError(_nothing(model.card, len(stars), len(seen), include_seen, unsuited, failures))
    return Evaluation(
        model_id=model.card.model_id,
        observations=tuple(observations),
        stars=tuple(judged),
        place=np.repeat(np.arange(len(parts)), [len(scores) for scores, _, _ in parts]),
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


def _nothing(card: ModelCard, stars: int, seen: int, include_seen: bool, unsuited: int, failures: list[Failure]) -> str:
    why = [f"{seen} are stars that it was made from"] if seen and not include_seen else []
    why += [f"{unsuited} light curves are not of its instrument and cadence"] if unsuited else []
    why += [f"{len(failures)} could not be read ({failures[0].reason.rstrip('.')})"] if failures else []
    return f"Of {stars} stars none is left for {card.model_id} to be measured on: {'; '.join(why) or 'all were excluded'}."


def judge(
    curve: PreparedCurve, scores: SegmentScores, ephemerides: Iterable[Ephemeris]
) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """The label (s,) of each scored segment, and the signal-to-noise (s,) of the strongest transit in it, NaN without one."""
    first = np.searchsorted(curve.time, scores.t_start - SAME_TIME_DAYS)
    last = np.searchsorted(curve.time, scores.t_stop + SAME_TIME_DAYS, side="right") - 1
    nothing = np.empty((len(scores), 0, 0), np.float32)
    cuts = Segments(nothing, first, last, scores.t_start, scores.t_stop, lead=np.zeros_like(first))
    signals = list(ephemerides)
    labels = label(cuts, cadence_states(curve, signals))
    return labels, np.where(labels == TRANSIT, strongest_snr(curve, cuts, signals), np.nan)


def strongest_snr(curve: PreparedCurve, cuts: Segments, ephemerides: Iterable[Ephemeris]) -> NDArray[np.float64]:
    """Signal-to-noise (s,) of the strongest trusted transit of a planet in each segment, NaN where there is none.

    Of the cadences of one transit that lie in the segment: mean depth * sqrt(number) / noise of a cadence (white noise). Depth is
    what detrending left of it and what the network was shown; it can be negative where there is nothing but noise.
    """
    total = np.r_[0.0, np.cumsum(curve.flat)]
    half_cadence = curve.cadence_minutes / 2880.0
    out = np.full(len(cuts), np.nan)
    for ephemeris in ephemerides:
        if not ephemeris.is_planet:
            continue
        transits = ephemeris.transits(curve.time[0], curve.time[-1], curve.system)
        mids = transits.mid[ephemeris.trusted(transits)]
        reach = ephemeris.duration_days / 2 + half_cadence
        begin = np.searchsorted(curve.time, mids - reach, side="left")
        stop = np.searchsorted(curve.time, mids + reach, side="right")
        # Segments stand in time order, so those that touch a transit are neighbours.
        low = np.searchsorted(cuts.last, begin, side="left")
        high = np.searchsorted(cuts.first, stop, side="left")
        for a, b, i, j in zip(begin, stop, low, high, strict=True):
            inside_from, inside_to = np.maximum(cuts.first[i:j], a), np.minimum(cuts.last[i:j] + 1, b)
            number = inside_to - inside_from
            depth = total[inside_from] - total[inside_to]
            with np.errstate(invalid="ignore", divide="ignore"):
                out[i:j] = np.fmax(out[i:j], np.where(number > 0, depth / np.sqrt(number) / curve.noise, np.nan))
    return out


def main_segments(evaluation: Evaluation) -> NDArray[np.int64]:
    """The segments that count: of hosts and of stars without transits, with a known label; indices, ascending."""
    return np.flatnonzero(evaluation.of_kind(Kind.HOST, Kind.QUIET) & (evaluation.labels != LEFT_OUT))


def segment_rows(evaluation: Evaluation) -> Iterator[dict[str, object]]:
    """One row a segment, by ``SEGMENTS_COLUMNS``; times [d] in the observation's system."""
    words = {TRANSIT: "transit", NO_TRANSIT: "none"}
    for i in range(len(evaluation)):
        seen = evaluation.observations[evaluation.place[i]]
        snr = float(evaluation.snr[i])
        yield {
            "target_id": seen.target_id, "observation": seen.name, "instrument": seen.instrument, "star": str(seen.kind),
            "segment": int(evaluation.segment[i]), "t_start": round(float(evaluation.t_start[i]), 7),
            "t_stop": round(float(evaluation.t_stop[i]), 7), "probability": round(float(evaluation.probability[i]), 6),
            "label": words.get(int(evaluation.labels[i]), "left out"), "snr": None if np.isnan(snr) else round(snr, 3),
        }  # fmt: skip
