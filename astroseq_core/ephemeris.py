"""Ephemerides: predicted transits, their uncertainty, and the cadences in transit."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from astroseq_core import targets, times
from astroseq_core.disposition_codes import FALSE_DISPOSITIONS
from astroseq_core.errors import EphemerisError
from astroseq_core.times import Instant, TimeSystem

HOURS_PER_DAY = 24.0
#: Dispositions of signals that are not planets: false positive, false alarm (TFOPWG's and the KOI table's words).
NOT_PLANETS = frozenset({*FALSE_DISPOSITIONS, "FALSE POSITIVE"})
#: Where an ephemeris is from: a catalog, the period that the star score folds at, the search for signals, numbers that a person
#: typed in, or a transit fit.
CATALOG, FOLD, SEARCH, PERSON, FIT = SOURCES = ("catalogue", "fold", "search", "person", "fit")
#: Beyond this one-sigma timing error, as a fraction of the duration, a prediction no longer labels single cadences.
MAX_DRIFT_OF_DURATION = 0.5

#: Shortest and longest period [d]. No two stars are known to orbit each other in less than 5.4 minutes (HM Cancri), and no
#: catalog has a transiting planet of more than 400 years.
MIN_PERIOD_DAYS, MAX_PERIOD_DAYS = 0.002, 1e6
#: Depth [ppm] of an event that takes all light.
ALL_LIGHT_PPM = 1e6
#: Most transits that are predicted at once: four years of an orbit of 21 minutes.
MAX_TRANSITS = 100_000
#: An orbit must last at least this many cadences, or its transits cannot be told apart.
MIN_CADENCES_PER_ORBIT = 2.0


@dataclass(frozen=True)
class Transits:
    """Predicted transits; the arrays have one element per transit.

    Attributes
    ----------
    number : ndarray
        Transit number, shape (n,); 0 is the transit at the epoch.
    mid : ndarray
        Mid-transit times [d] in `system`, shape (n,).
    sigma_days : ndarray
        One-sigma errors of the mid-transit times [d], shape (n,).
    system : TimeSystem
        Time system of `mid`.
    """

    number: NDArray[np.int64]
    mid: NDArray[np.float64]
    sigma_days: NDArray[np.float64]
    system: TimeSystem

    def __len__(self) -> int:
        return len(self.number)


@dataclass(frozen=True)
class Ephemeris:
    """Linear ephemeris of a periodic signal, or of a single transit.

    Attributes
    ----------
    target_id : str
        Identifier of the star.
    name : str
        Name of the signal.
    t0 : Instant
        Epoch: the time of one mid-transit.
    period_days : float or None
        Period [d]; None for a single transit.
    duration_hours : float
        Duration from first to last contact [h].
    depth_ppm : float or None
        Depth [ppm]; None if unknown.
    t0_err : float
        One-sigma error of the epoch [d]; 0 if none was published.
    period_err : float
        One-sigma error of the period [d]; 0 if none was published.
    disposition : str
        Disposition in the words of its source; "" if unknown.

    Raises
    ------
    EphemerisError
        If a value is missing or impossible, such as a period of 0, a depth below 0 or an infinite
        error. Of an error below 0 the magnitude is taken; NaN stands for an unknown error or depth.
    TimeSystemError
        If the epoch is no time in its system.
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
        name = self._short_name
        read = {field: self._read_number(field, what) for field, what in _NUMBER_FIELDS.items()}
        t0 = self._read_number("t0", "epoch")
        if t0 is None or not math.isfinite(t0):
            raise EphemerisError(f"{name}: the epoch t0 is missing; give a time in days.")
        times.check(np.array([t0]), self.t0.system, f"{name}: t0")
        period, duration, depth = read["period_days"], read["duration_hours"], read["depth_ppm"]
        if period is not None and not (math.isfinite(period) and period > 0):
            raise EphemerisError(f"{name}: the period must be a positive number of days, or empty for a single transit.")
        if period is not None and not MIN_PERIOD_DAYS <= period <= MAX_PERIOD_DAYS:
            limits = f"{MIN_PERIOD_DAYS:g} and {MAX_PERIOD_DAYS:,.0f}"
            raise EphemerisError(f"{name}: a period of {period:g} d cannot be; it must lie between {limits} days.")
        if duration is None or not (math.isfinite(duration) and duration > 0):
            raise EphemerisError(f"{name}: the duration must be a positive number of hours.")
        if period is not None and duration / HOURS_PER_DAY >= period:
            raise EphemerisError(f"{name}: a duration of {duration:g} h is no shorter than the period of {period:g} d.")
        if depth is not None and not math.isnan(depth) and not 0 < depth <= ALL_LIGHT_PPM:
            advice = "give one above 0 and up to 1,000,000 ppm, or none if unknown"
            raise EphemerisError(f"{name}: a depth of {depth:g} ppm cannot be; {advice}.")
        read["depth_ppm"] = None if depth is None or math.isnan(depth) else depth
        for field in ("t0_err", "period_err"):
            error, what = read[field], _NUMBER_FIELDS[field]
            if error is not None and math.isinf(error):
                raise EphemerisError(f"{name}: an infinite {what} says nothing; give a number of days, or none if unknown.")
            if error is not None and abs(error) > MAX_PERIOD_DAYS:  # its multiples by transit numbers must stay finite
                advice = f"give one up to {MAX_PERIOD_DAYS:,.0f} days, or none if unknown"
                raise EphemerisError(f"{name}: an {what} of {abs(error):g} d cannot be; {advice}.")
            read[field] = 0.0 if error is None or math.isnan(error) else abs(error)
        if type(self.t0.days) is not type(t0):  # a text, or a number of another library
            object.__setattr__(self, "t0", Instant(t0, self.t0.system))
        for field, value in read.items():
            object.__setattr__(self, field, value)

    def _read_number(self, field: str, what: str) -> float | None:
        value = self.t0.days if field == "t0" else getattr(self, field)
        try:
            return None if value is None else float(value)
        except (TypeError, ValueError, OverflowError):
            raise EphemerisError(f"{self._short_name}: the {what} is {shorten(value)!r}, which is not a number.") from None

    @classmethod
    def from_values(
        cls,
        target_id: str,
        t0: float,
        period_days: float | None,
        duration_hours: float,
        *,
        t0_system: str = "BJD",
        name: str = "signal",
        depth_ppm: float | None = None,
        t0_err: float = 0.0,
        period_err: float = 0.0,
    ) -> "Ephemeris":
        """Make an ephemeris from plain values and check it.

        Parameters
        ----------
        target_id : str
            Identifier of the star.
        t0 : float
            Epoch: the time of one mid-transit [d].
        period_days : float or None
            Period [d]; None for a single transit.
        duration_hours : float
            Duration from first to last contact [h].
        t0_system : str, optional
            Time system of `t0`: BJD, BKJD or BTJD.
        name : str, optional
            Name of the signal.
        depth_ppm : float or None, optional
            Depth [ppm].
        t0_err : float, optional
            One-sigma error of the epoch [d].
        period_err : float, optional
            One-sigma error of the period [d].

        Returns
        -------
        Ephemeris
            The ephemeris.

        Raises
        ------
        EphemerisError
            If a value is impossible.
        TargetError
            If the target is unknown.
        TimeSystemError
            If `t0` is no time in its system.

        Examples
        --------
        >>> Ephemeris.from_values("TIC 261136679", 1325.504, 6.268, 3.0, t0_system="BTJD").t0
        Instant(days=1325.504, system=<TimeSystem.BTJD: 'BTJD'>)
        """
        epoch = Instant(t0, TimeSystem.parse(t0_system))
        star = targets.parse_star(target_id).id
        return cls(star, name, epoch, period_days, duration_hours, depth_ppm, t0_err, period_err)

    @property
    def _short_name(self) -> str:
        return shorten(self.name)

    @property
    def duration_days(self) -> float:
        """Duration from first to last contact [d]."""
        return self.duration_hours / HOURS_PER_DAY

    @property
    def is_planet(self) -> bool:
        """Whether the signal is not known to be a false positive or a false alarm."""
        return self.disposition.strip().upper() not in NOT_PLANETS

    def shifted(self, phase: float) -> "Ephemeris":
        """Return the ephemeris with its epoch moved by a fraction of the period.

        Parameters
        ----------
        phase : float
            Fraction of the period; whole numbers count transits.

        Returns
        -------
        Ephemeris
            The ephemeris, otherwise unchanged.

        Raises
        ------
        EphemerisError
            If it is a single transit.

        Examples
        --------
        >>> Ephemeris.from_values("TIC 1", 2458330.25, 4.0, 2.0).shifted(0.5).t0.days
        2458332.25
        """
        if self.period_days is None:
            raise EphemerisError(f"{self._short_name} is a single transit and has no phase; give its epoch instead.")
        return replace(self, t0=Instant(self.t0.days + phase * self.period_days, self.t0.system))

    def drift_days(self, number: NDArray[np.int64] | int) -> NDArray[np.float64]:
        """Return the one-sigma errors of predicted mid-transit times.

        The errors of epoch and period are added in quadrature: hypot(t0_err, n * period_err).

        Parameters
        ----------
        number : ndarray or int
            Transit numbers n counted from the epoch.

        Returns
        -------
        ndarray
            Errors [d], shape of `number`.
        """
        return np.hypot(self.t0_err, np.abs(number) * self.period_err)

    def transits(self, start: float, stop: float, system: TimeSystem) -> Transits:
        """Predict the transits that overlap a time interval.

        Parameters
        ----------
        start : float
            Begin of the interval [d].
        stop : float
            End of the interval [d].
        system : TimeSystem
            Time system of the interval and of the result.

        Returns
        -------
        Transits
            Transits in order of time; empty if none overlaps the interval.

        Raises
        ------
        EphemerisError
            If the interval is not finite, or they would be more than `MAX_TRANSITS`.
        """
        if not (math.isfinite(start) and math.isfinite(stop)):
            raise EphemerisError(f"{self._short_name}: transits are predicted between two times, not from {start:g} to {stop:g}.")
        t0, half = self.t0.to(system).days, self.duration_days / 2
        if self.period_days is None:
            number = np.zeros(int(start - half <= t0 <= stop + half), dtype=np.int64)
            mid = np.full(len(number), t0)
        else:
            first = math.ceil((start - half - t0) / self.period_days)
            last = math.floor((stop + half - t0) / self.period_days)
            if last - first >= MAX_TRANSITS:
                raise EphemerisError(
                    f"{self._short_name}: a period of {self.period_days:g} d would have {last - first + 1:,} transits in "
                    f"{stop - start:,.0f} days, and {MAX_TRANSITS:,} are the most; check the period."
                )
            number = np.arange(first, last + 1, dtype=np.int64)
            mid = t0 + number * self.period_days
        return Transits(number, mid, self.drift_days(number), system)

    def why_unusable(self, start: float, stop: float, system: TimeSystem, cadence_minutes: float) -> str:
        """Return why transits cannot be predicted within observations.

        Parameters
        ----------
        start : float
            Begin of the observations [d].
        stop : float
            End of the observations [d].
        system : TimeSystem
            Time system of both.
        cadence_minutes : float
            Shortest time between their cadences [min].

        Returns
        -------
        str
            One sentence; empty if they can.

        Examples
        --------
        >>> e = Ephemeris("TIC 1", "b", Instant(1500.0, TimeSystem.BTJD), 0.01, 0.1)
        >>> e.why_unusable(1500.0, 1527.0, TimeSystem.BTJD, 30.0)
        'b: its period of 0.01 d is shorter than two cadences of 30 min; check the period.'
        """
        if self.period_days is None:
            return ""
        if self.period_days * HOURS_PER_DAY * 60 < MIN_CADENCES_PER_ORBIT * cadence_minutes:
            what = f"its period of {self.period_days:g} d is shorter than two cadences of {cadence_minutes:g} min"
            return f"{self._short_name}: {what}; check the period."
        try:
            self.transits(start, stop, system)
        except EphemerisError as error:
            return str(error)
        return ""

    def well_predicted(self, transits: Transits) -> NDArray[np.bool_]:
        """Return which predicted transits are still well timed.

        A prediction is trusted while its one-sigma timing error is below half a transit duration.

        Parameters
        ----------
        transits : Transits
            Predicted transits of this ephemeris.

        Returns
        -------
        ndarray
            True for the trusted ones, shape (len(transits),).
        """
        return transits.sigma_days < MAX_DRIFT_OF_DURATION * self.duration_days

    def phase_days(self, time: NDArray[np.float64], system: TimeSystem) -> NDArray[np.float64]:
        """Return the time from the nearest predicted mid-transit.

        Parameters
        ----------
        time : ndarray
            Times [d], shape (n,).
        system : TimeSystem
            Time system of `time`.

        Returns
        -------
        ndarray
            Offsets [d] in [-period/2, period/2), shape (n,). For a single transit the time since
            the epoch.

        Examples
        --------
        >>> e = Ephemeris("TIC 1", "b", Instant(2.0, TimeSystem.BTJD), 4.0, 3.0)
        >>> e.phase_days(np.array([2.0, 3.0, 4.0, 5.0]), TimeSystem.BTJD).tolist()
        [0.0, 1.0, -2.0, -1.0]
        """
        since = time - self.t0.to(system).days
        if self.period_days is None:
            return since
        # np.mod can round up to the period itself for a tiny negative argument, hence the second fold
        folded = np.mod(since + self.period_days / 2, self.period_days) - self.period_days / 2
        return np.where(folded >= self.period_days / 2, -self.period_days / 2, folded)

    def in_transit(self, time: NDArray[np.float64], system: TimeSystem, widen: float = 1.0) -> NDArray[np.bool_]:
        """Return which times are in transit.

        Parameters
        ----------
        time : ndarray
            Times [d], shape (n,).
        system : TimeSystem
            Time system of `time`.
        widen : float, optional
            Width of the window around each mid-transit, in transit durations.

        Returns
        -------
        ndarray
            True in transit, shape (n,).
        """
        return np.abs(self.phase_days(time, system)) <= widen * self.duration_days / 2


