"""The history of a training: read back as written; a damaged line is told, a line that was being written is not."""

import json
import math
from pathlib import Path

import pytest

from astroseq_core.errors import SettingsError
from astroseq_core.training.history import EpochMetrics, append_epoch, best_epoch_index, read_history, write_history

EPOCHS = tuple(EpochMetrics(n, loss=0.6 / n, validation_roc_auc=0.7 + n / 100, segments=99, seconds=1.5) for n in (1, 2, 3))


def test_epochs_are_read_back_as_they_were_written(tmp_path: Path):
    path = tmp_path / "progress.jsonl"
    write_history(path, EPOCHS[:2])
    append_epoch(path, EPOCHS[2])
    assert read_history(path) == (EPOCHS, ())
    first = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
    assert first == {"epoch": 1, "loss": 0.6, "validation_roc_auc": 0.71, "segments": 99, "seconds": 1.5}


def test_a_line_that_was_being_written_is_no_damage(tmp_path: Path):
    path = tmp_path / "progress.jsonl"
    write_history(path, EPOCHS)
    whole = path.read_text(encoding="utf-8")
    for cut in (1, 5, 30):
        path.write_text(whole[:-cut], encoding="utf-8")
        assert read_history(path) == ((EPOCHS if cut == 1 else EPOCHS[:2]), ())


@pytest.mark.parametrize("line", ['{"epoch": 2', "[2]", '{"loss": 0.5}', '{"epoch": 2, "loss": "low"}', "\x00\x00"])
def test_a_damaged_line_is_told_and_ends_what_is_known(tmp_path: Path, line: str):
    path = tmp_path / "progress.jsonl"
    write_history(path, EPOCHS)
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([lines[0], line, lines[2]]) + "\n", encoding="utf-8")
    found, (sentence,) = read_history(path)
    assert found == EPOCHS[:1]
    assert "Line 2 of progress.jsonl is damaged" in sentence


def test_the_best_epoch_is_the_first_of_the_best_ranking():
    values = (0.7, 0.8, math.nan, 0.8, None)
    assert best_epoch_index([EpochMetrics(n, validation_roc_auc=v) for n, v in enumerate(values, 1)]) == 1
    assert best_epoch_index([EpochMetrics(1)]) is None
    assert best_epoch_index([]) is None


def test_metrics_need_their_epoch():
    with pytest.raises(SettingsError, match="number of the epoch"):
        EpochMetrics.from_dict({"loss": 0.1})
