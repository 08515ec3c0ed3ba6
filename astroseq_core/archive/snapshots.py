"""Dated snapshots of the catalogues in the cache: each one file that is either whole or not there."""

import json
import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from astroseq_core import settings
from astroseq_core.archive.normalise import Normalised
from astroseq_core.archive.signals import ADDED, NUMBERS, SEPARATOR, TEXT, Signals
from astroseq_core.archive.tables import TABLES, Table
from astroseq_core.errors import CacheError, CorruptFileError
from astroseq_core.lightcurves import storage

log = logging.getLogger(__name__)

#: Version of the columns; raise it when an older AstroSeq would misread a newer snapshot. An older snapshot is fetched anew.
SCHEMA = 1
#: A snapshot older than this is refreshed when the app starts: the archive updates the TOI table about weekly.
STALE_AFTER = timedelta(days=7)
_MAGIC = b"AstroSeq catalogue\n"
_SUFFIX = ".snapshot"
_KEYS, _KEY_ROWS, _DROPPED = "keys", "key_rows", "dropped"
#: The header is one line; a file that has no line's end within this many bytes is no snapshot.
_LONGEST_HEADER = 65_536


@dataclass(frozen=True)
class SnapshotStatus:
    """What there is of one table: ``rows`` signals out of ``rows_in``, fetched at ``date`` (UTC) from ``source``.

    ``date`` is None, and ``problem`` says why, where there is no snapshot that can be used.
    """

    table: str
    title: str
    rows: int = 0
    rows_in: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    date: datetime | None = None
    source: str = ""
    size_bytes: int = 0
    problem: str = ""

    @property
    def age(self) -> timedelta | None:
        """How old the snapshot is; None where there is none."""
        return None if self.date is None else max(datetime.now(UTC) - self.date, timedelta(0))

    def is_stale(self, after: timedelta = STALE_AFTER) -> bool:
        """Whether there is none, or it is older than ``after``."""
        return self.age is None or self.age > after

    @property
    def sentence(self) -> str:
        """One sentence for people: which snapshot is in use, or that there is none."""
        if self.date is None:
            return f"{self.title}: {self.problem or 'no snapshot yet; refresh the catalogues to fetch it.'}"
        days = self.age.days if self.age else 0
        ago = "today" if days == 0 else f"{days} day{'s' * (days != 1)} ago"
        return f"{self.title}: {self.rows} signal{'s' * (self.rows != 1)}, fetched {ago} ({self.date:%Y-%m-%d})."


def folder() -> Path:
    """Where the snapshots are: ``catalogues`` in the cache's folder."""
    return settings.cache_dir() / "catalogues"


def path_of(table: Table) -> Path:
    """The snapshot file of a table."""
    return folder() / f"{table.name}{_SUFFIX}"


def write(table: Table, content: Normalised, source: str, date: datetime | None = None) -> SnapshotStatus:
    """Put a snapshot in the place of the old one; its status. Raises CacheError, the old one kept, when it cannot be written."""
    made = content.signals
    arrays = {
        **made.columns,
        _KEYS: made.keys,
        _KEY_ROWS: made.key_rows,
        _DROPPED: np.array([SEPARATOR.join(pair).encode() for pair in content.dropped] or [b""], np.bytes_),
    }
    payload = storage.encode({"table": table.name}, arrays)
    header = {
        "schema": SCHEMA,
        "table": table.name,
        "rows": len(made),
        "rows_in": content.rows_in,
        "dropped": content.reasons,
        "date": (date or datetime.now(UTC)).isoformat(timespec="seconds"),
        "source": source,
        "sha256": storage.sha256(payload),
        "size": len(payload),
    }
    path = path_of(table)
    data = _MAGIC + json.dumps(header, sort_keys=True).encode() + b"\n" + payload
    temporary = storage.write_temporary(path, data)
    try:
        os.replace(temporary, path)
    except OSError as error:
        storage.remove(temporary)
        raise storage.cannot_write(path.parent, error) from error
    return _status(table, header, len(data))


