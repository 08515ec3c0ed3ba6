"""A star made ready for the vetting screen: opened, its signal chosen, examined and drawn; the next one while this is read."""

import json
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError, ModelError
from astroseq_core.figures import timeline
from astroseq_core.lightcurves.prepare import PreparedCurve
from astroseq_core.scoring.card import ModelCard
from astroseq_core.scoring.opening import OpenedStar, StarRequest, request_at
from astroseq_core.stellar import StellarParameters
from astroseq_core.store import in_hand, scores
from astroseq_core.store.scores import OK, ScoreRow
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.ui import opened
from astroseq_core.ui.kept import Kept
from astroseq_core.ui.opened import BEST, Scored
from astroseq_core.vetting.others import others_of

if TYPE_CHECKING:
    from astroseq_core.lightcurves.pixels import PixelColumns
    from astroseq_core.vetting.examine import Examination

log = logging.getLogger(__name__)
#: So many examined stars are kept: the one that is read, its neighbours, and some to go back to.
KEPT = 12
#: What the ephemeris of the star score is called among a star's signals.
FOLD_NAME = "star score's fold"
HAND_NAME = "in hand"


@dataclass(frozen=True)
class Signal:
    """An ephemeris that the star can be examined at, what it is called, and where it is from (store.in_hand.SOURCES)."""

    name: str
    ephemeris: Ephemeris
    source: str


@dataclass(frozen=True, eq=False)
class VetStar:
    """All that the screen shows of one star.

    ``row``: its newest score in the store by the model, None without; ``signals``: what it can be examined at, the chosen one by
    ``signal``, None where nothing is known that could be folded; ``examined`` then is None, too. ``pixels``: what the detector
    saw of each observation that was examined, None where that is not known.
    """

    place: Mapping[str, str]
    request: StarRequest
    star: OpenedStar
    card: ModelCard | None
    row: ScoreRow | None
    scored: Scored | None
    stellar: StellarParameters
    signals: tuple[Signal, ...]
    signal: Signal | None
    examined: "Examination | None"
    pixels: "tuple[PixelColumns | None, ...]"

    @property
    def target_id(self) -> str:
        """The star's identifier."""
        return self.star.target.id

    @property
    def score(self) -> float | None:
        """The star score by the model, None where there is none."""
        if self.row is not None:
            return self.row.star_score
        return self.scored.star.star_score if self.scored is not None and self.scored.star is not None else None

    @property
    def others(self) -> tuple[Ephemeris, ...]:
        """The star's other known signals: those that are no other name of the one in hand."""
        if self.signal is None:
            return ()
        return others_of(self.star.ephemerides, self.signal.ephemeris)


def get(place: Mapping[str, str], signal: str = "") -> VetStar:
    """The star, made ready now or before; ``signal``: the name of that to examine it at, the likeliest where empty.

    Raises the AstroSeqError that says why it cannot be opened.
    """
    key, memory = _key(place, signal), opened.kept_scores()
    coming: Future[VetStar] | None = _coming().get(key)
    if coming is not None and (coming.done() or coming.running()):
        try:
            found = coming.result()
        except AstroSeqError:
            # Asked again: what stood in its way may be gone.
            found = _make(place, signal, memory)
    else:
        found = _make(place, signal, memory)
        _keep(key, found)
    if found.scored is None and found.card is not None:
        # Its probabilities may have come since it was made ready, and with them a signal to look at.
        known = opened.recalled(memory, found.request, found.star, found.card)
        if known is not None:
            found = replace(found, scored=known) if found.signal is not None else _make(place, signal, memory)
            _keep(key, found)
    return found


def prepare(place: Mapping[str, str]) -> None:
    """Have a star made ready beside what goes on, its probabilities too; what goes wrong is told when it is its turn."""
    key = _key(place, "")
    if _coming().get(key) is not None:
        return
    coming = _worker().submit(_make, place, "", opened.kept_scores())
    _coming().put(key, coming)
    score = opened.scorer()

    def then(made: "Future[VetStar]") -> None:
        # Nobody waits for these: a star whose probabilities are late is shown without, and they come when they are there.
        if made.exception() is None and (one := made.result()).scored is None and one.card is not None:
            score(one.request, one.star, one.card)

    coming.add_done_callback(then)


def _key(place: Mapping[str, str], signal: str) -> tuple[Any, ...]:
    """What the result depends on: the star's files, its score, what is in hand."""
    try:
        request = request_at(place)
        stamp = opened.changed(request)
    except AstroSeqError:
        return (json.dumps(dict(place), sort_keys=True), signal)
    hand = in_hand.of(request.name)
    row = _row(request.name, place.get("model", ""))
    return (json.dumps(dict(place), sort_keys=True), signal, stamp, None if hand is None else hand.at,
            None if row is None else (row.model_id, row.at))  # fmt: skip


