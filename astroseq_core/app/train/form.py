"""The form for a new training run: recipe, stars and changed settings."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from astroseq_core.app.shared import layout
from astroseq_core.app.shared.layout import escape
from astroseq_core.app.train import fields, plan, settings, state
from astroseq_core.app.train import run as train_run
from astroseq_core.app.train import stars as train_stars
from astroseq_core.app.train.fields import draw_field, field_key, restart_form
from astroseq_core.app.train.settings import Setting
from astroseq_core.errors import AstroSeqError, SettingsError
from astroseq_core.training import recipes
from astroseq_core.training.recipes import Recipe
from astroseq_core.training.runs import request
from astroseq_core.training.runs.queue import RUNS
from astroseq_core.training.runs.request import RunRequest
from astroseq_core.training.stars import StarChoice

#: Fields in a row under "More settings".
COLUMNS = 4


@dataclass(frozen=True)
class RunDraft:
    """The state of the form.

    Attributes
    ----------
    request : RunRequest or None
        The request, None if it is invalid.
    problem : str
        What is invalid, in a sentence.
    """

    request: RunRequest | None
    problem: str


def draw_form() -> RunDraft:
    """Draw the form.

    Returns
    -------
    RunDraft
        The request that it describes.
    """
    recipe, name = _draw_recipe()
    start = state.settings_from_url(recipe)
    with st.container(border=True):
        stars = train_stars.draw_star_selection(recipe, start)
    with st.container(border=True):
        values, seed = _draw_main_settings(recipe, start)
        more, workers, options = _draw_more_settings(recipe, start)
    joined = _draw_dispositions(recipe)
    values |= stars.numbers | more
    differing = settings.changed_settings(recipe, values)
    _draw_changed_settings(recipe, differing, options)
    for setting in settings.recipe_settings(recipe):
        # A field that is not drawn leaves its setting as the recipe has it.
        parameter = state.setting_parameter(setting, recipe)
        parameter.write(values.get(setting.name, parameter.default))
    state.SEED.write(seed)
    state.WORKERS.write(workers)
    state.OPTIONS.write(options)
    if values["stride"] > values["window"]:
        st.caption("The stride is longer than the window: what lies between segments is never seen. A quarter of it is usual.")
    if "window" in differing:
        # A recipe may derive the stride from the window; the displayed stride applies.
        differing["stride"] = values["stride"]
    return _make_draft(name, recipe, differing, options, stars.choice, seed, workers, joined)


def _make_draft(
    name: str,
    recipe: Recipe,
    differing: Mapping[str, object],
    options: str,
    stars: StarChoice | str,
    seed: int,
    workers: int,
    joined: bool,
) -> RunDraft:
    try:
        if isinstance(stars, str):
            raise SettingsError(stars)
        changed = settings.apply_settings(recipe, differing)
        if options:
            changed = replace(changed, options=_parse_options(options))
        request = RunRequest(name=name.strip(), recipe=changed, stars=stars, seed=seed, workers=workers, verdicts=joined)
        fields.validate_request(request)
    except AstroSeqError as error:
        return RunDraft(None, str(error))
    return RunDraft(request, "")


def _draw_recipe() -> tuple[Recipe, str]:
    """Draw the recipe and the run's name, and return both."""
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    names, asked = recipes.recipe_names(), state.recipe_parameter()
    chosen = left.selectbox(
        "Recipe",
        names,
        index=names.index(asked.read()),
        key="recipe field",
        format_func=lambda n: f"{n}: {recipes.load_recipe(n).title}",
        on_change=state.clear_recipe_fields,
        help="A whole set of settings to start from; changing it puts all settings back to its own.",
    )
    asked.write(str(chosen))
    recipe = recipes.load_recipe(str(chosen))
    name = right.text_input(
        "Name of the run",
        f"{recipe.name}-{time.strftime('%Y%m%d')}",
        key=field_key(recipe, "name"),
        max_chars=80,
        help="And of its model. One that is taken gets a number behind it.",
    )
    segment_config, minutes = recipe.cutting, recipe.preparation.cadence_minutes
    how = {
        "injected": "transits injected into stars without any",
        "published": "published transits as labels",
        "sequential": "the sequential experiment's fixed set of segments",
    }[recipe.labels]
    count = len(segment_config.channels)
    parts = (
        " and ".join(recipe.instruments),
        f"segments of {segment_config.window} cadences" + (f" of {minutes:g} min" if minutes else ""),
        f"{count} channel{'s' * (count != 1)}",
        settings.ARCHITECTURE_WORDS.get(recipe.architecture, recipe.architecture.replace("_", " ")),
        how,
    )
    st.caption(escape(" · ".join(parts)))
    return recipe, str(name or "")


def _draw_main_settings(recipe: Recipe, start: dict[str, object]) -> tuple[dict[str, Any], int]:
    """Draw the main settings and the seed, and return their values."""
    st.markdown("**Settings**")
    main = [s for s in settings.SETTINGS if s.group == settings.MAIN]
    columns = st.columns(len(main) + 1, vertical_alignment="bottom")
    values = {}
    for setting, column in zip(main, columns, strict=False):
        with column:
            values[setting.name] = draw_field(recipe, setting, start)
    seed = columns[-1].number_input(
        "Seed",
        0,
        state.LARGEST_SEED,
        value=state.SEED.read(),
        key=field_key(recipe, "seed"),
        help="The same request with the same seed gives the same split.",
    )
    return values, int(seed)


