"""A queue of a third kind of job, made of a request and a work function alone; its jobs are real processes."""

import contextlib
import fcntl
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from astroseq_core.errors import SettingsError
from astroseq_core.jobs import process
from astroseq_core.jobs.job import LOCK_NAME, PROGRESS_NAME, REQUEST_NAME, RESULT_NAME, STARTED_NAME, Job, JobState, read_json
from astroseq_core.jobs.queue import JobEntry, Queue
from tests.jobs import counting
from tests.jobs.counting import CountRequest

PATIENCE_SECONDS = 60.0


@pytest.fixture
def counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue[CountRequest, Job[CountRequest]]]:
    """An empty queue of jobs that count."""
    monkeypatch.setenv(counting.PLACE_VARIABLE, str(tmp_path / "counts"))
    yield counting.COUNTS
    for job in counting.COUNTS.jobs():
        counting.COUNTS.cancel(job.job_id)
    for job in counting.COUNTS.jobs():
        until(job.job_id, lambda j: not j.is_active)


def until(job_id: str, is_so: Callable[[Job[CountRequest]], bool]) -> Job[CountRequest]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so(job := counting.COUNTS.get(job_id)):
        assert time.monotonic() < deadline, (job.state, job.problem, job.log_tail())
        time.sleep(0.02)
    return job


def write(job: Job[CountRequest], name: str, values: object) -> None:
    (job.folder / name).write_text(json.dumps(values), encoding="utf-8")


def test_jobs_run_one_after_another_and_leave_a_result(counts):
    first = counts.submit(CountRequest("one", 3))
    second = counts.submit(CountRequest("one", 4))
    assert (first.job_id, second.job_id) == ("one", "one-2")
    done = until("one-2", lambda j: j.state is JobState.DONE)
    assert read_json(done.folder / RESULT_NAME)["counted"] == 4
    assert {"seconds", "peak_memory_gib"} <= set(read_json(done.folder / RESULT_NAME))
    assert (done.progress.done, done.progress.total) == (4, 4)
    assert counts.get("one").ended <= done.started + 1.0, "the second began after the first"
    assert "counted 4" in done.log_tail()
    assert done.request == CountRequest("one", 4)


def test_a_job_is_cancelled_at_once_and_goes_on(counts):
    counts.submit(CountRequest("long", 100_000))
    until("long", lambda j: j.progress.done > 0)
    with pytest.raises(SettingsError, match="cancel it first"):
        counts.delete("long")
    began = time.monotonic()
    counts.cancel("long")
    until("long", lambda j: j.state is JobState.CANCELLED)
    assert time.monotonic() - began < 10
    counts.resume("long")
    assert until("long", lambda j: j.state is JobState.RUNNING).problem == ""


@pytest.mark.parametrize(("number", "sentence"), [(-1, "Nobody counts to -1."), (-2, "failed unexpectedly (ZeroDivisionError")])
def test_a_job_that_fails_says_why(counts, number: int, sentence: str):
    counts.submit(CountRequest("bad", number))
    failed = until("bad", lambda j: j.state is JobState.FAILED)
    assert sentence in failed.problem
    assert counts.submit(CountRequest("good", 1)).state is JobState.RUNNING


def test_what_is_asked_for_wrongly_is_refused(counts, tmp_path: Path):
    job = counts.submit(CountRequest("a", 1), begin=False)
    write(job, RESULT_NAME, {})
    with pytest.raises(SettingsError, match="a is done; only a count that was broken off"):
        counts.resume("a")
    with pytest.raises(SettingsError, match=r"no count 'b'; the latest are: a\."):
        counts.get("b")
    with pytest.raises(SettingsError, match="something in"):
        counts.submit(CountRequest("a", 1), job.folder)
    with pytest.raises(SettingsError, match="a count called a already"):
        counts.submit(CountRequest("a", 1), tmp_path / "elsewhere" / "a")
    repeatable = Queue("count", counts.place, counting.read_count, counts.module, can_repeat=True)
    with process.queue_lock(counts.place()):
        repeatable.resume("a")
    assert counts.get("a").state is JobState.QUEUED


def test_what_is_being_deleted_is_no_job(counts):
    job = counts.submit(CountRequest("a", 1), begin=False)
    # As a deletion leaves it that was killed before its end.
    job.folder.rename(job.folder.with_name(".deleted-a-1"))
    assert counts.jobs() == ()
    counts.submit(CountRequest("b", 1), begin=False)
    counts.delete("b")
    assert counts.jobs() == ()
    assert not (counts.place() / "b").exists()


def test_whose_turn_it_is(counts):
    for name in ("c", "a", "b"):
        counts.submit(CountRequest(name, 1), begin=False)
    assert {job.job_id: counts.position(job) for job in counts.jobs()} == {"c": 1, "a": 2, "b": 3}
    with running(counts.get("a")):
        assert counts.position(counts.get("b")) == 3
        assert counts.start_next() is None, "one at a time"
    counts.delete("a")
    with process.queue_lock(counts.place()):
        assert counts.start_next() is None, "somebody else is choosing"


@contextlib.contextmanager
def running(job: Job[CountRequest]) -> Iterator[None]:
    """The job is under way as far as its folder says."""
    write(job, STARTED_NAME, {"at": time.time()})
    with (job.folder / LOCK_NAME).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def test_a_damaged_progress_is_told_and_a_damaged_request_is_a_damaged_job(counts):
    job = counts.submit(CountRequest("a", 1), begin=False)
    write(job, PROGRESS_NAME, {"done": "some"})
    (sentence,) = counts.get("a").warnings
    assert "now.json of a is damaged (done cannot be 'some')" in sentence
    (job.folder / REQUEST_NAME).write_text("{", encoding="utf-8")
    with pytest.raises(
        SettingsError, match=r"^request\.json of a is damaged \(it is not JSON.*; restore it, or delete the job\.$"
    ):
        counts.get("a")
    jobs, (damaged,) = counts.read_all()
    assert jobs == counts.jobs() == ()
    assert (damaged.job_id, damaged.folder) == ("a", job.folder)
    assert "request.json of a is damaged" in damaged.problem
    counts.delete("a")
    assert counts.read_all() == ((), ())


def test_the_entry_knows_what_files_do_not(counts):
    job = counts.submit(CountRequest("a", 1), begin=False)
    assert replace(job, created=5.0, note="mine") == counting.read_count(JobEntry(job.folder, 5.0, "mine"))
