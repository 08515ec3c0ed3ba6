"""Preprocessing: from a light curve as read to one that is masked, normalized and detrended."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.display import html_table
from astroseq_core.errors import LightCurveError, SettingsError, TooShortError
from astroseq_core.io.lightcurve import MIN_CADENCES, LightCurve
from astroseq_core.preprocessing import detrend, noise
from astroseq_core.times import TimeSystem

if TYPE_CHECKING:
    import lightkurve
    import pandas as pd

#: A cadence shorter than this fraction of the requested one is binned to it; one up to the inverse counts as equal.
MIN_CADENCE_RATIO = 0.8
#: Smallest trend that residuals are divided by, relative to the median flux.
MIN_TREND = 0.05
#: Range of the relative flux below which it is constant: that is rounding.
MIN_RANGE = 1e-9
#: Median flux, in units of the white noise of a cadence, up to which it says nothing of the star's light.
MIN_LEVEL_SIGMAS = 1.0
#: Relative noise of a cadence where the level of the light is unknown: 100 ppm then stand for the noise of a cadence. So
#: small that to divide by a trend about one changes little, and far above `noise.MIN_NOISE`.
NOISE_WITHOUT_LEVEL = 1e-4


#: Longest cadence [min] that data are binned to: a week, longer than any transit that a light curve holds whole.
MAX_CADENCE_MINUTES = 10_080


@dataclass(frozen=True)
class PreprocessingConfig:
    """Settings of the preprocessing; stored in every model card.

    Attributes
    ----------
    detrending : str
        Detrending method: "biweight", "median", "savgol" or "none".
    window_days : float
        Detrending window [d].
    clip_sigma : float or None
        Flux more than this many sigma above the trend (flares, cosmic rays) is clipped to that
        level. None switches clipping off.
    cadence_minutes : float or None
        Faster data are binned to this cadence [min]. None keeps the native cadence.
    """

    detrending: str = "biweight"
    window_days: float = 0.8
    clip_sigma: float | None = 5.0
    cadence_minutes: float | None = None

    def __post_init__(self) -> None:
        if self.cadence_minutes is not None and not 0 < self.cadence_minutes <= MAX_CADENCE_MINUTES:
            raise SettingsError(f"The cadence must be above 0 and at most {MAX_CADENCE_MINUTES:,} minutes, or none to keep it.")

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain JSON values.

        Returns
        -------
        dict
            The settings by field name.
        """
        return asdict(self)


#: Defaults where no model sets them; the window is about three long transits. Deep transits keep their depth. Of shallow ones
#: (as deep as the noise of a cadence), the biweight keeps nine tenths at 3 h with 0.8 d and at 6 h with 1.5 d, and half at 12 h;
#: depths are therefore measured with the transits masked.
DEFAULT_CONFIGS = {
    "TESS": PreprocessingConfig(window_days=0.8),
    "Kepler": PreprocessingConfig(window_days=1.5),
    "K2": PreprocessingConfig(window_days=1.5),
}


