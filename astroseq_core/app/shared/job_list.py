"""Runs and surveys on pages: selection of one or all, progress bar, log, and the buttons that every job has."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from astroseq_core.app.shared import layout
from astroseq_core.app.shared.layout import escape
from astroseq_core.app.shared.parameters import Parameter
from astroseq_core.jobs.job import Job, JobT
from astroseq_core.jobs.queue import DamagedJob, Queue

#: How many damaged jobs are drawn one by one.
MAX_DAMAGED = 12
#: Interval at which an active job is read again [s].
WATCH_SECONDS = 1.0


@dataclass(frozen=True)
class JobKind:
    """A kind of job that a page lists.

    Attributes
    ----------
    parameter : Parameter of str
        The URL parameter of the selected one; its name is the word for the kind.
    tab : str
        The tab that lists all.
    key : str
        Key of the session state that holds the selected one.
    message_key : str
        Key of the session state that holds the message to show next.
    queue : Queue
        The queue of such jobs.
    on_select : callable or None
        Called when another job is selected.
    """

    parameter: Parameter[str]
    tab: str
    key: str
    message_key: str
    queue: Queue[Any, Any]
    on_select: Callable[[], None] | None = None

    @property
    def word(self) -> str:
        """The word for the kind."""
        return self.parameter.name


def open_from_link(kind: JobKind) -> None:
    """Open the list's tab if the URL names a job but no tab, and warn if there is no such job.

    Parameters
    ----------
    kind : JobKind
        The kind of job.
    """
    wanted = st.query_params.get(kind.word)
    taken = f"{kind.word} link taken"
    if wanted is None or st.session_state.get(taken) == wanted:
        return
    st.session_state[taken] = wanted
    if "tab" not in st.query_params and "tab" not in st.session_state:
        # Written before the tabs are bound to the URL, so that a reload keeps it.
        st.query_params["tab"] = kind.tab
        st.session_state["tab"] = kind.tab
    jobs, damaged = kind.queue.read_all()
    if wanted and wanted not in {job.job_id for job in (*jobs, *damaged)}:
        layout.warn(f"The address says {kind.word}={wanted}, and there is no such {kind.word} here; it may have been deleted.")


def select_job(kind: JobKind, names: Sequence[str]) -> str | None:
    """Draw the field that selects one job, and keep the selection in the URL.

    Parameters
    ----------
    kind : JobKind
        The kind of job.
    names : Sequence of str
        The names to choose from.

    Returns
    -------
    str or None
        The selected name, None for all.
    """
    if kind.key not in st.session_state:
        st.session_state[kind.key] = asked if (asked := kind.parameter.read()) in names else None
    elif st.session_state[kind.key] not in names:
        st.session_state[kind.key] = None
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        chosen: str | None = st.selectbox(
            kind.word.capitalize(),
            names,
            index=None,
            key=kind.key,
            width=360,
            label_visibility="collapsed",
            placeholder=f"All {kind.word}s; pick one to look at it",
            on_change=kind.on_select,
        )
        if chosen is not None:
            st.button(
                f"All {kind.word}s",
                key=f"all {kind.word}s",
                on_click=select_all,
                args=(kind,),
                icon=":material/arrow_back:",
                type="tertiary",
            )
    kind.parameter.write(chosen or "")
    return chosen


def select_all(kind: JobKind) -> None:
    """Show the list of all jobs instead of one; a callback for buttons.

    Parameters
    ----------
    kind : JobKind
        The kind of job.
    """
    st.session_state[kind.key] = None
    if kind.on_select is not None:
        kind.on_select()


def run_action(kind: JobKind, action: Callable[[str], object], job_id: str) -> None:
    """Run an action on a job and leave a message if it fails; a callback for buttons.

    Parameters
    ----------
    kind : JobKind
        The kind of job.
    action : callable
        Called with the job's identifier.
    job_id : str
        Identifier of the job.
    """
    if problem := layout.error_message_of(lambda: action(job_id)):
        st.session_state[kind.message_key] = (False, problem)


def delete_job(kind: JobKind, job_id: str, message: str) -> None:
    """Delete a job, show the list of all, and leave a message; a callback for buttons.

    Parameters
    ----------
    kind : JobKind
        The kind of job.
    job_id : str
        Identifier of the job.
    message : str
        What to say when it is deleted.
    """
    if problem := layout.error_message_of(lambda: kind.queue.delete(job_id)):
        st.session_state[kind.message_key] = (False, problem)
        return
    select_all(kind)
    st.session_state[kind.message_key] = (True, message)


def watch_job(
    queue: Queue[Any, JobT], job_id: str, draw: Callable[[JobT], None], changed: Callable[[JobT], bool] | None = None
) -> None:
    """Draw a job again and again while it is active; redraw the whole page when it ends.

    Parameters
    ----------
    queue : Queue
        The queue of the job.
    job_id : str
        Identifier of the job.
    draw : callable
        Draws the job.
    changed : callable or None, optional
        Returns whether the job has changed so that the whole page must be redrawn.
    """

    def once() -> None:
        with layout.errors_as_messages():
            # A job that was killed must not block those behind it in the queue.
            queue.start_next()
            job = queue.get(job_id)
            if not job.is_active or (changed is not None and changed(job)):
                layout.redraw()
            draw(job)

    st.fragment(once, run_every=WATCH_SECONDS)()


def draw_bar(kind: JobKind, job: Job[Any], text: str, cancel_help: str) -> None:
    """Draw the progress bar of an active job with the button that cancels it.

    Parameters
    ----------
    kind : JobKind
        The kind of job.
    job : Job
        The job.
    text : str
        What is said beside the bar.
    cancel_help : str
        What cancelling keeps.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        with st.container(width="stretch"):
            st.progress(job.progress.fraction, text=escape(text))
        st.button(
            "Cancel",
            key=f"cancel {job.job_id}",
            on_click=run_action,
            args=(kind, kind.queue.cancel, job.job_id),
            disabled=job.is_stopping,
            icon=":material/close:",
            help=cancel_help,
        )


