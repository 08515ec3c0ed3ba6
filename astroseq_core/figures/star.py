"""A star on one time axis: light curve with predicted transits, strip of segment probabilities, detrended light curve."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from astroseq_core.ephemeris import Ephemeris, any_in_transit
from astroseq_core.figures import colours, strip, thinning, timeline
from astroseq_core.figures.bands import bands
from astroseq_core.figures.layout import PPT, dress
from astroseq_core.figures.timeline import Stretch
from astroseq_core.lightcurves.detrending import BREAK_DAYS
from astroseq_core.lightcurves.prepare import PreparedCurve
from astroseq_core.scoring.segments import SegmentScores

#: Panels from top to bottom [px]: light curve, strip, detrended curve; all of it with margins is HEIGHT.
PANELS = (230, 46, 190)
HEIGHT = 580
LIGHT_CURVE, STRIP, DETRENDED = 1, 2, 3
#: Legend group of the marks that can be clicked to choose a segment.
SEGMENT_MARKS = "segments"
#: More marks than this [px] across a chart need no larger ones.
MARK_PX = 16
#: Of the width of the view, bands reach this many heights beyond it, so that zooming out finds them still.
BAND_REACH = 2.0


@dataclass(frozen=True, eq=False)
class StarView:
    """What the figure shows: observations of one star in time order, and their scores once there are any.

    ``scores``: one for each of ``prepared``, None where that was not scored; empty before scoring. ``first_segment``: number of
    the first segment of each, counted over the whole star. ``note``: what stands in the strip while it is empty.
    ``chosen``: start and stop [d] of the segment that is looked at.
    """

    prepared: tuple[PreparedCurve, ...]
    ephemerides: tuple[Ephemeris, ...]
    scores: tuple[SegmentScores | None, ...] = ()
    first_segment: tuple[int, ...] = ()
    note: str = ""
    chosen: tuple[float, float] | None = None


def star_figure(view: StarView) -> go.Figure:
    """The figure: stretches of data as columns, with the three panels as rows; flux in ppt about the median."""
    parts = timeline.stretches(view.prepared)
    figure = make_subplots(
        rows=3, cols=len(parts), shared_xaxes="columns", shared_yaxes="rows", column_widths=timeline.widths(parts),
        row_heights=list(PANELS), vertical_spacing=0.025, horizontal_spacing=min(0.02, 0.1 / len(parts)),
    )  # fmt: skip
    raw_range, flat_range = _ranges(view)
    budget = thinning.MAX_POINTS // max(1, len(view.prepared))
    for column, part in enumerate(parts, start=1):
        for i in part.members:
            _draw_curve(figure, view, i, column, max(budget, 2000))
            _draw_scores(figure, view, i, column)
        _draw_bands(figure, view, part, column, raw_range, flat_range)
        if view.chosen is not None and part.start <= view.chosen[1] and view.chosen[0] <= part.stop:
            _mark_chosen(figure, view.chosen, column)
        figure.update_xaxes(range=[part.start - 0.01 * part.days, part.stop + 0.01 * part.days], row=3, col=column)
    _once_in_legend(figure)
    dress(figure, HEIGHT, top=48, identity=str(view.prepared[0].curve.target))
    system = view.prepared[0].system
    dates = timeline.date(parts[0].start, system), timeline.date(parts[-1].stop, system)
    figure.update_xaxes(title_text=f"{system} [d], {dates[0]} to {dates[1]}", row=3, col=(len(parts) + 1) // 2)
    figure.update_yaxes(range=raw_range, row=LIGHT_CURVE)
    figure.update_yaxes(range=[0, 1], showgrid=False, showticklabels=False, ticks="", fixedrange=True, row=STRIP)
    figure.update_yaxes(range=flat_range, row=DETRENDED)
    for row, text in ((LIGHT_CURVE, "Flux [ppt]"), (STRIP, "P"), (DETRENDED, "Detrended [ppt]")):
        figure.update_yaxes(title_text=text, row=row, col=1)
    _scale(figure, view)
    return figure


def hero_figure(prepared: PreparedCurve, ephemerides: Sequence[Ephemeris], height: int = 430) -> go.Figure:
    """One observation as a small light curve with its predicted transits; flux in ppt about the median."""
    view = StarView((prepared,), tuple(ephemerides))
    part = timeline.stretches(view.prepared)[0]
    figure = make_subplots(rows=1, cols=1)
    low, high = shared_range([prepared.flux - 1.0])
    _raw_points(figure, view, 0, 1, thinning.MAX_POINTS)
    for k, ephemeris in enumerate(ephemerides):
        _band_traces(figure, ephemeris, k, part, prepared, (low, high), LIGHT_CURVE, 1)
    _once_in_legend(figure)
    dress(figure, height)
    figure.update_xaxes(title_text=f"{prepared.system} [d]", range=[part.start - 0.2, part.stop + 0.2])
    figure.update_yaxes(title_text="Flux [ppt]", range=[low, high])
    return figure


def _in_transit(curve: PreparedCurve, ephemerides: Sequence[Ephemeris]) -> NDArray[np.bool_]:
    """Cadences in a predicted transit, with its very ends, shape (n,): these are always drawn."""
    return any_in_transit(ephemerides, curve.time, curve.system, widen=1.1)


def _broken(time: NDArray[np.float64], *series: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Time and series with a NaN between cadences further apart than a gap, so that no line is drawn across."""
    at = np.flatnonzero(np.diff(time) > BREAK_DAYS) + 1
    return [np.insert(time, at, time[at]), *(np.insert(s, at, np.nan) for s in series)]


