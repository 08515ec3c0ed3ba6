"""The `runs` command: list, compare and manage training runs."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astroseq_core.cli import common, train

if TYPE_CHECKING:
    from astroseq_core.training.runs.queue import Run

#: Columns of `list`.
LIST_COLUMNS = (
    "run",
    "state",
    "mission",
    "window",
    "neg:pos",
    "epochs",
    "ROC-AUC validation",
    "ROC-AUC test",
    "PR-AUC test",
    "tested on",
    "notes",
)


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command with its actions to the command line.

    Parameters
    ----------
    subparsers : argparse._SubParsersAction
        The subparsers of the command line.
    """
    parser = subparsers.add_parser("runs", help="the log of training runs", description="Training runs: what there is of them.")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def add(name: str, what: Any, words: str, *, run_id: bool = True) -> argparse.ArgumentParser:
        action: argparse.ArgumentParser = actions.add_parser(name, help=words, description=common.description(what))
        if run_id:
            action.add_argument("run_id", metavar="RUN")
        action.set_defaults(run=what)
        common.add_output_options(action)
        return action

    listing = add("list", list_runs, "all runs, the newest first", run_id=False)
    listing.add_argument("--out", type=Path, help="write the whole log as CSV")
    add("show", show_run, "one run: settings, numbers, result")
    comparing = add("compare", compare_runs, "what differs between runs, and their numbers", run_id=False)
    comparing.add_argument("run_ids", nargs="+", metavar="RUN")
    promoting = add("promote", promote_run, "make a run's model the default for a mission")
    promoting.add_argument("--mission", help="which (default: the one it was made for)")
    promoting.add_argument("--undo", action="store_true", help="go back to the shipped models instead")
    add("cancel", cancel_run, "stop a run; its best epoch is kept")
    add("resume", resume_run, "go on with a run that was broken off")
    add("finish", finish_run, "make a model of the best epoch of a run that was broken off")
    rerun = add("rerun", repeat_run, "the same settings and seed once more")
    rerun.add_argument("--name", help="the new run's (default: the old one with a number)")
    noting = add("note", annotate_run, "write a note on a run")
    noting.add_argument("text")
    deleting = add("delete", delete_run, "remove a run with its model")
    deleting.add_argument("--yes", action="store_true", help="do not ask")


def list_runs(options: argparse.Namespace) -> int:
    """List all runs, the newest first.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments.

    Returns
    -------
    int
        The exit status, 0.
    """
    from astroseq_core.training.runs import results
    from astroseq_core.training.runs.queue import RUNS

    runs, damaged = RUNS.read_all()
    rows = results.log_rows(runs) + [results.damaged_row(one) for one in damaged]
    if options.out:
        results.write_csv(rows, options.out)
    if options.json:
        sys.stdout.write(json.dumps(rows, default=str) + "\n")
    elif rows:
        _print_table(rows, LIST_COLUMNS)
        # below the table, whose rows would grow too long
        problems = [f"{one.job_id}: damaged: {one.problem}" for one in damaged]
        problems += [f"{run.job_id}: {sentence}" for run in runs for sentence in run.warnings]
        problems += [
            f"{row['run']}: {row['problem']}" for run, row in zip(runs, rows, strict=False) if row["problem"] != run.problem
        ]
        sys.stdout.write("".join(f"\n{line}" for line in problems) + ("\n" if problems else ""))
    else:
        sys.stdout.write("There is no run yet; `train --recipe NAME` starts one.\n")
    return 0


