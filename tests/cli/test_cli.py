"""The command line as people use it: exit codes, one line of error, both tables."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from astroseq_core.cli import main
from astroseq_core.columns import SCORES_CSV
from astroseq_core.export import score_tables


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two stars in three files, and a broken one."""
    folder = tmp_path_factory.mktemp("lc")
    rng = np.random.default_rng(0)
    for name, start in (("TIC_11__s0001", 1400.0), ("TIC_11__s0002", 1430.0), ("TIC_12__s0001", 1400.0)):
        time = start + np.arange(3000) * 2 / 1440
        np.savez(folder / f"{name}.npz", time=time, flux=1 + 1e-3 * rng.standard_normal(3000))
    (folder / "TIC_13__s0001.npz").write_bytes(b"PK\x03\x04")
    return folder


@pytest.fixture
def model(tiny: Path) -> str:
    return "tiny"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_score_writes_both_tables(folder: Path, model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, segments = tmp_path / "scores.csv", tmp_path / "segments.csv"
    assert main.main(["score", str(folder), "SIM 1", "--out", str(out), "--segments-out", str(segments), "--json"]) == 0
    said = capsys.readouterr()
    scores = {r["target_id"]: r for r in rows(out)}
    assert tuple(next(iter(rows(out)))) == SCORES_CSV
    assert set(scores) == {"TIC 11", "TIC 12", "TIC 13", "SIM 1"}
    assert scores["TIC 11"]["status"] == "ok"
    assert scores["TIC 13"]["star_score"] == ""
    assert "TIC_13__s0001" in scores["TIC 13"]["status"]
    assert "TIC 13" in said.err
    table = rows(segments)
    assert tuple(table[0]) == score_tables.SEGMENTS_COLUMNS
    assert {r["observation"] for r in table if r["target_id"] == "TIC 11"} == {"TIC_11__s0001", "TIC_11__s0002"}
    assert all(0 < float(r["probability"]) < 1 and float(r["t_stop"]) > float(r["t_start"]) > 1000 for r in table)
    for target_id, score in scores.items():
        own = [r for r in table if r["target_id"] == target_id]
        assert int(score["num_segments"] or 0) == len(own)
        if own:
            assert float(score["score_max"]) == pytest.approx(max(float(r["probability"]) for r in own), abs=1e-6)
    counts = {"segments": len(table), "signals": len(rows(tmp_path / "signals.csv"))}
    assert (
        json.loads(said.out)
        == {"stars": 3, "failed": 1, "scores": str(out), "signals_out": str(tmp_path / "signals.csv")} | counts
    )


def test_score_takes_a_targets_file(folder: Path, model: str, tmp_path: Path) -> None:
    listed = tmp_path / "targets.csv"
    listed.write_text(f"target_id,path\nTIC 12,{folder / 'TIC_12__s0001.npz'}\nSIM 2,\n")
    out = tmp_path / "scores.csv"
    assert main.main(["score", "--targets-file", str(listed), "--out", str(out)]) == 0
    assert {r["target_id"] for r in rows(out)} == {"TIC 12", "SIM 2"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["score", "TOI-700 d"], "planet's name"),
        (["score", "nonsense"], "no target known"),
        (["score", "missing/folder"], "no file or folder"),
        (["score"], "Name targets"),
        (["score", "SIM 1", "--model", "none"], "no model 'none'"),
        (["train", "--recipe", "none", "--out", "x"], "no recipe"),
        (["train", "--recipe", "quick", "--lightcurves", "nowhere", "--detach"], "no file or folder nowhere"),
        (["train", "--recipe", "quick", "--lightcurves", ".", "--detach"], "no light curve in"),
    ],
)
def test_errors_are_one_clear_line(
    arguments: list[str], said: str, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main.main(arguments) == 1
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err
    assert list(tmp_path.iterdir()) == []


def test_bad_usage_is_2_and_help_is_0() -> None:
    def run(*arguments: str) -> int:
        return subprocess.run([sys.executable, "-m", "astroseq_core", *arguments], capture_output=True, check=False).returncode

    assert run("score", "--workers", "0") == 2
    assert run("fly") == 2
    assert run("score", "--help") == 0
