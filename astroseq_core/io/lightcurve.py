"""Light curve of one observation, and the raw columns that it is made from."""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from astroseq_core import missions, targets, times
from astroseq_core.display import html_table
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
from astroseq_core.type_names import AnyArray

if TYPE_CHECKING:
    import lightkurve
    import pandas as pd


@dataclass(frozen=True, eq=False)
class RawColumns:
    """Raw columns and metadata of a light-curve file.

    All columns are one-dimensional and of any numeric type. Texts are empty if the file does not
    give them.

    Attributes
    ----------
    time : array_like
        Times [d], in `time_system`.
    flux : array_like
        Flux in any linear unit.
    flux_err : array_like or None
        Flux errors.
    quality : array_like or None
        Quality bits.
    target_id : str
        Identifier of the star.
    mission : str
        Name of the mission.
    time_system : str or None
        Name of the time system. None means the mission's own, or Julian dates.
    author : str
        Author (pipeline) of the light curve.
    flattened : bool
        True if the trends have already been removed.
    version : str
        Version of the processing.
    exposure_minutes : float or None
        Exposure of one cadence [min]; None if the file does not give it.
    """

    time: ArrayLike
    flux: ArrayLike
    flux_err: ArrayLike | None = None
    quality: ArrayLike | None = None
    target_id: str = ""
    mission: str = ""
    time_system: str | None = None
    author: str = ""
    flattened: bool = False
    version: str = ""
    exposure_minutes: float | None = None


def root_cause_text(error: BaseException) -> str:
    """Return the innermost cause of an error as one short line.

    Messages of libraries can run over pages or quote the file itself, so they are cut to 100
    printable characters.

    Parameters
    ----------
    error : BaseException
        The error.

    Returns
    -------
    str
        The message of its innermost cause, or the name of its type if there is no message.
    """
    while error.__cause__ is not None:
        error = error.__cause__
    text = re.sub(r"<[^<>]* at 0x[0-9a-f]+>", "…", str(error).partition("\n")[0])  # a place in memory says nothing
    return "".join(c for c in text[:100] if c.isprintable()).strip() or type(error).__name__


#: With fewer usable cadences, neither noise nor trend nor transits can be measured.
MIN_CADENCES = 50


@dataclass(frozen=True)
class Provenance:
    """Origin of a light curve.

    Attributes
    ----------
    name : str
        Name of the file or generator.
    sha256 : str
        SHA-256 of the file's bytes, if known.
    version : str
        Version of the processing, if known.
    """

    name: str
    sha256: str = ""
    version: str = ""


