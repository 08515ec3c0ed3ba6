"""First half of a survey's work on a star: read and prepare it, make segments; and the rows of scored stars."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from astroseq_core import settings, targets
from astroseq_core.errors import AstroSeqError, ModelError, TargetError, TooShortError
from astroseq_core.io import product_order
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.io.one_per_time import use_light_curves
from astroseq_core.networks import card as cards
from astroseq_core.networks.card import ModelCard
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, prepare
from astroseq_core.preprocessing.segments import Segments, make_segments
from astroseq_core.scoring.segments import Failure, SegmentScores
from astroseq_core.scoring.star import StarScore
from astroseq_core.scoring.star_source import Source, StarReadResult, StarSource
from astroseq_core.signals.signal import FoundSignal, best_signal
from astroseq_core.store.scores import NO_MODEL, OK, SPARKLINE_LENGTH, ScoreRow
from astroseq_core.store.signals import summarize
from astroseq_core.surveys import known_objects as knowns
from astroseq_core.surveys import stars
from astroseq_core.surveys.known_objects import SIMULATED_SURVEY, BestSignal, KnownSignal
from astroseq_core.surveys.results import Remarks


def sparkline(probability: NDArray[np.floating], length: int = SPARKLINE_LENGTH) -> bytes:
    """Pack probabilities into a sparkline of bytes.

    If there are more than `length`, each value is the maximum of a group of neighbors.

    Parameters
    ----------
    probability : ndarray
        Probabilities, shape (n,).
    length : int, optional
        Maximum number of values.

    Returns
    -------
    bytes
        One byte per value, 255 for probability 1.

    Examples
    --------
    >>> list(sparkline(np.array([0.0, 0.2, 1.0, 0.4]), length=2))
    [51, 255]
    """
    values = np.asarray(probability, np.float64)
    if len(values) > length:
        values = np.maximum.reduceat(values, np.arange(length) * len(values) // length)
    return np.round(np.clip(values, 0, 1) * 255).astype(np.uint8).tobytes()


def scored_row(
    score: StarScore,
    parts: Sequence[SegmentScores],
    *,
    fingerprint: str,
    model_sha: str,
    known: Iterable[KnownSignal] = (),
    magnitude: float | None = None,
    survey_id: str = "",
    signals: Sequence[FoundSignal] | None = None,
) -> ScoreRow:
    """Build the row of a star with a score.

    Parameters
    ----------
    score : StarScore
        The star score.
    parts : sequence of SegmentScores
        Its segment scores, one element per light curve, in any order.
    fingerprint : str
        Fingerprint of the data.
    model_sha : str
        Hash of the model version.
    known : iterable of NameServiceAnswer, optional
        Known signals of the star.
    magnitude : float or None, optional
        Magnitude of the star; None if unknown.
    survey_id : str, optional
        Identifier of the survey.
    signals : sequence of FoundSignal or None, optional
        Its signals; None if they were not searched.

    Returns
    -------
    ScoreRow
        The row, with the present time.
    """
    ordered = sorted(parts, key=lambda part: float(part.t_start[0]))
    baseline = max(float(part.t_stop.max()) for part in parts) - float(ordered[0].t_start[0])
    best = best_signal(signals or ())
    found = knowns.match_known(score if best is None else BestSignal.of(best), baseline, known)
    return ScoreRow(
        target_id=score.target_id,
        model_id=score.model_id,
        model_sha=model_sha,
        data_id=fingerprint,
        mission=targets.parse_star(score.target_id).mission.name,
        seen_as=score.mission,
        simulated=score.target_id.startswith("SIM "),
        status=OK,
        **score.values(),
        **({} if signals is None else summarize(signals, score.star_score)),
        magnitude=magnitude,
        match=found.name,
        match_kind=found.kind,
        match_ratio=found.ratio,
        match_disposition=found.disposition,
        spark=sparkline(np.concatenate([part.probability for part in ordered])),
        survey_id=survey_id,
        at=time.time(),
    )


def failed_row(
    star: StarSource, reason: str, *, model_id: str = "", model_sha: str = "", fingerprint: str = "", survey_id: str = ""
) -> ScoreRow:
    """Build the row of a star without a score.

    Parameters
    ----------
    star : StarSource
        The star.
    reason : str
        Why it has none.
    model_id : str, optional
        Identifier of the model; "" if none was found for the star.
    model_sha : str, optional
        Hash of the model version.
    fingerprint : str, optional
        Fingerprint of the data.
    survey_id : str, optional
        Identifier of the survey.

    Returns
    -------
    ScoreRow
        The row, with the present time.
    """
    try:
        mission = targets.parse_star(star.target_id).mission.name
    except TargetError:
        mission = ""
    return ScoreRow(
        target_id=star.target_id,
        model_id=model_id or NO_MODEL,
        model_sha=model_sha,
        data_id=fingerprint,
        mission=mission,
        seen_as=star.instrument,
        simulated=star.is_simulated,
        status=reason if reason and reason != OK else "It has no segment.",
        magnitude=star.magnitude,
        survey_id=survey_id,
        at=time.time(),
    )


@dataclass(frozen=True)
class PrepareTask:
    """A star to prepare.

    Attributes
    ----------
    star : StarSource
        The star.
    card : ModelCard or None
        Slim card of the model; None for the best model of the star.
    fingerprint : str
        Fingerprint of the data; "" if unknown.
    done : frozenset of str
        Models that have scored exactly these data.
    defaults : tuple of tuple of (str, str)
        Default model of each mission, as pairs.
    keep_light_curves : bool
        Whether the prepared star carries its light curves.
    signals : bool
        Whether signals will be searched, for which the flux is needed.
    """

    star: StarSource
    card: ModelCard | None = None
    fingerprint: str = ""
    done: frozenset[str] = frozenset()
    defaults: tuple[tuple[str, str], ...] = ()
    keep_light_curves: bool = False
    signals: bool = False


@dataclass(frozen=True, eq=False)
class PreparedStar:
    """A prepared star, ready for the network.

    Attributes
    ----------
    star : StarSource
        The star.
    model_id : str
        Identifier of its model.
    fingerprint : str
        Fingerprint of its data.
    parts : tuple of tuple of (DetrendedLightCurve, Segments) or Failure
        Detrended light curve and segments, or the failure, of each light curve; at least one has a
        segment.
    known : tuple of NameServiceAnswer
        Known signals that come with the data (simulated truth).
    magnitude : float or None
        Magnitude of the star; None if unknown.
    seconds : tuple of (float, float)
        Time spent on reading and on preparing [s].
    light_curves : tuple of LightCurve
        The light curves as read; empty unless asked for.
    remarks : Remarks
        What of the star is not in its score, and why.
    """

    star: StarSource
    model_id: str
    fingerprint: str
    parts: tuple[tuple[DetrendedLightCurve, Segments] | Failure, ...]
    known: tuple[KnownSignal, ...]
    magnitude: float | None
    seconds: tuple[float, float]
    light_curves: tuple[LightCurve, ...] = ()
    remarks: Remarks = field(default_factory=Remarks)

    @property
    def segmented(self) -> tuple[tuple[DetrendedLightCurve, Segments], ...]:
        """Light curves that could be prepared and have segments, with these."""
        return tuple(p for p in self.parts if not isinstance(p, Failure) and len(p[1]))

    @property
    def left_out(self) -> tuple[Failure, ...]:
        """Failures of the light curves that could not be prepared."""
        return tuple(p for p in self.parts if isinstance(p, Failure))


@dataclass(frozen=True)
class UnscoredStar:
    """A star that gets no score.

    Attributes
    ----------
    star : StarSource
        The star.
    reason : str
        Why it gets none.
    fingerprint : str
        Fingerprint of its data; "" if unknown.
    model_id : str
        Identifier of the model; "" if unknown.
    already : bool
        Whether the model has scored exactly these data before.
    """

    star: StarSource
    reason: str
    fingerprint: str = ""
    model_id: str = ""
    already: bool = False


def prepare_star(task: PrepareTask) -> PreparedStar | UnscoredStar:
    """Read a star, detrend its light curves and make segments as its model requires.

    Errors of the AstroSeqError family are returned as the reason of failure, not raised.

    Parameters
    ----------
    task : PrepareTask
        The star and its model.

    Returns
    -------
    PreparedStar or UnscoredStar
        The prepared star, or why there is none.
    """
    star, fingerprint, model_id = task.star, task.fingerprint, task.card.model_id if task.card else ""
    begun = time.perf_counter()
    try:
        fingerprint = fingerprint or stars.data_fingerprint(star)
        found = star.read()
        card = task.card or choose_card((*found.light_curves, *found.all_light_curves), dict(task.defaults))
        model_id = card.model_id
        if model_id in task.done:
            return UnscoredStar(star, "", fingerprint, model_id, already=True)
        read = time.perf_counter()
        used = use_light_curves(
            found.all_light_curves, partial(_prepare_light_curve, card, task.signals), found.prefer, AstroSeqError
        )
        failed = tuple((c.provenance.name or c.observation, _named(c.observation, reason)) for c, reason in used.failed)
        unused = tuple(Failure(c.target.id, c.observation, reason) for c, reason in used.failed)
        parts: tuple[tuple[DetrendedLightCurve, Segments] | Failure, ...] = (*used.made, *unused)
        made = time.perf_counter()
    except AstroSeqError as error:
        return UnscoredStar(star, str(error), fingerprint, model_id)
    known = tuple(KnownSignal(e, SIMULATED_SURVEY) for e in found.truth)
    one = PreparedStar(
        replace(star, instrument=found.all_light_curves[0].instrument.name),
        model_id,
        fingerprint,
        parts,
        known,
        found.magnitude,
        (read - begun, made - read),
        used.curves if task.keep_light_curves else (),
        Remarks(
            (*found.unread, *failed) if star.source is Source.FOLDER else (),
            tuple(str(one) for one in (*found.not_taken, *used.left_out)),
            (
                *(() if star.source is Source.FOLDER else (*found.problems, *(reason for _, reason in failed))),
                *(detrended.level_problem for detrended, _ in used.made if not detrended.has_level),
            ),
            *_compare_preferences(star.prefer, found),
        ),
    )
    if one.segmented:
        return one
    reasons = (*found.problems, *(failure.reason for failure in one.left_out))
    return UnscoredStar(one.star, " ".join(reasons) or "It has no segment.", fingerprint, model_id)


def _compare_preferences(prefer: Sequence[str], found: StarReadResult) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what of a person's preferences a star has, and what the person could prefer; nothing without preferences."""
    if not prefer:
        return (), ()
    curves, not_read = found.all_light_curves, [one.word for one in found.not_taken if one.word]
    met = (
        word
        for word in prefer
        if any(product_order.is_preferred(curve, word) for curve in curves)
        or any(f" {' '.join(word.lower().split())} " in f" {other.lower()} " for other in not_read)
    )
    return tuple(met), tuple(dict.fromkeys((*map(product_order.full_word, curves), *not_read)))


