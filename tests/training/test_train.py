"""Whole small trainings: stars split, copies made, network fitted, calibrated, its card written; broken off and gone on with."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from astroseq_core.errors import SettingsError
from astroseq_core.io import read
from astroseq_core.io.ephemeris_table import read_table
from astroseq_core.networks import card as cards
from astroseq_core.networks.model import load
from astroseq_core.preprocessing.segments import SegmentConfig
from astroseq_core.scoring.segments import score_light_curve
from astroseq_core.training import fit, recipes, stars, train
from astroseq_core.training.excluded_star import ExcludedStar, JudgedStar
from astroseq_core.training.fit import TrainingCallback
from astroseq_core.training.history import EpochMetrics
from astroseq_core.training.recipes import Injection
from tests.training.step_by_step import step_by_step

RECIPE = replace(
    recipes.load_recipe("long-cadence"),
    name="small",
    cutting=SegmentConfig(window=128, stride=64, channels=("flat", "mf_5h", "gap")),
    simulated={"Kepler": 6},
    injection=Injection(snr=(8.0, 60.0), period_days=(2.0, 20.0), copies=1, copies_simulated=1, varied=0.2),
    # most time of a small training goes into the making of its graph: one level, and no attention
    options={"stem_stride": 2, "widths": (16,), "context": 0, "dropout": 0.1, "spatial_dropout": 0.1},
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


def small(folder: Path, seed: int = 4) -> train.StarSplit:
    made = [*stars.folder_stars(folder, RECIPE, not_these={"KIC 31"}), *stars.simulated_stars(RECIPE)]
    return train.split_training_stars(made, RECIPE, seed)


@pytest.fixture(scope="module")
def trained(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("models") / "small-v1"
    train.train(RECIPE, out, stars=small(folder), seed=4, workers=1)
    return out


def test_only_quiet_stars_of_the_right_cadence_are_taken(folder: Path) -> None:
    names = {s.target_id for s in stars.folder_stars(folder, RECIPE, not_these={"KIC 31"})}
    assert names == {f"KIC {n}" for n in range(1, 31)}


def test_recipes_of_published_labels_bring_each_stars_own(folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "ephemerides.csv"
    table.write_text(
        "target_id,name,period_days,t0,t0_system,duration_hours,depth_ppm,disposition\n"
        "KIC 3,b,4.5,201.0,BKJD,4.0,900,CONFIRMED\n",
        encoding="utf-8",
    )
    known = read_table(table)
    quiet = {s.target_id for s in stars.folder_stars(folder, RECIPE, known)}
    assert "KIC 3" not in quiet
    assert "KIC 4" in quiet
    labelled = {s.target_id: s.ephemerides for s in stars.folder_stars(folder, replace(RECIPE, labels="published"), known)}
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
    curve = read.read_light_curve(folder / "KIC_31__q1.npz")
    flux = curve.flux.copy()
    flux[900:915] *= 1 - 4e-3
    scores = score_light_curve(load(str(trained)), replace(curve, flux=flux))
    middle = curve.time[907]
    holds = (scores.t_start < middle) & (scores.t_stop > middle)
    assert scores.probability[holds].mean() > 2 * scores.probability[~holds].mean()


def test_a_model_is_never_overwritten(trained: Path, folder: Path) -> None:
    with pytest.raises(SettingsError, match="already"):
        train.train(RECIPE, trained, stars=small(folder))


class _PulledThePlugError(Exception):
    """What a crash is here."""


def test_a_training_that_broke_off_goes_on_and_ends_the_same(
    folder: Path, tmp_path: Path, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    made: list[str] = []
    original, append = train._prepare_star, fit.append_epoch
    monkeypatch.setattr(
        train, "_prepare_star", lambda star, recipe, seed: (made.append(star.target_id), original(star, recipe, seed))[1]
    )

    def append_then_crash(path: Path, metrics: EpochMetrics) -> None:
        append(path, metrics)
        if begun == [1, 2]:  # the second epoch has its line, and its network not yet its name
            (path.parent / ".last.keras.1.0123abcd.tmp.keras").write_text("half a network")
            raise _PulledThePlugError

    class Watch(TrainingCallback):
        def step(self, epoch: int, epochs: int, step: int, steps: int, loss: float) -> None:
            if step == 1:
                begun.append(epoch)
            if begun == [1, 2, 2] and step == 2:
                raise _PulledThePlugError

    monkeypatch.setattr(fit, "append_epoch", append_then_crash)
    out = tmp_path / "small-v1"
    for _ in range(2):
        with pytest.raises(_PulledThePlugError):
            train.train(RECIPE, out, stars=small(folder), seed=4, workers=1, callback=Watch())
        assert not out.exists()
    stars_made = len(made)
    card = train.train(RECIPE, out, stars=small(folder), seed=4, workers=1, callback=Watch())
    # Neither the first epoch nor one star is made again, and all comes out as in the training that was left alone.
    assert begun == [1, 2, 2, 2, 3]
    assert len(made) == stars_made
    alone, killed = ([json.loads(x) for x in (f / fit.HISTORY_NAME).read_text().splitlines()] for f in (trained, out))
    for one, two in zip(alone, killed, strict=True):
        assert {k: v for k, v in two.items() if k != "seconds"} == pytest.approx(
            {k: v for k, v in one.items() if k != "seconds"}, abs=2e-4
        )
    assert card.metrics
    assert [p.name for p in tmp_path.iterdir()] == ["small-v1"]
    assert not list(out.glob(".*"))


def test_another_call_under_the_same_name_begins_anew(folder: Path, tmp_path: Path) -> None:
    work = tmp_path / ".small-v3-work"
    work.mkdir()
    (work / "call.json").write_text("{}", encoding="utf-8")
    (work / "best.keras").write_bytes(b"of another call")
    with step_by_step():
        brief = replace(RECIPE, epochs=1, batch=1024)
        card = train.train(brief, tmp_path / "small-v3", stars=small(folder, 5), seed=5, workers=1)
    assert card.training["seed"] == 5
    assert not work.exists()


def test_a_part_of_one_class_is_said_before_any_training(folder: Path, tmp_path: Path) -> None:
    quiet = replace(RECIPE, injection=replace(RECIPE.injection, without=1.0))
    with pytest.raises(SettingsError, match="train stars are without transits"):
        train.train(quiet, tmp_path / "none-v1", stars=small(folder), seed=4, workers=1)
    assert not (tmp_path / "none-v1").exists()


def test_several_seeds_share_the_stars_and_the_card_tells_their_spread(folder: Path, tmp_path: Path) -> None:
    begun: list[tuple[int, int]] = []

    class Watch(TrainingCallback):
        def epoch(self, metrics: EpochMetrics) -> None:
            begun.append((len(begun), metrics.epoch))
            if len(begun) == 2:
                raise _PulledThePlugError

    left_out = ExcludedStar(JudgedStar("KIC 31", 70.0, "fold-0"), "It dips.", 5.0)
    recipe, out = replace(RECIPE, epochs=1, schedule="plateau"), tmp_path / "seeds-v1"
    with pytest.raises(_PulledThePlugError):  # after the first epoch of the second network
        train.train(recipe, out, stars=small(folder), seed=4, workers=1, seeds=2, callback=Watch())
    card = train.train(recipe, out, stars=small(folder), seed=4, workers=1, seeds=2, callback=Watch(), excluded=[left_out])
    assert [epoch for _, epoch in begun] == [1, 1]  # neither network is trained again
    told = cards.read(out).training
    rows = told["seeds"]["networks"]
    assert [row["seed"] for row in rows] == [4, 5]
    assert rows[0]["validation_roc_auc"] != rows[1]["validation_roc_auc"]
    assert told["seeds"]["chosen"] == max(rows, key=lambda row: row["validation_roc_auc"])["seed"]
    values = [row["real_stars_roc_auc"] for row in rows]
    assert told["seeds"]["spread"]["real_stars_roc_auc"]["mean"] == pytest.approx(np.mean(values), abs=1e-4)
    assert told["seeds"]["spread"]["real_stars_roc_auc"]["sd"] == pytest.approx(np.std(values, ddof=1), abs=1e-4)
    assert told["excluded_stars"][0]["target_id"] == "KIC 31"
    assert card.calibration.base_rate == recipe.base_rate
    assert [p.name for p in tmp_path.iterdir()] == ["seeds-v1"]


def test_training_ends_when_validation_says_so_and_the_best_epoch_is_kept(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts, areas = small(folder).parts, iter([0.8, 0.9, 0.85, 0.7])

    def scripted(part: str, labels: np.ndarray, probability: np.ndarray) -> dict[str, float]:
        return {f"{part}_roc_auc": next(areas) if part == "validation" else 0.5}

    sets = [train.build_dataset(parts[part][:6], RECIPE, 4, tmp_path / part, 1) for part in ("train", "validation")]
    monkeypatch.setattr(fit, "part_metrics", scripted)
    kept = fit.fit(*sets, replace(RECIPE, epochs=50, patience=1, schedule="plateau"), 4, tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "progress.jsonl").read_text().splitlines()]
    assert [line["validation_roc_auc"] for line in lines] == [0.8, 0.9, 0.85, 0.7]
    last = fit.load_network(tmp_path / fit.LAST_NAME, "", SettingsError)
    assert any(not np.array_equal(a, b) for a, b in zip(kept.get_weights(), last.get_weights(), strict=True))


def test_both_products_of_a_star_can_be_learnt_from(tmp_path: Path) -> None:
    rng, time = np.random.default_rng(3), 2000 + np.arange(900) * 29.4244 / 1440
    for product in ("pdc", "fcor"):
        np.savez(tmp_path / f"EPIC_210000001__{product}.npz", time=time, flux=1 + 1e-3 * rng.standard_normal(900))
    recipe = replace(RECIPE, instruments=("K2",))
    for every, count in ((False, 1), (True, 2)):
        (star,) = stars.folder_stars(tmp_path, replace(recipe, all_products=every))
        assert len(star.light_curves()) == count
