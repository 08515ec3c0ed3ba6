"""The Leaderboard before any star was scored, and its header."""

from collections.abc import Sequence

import streamlit as st

from astroseq_core.figures import colours
from astroseq_core.store import flags
from astroseq_core.store.board import ScoredModel
from astroseq_core.surveys import queue
from astroseq_core.surveys.request import SurveyRequest
from astroseq_core.ui import address, first_survey, page, survey_about, survey_watch
from astroseq_core.ui.page import escape


def nothing_yet() -> None:
    """Say what will stand here: the progress of what is under way, or the button that starts it."""
    st.markdown(
        "Stars will stand here by their score, the likeliest to show transits first: filter them, draw the line above which they "
        "are worth a look, compare two models, open one in Explore, take the candidates away as CSV."
    )
    page.said(survey_about.SAID)
    first_survey.ensure()
    if under_way():
        survey_watch.bars()
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button("Score the simulated stars", key="score simulated", type="primary", icon=":material/science:",
                  on_click=begin_simulated)  # fmt: skip
        page.link(address.SURVEY, "Score others", ":material/travel_explore:")
    st.caption("Sixty simulated stars take a minute or two and need no download.")


def begin_simulated() -> None:
    """Have the built-in stars scored."""
    if problem := page.caught(lambda: queue.begin(SurveyRequest(first_survey.NAME, workers=1))):
        st.session_state[survey_about.SAID] = (False, problem)


def under_way() -> bool:
    """Whether any survey is queued or running."""
    return any(s.state in survey_about.ACTIVE for s in queue.all_surveys())


def under_way_bars() -> None:
    """What is said of the surveys under way, above the stars."""
    page.said(survey_about.SAID)
    survey_watch.bars()


def header(model: ScoredModel) -> None:
    """Which model, how many stars, whether any is simulated, and its cut."""
    cut = flags.cut_of(model.model_id)
    with st.container(horizontal=True, gap="xsmall"):
        st.badge(escape(model.model_id), icon=":material/neurology:", color="blue")
        st.badge(f"{model.num_scored:,} star{'s' * (model.num_scored != 1)}", color="gray")
        if model.num_simulated:
            everyone = model.num_simulated == model.num_scored + model.num_failed
            st.badge("all simulated" if everyone else f"{model.num_simulated:,} simulated", icon=":material/science:",
                     color=colours.SIMULATED_BADGE)  # fmt: skip
        if model.num_failed:
            st.badge(f"{model.num_failed:,} not scored", color="orange")
        if cut is not None:
            st.badge(f"flagged from {cut.threshold:.4g} on", icon=":material/flag:", color="red")


def model_of(models: Sequence[ScoredModel], model_id: str) -> ScoredModel:
    """The model of that name, which must be among them."""
    return next(m for m in models if m.model_id == model_id)
