"""URL parameters of the Data page: the open tab, and the filters of each."""

from astroseq_core.app.shared.parameters import Owner, PageParameters, Parameter
from astroseq_core.app.shared.value_types import Choice, Text

CACHED_TAB, DOWNLOAD_TAB, MISSING_TAB, CATALOGS_TAB, FILES_TAB = TABS = (
    "Cached",
    "Download",
    "Missing",
    "Catalogues",
    "Your files",
)
#: Rows of the table of what is cached.
BY_STAR, BY_OBSERVATION = ROWS = ("stars", "observations")
#: Choices of the author field that are not an author.
USUAL_AUTHORS, ALL_AUTHORS = "usual", "all"
ANY_EXPOSURE = "any"

TAB = Parameter("tab", Choice(TABS, {CATALOGS_TAB: "Catalogs"}), CACHED_TAB, Owner.UNBOUND_FIELD)
# A link to Explore has it, too.
FOLDER = Parameter("folder", Text(), "", Owner.UNBOUND_FIELD)
PARAMETERS = PageParameters(
    (
        TAB,
        Parameter("rows", Choice(ROWS), BY_STAR, Owner.FIELD),
        Parameter("filter", Text(), "", Owner.FIELD),
        Parameter("search", Text(), "", Owner.FIELD),
        Parameter("author", Text(), USUAL_AUTHORS, Owner.FIELD),
        Parameter("exposure", Text(), ANY_EXPOSURE, Owner.FIELD),
        FOLDER,
    )
)
