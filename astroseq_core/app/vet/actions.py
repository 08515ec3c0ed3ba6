"""Actions of the vetting page's keys and buttons: decide, undo, move, choose a signal, note, bookmark, blind."""

from dataclasses import replace
from typing import NamedTuple

import streamlit as st

from astroseq_core.app.shared import layout
from astroseq_core.app.vet import keys, showing, state
from astroseq_core.app.vet.showing import Showing
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError
from astroseq_core.store import dispositions, notes, queues
from astroseq_core.store.disposition_entry import Disposition

#: Session-state keys: queue, position in it (from 0), message of the last key, blind mode.
QUEUE_KEY, POSITION_KEY, MESSAGE, BLIND_KEY = "vet queue", "vet at", "vet said", "vet blind"
#: Session-state keys: the signal that was chosen, what the address says of it, and whether each signal is gone through.
SIGNAL_KEY, WRITTEN_SIGNAL_KEY, EACH_KEY = "vet signal", "vet signal written", "vet each"


class ChosenSignal(NamedTuple):
    """The signal of a star that a reviewer chose.

    Attributes
    ----------
    target : str
        The star, as it was asked for.
    signal : str or Ephemeris
        The signal, or its name.
    """

    target: str
    signal: str | Ephemeris


def decide(token: str, disposition: str) -> None:
    """Save a disposition for the signal of a showing and go to the next star.

    A key that came before the signal was drawn changes nothing, nor does one that came after
    another signal was chosen. If the reviewer goes through each signal, the star's next one without a
    disposition of theirs comes before the next star.

    Parameters
    ----------
    token : str
        Token of the showing.
    disposition : str
        The disposition.
    """
    here = showing.current_showing()
    if here is None or here.token != token:
        return  # the previous star's button, pressed while this star was being drawn
    if here.seconds is None:
        showing.end_showing()  # the new token makes the browser accept a key again
        st.session_state[MESSAGE] = (False, f"{here.target_id} was only just drawn; that key did not count.")
        return
    problem = layout.error_message_of(lambda: _save_disposition(here, disposition))
    if problem:
        showing.end_showing()
        st.session_state[MESSAGE] = (False, f"The disposition was not saved: {problem}")
        return
    undo_key = keys.key_of(keys.Action.UNDO).symbol
    which = f" for signal {here.facts['number']}" if here.facts.get("several") else ""
    st.session_state[MESSAGE] = (True, f"{disposition} on {here.target_id} is saved{which}; {undo_key} undoes it.")
    coming = here.facts.get("next_signal")
    if st.session_state.get(EACH_KEY) and coming is not None:
        showing.end_showing()
        st.session_state[SIGNAL_KEY] = ChosenSignal(here.facts.get("asked", here.target_id), coming)
        return
    _go_to_next(here)


def _save_disposition(here: Showing, disposition: str) -> None:
    """Save it, and take note and reason codes out of the draft: those of another signal may be others."""
    draft = notes.load(here.target_id, here.reviewer)
    facts = here.facts
    note = str(st.session_state.get(note_key(here.token), draft.note) or "")
    codes = tuple(st.session_state.get(reason_codes_key(here.token), draft.reason_codes) or ())
    dispositions.add(
        Disposition(
            here.target_id,
            disposition,
            here.reviewer,
            reason_codes=codes,
            note=note,
            ephemeris=facts.get("ephemeris"),
            model_id=facts.get("model_id", ""),
            score=facts.get("score"),
            score_hidden=bool(st.session_state.get(BLIND_KEY)),
            seconds=here.seconds,
            token=here.token,
            measured=facts.get("measured", {}),
        )
    )
    if facts.get("several") and (draft.note or draft.reason_codes):
        notes.save(replace(draft, note="", reason_codes=()))


def _go_to_next(here: Showing) -> None:
    """Go to the reviewer's next undecided star, from here on, else from the start."""
    showing.end_showing()
    if not here.queue_id:
        return
    found = queues.load_progress(here.queue_id, here.reviewer, here.at + 1)
    if found.first_undone is None:
        found = queues.load_progress(here.queue_id, here.reviewer)
    st.session_state[POSITION_KEY] = found.in_all if found.first_undone is None else found.first_undone


