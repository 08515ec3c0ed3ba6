"""The store: one SQLite file of users' decisions and survey scores, independent of the cache."""

import contextlib
import math
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from astroseq_core import settings
from astroseq_core.column_fields import COUNT, NUMBER, TEXT
from astroseq_core.columns import STORED, STORED_SIGNAL
from astroseq_core.errors import StoreError

FILE_NAME = "astroseq.sqlite"
#: How long [s] one process waits for another that is writing.
WAIT_SECONDS = 30.0
#: Page cache of a connection [KiB]; it is large because the rows of a large survey are scattered over the whole file.
CACHE_KIB = 65_536
#: Tables whose columns are those of the registry.
_REGISTERED = {"scores": STORED, "signals": STORED_SIGNAL}
#: SQL types of their columns, by their kind.
_SQL_TYPES = {NUMBER: "REAL", COUNT: "INTEGER", TEXT: "TEXT NOT NULL DEFAULT ''"}
#: SQL of each step from one schema version to the next; the file's `user_version` counts the steps already done.
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
    # score_groups: values that many rows share, and the number of those rows, which the triggers keep exact. A filter on
    # model, mission or simulated selects groups, so that counting is free and an index needs only one small integer.
    # scores_by_*: one for each main sort order of the leaderboard. Each is a covering index for the filters, so that neither
    # walking an order nor counting reads the rows themselves; scores_by_score also serves ranks and histograms, and
    # scores_by_target (with data_id) tells which stars a survey can skip.
    # scores_matched: the stars with a known signal, and the names that a text search covers. verdicts: the newest disposition
    # of each star, maintained by a trigger.
    """
    CREATE TABLE score_models (id INTEGER PRIMARY KEY, model_id TEXT NOT NULL UNIQUE);
    CREATE TABLE score_groups (
        id INTEGER PRIMARY KEY, model INTEGER NOT NULL REFERENCES score_models (id), model_sha TEXT NOT NULL,
        mission TEXT NOT NULL, seen_as TEXT NOT NULL, simulated INTEGER NOT NULL, scored INTEGER NOT NULL,
        num INTEGER NOT NULL DEFAULT 0, UNIQUE (model, model_sha, mission, seen_as, simulated, scored)
    );
    CREATE TABLE scores (
        id INTEGER PRIMARY KEY, target_id TEXT NOT NULL, model INTEGER NOT NULL REFERENCES score_models (id),
        group_id INTEGER NOT NULL REFERENCES score_groups (id), data_id TEXT NOT NULL, num_segments INTEGER, star_score REAL,
        score_max REAL, score_topk REAL, score_noisy_or REAL, score_fold REAL, false_alarm_probability REAL,
        best_period_days REAL, best_t0 REAL, t0_system TEXT NOT NULL, best_duration_hours REAL, period_err_days REAL,
        t0_err_days REAL, duration_err_hours REAL, num_transits INTEGER, status TEXT NOT NULL, magnitude REAL,
        match TEXT NOT NULL, match_kind TEXT NOT NULL, match_ratio TEXT NOT NULL, match_disposition TEXT NOT NULL,
        survey_id TEXT NOT NULL, at REAL NOT NULL, spark BLOB NOT NULL,
        known INTEGER NOT NULL, UNIQUE (target_id, model)
    );
    CREATE INDEX scores_by_score ON scores (
        group_id, star_score, target_id, num_segments, magnitude, best_period_days, known);
    CREATE INDEX scores_by_max ON scores (
        group_id, score_max, target_id, star_score, num_segments, magnitude, best_period_days, known);
    CREATE INDEX scores_by_topk ON scores (
        group_id, score_topk, target_id, star_score, num_segments, magnitude, best_period_days, known);
    CREATE INDEX scores_by_fold ON scores (
        group_id, score_fold, target_id, star_score, num_segments, magnitude, best_period_days, known);
    CREATE INDEX scores_by_segments ON scores (
        group_id, num_segments, target_id, star_score, magnitude, best_period_days, known);
    CREATE INDEX scores_by_magnitude ON scores (
        group_id, magnitude, target_id, star_score, num_segments, best_period_days, known);
    CREATE INDEX scores_by_period ON scores (
        group_id, best_period_days, target_id, star_score, num_segments, magnitude, known);
    CREATE INDEX scores_by_target ON scores (
        group_id, target_id, star_score, num_segments, magnitude, best_period_days, known, data_id);
    CREATE INDEX scores_matched ON scores (match) WHERE known;
    CREATE TRIGGER score_added AFTER INSERT ON scores BEGIN
        UPDATE score_groups SET num = num + 1 WHERE id = NEW.group_id;
    END;
    CREATE TRIGGER score_moved AFTER UPDATE OF group_id ON scores WHEN NEW.group_id <> OLD.group_id BEGIN
        UPDATE score_groups SET num = num - 1 WHERE id = OLD.group_id;
        UPDATE score_groups SET num = num + 1 WHERE id = NEW.group_id;
    END;
    CREATE TRIGGER score_removed AFTER DELETE ON scores BEGIN
        UPDATE score_groups SET num = num - 1 WHERE id = OLD.group_id;
    END;
    CREATE TABLE cuts (model_id TEXT PRIMARY KEY, kind TEXT NOT NULL, threshold REAL NOT NULL, n INTEGER, at REAL NOT NULL);
    CREATE INDEX dispositions_undone ON dispositions (undoes) WHERE undoes IS NOT NULL;
    CREATE TABLE verdicts (target_id TEXT PRIMARY KEY, disposition TEXT NOT NULL) WITHOUT ROWID;
    CREATE TRIGGER verdict_given AFTER INSERT ON dispositions BEGIN
        DELETE FROM verdicts
        WHERE target_id = coalesce((SELECT target_id FROM dispositions WHERE id = NEW.undoes), NEW.target_id);
        INSERT INTO verdicts SELECT target_id, disposition FROM dispositions AS d
        WHERE target_id = coalesce((SELECT target_id FROM dispositions WHERE id = NEW.undoes), NEW.target_id)
            AND undoes IS NULL AND NOT EXISTS (SELECT 1 FROM dispositions AS u WHERE u.undoes = d.id)
        ORDER BY at DESC, id DESC LIMIT 1;
    END;
    INSERT INTO verdicts SELECT target_id, disposition FROM (
        SELECT target_id, disposition, row_number() OVER (PARTITION BY target_id ORDER BY at DESC, id DESC) AS place
        FROM dispositions AS d
        WHERE undoes IS NULL AND NOT EXISTS (SELECT 1 FROM dispositions AS u WHERE u.undoes = d.id)
    ) WHERE place = 1;
    """,
    # token: identifies one display of a star to one reviewer, so that a key pressed twice gives one disposition. The triggers
    # forbid changes to recorded decisions: an undo is an entry of its own. verdict_given stays as it is: it compares the times
    # at which dispositions were given, so that older ones may be added later.
    """
    ALTER TABLE dispositions ADD COLUMN token TEXT NOT NULL DEFAULT '';
    ALTER TABLE dispositions ADD COLUMN measured TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE dispositions ADD COLUMN imported_from TEXT NOT NULL DEFAULT '';
    CREATE UNIQUE INDEX dispositions_token ON dispositions (token) WHERE token <> '';
    CREATE INDEX dispositions_by_reviewer ON dispositions (reviewer, at, id);
    CREATE TRIGGER dispositions_not_changed BEFORE UPDATE ON dispositions BEGIN
        SELECT RAISE(ABORT, 'verdicts are only ever added to, never changed');
    END;
    CREATE TRIGGER dispositions_not_removed BEFORE DELETE ON dispositions BEGIN
        SELECT RAISE(ABORT, 'verdicts are only ever added to, never removed');
    END;
    CREATE TABLE drafts (
        target_id TEXT NOT NULL, reviewer TEXT NOT NULL, note TEXT NOT NULL, flags TEXT NOT NULL, bookmarked REAL,
        updated REAL NOT NULL, PRIMARY KEY (target_id, reviewer)
    ) WITHOUT ROWID;
    CREATE TABLE ephemerides_in_hand (
        id INTEGER PRIMARY KEY AUTOINCREMENT, target_id TEXT NOT NULL, ephemeris TEXT NOT NULL, source TEXT NOT NULL,
        reviewer TEXT NOT NULL, at REAL NOT NULL
    );
    CREATE INDEX in_hand_by_star ON ephemerides_in_hand (target_id, id);
    CREATE TRIGGER in_hand_not_changed BEFORE UPDATE ON ephemerides_in_hand BEGIN
        SELECT RAISE(ABORT, 'ephemerides in hand are only ever added to, never changed');
    END;
    CREATE TRIGGER in_hand_not_removed BEFORE DELETE ON ephemerides_in_hand BEGIN
        SELECT RAISE(ABORT, 'ephemerides in hand are only ever added to, never removed');
    END;
    CREATE TABLE queues (
        id INTEGER PRIMARY KEY, queue_id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, sorted_by TEXT NOT NULL, created REAL NOT NULL,
        made_from TEXT NOT NULL, num INTEGER NOT NULL
    );
    CREATE TABLE queue_items (
        queue INTEGER NOT NULL REFERENCES queues (id), number INTEGER NOT NULL, target_id TEXT NOT NULL, place TEXT NOT NULL,
        score REAL, model_id TEXT NOT NULL, period_days REAL, probability REAL, PRIMARY KEY (queue, number)
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX queue_items_by_star ON queue_items (queue, target_id);
    """,
    # scores_by_planet: the default order. SQLite sorts NULL before all numbers, so that the index backwards has the stars without
    # a planet score last, by their star score; so has it those whose planet scores are equal, as of all without a signal. It
    # covers the filters by class, too; its columns are added from the registry. signals: those of the star's score row by that
    # model, which they are replaced and removed with. cuts.score: the column that a threshold is one of.
    """
    CREATE INDEX scores_by_planet ON scores (
        group_id, planet_score, star_score, target_id, num_segments, magnitude, best_period_days, known, p_planet,
        p_eclipsing_binary, p_not_transit);
    CREATE TABLE signals (
        target_id TEXT NOT NULL, model INTEGER NOT NULL REFERENCES score_models (id), signal INTEGER NOT NULL, period_days REAL,
        period_err_days REAL, t0_days REAL, t0_err_days REAL, t0_system TEXT NOT NULL, duration_hours REAL,
        duration_err_hours REAL, depth_ppm REAL, depth_err_ppm REAL, snr REAL, num_transits INTEGER, log_odds REAL,
        evidence REAL, false_alarm_probability REAL, p_planet REAL, p_eclipsing_binary REAL, p_not_transit REAL,
        planet_spread REAL, eclipsing_binary_spread REAL, not_transit_spread REAL, planet_score REAL,
        PRIMARY KEY (target_id, model, signal)
    ) WITHOUT ROWID;
    CREATE TRIGGER score_signals_removed AFTER DELETE ON scores BEGIN
        DELETE FROM signals WHERE target_id = OLD.target_id AND model = OLD.model;
    END;
    ALTER TABLE cuts ADD COLUMN score TEXT NOT NULL DEFAULT 'star_score';
    ALTER TABLE queue_items ADD COLUMN planet_score REAL;
    ALTER TABLE queue_items ADD COLUMN doubt REAL;
    """,
    # best_signal_*: of stars whose signals were found before these columns were there. period_days: what the leaderboard shows,
    # sorts and filters by, that of the best signal or else of the fold; the indexes cover the filter by it. It is no generated
    # column: an index that holds one covers no query.
    """
    UPDATE scores SET (best_signal_period_days, best_signal_t0, best_signal_duration_hours, best_signal_depth_ppm) = (
        SELECT period_days, t0_days, duration_hours, depth_ppm FROM signals
        WHERE signals.target_id = scores.target_id AND signals.model = scores.model AND signals.signal = scores.best_signal)
    WHERE num_signals > 0;
    ALTER TABLE scores ADD COLUMN period_days REAL;
    UPDATE scores SET period_days = CASE WHEN num_signals > 0 THEN best_signal_period_days ELSE best_period_days END;
    DROP INDEX scores_by_score;
    DROP INDEX scores_by_max;
    DROP INDEX scores_by_topk;
    DROP INDEX scores_by_fold;
    DROP INDEX scores_by_segments;
    DROP INDEX scores_by_magnitude;
    DROP INDEX scores_by_period;
    DROP INDEX scores_by_target;
    DROP INDEX scores_by_planet;
    CREATE INDEX scores_by_score ON scores (group_id, star_score, target_id, num_segments, magnitude, period_days, known);
    CREATE INDEX scores_by_max ON scores (
        group_id, score_max, target_id, star_score, num_segments, magnitude, period_days, known);
    CREATE INDEX scores_by_topk ON scores (
        group_id, score_topk, target_id, star_score, num_segments, magnitude, period_days, known);
    CREATE INDEX scores_by_fold ON scores (
        group_id, score_fold, target_id, star_score, num_segments, magnitude, period_days, known);
    CREATE INDEX scores_by_segments ON scores (group_id, num_segments, target_id, star_score, magnitude, period_days, known);
    CREATE INDEX scores_by_magnitude ON scores (group_id, magnitude, target_id, star_score, num_segments, period_days, known);
    CREATE INDEX scores_by_period ON scores (group_id, period_days, target_id, star_score, num_segments, magnitude, known);
    CREATE INDEX scores_by_target ON scores (
        group_id, target_id, star_score, num_segments, magnitude, period_days, known, data_id);
    CREATE INDEX scores_by_planet ON scores (
        group_id, planet_score, star_score, target_id, num_segments, magnitude, period_days, known, p_planet,
        p_eclipsing_binary, p_not_transit);
    """,
)


