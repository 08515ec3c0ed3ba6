"""Known objects of scored stars, compared anew when the catalogues have changed: no star is scored for it."""

import logging
import math
import threading
from collections.abc import Iterator
from dataclasses import replace

from astroseq_core import settings
from astroseq_core.archive import catalogue, snapshots
from astroseq_core.archive.catalogue import Catalogue
from astroseq_core.background.folder import State, read_json, write_json
from astroseq_core.errors import TargetError
from astroseq_core.store import matches
from astroseq_core.store.matches import MatchRow
from astroseq_core.surveys import known, queue
from astroseq_core.surveys.known import Best
from astroseq_core.times import Instant, TimeSystem

log = logging.getLogger(__name__)
#: So many rows are compared, and those that changed kept, at a time: a survey that writes meanwhile waits for no more.
ROWS = 500
#: In the folder of the store: with which snapshots its matches were made.
MARK = "matched.json"


def match(row: MatchRow, here: Catalogue) -> MatchRow:
    """The row with the known signal that the catalogues have for it now."""
    signals, _ = known.of_catalogue(row.target_id, here)
    best = Best(row.best_period_days, Instant(row.best_t0, TimeSystem(row.t0_system)), row.best_duration_hours or 0.0,
                row.period_err_days, row.t0_err_days or 0.0)  # fmt: skip
    found = known.match(best, baseline_days(row), signals)
    return replace(row, match=found.name, match_kind=found.kind, match_ratio=found.ratio, match_disposition=found.disposition)


def baseline_days(row: MatchRow) -> float:
    """About how long the star's data last [d], gaps included, from the errors of its best period.

    The store does not hold it. A line through mid-times at the numbers n has errors of the period and of the time in the middle
    whose ratio is the standard deviation of n, which is the span over the square root of 12 where events are spread evenly; where
    they stand at both ends of a gap it is half the span, so that this gives up to 1.7 times too much and asks for more agreement
    than the survey did.
    """
    if row.best_period_days is None:
        return 0.0
    events = float(row.num_transits or 1)
    if row.period_err_days and row.t0_err_days:
        events = max(events, math.sqrt(12) * row.t0_err_days / row.period_err_days)
    return events * row.best_period_days


def refresh(here: Catalogue, stop: threading.Event | None = None) -> int:
    """How many scored real stars have another known object, or another ratio of periods, than before; kept as it goes."""
    changed = 0
    for rows in _batches():
        if stop is not None and stop.is_set():
            break
        new = []
        for row in rows:
            try:
                now = match(row, here)
            except (TargetError, ValueError) as error:
                log.warning("%s was left as it is: %s", row.target_id, error)
                continue
            if now != row:
                new.append(now)
        changed += matches.put(new)
    return changed


def _batches() -> Iterator[tuple[MatchRow, ...]]:
    number = 0
    while rows := matches.after(number, ROWS):
        yield rows
        number = rows[-1].number


def _snapshots() -> dict[str, str]:
    """Which snapshots there are, by their dates."""
    return {s.table: s.date.isoformat() for s in snapshots.status() if s.date is not None}


def is_due() -> bool:
    """Whether the catalogues are others than those with which the store's matches were made; never while a survey is under way,
    for that goes on with the catalogues that it began with.
    """
    there = _snapshots()
    if not there or there == read_json(settings.data_dir() / MARK):
        return False
    return not any(s.state in (State.QUEUED, State.RUNNING) for s in queue.all_surveys())


def refresh_if_due(stop: threading.Event | None = None) -> int:
    """As ``refresh`` with the catalogues that there are, where it is due; remembers it when it came to its end."""
    if not is_due():
        return 0
    there = _snapshots()
    changed = refresh(catalogue.current(), stop)
    if stop is None or not stop.is_set():
        write_json(settings.data_dir() / MARK, dict(there))
    return changed
