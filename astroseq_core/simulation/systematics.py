"""Instrumental systematics: gaps, drifts, jumps, ramps, and the quality bits that go with them.

The effects are pure functions of (rng, time) that return relative flux about 1, so they also apply
to real light curves; `observe` combines those of one sector, quarter or campaign. As in the real
products, some bad cadences are flagged and some are not.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError
from astroseq_core.missions import K2, KEPLER, TESS, Mission
from astroseq_core.simulation import variability

# Quality bits: TESS Science Data Products Description Document, table 32; Kepler Archive Manual, table 2-3.
TESS_ARGABRIGHTENING, TESS_DESATURATION, TESS_IMPULSIVE, TESS_SCATTERED = 1 << 4, 1 << 5, 1 << 9, 1 << 12
KEPLER_SAFE_MODE, KEPLER_DESATURATION, KEPLER_SENSITIVITY_DROP, KEPLER_COSMIC_RAY = 1 << 1, 1 << 5, 1 << 10, 1 << 13
K2_POSSIBLE_THRUSTER, K2_THRUSTER = 1 << 19, 1 << 20
#: Fraction of thruster firings that K2's quality bits flag as certain.
K2_FLAGGED = 0.85

#: Start of the first observation [d, the mission's time system] and spacing of the observations [d]: close to the real calendars,
#: in which the spacing varies by a day or two.
FIRST_START = {"TESS": 1325.3, "Kepler": 131.5, "K2": 1977.5}
SPACING_DAYS = {"TESS": 27.4, "Kepler": 93.4, "K2": 83.0}
#: Length of one observation [d], gaps included, and the number of observations.
LENGTH_DAYS = {"TESS": 26.2, "Kepler": 90.0, "K2": 79.0}
MAX_OBSERVATIONS = {"TESS": 80, "Kepler": 15, "K2": 18}
MISSION_OF: dict[str, Mission] = {"TESS": TESS, "Kepler": KEPLER, "K2": K2}

#: Time between K2 thruster corrections [h] (Howell et al. 2014).
K2_ROLL_HOURS = 6.0


@dataclass(frozen=True, eq=False)
class ObservedCadences:
    """Cadences of one observation.

    Attributes
    ----------
    time : ndarray
        Times [d], shape (n,).
    factor : ndarray
        Instrumental factor about 1, shape (n,).
    quality : ndarray
        Quality bits, shape (n,).
    missing : ndarray
        Whether the flux is NaN, shape (n,).
    """

    time: NDArray[np.float64]
    factor: NDArray[np.float64]
    quality: NDArray[np.int64]
    missing: NDArray[np.bool_]


def drift(rng: np.random.Generator, time: NDArray[np.float64], amplitude: float) -> NDArray[np.float64]:
    """Simulate a slow thermal or pointing drift: a random cubic over the times.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random generator.
    time : ndarray
        Times [d], shape (n,).
    amplitude : float
        Typical size, relative flux.

    Returns
    -------
    ndarray
        Relative flux about 1, shape (n,).
    """
    x = 2 * (time - time[0]) / max(float(time[-1] - time[0]), 1e-9) - 1
    coefficients = np.r_[0.0, rng.normal(size=3) * (1.0, 0.6, 0.35)]
    return 1.0 + amplitude * np.asarray(np.polynomial.legendre.legval(x, coefficients), dtype=np.float64)


def red_noise(rng: np.random.Generator, time: NDArray[np.float64], amplitude: float, days: float = 0.25) -> NDArray[np.float64]:
    """Simulate residual systematics of pointing and background.

    A process of exponential correlation, with one-sided power 4 a^2 tau / (1 + (2 pi f tau)^2).

    Parameters
    ----------
    rng : numpy.random.Generator
        Random generator.
    time : ndarray
        Times [d], shape (n,).
    amplitude : float
        Standard deviation a, relative flux.
    days : float, optional
        Correlation time tau [d].

    Returns
    -------
    ndarray
        Relative flux about 1, shape (n,).
    """

    def psd(frequency: NDArray[np.float64]) -> NDArray[np.float64]:
        return 4 * amplitude**2 * days / (1 + (2 * np.pi * frequency * days) ** 2)

    return 1.0 + variability.gaussian_process(rng, time, psd)


def exponential_recovery(time: NDArray[np.float64], start: float, amplitude: float, days: float) -> NDArray[np.float64]:
    """Compute the relative flux that recovers exponentially after a disturbance.

    Parameters
    ----------
    time : ndarray
        Times [d], shape (n,).
    start : float
        Time of the disturbance [d].
    amplitude : float
        Offset at the start, relative flux.
    days : float
        Time scale of the recovery [d].

    Returns
    -------
    ndarray
        Relative flux, 1 before the start, shape (n,).
    """
    since = time - start
    return 1.0 + np.where(since >= 0, amplitude * np.exp(-np.maximum(since, 0) / days), 0.0)


def scattered_light(
    rng: np.random.Generator, time: NDArray[np.float64], amplitude: float, orbit_days: float = 13.7
) -> NDArray[np.float64]:
    """Simulate ramps near the ends and starts of orbits from Earthshine and moonlight.

    Gaps of more than half a day mark the orbits. Ramps last half a day to two days and carry
    ripples of some hours. They go up where background is left in and down where too much was
    subtracted.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random generator.
    time : ndarray
        Times [d], shape (n,).
    amplitude : float
        Typical height of a ramp, relative flux.
    orbit_days : float, optional
        Length of an orbit [d] where the times have no gaps.

    Returns
    -------
    ndarray
        Relative flux about 1, shape (n,).
    """
    flux = np.ones(len(time))
    breaks = time[1:][np.diff(time) > 0.5]
    starts = np.r_[time[0], breaks] if breaks.size else np.arange(time[0], time[-1], orbit_days)
    stops = np.r_[time[:-1][np.diff(time) > 0.5], time[-1]] if breaks.size else np.r_[starts[1:], time[-1]]
    for start, stop in zip(starts, stops, strict=True):
        for distance, chance in ((stop - time, 0.9), (time - start, 0.4)):
            if rng.random() > chance:
                continue
            size = amplitude * rng.lognormal(0.0, 0.6) * (1.0 if rng.random() < 0.6 else -1.0)
            ramp = np.exp(-np.maximum(distance, 0) / rng.uniform(0.2, 0.8)) * (distance >= 0) * ((time >= start) & (time <= stop))
            ripple = 1 + 0.3 * np.sin(2 * np.pi * (distance / rng.uniform(0.15, 0.5) + rng.random()))
            flux += size * ramp * ripple
    return flux


def jumps(
    rng: np.random.Generator, time: NDArray[np.float64], moments: NDArray[np.float64], amplitude: float, days: float = 0.5
) -> NDArray[np.float64]:
    """Simulate jumps at momentum dumps that mostly recover.

    A fifth of each jump stays until the next one.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random generator.
    time : ndarray
        Times [d], shape (n,).
    moments : ndarray
        Times of the jumps [d], shape (m,).
    amplitude : float
        Standard deviation of the jumps, relative flux.
    days : float, optional
        Time scale of the recovery [d].

    Returns
    -------
    ndarray
        Relative flux about 1, shape (n,).
    """
    flux = np.ones(len(time))
    for moment, stop in zip(moments, np.r_[moments[1:], np.inf], strict=True):
        size = amplitude * rng.normal()
        flux += np.where((time >= moment) & (time < stop), size * (0.2 + 0.8 * np.exp(-np.maximum(time - moment, 0) / days)), 0.0)
    return flux


def roll_sawtooth(
    rng: np.random.Generator, time: NDArray[np.float64], amplitude: float, hours: float = K2_ROLL_HOURS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Simulate the K2 roll residual that is left after a partial correction.

    The star drifts over its pixels between thruster firings. The roll changes sign near the middle
    of a campaign, where it is weakest.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random generator.
    time : ndarray
        Times [d], shape (n,).
    amplitude : float
        Largest peak-to-peak excursion, relative flux.
    hours : float, optional
        Time between thruster firings [h].

    Returns
    -------
    tuple of ndarray
        Relative flux about 1, shape (n,), and the times of the firings [d].
    """
    period = hours / 24
    firings = np.arange(time[0] + period * rng.random(), time[-1], period)
    which = np.searchsorted(firings, time, side="right")
    last = (
        np.where(which > 0, firings[np.maximum(which - 1, 0)], firings[0] - period)
        if firings.size
        else np.full(len(time), time[0])
    )
    phase = np.clip((time - last) / period, 0, 1) - 0.5
    position = (time - time[0]) / max(float(time[-1] - time[0]), 1e-9)
    sense = np.clip((position - rng.uniform(0.4, 0.6)) * 2.2, -1, 1)
    # the drift differs from one period to the next
    size = amplitude * np.clip(1 + 0.3 * rng.normal(size=len(firings) + 1), 0.2, 2)[which]
    bend = rng.normal() * 0.8
    return 1.0 + size * sense * (phase + bend * (phase**2 - 1 / 12)), firings


