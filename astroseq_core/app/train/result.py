"""The result of a finished run: evaluation on its test stars, worst mistakes, and its model."""

import math

import streamlit as st

from astroseq_core import targets
from astroseq_core.app.shared import layout, url_state
from astroseq_core.app.shared.layout import draw_note, escape
from astroseq_core.app.shared.value_types import Choice
from astroseq_core.app.train import run as train_run
from astroseq_core.app.train import state
from astroseq_core.app.train.epoch_rates import draw_epoch_rates
from astroseq_core.app.train.published import draw_published
from astroseq_core.app.train.state import MISSES, MISTAKES, format_duration
from astroseq_core.columns import TOP_K_WORD
from astroseq_core.errors import AstroSeqError, SettingsError
from astroseq_core.evaluation.segment_report import Measured, SegmentReport
from astroseq_core.jobs.job import RESULT_NAME
from astroseq_core.plots import evaluation, segments, style, training
from astroseq_core.plots.style import PLOTLY_CONFIG
from astroseq_core.scoring.star_source import Source
from astroseq_core.training.injection import FIRST_SEED
from astroseq_core.training.runs import results
from astroseq_core.training.runs.queue import Run
from astroseq_core.training.runs.results import RunResult
from astroseq_core.training.stars import FOLDER
from astroseq_core.training.test_predictions import STAR_SCORE_NAMES, TestPredictions, WorstTestSegment

MISTAKE_COLUMNS, MISTAKES_SHOWN = 4, 8


def draw_mistakes(run: Run, test: TestPredictions | None, group: str) -> None:
    """Draw the mistakes; nothing if the run's test segments were not saved.

    Parameters
    ----------
    run : Run
        The run.
    test : TestPredictions or None
        Its test segments with their predictions.
    group : str
        The group of test stars.
    """
    if test is None or group not in test.groups:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.markdown("**Worst mistakes**", width="content")
        kind = st.segmented_control(
            "Which",
            MISTAKES,
            default=state.MISTAKES_KIND.read(),
            required=True,
            key=f"mistakes {run.job_id} {group}",
            label_visibility="collapsed",
        )
    state.MISTAKES_KIND.write(str(kind))
    found = (test.misses if kind == MISSES else test.false_alarms)(group)[:MISTAKES_SHOWN]
    if not found:
        st.markdown("No such mistake was made on these stars.")
        return
    for first in range(0, len(found), MISTAKE_COLUMNS):
        for number, (mistake, column) in enumerate(
            zip(found[first : first + MISTAKE_COLUMNS], st.columns(MISTAKE_COLUMNS), strict=False), first
        ):
            with column:
                _draw_mistake(run, test, mistake, f"{kind} {run.job_id} {group} {number}")
    if any(is_training_star(m.star) for m in found):
        st.caption("Simulated training stars are not in the built-in survey: they cannot be opened.")
    draw_note(
        "The first channel of what the network saw, in-transit cadences in color. False alarms are the loudest segments without "
        "a transit; misses are the strongest transits below the probability that one in a hundred of the others exceeds.",
        "What looks like a transit to you, too, is a fair mistake; what does not says what it has yet to learn.",
    )


def _draw_mistake(run: Run, test: TestPredictions, mistake: WorstTestSegment, key: str) -> None:
    st.plotly_chart(segments.thumbnail_figure(mistake, (test.channel,)), config={"displayModeBar": False}, key=key)
    strength = f" · SNR {mistake.snr:.1f}" if mistake.label and mistake.snr == mistake.snr else ""
    others = f" · {mistake.others} more" if mistake.others else ""
    words = f"p = {mistake.probability:.3f}{strength}{others}"
    where = star_location(run, mistake.star)
    if where is None:
        st.caption(f"{escape(mistake.star)} · {words}")
        return
    with layout.skip_links_without_pages():
        st.page_link(url_state.EXPLORE, label=escape(mistake.star), icon=":material/query_stats:", query_params=where)
    st.caption(words)


def is_training_star(star: str) -> bool:
    """Return whether a star was simulated for training and so cannot be opened.

    Parameters
    ----------
    star : str
        Identifier of the star.

    Returns
    -------
    bool
        True for simulated stars outside the built-in survey.
    """
    kind, _, number = star.partition(" ")
    return kind == "SIM" and number.isdecimal() and int(number) >= FIRST_SEED


