"""The Train page's tab of runs: the log of all, or the selected one."""

import streamlit as st

from astroseq_core.app.shared import job_list, layout
from astroseq_core.app.shared.layout import escape
from astroseq_core.app.train import log, result, state
from astroseq_core.app.train import run as train_run
from astroseq_core.jobs.job import JobState
from astroseq_core.training.runs.queue import RUNS, Run


def open_linked_run() -> None:
    """Open the tab of runs if the URL names a run; warn if there is no such run."""
    job_list.open_from_link(train_run.RUN_KIND)


def draw_runs() -> None:
    """Draw the tab."""
    layout.draw_result_message(train_run.MESSAGE)
    RUNS.start_next()
    runs, damaged = RUNS.read_all()
    if not runs:
        state.RUN.remove()
        log.draw_empty_log()
        job_list.draw_damaged(train_run.RUN_KIND, damaged)
        return
    chosen = job_list.select_job(train_run.RUN_KIND, [r.job_id for r in runs])
    run = next((r for r in runs if r.job_id == chosen), None)
    if run is None:
        log.draw_log(runs)
        job_list.draw_damaged(train_run.RUN_KIND, damaged, runs)
    else:
        _draw_run(run)


def _draw_run(run: Run) -> None:
    st.subheader(escape(run.job_id), anchor=False)
    if run.is_active:
        train_run.draw_active_run(run)
    elif run.state is JobState.DONE:
        result.draw_result(run)
    else:
        train_run.draw_stopped_run(run)
