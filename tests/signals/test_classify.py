"""The shipped classifier on simulated views and on lent real ones; damaged ensembles; what the command writes."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from astroseq_core import settings
from astroseq_core.cli.main import main
from astroseq_core.errors import ModelError
from astroseq_core.signals.classify import classify
from astroseq_core.signals.ensemble import SHIPPED, damaged_ensembles, load_ensemble
from astroseq_core.signals.ensemble_card import CARD_NAME, read_card
from astroseq_core.signals.views import LabelledViews, read_labelled_views, read_views
from tests import mutations
from tests.signals.simulated_views import write_views


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_views(tmp_path_factory.mktemp("views") / "views.npz", ["PC"] * 30 + ["EB"] * 30 + ["J"] * 30)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the shipped ensemble that a test may damage."""
    return Path(shutil.copytree(settings.models_dir() / SHIPPED, tmp_path / "copy"))


def test_the_shipped_ensemble_is_small_and_names_its_stars() -> None:
    folder = settings.models_dir() / SHIPPED
    card = read_card(folder)
    assert sum(path.stat().st_size for path in folder.iterdir()) < 3e6
    assert len(card.stars_seen) > 20_000
    assert "TIC 201291168" in card.stars_seen


@pytest.mark.parametrize("kind", ["tess", "kepler"])
def test_simulated_planets_binaries_and_waves_are_told_apart(kind: str, views: Path) -> None:
    found = classify(read_views(views), kind)
    np.testing.assert_allclose(found.probability.sum(axis=1), 1)
    assert (found.spread >= 0).all()
    assert np.median(found.p_planet[:30]) > 0.5
    assert np.median(found.p_planet[30:60]) < 0.1
    assert np.median(found.p_not_transit[60:]) > 0.9
    if kind == "tess":
        assert np.median(found.p_eclipsing_binary[30:60]) > 0.8


def test_period_duration_and_snr_may_be_missing(views: Path) -> None:
    found = classify(read_views(views).without_extras(), "tess")
    assert np.isfinite(found.probability).all()
    assert np.median(found.p_planet[:30] + found.p_eclipsing_binary[:30]) > 0.8
    assert np.median(found.p_not_transit[60:]) > 0.8


def test_the_command_writes_rows_in_order_and_uses_no_label(
    views: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with np.load(views) as file:
        arrays = dict(file)
    arrays["label"] = arrays["label"][::-1]
    np.savez(tmp_path / "mislabelled.npz", **arrays)
    np.savez(tmp_path / "bare.npz", **{k: v for k, v in arrays.items() if k not in ("label", "target_id")})
    texts = []
    for path in (views, tmp_path / "mislabelled.npz", tmp_path / "bare.npz"):
        out = tmp_path / "classes.csv"
        assert main(["classify", "--views", str(path), "--out", str(out), "--kind", "tess", "--spread"]) == 0
        texts.append(out.read_text())
    assert texts[0] == texts[1] == texts[2]
    rows = list(csv.DictReader(texts[0].splitlines()))
    assert [int(row["row"]) for row in rows] == list(range(90))
    expected = classify(read_views(views), "tess")
    np.testing.assert_allclose([float(row["p_planet"]) for row in rows], expected.p_planet, atol=1e-6)
    np.testing.assert_allclose([float(row["planet_spread"]) for row in rows], expected.spread[:, 0], atol=1e-6)
    assert "signals: 90" in capsys.readouterr().out


def test_views_are_not_written_over(views: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = views.read_bytes()
    assert main(["classify", "--views", str(views), "--out", str(views)]) == 1
    assert "is what is read; give another file to write" in capsys.readouterr().err
    assert views.read_bytes() == before


def test_what_cannot_be_written_is_one_sentence_and_no_half_file(
    views: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["classify", "--views", str(views), "--out", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "name a file" in said
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_card_is_one_sentence(copy: Path) -> None:
    path = copy / CARD_NAME
    values = json.loads(path.read_text())
    values["stars_seen"] = values["stars_seen"][:3]
    text = json.dumps(values)
    sentences: list[str] = []
    for data in mutations.mutated(text, 200):
        path.write_bytes(data)
        try:
            read_card(copy)
        except ModelError as error:
            sentences.append(str(error))
    assert len(sentences) > 100
    assert all(sentence.endswith(".") for sentence in sentences)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"temperatures": {"tess": 0.0, "kepler": 1.0}}, "temperature"),
        ({"trees": {}}, "each with trees"),
        ({"card_version": 99}, r"ensemble\.json of copy has version 99, and this AstroSeq reads \d+; update AstroSeq\.$"),
        ({"card_version": 1}, "its version is not"),
        ({"scalars": ["depth"], "centers": [0.0], "scales": [1.0]}, "'depth' is no scalar"),
        ({"members": []}, "number of members"),
        ({"members": [{"file": "../other.keras", "sha256": "", "fold": 0}]}, "no name of a network"),
    ],
)
def test_a_card_that_cannot_be_is_refused(change: dict[str, object], reason: str, copy: Path) -> None:
    path = copy / CARD_NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ModelError, match=reason):
        read_card(copy)


@pytest.mark.parametrize("name", ["member-00.keras", "trees-tess.npz"])
def test_a_part_that_is_not_the_cards_is_refused(name: str, copy: Path) -> None:
    (copy / name).write_bytes((copy / name).read_bytes()[:-1])
    with pytest.raises(ModelError, match="is not the file its card names"):
        load_ensemble(str(copy))
    (copy / name).unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        load_ensemble(str(copy))


def test_a_damaged_ensemble_is_listed_beside_the_sound_ones(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = copy.parent / "home"
    for name in ("sound", "hurt"):
        shutil.copytree(copy, home / "models" / name)
        card = home / "models" / name / CARD_NAME
        card.write_text(json.dumps(json.loads(card.read_text()) | {"model_id": name}))
    monkeypatch.setenv("ASTROSEQ_HOME", str(home))
    assert damaged_ensembles() == ()
    hurt = home / "models" / "hurt"
    for damaged in ("member-01.keras", "trees-kepler.npz", CARD_NAME):
        (hurt / damaged).write_bytes((hurt / damaged).read_bytes()[:-9])
        (one,) = damaged_ensembles()
        assert (one.model_id, one.folder) == ("hurt", hurt)
        assert damaged in one.problem
        assert main(["models"]) == 0
        printed = capsys.readouterr().out
        assert f"hurt\tdamaged: {one.problem}" in printed
        assert "sound\ttess and kepler signals" in printed
        shutil.copyfile(copy / damaged, hurt / damaged)


def test_an_unknown_classifier_is_one_sentence() -> None:
    with pytest.raises(ModelError, match="There is no classifier of signals 'nothing'"):
        load_ensemble("nothing")


@pytest.mark.lent
def test_real_signals_of_stars_that_a_fold_never_saw(lent_data: Path) -> None:
    from astroseq_core.evaluation.signals import measure_signals

    for name, least in (("tess_yu2019", 0.95), ("kepler_dr24", 0.87)):
        whole = read_labelled_views(lent_data / "tce" / f"{name}.npz")
        half = np.arange(0, len(whole.views), 2)
        data = LabelledViews(whole.views.take(half), whole.labels[half], whole.stars[half])
        report = measure_signals(data, load_ensemble("tess"))
        assert report.stars_seen == report.stars
        first = report.measures[0]
        assert first.name.endswith("average precision")
        assert first.measured.low > least
        assert report.measures[-1].name.startswith("ECE")
        assert report.measures[-1].measured.value < 0.03
