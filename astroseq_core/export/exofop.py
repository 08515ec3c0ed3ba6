"""Drafts of ExoFOP planet-parameter files from candidates."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from astroseq_core import __version__, targets
from astroseq_core.errors import ExportError
from astroseq_core.export.exofop_file import COLUMNS, COMMENT, DELIMITER, DRAFT, EXOFOP_DISPOSITION, NOTE_LENGTH, one_line
from astroseq_core.export.exofop_targets import FLAGS, EarlierRow, ExofopTarget, assign_targets
from astroseq_core.export.records import Record

if TYPE_CHECKING:
    from astroseq_core.archive.catalogs import Catalog


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
    records: Sequence[Record], catalog: "Catalog | None" = None, earlier: Iterable[EarlierRow] = ()
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
    records: Sequence[Record], catalog: "Catalog | None", earlier: Iterable[EarlierRow]
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
    catalog: "Catalog | None" = None,
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
