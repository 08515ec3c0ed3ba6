"""Data: what is here, what the archives have, and one's own files."""

import streamlit as st

from astroseq_core.ui import (
    address,
    catalogues,
    data_cache,
    data_catalogues,
    data_files,
    data_missing,
    data_search,
    downloads,
    page,
)

TABS = {
    "Cached": data_cache.show,
    "Download": data_search.show,
    "Missing": data_missing.show,
    "Catalogues": data_catalogues.show,
    "Your files": data_files.show,
}

page.setup("Data")
unknown = address.unknown(st.query_params.to_dict(), data_search.ADDRESS, tuple(TABS))
for sentence in (*page.told_before(), *unknown):
    page.tell(sentence)
st.title("Data", anchor=False)
with page.sentences():
    catalogues.keep_fresh()
    downloads.watch_all()
for tab, content in zip(st.tabs(tuple(TABS), key="tab", bind="query-params", on_change="rerun"), TABS.values(), strict=True):
    if tab.open:
        with tab, page.sentences():
            content()
