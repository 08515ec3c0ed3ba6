"""How good segment probabilities are, in pictures: pure functions of a report or of labelled probabilities."""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from astroseq_core.figures import colours
from astroseq_core.figures.layout import dress
from astroseq_core.training.report import Confusion, Report

HEIGHT = 360
#: Segments with a transit, and without: the same two in every picture.
WITH, WITHOUT = colours.PLANETS[3], colours.CADENCES
HISTOGRAM_BINS = 40
#: The left end of a logarithmic axis of false-alarm rates.
LOWEST_RATE = 1e-4


def roc_figure(report: Report) -> go.Figure:
    """Recall by false-alarm rate on a logarithmic axis, where the low rates that matter can be seen; chance is dashed."""
    x = np.maximum(np.array(report.roc_curve.x), LOWEST_RATE)
    chance = np.geomspace(LOWEST_RATE, 1, 50)
    figure = go.Figure()
    figure.add_trace(_line(x, report.roc_curve.y, f"ROC-AUC {report.roc_auc}", "%{x:.4f} of the others: recall %{y:.3f}"))
    figure.add_trace(_reference(chance, chance, "chance"))
    for rate in (0.001, 0.01):
        figure.add_vline(x=rate, line={"color": colours.REFERENCE, "width": 1, "dash": "dot"})
    dress(figure, HEIGHT, identity=report.group)
    figure.update_xaxes(title_text="False-alarm rate", type="log", range=[np.log10(LOWEST_RATE), 0], dtick=1, tickformat="~g")
    figure.update_yaxes(title_text="Recall", range=[0, 1.02])
    return figure


def pr_figure(report: Report) -> go.Figure:
    """Precision by recall, with the base rate that chance has as a dashed line."""
    figure = go.Figure()
    figure.add_trace(
        _line(report.pr_curve.x, report.pr_curve.y, f"PR-AUC {report.pr_auc}", "recall %{x:.3f}: precision %{y:.3f}")
    )
    figure.add_trace(_reference((0, 1), (report.base_rate, report.base_rate), f"base rate {report.base_rate:.3f}"))
    dress(figure, HEIGHT, identity=report.group)
    figure.update_xaxes(title_text="Recall", range=[0, 1.02])
    figure.update_yaxes(title_text="Precision", range=[0, 1.02])
    return figure


def reliability_figure(report: Report) -> go.Figure:
    """Share of segments with a transit by mean probability, at the segments' own base rate and at the stated one."""
    figure = go.Figure()
    figure.add_trace(_reference((0, 1), (0, 1), "as it should be"))
    curves = (
        (report.own_reliability, f"base rate {report.base_rate:.3f} (own), ECE {report.own_ece}", colours.TREND),
        (report.reliability, f"base rate {report.stated_base_rate:.3f} (stated), ECE {report.ece_interval}", colours.PLANETS[0]),
    )
    for rows, name, colour in curves:
        mean, share, count = zip(*rows, strict=True)
        figure.add_trace(
            go.Scatter(
                x=mean, y=share, customdata=np.array(count)[:, None], mode="lines+markers", name=name,
                line={"color": colour, "width": 1.6}, marker={"color": colour, "size": 7},
                hovertemplate="said %{x:.3f}, was %{y:.3f} of %{customdata[0]} segments<extra></extra>",
            )
        )  # fmt: skip
    dress(figure, HEIGHT, top=58, identity=report.group)
    figure.update_xaxes(title_text="Mean probability", range=[-0.02, 1.02])
    figure.update_yaxes(title_text="Share with a transit", range=[-0.02, 1.02])
    return figure


def confusion_figure(report: Report, which: int = 0) -> go.Figure:
    """The confusion matrix at the stated threshold (0) or at the one of best F1 (1): counts, coloured by share of each row."""
    name = "stated" if which == 0 else "best F1"
    return counts_figure(report.confusions[which], name, identity=f"{report.group}{which}")


