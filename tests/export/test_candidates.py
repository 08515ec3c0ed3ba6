"""Candidates as CSV: agreed columns, the cut as p_highclass, safe cells, and beside it where they are from."""

import hashlib
import json
import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from astroseq_core.cli import main
from astroseq_core.columns import CANDIDATES_CSV
from astroseq_core.errors import ExportError
from astroseq_core.export import candidates
from astroseq_core.store import dispositions, leaderboard, scores, thresholds
from astroseq_core.store.disposition_entry import Disposition
from astroseq_core.store.leaderboard import LeaderboardRow
from astroseq_core.store.leaderboard_filters import Filters
from astroseq_core.store.scores import ScoreRow
from astroseq_core.store.thresholds import ScoreThreshold


def star(target_id: str, score: float, **about: object) -> ScoreRow:
    made = ScoreRow(
        target_id=target_id,
        model_id="m",
        model_sha="abc",
        data_id="d",
        mission="TESS",
        seen_as="TESS",
        num_segments=70,
        star_score=score,
        score_max=0.987654321,
        score_topk=0.5,
        score_fold=score,
        best_period_days=3.123456789,
        best_t0=1325.123456789,
        t0_system="BTJD",
        magnitude=9.5,
    )
    return replace(made, **about)  # type: ignore[arg-type]


@pytest.fixture
def filled() -> Filters:
    """Five stars by one model: a simulated one, a single transit, a known one with a name that a spreadsheet would run, a quiet
    one, and one that failed.
    """
    scores.save(
        [
            star(
                "SIM 1",
                50.25,
                mission="Simulated",
                seen_as="K2",
                simulated=True,
                match="SIM 1 b",
                match_kind="survey",
                match_ratio="1",
            ),
            star("TIC 2", 30.0, best_period_days=None),
            star("TIC 3", 20.0, match="=HYPERLINK(1)", match_kind="TOI", match_ratio="2"),
            star("TIC 4", 1.5),
            star("TIC 5", 0.0, status="no light curve", star_score=None),
        ]
    )
    dispositions.add(Disposition("TIC 2", "PC", "me"))
    return Filters(model_id="m", scored=True)


def written(path: Path, filters: Filters, cut: ScoreThreshold | None, **about: bool) -> tuple[pd.DataFrame, dict]:
    candidates.write(path, candidates.ranked_rows(filters), cut, vars(filters), **about)
    said = json.loads(candidates.provenance_path(path).read_text(encoding="utf-8"))
    return pd.read_csv(path, keep_default_na=False, dtype={"match_ratio": str}), said


def test_the_columns_begin_as_agreed_and_come_back_through_pandas(filled: Filters, tmp_path: Path):
    table, said = written(tmp_path / "candidates.csv", filled, ScoreThreshold("m", 20.0))
    assert list(table.columns[:3]) == ["star_id", "score_raw", "p_highclass"]
    assert tuple(table.columns) == CANDIDATES_CSV == tuple(said["columns"])
    assert list(table["star_id"]) == ["SIM 1", "TIC 2", "TIC 3", "TIC 4"], "the highest first, none without a score"
    assert list(table["score_raw"]) == [50.25, 30.0, 20.0, 1.5]
    assert list(table["p_highclass"]) == [1, 1, 1, 0], "a score at the threshold passes"
    assert list(table["simulated"]) == [1, 0, 0, 0]
    assert list(table["mission"]) == ["K2", "TESS", "TESS", "TESS"]
    assert list(table["match_ratio"]) == ["1", "", "2", ""]
    assert list(table["disposition"]) == ["", "PC", "", ""]
    assert list(table["best_period_days"])[1] == "", "a single transit has no period"
    assert float(table["best_period_days"][0]) == pytest.approx(3.123457)
    assert table["best_t0"][0] == pytest.approx(1325.123457)


def test_no_cell_is_a_formula(filled: Filters, tmp_path: Path):
    table, _ = written(tmp_path / "c.csv", filled, None)
    assert table["match"][2] == "'=HYPERLINK(1)"


