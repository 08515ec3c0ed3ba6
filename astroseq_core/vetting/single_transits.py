"""The depth of each transit by itself."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import HOURS_PER_DAY
from astroseq_core.lightcurves.pixels import dump_times
from astroseq_core.lightcurves.prepare import PreparedCurve
from astroseq_core.times import TimeSystem
from astroseq_core.vetting.events import BESIDE, LEAST_LEVEL, LEAST_SIDE, Events
from astroseq_core.vetting.transit_fit import TransitFit

#: Without a fit a transit is a trapezoid whose ingress takes this part of the duration.
INGRESS = 0.15
#: A depth needs this part of the transit's cadences.
LEAST_COVERAGE = 0.1
#: Cadences this many sigmas from their own transit's model are left out and the depth told again.
CLIP_SIGMA = 5.0
#: What is left around a transit is averaged over this part of the duration; its scatter there, where it is more than white,
#: widens the error. Fewer means than that tell no scatter.
LEFT_PART, LEAST_LEFT = 1 / 3, 7
#: A gap longer than this [h] and than so many cadences, within a duration of mid-transit, touches the transit.
GAP_HOURS, GAP_CADENCES = 0.6, 4
#: A dump this near [h] to the transit's ends is near.
DUMP_HOURS = 0.5


@dataclass(frozen=True, eq=False)
class SingleTransit:
    """One predicted transit: its depth above a straight line through the data beside it, and what it meets.

    ``number`` counts from the ephemeris' epoch, ``mid`` [d, ``system``]. ``depth_ppm`` and its error (red noise in) are None
    where too few data lie inside or beside it; the depth is that of mid-transit. ``hours`` (n,), ``flat`` (n,): its cadences,
    levelled by that line. ``coverage``: part of the cadences between first and fourth contact that are there. ``observation`` is
    its name.
    """

    number: int
    mid: float
    system: TimeSystem
    depth_ppm: float | None
    depth_err_ppm: float | None
    hours: NDArray[np.float64]
    flat: NDArray[np.float64]
    observation: str
    coverage: float
    touches_gap: bool
    near_dump: bool

    @property
    def odd(self) -> bool:
        """Whether its number is odd."""
        return self.number % 2 == 1


def template(events: Events, fit: TransitFit | None) -> NDArray[np.float64]:
    """Flux missing over that of mid-transit for each cadence (n,): of the fit, else of a trapezoid of the ephemeris' duration."""
    duration = events.ephemeris.duration_hours
    if fit is None:
        ramp = (duration / 2 - np.abs(events.hours)) / (INGRESS * duration)
        return np.asarray(np.clip(ramp, 0.0, 1.0))
    if len(events.hours) == 0:
        return np.zeros(0)
    grid = np.linspace(float(events.hours.min()), float(events.hours.max()), 481)
    out = np.zeros(len(events.hours))
    for cadence in np.unique(np.round(events.cadence_hours, 3)):
        # observations of one cadence share a template
        these = np.round(events.cadence_hours, 3)[events.event] == cadence
        out[these] = np.interp(events.hours[these], grid, fit.drop(grid, float(cadence)))
    return out


def single_transits(
    events: Events,
    prepared: Sequence[PreparedCurve],
    fit: TransitFit | None,
    red: Sequence[float],
) -> tuple[SingleTransit, ...]:
    """Each predicted transit in the observations, in time order of these; ``red``: each observation's red noise of a depth."""
    shape = template(events, fit)
    duration = fit.duration_hours if fit is not None else events.ephemeris.duration_hours
    shift = fit.t0_shift_hours if fit is not None else 0.0
    depth, sigma, level, slope = _solve(events, shape)
    model = level[events.event] + slope[events.event] * events.hours - depth[events.event] * shape
    with np.errstate(invalid="ignore"):
        outlying = np.abs(events.flat - model) > CLIP_SIGMA * events.sigma
    # noise that is not white would lose its own tails; only few may go
    kept = events
    if 0 < outlying.sum() < 0.01 * len(outlying):
        kept, shape = events.where(~outlying), shape[~outlying]
        depth, sigma, level, slope = _solve(kept, shape)
    model = level[kept.event] + slope[kept.event] * kept.hours - depth[kept.event] * shape
    scatter = _scatter(kept, kept.flat - model)
    inside = np.abs(events.hours - shift) <= duration / 2
    expected = np.maximum(1.0, duration / np.maximum(events.cadence_hours, 1e-6))
    coverage = np.minimum(1.0, events.total(inside.astype(np.float64)) / expected) if len(events) else np.zeros(0)
    if len(events):
        sigma = np.maximum(np.hypot(sigma, np.asarray(red, dtype=np.float64)[events.observation]), sigma * scatter)
    known = np.isfinite(depth) & np.isfinite(sigma) & (coverage >= LEAST_COVERAGE)
    troubles = _troubles(events, prepared, duration)
    edges = np.searchsorted(events.event, np.arange(len(events) + 1))
    level, slope = np.nan_to_num(level), np.nan_to_num(slope)
    flat = events.flat - level[events.event] - slope[events.event] * events.hours if len(events) else events.flat
    out = []
    for i in range(len(events)):
        cut = slice(int(edges[i]), int(edges[i + 1]))
        curve = prepared[int(events.observation[i])]
        out.append(
            SingleTransit(
                number=int(events.number[i]),
                mid=float(events.mid[i]),
                system=curve.system,
                depth_ppm=float(depth[i]) * 1e6 if known[i] else None,
                depth_err_ppm=float(sigma[i]) * 1e6 if known[i] else None,
                hours=events.hours[cut],
                flat=flat[cut],
                observation=curve.observation,
                coverage=float(coverage[i]),
                touches_gap=bool(troubles[0][i]),
                near_dump=bool(troubles[1][i]),
            )
        )
    return tuple(out)


