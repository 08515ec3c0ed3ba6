"""Drafts of ExoFOP planet-parameter files: the target of each candidate (a TOI, known otherwise, or new), and its row."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from astroseq_core import __version__, targets
from astroseq_core.archive.catalogs import Catalog, current_catalog
from astroseq_core.archive.signals import Signal, name_key
from astroseq_core.errors import ExportError
from astroseq_core.export.exofop_file import (
    COLUMNS,
    COMMENT,
    DELIMITER,
    DRAFT,
    EXOFOP_DISPOSITION,
    FLAGS,
    NEW_CANDIDATE,
    NEW_PARAMETERS,
    NOTE_LENGTH,
    EarlierRow,
    one_line,
)
from astroseq_core.export.records import Record
from astroseq_core.same_signal import PERIOD_RATIOS, SignalComparison, compare_signals, match_known_signal

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


@dataclass(frozen=True)
class ExcludedStar:
    """Star that an ExoFOP file cannot hold.

    Attributes
    ----------
    star_id : str
        Identifier of the star.
    reason : str
        Why it is left out.
    """

    star_id: str
    reason: str


def select_exportable(
    records: Sequence[Record], catalog: Catalog | None = None, earlier: Iterable[EarlierRow] = ()
) -> tuple[tuple[Record, ...], tuple[ExcludedStar, ...]]:
    """Split records into those that an ExoFOP file can hold and the others.

    Parameters
    ----------
    records : sequence of Record
        Candidates.
    catalog : Catalog, optional
        Known signals, to leave out what has no TOI number; by default those of the local catalogs.
    earlier : iterable of EarlierRow, optional
        Rows of earlier drafts, see `earlier_rows`.

    Returns
    -------
    tuple of Record
        The records that the file can hold, in their order.
    tuple of ExcludedStar
        The other stars, each with the reason.
    """
    pairs, left = _split_with_targets(records, catalog, earlier)
    return tuple(record for record, _ in pairs), left


def _split_with_targets(
    records: Sequence[Record], catalog: Catalog | None, earlier: Iterable[EarlierRow]
) -> tuple[list[tuple[Record, ExofopTarget]], tuple[ExcludedStar, ...]]:
    """Return the records that the file can hold, each with its target, and the others with their reasons."""
    reasons = {n: exclusion_reason(record) for n, record in enumerate(records)}
    fitting = [n for n, reason in reasons.items() if not reason]
    found = dict(zip(fitting, assign_targets([records[n] for n in fitting], catalog, earlier) if fitting else (), strict=True))
    reasons |= {n: target.reason for n, target in found.items()}
    left = tuple(ExcludedStar(records[n].star_id, reason) for n, reason in reasons.items() if reason)
    return [(records[n], target) for n, target in found.items() if not target.reason], left


def exclusion_reason(record: Record) -> str:
    """Return why an ExoFOP file cannot hold a star.

    It cannot if the star is simulated, has no TIC number, has no disposition that ExoFOP knows, or
    lacks a part of its ephemeris. Known signals are not looked up here.

    Parameters
    ----------
    record : Record
        Candidate.

    Returns
    -------
    str
        The reason in a few words; empty if the file can hold the star.
    """
    target = targets.parse_star(record.star_id)
    if target.is_simulated or record.simulated:
        return "it is simulated"
    if target.prefix != "TIC":
        return f"ExoFOP's candidates are on TIC stars, and this is a {target.prefix} number"
    if record.disposition not in EXOFOP_DISPOSITION:
        return f"its disposition is {record.disposition}" if record.disposition else "nobody has judged it"
    if record.period_days is None or record.epoch_bjd is None or record.duration_hours is None:
        return "it has no period, epoch and duration"
    if record.depth_ppm is None or not record.depth_ppm > 0:
        return "its depth was not measured"
    return ""


def draft_text(
    records: Sequence[Record],
    tag: str,
    group: str = "",
    paper: str = "",
    *,
    catalog: Catalog | None = None,
    earlier: Iterable[EarlierRow] = (),
) -> str:
    """Return a draft of an ExoFOP planet-parameter file.

    Parameters
    ----------
    records : sequence of Record
        Candidates; each must be one that the file can hold, see `select_exportable`.
    tag : str
        Tag of the upload, such as `20260115_name_description_1`. Must not be empty.
    group : str, optional
        Name of the group.
    paper : str, optional
        URL of the refereed paper.
    catalog : Catalog, optional
        Known signals; by default those of the local catalogs.
    earlier : iterable of EarlierRow, optional
        Rows of earlier drafts, see `earlier_rows`.

    Returns
    -------
    str
        Text of the file. Its first comments call it a draft.

    Raises
    ------
    ExportError
        If a record cannot be in the file, there is no record, or the tag is empty.
    """
    good, left = _split_with_targets(records, catalog, earlier)
    if left:
        raise ExportError(f"{left[0].star_id} cannot stand in an ExoFOP file: {left[0].reason}.")
    if not good:
        raise ExportError("An ExoFOP file needs at least one candidate on a TIC star with a disposition of PC, CP, KP or FP.")
    if not one_line(tag):
        raise ExportError("An ExoFOP file needs a tag, such as 20260115_name_description_1; give one.")
    texts = (one_line(tag), one_line(group), one_line(paper))
    rows = [DELIMITER.join(_format_row(record, target, *texts)) for record, target in good]
    cautions = [f"{COMMENT} {one_line(target.caution)}" for _, target in good if target.caution]
    return "\n".join((*_draft_comments(bool(paper)), *cautions, DELIMITER.join(COLUMNS), *rows)) + "\n"


def _draft_comments(has_paper: bool) -> tuple[str, ...]:
    made = datetime.now(UTC).isoformat(timespec="seconds")
    text = [
        f"{DRAFT}, not for upload as it stands. Made by AstroSeq {__version__} on {made}.",
        "Uploads need an approved account; new candidates need a refereed paper, whose address goes into column paper.",
        "Check each target's next free number (.01, .02, ...) on ExoFOP. Take this comment away when all is right.",
        "period [d], epoch [BJD, TDB], depth [ppm], duration [h]; errors are one sigma.",
    ]
    if has_paper:
        text[1] = "Uploads need an approved account."
    return tuple(f"{COMMENT} {line}" for line in text)


def _format_row(record: Record, assigned: ExofopTarget, tag: str, group: str, paper: str) -> list[str]:
    target, flag = assigned.target, assigned.flag
    values = {
        "target": target,
        "flag": flag,
        "disp": EXOFOP_DISPOSITION[record.disposition],
        "discovery": "TESS" if flag == FLAGS[0] else "",
        "period": _format_number(record.period_days, 7),
        "period_unc": _format_number(record.period_err_days, 7),
        "epoch": _format_number(record.epoch_bjd, 6),
        "epoch_unc": _format_number(record.t0_err_days, 6),
        "depth": _format_number(record.depth_ppm, 1),
        "depth_unc": _format_number(record.depth_err_ppm, 1),
        "duration": _format_number(record.duration_hours, 4),
        "duration_unc": _format_number(record.duration_err_hours, 4),
        "tag": tag,
        "group": group,
        "prop_period": "0",
        "paper": paper,
        "notes": format_note(record),
    }
    return [values.get(name, "") for name in COLUMNS]


def format_note(record: Record) -> str:
    """Return the vetter's note and reason codes in the form that ExoFOP takes.

    Parameters
    ----------
    record : Record
        Candidate.

    Returns
    -------
    str
        ASCII text on one line, without a pipe, of `NOTE_LENGTH` characters at most.
    """
    text = one_line(record.note)
    sentence = "; ".join(filter(None, (text, f"flags {record.flags}" if record.flags else ""))) or "Vetted with AstroSeq."
    return sentence if len(sentence) <= NOTE_LENGTH else sentence[: NOTE_LENGTH - 3].rstrip() + "..."


def _format_number(value: float | None, digits: int) -> str:
    """Format a number without exponent; an error that rounds to zero keeps two significant digits."""
    if value is None:
        return ""
    shown = f"{value:.{digits}f}"
    return shown if float(shown) or not value else np.format_float_positional(float(f"{value:.2g}"), trim="-")
