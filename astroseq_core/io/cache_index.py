"""Light-curve cache: the index of files and known absences (SQLite in WAL mode), and the choice of files to delete."""

import contextlib
import errno
import logging
import math
import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from astroseq_core import targets
from astroseq_core.errors import AstroSeqError, CacheError
from astroseq_core.io import files, npz
from astroseq_core.targets import Target
from astroseq_core.typed_json import DAMAGE, convert, reason_of

log = logging.getLogger(__name__)

INDEX_NAME = "index.sqlite"
#: Kind of light curves in the index.
LIGHT_CURVE_KIND = "lightcurve"
#: How long a process waits for another one to finish writing [s].
LOCK_TIMEOUT_SECONDS = 30.0
DAMAGED_FOLDER = "damaged"

_SCHEMA_SQL = """
CREATE TABLE IF NOT EXISTS files (
    kind TEXT NOT NULL, target TEXT NOT NULL, observation TEXT NOT NULL, author TEXT NOT NULL, exposure INTEGER NOT NULL,
    file TEXT NOT NULL, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL,
    PRIMARY KEY (kind, target, observation, author, exposure)
);
CREATE TABLE IF NOT EXISTS absent (
    target TEXT NOT NULL, what TEXT NOT NULL, reason TEXT NOT NULL, since REAL NOT NULL, PRIMARY KEY (target, what)
);
CREATE TABLE IF NOT EXISTS failed (
    target TEXT NOT NULL, what TEXT NOT NULL, reason TEXT NOT NULL, since REAL NOT NULL, PRIMARY KEY (target, what)
);
CREATE TABLE IF NOT EXISTS choices (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
#: Number of times that tables were added since the first schema version of the files.
_ADDED_VERSIONS = 1
_KEY_CONDITION = "kind = ? AND target = ? AND observation = ? AND author = ? AND exposure = ?"


@dataclass(frozen=True, order=True)
class CacheKey:
    """What a cache file holds.

    Attributes
    ----------
    kind : str
        Kind of content.
    target : str
        Slug of the star; empty for arrays that belong to no single star.
    observation : str
        Name of the observation, or the key of arrays.
    author : str
        Author (pipeline) of the light curve.
    exposure_seconds : int
        Exposure [s].
    """

    kind: str
    target: str
    observation: str
    author: str = ""
    exposure_seconds: int = 0

    @property
    def row(self) -> tuple[str, str, str, str, int]:
        """Values of the key columns in the index."""
        return (self.kind, self.target, self.observation, self.author, self.exposure_seconds)


@dataclass(frozen=True)
class CacheEntry:
    """One file of the cache.

    Attributes
    ----------
    key : CacheKey
        What the file holds.
    file : str
        Path relative to the cache's folder.
    sha256 : str
        SHA-256 of its bytes.
    size_bytes : int
        Size [bytes].
    """

    key: CacheKey
    file: str
    sha256: str
    size_bytes: int


class CacheIndex:
    """Index of the cache in one folder.

    Several threads and processes may use it at once, since every call opens its own connection.

    Parameters
    ----------
    folder : Path
        Folder of the cache.
    rebuild : callable
        Returns the entries of all files on disk; called if the index is new, lost or damaged.
    """

    def __init__(self, folder: Path, rebuild: Callable[[], list[CacheEntry]]) -> None:
        self.folder = folder
        self.path = folder / INDEX_NAME
        self._rebuild = rebuild

    @contextlib.contextmanager
    def open(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        """Open a connection to the index in a `with` block.

        A damaged index is moved aside and rebuilt from the files.

        Parameters
        ----------
        write : bool, optional
            Whether to open a transaction, which is committed at the end of the block and rolled
            back on an error.

        Yields
        ------
        sqlite3.Connection
            The connection.

        Raises
        ------
        CacheError
            If the index cannot be used, or a newer version of AstroSeq wrote it.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise files.write_error(self.folder, error) from error
        try:
            connection = self._connect()
        except sqlite3.OperationalError as error:
            if write or (found := self._read_only()) is None:
                raise self._error(error) from error
            connection = found
        except sqlite3.DatabaseError as error:
            log.warning("The cache's index is damaged (%s); it is made again from the files.", error)
            self._set_aside()
            try:
                connection = self._connect()
            except sqlite3.Error as again:
                raise self._error(again) from again
        try:
            if write:
                connection.execute("BEGIN IMMEDIATE")
            yield connection
            if write:
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._error(error) from error
        finally:
            connection.close()  # rolls back without COMMIT

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=LOCK_TIMEOUT_SECONDS, isolation_level=None)
        try:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > _version():
                raise npz.newer_schema_error(f"The cache in {self.folder}", version, _version())
            if version < _version():
                self._create(connection)
            connection.execute("PRAGMA synchronous = NORMAL")
        except UnicodeDecodeError as error:  # a message of SQLite's that quotes damaged text
            connection.close()
            raise sqlite3.DatabaseError("the database is malformed") from error
        except BaseException:
            connection.close()
            raise
        return connection

    def _read_only(self) -> sqlite3.Connection | None:
        """Return a connection to an index that is not writable, or None.

        SQLite's usual way of reading would write files beside the database.
        """
        for option in ("mode=ro", "immutable=1"):
            connection: sqlite3.Connection | None = None
            try:
                connection = sqlite3.connect(f"{self.path.absolute().as_uri()}?{option}", uri=True, isolation_level=None)
                (version,) = connection.execute("PRAGMA user_version").fetchone()
                connection.execute("SELECT COUNT(*) FROM files").fetchone()
            except sqlite3.Error:
                if connection is not None:
                    connection.close()
                continue
            if version == _version():
                return connection
            connection.close()
            if version > _version():
                raise npz.newer_schema_error(f"The cache in {self.folder}", version, _version())
        return None

    def _create(self, connection: sqlite3.Connection) -> None:
        """Create the tables and fill them from the files, unless another process did so first."""
        stop = time.monotonic() + LOCK_TIMEOUT_SECONDS
        while True:
            try:  # SQLite does not wait for other processes here
                connection.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > stop:
                    raise
                time.sleep(0.01)
        connection.execute("BEGIN IMMEDIATE")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version < _version():
            for statement in _SCHEMA_SQL.split(";"):
                connection.execute(statement)
            for entry in self._rebuild():
                upsert_entry(connection, entry)
            connection.execute(f"PRAGMA user_version = {_version()}")
        connection.execute("COMMIT")

    def _set_aside(self) -> None:
        """Move a damaged index out of the way."""
        try:
            (self.folder / DAMAGED_FOLDER).mkdir(exist_ok=True)
            for ending in ("", "-wal", "-shm"):
                path = self.path.with_name(INDEX_NAME + ending)
                if path.exists():
                    os.replace(path, self.folder / DAMAGED_FOLDER / f"{secrets.token_hex(4)}-{path.name}")
        except OSError as error:
            raise files.write_error(self.folder, error) from error

    def _error(self, error: sqlite3.Error) -> AstroSeqError:
        if "readonly" in str(error):
            return files.write_error(self.folder, OSError(errno.EACCES, str(error)))
        if "disk is full" in str(error):
            return files.write_error(self.folder, OSError(errno.ENOSPC, str(error)))
        return CacheError(
            f"The cache's index {self.path} cannot be used ({error}); check the disk's space and permissions, "
            "or delete the index: it is made again from the files."
        )


