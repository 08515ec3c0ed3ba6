"""Runs in processes of their own: queued, cancelled, killed, gone on with, promoted, removed."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from astroseq_core.background import folder as background
from astroseq_core.background import launch
from astroseq_core.background.folder import State
from astroseq_core.errors import ModelError, SettingsError
from astroseq_core.runs import folder as folders
from astroseq_core.runs import promote, queue
from astroseq_core.runs.folder import Run
from astroseq_core.runs.request import RunRequest
from astroseq_core.scoring import card as cards
from astroseq_core.segments.cut import Cutting
from astroseq_core.store import promoted
from astroseq_core.training import recipes
from astroseq_core.training.recipes import Injection

PATIENCE_SECONDS = 120.0
RECIPE = replace(
    recipes.recipe("quick"),
    cutting=Cutting(window=128, stride=64, channels=("flat", "mf_3h", "gap")),
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
    while not is_so(run := queue.get(run_id)):
        ended = run.state in (State.DONE, State.FAILED)
        assert not ended or is_so(queue.get(run_id)), (run.problem, background.log_tail(run.folder))
        assert time.monotonic() < deadline, (run.state, background.log_tail(run.folder))
        if advance:
            queue.advance()
        time.sleep(0.05)
    return run


@pytest.fixture(autouse=True)
def none_left_behind() -> Iterator[None]:
    yield
    for run in queue.all_runs():
        queue.cancel(run.run_id)
    for run in queue.all_runs():
        until(run.run_id, lambda r: r.state not in (State.RUNNING, State.QUEUED))


def test_a_run_is_cancelled_its_follower_done_and_a_model_made_of_the_best_epoch() -> None:
    long = queue.submit(LONG)
    tiny = queue.submit(REQUEST)
    assert (long.state, tiny.state) == (State.RUNNING, State.QUEUED)
    with pytest.raises(SettingsError, match="cancel it first"):
        queue.delete("long")
    running = until("long", lambda r: len(r.epochs) >= 2)
    assert running.now["phase"] == "training"
    assert 0 < running.now["part"] < 1
    assert queue.get("tiny").state is State.QUEUED

    began = time.monotonic()
    queue.cancel("long")
    stopped = until("long", lambda r: r.state is State.CANCELLED)
    assert time.monotonic() - began < 2.0
    assert stopped.can_finish
    assert not stopped.has_model

    # Nobody watches, and yet the next one begins.
    done = until("tiny", lambda r: r.state is State.DONE)
    assert len(done.epochs) == 2
    assert {"train_loss", "train_roc_auc", "train_pr_auc", "validation_loss", "validation_pr_auc"} <= set(done.epochs[0])
    assert done.has_model
    assert not (done.folder / folders.WORK).exists()
    report = done.result["reports"][0]
    assert report["group"] == "simulated stars"
    assert done.result["rows"][0]["run"].startswith("tiny")
    assert cards.folder_of("tiny") == done.folder

    count = len(queue.get("long").epochs)
    queue.finish("long")
    finished = until("long", lambda r: r.state in (State.DONE, State.FAILED), advance=True)
    assert finished.state is State.DONE, finished.problem
    assert len(finished.epochs) == count
    assert finished.has_model


def test_a_killed_run_has_failed_with_its_last_words_and_can_go_on() -> None:
    queue.submit(replace(LONG, name="killed"))
    run = until("killed", lambda r: "to train on" in background.log_tail(r.folder))
    child = launch.children[-1]
    os.killpg(child.pid, signal.SIGKILL)
    dead = until("killed", lambda r: r.state is State.FAILED)
    assert "ended unexpectedly" in dead.problem
    assert "to train on" in dead.problem
    queue.resume("killed")
    assert queue.get("killed").state is State.RUNNING
    assert queue.get("killed").created == run.created


def test_a_run_that_cannot_be_says_why() -> None:
    quiet = replace(RECIPE, injection=replace(RECIPE.injection, without=1.0))
    queue.submit(replace(REQUEST, name="quiet", recipe=quiet))
    failed = until("quiet", lambda r: r.state is State.FAILED)
    assert "train stars are without transits" in failed.problem
    assert "\n" not in failed.problem
    queue.delete("quiet")
    assert not failed.folder.exists()
    with pytest.raises(SettingsError, match="no run 'quiet'"):
        queue.get("quiet")


def made(name: str, **files: object) -> Run:
    """A run in the queue's books that no process has begun."""
    run = queue.submit(replace(REQUEST, name=name), begin=False)
    for file, values in files.items():
        (run.folder / file.replace("_", ".")).write_text(json.dumps(values), encoding="utf-8")
    return queue.get(name)


