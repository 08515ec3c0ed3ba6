"""The orders of a queue of stars: pure functions that give the items again, first what is to be seen first."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

#: The orders by name: highest star score, least certain, most different by two models or by reviewers, or as they were given.
SCORE, UNCERTAINTY, MODELS, REVIEWERS, AS_GIVEN = ORDERS = (
    "score", "uncertainty", "disagreement_models", "disagreement_reviewers", "as_given",
)  # fmt: skip
#: A segment probability that says nothing either way.
UNDECIDED = 0.5
UNSURE = "UNSURE"


@dataclass(frozen=True)
class Item:
    """A star to be judged: the ``place`` is what Explore's address says to open it.

    ``score``: its star score by ``model_id``; ``period_days``: of the best fold; ``probability``: its highest segment's.
    """

    target_id: str
    place: Mapping[str, str] = field(default_factory=dict, hash=False)
    score: float | None = None
    model_id: str = ""
    period_days: float | None = None
    probability: float | None = None


def by_score(items: Iterable[Item]) -> tuple[Item, ...]:
    """The highest star score first; those without one last, as they were given."""
    return _sorted(items, lambda item: None if item.score is None else -item.score)


def by_uncertainty(items: Iterable[Item], threshold: float | None = None) -> tuple[Item, ...]:
    """The least certain first: star scores nearest to the ``threshold`` of the cut.

    Without a cut, highest segment probabilities nearest to a half. Those without the number last, as they were given.
    """
    if threshold is None:
        return _sorted(items, lambda item: None if item.probability is None else abs(item.probability - UNDECIDED))
    return _sorted(items, lambda item: None if item.score is None else abs(item.score - threshold))


def by_models(items: Iterable[Item], a: Mapping[str, float], b: Mapping[str, float]) -> tuple[Item, ...]:
    """The stars on whose ranks two models differ most first; ``a`` and ``b``: each model's star scores by star.

    Ranks are as fractions among the stars that both scored, so that models of different scales compare. Stars that one of them
    did not score come last, as they were given.
    """
    both = a.keys() & b.keys()
    ranks_a, ranks_b = (rank_fractions({t: scores[t] for t in both}) for scores in (a, b))
    return _sorted(items, lambda i: -abs(ranks_a[i.target_id] - ranks_b[i.target_id]) if i.target_id in both else None)


def by_reviewers(items: Iterable[Item], verdicts: Mapping[str, Sequence[str]]) -> tuple[Item, ...]:
    """The stars on which reviewers differ most first; ``verdicts``: the dispositions that stand, by star.

    First those with two that exclude each other, then those of which one is UNSURE and another is not, each by entropy; then all
    others as they were given.
    """

    def place(item: Item) -> tuple[int, float]:
        given = verdicts.get(item.target_id, ())
        firm = len(set(given) - {UNSURE}) > 1
        return (0 if firm else 1, -entropy(given))

    return _sorted(items, place)


def rank_fractions(scores: Mapping[str, float]) -> dict[str, float]:
    """Each star's rank as a fraction: 0 for the highest score, 1 for the lowest; equal scores share the mean of their ranks."""
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


def entropy(given: Sequence[str]) -> float:
    """How mixed the dispositions are [bit] (Shannon 1948): 0 where all are the same, 1 for one against one."""
    shares = [n / len(given) for n in Counter(given).values()]
    return 0.0 - sum(p * math.log2(p) for p in shares)


def _sorted(items: Iterable[Item], key: Callable[[Item], Any]) -> tuple[Item, ...]:
    """By key, the lowest first and those without one last; equal ones stay as they were given."""
    keyed = [(key(item), item) for item in items]
    there = sorted((pair for pair in keyed if pair[0] is not None), key=lambda pair: pair[0])
    return tuple(item for _, item in (*there, *(pair for pair in keyed if pair[0] is None)))
