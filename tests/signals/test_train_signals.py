"""Training on few simulated views: it learns, is the same for the same seed, resumes, and measures on unseen stars."""

import contextlib
import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from astroseq_core.cli.main import main
from astroseq_core.errors import SettingsError
from astroseq_core.evaluation.signals import measure_signals, unseen_answers
from astroseq_core.signals.classify import classify, combine
from astroseq_core.signals.ensemble import load_ensemble
from astroseq_core.signals.ensemble_card import CARD_NAME, read_card
from astroseq_core.signals.views import read_labelled_views, read_views
from astroseq_core.training import train_signals as training
from astroseq_core.training.signal_recipe import RECIPES, SignalRecipe
from astroseq_core.training.signal_set import possible_classes
from astroseq_core.training.train_signals import train_signals
from tests.signals.simulated_views import write_views
from tests.training.step_by_step import step_by_step

#: Said by TensorFlow whenever it predicts step by step.
pytestmark = pytest.mark.filterwarnings("ignore:Even though the .tf.config.experimental_run_functions_eagerly:UserWarning")

LABELS = ["PC", "EB", "J"] * 40
KEPLER_LABELS = ["PC", "not PC"] * 40


def small(name: str = "signals-tess", **changes: object) -> SignalRecipe:
    return replace(
        RECIPES[name],
        **{"epochs": 8, "batch": 16, "folds": 2, "repeats": 1, "trees": 5, "options": {"width": 4, "dense": 16}} | changes,
    )


#: One step for each network: all that a training does but learn.
BRIEF = small(epochs=1, batch=60)


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_views(tmp_path_factory.mktemp("views") / "train.npz", LABELS)


