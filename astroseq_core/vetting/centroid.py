"""Whether the light moves on the pixels while a star is in transit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core import missions
from astroseq_core.ephemeris import HOURS_PER_DAY, Ephemeris, any_in_transit
from astroseq_core.lightcurves import noise
from astroseq_core.lightcurves.pixels import PixelColumns
from astroseq_core.times import TimeSystem

#: In transit counts what lies within this many durations of mid-transit: ingress and egress say little.
INSIDE = 0.4
#: Beside the transit counts what lies between these many durations from mid-transit, at least so many hours wide on each side.
BESIDE_FROM, BESIDE_TO, LEAST_BESIDE_HOURS = 0.65, 2.0, 1.5
#: A transit counts with at least this part of the cadences that it should have, in it and on each of its sides.
LEAST_COVERAGE = 0.5
#: Where nothing transits the same measurement is made this many durations apart, and its scatter is the error of one transit;
#: more places than MOST_BLANK tell a scatter no better.
STEP_DURATIONS, MOST_BLANK = 0.5, 150
#: With fewer such blank places the error comes from the scatter of single cadences alone.
LEAST_BLANK = 8
#: A single transit further from the median than so many sigmas (a momentum dump in it) is left out, where there are enough.
CLIP_SIGMA, LEAST_TO_CLIP = 5.0, 4
#: Light falls no further than this from its usual place [pixels].
APERTURE_PIXELS = 5.0
#: Transits are masked this much wider than published when blank places are looked for.
MASK_WIDEN = 1.3
_QUALITY = {TimeSystem.BTJD: missions.TESS.quality_bitmask, TimeSystem.BKJD: missions.KEPLER.quality_bitmask}

_Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CentroidShift:
    """How far the light moves in transit: mean position in transit less that beside it.

    ``dx``, ``dy`` and their errors [pixels]; ``sigma``: significance of both together, as of one normal variable.
    ``num_transits`` measured. ``depth_ppm``: of the raw flux in the same transits, None where it was not measured.
    ``offset_pixels``: how far from the light's centre the transited source lies, with its error; None where the depth is not
    measured. ``hours``, ``x``, ``y``, ``inside`` (n,): cadences by hours from mid-transit, their positions less the line beside
    the transit [pixels], and whether they count as in transit.
    """

    dx: float
    dx_err: float
    dy: float
    dy_err: float
    sigma: float
    num_transits: int
    depth_ppm: float | None
    offset_pixels: float | None
    offset_err: float | None
    hours: _Array
    x: _Array
    y: _Array
    inside: NDArray[np.bool_]


def centroid_shift(
    pixels: PixelColumns | Sequence[PixelColumns | None], ephemeris: Ephemeris, others: Sequence[Ephemeris] = ()
) -> CentroidShift | None:
    """How far the light moves in the transits of an ephemeris; None where no position was measured in and beside a transit.

    In each transit a line is taken off that was fitted to the positions beside it, so that neither the drift of the pointing nor
    a slow change of the star counts. Transits of ``others`` are left out. The error of one transit is the scatter of the same
    measurement at blank places of the observation, red noise included; that of the mean goes with the root of their number. Of
    several observations, whose pixels may lie in other directions on the sky, ``dx`` and ``dy`` are weighted means, while
    ``sigma`` is of all shifts together, each in its own pixels.

    A source of the depth d (of all light in the aperture) that lies at an offset from the centre of light moves it by
    -offset d / (1 - d) (Bryson et al. 2013, PASP 125, 889, section 2.2): that gives ``offset_pixels``.
    """
    several = [pixels] if isinstance(pixels, PixelColumns) else [p for p in pixels if p is not None]
    found = [one for p in several if (one := _of_one(p, ephemeris, others)) is not None]
    return None if not found else found[0] if len(found) == 1 else _together(found)


@dataclass(frozen=True, eq=False)
class _Columns:
    """The usable cadences of an observation: ``values`` (3, n) are x, y and relative raw flux, ``cadence`` [d]."""

    time: _Array
    values: _Array
    cadence: float


def _of_one(pixels: PixelColumns, ephemeris: Ephemeris, others: Sequence[Ephemeris]) -> CentroidShift | None:
    columns = _usable(pixels, others)
    if columns is None:
        return None
    start, stop = float(columns.time[0]), float(columns.time[-1])
    days = ephemeris.duration_days
    mids = ephemeris.transits(start, stop, pixels.system).mid
    # In short periods the sides end half-way to the next transit.
    reach = max(BESIDE_TO * days, BESIDE_FROM * days + LEAST_BESIDE_HOURS / HOURS_PER_DAY)
    if ephemeris.period_days is not None:
        reach = min(reach, ephemeris.period_days - BESIDE_FROM * days)
    single = [(mid, one) for mid in mids if (one := _measured(columns, mid, days, reach)) is not None]
    if not single:
        return None
    shifts = np.array([one for _, one in single])
    blank = _blank(columns, ephemeris, pixels.system, reach)
    sigma = _error_of_one(columns, shifts, blank, days)
    kept = np.ones(len(shifts), bool)
    if len(shifts) >= LEAST_TO_CLIP:
        off = np.abs(shifts[:, :2] - np.median(shifts[:, :2], axis=0)) / sigma[:2]
        kept = (off <= CLIP_SIGMA).all(axis=1)
        kept = kept if kept.sum() >= LEAST_TO_CLIP - 1 else np.ones(len(shifts), bool)
    number = int(kept.sum())
    dx, dy, dip = (float(v) for v in shifts[kept].mean(axis=0))
    errors = sigma / math.sqrt(number)
    return _shift(dx, dy, errors, dip, _normal((dx / errors[0]) ** 2 + (dy / errors[1]) ** 2, 2), number,
                  *_cadences(columns, [mid for (mid, _), k in zip(single, kept, strict=True) if k], days, reach))  # fmt: skip


def _usable(pixels: PixelColumns, others: Sequence[Ephemeris]) -> _Columns | None:
    """The cadences with a position and none of the mission's default bits, those in transits of others left out."""
    if pixels.x is None or pixels.y is None:
        return None
    keep = np.isfinite(pixels.x) & np.isfinite(pixels.y) & ~any_in_transit(others, pixels.time, pixels.system, MASK_WIDEN)
    if pixels.quality is not None:
        keep &= (pixels.quality & _QUALITY[pixels.system]) == 0
    if keep.sum() < 2 * LEAST_BLANK:
        return None
    flux = np.full(len(pixels.time), np.nan) if pixels.sap is None else pixels.sap / np.nanmedian(pixels.sap[keep])
    values = np.stack([pixels.x, pixels.y, flux])[:, keep]
    # Positions outside the aperture are numbers without meaning, and drag every line that is near them. Nothing narrower is cut
    # off: deep eclipses of a neighbour move the light by many sigmas.
    sane = (np.abs(values[:2] - np.median(values[:2], axis=1, keepdims=True)) <= APERTURE_PIXELS).all(axis=0)
    time = pixels.time[keep][sane]
    if len(time) < 2 * LEAST_BLANK:
        return None
    return _Columns(time, values[:, sane], float(np.median(np.diff(time))))


