"""Scores in the store: what a model gave each star, or why it gave none."""

import math
import sqlite3
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from astroseq_core.errors import StoreError
from astroseq_core.store.database import connect

OK = "ok"
#: What stands for the model in the row of a star for which none was found.
NO_MODEL = "none"
#: So many values at most make a star's small picture of its segment probabilities.
SPARK_LENGTH = 120


@dataclass(frozen=True)
class ScoreRow:
    """What one model gave one star; ``status`` is OK, or the reason why there are no scores, which are None then.

    ``mission`` is that of the identifier, ``seen_as`` the mission as whose its light curves were taken (they differ for
    simulated stars). ``data_id`` and ``model_sha`` say what the scores depend on. ``best_t0`` [d] is in ``t0_system``; errors are
    one sigma. ``match``: name of a known signal of the star, of ``match_kind`` (``''``, TOI, KOI, K2, confirmed or survey);
    ``match_ratio``: its best period over the known one, ``''`` where they do not fit. ``spark``: segment probabilities in
    time order times 255 as bytes, the highest of neighbours where there are more than SPARK_LENGTH. ``at`` [s since 1970].
    """

    target_id: str
    model_id: str
    model_sha: str
    data_id: str
    mission: str
    seen_as: str = ""
    simulated: bool = False
    status: str = OK
    num_segments: int | None = None
    star_score: float | None = None
    score_max: float | None = None
    score_topk: float | None = None
    score_noisy_or: float | None = None
    score_fold: float | None = None
    false_alarm_probability: float | None = None
    best_period_days: float | None = None
    best_t0: float | None = None
    t0_system: str = ""
    magnitude: float | None = None
    match: str = ""
    match_kind: str = ""
    match_ratio: str = ""
    match_disposition: str = ""
    spark: bytes = b""
    survey_id: str = ""
    at: float = 0.0
    best_duration_hours: float | None = None
    period_err_days: float | None = None
    t0_err_days: float | None = None
    duration_err_hours: float | None = None
    num_transits: int | None = None

    def __post_init__(self) -> None:
        if not (self.target_id and self.model_id and self.status):
            raise StoreError(f"A score needs a star, a model and a status; '{self.target_id}' by '{self.model_id}' lacks one.")
        if self.status == OK and _number(self.star_score) is None:
            raise StoreError(f"{self.target_id} has no star score; say in its status why, instead of '{OK}'.")
        if len(self.spark) > SPARK_LENGTH:
            raise StoreError(f"{self.target_id}: a spark has at most {SPARK_LENGTH} values, not {len(self.spark)}; pool them.")


#: What rows share with many others is kept once, in their group; the rest stands in the row.
_GROUP = ("model_sha", "mission", "seen_as", "simulated")
_SCORES = (
    *("star_score", "score_max", "score_topk", "score_noisy_or", "score_fold", "false_alarm_probability"),
    *("best_period_days", "best_t0", "best_duration_hours", "period_err_days", "t0_err_days", "duration_err_hours"),
)
_COUNTS = ("num_segments", "num_transits")
_TEXTS = ("data_id", "t0_system", "status", "match", "match_kind", "match_ratio", "match_disposition", "survey_id")
_COLUMNS = ("target_id", "model", "group_id", *_TEXTS, *_SCORES, *_COUNTS, "magnitude", "at", "spark", "known")
#: Select with this to give rows to ``from_row``.
SELECTED = (
    "scores.*, score_models.model_id, score_groups.model_sha, score_groups.mission, score_groups.seen_as, score_groups.simulated"
)
JOINED = "JOIN score_groups ON score_groups.id = scores.group_id JOIN score_models ON score_models.id = scores.model"
_OF_MODEL = (
    "SELECT score_groups.id FROM score_groups JOIN score_models ON score_models.id = score_groups.model WHERE model_id = ?"
)
_NO_LONGER = "DELETE FROM scores WHERE target_id = ? AND model = (SELECT id FROM score_models WHERE model_id = ?)"
_UPSERT = (
    f"INSERT INTO scores ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))}) "  # noqa: S608 (constants)
    f"ON CONFLICT (target_id, model) DO UPDATE SET {', '.join(f'{c} = excluded.{c}' for c in _COLUMNS[2:])}"
)


def put(rows: Iterable[ScoreRow]) -> int:
    """How many rows were written; all of them are kept, or none where one cannot be. Rows without a time are of now.

    A star has one row for each model, and a row replaces the one before, with two exceptions. A score from the same data by the
    same model changes nothing, unless it is the first with a false-alarm probability. And a failure replaces no score by the
    same model unless it comes from other data: what could not be fetched says nothing about the score.
    """
    written = 0
    rows = tuple(rows)  # made before the transaction, so that others wait for its writing alone
    with connect() as db:
        models: dict[str, int] = {}
        groups: dict[tuple[Any, ...], int] = {}
        for row in rows:
            if row.model_id not in models:
                models[row.model_id] = _model(db, row.model_id)
            model = models[row.model_id]
            old = db.execute(
                "SELECT data_id, model_sha, scored, false_alarm_probability FROM scores "
                "JOIN score_groups ON score_groups.id = group_id WHERE target_id = ? AND scores.model = ?",
                (row.target_id, model),
            ).fetchone()
            if old is not None and not _replaces(old, row):
                continue
            key = (model, *(_plain(row, name) for name in _GROUP), int(row.status == OK))
            if key not in groups:
                groups[key] = _group(db, key)
            db.execute(_UPSERT, (row.target_id, model, groups[key], *(_plain(row, name) for name in _COLUMNS[3:])))
            if row.status == OK:
                # What stood in the way before a model was found for it is over.
                db.execute(_NO_LONGER, (row.target_id, NO_MODEL))
            written += 1
    return written


