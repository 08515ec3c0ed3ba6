"""FITS products, each in a tiny file as its pipeline writes it."""

import contextlib
import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from astroseq_core import errors
from astroseq_core.io import read as io_read
from astroseq_core.targets import Target
from astroseq_core.times import TimeSystem

N = 120
KEPLER_DAYS = 540 + np.arange(N) * 29.4244 / 1440
K2_DAYS = 2300 + np.arange(N) * 29.4244 / 1440
TESS_DAYS = 1326 + np.arange(N) * 2 / 1440
FLUX = 1000 + np.arange(N) % 7
KEPLER = {
    "TELESCOP": "Kepler",
    "MISSION": "Kepler",
    "ORIGIN": "NASA/Ames",
    "CREATOR": "1 FluxExporter2PipelineModule",
    "KEPLERID": 11446443,
}
SPOC = {
    "TELESCOP": "TESS",
    "ORIGIN": "NASA/Ames",
    "CREATOR": "1 LightCurveExporterPipelineModule",
    "TICID": 261136679,
    "OBJECT": "TIC 261136679",
    "SECTOR": 1,
    "PROCVER": "spoc-5.0",
}
BKJD, BTJD = {"BJDREFI": 2454833, "BJDREFF": 0.0}, {"BJDREFI": 2457000, "BJDREFF": 0.0}

Column = tuple[str, str, Any]


def write(
    path: Path, primary: dict[str, Any], columns: Sequence[Column], header: dict[str, Any], units: dict[str, str] | None = None
) -> Path:
    first = fits.PrimaryHDU()
    for key, value in primary.items():
        first.header[key] = value
    table = fits.BinTableHDU.from_columns(
        [fits.Column(name=name, format=kind, array=values, unit=(units or {}).get(name)) for name, kind, values in columns]
    )
    table.header.update({k: v for k, v in header.items() if not k.startswith("TTYPE")})
    fits.HDUList([first, table]).writeto(path)
    return path


def kepler(path: Path, days: Any = KEPLER_DAYS, flux: Any = FLUX, sap: Any = FLUX + 5000, **more: Any) -> Path:
    quality = np.where(np.arange(N) == 9, 1, 0)
    columns = [
        ("TIME", "D", days),
        ("SAP_FLUX", "E", sap),
        ("PDCSAP_FLUX", "E", flux),
        ("PDCSAP_FLUX_ERR", "E", np.ones(N)),
        ("SAP_QUALITY", "J", quality),
    ]
    return write(path, {**KEPLER, **more}, columns, BKJD)


def spoc(path: Path, days: Any = TESS_DAYS, cadence_days: float = 2 / 1440, **more: Any) -> Path:
    columns = [("TIME", "D", days), ("SAP_FLUX", "E", FLUX), ("PDCSAP_FLUX", "E", FLUX), ("QUALITY", "J", np.zeros(N))]
    return write(path, {**SPOC, **more}, columns, {**BTJD, "TIMEDEL": cadence_days})


def test_a_kepler_quarter(tmp_path: Path):
    curve = io_read.read_light_curve(kepler(tmp_path / "kplr011446443-2009166043257_llc.fits"))
    assert (curve.target.id, curve.instrument.name, curve.author) == ("KIC 11446443", "Kepler", "Kepler")
    assert curve.observation == "kplr011446443-2009166043257_llc"
    np.testing.assert_allclose(curve.time, KEPLER_DAYS, atol=1e-9)
    np.testing.assert_array_equal(curve.flux, FLUX)
    assert curve.flux.dtype.isnative
    assert curve.usable_mask().sum() == N - 1
    assert curve.flux_err is not None
    assert not curve.flattened


def test_cadences_without_time_or_flux(tmp_path: Path):
    days, flux = KEPLER_DAYS.copy(), FLUX.astype(float)
    days[3], flux[5] = np.nan, np.nan
    curve = io_read.read_light_curve(kepler(tmp_path / "x.fits", days, flux))
    assert len(curve.time) == N - 1
    assert np.isnan(curve.flux[4])


def test_a_k2_campaign(tmp_path: Path):
    curve = io_read.read_light_curve(kepler(tmp_path / "x.fits", K2_DAYS, MISSION="K2", KEPLERID=211117077))
    assert (curve.target.id, curve.instrument.name, curve.author) == ("EPIC 211117077", "K2", "K2")
    assert curve.time_system is TimeSystem.BKJD


