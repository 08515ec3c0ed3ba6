"""The process of one survey: ``python -m astroseq_core.surveys.work FOLDER LOCK``, begun by surveys.queue."""

import logging
import sys
import time
from pathlib import Path
from typing import Any

from astroseq_core.background import process
from astroseq_core.background.folder import NOW, RESULT, write_json
from astroseq_core.surveys import folder as folders

log = logging.getLogger(__name__)
#: At most how often it says where it stands, and how often in its log [s].
SAY_SECONDS, LOG_SECONDS = 0.5, 15.0


def work(folder: Path) -> None:
    """Carry out the survey of that folder; raises the AstroSeqError that says why it cannot be."""
    from astroseq_core.surveys.score import score

    said = logged = 0.0

    def tell(numbers: dict[str, Any]) -> None:
        nonlocal said, logged
        now = time.monotonic()
        if now - said < SAY_SECONDS:
            return
        said = now
        write_json(folder / NOW, numbers | {"at": time.time()})
        if now - logged >= LOG_SECONDS:
            logged = now
            log.info("%d of %d stars, %d failed", numbers["done"] + numbers["skipped"], numbers["in_all"], numbers["failed"])

    write_json(folder / NOW, {"star": "", "done": 0, "failed": 0, "skipped": 0, "part": 0.0, "at": time.time()})
    survey = folders.read(folder)
    numbers = score(survey.request, tell, survey.survey_id)
    numbers["peak_memory_gib"] = round(process.peak_gib(), 3)
    write_json(folder / NOW, numbers | {"at": time.time()})
    write_json(folder / RESULT, numbers)
    log.info("%d stars scored, %d failed, %d had been scored.", numbers["done"], numbers["failed"], numbers["skipped"])


if __name__ == "__main__":
    from astroseq_core.surveys import queue

    raise SystemExit(process.main(sys.argv[1:], work, queue.MODULE, queue.advance))
