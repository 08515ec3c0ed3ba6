"""The form's stars: the source of real ones and the number of simulated ones."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from astroseq_core import missions, targets
from astroseq_core.app.shared import downloads, layout, opened, url_state
from astroseq_core.app.shared.layout import escape
from astroseq_core.app.train import fields, settings, state
from astroseq_core.app.train.fields import draw_field, field_key
from astroseq_core.archive import tois
from astroseq_core.disposition_codes import TFOPWG_DISPOSITIONS
from astroseq_core.errors import AstroSeqError
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.training import stars
from astroseq_core.training.recipes import Recipe
from astroseq_core.training.stars import CACHE, FOLDER, SIMULATED, SOURCES, TOI, StarChoice

SOURCE_NAMES = {SIMULATED: "simulated only", CACHE: "cached stars", TOI: "TOIs", FOLDER: "a folder"}
ANY_MISSION = "all that the recipe takes"
#: Largest number of stars in one download.
DOWNLOAD_BATCH = 25


@dataclass(frozen=True)
class StarSelection:
    """The stars chosen in the form.

    Attributes
    ----------
    choice : StarChoice or str
        The real stars, or what is wrong with the choice, in a sentence.
    numbers : dict of str to object
        Numbers of simulated stars by the settings' names.
    """

    choice: StarChoice | str
    numbers: dict[str, Any]


def default_source(recipe: Recipe) -> str:
    """Return a recipe's default source of stars.

    Parameters
    ----------
    recipe : Recipe
        The recipe.

    Returns
    -------
    str
        Simulated stars if the recipe has some, else a folder.
    """
    if recipe.labels == fields.SEQUENTIAL:
        return FOLDER
    return SIMULATED if any(recipe.simulated.values()) else FOLDER


def draw_star_selection(recipe: Recipe, start: dict[str, object]) -> StarSelection:
    """Draw the choice of stars.

    Parameters
    ----------
    recipe : Recipe
        The recipe.
    start : dict of str to object
        Values from the URL, which replace the recipe's.

    Returns
    -------
    StarSelection
        The stars chosen.
    """
    st.markdown("**Stars**")
    asked = state.SOURCE.with_default(default_source(recipe))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        source = st.segmented_control(
            "Learn from",
            SOURCES,
            default=asked.read(),
            required=True,
            key=field_key(recipe, "source"),
            format_func=lambda s: SOURCE_NAMES[s],
            help="**simulated only** needs no download. Real stars of the **cache**, of the **TOI** list or of a **folder** "
            "come with the simulated ones below.",
        )
        numbers = {}
        if recipe.labels != fields.SEQUENTIAL:
            for setting in settings.simulated_settings(recipe.instruments):
                with st.container(width=200):
                    numbers[setting.name] = draw_field(recipe, setting, start)
    source = str(source or asked.default)
    text: dict[str, Any] = {}
    if source == CACHE:
        text = _draw_cache(recipe)
    elif source == TOI:
        text = _draw_tois(recipe)
    elif source == FOLDER:
        text = _draw_folder(recipe)
    exclude = _draw_excluded(recipe) if source != SIMULATED else ()
    asked.write(source)
    state.EXCLUDED.write(exclude)
    for parameter in (state.MISSION, state.DISPOSITIONS, state.FOLDER, state.EPHEMERIDES):
        parameter.write(text.get(parameter.name, parameter.default))
    try:
        parsed = tuple(targets.parse_star(name).id for name in exclude)
        return StarSelection(StarChoice(source=source, exclude=parsed, **text), numbers)
    except AstroSeqError as error:
        return StarSelection(str(error), numbers)


def _draw_cache(recipe: Recipe) -> dict[str, Any]:
    choices = (ANY_MISSION, *(m for m in missions.MISSIONS if m in recipe.instruments))
    asked = state.MISSION.read()
    at_first = asked if asked in choices else ANY_MISSION
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        mission = st.selectbox("Mission", choices, index=choices.index(at_first), key=field_key(recipe, "mission"), width=260)
        chosen = "" if mission == ANY_MISSION else str(mission)
        here = sum(stars.cached_and_total(StarChoice(CACHE, mission=m))[0] for m in ((chosen,) if chosen else recipe.instruments))
        st.caption(f"{here:,} star{'s' * (here != 1)} of {chosen or ' and '.join(recipe.instruments)} in the cache")
        layout.draw_page_link(url_state.DATA, "Download more", ":material/download:")
    return {"mission": chosen}


def _draw_tois(recipe: Recipe) -> dict[str, Any]:
    chosen = st.pills(
        "Dispositions",
        TFOPWG_DISPOSITIONS,
        selection_mode="multi",
        default=state.DISPOSITIONS.read(),
        key=field_key(recipe, "dispositions"),
        help="None chosen takes all. " + ", ".join(f"**{d}** {tois.DISPOSITION_WORDS[d]}" for d in TFOPWG_DISPOSITIONS),
    )
    dispositions = tuple(d for d in TFOPWG_DISPOSITIONS if d in (chosen or ()))
    choice = StarChoice(TOI, dispositions=dispositions)
    here, in_all = stars.cached_and_total(choice)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        if not in_all:
            st.caption("There is no TOI list here yet.")
            layout.draw_page_link(url_state.TOIS, "Get the TOI list", ":material/download:")
        else:
            st.caption(f"**{here:,} of {in_all:,} cached**")
            count = min(DOWNLOAD_BATCH, in_all - here)
            st.button(
                f"Download {count} more",
                key="download toi stars",
                icon=":material/download:",
                on_click=_begin_download,
                args=(dispositions,),
                disabled=not count or downloads.is_downloading(),
            )
            layout.draw_page_link(url_state.DATA, "Choose on the Data page", ":material/database:")
    return {"dispositions": dispositions}


def _begin_download(dispositions: tuple[str, ...]) -> None:
    here = set(LightCurveCache().targets())
    missing = [name for name in stars.toi_stars(dispositions) if name not in here][:DOWNLOAD_BATCH]
    downloads.start_download([targets.parse_star(name) for name in missing])


def _draw_folder(recipe: Recipe) -> dict[str, Any]:
    left, right = st.columns(2)
    folder = left.text_input(
        "Folder",
        state.FOLDER.read(),
        key=field_key(recipe, "folder"),
        on_change=opened.remember_field,
        args=(field_key(recipe, "folder"),),
        placeholder="~/lightcurves",
        help="FITS, .npz or CSV; folders below it count too.",
    )
    wanted = recipe.labels != "injected"
    table = right.text_input(
        "Ephemerides (CSV)",
        state.EPHEMERIDES.read(),
        key=field_key(recipe, "ephemerides"),
        on_change=opened.remember_field,
        args=(field_key(recipe, "ephemerides"),),
        placeholder="what transits in them" if wanted else "optional: stars in it are left out",
        help="Columns target_id, name, period_days, t0, t0_system, duration_hours.",
    )
    layout.draw_paths_to_open(folder, table)
    return {"folder": (folder or "").strip(), "ephemerides": (table or "").strip()}


def _draw_excluded(recipe: Recipe) -> tuple[str, ...]:
    """Draw the field of stars to leave out, and return them."""
    names = st.text_input(
        "Leave out",
        ", ".join(state.EXCLUDED.read()),
        key=field_key(recipe, "exclude"),
        placeholder="no star, or TIC 261136679, KIC 11446443",
        help="Stars to keep for judging by eye; commas between.",
    )
    found = tuple(dict.fromkeys(n.strip() for n in (names or "").split(",") if n.strip()))
    if found:
        st.caption(f"{len(found)} left out: {escape(', '.join(found))}")
    return found
