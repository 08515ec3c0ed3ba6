"""The `export` command: the leaderboard as a table, an ExoFOP draft or reports."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from astroseq_core.cli import common
from astroseq_core.columns import PLANET_SCORE, RANGES, SIGNAL_CLASSES, STAR_SCORE
from astroseq_core.errors import SettingsError
from astroseq_core.export.formats import CSV, EXOFOP, FORMATS, REPORTS
from astroseq_core.type_names import JsonObject

if TYPE_CHECKING:
    from astroseq_core.store.leaderboard_filters import Filters
    from astroseq_core.store.thresholds import ScoreThreshold

YES_NO = ("yes", "no")
#: Words for the scores that thresholds are of.
SCORES = {"planet": PLANET_SCORE, "star": STAR_SCORE}


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command with its arguments to the command line.

    Parameters
    ----------
    subparsers : argparse._SubParsersAction
        The subparsers of the command line.
    """
    parser = subparsers.add_parser(
        "export", help="candidates as a table, an ExoFOP draft, or reports", description=common.description(run)
    )
    parser.add_argument("--format", choices=tuple(FORMATS), default=CSV, help="what to write (default csv)")
    parser.add_argument("--full", action="store_true", help="csv with the adopted ephemeris, disposition, notes and star as well")
    parser.add_argument("--tag", default="", help="the tag of an ExoFOP draft, such as 20260115_name_description_1")
    parser.add_argument("--group", default="", help="the group's name in an ExoFOP draft")
    parser.add_argument("--paper", default="", metavar="URL", help="address of the refereed paper for an ExoFOP draft")
    parser.add_argument("--model", help="whose scores (default: the only model that has scored stars)")
    cut = parser.add_mutually_exclusive_group()
    cut.add_argument("--top", type=common.positive_int, metavar="N", help="the N stars with the highest score pass")
    cut.add_argument(
        "--threshold", type=float, metavar="X", help="scores of X and more pass (default: the threshold that was kept)"
    )
    parser.add_argument(
        "--by",
        choices=tuple(SCORES),
        help="the score of --top and --threshold (default: the planet score, or the star score where no star has one)",
    )
    parser.add_argument("--only-passed", action="store_true", help="leave out stars that do not pass")
    parser.add_argument("--mission", help="of stars seen by that mission only")
    parser.add_argument("--text", default="", help="part of a star's or a known object's name")
    parser.add_argument("--known", choices=YES_NO, help="with a known object, or without")
    parser.add_argument("--simulated", choices=YES_NO, help="simulated stars only, or none")
    parser.add_argument("--disposition", default="", help="of the latest disposition; none: stars without one")
    words = f"{', '.join(SIGNAL_CLASSES)}; none: stars without a signal; unsearched: stars that were not searched"
    parser.add_argument("--class", dest="signal_class", default="", help=f"of the best signal's most probable class: {words}")
    for name, about in RANGES.items():
        for end, words in (("min", about.low), ("max", about.high)):
            parser.add_argument(
                f"--{name.replace('_', '-')}-{end}",
                type=common.positive_int if about.is_count else float,
                metavar="N" if about.is_count else "X",
                help=words,
            )
    parser.add_argument("--out", type=Path, help="the file (default: candidates.csv, or what suits the format)")
    parser.set_defaults(run=run)
    common.add_output_options(parser)


def run(options: argparse.Namespace) -> int:
    """Write scored stars as candidates.csv with their provenance beside it.

    The column p_highclass is 1 for stars above the score threshold. With --format the stars are
    written as ECSV or VOTable with units, as a draft of ExoFOP's planet-parameter file (stars with
    a disposition of PC, CP, KP or FP), or as a zip of reports.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments.

    Returns
    -------
    int
        The exit status: 1 if the draft has faults or no report could be made, else 0.

    Raises
    ------
    SettingsError
        If options contradict each other, or no model or star is selected.
    """
    if options.format != CSV and options.full:
        raise SettingsError("--full is for csv alone; the other tables have all columns.")
    if options.format != EXOFOP and (options.tag or options.group or options.paper):
        raise SettingsError("--tag, --group and --paper are for --format exofop.")
    filters = _leaderboard_filters(options)
    threshold = _score_threshold(options, filters)
    if options.format == CSV and not options.full:
        return _write_csv(options, filters, threshold)
    return {EXOFOP: _write_exofop, REPORTS: _write_reports}.get(options.format, _write_table)(options, filters, threshold)


def _output_path(options: argparse.Namespace) -> Path:
    return options.out or Path(FORMATS[options.format].file_name)


def _write_csv(options: argparse.Namespace, filters: "Filters", threshold: "ScoreThreshold | None") -> int:
    from astroseq_core.export import candidates

    out = _output_path(options)
    found = candidates.write(out, candidates.ranked_rows(filters), threshold, asdict(filters), only_passed=options.only_passed)
    about = {"candidates": str(out), "provenance": str(candidates.provenance_path(out))}
    common.print_outcome(options, about | _selection_values(filters, threshold) | found["counts"])
    return 0


def _write_table(options: argparse.Namespace, filters: "Filters", threshold: "ScoreThreshold | None") -> int:
    from astroseq_core.export import formats, records, tables

    found = records.select_records(
        filters, threshold, only_passed=options.only_passed, stellar_of=records.catalog_stellar_lookup()
    )
    about = tables.make_provenance(found, threshold, asdict(filters))
    formats.write(_output_path(options), found, options.format, about)
    common.print_outcome(
        options, {"candidates": str(_output_path(options))} | _selection_values(filters, threshold) | about["counts"]
    )
    return 0


