"""The `recover` command: injection and recovery, compared with BLS and TLS on the same stars."""

import argparse
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astroseq_core.cli import common
from astroseq_core.errors import SettingsError

if TYPE_CHECKING:
    from astroseq_core.evaluation.recovered import RecoverySummary
    from astroseq_core.networks.card import ModelCard
    from astroseq_core.scoring.star_source import LightCurveReader

METHODS = "planet,odds,fold,topk,max,noisy_or,bls,tls"
#: First seed of the simulated stars, far from the seeds of the built-in survey and of training.
FIRST_SEED = 5_000_000


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command with its arguments to the command line.

    Parameters
    ----------
    subparsers : argparse._SubParsersAction
        The subparsers of the command line.
    """
    parser = subparsers.add_parser(
        "recover", help="injection and recovery, against BLS and TLS", description=common.description(run)
    )
    parser.add_argument("--model", required=True, help="a model's id or folder")
    parser.add_argument("--lightcurves", type=Path, help="folder of light curves of quiet stars to inject transits into")
    parser.add_argument("--exclude", type=Path, help="text file of stars that are not quiet, one target a line")
    parser.add_argument("--include-seen", action="store_true", help="keep the stars that the model was made from")
    parser.add_argument("--simulated", type=common.positive_int, metavar="N", help="N simulated quiet stars instead of a folder")
    parser.add_argument(
        "--copies", type=common.positive_int, default=2, help="copies of a star with, and without, transits (default 2)"
    )
    parser.add_argument(
        "--snr",
        type=float,
        nargs=2,
        default=(4.0, 40.0),
        metavar=("LO", "HI"),
        help="signal-to-noise of all transits of a planet together (default 4 40)",
    )
    parser.add_argument(
        "--period", type=float, nargs=2, metavar=("LO", "HI"), help="periods [d] (default: 0.5 to half of the data)"
    )
    parser.add_argument("--methods", default=METHODS, help=f"default {METHODS}")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--out", type=Path, default=Path("recover.csv"), help="table of all copies; what is in it is not done again"
    )
    parser.add_argument("--figure", type=Path, help="HTML page with recall by signal-to-noise, and by period and radius")
    parser.set_defaults(run=run)
    common.add_output_options(parser)


def run(options: argparse.Namespace) -> int:
    """Inject planets into quiet stars and measure the recall of each method at 1 % false alarms.

    The false-alarm rate is measured on copies of the stars without transits.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments.

    Returns
    -------
    int
        The exit status, 0.

    Raises
    ------
    SettingsError
        If options contradict each other or no star can be used.
    """
    from astroseq_core.evaluation import injection_recovery, recovered
    from astroseq_core.networks.model import load

    if (options.simulated is None) == (options.lightcurves is None):
        raise SettingsError("Give either --lightcurves or --simulated.")
    methods = tuple(m.strip() for m in options.methods.split(",") if m.strip())
    shortest, longest = options.period or (injection_recovery.SHORTEST_PERIOD_DAYS, math.inf)
    plan = injection_recovery.Plan(methods, options.copies, tuple(options.snr), shortest, longest, options.seed)
    excluded = common.read_star_list(options.exclude)
    model = load(options.model)
    stars = _simulated_stars(options.simulated, model.card) if options.simulated else _folder_stars(options, excluded, model.card)
    if not stars:
        raise SettingsError("No star is left to inject transits into.")
    unusable = injection_recovery.run(
        model, stars, plan, options.out, lambda done, in_all: common.show_progress(f"{done} of {in_all} stars")
    )
    if not options.out.exists():
        raise SettingsError(f"Not one of the {len(stars)} stars could be used; --verbose says why.")
    rows = injection_recovery.read_rows(options.out)
    results = recovered.measure_recovery(rows, methods)
    if options.figure:
        _write_page(options.figure, rows, results, model.card, simulated=options.simulated is not None)
    common.end_progress()
    if options.json:
        values = {
            "stars": results[0].stars,
            "unusable": unusable,
            "table": str(options.out),
            "methods": {r.method: r.to_dict() for r in results},
        }
        sys.stdout.write(json.dumps(_without_nan(values), allow_nan=False) + "\n")
    else:
        sys.stdout.write(_results_text(results))
    return 0


def _folder_stars(options: argparse.Namespace, excluded: frozenset[str], card: "ModelCard") -> "dict[str, LightCurveReader]":
    from astroseq_core.scoring.star_source import folder_sources

    seen = set() if options.include_seen else {name for names in _training_stars(card) for name in names}
    found = sorted(folder_sources(options.lightcurves), key=lambda star: star.target_id)
    return {s.target_id: s.read for s in found if s.target_id not in excluded and s.target_id not in seen}


def _training_stars(card: "ModelCard") -> list[list[str]]:
    """Return the stars of each part of the training set except the test."""
    stars = card.training.get("stars") or {}
    if isinstance(stars, list):
        return [stars]
    return [list(names) for part, names in stars.items() if part != "test"]


def _simulated_stars(count: int, card: "ModelCard") -> "dict[str, LightCurveReader]":
    from astroseq_core.scoring.star_source import Source, StarSource

    names = [f"SIM {seed}" for seed in range(FIRST_SEED, FIRST_SEED + count)]
    return {name: StarSource(name, Source.SIMULATED, card.instruments[0], kind="quiet").read for name in names}


def _results_text(results: "tuple[RecoverySummary, ...]") -> str:
    lines = [f"{results[0].stars} stars, {results[0].recall.copies} copies with transits, {results[0].empty} without"]
    lines.append("method    recall at 1 % false alarms   with the right period       CPU s a star")
    for r in results:
        lines.append(
            f"{r.method:9s} {r.recall.value:.3f} [{r.recall.low:.3f}, {r.recall.high:.3f}]         "
            f"{r.strict.value:.3f} [{r.strict.low:.3f}, {r.strict.high:.3f}]        {r.cpu_seconds:.3f}"
        )
    return "\n".join(lines) + "\n"


def _without_nan(value: object) -> Any:
    """Return the value with None in place of numbers that are not finite."""
    if isinstance(value, dict):
        return {k: _without_nan(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _write_page(
    path: Path, rows: list[dict[str, str]], results: "tuple[RecoverySummary, ...]", card: "ModelCard", *, simulated: bool
) -> None:
    from astroseq_core.io import files
    from astroseq_core.plots import evaluation as figures
    from astroseq_core.plots.html import FigureSection, html_page

    sections = [
        FigureSection(
            "Recall by signal-to-noise",
            "At one false alarm in a hundred; the further left a line rises, the better.",
            figures.recovery_recall_figure(results),
        ),
        FigureSection(
            "The same, with the right period",
            "Within 1 % of the true period, its half or its double. A good method keeps nearly all of its recall here.",
            figures.recovery_recall_figure(results, strict=True),
        ),
        *(
            FigureSection(
                f"{r.method}: period and radius",
                "Found planets are filled; few should be open at the top.",
                figures.recovery_map_figure(rows, r.method),
            )
            for r in results
        ),
    ]
    files.write_text_atomically(
        path,
        html_page(
            f"What {card.model_id} recovers",
            _results_text(results),
            sections,
            note="simulated stars: says nothing about real ones" if simulated else "",
            simulated=simulated,
        ),
    )
