"""Agreement between reviewers, and the stars on which they disagree."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from astroseq_core.disposition_codes import UNSURE_DISPOSITIONS
from astroseq_core.store import disposition_entry as reviewer_names
from astroseq_core.store import dispositions
from astroseq_core.store.disposition_entry import Disposition


@dataclass(frozen=True)
class Agreement:
    """Agreement of two reviewers over the stars that both have vetted.

    Attributes
    ----------
    reviewer_a : str
        Name of the first reviewer.
    reviewer_b : str
        Name of the second reviewer.
    num_stars : int
        Number of stars with a current disposition by both.
    num_agree : int
        Number of those stars on which the dispositions are equal.
    kappa : float or None
        Cohen's kappa; None if undefined.
    """

    reviewer_a: str
    reviewer_b: str
    num_stars: int
    num_agree: int
    kappa: float | None


@dataclass(frozen=True)
class Conflict:
    """A star on which reviewers disagree.

    Attributes
    ----------
    target_id : str
        Identifier of the star.
    dispositions : tuple of Disposition
        The current disposition of each reviewer, by reviewer.
    weak : bool
        Whether the disagreement is only with reviewers who chose UNSURE.
    """

    target_id: str
    dispositions: tuple[Disposition, ...]
    weak: bool


def cohen_kappa(reviewer_a: str, reviewer_b: str) -> float | None:
    """Compute Cohen's kappa of two reviewers over the stars that both have vetted.

    1 is full agreement, 0 agreement as by chance. Every disposition counts as a category of its
    own, UNSURE too (Cohen 1960, Educ. Psychol. Meas. 20, 37).

    Parameters
    ----------
    reviewer_a : str
        Name of the first reviewer.
    reviewer_b : str
        Name of the second reviewer.

    Returns
    -------
    float or None
        Kappa; None if it is undefined: without a common star, or if both gave one and the same
        disposition to all.

    Raises
    ------
    StoreError
        If a name is not valid or the store cannot be read.
    """
    by_a, by_b = (
        {v.target_id: v.disposition for v in dispositions.list_by_reviewer(reviewer_names.clean_name(r))}
        for r in (reviewer_a, reviewer_b)
    )
    both = sorted(by_a.keys() & by_b.keys())
    return _cohen_kappa([by_a[t] for t in both], [by_b[t] for t in both])


def pairwise_agreement() -> tuple[Agreement, ...]:
    """Return the agreement of every pair of reviewers with a star in common.

    Returns
    -------
    tuple of Agreement
        One entry per pair, sorted by name.
    """
    given: dict[str, dict[str, str]] = {}
    for disposition in dispositions.list_current():
        given.setdefault(disposition.reviewer, {})[disposition.target_id] = disposition.disposition
    found = []
    for a, b in combinations(sorted(given), 2):
        both = sorted(given[a].keys() & given[b].keys())
        if both:
            by_a, by_b = ([given[r][t] for t in both] for r in (a, b))
            alike = sum(one == other for one, other in zip(by_a, by_b, strict=True))
            found.append(Agreement(a, b, len(both), alike, _cohen_kappa(by_a, by_b)))
    return tuple(found)


def list_conflicts() -> tuple[Conflict, ...]:
    """Return the stars on which reviewers disagree.

    Returns
    -------
    tuple of Conflict
        Sorted by star, with the weak conflicts (only UNSURE differs) last.
    """
    by_star: dict[str, list[Disposition]] = {}
    for disposition in dispositions.list_current():
        by_star.setdefault(disposition.target_id, []).append(disposition)
    found = []
    for target_id, verdicts in by_star.items():
        kinds = {v.disposition for v in verdicts}
        if len(kinds) > 1:
            found.append(Conflict(target_id, tuple(verdicts), len(kinds.difference(UNSURE_DISPOSITIONS)) < 2))
    return tuple(sorted(found, key=lambda c: c.weak))


def _cohen_kappa(a: Sequence[str], b: Sequence[str]) -> float | None:
    if len({*a, *b}) < 2:
        return None
    from sklearn.metrics import cohen_kappa_score

    return float(cohen_kappa_score(a, b))
