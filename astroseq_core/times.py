"""Times in the missions' own systems, and instants that refuse to be mixed with those of another."""

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

    BKJD = BJD - 2454833 (Kepler and K2), BTJD = BJD - 2457000 (TESS); see the missions' archive manuals.
    """

    BJD = "BJD"
    BKJD = "BKJD"
    BTJD = "BTJD"

    @property
    def zero_bjd(self) -> float:
        """BJD [d] of this system's zero."""
        return _ZERO_BJD[self]

    @classmethod
    def parse(cls, name: object) -> "TimeSystem":
        """The system of that name, however it is spelt; raises TimeSystemError for any other."""
        try:
            return cls(str(name).strip().upper().replace("_TDB", ""))
        except ValueError:
            raise TimeSystemError(f"'{name}' is no time system known here; use BJD, BKJD (Kepler, K2) or BTJD (TESS).") from None


_ZERO_BJD = {TimeSystem.BJD: 0.0, TimeSystem.BKJD: 2_454_833.0, TimeSystem.BTJD: 2_457_000.0}


def convert(days: Any, source: TimeSystem, to: TimeSystem) -> Any:
    """The same times [d], number or array, in another system."""
    return days + (source.zero_bjd - to.zero_bjd)


def check(days: NDArray[np.float64], system: TimeSystem, what: str, limits_bjd: tuple[float, float] = PLAUSIBLE_BJD) -> None:
    """Raise TimeSystemError when finite ``days`` [d], shape (n,), of that system lie outside ``limits_bjd``."""
    finite = days[np.isfinite(days)]
    if finite.size == 0:
        return
    low, high = (bound - system.zero_bjd for bound in limits_bjd)
    if finite.min() < low or finite.max() > high:
        worst = finite.min() if finite.min() < low else finite.max()
        raise TimeSystemError(
            f"{what}: {worst:.3f} cannot be a {system} time in days; here they lie between {low:.0f} and {high:.0f}. "
            "Give the right time system, or convert seconds and MJD to days first."
        )


@dataclass(frozen=True, order=False)
class Instant:
    """One moment: ``days`` [d] in ``system``."""

    days: float
    system: TimeSystem

    def to(self, system: TimeSystem) -> "Instant":
        """The same moment in another system."""
        return Instant(convert(self.days, self.system, system), system)

    def within(self, system: TimeSystem) -> float:
        """The days [d] in ``system``; raises TimeSystemError when the instant is in another."""
        if self.system is not system:
            raise TimeSystemError(f"A {self.system} time was used where {system} is expected; convert it with .to({system}).")
        return self.days

    def __sub__(self, other: "Instant") -> float:
        """Days [d] from ``other`` to this one; raises TimeSystemError when the systems differ."""
        return self.days - other.within(self.system)

    def __lt__(self, other: "Instant") -> bool:
        return self.days < other.within(self.system)
