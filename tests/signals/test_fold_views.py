"""Folded views of injected signals against what was injected."""

from collections.abc import Sequence

import numpy as np
import pytest

from astroseq_core import missions
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import LightCurveError
from astroseq_core.io import lightcurve
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, prepare
from astroseq_core.signals import fold_views as fv
from astroseq_core.signals.bins import bin_medians, fill_empty
from astroseq_core.signals.folded_flux import MAX_SPAN_DURATIONS, fold_flux
from astroseq_core.signals.masked_trend import masked_flux
from astroseq_core.signals.views import GLOBAL_BINS, LOCAL_BINS
from astroseq_core.simulation.transits import Orbit, Signal, relative_flux, signal_ephemeris
from astroseq_core.targets import Target
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.vetting.fold import masked_detrended_flux
from tests.signals.simulated_views import dip
from tests.vetting.simulated import T0, observed

PERIOD, HOURS, DEPTH, FLAT_SHARE = 4.2, 4.0, 0.003, 0.6


def trapezoids(time: np.ndarray) -> np.ndarray:
    """Relative flux of a signal whose dips are trapezoids."""
    hours = 24 * (np.mod(time - T0.days + PERIOD / 2, PERIOD) - PERIOD / 2)
    return 1 + DEPTH * dip(hours, HOURS, FLAT_SHARE)


@pytest.fixture(scope="module")
def trapezoid() -> list[DetrendedLightCurve]:
    time = 1325 + np.arange(0, 27, 2 / 1440)
    noise = 300e-6 * np.random.default_rng(5).standard_normal(len(time))
    flux = trapezoids(time) * (1 + 0.004 * np.sin(2 * np.pi * time / 4.3)) + noise
    curve = lightcurve.make_light_curve(
        target=Target("SIM", "8"), observation="sector 1", time=time, flux=flux, instrument=missions.TESS
    )
    return [prepare(curve)]


SIGNAL = Ephemeris("SIM 8", "b", T0, PERIOD, HOURS)


def orbit(days: float, period: float, ratio: float) -> Orbit:
    """A planet whose epoch is so many days after T0."""
    return Orbit(Instant(T0.days + days, T0.system), period, ratio, 0.3, 1.2, 0.32, 0.25)


def largest_errors(curves: list[DetrendedLightCurve], signals: Sequence[Signal]) -> np.ndarray:
    """Largest difference of each global and local view (signals, 2) from that of the signal alone without noise."""
    known = [signal_ephemeris("SIM 7", name, s) for name, s in zip("bcd", signals, strict=False)]
    found = fv.fold_views(curves, known)
    out = []
    for i, (e, signal) in enumerate(zip(known, signals, strict=True)):
        alone = fv.make_views(fold_flux(curves, [e], [relative_flux(c.time, [signal], 2.0) - 1.0 for c in curves])).views
        pairs = ((found.global_view[i], alone.global_view[0]), (found.local_view[i], alone.local_view[0]))
        out.append([np.abs(a - b).max() for a, b in pairs])
    return np.array(out)


def test_medians_of_overlapping_bins_are_those_of_each_bin_alone():
    rng = np.random.default_rng(3)
    x, y = np.sort(rng.uniform(-1, 1, 500)), rng.standard_normal(500)
    starts = np.linspace(-0.9, 0.95 - 0.08, 37)
    expected = [np.median(y[(x >= a) & (x < a + 0.08)]) for a in starts]
    np.testing.assert_allclose(bin_medians(x, y, starts, 0.08), expected, atol=1e-12)
    gap = (x < -0.2) | (x > 0.2)
    holes = bin_medians(x[gap], y[gap], starts, 0.08)
    assert np.isnan(holes[(starts > -0.2) & (starts < 0.12)]).all()
    assert np.isfinite(fill_empty(holes)).all()


