"""One segment as the network sees it. No network is loaded."""

from dataclasses import dataclass, replace

import numpy as np

from astroseq_core.errors import AstroSeqError
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.networks.card import ModelCard
from astroseq_core.plots.segments import SegmentView
from astroseq_core.preprocessing import prepare
from astroseq_core.preprocessing.segments import LEFT_OUT, TRANSIT, count_segments, label_cadences, label_segments, make_segments
from astroseq_core.scoring.star_data import StarData

LABELS = {TRANSIT: "holds a predicted transit", LEFT_OUT: "only doubtful events", 0: "no predicted transit"}


@dataclass(frozen=True, eq=False)
class InspectedSegment:
    """A segment of a star, ready to be drawn.

    Attributes
    ----------
    number : int
        Number of the segment, counted over all observations from 0.
    number_within : int
        Number within its observation, from 0.
    observation : str
        Name of the observation.
    start : float
        Time of the first cadence [d].
    stop : float
        Time of the last cadence [d].
    view : SegmentView
        The network's input channels.
    label : str
        The label from the ephemerides, in words.
    """

    number: int
    number_within: int
    observation: str
    start: float
    stop: float
    view: SegmentView
    label: str


@dataclass(frozen=True)
class SegmentPlan:
    """The segments of a star.

    Attributes
    ----------
    counts : tuple of int
        Number of segments of each observation; 0 if the model cannot use it.

    Examples
    --------
    >>> plan = SegmentPlan((2, 0, 3))
    >>> plan.total, plan.first
    (5, (0, 2, 2))
    >>> plan.locate(3)
    (2, 1)
    """

    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        """Number of segments of the whole star."""
        return sum(self.counts)

    @property
    def first(self) -> tuple[int, ...]:
        """Number of the first segment of each observation."""
        return tuple(int(n) for n in np.r_[0, np.cumsum(self.counts)[:-1]])

    def locate(self, number: int) -> tuple[int, int]:
        """Find a segment's observation.

        Parameters
        ----------
        number : int
            Number of the segment, counted over all observations from 0.

        Returns
        -------
        which : int
            Index of the observation.
        number : int
            Number of the segment within it, from 0.
        """
        which = int(np.searchsorted(np.cumsum(self.counts), number, side="right"))
        return which, number - self.first[which]


def plan_segments(star: StarData, card: ModelCard) -> SegmentPlan:
    """Count the segments that a model makes of each observation.

    Parameters
    ----------
    star : StarData
        The star.
    card : ModelCard
        The model.

    Returns
    -------
    SegmentPlan
        The counts.
    """
    return SegmentPlan(tuple(_count_segments(curve, card) for curve in star.light_curves))


def _count_segments(curve: LightCurve, card: ModelCard) -> int:
    """Return the number of segments of a light curve, 0 if the model cannot use it."""
    if not card.suits(curve):
        return 0
    try:
        times = prepare.preprocessed_times(curve, card.preparation)
    except AstroSeqError:
        return 0
    return count_segments(times, float(np.median(np.diff(times)) * 1440), card.cutting)


def inspect_segment(star: StarData, card: ModelCard, number: int, segments: SegmentPlan) -> InspectedSegment:
    """Return a segment as the model sees it.

    Parameters
    ----------
    star : StarData
        The star.
    card : ModelCard
        The model.
    number : int
        Number of the segment, counted over all observations from 0.
    segments : SegmentPlan
        The star's segments for that model.

    Returns
    -------
    InspectedSegment
        The segment.
    """
    which, within = segments.locate(number)
    curve = prepare.prepare(star.light_curves[which], card.preparation)
    names = card.cutting.channels
    segment_config = card.cutting if "gap" in names else replace(card.cutting, channels=(*names, "gap"))
    segment = make_segments(curve, segment_config, only=[within])
    values = segment.values[0]
    filled = values[:, segment_config.channels.index("gap")] < 0.5
    # The segment's first cadence is at the first filled sample; samples are one cadence apart.
    places = np.arange(len(values)) - int(np.argmax(filled))
    time = float(segment.t_start[0]) + places * curve.cadence_minutes / 1440
    text = int(label_segments(segment, label_cadences(curve, star.ephemerides))[0])
    view = SegmentView(time, curve.system, names, values[:, : len(names)], filled, star.ephemerides)
    return InspectedSegment(
        number, within, curve.observation, float(segment.t_start[0]), float(segment.t_stop[0]), view, LABELS[text]
    )
