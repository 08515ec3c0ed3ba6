"""Ensembles of classifiers: a card with all that classifying needs, and the networks and trees it names."""

import json
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from astroseq_core import settings
from astroseq_core.errors import ModelError
from astroseq_core.io import files
from astroseq_core.networks.card import RESTORE_ADVICE
from astroseq_core.networks.model import load_network, verified_part
from astroseq_core.preprocessing.split import split_stars
from astroseq_core.signals.boosted_trees import BoostedTrees, load_trees
from astroseq_core.signals.view_scalars import scalar_names, view_scalars
from astroseq_core.signals.views import KINDS, SignalViews, view_channels
from astroseq_core.type_names import JsonObject
from astroseq_core.typed_json import convert, damage_as, read_object

if TYPE_CHECKING:
    import keras

CARD_NAME = "ensemble.json"
#: Incremented when older cards can no longer be read.
CARD_VERSION = 1
#: The classes in the order of the networks' outputs.
CLASSES = ("planet", "eclipsing_binary", "not_transit")
#: Folder of the shipped ensemble, which serves both kinds.
SHIPPED = "signals-v1"
#: Scaled scalars are clipped to this.
MAX_SCALED = 4.0
#: Largest number of networks of an ensemble, and largest of each number that describes one.
MAX_MEMBERS, MAX_NUMBER = 64, 1e6
#: Names of the networks' inputs.
INPUTS = {"global_view", "local_view", "scalars", "known", "is_kepler"}
#: Signals per call of a network: of a survey's batch or a star, and of long lists.
SMALL_BATCH, BATCH_SIZE = 64, 1024

Floats = NDArray[np.float32]


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


@dataclass(frozen=True, eq=False)
class Answers:
    """What each part of an ensemble says of n signals, not calibrated.

    Attributes
    ----------
    networks : ndarray of float32
        Probabilities of the classes by each network, shape (members, n, 3).
    trees : ndarray of float32
        Probabilities of the classes by each model of trees, shape (folds, n, 3).
    """

    networks: Floats
    trees: Floats


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Networks and trees with their card; made by `load_ensemble`.

    Attributes
    ----------
    card : EnsembleCard
        The card.
    networks : tuple of keras.Model
        The networks, in the order of the card.
    trees : dict of str to tuple of BoostedTrees
        Trees of each kind, one model a fold.
    """

    card: EnsembleCard
    networks: "tuple[keras.Model, ...]"
    trees: dict[str, tuple[BoostedTrees, ...]]

    def ask(self, views: SignalViews, kind: str) -> Answers:
        """Ask every network and all trees.

        Parameters
        ----------
        views : SignalViews
            Views of n signals.
        kind : str
            Mission of the signals: tess or kepler.

        Returns
        -------
        Answers
            Their probabilities.

        Raises
        ------
        ModelError
            If the ensemble was not trained for the kind.
        """
        card = self.card
        if kind not in card.temperatures:
            raise ModelError(f"{card.model_id} was made for {' and '.join(card.temperatures)} signals, not for {kind}.")
        scalars = stacked_scalars(views, card.scalars)
        inputs = network_inputs(views, scalars, np.array(card.centers), np.array(card.scales), kind)
        networks = np.asarray([_predict(network, inputs) for network in self.networks], np.float32)
        mean = networks.mean(axis=0)
        trees = [tree_classes(model.probabilities(scalars), mean) for model in self.trees[kind]]
        return Answers(networks, np.asarray(trees, np.float32))


def _predict(network: "keras.Model", inputs: dict[str, Floats]) -> Floats:
    """Return a network's outputs, shape (n, 3), in batches of two sizes: each size that it is called with is compiled once."""
    count = len(inputs["scalars"])
    size = SMALL_BATCH if count <= SMALL_BATCH else BATCH_SIZE
    found = []
    for begin in range(0, count, size):
        batch = {name: values[begin : begin + size] for name, values in inputs.items()}
        missing = size - len(batch["scalars"])
        padded = {name: np.pad(v, [(0, missing)] + [(0, 0)] * (v.ndim - 1)) for name, v in batch.items()}
        found.append(np.asarray(network.predict_on_batch(padded), np.float32)[: size - missing])
    return np.concatenate(found)


