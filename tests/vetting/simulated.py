"""Light curves with exactly known transits and eclipses, for the tests of vetting."""

from collections.abc import Sequence

import numpy as np

from astroseq_core import missions
from astroseq_core.io import lightcurve
from astroseq_core.missions import Mission
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, prepare
from astroseq_core.simulation.transits import Signal, relative_flux
from astroseq_core.targets import Target
from astroseq_core.times import Instant, TimeSystem

T0 = Instant(1326.3, TimeSystem.BTJD)


def observed(
    signals: Sequence[Signal],
    *,
    noise_ppm: float = 300.0,
    days: float = 27.0,
    minutes: float = 2.0,
    start: float = 1325.0,
    gaps: Sequence[tuple[float, float]] = ((1338.0, 1339.2),),
    wave: tuple[float, float] = (0.004, 4.3),
    instrument: Mission = missions.TESS,
    name: str = "sector 1",
    seed: int = 1,
    quality: int = 0,
) -> DetrendedLightCurve:
    """One observation with those signals, white noise and a slow ``wave`` (relative amplitude, period [d])."""
    time = start + np.arange(0, days, minutes / 1440)
    for first, last in gaps:
        time = time[(time < first) | (time > last)]
    flux = relative_flux(time, signals, minutes) * (1 + wave[0] * np.sin(2 * np.pi * time / wave[1]))
    flux = flux + noise_ppm * 1e-6 * np.random.default_rng(seed).standard_normal(len(time))
    return prepare(
        lightcurve.make_light_curve(
            target=Target("SIM", "7"),
            observation=name,
            time=time,
            flux=flux,
            instrument=instrument,
            quality=np.full(len(time), quality),
        )
    )