def counts_figure(confusion: Confusion, name: str = "", *, identity: str = "") -> go.Figure:
    """One confusion matrix, at any threshold: counts, coloured by share of each row; ``name`` says which threshold it is."""
    c = confusion
    counts = np.array([[c.true_negatives, c.false_positives], [c.false_negatives, c.true_positives]])
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = go.Figure(
        go.Heatmap(
            z=share, x=["no transit", "transit"], y=["no transit", "transit"], zmin=0, zmax=1,
            colorscale=colours.PROBABILITY_SCALE, showscale=False, hoverinfo="skip",
        )
    )  # fmt: skip
    for row, truth in enumerate(("no transit", "transit")):
        for column, said in enumerate(("no transit", "transit")):
            # Cividis runs from dark to light.
            ink = "black" if share[row, column] > 0.5 else "white"
            text = f"{counts[row, column]:,}<br>{share[row, column]:.1%}".replace(",", " ")
            figure.add_annotation(x=said, y=truth, text=text, showarrow=False, font={"color": ink, "size": 15})
    at = f"threshold {c.threshold:.3f}" + (f" ({name})" if name else "")
    title = f"{at}: precision {c.precision}, recall {c.recall}, F1 {c.f1}"
    dress(figure, HEIGHT, top=40, legend=False, identity=identity)
    figure.update_layout(title={"text": title, "font": {"size": 12}, "x": 0, "xref": "paper"})
    figure.update_xaxes(title_text="Called", showgrid=False)
    figure.update_yaxes(title_text="Is", showgrid=False, autorange="reversed")
    return figure


def snr_figure(report: Report) -> go.Figure:
    """Recall at one false alarm in a hundred, and in a thousand, by signal-to-noise of the strongest transit in the segment."""
    titles = [f"{b.title}<br>{b.positives} of {b.stars} star{'s' * (b.stars > 1)}" for b in report.by_snr]
    figure = go.Figure()
    bars = (("1 % false alarms", "recall", colours.TREND), ("0.1 % false alarms", "recall_strict", colours.PLANETS[1]))
    for name, field, colour in bars:
        values = [getattr(b, field) for b in report.by_snr]
        figure.add_trace(
            go.Bar(
                x=titles, y=[v.value for v in values], name=name, marker={"color": colour},
                error_y={
                    "array": [v.high - v.value for v in values], "arrayminus": [v.value - v.low for v in values],
                    "thickness": 1.3, "color": colours.CADENCES,
                },
                hovertemplate="recall %{y:.3f}<extra>" + name + "</extra>",
            )
        )  # fmt: skip
    dress(figure, HEIGHT, identity=report.group)
    figure.update_layout(barmode="group")
    figure.update_xaxes(title_text="Signal-to-noise of the strongest transit", type="category")
    figure.update_yaxes(title_text="Recall", range=[0, 1.02])
    return figure


def histogram_figure(
    labels: NDArray[np.int8],
    probability: NDArray[np.floating],
    threshold: float | None = None,
    weights: NDArray[np.float64] | None = None,
) -> go.Figure:
    """How many segments (n,) with a transit, and without, have which probability; counts on a logarithmic axis.

    ``threshold``: drawn as a line; ``weights`` (n,): for how many segments each stands.
    """
    edges = np.linspace(0, 1, HISTOGRAM_BINS + 1)
    figure = go.Figure()
    for label, name, colour in ((0, "without a transit", WITHOUT), (1, "with a transit", WITH)):
        own = labels == label
        count, _ = np.histogram(probability[own], edges, weights=None if weights is None else weights[own])
        count = np.rint(count).astype(np.int64)
        figure.add_trace(
            go.Bar(
                x=(edges[1:] + edges[:-1]) / 2, y=count, width=np.diff(edges), name=f"{name} ({count.sum()})",
                marker={"color": colours.faded(colour, 0.6), "line": {"width": 0}},
                hovertemplate="%{y} segments near %{x:.3f}<extra>" + name + "</extra>",
            )
        )  # fmt: skip
    dress(figure, HEIGHT)
    if threshold is not None:
        figure.add_vline(
            x=threshold, line={"color": colours.CHOSEN, "width": 2}, annotation_text=f"{threshold:.3f}",
            annotation_position="top left" if threshold > 0.5 else "top right", annotation_font_color=colours.CHOSEN,
        )  # fmt: skip
    figure.update_layout(barmode="overlay")
    figure.update_xaxes(title_text="Segment probability", range=[0, 1])
    figure.update_yaxes(title_text="Segments", type="log", dtick=1)
    return figure


def _line(x: object, y: object, name: str, hover: str) -> go.Scatter:
    return go.Scatter(
        x=x, y=y, mode="lines", name=name, line={"color": colours.TREND, "width": 2}, hovertemplate=hover + "<extra></extra>"
    )


def _reference(x: object, y: object, name: str) -> go.Scatter:
    line = {"color": colours.REFERENCE, "width": 1.4, "dash": "dash"}
    return go.Scatter(x=x, y=y, mode="lines", name=name, hoverinfo="skip", line=line)
