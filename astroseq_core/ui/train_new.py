"""The Train page's tab for a new run: the form, what it means, and the button that starts it."""

import streamlit as st

from astroseq_core.background.folder import State
from astroseq_core.runs import queue
from astroseq_core.runs.request import RunRequest
from astroseq_core.ui import page, train_about, train_address, train_field, train_form, train_plan
from astroseq_core.ui.page import escape

STARTED = "train forms started"


def show() -> None:
    """Draw it."""
    page.said(train_about.SAID)
    draft = train_form.draw()
    if draft.request is None:
        st.warning(escape(draft.problem), icon=":material/rule:")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        number = train_field.number()
        st.button("Start", type="primary", icon=":material/play_arrow:", key=f"start {number}", disabled=draft.request is None,
                  on_click=_start, args=(number, draft.request))  # fmt: skip
        train_plan.button(draft.request)
        waiting = sum(r.state in (State.RUNNING, State.QUEUED) for r in queue.all_runs())
        if waiting:
            st.caption(f"{waiting} run{'s' * (waiting != 1)} under way: a new one waits for its turn.")
    if draft.request is not None:
        train_plan.show(draft.request)


def _start(number: int, request: RunRequest) -> None:
    """Put the run into the queue and go to it; the second click of a double click finds its form started."""
    started = st.session_state.setdefault(STARTED, set())
    if number in started:
        return
    started.add(number)

    def begin() -> None:
        run = queue.submit(request)
        train_field.begin_anew()
        st.session_state["tab"] = train_address.RUNS
        train_about.open_run(run.run_id)

    if problem := page.caught(begin):
        started.discard(number)
        st.session_state[train_about.SAID] = (False, problem)
