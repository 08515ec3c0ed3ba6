"""Transits and eclipses: the relative flux of a star while something passes in front of it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError
from astroseq_core.times import Instant, TimeSystem

#: a/R* of a one-day orbit around a star of the Sun's mean density, (G rho P^2 / 3 pi)^(1/3): Kepler's third law.
SUN_AR_ONE_DAY = 4.2083
#: Exposures longer than this [min] are averaged from samples at most this far apart: a transit's ingress takes longer.
SAMPLE_MINUTES = 3.0
MAX_SAMPLES = 49


@dataclass(frozen=True)
class Orbit:
    """A dark body on a circular orbit, seen transiting.

    ``t0`` is a mid-transit. ``period_days`` None is a single transit; ``shape_period_days`` is then the period that gives it
    its duration, which no light curve shows. ``radius_ratio`` is r/R*, ``impact`` the distance of the transit's chord from
    the star's centre in R*, ``density_solar`` the star's mean density in the Sun's, ``u1``, ``u2`` its quadratic limb
    darkening (0, 0 is a uniform disc). Raises SettingsError for an orbit that does not transit or lies inside the star.
    """

    t0: Instant
    period_days: float | None
    radius_ratio: float
    impact: float = 0.0
    density_solar: float = 1.0
    u1: float = 0.4
    u2: float = 0.2
    shape_period_days: float | None = None

    def __post_init__(self) -> None:
        period = self.period_days if self.period_days is not None else self.shape_period_days
        if period is None or not (math.isfinite(period) and period > 0):
            raise SettingsError("An orbit needs a positive period; a single transit needs shape_period_days for its duration.")
        if not (0 < self.radius_ratio < 2 and self.density_solar > 0 and math.isfinite(self.t0.days)):
            raise SettingsError("An orbit needs a finite t0, a radius ratio between 0 and 2 and a positive stellar density.")
        if not 0 <= self.impact < 1 + self.radius_ratio:
            raise SettingsError(f"An impact parameter of {self.impact:g} does not transit; it must be below 1 + r/R*.")
        if self.a_over_rstar <= 1 + self.radius_ratio:
            raise SettingsError(
                f"At a period of {period:g} d the body would touch a star of {self.density_solar:g} solar densities."
            )

    @property
    def orbital_period_days(self) -> float:
        """The period [d] that gives the transit its shape, also where it is seen once."""
        period = self.period_days if self.period_days is not None else self.shape_period_days
        assert period is not None
        return period

    @property
    def a_over_rstar(self) -> float:
        """Semi-major axis in stellar radii, from Kepler's third law (Winn 2010, eq. 30)."""
        return SUN_AR_ONE_DAY * math.cbrt(self.density_solar * self.orbital_period_days**2)

    @property
    def inclination_deg(self) -> float:
        """Inclination [deg]: cos i = b / (a/R*)."""
        return math.degrees(math.acos(min(1.0, self.impact / self.a_over_rstar)))

    def duration_days(self) -> float:
        """Whole transit, first to fourth contact, T14 [d] (Winn 2010, eq. 14)."""
        reach = math.sqrt((1 + self.radius_ratio) ** 2 - self.impact**2)
        sine = reach / (self.a_over_rstar * math.sin(math.radians(self.inclination_deg)))
        return self.orbital_period_days / math.pi * math.asin(min(1.0, sine))

    @property
    def depth(self) -> float:
        """Relative flux missing at mid-transit, limb darkening included."""
        return 1.0 - float(_shape(np.zeros(1), self)[0])

    @property
    def depth_ppm(self) -> float:
        """Depth at mid-transit [ppm]."""
        return self.depth * 1e6

    def within(self, system: TimeSystem) -> "Orbit":
        """The same orbit with its epoch in another time system."""
        return replace(self, t0=self.t0.to(system))

    def phase_days(self, time: NDArray[np.float64]) -> NDArray[np.float64]:
        """Days from the nearest mid-transit, shape of ``time`` [d, in the system of ``t0``]."""
        since = time - self.t0.days
        if self.period_days is None:
            return since
        return since - self.period_days * np.round(since / self.period_days)


