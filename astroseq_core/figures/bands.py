"""Predicted transits as bands: the window filled, its drift as a paler halo, doubtful ones outlined only."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.times import TimeSystem


@dataclass(frozen=True, eq=False)
class Bands:
    """Predicted transits that touch a span of time: ``mid`` and ``sigma_days`` (m,) [d], ``trusted`` (m,), ``half_days``."""

    mid: NDArray[np.float64]
    sigma_days: NDArray[np.float64]
    trusted: NDArray[np.bool_]
    half_days: float

    def outline(self, low: float, high: float, *, trusted: bool, halo: bool = False) -> tuple[NDArray, NDArray]:  # type: ignore[type-arg]
        """Corners (x, y) of rectangles from ``low`` to ``high``, NaN between them: one trace draws them all.

        ``trusted``: those that are, or the doubtful ones. ``halo``: one sigma of drift wider on either side, without those that
        have no drift.
        """
        pick = self.trusted == trusted
        if halo:
            pick = pick & (self.sigma_days > 0)
        half = self.half_days + (self.sigma_days[pick] if halo else 0.0)
        a, b = self.mid[pick] - half, self.mid[pick] + half
        nan = np.full(len(a), np.nan)
        x = np.stack([a, a, b, b, a, nan], axis=1).ravel()
        y = np.tile([low, high, high, low, low, np.nan], len(a))
        return x, y


def bands(ephemeris: Ephemeris, start: float, stop: float, system: TimeSystem) -> Bands:
    """The predicted transits of an ephemeris between two times [d, ``system``]."""
    transits = ephemeris.transits(start, stop, system)
    trusted = ephemeris.trusted(transits) & ephemeris.is_planet
    return Bands(transits.mid, transits.sigma_days, np.asarray(trusted, bool), ephemeris.duration_days / 2)
