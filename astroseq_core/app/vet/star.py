"""A star prepared for vetting: opened, its signal chosen and examined; the next one in advance."""

import json
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from astroseq_core.app.shared import opened, stars
from astroseq_core.app.shared.memory import LRUCache
from astroseq_core.app.shared.stars import BEST, ScoredStar
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError, ModelError
from astroseq_core.networks.card import ModelCard
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, time_span
from astroseq_core.same_signal import other_signals
from astroseq_core.scoring.star_data import StarData, StarRequest, request_from_location, signals_nearby
from astroseq_core.stellar import StellarParameters
from astroseq_core.store import ephemerides, scores
from astroseq_core.store.scores import OK, ScoreRow
from astroseq_core.times import Instant, TimeSystem

if TYPE_CHECKING:
    from astroseq_core.io.pixels import PixelColumns
    from astroseq_core.vetting.examine import Examination

log = logging.getLogger(__name__)
#: Cache size: the current star, its neighbors, and some to go back to; and the bytes that they may take.
STARS_KEPT, MAX_CACHE_BYTES = 24, 48_000_000
#: Name of the star score's ephemeris among a star's signals.
FOLD_NAME = "star score's fold"
ADOPTED_NAME = "adopted"


@dataclass(frozen=True)
class Signal:
    """An ephemeris at which a star can be examined.

    Attributes
    ----------
    name : str
        Name of the signal.
    ephemeris : Ephemeris
        The ephemeris.
    source : str
        Where it is from, see `store.ephemerides.SOURCES`.
    """

    name: str
    ephemeris: Ephemeris
    source: str


@dataclass(frozen=True, eq=False)
class VetStar:
    """Everything that the vetting screen shows of one star.

    Attributes
    ----------
    location : Mapping of str to str
        URL parameters that locate the star.
    request : StarRequest
        The request of the star.
    star : StarData
        The star.
    card : ModelCard or None
        The model whose probabilities are shown.
    row : ScoreRow or None
        The newest stored score by the model.
    scored : ScoredStar or None
        Segment probabilities, None while they are being computed.
    stellar : StellarParameters
        Stellar parameters.
    signals : tuple of Signal
        Signals at which it can be examined.
    signal : Signal or None
        The chosen one, None if none is known.
    examined : Examination or None
        The examination at that signal, None without a signal.
    pixels : tuple of (PixelColumns or None)
        Pixel data of each examined observation, None where unknown.
    """

    location: Mapping[str, str]
    request: StarRequest
    star: StarData
    card: ModelCard | None
    row: ScoreRow | None
    scored: ScoredStar | None
    stellar: StellarParameters
    signals: tuple[Signal, ...]
    signal: Signal | None
    examined: "Examination | None"
    pixels: "tuple[PixelColumns | None, ...]"

    @property
    def target_id(self) -> str:
        """Identifier of the star."""
        return self.star.target.id

    @property
    def score(self) -> float | None:
        """Star score by the model, None if it is not scored."""
        if self.row is not None:
            return self.row.star_score
        return self.scored.star.star_score if self.scored is not None and self.scored.star is not None else None

    @property
    def others(self) -> tuple[Ephemeris, ...]:
        """Ephemerides of all known signals of the star but the chosen one."""
        if self.signal is None:
            return ()
        return _other_signals(self.star, self.signal.ephemeris)


def load_vet_star(location: Mapping[str, str], signal: str = "") -> VetStar:
    """Load a star for vetting, from memory if it was prepared before.

    Parameters
    ----------
    location : Mapping of str to str
        URL parameters that locate the star.
    signal : str, optional
        Name of the signal to examine; the likeliest if empty.

    Returns
    -------
    VetStar
        The star.

    Raises
    ------
    AstroSeqError
        If the star cannot be opened.
    """
    key, memory = _cache_key(location, signal), stars.scores_in_memory()
    coming: Future[VetStar] | None = _stars_in_memory().get(key)
    if coming is not None and (coming.done() or coming.running()):
        try:
            found = coming.result()
        except AstroSeqError:
            # Try again: the cause may be gone.
            found = _make_vet_star(location, signal, memory)
    else:
        found = _make_vet_star(location, signal, memory)
        _save_in_memory(key, found)
    if found.scored is None and found.card is not None:
        # Its scores may have become available since, and with them a signal.
        known = stars.load_scores_from(memory, found.request, found.star, found.card)
        if known is not None:
            found = replace(found, scored=known) if found.signal is not None else _make_vet_star(location, signal, memory)
            _save_in_memory(key, found)
    return found


def prepare_in_background(location: Mapping[str, str]) -> None:
    """Prepare a star in a thread and score it. Errors are raised by `get`, when it is its turn.

    Parameters
    ----------
    location : Mapping of str to str
        URL parameters that locate the star.
    """
    key = _cache_key(location, "")
    if _stars_in_memory().get(key) is not None:
        return
    coming = _worker().submit(_make_vet_star, location, "", stars.scores_in_memory())
    kept = _stars_in_memory()
    kept.put(key, coming)
    score = stars.scoring_function()

    def then(made: "Future[VetStar]") -> None:
        # No page waits for these scores: a star without them is drawn without, and redrawn later.
        if made.exception() is not None:
            return
        one = made.result()
        kept.put(key, made, one)
        if one.scored is None and one.card is not None:
            score(one.request, one.star, one.card)

    coming.add_done_callback(then)


