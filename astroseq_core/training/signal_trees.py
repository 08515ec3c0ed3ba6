"""Gradient-boosted trees of a classifier of signals, fitted on the scalars of labelled views."""

import numpy as np
from numpy.typing import NDArray

from astroseq_core.signals.boosted_trees import BoostedTrees, from_scikit_learn
from astroseq_core.signals.ensemble import CLASSES, Answers, tree_classes
from astroseq_core.signals.view_scalars import NEEDS
from astroseq_core.signals.views import EXTRAS
from astroseq_core.training.signal_recipe import SignalRecipe
from astroseq_core.training.signal_set import SignalSet

#: Regularization of the trees: of leaves, fewest signals in one, share of the scalars that each split may ask for.
_TREE_PENALTY, _LEAF_SIGNALS, _TREE_FEATURES = 8.0, 12, 0.25
#: Share of signals whose period, duration, signal-to-noise ratio or depth is hidden, each, in the trees' second copy.
_HIDDEN = 0.6
#: Bits of the fraction of thresholds and leaves that are kept.
TREE_BITS = 9


def fit_trees(recipe: SignalRecipe, ready: SignalSet, kind: str, seed: int) -> list[BoostedTrees]:
    """Fit one model of trees for each fold without its stars; Kepler's labels know two classes.

    Each signal stands twice, with half its weight: as it is, and with period, duration, signal-to-noise ratio or depth hidden at
    random.

    Parameters
    ----------
    recipe : SignalRecipe
        The recipe.
    ready : SignalSet
        The signals.
    kind : str
        Mission whose signals are learned.
    seed : int
        Seed of what is hidden, and of scikit-learn.

    Returns
    -------
    list of BoostedTrees
        The models, one a fold.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    own = ready.of_kind(kind)
    rng = np.random.default_rng([seed, 77])
    labels = ready.possible[own].argmax(axis=1) if kind == "tess" else ready.possible[own, 0].astype(np.int64)
    values = ready.measured[own]
    hidden = values.copy()
    for extra in EXTRAS:
        columns = [number for number, name in enumerate(ready.names) if extra in NEEDS.get(name, ())]
        rows = np.flatnonzero(rng.random(len(own)) < _HIDDEN)
        hidden[rows[:, None], columns] = np.nan
    copies = 2 if np.isfinite(values[:, [ready.names.index(name) for name in NEEDS]]).any() else 1
    # scikit-learn cannot bin a column that is unknown throughout
    for both in (values, hidden):
        both[:, ~np.isfinite(values).any(axis=0)] = 0
    models = []
    for fold in range(recipe.folds):
        train = np.flatnonzero(ready.folds[own] != fold)
        model = HistGradientBoostingClassifier(
            max_iter=recipe.trees,
            learning_rate=recipe.tree_rate,
            max_leaf_nodes=recipe.leaves,
            l2_regularization=_TREE_PENALTY,
            min_samples_leaf=_LEAF_SIGNALS * copies,
            max_features=_TREE_FEATURES,
            early_stopping=False,
            random_state=seed,
        )
        x = np.concatenate([values[train], hidden[train]][:copies])
        y = np.concatenate([labels[train]] * copies)
        models.append(from_scikit_learn(model.fit(x, y, sample_weight=np.full(len(y), 1 / copies)), bits=TREE_BITS))
    return models


def blind_answers(models: list[BoostedTrees], ready: SignalSet, rows: NDArray[np.int64], told: NDArray[np.float32]) -> Answers:
    """Return what networks and trees say of signals whose stars they were not trained on.

    Parameters
    ----------
    models : list of BoostedTrees
        The models of trees, one a fold.
    ready : SignalSet
        The signals.
    rows : ndarray of int
        Rows of the m signals that are asked for, all of the mission of the trees.
    told : ndarray of float32
        What networks that did not see them say of all n signals, shape (repeats, n, 3).

    Returns
    -------
    Answers
        Probabilities of the m signals.
    """
    networks = told[:, rows]
    mean, folds = networks.mean(axis=0), ready.folds[rows]
    trees = np.zeros((1, len(rows), len(CLASSES)), np.float32)
    for fold, model in enumerate(models):
        kept = np.flatnonzero(folds == fold)
        trees[0, kept] = tree_classes(model.probabilities(ready.measured[rows[kept]]), mean[kept])
    return Answers(networks, trees)
