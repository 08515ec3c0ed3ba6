"""Files that people hand over: what each is, and where it is kept."""

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from astroseq_core import settings
from astroseq_core.ephemeris import REQUIRED_COLUMNS, EphemerisTable, read_table
from astroseq_core.errors import EphemerisError, LightCurveError
from astroseq_core.lightcurves import local, naming, reading, storage, tables
from astroseq_core.lightcurves.lightcurve import LightCurve
from astroseq_core.lightcurves.prepare import PreparedCurve, prepare
from astroseq_core.targets import Target


@dataclass(frozen=True, eq=False)
class Upload:
    """A file that was handed over, understood: a light curve ready to be drawn, or a table of ephemerides."""

    name: str
    data: bytes
    prepared: PreparedCurve | None = None
    table: EphemerisTable | None = None

    @property
    def curve(self) -> LightCurve | None:
        """The light curve as read."""
        return None if self.prepared is None else self.prepared.curve


def folder() -> Path:
    """Where light curves that were handed over are kept; they are a person's own and no part of the cache."""
    return settings.data_dir() / "uploads" / "lightcurves"


def tables_folder() -> Path:
    """Where tables of ephemerides that were handed over are kept."""
    return settings.data_dir() / "uploads" / "ephemerides"


def understand(name: str, data: bytes, target: Target | None = None) -> Upload:
    """What the file is. ``target``: whose light curve it is, where neither content nor name says.

    Raises UnknownTargetError where that is needed, else the AstroSeqError that says what is wrong with the file.
    """
    if not data:
        raise LightCurveError(f"{name} is empty (0 bytes); choose it again.")
    if naming.ending(Path(name)) == ".csv" and _is_table(data):
        return Upload(name, data, table=_table(name, data))
    return Upload(name, data, prepared=prepare(reading.from_bytes(data, name, target=target)))


def _is_table(data: bytes) -> bool:
    """Whether a CSV is meant as a table of ephemerides: it has several of its columns and no flux."""
    header = {column.strip().lower() for column in tables.header_of(data)}
    return "flux" not in header and len(header & set(REQUIRED_COLUMNS)) >= 2


def _table(name: str, data: bytes) -> EphemerisTable:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / safe(name)
        path.write_bytes(data)
        found = read_table(path)
    if not found.ephemerides:
        why = f" {found.problems[0]}" if found.problems else ""
        raise EphemerisError(f"{name} holds not one usable ephemeris.{why}")
    return found


def safe(name: str) -> str:
    """A file name of harmless characters from any text: no folder, no leading dot, its ending kept."""
    bare = re.split(r"[/\\]", name)[-1]
    ending = naming.ending(Path(bare))
    stem = re.sub(r"[^A-Za-z0-9._\-]+", "_", bare[: len(bare) - len(ending)]).strip("._-")[:80]
    return (stem or "file") + ending


def save(upload: Upload) -> Path:
    """Where the file is kept from now on; a file of the same name and content stays as it is, another of that name beside it.

    A light curve whose name does not say its star is named after it. Raises CacheError when it cannot be written.
    """
    name, place = safe(upload.name), tables_folder()
    if upload.curve is not None:
        place = folder()
        if naming.target_from_name(Path(name)) != upload.curve.target:
            name = f"{upload.curve.target.slug}__{name}"
    ending = naming.ending(Path(name))
    for number in range(1, 10_000):
        path = place / (name if number == 1 else f"{name[: len(name) - len(ending)]}-{number}{ending}")
        if not path.exists():
            break
        if path.read_bytes() == upload.data:
            return path
    temporary = storage.write_temporary(path, upload.data)
    try:
        os.replace(temporary, path)
    except OSError as error:
        storage.remove(temporary)
        raise storage.cannot_write(place, error) from error
    return path


def saved_tables() -> tuple[Path, ...]:
    """The tables of ephemerides that were handed over."""
    return tuple(sorted(p for p in tables_folder().glob("*.csv") if not p.name.startswith(".")))


def save_targets(name: str, data: bytes) -> Path:
    """Where a table of targets is kept from now on; one of that name that was there is replaced.

    Raises LightCurveError or TargetError where it is none, CacheError when it cannot be written.
    """
    path = settings.data_dir() / "uploads" / "targets" / safe(name)
    temporary = storage.write_temporary(path, data)
    try:
        local.read_targets_file(temporary)
        os.replace(temporary, path)
    except OSError as error:
        raise storage.cannot_write(path.parent, error) from error
    finally:
        storage.remove(temporary)
    return path
