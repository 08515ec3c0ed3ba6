"""Work that goes on while pages come and go: each job in a thread of its own, found again by its key."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import streamlit as st

from astroseq_core.errors import AstroSeqError, StoppedError
from astroseq_core.ui import page

log = logging.getLogger(__name__)

#: Jobs that are remembered, those ended longest ago go first.
JOBS_KEPT = 64
#: How often a page that watches jobs looks at them [s].
WATCH_SECONDS = 0.5
#: What is usually done within this time [s] is waited for, so that the page does not flicker.
PROMPT_SECONDS = 0.4


class Job:
    """One piece of work: ``words`` say what, ``part`` how much of it is done (0 to 1), ``detail`` where it stands.

    When it has ended, ``result`` holds what came of it, or ``problem`` the error that ended it (both None where it was stopped).
    """

    def __init__(self, key: str, words: str, work: Callable[["Job"], Any]) -> None:
        self.key, self.words = key, words
        self.part, self.detail = 0.0, ""
        self.result: Any = None
        self.problem: AstroSeqError | None = None
        self.stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(work,), name=key, daemon=True)

    def _run(self, work: Callable[["Job"], Any]) -> None:
        try:
            self.result = work(self)
        except StoppedError:
            log.info("Stopped: %s", self.words)
        except AstroSeqError as error:
            self.problem = error
        except BaseException as error:
            self.problem = AstroSeqError(f"{self.words} failed unexpectedly ({type(error).__name__}: {error}); please report it.")
            raise

    @property
    def is_running(self) -> bool:
        """Whether it is under way."""
        return self._thread.is_alive()

    def start(self) -> "Job":
        """Begin."""
        self._thread.start()
        return self

    def cancel(self) -> None:
        """Ask it to end; what is whole by then stays."""
        self.stop.set()

    def wait(self, seconds: float) -> bool:
        """Whether it has ended, after waiting for it as long as that [s]."""
        self._thread.join(seconds)
        return not self.is_running


class Jobs:
    """The jobs of all visitors by key, the newest last. Threads may share it."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> Job | None:
        """The job of that key, running or ended."""
        return self._jobs.get(key)

    def start(self, key: str, words: str, work: Callable[[Job], Any]) -> Job:
        """The job of that key that is under way, else a new one."""
        with self._lock:
            job = self._jobs.get(key)
            if job is not None and job.is_running:
                return job
            self._jobs[key] = job = Job(key, words, work).start()
            self._jobs.move_to_end(key)
            for old in [k for k, j in self._jobs.items() if not j.is_running][: max(0, len(self._jobs) - JOBS_KEPT)]:
                del self._jobs[old]
            return job

    def forget(self, key: str) -> None:
        """Let go of a job that has ended."""
        with self._lock:
            job = self._jobs.get(key)
            if job is not None and not job.is_running:
                del self._jobs[key]

    def of_kind(self, kind: str) -> tuple[Job, ...]:
        """The jobs whose keys begin with that word, oldest first."""
        with self._lock:
            return tuple(j for k, j in self._jobs.items() if k.split(" ", 1)[0] == kind)


def all_jobs() -> Jobs:
    """The one collection of this server."""
    found: Jobs = _jobs()
    return found


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _jobs() -> Jobs:
    return Jobs()


def watch(running: bool, draw: Callable[[], bool]) -> None:
    """Draw; and where something is ``running`` again and again, until ``draw`` says that nothing is, then the whole page anew.

    Only that part of the page is drawn again meanwhile, so that everything else stays still and every click is heard.
    """

    def once() -> None:
        if not draw() and running:
            page.redraw()

    st.fragment(once, run_every=WATCH_SECONDS if running else None)()
