import numpy as np
import pytest

from astroseq_core.errors import LightCurveError
from astroseq_core.io import lightcurve
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.missions import KEPLER, TESS, Mission
from astroseq_core.simulation.transits import EclipsingBinary, Orbit, inject, signal_ephemeris
from astroseq_core.targets import Target
from astroseq_core.times import Instant, TimeSystem


def flat(level: float = 5000.0, mission: Mission = TESS) -> LightCurve:
    start = {"TESS": 1500.0, "Kepler": 500.0}[mission.name]
    time = start + np.arange(0, 20, mission.cadence_minutes / 1440)
    flux = level * (1 + 1e-5 * np.random.default_rng(0).normal(size=len(time)))
    return lightcurve.make_light_curve(target=Target("TIC", "1"), observation="x", time=time, flux=flux, instrument=mission)


@pytest.mark.parametrize("mission", [TESS, KEPLER])
def test_injected_transits_lie_where_their_ephemeris_says(mission: Mission) -> None:
    curve = flat(mission=mission)
    orbit = Orbit(Instant(float(curve.time[0]) + 1.7, curve.time_system), 4.1, 0.1)
    ephemeris = signal_ephemeris("TIC 1", "planet", orbit)
    relative = inject(curve, [orbit]).flux / curve.flux
    transits = ephemeris.transits(float(curve.time[0]), float(curve.time[-1]), curve.time_system)
    assert len(transits) == 5
    for mid in transits.mid:
        near = np.abs(curve.time - mid) < 0.3
        missing = 1 - relative[near]
        assert (missing * curve.time[near]).sum() / missing.sum() == pytest.approx(mid, abs=0.003)
    outside = ~ephemeris.in_transit(
        curve.time, curve.time_system, widen=1.0 + mission.cadence_minutes / 60 / ephemeris.duration_hours
    )
    np.testing.assert_allclose(relative[outside], 1.0)
    assert 1 - relative.min() == pytest.approx(orbit.depth, rel=0.02)
    assert ephemeris.depth_ppm == pytest.approx(orbit.depth_ppm)


def test_an_epoch_in_another_time_system_means_the_same_moment() -> None:
    curve = flat()
    orbit = Orbit(Instant(1503.0, TimeSystem.BTJD), 4.0, 0.1)
    np.testing.assert_allclose(
        inject(curve, [orbit]).flux, inject(curve, [orbit.in_time_system(TimeSystem.BKJD)]).flux, rtol=1e-9
    )


def test_several_signals_multiply_and_the_original_is_left_alone() -> None:
    curve = flat()
    before = curve.flux.copy()
    one = Orbit(Instant(1503.0, TimeSystem.BTJD), None, 0.1, shape_period_days=5.0)
    two = EclipsingBinary(Orbit(Instant(1503.0, TimeSystem.BTJD), 3.0, 0.3), 0.2)
    both = inject(curve, [one, two])
    expected = inject(inject(curve, [one]), [two])
    np.testing.assert_allclose(both.flux, expected.flux)
    np.testing.assert_array_equal(curve.flux, before)
    assert "2 injected" in both.provenance.name


@pytest.mark.parametrize("level", [-3.0, 0.0])
def test_a_median_that_is_not_positive_is_refused_with_the_reason(level: float) -> None:
    curve = flat(1.0)
    below = lightcurve.make_light_curve(
        target=curve.target, observation="x", time=curve.time, flux=curve.flux - np.median(curve.flux) + level, instrument=TESS
    )
    with pytest.raises(LightCurveError, match="add back the level"):
        inject(below, [Orbit(Instant(1503.0, TimeSystem.BTJD), 4.0, 0.1)])
