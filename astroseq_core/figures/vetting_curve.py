"""A star's whole light curve for the vetter: as observed, the strip of probabilities, and without its trend, on one time axis."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.figures import colours, raster, strip, timeline
from astroseq_core.figures.bands import bands
from astroseq_core.figures.layout import PPT, dress
from astroseq_core.figures.raster import Frame
from astroseq_core.figures.star import shared_range
from astroseq_core.figures.timeline import Stretch
from astroseq_core.lightcurves.prepare import PreparedCurve
from astroseq_core.scoring.segments import SegmentScores

#: The figure's height, and the size of what is drawn on [px]; the width is that of the left column on a laptop's screen.
HEIGHT, WIDTH = 236, 1040
ROWS = (82, 16, 82)
FLUX, STRIP, FLAT = 1, 2, 3
#: So many stretches of data stand beside each other; the rest is on the second tab.
MOST_STRETCHES = 6
#: Places along the axis that tell their day and flux to the mouse; a mark for each cadence would take too long to draw.
HOVERED = 160
#: Bands reach so many heights beyond the panel, so that panning finds them still.
REACH = 1.5
#: More windows than this in one stretch would cover it; they are then drawn as ticks over this part of the panel's height.
MOST_WINDOWS, TICK_PART = 60, 0.1


@dataclass(frozen=True, eq=False)
class CurveView:
    """What is shown: observations in time order with the deviations from their trends; ephemerides, the one in hand first.

    ``flats``: one for each of ``prepared``, same shape as its time. ``scores``: one for each, None where there are none (hidden,
    or not made yet); ``note`` says why in the strip.
    """

    prepared: tuple[PreparedCurve, ...]
    flats: tuple[NDArray[np.float64], ...]
    ephemerides: tuple[Ephemeris, ...]
    scores: tuple[SegmentScores | None, ...] = ()
    note: str = ""


def curve_figure(view: CurveView) -> go.Figure:
    """The figure; flux in ppt about the median, time in the mission's days."""
    parts = timeline.stretches(view.prepared)[:MOST_STRETCHES]
    figure = make_subplots(
        rows=3, cols=len(parts), shared_xaxes="columns", shared_yaxes="rows", column_widths=timeline.widths(parts),
        row_heights=list(ROWS), vertical_spacing=0.02, horizontal_spacing=min(0.012, 0.1 / len(parts)),
    )  # fmt: skip
    shown = [i for part in parts for i in part.members]
    raw_range = shared_range([view.prepared[i].flux - 1.0 for i in shown])
    flat_range = _flat_range([view.flats[i] for i in shown])
    for column, (part, width) in enumerate(zip(parts, timeline.widths(parts), strict=True), start=1):
        span = (part.start - 0.01 * part.days, part.stop + 0.01 * part.days)
        _clouds(figure, view, part, column, span, round(WIDTH * width), raw_range, flat_range)
        _windows(figure, view, part, column, raw_range, flat_range)
        _probabilities(figure, view, part, column)
        figure.update_xaxes(range=span, row=FLAT, col=column)
    _dressed(figure, view, parts, raw_range, flat_range)
    return figure


