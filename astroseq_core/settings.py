"""Folders of the cache, the models and the user's data."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
#: Where a wheel puts the pages and the models; pyproject.toml says the same.
_BUNDLED = _PACKAGE / "_bundled"


def is_checkout() -> bool:
    """Return whether this is a checkout of the repository and not an installed wheel.

    Returns
    -------
    bool
        True where the pages and the models stand beside the package.
    """
    return not _BUNDLED.is_dir()


def app_dir() -> Path:
    """Return the folder that holds `app.py`, `pages/` and the shipped `models/`.

    Returns
    -------
    Path
        The repository in a checkout, otherwise a folder inside the installed package.
    """
    return _PACKAGE.parent if is_checkout() else _BUNDLED


def cache_dir() -> Path:
    """Return the folder of data that can be recomputed or downloaded again.

    Returns
    -------
    Path
        `ASTROSEQ_CACHE` if set; otherwise `cache` in `ASTROSEQ_HOME` or in the checkout; otherwise
        the platform's user cache folder.
    """
    if override := os.environ.get("ASTROSEQ_CACHE"):
        return Path(override)
    if home := os.environ.get("ASTROSEQ_HOME"):
        return Path(home) / "cache"
    if is_checkout():
        return app_dir() / "cache"
    import platformdirs

    return Path(platformdirs.user_cache_dir("astroseq"))


def models_dir() -> Path:
    """Return the folder that holds one folder per shipped model.

    Returns
    -------
    Path
        `models` in `ASTROSEQ_HOME` if set, otherwise those of the checkout or of the wheel.
    """
    return Path(os.environ.get("ASTROSEQ_HOME") or app_dir()) / "models"


def data_dir() -> Path:
    """Return the folder of the user's own data, such as dispositions.

    Returns
    -------
    Path
        `ASTROSEQ_DATA` if set, otherwise the platform's user data folder.
    """
    if override := os.environ.get("ASTROSEQ_DATA"):
        return Path(override)
    import platformdirs

    return Path(platformdirs.user_data_dir("astroseq"))


def runs_dir() -> Path:
    """Return the folder that holds one folder per training run.

    Runs are a user's decision, so they are not part of the cache.

    Returns
    -------
    Path
        `runs` in the data folder.
    """
    return data_dir() / "runs"


def surveys_dir() -> Path:
    """Return the folder that holds one folder per survey.

    A survey's folder has its request and its progress; the scores are in the store.

    Returns
    -------
    Path
        `surveys` in the data folder.
    """
    return data_dir() / "surveys"