def _print_table(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> None:
    from astroseq_core.evaluation.text_tables import UNKNOWN, align_columns

    def text(value: object) -> str:
        if value is None or value == "":
            return UNKNOWN
        return f"{value:.4g}" if isinstance(value, float) else str(value)

    sys.stdout.write(align_columns([list(columns), *([text(row.get(c)) for c in columns] for row in rows)]) + "\n")


def show_run(options: argparse.Namespace) -> int:
    """Show one run: its settings, the metrics of its epochs, and its result.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments.

    Returns
    -------
    int
        The exit status, 0.
    """
    from astroseq_core.jobs.job import JobState
    from astroseq_core.training.runs import results
    from astroseq_core.training.runs.queue import RUNS

    one = RUNS.get(options.run_id)
    row = results.log_rows([one])[0]
    epochs = [e.to_dict() for e in one.epochs]
    if options.json:
        now = one.progress.to_dict() if one.state is JobState.RUNNING else {}
        values = {"row": row, "request": one.request.to_dict(), "epochs": epochs, "now": now, "problem": one.problem}
        sys.stdout.write(json.dumps(values, default=str) + "\n")
        return 0
    _print_table([{"": key, "value": value} for key, value in row.items()], ("", "value"))
    if epochs:
        sys.stdout.write("\n")
        _print_table(epochs, list(epochs[0]))
    message = one.progress.message if one.state is JobState.RUNNING else ""
    lines = (*one.warnings, one.problem, message, one.log_tail(5))
    sys.stdout.write("".join(f"\n{line}" for line in lines if line) + "\n")
    return 0


def compare_runs(options: argparse.Namespace) -> int:
    """Show how the settings of two or more runs differ, and their metrics side by side.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments.

    Returns
    -------
    int
        The exit status, 0.
    """
    from astroseq_core.training.runs import results
    from astroseq_core.training.runs.queue import RUNS

    runs = [RUNS.get(run_id) for run_id in options.run_ids]
    rows, differing = results.log_rows(runs), results.setting_differences(runs)
    if options.json:
        sys.stdout.write(json.dumps({"rows": rows, "differences": differing}, default=str) + "\n")
        return 0
    names = [r.job_id for r in runs]
    _print_table([{"setting": what} | dict(zip(names, values, strict=True)) for what, values in differing], ("setting", *names))
    sys.stdout.write("\n")
    _print_table(rows, LIST_COLUMNS)
    return 0


def promote_run(options: argparse.Namespace) -> int:
    """Make the model of a run the default for a mission; it must have been made for that mission.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments.

    Returns
    -------
    int
        The exit status, 0.
    """
    from astroseq_core.networks import card as cards
    from astroseq_core.training.runs import queue as promoting

    for mission in [options.mission] if options.mission else cards.read(cards.model_folder(options.run_id)).instruments:
        if options.undo:
            promoting.demote(mission)
        else:
            promoting.promote(options.run_id, mission)
        common.print_outcome(options, {"mission": mission, "default": "the shipped models" if options.undo else options.run_id})
    return 0


def cancel_run(options: argparse.Namespace) -> int:
    """Stop a run, or take it out of the queue.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments.

    Returns
    -------
    int
        The exit status, 0.
    """
    from astroseq_core.training.runs.queue import RUNS

    RUNS.cancel(options.run_id)
    return _print_state(options, train.wait_for_run(options.run_id))


def resume_run(options: argparse.Namespace) -> int:
    """Resume an interrupted run after its last epoch.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments.

    Returns
    -------
    int
        The exit status, 0.
    """
    from astroseq_core.training.runs.queue import RUNS

    RUNS.resume(options.run_id)
    return train.print_result(options, train.wait_for_run(options.run_id))


def finish_run(options: argparse.Namespace) -> int:
    """Make a model from the best epoch of an interrupted run.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments.

    Returns
    -------
    int
        The exit status, 0.
    """
    from astroseq_core.training.runs.queue import RUNS

    RUNS.finish(options.run_id)
    return train.print_result(options, train.wait_for_run(options.run_id))


def repeat_run(options: argparse.Namespace) -> int:
    """Run the same settings with the same seed once more.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments.

    Returns
    -------
    int
        The exit status, 0.
    """
    from astroseq_core.training.runs.queue import RUNS

    request = RUNS.get(options.run_id).request
    begun = RUNS.submit(replace(request, name=options.name or request.name))
    return train.print_result(options, train.wait_for_run(begun.job_id))


def annotate_run(options: argparse.Namespace) -> int:
    """Save a note on a run in place of its previous one.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments.

    Returns
    -------
    int
        The exit status, 0.
    """
    from astroseq_core.training.runs.queue import RUNS

    RUNS.annotate(options.run_id, options.text)
    return _print_state(options, RUNS.get(options.run_id))


def delete_run(options: argparse.Namespace) -> int:
    """Delete a run with its model and its numbers, after asking.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments.

    Returns
    -------
    int
        The exit status, 0.
    """
    from astroseq_core.training.runs.queue import RUNS

    entry = RUNS.entries().get(options.run_id)  # of one that cannot be read, too
    folder = entry.folder if entry is not None else RUNS.get(options.run_id).folder
    if not options.yes and input(f"Remove {options.run_id} with all that is in {folder}? [y/N] ").strip().lower() != "y":
        sys.stdout.write("Nothing was removed.\n")
        return 0
    RUNS.delete(options.run_id)
    common.print_outcome(options, {"removed": options.run_id})
    return 0


def _print_state(options: argparse.Namespace, one: "Run") -> int:
    common.print_outcome(options, {"run": one.job_id, "state": str(one.state), "note": one.note})
    return 0
