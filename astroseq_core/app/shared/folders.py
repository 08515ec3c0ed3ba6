"""Folders of light curves on the pages: listed once, and again only when something in them has changed."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from astroseq_core.app.shared import opened
from astroseq_core.app.shared.lru_cache import LRUCache
from astroseq_core.app.shared.watched import Watched
from astroseq_core.io import local_files
from astroseq_core.io.local_files import FilesByTarget, FolderContent
from astroseq_core.io.read import FileProblem

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
