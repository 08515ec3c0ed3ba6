"""Whole small trainings: stars split, copies made, network fitted, calibrated, its card written; broken off and gone on with."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroseq_core.ephemeris import read_table
from astroseq_core.errors import SettingsError
from astroseq_core.lightcurves import reading
from astroseq_core.scoring import card as cards
from astroseq_core.scoring.model import load
from astroseq_core.scoring.segments import score_curve
from astroseq_core.segments.cut import Cutting
from astroseq_core.training import fit, recipes, run, stars
from astroseq_core.training.listening import Listener
from astroseq_core.training.recipes import Injection

RECIPE = replace(
    recipes.recipe("long-cadence"),
    name="small",
    cutting=Cutting(window=128, stride=64, channels=("flat", "mf_5h", "gap")),
    simulated={"Kepler": 6},
    injection=Injection(snr=(8.0, 60.0), period_days=(2.0, 20.0), copies=1, copies_simulated=1, varied=0.2),
    options={"stem_stride": 2, "widths": (16, 24), "dropout": 0.0, "spatial_dropout": 0.0},
    batch=32,
    learning_rate=3e-3,
    epochs=3,
    parts=(("train", 0.5), ("validation", 0.15), ("calibration", 0.15), ("test", 0.2)),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty quiet stars in files, one more with a planet, one at another cadence, one broken."""
    folder = tmp_path_factory.mktemp("lightcurves")
    rng = np.random.default_rng(0)
    time = 200 + np.arange(1800) * 29.4244 / 1440
    for number in range(1, 32):
        flux = 1e4 * (1 + 3e-4 * rng.standard_normal(1800) + 1e-3 * np.sin(time / rng.uniform(2, 9)))
        np.savez(folder / f"KIC_{number}__q1.npz", time=time, flux=flux)
    np.savez(folder / "KIC_40__q1.npz", time=200 + np.arange(5000) / 1440, flux=1 + 1e-3 * rng.standard_normal(5000))
    (folder / "KIC_41__q1.npz").write_bytes(b"PK\x03\x04 broken")
    return folder


def small(folder: Path, seed: int = 4) -> run.Stars:
    made = [*stars.real_stars(folder, RECIPE, not_these={"KIC 31"}), *stars.simulated_stars(RECIPE)]
    return run.split(made, RECIPE, seed)


@pytest.fixture(scope="module")
def trained(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("models") / "small-v1"
    run.train(RECIPE, out, stars=small(folder), seed=4, workers=1)
    return out


def test_only_quiet_stars_of_the_right_cadence_are_taken(folder: Path) -> None:
    names = {s.name for s in stars.real_stars(folder, RECIPE, not_these={"KIC 31"})}
    assert names == {f"KIC {n}" for n in range(1, 31)}


def test_recipes_of_published_labels_bring_each_stars_own(folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "ephemerides.csv"
    table.write_text(
        "target_id,name,period_days,t0,t0_system,duration_hours,depth_ppm,disposition\n"
        "KIC 3,b,4.5,201.0,BKJD,4.0,900,CONFIRMED\n",
        encoding="utf-8",
    )
    known = read_table(table)
    quiet = {s.name for s in stars.real_stars(folder, RECIPE, known)}
    assert "KIC 3" not in quiet
    assert "KIC 4" in quiet
    labelled = {s.name: s.ephemerides for s in stars.real_stars(folder, replace(RECIPE, labels="published"), known)}
    assert labelled["KIC 3"] == known.ephemerides
    assert labelled["KIC 4"] == ()


def test_the_folder_is_whole_and_nothing_else_is_left(trained: Path) -> None:
    assert {p.name for p in trained.iterdir()} == {"model.keras", "card.json", "progress.jsonl", "test.npz"}
    assert [p.name for p in trained.parent.iterdir()] == ["small-v1"]
    lines = [json.loads(line) for line in (trained / "progress.jsonl").read_text().splitlines()]
    assert 1 <= len(lines) <= 3


def test_the_card_says_what_was_used_and_measured(trained: Path) -> None:
    card = cards.read(trained)
    stars = card.training["stars"]
    every = [s for part in stars.values() for s in part]
    assert sorted(every) == sorted({f"KIC {n}" for n in range(1, 31)})
    assert card.cutting == RECIPE.cutting
    assert card.preparation == RECIPE.preparation
    groups = {m["group"]: m for m in card.metrics}
    assert groups["real stars"]["stars"] == len(stars["test"])
    assert groups["real stars"]["roc_auc"]["value"] > 0.65
    assert card.calibration.base_rate == RECIPE.base_rate
    assert set(card.versions) >= {"astroseq", "keras", "numpy"}


def test_the_trained_model_scores_and_finds_a_deep_dip(trained: Path, folder: Path) -> None:
    curve = reading.read(folder / "KIC_31__q1.npz")
    flux = curve.flux.copy()
    flux[900:915] *= 1 - 4e-3
    scores = score_curve(load(str(trained)), replace(curve, flux=flux))
    middle = curve.time[907]
    holds = (scores.t_start < middle) & (scores.t_stop > middle)
    assert scores.probability[holds].mean() > 2 * scores.probability[~holds].mean()


def test_a_model_is_never_overwritten(trained: Path, folder: Path) -> None:
    with pytest.raises(SettingsError, match="already"):
        run.train(RECIPE, trained, stars=small(folder))


class _PulledThePlugError(Exception):
    """What a crash is here."""


def test_a_training_that_broke_off_goes_on_and_ends_the_same(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    made: list[str] = []
    original = run._piece
    monkeypatch.setattr(run, "_piece", lambda star, recipe, seed: (made.append(star.name), original(star, recipe, seed))[1])

    class Crash(Listener):
        def epoch(self, numbers: dict[str, Any]) -> None:
            seen.append(numbers["epoch"])
            if seen == [1]:
                raise _PulledThePlugError

    out = tmp_path / "small-v2"
    with pytest.raises(_PulledThePlugError):
        run.train(RECIPE, out, stars=small(folder), seed=4, workers=1, listener=Crash())
    assert not out.exists()
    stars_made = len(made)
    card = run.train(RECIPE, out, stars=small(folder), seed=4, workers=1, listener=Crash())
    # Neither the first epoch nor one star is made again.
    assert seen == list(range(1, len(seen) + 1))
    assert len(made) == stars_made
    assert (out / fit.PROGRESS).read_text().count("\n") == len(seen)
    assert card.metrics
    assert [p.name for p in tmp_path.iterdir()] == ["small-v2"]


def test_another_call_under_the_same_name_begins_anew(folder: Path, tmp_path: Path) -> None:
    work = tmp_path / ".small-v3-work"
    work.mkdir()
    (work / "call.json").write_text("{}", encoding="utf-8")
    (work / "best.keras").write_bytes(b"of another call")
    card = run.train(replace(RECIPE, epochs=1), tmp_path / "small-v3", stars=small(folder, 5), seed=5, workers=1)
    assert card.training["seed"] == 5
    assert not work.exists()


def test_a_part_of_one_class_is_said_before_any_training(folder: Path, tmp_path: Path) -> None:
    quiet = replace(RECIPE, injection=replace(RECIPE.injection, without=1.0))
    with pytest.raises(SettingsError, match="train stars are without transits"):
        run.train(quiet, tmp_path / "none-v1", stars=small(folder), seed=4, workers=1)
    assert not (tmp_path / "none-v1").exists()
