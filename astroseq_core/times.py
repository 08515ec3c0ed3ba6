"""Time systems of the missions, and instants that cannot be mixed across systems by accident."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import TimeSystemError

#: Beyond this, a time in days can only be a Julian date (it is 1858-11-17 plus the 2.4 million days of MJD's zero point).
SMALLEST_JULIAN_DATE = 2_400_000.0

#: No mission here took data outside these years, with room for predictions: BJD of 1980-01-01 and of 2080-01-01.
PLAUSIBLE_BJD = (2_444_239.5, 2_480_764.5)


class TimeSystem(StrEnum):
    """A system of barycentric days (TDB).

    BKJD = BJD - 2454833 (Kepler and K2), BTJD = BJD - 2457000 (TESS); see the missions' archive
    manuals.
    """

    BJD = "BJD"
    BKJD = "BKJD"
    BTJD = "BTJD"

    @property
    def zero_bjd(self) -> float:
        """Zero point of the system as a Barycentric Julian Date [d]."""
        return _ZERO_BJD[self]

    @classmethod
    def parse(cls, name: object) -> "TimeSystem":
        """Return the time system with the given name.

        Case, what separates the parts of the name, and a stated TDB do not matter.

        Parameters
        ----------
        name : object
            Name of the system, such as "BTJD" or "bjd_tdb".

        Returns
        -------
        TimeSystem
            The system.

        Raises
        ------
        TimeSystemError
            If no system has that name.

        Examples
        --------
        >>> TimeSystem.parse(" btjd_tdb "), TimeSystem.parse("BJD (TDB)"), TimeSystem.parse("BJD - 2457000")
        (<TimeSystem.BTJD: 'BTJD'>, <TimeSystem.BJD: 'BJD'>, <TimeSystem.BTJD: 'BTJD'>)
        """
        found = _SPELLINGS.get(plain_spelling(name))
        if found is None:
            shown = " ".join(str(name).split())[:_MAX_NAME_LENGTH]
            raise TimeSystemError(f"'{shown}' is no time system known here; use BJD, BKJD (Kepler, K2) or BTJD (TESS).")
        return found


def plain_spelling(name: object) -> str:
    """Return the name of a time system in capitals, without what separates its parts.

    The typo TBD, which the NASA Exoplanet Archive publishes, is read as TDB.

    Parameters
    ----------
    name : object
        A name such as "BJD_TDB", "BJD (TDB)" or "BJD - 2457000.0".

    Returns
    -------
    str
        Its letters, digits and decimal point.

    Examples
    --------
    >>> plain_spelling("bjd-tbd"), plain_spelling("BJD - 2457000.0")
    ('BJDTDB', 'BJD2457000')
    """
    letters = re.sub(r"[^A-Z0-9.]", "", str(name).upper())
    return re.sub(r"\.0*$", "", letters).replace("TBD", "TDB")


_SPELLINGS = {
    **dict.fromkeys(("BJD", "BJDTDB", "TDB", "TDBBJD"), TimeSystem.BJD),
    **dict.fromkeys(("BKJD", "BKJDTDB", "BJD2454833", "BJDTDB2454833"), TimeSystem.BKJD),
    **dict.fromkeys(("BTJD", "BTJDTDB", "BJD2457000", "BJDTDB2457000"), TimeSystem.BTJD),
}
_MAX_NAME_LENGTH = 40
_ZERO_BJD = {TimeSystem.BJD: 0.0, TimeSystem.BKJD: 2_454_833.0, TimeSystem.BTJD: 2_457_000.0}


def convert(days: Any, source: TimeSystem, to: TimeSystem) -> Any:
    """Convert times from one time system to another.

    Parameters
    ----------
    days : object
        Time or array of times [d].
    source : TimeSystem
        System that `days` are in.
    to : TimeSystem
        System to convert to.

    Returns
    -------
    object
        The same times [d] in the other system, shape of `days`.

    Examples
    --------
    >>> convert(1325.5, TimeSystem.BTJD, TimeSystem.BKJD)
    3492.5
    """
    return days + (source.zero_bjd - to.zero_bjd)


def check(days: NDArray[np.float64], system: TimeSystem, what: str, limits_bjd: tuple[float, float] = PLAUSIBLE_BJD) -> None:
    """Check that times are plausible for the time system they are said to be in.

    Times that are not finite are ignored.

    Parameters
    ----------
    days : ndarray
        Times [d], shape (n,).
    system : TimeSystem
        System that the times are said to be in.
    what : str
        What the times are; the error message begins with it.
    limits_bjd : tuple of (float, float), optional
        Earliest and latest plausible time, as BJD [d].

    Raises
    ------
    TimeSystemError
        If a time lies outside the limits.
    """
    finite = days[np.isfinite(days)]
    if finite.size == 0:
        return
    low, high = (bound - system.zero_bjd for bound in limits_bjd)
    if finite.min() < low or finite.max() > high:
        worst = finite.min() if finite.min() < low else finite.max()
        shown = f"{worst:.3f}" if abs(worst) < 1e10 else f"{worst:.3g}"
        raise TimeSystemError(
            f"{what}: {shown} cannot be a {system} time in days; here they lie between {low:.0f} and {high:.0f}. "
            "Give the right time system, or convert seconds and MJD to days first."
        )


@dataclass(frozen=True, order=False)
class Instant:
    """One moment in a given time system.

    Attributes
    ----------
    days : float
        Time [d] in `system`.
    system : TimeSystem
        Time system of `days`.
    """

    days: float
    system: TimeSystem

    def to(self, system: TimeSystem) -> "Instant":
        """Return the same moment in another time system.

        Parameters
        ----------
        system : TimeSystem
            System to convert to.

        Returns
        -------
        Instant
            The moment in that system.
        """
        return Instant(convert(self.days, self.system, system), system)

    def days_in(self, system: TimeSystem) -> float:
        """Return the time in days, insisting on the time system.

        Parameters
        ----------
        system : TimeSystem
            System that the caller expects.

        Returns
        -------
        float
            Time [d] in `system`.

        Raises
        ------
        TimeSystemError
            If the instant is in another system.
        """
        if self.system is not system:
            raise TimeSystemError(f"A {self.system} time was used where {system} is expected; convert it with .to({system}).")
        return self.days

    def __sub__(self, other: "Instant") -> float:
        """Return the time [d] from `other` to this instant.

        Parameters
        ----------
        other : Instant
            Instant in the same time system.

        Returns
        -------
        float
            Difference [d], positive where this instant is later.

        Raises
        ------
        TimeSystemError
            If the two systems differ.
        """
        return self.days - other.days_in(self.system)

    def __lt__(self, other: "Instant") -> bool:
        return self.days < other.days_in(self.system)
