"""The start of the vetting page: reviewer, queues, all dispositions, and exports."""

from collections.abc import Callable

import streamlit as st

from astroseq_core.app.leaderboard import state as board
from astroseq_core.app.shared import layout, url_state
from astroseq_core.app.shared.layout import escape
from astroseq_core.app.vet import actions, dispositions, exports, queues, state
from astroseq_core.errors import AstroSeqError
from astroseq_core.store import disposition_entry as reviewer_names
from astroseq_core.store import dispositions as store_dispositions
from astroseq_core.store import leaderboard, notes, thresholds
from astroseq_core.store import queues as store_queues
from astroseq_core.store.leaderboard_filters import Filters
from astroseq_core.store.queue_orders import BY_MODEL_DISAGREEMENT
from astroseq_core.store.queues import Queue

REVIEWER_KEY = "vet reviewer"
ABOVE_THRESHOLD, BEST, LIST, SIMULATED, BOOKMARKS = SOURCES = (
    "Stars above the threshold",
    "Highest scores",
    "A list (CSV)",
    "The simulated survey",
    "My bookmarks",
)


def draw_reviewer_field() -> str:
    """Draw the field for the reviewer's name.

    Returns
    -------
    str
        The name, empty if it is missing or invalid.
    """
    if REVIEWER_KEY not in st.session_state:
        st.session_state[REVIEWER_KEY] = state.REVIEWER.read()
    with st.sidebar:
        name = st.text_input(
            "Reviewer", key=REVIEWER_KEY, placeholder="Your name", help="Your dispositions are kept under this name."
        )
    if not (name or "").strip():
        state.REVIEWER.remove()
        return ""
    try:
        found = reviewer_names.clean_name(name or "")
    except AstroSeqError as error:
        st.error(escape(error), icon=":material/error:")
        return ""
    state.REVIEWER.write(found)
    return found


def draw_start(name: str) -> None:
    """Draw the start.

    Parameters
    ----------
    name : str
        The reviewer, empty if it is to be asked for.
    """
    st.title("Vet", anchor=False)
    layout.draw_result_message(actions.MESSAGE)
    if not name:
        _draw_name_prompt()
        return
    contents: dict[str, Callable[[], None]] = {
        state.QUEUES_TAB: lambda: _draw_queues(name),
        state.DISPOSITIONS_TAB: dispositions.draw_dispositions,
        state.EXPORTS_TAB: exports.draw_exports,
    }
    layout.draw_tabs(state.START_TAB, contents)


def _draw_name_prompt() -> None:
    st.markdown(
        "Here you judge stars one after the other: all evidence on one screen, a key for each disposition. Dispositions are kept "
        "for good under your name, so that several people can vet the same stars and compare."
    )
    known = store_dispositions.count_by_reviewer()
    name = st.text_input("Your name", key="vet first name", max_chars=reviewer_names.MAX_NAME_LENGTH, width=320)
    with st.container(horizontal=True):
        st.button(
            "Begin", type="primary", disabled=not (name or "").strip(), on_click=_set_reviewer, args=(name,), key="vet begin"
        )
        for other in list(known)[:6]:
            st.button(f"I am {escape(other)}", on_click=_set_reviewer, args=(other,), key=f"vet i am {other}")


def _set_reviewer(name: str) -> None:
    st.session_state[REVIEWER_KEY] = name


def _draw_queues(name: str) -> None:
    every = store_queues.list_queues()
    if not every:
        st.markdown("There is no queue yet. Make one below: of the stars above a model's threshold, or of the simulated survey.")
    for queue in every:
        _draw_queue(queue, name)
    for sentence in store_queues.find_damaged_queues():
        st.warning(escape(sentence), icon=":material/broken_image:")
    st.subheader("A new queue", anchor=False)
    _draw_new_queue(name)


def _draw_queue(queue: Queue, name: str) -> None:
    progress = store_queues.load_progress(queue.queue_id, name)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", border=True):
        done = progress.first_undone is None
        st.button(
            "Look again" if done else "Go on" if progress.done else "Begin",
            key=f"open {queue.queue_id}",
            on_click=_open_queue,
            args=(queue.queue_id,),
            type="secondary" if done else "primary",
            icon=":material/play_arrow:",
        )
        words = queues.ORDER_WORDS[queue.order]
        done_words = f"{progress.done:,} of {progress.in_all:,} done"
        st.markdown(f"**{escape(queue.name)}** · {done_words}  \n{escape(queue.made_from)} · {words}")
        with st.popover("", icon=":material/delete:", help="Remove the queue"):
            st.markdown("The queue goes; dispositions on its stars stay.")
            st.button("Remove it", key=f"remove {queue.queue_id}", on_click=_remove_queue, args=(queue.queue_id,), type="primary")


