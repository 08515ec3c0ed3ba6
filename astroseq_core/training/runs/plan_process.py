"""Plan of a run, made in a subprocess, so that no page loads or waits for a network library."""

import multiprocessing
import threading
from multiprocessing.connection import Connection

from astroseq_core.errors import AstroSeqError, SettingsError, StoppedError
from astroseq_core.jobs.progress import Report
from astroseq_core.training.runs.plan import Plan
from astroseq_core.training.runs.request import RunRequest
from astroseq_core.type_names import JsonObject

#: Interval between checks for a request to stop [s].
POLL_SECONDS = 0.2


def plan_in_subprocess(request: RunRequest, *, progress: Report, stop: threading.Event) -> Plan:
    """Make the plan of a run in a subprocess.

    Parameters
    ----------
    request : RunRequest
        The run to plan.
    progress : callable
        Called with the progress: the fraction done and what is being done.
    stop : threading.Event
        Set it to stop the planning.

    Returns
    -------
    Plan
        The plan.

    Raises
    ------
    StoppedError
        If `stop` was set.
    SettingsError
        If no such training or plan is possible, or the subprocess ended unexpectedly.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_plan_process, args=(request.to_dict(), sender), daemon=True)
    process.start()
    sender.close()
    try:
        while True:
            if stop.is_set():
                raise StoppedError("The plan was stopped; ask for it again when the settings are right.")
            if not receiver.poll(POLL_SECONDS):
                continue
            kind, value = receiver.recv()
            if kind == "progress":
                progress(value)
            elif kind == "problem":
                raise SettingsError(value)
            elif isinstance(value, Plan):
                return value
    except EOFError:
        raise SettingsError("The plan's process ended unexpectedly; ask for it again, with fewer stars at a time.") from None
    finally:
        process.kill()
        process.join()
        receiver.close()


def _plan_process(request: JsonObject, sender: Connection) -> None:
    from astroseq_core.training.runs.plan import make_plan

    try:
        found = make_plan(RunRequest.from_dict(request), progress=lambda progress: sender.send(("progress", progress)))
        sender.send(("plan", found))
    except AstroSeqError as error:
        sender.send(("problem", str(error)))
