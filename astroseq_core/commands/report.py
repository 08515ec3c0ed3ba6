"""``report``: a one-page report of each star."""

import argparse
from pathlib import Path
from typing import Any

from astroseq_core.commands import common
from astroseq_core.errors import AstroSeqError

#: As exports.report.FORMATS, which is loaded when it is needed.
FORMATS = ("pdf", "png", "html")


def add_parser(subparsers: Any) -> None:
    """Add the command with its arguments to those of the command line."""
    parser = subparsers.add_parser("report", help="a one-page report of each star", description=run.__doc__)
    parser.add_argument("stars", nargs="+", metavar="STAR", help="SIM 1, TIC 261136679, TOI 700, Kepler-90, ...")
    parser.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="the folder to write into (default: this one)")
    parser.add_argument("--format", choices=FORMATS, default=FORMATS[0], help="default pdf")
    parser.add_argument("--lightcurves", type=Path, metavar="DIR", help="folder of light curves (default: the cache)")
    parser.add_argument("--ephemerides", type=Path, metavar="CSV", help="published signals (default: the catalogues here)")
    parser.add_argument("--model", default="", help="whose scores (default: the newest)")
    parser.add_argument("--mission", help="the mission of bare numbers")
    parser.set_defaults(run=run)
    common.add_output(parser)


def run(options: argparse.Namespace) -> int:
    """Write a one-page report of each star: light curve, folds, checks, verdict, and where all of it is from.

    The ephemeris is the one in hand, else a catalogue's, else the best fold of scores that are kept. Nothing is scored anew.
    """
    from astroseq_core.exports import report

    files: list[str] = []
    failed = 0
    for name in options.stars:
        common.progress(f"{len(files) + failed} of {len(options.stars)} reports")
        try:
            target = common.star(name, options.mission)
            place = {"target": target.id, "model": options.model}
            if options.lightcurves is not None:
                place |= {"source": "files", "folder": str(options.lightcurves)}
            if options.ephemerides is not None:
                place |= {"ephemerides": str(options.ephemerides)}
            files.append(str(report.write(options.out, report.report_of(target.id, place), options.format)))
        except AstroSeqError as error:
            failed += 1
            common.end_progress()
            common.print_error(f"{name}: {error}")
    common.outcome(options, {"reports": len(files), "failed": failed, "files": files})
    return 0 if files else 1
