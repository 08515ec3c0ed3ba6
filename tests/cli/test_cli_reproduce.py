"""The reproduce command: what stands on its page, what it says that it cannot do, and that it goes on."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from astroseq_core.cli import main
from astroseq_core.cli.reproduce import PAGE_NAME, RUNS_NAME, TABLE_NAME
from astroseq_core.evaluation.comparison import CSV_COLUMNS

HOSTS, QUIET = 8, 6
HEADER = "target_id,name,period_days,t0,t0_system,duration_hours,depth_ppm,disposition\n"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stars of a week at two minutes, of which the first have deep transits; one more host has none in its data."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "lc").mkdir()
    rng = np.random.default_rng(0)
    time = 1400 + np.arange(5000) * 2 / 1440
    lines = [HEADER, "TIC 99,b,900,1500,BTJD,3,9000,CP\n"]
    for number in (*range(1, HOSTS + QUIET + 1), 99):
        flux = 1 + 1e-3 * rng.standard_normal(len(time))
        if number <= HOSTS:
            flux[np.abs((time - 1401 + 1.5) % 3.0 - 1.5) < 0.06] -= 0.01
            lines.append(f"TIC {number},b,3.0,1401.0,BTJD,2.9,10000,CP\n")
        np.savez(folder / "lc" / f"TIC_{number}__s0001.npz", time=time, flux=flux)
    (folder / "ephemerides.csv").write_text("".join(lines), encoding="utf-8")
    return folder


def rows(out: Path) -> list[dict[str, str]]:
    with (out / TABLE_NAME).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_list_says_what_is_stated(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["reproduce", "--list", "kepler-base-7"]) == 0
    name, recipes, stated = capsys.readouterr().out.strip().split("\t")
    assert (name, recipes) == ("kepler-base-7", "published-kepler-7to1, published-kepler-7to1-binned")
    assert ".6393/.3118" in stated


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["k3", "--list"], "'k3' is no published run"),
        ([], "Give --data"),
        (["--data", "nowhere", "--out", "out"], "There is no folder"),
    ],
)
def test_what_is_missing_is_said(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["reproduce", *arguments]) == 1
    assert message in capsys.readouterr().err


def test_what_the_stars_cannot_do_stands_on_the_page(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "k2"
    assert main.main(["reproduce", "k2-a", "--data", str(data), "--out", str(out)]) == 1
    page = (out / PAGE_NAME).read_text(encoding="utf-8")
    assert "Not run: No star in" in page
    assert "| k2-a | test ROC-AUC 0.5819 | – | not run |" in page
    assert not (out / RUNS_NAME).exists()
    limited = tmp_path / "few"
    assert main.main(["reproduce", "tess-base", "--data", str(data), "--out", str(limited), "--limit-stars", "4"]) == 1
    page = (limited / PAGE_NAME).read_text(encoding="utf-8")
    assert "of 4 TESS stars here at 2 minutes 2 have published transits in the data, and none is left for" in page
    assert "**This is a trial**" in page


def test_a_run_stands_beside_the_published_and_is_kept(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "forest"
    command = ["reproduce", "isolation-forest", "--data", str(data), "--out", str(out), "--workers", "1", "--json"]
    assert main.main(command) == 0
    assert json.loads(capsys.readouterr().out)["measured"] == 1
    found = rows(out)
    assert tuple(found[0]) == CSV_COLUMNS
    (f1,) = (row for row in found if (row["split"], row["figure"]) == ("test", "F1"))
    assert (f1["published"], f1["measured_on"]) == ("0.62", "real stars")
    assert float(f1["ours_low"]) <= float(f1["ours"]) <= float(f1["ours_high"])
    (precision,) = (row for row in found if row["figure"] == "precision")
    assert precision["published"] == "0.57 to 0.69"
    (folder,) = (out / RUNS_NAME).iterdir()
    before = (folder / "result.json").stat().st_mtime_ns
    assert main.main(command) == 0
    assert (folder / "result.json").stat().st_mtime_ns == before
    assert rows(out) == found
    assert main.main([*command, "--seed", "2"]) == 1
    assert "holds a run with other settings or data" in capsys.readouterr().err
