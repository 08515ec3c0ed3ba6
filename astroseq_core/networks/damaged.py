"""Models that cannot be used, for lists: a damaged one is shown, not hidden."""

from dataclasses import dataclass
from pathlib import Path

from astroseq_core import settings
from astroseq_core.errors import ModelError
from astroseq_core.networks import card as cards
from astroseq_core.networks.network_file import check_network


@dataclass(frozen=True)
class DamagedModel:
    """A model that cannot be used.

    Attributes
    ----------
    model_id : str
        Name of its folder.
    folder : Path
        The folder.
    problem : str
        One sentence: what is wrong, and what to do.
    """

    model_id: str
    folder: Path
    problem: str


def damaged_models() -> tuple[DamagedModel, ...]:
    """Return the models here that cannot be used: those whose card or network is damaged or missing.

    Returns
    -------
    tuple of DamagedModel
        The shipped models, then those of training runs, each by name.
    """
    found = []
    for place in (settings.models_dir(), settings.runs_dir()):
        for folder in sorted({path.parent for name in (cards.CARD_NAME, cards.MODEL_NAME) for path in place.glob(f"*/{name}")}):
            if folder.name.startswith("."):  # a run that is being deleted
                continue
            try:
                cards.read(folder)
                check_network(folder / cards.MODEL_NAME, cards.RESTORE_ADVICE)
            except ModelError as error:
                found.append(DamagedModel(folder.name, folder, str(error)))
    return tuple(found)
