"""What is wrong with a request before anything is looked at: the cheap checks, each in one sentence."""

from pathlib import Path

from astroseq_core.errors import ModelError, SettingsError
from astroseq_core.missions import TESS
from astroseq_core.networks import registry
from astroseq_core.runs.request import RunRequest
from astroseq_core.training import sources
from astroseq_core.training.choice import CACHE, FOLDER, SIMULATED, TOI, StarChoice
from astroseq_core.training.recipes import Recipe

SEQUENTIAL = "sequential"


def check(request: RunRequest) -> None:
    """Raise SettingsError or ModelError, in one sentence, where the run could not begin."""
    recipe, stars = request.recipe, request.stars
    try:
        registry.check(recipe.architecture, recipe.cutting.window, **recipe.options)
    except TypeError as error:
        raise ModelError(f"{recipe.architecture} has no such option ({error}).") from None
    if not recipe.cutting.channels:
        raise SettingsError("The network sees nothing: choose at least one channel.")
    if recipe.preparation.cadence_minutes is None and recipe.cadence_range_minutes is None:
        raise SettingsError("This recipe bins light curves to one cadence: say which.")
    if stars.source == FOLDER:
        _folder(recipe, stars)
    elif recipe.labels == SEQUENTIAL:
        raise SettingsError(f"{recipe.title} learns from a folder of light curves with a table of ephemerides: choose one.")
    elif stars.source == SIMULATED and not any(recipe.simulated.values()) and not any(recipe.simulated_binaries.values()):
        raise SettingsError("There is no star to learn from: ask for simulated ones, or choose another source.")
    elif stars.source in (CACHE, TOI):
        _cached(recipe, stars)


def _folder(recipe: Recipe, stars: StarChoice) -> None:
    if not stars.folder:
        raise SettingsError("Name the folder that holds the light curves to learn from.")
    if not Path(stars.folder).expanduser().is_dir():
        raise SettingsError(f"There is no folder {stars.folder}; check its name.")
    if recipe.labels != "injected" and not stars.ephemerides:
        raise SettingsError(f"{recipe.title} learns from published transits: name a table of ephemerides beside the folder.")
    if stars.ephemerides and not Path(stars.ephemerides).expanduser().is_file():
        raise SettingsError(f"There is no table {stars.ephemerides}; check its name.")


def _cached(recipe: Recipe, stars: StarChoice) -> None:
    if stars.source == TOI and recipe.labels == "injected":
        raise SettingsError(
            "Stars on the TOI list have signals, and this run injects transits into stars that have none: choose the labels "
            "“published” (under More settings, Sampling), or another source."
        )
    if stars.source == TOI and TESS.name not in recipe.instruments:
        raise SettingsError(f"The TOI list is of TESS stars; {recipe.title} learns from {' and '.join(recipe.instruments)}.")
    if stars.mission and stars.mission not in recipe.instruments:
        raise SettingsError(f"{recipe.title} learns from {' and '.join(recipe.instruments)}, not from {stars.mission}.")
    here, in_all = sources.coverage(stars)
    if stars.source == TOI and not in_all:
        raise SettingsError("There is no such star on the TOI list here: get the list first, or choose other dispositions.")
    if not here:
        where = "on the TOI list that are wanted " if stars.source == TOI else ""
        raise SettingsError(f"None of the stars {where}is in the cache: download some on the Data page, or choose others.")
