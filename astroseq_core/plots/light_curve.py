"""A star's light curve with predicted transits, segment probabilities and detrended flux."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from astroseq_core.ephemeris import Ephemeris, any_in_transit
from astroseq_core.errors import LightCurveError
from astroseq_core.plots import _points, _timeline, style
from astroseq_core.plots._points import add_transit_bands
from astroseq_core.plots._ranges import detrended_range_ppt, flux_range_ppt
from astroseq_core.plots._timeline import Stretch, transit_bands
from astroseq_core.plots.style import PPT, apply_layout, merge_legend_entries
from astroseq_core.preprocessing.detrend import MAX_GAP_DAYS
from astroseq_core.preprocessing.prepare import DetrendedLightCurve
from astroseq_core.scoring.segments import Failure, SegmentScores

#: Heights of the panels [px]: light curve, strip, detrended light curve; HEIGHT is the total with margins.
PANEL_HEIGHTS_PX = (230, 46, 190)
HEIGHT = 580
LIGHT_CURVE, STRIP, DETRENDED = 1, 2, 3
#: Margins left, right (color scale) and below [px], wide enough for labels and titles.
MARGINS_PX = (62, 34, 44)
#: Legend group of the marks that are clicked to select a segment.
SEGMENT_MARKS = "segments"
#: Size of the invisible marks that are clicked to select a segment [px].
SEGMENT_MARK_PX = 16
#: Bands extend this many panel heights beyond the view, so that they are still there when zooming out.
BAND_REACH = 2.0


@dataclass(frozen=True, eq=False)
class StarView:
    """What the star figure shows.

    Attributes
    ----------
    detrended : tuple of DetrendedLightCurve
        Detrended light curves in time order, one per observation.
    ephemerides : tuple of Ephemeris
        Signals of the star.
    scores : tuple of SegmentScores or None
        Scores of each observation, None (or a Failure) if it was not scored; empty before scoring.
    first_segment : tuple of int
        Number of the first segment of each observation, counted over the whole star; by default
        counted over the scores.
    note : str
        Text shown in the probability strip while it is empty.
    chosen : tuple of float or None
        Start and stop [d] of the selected segment.
    max_points : int
        About how many cadences are drawn of all observations; the rest is thinned.
    whole : tuple of float or None
        Start and stop [d] of what is drawn without thinning.

    Raises
    ------
    LightCurveError
        If there is no light curve, or not one score for each.
    """

    detrended: tuple[DetrendedLightCurve, ...]
    ephemerides: tuple[Ephemeris, ...]
    scores: tuple[SegmentScores | Failure | None, ...] = ()
    first_segment: tuple[int, ...] = ()
    note: str = ""
    chosen: tuple[float, float] | None = None
    max_points: int = _points.MAX_POINTS
    whole: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        count = len(self.detrended)
        if not count:
            raise LightCurveError("There is no light curve to plot; give at least one observation.")
        for what, given in (("scores", self.scores), ("first segments", self.first_segment)):
            if given and len(given) != count:
                raise LightCurveError(f"There are {count} observations and {len(given)} {what}; give one for each.")
        if self.scores and not self.first_segment:
            lengths = [0 if s is None or isinstance(s, Failure) else len(s) for s in self.scores]
            object.__setattr__(self, "first_segment", tuple(accumulate(lengths[:-1], initial=0)))


def star_figure(view: StarView) -> go.Figure:
    """Plot a star: stretches of data as columns, and three panels as rows.

    Parameters
    ----------
    view : StarView
        What to show.

    Returns
    -------
    Figure
        Light curve, probability strip and detrended light curve; flux in ppt about the median.
    """
    parts = _timeline.stretches(view.detrended)
    figure = make_subplots(
        rows=3,
        cols=len(parts),
        shared_xaxes="columns",
        shared_yaxes="rows",
        column_widths=_timeline.relative_widths(parts),
        row_heights=list(PANEL_HEIGHTS_PX),
        vertical_spacing=0.025,
        horizontal_spacing=min(0.02, 0.1 / len(parts)),
    )
    raw_range, flat_range = _panel_ranges(view)
    budget = view.max_points // max(1, len(view.detrended))
    for column, part in enumerate(parts, start=1):
        for i in part.members:
            _draw_curve(figure, view, i, column, max(budget, 2000))
            _draw_scores(figure, view, i, column)
        _draw_bands(figure, view, part, column, raw_range, flat_range)
        if view.chosen is not None and part.start <= view.chosen[1] and view.chosen[0] <= part.stop:
            _mark_chosen(figure, view.chosen, column)
        figure.update_xaxes(range=[part.start - 0.01 * part.days, part.stop + 0.01 * part.days], row=3, col=column)
    merge_legend_entries(figure)
    apply_layout(figure, HEIGHT, top=48, identity=str(view.detrended[0].light_curve.target), margins=MARGINS_PX)
    system = view.detrended[0].system
    dates = _timeline.date_string(parts[0].start, system), _timeline.date_string(parts[-1].stop, system)
    figure.update_xaxes(title_text=f"{system} [d], {dates[0]} to {dates[1]}", row=3, col=(len(parts) + 1) // 2)
    figure.update_yaxes(range=raw_range, row=LIGHT_CURVE)
    figure.update_yaxes(range=[0, 1], showgrid=False, showticklabels=False, ticks="", fixedrange=True, row=STRIP)
    figure.update_yaxes(range=flat_range, row=DETRENDED)
    for row, text in ((LIGHT_CURVE, "Flux [ppt]"), (STRIP, "P"), (DETRENDED, "Detrended [ppt]")):
        figure.update_yaxes(title_text=text, row=row, col=1)
    _add_color_scale(figure, view)
    return figure


def single_observation_figure(detrended: DetrendedLightCurve, ephemerides: Sequence[Ephemeris], height: int = 430) -> go.Figure:
    """Plot one observation as a small light curve with its predicted transits.

    Parameters
    ----------
    detrended : DetrendedLightCurve
        Detrended light curve.
    ephemerides : sequence of Ephemeris
        Signals of the star.
    height : int, optional
        Height [px].

    Returns
    -------
    Figure
        Flux in ppt about the median.
    """
    view = StarView((detrended,), tuple(ephemerides))
    part = _timeline.stretches(view.detrended)[0]
    figure = make_subplots(rows=1, cols=1)
    low, high = flux_range_ppt([detrended.flux - 1.0])
    _draw_raw_points(figure, view, 0, 1, _points.MAX_POINTS)
    for k, ephemeris in enumerate(ephemerides):
        _add_band_traces(figure, ephemeris, k, part, detrended, (low, high), LIGHT_CURVE, 1)
    merge_legend_entries(figure)
    apply_layout(figure, height)
    figure.update_xaxes(title_text=f"{detrended.system} [d]", range=[part.start - 0.2, part.stop + 0.2])
    figure.update_yaxes(title_text="Flux [ppt]", range=[low, high])
    return figure


def _in_transit(curve: DetrendedLightCurve, ephemerides: Sequence[Ephemeris]) -> NDArray[np.bool_]:
    """Return cadences in a predicted transit, ends included (n,); these are always drawn."""
    return any_in_transit(ephemerides, curve.time, curve.system, widen=1.1)


def _break_at_gaps(time: NDArray[np.float64], *series: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Return time and series with NaN in gaps, so that no line is drawn across."""
    at = np.flatnonzero(np.diff(time) > MAX_GAP_DAYS) + 1
    return [np.insert(time, at, time[at]), *(np.insert(s, at, np.nan) for s in series)]


