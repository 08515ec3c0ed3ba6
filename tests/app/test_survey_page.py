"""The Survey page: the form for each source, a survey in each state of life, the list; nothing is ever scored."""

import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from astroseq_core.app.data import files
from astroseq_core.app.survey import form, surveys
from astroseq_core.jobs import job as folders
from astroseq_core.jobs.job import JobState
from astroseq_core.store import runs
from astroseq_core.surveys import queue
from astroseq_core.surveys.queue import DASK, LOCAL, SURVEYS
from astroseq_core.surveys.stars import CACHE, FOLDER, SECTORS, SIMULATED, TARGETS, TOI, SurveyChoice
from tests.app import driving
from tests.app import survey_folders as made
from tests.app.driving import metrics, press, words


@pytest.fixture(autouse=True)
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of surveys that would have begun; no process ever does."""
    form._cached_count.clear()
    return made.never_begin(monkeypatch)


def survey(**address: str) -> AppTest:
    return driving.opened("6_Survey.py", **address)


@pytest.fixture
def curves(tmp_path: Path) -> Path:
    """A folder with two light curves."""
    folder = tmp_path / "curves"
    folder.mkdir()
    for number in (11, 12):
        np.savez(folder / f"TIC_{number}__s0001.npz", time=1400 + np.arange(50) / 720, flux=np.ones(50))
    return folder


# ---- the form


def test_the_simulated_survey_is_one_click_away(begun: list[str]):
    page = survey()
    assert "60 stars." in words(page)
    assert "long-cadence-v2" in words(page), "it is said which model is going to be used"
    press(page, "start survey 0")
    (found,) = SURVEYS.jobs()
    assert found.request.stars == SurveyChoice()
    assert found.request.model_id == ""
    assert set(begun) == {found.job_id}
    assert page.query_params["survey"] == found.job_id
    assert "waits for its turn" in page.get("progress")[0].proto.text


@pytest.mark.parametrize(
    ("address", "choice"),
    [
        ({"source": "simulated", "mission": "K2", "count": "500", "seed": "7"}, SurveyChoice(SIMULATED, "K2", 500, 7)),
        ({"source": "simulated", "mission": "TESS"}, SurveyChoice(SIMULATED, "TESS")),
        ({"source": "targets", "targets": "SIM 1,TIC 5"}, SurveyChoice(TARGETS, targets=("SIM 1", "TIC 5"))),
    ],
)
def test_a_link_fills_the_form(address: dict[str, str], choice: SurveyChoice):
    page = survey(**address, model="tess-2min-v2", workers="3")
    press(page, "start survey 0")
    (found,) = SURVEYS.jobs()
    assert found.request.stars == choice
    assert (found.request.model_id, found.request.workers) == ("tess-2min-v2", 3)


def test_the_form_stands_in_the_address():
    page = survey()
    page.number_input(key="count simulated 0").set_value(250).run()
    page.number_input(key="seed simulated 0").set_value(9).run()
    page.selectbox(key="survey model 0").set_value("tess-30min-v1").run()
    assert {k: page.query_params[k] for k in ("count", "seed", "model")} == {
        "count": "250",
        "seed": "9",
        "model": "tess-30min-v1",
    }
    assert "250 stars." in words(page)
    assert "Made for TESS at 30 min" in words(page)
    press(page, "start survey 0")
    assert SURVEYS.jobs()[0].request.stars == SurveyChoice(SIMULATED, count=250, seed=9)


def test_a_folder_is_looked_at(curves: Path):
    page = survey(source="folder")
    assert "Name the folder" in words(page)
    assert page.button(key="start survey 0").disabled
    page.text_input(key="folder folder 0").set_value(str(curves)).run()
    assert "2 light-curve files" in words(page)
    press(page, "start survey 0")
    assert SURVEYS.jobs()[0].request.stars == SurveyChoice(FOLDER, folder=str(curves))


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ({"source": "folder", "folder": "/nowhere"}, "never opened here"),
        ({"source": "targets", "targets_file": "/nowhere.csv"}, "never opened here"),
        ({"source": "folder", "folder": "~nouser"}, "There is no user"),
    ],
)
def test_what_is_wrong_with_a_path_is_said_once(address: dict[str, str], said: str):
    page = survey(**address)
    assert words(page).count(said) == 1
    assert page.button(key="start survey 0").disabled


def test_a_table_of_targets_can_be_named_or_handed_over(tmp_path: Path):
    table = tmp_path / "mine.csv"
    table.write_text("target_id\nSIM 3\nTIC 9\n", encoding="utf-8")
    page = survey(source="targets", targets_file=str(table), fetch="true")
    assert "2 stars." in words(page)
    press(page, "start survey 0")
    request = SURVEYS.jobs()[0].request
    assert request.stars == SurveyChoice(TARGETS, targets_file=str(table))
    assert request.fetch
    kept = files.save_targets_table("../my list.csv", b"target_id\nSIM 3\n")
    assert kept.name == "my_list.csv"
    assert kept.read_bytes() == b"target_id\nSIM 3\n"
    page = survey(source="targets")
    page.file_uploader(key="targets upload targets 0").set_value(
        ("stars.csv", b"target_id\nSIM 3\nSIM 4\nSIM 5\n", "text/csv")
    ).run()
    assert not page.exception
    assert page.text_input(key="targets file targets 0").value.endswith("stars.csv")
    assert "3 stars." in words(page)
    page.file_uploader(key="targets upload targets 0").set_value(("bad.csv", b"name\nx\n", "text/csv")).run()
    assert "no column target_id" in words(page)


def test_tois_sectors_and_the_cache_say_that_nothing_is_here_yet():
    page = survey(source="toi", dispositions="PC,CP")
    assert "no TOI list here" in words(page)
    assert page.button(key="start survey 0").disabled
    assert "Say which mission" in words(survey(source="sectors"))
    for address in ({"source": "sectors", "sectors": "1,2"}, {"source": "cache", "mission": "Kepler"}):
        page = survey(**address)
        assert "No star is like that here" in words(page)
        assert page.button(key="start survey 0").disabled


def test_a_name_that_cannot_be_is_a_sentence():
    page = survey()
    page.text_input(key="survey name 0 simulated").set_value("a/b").run()
    assert "cannot name a survey" in words(page)
    assert page.button(key="start survey 0").disabled


def test_a_double_click_starts_one_survey():
    page = survey()
    page.session_state[form.STARTED_KEY] = {0}
    press(page, "start survey 0")
    assert SURVEYS.jobs() == ()
    made.queued("first")
    page = survey()
    assert "1 survey under way" in words(page)
    press(page, "start survey 0")
    assert len(SURVEYS.jobs()) == 2
    assert page.session_state[form.FORM_KEY] == 1, "the next form is another one"


# ---- where it runs


@pytest.fixture
def listening() -> Iterator[str]:
    """An address of this machine at which something answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"


