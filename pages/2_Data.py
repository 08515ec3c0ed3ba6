"""Data: what is here, what the archives have, and one's own files."""

import streamlit as st

import astroseq_core.app

astroseq_core.app.wait_for_imports()
from astroseq_core.app.data import files, search, state, stored
from astroseq_core.app.shared import downloads, layout

TABS = {
    state.CACHED_TAB: stored.draw_cache,
    state.DOWNLOAD_TAB: search.draw_search,
    state.MISSING_TAB: stored.draw_missing,
    state.CATALOGS_TAB: stored.draw_catalogs,
    state.FILES_TAB: files.draw_files,
}

layout.setup_page("Data")
for sentence in (*layout.earlier_warnings(), *state.PARAMETERS.warnings()):
    layout.warn(sentence)
st.title("Data", anchor=False)
with layout.errors_as_messages():
    downloads.refresh_stale_catalogs()
    downloads.draw_downloads()
layout.draw_tabs(state.TAB, TABS, {state.FILES_TAB: (state.FOLDER,)})
