"""The shape of a transit on a circular orbit, told by its duration, radius ratio and impact parameter."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import HOURS_PER_DAY
from astroseq_core.missions import K2, KEPLER, TESS, Mission
from astroseq_core.simulate.transits import SUN_AR_ONE_DAY

#: Quadratic limb darkening of a Sun-like star in each band (Claret & Bloemen 2011, Claret 2017).
LIMB_DARKENING = {KEPLER.name: (0.42, 0.24), K2.name: (0.42, 0.24), TESS.name: (0.32, 0.25)}
#: A single transit is drawn as if its period were so many durations: by then its shape no longer changes.
SINGLE_DURATIONS = 200.0
#: Exposures are averaged from samples at most this part of a duration apart, of at most so many.
SAMPLE_PART, MAX_SAMPLES = 0.015, 21


def limb_darkening(instrument: Mission) -> tuple[float, float]:
    """Quadratic coefficients for that instrument's band."""
    return LIMB_DARKENING.get(instrument.name, LIMB_DARKENING[KEPLER.name])


def period_or_long(period_days: float | None, duration_hours: float) -> float:
    """The period [d], or the stand-in for that of a single transit."""
    return period_days if period_days is not None else SINGLE_DURATIONS * duration_hours / HOURS_PER_DAY


def a_over_rstar(period_days: float, duration_hours: float, radius_ratio: float, impact: float) -> float:
    """Semi-major axis in stellar radii that gives that whole duration: Winn (2010), eq. 14, solved for a/R*."""
    sine = math.sin(min(math.pi / 2, math.pi * duration_hours / HOURS_PER_DAY / period_days))
    return math.sqrt(impact**2 + max(1e-6, (1 + radius_ratio) ** 2 - impact**2) / sine**2)


def density_solar(period_days: float, semi_major: float) -> float:
    """Mean density of the star [Sun] for that a/R*, from Kepler's third law (Winn 2010, eq. 30)."""
    return (semi_major / SUN_AR_ONE_DAY) ** 3 / period_days**2


def flat_fraction(period_days: float, duration_hours: float, radius_ratio: float, impact: float) -> float:
    """Second to third contact over first to fourth, T23/T14; 0 for a grazing transit (Winn 2010, eq. 15)."""
    inner = (1 - radius_ratio) ** 2 - impact**2
    if inner <= 0 or radius_ratio >= 1:
        return 0.0
    a = a_over_rstar(period_days, duration_hours, radius_ratio, impact)
    sine = math.sqrt(inner) / math.sqrt(max(1e-9, a**2 - impact**2))
    return math.asin(min(1.0, sine)) / math.pi * period_days * HOURS_PER_DAY / duration_hours


class TransitShape:
    """The relative flux missing at given hours from mid-transit, averaged over an exposure, for many sets of parameters."""

    def __init__(
        self,
        hours: NDArray[np.float64],
        period_days: float | None,
        duration_hours: float,
        u: tuple[float, float],
        exposure_hours: float,
    ) -> None:
        import batman

        self.period_days = period_or_long(period_days, duration_hours)
        count = int(np.clip(math.ceil(exposure_hours / (SAMPLE_PART * duration_hours)), 1, MAX_SAMPLES))
        offsets = ((np.arange(count) + 0.5) / count - 0.5) * exposure_hours
        self._shape = (len(hours), count)
        self._parameters: Any = batman.TransitParams()
        p = self._parameters
        p.t0, p.per, p.ecc, p.w, p.rp, p.a, p.inc = 0.0, self.period_days, 0.0, 90.0, 0.1, 10.0, 90.0
        p.limb_dark, p.u = "quadratic", list(u)
        days = (hours[:, None] + offsets[None, :]).ravel() / HOURS_PER_DAY
        self._model: Any = batman.TransitModel(p, np.ascontiguousarray(days, dtype=np.float64))

    def __call__(
        self, radius_ratio: float, duration_hours: float, impact: float, shift_hours: float = 0.0
    ) -> NDArray[np.float64]:
        """Relative flux missing, shape (n,), for that radius ratio, whole duration, impact parameter and mid-transit."""
        p = self._parameters
        p.t0, p.rp = shift_hours / HOURS_PER_DAY, radius_ratio
        p.a = a_over_rstar(self.period_days, duration_hours, radius_ratio, impact)
        p.inc = math.degrees(math.acos(min(1.0, impact / p.a)))
        flux = np.asarray(self._model.light_curve(p), dtype=np.float64)
        return np.asarray(1.0 - flux.reshape(self._shape).mean(axis=1))


def mid_depth(radius_ratio: float, impact: float, u: tuple[float, float]) -> float:
    """Relative flux missing at mid-transit, no exposure averaged; what catalogues call the depth of a fitted model."""
    shape = TransitShape(np.zeros(1), None, 1.0, u, 0.0)
    return float(shape(radius_ratio, 1.0, impact)[0])