@dataclass(frozen=True, eq=False)
class LightCurve:
    """One observation of one target: strictly increasing times; fluxes may be NaN.

    Attributes
    ----------
    target : Target
        The star.
    observation : str
        Name of the observation, such as "sector 3".
    time : ndarray, shape (n,)
        Times [d], in `time_system`.
    flux : ndarray, shape (n,)
        Flux in any linear unit.
    quality : ndarray of int64, shape (n,)
        Quality bits of the mission.
    time_system : TimeSystem
        Time system of `time`.
    instrument : Mission
        The mission whose detector took the data. For a simulated star, the mission that it
        imitates.
    flux_err : ndarray, shape (n,), or None
        Flux errors, in the unit of `flux`.
    author : str
        Author (pipeline) of the light curve.
    flattened : bool
        True if the author has already removed the trends.
    provenance : Provenance
        Origin of the data.
    exposure_minutes : float or None
        Exposure of one cadence [min]; None if it is not known. Cadences can be further apart.
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
    exposure_minutes: float | None = None

    @property
    def cadence_minutes(self) -> float:
        """Median spacing of the cadences [min]."""
        return float(np.median(np.diff(self.time)) * 1440.0)

    def usable_mask(self) -> NDArray[np.bool_]:
        """Return which cadences have a finite flux and none of the mission's default quality bits.

        Returns
        -------
        ndarray of bool, shape (n,)
            True for usable cadences.
        """
        good: NDArray[np.bool_] = np.isfinite(self.flux) & ((self.quality & self.instrument.quality_bitmask) == 0)
        return good

    @classmethod
    def from_arrays(
        cls,
        time: ArrayLike,
        flux: ArrayLike,
        target: Target | str,
        *,
        mission: Mission | str | None = None,
        observation: str = "light curve",
        flux_err: ArrayLike | None = None,
        quality: ArrayLike | None = None,
        flattened: bool = False,
        exposure_minutes: float | None = None,
    ) -> "LightCurve":
        """Make a light curve from arrays and check it.

        Parameters
        ----------
        time : array_like, shape (n,)
            Times [d], strictly increasing: BJD, or the mission's BKJD or BTJD.
        flux : array_like, shape (n,)
            Flux in any linear unit.
        target : Target or str
            The star, such as "TIC 261136679".
        mission : Mission or str, optional
            The mission that took the data; by default that of the target's catalog.
        observation : str, optional
            Name of the observation.
        flux_err : array_like, shape (n,), optional
            Flux errors.
        quality : array_like, shape (n,), optional
            Quality bits of the mission; by default all 0.
        flattened : bool, optional
            True if the trends have already been removed.
        exposure_minutes : float, optional
            Exposure of one cadence [min]; by default it is taken from the spacing, with care.

        Returns
        -------
        LightCurve
            The checked light curve.

        Raises
        ------
        LightCurveError
            If the arrays are no usable light curve.
        TimeSystemError
            If the times do not fit the mission.
        TargetError
            If the target or the mission is unknown.

        Examples
        --------
        >>> days = 1325.3 + np.arange(2000) / 720
        >>> LightCurve.from_arrays(days, 1 + 1e-3 * np.sin(days), "TIC 261136679")
        <LightCurve light curve of TIC 261136679: TESS, 2000 cadences of 2 min, BTJD 1325.30 to 1328.08>
        """
        star = target if isinstance(target, Target) else targets.parse_star(target)
        given = missions.mission_by_name(mission) if isinstance(mission, str) else mission
        return make_light_curve(
            target=star,
            observation=observation,
            time=time,
            flux=flux,
            flux_err=flux_err,
            quality=quality,
            instrument=given or star.mission,
            flattened=flattened,
            provenance=Provenance("arrays"),
            exposure_minutes=exposure_minutes,
        )

    @classmethod
    def from_lightkurve(
        cls,
        curve: "lightkurve.LightCurve",
        *,
        target: Target | str | None = None,
        mission: Mission | str | None = None,
        observation: str = "",
    ) -> "LightCurve":
        """Make a light curve from one of lightkurve's.

        Parameters
        ----------
        curve : lightkurve.LightCurve
            A light curve of any of its classes, not folded.
        target : Target or str, optional
            The star; by default what the metadata say.
        mission : Mission or str, optional
            The mission that took the data; by default what the metadata say, else the target's.
        observation : str, optional
            Name of the observation; by default from the metadata, such as "sector 3".

        Returns
        -------
        LightCurve
            The checked light curve.

        Raises
        ------
        LightCurveError
            If it is no light curve over time, or does not say which star it is of.
        TimeSystemError
            If the times do not fit the mission.
        """
        from astroseq_core.io import lightkurve_objects

        return lightkurve_objects.from_lightkurve(curve, target=target, mission=mission, observation=observation)

    def to_lightkurve(self) -> "lightkurve.LightCurve":
        """Return the light curve as one of lightkurve's, with all cadences.

        Returns
        -------
        lightkurve.LightCurve
            A KeplerLightCurve or TessLightCurve with the same times, fluxes, errors and quality bits.
        """
        from astroseq_core.io import lightkurve_objects

        return lightkurve_objects.to_lightkurve(self)

    def to_pandas(self) -> "pd.DataFrame":
        """Return the light curve as a table.

        Returns
        -------
        pandas.DataFrame
            One row a cadence: time [d], flux, flux_err (if known), quality.
        """
        import pandas as pd

        columns = {"time": self.time, "flux": self.flux, "flux_err": self.flux_err, "quality": self.quality}
        return pd.DataFrame({name: values for name, values in columns.items() if values is not None})

    def _facts(self) -> tuple[tuple[str, str], ...]:
        return (
            ("mission", f"{self.instrument.name}{f', by {self.author}' if self.author else ''}"),
            ("cadences", f"{len(self.time)} cadences of {self.cadence_minutes:.3g} min"),
            ("time", f"{self.time_system} {self.time[0]:.2f} to {self.time[-1]:.2f}"),
        )

    def __repr__(self) -> str:
        return f"<LightCurve {self.observation} of {self.target}: {', '.join(text for _, text in self._facts())}>"

    def _repr_html_(self) -> str:
        return html_table(f"{self.observation} of {self.target}", (), self._facts())


def make_light_curve(
    *,
    target: Target,
    observation: str,
    time: ArrayLike,
    flux: ArrayLike,
    instrument: Mission,
    time_system: TimeSystem | None = None,
    flux_err: ArrayLike | None = None,
    quality: ArrayLike | None = None,
    author: str = "",
    flattened: bool = False,
    provenance: Provenance | None = None,
    exposure_minutes: float | None = None,
) -> LightCurve:
    """Make a light curve from arrays and check it.

    The arrays may have any numeric type and byte order, masked or not. Cadences without a time are
    dropped. Julian dates above 2,400,000 are converted to the instrument's time system.

    Parameters
    ----------
    target : Target
        The star.
    observation : str
        Name of the observation.
    time : array_like, shape (n,)
        Times [d], strictly increasing.
    flux : array_like, shape (n,)
        Flux in any linear unit.
    instrument : Mission
        The mission whose detector took the data.
    time_system : TimeSystem, optional
        Time system of `time`; by default the instrument's.
    flux_err : array_like, shape (n,), optional
        Flux errors.
    quality : array_like, shape (n,), optional
        Quality bits; by default all 0.
    author : str, optional
        Author (pipeline) of the light curve.
    flattened : bool, optional
        True if the trends have already been removed.
    provenance : Provenance, optional
        Origin of the data.
    exposure_minutes : float, optional
        Exposure of one cadence [min]; one that is not finite and positive counts as not known.

    Returns
    -------
    LightCurve
        The checked light curve.

    Raises
    ------
    LightCurveError
        If a column is not numeric or has the wrong length, times are missing, unsorted or repeated,
        or too few cadences are usable. The subclass says which.
    TimeSystemError
        If the times do not fit the time system or the mission.
    """
    what = f"{observation} of {target}"
    t, f = _native_array(time, np.float64), _native_array(flux, np.float64)
    e = None if flux_err is None else _native_array(flux_err, np.float64)
    q = np.zeros(len(t), np.int64) if quality is None else _native_array(quality, np.int64)
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
    exposure = exposure_minutes if exposure_minutes and 0 < exposure_minutes < np.inf else None
    origin = provenance or Provenance(observation)
    curve = LightCurve(target, observation, t, f, q, system, instrument, e, author, flattened, origin, exposure)
    usable = int(curve.usable_mask().sum())
    if usable == 0:
        raise AllNaNError(f"{what}: none of its {t.size} cadences has a finite flux and passes the quality mask.")
    if usable < MIN_CADENCES:
        raise TooShortError(f"{what} has {usable} usable cadences; at least {MIN_CADENCES} are needed.")
    return curve


def _native_array(values: ArrayLike, dtype: type) -> AnyArray:
    """Return a 1-d copy in native byte order; masked values become NaN, or 0 for integers."""
    if np.ma.isMaskedArray(values):
        masked: Any = values
        values = masked.astype(dtype).filled(np.nan if dtype is np.float64 else 0)
    try:
        array: AnyArray = np.array(values, dtype=dtype, copy=True)
    except (TypeError, ValueError) as error:
        raise LightCurveError(f"A column holds something that is not a number ({error}).") from error
    if array.ndim != 1:
        raise MissingColumnError(f"A column has {array.ndim} dimensions; each must be a plain list of numbers.")
    return array
