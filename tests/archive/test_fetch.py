"""Fetching into the cache: every fault, resuming, several processes, and caches that cannot be written."""

import errno
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroseq_core import settings
from astroseq_core.archive import download, fetch, http
from astroseq_core.archive.download import RECEIVED_BYTES, FetchOutcome
from astroseq_core.archive.fetch import INCOMING_FOLDER
from astroseq_core.archive.mast import search
from astroseq_core.cli import main
from astroseq_core.errors import CacheError, NotInArchiveError, SettingsError, StoppedError, TransientError
from astroseq_core.io import cache_index, cache_records, npz
from astroseq_core.io import files as io_files
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.jobs.progress import Progress
from astroseq_core.scoring import star_data
from astroseq_core.targets import parse_star
from tests.standin import Fault, Kind, StandIn
from tests.standin.mast import products_of
from tests.standin.ordeal import ROOT, endure, expected, files, names
from tests.standin.server import wait_for
from tests.standin.skyfiles import fits_bytes

STAR = parse_star("TIC 107")  # one light curve by default: QLP of sector 3
TWO = parse_star("TIC 101")


def fetched(*stars: str, **options: Any) -> Any:
    return fetch.fetch_light_curves([parse_star(star) for star in stars] or STAR, **options)


@pytest.mark.parametrize(
    ("name", "author", "digits"),
    [
        ("TIC 101", None, "101"),
        ("TIC 108", None, "108"),
        ("TIC 107", None, "107"),
        ("KIC 11446443", None, "kplr011446443"),
        ("EPIC 201367065", None, "ktwo201367065"),
        ("EPIC 201367065", "EVEREST", "ktwo201367065"),
        ("EPIC 201367065", "K2SFF", "ktwo201367065"),
    ],
)
def test_what_is_served_stands_in_the_cache_value_by_value(stand_in: StandIn, name: str, author: str | None, digits: str):
    from astropy.io import fits

    star = parse_star(name)
    report = fetched(name, author=author)
    assert {item.outcome for item in report.items} == {FetchOutcome.DOWNLOADED}
    cache = LightCurveCache()
    served = {sky.uri: fits_bytes(sky, 300) for sky in products_of(digits)}
    for item in search(star, author=author):
        curve = cache.get(star, item.observation, author=item.author, exposure_seconds=item.exposure_seconds)
        assert curve is not None
        path = Path(settings.cache_dir()) / "served.fits"
        path.write_bytes(served[item.uri])
        with fits.open(path) as hdus:
            table = hdus[1].data
            flux = next(table[c] for c in ("PDCSAP_FLUX", "KSPSAP_FLUX", "FCOR", "FLUX") if c in table.columns.names)
            np.testing.assert_array_equal(curve.flux, np.asarray(flux, np.float64))
            np.testing.assert_allclose(curve.time, table["T" if "T" in table.columns.names else "TIME"], atol=1e-9)
        assert (curve.target, curve.observation, curve.instrument) == (star, item.observation, star.mission)
        assert curve.provenance.sha256 == io_files.sha256_hex(served[item.uri])


def test_chosen_observations_alone_are_fetched(stand_in: StandIn):
    everything = search(TWO, author="any")
    chosen = [i for i in everything if i.author in ("QLP", "TESS-SPOC")]
    report = fetch.fetch_light_curves((), chosen=chosen)
    assert [(i.author, i.outcome) for i in report.items] == [
        ("QLP", FetchOutcome.DOWNLOADED),
        ("TESS-SPOC", FetchOutcome.DOWNLOADED),
    ]
    assert {e.author for e in LightCurveCache().entries()} == {"QLP", "TESS-SPOC"}


def test_no_more_observations_than_asked_for(stand_in: StandIn):
    report = fetched("KIC 11446443", max_observations=2)
    assert [i.observation for i in report.items] == ["quarter 1", "quarter 2"]


