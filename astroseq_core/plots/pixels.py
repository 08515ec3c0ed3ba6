"""Pixel-level data of observations: flux, background, position, quality flags, centroid."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from astroseq_core import missions
from astroseq_core.ephemeris import Ephemeris, any_in_transit
from astroseq_core.io import pixels as columns
from astroseq_core.io.pixels import PixelColumns
from astroseq_core.plots import style
from astroseq_core.plots._points import add_transit_bands
from astroseq_core.plots._ranges import EMPTY_RANGE, padded_range
from astroseq_core.plots._timeline import transit_bands
from astroseq_core.plots.style import PPT, apply_layout, merge_legend_entries
from astroseq_core.times import TimeSystem
from astroseq_core.vetting.centroid import CentroidShift

#: Captions: what the figures show, and what good looks like.
PIXEL_CAPTION = (
    "One row a sector, quarter or campaign: raw and corrected flux, background, position of the light (x and y) and quality "
    "flags, with the predicted transits as bands and momentum dumps as ticks along the top.",
    "A planet dips in raw and corrected flux alike, while background and position stay still and no flag or momentum dump stands "
    "in the bands.",
)
SCATTER_CAPTION = (
    "Where the light falls in transit (colored) and beside it (grey), with the mean and its error of each.",
    "Both means lie on each other. If the light moves away in transit, something else than the target gets fainter; a small "
    "move of a deep transit comes from fainter stars in the aperture.",
)
#: Maximum number of observations in one figure; more rows are slow and not read.
MAX_ROWS = 6
#: Maximum number of points of one trace, which keeps SVG charts fast.
MAX_POINTS = 1500
ROW_PX, TITLE_PX = 150, 70
#: Height of the label of one flag [px]; rows with many kinds of flags are as high as their labels.
FLAG_PX = 12
#: Fraction of the figure's width that the labels of the flags need beside their panel.
FLAG_LABEL_WIDTH = 0.075
FLUX, BACKGROUND, POSITION, FLAGS = 1, 2, 3, 4
COLUMN_WIDTHS = (0.34, 0.2, 0.24, 0.22)
COLUMN_TITLES = ("Flux [ppt]", "Background [% of its median]", "Position [thousandths of a pixel]", "Quality flags")
SCATTER_PX = 330
#: Colors of cadences in transit and beside it.
IN_TRANSIT_COLOR, BESIDE_COLOR = style.TRANSIT_COLOR, style.CADENCE_COLOR

_Array = NDArray[np.float64]


def pixel_figure(
    pixels: Sequence[PixelColumns | None], ephemerides: Sequence[Ephemeris] = (), rows: Sequence[int] | None = None
) -> go.Figure | None:
    """Plot pixel-level data with one row per observation.

    Each row shows raw and corrected flux [ppt about the median], background, position and quality
    flags on the same time axis.

    Parameters
    ----------
    pixels : sequence of PixelColumns or None
        Pixel data of the observations.
    ephemerides : sequence of Ephemeris, optional
        Signals whose predicted transits are drawn as bands.
    rows : sequence of int, optional
        Indices of the observations to draw; the first `MOST_ROWS` with data by default.

    Returns
    -------
    Figure or None
        The figure; None if no observation has data.
    """
    shown = default_rows(pixels) if rows is None else tuple(i for i in rows if pixels[i] is not None)[:MAX_ROWS]
    indices = [one for i in shown if (one := pixels[i]) is not None]
    if not indices:
        return None
    figure = make_subplots(
        rows=len(indices),
        cols=len(COLUMN_WIDTHS),
        column_widths=list(COLUMN_WIDTHS),
        column_titles=list(COLUMN_TITLES),
        vertical_spacing=min(0.08, 0.2 / len(indices)),
        horizontal_spacing=0.045,
    )
    for annotation in figure.layout.annotations:
        annotation.font.size = 12
    most = 0
    for row, one in enumerate(indices, start=1):
        most = max(most, _draw_row(figure, one, ephemerides, row))
    merge_legend_entries(figure)
    height = max(ROW_PX, FLAG_PX * most + 40)
    apply_layout(
        figure, height * len(indices) + TITLE_PX + 30, top=TITLE_PX, identity=" ".join(one.observation for one in indices)
    )
    figure.update_layout(margin={"l": 8, "r": 12, "t": TITLE_PX, "b": 8})
    figure.update_xaxes(title_text=f"{indices[-1].system} [d]", row=len(indices))
    # Flags are labels on their own axis, without grid lines.
    figure.update_yaxes(showgrid=False, row="all", col=FLAGS)
    for axis in figure.select_xaxes(col=FLAGS):
        axis.domain = (axis.domain[0] + FLAG_LABEL_WIDTH, axis.domain[1])
    return figure


def default_rows(pixels: Sequence[PixelColumns | None]) -> tuple[int, ...]:
    """Return the indices of the observations drawn by default.

    Parameters
    ----------
    pixels : sequence of PixelColumns or None
        Pixel data of the observations.

    Returns
    -------
    tuple of int
        Indices of the first `MOST_ROWS` observations with data.
    """
    return tuple(i for i, one in enumerate(pixels) if one is not None)[:MAX_ROWS]


def centroid_figure(shift: CentroidShift, simulated: bool = False) -> go.Figure:
    """Plot positions in and beside transit, relative to the line beside it, with both means.

    Parameters
    ----------
    shift : CentroidShift
        Measured shift.
    simulated : bool, optional
        Whether to label the figure as simulated.

    Returns
    -------
    Figure
        Positions and means with errors, in thousandths of a pixel.
    """
    figure = go.Figure()
    beside = np.flatnonzero(~shift.inside)
    inside = np.flatnonzero(shift.inside)
    for pick, color, name in ((beside, BESIDE_COLOR, "Beside transit"), (inside, IN_TRANSIT_COLOR, "In transit")):
        pick = pick[:: max(1, -(-len(pick) // MAX_POINTS))]
        figure.add_trace(
            go.Scatter(
                x=(shift.x[pick] * PPT).astype(np.float32),
                y=(shift.y[pick] * PPT).astype(np.float32),
                mode="markers",
                name=name,
                marker={"color": color, "size": 3.5, "opacity": 0.45},
                hovertemplate="x %{x:.2f}, y %{y:.2f}<extra>" + name + "</extra>",
            )
        )
    zero = [float(np.mean(v[beside])) if len(beside) else 0.0 for v in (shift.x, shift.y)]
    _draw_mean(figure, (zero[0], zero[1]), (0.0, 0.0), BESIDE_COLOR, "Mean beside transit")
    _draw_mean(figure, (shift.dx, shift.dy), (shift.dx_err, shift.dy_err), IN_TRANSIT_COLOR, "Mean in transit")
    label = " (simulated)" if simulated else ""
    apply_layout(figure, SCATTER_PX, top=44, identity="centroid")
    reach = _axis_reach(shift)
    figure.update_xaxes(title_text=f"x [thousandths of a pixel]{label}", range=[-reach, reach])
    figure.update_yaxes(title_text="y [thousandths of a pixel]", range=[-reach, reach], scaleanchor="x", constrain="domain")
    return figure


def _draw_mean(figure: go.Figure, at: tuple[float, float], error: tuple[float, float], color: str, name: str) -> None:
    """Draw a mean position [pixels] with its errors, as a cross."""
    bars = {"thickness": 1.6, "width": 4, "color": color}
    (x, y), (ex, ey) = (tuple(v * PPT for v in pair) for pair in (at, error))
    figure.add_trace(
        go.Scatter(
            x=np.array([x]),
            y=np.array([y]),
            mode="markers",
            name=name,
            showlegend=False,
            error_x={"array": np.array([ex]), **bars},
            error_y={"array": np.array([ey]), **bars},
            marker={"color": color, "size": 11, "symbol": "x", "line": {"color": "white", "width": 1}},
            hovertemplate=f"x %{{x:.3f}} ± {ex:.3f}, y %{{y:.3f}} ± {ey:.3f}<extra>{name}</extra>",
        )
    )


def _axis_reach(shift: CentroidShift) -> float:
    """Return half the width of the axes, which holds most cadences and both means."""
    sizes = [float(np.quantile(np.abs(v), 0.98)) for v in (shift.x, shift.y) if len(v)]
    return PPT * 1.2 * max([1e-7, *sizes, abs(shift.dx) + shift.dx_err, abs(shift.dy) + shift.dy_err])


def _draw_row(figure: go.Figure, one: PixelColumns, ephemerides: Sequence[Ephemeris], row: int) -> int:
    """Draw the row of one observation; return its number of kinds of flags."""
    inside = any_in_transit(ephemerides, one.time, one.system)
    pick = _indices_to_draw(inside)
    start, stop = float(one.time[0]), float(one.time[-1])
    series: list[tuple[int, _Array, str, str]] = []
    for values, color, name in ((one.sap, style.SAP_COLOR, "Raw (SAP)"), (one.pdcsap, style.PDCSAP_COLOR, "Corrected (PDCSAP)")):
        if values is not None:
            series.append((FLUX, (values - np.nanmedian(values)) / abs(_nonzero_median(values)) * PPT, color, name))
    if one.background is not None:
        series.append((BACKGROUND, 100 * one.background / _nonzero_median(one.background), style.BACKGROUND_COLOR, "Background"))
    for values, color, name in ((one.x, style.X_COLOR, "x"), (one.y, style.Y_COLOR, "y")):
        if values is not None:
            series.append((POSITION, (values - _nonzero_median(values)) * PPT, color, name))
    good = _unflagged(one)
    ranges = {c: _panel_range([s[1][good] for s in series if s[0] == c], inside[good]) for c in (FLUX, BACKGROUND, POSITION)}
    for column, y, color, name in series:
        _draw_series(figure, one.time[pick], y[pick], color, name, row, column)
    for column in (FLUX, BACKGROUND, POSITION):
        _draw_bands(figure, one, ephemerides, ranges[column], row, column)
        figure.update_yaxes(range=list(ranges[column]), row=row, col=column)
    _draw_dumps(figure, one, ranges[FLUX], row)
    words = _draw_flags(figure, one, row)
    _draw_bands(figure, one, ephemerides, (-0.5, max(len(words), 1) - 0.5), row, FLAGS)
    room = 0.01 * (stop - start)
    for column in (FLUX, BACKGROUND, POSITION, FLAGS):
        # The panels of a row zoom together.
        figure.update_xaxes(range=[start - room, stop + room], row=row, col=column)
        if column != FLUX:
            first = next(figure.select_xaxes(row=row, col=FLUX)).plotly_name.removeprefix("xaxis")
            figure.update_xaxes(matches=f"x{first}", row=row, col=column)
    label = f"{one.observation} (simulated)" if one.simulated else one.observation
    # File names are too long for an axis title; they are written at the bottom of the panel.
    figure.add_annotation(
        text=style.escape(label),
        x=start,
        y=ranges[FLUX][0],
        xanchor="left",
        yanchor="bottom",
        showarrow=False,
        font={"size": 10},
        row=row,
        col=FLUX,
    )
    return len(words)


def _unflagged(one: PixelColumns) -> NDArray[np.bool_]:
    """Return cadences without default quality bits (all if none is left); they set the ranges."""
    if one.quality is None:
        return np.ones(len(one.time), bool)
    mission = missions.TESS if one.system is TimeSystem.BTJD else missions.KEPLER
    good: NDArray[np.bool_] = (one.quality & mission.quality_bitmask) == 0
    return good if good.any() else np.ones(len(one.time), bool)


def _indices_to_draw(keep: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return at most MOST_POINTS evenly spaced indices, up to half of them in transit."""
    if len(keep) <= MAX_POINTS:
        return np.arange(len(keep))
    inside, rest = np.flatnonzero(keep), np.flatnonzero(~keep)
    inside = inside[:: max(1, -(-len(inside) // (MAX_POINTS // 2)))]
    room = max(1, MAX_POINTS - len(inside))
    return np.sort(np.r_[inside, rest[:: max(1, -(-len(rest) // room))]])


def _nonzero_median(values: _Array) -> float:
    middle = float(np.nanmedian(values))
    return middle if middle != 0 else 1.0


def _panel_range(series: Sequence[_Array], inside: NDArray[np.bool_]) -> tuple[float, float]:
    """Return a range that holds most of the scatter and all but the extremes in transit."""
    known = [v[np.isfinite(v)] for v in series]
    known = [v for v in known if len(v)]
    if not known:
        return EMPTY_RANGE
    low = min(float(np.quantile(v, 0.005)) for v in known)
    high = max(float(np.quantile(v, 0.995)) for v in known)
    dips = [v[inside & np.isfinite(v)] for v in series]
    ends = [float(np.quantile(v, part)) for v in dips if len(v) for part in (0.02, 0.98)]
    low, high = min([low, *ends]), max([high, *ends])
    return padded_range(low, high, 0.12)


def _draw_series(figure: go.Figure, x: _Array, y: _Array, color: str, name: str, row: int, column: int) -> None:
    figure.add_trace(
        go.Scatter(
            x=x,
            y=y.astype(np.float32),
            mode="markers",
            marker={"color": color, "size": 2.6, "opacity": 0.65},
            name=name,
            legendgroup=name,
            showlegend=True,
            hovertemplate="%{x:.3f}: %{y:.3f}<extra>" + name + "</extra>",
        ),
        row=row,
        col=column,
    )


def _draw_bands(
    figure: go.Figure, one: PixelColumns, ephemerides: Sequence[Ephemeris], span: tuple[float, float], row: int, column: int
) -> None:
    for k, ephemeris in enumerate(ephemerides):
        found = transit_bands(ephemeris, float(one.time[0]), float(one.time[-1]), one.system)
        add_transit_bands(figure, found, span, ephemeris.name, k, row=row, col=column)


def _draw_dumps(figure: go.Figure, one: PixelColumns, span: tuple[float, float], row: int) -> None:
    """Draw momentum dumps as ticks of a fifteenth of the panel along the top of the flux."""
    at = columns.dump_times(one)[: MAX_POINTS // 3]
    if len(at) == 0:
        return
    top, bottom = span[1], span[1] - (span[1] - span[0]) / 15
    x = np.stack([at, at, np.full(len(at), np.nan)], axis=1).ravel()
    figure.add_trace(
        go.Scatter(
            x=x,
            y=np.tile([top, bottom, np.nan], len(at)),
            mode="lines",
            line={"color": style.SELECTED_COLOR, "width": 1.4},
            name="Momentum dumps",
            legendgroup="dumps",
            showlegend=True,
            hovertemplate="%{x:.3f}<extra>Momentum dump</extra>",
        ),
        row=row,
        col=FLUX,
    )


def _draw_flags(figure: go.Figure, one: PixelColumns, row: int) -> tuple[str, ...]:
    """Draw quality flags as rows of ticks; return the labels of those set, from the bottom up."""
    found = columns.quality_flag_times(one)
    words = tuple(found)
    for level, word in enumerate(words):
        at = found[word][:: max(1, -(-len(found[word]) // MAX_POINTS))]
        color = style.SELECTED_COLOR if word in ("momentum dump", "thruster firing") else style.CADENCE_COLOR
        figure.add_trace(
            go.Scatter(
                x=at,
                y=np.full(len(at), float(level)),
                mode="markers",
                name=word,
                showlegend=False,
                marker={"color": color, "symbol": "line-ns", "size": 8, "line": {"color": color, "width": 1.2}},
                hovertemplate="%{x:.3f}<extra>" + word + "</extra>",
            ),
            row=row,
            col=FLAGS,
        )
    text = words or ("none set" if one.quality is not None else "the product has none",)
    axis: dict[str, Any] = {"range": [-0.6, len(text) - 0.4], "tickvals": list(range(len(text))), "ticktext": list(text)}
    if not words:
        # Plotly does not draw a panel and its axes without a trace.
        figure.add_trace(
            go.Scatter(x=one.time[:1], y=np.zeros(1), mode="markers", marker={"opacity": 0}, hoverinfo="skip", showlegend=False),
            row=row,
            col=FLAGS,
        )
    figure.update_yaxes(**axis, tickfont={"size": 9}, row=row, col=FLAGS)
    return words
