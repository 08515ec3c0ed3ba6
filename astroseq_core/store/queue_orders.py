"""Sort orders of a vetting queue, as pure functions."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from astroseq_core.columns import PLANET_SCORE, STAR_SCORE
from astroseq_core.disposition_codes import UNSURE_DISPOSITIONS

if TYPE_CHECKING:
    from _typeshed import SupportsRichComparison

Key = TypeVar("Key", bound="SupportsRichComparison")

#: Names of the orders: highest rank, nearest to the threshold, largest disagreement of two models or of reviewers, as given,
#: least certain class.
BY_SCORE, BY_UNCERTAINTY, BY_MODEL_DISAGREEMENT, BY_REVIEWER_DISAGREEMENT, AS_GIVEN, BY_DOUBT = ORDERS = (
    "score",
    "uncertainty",
    "disagreement_models",
    "disagreement_reviewers",
    "as_given",
    "doubt",
)
#: Segment probability that favors neither class.
UNDECIDED = 0.5


@dataclass(frozen=True)
class QueueItem:
    """A star of a vetting queue.

    Attributes
    ----------
    target_id : str
        Identifier of the star.
    place : mapping of str to str
        Star location: the URL parameters with which Explore opens it.
    score : float or None
        Star score by `model_id`.
    model_id : str
        Identifier of the model.
    period_days : float or None
        Best period [d].
    probability : float or None
        Highest segment probability.
    planet_score : float or None
        Planet score by `model_id`.
    doubt : float or None
        Doubt of the best signal's class, from 0 (certain) to 1.
    """

    target_id: str
    place: Mapping[str, str] = field(default_factory=dict, hash=False)
    score: float | None = None
    model_id: str = ""
    period_days: float | None = None
    probability: float | None = None
    planet_score: float | None = None
    doubt: float | None = None


def sort_by_score(items: Iterable[QueueItem]) -> tuple[QueueItem, ...]:
    """Sort items by rank: by planet score, highest first, then those without one by star score.

    Parameters
    ----------
    items : iterable of QueueItem
        The items.

    Returns
    -------
    tuple of QueueItem
        Sorted items; those without a score last, in their given order.
    """

    def place(item: QueueItem) -> tuple[bool, float, float] | None:
        if item.score is None:
            return None
        return item.planet_score is None, -(item.planet_score or 0.0), -item.score

    return _sort_items(items, place)


def sort_by_doubt(items: Iterable[QueueItem]) -> tuple[QueueItem, ...]:
    """Sort items by the doubt of their best signal's class, least certain first.

    Parameters
    ----------
    items : iterable of QueueItem
        The items.

    Returns
    -------
    tuple of QueueItem
        Sorted items; those without a class last, in their given order.
    """
    return _sort_items(items, lambda item: None if item.doubt is None else -item.doubt)


def sort_by_uncertainty(
    items: Iterable[QueueItem], threshold: float | None = None, score: str = STAR_SCORE
) -> tuple[QueueItem, ...]:
    """Sort items by uncertainty, least certain first.

    With a score threshold, the items with scores nearest to it come first; without one, those whose
    highest segment probability is nearest to 0.5.

    Parameters
    ----------
    items : iterable of QueueItem
        The items.
    threshold : float or None, optional
        Score threshold.
    score : str, optional
        The score that it is one of: `planet_score` or `star_score`.

    Returns
    -------
    tuple of QueueItem
        Sorted items; those without the value last, in their given order.
    """
    if threshold is None:
        return _sort_items(items, lambda item: None if item.probability is None else abs(item.probability - UNDECIDED))

    def distance(item: QueueItem) -> float | None:
        value = item.planet_score if score == PLANET_SCORE else item.score
        return None if value is None else abs(value - threshold)

    return _sort_items(items, distance)


def sort_by_model_disagreement(
    items: Iterable[QueueItem], a: Mapping[str, float], b: Mapping[str, float]
) -> tuple[QueueItem, ...]:
    """Sort items by how much the ranks of two models differ, largest difference first.

    Ranks are fractions among the stars that both models scored, so that models with different score
    scales compare.

    Parameters
    ----------
    items : iterable of QueueItem
        The items.
    a : mapping of str to float
        Star scores of the first model, by star.
    b : mapping of str to float
        Star scores of the second model, by star.

    Returns
    -------
    tuple of QueueItem
        Sorted items; stars that one model did not score last, in their given order.
    """
    both = a.keys() & b.keys()
    ranks_a, ranks_b = (rank_fractions({t: scores[t] for t in both}) for scores in (a, b))
    return _sort_items(items, lambda i: -abs(ranks_a[i.target_id] - ranks_b[i.target_id]) if i.target_id in both else None)


def sort_by_reviewer_disagreement(items: Iterable[QueueItem], dispositions: Mapping[str, Sequence[str]]) -> tuple[QueueItem, ...]:
    """Sort items by how much the reviewers disagree, most first.

    Stars with two dispositions that exclude each other come first, then those on which only some
    chose UNSURE, each by entropy; all others follow in their given order.

    Parameters
    ----------
    items : iterable of QueueItem
        The items.
    dispositions : mapping of str to sequence of str
        Current dispositions by star.

    Returns
    -------
    tuple of QueueItem
        Sorted items.
    """

    def place(item: QueueItem) -> tuple[int, float]:
        given = dispositions.get(item.target_id, ())
        firm = len(set(given).difference(UNSURE_DISPOSITIONS)) > 1
        return (0 if firm else 1, -disposition_entropy(given))

    return _sort_items(items, place)


def rank_fractions(scores: Mapping[str, float]) -> dict[str, float]:
    """Return each star's rank as a fraction from 0 (highest score) to 1 (lowest score).

    Parameters
    ----------
    scores : mapping of str to float
        Star scores by star.

    Returns
    -------
    dict of str to float
        Rank fractions by star; equal scores share the mean of their ranks.

    Examples
    --------
    >>> rank_fractions({"a": 9.0, "b": 5.0, "c": 5.0})
    {'a': 0.0, 'b': 0.75, 'c': 0.75}
    """
    ordered = sorted(scores, key=lambda t: -scores[t])
    found: dict[str, float] = {}
    first = 0
    while first < len(ordered):
        last = first
        while last + 1 < len(ordered) and scores[ordered[last + 1]] == scores[ordered[first]]:
            last += 1
        for target_id in ordered[first : last + 1]:
            found[target_id] = (first + last) / 2 / max(1, len(ordered) - 1)
        first = last + 1
    return found


def disposition_entropy(given: Sequence[str]) -> float:
    """Compute the entropy of dispositions [bit] (Shannon 1948).

    Parameters
    ----------
    given : sequence of str
        Dispositions of one star.

    Returns
    -------
    float
        0 if all are the same, 1 for one against one.

    Examples
    --------
    >>> disposition_entropy(["PC", "FP"]), disposition_entropy(["PC", "PC"])
    (1.0, 0.0)
    """
    shares = [n / len(given) for n in Counter(given).values()]
    return 0.0 - sum(p * math.log2(p) for p in shares)


def _sort_items(items: Iterable[QueueItem], key: Callable[[QueueItem], Key | None]) -> tuple[QueueItem, ...]:
    """Sort stably by key, lowest first; items whose key is None come last."""
    given: list[tuple[Key, QueueItem]] = []
    missing: list[QueueItem] = []
    for item in items:
        if (value := key(item)) is None:
            missing.append(item)
        else:
            given.append((value, item))
    return (*(item for _, item in sorted(given, key=lambda pair: pair[0])), *missing)