def test_progress_grows_to_the_end(stand_in: StandIn):
    seen: list[Progress] = []
    report = fetched("TIC 101", "TIC 107", "TIC 109", progress=seen.append)
    assert [p.done for p in seen] == sorted(p.done for p in seen)
    assert seen[-1].done == seen[-1].total == 3 + 3
    assert seen[-1].numbers[RECEIVED_BYTES] == report.received_bytes == sum(i.size_bytes for s in (TWO, STAR) for i in search(s))


def test_what_is_whole_is_not_fetched_again_and_opens_with_no_request(stand_in: StandIn):
    fetched("TIC 101")
    stand_in.state.forget()
    again = fetched("TIC 101")
    assert {i.outcome for i in again.items} == {FetchOutcome.ALREADY_CACHED}
    opened = star_data.load_star(star_data.StarRequest("TIC 101", star_data.Source.CACHE))
    assert len(opened.detrended) == 2
    assert stand_in.state.requests.total() == 0


def test_a_cached_file_that_was_damaged_is_fetched_again_and_no_other(stand_in: StandIn):
    fetched("TIC 101")
    stand_in.state.forget()
    damaged = next((LightCurveCache().folder / "curves").rglob("sector_1-*.npz"))
    damaged.write_bytes(damaged.read_bytes()[:-100])
    assert Counter(i.outcome for i in fetched("TIC 101").items) == {FetchOutcome.ALREADY_CACHED: 1, FetchOutcome.DOWNLOADED: 1}
    assert stand_in.state.count("Download") == stand_in.state.count("s0001") == 1
    assert LightCurveCache().verify().is_sound


# ---- faults


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Kind.DROPPED),
        Fault(Kind.STATUS, status=500),
        Fault(Kind.STATUS, status=502),
        Fault(Kind.STATUS, status=503),
        Fault(Kind.STATUS, status=429, retry_after="0"),
        Fault(Kind.STATUS, status=404),
        Fault(Kind.HTML),
        Fault(Kind.EMPTY),
        Fault(Kind.TRUNCATED, at=0),
        Fault(Kind.TRUNCATED, at=1),
        Fault(Kind.TRUNCATED, at=2880),
        Fault(Kind.TRUNCATED, at=14399),
        Fault(Kind.CUT, at=1),
        Fault(Kind.CUT, at=2880),
        Fault(Kind.CUT, at=8000),
        Fault(Kind.WRONG_LENGTH, at=1),
        Fault(Kind.LIE),
        Fault(Kind.STALLED),
        Fault(Kind.SLOW, seconds=0.1),
    ],
    ids=lambda f: f"{f.kind}-{f.status if f.kind is Kind.STATUS else f.at}",
)
def test_every_fault_is_survived_once(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, fault: Fault):
    search(STAR)
    monkeypatch.setenv("ASTROSEQ_TIMEOUT_SECONDS", "0.3")
    stand_in.misbehave(fault, where="Download", times=1)
    (item,) = fetched().items
    assert item.outcome is FetchOutcome.DOWNLOADED, item.reason
    assert stand_in.state.count("Download") == (1 if fault.kind is Kind.SLOW else 2)
    assert stand_in.state.count("Download", whole=True) == 1
    assert LightCurveCache().verify().is_sound
    assert LightCurveCache().failures() == LightCurveCache().absences() == ()


