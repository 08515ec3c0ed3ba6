"""AstroSeq's entry: the server that `streamlit run` starts, and the landing page that it runs."""

import streamlit as st

import astroseq_core.app  # noqa: F401
from astroseq_core.app import landing, server
from astroseq_core.app.shared import layout

if __name__ == "__main__":
    layout.setup_page("Welcome")
    with layout.errors_as_messages():
        landing.draw_landing()
else:
    app = st.App(__file__, middleware=server.middleware())