def _version() -> int:
    return npz.SCHEMA + _ADDED_VERSIONS


def upsert_entry(connection: sqlite3.Connection, entry: CacheEntry) -> None:
    """Insert an entry, replacing an older one with the same key.

    Parameters
    ----------
    connection : sqlite3.Connection
        A connection with an open transaction.
    entry : CacheEntry
        The entry.
    """
    connection.execute(
        "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*entry.key.row, entry.file, entry.sha256, entry.size_bytes),
    )


def select_entries(connection: sqlite3.Connection, where: str = "1", values: tuple[object, ...] = ()) -> list[CacheEntry]:
    """Return the entries that meet an SQL condition.

    Parameters
    ----------
    connection : sqlite3.Connection
        A connection to the index.
    where : str, optional
        SQL condition; by default all entries.
    values : tuple, optional
        Values of the condition's placeholders.

    Returns
    -------
    list of CacheEntry
        The entries, in the order of their keys.
    """
    columns = "kind, target, observation, author, exposure, file, sha256, bytes"
    # S608: conditions are constants of this package, and all values are bound
    sql = f"SELECT {columns} FROM files WHERE {where}"  # noqa: S608
    rows = connection.execute(sql + " ORDER BY kind, target, observation, author, exposure", values)
    return [entry for row in rows if isinstance(entry := entry_from_row(row), CacheEntry)]


def entry_from_row(row: Sequence[object]) -> CacheEntry | str:
    """Return the entry in a row of the index.

    Parameters
    ----------
    row : sequence
        The key, and `file`, `sha256` and `bytes`.

    Returns
    -------
    CacheEntry or str
        The entry; of a damaged row, what is wrong with it: its values are of other types, its file is outside the cache, or
        its light curve is of no star.
    """
    try:
        key = CacheKey(*convert(tuple(row[:5]), tuple[str, str, str, str, int], "its key"))
        file, sha256, size = convert(tuple(row[5:]), tuple[str, str, int], "it")
        if key.target:
            targets.parse_star(key.target)
        path = PurePosixPath(file)
        if not file or path.is_absolute() or ".." in path.parts or size < 0:
            raise ValueError("its file is none of the cache")
    except DAMAGE as error:
        return reason_of(error)
    return CacheEntry(key, file, sha256, size)


