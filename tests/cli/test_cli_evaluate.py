"""``evaluate`` on the command line: files, exit codes, one-sentence errors."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from astroseq_core.cli import main as cli_main
from astroseq_core.evaluation.segment_report import SegmentReport

START = 1400.0
HEADER = "target_id,name,period_days,t0,t0_system,duration_hours,depth_ppm\n"


@pytest.fixture(autouse=True)
def model(tiny: Path) -> None:
    """The tiny model, whose card names TIC 1 as a star that it was trained on."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training star, two hosts, two quiet stars, a binary, and a table with one row that cannot be used."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "lc").mkdir()
    rng = np.random.default_rng(0)
    for number in (1, 11, 12, 13, 14, 15, 16):
        time = START + np.arange(3000) * 2 / 1440
        flux = 1 + 1e-3 * rng.standard_normal(3000)
        if number < 13:
            flux[np.abs((time - START - 0.5) % 1.5) < 0.05] -= 4e-3
        np.savez(folder / "lc" / f"TIC_{number}__s0001.npz", time=time, flux=flux)
    known = "".join(f"TIC {n},TIC {n} b,1.5,{START + 0.5},BTJD,2.4,4000\n" for n in (1, 11, 12))
    (folder / "known.csv").write_text(HEADER + known + f"TIC 16,broken,1.5,{START},BTJD,,\nTIC 99,away,1.5,{START},BTJD,,\n")
    (folder / "binaries.txt").write_text("# found by eye\nTIC 15\n\n")
    return folder


def arguments(folder: Path, *more: str) -> list[str]:
    return ["evaluate", "--model", "tiny", "--lightcurves", str(folder / "lc"), "--ephemerides", str(folder / "known.csv"), *more]


def test_all_files_are_written(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "made" / "here"
    assert cli_main.main(arguments(folder, "--binaries", str(folder / "binaries.txt"), "--out", str(out), "--json")) == 0
    said = capsys.readouterr()
    values = json.loads(said.out)
    assert {p.name for p in out.iterdir()} == {"report.json", "segments.csv", "report.html"}
    assert json.loads((out / "report.json").read_text()) == values
    assert (values["seen_excluded"], values["seen_included"], values["failures"]) == (1, 0, [])
    assert said.err.count("\n") == 1
    assert "TIC 16 is left out" in said.err
    main = SegmentReport.from_dict(values["groups"][0])
    assert main.stars == 4
    assert values["not_planets"]["stars"] == 1
    with (out / "segments.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {r["target_id"]: r["star"] for r in rows} == {
        "TIC 11": "host",
        "TIC 12": "host",
        "TIC 13": "quiet",
        "TIC 14": "quiet",
        "TIC 15": "not a planet",
    }
    positive = [r for r in rows if r["label"] == "transit"]
    assert len(positive) == main.positives
    assert all(r["snr"] for r in positive)
    assert np.median([float(r["snr"]) for r in positive]) > 10
    page = (out / "report.html").read_text()
    assert "TIC 11" in page
    assert page.count("<h2>") >= 8


def test_the_table_for_people(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli_main.main(arguments(folder)) == 0
    out = capsys.readouterr().out
    assert "1 stars that it was made from are left out" in out
    for words in ("hosts and stars without transits", "hosts alone", "recall at 0.1 %", "signal-to-noise", "score_topk"):
        assert words in out


def test_seen_stars_are_labelled(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli_main.main(arguments(folder, "--include-seen", "--json")) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["seen_included"] == 1
    assert all("seen in training" in group["note"] for group in values["groups"])
    assert values["groups"][0]["stars"] == 6


def test_excluded_stars_are_away(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "not.txt").write_text("TIC 11\ntic13\n")
    assert cli_main.main(arguments(folder, "--exclude", str(tmp_path / "not.txt"), "--json")) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["groups"][0]["stars"] == 3
    assert {row["target_id"] for row in values["worst_false_alarms"]} <= {"TIC 12", "TIC 14", "TIC 15"}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "Give either --lightcurves"),
        (["--lightcurves", "lc", "--simulated"], "Give either --lightcurves"),
        (["--lightcurves", "lc"], "Give --ephemerides"),
        (["--lightcurves", "away", "--ephemerides", "known.csv"], "no file or folder away"),
        (["--lightcurves", "lc", "--ephemerides", "away.csv"], "no ephemerides table"),
        (["--lightcurves", "lc", "--ephemerides", "known.csv", "--exclude", "away.txt"], "no file away.txt"),
        (["--lightcurves", "lc", "--ephemerides", "known.csv", "--exclude", "known.csv"], "no target"),
        (["--lightcurves", "lc", "--ephemerides", "known.csv", "--base-rate", "2"], "--base-rate must lie between 0 and 1"),
        (["--lightcurves", "lc/TIC_1__s0001.npz", "--ephemerides", "known.csv"], "none is left for tiny"),
        (["--lightcurves", "lc/TIC_13__s0001.npz", "--ephemerides", "known.csv"], "no segments both with and without"),
        (["--lightcurves", "lc", "--ephemerides", "known.csv", "--out", "known.csv/x"], "cannot be written"),
    ],
)
def test_errors_are_one_clear_line(folder: Path, monkeypatch, capsys, more: list[str], said: str) -> None:
    monkeypatch.chdir(folder)
    assert cli_main.main(["evaluate", "--model", "tiny", *more]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
    assert len([line for line in error.splitlines() if "TIC 16 is left out" not in line]) == 1


def test_an_unknown_model_and_bad_usage(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli_main.main(["evaluate", "--model", "none", "--simulated"]) == 1
    assert "no model 'none'" in capsys.readouterr().err
    assert cli_main.main(["evaluate", "--simulated"]) == 1
    assert capsys.readouterr().err.startswith("Give --model")


def test_the_simulated_survey_is_labelled_as_such(monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    from astroseq_core.simulation import survey

    everyone = survey.survey_rows()
    # SIM 7 is quiet, SIM 10 a binary, SIM 4 has planets: three of the sixty are enough here.
    monkeypatch.setattr(survey, "survey_rows", lambda: [r for r in everyone if r.target_id in ("SIM 4", "SIM 7", "SIM 10")])
    assert cli_main.main(["evaluate", "--model", "tiny", "--simulated", "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert all("simulated" in group["note"] for group in values["groups"])
    assert values["groups"][0]["stars"] == 2
    assert values["not_planets"]["stars"] == 1
