"""Snapshots: whole or not there, the old one in use until the new one is; and refreshing against a server that misbehaves."""

import errno
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from astroseq_core.archive import catalogs, refresh, snapshots
from astroseq_core.archive.exoplanet_archive import CATALOG_TABLES, KOI_TABLE, PLANETS_TABLE, TOI_TABLE
from astroseq_core.archive.http import RetryPolicy
from astroseq_core.archive.normalize import normalize_table
from astroseq_core.cli import main
from astroseq_core.errors import CacheError, CatalogError, SettingsError, StoppedError
from astroseq_core.io import files
from astroseq_core.targets import parse_star
from tests.standin import Fault, Kind, StandIn
from tests.standin import exoplanet_archive as archive

QUICK = RetryPolicy(attempts=2, first_wait_seconds=0.001, longest_wait_seconds=0.002, connect_seconds=2, read_seconds=1.0)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """An Exoplanet Archive with one row a table."""
    monkeypatch.setenv("ASTROSEQ_RETRY_SECONDS", "0.001")
    monkeypatch.setattr(refresh, "_latest", None)
    with StandIn(archive.ROUTES) as started:
        monkeypatch.setenv("ASTROSEQ_EXOPLANET_ARCHIVE", started.url)
        archive.serve(started, "cumulative", [archive.koi(10797460, "K00752.01", kepler_name="Kepler-227 b", koi_period=9.488)])
        archive.serve(started, "toi", [archive.toi(150428135, 700.01, pl_orbper=16.05), archive.toi(1, 1.01, pl_trandurh=None)])
        archive.serve(started, "k2pandc", [archive.k2("K2-3 b", "EPIC 201367065", tic_id="TIC 173103335")])
        archive.serve(
            started,
            "ps",
            [archive.planet("Kepler-227 b", "TIC 5", pl_orbper=9.4881), archive.planet("A b", "TIC 6", default_flag=0)],
        )
        yield started


def put(*rows: dict[str, Any], date: datetime | None = None) -> None:
    """A snapshot of TOIs with those rows."""
    snapshots.write_snapshot(TOI_TABLE, normalize_table(TOI_TABLE, pd.DataFrame(list(rows))), "here", date)


def names(table: str = "toi") -> list[str]:
    part = catalogs.table_signals(table)
    return [s.name for s in part.rows(range(len(part)))]


# ---- one file


def test_what_was_written_is_read_with_its_date_and_its_dropped_rows():
    when = datetime(2025, 10, 4, tzinfo=UTC)
    put(archive.toi(150428135, 700.01, pl_orbper=16.05), archive.toi(2, 2.01, pl_tranmid=None), date=when)
    signals = snapshots.read_snapshot(TOI_TABLE)
    assert signals is not None
    assert [(s.name, s.period_days) for s in signals.rows([0])] == [("TOI-700.01", 16.05)]
    status = snapshots.snapshot_status(TOI_TABLE)
    assert (status.rows, status.rows_in, status.date, status.source) == (1, 2, when, "here")
    assert status.dropped == {"no transit epoch": 1}
    assert snapshots.dropped_rows(TOI_TABLE) == (("2.01", "no transit epoch"),)
    assert "2025-10-04" in status.sentence


def test_there_is_no_snapshot_at_first_and_the_famous_systems_are_there():
    assert [s.date for s in snapshots.all_statuses()] == [None] * 4
    assert all(s.is_stale() for s in snapshots.all_statuses())
    now = catalogs.current_catalog()
    assert "no snapshot" in now.sentence
    assert [e.name for e in now.ephemerides_of(parse_star("TIC 261136679"))] == ["pi Men c"]


@pytest.mark.parametrize("part", [0.0, 0.001, 0.3, 0.9, 0.999])
def test_a_truncated_snapshot_is_set_aside_and_counts_as_none(part: float, caplog: pytest.LogCaptureFixture):
    put(archive.toi(1, 1.01))
    path = snapshots.snapshot_path(TOI_TABLE)
    data = path.read_bytes()
    path.write_bytes(data[: int(part * len(data))])
    assert snapshots.snapshot_status(TOI_TABLE).date is None
    assert "damaged" in snapshots.snapshot_status(TOI_TABLE).problem
    assert snapshots.read_snapshot(TOI_TABLE) is None
    assert not path.exists()
    assert len(list((snapshots.snapshot_folder() / "damaged").iterdir())) == 1
    assert "damaged" in caplog.text


