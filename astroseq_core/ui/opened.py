"""Opening and scoring a star for the pages, each result kept as long as the files behind it stay the same."""

import gc
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from astroseq_core import targets
from astroseq_core.archive import snapshots
from astroseq_core.archive.tables import TABLES
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import ModelError
from astroseq_core.lightcurves import local
from astroseq_core.lightcurves.cache import LightCurveCache
from astroseq_core.lightcurves.prepare import BY_INSTRUMENT, with_detrending
from astroseq_core.scoring import card as cards
from astroseq_core.scoring import kept
from astroseq_core.scoring.card import ModelCard
from astroseq_core.scoring.opening import OpenedStar, Source, StarRequest, open_star
from astroseq_core.scoring.segments import Failure, SegmentScores, score_curves
from astroseq_core.scoring.star import StarScore, score_star
from astroseq_core.store import in_hand, promoted
from astroseq_core.ui.kept import Kept
from astroseq_core.vetting.fold import Fold, fold_all

#: Opened stars (a few MB each) and their scores (some kB) that are kept.
STARS_KEPT, SCORES_KEPT = 16, 256
#: What stands for "take the best model for this cadence".
BEST = "best"

Stamp = tuple[tuple[str, int], ...]


@dataclass(frozen=True, eq=False)
class Scored:
    """Segment scores, or the failure, of each of the star's observations, and the star's scores where any could be scored."""

    observations: tuple[SegmentScores | Failure, ...]
    star: StarScore | None

    @property
    def scores(self) -> tuple[SegmentScores | None, ...]:
        """One for each observation, None where it failed."""
        return tuple(s if isinstance(s, SegmentScores) else None for s in self.observations)

    @property
    def failures(self) -> tuple[str, ...]:
        """Why observations could not be scored."""
        return tuple(s.reason for s in self.observations if isinstance(s, Failure))


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _kept(what: str, size: int) -> Kept:
    return Kept(size)


def changed(request: StarRequest) -> Stamp:
    """Names and times of change of all that the request reads, so that what is kept of older files is not used."""
    paths: list[Path] = []
    if request.source is Source.FILES and request.folder.strip():
        paths += local.list_light_curves(Path(request.folder).expanduser())
    stored: list[tuple[str, int]] = []
    if request.source is Source.CACHE:
        # In milliseconds: noting when a file was read rounds the time at which it was stored.
        entries = LightCurveCache().entries(targets.parse_star(request.name))
        stored = [(f"{e.observation} {e.author} {e.exposure_seconds}", round(e.stored * 1e3)) for e in entries if e.stored > 0]
    if request.ephemerides.strip():
        paths.append(Path(request.ephemerides).expanduser())
    if request.source is not Source.SIMULATED:
        paths += [snapshots.path_of(table) for table in TABLES.values()]
    return (*stored, *((str(p), p.stat().st_mtime_ns) for p in paths if p.exists()))


def opened(request: StarRequest, method: str = "", window_days: float | None = None) -> tuple[StarRequest, OpenedStar]:
    """The star, and the request that names its preparation in full; raises what open_star raises.

    ``method`` and ``window_days``: the trend that is asked for; the instrument's own where empty and None.
    """
    star = _opened(request)
    usual = BY_INSTRUMENT[star.instrument.name]
    wanted = with_detrending(usual, method or usual.detrending, window_days or usual.window_days)
    if wanted == usual:
        return request, star
    request = replace(request, preparation=wanted)
    return request, _opened(request)


def _opened(request: StarRequest) -> OpenedStar:
    kept, key = _kept("stars", STARS_KEPT), (request, changed(request))
    star: OpenedStar | None = kept.get(key)
    if star is None:
        star = open_star(request)
        kept.put(key, star)
    hand = in_hand.of(star.target.id)
    return star if hand is None else with_hand(star, hand.ephemeris)


