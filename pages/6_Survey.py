"""Survey: score many stars, watch it, and take it up again."""

import streamlit as st

from astroseq_core.scoring import card as cards
from astroseq_core.ui import downloads, page, survey_address, survey_form, survey_list

TABS = dict(zip(survey_address.TABS, (survey_form.show, survey_list.show), strict=True))

page.setup("Survey")
models = tuple(c.model_id for c in cards.available())
for sentence in (*page.told_before(), *survey_address.complaints(st.query_params.to_dict(), models)):
    page.tell(sentence)
st.title("Survey", anchor=False)
with page.sentences():
    downloads.watch_all()
    survey_list.from_link()
for tab, content in zip(st.tabs(tuple(TABS), key="tab", bind="query-params", on_change="rerun"), TABS.values(), strict=True):
    if tab.open:
        with tab, page.sentences():
            content()
