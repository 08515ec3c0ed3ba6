"""Scores in the store: what replaces what, and what a file of an older version keeps."""

import multiprocessing
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from astroseq_core.errors import StoreError
from astroseq_core.store import database, dispositions, leaderboard, leaderboard_filters, runs, scores, thresholds
from astroseq_core.store.scores import ScoreRow

ROW = ScoreRow(
    "TIC 1",
    "tess-2min-v2",
    "sha-1",
    "data-1",
    "TESS",
    "TESS",
    False,
    "ok",
    num_segments=812,
    star_score=3.5,
    score_max=0.9,
    score_topk=0.8,
    score_noisy_or=2.5,
    score_fold=3.5,
    best_period_days=4.25,
    best_t0=1326.5,
    t0_system="BTJD",
    magnitude=9.75,
    match="TOI-700.01",
    match_kind="TOI",
    match_ratio="2",
    match_disposition="PC",
    spark=bytes(range(120)),
    survey_id="s1",
    at=12.5,
)
FAILED = ScoreRow("TIC 1", "tess-2min-v2", "sha-1", "data-1", "TESS", "TESS", status="TIC 1 has too few cadences.", at=20.0)


def stored() -> ScoreRow:
    [found] = scores.list_by_star("TIC 1")
    return found


def test_a_row_comes_back_as_it_was_given() -> None:
    assert scores.save([ROW]) == 1
    assert stored() == ROW
    assert scores.save([replace(FAILED, model_id="other", magnitude=7.0)]) == 1
    assert scores.list_by_star("TIC 1")[0] == replace(FAILED, model_id="other", magnitude=7.0)
    assert scores.list_by_star("TIC 2") == ()


def test_a_score_ends_the_failure_to_find_a_model() -> None:
    scores.save([replace(FAILED, model_id=scores.NO_MODEL)])
    assert [r.model_id for r in scores.list_by_star("TIC 1")] == [scores.NO_MODEL]
    scores.save([ROW])
    assert [r.model_id for r in scores.list_by_star("TIC 1")] == [ROW.model_id]


def test_rows_without_a_time_are_of_now() -> None:
    scores.save([replace(ROW, at=0.0)])
    assert stored().at > 1.7e9


def test_the_same_data_and_model_again_change_nothing() -> None:
    scores.save([ROW])
    assert scores.save([replace(ROW, star_score=9.0, survey_id="s2", at=99.0)]) == 0
    assert stored() == ROW


@pytest.mark.parametrize("change", [{"data_id": "data-2"}, {"model_sha": "sha-2"}])
def test_other_data_or_another_version_of_the_model_replaces(change: dict[str, str]) -> None:
    scores.save([ROW])
    new = replace(ROW, star_score=-1.0, at=99.0, **change)
    assert scores.save([new]) == 1
    assert stored() == new
    assert scores.scored_fingerprints(new.model_id, new.model_sha) == {"TIC 1": new.data_id}
    assert [m.num_scored for m in leaderboard.list_models()] == [1]


def test_a_first_false_alarm_probability_is_worth_keeping() -> None:
    scores.save([ROW])
    assert scores.save([replace(ROW, false_alarm_probability=0.01)]) == 1
    assert scores.save([replace(ROW, false_alarm_probability=0.02), ROW]) == 0
    assert stored().false_alarm_probability == 0.01


def test_a_failure_is_kept_with_its_reason_and_gives_way_to_a_score() -> None:
    assert scores.save([FAILED]) == 1
    assert scores.save([replace(FAILED, at=21.0)]) == 1  # tried again
    assert scores.list_failures(FAILED.model_id) == (replace(FAILED, at=21.0),)
    assert scores.scored_fingerprints(FAILED.model_id, FAILED.model_sha) == {}
    assert scores.save([ROW]) == 1
    assert scores.list_failures(FAILED.model_id) == ()
    assert stored() == ROW


def test_a_failure_takes_no_score_away_unless_the_data_changed() -> None:
    scores.save([ROW])
    assert scores.save([FAILED, replace(FAILED, data_id="")]) == 0  # e.g. the archive did not answer
    assert stored() == ROW
    assert scores.save([replace(FAILED, data_id="data-2")]) == 1
    assert stored().star_score is None
    assert scores.scored_fingerprints(ROW.model_id, ROW.model_sha) == {}


def test_a_failed_row_holds_no_scores_whatever_it_was_given() -> None:
    scores.save([replace(ROW, status="Not enough.")])
    row = stored()
    assert (row.star_score, row.score_max, row.best_period_days, row.best_t0) == (None, None, None, None)
    assert (row.magnitude, row.match) == (9.75, "TOI-700.01")


