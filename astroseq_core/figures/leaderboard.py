"""What the leaderboard shows of many stars at once: how their scores are spread, and how two models rank the same stars."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from astroseq_core.figures import colours
from astroseq_core.figures.evaluation import WITH, WITHOUT
from astroseq_core.figures.layout import dress
from astroseq_core.store.board import EVEN_UP_TO

HISTOGRAM_HEIGHT, RANKS_HEIGHT = 260, 520
#: Where the axis may have a number: 1, 2 and 5 of each power of ten, on both sides of 0.
_STEPS = tuple(m * 10.0**p for p in range(0, 7) for m in (1, 2, 5))
#: Numbers nearer to each other than this part of the axis would run into each other.
NEAREST_TICKS = 0.06


def along(score: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Place of a score on the axis, same shape: even about 0, logarithmic far from it (the inverse hyperbolic sine)."""
    return np.arcsinh(np.asarray(score, np.float64) / EVEN_UP_TO)


def score_histogram_figure(
    edges: Sequence[float] | NDArray[np.float64],
    counts: Sequence[int] | NDArray[np.int64],
    counts_known: Sequence[int] | NDArray[np.int64],
    cut: float | None = None,
    flagged: int = 0,
    *,
    identity: str = "",
) -> go.Figure:
    """How many stars have which score: all (n,) between edges (n + 1,), and those with a known object, on a logarithmic axis.

    ``cut``: the lowest score that passes, drawn as a line beside how many are ``flagged`` by it.
    """
    edges = np.asarray(edges, np.float64)
    ends = along(edges)
    said = [f"{low:.4g} to {high:.4g}" for low, high in itertools.pairwise(edges)]
    figure = go.Figure()
    kinds = (
        ("all stars", counts, colours.faded(WITHOUT, 0.55)),
        ("with a known object", counts_known, colours.faded(WITH, 0.85)),
    )
    for name, count, colour in kinds:
        count = np.asarray(count)
        figure.add_trace(
            go.Bar(
                x=(ends[1:] + ends[:-1]) / 2, y=count, width=np.diff(ends), customdata=said, name=f"{name} ({_grouped(count)})",
                marker={"color": colour, "line": {"width": 0}},
                hovertemplate="%{y} with a score of %{customdata}<extra>" + name + "</extra>",
            )
        )  # fmt: skip
    dress(figure, HISTOGRAM_HEIGHT, identity=identity)
    if cut is not None and len(ends):
        at = float(np.clip(along(cut), ends[0], ends[-1]))
        left = at > (ends[0] + ends[-1]) / 2
        figure.add_vline(x=at, line={"color": colours.CHOSEN, "width": 2})
        figure.add_annotation(
            x=at, y=1, yref="paper", xanchor="right" if left else "left", yanchor="top", showarrow=False,
            xshift=-5 if left else 5,
            text=f"cut at {cut:.4g}: {flagged:,} star{'s' * (flagged != 1)}".replace(",", " "),
            font={"color": colours.CHOSEN},
        )  # fmt: skip
    figure.update_layout(barmode="overlay", bargap=0)
    values = ticks(float(edges[0]), float(edges[-1])) if len(edges) else []
    figure.update_xaxes(title_text="Star score", tickvals=along(np.array(values)), ticktext=[f"{v:g}" for v in values])
    most = int(np.max(counts, initial=1))
    figure.update_yaxes(title_text="Stars", type="log", dtick=1, range=[math.log10(0.5), math.log10(most * 2.5)], tickformat="d")
    return figure


def ticks(low: float, high: float) -> list[float]:
    """Round scores between two, as many as have room on the axis, 0 first."""
    start, stop = float(along(low)), float(along(high))
    room = NEAREST_TICKS * max(stop - start, 1e-9)
    kept: list[float] = []
    # 0, then powers of ten, then the rest: what is kept first is the roundest.
    sized = sorted((s for s in _STEPS), key=lambda s: (not math.log10(s).is_integer(), s))
    for value in (0.0, *(v for s in sized for v in (s, -s))):
        if start <= along(value) <= stop and all(abs(float(along(value) - along(k))) >= room for k in kept):
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
    """Ranks (n,) of the same stars by two models, the best of both at the upper right; those with a known object stand out."""
    first, second = np.asarray(rank_a), np.asarray(rank_b)
    has_object = np.zeros(len(first), bool) if known is None else np.asarray(known, bool)
    names = np.array(stars, dtype=object)
    last = int(max(np.max(first, initial=1), np.max(second, initial=1)))
    figure = go.Figure()
    line = {"color": colours.REFERENCE, "width": 1.4, "dash": "dash"}
    figure.add_trace(
        go.Scatter(x=[1, last], y=[1, last], mode="lines", name="the same rank by both", line=line, hoverinfo="skip")
    )
    kinds = (("no known object", ~has_object, WITHOUT, "circle-open"), ("known object", has_object, WITH, "circle"))
    for name, pick, colour, symbol in kinds:
        if not pick.any():
            continue
        figure.add_trace(
            go.Scattergl(
                x=first[pick], y=second[pick], customdata=names[pick], mode="markers", name=f"{name} ({_grouped(pick)})",
                marker={"color": colour, "size": 7, "symbol": symbol, "line": {"width": 1.2, "color": colour}},
                hovertemplate=f"<b>%{{customdata}}</b>, {name}<br>{_plain(model_a)}: rank %{{x:d}}<br>"
                f"{_plain(model_b)}: rank %{{y:d}}<extra></extra>",
            )
        )  # fmt: skip
    dress(figure, RANKS_HEIGHT, identity=f"{model_a} {model_b}")
    room = 0.03 * max(math.log10(last), 1.0)
    ends = [math.log10(last) + room, -room]
    figure.update_xaxes(title_text=f"Rank by {_plain(model_a)}", type="log", range=ends, dtick=1, tickformat="d")
    figure.update_yaxes(title_text=f"Rank by {_plain(model_b)}", type="log", range=ends, dtick=1, tickformat="d")
    return figure


def _grouped(counts: NDArray[np.generic]) -> str:
    return f"{int(np.sum(counts)):,}".replace(",", " ")


def _plain(name: str) -> str:
    """A model's name with nothing in it that the browser would read as markup or as a number to put in."""
    return name.replace("&", "&amp;").replace("<", "&lt;").replace("%{", "% {")
