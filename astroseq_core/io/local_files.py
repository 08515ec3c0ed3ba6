"""Folders of light-curve files: find the files, group them by target, read tables of targets."""

import csv
import io
import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from astroseq_core import targets
from astroseq_core.errors import AstroSeqError, CorruptFileError, LightCurveError, MissingColumnError, TargetError
from astroseq_core.io import identifiers, read, tables
from astroseq_core.io.cache_index import INDEX_NAME
from astroseq_core.io.ephemeris_table import RowProblem
from astroseq_core.io.read import FileProblem
from astroseq_core.paths import MAX_TABLE_BYTES, read_head, walk_folder

log = logging.getLogger(__name__)

#: Bytes of a CSV file that are read to find its header.
HEADER_PEEK_BYTES = 65536
#: Names in a folder that tell that AstroSeq made it: all of a group. A person's light curves are in none of these.
_CACHE_MARKS = (frozenset({INDEX_NAME, "curves"}), frozenset({INDEX_NAME, "arrays"}))
_JOB_MARKS = (frozenset({"request.json", "lock"}), frozenset({"request.json", "started.json"}))
_STORE_NAME = "astroseq.sqlite"
#: Endings of the names of tables of targets, and how many of their faults one message names.
_LIST_ENDINGS, MAX_PROBLEMS = (".csv", ".txt"), 10


class FilesByTarget(NamedTuple):
    """Light-curve files grouped by target.

    Attributes
    ----------
    by_target : dict of str to list of Path
        Files by target identifier, both in order.
    problems : tuple of FileProblem
        One sentence for each file whose target is unknown.
    """

    by_target: dict[str, list[Path]]
    problems: tuple[FileProblem, ...] = ()


class FolderContent(NamedTuple):
    """Light-curve files of a folder, and the tables beside them.

    Attributes
    ----------
    light_curves : tuple of Path
        The light curves, sorted.
    others : tuple of Path
        Tables of text that are no light curves by their columns, such as ephemerides, sorted.
    own : tuple of Path
        Folders of AstroSeq itself, into which it does not look: its cache, its store, its runs and surveys.
    """

    light_curves: tuple[Path, ...]
    others: tuple[Path, ...] = ()
    own: tuple[Path, ...] = ()

    @property
    def own_sentence(self) -> str:
        """One sentence that says which folders of AstroSeq itself are left out; "" if there is none."""
        if not self.own:
            return ""
        more = f" and {len(self.own) - 1} more like it are" if len(self.own) > 1 else " is"
        return f"{self.own[0]}{more} left out: AstroSeq keeps its own files there; name stars to use its cache."


def list_folder(folder: Path) -> FolderContent:
    """List the light-curve files in a folder and its subfolders, and the tables that are none.

    Hidden files are skipped, and so are files whose names end like no light curve's, and folders in which AstroSeq keeps its
    own files.

    Parameters
    ----------
    folder : Path
        The folder.

    Returns
    -------
    FolderContent
        The files.

    Raises
    ------
    LightCurveError
        If there is far more in the folder than light curves (`paths.walk_folder`).
    """
    found: list[Path] = []
    own: list[Path] = []
    for here, files in _walk(Path(folder), own):
        found += [here / f for f in files if not f.startswith(".") and identifiers.file_ending(Path(f))]
    others = {p for p in found if identifiers.FORMATS[identifiers.file_ending(p)] == "csv" and not _is_light_curve(p)}
    return FolderContent(tuple(sorted(p for p in found if p not in others)), tuple(sorted(others)), tuple(sorted(own)))


def _walk(folder: Path, own: list[Path]) -> Iterator[tuple[Path, list[str]]]:
    """Walk through a folder but for AstroSeq's own ones, whose paths are added to `own`.

    A folder of uploads lies beside the store, so the store's folder is left out only where it is inside the one that is named.
    """

    def is_own(here: Path, folders: list[str], files: list[str]) -> bool:
        names = {*folders, *files}
        marked = any(marks <= names for marks in (*_CACHE_MARKS, *_JOB_MARKS)) or (_STORE_NAME in names and here != folder)
        own.extend([here] if marked else [])
        return marked

    cache = next((p for p in folder.absolute().parents if any(all((p / n).exists() for n in m) for m in _CACHE_MARKS)), None)
    if cache is not None:
        own.append(folder)
        return
    yield from walk_folder(folder, is_own)


def list_light_curves(folder_or_file: Path) -> list[Path]:
    """List the light-curve files in a folder and its subfolders.

    Hidden files are skipped, and so are CSV files with neither a `time` nor a `flux` column.

    Parameters
    ----------
    folder_or_file : Path
        A folder, or a single file.

    Returns
    -------
    list of Path
        The files, sorted; for a file, only that file.

    Raises
    ------
    LightCurveError
        If there is no such file or folder, a single file has no known format, or there is far more in the folder than light
        curves (`paths.walk_folder`).
    """
    where = Path(folder_or_file)
    if where.is_file():
        if not identifiers.file_ending(where):
            raise LightCurveError(f"{where.name} is no light curve by its name; it must end in {', '.join(identifiers.FORMATS)}.")
        return [where]
    if not where.is_dir():
        raise LightCurveError(f"There is no file or folder {where}; check its name.")
    found = list_folder(where)
    if found.own:
        log.warning("%s", found.own_sentence)
    return list(found.light_curves)


