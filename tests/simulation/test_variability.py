import numpy as np
import pytest

from astroseq_core.simulation import photometry, variability

RNG = np.random.default_rng


def irregular(seed: int = 0, days: float = 27.0, minutes: float = 10.0) -> np.ndarray:
    rng = RNG(seed)
    time = np.arange(0, days, minutes / 1440)
    time = time[(rng.random(len(time)) < 0.9) & ((time < 13) | (time > 14))]
    return 1500 + time + rng.uniform(-0.2, 0.2, len(time)) * minutes / 1440


def test_a_gaussian_process_has_the_variance_of_its_power() -> None:
    time = np.arange(0, 200, 0.02)
    knee, variance = 2.0, 4e-6

    def lorentzian(f: np.ndarray) -> np.ndarray:
        return 2 * variance / (np.pi * knee) / (1 + (f / knee) ** 2)

    expected = 2 * variance / np.pi * np.arctan(25.0 / knee)
    measured = np.mean([np.var(variability.gaussian_process(RNG(s), time, lorentzian)) for s in range(8)])
    assert measured == pytest.approx(expected, rel=0.1)
    series = variability.gaussian_process(RNG(9), time, lorentzian)
    lag = round(1 / (2 * np.pi * knee) / 0.02)
    correlation = np.corrcoef(series[:-lag], series[lag:])[0, 1]
    assert correlation == pytest.approx(np.exp(-1), abs=0.12)


def test_a_coarse_grid_gives_the_same_slow_process_statistics() -> None:
    time = np.arange(0, 100, 2 / 1440)
    slow = variability.gaussian_process(RNG(1), time, lambda f: np.where(f < 1.0, 1e-6, 0.0), step_days=0.1)
    assert np.var(slow) == pytest.approx(1e-6, rel=0.35)
    assert np.abs(np.diff(slow, 2)).max() < 1e-6


def test_the_suns_granulation_is_some_tens_of_ppm_and_a_giants_is_more_and_slower() -> None:
    time = np.arange(0, 60, 2 / 1440)
    sun, giant = variability.granulation(RNG(2), time), variability.granulation(RNG(2), time, numax_uhz=50.0)
    assert 25e-6 < np.std(sun) < 50e-6
    assert np.std(giant) == pytest.approx(np.sqrt(2) * 3382e-6 * 50**-0.609, rel=0.25)

    def correlation(flux: np.ndarray) -> float:
        return float(np.corrcoef(flux[:-60], flux[60:])[0, 1])

    assert correlation(giant) > 0.4
    assert abs(correlation(sun)) < 0.1


