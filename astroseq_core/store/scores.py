"""Scores in the store: one row per star and model, with scores or the reason for failure."""

import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from astroseq_core import columns
from astroseq_core.column_fields import COUNT, NUMBER, TEXT
from astroseq_core.columns import ROW_COLUMNS, STORED, ScoreValues
from astroseq_core.errors import StoreError
from astroseq_core.signals.signal import ClassProbabilities, FoundSignal
from astroseq_core.store import signals as stored_signals
from astroseq_core.store.database import connect, finite_or_none
from astroseq_core.store.rows import check_row, usable_rows
from astroseq_core.typed_json import convert


@dataclass(frozen=True)
class MatchRow:
    """The best signal of a real star and the known signal matched to it.

    The first signal is the best one that the search found, or the fold of the star score where there is none.

    Attributes
    ----------
    number : int
        Row number in the store.
    target_id : str
        Identifier of the star.
    at : float
        Time of scoring [s since 1970].
    best_period_days : float or None
        Period [d]; None for a single event.
    best_t0 : float
        Epoch [d] in `t0_system`.
    t0_system : str
        Time system of the epoch.
    best_duration_hours : float or None
        Duration [h].
    period_err_days : float or None
        One-sigma error of the period [d].
    t0_err_days : float or None
        One-sigma error of the epoch [d].
    num_transits : int or None
        Number of transits in the data.
    match : str
        Name of the known signal; "" if there is none.
    match_kind : str
        Who knows it: TOI, KOI, K2, confirmed, survey, or "".
    match_ratio : str
        Best period over the known one, as text; "" if they do not agree.
    match_disposition : str
        Disposition of the known signal in its catalog.
    """

    number: int
    target_id: str
    at: float
    best_period_days: float | None
    best_t0: float
    t0_system: str
    best_duration_hours: float | None
    period_err_days: float | None
    t0_err_days: float | None
    num_transits: int | None
    match: str
    match_kind: str
    match_ratio: str
    match_disposition: str


#: Fields of a match row, and the columns of the table signals that they are taken from where the star has a signal.
_OF_SIGNAL = {
    "best_period_days": "period_days",
    "best_t0": "t0_days",
    "t0_system": "t0_system",
    "best_duration_hours": "duration_hours",
    "period_err_days": "period_err_days",
    "t0_err_days": "t0_err_days",
    "num_transits": "num_transits",
}
_MATCH_COLUMNS = ", ".join(
    f"CASE WHEN signals.signal IS NULL THEN scores.{name} ELSE signals.{_OF_SIGNAL[name]} END AS {name}"
    if name in _OF_SIGNAL
    else f"scores.{name}"
    for name in MatchRow.__dataclass_fields__
    if name != "number"
)


def load_matches_after(number: int, count: int) -> tuple[MatchRow, ...]:
    """Load the next scored rows of real stars, in order of their row numbers.

    Parameters
    ----------
    number : int
        Row number after which to begin; 0 for the first rows.
    count : int
        Maximum number of rows.

    Returns
    -------
    tuple of MatchRow
        The rows; empty at the end.
    """
    with connect(writing=False) as db:
        found = db.execute(
            f"SELECT scores.id AS number, {_MATCH_COLUMNS} FROM scores JOIN score_groups ON score_groups.id = group_id "  # noqa: S608
            "LEFT JOIN signals ON signals.target_id = scores.target_id AND signals.model = scores.model "
            "AND signals.signal = scores.best_signal "
            "WHERE scores.id > ? AND scored AND NOT simulated AND scores.best_t0 IS NOT NULL ORDER BY scores.id LIMIT ?",
            (number, count),
        ).fetchall()
    return tuple(usable_rows(found, _match_from_row))


def _match_from_row(row: sqlite3.Row) -> MatchRow:
    return check_row(f"The score of {row['target_id']}", row, lambda r: convert(dict(r), MatchRow))


def save_matches(rows: Iterable[MatchRow]) -> int:
    """Save the known-object matches of rows, all in one transaction.

    A star that was scored again in the meantime is left unchanged.

    Parameters
    ----------
    rows : iterable of MatchRow
        Rows with their new matches.

    Returns
    -------
    int
        Number of rows written.
    """
    values = [(r.match, r.match_kind, r.match_ratio, r.match_disposition, r.match_kind != "", r.number, r.at) for r in rows]
    if not values:
        return 0
    with connect() as db:
        return db.executemany(
            "UPDATE scores SET match = ?, match_kind = ?, match_ratio = ?, match_disposition = ?, known = ? "
            "WHERE id = ? AND at = ?",
            values,
        ).rowcount


