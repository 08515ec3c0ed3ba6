"""Signals in the store: written, replaced and removed with the score of their star, and older stores that have none."""

import sqlite3
from dataclasses import replace
from typing import Any

import pytest

from astroseq_core import columns
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import StoreError
from astroseq_core.signals.signal import ClassProbabilities, FoundSignal
from astroseq_core.store import database, leaderboard, queues, scores, signals, thresholds
from astroseq_core.store.leaderboard_filters import Filters
from astroseq_core.store.scores import ScoreRow
from astroseq_core.store.thresholds import ScoreThreshold
from astroseq_core.times import Instant, TimeSystem

BINARY = ClassProbabilities(0.15, 0.75, 0.1, 0.03, 0.04, 0.02)
PLANET = ClassProbabilities(0.9, 0.06, 0.04, 0.05, 0.04, 0.01)
ROW = ScoreRow("TIC 1", "m", "sha", "data", "TESS", "TESS", star_score=9.0)


def found(number: int = 1, classes: ClassProbabilities | None = PLANET, **more: Any) -> FoundSignal:
    orbit = Ephemeris(
        "TIC 1",
        f"TIC 1 signal {number}",
        Instant(1500.25, TimeSystem.BTJD),
        3.5 * number,
        2.5,
        900.0,
        t0_err=0.01,
        period_err=1e-4,
    )
    return FoundSignal(
        **{"number": number, "ephemeris": orbit, "snr": 12.0, "num_transits": 7, "log_odds": 7.0} | more, classes=classes
    )


SINGLE = replace(
    found(3, None, num_transits=1, evidence=-1.5, false_alarm_probability=0.25),
    ephemeris=Ephemeris("TIC 1", "TIC 1 signal 3", Instant(1510.5, TimeSystem.BTJD), None, 9.0, None, t0_err=0.02),
)
SIGNALS = (found(1, BINARY, baseline=replace(BINARY, p_planet=0.2, p_eclipsing_binary=0.7)), found(2), SINGLE)


def save(row: ScoreRow = ROW, its: tuple[FoundSignal, ...] = SIGNALS) -> int:
    return scores.save([replace(row, **signals.summarize(its))], {(row.target_id, row.model_id): its})


def count() -> int:
    with database.connect(writing=False) as db:
        return int(db.execute("SELECT count(*) FROM signals").fetchone()[0])


def test_signals_come_back_as_they_were_found() -> None:
    save()
    assert signals.list_by_star("TIC 1", "m") == SIGNALS
    assert signals.list_by_star("TIC 1", "other") == signals.list_by_star("TIC 2", "m") == ()
    (row,) = scores.list_by_star("TIC 1")
    assert (row.num_signals, row.best_signal, row.p_planet, row.p_eclipsing_binary) == (3, 3, None, None), "a lone transit"
    save(replace(ROW, data_id="new"), SIGNALS[:2])
    (row,) = scores.list_by_star("TIC 1")
    assert (row.best_signal, row.p_planet, row.p_not_transit) == (2, 0.9, 0.04)
    assert row.planet_score == found(2).planet_score
    assert row.doubt == pytest.approx(PLANET.doubt)


def test_a_star_without_signals_has_the_lowest_planet_score_and_one_not_searched_none() -> None:
    save(its=())
    scores.save([replace(ROW, target_id="TIC 2", star_score=99.0)])
    first, last = leaderboard.load_page(Filters()).rows
    assert (first.target_id, first.planet_score, first.num_signals, first.best_signal) == ("TIC 1", -30.0, 0, None)
    assert (last.target_id, last.planet_score, last.num_signals, last.doubt) == ("TIC 2", None, None, None)


def test_new_signals_replace_all_older_ones_of_the_star_and_model() -> None:
    save()
    save(replace(ROW, model_id="other"))
    save(replace(ROW, data_id="new"), (found(1),))
    assert signals.list_by_star("TIC 1", "m") == (found(1),)
    assert len(signals.list_by_star("TIC 1", "other")) == 3
    scores.save([replace(ROW, data_id="newest", status="It has no segment.", star_score=None)])
    assert signals.list_by_star("TIC 1", "m") == ()
    scores.delete_model("other")
    assert count() == 0