def observe(rng: np.random.Generator, instrument: str, number: int, magnitude: float) -> ObservedCadences:
    """Simulate the cadences of one sector, quarter or campaign with all instrumental effects.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random generator.
    instrument : str
        TESS, Kepler or K2.
    number : int
        Number of the observation, from 1.
    magnitude : float
        Tmag for TESS, else Kp; faint stars have larger systematics.

    Returns
    -------
    ObservedCadences
        Times, instrumental factor, quality bits and missing cadences.

    Raises
    ------
    SettingsError
        If the mission is unknown or has no observation of that number.
    """
    if instrument not in MISSION_OF:
        raise SettingsError(f"A star cannot be simulated as seen by '{instrument}'; use TESS, Kepler or K2.")
    if not 1 <= number <= MAX_OBSERVATIONS[instrument]:
        raise SettingsError(f"{instrument} has observations 1 to {MAX_OBSERVATIONS[instrument]} here, not {number}.")
    start = FIRST_START[instrument] + SPACING_DAYS[instrument] * (number - 1)
    cadence = MISSION_OF[instrument].cadence_minutes / 1440
    time = np.asarray(start + np.arange(int(LENGTH_DAYS[instrument] / cadence)) * cadence, dtype=np.float64)
    return _OBSERVE[instrument](rng, time, magnitude)


