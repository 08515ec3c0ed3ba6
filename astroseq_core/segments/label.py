"""Which segments hold a transit, by ephemerides."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.lightcurves.prepare import PreparedCurve
from astroseq_core.segments.cut import Segments

TRANSIT, NO_TRANSIT, LEFT_OUT = 1, 0, -1


def cadence_states(curve: PreparedCurve, ephemerides: Iterable[Ephemeris]) -> NDArray[np.int8]:
    """For each cadence (n,): TRANSIT in a trusted transit of a planet, LEFT_OUT in any other predicted event, else NO_TRANSIT.

    An event is trusted while its one-sigma drift is under half its duration. Half a cadence on either side counts as inside.
    """
    state = np.zeros(len(curve.time), np.int8)
    half_cadence = curve.cadence_minutes / 2880.0
    for ephemeris in ephemerides:
        transits = ephemeris.transits(curve.time[0], curve.time[-1], curve.system)
        reach = ephemeris.duration_days / 2 + half_cadence
        low = np.searchsorted(curve.time, transits.mid - reach, side="left")
        high = np.searchsorted(curve.time, transits.mid + reach, side="right")
        for a, b, good in zip(low, high, ephemeris.trusted(transits), strict=True):
            inside = state[a:b]
            if good and ephemeris.is_planet:
                inside[:] = TRANSIT
            else:
                inside[inside == NO_TRANSIT] = LEFT_OUT
    return state


def label(segments: Segments, states: NDArray[np.int8]) -> NDArray[np.int8]:
    """TRANSIT, NO_TRANSIT or LEFT_OUT for each segment (s,), from the states of the curve's cadences (n,).

    A segment with one cadence in a trusted transit is TRANSIT; else one with a cadence in any other event is LEFT_OUT.
    """

    def touched(which: int) -> NDArray[np.bool_]:
        total = np.r_[0, np.cumsum(states == which)]
        return np.asarray(total[segments.last + 1] > total[segments.first])

    return np.where(touched(TRANSIT), TRANSIT, np.where(touched(LEFT_OUT), LEFT_OUT, NO_TRANSIT)).astype(np.int8)
