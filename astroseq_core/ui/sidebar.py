"""Explore's sidebar: which star, from where, how prepared, by which model."""

from dataclasses import dataclass

import streamlit as st

from astroseq_core.lightcurves.detrending import METHODS
from astroseq_core.scoring import card as cards
from astroseq_core.scoring.opening import Source, StarRequest
from astroseq_core.ui import address, catalogues
from astroseq_core.ui.opened import BEST
from astroseq_core.ui.page import problems, sentences, tell, told_before
from astroseq_core.ui.stars import ALL_MISSIONS, beside, offered

SOURCE_NAMES = {Source.SIMULATED: "the simulated survey", Source.FILES: "your files", Source.CACHE: "the cache"}


@dataclass(frozen=True)
class Choice:
    """What the sidebar says: ``request``, its name empty while no star is picked; the trend and the model; the stars offered.

    ``mission``: whose stars are meant, or all.
    """

    request: StarRequest
    method: str
    window_days: float | None
    model: str
    offered: tuple[str, ...]
    mission: str = ALL_MISSIONS


def other_star() -> None:
    """Forget what belonged to the star before: its observations and the segment that was looked at."""
    st.session_state["obs"] = []
    st.session_state["segment"] = 0


def go_to(star: str | None) -> None:
    """Open another star at the next run, for buttons."""
    if star is not None:
        st.session_state["target"] = star
        other_star()


def _other_source() -> None:
    """Forget the star: another source does not have it."""
    st.session_state["target"] = None
    other_star()


def choose() -> Choice:
    """Draw the sidebar and say what was chosen."""
    models = (BEST, *(c.model_id for c in cards.available()))
    for sentence in (*told_before(), *address.complaints(st.query_params.to_dict(), models)):
        tell(sentence)
    with st.sidebar:
        st.subheader("Star", anchor=False)
        word = st.radio(
            "Light curves from", tuple(address.SOURCES), horizontal=True, key="source", bind="query-params",
            on_change=_other_source,
            help="**simulated**: sixty stars that exist only here. **files**: a folder of yours. **cache**: what was downloaded.",
        )  # fmt: skip
        source = address.SOURCES[str(word)]
        folder, table = _paths(source)
        mission = st.selectbox("Mission", address.MISSION_CHOICES, key="mission", bind="query-params")
        stars = _stars(source, folder, str(mission))
        name = st.selectbox(
            "Name", stars, index=None, key="target", bind="query-params", accept_new_options=True, on_change=other_star,
            placeholder="Pick or write a star", help="Any spelling does: TIC 261136679, KIC 11446443, TOI 700, WASP-18.",
        )  # fmt: skip
        back, on = st.columns(2)
        back.button("Back", shortcut="P", width="stretch", disabled=not stars, on_click=go_to,
                    args=(beside(stars, name or "", -1),), icon=":material/chevron_left:")  # fmt: skip
        on.button("Next", shortcut="N", width="stretch", disabled=not stars, on_click=go_to,
                  args=(beside(stars, name or "", 1),), icon=":material/chevron_right:")  # fmt: skip
        method, window = _trend()
        model = st.selectbox(
            "Model", models, key="model", bind="query-params",
            help="**best** takes the one made for the cadence nearest to these light curves'.",
        )  # fmt: skip
    request = StarRequest(name=(name or "").strip(), source=source, folder=folder, ephemerides=table)
    return Choice(request, method, window, str(model), stars, str(mission))


def _paths(source: Source) -> tuple[str, str]:
    if source is Source.SIMULATED:
        return "", ""
    catalogues.keep_fresh()
    folder = ""
    if source is Source.FILES:
        folder = st.text_input("Folder", key="folder", bind="query-params", placeholder="~/lightcurves",
                               help="FITS, .npz or CSV; folders below it count too.")  # fmt: skip
    table = st.text_input("Ephemerides (CSV)", key="ephemerides", bind="query-params", placeholder="optional",
                          help="Columns target_id, name, period_days, t0, t0_system, duration_hours. Where it is "
                          "empty, or has none of a star, the catalogues are taken.")  # fmt: skip
    return (folder or "").strip(), (table or "").strip()


def _stars(source: Source, folder: str, mission: str) -> tuple[str, ...]:
    stars: tuple[str, ...] = ()
    with sentences():
        stars, left_out = offered(source, folder, mission)
        problems(left_out)
    if mission != ALL_MISSIONS and not stars and source is not Source.CACHE:
        st.caption(f"No star of {mission} in {SOURCE_NAMES[source]}.")
    return stars


def _trend() -> tuple[str, float | None]:
    st.subheader("View", anchor=False)
    method = st.selectbox("Detrending", tuple(METHODS), key="detrending", bind="query-params",
                          help="Of what is drawn. A model always sees what it was trained on.")  # fmt: skip
    window = st.number_input("Window [d]", *address.WINDOW_DAYS, value=None, step=0.1, format="%.2f", key="window",
                             bind="query-params", placeholder="automatic", disabled=method == "none",
                             help="At least three transit durations, or the trend follows the transits. "
                             "Automatic is 0.8 d for TESS, 1.5 d for Kepler and K2.")  # fmt: skip
    return str(method), None if window is None else float(window)
