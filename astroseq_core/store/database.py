"""The store: one SQLite file of what people decided. Deleting the cache never touches it."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from astroseq_core import settings
from astroseq_core.errors import StoreError

NAME = "astroseq.sqlite"
#: How long [s] one process waits for another that is writing.
WAIT_SECONDS = 30.0
#: Each step from one version of the tables to the next; the file's ``user_version`` counts those that are done.
MIGRATIONS = (
    """
    CREATE TABLE runs (
        run_id TEXT PRIMARY KEY, folder TEXT NOT NULL, created REAL NOT NULL, note TEXT NOT NULL DEFAULT ''
    );
    CREATE TABLE promoted (mission TEXT PRIMARY KEY, model TEXT NOT NULL, at REAL NOT NULL);
    CREATE TABLE dispositions (
        id INTEGER PRIMARY KEY AUTOINCREMENT, target_id TEXT NOT NULL, disposition TEXT NOT NULL, reviewer TEXT NOT NULL,
        at REAL NOT NULL, flags TEXT NOT NULL DEFAULT '[]', note TEXT NOT NULL DEFAULT '', ephemeris TEXT NOT NULL DEFAULT '',
        model_id TEXT NOT NULL DEFAULT '', score REAL, score_hidden INTEGER NOT NULL DEFAULT 0, seconds REAL,
        undoes INTEGER REFERENCES dispositions (id)
    );
    CREATE INDEX dispositions_by_star ON dispositions (target_id, reviewer, id);
    """,
)


def path() -> Path:
    """Where the store is."""
    return settings.data_dir() / NAME


@contextlib.contextmanager
def connect() -> Iterator[sqlite3.Connection]:
    """A connection inside one transaction: all that is done in the block is kept, or nothing where it raises.

    Makes the file and its tables where they are missing. Raises StoreError, in one sentence, where it cannot be used.
    """
    file = path()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(file, timeout=WAIT_SECONDS, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise _problem(file, error) from error
    try:
        connection.row_factory = sqlite3.Row
        _ready(connection, file)
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise _problem(file, error) from error
    finally:
        # What was not committed is rolled back with the connection.
        connection.close()


def _ready(connection: sqlite3.Connection, file: Path) -> None:
    """Bring the tables up to date."""
    version = _version(connection)
    if version > len(MIGRATIONS):
        raise StoreError(f"{file} was written by a newer AstroSeq (version {version}); update AstroSeq to read it.")
    if version == len(MIGRATIONS):
        return
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    # Another process may have done it while this one waited.
    for step in MIGRATIONS[_version(connection) :]:
        for statement in filter(str.strip, step.split(";")):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _problem(file: Path, error: Exception) -> StoreError:
    return StoreError(f"Dispositions, notes and runs cannot be read or written in {file} ({error}); check the disk and the file.")
