"""How good a run's probabilities are, in pictures: ranking, threshold, calibration, signal-to-noise, stars."""

import math
from typing import Any

import streamlit as st

from astroseq_core.figures import evaluation, training
from astroseq_core.figures.layout import CONFIG
from astroseq_core.runs.folder import Run
from astroseq_core.runs.result import Result
from astroseq_core.training.judged import STAR_SCORES, TestSegments
from astroseq_core.training.report import Report
from astroseq_core.ui import train_address
from astroseq_core.ui.page import note

STEP = 0.001
SCORE_WORDS = {"topk": "mean of its five highest", "max": "its highest"}


def show(run: Run, found: Result, report: Report) -> None:
    """Draw it."""
    name = f"{run.run_id} {report.group}"
    if run.epochs:
        with st.expander("Epochs", icon=":material/show_chart:"):
            _chart(training.curves_figure({run.run_id: run.epochs}), f"curves {name}")
            note("Training numbers dashed, validation numbers solid; the large marker is the epoch that was kept.",
                 "Both should get better together.")  # fmt: skip
    if report.roc_curve.x:
        _ranking(report, name)
    if found.test is not None and report.group in found.test.groups:
        st.fragment(_threshold)(found.test, report.group, name)
    elif report.confusions:
        _stated(report, name)
    _calibration(report, name)
    if found.test is not None and report.group in found.test.groups:
        _stars(found.test, report.group, name)


def _chart(figure: Any, key: str) -> None:
    st.plotly_chart(figure, config=CONFIG, key=key)


def _ranking(report: Report, name: str) -> None:
    left, right = st.columns(2)
    with left:
        st.markdown("**Recall by false-alarm rate**")
        _chart(evaluation.roc_figure(report), f"roc {name}")
        note("Each point is a threshold: how many of the segments with a transit are found, for how many false alarms among the "
             "others.", "The line should rise steeply at the left: searches can afford few false alarms.")  # fmt: skip
    with right:
        st.markdown("**Precision by recall**")
        _chart(evaluation.pr_figure(report), f"pr {name}")
        note("Of those called transits, how many are; dashed, the base rate that guessing has.",
             "The line should stay high far to the right. In the sky the base rate, and so precision, is lower.")  # fmt: skip


def _threshold(test: TestSegments, group: str, name: str) -> None:
    """The confusion matrix and the probabilities at any threshold."""
    key = f"threshold {name}"
    best, alarms = test.best_threshold(group), test.alarm_threshold(group)
    if key not in st.session_state:
        st.session_state[key] = _from_address(best)
    st.markdown("**At a threshold**")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        with st.container(width=420):
            threshold = st.slider("Called a transit from this probability on", 0.0, 1.0, step=STEP, format="%.3f", key=key)
        st.button("Best F1", key=f"best {name}", on_click=_set, args=(key, best), help=f"At {best:.3f} on these segments")
        st.button("1 % false alarms", key=f"alarms {name}", on_click=_set, args=(key, alarms), disabled=math.isnan(alarms),
                  help="" if math.isnan(alarms) else f"At {alarms:.3f}")  # fmt: skip
    train_address.write({"threshold": None if abs(threshold - best) <= STEP / 2 else f"{threshold:.3f}"})
    left, right = st.columns(2)
    with left:
        _chart(evaluation.counts_figure(test.confusion(threshold, group), identity=name), f"confusion {name}")
        note("Rows are what segments are, columns what they are called; shares are of each row.",
             "The diagonal should be bright. A higher threshold misses more and raises fewer false alarms.")  # fmt: skip
    with right:
        pick = test.of(group)
        _chart(
            evaluation.histogram_figure(test.labels[pick], test.probability[pick], threshold, test.weight[pick]), f"spread {name}"
        )
        note("How many segments have which probability, on a logarithmic axis; the line is the threshold.",
             "The two should lie apart, those with a transit at the right.")  # fmt: skip


def _from_address(best: float) -> float:
    try:
        value = float(train_address.text("threshold"))
    except ValueError:
        return _round(best)
    return _round(value) if 0 <= value <= 1 else _round(best)


def _set(key: str, value: float) -> None:
    st.session_state[key] = _round(value)


def _round(value: float) -> float:
    return min(1.0, max(0.0, round(value, 3)))


def _stated(report: Report, name: str) -> None:
    """The confusion matrices that the report holds, where the segments were not kept."""
    st.markdown("**At a threshold**")
    for which, column in zip(range(min(2, len(report.confusions))), st.columns(2), strict=False):
        with column:
            _chart(evaluation.confusion_figure(report, which), f"confusion {which} {name}")
    note("Rows are what segments are, columns what they are called; shares are of each row.",
         "The diagonal should be bright. This run kept no segments, so that other thresholds cannot be tried.")  # fmt: skip


def _calibration(report: Report, name: str) -> None:
    left, right = st.columns(2)
    with left:
        st.markdown("**Does it mean what it says?**")
        _chart(evaluation.reliability_figure(report), f"reliability {name}")
        note("Segments of like probability, and the share of them that hold a transit.",
             "Points should lie on the dashed line; below it the network is too sure.")  # fmt: skip
    with right:
        st.markdown("**Recall by signal-to-noise**")
        if report.by_snr:
            _chart(evaluation.snr_figure(report), f"snr {name}")
            note("How many of the segments are found by how far their strongest transit stands out of the star's noise.",
                 "Above 10 nearly all should be found; under 5 few can be in a single segment.")  # fmt: skip
        else:
            st.markdown("The signal-to-noise of these stars' transits is not known, so recall cannot be told by it.")


def _stars(test: TestSegments, group: str, name: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.markdown("**Ranking of the stars**", width="content")
        score = st.segmented_control("Stars by", STAR_SCORES, default=STAR_SCORES[0], required=True, key=f"score {name}",
                                     format_func=lambda s: SCORE_WORDS[s], label_visibility="collapsed")  # fmt: skip
    _chart(training.star_ranking_figure(test.star_ranking(group, str(score or STAR_SCORES[0])), identity=name), f"stars {name}")
    note("Each point is a test star by its segment probabilities, the best first.",
         "Stars with transits should all stand at the left.")  # fmt: skip
