"""The missions: what their identifiers, times, cadences and quality bits are."""

from dataclasses import dataclass

from astroseq_core.errors import TargetError
from astroseq_core.times import PLAUSIBLE_BJD, TimeSystem


@dataclass(frozen=True)
class Mission:
    """One mission as the archive knows it.

    ``quality_bitmask``: the lightkurve "default" bits, cadences with any of them are dropped
    (lightkurve.utils.KeplerQualityFlags / TessQualityFlags). ``cadence_minutes``: of the usual product.
    ``data_bjd``: the first and the last moment at which it can have taken data.
    """

    name: str
    prefix: str
    time_system: TimeSystem
    observation_word: str
    author: str
    cadence_minutes: float
    quality_bitmask: int
    data_bjd: tuple[float, float]


# Data from: Kepler 2009-05 to 2013-05, K2 2014-02 to 2018-10, TESS since 2018-07, each with some days of room.
KEPLER = Mission("Kepler", "KIC", TimeSystem.BKJD, "quarter", "Kepler", 29.4244, 1130799, (2_454_930.0, 2_456_450.0))
K2 = Mission("K2", "EPIC", TimeSystem.BKJD, "campaign", "K2", 29.4244, 1130799, (2_456_690.0, 2_458_430.0))
TESS = Mission("TESS", "TIC", TimeSystem.BTJD, "sector", "SPOC", 2.0, 17087, (2_458_300.0, PLAUSIBLE_BJD[1]))
#: The built-in survey. Its stars are seen as TESS, Kepler or K2 would see them, so the light curve, not this record,
#: says which time system and cadence apply to one of them; the values here only stand for the first of the three.
SIMULATED = Mission("Simulated", "SIM", TimeSystem.BTJD, "observation", "AstroSeq", 2.0, 0, PLAUSIBLE_BJD)

MISSIONS: dict[str, Mission] = {m.name: m for m in (KEPLER, K2, TESS, SIMULATED)}
BY_PREFIX: dict[str, Mission] = {m.prefix: m for m in MISSIONS.values()}


def mission(name: str) -> Mission:
    """The mission of that name, in any capitals; raises TargetError for another."""
    for known in MISSIONS.values():
        if known.name.lower() == str(name).strip().lower():
            return known
    raise TargetError(f"'{name}' is no mission known here; use one of {', '.join(MISSIONS)}.")
