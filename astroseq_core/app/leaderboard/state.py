"""URL parameters of the Leaderboard page: filters, order, page, tab, threshold and second model."""

from collections.abc import Sequence
from dataclasses import replace

from astroseq_core.app.shared.parameters import Owner, PageParameters, Parameter
from astroseq_core.app.shared.stars import ALL_MISSIONS
from astroseq_core.app.shared.value_types import Choice, Number, OrNone, Position, Text, WholeNumber
from astroseq_core.columns import RANGES, SIGNAL_CLASSES, SORTS
from astroseq_core.disposition_codes import DISPOSITIONS
from astroseq_core.store.leaderboard_filters import NO_DISPOSITION, NO_SIGNAL, NOT_SEARCHED

STARS, THRESHOLD_TAB, MODELS, FAILED = TABS = ("Stars", "Cut", "Two models", "Not scored")
ANY = "any"
REAL, SIMULATED = "real", "simulated"
KNOWN, UNKNOWN = "known", "unknown"
#: Stars with a disposition; the store's word for this is "any", which here means no filter.
WITH_DISPOSITION = "judged"
ABOVE_THRESHOLD, BELOW_THRESHOLD = "flagged", "not flagged"
#: Classes of the best signal, in words.
CLASS_WORDS = {
    "eclipsing_binary": "eclipsing binary",
    "not_transit": "not transit-like",
    NO_SIGNAL: "no signal found",
    NOT_SEARCHED: "not searched",
}
#: Scores that a threshold is one of, in the address.
BY_PLANET_SCORE, BY_STAR_SCORE = THRESHOLD_SCORES = ("planet", "star")
HIGHEST, LOWEST = ORDERS = ("highest first", "lowest first")
#: Most stars above a threshold; more are a catalog, not candidates.
MAX_TOP = 1_000_000

#: Group of the parameters that leave stars out.
FILTER = "filter"
TAB = Parameter("tab", Choice(TABS, {THRESHOLD_TAB: "Threshold"}), STARS, Owner.UNBOUND_FIELD)
#: Choices of each select box; the first leaves no star out.
CHOICES = {
    "mission": Parameter("mission", Choice((ALL_MISSIONS, "TESS", "Kepler", "K2")), ALL_MISSIONS, Owner.FIELD, FILTER),
    "stars": Parameter("stars", Choice((ANY, REAL, SIMULATED)), ANY, Owner.FIELD, FILTER),
    "object": Parameter("object", Choice((ANY, KNOWN, UNKNOWN)), ANY, Owner.FIELD, FILTER),
    "class": Parameter(
        "class", Choice((ANY, *SIGNAL_CLASSES, NO_SIGNAL, NOT_SEARCHED), CLASS_WORDS), ANY, Owner.UNBOUND_FIELD, FILTER
    ),
    "disposition": Parameter(
        "disposition",
        Choice((ANY, NO_DISPOSITION, WITH_DISPOSITION, *DISPOSITIONS), {WITH_DISPOSITION: "with one"}),
        ANY,
        Owner.UNBOUND_FIELD,
        FILTER,
    ),
    "cut": Parameter(
        "cut",
        Choice((ANY, ABOVE_THRESHOLD, BELOW_THRESHOLD), {ABOVE_THRESHOLD: "above", BELOW_THRESHOLD: "below"}),
        ANY,
        Owner.UNBOUND_FIELD,
        FILTER,
    ),
}
# The page's own: the link to Explore has a parameter `model`, too, which must not change the field.
MODEL = Parameter("model", Text(), "")
#: The second model.
AGAINST = Parameter("against", Text(), "")
PAGE = Parameter("page", Position(1), 1)
STAR = Parameter("star", Text(), "", Owner.FIELD)
#: A score threshold: the number of stars, or the lowest score.
TOP = Parameter("top", OrNone(WholeNumber(1, MAX_TOP)), None)
THRESHOLD = Parameter("threshold", OrNone(Number()), None)
#: The score that it is one of; none for the one that stars are ranked by.
BY = Parameter("by", OrNone(Choice(THRESHOLD_SCORES)), None)
PARAMETERS = PageParameters(
    (
        TAB,
        MODEL,
        Parameter("text", Text(), "", Owner.FIELD, FILTER),
        *CHOICES.values(),
        *(Parameter(f"{name}_{end}", OrNone(Number()), None, Owner.FIELD, FILTER) for name in RANGES for end in ("min", "max")),
        Parameter("sort", Choice(tuple(SORTS)), next(iter(SORTS)), Owner.FIELD),
        Parameter("order", Choice(ORDERS), HIGHEST, Owner.FIELD),
        PAGE,
        STAR,
        TOP,
        THRESHOLD,
        BY,
        AGAINST,
    )
)


def parameters(models: Sequence[str]) -> PageParameters:
    """Return the page's parameters.

    Parameters
    ----------
    models : sequence of str
        Models that have scored stars.

    Returns
    -------
    PageParameters
        The declaration, with these models to choose from.
    """
    scored = Choice(tuple(models))
    return PARAMETERS.using(replace(MODEL, kind=scored), replace(AGAINST, kind=scored))