def test_a_trapezoid_has_the_view_that_was_injected(trapezoid):
    views = fv.fold_views(trapezoid, [SIGNAL])
    assert (views.global_view.shape, views.local_view.shape) == ((1, GLOBAL_BINS), (1, LOCAL_BINS))
    fold = fold_flux(trapezoid, [SIGNAL])[0]
    hours = 24 * fv.local_phases(fold)
    # six transits of two-minute cadences: 300 ppm become 16 ppm in a bin, 0.005 of the depth; the deepest bin sets the scale
    expected = dip(hours, HOURS, FLAT_SHARE)
    slopes = np.abs(np.abs(hours) - HOURS / 2 * (1 + FLAT_SHARE) / 2) < 0.75
    assert np.abs(views.local_view[0] - expected)[~slopes].max() < 0.06
    assert np.abs(views.local_view[0] - expected)[slopes].max() < 0.12
    assert views.global_view[0].argmin() in range(GLOBAL_BINS // 2 - 3, GLOBAL_BINS // 2 + 4)
    away = np.abs(fv.global_phases(fold)) > HOURS / 24
    assert np.abs(views.global_view[0][away]).max() < 0.1
    assert (views.period_days[0], views.duration_hours[0]) == pytest.approx((PERIOD, HOURS))


def test_depth_and_signal_to_noise_ratio_are_those_of_the_mean_transit_in_white_noise(trapezoid):
    fold = fold_flux(trapezoid, [SIGNAL])[0]
    white = DEPTH * (1 + FLAT_SHARE) / 2 / 300e-6 * np.sqrt(fold.inside.sum())
    views = fv.fold_views(trapezoid, [SIGNAL])
    assert views.snr[0] == pytest.approx(white, rel=0.2)
    assert views.depth_ppm[0] == pytest.approx(1e6 * DEPTH * (1 + FLAT_SHARE) / 2, rel=0.05)


@pytest.mark.parametrize("apart", [0.02, 0.08, 0.15, 1.0])
def test_two_planets_near_two_to_one_do_not_leak(apart):
    signals = [orbit(0, 3.1, 0.05), orbit(apart, 6.2, 0.06)]
    assert largest_errors([observed(signals, noise_ppm=150.0)], signals).max() < 0.1


def test_a_planet_that_hides_all_transits_of_another_is_not_subtracted_from_itself():
    planet = orbit(0, 3.1, 0.06)
    twice = [signal_ephemeris("SIM 7", name, planet) for name in "bc"]
    views = fv.fold_views([observed([planet])], twice)
    np.testing.assert_array_equal(views.local_view[0], views.local_view[1])
    assert views.local_view[0, LOCAL_BINS // 2] < -0.9


def test_gaps_are_interpolated_and_counted():
    planet = orbit(1.0, 9.3, 0.07)
    e = signal_ephemeris("SIM 7", "b", planet)
    whole = [observed([planet], gaps=())]
    # the same phases are missing in each of the three orbits
    gaps = [(T0.days + 1.0 + k * 9.3 + 0.05, T0.days + 1.0 + k * 9.3 + 1.5) for k in range(-1, 3)]
    cut = [observed([planet], gaps=gaps)]
    found, complete = (fv.make_views(fold_flux(c, [e])) for c in (cut, whole))
    assert complete.empty_global[0] == 0 == complete.empty_local[0]
    assert 25 <= found.empty_global[0] <= 35
    assert found.empty_local[0] > 10
    assert np.isfinite(found.views.global_view).all()
    assert np.isfinite(found.views.local_view).all()
    np.testing.assert_allclose(found.views.local_view[0, :28], complete.views.local_view[0, :28], atol=0.1)


def test_a_single_transit_lies_in_the_middle_of_its_observation():
    planet = Orbit(Instant(1330.0, TimeSystem.BTJD), None, 0.07, 0.3, shape_period_days=40.0)
    e = signal_ephemeris("SIM 7", "b", planet)
    curves = [observed([planet]), observed([], start=1355.0, gaps=(), name="sector 2")]
    found = fv.make_views(fold_flux(curves, [e]))
    fold = fold_flux(curves, [e])[0]
    assert fold.period_days == pytest.approx(27.0, abs=0.1)
    assert len(fold.phase_days) <= len(curves[0].time)
    assert np.isnan(found.views.period_days[0])
    assert found.views.global_view[0].argmin() == pytest.approx(GLOBAL_BINS // 2, abs=1)
    assert found.views.local_view[0, LOCAL_BINS // 2] < -0.9
    assert np.abs(found.views.local_view[0, :10]).max() < 0.15


def test_the_span_of_a_single_transit_is_limited():
    planet = Orbit(Instant(1330.0, TimeSystem.BTJD), None, 0.05, 0.3, density_solar=30.0, shape_period_days=3.0)
    e = signal_ephemeris("SIM 7", "b", planet)
    fold = fold_flux([observed([planet])], [e])[0]
    assert fold.period_days == pytest.approx(MAX_SPAN_DURATIONS * e.duration_days)
    assert np.abs(fold.phase_days).max() <= fold.period_days / 2


def test_kepler_has_the_grid_of_its_labelled_signals():
    planet = Orbit(Instant(140.0, TimeSystem.BKJD), 9.3, 0.07)
    e = signal_ephemeris("SIM 7", "b", planet)
    curve = observed([planet], minutes=29.4, days=80, start=131.0, gaps=(), instrument=missions.KEPLER)
    fold = fold_flux([curve], [e])[0]
    durations = fv.local_phases(fold) / e.duration_days
    assert fold.kind == "kepler"
    assert durations[LOCAL_BINS // 2] == pytest.approx(0.0, abs=1e-9)
    assert np.diff(durations) == pytest.approx(2 * (8 - 0.16) / 200)
    assert np.isfinite(fv.fold_views([curve], [e]).local_view).all()


def test_the_trend_through_bins_is_as_good_as_detrending_anew():
    planet = orbit(0, 3.1, 0.03)
    e = signal_ephemeris("SIM 7", "b", planet)
    curve = observed([planet], wave=(0.006, 2.1))
    true = relative_flux(curve.time, [planet], 2.0) - 1.0
    inside = e.in_transit(curve.time, curve.system)
    errors = [np.mean((make(curve, [e]) - true)[inside]) for make in (masked_flux, masked_detrended_flux)]
    assert abs(errors[0]) < 0.02 * planet.depth + abs(errors[1])
    scatter = [np.std((make(curve, [e]) - true)[~inside]) for make in (masked_flux, masked_detrended_flux)]
    assert scatter[0] < 1.01 * scatter[1]


def test_a_trend_has_no_hole_where_a_part_is_in_transit():
    planet = orbit(0, 3.1, 0.05)
    e = signal_ephemeris("SIM 7", "b", planet)
    # only the middle of one transit stands between two gaps
    curve = observed([planet], gaps=[(T0.days + 2.3, T0.days + 3.08), (T0.days + 3.12, T0.days + 4.0)])
    flat = masked_flux(curve, [e])
    lonely = np.abs(curve.time - T0.days - 3.1) < 0.02
    assert lonely.any()
    assert np.isfinite(flat).all()
    assert np.median(flat[lonely]) == pytest.approx(-planet.depth, abs=0.004)


def test_a_signal_without_data_is_refused(trapezoid):
    late = Ephemeris("SIM 8", "c", Instant(1700.0, TimeSystem.BTJD), None, 3.0)
    with pytest.raises(LightCurveError, match="c: no cadence lies in its transits"):
        fv.fold_views(trapezoid, [SIGNAL, late])
    with pytest.raises(LightCurveError, match="nothing to fold"):
        fv.fold_views(trapezoid, [])


def test_flares_are_left_out_unless_they_are_all_that_was_seen(trapezoid):
    curve = trapezoid[0]
    flat = trapezoids(curve.time) - 1.0
    # one transit holds a flare of ten minutes
    flare = np.abs(curve.time - T0.days - PERIOD) < 5 / 1440
    shown = fold_flux([curve], [SIGNAL], [np.where(flare, 0.1, flat)])[0]
    assert len(shown.flat) == len(flat) - flare.sum()
    assert shown.flat.max() < 0.001
    inside = np.abs(24 * SIGNAL.phase_days(curve.time, TimeSystem.BTJD)) <= HOURS / 2
    assert fold_flux([curve], [SIGNAL], [np.where(inside, 0.1, flat)])[0].inside.sum() == inside.sum()
