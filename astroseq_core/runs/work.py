"""The process of one run: ``python -m astroseq_core.runs.work FOLDER LOCK``, begun by runs.queue; it says where it stands."""

import logging
import sys
import time
from pathlib import Path
from typing import Any

from astroseq_core.background import process
from astroseq_core.background.folder import NOW, RESULT, write_json
from astroseq_core.runs import folder as folders
from astroseq_core.training.listening import Listener

log = logging.getLogger(__name__)
#: At most how often it says where it stands [s].
SAY_SECONDS = 0.5
#: Which part of a run's time is over when its stars are prepared, and when its network is trained: typical, for the progress bar.
PREPARED_PART, TRAINED_PART = 0.3, 0.92


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
        write_json(self._folder / NOW, values)


def work(folder: Path) -> None:
    """Carry out the run of that folder; raises the AstroSeqError that says why it cannot be."""
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
        "peak_memory_gib": round(process.peak_gib(), 3),
    }
    write_json(folder / RESULT, result)
    log.info("Done in %.0f s, with at most %.2f GiB of memory.", result["seconds"], result["peak_memory_gib"])


if __name__ == "__main__":
    from astroseq_core.runs import queue

    raise SystemExit(process.main(sys.argv[1:], work, queue.MODULE, queue.advance))
