"""Job folder: a long job as its files tell it, which outlive any process.

While a job runs, its process holds the lock on `lock`. The operating system releases the lock
however the process ends, so a job without a result whose lock is free has died. The file `cancel`
asks the job to stop.
"""

import json
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from astroseq_core.errors import SettingsError
from astroseq_core.io import files
from astroseq_core.jobs.progress import MAX_SECONDS, NO_PROGRESS, Progress
from astroseq_core.type_names import JsonObject
from astroseq_core.typed_json import DAMAGE, damage_sentence, parse, read_object

REQUEST_NAME, STARTED_NAME, PROGRESS_NAME, RESULT_NAME, PROBLEM_NAME = (
    "request.json",
    "started.json",
    "now.json",
    "result.json",
    "problem.json",
)
LOCK_NAME, LOG_NAME, CANCEL_NAME = "lock", "log.txt", "cancel"
#: A job's name is also its folder's name; a run's name is also its model's identifier.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
#: On a system without file locks, a job that wrote nothing for this long [s] counts as dead.
SILENT_SECONDS = 120.0
#: What to do about a damaged file without which a job can still be shown.
KEEP_ADVICE = "it is shown without it"
#: How much of a log's end is read [bytes].
TAIL_BYTES = 16_384

RequestT = TypeVar("RequestT")


