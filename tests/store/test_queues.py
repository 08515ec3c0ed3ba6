"""Queues of stars: their orders, how far a reviewer is, and lists that people give."""

import math
import time
from dataclasses import replace
from pathlib import Path

import pytest

from astroseq_core.errors import LightCurveError, StoreError
from astroseq_core.store import dispositions, queue_orders, queues, scores, thresholds
from astroseq_core.store.disposition_entry import Disposition
from astroseq_core.store.queue_orders import QueueItem
from astroseq_core.store.queues import QueueProgress
from astroseq_core.store.scores import ScoreRow


def stars(items: tuple[QueueItem, ...]) -> list[str]:
    return [item.target_id for item in items]


def scored(**values: float | None) -> list[QueueItem]:
    return [QueueItem(name, score=value) for name, value in values.items()]


# ---- orders


def test_the_highest_score_comes_first_and_those_without_one_last() -> None:
    items = scored(a=1.0, b=None, c=3.0, d=1.0, e=None)
    assert stars(queue_orders.sort_by_score(items)) == ["c", "a", "d", "b", "e"]


def test_the_least_certain_are_nearest_to_the_cut_else_to_a_half() -> None:
    items = [
        QueueItem("a", score=1.0, probability=0.55),
        QueueItem("b", score=7.0, probability=0.05),
        QueueItem("c", probability=0.4),
        QueueItem("d", score=6.5),
        QueueItem("e", score=30.0, probability=0.99),
    ]
    assert stars(queue_orders.sort_by_uncertainty(items, threshold=6.6)) == ["d", "b", "a", "e", "c"]
    assert stars(queue_orders.sort_by_uncertainty(items)) == ["a", "c", "b", "e", "d"]


def test_models_disagree_by_ranks_and_not_by_scores() -> None:
    items = scored(a=None, b=None, c=None, d=None, x=None)
    one = {"a": 4.0, "b": 3.0, "c": 2.0, "d": 1.0}
    # The same order on another scale but for c, which leads; "x" and "y" were scored by one of them only.
    other = {"c": 4e4, "a": 3e4, "b": 2e4, "d": 1e4, "y": 9e9}
    assert stars(queue_orders.sort_by_model_disagreement(items, one | {"x": 9.0}, other)) == ["c", "a", "b", "d", "x"]
    assert queue_orders.sort_by_model_disagreement(items, one, {name: 100 + 7 * s for name, s in one.items()}) == tuple(items)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"a": 5.0}, {"a": 0.0}),
        ({"a": 1.0, "b": 2.0, "c": 3.0}, {"a": 1.0, "b": 0.5, "c": 0.0}),
        ({"a": 2.0, "b": 2.0, "c": 3.0}, {"a": 0.75, "b": 0.75, "c": 0.0}),
        ({"a": 1.0, "b": 1.0}, {"a": 0.5, "b": 0.5}),
    ],
)
def test_ranks_as_fractions(given: dict[str, float], expected: dict[str, float]) -> None:
    assert queue_orders.rank_fractions(given) == expected


def test_entropy_in_bits() -> None:
    assert (
        queue_orders.disposition_entropy(())
        == queue_orders.disposition_entropy(("PC",))
        == queue_orders.disposition_entropy(("PC", "PC"))
        == 0.0
    )
    assert queue_orders.disposition_entropy(("PC", "FP")) == 1.0
    assert queue_orders.disposition_entropy(("PC", "FP", "FA", "UNSURE")) == 2.0
    assert math.isclose(queue_orders.disposition_entropy(("PC", "PC", "FP")), math.log2(3) - 2 / 3)


def test_conflicts_come_before_doubts_and_the_most_mixed_first() -> None:
    items = scored(none=None, alike=None, doubt=None, two_to_one=None, even=None)
    verdicts = {"alike": ["PC", "PC"], "doubt": ["PC", "UNSURE"], "two_to_one": ["PC", "PC", "FP"], "even": ["PC", "FA"]}
    assert stars(queue_orders.sort_by_reviewer_disagreement(items, verdicts)) == ["even", "two_to_one", "doubt", "none", "alike"]


