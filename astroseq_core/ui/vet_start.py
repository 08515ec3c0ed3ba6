"""Where vetting begins: who vets, which queue; and what all have decided."""

from collections.abc import Callable

import streamlit as st

from astroseq_core.errors import AstroSeqError
from astroseq_core.store import board, dispositions, queues
from astroseq_core.store import reviewer as reviewer_names
from astroseq_core.store.queue_orders import MODELS
from astroseq_core.store.queues import Queue
from astroseq_core.ui import page, query, vet_exports, vet_queues, vet_verdicts, vet_votes
from astroseq_core.ui import vet_address as written
from astroseq_core.ui.page import escape

NAME = "vet reviewer"
FLAGGED, BEST, LIST, SIMULATED, BOOKMARKS = SOURCES = (
    "Flagged stars", "Highest scores", "A list (CSV)", "The simulated survey", "My bookmarks",
)  # fmt: skip


def reviewer() -> str:
    """The name under which verdicts are kept, from the address or the field; empty where it cannot be one."""
    if NAME not in st.session_state:
        st.session_state[NAME] = query.text(written.REVIEWER)
    with st.sidebar:
        name = st.text_input("Reviewer", key=NAME, placeholder="Your name", help="Your verdicts are kept under this name.")
    if not (name or "").strip():
        query.write({written.REVIEWER: None})
        return ""
    try:
        found = reviewer_names.clean(name or "")
    except AstroSeqError as error:
        st.error(escape(error), icon=":material/error:")
        return ""
    query.write({written.REVIEWER: found})
    return found


def show(name: str) -> None:
    """Draw it; ``name`` of the reviewer, empty where it is to be asked for."""
    st.title("Vet", anchor=False)
    page.said(vet_votes.SAID)
    if not name:
        _ask()
        return
    contents: dict[str, Callable[[], None]] = {
        written.QUEUES: lambda: _queues(name), written.VERDICTS: vet_verdicts.show, written.EXPORTS: vet_exports.show,
    }  # fmt: skip
    tabs = st.tabs(tuple(contents), key="tab", bind="query-params", on_change="rerun")
    for tab, content in zip(tabs, contents.values(), strict=True):
        if tab.open:
            with tab, page.sentences():
                content()


def _ask() -> None:
    st.markdown(
        "Here you judge stars one after the other: all evidence on one screen, a key for each verdict. Verdicts are kept for "
        "good under your name, so that several people can vet the same stars and compare."
    )
    known = dispositions.reviewers()
    name = st.text_input("Your name", key="vet first name", max_chars=reviewer_names.LONGEST, width=320)
    with st.container(horizontal=True):
        st.button("Begin", type="primary", disabled=not (name or "").strip(), on_click=_call, args=(name,), key="vet begin")
        for other in list(known)[:6]:
            st.button(f"I am {escape(other)}", on_click=_call, args=(other,), key=f"vet i am {other}")


def _call(name: str) -> None:
    st.session_state[NAME] = name


def _queues(name: str) -> None:
    every = queues.all_queues()
    if not every:
        st.markdown("There is no queue yet. Make one below: of the stars that a model flagged, or of the simulated survey.")
    for queue in every:
        _one(queue, name)
    st.subheader("A new queue", anchor=False)
    _new(name)


def _one(queue: Queue, name: str) -> None:
    progress = queues.progress(queue.queue_id, name)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", border=True):
        done = progress.first_undone is None
        st.button("Look again" if done else "Go on" if progress.done else "Begin", key=f"open {queue.queue_id}", on_click=_open,
                  args=(queue.queue_id,), type="secondary" if done else "primary", icon=":material/play_arrow:")  # fmt: skip
        words = vet_queues.ORDER_WORDS[queue.order]
        done_words = f"{progress.done:,} of {progress.in_all:,} done"
        st.markdown(f"**{escape(queue.name)}** · {done_words}  \n{escape(queue.made_from)} · {words}")
        with st.popover("", icon=":material/delete:", help="Remove the queue"):
            st.markdown("The queue goes; verdicts on its stars stay.")
            st.button("Remove it", key=f"remove {queue.queue_id}", on_click=_remove, args=(queue.queue_id,), type="primary")


def _open(queue_id: str) -> None:
    query.write({written.QUEUE: queue_id, written.AT: None, written.TAB: None})
    for key in (vet_votes.AT, vet_votes.QUEUE, "tab"):
        st.session_state.pop(key, None)


def _remove(queue_id: str) -> None:
    if said := page.caught(lambda: queues.delete(queue_id)):
        st.session_state[vet_votes.SAID] = (False, said)


def _new(name: str) -> None:
    models = vet_queues.models_of(board.models())
    usual = SOURCES[0] if models else SIMULATED
    source = str(st.segmented_control("Stars", SOURCES, default=usual, required=True, key="queue of"))
    model, order, pair, count, upload = "", "score", ("", ""), 60, None
    if source in (FLAGGED, BEST):
        if not models:
            st.markdown("No star is scored yet; carry out a survey first, or take the simulated survey.")
            return
        model = str(st.selectbox("Model", models, key="queue model", width=260))
    if source == BEST:
        count = int(st.number_input("How many", 1, vet_queues.MOST, 100, key="queue count", width=160))
    if source == SIMULATED:
        count = int(st.number_input("How many", 1, 60, 60, key="queue simulated", width=160))
    if source == LIST:
        upload = st.file_uploader("A CSV with target_id and, where the light curves are files, path", "csv", key="queue list")
    if source in (FLAGGED, BEST, LIST):
        offered = [o for o in vet_queues.ORDER_WORDS if o != MODELS or len(models) > 1]
        order = str(st.selectbox("Order", offered, format_func=lambda o: vet_queues.ORDER_WORDS[o], key="queue order", width=260))
        if order == MODELS:
            both = st.multiselect("Two models", models, list(models[:2]), max_selections=2, key="queue pair", width=400)
            pair = (both[0], both[1]) if len(both) == 2 else ("", "")
    if st.button("Make the queue", type="primary", icon=":material/playlist_add:", key="make queue",
                 disabled=source == LIST and upload is None):  # fmt: skip
        problems: tuple[str, ...] = ()
        if source == FLAGGED:
            made = vet_queues.flagged(model, order, pair)
        elif source == BEST:
            made = vet_queues.best(model, count, order, pair)
        elif source == SIMULATED:
            made = vet_queues.simulated(count)
        elif source == BOOKMARKS:
            made = vet_queues.bookmarked(name)
        else:
            assert upload is not None
            text = upload.getvalue().decode("utf-8-sig", "replace")
            made, problems = vet_queues.from_list(text, upload.name, order, pair)
        if problems:
            # The queue stands in the list; what was left out is read before it is begun.
            page.problems(problems)
            return
        _open(made.queue_id)
        st.rerun()
