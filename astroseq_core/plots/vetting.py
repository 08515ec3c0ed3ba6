"""Vetting panels: orbit, transit, odd against even, secondary search, each transit, depths."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from astroseq_core.plots import _points, style
from astroseq_core.plots._points import ImageFrame
from astroseq_core.plots._ranges import padded_range, scatter_range_ppt
from astroseq_core.plots.style import PPT, apply_layout
from astroseq_core.vetting.checks.base import format_depth
from astroseq_core.vetting.depths import SingleTransit
from astroseq_core.vetting.examine import Examination
from astroseq_core.vetting.odd_even import HalfFold

#: Height of the figure, and size of one panel on a laptop screen [px].
HEIGHT, PANEL_PX = 396, (318, 146)
ORBIT, TRANSIT, ODD_EVEN, SECONDARY, EACH, DEPTHS = ((r, c) for r in (1, 2) for c in (1, 2, 3))
#: Symbols of odd and even transits, which tell them apart without their colors.
ODD_SYMBOL, EVEN_SYMBOL = "circle", "diamond"
#: Maximum numbers of columns (none narrower than a cadence) and rows (means of neighbors) of a map of transits.
MAP_COLUMNS, MAP_ROWS = 60, 60
#: Deviation that has the full color of a map of transits, where no dip is deeper [sigma of its cells].
PALE_SIGMA = 3.0
#: Legend group of the marks that are clicked to move the epoch.
PHASE_MARKS = "phase"
#: Significance marked by a line in the secondary search [sigma].
SIGNIFICANT_SIGMA = 3.0


@dataclass(frozen=True)
class PanelCaptions:
    """Captions of the vetting panels.

    Attributes
    ----------
    what : str
        What the panels show.
    good : str
        What good looks like.
    """

    what: str = (
        "From left to right, top: the whole orbit folded; the transit with binned medians, their errors and the fitted transit; "
        "odd transits against even ones. Below: how significant a dip of the transit's duration is at every other phase; the "
        "single transits, one a row, the first at the top, bluer where fainter; the depth of each with its error."
    )
    good: str = (
        "A planet: one dip in the whole orbit, a flat floor or a rounded U, odd and even equally deep, nothing significant at "
        "phase 0.5 or elsewhere, every transit there and equally deep. Click a mark in the whole orbit to move the epoch there."
    )


def vetting_panels_figure(examined: Examination) -> go.Figure:
    """Plot the six vetting panels of a signal.

    Parameters
    ----------
    examined : Examination
        Examination of the signal.

    Returns
    -------
    Figure
        Fluxes in ppt; depths in the titles in ppm with errors.
    """
    figure = make_subplots(rows=2, cols=3, vertical_spacing=0.2, horizontal_spacing=0.062, subplot_titles=_panel_titles(examined))
    _draw_orbit(figure, examined)
    _draw_transit(figure, examined)
    _draw_odd_even(figure, examined)
    _draw_secondary(figure, examined)
    _draw_each_transit(figure, examined)
    _draw_depths(figure, examined)
    apply_layout(
        figure, HEIGHT, top=22, legend=False, identity=f"{examined.ephemeris.target_id} {examined.ephemeris.period_days}"
    )
    figure.update_annotations(font={"size": 12}, yshift=-2)
    figure.update_layout(margin={"l": 4, "b": 4})
    style.put_toolbar_beside(figure)
    for (row, col), x, y in (
        (ORBIT, "Phase", "Flux [ppt]"),
        (TRANSIT, "Hours from mid-transit", ""),
        (ODD_EVEN, "Odd | even, hours", ""),
        (SECONDARY, "Phase", "Significance [σ]"),
        (EACH, "Hours from mid-transit", ""),
        (DEPTHS, "Transit number", ""),
    ):
        figure.update_xaxes(title={"text": x}, row=row, col=col)
        figure.update_yaxes(title={"text": y}, nticks=5, row=row, col=col)
    for update in (figure.update_xaxes, figure.update_yaxes):
        update(showgrid=False, row=EACH[0], col=EACH[1])  # lines would shine through the rows
    return figure


def _panel_titles(examined: Examination) -> list[str]:
    fit, second = examined.fit, examined.secondary
    transit = (
        "Transit" if fit is None else f"Transit: {format_depth(fit.depth_ppm, fit.depth_err_ppm)}, {fit.duration_hours:.2f} h"
    )
    odd = "Odd against even"
    if examined.odd_even_sigma is not None:
        odd = f"Odd against even: differ by {examined.odd_even_sigma:.1f} σ"
    secondary = "Secondary"
    if second is not None:
        at_half = "" if second.half_sigma is None else f"{second.half_sigma:.1f} σ at 0.5"
        strongest = ""
        if second.strongest_sigma is not None and second.strongest_phase is not None:
            strongest = f"{second.strongest_sigma:.1f} σ at {second.strongest_phase:.2f}"
        secondary = f"Secondary: {', '.join(filter(None, (at_half, strongest))) or 'none'}"
    count = sum(t.depth_ppm is not None for t in examined.transits)
    each = f"Each of {count} transit{'s' * (count != 1)}"
    return ["Whole orbit", transit, odd, secondary, each, "Depth of each transit [ppt]"]


def _dip_floor(examined: Examination) -> float:
    """Return the level [ppt] down to which the dip is shown: of the fit, else of the bins."""
    if examined.fit is not None:
        return -abs(examined.fit.depth_ppm) / PPT * 1.08
    return float(np.nanmin(examined.fold.bin_median)) * PPT if len(examined.fold.bin_median) else 0.0


def _draw_cloud(
    figure: go.Figure,
    place: tuple[int, int],
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    span: tuple[float, float],
    limits: tuple[float, float],
) -> None:
    """Draw all cadences as an image and set the panel's ranges."""
    row, col = place
    frame = ImageFrame(span, limits, *PANEL_PX)
    inside = int(np.count_nonzero((x >= span[0]) & (x <= span[1])))
    _points.add_image(
        figure, _points.point_cloud_png(x, y, frame, point_px=_points.point_size_px(inside)), frame, row=row, col=col
    )
    figure.update_xaxes(range=span, row=row, col=col)
    figure.update_yaxes(range=limits, row=row, col=col)


