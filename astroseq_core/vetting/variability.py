"""Stellar variability at the period (SWEET), and the phase curve of close companions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import Ephemeris, any_in_transit
from astroseq_core.preprocessing import noise
from astroseq_core.preprocessing.prepare import DetrendedLightCurve

#: Maximum period in detrending windows: the trend absorbs slower waves.
MAX_PERIOD_WINDOWS = 4.0
#: Minimum fraction of the orbit free of eclipses, and the factor by which excluded eclipses are widened.
MIN_FREE_FRACTION, ECLIPSE_WIDEN = 0.4, 1.2
#: Minimum significance of waves to subtract [sigma]; weaker ones may be noise.
MIN_WAVE_SIGMA = 4.0
#: Harmonics of the orbit: ellipsoidal distortion has two maxima per orbit, reflection and beaming have one.
HARMONICS = (1, 2)
CLIP_SIGMA = 4.0


def remove_phase_curve(
    detrended: Sequence[DetrendedLightCurve],
    flats: Sequence[NDArray[np.float64]],
    e: Ephemeris,
    others: Sequence[Ephemeris] = (),
    eclipses: Sequence[Ephemeris] = (),
) -> tuple[NDArray[np.float64], ...]:
    """Subtract sine and cosine waves at the period and half the period.

    The waves are fitted outside of transits, phase 0.5 and `eclipses`. Nothing is subtracted for a
    single transit, for long periods, if eclipses fill the orbit, or if the waves are not
    significant.

    Parameters
    ----------
    detrended : sequence of DetrendedLightCurve
        Detrended light curves, one per observation.
    flats : sequence of ndarray
        Relative deviations of each observation, same shape as its time.
    e : Ephemeris
        Ephemeris of the signal.
    others : sequence of Ephemeris, optional
        Other signals, excluded from the fit.
    eclipses : sequence of Ephemeris, optional
        Further eclipses of the same orbit, excluded from the fit.

    Returns
    -------
    tuple of ndarray
        Relative deviations without the waves, same shapes as `flats`.
    """
    given = tuple(flats)
    if e.period_days is None or e.period_days < e.duration_days / (1 - MIN_FREE_FRACTION) * 2 * ECLIPSE_WIDEN:
        return given
    if e.period_days > MAX_PERIOD_WINDOWS * max(c.settings.window_days for c in detrended):
        return given
    bases, values, weights = [], [], []
    for curve, flat in zip(detrended, given, strict=True):
        phase = e.phase_days(curve.time, curve.system)
        near = ECLIPSE_WIDEN * e.duration_days / 2
        free = (np.abs(phase) > near) & (np.abs(phase) < e.period_days / 2 - near) & np.isfinite(flat)
        for other in (*others, *eclipses):
            free &= ~other.in_transit(curve.time, curve.system, widen=ECLIPSE_WIDEN)
        free &= np.abs(flat) < CLIP_SIGMA * max(curve.noise, 1e-9)
        bases.append(_harmonic_basis(phase[free] / e.period_days))
        values.append(flat[free])
        weights.append(np.full(int(free.sum()), 1 / max(curve.noise, 1e-9)))
    a, y, w = np.concatenate(bases), np.concatenate(values), np.concatenate(weights)
    if len(y) < 10 * a.shape[1]:
        return given
    normal = (a * w[:, None]).T @ (a * w[:, None])
    if np.linalg.cond(normal) > 1e6:
        return given
    found = np.linalg.solve(normal, (a * (w**2)[:, None]).T @ y)
    # without the level
    waves, covariance = found[1:], np.linalg.inv(normal)[1:, 1:]
    if float(waves @ np.linalg.solve(covariance, waves)) < MIN_WAVE_SIGMA**2 + len(waves):
        return given
    return tuple(
        flat - _harmonic_basis(e.phase_days(curve.time, curve.system) / e.period_days)[:, 1:] @ waves
        for curve, flat in zip(detrended, given, strict=True)
    )


def _harmonic_basis(phase: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a constant and the harmonics at the given phases (n,), shape (n, 1 + 2 k)."""
    angles = [2 * np.pi * k * phase for k in HARMONICS]
    return np.stack([np.ones(len(phase)), *(f(a) for a in angles for f in (np.cos, np.sin))], axis=1)


#: Sine waves are tried at these multiples of the period.
PERIOD_MULTIPLES = (("half the period", 0.5), ("the period", 1.0), ("twice the period", 2.0))
#: A straight line is subtracted from each observation, so it must last for at least this many cycles.
MIN_CYCLES = 2.0
#: The noise of an amplitude is measured at frequencies between these many resolution elements away, on either side.
NEAREST_NOISE_STEP, FARTHEST_NOISE_STEP = 2, 13
#: Width of the bins that are fitted: fraction of the shortest period tried, and minimum [min].
BIN_PERIOD_FRACTION, MIN_BIN_MINUTES = 1 / 20, 10.0
FLARE_SIGMA = 5.0


