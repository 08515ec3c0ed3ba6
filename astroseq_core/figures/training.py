"""What a training run shows while it goes on and when it is judged: its epochs, and how it ranks stars."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from astroseq_core.figures import colours
from astroseq_core.figures.evaluation import WITH, WITHOUT
from astroseq_core.figures.layout import dress
from astroseq_core.training.judged import RankedStars

CURVES_HEIGHT, STARS_HEIGHT = 300, 340
#: Title of each panel, what it is called in sentences, and its numbers of an epoch in training and in validation.
PANELS = (
    ("Loss", "loss", "train_loss", "validation_loss"),
    ("ROC-AUC", "ROC-AUC", "train_roc_auc", "validation_roc_auc"),
    ("PR-AUC", "PR-AUC", "train_pr_auc", "validation_pr_auc"),
)
#: By which number the epoch that is kept is chosen.
CHOSEN_BY = "validation_roc_auc"
MARKER, CHOSEN_MARKER = 6, 11
#: Told apart by more than colour, too.
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star", "x")
#: With more epochs than this the axis says every few of them only.
EVERY_EPOCH = 10
WAITING = "the first epoch is under way"


def curves_figure(epochs_by_run: Mapping[str, Sequence[Mapping[str, Any]]], planned: int = 0) -> go.Figure:
    """Loss, ROC-AUC and PR-AUC by epoch beside each other: training dashed, validation solid, a colour for each run.

    The epoch that a run keeps, the one of the best validation ROC-AUC, has the large marker. ``planned``: epochs that there may
    be, 0 where the axis ends with those done. Numbers that an epoch lacks leave a gap.
    """
    figure = make_subplots(rows=1, cols=len(PANELS), subplot_titles=[p[0] for p in PANELS], horizontal_spacing=0.07)
    alone = len(epochs_by_run) == 1
    for index, (name, epochs) in enumerate(epochs_by_run.items()):
        tone = colours.TREND if alone else colours.planet(index)
        look = {"symbol": SYMBOLS[0 if alone else index % len(SYMBOLS)]}
        shown = ("training", "validation") if alone else (f"{name}, training", name)
        for column, (_, words, *keys) in enumerate(PANELS, start=1):
            for part, key in enumerate(keys):
                colour = colours.CADENCES if alone and not part else tone
                figure.add_trace(
                    go.Scatter(
                        x=[int(e["epoch"]) for e in epochs], y=_numbers(epochs, key), mode="lines+markers", name=shown[part],
                        legendgroup=shown[part] if alone else name,
                        showlegend=column == 1 and bool(epochs) and (alone or part == 1),
                        line={"color": colour, "width": 2 if part else 1.5, "dash": "solid" if part else "dash"},
                        marker={"color": colour, "size": _sizes(epochs) if part else MARKER - 1, "opacity": 1, **look},
                        opacity=1.0 if part or alone else 0.75, hovertemplate=_hover(name, alone, part, words),
                        customdata=_remarks(epochs),
                    ),
                    row=1, col=column,
                )  # fmt: skip
    done = max((int(e["epoch"]) for epochs in epochs_by_run.values() for e in epochs), default=0)
    dress(figure, CURVES_HEIGHT, top=54, identity=" ".join(epochs_by_run))
    _axes(figure, max(done, planned, 1))
    if not alone and done:
        for words, dash in (("validation", "solid"), ("training", "dash")):
            line = {"color": colours.CADENCES, "dash": dash, "width": 1.5}
            figure.add_trace(go.Scatter(x=[None], y=[None], mode="lines", name=words, line=line, hoverinfo="skip"), row=1, col=1)
    if not done:
        figure.update_yaxes(showticklabels=False)
        figure.add_annotation(
            text=WAITING if epochs_by_run else "no run is chosen", xref="paper", yref="paper", x=0.5, y=0.5, showarrow=False,
            font={"color": colours.CADENCES, "size": 14},
        )  # fmt: skip
    return figure


def _axes(figure: go.Figure, last: int) -> None:
    """Whole epochs from 1 to the last, with room for a single one's marker."""
    step = max(1, math.ceil(last / EVERY_EPOCH))
    room = max(0.5, 0.03 * last)
    figure.update_xaxes(title_text="Epoch", range=[1 - room, last + room], tick0=0, dtick=step, tickformat="d")
    figure.update_yaxes(nticks=6)


def _numbers(epochs: Sequence[Mapping[str, Any]], key: str) -> list[float]:
    return [math.nan if (value := e.get(key)) is None else float(value) for e in epochs]


def _best(epochs: Sequence[Mapping[str, Any]]) -> int | None:
    """Place of the epoch that is kept."""
    known = [(value, -k) for k, value in enumerate(_numbers(epochs, CHOSEN_BY)) if not math.isnan(value)]
    return -max(known)[1] if known else None


def _sizes(epochs: Sequence[Mapping[str, Any]]) -> list[int]:
    best = _best(epochs)
    return [CHOSEN_MARKER if k == best else MARKER for k in range(len(epochs))]


def _remarks(epochs: Sequence[Mapping[str, Any]]) -> list[str]:
    best = _best(epochs)
    return ["<br>the best epoch so far: it is kept" if k == best else "" for k in range(len(epochs))]


def _hover(name: str, alone: bool, part: int, words: str) -> str:
    stars = ("training", "validation")[part]
    who = "" if alone else f"<b>{_plain(name)}</b><br>"
    return f"{who}epoch %{{x}}, {stars} {words} %{{y:.4f}}" + ("%{customdata}" if part else "") + "<extra></extra>"


def _plain(name: str) -> str:
    """A run's name with nothing in it that the browser would read as markup or as a number to put in."""
    return name.replace("&", "&amp;").replace("<", "&lt;").replace("%{", "% {")


def star_ranking_figure(ranked: RankedStars, *, identity: str = "") -> go.Figure:
    """Stars by their place in the ranking, the highest score first, those with transits told from those without."""
    place = np.arange(1, len(ranked.stars) + 1)
    kinds = (
        ("with transits", ranked.has_transits, WITH, "circle"),
        ("without transits", ~ranked.has_transits, WITHOUT, "circle-open"),
    )
    figure = go.Figure()
    for name, pick, colour, symbol in kinds:
        figure.add_trace(
            go.Scatter(
                x=place[pick], y=ranked.score[pick], customdata=ranked.stars[pick].astype(object), mode="markers",
                name=f"{name} ({int(pick.sum())})",
                marker={"color": colour, "size": 8, "symbol": symbol, "line": {"width": 1.6, "color": colour}},
                hovertemplate="<b>%{customdata}</b>, " + name + "<br>place %{x}, score %{y:.3f}<extra></extra>",
            )
        )  # fmt: skip
    dress(figure, STARS_HEIGHT, top=58, identity=identity)
    title = (
        "all of these stars are of one kind: nothing to tell apart"
        if math.isnan(ranked.roc_auc)
        else f"a star with transits is above one without with a chance of {ranked.roc_auc:.3f} (ROC-AUC of stars)"
    )
    figure.update_layout(title={"text": title, "font": {"size": 12}, "x": 0, "xref": "paper", "y": 1, "yref": "paper",
                                "yanchor": "bottom", "pad": {"b": 6}})  # fmt: skip
    room = max(0.5, 0.02 * len(place))
    figure.update_xaxes(title_text="Place in the ranking", range=[1 - room, len(place) + room], tickformat="d")
    words = {"topk": "Mean of the five highest probabilities", "max": "Highest probability"}
    figure.update_yaxes(title_text=words[ranked.score_name], range=[-0.03, 1.03])
    return figure
