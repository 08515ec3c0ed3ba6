"""Folders and files on the pages: read once, and again only when their times say that something has changed."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from astroseq_core.app.shared import opened
from astroseq_core.app.shared.memory import LRUCache
from astroseq_core.io import local_files
from astroseq_core.io.local_files import FilesByTarget, FolderContent
from astroseq_core.io.read import FileProblem

#: What changed less than this before it was read may change once more within the same tick of its
#: file system's clock [s]; it is read again until it has settled.
SETTLED_SECONDS = 2.0


@dataclass(frozen=True)
class Watched:
    """Times and sizes of folders and files.

    Attributes
    ----------
    stamps : tuple of (Path, int, int)
        Path, time of the last change [ns] and size [bytes] of each; -1 for what does not exist.
    taken : float
        When they were taken, Unix time [s].

    Examples
    --------
    >>> Watched.take([Path("/nowhere")]).is_unchanged
    True
    """

    stamps: tuple[tuple[Path, int, int], ...]
    taken: float

    @classmethod
    def take(cls, paths: Iterable[Path]) -> "Watched":
        """Take the times and sizes of some paths.

        Parameters
        ----------
        paths : iterable of Path
            Folders, whose times change with their entries, and files.

        Returns
        -------
        Watched
            The times. They must be taken before the paths are read, so that no change is missed.
        """
        now = time.time()
        return cls(tuple(_stamp(path) for path in paths), now)

    def joined(self, other: "Watched") -> "Watched":
        """Return the times of both.

        Parameters
        ----------
        other : Watched
            Other times.

        Returns
        -------
        Watched
            All stamps, as of the earlier of the two.
        """
        return Watched((*self.stamps, *other.stamps), min(self.taken, other.taken))

    @property
    def is_unchanged(self) -> bool:
        """Whether all is as it was. No folder is listed and no file opened for this."""
        newest = max((changed for _, changed, _ in self.stamps), default=-1)
        if newest > (self.taken - SETTLED_SECONDS) * 1e9:
            return False
        return all(_stamp(path) == (path, changed, size) for path, changed, size in self.stamps)


def _stamp(path: Path) -> tuple[Path, int, int]:
    try:
        found = path.stat()
    except OSError:
        return path, -1, -1
    return path, found.st_mtime_ns, found.st_size


#: Folders that are remembered, for all sessions.
MAX_FOLDERS = 8
_LISTINGS = LRUCache(MAX_FOLDERS)


@dataclass(frozen=True)
class FolderListing:
    """The light curves in a folder.

    Attributes
    ----------
    paths : tuple of Path
        All files, sorted.
    watched : Watched
        Times of the folder, its subfolders and the files.
    elsewhere : tuple of Path
        Links that lead out of what the person has opened; they are left out.
    own : FileProblem or None
        What is said of folders inside in which AstroSeq keeps its own files; None if there is none.
    """

    paths: tuple[Path, ...]
    watched: Watched
    elsewhere: tuple[Path, ...] = ()
    own: FileProblem | None = None

    @cached_property
    def files(self) -> FilesByTarget:
        """The files grouped by their star, which is read once; left out is what cannot be used."""
        found = local_files.group_by_target(self.paths)
        led = (
            FileProblem(f"{path.name} is a link to {path.resolve()}, which was never opened here.", path)
            for path in self.elsewhere
        )
        return found._replace(problems=(*found.problems, *led, *filter(None, (self.own,))))


def list_folder(folder: str | Path) -> FolderListing:
    """Return the light curves in a folder and its subfolders.

    Parameters
    ----------
    folder : str or Path
        The folder, or a single file.

    Returns
    -------
    FolderListing
        The listing; the folder is walked and its files' stars are read only if something has changed.

    Raises
    ------
    LightCurveError
        If there is no such file or folder.
    NotOpenedError
        If the person has never opened it.
    """
    where = opened.check(folder)
    known: FolderListing | None = _LISTINGS.get(where)
    if known is not None and known.watched.is_unchanged:
        return known
    folders = Watched.take(local_files.list_folders(where))
    content = local_files.list_folder(where) if where.is_dir() else FolderContent(tuple(local_files.list_light_curves(where)))
    paths = content.light_curves
    elsewhere = tuple(path for path in paths if path.is_symlink() and not opened.is_open(path))
    paths = tuple(path for path in paths if path not in elsewhere) if elsewhere else paths
    own = FileProblem(content.own_sentence, content.own[0]) if content.own else None
    found = FolderListing(paths, folders.joined(Watched.take(paths)), elsewhere, own)
    _LISTINGS.put(where, found)
    return found
