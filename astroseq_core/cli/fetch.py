"""The `fetch` command: download light curves into the cache."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from astroseq_core.cli import common
from astroseq_core.errors import SettingsError
from astroseq_core.targets import Target

if TYPE_CHECKING:
    from astroseq_core.jobs.progress import Progress


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command with its arguments to the command line.

    Parameters
    ----------
    subparsers : argparse._SubParsersAction
        The subparsers of the command line.
    """
    parser = subparsers.add_parser("fetch", help="download light curves into the cache", description=common.description(run))
    parser.add_argument("what", nargs="*", metavar="TARGET", help="TIC 261136679, KIC 11446443, EPIC 201367065, TOI 700, WASP-18")
    parser.add_argument("--targets-file", type=Path, help="CSV with target_id")
    parser.add_argument("--mission", help="Kepler, K2 or TESS: whose catalog a bare number is from")
    parser.add_argument("--author", help="such as SPOC, QLP, EVEREST, K2SFF, or any (default: the mission's usual one)")
    parser.add_argument("--exptime", type=float, metavar="SECONDS", help="exposure time (default: the author's usual one)")
    parser.add_argument(
        "--max-observations", type=common.positive_int, metavar="N", help="only the first N observations of each target"
    )
    parser.add_argument("--workers", type=common.positive_int, default=4, help="downloads at a time (default 4)")
    parser.add_argument("--list", action="store_true", help="only say what there is: by all authors unless one is named")
    parser.add_argument("--retry-absent", action="store_true", help="ask again for what the archive did not have")
    parser.set_defaults(run=run)
    common.add_output_options(parser)


def run(options: argparse.Namespace) -> int:
    """Download light curves of targets into the cache; complete files are not fetched again.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments.

    Returns
    -------
    int
        The exit status: 1 if a download failed or nothing is there, else 0.

    Raises
    ------
    SettingsError
        If no target is named.
    """
    import threading

    from astroseq_core.archive import fetch
    from astroseq_core.io import local_files

    names = [
        *options.what,
        *(row[0] for row in (local_files.read_targets_file(options.targets_file) if options.targets_file else ())),
    ]
    if not names:
        raise SettingsError("Name targets, or give --targets-file.")
    stars = [common.resolve_target(name, options.mission) for name in names]
    if options.list:
        return _print_available(options, stars)
    stop = threading.Event()
    try:
        report = fetch.fetch_light_curves(
            stars,
            author=options.author,
            exposure_seconds=options.exptime,
            max_observations=options.max_observations,
            workers=options.workers,
            retry_absent=options.retry_absent,
            progress=_show_progress,
            cancel=stop,
        )
    except KeyboardInterrupt:
        common.print_error("Stopped; what had come whole is kept.")
        return 1
    for item in (*report.absent, *report.failed):
        common.print_error(f"{item.target_id}{item.observation and ', '}{item.observation}: {item.outcome}. {item.reason}")
    counts = {
        "whole": len(report.downloaded),
        "already": len(report.already_cached),
        "absent": len(report.absent),
        "failed": len(report.failed),
    }
    listed = (
        [
            {
                "target_id": i.target_id,
                "observation": i.observation,
                "author": i.author,
                "exposure_seconds": i.exposure_seconds,
                "ending": str(i.outcome),
                "reason": i.reason,
            }
            for i in report.items
        ]
        if options.json
        else []
    )
    common.print_outcome(
        options, {**counts, "megabytes": round(report.received_bytes / 1e6, 3), **({"items": listed} if options.json else {})}
    )
    return 1 if report.failed or not (report.downloaded or report.already_cached) else 0


def _print_available(options: argparse.Namespace, stars: list[Target]) -> int:
    """Print what the archive has of the targets, one line each, without downloading."""
    from astroseq_core.archive import mast

    author = options.author or ("any" if options.exptime is None else None)
    rows = [
        {
            "target_id": i.target.id,
            "observation": i.observation,
            "author": i.author,
            "exposure_seconds": i.exposure_seconds,
            "size_bytes": i.size_bytes,
            "file": i.filename,
        }
        for star in stars
        for i in mast.search(star, author=author, exposure_seconds=options.exptime)[: options.max_observations]
    ]
    if options.json:
        sys.stdout.write(json.dumps({"available": rows}) + "\n")
    for row in () if options.json else rows:
        sys.stdout.write("\t".join(str(value) for value in row.values()) + "\n")
    if not rows:
        common.print_error("MAST has no such light curve of " + ", ".join(star.id for star in stars) + ".")
    return 0 if rows else 1


def _show_progress(progress: "Progress") -> None:
    from astroseq_core.archive.download import RECEIVED_BYTES

    received_mb = progress.numbers[RECEIVED_BYTES] / 1e6
    common.show_progress(f"{progress.done} of {progress.total}, {received_mb:.1f} MB  {progress.item}")
