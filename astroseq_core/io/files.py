"""Atomic writes: after a write, a file is either complete or absent.

Every file that is written as a whole goes through `AtomicFile`: one temporary name, one flush to the
disk before the rename, one clean-up, and one sentence for a full or read-only disk.
"""

import contextlib
import csv
import errno
import glob
import hashlib
import math
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from astroseq_core.errors import AstroSeqError, CacheError, ExportError

#: Spreadsheets run a text cell that begins with one of these as a formula (OWASP, "CSV injection").
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_cell(value: object) -> str:
    """Return a value as a CSV cell.

    Parameters
    ----------
    value : object
        Any value.

    Returns
    -------
    str
        Empty for None and NaN; text that a spreadsheet would run as a formula gets an apostrophe in
        front.

    Examples
    --------
    >>> csv_cell("=1+1"), csv_cell(None), csv_cell(0.5)
    ("'=1+1", '', '0.5')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA_STARTS) else value
    return str(value)


class TableWriter:
    """Context manager that writes a CSV row by row, whole or not at all.

    Rows go to a temporary file, which takes its final name at the end of the block. If the block
    raises, the temporary file is deleted and an older file of that name stays as it was.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file.
    columns : sequence of str
        Names of the columns.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path, self.columns = path, tuple(columns)
        self._new = AtomicFile(path, ExportError)

    def __enter__(self) -> "TableWriter":
        """Open the temporary file and write the header; raise ExportError if that fails."""
        self._new.__enter__()
        try:
            with self._new.catch_errors():
                self._file = self._new.path.open("w", newline="", encoding="utf-8")
                self._csv = csv.writer(self._file, lineterminator="\n")
                self._csv.writerow(self.columns)
        except ExportError:
            if hasattr(self, "_file"):
                with contextlib.suppress(OSError):
                    self._file.close()
            self._new.discard()
            raise
        return self

    def write(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Append rows.

        Parameters
        ----------
        rows : iterable of mapping
            Values by column name; a missing value becomes an empty cell.

        Raises
        ------
        ExportError
            If the disk is full or not writable.
        """
        for row in rows:
            cells = [csv_cell(row.get(column)) for column in self.columns]
            try:
                self._csv.writerow(cells)
            except OSError as error:
                raise write_error(self.path, error, ExportError) from error

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        """Give the file its final name, or delete it after an error."""
        try:
            if kind is None:
                with self._new.catch_errors():
                    self._file.close()
                self._new.replace()
        finally:
            with contextlib.suppress(OSError):
                self._file.close()
            self._new.discard()


#: A temporary file older than this [s] was left by a process that was interrupted while writing.
STALE_TEMPORARY_SECONDS = 3600.0
TEMPORARY_SUFFIX = ".tmp"
#: End of a temporary name; some writers insist on a suffix of their own.
_TEMPORARY = re.compile(r"\.\d+\.[0-9a-f]{8}" + re.escape(TEMPORARY_SUFFIX) + r"(\.\w+)?$")


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of bytes.

    Parameters
    ----------
    data : bytes
        The bytes.

    Returns
    -------
    str
        The digest in hexadecimal.
    """
    return hashlib.sha256(data).hexdigest()


def safe_name(text: str, length: int = 60) -> str:
    """Return a text as part of a file name that cannot leave its folder.

    Parameters
    ----------
    text : str
        Any text.
    length : int, optional
        Maximum number of characters.

    Returns
    -------
    str
        Letters, digits and `._+-` only; other characters become "_".

    Examples
    --------
    >>> safe_name("sector 3/../secret")
    'sector_3_.._secret'
    """
    return re.sub(r"[^A-Za-z0-9._+\-]+", "_", text)[:length].strip(".") or "_"


class AtomicFile:
    """Context manager for a file that appears under its name when it is complete, or not at all.

    The content is written, in whatever way, to the temporary file `path` beside the final one. When
    the block ends, it is flushed to the disk and takes the final name; if the block raises, it is
    deleted and an older file of that name stays as it was. The file has the usual permissions.

    Parameters
    ----------
    final : Path
        Path of the file; its folder is made where it is missing.
    kind : type of AstroSeqError, optional
        The error to raise if the disk is full or not writable.
    suffix : str, optional
        End of the temporary name, for writers that insist on one.

    Attributes
    ----------
    path : Path
        The temporary file.

    Examples
    --------
    >>> with AtomicFile(Path("notes.txt")) as new:
    ...     _ = new.path.write_text("all or nothing")
    """

    def __init__(self, final: Path, kind: type[AstroSeqError] = CacheError, suffix: str = "") -> None:
        self.final, self.kind = final, kind
        self.path = temporary_path(final, suffix)
        self._is_synced = self._is_replaced = False

    def __enter__(self) -> "AtomicFile":
        """Make the folder of the file; an export also clears away what killed ones of the same name have left beside it."""
        with self.catch_errors():
            self.final.parent.mkdir(parents=True, exist_ok=True)
            is_other = self.final.exists() and not self.final.is_file()
        if is_other:  # to give a device such a name would replace the device
            what = "a folder" if self.final.is_dir() else "a device or a pipe"
            raise self.kind(f"{self.final} cannot be written: it is {what}; name a file.")
        if self.kind is ExportError:  # the other folders are our own, and cleared where they are checked
            own = f".{glob.escape(_short_name(self.final))}.*{TEMPORARY_SUFFIX}*"
            _remove_stale(self.final.parent.glob(own), STALE_TEMPORARY_SECONDS)
        return self

    def write(self, content: bytes) -> None:
        """Write the whole content and flush it to the disk.

        Parameters
        ----------
        content : bytes
            The content.
        """
        with self.catch_errors():
            self.path.write_bytes(content)
        self.sync()

    def sync(self) -> None:
        """Flush the temporary file to the disk: after a power cut, no final name may stand for less than its content."""
        with self.catch_errors(), self.path.open("r+b") as file:
            os.fsync(file.fileno())
        self._is_synced = True

    def replace(self) -> None:
        """Give the file its final name now, before the block ends."""
        if not self._is_synced:
            self.sync()
        with self.catch_errors():
            os.replace(self.path, self.final)
        self._is_replaced = True

    def discard(self) -> None:
        """Delete the temporary file, if there still is one."""
        remove_file(self.path)

    @contextlib.contextmanager
    def catch_errors(self) -> Iterator[None]:
        """Raise an OSError of the block as one sentence with advice.

        Yields
        ------
        None
            Nothing.

        Raises
        ------
        AstroSeqError
            Of the given kind, if the disk is full or not writable.
        """
        try:
            yield
        except OSError as error:
            raise write_error(self.final.parent if self.kind is CacheError else self.final, error, self.kind) from error

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Give the file its final name, or delete it after an error."""
        try:
            with self.catch_errors():
                if isinstance(error, OSError):
                    raise error
                if error is None and not self._is_replaced:
                    self.replace()
        finally:
            self.discard()


def temporary_path(final: Path, suffix: str = "") -> Path:
    """Return a new name for a temporary file beside its final path.

    Parameters
    ----------
    final : Path
        The final path.
    suffix : str, optional
        End of the name, after that of temporary files.

    Returns
    -------
    Path
        The path; `remove_stale_temporaries` finds it.
    """
    return final.with_name(f".{_short_name(final)}.{os.getpid()}.{secrets.token_hex(4)}{TEMPORARY_SUFFIX}{suffix}")


def _short_name(final: Path) -> str:
    return final.name[:50]


def write_text_atomically(path: Path, text: str, kind: type[AstroSeqError] = ExportError) -> None:
    """Write a text file through a temporary file, whole or not at all.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file; its folder is made where it is missing.
    text : str
        Content, written as UTF-8.
    kind : type of AstroSeqError, optional
        The error to raise.

    Raises
    ------
    AstroSeqError
        Of the given kind, if the file cannot be written.
    """
    write_bytes_atomically(path, text.encode("utf-8"), kind)


def write_bytes_atomically(path: Path, content: bytes, kind: type[AstroSeqError] = ExportError) -> None:
    """Write a binary file through a temporary file, whole or not at all.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file; its folder is made where it is missing.
    content : bytes
        Content.
    kind : type of AstroSeqError, optional
        The error to raise.

    Raises
    ------
    AstroSeqError
        Of the given kind, if the file cannot be written.
    """
    with AtomicFile(path, kind) as new:
        new.write(content)


@contextlib.contextmanager
def temporary_folder(kind: type[AstroSeqError] = ExportError) -> Iterator[Path]:
    """Yield a folder for what a browser is sent or has sent, which is deleted at the end of the block.

    Parameters
    ----------
    kind : type of AstroSeqError, optional
        The error to raise.

    Yields
    ------
    Path
        The folder.

    Raises
    ------
    AstroSeqError
        Of the given kind, if the folder or a file in it cannot be written.
    """
    try:
        with tempfile.TemporaryDirectory() as place:
            yield Path(place)
    except OSError as error:
        raise write_error(Path(error.filename or "The folder for temporary files"), error, kind) from error


@contextlib.contextmanager
def atomic_folder(final: Path) -> Iterator[Path]:
    """Yield an empty folder that takes its final name when the block ends, and is deleted if the block raises.

    Parameters
    ----------
    final : Path
        Path of the folder; an existing one is replaced.

    Yields
    ------
    Path
        The folder to write to. Its name is always the same, so that what a killed process left is
        removed by the next one.
    """
    work = final.with_name(f"{final.name}.partial")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        yield work
        shutil.rmtree(final, ignore_errors=True)
        work.rename(final)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def remove_file(path: Path) -> None:
    """Delete a file if it exists and may be deleted.

    Parameters
    ----------
    path : Path
        The file.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def remove_stale_temporaries(folder: Path, older_than: float = STALE_TEMPORARY_SECONDS) -> int:
    """Delete temporary files left by processes that were interrupted.

    Parameters
    ----------
    folder : Path
        The folder; its subfolders are included.
    older_than : float, optional
        Age [s] from which a file counts as left; 0 where no other process can be writing.

    Returns
    -------
    int
        Number of deleted files.
    """
    return _remove_stale(folder.rglob(f".*{TEMPORARY_SUFFIX}*"), older_than)


def _remove_stale(paths: Iterable[Path], older_than: float) -> int:
    count = 0
    for path in paths:
        try:
            stale = _TEMPORARY.search(path.name) and time.time() - path.stat().st_mtime >= older_than
        except FileNotFoundError:
            continue
        if stale:
            remove_file(path)
            count += 1
    return count


def write_error(path: Path, error: OSError, kind: type[AstroSeqError] = CacheError) -> AstroSeqError:
    """Return the error for a file or a folder that cannot be written, with advice.

    Parameters
    ----------
    path : Path
        The file, or the folder of the cache.
    error : OSError
        What the system reported.
    kind : type of AstroSeqError, optional
        The error to make.

    Returns
    -------
    AstroSeqError
        The error to raise.
    """
    cache = kind is CacheError
    elsewhere = "point ASTROSEQ_CACHE elsewhere" if cache else "choose another place"
    advice = {
        errno.ENOSPC: "the disk is full; free some space or " + ("purge the cache" if cache else elsewhere),
        errno.EROFS: "the disk is read-only; " + ("point ASTROSEQ_CACHE to a folder that can be written" if cache else elsewhere),
        errno.EACCES: f"it may not be written; correct its permissions or {elsewhere}",
        errno.EPERM: f"it may not be written; correct its permissions or {elsewhere}",
    }.get(error.errno or 0, f"{error.strerror or error}; check the disk or {elsewhere}")
    return kind(f"The cache cannot be written in {path}: {advice}." if cache else f"{path} cannot be written: {advice}.")
