"""Starting the process of a long job, and the lock under which the next one is chosen."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from astroseq_core.errors import SettingsError, StoreError
from astroseq_core.jobs import job as folders

ROOT = Path(__file__).resolve().parents[2]
#: Processes that this one started, kept so that their exit status is collected when they end (no zombies).
child_processes: list[subprocess.Popen[bytes]] = []


def launch_job(folder: Path, module: str) -> None:
    """Start the job's process, `python -m module FOLDER LOCK`, unless one is already running.

    The process inherits the lock, so there is no moment at which the job seems to have died.

    Parameters
    ----------
    folder : Path
        The job's folder.
    module : str
        The module that runs the job.

    Raises
    ------
    SettingsError
        If this system has no file locks.
    """
    import filelock

    if not filelock.has_fcntl:
        raise SettingsError("Long jobs need file locks, which this system does not have; use Linux or macOS.")
    for child in [c for c in child_processes if c.poll() is not None]:
        child_processes.remove(child)
    with (folder / folders.LOCK_NAME).open("a") as lock, (folder / folders.LOG_NAME).open("ab") as log:
        # The lock of a descriptor, not a FileLock: the process inherits the descriptor, and the lock with it.
        if not filelock.lock_descriptor(lock.fileno(), blocking=False):
            return
        folders.write_json(folder / folders.STARTED_NAME, {"at": time.time()})
        command = [sys.executable, "-m", module, str(folder), str(lock.fileno())]
        child_processes.append(
            subprocess.Popen(  # noqa: S603 (our own module, on a folder that the store names)
                command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(lock.fileno(),),
            )
        )


@contextlib.contextmanager
def queue_lock(place: Path) -> Iterator[bool]:
    """Lock a queue, so that only one process and thread chooses the next job.

    Parameters
    ----------
    place : Path
        The folder of the queue; created if it is missing.

    Yields
    ------
    bool
        True if this caller holds the lock, False if another does.

    Raises
    ------
    StoreError
        If the folder or its lock file cannot be created.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(place / ".queue.lock", blocking=False)
    try:
        place.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        yield False
        return
    except OSError as error:
        raise StoreError(f"Nothing can be kept in {place} ({error.strerror}); check the disk.") from error
    try:
        yield True
    finally:
        lock.release()


def reset_job(folder: Path) -> None:
    """Return an interrupted job to the queued state.

    Parameters
    ----------
    folder : Path
        The job's folder.
    """
    for name in (folders.CANCEL_NAME, folders.PROBLEM_NAME, folders.STARTED_NAME, folders.PROGRESS_NAME, folders.RESULT_NAME):
        (folder / name).unlink(missing_ok=True)


#: The argument that makes a job's module only start the next job.
NEXT_OPTION = "--next"


def launch_next(module: str) -> None:
    """Start the next job of a queue from a process that outlives this one.

    Parameters
    ----------
    module : str
        The module that runs such jobs.
    """
    subprocess.Popen(  # noqa: S603 (our own module)
        [sys.executable, "-m", module, NEXT_OPTION],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
