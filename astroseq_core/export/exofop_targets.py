"""Targets of ExoFOP drafts: which candidate is a TOI, which is known otherwise, and the number of each new one."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from astroseq_core import targets
from astroseq_core.archive.catalogs import Catalog, current_catalog
from astroseq_core.archive.signals import Signal, name_key
from astroseq_core.export.records import Record
from astroseq_core.same_signal import PERIOD_RATIOS, SignalComparison, compare_signals, match_known_signal

#: ExoFOP's flags: a new candidate, or parameters of one that it has.
NEW_CANDIDATE, NEW_PARAMETERS = FLAGS = ("newctoi", "newparams")
_TOI_NAME = re.compile(r"TOI-?([1-9]\d*)\.(\d\d)")
_TIC_TARGET = re.compile(r"TIC([1-9]\d*)\.(\d\d)")
#: ExoFOP's numbers have two digits.
LAST_NUMBER = 99
#: Periods of a candidate in two drafts agree within this fraction; those of two planets of a star never do.
SAME_PERIOD = 0.01


@dataclass(frozen=True)
class ExofopTarget:
    """Target of a candidate in an ExoFOP file.

    Attributes
    ----------
    target : str
        The target, such as `TOI185.01` or `TIC52368076.02`; empty if the candidate is left out.
    flag : str
        One of `FLAGS`.
    reason : str
        Why the candidate is left out; empty if it is not.
    caution : str
        What to check before an upload; empty if nothing.
    """

    target: str = ""
    flag: str = ""
    reason: str = ""
    caution: str = ""


@dataclass(frozen=True)
class EarlierRow:
    """Row of an earlier draft, whose number is taken.

    Attributes
    ----------
    target : str
        Its target.
    period_days : float or None
        Its period [d]; None if it has none.
    """

    target: str
    period_days: float | None = None


def assign_targets(
    records: Sequence[Record], catalog: Catalog | None = None, earlier: Iterable[EarlierRow] = ()
) -> tuple[ExofopTarget, ...]:
    """Return the target of each candidate.

    A candidate that is a TOI, under whatever name, becomes new parameters of it. One that is known
    without a TOI number, or has a known period but other epochs, is left out. Any other is new, with the
    lowest number above those of the star's TOIs and of other drafts.

    Parameters
    ----------
    records : sequence of Record
        Candidates on TIC stars.
    catalog : Catalog, optional
        Known signals; by default those of the local catalogs.
    earlier : iterable of EarlierRow, optional
        Rows of earlier drafts. A candidate keeps the number that it has there.

    Returns
    -------
    tuple of ExofopTarget
        The targets, in the order of the records.
    """
    here = current_catalog() if catalog is None else catalog
    rows = tuple(earlier)
    assigned: list[ExofopTarget] = []
    for record in records:
        pairs = zip(records, assigned, strict=False)
        mine = [(other, one) for other, one in pairs if other.star_id == record.star_id and one.target]
        assigned.append(_assign(record, here, mine, rows))
    return tuple(assigned)


def _assign(
    record: Record, catalog: Catalog, mine: Sequence[tuple[Record, ExofopTarget]], earlier: Sequence[EarlierRow]
) -> ExofopTarget:
    """Return the target of one candidate, after those of its star that the draft holds already."""
    known = catalog.signals_of(targets.parse_star(record.star_id))
    found = _known_target(record, known, catalog)
    if found.reason:
        return found
    if found.target:
        taken = any(one.target == found.target for _, one in mine)
        return ExofopTarget(reason=f"{found.target} is in this draft already") if taken else found
    if any(_is_same(record, other) for other, _ in mine):
        return ExofopTarget(reason="its signal is in this draft already")
    number = targets.parse_star(record.star_id).number
    of_star = {r.target: r.period_days for r in earlier if (m := _TIC_TARGET.fullmatch(r.target)) and m[1] == str(number)}
    in_draft = {one.target for _, one in mine}
    for target, period in of_star.items():
        if target not in in_draft and period and record.period_days and abs(record.period_days / period - 1) < SAME_PERIOD:
            return replace(found, target=target, flag=NEW_CANDIDATE)
    numbers = [int(m[2]) for name in _names(known) if (m := _TOI_NAME.fullmatch(name))]
    numbers += [int(target[-2:]) for target in (*of_star, *in_draft)]
    free = max(numbers, default=0) + 1
    if free > LAST_NUMBER:
        return ExofopTarget(reason=f"its star has no free number up to .{LAST_NUMBER}")
    return replace(found, target=f"TIC{number}.{free:02d}", flag=NEW_CANDIDATE)


def _known_target(record: Record, known: Sequence[Signal], catalog: Catalog) -> ExofopTarget:
    """Return the target of a candidate that is a known signal, or why it is left out; an empty one if it is new."""
    if record.match and record.match_ratio == "1" and not _named(record.match, known):
        # The catalogs here do not have what a survey matched the star to: its match stands.
        others = tuple(s for star in catalog.stars_named(record.match) for s in star.signals)
        return _as_toi(record.match, _names(_named(record.match, others)))
    if record.ephemeris is None:
        stored = _named(record.match, known) if record.match_ratio == "1" else ()
        return _as_toi(record.match, _names(stored)) if stored else ExofopTarget()
    ephemerides = [s.ephemeris(record.star_id) for s in known]
    signals = dict(zip(map(id, ephemerides), known, strict=True))
    # A TOI of a single transit has no ratio, and yet may be one of the candidate's.
    found = match_known_signal(record.ephemeris, ephemerides, ratios=(*PERIOD_RATIOS, ""))
    if found is None:
        return ExofopTarget()
    signal = signals[id(found.other)]
    if found.same:
        return _as_toi(signal.name, _names((signal,)))
    if found.ratio == "1":
        return ExofopTarget(
            reason=f"it has the period of {signal.name} but lies {found.hours_apart:.1f} h from its transits, "
            "as a secondary eclipse or a transit predicted with a poor period"
        )
    return ExofopTarget(caution=_caution(record, signal, found))


def _caution(record: Record, signal: Signal, found: SignalComparison) -> str:
    times = f"at {found.ratio} times its period" if found.ratio else "whose period is not known"
    return f"{record.star_id} coincides with {signal.name} {times}; make sure that it is another signal."


def _as_toi(name: str, names: Iterable[str]) -> ExofopTarget:
    """Return a known signal as its TOI, or why it cannot be one."""
    toi = next((m for one in (name, *names) if (m := _TOI_NAME.fullmatch(one))), None)
    if toi is None:
        return ExofopTarget(reason=f"it is {name}, which has no TOI number in the catalogs here")
    return ExofopTarget(f"TOI{toi[1]}.{toi[2]}", NEW_PARAMETERS)


def _names(known: Iterable[Signal]) -> tuple[str, ...]:
    return tuple(name for signal in known for name in (signal.name, *signal.aliases))


def _named(name: str, known: Iterable[Signal]) -> tuple[Signal, ...]:
    """Return the signals of that name, in any usual spelling."""
    return tuple(s for s in known if name_key(name) in {name_key(one) for one in (s.name, *s.aliases)})


def _is_same(record: Record, other: Record) -> bool:
    if record.ephemeris is None or other.ephemeris is None:
        return record.period_days == other.period_days and record.epoch_bjd == other.epoch_bjd
    return compare_signals(record.ephemeris, other.ephemeris).same
