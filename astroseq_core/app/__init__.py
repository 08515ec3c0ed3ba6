"""Streamlit pages.

Modules that import each other in circles, as NumPy's and SciPy's do, would be left half imported until the server is started
again where two sessions import them at the same time, as when a browser opens two pages of a server that has just started.
NumPy is therefore imported here, before any page's own modules. Each page's file imports this package by itself first, because
Python waits for a package only when it is named alone, and then calls `wait_for_imports`.
"""

import logging
import threading

import numpy  # noqa: F401

#: Longest wait for the server's own imports [s]; a page then imports for itself.
PATIENCE_S = 60.0

#: Set while the server imports nothing by itself; see `preload`.
imports_done = threading.Event()
imports_done.set()


def wait_for_imports() -> None:
    """Wait until the server has imported what it imports by itself while the browser is opening the page."""
    imports_done.wait(PATIENCE_S)


# Streamlit warns whenever a thread without a page asks its caches. Ours do on purpose: plans, searches and downloads read folders
# and catalogs that pages read too, and outlive the page that began them.
logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").setLevel(logging.ERROR)
