"""``catalog``: the catalogues of ephemerides."""

import argparse
import json
import sys
from typing import Any

from astroseq_core.commands import common


def add_parser(subparsers: Any) -> None:
    """Add the command with its arguments to those of the command line."""
    parser = subparsers.add_parser("catalog", help="fetch or list the catalogues of ephemerides", description=run.__doc__)
    parser.add_argument("action", choices=("refresh", "status"))
    parser.add_argument("--table", action="append", default=[], help="koi, toi, k2 or ps; may be repeated (default: all)")
    parser.add_argument("--older-than", type=float, metavar="DAYS", help="refresh only what is older (default: of any age)")
    parser.add_argument("--force", action="store_true", help="take a table even though it lost many rows")
    parser.set_defaults(run=run)
    common.add_output(parser)


def run(options: argparse.Namespace) -> int:
    """Fetch the KOI, TOI, K2 and confirmed-planet tables into dated snapshots, or say which snapshots there are."""
    from datetime import timedelta

    from astroseq_core.archive import refresh, snapshots, tables

    wanted = tuple(dict.fromkeys(tables.table(name).name for name in options.table)) or tuple(tables.TABLES)
    problems: dict[str, str] = {}
    if options.action == "refresh":
        due = wanted
        if options.older_than is not None:
            due = tuple(name for name in refresh.stale(timedelta(days=options.older_than)) if name in wanted)
        for result in refresh.refresh(due, force=options.force, progress=_table_progress) if due else ():
            if result.problem:
                problems[result.status.table] = result.problem
                common.print_error(result.sentence)
    found = [status for status in snapshots.status() if status.table in wanted]
    if options.json:
        sys.stdout.write(json.dumps({"snapshots": [_snapshot(s, problems.get(s.table, s.problem)) for s in found]}) + "\n")
    else:
        sys.stdout.write("".join(s.sentence + "\n" for s in found))
    return 1 if problems else 0


def _snapshot(status: Any, problem: str) -> dict[str, Any]:
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


def _table_progress(title: str, done: int, in_all: int) -> None:
    common.progress(f"{done} of {in_all} tables  {title}")
