import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astroseq_core import ephemeris
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError, EphemerisError
from astroseq_core.io import ephemeris_table
from astroseq_core.times import Instant, TimeSystem

BTJD = TimeSystem.BTJD


def make(period: float | None = 3.5, t0: float = 1326.0, hours: float = 3.0, **more: object) -> Ephemeris:
    return Ephemeris("TIC 1", "b", Instant(t0, BTJD), period, hours, **more)  # type: ignore[arg-type]


@given(st.floats(0.3, 500), st.floats(1000, 4000), st.lists(st.floats(0, 5000), min_size=1, max_size=50))
def test_phases_stay_within_half_a_period_and_differ_from_the_time_by_whole_periods(period: float, t0: float, times: list[float]):
    e = make(period, t0, hours=0.5)
    time = np.array(times)
    phase = e.phase_days(time, BTJD)
    assert ((phase >= -period / 2) & (phase < period / 2)).all()
    cycles = (time - t0 - phase) / period
    np.testing.assert_allclose(cycles, np.round(cycles), atol=1e-6)


@given(st.floats(0.3, 500), st.integers(-300, 300))
def test_every_predicted_mid_transit_has_phase_zero(period: float, number: int):
    e = make(period, hours=0.5)
    assert abs(e.phase_days(np.array([1326.0 + number * period]), BTJD)[0]) < 1e-6


@pytest.mark.parametrize("period", [0.9, 3.5, 40.0, None])
@pytest.mark.parametrize("widen", [1.0, 2.0])
def test_in_transit_agrees_with_brute_force(period: float | None, widen: float):
    e = make(period)
    time = np.sort(np.random.default_rng(3).uniform(1300, 1400, 5000))
    mids = [1326.0] if period is None else [1326.0 + n * period for n in range(-200, 200)]
    brute = np.array([any(abs(t - m) <= widen * 1.5 / 24 for m in mids) for t in time])
    mask = e.in_transit(time, BTJD, widen)
    assert mask.any()
    np.testing.assert_array_equal(mask, brute)


def test_the_mask_is_the_same_in_kepler_days():
    e = make()
    time = np.linspace(1325, 1352, 4001)
    np.testing.assert_array_equal(e.in_transit(time, BTJD), e.in_transit(time + 2167.0, TimeSystem.BKJD))


def test_transits_are_those_that_touch_the_stretch():
    e = make(period=10.0, hours=4.8)  # a tenth of a day to each side
    found = e.transits(1336.05, 1355.95, BTJD)
    assert found.number.tolist() == [1, 2, 3]  # the first has begun before, the last begins before the end
    np.testing.assert_allclose(found.mid, [1336.0, 1346.0, 1356.0])
    assert len(e.transits(1336.2, 1345.8, BTJD)) == 0
    assert e.transits(1300.0, 1310.0, BTJD).number.tolist() == [-2]  # 1306: before the epoch
    assert len(make(None).transits(1320, 1330, BTJD)) == 1
    assert len(make(None).transits(1327, 1330, BTJD)) == 0


def test_drift_grows_as_the_hypotenuse_with_the_number_of_periods():
    e = make(t0_err=0.003, period_err=0.001)
    number = np.array([0, 4, -4, 1000])
    np.testing.assert_allclose(e.drift_days(number), [0.003, 0.005, 0.005, np.hypot(0.003, 1.0)])


def test_drift_agrees_with_drawn_ephemerides():
    e = make(t0_err=0.003, period_err=0.001)
    rng = np.random.default_rng(1)
    mids = rng.normal(1326.0, 0.003, 20000) + 12 * rng.normal(3.5, 0.001, 20000)
    assert e.drift_days(12) == pytest.approx(np.std(mids), rel=0.03)


