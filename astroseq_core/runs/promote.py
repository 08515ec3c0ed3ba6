"""Making a model the default of a mission."""

from astroseq_core import missions, settings
from astroseq_core.errors import ModelError
from astroseq_core.scoring import card as cards
from astroseq_core.scoring.card import ModelCard
from astroseq_core.store import promoted


def promote(model: str, mission: str) -> ModelCard:
    """Make the model of that id, run or folder the mission's default: taken for each of its light curves that it suits.

    Raises ModelError, with the reason, where the model's file is not whole or it was not made for the mission.
    """
    from astroseq_core.scoring.model import checked

    wanted = missions.mission(mission)
    card = cards.read(cards.folder_of(model))
    if wanted.name not in card.instruments:
        raise ModelError(
            f"{card.model_id} was made for {' and '.join(card.instruments)}, not for {wanted.name}; "
            f"train one on light curves of {wanted.name}, or choose another."
        )
    if not cards.is_ours(model):
        raise ModelError(
            f"{model} lies outside AstroSeq's own folders; copy it into {settings.models_dir()} to make it a default."
        )
    checked(cards.folder_of(model), card)
    promoted.promote(wanted.name, model)
    return card


def demote(mission: str) -> None:
    """Go back to the shipped models for a mission."""
    promoted.demote(missions.mission(mission).name)