def on_cluster(address: str, *, trusted: bool = True, **parameters: str) -> AppTest:
    """The form with the address of a cluster written into it."""
    page = survey(engine="dask", **parameters)
    page.text_input(key="survey scheduler 0").set_value(address).run()
    if trusted:
        page.checkbox(key=f"trusted scheduler {address.strip()}").check().run()
    return page


def test_a_survey_goes_to_a_cluster_that_answers(listening: str):
    page = survey()
    page.segmented_control(key="survey engine 0").set_value(DASK).run()
    assert "give the one that it prints when it starts" in words(page)
    assert page.button(key="start survey 0").disabled
    page.text_input(key="survey scheduler 0").set_value(f" {listening} ").run()
    assert "workers" not in {str(n.key) for n in page.number_input}, "its workers are counted by the cluster"
    assert page.query_params["engine"] == "dask"
    page.checkbox(key=f"trusted scheduler {listening}").check().run()
    press(page, "start survey 0")
    request = SURVEYS.jobs()[0].request
    assert (request.engine, request.address) == (DASK, listening)
    assert f"on the Dask cluster at {listening}" in words(page)
    again = on_cluster(listening, trusted=False)
    assert not again.checkbox, "the scheduler of an earlier survey is not asked about again"


def test_a_link_names_no_scheduler(listening: str):
    page = survey(engine="dask", scheduler=listening)
    assert not page.text_input(key="survey scheduler 0").value
    assert page.button(key="start survey 0").disabled
    assert "The address names scheduler, which means nothing here" in words(page)


def test_nothing_is_connected_to_before_the_person_says_whose_it_is(monkeypatch: pytest.MonkeyPatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)
        page = on_cluster(f"tcp://127.0.0.1:{server.getsockname()[1]}", trusted=False)
        assert "can run programs as you" in page.checkbox[0].label
        press(page, "start survey 0")
        assert "Say first that the scheduler" in page.error[0].value
        assert SURVEYS.jobs() == ()
        with pytest.raises(TimeoutError):
            server.accept()


