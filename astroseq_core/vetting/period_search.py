"""Searches for periods by others, on our prepared light curves: box least squares and transit least squares."""

import contextlib
import io
import math
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import LightCurveError, SettingsError
from astroseq_core.lightcurves import noise
from astroseq_core.lightcurves.prepare import PreparedCurve
from astroseq_core.times import Instant

#: Trial periods from here [d] to the span of the data over LEAST_TRANSITS, which is what TLS does by default (n_transits_min=2).
SHORTEST_PERIOD_DAYS = 0.4
LEAST_TRANSITS = 2
#: Trial durations of BLS [h]; periods are as fine as its own autoperiod makes them for the shortest.
BLS_HOURS = (1.0, 1.5, 2.5, 4.0, 6.5, 10.0)
#: BLS works on means over so many minutes: no box is shorter than an hour, and at two minutes it takes five times as long.
BLS_MINUTES = 10.0
#: TLS is at its best with quadratic limb darkening near the star's own; this is the Sun's in its own defaults (G2V, Kepler band).
TLS_LIMB_DARKENING = [0.4804, 0.1867]


@dataclass(frozen=True)
class Found:
    """The best period of a search; ``statistic``: BLS's signal-to-noise of the depth, TLS's SDE; not comparable with each other.

    ``depth_ppm`` of the box or the model; ``cpu_seconds`` of the search alone, all threads together.
    """

    method: str
    statistic: float
    period_days: float
    t0: Instant
    duration_hours: float
    depth_ppm: float
    cpu_seconds: float


def search(method: str, curves: Sequence[PreparedCurve]) -> Found:
    """What that method ("bls" or "tls") finds in a star's prepared light curves, TLS at their own cadence.

    Raises SettingsError for another method, LightCurveError where the data are too short for two transits or the method fails.
    """
    if method not in METHODS:
        raise SettingsError(f"'{method}' is no period search; use one of {', '.join(METHODS)}.")
    t, flat, sigma = _together(curves)
    if (t[-1] - t[0]) / LEAST_TRANSITS <= SHORTEST_PERIOD_DAYS:
        raise LightCurveError(f"{curves[0].curve.target}: {t[-1] - t[0]:.2f} d are too short for a period search.")
    begin = time.process_time()
    try:
        with _silent():
            statistic, period, t0, days, depth = METHODS[method](t, flat, sigma)
    except (ValueError, ArithmeticError, IndexError, TypeError) as error:
        raise LightCurveError(f"{curves[0].curve.target}: {method.upper()} failed ({error}).") from error
    cpu = time.process_time() - begin
    if not all(map(math.isfinite, (statistic, period, t0, days))):
        raise LightCurveError(f"{curves[0].curve.target}: {method.upper()} found no period.")
    return Found(method, statistic, period, Instant(t0, curves[0].system), days * 24, depth * 1e6, cpu)


def _together(curves: Sequence[PreparedCurve]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Times [d], residuals and their noise (n,), each, of all observations in time order."""
    order = sorted(curves, key=lambda c: float(c.time[0]))
    sigma = np.concatenate([np.full(len(c.time), noise.robust_sigma(c.flat)) for c in order])
    t, flat = np.concatenate([c.time for c in order]), np.concatenate([c.flat for c in order])
    by_time = np.argsort(t, kind="stable")
    return t[by_time], flat[by_time], sigma[by_time]


def _binned(
    t: NDArray[np.float64], flat: NDArray[np.float64], sigma: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Means of times and residuals over BLS_MINUTES, with their noise; bins without data are left out."""
    place = np.floor((t - t[0]) * 1440 / BLS_MINUTES).astype(np.int64)
    _, where, count = np.unique(place, return_inverse=True, return_counts=True)
    means = [np.bincount(where, x) / count for x in (t - t[0], flat, sigma)]
    return means[0] + t[0], means[1], means[2] / np.sqrt(count)


def _bls(
    t: NDArray[np.float64], flat: NDArray[np.float64], sigma: NDArray[np.float64]
) -> tuple[float, float, float, float, float]:
    """Box least squares (Kovács et al. 2002) by astropy: its periodogram of the depth's signal-to-noise."""
    from astropy.timeseries import BoxLeastSquares

    t, flat, sigma = _binned(t, flat, sigma)
    model: Any = BoxLeastSquares(t, flat, sigma)
    durations = np.array(BLS_HOURS) / 24
    durations = durations[durations < SHORTEST_PERIOD_DAYS]
    longest = (t[-1] - t[0]) / LEAST_TRANSITS
    periods = model.autoperiod(durations, minimum_period=SHORTEST_PERIOD_DAYS, maximum_period=longest, frequency_factor=1.0)
    power = model.power(periods, durations, objective="snr")
    best = int(np.argmax(power.power))
    return tuple(float(getattr(power, name)[best]) for name in ("power", "period", "transit_time", "duration", "depth"))  # type: ignore[return-value]


def _tls(
    t: NDArray[np.float64], flat: NDArray[np.float64], sigma: NDArray[np.float64]
) -> tuple[float, float, float, float, float]:
    """Transit least squares (Hippke & Heller 2019) with its own period and duration grids, in one thread."""
    from transitleastsquares import transitleastsquares

    model: Any = transitleastsquares(t, 1 + flat, sigma, verbose=False)
    found = model.power(
        use_threads=1, show_progress_bar=False, verbose=False, u=TLS_LIMB_DARKENING, n_transits_min=LEAST_TRANSITS,
        period_min=SHORTEST_PERIOD_DAYS,
    )  # fmt: skip
    return float(found.SDE), float(found.period), float(found.T0), float(found.duration), float(1 - found.depth)


#: The searches by name; each takes times, residuals and noise, gives statistic, period, epoch, duration [d] and relative depth.
METHODS: dict[
    str,
    Callable[[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]], tuple[float, float, float, float, float]],
] = {"bls": _bls, "tls": _tls}


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Neither warnings nor prints: both libraries warn of divisions by empty bins, and TLS prints what it does."""
    with (
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield
