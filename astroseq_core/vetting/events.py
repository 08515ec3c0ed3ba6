"""The cadences around each predicted transit, of all observations together: what depths, fits and times are told from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import HOURS_PER_DAY, Ephemeris
from astroseq_core.lightcurves import noise
from astroseq_core.lightcurves.prepare import PreparedCurve
from astroseq_core.times import TimeSystem

#: Cadences up to so many durations from mid-transit belong to an event; those further out than BESIDE give its level.
REACH, BESIDE = 2.5, 0.6
#: A level needs so many cadences beside the transit; a slope needs so many on either side.
LEAST_LEVEL, LEAST_SIDE = 3, 2
#: Cadences this many sigmas over the star's level are flares and cosmic rays, and left out.
FLARE_SIGMA = 5.0


@dataclass(frozen=True, eq=False)
class Events:
    """Predicted transits and the cadences around them.

    Of each event (e,): ``number``, ``mid`` [d] in its observation's system, ``observation`` (index), ``white`` (relative noise of
    a cadence), ``cadence_hours``. Of each cadence (n,), in order of events: ``event`` (index), ``hours`` from mid-transit,
    ``flat``, ``sigma``, ``time`` [d].
    """

    ephemeris: Ephemeris
    number: NDArray[np.int64]
    mid: NDArray[np.float64]
    observation: NDArray[np.int64]
    white: NDArray[np.float64]
    cadence_hours: NDArray[np.float64]
    event: NDArray[np.int64]
    hours: NDArray[np.float64]
    flat: NDArray[np.float64]
    sigma: NDArray[np.float64]
    time: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.number)

    def total(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sums over each event's cadences of ``values`` (n,), shape (e,)."""
        return np.asarray(np.bincount(self.event, values, len(self)), dtype=np.float64)

    def where(self, keep: NDArray[np.bool_]) -> "Events":
        """The same events with only those cadences (n,)."""
        return replace(self, **{name: getattr(self, name)[keep] for name in ("event", "hours", "flat", "sigma", "time")})


def white_noise(flat: NDArray[np.float64]) -> float:
    """Noise of one cadence (relative), told from neighbours; never 0."""
    return max(noise.point_to_point_sigma(flat), 1e-9)


def reach_hours(ephemeris: Ephemeris, durations: float = REACH) -> float:
    """How far from mid-transit [h] an event's cadences are taken: not into the secondary eclipse where the period allows that."""
    wanted = durations * ephemeris.duration_hours
    if ephemeris.period_days is None:
        return wanted
    half = ephemeris.period_days * HOURS_PER_DAY / 2
    return min(wanted, max(half - ephemeris.duration_hours / 2, min(half, 0.9 * ephemeris.duration_hours)))


def gather(
    prepared: Sequence[PreparedCurve],
    flats: Sequence[NDArray[np.float64]],
    ephemeris: Ephemeris,
    others: Sequence[Ephemeris] = (),
    durations: float = REACH,
) -> Events:
    """The events of the ephemeris in all observations; cadences in transits of ``others``, and flares, are left out."""
    reach = reach_hours(ephemeris, durations)
    numbers, mids, which, whites, steps = [], [], [], [], []
    parts: list[tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]] = []
    sigmas, before = [], 0
    for index, (curve, flat) in enumerate(zip(prepared, flats, strict=True)):
        seen = ephemeris.transits(float(curve.time[0]), float(curve.time[-1]), curve.system)
        white = white_noise(flat)
        phase = ephemeris.phase_days(curve.time, curve.system) * HOURS_PER_DAY
        keep = (np.abs(phase) <= reach) & (flat < FLARE_SIGMA * max(white, curve.noise)) & np.isfinite(flat)
        for other in others:
            keep &= ~other.in_transit(curve.time, curve.system)
        time, hours = curve.time[keep], phase[keep]
        # the transit that a cadence belongs to, by its number
        if len(seen):
            place = _numbers(time, hours, ephemeris, curve.system) - seen.number[0]
            inside = (place >= 0) & (place < len(seen))
            parts.append((place[inside] + before, hours[inside], flat[keep][inside], time[inside]))
            sigmas.append(np.full(int(inside.sum()), white))
        numbers.append(seen.number)
        mids.append(seen.mid)
        which.append(np.full(len(seen), index))
        whites.append(np.full(len(seen), white))
        steps.append(np.full(len(seen), curve.cadence_minutes / 60))
        before += len(seen)
    empty = np.zeros(0)
    columns = [np.concatenate([p[i] for p in parts]) if parts else empty for i in range(4)]
    return Events(
        ephemeris,
        _joined(numbers).astype(np.int64),
        _joined(mids),
        _joined(which).astype(np.int64),
        _joined(whites),
        _joined(steps),
        columns[0].astype(np.int64),
        columns[1],
        columns[2],
        _joined(sigmas),
        columns[3],
    )


def _joined(parts: Sequence[NDArray[np.generic]]) -> NDArray[np.float64]:
    return np.concatenate(parts).astype(np.float64) if parts else np.zeros(0)


def _numbers(time: NDArray[np.float64], hours: NDArray[np.float64], e: Ephemeris, system: TimeSystem) -> NDArray[np.int64]:
    if e.period_days is None:
        return np.zeros(len(time), dtype=np.int64)
    return np.rint((time - hours / HOURS_PER_DAY - e.t0.to(system).days) / e.period_days).astype(np.int64)


def levelled(events: Events) -> Events:
    """The events with a straight line through each one's cadences beside the transit taken away.

    Where one side is missing the level alone is taken; events without a level lose their cadences.
    """
    duration = events.ephemeris.duration_hours
    beside = np.abs(events.hours) >= min(BESIDE * duration, 0.8 * float(np.max(np.abs(events.hours), initial=duration)))
    x = events.hours / duration
    w = beside.astype(np.float64)
    left, right = events.total(w * (x < 0)), events.total(w * (x > 0))
    s0, s1, s2 = events.total(w), events.total(w * x), events.total(w * x * x)
    y0, y1 = events.total(w * events.flat), events.total(w * x * events.flat)
    sided = (left >= LEAST_SIDE) & (right >= LEAST_SIDE) & (s0 >= LEAST_LEVEL)
    with np.errstate(all="ignore"):
        det = s0 * s2 - s1 * s1
        slope = np.where(sided & (det > 0), (s0 * y1 - s1 * y0) / det, 0.0)
        level = (y0 - slope * s1) / s0
    good = s0 >= LEAST_LEVEL
    level = np.where(good, level, 0.0)
    kept = events.where(good[events.event])
    return replace(kept, flat=kept.flat - level[kept.event] - slope[kept.event] * kept.hours / duration)
