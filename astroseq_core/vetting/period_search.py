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
#: Boxes [h] of its spectra, by period [d] from and to: from grazing to central transits of stars like the Sun and giants.
BOXES_BY_PERIOD = (
    (0.0, 10.0, (1.0, 2.0, 4.0, 8.0)),
    (10.0, 60.0, (2.0, 4.0, 8.0, 14.0)),
    (60.0, math.inf, (4.0, 8.0, 14.0, 24.0)),
)
#: Trial periods of spectra, as TLS's own defaults: the last transit moves by this part of its duration from one to the next.
OVERSAMPLING = 3
SUN_GM, SUN_RADIUS_M = 1.3271244e20, 6.957e8
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


@dataclass(frozen=True, eq=False)
class Spectrum:
    """What a search says of each trial period: ``period_days`` (k,), increasing, and ``power`` (k,) in units of ``unit``.

    ``found`` is the best of them, as ``search`` gives it. BLS's power is the signal-to-noise of the depth, TLS's the SDE.
    """

    method: str
    unit: str
    period_days: NDArray[np.float64]
    power: NDArray[np.float64]
    found: Found


#: What the power of each method is.
UNITS = {"bls": "S/N of the depth", "tls": "SDE"}
#: More points than these across a chart show no more.
MOST_POINTS = 2000
#: Processor seconds that a spectrum takes on a core of 2024, per trial period and thousand (binned) cadences, and to begin with:
#: measured on a sector of pi Men and on 4, 9 and 17 quarters of TrES-2, within a factor of two.
SECONDS_PER_TRIAL = {"bls": 4e-6, "tls": 2.2e-5}
SECONDS_TO_BEGIN = {"bls": 0.05, "tls": 0.2}


def search(method: str, curves: Sequence[PreparedCurve]) -> Found:
    """What that method ("bls" or "tls") finds in a star's prepared light curves, TLS at their own cadence.

    Raises SettingsError for another method, LightCurveError where the data are too short for two transits or the method fails.
    """
    return _run(method, curves, METHODS)[0]


def spectrum(method: str, curves: Sequence[PreparedCurve], most_points: int = MOST_POINTS) -> Spectrum:
    """The whole spectrum of that method ("bls" or "tls"), thinned to at most so many points without losing a peak.

    BLS tries the periods that TLS does (``trial_periods``): its own grid, which ``search`` uses, is a hundred times finer over
    years than a transit is long. Raises as ``search`` does; see ``estimate_seconds``.
    """
    found, periods, power = _run(method, curves, SPECTRA)
    return Spectrum(method, UNITS[method], *thinned(periods, power, most_points), found)


