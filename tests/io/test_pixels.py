"""Pixel columns from FITS files and beside cached light curves; broken files are told in one sentence."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroseq_core.errors import CorruptFileError
from astroseq_core.io import pixels
from astroseq_core.io import read as io_read
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.io.pixels import PixelColumns
from astroseq_core.times import TimeSystem

N = 300


def product(mission: str = "TESS", **changes: Any) -> bytes:
    """A file as the missions write them: a moment's column in big-endian floats, some NaN; None leaves a column out."""
    from astropy.io import fits

    days = 1325.0 + np.arange(N) * 2 / 1440 if mission == "TESS" else 170.0 + np.arange(N) * 29.4 / 1440
    flags = np.zeros(N, np.int32)
    flags[100:103] = 32
    flags[200] = 32 | 8
    columns: dict[str, Any] = {
        "TIME": days,
        "SAP_FLUX": np.full(N, 1100.0),
        "PDCSAP_FLUX": np.full(N, 1000.0),
        "SAP_BKG": np.full(N, 70.0),
        "MOM_CENTR1": 500.0 + 0.01 * np.arange(N),
        "MOM_CENTR2": np.full(N, 40.0),
        "POS_CORR1": 0.01 * np.arange(N),
        "POS_CORR2": np.zeros(N),
        "SAP_QUALITY" if mission != "TESS" else "QUALITY": flags,
        **changes,
    }
    columns["SAP_FLUX"] = None if columns["SAP_FLUX"] is None else np.r_[np.nan, columns["SAP_FLUX"][1:]]
    primary = fits.PrimaryHDU()
    header = {
        "TELESCOP": "TESS" if mission == "TESS" else "Kepler",
        "MISSION": mission,
        "TEFF": 5700.0,
        "LOGG": 4.438,
        "RADIUS": 1.0,
        "OBJECT": "TIC 7" if mission == "TESS" else "KIC 7",
        "TESSMAG" if mission == "TESS" else "KEPMAG": 10.5,
        "TICID" if mission == "TESS" else "KEPLERID": 7,
        "CREATOR": "1 LightCurveExporterPipelineModule",
    }
    for key, value in header.items():
        primary.header[key] = value
    kinds = {"TIME": "D", "MOM_CENTR1": "D", "MOM_CENTR2": "D", "QUALITY": "J", "SAP_QUALITY": "J"}
    made = [fits.Column(name=k, format=kinds.get(k, "E"), array=v) for k, v in columns.items() if v is not None]
    table = fits.BinTableHDU.from_columns(made)
    table.header["EXTNAME"] = "LIGHTCURVE"
    table.header["BJDREFI"] = 2457000 if mission == "TESS" else 2454833
    table.header["BJDREFF"] = 0.0
    out = io.BytesIO()
    fits.HDUList([primary, table]).writeto(out)
    return out.getvalue()


def read(**changes: Any) -> PixelColumns:
    found = pixels.read_pixel_columns(product(**changes), "x_lc.fits")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("mission", "system", "first"), [("TESS", "BTJD", 1325.0), ("Kepler", "BKJD", 170.0), ("K2", "BKJD", 170.0)]
)
def test_columns_of_each_mission(mission: str, system: str, first: float):
    found = read(mission=mission)
    assert (found.system, found.time[0]) == (TimeSystem(system), pytest.approx(first))
    assert found.observation == "x_lc"
    assert np.isnan(found.sap[0])
    assert found.sap[1:] == pytest.approx(1100)
    assert found.pdcsap == pytest.approx(1000)
    assert found.background == pytest.approx(70)
    assert found.stellar.density_solar == pytest.approx(1.0, rel=1e-3)
    assert (found.stellar.magnitude, found.stellar.band) == (10.5, "T" if mission == "TESS" else "Kp")
    assert all(c.dtype.byteorder in "=|" for c in (found.time, found.x, found.quality))


