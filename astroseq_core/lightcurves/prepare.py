"""From a light curve as read to one that can be looked at and cut: masked, normalised, detrended."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import LightCurveError, SettingsError, TooShortError
from astroseq_core.lightcurves import detrending, noise
from astroseq_core.lightcurves.lightcurve import MIN_CADENCES, LightCurve
from astroseq_core.times import TimeSystem

#: A cadence shorter than this part of the wanted one is binned to it; a longer one up to the inverse passes as equal.
SAME_CADENCE = 0.8
#: The least trend that residuals are divided by, in medians of the flux.
SMALLEST_TREND = 0.05


@dataclass(frozen=True)
class Preparation:
    """How light curves are prepared; stands in a model's card.

    ``detrending`` and ``window_days``: see detrending.trend. ``clip_sigma``: flux above so many noise sigmas over the trend is
    set back to that (flares, cosmic rays), None leaves it. ``cadence_minutes``: faster data are binned to it, None keeps all.
    """

    detrending: str = "biweight"
    window_days: float = 0.8
    clip_sigma: float | None = 5.0
    cadence_minutes: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain JSON values."""
        return asdict(self)


#: What the pages use where no model says otherwise: about three long transits. Deep transits keep their depth; of shallow ones
#: (a cadence's noise deep) the biweight leaves nine tenths at 3 h with 0.8 d and at 6 h with 1.5 d, and half at 12 h, so depths
#: are measured with the transits masked.
BY_INSTRUMENT = {"TESS": Preparation(window_days=0.8), "Kepler": Preparation(window_days=1.5), "K2": Preparation(window_days=1.5)}


@dataclass(frozen=True, eq=False)
class PreparedCurve:
    """One observation, ready: only usable cadences, each array of shape (n,).

    ``time`` [d, ``system``], ``flux`` relative to the observation's median (about 1), ``trend`` in the same unit, ``flat`` the
    relative deviation from the trend (about 0), ``noise`` its robust scatter per cadence (relative, not ppm).
    """

    curve: LightCurve
    settings: Preparation
    time: NDArray[np.float64]
    flux: NDArray[np.float64]
    trend: NDArray[np.float64]
    flat: NDArray[np.float64]
    noise: float
    cadence_minutes: float

    @property
    def system(self) -> TimeSystem:
        """The system of ``time``."""
        return self.curve.time_system

    @property
    def observation(self) -> str:
        """The observation's name."""
        return self.curve.observation

    @property
    def noise_ppm(self) -> float:
        """Robust scatter of one cadence [ppm]."""
        return self.noise * 1e6

    def noise_ppm_over(self, hours: float) -> float:
        """Robust scatter of means over so many hours [ppm]."""
        return noise.sigma_over(self.flat, max(1, round(hours * 60 / self.cadence_minutes))) * 1e6


def prepare(curve: LightCurve, settings: Preparation | None = None) -> PreparedCurve:
    """The observation masked, normalised by its median, detrended as a whole and clipped upwards.

    Raises SettingsError when the data are slower than the wanted cadence, TooShortError when binning leaves too little.
    """
    settings = settings or BY_INSTRUMENT[curve.instrument.name]
    time, flux = _usable(curve)
    median = float(np.median(flux))
    if not median > 0:
        raise LightCurveError(
            f"{curve.observation} of {curve.target}: its median flux is {median:.4g}; relative flux needs a positive one. "
            "Add back the level that was subtracted."
        )
    flux = flux / median
    if settings.cadence_minutes is not None:
        time, flux = _to_cadence(curve, time, flux, settings.cadence_minutes)
    slow = np.full(len(flux), 1.0) if curve.flattened else detrending.trend(time, flux, settings.detrending, settings.window_days)
    flat = deviation(flux, slow)
    flat -= np.median(flat)
    sigma = noise.robust_sigma(flat)
    if not sigma > 0:
        raise LightCurveError(f"{curve.observation} of {curve.target} has constant flux; there is nothing to search.")
    if settings.clip_sigma is not None:
        flat = np.minimum(flat, settings.clip_sigma * sigma)
    return PreparedCurve(curve, settings, time, flux, slow, flat, sigma, float(np.median(np.diff(time)) * 1440))


def deviation(flux: NDArray[np.float64], trend: NDArray[np.float64]) -> NDArray[np.float64]:
    """Relative deviation of the flux from its trend, both relative to the median; same shape."""
    # A trend at or near zero (a star that fell off its pixels) would blow the ratio up; it is divided by no less than this.
    return (flux - trend) / np.maximum(trend, SMALLEST_TREND)


def times(curve: LightCurve, settings: Preparation) -> NDArray[np.float64]:
    """The times (n,) [d] that ``prepare`` leaves, without the rest of its work; raises as it does about cadences."""
    time, flux = _usable(curve)
    return time if settings.cadence_minutes is None else _to_cadence(curve, time, flux, settings.cadence_minutes)[0]


def _usable(curve: LightCurve) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    keep = curve.usable()
    return curve.time[keep], curve.flux[keep]


def fits_cadence(curve: LightCurve, cadence_minutes: float) -> bool:
    """Whether the data can be brought to that cadence [min]: they are as fast, or faster and will be binned."""
    return cadence_fits(curve.cadence_minutes, cadence_minutes)


def cadence_fits(native_minutes: float, cadence_minutes: float) -> bool:
    """Whether data at ``native_minutes`` can be brought to a cadence [min]; see ``fits_cadence``."""
    return native_minutes <= cadence_minutes / SAME_CADENCE


def _to_cadence(
    curve: LightCurve, time: NDArray[np.float64], flux: NDArray[np.float64], cadence_minutes: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times and fluxes at the wanted cadence, by means over fixed bins where the data are faster."""
    native = float(np.median(np.diff(time)) * 1440)
    if native > cadence_minutes / SAME_CADENCE:
        raise SettingsError(
            f"{curve.observation} of {curve.target} has a cadence of {native:.1f} min and {cadence_minutes:g} min are asked for; "
            "slower data cannot be made faster. Choose a model for this cadence."
        )
    if native >= cadence_minutes * SAME_CADENCE:
        return time, flux
    bins = np.floor((time - time[0]) / (cadence_minutes / 1440)).astype(np.int64)
    _, where, count = np.unique(bins, return_inverse=True, return_counts=True)
    time, flux = np.bincount(where, time - time[0]) / count + time[0], np.bincount(where, flux) / count
    # A bin with less than half its cadences is noisier than its neighbours and would look like a signal.
    full = count >= 0.5 * np.median(count)
    if int(full.sum()) < MIN_CADENCES:
        raise TooShortError(f"{curve.observation} of {curve.target}: {full.sum()} cadences are left at {cadence_minutes:g} min.")
    return time[full], flux[full]


def with_detrending(settings: Preparation, method: str, window_days: float) -> Preparation:
    """The same settings with another trend."""
    return replace(settings, detrending=method, window_days=window_days)