def star_location(run: Run, star: str) -> dict[str, str] | None:
    """Return the URL parameters with which Explore opens a star of the run.

    Parameters
    ----------
    run : Run
        The run.
    star : str
        Identifier of the star.

    Returns
    -------
    dict of str to str or None
        None if it cannot be opened.
    """
    try:
        target = targets.parse_star(star)
    except AstroSeqError:
        return None
    if target.is_simulated:
        return None if is_training_star(star) else {"target": target.id}
    stars = run.request.stars
    if stars.source == FOLDER:
        where = {"source": Source.FOLDER.address_word, "folder": stars.folder, "target": target.id}
        return where | ({"ephemerides": stars.ephemerides} if stars.ephemerides else {})
    return {"source": "cache", "target": target.id}


THRESHOLD_STEP = 0.001
SCORE_WORDS = {"topk": f"mean of its {TOP_K_WORD} highest", "max": "its highest"}


def draw_evaluation(run: Run, found: RunResult, report: SegmentReport) -> None:
    """Draw the evaluation: ranking, threshold, calibration, signal-to-noise, and stars.

    Parameters
    ----------
    run : Run
        The run.
    found : Result
        Its result.
    report : Report
        The report of the group of test stars.
    """
    name = f"{run.job_id} {report.group}"
    if run.epochs:
        with st.expander("Epochs", icon=":material/show_chart:"):
            _draw_chart(training.training_curves_figure({run.job_id: run.epochs}), f"curves {name}")
            draw_note(
                "Training numbers dashed, validation numbers solid; the large marker is the epoch that was kept.",
                "Both should get better together.",
            )
            draw_epoch_rates(run)
    if report.roc_curve.x:
        _draw_ranking(report, name)
    if found.test is not None and report.group in found.test.groups:
        st.fragment(_draw_threshold)(found.test, report.group, name)
    elif report.confusions:
        _draw_stored_confusions(report, name)
    _draw_calibration(report, name)
    if found.test is not None and report.group in found.test.groups:
        _draw_stars(found.test, report.group, name)


def _draw_chart(figure: object, key: str) -> None:
    st.plotly_chart(figure, config=PLOTLY_CONFIG, key=key)


def _draw_ranking(report: SegmentReport, name: str) -> None:
    left, right = st.columns(2)
    with left:
        st.markdown("**Recall by false-alarm rate**")
        _draw_chart(evaluation.roc_figure(report), f"roc {name}")
        draw_note(
            "Each point is a threshold: how many of the segments with a transit are found, for how many false alarms among the "
            "others.",
            "The line should rise steeply at the left: searches can afford few false alarms.",
        )
    with right:
        st.markdown("**Precision by recall**")
        _draw_chart(evaluation.pr_figure(report), f"pr {name}")
        draw_note(
            "Of those called transits, how many are; dashed, the base rate that guessing has.",
            "The line should stay high far to the right. In the sky the base rate, and so precision, is lower.",
        )


def _draw_threshold(test: TestPredictions, group: str, name: str) -> None:
    """Draw the confusion matrix and the probabilities at a threshold that the slider sets."""
    key = f"threshold {name}"
    best, alarms = test.best_threshold(group), test.alarm_threshold(group)
    if key not in st.session_state:
        st.session_state[key] = _threshold_from_url(best)
    st.markdown("**At a threshold**")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        with st.container(width=420):
            threshold = st.slider(
                "Called a transit from this probability on", 0.0, 1.0, step=THRESHOLD_STEP, format="%.3f", key=key
            )
        st.button(
            "Best F1", key=f"best {name}", on_click=_set_threshold, args=(key, best), help=f"At {best:.3f} on these segments"
        )
        st.button(
            "1 % false alarms",
            key=f"alarms {name}",
            on_click=_set_threshold,
            args=(key, alarms),
            disabled=math.isnan(alarms),
            help="" if math.isnan(alarms) else f"At {alarms:.3f}",
        )
    state.THRESHOLD.write(None if abs(threshold - best) <= THRESHOLD_STEP / 2 else threshold)
    left, right = st.columns(2)
    with left:
        _draw_chart(evaluation.confusion_counts_figure(test.confusion(threshold, group), identity=name), f"confusion {name}")
        draw_note(
            "Rows are what segments are, columns what they are called; shares are of each row.",
            "The diagonal should be bright. A higher threshold misses more and raises fewer false alarms.",
        )
    with right:
        pick = test.group_mask(group)
        _draw_chart(
            evaluation.histogram_figure(test.labels[pick], test.probability[pick], threshold, test.weight[pick]), f"spread {name}"
        )
        draw_note(
            "How many segments have which probability, on a logarithmic axis; the line is the threshold.",
            "The two should lie apart, those with a transit at the right.",
        )


