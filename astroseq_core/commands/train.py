"""``train``: a model by a recipe, with whatever is changed about it."""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astroseq_core.commands import common
from astroseq_core.errors import SettingsError

if TYPE_CHECKING:
    from astroseq_core.runs.folder import Run
    from astroseq_core.runs.request import RunRequest
    from astroseq_core.training.recipes import Recipe

#: How often the run is looked at [s].
LOOK_SECONDS = 0.3
#: Options that change a setting of the recipe's segments, and of the recipe itself.
CUTTING = {"window": int, "stride": int}
SETTINGS = {
    "architecture": str, "loss": str, "neg_pos_ratio": float, "per_star_cap": int, "total_cap": int, "hard_negatives": float,
    "resample": str, "epochs": int, "patience": int, "batch": int, "learning_rate": float, "base_rate": float, "labels": str,
}  # fmt: skip
_HELP = {
    "window": "cadences in a segment", "stride": "cadences between the beginnings of neighbours",
    "hard_negatives": "share of the negatives that are drawn from the most transit-like",
    "resample": "none, oversample or smote", "labels": "injected or published",
}  # fmt: skip


def add_parser(subparsers: Any) -> None:
    """Add the command with its arguments to those of the command line."""
    parser = subparsers.add_parser("train", help="train a model by a recipe", description=run.__doc__)
    parser.add_argument("--recipe", required=True, help="its name; recipes.toml lists them")
    parser.add_argument("--name", help="the run's, and its model's (default: the recipe's with the date)")
    parser.add_argument("--mission", help="cached stars of that mission to learn from, beside simulated ones")
    parser.add_argument(
        "--toi", nargs="*", metavar="DISPOSITION", help="cached stars of the TOI list, of those dispositions or all"
    )
    parser.add_argument("--lightcurves", type=Path, help="folder of light curves to learn from, beside simulated stars")
    explained = "what transits in them: the labels where the recipe takes published ones, else stars not to train on"
    parser.add_argument("--ephemerides", type=Path, help=explained)
    parser.add_argument("--exclude", type=Path, help="text file of further stars not to train on, one target a line")
    parser.add_argument("--verdicts", action="store_true", help="learn from what vetters decided, too")
    for name, kind in {**CUTTING, **SETTINGS}.items():
        names = ["--hard-neg-frac"] if name == "hard_negatives" else [f"--{name.replace('_', '-')}"]
        parser.add_argument(*names, dest=name, type=kind, help=_HELP.get(name, "in place of the recipe's"))
    parser.add_argument("--cadence-minutes", type=float, help="cadence that light curves are binned to; 0: as they are")
    parser.add_argument("--channels", help="what the network sees, with commas between")
    parser.add_argument("--simulated", type=int, help="how many simulated stars of each mission, in place of the recipe's")
    parser.add_argument("--out", type=Path, help="the run's folder (default: a new one among the runs)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=common.positive, default=2, help="processes that prepare stars (default 2)")
    parser.add_argument("--detach", action="store_true", help="put it into the queue and end; `runs show` tells how it goes")
    parser.set_defaults(run=run)
    common.add_output(parser)


def run(options: argparse.Namespace) -> int:
    """Carry out a recipe: prepare its stars, fit, calibrate, judge on kept-out stars, and write the model or the report.

    The run has a process of its own and waits while another run is under way. Interrupting this command cancels it, with the
    best epoch kept; the same command with the same --out, or `runs resume`, goes on.
    """
    from astroseq_core.runs import queue

    begun = _begun_before(_request(options), options.out) or queue.submit(_request(options), options.out)
    if options.detach:
        common.outcome(options, {"run": begun.run_id, "folder": str(begun.folder), "state": str(begun.state)})
        return 0
    try:
        ended = follow(begun.run_id)
    except KeyboardInterrupt:
        queue.cancel(begun.run_id)
        raise
    return report(options, ended)


def _begun_before(request: "RunRequest", out: Path | None) -> "Run | None":
    """The run that this very command began in that folder and that was broken off, put back into the queue."""
    from astroseq_core.background import folder as background
    from astroseq_core.background.folder import State
    from astroseq_core.runs import folder, queue

    if out is None or not (out / background.REQUEST).is_file():
        return None
    before = folder.read(out.expanduser().resolve())
    if before.request != request or before.state not in (State.CANCELLED, State.FAILED):
        return None
    queue.resume(before.run_id)
    return queue.get(before.run_id)


def _request(options: argparse.Namespace) -> "RunRequest":
    from astroseq_core.runs.request import RunRequest
    from astroseq_core.training import recipes

    recipe = _changed(recipes.recipe(options.recipe), options)
    name = options.name or (options.out.name if options.out else f"{options.recipe}-{time.strftime('%Y%m%d')}")
    return RunRequest(
        name=name, recipe=recipe, stars=_stars(options), seed=options.seed, workers=options.workers, verdicts=options.verdicts
    )


def _changed(recipe: "Recipe", options: argparse.Namespace) -> "Recipe":
    """The recipe with what the options say in place of its own."""
    cutting = {name: getattr(options, name) for name in CUTTING if getattr(options, name) is not None}
    if options.window is not None and options.stride is None:
        cutting["stride"] = max(1, options.window // 4)
    if options.channels:
        cutting["channels"] = tuple(c.strip() for c in options.channels.split(",") if c.strip())
    settings = {name: getattr(options, name) for name in SETTINGS if getattr(options, name) is not None}
    if options.cadence_minutes is not None:
        settings["preparation"] = replace(recipe.preparation, cadence_minutes=options.cadence_minutes or None)
    if options.simulated is not None:
        settings["simulated"] = dict.fromkeys(recipe.simulated or recipe.instruments, options.simulated)
    return replace(recipe, cutting=replace(recipe.cutting, **cutting), **settings)


def _stars(options: argparse.Namespace) -> Any:
    from astroseq_core import missions
    from astroseq_core.training.choice import StarChoice

    given = [n for n in ("lightcurves", "mission", "toi") if getattr(options, n) is not None]
    if len(given) > 1:
        raise SettingsError(f"Give only one of {', '.join('--' + n for n in given)}.")
    exclude = tuple(sorted(common.star_list(options.exclude)))
    if options.lightcurves is not None:
        table = "" if options.ephemerides is None else str(options.ephemerides.resolve())
        return StarChoice("folder", folder=str(options.lightcurves.resolve()), ephemerides=table, exclude=exclude)
    if options.mission is not None:
        return StarChoice("cache", mission=missions.mission(options.mission).name, exclude=exclude)
    if options.toi is not None:
        return StarChoice("toi", dispositions=tuple(options.toi), exclude=exclude)
    return StarChoice(exclude=exclude)


def follow(run_id: str) -> "Run":
    """The run when it has ended; every epoch is a line on standard error."""
    from astroseq_core.background.folder import State
    from astroseq_core.runs import queue

    said = 0
    while True:
        now = queue.get(run_id)
        for numbers in now.epochs[said:]:
            common.end_progress()
            common.print_error(" ".join(f"{name} {value}" for name, value in numbers.items()))
        said = len(now.epochs)
        if now.state not in (State.QUEUED, State.RUNNING):
            return now
        queue.advance()
        common.progress(str(now.now.get("words", "waiting for the run before" if now.state is State.QUEUED else "starting")))
        time.sleep(LOOK_SECONDS)


def report(options: argparse.Namespace, ended: "Run") -> int:
    """Say what came of a run that has ended; the command's exit status."""
    from astroseq_core.background.folder import State
    from astroseq_core.runs import result
    from astroseq_core.training import published

    if ended.state is not State.DONE:
        raise SettingsError(ended.problem or f"{ended.run_id} was cancelled; `runs resume {ended.run_id}` goes on.")
    found = result.load(ended)
    if not options.json and found is not None:
        sys.stdout.write(published.compare(found.rows, [ended.request.recipe.name] * len(found.rows)) + "\n")
    values = {"run": ended.run_id, "recipe": ended.request.recipe.name, "folder": str(ended.folder)}
    common.outcome(options, {**values, "metrics": ended.result.get("reports", [])})
    return 0