@dataclass(frozen=True, eq=False)
class DetrendedLightCurve:
    """A detrended light curve of one observation, with usable cadences only.

    Attributes
    ----------
    light_curve : LightCurve
        The light curve as read.
    settings : PreprocessingConfig
        The preprocessing settings.
    time : ndarray, shape (n,)
        Times [d], in the time system of the light curve.
    flux : ndarray, shape (n,)
        Flux relative to the observation's median (about 1).
    trend : ndarray, shape (n,)
        Slow trend, in the same unit as `flux`.
    flat : ndarray, shape (n,)
        Relative deviation of the flux from the trend (about 0).
    noise : float
        Robust scatter of `flat` per cadence (relative, not ppm).
    cadence_minutes : float
        Median spacing of the cadences [min].
    has_level : bool
        Whether the median flux tells how bright the star is. If not, `flux`, `trend` and `flat` are
        about 1 and 0 in ten-thousandths of the white noise of a cadence, and no depth in ppm is known.
    median_flux : float
        Median of the usable fluxes, in the unit of the light curve.
    """

    light_curve: LightCurve
    settings: PreprocessingConfig
    time: NDArray[np.float64]
    flux: NDArray[np.float64]
    trend: NDArray[np.float64]
    flat: NDArray[np.float64]
    noise: float
    cadence_minutes: float
    has_level: bool = True
    median_flux: float = 1.0

    @property
    def system(self) -> TimeSystem:
        """Time system of `time`."""
        return self.light_curve.time_system

    @property
    def observation(self) -> str:
        """Name of the observation."""
        return self.light_curve.observation

    @property
    def noise_ppm(self) -> float:
        """Robust scatter per cadence [ppm]; NaN where the level of the light is unknown."""
        return self.noise * 1e6 if self.has_level else math.nan

    @property
    def noise_text(self) -> str:
        """The robust scatter per cadence in words."""
        return f"{self.noise_ppm:,.0f} ppm noise" if self.has_level else "noise unknown in ppm"

    @property
    def level_problem(self) -> str:
        """One sentence where the level of the light is unknown; empty where it is known."""
        if self.has_level:
            return ""
        return (
            f"{self.observation} of {self.light_curve.target} has a median flux of {self.median_flux:.4g}: too much background "
            "was subtracted, or the star's light itself. It is searched in units of its noise, where 100 ppm stand for the "
            "noise of one cadence; how deep dips are in ppm is unknown."
        )

    def to_lightkurve(self) -> "lightkurve.LightCurve":
        """Return the detrended light curve as one of lightkurve's.

        Returns
        -------
        lightkurve.LightCurve
            A KeplerLightCurve or TessLightCurve: the flux is 1 plus `flat`, its error the scatter
            per cadence; the column `trend` is relative to the median.
        """
        from astroseq_core.io import lightkurve_objects

        scatter = np.full(len(self.time), self.noise)
        made = replace(self.light_curve, flattened=True)
        return lightkurve_objects.to_lightkurve(made, time=self.time, flux=1 + self.flat, flux_err=scatter, trend=self.trend)

    def to_pandas(self) -> "pd.DataFrame":
        """Return the detrended light curve as a table.

        Returns
        -------
        pandas.DataFrame
            One row a cadence: time [d], and flux, trend and flat relative to the median.
        """
        import pandas as pd

        return pd.DataFrame({"time": self.time, "flux": self.flux, "trend": self.trend, "flat": self.flat})

    def _facts(self) -> tuple[tuple[str, str], ...]:
        return (
            ("cadences", f"{len(self.time)} cadences of {self.cadence_minutes:.3g} min"),
            ("detrending", f"{self.settings.detrending} of {self.settings.window_days:g} d"),
            ("noise", f"{self.noise_text} per cadence"),
        )

    def __repr__(self) -> str:
        facts = ", ".join(text for _, text in self._facts())
        return f"<DetrendedLightCurve {self.observation} of {self.light_curve.target}: {facts}>"

    def _repr_html_(self) -> str:
        return html_table(f"{self.observation} of {self.light_curve.target}, detrended", (), self._facts())


def prepare(curve: LightCurve, settings: PreprocessingConfig | None = None) -> DetrendedLightCurve:
    """Mask, normalize, detrend and clip one observation.

    The flux is divided by its median, detrended as a whole and clipped upwards. Where the median is
    not above the noise of a cadence, fluxes are about 1 in ten-thousandths of that noise instead.

    Parameters
    ----------
    curve : LightCurve
        The light curve as read.
    settings : PreprocessingConfig, optional
        Preprocessing settings; by default those of the instrument.

    Returns
    -------
    DetrendedLightCurve
        The detrended light curve.

    Raises
    ------
    SettingsError
        If the data are slower than the requested cadence.
    TooShortError
        If binning leaves too few cadences.
    LightCurveError
        If the flux is constant.
    """
    settings = settings or DEFAULT_CONFIGS[curve.instrument.name]
    time, flux = _usable_cadences(curve)
    median, has_level = float(np.median(flux)), _tells_level(flux)
    if has_level:
        flux = flux / median
    elif (white := _white_noise(flux)) > 0:
        flux = 1 + NOISE_WITHOUT_LEVEL * (flux - median) / white
    else:
        raise _constant_flux(curve)
    if settings.cadence_minutes is not None:
        time, flux = _bin_to_cadence(curve, time, flux, settings.cadence_minutes)
    slow = (
        np.full(len(flux), 1.0)
        if curve.flattened
        else detrend.estimate_trend(time, flux, settings.detrending, settings.window_days)
    )
    flat = relative_deviation(flux, slow)
    flat -= np.median(flat)
    sigma = max(noise.robust_sigma(flat), noise.MIN_NOISE)
    if float(np.ptp(flux)) < MIN_RANGE:
        raise _constant_flux(curve)
    if settings.clip_sigma is not None:
        flat = np.minimum(flat, settings.clip_sigma * sigma)
    minutes = float(np.median(np.diff(time)) * 1440)
    return DetrendedLightCurve(curve, settings, time, flux, slow, flat, sigma, minutes, has_level, median)


