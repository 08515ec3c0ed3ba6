"""A long job's folder: its life, told from files that outlive any process.

While a job is under way its process holds the lock on ``lock``; the system lets go of it however the process ends, so that a job
without a result whose lock is free has died. ``cancel`` asks it to stop.
"""

import contextlib
import json
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, TypeVar

from astroseq_core.errors import SettingsError

REQUEST, STARTED, NOW, RESULT, PROBLEM = "request.json", "started.json", "now.json", "result.json", "problem.json"
LOCK, LOG, CANCEL = "lock", "log.txt", "cancel"
#: Names of jobs are names of folders, and a run's is that of its model.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
#: Where a system has no file locks, a job that said nothing for so long [s] is taken for dead.
SILENT_SECONDS = 120.0
#: The end of a log that is looked at [bytes].
TAIL_BYTES = 16_384


class State(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True)
class Life:
    """What the files of a job tell: its state, times [s since 1970] (None where not yet), what it said last, why it failed."""

    state: State
    started: float | None
    ended: float | None
    now: dict[str, Any]
    problem: str


class Job(Protocol):
    """A job as the queues see it."""

    @property
    def folder(self) -> Path:
        """Its folder, named as it is."""

    @property
    def state(self) -> State:
        """Where it stands."""

    @property
    def created(self) -> float:
        """When it was asked for [s since 1970]."""


_J = TypeVar("_J", bound=Job)


def check_name(name: str, what: str) -> None:
    """Raises SettingsError where the name cannot be that of a job's folder; ``what``: the job in words, "a run"."""
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"'{name}' cannot name {what}: use up to 80 letters, digits, dots, dashes and underscores, a letter first."
        )


def next_of(jobs: Sequence[_J]) -> _J | None:
    """The job whose turn it is: the one that waits longest, where none is under way."""
    if any(job.state is State.RUNNING for job in jobs):
        return None
    waiting = [job for job in jobs if job.state is State.QUEUED]
    return min(waiting, key=lambda job: (job.created, job.folder.name), default=None)


def life(folder: Path) -> Life:
    """The life of the job in that folder."""
    started = read_json(folder / STARTED)
    state, problem = _state(folder, bool(started))
    under_way = state in (State.QUEUED, State.RUNNING)
    times = [(folder / n).stat().st_mtime for n in (RESULT, PROBLEM, CANCEL, NOW) if (folder / n).exists()]
    return Life(state, started.get("at"), None if under_way else max(times, default=None), read_json(folder / NOW), problem)


def _state(folder: Path, started: bool) -> tuple[State, str]:
    """The state, and why where it failed."""
    if (folder / RESULT).exists():
        return State.DONE, ""
    if started and is_held(folder):
        return State.RUNNING, ""
    # It may have ended between the first look and the second.
    if (folder / RESULT).exists():
        return State.DONE, ""
    if problem := read_json(folder / PROBLEM).get("sentence", ""):
        return State.FAILED, str(problem)
    if (folder / CANCEL).exists():
        return State.CANCELLED, ""
    if started:
        words = log_tail(folder, 1)
        said = f"; its last words: {words}" if words else " without a word"
        return State.FAILED, f"Its process ended unexpectedly{said}"
    return State.QUEUED, ""


def is_held(folder: Path) -> bool:
    """Whether a process is at work on it."""
    try:
        import fcntl
    except ImportError:
        spoke = max(((folder / n).stat().st_mtime for n in (STARTED, NOW) if (folder / n).exists()), default=0.0)
        return time.time() - spoke < SILENT_SECONDS
    try:
        with (folder / LOCK).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def log_tail(folder: Path, lines: int = 15) -> str:
    """The last lines that its process wrote, without empty ones."""
    try:
        with (folder / LOG).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write a file of the job's folder whole or not at all; raises SettingsError where that cannot be."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise SettingsError(f"{path} cannot be written ({error.strerror}); free some space or choose another place.") from error


def read_json(path: Path) -> dict[str, Any]:
    """The values in a file of the job's folder; none where it is not there or not whole."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
