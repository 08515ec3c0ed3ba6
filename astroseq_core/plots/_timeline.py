"""Broken time axis: stretches of data side by side without long gaps, and calendar dates."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.preprocessing.prepare import DetrendedLightCurve
from astroseq_core.scoring.segments import SegmentScores
from astroseq_core.times import TimeSystem


@dataclass(frozen=True, eq=False)
class TransitBands:
    """Predicted transits that overlap a span of time.

    Attributes
    ----------
    mid : ndarray
        Mid-transit times [d], shape (m,).
    sigma_days : ndarray
        Uncertainty of each mid-transit from the drift of the ephemeris [d], shape (m,).
    trusted : ndarray of bool
        Which predictions are reliable and of a planet, shape (m,).
    half_days : float
        Half the duration [d].
    """

    mid: NDArray[np.float64]
    sigma_days: NDArray[np.float64]
    trusted: NDArray[np.bool_]
    half_days: float

    def outline(
        self, low: float, high: float, *, trusted: bool, halo: bool = False
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the corners of rectangles for one trace, separated by NaN.

        Parameters
        ----------
        low : float
            Lower edge.
        high : float
            Upper edge.
        trusted : bool
            Whether to return the trusted transits or the doubtful ones.
        halo : bool, optional
            Widen by one sigma of drift on either side, and drop transits without drift.

        Returns
        -------
        x : ndarray
            Times of the corners [d].
        y : ndarray
            Heights of the corners.
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


def transit_bands(ephemeris: Ephemeris, start: float, stop: float, system: TimeSystem) -> TransitBands:
    """Predict the transits of an ephemeris between two times.

    Parameters
    ----------
    ephemeris : Ephemeris
        Ephemeris of the signal.
    start : float
        First time [d, `system`].
    stop : float
        Last time [d, `system`].
    system : TimeSystem
        Time system.

    Returns
    -------
    TransitBands
        The predicted transits.
    """
    transits = ephemeris.transits(start, stop, system)
    trusted = ephemeris.well_predicted(transits) & ephemeris.is_planet
    return TransitBands(transits.mid, transits.sigma_days, np.asarray(trusted, bool), ephemeris.duration_days / 2)


@dataclass(frozen=True, eq=False)
class ProbabilityStrip:
    """Mean probability over consecutive intervals, one stride long where segments are regular.

    Attributes
    ----------
    edges : ndarray
        Edges of the intervals [d], shape (p + 1,).
    mean : ndarray
        Mean probability, shape (p,); NaN without a segment.
    """

    edges: NDArray[np.float64]
    mean: NDArray[np.float64]


def probability_strip(scores: SegmentScores) -> ProbabilityStrip:
    """Average the probabilities of the segments that cover each interval between segment edges.

    The mean is used rather than the maximum: all segments over a transit are high, but only one of
    several is a stride or more away, so the mean peaks at the transit while the maximum would be as
    wide as two segments.

    Parameters
    ----------
    scores : SegmentScores
        Scores of one observation.

    Returns
    -------
    ProbabilityStrip
        Intervals with their mean probability.
    """
    cadence = float(np.min((scores.t_stop - scores.t_start) / np.maximum(scores.num_cadences - 1, 1)))
    zero = float(scores.t_start.min())
    # Rounded to cadences, so that the end of one segment and the start of the fourth after it share an edge, without a sliver.
    begin = np.rint((scores.t_start - zero) / cadence).astype(np.int64)
    end = np.rint((scores.t_stop - zero) / cadence).astype(np.int64) + 1
    edges = np.unique(np.r_[begin, end])
    total, count = np.zeros(len(edges)), np.zeros(len(edges))
    for places, sign in ((np.searchsorted(edges, begin), 1.0), (np.searchsorted(edges, end), -1.0)):
        np.add.at(total, places, sign * scores.probability.astype(np.float64))
        np.add.at(count, places, sign)
    covering = np.cumsum(count)[:-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(covering > 0.5, np.cumsum(total)[:-1] / covering, np.nan)
    return ProbabilityStrip(zero + (edges - 0.5) * cadence, np.clip(mean, 0.0, 1.0))


#: BJD of 1970-01-01, the epoch of numpy's dates.
UNIX_EPOCH_BJD = 2_440_587.5
#: A gap longer than this fraction of the shorter side, and than this [d], breaks the axis.
BREAK_GAP_FRACTION, BREAK_GAP_DAYS = 0.4, 3.0
#: Minimum width of a stretch as a fraction of the widest, so that its ticks are legible.
MIN_RELATIVE_WIDTH = 0.25
#: Maximum number of stretches side by side before they become too narrow.
MAX_STRETCHES = 4


@dataclass(frozen=True)
class Stretch:
    """Observations without a long gap between them.

    Attributes
    ----------
    members : tuple of int
        Indices of the observations.
    start : float
        First time [d].
    stop : float
        Last time [d].
    """

    members: tuple[int, ...]
    start: float
    stop: float

    @property
    def days(self) -> float:
        """Length [d]."""
        return self.stop - self.start


def stretches(detrended: Sequence[DetrendedLightCurve]) -> tuple[Stretch, ...]:
    """Group observations into stretches without long gaps.

    Parameters
    ----------
    detrended : sequence of DetrendedLightCurve
        Detrended light curves in time order.

    Returns
    -------
    tuple of Stretch
        Stretches in time order.
    """
    return join_spans([(float(curve.time[0]), float(curve.time[-1])) for curve in detrended])


def join_spans(spans: Sequence[tuple[float, float]]) -> tuple[Stretch, ...]:
    """Join time spans into stretches without long gaps; pages and reports break their axes between these.

    Parameters
    ----------
    spans : sequence of tuple of float
        Start and stop of each observation [d], in time order.

    Returns
    -------
    tuple of Stretch
        Stretches in time order.

    Examples
    --------
    >>> [(s.members, s.start, s.stop) for s in join_spans([(0.0, 10.0), (11.0, 20.0), (500.0, 510.0)])]
    [((0, 1), 0.0, 20.0), ((2,), 500.0, 510.0)]
    """
    out: list[Stretch] = []
    for i, (start, stop) in enumerate(spans):
        if out:
            gap = start - out[-1].stop
            if gap <= max(BREAK_GAP_DAYS, BREAK_GAP_FRACTION * min(stop - start, out[-1].days)):
                out[-1] = Stretch((*out[-1].members, i), out[-1].start, max(out[-1].stop, stop))
                continue
        out.append(Stretch((i,), start, stop))
    return tuple(out)


def default_observation_indices(detrended: Sequence[DetrendedLightCurve]) -> tuple[int, ...]:
    """Return the indices of the observations shown by default.

    Parameters
    ----------
    detrended : sequence of DetrendedLightCurve
        Detrended light curves in time order.

    Returns
    -------
    tuple of int
        Indices of the observations in the first `MAX_STRETCHES` stretches.
    """
    return tuple(i for stretch in stretches(detrended)[:MAX_STRETCHES] for i in stretch.members)


def relative_widths(parts: Sequence[Stretch]) -> list[float]:
    """Return the relative widths of the stretches on the axis.

    Widths are proportional to length, but none is less than `NARROWEST` of the widest before
    scaling.

    Parameters
    ----------
    parts : sequence of Stretch
        The stretches.

    Returns
    -------
    list of float
        Widths, which add up to 1.

    Examples
    --------
    >>> relative_widths([Stretch((0,), 0.0, 30.0), Stretch((1,), 90.0, 120.0)])
    [0.5, 0.5]
    """
    days = np.array([max(p.days, 1e-3) for p in parts])
    days = np.maximum(days, MIN_RELATIVE_WIDTH * days.max())
    return [float(w) for w in days / days.sum()]


def calendar_dates(time: NDArray[np.float64], system: TimeSystem) -> NDArray[np.int16]:
    """Return the calendar dates of times; days begin at midnight TDB.

    Parameters
    ----------
    time : ndarray
        Times [d, `system`], shape (n,).
    system : TimeSystem
        Time system.

    Returns
    -------
    ndarray of int
        Year, month and day, shape (n, 3).
    """
    days = np.floor(time + (system.zero_bjd - UNIX_EPOCH_BJD)).astype(np.int64).astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    year = days.astype("datetime64[Y]").astype(np.int64) + 1970
    month = months.astype(np.int64) % 12 + 1
    day = (days - months).astype(np.int64) + 1
    return np.stack([year, month, day], axis=1).astype(np.int16)


def date_string(time: float, system: TimeSystem) -> str:
    """Return the calendar date of one time.

    Parameters
    ----------
    time : float
        Time [d, `system`].
    system : TimeSystem
        Time system.

    Returns
    -------
    str
        ISO date.

    Examples
    --------
    >>> date_string(1325.3, TimeSystem.BTJD)
    '2018-07-25'
    """
    year, month, day = calendar_dates(np.array([time]), system)[0]
    return f"{year:04d}-{month:02d}-{day:02d}"
