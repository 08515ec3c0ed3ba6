"""Training runs in the store: where each one's folder is, and what was noted about it."""

import time
from dataclasses import dataclass
from pathlib import Path

from astroseq_core.store.database import connect


@dataclass(frozen=True)
class RunRow:
    """A run's place and ``note``; ``created`` [s since 1970]."""

    run_id: str
    folder: Path
    created: float
    note: str


def add(run_id: str, folder: Path) -> None:
    """Remember a run; one of that name that was there keeps its note."""
    with connect() as db:
        db.execute(
            "INSERT INTO runs (run_id, folder, created) VALUES (?, ?, ?) "
            "ON CONFLICT (run_id) DO UPDATE SET folder = excluded.folder",
            (run_id, str(folder), time.time()),
        )


def annotate(run_id: str, note: str) -> None:
    """Replace a run's note."""
    with connect() as db:
        db.execute("UPDATE runs SET note = ? WHERE run_id = ?", (note, run_id))


def remove(run_id: str) -> None:
    """Forget a run; its folder stays."""
    with connect() as db:
        db.execute("DELETE FROM runs WHERE run_id = ?", (run_id,))


def rows() -> dict[str, RunRow]:
    """All runs by name, the newest first."""
    with connect() as db:
        found = db.execute("SELECT run_id, folder, created, note FROM runs ORDER BY created DESC, run_id").fetchall()
    return {r["run_id"]: RunRow(r["run_id"], Path(r["folder"]), r["created"], r["note"]) for r in found}
