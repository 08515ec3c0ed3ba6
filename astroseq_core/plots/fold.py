"""Folded figures: flux and network probability against time from mid-transit."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from astroseq_core.ephemeris import HOURS_PER_DAY, Ephemeris
from astroseq_core.plots import style
from astroseq_core.plots._ranges import scatter_range_ppt
from astroseq_core.plots.style import PPT, apply_layout
from astroseq_core.scoring.evidence import Evidence
from astroseq_core.scoring.segments import SegmentScores
from astroseq_core.vetting.fold import TransitFold

FOLD_HEIGHT = 330
#: About this many cadences are drawn under the bins, besides those in transit, which are always drawn.
FOLD_MAX_CADENCES = 6000


def fold_figure(fold: TransitFold, index: int) -> go.Figure:
    """Plot cadences and binned medians against time from mid-transit, with the duration as a band.

    Parameters
    ----------
    fold : TransitFold
        Fold of the planet.
    index : int
        Index of the planet in the ephemerides, which sets its color.

    Returns
    -------
    Figure
        Flux [ppt] against hours from mid-transit.
    """
    color, half = style.planet_color(index), fold.ephemeris.duration_hours / 2
    inside = np.abs(fold.phase_hours) <= half
    rest = np.flatnonzero(~inside)
    pick = np.sort(np.r_[np.flatnonzero(inside), rest[:: max(1, len(rest) // FOLD_MAX_CADENCES)]])
    figure = go.Figure()
    figure.add_vrect(x0=-half, x1=half, fillcolor=style.with_opacity(color, 0.22), line_width=0, layer="below")
    figure.add_hline(y=0, line={"color": style.REFERENCE_COLOR, "width": 1})
    if fold.ephemeris.depth_ppm is not None:
        depth = -fold.ephemeris.depth_ppm / PPT
        figure.add_shape(type="line", x0=-half, x1=half, y0=depth, y1=depth, line={"color": color, "width": 2, "dash": "dot"})
    figure.add_trace(
        go.Scattergl(
            x=fold.phase_hours[pick].astype(np.float32),
            y=(fold.flat[pick] * PPT).astype(np.float32),
            mode="markers",
            marker={"color": style.CADENCE_COLOR, "size": 2.6, "opacity": 0.45 if len(pick) > 800 else 0.7},
            name="Cadences",
            hovertemplate="%{x:.2f} h, %{y:.3f} ppt<extra></extra>",
        )
    )
    figure.add_trace(
        go.Scatter(
            x=fold.bin_hours,
            y=fold.bin_median * PPT,
            mode="markers",
            error_y={"array": fold.bin_error * PPT, "thickness": 1.3, "width": 0, "color": style.TREND_COLOR},
            marker={"color": style.TREND_COLOR, "size": 7, "line": {"color": "white", "width": 0.8}},
            name="Binned median",
            hovertemplate="%{x:.2f} h, %{y:.3f} ppt<extra>median of a bin</extra>",
        )
    )
    apply_layout(figure, FOLD_HEIGHT, top=12, legend=False, identity=fold.ephemeris.name)
    figure.update_xaxes(title_text="Hours from mid-transit")
    figure.update_yaxes(title_text="Flux [ppt]", range=list(_flux_range(fold)))
    return figure


def _flux_range(fold: TransitFold) -> tuple[float, float]:
    """Return a flux range [ppt] that holds the bins and most of the scatter."""
    floor = 0.0
    if len(fold.bin_median):
        floor = float(np.min(fold.bin_median - fold.bin_error)) * PPT
    if fold.ephemeris.depth_ppm is not None:
        floor = min(floor, -fold.ephemeris.depth_ppm / PPT)
    return scatter_range_ppt(fold.flat, floor)


#: Caption: what the figure shows, and what good looks like.
PROBABILITY_FOLD_CAPTION = (
    "The network's probability of being in transit, at even odds, of each ten minutes or cadence, folded on the ephemeris: the "
    "whole orbit on the left, around mid-transit on the right, with the mean of each bin.",
    "It rises to nearly 1 within the band and stays near 0 elsewhere. High points all over the orbit mean that the network sees "
    "transits everywhere on this star; a second hill at phase 0.5 is a secondary eclipse, or the period is twice the true one.",
)
PROBABILITY_FOLD_HEIGHT, PROBABILITY_FOLD_TITLE_PX = 300, 40
#: Maximum number of points of a trace; those in transit are kept first.
PROBABILITY_FOLD_MAX_POINTS = 1500
#: Reach of the right panel from mid-transit: in durations, and minimum [h]; never more than half the period.
REACH_DURATIONS, MIN_REACH_HOURS = 3.0, 3.0
#: Bins over the whole orbit, and across one transit.
ORBIT_BINS, BINS_PER_DURATION = 120, 4

_Array = NDArray[np.float64]


def probability_fold_figure(scores: Sequence[SegmentScores | None], ephemeris: Ephemeris, index: int = 0) -> go.Figure | None:
    """Plot the cadence probabilities of one star folded on an ephemeris.

    The left panel shows the whole orbit, the right one the surroundings of mid-transit. Single
    transits have the latter only.

    Parameters
    ----------
    scores : sequence of SegmentScores or None
        Scores of each observation; None if it was not scored.
    ephemeris : Ephemeris
        Ephemeris to fold on.
    index : int, optional
        Index of the planet in the ephemerides, which sets its color.

    Returns
    -------
    Figure or None
        The figure; None if nothing was scored.
    """
    known = [s for s in scores if s is not None and len(s.evidence.time)]
    parts = [(s.evidence, ephemeris.phase_days(s.evidence.time, s.system)) for s in known]
    if not parts:
        return None
    days = np.concatenate([phase for _, phase in parts])
    chance = np.concatenate([even_odds_probability(evidence) for evidence, _ in parts])
    order = np.argsort(days, kind="stable")
    days, chance = days[order], chance[order]
    reach = max(REACH_DURATIONS * ephemeris.duration_hours, MIN_REACH_HOURS)
    period, half = ephemeris.period_days, ephemeris.duration_hours / 2
    if period is not None:
        reach = min(reach, period * HOURS_PER_DAY / 2)
    figure = make_subplots(rows=1, cols=1 if period is None else 2, shared_yaxes=True, horizontal_spacing=0.04)
    column = 1  # the view around mid-transit is the last
    if period is not None:
        phase = days / period
        phase = np.where(phase < -0.25, phase + 1.0, phase)  # so that phase 0.5 is not split at the edge
        _draw_probability_panel(
            figure, phase, chance, half / HOURS_PER_DAY / period, 1.0 / ORBIT_BINS, index, 1, "phase %{x:.3f}"
        )
        figure.update_xaxes(range=[-0.25, 0.75], row=1, col=1)
        column = 2
    near = np.abs(days) * HOURS_PER_DAY <= reach
    hours = days[near] * HOURS_PER_DAY
    _draw_probability_panel(
        figure, hours, chance[near], half, ephemeris.duration_hours / BINS_PER_DURATION, index, column, "%{x:.2f} h"
    )
    apply_layout(figure, PROBABILITY_FOLD_HEIGHT, top=PROBABILITY_FOLD_TITLE_PX, identity=ephemeris.name)
    if period is not None:
        figure.update_xaxes(title_text="Phase", row=1, col=1)
    figure.update_xaxes(title_text="Hours from mid-transit", range=[-reach, reach], row=1, col=column)
    figure.update_yaxes(range=[-0.03, 1.03])
    figure.update_yaxes(title_text="Probability at even odds", row=1, col=1)
    figure.update_layout(
        coloraxis={"colorscale": style.PROBABILITY_SCALE, "cmin": 0, "cmax": 1, "showscale": False},
    )
    return figure


def even_odds_probability(evidence: Evidence) -> _Array:
    """Return the probability of being in transit at even prior odds: 1 / (1 + exp(-log ratio)).

    Parameters
    ----------
    evidence : Evidence
        Log likelihood ratios, shape (n,).

    Returns
    -------
    ndarray
        Probabilities, shape (n,).
    """
    return np.asarray(1.0 / (1.0 + np.exp(-evidence.log_ratio)), np.float64)


def _draw_probability_panel(
    figure: go.Figure, x: _Array, y: _Array, half: float, width: float, index: int, column: int, where: str
) -> None:
    """Draw points colored by probability, the transit as a band, and bin means."""
    color = style.planet_color(index)
    figure.add_vrect(x0=-half, x1=half, fillcolor=style.with_opacity(color, 0.22), line_width=0, layer="below", row=1, col=column)
    pick = _indices_to_draw(np.abs(x) <= half)
    figure.add_trace(
        go.Scatter(
            x=x[pick],
            y=y[pick].astype(np.float32),
            mode="markers",
            name="Ten minutes, or a cadence",
            showlegend=False,
            marker={"color": y[pick].astype(np.float32), "coloraxis": "coloraxis", "size": 4, "opacity": 0.7},
            hovertemplate=where + ": %{y:.2f}<extra></extra>",
        ),
        row=1,
        col=column,
    )
    at, mean = _bin_means(x, y, width)
    figure.add_trace(
        go.Scatter(
            x=at,
            y=mean.astype(np.float32),
            mode="lines",
            line={"color": style.TREND_COLOR, "width": 2},
            name="Mean of a bin",
            showlegend=column == 1,
            legendgroup="mean",
            hovertemplate=where + ": mean %{y:.2f}<extra></extra>",
        ),
        row=1,
        col=column,
    )


def _indices_to_draw(inside: NDArray[np.bool_]) -> NDArray[np.int64]:
    own, rest = np.flatnonzero(inside), np.flatnonzero(~inside)
    own = own[:: max(1, -(-len(own) // (PROBABILITY_FOLD_MAX_POINTS // 2)))]
    return np.sort(np.r_[own, rest[:: max(1, -(-len(rest) // max(1, PROBABILITY_FOLD_MAX_POINTS - len(own))))]])


def _bin_means(x: _Array, y: _Array, width: float) -> tuple[_Array, _Array]:
    """Return centers and means of the non-empty bins, centered on 0, each (b,)."""
    if len(x) == 0:
        return np.empty(0), np.empty(0)
    number, where, count = np.unique(np.rint(x / width).astype(np.int64), return_inverse=True, return_counts=True)
    return number.astype(np.float64) * width, np.asarray(np.bincount(where, y) / count, np.float64)
