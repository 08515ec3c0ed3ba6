"""Folded views of injected signals against what was injected."""

import numpy as np
import pytest

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import LightCurveError
from astroseq_core.preprocessing.prepare import DetrendedLightCurve
from astroseq_core.signals import fold_views as fv
from astroseq_core.signals.bins import bin_medians
from astroseq_core.signals.views import GLOBAL_BINS, LOCAL_BINS
from astroseq_core.simulation.transits import Orbit, relative_flux
from astroseq_core.times import Instant, TimeSystem
from tests.vetting.simulated import T0, observed

PERIOD = 5.1
ORBIT = Orbit(T0, PERIOD, 0.07)


def ephemeris(orbit: Orbit, name: str = "b", **changes) -> Ephemeris:
    values = {"t0": orbit.t0, "period_days": orbit.period_days, "duration_hours": 24 * orbit.duration_days()} | changes
    return Ephemeris("SIM 7", name, **values)


@pytest.fixture(scope="module")
def planet() -> list[DetrendedLightCurve]:
    return [observed([ORBIT])]


def test_medians_of_overlapping_bins_are_those_of_each_bin_alone():
    rng = np.random.default_rng(3)
    x, y = np.sort(rng.uniform(-1, 1, 500)), rng.standard_normal(500)
    low = np.linspace(-0.9, 0.95 - 0.08, 37)
    found = bin_medians(x, y, low, 0.08)
    expected = [np.median(y[(x >= a) & (x < a + 0.08)]) for a in low]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_planet_has_the_view_that_was_injected(planet):
    e = ephemeris(ORBIT)
    views = fv.fold_views(planet, [e])
    assert (views.global_view.shape, views.local_view.shape) == ((1, GLOBAL_BINS), (1, LOCAL_BINS))
    clean = fv.make_views(fv.fold_flux(planet, [e], [relative_flux(planet[0].time, [ORBIT], 2.0) - 1.0])).views
    assert np.abs(views.local_view - clean.local_view).max() < 0.06
    assert np.abs(views.global_view - clean.global_view).max() < 0.06


def test_a_signal_without_data_is_refused(planet):
    late = ephemeris(ORBIT, t0=Instant(1700.0, TimeSystem.BTJD), period_days=None)
    with pytest.raises(LightCurveError, match="b: no cadence lies in its transits"):
        fv.fold_views(planet, [late])
