"""Evaluation figures: segment probabilities of a model, and injection and recovery."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from astroseq_core.evaluation.recovered import Bin, RecoverySummary, method_copies
from astroseq_core.evaluation.segment_report import Confusion, SegmentReport
from astroseq_core.plots import style
from astroseq_core.plots.style import apply_layout

RECOVERY_HEIGHT = 380
#: The last bin in signal-to-noise has no upper edge: its center is drawn as if its edges had this ratio.
LAST_BIN_RATIO = 2.0
#: The first bin starts at 0: its center is drawn at this fraction of its upper edge.
FIRST_BIN_PART = 0.75


def recovery_recall_figure(results: Sequence[RecoverySummary], *, strict: bool = False) -> go.Figure:
    """Plot recall at 1 % false alarms against signal-to-noise, one line per method.

    Error bars are 95 % intervals. Methods differ in color and marker.

    Parameters
    ----------
    results : sequence of RecoverySummary
        Results, one per method.
    strict : bool, optional
        Whether the period must be right as well.

    Returns
    -------
    Figure
        The figure.
    """
    figure = go.Figure()
    symbols = ("circle", "square", "diamond", "cross", "triangle-up", "star", "x")
    for index, result in enumerate(results):
        shares = [b.strict if strict else b.recall for b in result.by_snr]
        figure.add_trace(
            go.Scatter(
                x=[_bin_center(b) for b in result.by_snr],
                y=[s.value for s in shares],
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": [s.high - s.value for s in shares],
                    "arrayminus": [s.value - s.low for s in shares],
                    "thickness": 1,
                    "width": 3,
                },
                customdata=[(_bin_label(b), s.copies) for b, s in zip(result.by_snr, shares, strict=True)],
                mode="lines+markers",
                name=style.escape(result.method),
                line={"color": style.planet_color(index), "width": 1.6},
                marker={"color": style.planet_color(index), "size": 8, "symbol": symbols[index % len(symbols)]},
                hovertemplate=f"{style.escape(result.method)}, signal-to-noise %{{customdata[0]}}: "
                "%{y:.2f} of %{customdata[1]}<extra></extra>",
            )
        )
    apply_layout(figure, RECOVERY_HEIGHT)
    figure.update_xaxes(title_text="Signal-to-noise of all transits together", type="log")
    figure.update_yaxes(title_text="With the right period" if strict else "Recall", range=[0, 1.02])
    return figure


def recovery_map_figure(rows: Sequence[Mapping[str, str]], method: str) -> go.Figure:
    """Plot every injected planet by period and radius ratio.

    Planets found with the right period are filled, those found with another period are rings with a
    dot, missed ones are gray rings.

    Parameters
    ----------
    rows : sequence of mapping
        Rows of the recovery table.
    method : str
        Method to show.

    Returns
    -------
    Figure
        The figure.
    """
    copies = method_copies(rows, method)
    found = copies.found()
    kinds = (
        ("missed", copies.has_transits & ~found, {"symbol": "circle-open", "color": style.CADENCE_COLOR}),
        (
            "found, another period",
            copies.has_transits & found & ~copies.right_period,
            {"symbol": "circle-open-dot", "color": style.planet_color(0)},
        ),
        (
            "found, right period",
            copies.has_transits & found & copies.right_period,
            {"symbol": "circle", "color": style.TREND_COLOR},
        ),
    )
    figure = go.Figure()
    for name, pick, marker in kinds:
        figure.add_trace(
            go.Scatter(
                x=copies.period_days[pick],
                y=copies.radius_ratio[pick] * 100,
                customdata=[(style.escape(star), snr) for star, snr in zip(copies.stars[pick], copies.snr[pick], strict=True)],
                mode="markers",
                name=f"{name} ({int(pick.sum())})",
                marker=marker | {"size": 8},
                hovertemplate="%{customdata[0]}: %{x:.2f} d, radius %{y:.2f} % of the star's, signal-to-noise "
                "%{customdata[1]:.1f}<extra></extra>",
            )
        )
    apply_layout(figure, RECOVERY_HEIGHT, identity=method)
    figure.update_xaxes(title_text="Period [d]", type="log")
    figure.update_yaxes(title_text="Radius [% of the star's]", type="log")
    return figure


def _bin_center(one: Bin) -> float:
    if one.high is None:
        return one.low * math.sqrt(LAST_BIN_RATIO)
    return math.sqrt(one.low * one.high) if one.low > 0 else one.high * FIRST_BIN_PART


def _bin_label(one: Bin) -> str:
    return f"over {one.low:g}" if one.high is None else f"{one.low:g} to {one.high:g}"


EVALUATION_HEIGHT = 360
#: Segments with and without a transit: the same two colors in every figure.
TRANSIT_COLOR, NO_TRANSIT_COLOR = style.TRANSIT_COLOR, style.CADENCE_COLOR
HISTOGRAM_BINS = 40
#: Lower limit of the logarithmic axis of false-alarm rates.
MIN_FALSE_ALARM_RATE = 1e-4


def roc_figure(report: SegmentReport) -> go.Figure:
    """Plot recall against false-alarm rate, which is logarithmic to show the low rates that matter.

    Parameters
    ----------
    report : SegmentReport
        Evaluation report.

    Returns
    -------
    Figure
        ROC curve with chance as a dashed line.
    """
    x = np.maximum(np.array(report.roc_curve.x), MIN_FALSE_ALARM_RATE)
    chance = np.geomspace(MIN_FALSE_ALARM_RATE, 1, 50)
    figure = go.Figure()
    figure.add_trace(_curve_trace(x, report.roc_curve.y, f"ROC-AUC {report.roc_auc}", "%{x:.4f} of the others: recall %{y:.3f}"))
    figure.add_trace(_reference_trace(chance, chance, "chance"))
    for rate in (0.001, 0.01):
        figure.add_vline(x=rate, line={"color": style.REFERENCE_COLOR, "width": 1, "dash": "dot"})
    apply_layout(figure, EVALUATION_HEIGHT, identity=report.group)
    figure.update_xaxes(
        title_text="False-alarm rate", type="log", range=[np.log10(MIN_FALSE_ALARM_RATE), 0], dtick=1, tickformat="~g"
    )
    figure.update_yaxes(title_text="Recall", range=[0, 1.02])
    return figure


def pr_figure(report: SegmentReport) -> go.Figure:
    """Plot precision against recall.

    Parameters
    ----------
    report : SegmentReport
        Evaluation report.

    Returns
    -------
    Figure
        Precision-recall curve with the base rate (chance) as a dashed line.
    """
    figure = go.Figure()
    figure.add_trace(
        _curve_trace(report.pr_curve.x, report.pr_curve.y, f"PR-AUC {report.pr_auc}", "recall %{x:.3f}: precision %{y:.3f}")
    )
    figure.add_trace(_reference_trace((0, 1), (report.base_rate, report.base_rate), f"base rate {report.base_rate:.3f}"))
    apply_layout(figure, EVALUATION_HEIGHT, identity=report.group)
    figure.update_xaxes(title_text="Recall", range=[0, 1.02])
    figure.update_yaxes(title_text="Precision", range=[0, 1.02])
    return figure


def reliability_figure(report: SegmentReport) -> go.Figure:
    """Plot the fraction of segments with a transit against the mean probability.

    Parameters
    ----------
    report : SegmentReport
        Evaluation report.

    Returns
    -------
    Figure
        Reliability curves at the segments' own base rate and at the stated one.
    """
    figure = go.Figure()
    figure.add_trace(_reference_trace((0, 1), (0, 1), "as it should be"))
    curves = (
        (report.own_reliability, f"base rate {report.base_rate:.3f} (own), ECE {report.own_ece}", style.TREND_COLOR),
        (
            report.reliability,
            f"base rate {report.stated_base_rate:.3f} (stated), ECE {report.ece_interval}",
            style.PLANET_COLORS[0],
        ),
    )
    for rows, name, color in curves:
        mean, share, count = zip(*rows, strict=True)
        figure.add_trace(
            go.Scatter(
                x=mean,
                y=share,
                customdata=np.array(count)[:, None],
                mode="lines+markers",
                name=name,
                line={"color": color, "width": 1.6},
                marker={"color": color, "size": 7},
                hovertemplate="said %{x:.3f}, was %{y:.3f} of %{customdata[0]} segments<extra></extra>",
            )
        )
    apply_layout(figure, EVALUATION_HEIGHT, top=58, identity=report.group)
    figure.update_xaxes(title_text="Mean probability", range=[-0.02, 1.02])
    figure.update_yaxes(title_text="Share with a transit", range=[-0.02, 1.02])
    return figure


def confusion_figure(report: SegmentReport, which: int = 0) -> go.Figure:
    """Plot one of the report's confusion matrices.

    Parameters
    ----------
    report : SegmentReport
        Evaluation report.
    which : int, optional
        0 for the stated threshold, 1 for that of the best F1.

    Returns
    -------
    Figure
        Counts, colored by the fraction of each row.
    """
    name = "stated" if which == 0 else "best F1"
    return confusion_counts_figure(report.confusions[which], name, identity=f"{report.group}{which}")


def confusion_counts_figure(confusion: Confusion, name: str = "", *, identity: str = "") -> go.Figure:
    """Plot the confusion matrix at any threshold.

    Parameters
    ----------
    confusion : Confusion
        Counts and threshold.
    name : str, optional
        What the threshold is called.
    identity : str, optional
        Zooms are kept while this stays the same.

    Returns
    -------
    Figure
        Counts, colored by the fraction of each row.
    """
    c = confusion
    counts = np.array([[c.true_negatives, c.false_positives], [c.false_negatives, c.true_positives]])
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = go.Figure(
        go.Heatmap(
            z=share,
            x=["no transit", "transit"],
            y=["no transit", "transit"],
            zmin=0,
            zmax=1,
            colorscale=style.PROBABILITY_SCALE,
            showscale=False,
            hoverinfo="skip",
        )
    )
    for row, truth in enumerate(("no transit", "transit")):
        for column, sentence in enumerate(("no transit", "transit")):
            # Cividis runs from dark to light.
            ink = "black" if share[row, column] > 0.5 else "white"
            text = f"{counts[row, column]:,}<br>{share[row, column]:.1%}".replace(",", " ")
            figure.add_annotation(x=sentence, y=truth, text=text, showarrow=False, font={"color": ink, "size": 15})
    at = f"threshold {c.threshold:.3f}" + (f" ({name})" if name else "")
    title = f"{at}: precision {c.precision}, recall {c.recall}, F1 {c.f1}"
    apply_layout(figure, EVALUATION_HEIGHT, top=40, legend=False, identity=identity)
    figure.update_layout(title={"text": title, "font": {"size": 12}, "x": 0, "xref": "paper"})
    figure.update_xaxes(title_text="Called", showgrid=False)
    figure.update_yaxes(title_text="Is", showgrid=False, autorange="reversed")
    return figure


def snr_figure(report: SegmentReport) -> go.Figure:
    """Plot recall at 1 % and 0.1 % false alarms against the strongest transit's signal-to-noise.

    Parameters
    ----------
    report : SegmentReport
        Evaluation report.

    Returns
    -------
    Figure
        Bars with confidence intervals.
    """
    titles = [f"{style.escape(b.title)}<br>{b.positives} of {b.stars} star{'s' * (b.stars > 1)}" for b in report.by_snr]
    figure = go.Figure()
    bars = (("1 % false alarms", "recall", style.TREND_COLOR), ("0.1 % false alarms", "recall_strict", style.PLANET_COLORS[1]))
    for name, field, color in bars:
        values = [getattr(b, field) for b in report.by_snr]
        figure.add_trace(
            go.Bar(
                x=titles,
                y=[v.value for v in values],
                name=name,
                marker={"color": color},
                error_y={
                    "array": [v.high - v.value for v in values],
                    "arrayminus": [v.value - v.low for v in values],
                    "thickness": 1.3,
                    "color": style.CADENCE_COLOR,
                },
                hovertemplate="recall %{y:.3f}<extra>" + name + "</extra>",
            )
        )
    apply_layout(figure, EVALUATION_HEIGHT, identity=report.group)
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
    """Plot histograms of the probability of segments with and without a transit.

    Counts are on a logarithmic axis.

    Parameters
    ----------
    labels : ndarray of int
        1 with a transit, 0 without, shape (n,).
    probability : ndarray
        Segment probabilities, shape (n,).
    threshold : float, optional
        Threshold to draw as a line.
    weights : ndarray, optional
        Number of segments that each one stands for, shape (n,).

    Returns
    -------
    Figure
        The histograms.
    """
    edges = np.linspace(0, 1, HISTOGRAM_BINS + 1)
    figure = go.Figure()
    for label, name, color in ((0, "without a transit", NO_TRANSIT_COLOR), (1, "with a transit", TRANSIT_COLOR)):
        own = labels == label
        count, _ = np.histogram(probability[own], edges, weights=None if weights is None else weights[own])
        count = np.rint(count).astype(np.int64)
        figure.add_trace(
            go.Bar(
                x=(edges[1:] + edges[:-1]) / 2,
                y=count,
                width=np.diff(edges),
                name=f"{name} ({count.sum()})",
                marker={"color": style.with_opacity(color, 0.6), "line": {"width": 0}},
                hovertemplate="%{y} segments near %{x:.3f}<extra>" + name + "</extra>",
            )
        )
    apply_layout(figure, EVALUATION_HEIGHT)
    if threshold is not None:
        figure.add_vline(
            x=threshold,
            line={"color": style.SELECTED_COLOR, "width": 2},
            annotation_text=f"{threshold:.3f}",
            annotation_position="top left" if threshold > 0.5 else "top right",
            annotation_font_color=style.SELECTED_COLOR,
        )
    figure.update_layout(barmode="overlay")
    figure.update_xaxes(title_text="Segment probability", range=[0, 1])
    figure.update_yaxes(title_text="Segments", type="log", dtick=1)
    return figure


def _curve_trace(x: object, y: object, name: str, hover: str) -> go.Scatter:
    return go.Scatter(
        x=x, y=y, mode="lines", name=name, line={"color": style.TREND_COLOR, "width": 2}, hovertemplate=hover + "<extra></extra>"
    )


def _reference_trace(x: object, y: object, name: str) -> go.Scatter:
    line = {"color": style.REFERENCE_COLOR, "width": 1.4, "dash": "dash"}
    return go.Scatter(x=x, y=y, mode="lines", name=name, hoverinfo="skip", line=line)
