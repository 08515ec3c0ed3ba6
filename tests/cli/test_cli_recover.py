"""The recover command as people use it."""

import json
from pathlib import Path

import pytest

from astroseq_core.cli import main


@pytest.fixture
def model(tiny: Path) -> str:
    return "tiny"


def test_recover_on_simulated_stars(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, figure = tmp_path / "recover.csv", tmp_path / "recover.html"
    arguments = [
        "recover",
        "--model",
        model,
        "--simulated",
        "2",
        "--copies",
        "1",
        "--methods",
        "fold,max",
        "--snr",
        "8",
        "30",
        "--out",
        str(out),
        "--figure",
        str(figure),
    ]
    assert main.main([*arguments, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["stars"] == 2
    assert set(said["methods"]) == {"fold", "max"}
    assert 0 <= said["methods"]["fold"]["recall"]["value"] <= 1
    assert said["methods"]["fold"]["cpu_seconds"] > 0
    assert "says nothing about real" in figure.read_text()
    # All is there already: nothing is searched again, and the same is said.
    before = out.read_text()
    assert main.main(arguments) == 0
    assert out.read_text() == before
    assert "2 stars, 2 copies with transits, 2 without" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--lightcurves or --simulated"),
        (["--simulated", "1", "--methods", "guess"], "no method"),
        (["--simulated", "1", "--snr", "9", "2"], "lower one first"),
        (["--lightcurves", "missing"], "no file or folder"),
    ],
)
def test_errors_are_one_clear_line(
    arguments: list[str], said: str, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main.main(["recover", "--model", model, *arguments]) == 1
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
