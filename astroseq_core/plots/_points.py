"""Shared elements of plotly figures: point clouds as images, thinning, and bands of predicted transits."""

import base64
import io
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from astroseq_core.plots import style
from astroseq_core.plots._timeline import TransitBands
from astroseq_core.preprocessing import noise

#: Number of points above which a chart becomes slow in a browser.
MAX_POINTS = 20_000
#: Dips are searched with boxes of these lengths [h] and kept whole above this signal-to-noise.
DIP_HOURS = (0.5, 2.0, 6.0)
DIP_SNR = 6.0


def downsample_indices(
    flat: NDArray[np.floating], keep: NDArray[np.bool_], cadence_minutes: float, max_points: int = MAX_POINTS
) -> NDArray[np.int64]:
    """Return the indices of about `max_points` cadences to plot; in-transit ones are always kept.

    Dips that no ephemeris predicts are found by box filters and kept whole too; of the rest every
    k-th cadence is taken. No cadence is chosen by its own value, so the plotted scatter is that of
    the data. The number of points may exceed `max_points` by the cadences that must be kept.

    Parameters
    ----------
    flat : ndarray
        Relative deviations from the trend, shape (n,).
    keep : ndarray of bool
        Cadences to keep always (predicted transits), shape (n,).
    cadence_minutes : float
        Cadence [min].
    max_points : int, optional
        Number of points above which to thin.

    Returns
    -------
    ndarray of int
        Increasing indices.
    """
    n = len(flat)
    if n <= max_points:
        return np.arange(n)
    chosen = keep | significant_dips(flat, cadence_minutes)
    rest = np.flatnonzero(~chosen)
    # Many deep dips must not empty their surroundings: half of the points are reserved for the rest.
    room = max(max_points - int(chosen.sum()), max_points // 2)
    chosen[rest[:: max(1, -(-len(rest) // room))]] = True
    return np.flatnonzero(chosen)


def significant_dips(flat: NDArray[np.floating], cadence_minutes: float) -> NDArray[np.bool_]:
    """Return which cadences are in a significant dip of about `DIP_HOURS`.

    Parameters
    ----------
    flat : ndarray
        Relative deviations from the trend, shape (n,).
    cadence_minutes : float
        Cadence [min].

    Returns
    -------
    ndarray of bool
        Cadences in a dip, shape (n,).
    """
    out = np.zeros(len(flat), bool)
    for hours in DIP_HOURS:
        width = max(3, round(hours * 60 / cadence_minutes)) | 1
        if len(flat) < 4 * width:
            continue
        mean = _running_mean(flat, width)
        near = _running_mean(flat, max(3, width // 4) | 1)
        # The second condition excludes cadences merely near a dip, where a long box is low but a short one is not.
        out |= (mean < -DIP_SNR * noise.robust_sigma(mean)) & (near < 0.5 * mean)
    return out


def _running_mean(values: NDArray[np.floating], width: int) -> NDArray[np.float64]:
    """Return means over `width` (odd) centered neighbors, fewer at the ends, shape (n,)."""
    total = np.r_[0.0, np.cumsum(values, dtype=np.float64)]
    place = np.arange(len(values))
    low, high = np.maximum(place - width // 2, 0), np.minimum(place + width // 2 + 1, len(values))
    return np.asarray((total[high] - total[low]) / (high - low))


#: Image pixels per screen pixel, so that it stays sharp on high-density screens and when zoomed a little.
IMAGE_SCALE = 2
#: Width of one point [screen px], and opacity of a single one.
POINT_PX, POINT_OPACITY = 1.5, 0.55
#: Number of overlapping points beyond which a pixel gets no darker.
MAX_OVERLAP = 15


@dataclass(frozen=True)
class ImageFrame:
    """Position of an image in a panel.

    Attributes
    ----------
    x : tuple of float
        Range in x, in units of the axis.
    y : tuple of float
        Range in y, in units of the axis.
    width : int
        Width on the screen [px].
    height : int
        Height on the screen [px].
    """

    x: tuple[float, float]
    y: tuple[float, float]
    width: int
    height: int


def point_cloud_png(
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    frame: ImageFrame,
    *,
    color: str = style.CADENCE_COLOR,
    opacity: float = POINT_OPACITY,
    point_px: float = POINT_PX,
) -> str:
    """Return points as a transparent PNG in a data URI.

    Overlapping points are darker; points outside the frame are dropped.

    Parameters
    ----------
    x : ndarray
        Coordinates, shape (n,).
    y : ndarray
        Coordinates, shape (n,).
    frame : ImageFrame
        Position and size of the image.
    color : str, optional
        Color as #rrggbb.
    opacity : float, optional
        Opacity of a single point.
    point_px : float, optional
        Width of a point on the screen [px].

    Returns
    -------
    str
        Data URI.
    """
    from PIL import Image

    high, wide = IMAGE_SCALE * frame.height, IMAGE_SCALE * frame.width
    with np.errstate(invalid="ignore"):
        column = np.floor((np.asarray(x, np.float64) - frame.x[0]) / (frame.x[1] - frame.x[0]) * wide)
        row = np.floor((frame.y[1] - np.asarray(y, np.float64)) / (frame.y[1] - frame.y[0]) * high)
        inside = (column >= 0) & (column < wide) & (row >= 0) & (row < high)
    place = row[inside].astype(np.int64) * wide + column[inside].astype(np.int64)
    # Small integers, because images of eight bytes a pixel would be 100 MB together; more overlap than this looks the same.
    count = np.minimum(np.bincount(place, minlength=high * wide), MAX_OVERLAP).astype(np.uint16).reshape(high, wide)
    side = max(1, round(IMAGE_SCALE * point_px))
    covered = _box_sum(_box_sum(count, side, 0), side, 1)
    # A palette of these overlap levels makes the file a third of one with four channels.
    levels = 1.0 - (1.0 - opacity) ** np.arange(MAX_OVERLAP + 1)
    picture = Image.fromarray(np.minimum(covered, MAX_OVERLAP).astype(np.uint8), "P")
    picture.putpalette([int(color[i : i + 2], 16) for i in (1, 3, 5)] * (MAX_OVERLAP + 1))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", transparency=bytes(np.round(255 * levels).astype(np.uint8)), bits=4)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def point_size_px(count: int) -> float:
    """Return a suitable width of a point for a number of points.

    Parameters
    ----------
    count : int
        Number of points.

    Returns
    -------
    float
        Width [px].

    Examples
    --------
    >>> point_size_px(100), point_size_px(10_000)
    (3.0, 1.5)
    """
    return 3.0 if count < 1200 else 2.0 if count < 5000 else POINT_PX


def add_image(figure: go.Figure, picture: str, frame: ImageFrame, *, row: int | None = None, col: int | None = None) -> None:
    """Add an image below the traces of one panel.

    Parameters
    ----------
    figure : Figure
        Figure to change in place.
    picture : str
        Image as a data URI.
    frame : ImageFrame
        Position of the image.
    row : int, optional
        Row of the panel.
    col : int, optional
        Column of the panel.
    """
    figure.add_layout_image(
        source=picture,
        xref="x",
        yref="y",
        x=frame.x[0],
        y=frame.y[1],
        sizex=frame.x[1] - frame.x[0],
        sizey=frame.y[1] - frame.y[0],
        sizing="stretch",
        layer="below",
        row=row,
        col=col,
    )


def _box_sum(count: NDArray[np.uint16], side: int, axis: int) -> NDArray[np.uint16]:
    """Sum over `side` neighbors along an axis, as each point covers that many pixels."""
    out = count.copy()
    for step in range(1, side):
        # Alternate directions, so that the sum is centered.
        shift = (step + 1) // 2 * (1 if step % 2 else -1)
        moved = np.roll(count, shift, axis)
        edge = [slice(None)] * 2
        edge[axis] = slice(0, shift) if shift > 0 else slice(shift, None)
        moved[tuple(edge)] = 0
        out += moved
    return out


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
