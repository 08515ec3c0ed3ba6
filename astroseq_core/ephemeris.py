"""Ephemerides: when transits are predicted, how sure that is, and which cadences they touch."""

import io
import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core import targets, times
from astroseq_core.errors import AstroSeqError, EphemerisError, TargetError
from astroseq_core.times import Instant, TimeSystem

HOURS_PER_DAY = 24.0
#: Dispositions of signals that are not planets: false positive, false alarm (TFOPWG's and the KOI table's words).
NOT_PLANETS = frozenset({"FP", "FA", "FALSE POSITIVE"})
#: A prediction whose one-sigma drift exceeds this part of the duration says nothing about single cadences any more.
MAX_DRIFT_OF_DURATION = 0.5

REQUIRED_COLUMNS = ("target_id", "name", "period_days", "t0", "t0_system", "duration_hours")


@dataclass(frozen=True)
class Transits:
    """Predicted transits, one element each: ``number`` (0 is the epoch's), ``mid`` [d] in ``system``, ``sigma_days``."""

    number: NDArray[np.int64]
    mid: NDArray[np.float64]
    sigma_days: NDArray[np.float64]
    system: TimeSystem

    def __len__(self) -> int:
        return len(self.number)


@dataclass(frozen=True)
class Ephemeris:
    """A signal that repeats, or a single transit (``period_days`` None).

    ``t0`` is a mid-transit, ``duration_hours`` the whole transit; ``t0_err`` and ``period_err`` [d] are one sigma, 0 where
    nothing was published.
    """

    target_id: str
    name: str
    t0: Instant
    period_days: float | None
    duration_hours: float
    depth_ppm: float | None = None
    t0_err: float = 0.0
    period_err: float = 0.0
    disposition: str = ""

    def __post_init__(self) -> None:
        if self.period_days is not None and not (math.isfinite(self.period_days) and self.period_days > 0):
            raise EphemerisError(f"{self.name}: the period must be a positive number of days, or empty for a single transit.")
        if not (math.isfinite(self.duration_hours) and self.duration_hours > 0):
            raise EphemerisError(f"{self.name}: the duration must be a positive number of hours.")
        if not math.isfinite(self.t0.days):
            raise EphemerisError(f"{self.name}: the epoch t0 is missing.")
        if self.period_days is not None and self.duration_days >= self.period_days:
            raise EphemerisError(f"{self.name}: a duration of {self.duration_hours} h is no shorter than the period.")

    @property
    def duration_days(self) -> float:
        """The whole transit's duration [d]."""
        return self.duration_hours / HOURS_PER_DAY

    @property
    def is_planet(self) -> bool:
        """False for what has been shown to be a false positive or a false alarm."""
        return self.disposition.strip().upper() not in NOT_PLANETS

    def drift_days(self, number: NDArray[np.int64] | int) -> NDArray[np.float64]:
        """One-sigma error [d] of the mid-times of those transit numbers: hypot(t0_err, n * period_err), same shape."""
        return np.hypot(self.t0_err, np.abs(number) * self.period_err)

    def transits(self, start: float, stop: float, system: TimeSystem) -> Transits:
        """The predicted transits that touch ``start`` to ``stop`` [d], in ``system``."""
        t0, half = self.t0.to(system).days, self.duration_days / 2
        if self.period_days is None:
            number = np.zeros(int(start - half <= t0 <= stop + half), dtype=np.int64)
            mid = np.full(len(number), t0)
        else:
            first = math.ceil((start - half - t0) / self.period_days)
            last = math.floor((stop + half - t0) / self.period_days)
            number = np.arange(first, last + 1, dtype=np.int64)
            mid = t0 + number * self.period_days
        return Transits(number, mid, self.drift_days(number), system)

    def trusted(self, transits: Transits) -> NDArray[np.bool_]:
        """Which of them have drifted by less than half a duration (one sigma), shape (len(transits),)."""
        return transits.sigma_days < MAX_DRIFT_OF_DURATION * self.duration_days

    def phase_days(self, time: NDArray[np.float64], system: TimeSystem) -> NDArray[np.float64]:
        """Days from the nearest predicted mid-transit, in [-period/2, period/2), shape of ``time``."""
        since = time - self.t0.to(system).days
        if self.period_days is None:
            return since
        # np.mod can round up to the period itself for a tiny negative argument, hence the second fold
        folded = np.mod(since + self.period_days / 2, self.period_days) - self.period_days / 2
        return np.where(folded >= self.period_days / 2, -self.period_days / 2, folded)

    def in_transit(self, time: NDArray[np.float64], system: TimeSystem, widen: float = 1.0) -> NDArray[np.bool_]:
        """Which times [d] lie within ``widen`` durations centred on a predicted transit, shape of ``time``."""
        return np.abs(self.phase_days(time, system)) <= widen * self.duration_days / 2