def _clouds(
    figure: go.Figure, view: CurveView, part: Stretch, column: int, span: tuple[float, float], width: int,
    raw: tuple[float, float], flat: tuple[float, float],
) -> None:  # fmt: skip
    time = np.concatenate([view.prepared[i].time for i in part.members])
    flux = np.concatenate([view.prepared[i].flux - 1.0 for i in part.members]) * PPT
    level = np.concatenate([view.flats[i] for i in part.members]) * PPT
    for row, values, limits in ((FLUX, flux, raw), (FLAT, level, flat)):
        frame = Frame(span, limits, width, ROWS[row - 1])
        raster.add(figure, raster.cloud(time, values, frame, point_px=raster.size_for(len(time))), frame, row=row, col=column)
    _trend(figure, view, part, column)
    system = view.prepared[0].system
    for row, values in ((FLUX, flux), (FLAT, level)):
        at = np.unique(np.linspace(0, len(time) - 1, max(2, HOVERED // max(1, len(part.members)))).astype(np.int64))
        figure.add_trace(
            go.Scatter(
                x=time[at], y=values[at].astype(np.float32), mode="markers", marker={"size": 6, "opacity": 0}, showlegend=False,
                customdata=timeline.calendar(time[at], system),
                hovertemplate="%{customdata[0]}-%{customdata[1]:02d}-%{customdata[2]:02d}<br>" + f"{system} %{{x:.3f}}<br>"
                "%{y:.2f} ppt<extra></extra>",
            ),
            row=row, col=column,
        )  # fmt: skip


def _trend(figure: go.Figure, view: CurveView, part: Stretch, column: int) -> None:
    for i in part.members:
        curve = view.prepared[i]
        if curve.curve.flattened:
            continue
        # A trend is smooth: a point for every tenth of its window shows all of it.
        every = max(1, int(curve.settings.window_days / 10 / (curve.cadence_minutes / 1440)))
        pick = np.unique(np.r_[np.arange(0, len(curve.time), every), len(curve.time) - 1])
        x, y = curve.time[pick], (curve.trend[pick] - 1.0) * PPT
        gap = np.flatnonzero(np.diff(x) > 3 * every * curve.cadence_minutes / 1440) + 1
        figure.add_trace(
            go.Scatter(
                x=np.insert(x, gap, np.nan), y=np.insert(y, gap, np.nan).astype(np.float32), mode="lines", hoverinfo="skip",
                line={"color": colours.TREND, "width": 1.3}, showlegend=False,
            ),
            row=FLUX, col=column,
        )  # fmt: skip


def _windows(
    figure: go.Figure, view: CurveView, part: Stretch, column: int, raw: tuple[float, float], flat: tuple[float, float]
) -> None:
    """Predicted transits as bands: filled for the ephemeris in hand, paler for the others of the star."""
    system = view.prepared[0].system
    for k, ephemeris in reversed(list(enumerate(view.ephemerides))):
        found = bands(ephemeris, part.start, part.stop, system)
        colour = colours.planet(k)
        for row, (low, high) in ((FLUX, raw), (FLAT, flat)):
            reach = REACH * (high - low)
            if len(found.mid) > MOST_WINDOWS:
                low, high, reach = low, low + TICK_PART * (high - low), 0.0
            # Both kinds: what was called a false positive is looked at as closely as a planet.
            outlines = [found.outline(low - reach, high + reach, trusted=t) for t in (True, False)]
            x, y = (np.concatenate([o[n] for o in outlines]) for n in (0, 1))
            if len(x) == 0:
                continue
            figure.add_trace(
                go.Scatter(
                    x=x, y=y, mode="lines", fill="toself", hoverinfo="skip", showlegend=False, name=ephemeris.name,
                    fillcolor=colours.faded(colour, colours.BAND_OPACITY if k == 0 else colours.HALO_OPACITY),
                    line={"color": colours.faded(colour, colours.BAND_OPACITY), "width": 0.8 if k == 0 else 0.4},
                ),
                row=row, col=column,
            )  # fmt: skip


def _probabilities(figure: go.Figure, view: CurveView, part: Stretch, column: int) -> None:
    drawn = False
    for i in part.members:
        score = view.scores[i] if view.scores else None
        if score is None or len(score) == 0:
            continue
        found = strip.pieces(score)
        drawn = True
        figure.add_trace(
            go.Heatmap(
                x=found.edges, y=np.array([0.0, 1.0]), z=found.mean[None, :].astype(np.float32), coloraxis="coloraxis",
                hovertemplate="probability %{z:.2f}<extra></extra>", hoverongaps=False,
            ),
            row=STRIP, col=column,
        )  # fmt: skip
    if not drawn:
        # Keeps the panel and its axes where they will be.
        figure.add_trace(
            go.Scatter(x=[part.start], y=[0.5], mode="markers", marker={"opacity": 0}, hoverinfo="skip", showlegend=False),
            row=STRIP, col=column,
        )  # fmt: skip


def _dressed(
    figure: go.Figure, view: CurveView, parts: Sequence[Stretch], raw: tuple[float, float], flat: tuple[float, float]
) -> None:
    first = view.prepared[0]
    dress(figure, HEIGHT, top=6, legend=False, identity=str(first.curve.target))
    figure.update_layout(
        coloraxis={"colorscale": colours.PROBABILITY_SCALE, "cmin": 0, "cmax": 1, "showscale": False},
        margin={"b": 4, "l": 4, "r": 4},
    )
    dates = timeline.date(parts[0].start, first.system), timeline.date(parts[-1].stop, first.system)
    figure.update_xaxes(
        title={"text": f"{first.system} [d], {dates[0]} to {dates[1]}", "standoff": 2}, row=FLAT, col=(len(parts) + 1) // 2
    )
    figure.update_yaxes(range=raw, row=FLUX, nticks=4)
    figure.update_yaxes(range=[0, 1], showgrid=False, showticklabels=False, ticks="", fixedrange=True, row=STRIP)
    figure.update_yaxes(range=flat, row=FLAT, nticks=4)
    for row, text in ((FLUX, "Flux [ppt]"), (STRIP, "P"), (FLAT, "Detr. [ppt]")):
        figure.update_yaxes(title_text=text, row=row, col=1)
    if view.note:
        middle = sum(next(figure.select_yaxes(row=STRIP, col=1)).domain) / 2
        figure.add_annotation(text=view.note, xref="paper", yref="paper", x=0.5, y=middle, showarrow=False, font={"size": 11})


def _flat_range(flats: Sequence[NDArray[np.float64]]) -> tuple[float, float]:
    """Range [ppt]: down to the deepest dip that two neighbours share, up to the noise: dips are what is looked at."""
    low, high = shared_range(flats)
    sigma = max(float(np.nanpercentile(f, 84) - np.nanpercentile(f, 16)) / 2 for f in flats) * PPT
    return low, min(high, max(5.5 * sigma, 0.25 * -low))
