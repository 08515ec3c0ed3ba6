"""Sentences never contradict their numbers: whatever is examined, what a check says is what it measured.

Few examples here; `ASTROSEQ_EXAMPLES=300 pytest tests/vetting/test_sentences.py` tries more.
"""

import math
import os
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.preprocessing.prepare import prepare
from astroseq_core.simulation.transits import Orbit, relative_flux, signal_ephemeris
from astroseq_core.times import Instant
from astroseq_core.vetting.checks.base import CheckResult, Flag
from astroseq_core.vetting.checks.coverage import MIN_COVERAGE, MIN_TRANSITS
from astroseq_core.vetting.checks.odd_even import ODD_EVEN_FAIL, ODD_EVEN_WARN
from astroseq_core.vetting.checks.strength import MEASURABLE, NO_SIGNAL, SIGNIFICANT
from astroseq_core.vetting.examine import Examination, examine
from astroseq_core.vetting.odd_even import mean_depth
from tests.vetting.simulated import T0

EXAMPLES = int(os.environ.get("ASTROSEQ_EXAMPLES", "5"))
NUMBER = r"(-?[\d,]+(?:\.\d+)?)"
PAIR = re.compile(rf"{NUMBER} ± {NUMBER}")


@st.composite
def stars(draw: st.DrawFn) -> tuple[LightCurve, Orbit, float]:
    """A light curve, its primary eclipse, and the period to examine it at."""
    period = draw(st.floats(0.8, 11.0))
    ratio = draw(st.sampled_from([0.02, 0.05, 0.1, 0.2, 0.45]))
    impact = draw(st.floats(0.0, 1.0)) * (1 + 0.7 * ratio)
    first = Orbit(T0, period, ratio, impact, draw(st.floats(0.5, 3.0)), 0.32, 0.25)
    signals = [first]
    second = draw(st.sampled_from(["none", "equal", "late", "shallow", "eccentric"]))
    if second != "none":
        days = {"late": 0.5 * period + draw(st.floats(-40, 40)) / 1440, "eccentric": 0.31 * period}.get(second, 0.5 * period)
        smaller = ratio * (draw(st.floats(0.2, 0.9)) if second in ("shallow", "eccentric") else 1.0)
        impact = min(impact, 0.99 * (1 + smaller))
        signals.append(replace(first, t0=Instant(T0.days + days, T0.system), radius_ratio=smaller, impact=impact))
    minutes = draw(st.sampled_from([2.0, 10.0, 30.0]))
    noise = draw(st.sampled_from([100.0, 600.0, 3000.0])) * math.sqrt(2 / minutes) * 1e-6
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    time = 1325 + np.arange(0, 27, minutes / 1440)
    time = time[(time < 1338) | (time > 1339.2)]
    flux = relative_flux(time, signals, minutes) * (1 + draw(st.sampled_from([0.0, 0.004])) * np.sin(2 * np.pi * time / 3.7))
    for when in draw(st.lists(st.floats(1325, 1352), max_size=4)):
        flux = flux + 0.01 * np.where(time > when, np.exp(-np.maximum(time - when, 0) / 0.02), 0.0)
    every = draw(st.sampled_from([1, 1, 1, 3]))
    flux = flux + noise * rng.standard_normal(len(time))
    curve = LightCurve.from_arrays(time[::every], flux[::every], "TIC 7")
    return curve, first, period / draw(st.sampled_from([1, 1, 2, 3]))


def numbers(sentence: str) -> list[tuple[float, float, int]]:
    """Values, errors and digits of all `value ± error` of a sentence."""
    out = []
    for value, error in PAIR.findall(sentence):
        out.append((float(value.replace(",", "")), float(error.replace(",", "")), len(value.partition(".")[2])))
    return out


def says(sentence: str, value: float, error: float) -> bool:
    """Whether the sentence has that value with that error, as rounded there."""
    return any(
        abs(v - value) <= 0.51 * 10.0**-digits and abs(e - error) <= 0.51 * 10.0**-digits for v, e, digits in numbers(sentence)
    )


