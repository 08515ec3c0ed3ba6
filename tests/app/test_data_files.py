"""The Data page's own files: a folder to watch, and files handed over, good ones and bad ones."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from astroseq_core import settings
from astroseq_core.app.data import files as data_files
from astroseq_core.errors import AstroSeqError, CacheError, EphemerisError, UnknownTargetError
from astroseq_core.io import local_files, read
from astroseq_core.targets import parse_star
from tests.app import driving
from tests.app.driving import words

TABLE = (
    b"target_id,name,period_days,t0,t0_system,duration_hours\nTIC 77,<b>77 b</b>,3.0,1327.0,BTJD,2.9\nTIC 77,c,x,1327,BTJD,2\n"
)


def light_curve(star: str = "") -> bytes:
    """A CSV of two days of white noise."""
    rng = np.random.default_rng(3)
    time = np.arange(1325.3, 1327.3, 10 / 1440)
    named = f"# target_id={star}\n" if star else ""
    rows = "\n".join(f"{t:.6f},{f:.6f}" for t, f in zip(time, 1 + 1e-3 * rng.standard_normal(len(time)), strict=True))
    return f"{named}time,flux\n{rows}\n".encode()


def files(**address: str) -> AppTest:
    return driving.opened("2_Data.py", **{"tab": "Your files", **address})


def given(*handed: tuple[str, bytes]) -> AppTest:
    """The page with files handed over."""
    page = files()
    page.file_uploader(key="upload").set_value([(name, data, "application/octet-stream") for name, data in handed]).run()
    assert not page.exception
    return page


def test_a_folder_is_counted_and_opened(tmp_path: Path):
    folder = tmp_path / "mine"
    folder.mkdir()
    assert "no light curve in" in words(files(folder=str(folder)))
    for name in ("TIC_77__a.csv", "TIC_77__b.csv", "TIC_78__a.csv", "unnamed.csv"):
        (folder / name).write_bytes(light_curve())
    page = files(folder=str(folder))
    assert "**2** stars in **3** files" in words(page)
    assert "1 left out" in [e.label for e in page.expander]
    assert page.button(key="open folder")
    (folder / "TIC_79__a.csv").write_bytes(light_curve())
    page.run()
    assert "**3** stars in **4** files" in words(page)


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path):
    assert "There is no file or folder" in words(files(folder=str(tmp_path / "nowhere")))


def test_a_light_curve_is_shown_before_it_is_kept():
    page = given(("TIC_77__mine.csv", light_curve()))
    assert "TIC 77" in words(page)
    assert len(page.get("plotly_chart")) == 1
    assert not data_files.light_curve_folder().exists(), "nothing is kept unasked"
    page.button(key="keep 0 TIC_77__mine.csv").click().run()
    assert not page.exception
    kept = data_files.light_curve_folder() / "TIC_77__mine.csv"
    assert kept.read_bytes() == light_curve()
    assert settings.data_dir() in kept.parents
    assert "1 light curve of 1 star" in words(page)


def test_a_light_curve_that_names_no_star_asks_for_it():
    page = given(("run 7 (final).csv", light_curve()))
    assert "does not say which star" in words(page)
    assert not page.get("plotly_chart")
    page.text_input(key="whose 0 run 7 (final).csv").set_value("nobody").run()
    assert "is no target" in words(page)
    page.text_input(key="whose 0 run 7 (final).csv").set_value("tic 77").run()
    assert len(page.get("plotly_chart")) == 1
    page.button(key="keep 0 run 7 (final).csv").click().run()
    assert not page.exception
    (kept,) = data_files.light_curve_folder().iterdir()
    assert kept.name == "TIC_77__run_7_final.csv"
    assert read.read_light_curve(kept).target.id == "TIC 77", "it opens by its name from now on"


def test_a_table_is_shown_with_the_rows_that_cannot_be_used():
    page = given(("TIC_77 known.csv", TABLE))
    assert list(page.dataframe[0].value["Name"]) == ["<b>77 b</b>"]
    assert "1 ephemeris of 1 star" in words(page)
    assert "1 left out" in [e.label for e in page.expander]
    page.button(key="keep 0 TIC_77 known.csv").click().run()
    assert [p.name for p in data_files.list_ephemeris_tables()] == ["TIC_77_known.csv"]
    assert not data_files.light_curve_folder().exists()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("empty.fits", b"", "0 bytes"),
        ("cut.fits", b"SIMPLE  =                    T", "cut.fits"),
        ("lie.npz", b"<html>not found</html>", "lie.npz"),
        ("notes.txt", b"hello", "must end in"),
        ("TIC_77__short.csv", b"time,flux\n1325.0,1\n1325.1,1\n", "usable cadences"),
        ("table.csv", TABLE.replace(b"duration_hours", b"hours"), "lacks the columns duration_hours"),
        ("table.csv", TABLE.split(b"TIC 77,<b>")[0] + b"TIC 77,b,no,1327,BTJD,2\n", "not one usable ephemeris"),
        ("[click](http://x) <b>.csv", b"a,b\n1,2\n", "cannot be used"),
    ],
)
def test_what_cannot_be_used_is_a_sentence_and_is_not_kept(name, data, said):
    page = given((name, data))
    assert len(page.error) == 1
    assert said in words(page)
    assert not [b for b in page.button if (b.key or "").startswith("keep")]
    if "<" in name:
        assert r"\<b\>" in page.error[0].value, "names of files are no markup"


def test_a_bad_file_does_not_hide_a_good_one():
    page = given(("notes.txt", b"hello"), ("TIC_77__mine.csv", light_curve()))
    assert len(page.error) == 1
    assert page.button(key="keep 1 TIC_77__mine.csv")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\evil.npz", "evil.npz"),
        (".hidden.csv", "hidden.csv"),
        ("…/ü .fits.gz", "file.fits.gz"),
        ("a" * 300 + ".csv", "a" * 80 + ".csv"),
        ("a b;c.fits", "a_b_c.fits"),
        ("", "file"),
    ],
)
def test_names_are_made_harmless(name, safe):
    assert data_files.safe_file_name(name) == safe


def test_nothing_kept_is_ever_overwritten():
    first = data_files.read_upload("TIC_77__a.csv", light_curve())
    other = data_files.read_upload("TIC_77__a.csv", light_curve().replace(b"1325.300000,", b"1325.299000,"))
    assert data_files.save_upload(first).name == "TIC_77__a.csv"
    assert data_files.save_upload(first).name == "TIC_77__a.csv"
    assert data_files.save_upload(other).name == "TIC_77__a-2.csv"
    assert (
        len(local_files.group_by_target(local_files.list_light_curves(data_files.light_curve_folder())).by_target["TIC 77"]) == 2
    )


def test_what_it_is_and_whose_decides_where_it_goes():
    assert data_files.read_upload("x.csv", TABLE).table is not None
    with pytest.raises(UnknownTargetError):
        data_files.read_upload("x.csv", light_curve())
    assert data_files.read_upload("x.csv", light_curve(), parse_star("KIC 5")).light_curve is not None
    with pytest.raises(EphemerisError, match="lacks"):
        data_files.read_upload("x.csv", b"target_id,period_days\nTIC 1,2\n")


def test_a_folder_that_cannot_be_written_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ASTROSEQ_DATA", str(tmp_path / "file"))
    with pytest.raises(AstroSeqError) as error:
        data_files.save_upload(data_files.read_upload("TIC_77__a.csv", light_curve()))
    assert isinstance(error.value, CacheError)
    assert "file" in str(error.value)


def test_the_examples_of_files_are_files_that_are_read():
    light_curve, table = (data_files.read_upload(name, text.encode()) for _, name, text in _long_examples())
    assert light_curve.light_curve is not None
    assert light_curve.light_curve.target.id == "TIC 261136679"
    assert table.table is not None
    assert [e.name for e in table.table.ephemerides] == ["pi Men c"]


def _long_examples():
    """The examples, the light curve continued to as many cadences as one needs."""
    (words, name, text), table = data_files.EXAMPLE_FILES
    more = "".join(f"{1325.3 + n / 720:.6f},1.0,0.00012\n" for n in range(60))
    return (words, name, text + more), table
