"""The process of one run: ``python -m astroseq_core.runs.work FOLDER LOCK``, begun by runs.queue.

It says in ``now.json`` where it stands, and ends within a second of ``cancel`` appearing in its folder, in whatever it is doing:
all that matters is on the disk after each epoch.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from astroseq_core.errors import AstroSeqError, SettingsError
from astroseq_core.runs import folder as folders
from astroseq_core.training.listening import Listener

log = logging.getLogger(__name__)
#: How often it looks whether it shall stop [s], and at most how often it says where it stands [s].
LOOK_SECONDS, SAY_SECONDS = 0.2, 0.5
#: Which part of a run's time is over when its stars are prepared, and when its network is trained: typical, for the progress bar.
PREPARED_PART, TRAINED_PART = 0.3, 0.92
#: Pages stay quick beside a run that takes every core: the system lets them go first.
NICENESS = 10
NEXT = "--next"


class Teller(Listener):
    """Writes into the run's folder where it stands."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._said = 0.0
        self._phase, self._began = "", time.monotonic()

    def preparing(self, done: int, in_all: int) -> None:
        """Say how many stars are prepared."""
        part = PREPARED_PART * done / max(in_all, 1)
        self._say("preparing", part, None, f"{done} of {in_all} stars prepared", last=done == in_all)

    def step(self, epoch: int, epochs: int, step: int, steps: int, loss: float) -> None:
        """Say how far the training is, and how long it takes at most from here on."""
        done = (epoch - 1 + step / steps) / epochs
        left = self._seconds() / done * (1 - done) if done and self._phase == "training" else None
        self._say(
            "training", PREPARED_PART + (TRAINED_PART - PREPARED_PART) * done, left, f"epoch {epoch} of at most {epochs}",
            last=step == steps, epoch=epoch, epochs=epochs, step=step, steps=steps, loss=round(loss, 4),
        )  # fmt: skip

    def judging(self) -> None:
        """Say that the training is over."""
        self._say("judging", TRAINED_PART, None, "calibrating, and measuring on the test stars", last=True)

    def _seconds(self) -> float:
        return time.monotonic() - self._began

    def _say(self, phase: str, part: float, left: float | None, words: str, *, last: bool, **more: Any) -> None:
        if phase != self._phase:
            self._phase, self._began, last = phase, time.monotonic(), True
        if not last and time.monotonic() - self._said < SAY_SECONDS:
            return
        self._said = time.monotonic()
        values = {"phase": phase, "part": round(part, 4), "seconds_left": left, "words": words, "at": time.time(), **more}
        folders.write_json(self._folder / folders.NOW, values)


def main(arguments: list[str]) -> int:
    """Carry out the run whose folder, and whose lock's descriptor, are given."""
    if arguments == [NEXT]:
        return _next()
    folder, lock = Path(arguments[0]), int(arguments[1])
    os.set_inheritable(lock, False)
    os.nice(NICENESS)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stdout)
    threading.Thread(target=_obey, args=(folder,), name="cancel", daemon=True).start()
    status = 1
    try:
        _work(folder)
        status = 0
    except AstroSeqError as error:
        log.info("%s", error)
        folders.write_json(folder / folders.PROBLEM, {"sentence": str(error)})
    except Exception as error:
        words = f"The run failed unexpectedly ({type(error).__name__}: {error}); its log says where."
        folders.write_json(folder / folders.PROBLEM, {"sentence": words})
        raise
    finally:
        os.close(lock)
        _begin_next()
    return status


def _work(folder: Path) -> None:
    from dataclasses import asdict

    from astroseq_core.runs.verdicts import training_stars
    from astroseq_core.training.start import start

    request, began = folders.read(folder).request, time.monotonic()
    verdicts = training_stars(request.recipe) if request.verdicts else ()
    outcome = start(
        request.recipe, folder, request.stars, more=verdicts, seed=request.seed, workers=request.workers,
        listener=Teller(folder), work=folder / folders.WORK, finish=(folder / folders.FINISH).exists(),
    )  # fmt: skip
    result = {
        "reports": list(outcome.reports),
        "rows": [asdict(row) for row in outcome.rows],
        "seconds": round(time.monotonic() - began, 1),
        "peak_memory_gib": round(_peak_gib(), 3),
    }
    folders.write_json(folder / folders.RESULT, result)
    log.info("Done in %.0f s, with at most %.2f GiB of memory.", result["seconds"], result["peak_memory_gib"])


def _peak_gib() -> float:
    """The most memory that this process held, plus the most that any one of its helpers did [GiB]."""
    import resource

    unit = 2**30 if sys.platform == "darwin" else 2**20
    return sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / unit


def _obey(folder: Path) -> None:
    """Wait for ``cancel`` to appear, and end this process with all its helpers."""
    while not (folder / folders.CANCEL).exists():
        time.sleep(LOOK_SECONDS)
    log.info("Cancelled.")
    sys.stdout.flush()
    _begin_next()
    # Nothing that is half done is used later: files appear under their names when they are whole.
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _begin_next() -> None:
    """Have the next run begun, by a process that outlives this one."""
    command = [sys.executable, "-m", "astroseq_core.runs.work", NEXT]
    subprocess.Popen(  # noqa: S603 (our own module)
        command, cwd=Path(__file__).resolve().parents[2], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def _next() -> int:
    from astroseq_core.runs import queue

    for _ in range(10):  # the run that ends holds its lock a moment longer
        time.sleep(LOOK_SECONDS)
        try:
            if queue.advance() is not None:
                break
        except SettingsError:
            return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
