"""Light curve for vetting: observed flux, segment probabilities and detrended flux."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.plots import _points, _timeline, style
from astroseq_core.plots._points import ImageFrame, add_band
from astroseq_core.plots._ranges import detrended_range_ppt, flux_range_ppt
from astroseq_core.plots._timeline import Stretch, transit_bands
from astroseq_core.plots.style import PPT, apply_layout
from astroseq_core.preprocessing.prepare import DetrendedLightCurve
from astroseq_core.scoring.segments import SegmentScores

#: Height of the figure and width of its plot area [px]; the width is that of the left column on a laptop screen.
HEIGHT, WIDTH = 222, 1040
ROW_HEIGHTS_PX = (75, 16, 75)
FLUX, STRIP, FLAT = 1, 2, 3
#: Maximum number of stretches side by side; the rest is on the second tab.
MAX_COLUMNS = 6
#: Number of points along the axis with a tooltip; a mark for each cadence would take too long to draw.
HOVER_POINTS = 160
#: Bands extend this many heights beyond the panel, so that they are still there when panning.
BAND_REACH = 1.5
#: More bands than this in one stretch would cover it; they are then drawn as ticks over this fraction of the panel's height.
MAX_BANDS, TICK_FRACTION = 60, 0.1


@dataclass(frozen=True, eq=False)
class VettingLightCurveView:
    """What the vetting light curve shows.

    Attributes
    ----------
    detrended : tuple of DetrendedLightCurve
        Detrended light curves in time order, one per observation.
    flats : tuple of ndarray
        Relative deviations of each observation, same shape as its time.
    ephemerides : tuple of Ephemeris
        Signals of the star, the adopted ephemeris first.
    scores : tuple of SegmentScores or None
        Scores of each observation; None if hidden or not yet made.
    note : str
        Text in the probability strip that says why there are no scores.
    """

    detrended: tuple[DetrendedLightCurve, ...]
    flats: tuple[NDArray[np.float64], ...]
    ephemerides: tuple[Ephemeris, ...]
    scores: tuple[SegmentScores | None, ...] = ()
    note: str = ""


def vetting_light_curve_figure(view: VettingLightCurveView) -> go.Figure:
    """Plot the light curve of a star for vetting.

    Parameters
    ----------
    view : VettingLightCurveView
        What to show.

    Returns
    -------
    Figure
        Flux in ppt about the median against the mission's days.
    """
    parts = _timeline.stretches(view.detrended)[:MAX_COLUMNS]
    figure = make_subplots(
        rows=3,
        cols=len(parts),
        shared_xaxes="columns",
        shared_yaxes="rows",
        column_widths=_timeline.relative_widths(parts),
        row_heights=list(ROW_HEIGHTS_PX),
        vertical_spacing=0.02,
        horizontal_spacing=min(0.012, 0.1 / len(parts)),
    )
    shown = [i for part in parts for i in part.members]
    raw_range = flux_range_ppt([view.detrended[i].flux - 1.0 for i in shown])
    flat_range = detrended_range_ppt([view.flats[i] for i in shown])
    for column, (part, width) in enumerate(zip(parts, _timeline.relative_widths(parts), strict=True), start=1):
        span = (part.start - 0.01 * part.days, part.stop + 0.01 * part.days)
        _draw_cadences(figure, view, part, column, span, round(WIDTH * width), raw_range, flat_range)
        _draw_bands(figure, view, part, column, raw_range, flat_range)
        _draw_probabilities(figure, view, part, column)
        figure.update_xaxes(range=span, row=FLAT, col=column)
    _finish_layout(figure, view, parts, raw_range, flat_range)
    return figure


def _draw_cadences(
    figure: go.Figure,
    view: VettingLightCurveView,
    part: Stretch,
    column: int,
    span: tuple[float, float],
    width: int,
    raw: tuple[float, float],
    flat: tuple[float, float],
) -> None:
    time = np.concatenate([view.detrended[i].time for i in part.members])
    flux = np.concatenate([view.detrended[i].flux - 1.0 for i in part.members]) * PPT
    level = np.concatenate([view.flats[i] for i in part.members]) * PPT
    for row, values, limits in ((FLUX, flux, raw), (FLAT, level, flat)):
        frame = ImageFrame(span, limits, width, ROW_HEIGHTS_PX[row - 1])
        _points.add_image(
            figure,
            _points.point_cloud_png(time, values, frame, point_px=_points.point_size_px(len(time))),
            frame,
            row=row,
            col=column,
        )
    _draw_trend(figure, view, part, column)
    system = view.detrended[0].system
    for row, values in ((FLUX, flux), (FLAT, level)):
        at = np.unique(np.linspace(0, len(time) - 1, max(2, HOVER_POINTS // max(1, len(part.members)))).astype(np.int64))
        figure.add_trace(
            go.Scatter(
                x=time[at],
                y=values[at].astype(np.float32),
                mode="markers",
                marker={"size": 6, "opacity": 0},
                showlegend=False,
                customdata=_timeline.calendar_dates(time[at], system),
                hovertemplate="%{customdata[0]}-%{customdata[1]:02d}-%{customdata[2]:02d}<br>" + f"{system} %{{x:.3f}}<br>"
                "%{y:.2f} ppt<extra></extra>",
            ),
            row=row,
            col=column,
        )


def _draw_trend(figure: go.Figure, view: VettingLightCurveView, part: Stretch, column: int) -> None:
    for i in part.members:
        curve = view.detrended[i]
        if curve.light_curve.flattened:
            continue
        # A trend is smooth: one point per tenth of its window is enough.
        every = max(1, int(curve.settings.window_days / 10 / (curve.cadence_minutes / 1440)))
        pick = np.unique(np.r_[np.arange(0, len(curve.time), every), len(curve.time) - 1])
        x, y = curve.time[pick], (curve.trend[pick] - 1.0) * PPT
        gap = np.flatnonzero(np.diff(x) > 3 * every * curve.cadence_minutes / 1440) + 1
        figure.add_trace(
            go.Scatter(
                x=np.insert(x, gap, np.nan),
                y=np.insert(y, gap, np.nan).astype(np.float32),
                mode="lines",
                hoverinfo="skip",
                line={"color": style.TREND_COLOR, "width": 1.3},
                showlegend=False,
            ),
            row=FLUX,
            col=column,
        )


def _draw_bands(
    figure: go.Figure,
    view: VettingLightCurveView,
    part: Stretch,
    column: int,
    raw: tuple[float, float],
    flat: tuple[float, float],
) -> None:
    """Draw predicted transits as bands, filled for the adopted ephemeris and paler for others."""
    system = view.detrended[0].system
    for k, ephemeris in reversed(list(enumerate(view.ephemerides))):
        found = transit_bands(ephemeris, part.start, part.stop, system)
        for row, (low, high) in ((FLUX, raw), (FLAT, flat)):
            reach = BAND_REACH * (high - low)
            if len(found.mid) > MAX_BANDS:
                low, high, reach = low, low + TICK_FRACTION * (high - low), 0.0
            # Both kinds: a signal with a false-positive disposition is examined as closely as a planet.
            outlines = [found.outline(low - reach, high + reach, trusted=t) for t in (True, False)]
            x, y = (np.concatenate([o[n] for o in outlines]) for n in (0, 1))
            fill, width = (style.BAND_OPACITY, 0.8) if k == 0 else (style.HALO_OPACITY, 0.4)
            add_band(figure, (x, y), ephemeris.name, k, fill=fill, line=style.BAND_OPACITY, width=width, row=row, col=column)


def _draw_probabilities(figure: go.Figure, view: VettingLightCurveView, part: Stretch, column: int) -> None:
    indices = False
    for i in part.members:
        score = view.scores[i] if view.scores else None
        if score is None or len(score) == 0:
            continue
        found = _timeline.probability_strip(score)
        indices = True
        figure.add_trace(
            go.Heatmap(
                x=found.edges,
                y=np.array([0.0, 1.0]),
                z=found.mean[None, :].astype(np.float32),
                coloraxis="coloraxis",
                hovertemplate="probability %{z:.2f}<extra></extra>",
                hoverongaps=False,
            ),
            row=STRIP,
            col=column,
        )
    if not indices:
        # Keeps the panel and its axes in place.
        figure.add_trace(
            go.Scatter(x=[part.start], y=[0.5], mode="markers", marker={"opacity": 0}, hoverinfo="skip", showlegend=False),
            row=STRIP,
            col=column,
        )


def _finish_layout(
    figure: go.Figure, view: VettingLightCurveView, parts: Sequence[Stretch], raw: tuple[float, float], flat: tuple[float, float]
) -> None:
    first = view.detrended[0]
    apply_layout(figure, HEIGHT, top=6, legend=False, identity=str(first.light_curve.target))
    figure.update_layout(
        coloraxis={"colorscale": style.PROBABILITY_SCALE, "cmin": 0, "cmax": 1, "showscale": False},
        margin={"b": 4, "l": 4},
    )
    style.put_toolbar_beside(figure)
    dates = _timeline.date_string(parts[0].start, first.system), _timeline.date_string(parts[-1].stop, first.system)
    figure.update_xaxes(title={"text": f"{first.system} [d], {dates[0]} to {dates[1]}"}, row=FLAT, col=(len(parts) + 1) // 2)
    figure.update_yaxes(range=raw, row=FLUX, nticks=4)
    figure.update_yaxes(range=[0, 1], showgrid=False, showticklabels=False, ticks="", fixedrange=True, row=STRIP)
    figure.update_yaxes(range=flat, row=FLAT, nticks=4)
    for row, text in ((FLUX, "Flux [ppt]"), (STRIP, "P"), (FLAT, "Detr. [ppt]")):
        figure.update_yaxes(title_text=text, row=row, col=1)
    if view.note:
        middle = sum(next(figure.select_yaxes(row=STRIP, col=1)).domain) / 2
        figure.add_annotation(text=view.note, xref="paper", yref="paper", x=0.5, y=middle, showarrow=False, font={"size": 11})
