"""Zips of reports: what is inside, what is said of stars without a report, and that half of one is never left."""

import io
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from astroseq_core.errors import ExportError, StoppedError
from astroseq_core.export import bundle, records, tables
from astroseq_core.export.records import Record
from astroseq_core.export.report import report
from tests.export import export_rows


@pytest.fixture
def chosen() -> tuple[Record, ...]:
    export_rows.fill()
    return records.records_for_stars(["SIM 10", "TIC 2", "SIM 1"])


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports that are not drawn."""
    monkeypatch.setattr(report, "render", lambda star, form: f"{star.target} {form}".encode())


def test_the_zip_has_reports_tables_and_where_they_are_from(chosen: tuple[Record, ...], tmp_path: Path):
    from astropy.io import votable
    from astropy.table import Table

    path, told = tmp_path / "deep" / "reports.zip", []
    chosen = chosen[:2]
    made = bundle.write(path, chosen, forms=("pdf", "html"), progress=lambda done, in_all: told.append((done, in_all)))
    assert told == [(0, 2), (1, 2), (2, 2)]
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert names == [
            "reports/SIM_10_report.pdf",
            "reports/SIM_10_report.html",
            "candidates.csv",
            "candidates.ecsv",
            "candidates.vot",
            "README.txt",
        ]
        assert archive.read(names[0]).startswith(b"%PDF")
        assert len(Table.read(archive.read("candidates.ecsv").decode(), format="ascii.ecsv")) == 2
        assert len(votable.parse(io.BytesIO(archive.read("candidates.vot")), verify="exception").get_first_table().array) == 2
        readme = archive.read("README.txt").decode()
    assert made.reports == tuple(names[:2])
    assert [f.star_id for f in made.failed] == ["TIC 2"]
    assert "SIMULATED: 1 of these stars" in readme
    assert "TIC 2: TIC 2 is not in the cache" in readme
    assert "Model m, " not in readme
    assert "Model m" in readme
    assert [p.name for p in path.parent.iterdir()] == ["reports.zip"]


def test_names_inside_are_letters_and_digits_whatever_the_texts_say(chosen: tuple[Record, ...], quick: None, tmp_path: Path):
    record = replace(chosen[0], match="../../etc/passwd", note="..\\evil", reviewer="/root")
    made = bundle.write(tmp_path / "r.zip", [record], {"SIM 10": {"target": "SIM 10"}}, forms=("png",))
    assert made.reports == ("reports/SIM_10_report.png",)


def test_the_table_says_what_it_is_told(chosen: tuple[Record, ...], tmp_path: Path):
    about = tables.make_provenance(chosen, None, {"mission": "TESS"})
    made = bundle.write(tmp_path / "r.zip", chosen[1:2], about=about)
    with zipfile.ZipFile(made.path) as archive:
        assert "Chosen by: mission TESS." in archive.read("README.txt").decode()
    assert made.reports == ()


def test_what_stops_half_way_leaves_nothing_and_the_older_zip(
    chosen: tuple[Record, ...], quick: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path, stop = tmp_path / "reports.zip", threading.Event()
    path.write_text("old")

    def tell(done: int, in_all: int) -> None:
        if done == 1:
            stop.set()

    with pytest.raises(StoppedError, match="no reports were written"):
        bundle.write(path, chosen, progress=tell, stop=stop)

    def fails(*_: object) -> bytes:
        raise RuntimeError("stop")

    monkeypatch.setattr(report, "render", fails)
    with pytest.raises(RuntimeError):
        bundle.write(path, chosen)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["reports.zip"]


def test_what_cannot_be_asked_for(chosen: tuple[Record, ...], tmp_path: Path):
    with pytest.raises(ExportError, match="no star to report on"):
        bundle.write(tmp_path / "r.zip", ())
    with pytest.raises(ExportError, match="no form of a report"):
        bundle.write(tmp_path / "r.zip", chosen, forms=("doc",))
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match="cannot be written"):
        bundle.write(tmp_path / "file" / "r.zip", chosen)