def test_taken_names_get_a_number_and_notes_stay(tmp_path: Path) -> None:
    assert [queue.submit(REQUEST, begin=False).run_id for _ in range(3)] == ["tiny", "tiny-2", "tiny-3"]
    queue.annotate("tiny-2", "deeper transits")
    assert {r.run_id: r.note for r in queue.all_runs()} == {"tiny": "", "tiny-2": "deeper transits", "tiny-3": ""}
    elsewhere = queue.submit(REQUEST, tmp_path / "elsewhere", begin=False)
    assert queue.get("elsewhere").folder == elsewhere.folder == tmp_path / "elsewhere"
    with pytest.raises(SettingsError, match="something in"):
        queue.submit(REQUEST, tmp_path / "elsewhere", begin=False)


def test_a_run_that_the_store_has_lost_is_taken_in_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made("kept")
    from astroseq_core.store import database

    database.path().unlink()
    assert [r.run_id for r in queue.all_runs()] == ["kept"]
    assert queue.get("kept").request == replace(REQUEST, name="kept")


def test_what_a_folder_tells() -> None:
    assert made("a").state is State.QUEUED
    assert made("b", result_json={"reports": []}).state is State.DONE
    assert made("c", problem_json={"sentence": "No star."}).problem == "No star."
    assert made("d", cancel="").state is State.CANCELLED
    died = made("e", started_json={"at": 1.0})
    assert died.state is State.FAILED
    assert "without a word" in died.problem
    assert made("f", started_json={"at": 1.0}, cancel="").state is State.CANCELLED
    with pytest.raises(SettingsError, match="only a run that was broken off"):
        queue.resume("b")
    with pytest.raises(SettingsError, match="no epoch"):
        queue.finish("d")


def test_requests_come_back_as_they_were_and_wrong_ones_are_refused() -> None:
    assert RunRequest.from_dict(json.loads(json.dumps(REQUEST.to_dict()))) == REQUEST
    for name in ("", "../up", "a/b", ".hidden", "x" * 81):
        with pytest.raises(SettingsError, match="cannot name a run"):
            replace(REQUEST, name=name)
    with pytest.raises(SettingsError, match="not the settings of a run"):
        RunRequest.from_dict({"name": "x"})
    with pytest.raises(SettingsError, match="seed"):
        replace(REQUEST, seed=-1)


def test_a_model_is_promoted_only_where_it_fits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="was made for TESS, not for Kepler"):
        promote.promote("tess-10min-v1", "Kepler")
    with pytest.raises(ModelError, match="no model 'nothing'"):
        promote.promote("nothing", "TESS")
    with pytest.raises(ModelError, match="outside"):
        promote.promote(str(cards.folder_of("tess-10min-v1")), "TESS")
    assert promoted.defaults() == {}
    promote.promote("tess-10min-v1", "tess")
    assert promoted.defaults() == {"TESS": "tess-10min-v1"}
    promote.demote("TESS")
    assert promoted.defaults() == {}


def test_a_default_is_taken_where_it_suits_and_not_removed(light_curve_like_tess_sector) -> None:
    curve = light_curve_like_tess_sector.curve
    usual = cards.best_for(curve)
    assert usual is not None
    assert usual.model_id == "tess-2min-v2"
    for default, taken in (("tess-10min-v1", "tess-10min-v1"), ("long-cadence-v2", "tess-2min-v2"), ("gone", "tess-2min-v2")):
        chosen = cards.best_for(curve, {"TESS": default})
        assert chosen is not None
        assert chosen.model_id == taken
    made("mine", result_json={"reports": []})
    promoted.promote("TESS", "mine")
    with pytest.raises(SettingsError, match="default for TESS"):
        queue.delete("mine")
