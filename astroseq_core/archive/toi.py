"""The TOI list, and the other catalogues, to browse: signals by disposition, period, depth and magnitude."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from astroseq_core.archive import catalogue, snapshots
from astroseq_core.archive.signals import Signal, Signals
from astroseq_core.archive.snapshots import SnapshotStatus
from astroseq_core.archive.tables import TABLES, TOI, table
from astroseq_core.errors import CatalogueError

#: TFOPWG's words, see ExoFOP's help pages.
DISPOSITIONS: Mapping[str, str] = MappingProxyType({
    "PC": "planet candidate", "CP": "confirmed planet", "KP": "known planet", "APC": "ambiguous planet candidate",
    "FP": "false positive", "FA": "false alarm",
})  # fmt: skip
#: What rows can be sorted by, with the column each.
SORTS: Mapping[str, str] = MappingProxyType({
    "name": "name", "period": "period_days", "depth": "depth_ppm", "duration": "duration_hours", "magnitude": "magnitude",
    "radius": "radius_earth",
})  # fmt: skip
#: The most rows that one call returns.
MAX_ROWS = 2000

Range = tuple[float | None, float | None]


@dataclass(frozen=True)
class Filters:
    """Which signals are wanted. A range is (from, to), both included, None for no bound; an empty set takes all.

    A bounded range leaves out signals whose value is not known. ``single``: True for single transits alone, False for none.
    ``text`` is part of a name.
    """

    dispositions: frozenset[str] = frozenset()
    period_days: Range = (None, None)
    depth_ppm: Range = (None, None)
    duration_hours: Range = (None, None)
    magnitude: Range = (None, None)
    radius_earth: Range = (None, None)
    single: bool | None = None
    text: str = ""

    def __post_init__(self) -> None:
        for name in ("period_days", "depth_ppm", "duration_hours", "magnitude", "radius_earth"):
            low, high = getattr(self, name)
            if low is not None and high is not None and low > high:
                raise CatalogueError(f"The range of {name} goes from {low:g} to {high:g}; put the smaller number first.")


@dataclass(frozen=True)
class Browsed:
    """The ``rows`` that fit, sorted, ``limit`` at most; how many fit in all; and the snapshot they are from."""

    rows: tuple[Signal, ...]
    in_all: int
    status: SnapshotStatus = field(default_factory=lambda: SnapshotStatus(TOI.name, TOI.title))


def browse(
    filters: Filters | None = None,
    *,
    sort: str = "name",
    descending: bool = False,
    limit: int = 500,
    offset: int = 0,
    name: str = TOI.name,
) -> Browsed:
    """The signals of a catalogue, TOIs unless ``name`` says another, that fit, sorted; unknown values come last.

    No rows, and a status that says so, where there is no snapshot. Raises CatalogueError for an unknown sort or name.
    """
    if sort not in SORTS:
        raise CatalogueError(f"Rows cannot be sorted by '{sort}'; use one of {', '.join(SORTS)}.")
    wanted = table(name)
    part = catalogue.columns_of(wanted.name)
    fitting = np.flatnonzero(_fit(part, filters or Filters()))
    ordered = fitting[_order(part, fitting, SORTS[sort], descending)]
    page = ordered[max(0, offset) :][: max(0, min(limit, MAX_ROWS))]
    return Browsed(part.rows(page), len(fitting), snapshots.status_of(TABLES[wanted.name]))


def counts(name: str = TOI.name) -> dict[str, int]:
    """How many signals of a catalogue have each disposition, the most frequent first."""
    words, numbers = np.unique(catalogue.columns_of(table(name).name).columns["disposition"], return_counts=True)
    return {bytes(words[n]).decode(): int(numbers[n]) for n in np.argsort(-numbers)}


def _fit(part: Signals, filters: Filters) -> NDArray[np.bool_]:
    """Which rows fit, shape (len(part),)."""
    fit = np.ones(len(part), bool)
    if filters.dispositions:
        fit &= np.isin(part.columns["disposition"], np.array([d.upper().encode() for d in sorted(filters.dispositions)]))
    for name in ("period_days", "depth_ppm", "duration_hours", "magnitude", "radius_earth"):
        low, high = getattr(filters, name)
        values = part.columns[name]
        if low is not None:
            fit &= values >= low
        if high is not None:
            fit &= values <= high
    if filters.single is not None:
        fit &= np.isnan(part.columns["period_days"]) == filters.single
    if text := filters.text.strip():
        searched = (np.char.lower(part.columns[c]) for c in ("name", "aliases", "target_id"))
        matching = [np.char.find(column, text.lower().encode()) >= 0 for column in searched]
        fit &= np.logical_or.reduce(matching)
    return fit


def _order(part: Signals, rows: NDArray[np.int64], column: str, descending: bool) -> NDArray[np.int64]:
    if column == "name" and part.table == TOI.name:
        values = part.columns["row_id"][rows].astype(np.float64)  # 98.01 before 1000.01
    elif column == "name":
        texts = [part.text("name", int(n)) for n in rows]
        keys = sorted(range(len(texts)), key=lambda n: _natural(texts[n]), reverse=descending)
        return np.array(keys, dtype=np.int64)
    else:
        values = part.columns[column][rows]
    order = np.argsort(np.where(np.isnan(values), np.inf, -values if descending else values), kind="stable")
    return np.asarray(order)


def _natural(text: str) -> tuple[tuple[int, float, str], ...]:
    parts = re.findall(r"\d+|\D+", text)
    return tuple((0, float(p), "") if p.isdigit() else (1, 0.0, p.lower()) for p in parts)