def test_the_pointing_is_taken_out_of_the_positions():
    assert read().x == pytest.approx(500.0, abs=1e-4)
    assert read().position == "MOM_CENTR − POS_CORR"
    moments = read(POS_CORR1=None, POS_CORR2=None)
    assert moments.x[-1] - moments.x[0] == pytest.approx(0.01 * (N - 1))
    assert read(POS_CORR1=np.full(N, np.nan)).position == "MOM_CENTR"
    assert read(MOM_CENTR1=None).position == "POS_CORR"


def test_a_product_without_columns_has_none_and_one_with_some_has_those():
    names = ("SAP_FLUX", "PDCSAP_FLUX", "SAP_BKG", "MOM_CENTR1", "POS_CORR1", "POS_CORR2")
    assert pixels.read_pixel_columns(product(**dict.fromkeys(names)), "x.fits") is None
    some = read(SAP_BKG=None, MOM_CENTR1=None, POS_CORR1=None)
    assert some.background is None
    assert not some.has_position


def test_times_come_increasing_and_once_without_those_that_are_missing():
    days = 1325.0 + np.arange(N) * 2 / 1440
    days[5], days[10] = np.nan, days[9]
    found = read(TIME=days)
    assert len(found.time) == N - 2
    assert (np.diff(found.time) > 0).all()
    assert len(found.quality) == len(found.x) == N - 2


def test_dumps_are_events_and_flags_are_words():
    found = read()
    assert pixels.dump_times(found) == pytest.approx([found.time[101], found.time[200]])
    words = pixels.quality_flag_times(found)
    assert {w: len(t) for w, t in words.items()} == {"Earth point": 1, "momentum dump": 4}
    firing = replace(found, system=TimeSystem.BKJD, quality=np.where(np.arange(N) == 7, 1 << 20, 0))
    assert pixels.dump_times(firing) == pytest.approx([found.time[7]])
    assert len(pixels.dump_times(replace(found, quality=None))) == 0
    assert pixels.quality_flag_times(replace(found, quality=None)) == {}


