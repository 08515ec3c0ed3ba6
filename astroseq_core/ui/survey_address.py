"""What stands in the Survey page's address: the tab, the survey that is looked at, and what the form asks for."""

from collections.abc import Mapping

from astroseq_core.surveys.choice import CACHE, FOLDER, SECTORS, SIMULATED, SOURCES, TARGETS, TOI
from astroseq_core.surveys.request import DASK, LOCAL, MOST_WORKERS
from astroseq_core.training.choice import DISPOSITIONS
from astroseq_core.ui import address
from astroseq_core.ui.query import one as one
from astroseq_core.ui.query import text as text
from astroseq_core.ui.query import write as write
from astroseq_core.ui.stars import ALL_MISSIONS

NEW, SURVEYS = TABS = ("New survey", "Surveys")
#: The choice that leaves the model to each star's cadence.
BEST = "best"
INSTRUMENTS = ("TESS", "Kepler", "K2")
LARGEST_SEED, MOST_STARS = 2**31 - 1, 1_000_000
NAMES = {
    SIMULATED: "simulated", TARGETS: "a list of stars", TOI: "TOIs", SECTORS: "sectors", FOLDER: "a folder", CACHE: "whole cache",
}  # fmt: skip
#: What each source has a field for.
FIELDS = {
    SIMULATED: ("mission", "count", "seed"),
    TARGETS: ("targets", "targets_file", "fetch"),
    TOI: ("dispositions", "count", "fetch"),
    SECTORS: ("mission", "sectors", "count"),
    FOLDER: ("folder", "mission", "count"),
    CACHE: ("mission", "count"),
}
#: Where a survey can run.
ENGINES = {LOCAL: "This machine", DASK: "A Dask cluster"}
ADDRESS = (
    *("tab", "survey", "source", "model", "engine", "scheduler", "workers"),
    *dict.fromkeys(name for names in FIELDS.values() for name in names),
)
#: Bounds of the fields that hold whole numbers.
WHOLE = {"count": (0, MOST_STARS), "seed": (0, LARGEST_SEED), "workers": (1, MOST_WORKERS)}


def complaints(written: Mapping[str, str], models: tuple[str, ...]) -> tuple[str, ...]:
    """One sentence for each part of the address that cannot be meant; those parts are ignored."""
    out = list(address.unknown(dict(written), ADDRESS, TABS))
    allowed = {
        "source": SOURCES, "mission": (ALL_MISSIONS, *INSTRUMENTS), "model": (BEST, *models), "fetch": ("true", "false"),
        "engine": tuple(ENGINES),
    }  # fmt: skip
    out += [
        f"The address says {name}={written[name]}, which is none of {', '.join(words)}; it was ignored."
        for name, words in allowed.items()
        if name in written and written[name] not in words
    ]
    out += [
        f"The address says dispositions={one}, which is none of {', '.join(DISPOSITIONS)}; it was ignored."
        for one in written.get("dispositions", "").split(",")
        if one and one not in DISPOSITIONS
    ]
    for name, (low, high) in WHOLE.items():
        if name in written and whole(name, written[name]) is None:
            out.append(f"The address says {name}={written[name]}; it must be {low} to {high}; it was ignored.")
    return tuple(out)


def whole(name: str, text: str) -> int | None:
    """The whole number that the text says, None where it says none that the field could hold."""
    low, high = WHOLE[name]
    return int(text) if text.isdecimal() and len(text) < 12 and low <= int(text) <= high else None


def number(name: str, otherwise: int) -> int:
    """The address's whole number of that name."""
    found = whole(name, text(name))
    return otherwise if found is None else found
