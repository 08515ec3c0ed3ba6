"""One segment as the network saw it, for looking at; loads no network."""

from dataclasses import dataclass, replace

import numpy as np

from astroseq_core.errors import AstroSeqError
from astroseq_core.figures.segment import SegmentView
from astroseq_core.lightcurves import prepare
from astroseq_core.lightcurves.lightcurve import LightCurve
from astroseq_core.scoring.card import ModelCard
from astroseq_core.scoring.opening import OpenedStar
from astroseq_core.segments.cut import count, cut
from astroseq_core.segments.label import LEFT_OUT, TRANSIT, cadence_states, label

LABELS = {TRANSIT: "holds a predicted transit", LEFT_OUT: "only doubtful events", 0: "no predicted transit"}


@dataclass(frozen=True, eq=False)
class Inspected:
    """Segment ``number`` of the star: the ``number_within`` of its ``observation``, what was seen, and its label in words."""

    number: int
    number_within: int
    observation: str
    start: float
    stop: float
    view: SegmentView
    label: str


@dataclass(frozen=True)
class SegmentPlan:
    """How many segments each observation has, in order; 0 where the model cannot cut it."""

    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        """Segments of the whole star."""
        return sum(self.counts)

    @property
    def first(self) -> tuple[int, ...]:
        """Number of the first segment of each observation."""
        return tuple(int(n) for n in np.r_[0, np.cumsum(self.counts)[:-1]])

    def place(self, number: int) -> tuple[int, int]:
        """Which observation a segment is in, and its number there."""
        which = int(np.searchsorted(np.cumsum(self.counts), number, side="right"))
        return which, number - self.first[which]


def plan(star: OpenedStar, card: ModelCard) -> SegmentPlan:
    """How the star is cut by that model."""
    return SegmentPlan(tuple(_count(curve, card) for curve in star.curves))


def _count(curve: LightCurve, card: ModelCard) -> int:
    if not card.suits(curve):
        return 0
    try:
        times = prepare.times(curve, card.preparation)
    except AstroSeqError:
        return 0
    return count(times, float(np.median(np.diff(times)) * 1440), card.cutting)


def inspect(star: OpenedStar, card: ModelCard, number: int, cuts: SegmentPlan) -> Inspected:
    """Segment ``number`` of the star, counted from 0 over all its observations, as that model sees it."""
    which, within = cuts.place(number)
    curve = prepare.prepare(star.curves[which], card.preparation)
    names = card.cutting.channels
    cutting = card.cutting if "gap" in names else replace(card.cutting, channels=(*names, "gap"))
    segment = cut(curve, cutting, only=[within])
    values = segment.values[0]
    filled = values[:, cutting.channels.index("gap")] < 0.5
    # The first cadence inside stands at the first filled place; places are one cadence apart.
    places = np.arange(len(values)) - int(np.argmax(filled))
    time = float(segment.t_start[0]) + places * curve.cadence_minutes / 1440
    said = int(label(segment, cadence_states(curve, star.ephemerides))[0])
    view = SegmentView(time, curve.system, names, values[:, : len(names)], filled, star.ephemerides)
    return Inspected(
        number, within, curve.observation, float(segment.t_start[0]), float(segment.t_stop[0]), view, LABELS[said]
    )
