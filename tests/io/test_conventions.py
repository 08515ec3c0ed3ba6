"""Each row of the table of conventions, in a file as people have it."""

import io
import threading
import time as clock
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from astroseq_core import errors, missions
from astroseq_core.io import conventions, fits_table, identifiers, quantities, read
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.targets import Target
from astroseq_core.times import TimeSystem
from tools import write_files

N = 120
DAYS = {"TESS": 1326 + np.arange(N) * 2 / 1440, "Kepler": 540 + np.arange(N) / 49, "K2": 2300 + np.arange(N) / 49}
#: A dip of 1 % in noise of 100 ppm: the truth that every unit must give back.
SHAPE = np.where((np.arange(N) > 50) & (np.arange(N) < 60), 0.99, 1.0) + 1e-4 * np.random.default_rng(3).standard_normal(N)
STARS = {"TESS": ("TIC 261136679", 261136679), "Kepler": ("KIC 11446443", 11446443), "K2": ("EPIC 211117077", 211117077)}

Column = tuple[str, str, Any]


def fits_bytes(primary: dict[str, Any], columns: Sequence[Column], header: dict[str, Any] | None = None) -> bytes:
    first = fits.PrimaryHDU()
    for key, value in primary.items():
        first.header[key] = value
    table = fits.BinTableHDU.from_columns([fits.Column(name=n, format=f, array=a) for n, f, a in columns])
    table.header.update(header or {})
    out = io.BytesIO()
    fits.HDUList([first, table]).writeto(out)
    return out.getvalue()


def depth(curve: LightCurve) -> float:
    """Depth of the dip relative to the flux around it."""
    return float(1 - np.nanmedian(curve.flux[51:60]) / np.nanmedian(curve.flux[:50]))


def csv(header: str, *columns: Any, separator: str = ",", comments: str = "") -> bytes:
    rows = [separator.join(f"{value:.10f}" for value in row) for row in zip(*columns, strict=True)]
    return (comments + (header + "\n" if header else "") + "\n".join(rows)).encode()


# ------------------------------------------------------------ FITS products


@pytest.mark.parametrize("product", [p for p in conventions.FITS_PRODUCTS if p.days], ids=lambda p: p.name)
def test_each_product_is_told_from_the_others_and_read(product: conventions.FitsProduct):
    mission = product.mission or missions.KEPLER
    zero = conventions.DAY_NAMES[product.days]
    time = DAYS[mission.name] + (mission.time_system.zero_bjd - zero)
    name, number = STARS[mission.name]
    keyword = {"TIC": "TICID"}.get(mission.prefix, "KEPLERID")
    primary = {keyword: number, "TELESCOP": "TESS" if mission is missions.TESS else "Kepler"}
    primary |= {key: text or "1" for key, text in product.keywords if key not in ("TELESCOP", "COMMENT")}
    primary |= {"CREATOR": "1 TargetPixelExporterPipelineModule"} if not any(k == "CREATOR" for k, _ in product.keywords) else {}
    primary |= {"COMMENT": "EVEREST INFO"} if product.name == "EVEREST" else {}
    flux = product.flux[0]
    unit = quantities.flux_unit(flux.unit) or conventions.FluxUnit("linear")
    values = 12 - 2.5 * np.log10(SHAPE) if unit.kind == "magnitude" else (SHAPE - 1) * 1e6 if flux.unit == "ppm" else SHAPE
    others = {c for c in (*product.columns, *product.error) if c} - {flux.name}
    columns: list[Column] = [("TIME", "D", time), (flux.name.upper(), "D", values)]
    columns += [(c.upper(), "D", np.ones(N)) for c in sorted(others)]
    columns += [(product.quality[0].upper(), "J", np.zeros(N))] if product.quality and not product.good else []
    columns += [(product.quality[0].upper(), "1A", np.full(N, product.good[0]))] if product.good else []
    curve = read.parse_light_curve(fits_bytes(primary, columns), "x.fits")
    assert (curve.target.id, curve.instrument.name) == (name, mission.name)
    assert curve.author == (product.author or curve.author)
    assert curve.flattened == flux.flattened
    np.testing.assert_allclose(curve.time, DAYS[mission.name], atol=1e-7)
    assert depth(curve) == pytest.approx(0.01, abs=2e-4)


