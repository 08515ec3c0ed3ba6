"""Where things live."""

import os
from pathlib import Path


def home() -> Path:
    """The folder that holds ``cache/`` and ``models/``: ASTROSEQ_HOME, else the repository."""
    return Path(os.environ.get("ASTROSEQ_HOME") or Path(__file__).resolve().parent.parent)


def cache_dir() -> Path:
    """The folder of recomputable things: ASTROSEQ_CACHE, else ``cache`` under ``home()``."""
    return Path(os.environ.get("ASTROSEQ_CACHE") or home() / "cache")


def models_dir() -> Path:
    """The folder of models, one folder each."""
    return home() / "models"


def data_dir() -> Path:
    """The folder of what a person decided: ASTROSEQ_DATA, else the platform's user data folder."""
    if override := os.environ.get("ASTROSEQ_DATA"):
        return Path(override)
    import platformdirs

    return Path(platformdirs.user_data_dir("astroseq"))


def runs_dir() -> Path:
    """The folder of training runs, one folder each: a run is decided on by a person, so it is no part of the cache."""
    return data_dir() / "runs"


def surveys_dir() -> Path:
    """The folder of surveys, one folder each with what was asked for and how it went; the scores are in the store."""
    return data_dir() / "surveys"