def _hover(curve: PreparedCurve, what: str) -> str:
    return (
        "%{customdata[0]}-%{customdata[1]:02d}-%{customdata[2]:02d}<br>"
        + f"{curve.system} %{{x:.4f}}<br>{what} %{{y:.3f}} ppt<extra></extra>"
    )


def _points(figure: go.Figure, curve: PreparedCurve, pick: NDArray[np.int64], y: Any, what: str, row: int, column: int) -> None:
    size, opacity = (2.4, 0.6) if len(curve.time) > 8000 else (3.6, 0.75)
    same = {"marker": {"opacity": opacity}}
    figure.add_trace(
        go.Scattergl(
            x=curve.time[pick],
            y=np.asarray(y[pick] * PPT, np.float32),
            customdata=timeline.calendar(curve.time[pick], curve.system),
            mode="markers",
            marker={"color": colours.CADENCES, "size": size, "opacity": opacity},
            selected=same,
            unselected=same,
            name="Cadences",
            legendgroup="cadences",
            showlegend=False,
            hovertemplate=_hover(curve, what),
        ),
        row=row,
        col=column,
    )


def _raw_points(figure: go.Figure, view: StarView, i: int, column: int, budget: int) -> NDArray[np.int64]:
    curve = view.prepared[i]
    pick = thinning.drawn(curve.flat, _in_transit(curve, view.ephemerides), curve.cadence_minutes, budget)
    _points(figure, curve, pick, curve.flux - 1.0, "flux", LIGHT_CURVE, column)
    return pick


def _draw_curve(figure: go.Figure, view: StarView, i: int, column: int, budget: int) -> None:
    curve = view.prepared[i]
    pick = _raw_points(figure, view, i, column, budget)
    # A trend is smooth: one point for every twentieth of its window shows all of it.
    every = max(1, int(curve.settings.window_days / 20 / (curve.cadence_minutes / 1440)))
    slow = np.unique(np.r_[np.arange(0, len(curve.time), every), len(curve.time) - 1])
    x, y = _broken(curve.time[slow], (curve.trend[slow] - 1.0) * PPT)
    figure.add_trace(
        go.Scattergl(
            x=x, y=y.astype(np.float32), mode="lines", line={"color": colours.TREND, "width": 1.6}, name="Trend",
            legendgroup="trend", showlegend=True, hoverinfo="skip",
        ),
        row=LIGHT_CURVE, col=column,
    )  # fmt: skip
    _points(figure, curve, pick, curve.flat, "detrended", DETRENDED, column)


def _draw_bands(
    figure: go.Figure, view: StarView, part: Stretch, column: int, raw: tuple[float, float], flat: tuple[float, float]
) -> None:
    for k, ephemeris in enumerate(view.ephemerides):
        for row, span in ((LIGHT_CURVE, raw), (DETRENDED, flat)):
            _band_traces(figure, ephemeris, k, part, view.prepared[part.members[0]], span, row, column)


def _band_traces(
    figure: go.Figure, ephemeris: Ephemeris, k: int, part: Stretch, curve: PreparedCurve, span: tuple[float, float],
    row: int, column: int,
) -> None:  # fmt: skip
    found = bands(ephemeris, part.start, part.stop, curve.system)
    reach = BAND_REACH * (span[1] - span[0])
    low, high = span[0] - reach, span[1] + reach
    colour = colours.planet(k)
    styles = (
        (True, True, colours.faded(colour, colours.HALO_OPACITY), 0.0),
        # The edge keeps a window of hours visible where the axis spans years.
        (True, False, colours.faded(colour, colours.BAND_OPACITY), 1.0),
        (False, True, colours.faded(colour, colours.HALO_OPACITY), 0.0),
        (False, False, "rgba(0,0,0,0)", 1.4),
    )
    for trusted, halo, fill, width in styles:
        x, y = found.outline(low, high, trusted=trusted, halo=halo)
        if len(x) == 0:
            continue
        figure.add_trace(
            go.Scatter(
                x=x, y=y, mode="lines", fill="toself", fillcolor=fill,
                line={"color": colours.faded(colour, colours.BAND_OPACITY) if trusted else colour, "width": width},
                name=ephemeris.name, legendgroup=f"planet {k}", showlegend=not halo, hoverinfo="skip",
            ),
            row=row, col=column,
        )  # fmt: skip


