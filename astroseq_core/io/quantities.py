"""Times and fluxes of light-curve files: from the days and units that they are written in to days and linear flux."""

import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from astroseq_core import times
from astroseq_core.errors import LightCurveError, TimeSystemError
from astroseq_core.io.conventions import (
    ABOUT_ZERO,
    DAY_NAMES,
    FLUX_UNITS,
    LEAP_SECONDS,
    REFERENCE_KEYWORDS,
    SUBTRACTED_MEDIAN,
    SURELY_PPM,
    TDB_MINUS_TAI_SECONDS,
    TIME_SYSTEM_KEYWORDS,
    TIME_UNITS,
    FluxUnit,
)
from astroseq_core.missions import Mission
from astroseq_core.times import TimeSystem

FloatColumn = NDArray[np.float64]


class TimeReference(NamedTuple):
    """Zero point and time scale of times in days.

    Attributes
    ----------
    zero_bjd : float
        Zero point [BJD].
    is_utc : bool
        Whether the days are of UTC rather than TDB.
    """

    zero_bjd: float
    is_utc: bool = False


_DAYS = re.compile(rf"(?<![A-Z])({'|'.join(sorted(DAY_NAMES, key=len, reverse=True))})(?![A-Z])")
_ZERO = re.compile(r"[-−–]\s*(2,?4\d\d,?\d{3}(?:\.\d+)?)")
_UTC = re.compile(r"(?<![A-Z])UTC?(?![A-Z])")


def parse_time_reference(text: str) -> TimeReference | None:
    """Return what a unit, a column name or a comment says of the days.

    Heliocentric days count as barycentric ones, from which they differ by 4 s at most.

    Parameters
    ----------
    text : str
        The text.

    Returns
    -------
    TimeReference or None
        Zero point and time scale; None if the text names no days.

    Examples
    --------
    >>> parse_time_reference("BJD - 2457000, days")
    TimeReference(zero_bjd=2457000.0, is_utc=False)
    >>> parse_time_reference("HJD_UTC")
    TimeReference(zero_bjd=0.0, is_utc=True)
    >>> parse_time_reference("d") is None
    True
    """
    clean = text.strip().upper().replace("_", " ")
    found = _DAYS.search(clean)
    if found is None:
        return None
    zero = _ZERO.search(clean, found.end())
    return TimeReference(float(zero[1].replace(",", "")) if zero else DAY_NAMES[found[1]], bool(_UTC.search(clean)))


def time_reference_of(header: Mapping[str, object], unit: str = "", column: str = "") -> TimeReference | None:
    """Return what a table says of its times: the header's zero point, else the unit, the column's name or TIMESYS.

    Parameters
    ----------
    header : mapping
        Keywords of the table.
    unit : str, optional
        Unit of the time column.
    column : str, optional
        Name of the time column.

    Returns
    -------
    TimeReference or None
        Zero point and time scale; None if it says nothing.
    """
    texts = _time_texts(header, unit, column)
    said = next((found for text in texts if (found := parse_time_reference(text)) is not None), None)
    is_utc = says_utc(header, unit, column)
    for keyword, base in REFERENCE_KEYWORDS.items():
        whole, rest = header.get(f"{keyword}I", header.get(keyword)), header.get(f"{keyword}F")
        if isinstance(whole, int | float) and not isinstance(whole, bool):
            return TimeReference(base + whole + (float(rest) if isinstance(rest, int | float) else 0.0), is_utc)
    return None if said is None else TimeReference(said.zero_bjd, is_utc)


def says_utc(header: Mapping[str, object], unit: str = "", column: str = "") -> bool:
    """Return whether a table says that its times are of UTC.

    Parameters
    ----------
    header : mapping
        Keywords of the table.
    unit : str, optional
        Unit of the time column.
    column : str, optional
        Name of the time column.

    Returns
    -------
    bool
        True if it does.
    """
    return any(_UTC.search(text.upper().replace("_", " ")) for text in _time_texts(header, unit, column))


def _time_texts(header: Mapping[str, object], unit: str, column: str) -> list[str]:
    return [unit, column, *(str(header.get(key) or "") for key in TIME_SYSTEM_KEYWORDS)]


def to_time_system(
    days: FloatColumn, reference: TimeReference | None, *, is_utc: bool = False
) -> tuple[FloatColumn, TimeSystem | None]:
    """Return times in one of the known time systems.

    Julian dates are recognized by their size, whatever the file says. Days of UTC become days of TDB.

    Parameters
    ----------
    days : ndarray, shape (n,)
        Times [d].
    reference : TimeReference or None
        What the file says of them; None if it says nothing.
    is_utc : bool, optional
        Whether Julian dates are of UTC where there is no reference.

    Returns
    -------
    tuple of (ndarray, TimeSystem or None)
        The times [d] and their system; None where neither the file nor the numbers say it.
    """
    finite = days[np.isfinite(days)]
    if finite.size and float(np.median(finite)) > times.SMALLEST_JULIAN_DATE:
        reference = TimeReference(0.0, reference.is_utc if reference is not None else is_utc)
    if reference is None:
        return days, None
    if reference.is_utc:
        days = days + _tdb_minus_utc_days(days + reference.zero_bjd)
    system = next((s for s in TimeSystem if s.zero_bjd == reference.zero_bjd), None)
    return (days, system) if system is not None else (days + reference.zero_bjd, TimeSystem.BJD)