def read(table: Table) -> Signals | None:
    """The signals of a table's snapshot, None where there is none; a damaged one is set aside and counts as not there.

    Raises CacheError when a newer AstroSeq wrote it.
    """
    path = path_of(table)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CacheError(f"The snapshot {path.name} cannot be read ({error.strerror or error}); check {path.parent}.") from error
    try:
        header, start = _header(data, path.name)
        if header["schema"] < SCHEMA:
            return None
        payload = data[start:]
        if header.get("table") != table.name or header.get("sha256") != storage.sha256(payload):
            raise CorruptFileError(f"{path.name} is damaged.")
        _, arrays = storage.decode(payload, path.name)
        for name in ADDED:
            arrays.setdefault(name, np.full(len(arrays["target_id"]), np.nan))
        found = Signals(table.name, {c: arrays[c] for c in (*TEXT, *NUMBERS)}, arrays[_KEYS], arrays[_KEY_ROWS])
        if len(found) != header["rows"]:
            raise CorruptFileError(f"{path.name} is damaged.")
        return found
    except (CorruptFileError, KeyError, TypeError) as error:
        set_aside(path)
        log.warning("%s is damaged (%s); it was set aside and will be fetched again.", path.name, error)
        return None


def dropped(table: Table) -> tuple[tuple[str, str], ...]:
    """For each row of the table that gave no signal its name and the reason; empty where there is no snapshot."""
    if read(table) is None:
        return ()
    data = path_of(table).read_bytes()
    _, arrays = storage.decode(data[_header(data, table.name)[1] :], table.name)
    pairs = (bytes(line).decode().rsplit(SEPARATOR, 1) for line in arrays[_DROPPED] if line)
    return tuple((name, reason) for name, reason in pairs)


def status() -> tuple[SnapshotStatus, ...]:
    """What there is of each table, in a fixed order; reads the files' headers only."""
    return tuple(status_of(table) for table in TABLES.values())


def status_of(table: Table) -> SnapshotStatus:
    """What there is of one table."""
    path = path_of(table)
    try:
        with path.open("rb") as file:
            start = file.read(_LONGEST_HEADER)
        size = path.stat().st_size
        header, offset = _header(start, path.name)
        if size - offset != int(header["size"]):
            raise CorruptFileError("its length is wrong")
        if header["schema"] < SCHEMA:
            return _none(table, "its snapshot is of an older AstroSeq; refresh the catalogues to fetch it anew.")
        return _status(table, header, size)
    except FileNotFoundError:
        return _none(table)
    except CacheError as error:
        return _none(table, str(error))
    except (CorruptFileError, KeyError, TypeError, ValueError):
        return _none(table, "its snapshot is damaged; refresh the catalogues to fetch it anew.")
    except OSError as error:
        return _none(table, f"its snapshot cannot be read ({error.strerror or error}); check {path.parent}.")


def set_aside(path: Path) -> None:
    """Move a damaged file to ``damaged/`` beside it, so that it is neither read again nor lost."""
    try:
        (path.parent / "damaged").mkdir(exist_ok=True)
        os.replace(path, path.parent / "damaged" / f"{time.time_ns()}-{path.name}")
    except OSError:
        log.warning("%s is damaged and cannot be moved away.", path.name)


def remove(table: Table) -> bool:
    """Delete a table's snapshot; whether there was one. Raises CacheError when it may not be deleted."""
    try:
        path_of(table).unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise storage.cannot_write(folder(), error) from error
    return True


def _header(data: bytes, name: str) -> tuple[dict[str, Any], int]:
    """The header and where the payload starts."""
    end = data.find(b"\n", len(_MAGIC))
    if not data.startswith(_MAGIC) or end < 0:
        raise CorruptFileError(f"{name} is no snapshot of a catalogue.")
    try:
        header: dict[str, Any] = json.loads(data[len(_MAGIC) : end])
        schema = int(header["schema"])
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptFileError(f"{name} is no snapshot of a catalogue.") from error
    if schema > SCHEMA:
        raise CacheError(
            f"{name} was written by a newer AstroSeq (catalogue version {schema}, this one knows {SCHEMA}); "
            "update AstroSeq, or refresh the catalogues into another ASTROSEQ_CACHE."
        )
    return header, end + 1


def _status(table: Table, header: Mapping[str, Any], size: int) -> SnapshotStatus:
    date = datetime.fromisoformat(header["date"])
    if date.tzinfo is None:
        raise CorruptFileError(f"The snapshot of {table.title} has a date without a time zone.")
    return SnapshotStatus(
        table=table.name,
        title=table.title,
        rows=int(header["rows"]),
        rows_in=int(header["rows_in"]),
        dropped=dict(header["dropped"]),
        date=date,
        source=str(header["source"]),
        size_bytes=size,
    )


def _none(table: Table, problem: str = "") -> SnapshotStatus:
    return SnapshotStatus(table.name, table.title, problem=problem)
