"""``validate-exofop``: what keeps a planet-parameter file from being uploaded to ExoFOP."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from astroseq_core.commands import common
from astroseq_core.errors import SettingsError


def add_parser(subparsers: Any) -> None:
    """Add the command with its arguments to those of the command line."""
    parser = subparsers.add_parser("validate-exofop", help="check a planet-parameter file for ExoFOP", description=run.__doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="params_planet_YYYYMMDD_nnn.txt")
    parser.set_defaults(run=run)
    common.add_output(parser)


def run(options: argparse.Namespace) -> int:
    """Name each problem of a planet-parameter file by row and column; 0 where there is none, 1 otherwise."""
    from astroseq_core.exports import exofop_check

    try:
        text = options.file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise SettingsError(f"{options.file} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{options.file} is no text in ASCII or UTF-8 (byte {error.start}); save it as such.") from error
    problems = exofop_check.validate(text, options.file.name)
    for problem in problems:
        common.print_error(str(problem))
    rows = len(exofop_check.rows(text))
    said: dict[str, Any] = {"file": str(options.file), "rows": rows, "problems": len(problems)}
    common.outcome(options, said | ({"details": [asdict(p) for p in problems]} if options.json else {}))
    return 1 if problems else 0
