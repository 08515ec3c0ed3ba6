"""A link names no file outside what the person has opened here."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from astroseq_core import settings
from astroseq_core.app.shared import opened
from astroseq_core.errors import AstroSeqError, NotOpenedError, SettingsError
from tests.app.driving import words

ROOT = Path(__file__).resolve().parent.parent.parent
TABLE = "target_id,name,period_days,t0,t0_system,duration_hours\nTIC 77,mine,2.1,1326.5,BTJD,2.5\n"


@pytest.fixture(autouse=True)
def nothing_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(opened.FOLDERS_SETTING, raising=False)
    monkeypatch.setattr(opened, "_written", set())


@pytest.fixture
def stars(tmp_path: Path) -> Path:
    """A folder with a light curve and a table, which nobody has opened."""
    folder = tmp_path / "stars"
    folder.mkdir()
    curve_time = np.arange(1325.3, 1335.0, 10 / 1440)
    flux = 1 + 3e-4 * np.random.default_rng(1).standard_normal(len(curve_time))
    np.savez(folder / "TIC_77__s0001.npz", time=curve_time, flux=flux, mission="TESS")
    (folder / "known.csv").write_text(TABLE)
    return folder


def shown(page: str, **address: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / page), default_timeout=300)
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def test_a_link_opens_nothing_by_itself(no_models, stars: Path):
    app = shown("1_Explore.py", source="files", folder=str(stars), target="TIC 77", ephemerides=str(stars / "known.csv"))
    assert f"The address names {stars}, which was never opened here" in words(app)
    assert "TIC 77" not in [title.value for title in app.title]
    assert words(app).count("never opened here") == 1, "said once"
    assert len([b for b in app.button if b.label.startswith("Open /")]) == 1, "asked once"
    assert words(shown("1_Explore.py", source="files", folder=str(stars))).count("never opened here") == 1
    app.button(key=f"open {stars}").click().run()
    assert not app.exception
    again = shown("1_Explore.py", source="files", folder=str(stars), target="TIC 77")
    assert again.title[0].value == "TIC 77", "kept for this installation"
    assert opened.is_open(stars / "known.csv")
    assert not opened.is_open(stars.parent)


def test_what_a_person_writes_is_opened(no_models, stars: Path):
    app = shown("1_Explore.py", source="files")
    app.text_input(key="folder").set_value(str(stars)).run()
    assert not app.exception
    assert "TIC 77" in app.selectbox(key="target").options
    assert "never opened" not in words(app)
    # What is not there is opened neither, but the sentence is the reader's.
    app.text_input(key="folder").set_value(str(stars / "nowhere")).run()
    assert [e.value.startswith("There is no file or folder") for e in app.error] == [True]


@pytest.mark.parametrize("path", ["/dev/zero", "/", "~nouser", "a\0b", "x" * 10_000, "/proc", "../../etc/passwd", "~/.ssh"])
@pytest.mark.parametrize("page", ["1_Explore.py", "2_Data.py", "6_Survey.py", "4_Train.py"])
def test_a_hostile_link_is_answered_in_a_sentence_at_once(no_models, page: str, path: str):
    address = {
        "1_Explore.py": {"source": "files", "folder": path, "target": "TIC 77"},
        "2_Data.py": {"tab": "Your files", "folder": path},
        "6_Survey.py": {"source": "targets", "targets_file": path},
        "4_Train.py": {"recipe": "tess-2min", "source": "folder", "folder": path, "ephemerides": path},
    }[page]
    begun = time.process_time()
    app = shown(page, **address)
    assert time.process_time() - begun < 15
    said = words(app)
    assert any(w in said for w in ("never opened here", "There is no user", "control characters", "too long for a path")), said


def test_ephemerides_of_a_link_are_asked_about(no_models, stars: Path):
    opened.remember(stars)
    for path in ("/dev/zero", str(stars.parent / "pipe.csv")):
        app = shown("1_Explore.py", source="files", folder=str(stars), target="TIC 77", ephemerides=path)
        assert f"The address names {path}, which was never opened here" in words(app)


def test_a_pipe_that_was_opened_is_refused_at_once(no_models, stars: Path):
    os.mkfifo(stars / "pipe.csv")
    opened.remember(stars)
    begun = time.process_time()
    app = shown("1_Explore.py", source="files", folder=str(stars), target="TIC 77", ephemerides=str(stars / "pipe.csv"))
    assert "it is a pipe" in words(app)
    assert time.process_time() - begun < 15


def test_links_of_the_file_system_lead_no_further(no_models, stars: Path, tmp_path: Path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "way").symlink_to(stars)
    (mine / "TIC_78__s0001.npz").symlink_to(stars / "TIC_77__s0001.npz")
    opened.remember(mine)
    with pytest.raises(NotOpenedError):
        opened.check(mine / "way")
    with pytest.raises(NotOpenedError):
        opened.check(mine / ".." / "stars")
    (mine / "TIC_79__s0001.npz").write_bytes((stars / "TIC_77__s0001.npz").read_bytes())
    app = shown("2_Data.py", tab="Your files", folder=str(mine))
    assert "TIC\\_78\\_\\_s0001.npz is a link to" in words(app) or "TIC_78__s0001.npz is a link to" in words(app)
    assert "**1** star in **1** file" in words(app)


def test_the_whole_computer_is_opened_by_nobody():
    with pytest.raises(SettingsError, match="is the whole computer"):
        opened.remember("/")
    assert not opened.is_open(Path("/etc/passwd"))


def test_a_damaged_list_asks_again(stars: Path):
    opened.remember(stars)
    (settings.data_dir() / opened.FILE_NAME).write_text('{"no": list')
    opened._written.clear()
    assert not opened.is_open(stars)
    opened.remember(stars)
    assert opened.is_open(stars)
    with pytest.raises(AstroSeqError):
        opened.check("/etc")
