"""URL parameters of the Explore page: star, view, and the open tab."""

from dataclasses import replace

from astroseq_core.app.shared import url_state
from astroseq_core.app.shared.parameters import Owner, PageParameters, Parameter
from astroseq_core.app.shared.stars import ALL_MISSIONS, BEST
from astroseq_core.app.shared.value_types import Choice, Number, OrNone, Position, Text, TextList
from astroseq_core.app.shared.words import DETRENDING_WORDS
from astroseq_core.preprocessing.detrend import DETRENDING_METHODS
from astroseq_core.preprocessing.prepare import DEFAULT_CONFIGS

FOLDS_TAB, SEGMENT_TAB, EPHEMERIDES_TAB, DATA_TAB = TABS = ("Folds", "Segment", "Ephemerides", "Data")
MISSIONS = (ALL_MISSIONS, *DEFAULT_CONFIGS)
#: Limits of the detrending window [d].
WINDOW_DAYS = (0.1, 30.0)

SEGMENT = Parameter("segment", OrNone(Position(0)), None, Owner.FIELD)
OBSERVATIONS = Parameter("obs", TextList(), (), Owner.FIELD)
#: What the person prefers where several light curves cover the same time.
PRODUCT = Parameter("product", Text(), "", Owner.UNBOUND_FIELD)
TAB = Parameter("tab", Choice(TABS), FOLDS_TAB, Owner.UNBOUND_FIELD)
# The links to Vet and to the Data page have these, too.
TARGET = Parameter("target", OrNone(Text()), None, Owner.UNBOUND_FIELD)
SOURCE = Parameter("source", Choice(tuple(url_state.SOURCES)), next(iter(url_state.SOURCES)), Owner.UNBOUND_FIELD)
FOLDER = Parameter("folder", Text(), "", Owner.UNBOUND_FIELD)
EPHEMERIDES = Parameter("ephemerides", Text(), "", Owner.UNBOUND_FIELD)
MODEL = Parameter("model", Choice((BEST,)), BEST, Owner.UNBOUND_FIELD)
DETRENDING = Parameter(
    "detrending", Choice(tuple(DETRENDING_METHODS), DETRENDING_WORDS), next(iter(DETRENDING_METHODS)), Owner.UNBOUND_FIELD
)
PARAMETERS = PageParameters(
    (
        TARGET,
        SOURCE,
        FOLDER,
        EPHEMERIDES,
        MODEL,
        Parameter("mission", Choice(MISSIONS), ALL_MISSIONS, Owner.FIELD),
        OBSERVATIONS,
        PRODUCT,
        DETRENDING,
        Parameter("window", OrNone(Number(*WINDOW_DAYS)), None, Owner.FIELD),
        SEGMENT,
        TAB,
    )
)


def parameters(models: tuple[str, ...]) -> PageParameters:
    """Return the page's parameters.

    Parameters
    ----------
    models : tuple of str
        Identifiers of the available models, and "best".

    Returns
    -------
    PageParameters
        The declaration, with these models to choose from.
    """
    return PARAMETERS.using(replace(MODEL, kind=Choice(models)))
