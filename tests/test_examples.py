"""The examples of the README and of `examples/` run, and show what they say."""

import re
import runpy
import tempfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def run(name: str) -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "examples" / f"{name}.py"))


def test_the_example_of_the_readme_stands_on_its_first_screens_and_runs() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert found is not None
    assert text[: found.start()].count("\n") < 60
    assert len([line for line in found[1].splitlines() if line.strip()]) <= 5
    names: dict[str, Any] = {}
    exec(compile(found[1], "README.md", "exec"), names)  # the README's own code
    star = names["star"]
    assert star.scored.ephemeris.period_days == pytest.approx(star.ephemerides[0].period_days, rel=1e-3)
    assert [t for t in star.plot().data if t.type == "heatmap"]


def test_every_example_is_run_here() -> None:
    assert {p.stem for p in (ROOT / "examples").glob("*.py")} == {"score_a_star", "vet_a_signal", "train_a_model"}


def test_scoring_a_star_finds_the_simulated_period() -> None:
    shown = run("score_a_star")
    assert shown["found"].period_days == pytest.approx(shown["truth"].period_days, abs=3 * shown["found"].period_err)
    assert shown["segments"].probability.between(0, 1).all()
    assert shown["figure"].data


def test_vetting_tells_a_planet_from_a_binary_and_from_half_its_period() -> None:
    shown = run("vet_a_signal")
    assert not (shown["planet"].to_pandas().flag == "fail").any()
    assert {"secondary", "depth"} <= set(shown["failed"].check)
    wrong = shown["wrong"].to_pandas().set_index("check")
    assert wrong.flag["odd_even"] == "warn"  # every other transit is empty
    assert "the period is twice this" in wrong.sentence["odd_even"]


def test_training_a_model_makes_one_that_ranks_segments(tmp_path: Path) -> None:
    shown = run("train_a_model")
    assert shown["folder"].is_relative_to(tmp_path)
    (measured,) = shown["model"].card.metrics
    assert measured["roc_auc"]["value"] > 0.7
    assert shown["result"].card.model_id == "tiny"
    assert len(shown["result"].to_pandas()) > 20