def test_the_store_arranges_by_its_cut_its_scores_and_its_verdicts() -> None:
    for model, by_star in (("m", (9.0, 5.0, 1.0)), ("n", (10.0, 5.0, 50.0))):
        scores.save([ScoreRow(f"TIC {i}", model, "s", "d", "TESS", star_score=s) for i, s in enumerate(by_star, start=1)])
    doubts = (0.1, 0.9, None)
    items = [
        QueueItem(f"TIC {i}", score=s, model_id="m", probability=0.5, doubt=doubts[i - 1])
        for i, s in ((1, 9.0), (2, 5.0), (3, 1.0))
    ]
    thresholds.save(thresholds.ScoreThreshold("m", 1.5))
    for who, word in (("ada", "PC"), ("bob", "FP")):
        dispositions.add(Disposition("TIC 2", word, who))
    expected = {
        "score": ["TIC 1", "TIC 2", "TIC 3"],
        "uncertainty": ["TIC 3", "TIC 2", "TIC 1"],
        "disagreement_models": ["TIC 3", "TIC 1", "TIC 2"],
        "disagreement_reviewers": ["TIC 2", "TIC 1", "TIC 3"],
        "as_given": ["TIC 1", "TIC 2", "TIC 3"],
        "doubt": ["TIC 2", "TIC 1", "TIC 3"],
    }
    assert set(expected) == set(queue_orders.ORDERS)
    assert {o: stars(queues.sort_by_order(items, o, models=("m", "n"))) for o in queue_orders.ORDERS} == expected
    assert stars(queues.sort_by_order(items, "uncertainty", threshold=8.0)) == ["TIC 1", "TIC 2", "TIC 3"]
    ranked = [replace(item, planet_score=p) for item, p in zip(items, (-2.0, 3.0, None), strict=True)]
    assert stars(queues.sort_by_order(ranked, "score")) == ["TIC 2", "TIC 1", "TIC 3"]
    thresholds.save(thresholds.ScoreThreshold("m", -1.5, score="planet_score"))
    assert stars(queues.sort_by_order(ranked, "uncertainty")) == ["TIC 1", "TIC 2", "TIC 3"]
    with pytest.raises(StoreError, match="Two models"):
        queues.sort_by_order(items, "disagreement_models", models=("m", "m"))
    with pytest.raises(StoreError, match="no order"):
        queues.sort_by_order(items, "mood")


# ---- queues in the store


def test_a_queue_keeps_its_items_as_they_were() -> None:
    given = (
        QueueItem("TIC 5", {"source": "files", "folder": "/a b/ü", "target": "TIC 5"}, 3.5, "m", 2.25, 0.75),
        QueueItem("SIM 1", {"target": "SIM 1"}),
        QueueItem("TIC 5", score=9.0),  # again: left out
        QueueItem("KIC 2"),
    )
    queue = queues.create("  my   stars ", given, "score", "a filter")
    assert (queue.name, queue.order, queue.made_from, queue.num) == ("my stars", "score", "a filter", 3)
    assert queues.load(queue.queue_id) == queue
    assert queues.list_items(queue.queue_id) == (given[0], given[1], given[3])
    assert queues.list_items(queue.queue_id, 1, 1) == (given[1],)
    assert queues.index_of(queue.queue_id, "KIC 2") == 2
    assert queues.index_of(queue.queue_id, "KIC 3") is None
    second = queues.create("", given)
    assert queues.list_queues() == (second, queue)
    dispositions.add(Disposition("TIC 5", "PC", "ada"))
    queues.delete(queue.queue_id)
    assert queues.list_queues() == (second,)
    assert len(dispositions.list_current()) == 1
    for of_it in (queues.load, queues.list_items, queues.delete):
        with pytest.raises(StoreError, match="no queue"):
            of_it(queue.queue_id)


def test_a_queue_needs_stars_and_a_known_order() -> None:
    with pytest.raises(StoreError, match="at least one star"):
        queues.create("x", ())
    with pytest.raises(StoreError, match="no order"):
        queues.create("x", [QueueItem("TIC 1")], "mood")
    assert queues.list_queues() == ()


