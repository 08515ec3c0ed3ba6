import hashlib
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroseq_core import errors
from astroseq_core.io import conventions, read
from astroseq_core.targets import Target
from astroseq_core.times import TimeSystem

TIME = 1326.0 + np.arange(200) * 2 / 1440
FLUX = 1 + 1e-3 * np.sin(np.arange(200))


def npz(path: Path, **arrays: Any) -> Path:
    np.savez(path, **{"time": TIME, "flux": FLUX, **arrays})
    return path


def csv(path: Path, header: str = "time,flux", comments: str = "", time: Any = TIME) -> Path:
    path.write_text(comments + header + "\n" + "".join(f"{t!r},{f!r}\n" for t, f in np.c_[time, FLUX].tolist()))
    return path


def test_an_npz_says_everything_about_itself(tmp_path: Path):
    quality = np.zeros(200, np.int32)
    quality[:5] = 1  # attitude tweak
    path = npz(
        tmp_path / "anything.npz",
        time=500 + np.arange(200) / 49,
        flux_err=np.full(200, 1e-4, np.float32),
        quality=quality,
        target_id="KIC 11446443",
        mission="Kepler",
        time_system="BKJD",
    )
    curve = read.read_light_curve(path)
    assert (curve.target.id, curve.instrument.name, curve.time_system) == ("KIC 11446443", "Kepler", TimeSystem.BKJD)
    assert curve.observation == "anything"
    assert curve.usable_mask().sum() == 195
    assert curve.flux_err is not None
    assert curve.provenance.name == "anything.npz"
    assert curve.provenance.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", ["TIC_261136679__s0001.npz", "TIC 261136679.npz", "tic-261136679__x y.z.npz"])
def test_the_name_tells_the_target_where_the_content_does_not(tmp_path: Path, name: str):
    curve = read.read_light_curve(npz(tmp_path / name))
    assert curve.target.id == "TIC 261136679"
    assert curve.observation == name.removesuffix(".npz")
    np.testing.assert_array_equal(curve.flux, FLUX)


def test_the_content_wins_over_the_name(tmp_path: Path):
    path = npz(tmp_path / "TIC_1__s1.npz", target_id="TIC 2")
    assert read.read_light_curve(path).target.id == "TIC 2"


@pytest.mark.parametrize("number", [np.int64(55), np.array("55"), np.array([55]), 55.0, b"TIC 55"])
def test_a_bare_number_is_completed_by_the_mission(tmp_path: Path, number: Any):
    assert read.read_light_curve(npz(tmp_path / "x.npz", target_id=number, mission="TESS")).target.id == "TIC 55"


def test_a_target_that_is_given_is_taken_unless_the_content_contradicts_it(tmp_path: Path):
    path = npz(tmp_path / "x.npz")
    assert read.read_light_curve(path, target=Target("TIC", "7")).target.id == "TIC 7"
    with pytest.raises(errors.UnknownTargetError, match="of TIC 8, not of TIC 7"):
        read.read_light_curve(npz(tmp_path / "y.npz", target_id="TIC 8"), target=Target("TIC", "7"))


@pytest.mark.parametrize("more", [{}, {"target_id": ""}, {"target_id": "HD 1"}, {"target_id": "261136679"}])
def test_without_a_target_it_is_said_how_to_name_the_file(tmp_path: Path, more: dict[str, str]):
    with pytest.raises(errors.UnknownTargetError, match=r"mine\.npz"):
        read.read_light_curve(npz(tmp_path / "mine.npz", **more))
    with pytest.raises(errors.UnknownTargetError, match="TIC_261136679__anything"):
        read.read_light_curve(npz(tmp_path / "mine.npz"))


@pytest.mark.parametrize(
    ("target_id", "more", "days", "seen_by"),
    [
        ("SIM 1", {"mission": "K2"}, 2300.0, "K2"),
        ("SIM 1", {"time_system": "BTJD"}, 1326.0, "TESS"),
        ("SIM 1", {"time_system": "BKJD"}, 2300.0, "K2"),
        ("SIM 1", {"time_system": "BKJD"}, 500.0, "Kepler"),
        ("KIC 1", {"time_system": "BTJD"}, 1326.0, "TESS"),  # Kepler's star seen by TESS
        ("KIC 1", {"mission": "TESS"}, 1326.0, "TESS"),
        ("TIC 1", {"time_system": "BKJD", "mission": "TESS"}, 3493.0, "TESS"),  # days in the other mission's system
        ("EPIC 1", {"time_system": "BJD"}, 2457133.0, "K2"),
    ],
)
def test_the_instrument_and_its_days_are_told_from_what_is_said(
    tmp_path: Path, target_id: str, more: dict[str, str], days: float, seen_by: str
):
    curve = read.read_light_curve(npz(tmp_path / "x.npz", time=TIME - 1326.0 + days, target_id=target_id, **more))
    assert curve.instrument.name == seen_by
    assert curve.time_system is curve.instrument.time_system
    moments = {"TESS": 1326.0, "K2": 2300.0, "Kepler": 500.0}
    assert curve.time[0] == pytest.approx(moments[seen_by], abs=1e-6)