def _draw_marks(
    figure: go.Figure,
    place: tuple[int, int],
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    error: NDArray[np.floating] | None,
    color: str,
    hover: str,
    *,
    size: float = 5,
    symbol: str = "circle",
    group: str = "",
) -> None:
    """Draw measured values with their errors."""
    bars = {} if error is None else {"error_y": {"array": error, "thickness": 1.1, "width": 0, "color": color}}
    figure.add_trace(
        go.Scatter(
            x=x,
            y=y,
            mode="markers",
            marker={"color": color, "size": size, "symbol": symbol},
            showlegend=False,
            hovertemplate=hover,
            legendgroup=group or None,
            **bars,
        ),
        row=place[0],
        col=place[1],
    )


def _draw_line(
    figure: go.Figure,
    place: tuple[int, int],
    x: Sequence[float] | NDArray[np.floating],
    y: Sequence[float] | NDArray[np.floating],
    color: str,
    *,
    width: float = 1.6,
    dash: str = "solid",
) -> None:
    figure.add_trace(
        go.Scatter(
            x=np.asarray(x),
            y=np.asarray(y),
            mode="lines",
            line={"color": color, "width": width, "dash": dash},
            showlegend=False,
            hoverinfo="skip",
        ),
        row=place[0],
        col=place[1],
    )


def _draw_message(figure: go.Figure, place: tuple[int, int], words: str) -> None:
    """Draw an empty panel with a message."""
    row, col = place
    # A trace keeps the panel's axes, which an annotation alone would not.
    figure.add_trace(
        go.Scatter(x=[0.0], y=[0.0], mode="markers", marker={"opacity": 0}, hoverinfo="skip", showlegend=False), row=row, col=col
    )
    figure.add_annotation(
        text=words, x=0.5, y=0.5, xref="x domain", yref="y domain", showarrow=False, row=row, col=col, font={"size": 11}
    )
    figure.update_xaxes(showticklabels=False, range=[-1, 1], row=row, col=col)
    figure.update_yaxes(showticklabels=False, range=[-1, 1], row=row, col=col)


def _draw_orbit(figure: go.Figure, examined: Examination) -> None:
    whole = examined.phase
    if whole is None:
        _draw_message(figure, ORBIT, "a single transit has no orbit to fold")
        return
    limits = scatter_range_ppt(whole.flat, _dip_floor(examined))
    _draw_cloud(figure, ORBIT, whole.phase, whole.flat * PPT, (-0.25, 0.75), limits)
    _draw_marks(
        figure,
        ORBIT,
        whole.bin_phase,
        whole.bin_mean * PPT,
        None,
        style.TREND_COLOR,
        "phase %{x:.3f}<br>%{y:.3f} ppt<extra></extra>",
        size=4,
        group=PHASE_MARKS,
    )


