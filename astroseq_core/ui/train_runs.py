"""The Train page's tab of runs: the log of all, or the one that is looked at."""

import streamlit as st

from astroseq_core.background.folder import State
from astroseq_core.runs import queue
from astroseq_core.runs.folder import Run
from astroseq_core.ui import page, train_about, train_address, train_log, train_result, train_stopped, train_watch
from astroseq_core.ui.page import escape

LINKED = "train link taken"


def from_link() -> None:
    """Open the tab of runs where the address names a run and no tab, and say so where there is no such run."""
    wanted = st.query_params.get("run")
    if wanted is None or st.session_state.get(LINKED) == wanted:
        return
    st.session_state[LINKED] = wanted
    if "tab" not in st.query_params and "tab" not in st.session_state:
        # Before the tabs are bound to it, so that it is there for a reload, too.
        train_address.write({"tab": train_address.RUNS})
        st.session_state["tab"] = train_address.RUNS
    if wanted and wanted not in (r.run_id for r in queue.all_runs()):
        page.tell(f"The address says run={wanted}, and there is no such run here; it may have been deleted.")


def show() -> None:
    """Draw it."""
    page.said(train_about.SAID)
    queue.advance()
    runs = queue.all_runs()
    if not runs:
        train_address.write({"run": None})
        train_log.nothing_yet()
        return
    names = [r.run_id for r in runs]
    train_about.follow_address(names)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        chosen = st.selectbox("Run", names, index=None, key=train_about.RUN, width=360, label_visibility="collapsed",
                              placeholder="All runs; pick one to look at it", on_change=train_about.forget_look)  # fmt: skip
        if chosen is not None:
            st.button("All runs", key="all runs", on_click=train_about.open_run, args=(None,), icon=":material/arrow_back:",
                      type="tertiary")  # fmt: skip
    train_address.write({"run": chosen})
    run = next((r for r in runs if r.run_id == chosen), None)
    if run is None:
        train_log.show(runs)
    else:
        _one(run)


def _one(run: Run) -> None:
    st.subheader(escape(run.run_id), anchor=False)
    if run.state in (State.QUEUED, State.RUNNING):
        train_watch.show(run)
    elif run.state is State.DONE:
        train_result.show(run)
    else:
        train_stopped.show(run)
