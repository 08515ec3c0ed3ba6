"""The plan of a run: number of segments, run time, and examples of what the network will see."""

import hashlib
import json
from typing import TYPE_CHECKING

import streamlit as st

from astroseq_core.app.shared import background
from astroseq_core.app.shared.background import PageJob
from astroseq_core.app.shared.layout import draw_note, escape
from astroseq_core.app.train.state import format_duration
from astroseq_core.plots import segments
from astroseq_core.plots.style import PLOTLY_CONFIG
from astroseq_core.training.runs.request import RunRequest

if TYPE_CHECKING:
    import pandas as pd

    from astroseq_core.training.runs.plan import Plan

PLAN_KIND = "plan"


def plan_key(request: RunRequest) -> str:
    """Return the job key of a request's plan. It does not depend on the run's name.

    Parameters
    ----------
    request : RunRequest
        The request.

    Returns
    -------
    str
        The key.
    """
    values = request.to_dict() | {"name": ""}
    return f"{PLAN_KIND} {hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:20]}"


def draw_plan_button(request: RunRequest | None) -> None:
    """Draw the button that computes the plan, unless there is one.

    Parameters
    ----------
    request : RunRequest or None
        The request, None if the form is invalid.
    """
    job = background.job_registry().get(plan_key(request)) if request else None
    if job is None or not (job.is_running or job.result is not None):
        st.button(
            "Work out what this means",
            key="work out",
            icon=":material/calculate:",
            disabled=request is None,
            on_click=_begin_planning,
            args=(request,),
            help="Prepares a few of the stars and times the network; some ten seconds or more.",
        )


def _begin_planning(request: RunRequest) -> None:
    key = plan_key(request)
    for other in background.job_registry().of_kind(PLAN_KIND):
        if other.key != key and other.key == st.session_state.get("train plan"):
            other.cancel()
    st.session_state["train plan"] = key

    def work(job: PageJob) -> "Plan":
        from astroseq_core.training.runs.plan_process import plan_in_subprocess

        return plan_in_subprocess(request, progress=job.report, stop=job.stop)

    background.job_registry().start(key, "What this means", work)


def draw_plan(request: RunRequest) -> None:
    """Draw the plan, or the progress of computing it.

    Parameters
    ----------
    request : RunRequest
        The request.
    """
    job = background.job_registry().get(plan_key(request))
    if job is None:
        st.caption("How many segments that makes, how long it takes and what the network will see can be known before.")
    elif job.is_running:
        background.watch(True, lambda: _draw_progress(job))
    elif job.problem is not None:
        st.error(escape(job.problem), icon=":material/error:")
    elif job.result is not None:
        _draw_estimates(job.result)
    else:
        st.caption("It was stopped.")


def _draw_progress(job: PageJob) -> bool:
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        with st.container(width="stretch"):
            words = "stopping" if job.stop.is_set() else job.progress.message or "starting"
            st.progress(job.progress.fraction, text=f"What this means: {escape(words)}")
        st.button("Cancel", key="stop plan", on_click=job.cancel, disabled=job.stop.is_set(), icon=":material/close:")
    return job.is_running


def _draw_estimates(plan: "Plan") -> None:
    st.subheader("What this means", anchor=False)
    with st.container(horizontal=True, gap="large"):
        st.metric(
            "Base rate",
            f"{plan.base_rate:.1%}",
            width="content",
            help="Share of training segments with a transit, before caps and the ratio",
        )
        st.metric("Segments an epoch", f"{plan.segments_per_epoch:,}", width="content")
        st.metric("Steps an epoch", f"{plan.steps:,}", width="content")
        st.metric("Preparing", format_duration(plan.prepare_seconds), width="content", help="All stars, once")
        st.metric("An epoch", format_duration(plan.epoch_seconds), width="content")
        st.metric("In all", format_duration(plan.total_seconds), width="content", help="With all epochs and the judging")
    for warning in plan.warnings:
        st.warning(escape(warning), icon=":material/warning:")
    st.dataframe(split_table(plan), hide_index=True, width="stretch", alt="Stars and segments of each part of the split")
    count = plan.sampled_stars
    st.caption(f"Numbers are extrapolated from a sample of {count} star{'s' * (count != 1)}; times are of this computer now.")
    if plan.gallery:
        st.plotly_chart(segments.gallery_figure(plan.gallery, plan.channels), config=PLOTLY_CONFIG, key="plan gallery")
        draw_note(
            "Training segments as the network will see them: the first channel with flux, in-transit cadences in color, those "
            "with a transit from the weakest to the strongest.",
            "The stronger ones should look like dips to you, too; where even they do not, the window is too short or the "
            "detrending eats them.",
        )


def split_table(plan: "Plan") -> "pd.DataFrame":
    """Return the plan's split as a table.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    DataFrame
        One row for each part: stars, segments, and segments with a transit.
    """
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "Part": p.name,
                "Real stars": p.real,
                "Simulated stars": p.simulated,
                "Segments": p.segments,
                "With a transit": p.positives,
            }
            for p in plan.parts
        ]
    )
