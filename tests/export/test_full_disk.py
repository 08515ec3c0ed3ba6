"""A full disk: every exporter says one sentence, leaves no half-written file, and an older file stays as it was."""

import errno
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astroseq_core.cli.main import main
from astroseq_core.errors import AstroSeqError, ExportError, SettingsError
from astroseq_core.export import bundle, candidates, formats, records, tables
from astroseq_core.export.records import Record
from astroseq_core.export.score_tables import ScoreFiles
from astroseq_core.io import files
from astroseq_core.jobs import job as folders
from astroseq_core.networks.model import save_network
from astroseq_core.store import disposition_csv, dispositions
from astroseq_core.store.disposition_entry import Disposition
from astroseq_core.store.leaderboard_filters import Filters
from astroseq_core.training import history
from astroseq_core.training.history import EpochMetrics
from tests.export import export_rows

EPOCH = EpochMetrics(1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 10, 1.0)
#: Bytes that still fit on the full disk.
ROOM = 64


class FullDisk:
    """What `Path.open` and `open` give on a disk with room for a few bytes."""

    def __init__(self, file: Any) -> None:
        self._file, self._left = file, ROOM

    def write(self, content: Any) -> int:
        size = len(content)
        if size > self._left:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._left -= size
        return self._file.write(content)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> "FullDisk":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """No file of this process can hold more than a few new bytes."""
    opened = io.open

    def on_full_disk(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
        made = opened(file, mode, *args, **options)
        return FullDisk(made) if set(mode) & set("wax") else made

    monkeypatch.setattr("builtins.open", on_full_disk)
    monkeypatch.setattr(io, "open", on_full_disk)


def found() -> tuple[Record, ...]:
    return records.records_for_stars(["TIC 2", "TIC 3"])


EXPORTERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "dispositions": ("a.csv", disposition_csv.write),
    "candidates": ("a.csv", lambda path: candidates.write(path, candidates.ranked_rows(Filters(model_id="m")), None, {})),
    "a table of text": ("a.csv", lambda path: formats.write(path, found(), "csv", tables.make_provenance(found()))),
    "a VOTable": ("a.vot", lambda path: formats.write(path, found(), "votable", tables.make_provenance(found()))),
    "ExoFOP": ("a.txt", lambda path: files.write_text_atomically(path, "TOI1.01|newparams|" * 40)),
    "a bundle": ("a.zip", lambda path: bundle.write(path, found())),
    "scores": ("a.csv", lambda path: ScoreFiles(path).__enter__().__exit__(None, None, None)),
    "a report": ("a.pdf", lambda path: files.write_bytes_atomically(path, b"%PDF" * 100)),
    "a job's file": ("request.json", lambda path: folders.write_json(path, {"name": "a" * 200})),
    "a history": ("progress.jsonl", lambda path: history.write_history(path, [EPOCH])),
    "a network": ("a.keras", lambda path: save_network(Network(), path)),  # type: ignore[arg-type]
}


class Network:
    """Something that saves itself as a network does."""

    def save(self, path: Path) -> None:
        with path.open("wb") as file:
            file.write(b"weights" * 100)


@pytest.mark.parametrize("name", EXPORTERS)
@pytest.mark.parametrize("before", ["", "an older file"])
def test_a_full_disk_is_one_sentence_and_no_file(name: str, before: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    export_rows.fill()
    dispositions.add(Disposition("TIC 1", "PC", "Ann", note="long " * 100))
    file, write = EXPORTERS[name]
    path = tmp_path / "out" / file
    path.parent.mkdir()
    if before:
        path.write_text(before)
    request.getfixturevalue("full_disk")
    with pytest.raises(AstroSeqError, match="disk is full; free some space") as caught:
        write(path)
    assert "\n" not in str(caught.value)
    request.getfixturevalue("monkeypatch").undo()
    left = {p.name: p.read_text() for p in path.parent.iterdir()}
    assert left == ({file: before} if before else {})


def test_an_epoch_that_cannot_be_noted_is_one_sentence(tmp_path: Path, full_disk: None) -> None:
    with pytest.raises(SettingsError, match="disk is full"):
        history.append_epoch(tmp_path / "progress.jsonl", EPOCH)


@pytest.mark.parametrize("kind", ["a folder", "a pipe", "a device"])
def test_what_is_no_file_is_never_replaced(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "out" / "a.csv"
    path.parent.mkdir()
    if kind == "a folder":
        path.mkdir()
    elif kind == "a pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/full")
    with pytest.raises(ExportError, match=r"cannot be written: it is .*; name a file\.$"):
        disposition_csv.write(path)
    assert path.is_dir() or path.is_fifo() or path.is_symlink()
    assert list(path.parent.iterdir()) == [path]


def test_a_browser_download_on_a_full_disk_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(**options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/somewhere")

    monkeypatch.setattr(files.tempfile, "TemporaryDirectory", no_room)
    with pytest.raises(ExportError, match="the disk is full"), files.temporary_folder():
        pass


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_printing_to_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    for command in (["models"], ["models", "--json"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                [sys.executable, "-m", "astroseq_core", *command], stdout=full, stderr=subprocess.PIPE, text=True
            )
        assert done.returncode == 1
        assert done.stderr == "What was to be printed cannot be written (No space left on device); free some space on the disk.\n"


def test_exporting_to_a_device_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    dispositions.add(Disposition("TIC 1", "PC", "Ann"))
    assert main(["dispositions", "export", "/dev/null"]) == 1
    assert capsys.readouterr().err == "/dev/null cannot be written: it is a device or a pipe; name a file.\n"
    assert Path("/dev/null").is_char_device()
