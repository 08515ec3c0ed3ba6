"""TOIs: TESS's objects of interest by disposition, period, depth and magnitude, each a click from its light curve."""

import streamlit as st

import astroseq_core.app

astroseq_core.app.wait_for_imports()
from astroseq_core.app.shared import downloads, layout
from astroseq_core.app.tois import state, view

layout.setup_page("TOIs")
for sentence in (*layout.earlier_warnings(), *state.PARAMETERS.warnings()):
    layout.warn(sentence)
st.title("TOIs", anchor=False)
with layout.errors_as_messages():
    downloads.refresh_stale_catalogs()
    if view.toi_status().date is None:
        view.draw_empty()
    else:
        view.draw_tois(view.choose_filters())
