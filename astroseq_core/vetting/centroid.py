"""Centroid test: whether the light moves on the pixels while a star is in transit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core import missions
from astroseq_core.ephemeris import HOURS_PER_DAY, Ephemeris, any_in_transit
from astroseq_core.io.pixels import PixelColumns
from astroseq_core.preprocessing import noise
from astroseq_core.times import TimeSystem

#: Cadences within this many durations of mid-transit count as in transit: ingress and egress carry little signal.
INSIDE_DURATIONS = 0.4
#: Cadences between these distances [durations] from mid-transit count as beside it; minimum width of each side [h].
BESIDE_FROM_DURATIONS, BESIDE_TO_DURATIONS, MIN_BESIDE_HOURS = 0.65, 2.0, 1.5
#: Minimum fraction of the expected cadences in a transit and on each of its sides.
MIN_COVERAGE = 0.5
#: The same measurement is made at blank positions this many durations apart; its scatter is the error of one transit. More
#: than MOST_BLANK positions do not improve the estimate of the scatter.
BLANK_STEP_DURATIONS, MAX_BLANK = 0.5, 150
#: With fewer blank positions the error comes from the scatter of single cadences alone.
MIN_BLANK = 8
#: A single transit this many sigmas from the median (such as one with a momentum dump) is dropped, if there are enough.
CLIP_SIGMA, MIN_TO_CLIP = 5.0, 4
#: Maximum plausible distance of the centroid from its median position [pixels].
MAX_OFFSET_PIXELS = 5.0
#: Transits are masked with the duration widened by this factor when blank positions are chosen.
MASK_WIDEN = 1.3
_QUALITY_BITMASKS = {TimeSystem.BTJD: missions.TESS.quality_bitmask, TimeSystem.BKJD: missions.KEPLER.quality_bitmask}

_Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CentroidShift:
    """Shift of the centroid in transit: mean position in transit minus that beside it.

    Attributes
    ----------
    dx : float
        Shift along x [pixels].
    dx_err : float
        Error of `dx` [pixels].
    dy : float
        Shift along y [pixels].
    dy_err : float
        Error of `dy` [pixels].
    sigma : float
        Significance of both shifts together, expressed as that of one normal variable.
    num_transits : int
        Number of transits measured.
    depth_ppm : float or None
        Depth of the raw flux in the same transits [ppm]; None if it was not measured.
    offset_pixels : float or None
        Distance of the transited source from the center of light [pixels]; None if the depth was
        not measured.
    offset_err : float or None
        Error of `offset_pixels` [pixels].
    hours : ndarray
        Time from mid-transit of the cadences near transits [h], shape (n,).
    x : ndarray
        Their x position minus the line fitted beside the transit [pixels], shape (n,).
    y : ndarray
        Their y position minus the line fitted beside the transit [pixels], shape (n,).
    inside : ndarray of bool
        Which of them count as in transit, shape (n,).
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
    """Measure how far the light moves in the transits of an ephemeris.

    In each transit a straight line fitted to the positions beside it is subtracted, so that neither
    pointing drift nor slow variability of the star counts. The error of one transit is the scatter
    of the same measurement at blank positions of the observation, which includes red noise; the
    error of the mean falls with the square root of their number. The pixels of different
    observations may point in different directions on the sky, so `dx` and `dy` are weighted means
    over observations, while `sigma` combines all shifts, each in its own pixels.

    A source of depth d (relative to all light in the aperture) at an offset from the center of
    light moves it by -offset d / (1 - d) (Bryson et al. 2013, PASP 125, 889, section 2.2);
    `offset_pixels` follows from that.

    Parameters
    ----------
    pixels : PixelColumns or sequence of PixelColumns or None
        Pixel data of one or several observations; entries that are None are skipped.
    ephemeris : Ephemeris
        Ephemeris of the signal.
    others : sequence of Ephemeris, optional
        Other signals, whose transits are excluded.

    Returns
    -------
    CentroidShift or None
        The shift; None if no position was measured in and beside a transit.
    """
    several = [pixels] if isinstance(pixels, PixelColumns) else [p for p in pixels if p is not None]
    found = [one for p in several if (one := _shift_of_observation(p, ephemeris, others)) is not None]
    return None if not found else found[0] if len(found) == 1 else _combine_observations(found)


