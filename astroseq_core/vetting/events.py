"""Events: the cadences around each predicted transit, from all observations together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import HOURS_PER_DAY, Ephemeris
from astroseq_core.preprocessing import noise
from astroseq_core.preprocessing.prepare import DetrendedLightCurve
from astroseq_core.times import TimeSystem
from astroseq_core.vetting.exposure import common_limits, exposures

#: Cadences within REACH durations of mid-transit belong to an event; those beyond BESIDE durations define its level.
REACH_DURATIONS, BESIDE_DURATIONS = 2.5, 0.6
#: Minimum numbers of cadences: beside the transit for a level, on each side for a slope.
MIN_CADENCES_LEVEL, MIN_CADENCES_SIDE = 3, 2
#: Minimum number of cadences of one spacing for a noise of their own.
MIN_CADENCES_NOISE = 50
#: Cadences this many sigmas above the star's level are flares or cosmic rays and are excluded.
FLARE_SIGMA = 5.0


@dataclass(frozen=True, eq=False)
class Events:
    """Predicted transits and the cadences around them.

    Arrays of shape (e,) have one entry per event, arrays of shape (n,) one per cadence, in the
    order of the events.

    Attributes
    ----------
    ephemeris : Ephemeris
        Ephemeris of the signal.
    number : ndarray of int
        Transit number from the epoch, shape (e,).
    mid : ndarray
        Predicted mid-transit [d] in the time system of the observation, shape (e,).
    observation : ndarray of int
        Index of the observation, shape (e,).
    white : ndarray
        White noise of one cadence, relative, shape (e,).
    event : ndarray of int
        Index of the event of each cadence, shape (n,).
    hours : ndarray
        Time from mid-transit [h], shape (n,).
    flat : ndarray
        Relative deviation from the trend, shape (n,).
    sigma : ndarray
        Noise of the cadence, relative, shape (n,).
    time : ndarray
        Time [d], shape (n,).
    spacing_hours : ndarray
        Usual spacing of the cadences around it [h], shape (n,).
    exposure_hours : ndarray
        Longest exposure that it can have [h], shape (n,).
    exposure_limits : dict of float to float
        What the exposures may be limited to [h], and by how much chi-square must improve for it; see
        `exposure.Exposures`.
    """

    ephemeris: Ephemeris
    number: NDArray[np.int64]
    mid: NDArray[np.float64]
    observation: NDArray[np.int64]
    white: NDArray[np.float64]
    event: NDArray[np.int64]
    hours: NDArray[np.float64]
    flat: NDArray[np.float64]
    sigma: NDArray[np.float64]
    time: NDArray[np.float64]
    spacing_hours: NDArray[np.float64]
    exposure_hours: NDArray[np.float64]
    exposure_limits: dict[float, float]

    def __len__(self) -> int:
        return len(self.number)

    def total(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum a quantity over the cadences of each event.

        Parameters
        ----------
        values : ndarray
            One value per cadence, shape (n,).

        Returns
        -------
        ndarray
            Sums, shape (e,).
        """
        return np.asarray(np.bincount(self.event, values, len(self)), dtype=np.float64)

    def where(self, keep: NDArray[np.bool_]) -> "Events":
        """Return the same events with a subset of the cadences.

        Parameters
        ----------
        keep : ndarray of bool
            Cadences to keep, shape (n,).

        Returns
        -------
        Events
            All events, with the selected cadences only.
        """
        return replace(self, **{name: getattr(self, name)[keep] for name in _CADENCE_ARRAYS})


_CADENCE_ARRAYS = ("event", "hours", "flat", "sigma", "time", "spacing_hours", "exposure_hours")


