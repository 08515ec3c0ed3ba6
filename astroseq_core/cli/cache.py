"""The `cache` command: status, checks, deletion and budget of the light-curve cache."""

import argparse
import math
import re
import sys
from collections.abc import Sequence
from typing import Any

from astroseq_core.cli import common
from astroseq_core.errors import SettingsError
from astroseq_core.targets import Target


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command with its arguments to the command line.

    Parameters
    ----------
    subparsers : argparse._SubParsersAction
        The subparsers of the command line.
    """
    parser = subparsers.add_parser(
        "cache", help="what is cached: status, verify, purge, budget", description=common.description(run)
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    status = actions.add_parser("status", help="targets, light curves, sizes, what is absent or failed")
    verify = actions.add_parser("verify", help="read every file and set the damaged aside; exits 1 where there was one")
    purge = actions.add_parser("purge", help="delete what is cached of targets, or everything")
    budget = actions.add_parser("budget", help="say or set how large the cache may grow")
    for command in (status, purge):
        command.add_argument("what", nargs="*", metavar="TARGET", help="such as TIC 261136679 (default: all)")
    budget.add_argument("size", nargs="?", help="such as 20GB or 500MB, or none for no limit; least recently used goes first")
    for command in (status, verify, purge, budget):
        command.set_defaults(run=run)
        common.add_output_options(command)


def run(options: argparse.Namespace) -> int:
    """Show, check, purge or limit the light-curve cache.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments.

    Returns
    -------
    int
        The exit status: 1 if `verify` found a damaged file, else 0.
    """
    from astroseq_core.io.cache import LightCurveCache

    cache = LightCurveCache()
    if options.action == "budget":
        return _print_budget(options, cache)
    if options.action == "verify":
        report = cache.verify()
        common.print_outcome(
            options,
            {
                "checked": report.checked,
                "damaged": list(report.damaged),
                "missing": list(report.missing),
                "adopted": list(report.adopted),
                "leftovers": report.leftovers,
            },
        )
        return 0 if report.is_sound else 1
    stars = [common.resolve_target(name, None) for name in options.what]
    if options.action == "purge":
        freed = sum(cache.purge(star) for star in stars) if stars else cache.purge()
        common.print_outcome(options, {"targets": [star.id for star in stars] or "all", "freed_bytes": freed})
        return 0
    return _print_status(options, cache, stars)


def _print_budget(options: argparse.Namespace, cache: Any) -> int:
    """Set the budget where a size is given, and print it."""
    gone: tuple[str, ...] = ()
    if options.size is not None:
        cache.set_budget(_parse_size(options.size))
        gone = cache.trim()
    common.print_outcome(options, {"budget_bytes": cache.budget_bytes, "size_bytes": cache.size_bytes(), "deleted": list(gone)})
    return 0


def _parse_size(text: str) -> int | None:
    """Return the number of bytes in text such as `20GB`; None for `none`; a bare number is bytes."""
    if text.strip().lower() == "none":
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)b?", text.strip().lower())
    if found is None:
        raise SettingsError(f"'{text}' is no size; write one like 20GB or 500MB, or none for no limit.")
    return round(float(found[1]) * 1000.0 ** " kmgt".index(found[2] or " "))


def _print_status(options: argparse.Namespace, cache: Any, stars: list[Target]) -> int:
    """Print what is cached of targets, or of all, and what was absent or failed."""
    from dataclasses import asdict

    wanted = {star.id for star in stars}

    def of(found: Sequence[Any]) -> list[dict[str, Any]]:
        return [asdict(item) for item in found if not wanted or item.target_id in wanted]

    damaged = () if stars else cache.damaged()
    listed, absent, failed = of(cache.entries()), of(cache.absences()), of(cache.failures())
    counts = {
        "folder": str(cache.folder),
        "targets": len({e["target_id"] for e in listed}),
        "observations": len(listed),
        "size_bytes": sum(e["size_bytes"] for e in listed) if stars else cache.size_bytes(),
        "budget_bytes": cache.budget_bytes,
    }
    if options.json:
        # A file that has just been deleted has no times.
        listed = [{k: None if isinstance(v, float) and math.isnan(v) else v for k, v in e.items()} for e in listed]
        found = [{"file": file, "problem": problem} for file, problem in damaged]
        common.print_outcome(options, {**counts, "absent": absent, "failed": failed, "damaged": found, "entries": listed})
        return 0
    for e in listed:
        size = f"{e['size_bytes'] / 1e6:.2f} MB"
        sys.stdout.write("\t".join((e["target_id"], e["observation"], e["author"], f"{e['exposure_seconds']} s", size)) + "\n")
    for word, items in (("absent", absent), ("failed", failed)):
        sys.stdout.write("".join(f"{i['target_id']}\t{i['what']}\t{word}: {i['reason']}\n" for i in items))
    sys.stdout.write("".join(f"{file}\tdamaged: {problem}\n" for file, problem in damaged))
    common.print_outcome(options, {**counts, "absent": len(absent), "failed": len(failed), "damaged": len(damaged)})
    return 0
