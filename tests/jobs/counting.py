"""A kind of job for tests: it counts to a number. Run as `python -m tests.jobs.counting FOLDER LOCK`."""

import logging
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from astroseq_core.errors import SettingsError
from astroseq_core.jobs import worker
from astroseq_core.jobs.job import Job, read_job
from astroseq_core.jobs.progress import Progress, Report
from astroseq_core.jobs.queue import JobEntry, Queue

#: Environment variable that names the queue's folder.
PLACE_VARIABLE = "TEST_COUNTS"


@dataclass(frozen=True)
class CountRequest:
    """How far to count."""

    name: str
    number: int

    def to_dict(self) -> dict[str, Any]:
        return dict(vars(self))

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> "CountRequest":
        try:
            return CountRequest(**values)
        except TypeError as error:
            raise SettingsError(f"This is no count ({error}).") from None


def read_count(entry: JobEntry) -> Job[CountRequest]:
    return read_job(entry.folder, CountRequest.from_dict, entry.created, entry.note)


def place() -> Path:
    return Path(os.environ[PLACE_VARIABLE])


COUNTS: Queue[CountRequest, Job[CountRequest]] = Queue("count", place, read_count, "tests.jobs.counting")


def count(job: Job[CountRequest], report: Report) -> dict[str, object]:
    number = job.request.number
    if number == -1:
        raise SettingsError("Nobody counts to -1.")
    if number == -2:
        raise ZeroDivisionError
    for k in range(1, number + 1):
        report(Progress(done=k, total=number))
        time.sleep(0.01)
    logging.getLogger(__name__).info("counted %d", number)
    return {"counted": number}


if __name__ == "__main__":
    raise SystemExit(worker.run_job(sys.argv[1:], COUNTS, count))
