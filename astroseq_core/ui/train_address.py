"""What stands in the Train page's address: the tab, the run, and every setting that is not the recipe's own."""

from collections.abc import Mapping

import streamlit as st

from astroseq_core import missions
from astroseq_core.errors import SettingsError
from astroseq_core.training import recipes
from astroseq_core.training.choice import DISPOSITIONS, SOURCES
from astroseq_core.training.recipes import Recipe
from astroseq_core.ui import address
from astroseq_core.ui import train_settings as settings
from astroseq_core.ui.query import one as one
from astroseq_core.ui.query import text as text
from astroseq_core.ui.query import write as write

NEW, RUNS = TABS = ("New run", "Runs")
#: What the form holds beside the recipe's settings.
STARS = ("source", "mission", "dispositions", "folder", "ephemerides", "exclude", "verdicts")
FORM = (*STARS, "name", "seed", "workers", "options")
#: What is looked at.
LOOK = ("tab", "run", "recipe", "group", "threshold", "mistakes", "text", "state", "compare")
USUAL = "quick", "tess-10min"
LARGEST_SEED, MOST_WORKERS = 2**31 - 1, 64


def usual_recipe() -> str:
    """The recipe that a new run starts from where nothing else is said."""
    return next((name for name in USUAL if name in recipes.names()), recipes.names()[0])


def known() -> tuple[str, ...]:
    """All names that mean something in the address, whatever the recipe."""
    named = [s.name for s in settings.SETTINGS] + [f"simulated_{mission}" for mission in missions.MISSIONS]
    return (*LOOK, *FORM, *named)


def complaints(written: Mapping[str, str]) -> tuple[str, ...]:
    """One sentence for each part of the address that cannot be meant; those parts are ignored."""
    out = list(address.unknown(dict(written), known(), TABS))
    recipe = recipes.recipe(usual_recipe())
    if (name := written.get("recipe")) is not None:
        if name in recipes.names():
            recipe = recipes.recipe(name)
        else:
            out.append(_none_of("recipe", name, recipes.names()))
    for name, allowed in (("source", SOURCES), ("mission", tuple(missions.MISSIONS)), ("verdicts", ("true", "false"))):
        if written.get(name, allowed[0]) not in allowed:
            out.append(_none_of(name, written[name], allowed))
    out += [_none_of("dispositions", d, DISPOSITIONS) for d in _words(written.get("dispositions", "")) if d not in DISPOSITIONS]
    for name, low, high in (("seed", 0, LARGEST_SEED), ("workers", 1, MOST_WORKERS)):
        if name in written and whole(written[name], low, high) is None:
            out.append(f"The address says {name}={written[name]}; it must be {low} to {high}; it was ignored.")
    for setting in settings.of(recipe):
        if setting.name in written:
            try:
                settings.from_text(setting, written[setting.name])
            except SettingsError as error:
                out.append(str(error))
    return tuple(out)


def values(recipe: Recipe) -> dict[str, object]:
    """The recipe's settings that the address changes, by their names; what cannot be meant is left out."""
    found: dict[str, object] = {}
    for setting in settings.of(recipe):
        text = st.query_params.get(setting.name)
        if text is not None:
            try:
                found[setting.name] = settings.from_text(setting, text)
            except SettingsError:
                continue  # the page has said so
    return found


def several(name: str, allowed: tuple[str, ...]) -> list[str]:
    """Those of the address's words of that name that are allowed."""
    return [w for w in _words(st.query_params.get(name, "")) if w in allowed]


def number(name: str, low: int, high: int, otherwise: int) -> int:
    """The address's whole number of that name where it lies between those."""
    found = whole(st.query_params.get(name, ""), low, high)
    return otherwise if found is None else found


def whole(text: str, low: int, high: int) -> int | None:
    """The whole number between those that the text says, None where it says none."""
    return int(text) if text.isdecimal() and len(text) < 12 and low <= int(text) <= high else None


def forget_form() -> None:
    """Take the form's settings out of the address: another recipe has its own."""
    kept = (*LOOK, "seed", "workers", "verdicts")
    for name in [n for n in known() if n not in kept]:
        if name in st.query_params:
            del st.query_params[name]


def _words(text: str) -> list[str]:
    return [w for w in text.split(",") if w]


def _none_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    return f"The address says {name}={value}, which is none of {', '.join(allowed)}; it was ignored."
