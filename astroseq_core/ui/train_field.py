"""One setting's field on the Train page."""

from typing import Any

import streamlit as st

from astroseq_core.training.recipes import Recipe
from astroseq_core.ui import train_check
from astroseq_core.ui import train_settings as settings
from astroseq_core.ui.train_settings import Setting

#: Where the session counts the forms that it has begun.
FORM = "train form number"


def key(recipe: Recipe, name: str) -> str:
    """The key of a field: another recipe, or a form begun anew, has fields of its own."""
    return f"{recipe.name} {number()} {name}"


def number() -> int:
    """The number of this form in the session."""
    return int(st.session_state.get(FORM, 0))


def begin_anew() -> None:
    """Have all fields say again what the address or else the recipe says."""
    st.session_state[FORM] = number() + 1


def field(recipe: Recipe, setting: Setting, start: dict[str, object]) -> Any:
    """The setting's field, at first as the address or else the recipe says; its value."""
    name = key(recipe, setting.name)
    value: Any = start.get(setting.name, settings.value_of(recipe, setting))
    help_text = setting.help or None
    if setting.many:
        chosen = st.multiselect(setting.label, setting.choices, default=list(value), key=name, help=help_text)
        return tuple(chosen)
    if setting.choices:
        if value not in setting.choices:
            st.text_input(setting.label, str(value), key=name, disabled=True, help=help_text)
            return value
        off = setting.name == "labels" and recipe.labels == train_check.SEQUENTIAL
        return st.selectbox(
            setting.label, setting.choices, index=setting.choices.index(value), key=name, help=help_text, disabled=off
        )
    kind = int if setting.is_whole else float
    low, high, step = kind(setting.low), kind(setting.high), kind(setting.step)
    if value is not None:
        value = min(max(kind(value), low), high)
    return st.number_input(setting.label, low, high, value=value, step=step, key=name, help=help_text,
                           format="%d" if setting.is_whole else "%g", placeholder=setting.nothing or None)  # fmt: skip
