"""Tables: whole or not at all, safe in spreadsheets."""

import csv
from pathlib import Path

import pytest

from astroseq_core.errors import ExportError
from astroseq_core.io import files


def test_a_table_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "table.csv"
    with files.TableWriter(path, ("target_id", "value", "note")) as table:
        table.write([{"target_id": "TIC 1", "value": 0.5, "note": 'a, "b"'}, {"target_id": "TIC 2", "value": float("nan")}])
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert rows == [{"target_id": "TIC 1", "value": "0.5", "note": 'a, "b"'}, {"target_id": "TIC 2", "value": "", "note": ""}]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+A1", "@SUM(A1)", "\tx", "\rx"])
def test_no_text_is_a_formula(text: str) -> None:
    assert files.csv_cell(text).startswith("'")
    assert files.csv_cell(-1.5) == "-1.5"


def test_an_interrupted_table_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old\n")

    def fails() -> None:
        with files.TableWriter(path, ("a",)) as table:
            table.write([{"a": 1}])
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        fails()
    assert path.read_text() == "old\n"
    assert [p.name for p in tmp_path.iterdir()] == ["table.csv"]


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match="cannot be written"), files.TableWriter(tmp_path / "file" / "t.csv", ("a",)):
        pass
