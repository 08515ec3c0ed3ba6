import numpy as np
import pytest

from astroseq_core.errors import SettingsError
from astroseq_core.simulation import systematics


def observations(seen_as: str, count: int = 8) -> list[systematics.ObservedCadences]:
    return [systematics.observe(np.random.default_rng(seed), seen_as, 1 + seed % 10, 11.0) for seed in range(count)]


@pytest.mark.parametrize(
    ("seen_as", "days", "gap_days", "bit"),
    [
        ("TESS", 26.2, 0.5, systematics.TESS_DESATURATION),
        ("Kepler", 90.0, 0.6, systematics.KEPLER_DESATURATION),
        ("K2", 79.0, 0.0, systematics.K2_THRUSTER),
    ],
)
def test_an_observation_has_the_missions_length_gaps_and_flags(seen_as: str, days: float, gap_days: float, bit: int) -> None:
    mission = systematics.MISSION_OF[seen_as]
    for seen in observations(seen_as):
        step = np.diff(seen.time)
        assert np.all(step > 0)
        assert np.median(step) * 1440 == pytest.approx(mission.cadence_minutes)
        assert seen.time[-1] - seen.time[0] == pytest.approx(days, abs=1.0)
        assert step.max() >= gap_days
        assert seen.factor.shape == seen.quality.shape == seen.missing.shape == seen.time.shape
        assert np.all(np.isfinite(seen.factor))
        assert np.median(np.abs(seen.factor - 1)) < 0.01
        assert (seen.quality & bit).any()
        usable = ((seen.quality & mission.quality_bitmask) == 0) & ~seen.missing
        assert usable.mean() > 0.85
        assert usable.mean() < 1.0


def test_most_of_k2s_thruster_cadences_are_flagged_and_some_are_not() -> None:
    rng = np.random.default_rng(3)
    seen = systematics.observe(rng, "K2", 4, 12.0)
    certain = int(((seen.quality & systematics.K2_THRUSTER) > 0).sum())
    firings = (seen.time[-1] - seen.time[0]) * 24 / systematics.K2_ROLL_HOURS
    assert 0.7 * firings < certain < 0.95 * firings
    assert ((seen.quality & systematics.K2_POSSIBLE_THRUSTER) > 0).any()
    assert systematics.MISSION_OF["K2"].quality_bitmask & systematics.K2_THRUSTER
    assert not systematics.MISSION_OF["K2"].quality_bitmask & systematics.K2_POSSIBLE_THRUSTER


def test_flagged_cadences_are_worse_than_their_neighbours() -> None:
    flagged, others = [], []
    for seen in observations("TESS", 12):
        dump = (seen.quality & systematics.TESS_DESATURATION) > 0
        away = np.abs(seen.factor - np.convolve(seen.factor, np.ones(31) / 31, mode="same"))
        flagged.extend(away[dump])
        others.extend(away[~dump][100:-100])
    assert np.median(flagged) > 20 * np.median(others)


def test_the_roll_has_its_period_and_turns_round_in_mid_campaign() -> None:
    time = np.arange(0, 79.0, 29.4244 / 1440)
    flux, firings = systematics.roll_sawtooth(np.random.default_rng(1), time, 1e-3)
    np.testing.assert_allclose(np.diff(firings), systematics.K2_ROLL_HOURS / 24)
    power = np.abs(np.fft.rfft(flux - flux.mean()))
    frequency = np.fft.rfftfreq(len(time), 29.4244 / 1440)
    high = frequency > 1
    strongest = frequency[high][np.argmax(power[high])]
    assert strongest % (24 / systematics.K2_ROLL_HOURS) == pytest.approx(0, abs=0.1) or strongest == pytest.approx(4.0, abs=0.1)
    assert np.ptp(flux) < 4e-3

    def slope(part: slice) -> float:
        return float(np.median(np.diff(flux[part])))

    third = len(time) // 3
    assert slope(slice(0, third)) * slope(slice(2 * third, None)) < 0


def test_scattered_light_is_strongest_at_the_ends_of_orbits() -> None:
    time = np.r_[np.arange(0, 13, 2 / 1440), np.arange(14, 27, 2 / 1440)]
    ends, middles = 0.0, 0.0
    for seed in range(20):
        away = np.abs(systematics.scattered_light(np.random.default_rng(seed), time, 1e-3) - 1)
        ends += away[(np.abs(time - 13) < 0.3) | (time > 26.7)].mean()
        middles += away[(np.abs(time - 6.5) < 1) | (np.abs(time - 20.5) < 1)].mean()
    assert ends > 50 * middles
    assert ends / 20 > 3e-4


def test_a_recovery_starts_off_and_decays_with_its_time_constant() -> None:
    time = np.linspace(0, 10, 1001)
    flux = systematics.exponential_recovery(time, 2.0, -0.01, 1.5)
    assert np.all(flux[time < 2] == 1.0)
    assert flux[np.argmin(np.abs(time - 2.0))] == pytest.approx(0.99, abs=1e-4)
    assert 1 - flux[np.argmin(np.abs(time - 3.5))] == pytest.approx(0.01 / np.e, rel=0.02)


def test_observations_follow_one_another_and_are_reproducible() -> None:
    for seen_as in systematics.MISSION_OF:
        one, two = (systematics.observe(np.random.default_rng(0), seen_as, n, 11.0) for n in (3, 4))
        assert two.time[0] > one.time[-1]
        again = systematics.observe(np.random.default_rng(0), seen_as, 3, 11.0)
        np.testing.assert_array_equal(one.factor, again.factor)
        np.testing.assert_array_equal(one.quality, again.quality)


@pytest.mark.parametrize(("seen_as", "number"), [("Hubble", 1), ("TESS", 0), ("K2", 99)])
def test_what_no_mission_observed_is_refused(seen_as: str, number: int) -> None:
    with pytest.raises(SettingsError):
        systematics.observe(np.random.default_rng(0), seen_as, number, 11.0)


def test_red_noise_has_its_size_and_lasts_as_long_as_it_should() -> None:
    time = np.arange(0, 100, 10 / 1440)
    flux = systematics.red_noise(np.random.default_rng(2), time, 2e-4, days=0.25)
    assert np.std(flux) == pytest.approx(2e-4, rel=0.15)
    lag = round(0.25 * 144)
    assert np.corrcoef(flux[:-lag], flux[lag:])[0, 1] == pytest.approx(np.exp(-1), abs=0.15)
