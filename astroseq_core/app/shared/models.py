"""Models on the pages: their cards, read once, and again only when one has changed."""

from pathlib import Path
from typing import TypeAlias

import streamlit as st

from astroseq_core import settings
from astroseq_core.app.shared.folders import Watched
from astroseq_core.app.shared.layout import escape
from astroseq_core.app.shared.memory import LRUCache
from astroseq_core.networks import card as cards
from astroseq_core.networks import model
from astroseq_core.networks.card import CARD_NAME, MODEL_NAME, ModelCard
from astroseq_core.networks.model import DamagedModel
from astroseq_core.signals import ensemble
from astroseq_core.signals.ensemble_card import CARD_NAME as ENSEMBLE_CARD_NAME
from astroseq_core.store import runs

#: Folders of models, and choices of a model for a cadence, that are remembered for all sessions.
MAX_FOLDERS, MAX_CHOICES = 4, 64
#: Files whose change means that a folder is read again.
NAMES = (CARD_NAME, MODEL_NAME, ENSEMBLE_CARD_NAME)
_Found: TypeAlias = tuple[Watched, tuple[ModelCard, ...], tuple[DamagedModel, ...]]
_CARDS, _CHOICES = LRUCache(MAX_FOLDERS), LRUCache(MAX_CHOICES)


def available_cards() -> tuple[ModelCard, ...]:
    """Return the cards of all models, those that are shipped first.

    Returns
    -------
    tuple of ModelCard
        As `networks.card.available_cards`.
    """
    return _read_cards()[1]


def draw_damaged_models() -> None:
    """Draw a line for each model that cannot be used: what is wrong, and what to do."""
    for one in _read_cards()[2]:
        st.caption(f":material/broken_image: **{escape(one.model_id)}**, damaged: {escape(one.problem)}")


def find_card(model: str) -> ModelCard:
    """Return the card of a model.

    Parameters
    ----------
    model : str
        Identifier of the model.

    Returns
    -------
    ModelCard
        Its card.

    Raises
    ------
    ModelError
        If there is no such model, or its card is damaged.
    """
    found = next((card for card in available_cards() if card.model_id == model), None)
    return cards.read(cards.model_folder(model)) if found is None else found


def best_card(instrument: str, cadence_minutes: float) -> ModelCard | None:
    """Return the card of the model that suits a cadence best.

    Parameters
    ----------
    instrument : str
        Name of the mission.
    cadence_minutes : float
        Cadence [min].

    Returns
    -------
    ModelCard or None
        The default of the mission where it suits, else the nearest in cadence; None if none suits.
    """
    defaults = runs.defaults_or_none()
    key = (_read_cards()[0].stamps, instrument, cadence_minutes, tuple(sorted(defaults.items())))
    known: tuple[ModelCard | None] | None = _CHOICES.get(key)
    if known is None:
        known = (cards.choose_card_for(instrument, cadence_minutes, defaults),)
        _CHOICES.put(key, known)
    return known[0]


def _read_cards() -> _Found:
    """Return the cards, and the times of the folders and files that they were read from."""
    key = settings.models_dir(), settings.runs_dir()
    known: _Found | None = _CARDS.get(key)
    if known is not None and known[0].is_unchanged:
        return known
    watched = Watched.take(key)
    folders = [folder for place in key for folder in _subfolders(place)]
    watched = watched.joined(Watched.take(path for folder in folders for path in (folder, *(folder / name for name in NAMES))))
    found = watched, cards.available_cards(), (*model.damaged_models(), *ensemble.damaged_ensembles())
    _CARDS.put(key, found)
    return found


def _subfolders(place: Path) -> list[Path]:
    return sorted(path for path in place.iterdir() if path.is_dir()) if place.is_dir() else []
