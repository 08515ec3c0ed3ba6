"""Stars on the pages: listing, opening and scoring, cached until their files change."""

import threading
import weakref
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from astroseq_core import targets
from astroseq_core.app.shared import memory as memory_use
from astroseq_core.app.shared import models, opened
from astroseq_core.app.shared.folders import list_folder
from astroseq_core.app.shared.memory import LRUCache
from astroseq_core.archive import snapshots
from astroseq_core.archive.exoplanet_archive import CATALOG_TABLES
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError, ModelError, StoreError, TargetError
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.networks.card import ModelCard
from astroseq_core.preprocessing.prepare import DEFAULT_CONFIGS, with_detrending
from astroseq_core.scoring import score_cache
from astroseq_core.scoring.segments import Failure, SegmentScores, score_light_curves
from astroseq_core.scoring.star import StarScore, score_star
from astroseq_core.scoring.star_data import StarData, StarRequest, load_star
from astroseq_core.scoring.star_source import Source
from astroseq_core.store import ephemerides
from astroseq_core.vetting.fold import TransitFold, fold_each_ephemeris

#: The choice of all missions.
ALL_MISSIONS = "All"


def list_stars(source: Source, folder: str = "", mission: str = ALL_MISSIONS) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the identifiers of a source's stars.

    Parameters
    ----------
    source : Source
        Where the light curves are from.
    folder : str, optional
        Folder of light curves, for that source.
    mission : str, optional
        Only this mission's stars. Simulated stars belong to the mission that they imitate.

    Returns
    -------
    identifiers : tuple of str
        In the order of the source.
    problems : tuple of str
        One sentence for each file whose star is unknown.

    Raises
    ------
    LightCurveError
        If the folder does not exist.
    """
    if source is Source.SIMULATED:
        from astroseq_core.simulation import survey

        return tuple(r.target_id for r in survey.survey_rows() if mission in (ALL_MISSIONS, r.instrument)), ()
    found, problems = _list_real_stars(source, folder)
    return tuple(i for i in found if mission in (ALL_MISSIONS, targets.parse_star(i).mission.name)), problems


def _list_real_stars(source: Source, folder: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what `offered` returns, for cached stars or a folder, of all missions."""
    if source is Source.CACHE:
        return LightCurveCache().targets(), ()
    if not folder.strip():
        return (), ()
    grouped = list_folder(folder).files
    return tuple(sorted(grouped.by_target, key=lambda i: (i.split()[0], int(i.split()[1])))), grouped.problems


def neighboring_star(identifiers: tuple[str, ...], name: str, step: int) -> str | None:
    """Return a neighboring star in a list that wraps around.

    Parameters
    ----------
    identifiers : tuple of str
        The list.
    name : str
        The current star.
    step : int
        How many positions further, negative for backwards.

    Returns
    -------
    str or None
        The first star if `name` is not in the list; None for an empty list.

    Examples
    --------
    >>> neighboring_star(("SIM 1", "SIM 2", "SIM 3"), "sim 3", 1)
    'SIM 1'
    """
    if not identifiers:
        return None
    try:
        here = identifiers.index(targets.parse_star(name).id) if name else -1
    except (TargetError, ValueError):
        return identifiers[0]
    return identifiers[(here + step) % len(identifiers)] if here >= 0 else identifiers[0]


#: Cache sizes: opened stars (from 1 MB each to 100), their folds, and scores (some kB each); and the bytes that each may take.
STARS_KEPT, SCORES_KEPT = 32, 256
MAX_CACHE_BYTES = {"stars": 32_000_000, "folds": 8_000_000, "scores": 8_000_000}
#: Placeholder for the best model at the star's cadence.
BEST = "best"

Stamp = tuple[tuple[str, int], ...]


