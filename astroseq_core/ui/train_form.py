"""The form of a new training run: a recipe, which stars, and what is changed about it."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from astroseq_core.errors import AstroSeqError, SettingsError
from astroseq_core.runs import verdicts
from astroseq_core.runs.request import RunRequest
from astroseq_core.training import recipes
from astroseq_core.training.choice import StarChoice
from astroseq_core.training.recipes import Recipe
from astroseq_core.ui import train_address as written
from astroseq_core.ui import train_check, train_stars
from astroseq_core.ui import train_settings as settings
from astroseq_core.ui.page import escape
from astroseq_core.ui.train_field import begin_anew, field, key
from astroseq_core.ui.train_settings import Setting

#: Fields beside each other under "More settings".
COLUMNS = 4


@dataclass(frozen=True)
class Draft:
    """What the form says: the ``request``, or the ``problem`` with it in a sentence."""

    request: RunRequest | None
    problem: str


def draw() -> Draft:
    """Draw the form and say what it asks for."""
    recipe, name = _recipe()
    start = written.values(recipe)
    with st.container(border=True):
        stars = train_stars.choose(recipe, start)
    with st.container(border=True):
        values, seed = _main(recipe, start)
        more, workers, options = _more(recipe, start)
    joined = _verdicts(recipe)
    values |= stars.numbers | more
    differing = settings.differing(recipe, values)
    _say_differing(recipe, differing, options)
    written.write({s.name: settings.to_text(values[s.name]) if s.name in differing else None for s in settings.of(recipe)})
    written.write({"seed": str(seed) if seed != 1 else None, "workers": str(workers) if workers != 2 else None})
    written.write({"options": options or None})
    if values["stride"] > values["window"]:
        st.caption("The stride is longer than the window: what lies between segments is never seen. A quarter of it is usual.")
    if "window" in differing:
        # A recipe may leave the stride to the window; what is shown counts.
        differing["stride"] = values["stride"]
    return _drafted(name, recipe, differing, options, stars.choice, seed, workers, joined)


def _drafted(
    name: str, recipe: Recipe, differing: dict[str, Any], options: str, stars: StarChoice | str, seed: int, workers: int,
    joined: bool,
) -> Draft:  # fmt: skip
    try:
        if isinstance(stars, str):
            raise SettingsError(stars)
        changed = settings.changed(recipe, differing)
        if options:
            changed = replace(changed, options=_options(options))
        request = RunRequest(name=name.strip(), recipe=changed, stars=stars, seed=seed, workers=workers, verdicts=joined)
        train_check.check(request)
    except AstroSeqError as error:
        return Draft(None, str(error))
    return Draft(request, "")


def _recipe() -> tuple[Recipe, str]:
    """The recipe to start from, and the name of the run."""
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    names, usual = recipes.names(), written.usual_recipe()
    chosen = left.selectbox(
        "Recipe", names, index=names.index(written.one("recipe", names, usual)), key="recipe field",
        format_func=lambda n: f"{n}: {recipes.recipe(n).title}", on_change=written.forget_form,
        help="A whole set of settings to start from; changing it puts all settings back to its own.",
    )  # fmt: skip
    written.write({"recipe": str(chosen) if chosen != usual else None})
    recipe = recipes.recipe(str(chosen))
    name = right.text_input("Name of the run", f"{recipe.name}-{time.strftime('%Y%m%d')}", key=key(recipe, "name"), max_chars=80,
                            help="And of its model. One that is taken gets a number behind it.")  # fmt: skip
    cutting, minutes = recipe.cutting, recipe.preparation.cadence_minutes
    how = {
        "injected": "transits injected into stars without any",
        "published": "published transits as labels",
        "sequential": "the sequential experiment's fixed set of segments",
    }[recipe.labels]
    count = len(cutting.channels)
    parts = (
        " and ".join(recipe.instruments),
        f"segments of {cutting.window} cadences" + (f" of {minutes:g} min" if minutes else ""),
        f"{count} channel{'s' * (count != 1)}",
        recipe.architecture.replace("_", " "),
        how,
    )
    st.caption(escape(" · ".join(parts)))
    return recipe, str(name or "")


def _main(recipe: Recipe, start: dict[str, object]) -> tuple[dict[str, Any], int]:
    """The settings that are always seen."""
    st.markdown("**Settings**")
    main = [s for s in settings.SETTINGS if s.group == settings.MAIN]
    columns = st.columns(len(main) + 1, vertical_alignment="bottom")
    values = {}
    for setting, column in zip(main, columns, strict=False):
        with column:
            values[setting.name] = field(recipe, setting, start)
    seed = columns[-1].number_input(
        "Seed", 0, written.LARGEST_SEED, value=written.number("seed", 0, written.LARGEST_SEED, 1), key=key(recipe, "seed"),
        help="The same request with the same seed gives the same split.",
    )  # fmt: skip
    return values, int(seed)


def _more(recipe: Recipe, start: dict[str, object]) -> tuple[dict[str, Any], int, str]:
    """The rest, by noun; also the number of processes and the architecture's options."""
    values: dict[str, Any] = {}
    options = ""
    with st.expander("More settings", icon=":material/tune:"):
        for group in settings.GROUPS[1:]:
            st.markdown(f"**{group}**")
            own = [s for s in settings.SETTINGS if s.group == group]
            values |= _fields(recipe, [s for s in own if not s.many], start)
            for setting in (s for s in own if s.many):
                values[setting.name] = field(recipe, setting, start)
            if group == settings.NETWORK:
                options = _options_field(recipe, str(values["architecture"]))
        st.markdown("**Computer**")
        workers = st.number_input(
            "Processes that prepare stars", 1, written.MOST_WORKERS, value=written.number("workers", 1, written.MOST_WORKERS, 2),
            key=key(recipe, "workers"), width=240,
        )  # fmt: skip
    return values, int(workers), options


