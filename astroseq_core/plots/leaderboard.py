"""Leaderboard figures: distribution of star scores, and ranks by two models."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from astroseq_core.plots import style
from astroseq_core.plots.evaluation import NO_TRANSIT_COLOR, TRANSIT_COLOR
from astroseq_core.plots.style import apply_layout
from astroseq_core.store.leaderboard import LINEAR_BINS_UP_TO

HISTOGRAM_HEIGHT, RANKS_HEIGHT = 260, 520
#: Possible ticks: 1, 2 and 5 times each power of ten, on both sides of 0.
_ROUND_SCORES = tuple(m * 10.0**p for p in range(0, 7) for m in (1, 2, 5))
#: Minimum distance of ticks as a fraction of the axis, so that labels do not overlap.
MIN_TICK_SPACING = 0.06


def score_to_axis(score: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Return the position of scores on the axis: linear near 0, logarithmic far from it (asinh).

    Parameters
    ----------
    score : ndarray or float
        Scores, any shape.

    Returns
    -------
    ndarray
        Positions, same shape.
    """
    return np.arcsinh(np.asarray(score, np.float64) / LINEAR_BINS_UP_TO)


def score_histogram_figure(
    edges: Sequence[float] | NDArray[np.float64],
    counts: Sequence[int] | NDArray[np.int64],
    counts_known: Sequence[int] | NDArray[np.int64],
    threshold: float | None = None,
    above_threshold: int = 0,
    *,
    title: str = "Star score",
    identity: str = "",
) -> go.Figure:
    """Plot the histogram of planet scores or star scores, for all stars and for those with a known object.

    Counts are on a logarithmic axis.

    Parameters
    ----------
    edges : sequence of float
        Edges of the bins, shape (n + 1,).
    counts : sequence of int
        Stars per bin, shape (n,).
    counts_known : sequence of int
        Stars with a known object per bin, shape (n,).
    threshold : float, optional
        Score threshold, drawn as a line.
    above_threshold : int, optional
        Number of stars above the threshold, written beside the line.
    title : str, optional
        Title of the axis of scores.
    identity : str, optional
        Zooms are kept while this stays the same.

    Returns
    -------
    Figure
        The histogram.
    """
    edges = np.asarray(edges, np.float64)
    ends = score_to_axis(edges)
    text = [f"{low:.4g} to {high:.4g}" for low, high in itertools.pairwise(edges)]
    figure = go.Figure()
    kinds = (
        ("all stars", counts, style.with_opacity(NO_TRANSIT_COLOR, 0.55)),
        ("with a known object", counts_known, style.with_opacity(TRANSIT_COLOR, 0.85)),
    )
    for name, count, color in kinds:
        count = np.asarray(count)
        figure.add_trace(
            go.Bar(
                x=(ends[1:] + ends[:-1]) / 2,
                y=count,
                width=np.diff(ends),
                customdata=text,
                name=f"{name} ({_format_count(count)})",
                marker={"color": color, "line": {"width": 0}},
                hovertemplate="%{y} with a score of %{customdata}<extra>" + name + "</extra>",
            )
        )
    apply_layout(figure, HISTOGRAM_HEIGHT, identity=identity)
    if threshold is not None and len(ends):
        at = float(np.clip(score_to_axis(threshold), ends[0], ends[-1]))
        left = at > (ends[0] + ends[-1]) / 2
        figure.add_vline(x=at, line={"color": style.SELECTED_COLOR, "width": 2})
        figure.add_annotation(
            x=at,
            y=1,
            yref="paper",
            xanchor="right" if left else "left",
            yanchor="top",
            showarrow=False,
            xshift=-5 if left else 5,
            text=f"threshold at {threshold:.4g}: {above_threshold:,} star{'s' * (above_threshold != 1)}".replace(",", " "),
            font={"color": style.SELECTED_COLOR},
        )
    figure.update_layout(barmode="overlay", bargap=0)
    values = score_ticks(float(edges[0]), float(edges[-1])) if len(edges) else []
    figure.update_xaxes(title_text=title, tickvals=score_to_axis(np.array(values)), ticktext=[f"{v:g}" for v in values])
    most = int(np.max(counts, initial=1))
    figure.update_yaxes(title_text="Stars", type="log", dtick=1, range=[math.log10(0.5), math.log10(most * 2.5)], tickformat="d")
    return figure


