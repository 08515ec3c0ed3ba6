"""The card of an ensemble of classifiers: all that classifying needs, the files it names, and its provenance."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import ModelError
from astroseq_core.io import files
from astroseq_core.networks.card import RESTORE_ADVICE, refuse_newer
from astroseq_core.preprocessing.split import split_stars
from astroseq_core.signals.view_scalars import scalar_names
from astroseq_core.signals.views import KINDS
from astroseq_core.type_names import JsonObject
from astroseq_core.typed_json import convert, damage_as, read_object

CARD_NAME = "ensemble.json"
#: Incremented when older cards can no longer be read. Version 1 named networks that took the views as they are.
CARD_VERSION = 2
#: Largest number of networks of an ensemble, and largest of each number that describes one.
MAX_MEMBERS, MAX_NUMBER = 64, 1e6


@dataclass(frozen=True)
class Member:
    """One network of an ensemble.

    Attributes
    ----------
    file : str
        Its file, beside the card.
    sha256 : str
        Hash of the file.
    fold : int
        Fold of stars that it was not trained on.
    """

    file: str
    sha256: str
    fold: int


@dataclass(frozen=True)
class TreeFile:
    """Gradient-boosted trees of one kind of signals, one model a fold.

    Attributes
    ----------
    file : str
        Their file, beside the card.
    sha256 : str
        Hash of the file.
    """

    file: str
    sha256: str


@dataclass(frozen=True)
class EnsembleCard:
    """Description of an ensemble: all that classifying needs, and its provenance.

    Attributes
    ----------
    model_id : str
        Identifier.
    title : str
        Name for display.
    architecture : str
        Name of the networks' architecture.
    scalars : tuple of str
        Scalars that the networks take, in order.
    centers : tuple of float
        What is subtracted from each scalar.
    scales : tuple of float
        What each scalar is then divided by.
    folds : int
        Number of folds of stars.
    split_seed : int
        Seed of the folds.
    temperatures : dict of str to float
        Calibration of each kind that it serves: logarithms of probabilities are divided by it.
    trees : dict of str to TreeFile
        Trees of each kind; model k was fitted without fold k.
    tree_weight : float
        Weight of the trees in the mean with the networks.
    members : tuple of Member
        The networks.
    stars_seen : tuple of str
        Stars whose signals it was trained on.
    options : dict
        Options of the architecture.
    training : dict
        Training data and settings, plain JSON values for display.
    metrics : dict
        Evaluation results, plain JSON values for display.
    versions : dict
        Software versions, plain JSON values for display.
    """

    model_id: str
    title: str
    architecture: str
    scalars: tuple[str, ...]
    centers: tuple[float, ...]
    scales: tuple[float, ...]
    folds: int
    split_seed: int
    temperatures: dict[str, float]
    trees: dict[str, TreeFile]
    tree_weight: float
    members: tuple[Member, ...]
    stars_seen: tuple[str, ...] = ()
    options: JsonObject = field(default_factory=dict)
    training: JsonObject = field(default_factory=dict)
    metrics: JsonObject = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write the card into a folder, atomically.

        Parameters
        ----------
        folder : Path
            Folder of the ensemble.

        Raises
        ------
        ModelError
            If the disk is full or not writable.
        """
        text = json.dumps({"card_version": CARD_VERSION, **asdict(self)}, indent=1, ensure_ascii=False, allow_nan=False)
        files.write_text_atomically(folder / CARD_NAME, text + "\n", ModelError)

    def fold_of(self, stars: NDArray[np.str_]) -> NDArray[np.int64]:
        """Return the fold of each star; members of that fold never saw it.

        Parameters
        ----------
        stars : ndarray of str
            Identifiers of stars, shape (n,).

        Returns
        -------
        ndarray of int
            Their folds, shape (n,).
        """
        return star_folds(stars, self.folds, self.split_seed)


def star_folds(stars: NDArray[np.str_], folds: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of each star, which depends on its identifier and the seed alone.

    Parameters
    ----------
    stars : ndarray of str
        Identifiers of stars, shape (n,).
    folds : int
        Number of folds.
    seed : int
        Seed of the split.

    Returns
    -------
    ndarray of int
        Their folds, shape (n,).
    """
    parts = split_stars(stars.tolist(), {str(k): 1 / folds for k in range(folds)}, seed)
    of_star = {star: int(part) for part, members in parts.items() for star in members}
    return np.array([of_star[star] for star in stars.tolist()], np.int64)


def read_card(folder: Path) -> EnsembleCard:
    """Read the card in an ensemble's folder.

    Parameters
    ----------
    folder : Path
        The folder.

    Returns
    -------
    EnsembleCard
        The card.

    Raises
    ------
    ModelError
        If the card is missing, damaged, or of another version.
    """
    path = folder / CARD_NAME
    if not path.is_file():
        raise ModelError(f"There is no classifier of signals in {folder.name}: {CARD_NAME} is missing; {RESTORE_ADVICE}.")
    values = read_object(path, dict[str, object], RESTORE_ADVICE, ModelError)
    version = values.pop("card_version", None)
    refuse_newer(path, version, CARD_VERSION)
    with damage_as(ModelError, path, RESTORE_ADVICE):
        if version != CARD_VERSION:
            raise ValueError(f"its version is not {CARD_VERSION}")
        card = convert(values, EnsembleCard)
        _check_card(card)
    return card


def _check_card(card: EnsembleCard) -> None:
    """Raise ValueError if a value of a card cannot be what it stands for."""
    if not card.temperatures or not set(card.temperatures) <= set(KINDS) or set(card.trees) != set(card.temperatures):
        raise ValueError(f"its kinds must be some of {', '.join(KINDS)}, each with trees and a temperature")
    if not card.scalars or not len(card.scalars) == len(card.centers) == len(card.scales):
        raise ValueError("its scalars, centers and scales differ in number")
    if not all(0 < scale <= MAX_NUMBER for scale in card.scales) or not all(abs(c) <= MAX_NUMBER for c in card.centers):
        raise ValueError("its centers and scales are none")
    if not all(0.05 <= t <= 20 for t in card.temperatures.values()) or not 0 <= card.tree_weight <= 1:
        raise ValueError("a temperature or the weight of the trees is none")
    unknown = set(card.scalars) - set(scalar_names())
    if unknown:
        raise ValueError(f"'{sorted(unknown)[0]:.40}' is no scalar")
    if not 1 <= len(card.members) <= MAX_MEMBERS or not 1 <= card.folds <= MAX_MEMBERS:
        raise ValueError("its number of members or folds is none")
    if any(Path(one.file).name != one.file or not one.file.endswith(".npz") for one in card.trees.values()):
        raise ValueError("a file of trees is no name of a file beside the card")
    for member in card.members:
        if Path(member.file).name != member.file or not member.file.endswith(".keras"):
            raise ValueError("the file of a member is no name of a network beside the card")
        if not 0 <= member.fold < card.folds:
            raise ValueError("the fold of a member is none")
