"""The `validate-exofop` command: faults of an ExoFOP planet-parameter file."""

import argparse
from dataclasses import asdict
from pathlib import Path

from astroseq_core.cli import common
from astroseq_core.errors import SettingsError
from astroseq_core.paths import MAX_TABLE_BYTES, read_file
from astroseq_core.type_names import JsonObject


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command with its arguments to the command line.

    Parameters
    ----------
    subparsers : argparse._SubParsersAction
        The subparsers of the command line.
    """
    parser = subparsers.add_parser(
        "validate-exofop", help="check a planet-parameter file for ExoFOP", description=common.description(run)
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="params_planet_YYYYMMDD_nnn.txt")
    parser.set_defaults(run=run)
    common.add_output_options(parser)


def run(options: argparse.Namespace) -> int:
    """Print each fault of a planet-parameter file with its row and column.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments.

    Returns
    -------
    int
        The exit status: 1 if there is a fault, else 0.

    Raises
    ------
    SettingsError
        If the file cannot be read.
    """
    from astroseq_core.export import exofop_file

    try:
        text = read_file(options.file, MAX_TABLE_BYTES, SettingsError).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{options.file} is no text in ASCII or UTF-8 (byte {error.start}); save it as such.") from error
    problems = exofop_file.validate(text, options.file.name)
    for problem in problems:
        common.print_error(str(problem))
    rows = len(exofop_file.read_rows(text))
    sentence: JsonObject = {"file": str(options.file), "rows": rows, "problems": len(problems)}
    common.print_outcome(options, sentence | ({"details": [asdict(p) for p in problems]} if options.json else {}))
    return 1 if problems else 0
