"""Surveys in processes of their own: begun, killed, gone on with, cancelled; what the store holds in the end."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from astroseq_core.errors import SettingsError
from astroseq_core.jobs import process
from astroseq_core.jobs.job import JobState
from astroseq_core.store import scores
from astroseq_core.surveys.queue import SURVEYS, Survey, SurveyRequest
from astroseq_core.surveys.results import LEFT_OUT_NAME, read_left_out
from astroseq_core.surveys.stars import SurveyChoice

PATIENCE_SECONDS = 120.0
STARS = 24


@pytest.fixture
def request_of_a_folder(tmp_path: Path, tiny: Path) -> SurveyRequest:
    """Two dozen short light curves, one of them broken, and a tiny model."""
    folder = tmp_path / "lc"
    folder.mkdir()
    rng = np.random.default_rng(1)
    for number in range(1, STARS + 1):
        time_ = 1400 + np.arange(3000) * 2 / 1440
        np.savez(folder / f"TIC_{number}__s0001.npz", time=time_, flux=1 + 1e-3 * rng.standard_normal(3000))
    (folder / f"TIC_{STARS}__s0001.npz").write_bytes(b"PK\x03\x04")
    return SurveyRequest("all", SurveyChoice("folder", folder=str(folder)), "tiny", workers=1)


def until(survey_id: str, is_so: Callable[[Survey], bool]) -> Survey:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so(survey := SURVEYS.get(survey_id)):
        assert time.monotonic() < deadline, (survey.state, survey.problem, survey.log_tail())
        time.sleep(0.1)
    return survey


def table() -> dict[str, tuple[str, float | None, int | None]]:
    found = {}
    for number in range(1, STARS + 1):
        rows = scores.list_by_star(f"TIC {number}")
        assert len(rows) <= 1
        found |= {r.target_id: (r.status, r.star_score, r.num_segments) for r in rows}
    return found


def test_killed_among_its_stars_and_gone_on_with_nothing_is_lost_or_doubled(request_of_a_folder: SurveyRequest) -> None:
    SURVEYS.submit(request_of_a_folder)
    # While it starts nothing can be lost: it is killed once its first stars are in the store.
    until("all", lambda s: s.state is JobState.RUNNING)
    until("all", lambda s: s.progress.done > 0 or s.state is not JobState.RUNNING)
    os.killpg(process.child_processes[-1].pid, signal.SIGKILL)
    process.child_processes[-1].wait()
    if until("all", lambda s: s.state is not JobState.RUNNING).state is not JobState.DONE:
        assert SURVEYS.get("all").state is JobState.FAILED
        SURVEYS.resume("all")
    done = until("all", lambda s: s.state is JobState.DONE)
    assert done.latest.done + done.latest.skipped == STARS - 1
    assert done.latest.failed == 1
    first = table()
    assert len(first) == STARS
    assert sum(status == scores.OK for status, _, _ in first.values()) == STARS - 1

    # The same thing again does nothing, but tries what failed.
    SURVEYS.resume("all")
    again = until("all", lambda s: s.state is JobState.DONE)
    assert (again.latest.done, again.latest.skipped, again.latest.failed) == (0, STARS - 1, 1)
    assert table() == first


def test_a_cancelled_survey_keeps_what_it_has_and_the_next_begins(request_of_a_folder: SurveyRequest) -> None:
    many = replace(request_of_a_folder, name="many", stars=SurveyChoice("simulated", mission="TESS", count=5000))
    SURVEYS.submit(many)
    SURVEYS.submit(replace(request_of_a_folder, name="next", stars=SurveyChoice("targets", targets=("TIC 1",))))
    assert SURVEYS.get("next").state is JobState.QUEUED
    until("many", lambda s: s.progress.done > 0)
    began = time.monotonic()
    SURVEYS.cancel("many")
    until("many", lambda s: s.state is JobState.CANCELLED)
    assert time.monotonic() - began < 10
    failed = until("next", lambda s: s.state is JobState.DONE)
    assert failed.latest.failed == 1
    assert "not in the cache" in scores.list_by_star("TIC 1")[0].status
    with pytest.raises(SettingsError, match="no survey 'none'"):
        SURVEYS.get("none")
    SURVEYS.delete("next")
    assert [s.job_id for s in SURVEYS.jobs()] == ["many"]


def test_a_survey_that_cannot_be_says_why(request_of_a_folder: SurveyRequest) -> None:
    SURVEYS.submit(replace(request_of_a_folder, model_id="gone"))
    failed = until("all", lambda s: s.state is JobState.FAILED)
    assert "no model 'gone'" in failed.problem


def test_what_is_in_no_score_is_kept_and_shown_as_the_command_line_says_it(
    request_of_a_folder: SurveyRequest, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from astroseq_core.cli import main
    from tests.app.driving import opened

    monkeypatch.setenv("ASTROSEQ_FOLDERS", str(tmp_path))
    folder = Path(request_of_a_folder.stars.folder)
    for path in sorted(folder.glob("TIC_*"))[3:]:
        path.unlink()
    first = sorted(folder.iterdir())[0]
    (folder / f"{first.stem.partition('__')[0]}__copy.npz").write_bytes(first.read_bytes())
    (folder / f"{first.stem.partition('__')[0]}__broken.npz").write_bytes(b"PK\x03\x04")
    SURVEYS.submit(request_of_a_folder)
    survey = until("all", lambda s: not s.is_active)
    assert survey.state is JobState.DONE, survey.problem
    lines = read_left_out(survey.folder)
    assert len(lines) == 2
    main.main(["score", str(folder), "--model", "tiny", "--out", str(tmp_path / "scores.csv")])
    said = capsys.readouterr().err.splitlines()
    assert set(lines) <= set(said)
    # Going on passes over what is scored, and forgets nothing.
    SURVEYS.resume("all")
    until("all", lambda s: not s.is_active)
    assert read_left_out(survey.folder) == lines
    page = opened("6_Survey.py", survey="all")
    (drawn,) = [e for e in page.expander if e.label == "2 left out"]
    assert len(drawn.markdown) == 2
    (survey.folder / LEFT_OUT_NAME).write_text('{"no": "line"}\n[[[\n"TIC 1: kept."\n')
    assert read_left_out(survey.folder) == ("TIC 1: kept.",)