@dataclass(frozen=True)
class RowProblem:
    """A row of a table that could not be used: the star it names ("" where it names none), where it stands, and why."""

    target_id: str
    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


@dataclass(frozen=True)
class EphemerisTable:
    """The ephemerides of a table, and each row that could not be used."""

    ephemerides: tuple[Ephemeris, ...]
    problems: tuple[RowProblem, ...] = ()

    def of(self, target_id: str) -> tuple[Ephemeris, ...]:
        """Those of one target, in the table's order."""
        return tuple(e for e in self.ephemerides if e.target_id == target_id)


def read_table(path: Path) -> EphemerisTable:
    """The ephemerides of a CSV in the design's table form.

    Raises EphemerisError when the file cannot be read or lacks a column; a row that cannot be used is reported in
    ``problems`` instead, by its line number.
    """
    import pandas as pd

    try:
        with path.open(encoding="utf-8") as file:
            # only whole lines are comments: "EPIC 210490365 #1" is a name
            text = "".join(line for line in file if not line.startswith("#"))
        frame = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise EphemerisError(f"There is no ephemerides table {path}.") from None
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise EphemerisError(f"{path.name} cannot be read as a CSV table of ephemerides ({error}).") from error
    missing = [c for c in REQUIRED_COLUMNS if c not in frame.columns]
    if missing:
        raise EphemerisError(f"{path.name} lacks the columns {', '.join(missing)}; it needs {','.join(REQUIRED_COLUMNS)}.")
    good: list[Ephemeris] = []
    problems: list[RowProblem] = []
    for line, row in enumerate(frame.to_dict("records"), start=2):
        try:
            good.append(_from_row({str(k): str(v).strip() for k, v in row.items()}))
        except (AstroSeqError, ValueError) as error:
            problems.append(RowProblem(_star_of(row), f"{path.name}, line {line}", str(error)))
    return EphemerisTable(tuple(good), tuple(problems))


def _star_of(row: dict[Hashable, Any]) -> str:
    """The target that a row names, "" where it names none."""
    try:
        return targets.parse_star(str(row["target_id"])).id
    except TargetError:
        return ""


def _number(row: dict[str, str], column: str) -> float | None:
    text = row.get(column, "")
    if text.lower() in {"", "nan", "none", "null"}:
        return None
    try:
        return float(text)
    except ValueError:
        raise EphemerisError(f"{column} is '{text}', not a number.") from None


def _from_row(row: dict[str, str]) -> Ephemeris:
    target = targets.parse_star(row["target_id"])
    system = TimeSystem.parse(row["t0_system"])
    t0, duration, period = _number(row, "t0"), _number(row, "duration_hours"), _number(row, "period_days")
    if t0 is None:
        raise EphemerisError(f"{row['name']}: the epoch t0 is missing.")
    if duration is None:
        raise EphemerisError(f"{row['name']}: the duration is missing, so no transit can be predicted.")
    times.check(np.array([t0]), system, f"{row['name']}: t0")
    return Ephemeris(
        target_id=target.id,
        name=row["name"] or target.id,
        t0=Instant(t0, system),
        period_days=period or None,
        duration_hours=duration,
        depth_ppm=_number(row, "depth_ppm"),
        t0_err=_number(row, "t0_err") or 0.0,
        period_err=_number(row, "period_err") or 0.0,
        disposition=row.get("disposition", ""),
    )


def any_in_transit(
    ephemerides: Iterable[Ephemeris], time: NDArray[np.float64], system: TimeSystem, widen: float = 1.0
) -> NDArray[np.bool_]:
    """Which times [d] lie within ``widen`` durations centred on a predicted transit of any of them, shape of ``time``."""
    mask = np.zeros(len(time), dtype=bool)
    for ephemeris in ephemerides:
        mask |= ephemeris.in_transit(time, system, widen)
    return mask