def _hover_template(curve: DetrendedLightCurve, what: str) -> str:
    return (
        "%{customdata[0]}-%{customdata[1]:02d}-%{customdata[2]:02d}<br>"
        + f"{curve.system} %{{x:.4f}}<br>{what} %{{y:.3f}} ppt<extra></extra>"
    )


def _draw_points(
    figure: go.Figure,
    curve: DetrendedLightCurve,
    pick: NDArray[np.int64],
    whole: tuple[float, float] | None,
    y: Any,
    what: str,
    row: int,
    column: int,
) -> None:
    size, opacity = (2.4, 0.6) if len(curve.time) > 8000 else (3.6, 0.75)
    same = {"marker": {"opacity": opacity}}
    figure.add_trace(
        go.Scattergl(
            x=curve.time[pick],
            y=np.asarray(y[pick] * PPT, np.float32),
            customdata=_timeline.calendar_dates(curve.time[pick], curve.system),
            mode="markers",
            marker={"color": style.CADENCE_COLOR, "size": size, "opacity": opacity},
            selected=same,
            unselected=same,
            name="Cadences",
            legendgroup="cadences",
            showlegend=False,
            hovertemplate=_hover_template(curve, what),
            meta={
                "hover": f"%{{date}}<br>{curve.system} %{{x:.4f}}<br>{what} %{{y:.3f}} ppt",
                "zero_bjd": curve.system.zero_bjd,
                "total": len(curve.time),
                "whole": whole,
            },
        ),
        row=row,
        col=column,
    )


def _draw_raw_points(figure: go.Figure, view: StarView, i: int, column: int, budget: int) -> NDArray[np.int64]:
    curve = view.detrended[i]
    keep = _in_transit(curve, view.ephemerides)
    if view.whole is not None:
        keep = keep | ((curve.time >= view.whole[0]) & (curve.time <= view.whole[1]))
    pick = _points.downsample_indices(curve.flat, keep, curve.cadence_minutes, budget)
    _draw_points(figure, curve, pick, view.whole, curve.flux - 1.0, "flux", LIGHT_CURVE, column)
    return pick


