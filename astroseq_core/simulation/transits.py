"""Transit and eclipse models: relative flux of a star that is occulted."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import HOURS_PER_DAY, Ephemeris
from astroseq_core.errors import LightCurveError, SettingsError
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.times import Instant, TimeSystem

#: a/R* of a one-day orbit around a star of the Sun's mean density, (G rho P^2 / 3 pi)^(1/3): Kepler's third law.
SUN_AR_ONE_DAY = 4.2083
#: Largest spacing [min] of the samples that an exposure is averaged from: an ingress takes longer than this.
SAMPLE_MINUTES = 3.0
MAX_SAMPLES = 49


@dataclass(frozen=True)
class Orbit:
    """Circular orbit of a dark body that transits its star.

    Attributes
    ----------
    t0 : Instant
        A mid-transit time.
    period_days : float or None
        Period [d]; None for a single transit.
    radius_ratio : float
        r/R*.
    impact : float
        Impact parameter [stellar radii].
    density_solar : float
        Mean density of the star [Sun].
    u1 : float
        Linear limb-darkening coefficient; with u2 0 as well, a uniform disk.
    u2 : float
        Quadratic limb-darkening coefficient.
    shape_period_days : float or None
        Period [d] that sets the duration of a single transit.

    Raises
    ------
    SettingsError
        If the orbit does not transit or lies inside the star.

    Examples
    --------
    >>> from astroseq_core.times import Instant, TimeSystem
    >>> orbit = Orbit(Instant(2000.0, TimeSystem.BTJD), period_days=10.0, radius_ratio=0.1, u1=0, u2=0)
    >>> round(orbit.a_over_rstar, 2), round(orbit.depth, 6)
    (19.53, 0.01)
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
        """Period [d] that sets the shape of the transit, also of a single one."""
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
        """Compute the full transit duration T14, first to fourth contact (Winn 2010, eq. 14).

        Returns
        -------
        float
            Duration [d].
        """
        reach = math.sqrt((1 + self.radius_ratio) ** 2 - self.impact**2)
        sine = reach / (self.a_over_rstar * math.sin(math.radians(self.inclination_deg)))
        return self.orbital_period_days / math.pi * math.asin(min(1.0, sine))

    @property
    def depth(self) -> float:
        """Depth at mid-transit, relative flux, including limb darkening."""
        return 1.0 - float(_instantaneous_flux(np.zeros(1), self)[0])

    @property
    def depth_ppm(self) -> float:
        """Depth at mid-transit [ppm]."""
        return self.depth * 1e6

    def in_time_system(self, system: TimeSystem) -> "Orbit":
        """Convert the epoch to another time system.

        Parameters
        ----------
        system : TimeSystem
            The time system.

        Returns
        -------
        Orbit
            The same orbit.
        """
        return replace(self, t0=self.t0.to(system))

    def phase_days(self, time: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the time from the nearest mid-transit.

        Parameters
        ----------
        time : ndarray
            Times [d], shape (n,), in the time system of `t0`.

        Returns
        -------
        ndarray
            Time from mid-transit [d], shape (n,).
        """
        since = time - self.t0.days
        if self.period_days is None:
            return since
        return since - self.period_days * np.round(since / self.period_days)


@dataclass(frozen=True)
class EclipsingBinary:
    """Eclipsing binary on a circular orbit.

    Attributes
    ----------
    orbit : Orbit
        Orbit of the companion, which eclipses the primary star.
    light_ratio : float
        Flux of the companion over that of the primary. The secondary eclipse, half a period later,
        removes up to light_ratio / (1 + light_ratio).
    ellipsoidal : float
        Semi-amplitude of the tidal distortion at half the period, relative flux (Morris & Naftilan
        1993, leading term).
    third_light : float
        Fraction of the measured flux that comes from other stars in the aperture; it dilutes
        everything else.

    Raises
    ------
    SettingsError
        If the orbit has no period or a value is out of range.
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
        """Depth of the primary eclipse, relative flux."""
        return self.orbit.depth / (1 + self.light_ratio) * (1 - self.third_light)

    @property
    def secondary_depth(self) -> float:
        """Depth of the secondary eclipse, relative flux."""
        hidden = 1.0 - float(_visible_companion(np.zeros(1), self.orbit)[0])
        return hidden * self.light_ratio / (1 + self.light_ratio) * (1 - self.third_light)

    def in_time_system(self, system: TimeSystem) -> "EclipsingBinary":
        """Convert the epoch to another time system.

        Parameters
        ----------
        system : TimeSystem
            The time system.

        Returns
        -------
        EclipsingBinary
            The same binary.
        """
        return replace(self, orbit=self.orbit.in_time_system(system))


def transit_flux(time: NDArray[np.float64], orbit: Orbit, exposure_minutes: float = 0.0) -> NDArray[np.float64]:
    """Compute the relative flux of a transited star, 1 outside transits.

    Mandel & Agol (2002) with quadratic limb darkening as computed by batman (Kreidberg 2015),
    averaged over the exposure. Only cadences near a transit are computed.

    Parameters
    ----------
    time : ndarray
        Times [d], shape (n,), in the time system of `orbit.t0`.
    orbit : Orbit
        The orbit.
    exposure_minutes : float, optional
        Exposure time [min].

    Returns
    -------
    ndarray
        Relative flux, shape (n,).
    """
    return _average_near_events(
        orbit.phase_days(time), orbit.duration_days(), exposure_minutes, lambda phase: _instantaneous_flux(phase, orbit)
    )


def eclipse_flux(time: NDArray[np.float64], binary: EclipsingBinary, exposure_minutes: float = 0.0) -> NDArray[np.float64]:
    """Compute the relative flux of an eclipsing binary, about 1 outside eclipses.

    Parameters
    ----------
    time : ndarray
        Times [d], shape (n,), in the time system of the orbit's `t0`.
    binary : EclipsingBinary
        The binary.
    exposure_minutes : float, optional
        Exposure time [min].

    Returns
    -------
    ndarray
        Relative flux, shape (n,).
    """
    orbit = binary.orbit
    period = orbit.orbital_period_days
    primary = transit_flux(time, orbit, exposure_minutes)
    later = replace(orbit, t0=Instant(orbit.t0.days + period / 2, orbit.t0.system)).phase_days(time)
    companion = _average_near_events(
        later, orbit.duration_days(), exposure_minutes, lambda phase: _visible_companion(phase, orbit)
    )
    flux = (primary + binary.light_ratio * companion) / (1 + binary.light_ratio)
    if binary.ellipsoidal:
        # faintest at both conjunctions, brightest at the quadratures
        flux = flux - binary.ellipsoidal * np.cos(4 * np.pi * orbit.phase_days(time) / period)
    return (1 - binary.third_light) * flux + binary.third_light


def _average_near_events(
    phase: NDArray[np.float64],
    duration: float,
    exposure_minutes: float,
    shape: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Average `shape` over exposures at `phase` [d], shape (n,), that touch the event; 1 elsewhere."""
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


def _batman_parameters(orbit: Orbit) -> Any:
    """Return batman's parameters of an orbit, with the epoch at 0."""
    import batman

    parameters = batman.TransitParams()
    parameters.t0, parameters.per = 0.0, orbit.orbital_period_days
    parameters.rp, parameters.a, parameters.inc = orbit.radius_ratio, orbit.a_over_rstar, orbit.inclination_deg
    parameters.ecc, parameters.w = 0.0, 90.0
    return parameters


def _instantaneous_flux(phase: NDArray[np.float64], orbit: Orbit) -> NDArray[np.float64]:
    """Compute the instantaneous relative flux at times from mid-transit [d], same shape."""
    import batman

    parameters = _batman_parameters(orbit)
    parameters.limb_dark, parameters.u = "quadratic", [orbit.u1, orbit.u2]
    return np.asarray(batman.TransitModel(parameters, phase).light_curve(parameters), dtype=np.float64)


def _visible_companion(phase: NDArray[np.float64], orbit: Orbit) -> NDArray[np.float64]:
    """Compute the visible fraction of the companion's disk at times from mid-secondary, same shape."""
    import batman

    parameters = _batman_parameters(orbit)
    parameters.limb_dark, parameters.u = "uniform", []
    parameters.fp, parameters.t_secondary = 1.0, 0.0
    model = batman.TransitModel(parameters, phase, transittype="secondary")
    return np.asarray(model.light_curve(parameters), dtype=np.float64) - 1.0


#: Signals that can be injected into a light curve.
Signal = Orbit | EclipsingBinary


def relative_flux(time: NDArray[np.float64], signals: Iterable[Signal], exposure_minutes: float) -> NDArray[np.float64]:
    """Compute the product of the relative fluxes of all signals.

    Parameters
    ----------
    time : ndarray
        Times [d], shape (n,), in the time system of the signals' epochs.
    signals : iterable of Signal
        Transiting planets and eclipsing binaries.
    exposure_minutes : float
        Exposure time [min].

    Returns
    -------
    ndarray
        Relative flux, shape (n,).
    """
    flux = np.ones(len(time))
    for signal in signals:
        if isinstance(signal, EclipsingBinary):
            flux *= eclipse_flux(time, signal, exposure_minutes)
        else:
            flux *= transit_flux(time, signal, exposure_minutes)
    return flux


def inject(curve: LightCurve, signals: Iterable[Signal]) -> LightCurve:
    """Multiply the raw flux of a light curve by the relative flux of the signals.

    The exposure is taken to fill the cadence. Times, quality flags and flux errors do not change.

    Parameters
    ----------
    curve : LightCurve
        The light curve, not detrended.
    signals : iterable of Signal
        Signals to inject; their epochs may be in any time system.

    Returns
    -------
    LightCurve
        The light curve with the signals; its provenance says so.

    Raises
    ------
    LightCurveError
        If the median flux is not positive: transit depths are relative to the star's light, whose
        level is then unknown.
    """
    signals = [signal.in_time_system(curve.time_system) for signal in signals]
    usable = curve.flux[curve.usable_mask()]
    median = float(np.median(usable)) if usable.size else float("nan")
    if not median > 0:
        raise LightCurveError(
            f"{curve.observation} of {curve.target}: transits cannot be injected into a median flux of {median:.4g}; "
            "add back the level that was subtracted."
        )
    factor = relative_flux(curve.time, signals, curve.cadence_minutes)
    provenance = replace(curve.provenance, name=f"{curve.provenance.name} with {len(signals)} injected", sha256="")
    return replace(curve, flux=curve.flux * factor, provenance=provenance)


def signal_ephemeris(target_id: str, name: str, signal: Signal, disposition: str = "") -> Ephemeris:
    """Return the exact ephemeris of a signal, without errors.

    Parameters
    ----------
    target_id : str
        Identifier of the star.
    name : str
        Name of the signal.
    signal : Signal
        The planet or binary; of a binary, the primary eclipse is used.
    disposition : str, optional
        Disposition to store in the ephemeris.

    Returns
    -------
    Ephemeris
        Epoch, period [d], duration [h] and depth [ppm].
    """
    orbit = signal.orbit if isinstance(signal, EclipsingBinary) else signal
    return Ephemeris(
        target_id=target_id,
        name=name,
        t0=orbit.t0,
        period_days=orbit.period_days,
        duration_hours=orbit.duration_days() * HOURS_PER_DAY,
        depth_ppm=signal.depth * 1e6,
        disposition=disposition,
    )
