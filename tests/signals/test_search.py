"""All signals of a star are found, at their own periods, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from astroseq_core import open_star
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.preprocessing.prepare import DetrendedLightCurve
from astroseq_core.same_signal import compare_signals
from astroseq_core.signals.aliases import settle_period
from astroseq_core.signals.box_search import climb, make_dip_grid, measure_uniqueness, search_boxes
from astroseq_core.signals.event_depths import event_boxes, event_depths
from astroseq_core.signals.odds import MAX_LOG_ODDS
from astroseq_core.signals.search import MAX_SIGNALS, _Search, find_signals
from astroseq_core.signals.signal import ClassProbabilities, FoundSignal, best_signal
from astroseq_core.signals.trapezoid_fit import fit_trapezoid, trapezoid
from astroseq_core.simulation.transits import EclipsingBinary, Orbit, signal_ephemeris
from astroseq_core.times import Instant, TimeSystem
from tests.vetting.simulated import T0, observed

BTJD = TimeSystem.BTJD
INNER = Orbit(T0, 3.7, 0.045)
OUTER = Orbit(Instant(1328.1, BTJD), 7.45, 0.05)  # near 2:1


def found_periods(found: tuple[FoundSignal, ...]) -> list[float]:
    return sorted(one.ephemeris.period_days or 0.0 for one in found)


@pytest.fixture(scope="module")
def pair() -> list[DetrendedLightCurve]:
    return [observed([INNER, OUTER])]


@pytest.fixture(scope="module")
def pair_found(pair) -> tuple[FoundSignal, ...]:
    return find_signals([], pair)


def test_two_planets_near_2_to_1_are_two_signals(pair_found):
    assert found_periods(pair_found) == pytest.approx([3.7, 7.45], abs=5e-3)
    for one, orbit in ((s, INNER if s.ephemeris.period_days < 5 else OUTER) for s in pair_found):
        true = signal_ephemeris("SIM 7", "b", orbit)
        assert compare_signals(one.ephemeris, true, 1325, 1352).same
        assert one.snr > 20
        assert one.ephemeris.depth_ppm == pytest.approx(orbit.depth * 1e6, rel=0.12)
        assert one.ephemeris.duration_hours == pytest.approx(true.duration_hours, rel=0.15)
        assert 0 < one.duration_err_hours < 0.3 * true.duration_hours


def test_no_signal_is_likelier_than_the_bounds_of_the_odds(pair):
    assert find_signals([], pair, least_log_odds=MAX_LOG_ODDS + 1) == ()


def test_errors_are_those_of_the_scatter():
    """Periods of thirty noise draws scatter as their errors say."""
    true = signal_ephemeris("SIM 7", "b", INNER)
    pulls = []
    for seed in range(30):
        curve = [observed([INNER], minutes=10.0, noise_ppm=300.0, seed=seed, wave=(0.0, 4.0))]
        start = replace(true, period_days=3.7 + 0.002, t0=Instant(T0.days + 0.01, BTJD), duration_hours=true.duration_hours * 1.2)
        fit = fit_trapezoid(curve, [curve[0].flat], start)
        fitted = fit.ephemeris
        number = round((fitted.t0.days - T0.days) / 3.7)
        pulls.append(
            [
                (fitted.period_days - 3.7) / fitted.period_err,
                (fitted.t0.days - T0.days - number * 3.7) / fitted.t0_err,
                fit.depth_err_ppm / (fitted.depth_ppm * 0.03),
            ]
        )
    period, epoch, depth = np.array(pulls).T
    assert 0.5 < np.sqrt(np.mean(period**2)) < 1.7
    assert 0.5 < np.sqrt(np.mean(epoch**2)) < 1.7
    assert np.median(depth) < 1.5


def test_noise_holds_no_signal():
    curves = [observed([], seed=seed, minutes=10.0, wave=(0.01, 2.9)) for seed in range(6)]
    assert [find_signals([], [c]) for c in curves] == [()] * 6
    assert find_signals([], []) == ()


@pytest.mark.parametrize("light_ratio", [0.25, 0.7])
def test_a_binary_has_the_period_of_its_orbit_and_is_one_signal(light_ratio):
    """Unequal eclipses half an orbit apart: the search folds them at half the period."""
    binary = EclipsingBinary(Orbit(T0, 5.2, 0.6, impact=0.1), light_ratio, 0.0, 0.8)
    found = find_signals([], [observed([binary], noise_ppm=800.0)])
    assert found_periods(found) == pytest.approx([5.2], rel=2e-3)


def test_equal_dips_are_folded_at_the_shorter_period(pair):
    curve = [observed([INNER])]
    twice = replace(signal_ephemeris("SIM 7", "b", INNER), period_days=7.4)
    assert settle_period(event_boxes(curve, [curve[0].flat], twice), twice).period_days == pytest.approx(3.7)
    thrice = replace(twice, period_days=11.1)
    assert settle_period(event_boxes(curve, [curve[0].flat], thrice), thrice).period_days == pytest.approx(3.7)


def test_a_period_is_settled_again_with_the_fitted_epoch():
    """A box half a duration late, of a period a little too long, lies on some transits of every second one alone."""
    curve, true = [observed([INNER])], signal_ephemeris("SIM 7", "b", INNER)
    late = replace(true, period_days=7.41, t0=Instant(true.t0.days + 0.5 * true.duration_days, BTJD))
    search = _Search(curve, ())
    [candidate] = search._measure(late, ())
    assert candidate.ephemeris.period_days == 7.41
    again, fit = search.settle_fitted(candidate, ())
    assert fit.ephemeris.period_days == pytest.approx(3.7, abs=1e-3)
    assert again.num_transits > candidate.num_transits


def test_a_period_of_which_every_second_or_third_transit_is_missing_is_lengthened():
    long = Orbit(T0, 6.6, 0.06)
    curve = [observed([long])]
    true = signal_ephemeris("SIM 7", "b", long)
    for factor in (2, 3):
        short = replace(true, period_days=6.6 / factor)
        settled = settle_period(event_boxes(curve, [curve[0].flat], short), short)
        assert compare_signals(settled, true, 1325, 1352).same, factor


def test_depths_of_single_transits_are_those_injected(pair):
    inner = signal_ephemeris("SIM 7", "b", INNER)
    outer = signal_ephemeris("SIM 7", "c", OUTER)
    events = event_depths(event_boxes(pair, [pair[0].flat], inner, [outer]), inner)
    assert len(events.depth) >= 5
    assert events.mean()[0] == pytest.approx(INNER.depth, rel=0.2)
    assert event_depths(event_boxes(pair, [pair[0].flat], inner, [outer]), inner, 0.31).snr < 4


def test_a_dip_is_unique_and_a_wave_is_not():
    dips = make_dip_grid([observed([INNER])])
    best = search_boxes(dips)[0]
    unique = measure_uniqueness(dips, best)
    assert unique.primary > 20 > 6 > max(unique.tertiary, unique.positive)
    quick = make_dip_grid([observed([], wave=(0.004, 0.9), noise_ppm=800.0)])
    wave = search_boxes(quick)[0]
    assert measure_uniqueness(quick, wave).positive > 0.6 * wave.score > 3


def test_a_trial_outside_the_periods_is_none(pair):
    dips = make_dip_grid(pair)
    assert climb(dips, 0.2 / dips.grid.step, 0.0, 0) is None
    assert climb(dips, 400 / dips.grid.step, 0.0, 0) is None


def test_simulated_star_with_three_planets_through_the_network(monkeypatch):
    """SIM 1: its first planet folded at half its period, and the second is near 2:1 of it."""
    star = open_star("SIM 1")
    scored = star.score()
    found = find_signals(scored.segments, star.detrended, scored.star_score)
    matched = [
        next((one for one in found if compare_signals(one.ephemeris, true, None, None).same), None) for true in star.ephemerides
    ]
    assert len(found) == 3 <= MAX_SIGNALS
    assert all(matched)
    assert all(one.evidence > 10 for one in found)


def test_the_trapezoid_is_one_inside_and_zero_outside():
    assert trapezoid(np.array([-3.0, -1.0, 0.0, 0.9]), 1.0, 0.2) == pytest.approx([0, 0, 1, 0.5])


@pytest.mark.parametrize(("depth_ppm", "factor"), [(None, 1.0), (70_000.0, 1.0), (90_000.0, 1e-3), (700_000.0, 1e-3)])
def test_what_no_planet_is_as_deep_as_is_not_ranked_as_one(depth_ppm: float | None, factor: float):
    orbit = Ephemeris("TIC 1", "signal 1", Instant(1500.0, TimeSystem.BTJD), 3.1, 2.0, depth_ppm)
    classes = ClassProbabilities(0.9, 0.08, 0.02, 0.0, 0.0, 0.0)
    deep = FoundSignal(1, orbit, snr=50.0, num_transits=9, log_odds=25.0, classes=classes)
    assert deep.is_too_deep is (factor < 1)
    assert deep.planet_score == pytest.approx(np.log(0.9 * factor / (1 - 0.9 * factor)), abs=1e-6)
    assert deep.classes == classes, "the probabilities are what the classifier says"


def test_the_planet_score_joins_odds_and_class():
    e = Ephemeris("SIM 7", "b", T0, 3.7, 3.0, depth_ppm=900.0)
    plain = FoundSignal(1, e, 30.0, 7, log_odds=20.0)
    planet = replace(plain, classes=ClassProbabilities(0.9, 0.08, 0.02, 0.02, 0.02, 0.01))
    binary = replace(plain, number=2, classes=ClassProbabilities(0.02, 0.97, 0.01, 0.01, 0.02, 0.01))
    doubtful = replace(planet, number=3, log_odds=-1.0)
    assert plain.planet_score == pytest.approx(20.0, abs=1e-3)
    assert planet.planet_score == pytest.approx(np.log(9), abs=1e-6)
    assert binary.planet_score < doubtful.planet_score < planet.planet_score
    assert best_signal((binary, doubtful, planet)) is planet
    assert best_signal(()) is None
    assert (
        0 < planet.classes.doubt < replace(planet.classes, p_planet=0.34, p_eclipsing_binary=0.33, p_not_transit=0.33).doubt <= 1
    )
    assert plain.depth_err_ppm == pytest.approx(np.hypot(30.0, 36.0))
    worst = replace(binary, log_odds=-1e6)
    assert worst.planet_score == -30.0
