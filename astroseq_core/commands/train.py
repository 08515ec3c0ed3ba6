"""``train``: a model by a recipe."""

import argparse
import sys
from pathlib import Path
from typing import Any

from astroseq_core.commands import common


def add_parser(subparsers: Any) -> None:
    """Add the command with its arguments to those of the command line."""
    parser = subparsers.add_parser("train", help="train a model by a recipe", description=run.__doc__)
    parser.add_argument("--recipe", required=True, help="its name; recipes.toml lists them")
    parser.add_argument("--lightcurves", type=Path, help="folder of light curves to inject transits into, beside simulated stars")
    explained = "what transits in them: the labels where the recipe takes published ones, else stars not to train on"
    parser.add_argument("--ephemerides", type=Path, help=explained)
    parser.add_argument("--exclude", type=Path, help="text file of further stars not to train on, one target a line")
    parser.add_argument("--out", type=Path, required=True, help="the new model's folder")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=common.positive, default=2, help="processes that prepare examples (default 2)")
    parser.set_defaults(run=run)
    common.add_output(parser)


def run(options: argparse.Namespace) -> int:
    """Carry out a recipe: prepare its stars, fit, calibrate, judge on kept-out stars, and write the model or the report.

    What is done is kept until the end: the same command again goes on after the last epoch.
    """
    from astroseq_core.training import published, recipes
    from astroseq_core.training.start import start

    def show(numbers: dict[str, Any]) -> None:
        common.print_error(" ".join(f"{name} {value}" for name, value in numbers.items()))

    outcome = start(
        recipes.recipe(options.recipe),
        options.out,
        lightcurves=options.lightcurves,
        ephemerides=options.ephemerides,
        not_these=common.star_list(options.exclude),
        seed=options.seed,
        workers=options.workers,
        progress=show,
    )
    if not options.json:
        sys.stdout.write(published.compare(outcome.rows, [options.recipe] * len(outcome.rows)) + "\n")
    common.outcome(options, {"recipe": options.recipe, "folder": str(outcome.folder), "metrics": list(outcome.reports)})
    return 0
