"""The log of runs: every state has its row, numbers are numbers, simulated ones say so, and a spreadsheet is safe."""

import csv
import io
import math
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from astroseq_core.cli.runs import LIST_COLUMNS
from astroseq_core.evaluation.segment_report import Measured
from astroseq_core.jobs.job import RESULT_NAME, JobState
from astroseq_core.jobs.progress import Progress
from astroseq_core.networks.card import CARD_NAME
from astroseq_core.training import recipes
from astroseq_core.training.history import EpochMetrics
from astroseq_core.training.runs import results
from tests.training.runs.made_runs import a_report, a_run, write_result


def test_every_state_has_a_row(tmp_path: Path) -> None:
    runs = [
        a_run(tmp_path / "waiting", JobState.QUEUED, epochs=(), started=None),
        a_run(tmp_path / "busy", JobState.RUNNING, progress=Progress(phase="training")),
        a_run(tmp_path / "ready", JobState.DONE),
        a_run(tmp_path / "stopped", JobState.CANCELLED),
        a_run(tmp_path / "broken", JobState.FAILED, epochs=(), problem="The disk is full; free some space."),
    ]
    report = a_report("real stars")
    write_result(runs[2], {"real stars": report})
    (runs[2].folder / CARD_NAME).write_text("{}")
    rows = results.log_rows(runs)
    assert [r["state"] for r in rows] == ["queued", "running", "done", "cancelled", "failed"]
    assert [r["run"] for r in rows] == ["waiting", "busy", "ready", "stopped", "broken"]
    assert all(tuple(r) == results.log_columns() for r in rows)
    assert set(LIST_COLUMNS) <= set(results.log_columns())
    waiting, busy, ready, stopped, broken = rows
    assert (waiting["epochs"], waiting["seconds"], waiting["ROC-AUC validation"]) == (0, None, None)
    # The latest epoch's numbers, and no test numbers, until there is a result.
    assert (busy["epochs"], busy["seconds"]) == (2, 25.0)
    assert (busy["ROC-AUC validation"], busy["PR-AUC train"], busy["loss validation"]) == (0.71, 0.52, 0.325)
    assert (busy["ROC-AUC test"], busy["tested on"], busy["model file"]) == (None, "", "")
    assert (ready["ROC-AUC test"], ready["PR-AUC test"]) == (report.roc_auc.value, report.pr_auc.value)
    assert (ready["loss test"], ready["base rate"], ready["PR lift"]) == (
        report.log_loss.value,
        report.base_rate,
        report.pr_lift.value,
    )
    assert (ready["stars test"], ready["segments train"], ready["segments test"]) == (30, 5000, 600)
    assert (ready["seconds"], ready["seed"], ready["created"]) == (321.0, 1, "2023-11-14T22:13:20Z")
    assert ready["model file"] == str(runs[2].folder / "model.keras")
    assert (stopped["ROC-AUC validation"], stopped["seconds"]) == (0.71, 120.0)
    assert broken["problem"] == "The disk is full; free some space."
    assert (ready["window"], ready["stride"], ready["neg:pos"], ready["mission"]) == (1024, 256, 2.0, "TESS")


@pytest.mark.parametrize(
    ("groups", "shown"),
    [
        (("real stars", "simulated stars"), "real stars"),
        (("simulated stars", "real stars"), "real stars"),
        (("simulated stars",), "simulated stars"),
    ],
)
def test_real_stars_come_first_and_simulated_ones_are_named(groups: tuple[str, ...], shown: str, tmp_path: Path) -> None:
    run = a_run(tmp_path / "mine")
    reports = {group: a_report(group, 1.0 + k) for k, group in enumerate(groups)}
    write_result(run, reports)
    (row,) = results.log_rows([run])
    assert row["tested on"] == shown
    assert row["ROC-AUC test"] == reports[shown].roc_auc.value


def test_a_run_that_was_judged_on_nothing_has_its_epochs(tmp_path: Path) -> None:
    run = a_run(tmp_path / "mine")
    write_result(run, {})
    (row,) = results.log_rows([run])
    assert (row["tested on"], row["ROC-AUC test"], row["ROC-AUC validation"], row["seconds"]) == ("", None, 0.71, 321.0)


def test_a_number_that_is_none_is_empty(tmp_path: Path) -> None:
    report = replace(a_report("real stars"), roc_auc=Measured(math.nan))
    done, busy = (
        a_run(tmp_path / "a"),
        a_run(tmp_path / "b", JobState.RUNNING, epochs=(EpochMetrics(1, validation_loss=math.nan),)),
    )
    write_result(done, {"real stars": report})
    first, second = results.log_rows([done, busy])
    assert first["ROC-AUC test"] is None
    assert first["PR-AUC test"] == report.pr_auc.value
    assert (second["loss validation"], second["ROC-AUC validation"]) == (None, None)


