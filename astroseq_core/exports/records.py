"""Candidates with everything that is known of them: scores, the ephemeris in hand, verdict, star, model."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from astroseq_core import candidates, targets
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError
from astroseq_core.stellar import StellarParameters
from astroseq_core.store import board, dispositions, in_hand
from astroseq_core.store.board import BoardRow, Filters
from astroseq_core.store.dispositions import Verdict
from astroseq_core.store.flags import Cut
from astroseq_core.store.in_hand import InHand
from astroseq_core.times import Instant, TimeSystem

#: Where an ephemeris is from, besides the sources of store.in_hand: a reviewer's verdict, or the best fold of the scores.
VERDICT, FOLD = "verdict", "fold"
#: Two ephemerides are of one signal when their periods differ by less than this part, and their epochs by less than half a
#: duration of phase.
SAME_PERIOD = 1e-3

#: What is known of a star, by its identifier.
StellarOf = Callable[[str], StellarParameters | None]


@dataclass(frozen=True)
class Record:
    """One candidate. None and ``''`` stand for what is not known; errors are one sigma.

    The first eighteen fields are the columns of candidates.csv. ``period_days`` (None: a single transit, or unknown), ``t0_days``
    [d, ``t0_system``], ``epoch_bjd`` [d, BJD_TDB], ``duration_hours`` and ``depth_ppm`` with their errors are of the ephemeris
    that is used for the star; ``ephemeris_source`` says where it is from. ``disposition``, ``reviewer``, ``decided`` (ISO, UTC),
    ``flags`` and ``note`` are of the newest verdict that stands, ``verdicts`` has one word of each reviewer. ``ephemeris`` and
    ``stellar`` are the same as objects.
    """

    star_id: str
    score_raw: float | None = None
    p_highclass: int = 0
    mission: str = ""
    model_id: str = ""
    num_segments: int | None = None
    score_max: float | None = None
    score_topk: float | None = None
    score_fold: float | None = None
    best_period_days: float | None = None
    best_t0: float | None = None
    t0_system: str = ""
    magnitude: float | None = None
    match: str = ""
    match_kind: str = ""
    match_ratio: str = ""
    disposition: str = ""
    simulated: int = 0
    match_disposition: str = ""
    period_days: float | None = None
    period_err_days: float | None = None
    t0_days: float | None = None
    t0_err_days: float | None = None
    epoch_bjd: float | None = None
    duration_hours: float | None = None
    duration_err_hours: float | None = None
    depth_ppm: float | None = None
    depth_err_ppm: float | None = None
    ephemeris_source: str = ""
    num_transits: int | None = None
    reviewer: str = ""
    decided: str = ""
    flags: str = ""
    note: str = ""
    verdicts: str = ""
    magnitude_band: str = ""
    teff_k: float | None = None
    radius_solar: float | None = None
    mass_solar: float | None = None
    logg_cgs: float | None = None
    density_solar: float | None = None
    stellar_source: str = ""
    false_alarm_probability: float | None = None
    model_sha: str = ""
    ephemeris: Ephemeris | None = field(default=None, compare=False)
    stellar: StellarParameters | None = field(default=None, compare=False)


def records(
    filters: Filters, cut: Cut | None = None, *, only_passed: bool = False, stellar_of: StellarOf | None = None
) -> tuple[Record, ...]:
    """All stars of the leaderboard that meet the filters and have a score, the highest first.

    ``only_passed``: leave out those that do not reach the cut. ``stellar_of``: what is known of the stars themselves.
    """
    rows = (r for r in candidates.rows(replace(filters, scored=True)) if not only_passed or candidates.passes(r, cut))
    return _together(tuple(rows), cut, stellar_of)


def records_of(
    target_ids: Iterable[str], cut: Cut | None = None, *, model_id: str = "", stellar_of: StellarOf | None = None
) -> tuple[Record, ...]:
    """Those stars in the order given, each once, by that model's scores or the newest where none is named.

    A star without a score has a record too: a person may have judged what no model scored.
    """
    wanted = tuple(dict.fromkeys(target_ids))
    found = {r.target_id: r for r in board.of_targets(wanted, model_id)}
    return _together(tuple(found.get(t) or _unscored(t) for t in wanted), cut, stellar_of)


def stellar_in_catalogues() -> StellarOf:
    """What the catalogues here say of real stars; of simulated ones nothing, which would take a second each."""
    from astroseq_core.archive import catalogue
    from astroseq_core.scoring import star_facts

    known = catalogue.current()

    def of(target_id: str) -> StellarParameters | None:
        target = targets.parse_star(target_id)
        return None if target.is_simulated else star_facts.star_facts(target, catalogue=known)

    return of


def _unscored(target_id: str) -> BoardRow:
    target = targets.parse_star(target_id)
    return BoardRow(target_id=target_id, model_id="none", model_sha="", data_id="", mission=target.mission.name,
                    simulated=target.is_simulated, status="not scored")  # fmt: skip


def _together(rows: Sequence[BoardRow], cut: Cut | None, stellar_of: StellarOf | None) -> tuple[Record, ...]:
    """The rows as records: what people decided is read once for all of them."""
    wanted = {r.target_id for r in rows}
    judged: dict[str, list[Verdict]] = {}
    for verdict in dispositions.latest():
        if verdict.target_id in wanted:
            judged.setdefault(verdict.target_id, []).append(verdict)
    held = in_hand.latest()
    return tuple(
        record(
            row, cut, judged.get(row.target_id, ()), held.get(row.target_id), stellar_of(row.target_id) if stellar_of else None
        )
        for row in rows
    )


def record(
    row: BoardRow,
    cut: Cut | None = None,
    verdicts: Sequence[Verdict] = (),
    held: InHand | None = None,
    stellar: StellarParameters | None = None,
) -> Record:
    """One candidate from its row, the verdicts that stand and the ephemeris in hand."""
    known = candidates.as_row(row, candidates.passes(row, cut)) | {"star_id": row.target_id}
    known = {name: "" if value is None and name in _TEXTS else value for name, value in known.items()}
    newest = max(verdicts, key=lambda v: (v.at, v.number), default=None)
    ephemeris, source = _ephemeris(row, newest, held)
    made = Record(
        **known,
        ephemeris=ephemeris,
        ephemeris_source=source,
        match_disposition=row.match_disposition,
        num_transits=row.num_transits,
        false_alarm_probability=row.false_alarm_probability,
        model_sha=row.model_sha,
        **_numbers(row, ephemeris, source, newest),
    )
    if row.star_score is None:
        made = replace(made, model_id="", model_sha="")
    if ephemeris is not None and not made.t0_system:
        made = replace(made, t0_system=str(ephemeris.t0.system))
    if newest is not None:
        made = replace(made, disposition=newest.disposition, reviewer=newest.reviewer, flags=" ".join(newest.flags),
                       note=newest.note, decided=datetime.fromtimestamp(newest.at, UTC).isoformat(timespec="seconds"),
                       verdicts="; ".join(f"{v.reviewer}: {v.disposition}" for v in verdicts))  # fmt: skip
    return with_stellar(made, stellar)


_TEXTS = ("t0_system", "match", "match_kind", "match_ratio", "disposition", "mission", "model_id")


def with_stellar(record: Record, stellar: StellarParameters | None) -> Record:
    """The record with what is known of the star itself; its own magnitude stays."""
    if stellar is None:
        return record
    return replace(
        record, stellar=stellar, teff_k=stellar.teff_k, radius_solar=stellar.radius_solar, mass_solar=stellar.mass_solar,
        logg_cgs=stellar.logg, density_solar=stellar.density_solar, stellar_source=stellar.source,
        magnitude=stellar.magnitude if record.magnitude is None else record.magnitude,
        magnitude_band=stellar.band if record.magnitude in (None, stellar.magnitude) else record.magnitude_band,
    )  # fmt: skip


def with_ephemeris(record: Record, ephemeris: Ephemeris, source: str) -> Record:
    """The record with another ephemeris in place of its own."""
    system = TimeSystem.parse(record.t0_system) if record.t0_system else ephemeris.t0.system
    return replace(record, ephemeris=ephemeris, ephemeris_source=source, duration_err_hours=None, depth_err_ppm=None,
                   t0_system=str(system), **_of_ephemeris(ephemeris, system))  # fmt: skip


def _ephemeris(row: BoardRow, verdict: Verdict | None, held: InHand | None) -> tuple[Ephemeris | None, str]:
    """The ephemeris in hand, else that of the verdict, else that of the best fold; and where it is from."""
    if held is not None:
        return held.ephemeris, str(held.source)
    if verdict is not None and verdict.ephemeris is not None:
        return verdict.ephemeris, VERDICT
    if row.best_t0 is None or not row.best_duration_hours or not row.t0_system:
        return None, ""
    try:
        return Ephemeris(
            row.target_id, f"best fold of {row.model_id}", Instant(row.best_t0, TimeSystem.parse(row.t0_system)),
            row.best_period_days, row.best_duration_hours, t0_err=row.t0_err_days or 0.0, period_err=row.period_err_days or 0.0,
        ), FOLD  # fmt: skip
    except AstroSeqError:
        # A fold can be of a period no longer than its event: nothing that could be predicted.
        return None, ""


def _numbers(row: BoardRow, ephemeris: Ephemeris | None, source: str, verdict: Verdict | None) -> dict[str, Any]:
    """The ephemeris as columns; depth and duration as they were measured where the verdict was on this very signal."""
    if ephemeris is None:
        return {}
    system = TimeSystem.parse(row.t0_system) if row.t0_system else ephemeris.t0.system
    values = _of_ephemeris(ephemeris, system)
    if source == FOLD:
        values["duration_err_hours"] = row.duration_err_hours
    if verdict is not None and (verdict.ephemeris is None or same(verdict.ephemeris, ephemeris)):
        for name in ("depth_ppm", "duration_hours"):
            stem, unit = name.split("_")
            measured = _number(verdict.measured.get(name))
            if measured is not None:
                values |= {name: measured, f"{stem}_err_{unit}": _number(verdict.measured.get(f"{stem}_err_{unit}"))}
    return values


def _of_ephemeris(ephemeris: Ephemeris, system: TimeSystem) -> dict[str, Any]:
    return {
        "period_days": ephemeris.period_days,
        "period_err_days": ephemeris.period_err or None if ephemeris.period_days else None,
        "t0_days": ephemeris.t0.to(system).days,
        "t0_err_days": ephemeris.t0_err or None,
        "epoch_bjd": ephemeris.t0.to(TimeSystem.BJD).days,
        "duration_hours": ephemeris.duration_hours,
        "depth_ppm": ephemeris.depth_ppm,
    }


def _number(value: object) -> float | None:
    """The finite number, None for anything else."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if abs(number) < float("inf") else None


def same(a: Ephemeris, b: Ephemeris) -> bool:
    """Whether two ephemerides are of one signal: one period, and epochs within half a duration of each other."""
    if (a.period_days is None) != (b.period_days is None):
        return False
    apart = a.t0.to(b.t0.system).days - b.t0.days
    if a.period_days is not None and b.period_days is not None:
        if abs(a.period_days / b.period_days - 1) > SAME_PERIOD:
            return False
        # Over many periods their difference, however small, adds up.
        cycles = round(apart / b.period_days)
        apart -= cycles * (a.period_days + b.period_days) / 2
        room = abs(cycles) * abs(a.period_days - b.period_days) / 2
    else:
        room = 0.0
    return abs(apart) <= max(a.duration_days, b.duration_days) / 2 + room
