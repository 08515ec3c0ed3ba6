"""Candidates as a table for other programs, and where they are from: the view of a leaderboard, with its cut."""

import hashlib
import json
import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from astroseq_core import __version__, export
from astroseq_core.errors import ModelError
from astroseq_core.scoring import card as cards
from astroseq_core.store import board
from astroseq_core.store.board import BoardRow, Filters
from astroseq_core.store.flags import Cut

#: The first three are agreed on with other programs; names and order of the rest stay as they are, too.
COLUMNS = (
    "star_id", "score_raw", "p_highclass",
    "mission", "model_id", "num_segments", "score_max", "score_topk", "score_fold", "best_period_days", "best_t0", "t0_system",
    "magnitude", "match", "match_kind", "match_ratio", "disposition", "simulated",
)  # fmt: skip
#: Those that are not called as the store calls them.
_OTHERWISE = ("star_id", "score_raw", "p_highclass", "simulated", "mission")
#: Digits behind the point of what is written as a number.
_DIGITS = {
    "score_raw": 4, "score_max": 6, "score_topk": 6, "score_fold": 4, "best_period_days": 6, "best_t0": 6, "magnitude": 3,
}  # fmt: skip
#: Rows that are asked for at a time: what is read at once is of one moment.
PIECE = 50_000
#: So many stars near a cut, or without a transit, at least, tell how many false alarms there are.
LEAST_NEAR, LEAST_QUIET = 5, 8
#: Standard deviations of a 95 % interval.
Z_95 = 1.959964
WORDS = {
    "score_raw": "The star's score, by which stars are ranked; no probability and no signal-to-noise ratio.",
    "p_highclass": "1 for a star that passed the cut, 0 for one that did not; no probability.",
    "best_t0": "A mid-transit [d] in t0_system: BKJD = BJD - 2454833, BTJD = BJD - 2457000, TDB.",
    "match": "A known signal of the star; match_ratio is the found period over its own, empty where they do not fit.",
    "simulated": "1 for a star that exists only in AstroSeq; its mission is the one that it is seen as.",
}


def passes(row: BoardRow, cut: Cut | None) -> bool:
    """Whether the star passes; none does where there is no cut."""
    return cut is not None and row.star_score is not None and row.star_score >= cut.threshold


@dataclass
class _Counts:
    rows: int = 0
    passed: int = 0
    simulated: int = 0
    models: dict[str, set[str]] = field(default_factory=dict)

    def add(self, row: BoardRow, passed: bool) -> None:
        self.rows += 1
        self.passed += passed
        self.simulated += bool(row.simulated)
        self.models.setdefault(row.model_id, set()).add(row.model_sha)


def rows(filters: Filters) -> Iterator[BoardRow]:
    """All stars that meet the filters, the highest score first, each once."""
    seen: set[str] = set()
    done = 0
    while True:
        found = board.page(filters, limit=PIECE, offset=done)
        # A survey that goes on may have moved some from the piece before into this one.
        yield from (row for row in found.rows if row.target_id not in seen)
        seen |= {row.target_id for row in found.rows}
        done += len(found.rows)
        if not found.rows or done >= found.in_all:
            return


def provenance_path(path: Path) -> Path:
    """The file beside a table of candidates that says where they are from."""
    return path.with_name(f"{path.stem}.provenance.json")


def write(
    path: Path, rows: Iterable[BoardRow], cut: Cut | None, filters: Mapping[str, Any], *, only_passed: bool = False
) -> dict[str, Any]:
    """Write the table, and beside it what it says of itself; the latter.

    ``filters``: what the rows were chosen by, as plain values. ``only_passed``: leave out stars that do not pass. Stars without a
    score are left out. Raises ExportError where the files cannot be written; an older table of that name then stays.
    """
    counts = _Counts()
    with export.TableWriter(path, COLUMNS) as table:
        table.write(_rows(rows, cut, counts, only_passed))
    about = _about(path, cut, filters, counts)
    export.write_whole(provenance_path(path), json.dumps(about, indent=1, ensure_ascii=False) + "\n")
    return about


def _rows(rows: Iterable[BoardRow], cut: Cut | None, counts: _Counts, only_passed: bool) -> Iterator[dict[str, Any]]:
    for row in rows:
        passed = passes(row, cut)
        if row.star_score is None or (only_passed and not passed):
            continue
        counts.add(row, passed)
        yield as_row(row, passed)


