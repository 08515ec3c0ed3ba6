"""The leaderboard against plain Python on the same rows."""

from collections.abc import Callable
from dataclasses import replace
from functools import cmp_to_key
from typing import Any

import numpy as np
import pytest

from astroseq_core.columns import RANKING
from astroseq_core.disposition_codes import DISPOSITIONS
from astroseq_core.errors import StoreError
from astroseq_core.store import database, dispositions, leaderboard, leaderboard_filters, scores, thresholds
from astroseq_core.store.disposition_entry import Disposition
from astroseq_core.store.leaderboard import LeaderboardRow
from astroseq_core.store.leaderboard_filters import Filters
from astroseq_core.store.scores import ScoreRow

MODELS = ("tess-2min-v2", "kepler-long-v2", "my-run")
CUTS = {"tess-2min-v2": 4.0, "kepler-long-v2": 2.0}
MISSIONS = (("TIC", "TESS"), ("KIC", "Kepler"), ("SIM", "Simulated"))


def made(count: int, seed: int = 20261122) -> list[ScoreRow]:
    """Rows with few distinct values, so that many tie, and with every value missing in some."""
    rng = np.random.default_rng(seed)
    rows: dict[tuple[str, str], ScoreRow] = {}
    while len(rows) < count:
        prefix, mission = MISSIONS[rng.integers(3)]
        number, kind = int(rng.integers(1, 150)), str(rng.choice(["", "", "TOI", "survey"]))
        score, failed = float(rng.integers(-10, 40)) / 4, rng.random() < 0.15
        row = ScoreRow(
            f"{prefix} {number}",
            MODELS[rng.integers(3)],
            f"sha-{rng.integers(2)}",
            f"data-{number}",
            mission,
            "TESS" if mission == "TESS" else "Kepler",
            mission == "Simulated",
            status=f"Reason {number % 3}." if failed else "ok",
            num_segments=None if failed else int(rng.integers(1, 20)),
            star_score=None if failed else score,
            score_max=None if failed else float(rng.integers(0, 10)) / 10,
            score_topk=None if failed else 0.5,
            false_alarm_probability=None if failed or rng.random() < 0.5 else float(rng.random()),
            best_period_days=None if failed or rng.random() < 0.3 else float(rng.integers(1, 30)),
            magnitude=None if rng.random() < 0.2 else float(rng.integers(6, 16)),
            match=f"{kind} {number}_b" if kind else "",
            match_kind=kind,
            match_ratio=str(rng.choice(["", "2"])) if kind else "",
            spark=bytes([number % 256]),
            at=float(rng.integers(1, 50)),
            **({} if failed else signals_of(f"{row_number(rows)} {seed}")),
        )
        rows[row.target_id, row.model_id] = row
    return list(rows.values())


def row_number(rows: dict[tuple[str, str], ScoreRow]) -> int:
    return sum(len(key[0]) for key in rows)


def signals_of(seed: str) -> dict[str, Any]:
    """What a star's signals were found to be: not searched, none found, or the best one's class; planet scores tie."""
    rng = np.random.default_rng(list(seed.encode()))
    kind = rng.integers(4)
    if kind == 0:
        return {}
    if kind == 1:
        return {"planet_score": -30.0, "num_signals": 0}
    p = (0.7, 0.2, 0.1)
    order = rng.permutation(3)
    classes = {"p_planet": p[order[0]], "p_eclipsing_binary": p[order[1]], "p_not_transit": p[order[2]]}
    orbit = {"best_signal_period_days": None if rng.random() < 0.3 else float(rng.integers(1, 30))}
    return (
        {"planet_score": float(rng.integers(-4, 8)) / 2, "num_signals": int(rng.integers(1, 4)), "best_signal": 1}
        | classes
        | orbit
    )


def rank_key(r: ScoreRow) -> tuple[bool, float, float]:
    return r.planet_score is not None, r.planet_score or 0.0, r.star_score or 0.0


