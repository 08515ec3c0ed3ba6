"""Time systems of published epochs: the spellings of the archive, and conversion to BJD (TDB)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from astroseq_core import times

SECONDS_PER_DAY = 86_400.0
#: TAI - UTC [s] from each Julian date (UTC) on, IERS Bulletin C; no leap second has been announced after 2017.
LEAP_SECONDS = (
    (2_443_144.5, 16),
    (2_443_509.5, 17),
    (2_443_874.5, 18),
    (2_444_239.5, 19),
    (2_444_786.5, 20),
    (2_445_151.5, 21),
    (2_445_516.5, 22),
    (2_446_247.5, 23),
    (2_447_161.5, 24),
    (2_447_892.5, 25),
    (2_448_257.5, 26),
    (2_448_804.5, 27),
    (2_449_169.5, 28),
    (2_449_534.5, 29),
    (2_450_083.5, 30),
    (2_450_630.5, 31),
    (2_451_179.5, 32),
    (2_453_736.5, 33),
    (2_454_832.5, 34),
    (2_456_109.5, 35),
    (2_457_204.5, 36),
    (2_457_754.5, 37),
)
#: TT - TAI [s]; TDB differs from TT by less than 2 ms.
TT_MINUS_TAI = 32.184
#: Largest difference of HJD and BJD [s], as the Sun moves about the barycenter: it was never farther than 4.87 light seconds
#: from it in 1980 to 2080 (Eastman, Siverd & Gaudi 2010, PASP 122, 935, give up to 4 s for today's observations).
MAX_HJD_ERROR_SECONDS = 4.9
#: Largest difference of JD and BJD in one time scale [s]: light crosses 1.026 au, the farthest that the Earth is from the
#: barycenter, in 512 s.
MAX_LIGHT_TRAVEL_SECONDS = 512.0
#: Largest error of an epoch "in JD" [s]: UTC is 69 s behind TDB besides. Very many of the archive's epochs say JD, above all
#: those of Kepler's planets. Most seem to be BJD, so they are kept, with this error.
MAX_JD_ERROR_SECONDS = 581.0


@dataclass(frozen=True)
class TimeReference:
    """Meaning of the time system of an epoch.

    Attributes
    ----------
    is_utc : bool
        Whether the epoch is in UTC, and must be converted to TDB.
    error_seconds : float
        Largest difference [s] from BJD (TDB) that stays.
    note : str
        What was assumed; empty if nothing.
    zero_days : float
        Zero point [d] of truncated dates. It is added only to values that are no full Julian date.
    """

    is_utc: bool = False
    error_seconds: float = 0.0
    note: str = ""
    zero_days: float = 0.0


#: Meanings of the time systems in `pl_tsystemref`, by their usual name.
TIME_REFERENCES: Mapping[str, TimeReference] = MappingProxyType(
    {
        "BJD-TDB": TimeReference(),
        "BJD-TT": TimeReference(),
        "BJD": TimeReference(),
        "BJD-UTC": TimeReference(True, 0.0, "epoch converted from BJD (UTC)"),
        "HJD-TDB": TimeReference(False, MAX_HJD_ERROR_SECONDS, "epoch in HJD (TDB)"),
        "HJD-TT": TimeReference(False, MAX_HJD_ERROR_SECONDS, "epoch in HJD (TT)"),
        "HJD-UTC": TimeReference(True, MAX_HJD_ERROR_SECONDS, "epoch converted from HJD (UTC)"),
        "HJD": TimeReference(True, MAX_HJD_ERROR_SECONDS, "epoch converted from HJD, taken as UTC"),
        "JD-TDB": TimeReference(False, MAX_LIGHT_TRAVEL_SECONDS, "epoch in JD (TDB), could be 9 min off"),
        "JD-UTC": TimeReference(True, MAX_LIGHT_TRAVEL_SECONDS, "epoch converted from JD (UTC), could be 9 min off"),
        "JD": TimeReference(False, MAX_JD_ERROR_SECONDS, "epoch in JD, taken as BJD, could be 10 min off"),
        "MJD": TimeReference(False, MAX_JD_ERROR_SECONDS, "epoch in MJD, taken as barycentric, could be 10 min off", 2_400_000.5),
        "BMJD": TimeReference(False, 0.0, "epoch converted from barycentric MJD", 2_400_000.5),
        "RJD": TimeReference(False, MAX_JD_ERROR_SECONDS, "epoch in RJD, taken as barycentric, could be 10 min off", 2_400_000.0),
        "BKJD": TimeReference(False, 0.0, "", 2_454_833.0),
        "BTJD": TimeReference(False, 0.0, "", 2_457_000.0),
        "": TimeReference(False, MAX_JD_ERROR_SECONDS, "epoch of no stated time system, taken as BJD, could be 10 min off"),
    }
)
#: Other spellings of these names, as `times.plain_spelling` gives them: in capitals, without what separates their parts. The
#: archive itself publishes the typo BJD-TBD. UT stands for UTC; TT, and TDB alone, are those of barycentric dates.
SPELLINGS: Mapping[str, str] = MappingProxyType(
    {
        **{times.plain_spelling(name): name for name in TIME_REFERENCES},
        **dict.fromkeys(("TDB", "TDBBJD", "BJDTDBTDB", "BJDDTB"), "BJD-TDB"),
        **dict.fromkeys(("TT", "TTBJD", "BJDET"), "BJD-TT"),
        **dict.fromkeys(("BJDUT", "BJDUT1", "UTCBJD"), "BJD-UTC"),
        **dict.fromkeys(("TDBHJD", "HJED"), "HJD-TDB"),
        **dict.fromkeys(("TTHJD", "HJDET"), "HJD-TT"),
        **dict.fromkeys(("HJDUT", "HJDUT1", "UTCHJD"), "HJD-UTC"),
        **dict.fromkeys(("HELIOCENTRICJULIANDATE",), "HJD"),
        **dict.fromkeys(("JDTT", "JDET", "JED"), "JD-TDB"),
        **dict.fromkeys(("JDUT", "JDUT1", "UTCJD", "UTC", "UT"), "JD-UTC"),
        **dict.fromkeys(("JULIANDATE",), "JD"),
        **dict.fromkeys(("HMJD", "MHJD"), "MJD"),
        **dict.fromkeys(("BMJDTDB", "MJDTDB", "BMJDTT", "MBJD", "MBJDTDB"), "BMJD"),
        **dict.fromkeys(("BKJDTDB", "KBJD", "KJD"), "BKJD"),
        **dict.fromkeys(("BTJDTDB", "TBJD", "TJD"), "BTJD"),
        **dict.fromkeys(("NAN", "NONE", "NULL", "NA", "UNKNOWN", "UNSPECIFIED"), ""),
    }
)
#: A zero point at the end of a spelling, as in BJD-2454833.
_ZERO_POINT = re.compile(r"^(.*[A-Z])(24\d{5}(?:\.\d+)?)$")
_MAX_WORD_LENGTH = 40


def find_time_reference(word: str) -> TimeReference:
    """Return what the time system of an epoch means.

    Parameters
    ----------
    word : str
        The system as published.

    Returns
    -------
    TimeReference
        Its meaning. A word that is not known here has the error of an epoch without a stated
        system, and a note that quotes it.

    Examples
    --------
    >>> find_time_reference("BJD-TBD") == find_time_reference("bjd (TDB)") == TIME_REFERENCES["BJD-TDB"]
    True
    """
    spelled = times.plain_spelling(word)
    if (name := SPELLINGS.get(spelled)) is not None:
        return TIME_REFERENCES[name]
    truncated = _ZERO_POINT.match(spelled)
    if truncated and (name := SPELLINGS.get(truncated[1])) is not None and not (meant := TIME_REFERENCES[name]).zero_days:
        return TimeReference(meant.is_utc, meant.error_seconds, meant.note, float(truncated[2]))
    quoted = " ".join(word.replace("|", "/").split())[:_MAX_WORD_LENGTH]
    return TimeReference(
        False,
        MAX_JD_ERROR_SECONDS,
        f"epoch in the time system '{quoted}', which is not known here; taken as BJD, could be 10 min off",
    )


def tdb_minus_utc(jd_utc: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return TDB - UTC, accurate to 2 ms.

    Parameters
    ----------
    jd_utc : ndarray
        Julian dates (UTC), any shape.

    Returns
    -------
    ndarray
        TDB - UTC [d], same shape. Dates before 1977 get the offset of that year.

    Examples
    --------
    >>> (86_400 * tdb_minus_utc(np.array([2_457_754.5]))).round(3).tolist()
    [69.184]
    """
    starts, offsets = (np.array(column, float) for column in zip(*LEAP_SECONDS, strict=True))
    index = np.clip(np.searchsorted(starts, jd_utc, "right") - 1, 0, None)
    return np.asarray((offsets[index] + TT_MINUS_TAI) / SECONDS_PER_DAY)


