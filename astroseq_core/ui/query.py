"""The address of the page that is drawn, read and written."""

from collections.abc import Mapping

import streamlit as st


def text(name: str) -> str:
    """The address's text of that name, empty where it says none."""
    return str(st.query_params.get(name, ""))


def one(name: str, allowed: tuple[str, ...], otherwise: str) -> str:
    """The address's word of that name where it is one of those allowed."""
    found = text(name)
    return found if found in allowed else otherwise


def write(said: Mapping[str, str | None]) -> None:
    """Put those into the address, and take away what is None."""
    for name, value in said.items():
        if value is None:
            if name in st.query_params:
                del st.query_params[name]
        elif st.query_params.get(name) != value:
            st.query_params[name] = value
