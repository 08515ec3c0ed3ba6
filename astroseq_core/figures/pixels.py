"""What the pixels say of each observation: raw and corrected flux, background, position, quality flags; where light moves."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from astroseq_core import missions
from astroseq_core.ephemeris import Ephemeris, any_in_transit
from astroseq_core.figures import colours
from astroseq_core.figures.bands import bands
from astroseq_core.figures.layout import PPT, dress
from astroseq_core.lightcurves import pixels as columns
from astroseq_core.lightcurves.pixels import PixelColumns
from astroseq_core.times import TimeSystem
from astroseq_core.vetting.centroid import CentroidShift

#: What the figures show, and what good looks like.
CAPTION = (
    "One row a sector, quarter or campaign: raw and corrected flux, background, position of the light (x and y) and quality "
    "flags, with the predicted transits as bands and momentum dumps as ticks along the top.",
    "A planet dips in raw and corrected flux alike, while background and position stay still and no flag or momentum dump stands "
    "in the bands.",
)
SCATTER_CAPTION = (
    "Where the light falls in transit (coloured) and beside it (grey), with the mean and its error of each.",
    "Both means lie on each other. If the light moves away in transit, something else than the target gets fainter; a small "
    "move of a deep transit comes from fainter stars in the aperture.",
)
#: So many observations are drawn unless others are asked for; more rows are slow, and nobody reads them.
MOST_ROWS = 6
#: Points of one trace at most: charts of vectors stay quick.
MOST_POINTS = 1500
ROW_PX, TITLE_PX = 150, 70
#: A row with many kinds of flags is as high as their words need [px each].
FLAG_PX = 12
#: Part of the figure's width that the words of the flags need beside their panel.
WORDS_WIDTH = 0.075
FLUX, BACKGROUND, POSITION, FLAGS = 1, 2, 3, 4
WIDTHS = (0.34, 0.2, 0.24, 0.22)
TITLES = ("Flux [ppt]", "Background [% of its median]", "Position [thousandths of a pixel]", "Quality flags")
#: Raw flux, and the second of two directions: brown, which blue and grey are told from by all eyes and on both grounds.
RAW = "#B5793A"
X_COLOUR, Y_COLOUR = colours.TREND, RAW
SCATTER_PX = 330
#: Colours of what is in transit and what is beside it.
IN_TRANSIT, BESIDE = colours.CHOSEN, colours.CADENCES

_Array = NDArray[np.float64]


def pixel_figure(
    pixels: Sequence[PixelColumns | None], ephemerides: Sequence[Ephemeris] = (), rows: Sequence[int] | None = None
) -> go.Figure | None:
    """The figure of observations ``rows`` (places in ``pixels``; the first few that say anything where None); None without any.

    Each row has flux (raw and corrected, ppt about their medians), background, position and flags on axes of the same time.
    """
    shown = rows_shown(pixels) if rows is None else tuple(i for i in rows if pixels[i] is not None)[:MOST_ROWS]
    drawn = [one for i in shown if (one := pixels[i]) is not None]
    if not drawn:
        return None
    figure = make_subplots(
        rows=len(drawn), cols=len(WIDTHS), column_widths=list(WIDTHS), column_titles=list(TITLES),
        vertical_spacing=min(0.08, 0.2 / len(drawn)), horizontal_spacing=0.045,
    )  # fmt: skip
    for annotation in figure.layout.annotations:
        annotation.font.size = 12
    most = 0
    for row, one in enumerate(drawn, start=1):
        most = max(most, _draw_row(figure, one, ephemerides, row))
    _once_in_legend(figure)
    height = max(ROW_PX, FLAG_PX * most + 40)
    dress(figure, height * len(drawn) + TITLE_PX + 30, top=TITLE_PX, identity=" ".join(one.observation for one in drawn))
    figure.update_layout(margin={"l": 8, "r": 12, "t": TITLE_PX, "b": 8})
    figure.update_xaxes(title_text=f"{drawn[-1].system} [d]", row=len(drawn))
    # Flags are words on an axis of their own, without lines behind them.
    figure.update_yaxes(showgrid=False, row="all", col=FLAGS)
    for axis in figure.select_xaxes(col=FLAGS):
        axis.domain = (axis.domain[0] + WORDS_WIDTH, axis.domain[1])
    return figure


def rows_shown(pixels: Sequence[PixelColumns | None]) -> tuple[int, ...]:
    """Places of the observations that are drawn where none are asked for: the first MOST_ROWS with any column."""
    return tuple(i for i, one in enumerate(pixels) if one is not None)[:MOST_ROWS]


def centroid_figure(shift: CentroidShift, simulated: bool = False) -> go.Figure:
    """Positions in and beside transit about the line beside it, in thousandths of a pixel, with both means and their errors."""
    figure = go.Figure()
    beside = np.flatnonzero(~shift.inside)
    inside = np.flatnonzero(shift.inside)
    for pick, colour, name in ((beside, BESIDE, "Beside transit"), (inside, IN_TRANSIT, "In transit")):
        pick = pick[:: max(1, -(-len(pick) // MOST_POINTS))]
        figure.add_trace(
            go.Scatter(
                x=(shift.x[pick] * PPT).astype(np.float32), y=(shift.y[pick] * PPT).astype(np.float32), mode="markers", name=name,
                marker={"color": colour, "size": 3.5, "opacity": 0.45},
                hovertemplate="x %{x:.2f}, y %{y:.2f}<extra>" + name + "</extra>",
            )
        )  # fmt: skip
    zero = [float(np.mean(v[beside])) if len(beside) else 0.0 for v in (shift.x, shift.y)]
    _mean(figure, (zero[0], zero[1]), (0.0, 0.0), BESIDE, "Mean beside transit")
    _mean(figure, (shift.dx, shift.dy), (shift.dx_err, shift.dy_err), IN_TRANSIT, "Mean in transit")
    label = " (simulated)" if simulated else ""
    dress(figure, SCATTER_PX, top=44, identity="centroid")
    reach = _reach(shift)
    figure.update_xaxes(title_text=f"x [thousandths of a pixel]{label}", range=[-reach, reach])
    figure.update_yaxes(title_text="y [thousandths of a pixel]", range=[-reach, reach], scaleanchor="x", constrain="domain")
    return figure


def _mean(figure: go.Figure, at: tuple[float, float], error: tuple[float, float], colour: str, name: str) -> None:
    """A mean position [pixels] with its errors, as a cross."""
    bars = {"thickness": 1.6, "width": 4, "color": colour}
    (x, y), (ex, ey) = (tuple(v * PPT for v in pair) for pair in (at, error))
    figure.add_trace(
        go.Scatter(
            x=np.array([x]), y=np.array([y]), mode="markers", name=name, showlegend=False,
            error_x={"array": np.array([ex]), **bars}, error_y={"array": np.array([ey]), **bars},
            marker={"color": colour, "size": 11, "symbol": "x", "line": {"color": "white", "width": 1}},
            hovertemplate=f"x %{{x:.3f}} ± {ex:.3f}, y %{{y:.3f}} ± {ey:.3f}<extra>{name}</extra>",
        )
    )  # fmt: skip


def _reach(shift: CentroidShift) -> float:
    """Half the width of the scatter's axes: most cadences, and both means."""
    sizes = [float(np.quantile(np.abs(v), 0.98)) for v in (shift.x, shift.y) if len(v)]
    return PPT * 1.2 * max([1e-7, *sizes, abs(shift.dx) + shift.dx_err, abs(shift.dy) + shift.dy_err])