def test_the_provenance_says_what_was_written(filled: Filters, tmp_path: Path):
    path = tmp_path / "deep" / "candidates.csv"
    _, said = written(path, replace(filled, score_min=2.0), ScoreThreshold("m", 30.0, "top", 2))
    assert said["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert said["cut"] == {"kind": "top", "threshold": 30.0, "n": 2}
    assert said["filters"] == {"model_id": "m", "score_min": 2.0, "scored": True}
    assert said["counts"] == {"rows": 3, "passed": 2, "simulated": 1}
    assert said["simulated"] == "some"
    assert said["models"] == [{"model_id": "m", "title": "", "sha256": None, "scored_with": ["abc"]}]
    assert said["made_by"].startswith("AstroSeq ")
    assert said["created"].endswith("+00:00")


def test_a_model_that_is_here_is_identified_by_its_card(tmp_path: Path):
    scores.save([star("TIC 2", 30.0, model_id="tess-2min-v2")])
    _, said = written(tmp_path / "c.csv", Filters(), None)
    (model,) = said["models"]
    assert model["title"]
    assert len(model["sha256"]) == 64


def test_only_those_that_passed(filled: Filters, tmp_path: Path):
    table, said = written(tmp_path / "c.csv", replace(filled, simulated=False), ScoreThreshold("m", 30.0), only_passed=True)
    assert list(table["star_id"]) == ["TIC 2"]
    assert said["simulated"] == "none"
    table, said = written(tmp_path / "c.csv", replace(filled, simulated=True), None)
    assert list(table["p_highclass"]) == [0], "without a threshold nothing passes"
    assert (said["cut"], said["simulated"]) == (None, "all")


def test_rows_come_in_pieces_and_each_once(filled: Filters, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(candidates, "ROWS_PER_QUERY", 1)
    assert [r.target_id for r in candidates.ranked_rows(filled)] == ["SIM 1", "TIC 2", "TIC 3", "TIC 4"]
    real = leaderboard.load_page
    late = star("TIC 9", 99.0)

    def moved(filters: Filters, *, limit: int, offset: int) -> leaderboard.LeaderboardPage:
        found = real(filters, limit=limit, offset=offset)
        scores.save([late])  # a survey goes on: all others move down by one
        return found

    monkeypatch.setattr(leaderboard, "load_page", moved)
    names = [r.target_id for r in candidates.ranked_rows(filled)]
    assert len(names) == len(set(names))


def test_a_place_that_cannot_be_written_is_said(filled: Filters, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match="cannot be written"):
        candidates.write(tmp_path / "file" / "c.csv", candidates.ranked_rows(filled), None, {})


# ---- false alarms


def near(*probabilities: float | None) -> list[LeaderboardRow]:
    return [LeaderboardRow(**vars(star(f"TIC {n + 1}", 10.0, false_alarm_probability=p))) for n, p in enumerate(probabilities)]


def test_the_median_chance_at_the_cut_stands_for_all_stars():
    found = candidates.false_alarms_near_threshold(near(0.01, 0.02, None, 0.03, 0.5, 0.02), 1000)
    assert found is not None
    assert found.stars == pytest.approx(20.0)
    assert "1,000 stars" in found.basis
    assert candidates.false_alarms_near_threshold(near(0.01, 0.02, None), 1000) is None


def test_quiet_simulated_stars_tell_the_share_that_passes():
    found = candidates.false_alarms_from_quiet_stars(5, 100, 1000)
    assert found is not None
    assert found.upper_limit is not None
    assert found.stars == pytest.approx(5 + 50)
    # Wilson's interval of 5 in 100 ends at 11.2 %.
    assert found.upper_limit == pytest.approx(5 + 111.75, abs=0.1)
    none = candidates.false_alarms_from_quiet_stars(0, 40, 1000)
    assert none is not None
    assert none.stars == 0
    assert none.upper_limit is not None
    assert none.upper_limit > 50, "none of forty does not mean none of a thousand"
    few = none.within(12)
    assert (few.stars, few.upper_limit) == (0, 12), "no more can be false than pass without being known"
    certain = candidates.false_alarms_from_quiet_stars(3, 40, 0)
    assert certain is not None
    assert (certain.stars, certain.upper_limit) == (3, None)
    assert candidates.false_alarms_from_quiet_stars(0, candidates.MIN_QUIET_STARS - 1, 1000) is None
    assert math.isclose(candidates.wilson_upper_limit(40, 40), 1.0)


# ---- the command


def test_the_command_writes_both_files(filled: Filters, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "candidates.csv"
    assert main.main(["export", "--top", "2", "--simulated", "no", "--out", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["rows"], said["passed"], said["threshold"]) == (3, 2, 20.0)
    assert list(pd.read_csv(out)["p_highclass"]) == [1, 1, 0]
    assert json.loads(Path(said["provenance"]).read_text(encoding="utf-8"))["cut"]["n"] == 2


def test_the_command_takes_the_cut_that_was_kept(filled: Filters, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "c.csv"
    assert main.main(["export", "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["threshold"] is None
    thresholds.save(ScoreThreshold("m", 40.0))
    assert main.main(["export", "--model", "m", "--only-passed", "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["threshold"] == 40.0
    assert list(pd.read_csv(out)["star_id"]) == ["SIM 1"]
    assert main.main(["export", "--threshold", "25", "--known", "no", "--out", str(out)]) == 0
    assert list(pd.read_csv(out)["star_id"]) == ["TIC 2", "TIC 4"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "other"], "has scored no star here"),
        (["--disposition", "GOOD"], "no disposition"),
        (["--mission", "Moon"], "no mission"),
        (["--top", "3", "--score-min", "1000"], "No star is like that"),
        (["--score-min", "5", "--score-max", "1"], "hold no number"),
    ],
)
def test_what_cannot_be_meant_is_one_line(filled: Filters, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]):
    assert main.main(["export", *arguments]) == 1
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_before_any_survey_the_command_says_what_to_do(capsys: pytest.CaptureFixture[str]):
    assert main.main(["export"]) == 1
    assert "carry out a survey first" in capsys.readouterr().err


def test_of_several_models_one_must_be_named(filled: Filters, capsys: pytest.CaptureFixture[str]):
    scores.save([star("TIC 2", 3.0, model_id="second")])
    assert main.main(["export"]) == 1
    assert "name one with --model" in capsys.readouterr().err
