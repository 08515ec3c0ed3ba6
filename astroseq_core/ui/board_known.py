"""The Leaderboard's known objects, compared anew in the background where the catalogues are newer than they."""

import streamlit as st

from astroseq_core.surveys import rematch
from astroseq_core.ui import jobs
from astroseq_core.ui.page import escape

KEY = "known objects"
#: Without a word where it takes no longer than this [s].
PROMPT_SECONDS = 0.2


def keep_fresh() -> None:
    """Begin it where it is due, and say so while it goes on; the page is drawn anew when it has ended."""
    job = jobs.all_jobs().get(KEY)
    if job is not None and job.problem is not None:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.warning(escape(job.problem), icon=":material/sync_problem:")
            st.button("Compare known objects again", key="match again", on_click=jobs.all_jobs().forget, args=(KEY,))
        return
    if job is None or not job.is_running:
        if not rematch.is_due():
            return
        job = jobs.all_jobs().start(KEY, "Comparing with the catalogues", lambda j: rematch.refresh_if_due(j.stop))
        if job.wait(PROMPT_SECONDS):
            return

    def draw() -> bool:
        if job.is_running:
            st.caption("The catalogues have changed: known objects are being compared with them.")
        return job.is_running

    jobs.watch(True, draw)
