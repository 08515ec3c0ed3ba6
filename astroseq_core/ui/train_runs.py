"""The Train page's tab of runs: the log of all, or the one that is looked at."""

import streamlit as st

from astroseq_core.background.folder import State
from astroseq_core.runs import queue
from astroseq_core.runs.folder import Run
from astroseq_core.ui import page, picked, train_about, train_address, train_log, train_result, train_stopped, train_watch
from astroseq_core.ui.page import escape
from astroseq_core.ui.picked import Kind

KIND = Kind("run", train_address.RUNS, train_about.RUN)


def from_link() -> None:
    """Open the tab of runs where the address names a run and no tab, and say so where there is no such run."""
    picked.from_link(KIND, lambda: [r.run_id for r in queue.all_runs()])


def show() -> None:
    """Draw it."""
    page.said(train_about.SAID)
    queue.advance()
    runs = queue.all_runs()
    if not runs:
        train_address.write({"run": None})
        train_log.nothing_yet()
        return
    chosen = picked.choose(KIND, [r.run_id for r in runs], train_about.forget_look)
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
