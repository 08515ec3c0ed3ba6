"""Folders and files of which a page remembers what it read: whether they have changed is told by their times alone."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

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
