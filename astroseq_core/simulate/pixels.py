"""What would stand beside a simulated light curve: raw flux, background and positions, made from the star's number on demand."""

import zlib
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from astroseq_core.lightcurves.lightcurve import LightCurve
from astroseq_core.lightcurves.pixels import PixelColumns, dump_times
from astroseq_core.simulate import drawn, photometry, systematics
from astroseq_core.simulate.inject import relative_flux
from astroseq_core.simulate.transits import Eclipses
from astroseq_core.targets import Target

_Array = NDArray[np.float64]

#: Width of a star's image [pixels, one sigma]: a position is as uncertain as that times the relative noise of the flux.
IMAGE_PIXELS = MappingProxyType({"TESS": 0.8, "Kepler": 0.6, "K2": 0.6})
#: What is left of the pointing's motion once the motion of many stars is taken off [pixels]: slow drift, jitter of some hours,
#: and jumps at momentum dumps. About as on pi Men in sector 1 and on Kepler-90.
DRIFT_PIXELS = MappingProxyType({"TESS": 3e-3, "Kepler": 2e-3, "K2": 1e-2})
JITTER_PIXELS = MappingProxyType({"TESS": 2e-4, "Kepler": 3e-5, "K2": 1e-3})
JUMP_PIXELS = MappingProxyType({"TESS": 2e-3, "Kepler": 1e-4, "K2": 4e-3})
#: What the raw flux has of drifts and of K2's rolling that is taken out of the corrected one, relative.
RAW_DRIFT = MappingProxyType({"TESS": 2e-3, "Kepler": 6e-3, "K2": 4e-3})
RAW_ROLL = 3e-3
#: Background in the aperture as part of the star's light at magnitude 10, and by how much it varies.
BACKGROUND_AT_10 = MappingProxyType({"TESS": 0.15, "Kepler": 0.005, "K2": 0.01})
BACKGROUND_VARIES = MappingProxyType({"TESS": 0.6, "Kepler": 0.1, "K2": 0.15})
#: A binary whose eclipses are diluted by at least this share of other light is taken to be a fainter star beside the target, so
#: far from the centre of light [pixels].
BLENDED_FROM = 0.5
OFFSET_PIXELS = (0.4, 1.8)
#: Centre of the aperture [pixels], of no meaning.
CENTRE = 100.0
_SALT = 11


def of(curve: LightCurve) -> PixelColumns:
    """The pixel columns beside a light curve of a simulated star, the same each time; raises TargetError for another star.

    The corrected flux is the light curve's own. The light moves in the eclipses of blended binaries alone (``offset``).
    """
    star = drawn.read(int(curve.target.number))
    seen_as, time = curve.instrument.name, curve.time
    rng = np.random.default_rng([int(curve.target.number), zlib.crc32(curve.observation.encode()), _SALT])
    dumps = dump_times(curve)
    missing = ~np.isfinite(curve.flux)
    lost = 1.0 - np.minimum(relative_flux(time, star.signals, curve.cadence_minutes), 1.0)
    sigma = photometry.sigma(seen_as, star.magnitude, curve.cadence_minutes)
    # The light of what is eclipsed is missing on its side: the centre moves away from it (see vetting.centroid).
    moved = -lost / np.maximum(1.0 - lost, 1e-3)
    still = [CENTRE + _position(rng, time, dumps, seen_as, sigma) for _ in range(2)]
    x, y = (np.where(missing, np.nan, s + one * moved) for s, one in zip(still, offset(curve.target), strict=True))
    raw = curve.flux * systematics.drift(rng, time, RAW_DRIFT[seen_as])
    if seen_as == "K2":
        raw *= 1.0 + RAW_ROLL * (_since(time, dumps) - 0.5)
    return PixelColumns(
        observation=curve.observation,
        system=curve.time_system,
        time=time,
        sap=raw,
        pdcsap=curve.flux,
        background=np.where(missing, np.nan, _background(rng, time, seen_as, float(np.nanmedian(curve.flux)), star.magnitude)),
        x=x,
        y=y,
        quality=curve.quality,
        position="simulated",
        simulated=True,
    )


def offset(target: Target) -> tuple[float, float]:
    """Where the light that transits comes from, as seen from the centre of light [pixels, x and y]; 0 for the target itself."""
    signals = drawn.read(int(target.number)).signals
    if not any(isinstance(s, Eclipses) and s.third_light >= BLENDED_FROM for s in signals):
        return 0.0, 0.0
    rng = np.random.default_rng([int(target.number), _SALT])
    size, angle = rng.uniform(*OFFSET_PIXELS), rng.uniform(0, 2 * np.pi)
    return float(size * np.cos(angle)), float(size * np.sin(angle))


def _position(rng: np.random.Generator, time: _Array, dumps: _Array, seen_as: str, sigma: float) -> _Array:
    """Position about its mean [pixels] in one direction, shape of ``time`` [d]."""
    slow = systematics.drift(rng, time, DRIFT_PIXELS[seen_as]) - 1.0
    jitter = systematics.red_noise(rng, time, JITTER_PIXELS[seen_as]) - 1.0
    jumps = systematics.jumps(rng, time, dumps, JUMP_PIXELS[seen_as], 0.1) - 1.0 if len(dumps) else np.zeros(len(time))
    return slow + jitter + jumps + IMAGE_PIXELS[seen_as] * sigma * rng.standard_normal(len(time))


def _background(rng: np.random.Generator, time: _Array, seen_as: str, level: float, magnitude: float) -> _Array:
    """Background in the aperture [electrons/s], shape of ``time`` [d]: as much for faint stars as for bright ones."""
    usual = level * 10 ** (0.4 * (magnitude - 10)) * BACKGROUND_AT_10[seen_as]
    varies = BACKGROUND_VARIES[seen_as]
    slow = systematics.drift(rng, time, 0.3 * varies)
    if seen_as == "TESS":  # Earth and Moon shine in near the ends of orbits
        slow = slow + np.abs(systematics.scattered_light(rng, time, varies) - 1.0)
    return np.asarray(usual * np.maximum(slow, 0.1) * (1 + 0.01 * rng.standard_normal(len(time))))


def _since(time: _Array, dumps: _Array) -> _Array:
    """How far each time [d] is from the last thruster firing to the next, from 0 to 1."""
    if len(dumps) < 2:
        return np.zeros(len(time))
    which = np.clip(np.searchsorted(dumps, time, side="right") - 1, 0, len(dumps) - 2)
    return np.asarray(np.clip((time - dumps[which]) / (dumps[which + 1] - dumps[which]), 0.0, 1.0))
