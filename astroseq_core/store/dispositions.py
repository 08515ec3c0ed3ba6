"""Verdicts on stars: a history that is only ever added to."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import StoreError
from astroseq_core.store.database import connect
from astroseq_core.times import Instant, TimeSystem

#: Planet candidate, confirmed planet, known planet, false positive, false alarm, unsure.
DISPOSITIONS = ("PC", "CP", "KP", "FP", "FA", "UNSURE")


@dataclass(frozen=True)
class Verdict:
    """What a reviewer says of a star; ``at`` [s since 1970], ``seconds``: spent on it.

    ``flags``: reason codes; ``ephemeris``: the signal it is about, None for the star as such; ``score_hidden``: whether the
    reviewer could not see the ``score`` of ``model_id``. ``number`` is given by the store.
    """

    target_id: str
    disposition: str
    reviewer: str
    at: float = 0.0
    flags: tuple[str, ...] = ()
    note: str = ""
    ephemeris: Ephemeris | None = None
    model_id: str = ""
    score: float | None = None
    score_hidden: bool = False
    seconds: float | None = None
    number: int = 0

    def __post_init__(self) -> None:
        if self.disposition not in DISPOSITIONS:
            raise StoreError(f"'{self.disposition}' is no disposition; use one of {', '.join(DISPOSITIONS)}.")


_COLUMNS = "target_id, disposition, reviewer, at, flags, note, ephemeris, model_id, score, score_hidden, seconds"


def add(verdict: Verdict) -> int:
    """Keep a verdict for good; its number. Verdicts without a time are of now."""
    with connect() as db:
        cursor = db.execute(
            f"INSERT INTO dispositions ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 (a constant)
            (
                verdict.target_id, verdict.disposition, verdict.reviewer, verdict.at or time.time(), json.dumps(verdict.flags),
                verdict.note, _to_json(verdict.ephemeris), verdict.model_id, verdict.score, int(verdict.score_hidden),
                verdict.seconds,
            ),
        )  # fmt: skip
        return int(cursor.lastrowid or 0)


def latest() -> tuple[Verdict, ...]:
    """Each reviewer's verdict on each star that holds now, by star; those that were taken back do not count."""
    with connect() as db:
        rows = db.execute(
            f"SELECT id, {_COLUMNS} FROM dispositions AS d WHERE undoes IS NULL "  # noqa: S608 (a constant)
            "AND NOT EXISTS (SELECT 1 FROM dispositions AS u WHERE u.undoes = d.id) ORDER BY target_id, reviewer, at, id"
        ).fetchall()
    newest = {(r["target_id"], r["reviewer"]): r for r in rows}
    return tuple(_from_row(r) for r in newest.values())


def counts(verdicts: Iterable[Verdict]) -> dict[str, dict[str, int]]:
    """How many of each disposition came from whom: {reviewer: {disposition: count}}."""
    found: dict[str, dict[str, int]] = {}
    for v in verdicts:
        own = found.setdefault(v.reviewer, {})
        own[v.disposition] = own.get(v.disposition, 0) + 1
    return found


def _to_json(ephemeris: Ephemeris | None) -> str:
    if ephemeris is None:
        return ""
    return json.dumps(vars(ephemeris) | {"t0": [ephemeris.t0.days, str(ephemeris.t0.system)]})


def _from_row(row: Any) -> Verdict:
    values = {key: row[key] for key in row.keys() if key not in ("id", "flags", "ephemeris", "score_hidden")}  # noqa: SIM118
    ephemeris = None
    if row["ephemeris"]:
        plain = json.loads(row["ephemeris"])
        days, system = plain.pop("t0")
        ephemeris = Ephemeris(**plain, t0=Instant(days, TimeSystem.parse(system)))
    return Verdict(
        **values, flags=tuple(json.loads(row["flags"])), ephemeris=ephemeris, score_hidden=bool(row["score_hidden"]),
        number=row["id"],
    )  # fmt: skip