def test_where_pdcsap_is_empty_sap_stands_in_and_the_author_says_so(tmp_path: Path):
    curve = io_read.read_light_curve(kepler(tmp_path / "x.fits", flux=np.full(N, np.nan)))
    np.testing.assert_array_equal(curve.flux, FLUX + 5000)
    assert curve.author == "Kepler SAP_FLUX"
    with pytest.raises(errors.AllNaNError, match="none of its 120 cadences"):
        io_read.read_light_curve(kepler(tmp_path / "y.fits", flux=np.full(N, np.nan), sap=np.full(N, np.nan)))


@pytest.mark.parametrize(("minutes", "author"), [(2.0, "SPOC"), (1 / 3, "SPOC"), (200 / 60, "TESS-SPOC"), (30.0, "TESS-SPOC")])
def test_spoc_and_what_it_made_of_full_frame_images(tmp_path: Path, minutes: float, author: str):
    folder = tmp_path / "tess-spoc"  # a folder's name says nothing
    folder.mkdir()
    curve = io_read.read_light_curve(spoc(folder / "x.fits", 1326 + np.arange(N) * minutes / 1440, cadence_days=minutes / 1440))
    assert (curve.author, curve.target.id, curve.provenance.version) == (author, "TIC 261136679", "spoc-5.0")
    assert curve.cadence_minutes == pytest.approx(minutes)
    assert curve.time[0] == pytest.approx(1326.0, abs=1e-9)


@pytest.mark.parametrize(("sector", "detrended"), [(10, "KSPSAP_FLUX"), (60, "DET_FLUX")])
def test_qlp_gives_its_detrended_flux(tmp_path: Path, sector: int, detrended: str):
    flat = 1 + 1e-4 * (np.arange(N) % 5)
    columns = [
        ("TIME", "D", TESS_DAYS),
        ("SAP_FLUX", "E", np.linspace(0.9, 1.1, N)),
        (detrended, "E", flat),
        (detrended + "_ERR", "E", np.full(N, 1e-4)),
        ("QUALITY", "J", np.zeros(N)),
    ]
    curve = io_read.read_light_curve(
        write(tmp_path / "x.fits", {"TELESCOP": "TESS", "ORIGIN": "MIT/QLP", "TICID": 55, "SECTOR": sector}, columns, BTJD)
    )
    assert (curve.author, curve.flattened, curve.target.id) == ("QLP", True, "TIC 55")
    np.testing.assert_allclose(curve.flux, flat, atol=1e-6)
    assert curve.flux_err is not None


def test_qlp_without_detrended_flux_says_so(tmp_path: Path):
    columns = [
        ("TIME", "D", TESS_DAYS),
        ("SAP_FLUX", "E", np.linspace(0.9, 1.1, N)),
        ("KSPSAP_FLUX", "E", np.full(N, np.nan)),
        ("KSPSAP_FLUX_ERR", "E", np.ones(N)),
        ("QUALITY", "J", np.zeros(N)),
    ]
    curve = io_read.read_light_curve(
        write(tmp_path / "x.fits", {"TELESCOP": "TESS", "ORIGIN": "MIT/QLP", "TICID": 55, "SECTOR": 5}, columns, BTJD)
    )
    assert (curve.author, curve.flattened) == ("QLP SAP_FLUX", False)


def test_tasoc_parts_per_million_become_relative_flux_and_its_clipping_is_not_ours(tmp_path: Path):
    ppm = 1000.0 * (np.arange(N) % 3 - 1)
    columns = [
        ("TIME", "D", TESS_DAYS),
        ("FLUX_RAW", "D", FLUX),
        ("FLUX_CORR", "D", ppm),
        ("FLUX_CORR_ERR", "D", np.full(N, 50.0)),
        ("QUALITY", "J", np.where(ppm < 0, 4, 0)),
        ("PIXEL_QUALITY", "J", np.where(np.arange(N) == 0, 32, 0)),
    ]
    primary = {"TELESCOP": "TESS", "ORIGIN": "TASOC/Aarhus", "TICID": 55, "PROCVER": "v05"}
    curve = io_read.read_light_curve(
        write(tmp_path / "x.fits", primary, columns, BTJD, {"FLUX_CORR": "ppm", "FLUX_CORR_ERR": "ppm"})
    )
    assert curve.author == "TASOC"
    np.testing.assert_allclose(curve.flux, 1 + 1e-6 * ppm)
    assert curve.flux_err is not None
    np.testing.assert_allclose(curve.flux_err, 5e-5)
    assert curve.usable_mask().sum() == N - 1


