"""Transit model on a circular orbit, set by duration, radius ratio and impact parameter."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import HOURS_PER_DAY
from astroseq_core.missions import K2, KEPLER, TESS, Mission
from astroseq_core.simulation.transits import SUN_AR_ONE_DAY

#: Quadratic limb darkening of a Sun-like star in each band (Claret & Bloemen 2011, Claret 2017).
LIMB_DARKENING = {KEPLER.name: (0.42, 0.24), K2.name: (0.42, 0.24), TESS.name: (0.32, 0.25)}
#: A single transit is modeled with a period of this many durations, beyond which its shape no longer changes.
SINGLE_PERIOD_DURATIONS = 200.0
#: Exposures are averaged over samples: maximum spacing as a fraction of the duration, and maximum number.
MAX_SAMPLE_DURATIONS, MAX_SAMPLES = 0.015, 21


def limb_darkening(instrument: Mission) -> tuple[float, float]:
    """Return the quadratic limb-darkening coefficients of a Sun-like star in a mission's band.

    Parameters
    ----------
    instrument : Mission
        Mission; unknown ones get the Kepler band.

    Returns
    -------
    tuple of float
        Coefficients u1 and u2.
    """
    return LIMB_DARKENING.get(instrument.name, LIMB_DARKENING[KEPLER.name])


def period_or_stand_in(period_days: float | None, duration_hours: float) -> float:
    """Return the period, or a stand-in for that of a single transit.

    Parameters
    ----------
    period_days : float or None
        Period [d]; None for a single transit.
    duration_hours : float
        Duration [h]; the stand-in is `SINGLE_DURATIONS` times this.

    Returns
    -------
    float
        Period [d].

    Examples
    --------
    >>> period_or_stand_in(None, 3.0)
    25.0
    """
    return period_days if period_days is not None else SINGLE_PERIOD_DURATIONS * duration_hours / HOURS_PER_DAY


def a_over_rstar(period_days: float, duration_hours: float, radius_ratio: float, impact: float) -> float:
    """Return the scaled semi-major axis a/R* that gives a total duration (Winn 2010, eq. 14).

    Parameters
    ----------
    period_days : float
        Period [d].
    duration_hours : float
        First to fourth contact [h].
    radius_ratio : float
        Planet to star radius ratio.
    impact : float
        Impact parameter.

    Returns
    -------
    float
        Semi-major axis in stellar radii.

    Examples
    --------
    >>> round(a_over_rstar(365.25, 13.0, 0.009, 0.0))
    217
    """
    sine = math.sin(min(math.pi / 2, math.pi * duration_hours / HOURS_PER_DAY / period_days))
    return math.sqrt(impact**2 + max(1e-6, (1 + radius_ratio) ** 2 - impact**2) / sine**2)


def density_solar(period_days: float, semi_major: float) -> float:
    """Return the mean density of the star from Kepler's third law (Winn 2010, eq. 30).

    Parameters
    ----------
    period_days : float
        Period [d].
    semi_major : float
        Semi-major axis in stellar radii.

    Returns
    -------
    float
        Density [Sun].

    Examples
    --------
    >>> round(density_solar(365.25, 215.0), 2)
    1.0
    """
    return (semi_major / SUN_AR_ONE_DAY) ** 3 / period_days**2


def flat_fraction(period_days: float, duration_hours: float, radius_ratio: float, impact: float) -> float:
    """Return T23/T14, the ratio of flat to total duration (Winn 2010, eq. 15).

    Parameters
    ----------
    period_days : float
        Period [d].
    duration_hours : float
        First to fourth contact [h].
    radius_ratio : float
        Planet to star radius ratio.
    impact : float
        Impact parameter.

    Returns
    -------
    float
        Ratio; 0 for a grazing transit.

    Examples
    --------
    >>> flat_fraction(10.0, 3.0, 0.1, 0.95)
    0.0
    """
    inner = (1 - radius_ratio) ** 2 - impact**2
    if inner <= 0 or radius_ratio >= 1:
        return 0.0
    a = a_over_rstar(period_days, duration_hours, radius_ratio, impact)
    sine = math.sqrt(inner) / math.sqrt(max(1e-9, a**2 - impact**2))
    return math.asin(min(1.0, sine)) / math.pi * period_days * HOURS_PER_DAY / duration_hours


class TransitShape:
    """Missing relative flux at fixed times, averaged over exposures, for many sets of parameters.

    Parameters
    ----------
    hours : ndarray
        Times from mid-transit [h], shape (n,).
    period_days : float or None
        Period [d]; None for a single transit.
    duration_hours : float
        Approximate duration, which sets the sampling of exposures [h].
    u : tuple of float
        Quadratic limb-darkening coefficients.
    exposure_hours : float or ndarray
        Exposure time [h], of all or of each of the times, shape (n,).
    """

    def __init__(
        self,
        hours: NDArray[np.float64],
        period_days: float | None,
        duration_hours: float,
        u: tuple[float, float],
        exposure_hours: float | NDArray[np.float64],
    ) -> None:
        import batman

        self.period_days, self._u = period_or_stand_in(period_days, duration_hours), u
        longest = float(np.max(exposure_hours, initial=0.0))
        count = int(np.clip(math.ceil(longest / (MAX_SAMPLE_DURATIONS * duration_hours)), 1, MAX_SAMPLES))
        each = np.broadcast_to(np.asarray(exposure_hours, dtype=np.float64), (len(hours),))
        offsets = ((np.arange(count) + 0.5) / count - 0.5)[None, :] * each[:, None]
        self._shape = (len(hours), count)
        self._parameters: Any = batman.TransitParams()
        p = self._parameters
        p.t0, p.per, p.ecc, p.w, p.rp, p.a, p.inc = 0.0, self.period_days, 0.0, 90.0, 0.1, 10.0, 90.0
        p.limb_dark, p.u = "quadratic", list(u)
        days = (hours[:, None] + offsets).ravel() / HOURS_PER_DAY
        self._model: Any = batman.TransitModel(p, np.ascontiguousarray(days, dtype=np.float64))

    def __call__(
        self,
        radius_ratio: float,
        duration_hours: float,
        impact: float,
        shift_hours: float = 0.0,
        u: tuple[float, float] | None = None,
    ) -> NDArray[np.float64]:
        """Return the missing relative flux of one set of parameters.

        Parameters
        ----------
        radius_ratio : float
            Planet to star radius ratio.
        duration_hours : float
            First to fourth contact [h].
        impact : float
            Impact parameter.
        shift_hours : float, optional
            Time of mid-transit [h].
        u : tuple of float, optional
            Other limb-darkening coefficients than the given ones.

        Returns
        -------
        ndarray
            Missing flux, shape (n,).
        """
        p = self._parameters
        p.t0, p.rp, p.u = shift_hours / HOURS_PER_DAY, radius_ratio, list(self._u if u is None else u)
        p.a = a_over_rstar(self.period_days, duration_hours, radius_ratio, impact)
        p.inc = math.degrees(math.acos(min(1.0, impact / p.a)))
        flux = np.asarray(self._model.light_curve(p), dtype=np.float64)
        return np.asarray(1.0 - flux.reshape(self._shape).mean(axis=1))


def mid_depth(radius_ratio: float, impact: float, u: tuple[float, float]) -> float:
    """Return the missing relative flux at mid-transit, not averaged over an exposure.

    This is what catalogs call the depth of a fitted model.

    Parameters
    ----------
    radius_ratio : float
        Planet to star radius ratio.
    impact : float
        Impact parameter.
    u : tuple of float
        Quadratic limb-darkening coefficients.

    Returns
    -------
    float
        Depth, relative.
    """
    shape = TransitShape(np.zeros(1), None, 1.0, u, 0.0)
    return float(shape(radius_ratio, 1.0, impact)[0])
