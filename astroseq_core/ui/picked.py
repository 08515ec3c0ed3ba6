"""What is looked at on a page of many jobs: a run or a survey that the address, a click or the list's field picked, or all."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import streamlit as st

from astroseq_core.ui import page, query


@dataclass(frozen=True)
class Kind:
    """A kind of job: its ``word``, by which the address names one; the ``tab`` of all; where the session keeps the one picked."""

    word: str
    tab: str
    key: str


def from_link(kind: Kind, names: Callable[[], Collection[str]]) -> None:
    """Open the tab of all where the address names one and no tab, and say so where there is none of that name."""
    wanted = st.query_params.get(kind.word)
    taken = f"{kind.word} link taken"
    if wanted is None or st.session_state.get(taken) == wanted:
        return
    st.session_state[taken] = wanted
    if "tab" not in st.query_params and "tab" not in st.session_state:
        # Before the tabs are bound to it, so that it is there for a reload, too.
        query.write({"tab": kind.tab})
        st.session_state["tab"] = kind.tab
    if wanted and wanted not in names():
        page.tell(f"The address says {kind.word}={wanted}, and there is no such {kind.word} here; it may have been deleted.")


def choose(kind: Kind, names: Sequence[str], changed: Callable[[], None] | None = None) -> str | None:
    """Draw the field that picks one, and the way back to all; the name that is picked stands in the address.

    ``changed`` is called when another is picked.
    """
    if kind.key not in st.session_state:
        st.session_state[kind.key] = query.one(kind.word, tuple(names), "") or None
    elif st.session_state[kind.key] not in names:
        st.session_state[kind.key] = None
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        chosen: str | None = st.selectbox(
            kind.word.capitalize(), names, index=None, key=kind.key, width=360, label_visibility="collapsed",
            placeholder=f"All {kind.word}s; pick one to look at it", on_change=changed,
        )  # fmt: skip
        if chosen is not None:
            st.button(f"All {kind.word}s", key=f"all {kind.word}s", on_click=_all, args=(kind, changed),
                      icon=":material/arrow_back:", type="tertiary")  # fmt: skip
    query.write({kind.word: chosen})
    return chosen


def _all(kind: Kind, changed: Callable[[], None] | None) -> None:
    st.session_state[kind.key] = None
    if changed is not None:
        changed()
