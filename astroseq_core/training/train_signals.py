"""Training of the classifiers of signals, by recipe, on labelled views."""

import contextlib
import hashlib
import io
import json
import logging
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import ModelError, SettingsError
from astroseq_core.io import files
from astroseq_core.io.files import safe_name
from astroseq_core.networks.architectures.registry import build_signal_network
from astroseq_core.networks.model import check_network, load_network, save_network
from astroseq_core.signals.boosted_trees import BoostedTrees, from_scikit_learn, save_trees
from astroseq_core.signals.classify import combine, temper
from astroseq_core.signals.ensemble import (
    BATCH_SIZE,
    CLASSES,
    Answers,
    EnsembleCard,
    Member,
    TreeFile,
    network_inputs,
    stacked_scalars,
    star_folds,
    tree_classes,
)
from astroseq_core.signals.view_scalars import NEEDS, view_scalars
from astroseq_core.signals.views import EXTRAS, GLOBAL_BINS, KINDS, LABELS, LOCAL_BINS, LabelledViews, label_kind
from astroseq_core.training.train import package_versions
from astroseq_core.type_names import JsonObject
from astroseq_core.typed_json import DAMAGE, parse

if TYPE_CHECKING:
    import keras

log = logging.getLogger(__name__)
Floats = NDArray[np.float32]
WORK_NAME, REQUEST_NAME = "work", "request.json"
#: Share of the steps in which the learning rate rises.
_WARM_UP = 0.1
#: Largest norm of a gradient, and smallest probability in the loss.
_CLIP_NORM, _SMALLEST = 1.0, 1e-6
#: Temperatures that are tried.
_TEMPERATURES = np.geomspace(0.4, 2.5, 74)
#: Regularization of the trees: of leaves, fewest signals in one, share of the scalars that each split may ask for.
_TREE_PENALTY, _LEAF_SIGNALS, _TREE_FEATURES = 8.0, 12, 0.25
#: Share of signals whose period, duration or signal-to-noise ratio is hidden, each, in the trees' second copy.
_HIDDEN = 0.6
#: Fewest stars of each class in a fold's complement that can be learned from.
_FEWEST = 2


@dataclass(frozen=True)
class SignalRecipe:
    """Everything that determines an ensemble of classifiers but its views.

    Attributes
    ----------
    name : str
        Name of the recipe.
    kind : str
        Mission of the signals that it needs: tess or kepler.
    title : str
        Name for display.
    epochs : int
        Passes over the signals.
    batch : int
        Signals a step.
    learning_rate : float
        Highest learning rate; it rises and then falls as a cosine.
    weight_decay : float
        Weight decay of AdamW.
    folds : int
        Folds of stars; each network is trained without one.
    repeats : int
        Networks a fold.
    smoothing : float
        Share of each label that is given to all classes.
    view_noise, scalar_noise : float
        Standard deviation of the noise that is added to the channels and the scaled scalars.
    unknown : float
        Share of signals whose period, duration or signal-to-noise ratio is hidden, each.
    max_shift : int
        Largest shift of a view [bins].
    trees, leaves : int
        Rounds of gradient boosting, and leaves of each tree.
    tree_rate : float
        Learning rate of the boosting.
    tree_weight : float
        Weight of the trees in the mean with the networks.
    options : dict
        Options of the architecture.
    """

    name: str
    kind: str
    title: str
    epochs: int = 12
    batch: int = 192
    learning_rate: float = 3e-3
    weight_decay: float = 2e-2
    folds: int = 5
    repeats: int = 1
    smoothing: float = 0.02
    view_noise: float = 0.03
    scalar_noise: float = 0.05
    unknown: float = 0.1
    max_shift: int = 1
    trees: int = 220
    leaves: int = 12
    tree_rate: float = 0.06
    tree_weight: float = 0.5
    options: JsonObject = field(default_factory=dict)


RECIPES = {
    "signals-tess": SignalRecipe("signals-tess", "tess", "Folded signals: planet candidate, eclipsing binary or neither"),
    "signals-kepler": SignalRecipe("signals-kepler", "kepler", "Folded Kepler signals: planet candidate or not"),
}