def _draw_transit(figure: go.Figure, examined: Examination) -> None:
    fold = examined.fold
    if len(fold.flat) == 0:
        _draw_message(figure, TRANSIT, "no cadence near a predicted transit")
        return
    half, reach = fold.ephemeris.duration_hours / 2, float(np.max(np.abs(fold.phase_hours)))
    figure.add_vrect(
        x0=-half,
        x1=half,
        fillcolor=style.with_opacity(style.planet_color(0), 0.16),
        line_width=0,
        layer="below",
        row=TRANSIT[0],
        col=TRANSIT[1],
    )
    _draw_cloud(
        figure, TRANSIT, fold.phase_hours, fold.flat * PPT, (-reach, reach), scatter_range_ppt(fold.flat, _dip_floor(examined))
    )
    if examined.fit is not None:
        _draw_line(figure, TRANSIT, examined.fit.hours, examined.fit.model * PPT, style.FIT_COLOR, width=2.2)
    _draw_marks(
        figure,
        TRANSIT,
        fold.bin_hours,
        fold.bin_median * PPT,
        fold.bin_error * PPT,
        style.TREND_COLOR,
        "%{x:.2f} h<br>%{y:.3f} ppt<extra>bin</extra>",
    )


def _draw_odd_even(figure: go.Figure, examined: Examination) -> None:
    halves = [h for h in (examined.odd, examined.even) if h is not None]
    if len(halves) < 2:
        _draw_message(figure, ODD_EVEN, "needs an odd and an even transit")
        return
    reach = max(float(np.max(np.abs(h.bin_hours), initial=examined.ephemeris.duration_hours)) for h in halves) * 1.12
    lows = [float(np.min(h.bin_mean - h.bin_error, initial=0.0)) * PPT for h in halves]
    highs = [float(np.max(h.bin_mean + h.bin_error, initial=0.0)) * PPT for h in halves]
    limits = padded_range(min(lows), max(highs))
    figure.update_yaxes(range=limits, row=ODD_EVEN[0], col=ODD_EVEN[1])
    for half, shift, color, symbol, word in (
        (halves[0], -reach, style.ODD_COLOR, ODD_SYMBOL, "odd"),
        (halves[1], reach, style.EVEN_COLOR, EVEN_SYMBOL, "even"),
    ):
        _draw_half(figure, half, shift, reach, (color, symbol), word)
    _draw_line(figure, ODD_EVEN, [0, 0], limits, style.REFERENCE_COLOR, width=1)
    figure.update_xaxes(
        range=[-2 * reach, 2 * reach], tickvals=[-reach, reach], ticktext=["0", "0"], row=ODD_EVEN[0], col=ODD_EVEN[1]
    )


def _draw_half(figure: go.Figure, half: HalfFold, shift: float, reach: float, look: tuple[str, str], word: str) -> None:
    """Draw the odd or the even transits in a color and symbol, with their depth and its error as a band."""
    color, symbol = look
    low, high = (-(half.depth_ppm + sign * half.depth_err_ppm) / PPT for sign in (1, -1))
    corners = ([shift - reach, shift + reach, shift + reach, shift - reach], [low, low, high, high])
    figure.add_trace(
        go.Scatter(
            x=corners[0],
            y=corners[1],
            fill="toself",
            fillcolor=style.with_opacity(color, 0.3),
            line={"width": 0},
            mode="lines",
            hoverinfo="skip",
            showlegend=False,
        ),
        row=ODD_EVEN[0],
        col=ODD_EVEN[1],
    )
    text = f"{word}: {format_depth(half.depth_ppm, half.depth_err_ppm)}"
    x, y, error = half.bin_hours + shift, half.bin_mean * PPT, half.bin_error * PPT
    _draw_marks(figure, ODD_EVEN, x, y, error, color, f"{text}<extra></extra>", symbol=symbol)


def _draw_secondary(figure: go.Figure, examined: Examination) -> None:
    second = examined.secondary
    if second is None:
        _draw_message(figure, SECONDARY, "no phase outside transit to search")
        return
    top = max(float(np.nanmax(second.sigma, initial=0.0)), SIGNIFICANT_SIGMA) * 1.12
    bottom = min(float(np.nanmin(second.sigma, initial=0.0)), -SIGNIFICANT_SIGMA) * 1.05
    _draw_line(figure, SECONDARY, second.phase, second.sigma, style.CADENCE_COLOR, width=1.2)
    for level in (0.0, SIGNIFICANT_SIGMA):
        _draw_line(
            figure, SECONDARY, [0.0, 1.0], [level, level], style.REFERENCE_COLOR, width=1, dash="solid" if level == 0 else "dot"
        )
    strongest = (second.strongest_phase, second.strongest_depth_ppm, second.strongest_err_ppm, second.strongest_sigma)
    for (phase, ppm, error, sigma), symbol, word in (
        (strongest, "circle", "strongest"),
        ((0.5, second.half_depth_ppm, second.half_err_ppm, second.half_sigma), "diamond-open", "phase 0.5"),
    ):
        if phase is not None and ppm is not None and sigma is not None:
            _draw_marks(
                figure,
                SECONDARY,
                np.array([phase]),
                np.array([sigma]),
                None,
                style.TREND_COLOR,
                f"{word}: {format_depth(ppm, error)}<br>phase %{{x:.3f}}, %{{y:.1f}} σ<extra></extra>",
                size=9,
                symbol=symbol,
            )
    figure.update_yaxes(range=[bottom, top], row=SECONDARY[0], col=SECONDARY[1])
    figure.update_xaxes(range=[0.0, 1.0], row=SECONDARY[0], col=SECONDARY[1])


