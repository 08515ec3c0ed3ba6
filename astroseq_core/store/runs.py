"""Index of training runs: their folders and notes."""

import logging
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from astroseq_core.errors import StoreError
from astroseq_core.paths import parse_path
from astroseq_core.store.database import connect
from astroseq_core.store.disposition_entry import LAST_TIME
from astroseq_core.store.rows import check_row, damaged_rows, usable_rows
from astroseq_core.typed_json import convert

log = logging.getLogger(__name__)


def promote_model(mission: str, model: str) -> None:
    """Make a model the default of a mission, replacing an earlier choice.

    Parameters
    ----------
    mission : str
        Name of the mission.
    model : str
        Identifier or folder of the model.
    """
    with connect() as db:
        db.execute("INSERT OR REPLACE INTO promoted (mission, model, at) VALUES (?, ?, ?)", (mission, model, time.time()))


def demote_model(mission: str) -> None:
    """Return to the shipped default model of a mission.

    Parameters
    ----------
    mission : str
        Name of the mission.
    """
    with connect() as db:
        db.execute("DELETE FROM promoted WHERE mission = ?", (mission,))


def default_models() -> dict[str, str]:
    """Load the default models that users chose.

    Returns
    -------
    dict of str to str
        Model identifier or folder by mission name.
    """
    with connect() as db:
        return dict(usable_rows(db.execute(_SELECT_DEFAULTS), _default_from_row))


def defaults_or_none() -> dict[str, str]:
    """Load the default models; none if the store is damaged, as a star can be scored without it.

    Returns
    -------
    dict of str to str
        Model identifier or folder by mission name.
    """
    try:
        return default_models()
    except StoreError as error:
        log.warning("The shipped models are taken: %s", error)
        return {}


_SELECT_DEFAULTS = "SELECT mission, model FROM promoted ORDER BY mission"
_SELECT_RUNS = "SELECT run_id, folder, created, note FROM runs ORDER BY created DESC, run_id"


def _default_from_row(row: sqlite3.Row) -> tuple[str, str]:
    what = f"The default model of {row['mission']}"
    return check_row(what, row, lambda r: convert([r["mission"], r["model"]], tuple[str, str]))


def find_damaged() -> list[str]:
    """Look for damaged default models and places of runs, which are left out elsewhere.

    Returns
    -------
    list of str
        One sentence for each.
    """
    with connect(writing=False) as db:
        defaults = damaged_rows(db.execute(_SELECT_DEFAULTS), _default_from_row)
        return defaults + damaged_rows(db.execute(_SELECT_RUNS), _run_from_row)


@dataclass(frozen=True)
class RunRow:
    """A training run in the store.

    Attributes
    ----------
    run_id : str
        Identifier of the run.
    folder : Path
        Folder of the run.
    created : float
        Time of creation [s since 1970].
    note : str
        The user's note.
    """

    run_id: str
    folder: Path
    created: float
    note: str


def add(run_id: str, folder: Path) -> None:
    """Register a training run; an existing run of that name keeps its note.

    Parameters
    ----------
    run_id : str
        Identifier of the run.
    folder : Path
        Folder of the run.
    """
    with connect() as db:
        db.execute(
            "INSERT INTO runs (run_id, folder, created) VALUES (?, ?, ?) "
            "ON CONFLICT (run_id) DO UPDATE SET folder = excluded.folder",
            (run_id, str(folder), time.time()),
        )


def annotate(run_id: str, note: str) -> None:
    """Replace the note of a run.

    Parameters
    ----------
    run_id : str
        Identifier of the run.
    note : str
        The new note.
    """
    with connect() as db:
        db.execute("UPDATE runs SET note = ? WHERE run_id = ?", (note, run_id))


def remove(run_id: str) -> None:
    """Remove a run from the index; its folder stays.

    Parameters
    ----------
    run_id : str
        Identifier of the run.
    """
    with connect() as db:
        db.execute("DELETE FROM runs WHERE run_id = ?", (run_id,))


def load_all() -> dict[str, RunRow]:
    """Load all training runs.

    Returns
    -------
    dict of str to RunRow
        Runs by identifier, newest first.
    """
    with connect() as db:
        found = db.execute(_SELECT_RUNS).fetchall()
    return {one.run_id: one for one in usable_rows(found, _run_from_row)}


def _run_from_row(row: sqlite3.Row) -> RunRow:
    def make(row: sqlite3.Row) -> RunRow:
        folder = parse_path(convert(row["folder"], str, "its folder"))
        made = convert({name: row[name] for name in ("run_id", "created", "note")} | {"folder": folder}, RunRow)
        if not 0 <= made.created <= LAST_TIME:
            raise ValueError("its time cannot be")
        return made

    return check_row(f"The place of run {row['run_id']}", row, make)