@pytest.fixture(scope="module")
def kepler_views(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_views(tmp_path_factory.mktemp("views") / "kepler.npz", KEPLER_LABELS, seed=3, extras=False)


@pytest.fixture(scope="module")
def learned(views: Path, kepler_views: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ensemble that has learned Kepler's signals and those of TESS."""
    out = tmp_path_factory.mktemp("learned") / "both"
    own = read_labelled_views(write_views(out.parent / "own.npz", ["EB", "PC", "J", "not PC"] * 9, seed=5))
    kepler, tess = read_labelled_views(kepler_views), read_labelled_views(views)
    train_signals(small("signals-kepler"), kepler, out, other=tess, more=own)
    return out


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Trainings take a few steps and make no graph of them."""
    monkeypatch.setitem(RECIPES, "signals-tess", BRIEF)
    with step_by_step():
        yield


@pytest.fixture(scope="module")
def trained(views: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ensemble for TESS alone that the command trained in a few steps, with what it printed beside it."""
    out = tmp_path_factory.mktemp("trained") / "mine"
    said, told = io.StringIO(), io.StringIO()
    command = ["train", "--recipe", "signals-tess", "--views", str(views), "--out", str(out), "--seed", "1"]
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said), contextlib.redirect_stderr(told):
        patch.setitem(RECIPES, "signals-tess", BRIEF)
        with step_by_step():
            assert main(command) == 0
    (out.parent / "said.txt").write_text(said.getvalue() + told.getvalue())
    return out


def test_it_learns_what_tells_simulated_signals_apart(learned: Path, tmp_path: Path) -> None:
    other = read_labelled_views(write_views(tmp_path / "test.npz", LABELS, seed=1))
    report = measure_signals(other, load_ensemble(str(learned)))
    assert report.stars_seen == 0
    values = {m.name: m.measured.value for m in report.measures}
    assert values["PC and EB against J: average precision"] > 0.97
    assert values["PC against all: average precision"] > 0.9


def test_kepler_labels_leave_open_what_is_no_planet(learned: Path, kepler_views: Path) -> None:
    assert read_card(learned).training["views"][2]["labels"] == {"PC": 9, "EB": 9, "J": 9, "not PC": 9}
    found = classify(read_views(kepler_views), "kepler", str(learned))
    np.testing.assert_allclose(found.probability.sum(axis=1), 1)
    assert found.p_planet[::2].mean() > 0.6 > 0.4 > found.p_planet[1::2].mean()
    assert measure_signals(read_labelled_views(kepler_views), load_ensemble(str(learned))).measures[0].name == (
        "PC against not PC: average precision"
    )


def test_stars_that_it_was_trained_on_are_measured_by_networks_that_did_not_see_them(views: Path, learned: Path) -> None:
    data, ensemble = read_labelled_views(views), load_ensemble(str(learned))
    blind, seen = unseen_answers(data, "tess", ensemble)
    assert seen.all()
    every, folds = ensemble.ask(data.views, "tess"), ensemble.card.fold_of(data.stars)
    for fold in (0, 1):
        np.testing.assert_allclose(blind.networks[0, folds == fold], every.networks[fold, folds == fold], atol=1e-6)
        np.testing.assert_array_equal(blind.trees[0, folds == fold], every.trees[fold, folds == fold])
    assert not np.allclose(blind.networks[0], every.networks.mean(axis=0), atol=1e-3)


def test_an_interrupted_training_goes_on_after_the_last_network_and_gives_what_the_same_seed_gave(
    brief: None, views: Path, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, begun, original = read_labelled_views(views), [], training.train_network

    def stopping(*arguments: object) -> object:
        begun.append(1)
        if len(begun) == 2:
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr(training, "train_network", stopping)
    with pytest.raises(KeyboardInterrupt):
        train_signals(BRIEF, data, tmp_path / "out")
    assert not (tmp_path / "out" / CARD_NAME).exists()
    train_signals(BRIEF, data, tmp_path / "out")
    assert len(begun) == 3
    resumed, whole = (load_ensemble(str(place)).ask(data.views, "tess") for place in (tmp_path / "out", trained))
    np.testing.assert_allclose(resumed.networks, whole.networks, atol=1e-5)
    np.testing.assert_allclose(resumed.trees, whole.trees, atol=1e-5)
    assert np.abs(whole.networks[0] - whole.networks[1]).max() > 1e-3  # each network has a seed of its own


def test_more_views_are_learned_from_and_choose_no_temperature(brief: None, views: Path, tmp_path: Path) -> None:
    data = read_labelled_views(views)
    wrong = ["EB", "PC", "J"] * 40  # of other stars, and mostly mislabelled
    more = read_labelled_views(write_views(tmp_path / "more.npz", wrong, seed=7))
    command = ["--views", str(views), "--more-views", str(tmp_path / "more.npz"), "--out", str(tmp_path / "out")]
    assert main(["train", "--recipe", "signals-tess", *command]) == 0
    card = read_card(tmp_path / "out")
    assert set(card.stars_seen) == set(data.stars) | set(more.stars)
    assert [one["signals"] for one in card.training["views"]] == [len(data.views), len(more.views)]
    # the temperature is what the answers on the first file ask for
    answers, seen = unseen_answers(data, "tess", load_ensemble(str(tmp_path / "out")))
    assert seen.all()
    found = combine(answers, card.tree_weight).probability
    assert card.temperatures["tess"] == pytest.approx(training.fit_temperature(found, possible_classes(data.labels)))
    other = read_labelled_views(write_views(tmp_path / "other.npz", ["PC", "not PC"] * 9))
    with pytest.raises(SettingsError, match="'not PC' is no label of tess signals"):
        train_signals(small(), data, tmp_path / "none", more=other)
    with pytest.raises(SettingsError, match="need labelled views of that mission"):
        train_signals(small(), data, tmp_path / "none", more_other=more)


def test_an_ensemble_is_trained_further_without_the_same_stars(views: Path, trained: Path, tmp_path: Path) -> None:
    data, start = read_labelled_views(views), load_ensemble(str(trained))
    recipe = replace(small(), epochs=1, learning_rate=1e-5)
    card = train_signals(recipe, data, tmp_path / "out", start=start)
    assert card.training["start"]["model_id"] == "mine"
    again = load_ensemble(str(tmp_path / "out"))
    before, after = (e.ask(data.views, "tess").networks for e in (start, again))
    np.testing.assert_allclose(before, after, atol=0.05)
    assert not np.array_equal(before, after)
    with pytest.raises(SettingsError, match="mine has other folds or scalars"):
        train_signals(recipe, data, tmp_path / "none", start=start, seed=2)


def test_labels_that_do_not_suit_are_one_sentence(views: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="needs those of kepler"):
        train_signals(small("signals-kepler"), read_labelled_views(views), tmp_path / "out")
    few = read_labelled_views(write_views(tmp_path / "few.npz", ["PC", *["EB", "J"] * 9]))
    with pytest.raises(SettingsError, match="Too few stars have signals labelled PC"):
        train_signals(small(), few, tmp_path / "out")
    odd = read_labelled_views(write_views(tmp_path / "odd.npz", ["PC", "J", "KP"]))
    with pytest.raises(SettingsError, match="they must be PC, EB and J"):
        train_signals(small(), odd, tmp_path / "out")


def test_the_commands_train_classify_and_evaluate(
    views: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = (trained.parent / "said.txt").read_text()
    assert "PC against all: average precision" in said
    assert "network 2 of 2, epoch 1 of 1" in said
    assert sorted(p.name for p in trained.iterdir()) == [CARD_NAME, "member-00.keras", "member-01.keras", "trees-tess.npz"]
    table = tmp_path / "classes.csv"
    assert main(["classify", "--views", str(views), "--model", str(trained), "--out", str(table), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["signals"] == len(LABELS)
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert list(rows[0]) == ["row", "p_planet", "p_eclipsing_binary", "p_not_transit"]
    assert [int(row["row"]) for row in rows] == list(range(len(LABELS)))
    for row in rows:
        assert sum(float(value) for name, value in row.items() if name != "row") == pytest.approx(1, abs=1e-7)
    assert main(["evaluate", "--signals", str(views), "--model", str(trained), "--json", "--out", str(tmp_path / "report")]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["stars_seen"] == len(LABELS)
    assert json.loads((tmp_path / "report" / "report.json").read_text()) == values


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train", "--recipe", "signals-tess"], "needs --views"),
        (["train", "--recipe", "tess-2min", "--views", "some.npz"], "--views goes with the recipes"),
        (["train", "--recipe", "signals-tess", "--views", "some.npz", "--out", "here", "--epochs", "0"], "must be over 0"),
        (["evaluate"], "Give --model"),
        (["evaluate", "--signals", "some.npz", "--simulated"], "leave --lightcurves and --simulated out"),
        (["evaluate", "--signals", "some.npz"], "some.npz"),
        (["classify", "--views", "some.npz", "--out", "x.csv", "--kind", "kepler"], "some.npz"),
    ],
)
def test_options_that_do_not_fit_are_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1


def test_a_tess_ensemble_refuses_kepler_signals(
    views: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "classes.csv"
    command = ["classify", "--views", str(views), "--model", str(trained), "--out", str(out), "--kind", "kepler"]
    assert main(command) == 1
    assert "was made for tess signals, not for kepler" in capsys.readouterr().err
    assert not out.exists()
