"""Planets near and at resonances, injected as batman transits in white noise: each is measured as if it were alone."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.preprocessing.prepare import time_span
from astroseq_core.same_signal import other_signals
from astroseq_core.simulation.transits import EclipsingBinary, Orbit, Signal, signal_ephemeris
from astroseq_core.times import Instant
from astroseq_core.vetting.checks.base import Flag
from astroseq_core.vetting.examine import Examination, examine
from astroseq_core.vetting.refine import refine_ephemeris
from tests.vetting.simulated import T0, observed


def orbit(days: float, period: float, ratio: float) -> Orbit:
    """A planet whose epoch is so many days after T0."""
    return Orbit(Instant(T0.days + days, T0.system), period, ratio, 0.3, 1.2, 0.32, 0.25)


def single(days: float, ratio: float) -> Orbit:
    return replace(orbit(days, 60.0, ratio), period_days=None, shape_period_days=60.0)


def listed(signals: Sequence[Signal]) -> tuple[Ephemeris, ...]:
    return tuple(signal_ephemeris("SIM 7", name, s) for name, s in zip("bcde", signals, strict=False))


def examined(signals: Sequence[Signal], known: Sequence[Ephemeris], chosen: Ephemeris, **how: float) -> Examination:
    curves = [observed(signals, wave=(0.0, 4.3), gaps=(), **how)]  # type: ignore[arg-type]
    others = other_signals(known, chosen, *time_span(curves, chosen.t0.system))
    return examine(curves, chosen, others=others, known=known)


SYSTEMS = {
    "2:1, 0.02 d apart": [orbit(0, 3.1, 0.05), orbit(0.02, 6.2, 0.06)],
    "2:1, 0.08 d apart": [orbit(0, 3.1, 0.05), orbit(0.08, 6.2, 0.06)],
    "2:1, 0.15 d apart": [orbit(0, 3.1, 0.05), orbit(0.15, 6.2, 0.06)],
    "2:1, well apart": [orbit(0, 3.1, 0.05), orbit(1.0, 6.2, 0.06)],
    "3:1, 0.02 d apart": [orbit(0, 2.1, 0.05), orbit(0.02, 6.3, 0.06)],
    "3:2, 0.02 d apart": [orbit(0, 4.2, 0.05), orbit(0.02, 6.3, 0.06)],
    "one single, on a transit": [orbit(0, 3.1, 0.05), single(9.32, 0.06)],
    "one single, elsewhere": [orbit(0, 3.1, 0.05), single(10.5, 0.06)],
}


@pytest.mark.parametrize("which", [0, 1], ids=["inner", "outer"])
@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("seed", [1, 2])
def test_each_planet_has_its_own_depth_and_equal_odd_and_even_transits(system: str, which: int, seed: int):
    signals = SYSTEMS[system]
    known = listed(signals)
    found = examined(signals, known, known[which], seed=seed)
    true = signals[which].depth_ppm
    assert found.fit.depth_ppm == pytest.approx(true, abs=3.5 * found.fit.depth_err_ppm)
    assert found.fit.depth_err_ppm < 0.02 * true
    assert found.check("odd_even").flag in (Flag.PASS, Flag.UNKNOWN), found.check("odd_even").sentence
    assert found.check("depth_consistency").flag is not Flag.FAIL
    for half in (found.odd, found.even):
        if half is not None:
            assert half.depth_ppm == pytest.approx(true, abs=4 * found.fit.depth_err_ppm + 3 * half.depth_err_ppm)
    assert known[which].name in found.check("known_object").sentence


def test_what_coincides_is_said():
    """At exactly 2:1 the outer planet's transits are never alone: the inner one's are subtracted from them, not the reverse."""
    signals = SYSTEMS["2:1, 0.02 d apart"]
    b, c = listed(signals)
    inner, outer = (examined(signals, (b, c), e) for e in (b, c))
    assert inner.check("odd_even").flag is Flag.UNKNOWN
    assert "Every even transit with data coincides with one of c" in inner.check("odd_even").sentence
    assert "coincide with transits of c" in inner.check("coverage").sentence
    assert outer.check("odd_even").flag is Flag.PASS
    assert "transits of b are subtracted" in outer.check("strength").sentence
    # together, as they were measured before
    assert examine(outer.detrended, b).check("odd_even").flag is Flag.FAIL


@pytest.mark.parametrize("which", range(4))
def test_a_system_like_kepler_223(which: int):
    """Near 4:3, 2:1 and 3:2: some transits coincide, most do not."""
    signals = [orbit(0, 7.3845, 0.03), orbit(1.3, 9.8456, 0.035), orbit(0.05, 14.7887, 0.05), orbit(3.3, 19.7257, 0.04)]
    known = listed(signals)
    found = examined(signals, known, known[which], days=180.0, minutes=10.0)
    assert {e.name for e in found.separated.masked} == {"b", "c", "d", "e"} - {known[which].name}
    assert found.fit.depth_ppm == pytest.approx(signals[which].depth_ppm, abs=3.5 * found.fit.depth_err_ppm)
    assert found.check("odd_even").flag in (Flag.PASS, Flag.UNKNOWN), found.check("odd_even").sentence
    assert found.check("secondary").flag is not Flag.FAIL


def test_one_planet_listed_at_its_period_and_at_twice_it():
    planet = orbit(0, 3.1, 0.05)
    (b,) = listed([planet])
    twice = replace(b, name="b twice", period_days=6.2)
    found = examined([planet], (b, twice), b)
    assert found.fit.depth_ppm == pytest.approx(planet.depth_ppm, abs=3.5 * found.fit.depth_err_ppm)
    assert found.check("odd_even").flag is Flag.UNKNOWN
    alias = examined([planet], (b, twice), twice)
    assert alias.check("strength").flag is Flag.WARN
    assert "nothing here at this period and epoch but b" in alias.check("strength").sentence
    assert alias.check("odd_even").flag is not Flag.FAIL
    # at twice the period, and not listed: it is b itself
    person = examined([planet], (b,), replace(twice, name="in hand"))
    assert person.fit.depth_ppm == pytest.approx(planet.depth_ppm, abs=3.5 * person.fit.depth_err_ppm)
    assert "has half this period" in person.check("known_object").sentence


def test_planets_are_masked_where_their_drifted_ephemerides_put_them():
    """Epochs three years before the data, whose errors have grown to half an hour."""
    signals = SYSTEMS["2:1, 0.15 d apart"]
    b, c = listed(signals)
    old = [
        replace(e, t0=Instant(e.t0.days - n * e.period_days, e.t0.system), t0_err=0.001, period_err=0.02 / n)
        for e, n in ((b, 352), (c, 176))
    ]
    for chosen, true in zip(old, signals, strict=True):
        found = examined(signals, old, chosen)
        assert found.fit.depth_ppm == pytest.approx(true.depth_ppm, abs=3.5 * found.fit.depth_err_ppm)
        assert found.check("odd_even").flag is Flag.PASS
    # the signal in hand, found in the data, is the listed one that has drifted by an hour
    drifted = replace(old[0], t0=Instant(old[0].t0.days + 0.045, T0.system))
    found = examined(signals, (drifted, old[1]), replace(b, name="in hand"))
    assert [e.name for e in found.separated.masked] == ["c"]
    assert found.fit.depth_ppm == pytest.approx(signals[0].depth_ppm, abs=3.5 * found.fit.depth_err_ppm)
    assert "b, known already" in found.check("known_object").sentence


@pytest.mark.parametrize("system", ["2:1, 0.02 d apart", "2:1, 0.08 d apart"])
def test_an_ephemeris_is_refined_without_the_transits_of_the_other_planet(system: str):
    signals = SYSTEMS[system]
    b, c = listed(signals)
    curves = [observed(signals, wave=(0.0, 4.3), gaps=())]
    for chosen, other, true in ((b, c, signals[0]), (c, b, signals[1])):
        best = refine_ephemeris(curves, replace(chosen, period_days=chosen.period_days * 1.0002), (other,))
        cycles = round((best.t0.days - chosen.t0.days) / chosen.period_days)
        assert best.t0.days - cycles * chosen.period_days == pytest.approx(chosen.t0.days, abs=4 * best.t0_err)
        assert best.period_days == pytest.approx(chosen.period_days, abs=4 * best.period_err)
        assert best.depth_ppm == pytest.approx(true.depth_ppm, rel=0.03)


def test_a_binary_still_alternates_beside_a_planet():
    binary = EclipsingBinary(Orbit(T0, 5.8, 0.4, 0.3, 1.2, 0.32, 0.25), light_ratio=0.02, third_light=0.8)
    planet = orbit(1.1, 4.4, 0.06)
    half = replace(signal_ephemeris("SIM 7", "b", binary), period_days=2.9)
    (other,) = listed([planet])
    for known in ((half,), (half, replace(other, name="c"))):
        check = examined([binary, planet], known, half).check("odd_even")
        assert check.flag is Flag.FAIL
        assert check.reason_codes == ("OED", "EB")
