"""Train: teach a network, and see what it learned."""

import streamlit as st

from astroseq_core.ui import downloads, page, train_address, train_new, train_runs

TABS = dict(zip(train_address.TABS, (train_new.show, train_runs.show), strict=True))

page.setup("Train")
for sentence in (*page.told_before(), *train_address.complaints(st.query_params.to_dict())):
    page.tell(sentence)
st.title("Train", anchor=False)
with page.sentences():
    downloads.watch_all()
    train_runs.from_link()
for tab, content in zip(st.tabs(tuple(TABS), key="tab", bind="query-params", on_change="rerun"), TABS.values(), strict=True):
    if tab.open:
        with tab, page.sentences():
            content()