def _threshold_from_url(best: float) -> float:
    asked = state.THRESHOLD.read()
    return _round_threshold(best if asked is None else asked)


def _set_threshold(key: str, value: float) -> None:
    st.session_state[key] = _round_threshold(value)


def _round_threshold(value: float) -> float:
    return min(1.0, max(0.0, round(value, 3)))


def _draw_stored_confusions(report: SegmentReport, name: str) -> None:
    """Draw the stored confusion matrices, for runs whose test segments were not saved."""
    st.markdown("**At a threshold**")
    for which, column in zip(range(min(2, len(report.confusions))), st.columns(2), strict=False):
        with column:
            _draw_chart(evaluation.confusion_figure(report, which), f"confusion {which} {name}")
    draw_note(
        "Rows are what segments are, columns what they are called; shares are of each row.",
        "The diagonal should be bright. This run kept no segments, so that other thresholds cannot be tried.",
    )


def _draw_calibration(report: SegmentReport, name: str) -> None:
    left, right = st.columns(2)
    with left:
        st.markdown("**Does it mean what it says?**")
        _draw_chart(evaluation.reliability_figure(report), f"reliability {name}")
        draw_note(
            "Segments of like probability, and the share of them that hold a transit.",
            "Points should lie on the dashed line; below it the network is too sure.",
        )
    with right:
        st.markdown("**Recall by signal-to-noise**")
        if report.by_snr:
            _draw_chart(evaluation.snr_figure(report), f"snr {name}")
            draw_note(
                "How many of the segments are found by how far their strongest transit stands out of the star's noise.",
                "Above 10 nearly all should be found; under 5 few can be in a single segment.",
            )
        else:
            st.markdown("The signal-to-noise of these stars' transits is not known, so recall cannot be told by it.")


