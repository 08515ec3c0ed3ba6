"""URL parameters of the Survey page: the tab, the selected survey, and the fields of the form."""

from dataclasses import replace

from astroseq_core.app.shared.parameters import AnyParameter, Owner, PageParameters, Parameter
from astroseq_core.app.shared.stars import ALL_MISSIONS
from astroseq_core.app.shared.value_types import Choice, Choices, Flag, Text, TextList, WholeNumber
from astroseq_core.disposition_codes import TFOPWG_DISPOSITIONS
from astroseq_core.surveys.queue import DASK, LOCAL, MAX_WORKERS
from astroseq_core.surveys.stars import CACHE, FOLDER, SECTORS, SIMULATED, SOURCES, TARGETS, TOI

NEW, SURVEYS = TABS = ("New survey", "Surveys")
#: Choice of the model that suits the cadence of each star.
BEST_MODEL = "best"
INSTRUMENTS = ("TESS", "Kepler", "K2")
MAX_SEED, MAX_STARS = 2**31 - 1, 1_000_000
SOURCE_NAMES = {
    SIMULATED: "simulated",
    TARGETS: "a list of stars",
    TOI: "TOIs",
    SECTORS: "sectors",
    FOLDER: "a folder",
    CACHE: "whole cache",
}
#: Engines of a survey and their labels.
ENGINE_NAMES = {LOCAL: "This machine", DASK: "A Dask cluster"}

#: Group of the fields that select stars; each source has some of them.
STARS = "stars"
TAB = Parameter("tab", Choice(TABS), NEW, Owner.FIELD)
SURVEY = Parameter("survey", Text(), "")
SOURCE = Parameter("source", Choice(SOURCES), SIMULATED)
MODEL = Parameter("model", Choice((BEST_MODEL,)), BEST_MODEL)
ENGINE = Parameter("engine", Choice(tuple(ENGINE_NAMES)), LOCAL)
WORKERS = Parameter("workers", WholeNumber(1, MAX_WORKERS), 2)
MISSION = Parameter("mission", Choice((ALL_MISSIONS, *INSTRUMENTS)), ALL_MISSIONS, group=STARS)
COUNT = Parameter("count", WholeNumber(0, MAX_STARS), 0, group=STARS)
SEED = Parameter("seed", WholeNumber(0, MAX_SEED), 0, group=STARS)
TARGET_NAMES = Parameter("targets", TextList(), (), group=STARS)
TARGETS_FILE = Parameter("targets_file", Text(), "", group=STARS)
FETCH = Parameter("fetch", Flag(), False, group=STARS)
DISPOSITIONS = Parameter("dispositions", Choices(TFOPWG_DISPOSITIONS), (), group=STARS)
SECTOR_NUMBERS = Parameter("sectors", TextList(), (), group=STARS)
LIGHT_CURVE_FOLDER = Parameter("folder", Text(), "", group=STARS)
PARAMETERS = PageParameters(
    (
        TAB,
        SURVEY,
        SOURCE,
        MODEL,
        ENGINE,
        WORKERS,
        MISSION,
        COUNT,
        SEED,
        TARGET_NAMES,
        TARGETS_FILE,
        FETCH,
        DISPOSITIONS,
        SECTOR_NUMBERS,
        LIGHT_CURVE_FOLDER,
    )
)


def star_parameters() -> dict[str, AnyParameter]:
    """Return the parameters of the fields that select stars.

    Returns
    -------
    dict of str to Parameter
        By name; those of a survey's choice of stars have the names of its fields.
    """
    return {parameter.name: parameter for parameter in PARAMETERS.group(STARS)}


def parameters(models: tuple[str, ...]) -> PageParameters:
    """Return the page's parameters.

    Parameters
    ----------
    models : tuple of str
        Models that can be chosen.

    Returns
    -------
    PageParameters
        The declaration, with these models to choose from.
    """
    return PARAMETERS.using(replace(MODEL, kind=Choice((BEST_MODEL, *models))))