OK = "ok"
#: Model identifier in the row of a star for which no model was found.
NO_MODEL = "none"
#: Maximum number of values of a star's sparkline of segment probabilities.
SPARKLINE_LENGTH = 120


@dataclass(frozen=True)
class ScoreRow(ScoreValues):
    """Scores that one model gave to one star, or the reason why there are none.

    The scores and what is known of the star are inherited. Scores are None unless `status` is "ok".

    Attributes
    ----------
    target_id : str
        Identifier of the star.
    model_id : str
        Identifier of the model; "none" if no model was found for the star.
    model_sha : str
        Hash of everything in the model that the scores depend on.
    data_id : str
        Fingerprint of the data that the scores depend on.
    mission : str
        Mission of the identifier.
    seen_as : str
        Instrument of the light curves; differs from `mission` for simulated stars.
    simulated : bool
        Whether the star is simulated.
    status : str
        "ok", or the reason why there are no scores.
    spark : bytes
        Sparkline of segment probabilities in time order, one byte each, 255 for 1; the maximum of
        neighbors where there are more than `SPARK_LENGTH`.
    survey_id : str
        Survey that the row is from.
    at : float
        Time of scoring [s since 1970]; 0 for now.

    Raises
    ------
    StoreError
        If star, model or status is empty, a score is missing, or the sparkline is too long.
    """

    target_id: str
    model_id: str
    model_sha: str
    data_id: str
    mission: str
    seen_as: str = ""
    simulated: bool = False
    status: str = OK
    spark: bytes = b""
    survey_id: str = ""
    at: float = 0.0

    def __post_init__(self) -> None:
        if not (self.target_id and self.model_id and self.status):
            raise StoreError(f"A score needs a star, a model and a status; '{self.target_id}' by '{self.model_id}' lacks one.")
        if self.status == OK and finite_or_none(self.star_score) is None:
            raise StoreError(f"{self.target_id} has no star score; say in its status why, instead of '{OK}'.")
        if len(self.spark) > SPARKLINE_LENGTH:
            raise StoreError(
                f"{self.target_id}: a spark has at most {SPARKLINE_LENGTH} values, not {len(self.spark)}; pool them."
            )

    @property
    def period_days(self) -> float | None:
        """Period [d] of the best signal, or of the star score's fold where there is none; None for a single transit."""
        return self.best_signal_period_days if self.num_signals else self.best_period_days

    @property
    def t0_days(self) -> float | None:
        """Mid-transit [d] of the same, in `t0_system`."""
        return self.best_signal_t0 if self.num_signals else self.best_t0

    @property
    def duration_hours(self) -> float | None:
        """Duration [h] of the same."""
        return self.best_signal_duration_hours if self.num_signals else self.best_duration_hours

    @property
    def depth_ppm(self) -> float | None:
        """Depth [ppm] of the best signal; None without one."""
        return self.best_signal_depth_ppm if self.num_signals else None

    @property
    def doubt(self) -> float | None:
        """Doubt of the best signal's class, from 0 to 1, see `ClassProbabilities.doubt`; None where it has none."""
        if self.p_planet is None or self.p_eclipsing_binary is None or self.p_not_transit is None:
            return None
        return ClassProbabilities(self.p_planet, self.p_eclipsing_binary, self.p_not_transit, 0.0, 0.0, 0.0).doubt


#: Columns that many rows share; they are stored once per group.
_GROUP_COLUMNS = ("model_sha", "mission", "seen_as", "simulated")
_COLUMNS = ("target_id", "model", "group_id", "data_id", "status", "survey_id", "at", "spark", "known", "period_days", *STORED)
_OLD = (
    f"SELECT data_id, model_sha, scored, false_alarm_probability, {', '.join(columns.FROM_SIGNALS)} FROM scores "  # noqa: S608
    "JOIN score_groups ON score_groups.id = group_id WHERE target_id = ? AND scores.model = ?"
)
#: Columns to select for `from_row`.
SELECT_COLUMNS = (
    "scores.*, score_models.model_id, score_groups.model_sha, score_groups.mission, score_groups.seen_as, score_groups.simulated"
)
JOIN_TABLES = "JOIN score_groups ON score_groups.id = scores.group_id JOIN score_models ON score_models.id = scores.model"
_GROUPS_OF_MODEL = (
    "SELECT score_groups.id FROM score_groups JOIN score_models ON score_models.id = score_groups.model WHERE model_id = ?"
)
_DELETE_ONE = "DELETE FROM scores WHERE target_id = ? AND model = (SELECT id FROM score_models WHERE model_id = ?)"
_UPSERT = (
    f"INSERT INTO scores ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))}) "  # noqa: S608 (constants)
    f"ON CONFLICT (target_id, model) DO UPDATE SET {', '.join(f'{c} = excluded.{c}' for c in _COLUMNS[2:])}"
)


