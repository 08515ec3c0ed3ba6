"""URL parameters of the Train page: tab, run, and every setting that differs from the recipe."""

import time
from datetime import UTC, datetime

from astroseq_core import missions
from astroseq_core.app.shared.parameters import AnyParameter, Owner, PageParameters, Parameter
from astroseq_core.app.shared.value_types import Choice, Choices, Flag, Number, OrNone, Text, TextList, WholeNumber
from astroseq_core.app.train import settings
from astroseq_core.app.train.settings import Setting
from astroseq_core.disposition_codes import TFOPWG_DISPOSITIONS
from astroseq_core.jobs.job import JobState
from astroseq_core.training import recipes
from astroseq_core.training.recipes import Recipe
from astroseq_core.training.stars import SOURCES

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
#: Badge color of each state, by Streamlit's names.
STATE_COLORS = {
    JobState.QUEUED: "gray",
    JobState.RUNNING: "blue",
    JobState.DONE: "green",
    JobState.CANCELLED: "orange",
    JobState.FAILED: "red",
}


def format_duration(seconds: float | None) -> str:
    """Format a time span with at most two units.

    Parameters
    ----------
    seconds : float or None
        The time span [s].

    Returns
    -------
    str
        For example `45 s` or `2 h 5 min`; a dash if it is None or NaN.

    Examples
    --------
    >>> format_duration(45), format_duration(7500), format_duration(None)
    ('45 s', '2 h 5 min', '–')
    """
    if seconds is None or seconds != seconds:
        return "–"
    if seconds < 1:
        return "under 1 s"
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.0f} min"
    if seconds < 2 * DAY:
        hours, rest = divmod(seconds, HOUR)
        return f"{hours:.0f} h {rest // MINUTE:.0f} min"
    return f"{seconds / DAY:.1f} d"


def format_age(seconds: float, now: float | None = None) -> str:
    """Format how long ago a moment was.

    Parameters
    ----------
    seconds : float
        The moment, Unix time [s].
    now : float or None, optional
        The current time, Unix time [s].

    Returns
    -------
    str
        For example `3 min ago`; the date if it is more than two days.

    Examples
    --------
    >>> format_age(1000.0, now=1180.0)
    '3 min ago'
    """
    passed = (time.time() if now is None else now) - seconds
    if passed > 2 * DAY:
        return datetime.fromtimestamp(seconds, UTC).strftime("on %Y-%m-%d")
    return f"{format_duration(max(passed, 1.0))} ago"


NEW_TAB, RUNS_TAB = TABS = ("New run", "Runs")
DEFAULT_RECIPES = "quick", "tess-10min"
LARGEST_SEED, MOST_WORKERS = 2**31 - 1, 64
#: Choices of the worst mistakes of a run.
FALSE_ALARMS, MISSES = MISTAKES = ("False alarms", "Misses")


def default_recipe() -> str:
    """Return the name of the recipe that a new run starts from by default.

    Returns
    -------
    str
        Name of the recipe.
    """
    return next((name for name in DEFAULT_RECIPES if name in recipes.recipe_names()), recipes.recipe_names()[0])


#: Groups: what another recipe has of its own, and the view of one run.
RECIPE_FIELDS, RUN_VIEW = "recipe fields", "run view"
TAB = Parameter("tab", Choice(TABS), NEW_TAB, Owner.FIELD)
RUN = Parameter("run", Text(), "")
#: The view of a run: its test stars, the threshold of probabilities, and which mistakes.
GROUP = Parameter("group", Text(), "", group=RUN_VIEW)
THRESHOLD = Parameter("threshold", OrNone(Number(0, 1)), None, group=RUN_VIEW)
MISTAKES_KIND = Parameter("mistakes", Choice(MISTAKES), FALSE_ALARMS, group=RUN_VIEW)
#: The log of all runs.
COMPARED = Parameter("compare", TextList(), ())
#: Stars of a new run.
SOURCE = Parameter("source", Choice(SOURCES), SOURCES[0], group=RECIPE_FIELDS)
MISSION = Parameter("mission", Choice(tuple(missions.MISSIONS)), "", group=RECIPE_FIELDS)
DISPOSITIONS = Parameter("dispositions", Choices(TFOPWG_DISPOSITIONS), (), group=RECIPE_FIELDS)
FOLDER = Parameter("folder", Text(), "", group=RECIPE_FIELDS)
EPHEMERIDES = Parameter("ephemerides", Text(), "", group=RECIPE_FIELDS)
EXCLUDED = Parameter("exclude", TextList(), (), group=RECIPE_FIELDS)
#: Whether dispositions from vetting are learned from.
LEARN_DISPOSITIONS = Parameter("verdicts", Flag(), False)
SEED = Parameter("seed", WholeNumber(0, LARGEST_SEED), 1)
WORKERS = Parameter("workers", WholeNumber(1, MOST_WORKERS), 2)
OPTIONS = Parameter("options", Text(), "", group=RECIPE_FIELDS)


def recipe_parameter() -> Parameter[str]:
    """Return the parameter of the recipe.

    Returns
    -------
    Parameter of str
        With the recipes that are installed.
    """
    return Parameter("recipe", Choice(recipes.recipe_names()), default_recipe())


def setting_parameter(setting: Setting, recipe: Recipe | None = None) -> AnyParameter:
    """Return the parameter of a setting.

    Parameters
    ----------
    setting : Setting
        The setting.
    recipe : Recipe or None, optional
        The recipe, whose value is the default.

    Returns
    -------
    Parameter
        Its name, type and default.
    """
    default = None if recipe is None else settings.recipe_value(recipe, setting)
    return Parameter(setting.name, setting.url_type, default, group=RECIPE_FIELDS)


def parameters() -> PageParameters:
    """Return the page's parameters, with the settings of every recipe.

    Returns
    -------
    PageParameters
        The declaration.
    """
    view = (
        TAB,
        RUN,
        recipe_parameter(),
        GROUP,
        THRESHOLD,
        MISTAKES_KIND,
        Parameter("text", Text(), "", Owner.FIELD),
        Parameter("state", Choices(tuple(str(s) for s in JobState)), (), Owner.FIELD),
        COMPARED,
    )
    stars = (SOURCE, MISSION, DISPOSITIONS, FOLDER, EPHEMERIDES, EXCLUDED, LEARN_DISPOSITIONS)
    named = (*settings.simulated_settings(tuple(missions.MISSIONS)), *settings.SETTINGS)
    return PageParameters((*view, *stars, SEED, WORKERS, OPTIONS, *map(setting_parameter, named)))


def settings_from_url(recipe: Recipe) -> dict[str, object]:
    """Return the settings in the URL.

    Parameters
    ----------
    recipe : Recipe
        The recipe that they change.

    Returns
    -------
    dict of str to object
        Values by the settings' names, without invalid ones.
    """
    wanted = [setting_parameter(setting, recipe) for setting in settings.recipe_settings(recipe)]
    return {parameter.name: parameter.read() for parameter in wanted if parameter.is_given}


def clear_recipe_fields() -> None:
    """Remove the form's settings from the URL, because another recipe has its own."""
    parameters().clear(RECIPE_FIELDS)


def clear_run_view() -> None:
    """Remove the URL parameters of the previously selected run."""
    parameters().clear(RUN_VIEW)
