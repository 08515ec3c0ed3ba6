"""One process at a time for one thing: locks that end with the process that holds them, however it ends."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from astroseq_core.archive import retry
from astroseq_core.lightcurves import storage

_POLL_SECONDS = 0.05


@contextlib.contextmanager
def held(folder: Path, name: str, stop: threading.Event | None = None) -> Iterator[None]:
    """Hold the lock of that name among all processes that use ``folder``; where another holds it, wait.

    The system lets go of it when a process ends, so that none is ever stale. Where the system has no such locks (Windows),
    nothing is held: two processes may then fetch one file twice, which the cache allows. Raises StoppedError, and CacheError
    where the lock's file cannot be written.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    path = folder / f".{storage.safe_name(name)[:40]}-{storage.sha256(name.encode())[:12]}.lock"
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = path.open("a")
        except OSError as error:
            raise storage.cannot_write(folder, error) from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                retry.check(stop)
                (stop or threading.Event()).wait(_POLL_SECONDS)
                continue
            if not _is_at(path, file.fileno()):
                continue  # its holder has just deleted it: another may hold a new one of the name
            try:
                yield
            finally:
                storage.remove(path)
            return


def sweep(folder: Path) -> int:
    """Delete the files of locks that nobody holds any more, left by ended processes; how many there were."""
    try:
        import fcntl
    except ImportError:
        return 0
    count = 0
    for path in folder.glob(".*.lock"):
        with contextlib.suppress(OSError), path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            storage.remove(path)
            count += 1
    return count


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether an open file is still the one at that path."""
    import os

    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
