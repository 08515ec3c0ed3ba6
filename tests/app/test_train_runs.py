"""The Train page's runs: each state of life, the result and what it gets wrong, the log, promotion; nothing is trained."""

import csv
import io
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from astroseq_core.app.shared import background
from astroseq_core.app.train import result, runs, state
from astroseq_core.app.train import run as train_run
from astroseq_core.jobs import job, queue
from astroseq_core.jobs.job import JobState
from astroseq_core.networks import card as cards
from astroseq_core.networks.card import CARD_NAME, MODEL_NAME
from astroseq_core.store import runs as store_runs
from astroseq_core.training import fit, test_set
from astroseq_core.training.runs import results
from astroseq_core.training.runs.queue import FINISH_NAME, RUNS, WORK_NAME
from astroseq_core.training.stars import StarChoice
from tests.app import driving
from tests.app import train_folders as made
from tests.app.driving import keys, metrics, press, words


@pytest.fixture(autouse=True)
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of runs that would have begun; no process ever does."""
    names: list[str] = []
    monkeypatch.setattr(queue, "launch_job", lambda folder, module: names.append(folder.name))
    return names


def train(**address: str) -> AppTest:
    return driving.opened("4_Train.py", **address)


# ---- before there is anything


def test_without_runs_the_tab_teaches_and_leads_to_a_new_one():
    page = train(tab="Runs")
    assert "will stand here" in words(page)
    press(page, "to new run")
    assert "start 0" in keys(page)


# ---- waiting and under way


def test_a_waiting_run_says_its_place_and_can_be_taken_out():
    with made.running("first"):
        made.queued("second")
        third = made.queued("third")
        assert train_run.progress_text(third) == "It waits in the queue, 2 before it."
        page = press(train(run="third"), "cancel third")
        assert RUNS.get("third").state is JobState.CANCELLED
        page.run()
        assert "before its first epoch" in words(page)
    (RUNS.get("first").folder / job.CANCEL_NAME).touch()
    assert train_run.progress_text(RUNS.get("second")) == "It is the next to begin."


def test_a_run_under_way_tells_where_it_stands_after_a_reload_too():
    with made.running("now") as run:
        assert train_run.progress_text(run) == "epoch 3 of at most 4, about 83 s left"
        for page in (train(run="now"), train(run="now", tab="Runs")):
            found = metrics(page)
            assert (found["Epoch"], found["Step"], found["Loss now"]) == ("3 of 4", "40 of 90", "0.2345")
            assert found["Best validation ROC-AUC"] == "0.8200"
            assert "epoch 1 of 4" in page.code[0].value
            assert len(page.get("plotly_chart")) == 1
        made.say(run, part=0.6, words="epoch 4 of at most 4", epoch=4, epochs=4, step=1, steps=90, loss=0.1)
        assert metrics(page.run())["Epoch"] == "4 of 4"
        press(page, "cancel now")
        assert (run.folder / job.CANCEL_NAME).exists()
        assert page.button(key="cancel now").disabled
    page.run()
    assert {"again now", "resume now"} <= keys(page)


def test_a_run_that_only_begins_is_no_trouble():
    with made.running("young", epochs=0) as run:
        (run.folder / job.PROGRESS_NAME).unlink()
        page = train(run="young")
        assert metrics(page)["Doing"] == "starting"
        made.say(run, part=None, words="x", seconds_left=None, loss=None, epoch=1)
        page.run()
        assert not page.exception


def test_watching_moves_the_queue_on(begun: list[str]):
    made.queued("dead-end")
    train(run="dead-end")
    assert begun[0] == "dead-end"


def test_damaged_files_of_a_run_are_told():
    with made.running("now") as run:
        history = run.folder / WORK_NAME / fit.HISTORY_NAME
        history.write_text(history.read_text(encoding="utf-8").replace('{"epoch": 2', '{"epoch" 2'), encoding="utf-8")
        (run.folder / job.PROGRESS_NAME).write_text('{"part": "half"}', encoding="utf-8")
        page = train(run="now")
        damaged = " ".join(w.value.replace("\\", "") for w in page.warning)
        assert "now.json of now is damaged (part cannot be 'half')" in damaged
        assert "Line 2 of progress.jsonl is damaged" in damaged
        assert metrics(page)["Doing"] == "starting"
        assert metrics(page)["Best validation ROC-AUC"] == "0.8000"


# ---- broken off


def test_a_failed_run_says_why_and_can_go_on(begun: list[str]):
    made.broken_off("failed", problem="The disk is full; free **some**.")
    page = train(run="failed")
    assert page.error[0].value == "The disk is full; free \\*\\*some\\*\\*."
    assert "out of memory" in page.code[0].value
    assert "finish failed" not in keys(page)
    press(page, "resume failed")
    assert RUNS.get("failed").state is JobState.QUEUED
    assert "failed" in begun


def test_a_killed_run_shows_its_last_words():
    run = made.broken_off("killed")
    (run.folder / job.CANCEL_NAME).unlink()
    page = train(run="killed")
    assert "ended unexpectedly" in page.error[0].value
    assert "out of memory" in page.error[0].value


def test_of_a_cancelled_run_a_model_can_be_made(begun: list[str]):
    run = made.broken_off("late", epochs=2)
    page = train(run="late")
    assert "Best epoch so far is kept" in words(page)
    press(page, "finish late")
    assert (run.folder / FINISH_NAME).exists()
    assert RUNS.get("late").state is JobState.QUEUED
    assert begun[0] == "late"


def test_deleting_a_run_takes_its_folder():
    run = made.broken_off("away", epochs=1)
    page = press(train(run="away"), "delete away")
    assert not run.folder.exists()
    assert "away was deleted" in words(page)
    assert "run" not in page.query_params


# ---- a result


def test_a_result_shows_its_numbers_with_intervals():
    run = made.done("good", (made.REAL, made.SIMULATED))
    page = train(run="good")
    report = results.read_result(run.folder)["reports"][0]
    assert metrics(page)["ROC-AUC"] == f"{report['roc_auc']['value']:.3f}"
    assert page.metric[0].delta == f"{report['roc_auc']['low']:.3f} to {report['roc_auc']['high']:.3f}"
    assert len(page.get("plotly_chart")) >= 8
    other = train(run="good", group=made.SIMULATED)
    second = results.read_result(run.folder)["reports"][1]
    assert metrics(other)["ROC-AUC"] == f"{second['roc_auc']['value']:.3f}"
    assert other.query_params["group"] == made.SIMULATED


def test_the_threshold_can_be_moved_and_stands_in_the_address():
    made.done("good")
    page = train(run="good")
    key = f"threshold good {made.SIMULATED}"
    test = test_set.load(RUNS.get("good").folder)
    assert test is not None
    assert page.slider(key=key).value == pytest.approx(test.best_threshold(), abs=0.001)
    assert "threshold" not in page.query_params
    press(page, f"alarms good {made.SIMULATED}")
    alarms = test.alarm_threshold()
    assert page.slider(key=key).value == pytest.approx(alarms, abs=0.001)
    assert float(page.query_params["threshold"]) == pytest.approx(alarms, abs=0.001)
    assert train(run="good", threshold="0.25").slider(key=key).value == 0.25
    assert train(run="good", threshold="much").slider(key=key).value == pytest.approx(test.best_threshold(), abs=0.001)
    press(page, f"best good {made.SIMULATED}")
    assert "threshold" not in page.query_params


def test_mistakes_lead_to_their_stars_where_they_can_be_opened():
    simulated = made.done("sim")
    cached = made.done("real", (made.REAL,), recipe="tess-10min", stars=StarChoice("toi"), labels="published")
    folder = made.done("files", (made.REAL,), stars=StarChoice("folder", folder="/curves", ephemerides="/e.csv"))
    assert "cannot be opened" in words(train(run="sim"))
    assert "cannot be opened" not in words(train(run="real", mistakes="Misses"))
    assert result.star_location(simulated, "SIM 1000003") is None
    assert result.star_location(simulated, "SIM 3") == {"target": "SIM 3"}
    assert result.star_location(cached, "TIC 5") == {"source": "cache", "target": "TIC 5"}
    assert result.star_location(folder, "TIC 5") == {
        "source": "files",
        "folder": "/curves",
        "target": "TIC 5",
        "ephemerides": "/e.csv",
    }


def test_a_run_without_a_model_says_what_stands_instead():
    made.done("forest", model=False, kept=False, recipe="isolation-forest")
    page = train(run="forest")
    assert "makes no model" in words(page)
    assert not [k for k in keys(page) if k.startswith("promote")]
    assert not page.slider
    assert len(page.get("plotly_chart")) >= 6


def test_a_damaged_result_is_a_sentence():
    run = made.done("broken")
    (run.folder / job.RESULT_NAME).write_text("{", encoding="utf-8")
    page = train(run="broken")
    assert "result.json of broken is damaged" in page.error[0].value.replace("\\", "")


def test_notes_are_kept_and_a_run_is_carried_out_again():
    first = made.done("first")
    page = train(run="first")
    page.text_area(key="note first").set_value("**the** best").run()
    assert RUNS.get("first").note == "**the** best"
    press(page, "again first")
    second = RUNS.get("first-2")
    assert second.request == first.request
    assert page.query_params["run"] == "first-2"


# ---- promotion


@pytest.fixture
def with_network(tiny_home: Path):
    """A finished run whose model can be loaded."""
    run = made.done("loadable")
    tiny = tiny_home / "models" / "tiny-tess"
    shutil.copy(tiny / MODEL_NAME, run.folder / MODEL_NAME)
    replace(cards.read(tiny), model_id="loadable").write(run.folder)
    return run


def test_a_model_becomes_the_default_and_goes_back(with_network):
    page = train(run="loadable")
    assert "Default for TESS: the shipped models" in words(page)
    press(page, "promote loadable TESS")
    page.run()
    assert store_runs.default_models() == {"TESS": "loadable"}
    assert "Default for TESS: **this model**" in words(page)
    assert "promote loadable TESS" not in keys(page)
    press(page, "delete loadable")
    assert "choose another default first" in words(page)
    assert with_network.folder.exists()
    press(page, "demote loadable TESS")
    assert store_runs.default_models() == {}
    assert "Default for TESS: the shipped models" in words(page)


def test_a_model_that_cannot_be_loaded_is_refused_in_a_sentence():
    made.done("hollow")
    page = press(train(run="hollow"), "promote hollow TESS")
    assert len(page.error) == 1
    assert store_runs.default_models() == {}
    assert not background.job_registry().of_kind("promote")


# ---- the log


@pytest.fixture
def several():
    made.done("alpha", lift=2.0)
    made.done("beta", (made.REAL, made.SIMULATED), lift=4.0, per_star_cap=99)
    made.broken_off("gamma", epochs=1)
    RUNS.annotate("gamma", "too short")


def test_the_log_has_numbers_and_filters(several):
    page = train(tab="Runs")
    shown = page.dataframe[0].value
    assert list(shown["run"]) == ["gamma", "beta", "alpha"]
    assert shown["ROC-AUC test"].dtype == "float64"
    assert shown["window"].dtype == "Int64"
    assert list(shown["tested on"])[1] == made.REAL
    page.text_input(key="text").set_value("SHORT").run()
    assert list(page.dataframe[0].value["run"]) == ["gamma"]
    assert list(train(tab="Runs", state="done").dataframe[0].value["run"]) == ["beta", "alpha"]
    assert "take a filter away" in words(train(tab="Runs", text="nothing like it"))


def select(page: AppTest, *rows: int) -> AppTest:
    page.session_state["runs table"] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    page.run()
    assert not page.exception
    return page


def test_one_row_opens_and_several_compare(several):
    page = train(tab="Runs")
    assert page.button(key="open run").disabled
    select(page, 1)
    press(page, "open run")
    assert "ROC-AUC" in metrics(page)
    assert page.query_params["run"] == "beta"
    page = select(train(tab="Runs"), 1, 2)
    assert page.query_params["compare"] == "beta,alpha"
    differing = page.dataframe[1].value
    assert list(differing.columns) == ["Setting", "beta", "alpha"]
    assert list(differing["beta"]) == ["99"]
    assert len(train(tab="Runs", compare="beta,alpha").dataframe) == 2
    select(page, 1)
    assert len(page.dataframe) == 1, "a mark taken away ends the comparison"
    assert "compare" not in page.query_params


def test_the_csv_is_the_log(several):
    rows = results.log_rows(RUNS.jobs())
    found = list(csv.DictReader(io.StringIO(runs.csv_bytes(rows).decode())))
    assert [r["run"] for r in found] == ["gamma", "beta", "alpha"]
    assert list(found[0]) == list(results.log_columns())
    assert float(found[1]["ROC-AUC test"]) == pytest.approx(rows[1]["ROC-AUC test"])


def test_every_folder_is_found_again_without_the_store(several):
    for run in RUNS.jobs():
        made.lose(run)
    assert len(train(tab="Runs").dataframe[0].value) == 3


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, "–"), (0.2, "under 1 s"), (83, "83 s"), (600, "10 min"), (7199, "120 min"), (7260, "2 h 1 min"), (259200, "3.0 d")],
)
def test_durations_read_well(seconds, said):
    assert state.format_duration(seconds) == said


def test_the_card_file_is_what_makes_a_model():
    run = made.done("carded")
    assert run.has_model
    (run.folder / CARD_NAME).unlink()
    assert not RUNS.get("carded").has_model


# ---- beside the published


def test_a_run_of_a_published_recipe_stands_beside_the_published():
    made.done("forty", (made.REAL,), recipe="published-forty-stars-20")
    made.done("own", (made.REAL,))
    page = train(run="forty")
    (table,) = (frame.value for frame in page.dataframe if "forty-stars-20" in frame.value)
    by_figure = table.set_index("figure")
    assert by_figure.loc["test: PR-AUC", "forty-stars-20"] == "0.678"
    assert "[" in by_figure.loc["test: PR-AUC", "this run"]
    assert by_figure.loc["validation: PR-AUC", "forty-stars-20"] == "0.635"
    assert "recall .33 with 20 % predicted positive of 48 %" in words(page)
    assert "Beside the published" not in words(train(run="own"))