@pytest.fixture
def truth() -> list[LeaderboardRow]:
    """500 rows in the store, as the leaderboard should show them."""
    rows = made(500)
    assert scores.save(rows) == 500
    for model, threshold in CUTS.items():
        thresholds.save(thresholds.ScoreThreshold(model, threshold))
    verdicts = dict(zip(sorted({r.target_id for r in rows})[::5], DISPOSITIONS * 50, strict=False))
    with database.connect() as db:  # dispositions.add waits for the disk each time
        query = "INSERT INTO dispositions (target_id, disposition, reviewer, at) VALUES (?, ?, ?, ?)"
        db.executemany(query, [(star, "UNSURE", "bob", 0.5) for star in verdicts])
        db.executemany(query, [(star, word, "ada", 1.0 + at) for at, (star, word) in enumerate(verdicts.items())])
    above = {m: [rank_key(r) for r in rows if r.model_id == m and r.star_score is not None] for m in MODELS}
    return [
        LeaderboardRow(
            **vars(r),
            rank=None if r.star_score is None else 1 + sum(s > rank_key(r) for s in above[r.model_id]),
            disposition=verdicts.get(r.target_id, ""),
            flagged=r.star_score is not None and r.star_score >= CUTS.get(r.model_id, np.inf),
        )
        for r in rows
    ]


def plain(rows: list[LeaderboardRow], sort: str, descending: bool) -> list[LeaderboardRow]:
    """The rows in order: those without a value last, equal ones by star in the direction of the sort.

    Between the planet score and the star comes the star score.
    """
    way = -1 if descending else 1

    def compare(a: LeaderboardRow, b: LeaderboardRow) -> int:
        one, two = getattr(a, sort), getattr(b, sort)
        gone, also = one in (None, "", b""), two in (None, "", b"")
        if gone != also:
            return 1 if gone else -1
        left, right = one, two
        if (gone or one == two) and sort == "planet_score":
            # a star without a star score is below all others in the index, and last where rows are sorted
            left, right = (-1e9 if r.star_score is None else r.star_score for r in (a, b))
        if left == right or (gone and sort != "planet_score"):
            left, right = a.target_id, b.target_id
        return way * ((left > right) - (left < right))

    return sorted(rows, key=cmp_to_key(compare))


def keys(rows: Any) -> list[tuple[str, str]]:
    return [(r.target_id, r.model_id) for r in rows]


def test_rows_are_whole(truth: list[LeaderboardRow]) -> None:
    found = leaderboard.load_page(Filters(), limit=1000)
    assert found.in_all == 500
    assert {(r.target_id, r.model_id): r for r in found.rows} == {(r.target_id, r.model_id): r for r in truth}


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("sort", leaderboard.SORT_COLUMNS)
def test_paging_is_complete_and_in_order_under_every_sort(truth: list[LeaderboardRow], sort: str, descending: bool) -> None:
    pages = [leaderboard.load_page(Filters(), sort, descending, 73, offset) for offset in range(0, 511, 73)]
    assert {p.in_all for p in pages} == {500}
    rows = [r for p in pages for r in p.rows]
    assert len(rows) == 500
    assert len(set(keys(rows))) == 500
    expected = plain(truth, sort, descending)
    assert [getattr(r, sort) for r in rows] == [getattr(r, sort) for r in expected]
    assert [r.target_id for r in rows] == [r.target_id for r in expected]


@pytest.mark.parametrize(
    "sort", ["planet_score", "star_score", "magnitude", "period_days", "best_period_days", "num_segments", "target_id", "rank"]
)
@pytest.mark.parametrize("descending", [True, False])
def test_one_model_pages_as_well(truth: list[LeaderboardRow], sort: str, descending: bool) -> None:
    chosen = Filters(model_id="my-run")
    rows = [r for offset in range(0, 500, 37) for r in leaderboard.load_page(chosen, sort, descending, 37, offset).rows]
    values = [getattr(r, sort) for r in rows]
    assert values == [getattr(r, sort) for r in plain([r for r in truth if r.model_id == "my-run"], sort, descending)]
    assert len(set(keys(rows))) == len(rows)


