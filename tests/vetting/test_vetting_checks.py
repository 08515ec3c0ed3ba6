"""Each check by itself, and the thresholds."""

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.vetting import checks_depth, checks_star, thresholds
from astroseq_core.vetting.centroid import CentroidShift
from astroseq_core.vetting.check import Flag, result, unknown, with_error
from astroseq_core.vetting.known_match import match_known
from astroseq_core.vetting.odd_even import mean_depth
from astroseq_core.vetting.secondary import chance_sigma
from astroseq_core.vetting.single_transits import SingleTransit

E = Ephemeris("TIC 1", "b", Instant(1330.0, TimeSystem.BTJD), 3.0, 3.0, 1000.0)


def transit(number, depth, error=100.0, **changes):
    values = {"coverage": 1.0, "touches_gap": False, "near_dump": False, **changes}
    hours = np.linspace(-4, 4, 50)
    return SingleTransit(number, 1330 + 3.0 * number, TimeSystem.BTJD, depth, error, hours, hours * 0, "s", **values)


def test_thresholds_name_their_source():
    assert len({t.name for t in thresholds.ALL}) == len(thresholds.ALL) > 25
    assert all(t.source and t.meaning for t in thresholds.ALL)


def test_a_check_that_passes_suggests_nothing():
    assert result("shape", Flag.PASS, 1.0, 0.1, "", "Fine.", ("VSH",)).suggests == ()
    assert result("shape", Flag.WARN, 1.0, 0.1, "", "Look.", ("VSH",)).suggests == ("VSH",)
    assert unknown("shape", "Why.").title == "Shape"


def test_the_mean_depth_is_weighted_and_knows_its_scatter():
    mean, error, number = mean_depth([transit(i, 1000 + 100 * (-1) ** i) for i in range(8)])
    assert (mean, number) == (pytest.approx(1000), 8)
    assert error == pytest.approx(100 / np.sqrt(8), rel=0.15)
    wide = mean_depth([transit(i, 1000 + 400 * (-1) ** i) for i in range(8)])[1]
    assert wide == pytest.approx(4 * 100 / np.sqrt(8), rel=0.15)
    assert mean_depth([transit(0, 1000, coverage=0.2)]) is None
    with_an_outlier = mean_depth([*(transit(i, 1000 + 50 * (-1) ** i) for i in range(8)), transit(9, 9000)])
    assert with_an_outlier[0] == pytest.approx(1000)


def test_depths_that_vary_fail_and_those_that_agree_pass():
    agree = checks_depth.depth_consistency(E, [transit(i, 5000 + 80 * (-1) ** i) for i in range(8)])
    vary = checks_depth.depth_consistency(E, [transit(i, 5000 + 2000 * (-1) ** i) for i in range(8)])
    assert (agree.flag, vary.flag) == (Flag.PASS, Flag.FAIL)
    assert vary.suggests == ("DV",)


def test_a_faint_signal_warns():
    assert checks_depth.strength([transit(i, 100) for i in range(4)]).flag is Flag.WARN
    assert checks_depth.strength([transit(i, 1000) for i in range(4)]).flag is Flag.PASS
    assert checks_depth.strength([]).flag is Flag.UNKNOWN


def test_a_small_difference_between_odd_and_even_is_no_binary():
    odd, even = SimpleNamespace(depth_ppm=1010.0, depth_err_ppm=1.0), SimpleNamespace(depth_ppm=1000.0, depth_err_ppm=1.0)
    check = checks_depth.odd_even(E, odd, even, 7.1)
    assert check.flag is Flag.PASS
    assert "too little" in check.sentence
    assert checks_depth.odd_even(E, replace_depth(odd, 1100), even, 70.0).flag is Flag.FAIL


def replace_depth(half, depth):
    return SimpleNamespace(depth_ppm=depth, depth_err_ppm=half.depth_err_ppm)


def test_a_centroid_that_moves_fails():
    shift = SimpleNamespace(
        dx=0.01, dx_err=0.001, dy=0.0, dy_err=0.001, sigma=9.0, num_transits=5, offset_pixels=1.2, offset_err=0.1
    )
    assert checks_star.centroid(shift).flag is Flag.FAIL
    assert "1.20 ± 0.10 pixels" in checks_star.centroid(shift).sentence
    still = SimpleNamespace(**{**vars(shift), "dx": 0.001, "sigma": 0.5})
    assert checks_star.centroid(still).flag is Flag.PASS
    assert checks_star.centroid(None).flag is Flag.UNKNOWN


def test_chance_grows_with_the_number_of_phases():
    long = replace(E, period_days=300.0)
    assert chance_sigma(E, 20_000) < chance_sigma(long, 20_000) < 6
    assert chance_sigma(E, 1) < 3


@pytest.mark.parametrize(
    ("period", "t0", "ratio", "together"),
    [(3.0, 1360.0, "1", True), (6.0, 1333.0, "1/2", True), (1.5, 1330.0, "2", True), (3.0, 1331.5, "1", False)],
)
def test_known_signals_at_the_period_its_double_and_its_half(period, t0, ratio, together):
    known = replace(E, name="K", period_days=period, t0=Instant(t0 + 2_457_000, TimeSystem.BJD))
    found = match_known(E, 1326.0, 1353.0, [known])
    assert (found.ratio, found.together) == (ratio, together)


def test_other_periods_are_no_match():
    assert match_known(E, 1326.0, 1353.0, [replace(E, period_days=3.2), replace(E, period_days=None)]) is None
    assert match_known(replace(E, period_days=None), 1326.0, 1353.0, [E]).together


def test_a_small_shift_of_the_centroid_is_not_held_against_a_deep_transit():
    """TrES-2: 54 sigma, but the source lies a hundredth of a pixel from the light's centre."""
    nothing = np.empty(0)
    near = CentroidShift(1.4e-4, 3e-6, 0.0, 3e-6, 54.0, 410, 14_000.0, 0.0132, 0.0003, nothing, nothing, nothing, nothing > 0)
    found = checks_star.centroid(near)
    assert found.flag is Flag.PASS
    assert "0.01320 ± 0.00030 pixels" in found.sentence
    assert "0.00 " not in found.sentence
    unsure = replace(near, offset_pixels=0.9, offset_err=0.5)
    assert checks_star.centroid(unsure).flag is Flag.WARN, "far off, but not for certain"
    assert checks_star.centroid(replace(near, offset_pixels=None, offset_err=None)).flag is Flag.WARN


@pytest.mark.parametrize(
    ("value", "error", "said"),
    [(1234.5, 67.0, "1234 ± 67"), (0.0132, 0.0003, "0.01320 ± 0.00030"), (5.0, 0.0, "5"), (5.0, math.nan, "5")],
)
def test_errors_are_written_with_the_digits_that_count(value, error, said):
    assert with_error(value, error) == said


def test_the_page_on_vetting_lists_every_threshold():
    text = (Path(__file__).resolve().parent.parent.parent / "docs" / "vetting.md").read_text(encoding="utf-8")
    for one in thresholds.ALL:
        assert f"| `{one.name}` | {one.value:g} {one.unit} |".replace("  ", " ") in text
