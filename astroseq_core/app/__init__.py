"""Streamlit pages.

NumPy is imported here, before any page's own modules: its modules import each other in circles, and
two sessions that import them at the same time, as when a browser opens two pages of a server that
has just started, would leave it half imported until the server is started again. Each page's file
imports this package by itself first, because Python waits for a package only when it is named alone.
"""

import logging

import numpy  # noqa: F401

# Streamlit warns whenever a thread without a page asks its caches. Ours do on purpose: plans, searches and downloads read folders
# and catalogs that pages read too, and outlive the page that began them.
logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").setLevel(logging.ERROR)