def with_hand(star: OpenedStar, ephemeris: Ephemeris) -> OpenedStar:
    """The star with the ephemeris that a person took in hand first, in place of the catalogue's of the same name."""
    if ephemeris in star.ephemerides:
        return star
    others = tuple(e for e in star.ephemerides if e.name != ephemeris.name)
    named = replace(ephemeris, name=f"{ephemeris.name} (in hand)")
    said = "; ".join(filter(None, (star.catalogue, "what was taken in hand when it was vetted")))
    return replace(star, ephemerides=(named, *others), catalogue=said)


def folds(request: StarRequest, star: OpenedStar, members: tuple[int, ...]) -> tuple[Fold, ...]:
    """The folds of all the star's ephemerides over those of its observations."""
    kept, key = _kept("folds", STARS_KEPT), (request, changed(request), members, star.ephemerides)
    known: tuple[Fold, ...] | None = kept.get(key)
    if known is None:
        known = fold_all([star.prepared[i] for i in members], star.ephemerides)
        kept.put(key, known)
    return known


def model_for(star: OpenedStar, model: str) -> ModelCard | None:
    """The card of the model that is asked for, or of the best for this star's cadence; None where none suits.

    Raises ModelError when the model that is asked for does not exist or was not made for these light curves.
    """
    if model == BEST:
        return cards.best_for(star.curves[0], promoted.defaults())
    card = cards.read(cards.folder_of(model))
    if not any(card.suits(c) for c in star.curves):
        raise ModelError(
            f"{card.model_id} was made for {' and '.join(card.instruments)} at {card.cadence_minutes:.3g} min, and "
            f"{star.target} was seen by {star.instrument.name} every {star.curves[0].cadence_minutes:.3g} min; "
            "choose another model."
        )
    return card


def scored(request: StarRequest, star: OpenedStar, card: ModelCard) -> Scored | None:
    """The star's scores by that model if they are in memory or in the cache already, else None."""
    return recalled(kept_scores(), request, star, card)


def kept_scores() -> Kept:
    """Where scores are kept in memory, for threads of their own, which know nothing of pages."""
    found: Kept = _kept("scores", SCORES_KEPT)
    return found


def recalled(memory: Kept, request: StarRequest, star: OpenedStar, card: ModelCard) -> Scored | None:
    """As ``scored``, where scores in memory are kept in ``memory``."""
    key = _score_key(request, card)
    known: Scored | None = memory.get(key)
    if known is None and (from_disk := kept.recall(card, star.curves)):
        known = _together(from_disk)
        memory.put(key, known)
    return known


def score(request: StarRequest, star: OpenedStar, card: ModelCard) -> "Future[Scored]":
    """The scores to come: one thread makes them, star after star, and keeps them whether or not anyone still waits."""
    return scorer()(request, star, card)


def scorer() -> "Callable[[StarRequest, OpenedStar, ModelCard], Future[Scored]]":
    """What ``score`` does, for threads of their own, which know nothing of pages."""
    memory, worker = kept_scores(), _worker()

    def score(request: StarRequest, star: OpenedStar, card: ModelCard) -> "Future[Scored]":
        coming: Future[Scored] = worker.submit(_score, memory, _score_key(request, card), star, card)
        return coming

    return score


def _score_key(request: StarRequest, card: ModelCard) -> tuple[StarRequest, Stamp, str, str]:
    # How the star is drawn is no part of it: a model sees what its card says.
    return replace(request, preparation=None), changed(request), card.model_id, card.sha256


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _worker() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="scoring")


def _score(memory: Kept, key: tuple[StarRequest, Stamp, str, str], star: OpenedStar, card: ModelCard) -> Scored:
    known: Scored | None = memory.get(key)
    if known is None:
        from astroseq_core.scoring import model as models

        network = models.load(card.model_id)
        # Streamlit collects garbage after every run of a page; without this it looks through all of TensorFlow each time.
        gc.freeze()
        results = tuple(score_curves(network, star.curves))
        kept.remember(card, star.curves, results)
        known = _together(results)
        memory.put(key, known)
    return known


def _together(results: tuple[SegmentScores | Failure, ...]) -> Scored:
    good = [s for s in results if isinstance(s, SegmentScores) and len(s)]
    return Scored(results, score_star(good) if good else None)