def test_transits_that_drifted_by_half_a_duration_are_not_trusted():
    e = make(period=3.5, hours=2.4, period_err=0.01)  # half a duration is 0.05 d: reached at the fifth period
    found = e.transits(1325.0, 1353.0, BTJD)
    assert e.well_predicted(found).tolist() == [n < 5 for n in range(len(found))]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"period": 0.0}, "period must be a positive"),
        ({"period": float("nan")}, "period must be a positive"),
        ({"hours": 0.0}, "duration must be a positive"),
        ({"hours": -1.0}, "duration must be a positive"),
        ({"t0": float("nan")}, "epoch t0 is missing"),
        ({"period": -3.0}, "period must be a positive"),
        ({"period": float("inf")}, "period must be a positive"),
        ({"period": "1e400"}, "period must be a positive"),
        ({"period": "three"}, "the period is 'three', which is not a number"),
        ({"period": 2e-8, "hours": 1e-8}, "cannot be; it must lie between 0.002"),
        ({"period": 1e9}, "cannot be; it must lie between 0.002"),
        ({"hours": float("inf")}, "duration must be a positive"),
        ({"hours": float("nan")}, "duration must be a positive"),
        ({"hours": None}, "duration must be a positive"),
        ({"t0": float("inf")}, "epoch t0 is missing"),
        ({"t0": "1e400"}, "epoch t0 is missing"),
        ({"t0": "yesterday"}, "the epoch is 'yesterday', which is not a number"),
        ({"t0": 1e300}, "cannot be a BTJD time"),
        ({"t0": -1e12}, "cannot be a BTJD time"),
        ({"period": 0.1, "hours": 3.0}, "no shorter than the period"),
        ({"period": 0.125, "hours": 3.0}, "no shorter than the period"),
        ({"depth_ppm": -900.0}, "a depth of -900 ppm cannot be"),
        ({"depth_ppm": 0.0}, "a depth of 0 ppm cannot be"),
        ({"depth_ppm": 2e6}, "a depth of 2e[+]06 ppm cannot be"),
        ({"depth_ppm": float("inf")}, "a depth of inf ppm cannot be"),
        ({"depth_ppm": "deep"}, "the depth is 'deep', which is not a number"),
        ({"period_err": float("inf")}, "an infinite error of the period says nothing"),
        ({"period_err": "1e400"}, "an infinite error of the period says nothing"),
        ({"period_err": "-1e308"}, r"an error of the period of 1e\+308 d cannot be"),
        ({"t0_err": 1e300}, r"an error of the epoch of 1e\+300 d cannot be"),
        ({"t0_err": float("-inf")}, "an infinite error of the epoch says nothing"),
        ({"t0_err": "x" * 10_000}, "the error of the epoch is 'x{40}…', which is not a number"),
    ],
)
def test_impossible_ephemerides_are_refused(arguments: dict[str, Any], says: str):
    with pytest.raises(AstroSeqError, match=says) as caught:
        make(**arguments)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_of_an_error_the_magnitude_counts_and_what_is_unknown_stays_unknown():
    e = make(t0_err=-0.002, period_err=-1e-5)
    assert (e.t0_err, e.period_err) == (0.002, 1e-5)
    unknown = make(t0_err=float("nan"), period_err=None, depth_ppm=float("nan"))
    assert (unknown.t0_err, unknown.period_err, unknown.depth_ppm) == (0.0, 0.0, None)
    assert Ephemeris.from_values("TIC 1", 1326.0, 3.5, 3.0, t0_system="BTJD", t0_err=-0.002).t0_err == 0.002


