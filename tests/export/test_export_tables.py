"""Tables of candidates come back through the readers that people have."""

import csv
import io
import warnings
from pathlib import Path

import numpy as np
import pytest

from astroseq_core.column_fields import Column
from astroseq_core.columns import CANDIDATES_CSV
from astroseq_core.errors import ExportError
from astroseq_core.export import formats, records, tables
from astroseq_core.export.records import Record
from astroseq_core.store.leaderboard_filters import Filters
from astroseq_core.store.thresholds import ScoreThreshold
from tests.export import export_rows

CUT = ScoreThreshold("m", 20.0)
PLAIN_NOTE = '=HYPERLINK("x")|odd–even 3σ\nsecond line, $\\frac{a$ <b>&amp; 好'


@pytest.fixture
def made() -> tuple[Record, ...]:
    export_rows.fill()
    return records.select_records(Filters(model_id="m"), CUT)


def about(made: tuple[Record, ...]) -> dict:
    return tables.make_provenance(made, CUT, {"model_id": "m", "text": ""})


def test_csv_begins_as_the_candidates_do_and_is_safe(made: tuple[Record, ...], tmp_path: Path):
    path = tmp_path / "all.csv"
    formats.write(path, made, formats.CSV, about(made))
    with path.open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert tuple(found[0])[: len(CANDIDATES_CSV)] == CANDIDATES_CSV
    assert len(found) == len(made)
    assert found[1]["note"] == f"'{PLAIN_NOTE}", "a formula stands behind an apostrophe"
    assert found[2]["match"] == "'=1+1"
    assert (found[1]["period_days"], found[1]["depth_ppm"], found[1]["epoch_bjd"]) == ("3.5", "1234.5", "2459000.25")
    assert found[3]["period_days"] == ""
    assert path.read_text(encoding="utf-8") == formats.as_text(made, formats.CSV, {})


def test_every_number_has_its_unit_in_its_name_or_in_the_agreed_columns():
    suffixes = {
        "d": ("_days", "_bjd"),
        "h": ("_hours",),
        "ppm": ("_ppm", "_ppm_1h"),
        "K": ("_k",),
        "solRad": ("_solar",),
        "solMass": ("_solar",),
        "solMass.solRad**-3": ("_solar",),
    }
    for column in tables.COLUMNS:
        if column.unit and column.name not in ("best_t0", "magnitude"):
            assert column.name.endswith(suffixes[column.unit]), column.name


def test_ecsv_comes_back_with_units_and_metadata(made: tuple[Record, ...], tmp_path: Path):
    from astropy import units
    from astropy.table import Table

    path = tmp_path / "c.ecsv"
    formats.write(path, made, formats.ECSV, about(made))
    table = Table.read(path, format="ascii.ecsv")
    assert table["period_days"].unit == units.d
    assert str(table["depth_ppm"].unit) == "ppm"
    assert table["period_days"].description.startswith("Orbital period")
    assert list(table["period_days"].mask) == [False, False, False, True, False]
    assert table["note"][1] == PLAIN_NOTE
    assert table["score_raw"].tolist() == [50.25, 30.0, 20.0, 10.0, 9.0]
    assert table.meta["made_by"].startswith("AstroSeq ")
    assert table.meta["cut"] == {"kind": "threshold", "threshold": 20.0, "n": None}
    assert table.meta["notice"].startswith("SIMULATED: 1 of the 5 stars")
    assert table.meta["models"][0]["model_id"] == "m"


def test_votable_is_valid_and_comes_back(made: tuple[Record, ...], tmp_path: Path):
    from astropy import units
    from astropy.io import votable
    from astropy.io.votable.ucd import parse_ucd

    path = tmp_path / "c.vot"
    formats.write(path, made, formats.VOTABLE, about(made))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        document = votable.parse(path, verify="exception")
    assert document.version == "1.4"
    table = document.get_first_table()
    assert votable.validate(io.BytesIO(path.read_bytes()), io.StringIO()), "no complaint of the validator"
    for column, field in zip(tables.COLUMNS, table.fields, strict=True):
        assert (field.name, " ".join(field.description.split())) == (column.name, column.description)
        parse_ucd(field.ucd, check_controlled_vocabulary=True, has_colon=False)
    back = table.to_table(use_names_over_ids=True)
    assert back["epoch_bjd"].unit == units.d
    assert back["density_solar"].unit == units.solMass / units.solRad**3
    assert str(back["depth_ppm"].unit) == "ppm"
    assert back["note"][1] == PLAIN_NOTE
    assert list(back["star_id"]) == [r.star_id for r in made]
    assert np.ma.is_masked(back["period_days"][3])
    said = {info.name: info.value for info in table.infos}
    assert said["models.0.model_id"] == "m"
    assert said["filters.model_id"] == "m"
    assert said["notice"].startswith("SIMULATED")


def test_an_empty_table_is_a_table(tmp_path: Path):
    from astropy.io import votable
    from astropy.table import Table

    for kind in formats.TABLE_FORMATS:
        formats.write(tmp_path / f"none{formats.TABLE_FORMATS[kind].suffix}", (), kind, tables.make_provenance(()))
    assert len(Table.read(tmp_path / "none.ecsv", format="ascii.ecsv")) == 0
    assert len(votable.parse(tmp_path / "none.vot", verify="exception").get_first_table().array) == 0
    assert "notice" not in tables.make_provenance(())


@pytest.mark.parametrize("kind", formats.TABLE_FORMATS)
def test_what_fails_half_way_leaves_the_older_file(
    kind: str, made: tuple[Record, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / f"c{formats.TABLE_FORMATS[kind].suffix}"
    path.write_text("old")
    real, calls = tables.cell_value, []

    def fails(record: Record, column: Column) -> object:
        calls.append(1)
        if len(calls) > 100:
            raise RuntimeError("stop")
        return real(record, column)

    monkeypatch.setattr(tables, "cell_value", fails)
    with pytest.raises(RuntimeError):
        formats.write(path, made, kind, about(made))
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.glob("*c.*")] == [path.name]
    assert not list(tmp_path.glob(".*c*"))


def test_no_other_form():
    with pytest.raises(ExportError, match="no form of a table"):
        formats.as_text((), "fits", {})
