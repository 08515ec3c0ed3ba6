"""Checks of a planet-parameter file for ExoFOP, as a person may have edited it: each problem by row and column."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from astroseq_core.exports.exofop import COLUMNS, COMMENT, DELIMITER, DISPOSITIONS, DRAFT, FLAGS, NOTE_LENGTH

#: Epochs are full Julian dates: none of a mission's data is outside these (1980 to 2080), and shortened ones are far below.
EARLIEST_BJD, LATEST_BJD = 2_444_239.5, 2_480_764.5
#: Proprietary periods that can be asked for [months].
PROPRIETARY = ("0", "12")
#: Each value with the column of its error, and those that must be there with a new candidate.
ERRORS = {name: next((f"{name}{end}" for end in ("_unc", "_err") if f"{name}{end}" in COLUMNS), "") for name in COLUMNS}
NEEDED = ("period", "epoch", "depth", "duration")
POSITIVE = (*NEEDED, "r_planet", "ar_star", "radius", "mass", "temp", "insol", "dens", "sma", "vsa")
TEXTS = ("target", "flag", "disp", "discovery", "candname", "tag", "group", "prop_period", "paper", "notes")
NUMBERS = tuple(name for name in COLUMNS if name not in TEXTS)
_NEW = re.compile(r"TIC([1-9]\d{0,15})\.(\d\d)")
_KNOWN = re.compile(r"(?:TIC|TOI)([1-9]\d{0,15})\.(\d\d)")
_FILE = re.compile(r"params_planet_(\d{4})(\d\d)(\d\d)_(\d{3})\.txt")


@dataclass(frozen=True)
class Problem:
    """What is wrong: ``row`` is the line of the file, from 1 (0: the file itself), ``column`` its name (``''``: the row)."""

    row: int
    column: str
    reason: str

    def __str__(self) -> str:
        where = f"line {self.row}" if self.row else "file"
        return f"{where}, {self.column}: {self.reason}" if self.column else f"{where}: {self.reason}"


@dataclass(frozen=True)
class Row:
    """A row of the file: the line it stands on, and its values by column."""

    line: int
    values: dict[str, str]


def rows(text: str) -> tuple[Row, ...]:
    """The rows of a file that have all columns."""
    found = ((line, _cells(raw)) for line, raw in _lines(text))
    return tuple(
        Row(line, dict(zip(COLUMNS, cells, strict=True)))
        for line, cells in found
        if len(cells) == len(COLUMNS) and cells != list(COLUMNS)
    )


def validate(text: str, name: str = "") -> tuple[Problem, ...]:
    """All that keeps the file from being uploaded, in its order; none where it is right.

    ``name``: the file's name, checked where it is given. While the file calls itself a draft it need not name a paper.
    """
    problems = list(_of_name(name)) if name else []
    is_draft = any(line.startswith(COMMENT) and DRAFT in line for line in text.splitlines())
    lines = list(_lines(text))
    seen: dict[tuple[str, ...], int] = {}
    data = [(line, raw) for line, raw in lines if _cells(raw) != list(COLUMNS)]
    if not data:
        return (*problems, Problem(0, "", "there is no candidate in it"))
    for number, raw in lines:
        cells = _cells(raw)
        if cells == list(COLUMNS):
            if (number, raw) != lines[0]:
                problems.append(Problem(number, "", "the names of the columns stand only once, above all candidates"))
            continue
        if number == lines[0][0] and cells[:1] == ["target"]:
            problems += _of_header(number, cells)
            continue
        problems += _of_row(number, cells, is_draft)
        if len(cells) == len(COLUMNS):
            values = dict(zip(COLUMNS, cells, strict=True))
            key = (values["target"], values["flag"], values["tag"])
            if key in seen:
                problems.append(Problem(number, "target", f"{values['target']} stands already on line {seen[key]}"))
            seen.setdefault(key, number)
    return tuple(problems)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that are neither comments nor empty, with their numbers."""
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.removesuffix("\r")
        if line.strip() and not line.startswith(COMMENT):
            yield number, line


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split(DELIMITER)]


