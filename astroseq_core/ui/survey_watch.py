"""Surveys that wait or are under way, live: every second from what their folders say, so that any page can watch them."""

import streamlit as st

from astroseq_core.background import folder
from astroseq_core.background.folder import State
from astroseq_core.surveys import queue
from astroseq_core.surveys.folder import Survey
from astroseq_core.ui import page, survey_about
from astroseq_core.ui.page import escape
from astroseq_core.ui.survey_about import ACTIVE
from astroseq_core.ui.train_words import duration

#: How often they are looked at [s].
WATCH_SECONDS = 1.0


def show(survey: Survey) -> None:
    """Draw it again and again while it is active, then the whole page anew."""

    def once() -> None:
        with page.sentences():
            # A survey that was killed must not hold up those behind it.
            queue.advance()
            now = queue.get(survey.survey_id)
            if now.state not in ACTIVE:
                page.redraw()
            _bar(now)
            if now.state is State.RUNNING:
                survey_about.metrics(now)
            with st.expander("Log", icon=":material/terminal:"):
                st.code(folder.log_tail(now.folder) or "It has not said anything yet.", language=None, wrap_lines=True)

    st.fragment(once, run_every=WATCH_SECONDS)()


def bars() -> None:
    """One line for each survey under way, for other pages; the page is drawn anew when one ends."""
    active = {s.survey_id for s in queue.all_surveys() if s.state in ACTIVE}
    if not active:
        return

    def once() -> None:
        with page.sentences():
            queue.advance()
            now = [s for s in queue.all_surveys() if s.state in ACTIVE]
            if {s.survey_id for s in now} != active:
                page.redraw()
            for survey in now:
                _bar(survey)

    st.fragment(once, run_every=WATCH_SECONDS)()


def _bar(survey: Survey) -> None:
    stopping = (survey.folder / folder.CANCEL).exists()
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        with st.container(width="stretch"):
            text = "stopping …" if stopping else words(survey)
            st.progress(survey_about.part(survey), text=escape(f"{survey.survey_id}: {text}"))
        st.button("Cancel", key=f"cancel {survey.survey_id}", on_click=survey_about.do, args=(queue.cancel, survey.survey_id),
                  disabled=stopping, icon=":material/close:", help="What is scored by then stays.")  # fmt: skip


def words(survey: Survey) -> str:
    """Where the survey stands, in a few words."""
    if survey.state is State.QUEUED:
        return "waits for its turn"
    in_all = survey_about.whole(survey, "in_all")
    if not in_all:
        return "starting"
    parts = [f"{survey_about.handled(survey):,} of {in_all:,} stars"]
    if star := survey.now.get("star"):
        parts.append(f"now {star}")
    if (left := survey.now.get("seconds_left")) is not None:
        parts.append(f"about {duration(float(left))} left")
    return ", ".join(parts)
