"""Planet-parameter files of ExoFOP: their columns, and reading and checking one."""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

from astroseq_core.disposition_codes import CODES
from astroseq_core.errors import ExportError

#: ExoFOP's flags: a new candidate, or parameters of one that it has.
NEW_CANDIDATE, NEW_PARAMETERS = FLAGS = ("newctoi", "newparams")


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


#: Columns as of 2026, in the order and spelling of ExoFOP's template for params_planet files. The template has changed
#: before (43 columns until 2025).
COLUMNS = (
    "target",
    "flag",
    "disp",
    "discovery",
    "candname",
    "period",
    "period_unc",
    "epoch",
    "epoch_unc",
    "depth",
    "depth_unc",
    "duration",
    "duration_unc",
    "inc",
    "inc_unc",
    "imp",
    "imp_unc",
    "r_planet",
    "r_planet_err",
    "ar_star",
    "ar_star_err",
    "radius",
    "radius_unc",
    "mass",
    "mass_unc",
    "temp",
    "temp_unc",
    "insol",
    "insol_unc",
    "dens",
    "dens_unc",
    "sma",
    "sma_unc",
    "ecc",
    "ecc_unc",
    "arg_peri",
    "arg_peri_err",
    "time_peri",
    "time_peri_unc",
    "vsa",
    "vsa_unc",
    "tag",
    "group",
    "prop_period",
    "paper",
    "notes",
)
COMMENT = "\\"
DELIMITER = "|"
NOTE_LENGTH = 120
#: ExoFOP's disposition for each of ours, and all that it has.
EXOFOP_DISPOSITION = {one.code: one.exofop for one in CODES.values() if one.exofop}
DISPOSITIONS = tuple(dict.fromkeys(EXOFOP_DISPOSITION.values()))
#: A file whose first comments hold this word is not ready to be uploaded.
DRAFT = "DRAFT"


def file_name(number: int = 1, day: date | None = None) -> str:
    """Return the file name that ExoFOP asks for, `params_planet_YYYYMMDD_nnn.txt`.

    Parameters
    ----------
    number : int, optional
        Number of the file within its day, 1 to 999.
    day : datetime.date, optional
        Date in the name; today in UTC by default.

    Returns
    -------
    str
        The file name.

    Raises
    ------
    ExportError
        If the number is not within 1 to 999.

    Examples
    --------
    >>> file_name(2, date(2026, 1, 15))
    'params_planet_20260115_002.txt'
    """
    if not 1 <= number <= 999:
        raise ExportError(f"ExoFOP numbers the files of a day from 001 to 999, not {number}.")
    return f"params_planet_{day or datetime.now(UTC).date():%Y%m%d}_{number:03d}.txt"


def earlier_rows(texts: Iterable[str]) -> tuple[EarlierRow, ...]:
    """Return the rows of earlier drafts, whose numbers no new candidate may take.

    Parameters
    ----------
    texts : iterable of str
        Texts of the files.

    Returns
    -------
    tuple of EarlierRow
        The rows.
    """
    return tuple(
        EarlierRow(row.values["target"], _parse_period(row.values["period"])) for text in texts for row in read_rows(text)
    )


def _parse_period(text: str) -> float | None:
    try:
        period = float(text)
    except ValueError:
        return None
    return period if math.isfinite(period) and period > 0 else None


def one_line(text: str) -> str:
    """Return a text as a cell holds it.

    Parameters
    ----------
    text : str
        The text.

    Returns
    -------
    str
        The text in ASCII on one line, without delimiters or a comment sign at its start.
    """
    import unicodedata

    for sign, word in (("σ", "sigma"), ("×", "x"), ("−", "-"), ("–", "-"), ("—", "-"), ("µ", "u"), ("μ", "u"), ("°", " deg")):
        text = text.replace(sign, word)
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    one = "".join(c if c.isprintable() else " " for c in ascii_text.replace(DELIMITER, "/"))
    return " ".join(one.split()).lstrip(f"{COMMENT} ")


#: Limits of epochs [BJD], 1980 to 2080: all missions lie within them, and truncated dates (BTJD, BKJD, MJD) far below.
EARLIEST_BJD, LATEST_BJD = 2_444_239.5, 2_480_764.5
#: Proprietary periods that ExoFOP offers [months].
PROPRIETARY_MONTHS = ("0", "12")
#: Column of the error of each value, and the values that a new candidate must have.
ERROR_COLUMNS = {name: next((f"{name}{end}" for end in ("_unc", "_err") if f"{name}{end}" in COLUMNS), "") for name in COLUMNS}
REQUIRED_COLUMNS = ("period", "epoch", "depth", "duration")
POSITIVE_COLUMNS = (*REQUIRED_COLUMNS, "r_planet", "ar_star", "radius", "mass", "temp", "insol", "dens", "sma", "vsa")
TEXT_COLUMNS = ("target", "flag", "disp", "discovery", "candname", "tag", "group", "prop_period", "paper", "notes")
NUMBER_COLUMNS = tuple(name for name in COLUMNS if name not in TEXT_COLUMNS)
_NEW_TARGET = re.compile(r"TIC([1-9]\d{0,15})\.(\d\d)")
_KNOWN_TARGET = re.compile(r"(?:TIC|TOI)([1-9]\d{0,15})\.(\d\d)")
_FILE_NAME = re.compile(r"params_planet_(\d{4})(\d\d)(\d\d)_(\d{3})\.txt")