def _write_exofop(options: argparse.Namespace, filters: "Filters", threshold: "ScoreThreshold | None") -> int:
    from astroseq_core.export import exofop, exofop_file, records
    from astroseq_core.io import files

    out = options.out or _free_file_name()
    earlier = exofop_file.earlier_rows(_earlier_drafts(out))
    found = records.select_records(filters, threshold, only_passed=options.only_passed)
    good, left = exofop.select_exportable(found, earlier=earlier)
    for one in left:
        if options.verbose:
            common.print_error(f"{one.star_id} is left out: {one.reason}.")
    text = exofop.draft_text(good, options.tag, options.group, options.paper, earlier=earlier)
    for problem in (problems := exofop_file.validate(text)):
        common.print_error(str(problem))
    files.write_text_atomically(out, text)
    sentence = {"draft": str(out), "rows": len(good), "left_out": len(left), "problems": len(problems)}
    common.print_outcome(options, sentence | _selection_values(filters, threshold))
    return 1 if problems else 0


def _earlier_drafts(out: Path) -> list[str]:
    """Return the texts of the other drafts in the folder of a new one: their numbers are taken."""
    from astroseq_core.paths import MAX_TABLE_BYTES, read_file

    paths = sorted(path for path in out.parent.glob("params_planet_*.txt") if path.name != out.name)
    return [read_file(path, MAX_TABLE_BYTES).decode("ascii", "replace") for path in paths]


def _free_file_name() -> Path:
    """Return the first of today's file names that is not taken in this folder."""
    from astroseq_core.export import exofop_file

    number = next((n for n in range(1, 1000) if not Path(exofop_file.file_name(n)).exists()), 1000)
    return Path(exofop_file.file_name(number))


def _write_reports(options: argparse.Namespace, filters: "Filters", threshold: "ScoreThreshold | None") -> int:
    from astroseq_core.export import bundle, records, tables
    from astroseq_core.store import leaderboard
    from astroseq_core.surveys import links

    found = records.select_records(filters, threshold, only_passed=options.only_passed)
    if not found:
        raise SettingsError("No star is like that; widen the filters.")
    rows = leaderboard.load_targets((r.star_id for r in found), filters.model_id)
    where = {row.target_id: location for row in rows if (location := links.star_location(row)) is not None}
    made = bundle.write(
        _output_path(options),
        found,
        where,
        about=tables.make_provenance(found, threshold, asdict(filters)),
        progress=lambda done, in_all: common.show_progress(f"{done} of {in_all} reports"),
    )
    common.end_progress()
    for one in made.failed:
        common.print_error(f"{one.star_id}: {one.reason}")
    text = {"zip": str(made.path), "reports": len(made.reports), "failed": len(made.failed)}
    common.print_outcome(options, text | _selection_values(filters, threshold))
    return 0 if made.reports else 1


def _selection_values(filters: "Filters", threshold: "ScoreThreshold | None") -> JsonObject:
    chosen = {} if threshold is None else {"by": threshold.score}
    return {"model": filters.model_id, "threshold": None if threshold is None else threshold.threshold} | chosen


def _leaderboard_filters(options: argparse.Namespace) -> "Filters":
    from astroseq_core import missions
    from astroseq_core.store.leaderboard_filters import Filters

    return Filters(
        model_id=_model_id(options.model),
        seen_as=missions.mission_by_name(options.mission).name if options.mission else "",
        text=options.text,
        simulated=_yes_no(options.simulated),
        known=_yes_no(options.known),
        disposition=options.disposition,
        signal_class=options.signal_class,
        scored=True,
        **{f"{name}_{end}": getattr(options, f"{name}_{end}") for name in RANGES for end in ("min", "max")},
    )


def _model_id(named: str | None) -> str:
    """Return the selected model; it must have scored stars, and be named if several have."""
    from astroseq_core.store import leaderboard

    scored = [m.model_id for m in leaderboard.list_models() if m.num_scored]
    if named is not None and named in scored:
        return named
    if not scored:
        raise SettingsError("No star was scored yet; carry out a survey first.")
    words = f"Models that have scored stars: {', '.join(scored)}"
    if named is not None:
        raise SettingsError(f"'{named}' has scored no star here. {words}.")
    if len(scored) > 1:
        raise SettingsError(f"{words}; name one with --model.")
    return scored[0]


def _score_threshold(options: argparse.Namespace, filters: "Filters") -> "ScoreThreshold | None":
    """Return the given score threshold, else the one saved for the model, None without any."""
    from astroseq_core.store import leaderboard, thresholds
    from astroseq_core.store.thresholds import ScoreThreshold

    score = SCORES[options.by] if options.by else leaderboard.ranking_score(filters)
    if options.threshold is not None:
        return ScoreThreshold(filters.model_id, options.threshold, score=score)
    if options.top is not None:
        lowest = leaderboard.threshold_for_count(filters, options.top, score)
        if lowest is None:
            raise SettingsError("No star is like that; widen the filters.")
        return ScoreThreshold(filters.model_id, lowest, "top", options.top, score=score)
    return thresholds.load(filters.model_id)


def _yes_no(word: str | None) -> bool | None:
    return None if word is None else word == YES_NO[0]