def _draw_row(figure: go.Figure, one: PixelColumns, ephemerides: Sequence[Ephemeris], row: int) -> int:
    """Draw an observation; how many kinds of flags it has."""
    inside = any_in_transit(ephemerides, one.time, one.system)
    pick = _picked(inside)
    start, stop = float(one.time[0]), float(one.time[-1])
    series: list[tuple[int, _Array, str, str]] = []
    for values, colour, name in ((one.sap, RAW, "Raw (SAP)"), (one.pdcsap, colours.CADENCES, "Corrected (PDCSAP)")):
        if values is not None:
            series.append((FLUX, (values / _median(values) - 1) * PPT, colour, name))
    if one.background is not None:
        series.append((BACKGROUND, 100 * one.background / _median(one.background), colours.CADENCES, "Background"))
    for values, colour, name in ((one.x, X_COLOUR, "x"), (one.y, Y_COLOUR, "y")):
        if values is not None:
            series.append((POSITION, (values - _median(values)) * PPT, colour, name))
    good = _usable(one)
    ranges = {c: _range([s[1][good] for s in series if s[0] == c], inside[good]) for c in (FLUX, BACKGROUND, POSITION)}
    for column, y, colour, name in series:
        _trace(figure, one.time[pick], y[pick], colour, name, row, column)
    for column in (FLUX, BACKGROUND, POSITION):
        _draw_bands(figure, one, ephemerides, ranges[column], row, column)
        figure.update_yaxes(range=list(ranges[column]), row=row, col=column)
    _draw_dumps(figure, one, ranges[FLUX], row)
    words = _draw_flags(figure, one, row)
    _draw_bands(figure, one, ephemerides, (-0.5, max(len(words), 1) - 0.5), row, FLAGS)
    room = 0.01 * (stop - start)
    for column in (FLUX, BACKGROUND, POSITION, FLAGS):
        # The panels of a row are zoomed together.
        figure.update_xaxes(range=[start - room, stop + room], row=row, col=column)
        if column != FLUX:
            first = next(figure.select_xaxes(row=row, col=FLUX)).plotly_name.removeprefix("xaxis")
            figure.update_xaxes(matches=f"x{first}", row=row, col=column)
    label = f"{one.observation} (simulated)" if one.simulated else one.observation
    # Names of files are too long for an axis; they stand at the foot of the panel.
    figure.add_annotation(
        text=label, x=start, y=ranges[FLUX][0], xanchor="left", yanchor="bottom", showarrow=False, font={"size": 10},
        row=row, col=FLUX,
    )  # fmt: skip
    return len(words)


