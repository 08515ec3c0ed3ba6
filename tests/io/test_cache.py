import errno
import os
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroseq_core import missions, settings
from astroseq_core.errors import CacheError
from astroseq_core.io import cache_index, lightcurve, npz
from astroseq_core.io import files as io_files
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.io.lightcurve import LightCurve, Provenance
from astroseq_core.targets import Target

ROOT = Path(__file__).resolve().parents[2]
STAR, OTHER = Target("TIC", "5"), Target("KIC", "11446443")


def curve(target: Target = STAR, observation: str = "s0001", level: float = 1.0, author: str = "SPOC", **more: Any) -> LightCurve:
    mission = target.mission if target.mission is not missions.SIMULATED else missions.TESS
    start = 1326.0 if mission is missions.TESS else 500.0
    flux = level * (1 + 1e-3 * np.random.default_rng(3).standard_normal(90))
    flux[4] = np.nan
    return lightcurve.make_light_curve(
        target=target,
        observation=observation,
        time=start + np.arange(90) * 2 / 1440,
        flux=flux,
        quality=np.arange(90) % 3 * 2048,
        instrument=mission,
        author=author,
        **more,
    )


def same(one: LightCurve | None, other: LightCurve) -> bool:
    assert one is not None
    arrays = all(np.array_equal(getattr(one, n), getattr(other, n), equal_nan=True) for n in ("time", "flux", "quality"))
    names = ("target", "observation", "author", "flattened", "provenance", "instrument", "time_system")
    return arrays and all(getattr(one, n) == getattr(other, n) for n in names)


@pytest.fixture
def cache(tmp_path: Path) -> LightCurveCache:
    return LightCurveCache(tmp_path / "cache")


def files(cache: LightCurveCache) -> list[Path]:
    return sorted(cache.folder.rglob("*.npz"))


@pytest.mark.parametrize("target", [STAR, OTHER, Target("SIM", "1")])
def test_what_was_put_comes_back_whole(cache: LightCurveCache, target: Target):
    put = curve(target, flattened=True, flux_err=np.full(90, 1e-4), provenance=Provenance("x.fits", "ab" * 32, "1.0"))
    cache.put(put)
    got = cache.get(target, "s0001")
    assert same(got, put)
    assert got is not None
    np.testing.assert_array_equal(got.flux_err, put.flux_err)
    assert cache.get(target, "s0002") is None
    assert cache.get(Target("TIC", "6"), "s0001") is None


def test_it_lives_in_the_caches_folder_by_default():
    LightCurveCache().put(curve())
    assert files(LightCurveCache())[0].is_relative_to(settings.cache_dir() / "lightcurves")


def test_float32_data_cost_half_the_space_and_lose_nothing(cache: LightCurveCache):
    cache.put(curve(level=1.0))
    big = cache.size_bytes()
    cache.purge()
    flux = curve().flux.astype(np.float32).astype(float)
    cache.put(replace(curve(), flux=flux))
    assert cache.size_bytes() <= big - 90 * 4
    assert same(cache.get(STAR, "s0001"), replace(curve(), flux=flux))


def test_authors_and_exposures_are_kept_apart(cache: LightCurveCache):
    cache.put(curve(author="SPOC"))
    cache.put(curve(author="QLP", level=2.0))
    cache.put(curve(author="SPOC", level=3.0), exposure_seconds=20)
    assert cache.get(STAR, "s0001", author="QLP").flux[0] == curve(level=2.0).flux[0]  # type: ignore[union-attr]
    assert cache.get(STAR, "s0001", author="SPOC", exposure_seconds=20).flux[0] == curve(level=3.0).flux[0]  # type: ignore[union-attr]
    assert cache.get(STAR, "s0001", author="TASOC") is None
    assert same(cache.get(STAR, "s0001"), curve(author="SPOC"))  # the mission's usual product
    assert cache.observations(STAR) == ("s0001",)
    assert [(e.author, e.exposure_seconds) for e in cache.entries(STAR)] == [("QLP", 120), ("SPOC", 20), ("SPOC", 120)]


