"""The command line: ``python -m astroseq_core COMMAND``."""

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from astroseq_core import __version__
from astroseq_core.errors import AstroSeqError, SettingsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 on success, 2 on bad usage, 1 otherwise with one line on standard error."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO if options.verbose else logging.ERROR, format="%(message)s", stream=sys.stderr)
    try:
        return int(options.run(options))
    except AstroSeqError as error:
        print_error(str(error))
        return 1
    except KeyboardInterrupt:
        print_error("Stopped; nothing was written.")
        return 1


def print_error(text: str) -> None:
    """One line on standard error."""
    sys.stderr.write(" ".join(text.split()) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m astroseq_core", description="Transit candidates in light curves.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    score = commands.add_parser("score", help="segment probabilities and star scores", description=_score.__doc__)
    score.add_argument("what", nargs="*", metavar="TARGET|PATH", help="SIM 1, a cached target, a light curve or a folder of them")
    score.add_argument("--targets-file", type=Path, help="CSV with target_id and, optionally, path")
    score.add_argument("--model", help="a model's id or folder (default: the one that suits each star)")
    score.add_argument("--out", type=Path, default=Path("scores.csv"))
    score.add_argument("--segments-out", type=Path, help="also write every segment's probability")
    score.add_argument("--workers", type=_positive, default=1, help="threads that prepare light curves (default 1)")
    score.set_defaults(run=_score)

    train = commands.add_parser("train", help="train a model by a recipe", description=_train.__doc__)
    train.add_argument("--recipe", required=True, help="tess-2min or long-cadence")
    train.add_argument("--lightcurves", type=Path, help="folder of light curves to inject transits into, beside simulated stars")
    train.add_argument("--ephemerides", type=Path, help="table of known signals: its stars are not trained on")
    train.add_argument("--exclude", type=Path, help="text file of further stars not to train on, one target a line")
    train.add_argument("--out", type=Path, required=True, help="the new model's folder")
    train.add_argument("--seed", type=int, default=1)
    train.add_argument("--workers", type=_positive, default=2, help="processes that prepare examples (default 2)")
    train.set_defaults(run=_train)

    for command in (score, train):
        command.add_argument("--json", action="store_true", help="the outcome as one JSON object on standard output")
        command.add_argument("--verbose", action="store_true", help="say more on standard error")
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def _score(options: argparse.Namespace) -> int:
    """Score stars: write scores.csv and, if asked for, segments.csv."""
    from contextlib import ExitStack

    from astroseq_core import export
    from astroseq_core.scoring import survey

    if not options.what and options.targets_file is None:
        raise SettingsError("Name targets, light curves or a folder, or give --targets-file.")
    readers = survey.stars_of(options.what, options.targets_file)
    done = failed = segments = 0
    with ExitStack() as stack:
        scores = stack.enter_context(export.TableWriter(options.out, export.SCORES_COLUMNS))
        parts = options.segments_out and stack.enter_context(export.TableWriter(options.segments_out, export.SEGMENTS_COLUMNS))
        for result in survey.score_stars(readers, options.model, options.workers):
            if result.score is None:
                failed += 1
                scores.write([export.failed_row(result.target_id, result.reason)])
                print_error(f"{result.target_id}: {result.reason}")
            else:
                done += 1
                scores.write([export.score_row(result.score)])
            for part in result.segments:
                segments += len(part)
                if parts:
                    parts.write(export.segment_rows(part))
            _progress(f"{done + failed} of {len(readers)} stars, {segments} segments")
    _outcome(options, {"stars": done, "failed": failed, "segments": segments, "scores": str(options.out)})
    return 0 if done else 1


def _train(options: argparse.Namespace) -> int:
    """Train a model on transits injected into quiet stars, calibrate it, and write its folder with its card."""
    from astroseq_core.ephemeris import read_table
    from astroseq_core.training import recipes, run

    not_these: set[str] = set()
    if options.ephemerides:
        not_these |= {e.target_id for e in read_table(options.ephemerides).ephemerides}
    if options.exclude:
        try:
            not_these |= {line.strip() for line in options.exclude.read_text(encoding="utf-8").splitlines()}
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{options.exclude} cannot be read ({error}).") from error

    def show(numbers: dict[str, Any]) -> None:
        print_error(" ".join(f"{name} {value}" for name, value in numbers.items()))

    card = run.train(
        recipes.recipe(options.recipe),
        options.out,
        lightcurves=options.lightcurves,
        not_these=not_these,
        seed=options.seed,
        workers=options.workers,
        progress=show,
    )
    _outcome(options, {"model": card.model_id, "folder": str(options.out), "metrics": card.metrics})
    return 0


def _progress(text: str) -> None:
    """One line that is written over, only where a person watches."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{text}\033[K")
        sys.stderr.flush()


def _outcome(options: argparse.Namespace, values: dict[str, Any]) -> None:
    """The command's result on standard output."""
    if sys.stderr.isatty():
        sys.stderr.write("\n")
    if options.json:
        sys.stdout.write(json.dumps(values) + "\n")
    else:
        sys.stdout.write(", ".join(f"{name}: {value}" for name, value in values.items() if name != "metrics") + "\n")
