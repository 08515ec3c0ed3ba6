"""``recover``: injection and recovery, beside box and transit least squares on the same stars."""

import argparse
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astroseq_core.commands import common
from astroseq_core.errors import SettingsError

if TYPE_CHECKING:
    from astroseq_core.scoring.card import ModelCard
    from astroseq_core.scoring.recovered import Recovered
    from astroseq_core.scoring.recovery import Reader

METHODS = "fold,topk,max,noisy_or,bls,tls"
#: Simulated stars for this have seeds from here on: far from those of the built-in survey and of training.
FIRST_SEED = 5_000_000


def add_parser(subparsers: Any) -> None:
    """Add the command with its arguments to those of the command line."""
    parser = subparsers.add_parser("recover", help="injection and recovery, against BLS and TLS", description=run.__doc__)
    parser.add_argument("--model", required=True, help="a model's id or folder")
    parser.add_argument("--lightcurves", type=Path, help="folder of light curves of quiet stars to inject transits into")
    parser.add_argument("--exclude", type=Path, help="text file of stars that are not quiet, one target a line")
    parser.add_argument("--include-seen", action="store_true", help="keep the stars that the model was made from")
    parser.add_argument("--simulated", type=common.positive, metavar="N", help="N simulated quiet stars instead of a folder")
    parser.add_argument(
        "--copies", type=common.positive, default=2, help="copies of a star with, and without, transits (default 2)"
    )
    parser.add_argument("--snr", type=float, nargs=2, default=(4.0, 40.0), metavar=("LO", "HI"), help="signal-to-noise of all transits of a planet together (default 4 40)")  # fmt: skip  # noqa: E501
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
    common.add_output(parser)


def run(options: argparse.Namespace) -> int:
    """Put planets into quiet stars; say what each method finds at one false alarm in a hundred copies without transits."""
    from astroseq_core.scoring import recovered, recovery
    from astroseq_core.scoring.model import load

    if (options.simulated is None) == (options.lightcurves is None):
        raise SettingsError("Give either --lightcurves or --simulated.")
    methods = tuple(m.strip() for m in options.methods.split(",") if m.strip())
    shortest, longest = options.period or (recovery.SHORTEST_PERIOD_DAYS, math.inf)
    plan = recovery.Plan(methods, options.copies, tuple(options.snr), shortest, longest, options.seed)
    excluded = common.star_list(options.exclude)
    model = load(options.model)
    stars = _simulated(options.simulated, model.card) if options.simulated else _real(options, excluded, model.card)
    if not stars:
        raise SettingsError("No star is left to inject transits into.")
    unusable = recovery.run(model, stars, plan, options.out, lambda done, in_all: common.progress(f"{done} of {in_all} stars"))
    if not options.out.exists():
        raise SettingsError(f"Not one of the {len(stars)} stars could be used; --verbose says why.")
    rows = recovery.read_rows(options.out)
    results = recovered.measure(rows, methods)
    if options.figure:
        _write_page(options.figure, rows, results, model.card, simulated=options.simulated is not None)
    common.end_progress()
    if options.json:
        values = {"stars": results[0].stars, "unusable": unusable, "table": str(options.out),
                  "methods": {r.method: r.to_dict() for r in results}}  # fmt: skip
        sys.stdout.write(json.dumps(_plain(values), allow_nan=False) + "\n")
    else:
        sys.stdout.write(_text(results))
    return 0


def _real(options: argparse.Namespace, excluded: frozenset[str], card: "ModelCard") -> "dict[str, Reader]":
    from astroseq_core.lightcurves import local, reading

    seen = set() if options.include_seen else {name for names in _trained_on(card) for name in names}
    found = local.group_by_target(local.list_light_curves(options.lightcurves)).by_target

    def reader(paths: list[Path]) -> "Reader":
        return lambda: reading.read_many(paths).curves

    return {t: reader(paths) for t, paths in sorted(found.items()) if t not in excluded and t not in seen}


def _trained_on(card: "ModelCard") -> list[list[str]]:
    """The stars of each part that the model was made from: all but its test."""
    stars = card.training.get("stars", {})
    return [list(names) for part, names in stars.items() if part != "test"]


def _simulated(count: int, card: "ModelCard") -> "dict[str, Reader]":
    from astroseq_core.simulate.stars import simulate_star
    from astroseq_core.targets import Target

    def reader(seed: int) -> "Reader":
        return lambda: simulate_star(seed, card.instruments[0], "quiet", target=Target("SIM", str(seed))).curves

    return {f"SIM {seed}": reader(seed) for seed in range(FIRST_SEED, FIRST_SEED + count)}


def _text(results: "tuple[Recovered, ...]") -> str:
    lines = [f"{results[0].stars} stars, {results[0].recall.copies} copies with transits, {results[0].empty} without"]
    lines.append("method    recall at 1 % false alarms   with the right period       CPU s a star")
    for r in results:
        lines.append(
            f"{r.method:9s} {r.recall.value:.3f} [{r.recall.low:.3f}, {r.recall.high:.3f}]         "
            f"{r.strict.value:.3f} [{r.strict.low:.3f}, {r.strict.high:.3f}]        {r.cpu_seconds:.3f}"
        )
    return "\n".join(lines) + "\n"


def _plain(value: Any) -> Any:
    """The same with None for what is no finite number."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _write_page(
    path: Path, rows: list[dict[str, str]], results: "tuple[Recovered, ...]", card: "ModelCard", *, simulated: bool
) -> None:
    from astroseq_core import export
    from astroseq_core.figures import recovery as figures
    from astroseq_core.figures.page import Section, page

    sections = [
        Section(
            "Recall by signal-to-noise",
            "At one false alarm in a hundred; the further left a line rises, the better.",
            figures.recall_figure(results),
        ),
        Section(
            "The same, with the right period",
            "Within 1 % of the true period, its half or its double. A good method keeps nearly all of its recall here.",
            figures.recall_figure(results, strict=True),
        ),
        *(
            Section(f"{r.method}: period and radius", "Found planets are filled; few should be open at the top.",
                    figures.map_figure(rows, r.method))
            for r in results
        ),
    ]  # fmt: skip
    export.write_whole(
        path,
        page(
            f"What {card.model_id} recovers",
            _text(results),
            sections,
            note="simulated stars: says nothing about real ones" if simulated else "",
            simulated=simulated,
        ),
    )
