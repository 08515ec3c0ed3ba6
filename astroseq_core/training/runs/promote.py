"""Promotion of a model to a mission's default."""

from astroseq_core import missions, settings
from astroseq_core.errors import ModelError
from astroseq_core.networks import card as cards
from astroseq_core.networks.card import ModelCard
from astroseq_core.store import runs


def promote(model: str, mission: str) -> ModelCard:
    """Make a model the default of a mission, for all light curves that the model suits.

    Parameters
    ----------
    model : str
        Identifier, run or folder of the model.
    mission : str
        Name of the mission.

    Returns
    -------
    ModelCard
        Card of the model.

    Raises
    ------
    ModelError
        If the model's file is damaged, the model was not made for the mission, or it lies outside
        AstroSeq's own folders.
    """
    from astroseq_core.networks.model import verified_network_path

    wanted = missions.mission_by_name(mission)
    card = cards.read(cards.model_folder(model))
    if wanted.name not in card.instruments:
        raise ModelError(
            f"{card.model_id} was made for {' and '.join(card.instruments)}, not for {wanted.name}; "
            f"train one on light curves of {wanted.name}, or choose another."
        )
    if not cards.is_model_id(model):
        raise ModelError(
            f"{model} lies outside AstroSeq's own folders; copy it into {settings.models_dir()} to make it a default."
        )
    verified_network_path(cards.model_folder(model), card)
    runs.promote_model(wanted.name, model)
    return card


def demote(mission: str) -> None:
    """Return a mission to the shipped models.

    Parameters
    ----------
    mission : str
        Name of the mission.
    """
    runs.demote_model(missions.mission_by_name(mission).name)
