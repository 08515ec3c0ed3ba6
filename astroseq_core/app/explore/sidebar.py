"""Explore's sidebar: source, star, detrending and model."""

from dataclasses import dataclass

import streamlit as st

from astroseq_core.app.explore import state
from astroseq_core.app.shared import downloads, key_overlay, names, opened, url_state
from astroseq_core.app.shared.key_overlay import KeyRow
from astroseq_core.app.shared.layout import draw_problems, earlier_warnings, warn
from astroseq_core.app.shared.models import available_cards, draw_damaged_models
from astroseq_core.app.shared.stars import ALL_MISSIONS, BEST, list_stars, neighboring_star
from astroseq_core.app.shared.value_types import Choice
from astroseq_core.app.shared.words import DETRENDING_WORDS
from astroseq_core.errors import AstroSeqError
from astroseq_core.preprocessing.detrend import DETRENDING_METHODS
from astroseq_core.scoring.star_data import StarRequest
from astroseq_core.scoring.star_source import Source

#: The page's keys; Vet's of the same names do the same.
KEYS = (
    KeyRow("←", "The star before"),
    KeyRow("→", "The next star"),
    KeyRow(key_overlay.HELP, key_overlay.HELP_WORDS),
)
SOURCE_NAMES = {Source.SIMULATED: "the simulated survey", Source.FOLDER: "your files", Source.CACHE: "the cache"}


@dataclass(frozen=True)
class SidebarChoice:
    """The sidebar's choices.

    Attributes
    ----------
    request : StarRequest
        The star. Its name is empty while none is selected.
    method : str
        Detrending method.
    window_days : float or None
        Detrending window [d], None for the instrument's default.
    model : str
        Identifier of the model, or "best".
    offered : tuple of str
        Identifiers of the source's stars.
    mission : str
        The mission whose stars are listed, or "All".
    problem : AstroSeqError or None
        Why the source's stars cannot be listed, for the page to say; None if they can.
    """

    request: StarRequest
    method: str
    window_days: float | None
    model: str
    offered: tuple[str, ...]
    mission: str = ALL_MISSIONS
    problem: AstroSeqError | None = None


def reset_star_state() -> None:
    """Clear the session state that belongs to the previous star: observations and segment."""
    st.session_state["obs"] = []
    st.session_state[state.PRODUCT.name] = ""
    st.session_state["segment"] = 0


def select_star(star: str | None) -> None:
    """Select another star for the next run; for button callbacks.

    Parameters
    ----------
    star : str or None
        Identifier of the star. None changes nothing.
    """
    if star is not None:
        st.session_state["target"] = star
        reset_star_state()


def neighbor_of(stars: tuple[str, ...], name: str, step: int) -> str | None:
    """Return the neighbor of a star in a list, by whatever name it was asked for.

    Parameters
    ----------
    stars : tuple of str
        Identifiers in the order of the list.
    name : str
        Name of the star; empty if none is shown.
    step : int
        How many positions further, negative for backwards.

    Returns
    -------
    str or None
        Identifier of the neighbor, see `neighboring_star`.
    """
    found = names.resolve_name(name).resolved if name else None
    return neighboring_star(stars, name if found is None else names.preferred_identifier(found, stars).id, step)


def _step(stars: tuple[str, ...], step: int) -> None:
    """Select a neighbor of the star that is shown; a callback for buttons."""
    select_star(neighbor_of(stars, str(st.session_state.get(state.TARGET.name) or ""), step))


def _reset_source_state() -> None:
    """Clear the selected star, which another source does not have."""
    st.session_state["target"] = None
    reset_star_state()


