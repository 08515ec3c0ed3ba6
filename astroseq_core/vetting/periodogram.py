"""Period searches by other methods on detrended light curves: box and transit least squares."""

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

from astroseq_core.errors import LightCurveError, SettingsError, missing_package
from astroseq_core.preprocessing import noise
from astroseq_core.preprocessing.prepare import DetrendedLightCurve
from astroseq_core.times import Instant

#: Trial periods range from this [d] to the span of the data over LEAST_TRANSITS, as by default in TLS (n_transits_min=2).
SHORTEST_PERIOD_DAYS = 0.4
MIN_TRANSITS = 2
#: Trial durations of BLS [h]; its autoperiod sets the grid of periods from the shortest.
BLS_DURATIONS_HOURS = (1.0, 1.5, 2.5, 4.0, 6.5, 10.0)
#: BLS works on means over this [min]: no box is shorter than an hour, and at two minutes it takes five times as long.
BLS_BIN_MINUTES = 10.0
#: Trial durations [h] of BLS periodograms by range of period [d]: grazing to central transits of Sun-like stars and giants.
BLS_DURATIONS_BY_PERIOD = (
    (0.0, 10.0, (1.0, 2.0, 4.0, 8.0)),
    (10.0, 60.0, (2.0, 4.0, 8.0, 14.0)),
    (60.0, math.inf, (4.0, 8.0, 14.0, 24.0)),
)
#: Sampling of trial periods, as by default in TLS: the last transit moves by 1 / this of its duration from one to the next.
OVERSAMPLING = 3
SOLAR_GM, SOLAR_RADIUS_M = 1.3271244e20, 6.957e8
#: Quadratic limb darkening for TLS, which works best near the star's own: its default for the Sun (G2V, Kepler band).
TLS_LIMB_DARKENING = [0.4804, 0.1867]


@dataclass(frozen=True)
class BestPeriod:
    """Best period of a search.

    The statistics of the two methods are not comparable with each other.

    Attributes
    ----------
    method : str
        "bls" or "tls".
    statistic : float
        Signal-to-noise of the depth (BLS) or signal detection efficiency SDE (TLS).
    period_days : float
        Period [d].
    t0 : Instant
        Epoch of mid-transit.
    duration_hours : float
        Duration [h].
    depth_ppm : float
        Depth of the box (BLS) or of the model (TLS) [ppm].
    cpu_seconds : float
        Processor time of the search alone, summed over threads [s].
    """

    method: str
    statistic: float
    period_days: float
    t0: Instant
    duration_hours: float
    depth_ppm: float
    cpu_seconds: float


@dataclass(frozen=True, eq=False)
class Periodogram:
    """Periodogram: the power of a search at each trial period.

    Attributes
    ----------
    method : str
        "bls" or "tls".
    unit : str
        Unit of the power, one of `UNITS`.
    period_days : ndarray
        Trial periods [d], increasing, shape (k,).
    power : ndarray
        Signal-to-noise of the depth (BLS) or SDE (TLS), shape (k,).
    found : BestPeriod
        The best period.
    """

    method: str
    unit: str
    period_days: NDArray[np.float64]
    power: NDArray[np.float64]
    found: BestPeriod


#: Unit of the power of each method.
POWER_UNITS = {"bls": "S/N of the depth", "tls": "SDE"}
#: More points than this across a chart do not show more.
MAX_POINTS = 2000
#: Processor time of a periodogram [s] on a core of 2024, per trial period and thousand (binned) cadences, and the fixed part:
#: measured on a sector of pi Men and on 4, 9 and 17 quarters of TrES-2, accurate within a factor of two.
SECONDS_PER_TRIAL = {"bls": 4e-6, "tls": 2.2e-5}
SECONDS_TO_START = {"bls": 0.05, "tls": 0.2}


def find_best_period(method: str, curves: Sequence[DetrendedLightCurve]) -> BestPeriod:
    """Find the best period in a star's detrended light curves.

    TLS works at the cadence of the light curves, BLS on means over `BLS_MINUTES`.

    Parameters
    ----------
    method : str
        "bls" or "tls".
    curves : sequence of DetrendedLightCurve
        Detrended light curves, one per observation.

    Returns
    -------
    BestPeriod
        The best period.

    Raises
    ------
    SettingsError
        If the method is unknown.
    LightCurveError
        If the data are too short for two transits, or the method fails.
    """
    return _run_search(method, curves, SEARCH_METHODS)[0]


def compute_periodogram(method: str, curves: Sequence[DetrendedLightCurve], most_points: int = MAX_POINTS) -> Periodogram:
    """Compute the periodogram of a star's detrended light curves.

    BLS tries the same periods as TLS (`trial_periods`): its own grid, which `search` uses, is a
    hundred times finer over years of data than a transit is long. See `estimate_seconds` for the
    time it takes.

    Parameters
    ----------
    method : str
        "bls" or "tls".
    curves : sequence of DetrendedLightCurve
        Detrended light curves, one per observation.
    most_points : int, optional
        Thin the periodogram to at most this many points, without losing a peak.

    Returns
    -------
    Periodogram
        The periodogram and its best period.

    Raises
    ------
    SettingsError
        If the method is unknown.
    LightCurveError
        If the data are too short for two transits, or the method fails.
    """
    found, periods, power = _run_search(method, curves, PERIODOGRAM_METHODS)
    return Periodogram(method, POWER_UNITS[method], *thin_periodogram(periods, power, most_points), found)


