"""Browsing TOIs: what fits, in which order, how many; and how fast a star's ephemerides come."""

import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from astroseq_core.archive import catalogs, snapshots, tois
from astroseq_core.archive.exoplanet_archive import KOI_TABLE, TOI_TABLE
from astroseq_core.archive.normalize import normalize_table
from astroseq_core.archive.tois import SignalFilters, browse_signals
from astroseq_core.errors import CatalogError
from astroseq_core.targets import parse_star
from tests.standin import exoplanet_archive as archive


@pytest.fixture
def five() -> None:
    rows: list[dict[str, Any]] = [
        archive.toi(1, 98.01, tfopwg_disp="PC", pl_orbper=2.0, pl_trandep=900.0, st_tmag=8.0),
        archive.toi(2, 1000.01, tfopwg_disp="CP", pl_orbper=20.0, pl_trandep=100.0, st_tmag=9.0, pl_rade=None),
        archive.toi(3, 101.01, tfopwg_disp="PC", pl_orbper=None, pl_trandep=5000.0, st_tmag=12.0),
        archive.toi(3, 101.02, tfopwg_disp="FP", pl_orbper=10.0, pl_trandep=None, st_tmag=12.0),
        archive.toi(4, 5.01, tfopwg_disp="APC", pl_orbper=5.0, pl_trandep=400.0, st_tmag=None),
    ]
    snapshots.write_snapshot(TOI_TABLE, normalize_table(TOI_TABLE, pd.DataFrame(rows)), "here")


def names(filters: SignalFilters | None = None, **more: Any) -> list[str]:
    return [row.name.removeprefix("TOI-") for row in browse_signals(filters, **more).rows]


@pytest.mark.usefixtures("five")
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (SignalFilters(), ["5.01", "98.01", "101.01", "101.02", "1000.01"]),
        (SignalFilters(dispositions=frozenset({"pc", "CP"})), ["98.01", "101.01", "1000.01"]),
        (SignalFilters(period_days=(5.0, 10.0)), ["5.01", "101.02"]),
        (SignalFilters(period_days=(None, 5.0)), ["5.01", "98.01"]),
        (SignalFilters(depth_ppm=(500.0, None)), ["98.01", "101.01"]),
        (SignalFilters(magnitude=(None, 9.0)), ["98.01", "1000.01"]),
        (SignalFilters(radius_earth=(0.0, 100.0)), ["5.01", "98.01", "101.01", "101.02"]),
        (SignalFilters(single=True), ["101.01"]),
        (SignalFilters(single=False, dispositions=frozenset({"PC"})), ["98.01"]),
        (SignalFilters(text="toi-101"), ["101.01", "101.02"]),
        (SignalFilters(text="tic 4"), ["5.01"]),
        (SignalFilters(depth_ppm=(1e5, None)), []),
    ],
)
def test_filters_take_what_fits(filters: SignalFilters, expected: list[str]):
    assert names(filters) == expected


@pytest.mark.usefixtures("five")
@pytest.mark.parametrize(
    ("sort", "descending", "expected"),
    [
        ("period", False, ["98.01", "5.01", "101.02", "1000.01", "101.01"]),
        ("period", True, ["1000.01", "101.02", "5.01", "98.01", "101.01"]),  # unknown ones come last either way
        ("depth", True, ["101.01", "98.01", "5.01", "1000.01", "101.02"]),
        ("magnitude", False, ["98.01", "1000.01", "101.01", "101.02", "5.01"]),
        ("name", True, ["1000.01", "101.02", "101.01", "98.01", "5.01"]),
    ],
)
def test_rows_are_sorted(sort: str, descending: bool, expected: list[str]):
    assert names(sort=sort, descending=descending) == expected


@pytest.mark.usefixtures("five")
def test_pages_together_are_the_whole():
    pages = [name for offset in (0, 2, 4) for name in names(limit=2, offset=offset)]
    assert pages == names()
    found = browse_signals(limit=2)
    assert (len(found.rows), found.total, found.status.rows) == (2, 5, 5)
    assert names(limit=0) == [] == names(offset=99)
    assert len(names(limit=10**9)) == 5


@pytest.mark.usefixtures("five")
def test_counts_of_dispositions():
    assert tois.disposition_counts() == {"PC": 2, "APC": 1, "CP": 1, "FP": 1}
    assert set(tois.disposition_counts()) <= set(tois.DISPOSITION_WORDS)


def test_without_a_snapshot_there_are_no_rows_and_it_is_said():
    found = browse_signals()
    assert (found.rows, found.total) == ((), 0)
    assert "no snapshot yet" in found.status.sentence
    assert tois.disposition_counts() == {}
    assert browse_signals(sort="period", name="koi").rows == ()


def test_what_cannot_be_is_refused():
    with pytest.raises(CatalogError, match="smaller number first"):
        SignalFilters(period_days=(10.0, 1.0))
    with pytest.raises(CatalogError, match="sorted by"):
        browse_signals(sort="colour")
    with pytest.raises(CatalogError, match="no catalog"):
        browse_signals(name="nonsense")


def test_other_catalogues_can_be_browsed_too():
    rows = [archive.koi(5, "K00010.01", kepler_name="Kepler-8 b"), archive.koi(6, "K00009.01")]
    snapshots.write_snapshot(KOI_TABLE, normalize_table(KOI_TABLE, pd.DataFrame(rows)), "here")
    assert [r.name for r in browse_signals(name="koi").rows] == ["K00009.01", "K00010.01"]
    assert [r.name for r in browse_signals(SignalFilters(text="kepler-8"), name="koi").rows] == ["K00010.01"]


@pytest.mark.lent
def test_the_real_tables_are_quick_to_open_and_to_browse(lent_data: Path):
    for table, file in ((KOI_TABLE, "koi_cumulative.csv.gz"), (TOI_TABLE, "toi.csv.gz")):
        frame = pd.read_csv(lent_data / "tables" / file, comment="#")
        snapshots.write_snapshot(table, normalize_table(table, frame), "here")
    target = parse_star("TIC 150428135")
    started = time.process_time()
    assert len(catalogs.current_catalog().ephemerides_of(target)) == 4
    cold = time.process_time() - started
    started = time.process_time()
    assert len(catalogs.current_catalog().ephemerides_of(parse_star("KIC 11442793"))) == 7
    warm = time.process_time() - started
    started = time.process_time()
    found = browse_signals(
        SignalFilters(frozenset({"PC"}), period_days=(1, 5), magnitude=(None, 10)), sort="depth", descending=True
    )
    browsing = time.process_time() - started
    assert all(s.disposition == "PC" and s.period_days and 1 <= s.period_days <= 5 for s in found.rows)
    assert cold < 0.3
    assert warm < 0.05
    assert browsing < 0.2


@pytest.mark.lent
def test_a_tenth_of_all_real_stars_open_with_all_their_signals(lent_data: Path):
    frame = pd.read_csv(lent_data / "tables" / "toi.csv.gz")
    snapshots.write_snapshot(TOI_TABLE, normalize_table(TOI_TABLE, frame), "here")
    now = catalogs.current_catalog()
    for tid, rows in list(frame.groupby("tid"))[::10]:
        ours = [s.name for s in now.signals_of(parse_star(f"TIC {tid}")) if s.table == "toi"]
        assert sorted(ours) == sorted(f"TOI-{n:.2f}" for n in rows.toi)
