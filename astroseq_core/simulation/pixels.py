"""Pixel columns of simulated stars: raw flux, background and positions, made on demand."""

import zlib
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.io.pixels import PixelColumns, dump_times
from astroseq_core.simulation import photometry, survey, systematics
from astroseq_core.simulation.transits import EclipsingBinary, relative_flux
from astroseq_core.targets import Target

_Array = NDArray[np.float64]

#: Width of a star's image [pixels, one sigma]. A position's error is this times the relative flux noise.
IMAGE_PIXELS = MappingProxyType({"TESS": 0.8, "Kepler": 0.6, "K2": 0.6})
#: Pointing residuals after the common motion of many stars is subtracted [pixels]: slow drift, jitter over some hours, and jumps
#: at momentum dumps. About as for pi Men in sector 1 and for Kepler-90.
DRIFT_PIXELS = MappingProxyType({"TESS": 3e-3, "Kepler": 2e-3, "K2": 1e-2})
JITTER_PIXELS = MappingProxyType({"TESS": 2e-4, "Kepler": 3e-5, "K2": 1e-3})
JUMP_PIXELS = MappingProxyType({"TESS": 2e-3, "Kepler": 1e-4, "K2": 4e-3})
#: Drifts and K2 roll motion in the raw flux that the corrected flux does not have, relative flux.
RAW_DRIFT = MappingProxyType({"TESS": 2e-3, "Kepler": 6e-3, "K2": 4e-3})
RAW_ROLL = 3e-3
#: Background in the aperture as a fraction of the flux of a star of magnitude 10, and its relative variation.
BACKGROUND_AT_10 = MappingProxyType({"TESS": 0.15, "Kepler": 0.005, "K2": 0.01})
BACKGROUND_VARIES = MappingProxyType({"TESS": 0.6, "Kepler": 0.1, "K2": 0.15})
#: A binary with at least this third light is taken to be a fainter star beside the target; the second constant is the range of
#: its distance from the centroid [pixels].
BLENDED_THIRD_LIGHT = 0.5
OFFSET_PIXELS = (0.4, 1.8)
#: Center of the aperture [pixels]; the value is arbitrary.
CENTER = 100.0
_SALT = 11


def simulated_pixel_columns(curve: LightCurve) -> PixelColumns:
    """Simulate the pixel columns that belong to a light curve of a simulated star.

    The corrected flux is that of the light curve. The centroid moves only in the eclipses of
    blended binaries, see `source_offset`. The same light curve always gives the same columns.

    Parameters
    ----------
    curve : LightCurve
        Light curve of a simulated star.

    Returns
    -------
    PixelColumns
        Raw flux, background [electrons/s] and centroid positions [pixels].

    Raises
    ------
    TargetError
        If the star is not a simulated one.
    """
    star = survey.read_star(int(curve.target.number))
    instrument, time = curve.instrument.name, curve.time
    rng = np.random.default_rng([int(curve.target.number), zlib.crc32(curve.observation.encode()), _SALT])
    dumps = dump_times(curve)
    missing = ~np.isfinite(curve.flux)
    lost = 1.0 - np.minimum(relative_flux(time, star.signals, curve.cadence_minutes), 1.0)
    sigma = photometry.photometric_noise(instrument, star.magnitude, curve.cadence_minutes)
    # The eclipsed source loses light, so the centroid moves away from it (see vetting.centroid).
    moved = -lost / np.maximum(1.0 - lost, 1e-3)
    still = [CENTER + _position(rng, time, dumps, instrument, sigma) for _ in range(2)]
    x, y = (np.where(missing, np.nan, s + one * moved) for s, one in zip(still, source_offset(curve.target), strict=True))
    raw = curve.flux * systematics.drift(rng, time, RAW_DRIFT[instrument])
    if instrument == "K2":
        raw *= 1.0 + RAW_ROLL * (_thruster_phase(time, dumps) - 0.5)
    return PixelColumns(
        observation=curve.observation,
        system=curve.time_system,
        time=time,
        sap=raw,
        pdcsap=curve.flux,
        background=np.where(missing, np.nan, _background(rng, time, instrument, float(np.nanmedian(curve.flux)), star.magnitude)),
        x=x,
        y=y,
        quality=curve.quality,
        position="simulated",
        simulated=True,
    )


def source_offset(target: Target) -> tuple[float, float]:
    """Return the position of the source of the transits relative to the centroid.

    Parameters
    ----------
    target : Target
        A simulated star.

    Returns
    -------
    tuple of float
        Offset in x and y [pixels]; (0, 0) where the target itself is the source.

    Raises
    ------
    TargetError
        If the star is not a simulated one.
    """
    signals = survey.read_star(int(target.number)).signals
    if not any(isinstance(s, EclipsingBinary) and s.third_light >= BLENDED_THIRD_LIGHT for s in signals):
        return 0.0, 0.0
    rng = np.random.default_rng([int(target.number), _SALT])
    size, angle = rng.uniform(*OFFSET_PIXELS), rng.uniform(0, 2 * np.pi)
    return float(size * np.cos(angle)), float(size * np.sin(angle))


def _position(rng: np.random.Generator, time: _Array, dumps: _Array, instrument: str, sigma: float) -> _Array:
    """Simulate the position about its mean in one direction [pixels], shape (n,) of `time` [d]."""
    slow = systematics.drift(rng, time, DRIFT_PIXELS[instrument]) - 1.0
    jitter = systematics.red_noise(rng, time, JITTER_PIXELS[instrument]) - 1.0
    jumps = systematics.jumps(rng, time, dumps, JUMP_PIXELS[instrument], 0.1) - 1.0 if len(dumps) else np.zeros(len(time))
    return slow + jitter + jumps + IMAGE_PIXELS[instrument] * sigma * rng.standard_normal(len(time))


def _background(rng: np.random.Generator, time: _Array, instrument: str, level: float, magnitude: float) -> _Array:
    """Simulate the background in the aperture [electrons/s], shape (n,), independent of magnitude."""
    usual = level * 10 ** (0.4 * (magnitude - 10)) * BACKGROUND_AT_10[instrument]
    varies = BACKGROUND_VARIES[instrument]
    slow = systematics.drift(rng, time, 0.3 * varies)
    if instrument == "TESS":  # stray light of Earth and Moon near the ends of orbits
        slow = slow + np.abs(systematics.scattered_light(rng, time, varies) - 1.0)
    return np.asarray(usual * np.maximum(slow, 0.1) * (1 + 0.01 * rng.standard_normal(len(time))))


def _thruster_phase(time: _Array, dumps: _Array) -> _Array:
    """Return the phase (0 to 1) of each time [d] between consecutive thruster firings."""
    if len(dumps) < 2:
        return np.zeros(len(time))
    which = np.clip(np.searchsorted(dumps, time, side="right") - 1, 0, len(dumps) - 2)
    return np.asarray(np.clip((time - dumps[which]) / (dumps[which + 1] - dumps[which]), 0.0, 1.0))
