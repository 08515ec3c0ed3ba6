"""Segments as the network sees them: many small pictures in one figure, or one small figure for each."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from astroseq_core.figures import colours
from astroseq_core.figures.layout import dress
from astroseq_core.figures.segment import title as channel_title

COLUMNS = 4
#: Height [px] of a picture in the gallery, of what stands above and below all, and of a figure of its own.
PANEL, FRAME, THUMBNAIL = 130, 76, 150
#: Part of the cadences that a picture's range holds; a flare must not flatten the rest.
SHOWN_PART = 0.998
#: In a small figure so many cadences are drawn outside of transits: it is 300 px wide.
THUMBNAIL_POINTS = 400


class Seen(Protocol):
    """A segment to draw: ``values`` (window,) or (window, channels), ``inside`` (window,) in transit, its label and star."""

    @property
    def label(self) -> int:
        """1 with a transit, 0 without."""

    @property
    def star(self) -> str:
        """Its star's identifier."""

    @property
    def snr(self) -> float:
        """Signal-to-noise of its strongest transit, 0 without one."""

    @property
    def values(self) -> NDArray[np.float32]:
        """What the network sees."""

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Which cadences are in transit."""


def gallery_figure(examples: Sequence[Seen], channels: Sequence[str]) -> go.Figure:
    """The first channel with flux of each segment in a panel of its own, in-transit cadences in a planet's colour."""
    columns = max(1, min(COLUMNS, len(examples)))
    rows = max(1, -(-len(examples) // columns))
    figure = make_subplots(
        rows=rows, cols=columns, horizontal_spacing=0.045, vertical_spacing=min(0.22, 0.6 / rows),
        subplot_titles=[caption(e) for e in examples],
    )  # fmt: skip
    which = first_flux(channels)
    for number, example in enumerate(examples):
        row, column = number // columns + 1, number % columns + 1
        flux = _flux(example, channels)
        for trace in _traces(flux, example.inside, go.Scattergl):
            figure.add_trace(trace, row=row, col=column)
        figure.update_yaxes(range=_range(flux), nticks=4, row=row, col=column)
    dress(figure, FRAME + PANEL * rows, top=30, legend=False)
    figure.update_annotations(font_size=11)
    figure.update_xaxes(nticks=4)
    figure.update_xaxes(title_text="Cadence", row=rows)
    figure.update_yaxes(title_text=channel_title(channels[which]) if channels else "", title_font_size=11, col=1)
    return figure


def thumbnail_figure(example: Seen, channels: Sequence[str] = ("flat",)) -> go.Figure:
    """One segment's picture alone, without words and without tools, for a caption or a link under it.

    Drawn without WebGL: browsers hold only so many such drawings at once, and a page shows a dozen of these.
    """
    flux = _flux(example, channels)
    figure = go.Figure(_traces(flux, example.inside, go.Scatter, THUMBNAIL_POINTS))
    dress(figure, THUMBNAIL, top=6, legend=False)
    figure.update_layout(margin={"l": 4, "r": 4, "t": 6, "b": 4}, dragmode=False)
    figure.update_xaxes(nticks=4, fixedrange=True, range=[-1, len(flux)], tickfont_size=10)
    figure.update_yaxes(nticks=4, fixedrange=True, range=_range(flux), tickfont_size=10)
    return figure


def caption(example: Seen) -> str:
    """As ``with a transit · TIC 5 · SNR 12.3``, ``no transit · TIC 7``."""
    if not example.label:
        return f"no transit · {example.star}"
    strength = f" · SNR {example.snr:.1f}" if np.isfinite(example.snr) and example.snr > 0 else ""
    return f"with a transit · {example.star}{strength}"


def first_flux(channels: Sequence[str]) -> int:
    """Place of the first channel that is flux."""
    return next((k for k, name in enumerate(channels) if name != "gap"), 0)


def _flux(example: Seen, channels: Sequence[str]) -> NDArray[np.float32]:
    """The series to draw (window,), NaN where there is no cadence."""
    values = np.asarray(example.values, np.float32)
    if values.ndim == 1:
        return values
    flux = values[:, first_flux(channels)].copy()
    if "gap" in channels:
        flux[values[:, list(channels).index("gap")] > 0.5] = np.nan
    return flux


def _traces(flux: NDArray[np.float32], inside: NDArray[np.bool_], kind: type, most: int | None = None) -> list[object]:
    """The cadences, and those in transit over them; none of the latter is ever left out."""
    inside = np.asarray(inside, bool)
    there = np.isfinite(flux)
    rest = np.flatnonzero(there & ~inside)
    if most is not None:
        rest = rest[:: max(1, -(-len(rest) // most))]
    parts = (
        (rest, "cadence", {"color": colours.CADENCES, "size": 2.6}),
        (np.flatnonzero(there & inside), "in transit", {"color": colours.planet(0), "size": 3.8}),
    )
    return [
        kind(
            x=places.astype(np.int32), y=flux[places], mode="markers", marker=marker, name=name, showlegend=False,
            hovertemplate="cadence %{x}: %{y:.2f}" + ("<br>in transit" if name == "in transit" else "") + "<extra></extra>",
        )
        for places, name, marker in parts if len(places)
    ]  # fmt: skip


def _range(flux: NDArray[np.float32]) -> list[float]:
    shown = flux[np.isfinite(flux)]
    if not len(shown):
        return [-1.0, 1.0]
    _, high = (float(v) for v in np.quantile(shown, [1 - SHOWN_PART, SHOWN_PART]))
    # Dips are what it is about: none is cut off.
    low = float(shown.min())
    room = 0.08 * max(high - low, 1e-3)
    return [low - room, high + room]
