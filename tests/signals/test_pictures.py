"""Odd, even and secondary views, single transits and numbers of binaries and planets that were injected."""

import numpy as np
import pytest

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.signals.folded_flux import FoldedFlux, fold_flux
from astroseq_core.signals.pictures import MAX_TRANSITS, SignalPictures, secondary_dip, signal_pictures
from astroseq_core.signals.signal_scalars import SIGNAL_SCALARS, missing_scalars, signal_scalars
from astroseq_core.signals.views import LOCAL_BINS
from astroseq_core.simulation.transits import EclipsingBinary, Orbit, signal_ephemeris
from astroseq_core.times import Instant
from tests.vetting.simulated import T0, observed

MIDDLE = slice(LOCAL_BINS // 2 - 3, LOCAL_BINS // 2 + 4)
BINARY = EclipsingBinary(Orbit(T0, 3.6, 0.25, 0.2, 1.0, 0.3, 0.2), light_ratio=0.02)
PLANET = Orbit(Instant(T0.days + 0.4, T0.system), 1.3, 0.05, 0.2)


@pytest.fixture(scope="module")
def binary() -> tuple[FoldedFlux, FoldedFlux]:
    """An eclipsing binary folded at its period, and at half of it."""
    curves, e = [observed([BINARY], gaps=())], signal_ephemeris("SIM 7", "b", BINARY)
    half = Ephemeris("SIM 7", "b", e.t0, e.period_days / 2, e.duration_hours)
    return fold_flux(curves, [e])[0], fold_flux(curves, [half])[0]


@pytest.fixture(scope="module")
def planets() -> tuple[FoldedFlux, ...]:
    """A planet with 20 transits, and a single transit of another one."""
    single = Orbit(Instant(1333.0, T0.system), None, 0.06, 0.3, shape_period_days=50.0)
    signals = [PLANET, single]
    known = [signal_ephemeris("SIM 7", name, s) for name, s in zip("bc", signals, strict=True)]
    return fold_flux([observed(signals)], known)


@pytest.fixture(scope="module")
def pictures(planets) -> SignalPictures:
    return signal_pictures(planets)


def test_a_binary_at_half_its_period_has_unequal_odd_and_even_eclipses(binary):
    shown = signal_pictures([binary[1]])
    ratio = BINARY.secondary_depth / BINARY.depth
    # the view of all transits together is scaled to -1: the even ones hold the deeper eclipses
    odd, even = (-np.median(view[0, MIDDLE]) for view in (shown.odd_view, shown.even_view))
    assert odd / even == pytest.approx(ratio, rel=0.1)
    numbers = signal_scalars([binary[1]])
    assert numbers["odd_even_sigma"][0] > 20
    assert numbers["odd_even_ratio"][0] == pytest.approx(ratio, rel=0.15)
    assert numbers["depth_scatter"][0] > 5


def test_a_binary_at_its_period_has_a_secondary_half_an_orbit_later(binary):
    shown, numbers = signal_pictures([binary[0]]), signal_scalars([binary[0]])
    ratio = BINARY.secondary_depth / BINARY.depth
    assert shown.secondary_phase[0] == pytest.approx(0.5, abs=0.01)
    assert -np.median(shown.secondary_view[0, MIDDLE]) == pytest.approx(ratio, rel=0.25)
    assert numbers["secondary_sigma"][0] > 20
    assert numbers["secondary_ratio"][0] == pytest.approx(ratio, rel=0.3)
    assert numbers["odd_even_sigma"][0] < 4


def test_a_planet_has_equal_transits_and_no_secondary(planets, pictures):
    numbers = signal_scalars(planets)
    assert tuple(numbers) == SIGNAL_SCALARS
    assert numbers["odd_even_sigma"][0] < 3.5
    assert numbers["odd_even_ratio"][0] > 0.9
    assert numbers["secondary_sigma"][0] < 5
    assert numbers["depth_scatter"][0] < 1.6
    assert 0 <= numbers["weakest_sigma"][0] < 4
    assert numbers["num_transits"][0] == len(np.unique(planets[0].number[planets[0].inside]))
    assert pictures.secondary_phase[0] == 0.5
    for view in (pictures.odd_view, pictures.even_view):
        assert np.median(view[0, MIDDLE]) == pytest.approx(-0.95, abs=0.1)
    assert np.abs(np.median(pictures.secondary_view[0])) < 0.1


def test_a_single_transit_has_a_depth_and_nothing_to_compare(planets, pictures):
    numbers = {name: values[1] for name, values in signal_scalars(planets).items()}
    assert numbers["num_transits"] == 1
    assert numbers["snr"] > 20
    assert {name for name, value in numbers.items() if np.isfinite(value)} == {"mean_depth_ppm", "snr", "num_transits"}
    assert np.isnan([pictures.odd_view[1], pictures.even_view[1], pictures.secondary_view[1]]).all()
    assert np.isnan(pictures.secondary_phase[1])
    assert secondary_dip(planets[1]) is None
    assert np.isfinite(pictures.transit_numbers[1]).sum() == 1
    assert np.median(pictures.transits[1, 0, MIDDLE]) == pytest.approx(-0.95, abs=0.1)


def test_transits_stand_in_order_and_each_is_its_own(planets, pictures):
    numbers = pictures.transit_numbers[0]
    shown = np.isfinite(numbers)
    assert (np.diff(numbers[shown]) > 0).all()
    assert shown.sum() == len(np.unique(planets[0].number[planets[0].inside])) < MAX_TRANSITS
    depths = -np.nanmedian(pictures.transits[0][shown][:, MIDDLE], axis=1)
    assert depths == pytest.approx(0.95, abs=0.25)
    assert np.isnan(pictures.transits[0][~shown]).all()
    assert pictures.global_days[0, [0, -1]] / 1.3 == pytest.approx([-0.497, 0.497], abs=0.001)


def test_of_many_transits_evenly_chosen_ones_are_shown():
    planet = Orbit(T0, 0.6, 0.05, 0.1, 3.0)
    fold = fold_flux([observed([planet], minutes=10.0)], [signal_ephemeris("SIM 7", "b", planet)])[0]
    shown = signal_pictures([fold])
    steps = np.diff(shown.transit_numbers[0])
    assert np.isfinite(shown.transit_numbers[0]).all()
    assert steps.min() >= 1
    assert steps.max() <= 4
    assert fold.number[fold.inside].max() == shown.transit_numbers[0, -1]


def test_bins_far_from_any_cadence_of_a_transit_are_blank():
    planet = Orbit(T0, 6.0, 0.07, 0.3)
    e = signal_ephemeris("SIM 7", "b", planet)
    # the second half of the second transit is missing
    curves = [observed([planet], gaps=[(T0.days + 6.0, T0.days + 6.6)])]
    rows = signal_pictures(fold_flux(curves, [e])).transits[0]
    assert np.isfinite(rows[0]).all()
    assert np.isfinite(rows[1, : LOCAL_BINS // 2]).all()
    assert np.isnan(rows[1, LOCAL_BINS // 2 + 3 :]).all()


def test_numbers_of_signals_without_light_curves_are_missing():
    numbers = missing_scalars(3)
    assert tuple(numbers) == SIGNAL_SCALARS
    assert np.isnan(list(numbers.values())).all()
