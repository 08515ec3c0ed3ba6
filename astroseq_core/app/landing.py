"""Landing page: what AstroSeq is, a field that opens a star, an example light curve, and the first survey in the background."""

import os
from collections.abc import Sequence
from contextlib import suppress

import streamlit as st

from astroseq_core.app.explore.header import EXAMPLES
from astroseq_core.app.shared import names, url_state
from astroseq_core.app.shared.layout import errors_as_messages
from astroseq_core.app.shared.stars import load_detrended_star, load_folds
from astroseq_core.archive import catalogs
from astroseq_core.errors import AstroSeqError
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.plots.fold import fold_figure
from astroseq_core.plots.light_curve import single_observation_figure
from astroseq_core.plots.style import PLOTLY_CONFIG
from astroseq_core.scoring.star_data import StarData, StarRequest
from astroseq_core.scoring.star_source import Source
from astroseq_core.store import leaderboard
from astroseq_core.store.leaderboard_filters import Filters
from astroseq_core.surveys.queue import SURVEYS, SurveyRequest
from astroseq_core.vetting.fold import TransitFold

#: Session key of the typed name while the archives resolve it.
WANTED_KEY = "wanted star"
NAME_KEY = "landing star"
#: Its first planet's transits are shallower than the scatter of a cadence, and stand out when they are folded.
HERO_STAR = "SIM 25"
HERO_REQUEST = StarRequest(HERO_STAR, Source.SIMULATED)
CURVE_HEIGHT = 250
#: So many names at most are offered to complete what is typed.
MAX_NAMES = 3000
FACTS = (
    ("Light curves", "Kepler, K2 and TESS, from files of yours, the archive or sixty simulated stars; each detrended whole."),
    ("Predictions", "Published ephemerides laid over the data, with their drift; doubtful ones are marked as such."),
    ("Probabilities", "A calibrated one for every segment, from a network that sees no ephemeris; a score to rank stars by."),
)


def draw_landing() -> None:
    """Draw the page."""
    left, right = st.columns([5, 6], gap="large", vertical_alignment="top")
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
        request, hero = load_detrended_star(HERO_REQUEST)
        _draw_hero(hero, load_folds(request, hero, tuple(range(len(hero.detrended)))))
    start_first_survey()


def _draw_open_form() -> None:
    st.selectbox(
        "A star",
        known_names(),
        index=None,
        key=NAME_KEY,
        accept_new_options=True,
        on_change=_take_name,
        placeholder="SIM 1, TIC 261136679, TOI 700, Kepler-10 b, WASP-18",
    )
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


def known_names() -> tuple[str, ...]:
    """Return names that open without a network, to complete what is typed.

    Returns
    -------
    tuple of str
        Well-known systems, then simulated, cached and scored stars, each once.
    """
    from astroseq_core.simulation import survey

    found = [host for host, _ in catalogs.famous_hosts()]
    found += [row.target_id for row in survey.survey_rows()]
    found += LightCurveCache().targets()
    with suppress(AstroSeqError):  # other pages say what is wrong with the store
        rows = leaderboard.load_page(Filters(scored=True, simulated=False), limit=MAX_NAMES).rows
        found += [row.target_id for row in rows]
    return tuple(dict.fromkeys(found))[:MAX_NAMES]


def _take_name() -> None:
    """Store the name in the field, and empty the field for the next visit."""
    _remember_wanted(str(st.session_state.get(NAME_KEY) or ""))
    st.session_state[NAME_KEY] = None


def _remember_wanted(name: str) -> None:
    """Store the wanted star while the archives resolve its name."""
    if name.strip():
        st.session_state[WANTED_KEY] = name.strip()


def _draw_hero(star: StarData, folds: Sequence[TransitFold]) -> None:
    curve, fold = star.detrended[0], folds[0]
    config = {**PLOTLY_CONFIG, "displayModeBar": False}
    light_curve = single_observation_figure(curve, star.ephemerides, CURVE_HEIGHT)
    st.plotly_chart(light_curve, key="hero", config=config, alt=f"Light curve of the simulated star {HERO_STAR}")
    st.plotly_chart(fold_figure(fold, 0), key="hero fold", config=config, alt=f"Folded transits of {HERO_STAR}")
    st.markdown(hero_sentence(curve.noise_ppm, fold))
    st.caption(f"{HERO_STAR} is simulated. Each color is one planet's transits; below, those of {fold.ephemeris.name}.")


def hero_sentence(noise_ppm: float, fold: TransitFold) -> str:
    """Return what the example shows.

    Parameters
    ----------
    noise_ppm : float
        Scatter of a cadence [ppm].
    fold : TransitFold
        Fold of the planet.

    Returns
    -------
    str
        One sentence, with the numbers of the star.
    """
    period, depth, error = fold.ephemeris.period_days, fold.depth_ppm, fold.depth_err_ppm
    if period is None or not depth or not error:
        return ""
    return (
        f"**No transit stands out:** each dims the star by {depth / 1e4:.2f} %, a cadence scatters by {noise_ppm / 1e4:.2f} %. "
        f"**Folded at {period:.3f} d, {fold.num_transits} of them together do, at {depth / error:.0f} σ.**"
    )


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