def test_a_damaged_result_hides_no_other_run(tmp_path: Path) -> None:
    good, bad = a_run(tmp_path / "good"), a_run(tmp_path / "bad")
    for run in (good, bad):
        write_result(run, {"real stars": a_report("real stars")})
    assert not any(r["problem"] for r in results.log_rows([good, bad]))
    (bad.folder / RESULT_NAME).write_text('{"reports": [')
    first, second = results.log_rows([good, bad])
    assert first["ROC-AUC test"] is not None
    assert "result.json of bad is damaged" in str(second["problem"])
    assert second["ROC-AUC test"] is None


def test_a_new_result_is_seen(tmp_path: Path) -> None:
    run = a_run(tmp_path / "mine")
    write_result(run, {"real stars": a_report("real stars")})
    before = results.log_rows([run])[0]["ROC-AUC test"]
    write_result(run, {"real stars": a_report("real stars", 3.0)})
    assert results.log_rows([run])[0]["ROC-AUC test"] > before


@pytest.mark.parametrize("to_file", [True, False])
def test_a_note_is_no_formula(to_file: bool, tmp_path: Path) -> None:
    rows = results.log_rows(
        [a_run(tmp_path / "mine", note='=HYPERLINK("http://x","y")'), a_run(tmp_path / "b", note='a, "b"\nc')]
    )
    path = tmp_path / "out" / "log.csv"
    if to_file:
        results.write_csv(rows, path)
        text = path.read_text("utf-8")
    else:
        results.write_csv(rows, held := io.StringIO(newline=""))
        text = held.getvalue()
    first, second = csv.DictReader(io.StringIO(text, newline=""))
    assert tuple(first) == results.log_columns()
    assert first["notes"] == '\'=HYPERLINK("http://x","y")'
    assert second["notes"] == 'a, "b"\nc'
    assert first["ROC-AUC test"] == ""
    assert float(first["ROC-AUC validation"]) == 0.71


def test_only_settings_that_differ_are_listed(tmp_path: Path) -> None:
    base = a_run(tmp_path / "a")
    recipe = base.request.recipe
    cutting = replace(recipe.cutting, window=512, stride=128, channels=("flat", "gap"))
    other = replace(recipe, loss="focal", cutting=cutting, simulated={"TESS": 5, "K2": 3}, options={"widths": [8]})
    changed = replace(base, request=replace(base.request, name="b", seed=2, recipe=other))
    assert results.setting_differences([base, replace(base, request=replace(base.request, name="c"))]) == []
    found = dict(results.setting_differences([base, changed, base]))
    assert found["window [cadences]"] == (1024, 512, 1024)
    assert found["loss function"] == ("binary_crossentropy", "focal", "binary_crossentropy")
    assert found["channels"][1] == "flat, gap"
    assert found["simulated stars: K2"] == (None, 3, None)
    assert found["option of the architecture: widths"] == (None, "8", None)
    assert found["seed"] == (1, 2, 1)
    assert set(found) == {
        "window [cadences]",
        "stride [cadences]",
        "loss function",
        "channels",
        "simulated stars: TESS",
        "simulated stars: K2",
        "option of the architecture: widths",
        "seed",
    }
    assert results.setting_differences([]) == []


def test_recipes_differ_in_words(tmp_path: Path) -> None:
    runs = [a_run(tmp_path / name, recipe=name) for name in ("tess-2min", "tess-10min")]
    names = [name for name, _ in results.setting_differences(runs)]
    assert {"recipe", "cadence [min]", "window [cadences]", "copies of each real star"} <= set(names)
    assert recipes.load_recipe("tess-2min").title not in str(results.setting_differences(runs))


def test_two_hundred_runs_are_quick(tmp_path: Path) -> None:
    runs = [a_run(tmp_path / f"run{n}", recipe="tess-2min") for n in range(200)]
    write_result(runs[0], {g: a_report(g, num=5000) for g in ("real stars", "simulated stars")})
    text = (runs[0].folder / RESULT_NAME).read_bytes()
    assert len(text) > 20_000
    for run in runs[1:]:
        (run.folder / RESULT_NAME).write_bytes(text)
    began = time.perf_counter()
    assert len(results.log_rows(runs)) == 200
    assert time.perf_counter() - began < 5


def test_it_needs_no_network_library() -> None:
    code = "import sys, astroseq_core.training.runs.results; print(*sorted(m for m in sys.modules if '.' not in m))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])
    assert not {"tensorflow", "keras", "pandas", "sklearn", "plotly", "streamlit", "scipy", "numba"} & set(out.stdout.split())