def thinned(
    periods: NDArray[np.float64], power: NDArray[np.float64], most_points: int = MOST_POINTS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Periods and powers, each (k,) with k at most ``most_points``, in order of period: the highest of each stretch.

    Stretches are equally long in log period. What is not finite is left out.
    """
    good = np.isfinite(periods) & np.isfinite(power) & (periods > 0)
    periods, power = periods[good], power[good]
    order = np.argsort(periods, kind="stable")
    periods, power = periods[order], power[order]
    if len(periods) <= most_points:
        return periods, power
    at = np.log(periods)
    place = np.minimum(((at - at[0]) / max(at[-1] - at[0], 1e-12) * most_points).astype(np.int64), most_points - 1)
    # The highest of a stretch comes last in the order of (stretch, power).
    ranked = np.lexsort((power, place))
    last = np.r_[np.flatnonzero(np.diff(place[ranked])), len(ranked) - 1]
    pick = np.sort(ranked[last])
    return periods[pick], power[pick]


def estimate_seconds(method: str, curves: Sequence[PreparedCurve]) -> float:
    """About how long a ``spectrum`` takes [s] on one core, without making it; TLS compiles itself for some 15 s on top, once.

    Both methods go through all cadences for each trial period. Raises SettingsError for another method.
    """
    _check(method)
    start, stop = min(float(c.time[0]) for c in curves), max(float(c.time[-1]) for c in curves)
    finest = BLS_MINUTES if method == "bls" else 0.0
    cadences = sum(len(c.time) * min(1.0, c.cadence_minutes / max(finest, c.cadence_minutes)) for c in curves)
    trials = len(trial_periods(stop - start))
    return SECONDS_TO_BEGIN[method] + SECONDS_PER_TRIAL[method] * trials * cadences / 1000


def trial_periods(days: float) -> NDArray[np.float64]:
    """Periods [d] from SHORTEST_PERIOD_DAYS to ``days`` over LEAST_TRANSITS, decreasing, shape (k,): those that TLS tries.

    Ofir (2014, A&A 561, A138), equations 5 to 7: even in the cube root of the frequency, so that from one to the next the last
    transit of a star like the Sun moves by a part (OVERSAMPLING) of its duration.
    """
    seconds = days * 86400
    step = (2 * math.pi) ** (2 / 3) / math.pi * SUN_RADIUS_M / SUN_GM ** (1 / 3) / (seconds * OVERSAMPLING)
    low, high = (LEAST_TRANSITS / seconds) ** (1 / 3), (1 / (SHORTEST_PERIOD_DAYS * 86400)) ** (1 / 3)
    roots = low + step / 3 * np.arange(max(1, math.ceil((high - low) * 3 / step)) + 1)
    return np.asarray(1 / (roots[roots <= high] ** 3 * 86400), np.float64)


#: Statistic, period, epoch, duration [d] and relative depth of the best, and all trial periods with their powers.
_Result = tuple[float, float, float, float, float, NDArray[np.float64], NDArray[np.float64]]


def _check(method: str) -> None:
    if method not in METHODS:
        raise SettingsError(f"'{method}' is no period search; use one of {', '.join(METHODS)}.")


def _run(
    method: str, curves: Sequence[PreparedCurve], how: "dict[str, _Search]"
) -> tuple[Found, NDArray[np.float64], NDArray[np.float64]]:
    """What was found, and all trial periods [d] with their powers (k,)."""
    _check(method)
    t, flat, sigma = _together(curves)
    if (t[-1] - t[0]) / LEAST_TRANSITS <= SHORTEST_PERIOD_DAYS:
        raise LightCurveError(f"{curves[0].curve.target}: {t[-1] - t[0]:.2f} d are too short for a period search.")
    begin = time.process_time()
    try:
        with _silent():
            statistic, period, t0, days, depth, periods, power = how[method](t, flat, sigma)
    except (ValueError, ArithmeticError, IndexError, TypeError) as error:
        raise LightCurveError(f"{curves[0].curve.target}: {method.upper()} failed ({error}).") from error
    cpu = time.process_time() - begin
    if not all(map(math.isfinite, (statistic, period, t0, days))):
        raise LightCurveError(f"{curves[0].curve.target}: {method.upper()} found no period.")
    return Found(method, statistic, period, Instant(t0, curves[0].system), days * 24, depth * 1e6, cpu), periods, power


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


def _bls(t: NDArray[np.float64], flat: NDArray[np.float64], sigma: NDArray[np.float64]) -> _Result:
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
    value, period, t0, duration, depth = (
        float(getattr(power, name)[best]) for name in ("power", "period", "transit_time", "duration", "depth")
    )
    return value, period, t0, duration, depth, np.asarray(power.period, np.float64), np.asarray(power.power, np.float64)


def _bls_spectrum(t: NDArray[np.float64], flat: NDArray[np.float64], sigma: NDArray[np.float64]) -> _Result:
    """The same over ``trial_periods``, with boxes about as long as transits at such periods are."""
    from astropy.timeseries import BoxLeastSquares

    t, flat, sigma = _binned(t, flat, sigma)
    model: Any = BoxLeastSquares(t, flat, sigma)
    periods = trial_periods(float(t[-1] - t[0]))
    parts = []
    for shortest, longest, hours in BOXES_BY_PERIOD:
        own = periods[(periods >= shortest) & (periods < longest)]
        if len(own):
            parts.append((own, model.power(own, np.array(hours) / 24, objective="snr", oversample=5)))
    power = np.concatenate([np.asarray(p.power, np.float64) for _, p in parts])
    best = int(np.nanargmax(power))
    t0, duration, depth = (
        float(np.concatenate([np.asarray(p[name]) for _, p in parts])[best]) for name in ("transit_time", "duration", "depth")
    )
    tried = np.concatenate([own for own, _ in parts])
    return float(power[best]), float(tried[best]), t0, duration, depth, tried, power


def _tls(t: NDArray[np.float64], flat: NDArray[np.float64], sigma: NDArray[np.float64]) -> _Result:
    """Transit least squares (Hippke & Heller 2019) with its own period and duration grids, in one thread."""
    from transitleastsquares import transitleastsquares

    model: Any = transitleastsquares(t, 1 + flat, sigma, verbose=False)
    found = model.power(
        use_threads=1, show_progress_bar=False, verbose=False, u=TLS_LIMB_DARKENING, n_transits_min=LEAST_TRANSITS,
        period_min=SHORTEST_PERIOD_DAYS,
    )  # fmt: skip
    return (
        float(found.SDE), float(found.period), float(found.T0), float(found.duration), float(1 - found.depth),
        np.asarray(found.periods, np.float64), np.asarray(found.power, np.float64),
    )  # fmt: skip


#: A search takes times, residuals and noise.
_Search = Callable[[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]], _Result]
#: The searches by name, and those that give spectra.
METHODS: dict[str, _Search] = {"bls": _bls, "tls": _tls}
SPECTRA: dict[str, _Search] = {"bls": _bls_spectrum, "tls": _tls}


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
