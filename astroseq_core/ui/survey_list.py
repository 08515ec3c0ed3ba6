"""The Survey page's tab of surveys: all of them, or the one that is looked at."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import streamlit as st

from astroseq_core.background import folder
from astroseq_core.background.folder import State
from astroseq_core.store import board
from astroseq_core.surveys import queue
from astroseq_core.surveys.folder import Survey
from astroseq_core.ui import address, page, picked, survey_about, survey_address, survey_watch
from astroseq_core.ui.page import escape
from astroseq_core.ui.picked import Kind
from astroseq_core.ui.survey_about import ACTIVE, do

if TYPE_CHECKING:
    import pandas as pd

TABLE = "survey table"
KIND = Kind("survey", survey_address.SURVEYS, survey_about.SURVEY)


def from_link() -> None:
    """Open the tab of surveys where the address names one and no tab, and say so where there is no such survey."""
    picked.from_link(KIND, lambda: [s.survey_id for s in queue.all_surveys()])


def show() -> None:
    """Draw it."""
    page.said(survey_about.SAID)
    queue.advance()
    surveys = queue.all_surveys()
    if not surveys:
        survey_address.write({"survey": None})
        st.markdown(
            "Every survey will stand here: how far it is, how fast it goes, what failed and why. What it scored stands on the "
            "leaderboard as soon as it is there."
        )
        st.button("Start a survey", key="to new survey", on_click=_to_new, type="primary", icon=":material/add:")
        return
    chosen = picked.choose(KIND, [s.survey_id for s in surveys])
    survey = next((s for s in surveys if s.survey_id == chosen), None)
    if survey is None:
        _all(surveys)
    else:
        _one(survey)


def _to_new() -> None:
    st.session_state["tab"] = survey_address.NEW


def _all(surveys: Sequence[Survey]) -> None:
    survey_watch.bars()
    st.session_state["survey names"] = [s.survey_id for s in surveys]
    st.dataframe(
        frame(surveys), hide_index=True, width="stretch", height=min(460, 38 + 35 * len(surveys)), key=TABLE, on_select=_picked,
        selection_mode="single-row", alt="All surveys", placeholder="–",
        column_config={
            "Asked for": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
            "Part": st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0, width=110),
            "Stars a second": st.column_config.NumberColumn(format="%.3g"),
        },
    )  # fmt: skip
    st.caption("A click on a row opens it.")


def _picked() -> None:
    """A clicked row is opened."""
    state: Any = st.session_state.get(TABLE)
    names = st.session_state.get("survey names", [])
    rows = state["selection"]["rows"] if state else []
    if rows and rows[0] < len(names):
        survey_about.open_survey(names[rows[0]])


def frame(surveys: Sequence[Survey]) -> "pd.DataFrame":
    """One row a survey."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "Survey": s.survey_id,
                "State": str(s.state),
                "Part": 1.0 if s.state is State.DONE else survey_about.part(s),
                "Stars": survey_about.stars_words(s.request.stars),
                "Model": s.request.model_id or survey_address.BEST,
                "Scored": survey_about.whole(s, "done"),
                "Failed": survey_about.whole(s, "failed"),
                "Scored before": survey_about.whole(s, "skipped"),
                "Stars a second": (s.result or s.now).get("stars_per_second"),
                "Asked for": datetime.fromtimestamp(s.created, UTC),
            }
            for s in surveys
        ]
    )


def _one(survey: Survey) -> None:
    st.subheader(escape(survey.survey_id), anchor=False)
    survey_about.badges(survey)
    if survey.state in ACTIVE:
        survey_watch.show(survey)
        _leaderboard(survey)
        return
    if survey.state is State.FAILED:
        st.error(escape(survey.problem or "It failed without a word."), icon=":material/error:")
    elif survey.state is State.CANCELLED:
        st.info("It was cancelled; what was scored by then stays, and it can go on.", icon=":material/info:")
    survey_about.metrics(survey)
    failed = survey_about.whole(survey, "failed")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if survey.state is State.DONE:
            if failed:
                st.button(f"Try the {failed:,} failed again", key=f"retry {survey.survey_id}", type="primary",
                          icon=":material/replay:", on_click=do, args=(queue.resume, survey.survey_id))  # fmt: skip
            else:
                st.button("Score again", key=f"resume {survey.survey_id}", icon=":material/replay:", on_click=do,
                          args=(queue.resume, survey.survey_id),
                          help="Passes over what is scored already: only new stars and new data cost time.")  # fmt: skip
        else:
            st.button("Go on", key=f"resume {survey.survey_id}", type="primary", icon=":material/play_arrow:", on_click=do,
                      args=(queue.resume, survey.survey_id), help="Stars that are scored already are passed over.")  # fmt: skip
        with st.popover("Delete …", icon=":material/delete:", key=f"delete menu {survey.survey_id}"):
            st.markdown(f"**{escape(survey.survey_id)}** goes for good; its scores stay on the leaderboard.")
            st.button("Delete it", key=f"delete {survey.survey_id}", on_click=survey_about.delete, args=(survey.survey_id,),
                      type="primary")  # fmt: skip
    _leaderboard(survey)
    if log := folder.log_tail(survey.folder):
        with st.expander("Log", icon=":material/terminal:"):
            st.code(log, language=None, wrap_lines=True)


def _leaderboard(survey: Survey) -> None:
    """The way to its stars' ranks."""
    model = survey.request.model_id
    known = {m.model_id for m in board.models() if m.num_scored}
    with page.where_there_are_pages():
        st.page_link(address.LEADERBOARD, label="Leaderboard of its model" if model in known else "Leaderboard",
                     icon=":material/leaderboard:", query_params={"model": model} if model in known else {})  # fmt: skip
