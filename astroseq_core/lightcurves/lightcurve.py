"""The light curve of one observation, as it was read."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core import times
from astroseq_core.errors import (
    AllNaNError,
    DuplicateTimesError,
    EmptyLightCurveError,
    LightCurveError,
    MissingColumnError,
    TimeSystemError,
    TooShortError,
    UnsortedTimesError,
)
from astroseq_core.missions import Mission
from astroseq_core.targets import Target
from astroseq_core.times import TimeSystem

#: With fewer usable cadences no noise, trend or transit can be told.
MIN_CADENCES = 50


@dataclass(frozen=True)
class Provenance:
    """Where a light curve is from: ``name`` of the file or generator, SHA-256 of its bytes, and its version, where known."""

    name: str
    sha256: str = ""
    version: str = ""


@dataclass(frozen=True, eq=False)
class LightCurve:
    """One observation of one target: strictly increasing times, some fluxes possibly NaN.

    ``time`` [d, ``time_system``], ``flux`` and ``flux_err`` [any linear unit], ``quality`` [bits], all of shape (n,).
    ``instrument`` is the mission whose detector took it (for a simulated star: the one that it is seen as).
    ``flattened``: someone has already removed the trends.
    """

    target: Target
    observation: str
    time: NDArray[np.float64]
    flux: NDArray[np.float64]
    quality: NDArray[np.int64]
    time_system: TimeSystem
    instrument: Mission
    flux_err: NDArray[np.float64] | None = None
    author: str = ""
    flattened: bool = False
    provenance: Provenance = field(default_factory=lambda: Provenance("in memory"))

    @property
    def cadence_minutes(self) -> float:
        """Median spacing of the cadences [min]."""
        return float(np.median(np.diff(self.time)) * 1440.0)

    def usable(self) -> NDArray[np.bool_]:
        """Which cadences have a finite flux and none of the mission's default quality bits, shape (n,)."""
        good: NDArray[np.bool_] = np.isfinite(self.flux) & ((self.quality & self.instrument.quality_bitmask) == 0)
        return good


def make(
    *,
    target: Target,
    observation: str,
    time: Any,
    flux: Any,
    instrument: Mission,
    time_system: TimeSystem | None = None,
    flux_err: Any = None,
    quality: Any = None,
    author: str = "",
    flattened: bool = False,
    provenance: Provenance | None = None,
) -> LightCurve:
    """A checked light curve from arrays of any numeric type or byte order, masked or not.

    Cadences without a time are dropped; Julian dates over 2,400,000 are converted to the instrument's system; without
    ``time_system`` the instrument's is taken. Raises the LightCurveError, or TimeSystemError, that says what is wrong.
    """
    what = f"{observation} of {target}"
    t, f = _native(time, np.float64), _native(flux, np.float64)
    e = None if flux_err is None else _native(flux_err, np.float64)
    q = np.zeros(len(t), np.int64) if quality is None else _native(quality, np.int64)
    for name, column in (("flux", f), ("flux_err", e), ("quality", q)):
        if column is not None and column.shape != t.shape:
            raise MissingColumnError(f"{what}: {name} has {column.size} values and time has {t.size}; they must be as long.")
    if t.size == 0:
        raise EmptyLightCurveError(f"{what} has no cadences at all; the file is probably incomplete.")
    known = np.isfinite(t)
    t, f, q, e = t[known], f[known], q[known], None if e is None else e[known]
    if t.size == 0:
        raise AllNaNError(f"{what} has {known.size} cadences and not one finite time.")
    system = time_system or instrument.time_system
    if float(np.median(t)) > times.SMALLEST_JULIAN_DATE:
        system = instrument.time_system if system is TimeSystem.BJD or time_system is None else system
        t = times.convert(t, TimeSystem.BJD, system)
    elif system is TimeSystem.BJD:
        raise TimeSystemError(f"{what} is said to be in BJD, but its times are around {np.median(t):.1f}; say BKJD or BTJD.")
    times.check(t, system, what, instrument.data_bjd)
    step = np.diff(t)
    if (step < 0).any():
        raise UnsortedTimesError(f"{what}: time goes backwards after cadence {int(np.argmax(step < 0))}; sort the rows by time.")
    if (step == 0).any():
        raise DuplicateTimesError(f"{what}: {int((step == 0).sum())} times stand twice; keep one row for each cadence.")
    curve = LightCurve(
        target, observation, t, f, q, system, instrument, e, author, flattened, provenance or Provenance(observation)
    )
    usable = int(curve.usable().sum())
    if usable == 0:
        raise AllNaNError(f"{what}: none of its {t.size} cadences has a finite flux and passes the quality mask.")
    if usable < MIN_CADENCES:
        raise TooShortError(f"{what} has {usable} usable cadences; at least {MIN_CADENCES} are needed.")
    return curve


def _native(values: Any, dtype: type) -> NDArray[Any]:
    """A one-dimensional copy in native byte order; masked values become NaN, or 0 for integers."""
    if np.ma.isMaskedArray(values):
        masked: Any = values
        values = masked.astype(dtype).filled(np.nan if dtype is np.float64 else 0)
    try:
        array: NDArray[Any] = np.array(values, dtype=dtype, copy=True)
    except (TypeError, ValueError) as error:
        raise LightCurveError(f"A column holds something that is not a number ({error}).") from error
    if array.ndim != 1:
        raise MissingColumnError(f"A column has {array.ndim} dimensions; each must be a plain list of numbers.")
    return array