def _draw_each_transit(figure: go.Figure, examined: Examination) -> None:
    seen = [t for t in examined.transits if len(t.hours)]
    if not seen:
        _draw_message(figure, EACH, "no transit has data")
    else:
        _draw_map(figure, examined, seen)


def _draw_map(figure: go.Figure, examined: Examination, seen: Sequence[SingleTransit]) -> None:
    """Draw one row per transit, bluer where fainter, which shows drifts and missing transits."""
    reach = float(max(np.max(np.abs(t.hours)) for t in seen))
    cadence = max(c.cadence_minutes for c in examined.detrended) / 60
    columns = int(np.clip(2 * reach / cadence, 8, MAP_COLUMNS))
    edges = np.linspace(-reach, reach, columns + 1)
    together = -(-len(seen) // MAP_ROWS)
    groups = [seen[i : i + together] for i in range(0, len(seen), together)]
    rows = np.full((len(groups), columns), np.nan, np.float32)
    for k, group in enumerate(groups):
        hours, flat = (np.concatenate([getattr(t, name) for t in group]) for name in ("hours", "flat"))
        place = np.clip(np.digitize(hours, edges) - 1, 0, columns - 1)
        count = np.bincount(place, minlength=columns)
        with np.errstate(invalid="ignore"):
            rows[k] = np.where(count > 0, np.bincount(place, flat * PPT, columns) / count, np.nan)
    # Noise alone stays pale, so that a dip in every row is seen in it; the median keeps deep dips out of the scatter.
    scatter = 1.4826 * float(np.nanmedian(np.abs(rows - np.nanmedian(rows))))
    low = min(_dip_floor(examined), -PALE_SIGMA * scatter)
    figure.add_trace(
        go.Heatmap(
            x=(edges[1:] + edges[:-1]) / 2,
            y=np.arange(len(groups)),
            z=rows,
            colorscale=style.ROWS_SCALE,
            zmin=low,
            zmax=-low,  # as usual is in the middle of the scale
            showscale=False,
            hoverongaps=False,
            customdata=np.repeat(np.array([g[0].number for g in groups])[:, None], columns, axis=1),
            hovertemplate="transit %{customdata}, %{x:.1f} h<br>%{z:.2f} ppt<extra></extra>",
        ),
        row=EACH[0],
        col=EACH[1],
    )
    marked = np.unique(np.linspace(0, len(groups) - 1, 4).astype(int))
    figure.update_yaxes(
        autorange="reversed",
        tickvals=marked,
        ticktext=[str(groups[k][0].number) for k in marked],
        row=EACH[0],
        col=EACH[1],
    )
    figure.update_xaxes(range=[-reach, reach], row=EACH[0], col=EACH[1])


def _draw_depths(figure: go.Figure, examined: Examination) -> None:
    known = [t for t in examined.transits if t.depth_ppm is not None and t.depth_err_ppm is not None]
    if not known:
        _draw_message(figure, DEPTHS, "no transit has a measured depth")
        return
    for odd, color, symbol in ((True, style.ODD_COLOR, ODD_SYMBOL), (False, style.EVEN_COLOR, EVEN_SYMBOL)):
        these = [t for t in known if t.odd == odd]
        if these:
            values = np.array([[t.number, t.depth_ppm, t.depth_err_ppm] for t in these], np.float64)
            _draw_marks(
                figure,
                DEPTHS,
                values[:, 0],
                values[:, 1] / PPT,
                values[:, 2] / PPT,
                color,
                f"transit %{{x}}, {'odd' if odd else 'even'}<br>%{{y:.3f}} ppt<extra></extra>",
                symbol=symbol,
            )
    numbers = [t.number for t in known]
    mean = np.average([t.depth_ppm for t in known], weights=[1 / max(t.depth_err_ppm or 1.0, 1e-9) ** 2 for t in known]) / PPT
    _draw_line(figure, DEPTHS, [min(numbers) - 0.5, max(numbers) + 0.5], [mean, mean], style.REFERENCE_COLOR, width=1.4)
    _draw_line(figure, DEPTHS, [min(numbers) - 0.5, max(numbers) + 0.5], [0, 0], style.REFERENCE_COLOR, width=0.8, dash="dot")