def cadence_noise(flat: NDArray[np.float64], spacing: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the noise of each cadence; stretches of another spacing have their own.

    Parameters
    ----------
    flat : ndarray
        Relative deviations, shape (n,).
    spacing : ndarray
        Usual spacing around each cadence, shape (n,).

    Returns
    -------
    ndarray
        Relative noise, shape (n,).
    """
    out = np.full(len(flat), white_noise(flat))
    kinds, number = np.unique(spacing, return_counts=True)
    for kind in kinds[number >= MIN_CADENCES_NOISE] if len(kinds) > 1 else ():
        these = spacing == kind
        out[these] = white_noise(flat[these])
    return out


def white_noise(flat: NDArray[np.float64]) -> float:
    """Return the noise of one cadence, from the differences of neighbors.

    Parameters
    ----------
    flat : ndarray
        Relative deviations, shape (n,).

    Returns
    -------
    float
        Relative noise; never 0.
    """
    return max(noise.point_to_point_sigma(flat), noise.MIN_NOISE)


def reach_hours(ephemeris: Ephemeris, durations: float = REACH_DURATIONS) -> float:
    """Return how far from mid-transit cadences belong to an event [h].

    The reach stays clear of the secondary eclipse where the period allows it.

    Parameters
    ----------
    ephemeris : Ephemeris
        Ephemeris of the signal.
    durations : float, optional
        Reach wanted, in durations.

    Returns
    -------
    float
        Reach [h].
    """
    wanted = durations * ephemeris.duration_hours
    if ephemeris.period_days is None:
        return wanted
    half = ephemeris.period_days * HOURS_PER_DAY / 2
    return min(wanted, max(half - ephemeris.duration_hours / 2, min(half, 0.9 * ephemeris.duration_hours)))


def gather_events(
    detrended: Sequence[DetrendedLightCurve],
    flats: Sequence[NDArray[np.float64]],
    ephemeris: Ephemeris,
    others: Sequence[Ephemeris] = (),
    durations: float = REACH_DURATIONS,
) -> Events:
    """Collect the events of an ephemeris in all observations.

    Flares and cadences in transits of other signals are excluded.

    Parameters
    ----------
    detrended : sequence of DetrendedLightCurve
        Detrended light curves, one per observation.
    flats : sequence of ndarray
        Relative deviations of each observation, same shape as its time.
    ephemeris : Ephemeris
        Ephemeris of the signal.
    others : sequence of Ephemeris, optional
        Other signals to exclude.
    durations : float, optional
        Reach from mid-transit, in durations.

    Returns
    -------
    Events
        Every predicted transit within the observations, with its cadences.
    """
    reach = reach_hours(ephemeris, durations)
    numbers, mids, which, whites = [], [], [], []
    parts: list[tuple[NDArray[np.generic], ...]] = []
    before, times = 0, [exposures(c) for c in detrended]
    for index, (curve, flat, exposed) in enumerate(zip(detrended, flats, times, strict=True)):
        seen = ephemeris.transits(float(curve.time[0]), float(curve.time[-1]), curve.system)
        white, sigma = white_noise(flat), cadence_noise(flat, exposed.spacing_minutes)
        phase = ephemeris.phase_days(curve.time, curve.system) * HOURS_PER_DAY
        keep = (np.abs(phase) <= reach) & (flat < FLARE_SIGMA * np.maximum(sigma, curve.noise)) & np.isfinite(flat)
        for other in others:
            keep &= ~other.in_transit(curve.time, curve.system)
        hours = phase[keep]
        # the number of the transit that each cadence belongs to
        if len(seen):
            place = _transit_numbers(curve.time[keep], hours, ephemeris, curve.system) - seen.number[0]
            inside = (place >= 0) & (place < len(seen))
            columns = (flat, sigma, curve.time, exposed.spacing_minutes / 60, exposed.minutes / 60)
            parts.append((place[inside] + before, hours[inside], *(c[keep][inside] for c in columns)))
        numbers.append(seen.number)
        mids.append(seen.mid)
        which.append(np.full(len(seen), index))
        whites.append(np.full(len(seen), white))
        before += len(seen)
    event, hours, flat, sigma, time, spacing, exposure = (_concatenate([p[i] for p in parts]) for i in range(7))
    return Events(
        ephemeris=ephemeris,
        number=_concatenate(numbers).astype(np.int64),
        mid=_concatenate(mids),
        observation=_concatenate(which).astype(np.int64),
        white=_concatenate(whites),
        event=event.astype(np.int64),
        hours=hours,
        flat=flat,
        sigma=sigma,
        time=time,
        spacing_hours=spacing,
        exposure_hours=exposure,
        exposure_limits={limit / 60: chi2 for limit, chi2 in common_limits(times).items()},
    )


def _concatenate(parts: Sequence[NDArray[np.generic]]) -> NDArray[np.float64]:
    return np.concatenate(parts).astype(np.float64) if parts else np.zeros(0)


def _transit_numbers(
    time: NDArray[np.float64], hours: NDArray[np.float64], e: Ephemeris, system: TimeSystem
) -> NDArray[np.int64]:
    if e.period_days is None:
        return np.zeros(len(time), dtype=np.int64)
    return np.rint((time - hours / HOURS_PER_DAY - e.t0.to(system).days) / e.period_days).astype(np.int64)


def level_events(events: Events) -> Events:
    """Subtract a straight line through the cadences beside each transit.

    Cadences whose exposure can reach into the transit are not beside it. If one side is missing
    only the level is subtracted. Events without a level lose their cadences.

    Parameters
    ----------
    events : Events
        Events to level.

    Returns
    -------
    Events
        The same events, leveled.
    """
    duration = events.ephemeris.duration_hours
    clear = np.maximum(BESIDE_DURATIONS * duration, (duration + events.exposure_hours) / 2)
    beside = np.abs(events.hours) >= np.minimum(clear, 0.8 * float(np.max(np.abs(events.hours), initial=duration)))
    x = events.hours / duration
    w = beside.astype(np.float64)
    left, right = events.total(w * (x < 0)), events.total(w * (x > 0))
    s0, s1, s2 = events.total(w), events.total(w * x), events.total(w * x * x)
    y0, y1 = events.total(w * events.flat), events.total(w * x * events.flat)
    sided = (left >= MIN_CADENCES_SIDE) & (right >= MIN_CADENCES_SIDE) & (s0 >= MIN_CADENCES_LEVEL)
    with np.errstate(all="ignore"):
        det = s0 * s2 - s1 * s1
        slope = np.where(sided & (det > 0), (s0 * y1 - s1 * y0) / det, 0.0)
        level = (y0 - slope * s1) / s0
    good = s0 >= MIN_CADENCES_LEVEL
    level = np.where(good, level, 0.0)
    kept = events.where(good[events.event])
    return replace(kept, flat=kept.flat - level[kept.event] - slope[kept.event] * kept.hours / duration)
