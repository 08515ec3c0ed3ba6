"""Odd and even transits: depths, times or durations that alternate mean a binary star at twice the period."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.missions import Mission
from astroseq_core.vetting.checks.coverage import MIN_COVERAGE
from astroseq_core.vetting.depths import SingleTransit, solve_events, transit_steepness, transit_template
from astroseq_core.vetting.events import Events
from astroseq_core.vetting.fold import mean_bins
from astroseq_core.vetting.transit_fit import TransitFit, fit_transit

BINS_PER_DURATION = 8
#: Depths this many errors from the median of their half are dropped, if there are at least LEAST_TO_CLIP.
CLIP_SIGMA, MIN_TO_CLIP = 4.0, 5
#: Times of single transits enter if their error is below this fraction of the duration: not without an end in the data.
MAX_TIME_ERROR_DURATIONS = 0.5


@dataclass(frozen=True, eq=False)
class HalfFold:
    """The odd, or the even, transits together: mean depth and binned, leveled fold.

    Attributes
    ----------
    depth_ppm : float
        Mean depth [ppm].
    depth_err_ppm : float
        Error of the depth [ppm].
    num_transits : int
        Number of transits.
    bin_hours : ndarray
        Time of the bins from mid-transit [h], shape (b,).
    bin_mean : ndarray
        Mean relative deviation of each bin, shape (b,).
    bin_error : ndarray
        Standard error of each mean, shape (b,).
    scale_err_ppm : float or None
        The part of the error that the other half does not share: that of the scaled shape [ppm].
    """

    depth_ppm: float
    depth_err_ppm: float
    num_transits: int
    bin_hours: NDArray[np.float64]
    bin_mean: NDArray[np.float64]
    bin_error: NDArray[np.float64]
    scale_err_ppm: float | None = None


@dataclass(frozen=True)
class Alternation:
    """How times and durations of odd transits differ from those of even ones.

    Attributes
    ----------
    late_minutes : float
        How much later odd transits come than even ones, beside a linear ephemeris [min].
    late_err_minutes : float
        Its error, widened where times scatter by more than their own errors [min].
    num_times : int
        Number of transits with a time; from four on, their scatter is known.
    longer_minutes : float
        How much longer odd transits last [min].
    longer_err_minutes : float
        Its error [min].
    duration_hours : float
        Mean duration [h].
    """

    late_minutes: float
    late_err_minutes: float
    num_times: int
    longer_minutes: float
    longer_err_minutes: float
    duration_hours: float

    @property
    def late_sigma(self) -> float:
        """Significance of the difference in time [σ]."""
        return abs(self.late_minutes) / self.late_err_minutes

    @property
    def longer_sigma(self) -> float:
        """Significance of the difference in duration [σ]."""
        return abs(self.longer_minutes) / self.longer_err_minutes


def mean_depth(transits: Sequence[SingleTransit]) -> tuple[float, float, int] | None:
    """Compute the weighted mean depth of the transits with enough data.

    The error is widened where the depths scatter by more than their own errors.

    Parameters
    ----------
    transits : sequence of SingleTransit
        Transits to average.

    Returns
    -------
    tuple of (float, float, int) or None
        Mean depth [ppm], its error [ppm] and the number of transits used; None without any.
    """
    known = [(t.depth_ppm, t.depth_err_ppm) for t in transits if t.depth_ppm is not None and t.coverage >= MIN_COVERAGE.value]
    if not known:
        return None
    depth, error = np.array([k[0] for k in known], dtype=np.float64), np.array([k[1] for k in known], dtype=np.float64)
    if len(depth) >= MIN_TO_CLIP:
        pull = np.abs(depth - np.median(depth)) / error
        kept = pull <= CLIP_SIGMA * max(1.0, 1.4826 * float(np.median(pull)))
        depth, error = depth[kept], error[kept]
    weight = error**-2
    mean = float(np.sum(weight * depth) / np.sum(weight))
    spread = 1.0
    if len(depth) >= 3:
        spread = max(1.0, float(np.sum(weight * (depth - mean) ** 2)) / (len(depth) - 1))
    return mean, float(np.sqrt(spread / np.sum(weight))), len(depth)


def fold_half(
    transits: Sequence[SingleTransit], duration_hours: float, shape_err: float = 0.0, *, own_shape: bool = False
) -> HalfFold | None:
    """Combine transits into one fold.

    Parameters
    ----------
    transits : sequence of SingleTransit
        The odd or the even transits.
    duration_hours : float
        Duration, which sets the width of the bins [h].
    shape_err : float, optional
        Relative error of the depth that comes from the shape.
    own_shape : bool, optional
        Whether the other half has another shape, so that this error is not shared.

    Returns
    -------
    HalfFold or None
        The fold; None if no transit has enough data.
    """
    found = mean_depth(transits)
    if found is None:
        return None
    seen = [t for t in transits if t.depth_ppm is not None and t.coverage >= MIN_COVERAGE.value]
    hours, flat = np.concatenate([t.hours for t in seen]), np.concatenate([t.flat for t in seen])
    at, mean, error = mean_bins(hours, flat, duration_hours / BINS_PER_DURATION)
    depth, own, number = found
    total = float(np.hypot(own, shape_err * depth))
    return HalfFold(depth, total, number, at, mean, error, total if own_shape else own)


def odd_even_halves(
    transits: Sequence[SingleTransit], duration_hours: float, shape_err: float = 0.0
) -> tuple[HalfFold | None, HalfFold | None, float | None]:
    """Split the transits into odd and even ones and compare their depths.

    Parameters
    ----------
    transits : sequence of SingleTransit
        All transits.
    duration_hours : float
        Duration, which sets the width of the bins [h].
    shape_err : float, optional
        Relative error of the depths that comes from the shape, which both halves share.

    Returns
    -------
    odd : HalfFold or None
        Odd transits.
    even : HalfFold or None
        Even transits.
    sigma : float or None
        Significance of the difference in depth [σ]; None if one half is missing.
    """
    odd = fold_half([t for t in transits if t.odd], duration_hours, shape_err)
    even = fold_half([t for t in transits if not t.odd], duration_hours, shape_err)
    if odd is None or even is None:
        return odd, even, None
    return odd, even, abs(odd.depth_ppm - even.depth_ppm) / difference_error(odd, even)


def difference_error(odd: HalfFold, even: HalfFold) -> float:
    """Return the error of the difference of two depths, without what they share.

    Parameters
    ----------
    odd, even : HalfFold
        Odd and even transits.

    Returns
    -------
    float
        Error [ppm].
    """
    of_odd, of_even = (h.depth_err_ppm if h.scale_err_ppm is None else h.scale_err_ppm for h in (odd, even))
    return float(np.hypot(of_odd, of_even))


def shape_error(fit: TransitFit | None, transits: Sequence[SingleTransit]) -> float:
    """Return the relative error of the depth that comes from the shape of the fit.

    Parameters
    ----------
    fit : TransitFit or None
        Fit of the transits.
    transits : sequence of SingleTransit
        The transits that were fitted.

    Returns
    -------
    float
        What the fit's error has beyond that of its scaled shape; 0 without a fit.
    """
    errors = [t.depth_err_ppm for t in transits if t.depth_ppm is not None and t.depth_err_ppm]
    if fit is None or not errors:
        return 0.0
    scaled = float(np.sum(np.array(errors) ** -2.0)) ** -0.5
    return float(np.sqrt(max(0.0, fit.depth_err_ppm**2 - scaled**2))) / fit.depth_ppm


def fit_halves(
    level: Events, instrument: Mission, red_over_white: float, fit: TransitFit | None
) -> tuple[TransitFit | None, TransitFit | None]:
    """Fit the odd and the even transits, each with a shape of their own.

    Parameters
    ----------
    level : Events
        Leveled events.
    instrument : Mission
        Mission, whose band sets the limb darkening.
    red_over_white : float
        Red over white noise of one transit's depth.
    fit : TransitFit or None
        Fit of all transits.

    Returns
    -------
    odd : TransitFit or None
        Fit of the odd transits; None if it cannot be made.
    even : TransitFit or None
        Fit of the even ones.
    """
    odd_event = (level.number % 2 == 1)[level.event]
    odd, even = (fit_transit(level.where(odd_event == odd), instrument, red_over_white, fit) for odd in (True, False))
    return odd, even


def measure_alternation(level: Events, odd: TransitFit | None, even: TransitFit | None) -> Alternation | None:
    """Compare times and durations of odd and even transits.

    Each transit is timed with the shape of its half. A straight line, for the ephemeris' own error,
    and the alternation are fitted to all times together, so that neither a period that is slightly
    off nor transit times that vary pass for an alternation.

    Parameters
    ----------
    level : Events
        Leveled events.
    odd, even : TransitFit or None
        Fits of the odd and of the even transits.

    Returns
    -------
    Alternation or None
        The comparison; None with fewer than three times, or only odd or even ones.
    """
    if odd is None or even is None:
        return None
    late, error = np.zeros(len(level)), np.full(len(level), np.inf)
    parity = level.number % 2 == 1
    for half, fit in ((parity, odd), (~parity, even)):
        found, inverse = solve_events(level, transit_template(level, fit), transit_steepness(level, fit))
        late[half] = (fit.t0_shift_hours + found[:, 3])[half]
        error[half] = np.sqrt(inverse[:, 3, 3])[half] * max(1.0, fit.chi2_reduced) ** 0.5
    hours = (odd.duration_hours + even.duration_hours) / 2
    with np.errstate(invalid="ignore"):
        good = np.isfinite(late) & (error > 0) & (error < MAX_TIME_ERROR_DURATIONS * hours)
    if good.sum() < 3 or len(np.unique(parity[good])) < 2:
        return None
    n = level.number[good].astype(np.float64)
    columns = np.stack([np.ones(len(n)), n - n.mean(), parity[good] - 0.5], axis=1) / error[good][:, None]
    inverse = np.linalg.pinv(columns.T @ columns, hermitian=True)
    found = inverse @ columns.T @ (late[good] / error[good])
    degrees = len(n) - 3
    left = late[good] / error[good] - columns @ found
    spread = max(1.0, float(left @ left) / degrees) if degrees else 1.0
    variance = inverse[2, 2] * spread
    for fit, half in ((odd, parity[good]), (even, ~parity[good])):
        # what the shape is not sure of moves all times of a half
        variance += max(0.0, fit.t0_shift_err_hours**2 - 1 / float(np.sum(error[good][half] ** -2.0)))
    longer = odd.duration_hours - even.duration_hours
    # the ends of a transit are known no better than the exposures are long, which may not be known themselves
    odd_count = int(parity[good].sum())
    ends = float(np.median(level.exposure_hours)) ** 2 / 12 * (1 / odd_count + 1 / (len(n) - odd_count))
    return Alternation(
        late_minutes=60 * float(found[2]),
        late_err_minutes=60 * float(np.sqrt(variance)),
        num_times=len(n),
        longer_minutes=60 * longer,
        longer_err_minutes=60 * float(np.sqrt(odd.duration_err_hours**2 + even.duration_err_hours**2 + ends)),
        duration_hours=hours,
    )


def missing_of_three(
    transits: Sequence[SingleTransit], significant: float, nothing: float, fraction: float
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Return the depths of every third transit and of those between, if there are none between.

    Parameters
    ----------
    transits : sequence of SingleTransit
        All transits.
    significant : float
        Minimum significance of every third transit [sigma].
    nothing : float
        Significance below which there is no transit [sigma].
    fraction : float
        Maximum depth of those between, over that of every third one.

    Returns
    -------
    tuple of (float, float) or None
        Mean depth and error of every third transit, and of the others [ppm]; None if there are
        transits between, or not enough data.
    """
    for third in range(3):
        with_it, between = (mean_depth([t for t in transits if (t.number % 3 == third) == same]) for same in (True, False))
        if with_it is None or between is None or with_it[2] < 2 or between[2] < 2:
            continue
        there = with_it[0] > significant * with_it[1]
        if there and between[0] < nothing * between[1] and between[0] < fraction * with_it[0]:
            return with_it[:2], between[:2]
    return None