def _open_queue(queue_id: str) -> None:
    actions.leave_star()
    state.QUEUE.write(queue_id)


def _remove_queue(queue_id: str) -> None:
    if text := layout.error_message_of(lambda: store_queues.delete(queue_id)):
        st.session_state[actions.MESSAGE] = (False, text)


def _draw_new_queue(name: str) -> None:
    models = queues.scored_models(leaderboard.list_models())
    usual = SIMULATED if not models else ABOVE_THRESHOLD if thresholds.load_all() else BEST
    source = str(st.segmented_control("Stars", SOURCES, default=usual, required=True, key="queue of"))
    model, order, pair, count, upload = "", "score", ("", ""), 60, None
    if source in (ABOVE_THRESHOLD, BEST):
        if not models:
            st.markdown("No star is scored yet: score some first, or take the simulated survey, which needs no scores.")
            layout.draw_page_link(url_state.SURVEY, "Score stars", ":material/travel_explore:")
            return
        model = str(st.selectbox("Model", models, key="queue model", width=260))
    if source == ABOVE_THRESHOLD and not _has_stars_above(model):
        return
    if source == BOOKMARKS and not notes.list_bookmarks(name):
        st.markdown("You have no bookmarks yet. B, or the menu **More**, sets one while you look at a star.")
        return
    if source == BEST:
        count = int(st.number_input("How many", 1, queues.LARGEST_QUEUE, 100, key="queue count", width=160))
    if source == SIMULATED:
        count = int(st.number_input("How many", 1, 60, 60, key="queue simulated", width=160))
    if source == LIST:
        upload = st.file_uploader("A CSV with target_id and, where the light curves are files, path", "csv", key="queue list")
    if source in (ABOVE_THRESHOLD, BEST, LIST):
        offered = [o for o in queues.ORDER_WORDS if o != BY_MODEL_DISAGREEMENT or len(models) > 1]
        order = str(st.selectbox("Order", offered, format_func=lambda o: queues.ORDER_WORDS[o], key="queue order", width=260))
        if order == BY_MODEL_DISAGREEMENT:
            both = st.multiselect("Two models", models, list(models[:2]), max_selections=2, key="queue pair", width=400)
            pair = (both[0], both[1]) if len(both) == 2 else ("", "")
    if st.button(
        "Make the queue",
        type="primary",
        icon=":material/playlist_add:",
        key="make queue",
        disabled=source == LIST and upload is None,
    ):
        problems: tuple[str, ...] = ()
        if source == ABOVE_THRESHOLD:
            made = queues.queue_above_threshold(model, order, pair)
        elif source == BEST:
            made = queues.queue_of_best(model, count, order, pair)
        elif source == SIMULATED:
            made = queues.queue_of_simulated(count)
        elif source == BOOKMARKS:
            made = queues.queue_of_bookmarks(name)
        else:
            assert upload is not None
            text = upload.getvalue().decode("utf-8-sig", "replace")
            made, problems = queues.queue_from_csv(text, upload.name, order, pair)
        if problems:
            # The queue is in the list; the reviewer reads what was left out before opening it.
            layout.draw_problems(problems)
            return
        _open_queue(made.queue_id)
        st.rerun()


def _has_stars_above(model: str) -> bool:
    """Return whether a queue of the stars above a model's threshold has any; if not, draw what to do."""
    if thresholds.load(model) is None:
        words = f"No threshold is kept for {escape(model)} yet. Set one on the Leaderboard, or take the highest scores."
    elif not leaderboard.load_page(Filters(model_id=model, flagged=True, scored=True), limit=1).in_all:
        words = f"No star of {escape(model)} is above its threshold now. Lower it on the Leaderboard, or take the highest scores."
    else:
        return True
    st.markdown(words)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button("Take the highest scores", type="primary", key="take best", on_click=_take_best)
        tab = {board.TAB.name: board.THRESHOLD_TAB, board.MODEL.name: model}
        layout.draw_page_link(url_state.LEADERBOARD, "Set a threshold", ":material/leaderboard:", tab)
    return False


def _take_best() -> None:
    st.session_state["queue of"] = BEST
