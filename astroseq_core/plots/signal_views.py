"""A signal as the classifier sees it: folded views, odd over even, secondary, and its transits one by one."""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from astroseq_core.plots import style
from astroseq_core.plots._ranges import padded_range
from astroseq_core.plots.style import apply_layout
from astroseq_core.signals.fold_views import StarViews
from astroseq_core.signals.pictures import MIN_SECONDARY_SIGMA, SignalPictures

#: Caption: what the figure shows, and what good looks like.
SIGNAL_VIEWS_CAPTION = (
    "The signal as the classifier sees it, in units of its depth: the whole orbit and the transit, folded and binned, with a "
    "trend that no transit affects; bins without cadences are open circles, filled in from their neighbors. Below, odd and even "
    "transits, the most significant other dip of the orbit (else phase 0.5), and the transits one by one.",
    "A planet has one dip with steep sides and a flat bottom, equal odd and even transits, nothing in the rest of the orbit, and "
    "the same dip in every row. Unequal odd and even transits, a second dip or a V speak for a binary; a wave, or a dip in a few "
    "rows only, for no transit.",
)
SIGNAL_VIEWS_HEIGHT = 470
#: Panels, as row and column.
_GLOBAL, _LOCAL, _ODD_EVEN, _SECONDARY, _TRANSITS = (1, 1), (1, 3), (2, 1), (2, 2), (2, 3)
#: Room that all panels have above and below, in depths, and the least and most that they reach to.
_ROOM, _LEAST_TOP, _MOST_TOP = 0.06, 0.25, 1.5

_Array = NDArray[np.floating]


def signal_views_figure(found: StarViews, pictures: SignalPictures, row: int = 0, index: int = 0) -> go.Figure:
    """Plot the views of a signal in five panels.

    Parameters
    ----------
    found : StarViews
        Views of the signals of a star.
    pictures : SignalPictures
        Odd, even and secondary views and the transits of the same signals.
    row : int, optional
        Row of the signal among them.
    index : int, optional
        Index of the signal in the ephemerides, which sets its color.

    Returns
    -------
    Figure
        Global and local view above; odd and even, secondary, and single transits below.
    """
    views, color = found.views, style.planet_color(index)
    single = not np.isfinite(views.period_days[row])
    titles = (
        "The days around it" if single else "Whole orbit",
        "Transit",
        "Odd and even transits",
        "Secondary" if single else _secondary_title(float(pictures.secondary_phase[row])),
        "Each transit",
    )
    figure = make_subplots(
        rows=2,
        cols=3,
        specs=[[{"colspan": 2}, None, {}], [{}, {}, {}]],
        subplot_titles=titles,
        horizontal_spacing=0.06,
        vertical_spacing=0.2,
    )
    hours = pictures.local_hours[row]
    half = float(views.duration_hours[row]) / 2
    low, high = _flux_range(views.global_view[row], views.local_view[row])
    for panel in (_LOCAL, _ODD_EVEN, _SECONDARY):
        _draw_band(figure, panel, half, color)
    orbit = pictures.global_days[row] if single else pictures.global_days[row] / float(views.period_days[row])
    where = "%{x:.2f} d" if single else "phase %{x:.3f}"
    _draw_view(figure, _GLOBAL, orbit, views.global_view[row], found.filled_global[row], color, where)
    _draw_view(figure, _LOCAL, hours, views.local_view[row], found.filled_local[row], color, "%{x:.2f} h")
    for panel, view, name, shade in (
        (_ODD_EVEN, pictures.odd_view[row], "Odd", style.ODD_COLOR),
        (_ODD_EVEN, pictures.even_view[row], "Even", style.EVEN_COLOR),
        (_SECONDARY, pictures.secondary_view[row], "Secondary", color),
    ):
        _draw_curve(figure, panel, hours, view, name, shade)
    if single:
        _draw_note(figure, _ODD_EVEN, "one transit: nothing to compare")
        _draw_note(figure, _SECONDARY, "the orbit is not known")
    _draw_transits(figure, hours, pictures.transits[row], pictures.transit_numbers[row])
    style.put_toolbar_beside(apply_layout(figure, SIGNAL_VIEWS_HEIGHT, top=44, identity=f"signal views {row}"))
    figure.update_annotations(selector={"yanchor": "bottom"}, font={"size": style.FONT_SIZE})
    for panel in (_GLOBAL, _LOCAL, _ODD_EVEN, _SECONDARY):
        figure.update_yaxes(range=[low, high], row=panel[0], col=panel[1])
    for panel in (_LOCAL, _ODD_EVEN, _SECONDARY, _TRANSITS):
        figure.update_xaxes(title_text="Hours", range=[float(hours[0]), float(hours[-1])], row=panel[0], col=panel[1])
    figure.update_xaxes(title_text="Days" if single else "Phase", range=[float(orbit[0]), float(orbit[-1])], row=1, col=1)
    figure.update_yaxes(title_text="Depths", row=1, col=1)
    figure.update_yaxes(title_text="Depths", row=2, col=1)
    for update in (figure.update_xaxes, figure.update_yaxes):
        update(showgrid=False, row=_TRANSITS[0], col=_TRANSITS[1])  # lines would shine through the rows
    return figure


