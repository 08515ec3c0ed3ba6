"""Browsing TOIs: what fits, in which order, how many; and how fast a star's ephemerides come."""

import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from astroseq_core.archive import catalogue, snapshots, toi
from astroseq_core.archive.normalise import normalise
from astroseq_core.archive.tables import KOI, TOI
from astroseq_core.archive.toi import Filters, browse
from astroseq_core.errors import CatalogueError
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
    snapshots.write(TOI, normalise(TOI, pd.DataFrame(rows)), "here")


def names(filters: Filters | None = None, **more: Any) -> list[str]:
    return [row.name.removeprefix("TOI-") for row in browse(filters, **more).rows]


@pytest.mark.usefixtures("five")
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), ["5.01", "98.01", "101.01", "101.02", "1000.01"]),
        (Filters(dispositions=frozenset({"pc", "CP"})), ["98.01", "101.01", "1000.01"]),
        (Filters(period_days=(5.0, 10.0)), ["5.01", "101.02"]),
        (Filters(period_days=(None, 5.0)), ["5.01", "98.01"]),
        (Filters(depth_ppm=(500.0, None)), ["98.01", "101.01"]),
        (Filters(magnitude=(None, 9.0)), ["98.01", "1000.01"]),
        (Filters(radius_earth=(0.0, 100.0)), ["5.01", "98.01", "101.01", "101.02"]),
        (Filters(single=True), ["101.01"]),
        (Filters(single=False, dispositions=frozenset({"PC"})), ["98.01"]),
        (Filters(text="toi-101"), ["101.01", "101.02"]),
        (Filters(text="tic 4"), ["5.01"]),
        (Filters(depth_ppm=(1e5, None)), []),
    ],
)
def test_filters_take_what_fits(filters: Filters, expected: list[str]):
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
    found = browse(limit=2)
    assert (len(found.rows), found.in_all, found.status.rows) == (2, 5, 5)
    assert names(limit=0) == [] == names(offset=99)
    assert len(names(limit=10**9)) == 5


@pytest.mark.usefixtures("five")
def test_counts_of_dispositions():
    assert toi.counts() == {"PC": 2, "APC": 1, "CP": 1, "FP": 1}
    assert set(toi.counts()) <= set(toi.DISPOSITIONS)


def test_without_a_snapshot_there_are_no_rows_and_it_is_said():
    found = browse()
    assert (found.rows, found.in_all) == ((), 0)
    assert "no snapshot yet" in found.status.sentence
    assert toi.counts() == {}
    assert browse(sort="period", name="koi").rows == ()


def test_what_cannot_be_is_refused():
    with pytest.raises(CatalogueError, match="smaller number first"):
        Filters(period_days=(10.0, 1.0))
    with pytest.raises(CatalogueError, match="sorted by"):
        browse(sort="colour")
    with pytest.raises(CatalogueError, match="no catalogue"):
        browse(name="nonsense")


def test_other_catalogues_can_be_browsed_too():
    rows = [archive.koi(5, "K00010.01", kepler_name="Kepler-8 b"), archive.koi(6, "K00009.01")]
    snapshots.write(KOI, normalise(KOI, pd.DataFrame(rows)), "here")
    assert [r.name for r in browse(name="koi").rows] == ["K00009.01", "K00010.01"]
    assert [r.name for r in browse(Filters(text="kepler-8"), name="koi").rows] == ["K00010.01"]


@pytest.mark.lent
def test_the_real_tables_are_quick_to_open_and_to_browse(lent_data: Path):
    for table, file in ((KOI, "koi_cumulative.csv.gz"), (TOI, "toi.csv.gz")):
        frame = pd.read_csv(lent_data / "tables" / file, comment="#")
        snapshots.write(table, normalise(table, frame), "here")
    target = parse_star("TIC 150428135")
    started = time.process_time()
    assert len(catalogue.current().ephemerides_of(target)) == 4
    cold = time.process_time() - started
    started = time.process_time()
    assert len(catalogue.current().ephemerides_of(parse_star("KIC 11442793"))) == 7
    warm = time.process_time() - started
    started = time.process_time()
    found = browse(Filters(frozenset({"PC"}), period_days=(1, 5), magnitude=(None, 10)), sort="depth", descending=True)
    browsing = time.process_time() - started
    assert all(s.disposition == "PC" and s.period_days and 1 <= s.period_days <= 5 for s in found.rows)
    assert cold < 0.3
    assert warm < 0.05
    assert browsing < 0.2


@pytest.mark.lent
def test_a_tenth_of_all_real_stars_open_with_all_their_signals(lent_data: Path):
    frame = pd.read_csv(lent_data / "tables" / "toi.csv.gz")
    snapshots.write(TOI, normalise(TOI, frame), "here")
    now = catalogue.current()
    for tid, rows in list(frame.groupby("tid"))[::10]:
        ours = [s.name for s in now.signals_of(parse_star(f"TIC {tid}")) if s.table == "toi"]
        assert sorted(ours) == sorted(f"TOI-{n:.2f}" for n in rows.toi)
