"""Training on few simulated views: it learns, is the same for the same seed, resumes, and measures on unseen stars."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from astroseq_core.cli.main import main
from astroseq_core.errors import SettingsError
from astroseq_core.evaluation.signals import measure_signals, unseen_answers
from astroseq_core.signals.classify import classify
from astroseq_core.signals.ensemble import CARD_NAME, load_ensemble
from astroseq_core.signals.views import read_labelled_views, read_views
from astroseq_core.training import train_signals as training
from astroseq_core.training.train_signals import RECIPES, SignalRecipe, train_signals
from tests.signals.simulated_views import write_views

LABELS = ["PC", "EB", "J"] * 40


def small(name: str = "signals-tess", **changes: object) -> SignalRecipe:
    return replace(RECIPES[name], epochs=8, batch=16, folds=2, repeats=1, trees=20, options={"width": 4, "dense": 16}, **changes)


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_views(tmp_path_factory.mktemp("views") / "train.npz", LABELS)


@pytest.fixture(scope="module")
def trained(views: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained") / "mine"
    train_signals(small(), read_labelled_views(views), out)
    return out


def test_it_learns_what_tells_simulated_signals_apart(trained: Path, tmp_path: Path) -> None:
    other = read_labelled_views(write_views(tmp_path / "test.npz", LABELS, seed=1))
    report = measure_signals(other, load_ensemble(str(trained)))
    assert report.stars_seen == 0
    values = {m.name: m.measured.value for m in report.measures}
    assert values["PC and EB against J: average precision"] > 0.97
    assert values["PC against all: average precision"] > 0.9


def test_stars_that_it_was_trained_on_are_measured_by_networks_that_did_not_see_them(views: Path, trained: Path) -> None:
    data, ensemble = read_labelled_views(views), load_ensemble(str(trained))
    blind, seen = unseen_answers(data, "tess", ensemble)
    assert seen.all()
    every, folds = ensemble.ask(data.views, "tess"), ensemble.card.fold_of(data.stars)
    for fold in (0, 1):
        np.testing.assert_array_equal(blind.networks[0, folds == fold], every.networks[fold, folds == fold])
        np.testing.assert_array_equal(blind.trees[0, folds == fold], every.trees[fold, folds == fold])
    assert not np.allclose(blind.networks[0], every.networks.mean(axis=0), atol=1e-3)


def test_an_interrupted_training_goes_on_after_the_last_network_and_gives_what_the_same_seed_gave(
    views: Path, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, begun, original = read_labelled_views(views), [], training._train_member

    def stopping(*arguments: object) -> object:
        begun.append(1)
        if len(begun) == 2:
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr(training, "_train_member", stopping)
    with pytest.raises(KeyboardInterrupt):
        train_signals(small(), data, tmp_path / "out")
    assert not (tmp_path / "out" / CARD_NAME).exists()
    train_signals(small(), data, tmp_path / "out")
    assert len(begun) == 3
    resumed, whole = (classify(data.views, "tess", str(place)).probability for place in (tmp_path / "out", trained))
    np.testing.assert_allclose(resumed, whole, atol=1e-5)


def test_kepler_labels_leave_open_what_is_no_planet(tmp_path: Path) -> None:
    tess = read_labelled_views(write_views(tmp_path / "tess.npz", LABELS))
    path = write_views(tmp_path / "kepler.npz", ["PC", "not PC"] * 40, seed=3, extras=False)
    train_signals(small("signals-kepler"), read_labelled_views(path), tmp_path / "out", other=tess)
    found = classify(read_views(path), "kepler", str(tmp_path / "out"))
    np.testing.assert_allclose(found.probability.sum(axis=1), 1)
    assert found.p_planet[::2].mean() > 0.6 > 0.4 > found.p_planet[1::2].mean()
    assert measure_signals(read_labelled_views(path), load_ensemble(str(tmp_path / "out"))).measures[0].name == (
        "PC against not PC: average precision"
    )


def test_labels_that_do_not_suit_are_one_sentence(views: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="needs those of kepler"):
        train_signals(small("signals-kepler"), read_labelled_views(views), tmp_path / "out")
    few = read_labelled_views(write_views(tmp_path / "few.npz", ["PC", *["EB", "J"] * 9]))
    with pytest.raises(SettingsError, match="Too few stars have signals labelled PC"):
        train_signals(small(), few, tmp_path / "out")
    odd = read_labelled_views(write_views(tmp_path / "odd.npz", ["PC", "J", "KP"]))
    with pytest.raises(SettingsError, match="they must be PC, EB and J"):
        train_signals(small(), odd, tmp_path / "out")


def test_commands_train_classify_and_evaluate(
    views: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES, "signals-tess", small())
    out = tmp_path / "mine"
    assert main(["train", "--recipe", "signals-tess", "--views", str(views), "--out", str(out), "--epochs", "3"]) == 0
    said = capsys.readouterr()
    assert "PC against all: average precision" in said.out
    assert "network 2 of 2, epoch 3 of 3" in said.err
    table = tmp_path / "classes.csv"
    assert main(["classify", "--views", str(views), "--model", str(out), "--out", str(table), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["signals"] == len(LABELS)
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert list(rows[0]) == ["row", "p_planet", "p_eclipsing_binary", "p_not_transit"]
    assert [int(row["row"]) for row in rows] == list(range(len(LABELS)))
    for row in rows:
        assert sum(float(value) for name, value in row.items() if name != "row") == pytest.approx(1, abs=1e-7)
    assert main(["evaluate", "--signals", str(views), "--model", str(out), "--json", "--out", str(tmp_path / "report")]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["stars_seen"] == len(LABELS)
    assert json.loads((tmp_path / "report" / "report.json").read_text()) == values