def undo(token: str) -> None:
    """Undo the reviewer's latest disposition and show its star and signal again.

    The undo is an entry of its own; each showing can have one.

    Parameters
    ----------
    token : str
        Token of the showing.
    """
    here = showing.current_showing()
    if here is None or here.token != token:
        return
    queue_id = here.queue_id
    showing.end_showing()
    try:
        back = dispositions.undo(here.reviewer, token=f"undo {token}")
    except AstroSeqError as error:
        st.session_state[MESSAGE] = (False, str(error))
        return
    if back is None:
        st.session_state[MESSAGE] = (False, "There is no disposition of yours to undo.")
        return
    st.session_state[MESSAGE] = (True, f"{back.disposition} on {back.target_id} is undone.")
    st.session_state[SIGNAL_KEY] = ChosenSignal(back.target_id, "" if back.ephemeris is None else back.ephemeris)
    _report_problem(layout.error_message_of(lambda: _restore_draft(back)))
    place = queues.index_of(queue_id, back.target_id) if queue_id else None
    if place is not None:
        st.session_state[POSITION_KEY] = place


def _restore_draft(back: Disposition) -> None:
    """Bring note and reason codes of a disposition that was taken back into the draft again, unless there are newer ones."""
    draft = notes.load(back.target_id, back.reviewer)
    if not draft.note and not draft.reason_codes and (back.note or back.reason_codes):
        notes.save(replace(draft, note=back.note, reason_codes=back.reason_codes))


def choose_signal(target: str, signal: str | Ephemeris) -> None:
    """Show another signal of a star.

    Parameters
    ----------
    target : str
        The star, as it was asked for.
    signal : str or Ephemeris
        The signal, or its name; the likeliest if empty.
    """
    showing.interrupt_showing()
    st.session_state[SIGNAL_KEY] = ChosenSignal(target, signal)


def move_in_queue(step: int, in_all: int) -> None:
    """Move in the queue.

    Parameters
    ----------
    step : int
        Number of stars, negative for backwards.
    in_all : int
        Length of the queue.
    """
    go_to(int(st.session_state.get(POSITION_KEY, 0)) + step, in_all)


def go_to(index: int, in_all: int) -> None:
    """Go to a star of the queue.

    Parameters
    ----------
    index : int
        Index of the star; the nearest one if there is none.
    in_all : int
        Length of the queue.
    """
    showing.end_showing()
    st.session_state[POSITION_KEY] = min(max(index, 0), max(in_all - 1, 0))


def leave_star() -> None:
    """Leave the queue or the star: back to the start of the page."""
    showing.end_showing()
    state.PARAMETERS.clear(state.STAR)
    state.ANY_TAB.remove()
    for key in (POSITION_KEY, QUEUE_KEY, SIGNAL_KEY, WRITTEN_SIGNAL_KEY, state.ANY_TAB.name):
        st.session_state.pop(key, None)


def note_key(token: str) -> str:
    """Return the session-state key of a showing's note.

    Parameters
    ----------
    token : str
        Token of the showing.

    Returns
    -------
    str
        The key.
    """
    return f"note {token}"


def reason_codes_key(token: str) -> str:
    """Return the session-state key of a showing's reason codes.

    Parameters
    ----------
    token : str
        Token of the showing.

    Returns
    -------
    str
        The key.
    """
    return f"flags {token}"


def save_draft(target_id: str, reviewer: str, token: str) -> None:
    """Save the note and the reason codes in the fields.

    Parameters
    ----------
    target_id : str
        Identifier of the star.
    reviewer : str
        The reviewer.
    token : str
        Token of the showing.
    """
    before = notes.load(target_id, reviewer)
    note = str(st.session_state.get(note_key(token), before.note) or "")
    flags = tuple(st.session_state.get(reason_codes_key(token), before.reason_codes) or ())
    _report_problem(layout.error_message_of(lambda: notes.save(replace(before, note=note, reason_codes=flags))))


def bookmark(target_id: str, reviewer: str) -> None:
    """Set or remove the star's bookmark.

    Parameters
    ----------
    target_id : str
        Identifier of the star.
    reviewer : str
        The reviewer.
    """
    before = notes.load(target_id, reviewer)
    _report_problem(layout.error_message_of(lambda: notes.save(replace(before, bookmarked=not before.bookmarked))))


def toggle_blind() -> None:
    """Turn blind mode on or off, which hides scores and probabilities."""
    st.session_state[BLIND_KEY] = not st.session_state.get(BLIND_KEY)


def _report_problem(problem: str) -> None:
    if problem:
        showing.end_showing()
        st.session_state[MESSAGE] = (False, problem)
