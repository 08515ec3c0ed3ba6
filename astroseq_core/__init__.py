"""AstroSeq without its pages: light curves, segments, networks, scores and vetting.

What is offered here is loaded when it is first used; importing the package loads nothing heavy.

Examples
--------
>>> import astroseq_core as aq
>>> aq.open_star("SIM 1").target
Target(prefix='SIM', number='1')
"""

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from astroseq_core.api.functions import load_model, open_star, read, score, search, vet
    from astroseq_core.ephemeris import Ephemeris
    from astroseq_core.io.lightcurve import LightCurve
    from astroseq_core.targets import Target

__all__ = [
    "Ephemeris",
    "LightCurve",
    "Target",
    "__version__",
    "load_model",
    "open_star",
    "read",
    "score",
    "search",
    "vet",
]

#: Module that each name is loaded from when it is first used.
_HOME = {
    "Ephemeris": "astroseq_core.ephemeris",
    "LightCurve": "astroseq_core.io.lightcurve",
    "Target": "astroseq_core.targets",
} | dict.fromkeys(("load_model", "open_star", "read", "score", "search", "vet"), "astroseq_core.api.functions")


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