def possible_classes(labels: NDArray[np.str_], kind: str) -> Floats:
    """Return which classes a label leaves possible.

    Parameters
    ----------
    labels : ndarray of str
        Labels, shape (n,).
    kind : str
        One of `KINDS`.

    Returns
    -------
    ndarray of float32
        1 for the possible classes, shape (n, 3).

    Examples
    --------
    >>> possible_classes(np.array(["PC", "not PC"]), "kepler").tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]]
    """
    out = np.zeros((len(labels), len(CLASSES)), np.float32)
    for label, classes in LABELS[kind].items():
        out[np.ix_(labels == label, classes)] = 1
    return out


@dataclass(frozen=True, eq=False)
class _Set:
    """Signals ready for training: inputs of the networks, possible classes, stars, folds, kinds, and scalars for the trees."""

    inputs: dict[str, Floats]
    possible: Floats
    stars: NDArray[np.str_]
    folds: NDArray[np.int64]
    kind: NDArray[np.str_]
    scalars: Floats
    scalar_names: tuple[str, ...]


def train_signals(
    recipe: SignalRecipe,
    data: LabelledViews,
    out: Path,
    *,
    other: LabelledViews | None = None,
    seed: int = 1,
    progress: Callable[[str], None] | None = None,
) -> EnsembleCard:
    """Train an ensemble and write its networks and its card, the card last.

    Each network, and each model of trees, is trained without the stars of one fold, on which it is
    then asked; the temperatures are chosen on these answers. Networks that are complete are kept in
    the folder's `work`: after a crash, the same call goes on with the next.

    Parameters
    ----------
    recipe : SignalRecipe
        The recipe.
    data : LabelledViews
        Views of the recipe's kind.
    out : Path
        Folder of the ensemble.
    other : LabelledViews or None, optional
        Views of the other kind, to learn from as well; the ensemble then serves both kinds.
    seed : int, optional
        Seed of the folds, the weights and the augmentation.
    progress : callable or None, optional
        Called with a line of text after each epoch.

    Returns
    -------
    EnsembleCard
        The card.

    Raises
    ------
    SettingsError
        If the labels do not suit the recipe, or are too few.
    ModelError
        If the folder cannot be written.
    """
    sets = [(recipe.kind, data)] + ([] if other is None else [(_other_kind(recipe.kind), other)])
    for kind, one in sets:
        if label_kind(one) != kind:
            raise SettingsError(f"The labels are those of {label_kind(one)} signals; {recipe.name} needs those of {kind} here.")
    names, centers, scales = _scaling(data)
    ready = _prepare(sets, names, centers, scales, recipe.folds, seed)
    _check_classes(ready, recipe)
    work = out / WORK_NAME
    _begin(work, recipe, sets, seed)
    count = recipe.folds * recipe.repeats
    paths = [work / f"member-{number:02d}.keras" for number in range(count)]
    told = np.zeros((recipe.repeats, len(ready.folds), len(CLASSES)), np.float32)
    for number, path in enumerate(paths):
        fold = number % recipe.folds
        network = _finished(path)
        if network is None:
            train = np.flatnonzero(ready.folds != fold)
            network = _train_member(recipe, ready, train, [seed, number], _note(progress, number, recipe))
            save_network(network, path)
        kept = np.flatnonzero(ready.folds == fold)
        told[number // recipe.folds, kept] = network.predict(_rows(ready.inputs, kept), batch_size=BATCH_SIZE, verbose=0)
    trees, temperatures = {}, {}
    for kind, _ in sets:
        if progress is not None:
            progress(f"trees of {kind} signals")
        own = np.flatnonzero(ready.kind == kind)
        models = _fit_trees(recipe, ready, own, kind, seed)
        save_trees(models, out / f"trees-{kind}.npz")
        trees[kind] = TreeFile(f"trees-{kind}.npz", files.sha256_hex((out / f"trees-{kind}.npz").read_bytes()))
        blind = _blind_answers(models, ready, own, told)
        temperatures[kind] = fit_temperature(combine(blind, recipe.tree_weight).probability, ready.possible[own])
    card = EnsembleCard(
        model_id=safe_name(out.resolve().name),
        title=recipe.title,
        architecture="signal_classifier",
        scalars=names,
        centers=tuple(float(c) for c in centers),
        scales=tuple(float(s) for s in scales),
        folds=recipe.folds,
        split_seed=seed,
        temperatures=temperatures,
        trees=trees,
        tree_weight=recipe.tree_weight,
        members=tuple(_publish(path, out, number % recipe.folds) for number, path in enumerate(paths)),
        stars_seen=tuple(np.unique(ready.stars).tolist()),
        options=recipe.options,
        training=_training_notes(recipe, sets, seed),
        versions=package_versions(),
    )
    card.write(out)
    for path in (*paths, work / REQUEST_NAME):
        files.remove_file(path)
    with contextlib.suppress(OSError):  # something else lies in it
        work.rmdir()
    return card


def _fit_trees(recipe: SignalRecipe, ready: _Set, own: NDArray[np.int64], kind: str, seed: int) -> list[BoostedTrees]:
    """Fit one model of trees for each fold without its stars; Kepler's labels know two classes.

    Each signal stands twice: as it is, and with period, duration or signal-to-noise ratio hidden at random.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    rng = np.random.default_rng([seed, 77])
    labels = ready.possible[own].argmax(axis=1) if kind == "tess" else ready.possible[own, 0].astype(np.int64)
    values = ready.scalars[own]
    hidden = values.copy()
    for extra in EXTRAS:
        columns = [number for number, name in enumerate(ready.scalar_names) if extra in NEEDS.get(name, ())]
        rows = np.flatnonzero(rng.random(len(own)) < _HIDDEN)
        hidden[rows[:, None], columns] = np.nan
    # scikit-learn cannot bin a column that is unknown throughout
    for both in (values, hidden):
        both[:, ~np.isfinite(values).any(axis=0)] = 0
    has_extras = bool(np.isfinite(ready.scalars[own][:, [ready.scalar_names.index(name) for name in NEEDS]]).any())
    models = []
    for fold in range(recipe.folds):
        train = np.flatnonzero(ready.folds[own] != fold)
        model = HistGradientBoostingClassifier(
            max_iter=recipe.trees,
            learning_rate=recipe.tree_rate,
            max_leaf_nodes=recipe.leaves,
            l2_regularization=_TREE_PENALTY,
            min_samples_leaf=_LEAF_SIGNALS,
            max_features=_TREE_FEATURES,
            early_stopping=False,
            random_state=seed,
        )
        x = np.concatenate([values[train], hidden[train]]) if has_extras else values[train]
        y = np.concatenate([labels[train]] * (2 if has_extras else 1))
        models.append(from_scikit_learn(model.fit(x, y)))
    return models


def _blind_answers(models: list[BoostedTrees], ready: _Set, own: NDArray[np.int64], told: Floats) -> Answers:
    """Return what networks and trees say of signals whose stars they were not trained on."""
    networks = told[:, own]
    mean, folds = networks.mean(axis=0), ready.folds[own]
    trees = np.zeros((1, len(own), len(CLASSES)), np.float32)
    for fold, model in enumerate(models):
        rows = np.flatnonzero(folds == fold)
        trees[0, rows] = tree_classes(model.probabilities(ready.scalars[own[rows]]), mean[rows])
    return Answers(networks, trees)


def _other_kind(kind: str) -> str:
    return KINDS[1 - KINDS.index(kind)]


def _scaling(data: LabelledViews) -> tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.float64]]:
    """Return the scalars that vary, their medians, and their standard deviations; unknown throughout: 0 and 1."""
    measured = view_scalars(data.views)
    names, values = tuple(measured), np.stack(list(measured.values()), axis=1).astype(np.float64)
    known = np.isfinite(values).any(axis=0)
    centers, scales = np.zeros(len(names)), np.ones(len(names))
    centers[known] = np.nanmedian(values[:, known], axis=0)
    deviation = np.nanstd(values[:, known], axis=0)
    scales[known] = np.where(deviation > 0, deviation, 1.0)
    return names, centers, scales


def _prepare(
    sets: list[tuple[str, LabelledViews]],
    names: tuple[str, ...],
    centers: NDArray[np.float64],
    scales: NDArray[np.float64],
    folds: int,
    seed: int,
) -> _Set:
    scalars = [stacked_scalars(one.views, names) for _, one in sets]
    inputs = [network_inputs(one.views, s, centers, scales, kind) for (kind, one), s in zip(sets, scalars, strict=True)]
    stars = np.concatenate([one.stars for _, one in sets])
    return _Set(
        inputs={name: np.concatenate([i[name] for i in inputs]) for name in inputs[0]},
        possible=np.concatenate([possible_classes(one.labels, kind) for kind, one in sets]),
        stars=stars,
        folds=star_folds(stars, folds, seed),
        kind=np.concatenate([np.full(len(one.stars), kind) for kind, one in sets]),
        scalars=np.concatenate(scalars),
        scalar_names=names,
    )


def _check_classes(ready: _Set, recipe: SignalRecipe) -> None:
    for fold in range(recipe.folds):
        train = (ready.folds != fold) & (ready.kind == recipe.kind)
        for label, classes in LABELS[recipe.kind].items():
            has = ready.possible[:, list(classes)].all(axis=1) & (ready.possible.sum(axis=1) == len(classes))
            if len(np.unique(ready.stars[train & has])) < _FEWEST:
                raise SettingsError(f"Too few stars have signals labelled {label} for {recipe.folds} folds; give more signals.")


def _begin(work: Path, recipe: SignalRecipe, sets: list[tuple[str, LabelledViews]], seed: int) -> None:
    """Keep finished networks of the same request in the work folder; remove those of another."""
    request = json.loads(json.dumps({"recipe": asdict(recipe), "seed": seed, "views": [_digest(one) for _, one in sets]}))
    path = work / REQUEST_NAME
    try:
        same = parse(path.read_bytes()) == request
    except (OSError, *DAMAGE):
        same = False
    if not same:
        for old in work.glob("member-*.keras"):
            files.remove_file(old)
        files.write_text_atomically(path, json.dumps(request, indent=1) + "\n", ModelError)


def _digest(data: LabelledViews) -> str:
    """Return the hash of views, labels and stars."""
    found = hashlib.sha256()
    for array in (data.views.global_view, data.views.local_view, *(getattr(data.views, name) for name in EXTRAS)):
        found.update(np.ascontiguousarray(array).tobytes())
    found.update("\n".join([*data.labels.tolist(), *data.stars.tolist()]).encode())
    return found.hexdigest()


def _finished(path: Path) -> "keras.Model | None":
    if not path.is_file():
        return None
    try:
        check_network(path, "train again")
        return load_network(path, "train again")
    except ModelError:  # it is trained again
        return None


def _note(progress: Callable[[str], None] | None, number: int, recipe: SignalRecipe) -> Callable[[int, float], None]:
    def note(epoch: int, loss: float) -> None:
        if progress is not None:
            of = recipe.folds * recipe.repeats
            progress(f"network {number + 1} of {of}, epoch {epoch} of {recipe.epochs}, loss {loss:.4f}")

    return note


def _train_member(
    recipe: SignalRecipe, ready: _Set, train: NDArray[np.int64], seed: list[int], note: Callable[[int, float], None]
) -> "keras.Model":
    import keras

    rng = np.random.default_rng(seed)
    keras.utils.set_random_seed(int(rng.integers(2**31)))
    network = build_signal_network(
        "signal_classifier", GLOBAL_BINS, LOCAL_BINS, ready.inputs["scalars"].shape[1], **recipe.options
    )
    steps = max(1, len(train) // recipe.batch) * recipe.epochs
    warm = max(1, int(_WARM_UP * steps))
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warm), warmup_target=recipe.learning_rate, warmup_steps=warm
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay, clipnorm=_CLIP_NORM)
    network.compile(optimizer, loss=partial_label_loss)
    for epoch in range(recipe.epochs):
        losses = [float(network.train_on_batch(*batch)) for batch in _batches(recipe, ready, train, rng)]
        note(epoch + 1, float(np.mean(losses)))
    return network


def partial_label_loss(possible: "keras.KerasTensor", probability: "keras.KerasTensor") -> "keras.KerasTensor":
    """Return the negative logarithm of the probability of all classes that a label leaves possible.

    Parameters
    ----------
    possible : tensor
        Weights of the classes, 1 for a possible one, shape (b, 3).
    probability : tensor
        Probabilities of the classes, shape (b, 3).

    Returns
    -------
    tensor
        Losses, shape (b,).
    """
    from keras import ops

    return -ops.log(ops.clip(ops.sum(possible * probability, axis=-1), _SMALLEST, 1.0))


def _batches(
    recipe: SignalRecipe, ready: _Set, train: NDArray[np.int64], rng: np.random.Generator
) -> Iterator[tuple[dict[str, Floats], Floats]]:
    """Yield the signals in random order, each reflected, shifted, noisy or with hidden numbers at random."""
    order = rng.permutation(train)
    hidden = [[number for number, name in enumerate(ready.scalar_names) if extra in NEEDS.get(name, ())] for extra in EXTRAS]
    for begin in range(0, max(1, len(order) - recipe.batch + 1), recipe.batch):
        rows = order[begin : begin + recipe.batch]
        x = _rows(ready.inputs, rows)
        reflected = rng.random(len(rows)) < 0.5
        for name, bins, wraps in (("global_view", GLOBAL_BINS, True), ("local_view", LOCAL_BINS, False)):
            view = x[name]
            view[reflected] = view[reflected, ::-1]
            index = np.arange(bins) + rng.integers(-recipe.max_shift, recipe.max_shift + 1, len(rows))[:, None]
            index = index % bins if wraps else np.clip(index, 0, bins - 1)
            view = np.take_along_axis(view, index[..., None], axis=1)
            x[name] = np.asarray(view + recipe.view_noise * rng.standard_normal(view.shape), np.float32)
        scalars = x["scalars"] + recipe.scalar_noise * rng.standard_normal(x["scalars"].shape)
        for columns in hidden:
            hide = rng.random(len(rows)) < recipe.unknown
            x["known"][:, columns] *= ~hide[:, None]
        x["scalars"] = np.asarray(scalars * x["known"], np.float32)
        target = ready.possible[rows] * np.float32(1 - recipe.smoothing) + np.float32(recipe.smoothing / len(CLASSES))
        yield x, target


def _rows(inputs: dict[str, Floats], rows: NDArray[np.int64]) -> dict[str, Floats]:
    return {name: values[rows] for name, values in inputs.items()}


def fit_temperature(probability: NDArray[np.floating], possible: NDArray[np.floating]) -> float:
    """Return the temperature under which labels are most probable.

    Parameters
    ----------
    probability : ndarray
        Mean probabilities of networks that did not see the signals, shape (n, 3).
    possible : ndarray
        1 for the classes that the labels leave possible, shape (n, 3).

    Returns
    -------
    float
        The temperature.
    """
    losses = [-np.log(np.clip((possible * temper(probability, t)).sum(axis=1), _SMALLEST, 1)).mean() for t in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def _publish(path: Path, out: Path, fold: int) -> Member:
    """Write a finished network beside the card, compressed, and without the optimizer, which is twice as large."""
    network = load_network(path, "train again")
    with files.temporary_folder(ModelError) as folder:
        save_network(network, folder / path.name)
        buffer = io.BytesIO()
        with zipfile.ZipFile(folder / path.name) as plain, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as small:
            for name in sorted(plain.namelist()):
                small.writestr(zipfile.ZipInfo(name), plain.read(name), zipfile.ZIP_DEFLATED)
    files.write_bytes_atomically(out / path.name, buffer.getvalue(), ModelError)
    return Member(path.name, files.sha256_hex(buffer.getvalue()), fold)


def _training_notes(recipe: SignalRecipe, sets: list[tuple[str, LabelledViews]], seed: int) -> JsonObject:
    return {
        "recipe": asdict(recipe),
        "seed": seed,
        "views": [
            {
                "kind": kind,
                "signals": len(one.views),
                "stars": len(np.unique(one.stars)),
                "labels": {label: int((one.labels == label).sum()) for label in LABELS[kind]},
                "sha256": _digest(one),
            }
            for kind, one in sets
        ],
    }