def test_eleanor_lite(tmp_path: Path):
    columns = [
        ("TIME", "D", TESS_DAYS),
        ("RAW_FLUX", "E", FLUX * 2.0),
        ("CORR_FLUX", "E", FLUX),
        ("FLUX_ERR", "E", np.ones(N)),
        ("QUALITY", "J", np.zeros(N)),
        ("FFIINDEX", "J", np.arange(N)),
    ]
    primary = {
        "TELESCOP": "TESS",
        "LITE": True,
        "PCORIGIN": "x",
        "TIC_ID": 55,
        "TVERSION": "1",
        "GITHUB": "https://github.com/afeinstein20/eleanor",
    }
    curve = io_read.read_light_curve(write(tmp_path / "x.fits", primary, columns, {}))
    assert (curve.author, curve.target.id, curve.time_system) == ("GSFC-ELEANOR-LITE", "TIC 55", TimeSystem.BTJD)
    np.testing.assert_array_equal(curve.flux, FLUX)


def test_k2sff(tmp_path: Path):
    columns = [
        ("T", "D", K2_DAYS),
        ("FRAW", "D", FLUX),
        ("FCOR", "D", FLUX / 1000.0),
        ("ARCLENGTH", "D", FLUX),
        ("MOVING", "B", np.zeros(N)),
        ("CADENCENO", "J", np.arange(N)),
    ]
    primary = {"TELESCOP": "Kepler", "KEPLERID": 201367065, "OBJECT": "EPIC 201367065"}
    curve = io_read.read_light_curve(write(tmp_path / "x.fits", primary, columns, {**BKJD, "EXTNAME": "BESTAPER"}))
    assert (curve.author, curve.instrument.name, curve.target.id) == ("K2SFF", "K2", "EPIC 201367065")
    np.testing.assert_allclose(curve.flux, FLUX / 1000.0)


def test_everest(tmp_path: Path):
    columns = [
        ("CADN", "J", np.arange(N)),
        ("TIME", "D", K2_DAYS),
        ("FLUX", "E", FLUX),
        ("FRAW", "E", FLUX * 2),
        ("QUALITY", "J", np.where(np.arange(N) == 1, 1, 0)),
    ]
    primary = {"TELESCOP": "Kepler", "KEPLERID": 201367065, "COMMENT": "EVEREST INFO"}
    curve = io_read.read_light_curve(
        write(tmp_path / "hlsp_everest_k2_llc_201367065-c01_kepler_v2.0_lc.fits", primary, columns, BKJD)
    )
    assert (curve.author, curve.target.id) == ("EVEREST", "EPIC 201367065")
    np.testing.assert_array_equal(curve.flux, FLUX)
    assert curve.usable_mask().sum() == N - 1


def test_tglc(tmp_path: Path):
    columns = [
        ("time", "D", TESS_DAYS),
        ("psf_flux", "E", FLUX),
        ("aperture_flux", "E", FLUX),
        ("background", "E", FLUX),
        ("cadence_num", "J", np.arange(N)),
        ("cal_psf_flux", "E", FLUX / 1000.0),
        ("cal_aper_flux", "E", FLUX / 1000.0),
        ("TESS_flags", "I", np.zeros(N)),
    ]
    curve = io_read.read_light_curve(
        write(tmp_path / "x.fits", {"ORIGIN": "UCSB/TGLC", "TELESCOP": "TESS", "TICID": "55"}, columns, BTJD)
    )
    assert (curve.author, curve.flattened, curve.target.id) == ("TGLC", True, "TIC 55")


