"""Hand-made survey folders in every state of life: nothing is ever scored."""

import contextlib
import fcntl
import time
from collections.abc import Iterator
from typing import Any

import pytest

from astroseq_core.jobs import job as folders
from astroseq_core.jobs import queue
from astroseq_core.surveys.queue import SURVEYS, Survey, SurveyRequest
from astroseq_core.surveys.stars import SurveyChoice


def never_begin(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of surveys that would have begun from now on."""
    names: list[str] = []
    monkeypatch.setattr(queue, "launch_job", lambda folder, module: names.append(folder.name))
    return names


def queued(name: str, stars: SurveyChoice | None = None, **about: Any) -> Survey:
    """A survey that waits."""
    return SURVEYS.submit(SurveyRequest(name, stars or SurveyChoice(), **about))


def numbers(**changed: Any) -> dict[str, Any]:
    values = {
        "in_all": 60,
        "done": 20,
        "failed": 0,
        "skipped": 0,
        "segments": 1400,
        "star": "SIM 20",
        "stars_per_second": 1.25,
        "segments_per_second": 90.0,
        "seconds_left": 32.0,
        **changed,
    }
    handled = values["done"] + values["failed"] + values["skipped"]
    return values | {"part": handled / max(values["in_all"], 1)}


@contextlib.contextmanager
def running(name: str, stars: SurveyChoice | None = None, **now: Any) -> Iterator[Survey]:
    """A survey that is under way as far as its folder says: this process holds its lock."""
    survey = queued(name, stars)
    folders.write_json(survey.folder / folders.STARTED_NAME, {"at": time.time()})
    with (survey.folder / folders.LOCK_NAME).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folders.write_json(survey.folder / folders.PROGRESS_NAME, numbers(**now))
        (survey.folder / folders.LOG_NAME).write_text("12:00:01 scoring 60 stars\n", encoding="utf-8")
        yield SURVEYS.get(name)


def done(name: str, stars: SurveyChoice | None = None, **result: Any) -> Survey:
    """A survey that has ended."""
    survey = queued(name, stars)
    folders.write_json(survey.folder / folders.STARTED_NAME, {"at": time.time() - 60})
    folders.write_json(survey.folder / folders.RESULT_NAME, numbers(**{"done": 60, "seconds_left": 0.0} | result))
    (survey.folder / folders.LOG_NAME).write_text("12:00:01 scoring\n12:01:01 60 stars scored\n", encoding="utf-8")
    return SURVEYS.get(name)


def broken_off(name: str, problem: str = "", **now: Any) -> Survey:
    """A survey that failed with that sentence, or was cancelled."""
    survey = queued(name)
    folders.write_json(survey.folder / folders.STARTED_NAME, {"at": time.time() - 60})
    folders.write_json(survey.folder / folders.PROGRESS_NAME, numbers(**now))
    if problem:
        folders.write_json(survey.folder / folders.PROBLEM_NAME, {"sentence": problem})
    else:
        (survey.folder / folders.CANCEL_NAME).touch()
    return SURVEYS.get(name)
