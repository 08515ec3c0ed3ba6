"""Dated snapshots of the catalogs in the cache; each is one file, replaced atomically."""

import json
import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from astroseq_core import settings
from astroseq_core.archive.exoplanet_archive import CATALOG_TABLES, CatalogTable
from astroseq_core.archive.normalize import NormalizedTable
from astroseq_core.archive.signals import ADDED_COLUMNS, NUMBER_COLUMNS, SEPARATOR, TEXT_COLUMNS, Signals
from astroseq_core.errors import CacheError, CorruptFileError
from astroseq_core.io import files, npz
from astroseq_core.type_names import JsonObject
from astroseq_core.typed_json import convert, parse

log = logging.getLogger(__name__)

#: Schema version; increase it if an older AstroSeq would misread a newer snapshot. Older snapshots are fetched again.
SCHEMA = 1
#: Older snapshots are refreshed when the app starts: the archive updates the TOI table about weekly.
STALE_AFTER = timedelta(days=7)
_MAGIC = b"AstroSeq catalogue\n"
_SUFFIX = ".snapshot"
_KEYS, _KEY_ROWS, _DROPPED = "keys", "key_rows", "dropped"
#: The header is one line; a file without a line end within this many bytes is not a snapshot.
_MAX_HEADER_BYTES = 65_536