@dataclass(frozen=True)
class SineFit:
    """Strongest sine wave at a multiple of the period, before detrending, without transits.

    The error is the amplitude at neighboring frequencies after subtracting this wave. A star that
    varies at another period therefore does not count, unless the data are too short to separate the
    two periods.

    Attributes
    ----------
    where : str
        Which multiple of the period, in words.
    period_days : float
        Period of the wave [d].
    amplitude_ppm : float
        Semi-amplitude [ppm].
    error_ppm : float
        Error of the semi-amplitude [ppm].
    """

    where: str
    period_days: float
    amplitude_ppm: float
    error_ppm: float

    @property
    def sigma(self) -> float:
        """Significance of the amplitude [σ]."""
        return self.amplitude_ppm / self.error_ppm


def strongest_sine(
    detrended: Sequence[DetrendedLightCurve], ephemeris: Ephemeris, others: Sequence[Ephemeris] = ()
) -> SineFit | None:
    """Find the most significant sine wave at half the period, the period and twice the period.

    Parameters
    ----------
    detrended : sequence of DetrendedLightCurve
        Detrended light curves, one per observation.
    ephemeris : Ephemeris
        Ephemeris of the signal.
    others : sequence of Ephemeris, optional
        Other signals, whose transits are excluded.

    Returns
    -------
    SineFit or None
        The wave; None for a single transit, or if no observation lasts for two cycles of any
        multiple.
    """
    if ephemeris.period_days is None:
        return None
    period = ephemeris.period_days
    width = max(MIN_BIN_MINUTES / 1440, BIN_PERIOD_FRACTION * PERIOD_MULTIPLES[0][1] * period)
    parts = [_out_of_transit_bins(curve, (ephemeris, *others), width) for curve in detrended]
    longest = max((float(t[-1] - t[0]) for t, _ in parts if len(t) > 1), default=0.0)
    found: list[SineFit] = []
    for where, ratio in PERIOD_MULTIPLES:
        long = [(t, y) for t, y in parts if len(t) > 10 and t[-1] - t[0] >= MIN_CYCLES * ratio * period]
        if longest < MIN_CYCLES * ratio * period or not long:
            continue
        time, flux = (np.concatenate(x) for x in zip(*long, strict=True))
        span = float(time.max() - time.min())
        steps = (
            np.r_[-np.arange(NEAREST_NOISE_STEP, FARTHEST_NOISE_STEP), np.arange(NEAREST_NOISE_STEP, FARTHEST_NOISE_STEP)] / span
        )
        frequency = 1 / (ratio * period) + steps
        amplitude, left = _fit_sine(time, flux, 1 / (ratio * period))
        beside = _sine_amplitudes(time, left, frequency[frequency > 0.5 / span])
        # noise amplitudes are Rayleigh distributed: their median is 1.177 sigma of one quadrature
        local = float(np.median(beside)) / 1.177 if len(beside) else 0.0
        white = noise.point_to_point_sigma(flux) * float(np.sqrt(2 / len(flux)))
        error = max(local, white, 1e-12)
        found.append(SineFit(where, ratio * period, amplitude * 1e6, error * 1e6))
    return max(found, key=lambda s: s.sigma, default=None)


def _out_of_transit_bins(
    curve: DetrendedLightCurve, ephemerides: Sequence[Ephemeris], width: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return binned times [d] and relative flux, without transits, flares and slope."""
    keep = ~any_in_transit(ephemerides, curve.time, curve.system, widen=1.1)
    keep &= curve.flux - curve.trend < FLARE_SIGMA * curve.noise
    time, flux = curve.time[keep], curve.flux[keep]
    if len(time) < 10:
        return np.zeros(0), np.zeros(0)
    _, where, count = np.unique(np.floor((time - time[0]) / width).astype(np.int64), return_inverse=True, return_counts=True)
    t, y = np.bincount(where, time - time[0]) / count + time[0], np.bincount(where, flux) / count
    x = t - t.mean()
    slope = float(np.sum(x * y) / max(np.sum(x * x), 1e-12))
    return t, y - y.mean() - slope * x


def _fit_sine(time: NDArray[np.float64], flux: NDArray[np.float64], frequency: float) -> tuple[float, NDArray[np.float64]]:
    """Fit a sine wave of one frequency [1/d]; return semi-amplitude and residual flux (n,)."""
    angle = 2 * np.pi * frequency * (time - time.mean())
    a = np.stack([np.cos(angle), np.sin(angle), np.ones(len(time))], axis=1)
    found, *_ = np.linalg.lstsq(a, flux, rcond=None)
    return float(np.hypot(found[0], found[1])), np.asarray(flux - a @ found)


def _sine_amplitudes(time: NDArray[np.float64], flux: NDArray[np.float64], frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the semi-amplitudes of the best sine wave at each frequency [1/d] separately."""
    angle = 2 * np.pi * frequency[:, None] * (time - time.mean())[None, :]
    c, s = np.cos(angle), np.sin(angle)
    cc, ss, cs = (c * c).sum(axis=1), (s * s).sum(axis=1), (c * s).sum(axis=1)
    yc, ys = c @ flux, s @ flux
    det = np.maximum(cc * ss - cs * cs, 1e-12)
    return np.asarray(np.hypot((yc * ss - ys * cs) / det, (ys * cc - yc * cs) / det))
