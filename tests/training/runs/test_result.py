"""A run's result comes back as it was written, is None before it is there, and says when it is damaged."""

import json
from pathlib import Path

import numpy as np
import pytest

from astroseq_core.errors import SettingsError
from astroseq_core.evaluation import result_rows
from astroseq_core.jobs.job import RESULT_NAME, JobState
from astroseq_core.preprocessing.segments import SegmentConfig
from astroseq_core.training import dataset, test_set
from astroseq_core.training.runs import results
from astroseq_core.training.runs.queue import Run
from tests.training.runs.made_runs import a_report, a_run, write_result

GROUPS = ("simulated stars", "real stars")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return a_run(tmp_path / "mine")


def keep_test_segments(folder: Path) -> None:
    table = np.zeros(6, dataset.SEGMENT_DTYPE)
    table["start"], table["label"] = np.arange(6) * 16, [0, 1] * 3
    piece = dataset.StarSegments("TIC 1", np.zeros((96, 1), np.float16), np.repeat(np.array([0, 1] * 3, np.int8), 16), table)
    made = dataset.write_dataset([piece], SegmentConfig(window=16, channels=("flat",)), folder / "shelf-test")
    test_set.save(folder, made, [("real stars", np.arange(6))], np.linspace(0, 1, 6))


def test_it_comes_back(run: Run) -> None:
    reports = {group: a_report(group) for group in GROUPS}
    written = write_result(run, reports)
    keep_test_segments(run.folder)
    found = results.load(run)
    assert found is not None
    assert [r.to_dict() for r in found.reports] == [r.to_dict() for r in reports.values()]
    assert found.report("real stars").roc_curve == reports["real stars"].roc_curve
    assert found.groups == ("real stars", "simulated stars")
    assert isinstance(found.rows[0], result_rows.ResultRow)
    assert found.rows[0].segments == (5000, 5000, 600)
    assert list(found.rows[0].confusion or ()) == list(written["rows"][0]["confusion"])
    assert result_rows.format_comparison(found.rows).count("\n") == 2
    assert (found.seconds, found.peak_memory_gib) == (321.0, 2.5)
    assert found.test is not None
    assert len(found.test) == 6
    with pytest.raises(SettingsError, match="not judged on 'K2'"):
        found.report("K2")


def test_without_kept_segments_the_reports_are_still_there(run: Run) -> None:
    write_result(run, {"real stars": a_report("real stars")})
    found = results.load(run)
    assert found is not None
    assert found.test is None
    assert len(found.reports) == 1


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING, JobState.CANCELLED, JobState.FAILED])
def test_there_is_none_before_the_end(state: JobState, tmp_path: Path) -> None:
    assert results.load(a_run(tmp_path / "mine", state)) is None


DAMAGE = {
    "cut off": lambda text: text[: len(text) // 2],
    "empty": lambda text: "",
    "a list": lambda text: "[]",
    "without reports": lambda text: json.dumps({"rows": []}),
    "a row too few": lambda text: json.dumps(json.loads(text) | {"rows": []}),
    "a row of unknown columns": lambda text: json.dumps(json.loads(text) | {"rows": [{"run": "a", "magic": 1}]}),
    "a report that is none": lambda text: json.dumps(json.loads(text) | {"reports": ["good"]}),
    "no text": lambda text: "\udcff",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damage_is_one_sentence(damage, run: Run) -> None:
    write_result(run, {"real stars": a_report("real stars")})
    path = run.folder / RESULT_NAME
    path.write_text(damage(path.read_text("utf-8")), encoding="utf-8", errors="surrogateescape")
    with pytest.raises(SettingsError, match=r"^result\.json of mine is damaged \([^\n]+\); delete .* train it again\.$"):
        results.load(run)


def test_damaged_test_segments_are_said(run: Run) -> None:
    write_result(run, {"real stars": a_report("real stars")})
    (run.folder / test_set.TEST_NAME).write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(SettingsError, match="test segments of mine cannot be read"):
        results.load(run)