def draw_log(job: Job[Any]) -> None:
    """Draw the end of a job's log, folded; nothing if the job has ended without one.

    Parameters
    ----------
    job : Job
        The job.
    """
    log = job.log_tail() or ("It has not said anything yet." if job.is_active else "")
    if log:
        with st.expander("Log", icon=":material/terminal:"):
            st.code(log, language=None, wrap_lines=True)


def draw_warnings(job: Job[Any]) -> None:
    """Draw a line for each damaged file of a job.

    Parameters
    ----------
    job : Job
        The job.
    """
    for sentence in job.warnings:
        st.warning(escape(sentence), icon=":material/warning:")


def draw_damaged(kind: JobKind, damaged: Sequence[DamagedJob], jobs: Sequence[Job[Any]] = ()) -> None:
    """Draw a line for each job that cannot be read, with the button that deletes it, and one for each damaged file of others.

    Parameters
    ----------
    kind : JobKind
        The kind of job.
    damaged : sequence of DamagedJob
        The jobs that cannot be read.
    jobs : sequence of Job, optional
        The others.
    """
    for one in damaged[:MAX_DAMAGED]:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.warning(
                f"**{escape(one.job_id)}**, damaged: {escape(one.problem)}", icon=":material/broken_image:", width="stretch"
            )
            with st.popover("Delete …", icon=":material/delete:", key=f"delete menu damaged {one.job_id}"):
                st.markdown(f"**{escape(one.job_id)}** goes with all that is in its folder, for good.")
                st.button(
                    "Delete it",
                    key=f"delete damaged {one.job_id}",
                    on_click=delete_job,
                    args=(kind, one.job_id, f"{one.job_id} was deleted."),
                    type="primary",
                )
    if (more := len(damaged) - MAX_DAMAGED) > 0:
        st.caption(f"{more:,} more {kind.word}{'s are' if more > 1 else ' is'} damaged; these come when those above are deleted.")
    for job in jobs:
        draw_warnings(job)