def _constant_flux(curve: LightCurve) -> LightCurveError:
    return LightCurveError(f"{curve.observation} of {curve.target} has constant flux; there is nothing to search.")


def _white_noise(flux: NDArray[np.float64]) -> float:
    """Return the white noise of a cadence; of fluxes that mostly repeat, their scatter."""
    return noise.point_to_point_sigma(flux) or noise.robust_sigma(flux) or float(np.std(flux))


def _tells_level(flux: NDArray[np.float64]) -> bool:
    """Return whether the median flux says how bright the star is: whether it is above the white noise of a cadence."""
    return float(np.median(flux)) > MIN_LEVEL_SIGMAS * _white_noise(flux)


def flux_level(curve: LightCurve) -> float | None:
    """Return the median flux, if it tells how bright the star is.

    Parameters
    ----------
    curve : LightCurve
        The light curve.

    Returns
    -------
    float or None
        Median of the usable fluxes; None if it is not above the white noise of a cadence.
    """
    _, flux = _usable_cadences(curve)
    return float(np.median(flux)) if len(flux) > 1 and _tells_level(flux) else None


def same_units(curves: Sequence[DetrendedLightCurve]) -> Sequence[DetrendedLightCurve]:
    """Return light curves whose depths can be compared.

    Parameters
    ----------
    curves : sequence of DetrendedLightCurve
        Light curves of a star.

    Returns
    -------
    sequence of DetrendedLightCurve
        Those in which the level of the light is known; all if it is known in none.
    """
    return [curve for curve in curves if curve.has_level] or curves