def test_putting_again_replaces(cache: LightCurveCache):
    cache.put(curve(level=1.0))
    cache.put(curve(level=2.0))
    assert same(cache.get(STAR, "s0001"), curve(level=2.0))
    assert len(files(cache)) == 1


def damage_bytes(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


@pytest.mark.parametrize("damage", [damage_bytes, cut, lambda p: p.write_bytes(b""), lambda p: p.write_text("<html>")])
def test_a_damaged_file_is_set_aside_and_made_again_once(cache: LightCurveCache, damage: Any):
    cache.put(curve())
    damage(files(cache)[0])
    assert cache.get(STAR, "s0001") is None
    cache.put(curve())
    assert same(cache.get(STAR, "s0001"), curve())
    assert len(list((cache.folder / "damaged").iterdir())) == 1
    assert cache.verify().is_sound


def test_a_deleted_file_counts_as_not_there(cache: LightCurveCache):
    cache.put(curve())
    files(cache)[0].unlink()
    assert cache.get(STAR, "s0001") is None
    assert cache.observations(STAR) == ()


def test_targets_stand_in_the_order_of_their_numbers(cache: LightCurveCache):
    for target in (Target("TIC", "100"), Target("TIC", "20"), OTHER):
        cache.put(curve(target))
    assert cache.targets() == ("KIC 11446443", "TIC 20", "TIC 100")
    assert len(cache.entries()) == 3


@pytest.mark.parametrize(
    "name", ["../../../escape", "/etc/passwd", "a/b\\c", "..", "", "x" * 500, "ω Cen; DROP TABLE files", "a\nb", "nul\0"]
)
def test_no_name_becomes_a_path(cache: LightCurveCache, name: str):
    cache.put(curve(observation=name, author=name))
    cache.save_arrays(name, name, a=np.arange(3))
    assert same(cache.get(STAR, name, author=name), curve(observation=name, author=name))
    assert cache.load_arrays(name, name) is not None
    for path in cache.folder.parent.rglob("*.npz"):
        assert path.resolve().is_relative_to(cache.folder.resolve())
        assert path.name.isascii()


def test_names_that_look_alike_on_disk_are_kept_apart(cache: LightCurveCache):
    cache.put(curve(observation="a/b", level=1.0))
    cache.put(curve(observation="a_b", level=2.0))
    assert same(cache.get(STAR, "a/b"), curve(observation="a/b", level=1.0))
    assert same(cache.get(STAR, "a_b"), curve(observation="a_b", level=2.0))


KILLED = """
import os, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from tests.io import test_cache
from astroseq_core.io.cache import LightCurveCache
os.replace = lambda *a: os._exit(9)  # ended after the data were written and before they were renamed
LightCurveCache(Path(sys.argv[1])).put(test_cache.curve())
"""


def test_a_process_killed_in_the_middle_of_writing_leaves_nothing_that_counts(cache: LightCurveCache):
    code = KILLED.format(tests=str(ROOT))
    done = subprocess.run([sys.executable, "-c", code, str(cache.folder)], cwd=ROOT, check=False)
    assert done.returncode == 9
    (left,) = cache.folder.rglob("*.tmp")
    assert cache.get(STAR, "s0001") is None
    assert cache.verify().leftovers == 0  # it may belong to a process that is still writing
    long_ago = time.time() - 2 * io_files.STALE_TEMPORARY_SECONDS
    os.utime(left, (long_ago, long_ago))
    assert cache.verify().leftovers == 1
    assert not left.exists()
    cache.put(curve())
    assert same(cache.get(STAR, "s0001"), curve())


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from tests.io import test_cache
from astroseq_core.io.cache import LightCurveCache
cache = LightCurveCache(Path(sys.argv[1]))
for i in range(25):
    cache.put(test_cache.curve(observation=f"s{{i:04d}}", level=float(sys.argv[2])))
    got = cache.get(test_cache.STAR, f"s{{i:04d}}")
    assert got is None or round(float(abs(got.flux[0]))) in (1, 2), got
    cache.save_arrays("p", f"{{sys.argv[2]}} {{i}}", a=test_cache.np.arange(i))
"""


def test_two_processes_may_write_at_once(cache: LightCurveCache):
    code = WRITER.format(tests=str(ROOT))
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(cache.folder), level], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for level in ("1", "2")
    ]
    ends = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0, 0], ends
    assert len(cache.observations(STAR)) == 25
    report = cache.verify()
    assert report.is_sound
    assert report.checked == 25 + 50
    assert not (cache.folder / "damaged").exists()


def test_threads_may_share_one_cache(cache: LightCurveCache):
    faults: list[BaseException] = []

    def work(level: int) -> None:
        try:
            for i in range(15):
                if cache.get(STAR, f"s{i}") is None:
                    cache.put(curve(observation=f"s{i}", level=level))
        except CacheError as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(level,)) for level in (1, 2, 3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert cache.verify().checked == 15
    assert len(files(cache)) == 15


def test_what_the_archive_does_not_have_is_remembered_until_forgotten(cache: LightCurveCache):
    cache.save_absence(STAR, "SPOC 20 s", "no such product")
    cache.save_absence(STAR, "QLP", "none")
    cache.save_absence(OTHER, "QLP", "none")
    assert LightCurveCache(cache.folder).absent(STAR, "SPOC 20 s") == "no such product"
    assert cache.absent(STAR, "SPOC 120 s") is None
    assert [(a.target_id, a.what) for a in cache.absences()] == [
        ("KIC 11446443", "QLP"),
        ("TIC 5", "QLP"),
        ("TIC 5", "SPOC 20 s"),
    ]
    assert cache.delete_absences(STAR, "QLP") == 1
    assert cache.absent(STAR, "QLP") is None
    assert cache.delete_absences() == 2
    assert cache.absences() == ()


def test_verify_finds_what_is_damaged_missing_or_unknown(cache: LightCurveCache):
    for name in ("a", "b", "c", "d"):
        cache.put(curve(observation=name))
    cache.save_arrays("p", "k", a=np.zeros(3))
    by_name = {e.name[0]: e for e in (cache.folder / "curves" / "TIC_5").iterdir()}
    damage_bytes(by_name["a"])
    by_name["b"].unlink()
    with sqlite3.connect(cache.folder / cache_index.INDEX_NAME) as connection:
        connection.execute("DELETE FROM files WHERE observation = 'c'")
    connection.close()
    report = cache.verify()
    assert (report.checked, len(report.damaged), len(report.missing), len(report.adopted)) == (4, 1, 1, 1)
    assert not report.is_sound
    assert cache.observations(STAR) == ("c", "d")
    assert cache.verify().is_sound


def test_purging_a_target_leaves_the_others(cache: LightCurveCache):
    cache.put(curve(STAR))
    cache.put(curve(OTHER))
    cache.save_absence(STAR, "QLP", "none")
    cache.save_absence(OTHER, "QLP", "none")
    before = cache.size_bytes()
    freed = cache.purge(STAR)
    assert 0 < freed < before
    assert cache.size_bytes() == before - freed == sum(f.stat().st_size for f in files(cache))
    assert cache.targets() == (OTHER.id,)
    assert cache.absent(STAR, "QLP") is None
    assert cache.absent(OTHER, "QLP") == "none"


def test_purging_everything_leaves_an_empty_working_cache(cache: LightCurveCache):
    cache.put(curve())
    cache.put(curve(observation="b"))
    cache.save_arrays("p", "k", a=np.zeros(3))
    damage_bytes(next((cache.folder / "curves" / "TIC_5").glob("b*")))
    cache.get(STAR, "b")
    assert cache.purge() > 0
    assert files(cache) == []
    assert (cache.size_bytes(), cache.targets(), cache.load_arrays("p", "k")) == (0, (), None)
    cache.put(curve())
    assert same(cache.get(STAR, "s0001"), curve())


@pytest.mark.parametrize("loss", ["deleted", "overwritten"])
def test_a_lost_or_damaged_index_is_made_again_from_the_files(cache: LightCurveCache, loss: str):
    cache.put(curve(author="SPOC"), exposure_seconds=120)
    cache.put(curve(OTHER))
    cache.save_arrays("p", "k", a=np.arange(4))
    for path in cache.folder.glob(cache_index.INDEX_NAME + "*"):
        path.unlink()
    if loss == "overwritten":
        (cache.folder / cache_index.INDEX_NAME).write_bytes(b"this is no database" * 300)
    again = LightCurveCache(cache.folder)
    assert again.targets() == (OTHER.id, STAR.id)
    assert same(again.get(STAR, "s0001", author="SPOC", exposure_seconds=120), curve(author="SPOC"))
    assert again.load_arrays("p", "k")["a"].tolist() == [0, 1, 2, 3]  # type: ignore[index]
    assert again.verify().is_sound


def test_the_whole_folder_may_be_deleted_at_any_time(cache: LightCurveCache):
    import shutil

    cache.put(curve())
    shutil.rmtree(cache.folder)
    assert cache.get(STAR, "s0001") is None
    cache.put(curve())
    assert cache.observations(STAR) == ("s0001",)


def test_files_of_a_newer_version_are_refused_and_kept(cache: LightCurveCache, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as future:
        future.setattr(npz, "SCHEMA", npz.SCHEMA + 1)
        cache.put(curve())
    with pytest.raises(CacheError, match="newer AstroSeq"):
        cache.get(STAR, "s0001")
    # the index alone made new: the file itself says its version too
    for path in cache.folder.glob(cache_index.INDEX_NAME + "*"):
        path.unlink()
    assert cache.get(STAR, "s0001") is None
    assert len(files(cache)) == 1


def test_a_newer_file_under_a_present_index_is_refused(cache: LightCurveCache, monkeypatch: pytest.MonkeyPatch):
    cache.put(curve())
    encode = npz.encode_npz
    monkeypatch.setattr(npz, "encode_npz", lambda header, arrays: encode({**header, "schema": 99}, arrays))
    cache.put(curve())
    with pytest.raises(CacheError, match="cache version 99"):
        cache.get(STAR, "s0001")
    assert len(files(cache)) == 1


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "permissions"),
        (errno.EIO, "check the disk"),
    ],
)
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_disk_that_cannot_be_written_is_said_and_nothing_is_left(
    cache: LightCurveCache, monkeypatch: pytest.MonkeyPatch, number: int, says: str, step: str
):
    cache.put(curve(level=1.0))

    def refuse(*arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as broken:
        broken.setattr(os, step, refuse)
        with pytest.raises(CacheError, match=says):
            cache.put(curve(level=2.0))
    assert list(cache.folder.rglob("*.tmp")) == []
    assert same(cache.get(STAR, "s0001"), curve(level=1.0))  # the old one is still whole
    cache.put(curve(level=2.0))
    assert same(cache.get(STAR, "s0001"), curve(level=2.0))


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheError, match="cannot be written"):
        LightCurveCache(tmp_path / "file" / "cache").put(curve())
    with pytest.raises(CacheError, match="cannot be written"):
        LightCurveCache(tmp_path / "file").get(STAR, "s0001")


def test_other_arrays_keep_their_types_and_shapes(cache: LightCurveCache):
    cache.save_arrays("probabilities", "model-1 abc", p=np.linspace(0, 1, 5, dtype=np.float32), grid=np.arange(6).reshape(2, 3))
    got = cache.load_arrays("probabilities", "model-1 abc")
    assert got is not None
    assert sorted(got) == ["grid", "p"]
    assert (got["p"].dtype, got["grid"].shape) == (np.float32, (2, 3))
    assert cache.load_arrays("probabilities", "model-2 abc") is None
    assert cache.load_arrays("other", "model-1 abc") is None
    damage_bytes(files(cache)[0])
    assert cache.load_arrays("probabilities", "model-1 abc") is None
    assert cache.targets() == ()


def test_objects_and_reserved_names_are_not_cached(cache: LightCurveCache):
    with pytest.raises(CacheError, match="not objects"):
        cache.save_arrays("p", "k", a=np.array([object()]))
    with pytest.raises(CacheError, match="'header'"):
        cache.save_arrays("p", "k", header=np.zeros(2))


def test_the_index_is_in_wal_mode(cache: LightCurveCache):
    cache.put(curve())
    connection = sqlite3.connect(cache.folder / cache_index.INDEX_NAME)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
