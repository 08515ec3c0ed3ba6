"""Leaderboard header: the model's badges, the empty state, and the refresh of known objects."""

from collections.abc import Sequence

import streamlit as st

from astroseq_core.app import landing
from astroseq_core.app.shared import background, layout, url_state
from astroseq_core.app.shared.layout import escape
from astroseq_core.app.survey import surveys
from astroseq_core.columns import PLANET_SCORE, STAR_SCORE
from astroseq_core.plots import style
from astroseq_core.store import leaderboard, thresholds
from astroseq_core.store.leaderboard import ScoredModel
from astroseq_core.store.leaderboard_filters import Filters
from astroseq_core.surveys import known_objects
from astroseq_core.surveys.queue import SURVEYS, SurveyRequest

#: The scores that stars are ranked by, in words.
SCORE_WORDS = {PLANET_SCORE: "planet score", STAR_SCORE: "star score"}
KNOWN_OBJECTS_JOB = "known objects"
#: Nothing is shown if the comparison takes no longer than this [s].
SILENT_SECONDS = 0.2


def refresh_known_objects() -> None:
    """Compare stars with the catalogs if these are newer, and show a line while that is running.

    The page is drawn again when the comparison has ended. A problem is shown with a button to try
    again.
    """
    job = background.job_registry().get(KNOWN_OBJECTS_JOB)
    if job is not None and job.problem is not None:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.warning(escape(job.problem), icon=":material/sync_problem:")
            st.button(
                "Compare known objects again",
                key="match again",
                on_click=background.job_registry().forget,
                args=(KNOWN_OBJECTS_JOB,),
            )
        return
    if job is None or not job.is_running:
        if not known_objects.rematch_is_due():
            return
        job = background.job_registry().start(
            KNOWN_OBJECTS_JOB, "Comparing with the catalogs", lambda j: known_objects.rematch_if_due(j.stop)
        )
        if job.wait(SILENT_SECONDS):
            return

    def draw() -> bool:
        if job.is_running:
            st.caption("The catalogs have changed: known objects are being compared with them.")
        return job.is_running

    background.watch(True, draw)


def draw_empty() -> None:
    """Draw the page without scores: the progress of active surveys, or the button that starts one."""
    st.markdown(
        "Stars will stand here by their planet score, the likeliest to have a planet first: filter them, draw the line above "
        "which they are worth a look, compare two models, open one in Explore, take the candidates away as CSV."
    )
    layout.draw_result_message(surveys.MESSAGE_KEY)
    landing.start_first_survey()
    if has_active_survey():
        surveys.draw_active_surveys()
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Score the simulated stars",
            key="score simulated",
            type="primary",
            icon=":material/science:",
            on_click=start_simulated_survey,
        )
        layout.draw_page_link(url_state.SURVEY, "Score others", ":material/travel_explore:")
    st.caption("Sixty simulated stars take a minute or two and need no download.")


def start_simulated_survey() -> None:
    """Start a survey of the built-in simulated stars."""
    if problem := layout.error_message_of(lambda: SURVEYS.submit(SurveyRequest(landing.SURVEY_NAME, workers=1))):
        st.session_state[surveys.MESSAGE_KEY] = (False, problem)


def has_active_survey() -> bool:
    """Return whether any survey is queued or running.

    Returns
    -------
    bool
        Whether there is one.
    """
    return any(survey.is_active for survey in SURVEYS.jobs())


def draw_survey_progress() -> None:
    """Draw messages about surveys and the progress of the active ones."""
    layout.draw_result_message(surveys.MESSAGE_KEY)
    surveys.draw_active_surveys()


def draw_header(model: ScoredModel, filters: Filters) -> None:
    """Draw the badges of a model: its stars, how many of them the filters leave, are simulated or failed, and its threshold.

    Parameters
    ----------
    model : ScoredModel
        Model whose stars are shown.
    filters : Filters
        Filters of its stars.
    """
    threshold = thresholds.load(model.model_id)
    shown = leaderboard.load_page(filters, limit=1).in_all
    with st.container(horizontal=True, gap="xsmall"):
        st.badge(escape(model.model_id), icon=":material/neurology:", color="blue")
        stars = f"{model.num_scored:,} star{'s' * (model.num_scored != 1)}"
        st.badge(stars, color="gray", help="Scored by this model")
        if shown != model.num_scored:
            st.badge(
                f"filters leave {shown:,}", icon=":material/filter_alt:", color="blue", help=f"{shown:,} of the {stars}, below"
            )
        if model.num_simulated:
            everyone = model.num_simulated == model.num_scored + model.num_failed
            st.badge(
                "all simulated" if everyone else f"{model.num_simulated:,} of them simulated",
                icon=":material/science:",
                color=style.SIMULATED_BADGE_COLOR,
            )
        if model.num_failed:
            st.badge(f"{model.num_failed:,} not scored", color="orange")
        if threshold is not None:
            of = SCORE_WORDS[threshold.score]
            st.badge(f"threshold: {of} {threshold.threshold:.4g} on", icon=":material/flag:", color="red")


def find_model(models: Sequence[ScoredModel], model_id: str) -> ScoredModel:
    """Return the model of an identifier.

    Parameters
    ----------
    models : sequence of ScoredModel
        Models that have scored stars.
    model_id : str
        Identifier; must be among them.

    Returns
    -------
    ScoredModel
        The model.
    """
    return next(m for m in models if m.model_id == model_id)
