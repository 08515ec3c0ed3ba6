"""Second half of a survey's work on a star: fold its segment scores, find its signals and fold these into views."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError, LightCurveError
from astroseq_core.preprocessing.prepare import DetrendedLightCurve
from astroseq_core.scoring.segments import SegmentScores
from astroseq_core.scoring.star import StarScore, score_star
from astroseq_core.signals.fold_views import fold_views
from astroseq_core.signals.search import find_signals
from astroseq_core.signals.signal import FoundSignal
from astroseq_core.signals.views import SignalViews

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class FoldTask:
    """A star whose segments are scored.

    Attributes
    ----------
    scores : tuple of SegmentScores
        Segment scores, one element per light curve.
    detrended : tuple of DetrendedLightCurve
        The light curves in which to search for signals; empty for no search.
    """

    scores: tuple[SegmentScores, ...]
    detrended: tuple[DetrendedLightCurve, ...] = ()


@dataclass(frozen=True, eq=False)
class FoldedStar:
    """A star with its score and signals, which are not classified yet.

    Attributes
    ----------
    score : StarScore
        The star score.
    signals : tuple of FoundSignal or None
        Its signals; None if they were not searched.
    views : SignalViews or None
        Views of those signals that can be folded; None if there are none.
    folded : tuple of int
        Index of each of these among the signals.
    problem : str
        Why signals could not be searched; "" if they could.
    seconds : tuple of (float, float)
        Time spent on the score and on the signals [s].
    """

    score: StarScore
    signals: tuple[FoundSignal, ...] | None = None
    views: SignalViews | None = None
    folded: tuple[int, ...] = ()
    problem: str = ""
    seconds: tuple[float, float] = (0.0, 0.0)


def fold_star(task: FoldTask) -> FoldedStar:
    """Fold the segment scores of a star into its star score, and find and fold its signals.

    A star whose signals cannot be searched has its score all the same.

    Parameters
    ----------
    task : FoldTask
        The star.

    Returns
    -------
    FoldedStar
        Its score, signals and views.
    """
    begun = time.perf_counter()
    score = score_star(task.scores)
    scored = time.perf_counter()
    if not task.detrended:
        return FoldedStar(score, seconds=(scored - begun, 0.0))
    signals: tuple[FoundSignal, ...] | None = None
    views: SignalViews | None = None
    folded: tuple[int, ...] = ()
    problem = ""
    try:
        signals = find_signals(task.scores, task.detrended, score)
        folded, views = fold_those_that_can_be(task.detrended, signals)
    except AstroSeqError as error:
        problem = f"Its signals could not be searched: {error}"
    except Exception as error:  # whatever it is, the score stands
        log.exception("The signals of %s could not be searched.", score.target_id)
        problem = f"The search for its signals failed unexpectedly ({type(error).__name__}: {error})."
    return FoldedStar(score, signals, views, folded, problem, (scored - begun, time.perf_counter() - scored))


def fold_those_that_can_be(
    detrended: Sequence[DetrendedLightCurve], signals: Sequence[FoundSignal]
) -> tuple[tuple[int, ...], SignalViews | None]:
    """Return the views of the signals of a star that can be folded.

    Parameters
    ----------
    detrended : sequence of DetrendedLightCurve
        Light curves of the star.
    signals : sequence of FoundSignal
        Its signals.

    Returns
    -------
    places : tuple of int
        Index of each signal that has views; one whose cadences are all left out, as in flares, has none.
    views : SignalViews or None
        Their views; None if there are none.
    """
    each = [signal.ephemeris for signal in signals]
    places = tuple(range(len(each)))
    if not places:
        return (), None
    try:
        return places, fold_views(detrended, each)
    except LightCurveError:
        good = tuple(n for n in places if _can_be_folded(detrended, each[n]))
        return good, fold_views(detrended, [each[n] for n in good]) if good else None


def _can_be_folded(detrended: Sequence[DetrendedLightCurve], ephemeris: Ephemeris) -> bool:
    try:
        fold_views(detrended, [ephemeris])
    except LightCurveError:
        return False
    return True


def join_views(parts: Sequence[SignalViews]) -> SignalViews:
    """Return the views of several stars as those of all their signals.

    Parameters
    ----------
    parts : sequence of SignalViews
        Views of each star's signals; at least one.

    Returns
    -------
    SignalViews
        All views, in order.
    """
    names = SignalViews.__dataclass_fields__
    return SignalViews(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})
