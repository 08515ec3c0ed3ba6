"""The time axis of a star: stretches of data side by side, so that years without data take no room; dates for hovering."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.lightcurves.prepare import PreparedCurve
from astroseq_core.times import TimeSystem

#: BJD of 1970-01-01, where numpy's dates begin.
UNIX_EPOCH_BJD = 2_440_587.5
#: A gap between observations that is longer than this part of the shorter side, and than so many days, breaks the axis.
GAP_PART, GAP_DAYS = 0.4, 3.0
#: A stretch is drawn no narrower than this part of the widest, so that its ticks can be read.
NARROWEST = 0.25
#: So many stretches stand beside each other before they become too narrow.
MAX_STRETCHES = 4
#: Two observations that share more than this part of their time are products of the same data.
OVERLAP_PART = 0.5


@dataclass(frozen=True)
class Stretch:
    """Observations without a long gap between them: ``members`` are their places in the star's list; ``start``, ``stop`` [d]."""

    members: tuple[int, ...]
    start: float
    stop: float

    @property
    def days(self) -> float:
        """Its length [d]."""
        return self.stop - self.start


def stretches(prepared: Sequence[PreparedCurve]) -> tuple[Stretch, ...]:
    """The stretches of observations in time order."""
    out: list[Stretch] = []
    for i, curve in enumerate(prepared):
        start, stop = float(curve.time[0]), float(curve.time[-1])
        if out:
            gap = start - out[-1].stop
            if gap <= max(GAP_DAYS, GAP_PART * min(stop - start, out[-1].days)):
                out[-1] = Stretch((*out[-1].members, i), out[-1].start, max(out[-1].stop, stop))
                continue
        out.append(Stretch((i,), start, stop))
    return tuple(out)


def without_overlaps(prepared: Sequence[PreparedCurve]) -> tuple[int, ...]:
    """Places of observations that show no time twice: of several products of one time, the one with the most cadences."""
    order = sorted(range(len(prepared)), key=lambda i: -len(prepared[i].time))
    kept: list[int] = []
    for i in order:
        start, stop = float(prepared[i].time[0]), float(prepared[i].time[-1])
        shared = [min(stop, float(prepared[k].time[-1])) - max(start, float(prepared[k].time[0])) for k in kept]
        if all(s < OVERLAP_PART * (stop - start) for s in shared):
            kept.append(i)
    return tuple(sorted(kept))


def first_few(prepared: Sequence[PreparedCurve]) -> tuple[int, ...]:
    """Places of the observations shown where none are asked for: those of as many stretches as can be read beside each other."""
    alone = without_overlaps(prepared)
    return tuple(alone[i] for stretch in stretches([prepared[i] for i in alone])[:MAX_STRETCHES] for i in stretch.members)


def widths(parts: Sequence[Stretch]) -> list[float]:
    """Relative widths of the stretches: their lengths, none much narrower than the widest; they add up to 1."""
    days = np.array([max(p.days, 1e-3) for p in parts])
    days = np.maximum(days, NARROWEST * days.max())
    return [float(w) for w in days / days.sum()]


def calendar(time: NDArray[np.float64], system: TimeSystem) -> NDArray[np.int16]:
    """Year, month and day of each time (n,) [d, ``system``], shape (n, 3); days begin at midnight TDB."""
    days = np.floor(time + (system.zero_bjd - UNIX_EPOCH_BJD)).astype(np.int64).astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    year = days.astype("datetime64[Y]").astype(np.int64) + 1970
    month = months.astype(np.int64) % 12 + 1
    day = (days - months).astype(np.int64) + 1
    return np.stack([year, month, day], axis=1).astype(np.int16)


def date(time: float, system: TimeSystem) -> str:
    """The calendar date of one time [d, ``system``], e.g. ``2018-07-25``."""
    year, month, day = calendar(np.array([time]), system)[0]
    return f"{year:04d}-{month:02d}-{day:02d}"
