"""``export``: the candidates of a leaderboard as a table, an ExoFOP draft, or reports."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astroseq_core.commands import common
from astroseq_core.errors import SettingsError

if TYPE_CHECKING:
    from astroseq_core.store.board import Filters
    from astroseq_core.store.flags import Cut

EITHER = ("yes", "no")
#: What can be written, with the name of the file where none is given; ExoFOP names its own.
FORMATS = {
    "csv": "candidates.csv", "ecsv": "candidates.ecsv", "votable": "candidates.vot", "exofop": "", "reports": "reports.zip",
}  # fmt: skip


def add_parser(subparsers: Any) -> None:
    """Add the command with its arguments to those of the command line."""
    parser = subparsers.add_parser("export", help="candidates as a table, an ExoFOP draft, or reports", description=run.__doc__)
    parser.add_argument("--format", choices=tuple(FORMATS), default="csv", help="what to write (default csv)")
    parser.add_argument("--full", action="store_true", help="csv with the ephemeris in hand, verdict, notes and star as well")
    parser.add_argument("--tag", default="", help="the tag of an ExoFOP draft, such as 20260115_name_description_1")
    parser.add_argument("--group", default="", help="the group's name in an ExoFOP draft")
    parser.add_argument("--paper", default="", metavar="URL", help="address of the refereed paper for an ExoFOP draft")
    parser.add_argument("--model", help="whose scores (default: the only model that has scored stars)")
    cut = parser.add_mutually_exclusive_group()
    cut.add_argument("--top", type=common.positive, metavar="N", help="the N highest scores pass")
    cut.add_argument("--threshold", type=float, metavar="X", help="scores of X and more pass (default: the cut that was kept)")
    parser.add_argument("--only-passed", action="store_true", help="leave out stars that do not pass")
    parser.add_argument("--mission", help="of stars seen by that mission only")
    parser.add_argument("--text", default="", help="part of a star's or a known object's name")
    parser.add_argument("--known", choices=EITHER, help="with a known object, or without")
    parser.add_argument("--simulated", choices=EITHER, help="simulated stars only, or none")
    parser.add_argument("--disposition", default="", help="of the latest verdict; none: stars without one")
    for name, words in (("score", "star score"), ("magnitude", "Tmag or Kp"), ("period", "best period [d]")):
        parser.add_argument(f"--{name}-min", type=float, metavar="X", help=f"lowest {words}")
        parser.add_argument(f"--{name}-max", type=float, metavar="X", help=f"highest {words}")
    parser.add_argument("--segments-min", type=common.positive, metavar="N", help="fewest segments")
    parser.add_argument("--segments-max", type=common.positive, metavar="N", help="most segments")
    parser.add_argument("--out", type=Path, help="the file (default: candidates.csv, or what suits the format)")
    parser.set_defaults(run=run)
    common.add_output(parser)


def run(options: argparse.Namespace) -> int:
    """Write scored stars as candidates.csv, p_highclass 1 for those that pass the cut, and their provenance beside it.

    With --format: as ECSV or VOTable with units, as a draft of ExoFOP's planet-parameter file (stars with a verdict of PC, CP, KP
    or FP), or as a zip of one-page reports.
    """
    if options.format != "csv" and options.full:
        raise SettingsError("--full is for csv alone; the other tables have all columns.")
    if options.format != "exofop" and (options.tag or options.group or options.paper):
        raise SettingsError("--tag, --group and --paper are for --format exofop.")
    filters = _filters(options)
    cut = _cut(options, filters)
    if options.format == "csv" and not options.full:
        return _csv(options, filters, cut)
    return {"exofop": _exofop, "reports": _reports}.get(options.format, _table)(options, filters, cut)


def _out(options: argparse.Namespace) -> Path:
    return options.out or Path(FORMATS[options.format])


def _csv(options: argparse.Namespace, filters: "Filters", cut: "Cut | None") -> int:
    from astroseq_core import candidates

    out = _out(options)
    found = candidates.write(out, candidates.rows(filters), cut, asdict(filters), only_passed=options.only_passed)
    about = {"candidates": str(out), "provenance": str(candidates.provenance_path(out))}
    common.outcome(options, about | _chosen(filters, cut) | found["counts"])
    return 0


def _table(options: argparse.Namespace, filters: "Filters", cut: "Cut | None") -> int:
    from astroseq_core.exports import records, tables

    found = records.records(filters, cut, only_passed=options.only_passed, stellar_of=records.stellar_in_catalogues())
    about = tables.about(found, cut, asdict(filters))
    tables.write(_out(options), found, options.format, about)
    common.outcome(options, {"candidates": str(_out(options))} | _chosen(filters, cut) | about["counts"])
    return 0


def _exofop(options: argparse.Namespace, filters: "Filters", cut: "Cut | None") -> int:
    from astroseq_core import export
    from astroseq_core.exports import exofop, exofop_check, records

    good, left = exofop.fits(records.records(filters, cut, only_passed=options.only_passed))
    for one in left:
        if options.verbose:
            common.print_error(f"{one.star_id} is left out: {one.reason}.")
    text = exofop.draft(good, options.tag, options.group, options.paper)
    for problem in (problems := exofop_check.validate(text)):
        common.print_error(str(problem))
    out = options.out or _free_name()
    export.write_whole(out, text)
    said = {"draft": str(out), "rows": len(good), "left_out": len(left), "problems": len(problems)}
    common.outcome(options, said | _chosen(filters, cut))
    return 1 if problems else 0


def _free_name() -> Path:
    """The first name of today that no file here has."""
    from astroseq_core.exports import exofop

    number = next((n for n in range(1, 1000) if not Path(exofop.file_name(n)).exists()), 1000)
    return Path(exofop.file_name(number))


def _reports(options: argparse.Namespace, filters: "Filters", cut: "Cut | None") -> int:
    from astroseq_core.exports import bundle, records, tables
    from astroseq_core.store import board
    from astroseq_core.surveys import places

    found = records.records(filters, cut, only_passed=options.only_passed)
    if not found:
        raise SettingsError("No star is like that; widen the filters.")
    rows = board.of_targets((r.star_id for r in found), filters.model_id)
    where = {row.target_id: place for row in rows if (place := places.place_of(row)) is not None}
    made = bundle.write(
        _out(options), found, where, about=tables.about(found, cut, asdict(filters)),
        progress=lambda done, in_all: common.progress(f"{done} of {in_all} reports"),
    )  # fmt: skip
    common.end_progress()
    for one in made.failed:
        common.print_error(f"{one.star_id}: {one.reason}")
    said = {"zip": str(made.path), "reports": len(made.reports), "failed": len(made.failed)}
    common.outcome(options, said | _chosen(filters, cut))
    return 0 if made.reports else 1


def _chosen(filters: "Filters", cut: "Cut | None") -> dict[str, Any]:
    return {"model": filters.model_id, "threshold": None if cut is None else cut.threshold}


def _filters(options: argparse.Namespace) -> "Filters":
    from astroseq_core import missions
    from astroseq_core.store.board import Filters

    return Filters(
        model_id=_model(options.model), seen_as=missions.mission(options.mission).name if options.mission else "",
        text=options.text, simulated=_either(options.simulated), known=_either(options.known), disposition=options.disposition,
        score_min=options.score_min, score_max=options.score_max, segments_min=options.segments_min,
        segments_max=options.segments_max, magnitude_min=options.magnitude_min, magnitude_max=options.magnitude_max,
        period_min=options.period_min, period_max=options.period_max, scored=True,
    )  # fmt: skip


def _model(named: str | None) -> str:
    """The model that is meant; raises SettingsError where it has scored nothing, or several have and none is named."""
    from astroseq_core.store import board

    scored = [m.model_id for m in board.models() if m.num_scored]
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


def _cut(options: argparse.Namespace, filters: "Filters") -> "Cut | None":
    """The cut that is asked for, else the one that was kept for the model, None where there is none."""
    from astroseq_core.store import board, flags
    from astroseq_core.store.flags import Cut

    if options.threshold is not None:
        return Cut(filters.model_id, options.threshold)
    if options.top is not None:
        lowest = board.threshold_for(filters, options.top)
        if lowest is None:
            raise SettingsError("No star is like that; widen the filters.")
        return Cut(filters.model_id, lowest, "top", options.top)
    return flags.cut_of(filters.model_id)


def _either(word: str | None) -> bool | None:
    return None if word is None else word == EITHER[0]
