"""The end of a queue: what was said, how fast, how far the model and others agree, and the stars to see again."""

import streamlit as st

from astroseq_core.app.shared.layout import escape
from astroseq_core.app.vet import actions
from astroseq_core.disposition_codes import CODES
from astroseq_core.store import queue_summary
from astroseq_core.store.queue_summary import Agreed, QueueSummary
from astroseq_core.store.queues import QueueProgress

#: Number of stars to see again that have a link.
STARS_LISTED = 30
MODEL_HELP = (
    "On how many of the signals whose class the classifier had said you and it agree: planet candidate or not. Unsure ones are "
    "left out. It is no measure of who is right."
)
OTHERS_HELP = "On how many of the signals that both of you judged your dispositions are the same"


def draw_summary(queue_id: str, reviewer: str, progress: QueueProgress) -> None:
    """Draw the summary of a queue.

    Parameters
    ----------
    queue_id : str
        The queue.
    reviewer : str
        The reviewer.
    progress : QueueProgress
        Progress of the reviewer through the queue.
    """
    found = queue_summary.summarize(queue_id, reviewer)
    st.subheader("All stars of this queue have a disposition of yours.", anchor=False)
    said = " · ".join(f"{CODES[code].meaning} **{count:,}**" for code, count in found.counts.items())
    st.markdown(f"{progress.in_all:,} star{'s' * (progress.in_all != 1)}; their signals: {said}")
    _draw_numbers(found, progress)
    _draw_again(found, progress.in_all)
    st.caption("The candidates can be exported; the dispositions are in the list of all.")
    with st.container(horizontal=True):
        st.button(
            "Look at them again",
            on_click=actions.go_to,
            args=(0, progress.in_all),
            key="vet again",
            icon=":material/replay:",
        )
        st.button("All queues", on_click=actions.leave_star, key="vet all queues", icon=":material/list:", type="primary")


def _draw_numbers(found: QueueSummary, progress: QueueProgress) -> None:
    """Draw pace and agreements, those that are known."""
    with st.container(horizontal=True, gap="medium"):
        if found.median_seconds is not None:
            help_text = "Median time that a signal was on the screen before its disposition"
            st.metric("Time for a signal", f"{found.median_seconds:.1f} s", width="content", help=help_text)
        if progress.per_hour is not None:
            help_text = "Pace of your latest dispositions, without breaks"
            st.metric("Pace", f"{progress.per_hour:.0f} an hour", width="content", help=help_text)
        if found.with_model.num_signals:
            st.metric("The model agrees", _share(found.with_model), width="content", help=MODEL_HELP)
        for one in found.with_others:
            st.metric(f"{escape(one.who)} agrees", _share(one), width="content", help=OTHERS_HELP)


def _share(agreed: Agreed) -> str:
    return f"{agreed.num_agree:,} of {agreed.num_signals:,}"


def _draw_again(found: QueueSummary, in_all: int) -> None:
    """Draw a link to each star that is worth another look, and why it is."""
    if not found.again:
        st.markdown("No star asks for another look: you were sure of all, and nobody says otherwise.")
        return
    st.markdown("**Stars to see again**")
    with st.container(gap=None):
        for star in found.again[:STARS_LISTED]:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.button(
                    escape(star.target_id),
                    key=f"vet see {star.index}",
                    type="tertiary",
                    icon=":material/arrow_forward:",
                    on_click=actions.go_to,
                    args=(star.index, in_all),
                )
                st.markdown(escape("; ".join(star.reasons)))
    if len(found.again) > STARS_LISTED:
        st.caption(f"{len(found.again) - STARS_LISTED:,} more")
