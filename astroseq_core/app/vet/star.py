"""A star prepared for vetting: opened, its signal chosen and examined; the next one in advance."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from astroseq_core.app.shared import opened, signals, stars
from astroseq_core.app.shared.memory import LRUCache
from astroseq_core.app.shared.signals import SignalSources
from astroseq_core.app.shared.stars import BEST, ScoredStar
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError, ModelError
from astroseq_core.networks.card import ModelCard
from astroseq_core.same_signal import compare_signals
from astroseq_core.scoring.star_data import StarData, StarRequest, request_from_location, signals_nearby
from astroseq_core.signals.star_signals import SourcedEphemeris, StarSignal, signals_to_mask
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
    sources : SignalSources
        What its signals are merged from.
    signals : tuple of StarSignal
        Its signals, each once.
    signal : StarSignal or None
        The chosen one, None if none is known.
    others : tuple of Ephemeris
        Its other signals, which are masked while the chosen one is measured.
    complete : bool
        Whether it was searched for signals and all of them were classified.
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
    sources: SignalSources
    signals: tuple[StarSignal, ...]
    signal: StarSignal | None
    others: tuple[Ephemeris, ...]
    complete: bool
    examined: "Examination | None"
    pixels: "tuple[PixelColumns | None, ...]"

    @property
    def target_id(self) -> str:
        """Identifier of the star."""
        return self.star.target.id

    @property
    def model_id(self) -> str:
        """The model that scores the star; empty if none suits it."""
        return "" if self.card is None else self.card.model_id

    @property
    def score(self) -> float | None:
        """Star score by the model, None if it is not scored."""
        if self.row is not None:
            return self.row.star_score
        return self.scored.star.star_score if self.scored is not None and self.scored.star is not None else None


def load_vet_star(location: Mapping[str, str], signal: str | Ephemeris = "") -> VetStar:
    """Load a star for vetting, from memory if it was prepared before.

    Parameters
    ----------
    location : Mapping of str to str
        URL parameters that locate the star.
    signal : str or Ephemeris, optional
        The signal to examine, or its name; the likeliest if empty.

    Returns
    -------
    VetStar
        The star, with what is known of its signals by now.

    Raises
    ------
    AstroSeqError
        If the star cannot be opened.
    """
    key, memory = _cache_key(location), _Memory()
    own = (*key, signal)
    # another signal of a star that is open needs no file again
    found = _ready(own) or _ready((*key, ""))
    if found is None:
        found = _open_star(location)
        _save_in_memory((*key, ""), found)
    made = _complete(found, signal, memory)
    if made is not found:
        _save_in_memory(own, made)
    return made


def _ready(key: tuple[object, ...]) -> VetStar | None:
    """Return a star that is in memory, or is being prepared; None if that fails, for the cause may be gone by now."""
    coming: Future[VetStar] | None = _stars_in_memory().get(key)
    if coming is None or not (coming.done() or coming.running()):
        return None
    try:
        return coming.result()
    except AstroSeqError:
        return None


def prepare_in_background(location: Mapping[str, str]) -> None:
    """Prepare a star in a thread, score it and search its signals. Errors are raised by `load_vet_star`, when it is its turn.

    Parameters
    ----------
    location : Mapping of str to str
        URL parameters that locate the star.
    """
    key = (*_cache_key(location), "")
    if _stars_in_memory().get(key) is not None:
        return
    memory = _Memory()
    coming = _worker().submit(lambda: _complete(_open_star(location), "", memory))
    kept = _stars_in_memory()
    kept.put(key, coming)
    score, search = stars.scoring_function(), signals.search_function()

    def then(made: "Future[VetStar]") -> None:
        # No page waits for these scores: a star without them is drawn without, and redrawn later.
        if made.exception() is not None:
            return
        one = made.result()
        kept.put(key, made, one)
        if one.card is None or one.complete:
            return

        def search_signals(scores: "Future[ScoredStar]") -> None:
            if scores.cancelled() or scores.exception() is not None:
                return
            scored = scores.result()
            sources = replace(one.sources, fold=_fold(one.star, one.row, scored))
            search(one.request, one.star, one.model_id, scored, sources)

        if one.scored is None:
            score(one.request, one.star, one.card).add_done_callback(search_signals)
        else:
            search(one.request, one.star, one.model_id, one.scored, one.sources)

    coming.add_done_callback(then)


class _Memory:
    """The caches of the server's memory, which threads cannot look up themselves."""

    def __init__(self) -> None:
        self.scores, self.signals = stars.scores_in_memory(), signals.signals_in_memory()


def _cache_key(location: Mapping[str, str]) -> tuple[Any, ...]:
    """Return the cache key: the star's files, its score, and its adopted ephemerides."""
    try:
        request = request_from_location(location)
        stamp = stars.source_stamp(request)
    except AstroSeqError:
        return (json.dumps(dict(location), sort_keys=True),)
    hand = ephemerides.load(request.name)
    row = _newest_score(request.name, location.get("model", ""))
    return (
        json.dumps(dict(location), sort_keys=True),
        stamp,
        None if hand is None else hand.at,
        None if row is None else (row.model_id, row.at),
    )


