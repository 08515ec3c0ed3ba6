"""Normalising: every row accounted for, and units, errors and time systems as the tables mean them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from astroseq_core.archive import exoplanet_archive, time_references
from astroseq_core.archive import normalize as norm
from astroseq_core.archive.exoplanet_archive import K2_TABLE, KOI_TABLE, PLANETS_TABLE, TOI_TABLE, CatalogTable
from astroseq_core.archive.normalize import NormalizedTable, normalize_table
from astroseq_core.archive.signals import Signal, name_key
from astroseq_core.errors import CatalogError
from astroseq_core.times import TimeSystem
from tests.standin import exoplanet_archive as archive

SECOND = 1 / 86_400


def of(table: CatalogTable, *rows: dict[str, Any], units: dict[str, str] | None = None) -> NormalizedTable:
    return normalize_table(table, pd.DataFrame(list(rows)), units)


def one(table: CatalogTable, row: dict[str, Any], **more: Any) -> Signal:
    made = of(table, row, **more)
    assert made.dropped == ()
    return made.signals.rows([0])[0]


def reason(table: CatalogTable, row: dict[str, Any]) -> str:
    made = of(table, row)
    assert len(made.signals) == 0
    return made.dropped[0][1]


def test_a_depth_of_one_percent_is_10000_ppm_in_every_table():
    assert one(TOI_TABLE, archive.toi(1, 1.01, pl_trandep=10_000.0)).depth_ppm == pytest.approx(10_000)
    assert one(KOI_TABLE, archive.koi(1, "K00001.01", koi_depth=10_000.0)).depth_ppm == pytest.approx(10_000)
    assert one(PLANETS_TABLE, archive.planet("X b", "TIC 1", pl_trandep=1.0)).depth_ppm == pytest.approx(10_000)
    assert one(K2_TABLE, archive.k2("X b", "EPIC 1", pl_trandep=1.0)).depth_ppm == pytest.approx(10_000)


def test_the_unit_that_the_archive_states_wins_over_the_usual_one(caplog: pytest.LogCaptureFixture):
    row = archive.planet("X b", "TIC 1", pl_trandep=800.0, pl_trandur=0.125)
    signal = one(PLANETS_TABLE, row, units={"pl_trandep": "ppm", "pl_trandur": "day"})
    assert signal.depth_ppm == pytest.approx(800)
    assert signal.duration_hours == pytest.approx(3.0)
    assert one(PLANETS_TABLE, archive.planet("X b", "TIC 1", pl_trandur=3.0), units={"pl_trandur": "bells"}).duration_hours == 3.0
    assert "bells" in caplog.text


@pytest.mark.parametrize(
    ("unit", "hours"), [("Hours", 3), ("[hours]", 3), ("hour(s)", 3), ("hrs", 3), ("days", 0.125), ("D", 0.125), ("minutes", 180)]
)
def test_the_unit_of_a_duration_is_read_in_every_spelling(unit: str, hours: float):
    row = archive.planet("X b", "TIC 1", pl_trandur=hours)
    assert one(PLANETS_TABLE, row, units={"pl_trandur": unit}).duration_hours == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("unit", "depth"), [("PPM", 800), ("[ppm]", 800), ("parts per million", 800), ("%", 0.08), ("Percent", 0.08), ("ppt", 0.8)]
)
def test_the_unit_of_a_depth_is_read_in_every_spelling(unit: str, depth: float):
    row = archive.planet("X b", "TIC 1", pl_trandep=depth)
    assert one(PLANETS_TABLE, row, units={"pl_trandep": unit}).depth_ppm == pytest.approx(800)


def test_a_unit_that_is_not_known_is_noted_on_the_row():
    signal = one(PLANETS_TABLE, archive.planet("X b", "TIC 1", pl_trandep=0.1), units={"pl_trandep": "furlongs"})
    assert signal.depth_ppm == pytest.approx(1000)
    assert "furlongs" in signal.notes


def test_bytes_and_printed_bytes_are_texts():
    plain = one(PLANETS_TABLE, archive.planet("X b", "TIC 1", pl_tsystemref="HJD", pl_orbper=4.5))
    for wrap in (str.encode, lambda text: f"b'{text}'"):
        row = {k: wrap(v) if isinstance(v, str) else v for k, v in archive.planet("X b", "TIC 1", pl_tsystemref="HJD").items()}
        assert one(PLANETS_TABLE, {**row, "pl_orbper": wrap("4.5")}) == plain


@pytest.mark.parametrize("masked", ["--", "nan", "None", "null", "<NA>", "N/A", None, float("nan"), float("inf")])
def test_masked_values_count_as_not_published(masked: object):
    row = archive.planet("X b", "TIC 1", pl_trandep=masked, pl_refname=masked, hd_name=masked, pl_orbpererr1=masked)
    signal = one(PLANETS_TABLE, row)
    assert signal.depth_ppm is None
    assert signal.period_err is None
    assert not {"--", "nan", "None", "null", "<NA>", "N/A"} & {signal.reference, *signal.aliases}


@pytest.mark.parametrize(("flag", "limit"), [(1, True), (-1, True), ("<", True), (">", True), ("true", True), ("1", True)])
@pytest.mark.parametrize("none", [0, "0", "false", "", None])
def test_limits_are_told_however_they_are_flagged(flag: object, limit: bool, none: object):
    row = archive.planet("X b", "TIC 1", pl_trandep=2.0)
    assert (one(PLANETS_TABLE, {**row, "pl_trandeplim": flag}).depth_ppm is None) == limit
    assert one(PLANETS_TABLE, {**row, "pl_trandeplim": none}).depth_ppm == pytest.approx(20_000)


@pytest.mark.parametrize(
    ("table", "row", "system", "days"),
    [
        (KOI_TABLE, archive.koi(757450, "K00889.01", koi_time0bk=169.99), TimeSystem.BKJD, 169.99),
        (TOI_TABLE, archive.toi(261136679, 144.01, pl_tranmid=2458325.5), TimeSystem.BTJD, 1325.5),
        (K2_TABLE, archive.k2("K2-3 b", "EPIC 201367065", pl_tranmid=2457165.25), TimeSystem.BKJD, 2332.25),
        (PLANETS_TABLE, archive.planet("pi Men c", "TIC 261136679", pl_tranmid=2458325.5), TimeSystem.BTJD, 1325.5),
    ],
)
def test_epochs_are_in_the_system_of_the_stars_mission(table: CatalogTable, row: dict[str, Any], system: TimeSystem, days: float):
    ephemeris = one(table, row).ephemeris()
    assert ephemeris.t0.system is system
    assert ephemeris.t0.days == pytest.approx(days, abs=1e-9)


@pytest.mark.parametrize("jd", [2444239.6, 2451178.4, 2451179.6, 2453000.0, 2457203.4, 2457204.6, 2457754.6, 2460000.0])
def test_utc_becomes_tdb_as_astropy_does_it(jd: float):
    from astropy.time import Time

    expected = (Time(jd, format="jd", scale="utc").tdb - Time(jd, format="jd", scale="tdb")).sec
    assert time_references.tdb_minus_utc(np.array([jd]))[0] * 86_400 == pytest.approx(expected, abs=0.002)


def test_the_sun_never_leaves_the_barycentre_by_more_than_hjd_is_widened_by():
    from astropy.coordinates import get_body_barycentric
    from astropy.time import Time

    when = Time(np.arange(2_444_240.0, 2_480_764.0, 60), format="jd", scale="tdb")
    seconds = get_body_barycentric("sun", when).norm().to_value("m") / 299_792_458
    assert 4.0 < seconds.max() < time_references.MAX_HJD_ERROR_SECONDS


@pytest.mark.parametrize(
    ("reference", "shift_seconds", "error_seconds"),
    [
        ("BJD-TDB", 0.0, 0.0),
        ("BJD_TDB", 0.0, 0.0),
        ("BJD", 0.0, 0.0),
        ("BJD-UTC", 69.184, 0.0),
        ("HJD-UTC", 69.184, 4.9),
        ("HJD", 69.184, 4.9),
        ("HJD-TDB", 0.0, 4.9),
        ("JD", 0.0, 581.0),
        ("", 0.0, 581.0),
    ],
)
def test_other_time_systems_are_converted_or_widen_the_error(reference: str, shift_seconds: float, error_seconds: float):
    row = archive.planet(
        "X b", "TIC 1", pl_tranmid=2458500.0, pl_tsystemref=reference, pl_tranmiderr1=0.001, pl_tranmiderr2=-0.001
    )
    signal = one(PLANETS_TABLE, row)
    assert (signal.t0 - 1500) / SECOND == pytest.approx(shift_seconds, abs=0.01)
    assert signal.t0_err == pytest.approx(np.hypot(0.001, error_seconds * SECOND), rel=1e-6)
    assert bool(signal.notes) == (shift_seconds != 0 or error_seconds != 0)


@pytest.mark.parametrize(("spelling", "name"), list(time_references.SPELLINGS.items()))
def test_every_spelling_of_a_time_system_is_read_as_what_it_means(spelling: str, name: str):
    assert time_references.find_time_reference(spelling.lower()) == time_references.TIME_REFERENCES[name]


@pytest.mark.parametrize(
    ("published", "name"),
    [
        ("BJD-TBD", "BJD-TDB"),  # as the archive publishes it
        ("BJDTDB", "BJD-TDB"),
        ("BJD (TDB)", "BJD-TDB"),
        ("BJD_{TDB}", "BJD-TDB"),
        ("bjd_tdb", "BJD-TDB"),
        ("TDB", "BJD-TDB"),
        ("TDB-BJD", "BJD-TDB"),
        ("HJD-UT", "HJD-UTC"),
        ("HJD (UTC)", "HJD-UTC"),
        ("HJD_TBD", "HJD-TDB"),
        ("BJD UTC", "BJD-UTC"),
        ("UTC", "JD-UTC"),
        ("--", ""),
        ("nan", ""),
    ],
)
def test_an_epoch_is_kept_however_its_time_system_is_spelled(published: str, name: str):
    row = archive.planet("X b", "TIC 1", pl_tranmid=2458500.0, pl_tranmiderr1=0.001, pl_tranmiderr2=-0.001)
    first, second = (one(PLANETS_TABLE, {**row, "pl_tsystemref": word}) for word in (published, name))
    assert (first.t0, first.t0_err, first.notes) == (second.t0, second.t0_err, second.notes)


def test_an_epoch_in_an_unknown_time_system_stays_with_the_error_of_none_and_a_note():
    row = archive.planet("X b", "TIC 1", pl_tranmid=2458500.0, pl_tranmiderr1=0.001, pl_tranmiderr2=-0.001)
    unknown, blank = (one(PLANETS_TABLE, {**row, "pl_tsystemref": word}) for word in ("GPS|week", ""))
    assert (unknown.t0, unknown.t0_err) == (blank.t0, blank.t0_err) == (1500.0, pytest.approx(581 * SECOND, rel=0.02))
    assert "'GPS/week'" in unknown.notes
    assert "10 min" in unknown.notes


@pytest.mark.parametrize(
    ("word", "days"),
    [
        ("BKJD", 3667.0),
        ("BTJD", 1500.0),
        ("BJD-2457000", 1500.0),
        ("BJD_TDB - 2450000.0", 8500.0),
        ("BMJD", 58499.5),
        ("RJD", 58500.0),
        ("TJD", 1500.0),
    ],
)
def test_truncated_epochs_are_read_whether_truncated_or_full(word: str, days: float):
    for epoch in (days, 2458500.0):
        signal = one(PLANETS_TABLE, archive.planet("X b", "TIC 1", pl_tranmid=epoch, pl_tsystemref=word))
        assert signal.t0 == pytest.approx(1500.0, abs=1e-6)


def test_a_scale_without_a_place_leaves_the_light_travel_time():
    row = archive.planet("X b", "TIC 1", pl_tranmid=2458500.0, pl_tsystemref="JD-UTC")
    signal = one(PLANETS_TABLE, row)
    assert (signal.t0 - 1500) / SECOND == pytest.approx(69.184, abs=0.01)
    assert (signal.t0_err or 0) / SECOND == pytest.approx(512.0)


def test_upper_and_lower_errors_become_one_sigma():
    row = archive.toi(1, 1.01, pl_orbpererr1=0.003, pl_orbpererr2=-0.001, pl_tranmiderr1=0.01, pl_tranmiderr2=None)
    signal = one(TOI_TABLE, row)
    assert signal.period_err == pytest.approx(0.002)
    assert signal.t0_err == pytest.approx(0.01)  # the only one given
    assert signal.duration_err is None
    assert signal.ephemeris().period_err == pytest.approx(0.002)


@pytest.mark.parametrize("period", [None, 0.0, -3.0, float("nan")])
def test_a_toi_without_a_period_is_a_single_transit(period: float | None):
    signal = one(TOI_TABLE, archive.toi(1, 1.01, pl_orbper=period, pl_orbpererr1=0.1))
    assert signal.period_days is None
    assert signal.period_err is None
    assert signal.ephemeris().period_days is None


def test_a_limit_is_no_measurement():
    assert one(PLANETS_TABLE, archive.planet("X b", "TIC 1", pl_orbper=500.0, pl_orbperlim=-1)).period_days is None
    assert one(PLANETS_TABLE, archive.planet("X b", "TIC 1", pl_trandep=2.0, pl_trandeplim=1)).depth_ppm is None
    assert reason(PLANETS_TABLE, archive.planet("X b", "TIC 1", pl_tranmidlim=1)) == "no transit epoch"


@pytest.mark.parametrize("depth", [0.0, -5.0, None, 2e6])
def test_a_depth_that_cannot_be_one_is_left_out_and_the_row_stays(depth: float | None):
    assert one(TOI_TABLE, archive.toi(1, 1.01, pl_trandep=depth)).depth_ppm is None


def test_a_duration_that_was_not_published_comes_from_the_geometry():
    # TrES-2 b as of O'Donovan et al. 2006 has a/R* = 7.63, Rp/R* = 0.1253, b = 0.854 and lasts 1.79 h
    row = archive.planet(
        "TrES-2 b", "TIC 399860444", pl_orbper=2.47063, pl_trandur=None, pl_ratdor=7.63, pl_ratror=0.1253, pl_imppar=0.854
    )
    signal = one(PLANETS_TABLE, row)
    assert signal.duration_hours == pytest.approx(1.79, abs=0.06)
    assert "a/R*" in signal.notes
    inclined = {**row, "pl_imppar": None, "pl_orbincl": float(np.degrees(np.arccos(0.854 / 7.63)))}
    assert one(PLANETS_TABLE, inclined).duration_hours == pytest.approx(signal.duration_hours, rel=1e-9)


def test_transit_hours_are_those_of_a_simulated_transit():
    import batman

    period, a, k, b = 3.7, 9.0, 0.11, 0.4
    parameters = batman.TransitParams()
    parameters.t0, parameters.per, parameters.rp, parameters.a, parameters.ecc, parameters.w = 0.0, period, k, a, 0.0, 90.0
    parameters.inc, parameters.u, parameters.limb_dark = float(np.degrees(np.arccos(b / a))), [0.0], "linear"
    time = np.linspace(-0.2, 0.2, 40_001)
    inside = time[batman.TransitModel(parameters, time).light_curve(parameters) < 1]
    expected = 24 * (inside[-1] - inside[0])
    assert norm.transit_duration_hours(*(np.array([v]) for v in (period, a, k, b)))[0] == pytest.approx(expected, rel=1e-3)


def test_a_planet_that_does_not_transit_has_no_duration():
    row = archive.planet("X b", "TIC 1", pl_trandur=None, pl_ratdor=8.0, pl_ratror=0.1, pl_imppar=1.3)
    assert reason(PLANETS_TABLE, row) == "no transit duration"


@pytest.mark.parametrize(
    ("table", "row", "expected"),
    [
        (TOI_TABLE, archive.toi(1, 1.01, pl_tranmid=None), "no transit epoch"),
        (TOI_TABLE, archive.toi(1, 1.01, pl_tranmid=1325.5), "epoch outside the years 1980 to 2080"),
        (TOI_TABLE, archive.toi(1, 1.01, pl_trandurh=None), "no transit duration"),
        (TOI_TABLE, archive.toi(1, 1.01, pl_trandurh=0.0), "no transit duration"),
        (TOI_TABLE, archive.toi(1, 1.01, pl_orbper=0.1, pl_trandurh=2.5), "duration no shorter than the period"),
        (KOI_TABLE, archive.koi(0, "K00001.01"), "no KIC number of its star"),
        (K2_TABLE, archive.k2("K2-3 b", None), "no EPIC number of its star"),
        (PLANETS_TABLE, archive.planet("X b", None), "no TIC number of its star"),
        (PLANETS_TABLE, archive.planet("X b", "TIC 1", default_flag=0), "not the default set of parameters"),
    ],
)
def test_every_dropped_row_says_why(table: CatalogTable, row: dict[str, Any], expected: str):
    assert reason(table, row) == expected


def test_a_second_row_of_one_name_is_dropped_and_an_unusable_first_is_not_counted():
    rows = [archive.toi(1, 1.01, pl_trandurh=None), archive.toi(1, 1.01, pl_orbper=7.0), archive.toi(1, 1.01, pl_orbper=8.0)]
    made = of(TOI_TABLE, *rows)
    assert [s.period_days for s in made.signals.rows(range(len(made.signals)))] == [7.0]
    assert made.dropped == (("1.01", "no transit duration"), ("1.01", "a second row of the same name"))


def test_every_row_is_a_signal_or_has_a_reason_whatever_is_in_it():
    rng = np.random.default_rng(7)
    values = [None, float("nan"), 0.0, -1.0, 1e-9, 3.0, 2458500.0, 1e12, "", "x", "TIC 5", 12]
    columns = [c for c in PLANETS_TABLE.columns if c != "default_flag"]
    for _ in range(20):
        picked = rng.integers(0, len(values), (50, len(columns)))
        frame = pd.DataFrame([{c: values[n] for c, n in zip(columns, row, strict=True)} for row in picked])
        frame["default_flag"] = 1
        made = normalize_table(PLANETS_TABLE, frame)
        assert made.rows_in == 50 == len(made.signals) + len(made.dropped)
        for signal in made.signals.rows(range(len(made.signals))):
            signal.ephemeris()


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("CONFIRMED", "CP"),
        ("CANDIDATE", "PC"),
        ("FALSE POSITIVE", "FP"),
        ("FALSE POSITIVE [CANDIDATE]", "FP"),
        ("REFUTED [PLANET]", "FP"),
        ("False_Positive", "FP"),
        ("FALSE-POSITIVE", "FP"),
        ("false positive?", "FP"),
        ("CERTIFIED FP", "FP"),
        ("EB", "FP"),
        ("CERTIFIED FA", "FA"),
        ("FALSE ALARM", "FA"),
        ("Confirmed Planet", "CP"),
        ("known planet", "KP"),
        ("Planet Candidate", "PC"),
        ("APC", "APC"),
    ],
)
def test_dispositions_are_the_few_words_used_here(word: str, expected: str):
    signal = one(K2_TABLE, archive.k2("K2-3 b", "EPIC 201367065", disposition=word))
    assert signal.disposition == expected
    assert signal.ephemeris().is_planet == (expected not in ("FP", "FA"))


def test_names_and_targets_of_each_table():
    kepler = one(KOI_TABLE, archive.koi(10797460, "K00752.01", kepler_name="Kepler-227 b"))
    assert (kepler.target_id, kepler.name, kepler.host) == ("KIC 10797460", "K00752.01", "Kepler-227")
    assert set(kepler.aliases) == {"Kepler-227 b", "K00752"}
    tess = one(TOI_TABLE, archive.toi(150428135, 700.1))
    assert (tess.target_id, tess.name, tess.host) == ("TIC 150428135", "TOI-700.10", "TOI-700")
    both = one(
        K2_TABLE, archive.k2("K2-3 b", "EPIC 201367065", tic_id="TIC 173103335", hd_name=None, epic_candname="EPIC 201367065.01")
    )
    assert (both.target_id, both.also, both.aliases) == ("EPIC 201367065", ("TIC 173103335",), ("EPIC 201367065.01",))
    only_named = one(K2_TABLE, archive.k2("EPIC 201238110.01", None))
    assert only_named.target_id == "EPIC 201238110"
    assert one(K2_TABLE, archive.k2("K2-3 b", None, tic_id="TIC 173103335")).target_id == "TIC 173103335"


def test_references_are_plain_text_with_their_bibcode():
    page = "https://ui.adsabs.harvard.edu/abs/2019A%26A...631A..90L/abstract"
    link = f"<a refstr=LOPEZ href={page} target=ref>Lopez &amp; Co. 2019</a>"
    assert (
        one(PLANETS_TABLE, archive.planet("X b", "TIC 1", pl_refname=link)).reference == "Lopez & Co. 2019 (2019A&A...631A..90L)"
    )


def test_the_brightness_is_that_of_the_first_band_that_has_one():
    assert one(PLANETS_TABLE, archive.planet("X b", "TIC 1", sy_tmag=None, sy_vmag=9.5)).magnitude_band == "V"
    signal = one(TOI_TABLE, archive.toi(1, 1.01, st_tmag=8.25))
    assert (signal.magnitude, signal.magnitude_band) == (8.25, "T")


def test_a_table_that_is_something_else_is_refused():
    for columns, missing in ((["a"], "no toi and no pl_orbper:"), (["toi"], "no pl_orbper:"), (["pl_orbper"], "no toi:")):
        with pytest.raises(CatalogError, match=missing) as caught:
            normalize_table(TOI_TABLE, pd.DataFrame({name: [1] for name in columns}))
        # What was read, and what to do.
        assert str(caught.value).startswith(f"What {exoplanet_archive.ARCHIVE_NAME} served as its TOI table")
        assert "Fetch it again" in str(caught.value)


def test_missing_optional_columns_count_as_empty():
    row = {
        "pl_name": "X b",
        "epic_hostname": "EPIC 5",
        "default_flag": 1,
        "pl_orbper": 3.0,
        "pl_tranmid": 2457000.0,
        "pl_trandur": 2.0,
    }
    signal = one(K2_TABLE, row)
    assert (signal.depth_ppm, signal.magnitude, signal.reference, signal.disposition) == (None, None, "", "")
    assert signal.t0_err is None  # no column of time references: nothing is said against BJD


@pytest.mark.parametrize(
    ("one_spelling", "other"),
    [
        ("Kepler-10 b", "kepler 10b"),
        ("KEPLER10 B", "Kepler-10b"),
        ("TOI 700", "toi-700"),
        ("TOI-700.01", "TOI 700.01"),
        ("KOI 752.01", "K00752.01"),
        ("π Men", "pi men"),
        ("TIC 00261136679", "tic261136679"),
        ("HD209458b", "HD 209458 b"),
    ],
)
def test_spellings_that_mean_one_name_have_one_key(one_spelling: str, other: str):
    assert name_key(one_spelling) == name_key(other)


@pytest.mark.parametrize(("one_name", "other"), [("K2-31", "K2-3 1"), ("WASP-18", "WASP-1"), ("CD-51 1620", "CD+51 1620")])
def test_names_of_different_stars_have_different_keys(one_name: str, other: str):
    assert name_key(one_name) != name_key(other)


def test_tables_have_short_names_and_unknown_ones_are_refused():
    assert exoplanet_archive.find_table("KOI") is KOI_TABLE
    assert exoplanet_archive.find_table("k2") is K2_TABLE
    with pytest.raises(CatalogError, match="use one of"):
        exoplanet_archive.find_table("pscomppars")


# ---- the real tables


@pytest.mark.lent
@pytest.mark.parametrize(
    ("table", "file", "rows_in", "reasons"),
    [
        (KOI_TABLE, "koi_cumulative.csv.gz", 9564, {"duration no shorter than the period": 1}),
        (TOI_TABLE, "toi.csv.gz", 7703, {}),
        # this copy has neither epochs nor identifiers but those in the names of candidates
        (K2_TABLE, "k2pandc.csv.gz", 4004, None),
    ],
)
def test_every_row_of_the_real_tables_is_accounted_for(
    lent_data: Path, table: CatalogTable, file: str, rows_in: int, reasons: dict[str, int] | None
):
    frame = pd.read_csv(lent_data / "tables" / file, comment="#")
    made = normalize_table(table, frame)
    assert made.rows_in == rows_in == len(made.signals) + len(made.dropped)
    assert all(text for _, text in made.dropped)
    if reasons is not None:
        assert made.reasons == reasons
    for signal in made.signals.rows(range(0, len(made.signals), 7)):
        signal.ephemeris()  # none is refused


@pytest.mark.lent
def test_every_real_k2_ephemeris_normalises(lent_data: Path):
    frame = pd.read_csv(lent_data / "tables" / "k2_ephemerides.csv.gz")
    frame = frame.rename(columns={"star_id": "epic_hostname", "pl_trandurh": "pl_trandur"}).assign(default_flag=1)
    frame["pl_name"] = [f"row {n}" for n in range(len(frame))]
    made = normalize_table(K2_TABLE, frame)
    assert (made.rows_in, len(made.signals), made.dropped) == (512, 512, ())


@pytest.mark.lent
def test_real_rows_say_what_the_lent_ephemerides_say(lent_data: Path):
    from astroseq_core.io.ephemeris_table import read_table

    made = {
        **{s.name: s for s in _all(lent_data, KOI_TABLE, "koi_cumulative.csv.gz")},
        **{s.name: s for s in _all(lent_data, TOI_TABLE, "toi.csv.gz")},
    }
    compared = 0
    for known in read_table(lent_data / "ephemerides.csv").ephemerides:
        if (signal := made.get(known.name)) is None:
            continue
        compared += 1
        ours = signal.ephemeris()
        assert ours.target_id == known.target_id
        assert ours.period_days == pytest.approx(known.period_days, rel=1e-7)
        assert ours.t0.days == pytest.approx(known.t0.to(ours.t0.system).days, abs=1e-5)
        assert ours.duration_hours == pytest.approx(known.duration_hours, rel=1e-4)
        assert (ours.depth_ppm or 0.0) == pytest.approx(known.depth_ppm or 0.0, rel=1e-3)
    assert compared > 1200


def _all(lent: Path, table: CatalogTable, file: str) -> tuple[Signal, ...]:
    made = normalize_table(table, pd.read_csv(lent / "tables" / file, comment="#")).signals
    return made.rows(range(len(made)))


def test_a_toi_whose_number_is_none_keeps_what_it_has():
    assert one(TOI_TABLE, {**archive.toi(1, 1.01), "toi": "no number"}).name == "no number"


@pytest.mark.parametrize("answer", [{}, {"manifest": {"resolved_name": "x"}}, {"manifest": 3, "system": 4}])
def test_a_damaged_answer_about_a_name_is_no_list_of_names(answer: dict[str, Any]):
    with pytest.raises((LookupError, TypeError)):
        exoplanet_archive._aliases_in(answer)
