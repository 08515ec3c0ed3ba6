"""The `catalog` command: snapshots of the ephemeris catalogs."""

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from astroseq_core.cli import common
from astroseq_core.type_names import JsonObject

if TYPE_CHECKING:
    from astroseq_core.jobs.progress import Progress


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command with its arguments to the command line.

    Parameters
    ----------
    subparsers : argparse._SubParsersAction
        The subparsers of the command line.
    """
    parser = subparsers.add_parser(
        "catalog", help="fetch or list the catalogs of ephemerides", description=common.description(run)
    )
    parser.add_argument("action", choices=("refresh", "status"))
    parser.add_argument("--table", action="append", default=[], help="koi, toi, k2 or ps; may be repeated (default: all)")
    parser.add_argument("--older-than", type=float, metavar="DAYS", help="refresh only what is older (default: of any age)")
    parser.add_argument("--force", action="store_true", help="take a table even though it lost many rows")
    parser.set_defaults(run=run)
    common.add_output_options(parser)


def run(options: argparse.Namespace) -> int:
    """Fetch the KOI, TOI, K2 and confirmed-planet tables into dated snapshots, or list these.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments.

    Returns
    -------
    int
        The exit status: 1 if a table could not be fetched, else 0.
    """
    from datetime import timedelta

    from astroseq_core.archive import exoplanet_archive, refresh, snapshots

    wanted = tuple(dict.fromkeys(exoplanet_archive.find_table(name).name for name in options.table)) or tuple(
        exoplanet_archive.CATALOG_TABLES
    )
    problems: dict[str, str] = {}
    if options.action == "refresh":
        due = wanted
        if options.older_than is not None:
            due = tuple(name for name in refresh.stale_tables(timedelta(days=options.older_than)) if name in wanted)
        for result in refresh.refresh_catalogs(due, force=options.force, progress=_show_table_progress) if due else ():
            if result.problem:
                problems[result.status.table] = result.problem
                common.print_error(result.sentence)
    found = [status for status in snapshots.all_statuses() if status.table in wanted]
    if options.json:
        sys.stdout.write(json.dumps({"snapshots": [_snapshot_values(s, problems.get(s.table, s.problem)) for s in found]}) + "\n")
    else:
        sys.stdout.write("".join(s.sentence + "\n" for s in found))
    return 1 if problems else 0


def _snapshot_values(status: Any, problem: str) -> JsonObject:
    return {
        "table": status.table,
        "title": status.title,
        "rows": status.rows,
        "rows_in": status.rows_in,
        "dropped": dict(status.dropped),
        "date": status.date.isoformat() if status.date else None,
        "age_days": round(status.age.total_seconds() / 86400, 3) if status.age is not None else None,
        "source": status.source,
        "problem": problem,
    }


def _show_table_progress(progress: "Progress") -> None:
    common.show_progress(f"{progress.done} of {progress.total} tables  {progress.message}")
