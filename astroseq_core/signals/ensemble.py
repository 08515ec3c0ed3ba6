"""Ensembles of classifiers: the networks and trees that a card names, loaded and asked."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from astroseq_core import settings
from astroseq_core.errors import ModelError
from astroseq_core.networks.card import RESTORE_ADVICE
from astroseq_core.networks.model import DamagedModel, check_network, load_network, verified_part
from astroseq_core.signals.boosted_trees import BoostedTrees, load_trees
from astroseq_core.signals.ensemble_card import CARD_NAME, EnsembleCard, read_card
from astroseq_core.signals.view_scalars import view_scalars
from astroseq_core.signals.views import GLOBAL_BINS, KINDS, LOCAL_BINS, SignalViews, even_and_odd, view_channels

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

#: The classes in the order of the networks' outputs.
CLASSES = ("planet", "eclipsing_binary", "not_transit")
#: Folder of the shipped ensemble, which serves both kinds.
SHIPPED = "signals-v3"
#: Scaled scalars are clipped to this.
MAX_SCALED = 4.0
#: What the networks take of the views: from the middle outwards, the even and the odd part of two channels.
VIEW_SHAPES: dict[str, tuple[int, ...]] = {"global_view": (GLOBAL_BINS // 2 + 1, 4), "local_view": (LOCAL_BINS // 2 + 1, 4)}
#: Fewest and most signals per call of the networks: fewer are padded, so that those of a star are computed as those of a survey.
SMALL_BATCH, BATCH_SIZE = 64, 1024

Floats = NDArray[np.float32]


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
        networks = self._ask_networks(inputs)
        mean = networks.mean(axis=0)
        trees = [tree_classes(model.probabilities(scalars), mean) for model in self.trees[kind]]
        return Answers(networks, np.asarray(trees, np.float32))

    def _ask_networks(self, inputs: dict[str, Floats]) -> Floats:
        """Return the outputs of every network, shape (members, n, 3)."""
        count = len(inputs["scalars"])
        found = [np.empty((len(self.networks), 0, len(CLASSES)), np.float32)]
        for begin in range(0, count, BATCH_SIZE):
            batch = {name: values[begin : begin + BATCH_SIZE] for name, values in inputs.items()}
            size = len(batch["scalars"])
            missing = max(0, SMALL_BATCH - size)
            padded = {name: np.pad(v, [(0, missing)] + [(0, 0)] * (v.ndim - 1)) for name, v in batch.items()}
            found.append(np.asarray(self._compiled(padded), np.float32)[:, :size])
        return np.concatenate(found, axis=1)

    @cached_property
    def _compiled(self) -> "Callable[[dict[str, Floats]], tf.Tensor]":
        """All networks as one function, which TensorFlow traces once for any number of signals."""
        import tensorflow as tf

        takes = {name: tf.TensorSpec((None, *shape), tf.float32) for name, shape in _input_shapes(len(self.card.scalars)).items()}

        def outputs(inputs: "dict[str, tf.Tensor]") -> "tf.Tensor":
            return tf.stack([network(inputs, training=False) for network in self.networks])

        compiled: Callable[[dict[str, Floats]], tf.Tensor] = tf.function(outputs, input_signature=[takes], autograph=False)
        return compiled


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


def scaled_scalars(scalars: Floats, centers: NDArray[np.floating], scales: NDArray[np.floating]) -> tuple[Floats, Floats]:
    """Return scalars as the networks take them.

    Parameters
    ----------
    scalars : ndarray of float32
        Scalars, shape (n, k); NaN where unknown.
    centers, scales : ndarray
        What is subtracted from each scalar, and what it is then divided by, shape (k,).

    Returns
    -------
    tuple of ndarray of float32
        The scaled scalars, zero where unknown, and 1 where known, each of shape (n, k).
    """
    scaled = np.asarray(np.clip((scalars - centers) / scales, -MAX_SCALED, MAX_SCALED), np.float32)
    known = np.isfinite(scaled)
    return np.where(known, scaled, np.float32(0)), known.astype(np.float32)


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
    scaled, known = scaled_scalars(scalars, centers, scales)
    return {
        "global_view": even_and_odd(view_channels(views.global_view)),
        "local_view": even_and_odd(view_channels(views.local_view)),
        "scalars": scaled,
        "known": known,
        "is_kepler": np.full((len(views), 1), kind == "kepler", np.float32),
    }


def _input_shapes(scalars: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of each input of the networks for one signal."""
    return VIEW_SHAPES | {"scalars": (scalars,), "known": (scalars,), "is_kepler": (1,)}


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


def available_ensembles() -> tuple[EnsembleCard, ...]:
    """Return the cards of the shipped ensembles.

    Returns
    -------
    tuple of EnsembleCard
        The cards by the names of their folders; unreadable ones are left out.
    """
    return tuple(card for card, _ in _shipped() if isinstance(card, EnsembleCard))


def damaged_ensembles() -> tuple[DamagedModel, ...]:
    """Return the shipped ensembles that cannot be used: those whose card, networks or trees are damaged or missing.

    Returns
    -------
    tuple of DamagedModel
        The ensembles by name; their networks are not loaded.
    """
    found = []
    for card, folder in _shipped():
        try:
            if isinstance(card, ModelError):
                raise card
            for member in card.members:
                check_network(verified_part(folder, card.model_id, member.file, member.sha256), RESTORE_ADVICE)
            _load_trees(folder, card)
        except ModelError as error:
            found.append(DamagedModel(folder.name, folder, str(error)))
    return tuple(found)


def _shipped() -> list[tuple[EnsembleCard | ModelError, Path]]:
    """Return the cards of the shipped ensembles, or what is wrong with them, and their folders."""
    found: list[tuple[EnsembleCard | ModelError, Path]] = []
    places = {path.parent for name in (CARD_NAME, "trees-*.npz") for path in settings.models_dir().glob(f"*/{name}")}
    for folder in sorted(places):
        try:
            found.append((read_card(folder), folder))
        except ModelError as error:
            found.append((error, folder))
    return found


@lru_cache(maxsize=4)
def _load_from_folder(folder: Path, changed: int) -> Ensemble:
    """Load an ensemble; `changed` is part of the cache key, so that a retrained one is loaded again."""
    card = read_card(folder)
    networks = []
    for member in card.members:
        network = load_network(verified_part(folder, card.model_id, member.file, member.sha256), RESTORE_ADVICE)
        takes = {one.name: tuple(one.shape[1:]) for one in network.inputs}
        if takes != _input_shapes(len(card.scalars)):
            raise ModelError(f"{card.model_id}: {member.file} does not take what its card says; {RESTORE_ADVICE}.")
        networks.append(network)
    return Ensemble(card, tuple(networks), _load_trees(folder, card))


def _load_trees(folder: Path, card: EnsembleCard) -> dict[str, tuple[BoostedTrees, ...]]:
    return {
        kind: load_trees(verified_part(folder, card.model_id, one.file, one.sha256), card.folds, len(card.scalars))
        for kind, one in card.trees.items()
    }
