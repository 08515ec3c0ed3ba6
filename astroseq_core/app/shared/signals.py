"""The signals of stars on the pages: from the store, or searched and classified in the background."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import streamlit as st

from astroseq_core.app.shared import memory as memory_use
from astroseq_core.app.shared import stars
from astroseq_core.app.shared.memory import LRUCache
from astroseq_core.app.shared.stars import ScoredStar
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError, LightCurveError, ModelError, StoreError
from astroseq_core.networks.card import ModelCard
from astroseq_core.scoring.segments import SegmentScores
from astroseq_core.scoring.star_data import StarData, StarRequest
from astroseq_core.signals.signal import FoundSignal
from astroseq_core.signals.star_signals import SourcedEphemeris, StarSignal, merge_signals, with_classes
from astroseq_core.store import scores
from astroseq_core.store import signals as stored_signals
from astroseq_core.store.scores import ScoreRow

if TYPE_CHECKING:
    from astroseq_core.signals.classify_star import Classes
    from astroseq_core.signals.fold_views import StarViews
    from astroseq_core.signals.pictures import SignalPictures

log = logging.getLogger(__name__)
#: Number of stars whose signals are kept in memory.
STARS_KEPT = 512
#: Whether the classifier's networks were loaded, and garbage collected after it.
_loaded = False


@dataclass(frozen=True)
class SignalSources:
    """What the signals of a star are merged from, besides its catalogs.

    Attributes
    ----------
    known : tuple of Ephemeris
        Signals of catalogs, the likeliest first.
    fold : Ephemeris or None
        The fold of the star score.
    adopted : tuple of SourcedEphemeris
        What people adopted, the newest first.
    found : tuple of FoundSignal or None
        What the search found; None before it.
    """

    known: tuple[Ephemeris, ...] = ()
    fold: Ephemeris | None = None
    adopted: tuple[SourcedEphemeris, ...] = ()
    found: tuple[FoundSignal, ...] | None = None

    def merge(self, star: StarData) -> tuple[StarSignal, ...]:
        """Return the signals of the star, each once.

        Parameters
        ----------
        star : StarData
            The star.

        Returns
        -------
        tuple of StarSignal
            See `merge_signals`.
        """
        return merge_signals(star.detrended, self.known, self.found or (), self.fold, self.adopted)


def signals_in_memory() -> LRUCache:
    """Return the in-memory cache of signals and classes, for threads without a Streamlit context.

    Returns
    -------
    LRUCache
        The cache.
    """
    found: LRUCache = _memory_cache()
    return found


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _memory_cache() -> LRUCache:
    return LRUCache(STARS_KEPT)


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _worker() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="signals")


def load_found(memory: LRUCache, request: StarRequest, row: ScoreRow | None, model_id: str) -> tuple[FoundSignal, ...] | None:
    """Return what the search found in a star, from the store or from memory.

    Parameters
    ----------
    memory : LRUCache
        The cache in memory, see `signals_in_memory`.
    request : StarRequest
        The request of the star.
    row : ScoreRow or None
        The star's stored score.
    model_id : str
        The model that scores the star, if it has no stored score.

    Returns
    -------
    tuple of FoundSignal or None
        None if the star has yet to be searched.
    """
    if row is not None and row.num_signals is not None:
        return stored_signals.list_by_star(row.target_id, row.model_id)
    found: tuple[FoundSignal, ...] | None = memory.get((_star_key(request), model_id))
    return found


def load_signals(memory: LRUCache, request: StarRequest, star: StarData, sources: SignalSources) -> tuple[StarSignal, ...]:
    """Return the signals of a star with the classes that are known by now.

    Parameters
    ----------
    memory : LRUCache
        The cache in memory, see `signals_in_memory`.
    request : StarRequest
        The request of the star.
    star : StarData
        The star.
    sources : SignalSources
        What the signals are merged from.

    Returns
    -------
    tuple of StarSignal
        The signals.
    """
    merged = sources.merge(star)
    return with_classes(merged, memory.get(_classes_key(request, merged)) or {})


def known_signals(request: StarRequest, star: StarData, card: ModelCard | None) -> tuple[StarSignal, ...]:
    """Return the signals of a star, without searching or classifying any.

    Parameters
    ----------
    request : StarRequest
        The request of the star.
    star : StarData
        The star.
    card : ModelCard or None
        The model that it is scored with.

    Returns
    -------
    tuple of StarSignal
        Those of catalogs, of the store, and of what was searched in this server, with the classes that are known. Empty if
        the store cannot be read.
    """
    model_id = "" if card is None else card.model_id
    try:
        row = next((r for r in scores.list_by_star(star.target.id) if r.status == scores.OK and r.model_id == model_id), None)
        found = load_found(signals_in_memory(), request, row, model_id)
    except StoreError as error:
        log.warning("The signals of %s are not shown: %s", star.target, error)
        return ()
    return load_signals(signals_in_memory(), request, star, SignalSources(star.ephemerides, found=found))


def are_complete(memory: LRUCache, request: StarRequest, signals: Sequence[StarSignal], sources: SignalSources) -> bool:
    """Return whether a star was searched, and the classifier asked about all of its signals.

    Parameters
    ----------
    memory : LRUCache
        The cache in memory, see `signals_in_memory`.
    request : StarRequest
        The request of the star.
    signals : sequence of StarSignal
        Its signals.
    sources : SignalSources
        What they were merged from.

    Returns
    -------
    bool
        Whether nothing more is to come.
    """
    return sources.found is not None and memory.get(_classes_key(request, signals)) is not None


def load_views(
    memory: LRUCache, request: StarRequest, star: StarData, signals: Sequence[StarSignal], number: int
) -> "tuple[StarViews, SignalPictures, int]":
    """Return what the classifier sees of a signal.

    Parameters
    ----------
    memory : LRUCache
        The cache in memory, see `signals_in_memory`.
    request : StarRequest
        The request of the star.
    star : StarData
        The star.
    signals : sequence of StarSignal
        All its signals: each is folded with the transits of the others left out.
    number : int
        Number of the signal.

    Returns
    -------
    views : StarViews
        Folded views.
    pictures : SignalPictures
        Odd, even and secondary views, and single transits.
    row : int
        Row of the signal in both.

    Raises
    ------
    LightCurveError
        If the signal has no cadence in transit.
    """
    from astroseq_core.signals.fold_views import make_views
    from astroseq_core.signals.folded_flux import fold_flux
    from astroseq_core.signals.pictures import signal_pictures

    key = ("views", *_classes_key(request, signals))
    found: tuple[StarViews, SignalPictures] | None = memory.get(key)
    if found is not None:
        return (*found, number - 1)
    try:
        folds = fold_flux(star.detrended, [s.ephemeris for s in signals])
        found = make_views(folds), signal_pictures(folds)
    except LightCurveError:  # of another signal nothing was observed
        folds = fold_flux(star.detrended, [s.ephemeris for s in signals if s.number == number])
        return make_views(folds), signal_pictures(folds), 0
    memory.put(key, found)
    return (*found, number - 1)


#: Searches and classifies a star in the background: request, star, model, scores, sources.
SubmitSignals = Callable[[StarRequest, StarData, str, ScoredStar, SignalSources], "Future[None]"]


def search_function() -> SubmitSignals:
    """Return a function that searches and classifies the signals of a star in the background, also for threads.

    One thread does star after star. What it finds is kept in memory, where `load_found` and
    `load_signals` look; a star whose search or class fails is not tried again until its files change.

    Returns
    -------
    callable
        Takes the star's request, the star, the model's identifier, its scores, and its sources.
    """
    memory, worker = signals_in_memory(), _worker()

    def submit(request: StarRequest, star: StarData, model_id: str, scored: ScoredStar, sources: SignalSources) -> "Future[None]":
        coming: Future[None] = worker.submit(_search_and_classify, memory, request, star, model_id, scored, sources)
        return coming

    return submit


def _search_and_classify(
    memory: LRUCache, request: StarRequest, star: StarData, model_id: str, scored: ScoredStar, sources: SignalSources
) -> None:
    if sources.found is None:
        key = (_star_key(request), model_id)
        found: tuple[FoundSignal, ...] | None = memory.get(key)
        if found is None:
            found = _search(star, scored)
            memory.put(key, found)
        sources = replace(sources, found=found)
    merged = sources.merge(star)
    key_of_classes = _classes_key(request, merged)
    if memory.get(key_of_classes) is None:
        memory.put(key_of_classes, _classify(star, merged))


def _search(star: StarData, scored: ScoredStar) -> tuple[FoundSignal, ...]:
    from astroseq_core.signals.search import find_signals

    good = [s for s in scored.observations if isinstance(s, SegmentScores) and len(s)]
    try:
        return find_signals(good, star.detrended, scored.star)
    except AstroSeqError as error:
        log.warning("The signals of %s could not be searched: %s", star.target, error)
        return ()


def _classify(star: StarData, signals: Sequence[StarSignal]) -> "Classes":
    from astroseq_core.signals.classify_star import classify_star

    if not signals:
        return {}
    try:
        found = classify_star(star.detrended, [s.ephemeris for s in signals])
    except ModelError as error:
        log.warning("The signals of %s have no classes: %s", star.target, error)
        return {}
    global _loaded
    if not _loaded:
        _loaded = True
        memory_use.set_aside()
    return found


def _star_key(request: StarRequest) -> tuple[object, ...]:
    return replace(request, preprocessing=None), stars.source_stamp(request)


def _classes_key(request: StarRequest, signals: Sequence[StarSignal]) -> tuple[object, ...]:
    return (*_star_key(request), tuple(s.ephemeris for s in signals))
