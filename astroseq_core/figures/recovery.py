"""What injection and recovery found: recall by signal-to-noise, and which periods and radii."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from astroseq_core.figures import colours
from astroseq_core.figures.layout import dress
from astroseq_core.scoring.recovered import Bin, Recovered, copies_of

HEIGHT = 380
#: The last bin in signal-to-noise has no end: its middle is drawn where it would be if it were as wide as this ratio.
LAST_BIN_RATIO = 2.0
#: The first has no begin above 0; its middle is drawn this part of its end.
FIRST_BIN_PART = 0.75


def recall_figure(results: Sequence[Recovered], *, strict: bool = False) -> go.Figure:
    """Recall at one false alarm in a hundred by signal-to-noise, a line for each method, bars being 95 % intervals.

    With ``strict`` the period must be right, too. Methods are told apart by colour and by marker.
    """
    figure = go.Figure()
    symbols = ("circle", "square", "diamond", "cross", "triangle-up", "star", "x")
    for index, result in enumerate(results):
        shares = [b.strict if strict else b.recall for b in result.by_snr]
        figure.add_trace(
            go.Scatter(
                x=[_middle(b) for b in result.by_snr],
                y=[s.value for s in shares],
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": [s.high - s.value for s in shares],
                    "arrayminus": [s.value - s.low for s in shares],
                    "thickness": 1,
                    "width": 3,
                },
                customdata=[(_words(b), s.copies) for b, s in zip(result.by_snr, shares, strict=True)],
                mode="lines+markers",
                name=result.method,
                line={"color": colours.planet(index), "width": 1.6},
                marker={"color": colours.planet(index), "size": 8, "symbol": symbols[index % len(symbols)]},
                hovertemplate=f"{result.method}, signal-to-noise %{{customdata[0]}}: %{{y:.2f}} of %{{customdata[1]}}"
                "<extra></extra>",
            )
        )
    dress(figure, HEIGHT)
    figure.update_xaxes(title_text="Signal-to-noise of all transits together", type="log")
    figure.update_yaxes(title_text="With the right period" if strict else "Recall", range=[0, 1.02])
    return figure


def map_figure(rows: Sequence[Mapping[str, str]], method: str) -> go.Figure:
    """Every injected planet by period and radius ratio: filled where found with the right period.

    Where found with another period it is a ring with a dot, where missed a grey ring.
    """
    copies = copies_of(rows, method)
    found = copies.found()
    kinds = (
        ("missed", copies.has & ~found, {"symbol": "circle-open", "color": colours.CADENCES}),
        ("found, another period", copies.has & found & ~copies.right, {"symbol": "circle-open-dot", "color": colours.planet(0)}),
        ("found, right period", copies.has & found & copies.right, {"symbol": "circle", "color": colours.TREND}),
    )
    figure = go.Figure()
    for name, pick, marker in kinds:
        figure.add_trace(
            go.Scatter(
                x=copies.period_days[pick],
                y=copies.radius_ratio[pick] * 100,
                customdata=np.stack([copies.stars[pick].astype(object), copies.snr[pick]], axis=1) if pick.any() else None,
                mode="markers",
                name=f"{name} ({int(pick.sum())})",
                marker=marker | {"size": 8},
                hovertemplate="%{customdata[0]}: %{x:.2f} d, radius %{y:.2f} % of the star's, signal-to-noise "
                "%{customdata[1]:.1f}<extra></extra>",
            )
        )
    dress(figure, HEIGHT, identity=method)
    figure.update_xaxes(title_text="Period [d]", type="log")
    figure.update_yaxes(title_text="Radius [% of the star's]", type="log")
    return figure


def _middle(one: Bin) -> float:
    if one.high is None:
        return one.low * math.sqrt(LAST_BIN_RATIO)
    return math.sqrt(one.low * one.high) if one.low > 0 else one.high * FIRST_BIN_PART


def _words(one: Bin) -> str:
    return f"over {one.low:g}" if one.high is None else f"{one.low:g} to {one.high:g}"
