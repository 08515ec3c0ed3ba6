"""Worker pool: threads or processes; a process that dies takes only its own work with it."""

import logging
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

log = logging.getLogger(__name__)
#: Maximum number of threads. Most of the work is compiled and releases the GIL; the rest makes more threads wait. Up to here
#: threads are cheaper than processes: a quarter less CPU time per star, and no start-up of some seconds.
MAX_THREADS = 2
#: How often a call is tried again after its process was lost.
LOST_RETRIES = 3
#: Each process uses one core: compiled loops and linear algebra must not use others.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


@dataclass(eq=False)
class WorkerCall:
    """A function call in a worker pool.

    Attributes
    ----------
    function : callable
        Function to call.
    argument : object
        Its argument.
    context : object
        Data of the caller; they stay in this process.
    lost : int
        How often its process was lost.
    result : object
        Return value of the finished call.
    error : BaseException or None
        Exception of the finished call; None if it succeeded.
    """

    function: Callable[[Any], Any]
    argument: Any
    context: Any = None
    lost: int = 0
    result: Any = None
    error: BaseException | None = None


class WorkerPool:
    """Pool of workers; calls are made approximately in the order of submission.

    If a worker process dies, the calls that were running are repeated one at a time, so that a call
    that kills every process does not take others with it.

    Parameters
    ----------
    workers : int
        Number of workers.
    processes : bool or None, optional
        Whether workers are processes instead of threads; None for processes if there are more than
        `MOST_THREADS` workers.
    """

    def __init__(self, workers: int, processes: bool | None = None) -> None:
        self.workers = max(1, workers)
        self.processes = workers > MAX_THREADS if processes is None else processes
        self._executor = self._new()
        self._running: dict[Future[Any], WorkerCall] = {}
        self._suspects: deque[WorkerCall] = deque()
        self._later: deque[WorkerCall] = deque()

    @property
    def waiting(self) -> int:
        """Number of calls that are not finished."""
        return len(self._running) + len(self._suspects) + len(self._later)

    def submit(self, function: Callable[[Any], Any], argument: object, context: object = None) -> None:
        """Submit a function call.

        Parameters
        ----------
        function : callable
            Function of a module, so that it can be pickled.
        argument : object
            Its argument.
        context : object, optional
            Data of the caller, returned with the result.
        """
        self._later.append(WorkerCall(function, argument, context))
        self._start()

    def finished(self, seconds: float) -> list[WorkerCall]:
        """Return the calls that have finished, waiting for at least one.

        Parameters
        ----------
        seconds : float
            Maximum time to wait [s].

        Returns
        -------
        list of WorkerCall
            Finished calls; empty if none finished in that time.
        """
        self._start()
        if not self._running:
            time.sleep(seconds)
        done, _ = wait(self._running, seconds, FIRST_COMPLETED)
        jobs: list[WorkerCall] = []
        broken = False
        for future in done:
            job = self._running.pop(future)
            job.error = future.exception()
            if isinstance(job.error, BrokenExecutor):
                broken = True
                self._suspect(job, jobs)
            else:
                job.result = None if job.error else future.result()
                jobs.append(job)
        if broken:
            log.warning("A worker process was lost; what it did is tried again.")
            # It is unknown which call killed the process, and all other running calls are lost with it.
            for job in self._running.values():
                self._suspect(job, jobs)
            self._running.clear()
            self._stop()
            self._executor = self._new()
        return jobs

    def close(self) -> None:
        """Stop all workers, whatever they are doing.

        Threads finish the call they are at; processes are killed.
        """
        for future in self._running:
            future.cancel()
        self._stop()

    def _suspect(self, job: WorkerCall, given_up: list[WorkerCall]) -> None:
        job.lost += 1
        if job.lost > LOST_RETRIES:
            job.error = BrokenExecutor(f"the process that worked on it was lost {job.lost} times; is there enough memory?")
            given_up.append(job)
        else:
            job.error = None
            self._suspects.append(job)

    def _start(self) -> None:
        """Start waiting calls.

        Suspects come first and run alone, as each may kill its process every time.
        """
        while waiting := self._suspects or self._later:
            alone = waiting is self._suspects or any(job.lost for job in self._running.values())
            if self._running and alone:
                return
            job = waiting.popleft()
            try:
                self._running[self._executor.submit(job.function, job.argument)] = job
            except BrokenExecutor:
                waiting.appendleft(job)
                if self._running:
                    return  # the running calls will report the lost process
                self._stop()
                self._executor = self._new()

    def _new(self) -> Executor:
        if not self.processes:
            return ThreadPoolExecutor(self.workers, thread_name_prefix="survey")
        from joblib.externals.loky import ProcessPoolExecutor

        executor: Executor = ProcessPoolExecutor(self.workers, env=ONE_THREAD)
        return executor

    def _stop(self) -> None:
        if self.processes:
            self._executor.shutdown(wait=True, kill_workers=True)  # type: ignore[call-arg]
        else:
            self._executor.shutdown(wait=True, cancel_futures=True)