@dataclass(frozen=True, eq=False)
class _PixelCadences:
    """Usable cadences of one observation; values (3, n): x, y and relative raw flux."""

    time: _Array
    values: _Array
    cadence: float


def _shift_of_observation(pixels: PixelColumns, ephemeris: Ephemeris, others: Sequence[Ephemeris]) -> CentroidShift | None:
    columns = _usable_cadences(pixels, others)
    if columns is None:
        return None
    start, stop = float(columns.time[0]), float(columns.time[-1])
    days = ephemeris.duration_days
    mids = ephemeris.transits(start, stop, pixels.system).mid
    # In short periods the sides end half-way to the next transit.
    reach = max(BESIDE_TO_DURATIONS * days, BESIDE_FROM_DURATIONS * days + MIN_BESIDE_HOURS / HOURS_PER_DAY)
    if ephemeris.period_days is not None:
        reach = min(reach, ephemeris.period_days - BESIDE_FROM_DURATIONS * days)
    single = [(mid, one) for mid in mids if (one := _measure_event(columns, mid, days, reach)) is not None]
    if not single:
        return None
    shifts = np.array([one for _, one in single])
    blank = _blank_measurements(columns, ephemeris, pixels.system, reach)
    sigma = _single_transit_error(columns, shifts, blank, days)
    kept = np.ones(len(shifts), bool)
    if len(shifts) >= MIN_TO_CLIP:
        off = np.abs(shifts[:, :2] - np.median(shifts[:, :2], axis=0)) / sigma[:2]
        kept = (off <= CLIP_SIGMA).all(axis=1)
        kept = kept if kept.sum() >= MIN_TO_CLIP - 1 else np.ones(len(shifts), bool)
    number = int(kept.sum())
    dx, dy, dip = (float(v) for v in shifts[kept].mean(axis=0))
    errors = sigma / math.sqrt(number)
    return _make_shift(
        dx,
        dy,
        errors,
        dip,
        _equivalent_sigma((dx / errors[0]) ** 2 + (dy / errors[1]) ** 2, 2),
        number,
        *_cadences_near_transits(columns, [mid for (mid, _), k in zip(single, kept, strict=True) if k], days, reach),
    )


def _usable_cadences(pixels: PixelColumns, others: Sequence[Ephemeris]) -> _PixelCadences | None:
    """Keep cadences with a position, without default quality bits, outside other transits."""
    if pixels.x is None or pixels.y is None:
        return None
    keep = np.isfinite(pixels.x) & np.isfinite(pixels.y) & ~any_in_transit(others, pixels.time, pixels.system, MASK_WIDEN)
    if pixels.quality is not None:
        keep &= (pixels.quality & _QUALITY_BITMASKS[pixels.system]) == 0
    if keep.sum() < 2 * MIN_BLANK:
        return None
    level = np.nan if pixels.sap is None else float(np.nanmedian(pixels.sap[keep]))
    # where too much background was subtracted, no depth is known
    flux = pixels.sap / level if pixels.sap is not None and level > 0 else np.full(len(pixels.time), np.nan)
    values = np.stack([pixels.x, pixels.y, flux])[:, keep]
    # Positions outside the aperture are meaningless and would bias the lines fitted near them. The limit is not narrower,
    # because deep eclipses of a neighbor move the light by many sigmas.
    sane = (np.abs(values[:2] - np.median(values[:2], axis=1, keepdims=True)) <= MAX_OFFSET_PIXELS).all(axis=0)
    time = pixels.time[keep][sane]
    if len(time) < 2 * MIN_BLANK:
        return None
    return _PixelCadences(time, values[:, sane], float(np.median(np.diff(time))))


