"""Readers of light-curve files and folders: format, target and observation of a file; FITS, `.npz` and CSV."""

import hashlib
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from astroseq_core import missions, targets, times
from astroseq_core.errors import (
    AstroSeqError,
    CorruptFileError,
    LightCurveError,
    TargetError,
    TimeSystemError,
    UnknownTargetError,
    plain_text,
)
from astroseq_core.io import conventions, fits, identifiers, lightcurve, quantities, tables
from astroseq_core.io.lightcurve import LightCurve, Provenance, RawColumns
from astroseq_core.missions import Mission
from astroseq_core.paths import read_file
from astroseq_core.targets import Target
from astroseq_core.times import TimeSystem

log = logging.getLogger(__name__)

#: Characters of a path that an error message shows.
LONGEST_SHOWN = 300
#: Characters of an author or a version; FITS allows 68.
MAX_SHORT_TEXT = 80

_READERS: dict[str, Callable[[bytes, str], RawColumns]] = {
    "fits": fits.read_fits,
    "npz": tables.read_npz,
    "csv": tables.read_csv,
}
_PEEKERS: dict[str, Callable[[bytes, str], tuple[str, str]]] = {
    "fits": fits.peek_fits,
    "npz": tables.peek_npz,
    "csv": tables.peek_csv,
}


class FileProblem(str):
    """One sentence about a file, which names it.

    Attributes
    ----------
    path : Path
        The file.
    """

    path: Path

    def __new__(cls, text: str, path: Path = Path()) -> "FileProblem":
        """Return the sentence, with the file's name before it if it does not say it."""
        made = super().__new__(cls, text if path.name in text else f"{path.name}: {text}")
        made.path = path
        return made


class ReadResults(NamedTuple):
    """Light curves that could be read, and the problems of the files that could not.

    Attributes
    ----------
    curves : tuple of LightCurve
        The light curves, in the order of their paths.
    problems : tuple of FileProblem
        One sentence for each file that could not be read.
    """

    curves: tuple[LightCurve, ...]
    problems: tuple[FileProblem, ...] = ()


def read_light_curve(path: Path, *, target: Target | None = None) -> LightCurve:
    """Read a light curve from a file.

    The observation is named after the file. The target is `target` if given, else what the content
    says, else what the file name says.

    Parameters
    ----------
    path : Path
        The file.
    target : Target, optional
        The star, if known.

    Returns
    -------
    LightCurve
        The checked light curve.

    Raises
    ------
    LightCurveError
        If the file does not exist, cannot be read, or is not a valid light curve. The subclass says
        which.
    TimeSystemError
        If the times do not fit the mission or no mission is known.
    TargetError
        If the star is unknown or another one than `target`.
    """
    path = Path(path)
    return parse_light_curve(read_bytes(path), path.name, target=target)


def read_bytes(path: Path, limit: int = conventions.MAX_BYTES) -> bytes:
    """Read the bytes of a file.

    Parameters
    ----------
    path : Path
        The file.
    limit : int, optional
        Largest size [bytes].

    Returns
    -------
    bytes
        Its content, never empty.

    Raises
    ------
    LightCurveError
        If there is no such file, it is no regular file, is too large, or cannot be read.
    CorruptFileError
        If the file is empty.
    """
    data = read_file(path, limit)
    if not data:
        raise CorruptFileError(f"{path.name} is empty (0 bytes); copy or download it again.")
    return data


def parse_light_curve(data: bytes, name: str, *, target: Target | None = None) -> LightCurve:
    """Read a light curve from the bytes of a file.

    Parameters
    ----------
    data : bytes
        Content of the file.
    name : str
        Name of the file; its ending gives the format.
    target : Target, optional
        The star, if known.

    Returns
    -------
    LightCurve
        The checked light curve.

    Raises
    ------
    LightCurveError
        If the bytes are not a valid light curve. The subclass says which.
    TimeSystemError
        If the times do not fit the mission or no mission is known.
    TargetError
        If the star is unknown or another one than `target`.
    """
    path = Path(name)
    try:
        return _parse(data, path, name, target)
    except AstroSeqError as error:
        text = str(error)
        if plain_text(name) in text or identifiers.observation_from_name(path) in text:
            raise
        raise type(error)(f"{name}: {text}") from error


def _parse(data: bytes, path: Path, name: str, target: Target | None) -> LightCurve:
    ending = identifiers.file_ending(path)
    if not ending:
        raise CorruptFileError(f"{name} is no light curve by its name; it must end in {', '.join(identifiers.FORMATS)}.")
    columns = _READERS[identifiers.FORMATS[ending]](data, name)
    star = _resolve_target(columns, path, target)
    given = None if columns.time_system is None else TimeSystem.parse(columns.time_system)
    instrument = _resolve_instrument(star, columns, given)
    if given is None:
        quantities.check_plain_days(np.asarray(columns.time, dtype=np.float64), instrument, name)
    time, system = _to_instrument_system(columns.time, given, instrument)
    return lightcurve.make_light_curve(
        target=star,
        observation=identifiers.observation_from_name(path),
        time=time,
        flux=columns.flux,
        flux_err=columns.flux_err,
        quality=columns.quality,
        instrument=instrument,
        time_system=system,
        author=_short_text(columns.author),
        flattened=columns.flattened,
        provenance=Provenance(name, hashlib.sha256(data).hexdigest(), _short_text(columns.version)),
        exposure_minutes=columns.exposure_minutes,
    )