def test_a_simulated_star_must_say_as_what_it_is_seen(tmp_path: Path):
    with pytest.raises(errors.TimeSystemError, match="TESS, Kepler or K2"):
        read.read_light_curve(npz(tmp_path / "SIM_3.npz"))


def test_big_endian_and_flattened_arrays_are_read(tmp_path: Path):
    path = npz(tmp_path / "TIC_1.npz", flux=FLUX.astype(">f4"), flattened=True, author="me")
    curve = read.read_light_curve(path)
    assert curve.flux.dtype.isnative
    assert curve.flattened
    assert curve.author == "me"


@pytest.mark.filterwarnings("error")
def test_quality_bits_of_half_precision_are_read(tmp_path: Path):
    quality = np.where(np.arange(len(TIME)) == 3, 2048, 0).astype(np.float16)
    assert read.read_light_curve(npz(tmp_path / "TIC_1.npz", quality=quality)).quality[3] == 2048


def test_a_csv_is_read_with_its_comments(tmp_path: Path):
    path = csv(
        tmp_path / "mine.csv",
        comments="# from a notebook\n# target_id: TIC 5\n#mission = TESS\n# time_system, BJD\n\n",
        time=TIME + 2457000,
    )
    curve = read.read_light_curve(path)
    assert curve.target.id == "TIC 5"
    np.testing.assert_allclose(curve.time, TIME, atol=1e-8)
    np.testing.assert_array_equal(curve.flux, FLUX)


def test_a_csv_may_hold_more_columns_in_any_order_and_empty_fluxes(tmp_path: Path):
    rows = [f"{128 if i == 3 else ''},x,{'' if i == 4 else f},{t},1e-4" for i, (t, f) in enumerate(np.c_[TIME, FLUX].tolist())]
    (tmp_path / "TIC_5.csv").write_text("\ufeffQuality, note ,FLUX,time,flux_err\r\n" + "\r\n".join(rows), encoding="utf-8")
    curve = read.read_light_curve(tmp_path / "TIC_5.csv")
    assert np.isnan(curve.flux[4])
    assert curve.quality[3] == 128
    assert curve.usable_mask().sum() == 198


def pickled(path: Path) -> None:
    np.savez(path, time=TIME, flux=np.array([object()] * 200, dtype=object))


def truncated(path: Path) -> None:
    npz(path)
    path.write_bytes(path.read_bytes()[:1500])


def flipped(path: Path) -> None:
    npz(path)
    data = bytearray(path.read_bytes())
    data[600] ^= 0xFF
    path.write_bytes(bytes(data))


def other_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")


def not_really_npy(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("time.npy", b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (10**30,), }")
        archive.writestr("flux.npy", b"nothing")


def bare_npy(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, TIME)


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (lambda p: p.write_bytes(b""), "empty"),
        (lambda p: p.write_text("hello"), "truncated or no .npz"),
        (bare_npy, "truncated or no .npz"),
        (lambda p: p.write_bytes(pickle.dumps([1, 2])), "truncated or no .npz"),
        (truncated, "truncated or no .npz"),
        (flipped, "damaged|truncated"),
        (other_zip, "zip file without one array"),
        (not_really_npy, "damaged"),
        (pickled, "pickled objects"),
    ],
)
def test_what_is_no_whole_npz_is_said_to_be_corrupt(tmp_path: Path, write: Any, says: str):
    path = tmp_path / "TIC_1__s1.npz"
    write(path)
    before = path.read_bytes()
    with pytest.raises(errors.CorruptFileError, match=says) as caught:
        read.read_light_curve(path)
    assert "TIC_1__s1.npz" in str(caught.value)
    assert path.read_bytes() == before
    assert list(tmp_path.glob("TIC*")) == [path]


def test_a_small_file_that_would_fill_the_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(conventions, "MAX_BYTES", 1_000_000)
    np.savez_compressed(tmp_path / "TIC_1.npz", time=np.zeros(10**6), flux=np.zeros(10**6))
    assert (tmp_path / "TIC_1.npz").stat().st_size < 20_000
    with pytest.raises(errors.CorruptFileError, match="would unpack to more than"):
        read.read_light_curve(tmp_path / "TIC_1.npz")


