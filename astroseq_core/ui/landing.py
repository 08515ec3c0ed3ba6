"""The landing page: what AstroSeq is, and the way in."""

import streamlit as st

from astroseq_core.figures.layout import CONFIG
from astroseq_core.figures.star import hero_figure
from astroseq_core.lightcurves.cache import LightCurveCache
from astroseq_core.scoring.opening import OpenedStar, Source, StarRequest
from astroseq_core.ui import address, finding, first_survey, naming
from astroseq_core.ui.header import EXAMPLES
from astroseq_core.ui.opened import opened
from astroseq_core.ui.page import sentences

#: Where the name that was typed stands while the archives are asked.
WANTED = "wanted star"
HERO = "SIM 1"
FACTS = (
    ("Light curves", "Kepler, K2 and TESS, from files of yours, the archive or sixty simulated stars; each detrended whole."),
    ("Predictions", "Published ephemerides laid over the data, with their drift; doubtful ones are marked as such."),
    ("Probabilities", "A calibrated one for every segment, from a network that sees no ephemeris; a score to rank stars by."),
)


def show() -> None:
    """Draw the page."""
    left, right = st.columns([5, 6], gap="large", vertical_alignment="center")
    with left:
        st.title("AstroSeq", anchor=False)
        st.markdown("##### Explore exoplanet-transit candidates in the light curves of Kepler, K2 and TESS.")
        with sentences():
            _open_by_name()
        st.caption("Or one of the sixty simulated stars:")
        with st.container(horizontal=True, gap="small"):
            for star, what in EXAMPLES:
                if st.button(f"{star}: {what}", key=f"example {star}"):
                    st.switch_page(address.EXPLORE, query_params={"target": star})
    with right:
        place = st.container()
    st.space("medium")
    for column, (title, text) in zip(st.columns(3, gap="large"), FACTS, strict=True):
        column.markdown(f"**{title}**  \n{text}")
    # Last, so that everything else stands while the first light curve is made.
    with place, sentences():
        _, hero = opened(StarRequest(HERO, Source.SIMULATED))
        _hero(hero)
    first_survey.ensure()


def _open_by_name() -> None:
    with st.form("open", border=False):
        field, button = st.columns([4, 1], vertical_alignment="bottom")
        name = field.text_input("A star", placeholder="SIM 1, TIC 261136679, TOI 700, Kepler-10 b, WASP-18", max_chars=60)
        if button.form_submit_button("Open", type="primary", width="stretch"):
            _wanted(name)
    wanted = st.session_state.get(WANTED, "")
    if not wanted:
        return
    found = naming.meaning(wanted)
    if found.resolved is None:
        finding.unresolved(found, _wanted)
        return
    del st.session_state[WANTED]
    star = finding.preferred(found.resolved, LightCurveCache().targets())
    source = {} if star.is_simulated else {"source": "cache"}
    st.switch_page(address.EXPLORE, query_params={**source, "target": star.id})


def _wanted(name: str) -> None:
    """Remember which star is wanted while the archives are asked who it is."""
    st.session_state[WANTED] = name.strip() or " "


def _hero(star: OpenedStar) -> None:
    st.plotly_chart(hero_figure(star.prepared[0], star.ephemerides), key="hero", config={**CONFIG, "displayModeBar": False},
                    alt="A simulated star with three transiting planets")  # fmt: skip
    st.caption(f"{HERO}, a simulated star: each colour is one planet's predicted transits.")
