from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astroseq_core import ephemeris
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import EphemerisError
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
    assert e.trusted(found).tolist() == [n < 5 for n in range(len(found))]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"period": 0.0}, "period must be a positive"),
        ({"period": float("nan")}, "period must be a positive"),
        ({"hours": 0.0}, "duration must be a positive"),
        ({"hours": -1.0}, "duration must be a positive"),
        ({"t0": float("nan")}, "epoch t0 is missing"),
        ({"period": 0.1, "hours": 3.0}, "no shorter than the period"),
    ],
)
def test_impossible_ephemerides_are_refused(arguments: dict[str, float], says: str):
    with pytest.raises(EphemerisError, match=says):
        make(**arguments)


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
    table = ephemeris.read_table(path)
    assert [e.name for e in table.ephemerides] == ["b", "single"]
    assert table.ephemerides[0].depth_ppm == 500
    assert table.ephemerides[1].period_days is None
    assert [p.where for p in table.problems] == [f"e.csv, line {n}" for n in (4, 5, 6, 7)]
    assert "2458326" in str(table.problems[0])
    assert table.of("TIC 1") == table.ephemerides[:1]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", 'target_id,name\n"TIC'])
def test_what_is_no_such_table_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "e.csv"
    path.write_text(text)
    with pytest.raises(EphemerisError, match=r"e\.csv"):
        ephemeris.read_table(path)
    with pytest.raises(EphemerisError, match="There is no"):
        ephemeris.read_table(tmp_path / "other.csv")


@pytest.mark.lent
def test_every_published_ephemeris_of_the_lent_stars_can_be_used(lent_data: Path):
    table = ephemeris.read_table(lent_data / "ephemerides.csv")
    assert len(table.ephemerides) + len(table.problems) == 1307
    assert len(table.problems) < 10, table.problems
