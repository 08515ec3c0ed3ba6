"""The `score` command: segment probabilities and star scores."""

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from astroseq_core.cli import common
from astroseq_core.errors import SettingsError, TargetError
from astroseq_core.type_names import JsonObject

if TYPE_CHECKING:
    from astroseq_core.jobs.progress import Progress
    from astroseq_core.scoring.star_source import StarSource
    from astroseq_core.surveys.results import StarResult

#: Name of the table of scores where none is given, and of the table of signals beside it.
SCORES_NAME, SIGNALS_NAME = "scores.csv", "signals.csv"
#: How many products a message names.
NAMED_PRODUCTS = 8


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command with its arguments to the command line.

    Parameters
    ----------
    subparsers : argparse._SubParsersAction
        The subparsers of the command line.
    """
    parser = subparsers.add_parser("score", help="segment probabilities and star scores", description=common.description(run))
    parser.add_argument(
        "what", nargs="*", metavar="TARGET|PATH", help="SIM 1, a cached target, a light curve or a folder of them"
    )
    parser.add_argument("--targets-file", type=Path, help="CSV with target_id and, optionally, path")
    parser.add_argument(
        "--prefer",
        action="append",
        default=[],
        metavar="PRODUCT",
        help="which light curves to take where several cover the same time: an author, a method, an exposure or a file, such as "
        "QLP, 'TASOC ens', '20 s'; where none is, a warning says so and the usual order of docs/files.md is kept",
    )
    parser.add_argument("--model", help="a model's id or folder (default: the one that suits each star)")
    parser.add_argument("--out", type=Path, default=Path(SCORES_NAME), help=f"the table of stars (default: {SCORES_NAME})")
    parser.add_argument(
        "--segments-out",
        type=Path,
        help="also write every segment's probability; with --resume, too, all stars are scored for it",
    )
    parser.add_argument(
        "--signals-out",
        type=Path,
        help=f"the table of the stars' signals (default: {SIGNALS_NAME} beside {SCORES_NAME}, and NAME-{SIGNALS_NAME} beside "
        "another --out NAME.csv)",
    )
    parser.add_argument(
        "--no-signals", action="store_true", help="neither search the light curves for signals nor classify and write them"
    )
    parser.add_argument(
        "--false-alarm-copies",
        type=common.positive_int,
        default=0,
        metavar="K",
        help="score K copies of each star that cannot hold its transits, for a false-alarm probability (at least 3); "
        "with --resume, stars that have one are passed over",
    )
    parser.add_argument("--workers", type=common.positive_int, default=1, help="what prepares light curves at once (default 1)")
    parser.add_argument("--resume", action="store_true", help="keep scores in the store, too, and pass over what is scored there")
    parser.add_argument("--dask", metavar="ADDRESS", help="score on the workers of this Dask scheduler, such as tcp://host:8786")
    parser.set_defaults(run=run)
    common.add_output_options(parser)


def run(options: argparse.Namespace) -> int:
    """Score stars: write scores.csv, signals.csv and, if asked for, segments.csv.

    The rows are in the order of the stars: those named as targets, then those of paths. A star has a
    row in signals.csv for each signal that was found in it, with its class. With
    --resume the scores go into the store as well, and stars that the store has a current score
    and signals of are passed over: their row in scores.csv is the stored one. The store does not keep segments, so
    --segments-out has every star scored, also with --resume. A file that cannot be used has a row
    with its name and the reason; files that are no light curves by their columns, and light curves
    that are left out since a better one covers the same time, are named on standard error.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments.

    Returns
    -------
    int
        The exit status: 0 if at least one star has a score, else 1.

    Raises
    ------
    SettingsError
        If no target is named, there are too few copies for a false-alarm probability, or options contradict each other.
    """
    from contextlib import ExitStack
    from functools import partial
    from itertools import chain

    from astroseq_core.export.score_tables import ScoreFiles
    from astroseq_core.store import runs, scores
    from astroseq_core.surveys import queue, stars
    from astroseq_core.surveys.engine import ScoringSettings
    from astroseq_core.surveys.results import Sink, StoreSink
    from astroseq_core.surveys.work import score_into

    if not options.what and options.targets_file is None:
        raise SettingsError("Name targets, light curves or a folder, or give --targets-file.")
    if options.no_signals and options.signals_out is not None:
        raise SettingsError("--signals-out is where signals are written, and --no-signals leaves them out; give one of the two.")
    signals_out = None if options.no_signals else options.signals_out or signals_path(options.out)
    written = [path.absolute() for path in (options.out, options.segments_out, signals_out) if path is not None]
    if len(set(written)) < len(written):
        raise SettingsError(
            "Two tables would be written into one file; give --out, --segments-out and --signals-out a file each."
        )
    for path in written:
        common.refuse_input_as_output(path, (*options.what, *([options.targets_file] if options.targets_file else [])))
    if options.dask:
        queue.parse_address(options.dask)
    given = _find_stars(options.what, options.targets_file)
    if not given.named and not given.refused:
        raise SettingsError("What was named holds no star and no light curve; name a target, a light curve or a folder of them.")
    settings = ScoringSettings(
        options.model,
        {} if options.model else runs.default_models(),
        options.false_alarm_copies,
        segments=options.segments_out is not None,
        signals=not options.no_signals,
    )

    def report(progress: "Progress") -> None:
        rate = f"{progress.rate or 0.0:.2f} stars/s"
        common.show_progress(f"{progress.handled} of {progress.total} stars, {rate}, {progress.failed} failed")

    with ExitStack() as stack:
        store = stack.enter_context(StoreSink()) if options.resume else None
        files = stack.enter_context(ScoreFiles(options.out, options.segments_out, store.find if store else None, signals_out))
        passed_over = None
        if store and options.segments_out is None:
            wanted = {"with_false_alarms": options.false_alarm_copies > 0, "with_signals": not options.no_signals}
            passed_over = partial(scores.scored_fingerprints, **wanted)
        printer = _RemarkPrinter()
        sinks: list[Sink] = [sink for sink in (store, files, printer) if sink is not None]
        final = score_into(
            sinks,
            chain(stars.resolve_stars(given.named, prefer=options.prefer), given.refused),
            len(given.named) + len(given.refused),
            settings,
            report,
            scored=passed_over,
            workers=options.workers,
            dask_address=options.dask or "",
        )
    printer.print_unmet(options.prefer)
    failed = final.failed + files.num_unread
    outcome: JsonObject = {"stars": files.num_scored, "failed": failed, "segments": final.numbers["segments"]}
    if left_out := files.num_left_out + len(given.others):
        outcome["left_out"] = left_out
    if signals_out is not None:
        outcome |= {"signals": files.num_signals, "signals_out": str(signals_out)}
    if options.resume:
        outcome |= {"done": final.done, "skipped": final.skipped, "seconds": final.numbers["seconds"]}
    common.print_outcome(options, outcome | {"scores": str(options.out)})
    return 0 if files.num_scored else 1


def signals_path(scores: Path) -> Path:
    """Return where the signals are written unless the person says so: a file of its own beside each table of scores.

    Parameters
    ----------
    scores : Path
        The table of scores.

    Returns
    -------
    Path
        The table of signals.

    Examples
    --------
    >>> str(signals_path(Path("scores.csv"))), str(signals_path(Path("other.csv")))
    ('signals.csv', 'other-signals.csv')
    """
    return scores.with_name(SIGNALS_NAME if scores.name == SCORES_NAME else f"{scores.stem}-{SIGNALS_NAME}")


class _RemarkPrinter:
    """Sink that prints one line for each star without a score, and for each file or light curve that is in none."""

    def __init__(self) -> None:
        self._met: set[str] = set()
        self._products: dict[str, None] = {}

    def write(self, result: "StarResult") -> None:
        from astroseq_core.store.scores import OK

        self._met.update(result.remarks.met)
        self._products.update(dict.fromkeys(result.remarks.products))

        if result.row is not None and result.row.status != OK:
            common.print_error(_about(result.target_id, result.row.status))
        for sentence in result.remarks.sentences:
            common.print_error(_about(result.target_id, sentence))

    def print_unmet(self, prefer: list[str]) -> None:
        """Print one line for each preference that no light curve of any star is."""
        names = list(self._products)
        for word in dict.fromkeys(prefer):
            if names and word not in self._met:
                more = f" and {len(names) - NAMED_PRODUCTS} more" if len(names) > NAMED_PRODUCTS else ""
                there = ", ".join(names[:NAMED_PRODUCTS]) + more
                common.print_error(f"None of the light curves is '{word}', so the usual order was kept; there are: {there}.")


def _about(name: str, sentence: str) -> str:
    """Return a sentence with the name of a star or file before it, once: sentences about files begin with the file's name."""
    file_name = Path(name).name
    return name + sentence[len(file_name) :] if sentence.startswith(file_name) else f"{name}: {sentence}"