def _measure_event(columns: _PixelCadences, mid: float, days: float, reach: float) -> _Array | None:
    """Return x, y and flux in transit minus the line beside it (3,); None with too few data."""
    low, high = np.searchsorted(columns.time, (mid - reach, mid + reach))
    at = columns.time[low:high] - mid
    inside = np.abs(at) <= INSIDE_DURATIONS * days
    sides = (at <= -BESIDE_FROM_DURATIONS * days), (at >= BESIDE_FROM_DURATIONS * days)
    due = (
        max(1.0, 2 * INSIDE_DURATIONS * days / columns.cadence),
        max(1.0, (reach - BESIDE_FROM_DURATIONS * days) / columns.cadence),
    )
    if inside.sum() < MIN_COVERAGE * due[0] or any(side.sum() < max(2, MIN_COVERAGE * due[1]) for side in sides):
        return None
    beside = sides[0] | sides[1]
    values = columns.values[:, low:high]
    line = _fit_lines(at[beside], values[:, beside])
    return np.asarray((values[:, inside] - line[:, :1] - line[:, 1:] * at[inside]).mean(axis=1))


def _fit_lines(at: _Array, values: _Array) -> _Array:
    """Fit a line to each row of values (r, n); return levels and slopes, shape (r, 2)."""
    centre, level = at.mean(), values.mean(axis=1)
    spread = float(np.sum((at - centre) ** 2))
    slope = (values - level[:, None]) @ (at - centre) / spread if spread > 0 else np.zeros(len(values))
    return np.asarray(np.stack([level - slope * centre, slope], axis=1), np.float64)


def _blank_measurements(columns: _PixelCadences, ephemeris: Ephemeris, system: TimeSystem, reach: float) -> _Array:
    """Make the same measurement at positions without a transit, shape (b, 3)."""
    days = ephemeris.duration_days
    free = ~ephemeris.in_transit(columns.time, system, MASK_WIDEN)
    without = _PixelCadences(columns.time[free], columns.values[:, free], columns.cadence)
    if len(without.time) < 2 * MIN_BLANK:
        return np.empty((0, 3))
    start, stop = float(without.time[0]) + reach, float(without.time[-1]) - reach
    places = np.arange(start, stop, max(BLANK_STEP_DURATIONS * days, (stop - start) / MAX_BLANK)) if stop > start else np.empty(0)
    found = [one for place in places if (one := _measure_event(without, float(place), days, reach)) is not None]
    return np.array(found) if found else np.empty((0, 3))


def _single_transit_error(columns: _PixelCadences, shifts: _Array, blank: _Array, days: float) -> _Array:
    """Return the 1 sigma error of a single transit's measurement, shape (3,)."""
    cadences = max(1, round(2 * INSIDE_DURATIONS * days / columns.cadence))
    with np.errstate(invalid="ignore"):
        # White noise: the variance of the mean in transit, plus half of that for the line beside it.
        white = np.array([noise.robust_sigma(np.diff(v)) / math.sqrt(2) for v in columns.values]) * math.sqrt(1.5 / cadences)
    floor = np.maximum(np.nan_to_num(white), 1e-12)
    parts = [floor]
    if len(blank) >= MIN_BLANK:
        parts.append(np.array([_clipped_std(column) for column in blank.T]))
    if len(shifts) >= MIN_TO_CLIP:
        parts.append(np.array([noise.robust_sigma(column) for column in shifts.T]))
    return np.asarray(np.max(np.nan_to_num(parts), axis=0), np.float64)


def _clipped_std(values: _Array) -> float:
    """Return the standard deviation after clipping at CLIP_SIGMA robust sigmas."""
    robust = noise.robust_sigma(values)
    middle = float(np.median(values))
    return float(np.std(np.clip(values, middle - CLIP_SIGMA * robust, middle + CLIP_SIGMA * robust)))


