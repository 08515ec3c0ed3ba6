"""Putting transits into light curves, before anything is detrended."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import HOURS_PER_DAY, Ephemeris
from astroseq_core.errors import LightCurveError
from astroseq_core.lightcurves.lightcurve import LightCurve
from astroseq_core.simulate.transits import Eclipses, Orbit, eclipse_flux, transit_flux

#: What can be put into a light curve.
Signal = Orbit | Eclipses


def relative_flux(time: NDArray[np.float64], signals: Iterable[Signal], exposure_minutes: float) -> NDArray[np.float64]:
    """The product of all signals' relative fluxes, shape of ``time`` [d, in the system of their epochs]."""
    flux = np.ones(len(time))
    for signal in signals:
        if isinstance(signal, Eclipses):
            flux *= eclipse_flux(time, signal, exposure_minutes)
        else:
            flux *= transit_flux(time, signal, exposure_minutes)
    return flux


def inject(curve: LightCurve, signals: Iterable[Signal]) -> LightCurve:
    """The light curve with its raw flux multiplied by the signals' relative flux; times, quality and errors are as before.

    The exposure is taken to fill the cadence. Raises LightCurveError when the median flux is not positive: a dip is a part of
    the star's light, and none can be told from such a curve.
    """
    signals = [signal.within(curve.time_system) for signal in signals]
    usable = curve.flux[curve.usable()]
    median = float(np.median(usable)) if usable.size else float("nan")
    if not median > 0:
        raise LightCurveError(
            f"{curve.observation} of {curve.target}: transits cannot be injected into a median flux of {median:.4g}; "
            "add back the level that was subtracted."
        )
    factor = relative_flux(curve.time, signals, curve.cadence_minutes)
    provenance = replace(curve.provenance, name=f"{curve.provenance.name} with {len(signals)} injected", sha256="")
    return replace(curve, flux=curve.flux * factor, provenance=provenance)


def ephemeris_of(target_id: str, name: str, signal: Signal, disposition: str = "") -> Ephemeris:
    """The exact ephemeris of a signal (for a binary that of its primary eclipse), without errors."""
    orbit = signal.orbit if isinstance(signal, Eclipses) else signal
    return Ephemeris(
        target_id=target_id,
        name=name,
        t0=orbit.t0,
        period_days=orbit.period_days,
        duration_hours=orbit.duration_days() * HOURS_PER_DAY,
        depth_ppm=signal.depth * 1e6,
        disposition=disposition,
    )
