import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astroseq_core import times
from astroseq_core.errors import TimeSystemError
from astroseq_core.times import Instant, TimeSystem

SYSTEMS = st.sampled_from(list(TimeSystem))
BJD = st.floats(*times.PLAUSIBLE_BJD)


def test_the_zero_points_are_those_of_the_mission_manuals():
    assert times.convert(0.0, TimeSystem.BKJD, TimeSystem.BJD) == 2454833.0
    assert times.convert(0.0, TimeSystem.BTJD, TimeSystem.BJD) == 2457000.0
    assert times.convert(0.0, TimeSystem.BTJD, TimeSystem.BKJD) == 2167.0


def test_kepler_first_light_stands_at_its_calendar_date():
    from astropy.time import Time

    first = times.convert(120.54, TimeSystem.BKJD, TimeSystem.BJD)
    assert Time(first, format="jd", scale="tdb").iso.startswith("2009-05-02")


@given(BJD, SYSTEMS, SYSTEMS)
def test_converting_there_and_back_loses_less_than_a_millisecond(bjd: float, one: TimeSystem, other: TimeSystem):
    days = times.convert(bjd, TimeSystem.BJD, one)
    back = times.convert(times.convert(days, one, other), other, one)
    assert abs(back - days) < 1e-3 / 86400


@given(BJD, SYSTEMS, SYSTEMS)
def test_the_moment_is_the_same_in_every_system(bjd: float, one: TimeSystem, other: TimeSystem):
    moment = Instant(bjd, TimeSystem.BJD).to(one)
    assert moment.to(other) - moment.to(other) == 0
    assert moment.to(other).to(TimeSystem.BJD).days == pytest.approx(bjd, abs=1e-8)


@pytest.mark.parametrize(("spelt", "system"), [("bjd", "BJD"), (" BTJD ", "BTJD"), ("BKJD_TDB", "BKJD"), ("bjd_tdb", "BJD")])
def test_systems_are_told_from_free_spellings(spelt: str, system: str):
    assert TimeSystem.parse(spelt) is TimeSystem(system)


@pytest.mark.parametrize("wrong", ["MJD", "HJD", "UTC", "", None, 2457000])
def test_other_systems_are_refused_with_what_to_use(wrong: object):
    with pytest.raises(TimeSystemError, match="BKJD"):
        TimeSystem.parse(wrong)


def test_instants_of_two_systems_cannot_be_mixed():
    kepler, tess = Instant(500.0, TimeSystem.BKJD), Instant(1500.0, TimeSystem.BTJD)
    with pytest.raises(TimeSystemError, match=r"\.to\(BKJD\)"):
        _ = kepler - tess
    with pytest.raises(TimeSystemError):
        _ = kepler < tess
    with pytest.raises(TimeSystemError, match="BTJD time was used where BKJD"):
        tess.days_in(TimeSystem.BKJD)
    assert tess.to(TimeSystem.BKJD) - kepler == 3167.0
    assert kepler < tess.to(TimeSystem.BKJD)


@pytest.mark.parametrize(
    ("days", "system"),
    [
        (2_458_325.3, TimeSystem.BTJD),  # a Julian date said to be BTJD
        (58_325.0, TimeSystem.BTJD),  # MJD
        (1325.3 * 86400, TimeSystem.BKJD),  # seconds
        (1325.3, TimeSystem.BJD),
    ],
)
def test_times_in_another_system_than_said_are_refused(days: float, system: TimeSystem):
    with pytest.raises(TimeSystemError, match=f"the star: .* cannot be a {system} time"):
        times.check(np.array([np.nan, days]), system, "the star")


def test_plausible_and_missing_times_pass_the_check():
    times.check(np.array([np.nan, 1325.3]), TimeSystem.BTJD, "the star")
    times.check(np.array([np.nan]), TimeSystem.BTJD, "the star")
