"""Inside the process of a long job: priority, cancellation, progress, result, failure message, start of the next job."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from astroseq_core.errors import AstroSeqError
from astroseq_core.jobs import job as folders
from astroseq_core.jobs.job import JobT
from astroseq_core.jobs.process import NEXT_OPTION, launch_next
from astroseq_core.jobs.progress import NO_PROGRESS, Progress, Report
from astroseq_core.jobs.queue import JobEntry, Queue

log = logging.getLogger(__name__)

#: Interval between checks for `cancel` [s].
POLL_SECONDS = 0.2
#: Shortest interval between two progress records [s].
PROGRESS_SECONDS = 0.5
#: Added niceness: pages stay responsive beside a job that uses every core.
NICENESS = 10
#: Number of attempts to start the next job while the ending one releases its lock.
NEXT_TRIES = 10


def run_job(arguments: list[str], queue: Queue[Any, JobT], work: Callable[[JobT, Report], Mapping[str, object]]) -> int:
    """Run the job whose folder and lock descriptor are given.

    The process ends within a second of `cancel` appearing in the folder, whatever it is doing;
    `work` must save what matters as it goes.

    Parameters
    ----------
    arguments : list of str
        The job's folder and the descriptor of its lock, or `--next` to only start the next job.
    queue : Queue
        The queue of such jobs.
    work : callable
        Does the work of a job, as for `carry_out`.

    Returns
    -------
    int
        Exit status: 0 on success, 1 on failure.
    """
    if arguments == [NEXT_OPTION]:
        for _ in range(NEXT_TRIES):
            time.sleep(POLL_SECONDS)
            if queue.start_next() is not None:
                break
        return 0
    folder, lock = Path(arguments[0]), int(arguments[1])
    os.set_inheritable(lock, False)
    os.nice(NICENESS)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stdout)
    threading.Thread(target=_watch_for_cancel, args=(folder, queue.module), name="cancel", daemon=True).start()
    status = 1
    try:
        carry_out(queue.read(JobEntry(folder)), work)
        status = 0
    except AstroSeqError as error:
        log.info("%s", error)
        folders.write_json(folder / folders.PROBLEM_NAME, {"sentence": str(error)})
    except Exception as error:
        sentence = f"It failed unexpectedly ({type(error).__name__}: {error}); its log says where."
        folders.write_json(folder / folders.PROBLEM_NAME, {"sentence": sentence})
        raise
    finally:
        os.close(lock)
        launch_next(queue.module)
    return status


def carry_out(job: JobT, work: Callable[[JobT, Report], Mapping[str, object]]) -> None:
    """Do the work of a job, and write its progress and result into its folder.

    Parameters
    ----------
    job : Job
        The job.
    work : callable
        Called with the job and with a function that takes its progress; returns the result as plain
        JSON values, or raises AstroSeqError with the reason.
    """
    began = time.monotonic()
    writer = ProgressWriter(job.folder)
    writer.report(NO_PROGRESS)
    result = work(job, writer.report)
    seconds, memory_gib = time.monotonic() - began, peak_gib()
    about = {"seconds": round(seconds, 2), "peak_memory_gib": round(memory_gib, 3)}
    folders.write_json(job.folder / folders.RESULT_NAME, {**result, **about})
    log.info("Done in %.0f s, with at most %.2f GiB of memory.", seconds, memory_gib)


class ProgressWriter:
    """Writes the progress of a job into its folder, not too often.

    Parameters
    ----------
    folder : Path
        The job's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / folders.PROGRESS_NAME
        self._written = -PROGRESS_SECONDS
        self._phase: str | None = None

    def report(self, progress: Progress) -> None:
        """Write the progress, unless the latest was written just now.

        The first and the last of a phase are always written.

        Parameters
        ----------
        progress : Progress
            The progress.
        """
        now = time.monotonic()
        is_edge = progress.phase != self._phase or progress.handled == progress.total > 0
        if not is_edge and now - self._written < PROGRESS_SECONDS:
            return
        self._written, self._phase = now, progress.phase
        folders.write_json(self._path, replace(progress, at=time.time()).to_dict())


def _watch_for_cancel(folder: Path, module: str) -> None:
    """Wait for `cancel` to appear, then end this process and all its helpers."""
    while not (folder / folders.CANCEL_NAME).exists():
        time.sleep(POLL_SECONDS)
    log.info("Cancelled.")
    sys.stdout.flush()
    launch_next(module)
    # Killing is safe: files are written under a temporary name and renamed when complete.
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def peak_gib() -> float:
    """Return the peak memory use of this process plus that of its largest helper [GiB].

    Returns
    -------
    float
        Peak resident memory [GiB].
    """
    import resource

    unit = 2**30 if sys.platform == "darwin" else 2**20
    return sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / unit
