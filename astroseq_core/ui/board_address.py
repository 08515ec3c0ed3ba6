"""What stands in the Leaderboard page's address: the filters, the order, the page, the tab, the cut and the other model."""

import math
from collections.abc import Mapping, Sequence

from astroseq_core.store.board import UNJUDGED
from astroseq_core.store.dispositions import DISPOSITIONS
from astroseq_core.ui import address
from astroseq_core.ui.query import text as text
from astroseq_core.ui.query import write as write
from astroseq_core.ui.stars import ALL_MISSIONS

STARS, CUT, MODELS, FAILED = TABS = ("Stars", "Cut", "Two models", "Not scored")
ANY = "any"
REAL, SIMULATED = "real", "simulated"
KNOWN, UNKNOWN = "known", "unknown"
#: The store says "any" for it, which here means that nothing is asked.
JUDGED = "judged"
FLAGGED, NOT_FLAGGED = "flagged", "not flagged"
#: The choices of each field that has some, the first leaves nothing out.
CHOICES = {
    "mission": (ALL_MISSIONS, "TESS", "Kepler", "K2"),
    "stars": (ANY, REAL, SIMULATED),
    "object": (ANY, KNOWN, UNKNOWN),
    "disposition": (ANY, UNJUDGED, JUDGED, *DISPOSITIONS),
    "cut": (ANY, FLAGGED, NOT_FLAGGED),
}
#: The ranges that can be asked for: their words, and the step of their two fields.
RANGES = {
    "score": ("Score", 1.0), "segments": ("Segments", 10.0), "magnitude": ("Magnitude", 0.5), "period": ("Period [d]", 1.0),
}  # fmt: skip
#: What the stars can be put in order by, and the store's name for it.
SORTS = {
    "star score": "star_score", "highest segment": "score_max", "top five segments": "score_topk", "folded": "score_fold",
    "segments": "num_segments", "period": "best_period_days", "magnitude": "magnitude", "star": "target_id",
}  # fmt: skip
HIGHEST, LOWEST = ORDERS = ("highest first", "lowest first")
#: How a cut is told: by the number of stars, or by the lowest score.
TOP, THRESHOLD = "top", "threshold"
LIMITS = tuple(f"{name}_{end}" for name in RANGES for end in ("min", "max"))
ADDRESS = ("model", "text", *CHOICES, *LIMITS, "sort", "order", "page", "star", "tab", TOP, THRESHOLD, "against")
#: More stars than this in a cut are a catalogue, not candidates.
MOST_TOP = 1_000_000


def complaints(written: Mapping[str, str], models: Sequence[str]) -> tuple[str, ...]:
    """One sentence for each part of the address that cannot be meant; those parts are ignored."""
    out = list(address.unknown(dict(written), ADDRESS, TABS))
    allowed: dict[str, Sequence[str]] = {**CHOICES, "sort": tuple(SORTS), "order": ORDERS}
    out += [
        f"The address says {name}={written[name]}, which is none of {', '.join(words)}; it was ignored."
        for name, words in allowed.items()
        if name in written and written[name] not in words
    ]
    for name in ("model", "against"):
        if written.get(name) and written[name] not in models:
            out.append(f"The address says {name}={written[name]}, and that model has scored no star here; it was ignored.")
    for name in (*LIMITS, THRESHOLD):
        if name in written and number(written[name]) is None:
            out.append(f"The address says {name}={written[name]}, which is no number; it was ignored.")
    for name in ("page", TOP):
        if name in written and whole(written[name]) is None:
            out.append(f"The address says {name}={written[name]}; it must be a whole number from 1; it was ignored.")
    return tuple(out)


def number(text: str) -> float | None:
    """The finite number that the text says, None where it says none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def whole(text: str) -> int | None:
    """The whole number from 1 that the text says, None where it says none."""
    return int(text) if text.isdecimal() and len(text) < 10 and 1 <= int(text) <= MOST_TOP else None
