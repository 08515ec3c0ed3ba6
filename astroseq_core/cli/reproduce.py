"""The `reproduce` command: repeat the published experiments, and write one page of theirs beside ours."""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from astroseq_core.cli import common
from astroseq_core.errors import AstroSeqError, SettingsError

if TYPE_CHECKING:
    from astroseq_core.evaluation.comparison import OurResult
    from astroseq_core.evaluation.published import PublishedRun
    from astroseq_core.training.recipes import Recipe
    from astroseq_core.training.reproduce import ReproductionData, Trial

PAGE_NAME, TABLE_NAME, RUNS_NAME = "reproduced.md", "reproduced.csv", "runs"


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command with its arguments to the command line.

    Parameters
    ----------
    subparsers : argparse._SubParsersAction
        The subparsers of the command line.
    """
    parser = subparsers.add_parser("reproduce", help="repeat the published experiments", description=common.description(run))
    parser.add_argument("runs", nargs="*", metavar="RUN", help="published runs by name (default: all; --list names them)")
    parser.add_argument("--list", action="store_true", help="list the published runs with what their sources state, and end")
    parser.add_argument(
        "--data", type=Path, help="folder of real light curves, in its folders lc and lc_binned if there are such"
    )
    parser.add_argument("--ephemerides", type=Path, help="table of published signals (default: ephemerides.csv in --data)")
    parser.add_argument("--exclude", type=Path, help="text file of stars to leave out, one target a line")
    parser.add_argument("--out", type=Path, help=f"folder for {PAGE_NAME}, {TABLE_NAME} and the training runs")
    parser.add_argument("--simulated", action="store_true", help="add simulated stars; every row then says so")
    parser.add_argument("--limit-stars", type=common.positive_int, metavar="N", help="for a trial: most real stars of a recipe")
    parser.add_argument("--limit-epochs", type=common.positive_int, metavar="N", help="for a trial: most epochs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=common.positive_int, default=2, help="processes that prepare stars (default 2)")
    parser.set_defaults(run=run)
    common.add_output_options(parser)


def run(options: argparse.Namespace) -> int:
    """Repeat published experiments on real light curves, and write a page of their figures beside ours.

    Each recipe is one training run in a folder of its own below --out, which the Train page shows, too.
    The page is written anew after each, and says what the stars at hand cannot reproduce. The same
    command goes on where it was stopped: finished runs are kept, and an unfinished one goes on after its
    last epoch (that of a CNN+LSTM, which takes minutes, from its beginning).

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments.

    Returns
    -------
    int
        The exit status: 0, or 1 if no recipe could be run.

    Raises
    ------
    SettingsError
        If an option is missing, a run is unknown, --out holds runs of other settings, or it is interrupted.
    """
    from astroseq_core.evaluation.published import published_run, published_runs
    from astroseq_core.training.reproduce import ReproductionData, Trial, recipes_of

    runs = tuple(map(published_run, options.runs)) or published_runs()
    if options.list:
        lines = (f"{one.name}\t{', '.join(one.recipes)}\t{one.stated}\n" for one in runs)
        sys.stdout.write("".join(lines))
        return 0
    if options.data is None or options.out is None:
        raise SettingsError("Give --data with a folder of light curves, and --out with a folder for the page and the runs.")
    data = ReproductionData.find(options.data, options.ephemerides, sorted(common.read_star_list(options.exclude)))
    trial = Trial(options.limit_stars, options.limit_epochs, options.simulated)
    recipes = recipes_of(runs, trial)
    found: dict[str, tuple[OurResult, ...]] = {}
    for number, recipe in enumerate(recipes, start=1):
        common.print_error(f"{recipe.name} ({number} of {len(recipes)})")
        found[recipe.name] = _repeat(recipe, data, trial, options)
        _write_page(runs, found, recipes, data, trial, options)
    measured = sum(any(one.reports for one in each) for each in found.values())
    page = {"page": str(options.out / PAGE_NAME), "table": str(options.out / TABLE_NAME)}
    common.print_outcome(options, {"recipes": len(recipes), "measured": measured, **page})
    return 0 if measured else 1


def _repeat(recipe: "Recipe", data: "ReproductionData", trial: "Trial", options: argparse.Namespace) -> "tuple[OurResult, ...]":
    """Carry out one recipe, or say why it cannot be."""
    from astroseq_core.cli.train import termination, wait_for_run
    from astroseq_core.evaluation.comparison import OurResult
    from astroseq_core.training.reproduce import begin_or_resume, make_request, missing_stars
    from astroseq_core.training.reproduced import our_results
    from astroseq_core.training.runs.queue import RUNS

    folder = options.out / RUNS_NAME / f"{options.out.resolve().name}-{recipe.name}"
    request = make_request(recipe, data, folder.name, options.seed, options.workers)
    try:
        why = missing_stars(request)
    except AstroSeqError as error:
        why = f"Not run: {error}"
    if why:
        common.print_error(why)
        return (OurResult(recipe.name, not_reproduced=(why, *trial.sentences(recipe))),)
    with termination() as is_stopped:
        begun = begin_or_resume(request, folder)
        if not begun.is_active:
            return our_results(begun, trial)
        try:
            return our_results(wait_for_run(begun.job_id, is_stopped), trial)
        except KeyboardInterrupt:
            RUNS.cancel(begun.job_id)
            raise SettingsError(f"Stopped in {recipe.name}; the same command goes on from there.") from None


def _write_page(
    runs: "Sequence[PublishedRun]",
    found: "Mapping[str, tuple[OurResult, ...]]",
    recipes: "Sequence[Recipe]",
    data: "ReproductionData",
    trial: "Trial",
    options: argparse.Namespace,
) -> None:
    """Write the page and the table of what is done so far."""
    from astroseq_core.evaluation.comparison import CSV_COLUMNS, OurResult, csv_rows, format_page
    from astroseq_core.io import files
    from astroseq_core.training.reproduced import with_sentences

    def results_of(run: "PublishedRun") -> "Iterator[OurResult]":
        for name in run.recipes:
            for one in found.get(name) or (OurResult(name, not_reproduced=("Not run yet.",)),):
                yield with_sentences(run, one)

    results = [(run, tuple(results_of(run))) for run in runs]
    files.write_text_atomically(options.out / PAGE_NAME, format_page(results, _about(recipes, found, data, trial, options)))
    with files.TableWriter(options.out / TABLE_NAME, CSV_COLUMNS) as table:
        table.write(row for run, each in results for ours in each for row in csv_rows(run, ours))


def _about(
    recipes: "Sequence[Recipe]",
    found: "Mapping[str, tuple[OurResult, ...]]",
    data: "ReproductionData",
    trial: "Trial",
    options: argparse.Namespace,
) -> list[str]:
    """Return the paragraphs at the beginning of the page."""
    from astroseq_core import __version__

    left_out = f", without {len(data.exclude)} stars named by --exclude" if data.exclude else ""
    about = [
        "Figures as their sources state them, and ours on the light curves at hand. Each recipe was run once; the epoch that is "
        "kept and every threshold were chosen on other stars than the test stars, which were looked at once. "
        "Brackets hold 95 % intervals from resampling stars. A dash is a figure that is not stated, or was not measured.",
        f"AstroSeq {__version__}, seed {options.seed}, light curves in `{data.native.name}` and `{data.binned.name}`{left_out}, "
        f"labels by the ephemerides in `{data.ephemerides.name}`. Done: {len(found)} of {len(recipes)} recipes.",
        "Probabilities are the networks' own, as in the sources; precision, recall, F1, accuracy and predicted-positive rate are "
        "at 0.5. Those of the CNN+LSTM and the Isolation Forest are calibrated on stars apart from the test stars, and have the "
        "threshold of the best F1 there. The file progress.jsonl of each run has predicted-positive rate and binary accuracy of "
        "training and validation after every epoch.",
    ]
    if trial.simulated:
        about.append("**Simulated stars were added.** Rows say whether their test stars are real or simulated.")
    if trial.max_stars is not None or trial.max_epochs is not None:
        about.append("**This is a trial** with few stars or epochs: its figures say nothing about the recipes.")
    return about
