"""The star on the screen of the vetting page: which, since when, and for whom.

A key that is pressed while the page is being drawn can reach the buttons of the previous star, or
of one that nobody has seen yet. So each showing of a star has a token, which its buttons carry. A
disposition counts only for the star of its token, once, and only after the whole star was sent.
(The script in `keys` checks that the browser has painted it, too.)
"""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st

#: Upper limit of the recorded time [s]; a star that is open longer was left alone.
LONGEST_SECONDS = 1800.0
_SHOWING_KEY = "vet showing"


@dataclass(frozen=True)
class Showing:
    """A star on the screen.

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

    @property
    def seconds(self) -> float | None:
        """Time on the screen [s], at most `MOST_SECONDS`; None while it is being drawn."""
        return None if self.sent is None else min(time.monotonic() - self.sent, LONGEST_SECONDS)


def current_showing() -> Showing | None:
    """Return the current showing.

    Returns
    -------
    Showing or None
        None before the first star.
    """
    found: Showing | None = st.session_state.get(_SHOWING_KEY)
    return found


def begin_showing(target_id: str, queue_id: str, at: int, reviewer: str) -> Showing:
    """Begin a showing, unless the star, its position and the reviewer are unchanged.

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

    Returns
    -------
    Showing
        The current or the new showing.
    """
    here = current_showing()
    if here is not None and (here.target_id, here.queue_id, here.at, here.reviewer) == (target_id, queue_id, at, reviewer):
        return here
    st.session_state[_SHOWING_KEY] = Showing(target_id, queue_id, at, secrets.token_hex(8), reviewer)
    return st.session_state[_SHOWING_KEY]  # type: ignore[no-any-return]


def mark_sent(facts: Mapping[str, object]) -> None:
    """Record that the page is complete: dispositions count from now on.

    Parameters
    ----------
    facts : Mapping of str to object
        What a disposition stores.
    """
    here = current_showing()
    if here is not None:
        moment = time.monotonic() if here.sent is None else here.sent
        st.session_state[_SHOWING_KEY] = replace(here, sent=moment, facts=dict(facts))


def end_showing() -> None:
    """End the showing. The next one is new, even of the same star."""
    st.session_state.pop(_SHOWING_KEY, None)
