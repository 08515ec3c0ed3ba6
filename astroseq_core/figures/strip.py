"""The strip of segment probabilities: overlapping segments as pieces that do not overlap."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.scoring.segments import SegmentScores


@dataclass(frozen=True, eq=False)
class Pieces:
    """Pieces of time, one stride long where segments are regular: ``edges`` (p + 1,) [d], ``mean`` (p,), NaN without segment."""

    edges: NDArray[np.float64]
    mean: NDArray[np.float64]


def pieces(scores: SegmentScores) -> Pieces:
    """Mean probability of the segments that cover each piece between neighbouring starts and ends.

    The mean, not the maximum: all segments over a transit are high, but only one of several is a stride and more away, so the
    mean peaks at the transit while the maximum would be as wide as two segments.
    """
    cadence = float(np.min((scores.t_stop - scores.t_start) / np.maximum(scores.num_cadences - 1, 1)))
    zero = float(scores.t_start.min())
    # Whole cadences: the end of one segment and the start of the next but three are then the same edge, not a sliver apart.
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
    return Pieces(zero + (edges - 0.5) * cadence, np.clip(mean, 0.0, 1.0))
