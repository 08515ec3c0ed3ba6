"""The Train page's form: recipes, settings, stars, the address, what it means, and the start of a run; nothing is trained."""

import json
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from astroseq_core.app.train import fields, plan, settings, state
from astroseq_core.archive import snapshots
from astroseq_core.archive.exoplanet_archive import TOI_TABLE
from astroseq_core.archive.normalize import normalize_table
from astroseq_core.errors import SettingsError, StoppedError
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.jobs import queue
from astroseq_core.jobs.progress import Progress
from astroseq_core.targets import parse_star
from astroseq_core.training import recipes
from astroseq_core.training.runs import plan_process
from astroseq_core.training.runs.plan import ExampleSegment, PartPlan, Plan
from astroseq_core.training.runs.queue import RUNS, Run
from astroseq_core.training.runs.request import RunRequest
from tests.app import driving
from tests.app.driving import words
from tests.standin.exoplanet_archive import toi

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = str(ROOT / "pages" / "4_Train.py")
USUAL = state.default_recipe()


@pytest.fixture(autouse=True)
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of runs that would have begun; no process ever does."""
    names: list[str] = []
    monkeypatch.setattr(queue, "launch_job", lambda folder, module: names.append(folder.name))
    return names


def train(**address: str) -> AppTest:
    """The page behind that address, opened cold."""
    return driving.opened("4_Train.py", **address)


def widget(page: AppTest, name: str, recipe: str = USUAL, form: int = 0):
    """The form's field of that name."""
    wanted = f"{recipe} {form} {name}"
    kinds = (page.number_input, page.selectbox, page.text_input, page.multiselect, page.checkbox, page.button_group)
    return next(w for kind in kinds for w in kind if w.key == wanted)


def start(page: AppTest, form: int = 0) -> Run:
    """Press Start, and the run that came of it."""
    page.button(key=f"start {form}").click().run()
    assert not page.exception
    return RUNS.jobs()[0]


# ---- the form


def test_the_form_stands_without_any_network_library():
    code = (
        "import sys\nfrom streamlit.testing.v1 import AppTest\n"
        f"page = AppTest.from_file({PAGE!r}, default_timeout=300).run()\nassert not page.exception\n"
        "print([m for m in ('keras', 'tensorflow', 'sklearn') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True, timeout=120)
    assert out.stdout.strip().endswith("[]")


@pytest.mark.parametrize("name", [n for n in recipes.recipe_names() if any(recipes.load_recipe(n).simulated.values())])
def test_a_recipe_untouched_is_started_as_it_is(name: str, begun: list[str]):
    run = start(train(recipe=name))
    assert run.request.recipe == recipes.load_recipe(name)
    assert run.request.stars.source == "simulated"
    assert begun[0] == run.job_id


#: The recipes of published runs differ in numbers alone; one of them stands for all.
FORMS = [n for n in recipes.recipe_names() if not n.startswith("published-") or n == "published-tess-base"]


@pytest.mark.parametrize("name", FORMS)
def test_every_recipe_has_its_form(name: str):
    page = train(recipe=name)
    assert "All settings are those of" in words(page)
    if not any(recipes.load_recipe(name).simulated.values()):
        assert page.button(key="start 0").disabled
        assert "Name the folder" in words(page)


def test_the_address_sets_what_it_names_and_says_what_differs():
    page = train(window="128", channels="flat,gap", cap="none", seed="7", epochs="2", ratio="none", simulated_TESS="12")
    assert "Window [cadences] 256 → **128**" in words(page)
    run = start(page)
    recipe = run.request.recipe
    assert (recipe.cutting.window, recipe.cutting.channels, recipe.total_cap) == (128, ("flat", "gap"), None)
    assert (recipe.epochs, recipe.neg_pos_ratio, recipe.simulated, run.request.seed) == (2, None, {"TESS": 12}, 7)
    assert recipe.learning_rate == recipes.load_recipe(USUAL).learning_rate


def test_what_is_set_stands_in_the_address_and_a_recipe_takes_it_back():
    page = train()
    widget(page, "epochs").set_value(3).run()
    widget(page, "resample").set_value("smote").run()
    assert page.query_params["epochs"] == "3"
    assert page.query_params["resample"] == "smote"
    page.button(key="back to recipe").click().run()
    assert "epochs" not in page.query_params
    assert widget(page, "epochs", form=1).value == recipes.load_recipe(USUAL).epochs
    widget(page, "epochs", form=1).set_value(2).run()
    page.selectbox(key="recipe field").set_value("tess-30min").run()
    assert not page.exception
    assert dict(page.query_params) == {"recipe": "tess-30min"}
    assert widget(page, "window", "tess-30min", 1).value == 128
    assert widget(page, "epochs", "tess-30min", 1).value == recipes.load_recipe("tess-30min").epochs


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ({"colour": "red"}, "colour"),
        ({"recipe": "x"}, "recipe=x"),
        ({"tab": "x"}, "tab=x"),
        ({"epochs": "many"}, "epochs=many"),
        ({"epochs": "-1"}, "epochs=-1, which is not a whole number from 1 to 500"),
        ({"channels": "flat,sound"}, "channels=flat,sound"),
        ({"seed": "1e9"}, "seed=1e9"),
        ({"source": "moon"}, "source=moon"),
        ({"dispositions": "PC,XX"}, "dispositions=XX"),
        ({"rate": "nan"}, "rate=nan"),
        ({"mission": "JWST"}, "mission=JWST"),
        ({"run": "gone"}, "run=gone"),
    ],
)
def test_an_address_that_means_nothing_is_one_sentence(address: dict[str, str], said: str):
    page = train(**address)
    assert len(page.warning) == 1
    assert said in words(page)
    assert not page.error


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ({"window": "100"}, "multiple of"),
        ({"part_train": "0.9"}, "sum to"),
        ({"simulated_TESS": "0"}, "no star to learn from"),
        ({"source": "folder"}, "Name the folder"),
        ({"source": "folder", "folder": "/no/such"}, "/no/such, which was never opened here"),
        ({"source": "cache"}, "in the cache"),
        ({"source": "toi"}, "Stars on the TOI list have signals"),
        ({"source": "toi", "labels": "published"}, "get the list first"),
        ({"options": "{wide"}, "must be JSON"),
        ({"options": '{"wide": 3}'}, None),
        ({"source": "cache", "exclude": "nobody"}, "nobody"),
        ({"architecture": "cnn_lstm", "window": "8000"}, None),
    ],
)
def test_what_cannot_be_is_one_sentence_and_start_waits(address: dict[str, str], said: str | None):
    page = train(**address)
    if said is None:  # left to the network's own checks when it is built, or possible
        assert len(page.warning) <= 1
        return
    assert len(page.warning) == 1
    assert said in words(page)
    assert page.button(key="start 0").disabled
    assert page.button(key="work out").disabled


