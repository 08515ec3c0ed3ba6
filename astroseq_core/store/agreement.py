"""How far reviewers agree, and the stars on which they do not."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from astroseq_core.store import dispositions, queue_orders
from astroseq_core.store import reviewer as reviewer_names
from astroseq_core.store.verdict import Verdict


@dataclass(frozen=True)
class Agreement:
    """Two reviewers: on ``num_stars`` verdicts of both stand, on ``agree`` of them the same; ``kappa``: see ``kappa``."""

    reviewer_a: str
    reviewer_b: str
    num_stars: int
    agree: int
    kappa: float | None


@dataclass(frozen=True)
class Conflict:
    """A star with differing ``verdicts`` that stand, by reviewer; ``weak``: all that are sure agree, another is UNSURE."""

    target_id: str
    verdicts: tuple[Verdict, ...]
    weak: bool


def kappa(reviewer_a: str, reviewer_b: str) -> float | None:
    """Cohen's kappa of two reviewers over the stars that both judged: 1 all alike, 0 as alike as by chance.

    Every disposition counts as a kind of its own, UNSURE too (Cohen 1960, Educ. Psychol. Meas. 20, 37). None where it is not
    defined: without a common star, or where both gave one and the same disposition to all.
    """
    by_a, by_b = (
        {v.target_id: v.disposition for v in dispositions.of_reviewer(reviewer_names.clean(r))} for r in (reviewer_a, reviewer_b)
    )
    both = sorted(by_a.keys() & by_b.keys())
    return _kappa([by_a[t] for t in both], [by_b[t] for t in both])


def pairs() -> tuple[Agreement, ...]:
    """Each pair of reviewers who judged a star in common, by name."""
    given: dict[str, dict[str, str]] = {}
    for verdict in dispositions.latest():
        given.setdefault(verdict.reviewer, {})[verdict.target_id] = verdict.disposition
    found = []
    for a, b in combinations(sorted(given), 2):
        both = sorted(given[a].keys() & given[b].keys())
        if both:
            by_a, by_b = ([given[r][t] for t in both] for r in (a, b))
            alike = sum(one == other for one, other in zip(by_a, by_b, strict=True))
            found.append(Agreement(a, b, len(both), alike, _kappa(by_a, by_b)))
    return tuple(found)


def conflicts() -> tuple[Conflict, ...]:
    """The stars on which verdicts of different reviewers differ, by star; the weak ones, of which one is UNSURE, last."""
    by_star: dict[str, list[Verdict]] = {}
    for verdict in dispositions.latest():
        by_star.setdefault(verdict.target_id, []).append(verdict)
    found = []
    for target_id, verdicts in by_star.items():
        kinds = {v.disposition for v in verdicts}
        if len(kinds) > 1:
            found.append(Conflict(target_id, tuple(verdicts), len(kinds - {queue_orders.UNSURE}) < 2))
    return tuple(sorted(found, key=lambda c: c.weak))


def _kappa(a: Sequence[str], b: Sequence[str]) -> float | None:
    if len({*a, *b}) < 2:
        return None
    from sklearn.metrics import cohen_kappa_score

    return float(cohen_kappa_score(a, b))
