"""The missions: what their identifiers, times, cadences and quality bits are."""

from dataclasses import dataclass

from astroseq_core.errors import TargetError
from astroseq_core.times import TimeSystem


@dataclass(frozen=True)
class Mission:
    """One mission as the archive knows it.

    ``quality_bitmask``: the lightkurve "default" bits, cadences with any of them are dropped
    (lightkurve.utils.KeplerQualityFlags / TessQualityFlags). ``cadence_minutes``: of the usual product.
    """

    name: str
    prefix: str
    time_system: TimeSystem
    observation_word: str
    author: str
    cadence_minutes: float
    quality_bitmask: int


KEPLER = Mission("Kepler", "KIC", TimeSystem.BKJD, "quarter", "Kepler", 29.4244, 1130799)
K2 = Mission("K2", "EPIC", TimeSystem.BKJD, "campaign", "K2", 29.4244, 1130799)
TESS = Mission("TESS", "TIC", TimeSystem.BTJD, "sector", "SPOC", 2.0, 17087)
#: The built-in survey. Its stars are seen as TESS, Kepler or K2 would see them, so the light curve, not this record,
#: says which time system and cadence apply to one of them; the values here only stand for the first of the three.
SIMULATED = Mission("Simulated", "SIM", TimeSystem.BTJD, "observation", "AstroSeq", 2.0, 0)

MISSIONS: dict[str, Mission] = {m.name: m for m in (KEPLER, K2, TESS, SIMULATED)}
BY_PREFIX: dict[str, Mission] = {m.prefix: m for m in MISSIONS.values()}


def mission(name: str) -> Mission:
    """The mission of that name, in any capitals; raises TargetError for another."""
    for known in MISSIONS.values():
        if known.name.lower() == str(name).strip().lower():
            return known
    raise TargetError(f"'{name}' is no mission known here; use one of {', '.join(MISSIONS)}.")
