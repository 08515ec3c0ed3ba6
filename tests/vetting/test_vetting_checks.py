"""Each check by itself, and the thresholds."""

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.same_signal import match_known_signal
from astroseq_core.stellar import StellarParameters
from astroseq_core.store.disposition_entry import REASON_CODES
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.vetting.centroid import CentroidShift
from astroseq_core.vetting.checks import base
from astroseq_core.vetting.checks.base import Check, Flag, all_checks, format_with_error, thresholds_table
from astroseq_core.vetting.checks.centroid import check_centroid
from astroseq_core.vetting.checks.depth import check_depth
from astroseq_core.vetting.checks.depth_consistency import check_depth_consistency
from astroseq_core.vetting.checks.odd_even import check_odd_even
from astroseq_core.vetting.checks.strength import check_strength
from astroseq_core.vetting.depths import SingleTransit
from astroseq_core.vetting.measurements import Measurements
from astroseq_core.vetting.odd_even import mean_depth
from astroseq_core.vetting.secondary import chance_sigma

E = Ephemeris("TIC 1", "b", Instant(1330.0, TimeSystem.BTJD), 3.0, 3.0, 1000.0)


def transit(number, depth, error=100.0, **changes):
    values = {"coverage": 1.0, "touches_gap": False, "near_dump": False, **changes}
    hours = np.linspace(-4, 4, 50)
    return SingleTransit(number, 1330 + 3.0 * number, TimeSystem.BTJD, depth, error, hours, hours * 0, "s", **values)


def measured(**values):
    return Measurements(ephemeris=E, **values)


def test_thresholds_name_their_source():
    thresholds = [t for check in all_checks() for t in check.thresholds]
    assert len({t.name for t in thresholds}) == len(thresholds) > 25
    assert all(t.source and t.meaning for t in thresholds)


def test_a_check_that_passes_suggests_nothing():
    shape = {c.name: c for c in all_checks()}["shape"]
    assert shape.result(Flag.PASS, 1.0, 0.1, "", "Fine.", ("VSH",)).reason_codes == ()
    assert shape.result(Flag.WARN, 1.0, 0.1, "", "Look.", ("VSH",)).reason_codes == ("VSH",)
    assert shape.unknown("Why.").title == "Shape"
    with pytest.raises(ValueError, match="does not declare"):
        shape.result(Flag.WARN, 1.0, 0.1, "", "Look.", ("CO",))


def test_checks_stand_in_their_order_with_the_names_that_are_stored():
    assert [c.name for c in all_checks()] == [
        "strength",
        "odd_even",
        "secondary",
        "depth_consistency",
        "duration",
        "shape",
        "depth",
        "centroid",
        "coverage",
        "variability",
        "neighbors",
        "known_object",
    ]
    assert {code for c in all_checks() for code in c.reason_codes} <= set(REASON_CODES)
    for taken in (Check("new", "New", 10), Check("shape", "New", 15), Check("new", "New", 15, all_checks()[3].thresholds[:1])):
        with pytest.raises(ValueError, match="of the check"):
            base.register(taken)(lambda _: None)


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
    agree = check_depth_consistency(measured(transits=tuple(transit(i, 5000 + 80 * (-1) ** i) for i in range(8))))
    vary = check_depth_consistency(measured(transits=tuple(transit(i, 5000 + 2000 * (-1) ** i) for i in range(8))))
    assert (agree.flag, vary.flag) == (Flag.PASS, Flag.FAIL)
    assert vary.reason_codes == ("DV",)
    sparse = measured(transits=tuple(transit(i, 5000 + 2000 * (-1) ** i) for i in range(8)), detrended=every(144.0))
    assert check_depth_consistency(sparse).flag is Flag.WARN
    assert "cadences are so far apart" in check_depth_consistency(sparse).sentence
    dense = replace(sparse, detrended=every(30.0))
    assert check_depth_consistency(dense).flag is Flag.FAIL


def every(minutes):
    return (SimpleNamespace(cadence_minutes=minutes),)