def _fields(recipe: Recipe, those: Sequence[Setting], start: dict[str, object]) -> dict[str, Any]:
    values = {}
    for first in range(0, len(those), COLUMNS):
        for setting, column in zip(
            those[first : first + COLUMNS], st.columns(COLUMNS, vertical_alignment="bottom"), strict=False
        ):
            with column:
                values[setting.name] = field(recipe, setting, start)
    return values


def _options_field(recipe: Recipe, architecture: str) -> str:
    """What is changed about the architecture's options, as JSON; empty where nothing is."""
    usual = recipe.options if architecture == recipe.architecture else {}
    now = st.text_input(
        "Options of the architecture", written.text("options") or _json(usual), key=key(recipe, f"{architecture} options"),
        help='As JSON, such as {"widths": [32, 48, 64]}; empty takes its usual ones.',
    )  # fmt: skip
    plain = (now or "").strip() or "{}"
    return "" if plain == _json(usual) else plain


def _json(options: dict[str, Any]) -> str:
    return json.dumps(options) if options else "{}"


def _options(words: str) -> dict[str, Any]:
    try:
        found = json.loads(words)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise SettingsError('The options of the architecture must be JSON, such as {"widths": [32, 48, 64]}.')
    return {k: tuple(v) if isinstance(v, list) else v for k, v in found.items()}


def _verdicts(recipe: Recipe) -> bool:
    """Whether what vetters decided joins."""
    found = verdicts.summary(recipe) if recipe.labels != train_check.SEQUENTIAL else {}
    parts = [
        f"{escape(reviewer or 'nobody named')}: " + ", ".join(f"{n} {d}" for d, n in counts.items())
        for reviewer, counts in found.items()
    ]
    count = sum(sum(counts.values()) for counts in found.values())
    words = f"{count} from vetting here ({'; '.join(parts)})" if count else "none yet that would do"
    joined = st.checkbox(f"Learn from dispositions, too: {words}", written.text("verdicts") == "true",
                         key=key(recipe, "verdicts"), disabled=not count,
                         help="A planet's disposition counts with the ephemeris of its signal; a false positive or false alarm "
                         "says that the star shows nothing. Contradictions and UNSURE teach nothing.")  # fmt: skip
    written.write({"verdicts": "true" if joined and count else None})
    return bool(joined and count)


def _say_differing(recipe: Recipe, differing: dict[str, Any], options: str) -> None:
    parts = [
        f"{s.label} {settings.in_words(s, settings.value_of(recipe, s))} → **{escape(settings.in_words(s, differing[s.name]))}**"
        for s in settings.of(recipe) if s.name in differing
    ]  # fmt: skip
    if options:
        parts.append(f"options of the architecture **{escape(options)}**")
    if not parts:
        st.caption(f"All settings are those of {escape(recipe.name)}.")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"Differs from {escape(recipe.name)}: {'; '.join(parts)}.")
        st.button("Back to the recipe", key="back to recipe", type="tertiary", on_click=_reset)


def _reset() -> None:
    written.forget_form()
    begin_anew()
