"""A finished run: what it learned, measured on stars that it never saw."""

import streamlit as st

from astroseq_core.background.folder import RESULT
from astroseq_core.errors import SettingsError
from astroseq_core.figures import colours
from astroseq_core.runs import result as results
from astroseq_core.runs.folder import Run
from astroseq_core.runs.result import Result
from astroseq_core.training.report import Measured, Report
from astroseq_core.ui import address, page, train_about, train_address, train_judged, train_mistakes, train_promote
from astroseq_core.ui.page import escape
from astroseq_core.ui.train_words import duration

#: Results (up to a few MB each) that are kept.
RESULTS_KEPT = 6
SIMULATED_GROUP = "simulated"


def show(run: Run) -> None:
    """Draw it."""
    found = loaded(run)
    simulated_only = bool(found.groups) and all(SIMULATED_GROUP in g for g in found.groups)
    more = (("tested on simulated stars only", colours.SIMULATED_BADGE),) if simulated_only else ()
    train_about.badges(run, *more)
    _actions(run)
    if not found.groups:
        st.info("It has no test stars, so there is nothing to say about how good it is.", icon=":material/info:")
    else:
        group = _group(run, found)
        report = found.report(group)
        _numbers(report)
        if report.note:
            st.warning(escape(report.note), icon=":material/info:")
        train_judged.show(run, found, report)
        train_mistakes.show(run, found.test, group)
    _model(run, found)
    train_about.note_field(run)
    train_about.settings(run)


def loaded(run: Run) -> Result:
    """The run's result; raises SettingsError where it is damaged."""
    about = (run.folder / RESULT).stat()
    found: Result | None = _loaded(run.run_id, run, about.st_mtime_ns, about.st_size)
    if found is None:
        raise SettingsError(f"The result of {run.run_id} is gone; run it again.")
    return found


@st.cache_resource(show_spinner=False, max_entries=RESULTS_KEPT)  # type: ignore[untyped-decorator]
def _loaded(run_id: str, _run: Run, changed: int, size: int) -> Result | None:
    return results.load(_run)


def _actions(run: Run) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if run.has_model:
            with page.where_there_are_pages():
                st.page_link(address.EXPLORE, label="Look at stars with it", icon=":material/query_stats:",
                             query_params={"model": run.run_id})  # fmt: skip
        train_about.again(run)
        train_about.delete(run)


def _group(run: Run, found: Result) -> str:
    """The group of test stars that is looked at."""
    groups = found.groups
    if len(groups) == 1:
        st.markdown(f"Judged on **{escape(groups[0])}** that it never saw:")
        return groups[0]
    chosen = st.segmented_control("Judged on", groups, default=train_address.one("group", groups, groups[0]), required=True,
                                  key=f"group {run.run_id}", help="None of them had a part in making it.")  # fmt: skip
    group = str(chosen or groups[0])
    train_address.write({"group": group if group != groups[0] else None})
    return group


def _numbers(report: Report) -> None:
    """What was measured, each with its interval."""
    with st.container(horizontal=True, gap="medium"):
        _metric("ROC-AUC", report.roc_auc, "Chance that a segment with a transit is ranked above one without; 0.5 is guessing.")
        _metric("PR-AUC", report.pr_auc, f"Mean precision over all recalls; guessing has the base rate, {report.base_rate:.3f}.")
        _metric("PR lift", report.pr_lift, "PR-AUC over the base rate.", digits=1)
        _metric("Recall at 1 % false alarms", report.recall, "Share of the segments with a transit above the probability "
                "that one in a hundred of the others exceeds.")  # fmt: skip
        _metric("ECE", report.own_ece, "Expected calibration error at the segments' own base rate: how far off its probabilities "
                "are.")  # fmt: skip
        st.metric("Base rate", f"{report.base_rate:.3f}", width="content", help="Share of the segments with a transit",
                  delta=f"{report.positives:,} of {report.segments:,} segments", delta_color="off",
                  delta_arrow="off")  # fmt: skip
    st.caption(f"On {report.stars:,} stars; under each number its 95 % interval, from drawing the stars anew.")


def _metric(label: str, measured: Measured, words: str, digits: int = 3) -> None:
    known = measured.value == measured.value
    interval = measured.low == measured.low
    st.metric(
        label, f"{measured.value:.{digits}f}" if known else "–", width="content", help=words,
        delta_color="off", delta_arrow="off",
        delta=f"{measured.low:.{digits}f} to {measured.high:.{digits}f}" if interval else "no interval",
    )  # fmt: skip


def _model(run: Run, found: Result) -> None:
    st.markdown("#### The model")
    if run.has_model:
        train_promote.show(run)
        st.caption(f"Its file, card and test segments are in {escape(run.folder)}.")
    else:
        st.markdown(
            "This kind of run makes no model that could score stars: what stands here is its report, beside which networks are "
            f"measured. It is in {escape(run.folder)}."
        )
    if found.seconds is not None:
        memory = "" if found.peak_memory_gib is None else f", with at most {found.peak_memory_gib:.1f} GiB of memory"
        st.caption(f"It took {duration(found.seconds)}{memory}.")
