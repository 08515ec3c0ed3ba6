"""``dispositions`` on the command line: out, in, listed, and how far reviewers agree."""

import json
from pathlib import Path
from typing import Any

import pytest

from astroseq_core.cli import main
from astroseq_core.store import dispositions
from astroseq_core.store.disposition_entry import Disposition


@pytest.fixture
def judged() -> None:
    for star, word, who in (("TIC 1", "PC", "ada"), ("TIC 2", "FP", "ada"), ("TIC 1", "FP", "bob"), ("TIC 2", "FP", "bob")):
        dispositions.add(Disposition(star, word, who, reason_codes=("OED",), note="a\nb"))
    dispositions.undo("ada")


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main.main(["dispositions", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("judged")
def test_out_and_in_again(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out" / "d.csv"
    assert said(capsys, "export", str(path)) == {"dispositions": str(path), "rows": 5}
    monkeypatch.setenv("ASTROSEQ_DATA", str(tmp_path / "other"))
    assert said(capsys, "import", str(path)) == {"dispositions added": 4, "undos added": 1, "known already": 0}
    assert said(capsys, "import", str(path)) == {"dispositions added": 0, "undos added": 0, "known already": 5}
    path.write_text("target_id,disposition,reviewer,at_utc\nTIC 1,PC,ada,now\n")
    assert main.main(["dispositions", "import", str(path)]) == 1
    assert capsys.readouterr().err.startswith("d.csv, row 2, column at_utc: 'now' is no time")


@pytest.mark.usefixtures("judged")
def test_the_history_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    found = said(capsys, "list")
    assert [(e["target_id"], e["disposition"], e["entry"], e.get("undone")) for e in found] == [
        ("TIC 1", "PC", "verdict", False),
        ("TIC 2", "FP", "verdict", True),
        ("TIC 1", "FP", "verdict", False),
        ("TIC 2", "FP", "verdict", False),
        ("TIC 2", "FP", "undo", None),
    ]
    assert found[0]["flags"] == ["OED"]
    assert len(said(capsys, "list", "--target", "tic2", "--reviewer", "ada")) == 2
    assert main.main(["dispositions", "list", "--reviewer", "ada"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert "taken back" in lines[2]
    assert "takes back" in lines[3]


@pytest.mark.usefixtures("judged")
def test_agreement(capsys: pytest.CaptureFixture[str]) -> None:
    found = said(capsys, "agreement")
    assert found["pairs"] == [{"reviewer_a": "ada", "reviewer_b": "bob", "num_stars": 1, "agree": 0, "kappa": 0.0}]
    assert found["conflicts"] == [{"target_id": "TIC 1", "weak": False, "verdicts": {"ada": "PC", "bob": "FP"}}]
    assert main.main(["dispositions", "agreement"]) == 0
    assert "TIC 1: ada: PC, bob: FP" in capsys.readouterr().out


def test_an_empty_store_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["dispositions", "list"]) == main.main(["dispositions", "agreement"]) == 0
    assert "no disposition yet" in capsys.readouterr().out
    assert said(capsys, "export", str(tmp_path / "d.csv"))["rows"] == 0
    assert said(capsys, "import", str(tmp_path / "d.csv"))["known already"] == 0
    with pytest.raises(SystemExit) as stopped:
        main.main(["dispositions"])
    assert stopped.value.code == 2
