"""Many points as one picture: a browser draws it at once, and every cadence is in it as it was measured.

A mark for each of thousands of cadences takes a browser seconds without a graphics card; a picture takes it a hundredth. What
must be read off one by one (bins, fits, predicted windows) stays a trace of its own on top.
"""

import base64
import io
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from astroseq_core.figures import colours

#: Pixels of the picture for each of the screen's, so that it stays sharp on dense screens and under some zooming.
SCALE = 2
#: How far apart [screen px] the corners of one point are, and how opaque a lone one is.
POINT_PX, POINT_OPACITY = 1.5, 0.55
#: Points on one pixel beyond this number make it no darker.
DEEPEST = 15


@dataclass(frozen=True)
class Frame:
    """Where a picture lies: ``x`` and ``y`` ranges in the axes' own units, and its size on the screen [px]."""

    x: tuple[float, float]
    y: tuple[float, float]
    width: int
    height: int


def cloud(
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    frame: Frame,
    *,
    colour: str = colours.CADENCES,
    opacity: float = POINT_OPACITY,
    point_px: float = POINT_PX,
) -> str:
    """A transparent PNG, as a data URI, of the points (n,), (n,); overlapping ones are darker, those outside the frame left out.

    ``point_px``: how wide one point is on the screen.
    """
    from PIL import Image

    high, wide = SCALE * frame.height, SCALE * frame.width
    with np.errstate(invalid="ignore"):
        column = np.floor((np.asarray(x, np.float64) - frame.x[0]) / (frame.x[1] - frame.x[0]) * wide)
        row = np.floor((frame.y[1] - np.asarray(y, np.float64)) / (frame.y[1] - frame.y[0]) * high)
        inside = (column >= 0) & (column < wide) & (row >= 0) & (row < high)
    place = row[inside].astype(np.int64) * wide + column[inside].astype(np.int64)
    count = np.bincount(place, minlength=high * wide).reshape(high, wide)
    side = max(1, round(SCALE * point_px))
    covered = _spread(_spread(count, side, 0), side, 1)
    # So many points on one pixel at most can be told apart; a palette makes the file a third of one with four channels.
    levels = 1.0 - (1.0 - opacity) ** np.arange(DEEPEST + 1)
    picture = Image.fromarray(np.minimum(covered, DEEPEST).astype(np.uint8), "P")
    picture.putpalette([int(colour[i : i + 2], 16) for i in (1, 3, 5)] * (DEEPEST + 1))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", transparency=bytes(np.round(255 * levels).astype(np.uint8)), bits=4)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def size_for(count: int) -> float:
    """How wide [px] a point is best drawn where there are so many of them."""
    return 3.0 if count < 1200 else 2.0 if count < 5000 else POINT_PX


def add(figure: go.Figure, picture: str, frame: Frame, *, row: int | None = None, col: int | None = None) -> None:
    """Lay the picture under the traces of one panel."""
    figure.add_layout_image(
        source=picture, xref="x", yref="y", x=frame.x[0], y=frame.y[1], sizex=frame.x[1] - frame.x[0],
        sizey=frame.y[1] - frame.y[0], sizing="stretch", layer="below", row=row, col=col,
    )  # fmt: skip


def _spread(count: NDArray[np.int64], side: int, axis: int) -> NDArray[np.int64]:
    """Sums over ``side`` neighbours along an axis: each point covers so many pixels."""
    out = count.copy()
    for step in range(1, side):
        # Centred: one step this way, the next that way.
        shift = (step + 1) // 2 * (1 if step % 2 else -1)
        moved = np.roll(count, shift, axis)
        edge = [slice(None)] * 2
        edge[axis] = slice(0, shift) if shift > 0 else slice(shift, None)
        moved[tuple(edge)] = 0
        out += moved
    return out
