import numpy as np
import pytest

from astroseq_core import missions
from astroseq_core.errors import SettingsError
from astroseq_core.preprocessing.noise import point_to_point_sigma
from astroseq_core.preprocessing.prepare import prepare
from astroseq_core.simulation.stars import AUTHOR, KINDS, VARIABILITIES, simulate_star
from astroseq_core.simulation.transits import Orbit
from astroseq_core.targets import Target
from astroseq_core.times import Instant, TimeSystem

STAR = Target("SIM", "7")
MISSIONS = ("TESS", "Kepler", "K2")


@pytest.mark.parametrize("seen_as", MISSIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_star_of_every_kind_is_whole_labelled_and_can_be_prepared(seen_as: str, kind: str) -> None:
    count = 1 if seen_as == "K2" else 2
    star = simulate_star(11, seen_as, kind, target=STAR, num_observations=count)
    assert (star.kind, star.instrument, star.target, len(star.light_curves)) == (kind, seen_as, STAR, count)
    for curve in star.light_curves:
        assert curve.instrument is missions.mission_by_name(seen_as)
        assert curve.time_system is curve.instrument.time_system
        assert curve.author == AUTHOR
        assert "seed 11" in curve.provenance.name
        assert curve.provenance.version
        assert np.nanmedian(curve.flux) > 0
        prepare(curve)
    expected = {"quiet": {0}, "planet": {1}, "multi": {2, 3, 4}, "binary": {1}, "single": {1}}[kind]
    assert len(star.ephemerides) in expected
    assert len(star.truth["signals"]) == len(star.signals) == len(star.ephemerides)
    for ephemeris in star.ephemerides:
        assert (ephemeris.period_days is None) == (kind == "single")
        assert ephemeris.target_id == STAR.id
        touching = sum(len(ephemeris.transits(float(c.time[0]), float(c.time[-1]), c.time_system)) for c in star.light_curves)
        assert touching == 1 if kind == "single" else touching >= 2


def test_the_same_seed_gives_the_same_star_and_another_seed_another() -> None:
    one, same, other = (simulate_star(s, "TESS", "planet", target=STAR) for s in (3, 3, 4))
    assert one.ephemerides == same.ephemerides
    assert one.truth == same.truth
    np.testing.assert_array_equal(one.light_curves[0].flux, same.light_curves[0].flux)
    np.testing.assert_array_equal(one.light_curves[0].quality, same.light_curves[0].quality)
    assert one.ephemerides != other.ephemerides


def test_injecting_a_planet_changes_nothing_but_its_transits() -> None:
    orbit = Orbit(Instant(1330.0, TimeSystem.BTJD), 5.0, 0.1)
    without, with_planet = (
        simulate_star(5, "TESS", kind, target=STAR, first_observation=1, signals=signals)
        for kind, signals in (("quiet", ()), ("planet", (orbit,)))
    )
    changed = ~np.isclose(without.light_curves[0].flux, with_planet.light_curves[0].flux, rtol=1e-12, equal_nan=True)
    inside = with_planet.ephemerides[0].in_transit(without.light_curves[0].time, TimeSystem.BTJD, widen=1.03)
    assert changed.any()
    assert not (changed & ~inside).any()


@pytest.mark.parametrize(("seen_as", "magnitude"), [("TESS", 9.0), ("TESS", 13.0), ("Kepler", 13.0), ("K2", 13.0)])
def test_the_white_noise_is_that_of_the_magnitude(seen_as: str, magnitude: float) -> None:
    star = simulate_star(6, seen_as, "quiet", target=STAR, magnitude=magnitude, variability_kind="calm")
    curve = star.light_curves[0]
    flux = curve.flux[curve.usable_mask()]
    measured = point_to_point_sigma(flux / np.median(flux)) * 1e6
    assert measured == pytest.approx(star.truth["sigma_ppm"], rel=0.15)
    assert curve.flux_err is not None
    assert float(np.median(curve.flux_err / np.median(flux))) * 1e6 == pytest.approx(star.truth["sigma_ppm"], rel=0.02)


@pytest.mark.parametrize("seed", [12, 16, 18])
def test_spots_keep_turning_at_the_true_period_from_one_quarter_to_the_next(seed: int) -> None:
    from astropy.timeseries import LombScargle

    star = simulate_star(seed, "Kepler", "quiet", target=STAR, num_observations=3, variability_kind="rotator", magnitude=11.0)
    assert star.rotation_days > 0
    time = np.concatenate([c.time[c.usable_mask()] for c in star.light_curves])
    flux = np.concatenate([c.flux[c.usable_mask()] / np.median(c.flux[c.usable_mask()]) for c in star.light_curves])
    frequency = np.linspace(0.03, 2.5, 8000)
    power = LombScargle(time, flux).power(frequency)
    # spots that live four turns make the peak some per cent wide
    assert 1 / frequency[np.argmax(power)] == pytest.approx(star.rotation_days, rel=0.1)


@pytest.mark.parametrize("kind", VARIABILITIES)
def test_a_variability_can_be_chosen(kind: str) -> None:
    star = simulate_star(8, "TESS", "quiet", target=STAR, variability_kind=kind)
    assert star.truth["variability"] == kind
    assert (star.rotation_days > 0) == (kind in {"rotator", "flare star"})


def test_neighbours_in_a_system_keep_their_distance() -> None:
    for seed in range(12):
        star = simulate_star(seed, "Kepler", "multi", target=STAR, num_observations=3)
        periods = sorted(e.period_days for e in star.ephemerides if e.period_days is not None)
        assert np.all(np.diff(np.log(periods)) > np.log(1.3))
        densities = {record["density_solar"] for record in star.truth["signals"]}
        assert max(densities) / min(densities) == pytest.approx(1.0, rel=0.5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "comet"},
        {"seen_as": "Hubble"},
        {"num_observations": 0},
        {"num_observations": 17},
        {"variability_kind": "nova"},
    ],
)
def test_unknown_words_and_impossible_numbers_are_refused(wrong: dict[str, str | int]) -> None:
    settings: dict[str, str | int] = {"seed": 1, "seen_as": "Kepler", "kind": "quiet", **wrong}
    with pytest.raises(SettingsError):
        simulate_star(target=STAR, **settings)  # type: ignore[arg-type]