Test = Callable[[LeaderboardRow], bool]
CASES: list[tuple[Filters, Test]] = [
    (Filters(mission="Kepler"), lambda r: r.mission == "Kepler"),
    (Filters(seen_as="Kepler", simulated=True), lambda r: r.mission == "Simulated"),
    (Filters(model_id="my-run", simulated=False), lambda r: r.model_id == "my-run" and not r.simulated),
    (Filters(mission="TESS", model_id="unheard of"), lambda r: False),
    (Filters(scored=False), lambda r: r.star_score is None),
    (Filters(signal_class="planet"), lambda r: r.p_planet == 0.7),
    (Filters(signal_class="eclipsing_binary", known=True), lambda r: r.p_eclipsing_binary == 0.7 and r.match_kind != ""),
    (Filters(signal_class="not_transit", model_id="my-run"), lambda r: r.p_not_transit == 0.7 and r.model_id == "my-run"),
    (Filters(signal_class="none"), lambda r: r.num_signals == 0),
    (Filters(signal_class="unsearched", scored=True), lambda r: r.num_signals is None and r.star_score is not None),
    (Filters(planet_min=-30.0, planet_max=0.5), lambda r: r.planet_score is not None and r.planet_score <= 0.5),
    (Filters(p_planet_min=0.2, p_binary_max=0.1), lambda r: r.p_eclipsing_binary == 0.1),
    (Filters(score_min=1.25, score_max=5), lambda r: r.star_score is not None and 1.25 <= r.star_score <= 5),
    (Filters(segments_min=5, segments_max=5), lambda r: r.num_segments == 5),
    (Filters(magnitude_max=9.0), lambda r: r.magnitude is not None and r.magnitude <= 9),
    (Filters(period_min=20.0, scored=True), lambda r: r.period_days is not None and r.period_days >= 20),
    (Filters(known=True), lambda r: r.match_kind != ""),
    (Filters(known=False, magnitude_min=10), lambda r: r.match_kind == "" and r.magnitude is not None and r.magnitude >= 10),
    (Filters(disposition="FP"), lambda r: r.disposition == "FP"),
    (Filters(disposition=leaderboard_filters.NO_DISPOSITION), lambda r: r.disposition == ""),
    (
        Filters(disposition=leaderboard_filters.NO_DISPOSITION, score_min=3.0, text="TIC"),
        lambda r: r.disposition == "" and r.target_id[:3] == "TIC" and r.star_score is not None and r.star_score >= 3,
    ),
    (Filters(disposition=leaderboard_filters.ANY_DISPOSITION, known=True), lambda r: r.disposition != "" and r.match_kind != ""),
    (Filters(flagged=True), lambda r: r.flagged),
    (Filters(flagged=False, mission="TESS"), lambda r: not r.flagged and r.mission == "TESS"),
    (Filters(flagged=True, model_id="my-run"), lambda r: False),
    (Filters(text="tic 1"), lambda r: r.target_id.startswith("TIC 1")),
    (Filters(text=" 12 "), lambda r: r.target_id.split()[1].startswith("12") or "12" in r.match),
    (Filters(text="toi-3"), lambda r: "TOI 3" in r.match),
    (Filters(text="3_b"), lambda r: "3_b" in r.match),
    (Filters(text="%"), lambda r: False),
    (Filters(text="' OR 1=1 --"), lambda r: False),
]
NO_ROW = tuple(
    f for f, _ in CASES if f.text in ("%", "' OR 1=1 --") or f.model_id == "unheard of" or (f.flagged and f.model_id == "my-run")
)


@pytest.mark.parametrize("most", [leaderboard_filters.MAX_CANDIDATES, 3], ids=["few looked at", "all along the index"])
@pytest.mark.parametrize(("chosen", "meets"), CASES, ids=[str(i) for i in range(len(CASES))])
def test_filters(truth: list[LeaderboardRow], monkeypatch: pytest.MonkeyPatch, chosen: Filters, meets: Test, most: int) -> None:
    monkeypatch.setattr(leaderboard_filters, "MAX_CANDIDATES", most)
    expected = [r for r in truth if meets(r)]
    assert 0 < len(expected) < 500 or chosen in NO_ROW
    for sort, descending in (("planet_score", True), ("star_score", True), ("magnitude", False), ("score_topk", True)):
        found = leaderboard.load_page(chosen, sort, descending, 1000)
        assert found.in_all == len(expected)
        in_order = plain(expected, sort, descending)
        assert [(r.target_id, getattr(r, sort)) for r in found.rows] == [(r.target_id, getattr(r, sort)) for r in in_order]
        assert sorted(keys(found.rows)) == sorted(keys(expected))


def test_more_groups_than_can_be_merged_are_sorted(truth: list[LeaderboardRow], monkeypatch: pytest.MonkeyPatch) -> None:
    pages = [leaderboard.load_page(Filters(), "magnitude", down, 200, 100) for down in (True, False)]
    monkeypatch.setattr(leaderboard_filters, "MAX_GROUPS", 1)
    assert [leaderboard.load_page(Filters(), "magnitude", down, 200, 100) for down in (True, False)] == pages