def test_a_row_and_its_signals_are_one_transaction() -> None:
    save()
    with pytest.raises(StoreError, match="one number"):
        save(replace(ROW, data_id="new"), (found(1), found(1)))
    (row,) = scores.list_by_star("TIC 1")
    assert (row.data_id, signals.list_by_star("TIC 1", "m")) == ("data", SIGNALS)


def test_a_score_gets_its_signals_once_and_keeps_what_the_other_had() -> None:
    scores.save([replace(ROW, false_alarm_probability=0.25)])
    assert scores.scored_fingerprints("m", "sha", with_signals=True) == {}
    assert save() == 1
    (row,) = scores.list_by_star("TIC 1")
    assert (row.num_signals, row.false_alarm_probability) == (3, 0.25)
    assert scores.scored_fingerprints("m", "sha", with_signals=True) == {"TIC 1": "data"}
    assert save(its=(found(1),)) == 0, "they are those of the same data"
    save(replace(ROW, target_id="TIC 2"))
    assert scores.save([replace(ROW, target_id="TIC 2", false_alarm_probability=0.5)]) == 1
    (row,) = scores.list_by_star("TIC 2")
    assert (row.num_signals, row.false_alarm_probability, len(signals.list_by_star("TIC 2", "m"))) == (3, 0.5, 3)


