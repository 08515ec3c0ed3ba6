"""Prepared light curves of white noise, for tests of segments."""

import numpy as np

from astroseq_core import missions
from astroseq_core.io import lightcurve
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, PreprocessingConfig, prepare
from astroseq_core.targets import Target

MINUTES = 2.0


def prepared(time: np.ndarray, flux: np.ndarray | None = None, seed: int = 1) -> DetrendedLightCurve:
    rng = np.random.default_rng(seed)
    flux = 1 + 1e-3 * rng.standard_normal(len(time)) if flux is None else flux
    curve = lightcurve.make_light_curve(
        target=Target("TIC", "7"), observation="o", time=time, flux=flux, instrument=missions.TESS
    )
    return prepare(curve, PreprocessingConfig(detrending="none"))


def cadences(count: int, start: float = 2000.0) -> np.ndarray:
    return start + np.arange(count) * MINUTES / 1440
