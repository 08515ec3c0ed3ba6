"""What stars do by themselves: granulation, rotation, pulsation, flares, as relative flux about 1.

Every function takes a random generator and any strictly increasing times [d], regular or not, so that the same variability can be
added to real light curves: ``flux * rotation(rng, time, ...)``.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

#: Days per microhertz: a frequency of 1 uHz is 0.0864 cycles a day.
CYCLES_PER_DAY_OF_UHZ = 0.0864
#: The Sun's frequency of maximum oscillation power [uHz] (Huber et al. 2011).
SUN_NUMAX_UHZ = 3090.0
#: Grids longer than this are made coarser, so that years of two-minute data stay fast.
MAX_GRID = 2**20
#: Random sines that stand for one quasi-periodic peak.
SINES_A_PEAK = 10
#: Flares are averaged over an exposure from this many samples.
FLARE_SAMPLES = 7
#: A flare's template is followed for so many of its full widths at half maximum: there it has fallen below 1 % of its peak.
FLARE_REACH = 15.0


def gaussian_process(
    rng: np.random.Generator,
    time: NDArray[np.float64],
    psd: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    step_days: float | None = None,
) -> NDArray[np.float64]:
    """A zero-mean Gaussian process of that one-sided power spectral density at ``time`` (n,) [d].

    ``psd`` maps frequencies [cycles/d] to power per frequency [flux^2 d], so that the variance is its integral. Random Fourier
    coefficients of that power (Timmer & Koenig 1995) are transformed on a regular grid of ``step_days`` (default: the median
    spacing) that is half as long again as the times, so that its end does not run on into its beginning; the times are
    interpolated, linearly where the grid is as fine as they are and by cubic splines where it is coarser.
    """
    from scipy.fft import irfft, next_fast_len
    from scipy.interpolate import CubicSpline

    cadence = float(np.median(np.diff(time)))
    span = float(time[-1] - time[0])
    step = max(step_days or cadence, 1.5 * span / MAX_GRID)
    count = next_fast_len(int(np.ceil(1.5 * span / step)) + 8, real=True)
    frequency = np.arange(count // 2 + 1) / (count * step)
    power = np.zeros(len(frequency))
    power[1:] = psd(frequency[1:])
    coefficients = rng.normal(size=(2, len(frequency))) * np.sqrt(power * frequency[1]) * (count / 2)
    grid = irfft(coefficients[0] + 1j * coefficients[1], n=count)
    since = time - time[0]
    nodes = np.arange(int(np.ceil(span / step)) + 4) * step
    if step <= 1.01 * cadence:
        return np.asarray(np.interp(since, nodes, grid[: len(nodes)]), dtype=np.float64)
    return np.asarray(CubicSpline(nodes, grid[: len(nodes)])(since), dtype=np.float64)


def granulation_psd(frequency: NDArray[np.float64], numax_uhz: float) -> NDArray[np.float64]:
    """One-sided power density [flux^2 d] of granulation at those frequencies [cycles/d], same shape.

    Two super-Lorentzians of exponent four with the amplitudes and time scales that Kallinger et al. (2014, model F, table 2)
    found along numax: a = 3382 numax^-0.609 ppm, b1 = 0.317 numax^0.970 and b2 = 0.948 numax^0.992 uHz.
    """
    amplitude = 3382.0 * numax_uhz**-0.609 * 1e-6
    power = np.zeros(len(frequency))
    for knee_uhz in (0.317 * numax_uhz**0.970, 0.948 * numax_uhz**0.992):
        knee = knee_uhz * CYCLES_PER_DAY_OF_UHZ
        power += 2 * np.sqrt(2) / np.pi * amplitude**2 / knee / (1 + (frequency / knee) ** 4)
    return power


def granulation(rng: np.random.Generator, time: NDArray[np.float64], numax_uhz: float = SUN_NUMAX_UHZ) -> NDArray[np.float64]:
    """Relative flux with the granulation of a star of that numax [uHz]: 3090 the Sun, 500 a subgiant, 50 a red giant."""
    return 1.0 + gaussian_process(rng, time, lambda frequency: granulation_psd(frequency, numax_uhz))


def rotation(
    rng: np.random.Generator,
    time: NDArray[np.float64],
    period_days: float,
    amplitude: float,
    *,
    lifetime_days: float | None = None,
    harmonics: Sequence[float] = (1.0, 0.5, 0.15, 0.05),
) -> NDArray[np.float64]:
    """Relative flux of a spotted star that turns once in ``period_days``, with standard deviation ``amplitude``.

    A quasi-periodic process: ``harmonics`` are the relative amplitudes at the rotation frequency and its multiples (spots
    in view for less than a turn); each is a Gaussian peak as wide as spots living ``lifetime_days`` (default four turns) make it.
    """
    lifetime = lifetime_days or 4 * period_days
    width = 1 / (2 * np.pi * lifetime)
    weights = np.square(np.asarray(harmonics, dtype=np.float64))
    weights /= weights.sum()

    # A peak narrower than one over the observation's length falls between Fourier frequencies, so each is drawn as sines.
    since = time - time[0]
    step = period_days / (40 * len(weights))
    coarse = step > 2 * float(np.median(np.diff(time)))
    grid = np.arange(0, since[-1] + 5 * step, step) if coarse else since
    flux = np.zeros(len(grid))
    for multiple, weight in enumerate(weights, start=1):
        frequencies = multiple / period_days + width * rng.normal(size=SINES_A_PEAK)
        waves = rng.normal(size=(2, SINES_A_PEAK)) * np.sqrt(weight / SINES_A_PEAK)
        for frequency, (cosine, sine) in zip(frequencies, waves.T, strict=True):
            angle = 2 * np.pi * frequency * grid
            flux += cosine * np.cos(angle) + sine * np.sin(angle)
    if coarse:
        from scipy.interpolate import CubicSpline

        flux = np.asarray(CubicSpline(grid, flux)(since), dtype=np.float64)
    scatter = float(np.std(flux))
    return 1.0 + amplitude * flux / scatter if scatter > 0 else np.ones(len(time))


def pulsation(
    rng: np.random.Generator,
    time: NDArray[np.float64],
    frequencies_per_day: Sequence[float],
    amplitudes: Sequence[float],
    exposure_minutes: float = 0.0,
) -> NDArray[np.float64]:
    """Relative flux of coherent modes with those frequencies [cycles/d] and semi-amplitudes, at random phases.

    Each amplitude is lowered by the exposure as |sinc(frequency * exposure)|.
    """
    flux = np.ones(len(time))
    since = time - time[0]
    for frequency, amplitude in zip(frequencies_per_day, amplitudes, strict=True):
        seen = amplitude * float(np.abs(np.sinc(frequency * exposure_minutes / 1440)))
        flux += seen * np.sin(2 * np.pi * (frequency * since + rng.random()))
    return flux


def pulsator_modes(rng: np.random.Generator, kind: str, amplitude: float) -> tuple[list[float], list[float]]:
    """Frequencies [cycles/d] and semi-amplitudes of the modes of a "delta Scuti" or a "gamma Doradus" star.

    5 to 50 and 0.3 to 3 cycles a day, from Grigahcene et al. (2010); the strongest mode has ``amplitude``, the others fall off
    geometrically.
    """
    low, high = (5.0, 50.0) if kind == "delta Scuti" else (0.3, 3.0)
    count = int(rng.integers(3, 9))
    frequencies = rng.uniform(low, high, count)
    amplitudes = amplitude * rng.uniform(0.45, 0.9) ** np.arange(count)
    return [float(f) for f in frequencies], [float(a) for a in amplitudes]


def flare_template(widths: NDArray[np.float64]) -> NDArray[np.float64]:
    """A flare's brightness in units of its peak at times in its full widths at half maximum, 0 at the peak; same shape.

    Davenport et al. (2014), eqs. 1 and 4: a fast polynomial rise within one width, then two exponentials.
    """
    t = widths
    rise = 1 + 1.941 * t - 0.175 * t**2 - 2.246 * t**3 - 1.125 * t**4
    fall = 0.6890 * np.exp(-1.600 * np.maximum(t, 0)) + 0.3030 * np.exp(-0.2783 * np.maximum(t, 0))
    return np.where(t < -1, 0.0, np.where(t < 0, np.maximum(rise, 0.0), fall))


def flares(
    rng: np.random.Generator,
    time: NDArray[np.float64],
    per_day: float,
    smallest: float = 0.002,
    exposure_minutes: float = 2.0,
) -> NDArray[np.float64]:
    """Relative flux of a star that flares ``per_day`` times a day with peaks over ``smallest`` (relative), never below 1.

    Peaks follow a power law of index -2 up to 200 times the smallest; widths grow from some minutes to an hour with the peak
    (Davenport et al. 2014 for GJ 1243). Flares fall at random, also into gaps, and are averaged over the exposure.
    """
    flux = np.ones(len(time))
    start, stop = float(time[0]), float(time[-1])
    count = int(rng.poisson(per_day * (stop - start)))
    peaks = np.minimum(smallest / np.maximum(rng.random(count), 1e-9), 200 * smallest)
    widths = 3.0 / 1440 * (peaks / smallest) ** 0.4 * rng.lognormal(0.0, 0.4, count)
    offsets = ((np.arange(FLARE_SAMPLES) + 0.5) / FLARE_SAMPLES - 0.5) * exposure_minutes / 1440
    exposure = exposure_minutes / 1440
    for moment, peak, width in zip(rng.uniform(start, stop, count), peaks, widths, strict=True):
        first, last = np.searchsorted(time, [moment - width - exposure, moment + FLARE_REACH * width + exposure])
        samples = (time[first:last, None] + offsets[None, :] - moment) / width
        flux[first:last] += peak * flare_template(samples).mean(axis=1)
    return flux
