"""Known objects: whether a star's best signal is one already known."""

import logging
import math
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from astroseq_core import settings, targets
from astroseq_core.archive import catalogs, snapshots
from astroseq_core.archive.catalogs import Catalog
from astroseq_core.archive.exoplanet_archive import K2_TABLE, KOI_TABLE, TOI_TABLE
from astroseq_core.ephemeris import HOURS_PER_DAY, Ephemeris
from astroseq_core.errors import EphemerisError, TargetError
from astroseq_core.jobs.job import read_json, write_json
from astroseq_core.same_signal import match_known_signal
from astroseq_core.scoring.star import StarScore
from astroseq_core.signals.signal import FoundSignal
from astroseq_core.store import scores
from astroseq_core.store.scores import MatchRow
from astroseq_core.surveys.queue import SURVEYS
from astroseq_core.times import Instant, TimeSystem

log = logging.getLogger(__name__)

SIMULATED_SURVEY = "survey"
#: Kind of the signals of each table; all other tables hold confirmed planets.
TABLE_KINDS = {TOI_TABLE.name: "TOI", KOI_TABLE.name: "KOI", K2_TABLE.name: "K2"}
CONFIRMED = "confirmed"
#: Ratios of the best period to a known one that are stored; others of `same_signal.PERIOD_RATIOS` are other signals here.
STORED_RATIOS = ("1", "2", "1/2")
#: Bounds of a best duration that can predict transits: a minimum [h], and a maximum as a fraction of the period.
MIN_HOURS, MAX_DURATION_FRACTION = 1e-3, 0.9


@dataclass(frozen=True)
class BestSignal:
    """What is compared with known signals: the best signal of the search, or the star score's fold where there is none.

    Attributes
    ----------
    best_period_days : float or None
        Best period [d]; None for a single event.
    best_t0 : Instant
        Epoch, or time of the single event.
    best_duration_hours : float
        Duration [h].
    period_err_days : float or None
        One-sigma error of the period [d]; None for a single event.
    t0_err_days : float
        One-sigma error of the epoch [d].
    """

    best_period_days: float | None
    best_t0: Instant
    best_duration_hours: float
    period_err_days: float | None
    t0_err_days: float

    @classmethod
    def of(cls, signal: FoundSignal) -> "BestSignal":
        """Return a found signal as what is compared.

        Parameters
        ----------
        signal : FoundSignal
            The best signal of a star.

        Returns
        -------
        BestSignal
            Its ephemeris.
        """
        e = signal.ephemeris
        return cls(e.period_days, e.t0, e.duration_hours, e.period_err if e.period_days else None, e.t0_err)


@dataclass(frozen=True)
class KnownSignal:
    """A known signal of a star.

    Attributes
    ----------
    ephemeris : Ephemeris
        Its ephemeris.
    kind : str
        Who knows it: TOI, KOI, K2, confirmed or survey.
    """

    ephemeris: Ephemeris
    kind: str


@dataclass(frozen=True)
class KnownMatch:
    """The known signal matched to a star.

    Attributes
    ----------
    name : str
        Name of the signal; "" if there is none.
    kind : str
        Who knows it.
    ratio : str
        Best period over the known one, as text; "" if they do not agree.
    disposition : str
        Disposition of the signal in its catalog.
    """

    name: str = ""
    kind: str = ""
    ratio: str = ""
    disposition: str = ""


NO_MATCH = KnownMatch()


def catalog_signals(target_id: str, catalog: Catalog) -> tuple[tuple[KnownSignal, ...], float | None]:
    """Look up a star's known signals and its magnitude in the catalogs.

    Parameters
    ----------
    target_id : str
        Identifier of the star.
    catalog : Catalog
        The catalogs.

    Returns
    -------
    tuple of (tuple of NameServiceAnswer, float or None)
        The signals, and the first magnitude given; None if there is none.
    """
    try:
        signals = catalog.signals_of(targets.parse_star(target_id))
    except TargetError:
        return (), None
    magnitude = next((s.magnitude for s in signals if s.magnitude is not None), None)
    return tuple(KnownSignal(s.ephemeris(target_id), TABLE_KINDS.get(s.table, CONFIRMED)) for s in signals), magnitude


def match_known(score: StarScore | BestSignal, baseline_days: float, known: Iterable[KnownSignal]) -> KnownMatch:
    """Match a star's best signal to its known signals.

    The best period may be a known one, or twice or half of it if the transits coincide: planets
    near a resonance are not each other. Among several matches those that coincide come first, then
    the ratio 1, then the nearest period. A single event matches a signal that has a transit there.
    Without a match, the first known signal is returned with an empty ratio.

    Parameters
    ----------
    score : StarScore or BestSignal
        The star's best signal, or the star score, whose fold is taken.
    baseline_days : float
        Time from the first to the last cadence of the star [d].
    known : iterable of KnownSignal
        The star's known signals.

    Returns
    -------
    KnownMatch
        The matched signal; an empty one if the star has none.
    """
    signals = tuple(known)
    if not signals:
        return NO_MATCH
    best = _best_ephemeris(score)
    if best is not None:
        half = baseline_days / 2
        found = match_known_signal(best, [s.ephemeris for s in signals], best.t0.days - half, best.t0.days + half, STORED_RATIOS)
        if found is not None:
            return _match_with_ratio(next(s for s in signals if s.ephemeris is found.other), found.ratio or "1")
    return _match_with_ratio(signals[0], "")