@dataclass(frozen=True, eq=False)
class ScoredStar:
    """Scores of one star.

    Attributes
    ----------
    observations : tuple of (SegmentScores or Failure)
        One for each observation, in order.
    star : StarScore or None
        The star score, None if no observation could be scored.
    """

    observations: tuple[SegmentScores | Failure, ...]
    star: StarScore | None

    @property
    def scores(self) -> tuple[SegmentScores | None, ...]:
        """Segment scores of each observation, None for those that failed."""
        return tuple(s if isinstance(s, SegmentScores) else None for s in self.observations)

    @property
    def failures(self) -> tuple[str, ...]:
        """Reasons of the observations that could not be scored."""
        return tuple(s.reason for s in self.observations if isinstance(s, Failure))


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _memory_cache(what: str, size: int) -> LRUCache:
    """Return one of the caches in memory, made on first use."""
    return LRUCache(size, MAX_CACHE_BYTES[what])


def source_stamp(request: StarRequest) -> Stamp:
    """Return names and modification times of everything that a request reads.

    It is part of the cache keys, so that results of older files are not used.

    Parameters
    ----------
    request : StarRequest
        The star.

    Returns
    -------
    tuple of (str, int)
        Cache entries with the time they were stored [ms], files with their modification time [ns].
    """
    opened.check_request(request)
    paths: list[Path] = []
    if request.source is Source.FOLDER and request.folder.strip():
        paths += _files_of(request)
    stored: list[tuple[str, int]] = []
    if request.source is Source.CACHE:
        # Milliseconds, because updating the access time of an entry rounds the time it was stored.
        entries = LightCurveCache().entries(targets.parse_star(request.name))
        stored = [(f"{e.observation} {e.author} {e.exposure_seconds}", round(e.stored * 1e3)) for e in entries if e.stored > 0]
    if request.ephemerides.strip():
        paths.append(opened.check(request.ephemerides))
    if request.source is not Source.SIMULATED:
        paths += [snapshots.snapshot_path(table) for table in CATALOG_TABLES.values()]
    return (*stored, *((str(p), p.stat().st_mtime_ns) for p in paths if p.exists()))


def _files_of(request: StarRequest) -> Sequence[Path]:
    """Return the files of the star in its folder; all files, if none is known to be of it."""
    listing = list_folder(request.folder)
    try:
        return listing.files.by_target.get(targets.parse_star(request.name).id, listing.paths)
    except TargetError:
        return listing.paths


def load_detrended_star(request: StarRequest, method: str = "", window_days: float | None = None) -> tuple[StarRequest, StarData]:
    """Open a star with the given detrending.

    Parameters
    ----------
    request : StarRequest
        The star.
    method : str, optional
        Detrending method; the instrument's default if empty.
    window_days : float or None, optional
        Detrending window [d]; the instrument's default if None.

    Returns
    -------
    request : StarRequest
        The request, with the preprocessing if it is not the default.
    star : StarData
        The star. An ephemeris adopted during vetting comes first.

    Raises
    ------
    AstroSeqError
        If the star cannot be opened.
    """
    star = _load_cached_star(request)
    usual = DEFAULT_CONFIGS[star.instrument.name]
    wanted = with_detrending(usual, method or usual.detrending, window_days or usual.window_days)
    if wanted == usual:
        return request, star
    request = replace(request, preprocessing=wanted)
    return request, _load_cached_star(request)


#: Locks of the stars that are being loaded, by key.
_locks: weakref.WeakValueDictionary[Hashable, threading.Lock] = weakref.WeakValueDictionary()
_locks_guard = threading.Lock()


def _load_once(kept: LRUCache, request: StarRequest, stamp: Stamp) -> StarData:
    """Load a star unless it is in memory; who asks for it while it is being loaded waits instead of loading it again."""
    key = (request, stamp)
    with _locks_guard:
        lock = _locks.setdefault(key, threading.Lock())
    with lock:
        star: StarData | None = kept.get(key)
        if star is None:
            star = load_star(request)
            kept.put(key, star)
    return star


