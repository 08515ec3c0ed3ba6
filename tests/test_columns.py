"""The registry of columns: what is made from it holds what it says."""

import re
import sqlite3
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from astroseq_core import columns
from astroseq_core.app.leaderboard import table as leaderboard_table
from astroseq_core.column_fields import TEXT, columns_of
from astroseq_core.columns import CANDIDATE_COLUMNS, ROW_COLUMNS, SIGNAL_COLUMNS, STORED
from astroseq_core.export import records, score_tables
from astroseq_core.export.records import Record
from astroseq_core.scoring.star import StarScore
from astroseq_core.store import database, leaderboard, scores
from astroseq_core.store.leaderboard_filters import Filters
from astroseq_core.store.scores import ScoreRow
from astroseq_core.surveys.engine import ScoringSettings, score_stars
from astroseq_core.surveys.stars import SurveyChoice, iterate_stars
from astroseq_core.times import Instant, TimeSystem
from tests.surveys.conftest import write
from tools import write_columns

SCORE = StarScore(
    target_id="TIC 1",
    mission="TESS",
    num_segments=70,
    score_max=0.9,
    score_topk=0.8,
    score_noisy_or=3.0,
    score_fold=12.5,
    best_period_days=3.5,
    best_t0=Instant(1500.25, TimeSystem.BTJD),
    best_duration_hours=2.5,
    period_err_days=1e-4,
    t0_err_days=0.01,
    duration_err_hours=0.2,
    num_transits=7,
    model_id="m",
    false_alarm_probability=0.25,
    **{name: 100.0 + at for at, name in enumerate(columns.MEASURED)},
)


def row(target_id: str = "TIC 1") -> ScoreRow:
    return ScoreRow(target_id, "m", "sha", "data", "TESS", "TESS", **SCORE.values())


@pytest.mark.parametrize(
    ("names", "known"),
    [
        (columns.SCORES_CSV, ROW_COLUMNS),
        (columns.LEADERBOARD, ROW_COLUMNS),
        (tuple(columns.SORTS.values()), ROW_COLUMNS),
        (tuple(r.column for r in columns.RANGES.values()), STORED | {"period_days": ROW_COLUMNS["period_days"]}),
        (columns.CANDIDATES, CANDIDATE_COLUMNS),
        (columns.SIGNALS_CSV, SIGNAL_COLUMNS),
    ],
)
def test_tables_are_of_known_columns_each_once(names: tuple[str, ...], known: dict[str, columns.Column]):
    assert set(names) <= set(known)
    assert len(set(names)) == len(names)


def test_no_column_is_forgotten():
    assert set(columns.CANDIDATES) == set(CANDIDATE_COLUMNS)
    assert columns.CANDIDATES[: len(columns.CANDIDATES_CSV)] == columns.CANDIDATES_CSV
    somewhere = {*columns.SCORES_CSV, *columns.CANDIDATES, *columns.LEADERBOARD}
    assert set(STORED) <= somewhere, "what is stored can be read"
    assert {name for name, c in ROW_COLUMNS.items() if c.display} == set(columns.LEADERBOARD)
    for bound in fields(columns.Bounds):
        assert bound.name.rsplit("_", 1)[0] in columns.RANGES
    assert len(fields(columns.Bounds)) == 2 * len(columns.RANGES)


def test_columns_say_what_they_are():
    from astropy.io.votable.ucd import parse_ucd

    for name, column in (*ROW_COLUMNS.items(), *CANDIDATE_COLUMNS.items(), *SIGNAL_COLUMNS.items()):
        assert column.name == name
        assert column.description, name
        assert column.kind == TEXT or not re.search(r"_(days|hours|ppm|bjd)$", name) or column.unit, name
        if column.ucd:
            parse_ucd(column.ucd, check_controlled_vocabulary=True, has_colon=False)
    assert set(columns_of(Record)) | {"star_id"} == set(CANDIDATE_COLUMNS)


def test_the_page_of_columns_is_up_to_date():
    assert write_columns.PAGE.read_text(encoding="utf-8") == write_columns.page(), "python -m tools.write_columns"