def _match_with_ratio(one: KnownSignal, ratio: str) -> KnownMatch:
    return KnownMatch(one.ephemeris.name, one.kind, ratio, one.ephemeris.disposition)


def _best_ephemeris(score: StarScore | BestSignal) -> Ephemeris | None:
    """Return the best signal as an ephemeris; None if it is none."""
    hours, period = max(score.best_duration_hours, MIN_HOURS), score.best_period_days
    if period is not None:
        hours = min(hours, MAX_DURATION_FRACTION * period * HOURS_PER_DAY)
    try:
        return Ephemeris(
            "", "best", score.best_t0, period, hours, t0_err=score.t0_err_days or 0.0, period_err=score.period_err_days or 0.0
        )
    except EphemerisError:
        return None


#: Rows matched and saved at a time; a survey that is writing too never waits for more than these.
BATCH_ROWS = 500
#: File beside the store that records the snapshots with which its matches were made, and what was matched: once the fold.
MARKER_NAME, MATCHED = "matched.json", {"matched": "best signal"}


def rematch_row(row: MatchRow, here: Catalog) -> MatchRow:
    """Match a stored score to the known signals of the present catalogs.

    Parameters
    ----------
    row : MatchRow
        The stored row.
    here : Catalog
        The catalogs.

    Returns
    -------
    MatchRow
        The row with its new match.

    Raises
    ------
    TargetError
        If the row's star is not a target.
    """
    signals, _ = catalog_signals(row.target_id, here)
    best = BestSignal(
        row.best_period_days,
        Instant(row.best_t0, TimeSystem(row.t0_system)),
        row.best_duration_hours or 0.0,
        row.period_err_days,
        row.t0_err_days or 0.0,
    )
    found = match_known(best, estimate_baseline_days(row), signals)
    return replace(row, match=found.name, match_kind=found.kind, match_ratio=found.ratio, match_disposition=found.disposition)


def estimate_baseline_days(row: MatchRow) -> float:
    """Estimate the time span of a star's data, gaps included, from the errors of its best period.

    The store does not hold the span. For a line fitted to mid-transit times at transit numbers n,
    the ratio of the epoch's error (at mid-span) to the period's error is the standard deviation of
    n: the span over sqrt(12) for evenly spread events, half the span for events at both ends of a
    gap. In the latter case the estimate is up to 1.7 times too large, so matching demands better
    agreement than the survey did.

    Parameters
    ----------
    row : MatchRow
        The stored row.

    Returns
    -------
    float
        Time span [d]; 0 for a single event.
    """
    if row.best_period_days is None:
        return 0.0
    events = float(row.num_transits or 1)
    if row.period_err_days and row.t0_err_days:
        events = max(events, math.sqrt(12) * row.t0_err_days / row.period_err_days)
    return events * row.best_period_days


def rematch_all(here: Catalog, stop: threading.Event | None = None) -> int:
    """Match all stored scores of real stars to the present catalogs; changes are saved in batches.

    Parameters
    ----------
    here : Catalog
        The catalogs.
    stop : threading.Event or None, optional
        Set it to stop after the present batch.

    Returns
    -------
    int
        Number of stars whose known object or period ratio changed.
    """
    changed = 0
    for rows in _row_batches():
        if stop is not None and stop.is_set():
            break
        new = []
        for row in rows:
            try:
                now = rematch_row(row, here)
            except (TargetError, ValueError) as error:
                log.warning("%s was left as it is: %s", row.target_id, error)
                continue
            if now != row:
                new.append(now)
        changed += scores.save_matches(new)
    return changed


def _row_batches() -> Iterator[tuple[MatchRow, ...]]:
    number = 0
    while rows := scores.load_matches_after(number, BATCH_ROWS):
        yield rows
        number = rows[-1].number


def _snapshot_dates() -> dict[str, str]:
    """Return the date of each catalog snapshot, by table."""
    return {s.table: s.date.isoformat() for s in snapshots.all_statuses() if s.date is not None}


def rematch_is_due() -> bool:
    """Return whether the catalogs have changed since the store was last matched to them.

    Never while a survey is queued or running, because it goes on with the catalogs it began with.

    Returns
    -------
    bool
        True if matching again may change something.
    """
    there = _snapshot_dates()
    if not there or there | MATCHED == read_json(settings.data_dir() / MARKER_NAME):
        return False
    return not any(survey.is_active for survey in SURVEYS.jobs())


def rematch_if_due(stop: threading.Event | None = None) -> int:
    """Match all stored scores to the present catalogs if these have changed.

    The catalogs are recorded as matched only if it was not stopped.

    Parameters
    ----------
    stop : threading.Event or None, optional
        Set it to stop after the present batch.

    Returns
    -------
    int
        Number of stars whose known object or period ratio changed.
    """
    if not rematch_is_due():
        return 0
    there = _snapshot_dates()
    changed = rematch_all(catalogs.current_catalog(), stop)
    if stop is None or not stop.is_set():
        write_json(settings.data_dir() / MARKER_NAME, there | MATCHED)
    return changed