#: Signals of stars, by star and model.
SignalsByStar = Mapping[tuple[str, str], Sequence[FoundSignal]]


def save(rows: Iterable[ScoreRow], signals: SignalsByStar | None = None) -> int:
    """Save rows with their signals in one transaction, all or none; rows without a time get the present one.

    A star has one row per model, and a new row replaces the old one, with two exceptions. A score
    from the same data by the same model version changes nothing, unless it is the first with a
    false-alarm probability or the first whose signals were searched; what the other row had of the
    two is kept. A failure does not replace a score by the same model version unless it comes from
    other data: a failed download says nothing about the score. The signals of a replaced row are
    replaced with it.

    Parameters
    ----------
    rows : iterable of ScoreRow
        The rows.
    signals : mapping of (str, str) to sequence of FoundSignal, optional
        Signals of the rows, by identifiers of star and model.

    Returns
    -------
    int
        Number of rows written.

    Raises
    ------
    StoreError
        If the store cannot be written.
    """
    written = 0
    rows = tuple(rows)  # evaluated before the transaction, so that other writers wait only for the writing
    with connect() as db:
        models: dict[str, int] = {}
        groups: dict[tuple[object, ...], int] = {}
        for row in rows:
            if row.model_id not in models:
                models[row.model_id] = _model_number(db, row.model_id)
            model = models[row.model_id]
            old = db.execute(_OLD, (row.target_id, model)).fetchone()
            if old is not None and not _replaces(old, row):
                continue
            kept = {} if old is None else _kept_values(old, row)
            row = replace(row, **kept) if kept else row
            key = (model, *(_sql_value(row, name) for name in _GROUP_COLUMNS), int(row.status == OK))
            if key not in groups:
                groups[key] = _group_number(db, key)
            db.execute(_UPSERT, (row.target_id, model, groups[key], *(_sql_value(row, name) for name in _COLUMNS[3:])))
            if "num_signals" not in kept:
                stored_signals.insert(db, row.target_id, model, (signals or {}).get((row.target_id, row.model_id), ()))
            if row.status == OK:
                # The earlier failure to find a model for the star no longer holds.
                db.execute(_DELETE_ONE, (row.target_id, NO_MODEL))
            written += 1
    return written


def scored_fingerprints(
    model_id: str, model_sha: str, *, with_false_alarms: bool = False, with_signals: bool = False
) -> dict[str, str]:
    """Return the data fingerprint of every star that this model version has scored.

    Parameters
    ----------
    model_id : str
        Identifier of the model.
    model_sha : str
        Hash of the model version.
    with_false_alarms : bool, optional
        Whether to leave out stars whose score has no false-alarm probability.
    with_signals : bool, optional
        Whether to leave out stars whose signals were not searched.

    Returns
    -------
    dict of str to str
        Data fingerprints by star identifier.
    """
    with connect(writing=False) as db:
        wanted = f"{_GROUPS_OF_MODEL} AND model_sha = ? AND scored"
        groups = db.execute(wanted, (model_id, model_sha)).fetchall()
        db.row_factory = None
        found: dict[str, str] = {}
        query = "SELECT target_id, data_id FROM scores INDEXED BY scores_by_target WHERE group_id = ?"
        if with_false_alarms:
            query += " AND false_alarm_probability IS NOT NULL"
        if with_signals:
            query += " AND num_signals IS NOT NULL"
        for group in groups:
            found.update(db.execute(query, tuple(group)))
    return found


def list_failures(model_id: str) -> tuple[ScoreRow, ...]:
    """List the stars that a model could not score.

    Parameters
    ----------
    model_id : str
        Identifier of the model.

    Returns
    -------
    tuple of ScoreRow
        Rows sorted by star; their `status` is the reason.
    """
    return _select_rows(f"group_id IN ({_GROUPS_OF_MODEL} AND NOT scored) ORDER BY scores.target_id", model_id)


def list_by_star(target_id: str) -> tuple[ScoreRow, ...]:
    """List the rows of a star by all models.

    Parameters
    ----------
    target_id : str
        Identifier of the star.

    Returns
    -------
    tuple of ScoreRow
        The rows, newest first.
    """
    return _select_rows("scores.target_id = ? ORDER BY scores.at DESC, model_id", target_id)