def have(model_id: str, model_sha: str) -> dict[str, str]:
    """The data of each star that this very model has scored: {target_id: data_id}."""
    with connect(writing=False) as db:
        wanted = f"{_OF_MODEL} AND model_sha = ? AND scored"
        groups = db.execute(wanted, (model_id, model_sha)).fetchall()
        db.row_factory = None
        found: dict[str, str] = {}
        query = "SELECT target_id, data_id FROM scores INDEXED BY scores_by_target WHERE group_id = ?"
        for group in groups:
            found.update(db.execute(query, tuple(group)))
    return found


def reasons(model_id: str) -> tuple[ScoreRow, ...]:
    """The rows of the stars that a model could not score, by star; their ``status`` says why."""
    return _rows(f"group_id IN ({_OF_MODEL} AND NOT scored) ORDER BY scores.target_id", model_id)


def of_star(target_id: str) -> tuple[ScoreRow, ...]:
    """What each model gave a star, the newest first."""
    return _rows("scores.target_id = ? ORDER BY scores.at DESC, model_id", target_id)


def remove(model_id: str) -> int:
    """Forget all that a model gave; how many rows that were. The cut that a person chose for it stays."""
    with connect() as db:
        removed = db.execute(f"DELETE FROM scores WHERE group_id IN ({_OF_MODEL})", (model_id,)).rowcount  # noqa: S608 (constants)
        db.execute(f"DELETE FROM score_groups WHERE id IN ({_OF_MODEL})", (model_id,))  # noqa: S608 (constants)
        db.execute("DELETE FROM score_models WHERE model_id = ?", (model_id,))
    return removed


def from_row(row: sqlite3.Row) -> dict[str, Any]:
    """The values of a ScoreRow from a row that was selected with SELECTED."""
    return {name: row[name] for name in _NAMES} | {"simulated": bool(row["simulated"])}


_NAMES = tuple(f.name for f in fields(ScoreRow))


def _rows(condition: str, value: str) -> tuple[ScoreRow, ...]:
    with connect(writing=False) as db:
        found = db.execute(f"SELECT {SELECTED} FROM scores {JOINED} WHERE {condition}", (value,)).fetchall()  # noqa: S608 (constants)
    return tuple(ScoreRow(**from_row(r)) for r in found)


def _replaces(old: sqlite3.Row, new: ScoreRow) -> bool:
    """Whether a row takes the place of the one before."""
    if not old["scored"] or old["model_sha"] != new.model_sha:
        return True
    if new.status != OK:
        return new.data_id not in ("", old["data_id"])
    return new.data_id != old["data_id"] or (
        old["false_alarm_probability"] is None and _number(new.false_alarm_probability) is not None
    )


def _model(db: sqlite3.Connection, model_id: str) -> int:
    db.execute("INSERT OR IGNORE INTO score_models (model_id) VALUES (?)", (model_id,))
    return int(db.execute("SELECT id FROM score_models WHERE model_id = ?", (model_id,)).fetchone()[0])


def _group(db: sqlite3.Connection, key: Sequence[Any]) -> int:
    columns = ("model", *_GROUP, "scored")
    db.execute(f"INSERT OR IGNORE INTO score_groups ({', '.join(columns)}) VALUES (?, ?, ?, ?, ?, ?)", key)  # noqa: S608 (constants)
    condition = " AND ".join(f"{c} = ?" for c in columns)
    return int(db.execute(f"SELECT id FROM score_groups WHERE {condition}", key).fetchone()[0])  # noqa: S608 (constants)


def _plain(row: ScoreRow, name: str) -> Any:
    """A value as SQLite keeps it: never an array's own kind of number, and none that is not finite."""
    if name == "known":
        return int(row.match_kind != "")
    value = getattr(row, name)
    if name == "at":
        return float(value) or time.time()
    if name in _SCORES:
        return _number(value) if row.status == OK else None
    if name == "magnitude":
        return _number(value)
    if name in _COUNTS:
        return None if value is None else int(value)
    if name == "simulated":
        return int(value)
    if name == "spark":
        return bytes(value)
    # A reason may name a file, and a file's name need not be text that can be stored.
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8")


def _number(value: Any) -> float | None:
    """The number, or None for what is missing or not finite."""
    return None if value is None or not math.isfinite(value) else float(value)