def test_the_histogram_counts_every_star_once(truth: list[LeaderboardRow]) -> None:
    for chosen in (
        Filters(),
        Filters(model_id="my-run", score_min=0.0, score_max=5.0),
        Filters(flagged=True),
        Filters(text="TIC"),
    ):
        for score in RANKING:
            rows = [r for r in leaderboard.load_page(chosen, limit=1000).rows if getattr(r, score) is not None]
            edges, counts, known = leaderboard.score_histogram(chosen, 17, score)
            assert len(edges) == 18
            for group, got in ((rows, counts), ([r for r in rows if r.match_kind], known)):
                expected, _ = np.histogram([getattr(r, score) for r in group], edges)
                assert got == tuple(expected)
            assert sum(counts) == len(rows)
    assert leaderboard.score_histogram(Filters(signal_class="unsearched"), 5, "planet_score") == ((), (), ())
    assert leaderboard.score_histogram(Filters(mission="K2")) == ((), (), ())


def test_a_histogram_of_one_score_has_a_width() -> None:
    scores.save([r for r in made(30) if r.star_score is not None][:1])
    edges, counts, _ = leaderboard.score_histogram(Filters(), 2)
    assert edges[0] < edges[1] < edges[2]
    assert sum(counts) == 1


def test_top_and_the_threshold_that_gives_as_many(truth: list[LeaderboardRow]) -> None:
    chosen = Filters(mission="TESS")
    of_mission = sorted((r for r in truth if r.mission == "TESS" and r.star_score is not None), key=rank_key, reverse=True)
    assert [rank_key(r) for r in leaderboard.load_top(chosen, 25)] == [rank_key(r) for r in of_mission[:25]]
    planets = [r.planet_score for r in of_mission if r.planet_score is not None]
    assert leaderboard.threshold_for_count(chosen, 25, "planet_score") == planets[24]
    assert leaderboard.threshold_for_count(chosen, 10_000, "planet_score") == -30.0
    assert leaderboard.planet_scores(chosen) == tuple(planets)
    assert leaderboard.ranking_score(chosen) == "planet_score"
    assert leaderboard.ranking_score(Filters(signal_class="unsearched")) == "star_score"
    highest = sorted((r.star_score for r in of_mission if r.star_score is not None), reverse=True)
    assert leaderboard.threshold_for_count(chosen, 25) == highest[24]
    assert leaderboard.threshold_for_count(chosen, 10_000) == highest[-1]
    assert len(leaderboard.load_top(chosen, 10_000)) == len(highest)
    assert leaderboard.threshold_for_count(Filters(mission="K2"), 5) is None


def test_models_are_counted_through_all_changes(truth: list[LeaderboardRow]) -> None:
    def check(rows: list[Any]) -> None:
        for model in leaderboard.list_models():
            own = [r for r in rows if r.model_id == model.model_id]
            assert model.num_scored == sum(r.star_score is not None for r in own)
            assert model.num_failed == sum(r.star_score is None for r in own)
            assert model.num_simulated == sum(r.simulated for r in own)
            assert model.missions == tuple(sorted({r.mission for r in own}))

    check(truth)
    changed = [replace(r, data_id="new") for r in made(500, seed=3)]
    scores.save(changed)
    check(list({(r.target_id, r.model_id): r for r in [*truth, *changed]}.values()))
    scores.delete_model("my-run")
    assert [m.model_id for m in leaderboard.list_models()] == sorted(MODELS[:2])


def test_pairs_are_the_stars_that_both_models_scored(truth: list[LeaderboardRow]) -> None:
    a, b = ({r.target_id: r.rank for r in truth if r.model_id == m and r.rank is not None} for m in MODELS[:2])
    expected = {t: (a[t], b[t]) for t in a.keys() & b.keys()}
    assert len(expected) > 20
    found = leaderboard.compare_ranks(*MODELS[:2])
    assert {p.target_id: (p.rank_a, p.rank_b) for p in found} == expected
    best = [min(p.rank_a, p.rank_b) for p in found]
    assert best == sorted(best)
    assert leaderboard.compare_ranks(*MODELS[:2], limit=7) == found[:7]
    assert leaderboard.compare_ranks(MODELS[0], "unheard of") == ()


