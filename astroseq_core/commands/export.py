"""``export``: the candidates of a leaderboard as a table."""

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


def add_parser(subparsers: Any) -> None:
    """Add the command with its arguments to those of the command line."""
    parser = subparsers.add_parser("export", help="candidates as CSV", description=run.__doc__)
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
    parser.add_argument("--out", type=Path, default=Path("candidates.csv"))
    parser.set_defaults(run=run)
    common.add_output(parser)


def run(options: argparse.Namespace) -> int:
    """Write scored stars as candidates.csv, p_highclass 1 for those that pass the cut, and their provenance beside it."""
    from astroseq_core import candidates

    filters = _filters(options)
    cut = _cut(options, filters)
    found = candidates.write(options.out, candidates.rows(filters), cut, asdict(filters), only_passed=options.only_passed)
    common.outcome(
        options,
        {
            "candidates": str(options.out),
            "provenance": str(candidates.provenance_path(options.out)),
            "model": filters.model_id,
            "threshold": None if cut is None else cut.threshold,
            **found["counts"],
        },
    )
    return 0


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
