"""The commands that write tables, drafts and reports."""

import csv
import json
import zipfile
from pathlib import Path

import pytest

from astroseq_core.cli import main
from astroseq_core.columns import CANDIDATES, CANDIDATES_CSV
from astroseq_core.export import exofop_file
from tests.export import export_rows


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    export_rows.fill()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict, str]:
    code = main.main([*arguments, "--json"])
    out, err = capsys.readouterr()
    return code, json.loads(out) if out else {}, err


def test_csv_stays_as_it_was_and_has_all_when_asked(here: Path, capsys: pytest.CaptureFixture[str]):
    code, said, _ = run(capsys, "export")
    assert (code, said["candidates"], said["rows"]) == (0, "candidates.csv", 5)
    with (here / "candidates.csv").open(encoding="utf-8") as file:
        assert tuple(next(csv.reader(file))) == CANDIDATES_CSV
    assert (here / "candidates.provenance.json").is_file()
    code, said, _ = run(capsys, "export", "--full", "--out", "full.csv", "--simulated", "no")
    assert (code, said["rows"]) == (0, 4)
    with (here / "full.csv").open(encoding="utf-8", newline="") as file:
        assert tuple(next(csv.reader(file))) == CANDIDATES


@pytest.mark.parametrize(("form", "name"), [("ecsv", "candidates.ecsv"), ("votable", "candidates.vot")])
def test_tables_with_units(here: Path, capsys: pytest.CaptureFixture[str], form: str, name: str):
    from astropy.table import Table

    code, said, _ = run(capsys, "export", "--format", form, "--top", "2", "--only-passed")
    assert (code, said["candidates"], said["rows"], said["threshold"]) == (0, name, 2, 30.0)
    assert len(Table.read(here / name, format="ascii.ecsv" if form == "ecsv" else "votable")) == 2


def test_an_exofop_draft_and_its_check(here: Path, capsys: pytest.CaptureFixture[str]):
    code, said, err = run(capsys, "export", "--format", "exofop", "--tag", "20260115_ana_test_1", "--verbose")
    assert (code, said["rows"], said["left_out"], said["problems"]) == (0, 2, 3, 0)
    assert "SIM 1 is left out: it is simulated." in err
    first = Path(said["draft"])
    assert first.name == exofop_file.file_name(1)
    code, said, _ = run(capsys, "export", "--format", "exofop", "--tag", "20260115_ana_test_1")
    assert Path(said["draft"]).name == exofop_file.file_name(2), "no draft is written over another"
    code, said, _ = run(capsys, "validate-exofop", str(first))
    assert (code, said["rows"], said["problems"], said["details"]) == (0, 2, 0, [])
    first.write_text(first.read_text().replace("|FP|", "|XX|").replace("|PC|", "|XX|"), encoding="utf-8")
    code, said, err = run(capsys, "validate-exofop", str(first))
    assert code == 1
    assert said["details"] == [{"row": 6, "column": "disp", "reason": "'XX' is none of PC, CP, FP"}]
    assert "line 6, disp: 'XX' is none of PC, CP, FP" in err
    assert exofop_file.read_rows(first.read_text())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["export", "--format", "exofop"], "needs a tag"),
        (["export", "--format", "exofop", "--tag", "x", "--simulated", "yes"], "at least one candidate"),
        (["export", "--tag", "x"], "are for --format exofop"),
        (["export", "--format", "ecsv", "--full"], "for csv alone"),
        (["validate-exofop", "nowhere.txt"], "There is no file nowhere.txt"),
        (["report", "TIC 99", "--out", "r"], "not in the cache"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str):
    code, _, err = run(capsys, *arguments)
    assert code == 1
    assert words in err


def test_reports_of_stars_and_of_a_set(here: Path, capsys: pytest.CaptureFixture[str]):
    code, said, err = run(capsys, "report", "SIM 1", "TIC 99", "--out", "r", "--format", "png")
    assert (code, said["reports"], said["failed"]) == (1, 1, 1)
    assert said["files"] == [str(Path("r") / "SIM_1_report.png")]
    assert (here / said["files"][0]).read_bytes().startswith(b"\x89PNG")
    assert err.count("\n") == 1
    assert "TIC 99 is not in the cache" in err
    code, said, err = run(capsys, "export", "--format", "reports", "--top", "2", "--only-passed")
    assert (code, said["reports"], said["failed"]) == (0, 1, 1)
    assert zipfile.ZipFile(here / "reports.zip").namelist()[0] == "reports/SIM_1_report.pdf"
    assert "TIC 2: TIC 2 is not in the cache" in err