def _short_text(text: str) -> str:
    """Return what a file says of its author or version as a text that can be shown beside others."""
    return plain_text(text)[:MAX_SHORT_TEXT].strip()


def read_light_curves(paths: Iterable[Path], *, target: Target | None = None) -> ReadResults:
    """Read the light curves of many files; a file that cannot be read does not stop the others.

    Parameters
    ----------
    paths : iterable of Path
        The files.
    target : Target, optional
        The star, if all files are of one.

    Returns
    -------
    ReadResults
        The light curves and the problems.
    """
    curves: list[LightCurve] = []
    problems: list[FileProblem] = []
    for path in paths:
        try:
            curves.append(read_light_curve(path, target=target))
        except AstroSeqError as error:
            problems.append(FileProblem(str(error), path))
            log.warning("%s", problems[-1])
    return ReadResults(tuple(curves), tuple(problems))


def read_target(path: Path) -> Target:
    """Return the target of a light-curve file.

    Names of the missions, and those such as `TIC_261136679__anything`, say it without opening the file.
    Otherwise the content says it, and where it does not, the name.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Target
        The star.

    Raises
    ------
    UnknownTargetError
        If neither the name nor the content identifies a star.
    CorruptFileError
        If the file is damaged or not a light curve by its name.
    """
    named = identifiers.target_from_name(path)
    if named and not path.name.lower().startswith("hlsp_"):
        return named
    try:
        return _peek_target(path)
    except (LightCurveError, TargetError):
        if named:
            return named
        raise


def _peek_target(path: Path) -> Target:
    """Return the target of a file by its content, else by its name."""
    ending = identifiers.file_ending(path)
    if not ending:
        raise CorruptFileError(f"{path.name} is no light curve by its name; it must end in {', '.join(identifiers.FORMATS)}.")
    target_id, mission = _PEEKERS[identifiers.FORMATS[ending]](read_bytes(path), path.name)
    star = _parse_target(target_id, mission, path)
    if star is None:
        raise UnknownTargetError(
            f"{path.name}: neither its content nor its name says which star it is. {identifiers.NAMING_ADVICE}"
        )
    return star


def _resolve_target(columns: RawColumns, path: Path, wanted: Target | None) -> Target:
    """Return the target: the one asked for, else that of the content, else that of the file name."""
    found = _parse_target(columns.target_id, columns.mission, path) if columns.target_id or wanted is None else None
    if wanted is not None:
        # A star may be in two catalogs, so only numbers of the same catalog can contradict each other.
        if found is not None and found.prefix == wanted.prefix and found != wanted:
            raise UnknownTargetError(f"{path.name} is a light curve of {found}, not of {wanted}; correct one of the two.")
        return wanted
    if found is None:
        raise UnknownTargetError(
            f"{path.name}: neither its content nor its name says which star it is. {identifiers.NAMING_ADVICE}"
        )
    return found


def _parse_target(target_id: str, mission: str, path: Path) -> Target | None:
    """Return the target of an identifier (or bare number), else of the file name, else None."""
    named = identifiers.target_from_name(path)
    if not target_id:
        return named
    if target_id.isdecimal():
        number = target_id.lstrip("0")
        if mission and number:
            return _checked(Target(missions.mission_by_name(mission).prefix, number), path)
        if named is not None and named.number == number:
            return named
    try:
        star = targets.parse_star(target_id)
    except TargetError as error:
        raise UnknownTargetError(f"{path.name}: {error}") from error
    return _checked(star, path)


def _checked(star: Target, path: Path) -> Target:
    """Return a star whose number its catalog can have."""
    if len(star.number) > (most := conventions.MAX_DIGITS[star.prefix]):
        raise UnknownTargetError(
            f"{path.name}: {star} has {len(star.number)} digits and a {star.prefix} number has at most {most}; it may be a Gaia "
            f"number, so write the {star.prefix} number of the star."
        )
    return star


def _resolve_instrument(star: Target, columns: RawColumns, system: TimeSystem | None) -> Mission:
    """Return the mission that took the data: as named, else the target's, else by the times."""
    if columns.mission:
        named = missions.mission_by_name(columns.mission)
        if named is not missions.SIMULATED:
            return named
    own = star.mission
    if not star.is_simulated and system in (None, TimeSystem.BJD, own.time_system):
        return own
    if system is None:
        raise TimeSystemError(f"A light curve of {star} must say as what it is seen; give its mission: TESS, Kepler or K2.")
    flown = [m for m in (missions.KEPLER, missions.K2, missions.TESS) if system in (TimeSystem.BJD, m.time_system)]
    time = np.asarray(columns.time, dtype=np.float64)
    finite = time[np.isfinite(time)]
    if finite.size == 0:
        return flown[0]
    middle = float(np.median(finite))
    bjd = middle if middle > times.SMALLEST_JULIAN_DATE else times.convert(middle, system, TimeSystem.BJD)
    return next((m for m in flown if m.data_bjd[0] <= bjd <= m.data_bjd[1]), flown[0])


def _to_instrument_system(time: ArrayLike, system: TimeSystem | None, instrument: Mission) -> tuple[ArrayLike, TimeSystem | None]:
    """Return times [d] in the instrument's system; Julian dates stay as they are."""
    if system is None or system in (TimeSystem.BJD, instrument.time_system):
        return time, system
    days = np.asarray(time, dtype=np.float64)
    finite = days[np.isfinite(days)]
    if finite.size and float(np.median(finite)) > times.SMALLEST_JULIAN_DATE:
        return days, TimeSystem.BJD
    return times.convert(days, system, instrument.time_system), instrument.time_system