#: Numbers of an ephemeris besides the epoch, and what they are.
_NUMBER_FIELDS = {
    "period_days": "period",
    "duration_hours": "duration",
    "depth_ppm": "depth",
    "t0_err": "error of the epoch",
    "period_err": "error of the period",
}
_MAX_SHOWN = 40


def shorten(value: object) -> str:
    """Return a value as a text on one line that fits into a sentence.

    Parameters
    ----------
    value : object
        The value.

    Returns
    -------
    str
        The text, at most 40 characters and an ellipsis.
    """
    text = " ".join(str(value).split())
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"


def any_in_transit(
    ephemerides: Iterable[Ephemeris], time: NDArray[np.float64], system: TimeSystem, widen: float = 1.0
) -> NDArray[np.bool_]:
    """Return which times are in transit of any of several signals.

    Parameters
    ----------
    ephemerides : iterable of Ephemeris
        The signals.
    time : ndarray
        Times [d], shape (n,).
    system : TimeSystem
        Time system of `time`.
    widen : float, optional
        Width of the window around each mid-transit, in transit durations.

    Returns
    -------
    ndarray
        True in transit, shape (n,).
    """
    mask = np.zeros(len(time), dtype=bool)
    for ephemeris in ephemerides:
        mask |= ephemeris.in_transit(time, system, widen)
    return mask
