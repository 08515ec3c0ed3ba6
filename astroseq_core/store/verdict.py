"""Verdicts and the entries of their history, and how the store's rows hold them."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from astroseq_core import targets
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import StoreError
from astroseq_core.store import ephemeris_json, reviewer

#: Planet candidate, confirmed planet, known planet, false positive, false alarm, unsure.
DISPOSITIONS = ("PC", "CP", "KP", "FP", "FA", "UNSURE")
#: Characters of a note at most: a cell of a table that every reader takes.
LONGEST_NOTE = 20_000
#: Seconds since 1970 of the end of the year 9999: no calendar here goes beyond.
LAST_TIME = 253_402_300_799.0
#: Digits of a time [s] behind the point: it is kept, written and read again without a change.
TIME_DIGITS = 6


@dataclass(frozen=True)
class Verdict:
    """What a reviewer says of a star; ``at`` [s since 1970], ``seconds``: spent on it.

    ``flags``: reason codes; ``ephemeris``: the signal it is about, None for the star as such; ``score_hidden``: whether the
    reviewer could not see the ``score`` of ``model_id``. ``number`` is given by the store. ``token``: of one showing of the star,
    '' where it was not shown; ``measured``: what the checks found, by name; ``imported_from``: the file that it came from, '' for
    one that was given here.
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
    token: str = ""
    measured: Mapping[str, float | str] = field(default_factory=dict, hash=False)
    imported_from: str = ""

    def __post_init__(self) -> None:
        if self.disposition not in DISPOSITIONS:
            raise StoreError(f"'{self.disposition}' is no disposition; use one of {', '.join(DISPOSITIONS)}.")


@dataclass(frozen=True)
class Entry:
    """One entry of the history: a verdict, or (``is_undo``) that its reviewer took ``verdict`` back.

    ``number``, ``at`` [s since 1970], ``token`` and ``imported_from`` are the entry's own. ``undone``: the verdict was taken back
    later; it does not stand.
    """

    number: int
    at: float
    verdict: Verdict
    is_undo: bool = False
    undone: bool = False
    token: str = ""
    imported_from: str = ""

    @property
    def stands(self) -> bool:
        """Whether it is a verdict that nobody took back (a newer one of the reviewer may still stand before it)."""
        return not (self.is_undo or self.undone)


#: The columns of a verdict's row, in the order of ``values``.
COLUMNS = (
    "target_id", "disposition", "reviewer", "at", "flags", "note", "ephemeris", "model_id", "score", "score_hidden", "seconds",
    "token", "measured", "imported_from",
)  # fmt: skip


def cleaned(verdict: Verdict) -> Verdict:
    """The verdict as it is kept; raises StoreError for a reviewer, time, flag or note that cannot be, TargetError for a star.

    What the checks measured and could not give as a finite number is left out.
    """
    target_id = targets.parse_star(verdict.target_id).id
    if not 0 <= verdict.at <= LAST_TIME:
        raise StoreError(f"A verdict on {target_id} has no time that can be; give seconds since 1970, or none for now.")
    for flag in verdict.flags:
        if not flag.strip() or ";" in flag or not flag.isprintable():
            raise StoreError(f"'{' '.join(flag.split())}' is no reason for a verdict: use a code without ';' on one line.")
    if not verdict.token.isprintable():
        raise StoreError(f"The token of a verdict on {target_id} must be of printable characters.")
    if len(verdict.note) > LONGEST_NOTE:
        raise StoreError(f"The note on {target_id} has more than {LONGEST_NOTE:,} characters; shorten it.")
    return replace(
        verdict, target_id=target_id, reviewer=reviewer.clean(verdict.reviewer), at=round(float(verdict.at), TIME_DIGITS),
        flags=tuple(verdict.flags), note=reviewer.clean_text(verdict.note), score=number_of(verdict.score),
        seconds=number_of(verdict.seconds), score_hidden=bool(verdict.score_hidden), measured=_finite(verdict.measured),
    )  # fmt: skip


def number_of(value: Any) -> float | None:
    """The number, or None for what is missing or not finite."""
    return None if value is None or not math.isfinite(value) else float(value)


def _finite(measured: Mapping[str, float | str]) -> dict[str, float | str]:
    plain = {str(name): value if isinstance(value, str) else number_of(value) for name, value in measured.items()}
    return {name: value for name, value in plain.items() if value is not None}


def values(verdict: Verdict) -> tuple[Any, ...]:
    """What its row holds, in the order of COLUMNS."""
    return (
        verdict.target_id, verdict.disposition, verdict.reviewer, verdict.at, json.dumps(verdict.flags), verdict.note,
        ephemeris_json.to_json(verdict.ephemeris), verdict.model_id, verdict.score, int(verdict.score_hidden), verdict.seconds,
        verdict.token, json.dumps(dict(verdict.measured)), verdict.imported_from,
    )  # fmt: skip


def from_row(row: Any) -> Verdict:
    """The verdict of a row that has COLUMNS and ``id``."""
    plain = {name: row[name] for name in COLUMNS if name not in ("flags", "ephemeris", "score_hidden", "measured")}
    return Verdict(
        **plain, flags=tuple(json.loads(row["flags"])), ephemeris=ephemeris_json.from_json(row["ephemeris"]),
        score_hidden=bool(row["score_hidden"]), measured=json.loads(row["measured"]), number=row["id"],
    )  # fmt: skip
