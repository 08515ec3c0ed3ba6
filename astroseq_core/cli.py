"""The command line: ``python -m astroseq_core COMMAND``."""

import argparse
import logging
import sys
from collections.abc import Sequence

from astroseq_core import __version__
from astroseq_core.commands import (
    cache,
    catalog,
    dispositions,
    evaluate,
    export,
    fetch,
    recover,
    report,
    runs,
    score,
    train,
    validate_exofop,
)
from astroseq_core.commands.common import print_error
from astroseq_core.errors import AstroSeqError

#: The commands in the order that ``--help`` lists them; each has ``add_parser`` and ``run``.
COMMANDS = (score, train, runs, evaluate, recover, dispositions, export, report, validate_exofop, fetch, catalog, cache)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 on success, 2 on bad usage, 1 otherwise with one line on standard error."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO if options.verbose else logging.ERROR, format="%(message)s", stream=sys.stderr)
    try:
        return int(options.run(options))
    except AstroSeqError as error:
        print_error(str(error))
        return 1
    except KeyboardInterrupt:
        print_error("Stopped; nothing was written.")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m astroseq_core", description="Transit candidates in light curves.")
    parser.add_argument("--version", action="version", version=__version__)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(subparsers)
    return parser