def test_a_folder_that_is_not_there_is_said_once_it_is_opened():
    page = driving.press(train(source="folder", folder="/no/such"), "open /no/such")
    assert [w.value for w in page.warning] == ["There is no folder /no/such; check its name."]


def test_no_channel_and_a_bad_name_are_said():
    page = train()
    widget(page, "channels").set_value([]).run()
    assert "choose at least one channel" in words(page)
    page = train()
    widget(page, "name").set_value("../elsewhere").run()
    assert "cannot name a run" in words(page)
    assert page.button(key="start 0").disabled


def test_text_of_people_is_no_markup():
    page = train(source="folder", folder="**/bold**")
    assert "\\*\\*/bold\\*\\*" in page.warning[0].value


# ---- stars


def test_cached_stars_are_counted(light_curve_like_tess_sector):
    LightCurveCache().put(light_curve_like_tess_sector.curve)
    page = train(source="cache")
    assert "1 star of TESS in the cache" in words(page)
    widget(page, "exclude").set_value("TIC 5, TIC 6").run()
    assert page.query_params["exclude"] == "TIC 5,TIC 6"
    run = start(page)
    assert run.request.stars.source == "cache"
    assert run.request.stars.exclude == ("TIC 5", "TIC 6")


def test_tois_say_how_many_are_here_and_begin_to_fetch(light_curve_like_tess_sector, monkeypatch: pytest.MonkeyPatch):
    rows = [toi(101, 1000.01, tfopwg_disp="FP"), toi(102, 98.01, tfopwg_disp="CP"), toi(109, 150.01, tfopwg_disp="PC")]
    snapshots.write_snapshot(TOI_TABLE, normalize_table(TOI_TABLE, pd.DataFrame(rows)), "here")
    LightCurveCache().put(replace(light_curve_like_tess_sector.curve, target=parse_star("TIC 102")))
    wanted: list[str] = []
    monkeypatch.setattr("astroseq_core.app.shared.downloads.start_download", lambda stars: wanted.extend(s.id for s in stars))
    page = train(source="toi", labels="published")
    assert "1 of 3 cached" in words(page)
    page.button(key="download toi stars").click().run()
    assert wanted == ["TIC 101", "TIC 109"]
    page = train(source="toi", labels="published", dispositions="CP,PC")
    assert "1 of 2 cached" in words(page)
    assert start(page).request.stars.dispositions == ("PC", "CP")


# ---- what it means


def a_plan() -> Plan:
    window = 256
    example = ExampleSegment(1, "TIC 5", 12.0, np.zeros((window, 1), np.float32), np.arange(window) < 9)
    parts = (PartPlan("train", 3, 40, 5200, 900), PartPlan("test", 1, 9, 1100, 180))
    return Plan(parts, 12, 0.173, 21, 2700, 0.05, 70.0, 2.5, 130.0, ("flat",), (example,), ("Too *few* hosts.",))


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[RunRequest]:
    asked: list[RunRequest] = []

    def plan(request: RunRequest, *, progress, stop: threading.Event) -> Plan:
        asked.append(request)
        progress(Progress(part=0.5, message="preparing"))
        if request.seed == 13:
            raise SettingsError("No star is left.")
        return a_plan()

    monkeypatch.setattr(plan_process, "plan_in_subprocess", plan)
    return asked


