"""Landing page: what AstroSeq is, a field that opens a star, an example light curve, and the first survey in the background."""

import os

import streamlit as st

from astroseq_core.app.explore.header import EXAMPLES
from astroseq_core.app.shared import names, url_state
from astroseq_core.app.shared.layout import errors_as_messages
from astroseq_core.app.shared.stars import load_detrended_star
from astroseq_core.errors import AstroSeqError
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.plots.light_curve import single_observation_figure
from astroseq_core.plots.style import PLOTLY_CONFIG
from astroseq_core.scoring.star_data import StarData, StarRequest
from astroseq_core.scoring.star_source import Source
from astroseq_core.store import leaderboard
from astroseq_core.surveys.queue import SURVEYS, SurveyRequest

#: Session key of the typed name while the archives resolve it.
WANTED_KEY = "wanted star"
HERO_STAR = "SIM 1"
FACTS = (
    ("Light curves", "Kepler, K2 and TESS, from files of yours, the archive or sixty simulated stars; each detrended whole."),
    ("Predictions", "Published ephemerides laid over the data, with their drift; doubtful ones are marked as such."),
    ("Probabilities", "A calibrated one for every segment, from a network that sees no ephemeris; a score to rank stars by."),
)


def draw_landing() -> None:
    """Draw the page."""
    left, right = st.columns([5, 6], gap="large", vertical_alignment="center")
    with left:
        st.title("AstroSeq", anchor=False)
        st.markdown("##### Explore exoplanet-transit candidates in the light curves of Kepler, K2 and TESS.")
        with errors_as_messages():
            _draw_open_form()
        st.caption("Or one of the sixty simulated stars:")
        with st.container(horizontal=True, gap="small"):
            for star, what in EXAMPLES:
                if st.button(f"{star}: {what}", key=f"example {star}"):
                    st.switch_page(url_state.EXPLORE, query_params={"target": star})
    with right:
        place = st.container()
    st.space("medium")
    for column, (title, text) in zip(st.columns(3, gap="large"), FACTS, strict=True):
        column.markdown(f"**{title}**  \n{text}")
    # Drawn last, so that the rest of the page is visible while the first light curve is made.
    with place, errors_as_messages():
        _, hero = load_detrended_star(StarRequest(HERO_STAR, Source.SIMULATED))
        _draw_hero(hero)
    start_first_survey()


def _draw_open_form() -> None:
    with st.form("open", border=False):
        field, button = st.columns([4, 1], vertical_alignment="bottom")
        name = field.text_input("A star", placeholder="SIM 1, TIC 261136679, TOI 700, Kepler-10 b, WASP-18", max_chars=60)
        if button.form_submit_button("Open", type="primary", width="stretch"):
            _remember_wanted(name)
    wanted = st.session_state.get(WANTED_KEY, "")
    if not wanted:
        return
    found = names.resolve_name(wanted)
    if found.resolved is None:
        names.draw_unresolved(found, _remember_wanted)
        return
    del st.session_state[WANTED_KEY]
    star = names.preferred_identifier(found.resolved, LightCurveCache().targets())
    source = {} if star.is_simulated else {"source": "cache"}
    st.switch_page(url_state.EXPLORE, query_params={**source, "target": names.address_name(wanted, star)})


def _remember_wanted(name: str) -> None:
    """Store the wanted star while the archives resolve its name."""
    st.session_state[WANTED_KEY] = name.strip() or " "


def _draw_hero(star: StarData) -> None:
    st.plotly_chart(
        single_observation_figure(star.detrended[0], star.ephemerides),
        key="hero",
        config={**PLOTLY_CONFIG, "displayModeBar": False},
        alt="A simulated star with three transiting planets",
    )
    st.caption(f"{HERO_STAR}, a simulated star: each color is one planet's predicted transits.")


SURVEY_NAME = "simulated-survey"
#: Environment variable; the value 0 turns the first survey off.
SWITCH_VARIABLE = "ASTROSEQ_FIRST_SURVEY"


def start_first_survey() -> None:
    """Start the survey if no star was ever scored and there is no other survey.

    Errors are ignored here: the pages show what is wrong with the store or the queue.
    """
    if os.environ.get(SWITCH_VARIABLE, "1") == "0":
        return
    try:
        if not leaderboard.list_models() and not SURVEYS.jobs():
            SURVEYS.submit(SurveyRequest(SURVEY_NAME, workers=1))
    except AstroSeqError:
        return
