"""Secondary eclipses at every phase, dips of one orbit only, clipped middles, drops that recover, and stars nearby."""

from dataclasses import replace

import numpy as np
import pytest

from astroseq_core.archive.catalogs import Catalog
from astroseq_core.archive.signals import NUMBER_COLUMNS, TEXT_COLUMNS, make_signals
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.io import lightcurve
from astroseq_core.preprocessing.prepare import prepare
from astroseq_core.simulation.transits import Orbit, signal_ephemeris
from astroseq_core.targets import Target
from astroseq_core.times import Instant
from astroseq_core.vetting.checks.base import Flag
from astroseq_core.vetting.examine import examine
from tests.vetting.simulated import T0, observed

PERIOD = 5.0
PRIMARY = Orbit(T0, PERIOD, 0.12, 0.3, 1.2)


def eclipse(phase: float, depth_ppm: float, signal: Orbit = PRIMARY) -> Orbit:
    """A flat-bottomed eclipse as long as the transit, that many ppm deep, at a phase."""
    assert signal.period_days is not None
    at = Instant(T0.days + phase * signal.period_days, T0.system)
    return replace(signal, t0=at, radius_ratio=(depth_ppm * 1e-6) ** 0.5, u1=0.0, u2=0.0)


def with_flux(changed, curve):
    """The same observation with another flux, detrended anew."""
    read = curve.light_curve
    return prepare(
        lightcurve.make_light_curve(
            target=read.target,
            observation=read.observation,
            time=read.time,
            flux=changed(read.time, read.flux),
            instrument=read.instrument,
        )
    )


@pytest.mark.parametrize(
    ("phase", "depth_ppm"),
    [(0.07, 3600), (0.31, 484), (0.40, 484), (0.51, 3600), (0.516, 484), (0.518, 484), (0.53, 484), (0.93, 484)],
)
def test_a_secondary_fails_at_every_phase_outside_the_transit(phase: float, depth_ppm: float) -> None:
    found = examine([observed([PRIMARY, eclipse(phase, depth_ppm)], noise_ppm=600)], signal_ephemeris("SIM 7", "b", PRIMARY))
    check, second = found.check("secondary"), found.secondary
    assert check.flag is Flag.FAIL
    assert second.strongest_phase == pytest.approx(phase, abs=0.004)
    assert check.value == pytest.approx(depth_ppm, abs=3.5 * check.error)
    assert f"at phase {second.strongest_phase:.3f}" in check.sentence


def test_another_planets_single_dip_is_no_companion_that_shines() -> None:
    wide = replace(PRIMARY, period_days=40.0, t0=Instant(T0.days + 3, T0.system))
    other = replace(wide, t0=Instant(T0.days + 17.3, T0.system), radius_ratio=0.032)
    check = examine([observed([wide, other], noise_ppm=600)], signal_ephemeris("SIM 7", "b", wide)).check("secondary")
    assert check.flag is Flag.WARN
    assert "in one orbit only" in check.sentence


def test_a_dip_that_one_of_several_orbits_has_does_not_fail() -> None:
    lone = replace(eclipse(0.4, 20_000), period_days=None, shape_period_days=PERIOD)
    check = examine([observed([PRIMARY, lone], noise_ppm=600)], signal_ephemeris("SIM 7", "b", PRIMARY)).check("secondary")
    assert check.flag in (Flag.PASS, Flag.WARN)


def test_clipped_eclipses_are_told_by_the_middle_that_is_missing() -> None:
    deep = replace(PRIMARY, radius_ratio=0.5)
    e = signal_ephemeris("SIM 7", "b", deep)
    clipped = with_flux(lambda time, flux: np.where(flux < 0.97 * np.nanmedian(flux), np.nan, flux), observed([deep]))
    found = examine([clipped], replace(e, depth_ppm=None))
    coverage, depth = found.check("coverage"), found.check("depth")
    assert coverage.flag is Flag.WARN
    assert "Their middle" in coverage.sentence or "their middle is missing" in coverage.sentence
    assert depth.flag is not Flag.PASS
    assert "a planet can be" not in depth.sentence
    assert examine([clipped], replace(e, depth_ppm=250_000.0)).check("depth").flag is Flag.FAIL
    assert examine([observed([PRIMARY])], signal_ephemeris("SIM 7", "b", PRIMARY)).middle.chance > 0.003


def test_drops_that_recover_slowly_are_not_called_u_shaped() -> None:
    e = Ephemeris("SIM 7", "x", T0, PERIOD, 4.0)

    def drop(time, flux):
        since = np.mod(time - (T0.days - 2.0 / 24), PERIOD)
        return flux * (1 - 0.003 * np.exp(-since / 0.08))

    check = examine([with_flux(drop, observed([], noise_ppm=400))], e).check("shape")
    assert check.flag is not Flag.PASS
    assert "U-shaped" not in check.sentence
    planet = examine([observed([PRIMARY])], signal_ephemeris("SIM 7", "b", PRIMARY))
    assert planet.check("shape").flag is Flag.PASS