@dataclass(frozen=True)
class Problem:
    """Fault of a planet-parameter file.

    Attributes
    ----------
    row : int
        Line of the file, from 1; 0 for the file as a whole.
    column : str
        Name of the column; empty for the whole row.
    reason : str
        What is wrong.
    """

    row: int
    column: str
    reason: str

    def __str__(self) -> str:
        where = f"line {self.row}" if self.row else "file"
        return f"{where}, {self.column}: {self.reason}" if self.column else f"{where}: {self.reason}"


@dataclass(frozen=True)
class ExofopRow:
    """Row of a planet-parameter file.

    Attributes
    ----------
    line : int
        Line of the file, from 1.
    values : dict
        Cell texts by column name.
    """

    line: int
    values: dict[str, str]


def read_rows(text: str) -> tuple[ExofopRow, ...]:
    """Read the rows of a planet-parameter file that have all columns.

    Parameters
    ----------
    text : str
        Text of the file.

    Returns
    -------
    tuple of ExofopRow
        The rows, without comments, the header, and rows of another number of columns.
    """
    found = ((line, _split_cells(raw)) for line, raw in _data_lines(text))
    return tuple(
        ExofopRow(line, dict(zip(COLUMNS, cells, strict=True)))
        for line, cells in found
        if len(cells) == len(COLUMNS) and cells != list(COLUMNS)
    )


def validate(text: str, name: str = "") -> tuple[Problem, ...]:
    """Check whether a planet-parameter file can be uploaded.

    A file that calls itself a draft need not name a paper.

    Parameters
    ----------
    text : str
        Text of the file.
    name : str, optional
        Name of the file; checked where it is given.

    Returns
    -------
    tuple of Problem
        All faults, in the order of the file; empty if there is none.

    Examples
    --------
    >>> validate("")
    (Problem(row=0, column='', reason='there is no candidate in it'),)
    """
    problems = list(_check_file_name(name)) if name else []
    is_draft = any(line.startswith(COMMENT) and DRAFT in line for line in text.splitlines())
    lines = list(_data_lines(text))
    seen: dict[tuple[str, ...], int] = {}
    data = [(line, raw) for line, raw in lines if _split_cells(raw) != list(COLUMNS)]
    if not data:
        return (*problems, Problem(0, "", "there is no candidate in it"))
    for number, raw in lines:
        cells = _split_cells(raw)
        if cells == list(COLUMNS):
            if (number, raw) != lines[0]:
                problems.append(Problem(number, "", "the names of the columns stand only once, above all candidates"))
            continue
        if number == lines[0][0] and cells[:1] == ["target"]:
            problems += _check_header(number, cells)
            continue
        problems += _check_row(number, cells, is_draft)
        if len(cells) == len(COLUMNS):
            values = dict(zip(COLUMNS, cells, strict=True))
            key = (values["target"], values["flag"], values["tag"])
            if key in seen:
                problems.append(Problem(number, "target", f"{values['target']} stands already on line {seen[key]}"))
            seen.setdefault(key, number)
    return tuple(problems)