def _draw_scores(figure: go.Figure, view: StarView, i: int, column: int) -> None:
    score = view.scores[i] if view.scores else None
    if score is None or len(score) == 0:
        # An unseen mark keeps the panel, its axes and the colour scale where they will be when there is something to show; an
        # empty heatmap would not, for the browser leaves it out and its scale with it.
        figure.add_trace(
            go.Scatter(
                x=view.prepared[i].time[:1], y=[0.5], mode="markers", hoverinfo="skip", showlegend=False,
                marker={"color": [0.0], "coloraxis": "coloraxis", "opacity": 0},
            ),
            row=STRIP, col=column,
        )  # fmt: skip
        return
    found = strip.pieces(score)
    figure.add_trace(
        go.Heatmap(
            x=found.edges, y=np.array([0.0, 1.0]), z=found.mean[None, :], coloraxis="coloraxis", hoverinfo="skip",
            hoverongaps=False,
        ),
        row=STRIP, col=column,
    )  # fmt: skip
    number = view.first_segment[i] + score.segment
    hidden = {"marker": {"opacity": 0}}
    figure.add_trace(
        go.Scatter(
            x=(score.t_start + score.t_stop) / 2,
            y=np.full(len(score), 0.5),
            # A list, for a click hands arrays back in a form that cannot be indexed.
            customdata=np.stack([number, score.probability, score.t_start, score.t_stop], axis=1).tolist(),
            mode="markers",
            marker={"size": MARK_PX, "opacity": 0},
            selected=hidden,
            unselected=hidden,
            legendgroup=SEGMENT_MARKS,
            showlegend=False,
            hovertemplate="Segment %{customdata[0]:d}: probability %{customdata[1]:.2f}<br>"
            "%{customdata[2]:.2f} to %{customdata[3]:.2f}<extra></extra>",
        ),
        row=STRIP,
        col=column,
    )


def _mark_chosen(figure: go.Figure, chosen: tuple[float, float], column: int) -> None:
    for row in (LIGHT_CURVE, STRIP, DETRENDED):
        figure.add_vrect(
            x0=chosen[0], x1=chosen[1], line={"color": colours.CHOSEN, "width": 1.2}, fillcolor="rgba(0,0,0,0)",
            row=row, col=column,
        )  # fmt: skip


def _scale(figure: go.Figure, view: StarView) -> None:
    """Colour scale beside the strip, always from 0 to 1, and the note while there is nothing in it."""
    top = figure.layout.yaxis.domain[0] if len(figure.data) else 1.0
    middle = sum(next(figure.select_yaxes(row=STRIP, col=1)).domain) / 2
    figure.update_layout(
        coloraxis={
            "colorscale": colours.PROBABILITY_SCALE,
            "cmin": 0,
            "cmax": 1,
            "colorbar": {
                "thickness": 9, "len": PANELS[1] / sum(PANELS) + 0.01, "y": middle, "yanchor": "middle", "x": 1.005,
                "xpad": 2, "ypad": 0, "tickvals": [0, 1], "ticks": "", "outlinewidth": 0, "title": {"text": ""},
            },
        }
    )  # fmt: skip
    if view.note:
        figure.add_annotation(
            text=view.note, xref="paper", yref="paper", x=0.5, y=min(middle, top), showarrow=False, yanchor="middle"
        )


def _ranges(view: StarView) -> tuple[tuple[float, float], tuple[float, float]]:
    """Ranges [ppt] of the light curve and of the detrended curve."""
    low, _ = shared_range([p.flat for p in view.prepared])
    sigma = max(p.noise for p in view.prepared) * PPT
    # Upwards the detrended curve needs no more room than its noise and a part of the deepest dip: dips are what is looked at.
    return shared_range([p.flux - 1.0 for p in view.prepared]), (low, max(5.5 * sigma, 0.25 * -low))


def shared_range(series: Sequence[NDArray[np.float64]]) -> tuple[float, float]:
    """From the lowest to the highest [ppt] that two neighbours share, with some room: one wild cadence sets no scale."""
    low = min(float(np.maximum(a[1:], a[:-1]).min()) for a in series) * PPT
    high = max(float(np.minimum(a[1:], a[:-1]).max()) for a in series) * PPT
    room = 0.06 * max(high - low, 1e-6)
    return low - room, high + room


def _once_in_legend(figure: go.Figure) -> None:
    """Each group stands once in the legend, by its first trace that may."""
    seen: set[str] = set()
    for trace in figure.data:
        if trace.showlegend:
            trace.showlegend = trace.legendgroup not in seen
            seen.add(trace.legendgroup)


def columns(prepared: Sequence[PreparedCurve]) -> list[tuple[float, float]]:
    """Start and stop [d] of each column that the figure of these observations has."""
    return [(p.start, p.stop) for p in timeline.stretches(prepared)]


def gaps(prepared: Sequence[PreparedCurve]) -> list[float]:
    """Days left out between neighbouring columns."""
    return [b.start - a.stop for a, b in pairwise(timeline.stretches(prepared))]
