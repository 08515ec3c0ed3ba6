"""Known objects of scored stars when the catalogues change: nothing is scored again."""

import math
import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from astroseq_core import settings
from astroseq_core.archive import catalogs, snapshots
from astroseq_core.archive.exoplanet_archive import TOI_TABLE
from astroseq_core.archive.normalize import normalize_table
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.jobs import job as folders
from astroseq_core.jobs import queue
from astroseq_core.signals.signal import FoundSignal
from astroseq_core.store import scores
from astroseq_core.store.scores import ScoreRow
from astroseq_core.store.signals import summarize
from astroseq_core.surveys import known_objects
from astroseq_core.surveys.queue import SURVEYS, SurveyRequest
from astroseq_core.times import Instant, TimeSystem
from tests.standin import exoplanet_archive as archive

T0 = 1501.0


def scored(target_id: str, period_days: float | None, **more: Any) -> ScoreRow:
    """A star's row with a period from a TESS sector."""
    events = 27 / (period_days or 27)
    made = ScoreRow(
        target_id,
        "tiny",
        "sha",
        "data",
        "TESS",
        "TESS",
        num_segments=65,
        star_score=9.0,
        score_max=0.9,
        score_topk=0.8,
        score_noisy_or=3.0,
        score_fold=9.0,
        best_period_days=period_days,
        best_t0=T0,
        t0_system="BTJD",
        at=5.0,
        best_duration_hours=2.0,
        period_err_days=None if period_days is None else math.sqrt(12) * 0.002 / events,
        t0_err_days=0.002,
        duration_err_hours=0.1,
        num_transits=max(1, round(events)),
    )
    return replace(made, **more)


def list_tois(day: int, *rows: dict[str, Any]) -> None:
    """A snapshot of the TOI list of that day of January."""
    snapshots.write_snapshot(
        TOI_TABLE, normalize_table(TOI_TABLE, pd.DataFrame(list(rows))), "here", datetime(2026, 1, day, tzinfo=UTC)
    )


def toi(tic: int, name: float, period_days: float, **more: Any) -> dict[str, Any]:
    values = {"pl_orbper": period_days, "pl_tranmid": T0 + 2_457_000, "pl_trandurh": 2.0, "tfopwg_disp": "PC"}
    return archive.toi(tic, name, **values | more)


def known(target_id: str) -> tuple[str, str, str, str]:
    [row] = scores.list_by_star(target_id)
    return row.match, row.match_kind, row.match_ratio, row.match_disposition


NOTHING = ("", "", "", "")


def test_a_new_list_finds_and_takes_away_known_objects() -> None:
    scores.save([scored("TIC 3", 9.0), scored("TIC 4", 4.5), scored("TIC 5", 7.0), scored("TIC 6", None)])
    before = {row.target_id: row for row in (scores.list_by_star(f"TIC {n}")[0] for n in (3, 4, 5, 6))}
    assert not known_objects.rematch_is_due(), "without a snapshot there is nothing to compare with"
    list_tois(1, toi(3, 100.01, 9.0), toi(4, 101.01, 9.0), toi(6, 102.01, 13.0))
    assert known_objects.rematch_is_due()
    assert known_objects.rematch_if_due() == 3
    assert known("TIC 3") == ("TOI-100.01", "TOI", "1", "PC")
    assert known("TIC 4") == ("TOI-101.01", "TOI", "1/2", "PC")
    assert known("TIC 5") == NOTHING
    assert known("TIC 6") == ("TOI-102.01", "TOI", "1", "PC"), "a single event at the time of a known transit"
    assert not known_objects.rematch_is_due()
    assert known_objects.rematch_if_due() == 0

    list_tois(8, toi(3, 100.01, 9.0, tfopwg_disp="FP"), toi(4, 101.01, 5.7), toi(5, 103.01, 7.0))
    assert known_objects.rematch_if_due() == 4
    assert known("TIC 3") == ("TOI-100.01", "TOI", "1", "FP")
    assert known("TIC 4") == ("TOI-101.01", "TOI", "", "PC"), "the star is known, its period is another"
    assert known("TIC 5") == ("TOI-103.01", "TOI", "1", "PC")
    assert known("TIC 6") == NOTHING
    for target_id, row in before.items():
        [now] = scores.list_by_star(target_id)
        assert replace(now, match="", match_kind="", match_ratio="", match_disposition="") == row, "nothing else changed"


def test_a_star_with_signals_is_matched_by_its_best_one() -> None:
    orbit = Ephemeris("TIC 3", "TIC 3 signal 1", Instant(T0, TimeSystem.BTJD), 9.0, 2.0, 900.0, 0.002, 0.002)
    signals = (FoundSignal(1, orbit, snr=20.0, num_transits=3, log_odds=8.0),)
    row = scored("TIC 3", 4.5, **summarize(signals))
    scores.save([row, scored("TIC 4", 4.5)], {("TIC 3", "tiny"): signals})
    list_tois(1, toi(3, 100.01, 9.0), toi(4, 101.01, 9.0))
    known_objects.rematch_if_due()
    assert (known("TIC 3")[2], known("TIC 4")[2]) == ("1", "1/2")
    # what was matched by the fold, before there were signals, is matched anew once
    marker = settings.data_dir() / known_objects.MARKER_NAME
    folders.write_json(marker, {name: date for name, date in folders.read_json(marker).items() if name != "matched"})
    assert known_objects.rematch_is_due()


