"""The `report` and `validate-exofop` commands."""

import argparse
from pathlib import Path

from astroseq_core.cli import common
from astroseq_core.errors import AstroSeqError

#: The same as exports.report.FORMATS, repeated here so that the parser need not import that module.
REPORT_FORMATS = ("pdf", "png", "html")


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command with its arguments to the command line.

    Parameters
    ----------
    subparsers : argparse._SubParsersAction
        The subparsers of the command line.
    """
    parser = subparsers.add_parser("report", help="a report of each star, a page a signal", description=common.description(run))
    parser.add_argument("stars", nargs="+", metavar="STAR", help="SIM 1, TIC 261136679, TOI 700, Kepler-90, ...")
    parser.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="the folder to write into (default: this one)")
    parser.add_argument("--format", choices=REPORT_FORMATS, default=REPORT_FORMATS[0], help="default pdf")
    parser.add_argument("--lightcurves", type=Path, metavar="DIR", help="folder of light curves (default: the cache)")
    parser.add_argument("--ephemerides", type=Path, metavar="CSV", help="published signals (default: the catalogs here)")
    parser.add_argument("--model", default="", help="whose scores (default: the newest)")
    parser.add_argument("--mission", help="the mission of bare numbers")
    parser.set_defaults(run=run)
    common.add_output_options(parser)


def run(options: argparse.Namespace) -> int:
    """Write a report of each star: light curve, class, folds, checks, disposition and provenance.

    Each signal of catalogs, of people and of the last survey has a page; a PNG has the first one. The
    first is the adopted one, else a catalog's, else the best fold of saved scores. Nothing is scored.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments.

    Returns
    -------
    int
        The exit status: 0 if every report was written, 1 if any was not; the count of both is printed.
    """
    from astroseq_core.export.report import report
    from astroseq_core.scoring.star_source import Source

    files: list[str] = []
    failed = 0
    for name in options.stars:
        common.show_progress(f"{len(files) + failed} of {len(options.stars)} reports")
        try:
            target = common.resolve_target(name, options.mission)
            location = {"target": target.id, "model": options.model}
            if options.lightcurves is not None:
                location |= {"source": Source.FOLDER.address_word, "folder": str(options.lightcurves)}
            if options.ephemerides is not None:
                location |= {"ephemerides": str(options.ephemerides)}
            star = report.build_report(target.id, location, each_signal=options.format != report.PNG)
            files.append(str(report.write(options.out, star, options.format)))
        except AstroSeqError as error:
            failed += 1
            common.end_progress()
            common.print_error(f"{name}: {error}")
    common.print_outcome(options, {"reports": len(files), "failed": failed, "files": files})
    return 1 if failed else 0