def tree_classes(found: NDArray[np.float64], networks: Floats) -> NDArray[np.float64]:
    """Return probabilities of three classes from those of trees.

    Parameters
    ----------
    found : ndarray of float64
        Probabilities by trees: of the three classes, or of not a planet and planet, shape (n, 3) or (n, 2).
    networks : ndarray of float32
        Probabilities by networks; what is no planet is shared out as they do, shape (n, 3).

    Returns
    -------
    ndarray of float64
        Probabilities of the classes, shape (n, 3).

    Examples
    --------
    >>> tree_classes(np.array([[0.6, 0.4]]), np.array([[0.2, 0.6, 0.2]], np.float32)).round(2).tolist()
    [[0.4, 0.45, 0.15]]
    """
    if found.shape[1] == len(CLASSES):
        return found
    rest = np.maximum(np.asarray(networks[:, 1:], np.float64), 1e-9)
    return np.concatenate([found[:, 1:], found[:, :1] * rest / rest.sum(axis=1, keepdims=True)], axis=1)


def stacked_scalars(views: SignalViews, names: tuple[str, ...]) -> Floats:
    """Measure scalars.

    Parameters
    ----------
    views : SignalViews
        Views of n signals.
    names : tuple of str
        Names of the scalars.

    Returns
    -------
    ndarray of float32
        The scalars, shape (n, k); NaN where unknown.
    """
    measured = view_scalars(views)
    return np.stack([measured[name] for name in names], axis=1)


def network_inputs(
    views: SignalViews, scalars: Floats, centers: NDArray[np.floating], scales: NDArray[np.floating], kind: str
) -> dict[str, Floats]:
    """Return the inputs of the networks.

    Parameters
    ----------
    views : SignalViews
        Views of n signals.
    scalars : ndarray of float32
        Scalars, shape (n, k); NaN where unknown.
    centers, scales : ndarray
        What is subtracted from each scalar, and what it is then divided by, shape (k,).
    kind : str
        Mission of the signals: tess or kepler.

    Returns
    -------
    dict of str to ndarray
        Arrays by the names of the network's inputs, each with n rows.
    """
    scaled = np.asarray(np.clip((scalars - centers) / scales, -MAX_SCALED, MAX_SCALED), np.float32)
    known = np.isfinite(scaled)
    return {
        "global_view": view_channels(views.global_view),
        "local_view": view_channels(views.local_view),
        "scalars": np.where(known, scaled, np.float32(0)),
        "known": known.astype(np.float32),
        "is_kepler": np.full((len(views), 1), kind == "kepler", np.float32),
    }


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
    if isinstance(version, int) and version > CARD_VERSION:
        raise ModelError(
            f"{CARD_NAME} of {folder.name} has version {version}, and this AstroSeq reads {CARD_VERSION}; update AstroSeq."
        )
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


def ensemble_folder(model: str) -> Path:
    """Return the folder of an ensemble.

    Parameters
    ----------
    model : str
        A kind (tess or kepler), for the shipped ensemble; the name of a folder of shipped models; or the path of a folder.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ModelError
        If there is no such ensemble.
    """
    for folder in (settings.models_dir() / (SHIPPED if model in KINDS else model), Path(model)):
        try:
            if (folder / CARD_NAME).is_file():
                return folder
        except (OSError, ValueError):  # a name that is too long for a path
            continue
    raise ModelError(f"There is no classifier of signals '{model}'; use {' or '.join(KINDS)}, or the folder of a trained one.")


def load_ensemble(model: str) -> Ensemble:
    """Load an ensemble; it stays in memory for later calls.

    Parameters
    ----------
    model : str
        A kind (tess or kepler), or the path of a folder.

    Returns
    -------
    Ensemble
        The ensemble.

    Raises
    ------
    ModelError
        If it is missing or damaged.
    """
    folder = ensemble_folder(model).resolve()
    return _load_from_folder(folder, (folder / CARD_NAME).stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _load_from_folder(folder: Path, changed: int) -> Ensemble:
    """Load an ensemble; `changed` is part of the cache key, so that a retrained one is loaded again."""
    card = read_card(folder)
    networks = []
    for member in card.members:
        network = load_network(verified_part(folder, card.model_id, member.file, member.sha256), RESTORE_ADVICE)
        takes = {one.name: tuple(one.shape[1:]) for one in network.inputs}
        if takes.get("scalars") != (len(card.scalars),) or set(takes) != INPUTS:
            raise ModelError(f"{card.model_id}: {member.file} does not take the scalars of its card; {RESTORE_ADVICE}.")
        networks.append(network)
    trees = {
        kind: load_trees(verified_part(folder, card.model_id, one.file, one.sha256), card.folds, len(card.scalars))
        for kind, one in card.trees.items()
    }
    return Ensemble(card, tuple(networks), trees)
