"""What the form's settings mean: how many segments, how long, and what the network will see."""

import hashlib
import json
from typing import TYPE_CHECKING

import streamlit as st

from astroseq_core.figures import gallery
from astroseq_core.figures.layout import CONFIG
from astroseq_core.runs.request import RunRequest
from astroseq_core.ui import jobs
from astroseq_core.ui.jobs import Job
from astroseq_core.ui.page import escape, note
from astroseq_core.ui.train_words import duration

if TYPE_CHECKING:
    import pandas as pd

    from astroseq_core.runs.plan import Plan

KIND = "plan"


def key_of(request: RunRequest) -> str:
    """The key of the request's plan; its name changes nothing."""
    values = request.to_dict() | {"name": ""}
    return f"{KIND} {hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:20]}"


def button(request: RunRequest | None) -> None:
    """The button that works it out, while it is not known."""
    job = jobs.all_jobs().get(key_of(request)) if request else None
    if job is None or not (job.is_running or job.result is not None):
        st.button("Work out what this means", key="work out", icon=":material/calculate:", disabled=request is None,
                  on_click=_begin, args=(request,), help="Prepares a few of the stars and times the network; some ten "
                  "seconds or more.")  # fmt: skip


def _begin(request: RunRequest) -> None:
    key = key_of(request)
    for other in jobs.all_jobs().of_kind(KIND):
        if other.key != key and other.key == st.session_state.get("train plan"):
            other.cancel()
    st.session_state["train plan"] = key

    def work(job: Job) -> "Plan":
        from astroseq_core.runs.apart import plan_apart

        def tell(part: float, words: str) -> None:
            job.part, job.detail = part, words

        return plan_apart(request, progress=tell, stop=job.stop)

    jobs.all_jobs().start(key, "What this means", work)


def show(request: RunRequest) -> None:
    """Where the plan stands, or what it says."""
    job = jobs.all_jobs().get(key_of(request))
    if job is None:
        st.caption("How many segments that makes, how long it takes and what the network will see can be known before.")
    elif job.is_running:
        jobs.watch(True, lambda: _progress(job))
    elif job.problem is not None:
        st.error(escape(job.problem), icon=":material/error:")
    elif job.result is not None:
        _plan(job.result)
    else:
        st.caption("It was stopped.")


def _progress(job: Job) -> bool:
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        with st.container(width="stretch"):
            words = "stopping" if job.stop.is_set() else job.detail or "starting"
            st.progress(min(1.0, max(0.0, job.part)), text=f"What this means: {escape(words)}")
        st.button("Cancel", key="stop plan", on_click=job.cancel, disabled=job.stop.is_set(), icon=":material/close:")
    return job.is_running


def _plan(plan: "Plan") -> None:
    st.subheader("What this means", anchor=False)
    with st.container(horizontal=True, gap="large"):
        st.metric("Base rate", f"{plan.base_rate:.1%}", width="content", help="Share of training segments with a transit, before "
                  "caps and the ratio")  # fmt: skip
        st.metric("Segments an epoch", f"{plan.segments_per_epoch:,}", width="content")
        st.metric("Steps an epoch", f"{plan.steps:,}", width="content")
        st.metric("Preparing", duration(plan.prepare_seconds), width="content", help="All stars, once")
        st.metric("An epoch", duration(plan.epoch_seconds), width="content")
        st.metric("In all", duration(plan.total_seconds), width="content", help="With all epochs and the judging")
    for warning in plan.warnings:
        st.warning(escape(warning), icon=":material/warning:")
    st.dataframe(parts(plan), hide_index=True, width="stretch", alt="Stars and segments of each part of the split")
    count = plan.sampled_stars
    st.caption(f"Numbers are extrapolated from a sample of {count} star{'s' * (count != 1)}; times are of this computer now.")
    if plan.gallery:
        st.plotly_chart(gallery.gallery_figure(plan.gallery, plan.channels), config=CONFIG, key="plan gallery")
        note(
            "Training segments as the network will see them: the first channel with flux, in-transit cadences in colour, those "
            "with a transit from the weakest to the strongest.",
            "The stronger ones should look like dips to you, too; where even they do not, the window is too short or the "
            "detrending eats them.",
        )


def parts(plan: "Plan") -> "pd.DataFrame":
    """One row a part of the split."""
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