def test_the_leaderboard_filters_by_what_is_known_now() -> None:
    from astroseq_core.store import leaderboard
    from astroseq_core.store.leaderboard_filters import Filters

    scores.save([scored("TIC 3", 9.0), scored("TIC 5", 7.0)])
    list_tois(1, toi(3, 100.01, 9.0))
    known_objects.rematch_if_due()
    assert [r.target_id for r in leaderboard.load_page(Filters(known=True)).rows] == ["TIC 3"]
    assert [r.target_id for r in leaderboard.load_page(Filters(text="TOI 100")).rows] == ["TIC 3"]


def test_simulated_stars_and_failures_are_left_alone() -> None:
    scores.save(
        [
            scored("SIM 3", 9.0, mission="Simulated", simulated=True, match="SIM 3 b", match_kind="survey", match_ratio="1"),
            ScoreRow("TIC 3", "tiny", "sha", "data", "TESS", status="TIC 3 has too few cadences."),
        ]
    )
    list_tois(1, toi(3, 100.01, 9.0))
    assert known_objects.rematch_if_due() == 0
    assert known("SIM 3") == ("SIM 3 b", "survey", "1", "")
    assert known("TIC 3") == NOTHING


def test_many_stars_go_in_batches_and_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_objects, "BATCH_ROWS", 4)
    scores.save([scored(f"TIC {n}", 9.0) for n in range(1, 12)])
    list_tois(1, *(toi(n, 100.01 + n, 9.0) for n in range(1, 12)))
    stop, kept = threading.Event(), scores.save_matches

    def once(rows: Any) -> int:
        stop.set()
        return kept(rows)

    monkeypatch.setattr(scores, "save_matches", once)
    assert known_objects.rematch_if_due(stop) == 4
    assert known_objects.rematch_is_due(), "what was stopped is not done"
    monkeypatch.setattr(scores, "save_matches", kept)
    assert known_objects.rematch_if_due() == 7
    assert all(known(f"TIC {n}")[0] == f"TOI-{100 + n}.01" for n in range(1, 12))


def test_a_star_that_was_scored_meanwhile_keeps_its_new_match() -> None:
    scores.save([scored("TIC 3", 9.0)])
    [row] = scores.load_matches_after(0, 10)
    scores.save([scored("TIC 3", 9.0, data_id="data-2", match="newer", match_kind="TOI", at=6.0)])
    assert scores.save_matches([replace(row, match="older", match_kind="TOI")]) == 0
    assert known("TIC 3")[0] == "newer"


def test_it_waits_for_surveys_that_began_with_the_old_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "launch_job", lambda folder, module: None)
    list_tois(1, toi(3, 100.01, 9.0))
    survey = SURVEYS.submit(SurveyRequest("night"))
    assert not known_objects.rematch_is_due()
    folders.write_json(survey.folder / folders.RESULT_NAME, {})
    assert known_objects.rematch_is_due()


@pytest.mark.parametrize(
    ("days", "most"), [(((0, 27),), 1.05), (((0, 1400),), 1.05), (((0, 27), (700, 727)), 1.75), (((0, 27), (27, 54)), 1.05)]
)
def test_how_long_the_data_last_is_told_by_the_errors(days: tuple[tuple[float, float], ...], most: float) -> None:
    """Against the line through mid-times that the errors come from: never shorter than the data, at most 1.75 times longer."""
    period, timing = 3.1, 0.002
    mid = np.arange(0, days[-1][1], period)
    numbers = np.flatnonzero(np.any([(mid >= low) & (mid < high) for low, high in days], axis=0))
    apart = numbers - numbers.mean()
    row = scores.MatchRow(
        1,
        "TIC 1",
        5.0,
        period,
        T0,
        "BTJD",
        2.0,
        timing / math.sqrt(np.sum(apart**2)),
        timing / math.sqrt(len(numbers)),
        len(numbers),
        "",
        "",
        "",
        "",
    )
    span = (numbers[-1] - numbers[0]) * period
    assert 0.99 <= known_objects.estimate_baseline_days(row) / span <= most * (1 + 1.5 / len(numbers))


def test_a_row_of_an_older_store_is_compared_by_its_number_of_transits() -> None:
    scores.save([scored("TIC 3", 9.0, period_err_days=None, t0_err_days=None, best_duration_hours=None, num_transits=None)])
    [row] = scores.load_matches_after(0, 10)
    assert known_objects.estimate_baseline_days(row) == 9.0
    list_tois(1, toi(3, 100.01, 9.0))
    assert known_objects.rematch_row(row, catalogs.current_catalog()).match_ratio == "1"