SPOILED = {
    "bytes for a period": "period_days = x'ff'",
    "no epoch": "t0_days = NULL",
    "a time system that is none": "t0_system = 'UTC'",
    "a duration of half a year": "duration_hours = 4000",
    "classes that sum to more": "p_planet = 0.9",
    "a missing probability": "planet_spread = NULL",
    "a false-alarm probability of 2": "false_alarm_probability = 2",
    "a number of 0": "signal = 0",
    "trees that sum to more": "trees_p_planet = 0.9",
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_damaged_signal_is_told_and_the_others_stand(name: str, caplog: pytest.LogCaptureFixture) -> None:
    save()
    with database.connect() as db:
        db.execute(f"UPDATE signals SET {SPOILED[name]} WHERE signal = 1")
    assert signals.list_by_star("TIC 1", "m") == SIGNALS[1:]
    (sentence,) = {r.getMessage() for r in caplog.records if "in the store is damaged (" in r.getMessage()}
    assert sentence.startswith("Signal ")
    assert " of TIC 1 in the store" in sentence


def test_a_store_of_the_third_version_ranks_by_the_star_score_until_signals_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    older = {name: column for name, column in columns.STORED.items() if name not in columns.FROM_SIGNALS}
    with monkeypatch.context() as before:
        before.setattr(database, "MIGRATIONS", database.MIGRATIONS[:3])
        before.setattr(database, "_REGISTERED", {"scores": older})
        with database.connect() as db:
            db.execute("INSERT INTO score_models (id, model_id) VALUES (1, 'm')")
            db.execute(
                "INSERT INTO score_groups (id, model, model_sha, mission, seen_as, simulated, scored) "
                "VALUES (1, 1, 'sha', 'TESS', 'TESS', 0, 1)"
            )
            db.executemany(
                "INSERT INTO scores (target_id, model, group_id, data_id, star_score, t0_system, status, match, match_kind, "
                "match_ratio, match_disposition, survey_id, at, spark, known) "
                "VALUES (?, 1, 1, 'd', ?, '', 'ok', '', '', '', '', '', 1.0, x'', 0)",
                [(f"TIC {n}", float(n)) for n in range(1, 6)],
            )
            db.execute("INSERT INTO cuts (model_id, kind, threshold, at) VALUES ('m', 'threshold', 4.0, 1.0)")
            db.execute("INSERT INTO queues VALUES (1, 'q', 'mine', 'score', 1.0, '', 1)")
            db.execute("INSERT INTO queue_items VALUES (1, 0, 'TIC 1', '{}', 1.0, 'm', NULL, NULL)")
    rows = leaderboard.load_page(Filters()).rows
    assert [(r.target_id, r.rank, r.flagged, r.planet_score) for r in rows] == [
        ("TIC 5", 1, True, None),
        ("TIC 4", 2, True, None),
        ("TIC 3", 3, False, None),
        ("TIC 2", 4, False, None),
        ("TIC 1", 5, False, None),
    ]
    assert leaderboard.ranking_score(Filters()) == "star_score"
    assert thresholds.load("m") == ScoreThreshold("m", 4.0, at=1.0)
    (item,) = queues.list_items("q")
    assert (item.score, item.planet_score, item.doubt) == (1.0, None, None)
    save(replace(ROW, target_id="TIC 2"))
    assert [r.target_id for r in leaderboard.load_page(Filters()).rows] == ["TIC 2", "TIC 5", "TIC 4", "TIC 3", "TIC 1"]
    check_integrity()


def check_integrity() -> None:
    with sqlite3.connect(database.database_path()) as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    db.close()


def test_the_period_of_a_star_is_that_of_its_best_signal_and_the_fold_stays() -> None:
    folded = replace(ROW, best_period_days=1.75, best_t0=1499.0, t0_system="BTJD", best_duration_hours=3.0)
    save(folded, SIGNALS[:2])
    save(replace(folded, target_id="TIC 2"), (SINGLE,))
    save(replace(folded, target_id="TIC 3"), ())
    scores.save([replace(folded, target_id="TIC 4")])
    rows = {r.target_id: r for r in leaderboard.load_page(Filters()).rows}
    shown = {name: (r.period_days, r.t0_days, r.duration_hours, r.depth_ppm) for name, r in rows.items()}
    assert shown == {
        "TIC 1": (7.0, 1500.25, 2.5, 900.0),
        "TIC 2": (None, 1510.5, 9.0, None),
        "TIC 3": (1.75, 1499.0, 3.0, None),
        "TIC 4": (1.75, 1499.0, 3.0, None),
    }
    assert {r.best_period_days for r in rows.values()} == {1.75}
    by_period = leaderboard.load_page(Filters(), "period_days").rows
    assert [r.target_id for r in by_period] == ["TIC 1", "TIC 4", "TIC 3", "TIC 2"]
    assert [r.target_id for r in leaderboard.load_page(Filters(period_min=2.0)).rows] == ["TIC 1"]
    scores.save([replace(folded, target_id="TIC 1", false_alarm_probability=0.5)])
    assert leaderboard.load_page(Filters(period_min=2.0)).rows[0].false_alarm_probability == 0.5, "its signals were kept"


def test_a_store_of_the_fourth_version_gets_the_periods_of_its_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    older = {name: column for name, column in columns.STORED.items() if name not in columns.OF_BEST_SIGNAL}
    with monkeypatch.context() as before:
        before.setattr(database, "MIGRATIONS", database.MIGRATIONS[:4])
        before.setattr(database, "_REGISTERED", {"scores": older})  # and signals without the columns of the trees
        with database.connect() as db:
            db.execute("INSERT INTO score_models (id, model_id) VALUES (1, 'm')")
            db.execute("INSERT INTO score_groups VALUES (1, 1, 'sha', 'TESS', 'TESS', 0, 1, 0)")
            db.executemany(
                "INSERT INTO scores (target_id, model, group_id, data_id, star_score, best_period_days, t0_system, status, "
                "match, match_kind, match_ratio, match_disposition, survey_id, at, spark, known, num_signals, best_signal, "
                "planet_score) VALUES (?, 1, 1, 'd', 9.0, 1.75, 'BTJD', 'ok', '', '', '', '', '', 1.0, x'', 0, ?, ?, 1.0)",
                [("TIC 1", 2, 2), ("TIC 2", 0, None), ("TIC 3", None, None)],
            )
            db.executemany(
                "INSERT INTO signals (target_id, model, signal, period_days, t0_days, t0_system, duration_hours, depth_ppm, snr, "
                "num_transits, log_odds) VALUES ('TIC 1', 1, ?, ?, 1500.25, 'BTJD', 2.5, 900.0, 9.0, 7, 5.0)",
                [(1, 11.0), (2, 3.5)],
            )
    rows = {r.target_id: r for r in leaderboard.load_page(Filters()).rows}
    assert {name: (r.period_days, r.best_period_days) for name, r in rows.items()} == {
        "TIC 1": (3.5, 1.75),
        "TIC 2": (1.75, 1.75),
        "TIC 3": (1.75, 1.75),
    }
    assert [s.baseline for s in signals.list_by_star("TIC 1", "m")] == [None, None], "they were not kept"
    best = rows["TIC 1"]
    assert (best.best_signal_t0, best.best_signal_duration_hours, best.best_signal_depth_ppm) == (1500.25, 2.5, 900.0)
    assert [r.target_id for r in leaderboard.load_page(Filters(period_min=2.0)).rows] == ["TIC 1"]
    check_integrity()
