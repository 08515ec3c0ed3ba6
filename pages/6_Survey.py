"""Survey: score many stars, watch it, and take it up again."""

import streamlit as st

import astroseq_core.app

astroseq_core.app.wait_for_imports()
from astroseq_core.app.shared import downloads, layout, models
from astroseq_core.app.survey import form, state, surveys

TABS = {state.NEW: form.draw_form, state.SURVEYS: surveys.draw_surveys}

layout.setup_page("Survey")
names = tuple(c.model_id for c in models.available_cards())
for sentence in (*layout.earlier_warnings(), *state.parameters(names).warnings()):
    layout.warn(sentence)
st.title("Survey", anchor=False)
with layout.errors_as_messages():
    downloads.draw_downloads()
    surveys.open_from_link()
layout.draw_tabs(state.TAB, TABS)