def test_verdicts_that_were_taken_back_do_not_show() -> None:
    scores.save([ScoreRow("TIC 1", "m", "s", "d", "TESS", star_score=1.0)])
    numbers = [
        dispositions.add(Disposition("TIC 1", word, who, at)) for word, who, at in (("PC", "ada", 1.0), ("FP", "bob", 2.0))
    ]

    def shown() -> str:
        return leaderboard.load_page(Filters()).rows[0].disposition

    def take_back(number: int) -> None:
        with database.connect() as db:
            db.execute(
                "INSERT INTO dispositions (target_id, disposition, reviewer, at, undoes) VALUES ('TIC 1', 'FP', 'bob', 3, ?)",
                (number,),
            )

    assert shown() == "FP"
    take_back(numbers[1])
    assert shown() == "PC"
    take_back(numbers[0])
    assert shown() == ""


def test_cuts_are_one_a_model_and_can_be_withdrawn(truth: list[LeaderboardRow]) -> None:
    n = 12
    threshold = leaderboard.threshold_for_count(Filters(model_id="my-run"), n)
    assert threshold is not None
    thresholds.save(thresholds.ScoreThreshold("my-run", threshold, "top", n, 5.0))
    assert thresholds.load("my-run") == thresholds.ScoreThreshold("my-run", threshold, "top", n, 5.0)
    flagged = leaderboard.load_page(Filters(model_id="my-run", flagged=True), limit=1000)
    assert flagged.in_all >= n
    assert all(r.flagged and (r.star_score or 0) >= threshold for r in flagged.rows)
    thresholds.save(thresholds.ScoreThreshold("my-run", 1.5, score="planet_score"))
    by_planet = leaderboard.load_page(Filters(model_id="my-run", flagged=True), sort="flagged", limit=1000)
    wanted = {r.target_id for r in truth if r.model_id == "my-run" and r.planet_score is not None and r.planet_score >= 1.5}
    assert {r.target_id for r in by_planet.rows} == wanted
    assert all(r.flagged for r in by_planet.rows)
    others = leaderboard.load_page(Filters(model_id="my-run", flagged=False), limit=1000)
    assert others.in_all + by_planet.in_all == sum(r.model_id == "my-run" for r in truth)
    thresholds.delete("my-run")
    assert thresholds.load("my-run") is None
    assert leaderboard.load_page(Filters(model_id="my-run", flagged=True)).in_all == 0
    assert {m: c.threshold for m, c in thresholds.load_all().items()} == CUTS


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: leaderboard.load_page(Filters(), "star_score; DROP TABLE scores"),
        lambda: leaderboard.load_page(Filters(), "known"),
        lambda: leaderboard.load_page(Filters(), offset=-1),
        lambda: leaderboard.score_histogram(Filters(), 0),
        lambda: leaderboard.threshold_for_count(Filters(), 0),
        lambda: Filters(disposition="MAYBE"),
        lambda: Filters(score_min=2.0, score_max=1.0),
        lambda: Filters(magnitude_min=float("nan")),
        lambda: thresholds.ScoreThreshold("m", float("inf")),
        lambda: leaderboard.score_histogram(Filters(), score="beauty"),
        lambda: leaderboard.threshold_for_count(Filters(), 1, "score_max"),
        lambda: Filters(signal_class="blend"),
        lambda: thresholds.ScoreThreshold("m", 1.0, score="score_max"),
        lambda: thresholds.ScoreThreshold("m", 1.0, "best"),
        lambda: thresholds.ScoreThreshold("m", 1.0, "top"),
        lambda: thresholds.ScoreThreshold("m", 1.0, "threshold", 3),
        lambda: thresholds.ScoreThreshold("", 1.0),
    ],
)
def test_what_makes_no_sense_is_one_sentence(wrong: Callable[[], object]) -> None:
    with pytest.raises(StoreError, match=r"\.$"):
        wrong()


@pytest.mark.parametrize("sort", leaderboard_filters.SORT_INDEXES)
def test_main_orders_are_read_from_an_index_without_sorting(truth: list[LeaderboardRow], sort: str) -> None:
    plans: list[str] = []
    with database.connect(writing=False) as db:

        class Explaining:
            def execute(self, query: str, values: Any = ()) -> Any:
                if "UNION ALL" in query:
                    plans.extend(r["detail"] for r in db.execute("EXPLAIN QUERY PLAN " + query, values))
                return db.execute(query, values)

        leaderboard_filters.Selection(Explaining(), Filters(score_min=0.0, known=False)).ids(sort, True, 100)  # type: ignore[arg-type]
    walked = [p for p in plans if "scores" in p]
    assert walked
    assert all(f"COVERING INDEX {leaderboard_filters.SORT_INDEXES[sort]}" in p for p in walked)
    assert not any("TEMP B-TREE" in p for p in plans)
