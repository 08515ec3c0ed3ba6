"""The store of what people decided."""

import sqlite3
import sys
import threading
from pathlib import Path

import pytest

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import StoreError
from astroseq_core.store import database, dispositions, runs
from astroseq_core.store.disposition_entry import Disposition
from astroseq_core.times import Instant, TimeSystem

SIGNAL = Ephemeris("TIC 1", "b", Instant(1500.25, TimeSystem.BTJD), 3.5, 2.0, 900.0, t0_err=0.01, disposition="PC")


def test_verdicts_come_back_as_they_were_given() -> None:
    given = Disposition("TIC 1", "PC", "ada", 12.5, ("V-shaped",), "=1+1", SIGNAL, "tess-2min-v2", 3.5, True, 21.0)
    number = dispositions.add(given)
    [found] = dispositions.list_current()
    assert found == Disposition(**vars(given) | {"number": number})


def test_the_latest_of_each_reviewer_holds_and_nothing_is_ever_changed() -> None:
    for disposition, reviewer, at in (("PC", "ada", 1.0), ("FP", "bob", 2.0), ("FA", "ada", 3.0)):
        dispositions.add(Disposition("TIC 1", disposition, reviewer, at))
    assert {v.reviewer: v.disposition for v in dispositions.list_current()} == {"ada": "FA", "bob": "FP"}
    with database.connect() as db:
        assert db.execute("SELECT count(*) FROM dispositions").fetchone()[0] == 3
    assert dispositions.count_dispositions(dispositions.list_current()) == {"ada": {"FA": 1}, "bob": {"FP": 1}}
    with pytest.raises(StoreError, match="no disposition"):
        Disposition("TIC 1", "MAYBE", "ada")


def test_a_block_that_raises_leaves_nothing() -> None:
    def half() -> None:
        with database.connect() as db:
            db.execute("INSERT INTO promoted (mission, model, at) VALUES ('TESS', 'x', 1)")
            raise KeyError

    with pytest.raises(KeyError):
        half()
    assert runs.default_models() == {}


def test_many_may_write_at_once() -> None:
    threads = [threading.Thread(target=lambda n=n: dispositions.add(Disposition(f"TIC {n}", "PC", "ada"))) for n in range(1, 17)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(dispositions.list_current()) == 16


def test_a_newer_or_damaged_store_is_one_sentence() -> None:
    runs.load_all()
    with sqlite3.connect(database.database_path()) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StoreError, match="newer AstroSeq"):
        runs.load_all()
    database.database_path().write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreError, match="cannot be read or written"):
        runs.load_all()


def test_new_stores_that_many_open_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite refuses at once, without waiting, to change the journal of a file that another connection is using."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    errors: list[str] = []

    def write(n: int, barrier: threading.Barrier) -> None:
        barrier.wait()
        try:
            dispositions.add(Disposition(f"TIC {n}", "PC", "ada"))
        except StoreError as error:
            errors.append(str(error))

    try:
        for k in range(5):
            monkeypatch.setenv("ASTROSEQ_DATA", str(tmp_path / str(k)))
            barrier = threading.Barrier(8)
            threads = [threading.Thread(target=write, args=(n, barrier)) for n in range(1, 9)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert not errors
            assert len(dispositions.list_current()) == 8
    finally:
        sys.setswitchinterval(interval)


def test_a_store_in_use_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    runs.load_all()
    monkeypatch.setattr(database, "WAIT_SECONDS", 0.1)
    with sqlite3.connect(database.database_path(), isolation_level=None) as db:
        db.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="in use by another process"):
            dispositions.add(Disposition("TIC 1", "PC", "ada"))
    db.close()