@pytest.mark.parametrize("ending", ["npz", "csv"])
def test_damaged_bytes_end_in_one_short_sentence(tmp_path: Path, ending: str):
    path = npz(tmp_path / "TIC_1.npz") if ending == "npz" else csv(tmp_path / "TIC_1.csv")
    whole = path.read_bytes()
    rng = np.random.default_rng(5)
    refused = 0
    for _ in range(400):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), 5):
            data[place] = int(rng.integers(0, 256))
        try:
            read.parse_light_curve(bytes(data), path.name)
        except errors.AstroSeqError as error:
            refused += len(str(error)) < 300 and "\n" not in str(error)
        else:
            refused += 1  # what was hit carries nothing
    assert refused == 400


@pytest.mark.parametrize(
    ("arrays", "error", "says"),
    [
        ({"flux": np.array(["a"] * 200)}, errors.LightCurveError, "flux does not hold numbers"),
        ({"flux": FLUX[:150]}, errors.MissingColumnError, "flux has 150 values and time has 200"),
        ({"flux": np.float64(1)}, errors.MissingColumnError, "0 dimensions"),
        ({"time": TIME[::-1]}, errors.UnsortedTimesError, "backwards"),
        ({"time": np.repeat(TIME[:100], 2)}, errors.DuplicateTimesError, "100 times"),
        ({"flux": FLUX * np.nan}, errors.AllNaNError, "finite"),
        ({"time": TIME[:9], "flux": FLUX[:9]}, errors.TooShortError, "9 usable"),
        ({"time": TIME[:0], "flux": FLUX[:0]}, errors.EmptyLightCurveError, "no cadences"),
        ({"time": TIME, "time_system": "BKJD"}, errors.TimeSystemError, "cannot be"),
        ({"time": -TIME}, errors.TimeSystemError, "cannot be a BTJD time"),
        ({"time_system": "MJD"}, errors.TimeSystemError, "cannot be a BTJD time"),
        ({"time_system": "seconds"}, errors.TimeSystemError, "'seconds' is no time system"),
        ({"mission": "Hubble"}, errors.TargetError, "'Hubble' is no mission"),
    ],
)
def test_each_fault_in_an_npz_has_its_own_error(tmp_path: Path, arrays: dict[str, Any], error: type[Exception], says: str):
    with pytest.raises(error, match=says) as caught:
        read.read_light_curve(npz(tmp_path / "TIC_1.npz", **{"mission": "TESS", **arrays}))
    assert type(caught.value) is error


def test_missing_arrays_are_named(tmp_path: Path):
    np.savez(tmp_path / "TIC_1.npz", times=TIME)
    with pytest.raises(errors.MissingColumnError, match="no time and no flux"):
        read.read_light_curve(tmp_path / "TIC_1.npz")


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("", errors.CorruptFileError, "empty"),
        ("\n# only a comment\n", errors.EmptyLightCurveError, "no table"),
        ("time,flux\n", errors.EmptyLightCurveError, "no cadences"),
        ("time;brightness\n1;2\n", errors.MissingColumnError, "not time,brightness"),
        ("time,brightness\n1,2\n", errors.MissingColumnError, "no column flux"),
        ("time,flux,flux\n1,2,3\n", errors.MissingColumnError, "twice"),
        ("hello world", errors.MissingColumnError, "no column time and no flux"),
        ("time,flux\n1326.0,1\n1326.1\n", errors.CorruptFileError, "line 3: 1 values under a header of 2"),
        ("time,flux\n1326.0,1,9\n", errors.CorruptFileError, "line 2: 3 values"),
        ("# c\ntime,flux\n1326.0,1\n\n1326.1,bright\n", errors.CorruptFileError, "line 5: flux is 'bright'"),
        ('time,flux\n1326.0,"1\n', errors.CorruptFileError, "CSV table"),
        ("time,flux,quality\n1326.0,1,-4\n", errors.LightCurveError, "quality"),
        ("time,flux,quality\n1326.0,1,0.5\n", errors.LightCurveError, "quality"),
        ("time,flux\n1326,1\n1327,1\n", errors.TooShortError, "2 usable"),
        ("time,flux\n1327,1\n1326,1\n", errors.UnsortedTimesError, "backwards"),
        ("time,flux\nnan,1\n,1\n", errors.AllNaNError, "finite time"),
        ("time,flux\n0\0,1\n", errors.CorruptFileError, "binary"),
    ],
)
def test_each_fault_in_a_csv_has_its_own_error(tmp_path: Path, text: str, error: type[Exception], says: str):
    path = tmp_path / "TIC_1__mine.csv"
    path.write_text(text)
    with pytest.raises(error, match=says) as caught:
        read.read_light_curve(path)
    assert type(caught.value) is error
    assert "TIC_1__mine" in str(caught.value)