@dataclass(frozen=True)
class SnapshotStatus:
    """Status of one table's snapshot.

    Attributes
    ----------
    table : str
        Name of the table.
    title : str
        Title for people.
    rows : int
        Number of signals.
    rows_in : int
        Number of rows that the archive served.
    dropped : mapping of str to int
        Number of dropped rows by reason.
    date : datetime or None
        When it was fetched (UTC); None if there is no usable snapshot.
    source : str
        The server.
    size_bytes : int
        Size on disk [bytes].
    problem : str
        Why there is no usable snapshot, if `date` is None.
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
        """Age of the snapshot; None if there is none."""
        return None if self.date is None else max(datetime.now(UTC) - self.date, timedelta(0))

    def is_stale(self, after: timedelta = STALE_AFTER) -> bool:
        """Return whether there is no snapshot, or it is too old.

        Parameters
        ----------
        after : timedelta, optional
            Maximum age.

        Returns
        -------
        bool
            True if the table should be refreshed.
        """
        return self.age is None or self.age > after

    @property
    def sentence(self) -> str:
        """One sentence for people: which snapshot is in use, or that there is none."""
        if self.date is None:
            return f"{self.title}: {self.problem or 'no snapshot yet; refresh the catalogues to fetch it.'}"
        days = self.age.days if self.age else 0
        ago = "today" if days == 0 else f"{days} day{'s' * (days != 1)} ago"
        return f"{self.title}: {self.rows} signal{'s' * (self.rows != 1)}, fetched {ago} ({self.date:%Y-%m-%d})."


def snapshot_folder() -> Path:
    """Return the folder of the snapshots: `catalogues` in the cache folder.

    Returns
    -------
    Path
        The folder.
    """
    return settings.cache_dir() / "catalogues"


def snapshot_path(table: CatalogTable) -> Path:
    """Return the snapshot file of a table.

    Parameters
    ----------
    table : CatalogTable
        The table.

    Returns
    -------
    Path
        The file, which may not exist.
    """
    return snapshot_folder() / f"{table.name}{_SUFFIX}"


def write_snapshot(table: CatalogTable, content: NormalizedTable, source: str, date: datetime | None = None) -> SnapshotStatus:
    """Write a snapshot, replacing the old one.

    Parameters
    ----------
    table : CatalogTable
        The table.
    content : NormalizedTable
        Its signals and dropped rows.
    source : str
        The server that served the table.
    date : datetime, optional
        Date of the snapshot (UTC); by default now.

    Returns
    -------
    SnapshotStatus
        Status of the new snapshot.

    Raises
    ------
    CacheError
        If the file cannot be written. The old snapshot is kept.
    """
    made = content.signals
    arrays = {
        **made.columns,
        _KEYS: made.keys,
        _KEY_ROWS: made.key_rows,
        _DROPPED: np.array([SEPARATOR.join(pair).encode() for pair in content.dropped] or [b""], np.bytes_),
    }
    payload = npz.encode_npz({"table": table.name}, arrays)
    header = {
        "schema": SCHEMA,
        "table": table.name,
        "rows": len(made),
        "rows_in": content.rows_in,
        "dropped": content.reasons,
        "date": (date or datetime.now(UTC)).isoformat(timespec="seconds"),
        "source": source,
        "sha256": files.sha256_hex(payload),
        "size": len(payload),
    }
    path = snapshot_path(table)
    data = _MAGIC + json.dumps(header, sort_keys=True).encode() + b"\n" + payload
    files.write_bytes_atomically(path, data, CacheError)
    return _status_from_header(table, header, len(data))


def read_snapshot(table: CatalogTable) -> Signals | None:
    """Read the signals of a table's snapshot.

    A damaged snapshot is moved aside and treated as absent.

    Parameters
    ----------
    table : CatalogTable
        The table.

    Returns
    -------
    Signals or None
        The signals; None if there is no snapshot.

    Raises
    ------
    CacheError
        If the file cannot be read, or a newer version of AstroSeq wrote it.
    """
    path = snapshot_path(table)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CacheError(f"The snapshot {path.name} cannot be read ({error.strerror or error}); check {path.parent}.") from error
    try:
        header, start = _parse_header(data, path.name)
        if header["schema"] < SCHEMA:
            return None
        payload = data[start:]
        if header.get("table") != table.name or header.get("sha256") != files.sha256_hex(payload):
            raise CorruptFileError(f"{path.name} is damaged.")
        _, arrays = npz.decode_npz(payload, path.name)
        for name in ADDED_COLUMNS:
            arrays.setdefault(name, np.full(len(arrays["target_id"]), np.nan))
        found = Signals(table.name, {c: arrays[c] for c in (*TEXT_COLUMNS, *NUMBER_COLUMNS)}, arrays[_KEYS], arrays[_KEY_ROWS])
        if len(found) != header["rows"]:
            raise CorruptFileError(f"{path.name} is damaged.")
        return found
    except (CorruptFileError, KeyError, TypeError, ValueError) as error:
        move_to_damaged(path)
        log.warning("%s is damaged (%s); it was set aside and will be fetched again.", path.name, error)
        return None


def dropped_rows(table: CatalogTable) -> tuple[tuple[str, str], ...]:
    """Return the rows of a table that gave no signal.

    Parameters
    ----------
    table : CatalogTable
        The table.

    Returns
    -------
    tuple of (str, str)
        Name and reason of each dropped row; empty if there is no snapshot.
    """
    if read_snapshot(table) is None:
        return ()
    data = snapshot_path(table).read_bytes()
    _, arrays = npz.decode_npz(data[_parse_header(data, table.name)[1] :], table.name)
    pairs = (bytes(line).decode("utf-8", "replace").rpartition(SEPARATOR) for line in arrays.get(_DROPPED, ()) if line)
    return tuple((name, reason) for name, _, reason in pairs)


def all_statuses() -> tuple[SnapshotStatus, ...]:
    """Return the status of every table's snapshot, reading only the files' headers.

    Returns
    -------
    tuple of SnapshotStatus
        One status for each table, in a fixed order.
    """
    return tuple(snapshot_status(table) for table in CATALOG_TABLES.values())


def snapshot_status(table: CatalogTable) -> SnapshotStatus:
    """Return the status of one table's snapshot.

    Parameters
    ----------
    table : CatalogTable
        The table.

    Returns
    -------
    SnapshotStatus
        The status.
    """
    path = snapshot_path(table)
    try:
        with path.open("rb") as file:
            start = file.read(_MAX_HEADER_BYTES)
        size = path.stat().st_size
        header, offset = _parse_header(start, path.name)
        if size - offset != header["size"]:
            raise CorruptFileError("its length is wrong")
        if header["schema"] < SCHEMA:
            return _missing_status(table, "its snapshot is of an older AstroSeq; refresh the catalogs to fetch it anew.")
        return _status_from_header(table, header, size)
    except FileNotFoundError:
        return _missing_status(table)
    except CacheError as error:
        return _missing_status(table, str(error))
    except (CorruptFileError, KeyError, TypeError, ValueError):
        return _missing_status(table, "its snapshot is damaged; refresh the catalogs to fetch it anew.")
    except OSError as error:
        return _missing_status(table, f"its snapshot cannot be read ({error.strerror or error}); check {path.parent}.")


def move_to_damaged(path: Path) -> None:
    """Move a damaged file to `damaged/` beside it, so that it is neither read again nor lost.

    Parameters
    ----------
    path : Path
        The file.
    """
    try:
        (path.parent / "damaged").mkdir(exist_ok=True)
        os.replace(path, path.parent / "damaged" / f"{time.time_ns()}-{path.name}")
    except OSError:
        log.warning("%s is damaged and cannot be moved away.", path.name)


def remove_snapshot(table: CatalogTable) -> bool:
    """Delete a table's snapshot.

    Parameters
    ----------
    table : CatalogTable
        The table.

    Returns
    -------
    bool
        Whether there was one.

    Raises
    ------
    CacheError
        If it cannot be deleted.
    """
    try:
        snapshot_path(table).unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise files.write_error(snapshot_folder(), error) from error
    return True


def _parse_header(data: bytes, name: str) -> tuple[JsonObject, int]:
    """Return the header and the offset of the payload."""
    end = data.find(b"\n", len(_MAGIC))
    if not data.startswith(_MAGIC) or end < 0:
        raise CorruptFileError(f"{name} is no snapshot of a catalog.")
    try:
        if end - len(_MAGIC) > _MAX_HEADER_BYTES:
            raise ValueError("its header is too long")
        header = convert(parse(data[len(_MAGIC) : end]), dict[str, object])
        schema = convert(header["schema"], int)
    except (KeyError, ValueError) as error:
        raise CorruptFileError(f"{name} is no snapshot of a catalog.") from error
    if schema > SCHEMA:
        raise CacheError(
            f"{name} was written by a newer AstroSeq (catalog version {schema}, this one knows {SCHEMA}); "
            "update AstroSeq, or refresh the catalogs into another ASTROSEQ_CACHE."
        )
    return header, end + 1


@dataclass(frozen=True)
class _Header:
    """What the header of a snapshot must hold for its status."""

    rows: int
    rows_in: int
    dropped: dict[str, int]
    date: str
    source: str


def _status_from_header(table: CatalogTable, header: JsonObject, size: int) -> SnapshotStatus:
    found = convert(header, _Header, ignore_unknown=True)
    date = datetime.fromisoformat(found.date)
    if date.tzinfo is None:
        raise CorruptFileError(f"The snapshot of {table.title} has a date without a time zone.")
    return SnapshotStatus(
        table=table.name,
        title=table.title,
        rows=found.rows,
        rows_in=found.rows_in,
        dropped=found.dropped,
        date=date,
        source=found.source,
        size_bytes=size,
    )


def _missing_status(table: CatalogTable, problem: str = "") -> SnapshotStatus:
    return SnapshotStatus(table.name, table.title, problem=problem)
