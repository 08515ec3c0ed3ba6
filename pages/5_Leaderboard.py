"""Leaderboard: all scored stars by their score, the cut above which they are candidates, and the way to each."""

import streamlit as st

from astroseq_core.store import board
from astroseq_core.ui import (
    board_address,
    board_cut,
    board_empty,
    board_failed,
    board_filters,
    board_known,
    board_models,
    board_table,
    page,
)

page.setup("Leaderboard")
told = page.told_before()
st.title("Leaderboard", anchor=False)
with page.sentences():
    models = board.models()
    scored = [m.model_id for m in sorted(models, key=lambda m: -m.num_scored) if m.num_scored]
    for sentence in (*told, *board_address.complaints(st.query_params.to_dict(), scored)):
        page.tell(sentence)
    if not scored:
        board_empty.nothing_yet()
    else:
        filters = board_filters.ask(scored)
        model = board_empty.model_of(models, filters.model_id)
        board_empty.header(model)
        board_empty.under_way_bars()
        board_known.keep_fresh()
        contents = dict(zip(board_address.TABS, (
            lambda: board_table.show(filters, model.num_scored), lambda: board_cut.show(filters),
            lambda: board_models.show(model.model_id, models), lambda: board_failed.show(model.model_id),
        ), strict=True))  # fmt: skip
        tabs = st.tabs(tuple(contents), key="tab", bind="query-params", on_change="rerun")
        for tab, content in zip(tabs, contents.values(), strict=True):
            if tab.open:
                with tab, page.sentences():
                    content()