def _usable(one: PixelColumns) -> NDArray[np.bool_]:
    """Cadences without the mission's default quality bits, all where no others are there: these set the ranges."""
    if one.quality is None:
        return np.ones(len(one.time), bool)
    mission = missions.TESS if one.system is TimeSystem.BTJD else missions.KEPLER
    good: NDArray[np.bool_] = (one.quality & mission.quality_bitmask) == 0
    return good if good.any() else np.ones(len(one.time), bool)


def _picked(keep: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Places of at most MOST_POINTS cadences: up to half of them in transit, evenly chosen, the others evenly from the rest."""
    if len(keep) <= MOST_POINTS:
        return np.arange(len(keep))
    inside, rest = np.flatnonzero(keep), np.flatnonzero(~keep)
    inside = inside[:: max(1, -(-len(inside) // (MOST_POINTS // 2)))]
    room = max(1, MOST_POINTS - len(inside))
    return np.sort(np.r_[inside, rest[:: max(1, -(-len(rest) // room))]])


def _median(values: _Array) -> float:
    middle = float(np.nanmedian(values))
    return middle if middle != 0 else 1.0


def _range(series: Sequence[_Array], inside: NDArray[np.bool_]) -> tuple[float, float]:
    """A range that holds the most of the scatter and all but the extremes of what lies in transit."""
    known = [v[np.isfinite(v)] for v in series]
    known = [v for v in known if len(v)]
    if not known:
        return -1.0, 1.0
    low = min(float(np.quantile(v, 0.005)) for v in known)
    high = max(float(np.quantile(v, 0.995)) for v in known)
    dips = [v[inside & np.isfinite(v)] for v in series]
    ends = [float(np.quantile(v, part)) for v in dips if len(v) for part in (0.02, 0.98)]
    low, high = min([low, *ends]), max([high, *ends])
    room = 0.12 * max(high - low, 1e-6)
    return low - room, high + room


def _trace(figure: go.Figure, x: _Array, y: _Array, colour: str, name: str, row: int, column: int) -> None:
    figure.add_trace(
        go.Scatter(
            x=x, y=y.astype(np.float32), mode="markers", marker={"color": colour, "size": 2.6, "opacity": 0.65}, name=name,
            legendgroup=name, showlegend=True, hovertemplate="%{x:.3f}: %{y:.3f}<extra>" + name + "</extra>",
        ),
        row=row, col=column,
    )  # fmt: skip


def _draw_bands(
    figure: go.Figure, one: PixelColumns, ephemerides: Sequence[Ephemeris], span: tuple[float, float], row: int, column: int
) -> None:
    for k, ephemeris in enumerate(ephemerides):
        found = bands(ephemeris, float(one.time[0]), float(one.time[-1]), one.system)
        for trusted in (True, False):
            x, y = found.outline(*span, trusted=trusted)
            if len(x):
                colour = colours.planet(k)
                figure.add_trace(
                    go.Scatter(
                        x=x, y=y, mode="lines", fill="toself", hoverinfo="skip", name=ephemeris.name, legendgroup=f"planet {k}",
                        fillcolor=colours.faded(colour, colours.BAND_OPACITY) if trusted else "rgba(0,0,0,0)",
                        line={"color": colours.faded(colour, colours.BAND_OPACITY) if trusted else colour, "width": 1.0},
                        showlegend=True,
                    ),
                    row=row, col=column,
                )  # fmt: skip


def _draw_dumps(figure: go.Figure, one: PixelColumns, span: tuple[float, float], row: int) -> None:
    """Momentum dumps as ticks along the top of the flux: a line each of a fifteenth of the panel."""
    at = columns.dump_times(one)[: MOST_POINTS // 3]
    if len(at) == 0:
        return
    top, bottom = span[1], span[1] - (span[1] - span[0]) / 15
    x = np.stack([at, at, np.full(len(at), np.nan)], axis=1).ravel()
    figure.add_trace(
        go.Scatter(
            x=x, y=np.tile([top, bottom, np.nan], len(at)), mode="lines", line={"color": colours.CHOSEN, "width": 1.4},
            name="Momentum dumps", legendgroup="dumps", showlegend=True, hovertemplate="%{x:.3f}<extra>Momentum dump</extra>",
        ),
        row=row, col=FLUX,
    )  # fmt: skip


def _draw_flags(figure: go.Figure, one: PixelColumns, row: int) -> tuple[str, ...]:
    """The quality flags as rows of ticks; the words of those that are set, from the bottom up."""
    found = columns.flags_in_words(one)
    words = tuple(found)
    for level, word in enumerate(words):
        at = found[word][:: max(1, -(-len(found[word]) // MOST_POINTS))]
        colour = colours.CHOSEN if word in ("momentum dump", "thruster firing") else colours.CADENCES
        figure.add_trace(
            go.Scatter(
                x=at, y=np.full(len(at), float(level)), mode="markers", name=word, showlegend=False,
                marker={"color": colour, "symbol": "line-ns", "size": 8, "line": {"color": colour, "width": 1.2}},
                hovertemplate="%{x:.3f}<extra>" + word + "</extra>",
            ),
            row=row, col=FLAGS,
        )  # fmt: skip
    said = words or ("none set" if one.quality is not None else "the product has none",)
    axis: dict[str, Any] = {"range": [-0.6, len(said) - 0.4], "tickvals": list(range(len(said))), "ticktext": list(said)}
    if not words:
        # Without any trace a browser leaves the panel and its axes out.
        figure.add_trace(
            go.Scatter(x=one.time[:1], y=np.zeros(1), mode="markers", marker={"opacity": 0}, hoverinfo="skip", showlegend=False),
            row=row, col=FLAGS,
        )  # fmt: skip
    figure.update_yaxes(**axis, tickfont={"size": 9}, row=row, col=FLAGS)
    return words


def _once_in_legend(figure: go.Figure) -> None:
    seen: set[str] = set()
    for trace in figure.data:
        if trace.showlegend:
            trace.showlegend = trace.legendgroup not in seen
            seen.add(trace.legendgroup)