def choose_card(curves: Sequence[LightCurve], defaults: Mapping[str, str]) -> ModelCard:
    """Choose the model for a star from its light curves.

    Parameters
    ----------
    curves : sequence of LightCurve
        Light curves of the star.
    defaults : mapping of str to str
        Default model of each mission.

    Returns
    -------
    ModelCard
        Slim card of the model that suits the first light curve for which there is one.

    Raises
    ------
    ModelError
        If no model suits any light curve.
    """
    for curve in curves:
        if card := best_card(curve.instrument.name, curve.cadence_minutes, tuple(sorted(defaults.items()))):
            return card
    first = curves[0]
    raise ModelError(f"No model here was made for {first.instrument.name} at {first.cadence_minutes:.3g} min; train one for it.")


def best_card(instrument: str, cadence_minutes: float, defaults: tuple[tuple[str, str], ...]) -> ModelCard | None:
    """Return the best model for an instrument and cadence; the result is cached.

    Parameters
    ----------
    instrument : str
        Name of the instrument: TESS, Kepler or K2.
    cadence_minutes : float
        Cadence [min].
    defaults : tuple of tuple of (str, str)
        Default model of each mission, as pairs.

    Returns
    -------
    ModelCard or None
        Slim card of the model, see `card.best_at`; None if there is none.
    """
    return _best_card(instrument, round(cadence_minutes, 2), defaults, str(settings.models_dir()))


