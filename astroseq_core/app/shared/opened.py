"""Folders and tables that the person has opened on the pages; a link may name no others.

Whatever a person writes into a field counts, and is kept in the user data folder; what a link fills into a field does not.
Always open are the cache, the models, the user data folder, and the folders of `ASTROSEQ_FOLDERS`.
"""

import json
import logging
import os
from pathlib import Path

import streamlit as st

from astroseq_core import settings
from astroseq_core.errors import AstroSeqError, NotOpenedError, SettingsError
from astroseq_core.io import files
from astroseq_core.paths import parse_path
from astroseq_core.scoring.star_data import StarRequest
from astroseq_core.scoring.star_source import Source
from astroseq_core.typed_json import read_object

log = logging.getLogger(__name__)

FOLDERS_SETTING = "ASTROSEQ_FOLDERS"
FILE_NAME = "opened.json"
#: So many are kept, the newest.
MAX_KEPT = 500
#: Written into a field since the server started, where there is nothing (yet): the reader says what is wrong with it.
_written: set[Path] = set()


def check(text: str | Path) -> Path:
    """Check that a path lies in what the person has opened.

    Parameters
    ----------
    text : str or Path
        The path.

    Returns
    -------
    Path
        The path.

    Raises
    ------
    NotOpenedError
        If it does not, also by a link of the file system that leads elsewhere.
    LightCurveError
        If no file could have this path.
    """
    path = parse_path(text)
    if not is_open(path):
        raise NotOpenedError(
            f"The address names {path}, which was never opened here. Open it if you know it; nothing was read.", str(path)
        )
    return path


def check_request(request: StarRequest) -> None:
    """Check the folder and the table that a request of a star names.

    Parameters
    ----------
    request : StarRequest
        The star.

    Raises
    ------
    NotOpenedError
        If the person has opened one of them not.
    """
    if request.source is Source.FOLDER and request.folder.strip():
        check(request.folder)
    if request.source is not Source.SIMULATED and request.ephemerides.strip():
        check(request.ephemerides)


def is_open(path: Path) -> bool:
    """Return whether a path lies in what the person has opened.

    Parameters
    ----------
    path : Path
        The path.

    Returns
    -------
    bool
        True for what was opened itself, and for what is in an opened folder.
    """
    real = _real(path)
    if real in _written:
        return True
    known = (settings.cache_dir(), settings.models_dir(), settings.data_dir(), *_set_folders(), *_load())
    return any(real.is_relative_to(folder) for folder in map(_real, known))


def remember(text: str | Path) -> None:
    """Note that the person has opened a folder or a file.

    Parameters
    ----------
    text : str or Path
        What was written into a field.

    Raises
    ------
    SettingsError
        If it is the root of the file system, or the list cannot be written.
    LightCurveError
        If no file could have this path.
    """
    path = _real(parse_path(text))
    if path == path.parent:
        raise SettingsError(f"{path} is the whole computer; name a folder of light curves in it.")
    _written.add(path)
    if path.exists() and not is_open_for_good(path):
        kept = [str(folder) for folder in _load() if not folder.is_relative_to(path)]
        text = json.dumps([*kept, str(path)][-MAX_KEPT:], indent=0)
        files.write_text_atomically(settings.data_dir() / FILE_NAME, text, SettingsError)


def is_open_for_good(path: Path) -> bool:
    """Return whether a path is in what is kept.

    Parameters
    ----------
    path : Path
        The path.

    Returns
    -------
    bool
        True if it, or a folder above it, was opened before.
    """
    return any(path.is_relative_to(folder) for folder in _load())


def remember_field(key: str) -> None:
    """Note that the person has opened what stands in a field; its callback on change.

    Parameters
    ----------
    key : str
        Key of the field.
    """
    from astroseq_core.app.shared.layout import error_message_of

    text = str(st.session_state.get(key) or "").strip()
    if text and (problem := error_message_of(lambda: remember(text))):
        log.info("Not kept as opened: %s", problem)


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a circle of links
        return path.absolute()


def _set_folders() -> list[Path]:
    return [Path(text) for text in os.environ.get(FOLDERS_SETTING, "").split(os.pathsep) if text]


def _load() -> list[Path]:
    """Return what is kept; a damaged list counts as empty, and asks again."""
    path = settings.data_dir() / FILE_NAME
    if not path.exists():
        return []
    try:
        written = read_object(path, list[object], "it counts as empty, and the pages ask again what to open")
        found = [parse_path(text) for text in written if isinstance(text, str) and text]
        return [folder for folder in found if folder.is_absolute() and folder != folder.parent]
    except AstroSeqError as error:
        log.warning("%s", error)
        return []
