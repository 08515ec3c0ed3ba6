"""What stands in a page's address: its names, and one sentence for a value that means nothing."""

from collections.abc import Mapping

from astroseq_core.lightcurves.detrending import METHODS
from astroseq_core.lightcurves.prepare import BY_INSTRUMENT
from astroseq_core.scoring.opening import Source, StarRequest
from astroseq_core.ui.stars import ALL_MISSIONS

#: The pages' files, for links from one to another.
EXPLORE, DATA, TOIS, TRAIN = "pages/1_Explore.py", "pages/2_Data.py", "pages/3_TOIs.py", "pages/4_Train.py"
LEADERBOARD, SURVEY, VET = "pages/5_Leaderboard.py", "pages/6_Survey.py", "pages/7_Vet.py"
#: What the sources are called on the page, and so in the address.
SOURCES = {"simulated": Source.SIMULATED, "files": Source.FILES, "cache": Source.CACHE}
MISSION_CHOICES = (ALL_MISSIONS, *BY_INSTRUMENT)
WINDOW_DAYS = (0.1, 30.0)
TABS = ("Folds", "Segment", "Ephemerides", "Data")
KNOWN = ("source", "folder", "ephemerides", "mission", "target", "obs", "detrending", "window", "model", "segment", "tab")


def place_of(request: StarRequest) -> dict[str, str]:
    """How an address says that star: its name, where its light curves are, and its table of ephemerides."""
    said = {"target": request.name, "source": str(request.source), "folder": request.folder, "ephemerides": request.ephemerides}
    return {name: value for name, value in said.items() if value}


def complaints(address: Mapping[str, str], models: tuple[str, ...]) -> tuple[str, ...]:
    """One sentence for each value in Explore's address that cannot be meant; such values are ignored."""
    choices = {"source": tuple(SOURCES), "mission": MISSION_CHOICES, "detrending": tuple(METHODS), "model": models, "tab": TABS}
    out = [
        f"The address says {name}={address[name]}, which is none of {', '.join(allowed)}; it was ignored."
        for name, allowed in choices.items()
        if name in address and address[name] not in allowed
    ]
    if "window" in address and not _between(address["window"], *WINDOW_DAYS):
        out.append(
            f"The address says window={address['window']}; the detrending window must be {WINDOW_DAYS[0]:g} to "
            f"{WINDOW_DAYS[1]:g} days; it was ignored."
        )
    if "segment" in address and not address["segment"].isdecimal():
        out.append(f"The address says segment={address['segment']}; segments are counted from 0; it was ignored.")
    unknown = [name for name in address if name not in KNOWN]
    if unknown:
        out.append(f"The address names {', '.join(unknown)}, which means nothing here; it was ignored.")
    return tuple(out)


def unknown(address: Mapping[str, str], known: tuple[str, ...], tabs: tuple[str, ...] = ()) -> tuple[str, ...]:
    """One sentence for names in a page's address that mean nothing there, and one for a tab that it does not have."""
    out = []
    if address.get("tab", "") not in ("", *tabs):
        out.append(f"The address says tab={address['tab']}, which is none of {', '.join(tabs)}; it was ignored.")
    if others := [name for name in address if name not in known]:
        out.append(f"The address names {', '.join(others)}, which means nothing here; it was ignored.")
    return tuple(out)


def _between(text: str, low: float, high: float) -> bool:
    try:
        return low <= float(text) <= high
    except ValueError:
        return False
