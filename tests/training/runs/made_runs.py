"""Hand-made run folders: what a run leaves behind, without any training."""

import json
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from astroseq_core.evaluation import metrics, result_rows
from astroseq_core.evaluation.segment_report import SegmentReport
from astroseq_core.jobs.job import RESULT_NAME, JobState
from astroseq_core.training import recipes
from astroseq_core.training.history import EpochMetrics
from astroseq_core.training.runs.queue import Run
from astroseq_core.training.runs.request import RunRequest

CREATED = 1_700_000_000.0


@cache
def a_report(group: str, lift: float = 1.0, num: int = 600) -> SegmentReport:
    """A report on made-up probabilities of 30 stars."""
    rng = np.random.default_rng(len(group))
    labels = (rng.random(num) < 0.25).astype(np.int8)
    probability = 1 / (1 + np.exp(-(lift * labels - 1 + rng.standard_normal(num))))
    return metrics.make_report(group, labels, probability, (np.arange(num) % 30).astype(str), 0.1)


def a_run(folder: Path, state: JobState = JobState.DONE, recipe: str = "tess-2min", **changes: Any) -> Run:
    """A run in its folder, without a result."""
    folder.mkdir(parents=True, exist_ok=True)
    about = {"epochs": tuple(an_epoch(n) for n in (1, 2)), "started": CREATED + 5, "note": ""}
    request = RunRequest(name=folder.name, recipe=recipes.load_recipe(recipe), seed=changes.pop("seed", 1))
    if state not in (JobState.QUEUED, JobState.RUNNING):
        about["ended"] = CREATED + 125
    return Run(folder.name, folder, request, state, CREATED, **about | changes)


def an_epoch(number: int) -> EpochMetrics:
    """The numbers of an epoch, better with every one."""
    return EpochMetrics(
        epoch=number,
        loss=0.6 / number,
        train_roc_auc=0.7 + number / 100,
        train_pr_auc=0.5 + number / 100,
        validation_loss=0.65 / number,
        validation_roc_auc=0.69 + number / 100,
        validation_pr_auc=0.48 + number / 100,
        validation_recall=0.2,
        segments=1000,
        seconds=12.5,
    )


def write_result(run: Run, reports: dict[str, SegmentReport], **changes: Any) -> dict[str, Any]:
    """Write the run's result.json: for each group its report and its row, and return what was written."""
    train, validation = (replace(a_report(name, 2.0), segments=5000) for name in ("train stars", "validation stars"))
    rows = [
        result_rows.row_from_reports(
            {"train": train, "validation": validation, "test": r}, run=f"{run.job_id}, {group}", mission="TESS"
        )
        for group, r in reports.items()
    ]
    values = {
        "reports": [r.to_dict() for r in reports.values()],
        "rows": [asdict(row) for row in rows],
        "seconds": 321.0,
        "peak_memory_gib": 2.5,
    }
    (run.folder / RESULT_NAME).write_text(json.dumps(values | changes), encoding="utf-8")
    return values