def test_this_machine_takes_the_cluster_away(listening: str):
    page = on_cluster(listening)
    assert not page.button(key="start survey 0").disabled
    page.segmented_control(key="survey engine 0").set_value(LOCAL).run()
    assert "engine" not in page.query_params
    press(page, "start survey 0")
    assert SURVEYS.jobs()[0].request.engine == LOCAL


@pytest.mark.parametrize("address", ["somewhere", "http://host:8786", "tcp://host", "tcp://host:0", "tcp://a b:1"])
def test_what_is_no_address_of_a_scheduler_is_a_sentence(address: str):
    page = on_cluster(address, trusted=False)
    assert f"'{address}' is no address of a Dask scheduler" in words(page).replace("\N{WORD JOINER}", "")
    assert page.button(key="start survey 0").disabled


def test_a_scheduler_that_does_not_answer_is_a_sentence():
    address = "tcp://127.0.0.1:9"
    page = press(on_cluster(address), "start survey 0")
    assert f"No Dask scheduler answers at {address} (Connection refused)" in page.error[0].value.replace("\\", "")
    assert SURVEYS.jobs() == ()
    assert not page.button(key="start survey 0").disabled, "it can be tried again"


def test_without_dask_the_page_says_how_to_get_it(listening: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(queue.importlib.util, "find_spec", lambda name: None)
    page = press(on_cluster(listening), "start survey 0")
    assert "pip install 'dask[distributed]'" in words(page)


def test_a_cluster_fetches_nothing(listening: str):
    page = on_cluster(listening, source="targets", targets="TIC 5", fetch="true")
    assert "Dask workers fetch nothing" in words(page)
    assert page.button(key="start survey 0").disabled


# ---- the rest of the form


def test_a_persons_default_is_said(monkeypatch: pytest.MonkeyPatch):
    runs.promote_model("Kepler", "mine")
    said = {s.split(":")[0]: s for s in form.describe_best_models()}
    assert said["Kepler"] == "Kepler: mine, your default, where it suits the cadence, else long-cadence-v2 (29.4 min)."
    assert "whichever is nearest in cadence" in said["TESS"]


def test_what_the_address_cannot_mean_is_one_sentence_each():
    page = survey(
        source="moon", mission="Moon", model="none", count="-1", workers="many", dispositions="PC,XX", foo="1", engine="cloud"
    )
    said = [w.value.replace("\\", "") for w in page.warning]
    for part in (
        "source=moon",
        "mission=Moon",
        "model=none",
        "count=-1",
        "workers=many",
        "dispositions=XX",
        "names foo",
        "engine=cloud",
    ):
        assert sum(part in s for s in said) == 1, (part, said)
    assert len(said) == 8
    assert "no such survey" in words(survey(survey="lost"))


# ---- surveys


def test_without_surveys_the_tab_teaches_and_leads_to_a_new_one():
    page = survey(tab="Surveys")
    assert "will stand here" in words(page)
    press(page, "to new survey")
    assert page.button(key="start survey 0") is not None


def test_a_survey_under_way_tells_where_it_stands_and_can_be_cancelled():
    with made.running("night", failed=2, skipped=8) as one:
        page = survey(survey="night")
        found = metrics(page)
        assert (found["Scored"], found["Failed"], found["Scored before"]) == ("20 of 60", "2", "8")
        assert (found["Stars a second"], found["Left"]) == ("1.25", "32 s")
        (bar,) = page.get("progress")
        assert bar.proto.value == 50
        assert bar.proto.text.replace("\\", "") == "night: 30 of 60 stars, now SIM 20, about 32 s left"
        assert "scoring 60 stars" in page.code[0].value
        press(page, "cancel night")
        assert (one.folder / folders.CANCEL_NAME).exists()
        assert page.button(key="cancel night").disabled
    page.run()
    assert "what was scored by then stays" in words(page)
    press(page, "resume night")
    assert SURVEYS.get("night").state is JobState.QUEUED


def test_a_survey_that_only_begins_is_no_trouble():
    with made.running("young", in_all=0, done=0, star="", seconds_left=None, stars_per_second=None) as one:
        assert surveys.describe_progress(one) == "starting its process, begun 1 s ago"
        assert "asked for 1 s ago" in words(survey(survey="young"))
        (one.folder / folders.PROGRESS_NAME).unlink()
        assert metrics(survey(survey="young"))["Scored"] == "0"


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"phase": "counting", "in_all": 0}, "counting the stars, begun 1 s ago"),
        ({"phase": "loading"}, "0 of 60 stars scored, loading the model and the catalogs, begun 1 s ago"),
        ({"phase": "reading", "read": 7}, "0 of 60 stars scored, 7 read and on their way to the network, begun 1 s ago"),
    ],
)
def test_before_the_first_score_the_stage_is_told_and_then_the_time_that_it_took_before(now: dict, said: str):
    young = {"done": 0, "star": "", "seconds_left": None, "stars_per_second": None} | now
    with made.running("young", **young) as one:
        assert surveys.describe_progress(one) == said
    made.done("before", done=30, seconds=60.0)
    with made.running("second", **young) as one:
        told = surveys.describe_progress(one)
        assert told.endswith("left" if now.get("in_all") != 0 else "ago")
        assert surveys.usual_seconds(60, SURVEYS.jobs()) == 120.0