def test_a_star_whose_radius_is_not_well_known_fails_no_companion():
    fit = SimpleNamespace(radius_ratio=0.068, radius_ratio_err=0.001, depth_err_ppm=10.0)
    giant = StellarParameters(radius_solar=3.9)
    flags = []
    for star in (giant, replace(giant, radius_err=0.2), replace(giant, radius_err=0.96)):
        flags.append(check_depth(measured(fit=fit, depth_ppm=4500.0, stellar=star)))
    assert [f.flag for f in flags] == [Flag.WARN, Flag.FAIL, Flag.WARN]
    assert "28.9 ± 7.1 Earth radii" in flags[2].sentence


def test_a_faint_signal_warns():
    assert check_strength(measured(transits=tuple(transit(i, 100) for i in range(4)))).flag is Flag.WARN
    assert check_strength(measured(transits=tuple(transit(i, 1000) for i in range(4)))).flag is Flag.PASS
    assert check_strength(measured()).flag is Flag.UNKNOWN


def test_a_small_difference_between_odd_and_even_is_no_binary():
    odd, even = half(1010.0), half(1000.0)
    check = check_odd_even(measured(odd=odd, even=even, odd_even_sigma=7.1))
    assert check.flag is Flag.PASS
    assert "too little" in check.sentence
    assert check_odd_even(measured(odd=half(1100.0), even=even, odd_even_sigma=70.0)).flag is Flag.FAIL


def half(depth):
    return SimpleNamespace(depth_ppm=depth, depth_err_ppm=1.0, scale_err_ppm=None)


def test_a_centroid_that_moves_fails():
    shift = SimpleNamespace(
        dx=0.01, dx_err=0.001, dy=0.0, dy_err=0.001, sigma=9.0, num_transits=5, offset_pixels=1.2, offset_err=0.1
    )
    assert check_centroid(measured(centroid=shift)).flag is Flag.FAIL
    assert "1.20 ± 0.10 pixels" in check_centroid(measured(centroid=shift)).sentence
    still = SimpleNamespace(**{**vars(shift), "dx": 0.001, "sigma": 0.5})
    assert check_centroid(measured(centroid=still)).flag is Flag.PASS
    single = SimpleNamespace(**{**vars(still), "num_transits": 1})
    assert check_centroid(measured(centroid=single)).sentence.startswith("In one transit the")
    assert check_centroid(measured(centroid=None)).flag is Flag.UNKNOWN


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
    found = match_known_signal(E, [known], 1326.0, 1353.0)
    assert (found.ratio, found.transits_coincide) == (ratio, together)


def test_other_periods_are_no_match():
    assert match_known_signal(E, [replace(E, period_days=3.2), replace(E, period_days=None)], 1326.0, 1353.0) is None
    assert match_known_signal(replace(E, period_days=None), [E], 1326.0, 1353.0).transits_coincide


def test_a_small_shift_of_the_centroid_is_not_held_against_a_deep_transit():
    """TrES-2: 54 sigma, but the source lies a hundredth of a pixel from the light's centre."""
    nothing = np.empty(0)
    near = CentroidShift(1.4e-4, 3e-6, 0.0, 3e-6, 54.0, 410, 14_000.0, 0.0132, 0.0003, nothing, nothing, nothing, nothing > 0)
    found = check_centroid(measured(centroid=near))
    assert found.flag is Flag.PASS
    assert "0.01320 ± 0.00030 pixels" in found.sentence
    assert "0.00 " not in found.sentence
    unsure = replace(near, offset_pixels=0.9, offset_err=0.5)
    assert check_centroid(measured(centroid=unsure)).flag is Flag.WARN, "far off, but not for certain"
    assert check_centroid(measured(centroid=replace(near, offset_pixels=None, offset_err=None))).flag is Flag.WARN


@pytest.mark.parametrize(
    ("value", "error", "said"),
    [(1234.5, 67.0, "1234 ± 67"), (0.0132, 0.0003, "0.01320 ± 0.00030"), (5.0, 0.0, "5"), (5.0, math.nan, "5")],
)
def test_errors_are_written_with_the_digits_that_count(value, error, said):
    assert format_with_error(value, error) == said


def test_the_page_on_vetting_has_the_table_of_thresholds():
    text = (Path(__file__).resolve().parent.parent.parent / "docs" / "vetting.md").read_text(encoding="utf-8")
    assert thresholds_table() in text, "put what thresholds_table() returns into docs/vetting.md"
