"""Candidates as a draft of ExoFOP's planet-parameter file for bulk upload."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np

from astroseq_core import __version__, targets
from astroseq_core.errors import ExportError
from astroseq_core.exports.records import Record

#: The columns as of 2026, in the order and spelling of ExoFOP's template for params_planet files. It has changed before (43
#: columns until 2025); what is here is all that is known of them.
COLUMNS = (
    "target", "flag", "disp", "discovery", "candname", "period", "period_unc", "epoch", "epoch_unc", "depth",
    "depth_unc", "duration", "duration_unc", "inc", "inc_unc", "imp", "imp_unc", "r_planet", "r_planet_err",
    "ar_star", "ar_star_err", "radius", "radius_unc", "mass", "mass_unc", "temp", "temp_unc", "insol", "insol_unc",
    "dens", "dens_unc", "sma", "sma_unc", "ecc", "ecc_unc", "arg_peri", "arg_peri_err", "time_peri", "time_peri_unc",
    "vsa", "vsa_unc", "tag", "group", "prop_period", "paper", "notes",
)  # fmt: skip
COMMENT = "\\"
DELIMITER = "|"
NOTE_LENGTH = 120
FLAGS = ("newctoi", "newparams")
DISPOSITIONS = ("PC", "CP", "FP")
#: What verdicts are called there. A false alarm is no event of the star, and an unsure vetter has nothing to say.
CALLED = {"PC": "PC", "CP": "CP", "KP": "CP", "FP": "FP"}
#: A file whose first comments hold this word is not ready to be uploaded.
DRAFT = "DRAFT"
_TOI = re.compile(r"TOI-?(\d+\.\d\d)")


@dataclass(frozen=True)
class LeftOut:
    """A star that cannot stand in the file, and why."""

    star_id: str
    reason: str


def file_name(number: int = 1, day: date | None = None) -> str:
    """``params_planet_YYYYMMDD_nnn.txt``; ``number`` tells files of one day apart. Raises ExportError beyond 1 to 999."""
    if not 1 <= number <= 999:
        raise ExportError(f"ExoFOP numbers the files of a day from 001 to 999, not {number}.")
    return f"params_planet_{day or datetime.now(UTC).date():%Y%m%d}_{number:03d}.txt"


def fits(records: Sequence[Record]) -> tuple[tuple[Record, ...], tuple[LeftOut, ...]]:
    """The records that can stand in the file, and those that cannot with a reason each."""
    good, left = [], []
    for record in records:
        reason = why_not(record)
        if reason:
            left.append(LeftOut(record.star_id, reason))
        else:
            good.append(record)
    return tuple(good), tuple(left)


def why_not(record: Record) -> str:
    """Why a star cannot stand in the file, ``''`` where it can."""
    target = targets.parse_star(record.star_id)
    if target.is_simulated or record.simulated:
        return "it is simulated"
    if target.prefix != "TIC":
        return f"ExoFOP's candidates are on TIC stars, and this is a {target.prefix} number"
    if record.disposition not in CALLED:
        return f"its verdict is {record.disposition}" if record.disposition else "nobody has judged it"
    if record.period_days is None or record.epoch_bjd is None or record.duration_hours is None:
        return "it has no period, epoch and duration"
    if record.depth_ppm is None or not record.depth_ppm > 0:
        return "its depth was not measured"
    return ""


def draft(records: Sequence[Record], tag: str, group: str = "", paper: str = "") -> str:
    """The file's text, a row for each record.

    ``tag``: of the data, such as 20260115_name_description_1; ``group``: the group's name there; ``paper``: address of the
    refereed paper that ExoFOP asks for with new candidates. Raises ExportError where there is no record or one cannot stand in
    the file (see ``fits``); simulated stars never can.
    """
    good, left = fits(records)
    if left:
        raise ExportError(f"{left[0].star_id} cannot stand in an ExoFOP file: {left[0].reason}.")
    if not good:
        raise ExportError("An ExoFOP file needs at least one candidate on a TIC star with a verdict of PC, CP, KP or FP.")
    if not _one_line(tag):
        raise ExportError("An ExoFOP file needs a tag, such as 20260115_name_description_1; give one.")
    rows = [DELIMITER.join(_row(record, _one_line(tag), _one_line(group), _one_line(paper))) for record in good]
    return "\n".join((*_comments(bool(paper)), DELIMITER.join(COLUMNS), *rows)) + "\n"


def _comments(has_paper: bool) -> tuple[str, ...]:
    made = datetime.now(UTC).isoformat(timespec="seconds")
    said = [
        f"{DRAFT}, not for upload as it stands. Made by AstroSeq {__version__} on {made}.",
        "Uploads need an approved account; new candidates need a refereed paper, whose address goes into column paper.",
        "Check each target's next free number (.01, .02, ...) on ExoFOP. Take this comment away when all is right.",
        "period [d], epoch [BJD, TDB], depth [ppm], duration [h]; errors are one sigma.",
    ]
    if has_paper:
        said[1] = "Uploads need an approved account."
    return tuple(f"{COMMENT} {line}" for line in said)


def _row(record: Record, tag: str, group: str, paper: str) -> list[str]:
    target, flag = _target(record)
    values = {
        "target": target,
        "flag": flag,
        "disp": CALLED[record.disposition],
        "discovery": "TESS" if flag == FLAGS[0] else "",
        "period": _number(record.period_days, 7),
        "period_unc": _number(record.period_err_days, 7),
        "epoch": _number(record.epoch_bjd, 6),
        "epoch_unc": _number(record.t0_err_days, 6),
        "depth": _number(record.depth_ppm, 1),
        "depth_unc": _number(record.depth_err_ppm, 1),
        "duration": _number(record.duration_hours, 4),
        "duration_unc": _number(record.duration_err_hours, 4),
        "tag": tag,
        "group": group,
        "prop_period": "0",
        "paper": paper,
        "notes": note(record),
    }
    return [values.get(name, "") for name in COLUMNS]


def _target(record: Record) -> tuple[str, str]:
    """The target's name and the flag: parameters of the TOI that the signal is, else a new candidate of the star."""
    toi = _TOI.fullmatch(record.match)
    if toi and record.match_ratio == "1":
        return f"TOI{toi[1]}", FLAGS[1]
    return f"TIC{targets.parse_star(record.star_id).number}.01", FLAGS[0]


def note(record: Record) -> str:
    """The vetter's note and flags as ExoFOP takes them: ASCII, one line, no pipe, at most NOTE_LENGTH characters."""
    text = _one_line(record.note)
    said = "; ".join(filter(None, (text, f"flags {record.flags}" if record.flags else ""))) or "Vetted with AstroSeq."
    return said if len(said) <= NOTE_LENGTH else said[: NOTE_LENGTH - 3].rstrip() + "..."


def _one_line(text: str) -> str:
    """The text in ASCII on one line, without the delimiter; a comment sign at the beginning is taken away."""
    import unicodedata

    for sign, word in (("σ", "sigma"), ("×", "x"), ("−", "-"), ("–", "-"), ("—", "-"), ("µ", "u"), ("μ", "u"), ("°", " deg")):
        text = text.replace(sign, word)
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    one = "".join(c if c.isprintable() else " " for c in ascii_text.replace(DELIMITER, "/"))
    return " ".join(one.split()).lstrip(f"{COMMENT} ")


def _number(value: float | None, digits: int) -> str:
    """The number without an exponent; an error that would round to nothing keeps two digits that count."""
    if value is None:
        return ""
    shown = f"{value:.{digits}f}"
    return shown if float(shown) or not value else np.format_float_positional(float(f"{value:.2g}"), trim="-")