def test_granulation_falls_with_the_fourth_power_above_its_knee() -> None:
    time = np.arange(0, 120, 10 / 1440)
    numax = 100.0
    power = np.zeros(len(time) // 2 + 1)
    for seed in range(6):
        flux = variability.granulation(RNG(seed), time, numax) - 1
        power += np.abs(np.fft.rfft(flux * np.hanning(len(flux)))) ** 2
    frequency = np.fft.rfftfreq(len(time), 10 / 1440)
    knee = 0.948 * numax**0.992 * variability.CYCLES_PER_DAY_OF_UHZ
    falling = (frequency > 2.0 * knee) & (frequency < 6 * knee)
    slope = np.polyfit(np.log(frequency[falling]), np.log(power[falling]), 1)[0]
    assert slope == pytest.approx(-4, abs=0.5)
    low = frequency < knee / 10
    level = np.polyfit(np.log(frequency[low][1:]), np.log(power[low][1:]), 1)[0]
    assert abs(level) < 0.5


@pytest.mark.parametrize("period", [0.8, 3.0, 7.0])
def test_a_periodogram_finds_the_rotation_period(period: float) -> None:
    from astropy.timeseries import LombScargle

    time = irregular(days=60.0, minutes=30.0)
    flux = variability.rotation(RNG(5), time, period, 0.01, lifetime_days=40 * period)
    assert np.std(flux) == pytest.approx(0.01)
    frequency = np.linspace(0.02, 3, 4000)
    power = LombScargle(time, flux).power(frequency)
    assert 1 / frequency[np.argmax(power)] == pytest.approx(period, rel=0.05)


def test_rotation_loses_its_phase_after_the_lifetime_of_the_spots() -> None:
    time = np.arange(0, 300, 0.05)
    lag = round(20 * 5.0 / 0.05)

    def remembered(lifetime: float) -> float:
        flux = [variability.rotation(RNG(s), time, 5.0, 0.01, lifetime_days=lifetime) for s in range(6)]
        return float(np.mean([np.corrcoef(f[:-lag], f[lag:])[0, 1] for f in flux]))

    assert remembered(5000.0) > 0.9
    assert abs(remembered(10.0)) < 0.35


def test_pulsation_has_its_modes_and_long_exposures_wash_fast_ones_out() -> None:
    time = np.arange(0, 20, 2 / 1440)
    flux = variability.pulsation(RNG(3), time, [10.0, 24.0], [2e-3, 1e-3])
    spectrum = 2 * np.abs(np.fft.rfft(flux - 1)) / len(time)
    frequency = np.fft.rfftfreq(len(time), 2 / 1440)
    for f, a in ((10.0, 2e-3), (24.0, 1e-3)):
        assert spectrum[np.abs(frequency - f) < 0.1].max() == pytest.approx(a, rel=0.05)
    washed = variability.pulsation(RNG(3), time, [48.0], [1e-3], exposure_minutes=30.0)
    np.testing.assert_allclose(washed, 1.0, atol=1e-9)


def test_flares_only_brighten_and_rise_faster_than_they_fall() -> None:
    time = irregular(minutes=2.0)
    flux = variability.flares(RNG(4), time, per_day=1.0, smallest=0.005)
    assert np.all(flux >= 1.0)
    assert flux.max() > 1.005
    assert np.mean(flux > 1.001) < 0.3
    widths = np.linspace(-2, 10, 12_001)
    shape = variability.flare_template(widths)
    assert widths[np.argmax(shape)] == pytest.approx(0.0, abs=0.01)
    assert shape.max() == pytest.approx(1.0, abs=0.01)
    above = widths[shape > 0.5]
    assert above[-1] > -above[0]
    assert above[-1] - above[0] == pytest.approx(1.0, abs=0.1)


def test_flares_come_at_their_rate() -> None:
    time = np.arange(0, 200, 2 / 1440)
    flux = variability.flares(RNG(6), time, per_day=0.2, smallest=0.01)
    rising = (flux[1:] > 1.004) & (flux[:-1] <= 1.004)
    assert 25 <= rising.sum() <= 55


@pytest.mark.parametrize("kind", ["granulation", "rotation", "pulsation", "flares"])
def test_every_variability_takes_irregular_times_and_depends_on_the_generator_alone(kind: str) -> None:
    time = irregular()
    make = {
        "granulation": lambda rng: variability.granulation(rng, time, 300.0),
        "rotation": lambda rng: variability.rotation(rng, time, 2.5, 0.01),
        "pulsation": lambda rng: variability.pulsation(rng, time, *variability.pulsator_modes(rng, "delta Scuti", 0.01)),
        "flares": lambda rng: variability.flares(rng, time, 1.0),
    }[kind]
    first, again, other = make(RNG(7)), make(RNG(7)), make(RNG(8))
    assert first.shape == time.shape
    assert np.all(np.isfinite(first))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_photon_noise_grows_with_magnitude_as_published() -> None:
    # Sullivan et al. (2015), figure 14: about 200 ppm in an hour at 10 mag; Jenkins et al. (2010): some 15 ppm in 6 h at Kp 12
    assert photometry.tess_noise(10.0, 60.0) * 1e6 == pytest.approx(200, rel=0.1)
    assert photometry.tess_noise(10.0, 2.0) == pytest.approx(photometry.tess_noise(10.0, 60.0) * np.sqrt(30))
    assert photometry.kepler_noise(12.0, 360.0) * 1e6 == pytest.approx(15.4, rel=0.05)
    for sigma in (photometry.tess_noise, photometry.kepler_noise, photometry.k2_noise):
        values = [sigma(m) for m in np.arange(7.0, 16.0, 0.5)]
        assert np.all(np.diff(values) > 0)
    assert photometry.k2_noise(12.0) > photometry.kepler_noise(12.0)
