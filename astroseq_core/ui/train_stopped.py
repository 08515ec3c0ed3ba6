"""A run that was cancelled, or failed: why, and what can still be made of it."""

from collections.abc import Callable

import streamlit as st

from astroseq_core.background import folder as background
from astroseq_core.background.folder import State
from astroseq_core.figures import training
from astroseq_core.figures.layout import CONFIG
from astroseq_core.runs import queue
from astroseq_core.runs.folder import Run
from astroseq_core.ui import page, train_about
from astroseq_core.ui.page import escape


def show(run: Run) -> None:
    """Draw it."""
    train_about.badges(run)
    if run.state is State.FAILED:
        st.error(escape(run.problem or "It failed without a word."), icon=":material/error:")
    if run.can_finish:
        count = len(run.epochs)
        st.info(f"Broken off after {count} epoch{'s' * (count != 1)}. Best epoch so far is kept: make a model of it, or go on.",
                icon=":material/save:")  # fmt: skip
    elif run.state is State.CANCELLED:
        st.info("It was cancelled before its first epoch ended, so there is nothing to make a model of; it can go on.",
                icon=":material/info:")  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if run.can_finish:
            st.button("Make a model of it", key=f"finish {run.run_id}", type="primary", icon=":material/model_training:",
                      on_click=_do, args=(queue.finish, run.run_id))  # fmt: skip
        st.button("Go on", key=f"resume {run.run_id}", icon=":material/play_arrow:", on_click=_do,
                  args=(queue.resume, run.run_id), type="secondary" if run.can_finish else "primary",
                  help="After its last whole epoch.")  # fmt: skip
        train_about.again(run)
        train_about.delete(run)
    if run.epochs:
        st.plotly_chart(training.curves_figure({run.run_id: run.epochs}), config=CONFIG, key=f"curves {run.run_id}")
        page.note(
            "The epochs that it finished; the large marker is the one that is kept.",
            "Both lines of a panel should get better together.",
        )
    if log := background.log_tail(run.folder):
        with st.expander("Log", icon=":material/terminal:"):
            st.code(log, language=None, wrap_lines=True)
    train_about.note_field(run)
    train_about.settings(run)


def _do(what: Callable[[str], None], run_id: str) -> None:
    """Do something with the run, and say in a sentence why it cannot be done."""
    if problem := page.caught(lambda: what(run_id)):
        st.session_state[train_about.SAID] = (False, problem)