def test_binary_data_under_the_name_of_a_csv_are_refused(tmp_path: Path):
    (tmp_path / "TIC_1.csv").write_bytes(b"\x89PNG\xff\xfe" * 50)
    with pytest.raises(errors.CorruptFileError, match="binary data or text in another encoding"):
        read.read_light_curve(tmp_path / "TIC_1.csv")


def test_files_that_are_not_there_or_of_no_known_format(tmp_path: Path):
    with pytest.raises(errors.LightCurveError, match="There is no file"):
        read.read_light_curve(tmp_path / "TIC_1.npz")
    with pytest.raises(errors.LightCurveError, match="is a folder"):
        read.read_light_curve(tmp_path)
    (tmp_path / "TIC_1.txt").write_text("time,flux\n")
    with pytest.raises(errors.CorruptFileError, match=r"must end in \.fits"):
        read.read_light_curve(tmp_path / "TIC_1.txt")


def test_reading_many_leaves_out_only_what_cannot_be_read(tmp_path: Path):
    good = npz(tmp_path / "TIC_1__a.npz")
    bad = tmp_path / "TIC_1__b.npz"
    truncated(bad)
    curves, problems = read.read_light_curves([bad, good, tmp_path / "TIC_1__c.npz"])
    assert [c.observation for c in curves] == ["TIC_1__a"]
    assert ["TIC_1__b.npz" in problems[0], "TIC_1__c.npz" in problems[1], len(problems)] == [True, True, 2]


@pytest.mark.lent
def test_every_lent_npz_is_read_as_its_manifest_says(lent_data: Path):
    import pandas as pd

    manifest = pd.read_csv(lent_data / "manifest.csv")
    manifest = manifest[manifest.file.str.startswith("lc/")].set_index("file")
    assert len(manifest) == len(list((lent_data / "lc").glob("*.npz"))) >= 249
    for name, row in manifest.iterrows():
        curve = read.read_light_curve(lent_data / str(name))
        assert (curve.target.id, curve.instrument.name, curve.time_system) == (row.target_id, row.mission, row.timesys)
        assert len(curve.time) == row.n
        assert curve.time[0] == pytest.approx(row.t_min, abs=1e-6)
        assert curve.cadence_minutes == pytest.approx(row.cadence_min, rel=0.02)


@pytest.mark.lent
def test_binned_lent_curves_are_read_too(lent_data: Path):
    curves, problems = read.read_light_curves(sorted((lent_data / "lc_binned").glob("*.npz"))[::40])
    assert not problems
    assert {c.instrument.name for c in curves} == {"Kepler"}
    assert all(50 < c.cadence_minutes < 160 for c in curves)


@pytest.mark.parametrize("arrays", [{"time": 3.0}, {"mission": "Hubble"}, {"flux": "x"}, {"quality": np.zeros((200, 2))}])
def test_every_sentence_about_a_file_names_it(tmp_path: Path, arrays: dict[str, Any]):
    with pytest.raises(errors.AstroSeqError, match="odd_file"):
        read.read_light_curve(npz(tmp_path / "odd_file.npz", **{"target_id": "TIC 5", **arrays}))


def test_author_and_version_can_be_shown(tmp_path: Path):
    curve = read.read_light_curve(npz(tmp_path / "TIC_5.npz", author="a\x1b[31m" + "b" * 1000, version="1\n2"))
    assert curve.author == "a\ufffd[31m" + "b" * 74
    assert curve.provenance.version == "1 2"


@pytest.mark.parametrize("bad", [1e300, -1.0, 0.5])
def test_quality_that_is_no_bits_is_refused_and_where_there_is_none_it_is_0(tmp_path: Path, bad: float):
    quality = np.r_[np.nan, np.zeros(198), 4.0]
    assert read.read_light_curve(npz(tmp_path / "TIC_5.npz", quality=quality)).quality[[0, -1]].tolist() == [0, 4]
    with pytest.raises(errors.LightCurveError, match=r"TIC_5.npz: quality must hold whole numbers"):
        read.read_light_curve(npz(tmp_path / "TIC_5.npz", quality=np.r_[bad, quality[1:]]))


def test_a_bare_number_with_too_many_digits_is_no_star_of_the_mission(tmp_path: Path):
    with pytest.raises(errors.UnknownTargetError, match="has 16 digits and a TIC number has at most 11"):
        read.read_light_curve(npz(tmp_path / "star.npz", target_id="9007199254740993", mission="TESS"))