def _load_cached_star(request: StarRequest) -> StarData:
    star = _load_once(_memory_cache("stars", STARS_KEPT), request, source_stamp(request))
    try:
        hand = ephemerides.load(star.target.id)
    except StoreError as error:  # the star can be shown without what people decided
        return replace(star, problems=(*star.problems, str(error)))
    return star if hand is None else with_adopted_ephemeris(star, hand.ephemeris)


#: Session key of the star that was loaded in the background last.
_SOON_KEY = "loaded soon"


def load_soon(request: StarRequest, model: str = "") -> None:
    """Load a simulated or cached star in the background and score it, so that both are there when it is asked for next.

    Once in a session. Stars of a folder are not loaded: its files may change, or be on a slow disk.

    Parameters
    ----------
    request : StarRequest
        The star, with the preprocessing of the star that is shown. What is wrong with it is told when it is opened.
    model : str, optional
        Model to score it with, see `model_card_for`; by default it is not scored.
    """
    if request.source is Source.FOLDER or st.session_state.get(_SOON_KEY) == (request, model):
        return
    st.session_state[_SOON_KEY] = (request, model)
    try:
        kept, stamp = _memory_cache("stars", STARS_KEPT), source_stamp(request)
    except AstroSeqError:
        return

    memory, score = scores_in_memory(), scoring_function()

    def load() -> None:
        with suppress(AstroSeqError):
            star = _load_once(kept, request, stamp)
            card = model_card_for(star, model) if model else None
            if card is not None and load_scores_from(memory, request, star, card) is None:
                score(request, star, card)

    _loader().submit(load)


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _loader() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="next star")


def with_adopted_ephemeris(star: StarData, ephemeris: Ephemeris) -> StarData:
    """Return the star with an adopted ephemeris put first.

    It replaces the catalog's ephemeris of the same name.

    Parameters
    ----------
    star : StarData
        The star.
    ephemeris : Ephemeris
        The ephemeris that a person adopted.

    Returns
    -------
    StarData
        The same star if it already has exactly that ephemeris.
    """
    if ephemeris in star.ephemerides:
        return star
    others = tuple(e for e in star.ephemerides if e.name != ephemeris.name)
    named = replace(ephemeris, name=f"{ephemeris.name} (adopted)")
    text = "; ".join(filter(None, (star.catalog, "the ephemeris that was adopted in vetting")))
    return replace(star, ephemerides=(named, *others), catalog=text)


def load_folds(request: StarRequest, star: StarData, members: tuple[int, ...]) -> tuple[TransitFold, ...]:
    """Return the folded light curve of each of the star's ephemerides.

    Parameters
    ----------
    request : StarRequest
        The request of the star, for the cache key.
    star : StarData
        The star.
    members : tuple of int
        Indices of the observations to fold.

    Returns
    -------
    tuple of Fold
        In the order of the ephemerides.
    """
    kept, key = _memory_cache("folds", STARS_KEPT), (request, source_stamp(request), members, star.ephemerides)
    known: tuple[TransitFold, ...] | None = kept.get(key)
    if known is None:
        known = fold_each_ephemeris([star.detrended[i] for i in members], star.ephemerides)
        kept.put(key, known)
    return known


def model_card_for(star: StarData, model: str) -> ModelCard | None:
    """Return the model card to score a star with.

    Parameters
    ----------
    star : StarData
        The star.
    model : str
        Identifier of the model, or "best" for the one closest in cadence.

    Returns
    -------
    ModelCard or None
        None if no model suits the star.

    Raises
    ------
    ModelError
        If the model does not exist or was not made for such light curves.
    """
    if model == BEST:
        first = star.light_curves[0]
        return models.best_card(first.instrument.name, first.cadence_minutes)
    card = models.find_card(model)
    if not any(card.suits(c) for c in star.light_curves):
        raise ModelError(
            f"{card.model_id} was made for {' and '.join(card.instruments)} at {card.cadence_minutes:.3g} min, and "
            f"{star.target} was seen by {star.instrument.name} every {star.light_curves[0].cadence_minutes:.3g} min; "
            "choose another model."
        )
    return card