def thin_periodogram(
    periods: NDArray[np.float64], power: NDArray[np.float64], most_points: int = MAX_POINTS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Thin a periodogram to the highest point of each interval in log period.

    Values that are not finite are dropped.

    Parameters
    ----------
    periods : ndarray
        Trial periods [d], shape (n,).
    power : ndarray
        Powers, shape (n,).
    most_points : int, optional
        Maximum number of points.

    Returns
    -------
    periods : ndarray
        Periods in increasing order [d], shape (k,), k at most `most_points`.
    power : ndarray
        Their powers, shape (k,).

    Examples
    --------
    >>> periods, power = thin_periodogram(np.array([1.0, 1.1, 8.0]), np.array([3.0, 5.0, 4.0]), 2)
    >>> periods.tolist(), power.tolist()
    ([1.1, 8.0], [5.0, 4.0])
    """
    good = np.isfinite(periods) & np.isfinite(power) & (periods > 0)
    periods, power = periods[good], power[good]
    order = np.argsort(periods, kind="stable")
    periods, power = periods[order], power[order]
    if len(periods) <= most_points:
        return periods, power
    at = np.log(periods)
    place = np.minimum(((at - at[0]) / max(at[-1] - at[0], 1e-12) * most_points).astype(np.int64), most_points - 1)
    # Sorted by (interval, power), the highest point of each interval comes last.
    ranked = np.lexsort((power, place))
    last = np.r_[np.flatnonzero(np.diff(place[ranked])), len(ranked) - 1]
    pick = np.sort(ranked[last])
    return periods[pick], power[pick]


def estimate_seconds(method: str, curves: Sequence[DetrendedLightCurve]) -> float:
    """Estimate how long `spectrum` takes on one core, without running it.

    Both methods go through all cadences for each trial period. TLS additionally compiles itself
    once, which takes about 15 s.

    Parameters
    ----------
    method : str
        "bls" or "tls".
    curves : sequence of DetrendedLightCurve
        Detrended light curves, one per observation.

    Returns
    -------
    float
        Time [s].

    Raises
    ------
    SettingsError
        If the method is unknown.
    """
    _require_known_method(method)
    start, stop = min(float(c.time[0]) for c in curves), max(float(c.time[-1]) for c in curves)
    finest = BLS_BIN_MINUTES if method == "bls" else 0.0
    cadences = sum(len(c.time) * min(1.0, c.cadence_minutes / max(finest, c.cadence_minutes)) for c in curves)
    trials = len(trial_periods(stop - start))
    return SECONDS_TO_START[method] + SECONDS_PER_TRIAL[method] * trials * cadences / 1000


def trial_periods(days: float) -> NDArray[np.float64]:
    """Return the trial periods of TLS for data of the given length.

    The grid is uniform in the cube root of the frequency, so that from one period to the next the
    last transit of a Sun-like star moves by 1 / `OVERSAMPLING` of its duration: Ofir (2014, A&A
    561, A138), equations 5 to 7.

    Parameters
    ----------
    days : float
        Time span of the data [d].

    Returns
    -------
    ndarray
        Periods from `days` / `LEAST_TRANSITS` down to `SHORTEST_PERIOD_DAYS` [d], shape (k,).
    """
    seconds = days * 86400
    step = (2 * math.pi) ** (2 / 3) / math.pi * SOLAR_RADIUS_M / SOLAR_GM ** (1 / 3) / (seconds * OVERSAMPLING)
    low, high = (MIN_TRANSITS / seconds) ** (1 / 3), (1 / (SHORTEST_PERIOD_DAYS * 86400)) ** (1 / 3)
    roots = low + step / 3 * np.arange(max(1, math.ceil((high - low) * 3 / step)) + 1)
    return np.asarray(1 / (roots[roots <= high] ** 3 * 86400), np.float64)


#: Statistic, period, epoch, duration [d] and relative depth of the best period; all trial periods with their powers.
_SearchResult = tuple[float, float, float, float, float, NDArray[np.float64], NDArray[np.float64]]


def _require_known_method(method: str) -> None:
    if method not in SEARCH_METHODS:
        raise SettingsError(f"'{method}' is no period search; use one of {', '.join(SEARCH_METHODS)}.")


def _run_search(
    method: str, curves: Sequence[DetrendedLightCurve], how: "dict[str, _SearchFunction]"
) -> tuple[BestPeriod, NDArray[np.float64], NDArray[np.float64]]:
    """Run a search; return the best period, all trial periods [d] and their powers, (k,)."""
    _require_known_method(method)
    t, flat, sigma = _concatenate_observations(curves)
    if (t[-1] - t[0]) / MIN_TRANSITS <= SHORTEST_PERIOD_DAYS:
        raise LightCurveError(f"{curves[0].light_curve.target}: {t[-1] - t[0]:.2f} d are too short for a period search.")
    begin = time.process_time()
    try:
        with _silenced():
            statistic, period, t0, days, depth, periods, power = how[method](t, flat, sigma)
    except (ValueError, ArithmeticError, IndexError, TypeError) as error:
        raise LightCurveError(f"{curves[0].light_curve.target}: {method.upper()} failed ({error}).") from error
    cpu = time.process_time() - begin
    if not all(map(math.isfinite, (statistic, period, t0, days))):
        raise LightCurveError(f"{curves[0].light_curve.target}: {method.upper()} found no period.")
    return BestPeriod(method, statistic, period, Instant(t0, curves[0].system), days * 24, depth * 1e6, cpu), periods, power


def _concatenate_observations(
    curves: Sequence[DetrendedLightCurve],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return times [d], residuals and noise of all observations in time order, each (n,)."""
    order = sorted(curves, key=lambda c: float(c.time[0]))
    sigma = np.concatenate([np.full(len(c.time), noise.robust_sigma(c.flat)) for c in order])
    t, flat = np.concatenate([c.time for c in order]), np.concatenate([c.flat for c in order])
    by_time = np.argsort(t, kind="stable")
    return t[by_time], flat[by_time], sigma[by_time]


def _bin_in_time(
    t: NDArray[np.float64], flat: NDArray[np.float64], sigma: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Average times and residuals over BLS_MINUTES, with their noise; empty bins are dropped."""
    place = np.floor((t - t[0]) * 1440 / BLS_BIN_MINUTES).astype(np.int64)
    _, where, count = np.unique(place, return_inverse=True, return_counts=True)
    means = [np.bincount(where, x) / count for x in (t - t[0], flat, sigma)]
    return means[0] + t[0], means[1], means[2] / np.sqrt(count)


def _bls(t: NDArray[np.float64], flat: NDArray[np.float64], sigma: NDArray[np.float64]) -> _SearchResult:
    """Run box least squares (Kovács et al. 2002) of astropy with depth signal-to-noise as power."""
    from astropy.timeseries import BoxLeastSquares

    t, flat, sigma = _bin_in_time(t, flat, sigma)
    model: Any = BoxLeastSquares(t, flat, sigma)
    durations = np.array(BLS_DURATIONS_HOURS) / 24
    durations = durations[durations < SHORTEST_PERIOD_DAYS]
    longest = (t[-1] - t[0]) / MIN_TRANSITS
    periods = model.autoperiod(durations, minimum_period=SHORTEST_PERIOD_DAYS, maximum_period=longest, frequency_factor=1.0)
    power = model.power(periods, durations, objective="snr")
    best = int(np.argmax(power.power))
    value, period, t0, duration, depth = (
        float(getattr(power, name)[best]) for name in ("power", "period", "transit_time", "duration", "depth")
    )
    return value, period, t0, duration, depth, np.asarray(power.period, np.float64), np.asarray(power.power, np.float64)


def _bls_periodogram(t: NDArray[np.float64], flat: NDArray[np.float64], sigma: NDArray[np.float64]) -> _SearchResult:
    """Run BLS over `trial_periods`, with boxes of about the transit duration at each period."""
    from astropy.timeseries import BoxLeastSquares

    t, flat, sigma = _bin_in_time(t, flat, sigma)
    model: Any = BoxLeastSquares(t, flat, sigma)
    periods = trial_periods(float(t[-1] - t[0]))
    parts = []
    for shortest, longest, hours in BLS_DURATIONS_BY_PERIOD:
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


def _tls(t: NDArray[np.float64], flat: NDArray[np.float64], sigma: NDArray[np.float64]) -> _SearchResult:
    """Run transit least squares (Hippke & Heller 2019) on its own grids, in one thread."""
    try:
        from transitleastsquares import transitleastsquares
    except ImportError:
        raise missing_package("Transit least squares", "transitleastsquares", "train") from None

    model: Any = transitleastsquares(t, 1 + flat, sigma, verbose=False)
    found = model.power(
        use_threads=1,
        show_progress_bar=False,
        verbose=False,
        u=TLS_LIMB_DARKENING,
        n_transits_min=MIN_TRANSITS,
        period_min=SHORTEST_PERIOD_DAYS,
    )
    return (
        float(found.SDE),
        float(found.period),
        float(found.T0),
        float(found.duration),
        float(1 - found.depth),
        np.asarray(found.periods, np.float64),
        np.asarray(found.power, np.float64),
    )


#: A search function takes times, residuals and noise.
_SearchFunction = Callable[[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]], _SearchResult]
#: Search functions by name: for the best period, and for periodograms.
SEARCH_METHODS: dict[str, _SearchFunction] = {"bls": _bls, "tls": _tls}
PERIODOGRAM_METHODS: dict[str, _SearchFunction] = {"bls": _bls_periodogram, "tls": _tls}


@contextlib.contextmanager
def _silenced() -> Iterator[None]:
    """Suppress warnings (divisions by empty bins, in both libraries) and the prints of TLS."""
    with (
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield
