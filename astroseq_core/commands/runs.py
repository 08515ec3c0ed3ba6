"""``runs``: the log of training runs."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astroseq_core.commands import common, train

if TYPE_CHECKING:
    from astroseq_core.runs.folder import Run

#: What `list` shows of each run.
LISTED = ("run", "state", "mission", "window", "neg:pos", "epochs", "ROC validation", "ROC test", "PR test", "tested on", "notes")


def add_parser(subparsers: Any) -> None:
    """Add the command with its arguments to those of the command line."""
    parser = subparsers.add_parser("runs", help="the log of training runs", description="Training runs: what there is of them.")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def add(name: str, what: Any, words: str, *, run_id: bool = True) -> argparse.ArgumentParser:
        action: argparse.ArgumentParser = actions.add_parser(name, help=words, description=what.__doc__)
        if run_id:
            action.add_argument("run_id", metavar="RUN")
        action.set_defaults(run=what)
        common.add_output(action)
        return action

    listing = add("list", list_runs, "all runs, the newest first", run_id=False)
    listing.add_argument("--out", type=Path, help="write the whole log as CSV")
    add("show", show, "one run: settings, numbers, result")
    comparing = add("compare", compare, "what differs between runs, and their numbers", run_id=False)
    comparing.add_argument("run_ids", nargs="+", metavar="RUN")
    promoting = add("promote", promote, "make a run's model the default for a mission")
    promoting.add_argument("--mission", help="which (default: the one it was made for)")
    promoting.add_argument("--undo", action="store_true", help="go back to the shipped models instead")
    add("cancel", cancel, "stop a run; its best epoch is kept")
    add("resume", resume, "go on with a run that was broken off")
    add("finish", finish, "make a model of the best epoch of a run that was broken off")
    rerun = add("rerun", again, "the same settings and seed once more")
    rerun.add_argument("--name", help="the new run's (default: the old one with a number)")
    noting = add("note", note, "write a note on a run")
    noting.add_argument("text")
    deleting = add("delete", delete, "remove a run with its model")
    deleting.add_argument("--yes", action="store_true", help="do not ask")


def list_runs(options: argparse.Namespace) -> int:
    """All runs, the newest first."""
    from astroseq_core.runs import queue, table

    rows = table.log(queue.all_runs())
    if options.out:
        table.write_csv(rows, options.out)
    if options.json:
        sys.stdout.write(json.dumps(rows, default=str) + "\n")
    elif rows:
        _print(rows, LISTED)
    else:
        sys.stdout.write("There is no run yet; `train --recipe NAME` starts one.\n")
    return 0


def _print(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> None:
    from astroseq_core.training.published import UNKNOWN, aligned

    def text(value: Any) -> str:
        if value is None or value == "":
            return UNKNOWN
        return f"{value:.4g}" if isinstance(value, float) else str(value)

    sys.stdout.write(aligned([list(columns), *([text(row.get(c)) for c in columns] for row in rows)]) + "\n")


def show(options: argparse.Namespace) -> int:
    """One run: its settings, the numbers of its epochs, and what it came to."""
    from astroseq_core.background import folder as background
    from astroseq_core.runs import queue, table

    one = queue.get(options.run_id)
    row = table.log([one])[0]
    if options.json:
        values = {"row": row, "request": one.request.to_dict(), "epochs": one.epochs, "now": one.now, "problem": one.problem}
        sys.stdout.write(json.dumps(values, default=str) + "\n")
        return 0
    _print([{"": key, "value": value} for key, value in row.items()], ("", "value"))
    if one.epochs:
        sys.stdout.write("\n")
        _print(one.epochs, list(one.epochs[0]))
    sys.stdout.write(
        "".join(f"\n{line}" for line in (one.problem, one.now.get("words", ""), background.log_tail(one.folder, 5)) if line)
    )
    sys.stdout.write("\n")
    return 0


def compare(options: argparse.Namespace) -> int:
    """What differs between the settings of two or more runs, and their numbers beside each other."""
    from astroseq_core.runs import queue, table

    runs = [queue.get(run_id) for run_id in options.run_ids]
    rows, differing = table.log(runs), table.differences(runs)
    if options.json:
        sys.stdout.write(json.dumps({"rows": rows, "differences": differing}, default=str) + "\n")
        return 0
    names = [r.run_id for r in runs]
    _print([{"setting": what} | dict(zip(names, values, strict=True)) for what, values in differing], ("setting", *names))
    sys.stdout.write("\n")
    _print(rows, LISTED)
    return 0


def promote(options: argparse.Namespace) -> int:
    """Make a run's model, or any other of ours, the default for a mission; a model that was not made for it is refused."""
    from astroseq_core.runs import promote as promoting
    from astroseq_core.scoring import card as cards

    for mission in [options.mission] if options.mission else cards.read(cards.folder_of(options.run_id)).instruments:
        if options.undo:
            promoting.demote(mission)
        else:
            promoting.promote(options.run_id, mission)
        common.outcome(options, {"mission": mission, "default": "the shipped models" if options.undo else options.run_id})
    return 0


def cancel(options: argparse.Namespace) -> int:
    """Stop a run, or take it out of the queue."""
    from astroseq_core.runs import queue

    queue.cancel(options.run_id)
    return _say(options, train.follow(options.run_id))


def resume(options: argparse.Namespace) -> int:
    """Go on with a run that was broken off, after its last epoch."""
    from astroseq_core.runs import queue

    queue.resume(options.run_id)
    return train.report(options, train.follow(options.run_id))


def finish(options: argparse.Namespace) -> int:
    """Make a model of the best epoch of a run that was broken off."""
    from astroseq_core.runs import queue

    queue.finish(options.run_id)
    return train.report(options, train.follow(options.run_id))


def again(options: argparse.Namespace) -> int:
    """Carry out the same settings with the same seed once more."""
    from astroseq_core.runs import queue

    request = queue.get(options.run_id).request
    begun = queue.submit(replace(request, name=options.name or request.name))
    return train.report(options, train.follow(begun.run_id))


def note(options: argparse.Namespace) -> int:
    """Write a note on a run, in place of the one before."""
    from astroseq_core.runs import queue

    queue.annotate(options.run_id, options.text)
    return _say(options, queue.get(options.run_id))


def delete(options: argparse.Namespace) -> int:
    """Remove a run with its model and its numbers, after asking."""
    from astroseq_core.runs import queue

    one = queue.get(options.run_id)
    if not options.yes and input(f"Remove {one.run_id} with all that is in {one.folder}? [y/N] ").strip().lower() != "y":
        sys.stdout.write("Nothing was removed.\n")
        return 0
    queue.delete(options.run_id)
    common.outcome(options, {"removed": one.run_id})
    return 0


def _say(options: argparse.Namespace, one: "Run") -> int:
    common.outcome(options, {"run": one.run_id, "state": str(one.state), "note": one.note})
    return 0
