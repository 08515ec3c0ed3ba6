"""Tables of ephemerides in CSV files: the ephemerides, and the rows that cannot be used."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from astroseq_core import targets
from astroseq_core.ephemeris import Ephemeris, shorten
from astroseq_core.errors import AstroSeqError, EphemerisError, TargetError
from astroseq_core.paths import MAX_TABLE_BYTES, read_file
from astroseq_core.times import Instant, TimeSystem

REQUIRED_COLUMNS = ("target_id", "name", "period_days", "t0", "t0_system", "duration_hours")


@dataclass(frozen=True)
class RowProblem:
    """A row of a table that could not be used.

    Attributes
    ----------
    target_id : str
        Identifier of the star that the row names; "" if it names none.
    where : str
        File and line of the row.
    reason : str
        Why it could not be used.
    """

    target_id: str
    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


@dataclass(frozen=True)
class EphemerisTable:
    """Ephemerides read from a table.

    Attributes
    ----------
    ephemerides : tuple of Ephemeris
        The ephemerides, in the table's order.
    problems : tuple of RowProblem
        The rows that could not be used.
    """

    ephemerides: tuple[Ephemeris, ...]
    problems: tuple[RowProblem, ...] = ()

    def for_target(self, target_id: str) -> tuple[Ephemeris, ...]:
        """Return the ephemerides of one target.

        Parameters
        ----------
        target_id : str
            Identifier of the star.

        Returns
        -------
        tuple of Ephemeris
            Its ephemerides, in the table's order.
        """
        return tuple(e for e in self.ephemerides if e.target_id == target_id)


def read_table(path: Path) -> EphemerisTable:
    """Read a CSV table of ephemerides.

    The table needs the columns of `REQUIRED_COLUMNS`; `depth_ppm`, `t0_err`, `period_err` and
    `disposition` are optional. Lines that start with # are comments. A row that cannot be used is
    reported in `problems` with its line number.

    Parameters
    ----------
    path : Path
        The CSV file.

    Returns
    -------
    EphemerisTable
        The ephemerides and the rows that could not be used.

    Raises
    ------
    EphemerisError
        If the file cannot be read or lacks a required column.
    """
    try:
        if not path.exists():
            raise FileNotFoundError
        text = read_file(path, MAX_TABLE_BYTES, EphemerisError).decode("utf-8-sig")
        # only whole lines are comments: "EPIC 210490365 #1" is a name; an empty line in their place keeps the line numbers
        lines = io.StringIO(text, newline="")
        reader = csv.reader(("\n" if line.startswith("#") else line for line in lines), strict=True)
        rows = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if cells]
    except FileNotFoundError:
        raise EphemerisError(f"There is no ephemerides table {path}.") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EphemerisError(f"{path.name} cannot be read as a CSV table of ephemerides ({error}).") from error
    header = [name.lower() for name in rows[0][1]] if rows else []
    missing = [c for c in REQUIRED_COLUMNS if c not in header]
    if missing:
        raise EphemerisError(f"{path.name} lacks the columns {', '.join(missing)}; it needs {','.join(REQUIRED_COLUMNS)}.")
    if twice := [name for name in dict.fromkeys(header) if name and header.count(name) > 1]:
        raise EphemerisError(f"{path.name} has the column {twice[0]} twice; remove one.")
    good: list[Ephemeris] = []
    problems: list[RowProblem] = []
    for line, cells in rows[1:]:
        if not any(cells):
            continue
        row = {**dict.fromkeys(header, ""), **dict(zip(header, cells, strict=False))}
        try:
            if len(cells) > len(header):
                raise EphemerisError(f"it has {len(cells)} cells, and there are {len(header)} columns.")
            good.append(_from_row(row))
        except AstroSeqError as error:
            problems.append(RowProblem(_star_of(row), f"{path.name}, line {line}", str(error)))
    return EphemerisTable(tuple(good), tuple(problems))


def _star_of(row: dict[str, str]) -> str:
    """Return the target that a row names; "" if it names none."""
    try:
        return targets.parse_star(row["target_id"]).id
    except TargetError:
        return ""


def _number(row: dict[str, str], column: str) -> float | None:
    text = row.get(column, "")
    if text.lower() in {"", "nan", "none", "null"}:
        return None
    try:
        return float(text)
    except ValueError:
        raise EphemerisError(f"{column} is '{shorten(text)}', not a number.") from None


def _from_row(row: dict[str, str]) -> Ephemeris:
    target = targets.parse_star(row["target_id"])
    system = TimeSystem.parse(row["t0_system"])
    t0, duration, period = _number(row, "t0"), _number(row, "duration_hours"), _number(row, "period_days")
    if t0 is None:
        raise EphemerisError(f"{row['name']}: the epoch t0 is missing.")
    if duration is None:
        raise EphemerisError(f"{row['name']}: the duration is missing, so no transit can be predicted.")
    return Ephemeris(
        target_id=target.id,
        name=row["name"] or target.id,
        t0=Instant(t0, system),
        period_days=period,
        duration_hours=duration,
        depth_ppm=_number(row, "depth_ppm"),
        t0_err=_number(row, "t0_err") or 0.0,
        period_err=_number(row, "period_err") or 0.0,
        disposition=row.get("disposition", ""),
    )
