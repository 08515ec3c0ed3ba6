"""The door for paths: regular files of a bounded size, folders of a bounded number; devices, pipes and nonsense at once."""

import os
import socket
import time
from pathlib import Path

import numpy as np
import pytest

from astroseq_core import paths
from astroseq_core.cli.main import main
from astroseq_core.errors import AstroSeqError, EphemerisError, LightCurveError
from astroseq_core.io import ephemeris_table, local_files, read


@pytest.fixture
def no_files(tmp_path: Path) -> dict[str, Path]:
    """What has a path and is no regular file."""
    os.mkfifo(tmp_path / "pipe.csv")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket.csv"))
    (tmp_path / "folder.csv").mkdir()
    return {
        "a device": Path("/dev/zero"),
        "a pipe": tmp_path / "pipe.csv",
        "a socket": tmp_path / "socket.csv",
        "a folder": tmp_path / "folder.csv",
    }


@pytest.mark.parametrize("words", ["a device", "a pipe", "a socket", "a folder"])
def test_what_is_no_file_is_refused_at_once(no_files: dict[str, Path], words: str):
    import pandas  # noqa: F401 - the first import takes its time

    begun = time.monotonic()
    for reader, kind in ((ephemeris_table.read_table, EphemerisError), (read.read_bytes, LightCurveError)):
        with pytest.raises(kind, match=f"it is {words}; name"):
            reader(no_files[words])
    assert time.monotonic() - begun < 20


def test_a_pipe_in_a_folder_stops_nothing(no_files: dict[str, Path], tmp_path: Path):
    times = np.arange(1325.3, 1327.0, 2 / 1440)
    np.savez(tmp_path / "TIC_77__s0001.npz", time=times, flux=np.ones(len(times)), mission="TESS")
    found = local_files.group_by_target(local_files.list_light_curves(tmp_path))
    assert list(found.by_target) == ["TIC 77"]
    assert any("it is a pipe" in sentence for sentence in found.problems)


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path):
    huge = tmp_path / "known.csv"
    with huge.open("wb") as file:
        file.truncate(paths.MAX_TABLE_BYTES + 1)  # a hole: no byte is stored
    begun = time.monotonic()
    with pytest.raises(EphemerisError, match=r"has 134 MB, more than the 134 MB that are read"):
        ephemeris_table.read_table(huge)
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("~nouser-of-this-name/stars", "There is no user"),
        ("stars\0.csv", "no control characters"),
        ("x" * 10_000, "10,000 characters"),
        ("/".join(["folder"] * 2000), "too long"),
    ],
)
def test_what_can_be_no_path_is_a_sentence(text: str, words: str):
    with pytest.raises(LightCurveError, match=words) as caught:
        paths.parse_path(text)
    assert len(str(caught.value)) < 160


def test_a_folder_with_far_more_than_light_curves_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for number in range(6):
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}" / "a.csv").touch()
    deep = tmp_path.joinpath(*"abcdefgh")
    deep.mkdir(parents=True)
    assert len(list(paths.walk_folder(tmp_path))) == 1 + 6 + 8
    for limit, value, words in (
        ("MAX_FOLDERS", 5, "more than 5 folders"),
        ("MAX_FILES", 3, "more than 3 files"),
        ("MAX_DEPTH", 4, "more than 4 levels"),
        ("MAX_SECONDS", -1.0, "To look through"),
    ):
        with monkeypatch.context() as changed:
            changed.setattr(paths, limit, value)
            with pytest.raises(AstroSeqError, match=words):
                local_files.list_light_curves(tmp_path)


def test_commands_refuse_them_with_a_sentence(no_files: dict[str, Path], capsys: pytest.CaptureFixture[str]):
    begun = time.monotonic()
    assert main(["dispositions", "import", str(no_files["a pipe"])]) != 0
    assert main(["validate-exofop", "/dev/zero"]) != 0
    said = capsys.readouterr().err
    assert "it is a pipe" in said
    assert "it is a device" in said
    assert "Traceback" not in said
    assert time.monotonic() - begun < 30