def _secondary_title(phase: float) -> str:
    return f"Phase 0.5: no other dip over {MIN_SECONDARY_SIGMA:g} σ" if phase == 0.5 else f"The other dip, at phase {phase:.3f}"


def _flux_range(*views: _Array) -> tuple[float, float]:
    """Return the range of all flux panels, in depths: two views may not look unequally deep only because their axes are."""
    top = max(_LEAST_TOP, *(float(view.max()) for view in views))
    return padded_range(-1.15, min(top, _MOST_TOP), _ROOM)


def _draw_band(figure: go.Figure, panel: tuple[int, int], half: float, color: str) -> None:
    figure.add_vrect(
        x0=-half, x1=half, fillcolor=style.with_opacity(color, 0.18), line_width=0, layer="below", row=panel[0], col=panel[1]
    )


def _draw_view(
    figure: go.Figure, panel: tuple[int, int], x: _Array, view: _Array, filled: NDArray[np.bool_], color: str, where: str
) -> None:
    """Draw the bins of a view, those without cadences as open circles, joined by a line."""
    marker = {"size": 4.5, "color": np.where(filled, "rgba(0,0,0,0)", color), "line": {"color": color, "width": 1}}
    figure.add_trace(
        go.Scatter(
            x=x.astype(np.float32),
            y=view.astype(np.float32),
            mode="lines+markers",
            line={"color": style.CADENCE_COLOR, "width": 1},
            marker=marker,
            name="Bins",
            showlegend=False,
            customdata=np.where(filled, "no cadence, filled in", "median of a bin"),
            hovertemplate=where + ": %{y:.2f}<extra>%{customdata}</extra>",
        ),
        row=panel[0],
        col=panel[1],
    )


def _draw_curve(figure: go.Figure, panel: tuple[int, int], x: _Array, view: _Array, name: str, color: str) -> None:
    """Draw a view as a line; a missing one keeps its panel."""
    known = bool(np.isfinite(view).any())
    figure.add_trace(
        go.Scatter(
            x=x.astype(np.float32),
            y=(view if known else np.zeros(len(view))).astype(np.float32),
            mode="lines",
            opacity=1.0 if known else 0.0,
            line={"color": color, "width": 2},
            name=name,
            showlegend=known and panel == _ODD_EVEN,
            hoverinfo=None if known else "skip",
            hovertemplate="%{x:.2f} h: %{y:.2f}<extra>" + name + "</extra>" if known else None,
        ),
        row=panel[0],
        col=panel[1],
    )


def _draw_note(figure: go.Figure, panel: tuple[int, int], text: str) -> None:
    axis = next(figure.select_xaxes(row=panel[0], col=panel[1])).plotly_name.removeprefix("xaxis")
    figure.add_annotation(
        text=text, xref=f"x{axis} domain", yref=f"y{axis} domain", x=0.5, y=0.5, yanchor="middle", showarrow=False
    )


def _draw_transits(figure: go.Figure, hours: _Array, rows: _Array, numbers: _Array) -> None:
    """Draw one row a transit, the first on top, bluer where fainter."""
    shown = np.isfinite(numbers)
    found = np.asarray(rows[shown], np.float32)
    figure.add_trace(
        go.Heatmap(
            x=hours.astype(np.float32),
            y=np.arange(len(found)),
            z=np.clip(found, -3, 3),
            colorscale=style.ROWS_SCALE,
            zmin=-1.2,
            zmax=1.2,
            showscale=False,
            hoverongaps=False,
            customdata=np.repeat(numbers[shown].astype(np.int64)[:, None], len(hours), axis=1),
            hovertemplate="transit %{customdata}, %{x:.1f} h: %{z:.2f}<extra></extra>",
        ),
        row=_TRANSITS[0],
        col=_TRANSITS[1],
    )
    marked = np.unique(np.linspace(0, max(len(found) - 1, 0), min(len(found), 5)).astype(np.int64))
    figure.update_yaxes(
        autorange="reversed",
        tickvals=marked,
        ticktext=[str(int(n)) for n in numbers[shown][marked]],
        row=_TRANSITS[0],
        col=_TRANSITS[1],
    )
