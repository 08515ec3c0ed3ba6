"""Reading a light curve from a file: FITS, ``.npz`` or CSV."""

import hashlib
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from astroseq_core import missions, targets, times
from astroseq_core.errors import (
    AstroSeqError,
    CorruptFileError,
    LightCurveError,
    TargetError,
    TimeSystemError,
    UnknownTargetError,
)
from astroseq_core.lightcurves import fits, lightcurve, naming, tables
from astroseq_core.lightcurves.columns import Columns
from astroseq_core.lightcurves.lightcurve import LightCurve, Provenance
from astroseq_core.missions import Mission
from astroseq_core.targets import Target
from astroseq_core.times import TimeSystem

log = logging.getLogger(__name__)

_READERS: dict[str, Callable[[bytes, str], Columns]] = {
    "fits": fits.read_columns,
    "npz": tables.read_npz,
    "csv": tables.read_csv,
}


class ReadMany(NamedTuple):
    """The light curves that could be read, in the order of their paths, and one sentence for each file that could not."""

    curves: tuple[LightCurve, ...]
    problems: tuple[str, ...] = ()


def read(path: Path, *, target: Target | None = None) -> LightCurve:
    """The light curve in a file, its observation named by the file's stem.

    The target is ``target``, else what the content says, else what the name says. Raises the LightCurveError,
    TimeSystemError or TargetError that says what is wrong; FileNotFoundError is a LightCurveError here too.
    """
    path = Path(path)
    return from_bytes(read_bytes(path), path.name, target=target)


def read_bytes(path: Path) -> bytes:
    """The bytes of a file; raises LightCurveError when there is none or it may not be read, CorruptFileError when empty."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise LightCurveError(f"There is no file {path}; check its name and folder.") from None
    except IsADirectoryError:
        raise LightCurveError(f"{path} is a folder; name one of the light curves in it.") from None
    except OSError as error:
        raise LightCurveError(f"{path} cannot be read ({error.strerror}); check its permissions.") from error
    if not data:
        raise CorruptFileError(f"{path.name} is empty (0 bytes); copy or download it again.")
    return data


def from_bytes(data: bytes, name: str, *, target: Target | None = None) -> LightCurve:
    """The light curve in the bytes of a file of that name; see ``read``."""
    path = Path(name)
    ending = naming.ending(path)
    if not ending:
        raise CorruptFileError(f"{name} is no light curve by its name; it must end in {', '.join(naming.FORMATS)}.")
    columns = _READERS[naming.FORMATS[ending]](data, name)
    star = _target(columns, path, target)
    given = None if columns.time_system is None else TimeSystem.parse(columns.time_system)
    instrument = _instrument(star, columns, given)
    time, system = _in_own_system(columns.time, given, instrument)
    return lightcurve.make(
        target=star,
        observation=naming.observation_of(path),
        time=time,
        flux=columns.flux,
        flux_err=columns.flux_err,
        quality=columns.quality,
        instrument=instrument,
        time_system=system,
        author=columns.author,
        flattened=columns.flattened,
        provenance=Provenance(name, hashlib.sha256(data).hexdigest(), columns.version),
    )


def read_many(paths: Iterable[Path], *, target: Target | None = None) -> ReadMany:
    """The light curves of many files; one that cannot be read is reported in ``problems`` and holds up none of the others."""
    curves: list[LightCurve] = []
    problems: list[str] = []
    for path in paths:
        try:
            curves.append(read(path, target=target))
        except AstroSeqError as error:
            text = str(error)
            problems.append(text if path.name in text else f"{path.name}: {text}")
            log.warning("%s", problems[-1])
    return ReadMany(tuple(curves), tuple(problems))


def target_of(path: Path) -> Target:
    """The target that a file's name, else its content says, without reading its light curve where that can be avoided.

    Raises UnknownTargetError when neither does.
    """
    if found := naming.target_from_name(path):
        return found
    data = read_bytes(path)
    ending = naming.ending(path)
    peek: dict[str, Callable[[bytes, str], tuple[str, str]]] = {
        "fits": fits.peek,
        "npz": tables.peek_npz,
        "csv": tables.peek_csv,
    }
    if not ending:
        raise CorruptFileError(f"{path.name} is no light curve by its name; it must end in {', '.join(naming.FORMATS)}.")
    target_id, mission = peek[naming.FORMATS[ending]](data, path.name)
    star = _parse_target(target_id, mission, path)
    if star is None:
        raise UnknownTargetError(f"{path.name}: neither its content nor its name says which star it is. {naming.HOW_TO_NAME}")
    return star


def _target(columns: Columns, path: Path, wanted: Target | None) -> Target:
    """Whose light curve it is: ``wanted``, else the content's, else the name's."""
    found = _parse_target(columns.target_id, columns.mission, path) if columns.target_id or wanted is None else None
    if wanted is not None:
        # The same star may stand in two catalogues, so only numbers of one catalogue can contradict each other.
        if found is not None and found.prefix == wanted.prefix and found != wanted:
            raise UnknownTargetError(f"{path.name} is a light curve of {found}, not of {wanted}; correct one of the two.")
        return wanted
    if found is None:
        raise UnknownTargetError(f"{path.name}: neither its content nor its name says which star it is. {naming.HOW_TO_NAME}")
    return found


def _parse_target(target_id: str, mission: str, path: Path) -> Target | None:
    """The target of a ``target_id`` that may be a bare number, else of the file's name, else None."""
    named = naming.target_from_name(path)
    if not target_id:
        return named
    if target_id.isdecimal():
        number = target_id.lstrip("0")
        if mission and number:
            return Target(missions.mission(mission).prefix, number)
        if named is not None and named.number == number:
            return named
    try:
        return targets.parse_star(target_id)
    except TargetError as error:
        raise UnknownTargetError(f"{path.name}: {error}") from error


def _instrument(star: Target, columns: Columns, system: TimeSystem | None) -> Mission:
    """The mission that took the data: the one named, else the target's, else the one that flew at those times."""
    if columns.mission:
        named = missions.mission(columns.mission)
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


def _in_own_system(time: Any, system: TimeSystem | None, instrument: Mission) -> tuple[Any, TimeSystem | None]:
    """Times [d] in the instrument's system where they came in the other mission's; Julian dates are left to ``make``."""
    if system is None or system in (TimeSystem.BJD, instrument.time_system):
        return time, system
    days = np.asarray(time, dtype=np.float64)
    finite = days[np.isfinite(days)]
    if finite.size and float(np.median(finite)) > times.SMALLEST_JULIAN_DATE:
        return days, TimeSystem.BJD
    return times.convert(days, system, instrument.time_system), instrument.time_system
