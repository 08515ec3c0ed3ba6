"""The plan of a run in a process of its own, so that no page's process loads a network library or waits for one."""

import multiprocessing
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from astroseq_core.errors import AstroSeqError, SettingsError, StoppedError
from astroseq_core.runs.plan import Plan
from astroseq_core.runs.request import RunRequest

#: How often it is looked whether someone asked to stop [s].
LOOK_SECONDS = 0.2


def plan_apart(request: RunRequest, *, progress: Callable[[float, str], None], stop: threading.Event) -> Plan:
    """The plan of that request; raises what runs.plan.plan raises, and SettingsError where its process ended unexpectedly."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(request.to_dict(), sender), daemon=True)
    process.start()
    sender.close()
    try:
        while True:
            if stop.is_set():
                raise StoppedError("The plan was stopped; ask for it again when the settings are right.")
            if not receiver.poll(LOOK_SECONDS):
                continue
            kind, value = receiver.recv()
            if kind == "progress":
                progress(*value)
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


def _work(request: dict[str, Any], sender: Connection) -> None:
    from astroseq_core.runs.plan import plan

    try:
        found = plan(RunRequest.from_dict(request), progress=lambda part, words: sender.send(("progress", (part, words))))
        sender.send(("plan", found))
    except AstroSeqError as error:
        sender.send(("problem", str(error)))
