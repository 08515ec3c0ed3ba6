"""Which model a person made the default for a mission."""

import time

from astroseq_core.store.database import connect


def promote(mission: str, model: str) -> None:
    """Make a model (an id, or a folder) the mission's default in place of any other."""
    with connect() as db:
        db.execute("INSERT OR REPLACE INTO promoted (mission, model, at) VALUES (?, ?, ?)", (mission, model, time.time()))


def demote(mission: str) -> None:
    """Go back to the shipped models for a mission."""
    with connect() as db:
        db.execute("DELETE FROM promoted WHERE mission = ?", (mission,))


def defaults() -> dict[str, str]:
    """The promoted model of each mission that has one."""
    with connect() as db:
        return {r["mission"]: r["model"] for r in db.execute("SELECT mission, model FROM promoted ORDER BY mission")}
