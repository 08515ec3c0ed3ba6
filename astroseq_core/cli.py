"""The command line: ``python -m astroseq_core COMMAND``."""

import argparse
import contextlib
import json
import logging
import math
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from astroseq_core import __version__, missions, targets
from astroseq_core.errors import AstroSeqError, SettingsError, TargetError
from astroseq_core.targets import Target


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

    fetch = commands.add_parser("fetch", help="download light curves into the cache", description=_fetch.__doc__)
    fetch.add_argument("what", nargs="*", metavar="TARGET", help="TIC 261136679, KIC 11446443, EPIC 201367065, TOI 700, WASP-18")
    fetch.add_argument("--targets-file", type=Path, help="CSV with target_id")
    fetch.add_argument("--mission", help="Kepler, K2 or TESS: whose catalogue a bare number is from")
    fetch.add_argument("--author", help="such as SPOC, QLP, EVEREST, K2SFF, or any (default: the mission's usual one)")
    fetch.add_argument("--exptime", type=float, metavar="SECONDS", help="exposure time (default: the author's usual one)")
    fetch.add_argument("--max-observations", type=_positive, metavar="N", help="only the first N observations of each target")
    fetch.add_argument("--workers", type=_positive, default=4, help="downloads at a time (default 4)")
    fetch.add_argument("--list", action="store_true", help="only say what there is: by all authors unless one is named")
    fetch.add_argument("--retry-absent", action="store_true", help="ask again for what the archive did not have")
    fetch.set_defaults(run=_fetch)

    catalog = commands.add_parser("catalog", help="fetch or list the catalogues of ephemerides", description=_catalog.__doc__)
    catalog.add_argument("action", choices=("refresh", "status"))
    catalog.add_argument("--table", action="append", default=[], help="koi, toi, k2 or ps; may be repeated (default: all)")
    catalog.add_argument("--older-than", type=float, metavar="DAYS", help="refresh only what is older (default: of any age)")
    catalog.add_argument("--force", action="store_true", help="take a table even though it lost many rows")
    catalog.set_defaults(run=_catalog)

    cache = commands.add_parser("cache", help="what is cached: status, verify, purge, budget", description=_cache.__doc__)
    actions = cache.add_subparsers(dest="action", required=True, metavar="ACTION")
    status = actions.add_parser("status", help="targets, light curves, sizes, what is absent or failed")
    verify = actions.add_parser("verify", help="read every file and set the damaged aside; exits 1 where there was one")
    purge = actions.add_parser("purge", help="delete what is cached of targets, or everything")
    budget = actions.add_parser("budget", help="say or set how large the cache may grow")
    for command in (status, purge):
        command.add_argument("what", nargs="*", metavar="TARGET", help="such as TIC 261136679 (default: all)")
    budget.add_argument("size", nargs="?", help="such as 20GB or 500MB, or none for no limit; least recently used goes first")
    for command in (status, verify, purge, budget):
        command.set_defaults(run=_cache)

    for command in (score, train, fetch, catalog, status, verify, purge, budget):
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


def _fetch(options: argparse.Namespace) -> int:
    """Download light curves of targets into the cache; what is there and whole is not fetched again."""
    import threading

    from astroseq_core.archive import fetch
    from astroseq_core.lightcurves import local

    names = [*options.what, *(row[0] for row in (local.read_targets_file(options.targets_file) if options.targets_file else ()))]
    if not names:
        raise SettingsError("Name targets, or give --targets-file.")
    stars = [_star(name, options.mission) for name in names]
    if options.list:
        return _list(options, stars)
    stop = threading.Event()
    try:
        report = fetch.fetch(
            stars,
            author=options.author,
            exposure_seconds=options.exptime,
            max_observations=options.max_observations,
            workers=options.workers,
            retry_absent=options.retry_absent,
            progress=lambda p: _progress(f"{p.done} of {p.in_all}, {p.arrived_bytes / 1e6:.1f} MB  {p.last}"),
            cancel=stop,
        )
    except KeyboardInterrupt:
        print_error("Stopped; what had come whole is kept.")
        return 1
    for item in (*report.absent, *report.failed):
        print_error(f"{item.target_id}{item.observation and ', '}{item.observation}: {item.ending}. {item.reason}")
    counts = {
        "whole": len(report.whole),
        "already": len(report.already),
        "absent": len(report.absent),
        "failed": len(report.failed),
    }
    listed = [
        {"target_id": i.target_id, "observation": i.observation, "author": i.author, "exposure_seconds": i.exposure_seconds,
         "ending": str(i.ending), "reason": i.reason}
        for i in report.items
    ] if options.json else []  # fmt: skip
    _outcome(
        options, {**counts, "megabytes": round(report.arrived_bytes / 1e6, 3), **({"items": listed} if options.json else {})}
    )
    return 1 if report.failed or not (report.whole or report.already) else 0