def _keep(key: tuple[Any, ...], star: VetStar) -> None:
    ready: Future[VetStar] = Future()
    ready.set_result(star)
    _coming().put(key, ready)


def _make(place: Mapping[str, str], signal: str, memory: Kept) -> VetStar:
    """The star; ``memory``: where scores are kept, handed over because threads know nothing of pages."""
    from astroseq_core.scoring import pixels
    from astroseq_core.scoring.opening import open_star

    request = request_at(place)
    star = open_star(request)
    card = _card(star, place.get("model", ""))
    row = _row(star.target.id, place.get("model", ""))
    scored = None if card is None else opened.recalled(memory, request, star, card)
    hand = in_hand.of(star.target.id)
    signals = signals_of(star, row, scored, hand)
    chosen = next((s for s in signals if s.name == signal), signals[0] if signals else None)
    stellar = _stellar(star, request)
    members = timeline.without_overlaps(star.prepared)
    columns, damaged = pixels.of_curves((star.prepared[i].curve for i in members), request.source, request.folder)
    for sentence in damaged:
        log.info("%s: %s", star.target.id, sentence)
    prepared = [star.prepared[i] for i in members]
    examined = None if chosen is None else _examined(star, prepared, chosen.ephemeris, stellar, columns)
    return VetStar(dict(place), request, star, card, row, scored, stellar, signals, chosen, examined, columns)


def signals_of(
    star: OpenedStar, row: ScoreRow | None, scored: Scored | None, hand: in_hand.InHand | None
) -> tuple[Signal, ...]:
    """What the star can be examined at, the likeliest first: what is in hand, the catalogue's that the score found, the fold."""
    known = [Signal(e.name, e, in_hand.CATALOGUE) for e in star.ephemerides]
    if row is not None:
        known.sort(key=lambda s: s.ephemeris.name != row.match)
    found = [] if hand is None else [Signal(HAND_NAME, hand.ephemeris, hand.source)]
    found += known
    if (fold := _fold(star, row, scored)) is not None:
        found.append(fold)
    return tuple(found)


def _fold(star: OpenedStar, row: ScoreRow | None, scored: Scored | None) -> Signal | None:
    """The ephemeris that the star score found, from the store or else from what was just scored."""
    if row is not None and row.status == OK and row.best_t0 is not None and row.t0_system:
        found = (row.best_t0, TimeSystem.parse(row.t0_system), row.best_period_days, row.best_duration_hours, row.t0_err_days,
                 row.period_err_days)  # fmt: skip
    elif scored is not None and scored.star is not None:
        one = scored.star
        found = (one.best_t0.days, one.best_t0.system, one.best_period_days, one.best_duration_hours, one.t0_err_days,
                 one.period_err_days)  # fmt: skip
    else:
        return None
    t0, system, period, hours, t0_err, period_err = found
    try:
        ephemeris = Ephemeris(star.target.id, FOLD_NAME, Instant(t0, system), period, hours or 2.0, None, t0_err or 0.0,
                              period_err or 0.0)  # fmt: skip
    except AstroSeqError as error:
        log.info("%s: its fold is no ephemeris: %s", star.target.id, error)
        return None
    return Signal(FOLD_NAME, ephemeris, in_hand.FOLD)


def _examined(
    star: OpenedStar,
    prepared: Sequence[PreparedCurve],
    ephemeris: Ephemeris,
    stellar: StellarParameters,
    columns: "Sequence[PixelColumns | None]",
) -> "Examination":
    from astroseq_core.vetting.examine import examine

    others = others_of(star.ephemerides, ephemeris)
    return examine(prepared, ephemeris, others=others, stellar=stellar, pixels=columns, known=star.ephemerides)


def _stellar(star: OpenedStar, request: StarRequest) -> StellarParameters:
    from astroseq_core.scoring.star_facts import star_facts

    return star_facts(star.target, star.curves, request.source, request.folder)


def _row(target_id: str, model: str) -> ScoreRow | None:
    """The star's newest score by that model, or by any where none is named."""
    rows = [r for r in scores.of_star(target_id) if r.status == OK]
    named = [r for r in rows if r.model_id == model]
    return named[0] if named else None if model else (rows[0] if rows else None)


def _card(star: OpenedStar, model: str) -> ModelCard | None:
    """The model whose probabilities are shown: the named one where it suits the star, else the best."""
    try:
        return opened.model_for(star, model or BEST)
    except ModelError:
        return opened.model_for(star, BEST)


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _coming() -> Kept:
    return Kept(KEPT)


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _worker() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="vetting")
