"""Waiting for what a thread makes, then drawing the page again."""

from concurrent.futures import Future, wait
from typing import Any

import streamlit as st

from astroseq_core.ui import page

#: How often a page that waits looks whether there was a click [s].
POLL_SECONDS = 0.1


def redraw_when(coming: "Future[Any]") -> None:
    """Wait for it and draw the page again; raises what it ended with. The last thing that a page does.

    Meanwhile every click is heard: each look at the empty place below lets Streamlit end this run for the next. No run of its own
    for each look, as a part of the page that repeats itself has: Streamlit collects garbage after every run, and a network that
    is being loaded would stand still for it.
    """
    place = st.empty()
    try:
        while not coming.done():
            wait([coming], timeout=POLL_SECONDS)
            place.empty()
    finally:
        # What has not begun need not be done for nobody; what has is kept for the next visit.
        coming.cancel()
    coming.result()
    page.redraw()
