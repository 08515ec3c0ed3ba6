"""Runs in processes of their own: queued, cancelled, killed, gone on with, promoted, removed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from astroseq_core.errors import ModelError, SettingsError
from astroseq_core.jobs import process
from astroseq_core.jobs.job import JobState, is_locked
from astroseq_core.networks import card as cards
from astroseq_core.preprocessing.segments import SegmentConfig
from astroseq_core.store import runs
from astroseq_core.training import recipes
from astroseq_core.training.recipes import Injection
from astroseq_core.training.runs import queue, results
from astroseq_core.training.runs.queue import RUNS, WORK_NAME, Run
from astroseq_core.training.runs.request import RunRequest

PATIENCE_SECONDS = 120.0
RECIPE = replace(
    recipes.load_recipe("quick"),
    cutting=SegmentConfig(window=128, stride=64, channels=("flat", "mf_3h", "gap")),
    simulated={"TESS": 24},
    injection=Injection(snr=(8.0, 60.0), period_days=(3.0, 12.0), copies=1, copies_simulated=1, varied=0.2, without=0.5),
    options={"stem_stride": 2, "widths": (16, 24), "dropout": 0.0, "spatial_dropout": 0.0},
    batch=64,
    epochs=2,
    parts=(("train", 0.5), ("validation", 0.15), ("calibration", 0.15), ("test", 0.2)),
)
REQUEST = RunRequest("tiny", RECIPE, seed=5, workers=1)
#: Long enough to be stopped in the middle.
LONG = replace(REQUEST, name="long", recipe=replace(RECIPE, epochs=500, patience=500))


def until(run_id: str, is_so: Callable[[Run], bool], *, advance: bool = False) -> Run:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so(run := RUNS.get(run_id)):
        ended = run.state in (JobState.DONE, JobState.FAILED)
        assert not ended or is_so(RUNS.get(run_id)), (run.problem, run.log_tail())
        assert time.monotonic() < deadline, (run.state, run.log_tail())
        if advance:
            RUNS.start_next()
        time.sleep(0.2)
    return run


@pytest.fixture(autouse=True)
def none_left_behind() -> Iterator[None]:
    yield
    for run in RUNS.jobs():
        RUNS.cancel(run.job_id)
    for run in RUNS.jobs():
        until(run.job_id, lambda r: r.state not in (JobState.RUNNING, JobState.QUEUED))


def test_a_run_is_cancelled_its_follower_done_and_a_model_made_of_the_best_epoch() -> None:
    long = RUNS.submit(LONG)
    tiny = RUNS.submit(REQUEST)
    assert (long.state, tiny.state) == (JobState.RUNNING, JobState.QUEUED)
    with pytest.raises(SettingsError, match="cancel it first"):
        RUNS.delete("long")
    running = until("long", lambda r: len(r.epochs) >= 2)
    assert running.progress.phase == "training"
    assert 0 < running.progress.fraction < 1
    assert RUNS.get("tiny").state is JobState.QUEUED

    began = time.monotonic()
    RUNS.cancel("long")
    stopped = until("long", lambda r: r.state is JobState.CANCELLED)
    assert time.monotonic() - began < 10
    assert stopped.can_finish
    assert not stopped.has_model

    # Nobody watches, and yet the next one begins.
    done = until("tiny", lambda r: r.state is JobState.DONE)
    assert len(done.epochs) == 2
    assert done.progress.phase == "evaluating"
    assert {"train_loss", "train_roc_auc", "train_pr_auc", "validation_loss", "validation_pr_auc"} <= set(
        done.epochs[0].to_dict()
    )
    assert done.has_model
    assert not (done.folder / WORK_NAME).exists()
    result = results.read_result(done.folder)
    assert result is not None
    report = result["reports"][0]
    assert report["group"] == "simulated stars"
    assert result["rows"][0]["run"].startswith("tiny")
    assert cards.model_folder("tiny") == done.folder

    count = len(RUNS.get("long").epochs)
    RUNS.finish("long")
    finished = until("long", lambda r: r.state in (JobState.DONE, JobState.FAILED), advance=True)
    assert finished.state is JobState.DONE, finished.problem
    assert len(finished.epochs) == count
    assert finished.has_model


def test_a_killed_run_has_failed_with_its_last_words_and_can_go_on() -> None:
    RUNS.submit(replace(LONG, name="killed"))
    run = until("killed", lambda r: "to train on" in r.log_tail())
    child = process.child_processes[-1]
    os.killpg(child.pid, signal.SIGKILL)
    dead = until("killed", lambda r: r.state is JobState.FAILED)
    assert "ended unexpectedly" in dead.problem
    assert "to train on" in dead.problem
    RUNS.resume("killed")
    assert RUNS.get("killed").state is JobState.RUNNING
    assert RUNS.get("killed").created == run.created


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_terminated_ends_its_run_as_a_cancel_does(tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "ended"
    command = ["train", "--recipe", "quick", "--out", str(folder), "--epochs", "500", "--workers", "1"]
    with (tmp_path / "said.txt").open("wb") as said:
        # a test under nohup hands an ignored hangup down, which the command respects
        started = subprocess.Popen(
            [sys.executable, "-m", "astroseq_core", *command],
            stdout=said,
            stderr=said,
            preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
        )
        try:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not (folder / "started.json").exists():
                assert started.poll() is None, (tmp_path / "said.txt").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
            started.send_signal(number)
            assert started.wait(PATIENCE_SECONDS) == 1
        finally:
            started.kill()
            started.wait()
    assert "Stopped" in (tmp_path / "said.txt").read_text()
    assert until("ended", lambda r: r.state is not JobState.RUNNING).state is JobState.CANCELLED
    assert not is_locked(folder)


def test_a_run_that_cannot_be_says_why() -> None:
    quiet = replace(RECIPE, injection=replace(RECIPE.injection, without=1.0))
    RUNS.submit(replace(REQUEST, name="quiet", recipe=quiet))
    failed = until("quiet", lambda r: r.state is JobState.FAILED)
    assert "train stars are without transits" in failed.problem
    assert "\n" not in failed.problem
    RUNS.delete("quiet")
    assert not failed.folder.exists()
    with pytest.raises(SettingsError, match="no run 'quiet'"):
        RUNS.get("quiet")


def made(name: str, **files: object) -> Run:
    """A run in the queue's books that no process has begun."""
    run = RUNS.submit(replace(REQUEST, name=name), begin=False)
    for file, values in files.items():
        (run.folder / file.replace("_", ".")).write_text(json.dumps(values), encoding="utf-8")
    return RUNS.get(name)