def score_ticks(low: float, high: float) -> list[float]:
    """Return round scores for axis ticks, as many as have room, 0 first.

    Parameters
    ----------
    low : float
        Lowest score on the axis.
    high : float
        Highest score on the axis.

    Returns
    -------
    list of float
        Tick values in increasing order.
    """
    start, stop = float(score_to_axis(low)), float(score_to_axis(high))
    room = MIN_TICK_SPACING * max(stop - start, 1e-9)
    kept: list[float] = []
    # 0, then powers of ten, then the rest, so that the roundest are kept.
    sized = sorted((s for s in _ROUND_SCORES), key=lambda s: (not math.log10(s).is_integer(), s))
    for value in (0.0, *(v for s in sized for v in (s, -s))):
        if start <= score_to_axis(value) <= stop and all(
            abs(float(score_to_axis(value) - score_to_axis(k))) >= room for k in kept
        ):
            kept.append(value)
    return sorted(kept)


def rank_rank_figure(
    stars: Sequence[str],
    rank_a: Sequence[int] | NDArray[np.int64],
    rank_b: Sequence[int] | NDArray[np.int64],
    model_a: str,
    model_b: str,
    known: Sequence[bool] | None = None,
) -> go.Figure:
    """Plot the ranks of the same stars by two models, with the best of both at the upper right.

    Parameters
    ----------
    stars : sequence of str
        Names of the stars, shape (n,).
    rank_a : sequence of int
        Ranks by the first model, shape (n,).
    rank_b : sequence of int
        Ranks by the second model, shape (n,).
    model_a : str
        Name of the first model.
    model_b : str
        Name of the second model.
    known : sequence of bool, optional
        Which stars have a known object; these are highlighted.

    Returns
    -------
    Figure
        Ranks on logarithmic axes.
    """
    first, second = np.asarray(rank_a), np.asarray(rank_b)
    has_object = np.zeros(len(first), bool) if known is None else np.asarray(known, bool)
    names = np.array([style.escape(star) for star in stars], dtype=object)
    last = int(max(np.max(first, initial=1), np.max(second, initial=1)))
    figure = go.Figure()
    line = {"color": style.REFERENCE_COLOR, "width": 1.4, "dash": "dash"}
    figure.add_trace(
        go.Scatter(x=[1, last], y=[1, last], mode="lines", name="the same rank by both", line=line, hoverinfo="skip")
    )
    kinds = (
        ("no known object", ~has_object, NO_TRANSIT_COLOR, "circle-open"),
        ("known object", has_object, TRANSIT_COLOR, "circle"),
    )
    for name, pick, color, symbol in kinds:
        if not pick.any():
            continue
        figure.add_trace(
            go.Scattergl(
                x=first[pick],
                y=second[pick],
                customdata=names[pick],
                mode="markers",
                name=f"{name} ({_format_count(pick)})",
                marker={"color": color, "size": 7, "symbol": symbol, "line": {"width": 1.2, "color": color}},
                hovertemplate=f"<b>%{{customdata}}</b>, {name}<br>{style.escape(model_a)}: rank %{{x:d}}<br>"
                f"{style.escape(model_b)}: rank %{{y:d}}<extra></extra>",
            )
        )
    apply_layout(figure, RANKS_HEIGHT, identity=f"{model_a} {model_b}")
    room = 0.03 * max(math.log10(last), 1.0)
    ends = [math.log10(last) + room, -room]
    figure.update_xaxes(title_text=f"Rank by {style.escape(model_a)}", type="log", range=ends, dtick=1, tickformat="d")
    figure.update_yaxes(title_text=f"Rank by {style.escape(model_b)}", type="log", range=ends, dtick=1, tickformat="d")
    return figure


def _format_count(counts: NDArray[np.generic]) -> str:
    return f"{int(np.sum(counts)):,}".replace(",", " ")