def database_path() -> Path:
    """Return the path of the store's SQLite file.

    Returns
    -------
    Path
        The file, in the data folder; it may not exist yet.
    """
    return settings.data_dir() / FILE_NAME


@contextlib.contextmanager
def connect(writing: bool = True) -> Iterator[sqlite3.Connection]:
    """Open the store for one transaction.

    The transaction is committed at the end of the `with` block, or rolled back if the block raises.
    The file and its tables are created or migrated if needed.

    Parameters
    ----------
    writing : bool, optional
        Whether the block writes. If not, it sees the store as it is at its first query, and neither
        waits for a writer nor delays one.

    Yields
    ------
    sqlite3.Connection
        Connection whose rows are `sqlite3.Row`.

    Raises
    ------
    StoreError
        If the store cannot be read or written, or was written by a newer version.
    """
    file = database_path()
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # what people decide is theirs to show
        connection = sqlite3.connect(file, timeout=WAIT_SECONDS, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise _store_error(file, error) from error
    try:
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        _migrate(connection, file)
        connection.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
        yield connection
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise _store_error(file, error) from error
    finally:
        # What was not committed is rolled back with the connection.
        connection.close()


def _migrate(connection: sqlite3.Connection, file: Path) -> None:
    """Migrate the tables to the current version."""
    # counted first: another process may make the tables and set the version at this moment
    num_tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    version = _version(connection)
    if version > len(MIGRATIONS):
        raise StoreError(f"{file} was written by a newer AstroSeq (version {version}); update AstroSeq to read it.")
    if num_tables and not version:
        raise StoreError(f"{file} is a database of another program; move it away, or point ASTROSEQ_DATA to another folder.")
    if version == len(MIGRATIONS) and not _missing_columns(connection):
        return
    _set_wal(connection)
    connection.execute("BEGIN IMMEDIATE")
    # Another process may have done it while this one waited.
    for step in MIGRATIONS[_version(connection) :]:
        _add_columns(connection)  # a step may need them, for an index
        for statement in _statements(step):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    _add_columns(connection)
    connection.execute("COMMIT")


def _add_columns(connection: sqlite3.Connection) -> None:
    for table, name in _missing_columns(connection):
        connection.execute(f"ALTER TABLE {table} ADD COLUMN {name} {_SQL_TYPES[_REGISTERED[table][name].kind]}")


def _set_wal(connection: sqlite3.Connection) -> None:
    """Set the write-ahead log, once the processes that make the same new file at this moment let it."""
    import tenacity

    # SQLite refuses this change of a file that another connection is using at once: its own waiting does not cover it.
    busy = tenacity.retry_if_exception(lambda error: getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY)
    waits = tenacity.wait_random(0.0, 0.05)
    for attempt in tenacity.Retrying(retry=busy, wait=waits, stop=tenacity.stop_after_delay(WAIT_SECONDS), reraise=True):
        with attempt:
            connection.execute("PRAGMA journal_mode = WAL")


def _missing_columns(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return the tables and columns that the file does not have yet; older versions ignore those that they do not know."""
    missing: list[tuple[str, str]] = []
    for table, wanted in _REGISTERED.items():
        there = {row["name"] for row in connection.execute(f"PRAGMA table_info({table})")}
        missing += [(table, name) for name in wanted if there and name not in there]
    return missing


def _statements(step: str) -> Iterator[str]:
    """Yield the statements of a migration; a trigger counts as one, despite its inner semicolons."""
    statement = ""
    for part in step.split(";")[:-1]:
        statement += part + ";"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _store_error(file: Path, error: Exception) -> StoreError:
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
        waited = f"more than {WAIT_SECONDS:.0f} seconds"
        return StoreError(f"{file} was in use by another process for {waited}; try again once that has ended.")
    return StoreError(
        f"What people decided and scored cannot be read or written in {file} ({error}); check the disk, "
        "or move the file away and bring back an earlier copy of it."
    )


def finite_or_none(value: float | None) -> float | None:
    """Return a number as a float, or None if it is missing or not finite.

    Parameters
    ----------
    value : float or None
        A number or None.

    Returns
    -------
    float or None
        The number; None if there is none.
    """
    return None if value is None or not math.isfinite(value) else float(value)