def draw_sidebar() -> SidebarChoice:
    """Draw the sidebar.

    Returns
    -------
    SidebarChoice
        What was chosen.
    """
    models = (BEST, *(c.model_id for c in available_cards()))
    for sentence in (*earlier_warnings(), *state.parameters(models).warnings()):
        warn(sentence)
    with st.sidebar:
        st.subheader("Star", anchor=False)
        state.SOURCE.fill_field()
        word = st.radio(
            "Light curves from",
            tuple(url_state.SOURCES),
            horizontal=True,
            key=state.SOURCE.name,
            on_change=_reset_source_state,
            help="**simulated**: sixty stars that exist only here. **files**: a folder of yours. **cache**: what was downloaded.",
        )
        state.SOURCE.write(str(word))
        source = url_state.SOURCES[str(word)]
        folder, table = _draw_paths(source)
        mission = st.selectbox("Mission", state.MISSIONS, key="mission", bind="query-params")
        stars, problem = _list_stars_of(source, folder, str(mission))
        state.TARGET.fill_field()
        name = st.selectbox(
            "Name",
            stars,
            index=None,
            key=state.TARGET.name,
            accept_new_options=True,
            on_change=reset_star_state,
            placeholder="Pick or write a star",
            help="Any spelling does: TIC 261136679, KIC 11446443, TOI 700, WASP-18.",
        )
        state.TARGET.write(name)
        back, on = st.columns(2)
        back.button(
            "Back",
            shortcut=key_overlay.BACK,
            width="stretch",
            disabled=not stars,
            on_click=_step,
            args=(stars, -1),
            icon=":material/chevron_left:",
        )
        on.button(
            "Next",
            shortcut=key_overlay.NEXT,
            width="stretch",
            disabled=not stars,
            on_click=_step,
            args=(stars, 1),
            icon=":material/chevron_right:",
        )
        key_overlay.draw_button()
        method, window = _draw_detrending()
        asked = state.MODEL.with_kind(Choice(models))
        asked.fill_field()
        model = st.selectbox(
            "Model",
            models,
            key=asked.name,
            help="**best** takes the one made for the cadence nearest to these light curves'.",
        )
        asked.write(str(model))
        draw_damaged_models()
    prefer = tuple(filter(None, (str(st.session_state.get(state.PRODUCT.name, state.PRODUCT.read()) or ""),)))
    request = StarRequest(name=(name or "").strip(), source=source, folder=folder, ephemerides=table, prefer=prefer)
    return SidebarChoice(request, method, window, str(model), stars, str(mission), problem)


def _draw_paths(source: Source) -> tuple[str, str]:
    folder, table = "", ""
    if source is not Source.FOLDER:
        state.FOLDER.release_field()
    else:
        state.FOLDER.fill_field()
        folder = st.text_input(
            "Folder",
            key=state.FOLDER.name,
            on_change=opened.remember_field,
            args=(state.FOLDER.name,),
            placeholder="~/lightcurves",
            help="FITS, .npz or CSV; folders below it count too.",
        )
    if source is Source.SIMULATED:
        state.EPHEMERIDES.release_field()
    else:
        downloads.refresh_stale_catalogs()
        state.EPHEMERIDES.fill_field()
        table = st.text_input(
            "Ephemerides (CSV)",
            key=state.EPHEMERIDES.name,
            on_change=opened.remember_field,
            args=(state.EPHEMERIDES.name,),
            placeholder="optional",
            help="Columns target_id, name, period_days, t0, t0_system, duration_hours. Where it is "
            "empty, or has none of a star, the catalogs are used.",
        )
    folder, table = (folder or "").strip(), (table or "").strip()
    state.FOLDER.write(folder)
    state.EPHEMERIDES.write(table)
    return folder, table


def _list_stars_of(source: Source, folder: str, mission: str) -> tuple[tuple[str, ...], AstroSeqError | None]:
    """Return the stars of a source, or why they cannot be listed: the page itself says it, where it is seen on a phone, too."""
    try:
        stars, left_out = list_stars(source, folder, mission)
    except AstroSeqError as error:
        return (), error
    draw_problems(left_out)
    if mission != ALL_MISSIONS and not stars and source is not Source.CACHE:
        st.caption(f"No star of {mission} in {SOURCE_NAMES[source]}.")
    return stars, None


def _draw_detrending() -> tuple[str, float | None]:
    st.subheader("View", anchor=False)
    state.DETRENDING.fill_field()
    method = st.selectbox(
        "Detrending",
        tuple(DETRENDING_METHODS),
        key=state.DETRENDING.name,
        format_func=DETRENDING_WORDS.__getitem__,
        help="Of what is drawn. A model always sees what it was trained on.",
    )
    state.DETRENDING.write(str(method))
    window = st.number_input(
        "Window [d]",
        *state.WINDOW_DAYS,
        value=None,
        step=0.1,
        format="%.2f",
        key="window",
        bind="query-params",
        placeholder="automatic",
        disabled=method == "none",
        help="At least three transit durations, or the trend follows the transits. "
        "Automatic is 0.8 d for TESS, 1.5 d for Kepler and K2.",
    )
    return str(method), None if window is None else float(window)
