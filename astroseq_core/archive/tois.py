"""The TOI list and other catalogs to browse, filtered by disposition, period, depth or magnitude."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from astroseq_core.archive import catalogs, snapshots
from astroseq_core.archive.exoplanet_archive import CATALOG_TABLES, TOI_TABLE, find_table
from astroseq_core.archive.signals import Signal, Signals
from astroseq_core.archive.snapshots import SnapshotStatus
from astroseq_core.disposition_codes import CODES, TFOPWG_DISPOSITIONS
from astroseq_core.errors import CatalogError

#: Meanings of the TFOPWG dispositions (ExoFOP's help pages).
DISPOSITION_WORDS: Mapping[str, str] = MappingProxyType({code: CODES[code].meaning for code in TFOPWG_DISPOSITIONS})
#: Columns by the names of the available sort orders.
SORT_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "name": "name",
        "period": "period_days",
        "depth": "depth_ppm",
        "duration": "duration_hours",
        "magnitude": "magnitude",
        "radius": "radius_earth",
    }
)
#: Maximum number of rows in one call.
MAX_ROWS = 2000

ValueRange = tuple[float | None, float | None]


@dataclass(frozen=True)
class SignalFilters:
    """Conditions on signals.

    A range is (minimum, maximum), both included; None means no limit. A signal whose value is
    unknown fails every limit.

    Attributes
    ----------
    dispositions : frozenset of str
        Accepted dispositions; empty for all.
    period_days : tuple of float or None
        Range of the period [d].
    depth_ppm : tuple of float or None
        Range of the depth [ppm].
    duration_hours : tuple of float or None
        Range of the duration [h].
    magnitude : tuple of float or None
        Range of the magnitude.
    radius_earth : tuple of float or None
        Range of the planet radius [Earth radii].
    single : bool or None
        True for single transits only, False for none of them, None for all signals.
    text : str
        Part of a name or an identifier, in any case.
    """

    dispositions: frozenset[str] = frozenset()
    period_days: ValueRange = (None, None)
    depth_ppm: ValueRange = (None, None)
    duration_hours: ValueRange = (None, None)
    magnitude: ValueRange = (None, None)
    radius_earth: ValueRange = (None, None)
    single: bool | None = None
    text: str = ""

    def __post_init__(self) -> None:
        for name in ("period_days", "depth_ppm", "duration_hours", "magnitude", "radius_earth"):
            low, high = getattr(self, name)
            if low is not None and high is not None and low > high:
                raise CatalogError(f"The range of {name} goes from {low:g} to {high:g}; put the smaller number first.")


@dataclass(frozen=True)
class SignalPage:
    """One page of signals.

    Attributes
    ----------
    rows : tuple of Signal
        Signals on the page, sorted.
    total : int
        Number of signals that meet the conditions.
    status : SnapshotStatus
        The snapshot that they are from.
    """

    rows: tuple[Signal, ...]
    total: int
    status: SnapshotStatus = field(default_factory=lambda: SnapshotStatus(TOI_TABLE.name, TOI_TABLE.title))


def browse_signals(
    filters: SignalFilters | None = None,
    *,
    sort: str = "name",
    descending: bool = False,
    limit: int = 500,
    offset: int = 0,
    name: str = TOI_TABLE.name,
) -> SignalPage:
    """Return the signals of a catalog that meet conditions, sorted; unknown values come last.

    Without a snapshot there are no rows, and the status says so.

    Parameters
    ----------
    filters : SignalFilters, optional
        The conditions; by default none.
    sort : str, optional
        Quantity to sort by.
    descending : bool, optional
        Whether to sort in descending order.
    limit : int, optional
        Maximum number of rows.
    offset : int, optional
        Number of rows to skip.
    name : str, optional
        Name of the catalog; by default that of the TOIs.

    Returns
    -------
    SignalPage
        The rows and their total number.

    Raises
    ------
    CatalogError
        If the sort or the catalog is unknown.
    """
    if sort not in SORT_COLUMNS:
        raise CatalogError(f"Rows cannot be sorted by '{sort}'; use one of {', '.join(SORT_COLUMNS)}.")
    wanted = find_table(name)
    part = catalogs.table_signals(wanted.name)
    fitting = np.flatnonzero(_matching_rows(part, filters or SignalFilters()))
    ordered = fitting[_sort_order(part, fitting, SORT_COLUMNS[sort], descending)]
    page = ordered[max(0, offset) :][: max(0, min(limit, MAX_ROWS))]
    return SignalPage(part.rows(page), len(fitting), snapshots.snapshot_status(CATALOG_TABLES[wanted.name]))


def disposition_counts(name: str = TOI_TABLE.name) -> dict[str, int]:
    """Return the number of signals with each disposition.

    Parameters
    ----------
    name : str, optional
        Name of the catalog; by default that of the TOIs.

    Returns
    -------
    dict of str to int
        Number of signals by disposition, the most frequent first.
    """
    words, numbers = np.unique(catalogs.table_signals(find_table(name).name).columns["disposition"], return_counts=True)
    return {bytes(words[n]).decode(): int(numbers[n]) for n in np.argsort(-numbers)}


def _matching_rows(part: Signals, filters: SignalFilters) -> NDArray[np.bool_]:
    """Return which rows meet the conditions, shape (len(part),)."""
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
        searched: list[NDArray[np.bytes_]] = [part.columns[c] for c in ("name", "aliases", "target_id")]
        matching = [np.char.find(np.char.lower(column), text.lower().encode()) >= 0 for column in searched]
        fit &= np.logical_or.reduce(matching)
    return fit


def _sort_order(part: Signals, rows: NDArray[np.int64], column: str, descending: bool) -> NDArray[np.int64]:
    if column == "name" and part.table == TOI_TABLE.name:
        values = part.columns["row_id"][rows].astype(np.float64)  # 98.01 before 1000.01
    elif column == "name":
        texts = [part.text("name", int(n)) for n in rows]
        keys = sorted(range(len(texts)), key=lambda n: _natural_sort_key(texts[n]), reverse=descending)
        return np.array(keys, dtype=np.int64)
    else:
        values = part.columns[column][rows]
    order = np.argsort(np.where(np.isnan(values), np.inf, -values if descending else values), kind="stable")
    return np.asarray(order)


def _natural_sort_key(text: str) -> tuple[tuple[int, float, str], ...]:
    parts = re.findall(r"\d+|\D+", text)
    return tuple((0, float(p), "") if p.isdigit() else (1, 0.0, p.lower()) for p in parts)