@pytest.mark.parametrize(
    ("period", "days", "depth"), [(5.0, 0.15, 0.01), (5.0, 0.3, 0.003), (2.5, 0.3, 0.01), (8.0, 0.15, 0.003)]
)
@pytest.mark.parametrize("backwards", [False, True])
def test_what_goes_on_from_the_transit_is_no_second_eclipse(period: float, days: float, depth: float, backwards: bool) -> None:
    e = Ephemeris("SIM 7", "x", T0, period, 4.0)

    def drop(time, flux):
        since = np.mod(-(time - T0.days - 2.0 / 24) if backwards else time - T0.days + 2.0 / 24, period)
        return flux * (1 - depth * np.exp(-since / days))

    found = examine([with_flux(drop, observed([], noise_ppm=400))], e)
    check = found.check("secondary")
    assert check.flag is Flag.WARN
    assert "right beside the transit" in check.sentence
    assert check.reason_codes == ("SYS",)
    assert min(found.secondary.tail_phase, 1 - found.secondary.tail_phase) < 2 * 4.0 / 24 / period
    # An eclipse of its own beside such a tail is found all the same.
    phase = 0.25
    eclipsed = replace(eclipse(phase, 3000), t0=Instant(T0.days + phase * period, T0.system), period_days=period)
    both = examine([with_flux(drop, observed([eclipsed], noise_ppm=400))], e)
    assert both.check("secondary").flag is Flag.FAIL
    assert both.secondary.strongest_phase == pytest.approx(phase, abs=0.01)


@pytest.mark.parametrize("wave_days", [0.57, 0.71, 0.8, 0.93])
def test_the_error_of_a_secondary_is_the_scatter_of_injected_ones(wave_days: float) -> None:
    """Waves of the star that detrending leaves cancel over the orbits, and errors of single orbits do not tell by how much."""
    signal = replace(PRIMARY, period_days=3.37)
    e = signal_ephemeris("SIM 7", "b", signal)
    depths, errors = [], []
    for seed, phase in enumerate(np.r_[0.2:0.42:6j, 0.58:0.8:6j]):
        dip = replace(eclipse(phase, 6000, signal), t0=Instant(T0.days + phase * 3.37, T0.system))
        curve = observed([signal, dip], noise_ppm=200, wave=(0.008, wave_days), seed=seed, minutes=10.0)
        second = examine([curve], e).secondary
        at = int(np.argmin(np.abs(second.phase - phase)))
        depths.append(second.depth_ppm[at])
        errors.append(second.depth_ppm[at] / second.sigma[at])
    assert 0.4 < np.std(depths, ddof=1) / np.mean(errors) < 1.4


def catalog_of(rows: list[dict[str, object]]) -> Catalog:
    columns: dict[str, list[object]] = {name: [row.get(name, "") for row in rows] for name in TEXT_COLUMNS}
    columns |= {name: [row.get(name, np.nan) for row in rows] for name in NUMBER_COLUMNS}
    return Catalog((make_signals("cumulative", columns),))


def test_a_deeper_signal_of_a_star_nearby_at_the_same_times_warns() -> None:
    star = {
        "target_id": "KIC 7",
        "name": "K00007.01",
        "period_days": PERIOD,
        "t0": 171.0,
        "duration_hours": 3.0,
        "ra_deg": 290.0,
        "dec_deg": 44.0,
    }
    near = star | {"target_id": "KIC 8", "name": "K00008.01", "depth_ppm": 250_000.0, "dec_deg": 44.0 + 40 / 3600}
    far = star | {"target_id": "KIC 9", "name": "K00009.01", "depth_ppm": 250_000.0, "dec_deg": 45.0}
    other = near | {"target_id": "KIC 10", "name": "K00010.01", "period_days": 7.7}
    found = catalog_of([star, near, far, other]).signals_near(Target("KIC", "7"), 300.0)
    assert [(e.name, round(arcsec)) for e, arcsec in found] == [("K00008.01", 40), ("K00010.01", 40)]

    e = signal_ephemeris("SIM 7", "b", PRIMARY)
    curve = [observed([PRIMARY])]
    same = replace(e, target_id="TIC 8", name="TOI-8.01", depth_ppm=250_000.0)
    check = examine(curve, e, neighbors=[(same, 40.0)]).check("neighbors")
    assert check.flag is Flag.WARN
    assert "TOI-8.01" in check.sentence
    assert "40″" in check.sentence
    assert examine(curve, e, neighbors=[(replace(same, depth_ppm=50.0), 40.0)]).check("neighbors").flag is Flag.PASS
    assert examine(curve, e, neighbors=[(replace(same, period_days=3.3), 40.0)]).check("neighbors").flag is Flag.PASS
    assert examine(curve, e).check("neighbors").flag is Flag.UNKNOWN
