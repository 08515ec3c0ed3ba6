"""Workers: threads where few are enough, else processes, of which one may be lost without taking anything with it."""

import logging
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

log = logging.getLogger(__name__)
#: Most of the work is compiled and lets go of the interpreter; the rest keeps more threads than this waiting. Up to here they
#: cost less than processes: a quarter less of the processors' time a star, and no start of some seconds.
MOST_THREADS = 2
#: What was under way when a process was lost is tried so many times more.
LOST_RETRIES = 3
#: Each process does one thing at a time; compiled loops and linear algebra must not take other cores beside.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


@dataclass(eq=False)
class Job:
    """A call of ``function`` with ``argument``; ``context`` stays here. When it is done, ``result`` or else ``error``."""

    function: Callable[[Any], Any]
    argument: Any
    context: Any = None
    lost: int = 0
    result: Any = None
    error: BaseException | None = None


class Pool:
    """So many workers; calls are made in the order of ``submit``, nearly.

    ``processes``: whether they are processes of their own, where None if they are more than MOST_THREADS. What a process was
    doing that ended early is done again, by itself, so that what ends every process takes nothing else with it.
    """

    def __init__(self, workers: int, processes: bool | None = None) -> None:
        self.workers = max(1, workers)
        self.processes = workers > MOST_THREADS if processes is None else processes
        self._executor = self._new()
        self._running: dict[Future[Any], Job] = {}
        self._suspects: deque[Job] = deque()
        self._later: deque[Job] = deque()

    @property
    def waiting(self) -> int:
        """How many calls are not done."""
        return len(self._running) + len(self._suspects) + len(self._later)

    def submit(self, function: Callable[[Any], Any], argument: Any, context: Any = None) -> None:
        """Have a function of a module called with an argument."""
        self._later.append(Job(function, argument, context))
        self._start()

    def finished(self, seconds: float) -> list[Job]:
        """The calls that are done now; waits for one so long [s] where there is none."""
        self._start()
        if not self._running:
            time.sleep(seconds)
        done, _ = wait(self._running, seconds, FIRST_COMPLETED)
        jobs: list[Job] = []
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
            # Nobody can say which of them it was at; all others that are running are lost with it.
            for job in self._running.values():
                self._suspect(job, jobs)
            self._running.clear()
            self._stop()
            self._executor = self._new()
        return jobs

    def close(self) -> None:
        """End all processes, whatever they are doing."""
        for future in self._running:
            future.cancel()
        self._stop()

    def _suspect(self, job: Job, given_up: list[Job]) -> None:
        job.lost += 1
        if job.lost > LOST_RETRIES:
            job.error = BrokenExecutor(f"the process that worked on it was lost {job.lost} times; is there enough memory?")
            given_up.append(job)
        else:
            job.error = None
            self._suspects.append(job)

    def _start(self) -> None:
        """Begin what waits; suspects first and each alone, as one of them may end its process every time."""
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
                    return  # they are about to say so
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