def test_a_table_without_marks_is_read_by_its_names():
    columns: list[Column] = [("time", "D", DAYS["TESS"]), ("flux", "D", SHAPE), ("flux_err", "D", np.full(N, 1e-4))]
    curve = read.parse_light_curve(fits_bytes({}, columns), "TIC_5__table.fits")
    assert (curve.target.id, curve.author, curve.time_system) == ("TIC 5", "", TimeSystem.BTJD)
    assert curve.flux_err is not None


def test_dv_time_series_are_read_as_relative_flux_about_zero():
    columns: list[Column] = [("TIME", "D", DAYS["TESS"]), ("PHASE", "E", SHAPE), ("LC_INIT", "E", SHAPE - 1)]
    columns += [("LC_INIT_ERR", "E", np.full(N, 1e-4)), ("MODEL_INIT", "E", np.zeros(N))]
    primary = {"TELESCOP": "TESS", "ORIGIN": "NASA/Ames", "CREATOR": "1 DvTimeSeriesExporter", "TICID": 261136679}
    header = {"TUNIT1": "BJD - 2457000, days", "EXTNAME": "TCE_1"}
    name = "tess2018206190142-s0001-s0003-0000000261136679-00106_dvt.fits"
    curve = read.parse_light_curve(fits_bytes(primary, columns, header), name)
    assert (curve.author, curve.flattened, curve.target.id) == ("DV", True, "TIC 261136679")
    assert depth(curve) == pytest.approx(0.01, abs=2e-4)


def test_btjd_without_a_reference_day_is_read_by_unit_by_name_or_by_mission():
    primary = {"TELESCOP": "TESS", "TICID": 55}
    columns: list[Column] = [("TIME", "D", DAYS["TESS"]), ("FLUX", "D", SHAPE)]
    for header in ({"TUNIT1": "BJD - 2457000, days"}, {"TUNIT1": "btjd"}, {"TIMESYS": "BTJD"}, {}):
        curve = read.parse_light_curve(fits_bytes(primary, columns, header), "x.fits")
        np.testing.assert_allclose(curve.time, DAYS["TESS"], atol=1e-9)


def test_times_that_could_be_two_things_are_refused_with_both():
    columns: list[Column] = [("TIME", "D", DAYS["TESS"] + 57000), ("FLUX", "D", SHAPE)]
    data = fits_bytes({"TELESCOP": "TESS", "TICID": 55}, columns)
    with pytest.raises(errors.TimeSystemError, match=r"could be MJD or RJD .RJD is BJD - 2400000."):
        read.parse_light_curve(data, "x.fits")


def test_seconds_since_a_reference_day_become_days():
    columns: list[Column] = [("TIME", "D", (DAYS["TESS"] - 1300) * 86400), ("FLUX", "D", SHAPE)]
    data = fits_bytes({"TELESCOP": "TESS", "TICID": 55}, columns, {"TUNIT1": "s", "BJDREFI": 2458300, "BJDREFF": 0.0})
    np.testing.assert_allclose(read.parse_light_curve(data, "x.fits").time, DAYS["TESS"], atol=1e-7)


def test_where_the_first_table_has_only_gaps_another_is_read():
    columns: list[Column] = [("T", "D", DAYS["K2"]), ("FCOR", "D", np.full(N, np.nan)), ("ARCLENGTH", "D", SHAPE)]
    with fits.open(io.BytesIO(fits_bytes({"TELESCOP": "Kepler", "KEPLERID": 211117077}, columns))) as hdus:
        other = [("T", "D", DAYS["K2"]), ("FCOR", "D", SHAPE), ("ARCLENGTH", "D", SHAPE)]
        hdus.append(fits.BinTableHDU.from_columns([fits.Column(name=n, format=f, array=a) for n, f, a in other]))
        out = io.BytesIO()
        hdus.writeto(out)
    assert depth(read.parse_light_curve(out.getvalue(), "x.fits")) == pytest.approx(0.01, abs=2e-4)


