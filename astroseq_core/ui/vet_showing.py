"""Which star stands on the screen, since when, and for whom: what a vote belongs to.

A key that is pressed while the page still draws reaches buttons of the star before, or of one that nobody has seen yet. So each
showing of a star has a token of its own; its buttons carry it, and a vote counts for the star of its token alone, once, and only
when all of that star had been sent. (``vet_keys`` sees to it that the browser had painted it, too.)
"""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st

#: A star that lies open longer than this [s] was left, not read; that much counts.
MOST_SECONDS = 1800.0
_KEY = "vet showing"


@dataclass(frozen=True)
class Showing:
    """A star on the screen: its place in a ``queue`` (``at`` from 0; "" for a star by itself) and its ``token``.

    ``sent`` [s, monotonic]: when all of its page had been sent, None before; ``facts``: what a vote on it is to keep.
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
        """How long it has been on the screen [s], None while it is being drawn."""
        return None if self.sent is None else min(time.monotonic() - self.sent, MOST_SECONDS)


def now() -> Showing | None:
    """What stands on the screen, None where nothing does yet."""
    found: Showing | None = st.session_state.get(_KEY)
    return found


def begin(target_id: str, queue_id: str, at: int, reviewer: str) -> Showing:
    """What is shown from here on: the same showing while the star, its place and the reviewer stay, else a new one."""
    here = now()
    if here is not None and (here.target_id, here.queue_id, here.at, here.reviewer) == (target_id, queue_id, at, reviewer):
        return here
    st.session_state[_KEY] = Showing(target_id, queue_id, at, secrets.token_hex(8), reviewer)
    return st.session_state[_KEY]  # type: ignore[no-any-return]


def sent(facts: Mapping[str, Any]) -> None:
    """The page is drawn: from now on votes are for this star, and keep these facts."""
    here = now()
    if here is not None:
        moment = time.monotonic() if here.sent is None else here.sent
        st.session_state[_KEY] = replace(here, sent=moment, facts=dict(facts))


def end() -> None:
    """Nothing is shown any more: what follows is a showing of its own, also of the same star."""
    st.session_state.pop(_KEY, None)
