"""The API reference, made from the docstrings: `make docs`."""

import sys
from pathlib import Path
from types import GenericAlias

ROOT = Path(__file__).resolve().parent.parent.parent
CORE = ROOT / "astroseq_core"
sys.path.insert(0, str(ROOT))

from astroseq_core import __version__  # noqa: E402 (found by the line above)

project = "AstroSeq"
author = "The AstroSeq developers"
copyright = author
version = release = __version__

extensions = ["sphinx.ext.apidoc", "sphinx.ext.autodoc", "numpydoc"]
# The pages and the command line are no library; `astroseq --help` is the reference of the latter.
apidoc_modules = [
    {
        "path": str(CORE),
        "destination": "modules",
        "exclude_patterns": [str(CORE / name) for name in ("app", "app/*", "cli", "cli/*", "__main__.py")],
        "max_depth": 2,
        "separate_modules": True,
        "module_first": True,
        "automodule_options": {"members"},
    }
]
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say the types, with units and shapes
numpydoc_show_class_members = False
default_role = "code"  # single backticks are code, as on the pages

html_theme = "furo"
html_title = f"AstroSeq {release}"


def _skip_aliases(_app: object, _what: str, _name: str, thing: object, skip: bool, _options: object) -> bool:
    """An alias such as `tuple[float, int]` has no docstring of its own, and shows that of `tuple`."""
    return skip or isinstance(thing, GenericAlias)


def setup(app):
    """Called by Sphinx."""
    app.connect("autodoc-skip-member", _skip_aliases)
