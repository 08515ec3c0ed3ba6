"""Hand-made run folders in every state of life, as the Train page finds them on the disk: nothing is ever trained."""

import contextlib
import fcntl
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from astroseq_core import settings
from astroseq_core.evaluation import metrics, result_rows
from astroseq_core.evaluation.segment_report import SegmentReport
from astroseq_core.jobs import job as background
from astroseq_core.networks.card import Calibration, ModelCard
from astroseq_core.preprocessing.segments import SegmentConfig
from astroseq_core.store import runs as store
from astroseq_core.training import dataset, fit, recipes, test_set
from astroseq_core.training.dataset import StarSegments
from astroseq_core.training.runs.queue import RUNS, WORK_NAME, Run
from astroseq_core.training.runs.request import RunRequest
from astroseq_core.training.stars import StarChoice

WINDOW, SEGMENTS = 32, 80
REAL, SIMULATED = "real stars", "simulated stars"


def request(name: str, recipe: str = "quick", stars: StarChoice | None = None, **changes: Any) -> RunRequest:
    return RunRequest(name=name, recipe=replace(recipes.load_recipe(recipe), **changes), stars=stars or StarChoice())


def queued(name: str, **about: Any) -> Run:
    """A run that waits; nothing begins it."""
    return RUNS.submit(request(name, **about), begin=False)


@contextlib.contextmanager
def running(name: str, epochs: int = 2, **about: Any) -> Iterator[Run]:
    """A run that is under way as far as its folder says: this process holds its lock."""
    run = queued(name, **about)
    background.write_json(run.folder / background.STARTED_NAME, {"at": time.time()})
    with (run.folder / background.LOCK_NAME).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        write_epochs(run, epochs, at=run.folder / WORK_NAME)
        say(run, part=0.55, words="epoch 3 of at most 4", epoch=3, epochs=4, step=40, steps=90, loss=0.2345)
        (run.folder / background.LOG_NAME).write_text("12:00:01 preparing 90 stars\n12:00:40 epoch 1 of 4\n", encoding="utf-8")
        yield RUNS.get(run.job_id)


def say(run: Run, **values: Any) -> None:
    background.write_json(
        run.folder / background.PROGRESS_NAME, {"phase": "training", "seconds_left": 83.0, "at": time.time(), **values}
    )


def write_epochs(run: Run, count: int, at: Path | None = None, better: float = 0.0) -> None:
    place = at or run.folder
    place.mkdir(exist_ok=True)
    lines = [
        {
            "epoch": n,
            "loss": 0.6 / n,
            "train_roc_auc": 0.8 + n / 40,
            "train_pr_auc": 0.6 + n / 30,
            "validation_loss": 0.62 / n + 0.02,
            "validation_roc_auc": 0.78 + n / 50 + better,
            "validation_pr_auc": 0.55 + n / 40,
            "validation_recall": 0.3,
            "segments": 3000,
            "seconds": 12.5,
        }
        for n in range(1, count + 1)
    ]
    (place / fit.HISTORY_NAME).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def broken_off(name: str, *, epochs: int = 0, problem: str = "", **about: Any) -> Run:
    """A run that failed with that sentence, or was cancelled; with epochs its best is kept."""
    run = queued(name, **about)
    background.write_json(run.folder / background.STARTED_NAME, {"at": time.time() - 60})
    (run.folder / background.LOG_NAME).write_text("12:00:01 preparing\n12:00:40 out of memory\n", encoding="utf-8")
    if epochs:
        work = run.folder / WORK_NAME
        write_epochs(run, epochs, at=work)
        for kept in (fit.BEST_NAME, fit.LAST_NAME):
            (work / kept).write_bytes(b"weights")
    if problem:
        background.write_json(run.folder / background.PROBLEM_NAME, {"sentence": problem})
    else:
        (run.folder / background.CANCEL_NAME).touch()
    return RUNS.get(run.job_id)