def work_out(page: AppTest) -> AppTest:
    page.button(key="work out").click().run()
    deadline = time.monotonic() + 120
    while plan.background.job_registry().of_kind(plan.PLAN_KIND)[-1].is_running:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    page.run()
    assert not page.exception
    return page


def test_what_it_means_is_worked_out_once_for_the_same_settings(planned: list[RunRequest]):
    page = work_out(train(epochs="2"))
    assert {m.label: m.value for m in page.metric}["Base rate"] == "17.3%"
    assert list(page.dataframe[0].value["Segments"]) == [5200, 1100]
    assert "sample of 12 stars" in words(page)
    assert "Too *few* hosts." in words(page)
    assert not [b for b in page.button if b.key == "work out"]
    widget(page, "name").set_value("another").run()
    assert page.metric, "a name changes nothing"
    widget(page, "epochs").set_value(3).run()
    assert not page.metric
    widget(page, "epochs").set_value(2).run()
    assert page.metric
    assert [r.recipe.epochs for r in planned] == [2]


def test_what_cannot_be_planned_is_a_sentence(planned: list[RunRequest]):
    page = work_out(train(seed="13"))
    assert page.error[0].value == "No star is left."
    assert not page.button(key="start 0").disabled


def test_a_plan_is_worked_out_in_a_process_of_its_own_and_obeys_stop():
    stop, reported = threading.Event(), []

    def report(progress: Progress) -> None:
        reported.append((progress.fraction, progress.message))
        stop.set()

    request = RunRequest("apart", recipes.load_recipe("tess-30min"))
    with pytest.raises(StoppedError):
        plan_process.plan_in_subprocess(request, progress=report, stop=stop)
    assert reported[0] == (0.0, "looking for the stars")
    with pytest.raises(SettingsError, match="nothing to plan"):
        plan_process.plan_in_subprocess(
            replace(request, recipe=recipes.load_recipe("sequential-1pct")), progress=lambda *_: None, stop=threading.Event()
        )


# ---- the start


def test_start_goes_to_the_run():
    page = train(simulated_TESS="12")
    run = start(page)
    assert page.query_params["run"] == run.job_id
    assert page.session_state["tab"] == state.RUNS_TAB
    assert "next to begin" in " ".join(p.proto.text if hasattr(p, "proto") else "" for p in page.get("progress"))


def test_a_double_click_makes_one_run_and_the_next_form_another():
    def script():
        import streamlit as st

        from astroseq_core.app.train import fields, form
        from astroseq_core.training import recipes
        from astroseq_core.training.runs.request import RunRequest

        request = RunRequest("twice", recipes.load_recipe("tess-30min"))
        if st.button("go", key="go"):
            first = fields.form_number()
            form._start_run(first, request)
            form._start_run(first, request)
            form._start_run(fields.form_number(), request)

    page = AppTest.from_function(script, default_timeout=300).run()
    page.button(key="go").click().run()
    assert not page.exception
    assert [r.job_id for r in RUNS.jobs()] == ["twice-2", "twice"]


# ---- settings as data


@pytest.mark.parametrize("name", recipes.recipe_names())
def test_settings_survive_the_address(name: str):
    recipe = recipes.load_recipe(name)
    for setting in settings.recipe_settings(recipe):
        value = settings.recipe_value(recipe, setting)
        if setting.choices and not setting.many and value not in setting.choices:
            continue
        assert setting.url_type.parse(setting.url_type.format(value)) == value
    values = {s.name: settings.recipe_value(recipe, s) for s in settings.recipe_settings(recipe)}
    assert settings.changed_settings(recipe, values) == {}
    assert settings.apply_settings(recipe, values).to_dict() == recipe.to_dict()


def test_another_architecture_has_its_usual_options():
    recipe = recipes.load_recipe("tess-10min")
    assert recipe.options
    assert settings.apply_settings(recipe, {"architecture": "inception_resnet_1d"}).options == {}
    focal = settings.apply_settings(recipe, {"loss": "focal", "gamma": 3.0, "alpha": None})
    assert focal.loss_options == {"gamma": 3.0}
    assert json.loads(json.dumps(focal.to_dict()))["loss_options"] == {"gamma": 3.0}


def test_the_check_knows_what_the_networks_refuse():
    recipe = settings.apply_settings(recipes.load_recipe("tess-10min"), {"architecture": "cnn_lstm", "window": 16})
    fields.validate_request(RunRequest("fine", replace(recipe, cutting=replace(recipe.cutting, stride=4))))
    with pytest.raises(Exception, match="steps"):
        fields.validate_request(
            RunRequest(
                "wide", replace(recipe, options={"filters": (8,), "pool": 2}, cutting=replace(recipe.cutting, window=1024))
            )
        )