def _tdb_minus_utc_days(julian: FloatColumn) -> FloatColumn:
    """Return TDB - UTC [d] at Julian dates of UTC."""
    since = np.array([day for day, _ in LEAP_SECONDS])
    leap = np.array([seconds for _, seconds in LEAP_SECONDS])
    seconds: FloatColumn = leap[np.clip(np.searchsorted(since, julian, "right") - 1, 0, None)] + TDB_MINUS_TAI_SECONDS
    return seconds / 86400.0


def days_per_unit(unit: str) -> float:
    """Return the days of a unit of time.

    Parameters
    ----------
    unit : str
        The unit, such as "s"; anything that is no unit of time counts as days.

    Returns
    -------
    float
        Its length [d].
    """
    return TIME_UNITS.get(unit.strip().lower(), 1.0)


def check_plain_days(days: FloatColumn, mission: Mission, what: str) -> None:
    """Check times of which the file says nothing: they must be the mission's own days.

    Parameters
    ----------
    days : ndarray, shape (n,)
        Times [d].
    mission : Mission
        The mission that took the data.
    what : str
        What the times are; the error message begins with it.

    Raises
    ------
    TimeSystemError
        If they are not the mission's own days but could be days of another kind.
    """
    finite = days[np.isfinite(days)]
    if finite.size == 0:
        return
    middle = float(np.median(finite))
    first, last = mission.data_bjd
    could_be = [name for name, zero in DAY_NAMES.items() if first <= middle + zero <= last]
    if could_be and str(mission.time_system) not in could_be:
        names = [name for name in ("BTJD", "BKJD", "MJD", "RJD") if name in could_be]
        rjd = " (RJD is BJD - 2400000)" if "RJD" in names else ""
        raise TimeSystemError(
            f"{what}: {middle:.3f} is no {mission.time_system} time of {mission.name}; it could be {' or '.join(names)}{rjd}, so "
            f"say which: TIMESYS in the header of a FITS, the array time_system of an .npz, or a line # time_system: {names[0]}."
        )


def flux_unit(text: str) -> FluxUnit | None:
    """Return what a unit of flux means.

    Parameters
    ----------
    text : str
        The unit.

    Returns
    -------
    FluxUnit or None
        Its meaning; None if there is no unit.

    Examples
    --------
    >>> flux_unit("electron / s"), flux_unit("ppm"), flux_unit("")
    (FluxUnit(kind='linear', factor=1.0), FluxUnit(kind='relative', factor=1e-06), None)
    """
    clean = text.lower().replace(" ", "")
    return FLUX_UNITS.get(clean, FluxUnit("linear")) if clean else None


def to_linear_flux(
    flux: FloatColumn, error: FloatColumn | None, unit: FluxUnit | None, what: str
) -> tuple[FloatColumn, FloatColumn | None]:
    """Return flux that is proportional to the light, and its errors.

    Magnitudes become flux about one. A relative flux about zero, from which the median was subtracted,
    becomes one about one. Without a unit, the numbers must tell.

    Parameters
    ----------
    flux : ndarray, shape (n,)
        Fluxes or magnitudes.
    error : ndarray of shape (n,), or None
        Their errors.
    unit : FluxUnit or None
        What the unit means; None if there is none.
    what : str
        What the fluxes are; the error message begins with it.

    Returns
    -------
    tuple of (ndarray, ndarray or None)
        Flux and errors in one linear unit.

    Raises
    ------
    LightCurveError
        If the fluxes lie about zero, have no unit, and are too large to be relative.

    Examples
    --------
    >>> to_linear_flux(np.array([10.0, 10.0, 10.7526]), None, flux_unit("mag"), "x")[0].round(4)
    array([1. , 1. , 0.5])
    >>> to_linear_flux(np.array([0.0, -500.0, 0.0]), None, flux_unit("ppm"), "x")[0]
    array([1.    , 0.9995, 1.    ])
    """
    finite = flux[np.isfinite(flux)]
    if finite.size == 0:
        return flux, error
    unit = unit or _unit_by_numbers(finite, what)
    if unit.kind == "linear":
        return flux, error
    middle = float(np.median(finite))
    with np.errstate(all="ignore"):  # damaged values become infinite, and are no flux then
        if unit.kind == "magnitude":
            linear: FloatColumn = 10 ** (-0.4 * unit.factor * (flux - middle))
            return linear, None if error is None else linear * (0.4 * np.log(10) * unit.factor) * error
        offset = 1.0 if abs(unit.factor * middle) < ABOUT_ZERO else 0.0
        return offset + unit.factor * flux, None if error is None else unit.factor * error


def _unit_by_numbers(flux: FloatColumn, what: str) -> FluxUnit:
    """Return the unit of finite fluxes without one.

    Fluxes on both sides of zero that never reach one are relative. Larger ones may be counts of a faint
    star, unless their median was subtracted. A star cannot lose more than all of its light, so that
    fluxes of thousands are no percent or ppt.
    """
    lowest, middle = np.percentile(flux, (0.5, 50))
    largest = float(np.percentile(np.abs(flux), 99))
    if largest < 1:
        return FluxUnit("relative" if lowest < 0 or middle == 0 else "linear")
    if abs(middle) > SUBTRACTED_MEDIAN * float(np.median(np.abs(flux - middle))):
        return FluxUnit("linear")
    if largest >= SURELY_PPM:
        return FLUX_UNITS["ppm"]
    raise LightCurveError(
        f"{what}: the fluxes lie about zero, up to {largest:.3g}, and have no unit, so their depths cannot be told; "
        "write the unit behind the column's name, as in flux (ppm), or in a line # flux_unit: ppm (or ppt, percent, mag)."
    )