def test_a_damaged_progress_or_result_of_a_survey_is_told():
    with made.running("night") as one:
        (one.folder / folders.PROGRESS_NAME).write_text('{"done": -3}', encoding="utf-8")
        assert "now.json of night is damaged" in words(survey(survey="night"))
    done = made.done("late")
    (done.folder / folders.RESULT_NAME).write_text("{", encoding="utf-8")
    page = survey(survey="late")
    assert "result.json of late is damaged" in words(page)
    assert metrics(page)["Scored"] == "0"


def test_a_done_survey_tells_its_numbers_and_tries_failures_again():
    made.done("night", failed=3, done=57)
    page = survey(survey="night")
    assert metrics(page)["Scored"] == "57 of 60"
    assert "took" in words(page)
    press(page, "retry night")
    assert SURVEYS.get("night").state is JobState.QUEUED
    made.done("whole")
    page = survey(survey="whole")
    assert "retry whole" not in {str(b.key) for b in page.button}
    press(page, "delete whole")
    assert "was deleted; its scores stay" in words(page)
    assert "whole" not in {s.job_id for s in SURVEYS.jobs()}


def test_a_failed_survey_says_why_and_can_go_on():
    made.broken_off("night", problem="The disk is full; free **some**.")
    page = survey(survey="night")
    assert page.error[0].value == "The disk is full; free \\*\\*some\\*\\*."
    press(page, "resume night")
    assert SURVEYS.get("night").state is JobState.QUEUED


def test_the_list_shows_all_and_a_click_opens_one():
    made.broken_off("one")
    made.done("two", SurveyChoice(SIMULATED, "K2", 500, 3))
    page = survey(tab="Surveys")
    shown = page.dataframe[0].value
    assert dict(zip(shown["Survey"], shown["State"], strict=True)) == {"one": "cancelled", "two": "done"}
    assert dict(zip(shown["Survey"], shown["Part"], strict=True)) == pytest.approx({"one": 1 / 3, "two": 1.0})
    assert "500 simulated stars as K2 sees them, seed 3" in set(shown["Stars"])
    surveys.select_survey(None)
    page.session_state[surveys.TABLE_KEY] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    page.selectbox(key=surveys.SELECTED_KEY).set_value("two").run()
    assert metrics(page)["Scored"] == "60 of 60"
    assert page.query_params["survey"] == "two"
    press(page, "all surveys")
    assert len(page.dataframe) == 1


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (SurveyChoice(), "the built-in simulated stars"),
        (SurveyChoice(TARGETS, targets=("SIM 1", "SIM 2"), targets_file="a.csv"), "2 named stars and those in a.csv"),
        (SurveyChoice(TOI, dispositions=("PC", "CP"), count=50), "TOIs PC, CP, 50 at most"),
        (SurveyChoice(SECTORS, "TESS", sectors=("1", "2")), "TESS 1, 2"),
        (SurveyChoice(FOLDER, folder="/curves"), "light curves in /curves"),
        (SurveyChoice(CACHE, "Kepler"), "all cached stars of Kepler"),
    ],
)
def test_choices_read_well(choice: SurveyChoice, said: str):
    assert surveys.describe_stars(choice) == said