def _measured(columns: _Columns, mid: float, days: float, reach: float) -> _Array | None:
    """Position in transit less the line beside it, and the same of the raw flux, shape (3,); None where too little is there."""
    low, high = np.searchsorted(columns.time, (mid - reach, mid + reach))
    at = columns.time[low:high] - mid
    inside = np.abs(at) <= INSIDE * days
    sides = (at <= -BESIDE_FROM * days), (at >= BESIDE_FROM * days)
    due = max(1.0, 2 * INSIDE * days / columns.cadence), max(1.0, (reach - BESIDE_FROM * days) / columns.cadence)
    if inside.sum() < LEAST_COVERAGE * due[0] or any(side.sum() < max(2, LEAST_COVERAGE * due[1]) for side in sides):
        return None
    beside = sides[0] | sides[1]
    values = columns.values[:, low:high]
    line = _lines(at[beside], values[:, beside])
    return np.asarray((values[:, inside] - line[:, :1] - line[:, 1:] * at[inside]).mean(axis=1))


def _lines(at: _Array, values: _Array) -> _Array:
    """Level and slope of a line through each row of values (r, n), shape (r, 2)."""
    centre, level = at.mean(), values.mean(axis=1)
    spread = float(np.sum((at - centre) ** 2))
    slope = (values - level[:, None]) @ (at - centre) / spread if spread > 0 else np.zeros(len(values))
    return np.asarray(np.stack([level - slope * centre, slope], axis=1), np.float64)


def _blank(columns: _Columns, ephemeris: Ephemeris, system: TimeSystem, reach: float) -> _Array:
    """The same measurement at places without a transit, shape (b, 3)."""
    days = ephemeris.duration_days
    free = ~ephemeris.in_transit(columns.time, system, MASK_WIDEN)
    without = _Columns(columns.time[free], columns.values[:, free], columns.cadence)
    if len(without.time) < 2 * LEAST_BLANK:
        return np.empty((0, 3))
    start, stop = float(without.time[0]) + reach, float(without.time[-1]) - reach
    places = np.arange(start, stop, max(STEP_DURATIONS * days, (stop - start) / MOST_BLANK)) if stop > start else np.empty(0)
    found = [one for place in places if (one := _measured(without, float(place), days, reach)) is not None]
    return np.array(found) if found else np.empty((0, 3))


def _error_of_one(columns: _Columns, shifts: _Array, blank: _Array, days: float) -> _Array:
    """One sigma of a single transit's measurement, shape (3,)."""
    cadences = max(1, round(2 * INSIDE * days / columns.cadence))
    with np.errstate(invalid="ignore"):
        # White noise: the mean in transit, and half as much again for the line beside it.
        white = np.array([noise.robust_sigma(np.diff(v)) / math.sqrt(2) for v in columns.values]) * math.sqrt(1.5 / cadences)
    floor = np.maximum(np.nan_to_num(white), 1e-12)
    parts = [floor]
    if len(blank) >= LEAST_BLANK:
        parts.append(np.array([_spread(column) for column in blank.T]))
    if len(shifts) >= LEAST_TO_CLIP:
        parts.append(np.array([noise.robust_sigma(column) for column in shifts.T]))
    return np.asarray(np.max(np.nan_to_num(parts), axis=0), np.float64)