def _solve(
    events: Events, shape: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Depth, its white error, level and slope [1/h] of each event (e,) by weighted least squares; NaN where not determined."""
    number = len(events)
    if number == 0:
        return (np.zeros(0),) * 4
    x, w = events.hours / events.ephemeris.duration_hours, events.sigma**-2.0
    columns = (np.ones(len(x)), x, -shape)
    normal, right = np.zeros((number, 3, 3)), np.zeros((number, 3))
    for i in range(3):
        right[:, i] = events.total(w * columns[i] * events.flat)
        for j in range(i, 3):
            normal[:, i, j] = normal[:, j, i] = events.total(w * columns[i] * columns[j])
    beside = (shape < 1e-3).astype(np.float64) * (np.abs(x) >= 0.5 * BESIDE)
    left, side = events.total(beside * (x < 0)), events.total(beside * (x > 0))
    sided = (left >= LEAST_SIDE) & (side >= LEAST_SIDE)
    # with data on one side only the slope is held at nothing
    normal[~sided, 1, 1] += 1e6 * np.maximum(normal[~sided, 0, 0], 1e-12)
    good = (left + side >= LEAST_LEVEL) & (normal[:, 2, 2] > 0)
    scale = np.sqrt(np.maximum(np.einsum("eii->ei", normal), 1e-30))
    scaled = normal / (scale[:, :, None] * scale[:, None, :])
    good &= np.abs(np.linalg.det(scaled)) > 1e-9
    inverse = np.full((number, 3, 3), np.nan)
    inverse[good] = np.linalg.inv(scaled[good]) / (scale[good, :, None] * scale[good, None, :])
    found = np.einsum("eij,ej->ei", inverse, right)
    return found[:, 2], np.sqrt(inverse[:, 2, 2]), found[:, 0], found[:, 1] / events.ephemeris.duration_hours


def _scatter(events: Events, left: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how much means over parts of a duration scatter more than white noise, for each event (e,); at least 1."""
    width = LEFT_PART * events.ephemeris.duration_hours
    place = np.rint(events.hours / width).astype(np.int64)
    place -= place.min(initial=0)
    most = int(place.max(initial=0)) + 1
    w = np.where(np.isfinite(left), events.sigma**-2.0, 0.0)
    cell = events.event * most + place
    total = np.bincount(cell, w, len(events) * most)
    mean2 = np.bincount(cell, w * np.nan_to_num(left), len(events) * most) ** 2
    with np.errstate(all="ignore"):
        chi2 = np.where(total > 0, mean2 / total, 0.0).reshape(len(events), most).sum(axis=1)
    number = (total > 0).reshape(len(events), most).sum(axis=1)
    return np.sqrt(np.where(number >= LEAST_LEFT, np.maximum(1.0, chi2 / np.maximum(1, number - 3)), 1.0))


def _troubles(
    events: Events, prepared: Sequence[PreparedCurve], duration_hours: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which events (e,) touch a gap or an end of the data within a duration of mid-transit, and which are near a dump."""
    gap, dump = np.zeros(len(events), dtype=bool), np.zeros(len(events), dtype=bool)
    days = duration_hours / HOURS_PER_DAY
    for index, curve in enumerate(prepared):
        these = np.flatnonzero(events.observation == index)
        if these.size == 0:
            continue
        mid = events.mid[these]
        step = np.diff(curve.time)
        long = np.flatnonzero(step > max(GAP_HOURS / HOURS_PER_DAY, GAP_CADENCES * curve.cadence_minutes / 1440))
        begins = np.r_[-np.inf, curve.time[long], curve.time[-1]]
        ends = np.r_[curve.time[0], curve.time[long + 1], np.inf]
        # a gap begins before the transit's end and ends after its beginning: gaps are in order, so are their ends
        gap[these] = np.searchsorted(begins, mid + days, side="left") > np.searchsorted(ends, mid - days, side="right")
        moments = dump_times(curve.curve)
        reach = days / 2 + DUMP_HOURS / HOURS_PER_DAY
        dump[these] = np.searchsorted(moments, mid + reach) > np.searchsorted(moments, mid - reach)
    return gap, dump
