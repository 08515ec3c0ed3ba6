"""Periodograms, with the period in hand and its aliases marked."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from astroseq_core.figures import colours
from astroseq_core.figures.layout import dress
from astroseq_core.vetting.period_search import Spectrum

#: What the figure shows, and what good looks like.
CAPTION = (
    "How well each period fits, by box least squares (BLS) and transit least squares (TLS); ticks along the top are the period "
    "in hand and its multiples and fractions.",
    "The highest peak stands at P in both. A higher one at 2P or P/2 means that the period is taken wrong by that factor; a "
    "broad hill instead of a needle is a star that varies.",
)
PANEL_PX, TITLE_PX = 210, 40
NAMES = {"bls": "BLS", "tls": "TLS"}
TICKS_DAYS = (0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
#: The alias families that are marked, by factor of the period in hand: itself, halves and doubles, thirds and triples.
ALIASES = (("P", 1.0), ("P/2", 0.5), ("2P", 2.0), ("P/3", 1 / 3), ("3P", 3.0))


def alias_periods(period_days: float) -> tuple[tuple[str, float], ...]:
    """The period in hand and its aliases [d], each with its name, P first."""
    return tuple((name, factor * period_days) for name, factor in ALIASES)


def periodogram_figure(spectra: Sequence[Spectrum], period_days: float | None = None) -> go.Figure:
    """A panel for each spectrum on one axis of periods, the families of ``period_days`` marked where it is not None."""
    figure = make_subplots(rows=max(1, len(spectra)), cols=1, shared_xaxes=True, vertical_spacing=0.06)
    low = min((float(s.period_days[0]) for s in spectra if len(s.period_days)), default=0.4)
    high = max((float(s.period_days[-1]) for s in spectra if len(s.period_days)), default=10.0)
    for row, one in enumerate(spectra, start=1):
        top = float(one.power.max()) if len(one.power) else 1.0
        bottom = min(0.0, float(one.power.min())) if len(one.power) else 0.0
        room = 0.2 * max(top - bottom, 1e-9)
        figure.add_trace(
            go.Scatter(
                x=one.period_days, y=one.power.astype(np.float32), mode="lines", line={"color": colours.CADENCES, "width": 1},
                name=NAMES[one.method], showlegend=False,
                hovertemplate=f"%{{x:.5f}} d, {one.unit} %{{y:.1f}}<extra>{NAMES[one.method]}</extra>",
            ),
            row=row, col=1,
        )  # fmt: skip
        _mark_best(figure, one, row)
        if period_days is not None:
            _mark_aliases(figure, period_days, (low, high), top + room, room, row)
        figure.update_yaxes(title_text=f"{NAMES[one.method]}: {one.unit}", range=[bottom, top + 1.4 * room], row=row, col=1)
    dress(figure, PANEL_PX * max(1, len(spectra)) + TITLE_PX, top=TITLE_PX, identity=" ".join(s.method for s in spectra))
    figure.update_yaxes(title_font={"size": 11})
    figure.update_xaxes(type="log", tickvals=list(TICKS_DAYS), ticktext=[f"{d:g}" for d in TICKS_DAYS])
    figure.update_xaxes(range=[float(np.log10(low)), float(np.log10(high))])
    figure.update_xaxes(title_text="Period [d]", row=max(1, len(spectra)))
    return figure


def _mark_best(figure: go.Figure, one: Spectrum, row: int) -> None:
    figure.add_trace(
        go.Scatter(
            x=np.array([one.found.period_days]), y=np.array([one.found.statistic]), mode="markers", name="Best period",
            legendgroup="best", showlegend=row == 1,
            marker={"color": colours.TREND, "size": 9, "symbol": "circle-open", "line": {"width": 2}},
            hovertemplate="best: %{x:.5f} d, %{y:.1f}<extra>" + NAMES[one.method] + "</extra>",
        ),
        row=row, col=1,
    )  # fmt: skip


def _mark_aliases(figure: go.Figure, period: float, span: tuple[float, float], top: float, length: float, row: int) -> None:
    """Ticks from the top down with their names, those within the span of periods."""
    for name, at in alias_periods(period):
        if not span[0] <= at <= span[1]:
            continue
        main = name == "P"
        colour = colours.CHOSEN if main else colours.planet(0)
        figure.add_trace(
            go.Scatter(
                x=np.array([at, at]), y=np.array([top - length * (1.0 if main else 0.55), top]), mode="lines+text",
                text=["", name], textposition="top center", textfont={"color": colour, "size": 11},
                line={"color": colour, "width": 2.2 if main else 1.6}, name="Period in hand" if main else "Its aliases",
                legendgroup="P" if main else "aliases", showlegend=row == 1 and name in ("P", "P/2"),
                hovertemplate=f"{name}: {at:.5f} d<extra></extra>",
            ),
            row=row, col=1,
        )  # fmt: skip