@pytest.mark.parametrize(
    ("fault", "requests", "says"),
    [
        (Fault(Kind.TRUNCATED, at=5000), 2, "came damaged twice: .* is truncated: 5000 of 14400 bytes came"),
        (Fault(Kind.WRONG_LENGTH, at=7), 2, "came damaged twice: .* is truncated: 14400 of 14407"),
        (Fault(Kind.CUT, at=9000), 2, "came damaged twice: .* is cut off"),
        (Fault(Kind.LIE), 2, "came damaged twice: .* is a light curve of TIC 108, not of TIC 107"),
        (Fault(Kind.DROPPED), 6, "broke off .* 6 times; try again later"),
        (Fault(Kind.EMPTY), 6, "sent nothing .* 6 times"),
        (Fault(Kind.HTML), 6, "a web page instead of .* 6 times"),
        (Fault(Kind.STATUS, status=503), 6, "unavailable .* 6 times"),
        (Fault(Kind.STATUS, status=403), 1, "does not give it to everyone"),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_what_keeps_failing_is_reported_by_name_and_is_no_absence(stand_in: StandIn, fault: Fault, requests: int, says: str):
    search(STAR)
    stand_in.misbehave(fault, where="Download")
    (item,) = fetched().items
    assert item.outcome is FetchOutcome.FAILED
    assert "hlsp_qlp_tess_ffi_s0003-0000000000000107_tess_v01_llc.fits" in item.reason
    assert re.search(says, item.reason), item.reason
    assert stand_in.state.count("Download") == requests
    cache = LightCurveCache()
    assert cache.entries() == cache.absences() == ()
    assert [(f.target_id, f.reason) for f in cache.failures()] == [("TIC 107", item.reason)]
    assert not list((cache.folder / INCOMING_FOLDER).iterdir())
    stand_in.behave()
    assert fetched().items[0].outcome is FetchOutcome.DOWNLOADED
    assert cache.failures() == ()


def test_a_listed_file_that_is_not_there_is_absent_until_asked_to_retry(stand_in: StandIn):
    stand_in.misbehave(Fault(Kind.STATUS, status=404), where="Download")
    (item,) = fetched().items
    assert (item.outcome, "HTTP 404" in item.reason) == (FetchOutcome.ABSENT, True)
    (absence,) = LightCurveCache().absences()
    assert absence.reason == item.reason
    assert time.time() - absence.since < 60
    stand_in.behave()
    stand_in.state.forget()
    assert fetched().items[0] == item
    assert stand_in.state.requests.total() == 0
    assert fetched(retry_absent=True).items[0].outcome is FetchOutcome.DOWNLOADED


def test_one_failing_star_holds_up_no_other(stand_in: StandIn):
    stand_in.misbehave(Fault(Kind.STATUS, status=500), where=r'"(0*)108"')
    report = fetched("TIC 107", "TIC 108", "TIC 109", "TIC 101")
    assert [(i.target_id, str(i.outcome)) for i in report.items] == [
        ("TIC 107", "whole"),
        ("TIC 108", "failed"),
        ("TIC 109", "absent"),
        ("TIC 101", "whole"),
        ("TIC 101", "whole"),
    ]
    assert report.targets_without == ("TIC 108", "TIC 109")


def test_retry_after_is_obeyed(stand_in: StandIn):
    search(STAR)
    stand_in.misbehave(Fault(Kind.STATUS, status=429, retry_after="1"), where="Download", times=1)
    begun = time.monotonic()
    assert fetched().items[0].outcome is FetchOutcome.DOWNLOADED
    assert time.monotonic() - begun >= 1.0


def test_with_no_network_every_star_is_said_to_have_failed_and_that_soon(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ASTROSEQ_RETRY_SECONDS", "0.1")
    stand_in.stop()
    begun = time.monotonic()
    report = fetched(*names(60))
    assert time.monotonic() - begun < 15  # each on its own would take 1.5 s on average, four at a time
    assert [i.outcome for i in report.items] == [FetchOutcome.FAILED] * 60
    assert all("is there a network" in i.reason for i in report.items)
    assert len(LightCurveCache().failures()) == 60


# ---- patience


def test_waits_double_with_full_jitter_and_have_an_end():
    how = http.RetryPolicy(first_wait_seconds=1.0, longest_wait_seconds=10.0, retry_after_seconds=60.0)
    waits = np.array([[how.wait_seconds(n) for n in range(8)] for _ in range(2000)])
    limits = np.minimum(10.0, 2.0 ** np.arange(8))
    assert (waits >= 0).all()
    assert (waits <= limits).all()
    np.testing.assert_allclose(waits.mean(axis=0), limits / 2, rtol=0.1)  # uniform from 0 on
    assert how.wait_seconds(0, 30.0) == 30.0
    assert how.wait_seconds(0, 1e6) == 60.0


def test_retry_after_is_seconds_or_a_date():
    from email.utils import formatdate

    assert http.retry_after_seconds("7") == 7.0
    assert http.retry_after_seconds(formatdate(time.time() + 30, usegmt=True)) == pytest.approx(30, abs=2)
    assert http.retry_after_seconds(formatdate(time.time() - 30, usegmt=True)) == 0.0
    assert http.retry_after_seconds("soon") is http.retry_after_seconds(None) is None


def test_only_what_may_pass_is_tried_again():
    how = http.RetryPolicy(attempts=3, first_wait_seconds=1e-3)
    tries: list[int] = []

    def fails(error: Exception) -> None:
        tries.append(1)
        raise error

    with pytest.raises(TransientError, match="It broke, 3 times; try again later"):
        http.call_with_retries(lambda: fails(TransientError("It broke.")), how)
    with pytest.raises(NotInArchiveError):
        http.call_with_retries(lambda: fails(NotInArchiveError("None.")), how)
    assert len(tries) == 3 + 1


@pytest.mark.parametrize("text", ["soon", "-1", "0", "nan", "inf"])
def test_a_patience_that_is_no_number_is_said(monkeypatch: pytest.MonkeyPatch, text: str):
    monkeypatch.setenv("ASTROSEQ_TIMEOUT_SECONDS", text)
    with pytest.raises(SettingsError, match="ASTROSEQ_TIMEOUT_SECONDS"):
        http.retry_policy()


def test_waiting_ends_when_someone_asks_to_stop():
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    begun = time.monotonic()
    with pytest.raises(StoppedError):
        http.call_with_retries(lambda: web_fails(), http.RetryPolicy(first_wait_seconds=60.0, longest_wait_seconds=60.0), stop)
    assert time.monotonic() - begun < 15


def web_fails() -> None:
    raise http.status_failure(503, "50", "MAST", "the test")


# ---- stopping, killing, several processes


def test_cancelling_stops_soon_and_keeps_what_is_whole(stand_in: StandIn):
    stars = names(12)
    for star in stars:
        search(parse_star(star))
    stand_in.misbehave(Fault(Kind.SLOW, seconds=1.0), where="Download")
    cancel = threading.Event()

    def watch(progress: Progress) -> None:
        if progress.item.endswith("whole"):
            cancel.set()

    begun = time.monotonic()
    report = fetched(*stars, progress=watch, cancel=cancel)
    assert time.monotonic() - begun < 15
    endings = Counter(i.outcome for i in report.items)
    assert report.stopped
    assert endings[FetchOutcome.STOPPED] >= 5
    assert len(LightCurveCache().entries()) == endings[FetchOutcome.DOWNLOADED] >= 1
    assert not endings[FetchOutcome.FAILED]
    assert LightCurveCache().failures() == ()
    stand_in.behave()
    assert Counter(i.outcome for i in fetched(*stars).items)[FetchOutcome.ALREADY_CACHED] == endings[FetchOutcome.DOWNLOADED]


def test_fetching_survives_faults_and_being_killed(stand_in: StandIn, tmp_path: Path):
    account = endure(stand_in, tmp_path, count=12, kills=2)
    assert account.kills == 2
    assert account.verified.is_sound
    assert account.verified.checked >= len(expected(names(12)))
    assert set(account.endings) <= {"whole", "already there", "absent", "failed"}
    assert account.unknown == ()
    assert account.without_reason == 0
    assert account.refetched == ()  # nothing that is whole in the cache is asked for again
    assert account.doubled == account.excused <= 2 * 4  # what was on its way at a kill
    assert account.faults >= account.requests // 3
    assert account.endings["whole"] + account.endings["already there"] >= 0.7 * len(expected(names(12)))


def test_two_processes_that_fill_one_cache_share_the_work(stand_in: StandIn, tmp_path: Path):
    stars = names(6)
    wanted = expected(stars)
    stand_in.misbehave(Fault(Kind.SLOW, seconds=0.1), where="Download")  # so that they meet
    environment = {**os.environ, "ASTROSEQ_CACHE": str(tmp_path / "cache"), "ASTROSEQ_MAST_SERVER": stand_in.url}
    command = [sys.executable, "-m", "astroseq_core", "fetch", *stars, "--json"]
    both = [subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE) for _ in range(2)]
    outs = [json.loads(process.communicate(timeout=120)[0]) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert [out["whole"] + out["already"] for out in outs] == [len(wanted)] * 2
    assert outs[0]["whole"] + outs[1]["whole"] == len(wanted)
    assert files(stand_in.state.requests) == dict.fromkeys((sky.uri for sky in wanted.values()), 1)
    cache = LightCurveCache(tmp_path / "cache" / "lightcurves")
    assert cache.verify().is_sound
    assert {(e.target_id, e.observation, e.author, e.exposure_seconds) for e in cache.entries()} == set(wanted)


def test_a_lock_is_held_by_one_and_ends_with_its_process(tmp_path: Path):
    code = (
        "import sys, time; from pathlib import Path; from astroseq_core.archive import http\n"
        "with http.process_lock(Path(sys.argv[1]), 'x'): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        stop = threading.Event()
        threading.Timer(0.2, stop.set).start()
        with pytest.raises(StoppedError), http.process_lock(tmp_path, "x", stop):
            pass
        with http.process_lock(tmp_path, "y"):
            pass
        other.kill()
    with http.process_lock(tmp_path, "y"):
        assert http.remove_stale_locks(tmp_path) == 1  # the killed one's; a lock in use stays
    with http.process_lock(tmp_path, "x"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_threads_hold_a_lock_one_after_the_other(tmp_path: Path):
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        for _ in range(20):
            with http.process_lock(tmp_path, "x"):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(most) == 120
    assert set(most) == {1}


# ---- caches that cannot be used


def test_a_full_disk_is_one_sentence_and_leaves_nothing(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch):
    search(STAR)

    def refuse(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr(io_files.os, "fsync", refuse)
        with pytest.raises(CacheError, match=r"the disk is full; free some space or purge the cache\.$"):
            fetched()
    cache = LightCurveCache()
    assert cache.entries() == cache.failures() == ()
    assert not [p for p in cache.folder.rglob("*") if io_files.TEMPORARY_SUFFIX in p.name]
    assert fetched().items[0].outcome is FetchOutcome.DOWNLOADED


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_fills_up_during_a_download_is_the_same_sentence(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch):
    search(STAR)
    monkeypatch.setattr(download, "_temporary_file", lambda *_: __import__("contextlib").nullcontext(Path("/dev/full")))
    with pytest.raises(CacheError, match="the disk is full"):
        fetched()


def test_a_cache_of_a_newer_version_is_said_before_anything_is_asked(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as future:
        future.setattr(npz, "SCHEMA", npz.SCHEMA + 1)
        LightCurveCache().absences()
    with pytest.raises(CacheError, match="newer AstroSeq"):
        fetched()
    assert stand_in.state.requests.total() == 0


@pytest.mark.skipif(not hasattr(os, "fork") or os.geteuid() != 0, reason="needs to become another user")
def test_a_read_only_cache_is_read_and_says_so_when_written(stand_in: StandIn, tmp_path_factory: pytest.TempPathFactory):
    fetched("TIC 101")
    cache = LightCurveCache()
    for path in (cache.folder, *cache.folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    folder = cache.folder
    while folder != folder.parent:
        folder.chmod(folder.stat().st_mode | 0o055)
        folder = folder.parent
        if folder == Path("/tmp"):
            break
    said = as_nobody(read_and_write)
    assert said[0] == "2 light curves"
    assert said[1].startswith("The cache cannot be written in")
    assert said[1].count(". ") == 0


def read_and_write() -> list[str]:
    cache = LightCurveCache()
    curves = [cache.get(TWO, name) for name in cache.observations(TWO)]
    try:
        fetch.fetch_light_curves(parse_star("TIC 107"))
    except CacheError as error:
        return [f"{sum(c is not None for c in curves)} light curves", str(error)]
    return ["", "it was written"]


def as_nobody(work: Any) -> list[str]:
    """What a function returns in a process of a user who owns nothing."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setuid(65534)
            os.write(write, json.dumps(work()).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    said: list[str] = json.loads(text)
    return said


def test_an_index_of_the_first_version_gets_its_new_tables(stand_in: StandIn):
    import sqlite3

    fetched()
    cache = LightCurveCache()
    connection = sqlite3.connect(cache.folder / cache_index.INDEX_NAME)
    connection.executescript("DROP TABLE failed; DROP TABLE choices; PRAGMA user_version = 1;")
    connection.close()
    assert cache.failures() == ()
    assert len(cache.entries()) == 1


# ---- what the cache keeps


def test_a_budget_lets_those_go_that_were_not_read_for_longest(stand_in: StandIn):
    cache = LightCurveCache()
    fetched("TIC 101", "TIC 107", "TIC 108")
    for n, entry in enumerate(sorted((cache.folder / "curves").rglob("*.npz"))):
        os.utime(entry, (1e9 + n, 1e9))
    cache.get(TWO, "sector 1")  # read last
    sizes = {e.target_id + e.observation: e.size_bytes for e in cache.entries()}
    assert cache.trim() == ()  # no budget, no loss
    removed = cache.trim(cache.size_bytes() - 1)
    assert len(removed) == 1
    assert "TIC_101/sector_3" in removed[0]
    cache.trim(sizes["TIC 101sector 1"])
    assert [(e.target_id, e.observation) for e in cache.entries()] == [("TIC 101", "sector 1")]
    assert cache.verify().is_sound


def test_a_budget_is_kept_by_fetching_but_never_at_the_cost_of_what_was_just_fetched(stand_in: StandIn):
    cache = LightCurveCache()
    fetched("TIC 101")
    cache.set_budget(1000)
    assert cache.budget_bytes == 1000
    report = fetched("TIC 107")
    assert {e.target_id for e in cache.entries()} == {"TIC 107"}
    assert len([file for file in report.trimmed if file.startswith("curves/TIC_101/")]) == 2
    cache.set_budget(None)
    assert cache.budget_bytes is None


def test_entries_tell_when_they_were_stored_and_read(stand_in: StandIn):
    begun = time.time() - 2
    fetched()
    (entry,) = LightCurveCache().entries()
    assert begun <= entry.stored <= entry.used <= time.time() + 2


def test_of_several_authors_and_cadences_one_is_taken(stand_in: StandIn):
    for name, usual, other in (
        ("TIC 101", ("SPOC", 120, 2), ("SPOC", 20, 1)),
        ("KIC 11446443", ("Kepler", 1800, 3), ("Kepler", 60, 3)),
        ("EPIC 201367065", ("K2", 1800, 3), ("EVEREST", 1800, 3)),
    ):
        star = parse_star(name)
        fetched(name, author=other[0], exposure_seconds=other[1])
        for author, exposure, count in (other, usual):
            mine = cache_records.select_uniform(LightCurveCache().entries(star), star.mission)
            assert [(e.author, e.exposure_seconds) for e in mine] == [(author, exposure)] * count
            fetched(name, author="any")
    assert cache_records.select_uniform((), TWO.mission) == ()


# ---- the command line


def test_the_command_fetches_and_says_what_came(stand_in: StandIn, capsys: pytest.CaptureFixture[str]):
    assert main.main(["fetch", "TIC 107", "101", "tic109", "--mission", "TESS", "--json"]) == 0
    said = capsys.readouterr()
    answer = json.loads(said.out)
    assert {k: answer[k] for k in ("whole", "already", "absent", "failed")} == {
        "whole": 3,
        "already": 0,
        "absent": 1,
        "failed": 0,
    }
    assert [i["target_id"] for i in answer["items"]] == ["TIC 107", "TIC 101", "TIC 101", "TIC 109"]
    assert said.err == "TIC 109: absent. MAST has no light curve of TIC 109.\n"
    assert main.main(["fetch", "TIC 107"]) == 0
    assert capsys.readouterr().out == "whole: 0, already: 1, absent: 0, failed: 0, megabytes: 0.0\n"


def test_the_command_takes_author_exposure_and_number(stand_in: StandIn, capsys: pytest.CaptureFixture[str]):
    line = ["fetch", "EPIC 201367065", "--author", "everest", "--exptime", "1800", "--max-observations", "1", "--json"]
    assert main.main(line) == 0
    (item,) = json.loads(capsys.readouterr().out)["items"]
    assert (item["observation"], item["author"], item["exposure_seconds"]) == ("campaign 4", "EVEREST", 1800.0)


def test_the_command_knows_names(stand_in: StandIn, capsys: pytest.CaptureFixture[str]):
    assert main.main(["fetch", "WASP-18", "--json"]) == 0
    assert {i["target_id"] for i in json.loads(capsys.readouterr().out)["items"]} == {"TIC 100100827"}


def test_the_command_lists_without_downloading(stand_in: StandIn, capsys: pytest.CaptureFixture[str]):
    assert main.main(["fetch", "TIC 101", "--list"]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [(line[1], line[2], line[3]) for line in lines if line[2] == "SPOC"] == [
        ("sector 1", "SPOC", "120.0"),
        ("sector 3", "SPOC", "20.0"),
        ("sector 3", "SPOC", "120.0"),
    ]
    assert main.main(["fetch", "TIC 101", "--list", "--author", "QLP", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["available"]
    assert row["size_bytes"] == 14400
    assert stand_in.state.count("Download") == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Name targets"),
        (["101"], "could be a KIC, EPIC or TIC number"),
        (["TIC 101", "--mission", "Kepler"], "not known as a star of Kepler"),
        (["101", "--mission", "Hubble"], "no mission known"),
        (["TIC 109"], "MAST has no light curve of TIC 109"),
    ],
)
def test_the_command_fails_with_one_line(stand_in: StandIn, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str):
    assert main.main(["fetch", *arguments]) == 1
    said = capsys.readouterr()
    assert says in said.err
    assert said.err.count("\n") == 1


def test_the_command_fails_where_a_light_curve_failed(stand_in: StandIn, capsys: pytest.CaptureFixture[str]):
    search(TWO)
    stand_in.misbehave(Fault(Kind.CUT), where="s0001")
    assert main.main(["fetch", "TIC 101"]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("TIC 101, sector 1: failed. tess2018206045859-s0001")
    assert "whole: 1" in said.out


# ---- by hand


def test_the_stand_in_starts_by_hand():
    command = [sys.executable, "-m", "tests.standin", "--port", "0", "--fault", "404", "--every", "1"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        import requests

        assert requests.get(f"{address}/api/v0.1/Download/file?uri=x", timeout=10).status_code == 404
        process.kill()


def test_importing_the_archive_loads_no_client():
    code = "import sys, astroseq_core.archive.fetch; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "astroseq_core.archive.mast" in out.stdout.split()
    assert not {"requests", "urllib3", "astroquery", "astropy", "lightkurve", "pandas", "scipy"} & set(out.stdout.split())


def test_an_item_reads_as_words(stand_in: StandIn):
    (item,) = search(STAR)
    assert str(item) == "sector 3 of TIC 107 by QLP at 1800 s"
    assert str(replace(item, author="SPOC", exposure_seconds=20.0)) == "sector 3 of TIC 107 by SPOC at 20 s"
    assert wait_for(lambda: True)