def load_scores(request: StarRequest, star: StarData, card: ModelCard) -> ScoredStar | None:
    """Return the star's scores if they are cached in memory or on disk.

    Parameters
    ----------
    request : StarRequest
        The request of the star.
    star : StarData
        The star.
    card : ModelCard
        The model.

    Returns
    -------
    ScoredStar or None
        None if the star has yet to be scored.
    """
    return load_scores_from(scores_in_memory(), request, star, card)


def scores_in_memory() -> LRUCache:
    """Return the in-memory cache of scores, for threads without a Streamlit context.

    Returns
    -------
    LRUCache
        The cache.
    """
    found: LRUCache = _memory_cache("scores", SCORES_KEPT)
    return found


def load_scores_from(memory: LRUCache, request: StarRequest, star: StarData, card: ModelCard) -> ScoredStar | None:
    """Return the star's scores if they are in the given cache or on disk.

    Parameters
    ----------
    memory : LRUCache
        The cache in memory, see `kept_scores`.
    request : StarRequest
        The request of the star.
    star : StarData
        The star.
    card : ModelCard
        The model.

    Returns
    -------
    ScoredStar or None
        None if the star has yet to be scored.
    """
    key = _score_key(request, card)
    known: ScoredStar | None = memory.get(key)
    if known is None and (from_disk := score_cache.load_all(card, star.light_curves)):
        known = _combine(from_disk)
        memory.put(key, known)
    return known


def submit_scoring(request: StarRequest, star: StarData, card: ModelCard) -> "Future[ScoredStar]":
    """Score a star in the background.

    One thread scores star after star and caches the results, whether or not a page still waits.

    Parameters
    ----------
    request : StarRequest
        The request of the star.
    star : StarData
        The star.
    card : ModelCard
        The model.

    Returns
    -------
    Future of ScoredStar
        The scores to come.
    """
    return scoring_function()(request, star, card)


def scoring_function() -> "Callable[[StarRequest, StarData, ModelCard], Future[ScoredStar]]":
    """Return a version of `score` for threads, which have no Streamlit context.

    Returns
    -------
    callable
        Takes the same arguments as `score`.
    """
    memory, worker = scores_in_memory(), _worker()

    def score(request: StarRequest, star: StarData, card: ModelCard) -> "Future[ScoredStar]":
        coming: Future[ScoredStar] = worker.submit(_score_star, memory, _score_key(request, card), star, card)
        return coming

    return score


def _score_key(request: StarRequest, card: ModelCard) -> tuple[StarRequest, Stamp, str, str]:
    # Without the preprocessing for drawing: a model uses that of its own card.
    return replace(request, preprocessing=None), source_stamp(request), card.model_id, card.sha256


#: Hashes of the networks after whose loading garbage was collected: not after each star.
_set_aside_for: set[str] = set()


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _worker() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="scoring")


def _score_star(memory: LRUCache, key: tuple[StarRequest, Stamp, str, str], star: StarData, card: ModelCard) -> ScoredStar:
    """Score the star unless its scores are in memory by now, and cache the result."""
    known: ScoredStar | None = memory.get(key)
    if known is None:
        from astroseq_core.networks import model

        network = model.load(card.model_id)
        if card.sha256 not in _set_aside_for:
            _set_aside_for.add(card.sha256)
            memory_use.set_aside()
        results = tuple(score_light_curves(network, star.light_curves))
        score_cache.save_all(card, star.light_curves, results)
        known = _combine(results)
        memory.put(key, known)
    return known


def _combine(results: tuple[SegmentScores | Failure, ...]) -> ScoredStar:
    """Combine the results of the observations and compute the star score."""
    good = [s for s in results if isinstance(s, SegmentScores) and len(s)]
    return ScoredStar(results, score_star(good) if good else None)
