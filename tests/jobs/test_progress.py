"""The one type of progress: what it says, how it is written and read back, what is refused."""

import json
import math
from pathlib import Path

import pytest

from astroseq_core.errors import SettingsError
from astroseq_core.jobs.job import PROGRESS_NAME, read_progress
from astroseq_core.jobs.progress import NO_PROGRESS, Progress
from astroseq_core.jobs.worker import ProgressWriter

SURVEY = Progress(
    done=20,
    total=60,
    failed=2,
    skipped=8,
    item="SIM 20",
    rate=1.25,
    seconds_left=24.0,
    part=0.5,
    numbers={"segments": 1400, "segments_per_second": 90.0},
    stages={"read": 0.2, "fold": 0.1},
)
RUN = Progress(
    40,
    90,
    phase="training",
    message="epoch 3 of at most 4",
    part=0.55,
    at=1.0,
    numbers={"epoch": 3, "epochs": 4, "step": 40, "steps": 90, "loss": 0.2},
)


@pytest.mark.parametrize("progress", [SURVEY, RUN, Progress(part=0.0)])
def test_it_is_read_back_as_it_was_written(progress: Progress):
    assert Progress.from_dict(json.loads(json.dumps(progress.to_dict()))) == progress


def test_its_keys_are_those_that_were_always_written():
    assert set(SURVEY.to_dict()) >= {"in_all", "done", "failed", "skipped", "star", "stars_per_second", "seconds_left", "part"}
    assert set(RUN.to_dict()) >= {"phase", "part", "words", "seconds_left", "at", "epoch", "epochs", "step", "steps", "loss"}


def test_the_fraction_is_that_of_the_items_unless_told():
    assert Progress(done=10, failed=2, skipped=3, total=60).fraction == 0.25
    assert RUN.fraction == 0.55
    assert NO_PROGRESS.fraction == 0.0
    assert Progress(done=70, total=60).fraction == 1.0
    assert Progress(part=1.2).fraction == 1.0


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ([], "object"),
        ("done", "object"),
        ({"done": "3"}, "done"),
        ({"done": -1}, "done"),
        ({"in_all": 1.5}, "in_all"),
        ({"failed": True}, "failed"),
        ({"part": math.nan}, "part"),
        ({"seconds_left": "soon"}, "seconds_left"),
        ({"words": 3}, "words"),
        ({"stages": [1]}, "stages"),
        ({"stages": {"read": "x"}}, "read"),
    ],
)
def test_what_is_no_progress_is_refused_by_name(values: object, word: str):
    with pytest.raises(SettingsError, match=word):
        Progress.from_dict(values)


def test_a_loss_may_be_no_number():
    assert math.isnan(Progress.from_dict({"loss": math.nan}).numbers["loss"])


def test_a_damaged_file_is_told(tmp_path: Path):
    path = tmp_path / PROGRESS_NAME
    assert read_progress(path) == (None, ())
    for text in ("{", '{"done": "many"}', "[1, 2]"):
        path.write_text(text, encoding="utf-8")
        progress, (sentence,) = read_progress(path)
        assert progress is None
        assert PROGRESS_NAME in sentence
        assert "damaged" in sentence


def test_the_first_and_the_last_of_a_phase_are_written_and_few_between(tmp_path: Path):
    writer = ProgressWriter(tmp_path)
    written = []
    for done in range(1, 101):
        writer.report(Progress(done=done, total=100, phase="preparing"))
        written.append(read_progress(tmp_path / PROGRESS_NAME)[0].done)
    assert written[0] == 1
    assert written[-1] == 100
    assert len(set(written)) < 50
    writer.report(Progress(phase="training"))
    found, _ = read_progress(tmp_path / PROGRESS_NAME)
    assert found.phase == "training"
    assert found.at is not None
