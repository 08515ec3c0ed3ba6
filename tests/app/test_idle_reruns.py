"""An idle rerun of a page reads nothing again: counted by what Python tells its audit hooks of folders and files."""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from astroseq_core.app.shared import folders, models
from astroseq_core.app.shared.folders import SETTLED_SECONDS, Watched
from astroseq_core.errors import LightCurveError
from tests.app import driving

CARDS = Path(__file__).resolve().parent.parent / "written_by_0_1" / "cards"
NUM_FILES = 24


class Counter:
    """Counts the folders that are listed and the files that are opened below some places."""

    def __init__(self) -> None:
        self.places: tuple[str, ...] = ()
        self.listed: list[str] = []
        self.opened: list[str] = []

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.places and event in ("os.scandir", "os.listdir", "open") and isinstance(arguments[0], str | os.PathLike):
            path = os.fspath(arguments[0])
            if isinstance(path, str) and path.startswith(self.places):
                (self.opened if event == "open" else self.listed).append(path)

    def take(self) -> tuple[list[str], list[str]]:
        """What was listed and opened since the last call."""
        found = self.listed, self.opened
        self.listed, self.opened = [], []
        return found


#: Audit hooks cannot be removed: one for all tests, which counts nothing where no test has places.
COUNTER = Counter()


@pytest.fixture
def counter() -> Iterator[Counter]:
    if not getattr(sys, "astroseq_counter_is_hooked", False):
        sys.addaudithook(COUNTER)
        sys.astroseq_counter_is_hooked = True  # type: ignore[attr-defined]
    COUNTER.take()
    yield COUNTER
    COUNTER.places = ()


def settle(folder: Path) -> None:
    """Make all in a folder as old as files are that nobody has just written."""
    long_ago = time.time() - 10 * SETTLED_SECONDS
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (long_ago, long_ago))


def write_star(path: Path, number: int) -> None:
    time_days = np.arange(1325.3, 1335.0, 30 / 1440)
    flux = 1 + 300e-6 * np.random.default_rng(number).standard_normal(len(time_days))
    np.savez(path, time=time_days, flux=flux, mission="TESS", target_id=f"TIC {number}")


@pytest.fixture
def home(no_models: Path) -> Path:
    """A home with two models, neither of which was made for these stars."""
    for name in ("long-cadence-v2", "tess-2min-v2"):
        shutil.copytree(CARDS / name, no_models / "models" / name)
    settle(no_models)
    return no_models


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Light curves, some in a folder below, some of which say only inside which star they are of."""
    below = tmp_path / "curves" / "below"
    below.mkdir(parents=True)
    for number in range(1, NUM_FILES + 1):
        place = below if number % 3 == 0 else below.parent
        write_star(place / (f"TIC_{number}__s0001.npz" if number % 2 else f"curve-{number}.npz"), number)
    settle(below.parent)
    return below.parent


def explore(folder: Path, star: str = "TIC 1") -> AppTest:
    page = driving.opened("1_Explore.py", source="files", folder=str(folder), target=star, tab="Data")
    assert page.title[0].value == star
    return page


def offered(page: AppTest) -> list[str]:
    return list(page.selectbox(key="target").options)


def test_an_idle_rerun_lists_no_folder_and_opens_no_light_curve_and_no_card(home: Path, folder: Path, counter: Counter):
    counter.places = (str(folder), str(home))
    page = explore(folder)
    listed, opened = counter.take()
    assert str(folder) in listed, "the first look walks"
    assert any("curve-2.npz" in path for path in opened), "and reads the names that stand inside"
    assert any(path.endswith("card.json") for path in opened)
    for _ in range(2):
        page.run()
        assert counter.take() == ([], [])
    assert len(offered(page)) == NUM_FILES
    # The next star is read, and only its files.
    page.button[1].click().run()
    counter.take()
    page.run()
    assert counter.take() == ([], [])


@pytest.mark.parametrize("where", [".", "below"])
def test_a_file_that_is_added_is_noticed(home: Path, folder: Path, where: str):
    page = explore(folder)
    write_star(folder / where / "TIC_99__s0001.npz", 99)
    page.run()
    assert "TIC 99" in offered(page)


def test_a_file_that_goes_and_one_that_changes_are_noticed(home: Path, folder: Path):
    page = explore(folder)
    (folder / "TIC_5__s0001.npz").unlink()
    write_star(folder / "curve-2.npz", 98)
    page.run()
    assert "TIC 5" not in offered(page)
    assert "TIC 2" not in offered(page)
    assert "TIC 98" in offered(page)


def test_what_was_changed_just_before_it_was_read_is_read_again(folder: Path):
    # Within one tick of the clock a file is added, and another one: the folder's time stays.
    write_star(folder / "TIC_99__s0001.npz", 99)
    first = folders.list_folder(folder)
    moment = os.stat(folder).st_mtime_ns
    write_star(folder / "TIC_100__s0001.npz", 100)
    os.utime(folder, ns=(moment, moment))
    assert "TIC 99" in first.files.by_target
    assert "TIC 100" in folders.list_folder(folder).files.by_target
    settle(folder)
    folders.list_folder(folder)
    assert folders.list_folder(folder) is folders.list_folder(folder)


def test_a_folder_that_goes_is_a_sentence(folder: Path):
    folders.list_folder(folder)
    shutil.rmtree(folder)
    with pytest.raises(LightCurveError):
        folders.list_folder(folder)


def test_a_model_that_comes_or_changes_or_goes_is_noticed(home: Path):
    assert [c.model_id for c in models.available_cards()] == ["long-cadence-v2", "tess-2min-v2"]
    assert models.available_cards() is models.available_cards()
    shutil.copytree(CARDS / "tess-30min-v1", home / "models" / "tess-30min-v1")
    assert [c.model_id for c in models.available_cards()][-1] == "tess-30min-v1"
    best = models.best_card("TESS", 30.0)
    assert best is not None
    assert best.model_id == "tess-30min-v1"
    card = home / "models" / "tess-30min-v1" / "card.json"
    card.write_text(card.read_text(encoding="utf-8").replace('"title": "', '"title": "New: '), encoding="utf-8")
    assert models.find_card("tess-30min-v1").title.startswith("New: ")
    shutil.rmtree(card.parent)
    assert models.best_card("TESS", 30.0) is None


def test_times_of_what_is_not_there(tmp_path: Path):
    watched = Watched.take([tmp_path / "later"])
    assert watched.is_unchanged
    (tmp_path / "later").mkdir()
    assert not watched.is_unchanged
