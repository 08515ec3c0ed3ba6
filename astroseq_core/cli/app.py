"""The `app` command."""

import argparse
import logging
import runpy
import sys

from astroseq_core import settings
from astroseq_core.cli import common


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command with its arguments to the command line.

    Parameters
    ----------
    subparsers : argparse._SubParsersAction
        The subparsers of the command line.
    """
    parser = subparsers.add_parser("app", help="open the pages in the browser", description=common.description(run))
    parser.add_argument("--port", type=common.positive_int, help="port of the server (default: 8501, or the next free one)")
    parser.add_argument("--verbose", action="store_true", help="say more on standard error")
    parser.set_defaults(run=run, accepts_unknown=True)


def run(options: argparse.Namespace) -> int:
    """Open the pages in the browser, until the process is stopped.

    Further options go to `streamlit run`, such as --server.headless=true.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments; `unknown` holds the options for Streamlit.

    Returns
    -------
    int
        Exit status; Streamlit itself usually ends the process.
    """
    if not options.verbose:  # commands report errors in a sentence; a server's log should have its warnings
        logging.getLogger().setLevel(logging.WARNING)
    port = [] if options.port is None else [f"--server.port={options.port}"]
    # In this process, so that there is one to signal; as a module, as `python -m streamlit` runs it.
    sys.argv = ["streamlit", "run", str(settings.app_dir() / "app.py"), *port, *options.unknown]
    runpy.run_module("streamlit", run_name="__main__", alter_sys=True)
    return 0