@dataclass(frozen=True)
class EpochCorrections:
    """Corrections of published epochs to BJD (TDB), one element per epoch.

    Attributes
    ----------
    shift_days : ndarray
        To add to the epoch [d], shape (n,).
    error_days : ndarray
        Error [d] that the epoch has besides its published one, shape (n,).
    notes : ndarray of object
        What was assumed, shape (n,); empty if nothing.
    """

    shift_days: NDArray[np.float64]
    error_days: NDArray[np.float64]
    notes: NDArray[np.object_]


def epoch_corrections(epochs: NDArray[np.float64], words: NDArray[np.object_]) -> EpochCorrections:
    """Return the corrections of epochs, each in its own time system.

    Parameters
    ----------
    epochs : ndarray, shape (n,)
        Epochs [d] as published.
    words : ndarray of object, shape (n,)
        Their time systems as published.

    Returns
    -------
    EpochCorrections
        The corrections.
    """
    shift, error, notes = np.zeros(len(epochs)), np.zeros(len(epochs)), np.full(len(epochs), "", object)
    for word in dict.fromkeys(str(w) for w in words):
        meant, here = find_time_reference(word), words == word
        days = np.where(epochs[here] < times.SMALLEST_JULIAN_DATE, meant.zero_days, 0.0)
        shift[here] = days + (tdb_minus_utc(epochs[here] + days) if meant.is_utc else 0.0)
        error[here], notes[here] = meant.error_seconds / SECONDS_PER_DAY, meant.note
    return EpochCorrections(shift, error, notes)
