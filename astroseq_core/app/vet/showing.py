"""The signal of a star on the screen of the vetting page: which, since when, and for whom.

A key that is pressed while the page is being drawn can reach the buttons of the previous star or
signal, or of one that nobody has seen yet. So each showing of a signal has a token, which its
buttons carry. A disposition counts only for the signal of its token, once, and only after all of it
was sent. Whatever changes the ephemeris in use makes another signal of it, and another showing.
(The script in `keys` checks that the browser has painted it, too.)
"""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.store.disposition_entry import ephemeris_to_json

#: Upper limit of the recorded time [s]; a star that is open longer was left alone.
LONGEST_SECONDS = 1800.0
_SHOWING_KEY = "vet showing"
#: In place of a signal, once another one was chosen.
_INTERRUPTED = "another"


@dataclass(frozen=True)
class Showing:
    """A signal of a star on the screen.

    Attributes
    ----------
    target_id : str
        Identifier of the star.
    queue_id : str
        The queue, empty for a single star.
    at : int
        Position in the queue, from 0.
    token : str
        Identifies this showing.
    reviewer : str
        The reviewer.
    sent : float or None
        Monotonic time at which the page was sent completely [s], None before.
    facts : Mapping of str to object
        What a disposition stores.
    signal : str
        The ephemeris of the signal as text, empty for a star without any.
    before : float
        Time that the star had been on the screen with other signals before [s].

    Examples
    --------
    >>> Showing("SIM 1", "", 0, "a1b2", "Ada").seconds is None
    True
    """

    target_id: str
    queue_id: str
    at: int
    token: str
    reviewer: str
    sent: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict, hash=False)
    signal: str = ""
    before: float = 0.0

    @property
    def seconds(self) -> float | None:
        """Time of the star on the screen [s], at most `LONGEST_SECONDS`; None while it is being drawn."""
        return None if self.sent is None else min(self.before + time.monotonic() - self.sent, LONGEST_SECONDS)


def current_showing() -> Showing | None:
    """Return the current showing.

    Returns
    -------
    Showing or None
        None before the first star.
    """
    found: Showing | None = st.session_state.get(_SHOWING_KEY)
    return found


def begin_showing(target_id: str, queue_id: str, at: int, reviewer: str, ephemeris: Ephemeris | None = None) -> Showing:
    """Begin a showing, unless the star, its position, the reviewer and the signal are unchanged.

    Parameters
    ----------
    target_id : str
        Identifier of the star.
    queue_id : str
        The queue, empty for a single star.
    at : int
        Position in the queue, from 0.
    reviewer : str
        The reviewer.
    ephemeris : Ephemeris, optional
        The ephemeris in use of the signal that is examined.

    Returns
    -------
    Showing
        The current or the new showing.
    """
    here, signal = current_showing(), ephemeris_to_json(ephemeris)
    star = (target_id, queue_id, at, reviewer)
    same_star = here is not None and (here.target_id, here.queue_id, here.at, here.reviewer) == star
    if here is not None and same_star and here.signal == signal:
        return here
    before = (here.before if here.seconds is None else here.seconds) if here is not None and same_star else 0.0
    st.session_state[_SHOWING_KEY] = Showing(
        target_id, queue_id, at, secrets.token_hex(8), reviewer, signal=signal, before=before
    )
    return st.session_state[_SHOWING_KEY]  # type: ignore[no-any-return]


def mark_sent(facts: Mapping[str, object]) -> None:
    """Record that the page is complete: dispositions on this signal count from now on.

    Parameters
    ----------
    facts : Mapping of str to object
        What a disposition stores.
    """
    here = current_showing()
    if here is not None:
        moment = time.monotonic() if here.sent is None else here.sent
        st.session_state[_SHOWING_KEY] = replace(here, sent=moment, facts=dict(facts))


def interrupt_showing() -> None:
    """Make the buttons that are on the screen count no longer: another signal of the star is about to be drawn."""
    here = current_showing()
    if here is not None:
        before = here.before if here.seconds is None else here.seconds
        st.session_state[_SHOWING_KEY] = replace(
            here, token=secrets.token_hex(8), sent=None, facts={}, signal=_INTERRUPTED, before=before
        )


def end_showing() -> None:
    """End the showing. The next one is new, even of the same star."""
    st.session_state.pop(_SHOWING_KEY, None)
