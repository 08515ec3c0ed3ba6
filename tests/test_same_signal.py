"""Which of two ephemerides are one signal, which an alias, and which other planets of a star are masked."""

from dataclasses import replace

import pytest

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.same_signal import compare_signals, match_known_signal, other_signals
from astroseq_core.times import Instant, TimeSystem

START, STOP = 1325.0, 1352.0


def signal(name: str, period: float | None, t0: float, hours: float = 3.0, **more: float) -> Ephemeris:
    return Ephemeris("TIC 1", name, Instant(t0, TimeSystem.BTJD), period, hours, **more)


B = signal("b", 3.1, 1326.3)
#: Periods of Kepler-223 (Mills et al. 2016), close to 8:6:4:3.
KEPLER_223 = tuple(
    signal(name, period, t0)
    for name, period, t0 in (("b", 7.3845, 3.1), ("c", 9.8456, 4.2), ("d", 14.7887, 3.15), ("e", 19.7257, 7.0))
)


@pytest.mark.parametrize(
    ("other", "ratio", "coincide"),
    [
        (signal("x", 3.1, 1326.3 + 3.1 * 200), "1", True),
        (signal("x", 3.1, 1326.3 + 1.55), "1", False),  # a secondary eclipse
        (signal("x", 6.2, 1326.3), "1/2", True),
        (signal("x", 6.2, 1329.4), "1/2", True),
        (signal("x", 6.2, 1326.3 + 0.15), "1/2", False),  # another planet in resonance
        (signal("x", 1.55, 1327.85), "2", True),
        (signal("x", 9.3, 1332.5), "1/3", True),
        (signal("x", 3.1 / 3, 1326.3), "3", True),
        (signal("x", 4.65, 1326.3), "", False),  # 3:2
        (signal("x", 6.27, 1326.3), "", False),  # near 2:1, 0.3 d apart at the end of the sector
        (signal("x", None, 1332.52), "", True),
        (signal("x", None, 1333.5), "", False),
    ],
)
def test_ratios_and_transits_that_coincide(other: Ephemeris, ratio: str, coincide: bool):
    for start, stop in ((START, STOP), (None, None)):
        found = compare_signals(B, other, start, stop)
        assert (found.ratio, found.transits_coincide) == (ratio, coincide)
        assert found.same == (ratio == "1" and coincide)
        assert found.is_alias == (ratio not in ("", "1") and coincide)
        back = compare_signals(other, B, start, stop)
        assert back.transits_coincide == coincide
        assert back.ratio == {"2": "1/2", "1/2": "2", "3": "1/3", "1/3": "3"}.get(ratio, ratio)


def test_the_offset_is_that_of_the_longer_periods_transits():
    other = signal("x", 6.2, 1326.3 + 0.15)
    assert compare_signals(B, other, START, STOP).hours_apart == pytest.approx(3.6)
    assert compare_signals(other, B, START, STOP).hours_apart == pytest.approx(3.6)


def test_epochs_are_converted_to_one_time_system():
    other = replace(B, name="x", t0=Instant(2_457_000 + 1326.3 - 3.1 * 50, TimeSystem.BJD))
    assert compare_signals(B, other).same
    assert compare_signals(other, B, START + 2_457_000, STOP + 2_457_000).same


def test_an_old_ephemeris_may_have_drifted_as_far_as_its_errors_allow():
    # 320 periods before the data, where sigma = hypot(0.001, 320 * 0.0006) = 0.19 d
    drifted = signal("old", 3.1, 1326.3 - 320 * 3.1 + 0.4, t0_err=0.001, period_err=0.0006)
    assert compare_signals(B, drifted, START, STOP).same
    assert not compare_signals(B, replace(drifted, period_err=0.0002), START, STOP).same, "0.4 d is more than 3 sigma"
    assert not compare_signals(B, replace(drifted, t0_err=0.0, period_err=0.0), START, STOP).same
    twice = replace(drifted, period_days=6.2, period_err=0.0012)
    assert compare_signals(B, twice, START, STOP).is_alias


def test_periods_that_differ_are_told_apart_over_long_data_only():
    near = signal("x", 3.1 + 0.01, 1326.3)
    assert compare_signals(B, near, START, STOP).same, "0.09 d apart after a sector of 9 transits, less than a duration"
    assert compare_signals(B, near, START, START + 1400).ratio == ""


def test_single_transits_are_compared_by_their_times():
    one = signal("x", None, 1330.0)
    assert compare_signals(one, replace(one, name="y", t0=Instant(1330.05, TimeSystem.BTJD))).same
    assert not compare_signals(one, replace(one, name="y", t0=Instant(1330.2, TimeSystem.BTJD))).same
    # a drift of any size lets no two transits coincide that do not overlap
    assert not compare_signals(one, signal("y", 3.1, 1330.2, t0_err=5.0)).transits_coincide


def test_the_best_match_is_the_signal_itself_then_an_alias():
    c = signal("c", 6.2, 1326.32)
    assert match_known_signal(B, [c, B], START, STOP).other is B
    assert match_known_signal(c, [B, c], START, STOP).other is c
    assert match_known_signal(replace(B, name="mine", period_days=6.2), [B], START, STOP).ratio == "2"
    assert match_known_signal(signal("c", 6.2, 1326.45), [B], START, STOP) is None, "a planet in resonance is not known"
    assert match_known_signal(signal("s", 3.1, 1327.85), [B], START, STOP).hours_apart == pytest.approx(37.2)
    single = signal("s", None, 1332.52)
    assert match_known_signal(single, [B, replace(single, name="listed")], START, STOP).other.name == "listed"


@pytest.mark.parametrize("chosen", range(4))
def test_every_other_planet_near_a_resonance_is_masked(chosen: int):
    expected = KEPLER_223[:chosen] + KEPLER_223[chosen + 1 :]
    assert other_signals(KEPLER_223, KEPLER_223[chosen]) == expected
    # refined, renamed, and over four years of data
    mine = replace(KEPLER_223[chosen], name="in hand", t0=Instant(KEPLER_223[chosen].t0.days + 0.02, TimeSystem.BTJD))
    assert other_signals(KEPLER_223, mine, 0.0, 1460.0) == expected


def test_only_what_is_not_listed_can_be_an_alias_of_what_is():
    c = signal("c", 6.2, 1326.32)
    assert other_signals([B, c], B, START, STOP) == (c,)
    assert other_signals([B, c], c, START, STOP) == (B,)
    doubled = replace(B, name="in hand", period_days=6.2)
    assert other_signals([B], doubled, START, STOP) == ()
    assert other_signals([B, c], doubled, START, STOP) == (B,), "the listed planet at that period comes first"
    drifted = signal("b", 3.1, 1326.3 - 320 * 3.1 + 0.4, t0_err=0.001, period_err=0.0006)
    assert other_signals([drifted, c], replace(B, name="in hand"), START, STOP) == (c,)
    assert other_signals([B, replace(B, name="TOI-1.01")], B, START, STOP) == (), "one signal under two names"