def done(
    name: str, groups: Sequence[str] = (SIMULATED,), *, lift: float = 3.0, model: bool = True, kept: bool = True, **about: Any
) -> Run:
    """A run with a result on 20 stars a group, its test segments unless not ``kept``, and a card whose network is missing."""
    run = queued(name, **about)
    background.write_json(run.folder / background.STARTED_NAME, {"at": time.time() - 300})
    write_epochs(run, 4, better=lift / 100)
    stars = {REAL: [f"TIC {i + 1}" for i in range(20)], SIMULATED: [f"SIM {1_000_000 + i}" for i in range(20)]}
    names = [star for group in groups for star in stars[group]]
    cutting = SegmentConfig(window=WINDOW, stride=WINDOW, channels=("flat", "gap"))
    test = dataset.write_dataset([_piece(star, n) for n, star in enumerate(names)], cutting, run.folder / "shelf")
    noise = np.random.default_rng(len(name)).standard_normal(len(test))
    probability = np.asarray(1 / (1 + np.exp(-(lift * test.labels - 2 + noise))), np.float32)
    which = {g: np.flatnonzero(np.isin(test.star, stars[g])) for g in groups}
    reports = [_report(g, test, w, probability, (len(name), lift, tuple(groups))) for g, w in which.items()]
    about_row = {"mission": "TESS", "window": 256, "stride": 64, "neg_pos": 2.0}
    rows = [
        result_rows.row_from_reports({"train": r, "validation": r, "test": r}, run=f"{name}, {r.group}", **about_row)
        for r in reports
    ]
    if kept:
        test_set.save(run.folder, test, tuple(which.items()), probability)
    if model:
        write_card(run)
    values = {
        "reports": [r.to_dict() for r in reports],
        "rows": [asdict(r) for r in rows],
        "seconds": 290.0,
        "peak_memory_gib": 1.4,
    }
    background.write_json(run.folder / background.RESULT_NAME, values)
    return RUNS.get(run.job_id)


#: Reports by what their numbers come from: each draws its stars hundreds of times, and most runs here are alike.
_REPORTS: dict[tuple[object, ...], SegmentReport] = {}


def _report(
    group: str, test: dataset.SegmentDataset, which: np.ndarray, probability: np.ndarray, of: tuple[object, ...]
) -> SegmentReport:
    """The report on a group of the test segments, made once for all runs of the same length of name, lift and groups."""
    if (group, *of) not in _REPORTS:
        _REPORTS[group, *of] = metrics.make_report(
            group, test.labels[which], probability[which], test.star[which], 0.2, snr=test.snr[which]
        )
    return _REPORTS[group, *of]


def write_card(run: Run, instruments: tuple[str, ...] = ("TESS",)) -> None:
    recipe = run.request.recipe
    ModelCard(
        model_id=run.job_id,
        title=recipe.title,
        instruments=instruments,
        architecture=recipe.architecture,
        options={},
        preparation=recipe.preparation,
        cutting=recipe.cutting,
        calibration=Calibration(),
        sha256="0" * 64,
    ).write(run.folder)


def _piece(star: str, number: int) -> StarSegments:
    """Segments of white noise, every fourth with a dip as deep as the star's number says; one star in five has none."""
    rng = np.random.default_rng(number)
    places = np.zeros((SEGMENTS * WINDOW, 2), np.float16)
    places[:, 0] = rng.standard_normal(len(places))
    states = np.zeros(len(places), np.int8)
    table = np.zeros(SEGMENTS, dataset.SEGMENT_DTYPE)
    table["start"] = np.arange(SEGMENTS) * WINDOW
    for k in range(0, SEGMENTS, 4) if number % 5 else ():
        inside = slice(k * WINDOW + 12, k * WINDOW + 18)
        states[inside] = 1
        places[inside, 0] -= 1 + number % 7
        table["label"][k], table["snr"][k] = 1, 2.0 * (1 + number % 7)
    return StarSegments(star, places, states, table)


def lose(run: Run) -> None:
    """Forget the run's row, as if the store had been lost."""
    store.remove(run.job_id)
    assert run.folder.parent == settings.runs_dir()
