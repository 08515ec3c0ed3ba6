"""What keys and buttons of the vetting page do: a verdict, taking one back, going on, notes, flags, bookmarks."""

from dataclasses import replace

import streamlit as st

from astroseq_core.errors import AstroSeqError
from astroseq_core.store import dispositions, drafts, queues
from astroseq_core.store.verdict import Verdict
from astroseq_core.ui import page, vet_showing
from astroseq_core.ui.vet_showing import Showing

#: The verdicts of the keys, in the order of the buttons: key, disposition, words.
VOTES = (
    ("P", "PC", "Planet candidate"),
    ("F", "FP", "False positive"),
    ("A", "FA", "False alarm"),
    ("U", "UNSURE", "Unsure"),
)
#: Where the session keeps the queue, the place in it (from 0), the sentence that the last key left, and blind mode.
QUEUE, AT, SAID, BLIND = "vet queue", "vet at", "vet said", "vet blind"


def vote(token: str, disposition: str) -> None:
    """Keep a verdict on the star of that showing, and go to the next one; a key that was pressed too early changes nothing."""
    here = vet_showing.now()
    if here is None or here.token != token:
        return  # a button of the star before, pressed while this one was on its way
    if here.seconds is None:
        vet_showing.end()  # with a new token the browser lets a key through again
        st.session_state[SAID] = (False, f"{here.target_id} was only just drawn; that key was not counted.")
        return
    problem = page.caught(lambda: _keep(here, disposition))
    if problem:
        vet_showing.end()
        st.session_state[SAID] = (False, f"The verdict was not kept: {problem}")
        return
    st.session_state[SAID] = (True, f"{disposition} on {here.target_id} is kept; Z takes it back.")
    _next_after(here)


def _keep(here: Showing, disposition: str) -> None:
    draft = drafts.get(here.target_id, here.reviewer)
    facts = here.facts
    dispositions.add(
        Verdict(
            here.target_id, disposition, here.reviewer, flags=draft.flags, note=draft.note, ephemeris=facts.get("ephemeris"),
            model_id=facts.get("model_id", ""), score=facts.get("score"), score_hidden=bool(st.session_state.get(BLIND)),
            seconds=here.seconds, token=here.token, measured=facts.get("measured", {}),
        )
    )  # fmt: skip


def _next_after(here: Showing) -> None:
    """Go to the next star without a verdict of the reviewer's, from here on, else from the start; stay where there is none."""
    vet_showing.end()
    if not here.queue_id:
        return
    found = queues.progress(here.queue_id, here.reviewer, here.at + 1)
    if found.first_undone is None:
        found = queues.progress(here.queue_id, here.reviewer)
    st.session_state[AT] = found.in_all if found.first_undone is None else found.first_undone


def undo(token: str) -> None:
    """Take back the reviewer's latest verdict by an entry of its own, once for each showing, and show its star again."""
    here = vet_showing.now()
    if here is None or here.token != token:
        return
    queue_id = here.queue_id
    vet_showing.end()
    try:
        back = dispositions.undo(here.reviewer, token=f"undo {token}")
    except AstroSeqError as error:
        st.session_state[SAID] = (False, str(error))
        return
    if back is None:
        st.session_state[SAID] = (False, "There is no verdict of yours to take back.")
        return
    st.session_state[SAID] = (True, f"{back.disposition} on {back.target_id} is taken back.")
    place = queues.index_of(queue_id, back.target_id) if queue_id else None
    if place is not None:
        st.session_state[AT] = place


def move(step: int, in_all: int) -> None:
    """Go to a neighbour in the queue."""
    vet_showing.end()
    st.session_state[AT] = min(max(int(st.session_state.get(AT, 0)) + step, 0), max(in_all - 1, 0))


def note_key(token: str) -> str:
    """The name of the note's field of one showing."""
    return f"note {token}"


def flags_key(token: str) -> str:
    """The name of the flags' field of one showing."""
    return f"flags {token}"


def keep_draft(target_id: str, reviewer: str, token: str) -> None:
    """Keep the note and the flags of the star as they stand in their fields."""
    before = drafts.get(target_id, reviewer)
    note = str(st.session_state.get(note_key(token), before.note) or "")
    flags = tuple(st.session_state.get(flags_key(token), before.flags) or ())
    _said(page.caught(lambda: drafts.keep(replace(before, note=note, flags=flags))))


def bookmark(target_id: str, reviewer: str) -> None:
    """Set the star's bookmark, or take it away."""
    before = drafts.get(target_id, reviewer)
    _said(page.caught(lambda: drafts.keep(replace(before, bookmarked=not before.bookmarked))))


def hide() -> None:
    """Hide the score and what comes of it, or show it again."""
    st.session_state[BLIND] = not st.session_state.get(BLIND)


def _said(problem: str) -> None:
    if problem:
        vet_showing.end()
        st.session_state[SAID] = (False, problem)