def median_noise_ppm(curves: Iterable[DetrendedLightCurve]) -> float | None:
    """Return the median of the noise of light curves, of two in the middle the higher.

    Parameters
    ----------
    curves : iterable of DetrendedLightCurve
        The light curves.

    Returns
    -------
    float or None
        Noise per cadence [ppm]; None if the level of the light is known in none.
    """
    ordered = sorted(curve.noise_ppm for curve in curves if curve.has_level)
    return ordered[len(ordered) // 2] if ordered else None


#: Level that a light curve without one is given, at least this many times its noise and its range.
ASSUMED_LEVEL_SIGMAS, ASSUMED_LEVEL_RANGES = 100.0, 3.0


def with_assumed_level(curve: LightCurve) -> LightCurve:
    """Return a light curve whose median flux is positive, so that signals can be injected into it.

    Depths are then relative to an assumed brightness; how they compare to the noise is right.

    Parameters
    ----------
    curve : LightCurve
        The light curve.

    Returns
    -------
    LightCurve
        The same one where its level is known; else one with a constant added.
    """
    _, flux = _usable_cadences(curve)
    if len(flux) < 2 or _tells_level(flux):
        return curve
    middle = float(np.median(flux))
    level = max(ASSUMED_LEVEL_SIGMAS * _white_noise(flux), ASSUMED_LEVEL_RANGES * float(np.max(np.abs(flux - middle))))
    return replace(curve, flux=curve.flux - middle + level) if level > 0 else curve


def relative_deviation(flux: NDArray[np.float64], trend: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the relative deviation of the flux from its trend.

    A trend near or below zero (a star that drifted out of its aperture) would blow up the ratio, so
    the divisor has a lower limit.

    Parameters
    ----------
    flux : ndarray, shape (n,)
        Flux relative to the median.
    trend : ndarray, shape (n,)
        Trend relative to the median.

    Returns
    -------
    ndarray, shape (n,)
        (flux - trend) / trend.
    """
    # A trend near or below zero (a star that drifted out of its aperture) would blow up the ratio.
    return (flux - trend) / np.maximum(trend, MIN_TREND)


def preprocessed_times(curve: LightCurve, settings: PreprocessingConfig) -> NDArray[np.float64]:
    """Return the times that the preprocessing keeps, without detrending.

    Parameters
    ----------
    curve : LightCurve
        The light curve as read.
    settings : PreprocessingConfig
        Preprocessing settings.

    Returns
    -------
    ndarray, shape (n,)
        Times [d].

    Raises
    ------
    SettingsError
        If the data are slower than the requested cadence.
    TooShortError
        If binning leaves too few cadences.
    """
    time, flux = _usable_cadences(curve)
    return time if settings.cadence_minutes is None else _bin_to_cadence(curve, time, flux, settings.cadence_minutes)[0]


def _usable_cadences(curve: LightCurve) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return times and fluxes of the usable cadences."""
    keep = curve.usable_mask()
    return curve.time[keep], curve.flux[keep]


def light_curve_fits_cadence(curve: LightCurve, cadence_minutes: float) -> bool:
    """Return whether a light curve is at a cadence, or faster so that it can be binned to it.

    Parameters
    ----------
    curve : LightCurve
        The light curve.
    cadence_minutes : float
        The requested cadence [min].

    Returns
    -------
    bool
        True if the light curve can be brought to the cadence.
    """
    return cadence_fits(curve.cadence_minutes, cadence_minutes)


def cadence_fits(native_minutes: float, cadence_minutes: float) -> bool:
    """Return whether data of one cadence can be brought to another.

    Parameters
    ----------
    native_minutes : float
        Cadence of the data [min].
    cadence_minutes : float
        The requested cadence [min].

    Returns
    -------
    bool
        True if the data are at the requested cadence (to within 25 %) or faster.

    Examples
    --------
    >>> cadence_fits(2.0, 30.0), cadence_fits(29.4, 30.0), cadence_fits(30.0, 2.0)
    (True, True, False)
    """
    return native_minutes <= cadence_minutes / MIN_CADENCE_RATIO


def _bin_to_cadence(
    curve: LightCurve, time: NDArray[np.float64], flux: NDArray[np.float64], cadence_minutes: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return times and fluxes at the requested cadence; faster data are averaged in fixed bins."""
    native = float(np.median(np.diff(time)) * 1440)
    if native > cadence_minutes / MIN_CADENCE_RATIO:
        raise SettingsError(
            f"{curve.observation} of {curve.target} has a cadence of {native:.1f} min and {cadence_minutes:g} min are asked for; "
            "slower data cannot be made faster. Choose a model for this cadence."
        )
    if native >= cadence_minutes * MIN_CADENCE_RATIO:
        return time, flux
    bins = np.floor((time - time[0]) / (cadence_minutes / 1440)).astype(np.int64)
    _, where, count = np.unique(bins, return_inverse=True, return_counts=True)
    time, flux = np.bincount(where, time - time[0]) / count + time[0], np.bincount(where, flux) / count
    # A bin with less than half its cadences is noisier than its neighbors and would look like a signal.
    full = count >= 0.5 * np.median(count)
    if int(full.sum()) < MIN_CADENCES:
        raise TooShortError(f"{curve.observation} of {curve.target}: {full.sum()} cadences are left at {cadence_minutes:g} min.")
    return time[full], flux[full]


def time_span(curves: Iterable[DetrendedLightCurve], system: TimeSystem) -> tuple[float, float]:
    """Return the first and last time of a star's observations.

    Parameters
    ----------
    curves : iterable of DetrendedLightCurve
        Detrended light curves, at least one.
    system : TimeSystem
        Time system of the result.

    Returns
    -------
    tuple of (float, float)
        First and last time [d].
    """
    ends = [(float(c.time[0]) + c.system.zero_bjd, float(c.time[-1]) + c.system.zero_bjd) for c in curves]
    return min(e[0] for e in ends) - system.zero_bjd, max(e[1] for e in ends) - system.zero_bjd


def with_detrending(settings: PreprocessingConfig, method: str, window_days: float) -> PreprocessingConfig:
    """Return the same settings with another detrending method and window.

    Parameters
    ----------
    settings : PreprocessingConfig
        Settings to start from.
    method : str
        Detrending method.
    window_days : float
        Detrending window [d].

    Returns
    -------
    PreprocessingConfig
        The changed settings.
    """
    return replace(settings, detrending=method, window_days=window_days)