def check_every_check(found: Examination) -> None:
    for c in found.checks:
        assert c.sentence.endswith("."), c
        assert "nan" not in c.sentence.lower().split(), c
        assert "inf" not in c.sentence.lower().split(), c
        assert (c.value is None) == (c.flag is Flag.UNKNOWN), c
        assert c.value is None or math.isfinite(c.value), c
        assert c.error is None or (math.isfinite(c.error) and c.error >= 0), c
        assert not c.reason_codes or c.flag in (Flag.WARN, Flag.FAIL), c
        for _, error, _ in numbers(c.sentence):
            assert error >= 0, c
        for part in re.findall(rf"{NUMBER} % of (?:the depth|the signal|its duration)|by {NUMBER} %", c.sentence):
            assert max(float(number.replace(",", "")) for number in part if number) <= 100, c
    strength = mean_depth(found.transits)
    if strength is not None and strength[0] < MEASURABLE.value * strength[1]:
        for name in ("shape", "duration"):
            assert found.check(name).flag is Flag.UNKNOWN
        assert found.check("depth").flag is not Flag.PASS


def check_odd_even(found: Examination, c: CheckResult) -> None:
    assert ("as of one planet" in c.sentence) <= (c.flag is Flag.PASS)
    assert ("binary star of twice the period" in c.sentence) <= (c.flag in (Flag.FAIL, Flag.WARN))
    assert ("the period is t" in c.sentence) == ("WE" in c.reason_codes)
    if c.flag is Flag.UNKNOWN:
        return
    odd, even = found.odd, found.even
    assert odd is not None
    assert even is not None
    assert c.error is not None
    assert says(c.sentence, c.value, c.error), c
    if "Every third" not in c.sentence:
        assert says(c.sentence, odd.depth_ppm, odd.depth_err_ppm), c
        assert says(c.sentence, even.depth_ppm, even.depth_err_ppm), c
    sigmas = re.findall(r"([\d.]+) σ", c.sentence)
    for sigma in sigmas:
        assert float(sigma) == pytest.approx(c.value / c.error, abs=0.051), c
    if c.flag is Flag.FAIL:
        assert c.value / c.error > ODD_EVEN_FAIL.value
    if "as of one planet" in c.sentence:
        assert c.value / c.error <= ODD_EVEN_WARN.value
        assert (odd.depth_ppm + even.depth_ppm) / 2 >= ODD_EVEN_WARN.value * c.error


def check_strength(found: Examination, c: CheckResult) -> None:
    if c.flag is Flag.UNKNOWN:
        return
    mean = mean_depth(found.transits)
    assert mean is not None
    assert says(c.sentence, mean[0], mean[1]), c
    assert (c.flag is Flag.PASS) == (c.value >= SIGNIFICANT.value)
    assert ("there is nothing here" in c.sentence) == (c.value < NO_SIGNAL.value)


def check_coverage(found: Examination, c: CheckResult) -> None:
    seen = [t for t in found.transits if t.coverage >= MIN_COVERAGE.value]
    counted = re.search(r"(\d+) of (\d+) predicted transits have data; (\d+) touch a gap and (\d+) a momentum dump", c.sentence)
    if counted:
        told = tuple(int(n) for n in counted.groups())
        assert told == (len(seen), len(found.transits), sum(t.touches_gap for t in seen), sum(t.near_dump for t in seen))
        assert c.value == len(seen)
    assert (c.flag is Flag.PASS) <= (len(seen) >= MIN_TRANSITS.value)


def check_shape(found: Examination, c: CheckResult) -> None:
    assert ("U-shaped" in c.sentence) <= (c.flag is Flag.PASS)
    assert ("V-shaped" in c.sentence) <= (c.flag in (Flag.WARN, Flag.FAIL))
    if c.flag in (Flag.WARN, Flag.FAIL) and "V-shaped" in c.sentence:
        assert found.fit is not None
        assert found.fit.impact > 1 - found.fit.radius_ratio, "a V is a grazing transit"


@given(star=stars())
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES <= 5,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_what_a_check_says_is_what_it_measured(star: tuple[LightCurve, Orbit, float]) -> None:
    curve, orbit, period = star
    e = signal_ephemeris("TIC 7", "b", orbit)
    e = replace(e, period_days=period, duration_hours=min(e.duration_hours, 0.4 * 24 * period))
    found = examine([prepare(curve)], e)
    check_every_check(found)
    check_odd_even(found, found.check("odd_even"))
    check_strength(found, found.check("strength"))
    check_coverage(found, found.check("coverage"))
    check_shape(found, found.check("shape"))
