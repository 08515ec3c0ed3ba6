"""The `classify` command: what folded signals are."""

import argparse
from pathlib import Path

from astroseq_core.cli import common

#: Columns of the table; the classes in the order of the networks' outputs.
COLUMNS = ("row", "p_planet", "p_eclipsing_binary", "p_not_transit")
#: Columns that `--spread` adds.
SPREAD_COLUMNS = ("planet_spread", "eclipsing_binary_spread", "not_transit_spread")
_DIGITS = 8


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command with its arguments to the command line.

    Parameters
    ----------
    subparsers : argparse._SubParsersAction
        The subparsers of the command line.
    """
    parser = subparsers.add_parser(
        "classify", help="planet, binary or neither: folded signals", description=common.description(run)
    )
    parser.add_argument(
        "--views", type=Path, required=True, help="npz file: global_view (n, 201), local_view (n, 61), optionally period_days, …"
    )
    parser.add_argument("--out", type=Path, required=True, help="the table to write, CSV")
    parser.add_argument("--kind", choices=("tess", "kepler"), default="tess", help="mission of the signals (default tess)")
    parser.add_argument("--model", help="folder of a trained classifier (default: the shipped one of the kind)")
    parser.add_argument("--spread", action="store_true", help="also write the standard deviations among networks and trees")
    parser.set_defaults(run=run)
    common.add_output_options(parser)


def run(options: argparse.Namespace) -> int:
    """Classify folded signals: planet candidate, eclipsing binary or not transit-like.

    The file holds global_view (n, 201) and local_view (n, 61); optionally period_days, duration_hours, snr and depth_ppm, each
    (n,), with NaN where unknown. Labels in the file are not used. The table has one row a signal, in the order of the file.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments.

    Returns
    -------
    int
        The exit status, 0.
    """
    from astroseq_core.io.files import TableWriter
    from astroseq_core.signals.classify import classify
    from astroseq_core.signals.ensemble import load_ensemble
    from astroseq_core.signals.views import read_views

    common.refuse_input_as_output(options.out, (options.views,))
    views = read_views(options.views)
    ensemble = load_ensemble(options.model or options.kind)
    found = classify(views, options.kind, ensemble)
    with TableWriter(options.out, COLUMNS + (SPREAD_COLUMNS if options.spread else ())) as table:
        for row, (values, spread) in enumerate(zip(found.probability.tolist(), found.spread.tolist(), strict=True)):
            cells = {"row": row, **dict(zip(COLUMNS[1:], _rounded(values), strict=True))}
            table.write([cells | dict(zip(SPREAD_COLUMNS, (round(v, _DIGITS) for v in spread), strict=True))])
    counts = {name: int((found.probability.argmax(axis=1) == k).sum()) for k, name in enumerate(COLUMNS[1:])}
    values_of = {"signals": len(views), "model": ensemble.card.model_id, "file": str(options.out)}
    common.print_outcome(options, values_of | {name.removeprefix("p_"): count for name, count in counts.items()})
    return 0


def _rounded(values: list[float]) -> list[float]:
    """Return probabilities with few digits that still sum to 1: the largest one takes what rounding leaves."""
    out = [round(value, _DIGITS) for value in values]
    largest = max(range(len(out)), key=out.__getitem__)
    out[largest] = round(1 - sum(out) + out[largest], _DIGITS)
    return out
