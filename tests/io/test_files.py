"""Atomic writes: whole or not at all, whatever the disk does; one place in the package that renames what was written."""

import ast
import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from astroseq_core.errors import CacheError, ExportError, SettingsError
from astroseq_core.io import files

ROOT = Path(__file__).parents[2]


def by_text(path: Path) -> None:
    files.write_text_atomically(path, "new\n")


def by_library(path: Path) -> None:
    with files.AtomicFile(path, ExportError) as new, new.path.open("wb") as file:
        np.savez(file, a=np.arange(3))


def by_row(path: Path) -> None:
    with files.TableWriter(path, ("a",)) as table:
        table.write([{"a": 1}])


WRITERS = pytest.mark.parametrize("write", [by_text, by_library, by_row])


@WRITERS
def test_a_file_replaces_the_old_one_and_nothing_else_is_left(tmp_path: Path, write: Callable[[Path], None]):
    path = tmp_path / "made" / "file.txt"
    write(path)
    before = path.read_bytes()
    path.write_text("old")
    write(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@WRITERS
@pytest.mark.skipif(os.name != "posix", reason="needs permissions")
def test_a_new_file_has_the_usual_permissions(tmp_path: Path, write: Callable[[Path], None]):
    (tmp_path / "usual").write_text("")
    write(tmp_path / "file")
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "usual").stat().st_mode


@WRITERS
@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOSPC, "the disk is full; free some space or choose another place"),
        (errno.EROFS, "the disk is read-only; choose another place"),
        (errno.EACCES, "correct its permissions or choose another place"),
        (errno.EIO, "check the disk"),
    ],
)
def test_a_disk_that_refuses_is_one_sentence_and_the_old_file_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], None], step: str, number: int, says: str
):
    path = tmp_path / "file"
    path.write_text("old")

    def refuse(*arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, step, refuse)
    with pytest.raises(ExportError, match=says) as caught:
        write(path)
    assert str(caught.value).startswith(f"{path} cannot be written: ")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_fills_up_while_rows_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(files, "temporary_path", lambda *_: Path("/dev/full"))
    monkeypatch.setattr(files, "remove_file", lambda *_: None)
    with pytest.raises(ExportError, match="the disk is full"), files.TableWriter(tmp_path / "t.csv", ("a",)) as table:
        table.write({"a": "x" * 1000} for _ in range(1000))


def test_content_is_on_the_disk_before_it_gets_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    steps: list[str] = []
    sync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (steps.append("sync"), sync(fd)))
    monkeypatch.setattr(os, "replace", lambda a, b: (steps.append("name"), replace(a, b)))
    for write in (by_text, by_library, by_row):
        write(tmp_path / "file")
    assert steps == ["sync", "name"] * 3


def test_the_kind_of_error_is_the_caller_s(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot be written"):
        files.write_text_atomically(tmp_path / "file" / "x", "", SettingsError)
    with pytest.raises(CacheError, match="The cache cannot be written in"):
        files.write_text_atomically(tmp_path / "file" / "x", "", CacheError)


def test_an_error_in_the_block_is_passed_on(tmp_path: Path):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), files.AtomicFile(path) as new:
        new.write(bytes([1 // 0]))
    with pytest.raises(ZeroDivisionError), files.TableWriter(path, ("a",)) as table:
        table.write([{"a": 1 / 0}])
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


KILLED = """
import os, sys
from pathlib import Path
from astroseq_core.io import files
os.replace = lambda *a: os._exit(9)
files.write_text_atomically(Path(sys.argv[1]), "new")
"""


def test_a_killed_process_leaves_the_old_file_and_what_is_cleared_away_later(tmp_path: Path):
    path = tmp_path / "file"
    path.write_text("old")
    assert subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=ROOT, check=False).returncode == 9
    assert path.read_text() == "old"
    (left,) = set(tmp_path.iterdir()) - {path}
    os.utime(left, (0, 0))
    assert files.remove_stale_temporaries(tmp_path) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_an_export_clears_away_what_killed_ones_of_its_name_have_left_and_nothing_else(tmp_path: Path):
    path = tmp_path / "stars [1].csv"
    assert subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=ROOT, check=False).returncode == 9
    (left,) = tmp_path.iterdir()
    others = [tmp_path / name for name in (".stars [1].csv.tmp", ".stars [1].csv.old.tmp", f".other.csv{left.name[14:]}")]
    for other in others:
        other.write_text("somebody's")
        os.utime(other, (0, 0))
    files.write_text_atomically(path, "new")
    assert left.exists()  # another process may still be writing it
    os.utime(left, (0, 0))
    files.write_text_atomically(path, "newer")
    assert set(tmp_path.iterdir()) == {path, *others}


def test_names_with_a_suffix_of_the_writers_own_are_cleared_away_too(tmp_path: Path):
    with files.AtomicFile(tmp_path / "last.keras", suffix=".keras") as new:
        new.path.write_text("a network")
        assert files.remove_stale_temporaries(tmp_path) == 0
        assert files.remove_stale_temporaries(tmp_path, older_than=0.0) == 1
        new.path.write_text("a network")
    assert list(tmp_path.iterdir()) == [tmp_path / "last.keras"]


def test_long_names_get_short_temporary_ones(tmp_path: Path):
    path = tmp_path / ("ω" * 120 + ".csv")  # 244 bytes of the 255 that file systems allow
    files.write_text_atomically(path, "x")
    assert path.read_text() == "x"


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path):
    folder = tmp_path / "folder"
    for text in ("one", "two"):
        with files.atomic_folder(folder) as work:
            (work / text).write_text(text)
            assert not (folder / text).exists()
    with pytest.raises(ZeroDivisionError), files.atomic_folder(folder) as work:
        raise ZeroDivisionError
    (tmp_path / "folder.partial").mkdir()
    (tmp_path / "folder.partial" / "left").write_text("by a killed process")
    with files.atomic_folder(folder) as work:
        (work / "three").write_text("three")
    assert [p.relative_to(tmp_path).as_posix() for p in sorted(tmp_path.rglob("*"))] == ["folder", "folder/three"]


#: Renames of what was not just written: damaged files that are set aside, folders that are deleted, finished files of a run.
MOVES = {
    "io/files.py": 2,
    "io/cache.py": 1,
    "io/cache_index.py": 1,
    "archive/snapshots.py": 1,
    "training/train.py": 1,
    "training/runs/queue.py": 1,
    "surveys/queue.py": 1,
    "jobs/queue.py": 1,
}


def renames(path: Path) -> int:
    """Return the number of renames in a module: one argument tells `path.replace(other)` from that of texts."""
    calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    found = [(ast.unparse(call.func), len(call.args) + len(call.keywords)) for call in calls]
    return sum(
        name in ("os.replace", "os.rename", "shutil.move", "tempfile.mkstemp", "tempfile.NamedTemporaryFile")
        or (name.endswith((".replace", ".rename")) and count == 1)
        for name, count in found
    )


def test_what_is_written_is_renamed_in_one_place_only():
    package = ROOT / "astroseq_core"
    found = {p.relative_to(package).as_posix(): renames(p) for p in package.rglob("*.py")}
    assert {name: count for name, count in found.items() if count > MOVES.get(name, 0)} == {}
