"""Beginning long jobs: each in a process of its own that outlives whoever asked for it."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from astroseq_core.background import folder as folders
from astroseq_core.errors import SettingsError, StoreError

ROOT = Path(__file__).resolve().parents[2]
#: Processes that this one started: they are asked for their exit status when they end.
children: list[subprocess.Popen[bytes]] = []


def launch(folder: Path, module: str) -> None:
    """Begin the job's process, ``python -m module FOLDER LOCK``, where none is at work on it.

    It inherits the lock, so that there is no moment at which it seems to have died.
    """
    fcntl = _locks()
    for child in [c for c in children if c.poll() is not None]:
        children.remove(child)
    with (folder / folders.LOCK).open("a") as lock, (folder / folders.LOG).open("ab") as log:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        folders.write_json(folder / folders.STARTED, {"at": time.time()})
        command = [sys.executable, "-m", module, str(folder), str(lock.fileno())]
        children.append(
            subprocess.Popen(  # noqa: S603 (our own module, on a folder that the store names)
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                pass_fds=(lock.fileno(),),
            )
        )  # fmt: skip


def _locks() -> Any:
    try:
        import fcntl
    except ImportError:
        raise SettingsError("Long jobs need file locks, which this system does not have; use Linux or macOS.") from None
    return fcntl


@contextlib.contextmanager
def one_at_a_time(place: Path) -> Iterator[bool]:
    """Whether this is the only process, and thread, that chooses what of that place begins next."""
    fcntl = _locks()
    try:
        place.mkdir(parents=True, exist_ok=True)
        file = (place / ".queue.lock").open("a")
    except OSError as error:
        raise StoreError(f"Nothing can be kept in {place} ({error.strerror}); check the disk.") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def put_back(folder: Path) -> None:
    """Make a job that was broken off one that waits for its turn again."""
    for name in (folders.CANCEL, folders.PROBLEM, folders.STARTED, folders.NOW, folders.RESULT):
        (folder / name).unlink(missing_ok=True)
