"""Train: teach a network, and see what it learned."""

import streamlit as st

import astroseq_core.app

astroseq_core.app.wait_for_imports()
from astroseq_core.app.shared import downloads, layout
from astroseq_core.app.train import form, runs, state

TABS = {state.NEW_TAB: form.draw_new_run, state.RUNS_TAB: runs.draw_runs}

layout.setup_page("Train")
for sentence in (*layout.earlier_warnings(), *state.parameters().warnings()):
    layout.warn(sentence)
st.title("Train", anchor=False)
with layout.errors_as_messages():
    downloads.draw_downloads()
    runs.open_linked_run()
layout.draw_tabs(state.TAB, TABS)