@pytest.mark.parametrize("spoilt", ["cut", "page", "empty", "noise", "header alone"])
def test_a_broken_file_is_one_sentence(spoilt: str):
    whole = product()
    data = {
        "cut": whole[: len(whole) // 2],
        "page": b"<html>not here</html>",
        "empty": b"",
        "noise": whole[:200] + bytes(range(256)) * 40 + whole[10_440:],
        "header alone": whole[:2880],
    }[spoilt]
    with pytest.raises(CorruptFileError) as error:
        pixels.read_pixel_columns(data, "x_lc.fits")
    assert "x_lc.fits" in str(error.value)
    assert "\n" not in str(error.value)
    assert "Traceback" not in str(error.value)


def test_a_folder_gives_the_columns_of_the_file_that_a_curve_is_from(tmp_path: Path):
    path = tmp_path / "below" / "tess-s0001-0000000000000007_lc.fits"
    path.parent.mkdir()
    path.write_bytes(product())
    curve = io_read.read_light_curve(path)
    for folder in (path.parent, tmp_path, path):
        found = pixels.load_pixel_columns(curve, str(folder))
        assert found is not None
        assert found.observation == curve.observation
    assert pixels.load_pixel_columns(curve, "") is None
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(CorruptFileError):
        pixels.load_pixel_columns(curve, str(tmp_path))
    path.unlink()
    assert pixels.load_pixel_columns(curve, str(tmp_path)) is None


def test_plain_light_curves_have_none(light_curve_like_tess_sector: Any, tmp_path: Path):
    assert pixels.load_pixel_columns(light_curve_like_tess_sector.curve, str(tmp_path)) is None


# ---- beside cached light curves


@pytest.fixture
def stored(tmp_path: Path):
    data = product(MOM_CENTR2=40.0 + 1e-5 * np.sin(np.arange(N)))
    cache = LightCurveCache(tmp_path / "cache")
    curve = io_read.parse_light_curve(data, "x_lc.fits")
    columns = pixels.read_pixel_columns(data, "x_lc.fits")
    cache.put(curve, author="SPOC", exposure_seconds=120)
    without = cache.size_bytes()
    cache.save_pixels(curve, columns, author="SPOC", exposure_seconds=120)
    return cache, curve, columns, without


def test_what_is_stored_comes_back(stored: Any):
    cache, curve, columns, _ = stored
    found = cache.pixels(cache.get(curve.target, "x_lc"))
    assert found is not None
    for name in ("time", "sap", "pdcsap", "background", "quality"):
        assert np.array_equal(getattr(found, name), getattr(columns, name), equal_nan=True)
    assert found.y == pytest.approx(columns.y, abs=1e-9)  # positions keep their millionths
    assert (found.stellar, found.position, found.system) == (columns.stellar, columns.position, columns.system)


def test_they_count_with_their_light_curve_and_go_with_it(stored: Any):
    cache, curve, _, without = stored
    assert cache.size_bytes() > without
    (entry,) = cache.entries()
    assert entry.size_bytes == cache.size_bytes()
    assert len(cache.files(curve.target)) == 1  # a survey sees light curves alone
    assert cache.verify().checked == 2
    assert cache.trim(cache.size_bytes() - 1)
    assert cache.size_bytes() == 0
    assert not list(cache.folder.rglob("*.npz"))


def test_purging_the_star_takes_them_too(stored: Any):
    cache, curve, _, _ = stored
    assert cache.purge(curve.target) > 0
    assert not list(cache.folder.rglob("*.npz"))


def test_a_damaged_one_is_set_aside_and_the_light_curve_stays(stored: Any):
    cache, curve, _, _ = stored
    (path,) = (cache.folder / "arrays" / "pixels").rglob("*.npz")
    path.write_bytes(path.read_bytes()[:-50])
    assert cache.pixels(curve) is None
    assert cache.get(curve.target, "x_lc") is not None
    assert cache.verify().is_sound


def test_those_of_another_version_of_the_file_are_not_taken(stored: Any):
    cache, curve, _, _ = stored
    other = replace(curve, provenance=replace(curve.provenance, sha256="0" * 64))
    assert cache.pixels(other) is None


def test_a_lost_index_finds_them_again(stored: Any):
    cache, curve, _, _ = stored
    for path in cache.folder.glob("index.sqlite*"):
        path.unlink()
    assert LightCurveCache(cache.folder).pixels(curve) is not None


# ---- real files


@pytest.mark.lent
@pytest.mark.parametrize(
    ("name", "teff", "radius", "magnitude", "dumps"),
    [
        ("tess2018206045859-s0001-0000000261136679-0120-s_lc.fits", 5992, 1.149, 5.105, 10),
        ("kplr008462852-2012179063303_llc.fits", 6584, 1.699, 11.912, 30),
    ],
)
def test_real_files_give_all_columns_and_the_star(
    lent_data: Path, name: str, teff: float, radius: float, magnitude: float, dumps: int
):
    folder = lent_data / "fits"
    curve = io_read.read_light_curve(folder / name)
    found = pixels.load_pixel_columns(curve, str(folder))
    assert found is not None
    assert np.isin(curve.time, found.time).all()
    shared = np.isin(found.time, curve.time)
    assert np.array_equal(found.pdcsap[shared], curve.flux, equal_nan=True)
    for column in (found.sap, found.background, found.x, found.y):
        assert np.isfinite(column).mean() > 0.9
    # The pointing taken out, a bright star stays within some hundredths of a pixel.
    assert np.nanstd(found.x) < 0.02
    assert found.stellar.teff_k == pytest.approx(teff, abs=1)
    assert found.stellar.radius_solar == pytest.approx(radius, abs=1e-3)
    assert found.stellar.magnitude == pytest.approx(magnitude, abs=1e-3)
    assert 0.1 < found.stellar.density_solar < 2
    assert len(pixels.dump_times(found)) == dumps


@pytest.mark.lent
def test_every_lent_fits_file_is_read(lent_data: Path):
    for path in sorted((lent_data / "fits").glob("*.fits"))[::4]:
        found = pixels.read_pixel_columns(path.read_bytes(), path.name)
        assert found is not None
        assert found.has_position
