"""Stellar variability: granulation, rotation, pulsation and flares, as relative flux about 1.

Every function takes a random generator and any strictly increasing times [d], regular or not, so
that the same variability can be added to real light curves: `flux * rotation(rng, time, ...)`.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

#: Cycles per day of a frequency of 1 uHz.
CYCLES_PER_DAY_OF_UHZ = 0.0864
#: The Sun's frequency of maximum oscillation power [uHz] (Huber et al. 2011).
SUN_NUMAX_UHZ = 3090.0
#: Largest number of grid points; longer grids are made coarser, so that years of two-minute data stay fast.
MAX_GRID = 2**20
#: Number of random sines that represent one quasi-periodic peak.
SINES_PER_PEAK = 10
#: Number of samples per exposure that flares are averaged from.
FLARE_SAMPLES = 7
#: The flare template ends after so many full widths at half maximum, where it is below 1 % of its peak.
FLARE_REACH = 15.0


def gaussian_process(
    rng: np.random.Generator,
    time: NDArray[np.float64],
    psd: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    step_days: float | None = None,
) -> NDArray[np.float64]:
    """Draw a zero-mean Gaussian process with a given one-sided power spectral density.

    Random Fourier coefficients of that power (Timmer & Koenig 1995) are transformed on a regular
    grid. The grid is half as long again as the times, so that its periodic end does not meet its
    beginning. Its values are interpolated: linearly where the grid is as fine as the times, by
    cubic splines where it is coarser.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random generator.
    time : ndarray
        Times [d], shape (n,).
    psd : callable
        Maps frequencies [cycles/d] to power per frequency [flux^2 d]; the variance is its integral.
    step_days : float, optional
        Spacing of the grid [d]; the median spacing of the times by default.

    Returns
    -------
    ndarray
        The process at the times, shape (n,).
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
    """Compute the one-sided power spectral density of granulation.

    Two super-Lorentzians of exponent four, with amplitudes and time scales that depend on numax as
    found by Kallinger et al. (2014, model F, table 2): a = 3382 numax^-0.609 ppm, b1 = 0.317
    numax^0.970 uHz and b2 = 0.948 numax^0.992 uHz.

    Parameters
    ----------
    frequency : ndarray
        Frequencies [cycles/d].
    numax_uhz : float
        Frequency of maximum oscillation power [uHz].

    Returns
    -------
    ndarray
        Power density [flux^2 d], same shape.
    """
    amplitude = 3382.0 * numax_uhz**-0.609 * 1e-6
    power = np.zeros(len(frequency))
    for knee_uhz in (0.317 * numax_uhz**0.970, 0.948 * numax_uhz**0.992):
        knee = knee_uhz * CYCLES_PER_DAY_OF_UHZ
        power += 2 * np.sqrt(2) / np.pi * amplitude**2 / knee / (1 + (frequency / knee) ** 4)
    return power


def granulation(rng: np.random.Generator, time: NDArray[np.float64], numax_uhz: float = SUN_NUMAX_UHZ) -> NDArray[np.float64]:
    """Simulate the relative flux of a star with granulation.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random generator.
    time : ndarray
        Times [d], shape (n,).
    numax_uhz : float, optional
        Frequency of maximum oscillation power [uHz]: 3090 for the Sun, 500 for a subgiant, 50 for a
        red giant.

    Returns
    -------
    ndarray
        Relative flux about 1, shape (n,).
    """
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
    """Simulate the relative flux of a rotating, spotted star.

    A quasi-periodic process: each harmonic of the rotation frequency is a Gaussian peak in power,
    as wide as the lifetime of the spots makes it.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random generator.
    time : ndarray
        Times [d], shape (n,).
    period_days : float
        Rotation period [d].
    amplitude : float
        Standard deviation of the relative flux.
    lifetime_days : float, optional
        Lifetime of the spots [d]; four rotations by default.
    harmonics : sequence of float, optional
        Relative amplitudes at the rotation frequency and its multiples, which come from spots that
        are in view for less than a rotation.

    Returns
    -------
    ndarray
        Relative flux about 1, shape (n,).
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
        frequencies = multiple / period_days + width * rng.normal(size=SINES_PER_PEAK)
        waves = rng.normal(size=(2, SINES_PER_PEAK)) * np.sqrt(weight / SINES_PER_PEAK)
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
    """Simulate the relative flux of coherent pulsation modes with random phases.

    The exposure lowers each amplitude by the factor abs(sinc(frequency * exposure)).

    Parameters
    ----------
    rng : numpy.random.Generator
        Random generator.
    time : ndarray
        Times [d], shape (n,).
    frequencies_per_day : sequence of float
        Frequency of each mode [cycles/d].
    amplitudes : sequence of float
        Semi-amplitude of each mode, relative flux.
    exposure_minutes : float, optional
        Exposure time [min].

    Returns
    -------
    ndarray
        Relative flux about 1, shape (n,).
    """
    flux = np.ones(len(time))
    since = time - time[0]
    for frequency, amplitude in zip(frequencies_per_day, amplitudes, strict=True):
        seen = amplitude * float(np.abs(np.sinc(frequency * exposure_minutes / 1440)))
        flux += seen * np.sin(2 * np.pi * (frequency * since + rng.random()))
    return flux


def pulsator_modes(rng: np.random.Generator, kind: str, amplitude: float) -> tuple[list[float], list[float]]:
    """Draw the pulsation modes of a delta Scuti or gamma Doradus star.

    Frequencies are 5 to 50 and 0.3 to 3 cycles/d, respectively (Grigahcene et al. 2010).

    Parameters
    ----------
    rng : numpy.random.Generator
        Random generator.
    kind : str
        "delta Scuti" or "gamma Doradus".
    amplitude : float
        Semi-amplitude of the strongest mode, relative flux; the others fall off geometrically.

    Returns
    -------
    tuple of list of float
        Frequencies [cycles/d] and semi-amplitudes of three to eight modes.
    """
    low, high = (5.0, 50.0) if kind == "delta Scuti" else (0.3, 3.0)
    count = int(rng.integers(3, 9))
    frequencies = rng.uniform(low, high, count)
    amplitudes = amplitude * rng.uniform(0.45, 0.9) ** np.arange(count)
    return [float(f) for f in frequencies], [float(a) for a in amplitudes]


def flare_template(widths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the brightness of a flare in units of its peak.

    Davenport et al. (2014), eqs. 1 and 4: a fast polynomial rise within one width, then two
    exponentials.

    Parameters
    ----------
    widths : ndarray
        Times from the peak in full widths at half maximum.

    Returns
    -------
    ndarray
        Brightness, 1 at about the peak, same shape.

    Examples
    --------
    >>> flare_template(np.array([-2.0, -0.5, 5.0])).round(3).tolist()
    [0.0, 0.196, 0.076]
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
    """Simulate the relative flux of a flaring star; it is never below 1.

    Peaks follow a power law of index -2 up to 200 times the smallest. Widths grow with the peak,
    from some minutes to an hour (Davenport et al. 2014 for GJ 1243). Flares fall at random times,
    also into gaps, and are averaged over the exposure.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random generator.
    time : ndarray
        Times [d], shape (n,).
    per_day : float
        Mean number of flares per day.
    smallest : float, optional
        Smallest peak, relative flux.
    exposure_minutes : float, optional
        Exposure time [min].

    Returns
    -------
    ndarray
        Relative flux, shape (n,).
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
