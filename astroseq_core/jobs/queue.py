"""Queue of long jobs: one at a time, each in a process that outlives the page that submitted it."""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from astroseq_core.errors import SettingsError
from astroseq_core.io import files
from astroseq_core.jobs.job import (
    CANCEL_NAME,
    LOCK_NAME,
    LOG_NAME,
    REQUEST_NAME,
    STARTED_NAME,
    JobState,
    JobT,
    is_locked,
    next_job,
    write_json,
)
from astroseq_core.jobs.process import launch_job, queue_lock, reset_job
from astroseq_core.type_names import JsonObject

#: A folder with one of these in the queue's place is a job's, even where its request is gone.
OWN_NAMES = (REQUEST_NAME, STARTED_NAME, LOCK_NAME, LOG_NAME)
#: How many jobs an error message names.
NAMED_IN_MESSAGES = 8


class JobRequest(Protocol):
    """The request of a job, as a queue needs to see it."""

    @property
    def name(self) -> str:
        """Name that the job is to have."""

    def to_dict(self) -> JsonObject:
        """Return the request as plain JSON values."""


RequestT = TypeVar("RequestT", bound=JobRequest)


@dataclass(frozen=True)
class JobEntry:
    """Where a job is, as a queue's index knows it.

    Attributes
    ----------
    folder : Path
        Folder of the job.
    created : float or None
        When it was submitted [s since 1970]; None if only its files tell.
    note : str
        The user's note.
    """

    folder: Path
    created: float | None = None
    note: str = ""


@dataclass(frozen=True)
class DamagedJob:
    """A job that cannot be read.

    Attributes
    ----------
    job_id : str
        Identifier of the job, the name of its folder.
    folder : Path
        Its folder, which may be gone.
    problem : str
        One sentence: what is wrong, and what to do.
    """

    job_id: str
    folder: Path
    problem: str


def touch(path: Path) -> None:
    """Make an empty file of a job's folder, which asks for something.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    SettingsError
        If it cannot be made.
    """
    try:
        path.touch()
    except OSError as error:
        raise files.write_error(path, error, SettingsError) from error