def test_scores_go_from_a_star_through_the_store_to_the_page():
    scores.save([row()])
    (found,) = leaderboard.load_page(Filters()).rows
    for name in columns.FROM_SCORING:
        value = SCORE.best_t0.days if name == "best_t0" else getattr(SCORE, name)
        assert getattr(found, name) == value is not None, name
    shown = leaderboard_table.star_frame([found])
    assert list(shown.columns) == list(leaderboard_table.table_columns())
    for name in columns.LEADERBOARD:
        column = ROW_COLUMNS[name]
        if name in columns.FROM_SCORING and column.display:
            assert shown[column.display.label][0] == getattr(found, name), name


@pytest.mark.parametrize("name", ["score_noisy_or", "num_transits", "match_disposition"])
def test_a_store_without_a_column_gets_it_once_and_keeps_its_rows(name: str):
    scores.save([row("TIC 1")])
    with sqlite3.connect(database.database_path()) as db:
        db.execute(f"ALTER TABLE scores DROP COLUMN {name}")
    db.close()
    [older] = scores.list_by_star("TIC 1")
    assert getattr(older, name) == ("" if STORED[name].kind == TEXT else None)
    assert older.star_score == 12.5
    scores.save([row("TIC 2")])
    [newer] = scores.list_by_star("TIC 2")
    assert getattr(newer, name) == SCORE.values().get(name, "")
    with database.connect(writing=False) as db:
        assert [r["name"] for r in db.execute("PRAGMA table_info(scores)")].count(name) == 1


def test_noise_is_measured_wherever_stars_are_scored(tiny: Path, tmp_path: Path):
    folder = tmp_path / "lc"
    for observation, sigma in (("s0001", 2e-3), ("s0002", 1e-3), ("s0003", 9e-3)):
        rng = np.random.default_rng(int(observation[1:]))
        time = 1500 + np.arange(0, 10.0, 2 / 1440)
        flux = 1 + sigma * rng.standard_normal(len(time))
        write(folder, "TIC 1", observation, time=time + 27 * int(observation[1:]), flux=flux)
    write(folder, "TIC 2", days=3.0)
    (tmp_path / "lc" / "TIC_3__s0001.npz").write_bytes(b"broken")
    stars = iterate_stars(SurveyChoice("folder", folder=str(folder)))
    results = {r.target_id: r for r in score_stars(stars, ScoringSettings("tiny", segments=True), processes=False)}
    rows = {name: r.row for name, r in results.items() if r.row is not None}
    scores.save(rows.values())
    one = rows["TIC 1"]
    assert one.noise_ppm_1h == pytest.approx(2e-3 * 1e6 / 30**0.5, rel=0.15), "the median of its observations"
    assert one.noise_ppm_1h == float(np.median([s.measured["noise_ppm_1h"] for s in results["TIC 1"].segments]))
    assert rows["TIC 3"].noise_ppm_1h is None, "a star that could not be scored has none"
    assert [r.target_id for r in leaderboard.load_page(Filters(), sort="noise_ppm_1h").rows] == ["TIC 1", "TIC 2", "TIC 3"]
    assert [r.target_id for r in leaderboard.load_page(Filters(noise_max=300.0)).rows] == ["TIC 2"]
    (record,) = records.select_records(Filters(noise_min=300.0))
    assert record.noise_ppm_1h == round(one.noise_ppm_1h, 1) == score_tables.score_row(one)["noise_ppm_1h"]
    begin = columns.CANDIDATES.index("noise_ppm_1h") + 1
    of_star = columns.CANDIDATES[begin : columns.CANDIDATES.index("signal_too_deep")]
    assert columns.SCORES_CSV[-len(columns.FROM_SIGNALS) - 1 :] == ("noise_ppm_1h", *columns.FROM_SIGNALS)
    assert of_star + columns.OF_BEST_SIGNAL == columns.FROM_SIGNALS


def test_the_value_of_a_star_is_the_median_of_its_observations():
    parts = [{"a": 1.0, "b": 4.0}, {"a": 2.0}, {}, {"a": 100.0}]
    assert columns.combine_measurements(parts) == {"a": 2.0, "b": 4.0}
    assert columns.combine_measurements([]) == {}
