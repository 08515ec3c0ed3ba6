"""Whether the star itself varies at the signal's period: SWEET, the sine wave evaluation test of Kepler's data validation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import Ephemeris, any_in_transit
from astroseq_core.lightcurves import noise
from astroseq_core.lightcurves.prepare import PreparedCurve

#: Sine waves are tried at these multiples of the period.
RATIOS = (("half the period", 0.5), ("the period", 1.0), ("twice the period", 2.0))
#: Each observation's straight line is taken away, so it must last for so many cycles.
LEAST_CYCLES = 2.0
#: Noise of an amplitude is told at frequencies so many resolution elements away on either side.
NEAREST, FARTHEST = 2, 13
#: Means over this part of the shortest period tried are fitted, over no less than so many minutes.
BIN_PART, BIN_MINUTES = 1 / 20, 10.0
FLARE_SIGMA = 5.0


@dataclass(frozen=True)
class Sine:
    """The strongest sine wave at a multiple of the period in the light curve before detrending, transits left out.

    ``where`` says which multiple, ``period_days`` is its period; semi-amplitude and error [ppm]. The error is that of amplitudes
    at neighbouring frequencies once this wave is taken away, so a star that varies at another period does not count unless the
    data are too short to tell the two periods apart.
    """

    where: str
    period_days: float
    amplitude_ppm: float
    error_ppm: float

    @property
    def sigma(self) -> float:
        """Significance of the amplitude."""
        return self.amplitude_ppm / self.error_ppm


def sine(prepared: Sequence[PreparedCurve], ephemeris: Ephemeris, others: Sequence[Ephemeris] = ()) -> Sine | None:
    """The most significant sine wave; None for a single transit, or where no observation lasts for two cycles of any."""
    if ephemeris.period_days is None:
        return None
    period = ephemeris.period_days
    width = max(BIN_MINUTES / 1440, BIN_PART * RATIOS[0][1] * period)
    parts = [_free(curve, (ephemeris, *others), width) for curve in prepared]
    longest = max((float(t[-1] - t[0]) for t, _ in parts if len(t) > 1), default=0.0)
    found: list[Sine] = []
    for where, ratio in RATIOS:
        long = [(t, y) for t, y in parts if len(t) > 10 and t[-1] - t[0] >= LEAST_CYCLES * ratio * period]
        if longest < LEAST_CYCLES * ratio * period or not long:
            continue
        time, flux = (np.concatenate(x) for x in zip(*long, strict=True))
        span = float(time.max() - time.min())
        steps = np.r_[-np.arange(NEAREST, FARTHEST), np.arange(NEAREST, FARTHEST)] / span
        frequency = 1 / (ratio * period) + steps
        amplitude, left = _fitted(time, flux, 1 / (ratio * period))
        beside = _amplitudes(time, left, frequency[frequency > 0.5 / span])
        # amplitudes of noise are Rayleigh distributed: their median is 1.177 sigma of one quadrature
        local = float(np.median(beside)) / 1.177 if len(beside) else 0.0
        white = noise.point_to_point_sigma(flux) * float(np.sqrt(2 / len(flux)))
        error = max(local, white, 1e-12)
        found.append(Sine(where, ratio * period, amplitude * 1e6, error * 1e6))
    return max(found, key=lambda s: s.sigma, default=None)


def _free(
    curve: PreparedCurve, ephemerides: Sequence[Ephemeris], width: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times [d] and relative flux in bins of that width [d], transits and flares left out, a straight line taken away."""
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


def _fitted(
    time: NDArray[np.float64], flux: NDArray[np.float64], frequency: float
) -> tuple[float, NDArray[np.float64]]:
    """The semi-amplitude of the sine wave of that frequency [1/d] that fits best, and the flux without it (n,)."""
    angle = 2 * np.pi * frequency * (time - time.mean())
    a = np.stack([np.cos(angle), np.sin(angle), np.ones(len(time))], axis=1)
    found, *_ = np.linalg.lstsq(a, flux, rcond=None)
    return float(np.hypot(found[0], found[1])), np.asarray(flux - a @ found)


def _amplitudes(
    time: NDArray[np.float64], flux: NDArray[np.float64], frequency: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Semi-amplitudes of the sine waves of those frequencies [1/d] that fit best, each by itself."""
    angle = 2 * np.pi * frequency[:, None] * (time - time.mean())[None, :]
    c, s = np.cos(angle), np.sin(angle)
    cc, ss, cs = (c * c).sum(axis=1), (s * s).sum(axis=1), (c * s).sum(axis=1)
    yc, ys = c @ flux, s @ flux
    det = np.maximum(cc * ss - cs * cs, 1e-12)
    return np.asarray(np.hypot((yc * ss - ys * cs) / det, (ys * cc - yc * cs) / det))
