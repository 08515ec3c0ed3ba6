"""The `train` command: train a model by a recipe, with options that replace its settings."""

import argparse
import contextlib
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astroseq_core.cli import common
from astroseq_core.errors import SettingsError

if TYPE_CHECKING:
    from astroseq_core.training.recipes import Recipe
    from astroseq_core.training.runs.queue import Run
    from astroseq_core.training.runs.request import RunRequest

#: Time between two looks at the run [s].
POLL_SECONDS = 0.3
#: Signals by which the system, or a terminal that is closed, asks a command to end.
TERMINATION_SIGNALS = ("SIGTERM", "SIGHUP")
#: Options that replace settings of the recipe's segments, and of the recipe itself.
SEGMENT_OPTIONS = {"window": int, "stride": int}
RECIPE_OPTIONS: dict[str, Callable[[str], Any]] = {
    "architecture": str,
    "loss": str,
    "neg_pos_ratio": common.or_none(float),
    "per_star_cap": common.or_none(int),
    "total_cap": common.or_none(int),
    "max_hosts": common.or_none(int),
    "max_quiet": common.or_none(int),
    "hard_negatives": float,
    "resample": str,
    "epochs": int,
    "max_steps": common.or_none(int),
    "patience": int,
    "batch": int,
    "learning_rate": float,
    "base_rate": float,
    "labels": str,
    "schedule": str,
}
#: Recipes of classifiers of signals, which learn from folded views and train at once.
SIGNAL_RECIPES = ("signals-tess", "signals-kepler")
_VIEW_FILES = ("other_views", "more_views", "more_other_views")
_OPTION_HELP = {
    "window": "cadences in a segment",
    "stride": "cadences between the beginnings of neighbors",
    "hard_negatives": "share of the negatives that are drawn from the most transit-like",
    "neg_pos_ratio": "negatives for each positive, or none for all",
    "per_star_cap": "most segments of each label of a star, or none for no cap",
    "total_cap": "most segments in all, or none for no cap",
    "max_hosts": "most real stars with published transits, or none for all",
    "max_quiet": "most real stars without published transits, or none for all",
    "max_steps": "most training steps in all, or none for no limit",
    "resample": "none, oversample or smote",
    "labels": "injected or published",
    "schedule": "cosine, or plateau: until validation says that it is enough",
}


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command with its arguments to the command line.

    Parameters
    ----------
    subparsers : argparse._SubParsersAction
        The subparsers of the command line.
    """
    parser = subparsers.add_parser("train", help="train a model by a recipe", description=common.description(run))
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
    parser.add_argument("--views", type=Path, help="recipes of signals: npz file of labelled folded views to learn from")
    parser.add_argument(
        "--other-views", type=Path, help="recipes of signals: labelled views of the other mission, to learn from too"
    )
    parser.add_argument(
        "--more-views", type=Path, help="recipes of signals: further labelled views of the mission, learned from, not measured on"
    )
    parser.add_argument("--more-other-views", type=Path, help="recipes of signals: the same of the other mission")
    parser.add_argument(
        "--start", help="recipes of signals: folder of an ensemble of the same folds, whose networks are trained further"
    )
    parser.add_argument("--verdicts", action="store_true", help="learn from what vetters decided, too")
    kinds: dict[str, Callable[[str], Any]] = {**SEGMENT_OPTIONS, **RECIPE_OPTIONS}
    for name, kind in kinds.items():
        names = ["--hard-neg-frac"] if name == "hard_negatives" else [f"--{name.replace('_', '-')}"]
        parser.add_argument(*names, dest=name, type=kind, help=_OPTION_HELP.get(name, "in place of the recipe's"))
    parser.add_argument("--cadence-minutes", type=float, help="cadence that light curves are binned to; 0: as they are")
    parser.add_argument("--channels", help="what the network sees, with commas between")
    parser.add_argument("--simulated", type=int, help="how many simulated stars of each mission, in place of the recipe's")
    parser.add_argument("--out", type=Path, help="the run's folder (default: a new one among the runs)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--seeds",
        type=common.positive_int,
        default=1,
        help="networks to train; validation chooses one, the card tells the spread",
    )
    parser.add_argument(
        "--clean-stars",
        type=common.positive_int,
        nargs="?",
        const=3,
        default=0,
        metavar="FOLDS",
        help="leave out stars with unlabeled transits or eclipses, which models that have not seen them find (3 folds; "
        "1: by the signal search alone)",
    )
    parser.add_argument("--workers", type=common.positive_int, default=2, help="processes that prepare stars (default 2)")
    parser.add_argument("--detach", action="store_true", help="put it into the queue and end; `runs show` tells how it goes")
    parser.set_defaults(run=run)
    common.add_output_options(parser)


def run(options: argparse.Namespace) -> int:
    """Train a model: prepare stars, fit, calibrate, evaluate, and write the model and its report.

    The run has a process of its own and waits while another run is active. Interrupting or
    terminating this command cancels the run and keeps its best epoch. The same command with the same --out, or `runs
    resume`, resumes it. The recipes signals-tess and signals-kepler learn from folded views (--views)
    and train within this command; the same command resumes after the last complete network.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments.

    Returns
    -------
    int
        The exit status, 0.

    Raises
    ------
    SettingsError
        If options contradict each other, or the run failed.
    LightCurveError
        If there is no such folder or table.
    """
    from astroseq_core.training.runs.queue import RUNS

    if options.recipe in SIGNAL_RECIPES:
        return _train_signals(options)
    if any(getattr(options, name) is not None for name in ("views", *_VIEW_FILES, "start")):
        raise SettingsError(f"--views goes with the recipes {' and '.join(SIGNAL_RECIPES)}, not with {options.recipe}.")
    request = _run_request(options)
    with termination() as is_stopped:
        begun = _interrupted_run(request, options.out) or RUNS.submit(request, options.out)
        if options.detach:
            common.print_outcome(options, {"run": begun.job_id, "folder": str(begun.folder), "state": str(begun.state)})
            return 0
        try:
            ended = wait_for_run(begun.job_id, is_stopped)
        except KeyboardInterrupt:
            RUNS.cancel(begun.job_id)
            raise
    return print_result(options, ended)


def _train_signals(options: argparse.Namespace) -> int:
    """Train a classifier of signals here and now; the same command goes on after an interruption."""
    from astroseq_core.evaluation.signals import measure_signals
    from astroseq_core.signals.ensemble import load_ensemble
    from astroseq_core.signals.views import read_labelled_views
    from astroseq_core.training.signal_recipe import RECIPES
    from astroseq_core.training.train_signals import train_signals

    if options.views is None or options.out is None:
        raise SettingsError(
            f"{options.recipe} needs --views FILE.npz with labelled views, and --out with a folder for the classifier."
        )
    recipe = RECIPES[options.recipe]
    changed = {
        name: getattr(options, name) for name in ("epochs", "batch", "learning_rate") if getattr(options, name) is not None
    }
    if any(value <= 0 for value in changed.values()):
        raise SettingsError(f"{', '.join(changed)} must be over 0.")
    data = read_labelled_views(options.views)
    paths = {name: getattr(options, name) for name in _VIEW_FILES}
    other, more, more_other = (None if path is None else read_labelled_views(path) for path in paths.values())
    train_signals(
        replace(recipe, **changed),
        data,
        options.out,
        other=other,
        more=more,
        more_other=more_other,
        start=None if options.start is None else load_ensemble(options.start),
        seed=options.seed,
        progress=common.print_error,
    )
    report = measure_signals(data, load_ensemble(str(options.out)))
    if not options.json:
        sys.stdout.write(f"{report}\n")
    common.print_outcome(options, {"recipe": recipe.name, "folder": str(options.out), "metrics": [report.to_dict()]})
    return 0


def _interrupted_run(request: "RunRequest", out: Path | None) -> "Run | None":
    """Return the interrupted run of this very command in that folder, put back into the queue."""
    from astroseq_core.jobs.job import REQUEST_NAME, JobState
    from astroseq_core.jobs.queue import JobEntry
    from astroseq_core.training.runs.queue import RUNS

    if out is None or not (out / REQUEST_NAME).is_file():
        return None
    before = RUNS.read(JobEntry(out.expanduser().resolve()))
    # as plain values: a stride that is left open is written as what it comes to
    if before.request.to_dict() != request.to_dict() or before.state not in (JobState.CANCELLED, JobState.FAILED):
        return None
    RUNS.resume(before.job_id)
    return RUNS.get(before.job_id)


def _run_request(options: argparse.Namespace) -> "RunRequest":
    from astroseq_core.training import recipes
    from astroseq_core.training.runs.request import RunRequest

    recipe = _apply_options(recipes.load_recipe(options.recipe), options)
    name = options.name or (options.out.name if options.out else f"{options.recipe}-{time.strftime('%Y%m%d')}")
    return RunRequest(
        name=name,
        recipe=recipe,
        stars=_star_choice(options),
        seed=options.seed,
        workers=options.workers,
        verdicts=options.verdicts,
        clean_folds=options.clean_stars,
        seeds=options.seeds,
    )


def _apply_options(recipe: "Recipe", options: argparse.Namespace) -> "Recipe":
    """Return the recipe with its settings replaced by the options."""
    segment_config = {name: getattr(options, name) for name in SEGMENT_OPTIONS if getattr(options, name) is not None}
    if options.window is not None and options.stride is None:
        segment_config["stride"] = max(1, options.window // 4)
    if options.channels:
        segment_config["channels"] = tuple(c.strip() for c in options.channels.split(",") if c.strip())
    given = {name: getattr(options, name) for name in RECIPE_OPTIONS if getattr(options, name) is not None}
    settings: dict[str, Any] = {name: None if value is common.NO_LIMIT else value for name, value in given.items()}
    if options.cadence_minutes is not None:
        settings["preparation"] = replace(recipe.preparation, cadence_minutes=options.cadence_minutes or None)
    if options.simulated is not None:
        settings["simulated"] = dict.fromkeys(recipe.simulated or recipe.instruments, options.simulated)
    return replace(recipe, cutting=replace(recipe.cutting, **segment_config), **settings)


def _star_choice(options: argparse.Namespace) -> Any:
    from astroseq_core import missions
    from astroseq_core.training.stars import StarChoice

    given = [n for n in ("lightcurves", "mission", "toi") if getattr(options, n) is not None]
    if len(given) > 1:
        raise SettingsError(f"Give only one of {', '.join('--' + n for n in given)}.")
    exclude = tuple(sorted(common.read_star_list(options.exclude)))
    if options.lightcurves is not None:
        _check_folder(options)
        table = "" if options.ephemerides is None else str(options.ephemerides.resolve())
        return StarChoice("folder", folder=str(options.lightcurves.resolve()), ephemerides=table, exclude=exclude)
    if options.mission is not None:
        return StarChoice("cache", mission=missions.mission_by_name(options.mission).name, exclude=exclude)
    if options.toi is not None:
        return StarChoice("toi", dispositions=tuple(options.toi), exclude=exclude)
    return StarChoice(exclude=exclude)


def _check_folder(options: argparse.Namespace) -> None:
    """Raise if there is no light curve where the options say, or the table cannot be read: a queued run would fail late."""
    from astroseq_core.io import local_files
    from astroseq_core.io.ephemeris_table import read_table

    if not local_files.list_light_curves(options.lightcurves):
        raise SettingsError(f"There is no light curve in {options.lightcurves}; name the folder that holds them.")
    if options.ephemerides is not None:
        read_table(options.ephemerides)


@contextlib.contextmanager
def termination() -> Iterator[Callable[[], bool]]:
    """Yield a function that returns whether the system has asked this command to end.

    The signals are only noted, so that none falls between the start of a run and the moment from which it can be cancelled.

    Yields
    ------
    callable
        Returns whether a signal to end was received.
    """
    asked: list[int] = []
    before = {}
    if threading.current_thread() is threading.main_thread():
        for name in TERMINATION_SIGNALS:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:  # `nohup` lets a hang-up be ignored
                before[number] = signal.signal(number, lambda got, _: asked.append(got))
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def wait_for_run(run_id: str, is_stopped: Callable[[], bool] = lambda: False) -> "Run":
    """Wait for a run to end, and print each epoch as a line on standard error.

    Parameters
    ----------
    run_id : str
        Identifier of the run.
    is_stopped : callable, optional
        Returns whether to wait no longer.

    Returns
    -------
    Run
        The run when it has ended.

    Raises
    ------
    KeyboardInterrupt
        If it is to wait no longer.
    """
    from astroseq_core.jobs.job import JobState
    from astroseq_core.training.runs.queue import RUNS

    printed = 0
    while True:
        found = RUNS.get(run_id)
        for metrics in found.epochs[printed:]:
            common.end_progress()
            common.print_error(" ".join(f"{name} {value}" for name, value in metrics.to_dict().items()))
        printed = len(found.epochs)
        if not found.is_active:
            return found
        if is_stopped():
            raise KeyboardInterrupt
        RUNS.start_next()
        starting = "waiting for the run before" if found.state is JobState.QUEUED else "starting"
        common.show_progress(found.progress.message or starting)
        time.sleep(POLL_SECONDS)


def print_result(options: argparse.Namespace, ended: "Run") -> int:
    """Print the result of a run that has ended.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments.
    ended : Run
        The run.

    Returns
    -------
    int
        The exit status, 0.

    Raises
    ------
    SettingsError
        If the run failed or was cancelled.
    """
    from astroseq_core.evaluation import result_rows
    from astroseq_core.jobs.job import JobState
    from astroseq_core.training.runs import results

    if ended.state is not JobState.DONE:
        raise SettingsError(ended.problem or f"{ended.job_id} was cancelled; `runs resume {ended.job_id}` goes on.")
    found = results.load(ended)
    if not options.json and found is not None:
        sys.stdout.write(result_rows.format_comparison(found.rows, [ended.request.recipe.name] * len(found.rows)) + "\n")
    values = {"run": ended.job_id, "recipe": ended.request.recipe.name, "folder": str(ended.folder)}
    reports = () if found is None else found.reports
    common.print_outcome(options, {**values, "metrics": [report.to_dict() for report in reports]})
    return 0