def _draw_curve(figure: go.Figure, view: StarView, i: int, column: int, budget: int) -> None:
    curve = view.detrended[i]
    pick = _draw_raw_points(figure, view, i, column, budget)
    # A trend is smooth: one point per twentieth of its window is enough.
    every = max(1, int(curve.settings.window_days / 20 / (curve.cadence_minutes / 1440)))
    slow = np.unique(np.r_[np.arange(0, len(curve.time), every), len(curve.time) - 1])
    x, y = _break_at_gaps(curve.time[slow], (curve.trend[slow] - 1.0) * PPT)
    figure.add_trace(
        go.Scattergl(
            x=x,
            y=y.astype(np.float32),
            mode="lines",
            line={"color": style.TREND_COLOR, "width": 1.6},
            name="Trend",
            legendgroup="trend",
            showlegend=True,
            hoverinfo="skip",
        ),
        row=LIGHT_CURVE,
        col=column,
    )
    _draw_points(figure, curve, pick, view.whole, curve.flat, "detrended", DETRENDED, column)


def _draw_bands(
    figure: go.Figure, view: StarView, part: Stretch, column: int, raw: tuple[float, float], flat: tuple[float, float]
) -> None:
    for k, ephemeris in enumerate(view.ephemerides):
        for row, span in ((LIGHT_CURVE, raw), (DETRENDED, flat)):
            _add_band_traces(figure, ephemeris, k, part, view.detrended[part.members[0]], span, row, column)


def _add_band_traces(
    figure: go.Figure,
    ephemeris: Ephemeris,
    k: int,
    part: Stretch,
    curve: DetrendedLightCurve,
    span: tuple[float, float],
    row: int,
    column: int,
) -> None:
    found = transit_bands(ephemeris, part.start, part.stop, curve.system)
    reach = BAND_REACH * (span[1] - span[0])
    beyond = (span[0] - reach, span[1] + reach)
    add_transit_bands(figure, found, beyond, ephemeris.name, k, row=row, col=column, halo=True)


def _draw_scores(figure: go.Figure, view: StarView, i: int, column: int) -> None:
    score = view.scores[i] if view.scores else None
    if score is None or isinstance(score, Failure) or len(score) == 0:
        # An invisible mark keeps the panel, its axes and the color scale in place until there are scores; an empty heatmap
        # would not, because Plotly leaves it out together with its scale.
        figure.add_trace(
            go.Scatter(
                x=view.detrended[i].time[:1],
                y=[0.5],
                mode="markers",
                hoverinfo="skip",
                showlegend=False,
                marker={"color": [0.0], "coloraxis": "coloraxis", "opacity": 0},
            ),
            row=STRIP,
            col=column,
        )
        return
    found = _timeline.probability_strip(score)
    figure.add_trace(
        go.Heatmap(
            x=found.edges,
            y=np.array([0.0, 1.0]),
            z=found.mean[None, :],
            coloraxis="coloraxis",
            hoverinfo="skip",
            hoverongaps=False,
        ),
        row=STRIP,
        col=column,
    )
    number = view.first_segment[i] + score.segment
    hidden = {"marker": {"opacity": 0}}
    figure.add_trace(
        go.Scatter(
            x=(score.t_start + score.t_stop) / 2,
            y=np.full(len(score), 0.5),
            # A list, because a click returns arrays in a form that cannot be indexed.
            customdata=np.stack([number, score.probability, score.t_start, score.t_stop], axis=1).tolist(),
            mode="markers",
            marker={"size": SEGMENT_MARK_PX, "opacity": 0},
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
            x0=chosen[0],
            x1=chosen[1],
            line={"color": style.SELECTED_COLOR, "width": 1.2},
            fillcolor="rgba(0,0,0,0)",
            row=row,
            col=column,
        )


def _add_color_scale(figure: go.Figure, view: StarView) -> None:
    """Add the color scale beside the strip, from 0 to 1, and the note while the strip is empty."""
    top = figure.layout.yaxis.domain[0] if len(figure.data) else 1.0
    middle = sum(next(figure.select_yaxes(row=STRIP, col=1)).domain) / 2
    figure.update_layout(
        coloraxis={
            "colorscale": style.PROBABILITY_SCALE,
            "cmin": 0,
            "cmax": 1,
            "colorbar": {
                "thickness": 9,
                "len": PANEL_HEIGHTS_PX[1] / sum(PANEL_HEIGHTS_PX) + 0.01,
                "y": middle,
                "yanchor": "middle",
                "x": 1.005,
                "xpad": 2,
                "ypad": 0,
                "tickvals": [0, 1],
                "ticks": "",
                "outlinewidth": 0,
                "title": {"text": ""},
            },
        }
    )
    if view.note:
        figure.add_annotation(
            text=style.escape(view.note), xref="paper", yref="paper", x=0.5, y=min(middle, top), showarrow=False, yanchor="middle"
        )


def _panel_ranges(view: StarView) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the flux ranges [ppt] of the light curve and of the detrended one."""
    return flux_range_ppt([p.flux - 1.0 for p in view.detrended]), detrended_range_ppt([p.flat for p in view.detrended])