def test_taken_names_get_a_number_and_notes_stay(tmp_path: Path) -> None:
    assert [RUNS.submit(REQUEST, begin=False).job_id for _ in range(3)] == ["tiny", "tiny-2", "tiny-3"]
    RUNS.annotate("tiny-2", "deeper transits")
    assert {r.job_id: r.note for r in RUNS.jobs()} == {"tiny": "", "tiny-2": "deeper transits", "tiny-3": ""}
    elsewhere = RUNS.submit(REQUEST, tmp_path / "elsewhere", begin=False)
    assert RUNS.get("elsewhere").folder == elsewhere.folder == tmp_path / "elsewhere"
    with pytest.raises(SettingsError, match="something in"):
        RUNS.submit(REQUEST, tmp_path / "elsewhere", begin=False)


def test_a_run_that_the_store_has_lost_is_taken_in_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made("kept")
    from astroseq_core.store import database

    database.database_path().unlink()
    assert [r.job_id for r in RUNS.jobs()] == ["kept"]
    assert RUNS.get("kept").request == replace(REQUEST, name="kept")


def test_what_a_folder_tells() -> None:
    assert made("a").state is JobState.QUEUED
    assert made("b", result_json={"reports": []}).state is JobState.DONE
    assert made("c", problem_json={"sentence": "No star."}).problem == "No star."
    assert made("d", cancel="").state is JobState.CANCELLED
    died = made("e", started_json={"at": 1.0})
    assert died.state is JobState.FAILED
    assert "without a word" in died.problem
    assert made("f", started_json={"at": 1.0}, cancel="").state is JobState.CANCELLED
    with pytest.raises(SettingsError, match="only a run that was broken off"):
        RUNS.resume("b")
    with pytest.raises(SettingsError, match="no epoch"):
        RUNS.finish("d")


def test_requests_come_back_as_they_were_and_wrong_ones_are_refused() -> None:
    assert RunRequest.from_dict(json.loads(json.dumps(REQUEST.to_dict()))) == REQUEST
    for name in ("", "../up", "a/b", ".hidden", "x" * 81):
        with pytest.raises(SettingsError, match="cannot name a run"):
            replace(REQUEST, name=name)
    with pytest.raises(SettingsError, match="not the settings of a run"):
        RunRequest.from_dict({"name": "x"})
    with pytest.raises(SettingsError, match="seed"):
        replace(REQUEST, seed=-1)
    for name, value in (("seed", "1"), ("workers", 1.5), ("verdicts", "yes"), ("seed", True)):
        with pytest.raises(SettingsError, match=f"The {name} of a run cannot be"):
            RunRequest.from_dict(REQUEST.to_dict() | {name: value})


def test_a_model_is_promoted_only_where_it_fits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="was made for TESS, not for Kepler"):
        queue.promote("tess-10min-v1", "Kepler")
    with pytest.raises(ModelError, match="no model 'nothing'"):
        queue.promote("nothing", "TESS")
    with pytest.raises(ModelError, match="outside"):
        queue.promote(str(cards.model_folder("tess-10min-v1")), "TESS")
    assert runs.default_models() == {}
    queue.promote("tess-10min-v1", "tess")
    assert runs.default_models() == {"TESS": "tess-10min-v1"}
    queue.demote("TESS")
    assert runs.default_models() == {}


def test_a_default_is_taken_where_it_suits_and_not_removed(light_curve_like_tess_sector) -> None:
    curve = light_curve_like_tess_sector.curve
    usual = cards.choose_card(curve)
    assert usual is not None
    assert usual.model_id == "tess-2min-v2"
    for default, taken in (("tess-10min-v1", "tess-10min-v1"), ("long-cadence-v2", "tess-2min-v2"), ("gone", "tess-2min-v2")):
        chosen = cards.choose_card(curve, {"TESS": default})
        assert chosen is not None
        assert chosen.model_id == taken
    made("mine", result_json={"reports": []})
    runs.promote_model("TESS", "mine")
    with pytest.raises(SettingsError, match="default for TESS"):
        RUNS.delete("mine")