def _remove_gaps(time: NDArray[np.float64], gaps: list[tuple[float, float]]) -> NDArray[np.float64]:
    """Remove the times that lie in the gaps."""
    keep = np.ones(len(time), dtype=bool)
    for start, stop in gaps:
        keep &= (time < start) | (time > stop)
    return time[keep]


def _lost_cadences(rng: np.random.Generator, count: int, share: float) -> NDArray[np.bool_]:
    """Draw the cadences that are lost, each with the same probability; shape (count,)."""
    lost: NDArray[np.bool_] = rng.random(count) < share
    return lost


def _add_cosmic_rays(
    rng: np.random.Generator,
    factor: NDArray[np.float64],
    quality: NDArray[np.int64],
    share: float,
    height: float,
    faintness: float,
    bit: int,
    flagged: float,
) -> None:
    """Add cosmic-ray hits in place: exponential heights; a fraction `flagged` of them gets `bit`."""
    struck = np.flatnonzero(_lost_cadences(rng, len(factor), share))
    factor[struck] += height * rng.exponential(size=len(struck)) * faintness
    quality[struck[rng.random(len(struck)) < flagged]] |= bit


def _cadences_after(time: NDArray[np.float64], moments: NDArray[np.float64], cadences: int) -> NDArray[np.int64]:
    """Return the indices of the first cadences after each moment."""
    first = np.searchsorted(time, moments)
    indices = (first[:, None] + np.arange(cadences)[None, :]).ravel()
    return indices[indices < len(time)]


def _observe_tess(rng: np.random.Generator, time: NDArray[np.float64], magnitude: float) -> ObservedCadences:
    """Simulate one TESS sector."""
    middle = time[0] + 13.1 + rng.normal() * 0.2
    time = _remove_gaps(time, [(middle - 0.5 * rng.uniform(0.8, 1.6), middle + 0.5)])
    quality = np.zeros(len(time), np.int64)
    # faint stars have the same background as bright ones but less light
    ramps = scattered_light(rng, time, 3e-4 * min(10 ** (0.3 * (magnitude - 9.0)), 60.0) * rng.lognormal(0.0, 0.8))
    dumps = np.arange(float(time[0]) + rng.uniform(0, 3), float(time[-1]), rng.uniform(2.5, 5.5))
    factor = drift(rng, time, 4e-4) * ramps * jumps(rng, time, dumps, 2.5e-4)
    at_dumps = _cadences_after(time, dumps, 4)
    factor[at_dumps] += 2e-3 * rng.normal(size=len(at_dumps))
    quality[_cadences_after(time, dumps, 3)] |= TESS_DESATURATION
    strong = np.abs(ramps - 1) > rng.uniform(0.3, 0.9) * np.abs(ramps - 1).max()
    if rng.random() < 0.5:
        quality[strong] |= TESS_SCATTERED
    if rng.random() < 0.15:
        burst = int(rng.integers(len(time) - 5))
        factor[burst : burst + 3] += 5e-3
        quality[burst : burst + 3] |= TESS_ARGABRIGHTENING
    _add_cosmic_rays(rng, factor, quality, 3e-4, 3e-3, 10 ** (0.1 * (magnitude - 10)), TESS_IMPULSIVE, 0.7)
    missing = _lost_cadences(rng, len(time), 5e-4)
    factor *= red_noise(rng, time, 1.2e-4 * 10 ** (0.2 * (magnitude - 9)) * rng.lognormal(0.0, 0.5))
    return ObservedCadences(time, factor, quality, missing)


