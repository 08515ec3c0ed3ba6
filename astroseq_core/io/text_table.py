"""Tables of text: what separates the values, whether there is a header, and what the comments say."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from astroseq_core.errors import CorruptFileError, EmptyLightCurveError, MissingColumnError
from astroseq_core.io import conventions, quantities

#: Cells without a value.
MISSING_VALUES = {"", "nan", "null", "none", "n/a", "na", "--", "masked"}
#: Keywords that a comment line may give, as `# KEYWORD: value`, `# KEYWORD = value` or in astropy's ECSV form.
COMMENT_KEYWORDS = (
    *("TARGET_ID", "MISSION", "TELESCOP", "AUTHOR", "FLATTENED", "VERSION"),
    *conventions.TIME_SYSTEM_KEYWORDS,
    *conventions.FLUX_UNIT_KEYWORDS,
    *conventions.NUMBER_KEYWORDS,
    *conventions.NAME_KEYWORDS,
    *(f"{keyword}{part}" for keyword in conventions.REFERENCE_KEYWORDS for part in ("", "I", "F")),
)
_COMMENT = re.compile(rf"^#[\s\-]*\{{?\s*['\"]?({'|'.join(COMMENT_KEYWORDS)})['\"]?\s*[:=,]\s*(.*?)\s*\}}?\s*$", re.IGNORECASE)
#: ECSV gives the unit of a column, and the format and scale of a time.
_ECSV_UNIT = re.compile(r"^# - \{name: '?([^,']+)'?, unit: '?([^,'}]+)'?[,}]")
_ECSV_TIME = re.compile(r"^#\s{3,}(format|scale): '?(\w+)'?\s*$")
_UNIT = re.compile(r"^(.*?)\s*[\[(]\s*(.*?)\s*[\])]$")
_DECIMAL_COMMA = re.compile(r"^[-+]?\d+,\d+(?:[eE][-+]?\d+)?$")
#: Without a header, columns are told by their place.
PLACES = ("time", "flux", "flux_err")


@dataclass(frozen=True)
class TextTable:
    """A table of text.

    Attributes
    ----------
    heads : tuple of str
        The header's cells as written.
    names : tuple of str
        Names of the columns, in lower case and without their units.
    units : tuple of str
        Units of the columns; "" where there is none.
    rows : tuple of (int, str)
        Line number and text of each row.
    delimiter : str
        What separates the values; "" for white space.
    has_decimal_commas : bool
        Whether numbers are written with a comma.
    meta : dict of str to str
        What the comments say, by keyword in upper case.
    comments : str
        All comments.
    """

    heads: tuple[str, ...]
    names: tuple[str, ...]
    units: tuple[str, ...]
    rows: tuple[tuple[int, str], ...]
    delimiter: str
    has_decimal_commas: bool
    meta: dict[str, str] = field(default_factory=dict)
    comments: str = ""

    def cells(self, wanted: Sequence[int], name: str) -> list[list[str]]:
        """Return the cells of some columns.

        Parameters
        ----------
        wanted : sequence of int
            Numbers of the columns, from 0.
        name : str
            Name of the file, for error messages.

        Returns
        -------
        list of list of str
            The cells of each column.

        Raises
        ------
        CorruptFileError
            If a row has another number of cells than the header.
        """
        found: list[list[str]] = [[] for _ in wanted]
        try:
            for line, row in zip((n for n, _ in self.rows), _split((text for _, text in self.rows), self.delimiter), strict=True):
                if len(row) != len(self.names):
                    raise CorruptFileError(
                        f"{name}, line {line}: {len(row)} values under a header of {len(self.names)} columns; it may be cut off."
                    )
                for cells, index in zip(found, wanted, strict=True):
                    cells.append(row[index])
        except (csv.Error, ValueError) as error:
            raise CorruptFileError(f"{name} cannot be read as a CSV table ({error}).") from error
        return found


def parse_text_table(lines: Sequence[str], name: str) -> TextTable:
    """Parse the lines of a table.

    Parameters
    ----------
    lines : sequence of str
        The lines of the file.
    name : str
        Name of the file, for error messages.

    Returns
    -------
    TextTable
        The table; its rows are not split yet.

    Raises
    ------
    EmptyLightCurveError
        If there are no lines but empty ones and comments.
    MissingColumnError
        If there is no header and the columns cannot be told by their place.
    """
    comments = [line for line in lines if line.lstrip().startswith("#")]
    rows = [(number, line) for number, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith("#")]
    if not rows:
        raise EmptyLightCurveError(f"{name} holds no table, only empty lines or comments; write a header time,flux and rows.")
    delimiter = _find_delimiter(rows[min(1, len(rows) - 1)][1])
    first = _split_one(rows[0][1], delimiter)
    sample = _split_one(rows[min(1, len(rows) - 1)][1], delimiter)
    commas = delimiter != "," and any(_DECIMAL_COMMA.match(cell.strip()) for cell in sample)
    meta, units = _comment_fields(comments)
    if not _is_numeric(first, commas):
        heads, rows = first, rows[1:]
    else:
        heads = _header_in_comments(comments, len(first)) or _by_place(len(first), name)
    names, written = zip(*(_name_and_unit(head) for head in heads), strict=True)
    known = tuple(unit or units.get(column, "") for column, unit in zip(names, written, strict=True))
    return TextTable(tuple(heads), names, known, tuple(rows), delimiter, commas, meta, "\n".join(comments))


def number_of(text: str, has_decimal_commas: bool = False) -> float | None:
    """Return the number in a cell.

    Parameters
    ----------
    text : str
        The cell.
    has_decimal_commas : bool, optional
        Whether numbers are written with a comma.

    Returns
    -------
    float or None
        The number, NaN for an empty cell; None if it is no number.
    """
    clean = text.strip()
    if clean.lower() in MISSING_VALUES:
        return float("nan")
    try:
        return float(clean.replace(",", ".") if has_decimal_commas else clean)
    except ValueError:
        return None


def _find_delimiter(line: str) -> str:
    """Return what separates the values of a line: the first of semicolon, tab, comma; else white space."""
    for delimiter in (";", "\t"):
        if delimiter in line.strip():
            return delimiter
    words = line.split()
    if len(words) > 1 and all(_DECIMAL_COMMA.match(word) for word in words):
        return ""
    return "," if "," in line else ""


def _split(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    if not delimiter:
        return csv.reader((" ".join(line.split()) for line in lines), delimiter=" ", strict=True)
    return csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)


def _split_one(line: str, delimiter: str) -> list[str]:
    try:
        return next(iter(_split([line], delimiter)), [])
    except csv.Error:
        return line.split(delimiter or None)


def _is_numeric(cells: Sequence[str], commas: bool) -> bool:
    numbers = [number_of(cell, commas) for cell in cells]
    return all(number is not None for number in numbers) and any(cell.strip().lower() not in MISSING_VALUES for cell in cells)


def _header_in_comments(comments: Sequence[str], width: int) -> list[str]:
    """Return the header that stands in a comment, as numpy.savetxt writes it; empty if there is none."""
    for comment in reversed(comments):
        text = comment.lstrip("# \t")
        for delimiter in (_find_delimiter(text), ","):
            cells = _split_one(text, delimiter)
            if len(cells) == width and any(_name_and_unit(cell)[0] in conventions.TIME_COLUMNS for cell in cells):
                return cells
    return []


def _by_place(width: int, name: str) -> list[str]:
    if not 2 <= width <= len(PLACES):
        raise MissingColumnError(
            f"{name} has {width} columns and no header, so they cannot be told apart; write time,flux,flux_err above them."
        )
    return list(PLACES[:width])


def _name_and_unit(head: str) -> tuple[str, str]:
    """Return the name of a column in lower case, and its unit."""
    clean = head.strip().strip("\"'").strip()
    found = _UNIT.match(clean)
    base, unit = (found[1], found[2]) if found and found[1] else (clean, "")
    name = re.sub(r"[\s\-]+", "_", base.strip().lower()).strip("_")
    return name, unit


def _comment_fields(comments: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return what the comments say by keyword, and the units of columns."""
    meta: dict[str, str] = {}
    units: dict[str, str] = {}
    times: dict[str, str] = {}
    for comment in comments:
        line = comment.strip()
        if found := _COMMENT.match(line):
            meta[found[1].upper()] = found[2].strip("\"'")
        elif found := _ECSV_UNIT.match(line):
            units[found[1].strip().lower()] = found[2].strip()
        elif found := _ECSV_TIME.match(line):
            times[found[1]] = found[2]
    if quantities.parse_time_reference(times.get("format", "")) is not None:
        meta.setdefault("TIME_SYSTEM", f"{times['format']} {times.get('scale', '')}".strip())
    return meta, units