def delete_model(model_id: str) -> int:
    """Delete all rows of a model; its score threshold stays.

    Parameters
    ----------
    model_id : str
        Identifier of the model.

    Returns
    -------
    int
        Number of rows deleted.
    """
    with connect() as db:
        removed = db.execute(f"DELETE FROM scores WHERE group_id IN ({_GROUPS_OF_MODEL})", (model_id,)).rowcount  # noqa: S608 (constants)
        db.execute(f"DELETE FROM score_groups WHERE id IN ({_GROUPS_OF_MODEL})", (model_id,))  # noqa: S608 (constants)
        db.execute("DELETE FROM score_models WHERE model_id = ?", (model_id,))
    return removed


def score_fields(row: sqlite3.Row) -> dict[str, Any]:
    """Return the fields of a score row from a database row.

    Parameters
    ----------
    row : sqlite3.Row
        Row selected with `SELECT_COLUMNS`.

    Returns
    -------
    dict of str to object
        Keyword arguments of a score row, whose types are not checked.
    """
    return {name: row[name] for name in _FIELD_NAMES} | {"simulated": bool(row["simulated"])}


def row_name(row: sqlite3.Row) -> str:
    """Return what a row is called in messages.

    Parameters
    ----------
    row : sqlite3.Row
        Row selected with `SELECT_COLUMNS`.

    Returns
    -------
    str
        The subject of a sentence.
    """
    return f"The score of {row['target_id']} by {row['model_id']}"


def _from_row(row: sqlite3.Row) -> ScoreRow:
    return check_row(row_name(row), row, lambda r: convert(score_fields(r), ScoreRow))


_FIELD_NAMES = tuple(f.name for f in fields(ScoreRow))


def _select_rows(condition: str, value: str) -> tuple[ScoreRow, ...]:
    with connect(writing=False) as db:
        found = db.execute(f"SELECT {SELECT_COLUMNS} FROM scores {JOIN_TABLES} WHERE {condition}", (value,)).fetchall()  # noqa: S608 (constants)
    return tuple(usable_rows(found, _from_row))


def _replaces(old: sqlite3.Row, new: ScoreRow) -> bool:
    """Return whether a new row replaces the old one."""
    if not old["scored"] or old["model_sha"] != new.model_sha:
        return True
    if new.status != OK:
        return new.data_id not in ("", old["data_id"])
    return new.data_id != old["data_id"] or (
        (old["false_alarm_probability"] is None and finite_or_none(new.false_alarm_probability) is not None)
        or (old["num_signals"] is None and new.num_signals is not None)
    )


def _kept_values(old: sqlite3.Row, new: ScoreRow) -> dict[str, Any]:
    """Return what a new score of the same data by the same model version does not have and the old one has."""
    if new.status != OK or not old["scored"] or (old["model_sha"], old["data_id"]) != (new.model_sha, new.data_id):
        return {}
    kept: dict[str, Any] = {}
    if new.false_alarm_probability is None and old["false_alarm_probability"] is not None:
        kept["false_alarm_probability"] = old["false_alarm_probability"]
    if new.num_signals is None and old["num_signals"] is not None:
        kept |= {name: old[name] for name in columns.FROM_SIGNALS}
    return kept


def _model_number(db: sqlite3.Connection, model_id: str) -> int:
    db.execute("INSERT OR IGNORE INTO score_models (model_id) VALUES (?)", (model_id,))
    return int(db.execute("SELECT id FROM score_models WHERE model_id = ?", (model_id,)).fetchone()[0])


def _group_number(db: sqlite3.Connection, key: Sequence[object]) -> int:
    columns = ("model", *_GROUP_COLUMNS, "scored")
    db.execute(f"INSERT OR IGNORE INTO score_groups ({', '.join(columns)}) VALUES (?, ?, ?, ?, ?, ?)", key)  # noqa: S608 (constants)
    condition = " AND ".join(f"{c} = ?" for c in columns)
    return int(db.execute(f"SELECT id FROM score_groups WHERE {condition}", key).fetchone()[0])  # noqa: S608 (constants)


def _sql_value(row: ScoreRow, name: str) -> Any:
    """Return a field as SQLite stores it: no NumPy numbers, and None for what is not finite."""
    if name == "known":
        return int(row.match_kind != "")
    value = getattr(row, name)
    if name == "at":
        return float(value) or time.time()
    kind = ROW_COLUMNS[name].kind if name in ROW_COLUMNS else TEXT
    if kind == NUMBER:
        scored = row.status == OK or name not in (*columns.FROM_SCORING, *columns.FROM_SIGNALS, "period_days")
        return finite_or_none(value) if scored else None
    if kind == COUNT:
        return None if value is None else int(value)
    if name == "simulated":
        return int(value)
    if name == "spark":
        return bytes(value)
    # A reason may contain a file name, which need not be valid UTF-8.
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8")
