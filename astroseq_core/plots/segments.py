"""Segment figures: gallery and thumbnails, all channels of one segment, worst mistakes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.evaluation.worst_segments import Excerpt, WorstSegment
from astroseq_core.plots import _timeline, style
from astroseq_core.plots._points import add_transit_bands
from astroseq_core.plots._ranges import range_with_dips
from astroseq_core.plots._timeline import transit_bands
from astroseq_core.plots.style import PPT, apply_layout
from astroseq_core.times import TimeSystem

#: Heights [px]: of a channel's panel, and of the space above and below all panels.
CHANNEL_PANEL_PX, CHANNEL_FRAME_PX = 86, 90
#: Display names of channels.
CHANNEL_TITLES = {
    "flat": "detrended",
    "flat_short": "detrended, short window",
    "raw": "as observed",
    "zscore": "detrended, each segment normalized",
    "gap": "gap",
    "recur": "recurring dips, best period",
    "recur_any": "recurring dips, any period",
    "recur_up": "recurring brightenings",
}


@dataclass(frozen=True, eq=False)
class SegmentView:
    """A segment as given to the network.

    Attributes
    ----------
    time : ndarray
        Times of the grid points [d, `system`], shape (window,).
    system : TimeSystem
        Time system of `time`.
    channels : tuple of str
        Names of the channels.
    values : ndarray
        Network input, shape (window, channels).
    filled : ndarray of bool
        Which grid points have a cadence, shape (window,).
    ephemerides : tuple of Ephemeris
        Signals whose predicted transits are drawn.
    """

    time: NDArray[np.float64]
    system: TimeSystem
    channels: tuple[str, ...]
    values: NDArray[np.float32]
    filled: NDArray[np.bool_]
    ephemerides: tuple[Ephemeris, ...] = ()


def segment_figure(view: SegmentView) -> go.Figure:
    """Plot the channels of a segment in panels on a shared time axis.

    Predicted transits are bands. Grid points without a cadence are left empty.

    Parameters
    ----------
    view : SegmentView
        Segment to draw.

    Returns
    -------
    Figure
        One panel per channel.
    """
    count = len(view.channels)
    figure = make_subplots(rows=count, cols=1, shared_xaxes=True, vertical_spacing=min(0.05, 0.2 / count))
    dates = _timeline.calendar_dates(view.time, view.system)
    for row, name in enumerate(view.channels, start=1):
        y = view.values[:, row - 1].astype(np.float32)
        low, high = float(y.min()), float(y.max())
        room = 0.08 * max(high - low, 1e-3)
        for k, ephemeris in enumerate(view.ephemerides):
            found = transit_bands(ephemeris, float(view.time[0]), float(view.time[-1]), view.system)
            add_transit_bands(
                figure, found, (low - 2 * room, high + 2 * room), ephemeris.name, k, row=row, col=1, in_legend=row == 1
            )
        shown = y if name == "gap" else np.where(view.filled, y, np.nan).astype(np.float32)
        figure.add_trace(
            go.Scattergl(
                x=view.time,
                y=shown,
                customdata=dates,
                mode="markers" if name != "gap" else "lines",
                marker={"color": style.CADENCE_COLOR, "size": 3.2},
                line={"color": style.CADENCE_COLOR, "width": 1.2},
                showlegend=False,
                name=style.escape(name),
                hovertemplate="%{customdata[0]}-%{customdata[1]:02d}-%{customdata[2]:02d}<br>%{x:.4f}: %{y:.2f}<extra></extra>",
            ),
            row=row,
            col=1,
        )
        shown_range = [-0.1, 1.1] if name == "gap" else [low - room, high + room]
        figure.update_yaxes(range=shown_range, nticks=3 if name == "gap" else 4, row=row, col=1)
        figure.add_annotation(
            text=style.escape(channel_title(name)),
            xref=f"x{row} domain" if row > 1 else "x domain",
            yref=f"y{row} domain" if row > 1 else "y domain",
            x=0.0,
            y=1.0,
            xanchor="left",
            yanchor="bottom",
            showarrow=False,
            font={"size": 11},
        )
    apply_layout(figure, CHANNEL_FRAME_PX + CHANNEL_PANEL_PX * count, top=46, identity=f"{view.time[0]}")
    figure.update_xaxes(title_text=f"{view.system} [d]", row=count, col=1)
    return figure


def channel_title(channel: str) -> str:
    """Return the display name of a channel.

    Parameters
    ----------
    channel : str
        Name of the channel.

    Returns
    -------
    str
        Display name.

    Examples
    --------
    >>> channel_title("mf_2h")
    'matched filter, 2 h'
    >>> channel_title("flat")
    'detrended'
    """
    if channel.startswith("mf_short_"):
        return f"matched filter, {channel.removeprefix('mf_short_').removesuffix('h')} h, short window"
    if channel.startswith("mf_"):
        return f"matched filter, {channel.removeprefix('mf_').removesuffix('h')} h"
    return CHANNEL_TITLES.get(channel, channel)


MISTAKE_COLUMNS = 2
#: Heights [px]: of a panel, and of the space above and below all panels.
MISTAKE_PANEL_PX, MISTAKE_FRAME_PX = 170, 70
#: Upper quantile of the cadences within a panel's range, so that a flare does not flatten the rest.
MISTAKE_RANGE_QUANTILE = 0.998


def worst_mistakes_figure(excerpts: Sequence[Excerpt]) -> go.Figure:
    """Plot the detrended flux of each mistake's segment, with predicted transits as bands.

    Parameters
    ----------
    excerpts : sequence of Excerpt
        Mistakes with their light curves.

    Returns
    -------
    Figure
        One panel per mistake; flux in ppt.
    """
    rows = max(1, -(-len(excerpts) // MISTAKE_COLUMNS))
    figure = make_subplots(
        rows=rows,
        cols=MISTAKE_COLUMNS,
        vertical_spacing=min(0.09, 0.42 / rows),
        horizontal_spacing=0.08,
        subplot_titles=[style.escape(mistake_caption(e.mistake)) for e in excerpts],
    )
    for number, excerpt in enumerate(excerpts):
        row, column = number // MISTAKE_COLUMNS + 1, number % MISTAKE_COLUMNS + 1
        low, high = range_with_dips(excerpt.flat * PPT, MISTAKE_RANGE_QUANTILE)
        for k, ephemeris in enumerate(excerpt.ephemerides if len(excerpt.time) else ()):
            found = transit_bands(ephemeris, float(excerpt.time[0]), float(excerpt.time[-1]), excerpt.mistake.system)
            # A band may extend beyond the segment; clip it to what the network was given.
            clip = (float(excerpt.time[0]), float(excerpt.time[-1]))
            add_transit_bands(figure, found, (low, high), ephemeris.name, k, row=row, col=column, in_legend=False, clip=clip)
        figure.add_trace(
            go.Scattergl(
                x=excerpt.time,
                y=(excerpt.flat * PPT).astype(np.float32),
                mode="markers",
                showlegend=False,
                marker={"color": style.CADENCE_COLOR, "size": 2.6},
                name=style.escape(excerpt.mistake.target_id),
                hovertemplate="%{x:.4f}: %{y:.3f} ppt<extra></extra>",
            ),
            row=row,
            col=column,
        )
        figure.update_yaxes(range=[low, high], nticks=4, row=row, col=column)
        figure.update_xaxes(nticks=5, row=row, col=column)
    apply_layout(figure, MISTAKE_FRAME_PX + MISTAKE_PANEL_PX * rows, top=44, legend=False)
    figure.update_annotations(font_size=11)
    for column in range(1, MISTAKE_COLUMNS + 1):
        system = next((str(e.mistake.system) for e in excerpts[column - 1 :: MISTAKE_COLUMNS]), "")
        figure.update_xaxes(title_text=f"{system} [d]" if system else "", row=rows, col=column)
    figure.update_yaxes(title_text="Flux [ppt]", col=1)
    return figure


def mistake_caption(mistake: WorstSegment) -> str:
    """Return the caption of a mistake.

    Parameters
    ----------
    mistake : WorstSegment
        The mistake.

    Returns
    -------
    str
        Such as `TIC 52583022 · segment 12 · p = 0.981 · 40 more of this star`.
    """
    parts = [mistake.target_id, f"segment {mistake.segment}", f"p = {mistake.probability:.3f}"]
    if mistake.snr is not None:
        parts.append(f"SNR {mistake.snr:.1f}")
    if mistake.others:
        parts.append(f"{mistake.others} more of this star")
    return " · ".join(parts)


GALLERY_COLUMNS = 4
#: Heights [px]: of a gallery panel, of the space above and below all panels, of a thumbnail.
GALLERY_PANEL_PX, GALLERY_FRAME_PX, THUMBNAIL_PX = 130, 76, 150
#: Upper quantile of the cadences within a panel's range, so that a flare does not flatten the rest.
GALLERY_RANGE_QUANTILE = 0.998
#: Number of out-of-transit cadences in a thumbnail, which is 300 px wide.
THUMBNAIL_MAX_CADENCES = 400


class LabeledSegment(Protocol):
    """Protocol of a labeled segment to draw."""

    @property
    def label(self) -> int:
        """1 with a transit, 0 without."""

    @property
    def star(self) -> str:
        """Identifier of its star."""

    @property
    def snr(self) -> float:
        """Signal-to-noise of its strongest transit; 0 without one."""

    @property
    def values(self) -> NDArray[np.float32]:
        """Network input, shape (window,) or (window, channels)."""

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Which cadences are in transit, shape (window,)."""