def _cadences_near_transits(
    columns: _PixelCadences, mids: Sequence[float], days: float, reach: float
) -> tuple[_Array, _Array, _Array, NDArray[np.bool_]]:
    """Return hours, x, y (minus the line) and in-transit flags of cadences near transits."""
    hours, x, y = [np.empty(0)], [np.empty(0)], [np.empty(0)]
    for mid in mids:
        low, high = np.searchsorted(columns.time, (mid - reach, mid + reach))
        at = columns.time[low:high] - mid
        beside = np.abs(at) >= BESIDE_FROM_DURATIONS * days
        line = _fit_lines(at[beside], columns.values[:2, low:high][:, beside])
        flat = columns.values[:2, low:high] - line[:, :1] - line[:, 1:] * at
        hours.append(at * HOURS_PER_DAY)
        x.append(flat[0])
        y.append(flat[1])
    joined = np.concatenate(hours)
    return joined, np.concatenate(x), np.concatenate(y), np.abs(joined) <= INSIDE_DURATIONS * days * HOURS_PER_DAY


def _make_shift(
    dx: float,
    dy: float,
    errors: _Array,
    dip: float,
    sigma: float,
    number: int,
    hours: _Array,
    x: _Array,
    y: _Array,
    inside: NDArray[np.bool_],
) -> CentroidShift:
    depth, depth_err = -dip, float(errors[2])
    offset = offset_err = None
    # An offset is meaningful only if the dip is detected in the raw flux.
    if math.isfinite(depth) and depth > 3 * depth_err and depth < 1:
        size = math.hypot(dx, dy)
        along = math.hypot(dx * errors[0], dy * errors[1]) / size if size > 0 else float(np.max(errors[:2]))
        factor = (1 - depth) / depth
        offset, offset_err = size * factor, math.hypot(along * factor, size * depth_err / depth**2)
    return CentroidShift(
        dx,
        float(errors[0]),
        dy,
        float(errors[1]),
        sigma,
        number,
        depth * 1e6 if math.isfinite(depth) else None,
        offset,
        offset_err,
        hours,
        x,
        y,
        inside,
    )


def _combine_observations(found: Sequence[CentroidShift]) -> CentroidShift:
    """Combine several observations into one shift; see `centroid_shift`."""
    chi2 = sum((s.dx / s.dx_err) ** 2 + (s.dy / s.dy_err) ** 2 for s in found)
    means, errors = [], []
    for value, error in (("dx", "dx_err"), ("dy", "dy_err")):
        weights = np.array([getattr(s, error) ** -2.0 for s in found])
        means.append(float(np.average([getattr(s, value) for s in found], weights=weights)))
        errors.append(float(weights.sum() ** -0.5))
    depths = [(s.depth_ppm, s.num_transits) for s in found if s.depth_ppm is not None]
    offset, offset_err = _common_offset(found)
    return CentroidShift(
        means[0],
        errors[0],
        means[1],
        errors[1],
        _equivalent_sigma(chi2, 2 * len(found)),
        sum(s.num_transits for s in found),
        float(np.average([d for d, _ in depths], weights=[n for _, n in depths])) if depths else None,
        offset,
        offset_err,
        *(np.concatenate([getattr(s, name) for s in found]) for name in ("hours", "x", "y", "inside")),
    )


def _common_offset(found: Sequence[CentroidShift]) -> tuple[float | None, float | None]:
    """Return the length of the offset over all observations and its error.

    Only lengths are combined, as pixel directions differ. Their squares are averaged after
    subtracting what noise adds to each: lengths are never negative, so the noise in them does not
    average out.
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


def _equivalent_sigma(chi2: float, freedom: int) -> float:
    """Return the two-sided normal significance [sigma] that is as improbable as a chi-square."""
    from scipy import stats

    # In logarithms, because the probabilities of strong shifts underflow.
    logarithm = float(stats.chi2.logsf(chi2, freedom))
    if logarithm > -700:
        return float(stats.norm.isf(math.exp(logarithm) / 2))
    return math.sqrt(max(chi2, 0.0))