def _spread(values: _Array) -> float:
    """Standard deviation, values further than CLIP_SIGMA robust sigmas from the median drawn in to there."""
    robust = noise.robust_sigma(values)
    middle = float(np.median(values))
    return float(np.std(np.clip(values, middle - CLIP_SIGMA * robust, middle + CLIP_SIGMA * robust)))


def _cadences(
    columns: _Columns, mids: Sequence[float], days: float, reach: float
) -> tuple[_Array, _Array, _Array, NDArray[np.bool_]]:
    """Hours from mid-transit, x and y less the line beside it, and which count as in transit, of all cadences near transits."""
    hours, x, y = [np.empty(0)], [np.empty(0)], [np.empty(0)]
    for mid in mids:
        low, high = np.searchsorted(columns.time, (mid - reach, mid + reach))
        at = columns.time[low:high] - mid
        beside = np.abs(at) >= BESIDE_FROM * days
        line = _lines(at[beside], columns.values[:2, low:high][:, beside])
        flat = columns.values[:2, low:high] - line[:, :1] - line[:, 1:] * at
        hours.append(at * HOURS_PER_DAY)
        x.append(flat[0])
        y.append(flat[1])
    joined = np.concatenate(hours)
    return joined, np.concatenate(x), np.concatenate(y), np.abs(joined) <= INSIDE * days * HOURS_PER_DAY


def _shift(
    dx: float, dy: float, errors: _Array, dip: float, sigma: float, number: int, hours: _Array, x: _Array, y: _Array,
    inside: NDArray[np.bool_],
) -> CentroidShift:  # fmt: skip
    depth, depth_err = -dip, float(errors[2])
    offset = offset_err = None
    # An offset means something only where the dip is seen in the raw flux.
    if math.isfinite(depth) and depth > 3 * depth_err and depth < 1:
        size = math.hypot(dx, dy)
        along = math.hypot(dx * errors[0], dy * errors[1]) / size if size > 0 else float(np.max(errors[:2]))
        factor = (1 - depth) / depth
        offset, offset_err = size * factor, math.hypot(along * factor, size * depth_err / depth**2)
    return CentroidShift(
        dx, float(errors[0]), dy, float(errors[1]), sigma, number, depth * 1e6 if math.isfinite(depth) else None,
        offset, offset_err, hours, x, y, inside,
    )  # fmt: skip


def _together(found: Sequence[CentroidShift]) -> CentroidShift:
    """Several observations as one; see ``centroid_shift``."""
    chi2 = sum((s.dx / s.dx_err) ** 2 + (s.dy / s.dy_err) ** 2 for s in found)
    means, errors = [], []
    for value, error in (("dx", "dx_err"), ("dy", "dy_err")):
        weights = np.array([getattr(s, error) ** -2.0 for s in found])
        means.append(float(np.average([getattr(s, value) for s in found], weights=weights)))
        errors.append(float(weights.sum() ** -0.5))
    depths = [(s.depth_ppm, s.num_transits) for s in found if s.depth_ppm is not None]
    offset, offset_err = _common_offset(found)
    return CentroidShift(
        means[0], errors[0], means[1], errors[1], _normal(chi2, 2 * len(found)), sum(s.num_transits for s in found),
        float(np.average([d for d, _ in depths], weights=[n for _, n in depths])) if depths else None,
        offset, offset_err,
        *(np.concatenate([getattr(s, name) for s in found]) for name in ("hours", "x", "y", "inside")),
    )  # fmt: skip


def _common_offset(found: Sequence[CentroidShift]) -> tuple[float | None, float | None]:
    """The offset's length in all observations, whatever the directions of their pixels, and its error.

    The squares are averaged less what noise adds to each: lengths are never negative, and those of noise do not average out.
    """
    known = [(s.offset_pixels, s.offset_err) for s in found if s.offset_pixels is not None and s.offset_err]
    if not known:
        return None, None
    size, error = np.array(known).T
    weight = error**-4.0 / np.sum(error**-4.0)
    square = float(np.sum(weight * (size**2 - 2 * error**2)))
    spread = math.sqrt(float(np.sum(weight**2 * (4 * max(square, 0.0) * error**2 + 4 * error**4))))
    offset = math.sqrt(max(square, 0.0))
    return offset, spread / (2 * max(offset, math.sqrt(spread) / 2))


def _normal(chi2: float, freedom: int) -> float:
    """The sigmas of a normal variable that are as improbable as that chi-square, both sides counted."""
    from scipy import stats

    # In logarithms, for probabilities of strong shifts are below what a float holds.
    logarithm = float(stats.chi2.logsf(chi2, freedom))
    if logarithm > -700:
        return float(stats.norm.isf(math.exp(logarithm) / 2))
    return math.sqrt(max(chi2, 0.0))