def _draw_stars(test: TestPredictions, group: str, name: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.markdown("**Ranking of the stars**", width="content")
        score = st.segmented_control(
            "Stars by",
            STAR_SCORE_NAMES,
            default=STAR_SCORE_NAMES[0],
            required=True,
            key=f"score {name}",
            format_func=lambda s: SCORE_WORDS[s],
            label_visibility="collapsed",
        )
    _draw_chart(
        training.star_ranking_figure(test.star_ranking(group, str(score or STAR_SCORE_NAMES[0])), identity=name), f"stars {name}"
    )
    draw_note(
        "Each point is a test star by its segment probabilities, the best first.",
        "Stars with transits should all stand at the left.",
    )


#: Cache size: results (up to a few MB each).
RESULTS_KEPT = 6
SIMULATED_GROUP = "simulated"


def draw_result(run: Run) -> None:
    """Draw the run.

    Parameters
    ----------
    run : Run
        A finished run.
    """
    found = load_result(run)
    simulated_only = bool(found.groups) and all(SIMULATED_GROUP in g for g in found.groups)
    more = (("tested on simulated stars only", style.SIMULATED_BADGE_COLOR),) if simulated_only else ()
    train_run.draw_badges(run, *more)
    _draw_actions(run)
    if not found.groups:
        st.info("It has no test stars, so there is nothing to say about how good it is.", icon=":material/info:")
    else:
        group = _select_group(run, found)
        report = found.report(group)
        _draw_numbers(report)
        draw_published(run, found, group)
        if report.note:
            st.warning(escape(report.note), icon=":material/info:")
        draw_evaluation(run, found, report)
        draw_mistakes(run, found.test, group)
    _draw_model(run, found)
    train_run.draw_note_field(run)
    train_run.draw_settings(run)


def load_result(run: Run) -> RunResult:
    """Load a run's result, cached until its file changes.

    Parameters
    ----------
    run : Run
        A finished run.

    Returns
    -------
    Result
        The result.

    Raises
    ------
    SettingsError
        If the result is missing or damaged.
    """
    about = (run.folder / RESULT_NAME).stat()
    found: RunResult | None = _load_result(run.job_id, run, about.st_mtime_ns, about.st_size)
    if found is None:
        raise SettingsError(f"The result of {run.job_id} is gone; run it again.")
    return found


@st.cache_resource(show_spinner=False, max_entries=RESULTS_KEPT)  # type: ignore[untyped-decorator]
def _load_result(run_id: str, _run: Run, changed: int, size: int) -> RunResult | None:
    return results.load(_run)


def _draw_actions(run: Run) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if run.has_model:
            with layout.skip_links_without_pages():
                st.page_link(
                    url_state.EXPLORE,
                    label="Look at stars with it",
                    icon=":material/query_stats:",
                    query_params={"model": run.job_id},
                )
        train_run.draw_rerun_button(run)
        train_run.draw_delete_button(run)


def _select_group(run: Run, found: RunResult) -> str:
    """Draw the choice of test stars, and return the group."""
    groups = found.groups
    if len(groups) == 1:
        st.markdown(f"Evaluated on **{escape(groups[0])}** that it never saw:")
        return groups[0]
    asked = state.GROUP.with_default(groups[0]).with_kind(Choice(groups))
    chosen = st.segmented_control(
        "Evaluated on",
        groups,
        default=asked.read(),
        required=True,
        format_func=escape,
        key=f"group {run.job_id}",
        help="None of them had a part in making it.",
    )
    group = str(chosen or groups[0])
    asked.write(group)
    return group


def _draw_numbers(report: SegmentReport) -> None:
    """Draw the metrics with their 95 % intervals."""
    with st.container(horizontal=True, gap="medium"):
        _draw_metric(
            "ROC-AUC", report.roc_auc, "Chance that a segment with a transit is ranked above one without; 0.5 is guessing."
        )
        _draw_metric(
            "PR-AUC", report.pr_auc, f"Mean precision over all recalls; guessing has the base rate, {report.base_rate:.3f}."
        )
        _draw_metric("PR lift", report.pr_lift, "PR-AUC over the base rate.", digits=1)
        _draw_metric(
            "Recall at 1 % false alarms",
            report.recall,
            "Share of the segments with a transit above the probability that one in a hundred of the others exceeds.",
        )
        _draw_metric(
            "ECE", report.own_ece, "Expected calibration error at the segments' own base rate: how far off its probabilities are."
        )
        st.metric(
            "Base rate",
            f"{report.base_rate:.3f}",
            width="content",
            help="Share of the segments with a transit",
            delta=f"{report.positives:,} of {report.segments:,} segments",
            delta_color="off",
            delta_arrow="off",
        )
    st.caption(f"On {report.stars:,} stars; under each number its 95 % interval, from drawing the stars anew.")


def _draw_metric(label: str, measured: Measured, words: str, digits: int = 3) -> None:
    known = measured.value == measured.value
    interval = measured.low == measured.low
    st.metric(
        label,
        f"{measured.value:.{digits}f}" if known else "–",
        width="content",
        help=words,
        delta_color="off",
        delta_arrow="off",
        delta=f"{measured.low:.{digits}f} to {measured.high:.{digits}f}" if interval else "no interval",
    )


def _draw_model(run: Run, found: RunResult) -> None:
    st.markdown("#### The model")
    if run.has_model:
        train_run.draw_promotion(run)
        st.caption(f"Its file, card and test segments are in {escape(run.folder)}.")
    else:
        st.markdown(
            "This kind of run makes no model that could score stars: what stands here is its report, beside which networks are "
            f"measured. It is in {escape(run.folder)}."
        )
    if found.seconds is not None:
        memory = "" if found.peak_memory_gib is None else f", with at most {found.peak_memory_gib:.1f} GiB of memory"
        st.caption(f"It took {format_duration(found.seconds)}{memory}.")