def _of_name(name: str) -> Iterator[Problem]:
    match = _FILE.fullmatch(name)
    if match is None or not (1 <= int(match[2]) <= 12 and 1 <= int(match[3]) <= 31 and int(match[4]) >= 1):
        yield Problem(0, "", f"its name is {name}; ExoFOP takes params_planet_YYYYMMDD_nnn.txt")


def _of_header(number: int, cells: list[str]) -> Iterator[Problem]:
    for place, (found, wanted) in enumerate(zip(cells, COLUMNS, strict=False), start=1):
        if found != wanted:
            yield Problem(number, wanted, f"column {place} is called '{found}'")
            break
    if len(cells) != len(COLUMNS):
        yield Problem(number, "", f"{len(cells)} columns, where {len(COLUMNS)} are wanted")


def _of_row(number: int, cells: list[str], is_draft: bool) -> Iterator[Problem]:
    if len(cells) != len(COLUMNS):
        # Which cell is which cannot be told any more.
        yield Problem(number, "", f"{len(cells)} columns, where {len(COLUMNS)} are wanted; a pipe inside a text makes one more")
        return
    values = dict(zip(COLUMNS, cells, strict=True))
    for name, text in values.items():
        if not text.isascii() or not text.isprintable():
            bad = next(c for c in text if not (c.isascii() and c.isprintable()))
            yield Problem(number, name, f"{bad!a} is no plain ASCII character")
    yield from _of_words(number, values)
    yield from _of_numbers(number, values)
    if values["flag"] == FLAGS[0]:
        yield from _of_new(number, values, is_draft)


def _of_words(number: int, values: dict[str, str]) -> Iterator[Problem]:
    target, flag = values["target"], values["flag"]
    if target.upper().startswith("SIM"):
        yield Problem(number, "target", f"{target} is simulated; ExoFOP is for real stars")
    elif flag == FLAGS[0] and not _NEW.fullmatch(target):
        yield Problem(number, "target", f"'{target}' is no new candidate on a TIC star; write it like TIC52368076.01")
    elif not _KNOWN.fullmatch(target):
        yield Problem(number, "target", f"'{target}' is no TIC candidate or TOI; write it like TIC52368076.01 or TOI125.01")
    if flag not in FLAGS:
        yield Problem(number, "flag", f"'{flag}' is none of {', '.join(FLAGS)}")
    if values["disp"] not in DISPOSITIONS:
        yield Problem(number, "disp", f"'{values['disp']}' is none of {', '.join(DISPOSITIONS)}")
    if not values["tag"]:
        yield Problem(number, "tag", "it is empty; name the data, like 20260115_name_description_1")
    period = values["prop_period"]
    if period not in PROPRIETARY:
        yield Problem(number, "prop_period", f"'{period}' is none of {', '.join(PROPRIETARY)} months")
    elif period != "0" and (not values["group"] or flag == FLAGS[0]):
        yield Problem(number, "prop_period", "it must be 0 without a group, and for a new candidate")
    if values["paper"] and urlsplit(values["paper"]).scheme not in ("http", "https"):
        yield Problem(number, "paper", f"'{values['paper']}' is no address of a paper; write it like https://doi.org/...")
    if len(values["notes"]) > NOTE_LENGTH:
        yield Problem(number, "notes", f"{len(values['notes'])} characters, where {NOTE_LENGTH} are the most")


def _of_numbers(number: int, values: dict[str, str]) -> Iterator[Problem]:
    known: dict[str, float] = {}
    for name in NUMBERS:
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
    for name, error in ERRORS.items():
        if not error:
            continue
        if values[error] and not values[name]:
            yield Problem(number, error, f"an error without a value in {name}")
        if known.get(error, 1.0) <= 0:
            yield Problem(number, error, f"{values[error]} is no error; it must be above 0, or empty")
    for name in POSITIVE:
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


def _of_new(number: int, values: dict[str, str], is_draft: bool) -> Iterator[Problem]:
    """What only a new candidate must have."""
    for name in NEEDED:
        if not values[name]:
            yield Problem(number, name, "it is empty; a new candidate needs period, epoch, depth and duration")
    if not values["notes"]:
        yield Problem(number, "notes", "it is empty; a new candidate needs a note")
    if not values["paper"] and not is_draft:
        yield Problem(number, "paper", "it is empty; a new candidate needs the address of its refereed paper")
