"""The cache's index: which file holds what, and what the archive was found not to have. SQLite in WAL mode."""

import contextlib
import errno
import logging
import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from astroseq_core.errors import CacheError
from astroseq_core.lightcurves import storage

log = logging.getLogger(__name__)

NAME = "index.sqlite"
#: How long [s] one process waits for another that is writing.
WAIT_SECONDS = 30.0
DAMAGED = "damaged"

_SCHEMA = """
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
#: How often tables were added since the first version of the files.
_ADDED = 1
_KEY = "kind = ? AND target = ? AND observation = ? AND author = ? AND exposure = ?"


@dataclass(frozen=True, order=True)
class Key:
    """What a file of the cache holds; ``target`` is a slug, empty for arrays that belong to no one target."""

    kind: str
    target: str
    observation: str
    author: str = ""
    exposure_seconds: int = 0

    @property
    def row(self) -> tuple[str, str, str, str, int]:
        """The values of the index's key columns."""
        return (self.kind, self.target, self.observation, self.author, self.exposure_seconds)


@dataclass(frozen=True)
class Entry:
    """A file of the cache: its ``file`` is relative to the cache's folder."""

    key: Key
    file: str
    sha256: str
    size_bytes: int


class Index:
    """The index in ``folder``; safe for several threads and processes, since each call opens its own connection.

    ``rebuild`` lists the entries of the files that are there; it is asked when the index is new, lost or damaged.
    """

    def __init__(self, folder: Path, rebuild: Callable[[], list[Entry]]) -> None:
        self.folder = folder
        self.path = folder / NAME
        self._rebuild = rebuild

    @contextlib.contextmanager
    def open(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection, with ``write`` in a transaction that is committed at the end; raises CacheError."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage.cannot_write(self.folder, error) from error
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
            connection.close()  # without COMMIT this rolls back

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=WAIT_SECONDS, isolation_level=None)
        try:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > _version():
                raise storage.newer(f"The cache in {self.folder}", version, _version())
            if version < _version():
                self._create(connection)
            connection.execute("PRAGMA synchronous = NORMAL")
        except BaseException:
            connection.close()
            raise
        return connection

    def _read_only(self) -> sqlite3.Connection | None:
        """A connection to an index that may only be read, or None: SQLite's usual way of reading one writes files beside it."""
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
                raise storage.newer(f"The cache in {self.folder}", version, _version())
        return None

    def _create(self, connection: sqlite3.Connection) -> None:
        """Make the tables and fill them from the files, unless another process was faster."""
        stop = time.monotonic() + WAIT_SECONDS
        while True:
            try:  # changing the journal's mode does not wait for other processes by itself
                connection.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > stop:
                    raise
                time.sleep(0.01)
        connection.execute("BEGIN IMMEDIATE")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version < _version():
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
            for entry in self._rebuild():
                upsert(connection, entry)
            connection.execute(f"PRAGMA user_version = {_version()}")
        connection.execute("COMMIT")

    def _set_aside(self) -> None:
        """Move a damaged index out of the way."""
        try:
            (self.folder / DAMAGED).mkdir(exist_ok=True)
            for ending in ("", "-wal", "-shm"):
                path = self.path.with_name(NAME + ending)
                if path.exists():
                    os.replace(path, self.folder / DAMAGED / f"{secrets.token_hex(4)}-{path.name}")
        except OSError as error:
            raise storage.cannot_write(self.folder, error) from error

    def _error(self, error: sqlite3.Error) -> CacheError:
        if "readonly" in str(error):
            return storage.cannot_write(self.folder, OSError(errno.EACCES, str(error)))
        if "disk is full" in str(error):
            return storage.cannot_write(self.folder, OSError(errno.ENOSPC, str(error)))
        return CacheError(
            f"The cache's index {self.path} cannot be used ({error}); check the disk's space and permissions, "
            "or delete the index: it is made again from the files."
        )


def _version() -> int:
    return storage.SCHEMA + _ADDED


def upsert(connection: sqlite3.Connection, entry: Entry) -> None:
    """Write an entry over an older one of the same key."""
    connection.execute(
        "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*entry.key.row, entry.file, entry.sha256, entry.size_bytes),
    )


def find(connection: sqlite3.Connection, where: str = "1", values: tuple[object, ...] = ()) -> list[Entry]:
    """The entries that meet an SQL condition, in the order of their keys."""
    columns = "kind, target, observation, author, exposure, file, sha256, bytes"
    # S608: the conditions are constants of this package, and all values are bound
    sql = f"SELECT {columns} FROM files WHERE {where}"  # noqa: S608
    rows = connection.execute(sql + " ORDER BY kind, target, observation, author, exposure", values)
    return [Entry(Key(*row[:5]), *row[5:]) for row in rows]


def after(connection: sqlite3.Connection, kind: str, target: str, count: int) -> list[Entry]:
    """The entries of a kind of the first ``count`` targets whose names come after that one, in the order of their keys."""
    names = "SELECT DISTINCT target FROM files WHERE kind = ? AND target > ? ORDER BY target LIMIT ?"
    return find(connection, f"kind = ? AND target IN ({names})", (kind, kind, target, count))


def delete(connection: sqlite3.Connection, entry: Entry) -> None:
    """Take an entry out, unless its key has got another file in the meantime."""
    connection.execute("DELETE FROM files WHERE " + _KEY + " AND file = ?", (*entry.key.row, entry.file))  # noqa: S608 - a constant


def with_key(connection: sqlite3.Connection, key: Key) -> Entry | None:
    """The entry of a key, or None."""
    found = find(connection, _KEY, key.row)
    return found[0] if found else None