def test_a_file_with_nothing_but_gaps_is_said_to_have_no_flux():
    columns: list[Column] = [("TIME", "D", DAYS["TESS"]), ("FLUX", "D", np.full(N, np.nan)), ("QUALITY", "J", np.zeros(N))]
    primary = {"TELESCOP": "TESS", "TICID": 55, "CREATOR": "1 TargetPixelExporterPipelineModule"}
    with pytest.raises(errors.AllNaNError, match="none of its 120 cadences has a finite flux"):
        read.parse_light_curve(fits_bytes(primary, columns), "x.fits")


def test_a_folded_light_curve_is_said_to_be_one():
    for column, creator in (("PHASE", "me"), ("TIME", "lightkurve.FoldedLightCurve.to_fits()")):
        columns: list[Column] = [(column, "D", np.linspace(-0.5, 0.5, N)), ("FLUX", "D", SHAPE)]
        with pytest.raises(errors.CorruptFileError, match="a folded light curve"):
            read.parse_light_curve(fits_bytes({"TELESCOP": "TESS", "TICID": 55, "CREATOR": creator}, columns), "x.fits")


def test_null_values_and_scales_of_a_table_are_applied():
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column(name="TIME", format="D", array=DAYS["TESS"]),
            fits.Column(name="FLUX", format="J", array=np.where(np.arange(N) == 4, -1, 1000), null=-1),
            fits.Column(name="QUALITY", format="I", bzero=32768, array=np.where(np.arange(N) == 9, 40000, 0).astype(np.uint16)),
        ]
    )
    out = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(header=fits.Header({"TELESCOP": "TESS", "TICID": 55})), table]).writeto(out)
    curve = read.parse_light_curve(out.getvalue(), "x.fits")
    assert np.isnan(curve.flux).nonzero()[0].tolist() == [4]
    assert curve.quality[9] == 40000
    assert curve.quality.sum() == 40000