@lru_cache(maxsize=64)
def _best_card(instrument: str, cadence_minutes: float, defaults: tuple[tuple[str, str], ...], models: str) -> ModelCard | None:
    found = cards.choose_card_for(instrument, cadence_minutes, dict(defaults))
    return None if found is None else slim_card(found)


def slim_card(card: ModelCard) -> ModelCard:
    """Return a model card without the parts that scoring does not use.

    It is sent to the workers with every star.

    Parameters
    ----------
    card : ModelCard
        The complete card.

    Returns
    -------
    ModelCard
        The slim card.
    """
    return replace(card, training={}, metrics=[], thresholds={}, versions={})


def _prepare_light_curve(card: ModelCard, keep_flux: bool, curve: LightCurve) -> tuple[DetrendedLightCurve, Segments]:
    if not card.suits(curve):
        raise ModelError(
            f"{card.model_id} was made for {' and '.join(card.instruments)} at {card.cadence_minutes:.3g} min; "
            f"{curve.observation} is {curve.instrument.name} at {curve.cadence_minutes:.3g} min."
        )
    detrended = prepare(curve, card.preparation)
    segments = make_segments(detrended, card.cutting)
    if not len(segments):
        raise TooShortError(f"{curve.observation} of {curve.target} has no stretch that is long enough for {card.model_id}.")
    return _slim_light_curve(detrended, keep_flux), segments


def _named(name: str, reason: str) -> str:
    """Return a reason that names the light curve."""
    return reason if name in reason else f"{name}: {reason}"


def _slim_light_curve(detrended: DetrendedLightCurve, keep_flux: bool) -> DetrendedLightCurve:
    """Drop columns that the evidence, and the search for signals, do not need: that makes transfer between processes cheaper."""
    none = np.empty(0)
    read = detrended.light_curve
    curve = replace(read, time=none, flux=none, quality=np.empty(0, np.int64), flux_err=None)
    if not keep_flux:
        return replace(detrended, light_curve=curve, flux=none, trend=none)
    # of the times that were read only the spacing is asked for
    spaced = detrended.time[0] + np.array([0.0, read.cadence_minutes / 1440])
    return replace(detrended, light_curve=replace(curve, time=spaced))