def test_cdips_magnitudes_become_flux(tmp_path: Path):
    dip = np.where(np.arange(N) // 10 == 5, 0.5, 1.0)
    columns = [("TMID_BJD", "D", TESS_DAYS + 2457000), ("IRM1", "D", 12 - 2.5 * np.log10(dip)), ("IRQ1", "1A", np.full(N, "G"))]
    curve = io_read.read_light_curve(
        write(tmp_path / "x.fits", {"ORIGIN": "CDIPS", "TELESCOP": "TESS", "TICID": 55}, columns, {})
    )
    assert curve.author == "CDIPS"
    np.testing.assert_allclose(curve.flux, dip, rtol=1e-6)
    np.testing.assert_allclose(curve.time, TESS_DAYS, atol=1e-8)


def test_kepseismic_modified_julian_days(tmp_path: Path):
    columns = [("TIME", "D", KEPLER_DAYS + 54832.5), ("FLUX", "D", 1 + FLUX * 1e-6)]
    primary = {"ORIGIN": "CEA & SSI", "TELESCOP": "Kepler", "KEPLERID": 1435467}
    curve = io_read.read_light_curve(write(tmp_path / "x.fits", primary, columns, {}))
    assert (curve.author, curve.target.id) == ("KEPSEISMIC", "KIC 1435467")
    np.testing.assert_allclose(curve.time, KEPLER_DAYS, atol=1e-8)


def test_pathos(tmp_path: Path):
    names = ("PSF_FLUX_RAW", "PSF_FLUX_COR", "AP4_FLUX_RAW", "AP4_FLUX_COR", "SKY_LOCAL")
    columns = [("TIME", "D", TESS_DAYS), *((name, "E", FLUX) for name in names), ("DQUALITY", "J", np.zeros(N))]
    curve = io_read.read_light_curve(write(tmp_path / "x.fits", {"TELESCOP": "TESS", "TICID": 55}, columns, BTJD))
    assert (curve.author, curve.target.id) == ("PATHOS", "TIC 55")


def test_what_lightkurve_saved_is_read_back(tmp_path: Path):
    from astroseq_core.io.fits import suppress_warnings

    with suppress_warnings():
        import lightkurve as lk

        path = tmp_path / "TIC_55__mine.fits"
        lk.LightCurve(time=lk.read(spoc(tmp_path / "s.fits")).time, flux=FLUX * 1.0).to_fits(str(path), TELESCOP="TESS")
    curve = io_read.read_light_curve(path)
    assert (curve.target.id, curve.author) == ("TIC 55", "lightkurve")
    np.testing.assert_allclose(curve.time, TESS_DAYS, atol=1e-8)


def test_the_headers_own_reference_day_is_believed(tmp_path: Path):
    columns = [("TIME", "D", TESS_DAYS + 2167), ("PDCSAP_FLUX", "E", FLUX), ("QUALITY", "J", np.zeros(N))]
    curve = io_read.read_light_curve(write(tmp_path / "x.fits", SPOC, columns, BKJD))
    np.testing.assert_allclose(curve.time, TESS_DAYS, atol=1e-8)


def test_times_that_cannot_be_the_missions_are_refused(tmp_path: Path):
    with pytest.raises(errors.TimeSystemError, match="cannot be a BTJD time"):
        io_read.read_light_curve(spoc(tmp_path / "x.fits", days=TESS_DAYS + 57000))


def test_a_gzipped_file_and_one_cut_off(tmp_path: Path):
    whole = spoc(tmp_path / "TIC_1__a.fits").read_bytes()
    path = tmp_path / "TIC_1__b.fits.gz"
    path.write_bytes(gzip.compress(whole))
    curve = io_read.read_light_curve(path)
    assert curve.observation == "TIC_1__b"
    assert curve.target.id == "TIC 261136679"  # the content wins
    with pytest.MonkeyPatch.context() as small:
        small.setattr("astroseq_core.io.conventions.MAX_BYTES", 2000)
        with pytest.raises(errors.CorruptFileError, match="would unpack to more"):
            io_read.read_light_curve(path)
    path.write_bytes(gzip.compress(whole)[:-200])
    with pytest.raises(errors.CorruptFileError, match="truncated or damaged"):
        io_read.read_light_curve(path)


@pytest.mark.parametrize("bytes_left", [1, 40, 2880, 3000, 5000, -2880, -2881])
def test_a_truncated_file_is_said_to_be_corrupt_and_left_as_it_is(tmp_path: Path, bytes_left: int):
    path = spoc(tmp_path / "tess2018206045859-s0001-0000000261136679-0120-s_lc.fits")
    path.write_bytes(path.read_bytes()[:bytes_left])
    before = path.read_bytes()
    with pytest.raises(errors.CorruptFileError, match=path.name):
        io_read.read_light_curve(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"<html>404</html>", b"SIMPLE  =", b"SIMPLE  =" + b" " * 9000, bytes(6000)])