def as_row(row: BoardRow, passed: bool) -> dict[str, Any]:
    """The star's row by column; numbers are rounded to what they are good for."""
    values: dict[str, Any] = {name: getattr(row, name) for name in COLUMNS if name not in _OTHERWISE}
    values |= {"star_id": row.target_id, "score_raw": row.star_score, "p_highclass": int(passed), "simulated": int(row.simulated),
               "mission": row.seen_as or row.mission}  # fmt: skip
    return {
        name: round(value, _DIGITS[name]) if name in _DIGITS and value is not None else value for name, value in values.items()
    }


def _about(path: Path, cut: Cut | None, filters: Mapping[str, Any], counts: _Counts) -> dict[str, Any]:
    return {
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "made_by": f"AstroSeq {__version__}",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "models": [model_about(name, hashes) for name, hashes in sorted(counts.models.items())],
        "cut": None if cut is None else {"kind": cut.kind, "threshold": cut.threshold, "n": cut.n},
        "filters": {name: value for name, value in filters.items() if value not in (None, "", ())},
        "counts": {"rows": counts.rows, "passed": counts.passed, "simulated": counts.simulated},
        "simulated": "none" if not counts.simulated else "all" if counts.simulated == counts.rows else "some",
        "columns": list(COLUMNS),
        "words": WORDS,
    }


def model_about(model_id: str, hashes: Iterable[str]) -> dict[str, Any]:
    """What identifies a model: the hash of its weights as its card says it, and that of all that its scores depended on."""
    try:
        card = cards.read(cards.folder_of(model_id))
    except ModelError:
        # Its scores outlive it.
        return {"model_id": model_id, "title": "", "sha256": None, "scored_with": sorted(hashes)}
    return {"model_id": model_id, "title": card.title, "sha256": card.sha256, "scored_with": sorted(hashes)}


@dataclass(frozen=True)
class Expected:
    """How many stars that pass a cut are expected to be false alarms, ``most`` at 95 % where that can be told, and what it rests
    on in a sentence or two.
    """

    stars: float
    most: float | None
    basis: str

    def within(self, passing: int) -> "Expected":
        """The same where only so many stars pass that could be false alarms: those with a known object are none."""
        return replace(self, stars=min(self.stars, passing), most=None if self.most is None else min(self.most, passing))


def expected_from_quiet(passed: int, quiet: int, others: int) -> Expected | None:
    """False alarms expected at a cut that ``passed`` of the ``quiet`` simulated stars without a transit pass.

    ``others``: stars of which nobody knows; the same share of them is expected to pass. None where the quiet ones are too few.
    """
    if quiet < (LEAST_QUIET if others else 1):
        return None
    said = f"{passed:,} of {quiet:,} simulated stars without a transit pass"
    if not others:
        return Expected(
            passed, None, f"{said}: these are false alarms for certain, and there are no other stars than simulated ones."
        )
    basis = (
        f"{said}; the same share is expected of {others:,} other stars without a known object. Simulated noise is tamer than "
        "that of real stars, so it may be more."
    )
    return Expected(passed + passed / quiet * others, passed + highest_share(passed, quiet) * others, basis)


def highest_share(passed: int, tried: int) -> float:
    """Upper end of the 95 % interval of a share (Wilson 1927, JASA 22, 209)."""
    share, z2 = passed / tried, Z_95**2
    spread = Z_95 * math.sqrt(share * (1 - share) / tried + z2 / (4 * tried**2))
    return (share + z2 / (2 * tried) + spread) / (1 + z2 / tried)


def expected_false_alarms(near: Sequence[BoardRow], unknown: int) -> Expected | None:
    """False alarms expected among ``unknown`` stars, from the false-alarm probabilities of those that score ``near`` the cut.

    A star's false-alarm probability is the chance that a copy of it without transits scores as high as it does; for a star at the
    cut that is the chance to pass, and their median stands for all stars. (Their sum over the stars that pass would be too low by
    far: most of these score well above the cut.) None where too few stars near the cut have one.
    """
    found = [r.false_alarm_probability for r in near if r.false_alarm_probability is not None]
    if len(found) < LEAST_NEAR:
        return None
    chance = statistics.median(found)
    basis = (
        f"{len(found)} stars nearest to the cut have a false-alarm probability of {chance:.2g} in the median: the chance to pass "
        f"without transits, times {unknown:,} stars without a known object. A few copies of each star cannot show that it is "
        "small, so it may well be less."
    )
    return Expected(chance * unknown, None, basis)