def test_one_changed_byte_anywhere_is_noticed():
    put(archive.toi(1, 1.01))
    path = snapshots.snapshot_path(TOI_TABLE)
    data = path.read_bytes()
    for place in range(len(data) // 3, len(data), len(data) // 17):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert snapshots.read_snapshot(TOI_TABLE) is None, place
        path.write_bytes(data)
    assert snapshots.read_snapshot(TOI_TABLE) is not None


def test_a_snapshot_of_another_table_under_this_name_is_no_snapshot_of_it():
    put(archive.toi(1, 1.01))
    os.replace(snapshots.snapshot_path(TOI_TABLE), snapshots.snapshot_path(KOI_TABLE))
    assert snapshots.read_snapshot(KOI_TABLE) is None


def test_a_snapshot_of_a_newer_astroseq_is_left_alone_and_said():
    with pytest.MonkeyPatch.context() as later:
        later.setattr(snapshots, "SCHEMA", 99)
        put(archive.toi(1, 1.01))
    path = snapshots.snapshot_path(TOI_TABLE)
    assert "newer AstroSeq" in snapshots.snapshot_status(TOI_TABLE).problem
    with pytest.raises(CacheError, match="newer AstroSeq"):
        snapshots.read_snapshot(TOI_TABLE)
    assert path.exists()
    assert len(catalogs.current_catalog()) > 0  # the rest is there
    assert names() == []


def test_a_full_disk_leaves_the_old_snapshot_and_says_so(monkeypatch: pytest.MonkeyPatch):
    put(archive.toi(1, 1.01))

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(CacheError, match="disk is full"):
        put(archive.toi(2, 2.01))
    assert names() == ["TOI-1.01"]
    assert [p.name for p in snapshots.snapshot_folder().iterdir()] == ["toi.snapshot"]


def test_the_catalogue_sees_a_new_snapshot_at_once():
    put(archive.toi(1, 1.01))
    assert names() == ["TOI-1.01"]
    put(archive.toi(1, 1.01), archive.toi(2, 2.01))
    assert names() == ["TOI-1.01", "TOI-2.01"]
    assert snapshots.remove_snapshot(TOI_TABLE)
    assert names() == []


# ---- refreshing


def test_all_tables_come_through_the_real_client(server: StandIn):
    results = refresh.refresh_catalogs(how=QUICK)
    assert [(r.status.table, r.status.rows, r.status.rows_in, r.problem) for r in results] == [
        ("cumulative", 1, 1, ""),
        ("toi", 1, 2, ""),
        ("k2pandc", 1, 1, ""),
        ("ps", 1, 1, ""),
    ]
    assert server.state.count("default_flag=1") == 2
    found = catalogs.current_catalog()
    assert "Catalogs of" in found.sentence
    kepler, tess = found.ephemerides_of(parse_star("KIC 10797460")), found.ephemerides_of(parse_star("TIC 5"))
    assert [(e.name, e.target_id) for e in kepler] == [("K00752.01", "KIC 10797460")]
    assert [(e.name, e.target_id) for e in tess] == [("Kepler-227 b", "TIC 5")]  # the same planet, once, as this star's


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Kind.STATUS, status=500),
        Fault(Kind.STATUS, status=503),
        Fault(Kind.STATUS, status=429, retry_after="0"),
        Fault(Kind.HTML),
        Fault(Kind.DROPPED),
        Fault(Kind.EMPTY),
        Fault(Kind.WRONG_LENGTH),
        Fault(Kind.TRUNCATED, at=0.1),
        Fault(Kind.TRUNCATED, at=0.99),
        Fault(Kind.CUT, at=0.5),
        Fault(Kind.CUT, at=0.99),
        Fault(Kind.STALLED, seconds=3.0),
    ],
    ids=lambda f: f"{f.kind}-{f.status if f.kind is Kind.STATUS else f.at}",
)
def test_a_fault_that_passes_costs_a_try_and_one_that_stays_keeps_the_old_snapshot(server: StandIn, fault: Fault):
    server.misbehave(fault, where="from toi", times=1)
    (first,) = refresh.refresh_catalogs(["toi"], how=QUICK)
    assert first.problem == ""
    assert server.state.count("from toi") == 2
    before = snapshots.snapshot_path(TOI_TABLE).read_bytes()
    archive.serve(server, "toi", [archive.toi(2, 2.01), archive.toi(3, 3.01)])
    server.misbehave(fault, where="from toi")
    (second,) = refresh.refresh_catalogs(["toi"], how=QUICK)
    assert second.problem
    assert "stays in use" in second.sentence
    assert "\n" not in second.sentence
    assert snapshots.snapshot_path(TOI_TABLE).read_bytes() == before
    assert names() == ["TOI-700.01"]