def test_numbers_of_arrays_become_plain_ones_and_nan_is_nothing() -> None:
    numbers = {"star_score": np.float32(1.5), "num_segments": np.int64(7), "best_period_days": np.nan, "magnitude": np.float64(8)}
    scores.save([replace(ROW, simulated=np.bool_(True), **numbers)])
    with database.connect() as db:
        kinds = "SELECT typeof(star_score), typeof(num_segments), typeof(best_period_days), typeof(magnitude) FROM scores"
        assert tuple(db.execute(kinds).fetchone()) == ("real", "integer", "null", "real")
    assert (stored().star_score, stored().num_segments, stored().simulated) == (1.5, 7, True)


@pytest.mark.parametrize(
    "wrong", [{"target_id": ""}, {"model_id": ""}, {"star_score": None}, {"star_score": float("nan")}, {"spark": bytes(121)}]
)
def test_rows_that_say_nothing_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(StoreError):
        replace(ROW, **wrong)


def test_all_rows_of_a_call_are_kept_or_none() -> None:
    with pytest.raises(OverflowError):
        scores.save([ROW, replace(ROW, target_id="TIC 2", num_segments=2**70)])
    assert leaderboard.list_models() == ()


def test_a_reason_may_name_a_file_whose_name_is_no_text() -> None:
    scores.save([replace(FAILED, status="caf\udce9.fits cannot be read.")])
    assert stored().status == "caf\\udce9.fits cannot be read."


def test_have_is_of_one_version_of_one_model() -> None:
    others = [replace(ROW, target_id=f"TIC {n}", data_id=f"d{n}", model_sha=f"sha-{n % 2}") for n in range(2, 7)]
    scores.save([*others, replace(ROW, model_id="other"), replace(FAILED, target_id="TIC 8", model_sha="sha-0")])
    assert scores.scored_fingerprints("tess-2min-v2", "sha-0") == {"TIC 2": "d2", "TIC 4": "d4", "TIC 6": "d6"}
    assert scores.scored_fingerprints("tess-2min-v2", "unheard of") == {}


def test_removing_a_model_leaves_the_others_and_its_cut() -> None:
    scores.save([ROW, replace(ROW, target_id="TIC 2"), replace(ROW, model_id="other")])
    thresholds.save(thresholds.ScoreThreshold("tess-2min-v2", 3.0))
    assert scores.delete_model("tess-2min-v2") == 2
    assert [m.model_id for m in leaderboard.list_models()] == ["other"]
    assert list(thresholds.load_all()) == ["tess-2min-v2"]
    assert scores.delete_model("tess-2min-v2") == 0
    assert scores.save([ROW]) == 1


def test_a_file_of_the_first_version_keeps_all_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as first:
        first.setattr(database, "MIGRATIONS", database.MIGRATIONS[:1])
        runs.add("run-1", Path("somewhere"))
        runs.annotate("run-1", "a note")
        runs.promote_model("TESS", "tess-2min-v2")
        with database.connect() as db:
            for row in (
                ("FP", "ada", 5.0, None),
                ("PC", "bob", 2.0, None),
                ("CP", "ada", 1.0, None),
                ("FP", "ada", 6.0, 1),
            ):
                db.execute(
                    "INSERT INTO dispositions (target_id, disposition, reviewer, at, undoes) VALUES ('TIC 1', ?, ?, ?, ?)", row
                )
            assert db.execute("PRAGMA user_version").fetchone()[0] == 1
    scores.save([ROW])
    assert runs.load_all()["run-1"].note == "a note"
    assert runs.default_models() == {"TESS": "tess-2min-v2"}
    assert {v.reviewer: v.disposition for v in dispositions.list_current()} == {"ada": "CP", "bob": "PC"}
    assert leaderboard.load_page(leaderboard_filters.Filters()).rows[0].disposition == "PC"
    with database.connect() as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == len(database.MIGRATIONS)


def write_many(first: int, count: int) -> None:
    for number in range(first, first + count):
        scores.save([replace(ROW, target_id=f"TIC {n}", star_score=float(n)) for n in range(number, number + 5)])


def test_two_processes_write_while_pages_read() -> None:
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=write_many, args=(first, 40)) for first in (1, 21)]
    for writer in writers:
        writer.start()
    seen = []
    while any(writer.is_alive() for writer in writers):
        found = leaderboard.load_page(leaderboard_filters.Filters(), limit=1000)
        assert len(found.rows) == found.in_all  # a page is of one moment
        seen.append(found.in_all)
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert seen == sorted(seen)
    assert {r.target_id for r in leaderboard.load_page(leaderboard_filters.Filters(), limit=1000).rows} == {
        f"TIC {n}" for n in range(1, 65)
    }


def test_reading_does_not_wait_for_a_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    scores.save([ROW])
    monkeypatch.setattr(database, "WAIT_SECONDS", 0.05)
    with sqlite3.connect(database.database_path(), isolation_level=None) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM scores")
        assert leaderboard.load_page(leaderboard_filters.Filters()).in_all == 1
        with pytest.raises(StoreError, match="in use by another process"):
            scores.save([FAILED])
        writer.execute("ROLLBACK")
    writer.close()