def damaged_rows(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return the damaged rows of the index.

    Parameters
    ----------
    connection : sqlite3.Connection
        A connection to the index.

    Returns
    -------
    list of tuple of (str, str)
        What each names as its file, and what is wrong with it.
    """
    rows = connection.execute("SELECT kind, target, observation, author, exposure, file, sha256, bytes FROM files")
    return [(str(row[5]), found) for row in rows if isinstance(found := entry_from_row(row), str)]


def delete_damaged_rows(connection: sqlite3.Connection) -> list[str]:
    """Delete the damaged rows of the index; files that they name stay where they are.

    Parameters
    ----------
    connection : sqlite3.Connection
        A connection with an open transaction.

    Returns
    -------
    list of str
        What each named as its file.
    """
    rows = connection.execute(
        "SELECT kind, target, observation, author, exposure, file, sha256, bytes, rowid FROM files"
    ).fetchall()
    out = [row for row in rows if isinstance(entry_from_row(row[:8]), str)]
    connection.executemany("DELETE FROM files WHERE rowid = ?", [(row[8],) for row in out])
    return [str(row[5]) for row in out]


def star_or_none(slug: object) -> Target | None:
    """Return the star of a slug in the index.

    Parameters
    ----------
    slug : object
        The slug.

    Returns
    -------
    Target or None
        The star; None where the row is damaged.
    """
    try:
        return targets.parse_star(slug) if isinstance(slug, str) else None
    except AstroSeqError:
        return None


def select_entries_after(connection: sqlite3.Connection, kind: str, target: str, count: int) -> list[CacheEntry]:
    """Return the entries of the next targets in alphabetical order.

    Parameters
    ----------
    connection : sqlite3.Connection
        A connection to the index.
    kind : str
        Kind of content.
    target : str
        Slug after which to start; empty to start at the first.
    count : int
        Number of targets.

    Returns
    -------
    list of CacheEntry
        The entries, in the order of their keys.
    """
    names = "SELECT DISTINCT target FROM files WHERE kind = ? AND target > ? ORDER BY target LIMIT ?"
    return select_entries(connection, f"kind = ? AND target IN ({names})", (kind, kind, target, count))


def delete_entry(connection: sqlite3.Connection, entry: CacheEntry) -> None:
    """Delete an entry, unless another file has been stored under its key in the meantime.

    Parameters
    ----------
    connection : sqlite3.Connection
        A connection with an open transaction.
    entry : CacheEntry
        The entry.
    """
    connection.execute("DELETE FROM files WHERE " + _KEY_CONDITION + " AND file = ?", (*entry.key.row, entry.file))  # noqa: S608 - a constant


def find_entry(connection: sqlite3.Connection, key: CacheKey) -> CacheEntry | None:
    """Return the entry of a key.

    Parameters
    ----------
    connection : sqlite3.Connection
        A connection to the index.
    key : CacheKey
        The key.

    Returns
    -------
    CacheEntry or None
        The entry; None if there is none.
    """
    found = select_entries(connection, _KEY_CONDITION, key.row)
    return found[0] if found else None


def mark_as_read(path: Path) -> None:
    """Set the access time of a file to now, if possible, and keep its modification time.

    Parameters
    ----------
    path : Path
        The file.
    """
    with contextlib.suppress(OSError):
        os.utime(path, (time.time(), path.stat().st_mtime))


def file_times(path: Path) -> tuple[float, float]:
    """Return when a file was stored and when it was last read.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    tuple of (float, float)
        The two times [s since 1970]; NaN if the file does not exist.
    """
    try:
        found = path.stat()
    except OSError:
        return math.nan, math.nan
    return found.st_mtime, max(found.st_atime, found.st_mtime)


def entries_to_evict(entries: Sequence[CacheEntry], excess_bytes: int, folder: Path) -> list[CacheEntry]:
    """Return the files to delete to free disk space, least recently read first.

    Parameters
    ----------
    entries : sequence of CacheEntry
        Entries of the cache index.
    excess_bytes : int
        Bytes to free, at least.
    folder : Path
        Folder of the cache.

    Returns
    -------
    list of CacheEntry
        Entries of the files to delete.
    """
    out: list[CacheEntry] = []

    def last_used(entry: CacheEntry) -> float:
        used = file_times(folder / entry.file)[1]
        return -math.inf if math.isnan(used) else used

    for entry in sorted(entries, key=last_used):
        if excess_bytes <= 0:
            break
        out.append(entry)
        excess_bytes -= entry.size_bytes
    return out
