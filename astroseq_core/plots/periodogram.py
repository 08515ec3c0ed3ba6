"""Periodograms with the adopted period and its aliases marked."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from astroseq_core.plots import style
from astroseq_core.plots.style import apply_layout
from astroseq_core.vetting.periodogram import Periodogram

#: Caption: what the figure shows, and what good looks like.
CAPTION = (
    "How well each period fits, by box least squares (BLS) and transit least squares (TLS); ticks along the top are the period "
    "in hand and its multiples and fractions.",
    "The highest peak stands at P in both. A higher one at 2P or P/2 means that the period is taken wrong by that factor; a "
    "broad hill instead of a needle is a star that varies.",
)
PANEL_PX, TITLE_PX = 210, 40
METHOD_NAMES = {"bls": "BLS", "tls": "TLS"}
TICKS_DAYS = (0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
#: Aliases that are marked, as factors of the adopted period: itself, halves and doubles, thirds and triples.
ALIASES = (("P", 1.0), ("P/2", 0.5), ("2P", 2.0), ("P/3", 1 / 3), ("3P", 3.0))


def alias_periods(period_days: float) -> tuple[tuple[str, float], ...]:
    """Return the adopted period and its aliases.

    Parameters
    ----------
    period_days : float
        Adopted period [d].

    Returns
    -------
    tuple of (str, float)
        Name and period [d] of each alias, P first.

    Examples
    --------
    >>> alias_periods(6.0)
    (('P', 6.0), ('P/2', 3.0), ('2P', 12.0), ('P/3', 2.0), ('3P', 18.0))
    """
    return tuple((name, factor * period_days) for name, factor in ALIASES)


def periodogram_figure(spectra: Sequence[Periodogram], period_days: float | None = None) -> go.Figure:
    """Plot periodograms in panels with a common period axis.

    Parameters
    ----------
    spectra : sequence of Periodogram
        Periodograms, one panel each.
    period_days : float, optional
        Adopted period [d], marked with its aliases.

    Returns
    -------
    Figure
        The panels.
    """
    figure = make_subplots(rows=max(1, len(spectra)), cols=1, shared_xaxes=True, vertical_spacing=0.06)
    low = min((float(s.period_days[0]) for s in spectra if len(s.period_days)), default=0.4)
    high = max((float(s.period_days[-1]) for s in spectra if len(s.period_days)), default=10.0)
    for row, one in enumerate(spectra, start=1):
        top = float(one.power.max()) if len(one.power) else 1.0
        bottom = min(0.0, float(one.power.min())) if len(one.power) else 0.0
        room = 0.2 * max(top - bottom, 1e-9)
        figure.add_trace(
            go.Scatter(
                x=one.period_days,
                y=one.power.astype(np.float32),
                mode="lines",
                line={"color": style.CADENCE_COLOR, "width": 1},
                name=METHOD_NAMES[one.method],
                showlegend=False,
                hovertemplate=f"%{{x:.5f}} d, {one.unit} %{{y:.1f}}<extra>{METHOD_NAMES[one.method]}</extra>",
            ),
            row=row,
            col=1,
        )
        _mark_best(figure, one, row)
        if period_days is not None:
            _mark_aliases(figure, period_days, (low, high), top + room, room, row)
        figure.update_yaxes(
            title_text=f"{METHOD_NAMES[one.method]}: {one.unit}", range=[bottom, top + 1.4 * room], row=row, col=1
        )
    apply_layout(figure, PANEL_PX * max(1, len(spectra)) + TITLE_PX, top=TITLE_PX, identity=" ".join(s.method for s in spectra))
    figure.update_yaxes(title_font={"size": 11})
    figure.update_xaxes(type="log", tickvals=list(TICKS_DAYS), ticktext=[f"{d:g}" for d in TICKS_DAYS])
    figure.update_xaxes(range=[float(np.log10(low)), float(np.log10(high))])
    figure.update_xaxes(title_text="Period [d]", row=max(1, len(spectra)))
    return figure


def _mark_best(figure: go.Figure, one: Periodogram, row: int) -> None:
    figure.add_trace(
        go.Scatter(
            x=np.array([one.found.period_days]),
            y=np.array([one.found.statistic]),
            mode="markers",
            name="Best period",
            legendgroup="best",
            showlegend=row == 1,
            marker={"color": style.TREND_COLOR, "size": 9, "symbol": "circle-open", "line": {"width": 2}},
            hovertemplate="best: %{x:.5f} d, %{y:.1f}<extra>" + METHOD_NAMES[one.method] + "</extra>",
        ),
        row=row,
        col=1,
    )


def _mark_aliases(figure: go.Figure, period: float, span: tuple[float, float], top: float, length: float, row: int) -> None:
    """Draw named ticks at the aliases, from the top down, within the range of periods."""
    for name, at in alias_periods(period):
        if not span[0] <= at <= span[1]:
            continue
        main = name == "P"
        color = style.SELECTED_COLOR if main else style.planet_color(0)
        figure.add_trace(
            go.Scatter(
                x=np.array([at, at]),
                y=np.array([top - length * (1.0 if main else 0.55), top]),
                mode="lines+text",
                text=["", name],
                textposition="top center",
                textfont={"color": color, "size": 11},
                line={"color": color, "width": 2.2 if main else 1.6},
                name="Adopted period" if main else "Its aliases",
                legendgroup="P" if main else "aliases",
                showlegend=row == 1 and name in ("P", "P/2"),
                hovertemplate=f"{name}: {at:.5f} d<extra></extra>",
            ),
            row=row,
            col=1,
        )