def test_progress_is_the_reviewers_own_and_follows_undo() -> None:
    queue = queues.create("x", [QueueItem(f"TIC {n}") for n in range(1, 5)]).queue_id
    dispositions.add(Disposition("TIC 2", "PC", "bob"))
    assert queues.load_progress(queue, "ada") == QueueProgress(0, 4, None, 0)
    for star in ("TIC 1", "TIC 1", "TIC 2", "TIC 4", "TIC 99"):
        dispositions.add(Disposition(star, "PC", "ada", 1.0))
    assert queues.load_progress(queue, "ada") == QueueProgress(3, 4, None, 2)
    assert queues.load_progress(queue, "ada", 3).first_undone is None
    dispositions.add(Disposition("TIC 3", "UNSURE", "ada", 1.0))
    assert queues.load_progress(queue, "ada") == QueueProgress(4, 4, None, None)
    dispositions.undo("ada", "TIC 4")
    assert queues.load_progress(queue, "ada") == QueueProgress(3, 4, None, 3)
    dispositions.undo("ada", "TIC 1")  # the earlier verdict on the star stands again
    assert queues.load_progress(queue, "ada").done == 3


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([], None),
        ([0.0, 30.0, 60.0], None),
        ([0.0, 30.0, 60.0, 90.0], 120.0),
        ([90.0, 0.0, 60.0, 30.0], 120.0),
        ([0.0, 30.0, 60.0, 90.0, 90.0 + 3600.0, 120.0 + 3600.0], 120.0),  # an hour's break
        ([0.0, 600.0, 1200.0, 1800.0], 6.0),
        ([0.0, 601.0, 1202.0, 1803.0], None),
        ([5.0, 5.0, 5.0, 5.0], None),
    ],
)
def test_the_pace_leaves_breaks_out(times: list[float], expected: float | None) -> None:
    assert queues.dispositions_per_hour(times) == expected


def test_the_pace_is_of_the_last_verdicts_given_here() -> None:
    queue = queues.create("x", [QueueItem("TIC 1")]).queue_id
    for n in range(100):  # one a minute, then one every 20 s
        dispositions.add(Disposition(f"TIC {n + 1}", "PC", "ada", 1e6 + 60.0 * n))
    for n in range(60):
        dispositions.add(Disposition(f"TIC {n + 1}", "PC", "ada", 2e6 + 20.0 * n))
        dispositions.add(Disposition(f"TIC {n + 1}", "PC", "ada", 2e6 + 20.0 * n + 1, imported_from="other.csv"))
    assert queues.load_progress(queue, "ada").per_hour == pytest.approx(180.0)


def test_a_hundred_thousand_stars_are_quick() -> None:
    begin = time.perf_counter()
    queue = queues.create("x", (QueueItem(f"TIC {n}", score=float(n)) for n in range(1, 100_001))).queue_id
    dispositions.add(Disposition("TIC 1", "PC", "ada"))
    assert time.perf_counter() - begin < 30  # half a second where nothing else runs
    begin = time.perf_counter()
    for _ in range(20):
        assert queues.load_progress(queue, "ada") == QueueProgress(1, 100_000, None, 1)
        assert stars(queues.list_items(queue, 99_000, 2)) == ["TIC 99001", "TIC 99002"]
    assert time.perf_counter() - begin < 20


# ---- lists


def test_a_list_gives_stars_and_where_their_light_curves_are(tmp_path: Path) -> None:
    for name in ("a.npz", "b.npz", "c.npz"):
        (tmp_path / name).touch()
    path = tmp_path / "list.csv"
    rows = ("tic 5,a.npz", "SIM 12,", "KIC 7,c.npz", "TIC 5,b.npz", "TIC 8,gone.npz", "HD 5,", "TIC 9")
    path.write_text("\n".join(("target_id,path", *rows)), encoding="utf-8")
    items, problems = queues.read_items_csv(path)
    assert items == (
        QueueItem("TIC 5", {"source": "files", "folder": str(tmp_path), "target": "TIC 5"}),
        QueueItem("SIM 12", {"target": "SIM 12"}),
        QueueItem("KIC 7", {"source": "files", "folder": str(tmp_path / "c.npz"), "target": "KIC 7"}),
        QueueItem("TIC 9", {"source": "cache", "target": "TIC 9"}),
    )
    assert [(p.target_id, p.where) for p in problems] == [("TIC 8", "list.csv, line 6"), ("HD 5", "list.csv, line 7")]
    assert "There is no file or folder" in problems[0].reason


def test_a_list_may_be_text() -> None:
    items, problems = queues.read_items_csv("target_id\nTIC 1\n\n261136679\n", "pasted")
    assert stars(items) == ["TIC 1"]
    assert [p.where for p in problems] == ["pasted, line 4"]
    with pytest.raises(LightCurveError, match="pasted has no column target_id"):
        queues.read_items_csv("tic\n1\n", "pasted")
    with pytest.raises(LightCurveError):
        queues.read_items_csv(Path("nowhere.csv"))
