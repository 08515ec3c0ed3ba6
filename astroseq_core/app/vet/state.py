"""URL parameters of the Vet page: reviewer, queue or star, signal, way through the signals, blind mode, and the open tab."""

from astroseq_core.app.shared import url_state
from astroseq_core.app.shared.parameters import Owner, PageParameters, Parameter
from astroseq_core.app.shared.value_types import Choice, Flag, OrNone, Position, Text

#: Tabs of a star, and of the start.
VET_TAB, CLASSIFIER_TAB, DETAILS_TAB = SCREEN_TABS = ("Vet", "Classifier", "Details")
QUEUES_TAB, DISPOSITIONS_TAB, EXPORTS_TAB = START_TABS = ("Queues", "Verdicts", "Exports")

#: Group of what belongs to one queue or star, which goes when it is left.
STAR = "star"
#: Either a queue and the position in it (from 1), or a single star with its location.
QUEUE = Parameter("queue", Text(), "", group=STAR)
AT = Parameter("at", OrNone(Position(1)), None, group=STAR)
#: Location of a single star's light curves, as in Explore's URL. A queue stores it with each star.
LOCATION = url_state.location_parameters(Owner.PAGE, STAR)
SIGNAL = Parameter("signal", Text(), "", group=STAR)
REVIEWER = Parameter("reviewer", Text(), "")
#: Whether a disposition leads to the star's next signal, before the next star.
EACH = Parameter("each", Flag("0", "1"), False)
BLIND = Parameter("blind", Flag("0", "1"), False)
TAB_LABELS = {DISPOSITIONS_TAB: "Dispositions", CLASSIFIER_TAB: "As the classifier sees it"}
SCREEN_TAB = Parameter("tab", Choice(SCREEN_TABS, TAB_LABELS), VET_TAB, Owner.UNBOUND_FIELD)
START_TAB = Parameter("tab", Choice(START_TABS, TAB_LABELS), QUEUES_TAB, Owner.UNBOUND_FIELD)
#: For the warnings: whether a star is shown is not known before the address is read.
ANY_TAB = Parameter("tab", Choice((*SCREEN_TABS, *START_TABS), TAB_LABELS), VET_TAB, Owner.UNBOUND_FIELD)
PARAMETERS = PageParameters((QUEUE, AT, *LOCATION, SIGNAL, REVIEWER, EACH, BLIND, ANY_TAB))


def star_location() -> dict[str, str] | None:
    """Return the URL parameters that locate a single star.

    Returns
    -------
    dict of str to str or None
        None if the URL names no star.
    """
    return url_state.read_star_location(LOCATION)