class _GivenStars(NamedTuple):
    """What is named on the command line.

    Attributes
    ----------
    named : dict of str to list of Path
        Files of each star: first the stars without, named as targets, then the others.
    refused : tuple of StarSource
        Files whose star is not known.
    others : tuple of Path
        Tables in folders that are no light curves by their columns.
    """

    named: dict[str, list[Path]]
    refused: "tuple[StarSource, ...]"
    others: tuple[Path, ...]


def _find_stars(what: list[str], targets_file: Path | None) -> _GivenStars:
    """Return the stars and files that are named; a name that is both a target and a path is taken as a path."""
    from astroseq_core.io import local_files
    from astroseq_core.scoring.star_source import refused_sources

    named: dict[str, list[Path]] = {}
    paths: dict[str, list[Path]] = {}
    files: list[Path] = []
    others: list[Path] = []
    problems: list[str] = []
    for name in what:
        if not name.strip():  # Path("") would be this folder, and a shell's unset variable everything in it.
            raise SettingsError("An empty name was given; name a target, a light curve or a folder (a dot for this one).")
        if Path(name).is_dir():
            found = local_files.list_folder(Path(name))
            files += found.light_curves
            others += found.others
            if found.own:
                common.print_error(found.own_sentence)
        elif local_files.is_target_list(Path(name)):
            problems.append(f"{name} is a list of targets; give it as --targets-file {shlex.quote(name)}.")
        elif Path(name).exists():
            files.append(Path(name))
        else:
            try:
                named[_star_name(name)] = []
            except TargetError as error:
                problems.append(str(error))
    if problems:
        raise TargetError(local_files.join_problems(problems))
    for other in others:
        common.print_error(f"{other} is passed over: it is no light curve by its columns.")
    grouped = local_files.group_by_target(dict.fromkeys(files))
    for target_id, own in grouped.by_target.items():
        paths.setdefault(target_id, []).extend(own)
    for target_id, path in local_files.read_targets_file(targets_file) if targets_file else []:
        if path is None:
            named[target_id] = []
        else:
            paths.setdefault(target_id, []).append(path)
    together: dict[str, list[Path]] = {name: [] for name in named if name not in paths} | paths
    return _GivenStars(together, refused_sources(grouped), tuple(others))


def _star_name(name: str) -> str:
    """Return the identifier that a name on the command line means."""
    from astroseq_core import targets
    from astroseq_core.archive import names

    if "/" in name or name.endswith((".fits", ".npz", ".csv", ".ecsv", ".gz")):
        raise TargetError(f"There is no file or folder {name}.")
    try:
        return targets.parse_star(name).id
    except TargetError:
        try:
            found = names.resolve_name(name, online=False)
        except TargetError:
            found = None
        if found is None or found.signal:
            raise  # a planet's name says no star, and what no catalog has is no name
        return found.target.id
