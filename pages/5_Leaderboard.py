"""Leaderboard: all scored stars by their score, the cut above which they are candidates, and the way to each."""

import streamlit as st

import astroseq_core.app

astroseq_core.app.wait_for_imports()
from astroseq_core.app.leaderboard import filters as leaderboard_filters
from astroseq_core.app.leaderboard import header, other_tabs, state, table, threshold
from astroseq_core.app.shared import layout
from astroseq_core.store import leaderboard

layout.setup_page("Leaderboard")
told = layout.earlier_warnings()
st.title("Leaderboard", anchor=False)
with layout.errors_as_messages():
    models = leaderboard.list_models()
    scored = [m.model_id for m in sorted(models, key=lambda m: -m.num_scored) if m.num_scored]
    for sentence in (*told, *state.parameters(scored).warnings()):
        layout.warn(sentence)
    if not scored:
        header.draw_empty()
    else:
        filters = leaderboard_filters.choose_filters(scored)
        model = header.find_model(models, filters.model_id)
        header.draw_header(model, filters)
        header.draw_survey_progress()
        header.refresh_known_objects()
        contents = {
            state.STARS: lambda: table.draw_table(filters, model.num_scored),
            state.THRESHOLD_TAB: lambda: threshold.draw_threshold(filters),
            state.MODELS: lambda: other_tabs.draw_model_comparison(model.model_id, models),
            state.FAILED: lambda: other_tabs.draw_failed(model.model_id),
        }
        layout.draw_tabs(state.TAB, contents)