class Queue(Generic[RequestT, JobT]):
    """All jobs of one kind; one of them runs at a time.

    Subclasses may keep an index of their own, by overriding `entries`, `_register` and `_forget`,
    and may protect jobs from deletion, by overriding `_check_deletion`.

    Parameters
    ----------
    word : str
        Name of the kind of job, such as "run".
    place : callable
        Returns the folder of the queue, in which new jobs get their folders.
    read : callable
        Returns the job of an entry; raises SettingsError if there is none in its folder.
    module : str
        The module that does the work: `python -m module FOLDER LOCK`.
    can_repeat : bool, optional
        Whether jobs that are done can be put back into the queue.
    """

    def __init__(
        self,
        word: str,
        place: Callable[[], Path],
        read: Callable[[JobEntry], JobT],
        module: str,
        *,
        can_repeat: bool = False,
    ) -> None:
        self.word, self.place, self.module = word, place, module
        self.read = read
        self._can_repeat = can_repeat

    # ---- the index

    def entries(self) -> Mapping[str, JobEntry]:
        """Return where each job is.

        Returns
        -------
        mapping of str to JobEntry
            Entries by identifier, in any order.
        """
        return {folder.name: JobEntry(folder) for folder in self.folders()}

    def folders(self) -> list[Path]:
        """Return the folders of jobs in the queue's place; hidden ones are being deleted.

        Returns
        -------
        list of Path
            The folders.
        """
        found = dict.fromkeys(path.parent for name in OWN_NAMES for path in self.place().glob(f"*/{name}"))
        return [folder for folder in found if not folder.name.startswith(".")]

    def _register(self, folder: Path) -> None:
        """Add a new job to the index."""

    def _forget(self, job_id: str) -> None:
        """Remove a deleted job from the index."""

    def _check_deletion(self, job_id: str, folder: Path) -> None:
        """Raise SettingsError if the job must not be deleted."""

    # ---- reading

    def jobs(self) -> tuple[JobT, ...]:
        """Return all jobs, the newest first.

        Returns
        -------
        tuple of Job
            The jobs. Those that cannot be read are left out; `read_all` has them too.
        """
        return self.read_all()[0]

    def read_all(self) -> tuple[tuple[JobT, ...], tuple[DamagedJob, ...]]:
        """Return all jobs, and those that cannot be read.

        Returns
        -------
        tuple of (tuple of Job, tuple of DamagedJob)
            The jobs, the newest first; and those whose folder is gone or holds no valid request, by name.
        """
        found: list[JobT] = []
        damaged = []
        for job_id, entry in self.entries().items():
            try:
                found.append(self.read(entry))
            except SettingsError as error:
                damaged.append(DamagedJob(job_id, entry.folder, str(error)))
        return (
            tuple(sorted(found, key=lambda job: (-job.created, job.job_id))),
            tuple(sorted(damaged, key=lambda job: job.job_id)),
        )

    def get(self, job_id: str) -> JobT:
        """Return a job.

        Parameters
        ----------
        job_id : str
            Identifier of the job.

        Returns
        -------
        Job
            The job.

        Raises
        ------
        SettingsError
            If there is none of that identifier.
        """
        entry = self.entries().get(job_id)
        if entry is None:
            raise self._unknown(job_id)
        return self.read(entry)

    def _unknown(self, job_id: str) -> SettingsError:
        known = ", ".join(job.job_id for job in self.jobs()[:NAMED_IN_MESSAGES]) or "there is none yet"
        return SettingsError(f"There is no {self.word} '{job_id}'; the latest are: {known}.")

    def position(self, job: JobT) -> int:
        """Return a queued job's position in the queue.

        Parameters
        ----------
        job : Job
            A queued job.

        Returns
        -------
        int
            1 if it is the next to begin; a running one counts.
        """
        turn = (job.created, job.job_id)
        return 1 + sum(
            other.state is JobState.RUNNING or (other.state is JobState.QUEUED and (other.created, other.job_id) < turn)
            for other in self.jobs()
        )

    # ---- changing

    def submit(self, request: RequestT, folder: Path | None = None, *, begin: bool = True) -> JobT:
        """Add a job to the queue, and start it at once if no other is running.

        Parameters
        ----------
        request : JobRequest
            What to do. If its name is taken, a number is appended.
        folder : Path or None, optional
            Folder of the job, which must be empty; a new one in the queue's place if None.
        begin : bool, optional
            Whether to start the next queued job now.

        Returns
        -------
        Job
            The new job.

        Raises
        ------
        SettingsError
            If the folder is not empty or cannot be created, or its name belongs to another job.
        """
        made = self._make_folder(request.name) if folder is None else self._take_folder(folder)
        write_json(made / REQUEST_NAME, request.to_dict())
        self._register(made)
        if begin:
            self.start_next()
        return self.get(made.name)

    def _make_folder(self, name: str) -> Path:
        taken, number = self.entries(), 1
        while True:
            folder = self.place() / (name if number == 1 else f"{name}-{number}")
            number += 1
            if folder.name in taken:
                continue
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                continue
            except OSError as error:
                raise SettingsError(f"{folder} cannot be made ({error.strerror}); check the disk.") from error
            return folder

    def _take_folder(self, wanted: Path) -> Path:
        folder = wanted.expanduser().resolve()
        if folder.exists() and any(folder.iterdir()):
            raise SettingsError(f"There is something in {folder} already; choose another name or remove it.")
        if folder.name in self.entries():
            raise SettingsError(f"There is a {self.word} called {folder.name} already; choose another name.")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(f"{folder} cannot be made ({error.strerror}); choose another place.") from error
        return folder

    def start_next(self) -> JobT | None:
        """Start the job that has been queued longest, if none is running.

        Pages call this while they watch a job, and every job calls it when it ends, so a killed
        process does not hold up the queue for longer than that.

        Returns
        -------
        Job or None
            The job that was started; None if none was.
        """
        with queue_lock(self.place()) as is_ours:
            jobs, damaged = self.read_all() if is_ours else ((), ())
            # one whose files were damaged while it runs still is the one that runs
            job = None if any(is_locked(one.folder) for one in damaged) else next_job(jobs)
            if job is not None:
                launch_job(job.folder, self.module)
            return job

    def cancel(self, job_id: str) -> None:
        """Stop a job or take it out of the queue; what it has completed stays.

        Parameters
        ----------
        job_id : str
            Identifier of the job.

        Raises
        ------
        SettingsError
            If there is no such job.
        """
        job = self.get(job_id)
        if job.is_active:
            touch(job.folder / CANCEL_NAME)

    def resume(self, job_id: str) -> None:
        """Put a job that has ended back into the queue; it goes on with what it had completed.

        Parameters
        ----------
        job_id : str
            Identifier of the job.

        Raises
        ------
        SettingsError
            If there is no such job, or it has not ended in a way from which it can go on.
        """
        job = self.get(job_id)
        if job.is_active or (job.state is JobState.DONE and not self._can_repeat):
            wanted = "has ended" if self._can_repeat else "was broken off"
            raise SettingsError(f"{job_id} is {job.state}; only a {self.word} that {wanted} can go on.")
        reset_job(job.folder)
        self.start_next()

    def delete(self, job_id: str) -> None:
        """Delete a job with all that is in its folder.

        Of a job that cannot be read and whose folder is elsewhere, that folder stays: it may be anything.

        Parameters
        ----------
        job_id : str
            Identifier of the job.

        Raises
        ------
        SettingsError
            If the job is running or still needed, or its folder cannot be removed.
        """
        entry = self.entries().get(job_id)
        if entry is None:
            raise self._unknown(job_id)
        folder = entry.folder
        try:
            is_running, is_sound = self.read(entry).state is JobState.RUNNING, True
        except SettingsError:
            is_running, is_sound = is_locked(folder), False
        if is_running:
            raise SettingsError(f"{job_id} is running; cancel it first.")
        self._check_deletion(job_id, folder)
        if not is_sound and not (folder.is_dir() and folder.parent.resolve() == self.place().resolve()):
            self._forget(job_id)
            return
        # Renamed first, in one step: a half-removed folder would look like a failed job.
        aside = folder.with_name(f".deleted-{folder.name}-{os.getpid()}")
        shutil.rmtree(aside, ignore_errors=True)
        try:
            folder.rename(aside)
        except OSError as error:
            raise SettingsError(f"{folder} cannot be removed ({error.strerror}).") from error
        self._forget(job_id)
        shutil.rmtree(aside, ignore_errors=True)
