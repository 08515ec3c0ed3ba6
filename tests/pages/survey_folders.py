"""Hand-made survey folders in every state of life: nothing is ever scored."""

import contextlib
import fcntl
import time
from collections.abc import Iterator
from typing import Any

import pytest

from astroseq_core.background import folder as folders
from astroseq_core.surveys import queue
from astroseq_core.surveys.choice import SurveyChoice
from astroseq_core.surveys.folder import Survey
from astroseq_core.surveys.request import SurveyRequest


def never_begin(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of surveys that would have begun from now on."""
    names: list[str] = []
    monkeypatch.setattr(queue, "launch", lambda folder, module: names.append(folder.name))
    return names


def queued(name: str, stars: SurveyChoice | None = None, **about: Any) -> Survey:
    """A survey that waits."""
    return queue.begin(SurveyRequest(name, stars or SurveyChoice(), **about))


def numbers(**changed: Any) -> dict[str, Any]:
    return {
        "in_all": 60, "done": 20, "failed": 0, "skipped": 0, "segments": 1400, "star": "SIM 20", "stars_per_second": 1.25,
        "segments_per_second": 90.0, "seconds_left": 32.0, "part": 1 / 3, **changed,
    }  # fmt: skip


@contextlib.contextmanager
def running(name: str, stars: SurveyChoice | None = None, **now: Any) -> Iterator[Survey]:
    """A survey that is under way as far as its folder says: this process holds its lock."""
    survey = queued(name, stars)
    folders.write_json(survey.folder / folders.STARTED, {"at": time.time()})
    with (survey.folder / folders.LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folders.write_json(survey.folder / folders.NOW, numbers(**now))
        (survey.folder / folders.LOG).write_text("12:00:01 scoring 60 stars\n", encoding="utf-8")
        yield queue.get(name)


def done(name: str, stars: SurveyChoice | None = None, **result: Any) -> Survey:
    """A survey that has ended."""
    survey = queued(name, stars)
    folders.write_json(survey.folder / folders.STARTED, {"at": time.time() - 60})
    folders.write_json(survey.folder / folders.RESULT, numbers(**{"done": 60, "seconds_left": 0.0} | result))
    (survey.folder / folders.LOG).write_text("12:00:01 scoring\n12:01:01 60 stars scored\n", encoding="utf-8")
    return queue.get(name)


def broken_off(name: str, problem: str = "", **now: Any) -> Survey:
    """A survey that failed with that sentence, or was cancelled."""
    survey = queued(name)
    folders.write_json(survey.folder / folders.STARTED, {"at": time.time() - 60})
    folders.write_json(survey.folder / folders.NOW, numbers(**now))
    if problem:
        folders.write_json(survey.folder / folders.PROBLEM, {"sentence": problem})
    else:
        (survey.folder / folders.CANCEL).touch()
    return queue.get(name)
