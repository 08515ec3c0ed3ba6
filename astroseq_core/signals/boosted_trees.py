"""Gradient-boosted trees as plain arrays: fitted by scikit-learn, stored without pickle, evaluated with NumPy."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import ModelError
from astroseq_core.io import files
from astroseq_core.io.npz import load_npz
from astroseq_core.networks.card import RESTORE_ADVICE
from astroseq_core.networks.rounding import rounded
from astroseq_core.paths import read_file
from astroseq_core.type_names import AnyArray, Arrays
from astroseq_core.typed_json import damage_sentence

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

#: Largest file of trees [bytes], most nodes of one model, and its most classes.
MAX_TREE_BYTES, MAX_NODES, MAX_CLASSES = 32 * 1024**2, 2_000_000, 16
#: Trees times rows that are walked at once.
NODES_AT_ONCE = 500_000
#: Deepest tree that is walked.
MAX_DEPTH = 256
_FIELDS = ("feature", "threshold", "left", "right", "unknown_left", "value", "roots", "baseline")
_KINDS = dict(zip(_FIELDS, "ifiibfif", strict=True))


@dataclass(frozen=True, eq=False)
class BoostedTrees:
    """Gradient-boosted trees of one model; nodes of all trees lie one after another.

    Attributes
    ----------
    feature : ndarray of int
        Feature that each node asks for; −1 for a leaf. Shape (nodes,).
    threshold : ndarray of float32
        Values up to it go left.
    left, right : ndarray of int
        The nodes below.
    unknown_left : ndarray of bool
        Whether an unknown value, NaN, goes left.
    value : ndarray of float32
        What a leaf adds to the raw score.
    roots : ndarray of int
        First node of each tree, shape (rounds, scores); one score for two classes, else one a class.
    baseline : ndarray of float64
        Raw scores before the first tree, shape (scores,).
    """

    feature: AnyArray
    threshold: AnyArray
    left: AnyArray
    right: AnyArray
    unknown_left: AnyArray
    value: AnyArray
    roots: AnyArray
    baseline: AnyArray

    def probabilities(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return class probabilities.

        Parameters
        ----------
        values : ndarray
            Features, shape (n, features); NaN where unknown.

        Returns
        -------
        ndarray of float64
            Probabilities, shape (n, classes).
        """
        features = np.asarray(values, np.float32)
        raw = np.tile(np.asarray(self.baseline, np.float64), (len(features), 1))
        at_once = max(1, NODES_AT_ONCE // max(1, self.roots.size))
        for begin in range(0, len(features), at_once):
            some = slice(begin, begin + at_once)
            raw[some] += self._sums(features[some])
        if raw.shape[1] == 1:
            positive = 1 / (1 + np.exp(-np.clip(raw[:, 0], -50, 50)))
            return np.stack([1 - positive, positive], axis=1)
        power = np.exp(raw - raw.max(axis=1, keepdims=True))
        return np.asarray(power / power.sum(axis=1, keepdims=True))

    def _sums(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the sums of all trees, shape (n, scores); all trees go down at once."""
        node = np.tile(self.roots.ravel(), (len(features), 1))
        rows = np.arange(len(features))[:, None]
        for _ in range(MAX_DEPTH):
            asked = self.feature[node]
            if (asked < 0).all():
                break
            found = features[rows, np.maximum(asked, 0)]
            to_left = np.where(np.isnan(found), self.unknown_left[node], found <= self.threshold[node])
            node = np.where(asked < 0, node, np.where(to_left, self.left[node], self.right[node]))
        return np.asarray(self.value[node].reshape(len(features), *self.roots.shape).sum(axis=1, dtype=np.float64))

    def check(self, features: int) -> None:
        """Check that every tree stays within its arrays and ends.

        Parameters
        ----------
        features : int
            Number of features that it is given.

        Raises
        ------
        ValueError
            If not; the message is a reason without a full stop.
        """
        nodes = len(self.feature)
        if not 1 <= nodes <= MAX_NODES or self.roots.ndim != 2 or self.roots.shape[1] != len(self.baseline):
            raise ValueError("its trees are none")
        if any(getattr(self, name).shape != (nodes,) for name in _FIELDS[:6]) or not 1 <= len(self.baseline) <= MAX_CLASSES:
            raise ValueError("its arrays differ in length")
        if not all(np.isfinite(getattr(self, name)).all() for name in ("value", "baseline")):
            raise ValueError("a value is not finite")
        inner = np.flatnonzero(self.feature >= 0)
        if self.feature.max(initial=-1) >= features:
            raise ValueError("it asks for features that do not exist")
        below = np.concatenate([self.left[inner], self.right[inner]])
        # each node lies behind its parent, so that no walk goes in a circle
        if (below <= np.tile(inner, 2)).any() or (below >= nodes).any() or (self.roots < 0).any() or (self.roots >= nodes).any():
            raise ValueError("a node points nowhere")


def from_scikit_learn(model: "HistGradientBoostingClassifier", bits: int | None = None) -> BoostedTrees:
    """Return the trees of a fitted classifier of scikit-learn as arrays.

    Parameters
    ----------
    model : HistGradientBoostingClassifier
        The fitted classifier, without categorical features.
    bits : int or None, optional
        Bits of the fraction that thresholds and values of leaves keep, which makes files smaller; by default all.

    Returns
    -------
    BoostedTrees
        Trees that give the same probabilities; with few bits, nearly the same.
    """
    parts: list[AnyArray] = []
    roots, begin = [], 0
    for trees in model._predictors:  # scikit-learn has no public view of the trees
        starts = []
        for tree in trees:
            parts.append(tree.nodes)
            starts.append(begin)
            begin += len(tree.nodes)
        roots.append(starts)
    nodes = np.concatenate(parts)
    leaf = nodes["is_leaf"].astype(bool)
    offset = np.repeat([s for starts in roots for s in starts], [len(p) for p in parts])
    threshold, value = np.where(leaf, 0.0, nodes["num_threshold"]), np.where(leaf, nodes["value"], 0.0)
    return BoostedTrees(
        feature=np.where(leaf, -1, nodes["feature_idx"].astype(np.int16)).astype(np.int16),
        threshold=_rounded_down(threshold) if bits is None else rounded(threshold, bits),
        left=np.where(leaf, 0, nodes["left"] + offset).astype(np.int32),
        right=np.where(leaf, 0, nodes["right"] + offset).astype(np.int32),
        unknown_left=nodes["missing_go_to_left"].astype(bool),
        value=value.astype(np.float32) if bits is None else rounded(value, bits),
        roots=np.array(roots, np.int32),
        baseline=np.asarray(model._baseline_prediction, np.float64).ravel(),
    )


def _rounded_down(thresholds: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the largest float32 that is not above each threshold: features of float32 go the same way."""
    with np.errstate(over="ignore"):
        nearest = thresholds.astype(np.float32)
    return np.where(nearest > thresholds, np.nextafter(nearest, np.float32(-np.inf)), nearest)


def save_trees(models: list[BoostedTrees], path: Path) -> None:
    """Write several models into one `.npz` file, whole or not at all.

    Parameters
    ----------
    models : list of BoostedTrees
        The models.
    path : Path
        The file.

    Raises
    ------
    ModelError
        If the disk is full or not writable.
    """
    arrays = {f"{name}_{k}": array for k, model in enumerate(models) for name, array in _stored(model).items()}
    with files.AtomicFile(path, ModelError, suffix=".npz") as new:
        np.savez_compressed(new.path, allow_pickle=False, **arrays)


def _stored(model: BoostedTrees) -> dict[str, AnyArray]:
    """Return the arrays of a model as they are stored: the nodes below as distances, which repeat and so compress."""
    found: dict[str, AnyArray] = {name: getattr(model, name) for name in _FIELDS}
    place = np.arange(len(model.feature), dtype=np.int32)
    return found | {name: np.where(model.feature < 0, 0, found[name] - place).astype(np.int32) for name in ("left", "right")}


def load_trees(path: Path, count: int, features: int) -> tuple[BoostedTrees, ...]:
    """Read the models of a file.

    Parameters
    ----------
    path : Path
        The file.
    count : int
        Number of models that it must hold.
    features : int
        Number of features that they are given.

    Returns
    -------
    tuple of BoostedTrees
        The models.

    Raises
    ------
    AstroSeqError
        If the file cannot be read, or is damaged.
    """
    arrays = load_npz(read_file(path, MAX_TREE_BYTES, ModelError), path.name)
    try:
        models = tuple(BoostedTrees(**_fields_of(arrays, k)) for k in range(count))
        for model in models:
            model.check(features)
    except (KeyError, ValueError, IndexError) as error:
        raise ModelError(damage_sentence(path, error, RESTORE_ADVICE)) from error
    return models


def _fields_of(arrays: Arrays, number: int) -> Mapping[str, AnyArray]:
    found = {name: arrays[f"{name}_{number}"] for name in _FIELDS}
    for name, array in found.items():
        if array.dtype.kind != _KINDS[name]:
            raise ValueError(f"{name} is of another type")
    place = np.arange(len(found["feature"]))
    for name in ("left", "right"):
        if found[name].shape != place.shape:
            raise ValueError("its arrays differ in length")
        found[name] = found[name].astype(np.int64) + place
    return found
