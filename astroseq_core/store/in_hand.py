"""The ephemeris in hand: what a star's signal is taken to be now, wherever it came from."""

import time
from dataclasses import dataclass, replace
from typing import Any

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import StoreError
from astroseq_core.store import ephemeris_json
from astroseq_core.store import reviewer as reviewer_names
from astroseq_core.store.database import connect

#: Where an ephemeris is from: a catalogue, the star score's fold, a person's numbers, or a fit to the light curve.
CATALOGUE, FOLD, PERSON, FIT = SOURCES = ("catalogue", "fold", "person", "fit")


@dataclass(frozen=True)
class InHand:
    """The ``ephemeris`` of a star, where it is from (one of SOURCES), who took it and ``at`` what time [s since 1970]."""

    target_id: str
    ephemeris: Ephemeris
    source: str
    reviewer: str
    at: float = 0.0

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise StoreError(f"An ephemeris is from one of {', '.join(SOURCES)}, not from '{self.source}'.")


def keep(one: InHand) -> InHand:
    """Make this the star's ephemeris in hand; those before stay in the history. One without a time is of now.

    Keeping what is in hand already adds nothing; what is in hand comes back.
    """
    one = replace(one, reviewer=reviewer_names.clean(one.reviewer), at=float(one.at) or time.time())
    with connect() as db:
        rows = db.execute(f"{_SELECT} WHERE target_id = ? ORDER BY id DESC LIMIT 1", (one.target_id,)).fetchall()
        if rows and replace(before := _from_row(rows[0]), at=one.at) == one:
            return before
        db.execute(
            "INSERT INTO ephemerides_in_hand (target_id, ephemeris, source, reviewer, at) VALUES (?, ?, ?, ?, ?)",
            (one.target_id, ephemeris_json.to_json(one.ephemeris), one.source, one.reviewer, one.at),
        )
    return one


def of(target_id: str) -> InHand | None:
    """What is in hand of the star: what was kept last, None where nothing was."""
    with connect(writing=False) as db:
        row = db.execute(f"{_SELECT} WHERE target_id = ? ORDER BY id DESC LIMIT 1", (target_id,)).fetchone()
    return None if row is None else _from_row(row)


def history(target_id: str) -> tuple[InHand, ...]:
    """All that was ever in hand of the star, in the order in which it was kept."""
    with connect(writing=False) as db:
        rows = db.execute(f"{_SELECT} WHERE target_id = ? ORDER BY id", (target_id,)).fetchall()
    return tuple(_from_row(r) for r in rows)


def latest() -> dict[str, InHand]:
    """What is in hand of each star that has something, by star."""
    newest = "WHERE id IN (SELECT max(id) FROM ephemerides_in_hand GROUP BY target_id) ORDER BY target_id"
    with connect(writing=False) as db:
        return {r["target_id"]: _from_row(r) for r in db.execute(f"{_SELECT} {newest}")}


_SELECT = "SELECT target_id, ephemeris, source, reviewer, at FROM ephemerides_in_hand"


def _from_row(row: Any) -> InHand:
    ephemeris = ephemeris_json.from_json(row["ephemeris"])
    if ephemeris is None:
        raise StoreError(f"What was kept as the ephemeris of {row['target_id']} is empty; check the file of the store.")
    return InHand(row["target_id"], ephemeris, row["source"], row["reviewer"], row["at"])