def test_what_is_no_fits_file_is_said_to_be_corrupt(tmp_path: Path, content: bytes):
    path = tmp_path / "TIC_1.fits"
    path.write_bytes(content)
    with pytest.raises(errors.CorruptFileError, match=r"TIC_1\.fits"):
        io_read.read_light_curve(path)


def test_damaged_bytes_never_end_in_a_traceback(tmp_path: Path):
    whole = bytearray(spoc(tmp_path / "TIC_1.fits").read_bytes())
    rng = np.random.default_rng(4)
    read = 0
    for trial in range(120):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), 8):
            data[place] = int(rng.integers(0, 256))
        path = tmp_path / f"TIC_1__{trial}.fits"
        path.write_bytes(bytes(data))
        with contextlib.suppress(errors.AstroSeqError):
            io_read.read_light_curve(path)
            read += 1
    assert read < 120


def test_target_pixels_and_other_products_are_named_as_what_they_are(tmp_path: Path):
    columns = [("TIME", "D", TESS_DAYS), ("FLUX", "9E", np.ones((N, 9))), ("QUALITY", "J", np.zeros(N))]
    path = write(tmp_path / "TIC_1.fits", {**SPOC, "CREATOR": "1 TargetPixelExporterPipelineModule"}, columns, BTJD)
    with pytest.raises(errors.CorruptFileError, match="a target pixel file"):
        io_read.read_light_curve(path)
    path = tmp_path / "TIC_1__image.fits"
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.zeros((4, 4)))]).writeto(path)
    with pytest.raises(errors.CorruptFileError, match="TIC_1__image"):
        io_read.read_light_curve(path)


def test_missing_columns_are_named(tmp_path: Path):
    path = write(tmp_path / "TIC_1.fits", SPOC, [("TIME", "D", TESS_DAYS), ("BACKGROUND", "E", FLUX)], BTJD)
    with pytest.raises(errors.MissingColumnError, match="no flux column"):
        io_read.read_light_curve(path)
    path = write(tmp_path / "TIC_2.fits", SPOC, [("WHEN", "D", TESS_DAYS), ("PDCSAP_FLUX", "E", FLUX)], BTJD)
    with pytest.raises(errors.MissingColumnError, match="no time column"):
        io_read.read_light_curve(path)
    path = tmp_path / "TIC_3.fits"
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns([])]).writeto(path)
    with pytest.raises(errors.MissingColumnError, match="no time column, and no other"):
        io_read.read_light_curve(path)


def test_without_a_target_in_the_header_the_name_tells_it(tmp_path: Path):
    header = {k: v for k, v in SPOC.items() if k not in {"TICID", "OBJECT"}}
    columns = [("TIME", "D", TESS_DAYS), ("PDCSAP_FLUX", "E", FLUX), ("QUALITY", "J", np.zeros(N))]
    assert io_read.read_light_curve(write(tmp_path / "TIC_9__a.fits", header, columns, BTJD)).target.id == "TIC 9"
    with pytest.raises(errors.UnknownTargetError, match="Name it like"):
        io_read.read_light_curve(write(tmp_path / "mine.fits", header, columns, BTJD))
    assert io_read.read_light_curve(tmp_path / "mine.fits", target=Target("KIC", "4")).instrument.name == "TESS"


@pytest.mark.lent
def test_every_lent_original_agrees_with_its_converted_copy(lent_data: Path):
    import pandas as pd

    manifest = pd.read_csv(lent_data / "manifest.csv").dropna(subset=["fits"]).set_index("fits")
    paths = sorted((lent_data / "fits").glob("*.fits"))
    assert len(paths) == 38
    compared = 0
    for path in paths:
        curve = io_read.read_light_curve(path)
        assert curve.author
        if path.name in manifest.index:
            row = manifest.loc[path.name]
            assert curve.target.id == row.target_id
            copy = io_read.read_light_curve(lent_data / row.file)
            assert (copy.instrument, copy.time_system) == (curve.instrument, curve.time_system)
            shared = np.isin(np.round(copy.time, 5), np.round(curve.time, 5))
            assert shared.mean() > 0.99
            compared += 1
    assert compared > 30
