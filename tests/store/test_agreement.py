"""How far reviewers agree."""

import pytest

from astroseq_core.store import dispositions
from astroseq_core.store.disposition_entry import Disposition


def judge(reviewer: str, words: str) -> None:
    """A verdict on TIC 1, TIC 2 ... each; '-' leaves the star out."""
    for number, word in enumerate(words.split(), start=1):
        if word != "-":
            dispositions.add(Disposition(f"TIC {number}", word, reviewer))


@pytest.mark.parametrize(
    ("ada", "bob", "expected"),
    [
        ("PC FP PC FP", "PC FP PC FP", 1.0),
        ("PC FP PC FP", "FP PC FP PC", -1.0),
        ("PC PC FP FP", "PC FP PC FP", 0.0),
        # Cohen's way by hand: 7 of 10 alike; by chance 0.5 * 0.6 + 0.5 * 0.4 = 0.5
        ("PC PC PC PC PC FP FP FP FP FP", "PC PC PC PC FP PC PC FP FP FP", (0.7 - 0.5) / (1 - 0.5)),
        ("PC PC PC", "PC PC PC", None),
        ("PC - FP", "- PC -", None),
        ("", "PC", None),
        ("PC UNSURE", "PC UNSURE", 1.0),
    ],
)
def test_kappa(ada: str, bob: str, expected: float | None) -> None:
    judge("ada", ada)
    judge("bob", bob)
    found = dispositions.cohen_kappa("ada", "bob")
    assert found == dispositions.cohen_kappa("bob", "ada")
    assert found is None if expected is None else found == pytest.approx(expected)


def test_pairs_are_those_with_a_star_in_common_and_only_standing_verdicts_count() -> None:
    judge("ada", "PC FP PC")
    judge("bob", "PC FP FP")
    judge("cyd", "- - - FA")
    dispositions.add(Disposition("TIC 3", "FA", "ada"))
    [pair] = dispositions.pairwise_agreement()
    assert (pair.reviewer_a, pair.reviewer_b, pair.num_stars, pair.num_agree) == ("ada", "bob", 3, 2)
    dispositions.undo("ada")
    dispositions.undo("ada")
    [pair] = dispositions.pairwise_agreement()
    assert (pair.num_stars, pair.num_agree, pair.kappa) == (2, 2, 1.0)


def test_conflicts_are_firm_ones_first_then_doubts() -> None:
    judge("ada", "UNSURE PC PC PC UNSURE")
    judge("bob", "PC PC FP CP UNSURE")
    judge("cyd", "- - UNSURE")
    found = dispositions.list_conflicts()
    assert [(c.target_id, c.weak, [v.disposition for v in c.dispositions]) for c in found] == [
        ("TIC 3", False, ["PC", "FP", "UNSURE"]),
        ("TIC 4", False, ["PC", "CP"]),
        ("TIC 1", True, ["UNSURE", "PC"]),
    ]
    dispositions.undo("bob", "TIC 3")
    assert [(c.target_id, c.weak) for c in dispositions.list_conflicts()] == [("TIC 4", False), ("TIC 1", True), ("TIC 3", True)]
