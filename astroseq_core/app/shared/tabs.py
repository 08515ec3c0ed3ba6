"""Tabs of a page: only the open one is drawn, and the address says which it is."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from astroseq_core.app.shared import layout
from astroseq_core.app.shared.parameters import AnyParameter, Owner, Parameter
from astroseq_core.app.shared.value_types import Choice


def draw_tabs(
    tab: Parameter[str],
    contents: Mapping[str, Callable[[], None]],
    fields: Mapping[str, Sequence[AnyParameter]] | None = None,
) -> None:
    """Draw a page's tabs, and the content of the open one.

    Parameters
    ----------
    tab : Parameter of str
        The parameter of the tab, a choice. Its name is the key of the tabs, whose session state
        holds the label of the open one.
    contents : Mapping of str to callable
        What draws each tab, by the tab's word in the address, in order.
    fields : Mapping of str to sequence of Parameter, optional
        Parameters of unbound fields in some tabs, by the tabs' words.
    """
    kind = tab.kind
    assert isinstance(kind, Choice)
    words = {kind.label(word): word for word in contents}
    if tab.owner is Owner.FIELD:
        shown = st.tabs(tuple(words), key=tab.name, bind="query-params", on_change="rerun")
    else:
        if tab.takes_address() or st.session_state.get(tab.name) not in words:
            st.session_state[tab.name] = kind.label(tab.read())
        shown = st.tabs(tuple(words), key=tab.name, on_change="rerun")
        tab.write(words[str(st.session_state[tab.name])])
    for place, (word, content) in zip(shown, contents.items(), strict=True):
        if place.open:
            with place, layout.errors_as_messages():
                content()
        else:
            for parameter in (fields or {}).get(word, ()):
                parameter.release_field()