def _observe_kepler(rng: np.random.Generator, time: NDArray[np.float64], magnitude: float) -> ObservedCadences:
    """Simulate one Kepler quarter."""
    start = float(time[0])
    downlinks = start + np.array([30.5, 61.5]) + rng.normal(size=2)
    gaps = [(d, d + rng.uniform(0.7, 1.3)) for d in downlinks]
    safe = start + rng.uniform(8, 80) if rng.random() < 0.2 else None
    if safe is not None:
        gaps.append((safe, safe + rng.uniform(1.5, 5.0)))
    time = _remove_gaps(time, gaps)
    quality = np.zeros(len(time), np.int64)
    factor = drift(rng, time, 8e-4)
    for _, stop in gaps[:2]:
        factor *= exponential_recovery(time, stop, 4e-4 * rng.normal(), rng.uniform(0.8, 2.5))
    if safe is not None:
        stop = gaps[-1][1]
        factor *= exponential_recovery(time, stop, -2.5e-3 * rng.lognormal(0.0, 0.4), rng.uniform(1.0, 3.0))
        quality[_cadences_after(time, np.array([stop]), 12)] |= KEPLER_SAFE_MODE
    dumps = np.arange(start + rng.uniform(0, 3), float(time[-1]), 2.98)
    at_dumps = _cadences_after(time, dumps, 1)
    factor[at_dumps] += 4e-4 * rng.normal(size=len(at_dumps))
    quality[at_dumps] |= KEPLER_DESATURATION
    if rng.random() < 0.2:
        drop = float(rng.uniform(time[0], time[-1]))
        factor *= exponential_recovery(time, drop, -2e-3 * rng.lognormal(0.0, 0.5), rng.uniform(0.3, 2.0))
        factor = np.where(time >= drop, factor - 3e-4, factor)
        quality[_cadences_after(time, np.array([drop]), 1)] |= KEPLER_SENSITIVITY_DROP
    _add_cosmic_rays(rng, factor, quality, 2e-3, 6e-4, 10 ** (0.15 * (magnitude - 12)), KEPLER_COSMIC_RAY, 0.6)
    missing = _lost_cadences(rng, len(time), 2e-3)
    factor *= red_noise(rng, time, 1.5e-5 * 10 ** (0.15 * (magnitude - 12)) * rng.lognormal(0.0, 0.4))
    return ObservedCadences(time, factor, quality, missing)


def _observe_k2(rng: np.random.Generator, time: NDArray[np.float64], magnitude: float) -> ObservedCadences:
    """Simulate one K2 campaign."""
    if rng.random() < 0.5:
        middle = time[0] + rng.uniform(25, 55)
        time = _remove_gaps(time, [(middle, middle + rng.uniform(0.5, 4.0))])
    quality = np.zeros(len(time), np.int64)
    # raw excursions of 0.1 to 1 %, of which corrections leave a few tenths (Vanderburg & Johnson 2014)
    left = rng.lognormal(np.log(3e-3), 0.5) * rng.uniform(0.05, 0.35)
    residual, firings = roll_sawtooth(rng, time, left)
    factor = drift(rng, time, 1.5e-3) * residual
    at_firings = _cadences_after(time, firings, 1)
    factor[at_firings] += 1.5 * left * rng.normal(size=len(at_firings))
    certain = rng.random(len(at_firings)) < K2_FLAGGED
    quality[at_firings[certain]] |= K2_THRUSTER
    quality[at_firings[~certain & (rng.random(len(at_firings)) < 0.5)]] |= K2_POSSIBLE_THRUSTER
    _add_cosmic_rays(rng, factor, quality, 3e-3, 1e-3, 10 ** (0.15 * (magnitude - 12)), KEPLER_COSMIC_RAY, 0.6)
    missing = _lost_cadences(rng, len(time), 2e-3)
    factor *= red_noise(rng, time, 6e-5 * 10 ** (0.15 * (magnitude - 12)) * rng.lognormal(0.0, 0.4))
    return ObservedCadences(time, factor, quality, missing)


_OBSERVE: dict[str, Callable[[np.random.Generator, NDArray[np.float64], float], ObservedCadences]] = {
    "TESS": _observe_tess,
    "Kepler": _observe_kepler,
    "K2": _observe_k2,
}
