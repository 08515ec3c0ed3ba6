"""The `models` command: which models are here, and which of them are damaged."""

import argparse
import json
import sys

from astroseq_core.cli import common


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command with its arguments to the command line.

    Parameters
    ----------
    subparsers : argparse._SubParsersAction
        The subparsers of the command line.
    """
    parser = subparsers.add_parser("models", help="which models are here", description=common.description(run))
    parser.set_defaults(run=run)
    common.add_output_options(parser)


def run(options: argparse.Namespace) -> int:
    """List the models, shipped and trained here; damaged ones with what is wrong and what to do.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments.

    Returns
    -------
    int
        The exit status, 0.
    """
    from astroseq_core.networks import card as cards
    from astroseq_core.networks.model import damaged_models
    from astroseq_core.signals.ensemble import available_ensembles, damaged_ensembles

    damaged = {one.model_id: one.problem for one in (*damaged_models(), *damaged_ensembles())}
    sound = {c.model_id: c for c in cards.available_cards() if c.model_id not in damaged}
    ensembles = [c for c in available_ensembles() if c.model_id not in damaged]
    if options.json:
        values = [{"model": name, "title": c.title, "missions": c.instruments} for name, c in sound.items()]
        values += [{"model": c.model_id, "title": c.title, "kinds": list(c.temperatures)} for c in ensembles]
        values += [{"model": name, "problem": problem} for name, problem in damaged.items()]
        sys.stdout.write(json.dumps(values) + "\n")
        return 0
    lines = [f"{name}\t{', '.join(c.instruments)}, {c.cadence_minutes:.3g} min\t{c.title}" for name, c in sound.items()]
    lines += [f"{c.model_id}\t{' and '.join(c.temperatures)} signals\t{c.title}" for c in ensembles]
    lines += [f"{name}\tdamaged: {problem}" for name, problem in damaged.items()]
    sys.stdout.write("".join(f"{' '.join(line.splitlines())}\n" for line in lines) or "There is no model here; train one.\n")
    return 0
