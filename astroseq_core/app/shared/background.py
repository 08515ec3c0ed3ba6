"""Background work for the pages: jobs in threads, and redrawing a page when they end."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any

import streamlit as st

from astroseq_core.app.shared import layout
from astroseq_core.errors import AstroSeqError, StoppedError
from astroseq_core.jobs.progress import NO_PROGRESS, Progress

log = logging.getLogger(__name__)

#: Interval at which a waiting page lets clicks through [s].
POLL_SECONDS = 0.1


def redraw_when_done(coming: "Future[Any]") -> None:
    """Wait for a result and redraw the page. Must be the page's last call.

    Clicks are handled meanwhile: every write to the placeholder below lets Streamlit end this run
    and begin the next. A fragment that repeats itself would be a run each time, and Streamlit
    collects garbage after every run, which stalls while a network is being loaded.

    Parameters
    ----------
    coming : Future
        The result. Its exception is raised.
    """
    place = st.empty()
    try:
        while not coming.done():
            wait([coming], timeout=POLL_SECONDS)
            place.empty()
    finally:
        # Cancel work that has not begun; running work goes on and is cached for the next visit.
        coming.cancel()
    coming.result()
    layout.redraw()


#: Number of jobs kept; the oldest ended ones are dropped first.
JOBS_KEPT = 64
#: Interval at which a page redraws running jobs [s].
WATCH_SECONDS = 0.5
#: Pages wait this long [s] for quick work, so that they do not flicker.
PROMPT_SECONDS = 0.4


class PageJob:
    """Work in a thread of the page server, which ends with it; longer work is a `jobs.job.Job`.

    Parameters
    ----------
    key : str
        Identifies the job.
    words : str
        What it does, for people.
    work : callable
        The work; called with the job, returns the result.

    Attributes
    ----------
    progress : Progress
        How far it is.
    result : object
        What `work` returned; None while it runs, and if it failed or was stopped.
    problem : AstroSeqError or None
        The error that ended it.
    stop : threading.Event
        Set when the job should stop.
    """

    def __init__(self, key: str, words: str, work: Callable[["PageJob"], Any]) -> None:
        self.key, self.words = key, words
        self.progress = NO_PROGRESS
        self.result: Any = None
        self.problem: AstroSeqError | None = None
        self.stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(work,), name=key, daemon=True)

    def _run(self, work: Callable[["PageJob"], Any]) -> None:
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
        """Whether the job is still running."""
        return self._thread.is_alive()

    def start(self) -> "PageJob":
        """Start the thread.

        Returns
        -------
        PageJob
            The job itself.
        """
        self._thread.start()
        return self

    def report(self, progress: Progress) -> None:
        """Say how far the work is.

        Parameters
        ----------
        progress : Progress
            The progress.
        """
        self.progress = progress

    def cancel(self) -> None:
        """Ask the job to stop. Whatever it has completed stays."""
        self.stop.set()

    def wait(self, seconds: float) -> bool:
        """Wait until the job has ended.

        Parameters
        ----------
        seconds : float
            Longest wait [s].

        Returns
        -------
        bool
            Whether it has ended.
        """
        self._thread.join(seconds)
        return not self.is_running


class JobRegistry:
    """All jobs of the server by key, oldest first. Safe to share between threads."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, PageJob] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> PageJob | None:
        """Return the job with that key, running or ended.

        Parameters
        ----------
        key : str
            The key.

        Returns
        -------
        PageJob or None
            None if there is no such job.
        """
        return self._jobs.get(key)

    def start(self, key: str, words: str, work: Callable[[PageJob], Any]) -> PageJob:
        """Return the running job with that key, or start a new one.

        The oldest ended jobs above `JOBS_KEPT` are dropped.

        Parameters
        ----------
        key : str
            The key. Its first word names the kind of job.
        words : str
            What the job does, for people.
        work : callable
            The work; called with the job, returns the result.

        Returns
        -------
        PageJob
            The running job.
        """
        with self._lock:
            job = self._jobs.get(key)
            if job is not None and job.is_running:
                return job
            self._jobs[key] = job = PageJob(key, words, work).start()
            self._jobs.move_to_end(key)
            for old in [k for k, j in self._jobs.items() if not j.is_running][: max(0, len(self._jobs) - JOBS_KEPT)]:
                del self._jobs[old]
            return job

    def forget(self, key: str) -> None:
        """Drop a job that has ended; a running one stays.

        Parameters
        ----------
        key : str
            The key.
        """
        with self._lock:
            job = self._jobs.get(key)
            if job is not None and not job.is_running:
                del self._jobs[key]

    def of_kind(self, kind: str) -> tuple[PageJob, ...]:
        """Return the jobs whose keys begin with that word.

        Parameters
        ----------
        kind : str
            First word of the keys.

        Returns
        -------
        tuple of PageJob
            Oldest first.
        """
        with self._lock:
            return tuple(j for k, j in self._jobs.items() if k.split(" ", 1)[0] == kind)


def job_registry() -> JobRegistry:
    """Return the server's jobs, which all sessions share.

    Returns
    -------
    JobRegistry
        The jobs.
    """
    found: JobRegistry = _make_registry()
    return found


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _make_registry() -> JobRegistry:
    return JobRegistry()


def watch(running: bool, draw: Callable[[], bool]) -> None:
    """Draw a part of the page repeatedly while work is running, then redraw the whole page.

    Meanwhile only that part is drawn again: everything else stays still, and clicks are handled at
    once.

    Parameters
    ----------
    running : bool
        Whether work is running now; otherwise it is drawn once.
    draw : callable
        Draws the part and returns whether work is still running.
    """

    def once() -> None:
        if not draw() and running:
            layout.redraw()

    st.fragment(once, run_every=WATCH_SECONDS if running else None)()
