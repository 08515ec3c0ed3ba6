"""Fields of the Train page's form, and the quick validation of its request."""

from typing import Any

import streamlit as st

from astroseq_core.app.shared import opened
from astroseq_core.app.train import settings
from astroseq_core.app.train.settings import Setting
from astroseq_core.errors import ModelError, SettingsError
from astroseq_core.missions import TESS
from astroseq_core.networks.architectures import registry
from astroseq_core.training import stars as training_stars
from astroseq_core.training.recipes import Recipe
from astroseq_core.training.runs.request import RunRequest
from astroseq_core.training.stars import CACHE, FOLDER, SIMULATED, TOI, StarChoice

SEQUENTIAL = "sequential"


def validate_request(request: RunRequest) -> None:
    """Check that a run could begin, without reading any light curve.

    Parameters
    ----------
    request : RunRequest
        The request.

    Raises
    ------
    SettingsError
        If the stars or settings are invalid.
    ModelError
        If the architecture cannot be built with these options.
    """
    recipe, stars = request.recipe, request.stars
    try:
        registry.check_window(recipe.architecture, recipe.cutting.window, **recipe.options)
    except TypeError as error:
        raise ModelError(f"{recipe.architecture} has no such option ({error}).") from None
    if recipe.preparation.cadence_minutes is None and recipe.cadence_range_minutes is None:
        raise SettingsError("This recipe bins light curves to one cadence: say which.")
    if stars.source == FOLDER:
        _validate_folder(recipe, stars)
    elif recipe.labels == SEQUENTIAL:
        raise SettingsError(f"{recipe.title} learns from a folder of light curves with a table of ephemerides: choose one.")
    elif stars.source == SIMULATED and not any(recipe.simulated.values()) and not any(recipe.simulated_binaries.values()):
        raise SettingsError("There is no star to learn from: ask for simulated ones, or choose another source.")
    elif stars.source in (CACHE, TOI):
        _validate_cached(recipe, stars)


def _validate_folder(recipe: Recipe, stars: StarChoice) -> None:
    if not stars.folder:
        raise SettingsError("Name the folder that holds the light curves to learn from.")
    if not opened.check(stars.folder).is_dir():
        raise SettingsError(f"There is no folder {stars.folder}; check its name.")
    if recipe.labels != "injected" and not stars.ephemerides:
        raise SettingsError(f"{recipe.title} learns from published transits: name a table of ephemerides beside the folder.")
    if stars.ephemerides and not opened.check(stars.ephemerides).is_file():
        raise SettingsError(f"There is no table {stars.ephemerides}; check its name.")


def _validate_cached(recipe: Recipe, stars: StarChoice) -> None:
    if stars.source == TOI and recipe.labels == "injected":
        raise SettingsError(
            "Stars on the TOI list have signals, and this run injects transits into stars that have none: choose the labels "
            "“published” (under More settings, Sampling), or another source."
        )
    if stars.source == TOI and TESS.name not in recipe.instruments:
        raise SettingsError(f"The TOI list is of TESS stars; {recipe.title} learns from {' and '.join(recipe.instruments)}.")
    if stars.mission and stars.mission not in recipe.instruments:
        raise SettingsError(f"{recipe.title} learns from {' and '.join(recipe.instruments)}, not from {stars.mission}.")
    here, in_all = training_stars.cached_and_total(stars)
    if stars.source == TOI and not in_all:
        raise SettingsError("There is no such star on the TOI list here: get the list first, or choose other dispositions.")
    if not here:
        where = "on the TOI list that are wanted " if stars.source == TOI else ""
        raise SettingsError(f"None of the stars {where}is in the cache: download some on the Data page, or choose others.")


#: Key of the session state that counts forms.
FORM_COUNTER = "train form number"


def field_key(recipe: Recipe, name: str) -> str:
    """Return the session-state key of a field.

    Each recipe and each new form has keys of its own, so that its fields start from their defaults.

    Parameters
    ----------
    recipe : Recipe
        The recipe.
    name : str
        Name of the setting.

    Returns
    -------
    str
        The key.
    """
    return f"{recipe.name} {form_number()} {name}"


def form_number() -> int:
    """Return the number of the current form in this session.

    Returns
    -------
    int
        Counted from 0.
    """
    return int(st.session_state.get(FORM_COUNTER, 0))


def restart_form() -> None:
    """Start a new form, whose fields take the values of the URL or the recipe."""
    st.session_state[FORM_COUNTER] = form_number() + 1


def draw_field(recipe: Recipe, setting: Setting, start: dict[str, object]) -> Any:
    """Draw the field of a setting.

    Parameters
    ----------
    recipe : Recipe
        The recipe.
    setting : Setting
        The setting.
    start : dict of str to object
        Values from the URL, which replace the recipe's.

    Returns
    -------
    object
        The value in the field.
    """
    name = field_key(recipe, setting.name)
    value: Any = start.get(setting.name, settings.recipe_value(recipe, setting))
    help_text = setting.help or None
    if setting.many:
        chosen = st.multiselect(
            setting.label, setting.choices, default=list(value), key=name, help=help_text, format_func=setting.word
        )
        return tuple(chosen)
    if setting.choices:
        if value not in setting.choices:
            st.text_input(setting.label, setting.word(str(value)), key=name, disabled=True, help=help_text)
            return value
        off = setting.name == "labels" and recipe.labels == SEQUENTIAL
        return st.selectbox(
            setting.label,
            setting.choices,
            index=setting.choices.index(value),
            key=name,
            help=help_text,
            disabled=off,
            format_func=setting.word,
        )
    kind = int if setting.is_whole else float
    low, high, step = kind(setting.low), kind(setting.high), kind(setting.step)
    if value is not None:
        value = min(max(kind(value), low), high)
    return st.number_input(
        setting.label,
        low,
        high,
        value=value,
        step=step,
        key=name,
        help=help_text,
        format="%d" if setting.is_whole else "%g",
        placeholder=setting.nothing or None,
    )