@dataclass(frozen=True)
class Eclipses:
    """An eclipsing binary on a circular orbit.

    ``orbit`` describes the companion in front of the primary star. ``light_ratio`` is the companion's flux over the
    primary's: the secondary eclipse, half a period later, removes up to light_ratio / (1 + light_ratio). ``ellipsoidal`` is
    the semi-amplitude of the tidal distortion at half the period (Morris & Naftilan 1993, leading term), relative flux.
    ``third_light`` is the share of the measured flux that comes from other stars in the aperture and dilutes everything.
    """

    orbit: Orbit
    light_ratio: float = 0.0
    ellipsoidal: float = 0.0
    third_light: float = 0.0

    def __post_init__(self) -> None:
        if self.orbit.period_days is None:
            raise SettingsError("An eclipsing binary needs a period.")
        if not (0 <= self.light_ratio <= 2 and 0 <= self.ellipsoidal < 0.5 and 0 <= self.third_light < 1):
            raise SettingsError(
                "A binary needs a light ratio of 0 to 2, an ellipsoidal part of 0 to 0.5, a third light of 0 to 1."
            )

    @property
    def depth(self) -> float:
        """Relative flux missing at mid-primary eclipse."""
        return self.orbit.depth / (1 + self.light_ratio) * (1 - self.third_light)

    @property
    def secondary_depth(self) -> float:
        """Relative flux missing at mid-secondary eclipse."""
        hidden = 1.0 - float(_companion(np.zeros(1), self.orbit)[0])
        return hidden * self.light_ratio / (1 + self.light_ratio) * (1 - self.third_light)

    def within(self, system: TimeSystem) -> "Eclipses":
        """The same binary with its epoch in another time system."""
        return replace(self, orbit=self.orbit.within(system))


def transit_flux(time: NDArray[np.float64], orbit: Orbit, exposure_minutes: float = 0.0) -> NDArray[np.float64]:
    """Relative flux of a transited star, 1 outside transits, shape of ``time`` [d, in the system of ``orbit.t0``].

    Mandel & Agol (2002) with quadratic limb darkening as computed by batman (Kreidberg 2015), averaged over the exposure;
    only cadences near a transit are computed.
    """
    return _near_events(orbit.phase_days(time), orbit.duration_days(), exposure_minutes, lambda phase: _shape(phase, orbit))


def eclipse_flux(time: NDArray[np.float64], binary: Eclipses, exposure_minutes: float = 0.0) -> NDArray[np.float64]:
    """Relative flux of an eclipsing binary, about 1 outside eclipses, shape of ``time`` [d, in the system of the orbit's t0]."""
    orbit = binary.orbit
    period = orbit.orbital_period_days
    primary = transit_flux(time, orbit, exposure_minutes)
    later = replace(orbit, t0=Instant(orbit.t0.days + period / 2, orbit.t0.system)).phase_days(time)
    companion = _near_events(later, orbit.duration_days(), exposure_minutes, lambda phase: _companion(phase, orbit))
    flux = (primary + binary.light_ratio * companion) / (1 + binary.light_ratio)
    if binary.ellipsoidal:
        # faintest at both conjunctions, brightest at the quadratures
        flux = flux - binary.ellipsoidal * np.cos(4 * np.pi * orbit.phase_days(time) / period)
    return (1 - binary.third_light) * flux + binary.third_light


def _near_events(
    phase: NDArray[np.float64],
    duration: float,
    exposure_minutes: float,
    shape: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """``shape`` averaged over exposures centred on ``phase`` [d] where these touch the event, 1 elsewhere; same shape."""
    exposure = exposure_minutes / 1440
    flux = np.ones(len(phase))
    near = np.flatnonzero(np.abs(phase) <= (duration + exposure) / 2)
    if near.size:
        count = int(min(MAX_SAMPLES, max(1, math.ceil(exposure_minutes / SAMPLE_MINUTES))))
        # midpoints of equal parts of the exposure: (k, count)
        offsets = ((np.arange(count) + 0.5) / count - 0.5) * exposure
        samples = phase[near][:, None] + offsets[None, :]
        flux[near] = shape(samples.ravel()).reshape(samples.shape).mean(axis=1)
    return flux


def _parameters(orbit: Orbit) -> Any:
    import batman

    parameters = batman.TransitParams()
    parameters.t0, parameters.per = 0.0, orbit.orbital_period_days
    parameters.rp, parameters.a, parameters.inc = orbit.radius_ratio, orbit.a_over_rstar, orbit.inclination_deg
    parameters.ecc, parameters.w = 0.0, 90.0
    return parameters


def _shape(phase: NDArray[np.float64], orbit: Orbit) -> NDArray[np.float64]:
    """Instantaneous relative flux at those days from mid-transit, same shape."""
    import batman

    parameters = _parameters(orbit)
    parameters.limb_dark, parameters.u = "quadratic", [orbit.u1, orbit.u2]
    return np.asarray(batman.TransitModel(parameters, phase).light_curve(parameters), dtype=np.float64)


def _companion(phase: NDArray[np.float64], orbit: Orbit) -> NDArray[np.float64]:
    """The part of the companion's disc, taken as uniform, that is visible at those days from mid-secondary, same shape."""
    import batman

    parameters = _parameters(orbit)
    parameters.limb_dark, parameters.u = "uniform", []
    parameters.fp, parameters.t_secondary = 1.0, 0.0
    model = batman.TransitModel(parameters, phase, transittype="secondary")
    return np.asarray(model.light_curve(parameters), dtype=np.float64) - 1.0