def test_a_slow_table_is_waited_for(server: StandIn):
    server.misbehave(Fault(Kind.SLOW, seconds=0.8), where="from toi")
    assert refresh.refresh_catalogs(["toi"], how=QUICK)[0].problem == ""


def test_a_table_that_never_ends_is_given_up(server: StandIn, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("astroseq_core.archive.exoplanet_archive.TABLE_TIMEOUT_SECONDS", 0.3)
    server.misbehave(Fault(Kind.SLOW, seconds=4.0), where="from toi")
    started = time.monotonic()
    assert "too slow" in refresh.refresh_catalogs(["toi"], how=QUICK)[0].problem
    assert time.monotonic() - started < 10


def test_rows_that_come_twice_are_taken_once(server: StandIn):
    server.misbehave(Fault(Kind.DUPLICATES), where="from toi")
    (result,) = refresh.refresh_catalogs(["toi"], how=QUICK)
    assert (result.status.rows, result.status.rows_in) == (1, 4)
    assert result.status.dropped == {"no transit duration": 2, "a second row of the same name": 1}


def test_an_empty_table_does_not_replace_a_full_one(server: StandIn):
    refresh.refresh_catalogs(["toi"], how=QUICK)
    archive.serve(server, "toi", [])
    (result,) = refresh.refresh_catalogs(["toi"], how=QUICK)
    assert "empty" in result.problem
    assert names() == ["TOI-700.01"]


def test_a_table_that_lost_many_rows_is_refused_unless_forced(server: StandIn):
    archive.serve(server, "toi", [archive.toi(n, n + 0.01) for n in range(1, 11)])
    refresh.refresh_catalogs(["toi"], how=QUICK)
    archive.serve(server, "toi", [archive.toi(n, n + 0.01) for n in range(1, 6)])
    (result,) = refresh.refresh_catalogs(["toi"], how=QUICK)
    assert "5 rows where it had 10" in result.problem
    assert len(names()) == 10
    (result,) = refresh.refresh_catalogs(["toi"], how=QUICK, force=True)
    assert result.problem == ""
    assert len(names()) == 5


def test_one_table_that_fails_does_not_hold_up_the_others(server: StandIn):
    server.misbehave(Fault(Kind.STATUS, status=500), where="from ps")
    results = {r.status.table: r.problem for r in refresh.refresh_catalogs(how=QUICK)}
    assert [t for t, problem in results.items() if problem] == ["ps"]
    assert snapshots.snapshot_status(TOI_TABLE).date is not None
    assert snapshots.snapshot_status(PLANETS_TABLE).date is None


def test_a_column_that_the_archive_dropped_does_not_cost_the_table(server: StandIn):
    row = archive.planet("Kepler-227 b", "TIC 5")
    del row["pl_ratdor"]
    archive.serve(server, "ps", [row])
    (result,) = refresh.refresh_catalogs(["ps"], how=QUICK)
    assert (result.problem, result.status.rows) == ("", 1)
    assert server.state.count("select * from ps") == 1


def test_a_table_that_does_not_exist_is_not_asked_for_again_and_again(server: StandIn):
    server.state.shelf["exoplanet_archive.tables"].pop("ps")
    (result,) = refresh.refresh_catalogs(["ps"], how=QUICK)
    assert "refused the query" in result.problem
    assert "ORA-00942" in result.problem
    assert server.state.count("from ps") == 2  # the columns by name, then all


def test_with_no_network_it_says_what_there_is_and_goes_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ASTROSEQ_EXOPLANET_ARCHIVE", "http://127.0.0.1:9")  # nobody listens there
    (result,) = refresh.refresh_catalogs(["toi"], how=QUICK)
    assert "there is no snapshot" in result.sentence
    assert "network" in result.problem
    put(archive.toi(1, 1.01), date=datetime.now(UTC) - timedelta(days=30))
    (result,) = refresh.refresh_catalogs(["toi"], how=QUICK)
    assert "stays in use" in result.sentence
    assert names() == ["TOI-1.01"]


@pytest.mark.parametrize("address", ["nonsense", "ftp://somewhere", "https://"])
def test_an_address_that_is_none_is_said(monkeypatch: pytest.MonkeyPatch, address: str):
    monkeypatch.setenv("ASTROSEQ_EXOPLANET_ARCHIVE", address)
    monkeypatch.setattr(refresh, "_latest", None)
    with pytest.raises(SettingsError, match="ASTROSEQ_EXOPLANET_ARCHIVE"):
        refresh.refresh_catalogs(["toi"], how=QUICK)
    running = refresh.refresh_in_background(["toi"], how=QUICK)
    assert running is not None
    assert running.wait(20)
    assert "ASTROSEQ_EXOPLANET_ARCHIVE" in running.problem
    assert running.failed


def test_only_what_is_old_enough_is_stale():
    put(archive.toi(1, 1.01), date=datetime.now(UTC) - timedelta(days=5))
    assert "toi" not in refresh.stale_tables(timedelta(days=6))
    assert "toi" in refresh.stale_tables(timedelta(days=4))
    assert "5 days ago" in snapshots.snapshot_status(TOI_TABLE).sentence


def test_it_stops_when_asked(server: StandIn):
    stop = threading.Event()
    with pytest.raises(StoppedError):
        refresh.refresh_catalogs(how=QUICK, stop=stop, progress=lambda progress: stop.set())


def test_in_the_background_the_old_snapshot_is_in_use_until_the_new_one_is_whole(server: StandIn):
    put(archive.toi(1, 1.01), date=datetime.now(UTC) - timedelta(days=30))
    server.misbehave(Fault(Kind.SLOW, seconds=0.6), where="from toi")
    running = refresh.refresh_in_background(how=QUICK)
    assert running is not None
    assert refresh.refresh_in_background() is running  # one at a time
    assert names() == ["TOI-1.01"]
    assert running.wait(20)
    assert names() == ["TOI-700.01"]
    assert [r.problem for r in running.results] == [""] * 4
    assert refresh.refresh_in_background() is None  # nothing is stale now


def test_a_failed_refresh_in_the_background_is_not_repeated_at_every_click(server: StandIn):
    server.misbehave(Fault(Kind.STATUS, status=503))
    running = refresh.refresh_in_background(how=QUICK)
    assert running is not None
    assert running.wait(20)
    assert running.failed
    asked = sum(server.state.requests.values())
    assert refresh.refresh_in_background() is None
    assert sum(server.state.requests.values()) == asked
    server.behave()
    again = refresh.refresh_in_background(["toi"], how=QUICK)  # a person who asks is served
    assert again is not None
    assert again.wait(20)
    assert names() == ["TOI-700.01"]


def test_two_that_write_at_once_leave_a_whole_snapshot():
    contents = [normalize_table(TOI_TABLE, pd.DataFrame([archive.toi(n, n + 0.01) for n in range(1, size)])) for size in (3, 40)]
    threads = [
        threading.Thread(target=lambda c=c: [snapshots.write_snapshot(TOI_TABLE, c, "here") for _ in range(15)]) for c in contents
    ]
    for thread in threads:
        thread.start()
    seen = set()
    while any(t.is_alive() for t in threads):
        found = snapshots.read_snapshot(TOI_TABLE)
        seen.add(None if found is None else len(found))
    assert seen - {None} <= {2, 39}
    assert not (snapshots.snapshot_folder() / "damaged").exists()
    assert sorted(p.name for p in snapshots.snapshot_folder().iterdir()) == ["toi.snapshot"]


def test_killed_at_any_moment_it_leaves_a_whole_snapshot_and_the_next_refresh_tidies_up(server: StandIn):
    put(archive.toi(1, 1.01))
    code = (
        "import pandas as pd; from tests.standin import exoplanet_archive as a;"
        "from astroseq_core.archive import exoplanet_archive, snapshots;"
        "from astroseq_core.archive.normalize import normalize_table;"
        "made = normalize_table(exoplanet_archive.TOI_TABLE, pd.DataFrame([a.toi(n, n + 0.01) for n in range(1, 400)]));"
        "print('ready', flush=True);"
        "[snapshots.write_snapshot(exoplanet_archive.TOI_TABLE, made, 'there') for _ in iter(int, 1)]"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == b"ready"
    time.sleep(0.05)
    process.kill()
    process.wait()
    process.stdout.close()
    assert len(names()) in (1, 399)
    assert not (snapshots.snapshot_folder() / "damaged").exists()
    left = snapshots.snapshot_folder() / ".toi.snapshot.1.abcdef01.tmp"
    left.write_bytes(b"half")
    os.utime(left, (1, 1))
    refresh.refresh_catalogs(["toi"], how=QUICK, force=True)
    assert not left.exists()
    assert names() == ["TOI-700.01"]


@pytest.mark.lent
def test_the_real_tables_come_whole_through_the_client(server: StandIn, lent_data: Path):
    for table, file in ((KOI_TABLE, "koi_cumulative.csv.gz"), (TOI_TABLE, "toi.csv.gz")):
        frame = pd.read_csv(lent_data / "tables" / file, comment="#")
        expected = normalize_table(table, frame)
        known = frame[[c for c in table.columns if c in frame]]
        rows = known.astype(object).where(known.notna(), None).to_dict("records")
        archive.serve(server, table.name, rows)
        (result,) = refresh.refresh_catalogs([table.name], how=RetryPolicy(attempts=1))
        assert (result.problem, result.status.rows_in, result.status.dropped) == ("", len(frame), expected.reasons)
        got = snapshots.read_snapshot(table)
        assert got is not None
        for name, column in expected.signals.columns.items():
            np.testing.assert_array_equal(got.columns[name], column, err_msg=name)


# ---- the command


def test_the_command_refreshes_and_says_what_there_is(server: StandIn, capsys: pytest.CaptureFixture[str]):
    assert main.main(["catalog", "refresh", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["snapshots"]
    assert [(s["table"], s["rows"], s["problem"]) for s in listed] == [(t, 1, "") for t in CATALOG_TABLES]
    assert all(s["source"] == server.url and s["age_days"] < 1 for s in listed)
    asked = sum(server.state.requests.values())
    assert main.main(["catalog", "refresh", "--older-than", "7"]) == 0
    assert sum(server.state.requests.values()) == asked
    assert "TOI: 1 signal, fetched today" in capsys.readouterr().out


def test_the_command_fails_in_one_line_a_table(server: StandIn, capsys: pytest.CaptureFixture[str]):
    server.misbehave(Fault(Kind.HTML), where="from toi")
    assert main.main(["catalog", "refresh", "--table", "toi", "--json"]) == 1
    printed = capsys.readouterr()
    assert len(printed.err.strip().splitlines()) == 1
    assert "maintenance" in printed.err
    assert json.loads(printed.out)["snapshots"][0]["problem"]
    assert main.main(["catalog", "status", "--table", "nonsense"]) == 1
    assert "use one of" in capsys.readouterr().err


def test_an_unknown_table_is_refused():
    with pytest.raises(CatalogError, match="no catalog"):
        refresh.refresh_catalogs(["pscomppars"])


def test_a_read_only_cache_is_one_clear_sentence(server: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    def read_only(*_: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(files.os, "fsync", read_only)
    (result,) = refresh.refresh_catalogs(["toi"], how=QUICK)
    assert "read-only" in result.problem
