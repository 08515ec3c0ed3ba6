"""AstroSeq's entry: the server that `streamlit run` starts, and the landing page that it runs."""

import streamlit as st

import astroseq_core.app

if __name__ == "__main__":
    astroseq_core.app.wait_for_imports()
    from astroseq_core.app import landing
    from astroseq_core.app.shared import layout

    layout.setup_page("Welcome")
    with layout.errors_as_messages():
        landing.draw_landing()
else:
    from astroseq_core.app import preload, server

    preload.start()
    app = st.App(__file__, middleware=server.middleware())