def _save_in_memory(key: tuple[object, ...], star: VetStar) -> None:
    ready: Future[VetStar] = Future()
    ready.set_result(star)
    _stars_in_memory().put(key, ready, star)


def _open_star(location: Mapping[str, str]) -> VetStar:
    """Open the star, without any signal yet."""
    from astroseq_core.scoring import star_data
    from astroseq_core.scoring.star_data import load_star

    request = request_from_location(location)
    opened.check_request(request)
    star = load_star(request)
    card = _model_card(star, location.get("model", ""))
    row = _newest_score(star.target.id, location.get("model", ""))
    stellar = _stellar_parameters(star, request)
    columns, damaged = star_data.all_star_pixel_columns(star.light_curves, request.source, request.folder)
    for sentence in damaged:
        log.info("%s: %s", star.target.id, sentence)
    known = sorted(star.ephemerides, key=lambda e: row is not None and e.name != row.match)
    adopted = tuple(SourcedEphemeris(a.ephemeris, a.source) for a in ephemerides.load_of_each_signal(star.target.id))
    sources = SignalSources(tuple(known), adopted=adopted)
    return VetStar(dict(location), request, star, card, row, None, stellar, sources, (), None, (), False, None, columns)


def _complete(shown: VetStar, signal: str | Ephemeris, memory: _Memory) -> VetStar:
    """Return the star with what is known by now: its scores, its signals and their classes, and one of them examined."""
    scored, sources = shown.scored, shown.sources
    if scored is None and shown.card is not None:
        scored = stars.load_scores_from(memory.scores, shown.request, shown.star, shown.card)
    if sources.found is None:
        sources = replace(sources, found=signals.load_found(memory.signals, shown.request, shown.row, shown.model_id))
    if sources.fold is None:
        sources = replace(sources, fold=_fold(shown.star, shown.row, scored))
    listed = signals.load_signals(memory.signals, shown.request, shown.star, sources)
    complete = signals.are_complete(memory.signals, shown.request, listed, sources)
    chosen = choose_signal(listed, signal, sources.adopted)
    others = () if chosen is None else signals_to_mask(listed, chosen, shown.star.detrended)
    before = None if shown.signal is None else (shown.signal.ephemeris, shown.others)
    if (scored, sources, listed, chosen, complete) == (
        shown.scored,
        shown.sources,
        shown.signals,
        shown.signal,
        shown.complete,
    ):
        return shown
    examined = shown.examined
    if chosen is None:
        examined = None
    elif examined is None or before != (chosen.ephemeris, others):
        examined = _examine(shown, chosen.ephemeris, others)
    return replace(
        shown,
        scored=scored,
        sources=sources,
        signals=listed,
        signal=chosen,
        others=others,
        complete=complete,
        examined=examined,
    )


def choose_signal(
    listed: Sequence[StarSignal], wanted: str | Ephemeris = "", adopted: Sequence[SourcedEphemeris] = ()
) -> StarSignal | None:
    """Return the signal of a star to examine.

    Parameters
    ----------
    listed : sequence of StarSignal
        Signals of the star.
    wanted : str or Ephemeris, optional
        One of its ephemerides, or the name of one.
    adopted : sequence of SourcedEphemeris, optional
        What people adopted, the newest first.

    Returns
    -------
    StarSignal or None
        The wanted one; else the one whose ephemeris was adopted last; else the first. None without any.
    """
    named = wanted.name if isinstance(wanted, Ephemeris) else wanted
    tests: list[Callable[[StarSignal], bool]] = []
    if isinstance(wanted, Ephemeris):
        tests += [lambda s: s.ephemeris == wanted, lambda s: s.has(wanted), lambda s: compare_signals(wanted, s.ephemeris).same]
    if named:
        tests += [lambda s: s.name == named, lambda s: s.goes_by(named)]
    if adopted:
        tests.append(lambda s: s.members[0] == adopted[0])
    for test in tests:
        if (found := next(filter(test, listed), None)) is not None:
            return found
    return next(iter(listed), None)


def _fold(star: StarData, row: ScoreRow | None, scored: ScoredStar | None) -> Ephemeris | None:
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
        return Ephemeris(
            star.target.id, FOLD_NAME, Instant(t0, system), period, hours or 2.0, None, t0_err or 0.0, period_err or 0.0
        )
    except AstroSeqError as error:
        log.info("%s: its fold is no ephemeris: %s", star.target.id, error)
        return None


def _examine(shown: VetStar, ephemeris: Ephemeris, others: Sequence[Ephemeris]) -> "Examination":
    from astroseq_core.vetting.examine import examine

    star = shown.star
    return examine(
        list(star.detrended),
        ephemeris,
        others=others,
        stellar=shown.stellar,
        pixels=shown.pixels,
        known=star.ephemerides,
        neighbors=signals_nearby(star.target),
    )


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
