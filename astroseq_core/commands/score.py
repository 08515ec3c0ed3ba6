"""``score``: segment probabilities and star scores."""

import argparse
from pathlib import Path
from typing import Any

from astroseq_core.commands import common
from astroseq_core.errors import SettingsError


def add_parser(subparsers: Any) -> None:
    """Add the command with its arguments to those of the command line."""
    parser = subparsers.add_parser("score", help="segment probabilities and star scores", description=run.__doc__)
    parser.add_argument(
        "what", nargs="*", metavar="TARGET|PATH", help="SIM 1, a cached target, a light curve or a folder of them"
    )
    parser.add_argument("--targets-file", type=Path, help="CSV with target_id and, optionally, path")
    parser.add_argument("--model", help="a model's id or folder (default: the one that suits each star)")
    parser.add_argument("--out", type=Path, default=Path("scores.csv"))
    parser.add_argument("--segments-out", type=Path, help="also write every segment's probability")
    parser.add_argument(
        "--false-alarm-copies",
        type=common.positive,
        default=0,
        metavar="K",
        help="score K copies of each star that cannot hold its transits, for a false-alarm probability (at least 3)",
    )
    parser.add_argument("--workers", type=common.positive, default=1, help="threads that prepare light curves (default 1)")
    parser.set_defaults(run=run)
    common.add_output(parser)


def run(options: argparse.Namespace) -> int:
    """Score stars: write scores.csv and, if asked for, segments.csv."""
    from contextlib import ExitStack

    from astroseq_core import export
    from astroseq_core.scoring import survey
    from astroseq_core.store import promoted

    if not options.what and options.targets_file is None:
        raise SettingsError("Name targets, light curves or a folder, or give --targets-file.")
    readers = survey.stars_of(options.what, options.targets_file)
    defaults = {} if options.model else promoted.defaults()
    results = survey.score_stars(readers, options.model, options.workers, options.false_alarm_copies, defaults)
    done = failed = segments = 0
    with ExitStack() as stack:
        scores = stack.enter_context(export.TableWriter(options.out, export.SCORES_COLUMNS))
        parts = options.segments_out and stack.enter_context(export.TableWriter(options.segments_out, export.SEGMENTS_COLUMNS))
        for result in results:
            if result.score is None:
                failed += 1
                scores.write([export.failed_row(result.target_id, result.reason)])
                common.print_error(f"{result.target_id}: {result.reason}")
            else:
                done += 1
                scores.write([export.score_row(result.score)])
            for part in result.segments:
                segments += len(part)
                if parts:
                    parts.write(export.segment_rows(part))
            common.progress(f"{done + failed} of {len(readers)} stars, {segments} segments")
    common.outcome(options, {"stars": done, "failed": failed, "segments": segments, "scores": str(options.out)})
    return 0 if done else 1