def gallery_figure(examples: Sequence[LabeledSegment], channels: Sequence[str]) -> go.Figure:
    """Plot the first flux channel of each segment in a panel, with in-transit cadences colored.

    Parameters
    ----------
    examples : sequence of LabeledSegment
        Segments to draw.
    channels : sequence of str
        Names of the channels.

    Returns
    -------
    Figure
        One panel per segment.
    """
    columns = max(1, min(GALLERY_COLUMNS, len(examples)))
    rows = max(1, -(-len(examples) // columns))
    figure = make_subplots(
        rows=rows,
        cols=columns,
        horizontal_spacing=0.045,
        vertical_spacing=min(0.22, 0.6 / rows),
        subplot_titles=[style.escape(example_caption(e)) for e in examples],
    )
    which = first_flux_channel(channels)
    for number, example in enumerate(examples):
        row, column = number // columns + 1, number % columns + 1
        flux = _flux_with_gaps(example, channels)
        for trace in _cadence_traces(flux, example.inside, go.Scattergl):
            figure.add_trace(trace, row=row, col=column)
        figure.update_yaxes(range=range_with_dips(flux, GALLERY_RANGE_QUANTILE), nticks=4, row=row, col=column)
    apply_layout(figure, GALLERY_FRAME_PX + GALLERY_PANEL_PX * rows, top=30, legend=False)
    figure.update_annotations(font_size=11)
    figure.update_xaxes(nticks=4)
    figure.update_xaxes(title_text="Cadence", row=rows)
    figure.update_yaxes(title_text=style.escape(channel_title(channels[which])) if channels else "", title_font_size=11, col=1)
    return figure


def thumbnail_figure(example: LabeledSegment, channels: Sequence[str] = ("flat",)) -> go.Figure:
    """Plot one segment without labels and tools, as a thumbnail.

    It is drawn without WebGL: browsers hold only a few WebGL contexts at once, and a page shows a
    dozen thumbnails.

    Parameters
    ----------
    example : LabeledSegment
        Segment to draw.
    channels : sequence of str, optional
        Names of the channels.

    Returns
    -------
    Figure
        The thumbnail.
    """
    flux = _flux_with_gaps(example, channels)
    figure = go.Figure(_cadence_traces(flux, example.inside, go.Scatter, THUMBNAIL_MAX_CADENCES))
    apply_layout(figure, THUMBNAIL_PX, top=6, legend=False)
    figure.update_layout(margin={"l": 4, "r": 4, "t": 6, "b": 4}, dragmode=False)
    figure.update_xaxes(nticks=4, fixedrange=True, range=[-1, len(flux)], tickfont_size=10)
    figure.update_yaxes(nticks=4, fixedrange=True, range=range_with_dips(flux, GALLERY_RANGE_QUANTILE), tickfont_size=10)
    return figure


def example_caption(example: LabeledSegment) -> str:
    """Return the caption of a segment.

    Parameters
    ----------
    example : LabeledSegment
        The segment.

    Returns
    -------
    str
        Such as `with a transit · TIC 5 · SNR 12.3` or `no transit · TIC 7`.
    """
    if not example.label:
        return f"no transit · {example.star}"
    strength = f" · SNR {example.snr:.1f}" if np.isfinite(example.snr) and example.snr > 0 else ""
    return f"with a transit · {example.star}{strength}"


def first_flux_channel(channels: Sequence[str]) -> int:
    """Return the index of the first flux channel.

    Parameters
    ----------
    channels : sequence of str
        Names of the channels.

    Returns
    -------
    int
        Index of the first channel other than "gap"; 0 without any.

    Examples
    --------
    >>> first_flux_channel(["gap", "flat"])
    1
    """
    return next((k for k, name in enumerate(channels) if name != "gap"), 0)


def _flux_with_gaps(example: LabeledSegment, channels: Sequence[str]) -> NDArray[np.float32]:
    """Return the series to draw (window,), NaN where there is no cadence."""
    values = np.asarray(example.values, np.float32)
    if values.ndim == 1:
        return values
    flux = values[:, first_flux_channel(channels)].copy()
    if "gap" in channels:
        flux[values[:, list(channels).index("gap")] > 0.5] = np.nan
    return flux


def _cadence_traces(flux: NDArray[np.float32], inside: NDArray[np.bool_], kind: type, most: int | None = None) -> list[object]:
    """Return traces of the cadences and of those in transit, which are never thinned."""
    inside = np.asarray(inside, bool)
    there = np.isfinite(flux)
    rest = np.flatnonzero(there & ~inside)
    if most is not None:
        rest = rest[:: max(1, -(-len(rest) // most))]
    parts = (
        (rest, "cadence", {"color": style.CADENCE_COLOR, "size": 2.6}),
        (np.flatnonzero(there & inside), "in transit", {"color": style.planet_color(0), "size": 3.8}),
    )
    return [
        kind(
            x=places.astype(np.int32),
            y=flux[places],
            mode="markers",
            marker=marker,
            name=name,
            showlegend=False,
            hovertemplate="cadence %{x}: %{y:.2f}" + ("<br>in transit" if name == "in transit" else "") + "<extra></extra>",
        )
        for places, name, marker in parts
        if len(places)
    ]
