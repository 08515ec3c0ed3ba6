"""What the network saw of one segment: every channel on one grid."""

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.figures import colours, timeline
from astroseq_core.figures.bands import bands
from astroseq_core.figures.layout import dress
from astroseq_core.times import TimeSystem

#: Height [px] of a channel's panel, and of what stands above and below.
PANEL, FRAME = 86, 90
#: What channels are called for people.
TITLES = {"flat": "detrended", "flat_short": "detrended, short window", "raw": "as observed", "gap": "gap"}


@dataclass(frozen=True, eq=False)
class SegmentView:
    """A segment as the network was given it: ``values`` (window, channels), ``time`` (window,) [d, ``system``] of the places."""

    time: NDArray[np.float64]
    system: TimeSystem
    channels: tuple[str, ...]
    values: NDArray[np.float32]
    filled: NDArray[np.bool_]
    ephemerides: tuple[Ephemeris, ...] = ()


def segment_figure(view: SegmentView) -> go.Figure:
    """One panel a channel on a shared time axis, predicted transits as bands; places without a cadence are left empty."""
    count = len(view.channels)
    figure = make_subplots(rows=count, cols=1, shared_xaxes=True, vertical_spacing=min(0.05, 0.2 / count))
    dates = timeline.calendar(view.time, view.system)
    for row, name in enumerate(view.channels, start=1):
        y = view.values[:, row - 1].astype(np.float32)
        low, high = float(y.min()), float(y.max())
        room = 0.08 * max(high - low, 1e-3)
        for k, ephemeris in enumerate(view.ephemerides):
            found = bands(ephemeris, float(view.time[0]), float(view.time[-1]), view.system)
            for trusted in (True, False):
                x, edge = found.outline(low - 2 * room, high + 2 * room, trusted=trusted)
                if len(x):
                    figure.add_trace(
                        go.Scatter(
                            x=x, y=edge, mode="lines", fill="toself", hoverinfo="skip", name=ephemeris.name,
                            fillcolor=colours.faded(colours.planet(k), colours.BAND_OPACITY if trusted else 0.0),
                            line={"color": colours.planet(k), "width": 0 if trusted else 1.4}, legendgroup=f"planet {k}",
                            showlegend=row == 1,
                        ),
                        row=row, col=1,
                    )  # fmt: skip
        shown = y if name == "gap" else np.where(view.filled, y, np.nan).astype(np.float32)
        figure.add_trace(
            go.Scattergl(
                x=view.time, y=shown, customdata=dates, mode="markers" if name != "gap" else "lines",
                marker={"color": colours.CADENCES, "size": 3.2}, line={"color": colours.CADENCES, "width": 1.2},
                showlegend=False, name=name,
                hovertemplate="%{customdata[0]}-%{customdata[1]:02d}-%{customdata[2]:02d}<br>%{x:.4f}: %{y:.2f}<extra></extra>",
            ),
            row=row, col=1,
        )  # fmt: skip
        shown_range = [-0.1, 1.1] if name == "gap" else [low - room, high + room]
        figure.update_yaxes(range=shown_range, nticks=3 if name == "gap" else 4, row=row, col=1)
        figure.add_annotation(
            text=title(name), xref=f"x{row} domain" if row > 1 else "x domain",
            yref=f"y{row} domain" if row > 1 else "y domain", x=0.0, y=1.0, xanchor="left", yanchor="bottom",
            showarrow=False, font={"size": 11},
        )  # fmt: skip
    dress(figure, FRAME + PANEL * count, top=46, identity=f"{view.time[0]}")
    figure.update_xaxes(title_text=f"{view.system} [d]", row=count, col=1)
    return figure


def title(channel: str) -> str:
    """What a channel is called for people, e.g. ``matched filter, 2 h``."""
    if channel.startswith("mf_short_"):
        return f"matched filter, {channel.removeprefix('mf_short_').removesuffix('h')} h, short window"
    if channel.startswith("mf_"):
        return f"matched filter, {channel.removeprefix('mf_').removesuffix('h')} h"
    return TITLES.get(channel, channel)