def _data_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that are neither comments nor empty, with their line numbers."""
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.removesuffix("\r")
        if line.strip() and not line.startswith(COMMENT):
            yield number, line


def _split_cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split(DELIMITER)]


def _check_file_name(name: str) -> Iterator[Problem]:
    match = _FILE_NAME.fullmatch(name)
    if match is None or not (1 <= int(match[2]) <= 12 and 1 <= int(match[3]) <= 31 and int(match[4]) >= 1):
        yield Problem(0, "", f"its name is {name}; ExoFOP takes params_planet_YYYYMMDD_nnn.txt")


def _check_header(number: int, cells: list[str]) -> Iterator[Problem]:
    for place, (found, wanted) in enumerate(zip(cells, COLUMNS, strict=False), start=1):
        if found != wanted:
            yield Problem(number, wanted, f"column {place} is called '{found}'")
            break
    if len(cells) != len(COLUMNS):
        yield Problem(number, "", f"{len(cells)} columns, where {len(COLUMNS)} are wanted")


def _check_row(number: int, cells: list[str], is_draft: bool) -> Iterator[Problem]:
    if len(cells) != len(COLUMNS):
        # The cells can no longer be assigned to columns.
        yield Problem(number, "", f"{len(cells)} columns, where {len(COLUMNS)} are wanted; a pipe inside a text makes one more")
        return
    values = dict(zip(COLUMNS, cells, strict=True))
    for name, text in values.items():
        if not text.isascii() or not text.isprintable():
            bad = next(c for c in text if not (c.isascii() and c.isprintable()))
            yield Problem(number, name, f"{bad!a} is no plain ASCII character")
    yield from _check_texts(number, values)
    yield from _check_numbers(number, values)
    if values["flag"] == FLAGS[0]:
        yield from _check_new_candidate(number, values, is_draft)


def _check_texts(number: int, values: dict[str, str]) -> Iterator[Problem]:
    target, flag = values["target"], values["flag"]
    if target.upper().startswith("SIM"):
        yield Problem(number, "target", f"{target} is simulated; ExoFOP is for real stars")
    elif flag == FLAGS[0] and not _NEW_TARGET.fullmatch(target):
        yield Problem(number, "target", f"'{target}' is no new candidate on a TIC star; write it like TIC52368076.01")
    elif not _KNOWN_TARGET.fullmatch(target):
        yield Problem(number, "target", f"'{target}' is no TIC candidate or TOI; write it like TIC52368076.01 or TOI125.01")
    if flag not in FLAGS:
        yield Problem(number, "flag", f"'{flag}' is none of {', '.join(FLAGS)}")
    if values["disp"] not in DISPOSITIONS:
        yield Problem(number, "disp", f"'{values['disp']}' is none of {', '.join(DISPOSITIONS)}")
    if not values["tag"]:
        yield Problem(number, "tag", "it is empty; name the data, like 20260115_name_description_1")
    period = values["prop_period"]
    if period not in PROPRIETARY_MONTHS:
        yield Problem(number, "prop_period", f"'{period}' is none of {', '.join(PROPRIETARY_MONTHS)} months")
    elif period != "0" and (not values["group"] or flag == FLAGS[0]):
        yield Problem(number, "prop_period", "it must be 0 without a group, and for a new candidate")
    if values["paper"] and urlsplit(values["paper"]).scheme not in ("http", "https"):
        yield Problem(number, "paper", f"'{values['paper']}' is no address of a paper; write it like https://doi.org/...")
    if len(values["notes"]) > NOTE_LENGTH:
        yield Problem(number, "notes", f"{len(values['notes'])} characters, where {NOTE_LENGTH} are the most")


def _check_numbers(number: int, values: dict[str, str]) -> Iterator[Problem]:
    known: dict[str, float] = {}
    for name in NUMBER_COLUMNS:
        if not values[name]:
            continue
        try:
            known[name] = float(values[name])
        except ValueError:
            yield Problem(number, name, f"'{values[name]}' is no number")
            continue
        if not math.isfinite(known[name]) or "_" in values[name]:
            known.pop(name)
            yield Problem(number, name, f"'{values[name]}' is no number")
    for name, error in ERROR_COLUMNS.items():
        if not error:
            continue
        if values[error] and not values[name]:
            yield Problem(number, error, f"an error without a value in {name}")
        if known.get(error, 1.0) <= 0:
            yield Problem(number, error, f"{values[error]} is no error; it must be above 0, or empty")
    for name in POSITIVE_COLUMNS:
        if name not in ("epoch",) and known.get(name, 1.0) <= 0:
            yield Problem(number, name, f"{values[name]} must be above 0")
    for name in ("epoch", "time_peri"):
        if name in known and not EARLIEST_BJD <= known[name] <= LATEST_BJD:
            yield Problem(number, name, f"{values[name]} is no full BJD; add 2457000 to BTJD, 2454833 to BKJD, 2400000.5 to MJD")
    if 0 < known.get("period", 0) * 24 <= known.get("duration", 0):
        yield Problem(number, "duration", f"{values['duration']} h is no shorter than the period; is it in hours?")
    if known.get("depth", 0) > 1e6:
        yield Problem(number, "depth", f"{values['depth']} ppm is more than all light")
    if not 0 <= known.get("ecc", 0) < 1:
        yield Problem(number, "ecc", f"{values['ecc']} is not from 0 to below 1")


def _check_new_candidate(number: int, values: dict[str, str], is_draft: bool) -> Iterator[Problem]:
    """Check what only a new candidate must have."""
    for name in REQUIRED_COLUMNS:
        if not values[name]:
            yield Problem(number, name, "it is empty; a new candidate needs period, epoch, depth and duration")
    if not values["notes"]:
        yield Problem(number, "notes", "it is empty; a new candidate needs a note")
    if not values["paper"] and not is_draft:
        yield Problem(number, "paper", "it is empty; a new candidate needs the address of its refereed paper")
