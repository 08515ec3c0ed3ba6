"""Training figures: learning curves of runs, and the ranking of stars at evaluation."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from astroseq_core.columns import TOP_K_WORD
from astroseq_core.plots import style
from astroseq_core.plots.evaluation import NO_TRANSIT_COLOR, TRANSIT_COLOR
from astroseq_core.plots.style import apply_layout
from astroseq_core.training.history import EpochMetrics, best_epoch_index
from astroseq_core.training.test_predictions import RankedStars

CURVES_HEIGHT, STARS_HEIGHT = 300, 340
#: Panels: title, name within sentences, keys of the training and validation metric of an epoch.
PANELS = (
    ("Loss", "loss", "train_loss", "validation_loss"),
    ("ROC-AUC", "ROC-AUC", "train_roc_auc", "validation_roc_auc"),
    ("PR-AUC", "PR-AUC", "train_pr_auc", "validation_pr_auc"),
)
MARKER_PX, SELECTED_MARKER_PX = 6, 11
#: Markers, so that runs differ in more than color.
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star", "x")
#: With more epochs than this, only some of them are labeled on the axis.
MAX_EPOCH_TICKS = 10
WAITING_MESSAGE = "the first epoch is under way"


def training_curves_figure(epochs_by_run: Mapping[str, Sequence[EpochMetrics]], planned: int = 0) -> go.Figure:
    """Plot loss, ROC-AUC and PR-AUC against epoch, one color per run.

    Training is dashed, validation solid. The epoch that a run keeps, that of the best validation
    ROC-AUC, has the large marker. Missing values leave a gap.

    Parameters
    ----------
    epochs_by_run : mapping of str to sequence of EpochMetrics
        Metrics of the epochs of each run.
    planned : int, optional
        Maximum number of epochs; 0 ends the axis with the last one done.

    Returns
    -------
    Figure
        Three panels.
    """
    figure = make_subplots(rows=1, cols=len(PANELS), subplot_titles=[p[0] for p in PANELS], horizontal_spacing=0.07)
    alone = len(epochs_by_run) == 1
    for index, (name, epochs) in enumerate(epochs_by_run.items()):
        tone = style.TREND_COLOR if alone else style.planet_color(index)
        look = {"symbol": SYMBOLS[0 if alone else index % len(SYMBOLS)]}
        shown = ("training", "validation") if alone else (f"{style.escape(name)}, training", style.escape(name))
        for column, (_, words, *keys) in enumerate(PANELS, start=1):
            for part, key in enumerate(keys):
                color = style.CADENCE_COLOR if alone and not part else tone
                figure.add_trace(
                    go.Scatter(
                        x=[e.epoch for e in epochs],
                        y=_metric_values(epochs, key),
                        mode="lines+markers",
                        name=shown[part],
                        legendgroup=shown[part] if alone else name,
                        showlegend=column == 1 and bool(epochs) and (alone or part == 1),
                        line={"color": color, "width": 2 if part else 1.5, "dash": "solid" if part else "dash"},
                        marker={"color": color, "size": _marker_sizes(epochs) if part else MARKER_PX - 1, "opacity": 1, **look},
                        opacity=1.0 if part or alone else 0.75,
                        hovertemplate=_hover_template(name, alone, part, words),
                        customdata=_best_epoch_remarks(epochs),
                    ),
                    row=1,
                    col=column,
                )
    done = max((e.epoch for epochs in epochs_by_run.values() for e in epochs), default=0)
    apply_layout(figure, CURVES_HEIGHT, top=54, identity=" ".join(epochs_by_run))
    _set_axes(figure, max(done, planned, 1))
    if not alone and done:
        for words, dash in (("validation", "solid"), ("training", "dash")):
            line = {"color": style.CADENCE_COLOR, "dash": dash, "width": 1.5}
            figure.add_trace(go.Scatter(x=[None], y=[None], mode="lines", name=words, line=line, hoverinfo="skip"), row=1, col=1)
    if not done:
        figure.update_yaxes(showticklabels=False)
        figure.add_annotation(
            text=WAITING_MESSAGE if epochs_by_run else "no run is chosen",
            xref="paper",
            yref="paper",
            x=0.5,
            y=0.5,
            showarrow=False,
            font={"color": style.CADENCE_COLOR, "size": 14},
        )
    return figure


def _set_axes(figure: go.Figure, last: int) -> None:
    """Label whole epochs from 1 to the last, with room for the marker of a single one."""
    step = max(1, math.ceil(last / MAX_EPOCH_TICKS))
    room = max(0.5, 0.03 * last)
    figure.update_xaxes(title_text="Epoch", range=[1 - room, last + room], tick0=0, dtick=step, tickformat="d")
    figure.update_yaxes(nticks=6)


def _metric_values(epochs: Sequence[EpochMetrics], key: str) -> list[float]:
    return [math.nan if (value := getattr(e, key)) is None else float(value) for e in epochs]


def _marker_sizes(epochs: Sequence[EpochMetrics]) -> list[int]:
    best = best_epoch_index(epochs)
    return [SELECTED_MARKER_PX if k == best else MARKER_PX for k in range(len(epochs))]


def _best_epoch_remarks(epochs: Sequence[EpochMetrics]) -> list[str]:
    best = best_epoch_index(epochs)
    return ["<br>the best epoch so far: it is kept" if k == best else "" for k in range(len(epochs))]


def _hover_template(name: str, alone: bool, part: int, words: str) -> str:
    stars = ("training", "validation")[part]
    who = "" if alone else f"<b>{style.escape(name)}</b><br>"
    return f"{who}epoch %{{x}}, {stars} {words} %{{y:.4f}}" + ("%{customdata}" if part else "") + "<extra></extra>"


def star_ranking_figure(ranked: RankedStars, *, identity: str = "") -> go.Figure:
    """Plot star scores against rank, with and without transits.

    Parameters
    ----------
    ranked : RankedStars
        Stars in order of decreasing score.
    identity : str, optional
        Zooms are kept while this stays the same.

    Returns
    -------
    Figure
        The ranking.
    """
    place = np.arange(1, len(ranked.stars) + 1)
    kinds = (
        ("with transits", ranked.has_transits, TRANSIT_COLOR, "circle"),
        ("without transits", ~ranked.has_transits, NO_TRANSIT_COLOR, "circle-open"),
    )
    figure = go.Figure()
    for name, pick, color, symbol in kinds:
        figure.add_trace(
            go.Scatter(
                x=place[pick],
                y=ranked.score[pick],
                customdata=ranked.stars[pick].astype(object),
                mode="markers",
                name=f"{name} ({int(pick.sum())})",
                marker={"color": color, "size": 8, "symbol": symbol, "line": {"width": 1.6, "color": color}},
                hovertemplate="<b>%{customdata}</b>, " + name + "<br>place %{x}, score %{y:.3f}<extra></extra>",
            )
        )
    apply_layout(figure, STARS_HEIGHT, top=58, identity=identity)
    title = (
        "all of these stars are of one kind: nothing to tell apart"
        if math.isnan(ranked.roc_auc)
        else f"a star with transits is above one without with a chance of {ranked.roc_auc:.3f} (ROC-AUC of stars)"
    )
    figure.update_layout(
        title={
            "text": title,
            "font": {"size": 12},
            "x": 0,
            "xref": "paper",
            "y": 1,
            "yref": "paper",
            "yanchor": "bottom",
            "pad": {"b": 6},
        }
    )
    room = max(0.5, 0.02 * len(place))
    figure.update_xaxes(title_text="Place in the ranking", range=[1 - room, len(place) + room], tickformat="d")
    words = {"topk": f"Mean of the {TOP_K_WORD} highest probabilities", "max": "Highest probability"}
    figure.update_yaxes(title_text=words[ranked.score_name], range=[-0.03, 1.03])
    return figure