def _list(options: argparse.Namespace, stars: list[Target]) -> int:
    """What the archive has of targets, one line each, without downloading it."""
    from astroseq_core.archive import search

    author = options.author or ("any" if options.exptime is None else None)
    rows = [
        {"target_id": i.target.id, "observation": i.observation, "author": i.author, "exposure_seconds": i.exposure_seconds,
         "size_bytes": i.size_bytes, "file": i.filename}
        for star in stars
        for i in search.search(star, author=author, exposure_seconds=options.exptime)[: options.max_observations]
    ]  # fmt: skip
    if options.json:
        sys.stdout.write(json.dumps({"available": rows}) + "\n")
    for row in () if options.json else rows:
        sys.stdout.write("\t".join(str(value) for value in row.values()) + "\n")
    if not rows:
        print_error("MAST has no such light curve of " + ", ".join(star.id for star in stars) + ".")
    return 0 if rows else 1


def _star(name: str, mission: str | None) -> Target:
    """The target of a name; a bare number is from the mission's catalogue, and any other name is looked up."""
    wanted = None if mission is None else missions.mission(mission)
    if wanted is not None and name.strip().isdecimal():
        return targets.Target(wanted.prefix, name.strip().lstrip("0"))
    with contextlib.suppress(TargetError):  # an identifier needs no catalogue
        star = targets.parse(name)
        if isinstance(star, Target) and wanted in (None, star.mission):
            return star
    from astroseq_core.archive import names

    found = names.resolve(name, wanted)
    for star in (found.target, *found.also):
        if wanted in (None, star.mission):
            return star
    raise SettingsError(f"{found.target} is not known as a star of {mission}; leave --mission out.")


def _catalog(options: argparse.Namespace) -> int:
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
                print_error(result.sentence)
    found = [status for status in snapshots.status() if status.table in wanted]
    if options.json:
        sys.stdout.write(json.dumps({"snapshots": [_snapshot(s, problems.get(s.table, s.problem)) for s in found]}) + "\n")
    else:
        sys.stdout.write("".join(s.sentence + "\n" for s in found))
    return 1 if problems else 0


def _cache(options: argparse.Namespace) -> int:
    """Say what is in the cache of light curves, check it, delete from it, or limit its size."""
    from astroseq_core.lightcurves.cache import LightCurveCache

    cache = LightCurveCache()
    if options.action == "budget":
        return _budget(options, cache)
    if options.action == "verify":
        report = cache.verify()
        _outcome(
            options,
            {"checked": report.checked, "damaged": list(report.damaged), "missing": list(report.missing),
             "adopted": list(report.adopted), "leftovers": report.leftovers},
        )  # fmt: skip
        return 0 if report.is_sound else 1
    stars = [_star(name, None) for name in options.what]
    if options.action == "purge":
        freed = sum(cache.purge(star) for star in stars) if stars else cache.purge()
        _outcome(options, {"targets": [star.id for star in stars] or "all", "freed_bytes": freed})
        return 0
    return _cache_status(options, cache, stars)


def _budget(options: argparse.Namespace, cache: Any) -> int:
    """Set the budget where a size is given; say what it is."""
    gone: tuple[str, ...] = ()
    if options.size is not None:
        cache.set_budget(_bytes(options.size))
        gone = cache.trim()
    _outcome(options, {"budget_bytes": cache.budget_bytes, "size_bytes": cache.size_bytes(), "deleted": list(gone)})
    return 0


def _bytes(text: str) -> int | None:
    """A number of bytes from text such as ``20GB``; None for ``none``; a bare number is of bytes."""
    if text.strip().lower() == "none":
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)b?", text.strip().lower())
    if found is None:
        raise SettingsError(f"'{text}' is no size; write one like 20GB or 500MB, or none for no limit.")
    return round(float(found[1]) * 1000.0 ** " kmgt".index(found[2] or " "))


def _cache_status(options: argparse.Namespace, cache: Any, stars: list[Target]) -> int:
    """What is stored of targets, or of all, and what is remembered as absent or failed."""
    from dataclasses import asdict

    wanted = {star.id for star in stars}

    def of(found: Sequence[Any]) -> list[dict[str, Any]]:
        return [asdict(item) for item in found if not wanted or item.target_id in wanted]

    listed, absent, failed = of(cache.entries()), of(cache.absences()), of(cache.failures())
    counts = {
        "folder": str(cache.folder), "targets": len({e["target_id"] for e in listed}), "observations": len(listed),
        "size_bytes": sum(e["size_bytes"] for e in listed) if stars else cache.size_bytes(), "budget_bytes": cache.budget_bytes,
    }  # fmt: skip
    if options.json:
        # a file that has just gone has no times
        listed = [{k: None if isinstance(v, float) and math.isnan(v) else v for k, v in e.items()} for e in listed]
        _outcome(options, {**counts, "absent": absent, "failed": failed, "entries": listed})
        return 0
    for e in listed:
        size = f"{e['size_bytes'] / 1e6:.2f} MB"
        sys.stdout.write("\t".join((e["target_id"], e["observation"], e["author"], f"{e['exposure_seconds']} s", size)) + "\n")
    for word, items in (("absent", absent), ("failed", failed)):
        sys.stdout.write("".join(f"{i['target_id']}\t{i['what']}\t{word}: {i['reason']}\n" for i in items))
    _outcome(options, {**counts, "absent": len(absent), "failed": len(failed)})
    return 0


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
    _progress(f"{done} of {in_all} tables  {title}")


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