# ------------------------------------------------------------ what lightkurve and astropy save


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Light curves of two stars as lightkurve and astropy save them."""
    from astroseq_core.io.fits import suppress_warnings

    folder = tmp_path_factory.mktemp("saved")
    with suppress_warnings():
        import lightkurve as lk
        from astropy.table import Table

        for word, mission in (("tess", "TESS"), ("kepler", "Kepler")):
            name, number = STARS[mission]
            primary = {"TELESCOP": mission, "MISSION": mission, "ORIGIN": "NASA/Ames", "OBJECT": name}
            primary |= {"CHANNEL": 1, "QUARTER": 5} if mission == "Kepler" else {"SECTOR": 1, "CAMERA": 4, "CCD": 2}
            primary |= {"CREATOR": "1 LightCurveExporterPipelineModule", "TICID" if mission == "TESS" else "KEPLERID": number}
            quality = np.where(np.arange(N) == 7, 2048, 0)  # kept by lightkurve's default bits
            columns: list[Column] = [("TIME", "D", DAYS[mission]), ("PDCSAP_FLUX", "E", 5000 * SHAPE)]
            columns += [("PDCSAP_FLUX_ERR", "E", np.ones(N)), ("SAP_FLUX", "E", 4000 * SHAPE)]
            columns += [("QUALITY" if mission == "TESS" else "SAP_QUALITY", "J", quality)]
            zero = {"TUNIT1": "BJD", "BJDREFI": 2457000 if mission == "TESS" else 2454833, "BJDREFF": 0.0}
            curve = lk.read(fits.HDUList.fromstring(fits_bytes(primary, columns, zero))) if mission == "Kepler" else None
            if curve is None:  # lightkurve's reader of TESS asks for a file
                path = folder / "source"
                path.write_bytes(fits_bytes(primary, columns, zero))
                curve = lk.read(str(path))
                path.unlink()
            curve.to_fits(str(folder / f"{word}_to_fits.fits"))
            curve.normalize(unit="ppm").to_fits(str(folder / f"{word}_ppm.fits"))
            curve.write(str(folder / f"{word}_write.fits"))
            curve.meta = {k: v for k, v in curve.meta.items() if k in ("OBJECT", "MISSION", "TARGETID", "TELESCOP")}
            curve.write(str(folder / f"{word}_write.ecsv"), format="ascii.ecsv")
            curve.write(str(folder / f"{STARS[mission][0].replace(' ', '_')}__write.csv"), format="ascii.csv")
            curve.to_csv(str(folder / f"{STARS[mission][0].replace(' ', '_')}__to_csv.csv"))
            plain = Table({"time": curve.time.value, "flux": curve.flux.value}, meta={"OBJECT": str(number), "MISSION": mission})
            plain.write(str(folder / f"{word}_table.fits"))
    return folder


SAVED = ("to_fits.fits", "ppm.fits", "write.fits", "write.ecsv", "write.csv", "to_csv.csv", "table.fits")


@pytest.mark.parametrize("mission", ["TESS", "Kepler"])
@pytest.mark.parametrize("form", SAVED)
def test_what_lightkurve_and_astropy_save_is_read_back(saved: Path, mission: str, form: str):
    stem = f"{STARS[mission][0].replace(' ', '_')}_" if form.endswith(".csv") else mission.lower()
    curve = read.read_light_curve(saved / f"{stem}_{form}")
    assert (curve.target.id, curve.instrument.name) == (STARS[mission][0], mission)
    np.testing.assert_allclose(curve.time, DAYS[mission], atol=1e-8)
    assert depth(curve) == pytest.approx(0.01, abs=2e-4)
    if form not in ("ppm.fits", "table.fits"):
        assert curve.quality[7] == 2048
        assert np.nanmedian(curve.flux) == pytest.approx(5000, rel=1e-3)


def test_utc_in_a_header_shifts_times_to_tdb():
    for zero, header in ((2457000.0, {}), (2457000.0, {"BJDREFI": 2457000}), (0.0, {})):
        columns: list[Column] = [("TIME", "D", DAYS["TESS"] + 2457000 - zero), ("PDCSAP_FLUX", "D", SHAPE)]
        primary = {"TELESCOP": "TESS", "TICID": 55, "CREATOR": "LightCurve" if not header else "me"}
        curve = read.parse_light_curve(fits_bytes(primary, columns, {**header, "TIMESYS": "UTC"}), "x.fits")
        np.testing.assert_allclose((curve.time - DAYS["TESS"]) * 86400, 69.184, atol=1e-3)


def test_two_numbers_for_a_time_keep_their_digits_and_scale():
    days = np.stack([np.floor(DAYS["TESS"]) + 2457000, DAYS["TESS"] % 1], axis=1)
    columns: list[Column] = [("time", "2D", days), ("flux", "D", SHAPE)]
    for scale, seconds in (("TDB", 0.0), ("UTC", 69.184)):
        header = {"TCTYP1": scale, "TIMESYS": "UTC", "JDREF": 0.0}
        curve = read.parse_light_curve(fits_bytes({"TICID": 55, "TELESCOP": "TESS"}, columns, header), "x.fits")
        np.testing.assert_allclose((curve.time - DAYS["TESS"]) * 86400, seconds, atol=1e-5)


# ------------------------------------------------------------ times

TIME_TEXTS = [
    ("BJD - 2457000, days", 2457000.0, False),
    ("BJD − 2454833", 2454833.0, False),
    ("BJD_TDB - 2,457,000", 2457000.0, False),
    ("BJD-TBD", 0.0, False),
    ("BJD (TDB)", 0.0, False),
    ("HJD-UT", 0.0, True),
    ("BJD UTC", 0.0, True),
    ("BJD - 2400000", 2400000.0, False),
    ("BTJD_TDB", 2457000.0, False),
    *((name, zero, False) for name, zero in conventions.DAY_NAMES.items()),
    *((name.lower(), zero, False) for name, zero in conventions.DAY_NAMES.items()),
]


@pytest.mark.parametrize(("text", "zero", "is_utc"), TIME_TEXTS)
def test_each_name_of_days_has_its_zero_point(text: str, zero: float, is_utc: bool):
    assert quantities.parse_time_reference(text) == quantities.TimeReference(zero, is_utc)


@pytest.mark.parametrize("text", ["", "d", "days", "time", "s", "object", "projd", "TDB", "UTC"])
def test_other_texts_name_no_days(text: str):
    assert quantities.parse_time_reference(text) is None


@pytest.mark.parametrize("keyword", conventions.REFERENCE_KEYWORDS)
@pytest.mark.parametrize("split", [True, False])
def test_each_keyword_of_the_zero_point_is_read(keyword: str, split: bool):
    zero = 2458000.25 - conventions.REFERENCE_KEYWORDS[keyword]
    header = {f"{keyword}I": int(zero), f"{keyword}F": zero % 1} if split else {keyword: zero}
    assert quantities.time_reference_of(header) == quantities.TimeReference(2458000.25)


@pytest.mark.parametrize("name", conventions.DAY_NAMES)
def test_a_table_of_text_is_read_in_each_kind_of_days(name: str):
    days = DAYS["TESS"] + 2457000 - conventions.DAY_NAMES[name]
    for header, comments in ((f"{name},flux", ""), (f"time [{name}],flux", ""), ("time,flux", f"# time_system: {name}\n")):
        curve = read.parse_light_curve(csv(header, days, SHAPE, comments=f"# mission: TESS\n{comments}"), "TIC_5.csv")
        np.testing.assert_allclose(curve.time, DAYS["TESS"], atol=1e-7)


@pytest.mark.parametrize(
    ("julian", "seconds"), [(2455000.0, 66.184), (2456300.0, 67.184), (2457300.0, 68.184), (2458326.0, 69.184)]
)
def test_days_of_utc_become_days_of_tdb(julian: float, seconds: float):
    from astropy.time import Time

    days, system = quantities.to_time_system(np.array([julian]), quantities.TimeReference(0.0, is_utc=True))
    assert system is TimeSystem.BJD
    assert (days[0] - julian) * 86400 == pytest.approx(seconds, abs=1e-3)
    assert days[0] == pytest.approx(Time(julian, format="jd", scale="utc").tdb.jd, abs=1e-7)


@pytest.mark.parametrize(("header", "seconds"), [("time (TDB),flux", 0.0), ("time (UTC),flux", 69.184)])
def test_calendar_dates_need_their_scale(header: str, seconds: float):
    rows = [f"2018-07-26T12:{i // 60:02d}:{i % 60:02d}.000,{1 + 1e-4 * (i % 5)}" for i in range(N)]
    curve = read.parse_light_curve((header + "\n" + "\n".join(rows)).encode(), "TIC_5.csv")
    assert (curve.time[0] - 1326.0) * 86400 == pytest.approx(seconds, abs=1e-3)
    with pytest.raises(errors.TimeSystemError, match="calendar dates of an unknown time scale"):
        read.parse_light_curve(("time,flux\n" + "\n".join(rows)).encode(), "TIC_5.csv")


# ------------------------------------------------------------ fluxes


@pytest.mark.parametrize("unit", conventions.FLUX_UNITS)
def test_each_unit_of_flux_gives_the_same_depth(unit: str):
    meaning = conventions.FLUX_UNITS[unit]
    about = {"linear": [5000 * SHAPE], "relative": [SHAPE / meaning.factor, (SHAPE - 1) / meaning.factor]}
    magnitudes = [(12 - 2.5 * np.log10(SHAPE)) / meaning.factor, -2.5 * np.log10(SHAPE) / meaning.factor]
    for flux in about.get(meaning.kind, magnitudes):
        for header, comments in ((f"time,flux ({unit})", ""), ("time,flux", f"# flux_unit: {unit}\n")):
            curve = read.parse_light_curve(csv(header, DAYS["TESS"], flux, comments=comments), "TIC_5.csv")
            assert depth(curve) == pytest.approx(0.01, abs=2e-4)
            assert np.median(curve.flux) > 0


@pytest.mark.parametrize("column", conventions.FLUX_COLUMNS, ids=lambda c: c.name)
def test_each_flux_column_is_found_with_its_errors_and_its_unit(column: conventions.FluxColumn):
    unit = quantities.flux_unit(column.unit)
    flux = 12 - 2.5 * np.log10(SHAPE) if unit and unit.kind == "magnitude" else SHAPE / (unit.factor if unit else 1)
    error = np.full(N, 1e-4) / (unit.factor if unit else 1)
    for suffix in conventions.ERROR_SUFFIXES:
        data = csv(f"time,{column.name.upper()},{column.name}{suffix}", DAYS["TESS"], flux, error)
        curve = read.parse_light_curve(data, "TIC_5.csv")
        assert depth(curve) == pytest.approx(0.01, abs=2e-4)
        assert curve.flattened == column.flattened
        assert curve.flux_err is not None
        assert np.median(curve.flux_err / curve.flux) == pytest.approx(1e-4, rel=0.1)


@pytest.mark.parametrize("name", conventions.TIME_COLUMNS)
def test_each_time_column_is_found(name: str):
    reference = quantities.parse_time_reference(name)
    days = DAYS["TESS"] + (2457000 - reference.zero_bjd if reference else 0)
    curve = read.parse_light_curve(csv(f"{name},flux", days, SHAPE, comments="# mission: TESS\n"), "TIC_5.csv")
    np.testing.assert_allclose(curve.time, DAYS["TESS"], atol=1e-7)


@pytest.mark.parametrize("name", conventions.ERROR_COLUMNS)
def test_each_error_column_is_found(name: str):
    curve = read.parse_light_curve(csv(f"time,flux,{name}", DAYS["TESS"], SHAPE, np.full(N, 1e-4)), "TIC_5.csv")
    assert curve.flux_err is not None


@pytest.mark.parametrize("name", conventions.QUALITY_COLUMNS)
def test_each_quality_column_is_found(name: str):
    bits = np.where(np.arange(N) == 3, 128, 0)
    curve = read.parse_light_curve(csv(f"time,flux,{name}", DAYS["TESS"], SHAPE, bits), "TIC_5.csv")
    assert curve.quality[3] == 128


def test_fluxes_about_zero_without_a_unit():
    relative = read.parse_light_curve(csv("time,flux", DAYS["TESS"], SHAPE - 1), "TIC_5.csv")
    assert depth(relative) == pytest.approx(0.01, abs=2e-4)
    thousands = read.parse_light_curve(csv("time,flux", DAYS["TESS"], (SHAPE - np.median(SHAPE)) * 1e6), "TIC_5.csv")
    assert depth(thousands) == pytest.approx(0.01, abs=2e-4)
    with pytest.raises(errors.LightCurveError, match=r"lie about zero, up to 10.*# flux_unit: ppm"):
        read.parse_light_curve(csv("time,flux", DAYS["TESS"], (SHAPE - np.median(SHAPE)) * 1e3), "TIC_5.csv")


def test_counts_of_a_faint_star_stay_counts():
    counts = 1.8 + 4 * np.random.default_rng(5).standard_normal(N)
    np.testing.assert_allclose(
        read.parse_light_curve(csv("time,flux", DAYS["TESS"], counts), "TIC_5.csv").flux, counts, atol=1e-9
    )


# ------------------------------------------------------------ tables of text

THREE = (DAYS["TESS"], SHAPE, np.full(N, 1e-4))


@pytest.mark.parametrize(
    "data",
    [
        csv("#time,flux,flux_err", *THREE),
        csv("# time flux flux_err", *THREE, separator=" "),
        csv("# time,flux,flux_err", *THREE, separator=" "),
        csv("", *THREE),
        csv("", *THREE, separator="  "),
        csv("", *THREE, separator="\t"),
        csv("TIME,PDCSAP_FLUX,PDCSAP_FLUX_ERR", *THREE),
        csv("time;flux;flux_err", *THREE, separator=";"),
        csv("time;flux;flux_err", *THREE, separator=";").replace(b".", b","),
        csv("time\tflux\tflux_err", *THREE, separator="\t").replace(b".", b","),
        csv("time flux flux_err", *THREE, separator=" ").replace(b".", b","),
        csv("time, flux, flux_err", *THREE, separator=", "),
        b"\xef\xbb\xbf" + csv("time,flux,flux_err", *THREE).replace(b"\n", b"\r\n"),
        csv("time,flux,flux_err", *THREE).decode().encode("utf-16"),
        csv("time,flux,flux_err", *THREE, comments="# by me\n\n# with love, time flies\n"),
        csv('"Time (BTJD)","Flux (e-/s)","Flux Err"', *THREE),
        csv(",time,flux,flux_err", np.arange(N), *THREE),
    ],
)
def test_each_form_of_a_table_gives_the_same_light_curve(data: bytes):
    curve = read.parse_light_curve(data, "TIC_5.csv")
    np.testing.assert_allclose(curve.time, DAYS["TESS"], atol=1e-9)
    np.testing.assert_allclose(curve.flux, SHAPE, atol=1e-9)
    assert curve.flux_err is not None


def test_two_columns_without_a_header_are_time_and_flux(tmp_path: Path):
    np.savetxt(tmp_path / "TIC_5.csv", np.stack([DAYS["TESS"] + 2457000, SHAPE], axis=1), delimiter=",")
    curve = read.read_light_curve(tmp_path / "TIC_5.csv")
    np.testing.assert_allclose(curve.time, DAYS["TESS"], atol=1e-6)


def test_more_columns_without_a_header_cannot_be_told_apart():
    with pytest.raises(errors.MissingColumnError, match="4 columns and no header"):
        read.parse_light_curve(csv("", *THREE, SHAPE), "TIC_5.csv")


def test_quality_in_binary_digits_as_lightkurve_writes_it():
    bits = ["10000000", "0", "1"] + ["0"] * (N - 3)
    rows = [f"{t:.8f},{f},{q:>16}" for t, f, q in zip(DAYS["TESS"], SHAPE, bits, strict=True)]
    curve = read.parse_light_curve(("time,flux,quality\n" + "\n".join(rows)).encode(), "TIC_5.csv")
    assert curve.quality[:3].tolist() == [128, 0, 1]


# ------------------------------------------------------------ identifiers

GAIA = 5751990597042725632


@pytest.mark.parametrize(
    ("meta", "mission", "star"),
    [
        *(({keyword: 55}, None, f"{prefix} 55") for keyword, prefix in conventions.NUMBER_KEYWORDS.items()),
        *(({keyword: "TIC 55"}, None, "TIC 55") for keyword in conventions.NAME_KEYWORDS),
        *(({keyword: "55"}, missions.TESS, "TIC 55") for keyword in conventions.NAME_KEYWORDS),
        ({"KEPLERID": 211117077}, missions.K2, "EPIC 211117077"),
        ({"OBJECT": "211117077"}, missions.K2, "EPIC 211117077"),
        ({"OBJECT": "11446443"}, missions.KEPLER, "KIC 11446443"),
        ({"OBJECT": "pi Men", "TARGETID": 261136679}, missions.TESS, "TIC 261136679"),
        ({"TICID": GAIA, "OBJECT": "TIC 55"}, missions.TESS, "TIC 55"),
        ({"TICID": GAIA}, missions.TESS, ""),
        ({"OBJECT": str(GAIA)}, missions.TESS, ""),
        ({"OBJECT": f"TIC {GAIA // 1000}"}, missions.TESS, ""),
        ({"OBJECT": "261136679"}, None, ""),
        ({"OBJECT": "Gaia DR3 1234567890"}, missions.TESS, ""),
        ({"KEPLERID": 123456789012}, missions.KEPLER, ""),
        ({}, missions.TESS, ""),
    ],
)
def test_each_keyword_names_the_star(meta: dict[str, Any], mission: missions.Mission | None, star: str):
    assert identifiers.target_of(meta, mission) == star


@pytest.mark.parametrize(
    ("mission", "word"), [("TESS", "MISSION"), ("Kepler", "MISSION"), ("K2", "MISSION"), ("TESS", "TELESCOP")]
)
def test_a_bare_number_in_a_header_is_completed_by_the_mission(mission: str, word: str):
    columns: list[Column] = [("TIME", "D", DAYS[mission]), ("FLUX", "D", SHAPE)]
    primary = {"OBJECT": str(STARS[mission][1]), word: mission, "CREATOR": "lightkurve.LightCurve.to_fits()", "ORIGIN": "x"}
    data = fits_bytes(primary, columns, {"TUNIT1": "btjd" if mission == "TESS" else "bkjd"})
    assert read.parse_light_curve(data, "a.fits").target.id == STARS[mission][0]


@pytest.mark.parametrize(
    "comments",
    ["# TICID: 55\n", "# {OBJECT: TIC 55}\n", "# light curve of TIC 55, flattened\n", "# MISSION: TESS\n# target_id = 55\n"],
)
def test_comments_name_the_star(comments: str):
    assert read.parse_light_curve(csv("time,flux", DAYS["TESS"], SHAPE, comments=comments), "mine.csv").target.id == "TIC 55"


@pytest.mark.parametrize("name", [name for name, prefix in conventions.TARGET_COLUMNS.items() if prefix])
def test_each_column_of_identifiers_names_the_star(name: str):
    prefix = conventions.TARGET_COLUMNS[name]
    days = {"TIC": DAYS["TESS"], "KIC": DAYS["Kepler"], "EPIC": DAYS["K2"]}[prefix]
    data = csv(f"{name},time,flux", np.full(N, 55), days, SHAPE).replace(b"55.0000000000,", b"55,")
    assert read.parse_light_curve(data, "mine.csv").target == Target(prefix, "55")


def test_a_table_of_several_stars_is_refused():
    data = csv("ticid,time,flux", np.arange(N), DAYS["TESS"], SHAPE)
    with pytest.raises(errors.LightCurveError, match="holds 120 stars; write one file for each"):
        read.parse_light_curve(data, "mine.csv")


def test_content_is_believed_before_the_name_of_a_product(tmp_path: Path):
    columns: list[Column] = [("time", "D", DAYS["TESS"]), ("cal_psf_flux", "D", SHAPE), ("TESS_flags", "I", np.zeros(N))]
    data = fits_bytes({"ORIGIN": "UCSB/TGLC", "TELESCOP": "TESS", "TICID": "55"}, columns)
    for number in ("5751990597042725", "0000000000000077"):
        path = tmp_path / f"hlsp_tglc_tess_ffi_gaiaid-{number}-s0008_tess_v1_llc.fits"
        path.write_bytes(data)
        assert read.read_target(path).id == read.read_light_curve(path).target.id == "TIC 55"


def test_a_number_with_too_many_digits_is_no_tic():
    for name, comments in (("TIC_5751990597042725.csv", ""), ("x.csv", "# TICID: 5751990597042725\n")):
        with pytest.raises(errors.UnknownTargetError, match="neither its content nor its name"):
            read.parse_light_curve(csv("time,flux", DAYS["TESS"], SHAPE, comments=comments), name)
    with pytest.raises(errors.UnknownTargetError, match="has 16 digits and a TIC number has at most 11"):
        read.parse_light_curve(csv("time,flux", DAYS["TESS"], SHAPE, comments="# target_id: TIC 5751990597042725\n"), "x.csv")


# ------------------------------------------------------------ documents, threads


def test_the_page_of_files_is_made_from_the_table():
    assert write_files.PAGE.read_text(encoding="utf-8") == write_files.page(), "run python -m tools.write_files"


def test_light_curves_are_read_while_the_lock_of_lightkurve_is_held():
    from astroseq_core.io.fits import suppress_warnings

    data = fits_bytes({"TELESCOP": "TESS", "TICID": 55}, [("TIME", "D", DAYS["TESS"]), ("FLUX", "D", SHAPE)])
    done = threading.Event()

    def work() -> None:
        read.parse_light_curve(data, "x.fits")
        done.set()

    with suppress_warnings():
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        assert done.wait(5)
    thread.join(5)


def test_the_longest_allowed_headers_are_read_within_a_second():
    data = fits_bytes({"TELESCOP": "TESS", "TICID": 55}, [("TIME", "D", DAYS["TESS"]), ("FLUX", "D", SHAPE)])
    end = data.index(b"END".ljust(80))
    cards = b"".join(f"KEY{i:05d}= {i:>20}".encode().ljust(80) for i in range(36 * 900))
    long = data[:end] + cards + b"END".ljust(80)
    long += b" " * (-len(long) % fits_table.BLOCK_BYTES) + data[data.index(b"XTENSION") :]
    begun = clock.perf_counter()
    assert len(read.parse_light_curve(long, "x.fits").time) == N
    assert clock.perf_counter() - begun < 10
