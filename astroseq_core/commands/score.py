"""``score``: segment probabilities and star scores."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astroseq_core.commands import common
from astroseq_core.errors import SettingsError

if TYPE_CHECKING:
    from astroseq_core.surveys.choice import SurveyChoice


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
    parser.add_argument("--workers", type=common.positive, default=1, help="what prepares light curves at once (default 1)")
    parser.add_argument("--resume", action="store_true", help="keep scores in the store and pass over what is scored")
    parser.add_argument("--dask", metavar="ADDRESS", help="score on the workers of this Dask scheduler, such as tcp://host:8786")
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
    if options.resume or options.dask:
        return _survey(options)
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


def _survey(options: argparse.Namespace) -> int:
    """Score into the store, where stars that are scored already are passed over, and write scores.csv from there."""
    from astroseq_core import export
    from astroseq_core.store import scores
    from astroseq_core.surveys import sources
    from astroseq_core.surveys.request import DASK, LOCAL, SurveyRequest
    from astroseq_core.surveys.score import score

    for name in ("segments_out", "false_alarm_copies"):
        if getattr(options, name):
            raise SettingsError(f"--{name.replace('_', '-')} needs stars that are scored anew; leave --resume and --dask out.")
    request = SurveyRequest(
        "score", _choice(options), options.model or "", options.workers, engine=DASK if options.dask else LOCAL,
        address=options.dask or "",
    )  # fmt: skip

    def tell(numbers: dict[str, Any]) -> None:
        done = numbers["done"] + numbers["skipped"] + numbers["failed"]
        rate = f"{numbers['stars_per_second']:.2f} stars/s"
        common.progress(f"{done} of {numbers['in_all']} stars, {rate}, {numbers['failed']} failed")

    numbers = score(request, tell)
    written = 0
    with export.TableWriter(options.out, export.SCORES_COLUMNS) as table:
        for star in sources.stars(request.stars):
            rows = [r for r in scores.of_star(star.target_id) if options.model in (None, r.model_id)]
            if rows:
                newest = max(rows, key=lambda r: r.at)
                values = {name: getattr(newest, name) for name in export.SCORES_COLUMNS}
                table.write([export.rounded(values | {"mission": newest.seen_as or newest.mission})])
                written += newest.status == scores.OK
    shown = {name: numbers[name] for name in ("done", "skipped", "failed", "segments", "seconds")}
    common.outcome(options, {"stars": written, **shown, "scores": str(options.out)})
    return 0 if written else 1


def _choice(options: argparse.Namespace) -> "SurveyChoice":
    from astroseq_core.surveys.choice import FOLDER, TARGETS, SurveyChoice

    folders = [name for name in options.what if Path(name).exists()]
    if folders and (len(options.what) > 1 or options.targets_file):
        raise SettingsError("With --resume or --dask give one folder, or targets; list single files in a --targets-file.")
    if folders:
        return SurveyChoice(FOLDER, folder=str(Path(folders[0]).resolve()))
    file = str(options.targets_file.resolve()) if options.targets_file else ""
    return SurveyChoice(TARGETS, targets=tuple(options.what), targets_file=file)
