"""The network's probability cadence by cadence, folded on the ephemeris in hand."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from astroseq_core.ephemeris import HOURS_PER_DAY, Ephemeris
from astroseq_core.figures import colours
from astroseq_core.figures.layout import dress
from astroseq_core.scoring.evidence import Evidence
from astroseq_core.scoring.segments import SegmentScores

#: What the figure shows, and what good looks like.
CAPTION = (
    "The network's probability of being in transit, at even odds, of each ten minutes or cadence, folded on the ephemeris: the "
    "whole orbit on the left, around mid-transit on the right, with the mean of each bin.",
    "It rises to nearly 1 within the band and stays near 0 elsewhere. High points all over the orbit mean that the network sees "
    "transits everywhere on this star; a second hill at phase 0.5 is a secondary eclipse, or the period is twice the true one.",
)
HEIGHT, TITLE_PX = 300, 40
#: Points of a trace at most; those in transit are kept first.
MOST_POINTS = 1500
#: The right panel reaches so many durations from mid-transit, at least so many hours, at most half the period.
REACH_DURATIONS, LEAST_REACH_HOURS = 3.0, 3.0
#: Bins over the whole orbit, and across one transit.
ORBIT_BINS, BINS_PER_DURATION = 120, 4

_Array = NDArray[np.float64]


def probability_fold_figure(scores: Sequence[SegmentScores | None], ephemeris: Ephemeris, index: int = 0) -> go.Figure | None:
    """The folded probabilities of one star's observations; None where nothing was scored. Single transits have one panel.

    ``index``: the planet's place in the ephemerides, which gives its colour.
    """
    known = [s for s in scores if s is not None and len(s.evidence.time)]
    parts = [(s.evidence, ephemeris.phase_days(s.evidence.time, s.system)) for s in known]
    if not parts:
        return None
    days = np.concatenate([phase for _, phase in parts])
    chance = np.concatenate([probability(evidence) for evidence, _ in parts])
    order = np.argsort(days, kind="stable")
    days, chance = days[order], chance[order]
    reach = max(REACH_DURATIONS * ephemeris.duration_hours, LEAST_REACH_HOURS)
    period, half = ephemeris.period_days, ephemeris.duration_hours / 2
    if period is not None:
        reach = min(reach, period * HOURS_PER_DAY / 2)
    figure = make_subplots(rows=1, cols=1 if period is None else 2, shared_yaxes=True, horizontal_spacing=0.04)
    column = 1  # the close view is the last
    if period is not None:
        phase = days / period
        phase = np.where(phase < -0.25, phase + 1.0, phase)  # so that phase 0.5 stands whole beside the transit
        _panel(figure, phase, chance, half / HOURS_PER_DAY / period, 1.0 / ORBIT_BINS, index, 1, "phase %{x:.3f}")
        figure.update_xaxes(range=[-0.25, 0.75], row=1, col=1)
        column = 2
    near = np.abs(days) * HOURS_PER_DAY <= reach
    hours = days[near] * HOURS_PER_DAY
    _panel(figure, hours, chance[near], half, ephemeris.duration_hours / BINS_PER_DURATION, index, column, "%{x:.2f} h")
    dress(figure, HEIGHT, top=TITLE_PX, identity=ephemeris.name)
    if period is not None:
        figure.update_xaxes(title_text="Phase", row=1, col=1)
    figure.update_xaxes(title_text="Hours from mid-transit", range=[-reach, reach], row=1, col=column)
    figure.update_yaxes(range=[-0.03, 1.03])
    figure.update_yaxes(title_text="Probability at even odds", row=1, col=1)
    figure.update_layout(
        coloraxis={"colorscale": colours.PROBABILITY_SCALE, "cmin": 0, "cmax": 1, "showscale": False},
    )
    return figure


def probability(evidence: Evidence) -> _Array:
    """Probability (n,) of each place of the evidence of being in transit, at even odds before: 1 / (1 + exp(-log ratio))."""
    return np.asarray(1.0 / (1.0 + np.exp(-evidence.log_ratio)), np.float64)


def _panel(figure: go.Figure, x: _Array, y: _Array, half: float, width: float, index: int, column: int, where: str) -> None:
    """Points coloured by their probability, the transit as a band, and means over bins of that width."""
    colour = colours.planet(index)
    figure.add_vrect(
        x0=-half, x1=half, fillcolor=colours.faded(colour, 0.22), line_width=0, layer="below", row=1, col=column
    )  # fmt: skip
    pick = _picked(np.abs(x) <= half)
    figure.add_trace(
        go.Scatter(
            x=x[pick], y=y[pick].astype(np.float32), mode="markers", name="Ten minutes, or a cadence", showlegend=False,
            marker={"color": y[pick].astype(np.float32), "coloraxis": "coloraxis", "size": 4, "opacity": 0.7},
            hovertemplate=where + ": %{y:.2f}<extra></extra>",
        ),
        row=1, col=column,
    )  # fmt: skip
    at, mean = _means(x, y, width)
    figure.add_trace(
        go.Scatter(
            x=at, y=mean.astype(np.float32), mode="lines", line={"color": colours.TREND, "width": 2}, name="Mean of a bin",
            showlegend=column == 1, legendgroup="mean", hovertemplate=where + ": mean %{y:.2f}<extra></extra>",
        ),
        row=1, col=column,
    )  # fmt: skip


def _picked(inside: NDArray[np.bool_]) -> NDArray[np.int64]:
    own, rest = np.flatnonzero(inside), np.flatnonzero(~inside)
    own = own[:: max(1, -(-len(own) // (MOST_POINTS // 2)))]
    return np.sort(np.r_[own, rest[:: max(1, -(-len(rest) // max(1, MOST_POINTS - len(own))))]])


def _means(x: _Array, y: _Array, width: float) -> tuple[_Array, _Array]:
    """Middles and means of the bins that hold anything, centred on 0, shape (b,)."""
    if len(x) == 0:
        return np.empty(0), np.empty(0)
    number, where, count = np.unique(np.rint(x / width).astype(np.int64), return_inverse=True, return_counts=True)
    return number.astype(np.float64) * width, np.asarray(np.bincount(where, y) / count, np.float64)
