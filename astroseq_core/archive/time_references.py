"""Time systems of published epochs, and what becomes of each: all times here are BJD (TDB)."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

SECONDS_PER_DAY = 86_400.0
#: TAI - UTC [s] from each Julian date (UTC) on, IERS Bulletin C; no leap second is announced after 2017.
LEAP_SECONDS = (
    (2_443_144.5, 16), (2_443_509.5, 17), (2_443_874.5, 18), (2_444_239.5, 19), (2_444_786.5, 20), (2_445_151.5, 21),
    (2_445_516.5, 22), (2_446_247.5, 23), (2_447_161.5, 24), (2_447_892.5, 25), (2_448_257.5, 26), (2_448_804.5, 27),
    (2_449_169.5, 28), (2_449_534.5, 29), (2_450_083.5, 30), (2_450_630.5, 31), (2_451_179.5, 32), (2_453_736.5, 33),
    (2_454_832.5, 34), (2_456_109.5, 35), (2_457_204.5, 36), (2_457_754.5, 37),
)  # fmt: skip
#: TT - TAI [s]; TDB differs from TT by less than 2 ms.
TT_MINUS_TAI = 32.184
#: HJD and BJD differ by at most this [s], as the Sun moves about the barycentre: it was never farther than 4.87 light seconds
#: from it in 1980 to 2080 (Eastman, Siverd & Gaudi 2010, PASP 122, 935, give up to 4 s for today's observations).
HELIOCENTRIC_SECONDS = 4.9
#: The most by which an epoch "in JD" is off [s]: light crosses 1.026 au in 512 s, and UTC is 69 s behind TDB. Very many of the
#: archive's epochs say JD, those of Kepler's planets above all, and most seem to be BJD: they are kept, with this as an error.
UNCORRECTED_SECONDS = 581.0
#: Time systems of ``pl_tsystemref``: is the epoch UTC, by how much may it be off [s], what is noted.
TIME_REFERENCES: Mapping[str, tuple[bool, float, str]] = MappingProxyType({
    "BJD-TDB": (False, 0.0, ""),
    "BJD-TT": (False, 0.0, ""),
    "BJD": (False, 0.0, ""),
    "BJD-UTC": (True, 0.0, "epoch converted from BJD (UTC)"),
    "HJD-TDB": (False, HELIOCENTRIC_SECONDS, "epoch in HJD (TDB)"),
    "HJD-TT": (False, HELIOCENTRIC_SECONDS, "epoch in HJD (TT)"),
    "HJD-UTC": (True, HELIOCENTRIC_SECONDS, "epoch converted from HJD (UTC)"),
    "HJD": (True, HELIOCENTRIC_SECONDS, "epoch converted from HJD, taken as UTC"),
    "JD": (False, UNCORRECTED_SECONDS, "epoch in JD, taken as BJD, could be 10 min off"),
    "": (False, UNCORRECTED_SECONDS, "epoch of no stated time system, taken as BJD, could be 10 min off"),
})  # fmt: skip


def tdb_minus_utc(jd_utc: NDArray[np.float64]) -> NDArray[np.float64]:
    """TDB - UTC [d] at those Julian dates, to 2 ms, same shape; dates before 1977 get the offset of that year."""
    starts, offsets = (np.array(column, float) for column in zip(*LEAP_SECONDS, strict=True))
    index = np.clip(np.searchsorted(starts, jd_utc, "right") - 1, 0, None)
    return np.asarray((offsets[index] + TT_MINUS_TAI) / SECONDS_PER_DAY)
