"""Command line: `astroseq COMMAND`, or `python -m astroseq_core COMMAND`."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from astroseq_core import __version__
from astroseq_core.cli import (
    app,
    cache,
    catalog,
    classify,
    dispositions,
    evaluate,
    export,
    fetch,
    models,
    recover,
    report,
    reproduce,
    runs,
    score,
    train,
    validate_exofop,
)
from astroseq_core.cli.common import print_error
from astroseq_core.errors import AstroSeqError

#: Command modules in the order of `--help`; each has `add_parser` and the function that it runs.
COMMANDS = (
    app,
    score,
    classify,
    train,
    runs,
    models,
    evaluate,
    recover,
    reproduce,
    dispositions,
    export,
    report,
    validate_exofop,
    fetch,
    catalog,
    cache,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Arguments; those of the process by default.

    Returns
    -------
    int
        Exit status: 0 on success, 1 on failure with one line on standard error; bad usage exits
        with 2.
    """
    parser = _make_parser()
    options, unknown = parser.parse_known_args(arguments)
    if unknown and not options.accepts_unknown:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    options.unknown = unknown
    logging.basicConfig(level=logging.INFO if options.verbose else logging.ERROR, format="%(message)s", stream=sys.stderr)
    try:
        status = int(options.run(options))
        sys.stdout.flush()
        return status
    except AstroSeqError as error:
        print_error(str(error))
        return 1
    except BrokenPipeError:  # who read what we print has had enough, as `head` has
        _leave_output()
        return 1
    except OSError as error:
        _leave_output()
        reason = error.strerror or error
        if error.filename is None:
            print_error(f"What was to be printed cannot be written ({reason}); free some space on the disk.")
        else:
            print_error(f"{error.filename} cannot be read or written ({reason}); check the disk.")
        return 1
    except KeyboardInterrupt:
        print_error("Stopped; no file was written. Scores that are in the store already stay there.")
        return 1


def _leave_output() -> None:
    """Let nothing more be written to standard output, which Python flushes once more at its end."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # a standard output that is no file
        return


def _make_parser() -> argparse.ArgumentParser:
    # The name under which it was started, so that lines of help can be copied: the script's, or Python's where -m or code did.
    name = Path(sys.argv[0]).stem
    prog = name if name == "astroseq" else "python -m astroseq_core"
    parser = argparse.ArgumentParser(prog=prog, description="Transit candidates in light curves.")
    parser.add_argument("--version", action="version", version=__version__)
    parser.set_defaults(accepts_unknown=False)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(subparsers)
    return parser
