"""Candidate records for exports: scores, disposition, adopted ephemeris and star of each candidate."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from astroseq_core import targets
from astroseq_core.column_fields import TEXT, columns_of
from astroseq_core.columns import CANDIDATE_COLUMNS, CANDIDATES_CSV, CandidateValues, SharedValues
from astroseq_core.ephemeris import SEARCH, Ephemeris
from astroseq_core.errors import AstroSeqError
from astroseq_core.export import candidates
from astroseq_core.same_signal import compare_signals, match_known_signal
from astroseq_core.signals.signal import FoundSignal
from astroseq_core.signals.star_signals import SourcedEphemeris, best_number, merge_signals
from astroseq_core.stellar import StellarParameters
from astroseq_core.store import dispositions, ephemerides, leaderboard
from astroseq_core.store import signals as stored_signals
from astroseq_core.store.disposition_entry import Disposition
from astroseq_core.store.ephemerides import AdoptedEphemeris
from astroseq_core.store.leaderboard import LeaderboardRow
from astroseq_core.store.leaderboard_filters import Filters
from astroseq_core.store.signal_dispositions import by_signal, of_signals
from astroseq_core.store.thresholds import ScoreThreshold
from astroseq_core.times import Instant, TimeSystem

#: Sources of an ephemeris besides those of store.in_hand: a reviewer's disposition, and the best fold of the scores.
FROM_DISPOSITION, FROM_FOLD = "verdict", "fold"

#: Function that returns the stellar parameters of a star identifier.
StellarLookup = Callable[[str], StellarParameters | None]


@dataclass(frozen=True)
class Record(CandidateValues):
    """Candidate with all that is known of it; None and empty text stand for unknown values.

    The values of its columns are inherited. All errors are one standard deviation.

    Attributes
    ----------
    star_id : str
        Identifier: a TIC, KIC or EPIC number, or a SIM number for a simulated star.
    ephemeris : Ephemeris or None
        Adopted ephemeris as an object.
    stellar : StellarParameters or None
        Stellar parameters as an object.
    """

    star_id: str
    ephemeris: Ephemeris | None = field(default=None, compare=False)
    stellar: StellarParameters | None = field(default=None, compare=False)


def select_records(
    filters: Filters,
    threshold: ScoreThreshold | None = None,
    *,
    only_passed: bool = False,
    stellar_of: StellarLookup | None = None,
) -> tuple[Record, ...]:
    """Return the records of the signals of all scored stars that meet the filters, the highest rank first.

    Parameters
    ----------
    filters : Filters
        Filters of the leaderboard; only stars with a score are taken.
    threshold : Cut, optional
        Score threshold.
    only_passed : bool, optional
        Leave out stars below the threshold.
    stellar_of : callable, optional
        Returns the stellar parameters of a star identifier, or None.

    Returns
    -------
    tuple of Record
        One record for each signal of each star, the star's best one first; see `make_star_records`.
    """
    rows = (
        r
        for r in candidates.ranked_rows(replace(filters, scored=True))
        if not only_passed or candidates.is_above_threshold(r, threshold)
    )
    return _make_records(tuple(rows), threshold, stellar_of)


def records_for_stars(
    target_ids: Iterable[str],
    threshold: ScoreThreshold | None = None,
    *,
    model_id: str = "",
    stellar_of: StellarLookup | None = None,
) -> tuple[Record, ...]:
    """Return the records of the signals of given stars, each star once and in the order given.

    A star without a score has a record too: it may have a disposition.

    Parameters
    ----------
    target_ids : iterable of str
        Star identifiers.
    threshold : Cut, optional
        Score threshold.
    model_id : str, optional
        Model whose scores are taken; by default the latest scores of each star.
    stellar_of : callable, optional
        Returns the stellar parameters of a star identifier, or None.

    Returns
    -------
    tuple of Record
        One record for each signal of each star, the star's best one first; see `make_star_records`.
    """
    wanted = tuple(dict.fromkeys(target_ids))
    found = {r.target_id: r for r in leaderboard.load_targets(wanted, model_id)}
    return _make_records(tuple(found.get(t) or _unscored_row(t) for t in wanted), threshold, stellar_of)


def catalog_stellar_lookup() -> StellarLookup:
    """Return a function that looks up stellar parameters in the local catalogs.

    It returns None for simulated stars: making one to ask for its parameters takes a second.

    Returns
    -------
    callable
        Takes a star identifier and returns its StellarParameters, or None.
    """
    from astroseq_core.archive import catalogs
    from astroseq_core.scoring import stellar_parameters

    known = catalogs.current_catalog()

    def of(target_id: str) -> StellarParameters | None:
        target = targets.parse_star(target_id)
        return None if target.is_simulated else stellar_parameters.stellar_parameters(target, catalog=known)

    return of


def _unscored_row(target_id: str) -> LeaderboardRow:
    target = targets.parse_star(target_id)
    return LeaderboardRow(
        target_id=target_id,
        model_id="none",
        model_sha="",
        data_id="",
        mission=target.mission.name,
        simulated=target.is_simulated,
        status="not scored",
    )


def _make_records(
    rows: Sequence[LeaderboardRow], threshold: ScoreThreshold | None, stellar_of: StellarLookup | None
) -> tuple[Record, ...]:
    """Make records of the rows; dispositions, ephemerides and signals are read once for all stars."""
    wanted = {r.target_id for r in rows}
    given: dict[str, list[Disposition]] = {}
    for disposition in dispositions.list_standing():
        if disposition.target_id in wanted:
            given.setdefault(disposition.target_id, []).append(disposition)
    held = ephemerides.load_all_signals()
    found = stored_signals.load_many((r.target_id, r.model_id) for r in rows if r.num_signals)
    made: list[Record] = []
    for row in rows:
        stellar = stellar_of(row.target_id) if stellar_of else None
        star = row.target_id
        made += make_star_records(row, threshold, given.get(star, ()), held.get(star, ()), found.get(star, ()), stellar)
    return tuple(made)


def make_star_records(
    row: LeaderboardRow,
    threshold: ScoreThreshold | None = None,
    standing: Sequence[Disposition] = (),
    held: Sequence[AdoptedEphemeris] = (),
    found: Sequence[FoundSignal] = (),
    stellar: StellarParameters | None = None,
) -> tuple[Record, ...]:
    """Make the records of a star: one for each of its signals.

    Its signals are those that the search found, that have an adopted ephemeris, or a disposition.

    Parameters
    ----------
    row : LeaderboardRow
        Leaderboard row of the star.
    threshold : ScoreThreshold, optional
        Score threshold.
    standing : sequence of Disposition, optional
        All dispositions of the star that were not taken back.
    held : sequence of AdoptedEphemeris, optional
        Adopted ephemeris of each signal, the newest first.
    found : sequence of FoundSignal, optional
        Signals that the search found.
    stellar : StellarParameters, optional
        Stellar parameters.

    Returns
    -------
    tuple of Record
        One record for each signal: the best one first, the others in the order of `merge_signals`; one for the star as a whole
        if no signal is known.
    """
    adopted = {SourcedEphemeris(one.ephemeris, one.source): one for one in held}
    merged = merge_signals((), found=found, adopted=adopted)
    listed = [one.ephemeris for one in merged]
    best = best_number(merged)
    for group in by_signal(standing):
        match = None if group.ephemeris is None else match_known_signal(group.ephemeris, listed)
        if group.ephemeris is not None and (match is None or not match.transits_coincide):
            listed.append(group.ephemeris)
    if not listed:
        newest = {d.reviewer: d for d in sorted(standing, key=lambda d: (d.at, d.number))}
        return (make_record(row, threshold, tuple(newest[name] for name in sorted(newest)), stellar=stellar),)
    made = []
    for place, given in enumerate(of_signals(standing, listed, best)):
        signal = merged[place] if place < len(merged) else None
        own = None if signal is None else adopted.get(signal.members[0])
        # the row has the newest disposition of the star, which may be another signal's
        of = row if given.dispositions or len(listed) == 1 else replace(row, disposition="")
        made.append(make_record(of, threshold, given.dispositions, own, stellar, None if signal is None else signal.found))
    return (made[best], *made[:best], *made[best + 1 :])


def make_record(
    row: LeaderboardRow,
    threshold: ScoreThreshold | None = None,
    verdicts: Sequence[Disposition] = (),
    held: AdoptedEphemeris | None = None,
    stellar: StellarParameters | None = None,
    found: FoundSignal | None = None,
) -> Record:
    """Make the record of a signal from the leaderboard row of its star and what is stored of it.

    Parameters
    ----------
    row : LeaderboardRow
        Leaderboard row of the star.
    threshold : Cut, optional
        Score threshold.
    verdicts : sequence of Disposition, optional
        Current dispositions of the signal, one for each reviewer.
    held : AdoptedEphemeris, optional
        Adopted ephemeris of the signal.
    stellar : StellarParameters, optional
        Stellar parameters.
    found : FoundSignal, optional
        The signal as the search found it.

    Returns
    -------
    Record
        The candidate.
    """
    known: dict[str, Any] = candidates.candidate_row(row, candidates.is_above_threshold(row, threshold), _ROW_COLUMNS)
    known = {n: "" if value is None and CANDIDATE_COLUMNS[n].kind == TEXT else value for n, value in known.items()}
    newest = max(verdicts, key=lambda v: (v.at, v.number), default=None)
    ephemeris, source = _adopted_ephemeris(row, newest, held, found)
    made = Record(
        **known,
        ephemeris=ephemeris,
        ephemeris_source=source,
        **_measured_fields(row, ephemeris, source, verdicts),
    )
    if found is not None:
        made = replace(made, num_transits=found.num_transits, **_class_fields(found))
        if ephemeris == found.ephemeris and made.depth_err_ppm is None and made.duration_err_hours is None:
            made = replace(made, depth_err_ppm=found.depth_err_ppm, duration_err_hours=found.duration_err_hours)
        if found.number != row.best_signal:
            # what the row matches is the best signal
            made = replace(made, match="", match_kind="", match_ratio="", match_disposition="")
    if row.star_score is None:
        made = replace(made, model_id="", model_sha="")
    if ephemeris is not None and not made.t0_system:
        made = replace(made, t0_system=str(ephemeris.t0.system))
    if newest is not None:
        made = replace(
            made,
            disposition=newest.disposition,
            reviewer=newest.reviewer,
            flags=" ".join(newest.reason_codes),
            note=newest.note,
            decided=datetime.fromtimestamp(newest.at, UTC).isoformat(timespec="seconds"),
            verdicts="; ".join(f"{v.reviewer}: {v.disposition}" for v in verdicts),
        )
    return with_stellar(made, stellar)


#: Columns that are taken from the row of the leaderboard.
_ROW_COLUMNS = tuple(dict.fromkeys((*CANDIDATES_CSV, *columns_of(SharedValues), "model_sha")))


def with_stellar(record: Record, stellar: StellarParameters | None) -> Record:
    """Return the record with stellar parameters.

    Parameters
    ----------
    record : Record
        Candidate. Its own magnitude is kept where it has one.
    stellar : StellarParameters or None
        Stellar parameters; None leaves the record as it is.

    Returns
    -------
    Record
        The record with the parameters filled in.
    """
    if stellar is None:
        return record
    return replace(
        record,
        stellar=stellar,
        teff_k=stellar.teff_k,
        radius_solar=stellar.radius_solar,
        mass_solar=stellar.mass_solar,
        logg_cgs=stellar.logg,
        density_solar=stellar.density_solar,
        stellar_source=stellar.source,
        magnitude=stellar.magnitude if record.magnitude is None else record.magnitude,
        magnitude_band=stellar.band if record.magnitude in (None, stellar.magnitude) else record.magnitude_band,
    )


def with_ephemeris(record: Record, ephemeris: Ephemeris, source: str) -> Record:
    """Return the record with another ephemeris in place of its own.

    Parameters
    ----------
    record : Record
        Candidate.
    ephemeris : Ephemeris
        New ephemeris; its epoch is converted to the record's time system where it has one.
    source : str
        Source of the ephemeris.

    Returns
    -------
    Record
        The record; errors of duration and depth are removed.
    """
    system = TimeSystem.parse(record.t0_system) if record.t0_system else ephemeris.t0.system
    return replace(
        record,
        ephemeris=ephemeris,
        ephemeris_source=source,
        duration_err_hours=None,
        depth_err_ppm=None,
        t0_system=str(system),
        **_ephemeris_fields(ephemeris, system),
    )


def without_signal(record: Record) -> Record:
    """Return the record of a star without what is known of one of its signals.

    Parameters
    ----------
    record : Record
        Candidate.

    Returns
    -------
    Record
        The record without ephemeris, disposition and class.
    """
    unknown: dict[str, Any] = {
        name: "" if CANDIDATE_COLUMNS[name].kind == TEXT else None
        for name in CANDIDATE_COLUMNS
        if name in _SIGNAL_FIELDS or name.startswith("signal")
    }
    return replace(record, ephemeris=None, **unknown)


#: Fields that describe one signal of a star, besides those whose names say so.
_SIGNAL_FIELDS = (
    *("disposition", "period_days", "period_err_days", "t0_days", "t0_err_days", "epoch_bjd", "duration_hours"),
    *("duration_err_hours", "depth_ppm", "depth_err_ppm", "ephemeris_source", "reviewer", "decided", "flags", "note", "verdicts"),
    *("match", "match_kind", "match_ratio", "match_disposition", "num_transits"),
)


#: Fields of a record that a found signal has under the same name, without `signal_` before it.
_OF_SIGNAL = tuple(name for name in columns_of(CandidateValues) if name.startswith("signal_"))


def _class_fields(found: FoundSignal) -> dict[str, Any]:
    """Return what the classifier says of a signal as fields."""
    values = stored_signals.signal_values(found)
    return {"signal": found.number} | {name: values[name.removeprefix("signal_")] for name in _OF_SIGNAL}


def _adopted_ephemeris(
    row: LeaderboardRow, disposition: Disposition | None, held: AdoptedEphemeris | None, found: FoundSignal | None
) -> tuple[Ephemeris | None, str]:
    """Return the ephemeris to use and its source: adopted, else of the search, else of the disposition, else best fold."""
    if held is not None:
        return held.ephemeris, str(held.source)
    if found is not None:
        return found.ephemeris, SEARCH
    if disposition is not None and disposition.ephemeris is not None:
        return disposition.ephemeris, FROM_DISPOSITION
    if row.best_t0 is None or not row.best_duration_hours or not row.t0_system:
        return None, ""
    try:
        return Ephemeris(
            row.target_id,
            f"best fold of {row.model_id}",
            Instant(row.best_t0, TimeSystem.parse(row.t0_system)),
            row.best_period_days,
            row.best_duration_hours,
            t0_err=row.t0_err_days or 0.0,
            period_err=row.period_err_days or 0.0,
        ), FROM_FOLD
    except AstroSeqError:
        # The period of a fold can be shorter than its event; no transits can be predicted from it.
        return None, ""


def _measured_fields(
    row: LeaderboardRow, ephemeris: Ephemeris | None, source: str, verdicts: Sequence[Disposition]
) -> dict[str, Any]:
    """Return the ephemeris as fields, with depth and duration as measured for a disposition.

    The measured values are those of the newest disposition on this very signal that has some.
    """
    if ephemeris is None:
        return {}
    system = TimeSystem.parse(row.t0_system) if row.t0_system else ephemeris.t0.system
    values = _ephemeris_fields(ephemeris, system)
    if source == FROM_FOLD:
        values["duration_err_hours"] = row.duration_err_hours
    fitting = [
        d
        for d in sorted(verdicts, key=lambda v: (v.at, v.number), reverse=True)
        if d.ephemeris is None or compare_signals(d.ephemeris, ephemeris).same
    ]
    for name in ("depth_ppm", "duration_hours"):
        stem, unit = name.split("_")
        found = ((d, _finite_number(d.measured.get(name))) for d in fitting)
        disposition, measured = next((pair for pair in found if pair[1] is not None), (None, None))
        if disposition is not None:
            values |= {name: measured, f"{stem}_err_{unit}": _finite_number(disposition.measured.get(f"{stem}_err_{unit}"))}
    if values["depth_ppm"] is None:
        # An adopted ephemeris may have no depth where that of a disposition has the fitted one.
        values["depth_ppm"] = next((d.ephemeris.depth_ppm for d in fitting if d.ephemeris and d.ephemeris.depth_ppm), None)
    return values


def _ephemeris_fields(ephemeris: Ephemeris, system: TimeSystem) -> dict[str, Any]:
    return {
        "period_days": ephemeris.period_days,
        "period_err_days": ephemeris.period_err or None if ephemeris.period_days else None,
        "t0_days": ephemeris.t0.to(system).days,
        "t0_err_days": ephemeris.t0_err or None,
        "epoch_bjd": ephemeris.t0.to(TimeSystem.BJD).days,
        "duration_hours": ephemeris.duration_hours,
        "depth_ppm": ephemeris.depth_ppm,
    }


def _finite_number(value: object) -> float | None:
    """Return the value as a finite float, None for anything else."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if abs(number) < float("inf") else None
