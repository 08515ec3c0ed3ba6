"""A run that waits or is under way, live: every second from what its folder says, so that any page can watch it."""

import streamlit as st

from astroseq_core.background import folder as background
from astroseq_core.background.folder import State
from astroseq_core.figures import training
from astroseq_core.figures.layout import CONFIG
from astroseq_core.runs import queue
from astroseq_core.runs.folder import Run
from astroseq_core.ui import page, train_about
from astroseq_core.ui.page import escape, note
from astroseq_core.ui.train_words import duration

#: How often it is looked at [s].
WATCH_SECONDS = 1.0
ACTIVE = (State.QUEUED, State.RUNNING)


def show(run: Run) -> None:
    """Draw its words and numbers again and again while it is active; the whole page anew after each epoch, and when it ends."""
    train_about.badges(run)

    def once() -> None:
        with page.sentences():
            # A run that was killed must not hold up those behind it.
            queue.advance()
            now = queue.get(run.run_id)
            if now.state not in ACTIVE or len(now.epochs) != len(run.epochs):
                page.redraw()
            _draw(now)

    st.fragment(once, run_every=WATCH_SECONDS)()
    # Not drawn each second: it changes with a new epoch only. (What a fragment puts into a place outside itself does not stay
    # there when it runs again.)
    figure = training.curves_figure({run.run_id: run.epochs}, run.request.recipe.epochs)
    st.plotly_chart(figure, config=CONFIG, key=f"curves {run.run_id}")
    note(
        "Training numbers dashed, validation numbers solid: the validation stars were never trained on. The large marker is the "
        "best epoch so far, which is kept.",
        "Both should get better together; where training goes on getting better and validation gets worse, it learns its stars "
        "by heart.",
    )
    train_about.settings(run)


def _draw(run: Run) -> None:
    stopping = (run.folder / background.CANCEL).exists()
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        with st.container(width="stretch"):
            st.progress(_part(run), text="Stopping …" if stopping else escape(words(run)))
        st.button("Cancel", key=f"cancel {run.run_id}", on_click=queue.cancel, args=(run.run_id,), disabled=stopping,
                  icon=":material/close:", help="The best epoch so far is kept.")  # fmt: skip
    if run.state is State.RUNNING:
        _numbers(run)
    with st.expander("Log", icon=":material/terminal:"):
        st.code(background.log_tail(run.folder) or "It has not said anything yet.", language=None, wrap_lines=True)


def _part(run: Run) -> float:
    return min(1.0, max(0.0, float(run.now.get("part") or 0.0)))


def words(run: Run) -> str:
    """Where the run stands, in a few words."""
    if run.state is State.QUEUED:
        place = position(run)
        return "It is the next to begin." if place == 1 else f"It waits in the queue, {place - 1} before it."
    now = run.now
    said = str(now.get("words") or "starting")
    left = now.get("seconds_left")
    return f"{said}, about {duration(float(left))} left" if left is not None else said


def position(run: Run) -> int:
    """The run's place among those that wait and the one that is under way; 1 for the next to begin."""
    before = [
        r for r in queue.all_runs()
        if r.state is State.RUNNING or (r.state is State.QUEUED and (r.created, r.run_id) < (run.created, run.run_id))
    ]  # fmt: skip
    return len(before) + 1


def _numbers(run: Run) -> None:
    """The epoch under way, and the best so far."""
    now = run.now
    with st.container(horizontal=True, gap="large"):
        st.metric("Doing", str(now.get("phase") or "starting"), width="content")
        if now.get("epoch"):
            st.metric("Epoch", f"{now['epoch']} of {now.get('epochs', '–')}", width="content", help="At most so many")
            st.metric("Step", f"{now.get('step', 0):,} of {now.get('steps', 0):,}", width="content")
            if now.get("loss") is not None:
                st.metric("Loss now", f"{float(now['loss']):.4f}", width="content", help="Of the epoch under way, so far")
        if run.epochs:
            known = [e["validation_roc_auc"] for e in run.epochs if e.get("validation_roc_auc") is not None]
            if known:
                st.metric("Best validation ROC-AUC", f"{max(known):.4f}", width="content")