def _draw_more_settings(recipe: Recipe, start: dict[str, object]) -> tuple[dict[str, Any], int, str]:
    """Draw the other settings; return their values, the workers, and architecture options."""
    values: dict[str, Any] = {}
    options = ""
    with st.expander("More settings", icon=":material/tune:"):
        for group in settings.GROUPS[1:]:
            st.markdown(f"**{group}**")
            own = [s for s in settings.SETTINGS if s.group == group]
            values |= _draw_fields(recipe, [s for s in own if not s.many], start)
            for setting in (s for s in own if s.many):
                values[setting.name] = draw_field(recipe, setting, start)
            if group == settings.NETWORK:
                options = _draw_options_field(recipe, str(values["architecture"]))
        st.markdown("**Computer**")
        workers = st.number_input(
            "Processes that prepare stars",
            1,
            state.MOST_WORKERS,
            value=state.WORKERS.read(),
            key=field_key(recipe, "workers"),
            width=240,
        )
    return values, int(workers), options


def _draw_fields(recipe: Recipe, those: Sequence[Setting], start: dict[str, object]) -> dict[str, Any]:
    values = {}
    for first in range(0, len(those), COLUMNS):
        for setting, column in zip(
            those[first : first + COLUMNS], st.columns(COLUMNS, vertical_alignment="bottom"), strict=False
        ):
            with column:
                values[setting.name] = draw_field(recipe, setting, start)
    return values


def _draw_options_field(recipe: Recipe, architecture: str) -> str:
    """Draw the architecture's options; return them as JSON, empty if they are the defaults."""
    usual = recipe.options if architecture == recipe.architecture else {}
    now = st.text_input(
        "Options of the architecture",
        state.OPTIONS.read() or _options_json(usual),
        key=field_key(recipe, f"{architecture} options"),
        help='As JSON, such as {"widths": [32, 48, 64]}; empty takes its usual ones.',
    )
    plain = (now or "").strip() or "{}"
    return "" if plain == _options_json(usual) else plain


def _options_json(options: Mapping[str, object]) -> str:
    return json.dumps(options) if options else "{}"


def _parse_options(words: str) -> dict[str, Any]:
    try:
        found = json.loads(words)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise SettingsError('The options of the architecture must be JSON, such as {"widths": [32, 48, 64]}.')
    return {k: tuple(v) if isinstance(v, list) else v for k, v in found.items()}


def _draw_dispositions(recipe: Recipe) -> bool:
    """Draw whether to train on the dispositions from vetting, and return that."""
    found = request.disposition_counts(recipe) if recipe.labels != fields.SEQUENTIAL else {}
    parts = [
        f"{escape(reviewer or 'nobody named')}: " + ", ".join(f"{n} {escape(d)}" for d, n in counts.items())
        for reviewer, counts in found.items()
    ]
    count = sum(sum(counts.values()) for counts in found.values())
    words = f"{count} from vetting here ({'; '.join(parts)})" if count else "none yet that would do"
    joined = st.checkbox(
        f"Learn from dispositions, too: {words}",
        state.LEARN_DISPOSITIONS.read(),
        key=field_key(recipe, "verdicts"),
        disabled=not count,
        help="A planet's disposition counts with the ephemeris of its signal; a false positive or false alarm "
        "says that the star shows nothing. Contradictions and UNSURE teach nothing.",
    )
    learned = bool(joined and count)
    state.LEARN_DISPOSITIONS.write(learned)
    return learned


def _draw_changed_settings(recipe: Recipe, differing: Mapping[str, object], options: str) -> None:
    parts = [
        f"{s.label} {settings.format_value(s, settings.recipe_value(recipe, s))} → "
        f"**{escape(settings.format_value(s, differing[s.name]))}**"
        for s in settings.recipe_settings(recipe)
        if s.name in differing
    ]
    if options:
        parts.append(f"options of the architecture **{escape(options)}**")
    if not parts:
        st.caption(f"All settings are those of {escape(recipe.name)}.")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"Differs from {escape(recipe.name)}: {'; '.join(parts)}.")
        st.button("Back to the recipe", key="back to recipe", type="tertiary", on_click=_reset_to_recipe)


def _reset_to_recipe() -> None:
    state.clear_recipe_fields()
    restart_form()


STARTED_FORMS = "train forms started"


def draw_new_run() -> None:
    """Draw the tab."""
    layout.draw_result_message(train_run.MESSAGE)
    draft = draw_form()
    if draft.request is None:
        layout.draw_form_problem(draft.problem)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        number = fields.form_number()
        st.button(
            "Start",
            type="primary",
            icon=":material/play_arrow:",
            key=f"start {number}",
            disabled=draft.request is None,
            on_click=_start_run,
            args=(number, draft.request),
        )
        plan.draw_plan_button(draft.request)
        waiting = sum(r.is_active for r in RUNS.jobs())
        if waiting:
            st.caption(f"{waiting} run{'s' * (waiting != 1)} under way: a new one waits for its turn.")
    if draft.request is not None:
        plan.draw_plan(draft.request)


def _start_run(number: int, request: RunRequest) -> None:
    """Queue the run and select it. The second click of a double click does nothing."""
    started = st.session_state.setdefault(STARTED_FORMS, set())
    if number in started:
        return
    started.add(number)

    def begin() -> None:
        run = RUNS.submit(request)
        fields.restart_form()
        st.session_state["tab"] = state.RUNS_TAB
        train_run.open_run(run.job_id)

    if problem := layout.error_message_of(begin):
        started.discard(number)
        st.session_state[train_run.MESSAGE] = (False, problem)
