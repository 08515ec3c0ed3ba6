"""Run a kind in processes with limits of memory and time."""

import multiprocessing
import os
import resource
from multiprocessing.connection import Connection

from tests.fuzz.harness import Count, run_kind
from tests.fuzz.kinds import all_kinds

#: Address space that a process may take beyond what it has after its first input [bytes].
MEMORY_BYTES = 2 * 2**30
#: A process that says nothing for this long is ended [s]; at its first input it imports what its kind needs.
SILENT_SECONDS, STARTING_SECONDS = 60.0, 600.0
#: Inputs after which a process tells how they ended; those of one that dies are tried again, with others in their place.
CHUNK = 250


def run_apart(name: str, inputs: int, number: int) -> Count:
    """Run a kind in processes of its own until all inputs are tried."""
    count = Count(name)
    context = multiprocessing.get_context("fork")  # all is imported once, here
    for attempt in range(inputs):
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(name, inputs - count.tried, number + 1000 * attempt, there), daemon=True)
        process.start()
        there.close()
        last, wait, ended = None, STARTING_SECONDS, False
        try:
            while here.poll(wait):
                what, said = here.recv()
                if what == "part":
                    count.add(said)
                elif what == "end":
                    ended = True
                    break
                else:
                    last, wait = said, SILENT_SECONDS
        except EOFError:
            pass
        died = not process.is_alive()
        process.kill()
        process.join()
        if ended:
            return count
        if last is None:
            raise RuntimeError(f"{name}: the process ended before its first input.")
        count.tried += 1
        count.add_fault("the process died" if died else "the process hung", last)
        if count.tried >= inputs:
            break
    return count


def _work(name: str, inputs: int, number: int, answers: Connection) -> None:
    """Run a kind in this process, and tell of each input before it is tried."""
    os.environ["ASTROSEQ_FIRST_SURVEY"] = "0"
    kind = next(k for k in all_kinds() if k.name == name)
    run_kind(kind, 1, number)  # imports what the kind needs, so that the limits are those of the inputs
    with open("/proc/self/statm", encoding="ascii") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY_BYTES, now + MEMORY_BYTES))
    for begin in range(0, inputs, CHUNK):
        some = min(CHUNK, inputs - begin)
        part = run_kind(kind, some, number + begin, lambda value: answers.send(("try", value)))
        answers.send(("part", part))
        if part.tried < some:  # there are no more inputs than these
            break
    answers.send(("end", None))