class JobState(StrEnum):
    """State of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


#: States of a job that has not ended.
ACTIVE_STATES = (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True)
class Job(Generic[RequestT]):
    """A long job, as read from its folder.

    Times are in seconds since 1970, None if not reached yet.

    Attributes
    ----------
    job_id : str
        Identifier of the job, the name of its folder.
    folder : Path
        Its folder.
    request : object
        What was asked for; each kind of job has its own type.
    state : JobState
        Whether the job is queued, running, done, cancelled or failed.
    created : float
        When it was submitted [s since 1970].
    started : float or None
        When its process started [s since 1970].
    ended : float or None
        When it ended [s since 1970]; None while it is queued or running.
    progress : Progress
        What its process reported last.
    problem : str
        Why it failed, in words; empty unless it failed.
    note : str
        The user's note.
    warnings : tuple of str
        Sentences on files in its folder that are damaged.
    """

    job_id: str
    folder: Path
    request: RequestT
    state: JobState
    created: float
    started: float | None = None
    ended: float | None = None
    progress: Progress = NO_PROGRESS
    problem: str = ""
    note: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def is_active(self) -> bool:
        """Whether the job is queued or running."""
        return self.state in ACTIVE_STATES

    @property
    def is_stopping(self) -> bool:
        """Whether somebody has asked the job to stop."""
        return (self.folder / CANCEL_NAME).exists()

    def log_tail(self, lines: int = 15) -> str:
        """Return the last non-empty lines of the job's log.

        Parameters
        ----------
        lines : int, optional
            The maximum number of lines.

        Returns
        -------
        str
            The lines, joined by newlines; empty if there is no log.
        """
        return _log_tail(self.folder, lines)


JobT = TypeVar("JobT", bound=Job[Any])


def check_job_name(name: str, what: str) -> None:
    """Check that a name can be used as a job's folder name.

    Parameters
    ----------
    name : str
        The name to check.
    what : str
        The kind of job in words, such as "a run", for the error message.

    Raises
    ------
    SettingsError
        If the name cannot name such a folder.
    """
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"'{name}' cannot name {what}: use up to 80 letters, digits, dots, dashes and underscores, a letter first."
        )


def next_job(jobs: Sequence[JobT]) -> JobT | None:
    """Return the job to start next: the one queued longest, if no job is running.

    Parameters
    ----------
    jobs : sequence of Job
        All jobs of one queue.

    Returns
    -------
    Job or None
        The job to start; None if a job is running or none is queued.
    """
    if any(job.state is JobState.RUNNING for job in jobs):
        return None
    waiting = [job for job in jobs if job.state is JobState.QUEUED]
    return min(waiting, key=lambda job: (job.created, job.job_id), default=None)


def read_job(
    folder: Path,
    parse_request: Callable[[JsonObject], RequestT],
    created: float | None = None,
    note: str = "",
    word: str = "job",
) -> Job[RequestT]:
    """Read the job in a folder.

    Parameters
    ----------
    folder : Path
        The job's folder.
    parse_request : callable
        Returns the request with the given JSON values.
    created : float or None, optional
        When the job was submitted [s since 1970]; the time of its request file if None.
    note : str, optional
        The user's note.
    word : str, optional
        Name of the kind of job.

    Returns
    -------
    Job
        The job.

    Raises
    ------
    SettingsError
        If there is no job in the folder, or its request is not valid.
    """
    path = folder / REQUEST_NAME
    try:
        changed = path.stat()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SettingsError(
            f"There is no {word} in {folder}: its {REQUEST_NAME} cannot be found ({reason}); restore it, or delete the {word}."
        ) from error
    request = _read_request(path, changed.st_mtime_ns, parse_request, f"restore it, or delete the {word}")
    has_started = (folder / STARTED_NAME).exists()
    state, problem = _read_state(folder, has_started)
    progress, warnings = read_progress(folder / PROGRESS_NAME)
    started, damaged = _read_start(folder / STARTED_NAME)
    return Job(
        job_id=folder.name,
        folder=folder,
        request=request,
        state=state,
        created=created or changed.st_mtime,
        started=started,
        ended=None if state in ACTIVE_STATES else _end_time(folder),
        progress=progress or NO_PROGRESS,
        problem=problem,
        note=note,
        warnings=(*damaged, *warnings),
    )


@lru_cache(maxsize=1024)
def _read_request(path: Path, changed: int, parse_request: Callable[[JsonObject], RequestT], advice: str) -> RequestT:
    return read_object(path, lambda values: parse_request(_object(values)), advice)


def _object(values: object) -> JsonObject:
    if not isinstance(values, dict):
        raise SettingsError("it must be an object")
    return values


def _read_start(path: Path) -> tuple[float | None, tuple[str, ...]]:
    """Return when a job was started, None if its file is missing or damaged; and a sentence if it is damaged."""
    values, warnings = read_values(path)
    at = values.get("at")
    if at is None or (isinstance(at, int | float) and not isinstance(at, bool) and 0 <= at <= MAX_SECONDS):
        return at, warnings
    return None, (damage_sentence(path, ValueError("its time cannot be"), KEEP_ADVICE),)


def read_progress(path: Path) -> tuple[Progress | None, tuple[str, ...]]:
    """Read a progress from a file of a job's folder.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    tuple of (Progress or None, tuple of str)
        The progress, None if the file is missing or damaged; and a sentence if it is damaged.
    """
    if not path.exists():
        return None, ()
    try:
        return Progress.from_dict(parse(path.read_bytes(), nan=True)), ()
    except FileNotFoundError:  # deleted in the meantime
        return None, ()
    except (OSError, *DAMAGE) as error:
        return None, (damage_sentence(path, error, "its numbers are not shown"),)


def _end_time(folder: Path) -> float | None:
    names = (RESULT_NAME, PROBLEM_NAME, CANCEL_NAME, PROGRESS_NAME)
    return max(((folder / n).stat().st_mtime for n in names if (folder / n).exists()), default=None)


def _read_state(folder: Path, has_started: bool) -> tuple[JobState, str]:
    """Return the state, and the failure message if the job failed."""
    if (folder / RESULT_NAME).exists():
        return JobState.DONE, ""
    if has_started and is_locked(folder):
        return JobState.RUNNING, ""
    # The job may have ended between the first check and the lock test.
    if (folder / RESULT_NAME).exists():
        return JobState.DONE, ""
    if (folder / PROBLEM_NAME).exists():
        values, warnings = read_values(folder / PROBLEM_NAME)
        sentence = values.get("sentence")
        if not warnings and not isinstance(sentence, str):
            warnings = (damage_sentence(folder / PROBLEM_NAME, ValueError("it has no sentence"), KEEP_ADVICE),)
        return JobState.FAILED, warnings[0] if warnings else str(sentence)
    if (folder / CANCEL_NAME).exists():
        return JobState.CANCELLED, ""
    if has_started:
        last_line = _log_tail(folder, 1)
        ending = f"; its last words: {last_line}" if last_line else " without a word"
        return JobState.FAILED, f"Its process ended unexpectedly{ending}"
    return JobState.QUEUED, ""


def is_locked(folder: Path) -> bool:
    """Return whether a process is working on the job.

    On systems without file locks, a job counts as running while its last file is younger than
    `SILENT_SECONDS`.

    Parameters
    ----------
    folder : Path
        The job's folder.

    Returns
    -------
    bool
        True while the job's lock is held.
    """
    try:
        import fcntl
    except ImportError:
        times = [(folder / n).stat().st_mtime for n in (STARTED_NAME, PROGRESS_NAME) if (folder / n).exists()]
        return time.time() - max(times, default=0.0) < SILENT_SECONDS
    try:
        with (folder / LOCK_NAME).open() as file:
            # By hand, as a shared lock: with filelock's exclusive ones, two that look at once would each see a running job.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _log_tail(folder: Path, lines: int) -> str:
    try:
        with (folder / LOG_NAME).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])


def write_json(path: Path, values: Mapping[str, object]) -> None:
    """Write a file of the job's folder atomically.

    Parameters
    ----------
    path : Path
        The file to write.
    values : mapping of str to object
        The values, which must be plain JSON values.

    Raises
    ------
    SettingsError
        If the file cannot be written.
    """
    if not path.parent.is_dir():  # a folder that was deleted must not come back with a single file in it
        raise SettingsError(f"{path} cannot be written: its folder is gone.")
    files.write_text_atomically(path, json.dumps(values, indent=1) + "\n", SettingsError)


def read_json(path: Path) -> JsonObject:
    """Return the values in a file of the job's folder.

    Parameters
    ----------
    path : Path
        The file to read.

    Returns
    -------
    dict
        The values; empty if the file is missing or damaged.
    """
    return read_values(path)[0]


def read_values(path: Path) -> tuple[JsonObject, tuple[str, ...]]:
    """Return the values in a file of the job's folder, and what is wrong with it.

    Parameters
    ----------
    path : Path
        The file to read.

    Returns
    -------
    tuple of (dict, tuple of str)
        The values, empty if the file is missing or damaged; and a sentence if it is damaged.
    """
    if not path.exists():
        return {}, ()
    try:
        return read_object(path, _object, KEEP_ADVICE), ()
    except SettingsError as error:
        return {}, (str(error),)
