"""What a training run takes from the page's point of view: time, memory, how soon it stops, whether it comes out the same twice.

    python -m benchmarks.training_runs [--recipe quick] [--cancels 5] [--pages]

Runs have a folder of their own that is removed at the end. ``--pages`` measures star changes in Explore beside a run instead.
See benchmarks.pages.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from astroseq_core.jobs.job import JobState
from astroseq_core.training import recipes
from astroseq_core.training.runs import results
from astroseq_core.training.runs.queue import RUNS, Run
from astroseq_core.training.runs.request import RunRequest


def until(run_id: str, is_so: Callable[[Run], bool]) -> Run:
    while not is_so(run := RUNS.get(run_id)):
        if run.state is JobState.FAILED:
            raise SystemExit(run.problem)
        RUNS.start_next()
        time.sleep(0.02)
    return run


def whole(request: RunRequest) -> Run:
    """The run when it is done, its numbers printed."""
    run = until(RUNS.submit(request).job_id, lambda r: r.state is JobState.DONE)
    found = results.load(run)
    assert found is not None
    print(f"{run.job_id}: {found.seconds:.0f} s, at most {found.peak_memory_gib:.2f} GiB in one process and its largest helper")
    for report in found.reports:
        print(
            f"  {report.group}: {report.segments} segments of {report.stars} stars, base rate {report.base_rate:.3f}: "
            f"ROC-AUC {report.roc_auc}, PR-AUC {report.pr_auc}, recall at 1 % {report.recall}, ECE {report.ece_interval}"
        )
    return run


def cancelled(request: RunRequest, wait: Callable[[Run], bool]) -> float:
    """How long [s] it takes from asking a run to stop until its processes are gone."""
    run = until(RUNS.submit(request).job_id, wait)
    began = time.perf_counter()
    RUNS.cancel(run.job_id)
    until(run.job_id, lambda r: r.state is JobState.CANCELLED)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="quick")
    parser.add_argument("--cancels", type=int, default=5)
    parser.add_argument("--pages", action="store_true")
    options = parser.parse_args()
    recipe = recipes.load_recipe(options.recipe)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ASTROSEQ_DATA"] = folder
        request = RunRequest("one", recipe)
        if options.pages:
            pages(request, Path(folder))
            return
        one, two = whole(request), whole(replace(request, name="two"))
        differ = [abs(a[k] - b[k]) for a, b in zip(one.epochs, two.epochs, strict=True) for k in a if k.endswith(("auc", "loss"))]
        print(f"the same request again: losses and areas of {len(one.epochs)} epochs differ by at most {max(differ):.4f}")
        stops = {
            "while stars are prepared": lambda r: r.progress.phase == "preparing",
            "while the network is trained": lambda r: r.progress.phase == "training" and len(r.epochs) > 0,
        }
        for words, wait in stops.items():
            took = [cancelled(replace(request, name="stopped", seed=n), wait) for n in range(options.cancels)]
            print(f"cancelled {words}: {statistics.median(took):.2f} s, at most {max(took):.2f} s ({len(took)} times)")


def pages(request: RunRequest, folder: Path) -> None:
    from playwright.sync_api import sync_playwright

    from benchmarks.pages import changes

    with sync_playwright() as playwright:
        for words in ("nothing else running", "beside a run"):
            if words == "beside a run":
                run = RUNS.submit(replace(request, recipe=replace(request.recipe, epochs=200, patience=200)))
                until(run.job_id, lambda r: r.progress.phase == "training")
            first, again = changes(playwright, str(folder / words.replace(" ", "-")), 5)
            for what, took in (("a new star", first), ("a star seen before", again)):
                print(f"{words}, {what}: {statistics.median(took):.2f} s ({min(took):.2f} to {max(took):.2f})")
        RUNS.cancel(run.job_id)
        until(run.job_id, lambda r: r.state is JobState.CANCELLED)


if __name__ == "__main__":
    main()
