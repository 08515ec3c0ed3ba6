"""URL parameters of the TOIs page: the filters, and the selected TOI."""

from astroseq_core.app.shared.parameters import Owner, PageParameters, Parameter
from astroseq_core.app.shared.value_types import Choice, Number, OrNone, Text, TextList

#: Ranges of the filters: name, label, and step of the two fields.
RANGES = (
    ("period_days", "Period [d]", 1.0),
    ("depth_ppm", "Depth [ppm]", 100.0),
    ("magnitude", "Tmag", 0.5),
)
ALL_TRANSITS, REPEATED_TRANSITS, SINGLE_TRANSITS = TRANSITS = ("all", "repeated", "single")

PARAMETERS = PageParameters(
    (
        Parameter("text", Text(), "", Owner.FIELD),
        Parameter("disposition", TextList(), (), Owner.FIELD),
        *(Parameter(f"{name}_{end}", OrNone(Number()), None, Owner.FIELD) for name, _, _ in RANGES for end in ("min", "max")),
        Parameter("single", Choice(TRANSITS), ALL_TRANSITS, Owner.FIELD),
        Parameter("toi", Text(), "", Owner.FIELD),
    )
)