def list_folders(folder: Path) -> list[Path]:
    """List the folders in which `list_light_curves` looks.

    Parameters
    ----------
    folder : Path
        A folder.

    Returns
    -------
    list of Path
        The folder and its subfolders without hidden ones; empty if there is no such folder.
    """
    return [here for here, _ in _walk(Path(folder), [])]


def _is_light_curve(path: Path) -> bool:
    """Return whether a CSV is meant as a light curve.

    True if unclear, so that reading the file reports what is wrong. A pipe is not opened.
    """
    if not path.is_file():
        return True
    try:
        header = tables.csv_header(read_head(path, HEADER_PEEK_BYTES))
    except LightCurveError:
        return True
    return not header or identifiers.target_from_name(path) is not None or "time" in header or "flux" in header


def group_by_target(paths: Iterable[Path]) -> FilesByTarget:
    """Group files by their target, using their names and, where these do not say, their content.

    Parameters
    ----------
    paths : iterable of Path
        The files.

    Returns
    -------
    FilesByTarget
        The files by target, and the problems.
    """
    by_target: dict[str, list[Path]] = {}
    problems: list[FileProblem] = []
    for path in paths:
        try:
            by_target.setdefault(read.read_target(path).id, []).append(path)
        except AstroSeqError as error:
            problems.append(FileProblem(str(error), path))
            log.warning("%s", problems[-1])
    return FilesByTarget(by_target, tuple(problems))


class TargetRow(NamedTuple):
    """A valid row of a table of targets.

    Attributes
    ----------
    line : int
        Line number in the table.
    target_id : str
        Identifier of the star, or number of a TOI or KOI.
    path : Path or None
        File of its light curve; None if the cell is empty.
    """

    line: int
    target_id: str
    path: Path | None


def read_targets_file(path: Path) -> list[tuple[str, Path | None]]:
    """Read the targets from a CSV file.

    Relative paths are relative to the folder of the CSV file. TOI and KOI numbers are kept for a
    catalog to resolve.

    Parameters
    ----------
    path : Path
        The CSV file, with the columns `target_id` and, optionally, `path`.

    Returns
    -------
    list of (str, Path or None)
        Identifier and light-curve file of each row, in order.

    Raises
    ------
    LightCurveError
        If the table cannot be read.
    TargetError
        If a row does not name a target.
    """
    path = Path(path)
    rows, problems = parse_targets(read.read_bytes(path, MAX_TABLE_BYTES), path.name, path.parent)
    if problems:
        raise TargetError(join_problems([str(problem) for problem in problems]))
    return [(row.target_id, row.path) for row in rows]


def join_problems(problems: Sequence[str]) -> str:
    """Return sentences about several names as one text, a line each.

    Parameters
    ----------
    problems : sequence of str
        The sentences.

    Returns
    -------
    str
        The first `MAX_PROBLEMS`, and how many more there are.
    """
    more = len(problems) - MAX_PROBLEMS
    return "\n".join([*problems[:MAX_PROBLEMS], *([f"So it is with {more:,} more."] if more > 0 else [])])


def is_target_list(path: Path) -> bool:
    """Return whether a file is a table of targets, not a light curve: its header has target_id and no time.

    Parameters
    ----------
    path : Path
        The file; it may not exist.

    Returns
    -------
    bool
        Whether it is; False for what cannot be read.
    """
    if not path.is_file() or path.suffix.lower() not in _LIST_ENDINGS:
        return False
    try:
        lines = read_head(path, HEADER_PEEK_BYTES).decode("utf-8-sig", "replace").splitlines()
    except LightCurveError:
        return False
    # a column of names such as "SIM 1" alone would be read as one with spaces between its columns
    header = {cell.strip().strip('"').lower() for cell in next(filter(str.strip, lines), "").split(",")}
    return "target_id" in header and not {"time", "flux"} & header


def parse_targets(data: bytes, name: str, folder: Path) -> tuple[list[TargetRow], list[RowProblem]]:
    """Parse the bytes of a CSV file of targets.

    Parameters
    ----------
    data : bytes
        Content of the file.
    name : str
        Name of the file, for error messages.
    folder : Path
        Relative paths are relative to this folder.

    Returns
    -------
    tuple of (list of TargetRow, list of RowProblem)
        The valid rows, and the rows that do not name a target.

    Raises
    ------
    LightCurveError
        If the table cannot be read.
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
