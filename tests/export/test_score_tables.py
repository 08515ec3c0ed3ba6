"""Tables: whole or not at all, safe in spreadsheets."""

import csv
from pathlib import Path

import numpy as np
import pytest

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import ExportError
from astroseq_core.export import score_tables
from astroseq_core.io import files
from astroseq_core.signals.signal import ClassProbabilities, FoundSignal
from astroseq_core.times import Instant, TimeSystem


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


def test_class_probabilities_of_tables_sum_to_one() -> None:
    orbit = Ephemeris("TIC 1", "signal 1", Instant(1500.0, TimeSystem.BTJD), 3.5, 2.0, 900.0)
    for seed in range(20):
        own, trees = np.random.default_rng(seed).dirichlet((1.0, 0.1, 0.1), 2).tolist()
        classes, baseline = (ClassProbabilities(*values, 0.0, 0.0, 0.0) for values in (own, trees))
        found = FoundSignal(1, orbit, 9.0, 5, 3.0, classes=classes, baseline=baseline)
        written = score_tables.signal_row(found, "TESS", "m")
        for prefix in ("", "trees_"):
            total = sum(float(written[f"{prefix}p_{name}"] or 0) for name in ("planet", "eclipsing_binary", "not_transit"))
            assert abs(total - 1) < 1e-6