@pytest.mark.parametrize("number", [np.float32(3.5), np.float64(3.5), "3.5", 7 // 2 + 0.5])
def test_numbers_of_every_kind_become_plain_ones(number: Any):
    assert type(make(number).period_days) is float
    assert make(number) == make(3.5)


def test_predicted_transits_are_never_listed_without_a_limit():
    e = make(period=0.002, hours=0.01)
    tracemalloc.start()
    with pytest.raises(EphemerisError, match=r"500,001 transits in 1,000 days, and 100,000 are the most; check the period"):
        e.transits(1326.0, 2326.0, BTJD)
    with pytest.raises(EphemerisError, match="between two times"):
        e.transits(1326.0, float("inf"), BTJD)
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()
    assert len(e.transits(1326.0, 1326.0 + 0.002 * 99_998, BTJD)) == 99_999


def test_a_period_is_held_against_the_observations():
    assert make(period=0.01, hours=0.1).why_unusable(1326.0, 1353.0, BTJD, 2.0) == ""
    assert "shorter than two cadences of 30 min" in make(period=0.03, hours=0.1).why_unusable(1326.0, 1353.0, BTJD, 30.0)
    assert "are the most" in make(period=0.01, hours=0.1).why_unusable(1000.0, 3000.0, BTJD, 2.0)
    assert make(None).why_unusable(1326.0, 1353.0, BTJD, 30.0) == ""


@pytest.mark.parametrize(("disposition", "planet"), [("PC", True), ("CONFIRMED", True), ("", True), ("FP", False), ("fa", False)])
def test_only_what_was_shown_to_be_false_is_no_planet(disposition: str, planet: bool):
    assert make(disposition=disposition).is_planet is planet


def test_several_planets_are_masked_together():
    one, other = make(3.5), make(5.1, t0=1327.3)
    time = np.linspace(1325, 1352, 3001)
    both = one.in_transit(time, BTJD) | other.in_transit(time, BTJD)
    np.testing.assert_array_equal(ephemeris.any_in_transit([one, other], time, BTJD), both)
    assert not ephemeris.any_in_transit([], time, BTJD).any()


HEADER = "target_id,name,period_days,t0,t0_system,duration_hours,depth_ppm,t0_err,period_err,disposition\n"


def test_a_table_gives_its_good_rows_and_says_what_is_wrong_with_the_others(tmp_path: Path):
    path = tmp_path / "e.csv"
    path.write_text(
        HEADER + "TIC 1,b,3.5,1326.0,BTJD,3.0,500,0.01,,CP\n"
        "KIC 2,single,,500.0,BKJD,8,,,,\n"
        "TIC 1,c,3.5,2458326.0,BTJD,3.0,,,,\n"  # a Julian date said to be BTJD
        "TIC 1,d,3.5,1326.0,BTJD,,,,,\n"
        "HD 1,e,3.5,1326.0,BTJD,3,,,,\n"
        "TIC 1,f,three,1326.0,BTJD,3,,,,\n"
    )
    table = ephemeris_table.read_table(path)
    assert [e.name for e in table.ephemerides] == ["b", "single"]
    assert table.ephemerides[0].depth_ppm == 500
    assert table.ephemerides[1].period_days is None
    assert [p.where for p in table.problems] == [f"e.csv, line {n}" for n in (4, 5, 6, 7)]
    assert "2458326" in str(table.problems[0])
    assert table.for_target("TIC 1") == table.ephemerides[:1]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("TIC 1,c,0,1326,BTJD,3,,,,", "period must be a positive number"),  # never a single transit
        ("TIC 1,c,0.0,1326,BTJD,3,,,,", "period must be a positive number"),
        ("TIC 1,c,-3.5,1326,BTJD,3,,,,", "period must be a positive number"),
        ("TIC 1,c,2e-8,1326,BTJD,1e-7,,,,", "must lie between 0.002"),
        ("TIC 1,c,1e400,1326,BTJD,3,,,,", "period must be a positive number"),
        ("TIC 1,c,3.5,1e400,BTJD,3,,,,", "epoch t0 is missing"),
        ("TIC 1,c,3.5,1326,BTJD,0,,,,", "duration must be a positive number"),
        ("TIC 1,c,3.5,1326,BTJD,84,,,,", "no shorter than the period"),
        ("TIC 1,c,3.5,1326,BTJD,3,-900,,,", "depth of -900 ppm"),
        ("TIC 1,c,3.5,1326,BTJD,3,,inf,,", "infinite error of the epoch"),
        ("TIC 1,c,3.5,1326,BTJD,3,,,1e400,", "infinite error of the period"),
        ("TIC 1,c,3.5,1326,BTJD,3,,,,PC,more", "11 cells, and there are 10 columns"),
    ],
)
def test_one_bad_row_is_named_and_left_out_and_the_others_stand(tmp_path: Path, row: str, says: str):
    path = tmp_path / "e.csv"
    first, last = "TIC 1,b,3.5,1326.0,BJD - 2457000,3.0,,-0.002,nan,", "TIC 2,b,3.5,1326.0,BTJD,3.0,"
    path.write_text("# made by hand\n" + HEADER + "\n".join((first, row, last)))
    table = ephemeris_table.read_table(path)
    assert [e.target_id for e in table.ephemerides] == ["TIC 1", "TIC 2"]
    assert table.ephemerides[0].t0_err == 0.002
    assert table.ephemerides[0].period_err == 0.0
    (problem,) = table.problems
    assert (problem.target_id, problem.where) == ("TIC 1", "e.csv, line 4")
    assert says in problem.reason


def test_a_table_as_a_spreadsheet_saves_it_is_read(tmp_path: Path):
    path = tmp_path / "e.csv"
    text = "\ufeff" + HEADER.upper().replace(",", ", ") + "TIC 1, b, 3.5, 1326.0, BTJD, 3.0,,,,\n,,,,,,,,,\n"
    path.write_bytes(text.replace("\n", "\r\n").encode())
    table = ephemeris_table.read_table(path)
    assert [e.name for e in table.ephemerides] == ["b"]
    assert table.problems == ()


def test_a_column_that_stands_twice_is_refused(tmp_path: Path):
    path = tmp_path / "e.csv"
    path.write_text(HEADER.replace("depth_ppm", "t0") + "TIC 1,b,3.5,1326.0,BTJD,3.0,1327.0,,,\n")
    with pytest.raises(EphemerisError, match="t0 twice"):
        ephemeris_table.read_table(path)


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", 'target_id,name\n"TIC'])
def test_what_is_no_such_table_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "e.csv"
    path.write_text(text)
    with pytest.raises(EphemerisError, match=r"e\.csv"):
        ephemeris_table.read_table(path)
    with pytest.raises(EphemerisError, match="There is no"):
        ephemeris_table.read_table(tmp_path / "other.csv")


@pytest.mark.lent
def test_every_published_ephemeris_of_the_lent_stars_can_be_used(lent_data: Path):
    path = lent_data / "ephemerides.csv"
    table = ephemeris_table.read_table(path)
    rows = len(path.read_text(encoding="utf-8").splitlines()) - 1
    assert len(table.ephemerides) + len(table.problems) == rows >= 1307
    assert len(table.problems) < 10, table.problems


@pytest.mark.parametrize("days", ["1326.5", np.float32(1326.5), 1326])
def test_an_epoch_is_a_plain_number_whatever_it_was_given_as(days: Any):
    assert type(make(t0=days).t0.days) is float
    assert make(t0=days).transits(1320.0, 1330.0, BTJD).mid == pytest.approx([float(days) - 3.5, float(days), float(days) + 3.5])
