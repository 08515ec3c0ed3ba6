"""Bands of predicted transits, as traces of plotly figures."""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from astroseq_core.plots import style
from astroseq_core.plots._timeline import TransitBands


def add_band(
    figure: go.Figure,
    outline: tuple[NDArray[np.float64], NDArray[np.float64]],
    name: str,
    number: int,
    *,
    fill: float,
    line: float,
    width: float,
    row: int,
    col: int,
    in_legend: bool = False,
) -> None:
    """Add the outlines of predicted transits to one panel; nothing if there are none.

    Parameters
    ----------
    figure : Figure
        Figure to change in place.
    outline : tuple of ndarray
        Corners, as `TransitBands.outline` returns them.
    name : str
        Name of the signal.
    number : int
        Number of the signal among those of the star, which sets its color.
    fill : float
        Opacity of the fill.
    line : float
        Opacity of the edge.
    width : float
        Width of the edge [px].
    row : int
        Row of the panel.
    col : int
        Column of the panel.
    in_legend : bool, optional
        Whether the legend has an entry.
    """
    x, y = outline
    if len(x) == 0:
        return
    color = style.planet_color(number)
    figure.add_trace(
        go.Scatter(
            x=x,
            y=y,
            mode="lines",
            fill="toself",
            fillcolor=style.with_opacity(color, fill) if fill else "rgba(0,0,0,0)",
            line={"color": style.with_opacity(color, line), "width": width},
            name=style.escape(name),
            legendgroup=f"planet {number}",
            showlegend=in_legend,
            hoverinfo="skip",
        ),
        row=row,
        col=col,
    )


def add_transit_bands(
    figure: go.Figure,
    bands: TransitBands,
    span: tuple[float, float],
    name: str,
    number: int,
    *,
    row: int,
    col: int,
    in_legend: bool = True,
    halo: bool = False,
    clip: tuple[float, float] | None = None,
) -> None:
    """Add predicted transits to one panel: filled bands, doubtful ones as outlines alone.

    Parameters
    ----------
    figure : Figure
        Figure to change in place.
    bands : TransitBands
        The predicted transits.
    span : tuple of float
        Lower and upper edge of the bands.
    name : str
        Name of the signal.
    number : int
        Number of the signal among those of the star, which sets its color.
    row : int
        Row of the panel.
    col : int
        Column of the panel.
    in_legend : bool, optional
        Whether the legend has an entry.
    halo : bool, optional
        Whether the drift of the ephemeris is drawn as a paler band around each transit.
    clip : tuple of float, optional
        Times at which bands are cut off [d].
    """
    # The edge keeps a band of hours visible on an axis of years.
    styles = ((True, style.BAND_OPACITY, style.BAND_OPACITY, 1.0), (False, 0.0, 1.0, 1.4))
    for trusted, fill, line, width in styles:
        if halo:
            outline = bands.outline(*span, trusted=trusted, halo=True)
            add_band(figure, outline, name, number, fill=style.HALO_OPACITY, line=0.0, width=0.0, row=row, col=col)
        x, y = bands.outline(*span, trusted=trusted)
        shown = (x if clip is None else np.clip(x, *clip), y)
        add_band(figure, shown, name, number, fill=fill, line=line, width=width, row=row, col=col, in_legend=in_legend)
