"""The door for paths that a person, a link or a table names: what is no path, no regular file, or too large is refused."""

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from astroseq_core.errors import AstroSeqError, LightCurveError

#: Largest files that are read whole [bytes]: of pixels a whole sector every 20 s has some 700 MB, a table has far less.
MAX_BYTES, MAX_TABLE_BYTES = 2 * 1024**3, 128 * 1024**2
#: Longest path, and longest name of a file or folder in it [bytes]; those of Linux.
MAX_PATH_BYTES, MAX_NAME_BYTES = 4096, 255
#: Limits of a folder that is looked through: folders and files below it, levels, and time [s].
MAX_FOLDERS, MAX_FILES, MAX_DEPTH, MAX_SECONDS = 200_000, 1_000_000, 24, 30.0
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def parse_path(text: str | Path, kind: type[AstroSeqError] = LightCurveError) -> Path:
    r"""Parse the text of a path; `~` and `~name` are home folders.

    Parameters
    ----------
    text : str or Path
        The text.
    kind : type, optional
        Exception to raise.

    Returns
    -------
    Path
        The path. Whether something is there is not looked up.

    Raises
    ------
    AstroSeqError
        If no file could have this path; of the type `kind`.

    Examples
    --------
    >>> parse_path(" stars/known.csv ").as_posix()
    'stars/known.csv'
    >>> parse_path("stars\0.csv")
    Traceback (most recent call last):
        ...
    astroseq_core.errors.LightCurveError: A path has no control characters, as 'stars\x00.csv' has; check it.
    """
    clean = str(text).strip()
    if not clean.isprintable() and any(ord(c) < 32 or ord(c) == 127 for c in clean):
        raise kind(f"A path has no control characters, as {clean[:60]!r} has; check it.")
    parts = clean.encode("utf-8", "surrogateescape").split(b"/")
    if len(clean) > MAX_PATH_BYTES or max(map(len, parts)) > MAX_NAME_BYTES:
        raise kind(f"'{clean[:40]} …' is too long for a path: it has {len(clean):,} characters; check it.")
    try:
        return Path(clean).expanduser()
    except RuntimeError:
        raise kind(f"There is no user of the name in {clean.partition('/')[0]}; write the whole path.") from None


def read_file(path: Path, limit: int = MAX_BYTES, kind: type[AstroSeqError] = LightCurveError) -> bytes:
    """Read the bytes of a regular file.

    Parameters
    ----------
    path : Path
        The file. Devices, pipes and sockets are refused without waiting for them.
    limit : int, optional
        Largest size [bytes].
    kind : type, optional
        Exception to raise.

    Returns
    -------
    bytes
        Its content.

    Raises
    ------
    AstroSeqError
        If there is no such file, it is no regular file, is larger, or cannot be read; of the type `kind`.
    """
    return _read(path, limit, kind, whole=True)


def read_head(path: Path, count: int, kind: type[AstroSeqError] = LightCurveError) -> bytes:
    """Read the first bytes of a regular file.

    Parameters
    ----------
    path : Path
        The file.
    count : int
        Number of bytes.
    kind : type, optional
        Exception to raise.

    Returns
    -------
    bytes
        At most so many.

    Raises
    ------
    AstroSeqError
        As `read_file` does, but for large files.
    """
    return _read(path, count, kind, whole=False)


def _read(path: Path, limit: int, kind: type[AstroSeqError], whole: bool) -> bytes:
    try:
        opened = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(opened, "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise kind(_wrong_kind(path, found.st_mode))
            if whole and found.st_size > limit:
                size = f"{found.st_size / 1e6:,.0f} MB, more than the {limit / 1e6:,.0f} MB that are read"
                raise kind(f"{path.name} has {size}; check which file it is.")
            data = file.read(limit + 1 if whole else limit)
    except FileNotFoundError:
        raise kind(f"There is no file {path}; check its name and folder.") from None
    except IsADirectoryError:
        raise kind(_wrong_kind(path, stat.S_IFDIR)) from None
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.ENXIO:  # so Linux answers for a socket
            raise kind(_wrong_kind(path, stat.S_IFSOCK)) from None
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise kind(f"{path} cannot be read ({reason}); check its name and permissions.") from error
    if whole and len(data) > limit:
        raise kind(f"{path.name} grew beyond the {limit / 1e6:,.0f} MB that are read; try again when it is complete.")
    return data


def _wrong_kind(path: Path, mode: int) -> str:
    words = next((words for is_kind, words in _KINDS if is_kind(mode)), "something else")
    other = "one of the files in it" if stat.S_ISDIR(mode) else "a file"
    return f"{path} cannot be read: it is {words}; name {other}."


def walk_folder(
    folder: Path, leave_out: Callable[[Path, list[str], list[str]], bool] | None = None
) -> Iterator[tuple[Path, list[str]]]:
    """Walk through a folder and its subfolders, without hidden ones, within limits.

    Parameters
    ----------
    folder : Path
        The folder. Links to other folders are not followed.
    leave_out : callable, optional
        Returns whether a folder is left out with all that is in it, from its path and the names of the folders and files in it.

    Yields
    ------
    folder : Path
        A folder.
    names : list of str
        Names of the files in it.

    Raises
    ------
    LightCurveError
        If there are more folders or files below it, or more levels, or it takes more time, than `MAX_FOLDERS`, `MAX_FILES`,
        `MAX_DEPTH` and `MAX_SECONDS` allow.
    """
    end, folders_seen, files_seen, depth = time.monotonic() + MAX_SECONDS, 0, 0, len(folder.parts)
    for here, folders, files in os.walk(folder):
        if leave_out is not None and leave_out(Path(here), folders, files):
            folders.clear()
            continue
        folders[:] = [f for f in folders if not f.startswith(".")]
        folders_seen, files_seen = folders_seen + 1, files_seen + len(files)
        for found, most, words in (
            (folders_seen, MAX_FOLDERS, "folders"),
            (files_seen, MAX_FILES, "files"),
            (len(Path(here).parts) - depth, MAX_DEPTH, "levels of folders"),
        ):
            if found > most:
                raise LightCurveError(f"There are more than {most:,} {words} in {folder}; name a folder of light curves in it.")
        if time.monotonic() > end:
            raise LightCurveError(f"To look through {folder} takes over {MAX_SECONDS:g} s; name a folder of light curves in it.")
        yield Path(here), files
