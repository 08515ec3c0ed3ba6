"""Finding the light curves of a folder, and whose they are."""

import csv
import io
import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from astroseq_core import targets
from astroseq_core.ephemeris import RowProblem
from astroseq_core.errors import AstroSeqError, CorruptFileError, LightCurveError, MissingColumnError, TargetError
from astroseq_core.lightcurves import naming, reading, tables

log = logging.getLogger(__name__)

#: Bytes of a CSV that are read to see its header.
PEEK_BYTES = 65536


class Grouped(NamedTuple):
    """Files by target, both in order, and one sentence for each file whose target is unknown."""

    by_target: dict[str, list[Path]]
    problems: tuple[str, ...] = ()


def list_light_curves(folder_or_file: Path) -> list[Path]:
    """The light-curve files in a folder and those below it, sorted; of a file, that file.

    A CSV with neither a ``time`` nor a ``flux`` column is another table and left out, and so is what is hidden. Raises
    LightCurveError when there is nothing of that name, or when a single file is of no format known here.
    """
    where = Path(folder_or_file)
    if where.is_file():
        if not naming.ending(where):
            raise LightCurveError(f"{where.name} is no light curve by its name; it must end in {', '.join(naming.FORMATS)}.")
        return [where]
    if not where.is_dir():
        raise LightCurveError(f"There is no file or folder {where}; check its name.")
    found: list[Path] = []
    for here, folders, files in os.walk(where):
        folders[:] = [f for f in folders if not f.startswith(".")]
        found += [Path(here) / f for f in files if not f.startswith(".") and naming.ending(Path(f))]
    return sorted(path for path in found if naming.ending(path) != ".csv" or _is_light_curve(path))


def _is_light_curve(path: Path) -> bool:
    """Whether a CSV is meant as a light curve; one that cannot be told is, so that reading it says what is wrong."""
    try:
        with path.open("rb") as file:
            header = tables.header_of(file.read(PEEK_BYTES))
    except OSError:
        return True
    return not header or naming.target_from_name(path) is not None or "time" in header or "flux" in header


def group_by_target(paths: Iterable[Path]) -> Grouped:
    """The files of each target, told from their names and, only where these do not say, from their content."""
    by_target: dict[str, list[Path]] = {}
    problems: list[str] = []
    for path in paths:
        try:
            by_target.setdefault(reading.target_of(path).id, []).append(path)
        except AstroSeqError as error:
            problems.append(str(error))
            log.warning("%s", error)
    return Grouped(by_target, tuple(problems))


class TargetRow(NamedTuple):
    """A usable row of a table of targets: its ``line``, the ``target_id`` and the ``path`` of a light curve, None where empty."""

    line: int
    target_id: str
    path: Path | None


def read_targets_file(path: Path) -> list[tuple[str, Path | None]]:
    """The ``target_id`` and the ``path`` (None where empty) of each row of a CSV, in its order.

    A relative path is meant from the CSV's own folder. A TOI or KOI number stays one, for a catalogue to resolve. Raises
    LightCurveError or a subclass when the table cannot be read, TargetError when a row holds no target.
    """
    path = Path(path)
    rows, problems = parse_targets(reading.read_bytes(path), path.name, path.parent)
    if problems:
        raise TargetError(str(problems[0]))
    return [(row.target_id, row.path) for row in rows]


def parse_targets(data: bytes, name: str, folder: Path) -> tuple[list[TargetRow], list[RowProblem]]:
    """The rows of such a CSV by its bytes, and each row that holds no target; relative paths are from ``folder``.

    Raises LightCurveError or a subclass, with the table's ``name``, when it cannot be read.
    """
    try:
        text = data.decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
        header = [(c or "").strip().lower() for c in reader.fieldnames or []]
        reader.fieldnames = header
        if "target_id" not in header:
            raise MissingColumnError(f"{name} has no column target_id; its header must be target_id or target_id,path.")
        lines = [(reader.line_num, row) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise CorruptFileError(f"{name} cannot be read as a CSV table of targets ({error}).") from error
    rows: list[TargetRow] = []
    problems: list[RowProblem] = []
    for line, row in lines:
        if not any(isinstance(v, str) and v.strip() for v in row.values()):
            continue
        written = row["target_id"] or ""
        try:
            place = (row.get("path") or "").strip()
            rows.append(TargetRow(line, str(targets.parse(written)), folder / place if place else None))
        except TargetError as error:
            problems.append(RowProblem(" ".join(written.split()), f"{name}, line {line}", str(error)))
    return rows, problems