def _cache_key(location: Mapping[str, str], signal: str) -> tuple[Any, ...]:
    """Return the cache key: the star's files, its score, and its adopted ephemeris."""
    try:
        request = request_from_location(location)
        stamp = stars.source_stamp(request)
    except AstroSeqError:
        return (json.dumps(dict(location), sort_keys=True), signal)
    hand = ephemerides.load(request.name)
    row = _newest_score(request.name, location.get("model", ""))
    return (
        json.dumps(dict(location), sort_keys=True),
        signal,
        stamp,
        None if hand is None else hand.at,
        None if row is None else (row.model_id, row.at),
    )


def _save_in_memory(key: tuple[object, ...], star: VetStar) -> None:
    ready: Future[VetStar] = Future()
    ready.set_result(star)
    _stars_in_memory().put(key, ready, star)


def _make_vet_star(location: Mapping[str, str], signal: str, memory: LRUCache) -> VetStar:
    """Prepare the star. `memory` is the cache of scores; threads cannot look it up themselves."""
    from astroseq_core.scoring import star_data
    from astroseq_core.scoring.star_data import load_star

    request = request_from_location(location)
    opened.check_request(request)
    star = load_star(request)
    card = _model_card(star, location.get("model", ""))
    row = _newest_score(star.target.id, location.get("model", ""))
    scored = None if card is None else stars.load_scores_from(memory, request, star, card)
    hand = ephemerides.load(star.target.id)
    signals = star_signals(star, row, scored, hand)
    chosen = next((s for s in signals if s.name == signal), signals[0] if signals else None)
    stellar = _stellar_parameters(star, request)
    columns, damaged = star_data.all_star_pixel_columns(star.light_curves, request.source, request.folder)
    for sentence in damaged:
        log.info("%s: %s", star.target.id, sentence)
    examined = None if chosen is None else _examine(star, list(star.detrended), chosen.ephemeris, stellar, columns)
    return VetStar(dict(location), request, star, card, row, scored, stellar, signals, chosen, examined, columns)


def star_signals(
    star: StarData, row: ScoreRow | None, scored: ScoredStar | None, hand: ephemerides.AdoptedEphemeris | None
) -> tuple[Signal, ...]:
    """Return the signals at which a star can be examined.

    Parameters
    ----------
    star : StarData
        The star.
    row : ScoreRow or None
        Its stored score.
    scored : ScoredStar or None
        Its scores.
    hand : AdoptedEphemeris or None
        Its adopted ephemeris.

    Returns
    -------
    tuple of Signal
        The adopted one, the catalog's (the score's match first), and the star score's.
    """
    known = [Signal(e.name, e, ephemerides.CATALOG) for e in star.ephemerides]
    if row is not None:
        known.sort(key=lambda s: s.ephemeris.name != row.match)
    found = [] if hand is None else [Signal(ADOPTED_NAME, hand.ephemeris, hand.source)]
    found += known
    if (fold := _fold_signal(star, row, scored)) is not None:
        found.append(fold)
    return tuple(found)


def _fold_signal(star: StarData, row: ScoreRow | None, scored: ScoredStar | None) -> Signal | None:
    """Return the ephemeris of the star score, from the store or else from the new scores."""
    if row is not None and row.status == OK and row.best_t0 is not None and row.t0_system:
        found = (
            row.best_t0,
            TimeSystem.parse(row.t0_system),
            row.best_period_days,
            row.best_duration_hours,
            row.t0_err_days,
            row.period_err_days,
        )
    elif scored is not None and scored.star is not None:
        one = scored.star
        found = (
            one.best_t0.days,
            one.best_t0.system,
            one.best_period_days,
            one.best_duration_hours,
            one.t0_err_days,
            one.period_err_days,
        )
    else:
        return None
    t0, system, period, hours, t0_err, period_err = found
    try:
        ephemeris = Ephemeris(
            star.target.id, FOLD_NAME, Instant(t0, system), period, hours or 2.0, None, t0_err or 0.0, period_err or 0.0
        )
    except AstroSeqError as error:
        log.info("%s: its fold is no ephemeris: %s", star.target.id, error)
        return None
    return Signal(FOLD_NAME, ephemeris, ephemerides.FOLD)


def _examine(
    star: StarData,
    detrended: Sequence[DetrendedLightCurve],
    ephemeris: Ephemeris,
    stellar: StellarParameters,
    columns: "Sequence[PixelColumns | None]",
) -> "Examination":
    from astroseq_core.vetting.examine import examine

    others = _other_signals(star, ephemeris)
    return examine(
        detrended,
        ephemeris,
        others=others,
        stellar=stellar,
        pixels=columns,
        known=star.ephemerides,
        neighbors=signals_nearby(star.target),
    )


def _other_signals(star: StarData, ephemeris: Ephemeris) -> tuple[Ephemeris, ...]:
    return other_signals(star.ephemerides, ephemeris, *time_span(star.detrended, ephemeris.t0.system))


def _stellar_parameters(star: StarData, request: StarRequest) -> StellarParameters:
    from astroseq_core.scoring.stellar_parameters import stellar_parameters

    return stellar_parameters(star.target, star.light_curves, request.source, request.folder)


def _newest_score(target_id: str, model: str) -> ScoreRow | None:
    """Return the star's newest stored score, by that model or by any if none is named."""
    rows = [r for r in scores.list_by_star(target_id) if r.status == OK]
    named = [r for r in rows if r.model_id == model]
    return named[0] if named else None if model else (rows[0] if rows else None)


def _model_card(star: StarData, model: str) -> ModelCard | None:
    """Return the named model if it suits the star, else the best one."""
    try:
        return stars.model_card_for(star, model or BEST)
    except ModelError:
        return stars.model_card_for(star, BEST)


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _stars_in_memory() -> LRUCache:
    return LRUCache(STARS_KEPT, MAX_CACHE_BYTES)


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _worker() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="vetting")
