"""Missions: identifier prefixes, time systems, cadences and quality bits."""

from dataclasses import dataclass

from astroseq_core.errors import TargetError
from astroseq_core.times import PLAUSIBLE_BJD, TimeSystem


@dataclass(frozen=True)
class Mission:
    """A mission as the archive knows it.

    Attributes
    ----------
    name : str
        Name of the mission.
    prefix : str
        Prefix of the identifiers in its input catalog, such as "TIC".
    time_system : TimeSystem
        Time system of its light curves.
    observation_word : str
        What one observation is called: "quarter", "campaign" or "sector".
    author : str
        Author of its usual light curves at MAST.
    cadence_minutes : float
        Cadence of the usual product [min].
    quality_bitmask : int
        Quality bits that reject a cadence: lightkurve's "default" bits
        (lightkurve.utils.KeplerQualityFlags and TessQualityFlags).
    data_bjd : tuple of (float, float)
        First and last moment at which it can have taken data, as BJD [d].
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
#: The built-in survey. Its stars are simulated as TESS, Kepler or K2 would observe them, so the time system and cadence of a
#: star come from its light curve, not from this record; the values here are those of TESS.
SIMULATED = Mission("Simulated", "SIM", TimeSystem.BTJD, "observation", "AstroSeq", 2.0, 0, PLAUSIBLE_BJD)

MISSIONS: dict[str, Mission] = {m.name: m for m in (KEPLER, K2, TESS, SIMULATED)}
BY_PREFIX: dict[str, Mission] = {m.prefix: m for m in MISSIONS.values()}


def mission_by_name(name: str) -> Mission:
    """Return the mission with the given name.

    Parameters
    ----------
    name : str
        Name in upper or lower case.

    Returns
    -------
    Mission
        The mission.

    Raises
    ------
    TargetError
        If there is no mission of that name.
    """
    for known in MISSIONS.values():
        if known.name.lower() == str(name).strip().lower():
            return known
    raise TargetError(f"'{name}' is no mission known here; use one of {', '.join(MISSIONS)}.")
